/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* A subscriber that does nothing with events but to count them.
 *
 *     bench-subscribe ENDPOINT TOPIC IDLE_MS
 *
 * It ends when there was no event for IDLE_MS after the first one.  Prints, as
 * JSON, their number and the seconds from the first to the last. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

static double
now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

int
main(int argc, char *argv[])
{
    double first = 0, last = 0;
    uint64_t n = 0;
    void *context, *socket;
    char frame[65536];
    int idle, forever = -1;

    if (argc != 4) {
        fprintf(stderr, "usage: %s ENDPOINT TOPIC IDLE_MS\n", argv[0]);
        return 1;
    }
    context = zmq_ctx_new();
    socket = zmq_socket(context, ZMQ_SUB);
    if (zmq_setsockopt(socket, ZMQ_SUBSCRIBE, argv[2], strlen(argv[2]))
        || zmq_setsockopt(socket, ZMQ_RCVTIMEO, &forever, sizeof forever)
        || zmq_connect(socket, argv[1])) {
        fprintf(stderr, "%s: %s\n", argv[1], zmq_strerror(zmq_errno()));
        return 1;
    }
    idle = atoi(argv[3]);
    while (zmq_recv(socket, frame, sizeof frame, 0) >= 0) {
        if (zmq_recv(socket, frame, sizeof frame, 0) < 0) {
            break;
        }
        if (!n++) {
            first = now();
            zmq_setsockopt(socket, ZMQ_RCVTIMEO, &idle, sizeof idle);
        }
        if (n % 64 == 0) {
            last = now();
        }
    }
    printf("{\"events\":%" PRIu64 ",\"seconds\":%.3f}\n", n, last - first);
    zmq_close(socket);
    zmq_ctx_term(context);
    return 0;
}
