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
#include "controller/fleetd.h"
#include "controller/import.h"
#include "controller/metrics.h"
#include "controller/pool.h"
#include "controller/rest.h"
#include "controller/tokens.h"
#include "daemon.h"
#include "fatal-signal.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "stream-ssl.h"
#include "stream.h"
#include "unixctl.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(controller);

/* How long --once and --dry-run wait for the hosts, in seconds. */
#define TIMEOUT_DEFAULT 30
#define TIMEOUT_MAX 86400

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

/* ## Main loop ## */

static void
reload_tokens(struct controller *ctl)
{
    char *error = ctl->rest ? xfsm_rest_reload(ctl->rest) : NULL;

    if (error) {
        VLOG_ERR("the tokens stay as they were: %s", error);
        free(error);
    }
}

/* Runs as a daemon. */
static void
serve(struct controller *ctl)
{
    struct unixctl_server *unixctl = xfsm_fleetd_listen(ctl);

    while (!ctl->exiting) {
        if (sighup_came()) {
            free(xfsm_fleetd_reopen(ctl));
            xfsm_fleetd_reload(ctl, NULL);
            reload_tokens(ctl);
        }
        xfsm_fleetd_run(ctl);
        if (ctl->rest) {
            xfsm_rest_run(ctl->rest);
        }
        unixctl_server_run(unixctl);

        poll_fd_wait(sighup_fds[0], POLLIN);
        xfsm_fleetd_wait(ctl);
        if (ctl->rest) {
            xfsm_rest_wait(ctl->rest);
        }
        unixctl_server_wait(unixctl);
        if (ctl->exiting) {
            poll_immediate_wake();
        }
        poll_block();
    }
    unixctl_server_destroy(unixctl);
}

/* Opens what collects events, and where they go. */
static void
open_rest(struct controller *ctl)
{
    char *error;

    if (!ctl->http.audit && ctl->state_dir) {
        ctl->http.audit = xasprintf("%s/audit.log", ctl->state_dir);
    }
    error = (ctl->http.listen
             ? xfsm_rest_create(ctl, &ctl->http, &ctl->rest) : NULL);
    if (error) {
        ovs_fatal(0, "--http: %s", error);
    }
}

static void
open_collector(struct controller *ctl)
{
    char *error = NULL;

    ctl->collect = (struct xfsm_collector_options) {
        ctl->state_dir, ctl->key_file, ctl->hub_keys, ctl->n_threads,
    };
    if (ctl->state_dir) {
        ctl->events.spool_dir = xasprintf("%s/spool", ctl->state_dir);
        ctl->program_versions = xasprintf("%s/program-versions",
                                          ctl->state_dir);
        error = xfsm_collector_lock(ctl->state_dir, &ctl->state_lock);
    }
    if (!error) {
        error = xfsm_sink_open(&ctl->events, &ctl->sink);
    }
    if (!error) {
        error = xfsm_collector_create(&ctl->collect, ctl->sink,
                                      &ctl->collector);
    }
    if (error) {
        ovs_fatal(0, "%s", error);
    }
    if (get_detach() && !ctl->events.target) {
        VLOG_WARN("events are received, but go nowhere: --detach without "
                  "--events");
    }
}

/* ## Command line ## */

OVS_NO_RETURN static void
usage(void)
{
    printf("%s: keeps the programs of a fleet of hosts, collects their "
           "events\n"
           "usage: %s [OPTIONS] FLEET\n"
           "       %s [OPTIONS] --db=REMOTE\n"
           "where FLEET is a file in JSON that describes the fleet, and "
           "REMOTE the OVSDB\nserver of a database XFSM_Fleet that does, see "
           "xfsm-controller(8).\n", program_name, program_name,
           program_name);
    stream_usage("ovsdb", true, true, true);
    daemon_usage();
    vlog_usage();
    printf("\nOther options:\n"
           "  --db=REMOTE             the fleet is in a database, which may "
           "be shared\n"
           "                          by several controllers\n"
           "  --name=NAME             the name of this one (default: host "
           "and process)\n"
           "  --import                write FLEET into the database, and "
           "exit\n"
           "  --once                  write to all hosts, wait until their\n"
           "                          agents acknowledge, and exit\n"
           "  --dry-run               show what would be written, and exit\n"
           "  --timeout=SECONDS       how long these wait (default: %d)\n"
           "  --events=SINK           send events to SINK: a file, "
           "nats://HOST:PORT\n"
           "                          or kafka://HOST:PORT (default: "
           "standard output)\n"
           "  --events-option=KEY=VALUE   set an option of SINK\n"
           "  --state-dir=DIR         keep there how far events were "
           "collected\n"
           "  --key-file=FILE         own key pair, for hubs on tcp\n"
           "  --hub-keys=FILE         public keys of the hubs\n"
           "  --threads=NUMBER        that collect events (default: as many "
           "as\n"
           "                          there are processors)\n"
           "  --xfsm=FILE             the toolbox, which compiles\n"
           "                          (default: %s)\n"
           "  --program-keys=PATH     roll out signed programs only, by the "
           "keys in that\n"
           "                          file, or in *.pub of that folder\n"
           "  --http=ADDRESS:PORT     serve the REST API and the dashboard "
           "there\n"
           "  --http-tokens=FILE      who may use them\n"
           "  --http-rate=NUMBER      requests a second of a client "
           "(default: %d)\n"
           "  --http-web=FOLDER       files of the dashboard\n"
           "  --metrics-hosts=NUMBER  hosts with metrics of their own "
           "(default: %d)\n"
           "  --metrics-ports=NUMBER  and ports (default: %d)\n"
           "  --audit-log=FILE        what its users did (default: in "
           "--state-dir)\n"
           "  --new-token=NAME:ROLE   make a token, and exit\n"
           "  --unixctl=SOCKET        override default control socket name\n"
           "  -h, --help              display this help message\n"
           "  -V, --version           display version information\n",
           TIMEOUT_DEFAULT, XFSM_BINDIR "/xfsm", XFSM_REST_RATE,
           XFSM_METRICS_HOSTS, XFSM_METRICS_PORTS);
    exit(EXIT_SUCCESS);
}

enum {
    OPT_ONCE = UCHAR_MAX + 1,
    OPT_DB,
    OPT_NAME,
    OPT_IMPORT,
    OPT_DRY_RUN,
    OPT_TIMEOUT,
    OPT_EVENTS,
    OPT_EVENTS_OPTION,
    OPT_STATE_DIR,
    OPT_KEY_FILE,
    OPT_HUB_KEYS,
    OPT_THREADS,
    OPT_XFSM,
    OPT_PROGRAM_KEYS,
    OPT_UNIXCTL,
    OPT_HTTP,
    OPT_HTTP_TOKENS,
    OPT_HTTP_RATE,
    OPT_HTTP_WEB,
    OPT_METRICS_HOSTS,
    OPT_METRICS_PORTS,
    OPT_AUDIT_LOG,
    OPT_NEW_TOKEN,
    OPT_PEER_CA_CERT,
    OPT_BOOTSTRAP_CA_CERT,
    VLOG_OPTION_ENUMS,
    DAEMON_OPTION_ENUMS,
    SSL_OPTION_ENUMS,
};

static const struct option long_options[] = {
    {"once", no_argument, NULL, OPT_ONCE},
    {"db", required_argument, NULL, OPT_DB},
    {"name", required_argument, NULL, OPT_NAME},
    {"import", no_argument, NULL, OPT_IMPORT},
    {"dry-run", no_argument, NULL, OPT_DRY_RUN},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"events", required_argument, NULL, OPT_EVENTS},
    {"events-option", required_argument, NULL, OPT_EVENTS_OPTION},
    {"state-dir", required_argument, NULL, OPT_STATE_DIR},
    {"key-file", required_argument, NULL, OPT_KEY_FILE},
    {"hub-keys", required_argument, NULL, OPT_HUB_KEYS},
    {"threads", required_argument, NULL, OPT_THREADS},
    {"xfsm", required_argument, NULL, OPT_XFSM},
    {"program-keys", required_argument, NULL, OPT_PROGRAM_KEYS},
    {"unixctl", required_argument, NULL, OPT_UNIXCTL},
    {"http", required_argument, NULL, OPT_HTTP},
    {"http-tokens", required_argument, NULL, OPT_HTTP_TOKENS},
    {"http-rate", required_argument, NULL, OPT_HTTP_RATE},
    {"http-web", required_argument, NULL, OPT_HTTP_WEB},
    {"metrics-hosts", required_argument, NULL, OPT_METRICS_HOSTS},
    {"metrics-ports", required_argument, NULL, OPT_METRICS_PORTS},
    {"audit-log", required_argument, NULL, OPT_AUDIT_LOG},
    {"new-token", required_argument, NULL, OPT_NEW_TOKEN},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    VLOG_LONG_OPTIONS,
    DAEMON_LONG_OPTIONS,
    STREAM_SSL_LONG_OPTIONS,
    {"peer-ca-cert", required_argument, NULL, OPT_PEER_CA_CERT},
    {"bootstrap-ca-cert", required_argument, NULL, OPT_BOOTSTRAP_CA_CERT},
    {NULL, 0, NULL, 0},
};

/* Makes '*path' the absolute name of the argument. */
static void
set_path(char **path)
{
    free(*path);
    *path = abs_file_name(NULL, optarg);
}

/* Takes one option on events.  Returns false if it is another one. */
static bool
parse_events_option(struct controller *ctl, int c)
{
    char *error;

    switch (c) {
    case OPT_EVENTS:
        set_path(&ctl->events.target);
        if (xfsm_sink_needs_spool(optarg)) {
            free(ctl->events.target);
            ctl->events.target = xstrdup(optarg);
        }
        return true;
    case OPT_EVENTS_OPTION:
        error = xfsm_sink_options_set(&ctl->events, optarg);
        if (error) {
            ovs_fatal(0, "--events-option: %s", error);
        }
        return true;
    case OPT_STATE_DIR:
        set_path(&ctl->state_dir);
        return true;
    case OPT_KEY_FILE:
        set_path(&ctl->key_file);
        return true;
    case OPT_HUB_KEYS:
        set_path(&ctl->hub_keys);
        return true;
    case OPT_THREADS:
        if (!str_to_int(optarg, 10, &ctl->n_threads) || ctl->n_threads < 1
            || ctl->n_threads > XFSM_POOL_MAX) {
            ovs_fatal(0, "--threads: \"%s\" is not a number from 1 to %d",
                      optarg, XFSM_POOL_MAX);
        }
        return true;
    default:
        return false;
    }
}

/* Prints a new token, and what to write into the file of tokens. */
OVS_NO_RETURN static void
make_token(const char *spec)
{
    char *token, *line;
    char *error = xfsm_tokens_make(spec, &token, &line);

    if (error) {
        ovs_fatal(0, "--new-token: %s", error);
    }
    printf("token: %s\nline:  %s\n", token, line);
    exit(EXIT_SUCCESS);
}

/* Takes a number up to 'max', of the option called 'name'. */
static void
parse_metrics_option(const char *name, unsigned int max,
                     unsigned int *number)
{
    if (!str_to_uint(optarg, 10, number) || *number > max) {
        ovs_fatal(0, "--%s: \"%s\" is not a number from 0 to %u", name,
                  optarg, max);
    }
}

/* Takes one option about the REST API. */
static void
parse_http_option(struct controller *ctl, int c)
{
    switch (c) {
    case OPT_HTTP:
        free(ctl->http.listen);
        ctl->http.listen = xstrdup(optarg);
        break;
    case OPT_HTTP_TOKENS:
        set_path(&ctl->http.tokens);
        break;
    case OPT_HTTP_WEB:
        set_path(&ctl->http.web);
        break;
    case OPT_AUDIT_LOG:
        set_path(&ctl->http.audit);
        break;
    case OPT_HTTP_RATE:
        if (!str_to_uint(optarg, 10, &ctl->http.rate) || !ctl->http.rate
            || ctl->http.rate > XFSM_REST_MAX_RATE) {
            ovs_fatal(0, "--http-rate: \"%s\" is not a number from 1 to %d",
                      optarg, XFSM_REST_MAX_RATE);
        }
        break;
    case OPT_METRICS_HOSTS:
        parse_metrics_option("metrics-hosts", XFSM_METRICS_MAX_HOSTS,
                             &ctl->http.metrics_hosts);
        break;
    case OPT_METRICS_PORTS:
        parse_metrics_option("metrics-ports", XFSM_METRICS_MAX_PORTS,
                             &ctl->http.metrics_ports);
        break;
    case OPT_NEW_TOKEN:
        make_token(optarg);
    default:
        OVS_NOT_REACHED();
    }
}

/* Takes one option of our own. */
static void
parse_own_option(struct controller *ctl, int c)
{
    switch (c) {
    case OPT_ONCE:
        ctl->once = true;
        break;
    case OPT_DB:
        free(ctl->db_remote);
        ctl->db_remote = xstrdup(optarg);
        break;
    case OPT_NAME:
        free(ctl->name);
        ctl->name = xstrdup(optarg);
        break;
    case OPT_IMPORT:
        ctl->import = true;
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
    case OPT_XFSM:
        free(ctl->tool);
        ctl->tool = abs_file_name(NULL, optarg);
        break;
    case OPT_PROGRAM_KEYS:
        set_path(&ctl->program_keys);
        break;
    case OPT_UNIXCTL:
        ctl->unixctl_path = optarg;
        break;
    case OPT_HTTP:
    case OPT_HTTP_TOKENS:
    case OPT_HTTP_RATE:
    case OPT_HTTP_WEB:
    case OPT_METRICS_HOSTS:
    case OPT_METRICS_PORTS:
    case OPT_AUDIT_LOG:
    case OPT_NEW_TOKEN:
        parse_http_option(ctl, c);
        break;
    case OPT_PEER_CA_CERT:
        stream_ssl_set_peer_ca_cert_file(optarg);
        break;
    case OPT_BOOTSTRAP_CA_CERT:
        stream_ssl_set_ca_cert_file(optarg, true);
        break;
    default:
        if (!parse_events_option(ctl, c)) {
            OVS_NOT_REACHED();
        }
    }
}

/* Checks what goes together; 'n_args' is the number of arguments. */
static void
check_options(const struct controller *ctl, int n_args)
{
    if (ctl->import && !ctl->db_remote) {
        ovs_fatal(0, "--import needs --db");
    } else if (n_args != (ctl->import || !ctl->db_remote)) {
        ovs_fatal(0, "%s; use --help for usage", ctl->db_remote && n_args
                  ? "with --db, no fleet description can be given"
                  : "exactly one argument, the fleet description, is "
                    "required, or --db");
    } else if (ctl->program_keys && (!ctl->db_remote || ctl->import)) {
        ovs_fatal(0, "--program-keys is for a fleet in a database");
    } else if (ctl->hub_keys && !ctl->key_file) {
        ovs_fatal(0, "--hub-keys needs --key-file");
    } else if (ctl->once && get_detach()) {
        ovs_fatal(0, "--once and --dry-run cannot be used with --detach");
    } else if (ctl->http.listen && (ctl->once || ctl->import)) {
        ovs_fatal(0, "--http is for a controller that stays");
    } else if (ctl->http.listen && !ctl->http.tokens) {
        ovs_fatal(0, "--http needs --http-tokens");
    }
}

static void
parse_options(struct controller *ctl, int argc, char *argv[])
{
    char *short_options = ovs_cmdl_long_options_to_short_options(long_options);
    int c;

    while ((c = getopt_long(argc, argv, short_options, long_options,
                            NULL)) != -1) {
        if (c == 'p' || c == 'c') {
            set_path(c == 'p' ? &ctl->http.key : &ctl->http.cert);
        }
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

    check_options(ctl, argc - optind);
    if (optind < argc) {
        ctl->fleet_file = abs_file_name(NULL, argv[optind]);
    }
}

/* Writes the file into the database. */
static void
import(struct controller *ctl)
{
    char *error = xfsm_fleet_import(ctl->db_remote, ctl->fleet_file,
                                    ctl->timeout);

    if (error) {
        ovs_fatal(0, "%s", error);
    }
}

/* Returns the name of this process among several. */
static char *
default_name(void)
{
    char hostname[256] = "";

    ignore(gethostname(hostname, sizeof hostname - 1));
    return xasprintf("%s:%ld", hostname, (long int) getpid());
}

int
main(int argc, char *argv[])
{
    struct controller ctl = {
        .tool = xstrdup(XFSM_BINDIR "/xfsm"),
        .mode = XFSM_HOST_WRITE,
        .timeout = TIMEOUT_DEFAULT,
        .http = { .web = xstrdup(XFSM_PKGDATADIR "/web"),
                  .rate = XFSM_REST_RATE,
                  .metrics_hosts = XFSM_METRICS_HOSTS,
                  .metrics_ports = XFSM_METRICS_PORTS },
        .hosts = SHASH_INITIALIZER(&ctl.hosts),
    };
    int status = EXIT_SUCCESS;
    const char *error;

    xfsm_sink_options_init(&ctl.events);
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
    if (!ctl.name) {
        ctl.name = default_name();
    }
    if (ctl.import) {
        import(&ctl);
        xfsm_fleetd_destroy(&ctl);
        return EXIT_SUCCESS;
    }
    if (!ctl.once) {
        open_collector(&ctl);
        open_rest(&ctl);
    }
    error = xfsm_fleetd_start(&ctl);
    if (error) {
        ovs_fatal(0, "%s", error);
    }
    if (ctl.once) {
        status = xfsm_fleetd_once(&ctl);
    } else {
        daemonize_complete();
        serve(&ctl);
    }
    xfsm_fleetd_destroy(&ctl);
    service_stop();
    return status;
}
