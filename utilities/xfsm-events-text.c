/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "utilities/xfsm-events.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Colour of a label on a terminal. */
static const char *
label_colour(const char *label)
{
    if (!strcmp(label, XFSM_LABEL_CRITICAL) || !strcmp(label, "lost")) {
        return "\033[1;31m";
    } else if (!strcmp(label, XFSM_LABEL_ALERT)) {
        return "\033[31m";
    } else if (!strcmp(label, XFSM_LABEL_LOG)) {
        return "\033[32m";
    }
    return "\033[36m";
}

size_t
xfsm_events_format_text(const struct xfsm_event_view *event, bool colour,
                        char *line)
{
    char time[64], label[64], program[128], port[128], state[128];
    char text[XFSM_EVENT_JSON_MAX];
    char lost[64] = "";
    int len;

    xfsm_event_unescape(event->time, time, sizeof time);
    xfsm_event_unescape(event->label, label, sizeof label);
    xfsm_event_unescape(event->program, program, sizeof program);
    xfsm_event_unescape(event->port, port, sizeof port);
    xfsm_event_unescape(event->state, state, sizeof state);
    xfsm_event_unescape(event->text.p ? event->text : event->description,
                        text, sizeof text);
    if (event->lost) {
        snprintf(lost, sizeof lost, " [after %"PRIu64" lost packets]",
                 event->lost);
    }
    len = snprintf(line, XFSM_EVENT_LINE_MAX, "%s%s%s %s%-8s%s %s %s %s%s%s%s",
                   colour ? "\033[2m" : "", time, colour ? "\033[0m" : "",
                   colour ? label_colour(label) : "", label,
                   colour ? "\033[0m" : "",
                   program, port, state, *state ? ": " : "", text, lost);
    return len < XFSM_EVENT_LINE_MAX ? (size_t) len : XFSM_EVENT_LINE_MAX - 1;
}

/* Takes 'n' digits. */
static bool
take_digits(const char **s, int n, int *value)
{
    *value = 0;
    while (n--) {
        if (!isdigit((unsigned char) **s)) {
            return false;
        }
        *value = *value * 10 + (*(*s)++ - '0');
    }
    return true;
}

static bool
take_char(const char **s, const char *set)
{
    if (**s && strchr(set, **s)) {
        (*s)++;
        return true;
    }
    return false;
}

/* Takes "Z", "+HH:MM" or "-HH:MM", and stores seconds east of UTC. */
static bool
take_offset(const char **s, int *seconds)
{
    int sign = **s == '-' ? -1 : 1;
    int hours, minutes;

    *seconds = 0;
    if (take_char(s, "Zz")) {
        return true;
    }
    if (!take_char(s, "+-") || !take_digits(s, 2, &hours)
        || !take_char(s, ":") || !take_digits(s, 2, &minutes)
        || hours > 23 || minutes > 59) {
        return false;
    }
    *seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool
parse_date(const char *s, uint64_t *ms)
{
    struct tm tm = { .tm_isdst = 0 };
    int offset = 0, fraction = 0, scale = 1000;
    int64_t seconds;

    if (!take_digits(&s, 4, &tm.tm_year) || !take_char(&s, "-")
        || !take_digits(&s, 2, &tm.tm_mon) || !take_char(&s, "-")
        || !take_digits(&s, 2, &tm.tm_mday)
        || tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12
        || tm.tm_mday < 1 || tm.tm_mday > 31) {
        return false;
    }
    if (*s) {
        if (!take_char(&s, "Tt ") || !take_digits(&s, 2, &tm.tm_hour)
            || !take_char(&s, ":") || !take_digits(&s, 2, &tm.tm_min)
            || !take_char(&s, ":") || !take_digits(&s, 2, &tm.tm_sec)
            || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60) {
            return false;
        }
        if (take_char(&s, ".")) {
            for (; isdigit((unsigned char) *s); s++) {
                scale /= 10;
                fraction += (*s - '0') * scale;
            }
        }
        if (!take_offset(&s, &offset) || *s) {
            return false;
        }
    }
    tm.tm_year -= 1900;
    tm.tm_mon--;
    seconds = (int64_t) timegm(&tm) - offset;
    *ms = seconds < 0 ? 0 : (uint64_t) seconds * 1000 + (uint64_t) fraction;
    return true;
}

bool
xfsm_events_parse_since(const char *s, uint64_t now_ms, uint64_t *ms)
{
    static const struct {
        char unit;
        uint64_t ms;
    } units[] = { { '\0', 1000 }, { 's', 1000 }, { 'm', 60000 },
                  { 'h', 3600000 }, { 'd', 86400000 } };
    uint64_t value = 0;
    const char *p;
    size_t i;

    if (parse_date(s, ms)) {
        return true;
    }
    for (p = s; isdigit((unsigned char) *p) && p - s < 10; p++) {
        value = value * 10 + (uint64_t) (*p - '0');
    }
    if (p == s || (*p && p[1])) {
        return false;
    }
    for (i = 0; i < sizeof units / sizeof *units; i++) {
        if (*p == units[i].unit) {
            value *= units[i].ms;
            *ms = value < now_ms ? now_ms - value : 0;
            return true;
        }
    }
    return false;
}

void
xfsm_events_format_time(uint64_t ms, char *buf)
{
    time_t seconds = (time_t) (ms / 1000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(buf, XFSM_EVENTS_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
