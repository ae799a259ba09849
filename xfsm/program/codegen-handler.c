/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/program/codegen.h"

#include <string.h>

/* ## use-metric ## */

static void
emit_metric(struct xfsm_codegen *cg, enum xfsm_opcode op, int reg,
            uint16_t metric, const struct xfsm_key *key)
{
    uint16_t d = xfsm_builder_key(cg->b, key);
    struct xfsm_insn *insn = xfsm_codegen_emit(cg, op);

    insn->a = (uint8_t) reg;
    insn->b = metric;
    insn->d = d;
}

static void
emit_constant(struct xfsm_codegen *cg, int reg, double value)
{
    struct xfsm_insn *insn = xfsm_codegen_emit(cg, XFSM_I_LDI);

    insn->a = (uint8_t) reg;
    insn->k.f = value;
}

static void
emit_field(struct xfsm_codegen *cg, int reg, uint8_t field_id)
{
    uint16_t field = xfsm_builder_field(cg->b, field_id);
    struct xfsm_insn *insn = xfsm_codegen_emit(cg, XFSM_I_LDF);

    insn->a = (uint8_t) reg;
    insn->b = field;
}

/* Loads what is added: for a key that is new or whose detector is not asked,
 * and else, where register 'seen' tells, for one that is not. */
static void
generate_amount(struct xfsm_codegen *cg, const struct xfsm_metric *m, int q,
                int seen)
{
    if (m->vm_insert_is_field) {
        emit_field(cg, q, m->vm_insert_field);
    } else {
        emit_constant(cg, q, m->vm_insert_value);
    }
    if (seen >= 0) {
        int is_new = xfsm_codegen_label(cg);
        struct xfsm_insn *insn = xfsm_codegen_emit(cg, XFSM_I_JZ);

        insn->a = (uint8_t) seen;
        insn->c = (uint16_t) is_new;
        emit_constant(cg, q, m->vm_repeat_value);
        xfsm_codegen_bind(cg, is_new);
    }
}

/* Adds to the monitor; 'q' is a free register, and 'seen' has the detector's
 * answer if the amount depends on it, or is -1. */
static void
generate_add(struct xfsm_codegen *cg, const struct xfsm_use *use, int q,
             int seen)
{
    const struct xfsm_metric *m = &cg->program->metrics[use->metric];

    if (m->vm_type == XFSM_MON_DISTINCT) {
        uint16_t item = xfsm_builder_key(cg->b, &use->vm_item);
        uint16_t key = xfsm_builder_key(cg->b, &use->vm_set);
        struct xfsm_insn *insn = xfsm_codegen_emit(cg, XFSM_I_VMITEM);

        insn->b = use->metric;
        insn->c = item;
        insn->d = key;
        return;
    }
    generate_amount(cg, m, q, seen);
    emit_metric(cg, XFSM_I_VMADD, q, use->metric, &use->vm_set);
}

/* The monitor's part of a line; 'seen' has the detector's answer if
 * 'asked'. */
static void
generate_monitor(struct xfsm_codegen *cg, const struct xfsm_use *use,
                 int reg, int seen, bool asked)
{
    const struct xfsm_metric *m = &cg->program->metrics[use->metric];

    if (use->vm_set.n && (asked || !m->vd_on)) {
        int skip = xfsm_codegen_label(cg);
        bool repeats = m->vm_repeat_value != 0;

        if (asked && !repeats) {
            struct xfsm_insn *insn = xfsm_codegen_emit(cg, XFSM_I_JNZ);

            insn->a = (uint8_t) seen;
            insn->c = (uint16_t) skip;
        }
        generate_add(cg, use, cg->n_regs, asked && repeats ? seen : -1);
        xfsm_codegen_bind(cg, skip);
    }
    if (use->vm_get.n) {
        emit_metric(cg, XFSM_I_VMGET, reg, use->metric, &use->vm_get);
    } else {
        emit_constant(cg, reg, 0);
    }
}

static void
generate_use(struct xfsm_codegen *cg, const struct xfsm_use *use)
{
    const struct xfsm_metric *m = &cg->program->metrics[use->metric];
    int reg = cg->metric_reg[use->metric];
    int seen = cg->n_regs++;
    bool asked = m->vd_on && use->vd_get.n;

    if (asked) {
        emit_metric(cg, XFSM_I_VDGET, seen, use->metric, &use->vd_get);
    }
    if (m->vd_on && use->vd_set.n) {
        emit_metric(cg, XFSM_I_VDSET, 0, use->metric, &use->vd_set);
    }
    if (m->vm_on) {
        generate_monitor(cg, use, reg, seen, asked);
    } else if (asked) {
        struct xfsm_insn *insn = xfsm_codegen_emit(cg, XFSM_I_MOV);

        insn->a = (uint8_t) reg;
        insn->b = (uint16_t) seen;
    } else if (m->vd_on) {
        emit_constant(cg, reg, 1);      /* Not asked: not new. */
    } else if (use->vm_get.n == 1
               && xfsm_fields[use->vm_get.fields[0]].type == XFSM_FT_UINT) {
        emit_field(cg, reg, use->vm_get.fields[0]);
    } else {
        emit_constant(cg, reg, 0);
    }
    cg->n_regs--;
}

/* ## Which features does the handler mention? ## */

/* In 'feature_reg': needed, and not computed yet. */
#define MENTIONED -2

static void
mention_expr(struct xfsm_codegen *cg, const struct xfsm_expr *e)
{
    if (e->kind == XFSM_EX_FEATURE) {
        cg->feature_reg[e->index] = MENTIONED;
    }
    for (int i = 0; i < e->n_args; i++) {
        mention_expr(cg, e->args[i]);
    }
}

static void
mention_steps(struct xfsm_codegen *cg, const struct xfsm_steps *steps)
{
    for (int i = 0; i < steps->n_actions; i++) {
        const struct xfsm_action *action = &steps->actions[i];

        if (action->kind == XFSM_AC_EXPORT) {
            for (int j = 0; j < cg->program->n_features; j++) {
                cg->feature_reg[j] = MENTIONED;
            }
        }
        if (action->expr) {
            mention_expr(cg, action->expr);
        }
        for (int j = 0; j < action->text.n; j++) {
            const struct xfsm_text_part *part = &action->text.parts[j];

            if (part->kind == XFSM_TX_FEATURE) {
                cg->feature_reg[part->index] = MENTIONED;
            } else if (part->expr) {
                mention_expr(cg, part->expr);
            }
        }
    }
}

static void
generate_features(struct xfsm_codegen *cg, struct xfsm_img_handler *record)
{
    const struct xfsm_program *p = cg->program;

    for (int i = 0; i < p->n_features; i++) {
        cg->feature_reg[i] = -1;
    }
    for (int i = 0; i < cg->handler->n_conditions; i++) {
        mention_expr(cg, cg->handler->conditions[i].expr);
        mention_steps(cg, &cg->handler->conditions[i].steps);
    }
    mention_steps(cg, &cg->handler->post);
    for (int i = p->n_features - 1; i >= 0; i--) {
        if (cg->feature_reg[i] == MENTIONED) {
            mention_expr(cg, p->features[i].body);
        }
    }

    record->first_feature = (uint32_t) cg->b->sections[XFSM_S_FEATURES].n;
    for (int i = 0; i < p->n_features; i++) {
        if (cg->feature_reg[i] == MENTIONED) {
            uint32_t name = xfsm_builder_string(cg->b, p->features[i].name);
            uint32_t index = xfsm_builder_add(cg->b, XFSM_S_FEATURES, 1);
            struct xfsm_img_feature *f = xfsm_builder_at(
                cg->b, XFSM_S_FEATURES, index);
            const struct xfsm_expr *body = p->features[i].body;
            int reg = body->kind == XFSM_EX_METRIC
                      ? cg->metric_reg[body->index] : -1;

            if (reg < 0) {
                reg = cg->n_regs++;
                xfsm_codegen_expr(cg, body, reg);
            }
            f->name = name;
            f->reg = (uint32_t) reg;
            cg->feature_reg[i] = reg;
            record->n_features++;
        }
    }
}

/* ## Actions ## */

static const char *
state_text(const struct xfsm_handler *handler, enum xfsm_text_kind kind)
{
    return kind == XFSM_TX_STATE_CODE ? handler->code
           : kind == XFSM_TX_STATE_LEVEL ? handler->level
           : handler->description;
}

/* Takes a register that stays taken until 'n_regs' is put back. */
static int
take_register(struct xfsm_codegen *cg)
{
    if (cg->n_regs >= XFSM_MAX_REGS) {
        cg->b->overflow = "registers in one handler";
        return 0;
    }
    return cg->n_regs++;
}

static void
generate_part(struct xfsm_codegen *cg, const struct xfsm_text_part *part,
              struct xfsm_img_part *img)
{
    const char *text;
    int reg;

    memset(img, 0, sizeof *img);
    switch (part->kind) {
    case XFSM_TX_LITERAL:
        img->kind = XFSM_PART_LITERAL;
        img->text = xfsm_builder_bytes(cg->b, part->literal, part->len);
        img->len = (uint32_t) part->len;
        break;
    case XFSM_TX_FIELD:
        img->kind = XFSM_PART_FIELD;
        img->index = xfsm_builder_field(cg->b, (uint8_t) part->index);
        break;
    case XFSM_TX_FEATURE:
    case XFSM_TX_METRIC:
        reg = part->kind == XFSM_TX_FEATURE ? cg->feature_reg[part->index]
                                            : cg->metric_reg[part->index];
        if (reg < 0) {
            reg = take_register(cg);
            emit_constant(cg, reg, 0);
        }
        img->kind = XFSM_PART_REG;
        img->index = (uint16_t) reg;
        break;
    case XFSM_TX_TABLE:
        img->kind = XFSM_PART_TABLE;
        img->index = part->index;
        img->key = xfsm_builder_key(cg->b, &part->key);
        break;
    case XFSM_TX_TS:
        img->kind = XFSM_PART_TS;
        break;
    case XFSM_TX_STATE_CODE:
    case XFSM_TX_STATE_LEVEL:
    case XFSM_TX_STATE_DESCRIPTION:
        text = state_text(cg->handler, part->kind);
        img->kind = XFSM_PART_LITERAL;
        img->len = (uint32_t) strlen(text);
        img->text = xfsm_builder_bytes(cg->b, text, img->len);
        break;
    case XFSM_TX_CLIENT_ID:
        img->kind = XFSM_PART_CLIENT_ID;
        break;
    case XFSM_TX_EXPR:
        reg = take_register(cg);
        xfsm_codegen_expr(cg, part->expr, reg);
        img->kind = XFSM_PART_REG;
        img->index = (uint16_t) reg;
        break;
    case XFSM_TX_MEMBER:
        img->kind = XFSM_PART_MEMBER;
        img->index = part->index;
        img->text = xfsm_builder_string(cg->b, part->literal);
        img->len = (uint32_t) part->len;
        break;
    case XFSM_TX_LIST:
        img->kind = XFSM_PART_LIST;
        img->index = part->index;
        img->text = part->before;
        img->len = part->top;
        break;
    }
}

uint16_t
xfsm_codegen_text(struct xfsm_codegen *cg, const struct xfsm_text *text)
{
    uint32_t first = xfsm_builder_add(cg->b, XFSM_S_PARTS, (size_t) text->n);
    uint32_t index = xfsm_builder_add(cg->b, XFSM_S_TEXTS, 1);
    struct xfsm_img_text *img = xfsm_builder_at(cg->b, XFSM_S_TEXTS, index);

    img->first = first;
    img->n = (uint32_t) text->n;
    for (int i = 0; i < text->n; i++) {
        struct xfsm_img_part part;

        generate_part(cg, &text->parts[i], &part);
        *(struct xfsm_img_part *) xfsm_builder_at(
            cg->b, XFSM_S_PARTS, first + (uint32_t) i) = part;
    }
    if (index >= UINT16_MAX) {
        cg->b->overflow = "texts";
    }
    return (uint16_t) index;
}

static void
generate_publish(struct xfsm_codegen *cg, enum xfsm_opcode op,
                 const struct xfsm_action *action, uint16_t next_state)
{
    int n_regs = cg->n_regs;    /* Text may take some for its numbers. */
    bool has_text = op == XFSM_I_PUBLISH || op == XFSM_I_MITIGATE;
    uint16_t text = has_text ? xfsm_codegen_text(cg, &action->text) : 0;
    uint16_t key = op == XFSM_I_MITIGATE
                   ? xfsm_builder_key(cg->b, &action->key) : 0;
    uint32_t label = xfsm_builder_string(cg->b, action->label);
    struct xfsm_insn *insn = xfsm_codegen_emit(cg, op);

    insn->b = text;
    insn->c = next_state;
    insn->d = key;
    insn->k.s.off = label;
    insn->k.s.len = (uint32_t) strlen(action->label);
    cg->n_regs = n_regs;
}

static void
generate_table_set(struct xfsm_codegen *cg, const struct xfsm_action *action)
{
    int dst = cg->n_regs++;

    if (action->op == XFSM_OP_EQ) {
        xfsm_codegen_expr(cg, action->expr, dst);
    } else {
        struct xfsm_expr current = {
            .kind = XFSM_EX_TABLE,
            .index = action->index,
            .key = action->key,
        };
        struct xfsm_expr changed = {
            .kind = XFSM_EX_BINARY,
            .op = action->op,
            .n_args = 2,
            .args = { &current, action->expr },
        };

        xfsm_codegen_expr(cg, &changed, dst);
    }
    emit_metric(cg, XFSM_I_TSET, dst, action->index, &action->key);
    cg->n_regs--;
}

static void
generate_table_text(struct xfsm_codegen *cg, const struct xfsm_action *action)
{
    int n_regs = cg->n_regs;
    uint16_t text = xfsm_codegen_text(cg, &action->text);
    uint16_t key = xfsm_builder_key(cg->b, &action->key);
    struct xfsm_insn *insn = xfsm_codegen_emit(cg, XFSM_I_TTEXT);

    insn->b = action->index;
    insn->c = text;
    insn->d = key;
    cg->n_regs = n_regs;
}

static void
generate_action(struct xfsm_codegen *cg, const struct xfsm_action *action,
                uint16_t next_state)
{
    switch (action->kind) {
    case XFSM_AC_PUBLISH:
    case XFSM_AC_PLOT:
    case XFSM_AC_EXEC:
        generate_publish(cg, XFSM_I_PUBLISH, action, next_state);
        break;
    case XFSM_AC_MITIGATE:
        generate_publish(cg, XFSM_I_MITIGATE, action, next_state);
        break;
    case XFSM_AC_PUBLISH_RAW:
        generate_publish(cg, XFSM_I_PUBRAW, action, next_state);
        break;
    case XFSM_AC_EXPORT:
        generate_publish(cg, XFSM_I_EXPORT, action, next_state);
        break;
    case XFSM_AC_RESET:
        emit_metric(cg, action->key.n ? XFSM_I_RESETK : XFSM_I_RESET, 0,
                    action->index, &action->key);
        break;
    case XFSM_AC_TABLE_RESET:
        emit_metric(cg, XFSM_I_TRESET, 0, action->index, &action->key);
        break;
    case XFSM_AC_TABLE_SET:
        generate_table_set(cg, action);
        break;
    case XFSM_AC_TABLE_TEXT:
        generate_table_text(cg, action);
        break;
    case XFSM_AC_SUSPECT:
        xfsm_codegen_emit(cg, XFSM_I_SUSPECT);
        break;
    }
}

/* ## Steps and the handler ## */

/* Adds why condition 'i' of the handler takes a key elsewhere.  Returns its
 * number from 1. */
static uint16_t
generate_reason(struct xfsm_codegen *cg, int i)
{
    const struct xfsm_condition *c = &cg->handler->conditions[i];
    uint32_t expression = xfsm_builder_string(cg->b, c->source);
    uint32_t actions = xfsm_builder_string(cg->b, c->steps.source);
    uint32_t index = xfsm_builder_add(cg->b, XFSM_S_REASONS, 1);
    struct xfsm_img_reason *reason = xfsm_builder_at(cg->b, XFSM_S_REASONS,
                                                     index);

    reason->expression = expression;
    reason->actions = actions;
    reason->line = (uint32_t) c->line;
    reason->number = (uint32_t) i + 1;
    if (index >= UINT16_MAX) {
        cg->b->overflow = "conditions with a next state";
    }
    return (uint16_t) (index + 1);
}

/* Generates the steps of condition 'i', or of what comes last if that is
 * -1. */
static void
generate_steps(struct xfsm_codegen *cg, const struct xfsm_steps *steps, int i)
{
    for (int j = 0; j < steps->n_timeouts; j++) {
        const struct xfsm_timeout_set *t = &steps->timeouts[j];
        uint16_t primary = xfsm_builder_key(cg->b, &t->primary);
        uint16_t key = xfsm_builder_key(cg->b, &t->key);
        struct xfsm_insn *insn;

        insn = xfsm_codegen_emit(cg, t->delay ? XFSM_I_TIMER
                                              : XFSM_I_CANCEL);
        insn->b = t->class;
        insn->c = t->delay ? primary : 0;
        insn->d = key;
        insn->k.u = t->delay;
    }
    for (int j = 0; j < steps->n_actions; j++) {
        generate_action(cg, &steps->actions[j], steps->next_state);
    }
    if (steps->next_state != XFSM_NONE) {
        uint16_t reason = i >= 0 ? generate_reason(cg, i) : 0;
        struct xfsm_insn *insn = xfsm_codegen_emit(cg, XFSM_I_STATE);

        insn->b = steps->next_state;
        insn->c = reason;
    }
}

static void
generate_conditions(struct xfsm_codegen *cg)
{
    int end = xfsm_codegen_label(cg);

    for (int i = 0; i < cg->handler->n_conditions; i++) {
        const struct xfsm_condition *c = &cg->handler->conditions[i];
        bool constant = c->expr->kind == XFSM_EX_NUMBER;
        int next;

        if (constant && c->expr->number == 0) {
            continue;
        }
        next = xfsm_codegen_label(cg);
        if (!constant) {
            int reg = cg->n_regs++;
            struct xfsm_insn *insn;

            xfsm_codegen_expr(cg, c->expr, reg);
            insn = xfsm_codegen_emit(cg, XFSM_I_JZ);
            insn->a = (uint8_t) reg;
            insn->c = (uint16_t) next;
            cg->n_regs--;
        }
        generate_steps(cg, &c->steps, i);
        xfsm_codegen_emit(cg, XFSM_I_JUMP)->c = (uint16_t) end;
        xfsm_codegen_bind(cg, next);
        if (constant) {
            break;
        }
    }
    xfsm_codegen_bind(cg, end);
}

/* Instructions of the current handler that publish. */
static int
count_events(const struct xfsm_codegen *cg)
{
    int n = 0;

    for (uint32_t i = cg->start; i < cg->b->sections[XFSM_S_CODE].n; i++) {
        const struct xfsm_insn *insn = xfsm_builder_at(cg->b, XFSM_S_CODE, i);

        n += insn->op == XFSM_I_PUBLISH || insn->op == XFSM_I_PUBRAW
             || insn->op == XFSM_I_EXPORT || insn->op == XFSM_I_MITIGATE;
    }
    return n;
}

/* Reports that there is too much in the current handler. */
static void
check_limits(const struct xfsm_codegen *cg,
             const struct xfsm_img_handler *record)
{
    const struct xfsm_event_decl *event = &cg->program->events[record->event];
    int n_events = count_events(cg);
    char path[XFSM_HANDLER_PATH_MAX];

    xfsm_handler_path(cg->program, event, cg->handler, path);
    if (record->n_code > XFSM_MAX_HANDLER_CODE) {
        xfsm_diags_add(cg->diags, XFSM_DIAG_ERROR, cg->handler->line, path,
                       "too much to do: %u instructions, at most %d; split "
                       "the conditions among states", record->n_code,
                       XFSM_MAX_HANDLER_CODE);
    }
    if (n_events > XFSM_MAX_HANDLER_EVENTS) {
        xfsm_diags_add(cg->diags, XFSM_DIAG_ERROR, cg->handler->line, path,
                       "too much to publish: %d actions that do, at most %d",
                       n_events, XFSM_MAX_HANDLER_EVENTS);
    }
}

void
xfsm_codegen_handler(struct xfsm_codegen *cg,
                     const struct xfsm_handler *handler,
                     struct xfsm_img_handler *record)
{
    cg->handler = handler;
    cg->start = (uint32_t) cg->b->sections[XFSM_S_CODE].n;
    cg->n_regs = 0;
    for (int i = 0; i < cg->program->n_metrics; i++) {
        cg->metric_reg[i] = -1;
    }
    for (int i = 0; i < handler->n_uses; i++) {
        if (cg->metric_reg[handler->uses[i].metric] < 0) {
            cg->metric_reg[handler->uses[i].metric] = cg->n_regs++;
        }
    }

    record->code = cg->start;
    record->state = handler->state;
    record->state_code = xfsm_builder_string(cg->b, handler->code);
    record->level = xfsm_builder_string(cg->b, handler->level);
    record->description = xfsm_builder_string(cg->b, handler->description);
    record->attack = xfsm_builder_string(cg->b, handler->attack);

    for (int i = 0; i < handler->n_uses; i++) {
        generate_use(cg, &handler->uses[i]);
    }
    generate_features(cg, record);
    generate_conditions(cg);
    generate_steps(cg, &handler->post, -1);
    xfsm_codegen_emit(cg, XFSM_I_END);
    xfsm_codegen_resolve(cg);
    record->n_code = (uint32_t) cg->b->sections[XFSM_S_CODE].n - cg->start;
    check_limits(cg, record);
}
