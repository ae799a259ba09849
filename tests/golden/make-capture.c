/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Usage: make-capture DIR
 *        make-capture SCENE FILE
 *
 * Writes the captures of the golden tests in DIR, one SCENE.pcap for each
 * scene below, or one of them as FILE; the same bytes each time.  Scenes begin
 * on 2026-01-01 at 00:00:00 UTC and give times in milliseconds from there.
 * What a program must say about a scene is worked out in
 * tests/golden/cases.ini. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/golden/scene.h"
#include "tests/unit/packet-builder.h"
#include "tests/unit/random.h"

/* ## Attacks ## */

static void
scan_30ports(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 30; i++) {
        scene_syn(s, 20 * i, "10.1.0.66", "10.1.0.10", 1 + i);
        scene_tcp(s, 20 * i + 1, "10.1.0.10", 1 + i, "10.1.0.66", 40000,
                  PB_RST | PB_ACK, NULL);
    }
}

/* A hundred ports, by IPv4 or IPv6. */
static void
scan_hosts(struct scene *s, const char *src, const char *dst)
{
    unsigned int i;

    for (i = 0; i < 100; i++) {
        scene_syn(s, 20 * i, src, dst, 1 + i);
        scene_tcp(s, 20 * i + 1, dst, 1 + i, src, 40000, PB_RST | PB_ACK,
                  NULL);
    }
}

static void
scan_100ports(struct scene *s)
{
    scan_hosts(s, "192.0.2.66", "198.51.100.7");
}

static void
scan_ipv6(struct scene *s)
{
    scan_hosts(s, "2001:db8::66", "2001:db8:1::7");
}

static void
scan_slow(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 60; i++) {
        scene_syn(s, 1000 * i, "10.1.0.66", "10.1.0.10", 1 + i);
    }
}

static void
synflood_spoofed(struct scene *s)
{
    unsigned int i;
    char src[32];

    for (i = 0; i < 400; i++) {
        scene_syn(s, 5 * i,
                  scene_host(src, "100.64", (unsigned int)
                             random_below(&s->random, 16000)),
                  "10.2.0.80", 80);
    }
}

/* One SYN, again and again. */
static void
synflood_repeated(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 2000; i++) {
        scene_syn(s, 2 * i, "100.64.0.1", "10.2.0.80", 80);
    }
}

/* 160 hosts begin to try a dead server, one each 60 ms, and try it again after
 * 1 s and after 3 s. */
static void
dead_mirror(struct scene *s)
{
    static const unsigned int tries[] = { 0, 1000, 3000 };
    unsigned int i, j;
    char src[32];

    for (i = 0; i < 160; i++) {
        for (j = 0; j < 3; j++) {
            scene_syn(s, 60 * i + tries[j], scene_host(src, "100.64", i),
                      "10.2.0.80", 80);
        }
    }
}

static void
nxdomain_dga(struct scene *s)
{
    unsigned int i, j;
    char name[32];

    for (i = 0; i < 40; i++) {
        for (j = 0; j < 12; j++) {
            name[j] = (char) ('a' + random_below(&s->random, 26));
        }
        strcpy(name + 12, ".example");
        scene_query(s, 100 * i, "10.3.0.7", name);
        scene_answer(s, 100 * i + 10, "10.3.0.7", name, NULL);
    }
}

/* A worm: names that do not exist, then SYN to port 445 of many hosts, then
 * other connections. */
static void
worm(struct scene *s)
{
    unsigned int i;
    char name[32], dst[32];

    for (i = 0; i < 14; i++) {
        snprintf(name, sizeof name, "worm%u.example", i);
        scene_query(s, 200 * i, "10.6.0.7", name);
        scene_answer(s, 200 * i + 10, "10.6.0.7", name, NULL);
    }
    for (i = 0; i < 15; i++) {
        scene_syn(s, 5000 + 100 * i, "10.6.0.7", scene_host(dst, "10.61", i),
                  445);
    }
    for (i = 0; i < 3; i++) {
        scene_syn(s, 8000 + 100 * i, "10.6.0.7", scene_host(dst, "10.62", i),
                  80);
    }
}

/* New sources all the time, at a rate that doubles twice. */
static void
burst(struct scene *s)
{
    unsigned int n = 0;
    double ms, step;
    char src[32];

    for (ms = 0; ms < 45000; ms += step) {
        scene_syn(s, ms, scene_host(src, "100.65", n++), "10.8.0.2", 502);
        step = ms < 21000 ? 97 : ms < 31000 ? 49 : 25;
    }
}

/* ## What is harmless ## */

static void
udp_chatter(struct scene *s)
{
    unsigned int i;
    char src[32];

    for (i = 0; i < 200; i++) {
        scene_host(src, "10.4", i % 5);
        scene_udp(s, 50 * i, src, 5000 + i, "10.4.9.1", 514, "<13>text");
        scene_udp(s, 50 * i + 1, "10.4.9.1", 514, src, 5000 + i, "ok");
    }
}

/* A mail server asks a block list about each of its clients. */
static void
nxdomain_blocklist(struct scene *s)
{
    unsigned int i;
    char name[64];

    for (i = 0; i < 60; i++) {
        snprintf(name, sizeof name, "%u.113.0.203.list.example", i);
        scene_query(s, 100 * i, "10.3.0.25", name);
        scene_answer(s, 100 * i + 10, "10.3.0.25", name,
                     i % 10 ? NULL : "127.0.0.2");
    }
}

/* Sixty new clients a second. */
static void
web_busy(struct scene *s)
{
    unsigned int i;
    char client[32];

    for (i = 0; i < 300; i++) {
        scene_web(s, 50.0 * i / 3, scene_host(client, "10.51", i), 41000,
                  "10.5.0.80");
    }
}

/* Names that do not exist: two, again and again, and now and then a third. */
static void
nxdomain_mistyped(struct scene *s)
{
    unsigned int i;
    char name[32];

    for (i = 0; i < 60; i++) {
        if (i % 20 == 19) {
            snprintf(name, sizeof name, "typo%u.example", i);
        } else {
            snprintf(name, sizeof name, "www.wpad%u.example", i % 2);
        }
        scene_query(s, 500 * i, "10.3.0.30", name);
        scene_answer(s, 500 * i + 10, "10.3.0.30", name, NULL);
    }
}

static void
web_mix(struct scene *s)
{
    unsigned int i;
    char client[32];

    for (i = 0; i < 120; i++) {
        const char *server = "10.5.0.80";

        if (i % 3 == 1) {
            snprintf(client, sizeof client, "2001:db8:5::%x", 1 + i % 7);
            server = "2001:db8:5::80";
        } else {
            scene_host(client, "10.5", i % 7);
        }
        s->vlan = i % 3 == 2 ? 5 : 0;
        scene_web(s, 40 * i, client, 41000 + i, server);
    }
}

static void
modbus_poll(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 120; i++) {
        scene_modbus(s, 480 * i, "10.9.0.20", "10.9.0.2", 502, 3);
    }
}

/* ## For programs of the original ## */

/* Two polls a second, from the eleventh second on four. */
static void
modbus_step(struct scene *s)
{
    double ms;

    for (ms = 0; ms < 45000; ms += ms < 10000 ? 480 : 240) {
        scene_modbus(s, ms, "10.9.0.20", "10.9.0.2", 502, 3);
    }
}

/* Diagnostics (function 8) to port 20000, among reads. */
static void
modbus_fc8(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 9; i++) {
        scene_modbus(s, 1000 * i, "10.9.0.20", "10.9.0.2",
                     i == 5 ? 502 : 20000, i % 3 == 2 ? 8 : 3);
    }
}

/* Port knocking: .1 knows the ports, .2 gives up, .4 scans. */
static void
knock(struct scene *s)
{
    unsigned int i;

    scene_syn(s, 0, "10.7.0.1", "10.7.0.9", 5000);
    scene_syn(s, 1000, "10.7.0.2", "10.7.0.9", 5000);
    scene_syn(s, 2000, "10.7.0.1", "10.7.0.9", 7000);
    scene_syn(s, 4000, "10.7.0.1", "10.7.0.9", 4000);
    scene_syn(s, 7000, "10.7.0.2", "10.7.0.9", 7000);
    for (i = 0; i < 120; i++) {
        scene_syn(s, 10000 + 10 * i, "10.7.0.4", "10.7.0.9", 100 + i);
    }
    scene_udp(s, 70000, "10.7.0.5", 5000, "10.7.0.9", 5000, "end");
}

/* Names asked for: the first is used in time, the second never, the third
 * asked for twice. */
static void
dns_http(struct scene *s)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: a.example.org\r\n"
                                  "\r\n";

    scene_query(s, 0, "10.10.0.1", "a.example.org");
    scene_answer(s, 10, "10.10.0.1", "a.example.org", "192.0.2.1");
    scene_query(s, 500, "10.10.0.1", "b.example.org");
    scene_answer(s, 510, "10.10.0.1", "b.example.org", "192.0.2.2");
    scene_tcp(s, 1000, "10.10.0.1", 41000, "192.0.2.1", 80, PB_PSH | PB_ACK,
              request);
    scene_query(s, 2000, "10.10.0.2", "c.example.org");
    scene_answer(s, 2010, "10.10.0.2", "c.example.org", "192.0.2.3");
    scene_query(s, 3000, "10.10.0.2", "c.example.org");
    scene_answer(s, 3010, "10.10.0.2", "c.example.org", "192.0.2.3");
    scene_tcp(s, 4000, "10.10.0.1", 41001, "192.0.2.1", 80, PB_PSH | PB_ACK,
              request);
}

/* One name is answered a hundred times in two seconds, and a few times
 * later. */
static void
name_surge(struct scene *s)
{
    unsigned int i;

    for (i = 0; i < 103; i++) {
        scene_answer(s, i < 100 ? 20 * i : 11000 + 1000 * (i - 100),
                     "10.12.0.1", "www.example.org", "192.0.2.1");
    }
}

/* For tests/golden/programs/timers.xml: the port is the command. */
static void
timers(struct scene *s)
{
    static const struct {
        double ms;
        const char *src;
        unsigned int dport;
    } commands[] = {
        { 0, "10.11.0.1", 7001 },       /* Arm: 2 s, again and again. */
        { 100, "10.11.0.2", 7001 },
        { 200, "10.11.0.3", 7001 },
        { 300, "10.11.0.4", 7001 },
        { 1500, "10.11.0.2", 7001 },    /* Move. */
        { 1700, "10.11.0.3", 7002 },    /* Remove. */
        { 4700, "10.11.0.4", 7003 },    /* Forget the key. */
        { 5000, "10.11.0.5", 7004 },    /* A state that times out... */
        { 7900, "10.11.0.5", 7005 },    /* ...not yet... */
        { 8100, "10.11.0.5", 7005 },    /* ...but now. */
        { 8200, "10.11.0.1", 7002 },
        { 8300, "10.11.0.2", 7002 },
    };
    size_t i;

    for (i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        scene_udp(s, commands[i].ms, commands[i].src, 5000, "10.11.0.9",
                  commands[i].dport, "x");
    }
}

/* In the first minute host i of 25 sends 26 - i frames of 1000 bytes, and one
 * with IPv6 sends 30; in the next, two of them send a few.  After two minutes
 * of silence one frame follows. */
static void
talkers(struct scene *s)
{
    unsigned int i, j;
    char src[32];

    for (i = 1; i <= 25; i++) {
        for (j = 0; j < 26 - i; j++) {
            scene_udp_data(s, 1000 * i + 10 * j,
                           scene_host(src, "10.40", i - 1), 5000,
                           "10.40.9.9", 5000, 958);
        }
    }
    for (j = 0; j < 30; j++) {
        scene_udp_data(s, 30000 + 10 * j, "2001:db8:40::7", 5000,
                       "2001:db8:40::9", 5000, 938);
    }
    for (j = 0; j < 8; j++) {
        scene_udp_data(s, 70000 + 10 * j, scene_host(src, "10.40", j > 2),
                       5000, "10.40.9.9", 5000, 958);
    }
    scene_udp_data(s, 250000, scene_host(src, "10.40", 2), 5000, "10.40.9.9",
                   5000, 958);
}

static const struct scene_entry scenes[] = {
    { "burst", burst },
    { "dns-http", dns_http },
    { "knock", knock },
    { "modbus-fc8", modbus_fc8 },
    { "modbus-poll", modbus_poll },
    { "modbus-step", modbus_step },
    { "name-surge", name_surge },
    { "nxdomain-blocklist", nxdomain_blocklist },
    { "nxdomain-dga", nxdomain_dga },
    { "nxdomain-mistyped", nxdomain_mistyped },
    { "scan-100ports", scan_100ports },
    { "scan-30ports", scan_30ports },
    { "scan-ipv6", scan_ipv6 },
    { "scan-slow", scan_slow },
    { "synflood-repeated", synflood_repeated },
    { "synflood-spoofed", synflood_spoofed },
    { "dead-mirror", dead_mirror },
    { "talkers", talkers },
    { "timers", timers },
    { "udp-chatter", udp_chatter },
    { "web-busy", web_busy },
    { "web-mix", web_mix },
    { "worm", worm },
};

#define N_SCENES (sizeof scenes / sizeof scenes[0])

static void
write_scene(const struct scene_entry *entry, const char *path)
{
    struct scene scene = { .random = 1 };

    scene.file = pb_pcap_open(path, PB_LINKTYPE_ETHERNET);
    entry->write(&scene);
    pb_pcap_close(scene.file);
}

/* Writes NAME.pcap in 'folder', or 'file' if the scene has the name 'name'.
 * Returns whether that is so. */
static bool
write_entry(const struct scene_entry *entry, const char *folder,
            const char *name, const char *file)
{
    char *path;

    if (name) {
        if (strcmp(name, entry->name)) {
            return false;
        }
        write_scene(entry, file);
        return true;
    }
    if (asprintf(&path, "%s/%s.pcap", folder, entry->name) < 0) {
        abort();
    }
    write_scene(entry, path);
    free(path);
    return false;
}

int
main(int argc, char *argv[])
{
    const char *name = argc == 3 ? argv[1] : NULL;
    const char *file = argc == 3 ? argv[2] : NULL;
    const struct scene_entry *const more[] = {
        scenes_library, scenes_services,
    };
    const struct scene_entry *entry;
    bool found = false;
    size_t i;

    if (argc == 2 || argc == 3) {
        for (i = 0; i < N_SCENES; i++) {
            found |= write_entry(&scenes[i], argv[1], name, file);
        }
        for (i = 0; i < sizeof more / sizeof *more; i++) {
            for (entry = more[i]; entry->name; entry++) {
                found |= write_entry(entry, argv[1], name, file);
            }
        }
    }
    if (argc != 2 && !found) {
        fprintf(stderr, "usage: make-capture DIR | SCENE FILE\n");
        return 1;
    }
    return 0;
}
