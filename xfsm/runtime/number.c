/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

size_t
xfsm_number_format_uint(uint64_t value, char buf[XFSM_NUMBER_MAX])
{
    char digits[XFSM_NUMBER_MAX];
    size_t n = 0;

    do {
        digits[sizeof digits - ++n] = (char) ('0' + value % 10);
        value /= 10;
    } while (value);
    memcpy(buf, &digits[sizeof digits - n], n);
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
