/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/probe-lanes.h"

#include <errno.h>

#include "coverage.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/cage.h"
#include "ovs-plugin/probe-publish.h"
#include "ovs-plugin/probe-source.h"
#include "ovs-rcu.h"
#include "timeval.h"
#include "util.h"
#include "xfsm/program/image.h"

VLOG_DEFINE_THIS_MODULE(probe_lanes);

COVERAGE_DEFINE(probe_batch);
COVERAGE_DEFINE(probe_burst_full);
COVERAGE_DEFINE(probe_timers_left);

/* Batches taken before anything else gets a turn: at full load this is about
 * 2,000 packets. */
#define RX_BURST 64

/* The same in milliseconds, for programs that take long: a fraction of the
 * time in which the agent must be answered (worker.h). */
#define RX_TURN_MS 20

/* ## A lane ## */

/* Receives a batch.  Returns 0 or a positive errno. */
static int
lane_receive(struct xfsm_lane *lane)
{
    uint64_t lost;
    int error;

    error = xfsm_source_recv(lane->source, &lane->packets, &lane->n_packets);
    if (error) {
        return error;
    }
    COVERAGE_INC(probe_batch);
    lost = xfsm_source_take_lost(lane->source);
    if (lost) {
        xfsm_engine_note_loss(lane->engine, lost, lane->packets[0].ts);
    }
    return 0;
}

/* Runs the packets of a batch.  False: more timers are due before the next
 * one than may fire in one go. */
static bool
lane_run_packets(struct xfsm_lane *lane)
{
    size_t done = xfsm_engine_run_some(lane->engine, lane->packets,
                                       lane->n_packets);

    lane->packets += done;
    lane->n_packets -= done;
    if (lane->n_packets) {
        return false;
    }
    xfsm_source_release(lane->source);
    return true;
}

/* Lets time go on while no packets come.  False: as above. */
static bool
lane_run_time(struct xfsm_lane *lane)
{
    uint64_t now = time_wall_usec() * UINT64_C(1000);

    return xfsm_engine_advance_some(lane->engine,
                                    now - xfsm_source_delay(lane->source));
}

/* Sends the events of a batch of packets.  If that is not possible now, the
 * main thread is to see to it. */
static void
lane_flush(struct xfsm_lane *lane)
{
    if (!xfsm_publisher_flush(lane->lanes->publisher)) {
        latch_set(&lane->lanes->wake);
    }
}

/* Receives what there is, up to a limit.  Returns 0 or a positive errno. */
static int
lane_run(struct xfsm_lane *lane)
{
    long long int end = time_msec() + RX_TURN_MS;
    bool done = true;
    int i;

    for (i = 0; i < RX_BURST && done && time_msec() < end; i++) {
        int error = lane->n_packets ? 0 : lane_receive(lane);

        if (error == EAGAIN) {
            done = lane_run_time(lane);
            lane_flush(lane);
            if (done) {
                return 0;
            }
        } else if (error) {
            return error;
        } else {
            done = lane_run_packets(lane);
            lane_flush(lane);
        }
    }

    /* Others have their turn before this goes on. */
    if (done) {
        COVERAGE_INC(probe_burst_full);
    } else {
        COVERAGE_INC(probe_timers_left);
    }
    poll_immediate_wake();
    return 0;
}

/* Wakes up when there are packets, or a timer of a program may be due. */
static void
lane_wait(struct xfsm_lane *lane)
{
    uint64_t next = xfsm_engine_next_timer(lane->engine);

    xfsm_source_wait(lane->source);
    if (next != UINT64_MAX) {
        uint64_t due = next + xfsm_source_delay(lane->source);
        uint64_t now = time_wall_usec() * UINT64_C(1000);

        if (due <= now) {
            poll_immediate_wake();
        } else {
            poll_timer_wait(MIN((due - now) / 1000000 + 1, INT_MAX));
        }
    }
}

static void
lane_lock(struct xfsm_lane *lane)
{
    ovs_mutex_lock(&lane->turn);
    ovs_mutex_lock(&lane->use);
    ovs_mutex_unlock(&lane->turn);
}

static bool
lane_must_exit(const struct xfsm_lane *lane)
{
    bool exit;

    atomic_read(&CONST_CAST(struct xfsm_lane *, lane)->exit, &exit);
    return exit;
}

static void *
lane_main(void *lane_)
{
    struct xfsm_lane *lane = lane_;
    int error = 0;

    /* Open vSwitch makes a thread when one is quiescent for the first time,
     * which inherits what this one may do. */
    xfsm_cage_drop_thread_privileges();
    ovsrcu_quiesce();
    sem_post(&lane->lanes->ready);
    while (!lane_must_exit(lane)) {
        /* When the device is gone, lane 0 sees that as well. */
        if (!error) {
            lane_lock(lane);
            error = lane_run(lane);
            if (!error) {
                lane_wait(lane);
            }
            ovs_mutex_unlock(&lane->use);
        }
        latch_wait(&lane->wake);
        poll_block();
    }
    return NULL;
}

/* ## All of them ## */

char *
xfsm_lanes_init(struct xfsm_lanes *lanes, size_t n,
                struct xfsm_source *source,
                const struct xfsm_engine_options *options,
                struct xfsm_publisher *publisher)
{
    char *error = NULL;
    size_t i;

    ovs_assert(n >= 1 && n <= XFSM_LANES_MAX);
    memset(lanes, 0, sizeof *lanes);
    lanes->n = n;
    lanes->publisher = publisher;
    lanes->steer = XFSM_STEER_NONE;
    latch_init(&lanes->wake);
    sem_init(&lanes->ready, 0, 0);
    for (i = 0; i < n && !error; i++) {
        struct xfsm_lane *lane = &lanes->lane[i];
        struct xfsm_engine_options o = *options;

        o.emit = xfsm_publisher_emit;
        o.aux = publisher;
        lane->lanes = lanes;
        atomic_init(&lane->exit, false);
        if (!i) {
            lane->source = source;
        } else {
            ovs_mutex_init(&lane->turn);
            ovs_mutex_init(&lane->use);
            latch_init(&lane->wake);
            error = xfsm_source_open_more(source, i, &lane->source);
        }
        if (!error) {
            error = xfsm_engine_create(&o, &lane->engine);
        }
    }
    return error;
}

void
xfsm_lanes_start(struct xfsm_lanes *lanes)
{
    size_t i;

    for (i = 1; i < lanes->n; i++) {
        struct xfsm_lane *lane = &lanes->lane[i];

        lane->thread = ovs_thread_create("lane", lane_main, lane);
        lane->started = true;
        while (sem_wait(&lanes->ready)) {
            continue;           /* A signal came. */
        }
    }
    if (lanes->n > 1) {
        /* Once there are threads, the first that waits makes RCU's own, which
         * the cage would not let it do. */
        ovsrcu_quiesce();
    }
}

void
xfsm_lanes_stop(struct xfsm_lanes *lanes)
{
    size_t i;

    for (i = 1; i < lanes->n; i++) {
        struct xfsm_lane *lane = &lanes->lane[i];

        if (lane->started) {
            atomic_store(&lane->exit, true);
            latch_set(&lane->wake);
            xpthread_join(lane->thread, NULL);
            lane->started = false;
        }
    }
    for (i = 0; i < lanes->n; i++) {
        xfsm_engine_stop(lanes->lane[i].engine);
    }
}

void
xfsm_lanes_lock(struct xfsm_lanes *lanes)
    OVS_NO_THREAD_SAFETY_ANALYSIS
{
    size_t i;

    for (i = 1; i < lanes->n; i++) {
        lane_lock(&lanes->lane[i]);
    }
}

void
xfsm_lanes_unlock(struct xfsm_lanes *lanes)
    OVS_NO_THREAD_SAFETY_ANALYSIS
{
    size_t i;

    for (i = 1; i < lanes->n; i++) {
        ovs_mutex_unlock(&lanes->lane[i].use);
    }
}

int
xfsm_lanes_run(struct xfsm_lanes *lanes)
{
    if (lanes->n > 1) {
        latch_poll(&lanes->wake);
    }
    return lane_run(&lanes->lane[0]);
}

void
xfsm_lanes_wait(struct xfsm_lanes *lanes)
{
    lane_wait(&lanes->lane[0]);
    if (lanes->n > 1) {
        latch_wait(&lanes->wake);
    }
}

/* ## Programs ## */

static struct xfsm_lane_program *
find_program(struct xfsm_lanes *lanes, const char *name)
{
    size_t i;

    for (i = 0; i < lanes->n_programs; i++) {
        if (!strcmp(lanes->programs[i].name, name)) {
            return &lanes->programs[i];
        }
    }
    return NULL;
}

static void
forget_program(struct xfsm_lanes *lanes, struct xfsm_lane_program *p)
{
    free(p->name);
    free(p->image);
    free(p->why);
    *p = lanes->programs[--lanes->n_programs];
}

static void
remember_program(struct xfsm_lanes *lanes, const char *name,
                 const void *data, size_t len, const struct xfsm_image *image)
{
    struct xfsm_lane_program *p = find_program(lanes, name);

    if (p) {
        forget_program(lanes, p);
    }
    p = &lanes->programs[lanes->n_programs++];
    *p = (struct xfsm_lane_program) {
        .name = xstrdup(name), .image = xmemdup(data, len), .len = len,
    };
    p->may = xfsm_steer_of_image(image, &p->why);
}

/* What is about to be loaded, in lanes. */
struct loads {
    size_t n;
    struct xfsm_engine_load *load[XFSM_MAX_PROGRAMS * XFSM_LANES_MAX];
};

static void
cancel_loads(struct loads *loads)
{
    while (loads->n) {
        xfsm_engine_cancel(loads->load[--loads->n]);
    }
}

static void
commit_loads(struct loads *loads)
{
    size_t i;

    for (i = 0; i < loads->n; i++) {
        xfsm_engine_commit(loads->load[i]);
    }
    loads->n = 0;
}

/* Prepares an image for all lanes. */
static char *
prepare_image(struct xfsm_lanes *lanes, const void *data, size_t len,
              bool anew, struct loads *loads)
{
    size_t i;

    for (i = 0; i < lanes->n; i++) {
        char *error = xfsm_engine_prepare(lanes->lane[i].engine, data, len,
                                          anew, &loads->load[loads->n]);

        if (error) {
            return error;
        }
        loads->n++;
    }
    return NULL;
}

static char *
set_steering(struct xfsm_lanes *lanes, enum xfsm_steer steer)
{
    struct sock_filter code[XFSM_STEER_CODE_MAX];
    const struct sock_fprog prog = {
        .len = (unsigned short) xfsm_steer_code(steer, false, code),
        .filter = code,
    };
    int error = xfsm_source_set_steering(lanes->lane[0].source, &prog);

    if (error) {
        return xasprintf("cannot spread packets over workers (%s)",
                         ovs_strerror(error));
    }
    lanes->steer = steer;
    VLOG_INFO("packets are told apart %s", xfsm_steer_text(steer));
    return NULL;
}

/* Says why one lane has to do. */
static void
update_note(struct xfsm_lanes *lanes)
{
    size_t i;

    free(lanes->note);
    lanes->note = NULL;
    if (lanes->n == 1 || !lanes->n_programs
        || lanes->steer != XFSM_STEER_NONE) {
        return;
    }
    for (i = 0; i < lanes->n_programs; i++) {
        const struct xfsm_lane_program *p = &lanes->programs[i];

        if (!p->may) {
            lanes->note = xasprintf("1 worker of %"PRIuSIZE" runs: program %s "
                                    "cannot be split: %s", lanes->n, p->name,
                                    p->why);
            return;
        }
    }
    lanes->note = xasprintf("1 worker of %"PRIuSIZE" runs: the programs "
                            "cannot be split in the same way", lanes->n);
}

/* The way to tell packets apart that suits all programs, with the one of
 * 'name' as 'image' has it. */
static enum xfsm_steer
pick_steering(const struct xfsm_lanes *lanes, const char *name,
              const struct xfsm_image *image)
{
    unsigned int may = XFSM_STEER_ALL & xfsm_steer_of_image(image, NULL);
    size_t i;

    for (i = 0; i < lanes->n_programs; i++) {
        if (strcmp(lanes->programs[i].name, name)) {
            may &= lanes->programs[i].may;
        }
    }
    return xfsm_steer_pick(may, lanes->steer);
}

/* Prepares all programs but that of 'name' to begin anew. */
static char *
prepare_others(struct xfsm_lanes *lanes, const char *name,
               struct loads *loads)
{
    char *error = NULL;
    size_t i;

    for (i = 0; i < lanes->n_programs && !error; i++) {
        const struct xfsm_lane_program *p = &lanes->programs[i];

        if (strcmp(p->name, name)) {
            error = prepare_image(lanes, p->image, p->len, true, loads);
        }
    }
    return error;
}

/* Others than that of 'name' begin anew. */
static void
note_anew(struct xfsm_lanes *lanes, const char *name)
{
    size_t i;

    for (i = 0; i < lanes->n_programs; i++) {
        if (strcmp(lanes->programs[i].name, name)) {
            VLOG_INFO("%s begins anew", lanes->programs[i].name);
            lanes->resteered++;
        }
    }
}

char *
xfsm_lanes_load(struct xfsm_lanes *lanes, const char *name,
                const void *data, size_t len, const struct xfsm_image *image)
{
    enum xfsm_steer steer = (lanes->n > 1 ? pick_steering(lanes, name, image)
                             : lanes->steer);
    bool resteer = steer != lanes->steer;
    static struct loads loads;
    char *error;

    error = prepare_image(lanes, data, len, resteer, &loads);
    if (!error && resteer) {
        error = prepare_others(lanes, name, &loads);
        if (!error) {
            error = set_steering(lanes, steer);
        }
    }
    if (error) {
        cancel_loads(&loads);
        return error;
    }
    commit_loads(&loads);
    if (resteer) {
        note_anew(lanes, name);
    }
    if (lanes->n > 1) {
        remember_program(lanes, name, data, len, image);
        update_note(lanes);
    }
    return NULL;
}

char *
xfsm_lanes_unload(struct xfsm_lanes *lanes, const char *name)
{
    struct xfsm_lane_program *p = find_program(lanes, name);
    size_t i;

    for (i = 0; i < lanes->n; i++) {
        if (!xfsm_engine_unload(lanes->lane[i].engine, name)) {
            return xasprintf("no program \"%s\"", name);
        }
    }
    if (p) {
        forget_program(lanes, p);
        update_note(lanes);
    }
    return NULL;
}

/* ## Introspection ## */

void
xfsm_lanes_get_stats(const struct xfsm_lanes *lanes,
                     struct xfsm_engine_stats *sum)
{
    size_t i;
    int j;

    memset(sum, 0, sizeof *sum);
    for (i = 0; i < lanes->n; i++) {
        struct xfsm_engine_stats stats;

        xfsm_engine_get_stats(lanes->lane[i].engine, &stats);
#define ADD_COUNTER(NAME, DOC) sum->NAME += stats.NAME;
        XFSM_ENGINE_COUNTERS(ADD_COUNTER)
#undef ADD_COUNTER
        for (j = 0; j < XFSM_N_DECODE_ERRORS; j++) {
            sum->decode_errors[j] += stats.decode_errors[j];
        }
    }
}

bool
xfsm_lanes_get_program(const struct xfsm_lanes *lanes, unsigned int i,
                       struct xfsm_program_info *sum)
{
    static uint64_t state_keys[XFSM_MAX_STATES];
    struct xfsm_program_info info;
    size_t j;
    int k;

    if (!xfsm_engine_get_program(lanes->lane[0].engine, i, sum)) {
        return false;
    }
    if (lanes->n > 1) {
        memcpy(state_keys, sum->state_keys,
               sum->n_states * sizeof *state_keys);
        sum->state_keys = state_keys;
    }
    for (j = 1; j < lanes->n; j++) {
        xfsm_engine_get_program(lanes->lane[j].engine, i, &info);
        sum->handled += info.handled;
        sum->events += info.events;
        sum->keys += info.keys;
        sum->timers += info.timers;
        sum->bytes += info.bytes;
        for (k = 0; k < sum->n_states; k++) {
            state_keys[k] += info.state_keys[k];
        }
    }
    return true;
}
