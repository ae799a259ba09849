/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The controller's HTTP server: forms, and its end; and what its toolbox has
 * open.  tests/system/test-rest.py has the rest. */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controller/http.h"
#include "controller/tool.h"
#include "timeval.h"
#include "util.h"

#define DEADLINE 20000          /* ms. */

/* What the server did. */
struct context {
    struct xfsm_http_server *server;
    int port;
    int n_begun, n_handled;
    bool form_ok;
    struct ds fields;           /* "NAME=DATA\n"... */
};

static bool
take_field(void *c_, const char *name, const char *data, size_t len)
{
    struct context *c = c_;

    ds_put_format(&c->fields, "%s=%.*s\n", name, (int) len, data);
    return true;
}

static void
begin(struct xfsm_http_request *request OVS_UNUSED, void *c_)
{
    struct context *c = c_;

    c->n_begun++;
}

static void
handle(struct xfsm_http_request *request, void *c_)
{
    struct context *c = c_;

    c->n_handled++;
    c->form_ok = xfsm_http_read_form(request, take_field, c);
    xfsm_http_reply(request, 200, "text/plain", "well", 4);
}

/* A port that is free now. */
static int
find_port(void)
{
    struct sockaddr_in in = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t len = sizeof in;

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *) &in, sizeof in), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &in, &len), 0);
    close(fd);
    return ntohs(in.sin_port);
}

static void
start(struct context *c)
{
    struct xfsm_http_options o = {
        .rate = 100, .begin = begin, .handle = handle, .aux = c,
    };
    char *listen, *error;

    *c = (struct context) { .port = find_port() };
    ds_init(&c->fields);
    listen = xasprintf("127.0.0.1:%d", c->port);
    o.listen = listen;
    error = xfsm_http_create(&o, &c->server);
    assert_null(error);
    free(listen);
}

static void
stop(struct context *c)
{
    xfsm_http_destroy(c->server);
    ds_destroy(&c->fields);
}

/* Connects and sends 'text'. */
static int
send_text(const struct context *c, const char *text)
{
    const struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_port = htons(c->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *) &in, sizeof in),
                     0);
    assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
    return fd;
}

/* Appends to 'ds' what there is to read.  Returns false after all of it. */
static bool
receive(int fd, struct ds *ds)
{
    char buf[4096];
    ssize_t n = recv(fd, buf, sizeof buf, MSG_DONTWAIT);

    if (n > 0) {
        ds_put_buffer(ds, buf, n);
    }
    return n > 0 || (n < 0 && errno == EAGAIN);
}

/* Sends a form of 'parts' and returns the status of the answer. */
static int
send_form(struct context *c, const char *parts)
{
    char *body = xasprintf("%s--edge--\r\n", parts);
    char *text = xasprintf("POST / HTTP/1.1\r\nHost: a\r\n"
                           "Connection: close\r\nContent-Type: "
                           "multipart/form-data; boundary=edge\r\n"
                           "Content-Length: %"PRIuSIZE"\r\n\r\n%s",
                           strlen(body), body);
    long long int deadline = time_msec() + DEADLINE;
    struct ds answer = DS_EMPTY_INITIALIZER;
    int fd = send_text(c, text);
    int status = 0;

    ds_clear(&c->fields);
    while (receive(fd, &answer) && time_msec() < deadline) {
        xfsm_http_run(c->server);
    }
    ovs_scan(ds_cstr(&answer), "HTTP/1.1 %d", &status);
    ds_destroy(&answer);
    close(fd);
    free(body);
    free(text);
    return status;
}

#define PART(HEADER, DATA) "--edge\r\n" HEADER "\r\n" DATA "\r\n"
#define NAMED(NAME) "Content-Disposition: form-data; name=\"" NAME "\"\r\n"

/* Parts with and without a name. */
static void
test_form(void **state OVS_UNUSED)
{
    struct context c;

    start(&c);
    assert_int_equal(send_form(&c, PART(NAMED("a"), "1")
                               PART(NAMED("b"), "2")), 200);
    assert_true(c.form_ok);
    assert_string_equal(ds_cstr(&c.fields), "a=1\nb=2\n");

    assert_int_equal(send_form(&c, PART("", "1")), 200);
    assert_false(c.form_ok);
    assert_int_equal(send_form(&c, PART("Content-Disposition: form-data\r\n",
                                        "1")), 200);
    assert_false(c.form_ok);
    assert_int_equal(send_form(&c, PART("Content-Type: text/plain\r\n",
                                        "1")), 200);
    assert_false(c.form_ok);
    assert_string_equal(ds_cstr(&c.fields), "");
    stop(&c);
}

/* What comes while the server ends is not shown to anybody: those who handled
 * requests are gone then. */
static void
test_end(void **state OVS_UNUSED)
{
    static const char request[] = "POST / HTTP/1.1\r\nHost: a\r\n"
                                  "Content-Length: 2\r\n\r\n";
    long long int deadline = time_msec() + DEADLINE;
    struct ds answer = DS_EMPTY_INITIALIZER;
    struct context c;
    int fds[2], i;

    start(&c);
    fds[0] = send_text(&c, request);
    while (!c.n_begun && time_msec() < deadline) {
        xfsm_http_run(c.server);
    }
    assert_int_equal(c.n_begun, 1);
    assert_int_equal(send(fds[0], "{}", 2, 0), 2);
    fds[1] = send_text(&c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    xfsm_http_destroy(c.server);
    assert_int_equal(c.n_begun, 1);
    assert_int_equal(c.n_handled, 0);
    for (i = 0; i < 2; i++) {
        while (receive(fds[i], &answer) && time_msec() < deadline) {
            continue;
        }
        close(fds[i]);
    }
    assert_null(strstr(ds_cstr(&answer), "well"));
    ds_destroy(&answer);
    ds_destroy(&c.fields);
}

/* ## tool.h ## */

/* The toolbox has its own pipes, the file if there is one, and nothing that
 * was open here; "ls" has the folder that it lists, besides. */
static void
test_tool(void **state OVS_UNUSED)
{
    const struct xfsm_tool_file file = { "text", 4 };
    char *argv[] = { "/bin/ls", "/proc/self/fd", NULL };
    char *argv_file[] = { "/bin/cat", XFSM_TOOL_FILE, NULL };
    struct ds out = DS_EMPTY_INITIALIZER;
    int open_fd = dup(STDERR_FILENO);
    struct xfsm_tool *tool;
    char *error;
    bool retry;

    assert_true(open_fd > STDERR_FILENO);
    tool = xfsm_tool_start(argv, "", NULL, DEADLINE, &error);
    assert_non_null(tool);
    while (!xfsm_tool_poll(tool)) {
        continue;
    }
    error = xfsm_tool_finish(tool, &out, &retry);
    assert_null(error);
    assert_string_equal(ds_cstr(&out), "0\n1\n2\n3\n");

    ds_clear(&out);
    tool = xfsm_tool_start(argv_file, "", &file, DEADLINE, &error);
    assert_non_null(tool);
    while (!xfsm_tool_poll(tool)) {
        continue;
    }
    error = xfsm_tool_finish(tool, &out, &retry);
    assert_null(error);
    assert_string_equal(ds_cstr(&out), "text");
    ds_destroy(&out);
    close(open_fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_tool),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
