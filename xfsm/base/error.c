/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static char *
format_text(const char *format, va_list args)
{
    char *text;

    if (vasprintf(&text, format, args) < 0) {
        abort();
    }
    return text;
}

char *
xfsm_error(const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = format_text(format, args);
    va_end(args);
    return text;
}

char *
xfsm_error_at(const char *place, const char *format, ...)
{
    char *reason, *text;
    va_list args;

    va_start(args, format);
    reason = format_text(format, args);
    va_end(args);
    text = xfsm_error("%s: %s", place, reason);
    free(reason);
    return text;
}
