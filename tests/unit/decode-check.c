/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/unit/decode-check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xfsm/packet/field.h"

static const struct xfsm_fieldset all_fields = { { UINT64_MAX, UINT64_MAX } };

static void
decode(struct decode_check *dc, enum xfsm_link_type link, const void *data,
       size_t caplen, size_t len, bool scratch)
{
    dc->data = malloc(caplen);
    dc->scratch = scratch ? malloc(XFSM_PACKET_SCRATCH) : NULL;
    if (caplen) {
        memcpy(dc->data, data, caplen);
    }
    pb_packet(&dc->packet, dc->data, caplen, 0, dc->scratch);
    dc->packet.len = (uint32_t) len;
    dc->packet.link_type = (uint8_t) link;
    xfsm_decode(&dc->packet, &all_fields);
}

void
dc_decode(struct decode_check *dc, enum xfsm_link_type link, const void *data,
          size_t caplen, size_t len)
{
    decode(dc, link, data, caplen, len, true);
}

void
dc_decode_frame(struct decode_check *dc, const struct packet_builder *b)
{
    dc_decode(dc, XFSM_LINK_ETHERNET, b->buf, b->len, b->len);
}

void
dc_free(struct decode_check *dc)
{
    free(dc->data);
    free(dc->scratch);
}

const char *
dc_text(const struct decode_check *dc, const char *name)
{
    static char texts[4][XFSM_FIELD_TEXT_MAX];
    static unsigned int next;
    char *text = texts[next++ % 4];
    int field = xfsm_field_lookup(name, strlen(name), NULL);
    size_t len;

    if (field < 0) {
        fail_msg("no field %s", name);
    }
    if (!xfsm_fieldset_has(&dc->packet.present, (unsigned int) field)) {
        return "-";
    }
    len = xfsm_field_format(&dc->packet, (unsigned int) field, text,
                            XFSM_FIELD_TEXT_MAX - 1);
    text[len] = '\0';
    return text;
}

/* Tells whether the 'len' bytes at 'p' lie in the 'size' bytes at 'block'. */
static bool
lies_in(const void *p, size_t len, const void *block, size_t size)
{
    uintptr_t start = (uintptr_t) p;
    uintptr_t base = (uintptr_t) block;

    return block && start >= base && start - base <= size
           && len <= size - (start - base);
}

static void
check_views(const struct decode_check *dc)
{
    unsigned int i;

    for (i = 0; i < XFSM_N_FIELDS; i++) {
        const struct xfsm_field *f = &xfsm_fields[i];
        const uint8_t *base = (const uint8_t *) &dc->packet;
        struct xfsm_str s;

        if (f->type != XFSM_FT_STR
            || !xfsm_fieldset_has(&dc->packet.present, i)) {
            continue;
        }
        memcpy(&s, base + f->offset, sizeof s);
        if (!lies_in(s.p, s.len, dc->data, dc->packet.caplen)
            && !lies_in(s.p, s.len, dc->scratch, XFSM_PACKET_SCRATCH)) {
            fail_msg("%s leads outside the packet, %u bytes captured",
                     f->name, dc->packet.caplen);
        }
    }
}

static void
check_cut(const struct decode_check *cut, const struct decode_check *whole)
{
    unsigned int i;

    for (i = 0; i < XFSM_N_FIELDS; i++) {
        const char *name = xfsm_fields[i].name;

        if (xfsm_fieldset_has(&cut->packet.present, i)
            && strcmp(dc_text(cut, name), dc_text(whole, name))) {
            fail_msg("%u bytes captured: %s is %s, of the whole frame %s",
                     cut->packet.caplen, name, dc_text(cut, name),
                     dc_text(whole, name));
        }
    }
}

void
dc_every_cut(enum xfsm_link_type link, const void *data, size_t len)
{
    struct decode_check whole;
    size_t n;

    dc_decode(&whole, link, data, len, len);
    check_views(&whole);
    for (n = 0; n <= len; n++) {
        unsigned int way;

        for (way = 0; way < 4; way++) {
            struct decode_check cut;
            bool keep_wire_len = way & 1;

            decode(&cut, link, data, n, keep_wire_len ? len : n, way & 2);
            assert_true(cut.packet.decode_error < XFSM_N_DECODE_ERRORS);
            check_views(&cut);
            if (keep_wire_len) {
                check_cut(&cut, &whole);
            }
            dc_free(&cut);
        }
    }
    dc_free(&whole);
}

void
dc_every_cut_of_frame(const struct packet_builder *b)
{
    dc_every_cut(XFSM_LINK_ETHERNET, b->buf, b->len);
}
