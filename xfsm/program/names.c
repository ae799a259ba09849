/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/names.h"

#include <stdio.h>
#include <string.h>

#include "xfsm/program/model.h"

void
xfsm_nearest_init(struct xfsm_nearest *nearest, const char *word, size_t len)
{
    memset(nearest, 0, sizeof *nearest);
    nearest->word = word;
    nearest->len = len;
}

/* Returns the distance of 'a' and 'b', both at most XFSM_NEAREST_WORD_MAX
 * long. */
static int
distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
    unsigned char row[XFSM_NEAREST_WORD_MAX + 1];
    size_t i, j;

    for (j = 0; j <= n_b; j++) {
        row[j] = (unsigned char) j;
    }
    for (i = 1; i <= n_a; i++) {
        unsigned char corner = row[0], above;

        row[0] = (unsigned char) i;
        for (j = 1; j <= n_b; j++) {
            unsigned char best = corner + (a[i - 1] != b[j - 1]);

            above = row[j];
            if (above + 1 < best) {
                best = above + 1;
            }
            if (row[j - 1] + 1 < best) {
                best = row[j - 1] + 1;
            }
            row[j] = best;
            corner = above;
        }
    }
    return row[n_b];
}

/* Considers the 'len' bytes at 'candidate'; true if they are the best yet. */
static bool
offer(struct xfsm_nearest *nearest, const char *candidate, size_t len)
{
    int limit = nearest->len < 6 ? 1 : (int) (nearest->len / 3);
    int d;

    if (!nearest->len || nearest->len > XFSM_NEAREST_WORD_MAX
        || len > XFSM_NEAREST_WORD_MAX) {
        return false;
    }
    d = distance(nearest->word, nearest->len, candidate, len);
    if (d > limit || (nearest->best && d > nearest->distance)) {
        return false;
    } else if (nearest->best && d == nearest->distance) {
        nearest->tie = nearest->tie
                       || strlen(nearest->best) != len
                       || memcmp(nearest->best, candidate, len);
        return false;
    }
    nearest->distance = d;
    nearest->tie = false;
    return true;
}

void
xfsm_nearest_offer(struct xfsm_nearest *nearest, const char *candidate)
{
    if (offer(nearest, candidate, strlen(candidate))) {
        nearest->best = candidate;
    }
}

void
xfsm_nearest_offer_list(struct xfsm_nearest *nearest, const char *list,
                        char *buf, size_t size)
{
    while (*list) {
        size_t len = strcspn(list, " ");

        if (offer(nearest, list, len)) {
            snprintf(buf, size, "%.*s", (int) len, list);
            nearest->best = buf;
        }
        list += len;
        list += *list == ' ';
    }
}

bool
xfsm_names_in_list(const char *list, const char *s, size_t len)
{
    while (*list) {
        size_t n = strcspn(list, " ");

        if (n == len && !memcmp(list, s, len)) {
            return true;
        }
        list += n;
        list += *list == ' ';
    }
    return false;
}

bool
xfsm_names_is_identifier(const char *s)
{
    size_t i, n = strlen(s);

    if (!n || n > XFSM_MAX_NAME || !xfsm_names_is_start(s[0])
        || xfsm_names_in_list("and or not gt lt ge le eq ne true false", s,
                              n)) {
        return false;
    }
    for (i = 1; i < n; i++) {
        if (!xfsm_names_is_inner(s[i])) {
            return false;
        }
    }
    return true;
}

bool
xfsm_names_is_label(const char *s)
{
    size_t i, n = strlen(s);

    for (i = 0; i < n; i++) {
        if (!xfsm_names_is_inner(s[i]) && s[i] != '-' && s[i] != '.') {
            return false;
        }
    }
    return n > 0 && n <= XFSM_MAX_NAME;
}
