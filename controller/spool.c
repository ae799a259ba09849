/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/spool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bitmap.h"
#include "entropy.h"
#include "openvswitch/dynamic-string.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/io/clock.h"
#include "xfsm/io/journal.h"

/* Events reach the disk after that at the latest. */
#define SYNC_MS 1000

/* All up to 'number' were acknowledged at 'ms', wall clock. */
struct sample {
    uint64_t ms;
    uint64_t number;
};

struct xfsm_spool {
    struct xfsm_journal *journal;
    char *path;                 /* Of "acknowledged". */
    uint64_t hold_ms;
    uint64_t acknowledged;      /* All up to here are. */
    uint64_t cursor;            /* The last one that was given out. */
    uint64_t furthest;          /* The greatest that ever was. */

    /* Which after 'acknowledged' are: bit NUMBER % XFSM_SPOOL_WINDOW. */
    unsigned long early[BITMAP_N_LONGS(XFSM_SPOOL_WINDOW)];

    /* The first one is the last one that is older than 'hold_ms', or the
     * oldest one. */
    struct sample *samples;     /* XFSM_SPOOL_SAMPLES. */
    size_t n_samples;
    struct xfsm_spool_stats stats;
};

/* ## Samples ## */

static void
add_sample(struct xfsm_spool *s, uint64_t ms, uint64_t number)
{
    if (s->n_samples == XFSM_SPOOL_SAMPLES) {
        s->n_samples--;
        memmove(s->samples, s->samples + 1,
                s->n_samples * sizeof *s->samples);
    }
    s->samples[s->n_samples++] = (struct sample) { ms, number };
}

/* Forgets the samples that hold nothing any more. */
static void
expire_samples(struct xfsm_spool *s, uint64_t now)
{
    size_t n = 0;

    while (n + 1 < s->n_samples && s->samples[n + 1].ms + s->hold_ms <= now) {
        n++;
    }
    s->n_samples -= n;
    memmove(s->samples, s->samples + n, s->n_samples * sizeof *s->samples);
}

/* All up to here need not be held. */
static uint64_t
held_from(const struct xfsm_spool *s)
{
    return s->samples[0].number;
}

static void
read_samples(struct xfsm_spool *s)
{
    FILE *f = fopen(s->path, "re");
    struct sample a;

    if (f) {
        while (fscanf(f, "%"SCNu64" %"SCNu64"\n", &a.ms, &a.number) == 2) {
            add_sample(s, a.ms, a.number);
        }
        fclose(f);
    }
}

static void
write_samples(const struct xfsm_spool *s)
{
    char *temporary = xasprintf("%s.new", s->path);
    FILE *f = fopen(temporary, "we");
    size_t i;

    if (f) {
        for (i = 0; i < s->n_samples; i++) {
            fprintf(f, "%"PRIu64" %"PRIu64"\n", s->samples[i].ms,
                    s->samples[i].number);
        }
        if (!fclose(f)) {
            ignore(rename(temporary, s->path));
        }
    }
    free(temporary);
}

/* Makes the samples fit the journal: a crash of the host can have cost it its
 * end, and then numbers are given anew. */
static void
fit_samples(struct xfsm_spool *s)
{
    uint64_t first, last;
    size_t i;

    xfsm_journal_bounds(s->journal, &first, &last);
    if (!s->n_samples) {
        add_sample(s, time_wall_msec(), 0);
    }
    for (i = 0; i < s->n_samples; i++) {
        s->samples[i].number = MAX(MIN(s->samples[i].number, last),
                                   first - 1);
    }
    s->acknowledged = s->samples[s->n_samples - 1].number;
    s->cursor = s->furthest = s->acknowledged;
}

/* ## Life ## */

char *
xfsm_spool_open(const char *dir, int mib, uint64_t hold_ms,
                struct xfsm_spool **sp)
{
    const struct xfsm_journal_options options = {
        .segment_bytes = ((size_t) mib << 20) / XFSM_JOURNAL_SEGMENTS,
        .sync_ms = SYNC_MS,
    };
    struct xfsm_spool *s;
    struct xfsm_journal *journal;
    uint8_t entropy[16];
    char *error;

    get_entropy_or_die(entropy, sizeof entropy);
    error = xfsm_journal_open(dir, &options, entropy, &journal);
    if (error) {
        return error;
    }
    s = xzalloc(sizeof *s);
    s->journal = journal;
    s->path = xasprintf("%s/acknowledged", dir);
    s->hold_ms = hold_ms;
    s->samples = xmalloc(XFSM_SPOOL_SAMPLES * sizeof *s->samples);
    read_samples(s);
    fit_samples(s);
    expire_samples(s, time_wall_msec());
    *sp = s;
    return NULL;
}

void
xfsm_spool_close(struct xfsm_spool *s)
{
    if (s) {
        add_sample(s, time_wall_msec(), s->acknowledged);
        write_samples(s);
        xfsm_journal_close(s->journal);
        free(s->samples);
        free(s->path);
        free(s);
    }
}

/* ## Events ## */

int
xfsm_spool_put(struct xfsm_spool *s, const char *json, size_t len,
               const struct xfsm_event_view *view)
{
    uint64_t oldest = xfsm_journal_oldest_after(s->journal, len);
    uint64_t first, last;
    int error;

    xfsm_journal_bounds(s->journal, &first, &last);
    if (s->acknowledged < last && oldest > s->acknowledged + 1) {
        s->stats.full++;
        return EAGAIN;
    }
    if (oldest > first && oldest > held_from(s) + 1) {
        s->stats.unheld += oldest - MAX(first, held_from(s) + 1);
    }
    error = xfsm_journal_append(s->journal, time_wall_msec(), "", 0, json,
                                len, view);
    s->stats.put += !error;
    s->stats.failed += error != 0;
    return error;
}

bool
xfsm_spool_next(struct xfsm_spool *s, uint64_t *number, const char **json,
                size_t *len)
{
    struct xfsm_journal_query query = { .after = s->cursor };
    struct xfsm_journal_record record;
    int error;

    if (s->cursor - s->acknowledged >= XFSM_SPOOL_WINDOW) {
        return false;
    }
    error = xfsm_journal_read(s->journal, &query, &record);
    if (error == ENOENT) {
        return false;
    }
    s->cursor++;
    if (error || record.number != s->cursor) {
        s->stats.failed++;      /* The disk gave back something else. */
        xfsm_spool_acknowledge(s, s->cursor);
        return false;
    }
    s->stats.sent++;
    s->stats.repeated += s->cursor <= s->furthest;
    s->furthest = MAX(s->furthest, s->cursor);
    *number = record.number;
    *json = record.body;
    *len = record.body_len;
    return true;
}

void
xfsm_spool_acknowledge(struct xfsm_spool *s, uint64_t number)
{
    size_t bit = number % XFSM_SPOOL_WINDOW;

    if (number <= s->acknowledged || number > s->cursor
        || bitmap_is_set(s->early, bit)) {
        return;
    }
    s->stats.acknowledged++;
    bitmap_set1(s->early, bit);
    for (;;) {
        bit = (s->acknowledged + 1) % XFSM_SPOOL_WINDOW;
        if (s->acknowledged >= s->cursor || !bitmap_is_set(s->early, bit)) {
            break;
        }
        bitmap_set0(s->early, bit);
        s->acknowledged++;
    }
}

void
xfsm_spool_rewind(struct xfsm_spool *s, bool held)
{
    uint64_t first, last;

    if (held) {
        xfsm_journal_bounds(s->journal, &first, &last);
        expire_samples(s, time_wall_msec());
        s->acknowledged = MIN(s->acknowledged, MAX(held_from(s), first - 1));
        s->n_samples = 1;
    }
    s->cursor = s->acknowledged;
    memset(s->early, 0, sizeof s->early);
}

uint64_t
xfsm_spool_pending(const struct xfsm_spool *s)
{
    uint64_t first, last;

    xfsm_journal_bounds(s->journal, &first, &last);
    return last - s->acknowledged;
}

uint64_t
xfsm_spool_last(const struct xfsm_spool *s)
{
    uint64_t first, last;

    xfsm_journal_bounds(s->journal, &first, &last);
    return last;
}

uint64_t
xfsm_spool_safe(const struct xfsm_spool *s)
{
    return s->hold_ms ? MIN(held_from(s), s->acknowledged) : s->acknowledged;
}

void
xfsm_spool_run(struct xfsm_spool *s)
{
    uint64_t now = time_wall_msec();
    const struct sample *newest = &s->samples[s->n_samples - 1];

    xfsm_journal_run(s->journal, now, xfsm_now_ms());
    if (now >= newest->ms + XFSM_SPOOL_SAMPLE_MS || now < newest->ms) {
        add_sample(s, now, s->acknowledged);
        expire_samples(s, now);
        write_samples(s);
    }
}

void
xfsm_spool_sync(struct xfsm_spool *s)
{
    xfsm_journal_sync(s->journal);
}

void
xfsm_spool_show(const struct xfsm_spool *s, struct ds *ds)
{
    const struct xfsm_spool_stats *n = &s->stats;

    ds_put_format(ds, "%"PRIu64" pending, %"PRIu64" put, %"PRIu64" sent, %"
                  PRIu64" sent again, %"PRIu64" acknowledged, %"PRIu64
                  " times full, %"PRIu64" failed, %"PRIu64" unheld",
                  xfsm_spool_pending(s), n->put, n->sent, n->repeated,
                  n->acknowledged, n->full, n->failed, n->unheld);
}

const struct xfsm_spool_stats *
xfsm_spool_stats(const struct xfsm_spool *s)
{
    return &s->stats;
}
