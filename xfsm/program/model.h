/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_MODEL_H
#define XFSM_PROGRAM_MODEL_H 1

/* A program as its author wrote it: what the XML loader (xml.h) makes and the
 * compiler (compile.h) takes.
 *
 * The model is plain data.  References to states, metrics, features, tables
 * and fields are resolved to indexes when it is complete, so that whoever
 * reads it never looks up a name.  Everything hangs off one arena: nothing is
 * freed singly, strings are terminated and never NULL unless said otherwise.
 *
 * Limits on counts and sizes are the XFSM_MAX_ constants below; the loader
 * enforces them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/base/hash.h"
#include "xfsm/packet/field.h"
#include "xfsm/packet/prefix.h"
#include "xfsm/sketch/keytable.h"

/* Named limits of a program. */
#define XFSM_MAX_SOURCE_BYTES (1024 * 1024)
#define XFSM_MAX_XML_DEPTH 16
#define XFSM_MAX_NAME 63            /* Characters of any name. */
#define XFSM_MAX_STATES 64
#define XFSM_MAX_METRICS 32
#define XFSM_MAX_FEATURES 64
#define XFSM_MAX_TABLES 16
#define XFSM_MAX_TABLE_ENTRIES 65536
#define XFSM_MAX_TABLE_TEXT 63          /* Bytes of a table's text. */
#define XFSM_MAX_EVENTS 64
#define XFSM_MAX_USES 32            /* use-metric lines in a state. */
#define XFSM_MAX_CONDITIONS 32      /* Conditions in a state. */
#define XFSM_MAX_ACTIONS 32         /* Actions in one attribute. */
#define XFSM_MAX_TIMEOUT_SETS 16    /* timeout_set in one condition. */
#define XFSM_MAX_KEY_FIELDS 8
#define XFSM_MAX_EXPR_DEPTH 32
#define XFSM_MAX_EXPR_NODES 256
#define XFSM_MAX_SELECTOR_TESTS 64
#define XFSM_MAX_TEXT 1024          /* Bytes of one action's text template. */
#define XFSM_MAX_PARAMS 64
#define XFSM_MAX_MEMBERS 32         /* Fields of one structured event. */
#define XFSM_MAX_LISTS 4            /* Lists among them. */
#define XFSM_MAX_TOP 20             /* Keys in a list. */
#define XFSM_MAX_TESTS 64
#define XFSM_MAX_TEST_PROGRAMS 16   /* That run beside the one tested. */
#define XFSM_MAX_EXPECTS 64         /* Expectations of one test. */
#define XFSM_MAX_PATH 1024          /* Bytes of the name of a capture. */
#define XFSM_MAX_TOPIC 255          /* Bytes of a topic. */

/* The shortest and the longest period of an event, in ns. */
#define XFSM_MIN_PERIOD UINT64_C(1000000)
#define XFSM_MAX_PERIOD ((UINT64_C(1) << 52) - 1)

struct xfsm_arena;

/* No index: an absent reference. */
#define XFSM_NONE UINT16_MAX

/* A key: fields in order.  No fields: no key. */
struct xfsm_key {
    uint8_t n;
    uint8_t fields[XFSM_MAX_KEY_FIELDS];    /* enum xfsm_field_id. */
    struct xfsm_prefix_lengths prefixes[XFSM_MAX_KEY_FIELDS];
};

/* ## Expressions ## */

enum xfsm_expr_kind {
    XFSM_EX_NUMBER,             /* 'number'. */
    XFSM_EX_FEATURE,            /* 'index' of a feature. */
    XFSM_EX_METRIC,             /* 'index' of a metric. */
    XFSM_EX_FIELD,              /* 'index' is enum xfsm_field_id, numeric. */
    XFSM_EX_TABLE,              /* 'index' of a table, 'key'. */
    XFSM_EX_TABLE_IS,           /* The same of a table of texts: 1 if the key
                                 * has one, and it is ('op' EQ) or is not (NE)
                                 * 'text', else 0. */
    XFSM_EX_UNARY,              /* 'op', 'args[0]'. */
    XFSM_EX_BINARY,             /* 'op', 'args[0]', 'args[1]'. */
    XFSM_EX_CALL,               /* 'op', 'n_args' in 'args'. */
};

/* O(ID, TEXT): operators and functions of expressions. */
#define XFSM_EXPR_OPS(O) \
    O(NEG, "-") O(NOT, "!") \
    O(ADD, "+") O(SUB, "-") O(MUL, "*") O(DIV, "/") O(MOD, "%") \
    O(EQ, "==") O(NE, "!=") O(LT, "<") O(LE, "<=") O(GT, ">") O(GE, ">=") \
    O(AND, "and") O(OR, "or") \
    O(ABS, "abs") O(MIN, "min") O(MAX, "max") O(LOG, "log") \
    O(LOG2, "log2") O(EXP, "exp") O(SQRT, "sqrt") O(POW, "pow") \
    O(FLOOR, "floor") O(CEIL, "ceil")

enum xfsm_expr_op {
#define XFSM_EXPR_OP_ENUM(ID, TEXT) XFSM_OP_##ID,
    XFSM_EXPR_OPS(XFSM_EXPR_OP_ENUM)
#undef XFSM_EXPR_OP_ENUM
    XFSM_N_EXPR_OPS
};

struct xfsm_expr {
    enum xfsm_expr_kind kind;
    enum xfsm_expr_op op;
    double number;
    bool is_param;              /* A number that is the value of parameter
                                 * 'index'. */
    uint16_t index;
    struct xfsm_key key;
    struct xfsm_text *text;     /* XFSM_EX_TABLE_IS: literals, fields, tables,
                                 * time and client. */
    int n_args;
    struct xfsm_expr *args[2];
};

/* ## Selectors ## */

enum xfsm_selector_kind {
    XFSM_SEL_AND,               /* 'a' and 'b'. */
    XFSM_SEL_OR,                /* 'a' or 'b'. */
    XFSM_SEL_UINT,              /* A UINT or MAC field 'op' 'value'. */
    XFSM_SEL_ADDR,              /* An address in (EQ) or not in (NE) the
                                 * prefix, or ordered against it. */
    XFSM_SEL_STR,               /* A string equals (EQ) or not (NE). */
    XFSM_SEL_IN,                /* 'key' is in 'table'. */
};

/* One test.  A test on a field that the packet lacks is false, whatever its
 * operator. */
struct xfsm_selector {
    enum xfsm_selector_kind kind;
    struct xfsm_selector *a, *b;
    uint8_t field;              /* enum xfsm_field_id. */
    enum xfsm_expr_op op;       /* EQ NE LT LE GT GE. */
    uint64_t value;             /* XFSM_SEL_UINT. */
    union xfsm_addr addr;       /* XFSM_SEL_ADDR, masked... */
    uint8_t prefix;             /* ...to this many bits of 128 (an IPv4 /8
                                 * is 104). */
    const char *string;         /* XFSM_SEL_STR. */
    uint16_t table;             /* XFSM_SEL_IN. */
    struct xfsm_key key;
};

/* ## Actions ## */

enum xfsm_text_kind {
    XFSM_TX_LITERAL,            /* 'literal', 'len' bytes. */
    XFSM_TX_FIELD,              /* 'index' is enum xfsm_field_id. */
    XFSM_TX_FEATURE,            /* 'index' of a feature. */
    XFSM_TX_METRIC,             /* 'index' of a metric. */
    XFSM_TX_TABLE,              /* 'index' of a table, 'key'. */
    XFSM_TX_TS,                 /* %ts. */
    XFSM_TX_STATE_CODE,         /* %state.code, of the state handled. */
    XFSM_TX_STATE_LEVEL,
    XFSM_TX_STATE_DESCRIPTION,
    XFSM_TX_CLIENT_ID,          /* %client.id: HOST/BRIDGE/PORT. */
    XFSM_TX_EXPR,               /* The value of 'expr'. */
    XFSM_TX_MEMBER,             /* Begins field 'literal' of a structured
                                 * event, whose value is the parts up to the
                                 * next such part; 'index' is an
                                 * enum xfsm_member_form. */
    XFSM_TX_LIST,               /* The first 'top' keys of metric 'index', a
                                 * XFSM_MON_TOPK, if 'before' those of the
                                 * window before.  The one part of a field
                                 * that is plain. */
};

/* How the value of a structured event's field is written. */
enum xfsm_member_form {
    XFSM_MEMBER_STRING,         /* Any parts, as a string. */
    XFSM_MEMBER_PLAIN,          /* One part: as a number if it is one by its
                                 * nature, else as a string.  Left out if it
                                 * is a packet field that is absent. */
    XFSM_N_MEMBER_FORMS
};

/* A text template: parts in order.  "%name" of something unknown is a
 * warning and stays literal.  A text is structured, which means that it is
 * fields with names, if its first part is XFSM_TX_MEMBER; no other text has
 * one. */
struct xfsm_text_part {
    enum xfsm_text_kind kind;
    const char *literal;
    size_t len;
    uint16_t index;
    struct xfsm_key key;
    struct xfsm_expr *expr;     /* XFSM_TX_EXPR, else NULL. */
    uint8_t top;                /* XFSM_TX_LIST: 1 to XFSM_MAX_TOP. */
    bool before;                /* XFSM_TX_LIST. */
};

struct xfsm_text {
    int n;
    struct xfsm_text_part *parts;
};

enum xfsm_action_kind {
    XFSM_AC_PUBLISH,            /* 'label', 'text'. */
    XFSM_AC_PUBLISH_RAW,        /* 'label': the packet itself. */
    XFSM_AC_EXPORT,             /* An event with the state's features. */
    XFSM_AC_PLOT,               /* 'label' is "feature"; 'text' is "STREAM
                                 * KEY VALUE..." with everything substituted.*/
    XFSM_AC_EXEC,               /* 'label' is "exec"; 'text' is the command,
                                 * which is published and never run. */
    XFSM_AC_RESET,              /* 'index' of a metric; 'key' or none. */
    XFSM_AC_TABLE_RESET,        /* 'index' of a table. */
    XFSM_AC_TABLE_SET,          /* 'index', 'key', 'op', 'expr'. */
    XFSM_AC_TABLE_TEXT,         /* 'index' of a table of texts, 'key',
                                 * 'text'. */
    XFSM_AC_MITIGATE,           /* 'label', 'text': published if the packet
                                 * has all fields of 'key', which is the match
                                 * of mitigation.h. */
    XFSM_AC_SUSPECT,            /* Marks the events that follow in the list,
                                 * and Export. */
};

struct xfsm_action {
    enum xfsm_action_kind kind;
    const char *label;
    struct xfsm_text text;
    uint16_t index;
    struct xfsm_key key;
    enum xfsm_expr_op op;       /* XFSM_AC_TABLE_SET: EQ for "=", or ADD, SUB,
                                 * MUL, DIV for "+=" and so on. */
    struct xfsm_expr *expr;
};

struct xfsm_timeout_set {
    uint16_t class;             /* Index in 'classes' of the program. */
    struct xfsm_key key;
    struct xfsm_key primary;    /* n == 0: not given. */
    uint64_t delay;             /* ns; 0 removes the timer. */
};

/* What is done when a condition fires, or last. */
struct xfsm_steps {
    int n_timeouts;
    struct xfsm_timeout_set *timeouts;
    int n_actions;
    struct xfsm_action *actions;
    const char *source;         /* The actions as written. */
    uint16_t next_state;        /* XFSM_NONE: stay. */
};

/* ## Declarations ## */

/* A number that whoever runs the program may set.  It is a constant to the
 * compiler: another value means to load the program again. */
struct xfsm_param {
    const char *name;
    int line;
    double value;               /* In force: what was set, else 'initial'. */
    double initial;             /* The default. */
    double min, max;            /* -INFINITY, INFINITY where not given. */
    const char *unit;           /* Empty if not given. */
    const char *description;
    bool used;                  /* The program mentions it. */
};

/* A value for a parameter, as text. */
struct xfsm_setting {
    const char *name;
    const char *value;
};

struct xfsm_state {
    const char *name;
    uint64_t timeout;           /* ns, 0: none. */
    uint16_t timeout_state;     /* Where the timeout leads. */
    int line;
};

enum xfsm_monitor_type {
    XFSM_MON_DLEFT,             /* Exact counter per key. */
    XFSM_MON_TEWMA,             /* Decaying rate per key. */
    XFSM_MON_SIMPLE,            /* One counter for all keys. */

    /* Of dialect 2. */
    XFSM_MON_DISTINCT,          /* How many different items per key. */
    XFSM_MON_COUNTMIN,          /* Sum per key, of any number of keys. */
    XFSM_MON_RATE,              /* Rate per key over a window. */
    XFSM_MON_QUANTILE,          /* Quantile of values per key. */
    XFSM_MON_TOPK,              /* The keys that have the most. */
    XFSM_N_MONITORS
};

/* The shortest window of the monitors of dialect 2, in ns. */
#define XFSM_MIN_WINDOW UINT64_C(1000000)

/* Sizes of a monitor, as log2 of keys or, where no key is stored, cells. */
struct xfsm_monitor_sizes {
    uint8_t min, max;
    uint8_t initial;            /* Where none is given. */
};

/* By enum xfsm_monitor_type. */
extern const struct xfsm_monitor_sizes xfsm_monitor_sizes[XFSM_N_MONITORS];

/* How much room something has for keys, and what is done where there is no
 * more. */
struct xfsm_room {
    uint64_t memory;            /* Bytes; 0: see the size. */
    uint32_t ttl;               /* s after which a key that was not written
                                 * is forgotten; 0: never. */
    enum xfsm_keytable_full on_full;
};

/* Limits of the state table, as log2 of keys, and of timers. */
#define XFSM_MIN_STATE_SIZE 3
#define XFSM_MAX_STATE_SIZE 24
#define XFSM_DEFAULT_STATE_SIZE 18
#define XFSM_MAX_TIMERS (1u << 24)
#define XFSM_DEFAULT_TIMERS (1u << 16)

struct xfsm_metric {
    const char *name;
    int line;

    bool vd_on;
    uint64_t vd_memory;         /* Bytes; 0: see the size. */
    uint8_t vd_size;            /* log2 bits, 6 to 28. */
    uint8_t vd_nhash;           /* 1 to 16. */
    uint64_t vd_reset_after;    /* ns, 0: never. */
    uint16_t vd_slave;          /* A metric, or XFSM_NONE. */

    bool vm_on;
    enum xfsm_monitor_type vm_type;
    uint8_t vm_size;            /* Within xfsm_monitor_sizes[vm_type]. */
    struct xfsm_room vm_room;
    uint64_t vm_window;         /* ns. */
    uint8_t vm_insert_field;    /* Field to add, if 'vm_insert_is_field'. */
    bool vm_insert_is_field;
    double vm_insert_value;
    double vm_repeat_value;     /* What is added for a key that the detector
                                 * was asked for and had seen; 0: nothing. */
    double vm_quantile;         /* XFSM_MON_QUANTILE: which, 0 to 1. */
    struct xfsm_key vm_key;     /* XFSM_MON_TOPK: shape of its keys, with the
                                 * names of the first use that adds; empty if
                                 * there is no use. */
    bool vm_key_added;          /* Is there a use that adds? */
};

/* Has the metric a list of keys? */
static inline bool
xfsm_metric_lists(const struct xfsm_metric *metric)
{
    return metric->vm_on && metric->vm_type == XFSM_MON_TOPK;
}

struct xfsm_table_entry {
    const char *key;            /* Text as written, fields joined by '-'. */
    int line;
    double value;
    const char *text;           /* Of a table of texts, else NULL. */
};

struct xfsm_table {
    const char *name;
    int line;
    bool is_text;               /* Its values are texts, not numbers. */
    uint8_t size;               /* log2 slots ('shash'), 3 to 26. */
    struct xfsm_room room;
    int n_entries;
    struct xfsm_table_entry *entries;
    struct xfsm_key key;        /* Shape of the key, from its first use. */
};

struct xfsm_feature {
    const char *name;
    int line;
    struct xfsm_expr *body;
};

/* A use-metric line.  'n' == 0 in a key: that operation is not asked. */
struct xfsm_use {
    uint16_t metric;
    struct xfsm_key vd_get, vd_set, vm_get, vm_set;
    struct xfsm_key vm_item;    /* XFSM_MON_DISTINCT: what 'vm_set' adds. */
};

struct xfsm_condition {
    struct xfsm_expr *expr;
    const char *source;         /* The expression as written. */
    struct xfsm_steps steps;
    int line;
};

/* What to do for a key in a state on an event. */
struct xfsm_handler {
    uint16_t state;
    const char *level;          /* Empty if not given. */
    const char *code;
    const char *description;
    const char *attack;         /* MITRE ATT&CK technique, as "T1046"; empty
                                 * if not given. */
    int n_uses;
    struct xfsm_use *uses;
    int n_conditions;
    struct xfsm_condition *conditions;
    struct xfsm_steps post;     /* next_state always XFSM_NONE. */
    int line;
};

/* E(ID, NAME, DIALECT): types of events.
 *
 * Those of dialect 2 come without a packet of the port.  A *message* is an
 * event of another program or probe (xfsm/runtime/message.h); its fields are
 * those of that event's key, and msg_...  The other three are about the
 * program itself: they have the field "ts" alone, no primary key, and concern
 * the program's own state, that of the empty key.  *start* runs once, when
 * the program is loaded and the time is known; *stop* once, when the program
 * or the engine ends; *period* every so many seconds of packet time, first
 * one period after the start.  Of several such events each runs, in document
 * order. */
#define XFSM_EVENT_TYPES(E) \
    E(PACKET, "packet", 1) \
    E(TIMEOUT, "timeout", 1) \
    E(MESSAGE, "message", 2) \
    E(START, "start", 2) \
    E(STOP, "stop", 2) \
    E(PERIOD, "period", 2)

enum xfsm_event_type {
#define XFSM_EVENT_TYPE_ENUM(ID, NAME, DIALECT) XFSM_EV_##ID,
    XFSM_EVENT_TYPES(XFSM_EVENT_TYPE_ENUM)
#undef XFSM_EVENT_TYPE_ENUM
    XFSM_N_EVENT_TYPES
};

/* Is the event about the program itself, so that it has no primary key? */
static inline bool
xfsm_event_is_own(enum xfsm_event_type type)
{
    return type >= XFSM_EV_START;
}

struct xfsm_event_decl {
    enum xfsm_event_type type;
    int index;                          /* In the document, from 1. */
    struct xfsm_selector *selector;     /* NULL: every packet. */
    const char *source;                 /* The selector as written. */
    uint16_t class;                     /* XFSM_EV_TIMEOUT. */
    const char *topic;                  /* XFSM_EV_MESSAGE, else empty. */
    uint64_t period;                    /* XFSM_EV_PERIOD: ns, else 0. */
    struct xfsm_key primary;            /* May be empty in a timeout, is in
                                         * events about the program. */
    int n_handlers;
    struct xfsm_handler *handlers;
    int line;
};

/* What a test expects: that events with these properties come, at least
 * 'min' and at most 'max'. */
struct xfsm_expect {
    const char *label;
    uint16_t state;             /* XFSM_NONE: in any. */
    const char *key;            /* Values of the primary key's fields as
                                 * events show them, joined by "-"; empty: of
                                 * any. */
    uint64_t min, max;          /* UINT64_MAX: no limit. */
    int line;
};

/* A test of the program by itself: a capture, and the events expected. */
struct xfsm_test {
    const char *name;
    const char *capture;        /* Relative path. */
    const char *with;           /* Names of programs that run beside it, with
                                 * blanks between them; empty: none. */
    int n_settings;
    struct xfsm_setting *settings;      /* Of parameters, for this test. */
    int n_expects;
    struct xfsm_expect *expects;
    int line;
};

struct xfsm_program {
    struct xfsm_arena *arena;
    const char *name;
    const char *version;        /* Empty in dialect 1. */
    const char *description;

    /* <source>, <publisher>: what an offline run uses when told nothing
     * else.  NULL, and line 0, where not given. */
    const char *source_name;
    bool source_live;
    int source_line;
    const char *publisher_endpoint;     /* As "tcp://127.0.0.1:5560". */
    int publisher_line;

    int n_params, n_tests;
    struct xfsm_param *params;
    struct xfsm_test *tests;

    struct xfsm_room state_room;        /* Its ttl is in the timeouts of
                                         * the states. */
    int state_line;                     /* Of that, or 0. */
    uint32_t max_timers;

    int n_states, n_metrics, n_tables, n_features, n_classes, n_events;
    struct xfsm_state *states;          /* The first is the default state. */
    struct xfsm_metric *metrics;
    struct xfsm_table *tables;
    struct xfsm_feature *features;
    const char **classes;               /* Timer classes. */
    struct xfsm_event_decl *events;
};

void xfsm_program_destroy(struct xfsm_program *);

#define XFSM_HANDLER_PATH_MAX 256

/* Writes where 'handler' of 'event' is, as event[2]/state[1] "wait", to 'buf'
 * and returns that. */
const char *xfsm_handler_path(const struct xfsm_program *,
                              const struct xfsm_event_decl *event,
                              const struct xfsm_handler *handler,
                              char buf[XFSM_HANDLER_PATH_MAX]);

#endif /* xfsm/program/model.h */
