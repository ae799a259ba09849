/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/footprint.h"

#include <math.h>

#include "xfsm/sketch/countmin.h"
#include "xfsm/sketch/detector.h"
#include "xfsm/sketch/distinct.h"
#include "xfsm/sketch/keytable.h"
#include "xfsm/sketch/tewma.h"
#include "xfsm/sketch/topk.h"

/* Bytes of a key's record: distinct.h, ratewindow.h and quantile.h say what
 * is in it. */
#define DISTINCT_RECORD 56
#define RATE_RECORD (8 + (XFSM_RATE_PARTS + 1) * 8)
#define QUANTILE_RECORD (8 + 2 * (16 + XFSM_QUANTILE_BUCKETS * 4))

static uint64_t
divide_up(uint64_t a, uint64_t b)
{
    return (a + b - 1) / b;
}

uint64_t
xfsm_footprint_detector(unsigned int size, unsigned int nhash)
{
    uint64_t design = (uint64_t) (ldexp(1, (int) size) * M_LN2 / nhash);

    return divide_up(design, XFSM_DETECTOR_LINE_KEYS)
           * sizeof(struct xfsm_detector_line);
}

unsigned int
xfsm_footprint_value(bool is_text)
{
    return is_text ? XFSM_MAX_TABLE_TEXT + 1 : sizeof(double);
}

uint64_t
xfsm_footprint_table(unsigned int key_words, unsigned int record,
                     unsigned int size)
{
    return xfsm_keytable_footprint(key_words, record, (size_t) 1 << size);
}

uint64_t
xfsm_footprint_monitor(enum xfsm_monitor_type type, unsigned int key_words,
                       unsigned int size)
{
    uint64_t n = UINT64_C(1) << size;

    switch (type) {
    case XFSM_MON_DLEFT:
        return xfsm_footprint_table(key_words, sizeof(double), size);
    case XFSM_MON_TEWMA:
        return divide_up(n, XFSM_TEWMA_CELLS)
               * (sizeof(struct xfsm_tewma_line) + sizeof(uint32_t));
    case XFSM_MON_COUNTMIN:
        return divide_up(n, 2 * XFSM_COUNTMIN_CELLS)
               * 2 * sizeof(struct xfsm_countmin_line);
    case XFSM_MON_DISTINCT:
        return xfsm_footprint_table(key_words, DISTINCT_RECORD, size)
               + n / XFSM_DISTINCT_KEYS_A_SKETCH
                 * (sizeof(struct xfsm_distinct_sketch)
                    + sizeof(struct xfsm_distinct_owner));
    case XFSM_MON_RATE:
        return xfsm_footprint_table(key_words, RATE_RECORD, size);
    case XFSM_MON_QUANTILE:
        return xfsm_footprint_table(key_words, QUANTILE_RECORD, size);
    case XFSM_MON_TOPK:
        return xfsm_topk_footprint(key_words, (unsigned int) n);
    case XFSM_MON_SIMPLE:
    case XFSM_N_MONITORS:
    default:
        return 0;
    }
}
