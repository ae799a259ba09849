/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_PROGRAMS_PRIVATE_H
#define OVS_PLUGIN_PROGRAMS_PRIVATE_H 1

/* The agent's programs, as programs.c, which keeps them, and
 * programs-compile.c, which has them compiled, know them.  See programs.h. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/list.h"
#include "ovs-plugin/backoff.h"
#include "ovs-plugin/child.h"
#include "ovs-plugin/programs.h"

enum origin {
    FROM_NOWHERE,
    FROM_SOURCE,                /* Column "source". */
    FROM_IMAGE,                 /* Column "image". */
    FROM_LIBRARY,               /* File. */
    REFUSED,                    /* A row whose signature is none. */
};

struct program {
    char *key;                  /* In 'programs', see make_key(). */
    char *name;
    char *params;               /* "": none. */
    bool has_row;               /* Is a row, ... */
    bool marked;                /* ...was put since begin_rows(); of a
                                 * variant: is in use. */

    /* Where the image or the error is from, to see changes. */
    enum origin origin;
    char *text;                 /* FROM_SOURCE, FROM_IMAGE; REFUSED: why. */
    char *source;               /* That a row has beside its image, or "":
                                 * what variants are compiled from. */
    struct stat file;           /* FROM_LIBRARY. */

    bool queued;                /* In 'queue' of struct xfsm_programs. */
    struct ovs_list node;
    long long int retry_at;     /* LLONG_MAX: not to be tried again. */
    struct xfsm_backoff backoff;

    int image_fd;
    uint64_t serial;
    char *error;
    char *diagnostics;
};

struct xfsm_programs {
    char *tool;
    char *dir;
    uid_t uid;
    gid_t gid;
    struct xfsm_signature_keys *keys;   /* Or NULL; then... */
    struct xfsm_releases *releases;     /* ...as well. */
    unsigned long long int n_refused;
    struct shash programs;      /* Of struct program. */
    uint64_t serial;
    bool changed;
    long long int look_at;      /* When to look into the library again. */

    /* Compiling. */
    struct ovs_list queue;      /* Of struct program. */
    struct xfsm_child compiler;
    struct program *compiling;  /* Or NULL; may then have been deleted. */
    long long int compile_until;        /* When it has to end. */
    int out_fd;
    struct ds output;
};

/* Path of a file of the library, which the caller frees. */
char *programs_library_path(const struct xfsm_programs *, const char *name);

/* Notes what became of a program.  Takes over 'error', one line or NULL, and
 * 'diagnostics', NULL for those of 'error'. */
void programs_set_outcome(struct xfsm_programs *, struct program *,
                          char *error, char *diagnostics);

/* Gives a program another image, the descriptor 'fd', which is taken over. */
void programs_set_image(struct xfsm_programs *, struct program *, int fd);

/* Has a program compiled, where nothing is being compiled.  Should that not
 * begin, its outcome says so. */
void programs_start_compiler(struct xfsm_programs *, struct program *);

/* Ends the compiler if it should have ended. */
void programs_watch_compiler(struct xfsm_programs *);

/* Notes what became of the program being compiled, when the compiler has ended
 * with 'status', that of waitpid(). */
void programs_finish_compiler(struct xfsm_programs *, int status);

/* Has a program tried again, for which there was not enough of something. */
void programs_try_later(struct program *);

#endif /* ovs-plugin/programs-private.h */
