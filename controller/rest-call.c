/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/rest-call.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "controller/rest.h"
#include "openvswitch/json.h"
#include "sha1.h"
#include "smap.h"
#include "svec.h"
#include "unicode.h"
#include "util.h"

#define JSON "application/json"
#define PROBLEM "application/problem+json"

/* ## Answers ## */

static void
reply_text(struct xfsm_rest_call *call, unsigned int status, const char *type,
           const char *text, size_t len)
{
    xfsm_http_add_header(call->request, "Cache-Control", "no-store");
    xfsm_http_add_header(call->request, "X-Content-Type-Options", "nosniff");
    xfsm_http_reply(call->request, status, type, text, len);
}

static void
reply(struct xfsm_rest_call *call, unsigned int status, const char *type,
      struct json *json)
{
    char *text = json_to_string(json, JSSF_SORT);

    reply_text(call, status, type, text, strlen(text));
    free(text);
    json_destroy(json);
}

void
xfsm_rest_reply_text(struct xfsm_rest_call *call, unsigned int status,
                     const char *json, size_t len)
{
    reply_text(call, status, JSON, json, len);
}

void
xfsm_rest_reply_json(struct xfsm_rest_call *call, unsigned int status,
                     struct json *json)
{
    reply(call, status, JSON, json);
}

/* Tells whether 'etag' is in 'list', the value of a header. */
static bool
etag_matches(const char *list, const char *etag)
{
    return etag && (!strcmp(list, "*") || strstr(list, etag));
}

void
xfsm_rest_reply_tagged(struct xfsm_rest_call *call, struct json *json,
                       const char *etag)
{
    const char *known = xfsm_http_header(call->request, "If-None-Match");

    xfsm_http_add_header(call->request, "ETag", etag);
    if (known && etag_matches(known, etag)) {
        json_destroy(json);
        xfsm_http_reply(call->request, MHD_HTTP_NOT_MODIFIED, JSON, "", 0);
    } else {
        reply(call, MHD_HTTP_OK, JSON, json);
    }
}

void
xfsm_rest_problem(struct xfsm_rest_call *call, unsigned int status,
                  const char *title, const char *detail, ...)
{
    struct json *json = json_object_create();
    va_list args;
    char *text;

    va_start(args, detail);
    text = xvasprintf(detail, args);
    va_end(args);
    xfsm_rest_audit_refusal(call, title, text);
    json_object_put_string(json, "type", "about:blank");
    json_object_put_string(json, "title", title);
    json_object_put(json, "status", json_integer_create(status));
    json_object_put(json, "detail", json_string_create_nocopy(text));
    reply(call, status, PROBLEM, json);
}

void
xfsm_rest_not_found(struct xfsm_rest_call *call)
{
    xfsm_rest_problem(call, MHD_HTTP_NOT_FOUND, "Not found",
                      "there is no %s", call->request->path);
}

bool
xfsm_rest_query_number(struct xfsm_rest_call *call, const char *name,
                       uint64_t min, uint64_t max, uint64_t *value)
{
    const char *text = xfsm_http_query(call->request, name);
    unsigned long long int number;

    if (!text) {
        return true;
    }
    if (text[0] < '0' || text[0] > '9' || !str_to_ullong(text, 10, &number)
        || number < min || number > max) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad parameter",
                          "%s must be a number from %"PRIu64" to %"PRIu64,
                          name, min, max);
        return false;
    }
    *value = number;
    return true;
}

void
xfsm_rest_reply_page(struct xfsm_rest_call *call, struct shash *items,
                     struct json *(*build)(struct xfsm_rest_call *,
                                           const char *name,
                                           const void *item))
{
    const char *after = xfsm_http_query(call->request, "after");
    const struct shash_node **nodes = shash_sort(items);
    struct json *list = json_array_create_empty();
    struct json *page = json_object_create();
    uint64_t limit = XFSM_REST_LIMIT;
    size_t n = shash_count(items);
    size_t i = 0;

    if (!xfsm_rest_query_number(call, "limit", 1, XFSM_REST_MAX_LIMIT,
                                &limit)) {
        limit = 0;
    }
    while (after && i < n && strcmp(nodes[i]->name, after) <= 0) {
        i++;
    }
    for (; i < n && list->array.n < limit; i++) {
        json_array_add(list, build(call, nodes[i]->name, nodes[i]->data));
    }
    if (i < n && i) {
        json_object_put_string(page, "next", nodes[i - 1]->name);
    }
    json_object_put(page, "items", list);
    json_object_put(page, "total", json_integer_create(n));
    free(nodes);
    shash_destroy(items);
    if (limit) {
        xfsm_rest_reply_json(call, MHD_HTTP_OK, page);
    } else {
        json_destroy(page);
    }
}

/* ## Requests ## */

const char *
xfsm_rest_body_text(struct xfsm_rest_call *call)
{
    const char *text = ds_cstr(&call->request->body);
    size_t length;
    char *error = NULL;

    if (strlen(text) != call->request->body.length) {
        error = xstrdup("it has a null byte");
    } else {
        error = utf8_validate(text, &length);
    }
    if (error) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad body",
                          "the body is no text in UTF-8: %s", error);
        free(error);
        return NULL;
    }
    return text;
}

/* Members of 'json' and of all that is in there. */
static size_t
count_members(const struct json *json)
{
    const struct shash_node *node;
    size_t n = 0;

    if (json->type == JSON_OBJECT) {
        SHASH_FOR_EACH (node, json_object(json)) {
            n += 1 + count_members(node->data);
        }
    } else if (json->type == JSON_ARRAY) {
        for (size_t i = 0; i < json->array.n; i++) {
            n += count_members(json->array.elems[i]);
        }
    }
    return n;
}

/* Tells whether an object of 'text', which 'json' was read from, has a member
 * twice, of which the last one alone is in 'json': each has a colon, and other
 * colons are in strings. */
static bool
has_twins(const char *text, const struct json *json)
{
    bool in_string = false;
    size_t n = 0;

    for (; *text; text++) {
        if (*text == '"') {
            in_string = !in_string;
        } else if (in_string && *text == '\\') {
            text++;
        } else {
            n += !in_string && *text == ':';
        }
    }
    return n != count_members(json);
}

struct json *
xfsm_rest_body_json(struct xfsm_rest_call *call)
{
    const char *text = xfsm_rest_body_text(call);
    struct json *json;

    if (!text) {
        return NULL;
    }
    json = json_from_string(text);
    if (json->type != JSON_OBJECT) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad body",
                          "the body must be an object in JSON%s%s",
                          json->type == JSON_STRING ? ": " : "",
                          json->type == JSON_STRING ? json_string(json)
                          : "");
        json_destroy(json);
        return NULL;
    } else if (has_twins(text, json)) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad body",
                          "an object in the body has the same member "
                          "twice");
        json_destroy(json);
        return NULL;
    }
    return json;
}

bool
xfsm_rest_accept(struct xfsm_rest_call *call, char *error)
{
    if (error) {
        xfsm_rest_problem(call, MHD_HTTP_BAD_REQUEST, "Bad body", "%s",
                          error);
        free(error);
        return false;
    }
    return true;
}

bool
xfsm_rest_read_body(struct xfsm_rest_call *call,
                    char *(*take)(const char *name,
                                  const struct json *value, void *aux),
                    void *aux)
{
    struct json *json = xfsm_rest_body_json(call);
    const struct shash_node *node;
    char *error = NULL;

    if (!json) {
        return false;
    }
    SHASH_FOR_EACH (node, json_object(json)) {
        char *why = take(node->name, node->data, aux);

        if (why) {
            error = xasprintf("%s: %s", node->name, why);
            free(why);
            break;
        }
    }
    json_destroy(json);
    return xfsm_rest_accept(call, error);
}

bool
xfsm_rest_may_write(struct xfsm_rest_call *call, const char *etag)
{
    const char *match = xfsm_http_header(call->request, "If-Match");
    const char *none = xfsm_http_header(call->request, "If-None-Match");

    if ((match && !etag_matches(match, etag))
        || (none && etag_matches(none, etag))) {
        xfsm_rest_problem(call, MHD_HTTP_PRECONDITION_FAILED, "Changed",
                          etag ? "it is another one than the request knows; "
                                 "read it again"
                          : "it is not there");
        return false;
    } else if (etag && !match && !none) {
        xfsm_rest_problem(call, MHD_HTTP_PRECONDITION_REQUIRED,
                          "Version needed",
                          "it is there already: say which version is to be "
                          "replaced, with If-Match and its ETag");
        return false;
    }
    return true;
}

char *
xfsm_rest_take_strings(const struct json *json, size_t max,
                       struct svec *svec)
{
    size_t i;

    if (json->type != JSON_ARRAY || json->array.n > max) {
        return xasprintf("must be an array of at most %"PRIuSIZE" strings",
                         max);
    }
    for (i = 0; i < json->array.n; i++) {
        if (json->array.elems[i]->type != JSON_STRING) {
            return xstrdup("must be an array of strings");
        }
        svec_add(svec, json_string(json->array.elems[i]));
    }
    svec_sort_unique(svec);
    return NULL;
}

char *
xfsm_rest_take_map(const struct json *json, struct smap *smap)
{
    const struct shash_node *node;

    if (json->type != JSON_OBJECT) {
        return xstrdup("must be an object");
    }
    SHASH_FOR_EACH (node, json_object(json)) {
        const struct json *value = node->data;

        if (value->type != JSON_STRING) {
            return xasprintf("%s must be a string", node->name);
        }
        smap_replace(smap, node->name, json_string(value));
    }
    return NULL;
}

/* ## Bits ## */

void
xfsm_rest_set_detail(struct xfsm_rest_call *call, const char *text)
{
    size_t len = strlen(text);

    if (len >= sizeof call->detail) {
        len = sizeof call->detail - 1;
        while (len && (text[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    memcpy(call->detail, text, len);
    call->detail[len] = '\0';
}

struct json *
xfsm_rest_smap_to_json(const struct smap *smap)
{
    struct json *json = json_object_create();
    const struct smap_node *node;

    SMAP_FOR_EACH (node, smap) {
        json_object_put_string(json, node->key, node->value);
    }
    return json;
}

struct json *
xfsm_rest_strings_to_json(char *const strings[], size_t n)
{
    struct json *json = json_array_create_empty();
    size_t i;

    for (i = 0; i < n; i++) {
        json_array_add(json, json_string_create(strings[i]));
    }
    return json;
}

char *
xfsm_rest_make_etag(const char *text)
{
    char hex[SHA1_HEX_DIGEST_LEN + 1];
    uint8_t digest[SHA1_DIGEST_SIZE];

    sha1_bytes(text, strlen(text), digest);
    sha1_to_hex(digest, hex);
    return xasprintf("\"%s\"", hex);
}

char *
xfsm_rest_make_json_etag(struct json *json)
{
    char *text = json_to_string(json, JSSF_SORT);
    char *etag = xfsm_rest_make_etag(text);

    free(text);
    json_destroy(json);
    return etag;
}
