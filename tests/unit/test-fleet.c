/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The fleet description: what is read, and each error with its place. */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controller/fleet-json.h"
#include "controller/parameters.h"
#include "controller/tenants.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "ovs-plugin/target.h"

static const char good[] =
    "{\"hosts\":{"
    "  \"hv1\":{\"ovsdb\":\"tcp:192.0.2.1:6640,ssl:192.0.2.2:6640\","
    "           \"events\":\"tcp://192.0.2.1:5560\","
    "           \"hub-key\":\"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\"},"
    "  \"hv2\":{\"ovsdb\":\"unix:/run/db.sock\"}},"
    " \"programs\":{\"portscan\":\"p/portscan.xml\",\"dos\":\"/x/dos.xml\"},"
    " \"assignments\":["
    "  {\"name\":\"web\",\"programs\":[\"portscan\",\"dos\"],"
    "   \"target\":{\"bridge\":\"br0\",\"port\":\"vnet7\"},\"hosts\":\"*\"},"
    "  {\"name\":\"db\",\"programs\":[\"dos\"],\"enabled\":false,"
    "   \"target\":{\"iface-id\":\"x\"},\"hosts\":[\"hv2\"]}]}";

/* Parses 'text', in which a quotation mark may be written as '. */
static char *
parse(const char *text, struct xfsm_fleet **fleetp)
{
    char *copy = xstrdup(text);
    struct json *json;
    char *error;
    char *p;

    for (p = copy; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    json = json_from_string(copy);
    free(copy);
    error = xfsm_fleet_parse(json, "fleet.json", fleetp);
    json_destroy(json);
    return error;
}

static void
test_good(void **state)
{
    const struct xfsm_fleet_assignment *assignment;
    const struct xfsm_fleet_program *program;
    const struct xfsm_fleet_host *host;
    struct xfsm_fleet *fleet;

    (void) state;
    assert_null(parse(good, &fleet));
    assert_int_equal(shash_count(&fleet->hosts), 2);
    host = shash_find_data(&fleet->hosts, "hv1");
    assert_string_equal(host->name, "hv1");
    assert_string_equal(host->ovsdb, "tcp:192.0.2.1:6640,ssl:192.0.2.2:6640");
    assert_string_equal(host->events, "tcp://192.0.2.1:5560");
    assert_string_equal(host->hub_key,
                        "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID");
    host = shash_find_data(&fleet->hosts, "hv2");
    assert_null(host->events);

    assert_int_equal(shash_count(&fleet->programs), 2);
    program = shash_find_data(&fleet->programs, "portscan");
    assert_string_equal(program->path, "p/portscan.xml");
    assert_null(program->source);
    assert_null(program->image);

    assert_int_equal(shash_count(&fleet->assignments), 2);
    assignment = shash_find_data(&fleet->assignments, "web");
    assert_true(assignment->enabled);
    assert_true(assignment->all_hosts);
    assert_int_equal(sset_count(&assignment->programs), 2);
    assert_string_equal(smap_get(&assignment->target, "bridge"), "br0");
    assert_string_equal(smap_get(&assignment->target, "port"), "vnet7");
    assert_true(xfsm_fleet_assignment_has_host(assignment, "hv1"));
    assignment = shash_find_data(&fleet->assignments, "db");
    assert_false(assignment->enabled);
    assert_false(xfsm_fleet_assignment_has_host(assignment, "hv1"));
    assert_true(xfsm_fleet_assignment_has_host(assignment, "hv2"));
    xfsm_fleet_destroy(fleet);
    xfsm_fleet_destroy(NULL);
}

static void
test_empty(void **state)
{
    struct xfsm_fleet *fleet;

    (void) state;
    assert_null(parse("{'hosts':{},'programs':{},'assignments':[]}", &fleet));
    assert_true(shash_is_empty(&fleet->hosts));
    xfsm_fleet_destroy(fleet);
}

/* Parses 'text' and expects exactly the error lines 'expected'. */
static void
expect_error(const char *text, const char *expected)
{
    struct xfsm_fleet *fleet = NULL;
    char *error = parse(text, &fleet);

    assert_non_null(error);
    assert_null(fleet);
    assert_string_equal(error, expected);
    free(error);
}

/* The rest of a description, once there are hosts, or all but assignments. */
#define REST ",'programs':{},'assignments':[]}"
#define FRONT "{'hosts':{'h':{'ovsdb':'unix:x'}},'programs':{'p':'p.xml'}," \
              "'assignments':["
#define NAMES "the name must be 1 to 63 letters, digits, \"_\", \".\", " \
              "\":\" and \"-\", beginning with a letter or a digit"

static void
test_shape(void **state)
{
    (void) state;
    expect_error("[]", "fleet.json: /: [] is not an object with the members "
                 "\"hosts\", \"programs\" and \"assignments\"");
    expect_error("{'hosts':{},'programs':{},'assignments':[],'host':1}",
                 "fleet.json: /host: unknown member; expected \"hosts\", "
                 "\"programs\" or \"assignments\"");
    expect_error("{}",
                 "fleet.json: /hosts: missing; expected an object\n"
                 "fleet.json: /programs: missing; expected an object\n"
                 "fleet.json: /assignments: missing; expected an array");
    expect_error("{'hosts':[],'programs':1,'assignments':{}}",
                 "fleet.json: /hosts: [] is not an object\n"
                 "fleet.json: /programs: 1 is not an object\n"
                 "fleet.json: /assignments: {} is not an array");
    /* A pointer escapes what a pointer must. */
    expect_error("{'hosts':{},'programs':{},'assignments':[],'a/b~c':1}",
                 "fleet.json: /a~1b~0c: unknown member; expected \"hosts\", "
                 "\"programs\" or \"assignments\"");
}

static void
test_hosts(void **state)
{
    (void) state;
    expect_error("{'hosts':{'a b':{'ovsdb':'unix:x'}}" REST,
                 "fleet.json: /hosts/a b: " NAMES);
    expect_error("{'hosts':{'-a':{'ovsdb':'unix:x'}}" REST,
                 "fleet.json: /hosts/-a: " NAMES);
    expect_error("{'hosts':{'h':'unix:x'}" REST,
                 "fleet.json: /hosts/h: \"unix:x\" is not an object such as "
                 "{\"ovsdb\": \"ssl:IP:PORT\"}");
    expect_error("{'hosts':{'h':{}}" REST,
                 "fleet.json: /hosts/h/ovsdb: missing; expected an OVSDB "
                 "remote: unix:PATH, tcp:IP:PORT or ssl:IP:PORT");
    expect_error("{'hosts':{'h':{'ovsdb':'http://x'}}" REST,
                 "fleet.json: /hosts/h/ovsdb: \"http://x\" is no OVSDB "
                 "remote; expected unix:PATH, tcp:IP:PORT or ssl:IP:PORT");
    expect_error("{'hosts':{'h':{'ovsdb':'tcp:192.0.2.1:1,x'}}" REST,
                 "fleet.json: /hosts/h/ovsdb: \"x\" is no OVSDB "
                 "remote; expected unix:PATH, tcp:IP:PORT or ssl:IP:PORT");
    expect_error("{'hosts':{'h':{'ovsdb':'','event':'y'}}" REST,
                 "fleet.json: /hosts/h/event: unknown member; expected "
                 "\"ovsdb\", \"events\" or \"hub-key\"\n"
                 "fleet.json: /hosts/h/ovsdb: empty; expected an OVSDB "
                 "remote: unix:PATH, tcp:IP:PORT or ssl:IP:PORT");
    expect_error("{'hosts':{'h':{'ovsdb':'unix:x','hub-key':'y'}}" REST,
                 "fleet.json: /hosts/h/hub-key: \"y\" is no public key, "
                 "which has 40 characters, as \"xfsm keygen\" prints it");
    expect_error("{'hosts':{'h':{'ovsdb':'unix:x','events':'udp://y'}}" REST,
                 "fleet.json: /hosts/h/events: \"udp://y\": expected "
                 "ipc://PATH or tcp://HOST:PORT");
    expect_error("{'hosts':{'h':{'ovsdb':'unix:x','events':7}}" REST,
                 "fleet.json: /hosts/h/events: 7 is not a ZeroMQ endpoint: "
                 "ipc://PATH or tcp://HOST:PORT");
}

static void
test_programs(void **state)
{
    (void) state;
    expect_error("{'hosts':{},'programs':{'none':'x'},'assignments':[]}",
                 "fleet.json: /programs/none: a program cannot be called "
                 "\"none\"");
    expect_error("{'hosts':{},'programs':{'p':''},'assignments':[]}",
                 "fleet.json: /programs/p: empty; expected the name of a "
                 "file");
    expect_error("{'hosts':{},'programs':{'p':{}},'assignments':[]}",
                 "fleet.json: /programs/p: {} is not the name of a file, "
                 "such as \"portscan.xml\"");
}

static void
test_assignments(void **state)
{
    (void) state;
    expect_error(FRONT "1]}",
                 "fleet.json: /assignments/0: 1 is not an object");
    expect_error(FRONT "{}]}",
                 "fleet.json: /assignments/0/name: missing; expected a name");
    expect_error(FRONT "{'name':'a'}]}",
                 "fleet.json: /assignments/0/programs: missing; expected an "
                 "array of programs\n"
                 "fleet.json: /assignments/0/hosts: missing; expected an "
                 "array of hosts, or \"*\" for all\n"
                 "fleet.json: /assignments/0/target: missing; expected an "
                 "object such as {\"port\": \"NAME\"}");
    expect_error(FRONT "{'name':'a','programs':['q','p','p',1],"
                 "'target':{'prot':'x'},'hosts':['h2'],'enabled':1}]}",
                 "fleet.json: /assignments/0/programs/0: \"q\" is none of "
                 "the programs in \"programs\"\n"
                 "fleet.json: /assignments/0/programs/2: \"p\" is listed "
                 "twice\n"
                 "fleet.json: /assignments/0/programs/3: 1 is not a string\n"
                 "fleet.json: /assignments/0/hosts/0: \"h2\" is none of the "
                 "hosts in \"hosts\"\n"
                 "fleet.json: /assignments/0/target/prot: unknown key; "
                 "expected \"port\", \"bridge\", \"type\", \"tag\", "
                 "\"iface-id\", \"attached-mac\", \"vm-uuid\", \"vm-id\", "
                 "\"external_ids:KEY\" or \"neutron:KEY\"\n"
                 "fleet.json: /assignments/0/enabled: 1 is neither true nor "
                 "false");
    expect_error(FRONT "{'name':'a','programs':[],'target':{},'hosts':[]}]}",
                 "fleet.json: /assignments/0/programs: empty; expected at "
                 "least one program\n"
                 "fleet.json: /assignments/0/hosts: empty; expected at least "
                 "one host\n"
                 "fleet.json: /assignments/0/target: empty: would match "
                 "nothing; expected an object such as {\"port\": \"NAME\"}");
    expect_error(FRONT
                 "{'name':'a','programs':['p'],'target':{'port':'x'},"
                 "'hosts':'*'},"
                 "{'name':'a','programs':['p'],'target':{'port':'y'},"
                 "'hosts':'*'}]}",
                 "fleet.json: /assignments/1/name: another assignment is "
                 "called \"a\"");
    expect_error(FRONT "{'name':'a','programs':['p'],'target':{'port':''},"
                 "'hosts':'all'}]}",
                 "fleet.json: /assignments/0/hosts: \"all\" is not an array "
                 "of hosts, or \"*\" for all\n"
                 "fleet.json: /assignments/0/target/port: empty; expected a "
                 "string");
}

static char *
set_parameters(struct xfsm_fleet_assignment *a, const char *key,
               const char *value)
{
    struct smap parameters = SMAP_INITIALIZER(&parameters);
    char *error;

    smap_clone(&parameters, &a->parameters);
    smap_replace(&parameters, key, value);
    error = xfsm_fleet_set_parameters(a, &parameters);
    smap_destroy(&parameters);
    return error;
}

static void
expect_bad_parameter(struct xfsm_fleet_assignment *a, const char *key,
                     const char *value, const char *expected)
{
    struct smap none = SMAP_INITIALIZER(&none);
    char *error = set_parameters(a, key, value);

    assert_non_null(error);
    assert_string_equal(error, expected);
    free(error);
    assert_null(xfsm_fleet_set_parameters(a, &none));
}

#define NO_KEY "is not of the form [PROGRAM:]NAME"
#define NO_VALUE "cannot be a value: it is empty, or has a comma or a space"

static void
test_parameters(void **state)
{
    struct xfsm_fleet *fleet;
    struct xfsm_fleet_assignment *a;
    char value[XFSM_FLEET_MAX_PARAMS + 1];
    char *error;

    (void) state;
    assert_null(parse(FRONT "{'name':'a','programs':['p'],'hosts':'*',"
                      "'target':{'port':'x'},"
                      "'parameters':{'n':'1','p:m':'2'}}]}", &fleet));
    a = shash_find_data(&fleet->assignments, "a");
    assert_string_equal(a->params, "p:m=2,p:n=1");
    xfsm_fleet_add_variants(fleet);
    assert_int_equal(shash_count(&fleet->variants), 1);

    /* One that names the program counts more, whatever the order. */
    sset_add(&a->programs, "q");
    assert_null(set_parameters(a, "q:n", "a:b=c"));
    assert_string_equal(a->params, "p:m=2,p:n=1,q:n=a:b=c");
    assert_null(set_parameters(a, "p:n", "4"));
    assert_string_equal(a->params, "p:m=2,p:n=4,q:n=a:b=c");

    expect_bad_parameter(a, "", "1", "parameters:: \"\" " NO_KEY);
    expect_bad_parameter(a, ":n", "1", "parameters::n: \":n\" " NO_KEY);
    expect_bad_parameter(a, "p:", "1", "parameters:p:: \"p:\" " NO_KEY);
    expect_bad_parameter(a, "p:n:m", "1",
                         "parameters:p:n:m: \"p:n:m\" " NO_KEY);
    expect_bad_parameter(a, "n=m", "1", "parameters:n=m: \"n=m\" " NO_KEY);
    expect_bad_parameter(a, "n", "", "parameters:n: \"\" " NO_VALUE);
    expect_bad_parameter(a, "n", "1,q:m=2",
                         "parameters:n: \"1,q:m=2\" " NO_VALUE);
    expect_bad_parameter(a, "r:n", "1", "parameters:r:n: \"r\" is none of the "
                         "programs of the assignment");

    /* The limit, and one past it. */
    sset_find_and_delete(&a->programs, "q");
    memset(value, '1', sizeof value);
    value[XFSM_FLEET_MAX_PARAMS - strlen("p:n=")] = '\0';
    assert_null(set_parameters(a, "n", value));
    value[XFSM_FLEET_MAX_PARAMS - strlen("p:n=")] = '1';
    value[XFSM_FLEET_MAX_PARAMS - strlen("p:n=") + 1] = '\0';
    error = set_parameters(a, "n", value);
    assert_string_equal(error, "parameters: 4097 bytes, written as hosts have "
                        "them; the limit is 4096");
    free(error);
    xfsm_fleet_destroy(fleet);
    expect_error(FRONT "{'name':'a','programs':['p'],'hosts':'*',"
                 "'target':{'port':'x'},'parameters':{'x:n':'1'}}]}",
                 "fleet.json: /assignments/0/parameters: parameters:x:n: "
                 "\"x\" is none of the programs of the assignment");
}

static void
test_tenants(void **state)
{
    const struct smap ids = SMAP_CONST1(&ids, "neutron:project", "blue");
    const struct smap none = SMAP_INITIALIZER(&none);
    struct smap limits = SMAP_INITIALIZER(&limits);
    const struct xfsm_target_place place = {
        .bridge = "br0", .port = "vnet7", .type = "", .tag = -1,
        .interface_ids = &ids, .port_ids = &none,
    };
    struct xfsm_fleet_assignment *a;
    struct xfsm_fleet_tenant *tenant;
    struct xfsm_fleet *fleet;
    char *error;

    (void) state;
    assert_null(parse(FRONT "{'name':'blue.a','programs':['p'],'hosts':['h'],"
                      "'target':{'port':'*'}}]}", &fleet));
    a = shash_find_data(&fleet->assignments, "blue.a");
    tenant = xfsm_fleet_add_tenant(fleet, "blue");
    smap_add(&tenant->target, "neutron:project", "blue");

    /* Limits: none is 0, each has a most. */
    assert_null(xfsm_tenant_read_limits(&limits, &tenant->limits));
    assert_int_equal(tenant->limits.assignments, 64);
    assert_int_equal(tenant->limits.events_rate, 1000);
    smap_replace(&limits, "assignments", "4096");
    smap_replace(&limits, "events-rate", "0");
    assert_null(xfsm_tenant_read_limits(&limits, &tenant->limits));
    assert_int_equal(tenant->limits.events_rate, 0);
    smap_replace(&limits, "assignments", "4097");
    error = xfsm_tenant_read_limits(&limits, &tenant->limits);
    assert_string_equal(error, "limits:assignments=4097 is not a number from "
                        "0 to 4096");
    free(error);
    assert_int_equal(tenant->limits.assignments, 0);
    smap_replace(&limits, "assignments", "1");
    assert_null(xfsm_tenant_read_limits(&limits, &tenant->limits));
    smap_destroy(&limits);

    /* Programs are patterns; without any, there is none. */
    assert_false(xfsm_tenant_may_use(tenant, "p"));
    error = xfsm_fleet_confine(fleet, a, "blue");
    assert_string_equal(error, "tenant blue may not use program p");
    free(error);
    assert_string_equal(smap_get(&a->target, "tenant:neutron:project"),
                        "blue");
    assert_int_equal(sset_count(&a->hosts), 0);
    sset_add(&tenant->programs, "p*");
    assert_true(xfsm_tenant_may_use(tenant, "p2p"));
    assert_false(xfsm_tenant_may_use(tenant, "xp"));

    assert_false(xfsm_tenant_has_port(tenant, "h", &place));
    sset_add(&tenant->hosts, "h");
    assert_true(xfsm_tenant_has_port(tenant, "h", &place));
    assert_false(xfsm_tenant_has_port(tenant, "h2", &place));
    tenant->all_hosts = true;
    assert_true(xfsm_tenant_has_port(tenant, "h2", &place));
    tenant->error = xstrdup("broken");
    assert_false(xfsm_tenant_has_port(tenant, "h", &place));

    assert_true(xfsm_tenant_has_name("blue", "blue.x"));
    assert_false(xfsm_tenant_has_name("blue", "blue."));
    assert_false(xfsm_tenant_has_name("blue", "blue"));
    assert_false(xfsm_tenant_has_name("blue", "bluex.x"));
    assert_false(xfsm_tenant_has_name("blue", "red.blue.x"));
    xfsm_fleet_destroy(fleet);
}

/* Returns a description with 'n' members made by 'format' in 'name'. */
static char *
make_many(const char *name, const char *format, int n)
{
    static const char *const names[] = { "hosts", "programs" };
    struct ds ds = DS_EMPTY_INITIALIZER;
    int i;

    ds_put_char(&ds, '{');
    for (i = 0; i < 2; i++) {
        int k;

        ds_put_format(&ds, "\"%s\":{", names[i]);
        for (k = 0; !strcmp(names[i], name) && k < n; k++) {
            ds_put_format(&ds, "%s\"x%d\":%s", k ? "," : "", k, format);
        }
        ds_put_cstr(&ds, "},");
    }
    ds_put_cstr(&ds, "\"assignments\":[]}");
    return ds_steal_cstr(&ds);
}

static void
check_limit(const char *name, const char *member, int max,
            const char *expected)
{
    struct xfsm_fleet *fleet;
    char *text;

    text = make_many(name, member, max);
    assert_null(parse(text, &fleet));
    xfsm_fleet_destroy(fleet);
    free(text);
    text = make_many(name, member, max + 1);
    expect_error(text, expected);
    free(text);
}

static void
test_limits(void **state)
{
    char name[XFSM_FLEET_MAX_NAME + 2];
    struct xfsm_fleet *fleet;
    char *error;
    char *text;

    (void) state;
    check_limit("hosts", "{'ovsdb':'unix:x'}", XFSM_FLEET_MAX_HOSTS,
                "fleet.json: /hosts: has 16385 members; at most 16384 "
                "are supported");
    check_limit("programs", "'x'", XFSM_FLEET_MAX_PROGRAMS,
                "fleet.json: /programs: has 257 members; at most 256 are "
                "supported");

    memset(name, 'n', sizeof name);
    name[XFSM_FLEET_MAX_NAME] = '\0';
    text = xasprintf("{'hosts':{'%s':{'ovsdb':'unix:x'}}" REST, name);
    assert_null(parse(text, &fleet));
    xfsm_fleet_destroy(fleet);
    free(text);
    name[XFSM_FLEET_MAX_NAME] = 'n';
    name[XFSM_FLEET_MAX_NAME + 1] = '\0';
    text = xasprintf("{'hosts':{'%s':{'ovsdb':'unix:x'}}" REST, name);
    error = parse(text, &fleet);
    assert_non_null(error);
    free(error);
    free(text);

    /* Remotes. */
    text = xasprintf("{'hosts':{'h':{'ovsdb':'%s'}}" REST,
                     "unix:1,unix:2,unix:3,unix:4,unix:5,unix:6,unix:7,"
                     "unix:8,unix:9");
    assert_null(parse(text, &fleet));
    xfsm_fleet_destroy(fleet);
    free(text);
    expect_error("{'hosts':{'h':{'ovsdb':'unix:1,unix:2,unix:3,unix:4,unix:5,"
                 "unix:6,unix:7,unix:8,unix:9,unix:10'}}" REST,
                 "fleet.json: /hosts/h/ovsdb: more than 9 remotes");

    /* Errors beyond the most that are listed are counted. */
    text = make_many("hosts", "1", XFSM_FLEET_MAX_ERRORS + 2);
    error = parse(text, &fleet);
    assert_non_null(strstr(error, "\nfleet.json: 2 more errors"));
    free(error);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_programs),
        cmocka_unit_test(test_assignments),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_tenants),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
