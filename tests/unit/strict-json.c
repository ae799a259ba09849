/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/unit/strict-json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *read_value(const char *p, int depth);

static const char *
read_string(const char *p)
{
    if (*p++ != '"') {
        return NULL;
    }
    for (; *p != '"'; p++) {
        if ((unsigned char) *p < 0x20 || (unsigned char) *p >= 0x7f) {
            return NULL;
        } else if (*p == '\\') {
            p++;
            if (*p == 'u') {
                for (int i = 0; i < 4; i++) {
                    p++;
                    if (!*p || !strchr("0123456789abcdefABCDEF", *p)) {
                        return NULL;
                    }
                }
            } else if (!*p || !strchr("\"\\/bfnrt", *p)) {
                return NULL;
            }
        }
    }
    return p + 1;
}

static const char *
read_digits(const char *p)
{
    const char *start = p;

    while (*p >= '0' && *p <= '9') {
        p++;
    }
    return p > start ? p : NULL;
}

static const char *
read_number(const char *p)
{
    p += *p == '-';
    if (*p == '0') {
        p++;
    } else {
        p = read_digits(p);
    }
    if (p && *p == '.') {
        p = read_digits(p + 1);
    }
    if (p && (*p == 'e' || *p == 'E')) {
        p++;
        p = read_digits(p + (*p == '+' || *p == '-'));
    }
    return p;
}

void
json_check_number(const char *text)
{
    const char *end = read_number(text);

    assert_non_null(end);
    assert_int_equal(*end, '\0');
}

static const char *
read_object(const char *p, int depth)
{
    p++;
    if (*p == '}') {
        return p + 1;
    }
    for (;;) {
        p = read_string(p);
        if (!p || *p++ != ':') {
            return NULL;
        }
        p = read_value(p, depth + 1);
        if (!p || (*p != ',' && *p != '}')) {
            return NULL;
        }
        if (*p++ == '}') {
            return p;
        }
    }
}

static const char *
read_value(const char *p, int depth)
{
    if (depth > 3) {
        return NULL;
    }
    return *p == '{' ? read_object(p, depth)
           : *p == '"' ? read_string(p)
           : !strncmp(p, "true", 4) ? p + 4
           : read_number(p);
}

void
json_check(const char *json)
{
    const char *end = *json == '{' ? read_value(json, 0) : NULL;

    if (!end || *end) {
        print_error("%s\n", json);
        fail_msg("not a JSON object");
    }
}

char *
json_member(const char *json, const char *name, size_t *len)
{
    const char *p = json + 1;

    while (*p == '"') {
        const char *key = p + 1;
        const char *end = read_string(p);
        const char *value = end + 1;
        bool found = (size_t) (end - 1 - key) == strlen(name)
                     && !memcmp(key, name, strlen(name));

        p = read_value(value, 1);
        if (found) {
            char *out = calloc(1, (size_t) (p - value) + 1);
            size_t n = 0;

            assert_non_null(out);
            if (*value != '"') {
                memcpy(out, value, (size_t) (p - value));
                n = (size_t) (p - value);
            } else {
                for (value++; value < p - 1; value++) {
                    if (*value != '\\') {
                        out[n++] = *value;
                    } else if (*++value == 'u') {
                        char hex[5] = { 0 };

                        memcpy(hex, value + 1, 4);
                        out[n++] = (char) strtoul(hex, NULL, 16);
                        value += 4;
                    } else {
                        out[n++] = *value == 'n' ? '\n'
                                   : *value == 't' ? '\t' : *value;
                    }
                }
            }
            if (len) {
                *len = n;
            }
            return out;
        }
        p += *p == ',';
    }
    return NULL;
}
