/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/hub-forms.h"

#include "openvswitch/vlog.h"
#include "ovs-plugin/hub-pub.h"
#include "util.h"
#include "xfsm/io/event-cbor.h"
#include "xfsm/io/zmq-socket.h"

VLOG_DEFINE_THIS_MODULE(hub_forms);

/* Longest topic of a form. */
#define FORM_TOPIC_MAX (XFSM_EVENT_TOPIC_MAX + 16)

/* Longer than any event that the hub publishes. */
#define FORM_JSON_MAX (XFSM_EVENT_JSON_MAX + 64)

static const char *const form_names[] = {
#define FORM_NAME(ID, NAME, DOC) NAME,
    XFSM_HUB_FORMS(FORM_NAME)
#undef FORM_NAME
};

/* True if a subscription to 'prefix' takes some topic "NAME/...". */
static bool
takes_form(const char *prefix, size_t len, const char *name)
{
    size_t n = strlen(name);

    return (!memcmp(prefix, name, MIN(len, n))
            && (len <= n || prefix[n] == '/'));
}

static void
subscribed(const char *prefix, size_t len, bool on, void *forms_)
{
    struct xfsm_hub_forms *forms = forms_;
    int i;

    for (i = 0; i < XFSM_HUB_N_FORMS; i++) {
        if (takes_form(prefix, len, form_names[i])) {
            if (on) {
                forms->wanted[i]++;
            } else if (forms->wanted[i]) {
                forms->wanted[i]--;
            }
        }
    }
}

void
xfsm_hub_forms_open(struct xfsm_hub_forms *forms, void *context,
                    const char *endpoint, const struct xfsm_key_pair *keys)
{
    char *own = xfsm_zmq_forms_endpoint(endpoint);
    char *error = (own
                   ? xfsm_hub_pub_open(context, own, keys, subscribed, forms,
                                       &forms->pub)
                   : xasprintf("%s: no room for another endpoint next to it",
                               endpoint));

    if (error) {
        VLOG_WARN("events are to be had as JSON in two frames only: %s",
                  error);
    }
    free(error);
    free(own);
}

void
xfsm_hub_forms_close(struct xfsm_hub_forms *forms)
{
    xfsm_hub_pub_close(forms->pub);
    forms->pub = NULL;
}

static bool
send_cbor(struct xfsm_hub_forms *forms, const char *topic, size_t topic_len,
          const char *json, size_t json_len)
{
    static uint8_t cbor[XFSM_EVENT_CBOR_MAX];
    size_t len = xfsm_event_to_cbor(json, json_len, cbor, sizeof cbor);

    if (len) {
        xfsm_hub_pub_send(forms->pub, topic, topic_len, cbor, len);
    }
    return len > 0;
}

static bool
send_line(struct xfsm_hub_forms *forms, const char *topic, size_t topic_len,
          const char *json, size_t json_len)
{
    static char line[FORM_TOPIC_MAX + FORM_JSON_MAX + 1];

    if (json_len > FORM_JSON_MAX) {
        return false;
    }
    memcpy(line, topic, topic_len);
    line[topic_len] = ' ';
    memcpy(line + topic_len + 1, json, json_len);
    xfsm_hub_pub_send_frame(forms->pub, line, topic_len + 1 + json_len);
    return true;
}

void
xfsm_hub_forms_send(struct xfsm_hub_forms *forms, const char *topic,
                    size_t topic_len, const char *json, size_t json_len)
{
    static bool (*const senders[])(struct xfsm_hub_forms *, const char *,
                                   size_t, const char *, size_t) = {
        [XFSM_HUB_FORM_CBOR] = send_cbor,
        [XFSM_HUB_FORM_LINE] = send_line,
    };
    int i;

    for (i = 0; i < XFSM_HUB_N_FORMS; i++) {
        char own[FORM_TOPIC_MAX];
        int len;

        if (forms->pub && forms->wanted[i]) {
            len = snprintf(own, sizeof own, "%s/%.*s", form_names[i],
                           (int) topic_len, topic);
            len = MIN(len, sizeof own - 1);
            if (senders[i](forms, own, len, json, json_len)) {
                forms->made[i]++;
            } else {
                forms->failed++;
            }
        }
    }
}

bool
xfsm_hub_forms_run(struct xfsm_hub_forms *forms)
{
    return !forms->pub || xfsm_hub_pub_run(forms->pub);
}

void
xfsm_hub_forms_wait(struct xfsm_hub_forms *forms)
{
    if (forms->pub) {
        xfsm_hub_pub_wait(forms->pub);
    }
}

void
xfsm_hub_forms_each_counter(const struct xfsm_hub_forms *forms,
                            void (*cb)(const char *name, uint64_t value,
                                       void *aux),
                            void *aux)
{
    const struct xfsm_hub_pub_stats none = { 0 };
    const struct xfsm_hub_pub_stats *stats = (forms->pub
                                              ? xfsm_hub_pub_stats(forms->pub)
                                              : &none);

#define FORM_COUNTER(ID, NAME, DOC) \
    cb(NAME "_published", forms->made[XFSM_HUB_FORM_##ID], aux);
    XFSM_HUB_FORMS(FORM_COUNTER)
#undef FORM_COUNTER
    cb("forms_failed", forms->failed + stats->failed, aux);
    cb("forms_subscriptions", stats->subscriptions, aux);
}
