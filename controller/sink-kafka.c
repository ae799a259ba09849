/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/sink.h"

#include <errno.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "controller/event-name.h"
#include "controller/spool.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "util.h"
#include "xfsm/io/event-decode.h"

/* Kafka.
 *
 * Events go into the spool, and from there, in a thread of our own, to the
 * topic.  librdkafka sends each until all replicas in sync have acknowledged
 * it, in order and once, as its idempotent producer does.  That knows nothing
 * of what a former process sent: after a crash of ours, events that were
 * acknowledged since the spool noted it last are sent again, and Kafka does
 * not drop them.  So nothing is sent again that need not be, and the header
 * ID_HEADER has the name of the event (event-name.h), by which consumers can
 * tell repetitions.
 *
 * The key of a message is the event's source (event-name.h), so that Kafka's
 * own partitions divide events by it. */

VLOG_DEFINE_THIS_MODULE(sink_kafka);

#define SCHEME "kafka://"
#define ID_HEADER "xfsm-id"

/* How long is waited for something to do, and for Kafka at the end. */
#define WAIT_MS 50
#define END_MS 2000

/* How often librdkafka tells how it is connected, in milliseconds. */
#define STATISTICS_MS "2000"

#define PURGE_ALL (RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)

struct kafka_sink {
    struct xfsm_sink up;        /* Its mutex guards what follows. */
    const struct xfsm_sink_options *options;
    struct xfsm_spool *spool;
    pthread_t thread;
    bool stop;
    uint64_t n_refused;         /* Events that had to be sent again. */
    bool connected;             /* With one of its brokers, at least. */

    /* Of the thread. */
    rd_kafka_t *rk;
    bool trouble;               /* An event was refused. */
};

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

static struct kafka_sink *
kafka_sink_cast(struct xfsm_sink *sink)
{
    return CONTAINER_OF(sink, struct kafka_sink, up);
}

/* ## Called from rd_kafka_poll() ## */

static void
delivered_cb(rd_kafka_t *rk OVS_UNUSED, const rd_kafka_message_t *message,
             void *s_)
{
    struct kafka_sink *s = s_;

    ovs_mutex_lock(&s->up.mutex);
    if (!message->err) {
        xfsm_spool_acknowledge(s->spool, (uintptr_t) message->_private);
    } else {
        s->n_refused++;
        s->trouble = true;
        VLOG_WARN_RL(&rl, "Kafka does not take an event (%s)",
                     rd_kafka_err2str(message->err));
    }
    ovs_mutex_unlock(&s->up.mutex);
}

/* Has 'rk' use another password from the next connection on. */
static void
set_password(rd_kafka_t *rk OVS_UNUSED, const char *user OVS_UNUSED,
             const char *password OVS_UNUSED)
{
#if RD_KAFKA_VERSION >= 0x020000ff
    rd_kafka_error_destroy(rd_kafka_sasl_set_credentials(rk, user,
                                                         password));
#else
    VLOG_WARN_RL(&rl, "librdkafka before 2.0 takes another password at the "
                 "next start only");
#endif
}

/* Our password is not accepted: it may be another one in the file by now. */
static void
error_cb(rd_kafka_t *rk, int error, const char *reason, void *s_)
{
    struct kafka_sink *s = s_;
    char password[XFSM_SINK_PASSWORD_MAX + 1];
    char *problem;

    VLOG_WARN_RL(&rl, "Kafka: %s", reason);
    if (error != RD_KAFKA_RESP_ERR__AUTHENTICATION || !s->options->user) {
        return;
    }
    problem = xfsm_sink_read_password(s->options, password);
    if (problem) {
        VLOG_WARN_RL(&rl, "%s", problem);
        free(problem);
    } else {
        set_password(rk, s->options->user, password);
    }
    explicit_bzero(password, sizeof password);
}

/* Tells whether 'json', of a broker, says that we are connected with it. */
static bool
is_up(const struct json *json)
{
    const struct json *state = (json->type == JSON_OBJECT
                                ? shash_find_data(json_object(json), "state")
                                : NULL);

    return state && state->type == JSON_STRING
           && !strcmp(json_string(state), "UP");
}

/* Takes librdkafka's statistics, as its STATISTICS.md describes them. */
static int
stats_cb(rd_kafka_t *rk OVS_UNUSED, char *text, size_t len OVS_UNUSED,
         void *s_)
{
    struct json *json = json_from_string(text);
    const struct json *brokers = (json->type == JSON_OBJECT
                                  ? shash_find_data(json_object(json),
                                                    "brokers")
                                  : NULL);
    struct kafka_sink *s = s_;
    const struct shash_node *node;
    bool connected = false;

    if (brokers && brokers->type == JSON_OBJECT) {
        SHASH_FOR_EACH (node, json_object(brokers)) {
            connected = connected || is_up(node->data);
        }
    }
    json_destroy(json);
    ovs_mutex_lock(&s->up.mutex);
    s->connected = connected;
    ovs_mutex_unlock(&s->up.mutex);
    return 0;
}

static void
log_cb(const rd_kafka_t *rk OVS_UNUSED, int level,
       const char *facility OVS_UNUSED, const char *text)
{
    if (level <= 4) {           /* As syslog's warnings. */
        VLOG_WARN_RL(&rl, "%s", text);
    } else {
        VLOG_DBG_RL(&rl, "%s", text);
    }
}

/* ## Sending ## */

/* Sends an event.  Returns false if there is no room for now. */
static bool
send_event(struct kafka_sink *s, uint64_t number, const char *json,
           size_t len)
{
    char name[XFSM_EVENT_NAME_SIZE] = "", source[XFSM_EVENT_NAME_SIZE] = "";
    struct xfsm_event_view view;
    rd_kafka_resp_err_t error;

    if (xfsm_event_decode(json, len, &view)) {
        xfsm_event_name(&view, name);
        xfsm_event_source(&view, source);
    }
    error = rd_kafka_producev(
        s->rk, RD_KAFKA_V_TOPIC(s->options->topic),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(source, strlen(source)),
        RD_KAFKA_V_VALUE(CONST_CAST(char *, json), len),
        RD_KAFKA_V_HEADER(ID_HEADER, name, strlen(name)),
        RD_KAFKA_V_OPAQUE((void *) (uintptr_t) number), RD_KAFKA_V_END);
    if (error && error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        VLOG_WARN_RL(&rl, "cannot send an event (%s)",
                     rd_kafka_err2str(error));
    }
    return !error;
}

/* Sends what there is to send; the mutex is held. */
static void
send_events(struct kafka_sink *s)
{
    const char *json;
    uint64_t number;
    size_t len;

    while (!s->trouble && xfsm_spool_next(s->spool, &number, &json, &len)) {
        s->trouble = !send_event(s, number, json, len);
    }
    xfsm_spool_run(s->spool);
}

static char *open_producer(struct kafka_sink *);

/* Begins anew after an event was refused, with a new producer, which sends
 * all again, in its order, that was not acknowledged. */
static void
start_again(struct kafka_sink *s)
{
    rd_kafka_t *old = s->rk;
    char *error = open_producer(s);

    if (error) {                /* A file that is there no more. */
        VLOG_WARN_RL(&rl, "%s", error);
        free(error);
        s->rk = old;
        return;
    }
    rd_kafka_purge(old, PURGE_ALL);
    rd_kafka_flush(old, END_MS);
    rd_kafka_destroy(old);
    ovs_mutex_lock(&s->up.mutex);
    xfsm_spool_rewind(s->spool, false);
    ovs_mutex_unlock(&s->up.mutex);
    s->trouble = false;
}

static void *
kafka_main(void *s_)
{
    struct kafka_sink *s = s_;
    bool stop = false;

    while (!stop) {
        ovs_mutex_lock(&s->up.mutex);
        send_events(s);
        stop = s->stop;
        ovs_mutex_unlock(&s->up.mutex);
        rd_kafka_poll(s->rk, WAIT_MS);
        if (s->trouble && !stop) {
            start_again(s);
        }
    }
    rd_kafka_flush(s->rk, END_MS);
    return NULL;
}

/* ## The sink ## */

static int
put(struct xfsm_sink *sink, const char *json, size_t len,
    const struct xfsm_event_view *view)
{
    return xfsm_spool_put(kafka_sink_cast(sink)->spool, json, len, view);
}

static int
flush(struct xfsm_sink *sink)
{
    xfsm_spool_sync(kafka_sink_cast(sink)->spool);
    return 0;
}

static struct xfsm_spool *
get_spool(struct xfsm_sink *sink)
{
    return kafka_sink_cast(sink)->spool;
}

static void
show(struct xfsm_sink *sink, struct ds *ds)
{
    const struct kafka_sink *s = kafka_sink_cast(sink);

    ds_put_format(ds, "events: Kafka topic %s: %sconnected; ",
                  s->options->topic, s->connected ? "" : "not ");
    xfsm_spool_show(s->spool, ds);
    ds_put_format(ds, ", %"PRIu64" refused\n", s->n_refused);
}

static void
get_status(struct xfsm_sink *sink, struct xfsm_sink_status *status)
{
    const struct kafka_sink *s = kafka_sink_cast(sink);

    *status = (struct xfsm_sink_status) {
        .tells_connection = true,
        .connected = s->connected,
        .pending = xfsm_spool_pending(s->spool),
        .spool = *xfsm_spool_stats(s->spool),
    };
}

static void
close_sink(struct xfsm_sink *sink)
{
    struct kafka_sink *s = kafka_sink_cast(sink);

    ovs_mutex_lock(&sink->mutex);
    s->stop = true;
    ovs_mutex_unlock(&sink->mutex);
    pthread_join(s->thread, NULL);
    /* What could not be sent is in the spool. */
    rd_kafka_purge(s->rk, PURGE_ALL);
    rd_kafka_destroy(s->rk);
    xfsm_spool_close(s->spool);
    ovs_mutex_destroy(&sink->mutex);
    free(s);
}

static char *
set_conf(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char error[256];

    if (value && rd_kafka_conf_set(conf, name, value, error, sizeof error)
        != RD_KAFKA_CONF_OK) {
        return xasprintf("Kafka: %s", error);
    }
    return NULL;
}

static char *
open_producer(struct kafka_sink *s)
{
    const struct xfsm_sink_options *o = s->options;
    const bool tls = xfsm_sink_options_have_tls(o);
    char password[XFSM_SINK_PASSWORD_MAX + 1];
    const char *const settings[][2] = {
        { "bootstrap.servers", o->target + strlen(SCHEME) },
        { "client.id", "xfsm-controller" },
        { "enable.idempotence", "true" },
        { "message.timeout.ms", "0" },
        { "linger.ms", "5" },
        { "statistics.interval.ms", STATISTICS_MS },
        { "security.protocol", tls ? o->sasl ? "sasl_ssl" : "ssl"
                               : o->sasl ? "sasl_plaintext" : NULL },
        { "sasl.mechanism", o->sasl },
        { "sasl.username", o->user },
        { "sasl.password", o->user ? password : NULL },
        { "ssl.ca.location", o->ca },
        { "ssl.certificate.location", o->cert },
        { "ssl.key.location", o->key },
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[256];
    char *error = xfsm_sink_read_password(o, password);
    size_t i;

    for (i = 0; !error && i < ARRAY_SIZE(settings); i++) {
        error = set_conf(conf, settings[i][0], settings[i][1]);
    }
    explicit_bzero(password, sizeof password);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered_cb);
    rd_kafka_conf_set_error_cb(conf, error_cb);
    rd_kafka_conf_set_stats_cb(conf, stats_cb);
    rd_kafka_conf_set_log_cb(conf, log_cb);
    rd_kafka_conf_set_opaque(conf, s);
    if (!error) {
        s->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
        if (s->rk) {
            return NULL;
        }
        error = xasprintf("Kafka: %s", text);
    }
    rd_kafka_conf_destroy(conf);
    return error;
}

char *
xfsm_sink_kafka_open(const struct xfsm_sink_options *o,
                     struct xfsm_sink **sinkp)
{
    static const struct xfsm_sink_class class = {
        put, flush, get_spool, NULL, show, get_status, close_sink,
    };
    struct kafka_sink *s = xzalloc(sizeof *s);
    sigset_t all, old;
    char *error;

    s->up.class = &class;
    s->options = o;
    error = xfsm_spool_open(o->spool_dir, o->spool_mib, 0, &s->spool);
    if (!error) {
        error = open_producer(s);
    }
    if (error) {
        xfsm_spool_close(s->spool);
        free(s);
        return error;
    }
    ovs_mutex_init(&s->up.mutex);

    /* Not by ovs_thread_create(), after which no child can be started. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    if (pthread_create(&s->thread, NULL, kafka_main, s)) {
        ovs_abort(errno, "cannot create a thread");
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    *sinkp = &s->up;
    return NULL;
}
