/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "utilities/xfsm.h"
#include "xfsm/program/footprint.h"
#include "xfsm/program/image.h"

/* Prints one structure and returns its bytes. */
static uint64_t
print_bytes(const char *path, const char *kind, const char *name,
            uint64_t bytes)
{
    printf("%s: %s%s%s: up to %.1f KiB\n", path, kind, *name ? " " : "", name,
           (double) bytes / 1024);
    return bytes;
}

static uint64_t
print_metric(const char *path, const struct xfsm_image *image,
             const struct xfsm_img_metric *m)
{
    const char *name = &image->strings[m->name];
    uint64_t sum = 0;

    if (m->vd_on) {
        sum += print_bytes(path, "detector of", name,
                           xfsm_footprint_detector(m->vd_size, m->vd_nhash));
    }
    if (m->vm_on && m->vm_type != XFSM_MON_SIMPLE) {
        sum += print_bytes(path, "monitor of", name,
                           xfsm_footprint_monitor(m->vm_type, m->key_words
                                                  ? m->key_words : 1,
                                                  m->vm_size));
    }
    return sum;
}

void
xfsm_tool_print_memory(const char *path, const void *bytes, size_t len,
                       uint64_t total)
{
    struct xfsm_image image;
    char *error = xfsm_image_verify(bytes, len, &image);
    uint64_t sum = 0;

    if (error) {
        free(error);            /* The caller has told. */
        return;
    }
    for (uint32_t i = 0; i < image.n_metrics; i++) {
        sum += print_metric(path, &image, &image.metrics[i]);
    }
    for (uint32_t i = 0; i < image.n_tables; i++) {
        const struct xfsm_img_table *t = &image.tables[i];

        if (t->key != XFSM_NONE) {
            sum += print_bytes(path, "table", &image.strings[t->name],
                               xfsm_footprint_table(
                                   xfsm_image_key_words(&image, t->key),
                                   xfsm_footprint_value(t->is_text),
                                   t->size));
        }
    }
    sum += print_bytes(path, "state table", "",
                       xfsm_footprint_table(xfsm_image_longest_key(&image),
                                            XFSM_STATE_RECORD,
                                            image.header->state_size));
    print_bytes(path, image.n_classes ? "timers and the rest" : "the rest",
                "", total > sum ? total - sum : 0);
}
