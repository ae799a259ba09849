/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "controller/recent.h"
#include "controller/rest-call.h"
#include "controller/rest-tenants.h"
#include "controller/rest.h"
#include "controller/talkers.h"
#include "openvswitch/dynamic-string.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/io/event-decode.h"

/* Characters of a filter, and bytes that a stream is given at a time,
 * about. */
#define MAX_FILTER 255
#define STREAM_CHUNK 65536

/* F(NAME): filters by members of events, which must be exactly so. */
#define FILTERS(F) F(label) F(program) F(port) F(level)

struct filter {
#define FILTER_MEMBER(NAME) char NAME[MAX_FILTER + 1];
    FILTERS(FILTER_MEMBER)
#undef FILTER_MEMBER
    char host[MAX_FILTER + 1];  /* Of the fleet. */
    char q[MAX_FILTER + 1];     /* Somewhere in the event. */
    char tenant[MAX_FILTER + 1];    /* Whose they are. */
    const struct xfsm_rest *rest;
};

struct stream {
    const struct xfsm_recent *events;
    const struct xfsm_rest *rest;
    unsigned long long int generation;
    struct xfsm_token user;
    char digest[XFSM_TOKENS_TEXT_SIZE];     /* Of a token in the database. */
    struct filter filter;
    uint64_t next;
    uint64_t next_own;          /* The tenant's number of what comes next, if
                                 * it is one's. */
    bool greeted;
};

void
xfsm_rest_take_event(void *rest_, const char *source, const char *event,
                     size_t len)
{
    struct xfsm_rest *rest = rest_;
    struct ds line = DS_EMPTY_INITIALIZER;

    while (len && event[len - 1] == '\n') {
        len--;
    }
    ds_put_format(&line, "%s\n", source);
    ds_put_buffer(&line, event, len);
    xfsm_recent_add(rest->events, ds_cstr(&line), line.length);
    xfsm_talkers_take(rest->talkers, source,
                      xfsm_owners_take(rest, source, event, len), event, len,
                      time_msec());
    ds_destroy(&line);
    xfsm_http_wake_streams(rest->http);
}

/* ## Filters ## */

/* Reads one filter.  Returns false after answering that it is too long. */
static bool
read_one(struct xfsm_rest_call *call, const char *name,
         char buffer[MAX_FILTER + 1])
{
    const char *value = xfsm_http_query(call->request, name);

    if (value && strlen(value) > MAX_FILTER) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad parameter",
                          "%s has more than %d characters", name,
                          MAX_FILTER);
        return false;
    }
    ovs_strzcpy(buffer, value ? value : "", MAX_FILTER + 1);
    return true;
}

static bool
read_filter(struct xfsm_rest_call *call, struct filter *f)
{
#define READ_FILTER(NAME) \
    if (!read_one(call, #NAME, f->NAME)) { \
        return false; \
    }
    FILTERS(READ_FILTER)
#undef READ_FILTER
    f->rest = call->rest;
    ovs_strzcpy(f->tenant, call->tenant, sizeof f->tenant);
    return read_one(call, "host", f->host) && read_one(call, "q", f->q);
}

/* Tells whether 'f' lets the event of 'line' pass, and where it starts. */
static bool
passes(const struct filter *f, const struct xfsm_recent_line *line,
       const char **eventp, size_t *host_len)
{
    const char *newline = strchr(line->text, '\n');
    const char *event = newline + 1;
    size_t n = newline - line->text;
    struct xfsm_event_view view;

    *eventp = event;
    *host_len = n;
    if ((f->host[0] && (strlen(f->host) != n
                        || memcmp(f->host, line->text, n)))
        || (f->q[0] && !strstr(event, f->q))
        || !xfsm_event_decode(event, strlen(event), &view)) {
        return false;
    }
#define CHECK_FILTER(NAME) \
    if (f->NAME[0] && (!view.NAME.p || !xfsm_str_is(view.NAME, f->NAME))) { \
        return false; \
    }
    FILTERS(CHECK_FILTER)
#undef CHECK_FILTER
    return !f->tenant[0] || xfsm_owners_may_see(f->rest, f->tenant,
                                                line->number, &view);
}

/* Appends the event with that number, if it passes.  Returns true if so, and
 * stores the number that it has for the user, "id". */
static bool
put_event(const struct xfsm_recent *events, uint64_t number,
          const struct filter *f, bool stream, struct ds *ds, uint64_t *id)
{
    const struct xfsm_recent_line *line = xfsm_recent_get(events, number);
    const char *event;
    size_t n;

    *id = number;
    if ((f->tenant[0] && !xfsm_owners_get_own(f->rest, f->tenant, number, id))
        || !passes(f, line, &event, &n)) {
        return false;
    }
    if (stream) {
        ds_put_format(ds, "id: %"PRIu64"\ndata: ", *id);
    }
    ds_put_format(ds, "{\"id\":%"PRIu64",\"host\":\"%.*s\",\"event\":%s}",
                  *id, (int) n, line->text, event);
    if (stream) {
        ds_put_cstr(ds, "\n\n");
    }
    return true;
}

/* ## Events ## */

void
xfsm_rest_get_events(struct xfsm_rest_call *call)
{
    const struct xfsm_recent *events = call->rest->events;
    uint64_t limit = XFSM_REST_LIMIT, before = UINT64_MAX;
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct filter filter;
    uint64_t n = 0, i, last = 0;

    if (!read_filter(call, &filter)
        || !xfsm_rest_query_number(call, "limit", 1, XFSM_REST_MAX_LIMIT,
                                   &limit)
        || !xfsm_rest_query_number(call, "before", 1, INT64_MAX, &before)) {
        return;
    }
    ds_put_cstr(&ds, "{\"items\":[");
    i = MIN(call->tenant[0] ? xfsm_owners_find_own(call->rest, call->tenant,
                                                   before) : before,
            xfsm_recent_next(events));
    while (i > xfsm_recent_first(events) && n < limit) {
        struct ds item = DS_EMPTY_INITIALIZER;
        uint64_t id;

        if (put_event(events, --i, &filter, false, &item, &id)) {
            ds_put_format(&ds, "%s%s", n++ ? "," : "", ds_cstr(&item));
            last = id;
        }
        ds_destroy(&item);
    }
    ds_put_char(&ds, ']');
    /* All of a tenant's have lower numbers from 0 on, if there are more. */
    if (i > xfsm_recent_first(events) && (!call->tenant[0] || last)) {
        ds_put_format(&ds, ",\"next\":%"PRIu64,
                      call->tenant[0] ? last : i);
    }
    ds_put_char(&ds, '}');
    xfsm_rest_reply_text(call, MHD_HTTP_OK, ds_cstr(&ds), ds.length);
    ds_destroy(&ds);
}

/* Tells whether the token of the stream is still what it was. */
static bool
is_valid(const struct stream *stream)
{
    struct xfsm_token now;

    return stream->generation == stream->rest->generation
           && (!stream->digest[0]
               || (xfsm_rest_find_role(stream->rest, stream->digest, &now)
                   && !strcmp(now.tenant, stream->user.tenant)
                   && !strcmp(now.name, stream->user.name)));
}

static void
put_gap(uint64_t lost, struct ds *ds)
{
    ds_put_format(ds, "event: gap\ndata: {\"lost\":%"PRIu64"}\n\n", lost);
}

/* Takes note that the tenant's event with the number 'own' comes next, and
 * tells of those before it that are not kept any more. */
static void
count_own(struct stream *stream, uint64_t own, struct ds *ds)
{
    if (own > stream->next_own) {
        put_gap(own - stream->next_own, ds);
    }
    stream->next_own = own + 1;
}

/* Appends what is new.  Returns false if the tokens are others than when the
 * user signed in. */
static bool
fill_stream(void *stream_, struct ds *ds)
{
    struct stream *stream = stream_;
    uint64_t first = xfsm_recent_first(stream->events);

    if (!is_valid(stream)) {
        return false;
    }
    if (!stream->greeted) {
        ds_put_cstr(ds, "retry: 2000\n\n");
        stream->greeted = true;
    }
    if (stream->next < first) {
        if (!stream->filter.tenant[0]) {
            put_gap(first - stream->next, ds);
        }
        stream->next = first;
    }
    while (stream->next < xfsm_recent_next(stream->events)
           && ds->length < STREAM_CHUNK) {
        uint64_t id;

        if (stream->filter.tenant[0]
            && xfsm_owners_get_own(stream->rest, stream->filter.tenant,
                                   stream->next, &id)) {
            count_own(stream, id, ds);
        }
        put_event(stream->events, stream->next++, &stream->filter, true, ds,
                  &id);
    }
    return true;
}

static bool
is_of_tenant(const void *stream_, const void *tenant)
{
    const struct stream *stream = stream_;

    return !strcmp(stream->filter.tenant, tenant);
}

/* Tells whether the user's tenant may have one more stream, or answers that
 * not. */
static bool
may_follow(struct xfsm_rest_call *call)
{
    if (!call->tenant[0]
        || xfsm_http_count_streams(call->rest->http, fill_stream,
                                   is_of_tenant, call->tenant)
           < XFSM_REST_MAX_TENANT_STREAMS) {
        return true;
    }
    xfsm_rest_problem(call, MHD_HTTP_SERVICE_UNAVAILABLE, "Too many streams",
                      "your tenant has %d already",
                      XFSM_REST_MAX_TENANT_STREAMS);
    return false;
}

/* Goes on after the event whose number for the user is 'id', if there was
 * one. */
static void
go_on_after(struct stream *stream, uint64_t id)
{
    const char *tenant = stream->filter.tenant;

    if (!tenant[0] && id < stream->next) {
        stream->next = id + 1;
    } else if (tenant[0] && id < stream->next_own) {
        stream->next = xfsm_owners_find_own(stream->rest, tenant, id + 1);
        stream->next_own = id + 1;
    }
}

void
xfsm_rest_get_stream(struct xfsm_rest_call *call)
{
    const char *last = xfsm_http_header(call->request, "Last-Event-ID");
    const struct xfsm_recent *events = call->rest->events;
    struct stream *stream = xzalloc(sizeof *stream);
    unsigned long long int id;

    stream->events = events;
    stream->rest = call->rest;
    stream->generation = call->rest->generation;
    ovs_strzcpy(stream->user.name, call->user, sizeof stream->user.name);
    ovs_strzcpy(stream->user.tenant, call->tenant,
                sizeof stream->user.tenant);
    ovs_strzcpy(stream->digest, call->digest, sizeof stream->digest);
    stream->next = xfsm_recent_next(events);
    if (!may_follow(call) || !read_filter(call, &stream->filter)) {
        free(stream);
        return;
    }
    stream->next_own = xfsm_owners_next_own(call->rest, call->tenant);
    if (last && str_to_ullong(last, 10, &id)) {
        go_on_after(stream, id);
    }
    xfsm_http_add_header(call->request, "Cache-Control", "no-store");
    if (!xfsm_http_reply_stream(call->request, "text/event-stream",
                                fill_stream, stream)) {
        xfsm_rest_problem(call, MHD_HTTP_SERVICE_UNAVAILABLE,
                          "Too many streams", "there are %d already",
                          XFSM_HTTP_MAX_STREAMS);
    }
}
