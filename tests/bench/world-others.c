/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Attacks of a world that are no scans: floods, guessing, malware. */

#include <stdio.h>

#include "tests/bench/world.h"

#define TEXT_LEN 512
#define NAME_LEN 48

static double
draw_start(struct world *w, double length)
{
    return world_uniform(w, 10, w->duration - length - 60);
}

/* SYN of invented sources to one service. */
static void
syn_flood(struct world *w)
{
    struct world_host dst = world_internal(w, NULL);
    double rate = world_log_uniform(w, 200, 3000);
    double length = world_uniform(w, 5, 15);
    double start = draw_start(w, length), t;
    char must[TEXT_LEN];

    for (t = start; t < start + length; t += world_exponential(w, 1 / rate)) {
        struct world_host src = world_external(w, NULL);

        world_tcp(w, t, &src, world_port(w), &dst, 443, PB_SYN, 0);
    }
    snprintf(must, sizeof must, "synflood:ip_dst=%s,dst_port=443", dst.ip);
    world_label(w, "SYN flood", start, start + length, must, "");
}

static void
udp_flood(struct world *w)
{
    struct world_host dst = world_internal(w, NULL);
    double rate = world_log_uniform(w, 8000, 16000);
    double start = draw_start(w, 8), t;
    unsigned int port = world_between(w, 1024, 65535);
    char must[TEXT_LEN];

    for (t = start; t < start + 8; t += world_exponential(w, 1 / rate)) {
        struct world_host src = world_external(w, NULL);

        world_udp(w, t, &src, world_port(w), &dst, port, 500);
    }
    snprintf(must, sizeof must, "udpflood:ip_dst=%s", dst.ip);
    world_label(w, "UDP flood", start, start + 8, must, "");
}

static void
ping_flood(struct world *w)
{
    struct world_host dst = world_internal(w, NULL);
    struct world_host src = world_external(w, NULL);
    double rate = world_log_uniform(w, 200, 2000);
    double start = draw_start(w, 10), t;
    unsigned int seq = 0;
    char must[TEXT_LEN], may[TEXT_LEN];

    for (t = start; t < start + 10; t += 1 / rate) {
        world_echo(w, t, &src, &dst, false, ++seq & 0xffff, 56);
        world_echo(w, t + 0.001, &dst, &src, true, seq & 0xffff, 56);
    }
    snprintf(must, sizeof must, "icmpflood:ip_dst=%s", dst.ip);
    snprintf(may, sizeof may, "icmpflood:ip_dst=%s", src.ip);
    world_label(w, "ICMP flood", start, start + 10, must, may);
}

static void
guessing(struct world *w)
{
    static const unsigned int ports[] = { 22, 3389, 21, 23 };
    struct world_host src = world_external(w, NULL);
    struct world_host dst = world_internal(w, NULL);
    double interval = world_log_uniform(w, 0.2, 15), start, t;
    unsigned int n = world_between(w, 30, 100), i;
    unsigned int port = ports[world_pick(w, 4)];
    char must[TEXT_LEN];

    t = start = draw_start(w, n * interval);
    for (i = 0; i < n; i++) {
        world_session(w, t, &src, &dst, port, 0.03, world_between(w, 2, 14),
                      world_between(w, 20, 250));
        t += interval * world_uniform(w, 0.8, 1.2);
    }
    snprintf(must, sizeof must, "bruteforce:ip_src=%s,ip_dst=%s,dst_port=%u",
             src.ip, dst.ip, port);
    world_label(w, "guessing", start, t, must, "");
}

static void
beacon(struct world *w)
{
    struct world_host src = world_internal(w, NULL);
    struct world_host dst = world_external(w, NULL);
    double most = (w->duration - 120) / 60;
    double interval = world_log_uniform(w, 5, most < 60 ? most : 60);
    double start = world_uniform(w, 0, interval), t;
    double jitter = world_uniform(w, 0, 0.03);
    char must[TEXT_LEN];

    for (t = start; t < w->duration;
         t += interval * world_uniform(w, 1 - jitter, 1 + jitter)) {
        world_connect(w, t, &src, &dst, 443, 0.05, 300, 500);
    }
    snprintf(must, sizeof must, "beacon:ip_src=%s,ip_dst=%s", src.ip, dst.ip);
    world_label(w, "beacon", start, w->duration, must, "");
}

/* Names that a generator made, few of which exist. */
static void
generated_names(struct world *w)
{
    struct world_host src = world_internal(w, NULL);
    double interval = world_log_uniform(w, 0.05, 1.2), start, t;
    unsigned int n = world_between(w, 50, 300), i, k;
    char must[TEXT_LEN], name[NAME_LEN];

    t = start = draw_start(w, n * interval);
    for (i = 0; i < n; i++) {
        for (k = 0; k < 12; k++) {
            name[k] = (char) ('a' + world_pick(w, 26));
        }
        snprintf(name + k, sizeof name - k, ".example");
        world_dns(w, t, &src, &w->resolver, name, world_chance(w, 0.15));
        t += interval * world_uniform(w, 0.8, 1.2);
    }
    snprintf(must, sizeof must, "nxdomain:ip_dst=%s", src.ip);
    world_label(w, "generated names", start, t, must, "");
}

static void
spam(struct world *w)
{
    struct world_host src = world_internal(w, NULL);
    double interval = world_log_uniform(w, 0.1, 10), start, t;
    unsigned int n = world_between(w, 40, 200), i;
    char must[TEXT_LEN], may[TEXT_LEN];

    t = start = draw_start(w, n * interval);
    for (i = 0; i < n; i++) {
        struct world_host dst = world_external(w, NULL);

        if (world_chance(w, 0.3)) {
            world_silent(w, t, &src, &dst, 25, 3);
        } else {
            world_connect(w, t, &src, &dst, 25, 0.05, 1400, 300);
        }
        t += interval * world_uniform(w, 0.5, 1.5);
    }
    snprintf(must, sizeof must, "spambot:ip_src=%s", src.ip);
    snprintf(may, sizeof may, "hostscan:ip_src=%s,dst_port=25", src.ip);
    world_label(w, "spam", start, t, must, may);
}

void
world_add_others(struct world *w)
{
    static void (*const makers[])(struct world *) = {
        syn_flood, udp_flood, ping_flood, guessing, beacon, generated_names,
        spam,
    };
    unsigned int i;

    for (i = 0; i < sizeof makers / sizeof *makers; i++) {
        makers[i](w);
    }
}
