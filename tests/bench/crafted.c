/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Work for test-crafted.py to count instructions of, on keys of an attacker's
 * choice and on others.
 *
 *     crafted craft KIND [PROGRAM.xml] > KEYS
 *     crafted run KIND zeros|secret any [PROGRAM.xml]
 *     crafted run KIND zeros|secret KEYS [PROGRAM.xml]
 *
 * The first finds keys that are bad under the seed of zeros.  The others do
 * the same work, in crafted_measured(), on random keys or on those of a file,
 * under that seed or one that nobody crafted keys for.  KIND is
 *
 *     table    insertions into an exact table: all keys have one bucket pair
 *     timers   timers that are moved: all are in one chain of the index
 *     detector, tewma, countmin
 *              updates of these sketches: all are in one line
 *     rate     updates of a rate over a window: as table
 *     program  SYNs between pairs of hosts, on a program whose keys are such
 *              pairs, after one of them scanned the other: the state table's
 *              filter takes each for the scanner's pair
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/packet-builder.h"
#include "utilities/bench-random.h"
#include "xfsm/engine.h"
#include "xfsm/packet/decode.h"
#include "xfsm/program/compile.h"
#include "xfsm/program/diag.h"
#include "xfsm/runtime/instance.h"
#include "xfsm/runtime/timers-private.h"
#include "xfsm/sketch/countmin.h"
#include "xfsm/sketch/ratewindow.h"

#define KEYS 512
#define ROUNDS 8
#define SLOTS 1024              /* Of the table, and timers of the pool. */
#define SKETCH_SIZE 13          /* log2 bits or cells: some hundred lines. */
#define MINUTE UINT64_C(60000000000)

#define BATCH 32
#define FRAME_SIZE 64
#define SCAN_PORTS 400
#define START UINT64_C(1767225600000000000)     /* ns. */

/* One kind of work.  What it works on is made by prepare() for a seed. */
struct kind {
    const char *name;
    void (*prepare)(const uint8_t entropy[16]);
    uint64_t (*hash)(uint64_t key);
    bool (*collide)(uint64_t hash, uint64_t other);
    void (*begin)(void);        /* Before what is measured. */
    void (*run)(void);          /* All of 'keys' once. */
};

static uint64_t keys[KEYS];     /* Of a program: the first one scans. */
static struct xfsm_seed seed;
static struct xfsm_keytable *table;
static struct xfsm_timers *timers;
static struct xfsm_detector *detector;
static struct xfsm_tewma *tewma;
static struct xfsm_countmin *countmin;
static struct xfsm_ratewindow *rate;
static const char *program_path;
static struct xfsm_engine *engine;
static struct xfsm_instance *instance;
static uint8_t frames[KEYS][FRAME_SIZE];
static size_t frame_len;
static uint64_t now = START;
static volatile uint64_t sink;

static void __attribute__((noreturn))
die(const char *what)
{
    fprintf(stderr, "crafted: %s\n", what);
    exit(EXIT_FAILURE);
}

static void
check(char *error)
{
    if (error) {
        die(error);
    }
}

static void
nothing(void)
{
}

static uint64_t
hash_word(uint64_t key)
{
    return xfsm_hash_words(&seed, 0, &key, 1);
}

/* ## Table ## */

static void
prepare_table(const uint8_t entropy[16])
{
    xfsm_seed_init(&seed, entropy);
    check(xfsm_keytable_create(1, 8, SLOTS, &table));
}

static bool
collide_in_table(uint64_t a, uint64_t b)
{
    return (xfsm_keytable_left(table, a) == xfsm_keytable_left(table, b)
            && xfsm_keytable_right(table, a) == xfsm_keytable_right(table,
                                                                    b));
}

static void
run_table(void)
{
    static uint32_t touch;
    bool created;

    for (int i = 0; i < KEYS; i++) {
        xfsm_keytable_insert(table, hash_word(keys[i]), &keys[i], 1, ++touch,
                             &created);
        sink += created;
    }
}

/* ## Timers ## */

static void
prepare_timers(const uint8_t entropy[16])
{
    xfsm_seed_init(&seed, entropy);
    check(xfsm_timers_create(SLOTS, 1, 8, &timers));
}

static bool
collide_in_timers(uint64_t a, uint64_t b)
{
    return xfsm_timers_bucket(timers, 1, a) == xfsm_timers_bucket(timers, 1,
                                                                  b);
}

static void
run_timers(void)
{
    for (int i = 0; i < KEYS; i++) {
        now += 1000;
        xfsm_timers_set(timers, 1, hash_word(keys[i]), &keys[i], 1, now,
                        UINT64_C(30000000000));
    }
}

/* ## Sketches ## */

static void
prepare_detector(const uint8_t entropy[16])
{
    xfsm_seed_init(&seed, entropy);
    check(xfsm_detector_create(SKETCH_SIZE + 3, 8, 0, &detector));
}

static bool
collide_in_detector(uint64_t a, uint64_t b)
{
    return xfsm_detector_line(detector, a) == xfsm_detector_line(detector, b);
}

static void
run_detector(void)
{
    for (int i = 0; i < KEYS; i++) {
        now += 1000;
        sink += xfsm_detector_update(detector, hash_word(keys[i]), now);
    }
}

static void
prepare_tewma(const uint8_t entropy[16])
{
    xfsm_seed_init(&seed, entropy);
    check(xfsm_tewma_create(SKETCH_SIZE, 60, &tewma));
}

static bool
collide_in_tewma(uint64_t a, uint64_t b)
{
    return xfsm_tewma_line(tewma, a) == xfsm_tewma_line(tewma, b);
}

static void
run_tewma(void)
{
    for (int i = 0; i < KEYS; i++) {
        now += 1000;
        sink += (uint64_t) xfsm_tewma_add(tewma, hash_word(keys[i]), 1, now);
    }
}

static void
prepare_countmin(const uint8_t entropy[16])
{
    xfsm_seed_init(&seed, entropy);
    check(xfsm_countmin_create(SKETCH_SIZE, MINUTE, &countmin));
}

static bool
collide_in_countmin(uint64_t a, uint64_t b)
{
    return (xfsm_countmin_line(countmin, 0, a)
            == xfsm_countmin_line(countmin, 0, b));
}

static void
run_countmin(void)
{
    for (int i = 0; i < KEYS; i++) {
        now += 1000;
        sink += (uint64_t) xfsm_countmin_add(countmin, hash_word(keys[i]), 1,
                                             now);
    }
}

/* The keys are in a table of the same size, whose buckets have the same
 * numbers. */
static void
prepare_rate(const uint8_t entropy[16])
{
    prepare_table(entropy);
    check(xfsm_ratewindow_create(1, SLOTS, MINUTE, 5, &rate));
}

static void
run_rate(void)
{
    for (int i = 0; i < KEYS; i++) {
        now += 1000;
        sink += (uint64_t) xfsm_ratewindow_add(rate, hash_word(keys[i]),
                                               &keys[i], 1, 1, now);
    }
}

/* ## Program ## */

static void *
compile(const char *path, size_t *lenp)
{
    static char text[1 << 17];
    FILE *stream = fopen(path, "r");
    size_t n = stream ? fread(text, 1, sizeof text, stream) : 0;
    struct xfsm_diags diags;
    void *image = NULL;

    if (!n || n == sizeof text) {
        die("cannot read the program");
    }
    fclose(stream);
    xfsm_diags_init(&diags, path);
    if (!xfsm_compile_xml(text, n, "program", &diags, &image, lenp)) {
        die(xfsm_diags_format(&diags, XFSM_DIAG_ERROR));
    }
    xfsm_diags_destroy(&diags);
    return image;
}

static void
prepare_program(const uint8_t entropy[16])
{
    struct xfsm_engine_options options = {
        .identity = { .host = "", .bridge = "", .port = "" },
    };
    size_t len;
    void *image = compile(program_path, &len);

    memcpy(options.entropy, entropy, sizeof options.entropy);
    xfsm_seed_init(&seed, entropy);
    check(xfsm_engine_create(&options, &engine));
    check(xfsm_engine_load(engine, image, len));

    /* Another one, whose inside shows. */
    check(xfsm_instance_create(image, len, &seed, &instance));
    if (!xfsm_instance_prepare(instance)) {
        die("no memory");
    }
    free(image);
}

/* A SYN from the host that is the upper half of 'key' to the one that is the
 * lower half. */
static void
make_frame(uint8_t frame[FRAME_SIZE], uint64_t key, unsigned int port)
{
    char src[16], dst[16];
    uint8_t b[8];

    for (int i = 0; i < 8; i++) {
        b[i] = (uint8_t) (key >> (56 - 8 * i));
    }
    snprintf(src, sizeof src, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    snprintf(dst, sizeof dst, "%u.%u.%u.%u", b[4], b[5], b[6], b[7]);
    frame_len = pb_tcp_frame(frame, FRAME_SIZE, src, 40000, dst, port, PB_SYN,
                             "");
}

static void
source(struct xfsm_packet *packet, const uint8_t *frame)
{
    static char scratch[BATCH][XFSM_PACKET_SCRATCH];
    static unsigned int next;

    packet->data = frame;
    packet->len = packet->caplen = (uint32_t) frame_len;
    packet->ts = now;
    packet->direction = XFSM_DIR_IN;
    packet->link_type = XFSM_LINK_ETHERNET;
    packet->aux_vlan_tpid = 0;
    packet->segs = 1;
    packet->scratch = scratch[next++ % BATCH];
}

/* The hash of the pair, as the program's first packet event has it. */
static uint64_t
hash_pair(uint64_t key)
{
    static struct xfsm_packet packet;
    static struct xfsm_key_value value;
    static uint8_t frame[FRAME_SIZE];
    uint32_t hosts[2] = {
        __builtin_bswap32((uint32_t) (key >> 32)),
        __builtin_bswap32((uint32_t) key),
    };
    uint16_t event = 0;

    if (!packet.data) {
        make_frame(frame, key, 1);
        source(&packet, frame);
        xfsm_decode(&packet, &instance->wants);
    }
    memcpy(&packet.ip_src.b[12], &hosts[0], sizeof hosts[0]);
    memcpy(&packet.ip_dst.b[12], &hosts[1], sizeof hosts[1]);
    while (instance->image.events[event].type != XFSM_EV_PACKET) {
        event++;
    }
    if (!xfsm_instance_key(instance, instance->image.events[event].primary,
                           &packet, &value)) {
        die("the keys of the program are no pairs of hosts");
    }
    return value.hash;
}

static bool
collide_in_filter(uint64_t a, uint64_t b)
{
    return xfsm_keytable_count_index(a) == xfsm_keytable_count_index(b);
}

/* The first pair scans; then there are frames of all. */
static void
begin_program(void)
{
    static struct xfsm_packet packet;
    struct xfsm_program_info info;
    uint8_t frame[FRAME_SIZE];

    for (unsigned int port = 1; port <= SCAN_PORTS; port++) {
        make_frame(frame, keys[0], port);
        now += 1000000;
        source(&packet, frame);
        xfsm_engine_run(engine, &packet, 1);
    }
    if (!xfsm_engine_get_program(engine, 0, &info) || info.keys != 1) {
        die("the scanner has no state");
    }
    for (int i = 0; i < KEYS; i++) {
        make_frame(frames[i], keys[i], 80);
    }
}

static void
run_program(void)
{
    static struct xfsm_packet batch[BATCH];

    for (int i = 0; i < KEYS; i += BATCH) {
        for (int j = 0; j < BATCH; j++) {
            now += 1000;
            source(&batch[j], frames[i + j]);
        }
        xfsm_engine_run(engine, batch, BATCH);
    }
}

/* ## All of them ## */

static const struct kind kinds[] = {
    { "table", prepare_table, hash_word, collide_in_table, nothing,
      run_table },
    { "timers", prepare_timers, hash_word, collide_in_timers, nothing,
      run_timers },
    { "detector", prepare_detector, hash_word, collide_in_detector, nothing,
      run_detector },
    { "tewma", prepare_tewma, hash_word, collide_in_tewma, nothing,
      run_tewma },
    { "countmin", prepare_countmin, hash_word, collide_in_countmin, nothing,
      run_countmin },
    { "rate", prepare_rate, hash_word, collide_in_table, nothing, run_rate },
    { "program", prepare_program, hash_pair, collide_in_filter, begin_program,
      run_program },
};

static const struct kind *
find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!strcmp(name, kinds[i].name)) {
            return &kinds[i];
        }
    }
    die("no such kind");
}

/* What is counted: valgrind knows it by its name. */
void crafted_measured(const struct kind *);

void __attribute__((noinline))
crafted_measured(const struct kind *kind)
{
    for (int i = 0; i < ROUNDS; i++) {
        kind->run();
    }
}

static void
draw_keys(void)
{
    uint64_t random = 1;

    for (int i = 0; i < KEYS; i++) {
        keys[i] = xfsm_bench_random(&random);
    }
}

/* Keeps the first key and looks for others that collide with it. */
static void
craft_keys(const struct kind *kind)
{
    uint64_t random = 1;
    int n = 0;

    while (n < KEYS) {
        uint64_t key = xfsm_bench_random(&random);

        if (!n || kind->collide(kind->hash(key), kind->hash(keys[0]))) {
            keys[n++] = key;
        }
    }
}

static void
read_keys(const char *path)
{
    FILE *stream = fopen(path, "r");

    if (!stream || fread(keys, sizeof *keys, KEYS, stream) != KEYS) {
        die("cannot read the keys");
    }
    fclose(stream);
}

int
main(int argc, char *argv[])
{
    static const uint8_t zeros[16], secret[16] = "a secret";
    bool craft = argc >= 3 && !strcmp(argv[1], "craft");
    const struct kind *kind;

    if (argc < 3 || (!craft && argc < 5)) {
        die("usage: see the source");
    }
    kind = find_kind(argv[2]);
    program_path = argv[argc - 1];
    if (craft) {
        kind->prepare(zeros);
        craft_keys(kind);
        return fwrite(keys, sizeof *keys, KEYS, stdout) != KEYS;
    }
    kind->prepare(strcmp(argv[3], "zeros") ? secret : zeros);
    if (strcmp(argv[4], "any")) {
        read_keys(argv[4]);
    } else {
        draw_keys();
    }
    kind->begin();
    crafted_measured(kind);
    return 0;
}
