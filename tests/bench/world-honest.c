/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The honest hosts of a world: what they do looks like an attack to those who
 * count packets alone. */

#include <stdio.h>

#include "tests/bench/world.h"

#define NAME_LEN 48

static double
rtt(struct world *w)
{
    return world_log_uniform(w, 0.001, 0.3);
}

/* Pages: a name, then some connections to its servers. */
static void
visit(struct world *w, double t, const struct world_host *client)
{
    const struct world_host *server = world_server(w);
    unsigned int i, n = world_log_between(w, 1, 8);
    char name[NAME_LEN];

    snprintf(name, sizeof name, "www%u.site%u.example", world_pick(w, 4),
             world_pick(w, 5000));
    world_dns(w, t, client, &w->resolver, name, !world_chance(w, 0.02));
    for (i = 0; i < n; i++) {
        world_connect(w, t + 0.06 + world_uniform(w, 0, 1.5), client,
                      i ? world_server(w) : server,
                      world_chance(w, 0.9) ? 443 : 80, rtt(w),
                      world_log_between(w, 100, 1400),
                      world_log_between(w, 200, 15000));
    }
}

/* Clients that try again and again what is dead: an application with several
 * servers in its settings, some of which are gone. */
static void
add_retries(struct world *w, const struct world_host *client)
{
    static const unsigned int ports[] = { 443, 80, 5432, 8080, 389, 445 };
    unsigned int n = world_between(w, 1, 4), i;

    for (i = 0; i < n; i++) {
        struct world_host dead = world_chance(w, 0.5)
                                 ? world_internal(w, NULL)
                                 : world_external(w, NULL);
        unsigned int port = ports[world_pick(w, 6)];
        double pause = world_log_uniform(w, 2, 120);
        bool refuses = world_chance(w, 0.4);
        double t;

        for (t = world_uniform(w, 0, pause); t < w->duration;
             t += world_exponential(w, pause)) {
            if (refuses) {
                world_refused(w, t, client, &dead, port, rtt(w));
            } else {
                world_silent(w, t, client, &dead, port, 4);
            }
        }
    }
}

static void
add_clients(struct world *w)
{
    unsigned int n = world_crowd(w, 60, 120), i;

    for (i = 0; i < n; i++) {
        struct world_host client = world_internal(w, "client");
        double pause = world_log_uniform(w, 10, 120), t;

        for (t = world_uniform(w, 0, pause); t < w->duration;
             t += world_exponential(w, pause)) {
            visit(w, t, &client);
        }
        if (world_chance(w, 0.4)) {
            add_retries(w, &client);
        }
    }
}

/* Hundreds of clients with one address. */
static void
add_gateway(struct world *w)
{
    struct world_host nat = world_internal(w, "gateway");
    double pause = world_log_uniform(w, 0.15, 0.6) / w->scale, t;
    unsigned int i, n = world_between(w, 3, 8);

    for (t = 0; t < w->duration; t += world_exponential(w, pause)) {
        visit(w, t, &nat);
    }
    for (i = 0; i < n; i++) {
        add_retries(w, &nat);
    }
}

/* Thousands of sites in bursts; a share is dead, some answer late. */
static void
add_crawler(struct world *w)
{
    struct world_host crawler = world_internal(w, "crawler");
    double rate = world_log_uniform(w, 2, 40) * w->scale, t;
    double dead = world_uniform(w, 0.02, 0.3);
    unsigned int port = world_chance(w, 0.5) ? 443 : 80;

    for (t = world_uniform(w, 0, 60); t < w->duration * 0.8;
         t += world_exponential(w, 1 / rate)) {
        struct world_host site = world_external(w, NULL);

        if (!world_chance(w, dead)) {
            world_connect(w, t, &crawler, &site, port,
                          world_chance(w, 0.05) ? world_uniform(w, 1, 3)
                                                : rtt(w),
                          300, world_log_between(w, 500, 8000));
        } else if (world_chance(w, 0.3)) {
            world_refused(w, t, &crawler, &site, port, rtt(w));
        } else {
            world_silent(w, t, &crawler, &site, port, 3);
        }
    }
}

/* A resolver asks servers all over; some never answer. */
static void
add_resolver(struct world *w)
{
    struct world_host resolver = world_internal(w, "resolver");
    double rate = world_log_uniform(w, 5, 60) * w->scale, t;
    double dead = world_uniform(w, 0.01, 0.15);
    char name[NAME_LEN];

    for (t = 0; t < w->duration; t += world_exponential(w, 1 / rate)) {
        struct world_host server = world_chance(w, 0.6)
                                   ? *world_server(w)
                                   : world_external(w, NULL);

        snprintf(name, sizeof name, "h%u.zone%u.example", world_pick(w, 100),
                 world_pick(w, 3000));
        if (world_chance(w, dead)) {
            unsigned int i, port = world_port(w);

            for (i = 0; i < 3; i++) {
                world_udp(w, t + i * 0.8, &resolver, port, &server, 53, 45);
            }
        } else {
            world_dns(w, t, &resolver, &server, name,
                      !world_chance(w, 0.02));
        }
    }
}

/* Pings and connects to the same hosts every minute; few are dead. */
static void
add_monitor(struct world *w)
{
    static const unsigned int ports[] = { 22, 80, 443, 3306, 25 };
    struct world_host monitor = world_internal(w, "monitoring");
    unsigned int n = world_between(w, 40, 200), i, k;
    double period = world_uniform(w, 30, 90), t;
    unsigned int n_dead = world_between(w, 0, 7);

    for (i = 0; i < n; i++) {
        struct world_host target = world_internal(w, NULL);
        unsigned int n_ports = world_between(w, 1, 3);
        bool dead = i < n_dead;
        unsigned int seq = 0;

        for (t = world_uniform(w, 0, period); t < w->duration; t += period) {
            world_echo(w, t, &monitor, &target, false, ++seq, 56);
            if (!dead) {
                world_echo(w, t + 0.001, &target, &monitor, true, seq, 56);
            }
            for (k = 0; k < n_ports; k++) {
                if (dead) {
                    world_silent(w, t + k, &monitor, &target, ports[k], 2);
                } else {
                    world_connect(w, t + k, &monitor, &target, ports[k],
                                  0.001, 50, 200);
                }
            }
        }
    }
}

/* Mail comes in and goes out; some servers are gone. */
static void
add_mail(struct world *w)
{
    struct world_host mail = world_internal(w, "mail");
    double pause = world_log_uniform(w, 4, 30), t;

    for (t = 0; t < w->duration; t += world_exponential(w, pause)) {
        struct world_host peer = world_external(w, NULL), in
            = world_external(w, NULL);

        world_connect(w, t, &in, &mail, 25, rtt(w), 1400, 400);
        world_connect(w, t + 1, &in, &mail, 25, rtt(w), 1400, 400);
        if (world_chance(w, 0.6)) {
            if (world_chance(w, 0.1)) {
                world_silent(w, t, &mail, &peer, 25, 5);
            } else {
                world_connect(w, t, &mail, &peer, 25, rtt(w), 1400, 400);
            }
        }
    }
}

/* Peers on ports of their own, half of them gone; UDP as well. */
static void
add_p2p(struct world *w)
{
    struct world_host host = world_internal(w, "peer-to-peer");
    double pause = world_log_uniform(w, 0.5, 6), t;
    double dead = world_uniform(w, 0.3, 0.6);
    unsigned int own = world_between(w, 10000, 60000);

    for (t = world_uniform(w, 0, 300); t < w->duration;
         t += world_exponential(w, pause)) {
        struct world_host peer = world_external(w, NULL);
        unsigned int port = world_chance(w, 0.05)
                            ? 6881 : world_between(w, 1024, 65535);

        if (world_chance(w, dead)) {
            world_silent(w, t, &host, &peer, port, 3);
            world_udp(w, t, &host, own, &peer, port, 100);
        } else {
            world_connect(w, t, &host, &peer, port, rtt(w), 100, 5000);
            world_udp(w, t, &host, own, &peer, port, 100);
            world_udp(w, t + 0.1, &peer, port, &host, own, 300);
        }
    }
}

/* Passive FTP: each file has a port of its own, and there are many small
 * ones. */
static void
add_ftp(struct world *w)
{
    struct world_host client = world_internal(w, "FTP client");
    struct world_host server = world_external(w, "FTP server");
    double rate = world_log_uniform(w, 0.5, 30), t;
    double start = world_uniform(w, 0, w->duration / 2);
    unsigned int n = world_log_between(w, 100, 1000), i;

    world_connect(w, start, &client, &server, 21, 0.02, 500, 5000);
    for (i = 0, t = start + 1; i < n; i++) {
        world_connect(w, t, &client, &server, world_between(w, 20000, 60000),
                      0.02, 0, world_log_between(w, 100, 5000));
        t += world_exponential(w, 1 / rate);
    }
}

/* A balancer asks some servers on some ports every few seconds; a few are
 * being restarted. */
static void
add_health(struct world *w)
{
    struct world_host balancer = world_internal(w, "health checks");
    unsigned int n = world_between(w, 10, 40), i;
    double period = world_uniform(w, 2, 10), t;
    unsigned int port = world_between(w, 8000, 8100);
    unsigned int n_restarted = world_between(w, 0, 6);

    for (i = 0; i < n; i++) {
        struct world_host target = world_internal(w, NULL);
        double down = i < n_restarted ? world_uniform(w, 0, w->duration) : -1;
        double length = world_uniform(w, 30, 600);

        for (t = world_uniform(w, 0, period); t < w->duration; t += period) {
            if (t > down && t < down + length && down >= 0) {
                world_refused(w, t, &balancer, &target, port, 0.001);
            } else {
                world_connect(w, t, &balancer, &target, port, 0.001, 80,
                              120);
            }
        }
    }
}

/* A backup: one port of many hosts, some of them switched off, at night. */
static void
add_backup(struct world *w)
{
    struct world_host backup = world_internal(w, "backup");
    unsigned int n = world_between(w, 20, 80), i;
    double t = world_uniform(w, 0, w->duration / 2);
    double off = world_uniform(w, 0, 0.12);

    for (i = 0; i < n; i++) {
        struct world_host target = world_internal(w, NULL);

        if (world_chance(w, off)) {
            world_silent(w, t, &backup, &target, 22, 4);
            t += 7;
        } else {
            world_connect(w, t, &backup, &target, 22, 0.001, 1000, 60000);
            t += world_uniform(w, 0.5, 20);
        }
    }
}

/* A crowd at one service, which drops connections at its height. */
static void
add_crowd(struct world *w)
{
    struct world_host server = world_internal(w, "flash crowd");
    unsigned int n = world_crowd(w, 500, 5000), i;
    double start = world_uniform(w, 0, w->duration * 0.8);
    double length = world_log_uniform(w, 20, 300);
    double lost = world_uniform(w, 0, 0.5);

    for (i = 0; i < n; i++) {
        struct world_host client = world_external(w, NULL);
        double t = start + world_uniform(w, 0, 1) * length;

        if (world_chance(w, lost)) {
            world_tcp(w, t, &client, world_port(w), &server, 443, PB_SYN, 0);
            t += 1;
        }
        world_connect(w, t, &client, &server, 443, rtt(w), 400, 8000);
    }
}

/* What comes to any public address: a stray SYN now and then, of many hosts,
 * to ports that are liked. */
static void
add_noise(struct world *w)
{
    static const unsigned int ports[] = { 23, 22, 445, 3389, 80, 8080 };
    unsigned int n = world_between(w, 3, 8), i;

    for (i = 0; i < n; i++) {
        struct world_host victim = world_internal(w, "public server");
        double pause = world_log_uniform(w, 60, 300), t;

        for (t = 0; t < w->duration; t += world_exponential(w, pause)) {
            struct world_host src = world_external(w, NULL);

            world_tcp(w, t, &src, world_port(w), &victim,
                      world_chance(w, 0.7) ? ports[world_pick(w, 6)]
                                           : world_between(w, 1, 65535),
                      PB_SYN, 0);
        }
    }
}

/* A router asks for neighbours: nearly all are there. */
static void
add_router(struct world *w)
{
    unsigned int n = world_between(w, 50, 200), i;
    struct world_host router = world_internal(w, "router");
    double t;

    for (i = 0; i < n; i++) {
        struct world_host host = world_internal(w, NULL);
        bool there = !world_chance(w, 0.08);

        for (t = world_uniform(w, 0, 300); t < w->duration; t += 300) {
            world_arp(w, t, 1, router.mac, router.ip, host.mac, host.ip);
            if (there) {
                world_arp(w, t + 0.0003, 2, host.mac, host.ip, router.mac,
                          router.ip);
            }
        }
    }
}

void
world_add_honest(struct world *w)
{
    static void (*const makers[])(struct world *) = {
        add_clients, add_gateway, add_crawler, add_resolver, add_monitor,
        add_mail, add_p2p, add_ftp, add_health, add_backup, add_crowd,
        add_noise, add_router,
    };
    unsigned int i;

    for (i = 0; i < sizeof makers / sizeof *makers; i++) {
        makers[i](w);
        if (w->scale >= 1 && makers[i] != add_clients
            && makers[i] != add_gateway) {
            makers[i](w);
        }
    }
}
