/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/base64.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static char * __attribute__((format(printf, 1, 2)))
decode_error(const char *format, ...)
{
    char *error;
    va_list args;

    va_start(args, format);
    if (vasprintf(&error, format, args) < 0) {
        abort();
    }
    va_end(args);
    return error;
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
            return decode_error("not base64 at character %td", p - s + 1);
        }
        bits = bits << 6 | d;
        n_digits++;
        if (n_digits % 4) {
            /* The first digit of four completes no byte, each other one. */
            if (n_digits % 4 > 1) {
                data[len++] = bits >> (n_digits % 4 == 2 ? 4 : 2);
            }
        } else {
            data[len++] = bits;
        }
    }
    if ((n_digits + n_pads) % 4 || n_pads > 2) {
        free(data);
        return decode_error("base64 of a length that is no multiple of 4");
    }
    *datap = data;
    *lenp = len;
    return NULL;
}
