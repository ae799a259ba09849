/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/steer.h"

#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "util.h"
#include "xfsm/packet/field.h"
#include "xfsm/program/image.h"

/* Where the keys of one structure have the addresses, counted in words from 1;
 * 0: no key was seen yet. */
struct place {
    int src, dst;
};

#define NOWHERE -1

/* What is known of a program so far. */
struct analysis {
    const struct xfsm_image *image;
    unsigned int may;           /* Ways that are left. */
    char *why;                  /* Why there is none, or NULL. */

    struct place states;
    struct place detectors[XFSM_MAX_METRICS];
    struct place monitors[XFSM_MAX_METRICS];
    struct place tables[XFSM_MAX_TABLES];
    struct place classes[XFSM_MAX_EVENTS];
};

const char *
xfsm_steer_text(enum xfsm_steer steer)
{
    static const char *const texts[] = {
#define STEER_TEXT(ID, TEXT) TEXT,
        XFSM_STEERS(STEER_TEXT)
#undef STEER_TEXT
    };

    return texts[steer];
}

static void
refuse(struct analysis *a, char *why)
{
    if (!a->why) {
        a->why = why;
    } else {
        free(why);
    }
    a->may = 0;
}

static char *
key_text(const struct xfsm_image *image, const struct xfsm_img_key *key)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    size_t i;

    for (i = 0; i < key->n; i++) {
        ds_put_format(&s, "%s%s", i ? "-" : "",
                      xfsm_fields[image->field_ids[key->fields[i]]].name);
    }
    return ds_steal_cstr(&s);
}

/* Where 'key' has 'field', whole, or NOWHERE: hosts of one network may go
 * different ways. */
static int
find_field(const struct xfsm_image *image, const struct xfsm_img_key *key,
           unsigned int field)
{
    int at = 1;
    size_t i;

    for (i = 0; i < key->n; i++) {
        unsigned int id = image->field_ids[key->fields[i]];

        if (id == field && !key->prefixes[i].ip4) {
            return at;
        }
        at += xfsm_field_words(xfsm_fields[id].type);
    }
    return NOWHERE;
}

/* Leaves the ways that agree with 'index', a key that the program looks
 * something up with in the structure of 'place'. */
static void
add_key(struct analysis *a, struct place *place, uint16_t index)
{
    const struct xfsm_img_key *key;
    struct place here;

    if (index == XFSM_NONE || !a->may) {
        return;
    }
    key = &a->image->keys[index];
    here.src = find_field(a->image, key, XFSM_F_IP_SRC);
    here.dst = find_field(a->image, key, XFSM_F_IP_DST);
    if (!place->src) {
        *place = here;
    }
    if (here.src == NOWHERE || here.src != place->src) {
        a->may &= ~(1u << XFSM_STEER_SRC);
    }
    if (here.dst == NOWHERE || here.dst != place->dst) {
        a->may &= ~(1u << XFSM_STEER_DST);
    }
    if (here.src == NOWHERE || here.dst == NOWHERE
        || MIN(here.src, here.dst) != MIN(place->src, place->dst)
        || MAX(here.src, here.dst) != MAX(place->src, place->dst)) {
        a->may &= ~(1u << XFSM_STEER_PAIR);
    }
    if (!a->may) {
        char *text = key_text(a->image, key);

        refuse(a, xasprintf("its key %s does not agree with others in where "
                            "it has an address", text));
        free(text);
    }
}

/* All opcodes are named, so that a new one must say what it touches. */
static void
add_insn(struct analysis *a, const struct xfsm_insn *insn)
{
    switch ((enum xfsm_opcode) insn->op) {
    case XFSM_I_VDGET:
    case XFSM_I_VDSET:
        add_key(a, &a->detectors[insn->b], insn->d);
        break;

    case XFSM_I_VMADD:
    case XFSM_I_VMITEM:
    case XFSM_I_VMGET:
    case XFSM_I_RESETK:
        add_key(a, &a->monitors[insn->b], insn->d);
        break;

    case XFSM_I_MIN:
    case XFSM_I_TGET:
    case XFSM_I_TSET:
    case XFSM_I_TIS:
    case XFSM_I_TTEXT:
        add_key(a, &a->tables[insn->b], insn->d);
        break;

    case XFSM_I_TIMER:
        add_key(a, &a->states, insn->c);
        add_key(a, &a->classes[insn->b], insn->d);
        break;

    case XFSM_I_CANCEL:
        add_key(a, &a->classes[insn->b], insn->d);
        break;

    case XFSM_I_RESET:
    case XFSM_I_TRESET:
        refuse(a, xstrdup("it resets a metric or a table for all keys"));
        break;

    case XFSM_I_MUINT: case XFSM_I_MADDR: case XFSM_I_MSTR:
    case XFSM_I_MJUMP: case XFSM_I_MEVENT: case XFSM_I_MNONE:
    case XFSM_I_LDI: case XFSM_I_LDF: case XFSM_I_MOV: case XFSM_I_NEG:
    case XFSM_I_NOT: case XFSM_I_BOOL: case XFSM_I_ADD: case XFSM_I_SUB:
    case XFSM_I_MUL: case XFSM_I_DIV: case XFSM_I_MOD: case XFSM_I_EQ:
    case XFSM_I_NE: case XFSM_I_LT: case XFSM_I_LE: case XFSM_I_GT:
    case XFSM_I_GE: case XFSM_I_ABS: case XFSM_I_FMIN: case XFSM_I_FMAX:
    case XFSM_I_LOG: case XFSM_I_LOG2: case XFSM_I_EXP: case XFSM_I_SQRT:
    case XFSM_I_POW: case XFSM_I_FLOOR: case XFSM_I_CEIL: case XFSM_I_JZ:
    case XFSM_I_JNZ: case XFSM_I_JUMP: case XFSM_I_END:
    case XFSM_I_PUBLISH: case XFSM_I_PUBRAW: case XFSM_I_EXPORT:
    case XFSM_I_SUSPECT: case XFSM_I_STATE: case XFSM_I_MITIGATE:
    case XFSM_N_OPCODES:
        break;
    }
}

static void
add_events(struct analysis *a)
{
    uint32_t i;

    for (i = 0; i < a->image->n_events; i++) {
        const struct xfsm_img_event *event = &a->image->events[i];

        if (event->type == XFSM_EV_PACKET) {
            add_key(a, &a->states, event->primary);
        } else if (event->type != XFSM_EV_TIMEOUT) {
            refuse(a, xstrdup("it has an event that is not of a packet"));
        }
    }
}

unsigned int
xfsm_steer_of_image(const struct xfsm_image *image, char **whyp)
{
    struct analysis a = { .image = image, .may = XFSM_STEER_ALL };
    uint32_t i;

    for (i = 0; i < image->n_fields; i++) {
        if (image->field_ids[i] == XFSM_F_PACKET_NO) {
            refuse(&a, xstrdup("it asks for packet_no"));
        }
    }
    for (i = 0; i < image->n_parts; i++) {      /* "%TABLE(key)". */
        const struct xfsm_img_part *part = &image->parts[i];

        if (part->kind == XFSM_PART_TABLE) {
            add_key(&a, &a.tables[part->index], part->key);
        }
    }
    for (i = 0; i < image->n_metrics; i++) {
        if (image->metrics[i].vm_on
            && image->metrics[i].vm_type == XFSM_MON_SIMPLE) {
            refuse(&a, xstrdup("it has a counter for all keys"));
        }
    }
    add_events(&a);
    for (i = 0; i < image->n_code; i++) {
        add_insn(&a, &image->code[i]);
    }
    for (i = 0; i < image->n_parts; i++) {
        if (image->parts[i].kind == XFSM_PART_TABLE) {
            add_key(&a, &a.tables[image->parts[i].index],
                    image->parts[i].key);
        } else if (image->parts[i].kind == XFSM_PART_LIST) {
            refuse(&a, xstrdup("it publishes a list of keys, of all "
                               "packets"));
        }
    }
    if (whyp) {
        *whyp = a.why;
    } else {
        free(a.why);
    }
    return a.may;
}

enum xfsm_steer
xfsm_steer_pick(unsigned int may, enum xfsm_steer now)
{
    enum xfsm_steer steer;

    if (now != XFSM_STEER_NONE && may & 1u << now) {
        return now;
    }
    for (steer = 0; steer < XFSM_STEER_NONE; steer++) {
        if (may & 1u << steer) {
            break;
        }
    }
    return steer;
}
