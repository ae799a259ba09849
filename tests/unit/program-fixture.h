/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef TESTS_UNIT_PROGRAM_FIXTURE_H
#define TESTS_UNIT_PROGRAM_FIXTURE_H 1

/* Programs for tests of the loader and its parsers: documents from text, and
 * assertions on what the loader says of them. */

#include <stdbool.h>
#include <stddef.h>

#include "xfsm/program/parse.h"
#include "xfsm/program/xml.h"

/* A document loaded, or refused. */
struct fixture {
    struct xfsm_program *program;       /* NULL: refused. */
    struct xfsm_diags diags;
    char *text;                         /* All diagnostics. */
};

/* Loads the 'len' bytes at 'doc', from a block of just that size. */
void fixture_load_bytes(struct fixture *, const char *doc, size_t len);

/* Loads a document made by printf(). */
void fixture_load(struct fixture *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Loads a document that declares states "a" and "b", metrics "m1" and "m2",
 * table "t", feature "f" and a timeout event of class "c", then 'extra' in
 * the root element. */
void fixture_load_with(struct fixture *, const char *extra);

void fixture_free(struct fixture *);

/* Asserts that the document was loaded; with 'clean', without a word. */
void fixture_assert_loaded(const struct fixture *, bool clean);

/* Asserts that the document was refused, with an error that starts with
 * "doc:LINE:" (no line if 'line' is 0) and contains 'what'. */
void fixture_assert_error(const struct fixture *, int line, const char *what);

/* Asserts that a diagnostic of 'level' contains 'what'. */
void fixture_assert_says(struct fixture *, enum xfsm_diag_level level,
                         const char *what);

/* Number of diagnostics of 'level'. */
int fixture_count(const struct fixture *, enum xfsm_diag_level level);

/* Prepares to parse attribute values with the declarations of 'fixture'. */
void fixture_parse(struct fixture *, struct xfsm_parse *);

/* Forgets the diagnostics. */
void fixture_clear(struct fixture *);

/* Returns the folder of shared test data, or NULL after saying that the test
 * is skipped. */
const char *fixture_shared_data(void);

/* Returns the contents of file 'name' of 'folder', '*len' bytes; the caller
 * frees them. */
char *fixture_read(const char *folder, const char *name, size_t *len);

#endif /* tests/unit/program-fixture.h */
