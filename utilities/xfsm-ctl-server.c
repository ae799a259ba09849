/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include "jsonrpc.h"
#include "openvswitch/json.h"
#include "ovsdb-error.h"
#include "packets.h"
#include "socket-util.h"
#include "stream.h"
#include "svec.h"
#include "util.h"

/* Time to connect, in milliseconds, for each remote. */
#define CONNECT_TIMEOUT_MS 10000

char *
xfsm_ctl_server_open(const char *remotes, struct jsonrpc **rpcp)
{
    struct svec list = SVEC_EMPTY_INITIALIZER;
    const char *remote;
    char *error = NULL;
    size_t i;

    svec_parse_words(&list, "");
    for (const char *p = remotes; *p; ) {
        size_t n = strcspn(p, ",");
        svec_add_nocopy(&list, xmemdup0(p, n));
        p += n + strspn(p + n, ",");
    }

    *rpcp = NULL;
    SVEC_FOR_EACH (i, remote, &list) {
        struct stream *stream;
        int retval = stream_open_block(
            stream_open(remote, &stream, DSCP_DEFAULT), CONNECT_TIMEOUT_MS,
            &stream);

        free(error);
        if (!retval) {
            *rpcp = jsonrpc_open(stream);
            error = NULL;
            break;
        }
        error = xasprintf("%s: database connection failed (%s)", remote,
                          ovs_retval_to_string(retval));
    }
    if (!*rpcp && !error) {
        error = xstrdup("no database server given");
    }
    svec_destroy(&list);
    return error;
}

/* Calls 'method' with 'params', which it takes.  Stores the answer in
 * '*resultp', for the caller to destroy. */
static char *
call(struct jsonrpc *rpc, const char *method, struct json *params,
     struct json **resultp)
{
    struct jsonrpc_msg *request = jsonrpc_create_request(method, params,
                                                         NULL);
    struct jsonrpc_msg *reply;
    char *error = NULL;

    *resultp = NULL;

    int retval = jsonrpc_transact_block(rpc, request, &reply);
    if (retval) {
        return xasprintf("%s failed (%s)", method,
                         ovs_retval_to_string(retval));
    }
    if (reply->error) {
        char *s = json_to_string(reply->error, 0);
        error = xasprintf("%s failed: %s", method, s);
        free(s);
    } else {
        *resultp = json_nullable_clone(reply->result);
    }
    jsonrpc_msg_destroy(reply);
    return error;
}

char *
xfsm_ctl_server_list(struct jsonrpc *rpc, struct sset *databases)
{
    struct json *result;
    char *error = call(rpc, "list_dbs", json_array_create_empty(), &result);

    if (error) {
        return error;
    }
    if (!result || result->type != JSON_ARRAY) {
        error = xstrdup("list_dbs: the server did not answer with an array");
    } else {
        size_t n = xfsm_json_array_size(result);

        for (size_t i = 0; i < n; i++) {
            const struct json *name = xfsm_json_array_at(result, i);

            if (name->type == JSON_STRING) {
                sset_add(databases, json_string(name));
            }
        }
    }
    json_destroy(result);
    return error;
}

char *
xfsm_ctl_server_version(struct jsonrpc *rpc, const char *database,
                        char **versionp)
{
    struct json *result;
    char *error = call(rpc, "get_schema",
                       json_array_create_1(json_string_create(database)),
                       &result);

    *versionp = NULL;
    if (error) {
        return error;
    }

    const struct json *version = NULL;
    if (result && result->type == JSON_OBJECT) {
        version = shash_find_data(json_object(result), "version");
    }
    if (version && version->type == JSON_STRING) {
        *versionp = xstrdup(json_string(version));
    } else {
        error = xasprintf("get_schema: %s has no version", database);
    }
    json_destroy(result);
    return error;
}

/* The operation that selects how 'database' is served. */
static struct json *
select_model(const char *database)
{
    struct json *op = json_object_create();

    json_object_put_string(op, "op", "select");
    json_object_put_string(op, "table", "Database");
    json_object_put(op, "where", json_array_create_1(
                        json_array_create_3(json_string_create("name"),
                                            json_string_create("=="),
                                            json_string_create(database))));
    json_object_put(op, "columns",
                    json_array_create_1(json_string_create("model")));
    return op;
}

char *
xfsm_ctl_server_is_clustered(struct jsonrpc *rpc, const char *database,
                             bool *clusteredp)
{
    struct json *result;
    char *error, *text;

    error = call(rpc, "transact",
                 json_array_create_2(json_string_create("_Server"),
                                     select_model(database)), &result);
    if (error) {
        return error;
    }
    text = result ? json_to_string(result, 0) : xstrdup("");
    *clusteredp = strstr(text, "\"clustered\"") != NULL;
    free(text);
    json_destroy(result);
    return NULL;
}

/* The members of the member 'name' of 'json', or NULL. */
static struct shash *
get_members(const struct json *json, const char *name)
{
    struct json *member = (json->type == JSON_OBJECT
                           ? shash_find_data(json_object(json), name) : NULL);

    return member && member->type == JSON_OBJECT ? json_object(member) : NULL;
}

/* Makes all columns of 'schema' persistent: a cluster has no others. */
static void
persist_columns(struct json *schema)
{
    const struct shash *tables = get_members(schema, "tables");
    const struct shash_node *table, *column;

    if (!tables) {
        return;
    }
    SHASH_FOR_EACH (table, tables) {
        const struct shash *columns = get_members(table->data, "columns");

        if (!columns) {
            continue;
        }
        SHASH_FOR_EACH (column, columns) {
            struct json *json = column->data;

            if (json->type == JSON_OBJECT) {
                json_destroy(shash_find_and_delete(json_object(json),
                                                   "ephemeral"));
            }
        }
    }
}

char *
xfsm_ctl_server_convert(struct jsonrpc *rpc, const char *database,
                        const char *schema)
{
    struct json *json = json_from_file(schema);
    struct json *result;
    char *error;

    if (json->type == JSON_STRING) {
        error = xasprintf("%s: %s", schema, json_string(json));
        json_destroy(json);
        return error;
    }
    /* Or the server would disconnect us when the schema changes. */
    error = call(rpc, "set_db_change_aware",
                 json_array_create_1(json_boolean_create(true)), &result);
    json_destroy(result);
    if (error) {
        json_destroy(json);
        return error;
    }
    persist_columns(json);
    error = call(rpc, "convert",
                 json_array_create_2(json_string_create(database), json),
                 &result);
    json_destroy(result);
    return error;
}

/* The operation that selects the names of ports named 'port'. */
static struct json *
select_port(const char *port)
{
    struct json *op = json_object_create();

    json_object_put_string(op, "op", "select");
    json_object_put_string(op, "table", "Port");
    json_object_put(op, "where", json_array_create_1(
                        json_array_create_3(json_string_create("name"),
                                            json_string_create("=="),
                                            json_string_create(port))));
    json_object_put(op, "columns",
                    json_array_create_1(json_string_create("name")));
    return op;
}

char *
xfsm_ctl_server_has_port(struct jsonrpc *rpc, const char *port, bool *existsp)
{
    struct json *result;
    char *error = call(rpc, "transact",
                       json_array_create_2(
                           json_string_create(XFSM_CTL_SWITCH_DB),
                           select_port(port)),
                       &result);

    *existsp = false;
    if (error) {
        return error;
    }

    const struct json *answer = NULL;
    const struct json *rows = NULL;
    if (result && result->type == JSON_ARRAY && xfsm_json_array_size(result)) {
        answer = xfsm_json_array_at(result, 0);
    }
    if (answer && answer->type == JSON_OBJECT) {
        rows = shash_find_data(json_object(answer), "rows");
    }
    if (rows && rows->type == JSON_ARRAY) {
        *existsp = xfsm_json_array_size(rows) > 0;
    } else {
        error = xstrdup("the server did not answer with rows");
    }
    json_destroy(result);
    return error;
}
