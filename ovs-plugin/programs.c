/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/programs-private.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/ipc.h"
#include "ovs-plugin/program-keys.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/base/base64.h"
#include "xfsm/io/releases.h"
#include "xfsm/io/signature.h"

VLOG_DEFINE_THIS_MODULE(programs);

#define SUFFIX ".xml"

/* How often to look whether a file of the library changed. */
#define LIBRARY_MS 1000

struct xfsm_programs *
xfsm_programs_create(const char *tool, const char *dir, uid_t uid, gid_t gid)
{
    struct xfsm_programs *ps = xzalloc(sizeof *ps);

    ps->tool = xstrdup(tool);
    ps->dir = xstrdup(dir);
    ps->uid = uid;
    ps->gid = gid;
    shash_init(&ps->programs);
    ovs_list_init(&ps->queue);
    xfsm_child_init(&ps->compiler, "compiler");
    ps->compiler.output = &ps->output;
    ps->compiler.max_output = XFSM_PROGRAMS_MAX_DIAGNOSTICS;
    ds_init(&ps->output);
    ps->out_fd = -1;
    return ps;
}

/* Returns NULL if 'name' can name a program, or a constant reason why not. */
static const char *
check_name(const char *name)
{
    size_t n = strlen(name);
    size_t i;

    if (!n) {
        return "the name of a program is missing";
    } else if (n > XFSM_PROGRAMS_MAX_NAME) {
        return "the name of a program is too long";
    }
    for (i = 0; i < n; i++) {
        unsigned char c = name[i];

        if (!isalnum(c) && (!i || !strchr("_.-", c))) {
            return "the name of a program is made of letters, digits and, "
                   "not first, '_', '.' and '-'";
        }
    }
    return NULL;
}

/* No name has a space. */
static char *
make_key(const char *name, const char *params)
{
    return xasprintf("%s%s%s", name, params[0] ? " " : "", params);
}

static struct program *
find_program(const struct xfsm_programs *ps, const char *name,
             const char *params)
{
    char *key = make_key(name, params);
    struct program *p = shash_find_data(&ps->programs, key);

    free(key);
    return p;
}

static struct program *
add_program(struct xfsm_programs *ps, const char *name, const char *params)
{
    struct program *p = xzalloc(sizeof *p);

    p->key = make_key(name, params);
    p->name = xstrdup(name);
    p->params = xstrdup(params);
    p->image_fd = -1;
    p->retry_at = LLONG_MAX;
    p->diagnostics = xstrdup("");
    p->source = xstrdup("");
    shash_add(&ps->programs, p->key, p);
    return p;
}

static void
drop_image(struct program *p)
{
    if (p->image_fd >= 0) {
        close(p->image_fd);
        p->image_fd = -1;
    }
}

static void
dequeue(struct program *p)
{
    if (p->queued) {
        ovs_list_remove(&p->node);
        p->queued = false;
    }
}

static void
destroy_program(struct xfsm_programs *ps, struct program *p)
{
    dequeue(p);
    drop_image(p);
    if (ps->compiling == p) {
        ps->compiling = NULL;
        xfsm_child_kill(&ps->compiler, SIGKILL);
    }
    shash_find_and_delete(&ps->programs, p->key);
    free(p->key);
    free(p->name);
    free(p->params);
    free(p->text);
    free(p->source);
    free(p->error);
    free(p->diagnostics);
    free(p);
}

void
xfsm_programs_destroy(struct xfsm_programs *ps)
{
    if (ps) {
        struct shash_node *node;

        SHASH_FOR_EACH_SAFE (node, &ps->programs) {
            destroy_program(ps, node->data);
        }
        shash_destroy(&ps->programs);
        xfsm_child_destroy(&ps->compiler);
        if (ps->out_fd >= 0) {
            close(ps->out_fd);
        }
        ds_destroy(&ps->output);
        xfsm_signature_keys_destroy(ps->keys);
        xfsm_releases_destroy(ps->releases);
        free(ps->tool);
        free(ps->dir);
        free(ps);
    }
}

void
programs_set_outcome(struct xfsm_programs *ps, struct program *p, char *error,
                     char *diagnostics)
{
    free(p->error);
    free(p->diagnostics);
    p->error = error;
    p->diagnostics = diagnostics ? diagnostics : xstrdup(error ? error : "");
    p->retry_at = LLONG_MAX;
    ps->changed = true;
    if (error) {
        VLOG_WARN("program %s: %s", p->key, error);
    } else {
        VLOG_INFO("program %s: ready", p->key);
    }
}

void
programs_set_image(struct xfsm_programs *ps, struct program *p, int fd)
{
    drop_image(p);
    p->image_fd = fd;
    p->serial = ++ps->serial;
}

static void
enqueue(struct xfsm_programs *ps, struct program *p)
{
    if (ps->compiling == p) {
        /* Of an earlier text: its outcome is not wanted any more. */
        ps->compiling = NULL;
        xfsm_child_kill(&ps->compiler, SIGKILL);
    }
    if (!p->queued) {
        p->queued = true;
        ovs_list_push_back(&ps->queue, &p->node);
        ps->changed = true;
    }
    p->retry_at = LLONG_MAX;
}

static void
decode_image(struct xfsm_programs *ps, struct program *p)
{
    char *error, *text;
    int error_no = 0;
    void *image;
    size_t len;
    int fd;

    dequeue(p);
    text = xfsm_base64_decode(p->text, &image, &len);
    if (text) {
        error = xasprintf("column \"image\": %s", text);
        free(text);
        programs_set_outcome(ps, p, error, NULL);
        return;
    }
    if (!len || len > XFSM_PROGRAMS_MAX_IMAGE) {
        error = xasprintf("column \"image\": %"PRIuSIZE" bytes, the limit is "
                          "%d", len, XFSM_PROGRAMS_MAX_IMAGE);
    } else {
        error_no = xfsm_ipc_sealed_memfd(p->name, image, len, &fd);
        error = (error_no ? xasprintf("cannot keep the image (%s)",
                                      ovs_strerror(error_no)) : NULL);
    }
    free(image);
    if (!error) {
        programs_set_image(ps, p, fd);
    }
    programs_set_outcome(ps, p, error, NULL);
    if (error_no) {
        programs_try_later(p);
    }
}

void
xfsm_programs_begin_rows(struct xfsm_programs *ps)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &ps->programs) {
        struct program *p = node->data;

        p->marked = false;
    }
}

/* Makes 'text' the one of 'p'. */
static void
put_text(struct xfsm_programs *ps, struct program *p, enum origin origin,
         const char *text)
{
    if (p->origin == origin && !strcmp(p->text, text)) {
        return;
    }

    p->origin = origin;
    free(p->text);
    p->text = xstrdup(text);
    xfsm_backoff_reset(&p->backoff);
    if (check_name(p->name)) {
        programs_set_outcome(ps, p, xstrdup(check_name(p->name)), NULL);
    } else if (origin == REFUSED) {
        dequeue(p);
        ps->n_refused += !p->params[0];
        programs_set_outcome(ps, p, xstrdup(text), NULL);
    } else if (origin == FROM_IMAGE && p->params[0]) {
        dequeue(p);
        programs_set_outcome(ps, p,
                             xasprintf("parameters %s cannot be set: the row "
                                       "has an image, whose parameters were "
                                       "set when it was compiled, and no "
                                       "source", p->params), NULL);
    } else if (origin == FROM_IMAGE) {
        decode_image(ps, p);
    } else if (!text[0]) {
        dequeue(p);
        programs_set_outcome(ps, p, xstrdup("the row has neither source nor "
                                            "image"), NULL);
    } else {
        enqueue(ps, p);
    }
}

void
xfsm_programs_set_keys(struct xfsm_programs *ps,
                       struct xfsm_signature_keys *keys,
                       struct xfsm_releases *releases)
{
    ps->keys = keys;
    ps->releases = releases;
}

struct xfsm_releases *
xfsm_programs_releases(struct xfsm_programs *ps)
{
    return ps->releases;
}

unsigned long long int
xfsm_programs_n_refused(const struct xfsm_programs *ps)
{
    return ps->n_refused;
}

void
xfsm_programs_put_row(struct xfsm_programs *ps, const char *name,
                      const char *source, const char *image,
                      const char *signature)
{
    struct program *p = shash_find_data(&ps->programs, name);
    char *refusal = xfsm_program_keys_check(ps->keys, ps->releases, name,
                                            source, image, signature);
    const char *beside = image[0] && !refusal ? source : "";

    if (!p) {
        p = add_program(ps, name, "");
    }
    p->has_row = true;
    p->marked = true;
    if (strcmp(p->source, beside)) {
        free(p->source);
        p->source = xstrdup(beside);
    }
    if (refusal) {
        put_text(ps, p, REFUSED, refusal);
        free(refusal);
    } else {
        put_text(ps, p, image[0] ? FROM_IMAGE : FROM_SOURCE,
                 image[0] ? image : source);
    }
}

char *
programs_library_path(const struct xfsm_programs *ps, const char *name)
{
    return xasprintf("%s/%s%s", ps->dir, name, SUFFIX);
}

/* Brings 'p', which has no row, up to date with the library. */
static void
look_in_library(struct xfsm_programs *ps, struct program *p)
{
    char *path;
    struct stat s;

    path = programs_library_path(ps, p->name);
    if (stat(path, &s)) {
        if (p->origin != FROM_NOWHERE || !p->error) {
            p->origin = FROM_NOWHERE;
            dequeue(p);
            drop_image(p);
            programs_set_outcome(ps, p,
                                 xasprintf("no program \"%s\" in the "
                                           "database XFSM, and %s: %s",
                                           p->name, path,
                                           ovs_strerror(errno)), NULL);
        }
    } else if (p->origin != FROM_LIBRARY
               || s.st_ino != p->file.st_ino
               || s.st_size != p->file.st_size
               || s.st_mtim.tv_sec != p->file.st_mtim.tv_sec
               || s.st_mtim.tv_nsec != p->file.st_mtim.tv_nsec) {
        p->origin = FROM_LIBRARY;
        p->file = s;
        xfsm_backoff_reset(&p->backoff);
        enqueue(ps, p);
    }
    free(path);
}

/* Brings 'p', which has no row of its own, up to date. */
static void
look_for_text(struct xfsm_programs *ps, struct program *p)
{
    const struct program *row = (p->params[0] ? find_program(ps, p->name, "")
                                 : NULL);

    if (row && row->has_row && row->source[0]) {
        put_text(ps, p, FROM_SOURCE, row->source);
    } else if (row && row->has_row) {
        put_text(ps, p, row->origin, row->text);
    } else {
        look_in_library(ps, p);
    }
}

/* Keeps what was learned of versions, before any of it runs. */
static void
save_releases(struct xfsm_programs *ps)
{
    char *error = ps->releases ? xfsm_releases_save(ps->releases) : NULL;

    if (error) {
        static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 1);

        VLOG_ERR_RL(&rl, "%s", error);
        free(error);
    }
}

void
xfsm_programs_end_rows(struct xfsm_programs *ps)
{
    struct shash_node *node;

    save_releases(ps);
    SHASH_FOR_EACH_SAFE (node, &ps->programs) {
        struct program *p = node->data;

        if (p->has_row && !p->marked) {
            destroy_program(ps, p);
            ps->changed = true;
        }
    }
    SHASH_FOR_EACH (node, &ps->programs) {
        struct program *p = node->data;

        if (p->params[0]) {
            look_for_text(ps, p);
        }
    }
}

void
xfsm_programs_begin_use(struct xfsm_programs *ps)
{
    xfsm_programs_begin_rows(ps);
}

void
xfsm_programs_use(struct xfsm_programs *ps, const char *name,
                  const char *params)
{
    struct program *p = find_program(ps, name, params);

    if (p) {
        p->marked = true;
    }
}

void
xfsm_programs_end_use(struct xfsm_programs *ps)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &ps->programs) {
        struct program *p = node->data;

        if (!p->marked && (p->params[0] || (!p->has_row && p->origin
                                            == FROM_NOWHERE))) {
            destroy_program(ps, p);
        }
    }
}

size_t
xfsm_programs_count(const struct xfsm_programs *ps)
{
    return shash_count(&ps->programs);
}

struct xfsm_agent_program
xfsm_programs_get(struct xfsm_programs *ps, const char *name,
                  const char *params)
{
    const char *bad_name = check_name(name);
    struct program *p;

    if (bad_name) {
        return (struct xfsm_agent_program) {
            .name = name, .image_fd = -1, .error = bad_name,
            .diagnostics = bad_name,
        };
    }
    p = find_program(ps, name, params);
    if (!p) {
        p = add_program(ps, name, params);
        look_for_text(ps, p);
    }
    return (struct xfsm_agent_program) {
        .name = p->name,
        .pending = p->queued || ps->compiling == p,
        .exists = p->origin != FROM_NOWHERE,
        .image_fd = p->image_fd,
        .serial = p->serial,
        .error = p->error,
        .diagnostics = p->diagnostics,
    };
}

void
xfsm_programs_list(const struct xfsm_programs *ps, struct shash *names)
{
    struct shash_node *node;
    struct dirent *entry;
    DIR *dir;

    SHASH_FOR_EACH (node, &ps->programs) {
        const struct program *p = node->data;

        if (p->has_row) {
            shash_add_once(names, p->name, "database");
        }
    }
    dir = opendir(ps->dir);
    while (dir && (entry = readdir(dir))) {
        size_t n = strlen(entry->d_name);

        if (n > strlen(SUFFIX)
            && !strcmp(&entry->d_name[n - strlen(SUFFIX)], SUFFIX)) {
            char *name = xmemdup0(entry->d_name, n - strlen(SUFFIX));

            if (!check_name(name)) {
                shash_add_once(names, name, "library");
            }
            free(name);
        }
    }
    if (dir) {
        closedir(dir);
    }
}

/* ## Running. ## */

/* Looks, once in a while, what became of all programs of the library that
 * were ever asked for. */
static void
run_library(struct xfsm_programs *ps)
{
    struct shash_node *node;

    if (time_msec() < ps->look_at) {
        return;
    }
    /* At the same time as workers are asked, see worker.h. */
    ps->look_at = ROUND_DOWN(time_msec(), LIBRARY_MS) + LIBRARY_MS;
    SHASH_FOR_EACH (node, &ps->programs) {
        struct program *p = node->data;

        if (!p->has_row) {
            look_for_text(ps, p);
        }
    }
}

bool
xfsm_programs_run(struct xfsm_programs *ps)
{
    bool changed;
    struct shash_node *node;
    int status;

    if (xfsm_child_run(&ps->compiler, &status)) {
        programs_finish_compiler(ps, status);
    }
    programs_watch_compiler(ps);
    SHASH_FOR_EACH (node, &ps->programs) {
        struct program *p = node->data;

        if (p->retry_at > time_msec()) {
            continue;
        } else if (p->origin == FROM_IMAGE) {
            decode_image(ps, p);
        } else {
            enqueue(ps, p);
        }
    }
    run_library(ps);
    while (!xfsm_child_is_running(&ps->compiler)
           && !ovs_list_is_empty(&ps->queue)) {
        struct program *p = CONTAINER_OF(ovs_list_front(&ps->queue),
                                         struct program, node);

        dequeue(p);
        programs_start_compiler(ps, p);
    }
    changed = ps->changed;
    ps->changed = false;
    return changed;
}

void
xfsm_programs_wait(struct xfsm_programs *ps)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &ps->programs) {
        const struct program *p = node->data;

        if (p->retry_at != LLONG_MAX) {
            poll_timer_wait_until(p->retry_at);
        }
    }
    if (ps->compiling) {
        poll_timer_wait_until(ps->compile_until);
    }
    if (!shash_is_empty(&ps->programs)) {
        poll_timer_wait_until(ps->look_at);
    }
    if (ps->changed || (!xfsm_child_is_running(&ps->compiler)
                        && !ovs_list_is_empty(&ps->queue))) {
        poll_immediate_wake();
    }
}
