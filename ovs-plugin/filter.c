/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/filter.h"

#include <string.h>

#include "util.h"
#include "xfsm/packet/field.h"
#include "xfsm/program/image.h"

void
xfsm_filter_sum_destroy(struct xfsm_filter_sum *sum)
{
    free(sum->clauses);
    *sum = (struct xfsm_filter_sum) { 0, 0, NULL };
}

static bool
test_equal(const struct xfsm_filter_test *a, const struct xfsm_filter_test *b)
{
    return (a->field == b->field && a->op == b->op && a->value == b->value
            && !memcmp(&a->addr, &b->addr, sizeof a->addr)
            && !memcmp(&a->mask, &b->mask, sizeof a->mask));
}

static bool
clause_has(const struct xfsm_filter_clause *clause,
           const struct xfsm_filter_test *test)
{
    size_t i;

    for (i = 0; i < clause->n; i++) {
        if (test_equal(&clause->tests[i], test)) {
            return true;
        }
    }
    return false;
}

/* True if whatever fulfils 'b' fulfils 'a'. */
static bool
clause_covers(const struct xfsm_filter_clause *a,
              const struct xfsm_filter_clause *b)
{
    size_t i;

    for (i = 0; i < a->n; i++) {
        if (!clause_has(b, &a->tests[i])) {
            return false;
        }
    }
    return true;
}

/* A test for which there is no room is left out: more passes. */
static void
clause_add(struct xfsm_filter_clause *clause,
           const struct xfsm_filter_test *test)
{
    if (clause->n < XFSM_FILTER_TESTS && !clause_has(clause, test)) {
        clause->tests[clause->n++] = *test;
    }
}

static void
sum_set_always(struct xfsm_filter_sum *sum)
{
    if (!sum->allocated) {
        sum->allocated = 1;
        sum->clauses = xmalloc(sizeof *sum->clauses);
    }
    sum->n = 1;
    sum->clauses[0].n = 0;
}

/* Adds a clause to 'sum', which then has no more than 'max'. */
static void
sum_add(struct xfsm_filter_sum *sum, const struct xfsm_filter_clause *clause,
        size_t max)
{
    size_t i, n;

    for (i = n = 0; i < sum->n; i++) {
        if (clause_covers(&sum->clauses[i], clause)) {
            return;
        }
    }
    for (i = n = 0; i < sum->n; i++) {
        if (!clause_covers(clause, &sum->clauses[i])) {
            sum->clauses[n++] = sum->clauses[i];
        }
    }
    sum->n = n;
    if (n >= max) {
        sum_set_always(sum);
        return;
    }
    if (n >= sum->allocated) {
        sum->clauses = x2nrealloc(sum->clauses, &sum->allocated,
                                  sizeof *sum->clauses);
    }
    sum->clauses[sum->n++] = *clause;
}

void
xfsm_filter_sum_add(struct xfsm_filter_sum *sum,
                    const struct xfsm_filter_sum *other, size_t max)
{
    size_t i;

    for (i = 0; i < other->n; i++) {
        sum_add(sum, &other->clauses[i], max);
    }
}

/* Adds that all fields of 'key' are there. */
static void
clause_add_key(struct xfsm_filter_clause *clause,
               const struct xfsm_image *image, uint16_t key)
{
    size_t i;

    for (i = 0; key != XFSM_NONE && i < image->keys[key].n; i++) {
        const struct xfsm_filter_test test = {
            .field = image->field_ids[image->keys[key].fields[i]],
            .op = XFSM_FILTER_PRESENT,
        };

        clause_add(clause, &test);
    }
}

/* Adds to 'clause' what holds if the test 'insn' of the matcher does. */
static void
clause_add_insn(struct xfsm_filter_clause *clause,
                const struct xfsm_image *image, const struct xfsm_insn *insn)
{
    struct xfsm_filter_test test = { .op = XFSM_FILTER_PRESENT };

    switch (insn->op) {
    case XFSM_I_MIN:
        clause_add_key(clause, image, insn->d);
        return;
    case XFSM_I_MUINT:
        test.op = insn->a;
        test.value = insn->k.u;
        break;
    case XFSM_I_MADDR:
        test.op = insn->a;
        memcpy(&test.addr, image->prefixes[insn->d].addr, sizeof test.addr);
        memcpy(&test.mask, image->prefixes[insn->d].mask, sizeof test.mask);
        break;
    default:                    /* A string must be there, no more. */
        break;
    }
    test.field = image->field_ids[insn->b];
    clause_add(clause, &test);
}

/* Stores in '*sum' what leads from instruction 'pc' of the matcher to an
 * event; 'sums' has that of those behind it. */
static void
add_insn(struct xfsm_filter_sum *sums, const struct xfsm_image *image,
         uint32_t pc)
{
    const struct xfsm_insn *insn = &image->code[pc];
    struct xfsm_filter_sum *sum = &sums[pc];
    size_t i;

    switch (insn->op) {
    case XFSM_I_MNONE:
        return;

    case XFSM_I_MEVENT: {
        struct xfsm_filter_clause clause = { .n = 0 };

        clause_add_key(&clause, image, image->events[insn->b].primary);
        sum_add(sum, &clause, XFSM_FILTER_CLAUSES);
        return;
    }

    case XFSM_I_MJUMP:
        break;

    default:
        for (i = 0; i < sums[pc + 1].n; i++) {
            struct xfsm_filter_clause clause = sums[pc + 1].clauses[i];

            clause_add_insn(&clause, image, insn);
            sum_add(sum, &clause, XFSM_FILTER_CLAUSES);
        }
        break;
    }
    xfsm_filter_sum_add(sum, &sums[insn->c], XFSM_FILTER_CLAUSES);
}

/* Returns the layers of which the program names fields. */
static uint32_t
get_layers(const struct xfsm_image *image)
{
    uint32_t layers = 0;
    uint32_t i;

    BUILD_ASSERT_DECL(XFSM_N_FIELD_LAYERS <= 32);
    for (i = 0; i < image->n_fields; i++) {
        layers |= 1u << xfsm_fields[image->field_ids[i]].layer;
    }
    return layers;
}

/* True if the program publishes packets as they are. */
static bool
publishes_packets(const struct xfsm_image *image)
{
    uint32_t i, j;

    for (i = 0; i < image->n_handlers; i++) {
        const struct xfsm_img_handler *h = &image->handlers[i];

        for (j = 0; j < h->n_code; j++) {
            if (image->code[h->code + j].op == XFSM_I_PUBRAW) {
                return true;
            }
        }
    }
    return false;
}

/* True if the program names a field that depends on what the probe sees. */
static bool
counts_packets(const struct xfsm_image *image)
{
    uint32_t i;

    for (i = 0; i < image->n_fields; i++) {
        if (image->field_ids[i] == XFSM_F_PACKET_NO) {
            return true;
        }
    }
    return false;
}

static void
build_sum(struct xfsm_filter_sum *sum, const struct xfsm_image *image)
{
    uint32_t n = image->header->matcher_len;
    struct xfsm_filter_sum *sums;
    uint32_t pc;

    *sum = (struct xfsm_filter_sum) { 0, 0, NULL };
    if (counts_packets(image)) {
        sum_set_always(sum);
        return;
    }

    /* All jumps go forward. */
    sums = xcalloc(n, sizeof *sums);
    for (pc = n; pc-- > 0; ) {
        add_insn(sums, image, pc);
    }
    *sum = sums[0];
    for (pc = 1; pc < n; pc++) {
        xfsm_filter_sum_destroy(&sums[pc]);
    }
    free(sums);
}

void
xfsm_filter_destroy(struct xfsm_filter *filter)
{
    while (filter->n) {
        xfsm_filter_remove(filter, filter->programs[0].name);
    }
    free(filter->programs);
    filter->programs = NULL;
}

void
xfsm_filter_remove(struct xfsm_filter *filter, const char *name)
{
    size_t i;

    for (i = 0; i < filter->n; i++) {
        struct xfsm_filter_program *p = &filter->programs[i];

        if (!strcmp(p->name, name)) {
            free(p->name);
            xfsm_filter_sum_destroy(&p->sum);
            *p = filter->programs[--filter->n];
            return;
        }
    }
}

void
xfsm_filter_set(struct xfsm_filter *filter, const char *name,
                const struct xfsm_image *image)
{
    struct xfsm_filter_program *p;

    xfsm_filter_remove(filter, name);
    filter->programs = xrealloc(filter->programs,
                                (filter->n + 1) * sizeof *filter->programs);
    p = &filter->programs[filter->n++];
    p->name = xstrdup(name);
    p->layers = get_layers(image);
    p->raw = publishes_packets(image);
    build_sum(&p->sum, image);
}
