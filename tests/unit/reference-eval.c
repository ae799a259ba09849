/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/reference-private.h"
#include "xfsm/packet/field.h"
#include "xfsm/packet/prefix.h"

const struct ref_node *
ref_table_find(const struct reference *r, uint16_t table,
               const struct xfsm_key *key, const struct xfsm_packet *packet,
               uint64_t now)
{
    const struct ref_node *node = NULL;
    struct ref_key k;

    if (ref_key_build(key, packet, &k)) {
        node = ref_map_find_live(&r->tables[table], &k,
                                 r->program->tables[table].room.ttl, now);
        ref_key_free(&k);
    }
    return node;
}

bool
ref_table_get(const struct reference *r, uint16_t table,
              const struct xfsm_key *key, const struct xfsm_packet *packet,
              uint64_t now, double *value)
{
    const struct ref_node *node = ref_table_find(r, table, key, packet, now);

    *value = node ? node->value : 0;
    return node != NULL;
}

/* ## Selectors ## */

static bool
holds(enum xfsm_expr_op op, int order)
{
    switch ((int) op) {
    case XFSM_OP_EQ: return order == 0;
    case XFSM_OP_NE: return order != 0;
    case XFSM_OP_LT: return order < 0;
    case XFSM_OP_LE: return order <= 0;
    case XFSM_OP_GT: return order > 0;
    case XFSM_OP_GE: return order >= 0;
    default: abort();
    }
}

/* Compares the first 'prefix' bits of two addresses. */
static int
compare_addrs(const uint8_t *a, const uint8_t *b, unsigned int prefix)
{
    for (unsigned int i = 0; i < prefix; i++) {
        int x = a[i / 8] >> (7 - i % 8) & 1;
        int y = b[i / 8] >> (7 - i % 8) & 1;

        if (x != y) {
            return x - y;
        }
    }
    return 0;
}

static bool
select_field(const struct xfsm_selector *s, const struct xfsm_packet *packet)
{
    const void *member = (const char *) packet
                         + xfsm_fields[s->field].offset;
    struct xfsm_str str;
    uint64_t value;

    if (!xfsm_fieldset_has(&packet->present, s->field)) {
        return false;
    }
    switch ((int) s->kind) {
    case XFSM_SEL_UINT:
        value = xfsm_field_uint(packet, s->field);
        return holds(s->op, (value > s->value) - (value < s->value));
    case XFSM_SEL_ADDR:
        return holds(s->op, compare_addrs(member, s->addr.b, s->prefix));
    case XFSM_SEL_STR:
        memcpy(&str, member, sizeof str);
        return holds(s->op, str.len != strlen(s->string)
                            || memcmp(str.p, s->string, str.len));
    default:
        abort();
    }
}

bool
ref_select(const struct reference *r, const struct xfsm_selector *s,
           const struct xfsm_packet *packet)
{
    double value;

    if (!s) {
        return true;
    }
    switch ((int) s->kind) {
    case XFSM_SEL_AND:
        return ref_select(r, s->a, packet) && ref_select(r, s->b, packet);
    case XFSM_SEL_OR:
        return ref_select(r, s->a, packet) || ref_select(r, s->b, packet);
    case XFSM_SEL_IN:
        return ref_table_get(r, s->table, &s->key, packet, r->now, &value);
    default:
        return select_field(s, packet);
    }
}

/* ## Expressions ## */

static double eval(const struct ref_run *, const struct xfsm_expr *,
                   bool *missing);

static double
operate(enum xfsm_expr_op op, double a, double b)
{
    double value;

    switch ((int) op) {
    case XFSM_OP_NEG: return -a;
    case XFSM_OP_ADD: return a + b;
    case XFSM_OP_SUB: return a - b;
    case XFSM_OP_MUL: return a * b;
    case XFSM_OP_DIV: return b == 0 ? 0 : a / b;
    case XFSM_OP_MOD: return b == 0 ? 0 : fmod(a, b);
    case XFSM_OP_EQ: return a == b;
    case XFSM_OP_NE: return a != b;
    case XFSM_OP_LT: return a < b;
    case XFSM_OP_LE: return a <= b;
    case XFSM_OP_GT: return a > b;
    case XFSM_OP_GE: return a >= b;
    case XFSM_OP_ABS: return fabs(a);
    case XFSM_OP_MIN: return fmin(a, b);
    case XFSM_OP_MAX: return fmax(a, b);
    case XFSM_OP_LOG: return a > 0 ? log(a) : 0;
    case XFSM_OP_LOG2: return a > 0 ? log2(a) : 0;
    case XFSM_OP_EXP: return exp(a);
    case XFSM_OP_SQRT: return a > 0 ? sqrt(a) : 0;
    case XFSM_OP_POW:
        value = pow(a, b);
        return isfinite(value) ? value : 0;
    case XFSM_OP_FLOOR: return floor(a);
    case XFSM_OP_CEIL: return ceil(a);
    default: abort();
    }
}

/* 'missing' is set where a table's entry is and no comparison or logic within
 * 'e' has dealt with it. */
static double
eval_operation(const struct ref_run *run, const struct xfsm_expr *e,
               bool *missing)
{
    bool inner = false;
    double a, b;

    switch ((int) e->op) {
    case XFSM_OP_NOT:
        return eval(run, e->args[0], &inner) == 0;
    case XFSM_OP_AND:
        return eval(run, e->args[0], &inner) != 0
               && eval(run, e->args[1], &inner) != 0;
    case XFSM_OP_OR:
        return eval(run, e->args[0], &inner) != 0
               || eval(run, e->args[1], &inner) != 0;
    default:
        a = eval(run, e->args[0], &inner);
        b = e->n_args > 1 ? eval(run, e->args[1], &inner) : 0;
        if (e->op >= XFSM_OP_EQ && e->op <= XFSM_OP_GE) {
            return !inner && operate(e->op, a, b);
        }
        *missing |= inner;
        return operate(e->op, a, b);
    }
}

static double
eval_text(const struct ref_run *run, const struct xfsm_expr *e)
{
    const struct ref_node *node = ref_table_find(run->r, e->index, &e->key,
                                                 run->packet, run->now);
    char text[XFSM_MAX_TABLE_TEXT + 1];
    size_t len = ref_table_text(run, e->text, text);
    bool same = node && node->len == len && !memcmp(node->text, text, len);

    return node && (e->op == XFSM_OP_EQ ? same : !same);
}

static double
eval(const struct ref_run *run, const struct xfsm_expr *e, bool *missing)
{
    double value;

    switch ((int) e->kind) {
    case XFSM_EX_NUMBER:
        return e->number;
    case XFSM_EX_FEATURE:
        return run->features[e->index];
    case XFSM_EX_METRIC:
        return run->metrics[e->index];
    case XFSM_EX_FIELD:
        return xfsm_fieldset_has(&run->packet->present, e->index)
               ? (double) xfsm_field_uint(run->packet, e->index) : 0;
    case XFSM_EX_TABLE:
        *missing |= !ref_table_get(run->r, e->index, &e->key, run->packet,
                                   run->now, &value);
        return value;
    case XFSM_EX_TABLE_IS:
        return eval_text(run, e);
    default:
        return eval_operation(run, e, missing);
    }
}

double
ref_eval(const struct ref_run *run, const struct xfsm_expr *e)
{
    bool missing = false;

    return eval(run, e, &missing);
}

/* ## Text ## */

static void
print_number(FILE *stream, double value)
{
    if (!isfinite(value)) {
        fputs("0", stream);
    } else if (value == 0) {
        fputs("0", stream);
    } else if (floor(value) == value && fabs(value) < 0x1p53) {
        fprintf(stream, "%.0f", value);
    } else {
        fprintf(stream, "%.6g", value);
    }
}

/* "KEY(COUNT),KEY(COUNT)" */
static void
print_list(const struct ref_run *run, const struct xfsm_text_part *part,
           FILE *stream)
{
    const struct xfsm_key *shape =
        &run->r->program->metrics[part->index].vm_key;
    struct ref_hitter *hitters;
    size_t n = ref_summary_list(&run->r->monitors[part->index].summary,
                                part->before, run->now, &hitters);

    for (size_t i = 0; i < n && i < part->top; i++) {
        const uint8_t *p = hitters[i].key->bytes;

        fputs(i ? "," : "", stream);
        for (int j = 0; j < shape->n; j++) {
            enum xfsm_field_type type = xfsm_fields[shape->fields[j]].type;
            char text[XFSM_FIELD_TEXT_MAX];
            union xfsm_addr addr;
            uint64_t number;
            int len;

            memcpy(&number, p, sizeof number);
            if (type == XFSM_FT_ADDR) {
                memcpy(&addr, p, sizeof addr);
                len = (int) xfsm_prefix_format_addr(&addr, shape->prefixes[j],
                                                    text, sizeof text);
            } else if (type == XFSM_FT_MAC) {
                len = (int) xfsm_field_format_mac(number, text, sizeof text);
            } else {
                len = snprintf(text, sizeof text, "%"PRIu64, number);
            }
            fprintf(stream, "%s%.*s", j ? "-" : "", len, text);
            p += type == XFSM_FT_ADDR ? sizeof addr : sizeof number;
        }
        fputs("(", stream);
        print_number(stream, hitters[i].sum);
        fputs(")", stream);
    }
    free(hitters);
}

static void
print_part(const struct ref_run *run, const struct xfsm_text_part *part,
           FILE *stream)
{
    const struct xfsm_identity *id = run->r->identity;
    char text[XFSM_FIELD_TEXT_MAX];
    double value;
    size_t len;

    switch ((int) part->kind) {
    case XFSM_TX_LITERAL:
        fwrite(part->literal, 1, part->len, stream);
        break;
    case XFSM_TX_FIELD:
        len = xfsm_field_format(run->packet, part->index, text, sizeof text);
        fwrite(text, 1, len, stream);
        break;
    case XFSM_TX_FEATURE:
        print_number(stream, run->features[part->index]);
        break;
    case XFSM_TX_METRIC:
        print_number(stream, run->metrics[part->index]);
        break;
    case XFSM_TX_TABLE:
        if (run->r->program->tables[part->index].is_text) {
            const struct ref_node *node = ref_table_find(
                run->r, part->index, &part->key, run->packet, run->now);

            fwrite(node ? node->text : "", 1, node ? node->len : 0, stream);
            break;
        }
        ref_table_get(run->r, part->index, &part->key, run->packet, run->now,
                      &value);
        print_number(stream, value);
        break;
    case XFSM_TX_TS:
        fprintf(stream, "%"PRIu64, run->now - run->r->shift);
        break;
    case XFSM_TX_STATE_CODE:
        fputs(run->handler->code, stream);
        break;
    case XFSM_TX_STATE_LEVEL:
        fputs(run->handler->level, stream);
        break;
    case XFSM_TX_STATE_DESCRIPTION:
        fputs(run->handler->description, stream);
        break;
    case XFSM_TX_CLIENT_ID:
        fprintf(stream, "%s/%s/%s", id->host, id->bridge, id->port);
        break;
    case XFSM_TX_EXPR:
        print_number(stream, ref_eval(run, part->expr));
        break;
    case XFSM_TX_MEMBER:
        fprintf(stream, "%s=", part->literal);
        break;
    case XFSM_TX_LIST:
        print_list(run, part, stream);
        break;
    default:
        abort();
    }
}

/* Is the part at 'i' the name of a field whose value, the part behind it, is
 * one that the packet lacks? */
static bool
is_absent(const struct ref_run *run, const struct xfsm_text *text, int i)
{
    return text->parts[i].kind == XFSM_TX_MEMBER
           && text->parts[i].index == XFSM_MEMBER_PLAIN
           && text->parts[i + 1].kind == XFSM_TX_FIELD
           && !xfsm_fieldset_has(&run->packet->present,
                                 text->parts[i + 1].index);
}

char *
ref_text(const struct ref_run *run, const struct xfsm_text *text,
         size_t *lenp)
{
    char *buf;
    FILE *stream = open_memstream(&buf, lenp);

    if (!stream) {
        abort();
    }
    for (int i = 0, n = 0; i < text->n; i++) {
        if (is_absent(run, text, i)) {
            i++;
            continue;
        } else if (text->parts[i].kind == XFSM_TX_MEMBER && n++) {
            fputc(' ', stream);
        }
        print_part(run, &text->parts[i], stream);
    }
    fclose(stream);
    if (*lenp > XFSM_EVENT_TEXT_MAX) {
        *lenp = XFSM_EVENT_TEXT_MAX;
        memcpy(buf + *lenp - 3, "...", 3);
    }
    return buf;
}

size_t
ref_table_text(const struct ref_run *run, const struct xfsm_text *text,
               char value[XFSM_MAX_TABLE_TEXT + 1])
{
    size_t len;
    char *whole = ref_text(run, text, &len);

    len = len < XFSM_MAX_TABLE_TEXT ? len : XFSM_MAX_TABLE_TEXT;
    memset(value, 0, XFSM_MAX_TABLE_TEXT + 1);
    memcpy(value, whole, len);
    free(whole);
    return len;
}

void
ref_set_text(const struct ref_run *run, const struct xfsm_action *action)
{
    char text[XFSM_MAX_TABLE_TEXT + 1] = "";
    size_t len = ref_table_text(run, &action->text, text);
    struct ref_node *node;
    struct ref_key key;

    if (ref_key_build(&action->key, run->packet, &key)) {
        node = ref_map_write(
            &run->r->tables[action->index], &key,
            run->r->program->tables[action->index].room.ttl, run->now);
        memcpy(node->text, text, sizeof text);
        node->len = len;
        ref_key_free(&key);
    }
}
