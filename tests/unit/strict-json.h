/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef TESTS_UNIT_STRICT_JSON_H
#define TESTS_UNIT_STRICT_JSON_H 1

/* A strict reader of JSON (RFC 8259), for tests: of objects that are printable
 * ASCII and not nested deeper than three times, as events are. */

#include <stddef.h>

/* Fails the test unless 'json' is such an object. */
void json_check(const char *json);

/* Fails the test unless 'text' is a number. */
void json_check_number(const char *text);

/* Returns the text of member 'name' of the outermost object, or NULL; strings
 * without their quotes and escapes, as bytes of which '*len' are stored.  The
 * caller frees it. */
char *json_member(const char *json, const char *name, size_t *len);

#endif /* tests/unit/strict-json.h */
