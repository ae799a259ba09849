/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <errno.h>
#include <malloc.h>
#include <sys/random.h>
#include <unistd.h>
#include <zmq.h>

#include "daemon.h"
#include "fatal-signal.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/backoff.h"
#include "ovs-plugin/cage.h"
#include "ovs-plugin/hub-auth.h"
#include "ovs-plugin/hub-core.h"
#include "ovs-plugin/hub-feed.h"
#include "ovs-plugin/hub-forms.h"
#include "ovs-plugin/hub-mail.h"
#include "ovs-plugin/hub-metrics.h"
#include "ovs-plugin/hub-options.h"
#include "ovs-plugin/hub-pub.h"
#include "ovs-plugin/hub-replay.h"
#include "ovs-plugin/ipc.h"
#include "ovs-plugin/user.h"
#include "ovs-plugin/watch.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"
#include "xfsm/io/journal.h"
#include "xfsm/io/keys.h"
#include "xfsm/io/zmq-socket.h"

VLOG_DEFINE_THIS_MODULE(hub);

/* Messages of the agent handled in one go. */
#define CTL_BURST 64

/* Memory of the process at most. */
#define HUB_MAX_DATA ((size_t) 256 * 1024 * 1024)

struct hub {
    struct xfsm_hub_options options;
    int ctl;                    /* Socket to the agent, or -1. */
    struct xfsm_hub_feeds feeds;
    struct xfsm_hub_core core;
    struct xfsm_hub_mail mail;
    void *context;              /* Of ZeroMQ. */
    struct xfsm_hub_pub *pub;
    struct xfsm_hub_forms forms;
    struct xfsm_hub_replay replay;
    struct xfsm_hub_auth auth;
    struct xfsm_journal *journal;   /* NULL: none. */
    char *note;                     /* For the agent: why there is none. */
    struct xfsm_key_pair keys;
    struct xfsm_key_list clients;
    bool exiting;
    uint8_t in[XFSM_IPC_MAX];
    uint8_t out[XFSM_IPC_MAX];
    uint8_t last_stats[XFSM_IPC_MAX];
    size_t last_stats_len;
};

typedef void counter_cb(const char *name, uint64_t value, void *aux);

static void
each_journal_counter(const struct hub *hub, counter_cb *cb, void *aux)
{
    const struct xfsm_journal_stats *stats;
    uint64_t first, last;

    if (hub->journal) {
        stats = xfsm_journal_stats(hub->journal);
        xfsm_journal_bounds(hub->journal, &first, &last);
        cb("journal_records", last - first + 1, aux);
        cb("journal_appended", stats->appended, aux);
        cb("journal_failed", stats->failed + stats->sync_failed, aux);
        cb("journal_recovered", stats->recovered, aux);
        cb("journal_torn", stats->torn, aux);
        cb("journal_syncs", stats->syncs, aux);
        cb("journal_recycled", stats->recycled, aux);
    }
}

/* Calls 'cb' for each counter. */
static void
each_counter(const struct hub *hub, counter_cb *cb, void *aux)
{
    const struct xfsm_hub_pub_stats *stats = xfsm_hub_pub_stats(hub->pub);
    const struct xfsm_hub_core *core = &hub->core;

    cb("received", core->received, aux);
    cb("received_bytes", core->received_bytes, aux);
    cb("malformed", core->malformed, aux);
    cb("lost", core->lost, aux);
    cb("suppressed", core->suppressed, aux);
    cb("repeated", core->repeated, aux);
    cb("published", stats->published - core->heartbeats, aux);
    cb("publish_failed", stats->failed, aux);
    cb("probes", hub->feeds.n, aux);
    cb("probes_refused", hub->feeds.refused + core->sources.refused, aux);
    cb("topics_forgotten", core->topics_forgotten, aux);
    cb("subscriptions", stats->subscriptions, aux);
    xfsm_hub_forms_each_counter(&hub->forms, cb, aux);
    cb("replay_requests", hub->replay.requests, aux);
    cb("replay_refused", hub->replay.refused, aux);
    cb("replayed", hub->replay.replayed, aux);
    cb("clients_allowed", hub->auth.allowed, aux);
    cb("clients_denied", hub->auth.denied, aux);
    each_journal_counter(hub, cb, aux);
    xfsm_hub_mail_each_counter(&hub->mail, cb, aux);
    xfsm_hub_peers_each_counter(&hub->options.peers, cb, aux);
}

/* ## Commands of ovs-appctl. ## */

static void
format_counter(const char *name, uint64_t value, void *s)
{
    ds_put_format(s, "%-24s %"PRIu64"\n", name, value);
}

static void
hub_stats(struct unixctl_conn *conn, int argc OVS_UNUSED,
          const char *argv[] OVS_UNUSED, void *hub)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    each_counter(hub, format_counter, &s);
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

static void
hub_metrics(struct unixctl_conn *conn, int argc OVS_UNUSED,
            const char *argv[] OVS_UNUSED, void *hub_)
{
    const struct hub *hub = hub_;
    struct ds s = DS_EMPTY_INITIALIZER;

    each_counter(hub, xfsm_hub_metrics_add, &s);
    xfsm_hub_metrics_add_probes(&hub->core, &s);
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

static void
hub_show(struct unixctl_conn *conn, int argc OVS_UNUSED,
         const char *argv[] OVS_UNUSED, void *hub_)
{
    const struct hub *hub = hub_;
    const struct xfsm_hub_source *source;
    struct ds s = DS_EMPTY_INITIALIZER;

    ds_put_format(&s, "endpoint %s%s\n%"PRIuSIZE" probes, %"PRIu64
                  " subscriptions\n", hub->options.endpoint,
                  hub->options.key_file ? " (CURVE)" : "", hub->feeds.n,
                  xfsm_hub_pub_stats(hub->pub)->subscriptions);
    ds_put_format(&s, "journal %s%s\n", !hub->options.journal ? "none"
                  : hub->journal ? hub->options.journal : "failed",
                  hub->core.not_kept ? " (cannot be written)" : "");
    HMAP_FOR_EACH (source, node, &hub->core.sources.map) {
        ds_put_format(&s, "%s: %s, epoch %"PRIu64", last event %"PRIu64
                      ", %"PRIu64" lost, %"PRIu64" suppressed\n",
                      source->topic, source->feeds ? "running" : "gone",
                      source->epoch, source->last_seq, source->lost,
                      source->suppressed);
    }
    xfsm_hub_mail_format(&hub->mail, &s);
    xfsm_hub_peers_format(&hub->options.peers, &s);
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

static void
hub_exit(struct unixctl_conn *conn, int argc OVS_UNUSED,
         const char *argv[] OVS_UNUSED, void *hub_)
{
    struct hub *hub = hub_;

    /* The agent starts it again. */
    hub->exiting = true;
    unixctl_command_reply(conn, NULL);
}

/* ## Messages of the agent. ## */

static void
send_text(struct hub *hub, enum xfsm_ipc_type type, const char *text)
{
    struct xfsm_ipc_writer w;

    xfsm_ipc_begin(&w, hub->out, type);
    if (text) {
        xfsm_ipc_put_text(&w, text);
    }
    xfsm_ipc_send(hub->ctl, &w, -1);
}

static void
send_ready(struct hub *hub)
{
    struct xfsm_ipc_writer w;

    if (hub->ctl >= 0) {
        send_text(hub, XFSM_IPC_ENDPOINT, hub->options.endpoint);
        if (hub->note) {
            send_text(hub, XFSM_IPC_NOTE, hub->note);
        }
        xfsm_ipc_begin(&w, hub->out, XFSM_IPC_READY);
        xfsm_ipc_put_u64(&w, time_wall_msec());
        xfsm_ipc_put_u64(&w, 0);
        xfsm_ipc_send(hub->ctl, &w, -1);
    }
}

struct counter_writer {
    struct xfsm_ipc_writer *w;
    uint16_t n;
};

static void
put_counter(const char *name, uint64_t value, void *c_)
{
    struct counter_writer *c = c_;

    xfsm_ipc_put_text(c->w, name);
    xfsm_ipc_put_u64(c->w, value);
    c->n++;
}

/* Answers a PING, with statistics if they changed. */
static void
handle_ping(struct hub *hub)
{
    struct xfsm_ipc_writer w;
    struct counter_writer c = { .w = &w };
    size_t place;

    send_text(hub, XFSM_IPC_PONG, NULL);
    xfsm_ipc_begin(&w, hub->out, XFSM_IPC_STATS);
    place = xfsm_ipc_begin_list(&w);
    each_counter(hub, put_counter, &c);
    xfsm_ipc_end_list(&w, place, c.n);
    xfsm_ipc_put_u16(&w, 0);
    xfsm_ipc_put_text(&w, "");
    if (w.len != hub->last_stats_len
        || memcmp(hub->out + XFSM_IPC_HEADER_LEN,
                  hub->last_stats + XFSM_IPC_HEADER_LEN,
                  w.len - XFSM_IPC_HEADER_LEN)) {
        memcpy(hub->last_stats, hub->out, w.len);
        hub->last_stats_len = w.len;
        xfsm_ipc_send(hub->ctl, &w, -1);
    }
}

/* Handles messages.  Returns 0 or a positive errno. */
static int
run_ctl(struct hub *hub)
{
    char name[XFSM_IPC_TEXT_SIZE];
    int i;

    for (i = 0; hub->ctl >= 0 && i < CTL_BURST; i++) {
        enum xfsm_ipc_type type;
        struct xfsm_bytes payload;
        int error, fd;

        error = xfsm_ipc_recv(hub->ctl, hub->in, &type, &payload, &fd);
        if (error) {
            return error == EAGAIN ? 0 : error;
        }
        if (type == XFSM_IPC_PROBE && fd >= 0
            && xfsm_ipc_get_text(&payload, name, sizeof name)) {
            xfsm_hub_feeds_add(&hub->feeds, name, fd);
        } else {
            if (fd >= 0) {
                close(fd);
            }
            if (type != XFSM_IPC_PING) {
                return EPROTO;
            }
            handle_ping(hub);
        }
    }
    return 0;
}

/* ## Start. ## */

static struct unixctl_server *
open_unixctl(struct hub *hub)
{
    struct unixctl_server *server;

    set_pidfile(NULL);
    ignore_existing_pidfile();
    xfsm_daemonize_start(false);
    if (unixctl_server_create(NULL, &server)) {
        exit(EXIT_FAILURE);
    }
    daemonize_complete();
    unixctl_command_register("xfsm/show", "", 0, 0, hub_show, hub);
    unixctl_command_register("xfsm/stats", "", 0, 0, hub_stats, hub);
    unixctl_command_register("xfsm/metrics", "", 0, 0, hub_metrics, hub);
    unixctl_command_register("exit", "", 0, 0, hub_exit, hub);
    return server;
}

static void
fail(char *error, int code)
{
    if (error) {
        VLOG_ERR("%s", error);
        exit(code);
    }
}

/* Reads the keys.  No file can be read later. */
static void
read_keys(struct hub *hub)
{
    if (hub->options.key_file) {
        fail(xfsm_key_pair_read(hub->options.key_file, true, &hub->keys),
             XFSM_EXIT_CONFIG);
        fail(xfsm_key_list_read(hub->options.clients, &hub->clients),
             XFSM_EXIT_CONFIG);
    }
}

/* Opens the journal.  Events without one are better than none. */
static void
open_journal(struct hub *hub)
{
    uint8_t entropy[16];
    char *error;

    if (hub->options.journal) {
        if (getrandom(entropy, sizeof entropy, 0) != sizeof entropy) {
            VLOG_FATAL("no random numbers (%s)", ovs_strerror(errno));
        }
        error = xfsm_journal_open(hub->options.journal,
                                  &hub->options.journal_options, entropy,
                                  &hub->journal);
        if (error) {
            hub->note = xasprintf("no journal, alerts are not kept: %s",
                                  error);
            VLOG_ERR("%s", hub->note);
            free(error);
        }
    }
}

static void
greet(const char *prefix, size_t len, bool on, void *hub)
{
    if (on) {
        xfsm_hub_core_greet(&((struct hub *) hub)->core, prefix, len);
    }
}

/* Opens the sockets.  Starts ZeroMQ's threads. */
static void
open_sockets(struct hub *hub)
{
    const struct xfsm_key_pair *keys = (hub->options.key_file
                                        ? &hub->keys : NULL);
    char *endpoint = xfsm_zmq_replay_endpoint(hub->options.endpoint);

    hub->context = zmq_ctx_new();
    if (!hub->context) {
        VLOG_FATAL("zmq_ctx_new failed (%s)", ovs_strerror(errno));
    }
    if (keys) {
        fail(xfsm_hub_auth_open(&hub->auth, hub->context, &hub->clients),
             EXIT_FAILURE);
    }
    fail(xfsm_hub_pub_open(hub->context, hub->options.endpoint, keys, greet,
                           hub, &hub->pub), EXIT_FAILURE);
    if (keys) {
        fail(xfsm_hub_peers_open(&hub->options.peers, hub->context, keys,
                                 &hub->mail), EXIT_FAILURE);
    }
    xfsm_hub_forms_open(&hub->forms, hub->context, hub->options.endpoint,
                        keys);
    if (endpoint) {
        fail(xfsm_hub_replay_open(&hub->replay, hub->context, endpoint, keys,
                                  hub->journal), EXIT_FAILURE);
        free(endpoint);
    } else {
        VLOG_WARN("%s: no room for another endpoint next to it, so nothing "
                  "is replayed", hub->options.endpoint);
    }
}

/* Opens all that is needed and enters the cage, in the order that both need.
 */
static void
open_and_enter(struct hub *hub)
{
    struct xfsm_cage cage = {
        .max_data = HUB_MAX_DATA,
        .max_file = hub->options.journal_options.segment_bytes,
        .max_fds = XFSM_HUB_MAX_FEEDS + 4096,
        .syscalls = (hub->options.peers.n ? XFSM_CAGE_HUB_PEERS
                     : XFSM_CAGE_HUB),
    };
    char *dir;

    fail(xfsm_user_resolve(hub->options.user, &cage.uid, &cage.gid),
         XFSM_EXIT_CONFIG);
    fail(xfsm_hub_pub_check(hub->options.endpoint, hub->options.key_file,
                            &dir), XFSM_EXIT_CONFIG);
    cage.socket_dir = dir;
    read_keys(hub);
    open_journal(hub);
    fail(xfsm_cage_restrict_paths(&cage), EXIT_FAILURE);
    open_sockets(hub);
    fail(xfsm_cage_enter(&cage), EXIT_FAILURE);
    if (cage.warning) {
        VLOG_WARN("%s: the sandbox is weaker than it could be",
                  cage.warning);
    }
    free(dir);
}

/* Does what there is to do.  Returns 0 or a positive errno. */
static int
run(struct hub *hub)
{
    xfsm_watch_run();
    xfsm_hub_auth_run(&hub->auth);
    if (!xfsm_hub_pub_run(hub->pub) || !xfsm_hub_forms_run(&hub->forms)) {
        VLOG_WARN("more than %d subscriptions: starting anew without them",
                  XFSM_HUB_MAX_SUBSCRIPTIONS);
        hub->exiting = true;
        return 0;
    }
    xfsm_hub_feeds_run(&hub->feeds);
    xfsm_hub_core_run(&hub->core);
    xfsm_hub_replay_run(&hub->replay);
    xfsm_hub_mail_run(&hub->mail);
    xfsm_hub_peers_run(&hub->options.peers);
    if (hub->journal) {
        xfsm_journal_run(hub->journal, time_wall_msec(), time_msec());
    }
    return run_ctl(hub);
}

static void
wait(struct hub *hub)
{
    xfsm_hub_auth_wait(&hub->auth);
    xfsm_hub_pub_wait(hub->pub);
    xfsm_hub_forms_wait(&hub->forms);
    xfsm_hub_feeds_wait(&hub->feeds);
    xfsm_hub_core_wait(&hub->core);
    xfsm_hub_replay_wait(&hub->replay);
    xfsm_hub_mail_wait(&hub->mail);
    xfsm_hub_peers_wait(&hub->options.peers);
    if (hub->journal && xfsm_journal_wake(hub->journal) != INT64_MAX) {
        poll_timer_wait_until(xfsm_journal_wake(hub->journal));
    }
    if (hub->ctl >= 0) {
        poll_fd_wait(hub->ctl, POLLIN);
    }
}

static void
close_all(struct hub *hub)
{
    xfsm_hub_feeds_run(&hub->feeds);
    xfsm_hub_feeds_destroy(&hub->feeds);
    xfsm_hub_core_destroy(&hub->core);
    xfsm_hub_peers_close(&hub->options.peers);
    xfsm_hub_mail_destroy(&hub->mail);
    xfsm_hub_replay_close(&hub->replay);
    xfsm_hub_forms_close(&hub->forms);
    xfsm_hub_pub_close(hub->pub);
    xfsm_hub_auth_close(&hub->auth);
    zmq_ctx_term(hub->context);
    xfsm_journal_close(hub->journal);
    xfsm_key_list_destroy(&hub->clients);
    free(hub->options.journal);
    free(hub->note);
}

int
main(int argc, char *argv[])
{
    static struct hub hub;
    struct unixctl_server *unixctl;
    int code = XFSM_EXIT_STOP;

    /* One arena: ZeroMQ's threads need no memory of their own kind. */
    mallopt(M_ARENA_MAX, 1);
    ovs_set_program_name("xfsm-hub", XFSM_VERSION);
    fatal_ignore_sigpipe();
    vlog_set_levels(NULL, VLF_SYSLOG, VLL_OFF);
    vlog_set_pattern(VLF_CONSOLE, "%p|%c|%m");
    xfsm_hub_options_parse(&hub.options, argc, argv);
    hub.ctl = hub.options.ctl;
    tzset();
    xfsm_hub_mail_init(&hub.mail, hub.options.message_rate);
    xfsm_hub_core_init(&hub.core, &hub.options.rates, &hub.mail);
    xfsm_hub_feeds_init(&hub.feeds, &hub.core, &hub.mail);
    unixctl = open_unixctl(&hub);
    xfsm_watch_run();
    open_and_enter(&hub);
    xfsm_hub_core_start(&hub.core, hub.pub, &hub.forms, hub.journal);
    send_ready(&hub);

    while (!hub.exiting) {
        int error;

        unixctl_server_run(unixctl);
        error = run(&hub);
        if (error) {
            if (error != ESHUTDOWN) {
                VLOG_ERR("bad message from the agent (%s)",
                         ovs_strerror(error));
                code = EXIT_FAILURE;
            }
            break;
        }
        unixctl_server_wait(unixctl);
        wait(&hub);
        poll_block();
    }
    if (hub.exiting) {
        code = XFSM_EXIT_RETRY;
    }
    close_all(&hub);
    return code;
}
