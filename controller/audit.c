/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "util.h"

struct xfsm_audit {
    char *file;                 /* NULL: only memory. */
    int fd;                     /* -1 if the file could not be opened. */
    size_t size;                /* Of the file. */
    struct xfsm_audit_limits limits;

    struct xfsm_audit_entry *entries;   /* A ring. */
    size_t n, first;            /* In it. */
    uint64_t next_id;
    unsigned long long int lost, skipped;
};

/* ## Entries ## */

static void
entry_destroy(struct xfsm_audit_entry *entry)
{
#define FREE_TEXT(NAME) free(entry->NAME);
    XFSM_AUDIT_TEXTS(FREE_TEXT)
#undef FREE_TEXT
}

/* A copy of 'text', which may be NULL, cut to what an entry can have, between
 * two characters. */
static char *
copy_text(const char *text)
{
    size_t len = text ? strlen(text) : 0;

    if (len > XFSM_AUDIT_MAX_TEXT) {
        len = XFSM_AUDIT_MAX_TEXT;
        while (len && (text[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    return xmemdup0(text ? text : "", len);
}

struct json *
xfsm_audit_entry_to_json(const struct xfsm_audit_entry *entry)
{
    struct json *json = json_object_create();

    json_object_put(json, "id", json_integer_create(entry->id));
    json_object_put(json, "time", json_integer_create(entry->time));
#define PUT_TEXT(NAME) \
    if (entry->NAME[0] || !XFSM_AUDIT_IS_OPTIONAL(#NAME)) { \
        json_object_put_string(json, #NAME, entry->NAME); \
    }
    XFSM_AUDIT_TEXTS(PUT_TEXT)
#undef PUT_TEXT
    return json;
}

static const char *
get_text(const struct json *json, const char *name)
{
    const struct json *member = shash_find_data(json_object(json), name);

    return member && member->type == JSON_STRING ? json_string(member) : NULL;
}

static int64_t
get_integer(const struct json *json, const char *name)
{
    const struct json *member = shash_find_data(json_object(json), name);

    return member && member->type == JSON_INTEGER ? member->integer : 0;
}

/* Puts a copy of 'from' into the ring, in place of the oldest if need be. */
static void
remember(struct xfsm_audit *audit, const struct xfsm_audit_entry *from)
{
    struct xfsm_audit_entry *entry;

    if (audit->n >= audit->limits.max_entries) {
        entry_destroy(&audit->entries[audit->first]);
        audit->first = (audit->first + 1) % audit->limits.max_entries;
        audit->n--;
    }
    entry = &audit->entries[(audit->first + audit->n)
                            % audit->limits.max_entries];
    audit->n++;
    entry->id = from->id;
    entry->time = from->time;
#define COPY_TEXT(NAME) entry->NAME = copy_text(from->NAME);
    XFSM_AUDIT_TEXTS(COPY_TEXT)
#undef COPY_TEXT
}

size_t
xfsm_audit_count(const struct xfsm_audit *audit)
{
    return audit->n;
}

const struct xfsm_audit_entry *
xfsm_audit_get(const struct xfsm_audit *audit, size_t index)
{
    ovs_assert(index < audit->n);
    return &audit->entries[(audit->first + audit->n - 1 - index)
                           % audit->limits.max_entries];
}

unsigned long long int
xfsm_audit_lost(const struct xfsm_audit *audit)
{
    return audit->lost;
}

unsigned long long int
xfsm_audit_skipped(const struct xfsm_audit *audit)
{
    return audit->skipped;
}

/* ## Reading ## */

/* Takes a line of the file. */
static void
read_line(struct xfsm_audit *audit, const char *line)
{
    struct json *json = json_from_string(line);
    struct xfsm_audit_entry entry;

    if (json->type != JSON_OBJECT || get_integer(json, "id") < 1) {
        audit->skipped++;
    } else {
        entry.id = get_integer(json, "id");
        entry.time = get_integer(json, "time");
#define GET_TEXT(NAME) entry.NAME = CONST_CAST(char *, \
                                               get_text(json, #NAME));
        XFSM_AUDIT_TEXTS(GET_TEXT)
#undef GET_TEXT
        remember(audit, &entry);
        audit->next_id = MAX(audit->next_id, entry.id + 1);
    }
    json_destroy(json);
}

/* The name of the file that is 'age' files old. */
static char *
make_name(const struct xfsm_audit *audit, unsigned int age)
{
    return age ? xasprintf("%s.%u", audit->file, age) : xstrdup(audit->file);
}

/* Reads the file that is 'age' files old, if there is one. */
static void
read_file(struct xfsm_audit *audit, unsigned int age)
{
    char *name = make_name(audit, age);
    FILE *stream = fopen(name, "re");
    size_t allocated = 0, total = 0;
    char *line = NULL;
    ssize_t n;

    while (stream && total <= 2 * audit->limits.max_bytes
           && (n = getline(&line, &allocated, stream)) > 0) {
        total += n;
        if (line[n - 1] == '\n') {
            line[n - 1] = '\0';
        }
        if (line[0]) {
            read_line(audit, line);
        }
    }
    free(line);
    if (stream) {
        fclose(stream);
    }
    free(name);
}

/* ## Writing ## */

/* Writes all of 'text'.  Returns 0 or a positive errno. */
static int
write_all(struct xfsm_audit *audit, const char *text, size_t len)
{
    while (len) {
        ssize_t n = write(audit->fd, text, len);

        if (n < 0 && errno != EINTR) {
            return errno;
        } else if (n > 0) {
            audit->size += n;
            text += n;
            len -= n;
        }
    }
    return fdatasync(audit->fd) ? errno : 0;
}

/* Syncs the folder, so that names in it are what they are to be. */
static void
sync_folder(const struct xfsm_audit *audit)
{
    char *folder = dir_name(audit->file);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        ignore(fsync(fd));
        close(fd);
    }
    free(folder);
}

/* Opens the file and locks it.  Returns 0 or a positive errno. */
static int
open_file(struct xfsm_audit *audit)
{
    struct stat s;
    int error;

    audit->fd = open(audit->file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC
                     | O_NOFOLLOW, 0600);
    if (audit->fd < 0) {
        return errno;
    }
    if (flock(audit->fd, LOCK_EX | LOCK_NB) || fstat(audit->fd, &s)) {
        error = errno;
        close(audit->fd);
        audit->fd = -1;
        return error;
    }
    audit->size = s.st_size;
    sync_folder(audit);
    return 0;
}

/* Ends a line that a crash, or a full disk, cut off. */
static int
end_line(struct xfsm_audit *audit)
{
    FILE *stream = audit->size ? fopen(audit->file, "re") : NULL;
    int last = '\n';

    if (stream) {
        if (!fseek(stream, -1, SEEK_END)) {
            last = getc(stream);
        }
        fclose(stream);
    }
    return last == '\n' ? 0 : write_all(audit, "\n", 1);
}

/* Begins a new file.  Returns 0 or a positive errno. */
static int
rotate(struct xfsm_audit *audit)
{
    for (unsigned int age = audit->limits.n_files - 1; age > 0; age--) {
        char *from = make_name(audit, age - 1);
        char *to = make_name(audit, age);

        if (rename(from, to) && errno != ENOENT) {
            int error = errno;

            free(from);
            free(to);
            return error;
        }
        free(from);
        free(to);
    }
    if (audit->limits.n_files == 1) {
        return ftruncate(audit->fd, 0) ? errno : (audit->size = 0);
    }
    close(audit->fd);
    return open_file(audit);
}

static int
write_line(struct xfsm_audit *audit, const char *line, size_t len)
{
    int error = audit->fd < 0 ? open_file(audit) : 0;

    if (!error && audit->size && audit->size + len > audit->limits.max_bytes) {
        error = rotate(audit);
    }
    if (!error) {
        error = end_line(audit);
    }
    return error ? error : write_all(audit, line, len);
}

int
xfsm_audit_add(struct xfsm_audit *audit, const struct xfsm_audit_entry *from)
{
    struct xfsm_audit_entry entry = *from;
    struct json *json;
    char *text, *line;
    int error = 0;

    entry.id = audit->next_id++;
    remember(audit, &entry);
    if (audit->file) {
        json = xfsm_audit_entry_to_json(xfsm_audit_get(audit, 0));
        text = json_to_string(json, JSSF_SORT);
        line = xasprintf("%s\n", text);
        error = write_line(audit, line, strlen(line));
        audit->lost += error != 0;
        free(line);
        free(text);
        json_destroy(json);
    }
    return error;
}

/* ## The log ## */

char *
xfsm_audit_open(const char *file, const struct xfsm_audit_limits *limits,
                struct xfsm_audit **auditp)
{
    struct xfsm_audit *audit = xzalloc(sizeof *audit);
    int error;

    audit->file = nullable_xstrdup(file);
    audit->fd = -1;
    audit->limits = *limits;
    audit->entries = xcalloc(limits->max_entries, sizeof *audit->entries);
    audit->next_id = 1;
    if (file) {
        error = open_file(audit);
        if (error) {
            xfsm_audit_close(audit);
            return xasprintf("%s: %s", file, error == EWOULDBLOCK
                             ? "another process has it" : ovs_strerror(error));
        }
        for (unsigned int age = limits->n_files; age > 0; age--) {
            read_file(audit, age - 1);
        }
    }
    *auditp = audit;
    return NULL;
}

void
xfsm_audit_close(struct xfsm_audit *audit)
{
    if (audit) {
        if (audit->fd >= 0) {
            close(audit->fd);
        }
        while (audit->n) {
            entry_destroy(&audit->entries[audit->first]);
            audit->first = (audit->first + 1) % audit->limits.max_entries;
            audit->n--;
        }
        free(audit->entries);
        free(audit->file);
        free(audit);
    }
}
