/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Events in the forms of other software, and as syslog messages. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "xfsm/io/render.h"
#include "xfsm/io/syslog.h"

static const char sample[] =
    "{\"v\":1,\"time\":\"2026-11-23T16:42:36.123456789Z\","
    "\"label\":\"alert\",\"program\":\"portscan\",\"version\":\"1.0\","
    "\"host\":\"hv1\",\"bridge\":\"br0\",\"port\":\"vnet7\","
    "\"interface_uuid\":\"6f1c9d3e-0000-4000-8000-00000000000a\","
    "\"epoch\":5,\"seq\":17,\"state\":\"s\",\"next_state\":\"t\","
    "\"code\":\"PS1\","
    "\"external_ids\":{\"iface-id\":\"if\",\"vm-uuid\":\"u\",\"vm-id\":\"i\"},"
    "\"level\":\"HIGH\",\"description\":\"Port scan\","
    "\"attack\":\"T1046\",\"text\":\"of \\\"x\\\"]\","
    "\"key\":{\"ip_src\":\"10.0.0.1\",\"ip_dst\":\"10.0.0.2\","
    "\"dst_port\":80,\"proto\":6,\"eth_src\":\"02:00:00:00:00:0a\"}}";

static char buf[XFSM_RENDER_MAX];

static struct xfsm_event_view
decode(const char *text)
{
    struct xfsm_event_view view;

    assert_true(xfsm_event_decode(text, strlen(text), &view));
    return view;
}

static void
expect_part(const char *part)
{
    if (!strstr(buf, part)) {
        fail_msg("no %s in %s", part, buf);
    }
}

static void
render(enum xfsm_renderer renderer, const char *text)
{
    struct xfsm_event_view view = decode(text);
    struct xfsm_event_view again;
    size_t len = xfsm_render(renderer, &view, buf);
    char *wrapped;

    assert_int_equal(len, strlen(buf));
    /* JSON on one line of ASCII. */
    wrapped = malloc(len + 16);
    sprintf(wrapped, "{\"x\":%s}", buf);
    assert_true(xfsm_event_decode(wrapped, strlen(wrapped), &again));
    free(wrapped);
}

static void
test_eve(void **state)
{
    (void) state;
    render(XFSM_RENDER_eve, sample);
    assert_memory_equal(buf, "{\"timestamp\":\"2026-11-23T16:42:36.123456"
                        "+0000\",\"event_type\":\"alert\",\"host\":\"hv1\","
                        "\"in_iface\":\"vnet7\",\"src_ip\":\"10.0.0.1\","
                        "\"dest_ip\":\"10.0.0.2\",\"dest_port\":80,"
                        "\"proto\":\"TCP\",\"alert\":{\"action\":\"allowed\","
                        "\"gid\":1,\"signature_id\":", 196);
    expect_part("\"signature\":\"Port scan\",\"category\":\"portscan\","
                "\"severity\":1,\"metadata\":{\"mitre_technique_id\":"
                "[\"T1046\"]}}");
    expect_part("\"message\":\"of \\\"x\\\"]\"");
    expect_part("\"interface_uuid\":\"6f1c9d3e-0000-4000-8000-00000000000a\","
                "\"external_ids\":{\"iface-id\":\"if\",");
    expect_part("\"state\":\"s\",\"next_state\":\"t\"");
    render(XFSM_RENDER_eve, "{\"label\":\"log\",\"program\":\"p\"}");
    expect_part("\"event_type\":\"xfsm\"");
    assert_null(strstr(buf, "alert"));
}

static void
test_signature_id(void **state)
{
    char first[XFSM_RENDER_MAX];

    (void) state;
    render(XFSM_RENDER_eve, "{\"label\":\"alert\",\"program\":\"p\","
                            "\"code\":\"A\"}");
    strcpy(first, strstr(buf, "\"signature_id\""));
    render(XFSM_RENDER_eve, "{\"label\":\"alert\",\"program\":\"p\","
                            "\"code\":\"A\",\"seq\":9}");
    assert_memory_equal(first, strstr(buf, "\"signature_id\""), 20);
    render(XFSM_RENDER_eve, "{\"label\":\"alert\",\"program\":\"p\","
                            "\"code\":\"B\"}");
    assert_memory_not_equal(first, strstr(buf, "\"signature_id\""), 20);
}

static void
test_ecs(void **state)
{
    (void) state;
    render(XFSM_RENDER_ecs, sample);
    expect_part("{\"@timestamp\":\"2026-11-23T16:42:36.123456789Z\","
                "\"ecs\":{\"version\":\"8.11.0\"}");
    expect_part("\"event\":{\"kind\":\"alert\",\"category\":[\"network\","
                "\"intrusion_detection\"],\"type\":[\"info\"]");
    expect_part("\"severity\":73");
    expect_part("\"source\":{\"address\":\"10.0.0.1\",\"ip\":\"10.0.0.1\","
                "\"mac\":\"02-00-00-00-00-0A\"}");
    expect_part("\"destination\":{\"address\":\"10.0.0.2\","
                "\"ip\":\"10.0.0.2\",\"port\":80}");
    expect_part("\"network\":{\"transport\":\"tcp\",\"type\":\"ipv4\"}");
    expect_part("\"threat\":{\"framework\":\"MITRE ATT&CK\","
                "\"technique\":{\"id\":[\"T1046\"]}}");
    expect_part("\"rule\":{\"name\":\"portscan\",\"version\":\"1.0\"");
    expect_part("\"ingress\":{\"interface\":{\"id\":\"6f1c9d3e-0000-4000-"
                "8000-00000000000a\",\"name\":\"vnet7\","
                "\"alias\":\"if\"}}");
    expect_part("\"cloud\":{\"instance\":{\"id\":\"u\"}}");
    render(XFSM_RENDER_ecs, "{\"label\":\"log\","
                            "\"external_ids\":{\"vm-id\":\"i\"}}");
    expect_part("\"cloud\":{\"instance\":{\"id\":\"i\"}}");
    render(XFSM_RENDER_ecs, "{\"label\":\"log\","
                            "\"external_ids\":{\"iface-id\":\"f\"}}");
    assert_null(strstr(buf, "\"cloud\""));
    render(XFSM_RENDER_ecs,
           "{\"label\":\"feature\",\"key\":{\"ip_src\":\"2001:db8::1\"},"
           "\"fields\":{\"domain_name\":\"example.org\",\"vlan_id\":5}}");
    expect_part("\"kind\":\"metric\"");
    expect_part("\"type\":\"ipv6\",\"vlan\":{\"id\":\"5\"}");
    expect_part("\"dns\":{\"question\":{\"name\":\"example.org\"}}");
}

static void
test_ocsf(void **state)
{
    (void) state;
    render(XFSM_RENDER_ocsf, sample);
    expect_part("\"class_uid\":2004");
    expect_part("\"type_uid\":200401");
    expect_part("\"interface_uid\":\"6f1c9d3e-0000-4000-8000-00000000000a\"");
    expect_part("\"resources\":[{\"type\":\"Virtual Machine\","
                "\"uid\":\"u\"}]");
    expect_part("\"time\":1795452156123,");
    expect_part("\"severity_id\":4,\"severity\":\"High\"");
    expect_part("\"uid\":\"hv1/br0/vnet7/5/17\",\"title\":\"Port scan\"");
    expect_part("\"attacks\":[{\"version\":\"15.1\",\"technique\":"
                "{\"uid\":\"T1046\"}}]");
    expect_part("\"src_endpoint\":{\"ip\":\"10.0.0.1\","
                "\"mac\":\"02:00:00:00:00:0a\"},"
                "\"dst_endpoint\":{\"ip\":\"10.0.0.2\",\"port\":80},"
                "\"connection_info\":{\"direction_id\":0,\"protocol_num\":6,"
                "\"protocol_ver_id\":4}");
}

/* The longest event fits. */
static void
test_longest(void **state)
{
    char *text = malloc(XFSM_EVENT_JSON_MAX);
    int i, n;

    (void) state;
    n = sprintf(text, "{\"label\":\"alert\",\"fields\":{\"x\":\"");
    memset(text + n, 'y', XFSM_EVENT_JSON_MAX - (size_t) n);
    strcpy(text + XFSM_EVENT_JSON_MAX - 4, "\"}}");
    for (i = 0; i < XFSM_N_RENDERERS; i++) {
        render((enum xfsm_renderer) i, text);
    }
    n = sprintf(text, "{\"label\":\"alert\",\"text\":\"");
    memset(text + n, 'y', XFSM_EVENT_JSON_MAX - (size_t) n);
    strcpy(text + XFSM_EVENT_JSON_MAX - 3, "\"}");
    for (i = 0; i < XFSM_N_RENDERERS; i++) {
        render((enum xfsm_renderer) i, text);
        assert_int_equal(buf[strlen(buf) - 1], '}');
    }
    for (i = 0; i < XFSM_N_RENDERERS; i++) {
        render((enum xfsm_renderer) i, "{}");
    }
    free(text);
}

static void
test_severity(void **state)
{
    static const struct {
        const char *text;
        enum xfsm_severity severity;
    } cases[] = {
        { "{\"label\":\"log\"}", XFSM_SEVERITY_INFO },
        { "{\"label\":\"alert\"}", XFSM_SEVERITY_HIGH },
        { "{\"label\":\"critical\"}", XFSM_SEVERITY_CRITICAL },
        { "{\"label\":\"critical\",\"level\":\"low\"}", XFSM_SEVERITY_LOW },
        { "{\"label\":\"log\",\"level\":\"Warn\"}", XFSM_SEVERITY_MEDIUM },
        { "{\"label\":\"alert\",\"level\":\"odd\"}", XFSM_SEVERITY_HIGH },
    };
    struct xfsm_event_view view;
    size_t i;

    (void) state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        view = decode(cases[i].text);
        assert_int_equal(xfsm_event_severity(&view), cases[i].severity);
    }
}

static void
test_names(void **state)
{
    enum xfsm_renderer r;

    (void) state;
    assert_true(xfsm_renderer_from_name("ocsf", &r));
    assert_int_equal(r, XFSM_RENDER_ocsf);
    assert_false(xfsm_renderer_from_name("", &r));
    assert_false(xfsm_renderer_from_name("EVE", &r));
}

/* ## Syslog. ## */

static void
test_syslog_format(void **state)
{
    struct xfsm_event_view view = decode(sample);
    char line[512];

    (void) state;
    xfsm_syslog_format(&view, "hello", 5, line, sizeof line);
    assert_string_equal(line, "<131>1 2026-11-23T16:42:36.123456Z hv1 "
                        "ovs-xfsm - alert [xfsm@32473 program=\"portscan\" "
                        "bridge=\"br0\" port=\"vnet7\" epoch=\"5\" "
                        "seq=\"17\"] hello");
    view = decode("{\"host\":\"a b\",\"port\":\"x]\\\"y\\\\\"}");
    xfsm_syslog_format(&view, "", 0, line, sizeof line);
    assert_string_equal(line, "<134>1 - a_b ovs-xfsm - - [xfsm@32473 "
                        "program=\"\" bridge=\"\" port=\"x\\]\\\"y\\\\\" "
                        "epoch=\"0\" seq=\"0\"] ");
    assert_int_equal(xfsm_syslog_format(&view, "", 0, line, 10), 9);
    assert_int_equal(strlen(line), 9);
}

static const struct xfsm_tls_options tls = { .ca = "/nonexistent/ca" };

static void
expect_refused(const char *where, const char *text)
{
    struct xfsm_syslog *sink;
    char *error = xfsm_syslog_open(where, &tls, &sink);

    assert_non_null(error);
    if (!strstr(error, text)) {
        fail_msg("%s", error);
    }
    free(error);
}

static int
listen_unix(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    unlink(path);
    strcpy(un.sun_path, path);
    assert_int_equal(bind(fd, (struct sockaddr *) &un, sizeof un), 0);
    return fd;
}

static void
test_syslog_send(void **state)
{
    char dir[] = "/tmp/xfsm-test-syslog-XXXXXX";
    char path[64], where[80], line[512];
    struct xfsm_event_view view = decode(sample);
    struct xfsm_syslog *sink;
    ssize_t n;
    int fd;

    (void) state;
    expect_refused("", "expected unix:PATH");
    expect_refused("udp:10.0.0.1:514", "loopback");
    expect_refused("udp:[2001:db8::1]:514", "loopback");
    expect_refused("udp:127.0.0.1:0", "expected");
    expect_refused("udp:127.0.0.1", "expected");
    expect_refused("udp:localhost:514", "expected");
    expect_refused("unix:", "expected");
    expect_refused("tls:", "expected tls:HOST");
    expect_refused("tls::6514", "expected tls:HOST");
    expect_refused("tls:host:", "expected tls:HOST");
    expect_refused("tls:host:65536", "expected tls:HOST");
    expect_refused("tls:[::1", "expected tls:[ADDRESS]");
    expect_refused("tls:[::1]x", "expected tls:[ADDRESS]");
    expect_refused("tls:host", "/nonexistent/ca: no certificates");
    expect_refused("tls:[::1]:6514", "/nonexistent/ca: no certificates");
    expect_refused("unix:/nonexistent/log", "No such file");

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/log", dir);
    snprintf(where, sizeof where, "unix:%s", path);
    fd = listen_unix(path);
    assert_null(xfsm_syslog_open(where, &tls, &sink));
    assert_int_equal(xfsm_syslog_send(sink, &view, "m", 1), 0);
    n = recv(fd, line, sizeof line, 0);
    assert_true(n > 0 && line[n - 1] == 'm');

    /* The daemon goes, and comes back. */
    close(fd);
    unlink(path);
    assert_int_not_equal(xfsm_syslog_send(sink, &view, "m", 1), 0);
    assert_int_equal(xfsm_syslog_lost(sink), 1);
    fd = listen_unix(path);
    assert_int_equal(xfsm_syslog_send(sink, &view, "m", 1), 0);
    assert_true(recv(fd, line, sizeof line, 0) > 0);
    assert_int_equal(xfsm_syslog_lost(sink), 1);
    xfsm_syslog_close(sink);
    xfsm_syslog_close(NULL);
    close(fd);
    unlink(path);
    rmdir(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eve),
        cmocka_unit_test(test_signature_id),
        cmocka_unit_test(test_ecs),
        cmocka_unit_test(test_ocsf),
        cmocka_unit_test(test_longest),
        cmocka_unit_test(test_severity),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_syslog_format),
        cmocka_unit_test(test_syslog_send),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
