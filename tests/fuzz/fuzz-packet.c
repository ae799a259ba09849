/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The decoder on any frame.
 *
 * Input: a byte for the link type, a byte of options, the frame.  Options: 1,
 * the kernel has stripped a VLAN tag; 2, the frame was longer on the wire; 4,
 * only the fields up to the transport header are wanted.
 *
 * Required: the frame is not written; text lies in the frame or in the
 * scratch memory; the result does not depend on what memory held before. */

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "xfsm/packet/decode.h"
#include "xfsm/packet/field.h"

#define N_LINK_TYPES (XFSM_LINK_NFLOG + 1)

enum {
    OPT_AUX_VLAN = 1,
    OPT_CUT = 2,
    OPT_SHALLOW = 4,
};

/* A packet decoded, with the blocks it lies in. */
struct decoded {
    struct xfsm_packet packet;
    uint8_t *frame;
    size_t len;
    char *scratch;
};

static void
wanted_fields(struct xfsm_fieldset *want, unsigned int options)
{
    unsigned int i;

    memset(want, 0, sizeof *want);
    for (i = 0; i < XFSM_N_FIELDS; i++) {
        if (!(options & OPT_SHALLOW) || xfsm_fields[i].layer <= XFSM_FL_L4) {
            xfsm_fieldset_add(want, i);
        }
    }
}

static void
decode(struct decoded *d, unsigned int link_type, unsigned int options,
       const uint8_t *frame, size_t len, int garbage)
{
    struct xfsm_packet *packet = &d->packet;
    struct xfsm_fieldset want;

    memset(packet, garbage, sizeof *packet);
    d->frame = fuzz_dup(frame, len);
    d->len = len;
    d->scratch = malloc(XFSM_PACKET_SCRATCH);
    fuzz_require(d->scratch != NULL, "there is memory");
    memset(d->scratch, garbage, XFSM_PACKET_SCRATCH);

    packet->data = d->frame;
    packet->caplen = (uint32_t) len;
    packet->len = packet->caplen + (options & OPT_CUT ? 1000 : 0);
    packet->ts = UINT64_C(1767225600000000000);
    packet->direction = XFSM_DIR_IN;
    packet->link_type = (uint8_t) link_type;
    packet->aux_vlan_tci = options & OPT_AUX_VLAN ? 0x6007 : 0;
    packet->aux_vlan_tpid = options & OPT_AUX_VLAN ? 0x8100 : 0;
    packet->segs = 1;
    packet->scratch = d->scratch;
    packet->packet_no = 1;

    wanted_fields(&want, options);
    xfsm_decode(packet, &want);
    fuzz_require(!len || !memcmp(frame, d->frame, len),
                 "a frame is read, not written");
}

static void
release(struct decoded *d)
{
    free(d->frame);
    free(d->scratch);
}

static void
check_text(const struct decoded *d, struct xfsm_str s)
{
    uintptr_t p = (uintptr_t) s.p;
    uintptr_t frame = (uintptr_t) d->frame;
    uintptr_t scratch = (uintptr_t) d->scratch;

    fuzz_require(!s.len
                 || (p >= frame && p + s.len <= frame + d->len)
                 || (p >= scratch && p + s.len <= scratch
                                                  + XFSM_PACKET_SCRATCH),
                 "text lies in the frame or in the scratch memory");
    fuzz_touch(s.p, s.len);
}

static void
check_field(const struct decoded *a, const struct decoded *b,
            unsigned int field)
{
    char text[2][XFSM_FIELD_TEXT_MAX];
    size_t len[2];

    fuzz_require(xfsm_fieldset_has(&a->packet.present, field)
                 == xfsm_fieldset_has(&b->packet.present, field),
                 "presence does not depend on old memory");
    if (!xfsm_fieldset_has(&a->packet.present, field)) {
        return;
    }
    if (xfsm_fields[field].type == XFSM_FT_STR) {
        struct xfsm_str s;

        memcpy(&s, (const char *) &a->packet + xfsm_fields[field].offset,
               sizeof s);
        check_text(a, s);
    }
    len[0] = xfsm_field_format(&a->packet, field, text[0], sizeof text[0]);
    len[1] = xfsm_field_format(&b->packet, field, text[1], sizeof text[1]);
    fuzz_require(len[0] == len[1] && len[0] <= sizeof text[0]
                 && !memcmp(text[0], text[1], len[0]),
                 "values do not depend on old memory");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = { data, size };
    unsigned int link_type = fuzz_u8(&in) % N_LINK_TYPES;
    unsigned int options = fuzz_u8(&in);
    struct decoded a, b;
    unsigned int i;

    decode(&a, link_type, options, in.p, in.left, 0);
    decode(&b, link_type, options, in.p, in.left, 0xa5);
    fuzz_require(a.packet.decode_error < XFSM_N_DECODE_ERRORS
                 && a.packet.decode_error == b.packet.decode_error,
                 "the error does not depend on old memory");
    for (i = 0; i < XFSM_N_FIELDS; i++) {
        check_field(&a, &b, i);
    }
    release(&a);
    release(&b);
    return 0;
}
