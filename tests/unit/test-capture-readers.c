/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The two readers of plain pcap files give the same packets and the same
 * error: the fast one reads a file, libpcap the same bytes from a pipe. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/random.h"
#include "tests/unit/truth.h"
#include "xfsm/io/capture.h"
#include "xfsm/io/pcap-reader.h"

#define FILE_HEADER_LEN 24
#define RECORD_HEADER_LEN 16
#define BATCH 100
#define LINK_NFLOG 239

static char dir[] = "/tmp/xfsm-test-readers-XXXXXX";
static char file_path[sizeof dir + 16];
static char pipe_path[sizeof dir + 16];

static int
setup(void **state)
{
    (void) state;
    if (!mkdtemp(dir)) {
        return -1;
    }
    snprintf(file_path, sizeof file_path, "%s/file.pcap", dir);
    snprintf(pipe_path, sizeof pipe_path, "%s/pipe.pcap", dir);
    return mkfifo(pipe_path, 0600);
}

static int
teardown(void **state)
{
    (void) state;
    unlink(file_path);
    unlink(pipe_path);
    return rmdir(dir);
}

/* What a reader made of a capture. */
struct outcome {
    unsigned long packets;
    uint64_t digest;            /* Of all members and data, in order. */
    int retval;                 /* The last. */
    char error[256];            /* Without the path; "" for none. */
};

static void
digest(struct outcome *o, const void *data, size_t n)
{
    const uint8_t *bytes = data;
    size_t i;

    for (i = 0; i < n; i++) {
        o->digest = (o->digest ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
}

static void
take_error(struct outcome *o, const char *error, const char *path)
{
    assert_int_equal(strncmp(error, path, strlen(path)), 0);
    snprintf(o->error, sizeof o->error, "%s", error + strlen(path));
}

static struct outcome
read_all(const char *path, size_t batch)
{
    struct outcome o = { .retval = -2 };
    struct xfsm_packet packets[BATCH];
    struct xfsm_capture *capture;
    char *error = xfsm_capture_open(path, &capture);
    int i;

    if (error) {
        take_error(&o, error, path);
        free(error);
        return o;
    }
    do {
        o.retval = (batch == 1 ? xfsm_capture_next(capture, packets)
                    : xfsm_capture_next_batch(capture, packets, batch));
        for (i = 0; i < o.retval; i++) {
            const struct xfsm_packet *packet = &packets[i];

            o.packets++;
            digest(&o, &packet->caplen, sizeof packet->caplen);
            digest(&o, &packet->len, sizeof packet->len);
            digest(&o, &packet->ts, sizeof packet->ts);
            digest(&o, &packet->link_type, sizeof packet->link_type);
            digest(&o, packet->data, packet->caplen);
            memset(packet->scratch, i, XFSM_PACKET_SCRATCH);
        }
    } while (o.retval > 0);
    if (xfsm_capture_error(capture)) {
        take_error(&o, xfsm_capture_error(capture), path);
    }
    xfsm_capture_close(capture);
    return o;
}

/* Starts a process that writes 'n' bytes to the pipe. */
static pid_t
feed_pipe(const uint8_t *data, size_t n)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (!pid) {
        int fd = open(pipe_path, O_WRONLY | O_CLOEXEC);
        size_t done = 0;
        ssize_t k = 1;

        while (fd >= 0 && done < n && k > 0) {
            k = write(fd, data + done, n - done);
            done += k > 0 ? (size_t) k : 0;
        }
        _exit(0);
    }
    return pid;
}

static void
check_same(const char *name, const struct outcome *a, const struct outcome *b)
{
    if (a->packets != b->packets || a->digest != b->digest
        || a->retval != b->retval || strcmp(a->error, b->error)) {
        fail_msg("%s: %lu packets, digest %llx, retval %d, \"%s\"; but "
                 "libpcap: %lu, %llx, %d, \"%s\"", name, a->packets,
                 (unsigned long long) a->digest, a->retval, a->error,
                 b->packets, (unsigned long long) b->digest, b->retval,
                 b->error);
    }
}

/* Both readers on the file at 'path', whose bytes are at 'data'. */
static void
check_readers(const char *path, const uint8_t *data, size_t n)
{
    pid_t pid = feed_pipe(data, n);
    struct outcome slow = read_all(pipe_path, BATCH);
    struct outcome fast;

    assert_int_equal(waitpid(pid, NULL, 0), pid);
    fast = read_all(path, BATCH);
    check_same(path, &fast, &slow);
    fast = read_all(path, 1);
    check_same(path, &fast, &slow);
}

static void
write_file(const uint8_t *data, size_t n)
{
    FILE *file = fopen(file_path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void
check_bytes(const uint8_t *data, size_t n)
{
    write_file(data, n);
    check_readers(file_path, data, n);
}

static uint8_t *
read_whole(const char *path, size_t *np)
{
    FILE *file = fopen(path, "rb");
    struct stat s;
    uint8_t *data;

    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &s), 0);
    *np = (size_t) s.st_size;
    data = malloc(*np + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, *np, file), *np);
    fclose(file);
    return data;
}

static bool
is_pcap(const uint8_t *data, size_t n)
{
    static const uint8_t magics[][4] = {
        { 0xa1, 0xb2, 0xc3, 0xd4 }, { 0xd4, 0xc3, 0xb2, 0xa1 },
        { 0xa1, 0xb2, 0x3c, 0x4d }, { 0x4d, 0x3c, 0xb2, 0xa1 },
    };
    size_t i;

    for (i = 0; n >= 4 && i < 4; i++) {
        if (!memcmp(data, magics[i], 4)) {
            return true;
        }
    }
    return false;
}

/* All plain pcap files of a folder of the shared data. */
static void
check_folder(const char *folder)
{
    DIR *stream = truth_open_dir(folder);
    char name[512], path[TRUTH_PATH_MAX];
    struct dirent *entry;
    unsigned int n_files = 0;

    while ((entry = readdir(stream)) != NULL) {
        uint8_t *data;
        size_t n;

        if (entry->d_name[0] == '.') {
            continue;
        }
        snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        truth_path(path, name);
        data = read_whole(path, &n);
        if (is_pcap(data, n)) {
            check_readers(path, data, n);
            n_files++;
        }
        free(data);
    }
    closedir(stream);
    assert_true(n_files > 0);
}

static void
test_captures(void **state)
{
    (void) state;
    check_folder("captures");
}

static void
test_hostile(void **state)
{
    (void) state;
    check_folder("hostile");
}

/* A form of the format. */
struct form {
    uint32_t magic;
    bool swapped;
    uint32_t link;
    uint32_t snaplen;
};

static void
put32(const struct form *form, uint8_t *p, uint32_t value)
{
    if (form->swapped) {
        value = __builtin_bswap32(value);
    }
    memcpy(p, &value, sizeof value);
}

static size_t
put_header(const struct form *form, uint8_t *p)
{
    uint16_t version[2] = { 2, 4 };

    if (form->swapped) {
        version[0] = __builtin_bswap16(version[0]);
        version[1] = __builtin_bswap16(version[1]);
    }
    memset(p, 0, FILE_HEADER_LEN);
    put32(form, p, form->magic);
    memcpy(p + 4, version, sizeof version);
    put32(form, p + 16, form->snaplen);
    put32(form, p + 20, form->link);
    return FILE_HEADER_LEN;
}

/* The header of NFLOG and a first attribute, whose length and type are in the
 * byte order of the machine: libpcap turns them round. */
static void
put_nflog(const struct form *form, uint8_t *p)
{
    memset(p, 0, 4);
    p[0] = 2;
    put32(form, p + 4, form->swapped ? 0x00080001 : 0x00010008);
}

static size_t
put_record(const struct form *form, uint8_t *p, uint32_t number,
           uint32_t fraction, uint32_t caplen)
{
    put32(form, p, 0xfffffff0 + number % 16);
    put32(form, p + 4, fraction);
    put32(form, p + 8, caplen);
    put32(form, p + 12, caplen + number % 3 - 1);
    memset(p + RECORD_HEADER_LEN, (int) number, caplen);
    if (form->link == LINK_NFLOG) {
        put_nflog(form, p + RECORD_HEADER_LEN);
    }
    return RECORD_HEADER_LEN + caplen;
}

static const struct form forms[] = {
    { 0xa1b2c3d4, false, 1, 65535 }, { 0xa1b2c3d4, true, 1, 65535 },
    { 0xa1b23c4d, false, 101, 65535 }, { 0xa1b23c4d, true, 101, 65535 },
    { 0xa1b2c3d4, false, 113, 0 }, { 0xa1b2c3d4, true, 113, 0 },
    { 0xa1b2c3d4, false, LINK_NFLOG, 65535 },
    { 0xa1b2c3d4, true, LINK_NFLOG, 65535 },
    { 0xa1b2c3d4, true, 0, 65535 }, { 0xa1b2cd34, false, 1, 65535 },
};

#define N_FORMS (sizeof forms / sizeof forms[0])
#define N_FAST_FORMS 5          /* That the fast reader takes. */

/* All forms, cut at each byte. */
static void
test_forms(void **state)
{
    static uint8_t data[8192];
    size_t i;

    (void) state;
    for (i = 0; i < N_FORMS; i++) {
        size_t n = put_header(&forms[i], data);
        uint32_t j;

        for (j = 0; j < 4; j++) {
            n += put_record(&forms[i], data + n, j, 999999 + j, 30 + j);
        }
        check_bytes(data, n);
        while (i < 2 && n > FILE_HEADER_LEN - 2) {
            check_bytes(data, --n);
        }
    }
}

/* The fast reader really takes what it is for, to the last packet. */
static void
test_taken(void **state)
{
    static char scratch[BATCH * XFSM_PACKET_SCRATCH];
    struct xfsm_pcap_format format = { XFSM_LINK_ETHERNET, 65535 };
    struct xfsm_packet packets[BATCH];
    static uint8_t data[65536];
    size_t i;

    (void) state;
    for (i = 0; i < N_FAST_FORMS; i++) {
        struct xfsm_pcap_reader *reader;
        size_t n = put_header(&forms[i], data);
        uint32_t j;
        int fd;

        for (j = 0; j < 150; j++) {
            n += put_record(&forms[i], data + n, j, 1, 60);
        }
        write_file(data, n);
        fd = open(file_path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        reader = xfsm_pcap_reader_create(fd, &format);
        assert_non_null(reader);
        assert_int_equal(xfsm_pcap_reader_next_batch(reader, packets, BATCH,
                                                     scratch), BATCH);
        assert_true(packets[5].ts == UINT64_C(4294967285000000000)
                                     + (forms[i].magic == 0xa1b2c3d4 ? 1000
                                                                     : 1));
        assert_int_equal(xfsm_pcap_reader_next_batch(reader, packets, BATCH,
                                                     scratch), 50);
        assert_int_equal(packets[49].data[59], 149);
        assert_int_equal(xfsm_pcap_reader_next_batch(reader, packets, BATCH,
                                                     scratch), 0);
        assert_true(xfsm_pcap_reader_offset(reader) == n);
        assert_int_equal(xfsm_pcap_reader_next_batch(reader, packets, BATCH,
                                                     scratch), 0);
        xfsm_pcap_reader_destroy(reader);
        close(fd);
    }
}

/* Odd records amid many, in a file of many pieces. */
static void
test_odd_records(void **state)
{
    static const uint32_t fractions[] = {
        0, 1000000, 0x7fffffff, 0x80000000, 0xffffffff,
    };
    static const uint32_t lengths[] = {
        0, 1, 64999, 65535, 65536, 262144, 262145, 0x7fffffff, 0xffffffff,
    };
    size_t size = 4 << 20;
    uint8_t *data = malloc(size);
    uint64_t random = 7;
    int round;

    (void) state;
    assert_non_null(data);
    for (round = 0; round < 40; round++) {
        const struct form *form = &forms[round % 4];
        size_t n = put_header(form, data);
        bool large = round % 3 == 0;
        uint32_t j;

        for (j = 0; n + 70000 < size; j++) {
            uint32_t len = random_below(&random, large ? 65535 : 1500);

            n += put_record(form, data + n, j,
                            random_below(&random, 1000000), len);
            if (!random_below(&random, large ? 50 : 3000)) {
                uint8_t *p = data + n;

                n += put_record(form, p, j, fractions[random_below(&random,
                                                                   5)], 40);
                put32(form, p + 8, lengths[random_below(&random, 9)]);
            }
        }
        check_bytes(data, n);
    }
    free(data);
}

/* Small files with bytes changed at random. */
static void
test_mutations(void **state)
{
    static uint8_t good[1024], data[1024];
    uint64_t random = 11;
    int round;

    (void) state;
    for (round = 0; round < 1000; round++) {
        const struct form *form = &forms[round % 4];
        size_t n = put_header(form, good);
        uint32_t j;

        for (j = 0; j < 10; j++) {
            n += put_record(form, good + n, j, j, 20);
        }
        memcpy(data, good, n);
        for (j = 0; j < 1 + random_below(&random, 4); j++) {
            data[random_below(&random, n)] ^= 1u << random_below(&random, 8);
        }
        check_bytes(data, n - random_below(&random, 20));
    }
}

/* The file shrinks while it is read: no signal, no packet that was
 * not in it. */
static void
test_changing(void **state)
{
    const size_t record = RECORD_HEADER_LEN + 1000;
    const size_t n_records = 2000;
    uint8_t *data = malloc(FILE_HEADER_LEN + n_records * record);
    struct xfsm_packet packets[BATCH];
    struct xfsm_capture *capture;
    size_t total = 0;
    size_t n;
    int retval;

    (void) state;
    assert_non_null(data);
    n = put_header(&forms[0], data);
    while (n < FILE_HEADER_LEN + n_records * record) {
        n += put_record(&forms[0], data + n, 1, 1, 1000);
    }
    write_file(data, n);
    assert_null(xfsm_capture_open(file_path, &capture));
    assert_int_equal(xfsm_capture_next_batch(capture, packets, BATCH), BATCH);
    assert_int_equal(truncate(file_path, (off_t) (FILE_HEADER_LEN
                                                  + 500 * record + 10)), 0);
    do {
        retval = xfsm_capture_next_batch(capture, packets, BATCH);
        total += retval > 0 ? (size_t) retval : 0;
    } while (retval > 0);
    assert_int_equal(retval, -1);
    assert_int_equal(total, 400);
    assert_non_null(strstr(xfsm_capture_error(capture),
                           ": frame 501: truncated"));
    xfsm_capture_close(capture);
    free(data);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_captures),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_odd_records),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_changing),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
