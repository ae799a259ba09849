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

#include "controller/parameters.h"
#include "controller/tool.h"
#include "openvswitch/dynamic-string.h"
#include "unicode.h"
#include "util.h"
#include "xfsm/base/base64.h"
#include "xfsm/program/image.h"

/* What the compiler is run with, ending in NULL.  The strings are the
 * result's own from 'argv[N_FIXED]' on, up to the one before the last. */
#define N_FIXED 6

static char **
make_argv(const char *tool, const struct xfsm_fleet_program *program)
{
    const char *const fixed[N_FIXED] = {
        tool, "compile", "--name", program->name, "-o", "-"
    };
    char **argv = xcalloc(N_FIXED + smap_count(&program->parameters) + 2,
                          sizeof *argv);
    const struct smap_node *node;
    size_t n;

    for (n = 0; n < N_FIXED; n++) {
        argv[n] = CONST_CAST(char *, fixed[n]);
    }
    SMAP_FOR_EACH (node, &program->parameters) {
        argv[n++] = xasprintf("--param=%s=%s", node->key, node->value);
    }
    argv[n] = CONST_CAST(char *, "-");
    return argv;
}

static void
free_argv(char **argv)
{
    size_t i;

    for (i = N_FIXED; argv[i + 1]; i++) {
        free(argv[i]);
    }
    free(argv);
}

/* Returns the 'len' bytes at 'data' in base64. */
static char *
encode_base64(const char *data, size_t len)
{
    size_t n = xfsm_base64_length(len);
    char *text = xmalloc(n + 1);

    xfsm_base64_encode(data, len, text);
    text[n] = '\0';
    return text;
}

/* Compiles the source of 'program'.  Returns NULL, or an error with the
 * compiler's diagnostics. */
static char *
compile_program(struct xfsm_fleet_program *program, const char *tool)
{
    char **argv = make_argv(tool, program);
    struct ds image = DS_EMPTY_INITIALIZER;
    char *error = xfsm_tool_run(argv, program->source, XFSM_MAX_IMAGE_BYTES,
                                &image, &program->retry);

    free_argv(argv);
    if (!error) {
        program->image = encode_base64(ds_cstr(&image), image.length);
        xfsm_signature_digest(ds_cstr(&image), image.length,
                              program->image_digest);
    }
    ds_destroy(&image);
    return error;
}

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

/* Fills in the image of 'program'.  Returns NULL or an error. */
static char *
make_image(struct xfsm_fleet_program *program, const struct shash *old,
           const char *key, const char *tool)
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
        return NULL;
    } else if (same && same->error && !same->retry) {
        return xstrdup(same->error);
    }
    return compile_program(program, tool);
}

/* Reads the source of the program of each node of 'fleet', and, with 'tool',
 * compiles it. */
static char *
load_programs(struct xfsm_fleet *fleet, const struct xfsm_fleet *old,
              const char *tool, const char *folder)
{
    const struct shash_node **nodes = shash_sort(&fleet->programs);
    size_t n = shash_count(&fleet->programs);
    struct ds errors = DS_EMPTY_INITIALIZER;
    size_t i;

    for (i = 0; i < n; i++) {
        struct xfsm_fleet_program *program = nodes[i]->data;
        char *path = abs_file_name(folder, program->path);
        char *error = read_source(path, &program->source);

        if (!error && tool) {
            error = make_image(program, old ? &old->programs : NULL,
                               program->name, tool);
        }
        if (error) {
            ds_put_format(&errors, "/programs/%s: %s: %s\n", program->name,
                          path, error);
            ds_chomp(&errors, '\n');
            ds_put_char(&errors, '\n');
            free(error);
        }
        free(path);
    }
    free(nodes);
    if (!errors.length) {
        ds_destroy(&errors);
        return NULL;
    }
    ds_chomp(&errors, '\n');
    return ds_steal_cstr(&errors);
}

char *
xfsm_fleet_read_sources(struct xfsm_fleet *fleet, const char *folder)
{
    return load_programs(fleet, NULL, NULL, folder);
}

/* Compiles those of 'programs' that have neither an error nor an image. */
static void
compile_all(struct shash *programs, const struct shash *old,
            const char *tool)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, programs) {
        struct xfsm_fleet_program *program;

        for (program = node->data; program; program = program->older) {
            if (!program->error && !program->image) {
                program->error = make_image(program, old, node->name, tool);
            }
        }
    }
}

void
xfsm_fleet_compile_sources(struct xfsm_fleet *fleet,
                           const struct xfsm_fleet *old, const char *tool)
{
    const struct shash_node *node;

    compile_all(&fleet->programs, old ? &old->programs : NULL, tool);
    compile_all(&fleet->variants, old ? &old->variants : NULL, tool);
    SHASH_FOR_EACH (node, &fleet->variants) {
        struct xfsm_fleet_program *variant = node->data;

        if (variant->image) {
            variant->image[0] = '\0';
        }
    }
}

/* Checks what the parameters of assignments make of programs.  Returns NULL
 * or lines of errors. */
static char *
check_variants(struct xfsm_fleet *fleet, const struct xfsm_fleet *old,
               const char *tool)
{
    const struct shash_node **nodes = shash_sort(&fleet->assignments);
    struct ds errors = DS_EMPTY_INITIALIZER;
    size_t i;

    xfsm_fleet_add_variants(fleet);
    xfsm_fleet_compile_sources(fleet, old, tool);
    xfsm_fleet_judge_variants(fleet);
    for (i = 0; i < shash_count(&fleet->assignments); i++) {
        const struct xfsm_fleet_assignment *assignment = nodes[i]->data;

        if (assignment->error) {
            ds_put_format(&errors, "assignment %s: %s\n", assignment->name,
                          assignment->error);
        }
    }
    free(nodes);
    ds_chomp(&errors, '\n');
    return errors.length ? ds_steal_cstr(&errors) : NULL;
}

char *
xfsm_fleet_compile(struct xfsm_fleet *fleet, const struct xfsm_fleet *old,
                   const char *tool, const char *folder)
{
    char *error = load_programs(fleet, old, tool, folder);

    return error ? error : check_variants(fleet, old, tool);
}
