/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/compiler.h"

#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "controller/tool.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/base/base64.h"
#include "xfsm/program/image.h"

/* A text, of jobs that still need it. */
struct text {
    char *source;
    size_t n_users;
};

struct job {
    char *key;                  /* In 'jobs', see make_key(). */
    bool asked;                 /* Since xfsm_compiler_begin(). */

    /* While it waits in 'queue', or runs in 'running'. */
    bool pending;
    struct ovs_list node;
    char **argv;
    char digest[XFSM_SIGNATURE_DIGEST_SIZE];    /* Of its text. */
    bool keeps_image;
    struct xfsm_tool *tool;     /* Or NULL: it waits. */

    /* What came of it. */
    char *image;
    char image_digest[XFSM_SIGNATURE_DIGEST_SIZE];
    char *error;
    long long int retry_at;     /* In ms, or LLONG_MAX. */
};

struct xfsm_compiler {
    char *tool;
    struct shash jobs;          /* Of struct job. */
    struct shash texts;         /* Of struct text, by their digests. */
    struct ovs_list queue;
    struct ovs_list running;
    size_t n_running;
    unsigned long long int n_started;
};

struct xfsm_compiler *
xfsm_compiler_create(const char *tool)
{
    struct xfsm_compiler *c = xzalloc(sizeof *c);

    c->tool = xstrdup(tool);
    shash_init(&c->jobs);
    shash_init(&c->texts);
    ovs_list_init(&c->queue);
    ovs_list_init(&c->running);
    return c;
}

/* ## Texts ## */

static void
use_text(struct xfsm_compiler *c, const char *digest, const char *source)
{
    struct text *text = shash_find_data(&c->texts, digest);

    if (!text) {
        text = xzalloc(sizeof *text);
        text->source = xstrdup(source);
        shash_add(&c->texts, digest, text);
    }
    text->n_users++;
}

static void
leave_text(struct xfsm_compiler *c, const char *digest)
{
    struct text *text = shash_find_data(&c->texts, digest);

    if (!--text->n_users) {
        shash_find_and_delete(&c->texts, digest);
        free(text->source);
        free(text);
    }
}

/* ## Jobs ## */

/* What the compiler is run with, ending in NULL.  The strings are the
 * result's own. */
static char **
make_argv(const char *tool, const struct xfsm_fleet_program *program)
{
    const char *const fixed[] = {
        tool, "compile", "--name", program->name, "-o", "-"
    };
    char **argv = xcalloc(ARRAY_SIZE(fixed)
                          + smap_count(&program->parameters) + 2,
                          sizeof *argv);
    const struct smap_node **nodes = smap_sort(&program->parameters);
    size_t n;

    for (n = 0; n < ARRAY_SIZE(fixed); n++) {
        argv[n] = xstrdup(fixed[n]);
    }
    for (size_t i = 0; i < smap_count(&program->parameters); i++) {
        argv[n++] = xasprintf("--param=%s=%s", nodes[i]->key,
                              nodes[i]->value);
    }
    argv[n] = xstrdup("-");
    free(nodes);
    return argv;
}

static void
free_argv(char **argv)
{
    for (size_t i = 0; argv && argv[i]; i++) {
        free(argv[i]);
    }
    free(argv);
}

/* Returns the digest and the arguments, each with its length: whatever they
 * have in them, two that differ make two keys. */
static char *
make_key(const char *digest, char *const argv[])
{
    struct ds key = DS_EMPTY_INITIALIZER;

    ds_put_cstr(&key, digest);
    for (size_t i = 0; argv[i]; i++) {
        ds_put_format(&key, " %"PRIuSIZE":%s", strlen(argv[i]), argv[i]);
    }
    return ds_steal_cstr(&key);
}

/* Has 'job' end to be pending. */
static void
end_job(struct xfsm_compiler *c, struct job *job)
{
    ovs_list_remove(&job->node);
    leave_text(c, job->digest);
    job->pending = false;
    c->n_running -= job->tool != NULL;
    job->tool = NULL;
}

static void
destroy_job(struct xfsm_compiler *c, struct job *job)
{
    if (job->tool) {
        struct ds out = DS_EMPTY_INITIALIZER;
        bool retry;

        free(xfsm_tool_finish(job->tool, &out, &retry));
        ds_destroy(&out);
    }
    if (job->pending) {
        end_job(c, job);
    }
    shash_find_and_delete(&c->jobs, job->key);
    free_argv(job->argv);
    free(job->key);
    free(job->image);
    free(job->error);
    free(job);
}

void
xfsm_compiler_destroy(struct xfsm_compiler *c)
{
    if (c) {
        struct shash_node *node;

        SHASH_FOR_EACH_SAFE (node, &c->jobs) {
            destroy_job(c, node->data);
        }
        shash_destroy(&c->jobs);
        shash_destroy(&c->texts);
        free(c->tool);
        free(c);
    }
}

/* Puts 'job' at the end of the queue. */
static void
enqueue(struct xfsm_compiler *c, struct job *job, const char *source)
{
    use_text(c, job->digest, source);
    ovs_list_push_back(&c->queue, &job->node);
    job->pending = true;
    job->retry_at = LLONG_MAX;
    free(job->error);
    job->error = NULL;
}

/* ## Asking ## */

void
xfsm_compiler_begin(struct xfsm_compiler *c)
{
    const struct shash_node *node;

    SHASH_FOR_EACH (node, &c->jobs) {
        struct job *job = node->data;

        job->asked = false;
    }
}

/* Returns the job for 'program', a new one if need be, or NULL if there are
 * too many. */
static struct job *
get_job(struct xfsm_compiler *c, const struct xfsm_fleet_program *program)
{
    char **argv = make_argv(c->tool, program);
    char *key = make_key(program->source_digest, argv);
    struct job *job = shash_find_data(&c->jobs, key);

    if (job || shash_count(&c->jobs) >= XFSM_COMPILER_MAX) {
        free_argv(argv);
        free(key);
        return job;
    }
    job = xzalloc(sizeof *job);
    job->key = key;
    job->argv = argv;
    job->keeps_image = smap_is_empty(&program->parameters);
    ovs_strzcpy(job->digest, program->source_digest, sizeof job->digest);
    shash_add(&c->jobs, key, job);
    enqueue(c, job, program->source);
    return job;
}

bool
xfsm_compiler_get(struct xfsm_compiler *c, struct xfsm_fleet_program *program)
{
    struct job *job = get_job(c, program);

    if (!job) {
        program->error = xasprintf("waits for some of %d others to be "
                                   "compiled", XFSM_COMPILER_MAX);
        program->retry = true;
        return true;
    }
    job->asked = true;
    if (!job->pending && job->retry_at <= time_msec()) {
        enqueue(c, job, program->source);
    }
    if (job->pending) {
        return false;
    }
    program->retry = job->retry_at != LLONG_MAX;
    program->error = nullable_xstrdup(job->error);
    program->image = nullable_xstrdup(job->image);
    ovs_strzcpy(program->image_digest, job->image_digest,
                sizeof program->image_digest);
    return true;
}

void
xfsm_compiler_end(struct xfsm_compiler *c)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &c->jobs) {
        struct job *job = node->data;

        if (!job->asked) {
            destroy_job(c, job);
        }
    }
}

/* ## Compiling ## */

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

/* Notes what came of 'job', and has it be pending no more. */
static void
settle(struct xfsm_compiler *c, struct job *job, const struct ds *image,
       char *error, bool retry)
{
    job->error = error;
    job->retry_at = (error && retry ? time_msec() + XFSM_COMPILER_RETRY
                     : LLONG_MAX);
    if (!error) {
        job->image = (job->keeps_image
                      ? encode_base64(image->string, image->length)
                      : xstrdup(""));
        xfsm_signature_digest(image->string, image->length,
                              job->image_digest);
    }
    end_job(c, job);
}

/* Starts the job that has waited longest. */
static void
start_next(struct xfsm_compiler *c)
{
    struct job *job = CONTAINER_OF(ovs_list_front(&c->queue), struct job,
                                   node);
    const struct text *text = shash_find_data(&c->texts, job->digest);
    char *error;

    job->tool = xfsm_tool_start(job->argv, text->source, NULL,
                                XFSM_MAX_IMAGE_BYTES, &error);
    c->n_started++;
    if (job->tool) {
        ovs_list_remove(&job->node);
        ovs_list_push_back(&c->running, &job->node);
        c->n_running++;
    } else {
        settle(c, job, NULL, error, true);
    }
}

static void
finish(struct xfsm_compiler *c, struct job *job)
{
    struct ds image = DS_EMPTY_INITIALIZER;
    bool retry;
    char *error = xfsm_tool_finish(job->tool, &image, &retry);

    ds_cstr(&image);            /* Has it have a string. */
    settle(c, job, &image, error, retry);
    ds_destroy(&image);
}

bool
xfsm_compiler_run(struct xfsm_compiler *c)
{
    bool changed = false;
    struct job *job;

    LIST_FOR_EACH_SAFE (job, node, &c->running) {
        if (xfsm_tool_poll(job->tool)) {
            finish(c, job);
            changed = true;
        }
    }
    if (!ovs_list_is_empty(&c->queue) && c->n_running < XFSM_COMPILER_RUNS) {
        size_t n = c->n_running;

        start_next(c);
        changed |= c->n_running == n;
    }
    return changed;
}

void
xfsm_compiler_wait(const struct xfsm_compiler *c)
{
    const struct job *job;

    LIST_FOR_EACH (job, node, &c->running) {
        xfsm_tool_wait(job->tool);
    }
    if (!ovs_list_is_empty(&c->queue) && c->n_running < XFSM_COMPILER_RUNS) {
        poll_immediate_wake();
    }
}

size_t
xfsm_compiler_n_pending(const struct xfsm_compiler *c)
{
    return ovs_list_size(&c->queue) + c->n_running;
}

size_t
xfsm_compiler_n_running(const struct xfsm_compiler *c)
{
    return c->n_running;
}

unsigned long long int
xfsm_compiler_n_started(const struct xfsm_compiler *c)
{
    return c->n_started;
}
