/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/mailbox.h"

#include <stdlib.h>
#include <string.h>

#define LETTER_FIELDS (XFSM_MAX_KEY_FIELDS + XFSM_MAX_MEMBERS)
#define LETTER_TEXT (XFSM_MAX_KEY_FIELDS * XFSM_FIELD_TEXT_MAX \
                     + XFSM_EVENT_TEXT_MAX + 4)

struct letter {
    const struct xfsm_instance *from;
    struct xfsm_message message;
    struct xfsm_message_field fields[LETTER_FIELDS];
    size_t text_len;
    char topic[XFSM_EVENT_TOPIC_MAX];
    char text[LETTER_TEXT];     /* Values of the fields. */
};

struct xfsm_mailbox {
    struct letter letters[XFSM_MESSAGE_QUEUE];
};

struct xfsm_mailbox *
xfsm_mailbox_create(void)
{
    return calloc(1, sizeof(struct xfsm_mailbox));
}

void
xfsm_mailbox_destroy(struct xfsm_mailbox *mailbox)
{
    free(mailbox);
}

void
xfsm_message_format_topic(const struct xfsm_message *message, char *buf,
                          size_t size)
{
    const struct xfsm_event event = {
        .label = message->label, .program = message->program,
    };
    const struct xfsm_identity identity = {
        .host = message->host, .bridge = message->bridge,
        .port = message->port,
    };

    xfsm_event_format_topic(&event, &identity, buf, size);
}

static bool
is_wanted(const struct xfsm_exec *x, const struct xfsm_instance *from,
          const char *topic)
{
    for (unsigned int i = 0; i < x->n_programs; i++) {
        if (x->programs[i] != from
            && xfsm_exec_hears(x->programs[i], topic) != XFSM_NONE) {
            return true;
        }
    }
    return false;
}

static struct xfsm_message_field *
add_field(struct letter *letter, const char *name)
{
    struct xfsm_message_field *field =
        &letter->fields[letter->message.n_fields++];

    field->name = name;
    field->name_len = strlen(name);
    field->value = letter->text + letter->text_len;
    return field;
}

/* Writes the value of field 'i' of the event's key to 'buf', which has
 * XFSM_FIELD_TEXT_MAX bytes, and returns its length: of a network its first
 * address, which is what other probes hear. */
static size_t
format_key_field(const struct xfsm_event *event, int i, char *buf)
{
    unsigned int id = event->key_fields[i];
    struct xfsm_prefix_lengths prefix = { 0, 0 };
    union xfsm_addr addr;

    if (event->key_prefixes) {
        prefix = event->key_prefixes[i];
    }
    if (!prefix.ip4) {
        return xfsm_field_format(event->packet, id, buf,
                                 XFSM_FIELD_TEXT_MAX - 1);
    }
    memcpy(&addr, (const char *) event->packet + xfsm_fields[id].offset,
           sizeof addr);
    xfsm_prefix_apply(&addr, prefix);
    return xfsm_field_format_addr(&addr, buf, XFSM_FIELD_TEXT_MAX - 1);
}

/* Copies the values of the key and of the members that are fields. */
static void
copy_fields(struct letter *letter, const struct xfsm_event *event)
{
    letter->message.n_fields = 0;
    letter->text_len = 0;
    for (int i = 0; i < event->n_key_fields; i++) {
        unsigned int id = event->key_fields[i];

        if (xfsm_fieldset_has(&event->packet->present, id)) {
            struct xfsm_message_field *field =
                add_field(letter, xfsm_fields[id].name);

            field->len = format_key_field(event, i,
                                          letter->text + letter->text_len);
            letter->text_len += field->len;
        }
    }
    for (int i = 0; i < event->n_fields; i++) {
        struct xfsm_message_field *field;

        if (event->fields[i].list) {
            continue;           /* No field of a packet is one. */
        }
        field = add_field(letter, event->fields[i].name);
        field->len = event->fields[i].len;
        memcpy(letter->text + letter->text_len, event->fields[i].value,
               field->len);
        letter->text_len += field->len;
    }
}

void
xfsm_mailbox_put(struct xfsm_exec *x, const struct xfsm_instance *from,
                 const struct xfsm_event *event)
{
    const struct xfsm_identity *identity = &x->options.identity;
    struct letter *letter;
    char topic[XFSM_EVENT_TOPIC_MAX];

    xfsm_event_format_topic(event, identity, topic, sizeof topic);
    if (!is_wanted(x, from, topic)) {
        return;
    } else if (event->hops >= XFSM_MESSAGE_HOPS) {
        x->stats.message_loops++;
        return;
    } else if (x->n_letters >= XFSM_MESSAGE_QUEUE) {
        x->stats.messages_dropped++;
        return;
    }
    letter = &x->mailbox->letters[x->n_letters++];
    letter->from = from;
    memcpy(letter->topic, topic, sizeof topic);
    letter->message = (struct xfsm_message) {
        .ts = event->ts, .label = event->label, .program = event->program,
        .state = event->state, .host = identity->host,
        .bridge = identity->bridge, .port = identity->port,
        .hops = event->hops, .fields = letter->fields,
    };
    copy_fields(letter, event);
}

void
xfsm_mailbox_deliver(struct xfsm_exec *x)
{
    /* Messages may cause more, up to the end of the mailbox. */
    for (unsigned int i = 0; i < x->n_letters; i++) {
        const struct letter *letter = &x->mailbox->letters[i];

        for (unsigned int j = 0; j < x->n_programs; j++) {
            if (x->programs[j] != letter->from) {
                xfsm_exec_message(x, x->programs[j], &letter->message,
                                  letter->topic);
            }
        }
    }
    x->n_letters = 0;
}
