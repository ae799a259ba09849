/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/unit/tunnel-builder.h"

static void
start(struct packet_builder *b, void *buf, size_t size)
{
    pb_init(b, buf, size);
    pb_eth(b, NULL, NULL);
    pb_ip(b, "192.0.2.1", "192.0.2.2");
}

void
tb_start_udp(struct packet_builder *b, void *buf, size_t size,
             unsigned int port)
{
    start(b, buf, size);
    pb_udp(b, 50000, port);
}

void
tb_start_ip(struct packet_builder *b, void *buf, size_t size,
            unsigned int proto)
{
    start(b, buf, size);
    pb_proto(b, proto);
}

uint8_t *
tb_vxlan(struct packet_builder *b, unsigned int vni)
{
    uint8_t *vxlan = b->buf + b->len;

    pb_be32(b, 0x08000000);
    pb_be32(b, vni << 8);
    return vxlan;
}

uint8_t *
tb_geneve(struct packet_builder *b, unsigned int vni, unsigned int type,
          size_t options_len)
{
    uint8_t *geneve = b->buf + b->len;

    pb_u8(b, (unsigned int) options_len / 4);
    pb_u8(b, 0);
    pb_be16(b, type);
    pb_be32(b, vni << 8);
    pb_fill(b, 0xee, options_len);
    return geneve;
}

uint8_t *
tb_gtp(struct packet_builder *b, uint32_t teid, unsigned int flags,
       unsigned int next)
{
    uint8_t *gtp = b->buf + b->len;

    pb_u8(b, 0x30 | flags);
    pb_u8(b, 255);
    pb_be16(b, 0);
    pb_be32(b, teid);
    if (flags) {
        pb_be16(b, 1);
        pb_u8(b, 0);
        pb_u8(b, next);
    }
    return gtp;
}

void
tb_gtp_finish(struct packet_builder *b, uint8_t *gtp)
{
    size_t len = (size_t) (b->buf + b->len - gtp) - 8;

    gtp[2] = (uint8_t) (len >> 8);
    gtp[3] = (uint8_t) len;
}

uint8_t *
tb_gre(struct packet_builder *b, unsigned int flags, unsigned int type,
       uint32_t key)
{
    uint8_t *gre = b->buf + b->len;

    pb_be16(b, flags);
    pb_be16(b, type);
    if (flags & TB_GRE_CHECKSUM) {
        pb_be32(b, 0);
    }
    if (flags & TB_GRE_KEY) {
        pb_be32(b, key);
    }
    if (flags & TB_GRE_SEQUENCE) {
        pb_be32(b, 1);
    }
    return gre;
}

/* Starts payload number 'n' in the 'size' bytes at 'buf'. */
static void
start_payload(struct packet_builder *b, void *buf, size_t size,
              unsigned int n, bool eth)
{
    char src[32], dst[32];

    pb_init(b, buf, size);
    if (eth) {
        snprintf(src, sizeof src, "02:00:00:%02x:00:01", n);
        snprintf(dst, sizeof dst, "02:00:00:%02x:00:02", n);
        pb_eth(b, src, dst);
    }
}

/* Finishes the payload 'b' with its transport and adds it to 'outer'. */
static void
put_payload(struct packet_builder *outer, struct packet_builder *b,
            unsigned int n)
{
    pb_tcp(b, 100 + n, 200 + n, PB_SYN);
    pb_text(b, "payload");
    pb_finish(b);
    pb_bytes(outer, b->buf, b->len);
}

static void
put_ip4(struct packet_builder *outer, unsigned int n, bool eth)
{
    struct packet_builder b;
    char src[32], dst[32];
    uint8_t buf[256];

    start_payload(&b, buf, sizeof buf, n, eth);
    snprintf(src, sizeof src, "10.%u.0.1", n);
    snprintf(dst, sizeof dst, "10.%u.0.2", n);
    pb_ip4(&b, src, dst);
    put_payload(outer, &b, n);
}

void
tb_frame(struct packet_builder *b, unsigned int n)
{
    put_ip4(b, n, true);
}

void
tb_ip4(struct packet_builder *b, unsigned int n)
{
    put_ip4(b, n, false);
}

void
tb_ip6(struct packet_builder *outer, unsigned int n)
{
    struct packet_builder b;
    char src[32], dst[32];
    uint8_t buf[256];

    start_payload(&b, buf, sizeof buf, n, false);
    snprintf(src, sizeof src, "2001:db8:%x::1", n);
    snprintf(dst, sizeof dst, "2001:db8:%x::2", n);
    pb_ip6(&b, src, dst);
    put_payload(outer, &b, n);
}
