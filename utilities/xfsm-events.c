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
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "utilities/xfsm.h"
#include "xfsm/io/event-decode.h"
#include "xfsm/io/file-sink.h"
#include "xfsm/io/gap.h"
#include "xfsm/io/zmq-sub.h"
#include "xfsm/runtime/event.h"

#define ENDPOINTS_MAX 64
#define TIMEOUT_MAX 86400.0     /* Seconds. */
#define COUNT_MAX 1000000000L

/* How long nobody may answer before that is said, in ms. */
#define PATIENCE 1500

/* The same, in ms, while --verbose waits to tell that all are connected. */
#define IMPATIENCE 20

/* Where Open vSwitch keeps its sockets, unless OVS_RUNDIR says. */
#define RUNDIR_DEFAULT "/var/run/openvswitch"
#define HUB_SOCKET "xfsm-hub.events"

/* Longest line in text form: the longest event and what stands around it. */
#define LINE_MAX_BYTES (XFSM_EVENT_JSON_MAX + 512)

enum format { FORMAT_JSON, FORMAT_TEXT };

struct watcher {
    const char *endpoints[ENDPOINTS_MAX];
    int n_endpoints;
    char *default_endpoint;
    enum format format;
    bool colour;
    bool announce;              /* Tell when all publishers are there. */
    long count;                 /* Events still to show; -1: no limit. */
    int64_t deadline;           /* Monotonic ms; -1: none. */

    struct xfsm_zmq_sub *sub;
    struct xfsm_gap_tracker *gaps;      /* NULL unless all is subscribed. */
    struct xfsm_file_sink *out;
    uint64_t missed;
};

static volatile sig_atomic_t stopped;

static void
stop(int signo)
{
    (void) signo;
    stopped = 1;
}

static void
print_help(void)
{
    puts("xfsm events: show the events that probes publish\n"
         "usage: xfsm events [OPTION]... [TOPIC]...\n\n"
         "A topic is LABEL/PROGRAM/BRIDGE/PORT; TOPIC is the start of one:\n"
         "\"alert\" shows all alerts.  Without TOPIC, all events are shown,\n"
         "and a notice is given where some were lost on the way.\n\n"
         "  --connect ENDPOINT    subscribe there; may be repeated (default:\n"
         "                        ipc://RUNDIR/xfsm-hub.events, RUNDIR being\n"
         "                        $OVS_RUNDIR or /var/run/openvswitch)\n"
         "  --format json|text    default: text on a terminal, else json\n"
         "  --count N             end after N events\n"
         "  --timeout SECONDS     end after this time\n"
         "  -v, --verbose         say on standard error when connected\n"
         "  -h, --help            print this\n\n"
         "Exit status: 0; 1 if the time was over before N events had come.");
}

static int64_t
now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* Colour of a label on a terminal. */
static const char *
label_colour(const char *label)
{
    if (!strcmp(label, XFSM_LABEL_CRITICAL)) {
        return "\033[1;31m";
    } else if (!strcmp(label, XFSM_LABEL_ALERT)) {
        return "\033[31m";
    } else if (!strcmp(label, XFSM_LABEL_LOG)) {
        return "\033[32m";
    }
    return "\033[36m";
}

/* Writes an event for people. */
static int
show_text(struct watcher *w, const struct xfsm_event_view *event)
{
    char time[64], label[64], program[128], port[128], state[128];
    char text[XFSM_EVENT_JSON_MAX];
    char line[LINE_MAX_BYTES + 512];
    int len;

    xfsm_event_unescape(event->time, time, sizeof time);
    xfsm_event_unescape(event->label, label, sizeof label);
    xfsm_event_unescape(event->program, program, sizeof program);
    xfsm_event_unescape(event->port, port, sizeof port);
    xfsm_event_unescape(event->state, state, sizeof state);
    xfsm_event_unescape(event->text.p ? event->text : event->description,
                        text, sizeof text);
    len = snprintf(line, sizeof line, "%s%s%s %s%-8s%s %s %s %s%s%s",
                   w->colour ? "\033[2m" : "", time,
                   w->colour ? "\033[0m" : "",
                   w->colour ? label_colour(label) : "", label,
                   w->colour ? "\033[0m" : "",
                   program, port, state, *state ? ": " : "", text);
    if (len >= (int) sizeof line) {
        len = sizeof line - 1;
    }
    return xfsm_file_sink_write(w->out, line, len);
}

/* Says on stderr if events are missing in front of 'event'. */
static void
look_for_gap(struct watcher *w, const struct xfsm_event_view *event)
{
    char bridge[128], port[128], host[128];
    uint64_t missing;

    if (!w->gaps || !event->has_seq || !event->has_epoch) {
        return;
    }
    missing = xfsm_gap_note(w->gaps, event->host, event->bridge, event->port,
                            event->epoch, event->seq);
    if (missing) {
        w->missed += missing;
        xfsm_event_unescape(event->host, host, sizeof host);
        xfsm_event_unescape(event->bridge, bridge, sizeof bridge);
        xfsm_event_unescape(event->port, port, sizeof port);
        xfsm_tool_complain("LOST: %"PRIu64" event%s of port %s (bridge %s, "
                           "host %s) did not arrive", missing,
                           missing == 1 ? "" : "s", port, bridge, host);
    }
}

/* Handles one message.  Returns false if output failed. */
static bool
handle(struct watcher *w, const struct xfsm_zmq_message *message)
{
    struct xfsm_event_view event;
    int error;

    if (!xfsm_event_decode(message->body, message->body_len, &event)) {
        xfsm_tool_complain("ignored a message that is no event");
        return true;
    }
    look_for_gap(w, &event);
    error = w->format == FORMAT_JSON
            ? xfsm_file_sink_write(w->out, message->body, message->body_len)
            : show_text(w, &event);
    if (w->count > 0) {
        w->count--;
    }
    if (error && error != EPIPE) {
        xfsm_tool_complain("cannot write events (%s)", strerror(error));
    }
    return !error;
}

/* How long to wait for a message, in ms: not beyond the deadline. */
static int
time_to_wait(const struct watcher *w)
{
    int64_t left = w->deadline - now_ms();
    int patience = w->announce ? IMPATIENCE : PATIENCE;

    if (w->deadline < 0 || left > patience) {
        return patience;
    }
    return left > 0 ? left : 0;
}

/* Says, once, that a publisher cannot be reached; and, if asked to, that all
 * are. */
static void
check_connections(struct watcher *w, int64_t start, bool *told)
{
    unsigned int n = xfsm_zmq_sub_n_connected(w->sub);

    if (n == (unsigned int) w->n_endpoints && w->announce) {
        xfsm_tool_complain("connected");
        w->announce = false;
    }
    if (n < (unsigned int) w->n_endpoints && !*told
        && now_ms() - start >= PATIENCE) {
        if (w->n_endpoints == 1) {
            xfsm_tool_complain("nobody answers at %s (is ovs-xfsmd "
                               "running?); waiting", w->endpoints[0]);
        } else {
            xfsm_tool_complain("%u of %d publishers answer; waiting for the "
                               "others", n, w->n_endpoints);
        }
        *told = true;
    } else if (n == (unsigned int) w->n_endpoints) {
        *told = false;
    }
}

/* Flushes, and tells whether to go on. */
static bool
flush(struct watcher *w)
{
    int error = xfsm_file_sink_flush(w->out);

    if (error && error != EPIPE) {
        xfsm_tool_complain("cannot write events (%s)", strerror(error));
    }
    return !error;
}

/* Shows events until told to stop.  Returns the exit code. */
static int
watch(struct watcher *w)
{
    struct xfsm_zmq_message message;
    int64_t start = now_ms();
    bool told = false;
    bool ok = true;
    int error;

    while (ok && !stopped && w->count != 0) {
        error = xfsm_zmq_sub_recv(w->sub, 0, &message);
        if (error == EAGAIN) {
            /* All that has come is shown before waiting for more. */
            ok = flush(w);
            error = !ok ? 0 : xfsm_zmq_sub_recv(w->sub, time_to_wait(w),
                                                &message);
            if (error == EAGAIN) {
                if (w->deadline >= 0 && now_ms() >= w->deadline) {
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
            ok = handle(w, &message);
        }
    }
    if (ok) {
        flush(w);
    }
    if (w->missed) {
        xfsm_tool_complain("%"PRIu64" events were lost in total", w->missed);
    }
    return w->count > 0 && !stopped && ok ? XFSM_EXIT_FAILURE : XFSM_EXIT_OK;
}

/* Connects and subscribes.  Says why if it fails. */
static bool
open_watcher(struct watcher *w, char *topics[], int n_topics)
{
    uint8_t entropy[16];
    char *error;
    int i;

    error = xfsm_zmq_sub_create(&w->sub);
    for (i = 0; i < w->n_endpoints && !error; i++) {
        error = xfsm_zmq_sub_connect(w->sub, w->endpoints[i]);
    }
    if (error) {
        xfsm_tool_complain("%s", error);
        free(error);
        return false;
    }
    if (!n_topics) {
        if (getrandom(entropy, sizeof entropy, 0) != sizeof entropy) {
            xfsm_tool_complain("no random numbers (%s)", strerror(errno));
            return false;
        }
        w->gaps = xfsm_gap_create(entropy);
        xfsm_zmq_sub_subscribe(w->sub, "");
    }
    for (i = 0; i < n_topics; i++) {
        int retval = xfsm_zmq_sub_subscribe(w->sub, topics[i]);

        if (retval) {
            xfsm_tool_complain("topic \"%s\" (%s)", topics[i],
                               strerror(retval));
            return false;
        }
    }
    return true;
}

static void
use_default_endpoint(struct watcher *w)
{
    const char *rundir = getenv("OVS_RUNDIR");

    if (asprintf(&w->default_endpoint, "ipc://%s/" HUB_SOCKET,
                 rundir && *rundir ? rundir : RUNDIR_DEFAULT) < 0) {
        abort();
    }
    w->endpoints[w->n_endpoints++] = w->default_endpoint;
}

/* Parses all options.  Returns -1, or an exit code to end with. */
static int
parse_options(struct watcher *w, int argc, char *argv[])
{
    enum { OPT_CONNECT = 256, OPT_FORMAT, OPT_COUNT, OPT_TIMEOUT };
    static const struct option options[] = {
        { "connect", required_argument, NULL, OPT_CONNECT },
        { "format", required_argument, NULL, OPT_FORMAT },
        { "count", required_argument, NULL, OPT_COUNT },
        { "timeout", required_argument, NULL, OPT_TIMEOUT },
        { "verbose", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    double seconds;
    int c;

    while ((c = getopt_long(argc, argv, "hv", options, NULL)) != -1) {
        switch (c) {
        case OPT_CONNECT:
            if (w->n_endpoints >= ENDPOINTS_MAX) {
                return xfsm_tool_usage_error("--connect: more than %d "
                                             "endpoints", ENDPOINTS_MAX);
            }
            w->endpoints[w->n_endpoints++] = optarg;
            break;
        case OPT_FORMAT:
            if (!strcmp(optarg, "json") || !strcmp(optarg, "text")) {
                w->format = optarg[0] == 'j' ? FORMAT_JSON : FORMAT_TEXT;
                break;
            }
            return xfsm_tool_usage_error("--format: \"%s\" is neither json "
                                         "nor text", optarg);
        case OPT_COUNT:
            if (xfsm_tool_parse_int(optarg, 1, COUNT_MAX, &w->count)) {
                break;
            }
            return xfsm_tool_usage_error("--count: \"%s\" is not a number of "
                                         "events", optarg);
        case OPT_TIMEOUT:
            if (xfsm_tool_parse_seconds(optarg, TIMEOUT_MAX, &seconds)) {
                w->deadline = now_ms() + (int64_t) ceil(seconds * 1000);
                break;
            }
            return xfsm_tool_usage_error("--timeout: \"%s\" is not a number "
                                         "of seconds up to %g", optarg,
                                         TIMEOUT_MAX);
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
    return -1;
}

int
xfsm_cmd_events(int argc, char *argv[])
{
    struct sigaction action = { .sa_handler = stop };   /* No SA_RESTART. */
    struct watcher w = {
        .format = isatty(STDOUT_FILENO) ? FORMAT_TEXT : FORMAT_JSON,
        .count = -1,
        .deadline = -1,
    };
    int exit_code;

    exit_code = parse_options(&w, argc, argv);
    if (exit_code >= 0) {
        return exit_code;
    }
    if (!w.n_endpoints) {
        use_default_endpoint(&w);
    }
    w.colour = w.format == FORMAT_TEXT && isatty(STDOUT_FILENO)
               && !getenv("NO_COLOR");
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);

    w.out = xfsm_file_sink_from_fd(STDOUT_FILENO);
    exit_code = open_watcher(&w, argv + optind, argc - optind)
                ? watch(&w) : XFSM_EXIT_FAILURE;
    xfsm_file_sink_close(w.out);
    xfsm_zmq_sub_destroy(w.sub);
    xfsm_gap_destroy(w.gaps);
    free(w.default_endpoint);
    return exit_code;
}
