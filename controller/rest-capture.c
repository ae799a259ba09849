/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/rest-capture.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "controller/rest-call.h"
#include "controller/rest-tool.h"
#include "controller/tool.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "smap.h"
#include "svec.h"
#include "unicode.h"
#include "util.h"
#include "xfsm/program/image.h"

#define STRINGIZE(X) #X
#define TO_STRING(X) STRINGIZE(X)

/* One more than is told, which tells that there are more. */
#define MAX_EVENTS_AND_ONE 1001
BUILD_ASSERT_DECL(MAX_EVENTS_AND_ONE == XFSM_REST_MAX_TEST_EVENTS + 1);

/* F(NAME, MAX): fields of the form, bytes of each. */
#define FIELDS(F) \
    F(capture, XFSM_REST_MAX_CAPTURE) \
    F(source, XFSM_MAX_SOURCE_BYTES) \
    F(program, 127) \
    F(version, 20) \
    F(parameters, XFSM_REST_MAX_TEST_PARAMETERS_BYTES)

struct form {
#define FORM_MEMBER(NAME, MAX) struct ds NAME; bool has_##NAME;
    FIELDS(FORM_MEMBER)
#undef FORM_MEMBER
    const char *too_long;       /* Name of a field that is. */
};

static void
destroy_form(struct form *form)
{
#define DESTROY_MEMBER(NAME, MAX) ds_destroy(&form->NAME);
    FIELDS(DESTROY_MEMBER)
#undef DESTROY_MEMBER
}

static bool
take_field(void *form_, const char *name, const char *data, size_t len)
{
    struct form *form = form_;

#define TAKE_FIELD(NAME, MAX) \
    if (!strcmp(name, #NAME)) { \
        form->has_##NAME = true; \
        if (form->NAME.length + len > (MAX)) { \
            form->too_long = #NAME; \
            return false; \
        } \
        ds_put_buffer(&form->NAME, data, len); \
        return true; \
    }
    FIELDS(TAKE_FIELD)
#undef TAKE_FIELD
    return false;
}

static void
refuse_form(struct xfsm_rest_call *call, const struct form *form)
{
    if (form->too_long) {
        xfsm_rest_problem(call, MHD_HTTP_CONTENT_TOO_LARGE, "Body too large",
                          "%s is too long: a capture has %d bytes at most, a "
                          "program %d, parameters %d", form->too_long,
                          XFSM_REST_MAX_CAPTURE, XFSM_MAX_SOURCE_BYTES,
                          XFSM_REST_MAX_TEST_PARAMETERS_BYTES);
    } else {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad body",
                          "the body must be a form, multipart/form-data, with "
                          "the file \"capture\", and either \"source\", or "
                          "\"program\" and perhaps \"version\"; "
                          "\"parameters\" is an object of strings, %d at most",
                          XFSM_REST_MAX_TEST_PARAMETERS);
    }
}

/* Tells whether 'ds' is text in UTF-8 without null bytes. */
static bool
is_text(struct ds *ds)
{
    size_t length;
    char *error = NULL;
    bool ok = ds->length && strlen(ds_cstr(ds)) == ds->length;

    if (ok) {
        error = utf8_validate(ds_cstr(ds), &length);
        ok = !error;
        free(error);
    }
    return ok;
}

/* Answers with the events, one a line. */
static void
tested(struct xfsm_rest_call *call, const char *source OVS_UNUSED,
       const struct ds *out, const char *said OVS_UNUSED,
       const char *error, bool retry)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    const char *line = ds_cstr_ro(out);
    const char *end;
    size_t n = 0;

    if (error) {
        xfsm_rest_problem(call, retry ? MHD_HTTP_SERVICE_UNAVAILABLE
                                      : MHD_HTTP_UNPROCESSABLE_CONTENT,
                          "Not run to its end", "%s", error);
        return;
    }
    ds_put_cstr(&ds, "{\"events\":[");
    while ((end = strchr(line, '\n')) && n < XFSM_REST_MAX_TEST_EVENTS) {
        ds_put_format(&ds, "%s%.*s", n++ ? "," : "", (int) (end - line),
                      line);
        line = end + 1;
    }
    ds_put_format(&ds, "],\"truncated\":%s}", end ? "true" : "false");
    xfsm_rest_reply_text(call, MHD_HTTP_OK, ds_cstr(&ds), ds.length);
    ds_destroy(&ds);
}

/* Reads the parameters, if there are any, as "NAME=VALUE".  Returns false
 * after answering that they are none. */
static bool
read_parameters(struct xfsm_rest_call *call, struct form *form,
                struct svec *parameters)
{
    struct smap map = SMAP_INITIALIZER(&map);
    const struct smap_node *node;
    struct json *json;
    bool ok = false;
    char *error;

    if (!form->has_parameters) {
        return true;
    } else if (is_text(&form->parameters)) {
        json = json_from_string(ds_cstr(&form->parameters));
        error = xfsm_rest_take_map(json, &map);
        ok = !error && smap_count(&map) <= XFSM_REST_MAX_TEST_PARAMETERS;
        free(error);
        json_destroy(json);
    }
    SMAP_FOR_EACH (node, &map) {
        svec_add_nocopy(parameters, xasprintf("%s=%s", node->key,
                                              node->value));
    }
    svec_sort(parameters);
    smap_destroy(&map);
    if (!ok) {
        refuse_form(call, form);
    }
    return ok;
}

static void
run(struct xfsm_rest_call *call, struct form *form, const char *source)
{
    static const char *const start[] = {
        NULL, "run", "--quiet", "--max-events", TO_STRING(MAX_EVENTS_AND_ONE),
        "--port", "capture", "--pcap", XFSM_TOOL_FILE,
    };
    const char *argv[ARRAY_SIZE(start) + 2 * XFSM_REST_MAX_TEST_PARAMETERS
                     + 2];
    const struct xfsm_tool_file file = {
        ds_cstr_ro(&form->capture), form->capture.length,
    };
    struct svec parameters = SVEC_EMPTY_INITIALIZER;
    size_t n = ARRAY_SIZE(start);
    const char *parameter;
    size_t i;

    if (read_parameters(call, form, &parameters)) {
        memcpy(argv, start, sizeof start);
        SVEC_FOR_EACH (i, parameter, &parameters) {
            argv[n++] = "--param";
            argv[n++] = parameter;
        }
        argv[n++] = "-";
        argv[n] = NULL;
        xfsm_rest_tool_file(call, argv, source, &file,
                            XFSM_REST_MAX_TEST_BYTES, tested);
    }
    svec_destroy(&parameters);
}

/* Runs a version that is there. */
static void
run_stored(struct xfsm_rest_call *call, struct form *form)
{
    unsigned long long int version = 0;
    const char *source;

    if (form->has_version
        && (!is_text(&form->version)
            || !str_to_ullong(ds_cstr(&form->version), 10, &version)
            || version > INT64_MAX)) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad body",
                          "version must be a number");
        return;
    }
    source = xfsm_rest_find_source(call, ds_cstr(&form->program),
                                   form->has_version, version);
    if (source) {
        run(call, form, source);
    } else if (!call->request->answered) {
        xfsm_rest_problem(call, MHD_HTTP_NOT_FOUND, "Not found",
                          "there is no such program or version");
    }
}

void
xfsm_rest_test_program(struct xfsm_rest_call *call)
{
    struct form form;

    memset(&form, 0, sizeof form);
    if (!xfsm_http_read_form(call->request, take_field, &form)
        || !form.capture.length || form.has_source == form.has_program
        || (form.has_version && !form.has_program)
        || !is_text(form.has_source ? &form.source : &form.program)) {
        refuse_form(call, &form);
    } else if (form.has_source) {
        run(call, &form, ds_cstr(&form.source));
    } else {
        run_stored(call, &form);
    }
    destroy_form(&form);
}
