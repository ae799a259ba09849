/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/mitigation-switch.h"

#include <inttypes.h>

#include "byte-order.h"
#include "dirs.h"
#include "openflow/openflow.h"
#include "openvswitch/list.h"
#include "openvswitch/ofp-errors.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-protocol.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/rconn.h"
#include "ovs-plugin/mitigation-plan.h"
#include "socket-util.h"
#include "timeval.h"
#include "util.h"

/* Seconds between attempts to connect, at most. */
#define MAX_BACKOFF 2

/* Messages taken in one go. */
#define RECV_BURST 64

#define VERSIONS ((1u << OFP13_VERSION) | (1u << OFP14_VERSION) \
                  | (1u << OFP15_VERSION))

/* A change that waits to be sent. */
struct change {
    struct ovs_list node;
    uint32_t id;                /* 0: of no flow in particular. */
    int command;                /* OFPFC_*. */
    char *text;
    long long int deadline;
};

struct mitigation_switch {
    struct rconn *rconn;
    struct ovs_list changes;    /* struct change. */
};

static void
push(struct mitigation_switch *sw, uint32_t id, int command, char *text)
{
    struct change *change = xmalloc(sizeof *change);

    *change = (struct change) {
        .id = id,
        .command = command,
        .text = text,
        .deadline = time_msec() + MITIGATION_SEND_MS,
    };
    ovs_list_push_back(&sw->changes, &change->node);
}

static void
destroy_change(struct change *change)
{
    ovs_list_remove(&change->node);
    free(change->text);
    free(change);
}

struct mitigation_switch *
mitigation_switch_create(const char *bridge)
{
    struct mitigation_switch *sw = xmalloc(sizeof *sw);
    char *target = xasprintf("unix:%s/%s.mgmt", ovs_rundir(), bridge);

    sw->rconn = rconn_create(0, MAX_BACKOFF, DSCP_DEFAULT, VERSIONS);
    rconn_connect(sw->rconn, target, NULL);
    free(target);
    ovs_list_init(&sw->changes);
    push(sw, 0, OFPFC_DELETE,
         xasprintf("cookie=0x%"PRIx64"/0x%"PRIx64,
                   (uint64_t) MITIGATION_COOKIE,
                   (uint64_t) MITIGATION_COOKIE_MASK));
    return sw;
}

void
mitigation_switch_destroy(struct mitigation_switch *sw)
{
    if (sw) {
        struct change *change;

        LIST_FOR_EACH_SAFE (change, node, &sw->changes) {
            destroy_change(change);
        }
        rconn_destroy(sw->rconn);
        free(sw);
    }
}

void
mitigation_switch_add(struct mitigation_switch *sw, uint32_t id,
                      const char *flow)
{
    push(sw, id, OFPFC_ADD, xstrdup(flow));
}

void
mitigation_switch_delete(struct mitigation_switch *sw, uint32_t id)
{
    push(sw, 0, OFPFC_DELETE, xasprintf("cookie=0x%"PRIx64"/-1",
                                        MITIGATION_COOKIE | id));
}

/* Sends a change.  The number of the flow is that of the message, so that an
 * error of the switch tells which it is of.  Returns NULL or an error that
 * the caller frees. */
static char *
send_change(struct mitigation_switch *sw, const struct change *change)
{
    enum ofputil_protocol protocol = ofputil_protocol_from_ofp_version(
        rconn_get_version(sw->rconn));
    enum ofputil_protocol usable;
    struct ofputil_flow_mod fm;
    struct ofpbuf *msg;
    struct ofp_header *header;
    char *error;
    int retval;

    error = parse_ofp_flow_mod_str(&fm, change->text, NULL, NULL,
                                   change->command, &usable);
    if (error) {
        return error;
    } else if (usable & protocol) {
        msg = ofputil_encode_flow_mod(&fm, protocol);
        header = msg->data;
        header->xid = htonl(change->id);
        retval = rconn_send(sw->rconn, msg, NULL);
        error = retval ? xstrdup(ovs_strerror(retval)) : NULL;
    } else {
        error = xstrdup("the OpenFlow version cannot express the flow");
    }
    free(CONST_CAST(struct ofpact *, fm.ofpacts));
    minimatch_destroy(&fm.match);
    return error;
}

static void
handle_message(struct mitigation_switch *sw, const struct ofpbuf *msg,
               mitigation_switch_cb *cb, void *aux)
{
    const struct ofp_header *header = msg->data;
    enum ofptype type;

    if (ofptype_decode(&type, header)) {
        return;
    } else if (type == OFPTYPE_ECHO_REQUEST) {
        rconn_send(sw->rconn, ofputil_encode_echo_reply(header), NULL);
    } else if (type == OFPTYPE_ERROR && header->xid) {
        cb(ntohl(header->xid),
           ofperr_to_string(ofperr_decode_msg(header, NULL)), aux);
    }
}

void
mitigation_switch_run(struct mitigation_switch *sw, mitigation_switch_cb *cb,
                      void *aux)
{
    struct change *change;
    struct ofpbuf *msg;
    int i;

    rconn_run(sw->rconn);
    for (i = 0; i < RECV_BURST && (msg = rconn_recv(sw->rconn)); i++) {
        handle_message(sw, msg, cb, aux);
        ofpbuf_delete(msg);
    }
    LIST_FOR_EACH_SAFE (change, node, &sw->changes) {
        char *error = NULL;

        if (rconn_is_connected(sw->rconn)) {
            error = send_change(sw, change);
        } else if (!change->id || time_msec() < change->deadline) {
            continue;
        } else {
            error = xstrdup("the bridge cannot be reached with OpenFlow 1.3 "
                            "or later");
        }
        if (change->id) {
            cb(change->id, error, aux);
        }
        free(error);
        destroy_change(change);
    }
}

void
mitigation_switch_wait(struct mitigation_switch *sw)
{
    const struct change *change;

    rconn_run_wait(sw->rconn);
    rconn_recv_wait(sw->rconn);
    LIST_FOR_EACH (change, node, &sw->changes) {
        if (rconn_is_connected(sw->rconn)) {
            poll_immediate_wake();
        } else if (change->id) {
            poll_timer_wait_until(change->deadline);
        }
    }
}

bool
mitigation_switch_is_idle(const struct mitigation_switch *sw)
{
    return ovs_list_is_empty(&sw->changes);
}
