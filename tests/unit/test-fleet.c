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
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"

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
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
