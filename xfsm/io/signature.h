/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_SIGNATURE_H
#define XFSM_IO_SIGNATURE_H 1

/* Signatures of programs: who may say what runs on a host, however it came
 * there.
 *
 * What is signed, with Ed25519 (RFC 8032), is a statement that names the
 * program and its version, and has the SHA-256 digests of its source and of
 * its image:
 *
 *     ovs-xfsm program 2\n
 *     name NAME\n
 *     version NUMBER\n
 *     oldest NUMBER\n
 *     source sha256:HEX\n
 *     image sha256:HEX\n
 *
 * So neither can be replaced, nor either be used under another name.  Both are
 * there because hosts run the image, and compile the source where a port sets
 * parameters.
 *
 * An older version that was signed once stays so, and who may write a database
 * can put it back.  Therefore "oldest": who has taken this version takes none
 * of the name any more that is older than that, see releases.h.  It is not the
 * version itself, as a roll-out that fails must go back without a key: the
 * tool has it be the version that it would go back to.
 *
 * A signature is the text "ed25519:VERSION:OLDEST:" and 88 characters of
 * base64.  It does not say whose it is: each of the keys that are trusted is
 * tried.
 *
 * Keys are files in PEM, as "openssl genpkey -algorithm ed25519" makes them,
 * too.  The keys that are trusted are those of one file, which can have
 * several, or of all files *.pub of a folder.  They are for the file system
 * of whom they protect, never for a database.
 *
 * Thread-safety: a set of keys is not changed once it is read. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Named limits: keys that are trusted, bytes of a file, characters of a
 * digest in hexadecimal, of a number and of a signature, terminators
 * included. */
#define XFSM_SIGNATURE_MAX_KEYS 64
#define XFSM_SIGNATURE_MAX_FILE 65536
#define XFSM_SIGNATURE_DIGEST_SIZE 65
#define XFSM_SIGNATURE_NUMBER_SIZE (19 + 1)
#define XFSM_SIGNATURE_SIZE (8 + 2 * XFSM_SIGNATURE_NUMBER_SIZE + 88 + 1)

/* Ends of names: of files in a folder of keys that are looked at, and of the
 * public key that xfsm_signature_keygen() makes. */
#define XFSM_SIGNATURE_PUBLIC ".pub"

/* What a signature is of.  Strings are borrowed. */
struct xfsm_signed {
    const char *name;
    const char *source_digest;  /* As xfsm_signature_digest() has it. */
    const char *image_digest;
};

/* Which version it is: 1 <= oldest <= version. */
struct xfsm_release {
    int64_t version;
    int64_t oldest;             /* That may run once this one was taken. */
};

struct xfsm_signature_keys;

/* Stores the SHA-256 of the 'len' bytes at 'data', in hexadecimal. */
void xfsm_signature_digest(const void *data, size_t len,
                           char digest[XFSM_SIGNATURE_DIGEST_SIZE]);

/* Makes a key pair: the new files 'path', readable by its owner only, and
 * 'path'.pub.  Returns NULL or an error, which the caller frees, as below. */
char *xfsm_signature_keygen(const char *path);

/* Signs with the key in the file 'path'. */
char *xfsm_signature_sign(const char *path, const struct xfsm_signed *,
                          const struct xfsm_release *,
                          char signature[XFSM_SIGNATURE_SIZE]);

/* Reads the keys of the file or folder 'path'.  No key at all is an error. */
char *xfsm_signature_keys_read(const char *path,
                               struct xfsm_signature_keys **keysp);
void xfsm_signature_keys_destroy(struct xfsm_signature_keys *);

/* How many keys there are. */
size_t xfsm_signature_keys_count(const struct xfsm_signature_keys *);

/* Returns NULL if 'signature', which may be NULL or "", is by one of 'keys',
 * and stores the version that it is of; or says why not. */
char *xfsm_signature_verify(const struct xfsm_signature_keys *keys,
                            const struct xfsm_signed *,
                            const char *signature, struct xfsm_release *);

/* Stores the version that 'signature' says it is of, whoever made it.  Returns
 * false if it is no signature. */
bool xfsm_signature_read_release(const char *signature,
                                 struct xfsm_release *);

#endif /* xfsm/io/signature.h */
