/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_RELEASES_H
#define XFSM_IO_RELEASES_H 1

/* Which versions of signed programs must not come back.
 *
 * Whoever may write a database can put an older program there, with the
 * signature that it has had all the time.  So each signature says which
 * version it is of, and which is the oldest that may run once it was taken
 * (signature.h), and who verifies signatures remembers that for each name, on
 * its own disk.  The threat and the cure are those of rollback indexes of
 * verified boot and of versions in The Update Framework (TUF).
 *
 * Only what was verified is noted, so that nobody fills this who has no key.
 * A verifier that is new, or has lost its file, knows nothing yet and takes
 * any version that is signed.
 *
 * The operator of the machine, not of the database, can let an older one run
 * all the same: that exception lasts until a signature comes that says more
 * than those before it.
 *
 * The file is text: a line "xfsm-releases 1", for each name one with the name,
 * the version that said so, the oldest that it lets run, and the oldest that
 * the operator lets run or "-", and "end".  It is replaced as a whole, and is
 * on the disk when saving returns.  One that cannot be read is an error, not
 * an empty one.
 *
 * Limits: XFSM_RELEASES_MAX names.  When there are more, a name that is not
 * there is refused rather than another one forgotten.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/io/signature.h"

/* Names, and characters of one, remembered. */
#define XFSM_RELEASES_MAX 1024
#define XFSM_RELEASES_MAX_NAME 63

struct xfsm_releases;

/* What is remembered of a name. */
struct xfsm_release_memory {
    const char *name;
    struct xfsm_release release;    /* That said most. */
    int64_t allowed;            /* Oldest by the operator's word; -1: none. */
};

struct xfsm_releases *xfsm_releases_create(void);
void xfsm_releases_destroy(struct xfsm_releases *);

/* Reads the file 'path', if there is one, into what is empty, and has
 * xfsm_releases_save() write there.  Returns NULL or an error, which the
 * caller frees, as below. */
char *xfsm_releases_load(struct xfsm_releases *, const char *path);

/* Writes the file, if there is something new.  After an error that is still
 * so. */
char *xfsm_releases_save(struct xfsm_releases *);

/* Returns NULL if 'version' of the program called 'name' may run, or says why
 * not. */
char *xfsm_releases_check(const struct xfsm_releases *, const char *name,
                          int64_t version);

/* Notes that 'release' of 'name' was taken, whose signature is good.  Says so
 * if there is no room. */
char *xfsm_releases_note(struct xfsm_releases *, const char *name,
                         const struct xfsm_release *release);

/* Lets versions of 'name' from 'version' on run, until a signature says more
 * than those before it.  It is an error if nothing is known of 'name'. */
char *xfsm_releases_allow(struct xfsm_releases *, const char *name,
                          int64_t version);

/* How many names there are, and what is remembered of the one at 'i', in the
 * order of names. */
size_t xfsm_releases_count(const struct xfsm_releases *);
struct xfsm_release_memory xfsm_releases_get(const struct xfsm_releases *,
                                             size_t i);

/* Prints that, a line each, into a string that the caller frees. */
char *xfsm_releases_format(const struct xfsm_releases *);

#endif /* xfsm/io/releases.h */
