/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/diag.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest message or path that is kept, terminator included. */
#define TEXT_MAX 1024

static char *
xstrdup(const char *s)
{
    char *copy = strdup(s);

    if (!copy) {
        abort();
    }
    return copy;
}

void
xfsm_diags_init(struct xfsm_diags *diags, const char *file)
{
    memset(diags, 0, sizeof *diags);
    diags->file = xstrdup(file);
}

void
xfsm_diags_destroy(struct xfsm_diags *diags)
{
    size_t i;

    for (i = 0; i < diags->n; i++) {
        free(diags->items[i].path);
        free(diags->items[i].message);
    }
    free(diags->file);
    memset(diags, 0, sizeof *diags);
}

/* Replaces in 's' what could fool a terminal or a log: control characters
 * (C0, DEL, and C1 in UTF-8), and a character that the end of 's' cuts. */
static void
sanitize(char *s)
{
    uint8_t *p = (uint8_t *) s;
    size_t n = strlen(s), i = 0, len, k;

    while (i < n) {
        len = p[i] < 0x80 ? 1 : p[i] >= 0xf0 ? 4 : p[i] >= 0xe0 ? 3 : 2;
        if (p[i] < 0x20 || p[i] == 0x7f) {
            p[i] = ' ';
        } else if (len > 1) {
            for (k = 1; k < len && (p[i + k] & 0xc0) == 0x80; k++) {
                continue;
            }
            if (k < len || p[i] < 0xc2 || (p[i] == 0xc2 && p[i + 1] < 0xa0)) {
                p[i] = '?';
                len = 1;
            }
        }
        i += len;
    }
}

/* Returns the item that an error should push out of full 'diags', which must
 * not lose it to warnings; NULL if all are errors. */
static struct xfsm_diag *
find_victim(struct xfsm_diags *diags)
{
    struct xfsm_diag *victim = NULL;
    size_t i;

    for (i = diags->n; i-- > 0; ) {
        struct xfsm_diag *item = &diags->items[i];

        if (item->level > (victim ? victim->level : XFSM_DIAG_ERROR)) {
            victim = item;
        }
    }
    return victim;
}

bool
xfsm_diags_closed(const struct xfsm_diags *diags, enum xfsm_diag_level level)
{
    return diags->n >= XFSM_DIAG_MAX
           && (level != XFSM_DIAG_ERROR || diags->n_errors >= XFSM_DIAG_MAX);
}

void
xfsm_diags_add(struct xfsm_diags *diags, enum xfsm_diag_level level, int line,
               const char *path, const char *format, ...)
{
    char message[TEXT_MAX], place[TEXT_MAX];
    struct xfsm_diag *item;
    va_list args;

    if (xfsm_diags_closed(diags, level)) {
        diags->n_errors += level == XFSM_DIAG_ERROR;
        diags->n_dropped++;
        return;
    }
    diags->n_errors += level == XFSM_DIAG_ERROR;
    if (diags->n < XFSM_DIAG_MAX) {
        item = &diags->items[diags->n++];
    } else {
        diags->n_dropped++;
        item = find_victim(diags);
        free(item->path);
        free(item->message);
        /* Keep the items in order of arrival. */
        memmove(item, item + 1,
                (size_t) (&diags->items[XFSM_DIAG_MAX] - (item + 1))
                * sizeof *item);
        item = &diags->items[XFSM_DIAG_MAX - 1];
    }

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    sanitize(message);
    snprintf(place, sizeof place, "%s", path ? path : "");
    sanitize(place);

    item->level = level;
    item->line = line;
    item->path = xstrdup(place);
    item->message = xstrdup(message);
}

static void
print_item(FILE *stream, const struct xfsm_diags *diags,
           const struct xfsm_diag *item)
{
    fputs(diags->file, stream);
    if (item->line) {
        fprintf(stream, ":%d", item->line);
    }
    fputs(": ", stream);
    if (item->path[0]) {
        fprintf(stream, "%s: ", item->path);
    }
    fprintf(stream, "%s%s\n",
            item->level == XFSM_DIAG_ERROR ? ""
            : item->level == XFSM_DIAG_WARNING ? "warning: " : "note: ",
            item->message);
}

/* Orders by line, then by arrival (both point into one array). */
static int
compare_items(const void *a_, const void *b_)
{
    const struct xfsm_diag *a = *(const struct xfsm_diag *const *) a_;
    const struct xfsm_diag *b = *(const struct xfsm_diag *const *) b_;

    return a->line != b->line ? (a->line > b->line) - (a->line < b->line)
                              : (a > b) - (a < b);
}

char *
xfsm_diags_format(const struct xfsm_diags *diags, enum xfsm_diag_level level)
{
    const struct xfsm_diag *items[XFSM_DIAG_MAX];
    char *text = NULL;
    size_t size, i, n = 0;
    FILE *stream = open_memstream(&text, &size);

    if (!stream) {
        abort();
    }
    for (i = 0; i < diags->n; i++) {
        if (diags->items[i].level <= level) {
            items[n++] = &diags->items[i];
        }
    }
    if (n) {
        qsort(items, n, sizeof items[0], compare_items);
    }
    for (i = 0; i < n; i++) {
        print_item(stream, diags, items[i]);
    }
    if (diags->n_dropped) {
        fprintf(stream, "%s: %zu more not shown\n", diags->file,
                diags->n_dropped);
    }
    if (fclose(stream) || !text) {
        abort();
    }
    return text;
}
