/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/mitigation-switch.h"

#include <inttypes.h>
#include <unistd.h>

#include "byte-order.h"
#include "dirs.h"
#include "flow.h"
#include "openflow/openflow.h"
#include "openvswitch/list.h"
#include "openvswitch/match.h"
#include "openvswitch/ofp-actions.h"
#include "openvswitch/ofp-errors.h"
#include "openvswitch/ofp-flow.h"
#include "openvswitch/ofp-meter.h"
#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofp-protocol.h"
#include "openvswitch/ofp-util.h"
#include "openvswitch/ofpbuf.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/rconn.h"
#include "ovs-plugin/mitigation-plan.h"
#include "socket-util.h"
#include "util.h"

/* Seconds between attempts to connect, at most. */
#define MAX_BACKOFF 2

/* How often it is looked whether the switch has made the socket of a bridge
 * that is new. */
#define SOCKET_POLL_MS 500

/* Messages taken in one go. */
#define RECV_BURST 64

#define VERSIONS ((1u << OFP13_VERSION) | (1u << OFP14_VERSION) \
                  | (1u << OFP15_VERSION))

/* Numbers messages of no flow in particular, whose number is never 0. */
#define CLEANING 0

/* A flow that is being installed. */
struct change {
    struct ovs_list node;
    struct mitigation_flow flow;
    struct ofputil_flow_mod fm;         /* With the parsed flow. */
    enum { WAITING, ASKED, SENT } step;

    /* What the switch answered. */
    bool taken;                 /* Somebody else has such a flow. */
    bool has_normal;            /* Table 0 has a flow that makes all NORMAL. */
    bool garbled;               /* It could not be read. */
    unsigned int n_counts;      /* Counts so far: of all flows, of ours. */
    uint32_t counts[2];
};

struct mitigation_switch {
    struct rconn *rconn;
    char *path;                 /* Of its socket, until that is there. */
    unsigned int seqno;         /* Of the connection that is being used. */
    bool cleaning;              /* Something is left that is not to be. */
    struct ovs_list changes;    /* struct change. */
};

static uint32_t
get_id(const struct mitigation_flow *flow)
{
    return (uint32_t) flow->cookie;
}

static void
destroy_change(struct change *change)
{
    ovs_list_remove(&change->node);
    free(CONST_CAST(struct ofpact *, change->fm.ofpacts));
    minimatch_destroy(&change->fm.match);
    free(change);
}

static void
drop_changes(struct mitigation_switch *sw)
{
    struct change *change;

    LIST_FOR_EACH_SAFE (change, node, &sw->changes) {
        destroy_change(change);
    }
}

static struct change *
find_change(struct mitigation_switch *sw, uint32_t id)
{
    struct change *change;

    LIST_FOR_EACH (change, node, &sw->changes) {
        if (get_id(&change->flow) == id) {
            return change;
        }
    }
    return NULL;
}

struct mitigation_switch *
mitigation_switch_create(const char *bridge)
{
    struct mitigation_switch *sw = xzalloc(sizeof *sw);

    sw->rconn = rconn_create(0, MAX_BACKOFF, DSCP_DEFAULT, VERSIONS);
    sw->seqno = rconn_get_connection_seqno(sw->rconn);
    sw->cleaning = true;
    sw->path = xasprintf("%s/%s.mgmt", ovs_rundir(), bridge);
    ovs_list_init(&sw->changes);
    return sw;
}

void
mitigation_switch_destroy(struct mitigation_switch *sw)
{
    if (sw) {
        drop_changes(sw);
        rconn_destroy(sw->rconn);
        free(sw->path);
        free(sw);
    }
}

/* A bridge is in the database before it is in the switch. */
static void
connect_when_there(struct mitigation_switch *sw)
{
    if (sw->path && !access(sw->path, F_OK)) {
        char *target = xasprintf("unix:%s", sw->path);

        rconn_connect(sw->rconn, target, NULL);
        free(target);
        free(sw->path);
        sw->path = NULL;
    }
}

/* ## Sending ## */

static enum ofputil_protocol
get_protocol(const struct mitigation_switch *sw)
{
    return ofputil_protocol_from_ofp_version(rconn_get_version(sw->rconn));
}

/* Sends a message, numbered so that an answer tells what it is of.  One that
 * cannot be sent is not answered. */
static void
send_message(struct mitigation_switch *sw, uint32_t id, struct ofpbuf *msg)
{
    struct ofp_header *header = msg->data;

    header->xid = htonl(id);
    rconn_send(sw->rconn, msg, NULL);
}

static void
send_barrier(struct mitigation_switch *sw, uint32_t id)
{
    send_message(sw, id,
                 ofputil_encode_barrier_request(rconn_get_version(sw->rconn)));
}

static void
send_delete(struct mitigation_switch *sw, uint64_t cookie, uint64_t mask)
{
    struct ofputil_flow_mod fm = {
        .cookie = htonll(cookie),
        .cookie_mask = htonll(mask),
        .command = OFPFC_DELETE,
        .table_id = OFPTT_ALL,
        .buffer_id = UINT32_MAX,
        .out_port = OFPP_ANY,
        .out_group = OFPG_ANY,
    };
    struct match all;

    match_init_catchall(&all);
    minimatch_init(&fm.match, &all);
    send_message(sw, CLEANING, ofputil_encode_flow_mod(&fm, get_protocol(sw)));
    minimatch_destroy(&fm.match);
}

static void
send_meter(struct mitigation_switch *sw, uint32_t id, int command,
           uint32_t meter, uint32_t rate)
{
    struct ofputil_meter_band band = { .type = OFPMBT13_DROP, .rate = rate };
    struct ofputil_meter_mod mm = {
        .command = command,
        .meter = {
            .meter_id = meter,
            .flags = OFPMF13_PKTPS,
            .n_bands = command == OFPMC13_DELETE ? 0 : 1,
            .bands = &band,
        },
    };

    send_message(sw, id, ofputil_encode_meter_mod(
        rconn_get_version(sw->rconn), &mm));
}

/* Asks for flows, or how many there are, of all tables, that match 'match',
 * lead to 'out_port' and have 'cookie'. */
static void
ask_for_flows(struct mitigation_switch *sw, uint32_t id, bool aggregate,
              const struct match *match, ofp_port_t out_port, uint64_t cookie,
              uint64_t mask)
{
    struct ofputil_flow_stats_request request = {
        .aggregate = aggregate,
        .match = *match,
        .cookie = htonll(cookie),
        .cookie_mask = htonll(mask),
        .out_port = out_port,
        .out_group = OFPG_ANY,
        .table_id = OFPTT_ALL,
    };

    send_message(sw, id, ofputil_encode_flow_stats_request(
        &request, get_protocol(sw)));
}

/* Deletes what was left, and asks for meters that were. */
static void
start_cleaning(struct mitigation_switch *sw)
{
    sw->cleaning = true;
    send_delete(sw, MITIGATION_COOKIE, MITIGATION_COOKIE_MASK);
    send_message(sw, CLEANING, ofputil_encode_meter_request(
        rconn_get_version(sw->rconn), OFPUTIL_METER_CONFIG, OFPM13_ALL));
    send_barrier(sw, CLEANING);
}

static bool
ends_in_normal(const struct mitigation_flow *flow)
{
    return flow->action != XFSM_MIT_BLOCK;
}

/* Asks what the switch has already. */
static void
ask(struct mitigation_switch *sw, struct change *change)
{
    uint32_t id = get_id(&change->flow);
    struct match match, all;

    minimatch_expand(&change->fm.match, &match);
    match_init_catchall(&all);
    ask_for_flows(sw, id, false, &match, OFPP_ANY, 0, 0);
    if (ends_in_normal(&change->flow)) {
        ask_for_flows(sw, id, false, &all, OFPP_NORMAL, 0, 0);
        ask_for_flows(sw, id, true, &all, OFPP_ANY, 0, 0);
        ask_for_flows(sw, id, true, &all, OFPP_ANY, MITIGATION_COOKIE,
                      MITIGATION_COOKIE_MASK);
    }
    send_barrier(sw, id);
    change->step = ASKED;
}

/* Installs the flow.  Returns NULL, or why not. */
static const char *
install(struct mitigation_switch *sw, struct change *change)
{
    uint32_t id = get_id(&change->flow);

    if (change->garbled) {
        return "what the switch says of its flows cannot be read";
    } else if (change->taken) {
        return "somebody else has a flow with this match and priority";
    } else if (ends_in_normal(&change->flow)
               && !(change->has_normal && change->n_counts == 2
                    && change->counts[0] - change->counts[1] == 1)) {
        return "the bridge has flows that do other than NORMAL, which this "
               "one would get around";
    }
    if (change->flow.meter) {
        send_meter(sw, id, OFPMC13_ADD, change->flow.meter,
                   change->flow.rate);
    }
    send_message(sw, id, ofputil_encode_flow_mod(&change->fm,
                                                 get_protocol(sw)));
    send_barrier(sw, id);
    change->step = SENT;
    return NULL;
}

/* ## Answers ## */

static bool
is_normal(const struct ofputil_flow_stats *fs)
{
    const struct ofpact *actions = fs->ofpacts;

    return fs->table_id == 0 && flow_wildcards_is_catchall(&fs->match.wc)
           && fs->ofpacts_len && actions->type == OFPACT_OUTPUT
           && ofpact_get_OUTPUT(actions)->port == OFPP_NORMAL
           && ofpact_next(actions) == ofpact_end(actions, fs->ofpacts_len);
}

static void
handle_flows(struct change *change, struct ofpbuf *msg)
{
    struct match match;
    struct ofpbuf ofpacts;
    int retval;

    minimatch_expand(&change->fm.match, &match);
    ofpbuf_init(&ofpacts, 0);
    for (;;) {
        struct ofputil_flow_stats fs;

        retval = ofputil_decode_flow_stats_reply(&fs, msg, true, &ofpacts);
        if (retval) {
            break;
        } else if ((ntohll(fs.cookie) & MITIGATION_COOKIE_MASK)
                   == MITIGATION_COOKIE) {
            continue;
        }
        change->has_normal |= is_normal(&fs);
        change->taken |= (fs.table_id == 0
                          && fs.priority == change->flow.priority
                          && match_equal(&fs.match, &match));
    }
    change->garbled |= retval != EOF;
    ofpbuf_uninit(&ofpacts);
}

static void
handle_count(struct change *change, const struct ofp_header *header)
{
    struct ofputil_aggregate_stats stats;

    if (change->n_counts < ARRAY_SIZE(change->counts)
        && !ofputil_decode_aggregate_stats_reply(&stats, header)) {
        change->counts[change->n_counts++] = stats.flow_count;
    }
}

/* Deletes meters that were left. */
static void
handle_meters(struct mitigation_switch *sw, struct ofpbuf *msg)
{
    struct ofputil_meter_config config;
    struct ofpbuf bands;

    ofpbuf_init(&bands, 0);
    while (!ofputil_decode_meter_config(msg, &config, &bands)) {
        if (config.meter_id >= MITIGATION_METER_BASE
            && config.meter_id - MITIGATION_METER_BASE < MITIGATION_METERS) {
            send_meter(sw, CLEANING, OFPMC13_DELETE, config.meter_id, 0);
        }
    }
    ofpbuf_uninit(&bands);
}

/* Handles an answer that is of flow 'id', or of cleaning. */
static void
handle_answer(struct mitigation_switch *sw, enum ofptype type, uint32_t id,
              struct ofpbuf *msg, mitigation_switch_cb *cb, void *aux)
{
    struct change *change = find_change(sw, id);
    const struct ofp_header *header = msg->data;
    const char *error = NULL;

    if (id == CLEANING) {
        if (type == OFPTYPE_METER_CONFIG_STATS_REPLY) {
            handle_meters(sw, msg);
        } else if (type == OFPTYPE_BARRIER_REPLY) {
            sw->cleaning = false;
        }
    } else if (!change) {
        return;
    } else if (type == OFPTYPE_FLOW_STATS_REPLY) {
        handle_flows(change, msg);
    } else if (type == OFPTYPE_AGGREGATE_STATS_REPLY) {
        handle_count(change, header);
    } else if (type == OFPTYPE_ERROR
               || (type == OFPTYPE_BARRIER_REPLY
                   && (change->step == SENT
                       || (error = install(sw, change))))) {
        if (type == OFPTYPE_ERROR) {
            error = ofperr_to_string(ofperr_decode_msg(header, NULL));
        }
        destroy_change(change);
        cb(id, error, aux);
    }
}

static void
handle_message(struct mitigation_switch *sw, struct ofpbuf *msg,
               mitigation_switch_cb *cb, void *aux)
{
    const struct ofp_header *header = msg->data;
    enum ofptype type;

    if (ofptype_decode(&type, header)) {
        return;
    } else if (type == OFPTYPE_ECHO_REQUEST) {
        rconn_send(sw->rconn, ofputil_encode_echo_reply(header), NULL);
    } else {
        handle_answer(sw, type, ntohl(header->xid), msg, cb, aux);
    }
}

/* ## The module ## */

void
mitigation_switch_add(struct mitigation_switch *sw,
                      const struct mitigation_flow *flow)
{
    enum ofputil_protocol usable;
    char text[MITIGATION_TEXT_MAX];
    struct change *change;
    char *error;

    if (!rconn_is_connected(sw->rconn)) {
        return;
    }
    change = xzalloc(sizeof *change);
    change->flow = *flow;
    change->step = WAITING;
    mitigation_flow_format(flow, text);
    error = parse_ofp_flow_mod_str(&change->fm, text, NULL, NULL, OFPFC_ADD,
                                   &usable);
    if (error) {
        /* It is never answered.  No plan is such a flow: tests of the planner
         * read each with this parser. */
        free(error);
        free(change);
        return;
    }
    ovs_list_push_back(&sw->changes, &change->node);
    if (!(usable & get_protocol(sw))) {
        destroy_change(change);         /* Likewise. */
    }
}

void
mitigation_switch_delete(struct mitigation_switch *sw,
                         const struct mitigation_flow *flow)
{
    struct change *change = find_change(sw, get_id(flow));

    if (change) {
        destroy_change(change);
    }
    if (rconn_is_connected(sw->rconn)) {
        send_delete(sw, flow->cookie, UINT64_MAX);
        if (flow->meter) {
            send_meter(sw, CLEANING, OFPMC13_DELETE, flow->meter, 0);
        }
    } else {
        sw->cleaning = true;
    }
}

bool
mitigation_switch_run(struct mitigation_switch *sw, mitigation_switch_cb *cb,
                      void *aux)
{
    bool is_new = false;
    struct change *change;
    struct ofpbuf *msg;
    int i;

    connect_when_there(sw);
    rconn_run(sw->rconn);
    if (sw->seqno != rconn_get_connection_seqno(sw->rconn)) {
        /* Whatever was asked is not answered any more. */
        sw->seqno = rconn_get_connection_seqno(sw->rconn);
        drop_changes(sw);
        is_new = rconn_is_connected(sw->rconn);
        if (is_new) {
            start_cleaning(sw);
        }
    }
    for (i = 0; i < RECV_BURST && (msg = rconn_recv(sw->rconn)); i++) {
        handle_message(sw, msg, cb, aux);
        ofpbuf_delete(msg);
    }
    LIST_FOR_EACH (change, node, &sw->changes) {
        if (change->step == WAITING && !sw->cleaning) {
            ask(sw, change);
        }
    }
    return is_new;
}

void
mitigation_switch_wait(struct mitigation_switch *sw)
{
    const struct change *change;

    if (sw->path) {
        poll_timer_wait(SOCKET_POLL_MS);
    }
    rconn_run_wait(sw->rconn);
    rconn_recv_wait(sw->rconn);
    LIST_FOR_EACH (change, node, &sw->changes) {
        if (change->step == WAITING && !sw->cleaning) {
            poll_immediate_wake();
        }
    }
}

bool
mitigation_switch_is_idle(const struct mitigation_switch *sw)
{
    return !sw->cleaning && ovs_list_is_empty(&sw->changes);
}
