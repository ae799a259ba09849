/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/programs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "controller/compiler.h"
#include "controller/parameters.h"
#include "openvswitch/dynamic-string.h"
#include "unicode.h"
#include "util.h"
#include "xfsm/program/image.h"

/* Checks that 'text' can be a program and a string of OVSDB. */
static char *
check_text(struct ds *text)
{
    size_t length;
    char *error;

    if (!text->length) {
        return xstrdup("is empty");
    } else if (text->length > XFSM_MAX_SOURCE_BYTES) {
        return xasprintf("is longer than the %d bytes that a program can "
                         "have", XFSM_MAX_SOURCE_BYTES);
    } else if (strlen(ds_cstr(text)) != text->length) {
        return xstrdup("is no text: it has a null byte");
    }
    error = utf8_validate(ds_cstr(text), &length);
    if (error) {
        free(error);
        return xstrdup("is not in UTF-8, the one encoding that a database "
                       "takes; iconv(1) converts it");
    }
    return NULL;
}

/* Reads the file at 'path' into '*textp'. */
static char *
read_source(const char *path, char **textp)
{
    struct ds text = DS_EMPTY_INITIALIZER;
    struct stat st;
    char buffer[16384];
    FILE *stream;
    char *error;
    int retval;
    size_t n;

    stream = fopen(path, "re");
    if (!stream) {
        return xasprintf("cannot open the file (%s)", ovs_strerror(errno));
    }
    if (!fstat(fileno(stream), &st) && !S_ISREG(st.st_mode)) {
        fclose(stream);
        return xstrdup("is no file");
    }
    while (text.length <= XFSM_MAX_SOURCE_BYTES
           && (n = fread(buffer, 1, sizeof buffer, stream)) > 0) {
        ds_put_buffer(&text, buffer, n);
    }
    retval = ferror(stream) ? errno : 0;
    fclose(stream);
    error = retval ? xasprintf("cannot read the file (%s)",
                               ovs_strerror(retval)) : check_text(&text);
    if (!error) {
        *textp = ds_steal_cstr(&text);
    }
    ds_destroy(&text);
    return error;
}

/* Returns what 'old', which may be NULL, has as 'key' with the same text and
 * parameters as 'program', or NULL. */
static const struct xfsm_fleet_program *
find_same(const struct shash *old, const char *key,
          const struct xfsm_fleet_program *program)
{
    const struct xfsm_fleet_program *p
        = old ? shash_find_data(old, key) : NULL;

    while (p && (!p->source || strcmp(p->source, program->source)
                 || !smap_equal(&p->parameters, &program->parameters))) {
        p = p->older;
    }
    return p;
}

/* Fills in the image of 'program', or an error.  Returns false if it is being
 * compiled as yet. */
static bool
make_image(struct xfsm_fleet_program *program, const struct shash *old,
           const char *key, struct xfsm_compiler *compiler)
{
    const struct xfsm_fleet_program *same = find_same(old, key, program);

    if (same) {
        ovs_strzcpy(program->source_digest, same->source_digest,
                    sizeof program->source_digest);
    } else {
        xfsm_signature_digest(program->source, strlen(program->source),
                              program->source_digest);
    }
    if (same && same->image) {
        program->image = xstrdup(same->image);
        ovs_strzcpy(program->image_digest, same->image_digest,
                    sizeof program->image_digest);
        return true;
    } else if (same && same->error && !same->retry) {
        program->error = xstrdup(same->error);
        return true;
    }
    return xfsm_compiler_get(compiler, program);
}

/* Appends an error about 'program', which is described in 'folder'. */
static void
put_error(const struct xfsm_fleet_program *program, const char *folder,
          const char *error, struct ds *errors)
{
    char *path = abs_file_name(folder, program->path);

    ds_put_format(errors, "/programs/%s: %s: %s\n", program->name, path,
                  error);
    ds_chomp(errors, '\n');
    ds_put_char(errors, '\n');
    free(path);
}

/* Returns 'errors' without the newline at their end, or NULL if there are
 * none. */
static char *
steal_errors(struct ds *errors)
{
    ds_chomp(errors, '\n');
    if (!errors->length) {
        ds_destroy(errors);
        return NULL;
    }
    return ds_steal_cstr(errors);
}

char *
xfsm_fleet_read_sources(struct xfsm_fleet *fleet, const char *folder)
{
    const struct shash_node **nodes = shash_sort(&fleet->programs);
    struct ds errors = DS_EMPTY_INITIALIZER;
    size_t i;

    for (i = 0; i < shash_count(&fleet->programs); i++) {
        struct xfsm_fleet_program *program = nodes[i]->data;
        char *path = abs_file_name(folder, program->path);
        char *error = read_source(path, &program->source);

        if (error) {
            put_error(program, folder, error, &errors);
        }
        free(error);
        free(path);
    }
    free(nodes);
    return steal_errors(&errors);
}

/* Compiles those of 'programs' that have neither an error nor an image. */
static size_t
compile_all(struct shash *programs, const struct shash *old,
            struct xfsm_compiler *compiler)
{
    const struct shash_node *node;
    size_t n = 0;

    SHASH_FOR_EACH (node, programs) {
        struct xfsm_fleet_program *program;

        for (program = node->data; program; program = program->older) {
            program->pending = (!program->error && !program->image
                                && !make_image(program, old, node->name,
                                               compiler));
            n += program->pending;
        }
    }
    return n;
}

size_t
xfsm_fleet_compile_programs(struct xfsm_fleet *fleet,
                            const struct xfsm_fleet *old,
                            struct xfsm_compiler *compiler)
{
    return compile_all(&fleet->programs, old ? &old->programs : NULL,
                       compiler);
}

size_t
xfsm_fleet_compile_variants(struct xfsm_fleet *fleet,
                            const struct xfsm_fleet *old,
                            struct xfsm_compiler *compiler)
{
    return compile_all(&fleet->variants, old ? &old->variants : NULL,
                       compiler);
}

void
xfsm_fleet_hold_pending(struct shash *programs)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, programs) {
        struct xfsm_fleet_program *program;

        for (program = node->data; program; program = program->older) {
            if (program->pending) {
                program->error = xstrdup("is being compiled");
                program->retry = true;
            }
        }
    }
}

/* Appends the errors of programs, or if there are none, those of what the
 * parameters of assignments make of them. */
static void
put_errors(struct xfsm_fleet *fleet, const char *folder, struct ds *errors)
{
    const struct shash_node **nodes = shash_sort(&fleet->programs);
    size_t i;

    for (i = 0; i < shash_count(&fleet->programs); i++) {
        const struct xfsm_fleet_program *program = nodes[i]->data;

        if (program->error) {
            put_error(program, folder, program->error, errors);
        }
    }
    free(nodes);
    if (errors->length) {
        return;
    }
    xfsm_fleet_judge_variants(fleet);
    nodes = shash_sort(&fleet->assignments);
    for (i = 0; i < shash_count(&fleet->assignments); i++) {
        const struct xfsm_fleet_assignment *assignment = nodes[i]->data;

        if (assignment->error) {
            ds_put_format(errors, "assignment %s: %s\n", assignment->name,
                          assignment->error);
        }
    }
    free(nodes);
}

bool
xfsm_fleet_compile(struct xfsm_fleet *fleet, const struct xfsm_fleet *old,
                   struct xfsm_compiler *compiler, const char *folder,
                   char **errorp)
{
    struct ds errors = DS_EMPTY_INITIALIZER;
    size_t n;

    xfsm_compiler_begin(compiler);
    n = xfsm_fleet_compile_programs(fleet, old, compiler);
    if (!n && shash_is_empty(&fleet->variants)) {
        xfsm_fleet_add_variants(fleet);
    }
    n += xfsm_fleet_compile_variants(fleet, old, compiler);
    xfsm_compiler_end(compiler);
    if (!n) {
        put_errors(fleet, folder, &errors);
        *errorp = steal_errors(&errors);
    }
    return !n;
}
