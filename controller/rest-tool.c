/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/rest-tool.h"

#include <microhttpd.h>
#include <stdlib.h>

#include "controller/fleetd.h"
#include "controller/rest-call.h"
#include "controller/tool.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/list.h"
#include "util.h"

struct job {
    struct ovs_list node;
    struct xfsm_rest_call *call;
    struct xfsm_tool *tool;
    bool has_file;
    char *source;
    void (*done)(struct xfsm_rest_call *, const char *source,
                 const struct ds *out, const char *said, const char *error,
                 bool retry);
};

void
xfsm_rest_tool(struct xfsm_rest_call *call, const char *argv[],
               const char *source, size_t max_out,
               void (*done)(struct xfsm_rest_call *, const char *source,
                            const struct ds *out, const char *said,
                            const char *error, bool retry))
{
    xfsm_rest_tool_file(call, argv, source, NULL, max_out, done);
}

/* Tells whether there is room for one more run.  Returns false after answering
 * that there is none. */
static bool
has_room(struct xfsm_rest_call *call, bool has_file)
{
    struct xfsm_rest *rest = call->rest;
    const struct job *job;
    size_t n_files = 0, n_tenants = 0;

    LIST_FOR_EACH (job, node, &rest->jobs) {
        n_files += job->has_file;
        n_tenants += job->call->tenant[0] != '\0';
    }
    if (ovs_list_size(&rest->jobs) >= XFSM_REST_TOOL_MAX
        || (has_file && n_files >= XFSM_REST_TOOL_MAX_FILES)
        || (call->tenant[0] && n_tenants >= XFSM_REST_TOOL_TENANTS)) {
        rest->refused_jobs++;
        xfsm_http_add_header(call->request, "Retry-After", "1");
        xfsm_rest_problem(call, MHD_HTTP_SERVICE_UNAVAILABLE, "Busy",
                          "as many programs are being %s already as can be",
                          has_file ? "tested" : "looked at");
        return false;
    }
    return true;
}

void
xfsm_rest_tool_file(struct xfsm_rest_call *call, const char *argv[],
                    const char *source, const struct xfsm_tool_file *file,
                    size_t max_out,
                    void (*done)(struct xfsm_rest_call *, const char *source,
                                 const struct ds *out, const char *said,
                                 const char *error, bool retry))
{
    struct xfsm_rest *rest = call->rest;
    struct xfsm_tool *tool;
    struct job *job;
    char *error;

    if (!has_room(call, file != NULL)) {
        return;
    }
    argv[0] = rest->ctl->tool;
    tool = xfsm_tool_start((char **) argv, source, file, max_out, &error);
    if (!tool) {
        xfsm_rest_problem(call, MHD_HTTP_SERVICE_UNAVAILABLE, "No toolbox",
                          "%s", error);
        free(error);
        return;
    }
    job = xzalloc(sizeof *job);
    job->call = call;
    job->tool = tool;
    job->has_file = file != NULL;
    job->source = xstrdup(source);
    job->done = done;
    ovs_list_push_back(&rest->jobs, &job->node);
    xfsm_http_defer(call->request);
}

static void
free_job(struct job *job)
{
    ovs_list_remove(&job->node);
    free(job->source);
    free(job);
}

static void
finish(struct job *job)
{
    struct ds out = DS_EMPTY_INITIALIZER;
    char *said = xstrdup(xfsm_tool_said(job->tool));
    bool retry;
    char *error = xfsm_tool_finish(job->tool, &out, &retry);

    job->done(job->call, job->source, &out, said, error, retry);
    free(error);
    free(said);
    ds_destroy(&out);
    free_job(job);
}

void
xfsm_rest_tool_run(struct xfsm_rest *rest)
{
    struct job *job;

    LIST_FOR_EACH_SAFE (job, node, &rest->jobs) {
        if (xfsm_tool_poll(job->tool)) {
            finish(job);
        }
    }
}

void
xfsm_rest_tool_wait(const struct xfsm_rest *rest)
{
    const struct job *job;

    LIST_FOR_EACH (job, node, &rest->jobs) {
        xfsm_tool_wait(job->tool);
    }
}

void
xfsm_rest_tool_stop(struct xfsm_rest *rest)
{
    struct ds out = DS_EMPTY_INITIALIZER;
    struct job *job;
    bool retry;

    LIST_FOR_EACH_SAFE (job, node, &rest->jobs) {
        free(xfsm_tool_finish(job->tool, &out, &retry));
        xfsm_rest_problem(job->call, MHD_HTTP_SERVICE_UNAVAILABLE,
                          "Stopping", "the controller is stopping");
        free_job(job);
    }
    ds_destroy(&out);
}
