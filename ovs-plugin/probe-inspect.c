/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/probe.h"

#include <ctype.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

/* Keys that "xfsm/list" tells if it is not said how many, and at the most. */
#define LIST_DEFAULT 100
#define LIST_MAX 10000

/* A step: buckets of a state table that are looked at before packets get a
 * turn (8192 slots, some 20 us), unless so many keys were told before that
 * (some 2 us each), which is looked at after each chunk. */
#define LIST_BUCKETS 1024
#define LIST_KEYS 128
#define LIST_CHUNK 16

/* Transitions that "xfsm/why" tells if it is not said how many. */
#define WHY_DEFAULT 20

/* ## Text ## */

/* Appends text that the program's author, or who made its image, wrote:
 * nothing that a terminal takes for more than text. */
static void
put_bytes(struct ds *s, const char *text, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        if (text[i] >= ' ' && text[i] <= '~') {
            ds_put_char(s, text[i]);
        } else {
            ds_put_format(s, "\\x%02x", (unsigned char) text[i]);
        }
    }
}

static void
put_text(struct ds *s, const char *text)
{
    put_bytes(s, text, strlen(text));
}

static void
put_time(struct ds *s, uint64_t ns)
{
    ds_put_strftime_msec(s, "%Y-%m-%dT%H:%M:%S.###Z", ns / 1000000, true);
}

static void
put_key(struct ds *s, const char *key)
{
    put_text(s, *key ? key : "(the program itself)");
}

/* "5.2 s left, then quiet". */
static void
put_left(struct ds *s, int64_t left, const char *next)
{
    if (left >= 0) {
        ds_put_format(s, ", %.3f s left", left / 1e9);
    } else {
        ds_put_format(s, ", over since %.3f s", -(left / 1e9));
    }
    if (next) {
        ds_put_format(s, ", then ");
        put_text(s, next);
    }
}

/* Replies with an error; takes 'error'. */
static void
reply_error(struct unixctl_conn *conn, char *error)
{
    unixctl_command_reply_error(conn, error);
    free(error);
}

/* ## Programs ## */

/* Finds a program.  The lanes must be locked. */
static bool
find_program(const struct xfsm_probe *probe, const char *name,
             struct xfsm_program_info *info)
{
    unsigned int i;

    for (i = 0; xfsm_lanes_get_program(&probe->lanes, i, info); i++) {
        if (!strcmp(info->name, name)) {
            return true;
        }
    }
    return false;
}

/* Returns an error that names the programs there are. */
static char *
no_program(const struct xfsm_probe *probe, const char *name)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    struct xfsm_program_info info;
    unsigned int i;

    ds_put_cstr(&s, "no program \"");
    put_text(&s, name);
    ds_put_cstr(&s, "\" runs here");
    for (i = 0; xfsm_lanes_get_program(&probe->lanes, i, &info); i++) {
        ds_put_cstr(&s, i ? ", " : ", but ");
        put_text(&s, info.name);
    }
    return ds_steal_cstr(&s);
}

/* ## xfsm/list ## */

/* A list that is being made: a step at a time, between packets. */
struct list {
    struct ovs_list node;       /* In 'lists'. */
    struct unixctl_conn *conn;
    char *program;
    char *state;                /* NULL: any but the default state. */
    size_t limit;
    size_t shown;
    size_t lane;                /* Where the walk is... */
    uint64_t cursor;            /* ...and how far. */
    struct ds s;
};

static struct ovs_list lists = OVS_LIST_INITIALIZER(&lists);

static bool
put_flow(const struct xfsm_flow *flow, void *list_)
{
    struct list *list = list_;
    struct ds *s = &list->s;

    put_key(s, flow->key);
    ds_put_char(s, ' ');
    put_text(s, flow->state);
    ds_put_cstr(s, " since ");
    put_time(s, flow->since);
    if (flow->times_out) {
        put_left(s, flow->left, flow->next);
    }
    ds_put_char(s, '\n');
    return ++list->shown < list->limit;
}

/* Number of the state called 'name', or -1. */
static int
find_state(const struct xfsm_program_info *info, const char *name)
{
    int i;

    for (i = 0; i < info->n_states; i++) {
        if (!strcmp(info->state_names[i], name)) {
            return i;
        }
    }
    return -1;
}

static void
list_destroy(struct list *list)
{
    ovs_list_remove(&list->node);
    free(list->program);
    free(list->state);
    ds_destroy(&list->s);
    free(list);
}

/* Says how many there are, and replies. */
static void
list_finish(struct xfsm_probe *probe, struct list *list)
{
    struct xfsm_program_info info;
    uint64_t total;
    int state = 0;

    if (!find_program(probe, list->program, &info)
        || (list->state && (state = find_state(&info, list->state)) < 0)) {
        unixctl_command_reply_error(list->conn, "the program was replaced or "
                                    "removed meanwhile");
        list_destroy(list);
        return;
    }
    total = list->state ? info.state_keys[state] : info.keys;
    if (total > list->shown && list->shown >= list->limit) {
        ds_put_format(&list->s, "%"PRIuSIZE" of %"PRIu64" keys shown, "
                      "%"PRIu64" more (a limit of up to %d can be given)\n",
                      list->shown, total, total - list->shown, LIST_MAX);
    } else {
        ds_put_format(&list->s, "%"PRIuSIZE" keys, all shown\n",
                      list->shown);
    }
    unixctl_command_reply(list->conn, ds_cstr(&list->s));
    list_destroy(list);
}

/* Takes a step.  The lanes must be locked. */
static void
list_step(struct xfsm_probe *probe, struct list *list)
{
    size_t start = list->shown;
    int n;

    for (n = 0; n < LIST_BUCKETS && list->lane < probe->lanes.n
         && list->shown < list->limit && list->shown < start + LIST_KEYS;
         n += LIST_CHUNK) {
        if (!xfsm_engine_walk(probe->lanes.lane[list->lane].engine,
                              list->program, list->state, &list->cursor,
                              LIST_CHUNK, put_flow, list)) {
            list->lane++;
            list->cursor = 0;
        }
    }
    if (list->lane == probe->lanes.n || list->shown >= list->limit) {
        list_finish(probe, list);
    }
}

/* Reads "[STATE] [LIMIT]"; a number is a limit unless a state is called
 * so.  Returns NULL or an error. */
static char *
parse_list(const struct xfsm_program_info *info, int argc,
           const char *argv[], struct list *list)
{
    const char *state = argc > 2 ? argv[2] : NULL;
    const char *limit = argc > 3 ? argv[3] : NULL;
    struct ds s = DS_EMPTY_INITIALIZER;
    unsigned int n = LIST_DEFAULT;
    int i;

    if (argc == 3 && isdigit((unsigned char) *state)
        && find_state(info, state) < 0) {
        limit = state;
        state = NULL;
    }
    if (limit && (!str_to_uint(limit, 10, &n) || !n || n > LIST_MAX)) {
        return xasprintf("the limit is a number from 1 to %d", LIST_MAX);
    }
    list->limit = n;
    if (!state || !strcmp(state, "*")) {
        return NULL;
    }
    i = find_state(info, state);
    if (!i) {
        return xstrdup("keys in the default state are not kept, so there is "
                       "no list of them");
    } else if (i < 0) {
        ds_put_cstr(&s, "no state \"");
        put_text(&s, state);
        ds_put_cstr(&s, "\"; the program has");
        for (i = 1; i < info->n_states; i++) {
            ds_put_cstr(&s, i > 1 ? ", " : " ");
            put_text(&s, info->state_names[i]);
        }
        return ds_steal_cstr(&s);
    }
    list->state = xstrdup(state);
    return NULL;
}

static void
probe_list(struct unixctl_conn *conn, int argc, const char *argv[],
           void *probe_)
{
    struct xfsm_probe *probe = probe_;
    struct list *list = xzalloc(sizeof *list);
    struct xfsm_program_info info;
    char *error;

    list->conn = conn;
    list->program = xstrdup(argv[1]);
    ds_init(&list->s);
    ovs_list_push_back(&lists, &list->node);
    xfsm_lanes_lock(&probe->lanes);
    error = find_program(probe, argv[1], &info)
            ? parse_list(&info, argc, argv, list)
            : no_program(probe, argv[1]);
    xfsm_lanes_unlock(&probe->lanes);
    if (error) {
        reply_error(conn, error);
        list_destroy(list);
    }
}

void
xfsm_probe_inspect_run(struct xfsm_probe *probe)
{
    if (!ovs_list_is_empty(&lists)) {
        struct list *list = CONTAINER_OF(ovs_list_front(&lists), struct list,
                                         node);

        xfsm_lanes_lock(&probe->lanes);
        list_step(probe, list);
        xfsm_lanes_unlock(&probe->lanes);
    }
}

void
xfsm_probe_inspect_wait(void)
{
    if (!ovs_list_is_empty(&lists)) {
        poll_immediate_wake();
    }
}

/* ## xfsm/dump ## */

/* What one lane tells of a key. */
struct dump {
    struct ds s;
    bool knows;                 /* Is there anything that is not just 0? */
};

static void
put_state(struct ds *s, const struct xfsm_fact *f)
{
    ds_put_cstr(s, "key ");
    put_key(s, f->key);
    ds_put_cstr(s, "\nstate ");
    put_text(s, f->name);
    if (f->since) {
        ds_put_cstr(s, " since ");
        put_time(s, f->since);
        if (f->times_out) {
            put_left(s, f->left, f->next);
        }
    } else {
        ds_put_cstr(s, ", the default");
    }
    ds_put_char(s, '\n');
}

static void
put_value(struct ds *s, const struct xfsm_fact *f)
{
    if (f->missing) {
        ds_put_format(s, "unknown without %s",
                      *f->missing ? f->missing : "more fields");
    } else if (f->kind == XFSM_FACT_DETECTOR) {
        ds_put_cstr(s, f->value ? "seen before" : "new");
    } else if (f->kind == XFSM_FACT_TIMER) {
        if (f->there) {
            ds_put_format(s, "armed, set to %g s", f->value);
        } else {
            ds_put_cstr(s, "not armed");
        }
    } else if (!f->there) {
        ds_put_cstr(s, "no entry");
    } else if (f->text) {
        ds_put_char(s, '"');
        put_bytes(s, f->text, f->len);
        ds_put_char(s, '"');
    } else {
        ds_put_format(s, "%.9g", f->value);
    }
    if (f->times_out) {
        put_left(s, f->left, f->next);
    }
}

static void
put_fact(const struct xfsm_fact *f, void *dump_)
{
    static const char *const kinds[] = {
#define KIND_NAME(ID, NAME) NAME,
        XFSM_FACTS(KIND_NAME)
#undef KIND_NAME
    };
    struct dump *dump = dump_;

    if (f->kind == XFSM_FACT_STATE) {
        put_state(&dump->s, f);
        dump->knows |= f->since != 0;
        return;
    } else if (f->kind == XFSM_FACT_CUT) {
        ds_put_cstr(&dump->s, "and more\n");
        return;
    }
    ds_put_format(&dump->s, "%s ", kinds[f->kind]);
    put_text(&dump->s, f->name);
    if (*f->type) {
        ds_put_format(&dump->s, " (%s)", f->type);
    }
    if (*f->key) {
        ds_put_cstr(&dump->s, " of ");
        put_text(&dump->s, f->key);
    }
    ds_put_cstr(&dump->s, ": ");
    put_value(&dump->s, f);
    ds_put_char(&dump->s, '\n');

    /* What there is one of for all keys says nothing of this one. */
    dump->knows |= !f->missing
                   && (f->kind == XFSM_FACT_TIMER ? f->there
                       : f->kind != XFSM_FACT_FEATURE && f->value != 0
                         && strcmp(f->type, "simple"));
}

static void
probe_dump(struct unixctl_conn *conn, int argc OVS_UNUSED,
           const char *argv[], void *probe_)
{
    struct xfsm_probe *probe = probe_;
    struct xfsm_lanes *lanes = &probe->lanes;
    struct dump dumps[XFSM_LANES_MAX];
    struct ds s = DS_EMPTY_INITIALIZER;
    struct xfsm_program_info info;
    char *error = NULL;
    bool known = false;
    size_t i;

    xfsm_lanes_lock(lanes);
    if (!find_program(probe, argv[1], &info)) {
        error = no_program(probe, argv[1]);
    }
    for (i = 0; i < lanes->n; i++) {
        ds_init(&dumps[i].s);
        dumps[i].knows = false;
        if (!error) {
            error = xfsm_engine_dump(lanes->lane[i].engine, argv[1], argv[2],
                                     put_fact, &dumps[i]);
        }
        known |= dumps[i].knows;
    }
    xfsm_lanes_unlock(lanes);

    /* Packets of one key go to one lane, but for those that came before they
     * were told apart as now. */
    for (i = 0; i < lanes->n; i++) {
        if (lanes->n > 1 && known && dumps[i].knows) {
            ds_put_format(&s, "worker %"PRIuSIZE"\n", i);
        }
        if (known ? dumps[i].knows : !i) {
            ds_put_cstr(&s, ds_cstr(&dumps[i].s));
        }
        ds_destroy(&dumps[i].s);
    }
    if (error) {
        reply_error(conn, error);
    } else {
        unixctl_command_reply(conn, ds_cstr(&s));
    }
    ds_destroy(&s);
}

/* ## xfsm/why ## */

struct why {
    struct ds s;
    char *state;                /* That the key is in. */
    bool kept;                  /* Has it an entry? */
    bool lost;                  /* Had it one, and left it unseen? */
    size_t n, limit;
};

static void
note_state(const struct xfsm_fact *f, void *why_)
{
    struct why *why = why_;

    if (f->kind == XFSM_FACT_STATE) {
        put_state(&why->s, f);
        why->state = xstrdup(f->name);
        why->kept = f->since != 0;
    }
}

static bool
put_step(const struct xfsm_step *step, void *why_)
{
    struct why *why = why_;
    struct ds *s = &why->s;

    if (!why->n) {
        why->lost = !why->kept && strcmp(step->to, why->state);
    }
    put_time(s, step->ts);
    ds_put_char(s, ' ');
    put_text(s, step->from);
    ds_put_cstr(s, " -> ");
    put_text(s, step->to);
    if (step->gone) {
        ds_put_cstr(s, ": it made room for another key, or its time was up "
                    "when one came\n");
    } else if (!step->event) {
        ds_put_cstr(s, ": the state's time was up\n");
    } else {
        ds_put_format(s, ": event %u (%s%s", step->event_no, step->event,
                      *step->detail ? " " : "");
        put_text(s, step->detail);
        ds_put_char(s, ')');
        if (step->condition) {
            ds_put_format(s, ", condition %u (line %u): ", step->condition,
                          step->line);
            put_text(s, *step->expression ? step->expression : "true");
        }
        ds_put_char(s, '\n');
        if (*step->actions) {
            ds_put_cstr(s, "    did ");
            put_text(s, step->actions);
            ds_put_char(s, '\n');
        }
    }
    return ++why->n < why->limit;
}

static void
put_memory(struct why *why, const struct xfsm_memory_of_steps *memory)
{
    if (why->lost) {
        ds_put_cstr(&why->s, "since the newest of these the key was "
                    "forgotten\n");
    } else if (!why->n) {
        ds_put_cstr(&why->s, "no transition of it is remembered\n");
    }
    ds_put_format(&why->s, "of %"PRIu64" transitions since the program was "
                  "loaded, %"PRIu64" are remembered", memory->n,
                  memory->kept);
    if (memory->kept) {
        ds_put_cstr(&why->s, ", since ");
        put_time(&why->s, memory->since);
    }
    ds_put_char(&why->s, '\n');
}

/* What one lane has to say; NULL or an error. */
static char *
why_of_lane(struct xfsm_engine *engine, const char *program, const char *key,
            struct why *why)
{
    struct xfsm_memory_of_steps memory;
    char *error;

    error = xfsm_engine_dump(engine, program, key, note_state, why);
    if (!error) {
        error = xfsm_engine_why(engine, program, key, put_step, why,
                                &memory);
    }
    if (!error) {
        put_memory(why, &memory);
    }
    free(why->state);
    return error;
}

static void
probe_why(struct unixctl_conn *conn, int argc, const char *argv[],
          void *probe_)
{
    struct xfsm_probe *probe = probe_;
    struct xfsm_lanes *lanes = &probe->lanes;
    struct ds s = DS_EMPTY_INITIALIZER;
    struct xfsm_program_info info;
    unsigned int limit = WHY_DEFAULT;
    char *error = NULL;
    bool known = false;
    size_t i;

    xfsm_lanes_lock(lanes);
    if (!find_program(probe, argv[1], &info)) {
        error = no_program(probe, argv[1]);
    } else if (argc > 3 && (!str_to_uint(argv[3], 10, &limit) || !limit
                            || limit > LIST_MAX)) {
        error = xasprintf("the limit is a number from 1 to %d", LIST_MAX);
    }
    for (i = 0; i < lanes->n && !error; i++) {
        struct why why = { .s = DS_EMPTY_INITIALIZER, .limit = limit };

        error = why_of_lane(lanes->lane[i].engine, argv[1], argv[2], &why);
        if (!error && (why.n || why.kept || (!known && i == lanes->n - 1))) {
            if (lanes->n > 1) {
                ds_put_format(&s, "worker %"PRIuSIZE"\n", i);
            }
            ds_put_cstr(&s, ds_cstr(&why.s));
            known = true;
        }
        ds_destroy(&why.s);
    }
    xfsm_lanes_unlock(lanes);
    if (error) {
        reply_error(conn, error);
    } else {
        unixctl_command_reply(conn, ds_cstr(&s));
    }
    ds_destroy(&s);
}

void
xfsm_probe_inspect_init(struct xfsm_probe *probe)
{
    unixctl_command_register("xfsm/list", "program [state] [limit]", 1, 3,
                             probe_list, probe);
    unixctl_command_register("xfsm/dump", "program key", 2, 2, probe_dump,
                             probe);
    unixctl_command_register("xfsm/why", "program key [limit]", 2, 3,
                             probe_why, probe);
}
