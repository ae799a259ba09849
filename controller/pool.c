/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "controller/sink.h"
#include "controller/source.h"
#include "openvswitch/list.h"
#include "openvswitch/thread.h"
#include "util.h"
#include "xfsm/io/clock.h"

/* News that are taken at a time, and how long is slept at most, in ms. */
#define MAX_NEWS 64
#define SLEEP_MS 10000

/* A source of a thread. */
struct entry {
    struct ovs_list node;       /* In 'added' or 'entries' of its worker. */
    struct xfsm_source *source;
    struct ovs_list ready_node; /* In 'ready' of its worker... */
    bool ready;                 /* ...if it is there. */
    int64_t due;                /* When else it has a turn, monotonic ms. */
};

struct worker {
    pthread_t thread;
    struct xfsm_sink *sink;
    int epoll_fd;
    int wake_fd;                /* Input of it is no source's. */

    struct ovs_mutex mutex;     /* Of the next four. */
    struct ovs_list added;
    size_t n;                   /* Sources, new ones too. */
    bool look;                  /* At all sources. */
    bool stop;

    /* Of the thread. */
    bool ending;                /* It was told to stop. */
    struct ovs_list entries;
    struct ovs_list ready;      /* Those that are to have a turn. */
    int64_t next_due;           /* Of the others, or earlier. */
    int64_t next_commit;        /* When positions are looked at, again. */
};

struct xfsm_pool {
    int n;
    struct worker workers[];
};

/* ## The thread ## */

static void
make_ready(struct worker *w, struct entry *entry)
{
    if (!entry->ready) {
        entry->ready = true;
        ovs_list_push_back(&w->ready, &entry->ready_node);
    }
}

/* Takes what the owner wants.  Returns false if that is the end. */
static bool
take_orders(struct worker *w)
{
    struct entry *entry;
    bool look;

    ovs_mutex_lock(&w->mutex);
    LIST_FOR_EACH_POP (entry, node, &w->added) {
        xfsm_source_begin(entry->source, w->epoll_fd, entry);
        ovs_list_push_back(&w->entries, &entry->node);
        make_ready(w, entry);
    }
    look = w->look;
    w->look = false;
    w->ending = w->stop;
    ovs_mutex_unlock(&w->mutex);
    if (look) {
        LIST_FOR_EACH (entry, node, &w->entries) {
            make_ready(w, entry);
        }
    }
    return !w->ending || !ovs_list_is_empty(&w->entries);
}

/* Finds those that are due. */
static void
find_due(struct worker *w)
{
    int64_t now = xfsm_now_ms();
    struct entry *entry;

    if (now < w->next_due) {
        return;
    }
    w->next_due = INT64_MAX;
    LIST_FOR_EACH (entry, node, &w->entries) {
        if (entry->due <= now) {
            make_ready(w, entry);
        } else {
            w->next_due = MIN(w->next_due, entry->due);
        }
    }
}

static void
remove_entry(struct worker *w, struct entry *entry)
{
    ovs_list_remove(&entry->node);
    xfsm_source_end(entry->source);
    free(entry);
    ovs_mutex_lock(&w->mutex);
    w->n--;
    ovs_mutex_unlock(&w->mutex);
}

/* Gives a turn to those that have something to do. */
static void
run_ready(struct worker *w)
{
    struct ovs_list turn;
    struct entry *entry;

    ovs_list_init(&turn);
    ovs_list_push_back_all(&turn, &w->ready);
    LIST_FOR_EACH_POP (entry, ready_node, &turn) {
        entry->ready = false;
        entry->due = xfsm_source_run(entry->source);
        if (entry->due < 0) {
            remove_entry(w, entry);
        } else if (!entry->due) {
            make_ready(w, entry);
        } else {
            w->next_due = MIN(w->next_due, entry->due);
        }
    }
}

/* Writes the positions of those where it is time to. */
static void
commit(struct worker *w)
{
    uint64_t last, safe;
    bool shared = xfsm_sink_get_safe(w->sink, &last, &safe);
    struct entry *entry;
    bool flushed = false;
    int error = 0;

    LIST_FOR_EACH (entry, node, &w->entries) {
        if (shared) {
            xfsm_source_note_safe(entry->source, last, safe);
        }
        if (xfsm_source_must_commit(entry->source)) {
            if (!flushed) {
                error = xfsm_sink_flush(w->sink);
                flushed = true;
            }
            xfsm_source_commit(entry->source, error);
        }
    }
    w->next_commit = xfsm_now_ms() + XFSM_SOURCE_COMMIT_MS;
}

/* Sleeps until there is something to do. */
static void
sleep_until_ready(struct worker *w)
{
    int64_t until = (w->ending || !ovs_list_is_empty(&w->ready) ? 0
                     : ovs_list_is_empty(&w->entries) ? INT64_MAX
                     : MIN(w->next_due, w->next_commit));
    struct epoll_event news[MAX_NEWS];
    int64_t left = until - xfsm_now_ms();
    int n = epoll_wait(w->epoll_fd, news, MAX_NEWS,
                       MAX(0, MIN(left, SLEEP_MS)));
    int i;

    for (i = 0; i < n; i++) {
        struct entry *entry = news[i].data.ptr;

        if (entry) {
            make_ready(w, entry);
        } else {
            uint64_t count;

            ignore(read(w->wake_fd, &count, sizeof count));
        }
    }
}

static void *
worker_main(void *w_)
{
    struct worker *w = w_;

    while (take_orders(w)) {
        find_due(w);
        run_ready(w);
        if (xfsm_now_ms() >= w->next_commit) {
            commit(w);
        }
        sleep_until_ready(w);
    }
    return NULL;
}

/* ## For the owner ## */

static int
start_worker(struct worker *w, struct xfsm_sink *sink)
{
    struct epoll_event event = { .events = EPOLLIN };
    sigset_t all, old;
    int error;

    w->sink = sink;
    ovs_mutex_init(&w->mutex);
    ovs_list_init(&w->added);
    ovs_list_init(&w->entries);
    ovs_list_init(&w->ready);
    w->next_due = INT64_MAX;
    w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->epoll_fd < 0 || w->wake_fd < 0
        || epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->wake_fd, &event)) {
        return errno;
    }
    /* Not by ovs_thread_create(), after which no child can be started. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(&w->thread, NULL, worker_main, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error;
}

static void
close_worker(struct worker *w)
{
    if (w->epoll_fd >= 0) {
        close(w->epoll_fd);
    }
    if (w->wake_fd >= 0) {
        close(w->wake_fd);
    }
    ovs_mutex_destroy(&w->mutex);
}

static void
wake(struct worker *w)
{
    uint64_t one = 1;

    ignore(write(w->wake_fd, &one, sizeof one));
}

char *
xfsm_pool_create(int n_threads, struct xfsm_sink *sink,
                 struct xfsm_pool **poolp)
{
    struct xfsm_pool *pool = xzalloc(sizeof *pool
                                     + n_threads * sizeof *pool->workers);

    while (pool->n < n_threads) {
        int error = start_worker(&pool->workers[pool->n], sink);

        if (error) {
            close_worker(&pool->workers[pool->n]);
            xfsm_pool_destroy(pool);
            return xasprintf("cannot start a thread of the collector (%s)",
                             ovs_strerror(error));
        }
        pool->n++;
    }
    *poolp = pool;
    return NULL;
}

void
xfsm_pool_destroy(struct xfsm_pool *pool)
{
    int i;

    for (i = 0; i < pool->n; i++) {
        struct worker *w = &pool->workers[i];

        ovs_mutex_lock(&w->mutex);
        w->look = w->stop = true;
        ovs_mutex_unlock(&w->mutex);
        wake(w);
        pthread_join(w->thread, NULL);
        close_worker(w);
    }
    free(pool);
}

void
xfsm_pool_add(struct xfsm_pool *pool, struct xfsm_source *source)
{
    struct entry *entry = xzalloc(sizeof *entry);
    struct worker *best = NULL;
    size_t best_n = SIZE_MAX;
    int i;

    for (i = 0; i < pool->n; i++) {
        struct worker *w = &pool->workers[i];

        ovs_mutex_lock(&w->mutex);
        if (w->n < best_n) {
            best = w;
            best_n = w->n;
        }
        ovs_mutex_unlock(&w->mutex);
    }
    entry->source = source;
    ovs_mutex_lock(&best->mutex);
    ovs_list_push_back(&best->added, &entry->node);
    best->n++;
    ovs_mutex_unlock(&best->mutex);
    wake(best);
}

void
xfsm_pool_wake(struct xfsm_pool *pool)
{
    int i;

    for (i = 0; i < pool->n; i++) {
        struct worker *w = &pool->workers[i];

        ovs_mutex_lock(&w->mutex);
        w->look = true;
        ovs_mutex_unlock(&w->mutex);
        wake(w);
    }
}
