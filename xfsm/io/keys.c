/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "xfsm/base/error.h"
#include "xfsm/io/zmq-socket.h"

#define SPACE " \t\r"

/* Domain that the server names to its handler of ZAP. */
#define ZAP_DOMAIN "xfsm"

bool
xfsm_key_is_valid(const char *text)
{
    static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   ".-:+=^!/*?&<>()[]{}@%$#";
    uint8_t key[XFSM_KEY_BYTES];

    return (strlen(text) == XFSM_KEY_TEXT_LEN
            && strspn(text, alphabet) == XFSM_KEY_TEXT_LEN
            && zmq_z85_decode(key, text));
}

int
xfsm_key_pair_generate(struct xfsm_key_pair *pair)
{
    struct xfsm_key_pair new;

    if (zmq_curve_keypair(new.public_key, new.secret_key)) {
        return xfsm_zmq_errno();
    }
    *pair = new;
    return 0;
}

char *
xfsm_key_pair_format(const struct xfsm_key_pair *pair)
{
    char *text;

    if (asprintf(&text,
                 "# Key pair of ovs-xfsm.  The secret key proves who you "
                 "are: show it to nobody.\n"
                 "public-key = \"%s\"\n"
                 "secret-key = \"%s\"\n",
                 pair->public_key, pair->secret_key) < 0) {
        abort();
    }
    return text;
}

/* Reads the whole file into memory, terminated. */
static char *
read_file(const char *path, mode_t *mode, char **textp)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    char *text = malloc(XFSM_KEYS_FILE_MAX + 1);
    struct stat st;
    size_t len = 0;
    ssize_t n = 1;

    if (!text) {
        abort();
    }
    if (fd < 0 || fstat(fd, &st)) {
        goto error;
    }
    while (n && len < XFSM_KEYS_FILE_MAX) {
        n = read(fd, text + len, XFSM_KEYS_FILE_MAX - len);
        if (n < 0) {
            goto error;
        }
        len += (size_t) n;
    }
    close(fd);
    if (len == XFSM_KEYS_FILE_MAX || memchr(text, '\0', len)) {
        free(text);
        return xfsm_error_at(path, "is no file of keys");
    }
    text[len] = '\0';
    *mode = st.st_mode;
    *textp = text;
    return NULL;

error:
    {
        int error = errno;

        if (fd >= 0) {
            close(fd);
        }
        free(text);
        return xfsm_error_at(path, "cannot read (%s)", strerror(error));
    }
}

/* Takes a line: stores its name ("" if there is none) and its value.  Returns
 * false if it has neither. */
static bool
parse_line(char *line, const char **name, char **value)
{
    char *equals, *end;

    line += strspn(line, SPACE);
    *name = "";
    /* No key begins with '#': its first five characters would be a number
     * beyond 32 bits. */
    if (!*line || *line == '#') {
        return false;
    }
    /* '=' may be part of a key. */
    if (!strncmp(line, "public-key", 10) || !strncmp(line, "secret-key", 10)) {
        equals = strchr(line, '=');
        if (equals) {
            *name = line;
            line[10] = '\0';
            line = equals + 1;
            line += strspn(line, SPACE);
        }
    }
    if (*line == '"') {
        line++;
        end = strchr(line, '"');
        if (end) {
            *end = '\0';
        }
    } else {
        line[strcspn(line, SPACE)] = '\0';
    }
    *value = line;
    return true;
}

/* Calls 'cb' for each line with a key.  Returns NULL or an error. */
static char *
each_key(const char *path, char *text,
         char *(*cb)(const char *path, int n, const char *name,
                     const char *value, void *aux), void *aux)
{
    char *error = NULL;
    char *save = NULL;
    char *line = text;
    int n = 0;

    while (line && !error) {
        const char *name;
        char *value;

        save = strchr(line, '\n');
        if (save) {
            *save++ = '\0';
        }
        n++;
        if (parse_line(line, &name, &value)) {
            error = (xfsm_key_is_valid(value) ? cb(path, n, name, value, aux)
                     : xfsm_error_at(path, "line %d: expected a key of %d "
                                     "characters", n, XFSM_KEY_TEXT_LEN));
        }
        line = save;
    }
    return error;
}

static char *
put_in_pair(const char *path, int n, const char *name, const char *value,
            void *pair_)
{
    struct xfsm_key_pair *pair = pair_;
    char *place = !strcmp(name, "secret-key") ? pair->secret_key
                  : pair->public_key;

    if (*place) {
        return xfsm_error_at(path, "line %d: a second %s", n,
                             *name ? name : "public-key");
    }
    memcpy(place, value, XFSM_KEY_TEXT_SIZE);
    return NULL;
}

char *
xfsm_key_pair_read(const char *path, bool secret, struct xfsm_key_pair *pairp)
{
    struct xfsm_key_pair pair = { "", "" };
    mode_t mode;
    char *text;
    char *error = read_file(path, &mode, &text);

    if (error) {
        return error;
    }
    error = each_key(path, text, put_in_pair, &pair);
    explicit_bzero(text, strlen(text));
    free(text);
    if (!error && !*pair.public_key) {
        error = xfsm_error_at(path, "has no public-key");
    }
    if (!error && secret && !*pair.secret_key) {
        error = xfsm_error_at(path, "has no secret-key");
    }
    if (!error && secret && mode & S_IRWXO) {
        error = xfsm_error_at(path, "others may read the secret key; "
                              "do \"chmod o= %s\"", path);
    }
    if (!error) {
        *pairp = pair;
    }
    return error;
}

static char *
put_in_list(const char *path, int n, const char *name, const char *value,
            void *list_)
{
    struct xfsm_key_list *list = list_;

    if (!strcmp(name, "secret-key")) {
        return xfsm_error_at(path, "line %d: a secret key does not belong "
                             "into a list of clients", n);
    }
    list->keys = realloc(list->keys, (list->n + 1) * sizeof *list->keys);
    if (!list->keys) {
        abort();
    }
    zmq_z85_decode(list->keys[list->n++], value);
    return NULL;
}

char *
xfsm_key_list_read(const char *path, struct xfsm_key_list *listp)
{
    struct xfsm_key_list list = { 0, NULL };
    mode_t mode;
    char *text;
    char *error = read_file(path, &mode, &text);

    if (error) {
        return error;
    }
    error = each_key(path, text, put_in_list, &list);
    free(text);
    if (!error && !list.n) {
        error = xfsm_error_at(path, "has no key");
    }
    if (error) {
        xfsm_key_list_destroy(&list);
    } else {
        *listp = list;
    }
    return error;
}

void
xfsm_key_list_destroy(struct xfsm_key_list *list)
{
    free(list->keys);
    list->keys = NULL;
    list->n = 0;
}

bool
xfsm_key_list_has(const struct xfsm_key_list *list, const void *key)
{
    size_t i;

    for (i = 0; i < list->n; i++) {
        if (!memcmp(list->keys[i], key, XFSM_KEY_BYTES)) {
            return true;
        }
    }
    return false;
}

int
xfsm_key_set_server(void *socket, const struct xfsm_key_pair *pair)
{
    int on = 1;

    return (zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &on, sizeof on)
            || zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, pair->secret_key,
                              XFSM_KEY_TEXT_SIZE)
            || zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN,
                              strlen(ZAP_DOMAIN))
            ? xfsm_zmq_errno() : 0);
}

int
xfsm_key_set_client(void *socket, const struct xfsm_key_pair *pair,
                    const char *server_key)
{
    return (zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_key,
                           XFSM_KEY_TEXT_SIZE)
            || zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, pair->public_key,
                              XFSM_KEY_TEXT_SIZE)
            || zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, pair->secret_key,
                              XFSM_KEY_TEXT_SIZE)
            ? xfsm_zmq_errno() : 0);
}
