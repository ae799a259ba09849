/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "utilities/xfsm-events.h"
#include "utilities/xfsm.h"
#include "xfsm/io/clock.h"
#include "xfsm/io/file-sink.h"
#include "xfsm/io/render.h"
#include "xfsm/io/subscriber.h"
#include "xfsm/io/syslog.h"

#define TIMEOUT_MAX 86400.0     /* Seconds. */
#define COUNT_MAX 1000000000L

/* How long nobody may answer before that is said, in ms. */
#define PATIENCE 1500

/* The same, in ms, while --verbose waits to tell that all are connected. */
#define IMPATIENCE 20

#define ROTATE_MIB_MAX (1024 * 1024)

enum format { FORMAT_JSON, FORMAT_TEXT, FORMAT_RENDERED };

struct watcher {
    const char *endpoints[XFSM_SUBSCRIBER_ENDPOINTS_MAX];
    enum format format;
    enum xfsm_renderer renderer;
    bool colour;
    const char *output;         /* File; NULL: standard output. */
    long rotate_mib, rotate_keep;
    const char *syslog_to;      /* NULL: no syslog. */
    struct xfsm_tls_options tls;    /* Of that. */
    bool announce;              /* Tell when all publishers are there. */
    bool past_only;
    long count;                 /* Events still to show; -1: no limit. */
    int64_t deadline;           /* Monotonic ms; -1: none. */

    struct xfsm_subscriber_options options;
    struct xfsm_subscriber *subscriber;
    unsigned int n_endpoints;
    struct xfsm_file_sink *out;
    struct xfsm_syslog *syslog;
    bool syslog_failed;         /* That was said. */
    uint64_t missed;
    bool is_past;               /* The past was shown. */
    bool uncertain;             /* There may be more than 'missed'. */
};

static volatile sig_atomic_t stopped;
static volatile sig_atomic_t reopen;

static void
stop(int signo)
{
    if (signo == SIGHUP) {
        reopen = 1;
    } else {
        stopped = 1;
    }
}

static void
print_help(void)
{
    puts("xfsm events: show the events that probes publish\n"
         "usage: xfsm events [OPTION]... [TOPIC]...\n\n"
         "A topic is LABEL/PROGRAM/BRIDGE/PORT; TOPIC is the start of one:\n"
         "\"alert\" shows all alerts.  Without TOPIC, all events are shown.\n"
         "Events that were lost on the way are taken from the journal of the\n"
         "hub, which keeps those with label alert or critical; if some are\n"
         "still missing, a notice says so.\n\n"
         "  --connect ENDPOINT    subscribe there; may be repeated (default:\n"
         "                        ipc://RUNDIR/xfsm-hub.events, RUNDIR being\n"
         "                        $OVS_RUNDIR or /var/run/openvswitch)\n"
         "  --since TIME          first show what the journal has since:\n"
         "                        2026-11-23T16:42:36Z, 2026-11-23, or how\n"
         "                        long ago: 90s, 15m, 2h, 3d\n"
         "  --no-follow           end after that\n"
         "  --key-file FILE       own key pair (xfsm keygen), for publishers\n"
         "                        that want to know who subscribes\n"
         "  --server-key KEY      their public key, or a file with it\n"
         "  --format FORMAT       json; text; eve (Suricata); ecs (Elastic\n"
         "                        Common Schema); ocsf (Detection Finding);\n"
         "                        default: text on a terminal, else json\n"
         "  --output FILE         append to FILE; opened again on SIGHUP\n"
         "  --rotate-mib N        rotate FILE before it is larger\n"
         "  --rotate-keep N       keep so many old files (default: 5)\n"
         "  --syslog WHERE        send to syslog (RFC 5424) instead:\n"
         "                        unix:/dev/log, udp:127.0.0.1:PORT or\n"
         "                        tls:HOST[:PORT] (RFC 5425)\n"
         "  --syslog-ca FILE      CAs that the server's certificate may be\n"
         "                        of (default: those of the system)\n"
         "  --syslog-cert FILE    own certificate and key\n"
         "  --count N             end after N events\n"
         "  --timeout SECONDS     end after this time\n"
         "  -v, --verbose         say on standard error when connected\n"
         "  -h, --help            print this\n\n"
         "Exit status: 0; 1 if the time was over before N events had come.");
}

/* Sends a line to syslog; says it once if that fails. */
static bool
show_in_syslog(struct watcher *w, const struct xfsm_event_view *event,
               const char *line, size_t len)
{
    int error = xfsm_syslog_send(w->syslog, event, line, len);

    if (error && !w->syslog_failed) {
        const char *why = xfsm_syslog_why(w->syslog);

        xfsm_tool_complain("LOST: cannot send to syslog (%s)",
                           *why ? why : strerror(error));
    }
    w->syslog_failed = error != 0;
    return true;
}

/* The event of an item, which has one. */
static struct xfsm_event_view
get_event(const struct xfsm_subscriber_item *item)
{
    struct xfsm_event_view event = { 0 };

    xfsm_event_decode(item->json, item->json_len, &event);
    return event;
}

/* Writes a message, and counts it. */
static bool
show(struct watcher *w, const struct xfsm_subscriber_item *item)
{
    struct xfsm_event_view event = get_event(item);
    static char buf[XFSM_RENDER_MAX];
    const char *line = buf;
    size_t len;
    int error;

    switch (w->format) {
    case FORMAT_TEXT:
        len = xfsm_events_format_text(&event, w->colour, buf);
        break;
    case FORMAT_RENDERED:
        len = xfsm_render(w->renderer, &event, buf);
        break;
    case FORMAT_JSON:
    default:
        line = item->json;
        len = item->json_len;
        break;
    }
    if (w->count > 0) {
        w->count--;
    }
    if (w->syslog) {
        return show_in_syslog(w, &event, line, len);
    }
    error = xfsm_file_sink_write(w->out, line, len);
    if (error && error != EPIPE) {
        xfsm_tool_complain("cannot write events (%s)", strerror(error));
    }
    return !error;
}

/* Names of where an event is from. */
struct where {
    char host[128], bridge[128], port[128];
};

static struct where
get_where(const struct xfsm_event_view *event)
{
    struct where where;

    xfsm_event_unescape(event->host, where.host, sizeof where.host);
    xfsm_event_unescape(event->bridge, where.bridge, sizeof where.bridge);
    xfsm_event_unescape(event->port, where.port, sizeof where.port);
    return where;
}

static void
tell_gap(struct watcher *w, const struct xfsm_subscriber_item *item)
{
    const struct xfsm_event_view event = get_event(item);
    struct where where = get_where(&event);
    const char *why = (item->answered
                       ? "the journal of the hub does not have them"
                       : "the hub gives no journal");

    w->missed += item->n_missing;
    w->uncertain |= item->uncertain;
    if (!item->n_missing) {
        xfsm_tool_complain("recovered: %"PRIu64" event%s of port %s (bridge "
                           "%s, host %s) came from the journal",
                           item->n_recovered,
                           item->n_recovered == 1 ? "" : "s", where.port,
                           where.bridge, where.host);
    } else {
        xfsm_tool_complain("LOST: %s%"PRIu64" event%s of port %s (bridge %s, "
                           "host %s) did not arrive: %s; %"PRIu64
                           " recovered", item->uncertain ? "at least " : "",
                           item->n_missing, item->n_missing == 1 ? "" : "s",
                           where.port, where.bridge, where.host, why,
                           item->n_recovered);
    }
}

/* A record of the hub: told in any case, and shown if it was asked for. */
static bool
tell_record(struct watcher *w, const struct xfsm_subscriber_item *item)
{
    const struct xfsm_event_view event = get_event(item);
    struct where where = get_where(&event);
    char text[256];

    xfsm_event_unescape(event.text, text, sizeof text);
    xfsm_tool_complain("LOST: port %s (bridge %s, host %s): %s", where.port,
                       where.bridge, where.host, text);
    w->missed += event.count;
    return !item->subscribed || show(w, item);
}

static void
tell_past(struct watcher *w, const struct xfsm_subscriber_item *item)
{
    char time[XFSM_EVENTS_TIME_SIZE];

    w->is_past = true;
    if (!item->complete) {
        xfsm_tool_complain("LOST: not every hub told its journal");
        w->uncertain = true;
    } else if (item->oldest_ms > w->options.since_ms) {
        xfsm_events_format_time(item->oldest_ms, time);
        xfsm_tool_complain("the journal begins at %s", time);
    }
}

/* Handles one item.  Returns false if output failed. */
static bool
handle(struct watcher *w, const struct xfsm_subscriber_item *item)
{
    switch (item->kind) {
    case XFSM_SUBSCRIBER_EVENT:
        return show(w, item);
    case XFSM_SUBSCRIBER_RECORD:
        return tell_record(w, item);
    case XFSM_SUBSCRIBER_GAP:
        tell_gap(w, item);
        return true;
    case XFSM_SUBSCRIBER_PAST:
    default:
        tell_past(w, item);
        return true;
    }
}

/* How long to wait for a message, in ms: not beyond the deadline. */
static int
time_to_wait(const struct watcher *w)
{
    int64_t left = w->deadline - xfsm_now_ms();
    int patience = w->announce ? IMPATIENCE : PATIENCE;

    if (w->deadline < 0 || left > patience) {
        return patience;
    }
    return left > 0 ? (int) left : 0;
}

/* Says, once, that a publisher cannot be reached; and, if asked to, that all
 * are. */
static void
check_connections(struct watcher *w, int64_t start, bool *told)
{
    unsigned int n = xfsm_subscriber_n_connected(w->subscriber);
    bool refused = xfsm_subscriber_refused(w->subscriber) > 0;
    const char *why = (!refused ? ""
                       : w->options.key_file
                       ? ": wrong --server-key, or this key is not on its "
                         "list"
                       : ": it wants keys (--key-file, --server-key)");

    if (n == w->n_endpoints && w->announce) {
        xfsm_tool_complain("connected");
        w->announce = false;
    }
    if (n < w->n_endpoints && !*told
        && xfsm_now_ms() - start >= PATIENCE) {
        if (*why && w->n_endpoints == 1) {
            xfsm_tool_complain("refused by %s%s; waiting",
                               xfsm_subscriber_endpoint(w->subscriber, 0),
                               why);
        } else if (w->n_endpoints == 1) {
            xfsm_tool_complain("nobody answers at %s (is ovs-xfsmd "
                               "running?); waiting",
                               xfsm_subscriber_endpoint(w->subscriber, 0));
        } else {
            xfsm_tool_complain("%u of %u publishers answer%s; waiting for "
                               "the others", n, w->n_endpoints, why);
        }
        *told = true;
    } else if (n == w->n_endpoints) {
        *told = false;
    }
}

/* Flushes, and tells whether to go on. */
static bool
flush(struct watcher *w)
{
    int error = xfsm_file_sink_flush(w->out);
    char *text;

    if (reopen) {
        reopen = 0;
        text = xfsm_file_sink_reopen(w->out);
        if (text) {
            xfsm_tool_complain("%s", text);
            free(text);
        }
    }

    if (error && error != EPIPE) {
        xfsm_tool_complain("cannot write events (%s)", strerror(error));
    }
    return !error;
}

/* Shows events until told to stop.  Returns the exit code. */
static int
watch(struct watcher *w)
{
    struct xfsm_subscriber_item item;
    int64_t start = xfsm_now_ms();
    bool told = false;
    bool ok = true;
    int error;

    while (ok && !stopped && w->count != 0
           && !(w->past_only && w->is_past)) {
        error = xfsm_subscriber_next(w->subscriber, 0, &item);
        if (error == EAGAIN) {
            /* All that has come is shown before waiting for more. */
            ok = flush(w);
            error = !ok ? 0 : xfsm_subscriber_next(w->subscriber,
                                                   time_to_wait(w), &item);
            if (error == EAGAIN) {
                if (w->deadline >= 0 && xfsm_now_ms() >= w->deadline) {
                    break;
                }
                check_connections(w, start, &told);
            }
        }
        if (!ok || error == EAGAIN || error == EINTR) {
            continue;
        } else if (error == EPROTO) {
            xfsm_tool_complain("ignored a malformed message");
        } else if (error) {
            xfsm_tool_complain("cannot receive (%s)", strerror(error));
            return XFSM_EXIT_FAILURE;
        } else {
            ok = handle(w, &item);
        }
    }
    if (ok) {
        flush(w);
    }
    if (w->missed || w->uncertain) {
        xfsm_tool_complain("%s%"PRIu64" events were lost in total",
                           w->uncertain ? "at least " : "", w->missed);
    }
    if (w->syslog && xfsm_syslog_lost(w->syslog)) {
        xfsm_tool_complain("syslog: %"PRIu64" messages were lost",
                           xfsm_syslog_lost(w->syslog));
    }
    if (w->syslog && (xfsm_syslog_resent(w->syslog)
                      || xfsm_syslog_uncertain(w->syslog))) {
        xfsm_tool_complain("syslog: %"PRIu64" messages were sent again, since "
                           "a connection broke; %"PRIu64" may be lost",
                           xfsm_syslog_resent(w->syslog),
                           xfsm_syslog_uncertain(w->syslog));
    }
    if (xfsm_subscriber_forgotten(w->subscriber)) {
        xfsm_tool_complain("%"PRIu64" times a port was forgotten, since there "
                           "were too many: gaps may have been missed",
                           xfsm_subscriber_forgotten(w->subscriber));
    }
    return w->count > 0 && !stopped && ok && !w->past_only
           ? XFSM_EXIT_FAILURE : XFSM_EXIT_OK;
}

/* Opens where events go.  Says why if it fails. */
static bool
open_output(struct watcher *w)
{
    char *error = NULL;

    if (w->output) {
        error = xfsm_file_sink_open(w->output, &w->out);
        if (!error) {
            xfsm_file_sink_set_rotation(w->out,
                                        (uint64_t) w->rotate_mib << 20,
                                        (unsigned int) w->rotate_keep);
        }
    } else {
        w->out = xfsm_file_sink_from_fd(STDOUT_FILENO);
        if (w->syslog_to) {
            error = xfsm_syslog_open(w->syslog_to, &w->tls, &w->syslog);
        }
    }
    if (error) {
        xfsm_tool_complain("%s", error);
        free(error);
    }
    return !error;
}

/* Connects and subscribes.  Says why if it fails. */
static bool
open_watcher(struct watcher *w)
{
    char *error;

    if (!open_output(w)) {
        return false;
    }
    w->options.endpoints = w->endpoints;
    error = xfsm_subscriber_open(&w->options, &w->subscriber);
    if (error) {
        xfsm_tool_complain("%s", error);
        free(error);
        return false;
    }
    while (xfsm_subscriber_endpoint(w->subscriber, w->n_endpoints)) {
        w->n_endpoints++;
    }
    return true;
}

static int
parse_since(struct watcher *w, const char *s)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (!xfsm_events_parse_since(s, (uint64_t) now.tv_sec * 1000
                                 + (uint64_t) now.tv_nsec / 1000000,
                                 &w->options.since_ms)) {
        return xfsm_tool_usage_error("--since: \"%s\" is neither a time "
                                     "(2026-11-23T16:42:36Z) nor how long "
                                     "ago (15m)", s);
    }
    w->options.since_ms += !w->options.since_ms;    /* 0: none. */
    return -1;
}

/* Checks what belongs together. */
static int
check_options(const struct watcher *w)
{
    if (!w->options.key_file != !w->options.server_key) {
        return xfsm_tool_usage_error("--key-file and --server-key need each "
                                     "other");
    }
    if (w->past_only && !w->options.since_ms) {
        return xfsm_tool_usage_error("--no-follow needs --since");
    }
    if (w->output && w->syslog_to) {
        return xfsm_tool_usage_error("either --output or --syslog");
    }
    if ((w->tls.ca || w->tls.cert)
        && (!w->syslog_to || strncmp(w->syslog_to, "tls:", 4))) {
        return xfsm_tool_usage_error("--syslog-ca and --syslog-cert need "
                                     "--syslog tls:HOST");
    }
    if (w->rotate_mib && !w->output) {
        return xfsm_tool_usage_error("--rotate-mib needs --output");
    }
    return -1;
}

static bool
parse_format(struct watcher *w, const char *s)
{
    if (!strcmp(s, "json")) {
        w->format = FORMAT_JSON;
    } else if (!strcmp(s, "text")) {
        w->format = FORMAT_TEXT;
    } else if (xfsm_renderer_from_name(s, &w->renderer)) {
        w->format = FORMAT_RENDERED;
    } else {
        return false;
    }
    return true;
}

/* Parses all options.  Returns -1, or an exit code to end with. */
static int
parse_options(struct watcher *w, int argc, char *argv[])
{
    enum {
        OPT_CONNECT = 256, OPT_FORMAT, OPT_COUNT, OPT_TIMEOUT, OPT_SINCE,
        OPT_NO_FOLLOW, OPT_KEY_FILE, OPT_SERVER_KEY, OPT_OUTPUT,
        OPT_ROTATE_MIB, OPT_ROTATE_KEEP, OPT_SYSLOG, OPT_SYSLOG_CA,
        OPT_SYSLOG_CERT
    };
    static const struct option options[] = {
        { "connect", required_argument, NULL, OPT_CONNECT },
        { "format", required_argument, NULL, OPT_FORMAT },
        { "count", required_argument, NULL, OPT_COUNT },
        { "timeout", required_argument, NULL, OPT_TIMEOUT },
        { "since", required_argument, NULL, OPT_SINCE },
        { "no-follow", no_argument, NULL, OPT_NO_FOLLOW },
        { "key-file", required_argument, NULL, OPT_KEY_FILE },
        { "server-key", required_argument, NULL, OPT_SERVER_KEY },
        { "output", required_argument, NULL, OPT_OUTPUT },
        { "rotate-mib", required_argument, NULL, OPT_ROTATE_MIB },
        { "rotate-keep", required_argument, NULL, OPT_ROTATE_KEEP },
        { "syslog", required_argument, NULL, OPT_SYSLOG },
        { "syslog-ca", required_argument, NULL, OPT_SYSLOG_CA },
        { "syslog-cert", required_argument, NULL, OPT_SYSLOG_CERT },
        { "verbose", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    double seconds;
    int exit_code;
    int c;

    while ((c = getopt_long(argc, argv, "hv", options, NULL)) != -1) {
        switch (c) {
        case OPT_CONNECT:
            if (w->options.n_endpoints >= XFSM_SUBSCRIBER_ENDPOINTS_MAX) {
                return xfsm_tool_usage_error("--connect: more than %d "
                                             "endpoints",
                                             XFSM_SUBSCRIBER_ENDPOINTS_MAX);
            }
            w->endpoints[w->options.n_endpoints++] = optarg;
            break;
        case OPT_FORMAT:
            if (parse_format(w, optarg)) {
                break;
            }
            return xfsm_tool_usage_error("--format: \"%s\" is none of json, "
                                         "text, eve, ecs, ocsf", optarg);
        case OPT_COUNT:
            if (xfsm_tool_parse_int(optarg, 1, COUNT_MAX, &w->count)) {
                break;
            }
            return xfsm_tool_usage_error("--count: \"%s\" is not a number of "
                                         "events", optarg);
        case OPT_TIMEOUT:
            if (xfsm_tool_parse_seconds(optarg, TIMEOUT_MAX, &seconds)) {
                w->deadline = xfsm_now_ms() + (int64_t) ceil(seconds * 1000);
                break;
            }
            return xfsm_tool_usage_error("--timeout: \"%s\" is not a number "
                                         "of seconds up to %g", optarg,
                                         TIMEOUT_MAX);
        case OPT_SINCE:
            exit_code = parse_since(w, optarg);
            if (exit_code >= 0) {
                return exit_code;
            }
            break;
        case OPT_NO_FOLLOW:
            w->past_only = true;
            break;
        case OPT_KEY_FILE:
            w->options.key_file = optarg;
            break;
        case OPT_SERVER_KEY:
            w->options.server_key = optarg;
            break;
        case OPT_OUTPUT:
            w->output = optarg;
            break;
        case OPT_ROTATE_MIB:
            if (xfsm_tool_parse_int(optarg, 1, ROTATE_MIB_MAX,
                                    &w->rotate_mib)) {
                break;
            }
            return xfsm_tool_usage_error("--rotate-mib: \"%s\" is not a "
                                         "number of MiB", optarg);
        case OPT_ROTATE_KEEP:
            if (xfsm_tool_parse_int(optarg, 0, XFSM_FILE_SINK_KEEP,
                                    &w->rotate_keep)) {
                break;
            }
            return xfsm_tool_usage_error("--rotate-keep: \"%s\" is not a "
                                         "number of files up to %d", optarg,
                                         XFSM_FILE_SINK_KEEP);
        case OPT_SYSLOG:
            w->syslog_to = optarg;
            break;
        case OPT_SYSLOG_CA:
            w->tls.ca = optarg;
            break;
        case OPT_SYSLOG_CERT:
            w->tls.cert = optarg;
            break;
        case 'v':
            w->announce = true;
            break;
        case 'h':
            print_help();
            return XFSM_EXIT_OK;
        default:
            return xfsm_tool_bad_option();
        }
    }
    return check_options(w);
}

int
xfsm_cmd_events(int argc, char *argv[])
{
    struct sigaction action = { .sa_handler = stop };   /* No SA_RESTART. */
    struct watcher w = {
        .format = isatty(STDOUT_FILENO) ? FORMAT_TEXT : FORMAT_JSON,
        .count = -1,
        .deadline = -1,
        .rotate_keep = 5,
    };
    int exit_code;

    exit_code = parse_options(&w, argc, argv);
    if (exit_code >= 0) {
        return exit_code;
    }
    w.options.topics = (const char *const *) argv + optind;
    w.options.n_topics = (size_t) (argc - optind);
    w.colour = w.format == FORMAT_TEXT && isatty(STDOUT_FILENO)
               && !w.output && !w.syslog_to && !getenv("NO_COLOR");
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (w.output) {
        sigaction(SIGHUP, &action, NULL);
    }

    exit_code = open_watcher(&w) ? watch(&w) : XFSM_EXIT_FAILURE;
    xfsm_file_sink_close(w.out);
    xfsm_syslog_close(w.syslog);
    xfsm_subscriber_close(w.subscriber);
    return exit_code;
}
