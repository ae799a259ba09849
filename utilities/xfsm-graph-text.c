/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "utilities/xfsm-graph.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a selector, an expression or a list of actions that are shown. */
#define SHOWN_MAX 80

/* A language to draw in. */
struct style {
    void (*escape)(FILE *, const char *, size_t);
    const char *newline;        /* Within a label. */
};

/* ## Escaping ## */

/* Length of the UTF-8 character at 's', of which there are 'n' bytes. */
static size_t
char_length(const char *s, size_t n)
{
    unsigned char c = (unsigned char) *s;
    size_t len = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    return len < n ? len : n;
}

static void
escape_dot(FILE *out, const char *s, size_t n)
{
    for (; n; s++, n--) {
        if (*s == '"' || *s == '\\') {
            putc('\\', out);
        }
        putc((unsigned char) *s < ' ' || *s == 0x7f ? ' ' : *s, out);
    }
}

/* Mermaid has "#CODE;" for characters that mean something to it. */
static void
escape_mermaid(FILE *out, const char *s, size_t n)
{
    for (; n; s++, n--) {
        unsigned char c = (unsigned char) *s;

        if (c < ' ' || c == 0x7f) {
            putc(' ', out);
        } else if (c >= 0x80 || strchr(" ,./()=-_+*'", c)
                   || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
                   || (c >= 'a' && c <= 'z')) {
            putc(c, out);
        } else {
            fprintf(out, "#%d;", c);
        }
    }
}

static const struct style dot_style = { escape_dot, "\\n" };
static const struct style mermaid_style = { escape_mermaid, "<br/>" };

static void
put(FILE *out, const struct style *style, const char *s)
{
    style->escape(out, s, strlen(s));
}

/* Puts 's', cut if it is long, between characters. */
static void
put_cut(FILE *out, const struct style *style, const char *s)
{
    size_t n = strlen(s), shown = 0;

    if (n <= SHOWN_MAX) {
        put(out, style, s);
        return;
    }
    while (shown < SHOWN_MAX) {
        shown += char_length(s + shown, n - shown);
    }
    style->escape(out, s, shown);
    put(out, style, "...");
}

static void
put_seconds(FILE *out, const struct style *style, uint64_t ns)
{
    char text[64];

    snprintf(text, sizeof text, "%.9g s", (double) ns / 1e9);
    put(out, style, text);
}

/* ## Labels ## */

/* True if a state in an event before the one numbered 'event' and 'handler'
 * names the technique of that one already. */
static bool
is_repeated(const struct xfsm_program *p, int event, int handler)
{
    const struct xfsm_handler *h = &p->events[event].handlers[handler];
    int i, j;

    for (i = 0; i <= event; i++) {
        for (j = 0; j < p->events[i].n_handlers; j++) {
            const struct xfsm_handler *other = &p->events[i].handlers[j];

            if (other == h) {
                return false;
            } else if (other->state == h->state
                       && !strcmp(other->attack, h->attack)) {
                return true;
            }
        }
    }
    return false;
}

static void
put_state(FILE *out, const struct style *style, const struct xfsm_program *p,
          int state)
{
    int i, j;

    put(out, style, p->states[state].name);
    for (i = 0; i < p->n_events; i++) {
        for (j = 0; j < p->events[i].n_handlers; j++) {
            const struct xfsm_handler *h = &p->events[i].handlers[j];

            if (h->state == state && *h->attack && !is_repeated(p, i, j)) {
                fputs(style->newline, out);
                put(out, style, h->attack);
            }
        }
    }
    if (state && p->states[state].timeout) {
        fputs(style->newline, out);
        put(out, style, "timeout ");
        put_seconds(out, style, p->states[state].timeout);
    }
}

static void
put_event(FILE *out, const struct style *style, const struct xfsm_program *p,
          const struct xfsm_event_decl *event)
{
    if (event->type == XFSM_EV_TIMEOUT) {
        put(out, style, "timer ");
        put(out, style, p->classes[event->class]);
    } else if (event->type == XFSM_EV_MESSAGE) {
        put(out, style, "message ");
        put_cut(out, style, event->topic);
    } else if (event->type == XFSM_EV_PERIOD) {
        put(out, style, "every ");
        put_seconds(out, style, event->period);
    } else if (xfsm_event_is_own(event->type)) {
        put(out, style, event->type == XFSM_EV_START ? "start" : "stop");
    } else if (*event->source) {
        put_cut(out, style, event->source);
    } else {
        put(out, style, "any packet");
    }
}

static void
put_steps(FILE *out, const struct style *style, const struct xfsm_program *p,
          const struct xfsm_steps *steps)
{
    int i;

    if (!steps->n_timeouts && !*steps->source) {
        return;
    }
    fputs(style->newline, out);
    put(out, style, "/ ");
    for (i = 0; i < steps->n_timeouts; i++) {
        const struct xfsm_timeout_set *set = &steps->timeouts[i];

        put(out, style, set->delay ? "arm " : "remove ");
        put(out, style, p->classes[set->class]);
        if (set->delay) {
            put(out, style, " ");
            put_seconds(out, style, set->delay);
        }
        put(out, style, *steps->source || i + 1 < steps->n_timeouts ? ", "
                                                                    : "");
    }
    put_cut(out, style, steps->source);
}

/* The label of a condition, or of what is always done where it is NULL. */
static void
put_transition(FILE *out, const struct style *style,
               const struct xfsm_program *p,
               const struct xfsm_event_decl *event,
               const struct xfsm_condition *condition,
               const struct xfsm_steps *steps)
{
    put_event(out, style, p, event);
    put(out, style, ":");
    fputs(style->newline, out);
    put_cut(out, style, condition ? condition->source : "always, at the end");
    put_steps(out, style, p, steps);
}

/* ## Drawings ## */

/* Begins and ends the edge between two states. */
struct edges {
    const struct style *style;
    void (*begin)(FILE *, int from, int to);
    void (*end)(FILE *, bool dashed);
};

static void
begin_dot(FILE *out, int from, int to)
{
    fprintf(out, "  s%d -> s%d [label=\"", from, to);
}

static void
end_dot(FILE *out, bool dashed)
{
    fprintf(out, "\"%s];\n", dashed ? ", style=dashed" : "");
}

static void
begin_mermaid(FILE *out, int from, int to)
{
    fprintf(out, "    s%d --> s%d: ", from, to);
}

static void
end_mermaid(FILE *out, bool dashed)
{
    (void) dashed;
    putc('\n', out);
}

static const struct edges dot_edges = { &dot_style, begin_dot, end_dot };
static const struct edges mermaid_edges = {
    &mermaid_style, begin_mermaid, end_mermaid,
};

static void
draw_handler(FILE *out, const struct edges *edges,
             const struct xfsm_program *p,
             const struct xfsm_event_decl *event,
             const struct xfsm_handler *handler)
{
    int i;

    for (i = 0; i < handler->n_conditions; i++) {
        const struct xfsm_condition *c = &handler->conditions[i];
        uint16_t next = c->steps.next_state;

        if (c->expr->kind == XFSM_EX_NUMBER && !c->expr->is_param
            && !c->expr->number) {
            continue;           /* "false": switched off. */
        }
        edges->begin(out, handler->state,
                     next == XFSM_NONE ? handler->state : next);
        put_transition(out, edges->style, p, event, c, &c->steps);
        edges->end(out, false);
    }
    if (*handler->post.source || handler->post.n_timeouts) {
        edges->begin(out, handler->state, handler->state);
        put_transition(out, edges->style, p, event, NULL, &handler->post);
        edges->end(out, false);
    }
}

static void
draw_edges(FILE *out, const struct edges *edges, const struct xfsm_program *p)
{
    int i, j;

    for (i = 1; i < p->n_states; i++) {
        if (p->states[i].timeout) {
            edges->begin(out, i, p->states[i].timeout_state);
            put(out, edges->style, "after ");
            put_seconds(out, edges->style, p->states[i].timeout);
            edges->end(out, true);
        }
    }
    for (i = 0; i < p->n_events; i++) {
        for (j = 0; j < p->events[i].n_handlers; j++) {
            draw_handler(out, edges, p, &p->events[i],
                         &p->events[i].handlers[j]);
        }
    }
}

void
xfsm_graph_dot(const struct xfsm_program *p, FILE *out)
{
    int i;

    fputs("digraph \"", out);
    put(out, &dot_style, p->name);
    fputs("\" {\n  label=\"", out);
    put(out, &dot_style, p->name);
    if (*p->description) {
        put(out, &dot_style, ": ");
        put_cut(out, &dot_style, p->description);
    }
    fputs("\";\n  labelloc=t;\n  fontname=\"sans-serif\";\n"
          "  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
          "  edge [fontname=\"sans-serif\", fontsize=10];\n"
          "  start [shape=point];\n  start -> s0;\n", out);
    for (i = 0; i < p->n_states; i++) {
        fprintf(out, "  s%d [label=\"", i);
        put_state(out, &dot_style, p, i);
        fputs("\"];\n", out);
    }
    draw_edges(out, &dot_edges, p);
    fputs("}\n", out);
}

void
xfsm_graph_mermaid(const struct xfsm_program *p, FILE *out)
{
    int i;

    fputs("stateDiagram-v2\n", out);
    for (i = 0; i < p->n_states; i++) {
        fputs("    state \"", out);
        put_state(out, &mermaid_style, p, i);
        fprintf(out, "\" as s%d\n", i);
    }
    fputs("    [*] --> s0\n", out);
    draw_edges(out, &mermaid_edges, p);
}
