/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <inttypes.h>
#include <string.h>

#include "xfsm/program/expr.h"
#include "xfsm/program/lexer.h"
#include "xfsm/program/xml-load.h"

/* One kind of declaration. */
struct kind {
    const char *element;
    const char *attr;           /* That names it; NULL: it has no name. */
    bool identifier;            /* The name can stand in an expression. */
    int max;
};

/* ## Names ## */

/* Returns the name of declaration 'node' if it is a new and proper one.
 * Otherwise reports what is wrong and returns NULL. */
static const char *
take_name(struct xfsm_load *load, const struct xfsm_xml_node *node,
          const struct kind *kind, struct xfsm_xml_node *const others[],
          int n_others)
{
    const char *name;
    int i;

    name = xfsm_load_attr_required(load, node, kind->attr, "its name");
    if (!name) {
        return NULL;
    } else if (kind->identifier ? !xfsm_names_is_identifier(name)
               : !xfsm_names_is_label(name)) {
        LOAD_ERROR(load, "\"%.*s\" is not a name; %s, at most %d",
                   xfsm_parse_excerpt(strlen(name)), name,
                   kind->identifier
                   ? "it takes a letter, then letters, digits and \"_\", and "
                     "must not be a word of expressions such as \"and\""
                   : "it takes letters, digits, \"_\", \"-\" and \".\"",
                   XFSM_MAX_NAME);
        return NULL;
    }
    for (i = 0; i < n_others; i++) {
        const struct xfsm_xml_attr *other = xfsm_xml_attr(others[i],
                                                          kind->attr);

        if (other && !strcmp(other->value, name)) {
            LOAD_ERROR(load, "<%s> \"%s\" is declared before, on line %d; "
                       "choose another name", kind->element, name,
                       others[i]->line);
            return NULL;
        }
    }
    return xfsm_arena_strdup(load->arena, name);
}

/* Finds the elements of 'kind' in the root and, if 'wrapper' is nonnull, in
 * elements of that name, in the order of the document.  If the kind has
 * names, they are checked and go to 'names'.  Returns the number found. */
static int
collect(struct xfsm_load *load, const struct kind *kind, const char *wrapper,
        struct xfsm_xml_node *nodes[], const char *names[])
{
    struct xfsm_xml_node *top, *child;
    int n = 0;

    for (top = load->root->children; top; top = top->next) {
        bool wrapped = wrapper && !strcmp(top->name, wrapper);

        for (child = wrapped ? top->children : top; child;
             child = wrapped ? child->next : NULL) {
            const char *name = NULL;

            if (strcmp(child->name, kind->element)) {
                continue;
            } else if (n >= kind->max) {
                xfsm_load_at(load, child);
                LOAD_ERROR(load, "too many <%s> elements; the limit is %d",
                           kind->element, kind->max);
                return n;
            } else if (kind->attr) {
                name = take_name(load, child, kind, nodes, n);
                if (!name) {
                    continue;
                }
                names[n] = name;
            }
            nodes[n++] = child;
        }
    }
    return n;
}

/* Collects a kind of declaration into the model. */
#define COLLECT(LOAD, ELEMENT, ATTR, IDENTIFIER, WRAPPER, MAX, ARRAY) \
    do { \
        static const struct kind kind_ = { ELEMENT, ATTR, IDENTIFIER, MAX }; \
        struct xfsm_program *program_ = (LOAD)->parse.program; \
        const char *names_[MAX]; \
        int i_, n_ = collect(LOAD, &kind_, WRAPPER, (LOAD)->ARRAY, names_); \
        \
        program_->ARRAY = xfsm_arena_array((LOAD)->arena, (size_t) n_, \
                                           sizeof *program_->ARRAY); \
        for (i_ = 0; i_ < n_; i_++) { \
            program_->ARRAY[i_].name = names_[i_]; \
            program_->ARRAY[i_].line = (LOAD)->ARRAY[i_]->line; \
        } \
        program_->n_##ARRAY = n_; \
    } while (0)

/* ## States ## */

static void
load_state(struct xfsm_load *load, const struct xfsm_xml_node *node,
           struct xfsm_state *state)
{
    uint16_t next;

    if (xfsm_load_attr_seconds(load, node, "timeout", &state->timeout)
        && !state->timeout) {
        LOAD_NOTE(load, "a timeout of 0 is none");
    }
    next = xfsm_load_attr_state(load, node, "next_state");
    state->timeout_state = next == XFSM_NONE ? 0 : next;
    if (next != XFSM_NONE && !xfsm_xml_attr(node, "timeout")) {
        LOAD_WARN(load, "\"next_state\" has no effect without \"timeout\"");
    } else if (state == load->parse.program->states && state->timeout) {
        xfsm_load_attr(load, node, "timeout");
        LOAD_WARN(load, "the first state is that of keys which are in no "
                  "table: its timeout has no effect");
    }
}

/* ## Features ## */

static void
load_feature(struct xfsm_load *load, const struct xfsm_xml_node *node,
             struct xfsm_feature *feature)
{
    static const struct xfsm_expr zero = { .kind = XFSM_EX_NUMBER };
    const char *body;

    body = xfsm_load_attr_required(load, node, "body", "an expression, as "
                                   "\"m1/m2\"");
    if (body) {
        feature->body = xfsm_expr_parse(&load->parse, body, strlen(body));
    }
    if (!feature->body) {
        feature->body = xfsm_arena_memdup(load->arena, &zero, sizeof zero);
    }
}

/* ## Source and publisher ## */

static void
load_source(struct xfsm_load *load)
{
    const struct xfsm_xml_node *node
        = xfsm_load_only_child(load, load->root, "source");
    struct xfsm_program *program = load->parse.program;
    const char *type, *name;

    if (!node) {
        return;
    }
    program->source_line = node->line;
    type = xfsm_load_attr(load, node, "type");
    if (type && strcmp(type, "live") && strcmp(type, "trace")) {
        LOAD_ERROR(load, "unknown type \"%.*s\"; a source is \"live\" or "
                   "\"trace\"", xfsm_parse_excerpt(strlen(type)), type);
    }
    program->source_live = !type || strcmp(type, "trace");
    name = xfsm_load_attr_copy(load, node, "name", XFSM_MAX_TEXT);
    if (*name) {
        program->source_name = name;
    } else {
        LOAD_WARN(load, "a source without a name has no effect");
    }
}

/* True if 's' can be the host of a ZeroMQ endpoint. */
static bool
is_host(const char *s)
{
    size_t i, n = strlen(s);

    for (i = 0; i < n; i++) {
        if (!xfsm_names_is_inner(s[i]) && !strchr("-.:[]%", s[i])) {
            return !strcmp(s, "*");
        }
    }
    return n && n <= 255;
}

static void
load_publisher(struct xfsm_load *load)
{
    const struct xfsm_xml_node *node
        = xfsm_load_only_child(load, load->root, "publisher");
    const char *protocol, *ip, *port;
    uint64_t number = 0;

    if (!node) {
        return;
    }
    load->parse.program->publisher_line = node->line;
    protocol = xfsm_load_attr(load, node, "protocol");
    if (protocol && strcmp(protocol, "tcp")) {
        LOAD_ERROR(load, "protocol \"%.*s\" is not supported; it is \"tcp\"",
                   xfsm_parse_excerpt(strlen(protocol)), protocol);
    }
    ip = xfsm_load_attr(load, node, "ip");
    if (ip && !is_host(ip)) {
        LOAD_ERROR(load, "\"%.*s\" is not an address; write as "
                   "\"127.0.0.1\", or \"*\" for all",
                   xfsm_parse_excerpt(strlen(ip)), ip);
        ip = NULL;
    }
    port = xfsm_load_attr_required(load, node, "port", "a TCP port");
    if (!port) {
        return;
    } else if (!xfsm_number_parse_uint(port, &number) || !number
               || number > UINT16_MAX) {
        LOAD_ERROR(load, "\"%.*s\" is not a port; it is 1 to 65535",
                   xfsm_parse_excerpt(strlen(port)), port);
        return;
    }
    load->parse.program->publisher_endpoint
        = xfsm_arena_printf(load->arena, "tcp://%s:%"PRIu64, ip ? ip : "*",
                            number);
}

/* ## All of them ## */

/* Finds the classes of timers: those of timeout events. */
static void
collect_classes(struct xfsm_load *load)
{
    struct xfsm_program *program = load->parse.program;
    int i;

    program->classes = xfsm_arena_array(load->arena,
                                        (size_t) load->n_events,
                                        sizeof *program->classes);
    for (i = 0; i < load->n_events; i++) {
        const struct xfsm_xml_node *node = load->events[i];
        const struct xfsm_xml_attr *type = xfsm_xml_attr(node, "type");
        const char *name = xfsm_load_attr(load, node, "class");

        if (!type || strcmp(type->value, "timeout") || !name) {
            continue;
        } else if (!xfsm_names_is_label(name)) {
            LOAD_ERROR(load, "\"%.*s\" is not a name; it takes letters, "
                       "digits, \"_\", \"-\" and \".\", at most %d",
                       xfsm_parse_excerpt(strlen(name)), name,
                       XFSM_MAX_NAME);
        } else if (xfsm_parse_find_class(&load->parse, name, strlen(name))
                   != XFSM_NONE) {
            LOAD_ERROR(load, "there is a timeout event of class \"%s\" "
                       "before; put its states there", name);
        } else {
            program->classes[program->n_classes++]
                = xfsm_arena_strdup(load->arena, name);
        }
    }
}

void
xfsm_load_declarations(struct xfsm_load *load)
{
    static const struct kind event = {
        "event", NULL, false, XFSM_MAX_EVENTS
    };
    struct xfsm_program *program = load->parse.program;
    int i;

    COLLECT(load, "param", "name", true, NULL, XFSM_MAX_PARAMS, params);
    COLLECT(load, "statedef", "id", false, NULL, XFSM_MAX_STATES, states);
    COLLECT(load, "metric", "name", true, "metrics", XFSM_MAX_METRICS,
            metrics);
    COLLECT(load, "table", "name", true, "metrics", XFSM_MAX_TABLES, tables);
    COLLECT(load, "feature", "name", true, "features", XFSM_MAX_FEATURES,
            features);
    load->parse.n_features = program->n_features;
    xfsm_load_params(load);
    load->n_events = collect(load, &event, NULL, load->events, NULL);
    collect_classes(load);

    load_source(load);
    load_publisher(load);
    for (i = 0; i < program->n_states; i++) {
        load_state(load, load->states[i], &program->states[i]);
    }
    xfsm_load_state_table(load);
    xfsm_load_metrics(load);
    xfsm_load_tables(load);

    load->parse.metrics_first = true;
    for (i = 0; i < program->n_features; i++) {
        load->parse.n_features = i;
        load_feature(load, load->features[i], &program->features[i]);
    }
    load->parse.n_features = program->n_features;
    load->parse.metrics_first = false;
}
