/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/link-count.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netlink-socket.h"
#include "netlink.h"
#include "openvswitch/ofpbuf.h"

int
xfsm_link_count_init(struct xfsm_link_count *lc, int ifindex)
{
    lc->sock = NULL;
    lc->ifindex = ifindex;
    return nl_sock_create(NETLINK_ROUTE, &lc->sock);
}

void
xfsm_link_count_destroy(struct xfsm_link_count *lc)
{
    nl_sock_destroy(lc->sock);
    lc->sock = NULL;
}

/* Takes the number from the answer in 'reply'. */
static int
parse_reply(struct ofpbuf *reply, uint64_t *countp)
{
    static const struct nl_policy policy[] = {
        [IFLA_STATS_LINK_64] = {
            .type = NL_A_UNSPEC,
            .min_len = sizeof(struct rtnl_link_stats64),
        },
    };
    struct nlattr *attrs[ARRAY_SIZE(policy)];
    struct rtnl_link_stats64 stats;

    if (nl_msg_nlmsghdr(reply)->nlmsg_type != RTM_NEWSTATS
        || reply->size < NLMSG_HDRLEN + sizeof(struct if_stats_msg)
        || !nl_policy_parse(reply, NLMSG_HDRLEN + sizeof(struct if_stats_msg),
                            policy, attrs, ARRAY_SIZE(policy))) {
        return EPROTO;
    }
    memcpy(&stats, nl_attr_get(attrs[IFLA_STATS_LINK_64]), sizeof stats);
    *countp = stats.rx_packets + stats.tx_packets;
    return 0;
}

int
xfsm_link_count_read(const struct xfsm_link_count *lc, uint64_t *countp)
{
    struct ofpbuf request, reply;
    struct if_stats_msg *msg;
    int error;

    if (!lc->sock) {
        return ENOTCONN;
    }
    ofpbuf_init(&request, 0);
    ofpbuf_init(&reply, 2048);
    nl_msg_put_nlmsghdr(&request, sizeof *msg, RTM_GETSTATS, NLM_F_REQUEST);
    msg = ofpbuf_put_zeros(&request, sizeof *msg);
    msg->ifindex = lc->ifindex;
    msg->filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);

    /* The answer is there when sending is done. */
    error = nl_sock_send(lc->sock, &request, false);
    if (!error) {
        error = nl_sock_recv(lc->sock, &reply, NULL, false);
    }
    if (!error) {
        error = parse_reply(&reply, countp);
    }
    ofpbuf_uninit(&request);
    ofpbuf_uninit(&reply);
    return error;
}
