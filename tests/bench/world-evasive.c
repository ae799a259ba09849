/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Attackers of a world who know how they are looked for: slow, in no order, at
 * no fixed times, among decoys, from many hosts, by packets that open no
 * connection. */

#include <stdio.h>
#include <string.h>

#include "tests/bench/world.h"

#define TEXT_LEN 2048
#define N_DECOYS 8
#define N_TEAM 20
#define FEW_PORTS 1000          /* Those that scanners like. */

static double
draw_start(struct world *w, double length)
{
    double room = w->duration - length - 60;

    return world_uniform(w, 10, room < 20 ? 20 : room);
}

/* So many different ports in random order. */
static void
draw_ports(struct world *w, unsigned int ports[FEW_PORTS])
{
    unsigned int first = world_between(w, 1, 60000), i, k, swap;

    for (i = 0; i < FEW_PORTS; i++) {
        ports[i] = 1 + (first + 3 * i) % 65535;
    }
    for (i = FEW_PORTS - 1; i > 0; i--) {
        k = world_pick(w, i + 1);
        swap = ports[i];
        ports[i] = ports[k];
        ports[k] = swap;
    }
}

/* One probe a second, with no answer, as long as the world is; ports or hosts
 * in no order and at no fixed times. */
static void
silent_vertical(struct world *w)
{
    struct world_host src = world_external(w, NULL);
    struct world_host dst = world_internal(w, NULL);
    unsigned int ports[FEW_PORTS], i = 0;
    double mean = world_log_uniform(w, 0.9, 5), start, t;
    char must[TEXT_LEN], may[TEXT_LEN];

    draw_ports(w, ports);
    t = start = world_uniform(w, 0, 60);
    for (; t < w->duration - 60; t += world_exponential(w, mean)) {
        world_tcp(w, t, &src, world_port(w), &dst, ports[i++ % FEW_PORTS],
                  PB_SYN, 0);
    }
    snprintf(must, sizeof must, "slowscan:ip_src=%s", src.ip);
    snprintf(may, sizeof may, "portscan:ip_src=%s", src.ip);
    world_label(w, "ports, silent", start, t, must, may);
}

static void
silent_horizontal(struct world *w)
{
    struct world_host src = world_external(w, NULL);
    struct world_host network = world_network(w, true);
    double mean = world_log_uniform(w, 0.9, 15), start, t;
    unsigned int n[FEW_PORTS], i = 0;
    char must[TEXT_LEN], may[TEXT_LEN];

    draw_ports(w, n);
    t = start = world_uniform(w, 0, 60);
    for (; t < w->duration - 60; t += world_exponential(w, mean)) {
        struct world_host dst = world_member(&network,
                                             n[i++ % FEW_PORTS] % 3000);

        world_tcp(w, t, &src, world_port(w), &dst, 445, PB_SYN, 0);
    }
    snprintf(must, sizeof must, "hostscan:ip_src=%s,dst_port=445", src.ip);
    snprintf(may, sizeof may, "slowscan:ip_src=%s", src.ip);
    world_label(w, "hosts, silent", start, t, must, may);
}

/* Each port is tried from the scanner's address, and from some that are not
 * its own. */
static void
decoys(struct world *w)
{
    struct world_host src = world_external(w, NULL);
    struct world_host dst = world_internal(w, NULL);
    struct world_host others[N_DECOYS];
    double gap = 1 / world_log_uniform(w, 6, 100), start, t;
    unsigned int ports[FEW_PORTS], n = world_between(w, 100, 500), i, k;
    char must[TEXT_LEN], may[TEXT_LEN];

    draw_ports(w, ports);
    for (k = 0; k < N_DECOYS; k++) {
        others[k] = world_external(w, NULL);
    }
    t = start = draw_start(w, n * gap);
    for (i = 0; i < n; i++, t += world_exponential(w, gap)) {
        world_refused(w, t, &src, &dst, ports[i], 0.001);
        for (k = 0; k < N_DECOYS; k++) {
            world_refused(w, t + 0.0001 * k, &others[k], &dst, ports[i],
                          0.001);
        }
    }
    snprintf(must, sizeof must, "portscan:ip_src=%s,ip_dst=%s", src.ip,
             dst.ip);
    snprintf(may, sizeof may, "portscan:ip_dst=%s distscan:ip_dst=%s "
             "slowscan:ip_src=%s", dst.ip, dst.ip, src.ip);
    world_label(w, "ports, decoys", start, t, must, may);
}

/* Twenty hosts share the ports of one. */
static void
team(struct world *w)
{
    struct world_host dst = world_internal(w, NULL), team[N_TEAM];
    unsigned int ports[FEW_PORTS], n = world_between(w, 100, 380), i;
    double length = world_log_uniform(w, 30, 600), start, t;
    bool refuse = world_chance(w, 0.5);
    char must[TEXT_LEN], may[TEXT_LEN] = "";

    draw_ports(w, ports);
    for (i = 0; i < N_TEAM; i++) {
        team[i] = world_external(w, NULL);
    }
    t = start = draw_start(w, length);
    for (i = 0; i < n; i++, t += world_exponential(w, length / n)) {
        const struct world_host *src = &team[i % N_TEAM];

        if (refuse) {
            world_refused(w, t, src, &dst, ports[i], 0.001);
        } else {
            world_silent(w, t, src, &dst, ports[i], 1);
        }
    }
    snprintf(must, sizeof must, "distscan:ip_dst=%s", dst.ip);
    for (i = 0; i < N_TEAM; i++) {
        snprintf(may + strlen(may), sizeof may - strlen(may),
                 "%sslowscan:ip_src=%s", i ? " " : "", team[i].ip);
    }
    world_label(w, "ports, a team", start, t, must, may);
}

/* Ports by packets of these flags, answered as TCP says (RFC 9293, section
 * 3.10.7.1): by RST, with ACK where the packet had none. */
static void
probe_flags(struct world *w, const char *kind, unsigned int flags,
            const char *program)
{
    struct world_host src = world_external(w, NULL);
    struct world_host dst = world_internal(w, NULL);
    double gap = 1 / world_log_uniform(w, 6, 200), start, t;
    unsigned int ports[FEW_PORTS], n = world_between(w, 100, 900), i;
    bool ack = flags & PB_ACK;
    char must[TEXT_LEN];

    draw_ports(w, ports);
    t = start = draw_start(w, n * gap);
    for (i = 0; i < n; i++, t += world_exponential(w, gap)) {
        unsigned int sport = world_port(w);

        world_tcp(w, t, &src, sport, &dst, ports[i], flags, 0);
        world_tcp(w, t + 0.001, &dst, ports[i], &src, sport,
                  ack ? PB_RST : PB_RST | PB_ACK, 0);
    }
    /* Refused ports are told of by the packets that refuse. */
    snprintf(must, sizeof must, "%s:%s=%s,%s=%s", program,
             ack ? "ip_dst" : "ip_src", src.ip, ack ? "ip_src" : "ip_dst",
             dst.ip);
    world_label(w, kind, start, t, must, "");
}

static void
flags_fin(struct world *w)
{
    probe_flags(w, "FIN", PB_FIN, "portscan");
}

static void
flags_null(struct world *w)
{
    probe_flags(w, "NULL", 0, "portscan");
}

static void
flags_xmas(struct world *w)
{
    probe_flags(w, "XMAS", PB_FIN | PB_PSH | 0x20, "portscan");
}

static void
flags_ack(struct world *w)
{
    probe_flags(w, "ACK", PB_ACK, "stealthscan");
}

/* SYN whose header is cut into fragments of eight bytes. */
static void
fragments(struct world *w)
{
    struct world_host src = world_external(w, NULL);
    struct world_host dst = world_internal(w, NULL);
    double gap = 1 / world_log_uniform(w, 6, 200), start, t;
    unsigned int ports[FEW_PORTS], n = world_between(w, 100, 900), i, k;
    char must[TEXT_LEN];

    draw_ports(w, ports);
    t = start = draw_start(w, n * gap);
    for (i = 0; i < n; i++, t += world_exponential(w, gap)) {
        struct packet_builder b;
        uint8_t header[20];
        unsigned int sport = world_port(w);

        world_begin(&b, &src, &dst);
        memcpy(header, pb_tcp(&b, sport, ports[i], PB_SYN), sizeof header);
        for (k = 0; k < 3; k++) {
            world_begin(&b, &src, &dst);
            pb_fragment(&b, 8 * k, k < 2, i + 1);
            pb_proto(&b, 6);
            pb_bytes(&b, header + 8 * k, k < 2 ? 8 : 4);
            world_put(w, t + 0.00001 * k, &b);
        }
        world_tcp(w, t + 0.001, &dst, ports[i], &src, sport, PB_RST | PB_ACK,
                  0);
    }
    snprintf(must, sizeof must, "stealthscan:ip_src=%s,ip_dst=%s", src.ip,
             dst.ip);
    world_label(w, "SYN in fragments", start, t, must, "");
}

void
world_add_evasive(struct world *w)
{
    static void (*const makers[])(struct world *) = {
        silent_vertical, silent_horizontal, decoys, team, flags_fin,
        flags_null, flags_xmas, flags_ack, fragments,
    };
    unsigned int i;

    for (i = 0; i < sizeof makers / sizeof *makers; i++) {
        makers[i](w);
    }
}
