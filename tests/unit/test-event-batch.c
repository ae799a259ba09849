/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Batches of events: what is written is read, and nothing else is. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xfsm/io/event-batch.h"

static struct xfsm_batch batch;

static void
add(const char *event, size_t len)
{
    memcpy(xfsm_batch_room(&batch), event, len);
    xfsm_batch_add(&batch, len);
}

/* Starts to read a copy of exact size. */
static char *copy;

static bool
start(struct xfsm_batch_reader *reader, const void *packet, size_t len)
{
    free(copy);
    copy = malloc(len ? len : 1);
    memcpy(copy, packet, len);
    return xfsm_batch_read(reader, copy, len);
}

static int
teardown(void **state)
{
    (void) state;
    free(copy);
    copy = NULL;
    return 0;
}

static void
expect(struct xfsm_batch_reader *reader, const char *event, size_t len)
{
    struct xfsm_bytes bytes;

    assert_true(xfsm_batch_next(reader, &bytes));
    assert_int_equal(xfsm_bytes_remaining(&bytes), len);
    assert_memory_equal(bytes.p, event, len);
}

/* Nothing more, and whether that is as it should be. */
static void
expect_end(struct xfsm_batch_reader *reader, size_t n, bool malformed)
{
    struct xfsm_bytes bytes;

    assert_false(xfsm_batch_next(reader, &bytes));
    assert_int_equal(reader->malformed, malformed);
    assert_false(xfsm_batch_next(reader, &bytes));
    assert_int_equal(reader->n, n);
}

static void
test_one_goes_as_it_is(void **state)
{
    struct xfsm_batch_reader reader;
    const void *packet;
    size_t len;

    (void) state;
    xfsm_batch_clear(&batch);
    add("a/b\0{}", 6);
    packet = xfsm_batch_get(&batch, &len);
    assert_int_equal(len, 6);
    assert_memory_equal(packet, "a/b\0{}", 6);
    assert_false(start(&reader, packet, len));
}

static void
test_several(void **state)
{
    static char longest[XFSM_MESSAGE_PACKET_MAX];
    struct xfsm_batch_reader reader;
    const void *packet;
    size_t len;

    (void) state;
    memset(longest, 'x', sizeof longest);
    xfsm_batch_clear(&batch);
    add("a/b\0{}", 6);
    add(longest, sizeof longest);
    add("c", 1);
    packet = xfsm_batch_get(&batch, &len);
    assert_true(start(&reader, packet, len));
    expect(&reader, "a/b\0{}", 6);
    expect(&reader, longest, sizeof longest);
    expect(&reader, "c", 1);
    expect_end(&reader, 3, false);

    /* Cut anywhere, it is whole up to there. */
    for (size_t cut = 1; cut < len; cut += cut < 20 ? 1 : 997) {
        struct xfsm_bytes bytes;

        assert_true(start(&reader, packet, cut));
        while (xfsm_batch_next(&reader, &bytes)) {
            assert_true(xfsm_bytes_remaining(&bytes) == 6
                        || xfsm_bytes_remaining(&bytes) == sizeof longest);
        }
        assert_int_equal(reader.malformed,
                         cut != 1 && cut != 9 && cut != 11 + sizeof longest);
    }
}

static void
test_full_of_bytes(void **state)
{
    static char event[XFSM_MESSAGE_PACKET_MAX];
    const size_t step = sizeof event + XFSM_BATCH_HEADER;
    size_t len, n = 0;

    (void) state;
    xfsm_batch_clear(&batch);
    while (!xfsm_batch_is_full(&batch)) {
        assert_true(batch.len < XFSM_BATCH_FULL);
        add(event, sizeof event);
        n++;
    }
    xfsm_batch_get(&batch, &len);
    assert_int_equal(len, 1 + n * step);
    assert_true(len <= XFSM_BATCH_PACKET_MAX);

    /* At the limit and one before. */
    xfsm_batch_clear(&batch);
    add(event, 1);
    add(event, 16500);
    add(event, XFSM_BATCH_FULL - batch.len - XFSM_BATCH_HEADER - 1);
    assert_false(xfsm_batch_is_full(&batch));
    xfsm_batch_clear(&batch);
    add(event, 1);
    add(event, 16500);
    add(event, XFSM_BATCH_FULL - batch.len - XFSM_BATCH_HEADER);
    assert_true(xfsm_batch_is_full(&batch));
}

static void
test_full_of_events(void **state)
{
    struct xfsm_batch_reader reader;
    const void *packet;
    size_t i, len;

    (void) state;
    xfsm_batch_clear(&batch);
    for (i = 0; i < XFSM_BATCH_EVENTS; i++) {
        assert_false(xfsm_batch_is_full(&batch));
        add("e", 1);
    }
    assert_true(xfsm_batch_is_full(&batch));
    packet = xfsm_batch_get(&batch, &len);
    assert_true(start(&reader, packet, len));
    for (i = 0; i < XFSM_BATCH_EVENTS; i++) {
        expect(&reader, "e", 1);
    }
    expect_end(&reader, XFSM_BATCH_EVENTS, false);

    /* One more is not read. */
    add("e", 1);
    packet = xfsm_batch_get(&batch, &len);
    assert_true(start(&reader, packet, len));
    for (i = 0; i < XFSM_BATCH_EVENTS; i++) {
        expect(&reader, "e", 1);
    }
    expect_end(&reader, XFSM_BATCH_EVENTS, true);
}

static void
test_malformed(void **state)
{
    struct xfsm_batch_reader reader;

    (void) state;
    assert_false(start(&reader, "", 0));
    assert_false(start(&reader, "\0\1\0e", 4));
    assert_true(start(&reader, "\1", 1));
    expect_end(&reader, 0, false);
    assert_true(start(&reader, "\1\0\0\1\0e", 6));      /* Empty. */
    expect_end(&reader, 0, true);
    assert_true(start(&reader, "\1\1", 2));             /* Half a length. */
    expect_end(&reader, 0, true);
    assert_true(start(&reader, "\1\2\0e", 4));          /* One too long... */
    expect_end(&reader, 0, true);
    assert_true(start(&reader, "\1\1\0e", 4));          /* ...and as it is. */
    expect(&reader, "e", 1);
    expect_end(&reader, 1, false);
    assert_true(start(&reader, "\1\1\0e\377\377e", 7));
    expect(&reader, "e", 1);
    expect_end(&reader, 1, true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_one_goes_as_it_is, teardown),
        cmocka_unit_test_teardown(test_several, teardown),
        cmocka_unit_test_teardown(test_full_of_bytes, teardown),
        cmocka_unit_test_teardown(test_full_of_events, teardown),
        cmocka_unit_test_teardown(test_malformed, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
