/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_RUNTIME_INSPECT_PRIVATE_H
#define XFSM_RUNTIME_INSPECT_PRIVATE_H 1

/* What the parts of introspection share: inspect-parse.c reads keys,
 * inspect-key.c builds and writes them, inspect-values.c tells what a key's
 * metrics, features and timers are, inspect.c walks the state table and the
 * history.
 *
 * Internal to the engine.  Thread-safety: none. */

#include "xfsm/runtime/exec.h"
#include "xfsm/runtime/inspect.h"

/* Longest text of a key, terminator included: each field with its name. */
#define XFSM_KEY_TEXT_MAX (XFSM_MAX_KEY_FIELDS * (XFSM_FIELD_TEXT_MAX + 32))

/* Ways to cut "a-b-c" into values that are tried. */
#define XFSM_KEY_PARSE_TRIES 4096

/* A key that someone asks for. */
struct xfsm_key_query {
    struct xfsm_packet packet;  /* The fields given.  Its text is the
                                 * caller's. */
    struct xfsm_fieldset digested;      /* Of these only the digest is known:
                                         * they are present with no text. */
    uint64_t digests[XFSM_N_FIELDS][2];
    uint16_t spec;              /* The primary key; XFSM_NONE: the program's
                                 * own. */
    struct xfsm_key_value key;
};

/* The 'i'th field of key 'spec'. */
static inline unsigned int
xfsm_inspect_field(const struct xfsm_instance *p, uint16_t spec,
                   unsigned int i)
{
    return p->image.field_ids[p->image.keys[spec].fields[i]];
}

/* Reads 'text', which must outlive '*query'.  Returns NULL, or an error that
 * the caller frees and that says where it is wrong and what was expected. */
char *xfsm_query_parse(const struct xfsm_instance *, const char *text,
                       struct xfsm_key_query *query);

/* Builds key 'spec' from the fields of the query; false if one is missing. */
bool xfsm_query_key(const struct xfsm_instance *,
                    const struct xfsm_key_query *, uint16_t spec,
                    struct xfsm_key_value *);

/* The query as event 'event' sees it: an event whose primary key has other
 * fields but the same values is about the same key, and reads it from these
 * fields.  Stores it in '*seen'; false if the event has another key. */
bool xfsm_query_for_event(const struct xfsm_instance *,
                          const struct xfsm_key_query *, uint16_t event,
                          struct xfsm_key_query *seen);

/* Writes key 'spec' of the query, whose fields are there, and returns the
 * length. */
size_t xfsm_query_format(const struct xfsm_instance *,
                         const struct xfsm_key_query *, uint16_t spec,
                         char text[XFSM_KEY_TEXT_MAX]);

/* Writes the 'n' words of a key of the state table; 'spec' is which key they
 * were built as, if that is known, else XFSM_NONE. */
size_t xfsm_key_words_format(const struct xfsm_instance *,
                             const uint64_t *words, unsigned int n,
                             uint16_t spec, char text[XFSM_KEY_TEXT_MAX]);

/* As xfsm_engine_walk(), _dump() and _why(). */
bool xfsm_inspect_walk(const struct xfsm_instance *, const struct xfsm_clock *,
                       uint16_t state, uint64_t *cursor, size_t n,
                       bool (*cb)(const struct xfsm_flow *, void *aux),
                       void *aux);
void xfsm_inspect_values(struct xfsm_exec *, struct xfsm_instance *,
                         const struct xfsm_key_query *,
                         void (*cb)(const struct xfsm_fact *, void *aux),
                         void *aux);
void xfsm_inspect_why(const struct xfsm_instance *, const struct xfsm_clock *,
                      const struct xfsm_key_query *,
                      bool (*cb)(const struct xfsm_step *, void *aux),
                      void *aux);

/* The record of the state of 'key', or NULL in the default state. */
const struct xfsm_state_entry *xfsm_inspect_entry(
    const struct xfsm_instance *, const struct xfsm_key_value *key);

/* If 'state', entered at 'since', has a timeout, stores the time left and the
 * state after it and returns true. */
bool xfsm_inspect_left(const struct xfsm_instance *,
                       const struct xfsm_clock *, uint16_t state,
                       uint64_t since, int64_t *left, const char **next);

#endif /* xfsm/runtime/inspect-private.h */
