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

#include "ovs-plugin/desired.h"
#include "openvswitch/dynamic-string.h"
#include "ovs-plugin/known-keys.h"
#include "ovs-plugin/mirror.h"
#include "ovs-plugin/params.h"
#include "smap.h"
#include "util.h"
#include "uuid.h"

/* A small switch: br0 with ports p1, p2 and bond (interfaces b1, b2), and a
 * tunnel vx; br1 with an internal port and a DPDK port. */
struct world {
    struct smap ids[17];
    size_t n_ids;
    struct xfsm_in_interface p1, p2, bond[2], vx, br1, dpdk;
    struct xfsm_in_port br0_ports[4], br1_ports[2];
    struct xfsm_in_bridge bridges[2];
    struct xfsm_in_assignment assignments[4];
    struct xfsm_desired_input in;
};

static const struct smap *
new_ids(struct world *w)
{
    struct smap *ids = &w->ids[w->n_ids++];

    assert_true(w->n_ids <= ARRAY_SIZE(w->ids));
    smap_init(ids);
    return ids;
}

/* Sets external_ids. */
static void
set(const struct smap *ids, const char *key, const char *value)
{
    smap_replace(CONST_CAST(struct smap *, ids), key, value);
}

static struct xfsm_in_interface
new_interface(struct world *w, const char *name, const char *type)
{
    struct xfsm_in_interface i = {
        .name = name, .type = type, .external_ids = new_ids(w),
    };

    i.uuid.parts[0] = w->n_ids;
    return i;
}

static struct xfsm_in_port
new_port(struct world *w, const char *name, struct xfsm_in_interface *i,
         size_t n)
{
    return (struct xfsm_in_port) {
        .name = name, .external_ids = new_ids(w), .interfaces = i,
        .n_interfaces = n,
    };
}

static int
setup(void **state)
{
    struct world *w = xzalloc(sizeof *w);

    w->p1 = new_interface(w, "p1", "");
    w->p2 = new_interface(w, "p2", "system");
    w->bond[0] = new_interface(w, "b1", "");
    w->bond[1] = new_interface(w, "b2", "");
    w->vx = new_interface(w, "vx", "vxlan");
    w->br1 = new_interface(w, "br1", "internal");
    w->dpdk = new_interface(w, "dpdk0", "dpdk");
    w->br0_ports[0] = new_port(w, "p1", &w->p1, 1);
    w->br0_ports[1] = new_port(w, "p2", &w->p2, 1);
    w->br0_ports[2] = new_port(w, "bond", w->bond, 2);
    w->br0_ports[3] = new_port(w, "vx", &w->vx, 1);
    w->br1_ports[0] = new_port(w, "br1", &w->br1, 1);
    w->br1_ports[1] = new_port(w, "dpdk0", &w->dpdk, 1);
    w->bridges[0] = (struct xfsm_in_bridge) {
        .name = "br0", .external_ids = new_ids(w), .ports = w->br0_ports,
        .n_ports = 4,
    };
    w->bridges[1] = (struct xfsm_in_bridge) {
        .name = "br1", .external_ids = new_ids(w), .ports = w->br1_ports,
        .n_ports = 2,
    };
    w->in.bridges = w->bridges;
    w->in.n_bridges = 2;
    w->in.assignments = w->assignments;
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    size_t i;

    for (i = 0; i < w->n_ids; i++) {
        smap_destroy(&w->ids[i]);
    }
    free(w);
    return 0;
}

/* Checks that what is desired is 'expected': "INTERFACE=PROGRAM,...[!]" for
 * each probe in alphabetical order, "!" for one with an error. */
static void
check(struct world *w, const char *expected)
{
    const struct shash_node **nodes;
    struct xfsm_desired d;
    char text[1024] = "";
    size_t i, j;

    xfsm_desired_init(&d, &w->in);
    nodes = shash_sort(&d.probes);
    for (i = 0; i < shash_count(&d.probes); i++) {
        const struct xfsm_desired_probe *p = nodes[i]->data;
        const char **programs = sset_sort(&p->programs);

        assert_string_equal(p->interface, nodes[i]->name);
        sprintf(text + strlen(text), "%s%s=", i ? " " : "", p->interface);
        for (j = 0; j < sset_count(&p->programs); j++) {
            sprintf(text + strlen(text), "%s%s", j ? "," : "", programs[j]);
        }
        strcat(text, p->error ? "!" : "");
        free(programs);
    }
    free(nodes);
    xfsm_desired_destroy(&d);
    assert_string_equal(text, expected);
}

/* What events tell of the machine comes along. */
static void
test_port_ids(void **state)
{
    struct world *w = *state;
    const struct xfsm_desired_probe *p;
    struct xfsm_desired d;

    set(w->br0_ports[0].external_ids, "xfsm", "x");
    set(w->br0_ports[0].external_ids, "vm-id", "of the port");
    set(w->br0_ports[0].external_ids, "iface-id", "of the port");
    set(w->p1.external_ids, "iface-id", "of the interface");
    xfsm_desired_init(&d, &w->in);
    p = shash_find_data(&d.probes, "p1");
    assert_non_null(p);
    assert_string_equal(p->ids.uuid, "00000001-0000-0000-0000-000000000000");
    assert_string_equal(p->ids.id[XFSM_ID_IFACE_ID], "of the interface");
    assert_string_equal(p->ids.id[XFSM_ID_VM_ID], "of the port");
    assert_null(p->ids.id[XFSM_ID_VM_UUID]);
    xfsm_desired_destroy(&d);
}

static void
test_port(void **state)
{
    struct world *w = *state;
    struct xfsm_desired d;
    const struct xfsm_desired_probe *p;

    check(w, "");
    set(w->br0_ports[0].external_ids, "xfsm", "portscan");
    check(w, "p1=portscan");
    set(w->br0_ports[0].external_ids, "xfsm", " b ,, a,\tb");
    check(w, "p1=a,b");
    set(w->br0_ports[0].external_ids, "xfsm", "");
    check(w, "");
    set(w->br0_ports[0].external_ids, "xfsm", " , ");
    check(w, "");

    set(w->br0_ports[2].external_ids, "xfsm", "portscan");
    check(w, "b1=portscan b2=portscan");

    xfsm_desired_init(&d, &w->in);
    p = shash_find_data(&d.probes, "b2");
    assert_string_equal(p->port, "bond");
    assert_string_equal(p->bridge, "br0");
    assert_string_equal(p->type, "system");
    assert_int_equal(p->wanted_by, 1u << XFSM_WANTED_PORT);
    assert_true(uuid_equals(&p->uuid, &w->bond[1].uuid));
    xfsm_desired_destroy(&d);
}

static void
test_bridge(void **state)
{
    struct world *w = *state;
    struct xfsm_desired d;
    const struct xfsm_desired_probe *p;

    /* The tunnel is passed over. */
    set(w->bridges[0].external_ids, "xfsm", "a");
    check(w, "b1=a b2=a p1=a p2=a");

    /* The union, and a port left out. */
    set(w->br0_ports[0].external_ids, "xfsm", "b,a");
    set(w->br0_ports[1].external_ids, "xfsm", "none");
    check(w, "b1=a b2=a p1=a,b");
    xfsm_desired_init(&d, &w->in);
    p = shash_find_data(&d.probes, "p1");
    assert_int_equal(p->wanted_by,
                     1u << XFSM_WANTED_PORT | 1u << XFSM_WANTED_BRIDGE);
    xfsm_desired_destroy(&d);

    set(w->bridges[0].external_ids, "xfsm", "none");
    check(w, "p1=a,b");

    /* A port that appears. */
    set(w->bridges[1].external_ids, "xfsm", "c");
    w->bridges[1].n_ports = 0;
    check(w, "p1=a,b");
    w->bridges[1].n_ports = 2;

    /* What Open vSwitch has to itself is not passed over. */
    check(w, "br1=c dpdk0=c! p1=a,b");
}

static void
test_no_device(void **state)
{
    struct world *w = *state;

    set(w->br0_ports[3].external_ids, "xfsm", "a");
    set(w->br1_ports[1].external_ids, "xfsm", "a");
    check(w, "dpdk0=a! vx=a!");
    assert_true(xfsm_desired_type_has_device(""));
    assert_true(xfsm_desired_type_has_device("tap"));
    assert_false(xfsm_desired_type_has_device("patch"));
    assert_true(xfsm_desired_type_is_inverted("internal"));
    assert_false(xfsm_desired_type_is_inverted("system"));
}

/* Ports that cannot be listened to are mirrored to a device of ours. */
static void
test_mirror(void **state)
{
    struct world *w = *state;
    char *vx = xfsm_mirror_device("vx");
    char *dpdk = xfsm_mirror_device("dpdk0");
    char *bond = xfsm_mirror_device("bond");
    struct xfsm_desired d;
    const struct xfsm_desired_probe *p;

    assert_true(strlen(vx) <= 15 && strcmp(vx, dpdk));
    set(w->bridges[0].external_ids, "xfsm", "a");
    set(w->bridges[1].external_ids, "xfsm", "a");
    set(w->br0_ports[3].external_ids, "xfsm-mirror", "true");
    w->in.mirror = true;        /* For private types alone. */
    xfsm_desired_init(&d, &w->in);
    assert_int_equal(shash_count(&d.probes), 7);
    p = shash_find_data(&d.probes, vx);
    assert_non_null(p);
    assert_true(p->mirror);
    assert_string_equal(p->port, "vx");
    assert_null(p->error);
    p = shash_find_data(&d.probes, dpdk);
    assert_true(p && p->mirror && !p->error);
    p = shash_find_data(&d.probes, "p1");
    assert_true(p && !p->mirror);
    xfsm_desired_destroy(&d);

    /* A bond is one mirror, and what is ours is not monitored. */
    set(w->br0_ports[2].external_ids, "xfsm-mirror", "true");
    set(w->br0_ports[0].external_ids, "xfsm-mirror-of", "p2");
    xfsm_desired_init(&d, &w->in);
    assert_int_equal(shash_count(&d.probes), 5);
    p = shash_find_data(&d.probes, bond);
    assert_true(p && p->mirror);
    assert_null(shash_find_data(&d.probes, "p1"));
    xfsm_desired_destroy(&d);
    free(vx);
    free(dpdk);
    free(bond);
}

/* Keys of a port that are for its probes, at and past their limits. */
static void
test_settings(void **state)
{
    static const struct {
        const char *key, *value;
        bool ok;
    } cases[] = {
        { "xfsm-workers", "1", true },
        { "xfsm-workers", "16", true },
        { "xfsm-workers", "17", false },
        { "xfsm-workers", "0", false },
        { "xfsm-workers", "x", false },
        { "xfsm-workers", "2", true },
        { "xfsm-ring-kib", "255", false },
        { "xfsm-ring-kib", "1048577", false },
        { "xfsm-ring-kib", "256", true },
        { "xfsm-huge-pages", "yes", false },
        { "xfsm-huge-pages", "", false },
        { "xfsm-huge-pages", "false", true },
        { "xfsm-huge-pages", "true", true },
        { "xfsm-mirror", "yes", false },
        { "xfsm-mirror", "false", true },
        { "xfsm-mitigation", "on", false },
        { "xfsm-mitigation", "enforce", true },
    };
    struct world *w = *state;
    const struct smap *ids = w->br0_ports[0].external_ids;
    struct xfsm_desired_probe copy;
    struct xfsm_desired d;
    const struct xfsm_desired_probe *p;
    size_t i;

    set(ids, "xfsm", "a");
    set(ids, "xfsm-netdev-class", "system");
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        set(ids, cases[i].key, cases[i].value);
        xfsm_desired_init(&d, &w->in);
        p = shash_find_data(&d.probes, "p1");
        assert_int_equal(!p->error, cases[i].ok);
        assert_true(cases[i].ok || strstr(p->error, cases[i].value));
        xfsm_desired_destroy(&d);
    }
    xfsm_desired_init(&d, &w->in);
    p = shash_find_data(&d.probes, "p1");
    xfsm_desired_probe_clone(&copy, p);
    xfsm_desired_destroy(&d);
    assert_int_equal(copy.workers, 2);
    assert_int_equal(copy.mitigation, XFSM_MITIGATION_ENFORCE);
    assert_int_equal(copy.ring_kib, 256);
    assert_true(copy.huge_pages && *copy.huge_pages);
    assert_string_equal(copy.netdev_class, "system");
    xfsm_desired_probe_destroy(&copy);
}

static void
test_assignment(void **state)
{
    static char *programs[] = { (char *) "x", (char *) "y" };
    struct world *w = *state;
    struct smap *target = CONST_CAST(struct smap *, new_ids(w));
    struct xfsm_desired d;

    w->assignments[0] = (struct xfsm_in_assignment) {
        .name = "all", .enabled = true, .target = target,
        .programs = programs, .n_programs = 2,
    };
    w->in.n_assignments = 1;

    /* No target is no match, not every match. */
    check(w, "");
    smap_add(target, "port", "p1");
    check(w, "p1=x,y");
    smap_add(target, "bridge", "br1");
    check(w, "");
    smap_replace(target, "bridge", "br0");
    check(w, "p1=x,y");

    /* Ids of the Interface, or else of the Port. */
    smap_add(target, "iface-id", "id1");
    check(w, "");
    set(w->p1.external_ids, "iface-id", "id1");
    check(w, "p1=x,y");
    smap_add(target, "vm-uuid", "u1");
    check(w, "");
    set(w->br0_ports[0].external_ids, "vm-uuid", "u1");
    check(w, "p1=x,y");
    set(w->p1.external_ids, "vm-uuid", "u2");
    check(w, "");
    set(w->p1.external_ids, "vm-uuid", "u1");

    /* A key of another kind, even if the port has it. */
    smap_add(target, "colour", "red");
    set(w->p1.external_ids, "colour", "red");
    check(w, "");
    smap_remove(target, "colour");

    set(w->br0_ports[0].external_ids, "xfsm", "a,x");
    check(w, "p1=a,x,y");
    set(w->br0_ports[0].external_ids, "xfsm", "none");
    check(w, "");
    smap_clear(CONST_CAST(struct smap *, w->br0_ports[0].external_ids));
    smap_remove(target, "vm-uuid");

    w->assignments[0].enabled = false;
    check(w, "");
    w->assignments[0].enabled = true;

    smap_clear(target);
    smap_add(target, "bridge", "br0");
    xfsm_desired_init(&d, &w->in);
    assert_int_equal(d.matches[0], 5);
    assert_non_null(shash_find(&d.probes, "vx"));
    xfsm_desired_destroy(&d);
}

/* Checks the parameters of a program at port p1, NULL: none, and whether there
 * is a note. */
static void
check_params(struct world *w, const char *program, const char *expected,
             bool note)
{
    const struct xfsm_desired_probe *p;
    struct xfsm_desired d;
    const char *params;

    xfsm_desired_init(&d, &w->in);
    p = shash_find_data(&d.probes, "p1");
    params = smap_get(&p->params, program);
    assert_null(p->error);
    assert_int_equal(p->params_note != NULL, note);
    if (expected) {
        assert_non_null(params);
        assert_string_equal(params, expected);
    } else {
        assert_null(params);
    }
    xfsm_desired_destroy(&d);
}

static void
test_params(void **state)
{
    struct world *w = *state;
    const struct smap *port = w->br0_ports[0].external_ids;

    set(port, "xfsm", "portscan,synflood");
    check_params(w, "portscan", NULL, false);
    set(port, "xfsm-params", "portscan:max_rate=2, synflood:rate=7 ,"
        "portscan:confirm=1");
    check_params(w, "portscan", "max_rate=2,confirm=1", false);
    check_params(w, "synflood", "rate=7", false);
    /* For all programs; in the order in which they are written. */
    set(port, "xfsm-params", "a=1,portscan:a=2,nonsense");
    check_params(w, "portscan", "a=1,a=2,nonsense", false);
    check_params(w, "synflood", "a=1,nonsense", false);
    /* Of a program that is not there. */
    set(port, "xfsm-params", "portscam:max_rate=2");
    check_params(w, "portscan", NULL, true);
    check_params(w, "portscam", NULL, true);
    /* The port's come after the bridge's, which may be meant for others. */
    set(w->bridges[0].external_ids, "xfsm-params", "portscan:b=1,p2p:c=2");
    set(port, "xfsm-params", "portscan:b=3");
    check_params(w, "portscan", "b=1,b=3", false);
    check_params(w, "p2p", NULL, false);
}

static void
test_params_of_assignments(void **state)
{
    struct world *w = *state;
    const struct smap *target = new_ids(w);
    static char *programs[] = { (char *) "portscan" };
    static char *others[] = { (char *) "synflood" };

    set(target, "port", "p1");
    w->assignments[0] = (struct xfsm_in_assignment) {
        .name = "b", .enabled = true, .target = target, .programs = programs,
        .n_programs = 1, .params = "portscan:a=3",
    };
    w->assignments[1] = w->assignments[0];
    w->assignments[1].name = "a";
    w->assignments[1].params = "a=2,synflood:a=9";
    w->assignments[2] = w->assignments[0];
    w->assignments[2].name = "c";
    w->assignments[2].programs = others;
    w->assignments[2].params = "";
    w->assignments[3] = w->assignments[0];
    w->assignments[3].enabled = false;
    w->assignments[3].params = "a=7";
    w->in.n_assignments = 4;
    set(w->bridges[0].external_ids, "xfsm-params", "portscan:a=1");
    set(w->br0_ports[0].external_ids, "xfsm-params", "portscan:a=4");
    /* By name; each sets those of its own programs only. */
    check_params(w, "portscan", "a=1,a=2,a=3,a=4", false);
    check_params(w, "synflood", NULL, false);
}

/* A tenant's parameters are for what only tenants want. */
static void
test_params_of_tenants(void **state)
{
    struct world *w = *state;
    const struct smap *tenants = new_ids(w);
    const struct smap *target = new_ids(w);
    static char *programs[] = { (char *) "portscan", (char *) "synflood" };

    set(target, "port", "p1");
    set(tenants, "port", "*");
    set(tenants, "tenant:port", "p1");
    w->assignments[0] = (struct xfsm_in_assignment) {
        .name = "z", .enabled = true, .target = tenants, .programs = programs,
        .n_programs = 2, .params = "a=3",
    };
    w->in.n_assignments = 1;
    check_params(w, "portscan", "a=3", false);
    check_params(w, "synflood", "a=3", false);
    w->assignments[1] = w->assignments[0];
    w->assignments[1].name = "a";
    w->assignments[1].target = target;
    w->assignments[1].n_programs = 1;
    w->assignments[1].params = "";
    w->in.n_assignments = 2;
    check_params(w, "portscan", NULL, false);
    check_params(w, "synflood", "a=3", false);
    set(w->bridges[0].external_ids, "xfsm", "synflood");
    check_params(w, "synflood", NULL, false);
    w->assignments[1].enabled = false;
    check_params(w, "portscan", "a=3", false);
    set(w->br0_ports[0].external_ids, "xfsm", "p2p,portscan");
    check_params(w, "portscan", NULL, false);
}

static void
test_params_limit(void **state)
{
    struct world *w = *state;
    const struct smap *port = w->br0_ports[0].external_ids;
    char text[XFSM_PARAMS_MAX_LEN + 2];
    const struct xfsm_desired_probe *p;
    struct xfsm_desired d;

    memset(text, 'x', sizeof text);
    text[XFSM_PARAMS_MAX_LEN] = '\0';
    set(port, "xfsm", "portscan");
    set(port, "xfsm-params", text);
    check_params(w, "portscan", text, false);

    text[XFSM_PARAMS_MAX_LEN] = 'x';
    text[XFSM_PARAMS_MAX_LEN + 1] = '\0';
    set(port, "xfsm-params", text);
    xfsm_desired_init(&d, &w->in);
    p = shash_find_data(&d.probes, "p1");
    assert_non_null(p->error);
    assert_non_null(strstr(p->error, "xfsm-params of the port: 4097 bytes"));
    assert_int_equal(smap_count(&p->params), 0);
    xfsm_desired_destroy(&d);
}

static void
test_limit(void **state)
{
    struct world *w = *state;
    char list[1024] = "";
    struct xfsm_desired d;
    const struct xfsm_desired_probe *p;
    int i;

    for (i = 0; i < XFSM_DESIRED_MAX_PROGRAMS; i++) {
        sprintf(list + strlen(list), "p%d,", i);
    }
    set(w->br0_ports[0].external_ids, "xfsm", list);
    xfsm_desired_init(&d, &w->in);
    p = shash_find_data(&d.probes, "p1");
    assert_int_equal(sset_count(&p->programs), XFSM_DESIRED_MAX_PROGRAMS);
    assert_null(p->error);
    xfsm_desired_destroy(&d);

    strcat(list, "more");
    set(w->br0_ports[0].external_ids, "xfsm", list);
    xfsm_desired_init(&d, &w->in);
    p = shash_find_data(&d.probes, "p1");
    assert_non_null(p->error);
    xfsm_desired_destroy(&d);
}

/* Calls 'cb' for each string of xfsm-db(5) between 'before' and 'after' where
 * these stand in one line. */
static size_t
each_documented(const char *before, const char *after,
                void (*cb)(const char *key))
{
    char *path = xasprintf("%s/ovsdb-schema/xfsm.xml", getenv("top_srcdir"));
    FILE *f = fopen(path, "r");
    char line[1024];
    size_t n = 0;

    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        char *key = strstr(line, before);
        char *end = key ? strstr(key + strlen(before), after) : NULL;

        if (end) {
            *end = '\0';
            cb(key + strlen(before));
            n++;
        }
    }
    fclose(f);
    free(path);
    return n;
}

static void
option_is_known(const char *key)
{
    struct smap options = SMAP_CONST1(&options, key, "x");
    struct ds errors = DS_EMPTY_INITIALIZER;

    xfsm_known_keys_check_options(&options, &errors);
    assert_string_equal(ds_cstr(&errors), "");
    ds_destroy(&errors);
}

static void
key_is_known(const char *rest)
{
    const struct smap none = SMAP_INITIALIZER(&none);
    char *key = xasprintf("xfsm%.*s", (int) strcspn(rest, "="), rest);
    struct smap ids = SMAP_CONST1(&ids, key, "x");

    assert_null(xfsm_known_keys_note(&none, &ids));
    free(key);
}

/* All that is documented is known, and what is not is told. */
static void
test_known_keys(void **state OVS_UNUSED)
{
    const struct smap none = SMAP_INITIALIZER(&none);
    struct smap ids = SMAP_CONST1(&ids, "xfsm-workers", "4");
    struct smap options = SMAP_INITIALIZER(&options);
    struct ds errors = DS_EMPTY_INITIALIZER;
    char *note;

    assert_true(each_documented("<column name=\"options\" key=\"", "\"",
                                option_is_known) >= 29);
    assert_true(each_documented("<code>external_ids:xfsm", "</code>",
                                key_is_known) >= 10);

    smap_add(&options, "ring_kib", "512");
    smap_add(&options, "ring-kib", "512");
    smap_add(&options, "Mirror", "true");
    xfsm_known_keys_check_options(&options, &errors);
    assert_string_equal(ds_cstr(&errors), "there is no option \"Mirror\"; "
                        "there is no option \"ring_kib\"");
    ds_destroy(&errors);
    smap_destroy(&options);

    note = xfsm_known_keys_note(&ids, &none);
    assert_string_equal(note, "external_ids:xfsm-workers of the bridge has "
                        "no effect");
    free(note);
}

int
main(void)
{
#define TEST(F) cmocka_unit_test_setup_teardown(F, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_port),
        TEST(test_port_ids),
        TEST(test_bridge),
        TEST(test_no_device),
        TEST(test_mirror),
        TEST(test_settings),
        TEST(test_assignment),
        TEST(test_params),
        TEST(test_params_of_assignments),
        TEST(test_params_of_tenants),
        TEST(test_params_limit),
        TEST(test_known_keys),
        TEST(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
