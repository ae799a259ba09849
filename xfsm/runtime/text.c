/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/exec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "xfsm/runtime/number.h"

/* Where text is put together; what does not fit is dropped and noted. */
struct sink {
    char *p;
    size_t left;
    bool cut;
};

static void
put(struct sink *sink, const char *p, size_t len)
{
    if (len > sink->left) {
        len = sink->left;
        sink->cut = true;
    }
    memcpy(sink->p, p, len);
    sink->p += len;
    sink->left -= len;
}

static void
put_string(struct sink *sink, const char *s)
{
    put(sink, s, strlen(s));
}

static void
put_number(struct sink *sink, double value)
{
    char buf[XFSM_NUMBER_MAX];

    put(sink, buf, xfsm_number_format(value, buf));
}

static void
put_uint(struct sink *sink, uint64_t value)
{
    char buf[XFSM_NUMBER_MAX];

    put(sink, buf, xfsm_number_format_uint(value, buf));
}

static void
put_part(struct sink *sink, struct xfsm_exec *x, struct xfsm_instance *p,
         const struct xfsm_packet *packet, uint64_t ts, const double *regs,
         const struct xfsm_img_part *part)
{
    const struct xfsm_identity *identity = &x->options.identity;
    char buf[XFSM_FIELD_TEXT_MAX];

    switch (part->kind) {
    case XFSM_PART_LITERAL:
        put(sink, &p->image.strings[part->text], part->len);
        break;
    case XFSM_PART_FIELD:
        put(sink, buf, xfsm_field_format(packet,
                                         p->image.field_ids[part->index],
                                         buf, sizeof buf));
        break;
    case XFSM_PART_REG:
        put_number(sink, regs[part->index]);
        break;
    case XFSM_PART_TABLE: {
        const struct xfsm_key_value *key = xfsm_exec_key(p, packet,
                                                         part->key);
        const double *value = key ? xfsm_keytable_find(
            p->tables[part->index], key->hash, key->w, key->n) : NULL;

        put_number(sink, value ? *value : 0);
        break;
    }
    case XFSM_PART_TS:
        put_uint(sink, ts);
        break;
    case XFSM_PART_CLIENT_ID:
        put_string(sink, identity->host);
        put(sink, "/", 1);
        put_string(sink, identity->bridge);
        put(sink, "/", 1);
        put_string(sink, identity->port);
        break;
    }
}

size_t
xfsm_exec_text(struct xfsm_exec *x, struct xfsm_instance *p,
               const struct xfsm_packet *packet, uint64_t ts,
               const double *regs, uint16_t text)
{
    const struct xfsm_img_text *t = &p->image.texts[text];
    struct sink sink = { .p = x->text, .left = XFSM_EVENT_TEXT_MAX };

    for (uint32_t i = 0; i < t->n && !sink.cut; i++) {
        put_part(&sink, x, p, packet, ts, regs,
                 &p->image.parts[t->first + i]);
    }
    if (sink.cut) {
        x->stats.text_cut++;
        memcpy(sink.p - 3, "...", 3);
    }
    *sink.p = '\0';
    return (size_t) (sink.p - x->text);
}
