/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_JOURNAL_H
#define XFSM_IO_JOURNAL_H 1

/* The journal: events on disk, so that none of them is lost when a process is
 * killed, and a subscriber that missed some can have them again.
 *
 * A journal is a folder with a fixed number of segment files of a fixed size.
 * All are made, with their room on disk, and opened at the start: after that
 * no path is opened, no file grows and a full disk does no harm, so its user
 * can be in a sandbox that has neither paths nor an open().  Records are
 * appended to one segment; when it is full, the oldest one is written over.
 *
 * A segment starts with a header (integers are in the byte order of the
 * machine):
 *
 *     "XFSMJRN1" | first record's number u64 | created, ms u64 |
 *     reserved u32 | CRC-32C of the 28 bytes before u32
 *
 * and then has records, each at a multiple of 8 bytes:
 *
 *     length of the whole u32 | CRC-32C of what follows u32 |
 *     number u64 | time, wall clock, ms u64 | topic's length u32 |
 *     body's length u32 | topic | body
 *
 * Records are numbered from 1 without gaps over the life of the journal.  A
 * record whose number is not the next one is a rest of the segment's former
 * life, and one whose checksum is wrong was torn by a crash: both end the
 * segment.  So what is read back is exactly a prefix of what was written.
 *
 * What a crash can cost: nothing when the process is killed, since a record
 * was handed to the kernel before xfsm_journal_append() returned.  When the
 * host dies, the records since the last sync: see 'sync_ms'.
 *
 * Events are found by probe, life (epoch) and number through an index in
 * memory (64 bytes a record), made from the bodies, which are events as in
 * event-decode.h.
 *
 * Thread-safety: a journal belongs to one thread, and a folder to one
 * journal, for which a lock on the folder sees. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/io/event-decode.h"

/* Segments of a journal, and the bounds on their size in bytes. */
#define XFSM_JOURNAL_SEGMENTS 8
#define XFSM_JOURNAL_SEGMENT_MIN (64 * 1024)
#define XFSM_JOURNAL_SEGMENT_MAX (256 * 1024 * 1024)

/* Longest topic and body together. */
#define XFSM_JOURNAL_DATA_MAX (32 * 1024)

struct xfsm_journal_options {
    size_t segment_bytes;       /* Size of a segment. */
    uint64_t max_age_ms;        /* Older records are not given out; 0: any. */

    /* Records reach the disk at most this many ms after they were appended,
     * given that xfsm_journal_run() is called; 0: before append() returns;
     * -1: when the system likes. */
    int sync_ms;
};

/* Counters. */
struct xfsm_journal_stats {
    uint64_t appended;          /* Records. */
    uint64_t failed;            /* Records that could not be written. */
    uint64_t recovered;         /* Records found at the start. */
    uint64_t torn;              /* Segments that ended in a torn record. */
    uint64_t syncs;
    uint64_t sync_failed;
    uint64_t recycled;          /* Segments written over. */
};

/* What to look for. */
struct xfsm_journal_query {
    uint64_t after;             /* Records with a greater number only. */
    uint64_t since_ms;          /* Records of that time or later only. */

    /* If 'has_source', only those of one probe and life whose numbers,
     * "seq" or "from" to "to", are in 'from' to 'to'. */
    bool has_source;
    uint64_t source;            /* Of xfsm_journal_source(). */
    uint64_t epoch;
    uint64_t from, to;
};

/* A record; good until the next call with its journal. */
struct xfsm_journal_record {
    uint64_t number;
    uint64_t time_ms;
    const char *topic;
    size_t topic_len;
    const char *body;
    size_t body_len;
};

struct xfsm_journal;

/* Opens the journal in the folder 'dir', which is created if it is not there
 * (but not its parents).  'entropy' seeds the hash of names.  Returns NULL
 * and stores the journal in '*jp', or an error that the caller frees.  A full
 * disk is no error here: each xfsm_journal_append() that needs a segment looks
 * for room again. */
char *xfsm_journal_open(const char *dir, const struct xfsm_journal_options *,
                        const uint8_t entropy[16], struct xfsm_journal **jp);

/* Syncs and closes it.  NULL is accepted. */
void xfsm_journal_close(struct xfsm_journal *);

/* Appends an event at the time 'now_ms'.  'view' is what 'body' decodes to.
 * Returns 0 or a positive errno, after which the journal is as before. */
int xfsm_journal_append(struct xfsm_journal *, uint64_t now_ms,
                        const char *topic, size_t topic_len,
                        const char *body, size_t body_len,
                        const struct xfsm_event_view *view);

/* Number of the oldest record that is left after one of 'data_len' bytes of
 * topic and body is appended. */
uint64_t xfsm_journal_oldest_after(const struct xfsm_journal *,
                                   size_t data_len);

/* Syncs what was appended. */
void xfsm_journal_sync(struct xfsm_journal *);

/* Syncs if it is time, of which 'mono_ms' is a monotonic clock, and forgets
 * what is too old at 'now_ms'. */
void xfsm_journal_run(struct xfsm_journal *, uint64_t now_ms,
                      int64_t mono_ms);

/* Returns the monotonic ms at which xfsm_journal_run() is needed next, or
 * INT64_MAX. */
int64_t xfsm_journal_wake(const struct xfsm_journal *);

/* Hash of a probe's name, for queries to this journal. */
uint64_t xfsm_journal_source(const struct xfsm_journal *,
                             struct xfsm_str host, struct xfsm_str bridge,
                             struct xfsm_str port);

/* Reads the first record that 'query' asks for.  Returns 0, ENOENT if there
 * is none, or another positive errno.  With query->after set to the record's
 * number, the next call reads the next one. */
int xfsm_journal_read(struct xfsm_journal *,
                      const struct xfsm_journal_query *query,
                      struct xfsm_journal_record *record);

/* Number of the oldest record and of the newest one; 'last' is 'first' - 1 if
 * there is none. */
void xfsm_journal_bounds(const struct xfsm_journal *, uint64_t *first,
                         uint64_t *last);

const struct xfsm_journal_stats *xfsm_journal_stats(
    const struct xfsm_journal *);

#endif /* xfsm/io/journal.h */
