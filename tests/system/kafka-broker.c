/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* A Kafka of one broker, of those that librdkafka has to test with, and a
 * consumer.
 *
 * Prints the broker's address, and then a line for each message of the topic
 * xfsm-events: key, header xfsm-id and body, tabs between.  Reads commands,
 * one a line: "down" and "up" take the broker away and bring it back.  Ends
 * with its input. */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#define TOPIC "xfsm-events"
#define PARTITIONS 4

static void
fail(const char *what)
{
    fprintf(stderr, "kafka-broker: %s\n", what);
    exit(1);
}

static rd_kafka_t *
create(rd_kafka_type_t type, const char *servers)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char error[256];
    rd_kafka_t *rk;

    if (servers
        && (rd_kafka_conf_set(conf, "bootstrap.servers", servers, error,
                              sizeof error)
            || rd_kafka_conf_set(conf, "group.id", "test", error,
                                 sizeof error))) {
        fail(error);
    }
    rk = rd_kafka_new(type, conf, error, sizeof error);
    if (!rk) {
        fail(error);
    }
    return rk;
}

static rd_kafka_t *
create_consumer(const char *servers)
{
    rd_kafka_t *rk = create(RD_KAFKA_CONSUMER, servers);
    rd_kafka_topic_partition_list_t *list
        = rd_kafka_topic_partition_list_new(PARTITIONS);
    int i;

    for (i = 0; i < PARTITIONS; i++) {
        rd_kafka_topic_partition_list_add(list, TOPIC, i)->offset
            = RD_KAFKA_OFFSET_BEGINNING;
    }
    if (rd_kafka_assign(rk, list)) {
        fail("cannot assign partitions");
    }
    rd_kafka_topic_partition_list_destroy(list);
    return rk;
}

static void
print_message(const rd_kafka_message_t *m)
{
    rd_kafka_headers_t *headers;
    const void *id = "";
    size_t size = 0;

    if (!rd_kafka_message_headers(m, &headers)) {
        rd_kafka_header_get_last(headers, "xfsm-id", &id, &size);
    }
    printf("%.*s\t%.*s\t%.*s\n", (int) m->key_len, (const char *) m->key,
           (int) size, (const char *) id, (int) m->len,
           (const char *) m->payload);
    fflush(stdout);
}

/* Obeys a command, if there is one.  Returns false at the end. */
static int
obey(rd_kafka_mock_cluster_t *cluster)
{
    struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
    char line[16];
    ssize_t n;

    if (poll(&p, 1, 0) <= 0) {
        return 1;
    }
    n = read(STDIN_FILENO, line, sizeof line - 1);
    if (n <= 0) {
        return 0;
    }
    line[n] = '\0';
    if (!strcmp(line, "down\n")) {
        rd_kafka_mock_broker_set_down(cluster, 1);
    } else if (!strcmp(line, "up\n")) {
        rd_kafka_mock_broker_set_up(cluster, 1);
    }
    return 1;
}

int
main(void)
{
    rd_kafka_t *host = create(RD_KAFKA_PRODUCER, NULL);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(host, 1);
    rd_kafka_t *consumer;

    if (!cluster || rd_kafka_mock_topic_create(cluster, TOPIC, PARTITIONS,
                                               1)) {
        fail("no cluster");
    }
    printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
    fflush(stdout);
    consumer = create_consumer(rd_kafka_mock_cluster_bootstraps(cluster));
    while (obey(cluster)) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(consumer, 50);

        if (m && !m->err) {
            print_message(m);
        }
        if (m) {
            rd_kafka_message_destroy(m);
        }
    }
    rd_kafka_destroy(consumer);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
    return 0;
}
