/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The verifier: header, sections and declarations, each check by an image
 * that breaks it alone.  Instructions are in test-verify-code.c. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/image-victim.h"

/* ## Layout ## */

static void
test_header(void **state)
{
    struct xfsm_image image;
    struct victim v;
    char *error;

    (void) state;
    victim_init(&v);
    assert_null(victim_judge(&v));
    REFUSES(h->magic[0], 'x', "not an image");
    REFUSES(h->magic[7], 1, "not an image");
    REFUSES(h->format, 0, "has format 0");
    REFUSES(h->format, XFSM_IMAGE_VERSION + 1, "compile the program again");
    REFUSES(h->length, v.len - 1, "is cut or has bytes too many");
    REFUSES(h->length, v.len + 1, "is cut or has bytes too many");
    v.h->checksum ^= 1;
    error = xfsm_image_verify(v.bytes, v.len, &image);
    assert_non_null(strstr(error, "checksum"));
    free(error);
    free(v.bytes);
}

static void
test_too_large(void **state)
{
    struct xfsm_image image;
    uint8_t *bytes = calloc(1, XFSM_MAX_IMAGE_BYTES + 1);
    char *error;

    (void) state;
    assert_non_null(bytes);
    error = xfsm_image_verify(bytes, XFSM_MAX_IMAGE_BYTES + 1, &image);
    assert_non_null(strstr(error, "more than"));
    free(error);
    error = xfsm_image_verify(bytes, XFSM_MAX_IMAGE_BYTES, &image);
    assert_non_null(strstr(error, "not an image"));
    free(error);
    free(bytes);
}

/* The view is written on success only. */
static void
test_view_is_left_alone(void **state)
{
    struct xfsm_image image, before;
    struct victim v;

    (void) state;
    victim_init(&v);
    memset(&image, 0x5a, sizeof image);
    before = image;
    free(xfsm_image_verify(v.bytes, v.len - 1, &image));
    assert_memory_equal(&image, &before, sizeof image);
    free(v.bytes);
}

/* Every length but the right one, with the header mended or not. */
static void
test_truncation(void **state)
{
    struct victim v, cut;

    (void) state;
    victim_init(&v);
    for (size_t len = 0; len < v.len; len++) {
        struct xfsm_image image;
        char *error;

        /* A copy of that size, so that reading too far shows. */
        cut.len = len;
        cut.bytes = malloc(len ? len : 1);
        assert_non_null(cut.bytes);
        memcpy(cut.bytes, v.bytes, len);
        error = xfsm_image_verify(cut.bytes, len, &image);
        assert_non_null(error);
        free(error);
        if (len >= sizeof *v.h) {
            victim_view(&cut);
            cut.h->length = (uint32_t) len;
            error = victim_judge(&cut);
            assert_non_null(error);
            free(error);
        }
        free(cut.bytes);
    }
    free(v.bytes);
}

static void
test_sections(void **state)
{
    struct victim v;

    (void) state;
    victim_init(&v);
    for (int i = 0; i < XFSM_N_SECTIONS; i++) {
        REFUSES(h->sections[i].offset, v.h->sections[i].offset + 4,
                "section");
        REFUSES(h->sections[i].offset, v.len + 8, "section");
        REFUSES(h->sections[i].offset, UINT32_MAX - 7, "section");
        REFUSES(h->sections[i].n, v.len, i == XFSM_S_STRINGS ? "" : "");
        REFUSES(h->sections[i].n, UINT32_MAX, "section");
        REFUSES(h->sections[i].n, UINT32_MAX / 2 + 1, "section");
    }
    free(v.bytes);
}

/* ## Declarations ## */

static void
test_names(void **state)
{
    uint32_t n;
    struct victim v;

    (void) state;
    victim_init(&v);
    n = v.h->sections[XFSM_S_STRINGS].n;
    REFUSES(strings[n - 1], 'x', "does not end in a null");
    REFUSES(h->sections[XFSM_S_STRINGS].n, 0, "does not end in a null");
    REFUSES(h->name, n, "program name");
    REFUSES(h->version, n, "program name");
    REFUSES(h->description, UINT32_MAX, "program name");
    REFUSES(h->name, n - 1, "program name is empty");
    ACCEPTS(h->version, n - 1);
    REFUSES(fields[0].name, n, "field 0: name out of range");
    REFUSES(fields[1].name, v.h->name, "no packet field \"full\"");
    REFUSES(fields[0].name, UINT32_MAX, "field 0: name out of range");
    free(v.bytes);
}

static void
test_long_name(void **state)
{
    struct victim v;
    uint32_t at;

    (void) state;
    victim_init(&v);
    /* The longest text that there is, made longer by joining neighbours. */
    for (at = v.h->name; at < v.h->name + XFSM_MAX_NAME + 1; at++) {
        v.strings[at] = v.strings[at] ? v.strings[at] : '_';
    }
    victim_expect_error(&v, "longer than 63", "long name");
    free(v.bytes);
}

static void
test_keys(void **state)
{
    struct victim v;

    (void) state;
    victim_init(&v);
    REFUSES(keys[0].n, 0, "key 0 has 0 fields");
    REFUSES(keys[0].n, XFSM_MAX_KEY_FIELDS + 1, "key 0 has 9 fields");
    REFUSES(keys[1].n, 255, "key 1 has 255 fields");
    REFUSES(keys[0].fields[0], v.h->sections[XFSM_S_FIELDS].n,
            "key 0: field out of range");
    REFUSES(keys[0].fields[0], 255, "key 0: field out of range");
    for (uint32_t i = 0; i < v.h->sections[XFSM_S_KEYS].n; i++) {
        uint8_t last = (uint8_t) (v.keys[i].n - 1);

        REFUSES(keys[i].fields[last], v.h->sections[XFSM_S_FIELDS].n,
                "field out of range");
    }
    free(v.bytes);
}

static void
test_states(void **state)
{
    struct victim v;

    (void) state;
    victim_init(&v);
    REFUSES(h->sections[XFSM_S_STATES].n, 0, "no state");
    REFUSES(states[1].timeout_state, 3, "state 1: index out of range");
    REFUSES(states[2].name, v.h->sections[XFSM_S_STRINGS].n,
            "state 2: index out of range");
    ACCEPTS(states[1].timeout, UINT64_MAX);
    free(v.bytes);
}

static void
test_metrics(void **state)
{
    static const char error[] = "metric 0: size or index out of range";
    struct victim v;

    (void) state;
    victim_init(&v);
    REFUSES(metrics[0].name, UINT32_MAX, error);
    REFUSES(metrics[0].vd_slave, 4, error);
    REFUSES(metrics[0].vd_slave, 0, error);     /* Its own. */
    REFUSES(metrics[0].vd_on, 2, error);
    REFUSES(metrics[0].vm_on, 2, error);
    REFUSES(metrics[0].vd_size, 5, error);
    REFUSES(metrics[0].vd_size, 29, error);
    REFUSES(metrics[0].vd_nhash, 0, error);
    REFUSES(metrics[0].vd_nhash, 17, error);
    REFUSES(metrics[0].vm_type, XFSM_N_MONITORS, error);
    REFUSES(metrics[0].vm_type, UINT8_MAX, error);
    REFUSES(metrics[0].vm_quantile, -0.1, error);
    REFUSES(metrics[0].vm_quantile, 1.1, error);
    REFUSES(metrics[0].vm_quantile, NAN, error);
    REFUSES(metrics[0].vm_on_full, XFSM_KEYTABLE_N_FULL, error);
    v.metrics[0].vm_type = XFSM_MON_RATE;
    ACCEPTS(metrics[0].vm_window, XFSM_MIN_WINDOW);
    REFUSES(metrics[0].vm_window, XFSM_MIN_WINDOW - 1, error);
    ACCEPTS(metrics[0].vm_size, 24);
    REFUSES(metrics[0].vm_size, 25, error);
    v.metrics[0].vm_type = XFSM_MON_DLEFT;
    REFUSES(metrics[0].vm_size, 2, error);
    REFUSES(metrics[0].vm_size, 27, error);
    REFUSES(metrics[0].vm_window, 0, error);
    REFUSES(metrics[0].key_words, 17, error);
    ACCEPTS(metrics[0].vd_size, 28);
    ACCEPTS(metrics[0].vm_size, 26);
    ACCEPTS(metrics[0].key_words, 16);
    free(v.bytes);
}

static void
test_tables(void **state)
{
    static const char error[] = "table 0: size or index out of range";
    struct victim v;

    (void) state;
    victim_init(&v);
    REFUSES(tables[0].name, UINT32_MAX, error);
    REFUSES(tables[0].size, 2, error);
    REFUSES(tables[0].size, 27, error);
    REFUSES(tables[0].key, v.h->sections[XFSM_S_KEYS].n, error);
    REFUSES(tables[0].key, XFSM_NONE, error);
    REFUSES(tables[0].first_entry, 3, error);
    REFUSES(tables[0].first_entry, UINT32_MAX, error);
    REFUSES(tables[0].n_entries, 3, error);
    REFUSES(tables[0].n_entries, UINT32_MAX, error);

    REFUSES(entries[0].key, UINT32_MAX, "table 0: entry 0 malformed");
    REFUSES(entries[0].key_len, 15, "table 0: entry 0 malformed");
    REFUSES(entries[0].key_len, 17, "table 0: entry 0 malformed");
    REFUSES(entries[0].key_len, 0, "table 0: entry 0 malformed");
    REFUSES(entries[0].key_len, UINT32_MAX, "table 0: entry 0 malformed");
    REFUSES(entries[1].key_len, 5, "table 1: entry 0 malformed");
    REFUSES(strings[v.entries[1].key + 9], 'x',
            "table 1: entry 0 malformed");
    free(v.bytes);
}

static void
test_classes_and_events(void **state)
{
    struct victim v;

    (void) state;
    victim_init(&v);
    REFUSES(classes[0].name, UINT32_MAX, "timer class 0");
    REFUSES(classes[0].event, 3, "timer class 0");
    REFUSES(classes[0].event, 1, "timer class 0");      /* Of packets. */
    ACCEPTS(classes[0].event, XFSM_NONE);
    REFUSES(events[1].type, XFSM_N_EVENT_TYPES, "event 1: type or key");
    REFUSES(events[1].type, XFSM_EV_START, "event 1: type or key");
    REFUSES(events[1].type, XFSM_EV_MESSAGE, "event 1: period or topic");
    REFUSES(events[1].period, 1, "event 1: period or topic");
    REFUSES(events[1].topic, UINT32_MAX, "event 1: period or topic");
    REFUSES(events[1].primary, XFSM_NONE, "event 1: type or key");
    REFUSES(events[1].primary, v.h->sections[XFSM_S_KEYS].n,
            "event 1: type or key");
    REFUSES(events[1].handler[0], v.h->sections[XFSM_S_HANDLERS].n,
            "event 1: handler out of range");
    REFUSES(events[1].handler[1], 1, "event 1: handler out of range");
    REFUSES(events[1].handler[1], 0, "event 1: handler out of range");
    REFUSES(events[1].handler[3], 1, "event 1: handler out of range");
    REFUSES(events[1].handler[63], 1, "event 1: handler out of range");
    ACCEPTS(events[1].handler[1], XFSM_NONE);
    free(v.bytes);
}

static void
test_texts(void **state)
{
    struct victim v;

    (void) state;
    victim_init(&v);
    REFUSES(texts[0].first, v.h->sections[XFSM_S_PARTS].n + 1,
            "text 0: parts out of range");
    REFUSES(texts[0].n, v.h->sections[XFSM_S_PARTS].n + 1,
            "text 0: parts out of range");
    REFUSES(texts[1].n, UINT32_MAX, "text 1: parts out of range");
    for (uint32_t i = 0; i < v.h->sections[XFSM_S_PARTS].n; i++) {
        REFUSES(parts[i].kind, XFSM_N_PARTS, "kind or index out of range");
        switch (v.parts[i].kind) {
        case XFSM_PART_LITERAL:
            REFUSES(parts[i].len, v.h->sections[XFSM_S_STRINGS].n + 1,
                    "kind or index out of range");
            REFUSES(parts[i].text, UINT32_MAX, "kind or index out of range");
            break;
        case XFSM_PART_FIELD:
            REFUSES(parts[i].index, v.h->sections[XFSM_S_FIELDS].n,
                    "kind or index out of range");
            break;
        case XFSM_PART_REG:
            REFUSES(parts[i].index, XFSM_MAX_REGS,
                    "kind or index out of range");
            REFUSES(parts[i].index, XFSM_MAX_REGS - 1, "(publish) is not");
            break;
        case XFSM_PART_TABLE:
            REFUSES(parts[i].index, 2, "kind or index out of range");
            REFUSES(parts[i].index, 1, "kind or index out of range");
            REFUSES(parts[i].key, v.h->sections[XFSM_S_KEYS].n,
                    "kind or index out of range");
            break;
        default:
            break;
        }
    }
    free(v.bytes);
}

static void
test_reasons(void **state)
{
    struct victim v;
    uint32_t strings;

    (void) state;
    victim_init(&v);
    strings = v.h->sections[XFSM_S_STRINGS].n;
    assert_true(v.h->sections[XFSM_S_REASONS].n > 0);
    REFUSES(reasons[0].expression, strings, "reason 0: text out of range");
    REFUSES(reasons[0].actions, strings, "reason 0: text out of range");
    ACCEPTS(reasons[0].actions, strings - 1);
    ACCEPTS(reasons[0].line, UINT32_MAX);
    free(v.bytes);
}

/* One part more than a text may have: parts that print nothing would cost
 * time for free. */
static void
test_parts_of_a_text(void **state)
{
    struct victim v, w;
    size_t parts = XFSM_MAX_TEXT_PARTS + 1;
    size_t size = parts * sizeof *v.parts;

    (void) state;
    victim_init(&v);
    w.len = v.len + 8 + size;
    w.bytes = calloc(1, w.len);
    assert_non_null(w.bytes);
    memcpy(w.bytes, v.bytes, v.len);
    w.h = (struct xfsm_img_header *) (void *) w.bytes;
    w.h->length = (uint32_t) w.len;
    memcpy(w.bytes + ((v.len + 7) & ~(size_t) 7), v.parts,
           v.h->sections[XFSM_S_PARTS].n * sizeof *v.parts);
    w.h->sections[XFSM_S_PARTS].offset = (uint32_t) ((v.len + 7)
                                                     & ~(size_t) 7);
    w.h->sections[XFSM_S_PARTS].n = (uint32_t) parts;
    victim_view(&w);
    assert_null(victim_judge(&w));
    w.texts[0].first = 1;
    w.texts[0].n = XFSM_MAX_TEXT_PARTS;
    free(victim_judge(&w));
    w.texts[0].first = 0;
    w.texts[0].n = XFSM_MAX_TEXT_PARTS + 1;
    victim_expect_error(&w, "text 0: parts out of range", "too many parts");
    free(w.bytes);
    free(v.bytes);
}

static void
test_handlers(void **state)
{
    static const char error[] = "handler 1: index out of range";
    struct victim v;
    uint32_t strings;

    (void) state;
    victim_init(&v);
    strings = v.h->sections[XFSM_S_STRINGS].n;
    REFUSES(handlers[1].state_code, strings, error);
    REFUSES(handlers[1].level, strings, error);
    REFUSES(handlers[1].description, strings, error);
    REFUSES(handlers[1].attack, strings, error);
    REFUSES(handlers[3].event, 3, "");
    REFUSES(handlers[3].state, 3, "");
    REFUSES(handlers[1].first_feature, UINT32_MAX, error);
    REFUSES(handlers[1].n_features, 100, error);
    REFUSES(handlers[1].n_features, UINT32_MAX, error);
    REFUSES(handlers[1].code, UINT32_MAX, error);
    REFUSES(handlers[1].n_code, 0, error);
    REFUSES(handlers[1].n_code, UINT32_MAX, error);
    REFUSES(handlers[1].n_code, XFSM_MAX_HANDLER_CODE + 1, error);

    /* Handlers that overlap, and gaps. */
    REFUSES(handlers[1].code, v.handlers[0].code, error);
    REFUSES(handlers[1].code, v.handlers[1].code + 1, error);
    REFUSES(handlers[1].n_code, v.handlers[1].n_code - 1, "");
    REFUSES(h->sections[XFSM_S_CODE].n,
            v.h->sections[XFSM_S_CODE].n - 1, "handler 3");
    REFUSES(features[0].name, strings, "feature 0: name or register out");
    REFUSES(h->matcher_len, 0, "matcher lies outside");
    ACCEPTS(h->state_size, XFSM_MIN_STATE_SIZE);
    REFUSES(h->state_size, XFSM_MIN_STATE_SIZE - 1, "size out of range");
    ACCEPTS(h->state_size, XFSM_MAX_STATE_SIZE);
    REFUSES(h->state_size, XFSM_MAX_STATE_SIZE + 1, "size out of range");
    REFUSES(h->state_on_full, XFSM_KEYTABLE_N_FULL, "size out of range");
    REFUSES(h->max_timers, 0, "size out of range");
    ACCEPTS(h->max_timers, XFSM_MAX_TIMERS);
    REFUSES(h->max_timers, XFSM_MAX_TIMERS + 1, "size out of range");
    REFUSES(h->matcher_len, v.h->sections[XFSM_S_CODE].n + 1,
            "matcher lies outside");
    free(v.bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_view_is_left_alone),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_long_name),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_classes_and_events),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_parts_of_a_text),
        cmocka_unit_test(test_handlers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
