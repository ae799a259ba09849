/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Scenes for the tests that programs of the library carry: attacks of which
 * there is no capture, and what comes close to one and is harmless. */

#include "tests/golden/scene.h"

#define ALL_MACS "ff:ff:ff:ff:ff:ff"
#define MAC_ROUTER "02:00:00:00:00:10"
#define MAC_HOST "02:00:00:00:00:07"
#define MAC_OTHER "02:00:00:00:00:66"
#define ALL_NODES "ff02::1"

/* ## Scans ## */

/* One port of 100 hosts, five of which accept. */
static void
scan_hosts(struct scene *s)
{
    unsigned int i;
    char dst[32];

    for (i = 0; i < 100; i++) {
        scene_host(dst, "10.20", 300 + i);
        scene_syn(s, 50 * i, "10.20.0.66", dst, 22);
        if (i % 20 == 3) {
            scene_accept(s, 50 * i + 1, "10.20.0.66", dst, 22);
        }
    }
}

/* Sixty sources in 30 s, each at three ports of one host; one port accepts. */
static void
scan_distributed(struct scene *s)
{
    unsigned int i, k;
    char src[32];

    for (i = 0; i < 60; i++) {
        scene_host(src, "198.18", 7 * i);
        for (k = 0; k < 3; k++) {
            unsigned int port = 20 + 3 * i + k;

            scene_syn(s, 500 * i + 100 * k, src, "10.28.0.9", port);
            if (port == 80) {
                scene_accept(s, 500 * i + 100 * k + 1, src, "10.28.0.9",
                             port);
            }
        }
    }
}

/* A thousand clients in ten seconds at the two ports of a server that is
 * down. */
static void
crowd(struct scene *s)
{
    unsigned int i;
    char src[32];

    for (i = 0; i < 1000; i++) {
        scene_syn(s, 10 * i, scene_host(src, "198.18", i), "10.28.0.9",
                  i % 2 ? 80 : 443);
    }
}

/* 200 files in ten seconds, each on a port of its own, which accepts after
 * 200 ms. */
static void
ftp_passive(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 200; i++) {
        scene_syn(s, 50 * i, "10.20.0.7", "198.18.0.21", 30000 + 7 * i);
        if (i >= 4) {
            scene_accept(s, 50 * i + 1, "10.20.0.7", "198.18.0.21",
                         30000 + 7 * (i - 4));
        }
    }
}

/* 200 servers tried within two seconds; nine of ten accept, 2.5 s later. */
static void
crawler(struct scene *s)
{
    unsigned int i;
    char dst[32];

    for (i = 0; i < 200; i++) {
        scene_syn(s, 10 * i, "10.20.0.7", scene_host(dst, "198.18", i), 80);
    }
    for (i = 0; i < 200; i++) {
        if (i % 10) {
            scene_accept(s, 2500 + 10 * i, "10.20.0.7",
                         scene_host(dst, "198.18", i), 80);
        }
    }
}

/* A resolver: 400 names of one client, each asked of another server. */
static void
resolver(struct scene *s)
{
    unsigned int i;
    char name[48], server[32];

    for (i = 0; i < 400; i++) {
        snprintf(name, sizeof name, "www.site%u.example", i);
        scene_host(server, "198.19", i);
        scene_udp(s, 25 * i, "10.3.0.40", 20000 + i, SCENE_RESOLVER, 53,
                  "query");
        scene_udp(s, 25 * i + 1, SCENE_RESOLVER, 30000 + i, server, 53,
                  "query");
        scene_udp_data(s, 25 * i + 9, server, 53, SCENE_RESOLVER, 30000 + i,
                       1200);
        scene_udp_data(s, 25 * i + 10, SCENE_RESOLVER, 53, "10.3.0.40",
                       20000 + i, 300);
        scene_query(s, 25 * i + 12, "10.3.0.41", name);
        scene_answer(s, 25 * i + 14, "10.3.0.41", name, "192.0.2.7");
    }
}

/* Forty hosts, each pinged once a second; two are down. */
static void
monitor(struct scene *s)
{
    unsigned int i, round;
    char dst[32];

    for (round = 0; round < 10; round++) {
        for (i = 0; i < 40; i++) {
            double ms = 1000 * round + 5 * i;

            scene_host(dst, "10.25", 300 + i);
            scene_ping(s, ms, "10.25.0.1", dst, round);
            if (i % 20 != 7) {
                scene_pong(s, ms + 1, dst, "10.25.0.1", round);
            }
        }
    }
}

/* Functions 1 to 20, of which the device knows four. */
static void
modbus_scan(struct scene *s)
{
    unsigned int fc;

    for (fc = 1; fc <= 20; fc++) {
        scene_modbus(s, 200 * fc, "10.9.0.66", "10.9.0.2", 502, fc);
        scene_modbus_response(s, 200 * fc + 5, "10.9.0.2", "10.9.0.66",
                              fc <= 4 ? fc : fc | 0x80);
    }
}

/* ## Floods ## */

static void
flood_udp(struct scene *s)
{
    unsigned int i;
    char src[32];

    for (i = 0; i < 4000; i++) {
        scene_udp_data(s, 0.5 * i, scene_host(src, "100.66", i), 20000 + i,
                       "10.21.0.9", 27960, 64);
    }
}

/* 1000 packets a second for three seconds, and an answer to each fourth. */
static void
quic_download(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 3000; i++) {
        scene_udp_data(s, i, "198.51.100.30", 443, "10.24.0.8", 50000, 1200);
        if (i % 4 == 0) {
            scene_udp_data(s, i + 0.5, "10.24.0.8", 50000, "198.51.100.30",
                           443, 40);
        }
    }
}

static void
upload(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 300; i++) {
        scene_tcp_data(s, 20 * i, "10.24.0.7", 50000, "198.51.100.20", 443,
                       1400);
        if (i % 10 == 0) {
            scene_tcp(s, 20 * i + 1, "198.51.100.20", 443, "10.24.0.7", 50000,
                      PB_ACK, NULL);
        }
    }
}

/* 'servers' send 'rounds' answers of 'n' bytes that nobody asked for. */
static void
reflection(struct scene *s, const char *prefix, unsigned int port,
           const char *victim, unsigned int servers, unsigned int rounds,
           size_t n)
{
    unsigned int i;
    char src[32];

    for (i = 0; i < servers * rounds; i++) {
        scene_udp_data(s, i, scene_host(src, prefix, i % servers), port,
                       victim, 40000, n);
    }
}

static void
dns_reflection(struct scene *s)
{
    reflection(s, "100.67", 53, "10.22.0.5", 200, 3, 1200);
}

static void
ntp_reflection(struct scene *s)
{
    reflection(s, "100.68", 123, "10.22.0.6", 300, 4, 440);
}

/* Questions of type ANY in the name of 198.51.100.9, and the answers. */
static void
dns_abuse(struct scene *s)
{
    uint8_t buf[SCENE_FRAME_SIZE];
    struct packet_builder b;
    unsigned int i;

    for (i = 0; i < 200; i++) {
        pb_init(&b, buf, sizeof buf);
        pb_eth(&b, NULL, NULL);
        pb_ip(&b, "198.51.100.9", "10.22.0.53");
        pb_udp(&b, 80, 53);
        pb_dns_query(&b, i, "example.org", 255);
        scene_put(s, 10 * i, buf, pb_finish(&b));

        pb_init(&b, buf, sizeof buf);
        pb_eth(&b, NULL, NULL);
        pb_ip(&b, "10.22.0.53", "198.51.100.9");
        pb_udp(&b, 53, 80);
        pb_dns_response(&b, i, 0, "example.org", 255, "192.0.2.1");
        pb_fill(&b, 0, 1200);
        scene_put_cut(s, 10 * i + 1, buf, pb_finish(&b), 96);
    }
}

/* Host 'n' asks for 'name' and is told an address of 100.NET.0.0/16. */
static void
look_up(struct scene *s, double ms, unsigned int n, const char *name,
        unsigned int net)
{
    char client[32];
    char addr[32];

    scene_host(client, "10.29", n);
    snprintf(addr, sizeof addr, "100.%u.%u.7", net, (unsigned int) ms % 250);
    scene_query(s, ms, client, name);
    scene_answer(s, ms + 20, client, name, addr);
}

/* One name is somewhere else each minute. */
static void
fast_flux(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 30; i++) {
        look_up(s, 60000.0 * i, i % 3, "flux.example", 64 + i);
        look_up(s, 60000.0 * i + 100, i % 3, "steady.example", 64);
    }
}

/* Many addresses of a name, as they are meant to be: of few networks, or of
 * volunteers. */
static void
dns_pools(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 200; i++) {
        look_up(s, 10007.0 * i, i % 7, "cdn.example", 64 + i % 6);
        look_up(s, 10007.0 * i + 100, i % 7, "cloud.example", 70 + i % 3);
        look_up(s, 10007.0 * i + 200, i % 7, "2.pool.ntp.org", 64 + i % 50);
    }
}

/* 300 clients ask the time, from port 123 to port 123. */
static void
ntp_clients(struct scene *s)
{
    unsigned int i;
    char client[32];

    for (i = 0; i < 300; i++) {
        scene_host(client, "10.27", 300 + i);
        scene_udp_data(s, 5 * i, client, 123, "10.22.0.7", 123, 48);
        scene_udp_data(s, 5 * i + 1, "10.22.0.7", 123, client, 123, 48);
    }
}

/* ## Mail ## */

static void
deliver(struct scene *s, double ms, const char *src, const char *dst)
{
    scene_syn(s, ms, src, dst, 25);
    scene_accept(s, ms + 1, src, dst, 25);
}

static void
spambot(struct scene *s)
{
    unsigned int i;
    char dst[32];

    for (i = 0; i < 30; i++) {
        deliver(s, 1000 * i, "10.23.0.8", scene_host(dst, "198.18", i));
    }
}

/* As many servers as the bot, but it is one itself. */
static void
mail_server(struct scene *s)
{
    unsigned int i;
    char host[32];

    for (i = 0; i < 30; i++) {
        deliver(s, 1000 * i, scene_host(host, "198.19", i), "10.23.0.25");
        deliver(s, 1000 * i + 500, "10.23.0.25",
                scene_host(host, "198.18", i));
    }
}

/* ## Neighbours ## */

static void
arp(struct scene *s, double ms, unsigned int op, const char *sha,
    const char *spa, const char *dst, const char *tpa)
{
    uint8_t buf[SCENE_FRAME_SIZE];
    struct packet_builder b;

    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, sha, dst);
    pb_arp(&b, op, sha, spa, dst, tpa);
    scene_put(s, ms, buf, pb_finish(&b));
}

/* A host and its router, and then another that says it is the router. */
static void
arp_spoof(struct scene *s)
{
    unsigned int i;

    arp(s, 0, 1, MAC_HOST, "10.26.0.7", ALL_MACS, "10.26.0.1");
    arp(s, 1, 2, MAC_ROUTER, "10.26.0.1", MAC_HOST, "10.26.0.7");
    arp(s, 5000, 1, MAC_OTHER, "10.26.0.66", ALL_MACS, "10.26.0.1");
    arp(s, 5001, 2, MAC_ROUTER, "10.26.0.1", MAC_OTHER, "10.26.0.66");
    for (i = 0; i < 10; i++) {
        arp(s, 20000 + 2000 * i, 2, MAC_OTHER, "10.26.0.1", MAC_HOST,
            "10.26.0.7");
        arp(s, 20001 + 2000 * i, 2, MAC_OTHER, "10.26.0.7", MAC_ROUTER,
            "10.26.0.1");
    }
}

/* The router's address moves to another machine, which says so to all and
 * answers from then on. */
static void
arp_failover(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 20; i++) {
        const char *mac = i < 10 ? MAC_ROUTER : MAC_OTHER;

        if (i == 10) {
            arp(s, 2000 * i, 2, mac, "10.26.0.1", ALL_MACS, "10.26.0.1");
            arp(s, 2000 * i, 1, mac, "10.26.0.1", ALL_MACS, "10.26.0.1");
        }
        arp(s, 2000 * i + 500, 1, MAC_HOST, "10.26.0.7", ALL_MACS,
            "10.26.0.1");
        arp(s, 2000 * i + 501, 2, mac, "10.26.0.1", MAC_HOST, "10.26.0.7");
    }
}

static void
option_addr(struct packet_builder *b, unsigned int code, uint32_t addr)
{
    pb_u8(b, code);
    pb_u8(b, 4);
    pb_be32(b, addr);
}

/* A DHCP message: from a server if 'mac' and 'router' (both the server and
 * what it offers) are given, else from the client. */
static void
dhcp(struct scene *s, double ms, unsigned int type, uint32_t xid,
     const char *mac, const char *server, uint32_t router)
{
    static const uint8_t client[] = { 2, 0, 0, 0, 0, 7 };
    uint8_t buf[SCENE_FRAME_SIZE];
    struct packet_builder b;

    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, mac ? mac : MAC_HOST, ALL_MACS);
    pb_ip(&b, mac ? server : "0.0.0.0", "255.255.255.255");
    pb_udp(&b, mac ? 67 : 68, mac ? 68 : 67);
    pb_u8(&b, mac ? 2 : 1);
    pb_u8(&b, 1);
    pb_u8(&b, 6);
    pb_u8(&b, 0);
    pb_be32(&b, xid);
    pb_fill(&b, 0, 8);
    pb_be32(&b, mac ? 0x0a1c0007 : 0);
    pb_fill(&b, 0, 8);
    pb_bytes(&b, client, sizeof client);
    pb_fill(&b, 0, 10 + 64 + 128);
    pb_be32(&b, 0x63825363);
    pb_u8(&b, 53);
    pb_u8(&b, 1);
    pb_u8(&b, type);
    if (mac) {
        option_addr(&b, 3, router);
        option_addr(&b, 6, router);
    }
    pb_u8(&b, 255);
    scene_put(s, ms, buf, pb_finish(&b));
}

/* Five times a client asks and two servers answer; 'router' is what the
 * second offers. */
static void
dhcp_servers(struct scene *s, uint32_t router)
{
    unsigned int i;

    for (i = 0; i < 5; i++) {
        dhcp(s, 1000 * i, 1, 7 + i, NULL, NULL, 0);
        dhcp(s, 1000 * i + 5, 2, 7 + i, MAC_ROUTER, "10.28.0.1", 0x0a1c0001);
        dhcp(s, 1000 * i + 9, 2, 7 + i, MAC_OTHER, "10.28.0.66", router);
    }
}

static void
dhcp_rogue(struct scene *s)
{
    dhcp_servers(s, 0x0a1c0042);
}

static void
dhcp_redundant(struct scene *s)
{
    dhcp_servers(s, 0x0a1c0001);
}

static void
advertise(struct scene *s, double ms, const char *mac, const char *router,
          unsigned int hop_limit)
{
    uint8_t buf[SCENE_FRAME_SIZE];
    struct packet_builder b;
    size_t len;

    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, mac, "33:33:00:00:00:01");
    pb_ip(&b, router, ALL_NODES);
    pb_icmp(&b, 134, 0);
    pb_fill(&b, 0, 8);
    len = pb_finish(&b);
    buf[b.ip_at + 7] = (uint8_t) hop_limit;
    scene_put(s, ms, buf, len);
}

/* Two routers, of which each has one MAC address. */
static void
ra_routers(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 10; i++) {
        advertise(s, 3000 * i, MAC_ROUTER, "fe80::1", 255);
        advertise(s, 3000 * i + 700, "02:00:00:00:00:11", "fe80::2", 255);
    }
}

static void
ra_spoof(struct scene *s)
{
    ra_routers(s);
    advertise(s, 30000, MAC_OTHER, "fe80::1", 255);
    advertise(s, 30100, MAC_OTHER, "fe80::1", 255);
}

static void
ra_forged(struct scene *s)
{
    ra_routers(s);
    advertise(s, 30000, MAC_OTHER, "fe80::66", 64);
}

static void
ra_flood(struct scene *s)
{
    unsigned int i;
    char router[32];

    for (i = 0; i < 50; i++) {
        snprintf(router, sizeof router, "fe80::f:%x", i);
        advertise(s, i, MAC_OTHER, router, 255);
    }
}

/* A scan of 30 ports, after which the host that was scanned opens a
 * connection to the scanner; before it, one that was not scanned does. */
static void
scan_back(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 30; i++) {
        scene_syn(s, 20 * i, "10.30.0.66", "10.30.0.10", 1 + i);
    }
    scene_syn(s, 3000, "10.30.0.11", "10.30.0.66", 80);
    scene_syn(s, 5000, "10.30.0.10", "10.30.0.66", 4444);
    scene_syn(s, 6000, "10.30.0.10", "10.30.0.66", 4444);
}

/* A scan of 24 hosts, of which one accepts; then the scanner sends data, to
 * a host that it has not tried, and to that one. */
static void
scan_exploit(struct scene *s)
{
    unsigned int i;
    char host[32];

    for (i = 0; i < 24; i++) {
        scene_host(host, "10.32", i + 1);
        scene_syn(s, 100 * i, "10.31.0.66", host, 445);
        if (i == 4) {
            scene_accept(s, 100 * i + 1, "10.31.0.66", host, 445);
        }
    }
    scene_host(host, "10.32", 5);
    scene_tcp(s, 18000, "10.31.0.66", 40001, "10.32.9.9", 80,
              PB_ACK | PB_PSH, "data");
    scene_tcp(s, 20000, "10.31.0.66", 40001, host, 445, PB_ACK | PB_PSH,
              "data");
    scene_tcp(s, 21000, "10.31.0.66", 40001, host, 445, PB_ACK | PB_PSH,
              "data");
}

const struct scene_entry scenes_library[] = {
    { "arp-failover", arp_failover },
    { "arp-spoof", arp_spoof },
    { "crawler", crawler },
    { "crowd", crowd },
    { "dhcp-redundant", dhcp_redundant },
    { "dhcp-rogue", dhcp_rogue },
    { "dns-abuse", dns_abuse },
    { "dns-pools", dns_pools },
    { "dns-reflection", dns_reflection },
    { "fast-flux", fast_flux },
    { "flood-udp", flood_udp },
    { "ftp-passive", ftp_passive },
    { "mail-server", mail_server },
    { "modbus-scan", modbus_scan },
    { "monitor", monitor },
    { "ntp-clients", ntp_clients },
    { "ntp-reflection", ntp_reflection },
    { "quic-download", quic_download },
    { "ra-flood", ra_flood },
    { "ra-forged", ra_forged },
    { "ra-routers", ra_routers },
    { "ra-spoof", ra_spoof },
    { "resolver", resolver },
    { "scan-back", scan_back },
    { "scan-distributed", scan_distributed },
    { "scan-exploit", scan_exploit },
    { "scan-hosts", scan_hosts },
    { "spambot", spambot },
    { "upload", upload },
    { NULL, NULL },
};
