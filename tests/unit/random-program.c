/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/unit/random-program.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/packet-builder.h"
#include "utilities/bench-random.h"

#define N_ITEMS(ARRAY) (sizeof (ARRAY) / sizeof *(ARRAY))

/* One of an array's items. */
#define ONE_OF(R, ARRAY) (ARRAY)[random_below(R, N_ITEMS(ARRAY))]

uint64_t
random_next(struct random_source *r)
{
    return xfsm_bench_random(&r->state);
}

unsigned int
random_below(struct random_source *r, unsigned int n)
{
    return (unsigned int) (random_next(r) % n);
}

static bool
chance(struct random_source *r, unsigned int percent)
{
    return random_below(r, 100) < percent;
}

/* ## Programs ## */

/* What a document declares. */
struct document {
    struct random_source r;
    FILE *out;
    bool dialect2;              /* Keys may have prefixes. */
    unsigned int n_states, n_metrics, n_tables, n_features, n_classes;
    bool vd[4], vm[4], tewma[4];        /* By metric. */
    bool topk[4], any_topk;
    unsigned int topk_shapes[4];        /* Key shape of a topk. */
    bool topk_used;                     /* A handler adds to each of them. */
    unsigned int shapes[2];             /* Key shape by table. */
    bool texts;                         /* Is there a table of texts... */
    unsigned int text_shape;            /* ...and the shape of its keys? */
};

/* Keys of a table, by shape. */
static const char *const shapes[][3] = {
    { "ip_src", "ip_dst", "ip_src" },
    { "src_port", "dst_port", "ip_ttl" },
    { "ip_src-dst_port", "ip_dst-src_port", "ip_src-proto" },
    { "domain_name", "domain_second_level", "http_host" },
    { "ip_src/30", "ip_dst/30/64", "ip_src/30/64" },    /* Dialect 2. */
};

static const char *const keys[] = {
    "ip_src", "ip_dst", "ip_src", "ip_dst", "ip_src-ip_dst", "dst_port",
    "ip_src-dst_port", "domain_name", "ip_src-domain_second_level",
    "eth_src", "proto", "ip_src-ip_dst-src_port-dst_port-proto",
    "domain_name-ip_dst", "bridge-ip_src",
};

/* Those of dialect 2. */
static const char *const prefix_keys[] = {
    "ip_src/31", "ip_dst/24", "ip_src/31/1", "ip_dst/8/127", "ip_src/32/128",
    "ip_src/30-ip_dst", "dst_port-ip_dst/31/16-ip_src",
};

static const char *const numeric_fields[] = {
    "dst_port", "src_port", "len", "proto", "ip_ttl", "icmp_type",
    "dns_answers", "tcp_flags", "packet_no",
};

static void __attribute__((format(printf, 2, 3)))
put(struct document *d, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(d->out, format, args);
    va_end(args);
}

static const char *
any_key(struct document *d)
{
    return d->dialect2 && chance(&d->r, 40) ? ONE_OF(&d->r, prefix_keys)
                                            : ONE_OF(&d->r, keys);
}

/* A key for the monitor of metric 'i', of one shape where it lists them. */
static const char *
monitor_key(struct document *d, unsigned int i)
{
    return d->topk[i] ? shapes[d->topk_shapes[i]][random_below(&d->r, 3)]
                      : any_key(d);
}

static void
put_table(struct document *d)
{
    unsigned int table = random_below(&d->r, d->n_tables);

    put(d, "t%u(%s)", table, shapes[d->shapes[table]][random_below(&d->r,
                                                                   3)]);
}

/* An entry of the table of texts, and a value for one: of packets alone, so
 * that it can be compared, too. */
static void
put_text_entry(struct document *d)
{
    put(d, "s0(%s)", shapes[d->text_shape][random_below(&d->r, 3)]);
}

static void
put_text_value(struct document *d)
{
    static const char *const values[] = {
        "&quot;word&quot;", "&quot;&quot;", "&quot;%ip_src;%dst_port&quot;",
        "domain_name", "ip_dst", "dst_port", "&quot;one\\&quot;, two&quot;",
        "&quot;%http_url %http_url %http_url %domain_name %eth_src&quot;",
        "&quot;%client.id&quot;",
    };

    if (chance(&d->r, 15)) {
        put_text_entry(d);
    } else {
        put(d, "%s", ONE_OF(&d->r, values));
    }
}

/* A metric, which is rounded where its value is a rate. */
static void
put_metric(struct document *d)
{
    unsigned int i = random_below(&d->r, d->n_metrics);

    put(d, d->tewma[i] ? "floor(m%u * 1000 + 0.37)" : "m%u", i);
}

/* A leaf of an expression, of features only those below 'n_features'. */
static void
put_leaf(struct document *d, unsigned int n_features, bool table)
{
    static const char *const numbers[] = {
        "0", "1", "2", "3", "0.5", "7", "10", "80", "443", "1e3", "0x10",
        "53",
    };
    unsigned int what = random_below(&d->r, 10);

    if (what < 3 && d->n_metrics) {
        put_metric(d);
    } else if (what < 5 && n_features) {
        put(d, "f%u", random_below(&d->r, n_features));
    } else if (what < 7 && d->texts && table && chance(&d->r, 40)) {
        put(d, "(");
        put_text_entry(d);
        if (chance(&d->r, 70)) {
            put(d, chance(&d->r, 60) ? " == " : " != ");
            put_text_value(d);
        }
        put(d, ")");
    } else if (what < 7 && d->n_tables && table) {
        put_table(d);
    } else if (what < 8) {
        put(d, "%s", ONE_OF(&d->r, numeric_fields));
    } else {
        put(d, "%s", ONE_OF(&d->r, numbers));
    }
}

static void
put_expr(struct document *d, int depth, unsigned int n_features, bool table)
{
    static const char *const ops[] = {
        "+", "-", "*", "/", "%", "==", "!=", "&lt;", "&lt;=", "&gt;",
        "&gt;=", "and", "or", "gt", "le", "&amp;&amp;", "||",
    };
    static const char *const functions[] = {
        "abs", "sqrt", "log", "log2", "floor", "ceil", "!", "-", "not ",
    };
    unsigned int what = random_below(&d->r, 10);

    if (!depth || what < 2) {
        put_leaf(d, n_features, table);
    } else if (what < 8) {
        put(d, "(");
        put_expr(d, depth - 1, n_features, table);
        put(d, " %s ", ONE_OF(&d->r, ops));
        put_expr(d, depth - 1, n_features, table);
        put(d, ")");
    } else if (what < 9) {
        put(d, "%s(", ONE_OF(&d->r, functions));
        put_expr(d, depth - 1, n_features, table);
        put(d, ")");
    } else {
        put(d, "%s(", chance(&d->r, 50) ? "min" : "max");
        put_expr(d, depth - 1, n_features, table);
        put(d, ", ");
        put_expr(d, depth - 1, n_features, table);
        put(d, ")");
    }
}

static void
put_text(struct document *d)
{
    static const char *const words[] = {
        "%ip_src", "%ip_dst", "%dst_port", "%domain_name", "%ts", "%%",
        "%state.code", "%state.level", "%state.description", "%client.id",
        "%http_url", "word", "(x)", "%eth_src", "%packet_no", "\\t",
        "%in_port", "%bridge",
    };
    unsigned int n = 1 + random_below(&d->r, 5);

    for (unsigned int i = 0; i < n; i++) {
        unsigned int what = random_below(&d->r, 4);

        put(d, i ? " " : "");
        if (what == 0 && d->n_metrics) {
            put(d, "%%m%u", random_below(&d->r, d->n_metrics));
        } else if (what == 1 && d->n_features) {
            put(d, "%%f%u", random_below(&d->r, d->n_features));
        } else if (what == 2 && d->texts && chance(&d->r, 50)) {
            put(d, "%%");
            put_text_entry(d);
        } else if (what == 2 && d->n_tables) {
            put(d, "%%");
            put_table(d);
        } else {
            put(d, "%s", ONE_OF(&d->r, words));
        }
    }
}

static void
put_table_action(struct document *d)
{
    static const char *const assignments[] = { "=", "+=", "-=", "*=", "/=" };

    if (d->texts && chance(&d->r, 40)) {
        put_text_entry(d);
        put(d, " = ");
        put_text_value(d);
    } else if (chance(&d->r, 8)) {
        put(d, "t%u.reset()", random_below(&d->r, d->n_tables));
    } else {
        put_table(d);
        put(d, " %s ", ONE_OF(&d->r, assignments));
        put_expr(d, 2, d->n_features, true);
    }
}

/* A structured event with lists of keys. */
static void
put_lists(struct document *d)
{
    unsigned int n = 0;

    put(d, "Publish(log, src=%%ip_src");
    for (unsigned int i = 0; i < d->n_metrics; i++) {
        if (d->topk[i] && n++ < XFSM_MAX_LISTS) {
            put(d, ", m%u=m%u.%s(%u)", i, i,
                chance(&d->r, 50) ? "top" : "last",
                1 + random_below(&d->r, 6));
        }
    }
    put(d, ", n=dst_port)");
}

static void
put_action(struct document *d)
{
    static const char *const published[] = {
        "print(", "Publish(alert, ", "Publish(log, ", "exec(", "print(",
    };
    static const char *const mitigations[] = {
        "Block(ip_src, 60)", "Limit(ip_src-proto-dst_port, 100, 3.5)",
        "Mirror(eth_src-vlan_id, span0, 1)",
        "Block(ip_dst-proto-icmp_type, 5)",
    };
    unsigned int what = random_below(&d->r, 14);

    if (what < 2 && d->n_tables) {
        put_table_action(d);
    } else if (what < 4 && d->n_metrics) {
        unsigned int metric = random_below(&d->r, d->n_metrics);

        put(d, "m%u.reset(%s)", metric,
            chance(&d->r, 75) ? monitor_key(d, metric) : "");
    } else if (what > 11 && d->any_topk) {
        put_lists(d);
    } else if (what == 4) {
        put(d, "Suspect");
    } else if (what == 5) {
        put(d, "Export");
    } else if (what == 6) {
        put(d, "Publish(raw, raw)");
    } else if (what == 7 && d->n_features) {
        put(d, "plot(stream ip_src f%u)", random_below(&d->r, d->n_features));
    } else if (what == 8 && d->dialect2) {
        put(d, "%s", ONE_OF(&d->r, mitigations));
    } else {
        put(d, "%s", ONE_OF(&d->r, published));
        put_text(d);
        put(d, ")");
    }
}

static void
put_actions(struct document *d)
{
    unsigned int n = random_below(&d->r, 4);

    for (unsigned int i = 0; i < n; i++) {
        put(d, "%s", i ? chance(&d->r, 50) ? ";" : ", " : "");
        put_action(d);
    }
}

static void
put_timers(struct document *d)
{
    static const char *const delays[] = {
        "0", "0.5", "1", "1", "2", "2.5", "7", "0",
    };
    unsigned int n = d->n_classes && chance(&d->r, 40)
                     ? 1 + random_below(&d->r, 2) : 0;

    for (unsigned int i = 0; i < n; i++) {
        put(d, "    <timeout_set class='c%u' key='%s' value='%s'",
            random_below(&d->r, d->n_classes), any_key(d),
            ONE_OF(&d->r, delays));
        if (chance(&d->r, 25)) {
            put(d, " primary-key='%s'", any_key(d));
        }
        put(d, "/>\n");
    }
}

static void
put_use(struct document *d)
{
    unsigned int metric = random_below(&d->r, d->n_metrics);
    unsigned int ways = random_below(&d->r, 4);
    static const char *const attrs[2][4][2] = {
        { { "vd_update", NULL }, { "vd_get", NULL }, { "vd_set", NULL },
          { "vd_get", "vd_set" } },
        { { "vm_update", NULL }, { "vm_get", NULL }, { "vm_update", NULL },
          { "vm_get", "vm_set" } },
    };

    put(d, "   <use-metric id='m%u'", metric);
    if (!d->vd[metric] && !d->vm[metric]) {
        put(d, " vm_get='%s'", ONE_OF(&d->r, numeric_fields));
    }
    for (int i = 0; i < 2; i++) {
        if (!(i ? d->vm[metric] : d->vd[metric]) || chance(&d->r, 10)) {
            continue;
        }
        for (int j = 0; j < 2 && attrs[i][ways][j]; j++) {
            put(d, " %s='%s'", attrs[i][ways][j],
                i ? monitor_key(d, metric) : any_key(d));
        }
    }
    put(d, "/>\n");
}

static void
put_handler(struct document *d, unsigned int state)
{
    unsigned int n;

    put(d, "  <state id='s%u' code='C%u' level='L' description='In %u'>\n",
        state, state, state);
    n = d->n_metrics ? random_below(&d->r, 4) : 0;
    for (unsigned int i = 0; i < n; i++) {
        put_use(d);
    }
    for (unsigned int i = 0; i < d->n_metrics && !d->topk_used; i++) {
        if (d->topk[i]) {
            put(d, "   <use-metric id='m%u' vm_update='%s'/>\n", i,
                monitor_key(d, i));
        }
    }
    d->topk_used = true;
    n = random_below(&d->r, 4);
    for (unsigned int i = 0; i < n; i++) {
        put(d, "   <condition expression='");
        if (chance(&d->r, 20)) {
            put(d, "true");
        } else {
            put_expr(d, 3, d->n_features, true);
        }
        put(d, "' action='");
        put_actions(d);
        put(d, "'");
        if (chance(&d->r, 50)) {
            put(d, " next_state='s%u'", random_below(&d->r, d->n_states));
        }
        put(d, ">\n");
        put_timers(d);
        put(d, "   </condition>\n");
    }
    if (chance(&d->r, 60)) {
        put(d, "   <post-condition-action do='");
        put_actions(d);
        put(d, "'>\n");
        put_timers(d);
        put(d, "   </post-condition-action>\n");
    }
    put(d, "  </state>\n");
}

static void
put_selector(struct document *d)
{
    static const char *const tests[] = {
        "proto tcp", "proto udp", "proto 6", "dst_port 53", "src_port 53",
        "dst_port &lt; 100", "dst_port &gt;= 443", "ip_src 10.0.0.0/30",
        "ip_dst != 10.0.0.2", "ip_src 2001:db8::/32", "flags tcp-syn",
        "flags tcp-syn|tcp-ack", "flags dns-nxdomain",
        "domain_name a.example.com", "domain_second_level != example.com",
        "http_method http-get", "len &gt; 60", "ip_version == 6",
        "ip_src &lt; 10.0.0.3", "eth_src 02:00:00:00:00:01",
    };
    unsigned int n = random_below(&d->r, 4);

    for (unsigned int i = 0; i < n; i++) {
        put(d, "%s", !i ? "" : chance(&d->r, 50) ? " and " : " or ");
        if (d->n_tables && chance(&d->r, 15)) {
            unsigned int table = random_below(&d->r, d->n_tables);

            put(d, "%s in t%u", shapes[d->shapes[table]][0], table);
        } else {
            put(d, "%s", ONE_OF(&d->r, tests));
        }
    }
}

static void
put_events(struct document *d)
{
    unsigned int n = 1 + random_below(&d->r, 4);

    for (unsigned int i = 0; i < n + d->n_classes; i++) {
        if (i < n) {
            put(d, " <event type='packet' primary-key='%s' selector='",
                any_key(d));
            put_selector(d);
            put(d, "'>\n");
        } else if (chance(&d->r, 40)) {
            put(d, " <event type='timeout' class='c%u' primary-key='%s'>\n",
                i - n, any_key(d));
        } else {
            put(d, " <event type='timeout' class='c%u'>\n", i - n);
        }
        for (unsigned int state = 0; state < d->n_states; state++) {
            if (chance(&d->r, state ? 70 : 90)) {
                put_handler(d, state);
            }
        }
        put(d, " </event>\n");
    }
}

static void
put_states(struct document *d)
{
    static const char *const timeouts[] = { "1", "2.5", "10", "60" };

    d->n_states = 1 + random_below(&d->r, 4);
    for (unsigned int i = 0; i < d->n_states; i++) {
        put(d, " <statedef id='s%u'", i);
        if (i && chance(&d->r, 35)) {
            put(d, " timeout='%s'", ONE_OF(&d->r, timeouts));
            if (chance(&d->r, 60)) {
                put(d, " next_state='s%u'", random_below(&d->r,
                                                         d->n_states));
            }
        }
        put(d, "/>\n");
    }
}

static void
put_detector(struct document *d, unsigned int i)
{
    static const char *const sizes[] = {
        "", "", " size='6' nhash='16'", " size='6' nhash='12'",
    };
    static const char *const resets[] = {
        "", "", " reset_after='3'", " reset_after='10'",
    };

    put(d, "  <variation_detector status='on'%s%s", ONE_OF(&d->r, sizes),
        ONE_OF(&d->r, resets));
    if (d->n_metrics > 1 && chance(&d->r, 20)) {
        put(d, " slave='m%u'", (i + 1) % d->n_metrics);
    }
    put(d, "/>\n");
}

/* Attributes that say how long a key is remembered. */
static const char *
random_ttl(struct document *d)
{
    static const char *const ttls[] = {
        "", " ttl='1'", " ttl='3'", " ttl='20' memory='1M'",
    };

    return d->dialect2 ? ONE_OF(&d->r, ttls) : "";
}

static void
put_metrics(struct document *d)
{
    static const char *const types[] = { "dleft", "tewma", "simple", "topk" };
    static const unsigned int topk_shapes[] = { 0, 1, 2, 4 };   /* No text. */
    static const char *const windows[] = { "3", "6", "12", "60", "300" };
    static const char *const inserts[] = {
        "", "", "", " insert_value='2.5'", " insert_value='len'",
        " insert_value='dst_port'", " insert_value='icmp_type'",
        " repeat_value='0.25'", " insert_value='2' repeat_value='3'",
    };

    d->n_metrics = random_below(&d->r, 5);
    for (unsigned int i = 0; i < d->n_metrics; i++) {
        put(d, " <metric name='m%u'>\n", i);
        d->vd[i] = chance(&d->r, 50);
        d->vm[i] = chance(&d->r, 80);
        if (d->vd[i]) {
            put_detector(d, i);
        }
        if (d->vm[i]) {
            const char *type = types[random_below(&d->r, 3 + d->dialect2)];

            d->topk[i] = !strcmp(type, "topk");
            d->any_topk |= d->topk[i];
            d->topk_shapes[i] = d->topk[i] ? ONE_OF(&d->r, topk_shapes) : 0;
            d->tewma[i] = !strcmp(type, "tewma");
            put(d, "  <variation_monitor status='on' type='%s'%s", type,
                ONE_OF(&d->r, inserts));
            if (d->tewma[i] || d->topk[i]) {
                put(d, " window='%s'/>\n", ONE_OF(&d->r, windows));
            } else {
                put(d, "%s/>\n", type[0] == 'd' ? random_ttl(d) : "");
            }
        }
        put(d, " </metric>\n");
    }
}

static void
put_tables(struct document *d)
{
    static const char *const entries[] = {
        "<entry key='10.0.0.1' value='1'/><entry key='2001:db8::1' "
        "value='0'/>",
        "<entry key='53' value='2.5'/><entry key='0x50' value='3'/>",
        "<entry key='10.0.0.2-53' value='-1'/>",
        "<entry key='example.com' value='5'/>",
        "<entry key='10.0.0.1' value='7'/><entry key='2001:db8::2' "
        "value='2'/>",
    };
    static const char *const texts[] = {
        "<entry key='10.0.0.1' value='word'/>",
        "<entry key='53' value='%ip_src'/><entry key='0x50' value='-'/>",
        "<entry key='10.0.0.2-53' value='word'/>",
        "<entry key='example.com' value='example.com'/>",
        "<entry key='10.0.0.1' value='word'/>",
    };
    unsigned int n_shapes = (unsigned int) N_ITEMS(shapes) - !d->dialect2;

    d->n_tables = random_below(&d->r, 3);
    for (unsigned int i = 0; i < d->n_tables; i++) {
        d->shapes[i] = random_below(&d->r, n_shapes);
        put(d, " <table name='t%u' type='DLeft'%s>%s</table>\n", i,
            random_ttl(d), chance(&d->r, 60) ? entries[d->shapes[i]] : "");
    }
    d->texts = d->n_tables && chance(&d->r, 50);
    if (d->texts) {
        d->text_shape = random_below(&d->r, n_shapes);
        put(d, " <table name='s0' value_type='string'%s>%s</table>\n",
            random_ttl(d), chance(&d->r, 60) ? texts[d->text_shape] : "");
    }
}

/* Events that come without a packet. */
static void
put_occasions(struct document *d)
{
    static const char *const topics[] = {
        "alert", "alert/scan", "log", "log/q/br1",
    };
    static const char *const message_keys[] = {
        "ip_src", "ip_src-ip_dst", "dst_port", "msg_program", "msg_port",
    };
    static const char *const types[] = {
        "start", "stop", "period' every='1", "period' every='2.5",
        "period' every='0.5",
    };
    unsigned int n = 1 + random_below(&d->r, 4);

    for (unsigned int i = 0; i < n; i++) {
        if (chance(&d->r, 50)) {
            put(d, " <event type='message' topic='%s' primary-key='%s'>\n",
                ONE_OF(&d->r, topics), ONE_OF(&d->r, message_keys));
        } else {
            put(d, " <event type='%s'>\n", ONE_OF(&d->r, types));
        }
        for (unsigned int state = 0; state < d->n_states; state++) {
            if (chance(&d->r, state ? 70 : 90)) {
                put_handler(d, state);
            }
        }
        put(d, " </event>\n");
    }
}

void
random_message(struct random_source *r, struct xfsm_message *message,
               struct xfsm_message_field *fields)
{
    static const char *const labels[] = { "alert", "log", "logs" };
    static const char *const programs[] = { "scan", "q", "scan2" };
    static const char *const addrs[] = {
        "10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1", "nonsense",
    };
    static const char *const ports[] = { "53", "80", "443", "65536" };
    static const char *const names[] = { "ip_src", "ip_dst", "dst_port" };

    memset(message, 0, sizeof *message);
    message->label = ONE_OF(r, labels);
    message->program = ONE_OF(r, programs);
    message->state = "s0";
    message->host = "hv1";
    message->bridge = chance(r, 50) ? "br1" : "br2";
    message->port = chance(r, 50) ? "vnet1" : "vnet2";
    message->hops = random_below(r, XFSM_MESSAGE_HOPS + 1);
    message->fields = fields;
    for (unsigned int i = 0; i < RANDOM_MESSAGE_FIELDS; i++) {
        if (chance(r, 80)) {
            struct xfsm_message_field *f = &fields[message->n_fields++];

            f->name = names[i];
            f->name_len = strlen(names[i]);
            f->value = i < 2 ? ONE_OF(r, addrs) : ONE_OF(r, ports);
            f->len = strlen(f->value);
        }
    }
}

static char *
make_program(uint64_t seed, bool dialect2)
{
    struct document d = { .r = { seed }, .dialect2 = dialect2 };
    char *text;
    size_t len;

    d.out = open_memstream(&text, &len);
    if (!d.out) {
        abort();
    }
    put(&d, dialect2 ? "<xfsm>\n" : "<botstream>\n");
    if (dialect2 && chance(&d.r, 50)) {
        put(&d, " <state-table%s/><timers max='5000'/>\n", random_ttl(&d));
    }
    put_states(&d);
    put_metrics(&d);
    put_tables(&d);
    d.n_features = random_below(&d.r, 5);
    for (unsigned int i = 0; i < d.n_features; i++) {
        put(&d, " <feature name='f%u' body='", i);
        put_expr(&d, 2, i, false);
        put(&d, "'/>\n");
    }
    d.n_classes = random_below(&d.r, 3);
    put_events(&d);
    if (dialect2) {
        put_occasions(&d);
    }
    put(&d, dialect2 ? "</xfsm>\n" : "</botstream>\n");
    fclose(d.out);
    return text;
}

char *
random_program(uint64_t seed)
{
    return make_program(seed, false);
}

char *
random_program2(uint64_t seed)
{
    return make_program(seed, true);
}

/* ## Packets ## */

static size_t
random_frame(struct random_source *r, uint8_t *buf, size_t size)
{
    static const char *const addrs[] = {
        "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "192.168.7.9",
    };
    static const char *const addrs6[] = { "2001:db8::1", "fe80::2" };
    static const unsigned int ports[] = { 53, 80, 443, 1000, 40000 };
    static const unsigned int flags[] = {
        PB_SYN, PB_SYN, PB_SYN | PB_ACK, PB_ACK, PB_RST, PB_FIN | PB_ACK,
    };
    static const char *const names[] = {
        "a.example.com", "b.example.com", "x.test", "Example.COM",
    };
    bool ip6 = chance(r, 15);
    const char *src = ip6 ? ONE_OF(r, addrs6) : ONE_OF(r, addrs);
    const char *dst = ip6 ? ONE_OF(r, addrs6) : ONE_OF(r, addrs);
    unsigned int what = random_below(r, 20);

    if (what < 10) {
        return pb_tcp_frame(buf, size, src, ONE_OF(r, ports), dst,
                            ONE_OF(r, ports), ONE_OF(r, flags),
                            chance(r, 30) ? "payload" : NULL);
    } else if (what < 12) {
        return pb_tcp_frame(buf, size, src, ONE_OF(r, ports), dst, 80,
                            PB_ACK | PB_PSH, chance(r, 50)
                            ? "GET /a?b HTTP/1.1\r\nHost: x.test\r\n\r\n"
                            : "POST /c HTTP/1.1\r\nHost: example.com\r\n"
                              "\r\n");
    } else if (what < 14) {
        return pb_udp_frame(buf, size, src, ONE_OF(r, ports), dst,
                            ONE_OF(r, ports), "data");
    } else if (what < 15) {
        return pb_icmp_frame(buf, size, src, dst, 8, 0);
    } else if (what < 16) {
        return pb_arp_frame(buf, size, 1, "10.0.0.1", "10.0.0.2");
    } else if (what < 18) {
        return pb_dns_query_frame(buf, size, src, dst, ONE_OF(r, names),
                                  PB_DNS_A);
    }
    return pb_dns_response_frame(buf, size, src, dst, chance(r, 50) ? 3 : 0,
                                 ONE_OF(r, names), PB_DNS_A, NULL);
}

void
random_packets(uint64_t seed, size_t n, struct eh_packets *list)
{
    /* ns; the last ones are rare. */
    static const uint64_t steps[] = {
        0, 0, 0, 1, 1000, 1000000, 20000000, 100000000, 500000000,
        500000000, 1000000000, 2500000000,
    };
    struct random_source r = { seed };
    uint64_t ts = EH_EPOCH;

    for (size_t i = 0; i < n; i++) {
        struct xfsm_packet packet;
        uint8_t buf[512];
        size_t len = random_frame(&r, buf, sizeof buf);

        pb_packet(&packet, buf, len, ts, NULL);
        if (chance(&r, 3)) {            /* Late. */
            packet.ts -= random_below(&r, 2000000000);
        }
        eh_packets_add(list, &packet);
        ts += chance(&r, 2) ? UINT64_C(12000000000) : ONE_OF(&r, steps);
    }
}

void
random_clocks(uint64_t seed, struct eh_packets *packets)
{
    static const int64_t steps[] = {         /* Seconds. */
        -7000000000, -400000000, -3600, -61, -59, 5, 3600, 400000000,
        7000000000,
    };
    struct random_source r = { seed };
    uint64_t step = 0;

    for (size_t i = 0; i < packets->n; i++) {
        if (!random_below(&r, 1 + random_below(&r, 40))) {
            step = random_below(&r, 3)
                   ? (uint64_t) steps[random_below(&r, 9)]
                     * UINT64_C(1000000000) : 0;
        }
        packets->packets[i].ts += step;
    }
}
