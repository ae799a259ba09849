/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command-line.h"
#include "controller/collector.h"
#include "controller/fleet-json.h"
#include "controller/host.h"
#include "controller/programs.h"
#include "daemon.h"
#include "dirs.h"
#include "fatal-signal.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "socket-util.h"
#include "stream-ssl.h"
#include "stream.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"
#include "xfsm/io/file-sink.h"

VLOG_DEFINE_THIS_MODULE(controller);

/* How long --once and --dry-run wait for the hosts, in seconds. */
#define TIMEOUT_DEFAULT 30
#define TIMEOUT_MAX 86400

struct controller {
    /* Options. */
    char *fleet_file;           /* Absolute. */
    char *tool;                 /* The toolbox, xfsm. */
    char *events_file;          /* Absolute, or NULL for standard output. */
    const char *unixctl_path;
    enum xfsm_host_mode mode;
    bool once;
    int timeout;                /* Seconds. */

    struct xfsm_fleet *fleet;
    char *reload_error;         /* Of the last attempt, or NULL. */
    struct shash hosts;         /* struct xfsm_host, by name. */
    struct xfsm_collector *collector;   /* NULL with 'once'. */
    struct xfsm_file_sink *sink;
    bool exiting;
};

/* SIGHUP comes through a pipe, so that it wakes poll_block(). */
static int sighup_fds[2];

static void
handle_sighup(int signo OVS_UNUSED)
{
    int save_errno = errno;

    ignore(write(sighup_fds[1], "", 1));
    errno = save_errno;
}

/* Must be called before Open vSwitch installs its own handlers, which leave
 * alone a signal that has one. */
static void
init_sighup(void)
{
    struct sigaction action = { .sa_handler = handle_sighup,
                                .sa_flags = SA_RESTART };

    if (pipe2(sighup_fds, O_CLOEXEC | O_NONBLOCK)) {
        ovs_fatal(errno, "cannot create a pipe");
    }
    sigaction(SIGHUP, &action, NULL);
}

/* Returns true if SIGHUP came since the last call. */
static bool
sighup_came(void)
{
    char buffer[64];
    bool came = false;

    while (read(sighup_fds[0], buffer, sizeof buffer) > 0) {
        came = true;
    }
    return came;
}

/* ## The fleet ## */

/* Reads and compiles the description.  Returns NULL and stores it, or an
 * error. */
static char *
load_fleet(const struct controller *ctl, struct xfsm_fleet **fleetp)
{
    struct xfsm_fleet *fleet;
    struct json *json;
    char *folder;
    char *error;

    json = json_from_file(ctl->fleet_file);
    if (json->type == JSON_STRING) {
        error = xasprintf("%s: %s", ctl->fleet_file, json_string(json));
        json_destroy(json);
        return error;
    }
    error = xfsm_fleet_parse(json, ctl->fleet_file, &fleet);
    json_destroy(json);
    if (error) {
        return error;
    }
    folder = dir_name(ctl->fleet_file);
    error = xfsm_fleet_compile(fleet, ctl->fleet, ctl->tool, folder);
    free(folder);
    if (error) {
        char *text = xasprintf("%s: %s", ctl->fleet_file, error);

        xfsm_fleet_destroy(fleet);
        free(error);
        return text;
    }
    *fleetp = fleet;
    return NULL;
}

/* Makes the hosts those of 'fleet', which becomes the controller's. */
static void
set_fleet(struct controller *ctl, struct xfsm_fleet *fleet)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &ctl->hosts) {
        const struct xfsm_fleet_host *wanted
            = shash_find_data(&fleet->hosts, node->name);

        if (!wanted
            || strcmp(wanted->ovsdb, xfsm_host_get_remote(node->data))) {
            xfsm_host_destroy(node->data);
            shash_delete(&ctl->hosts, node);
        }
    }
    SHASH_FOR_EACH (node, &fleet->hosts) {
        const struct xfsm_fleet_host *wanted = node->data;
        struct xfsm_host *host = shash_find_data(&ctl->hosts, wanted->name);

        if (!host) {
            host = xfsm_host_create(wanted->name, wanted->ovsdb, ctl->mode);
            shash_add(&ctl->hosts, wanted->name, host);
        }
        xfsm_host_set_fleet(host, fleet);
    }
    if (ctl->collector) {
        xfsm_collector_set_fleet(ctl->collector, fleet);
    }
    xfsm_fleet_destroy(ctl->fleet);
    ctl->fleet = fleet;
}

/* Reads the description again; if it is bad, the old one stays.  Returns the
 * error, which stays the controller's, or NULL. */
static const char *
reload(struct controller *ctl)
{
    struct xfsm_fleet *fleet = NULL;

    free(ctl->reload_error);
    ctl->reload_error = load_fleet(ctl, &fleet);
    if (ctl->reload_error) {
        VLOG_ERR("the fleet stays as it was:\n%s", ctl->reload_error);
    } else {
        set_fleet(ctl, fleet);
        VLOG_INFO("%s: %"PRIuSIZE" hosts, %"PRIuSIZE" programs, %"PRIuSIZE
                  " assignments", ctl->fleet_file,
                  shash_count(&ctl->fleet->hosts),
                  shash_count(&ctl->fleet->programs),
                  shash_count(&ctl->fleet->assignments));
    }
    return ctl->reload_error;
}

/* Opens the file of the events again.  Returns an error to be freed, or
 * NULL. */
static char *
reopen_events(struct controller *ctl)
{
    char *error = ctl->sink ? xfsm_file_sink_reopen(ctl->sink) : NULL;

    if (error) {
        VLOG_ERR("%s", error);
    }
    return error;
}

/* ## Commands ## */

static void
cmd_exit(struct unixctl_conn *conn, int argc OVS_UNUSED,
         const char *argv[] OVS_UNUSED, void *ctl_)
{
    struct controller *ctl = ctl_;

    ctl->exiting = true;
    unixctl_command_reply(conn, NULL);
}

static void
cmd_show(struct unixctl_conn *conn, int argc OVS_UNUSED,
         const char *argv[] OVS_UNUSED, void *ctl_)
{
    struct controller *ctl = ctl_;
    const struct shash_node **nodes = shash_sort(&ctl->hosts);
    size_t n = shash_count(&ctl->hosts);
    struct ds ds = DS_EMPTY_INITIALIZER;
    size_t i;

    ds_put_format(&ds, "%s: %"PRIuSIZE" hosts, %"PRIuSIZE" programs, %"
                  PRIuSIZE" assignments\n", ctl->fleet_file, n,
                  shash_count(&ctl->fleet->programs),
                  shash_count(&ctl->fleet->assignments));
    if (ctl->reload_error) {
        ds_put_format(&ds, "not reloaded:\n%s\n", ctl->reload_error);
    }
    for (i = 0; i < n; i++) {
        xfsm_host_show(nodes[i]->data, &ds);
        if (ctl->collector) {
            xfsm_collector_show(ctl->collector, nodes[i]->name, &ds);
        }
    }
    free(nodes);
    unixctl_command_reply(conn, ds_cstr(&ds));
    ds_destroy(&ds);
}

static void
cmd_reload(struct unixctl_conn *conn, int argc OVS_UNUSED,
           const char *argv[] OVS_UNUSED, void *ctl_)
{
    const char *error = reload(ctl_);

    if (error) {
        unixctl_command_reply_error(conn, error);
    } else {
        unixctl_command_reply(conn, NULL);
    }
}

static void
cmd_reopen(struct unixctl_conn *conn, int argc OVS_UNUSED,
           const char *argv[] OVS_UNUSED, void *ctl_)
{
    char *error = reopen_events(ctl_);

    if (error) {
        unixctl_command_reply_error(conn, error);
        free(error);
    } else {
        unixctl_command_reply(conn, NULL);
    }
}

static struct unixctl_server *
create_unixctl(struct controller *ctl)
{
    struct unixctl_server *unixctl;

    if (unixctl_server_create(ctl->unixctl_path, &unixctl)) {
        exit(EXIT_FAILURE);
    }
    unixctl_command_register("exit", "", 0, 0, cmd_exit, ctl);
    unixctl_command_register("fleet/show", "", 0, 0, cmd_show, ctl);
    unixctl_command_register("fleet/reload", "", 0, 0, cmd_reload, ctl);
    unixctl_command_register("events/reopen", "", 0, 0, cmd_reopen, ctl);
    return unixctl;
}

/* ## Main loop ## */

static void
run_hosts(struct controller *ctl)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &ctl->hosts) {
        xfsm_host_run(node->data);
    }
}

static void
wait_hosts(struct controller *ctl)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &ctl->hosts) {
        xfsm_host_wait(node->data);
    }
}

/* Runs as a daemon. */
static void
serve(struct controller *ctl)
{
    struct unixctl_server *unixctl = create_unixctl(ctl);

    while (!ctl->exiting) {
        if (sighup_came()) {
            free(reopen_events(ctl));
            reload(ctl);
        }
        run_hosts(ctl);
        xfsm_collector_run(ctl->collector);
        unixctl_server_run(unixctl);

        poll_fd_wait(sighup_fds[0], POLLIN);
        wait_hosts(ctl);
        xfsm_collector_wait(ctl->collector);
        unixctl_server_wait(unixctl);
        if (ctl->exiting) {
            poll_immediate_wake();
        }
        poll_block();
    }
    unixctl_server_destroy(unixctl);
}

/* Tells whether nothing is left to be done on 'host'. */
static bool
is_finished(const struct controller *ctl, const struct xfsm_host *host)
{
    enum xfsm_host_state state = xfsm_host_get_state(host);

    return ctl->mode == XFSM_HOST_DRY_RUN
           ? xfsm_host_get_plan(host) != NULL
           : state == XFSM_HOST_DONE || state == XFSM_HOST_CONFLICT;
}

/* Prints how a run with --once ended.  Returns true if all went well. */
static bool
report(const struct controller *ctl)
{
    const struct shash_node **nodes = shash_sort(&ctl->hosts);
    size_t n = shash_count(&ctl->hosts);
    bool ok = true;
    size_t i;

    for (i = 0; i < n; i++) {
        const struct xfsm_host *host = nodes[i]->data;
        enum xfsm_host_state state = xfsm_host_get_state(host);
        const char *plan = xfsm_host_get_plan(host);

        if (ctl->mode == XFSM_HOST_WRITE || !plan) {
            printf("%s: %s\n", nodes[i]->name,
                   xfsm_host_state_to_string(state));
            ok = ok && state == XFSM_HOST_DONE;
        } else {
            printf("%s: %s\n%s", nodes[i]->name,
                   plan[0] ? "would be changed:" : "no difference", plan);
        }
        fputs(xfsm_host_get_problems(host), stdout);
        ok = ok && !xfsm_host_get_problems(host)[0];
    }
    free(nodes);
    return ok;
}

/* Runs until all hosts are up to date, or the time is over.  Returns the exit
 * status. */
static int
run_once(struct controller *ctl)
{
    long long int deadline = time_msec() + ctl->timeout * 1000LL;
    bool finished;

    do {
        struct shash_node *node;

        run_hosts(ctl);
        finished = true;
        SHASH_FOR_EACH (node, &ctl->hosts) {
            finished = finished && is_finished(ctl, node->data);
        }
        if (!finished) {
            wait_hosts(ctl);
            poll_timer_wait_until(deadline);
            poll_block();
        }
    } while (!finished && time_msec() < deadline);
    return report(ctl) && finished ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
open_sink(struct controller *ctl)
{
    if (ctl->events_file) {
        char *error = xfsm_file_sink_open(ctl->events_file, &ctl->sink);

        if (error) {
            ovs_fatal(0, "%s", error);
        }
    } else {
        ctl->sink = xfsm_file_sink_from_fd(STDOUT_FILENO);
        if (get_detach()) {
            VLOG_WARN("events are received, but go nowhere: --detach "
                      "without --events");
        }
    }
}

/* ## Command line ## */

OVS_NO_RETURN static void
usage(void)
{
    printf("%s: keeps the programs of a fleet of hosts, collects their "
           "events\n"
           "usage: %s [OPTIONS] FLEET\n"
           "where FLEET is a file in JSON that describes the fleet, see "
           "xfsm-controller(8).\n", program_name, program_name);
    stream_usage("ovsdb", true, true, true);
    daemon_usage();
    vlog_usage();
    printf("\nOther options:\n"
           "  --once                  write to all hosts, wait until their\n"
           "                          agents acknowledge, and exit\n"
           "  --dry-run               show what would be written, and exit\n"
           "  --timeout=SECONDS       how long these wait (default: %d)\n"
           "  --events=FILE           append events to FILE (default:\n"
           "                          standard output)\n"
           "  --xfsm=FILE             the toolbox, which compiles\n"
           "                          (default: %s)\n"
           "  --unixctl=SOCKET        override default control socket name\n"
           "  -h, --help              display this help message\n"
           "  -V, --version           display version information\n",
           TIMEOUT_DEFAULT, XFSM_BINDIR "/xfsm");
    exit(EXIT_SUCCESS);
}

enum {
    OPT_ONCE = UCHAR_MAX + 1,
    OPT_DRY_RUN,
    OPT_TIMEOUT,
    OPT_EVENTS,
    OPT_XFSM,
    OPT_UNIXCTL,
    OPT_PEER_CA_CERT,
    OPT_BOOTSTRAP_CA_CERT,
    VLOG_OPTION_ENUMS,
    DAEMON_OPTION_ENUMS,
    SSL_OPTION_ENUMS,
};

static const struct option long_options[] = {
    {"once", no_argument, NULL, OPT_ONCE},
    {"dry-run", no_argument, NULL, OPT_DRY_RUN},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"events", required_argument, NULL, OPT_EVENTS},
    {"xfsm", required_argument, NULL, OPT_XFSM},
    {"unixctl", required_argument, NULL, OPT_UNIXCTL},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    VLOG_LONG_OPTIONS,
    DAEMON_LONG_OPTIONS,
    STREAM_SSL_LONG_OPTIONS,
    {"peer-ca-cert", required_argument, NULL, OPT_PEER_CA_CERT},
    {"bootstrap-ca-cert", required_argument, NULL, OPT_BOOTSTRAP_CA_CERT},
    {NULL, 0, NULL, 0},
};

/* Takes one option of our own. */
static void
parse_own_option(struct controller *ctl, int c)
{
    switch (c) {
    case OPT_ONCE:
        ctl->once = true;
        break;
    case OPT_DRY_RUN:
        ctl->mode = XFSM_HOST_DRY_RUN;
        ctl->once = true;
        break;
    case OPT_TIMEOUT:
        if (!str_to_int(optarg, 10, &ctl->timeout) || ctl->timeout < 1
            || ctl->timeout > TIMEOUT_MAX) {
            ovs_fatal(0, "--timeout: \"%s\" is not a number of seconds from "
                      "1 to %d", optarg, TIMEOUT_MAX);
        }
        break;
    case OPT_EVENTS:
        free(ctl->events_file);
        ctl->events_file = abs_file_name(NULL, optarg);
        break;
    case OPT_XFSM:
        free(ctl->tool);
        ctl->tool = abs_file_name(NULL, optarg);
        break;
    case OPT_UNIXCTL:
        ctl->unixctl_path = optarg;
        break;
    case OPT_PEER_CA_CERT:
        stream_ssl_set_peer_ca_cert_file(optarg);
        break;
    case OPT_BOOTSTRAP_CA_CERT:
        stream_ssl_set_ca_cert_file(optarg, true);
        break;
    default:
        OVS_NOT_REACHED();
    }
}

static void
parse_options(struct controller *ctl, int argc, char *argv[])
{
    char *short_options = ovs_cmdl_long_options_to_short_options(long_options);
    int c;

    while ((c = getopt_long(argc, argv, short_options, long_options,
                            NULL)) != -1) {
        switch (c) {
        case 'h':
            usage();
        case 'V':
            printf("xfsm-controller (ovs-xfsm) %s\n", XFSM_VERSION);
            exit(EXIT_SUCCESS);
        case '?':
            exit(EXIT_FAILURE);
        VLOG_OPTION_HANDLERS
        DAEMON_OPTION_HANDLERS
        STREAM_SSL_OPTION_HANDLERS
        default:
            parse_own_option(ctl, c);
            break;
        }
    }
    free(short_options);

    if (argc - optind != 1) {
        ovs_fatal(0, "exactly one argument, the fleet description, is "
                  "required; use --help for usage");
    }
    if (ctl->once && get_detach()) {
        ovs_fatal(0, "--once and --dry-run cannot be used with --detach");
    }
    ctl->fleet_file = abs_file_name(NULL, argv[optind]);
}

static void
destroy_controller(struct controller *ctl)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &ctl->hosts) {
        xfsm_host_destroy(node->data);
    }
    shash_destroy(&ctl->hosts);
    xfsm_collector_destroy(ctl->collector);
    xfsm_file_sink_close(ctl->sink);
    xfsm_fleet_destroy(ctl->fleet);
    free(ctl->reload_error);
    free(ctl->fleet_file);
    free(ctl->events_file);
    free(ctl->tool);
}

int
main(int argc, char *argv[])
{
    struct controller ctl = {
        .tool = xstrdup(XFSM_BINDIR "/xfsm"),
        .mode = XFSM_HOST_WRITE,
        .timeout = TIMEOUT_DEFAULT,
        .hosts = SHASH_INITIALIZER(&ctl.hosts),
    };
    struct xfsm_fleet *fleet = NULL;
    int status = EXIT_SUCCESS;
    char *error;

    ovs_cmdl_proctitle_init(argc, argv);
    ovs_set_program_name(argv[0], XFSM_VERSION);
    init_sighup();
    service_start(&argc, &argv);
    parse_options(&ctl, argc, argv);
    fatal_ignore_sigpipe();
    if (ctl.once) {
        vlog_set_levels(NULL, VLF_CONSOLE, VLL_WARN);
    }

    xfsm_daemonize_start(false);
    error = load_fleet(&ctl, &fleet);
    if (error) {
        ovs_fatal(0, "%s", error);
    }
    set_fleet(&ctl, fleet);
    if (ctl.once) {
        status = run_once(&ctl);
    } else {
        open_sink(&ctl);
        ctl.collector = xfsm_collector_create(ctl.sink);
        xfsm_collector_set_fleet(ctl.collector, ctl.fleet);
        daemonize_complete();
        serve(&ctl);
    }
    destroy_controller(&ctl);
    service_stop();
    return status;
}
