/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_BASE_GLOB_H
#define XFSM_BASE_GLOB_H 1

/* Patterns for names: "*" stands for any characters, none included, and "?"
 * for any one.  All others, "[" and "\" too, stand for themselves.
 *
 * Without recursion, unlike fnmatch(3): a comparison costs at most the product
 * of both lengths, whoever wrote the pattern.
 *
 * Thread-safety: any thread. */

#include <stdbool.h>

/* True if all of 'text' matches 'pattern'. */
bool xfsm_glob_match(const char *pattern, const char *text);

#endif /* xfsm/base/glob.h */
