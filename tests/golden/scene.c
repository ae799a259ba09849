/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <stdio.h>
#include <string.h>

#include "tests/golden/scene.h"
#include "tests/unit/packet-builder.h"

#define EPOCH (UINT64_C(1767225600) * 1000000000)
#define FRAME_SIZE SCENE_FRAME_SIZE

/* What a capture has of a frame with data nobody reads. */
#define DATA_CUT 64

void
scene_put(struct scene *s, double ms, const void *frame, size_t len)
{
    pb_pcap_write(s->file, EPOCH + (uint64_t) (ms * 1000) * 1000, frame, len,
                  len);
}

void
scene_tcp(struct scene *s, double ms, const char *src, unsigned int sport,
          const char *dst, unsigned int dport, unsigned int flags,
          const char *payload)
{
    uint8_t buf[FRAME_SIZE];
    struct packet_builder b;

    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    if (s->vlan) {
        pb_vlan(&b, 0x8100, s->vlan, 0);
    }
    pb_ip(&b, src, dst);
    pb_tcp(&b, sport, dport, flags);
    pb_text(&b, payload ? payload : "");
    scene_put(s, ms, buf, pb_finish(&b));
}

void
scene_syn(struct scene *s, double ms, const char *src, const char *dst,
          unsigned int dport)
{
    scene_tcp(s, ms, src, 40000, dst, dport, PB_SYN, NULL);
}

void
scene_udp(struct scene *s, double ms, const char *src, unsigned int sport,
          const char *dst, unsigned int dport, const char *payload)
{
    uint8_t buf[FRAME_SIZE];

    scene_put(s, ms, buf,
              pb_udp_frame(buf, sizeof buf, src, sport, dst, dport, payload));
}

void
scene_query(struct scene *s, double ms, const char *client, const char *name)
{
    uint8_t buf[FRAME_SIZE];

    scene_put(s, ms, buf,
              pb_dns_query_frame(buf, sizeof buf, client, SCENE_RESOLVER,
                                 name, PB_DNS_A));
}

void
scene_answer(struct scene *s, double ms, const char *client, const char *name,
             const char *addr)
{
    uint8_t buf[FRAME_SIZE];

    scene_put(s, ms, buf,
              pb_dns_response_frame(buf, sizeof buf, SCENE_RESOLVER, client,
                                    addr ? 0 : 3, name, PB_DNS_A, addr));
}

void
scene_modbus(struct scene *s, double ms, const char *src, const char *dst,
             unsigned int port, unsigned int fc)
{
    uint8_t buf[FRAME_SIZE];
    struct packet_builder b;

    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, src, dst);
    pb_tcp(&b, 40000, port, PB_PSH | PB_ACK);
    pb_modbus(&b, (unsigned int) ms, 1, fc);
    scene_put(s, ms, buf, pb_finish(&b));
}

const char *
scene_host(char buf[32], const char *prefix, unsigned int n)
{
    snprintf(buf, 32, "%s.%u.%u", prefix, n / 250, n % 250 + 1);
    return buf;
}

void
scene_web(struct scene *s, double ms, const char *client, unsigned int sport,
          const char *server)
{
    scene_tcp(s, ms, client, sport, server, 80, PB_SYN, NULL);
    scene_tcp(s, ms + 1, server, 80, client, sport, PB_SYN | PB_ACK, NULL);
    scene_tcp(s, ms + 2, client, sport, server, 80, PB_ACK, NULL);
    scene_tcp(s, ms + 3, client, sport, server, 80, PB_PSH | PB_ACK,
              "GET /index.html HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
    scene_tcp(s, ms + 9, server, 80, client, sport, PB_PSH | PB_ACK,
              "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    scene_tcp(s, ms + 10, client, sport, server, 80, PB_FIN | PB_ACK, NULL);
    scene_tcp(s, ms + 11, server, 80, client, sport, PB_FIN | PB_ACK, NULL);
    scene_tcp(s, ms + 12, client, sport, server, 80, PB_ACK, NULL);
}

void
scene_put_cut(struct scene *s, double ms, const void *frame, size_t len,
              size_t cut)
{
    pb_pcap_write(s->file, EPOCH + (uint64_t) (ms * 1000) * 1000, frame,
                  len < cut ? len : cut, len);
}

void
scene_accept(struct scene *s, double ms, const char *src, const char *dst,
             unsigned int dport)
{
    scene_tcp(s, ms, dst, dport, src, 40000, PB_SYN | PB_ACK, NULL);
}

void
scene_tcp_data(struct scene *s, double ms, const char *src, unsigned int sport,
               const char *dst, unsigned int dport, size_t n)
{
    uint8_t buf[FRAME_SIZE];
    struct packet_builder b;

    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, src, dst);
    pb_tcp(&b, sport, dport, PB_PSH | PB_ACK);
    pb_fill(&b, 'x', n);
    scene_put_cut(s, ms, buf, pb_finish(&b), DATA_CUT);
}

void
scene_udp_data(struct scene *s, double ms, const char *src, unsigned int sport,
               const char *dst, unsigned int dport, size_t n)
{
    uint8_t buf[FRAME_SIZE];
    struct packet_builder b;

    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, src, dst);
    pb_udp(&b, sport, dport);
    pb_fill(&b, 'x', n);
    scene_put_cut(s, ms, buf, pb_finish(&b), DATA_CUT);
}

void
scene_modbus_response(struct scene *s, double ms, const char *device,
                      const char *dst, unsigned int fc)
{
    uint8_t buf[FRAME_SIZE];
    struct packet_builder b;

    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, device, dst);
    pb_tcp(&b, 502, 40000, PB_PSH | PB_ACK);
    pb_modbus(&b, (unsigned int) ms, 1, fc);
    scene_put(s, ms, buf, pb_finish(&b));
}

static void
echo(struct scene *s, double ms, const char *src, const char *dst,
     unsigned int type, unsigned int seq)
{
    uint8_t buf[FRAME_SIZE], *icmp;
    struct packet_builder b;

    pb_init(&b, buf, sizeof buf);
    pb_eth(&b, NULL, NULL);
    pb_ip(&b, src, dst);
    icmp = pb_icmp(&b, type, 0);
    icmp[6] = (uint8_t) (seq >> 8);
    icmp[7] = (uint8_t) seq;
    pb_fill(&b, 'x', 56);
    scene_put(s, ms, buf, pb_finish(&b));
}

void
scene_ping(struct scene *s, double ms, const char *src, const char *dst,
           unsigned int seq)
{
    echo(s, ms, src, dst, 8, seq);
}

void
scene_pong(struct scene *s, double ms, const char *src, const char *dst,
           unsigned int seq)
{
    echo(s, ms, src, dst, 0, seq);
}
