/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The image format: layout, checksum, what is in it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/engine-harness.h"
#include "xfsm/program/image-builder.h"
#include "xfsm/program/image.h"

static const char xml[] =
    "<xfsm name='scan' version='1.2' description='A test'>"
    EH_STATE("s0") "<statedef id='s1' timeout='2.5' next_state='s0'/>"
    EH_METRIC("m", EH_VD EH_VM("dleft"))
    "<table name='t' type='DLeft' shash='10'>"
    "<entry key='10.0.0.1-80' value='2'/></table>"
    EH_FEATURE("f", "m / 2")
    EH_TIMEOUT("late", EH_IN("s1", EH_IF("true", "print(late)", "s0")))
    EH_ON("proto tcp and ip_src 10.0.0.0/8", "ip_src",
          EH_IN("s0", EH_USE("m", "vd_update='ip_src-dst_port' "
                             "vm_update='ip_src'")
                EH_IF_SET("f &gt; 1 and t(ip_src-dst_port) == 2",
                          "Publish(alert, %f by %ip_src)", "s1",
                          EH_TIMER("late", "ip_src", "7"))))
    "</xfsm>";

/* Returns the image of 'text', verified. */
static void *
load(const char *text, struct xfsm_image *image, size_t *len)
{
    void *bytes = eh_image("unused", text, len);

    assert_null(xfsm_image_verify(bytes, *len, image));
    return bytes;
}

static void
test_header(void **state)
{
    struct xfsm_image image;
    size_t len;
    void *bytes = load(xml, &image, &len);

    (void) state;
    assert_memory_equal(bytes, "XFSMIMG", 8);
    assert_int_equal(image.header->format, XFSM_IMAGE_VERSION);
    assert_int_equal(image.header->length, len);
    assert_true(image.header->checksum == xfsm_image_checksum(bytes, len));
    assert_string_equal(&image.strings[image.header->name], "scan");
    assert_string_equal(&image.strings[image.header->version], "1.2");
    assert_string_equal(&image.strings[image.header->description], "A test");
    free(bytes);
}

/* Sections follow each other, aligned, and do not overlap. */
static void
test_sections(void **state)
{
    static const size_t sizes[XFSM_N_SECTIONS] = {
#define SIZE(ID, MEMBER, TYPE, DOC) [XFSM_S_##ID] = sizeof(TYPE),
        XFSM_SECTIONS(SIZE)
#undef SIZE
    };
    struct xfsm_image image;
    size_t len, end = sizeof(struct xfsm_img_header);
    void *bytes = load(xml, &image, &len);

    (void) state;
    for (int i = 0; i < XFSM_N_SECTIONS; i++) {
        assert_int_equal(image.header->sections[i].offset % 8, 0);
        assert_in_range(image.header->sections[i].offset, end, end + 7);
        end = image.header->sections[i].offset
              + image.header->sections[i].n * sizes[i];
    }
    assert_int_equal(end, len);
    free(bytes);
}

/* Records have the same size everywhere: no padding that a compiler chose.
 * One that changes needs a new XFSM_IMAGE_VERSION. */
static void
test_record_sizes(void **state)
{
    (void) state;
    assert_int_equal(sizeof(struct xfsm_insn), 16);
    assert_int_equal(sizeof(struct xfsm_img_header),
                     48 + 8 * XFSM_N_SECTIONS);
    assert_int_equal(sizeof(struct xfsm_img_key), 25);
    assert_int_equal(sizeof(struct xfsm_img_state), 16);
    assert_int_equal(sizeof(struct xfsm_img_metric), 48);
    assert_int_equal(sizeof(struct xfsm_img_table), 24);
    assert_int_equal(sizeof(struct xfsm_img_entry), 24);
    assert_int_equal(sizeof(struct xfsm_img_class), 8);
    assert_int_equal(sizeof(struct xfsm_img_event), 152);
    assert_int_equal(sizeof(struct xfsm_img_handler), 36);
    assert_int_equal(sizeof(struct xfsm_img_feature), 8);
    assert_int_equal(sizeof(struct xfsm_img_prefix), 32);
    assert_int_equal(sizeof(struct xfsm_img_text), 8);
    assert_int_equal(sizeof(struct xfsm_img_part), 16);
}

static void
test_declarations(void **state)
{
    struct xfsm_image image;
    size_t len;
    void *bytes = load(xml, &image, &len);

    (void) state;
    assert_int_equal(image.n_states, 2);
    assert_string_equal(&image.strings[image.states[1].name], "s1");
    assert_true(image.states[1].timeout == UINT64_C(2500000000));
    assert_int_equal(image.states[1].timeout_state, 0);
    assert_int_equal(image.n_metrics, 1);
    assert_int_equal(image.metrics[0].vd_on, 1);
    assert_int_equal(image.metrics[0].vm_type, XFSM_MON_DLEFT);
    assert_int_equal(image.metrics[0].key_words, 3);
    assert_int_equal(image.n_tables, 1);
    assert_int_equal(image.tables[0].size, 10);
    assert_int_equal(image.n_entries, 1);
    assert_int_equal(image.entries[0].key_len, 24);
    assert_true(image.entries[0].value == 2);
    assert_int_equal(image.n_classes, 1);
    assert_int_equal(image.classes[0].event, 0);
    assert_int_equal(image.n_events, 2);
    assert_int_equal(image.events[0].type, XFSM_EV_TIMEOUT);
    assert_int_equal(image.events[0].primary, XFSM_NONE);
    assert_int_equal(image.events[0].handler[0], XFSM_NONE);
    assert_int_equal(image.events[0].handler[1], 0);
    assert_int_equal(image.events[1].handler[0], 1);
    assert_int_equal(image.n_handlers, 2);
    assert_int_equal(image.handlers[1].n_features, 1);
    free(bytes);
}

/* Equal text, keys and fields are there once. */
static void
test_sharing(void **state)
{
    struct xfsm_image image;
    size_t len;
    void *bytes = load(xml, &image, &len);
    const char *first;

    (void) state;
    assert_int_equal(image.n_keys, 2);
    assert_int_equal(image.n_fields, 3);
    first = memmem(image.strings, image.n_strings, "ip_src", 7);
    assert_non_null(first);
    assert_null(memmem(first + 1, image.n_strings
                       - (size_t) (first + 1 - image.strings), "ip_src", 7));
    free(bytes);
}

/* The same document gives the same bytes, wherever and whenever. */
static void
test_deterministic(void **state)
{
    size_t len[2];
    void *bytes[2] = { eh_image("x", xml, &len[0]),
                       eh_image("y", xml, &len[1]) };

    (void) state;
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(bytes[0], bytes[1], len[0]);
    free(bytes[0]);
    free(bytes[1]);
}

/* The first words of an image are what the format says, on any machine. */
static void
test_little_endian(void **state)
{
    static const uint8_t format[] = { XFSM_IMAGE_VERSION, 0, 0, 0 };
    size_t len;
    uint8_t *bytes = eh_image("x", xml, &len);
    uint32_t length;

    (void) state;
    assert_memory_equal(bytes + 16, format, sizeof format);
    length = bytes[20] | bytes[21] << 8 | bytes[22] << 16
             | (uint32_t) bytes[23] << 24;
    assert_int_equal(length, len);
    free(bytes);
}

/* Every bit counts. */
static void
test_checksum(void **state)
{
    size_t len;
    uint8_t *bytes = eh_image("x", xml, &len);
    uint64_t sum = xfsm_image_checksum(bytes, len);
    struct xfsm_image image;

    (void) state;
    for (size_t i = 0; i < len; i++) {
        char *error;

        bytes[i] ^= (uint8_t) (1 << i % 8);
        assert_true((xfsm_image_checksum(bytes, len) == sum) == (i < 16));
        error = xfsm_image_verify(bytes, len, &image);
        assert_non_null(error);
        free(error);
        bytes[i] ^= (uint8_t) (1 << i % 8);
    }
    free(bytes);
}

/* Each opcode is named and documented, once, and its operands are. */
static void
test_opcode_names(void **state)
{
    static const struct { const char *operands, *doc; } texts[] = {
#define OPCODE_TEXTS(ID, TEXT, OPERANDS, DOC) { OPERANDS, DOC },
        XFSM_OPCODES(OPCODE_TEXTS)
#undef OPCODE_TEXTS
    };

    (void) state;
    for (int i = 0; i < XFSM_N_OPCODES; i++) {
        assert_true(strlen(xfsm_opcode_names[i]) > 1);
        assert_true(strlen(texts[i].doc) > 1);
        assert_non_null(texts[i].operands);
        assert_int_equal(xfsm_opcode_jumps((uint8_t) i),
                         strstr(texts[i].operands, "=target") != NULL);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(xfsm_opcode_names[i],
                                    xfsm_opcode_names[j]);
        }
    }
}

/* ## The builder ## */

static void
test_builder_shares_text(void **state)
{
    struct xfsm_builder b;

    (void) state;
    xfsm_builder_init(&b);
    assert_int_equal(xfsm_builder_string(&b, ""), 0);
    assert_int_equal(xfsm_builder_string(&b, "abc"), 1);
    assert_int_equal(xfsm_builder_string(&b, "abc"), 1);
    assert_int_equal(xfsm_builder_string(&b, "bc"), 2);     /* Its tail. */
    assert_int_equal(xfsm_builder_string(&b, "ab"), 5);
    xfsm_builder_destroy(&b);
}

static void
test_builder_limits(void **state)
{
    struct xfsm_key key = { .n = 2 };
    struct xfsm_builder b;

    (void) state;
    xfsm_builder_init(&b);
    assert_int_equal(xfsm_builder_key(&b, &(struct xfsm_key) { .n = 0 }),
                     XFSM_NONE);
    for (int i = 0; i < XFSM_MAX_KEYS; i++) {
        key.fields[0] = (uint8_t) (i / 8);
        key.fields[1] = (uint8_t) (i % 8);
        assert_int_equal(xfsm_builder_key(&b, &key), i);
        assert_null(b.overflow);
    }
    key.fields[0] = 9;
    xfsm_builder_key(&b, &key);
    assert_string_equal(b.overflow, "different keys");
    xfsm_builder_destroy(&b);
}

static void
test_builder_prefix(void **state)
{
    static const struct {
        unsigned int bits;
        uint8_t first, last, masked;
    } prefixes[] = {
        { 0, 0, 0, 0 }, { 1, 0x80, 0, 0x80 }, { 7, 0xfe, 0, 0xfe },
        { 8, 0xff, 0, 0xff }, { 120, 0xff, 0, 0xff },
        { 127, 0xff, 0xfe, 0xff }, { 128, 0xff, 0xff, 0xff },
    };
    union xfsm_addr addr;
    struct xfsm_builder b;

    (void) state;
    memset(&addr, 0xff, sizeof addr);
    xfsm_builder_init(&b);
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        uint16_t index = xfsm_builder_prefix(&b, &addr, prefixes[i].bits);
        const struct xfsm_img_prefix *p = xfsm_builder_at(
            &b, XFSM_S_PREFIXES, index);

        assert_int_equal(index, i);
        assert_int_equal(p->mask[0], prefixes[i].first);
        assert_int_equal(p->mask[15], prefixes[i].last);
        assert_int_equal(p->addr[0], prefixes[i].masked);
    }
    xfsm_builder_destroy(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_record_sizes),
        cmocka_unit_test(test_declarations),
        cmocka_unit_test(test_sharing),
        cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_little_endian),
        cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_opcode_names),
        cmocka_unit_test(test_builder_shares_text),
        cmocka_unit_test(test_builder_limits),
        cmocka_unit_test(test_builder_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
