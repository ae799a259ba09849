/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Files of keys. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "xfsm/io/keys.h"

/* The keys of ZeroMQ's manual. */
#define PUBLIC "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define SECRET "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"

static char path[] = "/tmp/xfsm-test-keys-XXXXXX";

static int
make_file(void **state)
{
    int fd = mkstemp(path);

    (void) state;
    return fd < 0 ? -1 : close(fd);
}

static int
remove_file(void **state)
{
    (void) state;
    return unlink(path);
}

static void
write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void
expect_pair_error(const char *text, bool secret, const char *expected)
{
    struct xfsm_key_pair pair;
    char *error;

    write_file(text);
    error = xfsm_key_pair_read(path, secret, &pair);
    assert_non_null(error);
    if (!strstr(error, expected)) {
        fail_msg("%s", error);
    }
    free(error);
}

static void
expect_list_error(const char *text, const char *expected)
{
    struct xfsm_key_list list;
    char *error;

    write_file(text);
    error = xfsm_key_list_read(path, &list);
    assert_non_null(error);
    if (!strstr(error, expected)) {
        fail_msg("%s", error);
    }
    free(error);
}

static void
test_pair(void **state)
{
    struct xfsm_key_pair pair, copy;
    char *text;

    (void) state;
    assert_int_equal(xfsm_key_pair_generate(&pair), 0);
    assert_true(xfsm_key_is_valid(pair.public_key));
    assert_true(xfsm_key_is_valid(pair.secret_key));
    text = xfsm_key_pair_format(&pair);
    write_file(text);
    free(text);
    assert_int_equal(chmod(path, 0600), 0);
    assert_null(xfsm_key_pair_read(path, true, &copy));
    assert_string_equal(pair.public_key, copy.public_key);
    assert_string_equal(pair.secret_key, copy.secret_key);

    write_file("  public-key = \"" PUBLIC "\"\r\n");
    assert_null(xfsm_key_pair_read(path, false, &copy));
    assert_string_equal(copy.public_key, PUBLIC);
    assert_string_equal(copy.secret_key, "");
    write_file(PUBLIC "\n");
    assert_null(xfsm_key_pair_read(path, false, &copy));
    assert_string_equal(copy.public_key, PUBLIC);
}

static void
test_bad_pairs(void **state)
{
    struct xfsm_key_pair pair;
    char *error;

    (void) state;
    expect_pair_error("", true, "has no public-key");
    expect_pair_error("public-key = \"" PUBLIC "\"\n", true,
                      "has no secret-key");
    expect_pair_error("secret-key = \"" SECRET "\"\n", true,
                      "has no public-key");
    expect_pair_error("# x\n\npublic-key = \"short\"\n", false,
                      "line 3: expected a key of 40");
    expect_pair_error(PUBLIC "\n" PUBLIC "\n", false, "line 2: a second");
    expect_pair_error("public-key = \"" PUBLIC "x\"\n", false, "line 1");
    expect_pair_error("public-key\n", false, "line 1");
    write_file("public-key = \"" PUBLIC "\"\nsecret-key = \"" SECRET "\"\n");
    assert_int_equal(chmod(path, 0604), 0);
    error = xfsm_key_pair_read(path, true, &pair);
    assert_non_null(strstr(error, "others may read"));
    free(error);
    /* Who wants the public key alone does not care. */
    assert_null(xfsm_key_pair_read(path, false, &pair));
    error = xfsm_key_pair_read("/nonexistent/keys", false, &pair);
    assert_non_null(strstr(error, "cannot read"));
    free(error);
}

static void
test_list(void **state)
{
    struct xfsm_key_list list;
    uint8_t key[XFSM_KEY_BYTES];
    struct xfsm_key_pair other;

    (void) state;
    write_file("# friends\n\n" PUBLIC "  # a\npublic-key = \"" PUBLIC "\"\n");
    assert_null(xfsm_key_list_read(path, &list));
    assert_int_equal(list.n, 2);
    zmq_z85_decode(key, PUBLIC);
    assert_true(xfsm_key_list_has(&list, key));
    assert_int_equal(xfsm_key_pair_generate(&other), 0);
    zmq_z85_decode(key, other.public_key);
    assert_false(xfsm_key_list_has(&list, key));
    xfsm_key_list_destroy(&list);

    expect_list_error("# nobody\n", "has no key");
    expect_list_error("secret-key = \"" SECRET "\"\n", "a secret key does");
    expect_list_error(PUBLIC "\nnonsense\n", "line 2: expected a key");
}

static void
test_validity(void **state)
{
    (void) state;
    assert_true(xfsm_key_is_valid(PUBLIC));
    assert_false(xfsm_key_is_valid(""));
    assert_false(xfsm_key_is_valid(PUBLIC "0"));
    assert_false(xfsm_key_is_valid("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf"));
    assert_false(
        xfsm_key_is_valid("\"q:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"));
    /* 2^32 and more in one group. */
    assert_false(
        xfsm_key_is_valid("#####>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pair),
        cmocka_unit_test(test_bad_pairs),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_validity),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
