/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/probe-mail.h"

#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/probe.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(probe_mail);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);

/* Topics of programs that are looked at: more are not told apart. */
#define TOPICS_MAX (4 * XFSM_WANTS_MAX)

static struct xfsm_engine *
engine_of(const struct xfsm_probe *probe)
{
    return probe->lanes.lane[0].engine;
}

/* ## Topics. ## */

static bool
are_topics(const struct xfsm_probe_mail *mail, const char *const *topics,
           size_t n)
{
    size_t i;

    if (n != mail->n_topics) {
        return false;
    }
    for (i = 0; i < n; i++) {
        if (strcmp(topics[i], mail->topics[i])) {
            return false;
        }
    }
    return true;
}

static void
set_topics(struct xfsm_probe_mail *mail, const char *const *topics, size_t n)
{
    size_t i;

    for (i = 0; i < mail->n_topics; i++) {
        free(mail->topics[i]);
    }
    for (i = 0; i < n; i++) {
        mail->topics[i] = xstrdup(topics[i]);
    }
    mail->n_topics = n;
    mail->untold = true;
}

void
xfsm_probe_mail_update(struct xfsm_probe *probe)
{
    struct xfsm_probe_mail *mail = &probe->mail;
    const char *topics[TOPICS_MAX];
    size_t all = xfsm_engine_topics(engine_of(probe), topics, TOPICS_MAX);
    size_t n = xfsm_wants_reduce(topics, MIN(all, TOPICS_MAX));
    size_t refused = all > TOPICS_MAX ? all - TOPICS_MAX : 0;

    if (n > XFSM_WANTS_MAX) {
        refused += n - XFSM_WANTS_MAX;
        n = XFSM_WANTS_MAX;
    }
    if (!are_topics(mail, topics, n)) {
        if (refused) {
            VLOG_WARN("programs hear more topics than %d: %"PRIuSIZE" are "
                      "left out", XFSM_WANTS_MAX, refused);
            mail->topics_refused += refused;
        }
        set_topics(mail, topics, n);
    }
}

static void
tell_topics(struct xfsm_probe *probe)
{
    struct xfsm_probe_mail *mail = &probe->mail;
    size_t len = xfsm_wants_encode((const char *const *) mail->topics,
                                   mail->n_topics, mail->out);

    mail->untold = !xfsm_publisher_tell(&probe->publisher, mail->out, len);
}

/* ## Messages. ## */

static bool
is_own(const struct xfsm_message *message,
       const struct xfsm_identity *identity)
{
    return (!strcmp(message->host, identity->host)
            && !strcmp(message->bridge, identity->bridge)
            && !strcmp(message->port, identity->port));
}

static void
hear(struct xfsm_probe *probe, size_t len)
{
    struct xfsm_probe_mail *mail = &probe->mail;
    struct xfsm_message *message = &mail->letter.message;
    struct xfsm_bytes topic, json;

    if (len == 1 && !mail->in[0]) {
        /* A hub that is new. */
        mail->untold = true;
        return;
    }
    mail->messages_received++;
    if (!xfsm_message_split(mail->in, len, &topic, &json)
        || !xfsm_message_decode((const char *) json.p,
                                xfsm_bytes_remaining(&json),
                                &mail->letter)) {
        VLOG_WARN_RL(&rl, "dropped a malformed message");
        mail->messages_malformed++;
    } else if (is_own(message, &probe->identity)) {
        mail->messages_own++;
    } else {
        message->ts = time_wall_usec() * UINT64_C(1000);
        mail->messages_unheard += !xfsm_engine_message(engine_of(probe),
                                                       message);
    }
}

void
xfsm_probe_mail_run(struct xfsm_probe *probe)
{
    struct xfsm_probe_mail *mail = &probe->mail;
    size_t len = 1;
    int i;

    for (i = 0; i < XFSM_PROBE_MAIL_BURST && len; i++) {
        len = xfsm_publisher_hear(&probe->publisher, mail->in,
                                  sizeof mail->in);
        if (len) {
            hear(probe, len);
        }
    }
    if (mail->untold) {
        tell_topics(probe);
    }
}

void
xfsm_probe_mail_wait(struct xfsm_probe *probe)
{
    xfsm_publisher_wait_hear(&probe->publisher, probe->mail.untold);
}

/* ## Introspection. ## */

void
xfsm_probe_mail_each_counter(const struct xfsm_probe_mail *mail,
                             void (*cb)(const char *name, uint64_t value,
                                        void *aux),
                             void *aux)
{
#define MAIL_COUNTER(NAME) cb(#NAME, mail->NAME, aux);
    XFSM_PROBE_MAIL_COUNTERS(MAIL_COUNTER)
#undef MAIL_COUNTER
    cb("topics_heard", mail->n_topics, aux);
}

void
xfsm_probe_mail_format(const struct xfsm_probe_mail *mail, struct ds *s)
{
    size_t i;

    if (!mail->n_topics) {
        return;
    }
    ds_put_cstr(s, "hears");
    for (i = 0; i < mail->n_topics; i++) {
        ds_put_format(s, "%s %s", i ? "," : "", mail->topics[i]);
    }
    ds_put_format(s, ": %"PRIu64" messages, %"PRIu64" malformed\n",
                  mail->messages_received, mail->messages_malformed);
}
