/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/sink.h"

#include <errno.h>
#include <inttypes.h>
#include <nats/nats.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controller/event-name.h"
#include "controller/spool.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "util.h"
#include "xfsm/io/clock.h"
#include "xfsm/io/event-decode.h"

/* NATS JetStream.
 *
 * Events go into the spool, and from there, in a thread of our own, to the
 * stream, asynchronously.  An event is sent until the stream has acknowledged
 * it: after an error, a silence of STALL_MS or a lost connection, from the
 * first one on that is not acknowledged; after a lost connection and at the
 * start, from the first one that the spool holds, as the servers may have lost
 * power.  Each is sent under its name (event-name.h), so the stream drops what
 * it has already.
 *
 * The header SPOOL_HEADER of a message tells by which connection it was sent,
 * and its number in the spool. */

VLOG_DEFINE_THIS_MODULE(sink_nats);

#define SPOOL_HEADER "Xfsm-Spool"

#define CONNECT_MS 2000
#define RETRY_MS 250
#define RETRY_MAX_MS 1000     /* After several refusals in a row. */
#define STALL_MS 5000
#define IDLE_MS 100

/* A stream that we make keeps events that long, and knows the names of those
 * that came that long before, besides the time that the spool holds them. */
#define MAX_AGE_S (7 * 86400)
#define OUTAGE_S 3000

/* Events that are taken from the spool, and sent, at a time. */
#define BATCH 64

#define NS(SECONDS) ((int64_t) (SECONDS) * 1000000000)

struct nats_sink {
    struct xfsm_sink up;        /* Its mutex guards what follows. */
    const struct xfsm_sink_options *options;
    struct xfsm_spool *spool;
    pthread_t thread;
    pthread_cond_t cond;        /* There is something to do. */
    bool stop;
    bool closed;                /* The connection was lost. */
    bool trouble;               /* The stream refused an event. */
    unsigned int generation;    /* Of the messages that are on their way. */
    int64_t progress;           /* When the last acknowledgement came. */
    int retry_ms;               /* How long to wait after a refusal. */
    bool connected;
    uint64_t n_connected;       /* Times. */
    uint64_t n_refused;         /* Acknowledgements that were none. */

    natsConnection *nc;         /* Changed by the thread only. */

    /* Of the thread. */
    jsCtx *js;
    char detail[256];           /* Of the error of the last connection. */
};

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

static struct nats_sink *
nats_sink_cast(struct xfsm_sink *sink)
{
    return CONTAINER_OF(sink, struct nats_sink, up);
}

/* ## Called by threads of the NATS library ## */

static void
closed_cb(natsConnection *nc, void *s_)
{
    struct nats_sink *s = s_;

    ovs_mutex_lock(&s->up.mutex);
    if (nc == s->nc) {
        s->closed = true;
        pthread_cond_signal(&s->cond);
    }
    ovs_mutex_unlock(&s->up.mutex);
}

static void
ack_cb(jsCtx *js OVS_UNUSED, natsMsg *msg, jsPubAck *ack,
       jsPubAckErr *refusal, void *s_)
{
    struct nats_sink *s = s_;
    unsigned int generation;
    const char *header;
    uint64_t number;

    ovs_mutex_lock(&s->up.mutex);
    if (natsMsgHeader_Get(msg, SPOOL_HEADER, &header) == NATS_OK
        && sscanf(header, "%u %"SCNu64, &generation, &number) == 2
        && generation == s->generation) {
        if (ack) {
            xfsm_spool_acknowledge(s->spool, number);
            s->progress = xfsm_now_ms();
            s->retry_ms = RETRY_MS;
        } else {
            VLOG_WARN_RL(&rl, "the stream does not take an event (%s)",
                         refusal && refusal->ErrText ? refusal->ErrText
                         : natsStatus_GetText(refusal ? refusal->Err
                                              : NATS_ERR));
            s->n_refused++;
            s->trouble = true;
        }
        pthread_cond_signal(&s->cond);
    }
    ovs_mutex_unlock(&s->up.mutex);
    natsMsg_Destroy(msg);
}

/* ## Connecting ## */

static natsStatus
set_servers(natsOptions *no, const char *target)
{
    const char *servers[64];
    char *copy = xstrdup(target);
    char *save = NULL;
    natsStatus status;
    char *server;
    int n = 0;

    for (server = strtok_r(copy, ",", &save);
         server && n < ARRAY_SIZE(servers);
         server = strtok_r(NULL, ",", &save)) {
        servers[n++] = server;
    }
    status = natsOptions_SetServers(no, servers, n);
    free(copy);
    return status;
}

/* Tells who we are.  Files are read for each connection, so that what is
 * mended there takes effect. */
static natsStatus
set_identity(struct nats_sink *s, natsOptions *no)
{
    const struct xfsm_sink_options *o = s->options;
    char password[XFSM_SINK_PASSWORD_MAX + 1];
    natsStatus status;
    char *error;

    if (o->creds) {
        return natsOptions_SetUserCredentialsFromFiles(no, o->creds, NULL);
    } else if (o->nkey) {
        return natsOptions_SetNKeyFromSeed(no, o->nkey, o->nkey_seed);
    } else if (!o->user) {
        return NATS_OK;
    }
    error = xfsm_sink_read_password(o, password);
    if (error) {
        VLOG_WARN_RL(&rl, "%s", error);
        free(error);
        return NATS_INVALID_ARG;
    }
    status = natsOptions_SetUserInfo(no, o->user, password);
    explicit_bzero(password, sizeof password);
    return status;
}

static natsStatus
set_options(struct nats_sink *s, natsOptions *no)
{
    const struct xfsm_sink_options *o = s->options;
    natsStatus status = set_servers(no, o->target);

    if (status == NATS_OK) {
        status = natsOptions_SetAllowReconnect(no, false);
    }
    if (status == NATS_OK) {
        status = natsOptions_SetTimeout(no, CONNECT_MS);
    }
    if (status == NATS_OK) {
        status = natsOptions_SetClosedCB(no, closed_cb, s);
    }
    if (status == NATS_OK) {
        status = set_identity(s, no);
    }
    if (status == NATS_OK && xfsm_sink_options_have_tls(o)) {
        status = natsOptions_SetSecure(no, true);
    }
    if (status == NATS_OK && o->ca) {
        status = natsOptions_LoadCATrustedCertificates(no, o->ca);
    }
    if (status == NATS_OK && o->cert) {
        status = natsOptions_LoadCertificatesChain(no, o->cert, o->key);
    }
    return status;
}

static natsStatus
add_stream(struct nats_sink *s)
{
    char *subject = xasprintf("%s.>", s->options->prefix);
    const char *subjects[] = { subject };
    jsErrCode code = 0;
    natsStatus status;
    jsStreamConfig c;

    jsStreamConfig_Init(&c);
    c.Name = s->options->stream;
    c.Description = "Events of ovs-xfsm";
    c.Subjects = subjects;
    c.SubjectsLen = 1;
    c.Replicas = s->options->replicas;
    c.MaxAge = NS(MAX_AGE_S);
    c.Duplicates = NS(s->options->hold_s + OUTAGE_S);
    status = js_AddStream(NULL, s->js, &c, NULL, &code);
    free(subject);
    if (status == NATS_OK) {
        VLOG_INFO("made the stream %s", s->options->stream);
    } else if (status == NATS_ERR && code) {
        VLOG_WARN_RL(&rl, "cannot make the stream %s (error %d)",
                     s->options->stream, (int) code);
    }
    return status;
}

/* Makes the stream, if it is not there. */
static natsStatus
check_stream(struct nats_sink *s)
{
    jsStreamInfo *info = NULL;
    natsStatus status = js_GetStreamInfo(&info, s->js, s->options->stream,
                                         NULL, NULL);

    if (status == NATS_NOT_FOUND) {
        return add_stream(s);
    } else if (status == NATS_OK) {
        if (info->Config->Duplicates < NS(s->options->hold_s)) {
            VLOG_WARN_RL(&rl, "the stream %s knows repetitions for %"PRId64
                         " s, and the spool holds events for %d s",
                         s->options->stream,
                         info->Config->Duplicates / NS(1),
                         s->options->hold_s);
        }
        jsStreamInfo_Destroy(info);
    }
    return status;
}

static natsStatus
open_connection(struct nats_sink *s)
{
    natsOptions *no = NULL;
    natsConnection *nc = NULL;
    natsStatus status = natsOptions_Create(&no);
    jsOptions jo;

    if (status == NATS_OK) {
        status = set_options(s, no);
    }
    s->detail[0] = '\0';
    if (status == NATS_OK) {
        status = natsConnection_Connect(&nc, no);
        if (status != NATS_OK) {
            const char *detail = nats_GetLastError(NULL);

            ovs_strlcpy(s->detail, detail ? detail : "", sizeof s->detail);
        }
    }
    natsOptions_Destroy(no);
    ovs_mutex_lock(&s->up.mutex);
    s->nc = nc;
    ovs_mutex_unlock(&s->up.mutex);
    if (status == NATS_OK) {
        jsOptions_Init(&jo);
        jo.Wait = CONNECT_MS;
        jo.PublishAsync.MaxPending = 2 * XFSM_SPOOL_WINDOW;
        jo.PublishAsync.AckHandler = ack_cb;
        jo.PublishAsync.AckHandlerClosure = s;
        status = natsConnection_JetStream(&s->js, s->nc, &jo);
    }
    return status == NATS_OK ? check_stream(s) : status;
}

static void
close_connection(struct nats_sink *s)
{
    natsConnection *nc = s->nc;

    ovs_mutex_lock(&s->up.mutex);
    s->nc = NULL;
    ovs_mutex_unlock(&s->up.mutex);
    jsCtx_Destroy(s->js);
    natsConnection_Destroy(nc);
    s->js = NULL;
}

/* ## Sending ## */

/* Waits until there may be something to do; the mutex is held. */
static void
wait_for(struct nats_sink *s, int ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += ms * 1000000L;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&s->cond, &s->up.mutex.lock, &t);
}

/* Waits that long, unless it is to end; the mutex is held. */
static void
pause_for(struct nats_sink *s, int ms)
{
    int64_t until = xfsm_now_ms() + ms;
    int64_t left;

    while (!s->stop && (left = until - xfsm_now_ms()) > 0) {
        wait_for(s, (int) left);
    }
}

/* One of those that are sent at a time. */
struct batch {
    uint64_t number;
    char *json;
    size_t len;
};

static natsStatus
send_event(struct nats_sink *s, unsigned int generation, uint64_t number,
           const char *json, size_t len)
{
    char subject[XFSM_EVENT_NAME_SIZE], name[XFSM_EVENT_NAME_SIZE] = "";
    struct xfsm_event_view view;
    jsPubOptions options;
    natsMsg *msg = NULL;
    natsStatus status;
    char header[64];

    if (!xfsm_event_decode(json, len, &view)) {
        memset(&view, 0, sizeof view);  /* The spool is what it is. */
    }
    xfsm_event_name(&view, name);
    xfsm_event_subject(&view, s->options->prefix, s->options->partitions,
                       subject);
    snprintf(header, sizeof header, "%u %"PRIu64, generation, number);
    status = natsMsg_Create(&msg, subject, NULL, json, (int) len);
    if (status == NATS_OK) {
        status = natsMsgHeader_Set(msg, SPOOL_HEADER, header);
    }
    if (status == NATS_OK) {
        jsPubOptions_Init(&options);
        options.MsgId = name[0] ? name : NULL;
        status = js_PublishMsgAsync(s->js, &msg, &options);
    }
    natsMsg_Destroy(msg);
    return status;
}

/* Takes events from the spool, as many as are sent at a time.  Returns their
 * number. */
static int
take_batch(struct nats_sink *s, struct batch batch[BATCH])
{
    const char *json;
    int n = 0;

    while (n < BATCH && xfsm_spool_next(s->spool, &batch[n].number, &json,
                                        &batch[n].len)) {
        batch[n].json = xmemdup0(json, batch[n].len);
        n++;
    }
    return n;
}

/* Sends them without the mutex, which is held. */
static void
send_batch(struct nats_sink *s, struct batch batch[], int n)
{
    unsigned int generation = s->generation;
    natsStatus status = NATS_OK;
    int i;

    ovs_mutex_unlock(&s->up.mutex);
    for (i = 0; i < n; i++) {
        if (status == NATS_OK) {
            status = send_event(s, generation, batch[i].number,
                                batch[i].json, batch[i].len);
        }
        free(batch[i].json);
    }
    ovs_mutex_lock(&s->up.mutex);
    if (status != NATS_OK) {
        VLOG_WARN_RL(&rl, "cannot send an event (%s)",
                     natsStatus_GetText(status));
        s->closed = true;
    }
}

/* Sends until something is wrong; the mutex is held. */
static void
send_events(struct nats_sink *s)
{
    s->progress = xfsm_now_ms();
    while (!s->stop && !s->closed && !s->trouble) {
        struct batch batch[BATCH];
        int n;

        xfsm_spool_run(s->spool);
        n = take_batch(s, batch);
        if (n) {
            send_batch(s, batch, n);
        } else if (!xfsm_spool_pending(s->spool)) {
            s->progress = xfsm_now_ms();
            wait_for(s, IDLE_MS);
        } else if (xfsm_now_ms() - s->progress > STALL_MS) {
            VLOG_WARN_RL(&rl, "the stream does not acknowledge events");
            s->closed = true;
        } else {
            wait_for(s, IDLE_MS);
        }
    }
}

/* One connection, from its beginning to its end; the mutex is held. */
static void
run_connection(struct nats_sink *s)
{
    natsStatus status;

    s->closed = s->trouble = false;
    ovs_mutex_unlock(&s->up.mutex);
    status = open_connection(s);
    ovs_mutex_lock(&s->up.mutex);
    if (status != NATS_OK) {
        VLOG_WARN_RL(&rl, "%s: cannot connect (%s%s%s)", s->options->target,
                     natsStatus_GetText(status), s->detail[0] ? ": " : "",
                     s->detail);
    } else {
        VLOG_INFO("connected to the stream %s", s->options->stream);
        s->n_connected++;
        s->connected = true;
        xfsm_spool_rewind(s->spool, true);
        while (!s->stop && !s->closed) {
            s->generation++;
            send_events(s);
            if (s->trouble && !s->stop && !s->closed) {
                s->generation++;        /* What was sent is void. */
                pause_for(s, s->retry_ms);
                s->retry_ms = MIN(s->retry_ms * 2, RETRY_MAX_MS);
                s->trouble = false;
                xfsm_spool_rewind(s->spool, false);
            }
        }
        s->connected = false;
        s->generation++;
    }
    ovs_mutex_unlock(&s->up.mutex);
    close_connection(s);
    ovs_mutex_lock(&s->up.mutex);
}

static void *
nats_main(void *s_)
{
    struct nats_sink *s = s_;

    ovs_mutex_lock(&s->up.mutex);
    while (!s->stop) {
        run_connection(s);
        xfsm_spool_run(s->spool);
        pause_for(s, RETRY_MS);
    }
    ovs_mutex_unlock(&s->up.mutex);
    return NULL;
}

/* ## The sink ## */

static int
put(struct xfsm_sink *sink, const char *json, size_t len,
    const struct xfsm_event_view *view)
{
    struct nats_sink *s = nats_sink_cast(sink);
    int error = xfsm_spool_put(s->spool, json, len, view);

    pthread_cond_signal(&s->cond);
    return error;
}

static int
flush(struct xfsm_sink *sink)
{
    xfsm_spool_sync(nats_sink_cast(sink)->spool);
    return 0;
}

static struct xfsm_spool *
get_spool(struct xfsm_sink *sink)
{
    return nats_sink_cast(sink)->spool;
}

static void
show(struct xfsm_sink *sink, struct ds *ds)
{
    const struct nats_sink *s = nats_sink_cast(sink);

    ds_put_format(ds, "events: stream %s: %sconnected, %"PRIu64" times; ",
                  s->options->stream, s->connected ? "" : "not ",
                  s->n_connected);
    xfsm_spool_show(s->spool, ds);
    ds_put_format(ds, ", %"PRIu64" refused\n", s->n_refused);
}

static void
get_status(struct xfsm_sink *sink, struct xfsm_sink_status *status)
{
    const struct nats_sink *s = nats_sink_cast(sink);

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
    struct nats_sink *s = nats_sink_cast(sink);

    ovs_mutex_lock(&sink->mutex);
    s->stop = true;
    pthread_cond_signal(&s->cond);
    ovs_mutex_unlock(&sink->mutex);
    pthread_join(s->thread, NULL);
    /* No callback comes after this. */
    nats_CloseAndWait(CONNECT_MS);
    xfsm_spool_close(s->spool);
    pthread_cond_destroy(&s->cond);
    ovs_mutex_destroy(&sink->mutex);
    free(s);
}

char *
xfsm_sink_nats_open(const struct xfsm_sink_options *o,
                    struct xfsm_sink **sinkp)
{
    static const struct xfsm_sink_class class = {
        put, flush, get_spool, NULL, show, get_status, close_sink,
    };
    struct xfsm_spool *spool;
    pthread_condattr_t attr;
    struct nats_sink *s;
    sigset_t all, old;
    char *error = xfsm_spool_open(o->spool_dir, o->spool_mib,
                                  (uint64_t) o->hold_s * 1000, &spool);

    if (error) {
        return error;
    }
    s = xzalloc(sizeof *s);
    s->up.class = &class;
    ovs_mutex_init(&s->up.mutex);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->cond, &attr);
    pthread_condattr_destroy(&attr);
    s->options = o;
    s->spool = spool;
    s->retry_ms = RETRY_MS;

    /* Not by ovs_thread_create(), after which no child can be started. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    if (pthread_create(&s->thread, NULL, nats_main, s)) {
        ovs_abort(errno, "cannot create a thread");
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    *sinkp = &s->up;
    return NULL;
}
