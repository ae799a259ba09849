/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_KEYS_H
#define XFSM_IO_KEYS_H 1

/* Keys of CURVE, the encryption and authentication of ZeroMQ (ZMTP RFC 26).
 *
 * Each side has a key pair.  A client must know the server's public key, and
 * the server lets in the clients whose public keys are on its list.  Keys are
 * written in Z85 (ZeroMQ RFC 32): 40 characters for 32 bytes.
 *
 * A key file has a line for each key, and comments after '#':
 *
 *     public-key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
 *     secret-key = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
 *
 * Who can read it can be its owner, so a file with a secret key that others
 * than its owner and group can read is refused.  A list of clients has a
 * public key in each line, bare or in the form above, so that a file of
 * public keys, or several of them joined, is a list too.
 *
 * Limits: files of XFSM_KEYS_FILE_MAX bytes.
 *
 * Thread-safety: these functions keep no state. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters of a key, and room for it with its terminator. */
#define XFSM_KEY_TEXT_LEN 40
#define XFSM_KEY_TEXT_SIZE (XFSM_KEY_TEXT_LEN + 1)

/* Bytes of a key. */
#define XFSM_KEY_BYTES 32

#define XFSM_KEYS_FILE_MAX (256 * 1024)

/* A key pair, as text. */
struct xfsm_key_pair {
    char public_key[XFSM_KEY_TEXT_SIZE];
    char secret_key[XFSM_KEY_TEXT_SIZE];    /* "": not known. */
};

/* A list of public keys. */
struct xfsm_key_list {
    size_t n;
    uint8_t (*keys)[XFSM_KEY_BYTES];
};

/* Makes a new pair.  Returns 0 or a positive errno: ENOTSUP if ZeroMQ was
 * built without CURVE. */
int xfsm_key_pair_generate(struct xfsm_key_pair *);

/* Reads a pair, or, unless 'secret', only a public key, from the file 'path'.
 * Returns NULL or an error that the caller frees. */
char *xfsm_key_pair_read(const char *path, bool secret,
                         struct xfsm_key_pair *);

/* Formats a pair as a key file.  Returns text that the caller frees. */
char *xfsm_key_pair_format(const struct xfsm_key_pair *);

/* Reads a list of public keys from the file 'path'.  Returns NULL or an error
 * that the caller frees; an empty list is an error. */
char *xfsm_key_list_read(const char *path, struct xfsm_key_list *);
void xfsm_key_list_destroy(struct xfsm_key_list *);

/* True if the list has the XFSM_KEY_BYTES at 'key'. */
bool xfsm_key_list_has(const struct xfsm_key_list *, const void *key);

/* True if 'text' is a key. */
bool xfsm_key_is_valid(const char *text);

/* Make 'socket', before it is bound or connected, a server with that pair, or
 * a client with that pair of the server with that public key.  Return 0 or a
 * positive errno. */
int xfsm_key_set_server(void *socket, const struct xfsm_key_pair *);
int xfsm_key_set_client(void *socket, const struct xfsm_key_pair *,
                        const char *server_key);

#endif /* xfsm/io/keys.h */
