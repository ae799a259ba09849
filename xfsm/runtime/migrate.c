/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/migrate.h"

#include <string.h>

#include "xfsm/runtime/instance.h"
#include "xfsm/runtime/run.h"

#define SWAP(A, B) \
    do { \
        __typeof__(A) swap_ = (A); \
        (A) = (B); \
        (B) = swap_; \
    } while (0)

/* ## Keys ## */

static bool
keys_alike(const struct xfsm_image *a, uint16_t i,
           const struct xfsm_image *b, uint16_t j)
{
    const struct xfsm_img_key *x = &a->keys[i];
    const struct xfsm_img_key *y = &b->keys[j];

    if (x->n != y->n) {
        return false;
    }
    for (unsigned int k = 0; k < x->n; k++) {
        if (a->field_ids[x->fields[k]] != b->field_ids[y->fields[k]]
            || !xfsm_prefix_equal(x->prefixes[k], y->prefixes[k])) {
            return false;
        }
    }
    return true;
}

/* The key of 'image' that is like key 'key' of 'other', or XFSM_NONE. */
static uint16_t
find_key(const struct xfsm_image *image, const struct xfsm_image *other,
         uint16_t key)
{
    for (uint16_t i = 0; i < image->n_keys; i++) {
        if (keys_alike(image, i, other, key)) {
            return i;
        }
    }
    return XFSM_NONE;
}

/* Sets of keys are bit maps. */
_Static_assert(XFSM_MAX_KEYS <= 64, "a bit for each key");

static void
add_key(uint64_t *set, uint16_t key)
{
    if (key != XFSM_NONE) {
        *set |= UINT64_C(1) << key;
    }
}

/* Is each key of set 'x' of 'a' one of set 'y' of 'b'? */
static bool
is_subset(const struct xfsm_image *a, uint64_t x,
          const struct xfsm_image *b, uint64_t y)
{
    for (; x; x &= x - 1) {
        uint16_t i = (uint16_t) __builtin_ctzll(x);
        uint16_t j = 0;

        while (j < b->n_keys
               && !(y >> j & 1 && keys_alike(a, i, b, j))) {
            j++;
        }
        if (j == b->n_keys) {
            return false;
        }
    }
    return true;
}

static bool
sets_alike(const struct xfsm_image *a, uint64_t x,
           const struct xfsm_image *b, uint64_t y)
{
    return is_subset(a, x, b, y) && is_subset(b, y, a, x);
}

/* The keys that a program uses a metric with. */
struct metric_keys {
    uint64_t detector, monitor, items;
};

static struct metric_keys
find_metric_keys(const struct xfsm_image *image, uint16_t metric)
{
    struct metric_keys keys = { 0, 0, 0 };

    for (uint32_t i = image->header->matcher_len; i < image->n_code; i++) {
        const struct xfsm_insn *insn = &image->code[i];

        if (insn->b != metric) {
            continue;
        }
        switch (insn->op) {
        case XFSM_I_VMITEM:
            add_key(&keys.items, insn->c);
            add_key(&keys.monitor, insn->d);
            break;
        case XFSM_I_VMADD: case XFSM_I_VMGET:
            add_key(&keys.monitor, insn->d);
            break;
        case XFSM_I_VDGET: case XFSM_I_VDSET:
            add_key(&keys.detector, insn->d);
            break;
        default:
            break;
        }
    }
    return keys;
}

static uint64_t
find_primary_keys(const struct xfsm_image *image)
{
    uint64_t keys = 0;

    for (uint32_t i = 0; i < image->n_events; i++) {
        add_key(&keys, image->events[i].primary);
    }
    return keys;
}

/* ## Declarations ## */

static bool
names_alike(const struct xfsm_image *a, uint32_t x,
            const struct xfsm_image *b, uint32_t y)
{
    return !strcmp(&a->strings[x], &b->strings[y]);
}

static void
swap_metric(struct xfsm_instance *p, uint16_t i,
            struct xfsm_instance *old, uint16_t j)
{
    const struct xfsm_img_metric *a = &p->image.metrics[i];
    const struct xfsm_img_metric *b = &old->image.metrics[j];
    struct xfsm_metric_memory *x = &p->metrics[i];
    struct xfsm_metric_memory *y = &old->metrics[j];
    struct metric_keys new_keys = find_metric_keys(&p->image, i);
    struct metric_keys old_keys = find_metric_keys(&old->image, j);

    if (a->vd_on && b->vd_on && a->vd_size == b->vd_size
        && a->vd_nhash == b->vd_nhash
        && a->vd_reset_after == b->vd_reset_after
        && sets_alike(&p->image, new_keys.detector,
                      &old->image, old_keys.detector)) {
        SWAP(x->detector, y->detector);
    }
    if (a->vm_on && b->vm_on && a->vm_type == b->vm_type
        && a->vm_size == b->vm_size && a->vm_window == b->vm_window
        && !memcmp(&a->vm_quantile, &b->vm_quantile, sizeof a->vm_quantile)
        && a->key_words == b->key_words && a->vm_on_full == b->vm_on_full
        && a->vm_ttl == b->vm_ttl
        && sets_alike(&p->image, new_keys.monitor,
                      &old->image, old_keys.monitor)
        && sets_alike(&p->image, new_keys.items,
                      &old->image, old_keys.items)) {
        SWAP(x->tewma, y->tewma);
        SWAP(x->counters, y->counters);
        SWAP(x->summary, y->summary);
        SWAP(x->simple, y->simple);
    }
}

static bool
entries_alike(const struct xfsm_image *a, const struct xfsm_img_table *x,
              const struct xfsm_image *b, const struct xfsm_img_table *y)
{
    if (x->n_entries != y->n_entries) {
        return false;
    }
    for (uint32_t i = 0; i < x->n_entries; i++) {
        const struct xfsm_img_entry *e = &a->entries[x->first_entry + i];
        const struct xfsm_img_entry *f = &b->entries[y->first_entry + i];

        if (memcmp(&e->value, &f->value, sizeof e->value)
            || e->key_len != f->key_len || e->text_len != f->text_len
            || memcmp(&a->strings[e->text], &b->strings[f->text], e->text_len)
            || memcmp(&a->strings[e->key], &b->strings[f->key],
                      e->key_len)) {
            return false;
        }
    }
    return true;
}

static void
swap_table(struct xfsm_instance *p, uint32_t i, struct xfsm_instance *old,
           uint32_t j)
{
    const struct xfsm_img_table *a = &p->image.tables[i];
    const struct xfsm_img_table *b = &old->image.tables[j];

    if (p->tables[i] && old->tables[j]
        && keys_alike(&p->image, a->key, &old->image, b->key)
        && a->is_text == b->is_text
        && xfsm_keytable_like(p->tables[i], old->tables[j])
        && entries_alike(&p->image, a, &old->image, b)) {
        SWAP(p->tables[i], old->tables[j]);
    }
}

/* Do both have the same states under the same numbers, in tables alike? */
static bool
states_same(const struct xfsm_instance *p, const struct xfsm_instance *old)
{
    if (p->image.n_states != old->image.n_states
        || !xfsm_keytable_like(p->states, old->states)
        || memcmp(p->state_lifetimes, old->state_lifetimes,
                  sizeof p->state_lifetimes)) {
        return false;
    }
    for (uint32_t i = 0; i < p->image.n_states; i++) {
        if (strcmp(p->state_names[i], old->state_names[i])) {
            return false;
        }
    }
    return true;
}

/* The same key in the state table is the same thing in both programs. */
static bool
primaries_same(const struct xfsm_instance *p, const struct xfsm_instance *old)
{
    return sets_alike(&p->image, find_primary_keys(&p->image),
                      &old->image, find_primary_keys(&old->image));
}

static bool
snapshots_same(const struct xfsm_instance *p, const struct xfsm_instance *old)
{
    return p->timers && old->timers
           && !memcmp(&p->snapshot, &old->snapshot, sizeof p->snapshot);
}

/* Do both have the same keys under the same numbers? */
static bool
keys_same(const struct xfsm_image *a, const struct xfsm_image *b)
{
    if (a->n_keys != b->n_keys) {
        return false;
    }
    for (uint16_t i = 0; i < a->n_keys; i++) {
        if (!keys_alike(a, i, b, i)) {
            return false;
        }
    }
    return true;
}

/* Do both have the same classes and keys under the same numbers? */
static bool
timers_same(const struct xfsm_instance *p, const struct xfsm_instance *old)
{
    const struct xfsm_image *a = &p->image;
    const struct xfsm_image *b = &old->image;

    if (!snapshots_same(p, old) || !xfsm_timers_like(p->timers, old->timers)
        || a->n_classes != b->n_classes || !keys_same(a, b)) {
        return false;
    }
    for (uint32_t i = 0; i < a->n_classes; i++) {
        if (!names_alike(a, a->classes[i].name, b, b->classes[i].name)) {
            return false;
        }
    }
    return true;
}

void
xfsm_migrate_swap(struct xfsm_instance *p, struct xfsm_instance *old)
{
    const struct xfsm_image *a = &p->image;
    const struct xfsm_image *b = &old->image;

    for (uint16_t i = 0; i < a->n_metrics; i++) {
        for (uint16_t j = 0; j < b->n_metrics; j++) {
            if (names_alike(a, a->metrics[i].name, b, b->metrics[j].name)) {
                swap_metric(p, i, old, j);
            }
        }
    }
    for (uint32_t i = 0; i < a->n_tables; i++) {
        for (uint32_t j = 0; j < b->n_tables; j++) {
            if (names_alike(a, a->tables[i].name, b, b->tables[j].name)) {
                swap_table(p, i, old, j);
            }
        }
    }
    if (primaries_same(p, old) && states_same(p, old)) {
        SWAP(p->states, old->states);
        p->specs_stale = old->specs_stale || !keys_same(a, b);
        for (uint32_t i = 0; i < a->n_states; i++) {
            SWAP(p->state_keys[i], old->state_keys[i]);
        }
    }
    if (timers_same(p, old)) {
        SWAP(p->timers, old->timers);
    }
    xfsm_instance_link(p);
    xfsm_instance_link(old);
}

/* ## Copies ## */

struct copy {
    struct xfsm_instance *p;
    const struct xfsm_instance *old;
    uint64_t now;
};

/* The number in 'p' of state 'state' of 'old', or 0. */
static uint16_t
find_state(const struct copy *c, uint16_t state)
{
    for (uint32_t i = 1; i < c->p->image.n_states; i++) {
        if (!strcmp(c->p->state_names[i], c->old->state_names[state])) {
            return (uint16_t) i;
        }
    }
    return 0;
}

static bool
copy_state(const uint64_t *key, unsigned int n, void *record, void *c_)
{
    const struct xfsm_state_entry *entry = record;
    struct xfsm_key_value value = { .n = n };
    struct copy *c = c_;
    uint16_t state = find_state(c, entry->state);

    if (state && n <= c->p->states->key_words) {
        memcpy(value.w, key, n * sizeof *key);
        value.hash = xfsm_hash_words(c->p->seed, c->p->tweak, key, n);
        value.spec = entry->spec < c->old->image.n_keys
                     ? find_key(&c->p->image, &c->old->image, entry->spec)
                     : XFSM_NONE;
        xfsm_enter_state(c->p, &value, state, entry->since, XFSM_CAUSE_NONE);
    }
    return true;
}

static bool
copy_timer(const struct xfsm_timer_fired *timer, uint64_t order, void *c_)
{
    struct copy *c = c_;
    const struct xfsm_image *a = &c->p->image;
    const struct xfsm_image *b = &c->old->image;
    struct xfsm_key_value primary;
    char *payload;

    memcpy(&primary, timer->payload, sizeof primary);
    if (primary.n) {
        primary.spec = find_key(a, b, primary.spec);
    }
    if ((primary.n && primary.spec == XFSM_NONE)
        || timer->n_key > xfsm_timers_key_words(c->p->timers)) {
        return true;
    }
    for (uint16_t i = 0; i < a->n_classes; i++) {
        if (names_alike(a, a->classes[i].name,
                        b, b->classes[timer->class].name)) {
            struct xfsm_timer_fired copy = *timer;

            copy.class = i;
            payload = xfsm_timers_restore(c->p->timers, &copy, order, c->now);
            if (payload) {
                memcpy(payload, timer->payload,
                       sizeof primary + c->p->snapshot.size);
                memcpy(payload, &primary, xfsm_key_value_size(primary.n));
            }
        }
    }
    return true;
}

void
xfsm_migrate_copy(struct xfsm_instance *p, const struct xfsm_instance *old,
                  uint64_t now)
{
    struct copy copy = { p, old, now };

    if (primaries_same(p, old) && !states_same(p, old)) {
        xfsm_keytable_foreach(old->states, copy_state, &copy);
    } else if (primaries_same(p, old) && old->own.state) {
        /* The counts were exchanged with the table.  This is not in it. */
        p->state_keys[old->own.state]--;
    }
    if (snapshots_same(p, old) && !timers_same(p, old)) {
        xfsm_timers_foreach(old->timers, copy_timer, &copy);
    }
    p->handled = old->handled;
    p->events = old->events;
}
