/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_PARSER_FIXTURE_H
#define XFSM_TESTS_PARSER_FIXTURE_H 1

/* For the tests of a parser of attribute values: the declarations of
 * fixture_load_with() in 'fx', and 'parse' to parse with.  setup() and
 * teardown() go with each test. */

#include "tests/unit/program-fixture.h"

static struct fixture fx;
static struct xfsm_parse parse;

static inline int
setup(void **state)
{
    (void) state;
    fixture_load_with(&fx, "");
    fixture_parse(&fx, &parse);
    return 0;
}

static inline int
teardown(void **state)
{
    (void) state;
    fixture_free(&fx);
    return 0;
}

#endif /* tests/unit/parser-fixture.h */
