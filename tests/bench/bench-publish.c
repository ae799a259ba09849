/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* A probe that has nothing but events: publishes as fast as it can, through
 * the code that probes use (probe-publish.h).
 *
 *     bench-publish FD COUNT SECONDS TURN ALERTS wait|drop
 *
 * FD is the socket to the hub.  It ends after COUNT events or SECONDS seconds.
 * TURN events are published in a turn, as while one batch of packets is looked
 * at; with "wait" a turn begins when the hub keeps up with those before, with
 * "drop" it goes on whatever becomes of them.  Every ALERTS'th event is an
 * alert (0: none), the others are of label log.
 *
 * When all is sent that was not dropped, one more event tells the hub how many
 * there were.  Prints what became of them as JSON. */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "openvswitch/poll-loop.h"
#include "ovs-plugin/probe-publish.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/program/model.h"

static struct xfsm_publisher publisher;

static void
publish(const char *label)
{
    const struct xfsm_event event = {
        .ts = UINT64_C(1795711356123456789),
        .program = "echo",
        .label = label,
        .text = "port 7",
        .text_len = strlen("port 7"),
    };

    xfsm_publisher_publish(&publisher, &event);
}

/* Waits until the hub has taken everything, but for a batch that its turns
 * leave for the next one. */
static void
wait_for_hub(bool all)
{
    for (;;) {
        xfsm_publisher_run(&publisher);
        if (!xfsm_publisher_count(&publisher)
            || (!all && !publisher.stuck)) {
            break;
        }
        if (publisher.sock < 0) {
            ovs_fatal(0, "the hub is gone");
        }
        xfsm_publisher_wait(&publisher);
        poll_block();
    }
}

static double
cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
            + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

static void
report(long long int start)
{
    const char *separator = "";
    int i;

    printf("{\"events\":%"PRIu64",\"sent\":%"PRIu64",\"seconds\":%.3f,"
           "\"cpu\":%.3f,\"dropped\":{", publisher.seq, publisher.sent,
           (time_usec() - start) / 1e6, cpu_seconds());
    for (i = 0; i < XFSM_PUBLISH_N_LABELS; i++) {
        printf("%s\"%s\":%"PRIu64, separator, xfsm_publish_label_name(i),
               publisher.dropped[i]);
        separator = ",";
    }
    printf("}}\n");
}

int
main(int argc, char *argv[])
{
    const struct xfsm_identity identity = {
        .host = "hv1", .bridge = "br0", .port = "vm1",
        .epoch = time_wall_msec(),
    };
    unsigned long long int count, seconds, turn, alerts, i;
    long long int start;
    bool waits;

    set_program_name(argv[0]);
    if (argc != 7) {
        ovs_fatal(0, "usage: FD COUNT SECONDS TURN ALERTS wait|drop");
    }
    count = strtoull(argv[2], NULL, 10);
    seconds = strtoull(argv[3], NULL, 10);
    turn = strtoull(argv[4], NULL, 10);
    alerts = strtoull(argv[5], NULL, 10);
    waits = !strcmp(argv[6], "wait");
    xfsm_publisher_init(&publisher, &identity, atoi(argv[1]), -1);
    start = time_usec();
    while (publisher.seq < count
           && time_usec() - start < seconds * 1000000) {
        for (i = 0; i < turn && publisher.seq < count; i++) {
            publish(alerts && publisher.seq % alerts == alerts - 1
                    ? XFSM_LABEL_ALERT : XFSM_LABEL_LOG);
        }
        if (waits) {
            wait_for_hub(false);
        } else {
            xfsm_publisher_run(&publisher);
        }
    }
    wait_for_hub(true);
    publish(XFSM_LABEL_LOG);
    wait_for_hub(true);
    report(start);
    xfsm_publisher_destroy(&publisher);
    return 0;
}
