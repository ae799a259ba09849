/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/unit/packet-builder.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define NSEC_PER_SEC UINT64_C(1000000000)
#define NOWHERE SIZE_MAX

static void
die(const char *what, const char *which)
{
    fprintf(stderr, "packet-builder: %s: %s\n", what, which);
    abort();
}

static void
set_be16(uint8_t *p, unsigned int x)
{
    p[0] = (uint8_t) (x >> 8);
    p[1] = (uint8_t) x;
}

void
pb_init(struct packet_builder *b, void *buf, size_t size)
{
    memset(b, 0, sizeof *b);
    b->buf = buf;
    b->size = size;
    b->type_at = b->proto_at = b->llc_at = NOWHERE;
    b->ip_at = b->l4_at = b->payload_at = b->dns_at = NOWHERE;
}

/* Bytes. */

uint8_t *
pb_fill(struct packet_builder *b, int byte, size_t n)
{
    uint8_t *p = b->buf + b->len;

    if (n > b->size - b->len) {
        die("frame", "larger than its buffer");
    }
    memset(p, byte, n);
    b->len += n;
    return p;
}

uint8_t *
pb_bytes(struct packet_builder *b, const void *data, size_t n)
{
    uint8_t *p = pb_fill(b, 0, n);

    if (n) {
        memcpy(p, data, n);
    }
    return p;
}

void
pb_text(struct packet_builder *b, const char *text)
{
    pb_bytes(b, text, strlen(text));
}

void
pb_u8(struct packet_builder *b, unsigned int x)
{
    pb_fill(b, (int) x, 1);
}

void
pb_be16(struct packet_builder *b, unsigned int x)
{
    set_be16(pb_fill(b, 0, 2), x);
}

void
pb_be32(struct packet_builder *b, uint32_t x)
{
    pb_be16(b, x >> 16);
    pb_be16(b, x & 0xffff);
}

/* Link layer. */

static void
put_mac(struct packet_builder *b, const char *mac)
{
    unsigned int o[6];
    int i;

    if (sscanf(mac, "%2x:%2x:%2x:%2x:%2x:%2x", &o[0], &o[1], &o[2], &o[3],
               &o[4], &o[5]) != 6) {
        die("not a MAC address", mac);
    }
    for (i = 0; i < 6; i++) {
        pb_u8(b, o[i]);
    }
}

void
pb_type(struct packet_builder *b, unsigned int type)
{
    if (b->type_at != NOWHERE) {
        set_be16(b->buf + b->type_at, type);
        b->type_at = NOWHERE;
    }
}

uint8_t *
pb_eth(struct packet_builder *b, const char *src, const char *dst)
{
    size_t at = b->len;

    put_mac(b, dst ? dst : "02:00:00:00:00:02");
    put_mac(b, src ? src : "02:00:00:00:00:01");
    b->type_at = b->len;
    pb_be16(b, 0);
    return b->buf + at;
}

uint8_t *
pb_vlan(struct packet_builder *b, unsigned int tpid, unsigned int id,
        unsigned int pcp)
{
    size_t at = b->len;

    pb_type(b, tpid);
    pb_be16(b, pcp << 13 | id);
    b->type_at = b->len;
    pb_be16(b, 0);
    return b->buf + at;
}

uint8_t *
pb_snap(struct packet_builder *b)
{
    size_t at = b->len;

    b->llc_at = b->type_at;
    pb_bytes(b, "\xaa\xaa\x03\0\0", 6);
    b->type_at = b->len;
    pb_be16(b, 0);
    return b->buf + at;
}

uint8_t *
pb_sll(struct packet_builder *b)
{
    size_t at = b->len;

    pb_be16(b, 0);              /* To us. */
    pb_be16(b, 1);              /* Ethernet. */
    pb_be16(b, 6);
    put_mac(b, "02:00:00:00:00:01");
    pb_be16(b, 0);
    b->type_at = b->len;
    pb_be16(b, 0);
    return b->buf + at;
}

uint8_t *
pb_sll2(struct packet_builder *b)
{
    size_t at = b->len;

    b->type_at = b->len;
    pb_be16(b, 0);
    pb_be16(b, 0);
    pb_be32(b, 1);              /* Interface index. */
    pb_be16(b, 1);              /* Ethernet. */
    pb_u8(b, 0);                /* To us. */
    pb_u8(b, 6);
    put_mac(b, "02:00:00:00:00:01");
    pb_be16(b, 0);
    return b->buf + at;
}

/* Network layer. */

static void
put_addr(struct packet_builder *b, int family, const char *addr)
{
    uint8_t octets[16];

    if (inet_pton(family, addr, octets) != 1) {
        die("not an address", addr);
    }
    pb_bytes(b, octets, family == AF_INET ? 4 : 16);
}

uint8_t *
pb_arp(struct packet_builder *b, unsigned int op, const char *sha,
       const char *spa, const char *tha, const char *tpa)
{
    size_t at = b->len;

    pb_type(b, 0x0806);
    pb_be16(b, 1);
    pb_be16(b, 0x0800);
    pb_u8(b, 6);
    pb_u8(b, 4);
    pb_be16(b, op);
    put_mac(b, sha);
    put_addr(b, AF_INET, spa);
    put_mac(b, tha);
    put_addr(b, AF_INET, tpa);
    return b->buf + at;
}

uint8_t *
pb_ip4(struct packet_builder *b, const char *src, const char *dst)
{
    uint8_t *ip;

    pb_type(b, 0x0800);
    b->ip_at = b->len;
    ip = pb_fill(b, 0, 12);
    ip[0] = 0x45;
    ip[8] = 64;
    b->proto_at = b->ip_at + 9;
    put_addr(b, AF_INET, src);
    put_addr(b, AF_INET, dst);
    return ip;
}

uint8_t *
pb_ip6(struct packet_builder *b, const char *src, const char *dst)
{
    uint8_t *ip;

    pb_type(b, 0x86dd);
    b->ip_at = b->len;
    ip = pb_fill(b, 0, 8);
    ip[0] = 0x60;
    ip[6] = 59;                 /* No next header. */
    ip[7] = 64;
    b->proto_at = b->ip_at + 6;
    put_addr(b, AF_INET6, src);
    put_addr(b, AF_INET6, dst);
    return ip;
}

uint8_t *
pb_ip(struct packet_builder *b, const char *src, const char *dst)
{
    return strchr(src, ':') ? pb_ip6(b, src, dst) : pb_ip4(b, src, dst);
}

void
pb_ip4_options(struct packet_builder *b, size_t n)
{
    pb_fill(b, 1, n);
    b->buf[b->ip_at] = (uint8_t) (b->buf[b->ip_at] + n / 4);
}

void
pb_proto(struct packet_builder *b, unsigned int protocol)
{
    if (b->proto_at != NOWHERE) {
        b->buf[b->proto_at] = (uint8_t) protocol;
        b->proto_at = NOWHERE;
    }
}

uint8_t *
pb_ip6_ext(struct packet_builder *b, unsigned int type, size_t len)
{
    uint8_t *ext;

    pb_proto(b, type);
    b->proto_at = b->len;
    ext = pb_fill(b, 0, len);
    ext[0] = 59;
    if (type != PB_EXT_FRAGMENT) {
        ext[1] = (uint8_t) (type == PB_EXT_AUTH ? len / 4 - 2 : len / 8 - 1);
    }
    return ext;
}

void
pb_fragment(struct packet_builder *b, unsigned int offset, bool more,
            uint32_t id)
{
    uint8_t *ip = b->buf + b->ip_at;

    if (ip[0] >> 4 == 4) {
        set_be16(ip + 4, id);
        set_be16(ip + 6, offset / 8 | (more ? 0x2000 : 0));
    } else {
        uint8_t *ext = pb_ip6_ext(b, PB_EXT_FRAGMENT, 8);

        set_be16(ext + 2, offset | more);
        set_be16(ext + 4, id >> 16);
        set_be16(ext + 6, id & 0xffff);
    }
}

/* Transport. */

/* Adds a transport header of 'len' zero bytes. */
static uint8_t *
put_l4(struct packet_builder *b, unsigned int proto, size_t len)
{
    uint8_t *p;

    pb_proto(b, proto);
    b->l4_proto = (uint8_t) proto;
    b->l4_at = b->len;
    p = pb_fill(b, 0, len);
    b->payload_at = b->len;
    return p;
}

uint8_t *
pb_tcp(struct packet_builder *b, unsigned int sport, unsigned int dport,
       unsigned int flags)
{
    uint8_t *tcp = put_l4(b, 6, 20);

    set_be16(tcp, sport);
    set_be16(tcp + 2, dport);
    tcp[12] = 5 << 4;
    tcp[13] = (uint8_t) flags;
    set_be16(tcp + 14, 64240);
    return tcp;
}

void
pb_tcp_options(struct packet_builder *b, size_t n)
{
    pb_fill(b, 1, n);
    b->buf[b->l4_at + 12] = (uint8_t) (b->buf[b->l4_at + 12] + (n / 4 << 4));
    b->payload_at = b->len;
}

uint8_t *
pb_udp(struct packet_builder *b, unsigned int sport, unsigned int dport)
{
    uint8_t *udp = put_l4(b, 17, 8);

    set_be16(udp, sport);
    set_be16(udp + 2, dport);
    return udp;
}

uint8_t *
pb_sctp(struct packet_builder *b, unsigned int sport, unsigned int dport)
{
    uint8_t *sctp = put_l4(b, 132, 12);

    set_be16(sctp, sport);
    set_be16(sctp + 2, dport);
    return sctp;
}

uint8_t *
pb_icmp(struct packet_builder *b, unsigned int type, unsigned int code)
{
    bool is_ip6 = b->ip_at != NOWHERE && b->buf[b->ip_at] >> 4 == 6;
    uint8_t *icmp = put_l4(b, is_ip6 ? 58 : 1, 8);

    icmp[0] = (uint8_t) type;
    icmp[1] = (uint8_t) code;
    return icmp;
}

/* Lengths and checksums. */

static uint32_t
sum_bytes(uint32_t sum, const uint8_t *p, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        sum += i % 2 ? p[i] : (uint32_t) p[i] << 8;
    }
    return sum;
}

static uint16_t
fold(uint32_t sum)
{
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t) ~sum;
}

/* Where a transport's checksum is, from its start; 0: none that is kept. */
static size_t
checksum_offset(uint8_t proto)
{
    switch (proto) {
    case 1: case 58: return 2;
    case 6: return 16;
    case 17: return 6;
    default: return 0;
    }
}

static void
finish_l4(struct packet_builder *b, const uint8_t *ip)
{
    uint8_t *l4 = b->buf + b->l4_at;
    size_t len = b->len - b->l4_at;
    size_t at = checksum_offset(b->l4_proto);
    uint32_t sum = 0;
    uint16_t check;

    if (b->l4_proto == 17) {
        set_be16(l4 + 4, (unsigned int) len);
    }
    if (!at) {
        return;
    }
    if (b->l4_proto != 1) {     /* The pseudo-header. */
        sum = (uint32_t) len + b->l4_proto;
        sum = (ip[0] >> 4 == 4 ? sum_bytes(sum, ip + 12, 8)
               : sum_bytes(sum, ip + 8, 32));
    }
    check = fold(sum_bytes(sum, l4, len));
    set_be16(l4 + at, check || b->l4_proto != 17 ? check : 0xffff);
}

size_t
pb_finish(struct packet_builder *b)
{
    if (b->llc_at != NOWHERE) {
        set_be16(b->buf + b->llc_at,
                 (unsigned int) (b->len - b->llc_at - 2));
    }
    if (b->ip_at != NOWHERE) {
        uint8_t *ip = b->buf + b->ip_at;
        size_t len = b->len - b->ip_at;

        if (ip[0] >> 4 == 4) {
            set_be16(ip + 2, (unsigned int) len);
            set_be16(ip + 10, fold(sum_bytes(0, ip, (ip[0] & 15u) * 4)));
        } else {
            set_be16(ip + 4, (unsigned int) (len - 40));
        }
        if (b->l4_at != NOWHERE) {
            finish_l4(b, ip);
        }
    }
    return b->len;
}

size_t
pb_pad(struct packet_builder *b, size_t len)
{
    if (len > b->len) {
        pb_fill(b, 0, len - b->len);
    }
    return b->len;
}

/* Applications. */

uint8_t *
pb_dns(struct packet_builder *b, unsigned int id, unsigned int flags,
       unsigned int n_questions, unsigned int n_answers)
{
    b->dns_at = b->len;
    pb_be16(b, id);
    pb_be16(b, flags);
    pb_be16(b, n_questions);
    pb_be16(b, n_answers);
    pb_be32(b, 0);
    return b->buf + b->dns_at;
}

void
pb_dns_name(struct packet_builder *b, const char *name)
{
    while (*name) {
        size_t n = strcspn(name, ".");

        pb_u8(b, (unsigned int) n);
        pb_bytes(b, name, n);
        name += n + (name[n] == '.');
    }
    pb_u8(b, 0);
}

void
pb_dns_pointer(struct packet_builder *b, unsigned int offset)
{
    pb_be16(b, 0xc000 | offset);
}

void
pb_dns_question(struct packet_builder *b, const char *name, unsigned int type)
{
    pb_dns_name(b, name);
    pb_be16(b, type);
    pb_be16(b, 1);
}

void
pb_dns_answer(struct packet_builder *b, unsigned int type, const void *data,
              size_t len)
{
    pb_dns_pointer(b, 12);
    pb_be16(b, type);
    pb_be16(b, 1);
    pb_be32(b, 300);
    pb_be16(b, (unsigned int) len);
    pb_bytes(b, data, len);
}

void
pb_dns_answer_addr(struct packet_builder *b, const char *addr)
{
    bool is_ip6 = strchr(addr, ':') != NULL;
    uint8_t octets[16];

    if (inet_pton(is_ip6 ? AF_INET6 : AF_INET, addr, octets) != 1) {
        die("not an address", addr);
    }
    pb_dns_answer(b, is_ip6 ? PB_DNS_AAAA : PB_DNS_A, octets,
                  is_ip6 ? 16 : 4);
}

void
pb_dns_query(struct packet_builder *b, unsigned int id, const char *name,
             unsigned int type)
{
    pb_dns(b, id, 0x0100, 1, 0);
    pb_dns_question(b, name, type);
}

void
pb_dns_response(struct packet_builder *b, unsigned int id, unsigned int rcode,
                const char *name, unsigned int type, const char *addr)
{
    pb_dns(b, id, 0x8180 | rcode, 1, addr != NULL);
    pb_dns_question(b, name, type);
    if (addr) {
        pb_dns_answer_addr(b, addr);
    }
}

void
pb_modbus(struct packet_builder *b, unsigned int ti, unsigned int unit,
          unsigned int fc)
{
    pb_be16(b, ti);
    pb_be16(b, 0);
    pb_be16(b, 2);
    pb_u8(b, unit);
    pb_u8(b, fc);
}

/* Whole frames. */

static void
start_frame(struct packet_builder *b, void *buf, size_t size, const char *src,
            const char *dst)
{
    pb_init(b, buf, size);
    pb_eth(b, NULL, NULL);
    pb_ip(b, src, dst);
}

size_t
pb_tcp_frame(void *buf, size_t size, const char *src, unsigned int sport,
             const char *dst, unsigned int dport, unsigned int flags,
             const char *payload)
{
    struct packet_builder b;

    start_frame(&b, buf, size, src, dst);
    pb_tcp(&b, sport, dport, flags);
    pb_text(&b, payload ? payload : "");
    return pb_finish(&b);
}

size_t
pb_udp_frame(void *buf, size_t size, const char *src, unsigned int sport,
             const char *dst, unsigned int dport, const char *payload)
{
    struct packet_builder b;

    start_frame(&b, buf, size, src, dst);
    pb_udp(&b, sport, dport);
    pb_text(&b, payload ? payload : "");
    return pb_finish(&b);
}

size_t
pb_icmp_frame(void *buf, size_t size, const char *src, const char *dst,
              unsigned int type, unsigned int code)
{
    struct packet_builder b;

    start_frame(&b, buf, size, src, dst);
    pb_icmp(&b, type, code);
    return pb_finish(&b);
}

size_t
pb_arp_frame(void *buf, size_t size, unsigned int op, const char *spa,
             const char *tpa)
{
    struct packet_builder b;

    pb_init(&b, buf, size);
    pb_eth(&b, NULL, op == 1 ? "ff:ff:ff:ff:ff:ff" : NULL);
    pb_arp(&b, op, "02:00:00:00:00:01", spa,
           op == 1 ? "00:00:00:00:00:00" : "02:00:00:00:00:02", tpa);
    return pb_finish(&b);
}

size_t
pb_dns_query_frame(void *buf, size_t size, const char *client,
                   const char *server, const char *name, unsigned int type)
{
    struct packet_builder b;

    start_frame(&b, buf, size, client, server);
    pb_udp(&b, 40000, 53);
    pb_dns_query(&b, 1, name, type);
    return pb_finish(&b);
}

size_t
pb_dns_response_frame(void *buf, size_t size, const char *server,
                      const char *client, unsigned int rcode,
                      const char *name, unsigned int type, const char *addr)
{
    struct packet_builder b;

    start_frame(&b, buf, size, server, client);
    pb_udp(&b, 53, 40000);
    pb_dns_response(&b, 1, rcode, name, type, addr);
    return pb_finish(&b);
}

void
pb_packet(struct xfsm_packet *packet, const void *data, size_t len,
          uint64_t ts, char *scratch)
{
    memset(packet, 0, sizeof *packet);
    packet->data = data;
    packet->caplen = (uint32_t) len;
    packet->len = (uint32_t) len;
    packet->ts = ts;
    packet->link_type = XFSM_LINK_ETHERNET;
    packet->scratch = scratch;
}

/* Capture files. */

static void
write_all(FILE *file, const void *data, size_t len)
{
    if (len && fwrite(data, 1, len, file) != len) {
        die("capture file", "cannot be written");
    }
}

FILE *
pb_pcap_open(const char *path, unsigned int linktype)
{
    FILE *file = fopen(path, "wb");
    uint32_t header[6] = { 0xa1b23c4d, 0, 0, 0, 262144, linktype };
    uint16_t version[2] = { 2, 4 };

    if (!file) {
        die("cannot be created", path);
    }
    memcpy(&header[1], version, sizeof version);
    write_all(file, header, sizeof header);
    return file;
}

void
pb_pcap_write(FILE *file, uint64_t ts, const void *data, size_t len,
              size_t wire_len)
{
    uint32_t header[4] = {
        (uint32_t) (ts / NSEC_PER_SEC), (uint32_t) (ts % NSEC_PER_SEC),
        (uint32_t) len, (uint32_t) wire_len,
    };

    write_all(file, header, sizeof header);
    write_all(file, data, len);
}

void
pb_pcap_close(FILE *file)
{
    if (fclose(file)) {
        die("capture file", "cannot be written");
    }
}
