/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "utilities/xfsm-settings.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include "utilities/bench-longest.h"
#include "utilities/bench-plot.h"
#include "utilities/bench-structures.h"
#include "utilities/bench-traffic.h"
#include "xfsm/base/mem.h"
#include "xfsm/engine.h"
#include "xfsm/program/compile.h"
#include "xfsm/program/image.h"

#define RUNS_MAX XFSM_STRUCTURES_ROUNDS_MAX

/* Packet time between two packets: ten million a second. */
#define PACKET_INTERVAL 100

struct bench {
    struct xfsm_traffic_options traffic_options;
    struct xfsm_traffic traffic;
    struct xfsm_engine *engine;
    struct xfsm_fieldset wants;
    enum xfsm_backend backend;  /* --backend. */
    bool alone;                 /* --alone. */
    bool promote;               /* --promote. */
    uint64_t ts;                /* Packet time, which goes on over runs. */
    double load_us;             /* The last program took to load. */
    long runs;
    struct xfsm_settings settings;      /* --param. */
    bool structures;            /* --structures. */
    const char *svg;            /* --svg, or NULL. */
    struct xfsm_plot *plot;     /* What to put there. */
};

/* One measurement: medians over the runs, of processor time, so that what
 * else the machine does counts as little as it can. */
struct result {
    double ns;                  /* Per packet. */
    double cycles;              /* Of the time stamp counter, per packet. */
};

/* What else there is to know of a program. */
struct program_result {
    struct result packets;
    double load_us;             /* From image to running: verified, memory
                                 * allocated, translated. */
    double events;              /* Published, per packet. */
    const char *backend;
};

static uint64_t
read_cycles(void)
{
#ifdef __x86_64__
    return __rdtsc();
#else
    return 0;
#endif
}

static double
read_clock(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

/* ## What is measured ## */

static uint64_t
run_touch(struct bench *b)
{
    const struct xfsm_traffic *t = &b->traffic;
    uint64_t sum = 0;

    for (size_t i = 0; i < t->n_packets; i++) {
        uint64_t word;
        uint32_t len;

        memcpy(&word, xfsm_traffic_frame(t, i, &len) + 12, sizeof word);
        sum += word;
    }
    return sum;
}

/* Sets what is the same in all packets. */
static void
begin_batch(struct xfsm_packet *batch, char *scratch)
{
    for (size_t i = 0; i < XFSM_BATCH; i++) {
        batch[i] = (struct xfsm_packet) {
            .direction = XFSM_DIR_IN,
            .link_type = XFSM_LINK_ETHERNET,
            .segs = 1,
            .scratch = scratch + i * XFSM_PACKET_SCRATCH,
        };
    }
}

/* Fills a batch from packet 'i' on and returns its size.  Sends for the frames
 * of the next one, as a source that has more packets at hand can. */
static size_t
fill(struct bench *b, size_t i, struct xfsm_packet *batch)
{
    const struct xfsm_traffic *t = &b->traffic;
    size_t n = t->n_packets - i < XFSM_BATCH ? t->n_packets - i : XFSM_BATCH;

    for (size_t j = 0; j < n; j++) {
        struct xfsm_packet *packet = &batch[j];
        uint32_t len;

        packet->data = xfsm_traffic_frame(t, i + j, &packet->len);
        packet->caplen = packet->len;
        packet->ts = b->ts += PACKET_INTERVAL;
        if (i + j + XFSM_BATCH < t->n_packets) {
            __builtin_prefetch(xfsm_traffic_frame(t, i + j + XFSM_BATCH,
                                                  &len));
        }
    }
    return n;
}

/* As the engine decodes. */
static uint64_t
run_decode(struct bench *b)
{
    static struct xfsm_packet batch[XFSM_BATCH];
    static char scratch[XFSM_BATCH * XFSM_PACKET_SCRATCH];
    struct xfsm_decode_count count = { 0, 0 };
    size_t n;

    begin_batch(batch, scratch);
    for (size_t i = 0; i < b->traffic.n_packets; i += n) {
        n = fill(b, i, batch);
        for (size_t j = 0; j < n; j++) {
            j += xfsm_decode_many(&batch[j], n - j, &b->wants, &count);
            if (j < n) {
                xfsm_decode(&batch[j], &b->wants);
            }
        }
    }
    return count.bytes;
}

/* Packet by packet, as in a program that has one at a time. */
static uint64_t
run_decode_one(struct bench *b)
{
    static struct xfsm_packet batch[XFSM_BATCH];
    static char scratch[XFSM_BATCH * XFSM_PACKET_SCRATCH];
    uint64_t sum = 0;
    size_t n;

    begin_batch(batch, scratch);
    for (size_t i = 0; i < b->traffic.n_packets; i += n) {
        n = fill(b, i, batch);
        for (size_t j = 0; j < n; j++) {
            xfsm_decode(&batch[j], &b->wants);
            sum += batch[j].dst_port;
        }
    }
    return sum;
}

static uint64_t
run_engine(struct bench *b)
{
    static struct xfsm_packet batch[XFSM_BATCH];
    static char scratch[XFSM_BATCH * XFSM_PACKET_SCRATCH];
    size_t n;

    begin_batch(batch, scratch);
    for (size_t i = 0; i < b->traffic.n_packets; i += n) {
        n = fill(b, i, batch);
        xfsm_engine_run(b->engine, batch, n);
    }
    return b->ts;
}

static int
compare_doubles(const void *a_, const void *b_)
{
    const double *a = a_, *b = b_;

    return *a < *b ? -1 : *a > *b;
}

static double
median(double *values, long n)
{
    qsort(values, (size_t) n, sizeof *values, compare_doubles);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static volatile uint64_t sink;

static struct result
measure(struct bench *b, uint64_t (*run)(struct bench *))
{
    double ns[RUNS_MAX], cycles[RUNS_MAX];
    double n = (double) b->traffic.n_packets;

    sink = run(b);              /* Warms caches and fills tables. */
    if (b->promote) {
        xfsm_mem_promote_now();
    }
    for (long i = 0; i < b->runs; i++) {
        double start = read_clock(CLOCK_MONOTONIC);
        double start_cpu = read_clock(CLOCK_THREAD_CPUTIME_ID);
        uint64_t start_cycles = read_cycles();
        double cpu, share;

        sink = run(b);
        cpu = read_clock(CLOCK_THREAD_CPUTIME_ID) - start_cpu;
        share = cpu / (read_clock(CLOCK_MONOTONIC) - start);
        cycles[i] = (double) (read_cycles() - start_cycles) * share / n;
        ns[i] = cpu * 1e9 / n;
    }
    return (struct result) { median(ns, b->runs), median(cycles, b->runs) };
}

static void
print_result(struct bench *b, const char *name, const struct result *r,
             const struct result *touch, const struct result *decode)
{
    if (r != touch) {           /* Beside its bar, others would be specks. */
        xfsm_plot_bar(b->plot, name, 1e3 / r->ns);
    }
    printf("%-29s %9.2f %9.1f %11.1f", name, 1e3 / r->ns, r->ns, r->cycles);
    printf(" %9.2f %9.2f\n", r->ns / touch->ns, r->ns / decode->ns);
    fflush(stdout);
}

/* ## Set-up ## */

static char *
load(struct bench *b, const char *arg)
{
    struct xfsm_document doc;
    char *error = xfsm_document_read(arg, &doc);
    struct xfsm_diags diags;
    struct xfsm_image view;
    void *image = NULL;
    size_t len, n_settings;

    if (error) {
        return error;
    }
    xfsm_settings_select(&b->settings, &doc, &n_settings);
    xfsm_diags_init(&diags, doc.path);
    if (!xfsm_compile_xml_params(doc.data, doc.len, doc.name,
                                 b->settings.selected, n_settings, &diags,
                                 &image, &len)) {
        error = xfsm_diags_format(&diags, XFSM_DIAG_ERROR);
    } else {
        double start = read_clock(CLOCK_THREAD_CPUTIME_ID);

        error = xfsm_engine_load(b->engine, image, len);
        b->load_us = (read_clock(CLOCK_THREAD_CPUTIME_ID) - start) * 1e6;
    }
    if (!error) {
        error = xfsm_image_verify(image, len, &view);
        for (uint32_t i = 0; !error && i < view.n_fields; i++) {
            xfsm_fieldset_add(&b->wants, view.field_ids[i]);
        }
    }
    free(image);
    xfsm_diags_destroy(&diags);
    xfsm_document_destroy(&doc);
    return error;
}

static char *
new_engine(struct bench *b, enum xfsm_backend backend)
{
    struct xfsm_engine_options options = {
        .identity = { .host = "", .bridge = "", .port = "bench" },
        .backend = backend,
    };

    xfsm_engine_destroy(b->engine);
    b->engine = NULL;
    return xfsm_engine_create(&options, &b->engine);
}

/* Measures one program, in an engine of its own.  It is loaded as often as
 * packets are measured; of the times that took, the median counts too. */
static char *
bench_program(struct bench *b, const char *program,
              enum xfsm_backend backend, struct program_result *result)
{
    struct xfsm_engine_stats stats;
    struct xfsm_program_info info;
    double load_us[RUNS_MAX];
    char *error = NULL;

    for (long i = 0; i < b->runs && !error; i++) {
        error = new_engine(b, backend);
        error = error ? error : load(b, program);
        load_us[i] = b->load_us;
    }
    if (!error && xfsm_engine_get_program(b->engine, 0, &info)) {
        result->backend = info.backend;
        result->load_us = median(load_us, b->runs);
        result->packets = measure(b, run_engine);
        xfsm_engine_get_stats(b->engine, &stats);
        result->events = (double) stats.events / (double) stats.packets;
    }
    return error;
}

/* One row for the back end asked for and, if that was not the interpreter and
 * it need not be --alone, one for that. */
static int
print_program(struct bench *b, const char *program,
              const struct result *touch, const struct result *decode)
{
    const char *slash = strrchr(program, '/');
    enum xfsm_backend backend = b->backend;
    struct program_result r = { .backend = "" };
    double native_ns = 0;       /* 0: not measured. */
    char name[64];
    char *error;

    for (;;) {
        error = bench_program(b, program, backend, &r);
        if (error) {
            xfsm_tool_complain("%s", error);
            free(error);
            return XFSM_EXIT_FAILURE;
        }
        snprintf(name, sizeof name, "%.40s, %.11s",
                 slash ? slash + 1 : program, r.backend);
        print_result(b, name, &r.packets, touch, decode);
        printf("    loaded in %.0f us; %.4f events a packet", r.load_us,
               r.events);
        if (native_ns > 0) {
            printf("; native code is %.2f times as fast",
                   r.packets.ns / native_ns);
        }
        puts("");
        if (b->alone || !strcmp(r.backend, "interpreter")) {
            return XFSM_EXIT_OK;
        }
        backend = XFSM_BACKEND_INTERPRETER;
        native_ns = r.packets.ns;
    }
}

/* Says what is measured, on standard output and in the plot. */
static void
print_header(struct bench *b)
{
    static const char *const orders[] = {
        [XFSM_TRAFFIC_UNIFORM] = "uniform",
        [XFSM_TRAFFIC_ZIPF] = "Zipf",
        [XFSM_TRAFFIC_ONCE] = "once each",
    };
    char title[128];

    snprintf(title, sizeof title, "%u flows, %zu packets of %.0f bytes%s",
             b->traffic_options.n_flows, b->traffic.n_packets,
             b->traffic.mean_len,
             b->traffic_options.frame_len ? "" : " on average");
    printf("%s a run, median of %ld runs\n", title, b->runs);
    printf("%-29s %9s %9s %11s %9s %9s\n", "", "Mpkt/s", "ns/pkt",
           "cycles/pkt", "x touch", "x decode");
    snprintf(title, sizeof title, "%u flows, %s, packets of %.0f bytes",
             b->traffic_options.n_flows, orders[b->traffic_options.order],
             b->traffic.mean_len);
    xfsm_plot_section(b->plot, title, "million packets a second");
}

static int
bench_programs(struct bench *b, char **programs, int n)
{
    struct result touch, decode, decode_one, r;
    char *error = new_engine(b, b->backend);
    int status = XFSM_EXIT_OK;

    for (int i = 0; i < n && !error; i++) {
        error = load(b, programs[i]);
    }
    error = error ? error : xfsm_traffic_create(&b->traffic_options,
                                                &b->traffic);
    if (error) {
        xfsm_tool_complain("%s", error);
        free(error);
        return XFSM_EXIT_FAILURE;
    }

    print_header(b);
    touch = measure(b, run_touch);
    decode = measure(b, run_decode);
    print_result(b, "touch header line", &touch, &touch, &decode);
    decode_one = measure(b, run_decode_one);
    print_result(b, "decode only", &decode, &touch, &decode);
    print_result(b, "decode only, one by one", &decode_one, &touch, &decode);
    if (n > 1) {
        r = measure(b, run_engine);
        print_result(b, "all programs", &r, &touch, &decode);
    }
    for (int i = 0; i < n && status == XFSM_EXIT_OK; i++) {
        status = print_program(b, programs[i], &touch, &decode);
    }
    return status;
}

/* ## Tables and sketches ## */

static void
print_structure(const char *name, size_t n_keys, double ns, void *b_)
{
    struct bench *b = b_;

    printf("%-29s %9zu %9.2f %9.1f\n", name, n_keys, 1e3 / ns, ns);
    fflush(stdout);
    xfsm_plot_bar(b->plot, name, 1e3 / ns);
}

static void
print_longest(const struct xfsm_longest *r, void *aux)
{
    (void) aux;
    printf("%-29s %9zu %9.1f %9.0f %9.2f %9.1f %9.1f\n", r->name, r->n_keys,
           r->mean, r->p9999, r->quiet / 1e3, r->longest / 1e3,
           r->gap / 1e3);
    fflush(stdout);
}

static char *
bench_longest(const size_t *sizes, size_t n_sizes)
{
    char *error = NULL;

    printf("\nThe longest operations, and gaps while doing nothing\n"
           "%-29s %9s %9s %9s %9s %9s %9s\n", "", "keys", "ns/op",
           "p99.99 ns", "quiet us", "max us", "gap us");
    for (size_t i = 0; i < n_sizes && !error; i++) {
        error = xfsm_longest_bench(sizes[i], print_longest, NULL);
    }
    return error;
}

static int
bench_structures(struct bench *b)
{
    static const size_t sizes[] = { 10000, 1000000, 8000000 };
    const char *unit = "million operations a second";
    char *error = NULL;
    char title[64];

    printf("Tables, sketches and timers, median of %ld runs\n%-29s %9s %9s "
           "%9s\n", b->runs, "", "keys", "Mops/s", "ns/op");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && !error; i++) {
        snprintf(title, sizeof title, "%zu keys", sizes[i]);
        xfsm_plot_section(b->plot, title, unit);
        error = xfsm_structures_bench(sizes[i], b->runs, print_structure, b);
    }
    if (!error) {
        xfsm_plot_section(b->plot, "Colliding keys", unit);
        error = xfsm_structures_bench_collisions(b->runs, print_structure, b);
    }
    if (!error) {
        error = bench_longest(sizes, sizeof sizes / sizeof *sizes);
    }
    if (error) {
        xfsm_tool_complain("%s", error);
        free(error);
        return XFSM_EXIT_FAILURE;
    }
    return XFSM_EXIT_OK;
}

/* All that was asked for.  Returns the exit code. */
static int
bench_all(struct bench *b, char **programs, int n)
{
    int status = XFSM_EXIT_OK;
    char *error;

    b->plot = xfsm_plot_create("xfsm bench");
    if (n) {
        status = bench_programs(b, programs, n);
    }
    if (b->structures && status == XFSM_EXIT_OK) {
        status = bench_structures(b);
    }
    if (b->svg && status == XFSM_EXIT_OK) {
        error = xfsm_plot_write(b->plot, b->svg);
        if (error) {
            xfsm_tool_complain("%s", error);
            free(error);
            status = XFSM_EXIT_FAILURE;
        }
    }
    xfsm_plot_destroy(b->plot);
    return status;
}

static const char usage_text[] =
    "usage: xfsm bench [OPTION...] PROGRAM...\n"
    "       xfsm bench --structures [OPTION...] [PROGRAM...]\n"
    "Measures programs on packets in memory, on one core.\n\n"
    "  -f, --flows N      flows (default 100000)\n"
    "  -n, --packets N    packets in a run (default 4000000)\n"
    "  -l, --length N     bytes of a frame (default 60), or \"mix\": of 12,\n"
    "                     7 have 60, 4 have 590, 1 has 1514\n"
    "  -s, --syn PERCENT  flows whose packets are SYN (default 100)\n"
    "  -z, --zipf         flows by Zipf's law (default: uniformly)\n"
    "  -o, --once         flows in turn: with more flows than packets, every\n"
    "                     packet is of a new flow\n"
    "  -p, --param [PROGRAM:]NAME=VALUE  set a parameter\n"
    "  -r, --runs N       runs, of which the median counts (default 5)\n"
    "  -b, --backend auto|interpreter  what runs the code: native code if\n"
    "                     the machine has it (default; the interpreter is\n"
    "                     measured beside it), or the interpreter alone\n"
    "  -a, --alone        native code without the interpreter beside it\n"
    "  -H, --huge-pages   tables in huge pages, as xfsm run --huge-pages\n"
    "  -P, --promote      huge pages where tables are full, as those of a\n"
    "                     probe are after a while\n"
    "  -t, --structures   measure tables, sketches and timers too, with\n"
    "                     10,000, 1 million and 8 million keys, and with\n"
    "                     colliding keys; and the longest operation of\n"
    "                     each\n"
    "  -g, --svg FILE     draw the results as well (- for standard output)\n"
    "  -h, --help         show this\n";

/* Parses the value of --length; 0 is a mix. */
static bool
parse_length(const char *s, long *length)
{
    if (!strcmp(s, "mix")) {
        *length = 0;
        return true;
    }
    return xfsm_tool_parse_int(s, 60, 1514, length);
}

int
xfsm_cmd_bench(int argc, char *argv[])
{
    static const struct option options[] = {
        { "flows", required_argument, NULL, 'f' },
        { "packets", required_argument, NULL, 'n' },
        { "length", required_argument, NULL, 'l' },
        { "syn", required_argument, NULL, 's' },
        { "zipf", no_argument, NULL, 'z' },
        { "once", no_argument, NULL, 'o' },
        { "param", required_argument, NULL, 'p' },
        { "runs", required_argument, NULL, 'r' },
        { "backend", required_argument, NULL, 'b' },
        { "alone", no_argument, NULL, 'a' },
        { "huge-pages", no_argument, NULL, 'H' },
        { "promote", no_argument, NULL, 'P' },
        { "structures", no_argument, NULL, 't' },
        { "svg", required_argument, NULL, 'g' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct bench b = { .runs = 5, .ts = UINT64_C(1000000000000000000) };
    long flows = 100000, packets = 4000000, length = 60, syn = 100;
    bool ok = true;
    int c, status;

    while ((c = getopt_long(argc, argv, "f:n:l:s:zop:r:b:aHPtg:h",
                            options, NULL)) != -1) {
        switch (c) {
        case 'f':
            ok = xfsm_tool_parse_int(optarg, 1, 1 << 24, &flows);
            break;
        case 'n':
            ok = xfsm_tool_parse_int(optarg, 1, 1L << 30, &packets);
            break;
        case 'l':
            ok = parse_length(optarg, &length);
            break;
        case 's':
            ok = xfsm_tool_parse_int(optarg, 0, 100, &syn);
            break;
        case 'z':
            b.traffic_options.order = XFSM_TRAFFIC_ZIPF;
            break;
        case 'o':
            b.traffic_options.order = XFSM_TRAFFIC_ONCE;
            break;
        case 'p':
            if (xfsm_settings_add(&b.settings, optarg)) {
                return XFSM_EXIT_USAGE;
            }
            break;
        case 'r':
            ok = xfsm_tool_parse_int(optarg, 1, RUNS_MAX, &b.runs);
            break;
        case 'b':
            if (!xfsm_tool_parse_backend(optarg, &b.backend)) {
                return XFSM_EXIT_USAGE;
            }
            break;
        case 'a':
            b.alone = true;
            break;
        case 'H':
            xfsm_mem_want_huge(true);
            break;
        case 'P':
            b.promote = true;
            break;
        case 't':
            b.structures = true;
            break;
        case 'g':
            b.svg = optarg;
            break;
        case 'h':
            fputs(usage_text, stdout);
            return XFSM_EXIT_OK;
        default:
            return xfsm_tool_bad_option();
        }
        if (!ok) {
            return xfsm_tool_usage_error("\"%s\": number out of range",
                                         optarg);
        }
    }
    if (optind >= argc && !b.structures) {
        return xfsm_tool_usage_error("no program given");
    }
    b.traffic_options.n_flows = (uint32_t) flows;
    b.traffic_options.n_packets = (size_t) packets;
    b.traffic_options.frame_len = (uint32_t) length;
    b.traffic_options.syn_percent = (uint32_t) syn;
    status = bench_all(&b, argv + optind, argc - optind);
    xfsm_traffic_destroy(&b.traffic);
    xfsm_engine_destroy(b.engine);
    return status;
}
