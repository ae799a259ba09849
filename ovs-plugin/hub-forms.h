/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_HUB_FORMS_H
#define OVS_PLUGIN_HUB_FORMS_H 1

/* Events in other forms than topic and JSON, for subscribers that want them.
 *
 * A second XPUB socket, at xfsm_zmq_forms_endpoint() of the hub's own, offers
 * each message of the hub in each of the forms below, of which a subscriber
 * picks one by the first part of its topic: "cbor/alert" are all alerts as
 * CBOR.  It is a socket of its own so that who subscribes to everything on the
 * hub's endpoint gets everything once.
 *
 * A form is made once, and only while somebody subscribes to it.  A
 * subscription to everything, the empty prefix, is one to each form.
 *
 * Limits and security are those of the hub's socket (hub-pub.h).  A subscriber
 * finds gaps by the same members, and asks at the same replay endpoint, which
 * answers in JSON.
 *
 * Thread-safety: for one thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* F(ID, NAME, DOC): forms; topics are NAME/LABEL/PROGRAM/BRIDGE/PORT. */
#define XFSM_HUB_FORMS(F) \
    F(CBOR, "cbor", "Topic, and the event as CBOR (event-cbor.h)") \
    F(LINE, "line", "One frame: topic, space, event as JSON; for readers " \
      "that take one frame, as rsyslog's imczmq does")

enum xfsm_hub_form {
#define XFSM_HUB_FORM_ENUM(ID, NAME, DOC) XFSM_HUB_FORM_##ID,
    XFSM_HUB_FORMS(XFSM_HUB_FORM_ENUM)
#undef XFSM_HUB_FORM_ENUM
    XFSM_HUB_N_FORMS
};

struct xfsm_hub_pub;
struct xfsm_key_pair;

struct xfsm_hub_forms {
    struct xfsm_hub_pub *pub;   /* NULL: there are no forms. */
    uint64_t wanted[XFSM_HUB_N_FORMS];  /* Subscriptions to each. */
    uint64_t made[XFSM_HUB_N_FORMS];    /* Messages made of each. */
    uint64_t failed;            /* That could not be made or sent. */
};

/* Opens the socket for a hub that publishes at 'endpoint'.  If that fails, the
 * log says why, and there are no forms. */
void xfsm_hub_forms_open(struct xfsm_hub_forms *, void *context,
                         const char *endpoint, const struct xfsm_key_pair *);
void xfsm_hub_forms_close(struct xfsm_hub_forms *);

/* Publishes a message of the hub in the forms that are wanted. */
void xfsm_hub_forms_send(struct xfsm_hub_forms *, const char *topic,
                         size_t topic_len, const char *json, size_t json_len);

/* Takes notice of subscriptions.  Returns false if there are too many. */
bool xfsm_hub_forms_run(struct xfsm_hub_forms *);
void xfsm_hub_forms_wait(struct xfsm_hub_forms *);

/* Calls 'cb' for each counter. */
void xfsm_hub_forms_each_counter(const struct xfsm_hub_forms *,
                                 void (*cb)(const char *name, uint64_t value,
                                            void *aux),
                                 void *aux);

#endif /* ovs-plugin/hub-forms.h */
