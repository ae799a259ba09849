/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_DECODE_CHECK_H
#define XFSM_TESTS_DECODE_CHECK_H 1

/* Decoding in tests, so that a sanitizer sees each byte too far.
 *
 * The frame is copied into memory of exactly its size, and so is the scratch
 * memory.  Fields are compared by name and text ("-" where absent), the way a
 * user sees them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/packet-builder.h"
#include "xfsm/packet/decode.h"

struct decode_check {
    struct xfsm_packet packet;
    uint8_t *data;              /* Copy of the frame. */
    char *scratch;              /* XFSM_PACKET_SCRATCH bytes. */
};

/* Decodes, with all fields wanted, the first 'caplen' of the 'len' bytes at
 * 'data'.  dc_free() frees what it needs. */
void dc_decode(struct decode_check *, enum xfsm_link_type, const void *data,
               size_t caplen, size_t len);

/* Same for the whole frame of a builder, after pb_finish(), as Ethernet. */
void dc_decode_frame(struct decode_check *, const struct packet_builder *);

void dc_free(struct decode_check *);

/* Returns the text of the field 'name', "-" where absent.  The text is valid
 * until the fourth next call. */
const char *dc_text(const struct decode_check *, const char *name);

/* Compares a field, or the decode error, by name. */
#define assert_field(DC, NAME, TEXT) \
    assert_string_equal(dc_text(DC, NAME), TEXT)
#define assert_decode_error(DC, NAME) \
    assert_string_equal(xfsm_decode_error_names[(DC)->packet.decode_error], \
                        NAME)

/* Decodes the frame at every captured length, with the wire length kept and
 * with it cut too, with scratch memory and without.  Fails where a view leads
 * outside the frame and the scratch memory, or where a field that is present
 * with the wire length kept differs from that of the whole frame. */
void dc_every_cut(enum xfsm_link_type, const void *data, size_t len);
void dc_every_cut_of_frame(const struct packet_builder *);

#endif /* tests/unit/decode-check.h */
