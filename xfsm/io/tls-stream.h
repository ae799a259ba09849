/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_TLS_STREAM_H
#define XFSM_IO_TLS_STREAM_H 1

/* A connection to a server over TLS, on which is written.
 *
 * TLS 1.2 or later by OpenSSL.  The server must show a certificate that a CA
 * in 'ca' (or, without, one that the system trusts) signed for the very name
 * or address that was connected to; there is no way around that.  It may ask
 * for ours.
 *
 * Nothing waits for more than XFSM_TLS_PATIENCE_MS, apart from the look-up of
 * a name, which is the C library's.
 *
 * What was written is on its way: TLS tells nobody whether it arrived.
 *
 * SIGPIPE must be ignored, or a peer that is gone ends the process.
 *
 * Thread-safety: a stream belongs to one thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XFSM_TLS_PATIENCE_MS 3000

struct xfsm_tls_options {
    const char *ca;             /* File of CAs (PEM); NULL: the system's. */
    const char *cert;           /* Own certificate and key (PEM), or NULL. */
};

struct xfsm_tls_stream;

/* Reads the options' files.  Returns NULL and stores a stream that is not
 * connected in '*sp', or an error that the caller frees. */
char *xfsm_tls_stream_create(const struct xfsm_tls_options *,
                             const char *host, const char *port,
                             struct xfsm_tls_stream **sp);
void xfsm_tls_stream_destroy(struct xfsm_tls_stream *);

/* Writes all 'len' bytes, after connecting where that is needed.  Returns 0,
 * EPROTO if the server's certificate or anything else about TLS is wrong
 * (xfsm_tls_stream_why() tells), or another positive errno.  After an error
 * the connection is closed, and the next call makes another one. */
int xfsm_tls_stream_write(struct xfsm_tls_stream *, const void *data,
                          size_t len);

/* True if there is a connection that the server has not closed, as far as that
 * is known; one that it has is closed here, too. */
bool xfsm_tls_stream_is_connected(struct xfsm_tls_stream *);

/* Bytes written on the connection that there is, of TLS and not of data, and
 * how many of them the server's host has acknowledged. */
void xfsm_tls_stream_get_bytes(const struct xfsm_tls_stream *,
                               uint64_t *written, uint64_t *acked);

/* What was wrong last, "" if nothing. */
const char *xfsm_tls_stream_why(const struct xfsm_tls_stream *);

#endif /* xfsm/io/tls-stream.h */
