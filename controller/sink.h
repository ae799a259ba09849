/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_SINK_H
#define CONTROLLER_SINK_H 1

/* Where the collector's events go.
 *
 * What --events names says which sink it is:
 *
 *     nothing              standard output
 *     nats://HOST:PORT...  NATS JetStream (sink-nats.c)
 *     kafka://HOST:PORT... Kafka (sink-kafka.c)
 *     a path               a file (sink-file.c)
 *
 * and --events-option=KEY=VALUE sets what XFSM_SINK_OPTIONS lists.
 *
 * A sink takes an event when it is as safe with it as the sink makes it: the
 * file's is with the kernel, a broker's is in a spool on the disk (spool.h).
 * One that has no room for now says so, and the collector waits with it, and
 * leaves what comes after it to the journals of the hubs.
 *
 * Thread-safety: xfsm_sink_put() and xfsm_sink_flush() may be called by
 * several threads at a time, and so may the others except those that open and
 * close. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/spool.h"
#include "openvswitch/thread.h"

struct ds;
struct xfsm_event_view;
struct xfsm_spool;

/* O(ID, NAME, MIN, MAX, DEFAULT, DOC): options that are numbers. */
#define XFSM_SINK_NUMBERS(O) \
    O(ROTATE_MIB, rotate_mib, 0, 1048576, 0, \
      "file: size at which it is rotated; 0: never") \
    O(KEEP, keep, 1, 1000, 10, "file: rotated ones that are kept") \
    O(REPLICAS, replicas, 1, 5, 1, "nats: copies of a stream it makes") \
    O(PARTITIONS, partitions, 1, 1024, 16, "nats: parts of the sources") \
    O(SPOOL_MIB, spool_mib, 1, 2048, 256, "brokers: size of the spool") \
    O(HOLD_S, hold_s, 0, 86400, 600, \
      "nats: seconds that the spool holds an event past its acknowledgement") \
    O(TLS, tls, 0, 1, 0, "brokers: 1: over TLS, as with 'ca' and 'cert', too")

/* O(NAME, DEFAULT, DOC): options that are text. */
#define XFSM_SINK_STRINGS(O) \
    O(stream, "XFSM", "nats: name of the stream") \
    O(prefix, "xfsm", "nats: first part of the subjects") \
    O(topic, "xfsm-events", "kafka: topic") \
    O(creds, NULL, "nats: file of credentials") \
    O(nkey, NULL, "nats: our public key, with 'nkey_seed'") \
    O(nkey_seed, NULL, "nats: file of its seed") \
    O(user, NULL, "brokers: our name, with 'password_file'") \
    O(password_file, NULL, "brokers: file of its password") \
    O(sasl, NULL, "kafka: how it is told, XFSM_SINK_SASL") \
    O(ca, NULL, "brokers: file of certificate authorities") \
    O(cert, NULL, "brokers: file of our certificate") \
    O(key, NULL, "brokers: file of its private key")

/* M(NAME): mechanisms of SASL. */
#define XFSM_SINK_SASL(M) M("PLAIN") M("SCRAM-SHA-256") M("SCRAM-SHA-512")

/* Characters of a password at most. */
#define XFSM_SINK_PASSWORD_MAX 1024

struct xfsm_sink_options {
    char *target;               /* What --events says, or NULL. */
    char *spool_dir;            /* Where the spool is, or NULL. */
#define XFSM_SINK_NUMBER(ID, NAME, MIN, MAX, DEFAULT, DOC) int NAME;
    XFSM_SINK_NUMBERS(XFSM_SINK_NUMBER)
#undef XFSM_SINK_NUMBER
#define XFSM_SINK_STRING(NAME, DEFAULT, DOC) char *NAME;
    XFSM_SINK_STRINGS(XFSM_SINK_STRING)
#undef XFSM_SINK_STRING
};

void xfsm_sink_options_init(struct xfsm_sink_options *);
void xfsm_sink_options_destroy(struct xfsm_sink_options *);

/* Takes "KEY=VALUE", where KEY has hyphens where members have underscores.
 * Returns NULL or an error that the caller frees. */
char *xfsm_sink_options_set(struct xfsm_sink_options *, const char *setting);

/* Checks that what is set goes together, and that files of secrets can be
 * read, and not by everybody.  Returns NULL or an error that the caller
 * frees. */
char *xfsm_sink_options_check(const struct xfsm_sink_options *);

/* True if the broker is to be spoken to over TLS. */
bool xfsm_sink_options_have_tls(const struct xfsm_sink_options *);

/* Reads the password, as the file is now, into 'password', which is empty
 * without such a file.  Returns NULL or an error that the caller frees. */
char *xfsm_sink_read_password(const struct xfsm_sink_options *,
                              char password[XFSM_SINK_PASSWORD_MAX + 1]);

/* True if 'target' needs a folder for its spool. */
bool xfsm_sink_needs_spool(const char *target);

struct xfsm_sink;

/* Of a sink with a broker. */
struct xfsm_sink_status {
    bool tells_connection;      /* Whether it is connected is known: */
    bool connected;
    uint64_t pending;           /* Events that are not acknowledged. */
    struct xfsm_spool_stats spool;
};

/* What a kind of sink does.  Calls come one at a time. */
struct xfsm_sink_class {
    /* Takes an event, 'len' bytes at 'json' that decode to 'view'.  Returns 0;
     * EAGAIN if there is no room for now; or another positive errno if the
     * event is lost, which the sink counts. */
    int (*put)(struct xfsm_sink *, const char *json, size_t len,
               const struct xfsm_event_view *view);

    /* Makes what was taken safe.  Returns 0 or a positive errno. */
    int (*flush)(struct xfsm_sink *);

    /* Returns the spool that is between it and a broker, which all controllers
     * of a fleet share; NULL if it has none. */
    struct xfsm_spool *(*get_spool)(struct xfsm_sink *);

    /* Opens its file again; NULL if it has none.  Returns NULL or an error. */
    char *(*reopen)(struct xfsm_sink *);

    /* Appends a line or more on how it is. */
    void (*show)(struct xfsm_sink *, struct ds *);

    /* Tells how the broker and the spool are; NULL if it has none. */
    void (*get_status)(struct xfsm_sink *, struct xfsm_sink_status *);

    /* Frees it, with its mutex. */
    void (*close)(struct xfsm_sink *);
};

/* A member of each sink. */
struct xfsm_sink {
    const struct xfsm_sink_class *class;
    struct ovs_mutex mutex;     /* Held while one of 'class' but 'close'
                                 * runs. */
};

/* Opens the sink that 'options' name; they must outlive it.  Returns NULL and
 * stores it in '*sinkp', or an error that the caller frees. */
char *xfsm_sink_open(const struct xfsm_sink_options *,
                     struct xfsm_sink **sinkp);

/* Flushes and closes it.  NULL is accepted. */
void xfsm_sink_close(struct xfsm_sink *);

/* As in xfsm_sink_class. */
int xfsm_sink_put(struct xfsm_sink *, const char *json, size_t len,
                  const struct xfsm_event_view *view);
int xfsm_sink_flush(struct xfsm_sink *);

/* Stores the number of the last event that was put, and up to which all are
 * safe with a broker, so that they will be there if this host is not.  Returns
 * false if events go somewhere else. */
bool xfsm_sink_get_safe(struct xfsm_sink *, uint64_t *last, uint64_t *safe);
char *xfsm_sink_reopen(struct xfsm_sink *);
void xfsm_sink_show(struct xfsm_sink *, struct ds *);

/* Stores how broker and spool are.  False if it has none. */
bool xfsm_sink_get_status(struct xfsm_sink *, struct xfsm_sink_status *);

/* The kinds. */
char *xfsm_sink_file_open(const struct xfsm_sink_options *,
                          struct xfsm_sink **sinkp);
#ifdef HAVE_NATS
char *xfsm_sink_nats_open(const struct xfsm_sink_options *,
                          struct xfsm_sink **sinkp);
#endif
#ifdef HAVE_KAFKA
char *xfsm_sink_kafka_open(const struct xfsm_sink_options *,
                           struct xfsm_sink **sinkp);
#endif

#endif /* controller/sink.h */
