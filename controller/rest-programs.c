/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "controller/fleetd.h"
#include "controller/rest-call.h"
#include "controller/rest-db.h"
#include "controller/rest-tenants.h"
#include "controller/rest-tool.h"
#include "controller/rollout.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "util.h"
#include "xfsm/program/image.h"

/* Drawings that are kept, and bytes of one at most. */
#define MAX_DRAWINGS 32
#define MAX_DRAWING_BYTES (2 * 1024 * 1024)

/* A program, by either source; strings are borrowed. */
struct version {
    int64_t version;            /* 0 in a file. */
    const char *source;
    const char *state;          /* "" if it was not decided yet. */
    const char *error;          /* Or NULL. */
    const char *digest;
    const char *source_digest;
    const char *signature;
    int64_t since;
    const struct smap *options; /* Or NULL. */
};

static void
from_row(const struct fleetrec_program *row, struct version *v)
{
    *v = (struct version) {
        .version = row->version,
        .source = row->source,
        .state = row->state ? row->state : "",
        .error = row->error,
        .digest = row->digest,
        .source_digest = row->source_digest,
        .signature = row->signature,
        .since = row->n_since ? row->since[0] : 0,
        .options = &row->options,
    };
}

static int
compare_newest_first(const void *a_, const void *b_)
{
    const struct version *a = a_;
    const struct version *b = b_;

    return (a->version < b->version) - (a->version > b->version);
}

/* Finds the versions of the program named 'name', newest first.  Returns how
 * many there are, 0 also after answering that they are not known; the caller
 * frees '*versionsp'. */
static size_t
find_versions(struct xfsm_rest_call *call, const char *name,
              struct version **versionsp)
{
    const struct xfsm_fleet *fleet = call->rest->ctl->fleet;
    const struct xfsm_fleet_program *program;
    struct version *versions = NULL;
    size_t n = 0, allocated = 0;

    if (!xfsm_rest_may_see_program(call, name)) {
        *versionsp = NULL;
        return 0;
    }
    if (call->rest->db) {
        const struct fleetrec_program *row;
        struct ovsdb_idl *idl = xfsm_rest_db_rows(call);

        if (idl) {
            FLEETREC_PROGRAM_FOR_EACH (row, idl) {
                if (!strcmp(row->name, name)) {
                    if (n >= allocated) {
                        versions = x2nrealloc(versions, &allocated,
                                              sizeof *versions);
                    }
                    from_row(row, &versions[n++]);
                }
            }
        }
    } else {
        program = fleet ? shash_find_data(&fleet->programs, name) : NULL;
        if (program) {
            versions = xzalloc(sizeof *versions);
            versions[n++] = (struct version) {
                .source = program->source, .state = "active",
                .error = program->error, .signature = "",
                .digest = program->image_digest,
                .source_digest = program->source_digest,
            };
        }
    }
    if (n) {
        qsort(versions, n, sizeof *versions, compare_newest_first);
    }
    *versionsp = versions;
    return n;
}

/* What is told of a version.  How its roll-out failed names hosts, so it is
 * not for tenants. */
static struct json *
build_version(const struct xfsm_rest_call *call, const char *name,
              const struct version *v)
{
    bool untold = call->tenant[0] && !strcmp(v->state, "rolled-back");
    struct json *json = json_object_create();

    json_object_put_string(json, "name", name);
    json_object_put(json, "version", json_integer_create(v->version));
    json_object_put_string(json, "state", v->state);
    json_object_put_string(json, "digest", v->digest);
    json_object_put_string(json, "source_digest", v->source_digest);
    json_object_put_string(json, "signature", v->signature);
    if (v->error && !untold) {
        json_object_put_string(json, "error", v->error);
    }
    if (v->since) {
        json_object_put(json, "since", json_integer_create(v->since));
    }
    json_object_put(json, "options", v->options
                    ? xfsm_rest_smap_to_json(v->options)
                    : json_object_create());
    return json;
}

/* The newest version of a program, and how many there are. */
static struct json *
build_program(struct xfsm_rest_call *call, const char *name,
              const void *item OVS_UNUSED)
{
    struct version *versions;
    size_t n = find_versions(call, name, &versions);
    struct json *json = n ? build_version(call, name, &versions[0])
                        : json_object_create();

    json_object_put(json, "versions", json_integer_create(n));
    free(versions);
    return json;
}

void
xfsm_rest_get_programs(struct xfsm_rest_call *call)
{
    const struct xfsm_fleet *fleet = call->rest->ctl->fleet;
    const struct fleetrec_program *row;
    const struct shash_node *node;
    struct shash items = SHASH_INITIALIZER(&items);

    if (call->rest->db) {
        struct ovsdb_idl *idl = xfsm_rest_db_rows(call);

        if (!idl) {
            return;
        }
        FLEETREC_PROGRAM_FOR_EACH (row, idl) {
            if (xfsm_rest_may_see_program(call, row->name)) {
                shash_replace(&items, row->name, row);
            }
        }
    } else if (fleet) {
        SHASH_FOR_EACH (node, &fleet->programs) {
            shash_add(&items, node->name, node->data);
        }
    }
    xfsm_rest_reply_page(call, &items, build_program);
}

static char *
make_etag(const struct version *v)
{
    char *text = xasprintf("%"PRId64" %s", v->version, v->source);
    char *etag = xfsm_rest_make_etag(text);

    free(text);
    return etag;
}

const char *
xfsm_rest_find_source(struct xfsm_rest_call *call, const char *name,
                      bool has_version, uint64_t version)
{
    struct version *versions;
    size_t n = find_versions(call, name, &versions);
    const char *source = NULL;
    size_t i;

    for (i = 0; i < n && !source; i++) {
        if (!has_version || (uint64_t) versions[i].version == version) {
            source = versions[i].source;
        }
    }
    free(versions);
    return source;
}

/* Finds the version that the parameter "version" says, or the newest.  Returns
 * false after answering that there is none. */
static bool
find_version(struct xfsm_rest_call *call, struct version *v)
{
    struct version *versions;
    size_t n = find_versions(call, call->name, &versions);
    uint64_t wanted = n ? versions[0].version : 0;
    bool found = false;
    size_t i;

    if (n && xfsm_rest_query_number(call, "version", 0, INT64_MAX,
                                    &wanted)) {
        for (i = 0; i < n && !found; i++) {
            *v = versions[i];
            found = (uint64_t) v->version == wanted;
        }
    }
    free(versions);
    if (!found) {
        xfsm_rest_not_found(call);
    }
    return found;
}

void
xfsm_rest_get_program(struct xfsm_rest_call *call)
{
    struct version v;
    char *etag;

    if (find_version(call, &v)) {
        etag = make_etag(&v);
        xfsm_rest_reply_tagged(call, build_program(call, call->name, NULL),
                               etag);
        free(etag);
    }
}

void
xfsm_rest_get_versions(struct xfsm_rest_call *call)
{
    struct json *list = json_array_create_empty();
    struct json *json = json_object_create();
    struct version *versions;
    size_t n = find_versions(call, call->name, &versions);
    size_t i;

    for (i = 0; i < n; i++) {
        json_array_add(list, build_version(call, call->name,
                                           &versions[i]));
    }
    free(versions);
    json_object_put(json, "items", list);
    json_object_put(json, "total", json_integer_create(n));
    if (n) {
        xfsm_rest_reply_json(call, MHD_HTTP_OK, json);
    } else {
        json_destroy(json);
        xfsm_rest_not_found(call);
    }
}

void
xfsm_rest_get_source(struct xfsm_rest_call *call)
{
    struct version v;
    char *etag;

    if (find_version(call, &v)) {
        etag = make_etag(&v);
        xfsm_http_add_header(call->request, "ETag", etag);
        xfsm_http_add_header(call->request, "Cache-Control", "no-store");
        xfsm_http_add_header(call->request, "X-Content-Type-Options",
                             "nosniff");
        xfsm_http_reply(call->request, MHD_HTTP_OK,
                        "application/xml; charset=utf-8", v.source,
                        strlen(v.source));
        free(etag);
    }
}

/* ## The toolbox ## */

/* What a run of the toolbox that failed is answered with. */
static unsigned int
error_status(bool retry)
{
    return retry ? MHD_HTTP_SERVICE_UNAVAILABLE
                 : MHD_HTTP_UNPROCESSABLE_CONTENT;
}

/* The body, if it can be a program.  Returns NULL after answering. */
static const char *
get_program_text(struct xfsm_rest_call *call)
{
    const char *text = xfsm_rest_body_text(call);

    if (text && (!text[0] || strlen(text) > XFSM_MAX_SOURCE_BYTES)) {
        xfsm_rest_problem(call, text[0] ? MHD_HTTP_CONTENT_TOO_LARGE
                                        : MHD_HTTP_BAD_REQUEST,
                          "Bad body", "a program has 1 to %d bytes",
                          XFSM_MAX_SOURCE_BYTES);
        return NULL;
    }
    return text;
}

static void
validated(struct xfsm_rest_call *call, const char *source OVS_UNUSED,
          const struct ds *out OVS_UNUSED, const char *said,
          const char *error, bool retry)
{
    struct json *json;

    if (error && retry) {
        xfsm_rest_problem(call, MHD_HTTP_SERVICE_UNAVAILABLE,
                          "Not validated", "%s", error);
    } else {
        json = json_object_create();
        json_object_put(json, "valid", json_boolean_create(!error));
        json_object_put_string(json, "diagnostics", error ? error : said);
        xfsm_rest_reply_json(call, MHD_HTTP_OK, json);
    }
}

void
xfsm_rest_validate(struct xfsm_rest_call *call)
{
    const char *argv[] = { NULL, "compile", "--lint", "--name", "validated",
                           "-o", "-", "-", NULL };
    const char *text = get_program_text(call);

    if (text) {
        xfsm_rest_tool(call, argv, text, XFSM_MAX_IMAGE_BYTES, validated);
    }
}

static void
reply_drawing(struct xfsm_rest_call *call, const char *svg)
{
    xfsm_http_add_header(call->request, "Content-Security-Policy",
                         "default-src 'none'; sandbox");
    xfsm_http_add_header(call->request, "X-Content-Type-Options", "nosniff");
    xfsm_http_add_header(call->request, "Cache-Control", "no-store");
    xfsm_http_reply(call->request, MHD_HTTP_OK, "image/svg+xml", svg,
                    strlen(svg));
}

static void
drawn(struct xfsm_rest_call *call, const char *source, const struct ds *out,
      const char *said OVS_UNUSED, const char *error, bool retry)
{
    struct shash *drawings = &call->rest->drawings;

    if (error) {
        xfsm_rest_problem(call, error_status(retry), "No drawing", "%s",
                          error);
        return;
    }
    reply_drawing(call, ds_cstr_ro(out));
    if (shash_count(drawings) >= MAX_DRAWINGS) {
        shash_clear_free_data(drawings);
    }
    if (!shash_find(drawings, source)) {
        shash_add(drawings, source, xstrdup(ds_cstr_ro(out)));
    }
}

void
xfsm_rest_get_graph(struct xfsm_rest_call *call)
{
    const char *argv[] = { NULL, "graph", "-", NULL };
    struct version v;
    const char *svg;

    if (find_version(call, &v)) {
        svg = shash_find_data(&call->rest->drawings, v.source);
        if (svg) {
            reply_drawing(call, svg);
        } else {
            xfsm_rest_tool(call, argv, v.source, MAX_DRAWING_BYTES, drawn);
        }
    }
}

/* ## Writing ## */

/* Reads the options of the roll-out, parameters of the query, into 'options'.
 * Returns false after answering what is wrong. */
static bool
read_options(struct xfsm_rest_call *call, struct smap *options)
{
#define OPTION_NAME(KEY, MEMBER, DEFAULT, MIN, MAX) KEY,
    static const char *const names[] = { XFSM_ROLLOUT_OPTIONS(OPTION_NAME) };
#undef OPTION_NAME
    const struct smap none = SMAP_INITIALIZER(&none);
    struct xfsm_rollout_options values;
    char *error;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(names); i++) {
        const char *value = xfsm_http_query(call->request, names[i]);

        if (value) {
            smap_add(options, names[i], value);
        }
    }
    error = xfsm_rollout_read_options(options, &none, &values);
    if (error) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad parameter", "%s",
                          error);
        free(error);
        return false;
    }
    return true;
}

static void
insert_version(struct xfsm_rest_call *call, const char *text, int64_t number,
               const struct smap *options)
{
    struct ovsdb_idl_txn *txn = xfsm_rest_db_begin(call);
    struct version v = { .version = number, .source = text };
    const struct fleetrec_program *row;
    char *etag;

    if (txn) {
        row = fleetrec_program_insert(txn);
        fleetrec_program_set_name(row, call->name);
        fleetrec_program_set_version(row, number);
        fleetrec_program_set_source(row, text);
        fleetrec_program_set_options(row, options);
        snprintf(call->detail, sizeof call->detail, "version %"PRId64,
                 number);
        etag = make_etag(&v);
        xfsm_rest_db_commit(call, txn, MHD_HTTP_CREATED, etag,
                            "put program");
        free(etag);
    }
}

/* Finds the number of the version that the request makes.  Returns 0 after
 * answering that it must not, since the one before is another than the user
 * knows. */
static int64_t
get_next_version(struct xfsm_rest_call *call)
{
    struct version *versions;
    size_t n = find_versions(call, call->name, &versions);
    char *etag = n ? make_etag(&versions[0]) : NULL;
    bool ok = !call->request->answered && xfsm_rest_may_write(call, etag);
    int64_t next = !ok ? 0 : n ? versions[0].version + 1 : 1;

    free(etag);
    free(versions);
    return next;
}

/* Writes the program, which was compiled meanwhile. */
static void
compiled(struct xfsm_rest_call *call, const char *source,
         const struct ds *out OVS_UNUSED, const char *said OVS_UNUSED,
         const char *error, bool retry)
{
    struct smap options = SMAP_INITIALIZER(&options);
    int64_t next;

    if (error) {
        xfsm_rest_problem(call, error_status(retry), "Not a valid program",
                          "%s", error);
    } else {
        next = get_next_version(call);
        if (next && read_options(call, &options)) {
            insert_version(call, source, next, &options);
        }
    }
    smap_destroy(&options);
}

void
xfsm_rest_put_source(struct xfsm_rest_call *call)
{
    const char *argv[] = { NULL, "compile", "--name", call->name, "-o", "-",
                           "-", NULL };
    const char *text = get_program_text(call);
    struct smap options = SMAP_INITIALIZER(&options);
    char *error;
    bool ok;

    if (!text) {
        return;
    }
    if (!call->rest->db) {
        xfsm_rest_db_begin(call);
        return;
    }
    ok = read_options(call, &options);
    smap_destroy(&options);
    if (!ok) {
        return;
    }
    error = xfsm_fleet_check_program_name(call->name);
    if (error) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad name", "%s",
                          error);
        free(error);
    } else if (get_next_version(call)) {
        xfsm_rest_tool(call, argv, text, XFSM_MAX_IMAGE_BYTES, compiled);
    }
}
