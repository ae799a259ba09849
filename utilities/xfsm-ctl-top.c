/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "db-ctl-base.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "timeval.h"
#include "util.h"

/* 'top': what the rows of the probes tell, again and again, as rates since
 * the last time.  On a terminal the screen is drawn anew each time and has as
 * many ports as fit; otherwise tables follow each other, with all ports. */

#define INTERVAL_DEFAULT 2
#define INTERVAL_MAX 3600

/* R(ID, STATISTIC): statistics of a probe that are shown. */
#define TOP_STATISTICS(R) \
    R(PACKETS, "packets") \
    R(BYTES, "bytes") \
    R(FILTERED, "rx_filtered") \
    R(DROPPED, "dropped") \
    R(EVENTS, "events") \
    R(ALERTS, "alerts")

enum top_statistic {
#define TOP_ENUM(ID, STATISTIC) TOP_##ID,
    TOP_STATISTICS(TOP_ENUM)
#undef TOP_ENUM
    TOP_N
};

static const char *const statistic_names[TOP_N] = {
#define TOP_NAME(ID, STATISTIC) STATISTIC,
    TOP_STATISTICS(TOP_NAME)
#undef TOP_NAME
};

/* A probe at one time. */
struct sample {
    int64_t epoch;              /* Of the process: its counters start at 0. */
    int64_t values[TOP_N];
};

/* A line of the table. */
struct line {
    const struct xfsmrec_probe *probe;
    double rates[TOP_N];        /* A second. */
    int64_t alerts;             /* In all. */
};

struct top {
    struct ovsdb_idl *idl;
    struct shash samples;       /* "struct sample"s by interface. */
    long long int sampled;      /* When they were taken. */
    bool terminal;
    int rows, columns;          /* Of the terminal. */
};

static struct sample
take_sample(const struct xfsmrec_probe *probe)
{
    struct sample s = { .epoch = probe->n_epoch ? probe->epoch[0] : 0 };

    for (size_t i = 0; i < probe->n_statistics; i++) {
        for (size_t j = 0; j < TOP_N; j++) {
            if (!strcmp(probe->key_statistics[i], statistic_names[j])) {
                s.values[j] = probe->value_statistics[i];
            }
        }
    }
    return s;
}

/* Makes the lines, and the samples those of now. */
static struct line *
make_lines(struct top *top, size_t *np)
{
    struct shash now = SHASH_INITIALIZER(&now);
    long long int msec = time_msec();
    double seconds = (msec - top->sampled) / 1000.;
    const struct xfsmrec_probe *probe;
    struct line *lines = NULL;
    size_t allocated = 0;
    size_t n = 0;

    XFSMREC_PROBE_FOR_EACH (probe, top->idl) {
        const struct sample *old = shash_find_data(&top->samples,
                                                   probe->interface);
        struct sample s = take_sample(probe);
        struct line line = { .probe = probe, .alerts = s.values[TOP_ALERTS] };

        for (size_t i = 0; i < TOP_N; i++) {
            int64_t before = old && old->epoch == s.epoch ? old->values[i]
                             : 0;

            if (old && seconds > 0 && s.values[i] > before) {
                line.rates[i] = (s.values[i] - before) / seconds;
            }
        }
        if (n >= allocated) {
            lines = x2nrealloc(lines, &allocated, sizeof *lines);
        }
        lines[n++] = line;
        shash_replace(&now, probe->interface, xmemdup(&s, sizeof s));
    }
    shash_swap(&now, &top->samples);
    shash_destroy_free_data(&now);
    top->sampled = msec;
    *np = n;
    return lines;
}

/* The busiest first: those with alerts, then by packets, then by name. */
static int
compare_lines(const void *a_, const void *b_)
{
    const struct line *a = a_;
    const struct line *b = b_;
    double x = a->rates[TOP_ALERTS] - b->rates[TOP_ALERTS];
    double y = a->rates[TOP_PACKETS] - b->rates[TOP_PACKETS];

    return (x ? (x < 0 ? 1 : -1)
            : y ? (y < 0 ? 1 : -1)
            : strcmp(a->probe->interface, b->probe->interface));
}

/* Appends 's' without anything that a terminal would obey: what an event says
 * may come from a packet. */
static void
put_safe(struct ds *out, const char *s)
{
    for (; *s; s++) {
        unsigned char c = *s;

        ds_put_char(out, c < ' ' || c > '~' ? '?' : c);
    }
}

/* Appends a rate in at most 7 characters. */
static void
put_rate(struct ds *out, double rate)
{
    if (rate && rate < 10) {
        ds_put_format(out, " %7.1f", rate);
    } else if (rate < 1e6) {
        ds_put_format(out, " %7.0f", rate);
    } else {
        ds_put_format(out, " %6.1fM", rate / 1e6);
    }
}

static void
put_line(struct ds *out, const struct line *line)
{
    const struct xfsmrec_probe *probe = line->probe;

    ds_put_format(out, "%-15s %-10s %-9s", probe->interface, probe->bridge,
                  probe->status ? probe->status : "-");
    put_rate(out, line->rates[TOP_PACKETS]);
    ds_put_format(out, " %7.2f", line->rates[TOP_BYTES] * 8 / 1e6);
    put_rate(out, line->rates[TOP_FILTERED]);
    put_rate(out, line->rates[TOP_DROPPED]);
    put_rate(out, line->rates[TOP_EVENTS]);
    ds_put_format(out, " %6"PRId64" ", line->alerts);
    put_safe(out, probe->error ? probe->error : probe->last_event);
}

static void
put_header(struct ds *out, const struct top *top, const struct line *lines,
           size_t n)
{
    const struct xfsmrec_xfsm_global *global
        = xfsmrec_xfsm_global_first(top->idl);
    size_t running = 0, faulty = 0;
    time_t now = time(NULL);
    struct tm tm;
    char clock[32];

    for (size_t i = 0; i < n; i++) {
        const char *status = lines[i].probe->status;

        running += status && !strcmp(status, "running");
        faulty += status && (!strcmp(status, "error")
                             || !strcmp(status, "degraded"));
    }
    strftime(clock, sizeof clock, "%H:%M:%S", localtime_r(&now, &tm));
    ds_put_format(out, "%s  %s  %"PRIuSIZE" interfaces, %"PRIuSIZE
                  " running, %"PRIuSIZE" with errors%s\n", clock,
                  global ? global->hostname : "", n, running, faulty,
                  ovsdb_idl_is_connected(top->idl) ? ""
                  : "  (no connection to the database)");
    ds_put_format(out, "%-15s %-10s %-9s %7s %7s %7s %7s %7s %6s %s\n",
                  "INTERFACE", "BRIDGE", "STATUS", "PKT/S", "MBIT/S",
                  "SPARED", "DROPPED", "EVENTS", "ALERTS",
                  "ERROR OR LAST EVENT");
}

static void
get_size(struct top *top)
{
    struct winsize size;

    if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row > 4
        && size.ws_col > 20) {
        top->rows = size.ws_row;
        top->columns = size.ws_col;
    } else {
        top->rows = 24;
        top->columns = 80;
    }
}

/* Prints 's', each line cut at the width of the terminal. */
static void
print_cut(const struct top *top, const char *s)
{
    int left = top->rows - 1;

    for (; *s && left-- > 0; s += strcspn(s, "\n"), s += *s == '\n') {
        int len = strcspn(s, "\n");

        printf("%.*s\033[K\n", MIN(len, top->columns), s);
    }
}

static void
draw(struct top *top, bool first)
{
    struct ds out = DS_EMPTY_INITIALIZER;
    struct line *lines;
    size_t n;

    lines = make_lines(top, &n);
    if (n) {
        qsort(lines, n, sizeof *lines, compare_lines);
    }
    put_header(&out, top, lines, n);
    for (size_t i = 0; i < n; i++) {
        put_line(&out, &lines[i]);
        ds_put_char(&out, '\n');
    }
    if (top->terminal) {
        get_size(top);
        fputs("\033[H", stdout);
        print_cut(top, ds_cstr(&out));
        fputs("\033[J", stdout);
    } else {
        printf("%s%s", first ? "" : "\n", ds_cstr(&out));
    }
    fflush(stdout);
    free(lines);
    ds_destroy(&out);
}

/* Keeps up with the database for 'msec' milliseconds. */
static void
wait_msec(struct ovsdb_idl *idl, long long int msec)
{
    long long int until = time_msec() + msec;

    while (time_msec() < until) {
        ovsdb_idl_run(idl);
        ovsdb_idl_wait(idl);
        poll_timer_wait_until(until);
        poll_block();
    }
}

static unsigned int
get_option(const struct shash *options, const char *name, unsigned int def,
           unsigned int max)
{
    const char *s = shash_find_data(options, name);
    unsigned int value = def;

    if (s && (!str_to_uint(s, 10, &value) || !value || value > max)) {
        ctl_fatal("%s=%s: not a number from 1 to %u", name, s, max);
    }
    return value;
}

void
xfsm_ctl_top(struct ovsdb_idl *idl, const struct shash *options)
{
    unsigned int interval = get_option(options, "--interval",
                                       INTERVAL_DEFAULT, INTERVAL_MAX);
    unsigned int iterations = get_option(options, "--iterations", 0,
                                         UINT_MAX - 1);
    struct top top = {
        .idl = idl,
        .samples = SHASH_INITIALIZER(&top.samples),
        .terminal = isatty(STDOUT_FILENO),
    };
    struct line *lines;
    size_t n;

    ovsdb_idl_enable_reconnect(idl);
    lines = make_lines(&top, &n);
    free(lines);
    if (top.terminal) {
        fputs("\033[2J", stdout);
    }
    for (unsigned int i = 0; !iterations || i < iterations; i++) {
        wait_msec(idl, interval * 1000LL);
        draw(&top, !i);
    }
    shash_destroy_free_data(&top.samples);
}
