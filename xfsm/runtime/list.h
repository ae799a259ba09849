/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_LIST_H
#define XFSM_RUNTIME_LIST_H 1

/* Entries of a list of keys (topk.h), as events tell them:
 *
 *     {"key":{"ip_src":"10.0.0.1","dst_port":443},"count":1500,"error":0}
 *     10.0.0.1-443(1500)
 *
 * in JSON and in text.  The sketch has the words of a key and no names: these,
 * and how to read the words, come from the shape of the metric's keys, which
 * has no text in it (image.h).
 *
 * Internal to the engine.  Functions here are pure. */

#include <stddef.h>

#include "xfsm/program/image.h"
#include "xfsm/sketch/topk.h"

/* A buffer of this size takes any entry. */
#define XFSM_LIST_ENTRY_MAX 1024

/* Writes 'hitter', whose key has the shape of key 'key' of the image, at
 * 'buf', not terminated, and returns its length. */
size_t xfsm_list_format_json(const struct xfsm_image *, uint16_t key,
                             const struct xfsm_topk_hitter *hitter,
                             char buf[XFSM_LIST_ENTRY_MAX]);
size_t xfsm_list_format_text(const struct xfsm_image *, uint16_t key,
                             const struct xfsm_topk_hitter *hitter,
                             char buf[XFSM_LIST_ENTRY_MAX]);

#endif /* xfsm/runtime/list.h */
