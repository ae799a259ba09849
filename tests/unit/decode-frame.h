/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_DECODE_FRAME_H
#define XFSM_TESTS_DECODE_FRAME_H 1

/* One frame at a time, for the tests of a decoder: it is built in 'buf' by
 * 'b', and what was made of it is in 'dc'.  Each program that includes this
 * has these for its own.
 *
 *     start_ip("10.0.0.1", "10.0.0.2");
 *     pb_udp(&b, 1, 2);
 *     finish();
 *     assert_field(&dc, "src_port", "1");
 *
 * teardown() goes with each test.  Thread-safety: none. */

#include <stdlib.h>
#include <string.h>

#include "tests/unit/decode-check.h"

static uint8_t buf[4096];
static struct packet_builder b;
static struct decode_check dc;

/* Begins a frame that has nothing yet, or a header of IP. */
static inline void
start_frame(void)
{
    pb_init(&b, buf, sizeof buf);
}

static inline void
start_ip(const char *src, const char *dst)
{
    start_frame();
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, src, dst);
}

/* Decodes the frame as it is in the buffer. */
static inline void
decode(void)
{
    dc_free(&dc);
    dc_decode_frame(&dc, &b);
}

/* Fills in lengths and checksums, and decodes it. */
static inline void
finish(void)
{
    pb_finish(&b);
    decode();
}

/* Decodes the frame with every value of each byte from number 'at' on. */
static inline void
decode_mutations(size_t at)
{
    for (; at < b.len; at++) {
        uint8_t saved = buf[at];

        for (int value = 0; value < 256; value++) {
            buf[at] = (uint8_t) value;
            decode();
            if (dc.packet.decode_error >= XFSM_N_DECODE_ERRORS) {
                abort();
            }
        }
        buf[at] = saved;
    }
}

static inline int
teardown(void **state)
{
    (void) state;
    dc_free(&dc);
    memset(&dc, 0, sizeof dc);
    return 0;
}

#endif /* tests/unit/decode-frame.h */
