/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* More scenes for the tests that programs of the library carry: services that
 * are used, checked and misused. */

#include "tests/golden/scene.h"

#define FORWARDER "10.30.0.53"
#define UPSTREAM "198.51.100.53"

/* A connection to SSH from 'sport': both say who they are; the client then
 * says 'steps' times something, which the server answers with 'n' bytes. */
static void
ssh_session(struct scene *s, double ms, const char *client,
            unsigned int sport, const char *server, unsigned int steps,
            size_t n)
{
    unsigned int i;

    scene_tcp(s, ms, client, sport, server, 22, PB_SYN, NULL);
    scene_tcp(s, ms + 1, server, 22, client, sport, PB_SYN | PB_ACK, NULL);
    scene_tcp(s, ms + 2, client, sport, server, 22, PB_ACK, NULL);
    scene_tcp_data(s, ms + 3, server, 22, client, sport, 40);
    scene_tcp_data(s, ms + 4, client, sport, server, 22, 20);
    for (i = 0; i < steps; i++) {
        scene_tcp_data(s, ms + 5 + 2 * i, client, sport, server, 22, 200);
        scene_tcp_data(s, ms + 6 + 2 * i, server, 22, client, sport, n);
    }
    scene_tcp(s, ms + 500, client, sport, server, 22, PB_FIN | PB_ACK, NULL);
}

/* Monitoring takes the banner every five seconds, and leaves. */
static void
banner_checks(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 30; i++) {
        ssh_session(s, 5000 * i, "10.29.0.3", 40000 + i, "10.29.0.9", 0, 0);
    }
}

/* A login every half minute for half an hour, to do little. */
static void
ssh_logins(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 60; i++) {
        ssh_session(s, 30000 * i, "10.29.0.4", 40000 + i, "10.29.0.9", 12,
                    350);
    }
}

/* Copies, one every two seconds. */
static void
ssh_copies(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 60; i++) {
        ssh_session(s, 2000 * i, "10.29.0.5", 40000 + i, "10.29.0.9", 8,
                    1400);
    }
}

/* Eleven guesses, one every ten seconds, all from one port. */
static void
ssh_one_port(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 11; i++) {
        ssh_session(s, 10000 * i, "10.29.0.6", 40000, "10.29.0.9", 6, 300);
    }
}

/* 'client' asks the forwarder for 'name', and that asks upstream. */
static void
ask(struct scene *s, double ms, const char *client, const char *name,
    bool exists)
{
    unsigned int rcode = exists ? 0 : 3;
    const char *addr = exists ? "192.0.2.7" : NULL;
    uint8_t buf[SCENE_FRAME_SIZE];

    scene_put(s, ms, buf,
              pb_dns_response_frame(buf, sizeof buf, UPSTREAM, FORWARDER,
                                    rcode, name, PB_DNS_A, addr));
    scene_put(s, ms + 1, buf,
              pb_dns_response_frame(buf, sizeof buf, FORWARDER, client,
                                    rcode, name, PB_DNS_A, addr));
}

/* An infected client, and others, who share a forwarder. */
static void
dga_forwarded(struct scene *s)
{
    unsigned int i;
    char name[48];

    for (i = 0; i < 60; i++) {
        snprintf(name, sizeof name, "zq%ukx.example", 7919 * i);
        ask(s, 200 * i, "10.30.0.7", name, false);
        if (i % 2) {
            snprintf(name, sizeof name, "www.site%u.example", i);
            ask(s, 200 * i + 50, "10.30.0.8", name, true);
        }
    }
}

/* Forty ports, ten a second, by an ACK to each, which the host refuses. */
static void
scan_ack(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 40; i++) {
        scene_tcp(s, 100 * i, "10.1.0.66", 40000, "10.1.0.10", 20 + i, PB_ACK,
                  NULL);
        scene_tcp(s, 100 * i + 1, "10.1.0.10", 20 + i, "10.1.0.66", 40000,
                  PB_RST, NULL);
    }
}

/* Forty SYN, each in three fragments of eight bytes of its header. */
static void
scan_fragments(struct scene *s)
{
    uint8_t whole[SCENE_FRAME_SIZE], buf[SCENE_FRAME_SIZE];
    struct packet_builder b;
    unsigned int i, k;

    for (i = 0; i < 40; i++) {
        size_t len = pb_tcp_frame(whole, sizeof whole, "10.1.0.66", 40000,
                                  "10.1.0.10", 20 + i, PB_SYN, "");

        for (k = 0; k < 3; k++) {
            pb_init(&b, buf, sizeof buf);
            pb_eth(&b, NULL, NULL);
            pb_ip(&b, "10.1.0.66", "10.1.0.10");
            pb_fragment(&b, 8 * k, k < 2, i + 1);
            pb_proto(&b, 6);
            pb_bytes(&b, whole + len - 20 + 8 * k, k < 2 ? 8 : 4);
            scene_put(s, 100 * i + k, buf, pb_finish(&b));
        }
    }
}

/* A client that answers the end of each connection by RST, as browsers do that
 * have closed it. */
static void
hasty_client(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 100; i++) {
        scene_tcp(s, 100 * i, "10.1.0.7", 41000 + i, "10.1.0.10", 443, PB_SYN,
                  NULL);
        scene_tcp(s, 100 * i + 1, "10.1.0.10", 443, "10.1.0.7", 41000 + i,
                  PB_SYN | PB_ACK, NULL);
        scene_tcp(s, 100 * i + 60, "10.1.0.10", 443, "10.1.0.7", 41000 + i,
                  PB_FIN | PB_ACK, NULL);
        scene_tcp(s, 100 * i + 61, "10.1.0.7", 41000 + i, "10.1.0.10", 443,
                  PB_RST, NULL);
    }
}

const struct scene_entry scenes_services[] = {
    { "banner-checks", banner_checks },
    { "dga-forwarded", dga_forwarded },
    { "hasty-client", hasty_client },
    { "scan-ack", scan_ack },
    { "scan-fragments", scan_fragments },
    { "ssh-copies", ssh_copies },
    { "ssh-logins", ssh_logins },
    { "ssh-one-port", ssh_one_port },
    { NULL, NULL },
};
