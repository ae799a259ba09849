/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Parts of the collector: positions, spool, names of events, and options of
 * sinks. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/event-name.h"
#include "controller/files.h"
#include "controller/positions.h"
#include "controller/relay.h"
#include "controller/sink.h"
#include "controller/source.h"
#include "controller/spool.h"
#include "util.h"
#include "xfsm/io/event-decode.h"

static char dir[] = "/tmp/xfsm-test-collect-XXXXXX";
static char path[64];

static int
make_folder(void **state OVS_UNUSED)
{
    if (!mkdtemp(dir)) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/positions", dir);
    return 0;
}

static int
remove_folder(void **state OVS_UNUSED)
{
    char *command = xasprintf("rm -rf %s", dir);
    int status = system(command);

    free(command);
    return status;
}

static int
empty_folder(void **state OVS_UNUSED)
{
    char *command = xasprintf("rm -rf %s/*", dir);
    int status = system(command);

    free(command);
    return status;
}

/* Decodes an event of 'label', or a record of the hub up to 'seq'. */
static struct xfsm_event_view
event(const char *label, const char *port, uint64_t epoch, uint64_t seq)
{
    static char json[512];
    struct xfsm_event_view view;

    snprintf(json, sizeof json, "{\"label\":\"%s\",\"program\":\"p.q\","
             "\"host\":\"hv 1\",\"bridge\":\"br0\",\"port\":\"%s\","
             "\"epoch\":%"PRIu64",%s%"PRIu64"}", label, port, epoch,
             !strcmp(label, "lost") ? "\"from\":2,\"to\":" : "\"seq\":", seq);
    assert_true(xfsm_event_decode(json, strlen(json), &view));
    return view;
}

/* ## Positions ## */

/* Returns whether it is a repetition, and notes it if not. */
static bool
note(struct xfsm_positions *p, const char *label, const char *port,
     uint64_t epoch, uint64_t seq)
{
    struct xfsm_event_view e = event(label, port, epoch, seq);
    bool repeated = xfsm_positions_has(p, &e);

    if (!repeated) {
        xfsm_positions_note(p, &e);
    }
    return repeated;
}

static void
test_repetitions(void **state OVS_UNUSED)
{
    struct xfsm_positions *p = xfsm_positions_create();

    assert_false(note(p, "alert", "a", 10, 5));
    assert_true(note(p, "alert", "a", 10, 5));
    assert_true(note(p, "critical", "a", 10, 4));
    assert_false(note(p, "log", "a", 10, 7));   /* No journal has it... */
    assert_false(note(p, "log", "a", 10, 7));   /* ...so it is none. */
    assert_false(note(p, "alert", "a", 10, 6));
    assert_false(note(p, "lost", "a", 10, 9));
    assert_true(note(p, "alert", "a", 10, 9));
    assert_false(note(p, "alert", "b", 10, 1));
    assert_false(note(p, "alert", "a", 11, 1));
    assert_true(note(p, "alert", "a", 10, 10)); /* A former life. */
    xfsm_positions_destroy(p);
}

static void
take_position(struct xfsm_str host, struct xfsm_str bridge,
              struct xfsm_str port, uint64_t epoch, uint64_t seq, void *n)
{
    assert_true(xfsm_str_is(host, "hv 1") && xfsm_str_is(bridge, "br0"));
    assert_true(xfsm_str_is(port, "a"));
    assert_int_equal(epoch, 10);
    assert_int_equal(seq, 7);
    ++*(int *) n;
}

static void
test_file(void **state OVS_UNUSED)
{
    struct xfsm_positions *p = xfsm_positions_create();
    int n = 0;

    assert_false(xfsm_positions_load(p, path));
    note(p, "alert", "a", 10, 5);
    note(p, "log", "a", 10, 7);
    xfsm_positions_set_since(p, 1234);
    assert_int_equal(xfsm_positions_save(p, path), 0);
    xfsm_positions_destroy(p);

    p = xfsm_positions_create();
    assert_true(xfsm_positions_load(p, path));
    assert_int_equal(xfsm_positions_since(p), 1234);
    xfsm_positions_each(p, take_position, &n);
    assert_int_equal(n, 1);
    assert_true(note(p, "alert", "a", 10, 5));
    assert_false(note(p, "alert", "a", 10, 6));
    xfsm_positions_destroy(p);

    /* One that was cut is as none. */
    assert_int_equal(truncate(path, 40), 0);
    p = xfsm_positions_create();
    assert_false(xfsm_positions_load(p, path));
    assert_int_equal(xfsm_positions_count(p), 0);
    assert_int_equal(xfsm_positions_since(p), 0);
    assert_int_equal(xfsm_positions_save(p, "/nonexistent/file"), ENOENT);
    xfsm_positions_destroy(p);
}

static void
test_many_probes(void **state OVS_UNUSED)
{
    struct xfsm_positions *p = xfsm_positions_create();
    char port[16];
    int i;

    for (i = 0; i < XFSM_POSITIONS_MAX; i++) {
        snprintf(port, sizeof port, "p%d", i);
        note(p, "alert", port, 1, 1);
    }
    assert_int_equal(xfsm_positions_forgotten(p), 0);
    assert_false(note(p, "alert", "p0", 1, 2));
    assert_false(note(p, "alert", "one more", 1, 1));
    assert_int_equal(xfsm_positions_count(p), XFSM_POSITIONS_MAX);
    assert_int_equal(xfsm_positions_forgotten(p), 1);
    assert_true(note(p, "alert", "p0", 1, 2));  /* Heard of just now. */
    assert_false(note(p, "alert", "p1", 1, 1)); /* Forgotten. */
    xfsm_positions_destroy(p);
}

/* ## Spool ## */

static struct xfsm_spool *
open_spool(int mib, uint64_t hold_ms)
{
    struct xfsm_spool *s;

    assert_null(xfsm_spool_open(dir, mib, hold_ms, &s));
    return s;
}

static int
put(struct xfsm_spool *s, uint64_t seq, size_t len)
{
    struct xfsm_event_view e = event("alert", "a", 1, seq);
    char *json = xmalloc(len + 1);
    int error;

    snprintf(json, len + 1, "%-*"PRIu64, (int) len, seq);
    error = xfsm_spool_put(s, json, len, &e);
    free(json);
    return error;
}

/* Takes the next event, and returns what it says, or 0. */
static uint64_t
next(struct xfsm_spool *s)
{
    const char *json;
    uint64_t number;
    size_t len;

    return xfsm_spool_next(s, &number, &json, &len)
           ? strtoull(json, NULL, 10) : 0;
}

static void
test_spool(void **state OVS_UNUSED)
{
    struct xfsm_spool *s = open_spool(1, 600000);
    uint64_t i;

    for (i = 1; i <= 5; i++) {
        assert_int_equal(put(s, i, 100), 0);
    }
    for (i = 1; i <= 3; i++) {
        assert_int_equal(next(s), i);
    }
    xfsm_spool_acknowledge(s, 3);
    xfsm_spool_acknowledge(s, 4);       /* Was not given out. */
    assert_int_equal(xfsm_spool_pending(s), 5);
    xfsm_spool_acknowledge(s, 1);
    assert_int_equal(xfsm_spool_pending(s), 4);
    xfsm_spool_rewind(s, false);
    assert_int_equal(next(s), 2);
    xfsm_spool_acknowledge(s, 2);
    assert_int_equal(next(s), 3);
    assert_int_equal(xfsm_spool_stats(s)->repeated, 2);
    xfsm_spool_acknowledge(s, 3);
    assert_int_equal(xfsm_spool_last(s), 5);
    assert_int_equal(xfsm_spool_safe(s), 0);    /* It is held. */
    xfsm_spool_rewind(s, true);         /* With all that it holds. */
    assert_int_equal(xfsm_spool_pending(s), 5);
    for (i = 1; i <= 5; i++) {
        assert_int_equal(next(s), i);
        xfsm_spool_acknowledge(s, i);
    }
    assert_int_equal(next(s), 0);
    xfsm_spool_close(s);

    s = open_spool(1, 600000);          /* It knows what is acknowledged... */
    assert_int_equal(xfsm_spool_pending(s), 0);
    xfsm_spool_rewind(s, true);         /* ...and since when. */
    assert_int_equal(next(s), 1);
    xfsm_spool_close(s);

    s = open_spool(1, 0);               /* Nothing is held. */
    xfsm_spool_acknowledge(s, 5);
    xfsm_spool_rewind(s, true);
    assert_int_equal(put(s, 6, 100), 0);
    assert_int_equal(xfsm_spool_last(s), 6);
    for (i = 1; i <= 6; i++) {
        assert_int_equal(xfsm_spool_safe(s), i - 1);
        assert_int_equal(next(s), i);
        xfsm_spool_acknowledge(s, i);
    }
    assert_int_equal(xfsm_spool_safe(s), 6);
    xfsm_spool_close(s);
}

static void
test_window(void **state OVS_UNUSED)
{
    struct xfsm_spool *s = open_spool(8, 0);
    uint64_t i;

    for (i = 1; i <= XFSM_SPOOL_WINDOW + 1; i++) {
        assert_int_equal(put(s, i, 20), 0);
    }
    for (i = 1; i <= XFSM_SPOOL_WINDOW; i++) {
        assert_int_equal(next(s), i);
    }
    assert_int_equal(next(s), 0);
    xfsm_spool_acknowledge(s, 2);
    assert_int_equal(next(s), 0);
    xfsm_spool_acknowledge(s, 1);
    assert_int_equal(next(s), XFSM_SPOOL_WINDOW + 1);
    xfsm_spool_close(s);
}

static void
test_full_spool(void **state OVS_UNUSED)
{
    struct xfsm_spool *s = open_spool(1, 600000);
    uint64_t n = 0, i;

    while (!put(s, n + 1, 10000)) {
        n++;
    }
    assert_true(n > 90 && n < 105);     /* It is of 1 MiB. */
    assert_int_equal(xfsm_spool_stats(s)->full, 1);
    assert_int_equal(put(s, n + 1, 10000), EAGAIN);
    for (i = 1; i <= n; i++) {          /* Nothing was written over. */
        assert_int_equal(next(s), i);
    }
    for (i = 1; i <= n / 2; i++) {
        xfsm_spool_acknowledge(s, i);
    }
    assert_int_equal(xfsm_spool_stats(s)->unheld, 0);
    assert_int_equal(put(s, n + 1, 10000), 0);
    assert_true(xfsm_spool_stats(s)->unheld > 0);
    assert_int_equal(next(s), n + 1);
    xfsm_spool_close(s);

    s = open_spool(1, 600000);
    xfsm_spool_rewind(s, true);
    assert_true(next(s) > 1);           /* The first one left. */
    xfsm_spool_close(s);
}

/* ## Names ## */

static void
test_names(void **state OVS_UNUSED)
{
    char name[XFSM_EVENT_NAME_SIZE], subject[XFSM_EVENT_NAME_SIZE];
    static const char with_key[] = "{\"label\":\"alert\",\"program\":\"x\","
        "\"host\":\"h\",\"key\":{\"ip_dst\":\"2\",\"ip_src\":\"a\"}}";
    struct xfsm_event_view e = event("alert", "a>*b", 10, 5);

    xfsm_event_name(&e, name);
    assert_string_equal(name, "hv 1/br0/a>*b/10/5");
    xfsm_event_subject(&e, "xfsm", 1, subject);
    assert_string_equal(subject, "xfsm.alert.p_q.0.hv_1");
    e = event("lost", "a", 10, 5);
    xfsm_event_name(&e, name);
    assert_string_equal(name, "hv 1/br0/a/10/lost/2-5");

    /* FNV-1a of "a", as its authors publish it. */
    assert_true(xfsm_event_decode(with_key, strlen(with_key), &e));
    assert_int_equal(xfsm_event_partition(&e, 1024), 0xe40c292c % 1024);
    xfsm_event_name(&e, name);
    assert_string_equal(name, "");

    memset(&e, 0, sizeof e);
    xfsm_event_subject(&e, "xfsm", 16, subject);
    assert_int_equal(strncmp(subject, "xfsm._._.", 9), 0);
}

static void
test_long_names(void **state OVS_UNUSED)
{
    char text[300], name[XFSM_EVENT_NAME_SIZE], subject[XFSM_EVENT_NAME_SIZE];
    struct xfsm_str s = { text, sizeof text };
    struct xfsm_event_view e = {
        .label = s, .program = s, .host = s, .bridge = s, .port = s,
        .epoch = UINT64_MAX, .has_epoch = true, .seq = UINT64_MAX,
        .has_seq = true,
    };

    memset(text, 'x', sizeof text);
    xfsm_event_name(&e, name);
    assert_non_null(strstr(name, "/18446744073709551615/"
                           "18446744073709551615"));
    xfsm_event_subject(&e, "xfsm", 1024, subject);
    assert_true(strlen(subject) < 3 * 201 + 20);
}

/* ## Options ## */

static void
set(struct xfsm_sink_options *o, const char *setting, bool ok)
{
    char *error = xfsm_sink_options_set(o, setting);

    assert_true(!error == ok);
    free(error);
}

static void
test_options(void **state OVS_UNUSED)
{
    struct xfsm_sink_options o;

    xfsm_sink_options_init(&o);
    assert_int_equal(o.hold_s, 600);
    assert_string_equal(o.stream, "XFSM");
    set(&o, "replicas=5", true);
    set(&o, "replicas=6", false);
    set(&o, "replicas=x", false);
    assert_int_equal(o.replicas, 5);
    set(&o, "rotate-mib=1", true);
    assert_int_equal(o.rotate_mib, 1);
    set(&o, "rotate_mib=1", false);
    set(&o, "stream=EVENTS", true);
    assert_string_equal(o.stream, "EVENTS");
    set(&o, "stream=", false);
    set(&o, "stream", false);
    set(&o, "streams=1", false);
    xfsm_sink_options_destroy(&o);
    assert_true(xfsm_sink_needs_spool("nats://h:1"));
    assert_false(xfsm_sink_needs_spool("nats"));
    assert_false(xfsm_sink_needs_spool(NULL));
}

/* What is wrong with the options, or NULL if nothing; 'target' has those that
 * follow, up to NULL. */
static void
check_options(const char *wrong, const char *target, ...)
{
    struct xfsm_sink_options o;
    const char *setting;
    va_list args;
    char *error;

    xfsm_sink_options_init(&o);
    o.target = xstrdup(target);
    va_start(args, target);
    while ((setting = va_arg(args, const char *)) != NULL) {
        set(&o, setting, true);
    }
    va_end(args);
    error = xfsm_sink_options_check(&o);
    if (wrong) {
        assert_non_null(error);
        if (!strstr(error, wrong)) {
            fail_msg("\"%s\" is not in: %s", wrong, error);
        }
    } else if (error) {
        fail_msg("%s", error);
    }
    free(error);
    xfsm_sink_options_destroy(&o);
}

/* Makes 'path' a file of 'n' characters and what is at its end. */
static void
write_password(size_t n, const char *end, int mode)
{
    FILE *f = fopen(path, "w");

    while (n--) {
        fputc('x', f);
    }
    fputs(end, f);
    fclose(f);
    chmod(path, mode);
}

static void
test_secrets(void **state)
{
    char file[128], seed[128];

    (void) state;
    snprintf(path, sizeof path, "%s/password", dir);
    snprintf(file, sizeof file, "password-file=%s", path);
    snprintf(seed, sizeof seed, "nkey-seed=%s", path);
    write_password(XFSM_SINK_PASSWORD_MAX, "\n", 0640);
    check_options(NULL, "nats://h:1", "user=a", file, NULL);
    check_options(NULL, "nats://h:1", "nkey=U", seed, "tls=1", NULL);
    check_options(NULL, "kafka://h:1", "user=a", file, "sasl=SCRAM-SHA-512",
                  NULL);
    check_options(NULL, "kafka://h:1", "user=a", file, "sasl=PLAIN", "tls=1",
                  NULL);
    check_options("needs TLS", "kafka://h:1", "user=a", file, "sasl=PLAIN",
                  NULL);
    check_options("must be PLAIN", "kafka://h:1", "user=a", file, "sasl=X",
                  NULL);
    check_options("need each other", "kafka://h:1", "user=a", file, NULL);
    check_options("need each other", "nats://h:1", "user=a", NULL);
    check_options("need each other", "nats://h:1", seed, NULL);
    check_options("need each other", "nats://h:1", "cert=x", NULL);
    check_options("only one of", "nats://h:1", "user=a", file, "nkey=U",
                  seed, NULL);
    check_options("not for Kafka", "kafka://h:1", "nkey=U", seed, NULL);
    check_options("for Kafka only", "nats://h:1", "sasl=PLAIN", NULL);
    check_options("everybody would see", "nats://a:b@h:1", NULL);

    write_password(XFSM_SINK_PASSWORD_MAX + 1, "\n", 0600);
    check_options("longer than 1024", "nats://h:1", "user=a", file, NULL);
    write_password(XFSM_SINK_PASSWORD_MAX + 1, "", 0600);
    check_options("longer than 1024", "nats://h:1", "user=a", file, NULL);
    write_password(XFSM_SINK_PASSWORD_MAX, "", 0600);
    check_options(NULL, "nats://h:1", "user=a", file, NULL);
    write_password(0, "", 0600);
    check_options("one line", "nats://h:1", "user=a", file, NULL);
    write_password(3, "\n\n", 0600);
    check_options("one line", "nats://h:1", "user=a", file, NULL);
    write_password(3, "", 0604);
    check_options("everybody may", "nats://h:1", "user=a", file, NULL);
    unlink(path);
    check_options("cannot read", "nats://h:1", "user=a", file, NULL);
}

/* ## relay.h ## */

static void
note_event(void *n_, const char *source, const char *event, size_t len)
{
    unsigned int *n = n_;

    assert_string_equal(source, "hv1");
    assert_int_equal(len, sizeof *n);
    assert_memory_equal(event, n, len);
    ++*n;
}

static void
put_numbers(struct xfsm_relay *relay, unsigned int n)
{
    for (unsigned int i = 0; i < n; i++) {
        xfsm_relay_put(relay, "hv1", (const char *) &i, sizeof i);
    }
}

static void
test_relay(void **state)
{
    struct xfsm_relay *relay = xfsm_relay_create();
    unsigned int n = 0;

    (void) state;
    put_numbers(relay, 1);      /* Nobody listens. */
    xfsm_relay_set_listener(relay, note_event, &n);
    xfsm_relay_run(relay);
    assert_int_equal(n, 0);

    put_numbers(relay, XFSM_RELAY_MAX);
    assert_int_equal(xfsm_relay_n_dropped(relay), 0);
    xfsm_relay_run(relay);
    assert_int_equal(n, XFSM_RELAY_MAX);

    n = 0;
    put_numbers(relay, XFSM_RELAY_MAX + 1);
    assert_int_equal(xfsm_relay_n_dropped(relay), 1);
    xfsm_relay_run(relay);
    assert_int_equal(n, XFSM_RELAY_MAX);

    put_numbers(relay, 3);
    xfsm_relay_set_listener(relay, NULL, NULL);
    xfsm_relay_run(relay);
    assert_int_equal(n, XFSM_RELAY_MAX);
    xfsm_relay_destroy(relay);
}

/* ## files.h ## */

static void
test_files(void **state)
{
    struct rlimit limit;
    char *error;

    (void) state;
    assert_int_equal(xfsm_files_needed(0, 0), XFSM_FILES_BASE);
    assert_int_equal(xfsm_files_needed(3, 2), XFSM_FILES_BASE
                     + 3 * XFSM_FILES_HOST + 2 * XFSM_SOURCE_FILES);

    /* The soft limit is raised, and never lowered. */
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 600;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(xfsm_files_room(1), (600 - xfsm_files_needed(1, 0))
                     / XFSM_SOURCE_FILES);
    assert_int_equal(xfsm_files_room(600), 0);
    assert_null(xfsm_files_raise(700));
    getrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(limit.rlim_cur, 700);
    assert_null(xfsm_files_raise(650));
    getrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(limit.rlim_cur, 700);

    /* More than any kernel gives. */
    error = xfsm_files_raise((size_t) 1 << 40);
    assert_non_null(error);
    assert_non_null(strstr(error, "1099511627776 file descriptors are "
                           "needed"));
    free(error);
}

int
main(void)
{
#define TEST(NAME) cmocka_unit_test_setup(NAME, empty_folder)
    const struct CMUnitTest tests[] = {
        TEST(test_repetitions),
        TEST(test_file),
        TEST(test_many_probes),
        TEST(test_spool),
        TEST(test_window),
        TEST(test_full_spool),
        TEST(test_names),
        TEST(test_long_names),
        TEST(test_options),
        TEST(test_secrets),
        TEST(test_relay),
        TEST(test_files),
    };
#undef TEST

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
