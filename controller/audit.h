/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_AUDIT_H
#define CONTROLLER_AUDIT_H 1

/* What users did: who, what, when, and what came of it.
 *
 * It is kept in a file of this controller and not in the database that is
 * written: so an entry is there also when the database is what failed,
 * refused or did not answer, whoever may write the database cannot rewrite
 * what he did, and somebody who is refused a thousand times fills no
 * replicated memory with that.  Each controller has the log of what was asked
 * of itself; entries name it.
 *
 * The file has an object in JSON a line.  A line is appended and synced
 * before the user is answered, so what a user was told is in the log, also
 * after a crash.  A line that a crash cut off is ended, and skipped when it is
 * read.  When the file would have more than 'max_bytes', it becomes FILE.1,
 * that becomes FILE.2, and so on; of 'n_files' in all, the oldest goes.  The
 * newest 'max_entries' are in memory, and read from there; without a file that
 * is all.  The file is locked, for one process.
 *
 * Cost: an fsync() for each entry.  Users write as fast as people do; what
 * could be caused faster, the caller limits.
 *
 * Thread-safety: none. */

#include <stddef.h>
#include <stdint.h>

struct json;
struct xfsm_audit;

/* Named limits: of a controller, and of one text, in bytes, which is cut. */
#define XFSM_AUDIT_FILE_BYTES (1024 * 1024)
#define XFSM_AUDIT_FILES 4
#define XFSM_AUDIT_ENTRIES 10000
#define XFSM_AUDIT_MAX_TEXT 255

/* T(NAME): texts of an entry.  Some may be empty. */
#define XFSM_AUDIT_TEXTS(T) \
    T(controller)               /* That was asked. */ \
    T(user)                     /* Of the token; empty without, and of what \
                                 * the controller does by itself. */ \
    T(tenant)                   /* Of the user. */ \
    T(client)                   /* Address. */ \
    T(action) \
    T(object)                   /* Path. */ \
    T(outcome) \
    T(detail)
#define XFSM_AUDIT_IS_OPTIONAL(NAME) \
    (!strcmp(NAME, "tenant") || !strcmp(NAME, "detail"))

struct xfsm_audit_entry {
    uint64_t id;                /* One more than that of the one before. */
    int64_t time;               /* Milliseconds since the Epoch. */
#define XFSM_AUDIT_MEMBER(NAME) char *NAME;
    XFSM_AUDIT_TEXTS(XFSM_AUDIT_MEMBER)
#undef XFSM_AUDIT_MEMBER
};

struct xfsm_audit_limits {
    size_t max_bytes;
    unsigned int n_files;
    size_t max_entries;
};

/* Opens 'file', or only memory if that is NULL.  Returns NULL and stores the
 * log, or an error, which the caller frees. */
char *xfsm_audit_open(const char *file, const struct xfsm_audit_limits *,
                      struct xfsm_audit **);
void xfsm_audit_close(struct xfsm_audit *);

/* Adds an entry; its number is set here, and its texts are copied.  Returns 0,
 * or a positive errno if the file does not have it: it is in memory then, and
 * counted as lost. */
int xfsm_audit_add(struct xfsm_audit *, const struct xfsm_audit_entry *);

/* How many entries are in memory, and that with an index, the newest being
 * 0. */
size_t xfsm_audit_count(const struct xfsm_audit *);
const struct xfsm_audit_entry *xfsm_audit_get(const struct xfsm_audit *,
                                              size_t index);

/* Entries that the file does not have, and lines that were no entries. */
unsigned long long int xfsm_audit_lost(const struct xfsm_audit *);
unsigned long long int xfsm_audit_skipped(const struct xfsm_audit *);

/* As it is told, and as it is in the file. */
struct json *xfsm_audit_entry_to_json(const struct xfsm_audit_entry *);

#endif /* controller/audit.h */
