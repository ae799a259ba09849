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

#include <stdlib.h>
#include <string.h>

#include "controller/rollout.h"
#include "smap.h"
#include "sset.h"
#include "util.h"

#define N_VERSIONS 4

/* Versions of a program, newest first, and the last decision. */
struct world {
    struct xfsm_rollout versions[N_VERSIONS];
    struct xfsm_rollout *pointers[N_VERSIONS];
    size_t n;
    int64_t now;
    int64_t next;
};

static int
setup(void **state)
{
    struct world *w = xzalloc(sizeof *w);

    w->now = 1000;
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    size_t i;

    for (i = 0; i < w->n; i++) {
        free(w->versions[i].error);
    }
    free(w);
    return 0;
}

/* Adds a newer version, with a canary of half of two hosts for 10 s. */
static struct xfsm_rollout *
add(struct world *w)
{
    size_t i;

    for (i = w->n++; i > 0; i--) {
        w->versions[i] = w->versions[i - 1];
    }
    w->versions[0] = (struct xfsm_rollout) {
        .options = { .canary_percent = 50, .canary_seconds = 10 },
        .n_hosts = 1,
    };
    return &w->versions[0];
}

/* Decides until nothing changes, and checks that the states are 'expected':
 * newest first, separated by spaces, "new" for an empty one. */
static void
decide(struct world *w, const char *expected)
{
    char text[256] = "";
    size_t i, j;

    for (j = 0; j < 3; j++) {
        for (i = 0; i < w->n; i++) {
            free(w->versions[i].error);
            w->versions[i].error = NULL;
            w->pointers[i] = &w->versions[i];
        }
        w->next = xfsm_rollout_decide(w->pointers, w->n, w->now);
    }
    for (i = 0; i < w->n; i++) {
        const char *name = xfsm_rollout_state_names[w->versions[i].state];

        sprintf(text + strlen(text), "%s%s", i ? " " : "",
                name[0] ? name : "new");
    }
    assert_string_equal(text, expected);
}

static void
test_at_once(void **state)
{
    struct world *w = *state;
    struct xfsm_rollout *v = add(w);

    v->options.canary_percent = 100;
    decide(w, "active");
    assert_int_equal(v->since, 1000);
    assert_true(w->next == INT64_MAX);

    /* Without a host that would have it, there is nothing to wait for. */
    v = add(w);
    v->n_hosts = 0;
    w->now = 2000;
    decide(w, "active replaced");
    assert_int_equal(w->versions[1].since, 2000);

    /* The newest is removed, the one before is back, without a canary. */
    w->versions[0] = w->versions[1];
    w->n = 1;
    decide(w, "active");
}

static void
test_canary(void **state)
{
    struct world *w = *state;
    struct xfsm_rollout *v = add(w);

    v->state = XFSM_ROLLOUT_ACTIVE;
    v = add(w);
    decide(w, "canary active");
    assert_int_equal(v->since, 0);

    /* The time begins when all are well, and anew if they were not. */
    w->now = 100000;
    decide(w, "canary active");
    v->health = XFSM_ROLLOUT_WELL;
    decide(w, "canary active");
    assert_int_equal(v->since, 100000);
    assert_int_equal(w->next, 110000);
    w->now = 109999;
    decide(w, "canary active");
    v->health = XFSM_ROLLOUT_UNKNOWN;
    decide(w, "canary active");
    assert_int_equal(v->since, 0);
    v->health = XFSM_ROLLOUT_WELL;
    w->now = 110000;
    decide(w, "canary active");
    w->now = 119999;
    decide(w, "canary active");
    /* So it does where the clock was set back. */
    w->now = 50000;
    decide(w, "canary active");
    assert_int_equal(v->since, 50000);
    assert_int_equal(w->next, 60000);
    w->now = 100000;
    v->health = XFSM_ROLLOUT_UNKNOWN;
    decide(w, "canary active");
    v->health = XFSM_ROLLOUT_WELL;
    w->now = 110000;
    decide(w, "canary active");
    w->now = 120000;
    decide(w, "active replaced");
    assert_int_equal(v->since, 120000);
}

static void
test_back(void **state)
{
    struct world *w = *state;
    struct xfsm_rollout *v = add(w);

    v->state = XFSM_ROLLOUT_ACTIVE;
    v = add(w);
    decide(w, "canary active");
    v->health = XFSM_ROLLOUT_ILL;
    v->reason = "hv1: it hurts";
    w->pointers[0] = v;
    w->pointers[1] = &w->versions[1];
    assert_true(xfsm_rollout_decide(w->pointers, 2, w->now) == w->now);
    assert_string_equal(v->error, "hv1: it hurts");
    decide(w, "rolled-back active");

    /* Not again by itself; but when it is asked for. */
    v->health = XFSM_ROLLOUT_WELL;
    v->reason = NULL;
    decide(w, "rolled-back active");
    v->state = XFSM_ROLLOUT_NEW;
    decide(w, "canary active");

    /* A newer one takes the place of a canary, which is not what others go
     * back to. */
    v = add(w);
    decide(w, "canary replaced active");
    v->health = XFSM_ROLLOUT_ILL;
    decide(w, "rolled-back replaced active");

    /* A first version has none before it. */
    w->n = 1;
    v->state = XFSM_ROLLOUT_NEW;
    v->health = XFSM_ROLLOUT_UNKNOWN;
    decide(w, "canary");
    v->health = XFSM_ROLLOUT_ILL;
    decide(w, "rolled-back");
}

static void
test_wrong(void **state)
{
    struct world *w = *state;
    struct xfsm_rollout *v = add(w);

    v->state = XFSM_ROLLOUT_ACTIVE;
    v = add(w);
    v->invalid = "line 1: no";
    decide(w, "invalid active");
    assert_string_equal(v->error, "line 1: no");

    /* As long as nobody knows whether it is, it stays so, with the reason and
     * the time that it has. */
    w->now = 2000;
    v->invalid = NULL;
    v->unknown = true;
    v->blocked = "is being compiled";
    decide(w, "invalid active");
    assert_int_equal(v->since, 1000);
    free(v->error);
    v->error = xstrdup("line 1: no");
    xfsm_rollout_decide(w->pointers, w->n, w->now);
    assert_string_equal(v->error, "line 1: no");

    /* Another compiler takes it. */
    v->unknown = false;
    v->blocked = NULL;
    xfsm_rollout_decide(w->pointers, w->n, w->now);
    assert_null(v->error);
    decide(w, "canary active");

    /* A canary stays one as well. */
    v->unknown = true;
    v->blocked = "is being compiled";
    decide(w, "canary active");
    v->unknown = false;
    v->blocked = NULL;

    /* Options that are wrong neither begin nor end a roll-out; but what is
     * ill is ill. */
    v->blocked = "options:x";
    v->options.canary_percent = 100;
    decide(w, "canary active");
    assert_string_equal(v->error, "options:x");
    v->health = XFSM_ROLLOUT_ILL;
    decide(w, "rolled-back active");
    v = add(w);
    v->blocked = "options:x";
    decide(w, "new rolled-back active");
    assert_string_equal(v->error, "options:x");
}

static void
test_options(void **state OVS_UNUSED)
{
    static const struct {
        const char *key, *value;
        bool ok;
    } cases[] = {
        { "canary-percent", "1", true },
        { "canary-percent", "0", false },
        { "canary-percent", "100", true },
        { "canary-percent", "101", false },
        { "canary-percent", "many", false },
        { "canary-seconds", "604800", true },
        { "canary-seconds", "604801", false },
        { "max-drop-percent", "0", true },
        { "max-drop-percent", "101", false },
        { "max-errors", "-1", false },
        { "max-cpu-percent", "0", false },
        { "unknown", "0", true },
    };
    struct smap common = SMAP_INITIALIZER(&common);
    struct smap own = SMAP_INITIALIZER(&own);
    struct xfsm_rollout_options options;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        char *error;

        smap_clear(&own);
        smap_add(&own, cases[i].key, cases[i].value);
        error = xfsm_rollout_read_options(&own, &common, &options);
        assert_int_equal(!error, cases[i].ok);
        assert_true(!error || strstr(error, cases[i].key));
        free(error);
    }

    /* The version's own come first, then the fleet's. */
    smap_clear(&own);
    smap_add(&own, "canary-percent", "10");
    smap_add(&common, "canary-percent", "20");
    smap_add(&common, "max-errors", "3");
    assert_null(xfsm_rollout_read_options(&own, &common, &options));
    assert_int_equal(options.canary_percent, 10);
    assert_int_equal(options.max_errors, 3);
    assert_int_equal(options.canary_seconds, 300);
    smap_destroy(&own);
    smap_destroy(&common);
}

static void
test_pick(void **state OVS_UNUSED)
{
    static const struct {
        unsigned int percent;
        size_t n;
    } cases[] = { { 1, 1 }, { 10, 1 }, { 11, 2 }, { 50, 5 }, { 99, 10 },
                  { 100, 10 } };
    struct sset hosts = SSET_INITIALIZER(&hosts);
    struct sset none = SSET_INITIALIZER(&none);
    struct sset last = SSET_INITIALIZER(&last);
    const char *name;
    size_t i;

    for (i = 0; i < 10; i++) {
        char host[] = "hv0";

        host[2] += i;
        sset_add(&hosts, host);
    }
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        struct sset picked = SSET_INITIALIZER(&picked);

        xfsm_rollout_pick("p", &hosts, cases[i].percent, &picked);
        assert_int_equal(sset_count(&picked), cases[i].n);
        /* A greater share has the smaller one in it. */
        SSET_FOR_EACH (name, &last) {
            assert_true(sset_contains(&picked, name));
        }
        sset_swap(&last, &picked);
        sset_destroy(&picked);
    }
    sset_clear(&last);
    xfsm_rollout_pick("p", &none, 50, &last);
    assert_true(sset_is_empty(&last));
    sset_destroy(&hosts);
    sset_destroy(&none);
    sset_destroy(&last);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_canary, setup, teardown),
        cmocka_unit_test_setup_teardown(test_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong, setup, teardown),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_pick),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
