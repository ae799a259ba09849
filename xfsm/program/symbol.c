/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/symbol.h"

#include <arpa/inet.h>
#include <string.h>

#include "xfsm/program/lexer.h"

/* S(SET, NAME, VALUE).  Protocol numbers are IANA's; TCP flags are those of
 * RFC 9293 and RFC 3168; response codes those of RFC 1035. */
#define SYMBOLS(S) \
    S(PROTO, "icmp", 1) S(PROTO, "igmp", 2) S(PROTO, "ipip", 4) \
    S(PROTO, "tcp", 6) S(PROTO, "egp", 8) S(PROTO, "udp", 17) \
    S(PROTO, "dccp", 33) S(PROTO, "ipv6", 41) S(PROTO, "rsvp", 46) \
    S(PROTO, "gre", 47) S(PROTO, "esp", 50) S(PROTO, "ah", 51) \
    S(PROTO, "icmp6", 58) S(PROTO, "icmpv6", 58) S(PROTO, "ipv6-icmp", 58) \
    S(PROTO, "eigrp", 88) S(PROTO, "ospf", 89) S(PROTO, "pim", 103) \
    S(PROTO, "vrrp", 112) S(PROTO, "l2tp", 115) S(PROTO, "sctp", 132) \
    S(PROTO, "udplite", 136) \
    S(TCP_FLAG, "tcp-fin", 0x01) S(TCP_FLAG, "tcp-syn", 0x02) \
    S(TCP_FLAG, "tcp-rst", 0x04) S(TCP_FLAG, "tcp-psh", 0x08) \
    S(TCP_FLAG, "tcp-ack", 0x10) S(TCP_FLAG, "tcp-urg", 0x20) \
    S(TCP_FLAG, "tcp-ece", 0x40) S(TCP_FLAG, "tcp-cwr", 0x80) \
    S(RCODE, "dns-noerror", 0) S(RCODE, "dns-formaterr", 1) \
    S(RCODE, "dns-failed", 2) S(RCODE, "dns-nxdomain", 3) \
    S(RCODE, "dns-nimplemented", 4) \
    S(HTTP_METHOD, "http-get", XFSM_HTTP_GET) \
    S(HTTP_METHOD, "http-head", XFSM_HTTP_HEAD) \
    S(HTTP_METHOD, "http-post", XFSM_HTTP_POST)

struct symbol {
    enum xfsm_symbol_set set;
    const char *name;
    uint64_t value;
};

static const struct symbol symbols[] = {
#define SYMBOL(SET, NAME, VALUE) { XFSM_SYM_##SET, NAME, VALUE },
    SYMBOLS(SYMBOL)
#undef SYMBOL
};

#define N_SYMBOLS (sizeof symbols / sizeof symbols[0])

bool
xfsm_symbol_lookup(enum xfsm_symbol_set set, const char *name, size_t len,
                   uint64_t *value)
{
    size_t i;

    for (i = 0; i < N_SYMBOLS; i++) {
        if (symbols[i].set == set && strlen(symbols[i].name) == len
            && !memcmp(symbols[i].name, name, len)) {
            *value = symbols[i].value;
            return true;
        }
    }
    return false;
}

void
xfsm_symbol_offer(enum xfsm_symbol_set set, struct xfsm_nearest *nearest)
{
    size_t i;

    for (i = 0; i < N_SYMBOLS; i++) {
        if (symbols[i].set == set) {
            xfsm_nearest_offer(nearest, symbols[i].name);
        }
    }
}

bool
xfsm_symbol_parse_addr(const char *s, union xfsm_addr *addr, uint8_t *prefix)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    size_t n = strcspn(s, "/");
    char text[INET6_ADDRSTRLEN];
    uint64_t bits = 128;
    bool v4;

    if (n >= sizeof text) {
        return false;
    }
    memcpy(text, s, n);
    text[n] = '\0';
    v4 = !strchr(text, ':');
    memset(addr, 0, sizeof *addr);
    if (inet_pton(v4 ? AF_INET : AF_INET6, text, &addr->b[v4 ? 12 : 0]) != 1) {
        return false;
    }
    if (v4) {
        memcpy(addr->b, mapped, sizeof mapped);
        bits = 32;
    }
    if (s[n] == '/') {
        uint64_t max = bits;

        if (!xfsm_number_parse_uint(s + n + 1, &bits) || bits > max) {
            return false;
        }
    }
    *prefix = (uint8_t) (bits + (v4 ? 96 : 0));
    return true;
}

bool
xfsm_symbol_mask_addr(union xfsm_addr *addr, uint8_t prefix)
{
    bool changed = false;
    int i;

    for (i = prefix / 8; i < 16; i++) {
        int keep = i == prefix / 8 ? prefix % 8 : 0;
        uint8_t mask = (uint8_t) (0xff00 >> keep);

        changed = changed || addr->b[i] & ~mask;
        addr->b[i] &= mask;
    }
    return changed;
}

static int
hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
xfsm_symbol_parse_mac(const char *s, uint64_t *mac)
{
    int i;

    *mac = 0;
    for (i = 0; i < 6; i++) {
        int high = hex_value(s[0]), low = high < 0 ? -1 : hex_value(s[1]);

        if (low < 0 || s[2] != (i < 5 ? ':' : '\0')) {
            return false;
        }
        *mac = *mac << 8 | (uint64_t) (high << 4 | low);
        s += 3;
    }
    return true;
}

void
xfsm_symbol_lower(char *s)
{
    for (; *s; s++) {
        if (*s >= 'A' && *s <= 'Z') {
            *s = (char) (*s - 'A' + 'a');
        }
    }
}
