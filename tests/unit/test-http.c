/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/decode-check.h"
#include "xfsm/packet/field.h"

static uint8_t buf[8192];

static void
build(struct packet_builder *b, const char *payload)
{
    pb_init(b, buf, sizeof buf);
    pb_eth(b, NULL, NULL);
    pb_ip(b, "10.0.0.1", "10.0.0.2");
    pb_tcp(b, 40000, 8080, PB_ACK | PB_PSH);
    pb_text(b, payload);
    pb_finish(b);
}

static void
check(const char *payload, const char *method, const char *url,
      const char *host, const char *error)
{
    struct packet_builder b;
    struct decode_check dc;

    build(&b, payload);
    dc_decode_frame(&dc, &b);
    assert_field(&dc, "http_method", method);
    assert_field(&dc, "http_url", url);
    assert_field(&dc, "http_host", host);
    assert_decode_error(&dc, error);
    dc_free(&dc);
}

static void
test_methods(void **state)
{
    (void) state;
    check("GET /a HTTP/1.1\r\n\r\n", "1", "/a", "-", "none");
    check("HEAD /a HTTP/1.0\r\n\r\n", "2", "/a", "-", "none");
    check("POST /a HTTP/1.1\r\n\r\n", "3", "/a", "-", "none");
    check("PUT /a HTTP/1.1\r\n\r\n", "0", "/a", "-", "none");
    check("DELETE /a HTTP/1.1\r\n\r\n", "0", "/a", "-", "none");
    check("OPTIONS * HTTP/1.1\r\n\r\n", "0", "*", "-", "none");
    check("PATCH /a HTTP/1.1\r\n\r\n", "0", "/a", "-", "none");
    check("CONNECT a.example:443 HTTP/1.1\r\n\r\n", "0", "a.example:443", "-",
          "none");
    check("TRACE / HTTP/1.1\r\n\r\n", "0", "/", "-", "none");
}

static void
test_not_http(void **state)
{
    (void) state;
    check("", "-", "-", "-", "none");
    check("HTTP/1.1 200 OK\r\nHost: a.example\r\n\r\n", "-", "-", "-", "none");
    check("get /a HTTP/1.1\r\n\r\n", "-", "-", "-", "none");
    check("GETX /a HTTP/1.1\r\n\r\n", "-", "-", "-", "none");
    check("GET", "-", "-", "-", "none");
    check("OPTIONS sip:a@b.example SIP/2.0\r\n\r\n", "-", "-", "-", "none");
    check("OPTIONS rtsp://a.example/ RTSP/1.0\r\n\r\n", "-", "-", "-",
          "none");
    check("\x16\x03\x01", "-", "-", "-", "none");
}

static void
test_malformed_line(void **state)
{
    (void) state;
    check("GET /a\r\n", "1", "/a", "-", "http_line");
    check("GET /a\n", "1", "/a", "-", "http_line");
    check("GET \r\n", "1", "-", "-", "http_line");
    check("GET  HTTP/1.1\r\nHost: a.example\r\n", "1", "-", "-", "http_line");
    check("GET /a HTTP/\r\nHost: a.example\r\n", "1", "/a", "-", "http_line");
    check("GET /a HT\r\n", "1", "/a", "-", "http_line");
    /* Cut: the target only where its end was seen. */
    check("GET ", "1", "-", "-", "http_line");
    check("GET /a", "1", "-", "-", "http_line");
    check("GET /a ", "1", "/a", "-", "http_line");
    check("GET /a HTTP/1.", "1", "/a", "-", "http_line");
}

static void
test_host(void **state)
{
#define LINE "GET / HTTP/1.1\r\n"
    (void) state;
    check(LINE "Host: a.example\r\n\r\n", "1", "/", "a.example", "none");
    check(LINE "hOsT:a.example\r\n\r\n", "1", "/", "a.example", "none");
    check(LINE "Host: \t a.example \t\r\n\r\n", "1", "/", "a.example", "none");
    check(LINE "Host: a.example\n\n", "1", "/", "a.example", "none");
    check(LINE "Host: A.Example:8080\r\n\r\n", "1", "/", "A.Example", "none");
    check(LINE "Host: [2001:db8::1]:80\r\n\r\n", "1", "/", "[2001:db8::1]",
          "none");
    check(LINE "Host: [2001:db8::1]\r\n\r\n", "1", "/", "[2001:db8::1]",
          "none");
    check(LINE "Host: [2001:db8::1\r\n\r\n", "1", "/", "[2001:db8::1",
          "none");
    check(LINE "Host:\r\n\r\n", "1", "/", "", "none");
    check(LINE "Host: :80\r\n\r\n", "1", "/", "", "none");
    check(LINE "A: b\r\nHost: a.example\r\nHost: b.example\r\n", "1", "/",
          "a.example", "none");
    check(LINE "X-Host: a.example\r\n\r\n", "1", "/", "-", "none");
    check(LINE "Host : a.example\r\n\r\n", "1", "/", "-", "none");
    /* In the body, and not whole. */
    check(LINE "\r\nHost: a.example\r\n", "1", "/", "-", "none");
    check(LINE "Host: a.exam", "1", "/", "-", "none");
#undef LINE
}

/* A request whose Host header is line number 'n', from 1. */
static void
check_nth_host(int n, const char *host)
{
    char request[2048] = "GET / HTTP/1.1\r\n";
    int i;

    for (i = 1; i < n; i++) {
        strcat(request, "Accept: */*\r\n");
    }
    strcat(request, "Host: a.example\r\n\r\n");
    check(request, "1", "/", host, "none");
}

static void
test_header_limit(void **state)
{
    (void) state;
    check_nth_host(XFSM_HTTP_HEADERS_MAX, "a.example");
    check_nth_host(XFSM_HTTP_HEADERS_MAX + 1, "-");
}

static void
test_views_point_into_packet(void **state)
{
    struct packet_builder b;
    struct decode_check dc;

    (void) state;
    build(&b, "GET /index HTTP/1.1\r\nHost: a.example:80\r\n\r\n");
    dc_decode_frame(&dc, &b);
    assert_ptr_equal(dc.packet.http_url.p, dc.data + b.payload_at + 4);
    assert_int_equal(dc.packet.http_url.len, 6);
    assert_int_equal(dc.packet.http_host.len, 9);
    dc_free(&dc);
}

static void
test_not_wanted(void **state)
{
    struct xfsm_fieldset want = { { 0, 0 } };
    struct xfsm_packet packet;
    struct packet_builder b;

    (void) state;
    build(&b, "GET / HTTP/1.1\r\n\r\n");
    pb_packet(&packet, b.buf, b.len, 0, NULL);
    xfsm_decode(&packet, &want);
    assert_false(xfsm_fieldset_has(&packet.present, XFSM_F_HTTP_METHOD));
    assert_true(xfsm_fieldset_has(&packet.present, XFSM_F_PAYLOAD_LEN));

    xfsm_fieldset_add(&want, XFSM_F_HTTP_HOST);
    xfsm_decode(&packet, &want);
    assert_true(xfsm_fieldset_has(&packet.present, XFSM_F_HTTP_METHOD));
}

static void
test_truncated(void **state)
{
    struct packet_builder b;

    (void) state;
    build(&b, "POST /a?b=c HTTP/1.1\r\nAccept: */*\r\n"
          "Host: [2001:db8::1]:80\r\n\r\nbody");
    dc_every_cut_of_frame(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_not_http),
        cmocka_unit_test(test_malformed_line),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_header_limit),
        cmocka_unit_test(test_views_point_into_packet),
        cmocka_unit_test(test_not_wanted),
        cmocka_unit_test(test_truncated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
