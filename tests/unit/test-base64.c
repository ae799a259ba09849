/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
check(const char *s, const char *expected)
{
    void *data;
    size_t len;

    assert_null(xfsm_base64_decode(s, &data, &len));
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(data, expected, len);
    free(data);
}

static void
test_decode(void **state)
{
    static const char *const bad[] = {
        "Z", "Zg", "Zg=", "Zg===", "=", "====", "Zm9v=", "Zm9vZ===",
        "Zg==Zg==", "Zm9v!mFy", "Zm\001v",
    };
    size_t i;

    (void) state;
    /* RFC 4648 section 10. */
    check("", "");
    check("Zg==", "f");
    check("Zm8=", "fo");
    check("Zm9v", "foo");
    check("Zm9vYg==", "foob");
    check("Zm9vYmE=", "fooba");
    check("Zm9vYmFy", "foobar");
    check(" Zm9v\r\n YmFy\t", "foobar");
    check("+/+/", "\xfb\xff\xbf");
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        void *data = NULL;
        size_t len;
        char *error = xfsm_base64_decode(bad[i], &data, &len);

        if (!error) {
            fail_msg("\"%s\" was accepted", bad[i]);
        }
        assert_null(data);
        free(error);
    }
}

/* Every length, and nothing written past the end. */
static void
test_encode(void **state)
{
    uint8_t data[200];
    char text[300];

    (void) state;
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t) (i * 37 + 11);
    }
    for (size_t len = 0; len <= sizeof data; len++) {
        size_t n = xfsm_base64_length(len), back_len;
        void *back;

        memset(text, '#', sizeof text);
        xfsm_base64_encode(data, len, text);
        assert_int_equal(text[n], '#');
        text[n] = '\0';
        assert_int_equal(strlen(text), n);
        assert_null(xfsm_base64_decode(text, &back, &back_len));
        assert_int_equal(back_len, len);
        assert_memory_equal(back, data, len);
        free(back);
    }
    xfsm_base64_encode("\xfb\xff\xbf" "foob", 7, text);
    assert_memory_equal(text, "+/+/Zm9vYg==", 12);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_encode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
