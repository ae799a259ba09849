/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The scans of a world: of each kind some, each with a speed, a size and
 * answers of its own. */

#include <stdio.h>

#include "tests/bench/world.h"

#define TEXT_LEN 512
#define N_EACH 3                /* Scans of each kind. */
#define SLOWEST 30.0            /* Seconds between two probes. */

/* How victims answer a SYN. */
struct answers {
    bool refuse;                /* By RST; else not at all. */
    double open;                /* Share that accepts. */
    unsigned int tries;         /* SYN to each that is silent. */
};

static struct answers
draw_answers(struct world *w)
{
    struct answers a;

    a.refuse = world_chance(w, 0.5);
    a.open = world_chance(w, 0.5) ? 0 : world_uniform(w, 0, 0.25);
    a.tries = world_between(w, 1, 2);
    return a;
}

static void
probe(struct world *w, const struct answers *a, double t,
      const struct world_host *src, const struct world_host *dst,
      unsigned int port)
{
    if (world_chance(w, a->open)) {
        unsigned int sport = world_port(w);

        world_tcp(w, t, src, sport, dst, port, PB_SYN, 0);
        world_tcp(w, t + 0.002, dst, port, src, sport, PB_SYN | PB_ACK, 0);
        world_tcp(w, t + 0.003, src, sport, dst, port, PB_RST, 0);
    } else if (a->refuse) {
        world_refused(w, t, src, dst, port, 0.002);
    } else {
        world_silent(w, t, src, dst, port, a->tries);
    }
}

/* An attacker and a victim, inside or outside. */
static struct world_host
draw_scanner(struct world *w)
{
    return world_chance(w, 0.5) ? world_internal(w, NULL)
                                : world_external(w, NULL);
}

/* When an attack begins that takes 'length' seconds. */
static double
draw_start(struct world *w, double length)
{
    double room = w->duration - length - 60;

    return world_uniform(w, 10, room < 20 ? 20 : room);
}

/* The time between two probes, not quite the same each time. */
static double
pause(struct world *w, double mean)
{
    return mean * world_uniform(w, 0.7, 1.3);
}

static void
vertical(struct world *w, const char *kind, double interval, unsigned int n,
         const char *program)
{
    struct world_host src = draw_scanner(w), dst = world_internal(w, NULL);
    unsigned int first = world_between(w, 1, 60000), i;
    unsigned int step = world_between(w, 0, 900) * 2 + 1;
    struct answers a = draw_answers(w);
    char must[TEXT_LEN], may[TEXT_LEN];
    double start, t;

    t = start = draw_start(w, interval * n);
    for (i = 0; i < n; i++) {
        probe(w, &a, t, &src, &dst, 1 + (first + i * step) % 65535);
        t += pause(w, interval);
    }
    snprintf(must, sizeof must, "%s:ip_src=%s", program, src.ip);
    snprintf(may, sizeof may, "portscan:ip_src=%s slowscan:ip_src=%s",
             src.ip, src.ip);
    world_label(w, kind, start, t, must, may);
}

/* Fast: some five ports a second to a thousand. */
static void
fast_vertical(struct world *w)
{
    double rate = world_log_uniform(w, 6, 1000);
    unsigned int n = world_between(w, 100, 1000);

    vertical(w, "ports, fast", 1 / rate, n, "portscan");
}

/* A few ports at once. */
static void
short_vertical(struct world *w)
{
    vertical(w, "ports, short", world_log_uniform(w, 0.001, 0.02),
             world_between(w, 30, 60), "portscan");
}

static void
slow_vertical(struct world *w)
{
    double interval = world_log_uniform(w, 0.5, SLOWEST);
    double most = (w->duration - 100) / interval / 1.05;
    unsigned int n = most > 200 ? 200 : (unsigned int) most;

    vertical(w, "ports, slow", interval, n, "slowscan");
}

static void
horizontal(struct world *w, const char *kind, double interval, unsigned int n,
           const char *must)
{
    static const unsigned int ports[] = { 22, 23, 445, 3389, 8080, 5900 };
    struct world_host src = draw_scanner(w);
    struct world_host network = world_network(w, world_chance(w, 0.5));
    unsigned int port = ports[world_pick(w, 6)], i;
    struct answers a = draw_answers(w);
    char text[TEXT_LEN], may[TEXT_LEN];
    double start, t;

    t = start = draw_start(w, interval * n);
    for (i = 0; i < n; i++) {
        struct world_host dst = world_member(&network, i);

        probe(w, &a, t, &src, &dst, port);
        t += pause(w, interval);
    }
    snprintf(text, sizeof text, "%s:ip_src=%s", must, src.ip);
    snprintf(may, sizeof may, "hostscan:ip_src=%s,dst_port=%u "
             "slowscan:ip_src=%s", src.ip, port, src.ip);
    world_label(w, kind, start, t, text, may);
}

static void
fast_horizontal(struct world *w)
{
    horizontal(w, "hosts, fast", 1 / world_log_uniform(w, 1, 1000),
               world_log_between(w, 60, 2000), "hostscan");
}

static void
slow_horizontal(struct world *w)
{
    double interval = world_log_uniform(w, 22, SLOWEST);
    double most = (w->duration - 100) / interval / 1.05;

    horizontal(w, "hosts, slow", interval, (unsigned int) most, "slowscan");
}

/* Some ports of each of many hosts. */
static void
block(struct world *w)
{
    unsigned int hosts = world_between(w, 20, 250), i;
    unsigned int ports = world_between(w, 5, 20);
    double interval = 1 / world_log_uniform(w, 5, 500);
    struct world_host src = draw_scanner(w);
    struct world_host network = world_network(w, true);
    struct answers a = draw_answers(w);
    char must[TEXT_LEN], may[TEXT_LEN];
    double start, t;

    t = start = draw_start(w, interval * hosts * ports);
    for (i = 0; i < hosts * ports; i++) {
        struct world_host dst = world_member(&network, i % hosts);

        probe(w, &a, t, &src, &dst, 20 + i / hosts * 11);
        t += pause(w, interval);
    }
    snprintf(must, sizeof must, "hostscan:ip_src=%s", src.ip);
    snprintf(may, sizeof may, "slowscan:ip_src=%s portscan:ip_src=%s", src.ip,
             src.ip);
    world_label(w, "hosts and ports", start, t, must, may);
}

/* Many sources, of which each tries a few ports of one victim. */
static void
distributed(struct world *w)
{
    struct world_host dst = world_internal(w, NULL);
    unsigned int sources = world_log_between(w, 30, 400), i, k;
    unsigned int each = world_between(w, 1, 5);
    double length = world_log_uniform(w, 2, 600), start;
    struct answers a = draw_answers(w);
    char must[TEXT_LEN];

    start = draw_start(w, length);
    for (i = 0; i < sources; i++) {
        struct world_host src = world_external(w, NULL);

        for (k = 0; k < each; k++) {
            probe(w, &a, start + world_uniform(w, 0, 1) * length, &src, &dst,
                  world_between(w, 1, 10000));
        }
    }
    snprintf(must, sizeof must, "distscan:ip_dst=%s", dst.ip);
    world_label(w, "ports, distributed", start, start + length, must, "");
}

static void
udp_vertical(struct world *w)
{
    double interval = 1 / world_log_uniform(w, 2, 500), start, t, next = 0;
    struct world_host src = draw_scanner(w), dst = world_internal(w, NULL);
    unsigned int n = world_between(w, 100, 1000), i;
    unsigned int first = world_between(w, 1, 30000), sport = world_port(w);
    bool unreachable = world_chance(w, 0.5);
    char must[TEXT_LEN];

    t = start = draw_start(w, interval * n);
    for (i = 0; i < n; i++) {
        world_udp(w, t, &src, sport, &dst, first + i, 20);
        if (unreachable && t >= next) {
            /* Hosts limit these to one a second. */
            world_unreachable(w, t + 0.001, &dst, &src, sport, first + i);
            next = t + 1;
        }
        t += pause(w, interval);
    }
    snprintf(must, sizeof must, "udpscan:ip_src=%s,ip_dst=%s", src.ip,
             dst.ip);
    world_label(w, "UDP ports", start, t, must, "");
}

static void
udp_horizontal(struct world *w)
{
    static const unsigned int ports[] = { 53, 123, 161, 1900, 5060, 11211 };
    double interval = 1 / world_log_uniform(w, 4, 1000), start, t;
    struct world_host src = draw_scanner(w);
    struct world_host network = world_network(w, world_chance(w, 0.5));
    unsigned int n = world_log_between(w, 200, 2000), i;
    unsigned int port = ports[world_pick(w, 6)], sport = world_port(w);
    double open = world_uniform(w, 0, 0.1);
    char must[TEXT_LEN];

    t = start = draw_start(w, interval * n);
    for (i = 0; i < n; i++) {
        struct world_host dst = world_member(&network, i);

        world_udp(w, t, &src, sport, &dst, port, 40);
        if (world_chance(w, open)) {
            world_udp(w, t + 0.01, &dst, port, &src, sport, 80);
        }
        t += pause(w, interval);
    }
    snprintf(must, sizeof must, "udpsweep:ip_src=%s,dst_port=%u", src.ip,
             port);
    world_label(w, "UDP hosts", start, t, must, "");
}

static void
arp(struct world *w)
{
    double interval = 1 / world_log_uniform(w, 3, 500), start, t;
    struct world_host src = world_internal(w, NULL);
    struct world_host network = world_network(w, true);
    unsigned int n = world_between(w, 100, 250), i;
    double there = world_uniform(w, 0, 0.4);
    char must[TEXT_LEN];

    t = start = draw_start(w, interval * n);
    for (i = 0; i < n; i++) {
        struct world_host dst = world_member(&network, i);

        world_arp(w, t, 1, src.mac, src.ip, dst.mac, dst.ip);
        if (world_chance(w, there)) {
            world_arp(w, t + 0.0005, 2, dst.mac, dst.ip, src.mac, src.ip);
        }
        t += pause(w, interval);
    }
    snprintf(must, sizeof must, "arpscan:arp_sha=%s", src.mac);
    world_label(w, "neighbours", start, t, must, "");
}

static void
ping(struct world *w)
{
    double interval = 1 / world_log_uniform(w, 2, 500), start, t;
    struct world_host src = draw_scanner(w);
    struct world_host network = world_network(w, true);
    unsigned int n = world_between(w, 30, 250), i;
    double there = world_uniform(w, 0, 0.5);
    char must[TEXT_LEN];

    t = start = draw_start(w, interval * n);
    for (i = 0; i < n; i++) {
        struct world_host dst = world_member(&network, i);

        world_echo(w, t, &src, &dst, false, 1, 0);
        if (world_chance(w, there)) {
            world_echo(w, t + 0.002, &dst, &src, true, 1, 0);
        }
        t += pause(w, interval);
    }
    snprintf(must, sizeof must, "pingsweep:ip_src=%s", src.ip);
    world_label(w, "pings", start, t, must, "");
}

void
world_add_scans(struct world *w)
{
    static void (*const makers[])(struct world *) = {
        fast_vertical, short_vertical, slow_vertical, fast_horizontal,
        slow_horizontal, block, distributed, udp_vertical, udp_horizontal,
        arp, ping,
    };
    unsigned int i, k;

    for (i = 0; i < sizeof makers / sizeof *makers; i++) {
        for (k = 0; k < N_EACH; k++) {
            makers[i](w);
        }
    }
}
