/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_BASE_ERROR_H
#define XFSM_BASE_ERROR_H 1

/* Error texts.
 *
 * Whatever loads, parses or configures returns a 'char *error': NULL is
 * success, anything else is a sentence without a final period, which the
 * caller frees.  Never used on the packet path.
 *
 * Thread-safety: any thread. */

/* Returns the text that printf() would print, allocated.  Never NULL: where
 * even that memory is missing, the process aborts. */
char *xfsm_error(const char *format, ...)
    __attribute__((format(printf, 1, 2), warn_unused_result, malloc));

/* The same behind "PLACE: ", where 'place' is what the error is about: a file,
 * say. */
char *xfsm_error_at(const char *place, const char *format, ...)
    __attribute__((format(printf, 2, 3), warn_unused_result, malloc));

#endif /* xfsm/base/error.h */
