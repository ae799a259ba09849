/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Packets between a probe and its hub (xfsm/io/message-decode.h).
 *
 * Input: a packet: an event or message, or, where it begins with a null byte,
 * the topics that a probe hears, or, with a one, a batch (event-batch.h), of
 * which each event is taken as a message.  A message is given to an engine
 * whose program hears it and publishes its texts and fields.
 *
 * Required: a batch that was read, written again, is the same bytes; topics
 * that were read, written again, are the same bytes, and each one that is
 * sorted out is covered by one that is left; texts of a message are
 * terminated, in its memory and without a null byte, its fields of the length
 * they say; machine code and interpreter publish the same. */

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "xfsm/engine.h"
#include "xfsm/io/event-batch.h"
#include "xfsm/io/message-decode.h"
#include "xfsm/program/compile.h"

#define HEARS(TOPIC, KEY, TEXT) \
    "<event type='message' topic='" TOPIC "' primary-key='" KEY "'>" \
    "<state id='s'><use-metric id='n' vd_update='" KEY "-msg_host' " \
    "vm_update='" KEY "'/><condition expression='true' " \
    "action='Publish(heard, %times " TEXT ");last(msg_host) = msg_hops'/>" \
    "</state></event>"

static const char program[] =
    "<xfsm name='ear'><statedef id='s'/>"
    "<metric name='n'><variation_detector status='on' size='6'/>"
    "<variation_monitor status='on' type='dleft' size='4'/></metric>"
    "<table name='last' type='DLeft' key_type='' value_type='int' "
    "nhash='2' shash='3'/>"
    "<feature name='times' body='n'/>"
    HEARS("alert", "ip_src", "%ip_src %ip_dst %src_port %proto %eth_src %ts")
    HEARS("log", "msg_port", "%msg_label %msg_program %msg_host %msg_bridge "
          "%msg_state %msg_hops")
    HEARS("raw", "http_host-domain_name", "%http_url %http_method")
    "</xfsm>";

static void
check_wants(const uint8_t *data, size_t len)
{
    static uint8_t out[XFSM_WANTS_SIZE];
    const char *topics[XFSM_WANTS_MAX], *kept[XFSM_WANTS_MAX];
    size_t i, j, n, n_kept;

    if (!xfsm_wants_decode(data, len, topics, &n)) {
        return;
    }
    fuzz_require(n <= XFSM_WANTS_MAX, "there are not too many topics");
    fuzz_require(xfsm_wants_encode(topics, n, out) == len
                 && !memcmp(out, data, len), "the same topics come out");
    memcpy(kept, topics, sizeof kept);
    n_kept = xfsm_wants_reduce(kept, n);
    for (i = 0; i < n; i++) {
        bool covered = false;

        for (j = 0; j < n_kept; j++) {
            covered |= xfsm_want_fits(kept[j], topics[i], strlen(topics[i]));
        }
        fuzz_require(covered, "no topic is left out");
    }
}

static void
check_name(const struct xfsm_letter *letter, const char *name)
{
    fuzz_require(!*name || (name >= letter->text
                            && name + strlen(name)
                               < letter->text + letter->used),
                 "a name lies in the letter");
}

static void
check_letter(const struct xfsm_letter *letter)
{
    const struct xfsm_message *message = &letter->message;

    fuzz_require(letter->used <= sizeof letter->text
                 && *message->label && *message->program
                 && message->hops <= XFSM_MESSAGE_HOPS, "a letter is whole");
    check_name(letter, message->label);
    check_name(letter, message->program);
    check_name(letter, message->state);
    check_name(letter, message->host);
    check_name(letter, message->bridge);
    check_name(letter, message->port);
    for (size_t i = 0; i < message->n_fields; i++) {
        const struct xfsm_message_field *field = &message->fields[i];

        fuzz_touch(field->name, field->name_len);
        fuzz_require(field->value >= letter->text
                     && field->value + field->len
                        < letter->text + letter->used,
                     "a value lies in the letter");
    }
}

static void
digest_event(const struct xfsm_event *event, void *digest_)
{
    uint64_t *digest = digest_;

    for (size_t i = 0; i < event->text_len; i++) {
        *digest = (*digest ^ (uint8_t) event->text[i])
                  * UINT64_C(0x100000001b3);
    }
}

/* Returns a digest of what a program publishes that hears the message. */
static uint64_t
run(const struct xfsm_message *message, enum xfsm_backend backend)
{
    static void *image;
    static size_t image_len;
    uint64_t digest = 1;
    const struct xfsm_engine_options options = {
        .identity = { .host = "h", .bridge = "b", .port = "p" },
        .emit = digest_event, .aux = &digest, .backend = backend,
    };
    struct xfsm_engine *engine;
    struct xfsm_diags diags;

    if (!image) {
        xfsm_diags_init(&diags, "fixed program");
        if (!xfsm_compile_xml(program, strlen(program), "fixed", &diags,
                              &image, &image_len)) {
            fuzz_require(false, xfsm_diags_format(&diags, XFSM_DIAG_ERROR));
        }
        xfsm_diags_destroy(&diags);
    }
    fuzz_require(!xfsm_engine_create(&options, &engine)
                 && !xfsm_engine_load(engine, image, image_len),
                 "there is an engine");
    xfsm_engine_message(engine, message);
    xfsm_engine_message(engine, message);
    xfsm_engine_destroy(engine);
    return digest;
}

static void
check_event(const uint8_t *packet, size_t size)
{
    static struct xfsm_letter letter;
    struct xfsm_bytes topic, json;

    if (xfsm_message_split(packet, size, &topic, &json)) {
        char *copy = fuzz_dup(json.p, xfsm_bytes_remaining(&json));

        fuzz_require(xfsm_topic_is_valid(topic.p,
                                         xfsm_bytes_remaining(&topic)),
                     "a topic is valid");
        memset(&letter, 0xff, sizeof letter);
        if (xfsm_message_decode(copy, xfsm_bytes_remaining(&json),
                                &letter)) {
            check_letter(&letter);
            fuzz_require(run(&letter.message, XFSM_BACKEND_AUTO)
                         == run(&letter.message, XFSM_BACKEND_INTERPRETER),
                         "machine code says the same");
        }
        free(copy);
    }
}

/* Takes a batch apart and puts what fits into another one. */
static void
check_batch(const uint8_t *packet, size_t size)
{
    static struct xfsm_batch again;
    struct xfsm_batch_reader reader;
    struct xfsm_bytes event;
    bool all = true;

    if (!xfsm_batch_read(&reader, packet, size)) {
        return;
    }
    xfsm_batch_clear(&again);
    while (xfsm_batch_next(&reader, &event)) {
        size_t len = xfsm_bytes_remaining(&event);
        uint8_t *copy = fuzz_dup(event.p, len);

        fuzz_require(len > 0, "an event is not empty");
        check_event(copy, len);
        all = all && len <= XFSM_MESSAGE_PACKET_MAX
              && !xfsm_batch_is_full(&again);
        if (all) {
            memcpy(xfsm_batch_room(&again), copy, len);
            xfsm_batch_add(&again, len);
        }
        free(copy);
    }
    fuzz_require(reader.n <= XFSM_BATCH_EVENTS, "there are not too many");
    fuzz_require(!all || (again.n == reader.n && again.len <= size
                          && (reader.malformed || again.len == size)
                          && !memcmp(again.packet, packet, again.len)),
                 "the same batch comes out");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *packet = fuzz_dup(data, size);

    check_wants(packet, size);
    check_batch(packet, size);
    check_event(packet, size);
    free(packet);
    return 0;
}
