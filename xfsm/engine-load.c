/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Programs come and go. */

#include "xfsm/engine.h"

#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"
#include "xfsm/engine-private.h"
#include "xfsm/runtime/mailbox.h"
#include "xfsm/runtime/migrate.h"

void
xfsm_engine_destroy_matches(struct xfsm_match *matches)
{
    for (int i = 0; matches && i < XFSM_BATCH; i++) {
        xfsm_key_row_destroy(&matches[i].keys);
    }
    free(matches);
}

static struct xfsm_match *
create_matches(const struct xfsm_instance *p)
{
    struct xfsm_match *matches = calloc(XFSM_BATCH, sizeof *matches);

    for (int i = 0; matches && i < XFSM_BATCH; i++) {
        if (!xfsm_key_row_init(p, &matches[i].keys)) {
            xfsm_engine_destroy_matches(matches);
            return NULL;
        }
    }
    return matches;
}

void
xfsm_engine_stop_program(struct xfsm_engine *e, unsigned int i)
{
    xfsm_exec_stop(&e->exec, e->programs[i]);
    xfsm_mailbox_deliver(&e->exec);
}

static void
retire(struct xfsm_engine *e, unsigned int i)
{
    xfsm_engine_add_evictions(e->programs[i], &e->retired);
    xfsm_instance_destroy(e->programs[i]);
    xfsm_engine_destroy_matches(e->matches[i]);
}

/* Takes notice that programs came or went. */
static void
update_wants(struct xfsm_engine *e)
{
    e->exec.n_programs = e->n;
    memset(&e->wants, 0, sizeof e->wants);
    for (unsigned int i = 0; i < e->n; i++) {
        for (int j = 0; j < XFSM_FIELDSET_WORDS; j++) {
            e->wants.w[j] |= e->programs[i]->wants.w[j];
        }
    }
    e->redecode = e->n_decoded > 0;
    memset(&e->port_fields, 0, sizeof e->port_fields);
    if (e->in_port.len && xfsm_fieldset_has(&e->wants, XFSM_F_IN_PORT)) {
        xfsm_fieldset_add(&e->port_fields, XFSM_F_IN_PORT);
    }
    if (e->bridge.len && xfsm_fieldset_has(&e->wants, XFSM_F_BRIDGE)) {
        xfsm_fieldset_add(&e->port_fields, XFSM_F_BRIDGE);
    }
    e->names_port = e->port_fields.w[0] || e->port_fields.w[1];
}

unsigned int
xfsm_engine_find(const struct xfsm_engine *e, const char *name)
{
    unsigned int i = 0;

    while (i < e->n && strcmp(e->programs[i]->name, name)) {
        i++;
    }
    return i;
}

static char *
check_place(unsigned int i)
{
    return i >= XFSM_MAX_PROGRAMS
           ? xfsm_error("at most %d programs on one port", XFSM_MAX_PROGRAMS)
           : NULL;
}

/* Puts 'p' in the place of program 'i', or behind the last one. */
static void
install(struct xfsm_engine *e, unsigned int i, struct xfsm_instance *p,
        struct xfsm_match *matches)
{
    if (e->exec.options.backend == XFSM_BACKEND_AUTO) {
        xfsm_native_compile(p);
    }
    if (i < e->n) {
        retire(e, i);
    } else {
        e->n++;
    }
    e->matches[i] = matches;
    e->programs[i] = p;
    update_wants(e);
}

/* A program that was loaded, but for its place. */
struct xfsm_engine_load {
    struct xfsm_engine *engine;
    struct xfsm_instance *program;
    struct xfsm_match *matches;
    struct xfsm_instance *old;  /* Whose state it will have, or NULL. */
};

/* Allocates all that 'load' needs.  For the time in which that is planned,
 * the program has what it will have of the old one. */
static bool
prepare(struct xfsm_engine_load *load)
{
    struct xfsm_engine *e = load->engine;
    struct xfsm_instance *p = load->program;

    if (p->hears && !e->exec.mailbox) {
        e->exec.mailbox = xfsm_mailbox_create();
        if (!e->exec.mailbox) {
            return false;
        }
    }
    if (load->old) {
        xfsm_migrate_swap(p, load->old);
    }
    load->matches = xfsm_instance_prepare(p) ? create_matches(p) : NULL;
    if (load->old) {
        xfsm_migrate_swap(p, load->old);
    }
    return load->matches != NULL;
}

void
xfsm_engine_cancel(struct xfsm_engine_load *load)
{
    if (load) {
        xfsm_instance_destroy(load->program);
        xfsm_engine_destroy_matches(load->matches);
        free(load);
    }
}

char *
xfsm_engine_prepare(struct xfsm_engine *e, const void *image, size_t len,
                    bool anew, struct xfsm_engine_load **loadp)
{
    struct xfsm_engine_load *load = calloc(1, sizeof *load);
    unsigned int i;
    char *error;

    if (!load) {
        return xfsm_error("out of memory");
    }
    load->engine = e;
    error = xfsm_instance_create(image, len, &e->exec.seed, &load->program);
    if (error) {
        free(load);
        return error;
    }
    i = xfsm_engine_find(e, load->program->name);
    load->old = i < e->n && !anew ? e->programs[i] : NULL;
    error = check_place(i);
    if (!error && !prepare(load)) {
        error = xfsm_error("out of memory");
    }
    if (error) {
        xfsm_engine_cancel(load);
        return error;
    }
    *loadp = load;
    return NULL;
}

void
xfsm_engine_commit(struct xfsm_engine_load *load)
{
    struct xfsm_engine *e = load->engine;
    struct xfsm_instance *p = load->program;
    unsigned int i = xfsm_engine_find(e, p->name);

    if (i < e->n) {
        xfsm_engine_stop_program(e, i);
    }
    if (load->old) {
        xfsm_migrate_swap(p, load->old);
        xfsm_migrate_copy(p, load->old, e->exec.clock.now);
    }
    install(e, i, p, load->matches);
    free(load);
}

static char *
load_program(struct xfsm_engine *e, const void *image, size_t len, bool anew)
{
    struct xfsm_engine_load *load;
    char *error = xfsm_engine_prepare(e, image, len, anew, &load);

    if (!error) {
        xfsm_engine_commit(load);
    }
    return error;
}

char *
xfsm_engine_load(struct xfsm_engine *e, const void *image, size_t len)
{
    return load_program(e, image, len, false);
}

char *
xfsm_engine_load_anew(struct xfsm_engine *e, const void *image, size_t len)
{
    return load_program(e, image, len, true);
}

bool
xfsm_engine_unload(struct xfsm_engine *e, const char *name)
{
    unsigned int i = xfsm_engine_find(e, name);

    if (i >= e->n) {
        return false;
    }
    xfsm_engine_stop_program(e, i);
    retire(e, i);
    e->exec.next_program -= i < e->exec.next_program;
    e->n--;
    memmove(&e->programs[i], &e->programs[i + 1],
            (e->n - i) * sizeof *e->programs);
    memmove(&e->matches[i], &e->matches[i + 1],
            (e->n - i) * sizeof *e->matches);
    update_wants(e);
    return true;
}
