/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* More honest hosts of a world: services and their users, on good days and on
 * bad ones. */

#include <stdio.h>

#include "tests/bench/world.h"

#define NAME_LEN 48

/* Pages of many parts, each from a server of its own, over TCP or QUIC; where
 * IPv6 is broken, the browser tries it first, and not for long. */
static void
add_browsers(struct world *w)
{
    unsigned int n = world_crowd(w, 10, 25), i, k;

    for (i = 0; i < n; i++) {
        struct world_host host = world_internal(w, "browser");
        double gap = world_log_uniform(w, 20, 120), t;

        for (t = world_uniform(w, 0, gap); t < w->duration;
             t += world_exponential(w, gap)) {
            unsigned int parts = world_log_between(w, 10, 150);

            for (k = 0; k < parts; k++) {
                struct world_host other = world_chance(w, 0.5)
                                          ? *world_server(w)
                                          : world_external(w, NULL);
                double when = t + world_exponential(w, 1);

                if (world_chance(w, 0.3)) {
                    unsigned int port = world_port(w);

                    world_udp(w, when, &host, port, &other, 443, 1200);
                    world_udp(w, when + 0.03, &other, 443, &host, port, 1200);
                } else if (world_chance(w, 0.03)) {
                    world_silent(w, when, &host, &other, 443, 2);
                } else {
                    world_connect(w, when, &host, &other, 443,
                                  world_log_uniform(w, 0.001, 0.3), 700,
                                  world_log_between(w, 200, 9000));
                }
            }
        }
    }
}

/* Hosts that have IPv6 alone: pages, names, and dead servers. */
static void
add_ipv6_only(struct world *w)
{
    unsigned int n = world_crowd(w, 10, 30), i, k;
    char name[NAME_LEN];

    for (i = 0; i < n; i++) {
        struct world_host host = world_internal6(w, "IPv6 host");
        struct world_host resolver = world_internal6(w, NULL);
        double gap = world_log_uniform(w, 10, 120), t;

        for (t = world_uniform(w, 0, gap); t < w->duration;
             t += world_exponential(w, gap)) {
            snprintf(name, sizeof name, "v6.site%u.example",
                     world_pick(w, 5000));
            world_dns(w, t, &host, &resolver, name, !world_chance(w, 0.02));
            for (k = world_between(w, 1, 20); k > 0; k--) {
                struct world_host site = world_external6(w);

                if (world_chance(w, 0.05)) {
                    world_silent(w, t + k * 0.05, &host, &site, 443, 3);
                } else {
                    world_connect(w, t + k * 0.05, &host, &site, 443, 0.02,
                                  600, world_log_between(w, 200, 9000));
                }
            }
        }
    }
}

/* Telephones register, ring, and talk on ports of their own. */
static void
add_voip(struct world *w)
{
    struct world_host exchange = world_internal(w, "VoIP");
    unsigned int n = world_crowd(w, 20, 60), i, k;

    for (i = 0; i < n; i++) {
        struct world_host phone = world_internal(w, "VoIP");
        double gap = world_uniform(w, 30, 60), t;
        double calls = world_log_uniform(w, 300, 3000);

        for (t = world_uniform(w, 0, gap); t < w->duration; t += gap) {
            world_udp(w, t, &phone, 5060, &exchange, 5060, 500);
            world_udp(w, t + 0.01, &exchange, 5060, &phone, 5060, 400);
        }
        for (t = world_exponential(w, calls); t < w->duration;
             t += world_exponential(w, calls)) {
            unsigned int port = 10000 + 2 * world_pick(w, 5000);
            unsigned int other = 10000 + 2 * world_pick(w, 5000);
            unsigned int packets = world_log_between(w, 100, 1500);

            for (k = 0; k < packets; k++) {
                world_udp(w, t + k * 0.02, &phone, port, &exchange, other,
                          172);
                world_udp(w, t + k * 0.02 + 0.01, &exchange, other, &phone,
                          port, 172);
            }
        }
    }
}

/* The resolver is away for some minutes; clients ask again, and others. */
static void
add_failing_dns(struct world *w)
{
    struct world_host resolvers[3] = {
        world_internal(w, NULL), world_internal(w, NULL),
        world_external(w, NULL),
    };
    double start = world_uniform(w, 0, w->duration / 2);
    double length = world_uniform(w, 60, 600);
    unsigned int n = world_crowd(w, 10, 40), i, k;

    for (i = 0; i < n; i++) {
        struct world_host host = world_internal(w, "failing DNS");
        double t;

        for (t = start; t < start + length; t += world_exponential(w, 1)) {
            for (k = 0; k < 3; k++) {
                world_udp(w, t + k, &host, world_port(w), &resolvers[k], 53,
                          45);
            }
        }
    }
}

/* Reads logs, or takes mail, and asks for names, of which many are gone. */
static void
add_name_reader(struct world *w)
{
    struct world_host host = world_internal(w, "log reader");
    double rate = world_log_uniform(w, 0.5, 15) * w->scale, t;
    double gone = world_uniform(w, 0.05, 0.25);
    char name[NAME_LEN];

    for (t = 0; t < w->duration; t += world_exponential(w, 1 / rate)) {
        snprintf(name, sizeof name, "h%u.old%u.example", world_pick(w, 9),
                 world_pick(w, 1000000));
        world_dns(w, t, &host, &w->resolver, name, !world_chance(w, gone));
    }
}

/* All hosts fetch the update of the day at once, from mirrors of which some
 * are down. */
static void
add_update_storm(struct world *w)
{
    unsigned int n = world_crowd(w, 100, 400), i, k;
    double start = world_uniform(w, 0, w->duration * 0.8);
    struct world_host mirrors[12];

    for (i = 0; i < 12; i++) {
        mirrors[i] = world_external(w, NULL);
    }
    for (i = 0; i < n; i++) {
        struct world_host host = world_internal(w, "update");
        double t = start + world_exponential(w, 20);

        for (k = 0; k < 12; k++) {
            if (k < 3) {
                world_silent(w, t + k, &host, &mirrors[k], 80, 3);
            } else {
                world_connect(w, t + k, &host, &mirrors[k], 80, 0.02, 300,
                              20000);
            }
        }
    }
}

/* Knocks at closed ports, which opens SSH to it. */
static void
add_knocking(struct world *w)
{
    struct world_host host = world_internal(w, "port knocking");
    struct world_host server = world_external(w, NULL);
    unsigned int knocks[5], n = world_between(w, 3, 5), i;
    double gap = world_log_uniform(w, 60, 600), t;

    for (i = 0; i < n; i++) {
        knocks[i] = world_between(w, 1024, 65535);
    }
    for (t = world_uniform(w, 0, gap); t < w->duration;
         t += world_exponential(w, gap)) {
        for (i = 0; i < n; i++) {
            world_tcp(w, t + 0.3 * i, &host, world_port(w), &server,
                      knocks[i], PB_SYN, 0);
        }
        world_session(w, t + 3, &host, &server, 22, 0.02, 14, 900);
    }
}

/* Monitoring logs in every half minute or less often, to do little; another
 * one takes banners, more often; configuration visits all hosts at once. */
static void
add_logins(struct world *w)
{
    static const unsigned int ports[] = { 22, 21, 23, 3389 };
    struct world_host host = world_internal(w, "logins");
    struct world_host config = world_internal(w, "configuration");
    unsigned int n = world_crowd(w, 10, 40), i, k;
    double start = world_uniform(w, 0, w->duration * 0.8);

    for (i = 0; i < n; i++) {
        struct world_host server = world_internal(w, NULL);
        double gap = world_log_uniform(w, 30, 120), t;
        unsigned int port = ports[world_pick(w, 4)];

        for (t = world_uniform(w, 0, gap); t < w->duration; t += gap) {
            world_session(w, t, &host, &server, 22, 0.001,
                          world_between(w, 9, 14), 350);
        }
        gap = world_log_uniform(w, 1, 60);
        for (t = world_uniform(w, 0, gap); t < w->duration; t += gap) {
            world_session(w, t, &host, &server, port, 0.001,
                          world_between(w, 0, 1), 30);
        }
        for (k = world_between(w, 1, 6); k > 0; k--) {
            world_session(w, start + i + 0.7 * k, &config, &server, 22, 0.001,
                          world_between(w, 14, 40), 500);
        }
    }
}

void
world_add_services(struct world *w)
{
    static void (*const makers[])(struct world *) = {
        add_browsers, add_ipv6_only, add_voip, add_failing_dns,
        add_name_reader, add_update_storm, add_knocking, add_logins,
    };
    unsigned int i;

    for (i = 0; i < sizeof makers / sizeof *makers; i++) {
        makers[i](w);
    }
}
