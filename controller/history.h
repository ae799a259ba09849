/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_HISTORY_H
#define CONTROLLER_HISTORY_H 1

/* How much there was of something, over the last minutes and the last day, in
 * memory: packets a second of a port, probes of a host.
 *
 * A series has a name and up to XFSM_HISTORY_VALUES values, each of which is
 * kept once for each range: a ring of points, one for each period, with the
 * mean of the samples that fell into it.  A point without a sample is not a
 * number, and so is a value that was not known.
 *
 * Nothing grows: a series takes 4 bytes a value and point, 648 of these in
 * all; there is room for so many series as the creator said, and those beyond
 * are refused and counted.  One that got no sample for as long as the longest
 * range goes.  A restart of the controller forgets it all: what is to last is
 * the business of whoever reads the metrics.
 *
 * Time is that of the wall, in milliseconds since the Epoch.  Where it jumps
 * back by less than a range, samples are left out of that until it is where it
 * was; by more, what the range had is forgotten.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xfsm_history;

/* R(ID, NAME, PERIOD, POINTS): the ranges; milliseconds a point, points. */
#define XFSM_HISTORY_RANGES(R) \
    R(SHORT, "30m", 5000, 360) \
    R(LONG, "24h", 300000, 288)

enum xfsm_history_range {
#define XFSM_HISTORY_ENUM(ID, NAME, PERIOD, POINTS) XFSM_HISTORY_##ID,
    XFSM_HISTORY_RANGES(XFSM_HISTORY_ENUM)
#undef XFSM_HISTORY_ENUM
    XFSM_HISTORY_N_RANGES
};

/* Values of a series at most. */
#define XFSM_HISTORY_VALUES 8

/* Creates one with room for 'max_series' series. */
struct xfsm_history *xfsm_history_create(size_t max_series);
void xfsm_history_destroy(struct xfsm_history *);

/* Adds a sample, taken at 'now', to the series called 'name', which always has
 * 'n' values.  Returns false if there is no room for one more series. */
bool xfsm_history_add(struct xfsm_history *, const char *name,
                      const float values[], size_t n, int64_t now);

/* Forgets the series that got no sample for as long as the longest range. */
void xfsm_history_expire(struct xfsm_history *, int64_t now);

/* Stores range 'range' of the series called 'name' in '*pointsp', oldest
 * point first, each with as many values as the series has, the number of which
 * is stored in '*n_values', and the time at which the first one began in
 * '*first'.  The last one is that of the newest sample.  Returns the number of
 * points, 0 if there is no such series; the caller frees '*pointsp'. */
size_t xfsm_history_read(const struct xfsm_history *, const char *name,
                         enum xfsm_history_range range, float **pointsp,
                         size_t *n_values, int64_t *first);

/* Finds a range by its name.  Returns false if there is none. */
bool xfsm_history_find_range(const char *name, enum xfsm_history_range *);

const char *xfsm_history_range_name(enum xfsm_history_range);

/* Milliseconds between two points. */
int64_t xfsm_history_period(enum xfsm_history_range);

/* Number of series, and samples that were refused for want of room. */
size_t xfsm_history_count(const struct xfsm_history *);
uint64_t xfsm_history_refused(const struct xfsm_history *);

#endif /* controller/history.h */
