/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "utilities/xfsm.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xfsm/engine.h"
#include "xfsm/io/capture.h"
#include "xfsm/program/compile.h"
#include "xfsm/program/xml.h"

/* Packets asked of the capture at once. */
#define BATCH 64

/* Time that goes on behind the last packet, in ns, as in "xfsm run". */
#define LINGER UINT64_C(10000000000)

/* Events of a test that failed that are shown. */
#define SHOWN_MAX 10

/* Folder of data for tests; captures are in "captures" there. */
#define SHARED_DATA_ENV "XFSM_SHARED_DATA"

struct tester {
    const char *captures;       /* --captures, or NULL. */
    bool strict;                /* --strict. */
    int n;                      /* Tests so far... */
    int n_failed, n_skipped;    /* ...and of them. */
};

/* One test that runs. */
struct run {
    const struct xfsm_program *program;
    const struct xfsm_test *test;
    uint64_t seen[XFSM_MAX_EXPECTS];    /* Events, by expectation. */
    FILE *shown;                /* Lines about the first events. */
    int n_shown;
    uint64_t n_events;
};

static void
print_help(void)
{
    puts("xfsm test: run the tests that programs carry\n"
         "usage: xfsm test [OPTION]... PROGRAM...\n\n"
         "Each <test> of a program names a capture and the events that the\n"
         "program must publish, or must not, on it.  The capture is looked\n"
         "for beside the program, then in the folder of captures, then in\n"
         "$" SHARED_DATA_ENV "/captures.  Output is TAP.\n\n"
         "  --captures FOLDER  the folder of captures\n"
         "  --strict           a test without its capture fails\n"
         "  -h, --help         print this\n\n"
         "Exit status: 0 if no test failed (those without a capture are\n"
         "skipped), else 1.");
}

/* ## Results ## */

static void
print_result(struct tester *tester, bool ok, const char *program,
             const char *test, const char *directive)
{
    tester->n++;
    tester->n_failed += !ok;
    printf("%sok %d - %s", ok ? "" : "not ", tester->n, program);
    if (*test) {
        fputs(": ", stdout);
    }
    for (; *test; test++) {
        /* "#" would begin a directive. */
        putchar(*test == '#' || (unsigned char) *test < ' ' ? '_' : *test);
    }
    printf("%s\n", directive);
}

/* Prints 'text' as comments. */
static void
print_comment(const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");

        printf("# %.*s\n", (int) n, text);
        text += n + (text[n] == '\n');
    }
}

/* ## Events ## */

/* Writes the values of the primary key as expectations name them. */
static void
format_key(const struct xfsm_event *event, char *buf, size_t size)
{
    size_t len = 0;
    int i;

    for (i = 0; i < event->n_key_fields; i++) {
        char text[XFSM_FIELD_TEXT_MAX];
        size_t n = xfsm_event_format_key(event, i, text, sizeof text);

        if (len + n + 2 < size) {
            if (i) {
                buf[len++] = '-';
            }
            memcpy(buf + len, text, n);
            len += n;
        }
    }
    buf[len] = '\0';
}

static bool
matches(const struct run *run, const struct xfsm_expect *expect,
        const struct xfsm_event *event, const char *key)
{
    return !strcmp(expect->label, event->label)
           && (expect->state == XFSM_NONE
               || !strcmp(run->program->states[expect->state].name,
                          event->state))
           && (!*expect->key || !strcmp(expect->key, key));
}

static void
on_event(const struct xfsm_event *event, void *aux)
{
    char key[XFSM_MAX_KEY_FIELDS * (XFSM_FIELD_TEXT_MAX + 1) + 1];
    struct run *run = aux;
    int i;

    if (strcmp(event->program, run->program->name)) {
        return;                 /* Of a program that runs beside it. */
    }

    format_key(event, key, sizeof key);
    for (i = 0; i < run->test->n_expects; i++) {
        run->seen[i] += matches(run, &run->test->expects[i], event, key);
    }
    run->n_events++;
    if (run->n_shown < SHOWN_MAX) {
        char json[XFSM_EVENT_JSON_MAX];
        const struct xfsm_identity nobody = {
            .host = "", .bridge = "", .port = "",
        };

        run->n_shown++;
        xfsm_event_format_json(event, &nobody, json, sizeof json);
        fprintf(run->shown, "key \"%s\": %s\n", key, json);
    }
}

/* ## Running ## */

/* Runs the packets of 'capture' and a while of silence. */
static void
run_packets(struct xfsm_engine *engine, struct xfsm_capture *capture)
{
    struct xfsm_packet packets[BATCH];
    uint64_t last = 0;
    int n, i;

    while ((n = xfsm_capture_next_batch(capture, packets, BATCH)) > 0) {
        for (i = 0; i < n; i++) {
            last = packets[i].ts > last ? packets[i].ts : last;
        }
        xfsm_engine_run(engine, packets, n);
    }
    if (last) {
        xfsm_engine_advance(engine, last + LINGER);
    }
    xfsm_engine_stop(engine);
}

/* Loads program 'name', that beside the document at 'beside' before one of
 * the library, into 'engine'.  Returns an error or NULL. */
static char *
load_companion(struct xfsm_engine *engine, const char *beside,
               const char *name)
{
    const char *slash = strrchr(beside, '/');
    struct xfsm_document doc;
    struct xfsm_diags diags;
    void *image = NULL;
    char *path, *error;
    size_t len;

    if (asprintf(&path, "%.*s%s.xml", slash ? (int) (slash + 1 - beside) : 0,
                 beside, name) < 0) {
        abort();
    }
    error = xfsm_document_read(access(path, R_OK) ? name : path, &doc);
    free(path);
    if (error) {
        return error;
    }
    xfsm_diags_init(&diags, doc.path);
    if (xfsm_document_is_image(&doc)) {
        error = xfsm_engine_load(engine, doc.data, doc.len);
    } else if (xfsm_compile_xml(doc.data, doc.len, doc.name, &diags, &image,
                                &len)) {
        error = xfsm_engine_load(engine, image, len);
    } else {
        error = xfsm_diags_format(&diags, XFSM_DIAG_ERROR);
    }
    xfsm_diags_destroy(&diags);
    xfsm_document_destroy(&doc);
    free(image);
    return error;
}

/* Loads the programs that the test names. */
static char *
load_companions(const struct run *run, struct xfsm_engine *engine,
                const char *beside)
{
    char *list = strdup(run->test->with), *next = list, *name;
    char *error = NULL;

    if (!list) {
        abort();
    }
    while (!error && (name = strsep(&next, " ")) != NULL) {
        if (*name) {
            error = load_companion(engine, beside, name);
        }
    }
    free(list);
    return error;
}

/* Runs 'image', of the document at 'beside', on the capture 'path'.  Returns
 * an error or NULL. */
static char *
run_image(struct run *run, const void *image, size_t len, const char *beside,
          const char *path)
{
    const struct xfsm_engine_options options = {
        .identity = { .host = "", .bridge = "", .port = "" },
        .emit = on_event,
        .aux = run,
    };
    struct xfsm_capture *capture = NULL;
    struct xfsm_engine *engine = NULL;
    char *error;

    error = xfsm_engine_create(&options, &engine);
    error = error ? error : load_companions(run, engine, beside);
    error = error ? error : xfsm_engine_load(engine, image, len);
    error = error ? error : xfsm_capture_open(path, &capture);
    if (!error) {
        run_packets(engine, capture);
        if (xfsm_capture_error(capture)) {
            error = strdup(xfsm_capture_error(capture));
        }
    }
    xfsm_capture_close(capture);
    xfsm_engine_destroy(engine);
    return error;
}

/* Writes what was expected and did not come, or came, to 'out'.  Returns
 * whether all was as expected. */
static bool
judge(const struct run *run, FILE *out)
{
    bool ok = true;
    int i;

    for (i = 0; i < run->test->n_expects; i++) {
        const struct xfsm_expect *e = &run->test->expects[i];

        if (run->seen[i] >= e->min && run->seen[i] <= e->max) {
            continue;
        }
        ok = false;
        fprintf(out, "line %d: ", e->line);
        if (e->max == UINT64_MAX) {
            fprintf(out, "at least %"PRIu64, e->min);
        } else {
            fprintf(out, "%"PRIu64, e->min);
        }
        fprintf(out, " \"%s\"", e->label);
        if (e->state != XFSM_NONE) {
            fprintf(out, " in state \"%s\"",
                    run->program->states[e->state].name);
        }
        if (*e->key) {
            fprintf(out, " of key \"%s\"", e->key);
        }
        fprintf(out, " expected, %"PRIu64" came\n", run->seen[i]);
    }
    if (!ok) {
        fprintf(out, "%"PRIu64" events in all%s\n", run->n_events,
                run->n_events ? ", the first of them:" : "");
    }
    return ok;
}

/* Compiles the program of 'doc' as 'run->test' sets it and runs it on the
 * capture 'path'.  Stores what went wrong in '*report', which the caller
 * frees.  Returns whether the test passed. */
static bool
run_test(struct run *run, const struct xfsm_document *doc, const char *path,
         char **report)
{
    size_t len, size, shown_size;
    char *shown, *error = NULL;
    struct xfsm_diags diags;
    void *image = NULL;
    bool ok = false;
    FILE *out;

    out = open_memstream(report, &size);
    run->shown = open_memstream(&shown, &shown_size);
    if (!out || !run->shown) {
        abort();
    }
    xfsm_diags_init(&diags, doc->path);
    if (!xfsm_compile_xml_params(doc->data, doc->len, doc->name,
                                 run->test->settings, run->test->n_settings,
                                 &diags, &image, &len)) {
        error = xfsm_diags_format(&diags, XFSM_DIAG_ERROR);
    } else {
        error = run_image(run, image, len, doc->path, path);
    }
    fclose(run->shown);
    if (error) {
        fprintf(out, "%s\n", error);
    } else {
        ok = judge(run, out);
        fputs(ok ? "" : shown, out);
    }
    fclose(out);
    free(error);
    free(shown);
    free(image);
    xfsm_diags_destroy(&diags);
    return ok;
}

/* ## Captures ## */

/* Returns "FOLDER/NAME" if there is such a file, else NULL. */
static char *
try_path(const char *folder, int folder_len, const char *subfolder,
         const char *name)
{
    char *path;

    if (asprintf(&path, "%.*s%s/%s", folder_len, folder, subfolder,
                 name) < 0) {
        abort();
    }
    if (access(path, R_OK)) {
        free(path);
        return NULL;
    }
    return path;
}

/* Returns the path of capture 'name', or NULL if it is nowhere. */
static char *
find_capture(const struct tester *tester, const struct xfsm_document *doc,
             const char *name)
{
    const char *slash = strrchr(doc->path, '/');
    const char *shared = getenv(SHARED_DATA_ENV);
    char *path;

    path = slash ? try_path(doc->path, (int) (slash - doc->path), "", name)
                 : try_path(".", 1, "", name);
    if (!path && tester->captures) {
        path = try_path(tester->captures, (int) strlen(tester->captures), "",
                        name);
    }
    if (!path && shared && *shared) {
        path = try_path(shared, (int) strlen(shared), "/captures", name);
    }
    return path;
}

/* ## Programs ## */

static void
do_test(struct tester *tester, const struct xfsm_document *doc,
        const struct xfsm_program *program, const struct xfsm_test *test)
{
    struct run run = { .program = program, .test = test };
    char *path = find_capture(tester, doc, test->capture);
    char *report = NULL;
    bool ok;

    if (!path) {
        xfsm_tool_complain("%s: capture \"%s\" of test \"%s\" is not there: "
                           "%s", doc->path, test->capture, test->name,
                           tester->strict ? "failed" : "SKIPPED");
        tester->n_skipped += !tester->strict;
        print_result(tester, !tester->strict, program->name, test->name,
                     tester->strict ? "" : " # SKIP no capture");
        return;
    }
    ok = run_test(&run, doc, path, &report);
    print_result(tester, ok, program->name, test->name, "");
    print_comment(report);
    free(report);
    free(path);
}

static void
test_document(struct tester *tester, const struct xfsm_document *doc)
{
    struct xfsm_program *program;
    struct xfsm_diags diags;
    char *text;
    int i;

    xfsm_diags_init(&diags, doc->path);
    program = xfsm_xml_load(doc->data, doc->len, doc->name, &diags);
    if (!program) {
        print_result(tester, false, doc->name, "it loads", "");
        text = xfsm_diags_format(&diags, XFSM_DIAG_ERROR);
        print_comment(text);
        free(text);
    } else if (!program->n_tests) {
        print_result(tester, true, program->name, "",
                     " # SKIP it carries no tests");
        tester->n_skipped++;
    }
    for (i = 0; program && i < program->n_tests; i++) {
        do_test(tester, doc, program, &program->tests[i]);
    }
    xfsm_program_destroy(program);
    xfsm_diags_destroy(&diags);
}

static void
test_program(struct tester *tester, const char *arg)
{
    struct xfsm_document doc;
    char *error = xfsm_document_read(arg, &doc);

    if (error) {
        print_result(tester, false, arg, "it can be read", "");
        print_comment(error);
        free(error);
        return;
    }
    if (xfsm_document_is_image(&doc)) {
        print_result(tester, false, doc.name, "it has a source", "");
        print_comment("an image carries no tests; give the program's text");
    } else {
        test_document(tester, &doc);
    }
    xfsm_document_destroy(&doc);
}

int
xfsm_cmd_test(int argc, char *argv[])
{
    enum { OPT_CAPTURES = 256, OPT_STRICT };
    static const struct option options[] = {
        { "captures", required_argument, NULL, OPT_CAPTURES },
        { "strict", no_argument, NULL, OPT_STRICT },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct tester tester = { .n = 0 };
    int c;

    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (c) {
        case OPT_CAPTURES:
            tester.captures = optarg;
            break;
        case OPT_STRICT:
            tester.strict = true;
            break;
        case 'h':
            print_help();
            return XFSM_EXIT_OK;
        default:
            return xfsm_tool_bad_option();
        }
    }
    if (optind == argc) {
        return xfsm_tool_usage_error("which PROGRAM?");
    }
    for (; optind < argc; optind++) {
        test_program(&tester, argv[optind]);
    }
    printf("1..%d\n# %d passed, %d failed, %d skipped\n", tester.n,
           tester.n - tester.n_failed - tester.n_skipped, tester.n_failed,
           tester.n_skipped);
    return tester.n_failed ? XFSM_EXIT_FAILURE : XFSM_EXIT_OK;
}
