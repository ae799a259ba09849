/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <unistd.h>

#include "command-line.h"
#include "daemon.h"
#include "fatal-signal.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/backoff.h"
#include "ovs-plugin/cage.h"
#include "ovs-plugin/hub-feed.h"
#include "ovs-plugin/hub-pub.h"
#include "ovs-plugin/ipc.h"
#include "ovs-plugin/user.h"
#include "ovs-plugin/watch.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(hub);

/* Messages of the agent handled in one go. */
#define CTL_BURST 64

/* Memory of the process at most. */
#define HUB_MAX_DATA ((size_t) 256 * 1024 * 1024)

struct hub {
    const char *endpoint;
    const char *user;
    int ctl;                    /* Socket to the agent, or -1. */
    struct xfsm_hub_feeds feeds;
    struct xfsm_hub_pub *pub;
    bool exiting;
    uint8_t in[XFSM_IPC_MAX];
    uint8_t out[XFSM_IPC_MAX];
    uint8_t last_stats[XFSM_IPC_MAX];
    size_t last_stats_len;
};

static void OVS_NO_RETURN
usage(void)
{
    printf("%s: publishes the events of this host; started by ovs-xfsmd\n"
           "usage: %s --endpoint=ENDPOINT [OPTIONS]\n"
           "\nOptions:\n"
           "  --endpoint=ENDPOINT   ipc://PATH or tcp://127.0.0.1:PORT\n"
           "  --ctl-fd=FD           socket to ovs-xfsmd\n"
           "  --user=NAME           whom to become\n",
           program_name, program_name);
    vlog_usage();
    printf("\nOther options:\n"
           "  -h, --help            display this help message\n"
           "  -V, --version         display version information\n");
    exit(XFSM_EXIT_STOP);
}

static void
parse_options(int argc, char *argv[], struct hub *hub)
{
    enum {
        OPT_ENDPOINT = UCHAR_MAX + 1, OPT_CTL_FD, OPT_USER, VLOG_OPTION_ENUMS
    };
    static const struct option long_options[] = {
        { "endpoint", required_argument, NULL, OPT_ENDPOINT },
        { "ctl-fd", required_argument, NULL, OPT_CTL_FD },
        { "user", required_argument, NULL, OPT_USER },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        VLOG_LONG_OPTIONS,
        { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "hVv:", long_options, NULL)) != -1) {
        switch (c) {
        case OPT_ENDPOINT:
            hub->endpoint = optarg;
            break;
        case OPT_CTL_FD:
            if (!str_to_int(optarg, 10, &hub->ctl) || hub->ctl < 0) {
                VLOG_ERR("--ctl-fd=%s: not a number", optarg);
                exit(XFSM_EXIT_CONFIG);
            }
            break;
        case OPT_USER:
            hub->user = optarg;
            break;
        VLOG_OPTION_HANDLERS
        case 'h':
            usage();
        case 'V':
            ovs_print_version(0, 0);
            exit(XFSM_EXIT_STOP);
        default:
            exit(XFSM_EXIT_CONFIG);
        }
    }
    if (!hub->endpoint || optind != argc) {
        VLOG_ERR("--endpoint=ENDPOINT is needed; use --help for usage");
        exit(XFSM_EXIT_CONFIG);
    }
}

/* Calls 'cb' for each counter. */
static void
each_counter(const struct hub *hub,
             void (*cb)(const char *name, uint64_t value, void *aux),
             void *aux)
{
    const struct xfsm_hub_pub_stats *stats = xfsm_hub_pub_stats(hub->pub);

    cb("received", hub->feeds.received, aux);
    cb("received_bytes", hub->feeds.received_bytes, aux);
    cb("malformed", hub->feeds.malformed, aux);
    cb("published", stats->published, aux);
    cb("publish_failed", stats->failed, aux);
    cb("probes", hub->feeds.n, aux);
    cb("probes_refused", hub->feeds.refused, aux);
    cb("subscriptions", stats->subscriptions, aux);
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
hub_show(struct unixctl_conn *conn, int argc OVS_UNUSED,
         const char *argv[] OVS_UNUSED, void *hub_)
{
    const struct hub *hub = hub_;
    char *s = xasprintf("endpoint %s\n%"PRIuSIZE" probes, %"PRIu64
                        " subscriptions\n", hub->endpoint, hub->feeds.n,
                        xfsm_hub_pub_stats(hub->pub)->subscriptions);

    unixctl_command_reply(conn, s);
    free(s);
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
        send_text(hub, XFSM_IPC_ENDPOINT, hub->endpoint);
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

/* Opens the endpoint and enters the cage, in the order that both need. */
static void
open_and_enter(struct hub *hub)
{
    struct xfsm_cage cage = {
        .max_data = HUB_MAX_DATA,
        .max_fds = XFSM_HUB_MAX_FEEDS + 4096,
        .syscalls = XFSM_CAGE_HUB,
    };
    char *dir;

    fail(xfsm_user_resolve(hub->user, &cage.uid, &cage.gid),
         XFSM_EXIT_CONFIG);
    fail(xfsm_hub_pub_check(hub->endpoint, &dir), XFSM_EXIT_CONFIG);
    cage.socket_dir = dir;
    fail(xfsm_cage_restrict_paths(&cage), EXIT_FAILURE);
    fail(xfsm_hub_pub_open(hub->endpoint, &hub->pub), EXIT_FAILURE);
    fail(xfsm_cage_enter(&cage), EXIT_FAILURE);
    if (cage.warning) {
        VLOG_WARN("%s: the sandbox is weaker than it could be",
                  cage.warning);
    }
    free(dir);
}

int
main(int argc, char *argv[])
{
    static struct hub hub = { .ctl = -1 };
    struct unixctl_server *unixctl;
    int code = XFSM_EXIT_STOP;

    /* One arena: ZeroMQ's threads need no memory of their own kind. */
    mallopt(M_ARENA_MAX, 1);
    ovs_set_program_name("xfsm-hub", XFSM_VERSION);
    fatal_ignore_sigpipe();
    vlog_set_levels(NULL, VLF_SYSLOG, VLL_OFF);
    vlog_set_pattern(VLF_CONSOLE, "%p|%c|%m");
    parse_options(argc, argv, &hub);
    tzset();
    xfsm_hub_feeds_init(&hub.feeds);
    unixctl = open_unixctl(&hub);
    xfsm_watch_run();
    open_and_enter(&hub);
    send_ready(&hub);

    while (!hub.exiting) {
        int error;

        unixctl_server_run(unixctl);
        xfsm_watch_run();
        xfsm_hub_pub_run(hub.pub);
        xfsm_hub_feeds_run(&hub.feeds, hub.pub);
        error = run_ctl(&hub);
        if (error) {
            if (error != ESHUTDOWN) {
                VLOG_ERR("bad message from the agent (%s)",
                         ovs_strerror(error));
                code = EXIT_FAILURE;
            }
            break;
        }

        unixctl_server_wait(unixctl);
        xfsm_hub_pub_wait(hub.pub);
        xfsm_hub_feeds_wait(&hub.feeds);
        if (hub.ctl >= 0) {
            poll_fd_wait(hub.ctl, POLLIN);
        }
        poll_block();
    }
    if (hub.exiting) {
        code = XFSM_EXIT_RETRY;
    }
    xfsm_hub_feeds_run(&hub.feeds, hub.pub);
    xfsm_hub_feeds_destroy(&hub.feeds);
    xfsm_hub_pub_close(hub.pub);
    return code;
}
