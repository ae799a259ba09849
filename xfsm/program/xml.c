/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/xml.h"

#include <string.h>

#include "xfsm/program/xml-load.h"

/* Tells the dialect from the root; 0 after reporting that it is none. */
static int
find_dialect(struct xfsm_load *load)
{
    static const char roots[] = "botstream streamon xfsm";
    char buf[XFSM_MAX_NAME + 1];
    struct xfsm_nearest nearest;
    const char *name = load->root->name;

    if (!strcmp(name, "xfsm")) {
        return 2;
    } else if (xfsm_names_in_list(roots, name, strlen(name))) {
        return 1;
    }
    xfsm_nearest_init(&nearest, name, strlen(name));
    xfsm_nearest_offer_list(&nearest, roots, buf, sizeof buf);
    xfsm_load_at(load, load->root);
    LOAD_ERROR(load, "<%s> is not the root of a program; it is <botstream>, "
               "<streamon> or <xfsm>%s%s%s", name,
               nearest.best ? "; did you mean <" : "",
               nearest.best ? nearest.best : "", nearest.best ? ">?" : "");
    return 0;
}

/* Sets what the root element says of the program as a whole. */
static void
load_root(struct xfsm_load *load, const char *name)
{
    struct xfsm_program *program = load->parse.program;
    const char *own;

    program->name = xfsm_arena_strdup(load->arena, name);
    program->version = "";
    program->description = "";
    if (load->parse.dialect == 1) {
        return;
    }
    own = xfsm_load_attr(load, load->root, "name");
    if (own && !xfsm_names_is_label(own)) {
        LOAD_ERROR(load, "\"%.*s\" is not a name; it takes letters, digits, "
                   "\"_\", \"-\" and \".\", at most %d",
                   xfsm_parse_excerpt(strlen(own)), own, XFSM_MAX_NAME);
    } else if (own) {
        program->name = xfsm_arena_strdup(load->arena, own);
    }
    program->version = xfsm_load_attr_copy(load, load->root, "version",
                                           XFSM_MAX_NAME);
    program->description = xfsm_load_attr_copy(load, load->root,
                                               "description", XFSM_MAX_TEXT);
}

struct xfsm_program *
xfsm_xml_load(const char *text, size_t len, const char *name,
              struct xfsm_diags *diags)
{
    return xfsm_xml_load_params(text, len, name, NULL, 0, diags);
}

struct xfsm_program *
xfsm_xml_load_params(const char *text, size_t len, const char *name,
                     const struct xfsm_setting *settings, size_t n,
                     struct xfsm_diags *diags)
{
    struct xfsm_arena *arena = xfsm_arena_create();
    struct xfsm_arena *scratch = xfsm_arena_create();
    struct xfsm_program *program = xfsm_arena_alloc(arena, sizeof *program);
    size_t n_errors = diags->n_errors;
    struct xfsm_load load = {
        .parse = { .program = program, .diags = diags }, .arena = arena,
        .settings = settings, .n_settings = n,
    };

    program->arena = arena;
    load.root = xfsm_xml_parse(text, len, scratch, diags);
    if (load.root) {
        load.parse.dialect = find_dialect(&load);
    }
    if (load.parse.dialect) {
        load_root(&load, name);
        xfsm_load_check(&load);
        xfsm_load_declarations(&load);
        xfsm_load_events(&load);
        xfsm_load_tests(&load);
        xfsm_load_review(&load);
    }
    xfsm_arena_destroy(scratch);
    if (diags->n_errors > n_errors) {
        xfsm_arena_destroy(arena);
        return NULL;
    }
    return program;
}
