/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* TLS ClientHello (RFC 8446 section 4.1.2, older ones alike): who a client
 * wants to talk to (RFC 6066), in which protocol (RFC 7301), and what kind of
 * client it is.
 *
 * Only the first record of the first segment is looked at.  A hello that goes
 * on in another one yields what was found up to there, and the error
 * tls_short; tls_version then only if its extension was found.
 *
 * The fingerprint tells one TLS implementation from another, as JA3 and JA4
 * do, but is neither: it is a number, made of
 *
 *     H(0, highest version offered)
 *     + the sum of H(1, cipher suite) + the sum of H(2, extension),
 *
 * modulo 2^64, where H(t, v) is 64-bit FNV-1a over the three bytes t, v / 256,
 * v % 256.  A sum does not depend on the order, which browsers shuffle, and
 * takes no sorting.  Left out are GREASE values (RFC 8701), which are random,
 * and the extensions that one client sends at one time and not at another: 0
 * server name, 16 application protocol, 21 padding, 41 pre-shared key, 42
 * early data, 44 cookie. */

#include "xfsm/packet/decode-private.h"

#define TLS_RECORD_LEN 5
#define TLS_HANDSHAKE_LEN 4
#define TLS_START_LEN (TLS_RECORD_LEN + 1)      /* What tells a hello. */
#define TLS_RANDOM_LEN 32

#define TLS_RECORD_HANDSHAKE 22
#define TLS_CLIENT_HELLO 1
#define TLS_MAJOR 3

enum {
    TLS_EXT_SERVER_NAME = 0,
    TLS_EXT_ALPN = 16,
    TLS_EXT_PADDING = 21,
    TLS_EXT_PRE_SHARED_KEY = 41,
    TLS_EXT_EARLY_DATA = 42,
    TLS_EXT_VERSIONS = 43,
    TLS_EXT_COOKIE = 44,
};

#define TLS_NAME_HOST 0

/* First byte of what is hashed. */
enum {
    TLS_JA_VERSION = 0,
    TLS_JA_CIPHER = 1,
    TLS_JA_EXTENSION = 2,
};

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

struct tls_hello {
    struct xfsm_decoder *d;
    uint16_t version;           /* In the hello itself. */
    uint16_t best;              /* Highest in the extension, 0: none. */
    bool deep;                  /* A limit was passed. */
    uint64_t ja;                /* Sum so far. */
};

static uint64_t
tls_hash(uint8_t tag, uint16_t value)
{
    uint64_t h = (FNV_OFFSET ^ tag) * FNV_PRIME;

    h = (h ^ value >> 8) * FNV_PRIME;
    return (h ^ (value & 0xff)) * FNV_PRIME;
}

static bool
tls_is_grease(uint16_t value)
{
    return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* Takes a vector of bytes with a length of one byte, of two, off 'at'. */
static bool
tls_take_vector8(struct xfsm_bytes *at, struct xfsm_bytes *vector)
{
    uint8_t len;

    return xfsm_bytes_u8(at, &len) && xfsm_bytes_sub(at, len, vector);
}

static bool
tls_take_vector16(struct xfsm_bytes *at, struct xfsm_bytes *vector)
{
    uint16_t len;

    return xfsm_bytes_be16(at, &len) && xfsm_bytes_sub(at, len, vector);
}

static bool
tls_take_ciphers(struct tls_hello *hello, struct xfsm_bytes *at)
{
    struct xfsm_bytes ciphers;
    uint16_t cipher;
    int n;

    if (!tls_take_vector16(at, &ciphers)) {
        return false;
    }
    for (n = 0; xfsm_bytes_be16(&ciphers, &cipher); n++) {
        if (n == XFSM_TLS_CIPHERS_MAX) {
            hello->deep = true;
            break;
        }
        if (!tls_is_grease(cipher)) {
            hello->ja += tls_hash(TLS_JA_CIPHER, cipher);
        }
    }
    return true;
}

/* Stores a server name in lower case: where it is, or in scratch memory where
 * that takes a change. */
static void
tls_set_name(struct xfsm_decoder *d, const struct xfsm_bytes *name)
{
    struct xfsm_packet *packet = d->packet;
    size_t len = xfsm_bytes_remaining(name);
    const uint8_t *p = xfsm_bytes_peek(name, len);
    bool upper = false;
    size_t i;

    for (i = 0; i < len; i++) {
        upper |= (uint8_t) (p[i] - 'A') < 26;
    }
    packet->tls_sni.p = (const char *) p;
    packet->tls_sni.len = (uint32_t) len;
    if (upper) {
        if (!packet->scratch) {
            return;
        }
        for (i = 0; i < len; i++) {
            bool is_upper = (uint8_t) (p[i] - 'A') < 26;

            packet->scratch[i] = (char) (p[i] | (is_upper ? 0x20 : 0));
        }
        packet->tls_sni.p = packet->scratch;
    }
    XFSM_GOT(d->present, TLS_SNI);
}

_Static_assert(XFSM_TLS_NAME_MAX <= XFSM_PACKET_SCRATCH,
               "a server name fits the scratch memory");

/* The first name in a server name extension, if it is a host's. */
static bool
tls_read_name(struct tls_hello *hello, struct xfsm_bytes *ext)
{
    struct xfsm_bytes list, name;
    uint8_t type;

    if (!xfsm_bytes_remaining(ext)) {
        return true;
    }
    if (!tls_take_vector16(ext, &list) || !xfsm_bytes_u8(&list, &type)
        || !tls_take_vector16(&list, &name)
        || xfsm_bytes_remaining(&name) > XFSM_TLS_NAME_MAX) {
        return false;
    }
    if (type == TLS_NAME_HOST && xfsm_bytes_remaining(&name)
        && !xfsm_fieldset_has(&hello->d->present, XFSM_F_TLS_SNI)) {
        tls_set_name(hello->d, &name);
    }
    return true;
}

static bool
tls_read_alpn(struct tls_hello *hello, struct xfsm_bytes *ext)
{
    struct xfsm_decoder *d = hello->d;
    struct xfsm_bytes list, name;

    if (!tls_take_vector16(ext, &list) || !tls_take_vector8(&list, &name)) {
        return false;
    }
    if (!xfsm_fieldset_has(&d->present, XFSM_F_TLS_ALPN)) {
        d->packet->tls_alpn.len = (uint32_t) xfsm_bytes_remaining(&name);
        d->packet->tls_alpn.p
            = (const char *) xfsm_bytes_peek(&name, d->packet->tls_alpn.len);
        XFSM_GOT(d->present, TLS_ALPN);
    }
    return true;
}

/* Versions of drafts are passed over. */
static bool
tls_read_versions(struct tls_hello *hello, struct xfsm_bytes *ext)
{
    struct xfsm_bytes list;
    uint16_t version;

    if (!tls_take_vector8(ext, &list)) {
        return false;
    }
    while (xfsm_bytes_be16(&list, &version)) {
        if (version >> 8 == TLS_MAJOR && version > hello->best) {
            hello->best = version;
        }
    }
    return true;
}

static bool
tls_read_extension(struct tls_hello *hello, uint16_t type,
                   struct xfsm_bytes *ext)
{
    if (tls_is_grease(type)) {
        return true;
    }
    switch (type) {
    case TLS_EXT_SERVER_NAME:
        return tls_read_name(hello, ext);
    case TLS_EXT_ALPN:
        return tls_read_alpn(hello, ext);
    case TLS_EXT_PADDING:
    case TLS_EXT_PRE_SHARED_KEY:
    case TLS_EXT_EARLY_DATA:
    case TLS_EXT_COOKIE:
        return true;
    default:
        break;
    }
    hello->ja += tls_hash(TLS_JA_EXTENSION, type);
    return type != TLS_EXT_VERSIONS || tls_read_versions(hello, ext);
}

static bool
tls_walk_extensions(struct tls_hello *hello, struct xfsm_bytes *at)
{
    int n;

    for (n = 0; xfsm_bytes_remaining(at); n++) {
        struct xfsm_bytes ext;
        uint16_t type;

        if (n == XFSM_TLS_EXTENSIONS_MAX) {
            hello->deep = true;
            return true;
        }
        if (!xfsm_bytes_be16(at, &type) || !tls_take_vector16(at, &ext)
            || !tls_read_extension(hello, type, &ext)) {
            return false;
        }
    }
    return true;
}

/* Goes through the hello at 'at', after its handshake header.  False where
 * that does not end well. */
static bool
tls_walk_hello(struct tls_hello *hello, struct xfsm_bytes *at)
{
    struct xfsm_bytes vector, extensions;
    uint16_t len;

    if (!xfsm_bytes_be16(at, &hello->version)
        || !xfsm_bytes_skip(at, TLS_RANDOM_LEN)
        || !tls_take_vector8(at, &vector)       /* Session. */
        || !tls_take_ciphers(hello, at)
        || !tls_take_vector8(at, &vector)) {    /* Compression. */
        return false;
    }
    if (!xfsm_bytes_remaining(at)) {
        return true;            /* From before there were extensions. */
    }
    if (!xfsm_bytes_be16(at, &len)) {
        return false;
    }
    extensions = *at;
    xfsm_bytes_limit(&extensions, len);
    return (tls_walk_extensions(hello, &extensions)
            && (hello->deep || xfsm_bytes_remaining(at) >= len));
}

/* Stores what is known after the walk, to its end where 'whole'. */
static void
tls_finish(struct tls_hello *hello, bool whole)
{
    struct xfsm_decoder *d = hello->d;
    uint16_t version = hello->best ? hello->best : hello->version;

    if (hello->best || whole) {
        d->packet->tls_version = version;
        XFSM_GOT(d->present, TLS_VERSION);
    }
    if (whole) {
        d->packet->tls_ja = hello->ja + tls_hash(TLS_JA_VERSION, version);
        XFSM_GOT(d->present, TLS_JA);
    }
}

bool
xfsm_decode_tls(struct xfsm_decoder *d)
{
    const uint8_t *start = xfsm_bytes_peek(&d->in, TLS_START_LEN);
    struct tls_hello hello = { .d = d };
    struct xfsm_bytes at = d->in;
    const uint8_t *header;
    bool complete, ok;
    uint32_t len;

    if (!start || start[0] != TLS_RECORD_HANDSHAKE || start[1] != TLS_MAJOR
        || start[5] != TLS_CLIENT_HELLO) {
        return false;
    }
    xfsm_bytes_skip(&at, TLS_RECORD_LEN);
    xfsm_bytes_limit(&at, xfsm_load_be16(start + 3));
    header = xfsm_bytes_take(&at, TLS_HANDSHAKE_LEN);
    if (!header) {
        xfsm_decoder_fail(d, XFSM_DE_TLS_SHORT);
        return true;
    }
    len = xfsm_load_be24(header + 1);
    complete = xfsm_bytes_remaining(&at) >= len;
    xfsm_bytes_limit(&at, len);

    ok = tls_walk_hello(&hello, &at);
    tls_finish(&hello, ok && complete && !hello.deep);
    if (hello.deep) {
        xfsm_decoder_fail(d, XFSM_DE_TLS_DEEP);
    } else if (!ok || !complete) {
        xfsm_decoder_fail(d, complete ? XFSM_DE_TLS_HELLO
                                      : XFSM_DE_TLS_SHORT);
    }
    return true;
}
