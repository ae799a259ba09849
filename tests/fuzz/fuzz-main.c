/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Usage: fuzz-NAME [--seconds S] [--runs N] [--crash FILE] INPUT...
 *
 * The main function of a fuzz target without libFuzzer.  Runs the target on
 * each INPUT, a file or the files of a folder, then on mutations of them: at
 * most N [10,000], for S seconds [0] at most.  Mutations are drawn from a
 * fixed seed, so that a run can be repeated.
 *
 * An input that makes the target abort, or keeps it for more than 20 seconds,
 * is left in FILE [NAME.crash]. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/random.h"

#define INPUTS_MAX 16384
#define INPUT_BYTES_MAX (1024 * 1024)
#define GROW_MAX 256                /* Bytes that mutations may add. */
#define MUTATE_BYTES_MAX 65536      /* Longest input that is mutated. */
#define MUTATIONS_MAX 6             /* In one input. */
#define HANG_SECONDS 20

struct input {
    char *name;
    uint8_t *data;
    size_t len;
};

static struct input inputs[INPUTS_MAX];
static size_t n_inputs;

/* For the signal handler. */
static const char *crash_path;
static const uint8_t *current;
static size_t current_len;

/* Has the sanitizers abort(), where they are linked in, so that the handler
 * sees what they find. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *
__asan_default_options(void)
{
    return "abort_on_error=1:allocator_may_return_null=1";
}

const char *
__ubsan_default_options(void)
{
    return "abort_on_error=1:print_stacktrace=1";
}

static void
die(const char *name, const char *what)
{
    fprintf(stderr, "%s: %s\n", name, what);
    exit(2);
}

static void
say(const char *text)
{
    ssize_t n = write(STDERR_FILENO, text, strlen(text));

    (void) n;
}

static void
handle_death(int signo)
{
    int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    if (fd >= 0 && write(fd, current, current_len) == (ssize_t) current_len) {
        say("input kept in ");
        say(crash_path);
        say(signo == SIGALRM ? ": too slow\n" : ": crash\n");
    }
    signal(SIGABRT, SIG_DFL);
    raise(signo == SIGALRM ? SIGABRT : signo);
}

static void
run(const uint8_t *data, size_t len)
{
    current = data;
    current_len = len;
    alarm(HANG_SECONDS);
    LLVMFuzzerTestOneInput(data, len);
    alarm(0);
}

static void
read_file(const char *path)
{
    struct input *input = &inputs[n_inputs];
    FILE *file = fopen(path, "rb");

    if (!file) {
        die(path, strerror(errno));
    }
    if (n_inputs >= INPUTS_MAX) {
        die(path, "too many inputs");
    }
    input->data = malloc(INPUT_BYTES_MAX);
    input->name = strdup(path);
    if (!input->data || !input->name) {
        die(path, "no memory");
    }
    input->len = fread(input->data, 1, INPUT_BYTES_MAX, file);
    input->data = realloc(input->data, input->len ? input->len : 1);
    fclose(file);
    n_inputs++;
}

static int
skip_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void
read_input(const char *path)
{
    struct dirent **entries;
    struct stat st;
    int n;
    int i;

    if (stat(path, &st)) {
        die(path, strerror(errno));
    }
    if (!S_ISDIR(st.st_mode)) {
        read_file(path);
        return;
    }
    n = scandir(path, &entries, skip_hidden, alphasort);
    for (i = 0; i < n; i++) {
        char *file;

        if (asprintf(&file, "%s/%s", path, entries[i]->d_name) < 0) {
            die(path, "no memory");
        }
        read_file(file);
        free(file);
        free(entries[i]);
    }
    free(n >= 0 ? entries : NULL);
}

/* ## Mutations ## */

/* What an input is changed in: 'len' bytes, room for 'size'. */
struct work {
    uint8_t *data;
    size_t len, size;
};

static void
remove_bytes(struct work *w, size_t at, size_t n)
{
    memmove(w->data + at, w->data + at + n, w->len - at - n);
    w->len -= n;
}

static void
insert_bytes(struct work *w, size_t at, const uint8_t *bytes, size_t n)
{
    if (n > w->size - w->len) {
        n = w->size - w->len;
    }
    memmove(w->data + at + n, w->data + at, w->len - at);
    memmove(w->data + at, bytes, n);
    w->len += n;
}

/* Adds a small number to the integer of 1, 2 or 4 bytes at 'at', in either
 * byte order. */
static void
change_number(struct work *w, size_t at, uint64_t *rnd)
{
    size_t width = (size_t) 1 << random_below(rnd, 3);
    uint32_t add = (uint32_t) random_below(rnd, 32) - 16;
    bool big = random_below(rnd, 2);
    size_t i;

    if (width > w->len - at) {
        width = 1;
    }
    for (i = 0; i < width; i++) {
        uint8_t *p = &w->data[big ? at + width - 1 - i : at + i];
        uint32_t sum = *p + (add & 0xff);

        *p = (uint8_t) sum;
        add = (add >> 8) + (sum >> 8);
    }
}

static void
mutate_once(struct work *w, uint64_t *rnd)
{
    static const uint8_t extremes[] = { 0, 1, 0x7f, 0x80, 0xc0, 0xfe, 0xff };
    size_t at = w->len ? random_below(rnd, w->len) : 0;
    size_t n = w->len ? random_below(rnd, w->len - at) % 64 + 1 : 0;
    const struct input *other = &inputs[random_below(rnd, n_inputs)];
    uint8_t copy[64];

    if (n > w->len - at) {
        n = w->len - at;
    }
    switch (w->len ? random_below(rnd, 8) : 7) {
    case 0:
        w->data[at] ^= (uint8_t) (1 << random_below(rnd, 8));
        break;
    case 1:
        w->data[at] = extremes[random_below(rnd, sizeof extremes)];
        break;
    case 2:
        change_number(w, at, rnd);
        break;
    case 3:
        remove_bytes(w, at, n);
        break;
    case 4:
        memcpy(copy, w->data + at, n);
        insert_bytes(w, random_below(rnd, w->len), copy, n);
        break;
    case 5:
        memset(w->data + at, extremes[random_below(rnd, sizeof extremes)], n);
        break;
    case 6:
        w->len = at;
        break;
    default:
        if (other->len) {
            size_t from = random_below(rnd, other->len);

            n = other->len - from < 64 ? other->len - from : 64;
            insert_bytes(w, at, other->data + from, n);
        }
    }
}

static double
now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Returns how many mutations were run. */
static long
mutate(long runs, double seconds)
{
    struct work w = { .size = MUTATE_BYTES_MAX + GROW_MAX };
    double end = now() + seconds;
    uint64_t rnd = 1;
    long i;

    w.data = malloc(w.size);
    if (!w.data) {
        die("mutate", "no memory");
    }
    for (i = 0; i < runs && n_inputs && now() < end; i++) {
        const struct input *input = &inputs[random_below(&rnd, n_inputs)];
        int n = 1 + (int) random_below(&rnd, MUTATIONS_MAX);

        w.len = input->len < MUTATE_BYTES_MAX ? input->len : MUTATE_BYTES_MAX;
        memcpy(w.data, input->data, w.len);
        while (n--) {
            mutate_once(&w, &rnd);
        }
        run(w.data, w.len);
    }
    free(w.data);
    return i;
}

static void
free_inputs(void)
{
    while (n_inputs) {
        n_inputs--;
        free(inputs[n_inputs].name);
        free(inputs[n_inputs].data);
    }
}

int
main(int argc, char *argv[])
{
    static const struct option options[] = {
        { "seconds", required_argument, NULL, 's' },
        { "runs", required_argument, NULL, 'r' },
        { "crash", required_argument, NULL, 'c' },
        { NULL, 0, NULL, 0 },
    };
    char *default_crash;
    double seconds = 0;
    long runs = 10000;
    long mutations;
    size_t i;
    int c;

    if (asprintf(&default_crash, "%s.crash", basename(argv[0])) < 0) {
        die(argv[0], "no memory");
    }
    crash_path = default_crash;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 's') {
            seconds = strtod(optarg, NULL);
        } else if (c == 'r') {
            runs = strtol(optarg, NULL, 10);
        } else if (c == 'c') {
            crash_path = optarg;
        } else {
            return 2;
        }
    }
    for (; optind < argc; optind++) {
        read_input(argv[optind]);
    }
    signal(SIGABRT, handle_death);
    signal(SIGALRM, handle_death);
    for (i = 0; i < n_inputs; i++) {
        run(inputs[i].data, inputs[i].len);
    }
    mutations = mutate(runs, seconds);
    printf("%zu inputs, %ld mutations\n", i, mutations);
    free_inputs();
    free(default_crash);
    return 0;
}
