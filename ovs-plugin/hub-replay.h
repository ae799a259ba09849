/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_HUB_REPLAY_H
#define OVS_PLUGIN_HUB_REPLAY_H 1

/* The hub's second socket: answers subscribers that want events of the journal
 * once more.
 *
 * A ROUTER socket next to that of the events.  A question is one frame, a JSON
 * object, either for the events of one life of a probe by their numbers or for
 * all since a time, in ms since 1970:
 *
 *     {"v":1,"id":7,"host":"hv1","bridge":"br0","port":"vnet7","epoch":E,
 *      "from":5,"to":9,"after":0}
 *     {"v":1,"id":8,"since":1763916156000,"after":0}
 *
 * An answer is a JSON object and then, for each event, its topic and itself,
 * a frame each:
 *
 *     {"v":1,"id":7,"count":5,"next":1234,"oldest":1763000000000}
 *
 * "next" is 0 if that was all; else there is more, and the same question with
 * "after" set to it gets it.  "oldest" is the time of the oldest event in the
 * journal, and left out if there is none.  A question that is not understood
 * gets {"v":1,"id":0,"error":"..."}.  Records LOST come like events.
 *
 * Limits: an answer has at most XFSM_HUB_REPLY_EVENTS events and
 * XFSM_HUB_REPLY_BYTES of them (but one event at least); XFSM_HUB_REPLAY_BURST
 * questions are answered before events have their turn again; a client that
 * does not take its answers loses them.
 *
 * Thread-safety: for one thread. */

#include <stdint.h>

struct xfsm_journal;
struct xfsm_key_pair;

#define XFSM_HUB_REPLY_EVENTS 256
#define XFSM_HUB_REPLY_BYTES (256 * 1024)
#define XFSM_HUB_REPLAY_BURST 4

struct xfsm_hub_replay {
    void *socket;               /* NULL: closed. */
    struct xfsm_journal *journal;   /* NULL: none, all answers are empty. */

    /* Counters. */
    uint64_t requests;
    uint64_t refused;           /* Not understood. */
    uint64_t replayed;          /* Events. */
};

/* Opens the socket at 'endpoint' in the ZeroMQ context 'context', with 'keys'
 * if not NULL.  Returns NULL or an error that the caller frees. */
char *xfsm_hub_replay_open(struct xfsm_hub_replay *, void *context,
                           const char *endpoint,
                           const struct xfsm_key_pair *keys,
                           struct xfsm_journal *journal);
void xfsm_hub_replay_close(struct xfsm_hub_replay *);

void xfsm_hub_replay_run(struct xfsm_hub_replay *);
void xfsm_hub_replay_wait(const struct xfsm_hub_replay *);

#endif /* ovs-plugin/hub-replay.h */
