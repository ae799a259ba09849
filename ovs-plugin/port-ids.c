/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/port-ids.h"

#include "openvswitch/dynamic-string.h"
#include "smap.h"
#include "util.h"

const char *
xfsm_port_ids_find(const char *key, const struct smap *interface,
                   const struct smap *port)
{
    const char *value = smap_get(interface, key);

    return value ? value : smap_get(port, key);
}

void
xfsm_port_ids_read(struct xfsm_port_ids *ids, const struct uuid *uuid,
                   const struct smap *interface, const struct smap *port)
{
    int i;

    snprintf(ids->uuid, sizeof ids->uuid, UUID_FMT, UUID_ARGS(uuid));
    for (i = 0; i < XFSM_N_IDENTITY_IDS; i++) {
        ids->id[i] = nullable_xstrdup(
            xfsm_port_ids_find(xfsm_identity_id_names[i], interface, port));
    }
}

void
xfsm_port_ids_clone(struct xfsm_port_ids *copy,
                    const struct xfsm_port_ids *ids)
{
    int i;

    *copy = *ids;
    for (i = 0; i < XFSM_N_IDENTITY_IDS; i++) {
        copy->id[i] = nullable_xstrdup(ids->id[i]);
    }
}

void
xfsm_port_ids_destroy(struct xfsm_port_ids *ids)
{
    int i;

    for (i = 0; i < XFSM_N_IDENTITY_IDS; i++) {
        free(ids->id[i]);
    }
}

bool
xfsm_port_ids_equal(const struct xfsm_port_ids *a,
                    const struct xfsm_port_ids *b)
{
    int i;

    for (i = 0; i < XFSM_N_IDENTITY_IDS; i++) {
        if (!nullable_string_is_equal(a->id[i], b->id[i])) {
            return false;
        }
    }
    return !strcmp(a->uuid, b->uuid);
}

char *
xfsm_port_ids_note(const struct xfsm_port_ids *ids)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    int i;

    for (i = 0; i < XFSM_N_IDENTITY_IDS; i++) {
        if (ids->id[i] && ids->id[i][0]
            && !xfsm_identity_id_fits(ids->id[i])) {
            ds_put_format(&s, "%sexternal_ids:%s", s.length ? ", " : "",
                          xfsm_identity_id_names[i]);
        }
    }
    if (s.length) {
        ds_put_format(&s, " not told in events: longer than %d bytes or not "
                      "printable ASCII", XFSM_IDENTITY_ID_MAX);
    }
    return s.length ? ds_steal_cstr(&s) : NULL;
}

void
xfsm_port_ids_compose(const struct xfsm_port_ids *ids, uint8_t *buf,
                      struct xfsm_ipc_writer *w)
{
    uint16_t n = 0;
    size_t place;
    int i;

    xfsm_ipc_begin(w, buf, XFSM_IPC_IDENTITY);
    xfsm_ipc_put_text(w, ids->uuid);
    place = xfsm_ipc_begin_list(w);
    for (i = 0; i < XFSM_N_IDENTITY_IDS; i++) {
        if (ids->id[i] && xfsm_identity_id_fits(ids->id[i])) {
            xfsm_ipc_put_text(w, xfsm_identity_id_names[i]);
            xfsm_ipc_put_text(w, ids->id[i]);
            n++;
        }
    }
    xfsm_ipc_end_list(w, place, n);
}

/* Takes one of the list. */
static bool
parse_id(struct xfsm_bytes *payload, struct xfsm_port_ids *ids)
{
    char value[XFSM_IDENTITY_ID_MAX + 1];
    char name[64];
    int i;

    if (!xfsm_ipc_get_text(payload, name, sizeof name)
        || !xfsm_ipc_get_text(payload, value, sizeof value)
        || !xfsm_identity_id_fits(value)) {
        return false;
    }
    for (i = 0; i < XFSM_N_IDENTITY_IDS; i++) {
        if (!strcmp(name, xfsm_identity_id_names[i]) && !ids->id[i]) {
            ids->id[i] = xstrdup(value);
            return true;
        }
    }
    return false;
}

bool
xfsm_port_ids_parse(struct xfsm_bytes *payload, struct xfsm_port_ids *ids)
{
    struct uuid uuid;
    uint16_t n;
    bool ok;

    memset(ids, 0, sizeof *ids);
    ok = (xfsm_ipc_get_text(payload, ids->uuid, sizeof ids->uuid)
          && uuid_from_string(&uuid, ids->uuid)
          && xfsm_ipc_get_u16(payload, &n));
    while (ok && n-- > 0) {
        ok = parse_id(payload, ids);
    }
    if (!ok || xfsm_bytes_remaining(payload)) {
        xfsm_port_ids_destroy(ids);
        return false;
    }
    return true;
}
