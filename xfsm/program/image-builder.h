/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_IMAGE_BUILDER_H
#define XFSM_PROGRAM_IMAGE_BUILDER_H 1

/* Growing sections that become an image (image.h).
 *
 * The compiler appends records here; equal text, fields and keys are stored
 * once.  Running past a limit of the format sets 'overflow', which the
 * compiler asks for at the end: until then indexes returned are valid for the
 * builder but may mean nothing.
 *
 * Ownership: the builder owns its memory until xfsm_builder_destroy().
 * Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>

#include "xfsm/program/image.h"

struct xfsm_builder {
    struct {
        char *data;
        size_t size;            /* Bytes of one record. */
        size_t n;               /* Records. */
        size_t allocated;       /* Records there is room for. */
    } sections[XFSM_N_SECTIONS];
    const char *overflow;       /* What there is too much of, or NULL. */
};

void xfsm_builder_init(struct xfsm_builder *);
void xfsm_builder_destroy(struct xfsm_builder *);

/* Appends 'n' zeroed records and returns the index of the first. */
uint32_t xfsm_builder_add(struct xfsm_builder *, enum xfsm_section_id,
                          size_t n);

/* Record 'index' of a section, good until the next addition to it. */
void *xfsm_builder_at(const struct xfsm_builder *, enum xfsm_section_id,
                      uint32_t index);

/* Offsets of text in the strings section. */
uint32_t xfsm_builder_string(struct xfsm_builder *, const char *);
uint32_t xfsm_builder_bytes(struct xfsm_builder *, const void *, size_t len);

/* Index of a field, a key or a prefix in its section.  An empty key is
 * XFSM_NONE. */
uint16_t xfsm_builder_field(struct xfsm_builder *, uint8_t field_id);
uint16_t xfsm_builder_key(struct xfsm_builder *, const struct xfsm_key *);
uint16_t xfsm_builder_prefix(struct xfsm_builder *, const union xfsm_addr *,
                             unsigned int bits);

/* Lays the sections out as an image under 'header', whose text members and
 * matcher length are set.  Returns the image, from malloc(). */
void *xfsm_builder_finish(const struct xfsm_builder *,
                          const struct xfsm_img_header *header, size_t *len);

#endif /* xfsm/program/image-builder.h */
