/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Signatures of programs: what is signed, by whom, and what is refused. */

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

#include "xfsm/io/signature.h"

#define SOURCE "<xfsm/>"
#define IMAGE "image"
#define SIZE (8 + 5 + 88)       /* Of a signature of 'release'. */
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb924" \
              "27ae41e4649b934ca495991b7852b855"

static char folder[] = "/tmp/xfsm-test-signature-XXXXXX";
static char source[XFSM_SIGNATURE_DIGEST_SIZE];
static char image[XFSM_SIGNATURE_DIGEST_SIZE];
static const struct xfsm_signed what = { "portscan", source, image };
static const struct xfsm_release release = { 12, 9 };
static struct xfsm_release got;

/* The name of a file in the folder, of several that are in use. */
static const char *
in_folder(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int
setup(void **state)
{
    (void) state;
    umask(0);                   /* Keys are not for all to write, even so. */
    xfsm_signature_digest(SOURCE, strlen(SOURCE), source);
    xfsm_signature_digest(IMAGE, strlen(IMAGE), image);
    return (!mkdtemp(folder) || xfsm_signature_keygen(in_folder("a"))
            || xfsm_signature_keygen(in_folder("b")));
}

static int
teardown(void **state)
{
    char command[300];

    (void) state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static struct xfsm_signature_keys *
read_keys(const char *name)
{
    struct xfsm_signature_keys *keys;

    assert_null(xfsm_signature_keys_read(in_folder(name), &keys));
    return keys;
}

static void
expect_refused(const struct xfsm_signature_keys *keys,
               const struct xfsm_signed *s, const char *signature,
               const char *why)
{
    char *error = xfsm_signature_verify(keys, s, signature, &got);

    assert_non_null(error);
    assert_non_null(strstr(error, why));
    free(error);
}

static void
test_digest(void **state)
{
    char digest[XFSM_SIGNATURE_DIGEST_SIZE];

    (void) state;
    xfsm_signature_digest("", 0, digest);
    assert_string_equal(digest, EMPTY);
}

static void
test_signatures(void **state)
{
    const struct xfsm_signed others[] = {
        { "other", source, image },
        { "portscan", image, image },
        { "portscan", source, EMPTY },
        { "portscan\nname portscan", source, image },
    };
    struct xfsm_signature_keys *a = read_keys("a.pub");
    struct xfsm_signature_keys *b = read_keys("b.pub");
    struct xfsm_signature_keys *both = read_keys("");
    char signature[XFSM_SIGNATURE_SIZE];
    size_t i;

    (void) state;
    assert_int_equal(xfsm_signature_keys_count(a), 1);
    assert_int_equal(xfsm_signature_keys_count(both), 2);
    assert_null(xfsm_signature_sign(in_folder("a"), &what, &release,
                                    signature));
    assert_int_equal(strncmp(signature, "ed25519:12:9:", 13), 0);
    assert_int_equal(strlen(signature), SIZE);
    assert_null(xfsm_signature_verify(a, &what, signature, &got));
    assert_int_equal(got.version, 12);
    assert_int_equal(got.oldest, 9);
    assert_null(xfsm_signature_verify(both, &what, signature, &got));
    expect_refused(b, &what, signature, "none of the 1 keys");
    for (i = 0; i < sizeof others / sizeof others[0]; i++) {
        expect_refused(both, &others[i], signature,
                       i < 3 ? "none of the 2 keys" : "malformed");
    }

    /* Each character counts. */
    for (i = 0; i < SIZE; i++) {
        char c = signature[i];
        char *error;

        signature[i] = c == 'A' ? 'B' : 'A';
        error = xfsm_signature_verify(both, &what, signature, &got);
        /* But the last two of the base64 of 64 bytes, which end it. */
        assert_true(error || i >= SIZE - 3);
        free(error);
        signature[i] = c;
    }
    expect_refused(both, &what, NULL, "not signed");
    expect_refused(both, &what, "", "not signed");
    expect_refused(both, &what, "ed25519:", "malformed");
    signature[SIZE - 1] = '\0';
    expect_refused(both, &what, signature, "malformed");
    xfsm_signature_keys_destroy(a);
    xfsm_signature_keys_destroy(b);
    xfsm_signature_keys_destroy(both);
}

/* What a signature says of versions is signed, too, and is within limits. */
static void
test_versions(void **state)
{
    static const struct xfsm_release good[] = {
        { 1, 1 }, { INT64_MAX, 1 }, { INT64_MAX, INT64_MAX },
    };
    static const struct xfsm_release bad[] = {
        { 0, 0 }, { 1, 0 }, { 1, 2 }, { -1, -1 },
    };
    static const char *const others[] = {
        "13:9", "12:10", "12:8", "12:12", "129:", "9:9",
    };
    static const char *const malformed[] = {
        "012:9", "12:09", "+12:9", "12:0", "0:0", "12:13", "12:-1", " 12:9",
        "12", "12:9:9", "9223372036854775808:9", "99999999999999999999:9",
    };
    struct xfsm_signature_keys *keys = read_keys("a.pub");
    char signature[XFSM_SIGNATURE_SIZE], changed[256];
    size_t i;

    (void) state;
    for (i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_null(xfsm_signature_sign(in_folder("a"), &what, &good[i],
                                        signature));
        assert_null(xfsm_signature_verify(keys, &what, signature, &got));
        assert_int_equal(got.version, good[i].version);
        assert_int_equal(got.oldest, good[i].oldest);
    }
    assert_int_equal(strlen(signature), XFSM_SIGNATURE_SIZE - 1);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *error = xfsm_signature_sign(in_folder("a"), &what, &bad[i],
                                          changed);

        assert_non_null(strstr(error, "cannot be signed"));
        free(error);
    }
    assert_null(xfsm_signature_sign(in_folder("a"), &what, &release,
                                    signature));
    for (i = 0; i < sizeof others / sizeof others[0]; i++) {
        snprintf(changed, sizeof changed, "ed25519:%s:%s", others[i],
                 &signature[13]);
        expect_refused(keys, &what, changed, i == 4 ? "malformed"
                       : "none of the 1 keys");
    }
    for (i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        snprintf(changed, sizeof changed, "ed25519:%s:%s", malformed[i],
                 &signature[13]);
        expect_refused(keys, &what, changed, "malformed");
        assert_false(xfsm_signature_read_release(changed, &got));
    }
    assert_int_equal(got.version, INT64_MAX);   /* As after the last good. */
    assert_true(xfsm_signature_read_release(signature, &got));
    assert_int_equal(got.version, 12);
    assert_int_equal(got.oldest, 9);
    assert_false(xfsm_signature_read_release("", &got));
    xfsm_signature_keys_destroy(keys);
}

static void
expect_bad_keys(const char *name, const char *why)
{
    struct xfsm_signature_keys *keys;
    char *error = xfsm_signature_keys_read(in_folder(name), &keys);

    assert_non_null(error);
    assert_non_null(strstr(error, why));
    free(error);
}

static void
write_file(const char *name, const char *text, int times)
{
    FILE *stream = fopen(in_folder(name), "w");

    assert_non_null(stream);
    while (times-- > 0) {
        fputs(text, stream);
    }
    fclose(stream);
}

static void
test_files(void **state)
{
    char key[512];
    char signature[XFSM_SIGNATURE_SIZE];
    struct xfsm_signature_keys *keys;
    struct stat s;
    FILE *stream;
    char *error;

    (void) state;
    assert_int_equal(stat(in_folder("a"), &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    assert_int_equal(stat(in_folder("a.pub"), &s), 0);
    assert_int_equal(s.st_mode & 0777, 0644);
    error = xfsm_signature_keygen(in_folder("a"));
    assert_non_null(error);
    free(error);
    expect_bad_keys("nosuch", "cannot open");
    expect_bad_keys("a", "no public key");
    assert_int_equal(mkdir(in_folder("empty"), 0700), 0);
    expect_bad_keys("empty", "has no file *.pub");
    error = xfsm_signature_sign(in_folder("a.pub"), &what, &release,
                                signature);
    assert_non_null(strstr(error, "no private key"));
    free(error);

    /* The most keys, and one more; the longest file, and one more. */
    stream = fopen(in_folder("a.pub"), "r");
    assert_non_null(stream);
    key[fread(key, 1, sizeof key - 1, stream)] = '\0';
    fclose(stream);
    write_file("many", key, XFSM_SIGNATURE_MAX_KEYS);
    keys = read_keys("many");
    assert_int_equal(xfsm_signature_keys_count(keys),
                     XFSM_SIGNATURE_MAX_KEYS);
    xfsm_signature_keys_destroy(keys);
    write_file("many", key, XFSM_SIGNATURE_MAX_KEYS + 1);
    expect_bad_keys("many", "more than 64 keys");
    write_file("long", "#", XFSM_SIGNATURE_MAX_FILE);
    expect_bad_keys("long", "no public key");
    write_file("long", "#", XFSM_SIGNATURE_MAX_FILE + 1);
    expect_bad_keys("long", "more than 65536 bytes");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_files),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
