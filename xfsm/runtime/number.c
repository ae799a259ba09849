/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PAIRS(TENS) \
    TENS "0" TENS "1" TENS "2" TENS "3" TENS "4" \
    TENS "5" TENS "6" TENS "7" TENS "8" TENS "9"
const char xfsm_number_pairs[200] = {
    PAIRS("0") PAIRS("1") PAIRS("2") PAIRS("3") PAIRS("4")
    PAIRS("5") PAIRS("6") PAIRS("7") PAIRS("8") PAIRS("9")
};

static size_t
count_digits(uint64_t value)
{
    size_t n = 1;

    for (; value >= 10000; value /= 10000) {
        n += 4;
    }
    return n + (value >= 10) + (value >= 100) + (value >= 1000);
}

size_t
xfsm_number_format_uint(uint64_t value, char buf[XFSM_NUMBER_MAX])
{
    size_t n = count_digits(value);
    char *p = buf + n;

    for (; value >= 10; value /= 100) {
        p -= 2;
        xfsm_number_put_pair(p, value % 100);
    }
    if (p > buf) {
        *buf = (char) ('0' + value);
    }
    return n;
}

size_t
xfsm_number_format(double value, char buf[XFSM_NUMBER_MAX])
{
    if (!isfinite(value)) {
        buf[0] = '0';
        return 1;
    }
    if (fabs(value) < 0x1p53 && value == floor(value)) {
        size_t sign = value < 0;

        buf[0] = '-';
        return sign + xfsm_number_format_uint((uint64_t) fabs(value),
                                              buf + sign);
    }
    return (size_t) snprintf(buf, XFSM_NUMBER_MAX, "%.6g", value);
}
