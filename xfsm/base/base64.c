/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/base/base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"

void
xfsm_base64_encode(const void *data, size_t len, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = data;

    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t bits = (uint32_t) p[i] << 16
                        | (n > 1 ? (uint32_t) p[i + 1] << 8 : 0)
                        | (n > 2 ? p[i + 2] : 0u);

        *out++ = digits[bits >> 18];
        *out++ = digits[bits >> 12 & 63];
        *out++ = n > 1 ? digits[bits >> 6 & 63] : '=';
        *out++ = n > 2 ? digits[bits & 63] : '=';
    }
}

static int
digit(char c)
{
    return (c >= 'A' && c <= 'Z' ? c - 'A'
            : c >= 'a' && c <= 'z' ? c - 'a' + 26
            : c >= '0' && c <= '9' ? c - '0' + 52
            : c == '+' ? 62
            : c == '/' ? 63
            : -1);
}

char *
xfsm_base64_decode(const char *s, void **datap, size_t *lenp)
{
    uint8_t *data = malloc(strlen(s) / 4 * 3 + 3);
    uint32_t bits = 0;
    size_t n_digits = 0;
    size_t n_pads = 0;
    size_t len = 0;
    const char *p;

    if (!data) {
        abort();
    }
    for (p = s; *p; p++) {
        int d = digit(*p);

        if (strchr(" \t\r\n", *p)) {
            continue;
        } else if (*p == '=' && n_digits % 4 >= 2) {
            n_pads++;
            continue;
        } else if (d < 0 || n_pads) {
            free(data);
            return xfsm_error("not base64 at character %td", p - s + 1);
        }
        bits = bits << 6 | (uint32_t) d;
        n_digits++;
        if (n_digits % 4) {
            /* The first digit of four completes no byte, each other one. */
            if (n_digits % 4 > 1) {
                data[len++] = (uint8_t) (bits >> (n_digits % 4 == 2 ? 4 : 2));
            }
        } else {
            data[len++] = (uint8_t) bits;
        }
    }
    if ((n_digits + n_pads) % 4 || n_pads > 2) {
        free(data);
        return xfsm_error("base64 of a length that is no multiple of 4");
    }
    *datap = data;
    *lenp = len;
    return NULL;
}
