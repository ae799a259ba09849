/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_EPOCH_H
#define OVS_PLUGIN_EPOCH_H 1

/* Numbers of the lives of processes that publish events ("epoch").
 *
 * Who takes events knows a repetition by its life and number, and that a life
 * is a later one by its greater number.  So a life must never have a number
 * that is not greater than those before it: its events would be taken for
 * repetitions, and nobody told.  The wall clock is such a number as long as
 * nobody sets it back, which happens: a machine's clock is ahead, or in
 * another time zone, until NTP has set it, or is years behind since a battery
 * is empty.
 *
 * So a number is the time in ms, or one more than the last number, whatever is
 * greater, and the last number is kept in a file for those who come later, of
 * which there may be another one at work.  To spare the disk the file is ahead
 * by XFSM_EPOCH_RESERVE: who finds a number there that is not his goes on
 * behind it.  Where the file cannot be written numbers are unique for as long
 * as the process lives, and the log says so.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stdint.h>

/* How much the file is ahead, in ms. */
#define XFSM_EPOCH_RESERVE 10000

/* The last number, the end of the year 9999: what is greater in a file was
 * never written by us. */
#define XFSM_EPOCH_MAX UINT64_C(253402300799999)

struct xfsm_epochs {
    char *path;                 /* Of the file. */
    uint64_t last;              /* Number that was given out, or 0. */
    uint64_t saved;             /* In the file. */
    bool failed;                /* It could not be written. */
};

/* Numbers are kept in the file 'path'. */
void xfsm_epochs_init(struct xfsm_epochs *, const char *path);
void xfsm_epochs_destroy(struct xfsm_epochs *);

/* Returns the number of a life that begins at 'now', wall clock in ms. */
uint64_t xfsm_epochs_next(struct xfsm_epochs *, long long int now);

#endif /* ovs-plugin/epoch.h */
