/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/bench/world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/random.h"

#define EPOCH (UINT64_C(1767225600) * 1000000000)
#define FRAME_SIZE 65600        /* Super-packets too. */
#define KEPT 96                 /* Bytes of a frame whose payload says
                                 * nothing. */

/* External hosts: 2^24 addresses from here, in the order of a multiplication
 * by an odd number. */
#define EXTERNAL_BASE (UINT32_C(20) << 24)
#define EXTERNAL_MASK UINT32_C(0xffffff)
#define EXTERNAL_STEP UINT32_C(0x9e3779b1)

/* Internal hosts that are alone, and networks: internal ones are 10.N.0.0/16
 * from 10.100 on, external ones 24.N.0.0/16 and so on, beside the others. */
#define INTERNAL_BASE (UINT32_C(10) << 24)
#define NETWORK_INTERNAL (INTERNAL_BASE + (UINT32_C(100) << 16))
#define NETWORK_EXTERNAL (UINT32_C(21) << 24)

static void
fail(const char *what)
{
    fprintf(stderr, "make-world: %s\n", what);
    abort();
}

static void *
grow(void *p, size_t used, size_t more, size_t *size, size_t each)
{
    if (used + more > *size) {
        *size = 2 * (used + more);
        p = realloc(p, *size * each);
        if (!p) {
            fail("out of memory");
        }
    }
    return p;
}

/* Appends to a text. */
static void
append(char **text, const char *more)
{
    size_t old = *text ? strlen(*text) : 0;
    char *new = realloc(*text, old + strlen(more) + 1);

    if (!new) {
        fail("out of memory");
    }
    strcpy(new + old, more);
    *text = new;
}

/* ## Chance ## */

double
world_uniform(struct world *w, double low, double high)
{
    return low + (high - low) * (double) (random_next(&w->random) >> 11)
                 / 9007199254740992.0;
}

double
world_log_uniform(struct world *w, double low, double high)
{
    return exp(world_uniform(w, log(low), log(high)));
}

double
world_exponential(struct world *w, double mean)
{
    return -mean * log(1 - world_uniform(w, 0, 1));
}

unsigned int
world_pick(struct world *w, unsigned int n)
{
    return (unsigned int) random_below(&w->random, n);
}

bool
world_chance(struct world *w, double probability)
{
    return world_uniform(w, 0, 1) < probability;
}

unsigned int
world_between(struct world *w, unsigned int low, unsigned int high)
{
    return low + world_pick(w, high - low + 1);
}

unsigned int
world_log_between(struct world *w, unsigned int low, unsigned int high)
{
    return (unsigned int) world_log_uniform(w, low, high + 1);
}

unsigned int
world_crowd(struct world *w, unsigned int low, unsigned int high)
{
    double n = world_between(w, low, high) * w->scale;

    return n < 1 ? 1 : (unsigned int) (n + 0.5);
}

unsigned int
world_port(struct world *w)
{
    return world_between(w, 32768, 60999);
}

const struct world_host *
world_server(struct world *w)
{
    return &w->servers[(int) world_log_uniform(w, 1, WORLD_N_SERVERS + 1)
                       - 1];
}

/* ## Hosts ## */

static void
set_host(struct world_host *host, uint32_t ip, bool internal)
{
    snprintf(host->ip, sizeof host->ip, "%u.%u.%u.%u", ip >> 24,
             ip >> 16 & 255, ip >> 8 & 255, ip & 255);
    if (internal) {
        snprintf(host->mac, sizeof host->mac, "02:00:%02x:%02x:%02x:%02x",
                 ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
    } else {
        strcpy(host->mac, WORLD_ROUTER_MAC);
    }
}

/* Says what a host is, by its address; the driver knows MAC addresses from
 * these. */
static void
add_role(struct world *w, const struct world_host *host, const char *role)
{
    char line[160];

    if (role) {
        snprintf(line, sizeof line, "%s\t%s\n", host->ip, role);
        append(&w->roles, line);
    }
}

struct world_host
world_internal(struct world *w, const char *role)
{
    uint32_t n = w->n_internal++;
    struct world_host host;

    set_host(&host, INTERNAL_BASE + (n / 250 << 8) + n % 250 + 1, true);
    add_role(w, &host, role);
    return host;
}

struct world_host
world_external(struct world *w, const char *role)
{
    struct world_host host;

    set_host(&host, EXTERNAL_BASE + (++w->n_external * EXTERNAL_STEP
                                     & EXTERNAL_MASK), false);
    add_role(w, &host, role);
    return host;
}

static struct world_host
make_ipv6(struct world *w, bool internal)
{
    uint32_t n = ++w->n_ipv6;
    struct world_host host;

    /* As events write it. */
    snprintf(host.ip, sizeof host.ip, "2001:db8:%c::%x:%x",
             internal ? '1' : '2', n / 65535 + 1, n % 65535 + 1);
    if (internal) {
        snprintf(host.mac, sizeof host.mac, "02:06:%02x:%02x:%02x:%02x",
                 n >> 24, n >> 16 & 255, n >> 8 & 255, n & 255);
    } else {
        strcpy(host.mac, WORLD_ROUTER_MAC);
    }
    return host;
}

struct world_host
world_internal6(struct world *w, const char *role)
{
    struct world_host host = make_ipv6(w, true);

    add_role(w, &host, role);
    return host;
}

struct world_host
world_external6(struct world *w)
{
    return make_ipv6(w, false);
}

struct world_host
world_network(struct world *w, bool internal)
{
    static uint32_t n;
    struct world_host host;

    set_host(&host, (internal ? NETWORK_INTERNAL : NETWORK_EXTERNAL)
                    + (n++ % 150 << 16) + world_pick(w, 128) * 256, internal);
    return host;
}

struct world_host
world_member(const struct world_host *network, unsigned int n)
{
    unsigned int a, b, c, d;
    struct world_host host;

    if (sscanf(network->ip, "%u.%u.%u.%u", &a, &b, &c, &d) != 4) {
        fail("no network");
    }
    c += n / 250;
    d = n % 250 + 1;
    set_host(&host, a << 24 | b << 16 | (c & 255) << 8 | d, a == 10);
    return host;
}

/* ## Packets ## */

/* Keeps 'cap_len' bytes of a frame of 'wire_len'. */
static void
keep(struct world *w, double time, const uint8_t *frame, size_t cap_len,
     size_t wire_len)
{
    struct world_packet *p;

    if (time < 0 || time > w->duration) {
        return;
    }
    w->packets = grow(w->packets, w->n_packets, 1, &w->packets_size,
                      sizeof *w->packets);
    w->data = grow(w->data, w->n_data, cap_len, &w->data_size, 1);
    p = &w->packets[w->n_packets];
    p->time = time;
    p->number = (uint32_t) w->n_packets++;
    p->cap_len = (uint32_t) cap_len;
    p->wire_len = (uint32_t) wire_len;
    p->offset = w->n_data;
    memcpy(w->data + w->n_data, frame, cap_len);
    w->n_data += cap_len;
}

void
world_put(struct world *w, double time, struct packet_builder *b)
{
    size_t len = pb_finish(b);

    keep(w, time, b->buf, len, len);
}

void
world_begin(struct packet_builder *b, const struct world_host *src,
            const struct world_host *dst)
{
    static uint8_t buf[FRAME_SIZE];

    pb_init(b, buf, sizeof buf);
    pb_eth(b, src->mac, dst->mac);
    pb_ip(b, src->ip, dst->ip);
}

/* Adds 'n' bytes that say nothing, and keeps the headers. */
static void
put_data(struct world *w, double time, struct packet_builder *b, size_t n)
{
    size_t len;

    pb_fill(b, 'x', n);
    len = pb_finish(b);
    keep(w, time, b->buf, len < KEPT ? len : KEPT, len);
}

void
world_tcp(struct world *w, double time, const struct world_host *src,
          unsigned int sport, const struct world_host *dst,
          unsigned int dport, unsigned int flags, size_t n)
{
    struct packet_builder b;

    world_begin(&b, src, dst);
    pb_tcp(&b, sport, dport, flags);
    put_data(w, time, &b, n);
}

void
world_udp(struct world *w, double time, const struct world_host *src,
          unsigned int sport, const struct world_host *dst,
          unsigned int dport, size_t n)
{
    struct packet_builder b;

    world_begin(&b, src, dst);
    pb_udp(&b, sport, dport);
    put_data(w, time, &b, n);
}

void
world_echo(struct world *w, double time, const struct world_host *src,
           const struct world_host *dst, bool reply, unsigned int seq,
           size_t n)
{
    struct packet_builder b;
    uint8_t *icmp;

    world_begin(&b, src, dst);
    icmp = pb_icmp(&b, reply ? 0 : 8, 0);
    icmp[6] = (uint8_t) (seq >> 8);
    icmp[7] = (uint8_t) seq;
    put_data(w, time, &b, n);
}

void
world_unreachable(struct world *w, double time, const struct world_host *src,
                  const struct world_host *dst, unsigned int sport,
                  unsigned int dport)
{
    struct packet_builder b, cited;
    uint8_t buf[128];

    pb_init(&cited, buf, sizeof buf);
    pb_eth(&cited, NULL, NULL);
    pb_ip(&cited, dst->ip, src->ip);
    pb_udp(&cited, sport, dport);
    pb_finish(&cited);

    world_begin(&b, src, dst);
    pb_icmp(&b, 3, 3);
    pb_bytes(&b, buf + cited.ip_at, cited.len - cited.ip_at);
    world_put(w, time, &b);
}

void
world_arp(struct world *w, double time, unsigned int op, const char *sha,
          const char *spa, const char *tha, const char *tpa)
{
    static uint8_t buf[64];
    struct packet_builder b;

    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, sha, op == 1 ? "ff:ff:ff:ff:ff:ff" : tha);
    pb_arp(&b, op, sha, spa, op == 1 ? "00:00:00:00:00:00" : tha, tpa);
    world_put(w, time, &b);
}

/* ## Connections ## */

void
world_connect(struct world *w, double time, const struct world_host *src,
              const struct world_host *dst, unsigned int dport, double rtt,
              size_t request, size_t response)
{
    unsigned int sport = world_port(w);
    double t = time;

    world_tcp(w, t, src, sport, dst, dport, PB_SYN, 0);
    t += rtt;
    world_tcp(w, t, dst, dport, src, sport, PB_SYN | PB_ACK, 0);
    t += 0.0002;
    world_tcp(w, t, src, sport, dst, dport, PB_ACK, 0);
    if (request) {
        world_tcp(w, t, src, sport, dst, dport, PB_PSH | PB_ACK, request);
    }
    t += rtt + 0.002;
    for (; response > 1400; response -= 1400) {
        world_tcp(w, t, dst, dport, src, sport, PB_ACK, 1400);
        t += 0.0002;
    }
    if (response) {
        world_tcp(w, t, dst, dport, src, sport, PB_PSH | PB_ACK, response);
    }
    t += 0.001;
    world_tcp(w, t, src, sport, dst, dport, PB_FIN | PB_ACK, 0);
    world_tcp(w, t + rtt, dst, dport, src, sport, PB_FIN | PB_ACK, 0);
    world_tcp(w, t + rtt + 0.0002, src, sport, dst, dport, PB_ACK, 0);
}

void
world_session(struct world *w, double time, const struct world_host *src,
              const struct world_host *dst, unsigned int dport, double rtt,
              unsigned int steps, size_t n)
{
    unsigned int sport = world_port(w), i;
    double t = time;

    world_tcp(w, t, src, sport, dst, dport, PB_SYN, 0);
    t += rtt;
    world_tcp(w, t, dst, dport, src, sport, PB_SYN | PB_ACK, 0);
    t += 0.0002;
    world_tcp(w, t, src, sport, dst, dport, PB_ACK, 0);
    t += rtt;
    world_tcp(w, t, dst, dport, src, sport, PB_PSH | PB_ACK, 40);
    for (i = 0; i < steps; i++) {
        t += 0.001;
        world_tcp(w, t, src, sport, dst, dport, PB_PSH | PB_ACK,
                  world_between(w, 15, 300));
        t += rtt;
        world_tcp(w, t, dst, dport, src, sport, PB_PSH | PB_ACK, n);
    }
    t += 0.001;
    world_tcp(w, t, src, sport, dst, dport, PB_FIN | PB_ACK, 0);
    world_tcp(w, t + rtt, dst, dport, src, sport, PB_FIN | PB_ACK, 0);
    world_tcp(w, t + rtt + 0.0002, src, sport, dst, dport, PB_ACK, 0);
}

void
world_silent(struct world *w, double time, const struct world_host *src,
             const struct world_host *dst, unsigned int dport,
             unsigned int tries)
{
    unsigned int sport = world_port(w), i;
    double wait = 1;

    for (i = 0; i < tries; i++) {
        world_tcp(w, time, src, sport, dst, dport, PB_SYN, 0);
        time += wait;
        wait *= 2;
    }
}

void
world_refused(struct world *w, double time, const struct world_host *src,
              const struct world_host *dst, unsigned int dport, double rtt)
{
    unsigned int sport = world_port(w);

    world_tcp(w, time, src, sport, dst, dport, PB_SYN, 0);
    world_tcp(w, time + rtt, dst, dport, src, sport, PB_RST | PB_ACK, 0);
}

void
world_dns(struct world *w, double time, const struct world_host *client,
          const struct world_host *server, const char *name, bool exists)
{
    unsigned int sport = world_port(w), id = world_pick(w, 65536);
    struct packet_builder b;

    world_begin(&b, client, server);
    pb_udp(&b, sport, 53);
    pb_dns_query(&b, id, name, PB_DNS_A);
    world_put(w, time, &b);

    world_begin(&b, server, client);
    pb_udp(&b, 53, sport);
    pb_dns_response(&b, id, exists ? 0 : 3, name, PB_DNS_A,
                    exists ? "192.0.2.7" : NULL);
    world_put(w, time + world_uniform(w, 0.0005, 0.05), &b);
}

/* ## Results ## */

void
world_label(struct world *w, const char *kind, double start, double end,
            const char *must, const char *may)
{
    char line[4096];

    snprintf(line, sizeof line, "%s\t%.6f\t%.6f\t%s\t%s\n", kind, start, end,
             must, may);
    append(&w->labels, line);
}

static int
compare(const void *a_, const void *b_)
{
    const struct world_packet *a = a_, *b = b_;

    return a->time < b->time ? -1 : a->time > b->time ? 1
           : a->number < b->number ? -1 : 1;
}

static void
write_text(const char *dir, const char *name, const char *text)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    file = fopen(path, "w");
    if (!file || fputs(text ? text : "", file) < 0 || fclose(file)) {
        fail(path);
    }
}

void
world_write(struct world *w, const char *dir)
{
    char path[4096];
    FILE *file;
    size_t i;

    qsort(w->packets, w->n_packets, sizeof *w->packets, compare);
    snprintf(path, sizeof path, "%s/traffic.pcap", dir);
    file = pb_pcap_open(path, PB_LINKTYPE_ETHERNET);
    for (i = 0; i < w->n_packets; i++) {
        const struct world_packet *p = &w->packets[i];

        pb_pcap_write(file, EPOCH + (uint64_t) (p->time * 1e6) * 1000,
                      w->data + p->offset, p->cap_len, p->wire_len);
    }
    pb_pcap_close(file);
    write_text(dir, "labels.tsv", w->labels);
    write_text(dir, "roles.tsv", w->roles);
}
