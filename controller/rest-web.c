/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/rest-call.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* Bytes of a file at most. */
#define MAX_FILE (1024 * 1024)

/* Nothing inline, nothing from elsewhere. */
#define CSP "default-src 'none'; script-src 'self'; style-src 'self'; " \
            "img-src 'self'; connect-src 'self'; base-uri 'none'; " \
            "form-action 'none'; frame-ancestors 'none'"

/* W(PATH, FILE, TYPE): files of the dashboard.  No other is ever opened. */
#define WEB_FILES(W) \
    W("/", "index.html", "text/html; charset=utf-8") \
    W("/app.js", "app.js", "text/javascript; charset=utf-8") \
    W("/api.js", "api.js", "text/javascript; charset=utf-8") \
    W("/capture.js", "capture.js", "text/javascript; charset=utf-8") \
    W("/charts.js", "charts.js", "text/javascript; charset=utf-8") \
    W("/dom.js", "dom.js", "text/javascript; charset=utf-8") \
    W("/editor.js", "editor.js", "text/javascript; charset=utf-8") \
    W("/events.js", "events.js", "text/javascript; charset=utf-8") \
    W("/graph.js", "graph.js", "text/javascript; charset=utf-8") \
    W("/host.js", "host.js", "text/javascript; charset=utf-8") \
    W("/overview.js", "overview.js", "text/javascript; charset=utf-8") \
    W("/port.js", "port.js", "text/javascript; charset=utf-8") \
    W("/program.js", "program.js", "text/javascript; charset=utf-8") \
    W("/talkers.js", "talkers.js", "text/javascript; charset=utf-8") \
    W("/uPlot.js", "vendor/uPlot.esm.js", "text/javascript; charset=utf-8") \
    W("/uPlot.css", "vendor/uPlot.min.css", "text/css; charset=utf-8") \
    W("/assignments.js", "assignments.js", "text/javascript; charset=utf-8") \
    W("/audit.js", "audit.js", "text/javascript; charset=utf-8") \
    W("/hosts-edit.js", "hosts-edit.js", "text/javascript; charset=utf-8") \
    W("/operate.js", "operate.js", "text/javascript; charset=utf-8") \
    W("/parameters.js", "parameters.js", "text/javascript; charset=utf-8") \
    W("/probes.js", "probes.js", "text/javascript; charset=utf-8") \
    W("/rollouts.js", "rollouts.js", "text/javascript; charset=utf-8") \
    W("/ui.js", "ui.js", "text/javascript; charset=utf-8") \
    W("/users.js", "users.js", "text/javascript; charset=utf-8") \
    W("/operate.css", "operate.css", "text/css; charset=utf-8") \
    W("/style.css", "style.css", "text/css; charset=utf-8") \
    W("/icon.svg", "icon.svg", "image/svg+xml") \
    W("/api/v1/openapi.json", "openapi.json", "application/json")

struct xfsm_web_file {
    const char *type;
    char *etag;
    struct ds text;
};

static char *
load_file(struct xfsm_rest *rest, const char *folder, const char *path,
          const char *name, const char *type)
{
    char *file_name = xasprintf("%s/%s", folder, name);
    FILE *stream = fopen(file_name, "re");
    struct xfsm_web_file *file;
    char *error = NULL;
    char buffer[16384];
    size_t n;

    if (!stream) {
        error = xasprintf("cannot open %s (%s)", file_name,
                          ovs_strerror(errno));
    } else {
        file = xzalloc(sizeof *file);
        ds_init(&file->text);
        while (file->text.length < MAX_FILE
               && (n = fread(buffer, 1, sizeof buffer, stream)) > 0) {
            ds_put_buffer(&file->text, buffer, n);
        }
        fclose(stream);
        file->type = type;
        file->etag = xfsm_rest_make_etag(ds_cstr(&file->text));
        shash_add(&rest->files, path, file);
    }
    free(file_name);
    return error;
}

char *
xfsm_rest_load_files(struct xfsm_rest *rest, const char *folder)
{
    static const char *const files[][3] = {
#define WEB_FILE(PATH, FILE, TYPE) { PATH, FILE, TYPE },
        WEB_FILES(WEB_FILE)
#undef WEB_FILE
    };
    char *error = NULL;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(files) && !error; i++) {
        error = load_file(rest, folder, files[i][0], files[i][1],
                          files[i][2]);
    }
    return error;
}

void
xfsm_rest_free_files(struct xfsm_rest *rest)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &rest->files) {
        struct xfsm_web_file *file = node->data;

        ds_destroy(&file->text);
        free(file->etag);
    }
    shash_destroy_free_data(&rest->files);
}

void
xfsm_rest_get_file(struct xfsm_rest_call *call)
{
    const struct xfsm_web_file *file
        = shash_find_data(&call->rest->files, call->request->path);
    struct xfsm_http_request *request = call->request;
    const char *known = xfsm_http_header(request, "If-None-Match");
    bool same;

    if (!file) {
        xfsm_rest_not_found(call);
        return;
    }
    same = known && !strcmp(known, file->etag);
    xfsm_http_add_header(request, "Content-Security-Policy", CSP);
    xfsm_http_add_header(request, "X-Content-Type-Options", "nosniff");
    xfsm_http_add_header(request, "Referrer-Policy", "no-referrer");
    xfsm_http_add_header(request, "Cross-Origin-Opener-Policy",
                         "same-origin");
    xfsm_http_add_header(request, "Cache-Control", "no-cache");
    xfsm_http_add_header(request, "ETag", file->etag);
    xfsm_http_reply(request, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK,
                    file->type, ds_cstr_ro(&file->text),
                    same ? 0 : file->text.length);
}
