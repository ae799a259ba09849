/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_PROGRAMS_H
#define OVS_PLUGIN_PROGRAMS_H 1

/* The agent's programs: from a name to an image.
 *
 * A program is a row of the table Program of the database XFSM, with an image
 * or a source, or else a file NAME.xml of the library folder.  A source is
 * compiled by a child process, xfsm-compiler, caged and limited, since the
 * agent itself reads no XML: it hands over a file and takes back another.
 * One is compiled at a time, and again only if the text changes.
 *
 * With parameters, a program is compiled from the same text once more, for all
 * ports that want these values: a *variant*, which is forgotten when no port
 * does.  An image has its parameters already: variants are of the source that
 * is next to it, and there are none without one.
 *
 * With keys, rows must be signed (xfsm/io/signature.h), and not be older than
 * what was taken before says (xfsm/io/releases.h): one that is not so is as
 * one that does not compile.  The library is not asked: who may write there
 * may replace the agent.
 *
 * A program that was good and then becomes faulty keeps its last image, next
 * to its error, so that probes go on with it.
 *
 * Images are handed on as memfds.  Nobody here looks into them: the probe
 * verifies what it gets.
 *
 * What the compiler's process does shows through watch.h.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "openvswitch/shash.h"

/* Longest source, as xfsm/program/model.h has it, and longest image, as
 * xfsm/program/image.h has it. */
#define XFSM_PROGRAMS_MAX_SOURCE (1024 * 1024)
#define XFSM_PROGRAMS_MAX_IMAGE (4 * 1024 * 1024)

/* Longest name of a program, and diagnostics kept of one. */
#define XFSM_PROGRAMS_MAX_NAME 63
#define XFSM_PROGRAMS_MAX_DIAGNOSTICS 65536

/* Limits of the compiler. */
#define XFSM_PROGRAMS_MAX_CPU 5         /* Seconds of the processor... */
#define XFSM_PROGRAMS_MAX_TIME 60       /* ...and until it has to end. */
#define XFSM_PROGRAMS_MAX_MEMORY ((size_t) 256 * 1024 * 1024)

struct xfsm_programs;
struct xfsm_releases;
struct xfsm_signature_keys;

struct xfsm_agent_program {
    const char *name;
    bool pending;               /* Being compiled, or waiting for it. */
    bool exists;                /* There is a text or an image.  If it has no
                                 * good image, what ran before may run on. */
    int image_fd;               /* Last good image, or -1. */
    uint64_t serial;            /* Another number for each image. */
    const char *error;          /* One line, or NULL. */
    const char *diagnostics;    /* All that the compiler said, never NULL. */
};

/* Creates the collection.  'tool' is that of xfsm-compiler, 'dir' the library
 * folder, 'uid' and 'gid' whom the compiler becomes. */
struct xfsm_programs *xfsm_programs_create(const char *tool, const char *dir,
                                           uid_t uid, gid_t gid);
void xfsm_programs_destroy(struct xfsm_programs *);

/* Demands that rows be signed by one of 'keys', and of versions that
 * 'releases' lets run; both become those of the collection.  And tells how
 * often one was refused.  Must be called before there are any. */
void xfsm_programs_set_keys(struct xfsm_programs *,
                            struct xfsm_signature_keys *keys,
                            struct xfsm_releases *releases);
unsigned long long int xfsm_programs_n_refused(const struct xfsm_programs *);

/* What is remembered of versions, or NULL without keys.  Who changes that has
 * the rows put again. */
struct xfsm_releases *xfsm_programs_releases(struct xfsm_programs *);

/* Replaces the rows: between the first and the last call, one for each row of
 * the table Program.  'source', 'image' and 'signature' may be empty. */
void xfsm_programs_begin_rows(struct xfsm_programs *);
void xfsm_programs_put_row(struct xfsm_programs *, const char *name,
                           const char *source, const char *image,
                           const char *signature);
void xfsm_programs_end_rows(struct xfsm_programs *);

/* Returns the program of that name, from the rows or the library, with
 * 'params', which are "NAME=VALUE,NAME=VALUE..." or "".  Never NULL: there may
 * be just an error that says there is none.  What it points to is good until
 * another function is called. */
struct xfsm_agent_program xfsm_programs_get(struct xfsm_programs *,
                                            const char *name,
                                            const char *params);

/* Forgets all variants, and all names that are no program's, but those that
 * are told, one by one, between the first and the last call. */
void xfsm_programs_begin_use(struct xfsm_programs *);
void xfsm_programs_use(struct xfsm_programs *, const char *name,
                       const char *params);
void xfsm_programs_end_use(struct xfsm_programs *);

/* Names of all programs of rows and of the library, for display; the data is
 * a constant string that says where each is from. */
void xfsm_programs_list(const struct xfsm_programs *, struct shash *);

/* How many programs, variants and names are kept. */
size_t xfsm_programs_count(const struct xfsm_programs *);

/* Returns true if some program changed since the last call. */
bool xfsm_programs_run(struct xfsm_programs *);
void xfsm_programs_wait(struct xfsm_programs *);

#endif /* ovs-plugin/programs.h */
