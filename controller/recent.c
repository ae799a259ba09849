/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/recent.h"

#include <stdlib.h>

#include "util.h"

struct xfsm_recent {
    struct xfsm_recent_line *lines;     /* By number, modulo 'max_lines'. */
    size_t max_lines;
    size_t max_bytes;
    size_t bytes;
    uint64_t first, next;
};

struct xfsm_recent *
xfsm_recent_create(size_t max_lines, size_t max_bytes)
{
    struct xfsm_recent *recent = xzalloc(sizeof *recent);

    recent->lines = xcalloc(max_lines, sizeof *recent->lines);
    recent->max_lines = max_lines;
    recent->max_bytes = max_bytes;
    recent->first = recent->next = 1;
    return recent;
}

static void
drop_oldest(struct xfsm_recent *recent)
{
    struct xfsm_recent_line *line
        = &recent->lines[recent->first++ % recent->max_lines];

    recent->bytes -= line->len;
    free(line->text);
}

void
xfsm_recent_destroy(struct xfsm_recent *recent)
{
    if (recent) {
        while (recent->first < recent->next) {
            drop_oldest(recent);
        }
        free(recent->lines);
        free(recent);
    }
}

void
xfsm_recent_add(struct xfsm_recent *recent, const char *text, size_t len)
{
    struct xfsm_recent_line *line;

    while (recent->first < recent->next
           && (recent->next - recent->first >= recent->max_lines
               || recent->bytes + len > recent->max_bytes)) {
        drop_oldest(recent);
    }
    line = &recent->lines[recent->next % recent->max_lines];
    line->number = recent->next++;
    line->text = xmemdup0(text, len);
    line->len = len;
    recent->bytes += len;
}

uint64_t
xfsm_recent_first(const struct xfsm_recent *recent)
{
    return recent->first;
}

uint64_t
xfsm_recent_next(const struct xfsm_recent *recent)
{
    return recent->next;
}

const struct xfsm_recent_line *
xfsm_recent_get(const struct xfsm_recent *recent, uint64_t number)
{
    return &recent->lines[number % recent->max_lines];
}
