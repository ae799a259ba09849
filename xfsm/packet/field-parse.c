/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/packet/field.h"

#include <string.h>
#include <arpa/inet.h>

/* Reads the whole of 'text' as a decimal number of at most 'width' bytes. */
static bool
parse_uint(const char *text, size_t len, unsigned int width, uint64_t *value)
{
    uint64_t v = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9'
            || __builtin_mul_overflow(v, 10, &v)
            || __builtin_add_overflow(v, (uint64_t) (text[i] - '0'), &v)) {
            return false;
        }
    }
    *value = v;
    return len && (width >= 8 || !(v >> 8 * width));
}

static int
hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "02:00:00:00:00:01". */
static bool
parse_mac(const char *text, size_t len, uint64_t *value)
{
    uint64_t v = 0;

    if (len != 17) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        int digit = hex_digit(text[i]);

        if (i % 3 == 2 ? text[i] != ':' : digit < 0) {
            return false;
        } else if (i % 3 != 2) {
            v = v << 4 | (uint64_t) digit;
        }
    }
    *value = v;
    return true;
}

bool
xfsm_addr_parse(const char *text, size_t len, union xfsm_addr *addr)
{
    char buf[INET6_ADDRSTRLEN];

    if (len >= sizeof buf) {
        return false;
    }
    memcpy(buf, text, len);
    buf[len] = '\0';
    memset(addr, 0, sizeof *addr);
    if (inet_pton(AF_INET, buf, &addr->b[12]) == 1) {
        addr->b[10] = addr->b[11] = 0xff;
        return true;
    }
    return inet_pton(AF_INET6, buf, addr) == 1;
}

static void
set_uint(void *to, unsigned int width, uint64_t value)
{
    switch (width) {
    case 1: *(uint8_t *) to = (uint8_t) value; break;
    case 2: *(uint16_t *) to = (uint16_t) value; break;
    case 4: *(uint32_t *) to = (uint32_t) value; break;
    default: *(uint64_t *) to = value; break;
    }
}

bool
xfsm_field_parse(struct xfsm_packet *packet, unsigned int field,
                 const char *text, size_t len)
{
    const struct xfsm_field *f = &xfsm_fields[field];
    void *to = (uint8_t *) packet + f->offset;
    union xfsm_addr addr;
    struct xfsm_str str;
    uint64_t value;

    switch (f->type) {
    case XFSM_FT_UINT:
        if (!parse_uint(text, len, f->width, &value)) {
            return false;
        }
        set_uint(to, f->width, value);
        break;
    case XFSM_FT_MAC:
        if (!parse_mac(text, len, &value)) {
            return false;
        }
        set_uint(to, f->width, value);
        break;
    case XFSM_FT_ADDR:
        if (!xfsm_addr_parse(text, len, &addr)) {
            return false;
        }
        memcpy(to, &addr, sizeof addr);
        break;
    case XFSM_FT_STR:
        if (len >= XFSM_FIELD_TEXT_MAX) {
            return false;
        }
        str.p = text;
        str.len = (uint32_t) len;
        memcpy(to, &str, sizeof str);
        break;
    }
    xfsm_fieldset_add(&packet->present, field);
    return true;
}
