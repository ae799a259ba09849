/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_FOOTPRINT_H
#define XFSM_PROGRAM_FOOTPRINT_H 1

/* How much memory the parts of a program take, before they are made.
 *
 * A program can say of a metric, a table or the state table how much memory
 * it may take.  Sizes are powers of two, so the compiler takes the largest
 * that fits.  What counts is the memory whose amount depends on the size; each
 * structure takes XFSM_FOOTPRINT_FIXED bytes more at most, whatever its size
 * is.  test-footprint.c holds this to what the structures say of themselves.
 *
 * Functions here are pure. */

#include <stdint.h>

#include "xfsm/program/model.h"

/* Bytes that a structure takes besides. */
#define XFSM_FOOTPRINT_FIXED (32 * 1024)

/* Least memory that can be asked for, in bytes. */
#define XFSM_FOOTPRINT_MIN 1024

/* What the monitors of dialect 2 are made with (summary.h). */
#define XFSM_RATE_PARTS 5               /* A record fills a cache line. */
#define XFSM_QUANTILE_ACCURACY 0.02
#define XFSM_QUANTILE_BUCKETS 128       /* They span a factor of 158. */
#define XFSM_DISTINCT_KEYS_A_SKETCH 8

/* Bytes of a detector of 2^'size' bits and 'nhash' hash functions. */
uint64_t xfsm_footprint_detector(unsigned int size, unsigned int nhash);

/* Bytes of a monitor of 'type' and 'size' whose keys have up to 'key_words'
 * words; 0 for one that has one number for all keys. */
uint64_t xfsm_footprint_monitor(enum xfsm_monitor_type type,
                                unsigned int key_words, unsigned int size);

/* Bytes of a table's value: a text with its length, or a number. */
unsigned int xfsm_footprint_value(bool is_text);

/* Bytes of an exact table of 2^'size' slots with 'record' bytes a key. */
uint64_t xfsm_footprint_table(unsigned int key_words, unsigned int record,
                              unsigned int size);

/* The state table's bytes a key. */
#define XFSM_STATE_RECORD 16

#endif /* xfsm/program/footprint.h */
