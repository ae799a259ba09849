/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "utilities/xfsm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xfsm/engine.h"
#include "xfsm/program/image.h"

static char * __attribute__((format(printf, 1, 2)))
xasprintf(const char *format, ...)
{
    va_list args;
    char *s;

    va_start(args, format);
    if (vasprintf(&s, format, args) < 0) {
        abort();
    }
    va_end(args);
    return s;
}

static const char *
library_dir(void)
{
    const char *dir = getenv(XFSM_PROGRAMS_DIR_ENV);

    return dir && *dir ? dir : XFSM_PKGDATADIR "/programs";
}

/* Returns the path of the file that 'arg' means, which may not exist. */
static char *
locate(const char *arg)
{
    char *path;

    if (!access(arg, F_OK) || strchr(arg, '/')) {
        return xasprintf("%s", arg);
    }
    path = xasprintf("%s/%s.xml", library_dir(), arg);
    if (access(path, F_OK)) {
        char *bare = xasprintf("%s/%s", library_dir(), arg);

        if (!access(bare, F_OK)) {
            free(path);
            return bare;
        }
        free(bare);
    }
    return path;
}

/* Returns the name that a program gets from the name of its file. */
static char *
name_from_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    size_t len = dot && dot > base ? (size_t) (dot - base) : strlen(base);

    return xasprintf("%.*s", (int) len, base);
}

/* Reads 'fd' to its end, at most 'max' bytes and one more, which tells that
 * there are too many. */
static int
read_all(int fd, size_t max, char **datap, size_t *lenp)
{
    size_t size = 64 * 1024;
    char *data = malloc(size);
    size_t len = 0;
    ssize_t n;

    while (data && len <= max) {
        n = read(fd, data + len, size - len);
        if (n < 0 && errno == EINTR) {
            continue;
        } else if (n < 0) {
            int error = errno;

            free(data);
            return error;
        } else if (!n) {
            break;
        }
        len += n;
        if (len == size) {
            size *= 2;
            data = realloc(data, size);
        }
    }
    if (!data) {
        abort();
    }
    *datap = data;
    *lenp = len;
    return 0;
}

static char *
read_path(struct xfsm_document *doc)
{
    struct stat st;
    int error;
    int fd;

    fd = open(doc->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return xasprintf("%s: cannot open the program (%s)", doc->path,
                         strerror(errno));
    }
    if (!fstat(fd, &st) && S_ISDIR(st.st_mode)) {
        close(fd);
        return xasprintf("%s: is a folder, not a program", doc->path);
    }
    error = read_all(fd, XFSM_MAX_IMAGE_BYTES, &doc->data, &doc->len);
    close(fd);
    if (error) {
        return xasprintf("%s: cannot read the program (%s)", doc->path,
                         strerror(error));
    }
    return NULL;
}

/* The words for an argument that is neither file nor in the library. */
static char *
not_found(const char *arg, const char *path)
{
    return xasprintf("%s: no such file, and no such program in the library "
                     "(%s does not exist)", arg, path);
}

char *
xfsm_document_read(const char *arg, struct xfsm_document *doc)
{
    size_t max;
    char *error;

    memset(doc, 0, sizeof *doc);
    if (!strcmp(arg, "-")) {
        int retval;

        doc->path = xasprintf("<stdin>");
        doc->name = xasprintf("stdin");
        retval = read_all(STDIN_FILENO, XFSM_MAX_SOURCE_BYTES, &doc->data,
                          &doc->len);
        error = retval ? xasprintf("cannot read standard input (%s)",
                                   strerror(retval)) : NULL;
    } else {
        doc->path = locate(arg);
        doc->name = name_from_path(doc->path);
        error = access(doc->path, F_OK) && !strchr(arg, '/')
                ? not_found(arg, doc->path) : read_path(doc);
    }
    max = !error && xfsm_document_is_image(doc) ? XFSM_MAX_IMAGE_BYTES
                                                : XFSM_MAX_SOURCE_BYTES;
    if (!error && doc->len > max) {
        error = xasprintf("%s: longer than the %zu bytes that %s can have",
                          doc->path, max,
                          max == XFSM_MAX_IMAGE_BYTES ? "an image"
                                                      : "a program");
    }
    if (error) {
        xfsm_document_destroy(doc);
    }
    return error;
}

void
xfsm_document_destroy(struct xfsm_document *doc)
{
    free(doc->path);
    free(doc->name);
    free(doc->data);
    memset(doc, 0, sizeof *doc);
}

bool
xfsm_document_is_image(const struct xfsm_document *doc)
{
    return doc->len >= sizeof XFSM_IMAGE_MAGIC
           && !memcmp(doc->data, XFSM_IMAGE_MAGIC, sizeof XFSM_IMAGE_MAGIC);
}

static void
ignore_event(const struct xfsm_event *event, void *aux)
{
    (void) event;
    (void) aux;
}

char *
xfsm_tool_verify(const void *image, size_t len, uint64_t *bytes)
{
    static const struct xfsm_engine_options options = {
        .identity = { .host = "", .bridge = "", .port = "" },
        .emit = ignore_event,
    };
    struct xfsm_engine *engine;
    char *error;

    error = xfsm_engine_create(&options, &engine);
    if (!error) {
        error = xfsm_engine_load(engine, image, len);
        if (!error && bytes) {
            struct xfsm_program_info info;

            *bytes = xfsm_engine_get_program(engine, 0, &info) ? info.bytes
                                                               : 0;
        }
        xfsm_engine_destroy(engine);
    }
    return error;
}

size_t
xfsm_tool_n_warnings(const struct xfsm_diags *diags)
{
    size_t n = 0;
    size_t i;

    for (i = 0; i < diags->n; i++) {
        n += diags->items[i].level == XFSM_DIAG_WARNING;
    }
    return n;
}
