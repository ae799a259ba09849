/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_NAMES_H
#define XFSM_PROGRAM_NAMES_H 1

/* Names: which are allowed, and which one a misspelt one may have meant.
 *
 * Closeness is the Levenshtein distance (V. I. Levenshtein, "Binary codes
 * capable of correcting deletions, insertions, and reversals", 1966).  A name
 * is suggested up to a distance of a third of the word's length (1 below six
 * characters), so that short words do not get far-fetched suggestions.
 *
 * Thread-safety: none of the functions has state. */

#include <stdbool.h>
#include <stddef.h>

/* Longest word for which a suggestion is looked for. */
#define XFSM_NEAREST_WORD_MAX 63

/* The best candidate so far for one word. */
struct xfsm_nearest {
    const char *word;           /* 'len' bytes, not terminated. */
    size_t len;
    const char *best;           /* NULL: nothing near enough yet. */
    int distance;               /* Of 'best'. */
    bool tie;                   /* Another candidate is as near as 'best'. */
};

void xfsm_nearest_init(struct xfsm_nearest *nearest, const char *word,
                       size_t len);

/* Considers 'candidate', which must outlive 'nearest'. */
void xfsm_nearest_offer(struct xfsm_nearest *nearest, const char *candidate);

/* Considers each word of 'list', words separated by single blanks, copying
 * the best to 'buf' ('size' bytes). */
void xfsm_nearest_offer_list(struct xfsm_nearest *nearest, const char *list,
                             char *buf, size_t size);

/* True if the 'len' bytes at 's' are one of the words of 'list'. */
bool xfsm_names_in_list(const char *list, const char *s, size_t len);

/* True if 's' may name a metric, feature or table: a letter or underscore,
 * then letters, digits and underscores, at most XFSM_MAX_NAME, and no word of
 * expressions such as "and". */
bool xfsm_names_is_identifier(const char *s);

/* True if 's' may name a state, class or program, or be a label: letters,
 * digits, and "_-.", at most XFSM_MAX_NAME. */
bool xfsm_names_is_label(const char *s);

/* Characters of identifiers. */
static inline bool
xfsm_names_is_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static inline bool
xfsm_names_is_inner(char c)
{
    return xfsm_names_is_start(c) || (c >= '0' && c <= '9');
}

/* A blank as attribute values have them. */
static inline bool
xfsm_names_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

#endif /* xfsm/program/names.h */
