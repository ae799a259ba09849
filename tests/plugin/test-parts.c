/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ovs-plugin/backoff.h"
#include "ovs-plugin/counters.h"
#include "ovs-plugin/epoch.h"
#include "ovs-plugin/hub-share.h"
#include "ovs-plugin/offload.h"
#include "ovs-plugin/port-ids.h"
#include "ovs-plugin/probe-queue.h"
#include "smap.h"
#include "util.h"

/* ## backoff.h ## */

static void
test_backoff(void **state)
{
    static const long long int expected[] = {
        100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000,
        60000,
    };
    struct xfsm_backoff b = { 0 };
    size_t i;

    (void) state;
    for (i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(xfsm_backoff_next(&b, 0), expected[i]);
    }
    /* Healthy for a while: from the start. */
    assert_int_equal(xfsm_backoff_next(&b, XFSM_BACKOFF_HEALTHY - 1), 60000);
    assert_int_equal(xfsm_backoff_next(&b, XFSM_BACKOFF_HEALTHY), 100);
    assert_int_equal(xfsm_backoff_next(&b, 0), 200);
    xfsm_backoff_reset(&b);
    assert_int_equal(xfsm_backoff_next(&b, 0), 100);
}

static void
test_classify(void **state)
{
    (void) state;
    assert_int_equal(xfsm_exit_classify(W_EXITCODE(0, 0)),
                     XFSM_EXITED_STOP);
    assert_int_equal(xfsm_exit_classify(W_EXITCODE(75, 0)),
                     XFSM_EXITED_RETRY);
    assert_int_equal(xfsm_exit_classify(W_EXITCODE(78, 0)),
                     XFSM_EXITED_CONFIG);
    assert_int_equal(xfsm_exit_classify(W_EXITCODE(1, 0)),
                     XFSM_EXITED_FAILED);
    assert_int_equal(xfsm_exit_classify(W_EXITCODE(0, SIGKILL)),
                     XFSM_EXITED_FAILED);
    assert_int_equal(xfsm_exit_classify(W_EXITCODE(0, SIGSEGV)),
                     XFSM_EXITED_FAILED);
}

/* ## epoch.h ## */

static uint64_t
read_number(const char *path)
{
    FILE *stream = fopen(path, "r");
    unsigned long long int number = 0;

    assert_non_null(stream);
    assert_int_equal(fscanf(stream, "%llu", &number), 1);
    fclose(stream);
    return number;
}

static void
write_text(const char *path, const char *text)
{
    FILE *stream = fopen(path, "w");

    assert_non_null(stream);
    fputs(text, stream);
    fclose(stream);
}

/* A life has a greater number than those before it, whatever the clock says,
 * which process it is of and what is in the file. */
static void
test_epochs(void **state)
{
    char dir[] = "/tmp/xfsm-epoch-XXXXXX";
    struct xfsm_epochs a, b, c;
    char *path;

    (void) state;
    assert_non_null(mkdtemp(dir));
    path = xasprintf("%s/epoch", dir);
    xfsm_epochs_init(&a, path);
    assert_int_equal(xfsm_epochs_next(&a, 1000000), 1000000);
    assert_int_equal(read_number(path), 1000000 + XFSM_EPOCH_RESERVE);
    assert_int_equal(xfsm_epochs_next(&a, 1000000), 1000001);
    assert_int_equal(xfsm_epochs_next(&a, 5), 1000002);
    assert_int_equal(xfsm_epochs_next(&a, -5), 1000003);
    assert_int_equal(xfsm_epochs_next(&a, 1000000 + XFSM_EPOCH_RESERVE),
                     1000000 + XFSM_EPOCH_RESERVE);
    assert_int_equal(read_number(path), 1000000 + XFSM_EPOCH_RESERVE);
    assert_int_equal(xfsm_epochs_next(&a, 5), 1000001 + XFSM_EPOCH_RESERVE);
    assert_int_equal(read_number(path), 1000001 + 2 * XFSM_EPOCH_RESERVE);

    /* Another one goes on, and so does the first after that. */
    xfsm_epochs_init(&b, path);
    assert_int_equal(xfsm_epochs_next(&b, 5),
                     1000002 + 2 * XFSM_EPOCH_RESERVE);
    assert_int_equal(xfsm_epochs_next(&a, 5),
                     1000003 + 3 * XFSM_EPOCH_RESERVE);

    /* What is no number, or too great, is not believed. */
    xfsm_epochs_init(&c, path);
    write_text(path, "253402300800000\n");
    assert_int_equal(xfsm_epochs_next(&c, 7), 7);
    write_text(path, "x");
    assert_int_equal(xfsm_epochs_next(&c, 7), 8);
    assert_int_equal(read_number(path), 8 + XFSM_EPOCH_RESERVE);

    /* Nor does it matter that it cannot be written. */
    unlink(path);
    rmdir(dir);
    assert_int_equal(xfsm_epochs_next(&c, 9 + XFSM_EPOCH_RESERVE),
                     9 + XFSM_EPOCH_RESERVE);
    assert_int_equal(xfsm_epochs_next(&c, 7), 10 + XFSM_EPOCH_RESERVE);
    xfsm_epochs_destroy(&a);
    xfsm_epochs_destroy(&b);
    xfsm_epochs_destroy(&c);
    free(path);
}

/* ## counters.h ## */

static void
test_counters(void **state)
{
    struct xfsm_counters c = XFSM_COUNTERS_INITIALIZER;
    char bad[] = "a\xff\x01" "b";
    char good[] = "gr\xc3\xbc\xc3\x9f";
    char name[16];
    int i;

    (void) state;
    xfsm_counters_add(&c, "packets", 5);
    xfsm_counters_add(&c, "bytes", UINT64_MAX);
    xfsm_counters_add(&c, "packets", 2);
    xfsm_counters_add(&c, "bytes", 1);
    assert_int_equal(c.n, 2);
    assert_int_equal(xfsm_counters_get(&c, "packets"), 7);
    assert_true(xfsm_counters_get(&c, "bytes") == INT64_MAX);
    assert_int_equal(xfsm_counters_get(&c, "none"), 0);

    for (i = 0; i < 2 * XFSM_COUNTERS_MAX; i++) {
        snprintf(name, sizeof name, "n%d", i);
        xfsm_counters_add(&c, name, i);
    }
    assert_int_equal(c.n, XFSM_COUNTERS_MAX);
    xfsm_counters_clear(&c);
    assert_int_equal(c.n, 0);
    xfsm_counters_destroy(&c);

    xfsm_text_sanitize(bad);
    assert_string_equal(bad, "a??b");
    xfsm_text_sanitize(good);
    assert_string_equal(good, "gr\xc3\xbc\xc3\x9f");
}

/* ## probe-queue.h ## */

static bool
push(struct xfsm_queue *q, bool urgent, const char *head, const char *tail)
{
    const struct iovec iov[2] = {
        { .iov_base = (void *) (uintptr_t) head, .iov_len = strlen(head) },
        { .iov_base = (void *) (uintptr_t) tail, .iov_len = strlen(tail) },
    };

    return xfsm_queue_push(q, urgent, iov, 2);
}

static void
check_pop(struct xfsm_queue *q, const char *expected)
{
    struct iovec iov[2];
    char buf[65536];
    size_t len = 0;
    int i, n;

    n = xfsm_queue_peek(q, iov);
    assert_true(n > 0);
    for (i = 0; i < n; i++) {
        memcpy(buf + len, iov[i].iov_base, iov[i].iov_len);
        len += iov[i].iov_len;
    }
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(buf, expected, len);
    xfsm_queue_pop(q);
}

static void
test_queue_order(void **state)
{
    struct xfsm_queue q;
    struct iovec iov[2];

    (void) state;
    xfsm_queue_init(&q);
    assert_int_equal(xfsm_queue_peek(&q, iov), 0);
    assert_null(q.urgent.buf);
    assert_true(push(&q, false, "lo", "g1"));
    assert_true(push(&q, true, "aler", "t1"));
    assert_true(push(&q, true, "", ""));
    assert_true(push(&q, false, "log", "2"));
    assert_int_equal(xfsm_queue_count(&q), 4);
    check_pop(&q, "log1");
    check_pop(&q, "alert1");
    check_pop(&q, "");
    check_pop(&q, "log2");
    assert_int_equal(xfsm_queue_count(&q), 0);
    xfsm_queue_destroy(&q);
}

static void
test_queue_full(void **state)
{
    struct xfsm_queue q;
    char text[1000];
    int n_other = 0;
    int n_urgent = 0;
    int i;

    (void) state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    xfsm_queue_init(&q);
    while (push(&q, false, "log", text)) {
        n_other++;
    }
    assert_true(n_other > 60 && n_other * 1000 < XFSM_QUEUE_OTHER);

    /* There is room for alerts nevertheless. */
    while (push(&q, true, "alert", text)) {
        n_urgent++;
    }
    assert_true(n_urgent > 180 && n_urgent * 1000 < XFSM_QUEUE_URGENT);

    /* One out, one in. */
    xfsm_queue_pop(&q);
    assert_true(push(&q, false, "log", text));
    assert_false(push(&q, false, "log", text));
    for (i = 0; i < n_other + n_urgent; i++) {
        xfsm_queue_pop(&q);
    }
    assert_int_equal(xfsm_queue_count(&q), 0);
    assert_int_equal(q.urgent.used, 0);
    assert_int_equal(q.other.used, 0);
    xfsm_queue_destroy(&q);
}

/* Against a plain array, around the ring many times. */
static void
test_queue_wrap(void **state)
{
    struct xfsm_queue q;
    unsigned int seed = 1;
    unsigned int head = 0;
    unsigned int tail = 0;
    int i;

    (void) state;
    xfsm_queue_init(&q);
    for (i = 0; i < 20000; i++) {
        unsigned int len;
        char text[3000];

        seed = seed * 1103515245 + 12345;
        len = snprintf(text, sizeof text, "%u:", head);
        memset(text + len, 'a' + head % 26, head * 7919 % 2900);
        text[len + head * 7919 % 2900] = '\0';
        if ((seed >> 16) % 8 < 5 && push(&q, head % 3 == 0, "", text)) {
            head++;
        } else if (head != tail) {
            len = snprintf(text, sizeof text, "%u:", tail);
            memset(text + len, 'a' + tail % 26, tail * 7919 % 2900);
            text[len + tail * 7919 % 2900] = '\0';
            check_pop(&q, text);
            tail++;
        }
    }
    assert_true(tail > 1000);
    xfsm_queue_destroy(&q);
}

/* ## offload.h ## */

static void
test_offload(void **state)
{
    (void) state;
    assert_false(xfsm_offload_may_hide("lo"));
    assert_true(xfsm_offload_may_hide("nosuchdevice"));
    assert_true(xfsm_offload_may_hide(""));
}

/* ## port-ids.h ## */

static const struct uuid an_uuid = { { 0x6f1c9d3e, 0x00004000, 0x80000000,
                                       0x0000000a } };

static void
read_ids(struct xfsm_port_ids *ids, const char *iface_id, const char *vm_id)
{
    struct smap interface = SMAP_INITIALIZER(&interface);
    struct smap port = SMAP_INITIALIZER(&port);

    smap_add(&interface, "iface-id", iface_id);
    smap_add(&interface, "iface-status", "active");
    smap_add(&port, "iface-id", "of the port");
    smap_add(&port, "vm-id", vm_id);
    xfsm_port_ids_read(ids, &an_uuid, &interface, &port);
    smap_destroy(&interface);
    smap_destroy(&port);
}

/* What is composed is read back, as far as it fits. */
static void
test_port_ids(void **state)
{
    static uint8_t buf[XFSM_IPC_MAX];
    char value[XFSM_IDENTITY_ID_MAX + 2];
    struct xfsm_port_ids ids, copy, read;
    struct xfsm_bytes payload, cut;
    struct xfsm_ipc_writer w;
    char *note;
    size_t len;

    (void) state;
    memset(value, 'v', sizeof value);
    value[XFSM_IDENTITY_ID_MAX] = '\0';
    read_ids(&ids, "port-1", value);
    assert_string_equal(ids.uuid, "6f1c9d3e-0000-4000-8000-00000000000a");
    assert_string_equal(ids.id[XFSM_ID_IFACE_ID], "port-1");
    assert_null(ids.id[XFSM_ID_VM_UUID]);
    assert_null(xfsm_port_ids_note(&ids));
    xfsm_port_ids_clone(&copy, &ids);
    assert_true(xfsm_port_ids_equal(&copy, &ids));
    xfsm_port_ids_compose(&ids, buf, &w);
    xfsm_bytes_init(&payload, buf + XFSM_IPC_HEADER_LEN,
                    w.len - XFSM_IPC_HEADER_LEN);
    for (len = 0; len < w.len - XFSM_IPC_HEADER_LEN; len++) {
        xfsm_bytes_init(&cut, buf + XFSM_IPC_HEADER_LEN, len);
        assert_false(xfsm_port_ids_parse(&cut, &read));
    }
    assert_true(xfsm_port_ids_parse(&payload, &read));
    assert_true(xfsm_port_ids_equal(&read, &ids));
    xfsm_port_ids_destroy(&read);
    xfsm_port_ids_destroy(&ids);

    /* One past the limit is left out, and said. */
    value[XFSM_IDENTITY_ID_MAX] = 'v';
    value[XFSM_IDENTITY_ID_MAX + 1] = '\0';
    read_ids(&ids, "caf\xc3\xa9", value);
    assert_false(xfsm_port_ids_equal(&copy, &ids));
    note = xfsm_port_ids_note(&ids);
    assert_string_equal(note, "external_ids:iface-id, external_ids:vm-id not "
                        "told in events: longer than 128 bytes or not "
                        "printable ASCII");
    free(note);
    xfsm_port_ids_compose(&ids, buf, &w);
    xfsm_bytes_init(&payload, buf + XFSM_IPC_HEADER_LEN,
                    w.len - XFSM_IPC_HEADER_LEN);
    assert_true(xfsm_port_ids_parse(&payload, &read));
    assert_null(read.id[XFSM_ID_IFACE_ID]);
    assert_null(read.id[XFSM_ID_VM_ID]);
    xfsm_port_ids_destroy(&read);
    xfsm_port_ids_destroy(&ids);
    xfsm_port_ids_destroy(&copy);
}

/* Parses an IDENTITY with two values of these names. */
static bool
parses(const char *uuid, const char *first, const char *second,
       const char *value)
{
    static uint8_t buf[XFSM_IPC_MAX];
    struct xfsm_port_ids ids;
    struct xfsm_bytes payload;
    struct xfsm_ipc_writer w;

    xfsm_ipc_begin(&w, buf, XFSM_IPC_IDENTITY);
    xfsm_ipc_put_text(&w, uuid);
    xfsm_ipc_put_u16(&w, 2);
    xfsm_ipc_put_text(&w, first);
    xfsm_ipc_put_text(&w, value);
    xfsm_ipc_put_text(&w, second);
    xfsm_ipc_put_text(&w, value);
    xfsm_bytes_init(&payload, buf + XFSM_IPC_HEADER_LEN,
                    w.len - XFSM_IPC_HEADER_LEN);
    if (!xfsm_port_ids_parse(&payload, &ids)) {
        return false;
    }
    xfsm_port_ids_destroy(&ids);
    return true;
}

static void
test_port_ids_malformed(void **state)
{
    static const char good[] = "6f1c9d3e-0000-4000-8000-00000000000a";

    (void) state;
    assert_true(parses(good, "vm-id", "iface-id", "v"));
    assert_false(parses(good, "vm-id", "vm-id", "v"));
    assert_false(parses(good, "vm-id", "other", "v"));
    assert_false(parses(good, "vm-id", "iface-id", ""));
    assert_false(parses(good, "vm-id", "iface-id", "\n"));
    assert_false(parses("6f1c9d3e", "vm-id", "iface-id", "v"));
    assert_false(parses("", "vm-id", "iface-id", "v"));
}

/* ## hub-share.h ## */

/* Takes up to 'n' tokens of 100 a second.  Returns how many there were. */
static int
take_shares(struct xfsm_hub_share *s, uint32_t who, long long int now, int n)
{
    int got = 0;

    while (n-- > 0) {
        got += xfsm_hub_share_take(s, 100, who, now);
    }
    return got;
}

static void
test_share(void **state)
{
    struct xfsm_hub_share s = { .second = 0 };
    long long int now = 1000000;
    int i, sum;

    (void) state;
    /* One alone: all but the reserve at once, then the whole rate. */
    assert_int_equal(take_shares(&s, 1, now, 1000), 76);
    for (i = sum = 0; i < 100; i++) {
        now += 100;
        sum += take_shares(&s, 1, now, 1000);
    }
    assert_in_range(sum, 990, 1030);

    /* Who comes then finds tokens, one in another slot too, and half of its
     * share from then on at least. */
    assert_in_range(take_shares(&s, 2, now, 10), 10, 10);
    assert_in_range(take_shares(&s, 3, now, 5), 5, 5);
    for (i = sum = 0; i < 100; i++) {
        now += 100;
        take_shares(&s, 1, now, 1000);
        sum += take_shares(&s, 2, now, 1000);
    }
    assert_in_range(sum, 150, 700);

    /* No rate, no limit. */
    assert_true(xfsm_hub_share_take(&s, 0, 1, now));

    /* A rate of one is one a second. */
    memset(&s, 0, sizeof s);
    assert_true(xfsm_hub_share_take(&s, 1, 7, now));
    assert_false(xfsm_hub_share_take(&s, 1, 7, now));
    assert_false(xfsm_hub_share_take(&s, 1, 8, now + 999));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_classify),
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_queue_order),
        cmocka_unit_test(test_queue_full),
        cmocka_unit_test(test_queue_wrap),
        cmocka_unit_test(test_offload),
        cmocka_unit_test(test_port_ids),
        cmocka_unit_test(test_port_ids_malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
