/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Many hubs in one process, for collectors: each has a socket for events and
 * one for questions, as hub-replay.h has them, a heartbeat a second for its
 * one probe, and a journal of the alerts that it published.
 *
 *     bench-hubs FOLDER COUNT
 *
 * They are hub 0 to COUNT - 1 at ipc://FOLDER/N, of the hosts "hN".  Commands
 * come in lines, and each is answered by one:
 *
 *     send EVENTS RATE [LABEL]
 *         publishes so many events, each hub in its turn, at so many a second
 *         (0: as fast as it can); says the seconds that took
 *     stats
 *         says how many questions were asked, and how many events answered
 *
 * Ends with its input.  Events of label "log" are in no journal, as those of
 * real hubs. */

#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "xfsm/io/clock.h"
#include "xfsm/io/event-decode.h"
#include "xfsm/io/zmq-socket.h"

#define HEARTBEAT_MS 1000

/* Events in an answer, as of a real hub. */
#define REPLY_EVENTS 256

/* Events that are published before anything else has its turn. */
#define TURN 64

/* An alert of a hub's journal. */
struct record {
    uint64_t seq;
    uint64_t ms;
};

struct hub {
    void *pub;
    void *router;
    uint64_t seq;
    struct record *journal;
    size_t n, allocated;
};

static struct hub *hubs;
static size_t n_hubs;
static uint64_t epoch;
static uint64_t n_questions, n_answered;

static void
die(const char *what)
{
    fprintf(stderr, "bench-hubs: %s: %s\n", what, zmq_strerror(zmq_errno()));
    exit(1);
}

static uint64_t
wall_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}

/* Writes a time as events have it. */
static void
put_time(char text[32], uint64_t ms)
{
    time_t seconds = (time_t) (ms / 1000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(text, 24, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + strlen(text), 8, ".%03uZ", (unsigned int) (ms % 1000));
}

static int
put_event(char *body, size_t size, size_t i, const char *label, uint64_t seq,
          uint64_t ms)
{
    char time[32];

    put_time(time, ms);
    return snprintf(body, size, "{\"v\":1,\"time\":\"%s\",\"label\":\"%s\","
                    "\"program\":\"echo\",\"host\":\"h%zu\",\"bridge\":"
                    "\"br0\",\"port\":\"vm1\",\"epoch\":%"PRIu64",\"seq\":%"
                    PRIu64",\"key\":{\"ip_src\":\"10.0.%u.%u\"},\"text\":"
                    "\"port 7\"}", time, label, i, epoch, seq,
                    (unsigned int) (seq / 251 % 251),
                    (unsigned int) (seq % 251));
}

/* ## Events ## */

static void
remember(struct hub *hub, uint64_t seq, uint64_t ms)
{
    if (hub->n == hub->allocated) {
        hub->allocated = hub->allocated ? 2 * hub->allocated : 16;
        hub->journal = realloc(hub->journal,
                               hub->allocated * sizeof *hub->journal);
        if (!hub->journal) {
            abort();
        }
    }
    hub->journal[hub->n++] = (struct record) { seq, ms };
}

static void
publish(size_t i, const char *label)
{
    struct hub *hub = &hubs[i];
    uint64_t ms = wall_ms();
    char topic[64], body[512];
    int topic_len = snprintf(topic, sizeof topic, "%s/echo/br0/vm1", label);
    int len = put_event(body, sizeof body, i, label, ++hub->seq, ms);

    if (!strcmp(label, "alert")) {
        remember(hub, hub->seq, ms);
    }
    zmq_send(hub->pub, topic, (size_t) topic_len, ZMQ_SNDMORE);
    zmq_send(hub->pub, body, (size_t) len, 0);
}

static void
publish_heartbeat(size_t i)
{
    static const char topic[] = "heartbeat//br0/vm1";
    char body[512], time[32];
    int len;

    put_time(time, wall_ms());
    len = snprintf(body, sizeof body, "{\"v\":1,\"time\":\"%s\",\"label\":"
                   "\"heartbeat\",\"host\":\"h%zu\",\"bridge\":\"br0\","
                   "\"port\":\"vm1\",\"epoch\":%"PRIu64",\"last_seq\":%"PRIu64
                   ",\"state\":\"running\",\"events\":%"PRIu64",\"lost\":0,"
                   "\"suppressed\":0,\"topics\":{}}", time, i, epoch,
                   hubs[i].seq, hubs[i].seq);
    zmq_send(hubs[i].pub, topic, strlen(topic), ZMQ_SNDMORE);
    zmq_send(hubs[i].pub, body, (size_t) len, 0);
}

/* ## Questions ## */

static bool
is_asked_for(const struct xfsm_event_view *q, const struct record *r)
{
    return (q->has_since ? r->ms >= q->since
            : q->epoch == epoch && r->seq >= q->from && r->seq <= q->to);
}

/* Answers with the records from number 'after' on. */
static void
answer(size_t i, const char *client, size_t client_len,
       const struct xfsm_event_view *q)
{
    const struct hub *hub = &hubs[i];
    size_t found[REPLY_EVENTS];
    size_t n = 0, next = 0, j;
    char text[512];
    int len;

    for (j = (size_t) q->after; j < hub->n; j++) {
        if (!is_asked_for(q, &hub->journal[j])) {
            continue;
        } else if (n == REPLY_EVENTS) {
            next = j;
            break;
        }
        found[n++] = j;
    }
    len = snprintf(text, sizeof text, "{\"v\":1,\"id\":%"PRIu64",\"count\":"
                   "%zu,\"next\":%zu}", q->id, n, next);
    zmq_send(hub->router, client, client_len, ZMQ_SNDMORE);
    zmq_send(hub->router, text, (size_t) len, n ? ZMQ_SNDMORE : 0);
    for (j = 0; j < n; j++) {
        const struct record *r = &hub->journal[found[j]];

        zmq_send(hub->router, "alert/echo/br0/vm1", 18, ZMQ_SNDMORE);
        len = put_event(text, sizeof text, i, "alert", r->seq, r->ms);
        zmq_send(hub->router, text, (size_t) len,
                 j + 1 < n ? ZMQ_SNDMORE : 0);
    }
    n_questions++;
    n_answered += n;
}

static void
answer_all(size_t i)
{
    char client[256], question[1024];
    int client_len, len;

    while ((client_len = zmq_recv(hubs[i].router, client, sizeof client,
                                  ZMQ_DONTWAIT)) >= 0) {
        struct xfsm_event_view view;

        len = zmq_recv(hubs[i].router, question, sizeof question,
                       ZMQ_DONTWAIT);
        if (len > 0 && len < (int) sizeof question
            && xfsm_event_decode(question, (size_t) len, &view)) {
            answer(i, client, (size_t) client_len, &view);
        }
    }
}

/* ## Main loop ## */

static void
bind_hub(void *context, const char *folder, size_t i, int epoll_fd)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = i };
    struct hub *hub = &hubs[i];
    char endpoint[256];
    int no = 0;

    if (xfsm_zmq_socket(context, ZMQ_PUB, NULL, &hub->pub)
        || xfsm_zmq_socket(context, ZMQ_ROUTER, NULL, &hub->router)) {
        die("socket");
    }
    /* What matters here is what the collector takes. */
    zmq_setsockopt(hub->pub, ZMQ_SNDHWM, &no, sizeof no);
    snprintf(endpoint, sizeof endpoint, "ipc://%s/%zu", folder, i);
    if (zmq_bind(hub->pub, endpoint)) {
        die(endpoint);
    }
    strcat(endpoint, ".replay");
    if (zmq_bind(hub->router, endpoint)) {
        die(endpoint);
    }
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, xfsm_zmq_fd(hub->router), &event);
    answer_all(i);
}

/* Answers what was asked, and publishes the heartbeats that are due, evenly
 * over a second.  Waits up to 'ms' for something to do; returns true if there
 * is a command. */
static bool
run(int epoll_fd, int ms)
{
    static size_t next;
    static int64_t start;
    struct epoll_event events[64];
    bool command = false;
    int n, i;

    if (!start) {
        start = xfsm_now_ms();
    }
    while (next < (size_t) (xfsm_now_ms() - start) * n_hubs / HEARTBEAT_MS) {
        publish_heartbeat(next++ % n_hubs);
    }
    n = epoll_wait(epoll_fd, events, 64, ms);
    for (i = 0; i < n; i++) {
        if (events[i].data.u64 < n_hubs) {
            answer_all((size_t) events[i].data.u64);
        } else {
            command = true;
        }
    }
    return command;
}

static void
send_events(int epoll_fd, uint64_t n, uint64_t rate, const char *label)
{
    int64_t start = xfsm_now_ms();
    uint64_t i;

    for (i = 0; i < n; ) {
        uint64_t now = (uint64_t) (xfsm_now_ms() - start);
        uint64_t end = rate ? now * rate / 1000 : n;
        int j;

        for (j = 0; i < n && i < end && j < TURN; j++) {
            publish((size_t) (i++ % n_hubs), label);
        }
        run(epoll_fd, rate && i >= end ? 1 : 0);
    }
    printf("%.3f\n", (double) (xfsm_now_ms() - start) / 1000);
}

/* Returns false at the end of the input. */
static bool
take_command(int epoll_fd)
{
    char line[128], label[32] = "alert";
    uint64_t n, rate;

    if (!fgets(line, sizeof line, stdin)) {
        return false;
    }
    if (sscanf(line, "send %"SCNu64" %"SCNu64" %31s", &n, &rate, label)
        >= 2) {
        send_events(epoll_fd, n, rate, label);
    } else {
        printf("%"PRIu64" %"PRIu64"\n", n_questions, n_answered);
    }
    fflush(stdout);
    return true;
}

int
main(int argc, char *argv[])
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = UINT64_MAX };
    struct rlimit limit;
    int epoll_fd = epoll_create1(0);
    bool more = true;
    void *context;
    size_t i;

    if (argc != 3) {
        fprintf(stderr, "usage: %s FOLDER COUNT\n", argv[0]);
        return 1;
    }
    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    n_hubs = strtoul(argv[2], NULL, 10);
    hubs = calloc(n_hubs, sizeof *hubs);
    epoch = wall_ms();
    context = zmq_ctx_new();
    zmq_ctx_set(context, ZMQ_MAX_SOCKETS, (int) (2 * n_hubs + 16));
    for (i = 0; i < n_hubs; i++) {
        bind_hub(context, argv[1], i, epoll_fd);
    }
    setvbuf(stdin, NULL, _IONBF, 0);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &event);
    printf("ready\n");
    fflush(stdout);
    while (more) {
        more = !run(epoll_fd, 20) || take_command(epoll_fd);
    }
    return 0;
}
