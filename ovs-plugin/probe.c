/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <sys/random.h>
#include <unistd.h>

#include "command-line.h"
#include "daemon.h"
#include "coverage.h"
#include "fatal-signal.h"
#include "memory.h"
#include "dummy.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/backoff.h"
#include "ovs-plugin/cage.h"
#include "ovs-plugin/epoch.h"
#include "ovs-plugin/netdev-ring.h"
#include "ovs-plugin/probe-source.h"
#include "ovs-plugin/probe.h"
#include "ovs-plugin/user.h"
#include "smap.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"
#include "xfsm/base/mem.h"

VLOG_DEFINE_THIS_MODULE(probe);

COVERAGE_DEFINE(probe_wakeup);

/* At the end, how long to wait for a hub that is behind: half of what the
 * agent waits (XFSM_WORKER_STOP_MS). */
#define FINISH_MS 1000

struct probe_options {
    const char *interface;
    const char *netdev_class;
    const char *bridge, *port, *host;
    uint64_t epoch;             /* 0: the time. */
    int ctl_fd, hub_fd;
    struct smap netdev_config;
    const char *user;
    bool small_pages;
    struct xfsm_cage cage;
};

static void OVS_NO_RETURN
usage(void)
{
    printf("%s: monitors one switch port; started by ovs-xfsmd\n"
           "usage: %s --interface=NAME [OPTIONS]\n"
           "\nOptions:\n"
           "  --interface=NAME      network device to listen to\n"
           "  --bridge=NAME         bridge, as told in events\n"
           "  --port=NAME           port, as told in events\n"
           "  --host=NAME           host, as told in events\n"
           "  --epoch=N             number of this life, as told in events\n"
           "                        (default: the time in ms)\n"
           "  --netdev-class=CLASS  netdev class, default \"%s\"\n"
           "  --netdev-option=K=V   option of the netdev class\n"
           "  --ctl-fd=FD           socket to ovs-xfsmd\n"
           "  --hub-fd=FD           socket to xfsm-hub\n"
           "  --user=NAME           whom to become\n"
           "  --memory-mib=N        address space at most, for each worker\n"
           "  --machine-code        run programs as machine code\n"
           "  --huge-pages          ask for huge pages for large tables\n"
           "  --no-huge-pages       not even where a table is full\n",
           program_name, program_name, XFSM_RING_CLASS);
    vlog_usage();
    printf("\nOther options:\n"
           "  -h, --help            display this help message\n"
           "  -V, --version         display version information\n");
    exit(XFSM_EXIT_STOP);
}

static int
parse_number(const char *option, const char *s)
{
    int value;

    if (!str_to_int(s, 10, &value) || value < 0) {
        VLOG_ERR("--%s=%s: not a number", option, s);
        exit(XFSM_EXIT_CONFIG);
    }
    return value;
}

static uint64_t
parse_epoch(const char *s)
{
    unsigned long long int value;

    if (!str_to_ullong(s, 10, &value) || !value || value > XFSM_EPOCH_MAX) {
        VLOG_ERR("--epoch=%s: not a number from 1 to %"PRIu64, s,
                 XFSM_EPOCH_MAX);
        exit(XFSM_EXIT_CONFIG);
    }
    return value;
}

static void
parse_netdev_option(struct smap *config, const char *s)
{
    const char *equals = strchr(s, '=');

    if (!equals) {
        VLOG_ERR("--netdev-option=%s: expected KEY=VALUE", s);
        exit(XFSM_EXIT_CONFIG);
    }
    smap_add_nocopy(config, xmemdup0(s, equals - s), xstrdup(equals + 1));
}

static void
parse_options(int argc, char *argv[], struct probe_options *o)
{
    enum {
        OPT_INTERFACE = UCHAR_MAX + 1, OPT_BRIDGE, OPT_PORT, OPT_HOST,
        OPT_CLASS, OPT_NETDEV_OPTION, OPT_CTL_FD, OPT_HUB_FD, OPT_USER,
        OPT_EPOCH, OPT_MEMORY, OPT_MACHINE_CODE, OPT_HUGE_PAGES,
        OPT_NO_HUGE_PAGES, VLOG_OPTION_ENUMS
    };
    static const struct option long_options[] = {
        { "interface", required_argument, NULL, OPT_INTERFACE },
        { "bridge", required_argument, NULL, OPT_BRIDGE },
        { "port", required_argument, NULL, OPT_PORT },
        { "host", required_argument, NULL, OPT_HOST },
        { "epoch", required_argument, NULL, OPT_EPOCH },
        { "netdev-class", required_argument, NULL, OPT_CLASS },
        { "netdev-option", required_argument, NULL, OPT_NETDEV_OPTION },
        { "ctl-fd", required_argument, NULL, OPT_CTL_FD },
        { "hub-fd", required_argument, NULL, OPT_HUB_FD },
        { "user", required_argument, NULL, OPT_USER },
        { "memory-mib", required_argument, NULL, OPT_MEMORY },
        { "machine-code", no_argument, NULL, OPT_MACHINE_CODE },
        { "huge-pages", no_argument, NULL, OPT_HUGE_PAGES },
        { "no-huge-pages", no_argument, NULL, OPT_NO_HUGE_PAGES },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        VLOG_LONG_OPTIONS,
        { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "hVv:", long_options, NULL)) != -1) {
        switch (c) {
        case OPT_INTERFACE:
            o->interface = optarg;
            break;
        case OPT_BRIDGE:
            o->bridge = optarg;
            break;
        case OPT_PORT:
            o->port = optarg;
            break;
        case OPT_HOST:
            o->host = optarg;
            break;
        case OPT_EPOCH:
            o->epoch = parse_epoch(optarg);
            break;
        case OPT_CLASS:
            o->netdev_class = optarg;
            break;
        case OPT_NETDEV_OPTION:
            parse_netdev_option(&o->netdev_config, optarg);
            break;
        case OPT_CTL_FD:
            o->ctl_fd = parse_number("ctl-fd", optarg);
            break;
        case OPT_HUB_FD:
            o->hub_fd = parse_number("hub-fd", optarg);
            break;
        case OPT_USER:
            o->user = optarg;
            break;
        case OPT_MACHINE_CODE:
            o->cage.syscalls = XFSM_CAGE_PROBE_NATIVE;
            break;
        case OPT_HUGE_PAGES:
            xfsm_mem_want_huge(true);
            break;
        case OPT_NO_HUGE_PAGES:
            o->small_pages = true;
            break;
        case OPT_MEMORY:
            o->cage.max_memory = (size_t) parse_number("memory-mib", optarg)
                                 * 1024 * 1024;
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
    if (!o->interface || !o->interface[0] || optind != argc) {
        VLOG_ERR("--interface=NAME is needed; use --help for usage");
        exit(XFSM_EXIT_CONFIG);
    }
    o->port = o->port ? o->port : o->interface;
}

/* Creates the pidfile and the control socket, so that "ovs-appctl -t
 * xfsm-probe.INTERFACE" finds the probe. */
static struct unixctl_server *
open_unixctl(const char *interface)
{
    struct unixctl_server *server;
    char *name;

    name = xasprintf("xfsm-probe.%s.pid", interface);
    set_pidfile(name);
    free(name);
    ignore_existing_pidfile();
    xfsm_daemonize_start(false);

    name = xasprintf("xfsm-probe.%s.%ld.ctl", interface, (long int) getpid());
    if (unixctl_server_create(name, &server)) {
        exit(EXIT_FAILURE);
    }
    free(name);
    daemonize_complete();
    return server;
}

static void
open_source(struct xfsm_probe *probe, const struct probe_options *o)
{
    char *error;
    int error_no;

    xfsm_ring_register();
    if (!strncmp(o->netdev_class, "dummy", 5)) {
        netdev_dummy_register(DUMMY_OVERRIDE_NONE);
    }
    error = xfsm_source_open(o->interface, o->netdev_class,
                             &o->netdev_config, &probe->source, &error_no);
    if (error) {
        VLOG_ERR("%s", error);
        exit(error_no == ENODEV ? XFSM_EXIT_RETRY
             : error_no == EINVAL || error_no == EAFNOSUPPORT
               || error_no == EOPNOTSUPP ? XFSM_EXIT_CONFIG
             : EXIT_FAILURE);
    }

    /* Classes of Open vSwitch open things of their own when they are first
     * waited for, which the cage does not allow. */
    xfsm_source_run(probe->source);
    xfsm_source_wait(probe->source);
    poll_immediate_wake();
    poll_block();
}

static void
create_lanes(struct xfsm_probe *probe, const struct probe_options *o)
{
    struct xfsm_engine_options options = {
        .identity = probe->identity,
        .backend = (o->cage.syscalls == XFSM_CAGE_PROBE_NATIVE
                    ? XFSM_BACKEND_AUTO : XFSM_BACKEND_INTERPRETER),
    };
    char *error;

    if (getrandom(options.entropy, sizeof options.entropy, 0)
        != sizeof options.entropy) {
        VLOG_FATAL("cannot get entropy (%s)", ovs_strerror(errno));
    }
    error = xfsm_lanes_init(&probe->lanes,
                            xfsm_source_n_queues(probe->source),
                            probe->source, &options, &probe->publisher);
    if (error) {
        VLOG_FATAL("%s", error);
    }
    probe->engine = probe->lanes.lane[0].engine;
}

static void
enter_cage(struct xfsm_cage *cage, struct xfsm_lanes *lanes)
{
    char *error;

    /* What holds for a single thread comes before there are others. */
    cage->max_memory *= lanes->n;
    cage->max_fds += 4 * lanes->n;
    error = xfsm_cage_restrict_paths(cage);
    if (!error) {
        xfsm_lanes_start(lanes);
        error = xfsm_cage_enter(cage);
    }
    if (error) {
        VLOG_FATAL("%s", error);
    }
    if (cage->warning) {
        VLOG_WARN("%s: the sandbox is weaker than it could be",
                  cage->warning);
    }
    if (xfsm_cage_is_sanitized()) {
        VLOG_INFO("built with a sanitizer: no system call filter");
    }
}

/* Runs until told to stop.  Returns the exit code. */
static int
main_loop(struct xfsm_probe *probe, struct unixctl_server *unixctl)
{
    while (!probe->exiting) {
        int error;

        COVERAGE_INC(probe_wakeup);
        unixctl_server_run(unixctl);
        error = xfsm_probe_ctl_run(probe);
        if (error == ESHUTDOWN) {
            return XFSM_EXIT_STOP;
        } else if (error) {
            VLOG_ERR("bad message from the agent (%s)", ovs_strerror(error));
            return EXIT_FAILURE;
        }

        xfsm_probe_ctl_note(probe);
        xfsm_source_run(probe->source);
        error = xfsm_lanes_run(&probe->lanes);
        xfsm_probe_mail_run(probe);
        xfsm_publisher_run(&probe->publisher);
        if (error) {
            VLOG_INFO("%s: the device is gone (%s)", probe->interface,
                      ovs_strerror(error));
            return XFSM_EXIT_RETRY;
        }

        xfsm_probe_report_memory(probe);
        xfsm_probe_inspect_run(probe);

        memory_wait();
        xfsm_probe_inspect_wait();
        unixctl_server_wait(unixctl);
        xfsm_probe_ctl_wait(probe);
        xfsm_lanes_wait(&probe->lanes);
        xfsm_publisher_wait(&probe->publisher);
        xfsm_probe_mail_wait(probe);
        poll_block();
    }
    return XFSM_EXIT_STOP;
}

int
main(int argc, char *argv[])
{
    static struct xfsm_probe probe;
    struct probe_options options = {
        .netdev_class = XFSM_RING_CLASS,
        .bridge = "",
        .host = "",
        .ctl_fd = -1,
        .hub_fd = -1,
        .netdev_config = SMAP_INITIALIZER(&options.netdev_config),
        .cage = {
            .max_memory = (size_t) 1 << 30,
            .max_fds = 64,
            .syscalls = XFSM_CAGE_PROBE,
        },
    };
    struct unixctl_server *unixctl;
    size_t n_lost;
    char *error;
    int status;

    ovs_set_program_name("xfsm-probe", XFSM_VERSION);
    fatal_ignore_sigpipe();
    vlog_set_levels(NULL, VLF_SYSLOG, VLL_OFF);
    vlog_set_pattern(VLF_CONSOLE, "%p|%c|%m");
    parse_options(argc, argv, &options);
    tzset();

    probe.interface = options.interface;
    probe.netdev_class = options.netdev_class;
    probe.small_pages = options.small_pages;
    probe.ctl = options.ctl_fd;
    probe.identity = (struct xfsm_identity) {
        .host = options.host,
        .bridge = options.bridge,
        .port = options.port,
        .epoch = options.epoch ? options.epoch : time_wall_msec(),
    };
    error = xfsm_user_resolve(options.user, &options.cage.uid,
                              &options.cage.gid);
    if (error) {
        VLOG_ERR("%s", error);
        exit(XFSM_EXIT_CONFIG);
    }
    open_source(&probe, &options);
    unixctl = open_unixctl(options.interface);
    xfsm_probe_show_init(&probe);
    xfsm_probe_inspect_init(&probe);
    xfsm_publisher_init(&probe.publisher, &probe.identity, options.hub_fd,
                        probe.ctl);
    create_lanes(&probe, &options);
    xfsm_probe_filter_update(&probe);

    enter_cage(&options.cage, &probe.lanes);
    xfsm_probe_ctl_ready(&probe);
    status = main_loop(&probe, unixctl);
    xfsm_lanes_stop(&probe.lanes);
    n_lost = xfsm_publisher_finish(&probe.publisher,
                                   time_msec() + FINISH_MS);
    if (n_lost) {
        VLOG_WARN("%"PRIuSIZE" events are lost at the end: the hub did not "
                  "take them in time", n_lost);
    }
    return status;
}
