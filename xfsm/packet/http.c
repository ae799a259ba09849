/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* HTTP/1 requests (RFC 9112): the request line and the Host header, as far as
 * they lie in the first segment.
 *
 * A payload that merely starts like a request is left to others in silence
 * where its line names another protocol (SIP and RTSP have the same methods).
 * A line without a version, as in HTTP/0.9, is malformed, but servers answer
 * it: method and target are kept.  Where the segment ends within the line, the
 * target is kept only if it is known to be whole. */

#include "xfsm/packet/decode-private.h"

#define HTTP_NAME "HTTP/"
#define HTTP_NAME_LEN 5
#define HOST_NAME "host:"
#define HOST_NAME_LEN 5

struct http_method {
    const char *token;          /* The space that follows included. */
    uint8_t len;                /* Of 'token'. */
    uint8_t method;             /* enum xfsm_http_method. */
};

#define HTTP_METHOD(TOKEN, METHOD) \
    { TOKEN " ", sizeof TOKEN " " - 1, XFSM_HTTP_##METHOD }

static const struct http_method methods[] = {
    HTTP_METHOD("GET", GET),
    HTTP_METHOD("POST", POST),
    HTTP_METHOD("HEAD", HEAD),
    HTTP_METHOD("PUT", OTHER),
    HTTP_METHOD("DELETE", OTHER),
    HTTP_METHOD("OPTIONS", OTHER),
    HTTP_METHOD("PATCH", OTHER),
    HTTP_METHOD("CONNECT", OTHER),
    HTTP_METHOD("TRACE", OTHER),
};

#define N_METHODS (sizeof methods / sizeof methods[0])

/* Takes a method and its space off 'in'; NULL where there is none. */
static const struct http_method *
http_take_method(struct xfsm_bytes *in)
{
    const uint8_t *first = xfsm_bytes_peek(in, 1);
    size_t i;

    if (!first || *first < 'C' || *first > 'T') {
        return NULL;
    }
    for (i = 0; i < N_METHODS; i++) {
        const struct http_method *m = &methods[i];
        const uint8_t *p = xfsm_bytes_peek(in, m->len);

        if (p && !memcmp(p, m->token, m->len)) {
            xfsm_bytes_skip(in, m->len);
            return m;
        }
    }
    return NULL;
}

/* Takes a line and its end (CRLF, or a lone LF) off 'in'. */
static bool
http_take_line(struct xfsm_bytes *in, struct xfsm_bytes *line)
{
    if (!xfsm_bytes_split(in, '\n', line)) {
        return false;
    }
    xfsm_bytes_strip_last(line, '\r');
    return true;
}

static struct xfsm_str
http_str(const struct xfsm_bytes *b)
{
    struct xfsm_str s;

    s.p = (const char *) b->p;
    s.len = xfsm_bytes_remaining(b);
    return s;
}

/* Tells whether 'line' is a Host header; leaves its value in it if so. */
static bool
http_match_host(struct xfsm_bytes *line)
{
    const uint8_t *p = xfsm_bytes_peek(line, HOST_NAME_LEN);
    size_t i;

    if (!p) {
        return false;
    }
    for (i = 0; i < HOST_NAME_LEN; i++) {
        uint8_t c = p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 0x20 : p[i];

        if (c != (uint8_t) HOST_NAME[i]) {
            return false;
        }
    }
    xfsm_bytes_skip(line, HOST_NAME_LEN);
    while (xfsm_bytes_strip_first(line, ' ')
           || xfsm_bytes_strip_first(line, '\t')) {
        continue;
    }
    while (xfsm_bytes_strip_last(line, ' ')
           || xfsm_bytes_strip_last(line, '\t')) {
        continue;
    }
    return true;
}

/* Cuts ":port" off a Host value, but not a part of an IPv6 literal. */
static void
http_cut_port(struct xfsm_bytes *host)
{
    struct xfsm_bytes rest = *host;
    struct xfsm_bytes literal, name;

    if (xfsm_bytes_strip_first(&rest, '[')) {
        if (xfsm_bytes_split(&rest, ']', &literal)) {
            xfsm_bytes_limit(host, xfsm_bytes_remaining(&literal) + 2);
        }
    } else if (xfsm_bytes_split(&rest, ':', &name)) {
        *host = name;
    }
}

/* Looks for the Host header in the header lines at 'in'. */
static void
http_find_host(struct xfsm_decoder *d, struct xfsm_bytes *in)
{
    struct xfsm_bytes line;
    int n;

    for (n = 0; n < XFSM_HTTP_HEADERS_MAX; n++) {
        if (!http_take_line(in, &line) || !xfsm_bytes_remaining(&line)) {
            return;
        }
        if (http_match_host(&line)) {
            http_cut_port(&line);
            d->packet->http_host = http_str(&line);
            XFSM_GOT(d->present, HTTP_HOST);
            return;
        }
    }
}

/* Tells whether 'version' may still be, or is, that of HTTP. */
static bool
http_is_version(const struct xfsm_bytes *version)
{
    size_t len = xfsm_bytes_remaining(version);

    return !memcmp(version->p, HTTP_NAME,
                   len < HTTP_NAME_LEN ? len : HTTP_NAME_LEN);
}

bool
xfsm_decode_http(struct xfsm_decoder *d)
{
    struct xfsm_packet *packet = d->packet;
    struct xfsm_bytes in = d->in;
    const struct http_method *method = http_take_method(&in);
    struct xfsm_bytes line, target;
    bool whole, has_target, has_version;

    if (!method) {
        return false;
    }
    whole = http_take_line(&in, &line);
    if (!whole) {
        line = in;
    }
    has_target = has_version = xfsm_bytes_split(&line, ' ', &target);
    if (has_version) {
        if (!http_is_version(&line)) {
            return false;
        }
        has_version = whole && xfsm_bytes_remaining(&line) > HTTP_NAME_LEN;
    } else if (whole) {
        target = line;
        has_target = true;
    }
    packet->http_method = method->method;
    XFSM_GOT(d->present, HTTP_METHOD);
    has_target = has_target && xfsm_bytes_remaining(&target);
    if (has_target) {
        packet->http_url = http_str(&target);
        XFSM_GOT(d->present, HTTP_URL);
    }
    if (has_target && has_version) {
        http_find_host(d, &in);
    } else {
        xfsm_decoder_fail(d, XFSM_DE_HTTP_LINE);
    }
    return true;
}
