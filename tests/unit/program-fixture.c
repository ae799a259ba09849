/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/unit/program-fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void
format_diags(struct fixture *fx)
{
    free(fx->text);
    fx->text = xfsm_diags_format(&fx->diags, XFSM_DIAG_NOTE);
}

void
fixture_load_bytes(struct fixture *fx, const char *doc, size_t len)
{
    char *copy = malloc(len ? len : 1);

    assert_non_null(copy);
    memcpy(copy, doc, len);
    memset(fx, 0, sizeof *fx);
    xfsm_diags_init(&fx->diags, "doc");
    fx->program = xfsm_xml_load(copy, len, "doc", &fx->diags);
    free(copy);
    format_diags(fx);
    assert_true(!fx->program == (fx->diags.n_errors > 0));
}

void
fixture_load(struct fixture *fx, const char *format, ...)
{
    va_list args;
    char *doc;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert_true(n >= 0);
    doc = malloc((size_t) n + 1);
    assert_non_null(doc);
    va_start(args, format);
    vsnprintf(doc, (size_t) n + 1, format, args);
    va_end(args);
    fixture_load_bytes(fx, doc, (size_t) n);
    free(doc);
}

void
fixture_load_with(struct fixture *fx, const char *extra)
{
    fixture_load(fx,
                 "<botstream>\n"
                 "<statedef id=\"a\"/><statedef id=\"b\"/>\n"
                 "<metric name=\"m1\">\n"
                 "  <variation_detector status=\"on\"/>\n"
                 "  <variation_monitor status=\"on\" type=\"dleft\"/>\n"
                 "</metric>\n"
                 "<metric name=\"m2\">\n"
                 "  <variation_monitor status=\"on\" type=\"tewma\"/>\n"
                 "</metric>\n"
                 "<table name=\"t\" shash=\"10\"/>\n"
                 "<feature name=\"f\" body=\"m1/m2\"/>\n"
                 "<event type=\"timeout\" class=\"c\" primary-key=\"ip_src\">"
                 "<state id=\"a\">"
                 "<condition expression=\"true\"/></state></event>\n"
                 "%s\n"
                 "</botstream>\n", extra);
}

void
fixture_free(struct fixture *fx)
{
    xfsm_program_destroy(fx->program);
    xfsm_diags_destroy(&fx->diags);
    free(fx->text);
}

void
fixture_assert_loaded(const struct fixture *fx, bool clean)
{
    if (!fx->program || (clean && fx->diags.n)) {
        fail_msg("unexpected diagnostics:\n%s", fx->text);
    }
}

void
fixture_assert_error(const struct fixture *fx, int line, const char *what)
{
    size_t i;

    assert_null(fx->program);
    for (i = 0; i < fx->diags.n; i++) {
        const struct xfsm_diag *diag = &fx->diags.items[i];

        if (diag->level == XFSM_DIAG_ERROR && diag->line == line
            && strstr(diag->message, what)) {
            return;
        }
    }
    fail_msg("no error on line %d with \"%s\" in:\n%s", line, what, fx->text);
}

void
fixture_assert_says(struct fixture *fx, enum xfsm_diag_level level,
                    const char *what)
{
    size_t i;

    for (i = 0; i < fx->diags.n; i++) {
        if (fx->diags.items[i].level == level
            && strstr(fx->diags.items[i].message, what)) {
            return;
        }
    }
    format_diags(fx);
    fail_msg("nothing of level %d with \"%s\" in:\n%s", level, what,
             fx->text);
}

int
fixture_count(const struct fixture *fx, enum xfsm_diag_level level)
{
    size_t i;
    int n = 0;

    for (i = 0; i < fx->diags.n; i++) {
        n += fx->diags.items[i].level == level;
    }
    return n;
}

void
fixture_parse(struct fixture *fx, struct xfsm_parse *parse)
{
    assert_non_null(fx->program);
    fixture_clear(fx);
    memset(parse, 0, sizeof *parse);
    parse->program = fx->program;
    parse->diags = &fx->diags;
    parse->place.attr = "test";
    parse->place.line = 7;
    parse->dialect = 1;
    parse->n_features = fx->program->n_features;
}

void
fixture_clear(struct fixture *fx)
{
    xfsm_diags_destroy(&fx->diags);
    xfsm_diags_init(&fx->diags, "doc");
    format_diags(fx);
}

const char *
fixture_shared_data(void)
{
    static char folder[4096];
    const char *dir = getenv("XFSM_SHARED_DATA");
    const char *top = getenv("top_srcdir");

    if (dir) {
        snprintf(folder, sizeof folder, "%s", dir);
    } else {
        snprintf(folder, sizeof folder, "%s/../shared/data", top ? top : ".");
    }
    if (access(folder, R_OK)) {
        print_message("no shared test data in \"%s\": skipped\n", folder);
        return NULL;
    }
    return folder;
}

char *
fixture_read(const char *folder, const char *name, size_t *len)
{
    char path[4096];
    FILE *stream;
    char *buf;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    stream = fopen(path, "rb");
    if (!stream) {
        fail_msg("cannot open %s", path);
    }
    buf = malloc(XFSM_MAX_SOURCE_BYTES + 1);
    assert_non_null(buf);
    *len = fread(buf, 1, XFSM_MAX_SOURCE_BYTES + 1, stream);
    fclose(stream);
    return buf;
}
