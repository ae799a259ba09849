/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef TESTS_BENCH_WORLD_H
#define TESTS_BENCH_WORLD_H 1

/* Labelled traffic: a network with its honest hosts, and attackers among
 * them, of which it is known who does what and when.
 *
 * A world is drawn from a seed: how many hosts, what each does, how often, how
 * many of the servers they call are dead; and of each attack, when it comes,
 * how fast, how long, of whom, and how the victim answers.  The seeds differ
 * in all of that, so that programs cannot be fitted to a world.
 *
 * Times are seconds from the beginning, 2026-01-01 at 00:00:00 UTC.  Packets
 * may be put in any order of time: world_write() sorts them.  Internal hosts
 * are of 10.0.0.0/8, external ones of 20.0.0.0/6, no two the same; or of
 * 2001:db8:1::/48 and 2001:db8:2::/48.
 *
 * Nothing is freed, and errors abort: this is for a program that makes one
 * world and ends. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/packet-builder.h"

/* MAC address of the router: of frames from and to the outside. */
#define WORLD_ROUTER_MAC "02:00:00:00:00:fe"

struct world_host {
    char ip[40];
    char mac[18];
};

struct world_packet {
    double time;
    uint32_t number;            /* Order of packets of the same time. */
    uint32_t cap_len;           /* Bytes kept. */
    uint32_t wire_len;
    size_t offset;              /* In 'data'. */
};

/* Servers that clients call, and the resolver that they ask. */
#define WORLD_N_SERVERS 300

struct world {
    uint64_t random;
    double duration;            /* Seconds. */
    double scale;               /* Of the number of honest hosts, 0 to 1. */

    struct world_packet *packets;
    size_t n_packets, packets_size;
    uint8_t *data;
    size_t n_data, data_size;

    uint32_t n_internal, n_external, n_ipv6;    /* Hosts so far. */
    struct world_host servers[WORLD_N_SERVERS];
    struct world_host resolver;

    char *labels;               /* Text of the files that world_write() */
    char *roles;                /* writes. */
};

/* Chance. */
double world_uniform(struct world *, double low, double high);
double world_log_uniform(struct world *, double low, double high);
double world_exponential(struct world *, double mean);
unsigned int world_pick(struct world *, unsigned int n);    /* Below 'n'. */
bool world_chance(struct world *, double probability);

/* A whole number between, both included; and one that is log-uniform. */
unsigned int world_between(struct world *, unsigned int low,
                           unsigned int high);
unsigned int world_log_between(struct world *, unsigned int low,
                               unsigned int high);

/* A number of honest hosts, at full scale between 'low' and 'high'. */
unsigned int world_crowd(struct world *, unsigned int low, unsigned int high);

/* A port that clients use. */
unsigned int world_port(struct world *);

/* One of the servers: the first are asked most (Zipf). */
const struct world_host *world_server(struct world *);

/* New hosts.  'role' is what the table of false alarms calls them, NULL: those
 * that have none of their own. */
struct world_host world_internal(struct world *, const char *role);
struct world_host world_external(struct world *, const char *role);

/* The same, of IPv6. */
struct world_host world_internal6(struct world *, const char *role);
struct world_host world_external6(struct world *);

/* Host 'n' of a network of addresses of its own, 65536 at most, which
 * world_network() draws: internal or not. */
struct world_host world_network(struct world *, bool internal);
struct world_host world_member(const struct world_host *network,
                               unsigned int n);

/* Puts a frame that was built.  Packets before the beginning or after the end
 * of the world are left out. */
void world_put(struct world *, double time, struct packet_builder *);

/* Begins a frame with Ethernet and IP headers in a buffer that lasts until the
 * next. */
void world_begin(struct packet_builder *, const struct world_host *src,
                 const struct world_host *dst);

/* Packets.  'n' bytes of payload, of which few are kept. */
void world_tcp(struct world *, double time, const struct world_host *src,
               unsigned int sport, const struct world_host *dst,
               unsigned int dport, unsigned int flags, size_t n);
void world_udp(struct world *, double time, const struct world_host *src,
               unsigned int sport, const struct world_host *dst,
               unsigned int dport, size_t n);
void world_echo(struct world *, double time, const struct world_host *src,
                const struct world_host *dst, bool reply, unsigned int seq,
                size_t n);
void world_unreachable(struct world *, double time,
                       const struct world_host *src,
                       const struct world_host *dst, unsigned int sport,
                       unsigned int dport);
void world_arp(struct world *, double time, unsigned int op, const char *sha,
               const char *spa, const char *tha, const char *tpa);

/* Connections.  A connection that is accepted, with so many bytes each way, an
 * end, and 'rtt' seconds for a packet to go and come; one that nobody answers,
 * with 'tries' SYN; one that is refused by RST. */
void world_connect(struct world *, double time, const struct world_host *src,
                   const struct world_host *dst, unsigned int dport,
                   double rtt, size_t request, size_t response);
void world_silent(struct world *, double time, const struct world_host *src,
                  const struct world_host *dst, unsigned int dport,
                  unsigned int tries);
void world_refused(struct world *, double time, const struct world_host *src,
                   const struct world_host *dst, unsigned int dport,
                   double rtt);

/* A dialogue that the server opens: the client says 'steps' times something,
 * to which the server answers 'n' bytes. */
void world_session(struct world *, double time, const struct world_host *src,
                   const struct world_host *dst, unsigned int dport,
                   double rtt, unsigned int steps, size_t n);

/* A DNS question and its answer: an address, or that there is no such name. */
void world_dns(struct world *, double time, const struct world_host *client,
               const struct world_host *server, const char *name,
               bool exists);

/* Says that an attack goes from 'start' to 'end'.  'must' is the alert that
 * must come of it, as PROGRAM:FIELD=VALUE,...; 'may' are others that may, with
 * blanks between them, or empty. */
void world_label(struct world *, const char *kind, double start, double end,
                 const char *must, const char *may);

/* Sorts the packets and writes DIR/traffic.pcap, DIR/labels.tsv (kind, start,
 * end, must, may) and DIR/roles.tsv (address, role). */
void world_write(struct world *, const char *dir);

/* The makers. */
void world_add_honest(struct world *);          /* world-honest.c */
void world_add_services(struct world *);        /* world-services.c */
void world_add_scans(struct world *);           /* world-scans.c */
void world_add_evasive(struct world *);         /* world-evasive.c */
void world_add_others(struct world *);          /* world-others.c */

#endif /* tests/bench/world.h */
