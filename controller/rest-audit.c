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

#include "controller/audit.h"
#include "controller/fleetd.h"
#include "controller/http-limit.h"
#include "controller/rest-call.h"
#include "controller/rest-tenants.h"
#include "controller/rest.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/vlog.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(rest_audit);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

/* ## Writing ## */

static void
add_entry(struct xfsm_rest *rest, const struct xfsm_audit_entry *entry)
{
    int error = xfsm_audit_add(rest->audit, entry);
    struct json *json
        = xfsm_audit_entry_to_json(xfsm_audit_get(rest->audit, 0));
    char *text = json_to_string(json, JSSF_SORT);

    VLOG_INFO("audit: %s", text);
    if (error) {
        VLOG_ERR_RL(&rl, "the audit log does not have it: %s",
                    ovs_strerror(error));
    }
    free(text);
    json_destroy(json);
}

void
xfsm_rest_audit(struct xfsm_rest_call *call, const char *action,
                const char *object, const char *outcome)
{
    const struct xfsm_audit_entry entry = {
        .time = time_wall_msec(),
        .controller = call->rest->ctl->name,
        .user = call->user,
        .tenant = call->tenant,
        .client = CONST_CAST(char *, call->request->client),
        .action = CONST_CAST(char *, action),
        .object = CONST_CAST(char *, object),
        .outcome = CONST_CAST(char *, outcome),
        .detail = call->detail,
    };

    call->audited = true;
    add_entry(call->rest, &entry);
}

void
xfsm_rest_audit_own(struct xfsm_rest *rest, const char *action,
                    const char *object, const char *outcome)
{
    const struct xfsm_audit_entry entry = {
        .time = time_wall_msec(),
        .controller = rest->ctl->name,
        .action = CONST_CAST(char *, action),
        .object = CONST_CAST(char *, object),
        .outcome = CONST_CAST(char *, outcome),
    };

    add_entry(rest, &entry);
}

void
xfsm_rest_audit_refusal(struct xfsm_rest_call *call, const char *outcome,
                        const char *why)
{
    if (call->writes && !call->audited
        && xfsm_http_limit_check(call->rest->attempts, call->request->client,
                                 time_msec())) {
        xfsm_rest_set_detail(call, why);
        xfsm_rest_audit(call, call->request->method, call->request->path,
                        outcome);
    }
}

/* ## Reading ## */

/* F(NAME): filters by texts of entries, which must be exactly so. */
#define FILTERS(F) F(user) F(action) F(outcome)

struct filter {
#define FILTER_MEMBER(NAME) const char *NAME;
    FILTERS(FILTER_MEMBER)
#undef FILTER_MEMBER
    const char *q;              /* Somewhere in a text. */
};

static bool
passes(const struct filter *f, const struct xfsm_audit_entry *entry)
{
    bool found = !f->q || !f->q[0];

#define CHECK_FILTER(NAME) \
    if (f->NAME && f->NAME[0] && strcmp(f->NAME, entry->NAME)) { \
        return false; \
    }
    FILTERS(CHECK_FILTER)
#undef CHECK_FILTER
#define SEARCH_TEXT(NAME) found = found || strstr(entry->NAME, f->q);
    XFSM_AUDIT_TEXTS(SEARCH_TEXT)
#undef SEARCH_TEXT
    return found;
}

/* Appends to 'list' the entries before that with number 'before', newest
 * first, that pass 'f' and that 'call', unless that is NULL, may see, 'limit'
 * at most.  Returns the number to go on before, or 0. */
static uint64_t
collect(const struct xfsm_audit *audit, const struct filter *f,
        const struct xfsm_rest_call *call, uint64_t before, size_t limit,
        struct json *list)
{
    size_t n = xfsm_audit_count(audit);

    for (size_t i = 0; i < n; i++) {
        const struct xfsm_audit_entry *entry = xfsm_audit_get(audit, i);

        if (entry->id < before && passes(f, entry)
            && (!call || xfsm_rest_may_see_assignment(call, entry->tenant))) {
            if (list->array.n >= limit) {
                return entry->id + 1;
            }
            json_array_add(list, xfsm_audit_entry_to_json(entry));
        }
    }
    return 0;
}

void
xfsm_rest_get_audit(struct xfsm_rest_call *call)
{
    uint64_t limit = XFSM_REST_LIMIT, before = UINT64_MAX, next;
    const struct filter filter = {
#define READ_FILTER(NAME) .NAME = xfsm_http_query(call->request, #NAME),
        FILTERS(READ_FILTER)
#undef READ_FILTER
        .q = xfsm_http_query(call->request, "q"),
    };
    struct json *list, *json;

    if (!xfsm_rest_query_number(call, "limit", 1, XFSM_REST_MAX_LIMIT, &limit)
        || !xfsm_rest_query_number(call, "before", 1, INT64_MAX, &before)) {
        return;
    }
    list = json_array_create_empty();
    json = json_object_create();
    next = collect(call->rest->audit, &filter, call, before, limit, list);
    if (next) {
        json_object_put(json, "next", json_integer_create(next));
    }
    json_object_put(json, "items", list);
    xfsm_rest_reply_json(call, MHD_HTTP_OK, json);
}

void
xfsm_rest_list_audit(const struct xfsm_rest *rest, size_t limit,
                     const char *text, struct ds *ds)
{
    const struct filter filter = { .q = text };
    struct json *list = json_array_create_empty();

    collect(rest->audit, &filter, NULL, UINT64_MAX, limit, list);
    for (size_t i = 0; i < list->array.n; i++) {
        const struct json *entry = list->array.elems[i];
        const struct json *time = shash_find_data(json_object(entry),
                                                  "time");
        char *when = xastrftime_msec("%Y-%m-%dT%H:%M:%S.###Z", time->integer,
                                     true);

        ds_put_cstr(ds, when);
        free(when);
#define PUT_TEXT(NAME) \
        if (shash_find(json_object(entry), #NAME)) { \
            char *value = json_to_string( \
                shash_find_data(json_object(entry), #NAME), 0); \
 \
            ds_put_format(ds, " " #NAME "=%s", value); \
            free(value); \
        }
        XFSM_AUDIT_TEXTS(PUT_TEXT)
#undef PUT_TEXT
        ds_put_char(ds, '\n');
    }
    json_destroy(list);
}
