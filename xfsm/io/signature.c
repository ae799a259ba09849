/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/signature.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xfsm/base/base64.h"
#include "xfsm/base/error.h"

#define PREFIX "ed25519:"
#define SIGNATURE_BYTES 64
#define BASE64_CHARS 88
#define SHA256_BYTES 32

/* Longest statement: a name has 63 characters. */
#define STATEMENT_SIZE 512

struct xfsm_signature_keys {
    size_t n;
    EVP_PKEY *keys[XFSM_SIGNATURE_MAX_KEYS];
};

void
xfsm_signature_digest(const void *data, size_t len,
                      char digest[XFSM_SIGNATURE_DIGEST_SIZE])
{
    unsigned char bytes[SHA256_BYTES];
    size_t i;

    if (!EVP_Digest(data, len, bytes, NULL, EVP_sha256(), NULL)) {
        abort();                /* SHA-256 is always there. */
    }
    for (i = 0; i < SHA256_BYTES; i++) {
        snprintf(&digest[2 * i], 3, "%02x", bytes[i]);
    }
}

/* Tells whether 'release' is one. */
static bool
is_release(const struct xfsm_release *release)
{
    return release->oldest >= 1 && release->oldest <= release->version;
}

/* Writes what is signed.  Returns its length, or 0 if the name is too long to
 * be one. */
static size_t
put_statement(const struct xfsm_signed *what,
              const struct xfsm_release *release,
              char statement[STATEMENT_SIZE])
{
    int n = snprintf(statement, STATEMENT_SIZE,
                     "ovs-xfsm program 2\nname %s\n"
                     "version %"PRId64"\noldest %"PRId64"\n"
                     "source sha256:%s\nimage sha256:%s\n",
                     what->name, release->version, release->oldest,
                     what->source_digest, what->image_digest);

    return n < STATEMENT_SIZE && !strchr(what->name, '\n') ? (size_t) n : 0;
}

/* ## Key files ## */

/* Reads the file 'path'.  Returns NULL and stores the text, or an error. */
static char *
read_file(const char *path, char **textp)
{
    FILE *stream = fopen(path, "re");
    char *text;
    size_t n;

    if (!stream) {
        return xfsm_error("%s: cannot open (%s)", path, strerror(errno));
    }
    text = malloc(XFSM_SIGNATURE_MAX_FILE + 1);
    if (!text) {
        abort();
    }
    n = fread(text, 1, XFSM_SIGNATURE_MAX_FILE + 1, stream);
    if (ferror(stream) || n > XFSM_SIGNATURE_MAX_FILE) {
        char *error = (ferror(stream)
                       ? xfsm_error("%s: cannot read (%s)", path,
                                    strerror(errno))
                       : xfsm_error("%s: more than %d bytes", path,
                                    XFSM_SIGNATURE_MAX_FILE));

        fclose(stream);
        free(text);
        return error;
    }
    text[n] = '\0';
    fclose(stream);
    *textp = text;
    return NULL;
}

/* Adds the keys of the file 'path'. */
static char *
add_file(struct xfsm_signature_keys *keys, const char *path)
{
    size_t before = keys->n;
    char *error, *text;
    EVP_PKEY *key;
    BIO *bio;

    error = read_file(path, &text);
    if (error) {
        return error;
    }
    bio = BIO_new_mem_buf(text, -1);
    while (!error && (key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL))) {
        if (EVP_PKEY_base_id(key) != EVP_PKEY_ED25519) {
            error = xfsm_error("%s: has a key that is not of Ed25519", path);
        } else if (keys->n >= XFSM_SIGNATURE_MAX_KEYS) {
            error = xfsm_error("%s: more than %d keys", path,
                               XFSM_SIGNATURE_MAX_KEYS);
        } else {
            keys->keys[keys->n++] = key;
            key = NULL;
        }
        EVP_PKEY_free(key);
    }
    if (!error && keys->n == before) {
        error = xfsm_error("%s: has no public key in PEM", path);
    }
    ERR_clear_error();
    BIO_free(bio);
    free(text);
    return error;
}

static int
is_public(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    size_t end = strlen(XFSM_SIGNATURE_PUBLIC);

    return len > end && !strcmp(&entry->d_name[len - end],
                                XFSM_SIGNATURE_PUBLIC);
}

/* Adds the keys of the folder 'path'. */
static char *
add_folder(struct xfsm_signature_keys *keys, const char *path)
{
    struct dirent **entries;
    char *error = NULL;
    int n, i;

    n = scandir(path, &entries, is_public, alphasort);
    if (n < 0) {
        return xfsm_error("%s: cannot read (%s)", path, strerror(errno));
    }
    for (i = 0; i < n; i++) {
        char *file = xfsm_error("%s/%s", path, entries[i]->d_name);

        if (!error) {
            error = add_file(keys, file);
        }
        free(file);
        free(entries[i]);
    }
    free(entries);
    if (!error && !keys->n) {
        error = xfsm_error("%s: has no file *" XFSM_SIGNATURE_PUBLIC, path);
    }
    return error;
}

char *
xfsm_signature_keys_read(const char *path, struct xfsm_signature_keys **keysp)
{
    struct xfsm_signature_keys *keys = calloc(1, sizeof *keys);
    struct stat s;
    char *error;

    if (!keys) {
        abort();
    }
    error = (!stat(path, &s) && S_ISDIR(s.st_mode) ? add_folder(keys, path)
             : add_file(keys, path));
    if (error) {
        xfsm_signature_keys_destroy(keys);
        return error;
    }
    *keysp = keys;
    return NULL;
}

void
xfsm_signature_keys_destroy(struct xfsm_signature_keys *keys)
{
    size_t i;

    if (keys) {
        for (i = 0; i < keys->n; i++) {
            EVP_PKEY_free(keys->keys[i]);
        }
        free(keys);
    }
}

size_t
xfsm_signature_keys_count(const struct xfsm_signature_keys *keys)
{
    return keys->n;
}

/* ## Making keys ## */

/* Writes the new file 'path' with 'mode'. */
static char *
write_key(const char *path, mode_t mode, EVP_PKEY *key, bool secret)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    FILE *stream = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool ok;

    if (!stream) {
        return xfsm_error("%s: cannot create (%s)", path, strerror(errno));
    }
    ok = (secret ? PEM_write_PrivateKey(stream, key, NULL, NULL, 0, NULL, NULL)
          : PEM_write_PUBKEY(stream, key));
    if (fclose(stream) || !ok) {
        unlink(path);
        return xfsm_error("%s: cannot write (%s)", path, strerror(errno));
    }
    return NULL;
}

char *
xfsm_signature_keygen(const char *path)
{
    char *public = xfsm_error("%s" XFSM_SIGNATURE_PUBLIC, path);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, NULL);
    EVP_PKEY *key = NULL;
    char *error = NULL;

    if (!context || EVP_PKEY_keygen_init(context) <= 0
        || EVP_PKEY_keygen(context, &key) <= 0) {
        error = xfsm_error("OpenSSL makes no key of Ed25519");
    }
    if (!error) {
        error = write_key(path, 0600, key, true);
    }
    if (!error) {
        error = write_key(public, 0644, key, false);
        if (error) {
            unlink(path);
        }
    }
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(context);
    free(public);
    return error;
}

/* ## Signing and verifying ## */

static int
no_password(char *buf, int size, int writing, void *aux)
{
    (void) buf;
    (void) size;
    (void) writing;
    (void) aux;
    return -1;
}

static char *
read_secret(const char *path, EVP_PKEY **keyp)
{
    char *text;
    char *error = read_file(path, &text);
    BIO *bio;

    if (error) {
        return error;
    }
    bio = BIO_new_mem_buf(text, -1);
    *keyp = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    BIO_free(bio);
    explicit_bzero(text, strlen(text));
    free(text);
    ERR_clear_error();
    if (!*keyp || EVP_PKEY_base_id(*keyp) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(*keyp);
        return xfsm_error("%s: has no private key of Ed25519 in PEM without "
                          "a password", path);
    }
    return NULL;
}

char *
xfsm_signature_sign(const char *path, const struct xfsm_signed *what,
                    const struct xfsm_release *release,
                    char signature[XFSM_SIGNATURE_SIZE])
{
    unsigned char bytes[SIGNATURE_BYTES];
    char statement[STATEMENT_SIZE];
    size_t len = put_statement(what, release, statement);
    size_t n = sizeof bytes;
    EVP_MD_CTX *context;
    EVP_PKEY *key;
    char *error;
    bool ok;

    if (!is_release(release)) {
        return xfsm_error("version %"PRId64" with %"PRId64" as the oldest to "
                          "run after it cannot be signed: versions are 1 and "
                          "higher, and the oldest is not above the version",
                          release->version, release->oldest);
    } else if (!len) {
        return xfsm_error("\"%s\" cannot be signed: it is no name",
                          what->name);
    }
    error = read_secret(path, &key);
    if (error) {
        return error;
    }
    context = EVP_MD_CTX_new();
    ok = (context
          && EVP_DigestSignInit(context, NULL, NULL, NULL, key) > 0
          && EVP_DigestSign(context, bytes, &n, (unsigned char *) statement,
                            len) > 0
          && n == sizeof bytes);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    if (!ok) {
        ERR_clear_error();
        return xfsm_error("%s: OpenSSL does not sign with it", path);
    }
    len = snprintf(signature, XFSM_SIGNATURE_SIZE,
                   PREFIX"%"PRId64":%"PRId64":", release->version,
                   release->oldest);
    xfsm_base64_encode(bytes, sizeof bytes, &signature[len]);
    signature[len + BASE64_CHARS] = '\0';
    return NULL;
}

/* Reads a number and the colon after it, as signing writes it.  Returns false
 * if that is not at '*sp', and else moves on. */
static bool
decode_number(const char **sp, int64_t *number)
{
    size_t n = strspn(*sp, "0123456789");

    if (!n || n >= XFSM_SIGNATURE_NUMBER_SIZE || **sp == '0'
        || (*sp)[n] != ':') {
        return false;
    }
    errno = 0;
    *number = strtoll(*sp, NULL, 10);
    *sp += n + 1;
    return !errno;
}

/* Decodes 'signature'.  Returns false if it is none. */
static bool
decode(const char *signature, unsigned char bytes[SIGNATURE_BYTES],
       struct xfsm_release *release)
{
    const char *s = signature + strlen(PREFIX);
    size_t len = 0;
    void *data = NULL;
    bool ok;

    if (strncmp(signature, PREFIX, strlen(PREFIX))
        || !decode_number(&s, &release->version)
        || !decode_number(&s, &release->oldest)
        || !is_release(release) || strlen(s) != BASE64_CHARS) {
        return false;
    }
    free(xfsm_base64_decode(s, &data, &len));
    ok = data && len == SIGNATURE_BYTES;
    if (ok) {
        memcpy(bytes, data, len);
    }
    free(data);
    return ok;
}

/* Tells whether the signature is by 'key'. */
static bool
is_by(EVP_PKEY *key, const unsigned char bytes[SIGNATURE_BYTES],
      const char *statement, size_t len)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = (context
               && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) > 0
               && EVP_DigestVerify(context, bytes, SIGNATURE_BYTES,
                                   (const unsigned char *) statement,
                                   len) == 1);

    EVP_MD_CTX_free(context);
    return ok;
}

char *
xfsm_signature_verify(const struct xfsm_signature_keys *keys,
                      const struct xfsm_signed *what, const char *signature,
                      struct xfsm_release *releasep)
{
    unsigned char bytes[SIGNATURE_BYTES];
    char statement[STATEMENT_SIZE];
    struct xfsm_release release;
    bool ok = false;
    size_t len, i;

    if (!signature || !*signature) {
        return xfsm_error("it is not signed");
    } else if (!decode(signature, bytes, &release)) {
        return xfsm_error("its signature is malformed");
    }
    len = put_statement(what, &release, statement);
    if (!len) {
        return xfsm_error("its signature is malformed");
    }
    for (i = 0; i < keys->n && !ok; i++) {
        ok = is_by(keys->keys[i], bytes, statement, len);
    }
    ERR_clear_error();
    if (!ok) {
        return xfsm_error("its signature is by none of the %zu keys that are "
                          "trusted, or of another source or image", keys->n);
    }
    *releasep = release;
    return NULL;
}

bool
xfsm_signature_read_release(const char *signature,
                            struct xfsm_release *releasep)
{
    unsigned char bytes[SIGNATURE_BYTES];
    struct xfsm_release release;

    if (!decode(signature, bytes, &release)) {
        return false;
    }
    *releasep = release;
    return true;
}
