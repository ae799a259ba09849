/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xfsm/base/bytes.h"

static const uint8_t octets[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static void
test_empty(void **state)
{
    struct xfsm_bytes b, sub;
    uint8_t x = 42;

    (void) state;
    xfsm_bytes_init(&b, NULL, 0);
    assert_int_equal(xfsm_bytes_remaining(&b), 0);
    assert_null(xfsm_bytes_peek(&b, 1));
    assert_null(xfsm_bytes_take(&b, 1));
    assert_false(xfsm_bytes_u8(&b, &x));
    assert_int_equal(x, 42);
    assert_true(xfsm_bytes_skip(&b, 0));
    assert_false(xfsm_bytes_skip(&b, 1));
    assert_false(xfsm_bytes_skip(&b, SIZE_MAX));
    assert_true(xfsm_bytes_sub(&b, 0, &sub));
    assert_int_equal(xfsm_bytes_remaining(&sub), 0);
    assert_false(xfsm_bytes_split(&b, '\n', &sub));
    assert_false(xfsm_bytes_strip_first(&b, 0));
    assert_false(xfsm_bytes_strip_last(&b, 0));
    xfsm_bytes_limit(&b, 7);
    assert_int_equal(xfsm_bytes_remaining(&b), 0);
}

static void
test_move(void **state)
{
    struct xfsm_bytes b;

    (void) state;
    xfsm_bytes_init(&b, octets, sizeof octets);
    assert_ptr_equal(xfsm_bytes_peek(&b, 8), octets);
    assert_null(xfsm_bytes_peek(&b, 9));
    assert_ptr_equal(xfsm_bytes_take(&b, 3), octets);
    assert_int_equal(xfsm_bytes_remaining(&b), 5);
    assert_null(xfsm_bytes_take(&b, 6));
    assert_false(xfsm_bytes_skip(&b, 6));
    assert_int_equal(xfsm_bytes_remaining(&b), 5);
    assert_true(xfsm_bytes_skip(&b, 5));
    assert_int_equal(xfsm_bytes_remaining(&b), 0);
    assert_null(xfsm_bytes_take(&b, SIZE_MAX));
}

/* Each reader at its size, and one byte short, from memory of exactly the
 * size. */
#define CHECK_READER(NAME, TYPE, SIZE, VALUE)                   \
    do {                                                        \
        uint8_t *copy = malloc(SIZE);                           \
        struct xfsm_bytes b;                                    \
        TYPE x = 42;                                            \
                                                                \
        memcpy(copy, octets, SIZE);                             \
        xfsm_bytes_init(&b, copy, (SIZE) - 1);                  \
        assert_false(xfsm_bytes_##NAME(&b, &x));                \
        assert_true(x == 42);                                   \
        assert_int_equal(xfsm_bytes_remaining(&b), (SIZE) - 1); \
        xfsm_bytes_init(&b, copy, SIZE);                        \
        assert_true(xfsm_bytes_##NAME(&b, &x));                 \
        assert_true(x == (VALUE));                              \
        assert_int_equal(xfsm_bytes_remaining(&b), 0);          \
        free(copy);                                             \
    } while (0)

static void
test_readers(void **state)
{
    (void) state;
    CHECK_READER(u8, uint8_t, 1, 1);
    CHECK_READER(be16, uint16_t, 2, 0x0102);
    CHECK_READER(be24, uint32_t, 3, 0x010203);
    CHECK_READER(be32, uint32_t, 4, 0x01020304);
    CHECK_READER(be64, uint64_t, 8, UINT64_C(0x0102030405060708));
    CHECK_READER(le16, uint16_t, 2, 0x0201);
    CHECK_READER(le32, uint32_t, 4, 0x04030201);
    CHECK_READER(ne16, uint16_t, 2, xfsm_load_ne16(octets));
    assert_true(xfsm_load_be48(octets) == UINT64_C(0x010203040506));
    /* Nothing here is aligned. */
    assert_int_equal(xfsm_load_be32(octets + 1), 0x02030405);
    assert_true(xfsm_load_be48(octets + 1) == UINT64_C(0x020304050607));
}

static void
test_sub_and_limit(void **state)
{
    struct xfsm_bytes b, sub = { NULL, NULL };

    (void) state;
    xfsm_bytes_init(&b, octets, sizeof octets);
    assert_false(xfsm_bytes_sub(&b, 9, &sub));
    assert_null(sub.p);
    assert_int_equal(xfsm_bytes_remaining(&b), 8);
    assert_true(xfsm_bytes_sub(&b, 3, &sub));
    assert_int_equal(xfsm_bytes_remaining(&sub), 3);
    assert_ptr_equal(xfsm_bytes_peek(&sub, 1), octets);
    assert_int_equal(xfsm_bytes_remaining(&b), 5);
    assert_ptr_equal(xfsm_bytes_peek(&b, 1), octets + 3);

    xfsm_bytes_limit(&b, 6);
    assert_int_equal(xfsm_bytes_remaining(&b), 5);
    xfsm_bytes_limit(&b, 2);
    assert_int_equal(xfsm_bytes_remaining(&b), 2);
    xfsm_bytes_limit(&b, 0);
    assert_int_equal(xfsm_bytes_remaining(&b), 0);
}

static void
test_text(void **state)
{
    struct xfsm_bytes b, head = { NULL, NULL };

    (void) state;
    xfsm_bytes_init(&b, "ab\r\n\nc", 6);
    assert_true(xfsm_bytes_split(&b, '\n', &head));
    assert_int_equal(xfsm_bytes_remaining(&head), 3);
    assert_false(xfsm_bytes_strip_last(&head, '\n'));
    assert_true(xfsm_bytes_strip_last(&head, '\r'));
    assert_true(xfsm_bytes_strip_first(&head, 'a'));
    assert_false(xfsm_bytes_strip_first(&head, 'a'));
    assert_memory_equal(head.p, "b", xfsm_bytes_remaining(&head));

    assert_true(xfsm_bytes_split(&b, '\n', &head));
    assert_int_equal(xfsm_bytes_remaining(&head), 0);
    assert_false(xfsm_bytes_split(&b, '\n', &head));
    assert_int_equal(xfsm_bytes_remaining(&b), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_readers),
        cmocka_unit_test(test_sub_and_limit),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
