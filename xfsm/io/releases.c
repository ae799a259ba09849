/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/releases.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xfsm/base/error.h"

#define MAGIC "xfsm-releases 1\n"
#define END "end\n"
#define LINE_SIZE 256

struct entry {
    char name[XFSM_RELEASES_MAX_NAME + 1];
    struct xfsm_release release;
    int64_t allowed;            /* -1: none. */
};

struct xfsm_releases {
    char *path;                 /* Or NULL: it is for this process alone. */
    bool changed;               /* The file has not got it all. */
    size_t n;
    struct entry entries[XFSM_RELEASES_MAX];    /* By name. */
};

struct xfsm_releases *
xfsm_releases_create(void)
{
    struct xfsm_releases *rs = calloc(1, sizeof *rs);

    if (!rs) {
        abort();
    }
    return rs;
}

void
xfsm_releases_destroy(struct xfsm_releases *rs)
{
    if (rs) {
        free(rs->path);
        free(rs);
    }
}

/* Returns the index of 'name', or of what it would be put before, and stores
 * whether it is there. */
static size_t
find(const struct xfsm_releases *rs, const char *name, bool *found)
{
    size_t low = 0, high = rs->n;

    *found = false;
    while (low < high && !*found) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, rs->entries[middle].name);

        if (!order) {
            *found = true;
            return middle;
        } else if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* The oldest version that may run. */
static int64_t
oldest(const struct entry *entry)
{
    return entry->allowed >= 0 ? entry->allowed : entry->release.oldest;
}

char *
xfsm_releases_check(const struct xfsm_releases *rs, const char *name,
                    int64_t version)
{
    bool found;
    const struct entry *entry = &rs->entries[find(rs, name, &found)];

    if (!found || version >= oldest(entry)) {
        return NULL;
    }
    return xfsm_error("it is version %"PRId64", and since version %"PRId64
                      " was signed none older than %"PRId64" may run",
                      version, entry->release.version, oldest(entry));
}

/* Puts an entry for 'name' at 'i'.  Returns NULL or an error. */
static char *
insert(struct xfsm_releases *rs, size_t i, const char *name)
{
    size_t len = strlen(name);

    if (rs->n >= XFSM_RELEASES_MAX) {
        return xfsm_error("the versions of %d programs are remembered, and "
                          "there is no room for those of another",
                          XFSM_RELEASES_MAX);
    } else if (!len || len > XFSM_RELEASES_MAX_NAME
               || strpbrk(name, " \t\n")) {
        return xfsm_error("\"%s\" is not the name of a program", name);
    }
    memmove(&rs->entries[i + 1], &rs->entries[i],
            (rs->n - i) * sizeof rs->entries[0]);
    rs->entries[i] = (struct entry) { .allowed = -1 };
    memcpy(rs->entries[i].name, name, len + 1);
    rs->n++;
    return NULL;
}

/* Tells whether 'a' says more than 'b'. */
static bool
says_more(const struct xfsm_release *a, const struct xfsm_release *b)
{
    return (a->oldest > b->oldest
            || (a->oldest == b->oldest && a->version > b->version));
}

char *
xfsm_releases_note(struct xfsm_releases *rs, const char *name,
                   const struct xfsm_release *release)
{
    bool found;
    size_t i = find(rs, name, &found);
    struct entry *entry = &rs->entries[i];
    char *error = found ? NULL : insert(rs, i, name);

    if (!error && (!found || says_more(release, &entry->release))) {
        if (release->oldest > entry->release.oldest) {
            entry->allowed = -1;
        }
        entry->release = *release;
        rs->changed = true;
    }
    return error;
}

char *
xfsm_releases_allow(struct xfsm_releases *rs, const char *name,
                    int64_t version)
{
    bool found;
    struct entry *entry = &rs->entries[find(rs, name, &found)];

    if (!found) {
        return xfsm_error("no signed program %s was taken yet", name);
    } else if (version < 1) {
        return xfsm_error("%"PRId64" is not the number of a version",
                          version);
    }
    entry->allowed = version < entry->release.oldest ? version : -1;
    rs->changed = true;
    return NULL;
}

size_t
xfsm_releases_count(const struct xfsm_releases *rs)
{
    return rs->n;
}

struct xfsm_release_memory
xfsm_releases_get(const struct xfsm_releases *rs, size_t i)
{
    const struct entry *entry = &rs->entries[i];

    return (struct xfsm_release_memory) {
        entry->name, entry->release, entry->allowed,
    };
}

char *
xfsm_releases_format(const struct xfsm_releases *rs)
{
    char *text = NULL;
    size_t size, i;
    FILE *stream = open_memstream(&text, &size);

    if (!stream) {
        abort();
    }
    for (i = 0; i < rs->n; i++) {
        const struct entry *entry = &rs->entries[i];

        fprintf(stream, "%s: none older than version %"PRId64", since "
                "version %"PRId64, entry->name, entry->release.oldest,
                entry->release.version);
        if (entry->allowed >= 0) {
            fprintf(stream, "; but version %"PRId64" is allowed",
                    entry->allowed);
        }
        fputc('\n', stream);
    }
    if (fclose(stream)) {
        abort();
    }
    return text;
}

/* ## The file ## */

/* Takes a line of a program.  Returns false if it is none, or not the next in
 * order. */
static bool
take_line(struct xfsm_releases *rs, const char *line)
{
    char name[XFSM_RELEASES_MAX_NAME + 1], allowed[32];
    const struct entry *last = rs->n ? &rs->entries[rs->n - 1] : NULL;
    struct xfsm_release r;
    struct entry *entry;
    char *error;
    int n = 0;

    if (sscanf(line, "%63s %"SCNd64" %"SCNd64" %31s%n", name, &r.version,
               &r.oldest, allowed, &n) != 4 || strcmp(&line[n], "\n")
        || r.oldest < 1 || r.oldest > r.version
        || (last && strcmp(last->name, name) >= 0)) {
        return false;
    }
    error = insert(rs, rs->n, name);
    if (error) {
        free(error);
        return false;
    }
    entry = &rs->entries[rs->n - 1];
    entry->release = r;
    return (!strcmp(allowed, "-")
            || (sscanf(allowed, "%"SCNd64"%n", &entry->allowed, &n) == 1
                && !allowed[n] && entry->allowed >= 1));
}

char *
xfsm_releases_load(struct xfsm_releases *rs, const char *path)
{
    FILE *stream = fopen(path, "re");
    char line[LINE_SIZE];
    bool complete = false;
    bool ok;

    free(rs->path);
    rs->path = xfsm_error("%s", path);
    if (!stream) {
        return (errno == ENOENT ? NULL
                : xfsm_error("%s: cannot open (%s)", path, strerror(errno)));
    }
    ok = fgets(line, sizeof line, stream) && !strcmp(line, MAGIC);
    while (ok && !complete && fgets(line, sizeof line, stream)) {
        complete = !strcmp(line, END);
        ok = complete || take_line(rs, line);
    }
    ok = ok && complete && !fgets(line, sizeof line, stream);
    fclose(stream);
    return ok ? NULL
           : xfsm_error("%s: is not a file of versions that must not come "
                        "back, or is damaged", path);
}

/* Has the name of the new file be on the disk, too. */
static int
sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = (slash ? xfsm_error("%.*s", (int) (slash - path + 1), path)
                    : xfsm_error("."));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || fsync(fd) ? errno : 0;

    if (fd >= 0) {
        close(fd);
    }
    free(folder);
    return error;
}

static int
write_file(const struct xfsm_releases *rs, const char *path)
{
    FILE *stream = fopen(path, "we");
    int error = 0;
    size_t i;

    if (!stream) {
        return errno;
    }
    fputs(MAGIC, stream);
    for (i = 0; i < rs->n; i++) {
        const struct entry *entry = &rs->entries[i];

        fprintf(stream, "%s %"PRId64" %"PRId64" ", entry->name,
                entry->release.version, entry->release.oldest);
        if (entry->allowed >= 0) {
            fprintf(stream, "%"PRId64"\n", entry->allowed);
        } else {
            fputs("-\n", stream);
        }
    }
    fputs(END, stream);
    if (fflush(stream) || fsync(fileno(stream))) {
        error = errno;
    }
    if (fclose(stream) && !error) {
        error = errno;
    }
    return error;
}

char *
xfsm_releases_save(struct xfsm_releases *rs)
{
    char *error = NULL, *temporary;
    int error_no;

    if (!rs->changed || !rs->path) {
        return NULL;
    }
    temporary = xfsm_error("%s.new", rs->path);
    error_no = write_file(rs, temporary);
    if (!error_no) {
        error_no = rename(temporary, rs->path) ? errno
                   : sync_folder(rs->path);
    }
    if (error_no) {
        error = xfsm_error("%s: cannot be written (%s): after a restart, "
                           "older versions of signed programs could come back",
                           rs->path, strerror(error_no));
    } else {
        rs->changed = false;
    }
    free(temporary);
    return error;
}
