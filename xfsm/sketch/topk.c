/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/sketch/topk-private.h"

#include <assert.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"
#include "xfsm/base/hash.h"
#include "xfsm/base/mem.h"

#define COUNT_MAX 1e300

#define CHILDREN 4
#define CELLS_PER_KEY 4

/* A cell holds 16 bits of the hash and the number of the entry plus one; 0
 * is a free one. */
#define CELL_TAG UINT32_C(0xffff0000)
#define CELL_ENTRY UINT32_C(0xffff)
#define NO_CELL UINT32_MAX

_Static_assert(XFSM_TOPK_MAX < CELL_ENTRY, "an entry's number fits");

static inline uint32_t
make_cell(uint64_t hash, uint32_t entry)
{
    return ((uint32_t) (hash >> 32) & CELL_TAG) | (entry + 1);
}

static bool
entry_has_key(const struct xfsm_topk *t, const struct xfsm_topk_list *list,
              uint32_t entry, const uint64_t *key, unsigned int n)
{
    const uint64_t *have = xfsm_topk_entry_key(t, list, entry);
    unsigned int i;

    if (list->entries[entry].n != n) {
        return false;
    }
    for (i = 0; i < n; i++) {
        if (have[i] != key[i]) {
            return false;
        }
    }
    return true;
}

/* The number of the entry of 'key', or NO_CELL. */
static uint32_t
find_entry(const struct xfsm_topk *t, const struct xfsm_topk_list *list,
           uint64_t hash, const uint64_t *key, unsigned int n)
{
    uint32_t mask = t->n_cells - 1;
    uint32_t tag = make_cell(hash, 0) & CELL_TAG;
    uint32_t i;

    for (i = (uint32_t) hash & mask; list->cells[i]; i = (i + 1) & mask) {
        uint32_t entry = (list->cells[i] & CELL_ENTRY) - 1;

        if ((list->cells[i] & CELL_TAG) == tag
            && entry_has_key(t, list, entry, key, n)) {
            return entry;
        }
    }
    return NO_CELL;
}

static void
insert_cell(const struct xfsm_topk *t, struct xfsm_topk_list *list,
            uint64_t hash, uint32_t entry)
{
    uint32_t mask = t->n_cells - 1;
    uint32_t i = (uint32_t) hash & mask;

    while (list->cells[i]) {
        i = (i + 1) & mask;
    }
    list->cells[i] = make_cell(hash, entry);
}

/* Removes the cell of 'entry', and moves back those after it that would not
 * be found across the gap (Knuth, volume 3, algorithm 6.4R). */
static void
remove_cell(const struct xfsm_topk *t, struct xfsm_topk_list *list,
            uint32_t entry)
{
    uint32_t mask = t->n_cells - 1;
    uint32_t gap = (uint32_t) list->entries[entry].hash & mask;
    uint32_t i;

    while ((list->cells[gap] & CELL_ENTRY) != entry + 1) {
        gap = (gap + 1) & mask;
    }
    for (i = (gap + 1) & mask; list->cells[i]; i = (i + 1) & mask) {
        uint32_t other = (list->cells[i] & CELL_ENTRY) - 1;
        uint32_t home = (uint32_t) list->entries[other].hash & mask;

        if (((i - home) & mask) >= ((i - gap) & mask)) {
            list->cells[gap] = list->cells[i];
            gap = i;
        }
    }
    list->cells[gap] = 0;
}

static inline void
set_place(struct xfsm_topk_list *list, uint32_t place,
          struct xfsm_topk_counter counter)
{
    list->heap[place] = counter;
    list->entries[counter.entry].place = place;
}

/* Adds 'q' to the counter at 'place', and moves it away from the root as far
 * as it has to go.  Returns its count. */
static double
raise_counter(struct xfsm_topk_list *list, uint32_t place, double q)
{
    struct xfsm_topk_counter counter = list->heap[place];

    counter.count = (counter.count + q < COUNT_MAX
                     ? counter.count + q : COUNT_MAX);
    for (;;) {
        uint32_t child = place * CHILDREN + 1;
        uint32_t end = child + CHILDREN;
        uint32_t lowest = child;

        if (child >= list->n) {
            break;
        }
        for (end = end < list->n ? end : list->n; child < end; child++) {
            if (list->heap[child].count < list->heap[lowest].count) {
                lowest = child;
            }
        }
        if (counter.count <= list->heap[lowest].count) {
            break;
        }
        set_place(list, place, list->heap[lowest]);
        place = lowest;
    }
    set_place(list, place, counter);
    return counter.count;
}

/* Moves the counter at 'place', which is new, towards the root. */
static void
lower_counter(struct xfsm_topk_list *list, uint32_t place)
{
    struct xfsm_topk_counter counter = list->heap[place];

    while (place) {
        uint32_t parent = (place - 1) / CHILDREN;

        if (list->heap[parent].count <= counter.count) {
            break;
        }
        set_place(list, place, list->heap[parent]);
        place = parent;
    }
    set_place(list, place, counter);
}

/* Makes 'entry' that of 'key', which has none. */
static void
fill_entry(const struct xfsm_topk *t, struct xfsm_topk_list *list,
           uint32_t entry, uint64_t hash, const uint64_t *key,
           unsigned int n, double error)
{
    uint64_t *to = xfsm_topk_entry_key(t, list, entry);
    unsigned int i;

    assert(n <= t->key_words);
    list->entries[entry].hash = hash;
    list->entries[entry].error = error;
    list->entries[entry].n = n;
    for (i = 0; i < n; i++) {
        to[i] = key[i];
    }
    insert_cell(t, list, hash, entry);
}

static double
add_key(struct xfsm_topk *t, struct xfsm_topk_list *list, uint64_t hash,
        const uint64_t *key, unsigned int n, double q)
{
    uint32_t entry;

    if (list->n == t->k) {
        entry = (uint32_t) list->heap[0].entry;
        remove_cell(t, list, entry);
        t->replaced++;
        fill_entry(t, list, entry, hash, key, n, list->heap[0].count);
        return raise_counter(list, 0, q);
    }
    entry = list->n++;
    fill_entry(t, list, entry, hash, key, n, list->floor);
    q = list->floor + q < COUNT_MAX ? list->floor + q : COUNT_MAX;
    list->heap[entry] = (struct xfsm_topk_counter) { q, entry };
    lower_counter(list, entry);
    return q;
}

/* No key without a counter has more. */
static double
lowest_count(const struct xfsm_topk *t, const struct xfsm_topk_list *list)
{
    return list->n == t->k ? list->heap[0].count : list->floor;
}

/* Gives entry number 'from' the number 'to', which is free. */
static void
renumber_entry(const struct xfsm_topk *t, struct xfsm_topk_list *list,
               uint32_t from, uint32_t to)
{
    const struct xfsm_topk_entry *e = &list->entries[from];
    uint32_t i = (uint32_t) e->hash & (t->n_cells - 1);

    while ((list->cells[i] & CELL_ENTRY) != from + 1) {
        i = (i + 1) & (t->n_cells - 1);
    }
    list->cells[i] = make_cell(e->hash, to);
    list->heap[e->place].entry = to;
    list->entries[to] = *e;
    memcpy(xfsm_topk_entry_key(t, list, to),
           xfsm_topk_entry_key(t, list, from),
           t->key_words * sizeof(uint64_t));
}

static void
remove_entry(const struct xfsm_topk *t, struct xfsm_topk_list *list,
             uint32_t entry)
{
    uint32_t place = list->entries[entry].place;

    list->floor = lowest_count(t, list);
    remove_cell(t, list, entry);
    list->n--;
    if (place != list->n) {
        uint32_t moved = (uint32_t) list->heap[list->n].entry;

        set_place(list, place, list->heap[list->n]);
        raise_counter(list, place, 0);
        lower_counter(list, list->entries[moved].place);
    }
    if (entry != list->n) {
        renumber_entry(t, list, list->n, entry);
    }
}

static size_t
cells_size(const struct xfsm_topk *t)
{
    return t->n_cells * sizeof(uint32_t);
}

static void
clear_list(const struct xfsm_topk *t, struct xfsm_topk_list *list)
{
    if (list->n) {
        memset(list->cells, 0, cells_size(t));
    }
    list->n = 0;
    list->total = list->floor = 0;
}

/* Begins the window of 'now'. */
static void
run_clock(struct xfsm_topk *t, uint64_t now)
{
    uint64_t before = t->window.number;

    if (!xfsm_window_advance(&t->window, now)) {
        return;
    }
    if (t->window.number - before > 1) {
        clear_list(t, &t->lists[t->current]);
    }
    t->current = !t->current;
    clear_list(t, &t->lists[t->current]);
}

static char *
check_limits(unsigned int key_words, unsigned int k)
{
    if (!key_words || key_words > XFSM_KEY_WORDS) {
        return xfsm_error("a key has 1 to %d words, not %u", XFSM_KEY_WORDS,
                          key_words);
    }
    if (!k || k > XFSM_TOPK_MAX) {
        return xfsm_error("there are 1 to %d heavy hitters, not %u",
                          XFSM_TOPK_MAX, k);
    }
    return NULL;
}

/* Cuts 'size' bytes, in whole cache lines, off the memory from '*p' on.  With
 * NULL there it only counts. */
static void *
cut(uint8_t **p, size_t *total, size_t size)
{
    uint8_t *piece = *p;

    size = (size + 63) / 64 * 64;
    *total += size;
    if (piece) {
        *p = piece + size;
    }
    return piece;
}

/* Lays the lists out in 'memory'.  Returns the size of that. */
static size_t
lay_out(struct xfsm_topk *t, uint8_t *memory)
{
    size_t total = 0;
    unsigned int i;

    for (i = 0; i < 2; i++) {
        struct xfsm_topk_list *list = &t->lists[i];

        list->cells = cut(&memory, &total, cells_size(t));

        /* With the root in place 3 siblings share a line. */
        list->heap = cut(&memory, &total,
                         (t->k + CHILDREN - 1) * sizeof *list->heap);
        if (list->heap) {
            list->heap += CHILDREN - 1;
        }
        list->entries = cut(&memory, &total, t->k * sizeof *list->entries);
        list->keys = cut(&memory, &total,
                         (size_t) t->k * t->key_words * sizeof *list->keys);
    }
    return total;
}

static void
set_sizes(struct xfsm_topk *t, unsigned int key_words, unsigned int k)
{
    t->key_words = key_words;
    t->k = k;
    t->n_cells = 1;
    while (t->n_cells < CELLS_PER_KEY * k) {
        t->n_cells *= 2;
    }
}

size_t
xfsm_topk_footprint(unsigned int key_words, unsigned int k)
{
    struct xfsm_topk t;

    memset(&t, 0, sizeof t);
    set_sizes(&t, key_words, k);
    return lay_out(&t, NULL);
}

char *
xfsm_topk_create(unsigned int key_words, unsigned int k, uint64_t window,
                 struct xfsm_topk **topkp)
{
    char *error = check_limits(key_words, k);
    struct xfsm_topk *t;

    if (error) {
        return error;
    }
    t = calloc(1, sizeof *t);
    if (!t) {
        return xfsm_error("no memory for heavy hitters");
    }
    set_sizes(t, key_words, k);
    xfsm_window_init(&t->window, window);
    t->memory_size = lay_out(t, NULL);
    t->memory = xfsm_mem_map(t->memory_size, false);
    if (!t->memory) {
        error = xfsm_error("no address space for heavy hitters of %zu bytes",
                           t->memory_size);
        xfsm_topk_destroy(t);
        return error;
    }
    lay_out(t, t->memory);
    *topkp = t;
    return NULL;
}

void
xfsm_topk_destroy(struct xfsm_topk *t)
{
    if (t) {
        xfsm_mem_unmap(t->memory, t->memory_size);
        free(t);
    }
}

double
xfsm_topk_add(struct xfsm_topk *t, uint64_t hash, const uint64_t *key,
              unsigned int n, double q, uint64_t now)
{
    struct xfsm_topk_list *list;
    uint32_t entry;

    run_clock(t, now);
    list = &t->lists[t->current];
    entry = find_entry(t, list, hash, key, n);
    if (!(q > 0 && q <= DBL_MAX)) {
        return (entry == NO_CELL
                ? 0 : list->heap[list->entries[entry].place].count);
    }
    list->total = list->total + q < COUNT_MAX ? list->total + q : COUNT_MAX;
    return (entry == NO_CELL
            ? add_key(t, list, hash, key, n, q)
            : raise_counter(list, list->entries[entry].place, q));
}

bool
xfsm_topk_get(const struct xfsm_topk *t, uint64_t hash, const uint64_t *key,
              unsigned int n, uint64_t now, struct xfsm_topk_hitter *hitter)
{
    const struct xfsm_topk_list *list = xfsm_topk_find_list(t, false, now);
    uint32_t entry;

    if (!list) {
        return false;
    }
    entry = find_entry(t, list, hash, key, n);
    if (entry == NO_CELL) {
        return false;
    }
    *hitter = xfsm_topk_make_hitter(t, list, entry);
    return true;
}

void
xfsm_topk_reset_key(struct xfsm_topk *t, uint64_t hash, const uint64_t *key,
                    unsigned int n)
{
    unsigned int i;

    for (i = 0; i < 2; i++) {
        uint32_t entry = find_entry(t, &t->lists[i], hash, key, n);

        if (entry != NO_CELL) {
            remove_entry(t, &t->lists[i], entry);
        }
    }
}

void
xfsm_topk_reset(struct xfsm_topk *t)
{
    clear_list(t, &t->lists[0]);
    clear_list(t, &t->lists[1]);
}

void
xfsm_topk_get_stats(const struct xfsm_topk *t,
                    struct xfsm_topk_stats *stats)
{
    const struct xfsm_topk_list *list = &t->lists[t->current];

    stats->n = list->n;
    stats->k = t->k;
    stats->total = list->total;
    stats->lowest = lowest_count(t, list);
    stats->replaced = t->replaced;
    stats->bytes = sizeof *t + t->memory_size;
}

/* Reads the counter at 'place', the places below being there. */
static void
read_counter(const struct xfsm_topk *t, struct xfsm_topk_list *list,
             uint32_t place, struct xfsm_state_io *io)
{
    uint64_t key[XFSM_KEY_WORDS];
    uint64_t hash;
    double count = 0, error = 0;
    uint32_t n = 0;

    xfsm_state_double(io, &count);
    xfsm_state_double(io, &error);
    xfsm_state_u32(io, &n);
    xfsm_state_check(io, n <= t->key_words, "a heavy hitter's key");
    xfsm_state_bytes(io, key, (n <= t->key_words ? n : 0) * sizeof *key);
    xfsm_state_check(io, count <= COUNT_MAX && count >= list->floor
                         && error >= 0 && error <= count
                         && (!place || list->heap[(place - 1)
                                                  / CHILDREN].count <= count),
                     "a heavy hitter's count");
    if (!xfsm_state_ok(io)) {
        return;
    }
    hash = xfsm_hash_words(io->seed, io->tweak, key, n);
    if (find_entry(t, list, hash, key, n) != NO_CELL) {
        xfsm_state_check(io, false, "a heavy hitter is there twice");
        return;
    }
    fill_entry(t, list, place, hash, key, n, error);
    set_place(list, place, (struct xfsm_topk_counter) { count, place });
    list->n++;
}

static void
write_counter(const struct xfsm_topk *t, const struct xfsm_topk_list *list,
              uint32_t place, struct xfsm_state_io *io)
{
    uint32_t entry = (uint32_t) list->heap[place].entry;
    double count = list->heap[place].count;
    double error = list->entries[entry].error;
    uint32_t n = list->entries[entry].n;

    xfsm_state_double(io, &count);
    xfsm_state_double(io, &error);
    xfsm_state_u32(io, &n);
    xfsm_state_bytes(io, xfsm_topk_entry_key(t, list, entry),
                     n * sizeof(uint64_t));
}

static void
list_state(const struct xfsm_topk *t, struct xfsm_topk_list *list,
           struct xfsm_state_io *io)
{
    double totals[2] = { list->total, list->floor };
    uint32_t n = list->n;
    uint32_t i;

    xfsm_state_u32(io, &n);
    xfsm_state_bytes(io, totals, sizeof totals);
    if (!xfsm_state_reads(io)) {
        for (i = 0; i < n; i++) {
            write_counter(t, list, i, io);
        }
        return;
    }
    xfsm_state_check(io, n <= t->k && xfsm_state_doubles_good(totals, 2,
                                                              COUNT_MAX),
                     "a list of heavy hitters");
    clear_list(t, list);
    list->total = totals[0];
    list->floor = totals[1];
    for (i = 0; i < n && xfsm_state_ok(io); i++) {
        read_counter(t, list, i, io);
    }
}

void
xfsm_topk_state(struct xfsm_topk *t, struct xfsm_state_io *io)
{
    xfsm_state_same(io, t->k, "the number of heavy hitters");
    xfsm_window_state(&t->window, io);
    list_state(t, &t->lists[t->current], io);
    list_state(t, &t->lists[!t->current], io);
}
