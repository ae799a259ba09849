/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/collector.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "controller/files.h"
#include "controller/fleet.h"
#include "controller/pool.h"
#include "controller/relay.h"
#include "controller/sink.h"
#include "controller/source.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "ovs-thread.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/io/keys.h"

VLOG_DEFINE_THIS_MODULE(collector);

/* Sockets that one ZeroMQ context can have. */
#define SOCKETS_MAX 65535

BUILD_ASSERT_DECL(XFSM_COLLECTOR_MAX * XFSM_SOURCE_SOCKETS <= SOCKETS_MAX);

/* ZeroMQ's own threads at most: they decrypt. */
#define IO_THREADS_MAX 8

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

/* Once no source was started for so long, in ms, memory that the beginning of
 * many took, for questions on the past, is given back. */
#define SETTLED 30000

/* How often is looked whether a source has ended, in ms. */
#define PERIOD 100

/* A source that was asked to end. */
struct leaver {
    struct ovs_list node;
    struct xfsm_source *source;
    char *name;                 /* Of its host. */
};

struct xfsm_collector {
    const struct xfsm_collector_options *options;
    struct xfsm_sink *sink;
    struct xfsm_key_pair keys;
    void *context;
    struct xfsm_relay *relay;
    struct xfsm_pool *pool;
    struct shash sources;       /* struct xfsm_source, by name of the host. */
    struct ovs_list leavers;
    struct xfsm_source_counters gone;   /* Of those that have ended. */
    long long int trim_at;      /* When to give memory back, or LLONG_MAX. */
    bool held_back;             /* A source is to be started once another one
                                 * of its host has ended. */
    const struct xfsm_fleet *fleet;     /* Of the last set_fleet()... */
    const struct shash *names;          /* ...and its hosts. */
    uint64_t (*collected)(void *aux, const char *host);     /* Or NULL. */
    void *collected_aux;
};

/* ## Keys of hubs ## */

/* Takes a line of the file, if it is one. */
static void
take_key_line(struct smap *keys, const char *path, int number,
              const char *line)
{
    char host[XFSM_FLEET_MAX_NAME + 1], key[XFSM_KEY_TEXT_SIZE];
    int n = 0;

    if (line[strspn(line, " \t\n")] == '\0' || !strncmp(line, "# ", 2)) {
        return;
    }
    if (sscanf(line, "%63s %40s %n", host, key, &n) < 2 || line[n]
        || !xfsm_key_is_valid(key)) {
        VLOG_ERR("%s:%d: not a host and a public key", path, number);
        return;
    }
    smap_replace(keys, host, key);
}

static void
read_hub_keys(const char *path, struct smap *keys)
{
    FILE *f = path ? fopen(path, "re") : NULL;
    char *line = NULL;
    size_t size = 0;
    int number = 0;

    if (!f) {
        if (path) {
            VLOG_ERR("%s: cannot open (%s)", path, ovs_strerror(errno));
        }
        return;
    }
    while (getline(&line, &size, f) > 0) {
        take_key_line(keys, path, ++number, line);
    }
    free(line);
    fclose(f);
}

/* Stores the key of the hub of 'host' in '*key', or NULL if it needs none.
 * Returns false if it needs one, and there is none. */
static bool
find_key(const struct xfsm_collector *c, const struct smap *keys,
         const struct xfsm_fleet_host *host, const char **key)
{
    bool tcp = !strncmp(host->events, "tcp:", 4);

    *key = NULL;
    if (c->options->key_file) {
        *key = smap_get(keys, host->name);
        if (!*key) {
            *key = host->hub_key;
        }
        if (!*key && tcp) {
            *key = smap_get(keys, "*");
        }
    }
    return *key || !c->options->key_file || !tcp;
}

/* ## Life ## */

char *
xfsm_collector_lock(const char *dir, int *lockp)
{
    static const char *const folders[] = { "", "/positions", "/spool" };
    char *path;
    size_t i;
    int fd;

    for (i = 0; i < ARRAY_SIZE(folders); i++) {
        path = xasprintf("%s%s", dir, folders[i]);
        if (mkdir(path, 0700) && errno != EEXIST) {
            char *error = xasprintf("%s: cannot create (%s)", path,
                                    ovs_strerror(errno));

            free(path);
            return error;
        }
        free(path);
    }
    path = xasprintf("%s/lock", dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    free(path);
    if (fd < 0) {
        return xasprintf("%s: cannot lock (%s)", dir, ovs_strerror(errno));
    }
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        close(fd);
        return xasprintf("%s: another process has this state", dir);
    }
    *lockp = fd;
    return NULL;
}

char *
xfsm_collector_create(const struct xfsm_collector_options *options,
                      struct xfsm_sink *sink, struct xfsm_collector **cp)
{
    int n_threads = (options->n_threads ? options->n_threads
                     : MIN(MAX(count_cpu_cores(), 1), XFSM_POOL_MAX));
    struct xfsm_collector *c = xzalloc(sizeof *c);
    char *error = NULL;

    if (options->key_file) {
        error = xfsm_key_pair_read(options->key_file, true, &c->keys);
    }
    c->context = error ? NULL : zmq_ctx_new();
    if (!c->context) {
        free(c);
        return error ? error : xasprintf("cannot create a ZeroMQ context");
    }
    zmq_ctx_set(c->context, ZMQ_MAX_SOCKETS, SOCKETS_MAX);
    zmq_ctx_set(c->context, ZMQ_IO_THREADS, MIN(n_threads, IO_THREADS_MAX));
    error = xfsm_pool_create(n_threads, sink, &c->pool);
    if (error) {
        zmq_ctx_term(c->context);
        free(c);
        return error;
    }
    c->options = options;
    c->sink = sink;
    c->relay = xfsm_relay_create();
    c->trim_at = LLONG_MAX;
    shash_init(&c->sources);
    ovs_list_init(&c->leavers);
    *cp = c;
    return NULL;
}

static void
stop_source(struct xfsm_collector *c, struct shash_node *node)
{
    struct leaver *leaver = xmalloc(sizeof *leaver);

    leaver->source = node->data;
    leaver->name = xstrdup(node->name);
    ovs_list_push_back(&c->leavers, &leaver->node);
    xfsm_source_stop(leaver->source);
    xfsm_pool_wake(c->pool);
    shash_delete(&c->sources, node);
}

static void
free_leaver(struct xfsm_collector *c, struct leaver *leaver)
{
    struct xfsm_source_status status;

    xfsm_source_get_status(leaver->source, &status);
    xfsm_source_add(&c->gone, &status.counters);
    ovs_list_remove(&leaver->node);
    xfsm_source_destroy(leaver->source);
    free(leaver->name);
    free(leaver);
}

void
xfsm_collector_destroy(struct xfsm_collector *c)
{
    struct shash_node *node;

    if (!c) {
        return;
    }
    SHASH_FOR_EACH_SAFE (node, &c->sources) {
        stop_source(c, node);
    }
    /* Its threads take all of their sources to their ends first. */
    xfsm_pool_destroy(c->pool);
    while (!ovs_list_is_empty(&c->leavers)) {
        free_leaver(c, CONTAINER_OF(ovs_list_front(&c->leavers),
                                    struct leaver, node));
    }
    zmq_ctx_term(c->context);
    xfsm_relay_destroy(c->relay);
    shash_destroy(&c->sources);
    explicit_bzero(&c->keys, sizeof c->keys);
    free(c);
}

/* ## Hosts ## */

/* True if a source of 'host' has yet to end: two must not write the same
 * positions. */
static bool
is_leaving(const struct xfsm_collector *c, const char *host)
{
    const struct leaver *leaver;

    LIST_FOR_EACH (leaver, node, &c->leavers) {
        if (!strcmp(leaver->name, host)) {
            return true;
        }
    }
    return false;
}

static void
start_source(struct xfsm_collector *c, const struct xfsm_fleet_host *host,
             const char *key)
{
    const char *dir = c->options->state_dir;
    char *path = dir ? xasprintf("%s/positions/%s.positions", dir, host->name)
                 : NULL;
    uint64_t last, safe;
    bool shared = xfsm_sink_get_safe(c->sink, &last, &safe);
    const struct xfsm_source_options options = {
        .name = host->name, .endpoint = host->events, .server_key = key,
        .keys = &c->keys, .positions = path, .context = c->context,
        .sink = c->sink, .relay = c->relay,
        .collected = (shared && c->collected
                      ? c->collected(c->collected_aux, host->name) : 0),
    };
    struct xfsm_source *source = xfsm_source_create(&options);

    shash_add(&c->sources, host->name, source);
    xfsm_pool_add(c->pool, source);
    c->trim_at = time_msec() + SETTLED;
    free(path);
}

static void
set_fleet(struct xfsm_collector *c, const struct smap *keys)
{
    size_t room = MIN(XFSM_COLLECTOR_MAX,
                      xfsm_files_room(shash_count(c->names)));
    struct shash_node *node;
    const char *key;

    c->held_back = false;
    SHASH_FOR_EACH_SAFE (node, &c->sources) {
        const struct xfsm_fleet_host *host
            = shash_find_data(&c->fleet->hosts, node->name);

        if (!host || !host->events || !shash_find(c->names, node->name)
            || !find_key(c, keys, host, &key)
            || !xfsm_source_is(node->data, host->events, key)) {
            stop_source(c, node);
        }
    }
    SHASH_FOR_EACH (node, &c->fleet->hosts) {
        const struct xfsm_fleet_host *host = node->data;

        if (!host->events || !shash_find(c->names, host->name)
            || shash_find(&c->sources, host->name)) {
            continue;
        } else if (!find_key(c, keys, host, &key)) {
            VLOG_ERR("%s: no events: the key of its hub is not known",
                     host->name);
        } else if (is_leaving(c, host->name)) {
            c->held_back = true;
        } else if (shash_count(&c->sources) >= room) {
            VLOG_ERR_RL(&rl, "%s: no events: %"PRIuSIZE" hosts are followed, "
                        "the most that can be", host->name, room);
        } else {
            start_source(c, host, key);
        }
    }
}

void
xfsm_collector_set_fleet(struct xfsm_collector *c,
                         const struct xfsm_fleet *fleet,
                         const struct shash *names)
{
    struct smap keys = SMAP_INITIALIZER(&keys);

    c->fleet = fleet;
    c->names = names;
    read_hub_keys(c->options->hub_keys, &keys);
    set_fleet(c, &keys);
    smap_destroy(&keys);
}

void
xfsm_collector_run(struct xfsm_collector *c)
{
    struct leaver *leaver;
    bool joined = false;

    LIST_FOR_EACH_SAFE (leaver, node, &c->leavers) {
        if (xfsm_source_has_ended(leaver->source)) {
            free_leaver(c, leaver);
            joined = true;
        }
    }
    if (joined && c->held_back) {
        xfsm_collector_set_fleet(c, c->fleet, c->names);
    }
    if (time_msec() >= c->trim_at) {
        malloc_trim(0);
        c->trim_at = LLONG_MAX;
    }
    xfsm_relay_run(c->relay);
}

void
xfsm_collector_wait(struct xfsm_collector *c)
{
    if (!ovs_list_is_empty(&c->leavers)) {
        poll_timer_wait(PERIOD);
    }
    if (c->trim_at != LLONG_MAX) {
        poll_timer_wait_until(c->trim_at);
    }
    xfsm_relay_wait(c->relay);
}

void
xfsm_collector_set_listener(struct xfsm_collector *c,
                            void (*cb)(void *aux, const char *source,
                                       const char *event, size_t len),
                            void *aux)
{
    xfsm_relay_set_listener(c->relay, cb, aux);
}

void
xfsm_collector_set_taking_over(struct xfsm_collector *c,
                               uint64_t (*cb)(void *aux, const char *host),
                               void *aux)
{
    c->collected = cb;
    c->collected_aux = aux;
}

uint64_t
xfsm_collector_get_collected(const struct xfsm_collector *c,
                             const char *host)
{
    const struct xfsm_source *source = shash_find_data(&c->sources, host);

    return source ? xfsm_source_get_collected(source) : 0;
}

void
xfsm_collector_sum(const struct xfsm_collector *c,
                   struct xfsm_source_counters *sum, uint64_t *unheard)
{
    const struct shash_node *node;
    const struct leaver *leaver;
    struct xfsm_source_status status;

    *sum = c->gone;
    SHASH_FOR_EACH (node, &c->sources) {
        xfsm_source_get_status(node->data, &status);
        xfsm_source_add(sum, &status.counters);
    }
    LIST_FOR_EACH (leaver, node, &c->leavers) {
        xfsm_source_get_status(leaver->source, &status);
        xfsm_source_add(sum, &status.counters);
    }
    *unheard = xfsm_relay_n_dropped(c->relay);
}

bool
xfsm_collector_get(const struct xfsm_collector *c, const char *host,
                   struct xfsm_source_status *status)
{
    const struct xfsm_source *source = shash_find_data(&c->sources, host);

    if (source) {
        xfsm_source_get_status(source, status);
    }
    return source != NULL;
}

void
xfsm_collector_show(struct xfsm_collector *c, const char *host,
                    struct ds *ds)
{
    const struct xfsm_source *source = shash_find_data(&c->sources, host);

    if (source) {
        xfsm_source_show(source, ds);
    } else {
        ds_put_cstr(ds, "    events: not subscribed\n");
    }
}
