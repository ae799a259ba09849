/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xfsm/base/error.h"
#include "xfsm/base/hash.h"

#define MAGIC "XFSMJRN1"
#define ALIGN 8u

struct segment_header {
    char magic[8];
    uint64_t first;             /* Number of the first record. */
    uint64_t created_ms;
    uint32_t reserved;
    uint32_t crc;               /* Of what is before it. */
};

struct record_header {
    uint32_t len;               /* Header, topic, body. */
    uint32_t crc;               /* Of what is after it. */
    uint64_t number;
    uint64_t time_ms;
    uint32_t topic_len;
    uint32_t body_len;
};

#define RECORD_MAX (sizeof(struct record_header) + XFSM_JOURNAL_DATA_MAX)

/* A record in the index. */
struct entry {
    uint64_t time_ms;
    uint64_t source;
    uint64_t epoch;
    uint64_t from, to;
    uint32_t offset;
    uint32_t len;
};

struct segment {
    int fd;
    uint64_t first;             /* Number of entries[0]; 0: unused. */
    bool lacks_room;            /* The disk was full. */
    uint32_t end;               /* Where the next record goes. */
    size_t n, allocated;
    struct entry *entries;
};

struct xfsm_journal {
    struct xfsm_journal_options options;
    struct xfsm_seed seed;
    int dir_fd;
    struct segment segments[XFSM_JOURNAL_SEGMENTS];
    int current;                /* Segment that is written to. */
    uint64_t next;              /* Number of the next record. */
    int64_t sync_at;            /* INT64_MAX: nothing to sync. */
    bool dirty;                 /* Appended to since the last sync. */
    uint64_t oldest_ms;         /* What is older is not given out. */
    struct xfsm_journal_stats stats;
    char buf[RECORD_MAX + ALIGN];
};

/* ## Checksum: CRC-32C (Castagnoli), as in RFC 3720. ## */

static uint32_t crc_table[256];

static void
init_crc(void)
{
    uint32_t i, bit;

    for (i = 0; i < 256; i++) {
        uint32_t c = i;

        for (bit = 0; bit < 8; bit++) {
            c = c & 1 ? c >> 1 ^ UINT32_C(0x82f63b78) : c >> 1;
        }
        crc_table[i] = c;
    }
}

static uint32_t
crc32c(const void *p_, size_t len)
{
    const uint8_t *p = p_;
    uint32_t c = UINT32_MAX;

    while (len--) {
        c = crc_table[(c ^ *p++) & 0xff] ^ c >> 8;
    }
    return ~c;
}

/* ## Files. ## */

static int
pwrite_all(int fd, const void *p_, size_t len, off_t offset)
{
    const char *p = p_;

    while (len) {
        ssize_t n = pwrite(fd, p, len, offset);

        if (n < 0 && errno != EINTR) {
            return errno;
        } else if (n > 0) {
            p += n;
            len -= (size_t) n;
            offset += n;
        }
    }
    return 0;
}

/* Reads up to 'len' bytes and returns how many there were, or -1. */
static ssize_t
pread_all(int fd, void *p_, size_t len, off_t offset)
{
    char *p = p_;
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(fd, p + done, len - done, offset + (off_t) done);

        if (n < 0 && errno != EINTR) {
            return -1;
        } else if (!n) {
            break;
        } else if (n > 0) {
            done += (size_t) n;
        }
    }
    return (ssize_t) done;
}

static uint32_t
padded(size_t len)
{
    return (uint32_t) ((len + ALIGN - 1) & ~(size_t) (ALIGN - 1));
}

/* ## Index. ## */

uint64_t
xfsm_journal_source(const struct xfsm_journal *j, struct xfsm_str host,
                    struct xfsm_str bridge, struct xfsm_str port)
{
    const struct xfsm_str names[] = { host, bridge, port };
    uint64_t digests[3][2], digest[2];
    size_t i;

    for (i = 0; i < 3; i++) {
        xfsm_digest(&j->seed, names[i].p ? names[i].p : "", names[i].len,
                    digests[i]);
    }
    xfsm_digest(&j->seed, digests, sizeof digests, digest);
    return digest[0];
}

static void
add_entry(struct xfsm_journal *j, struct segment *s, uint64_t time_ms,
          uint32_t len, const struct xfsm_event_view *view)
{
    if (s->n >= s->allocated) {
        s->allocated = s->allocated ? s->allocated * 2 : 64;
        s->entries = realloc(s->entries, s->allocated * sizeof *s->entries);
        if (!s->entries) {
            abort();
        }
    }
    s->entries[s->n++] = (struct entry) {
        .time_ms = time_ms,
        .source = xfsm_journal_source(j, view->host, view->bridge,
                                      view->port),
        .epoch = view->epoch,
        .from = view->has_from ? view->from : view->seq,
        .to = view->has_to ? view->to : view->seq,
        .offset = s->end,
        .len = len,
    };
    s->end += padded(len);
}

static void
clear_segment(struct segment *s)
{
    free(s->entries);
    s->entries = NULL;
    s->n = s->allocated = 0;
    s->first = 0;
    s->end = 0;
}

/* ## Recovery. ## */

/* Checks the record in 'buf', of which 'len' bytes could be read.  Returns
 * its length, or 0 if there is none that belongs here. */
static uint32_t
check_record(struct xfsm_journal *j, size_t len, uint64_t number)
{
    struct record_header h;
    uint32_t crc;

    if (len < sizeof h) {
        return 0;
    }
    memcpy(&h, j->buf, sizeof h);
    if (h.number != number || h.len < sizeof h || h.len > RECORD_MAX) {
        return 0;
    }
    crc = h.len <= len ? crc32c(j->buf + 8, h.len - 8) : ~h.crc;
    if (crc != h.crc || h.topic_len > h.len - sizeof h
        || h.body_len != h.len - sizeof h - h.topic_len) {
        j->stats.torn++;
        return 0;
    }
    return h.len;
}

static void
recover_segment(struct xfsm_journal *j, struct segment *s)
{
    struct segment_header header;
    struct xfsm_event_view view;
    struct record_header h;
    uint32_t len;

    if (pread_all(s->fd, &header, sizeof header, 0) != sizeof header
        || memcmp(header.magic, MAGIC, sizeof header.magic)
        || header.crc != crc32c(&header, offsetof(struct segment_header, crc))
        || !header.first) {
        return;
    }
    s->first = header.first;
    s->end = sizeof header;
    for (;;) {
        ssize_t n = pread_all(s->fd, j->buf, RECORD_MAX, s->end);

        len = check_record(j, n < 0 ? 0 : (size_t) n, s->first + s->n);
        if (!len) {
            break;
        }
        memcpy(&h, j->buf, sizeof h);
        if (!xfsm_event_decode(j->buf + sizeof h + h.topic_len, h.body_len,
                               &view)) {
            memset(&view, 0, sizeof view);
        }
        add_entry(j, s, h.time_ms, len, &view);
        j->stats.recovered++;
    }
}

/* Looks again for room for a segment that lacks it: disks do not stay full.
 * All of it at once, so that no record finds the end of it.  Not by
 * posix_fallocate(), which makes other system calls where the file system
 * cannot do it; pwrite() will tell then. */
static int
make_room(const struct xfsm_journal *j, struct segment *s)
{
    if (s->lacks_room) {
        if (fallocate(s->fd, 0, 0, (off_t) j->options.segment_bytes)
            && errno != EOPNOTSUPP) {
            return errno;
        }
        s->lacks_room = false;
    }
    return 0;
}

static int
start_segment(struct xfsm_journal *j, int i, uint64_t now_ms)
{
    struct segment *s = &j->segments[i];
    struct segment_header header = {
        .magic = MAGIC, .first = j->next, .created_ms = now_ms,
    };
    int error;

    header.crc = crc32c(&header, offsetof(struct segment_header, crc));
    error = make_room(j, s);
    if (!error) {
        error = pwrite_all(s->fd, &header, sizeof header, 0);
    }
    if (!error) {
        j->stats.recycled += s->first != 0;
        clear_segment(s);
        s->first = j->next;
        s->end = sizeof header;
        j->current = i;
    }
    return error;
}

/* Reads all segments, and drops those that are not what came before the
 * newest one: each begins where an earlier one ended. */
static void
recover(struct xfsm_journal *j)
{
    struct segment *newest = NULL;
    uint64_t first;
    int i, round;

    for (i = 0; i < XFSM_JOURNAL_SEGMENTS; i++) {
        struct segment *s = &j->segments[i];

        recover_segment(j, s);
        if (s->first && (!newest || s->first > newest->first)) {
            newest = s;
            j->current = i;
        }
    }
    if (!newest) {
        j->current = -1;
        return;
    }
    j->next = newest->first + newest->n;
    first = newest->first;
    for (round = 1; round < XFSM_JOURNAL_SEGMENTS; round++) {
        i = (j->current + XFSM_JOURNAL_SEGMENTS - round)
            % XFSM_JOURNAL_SEGMENTS;
        if (j->segments[i].first
            && j->segments[i].first + j->segments[i].n == first) {
            first = j->segments[i].first;
        } else {
            j->stats.recovered -= j->segments[i].n;
            clear_segment(&j->segments[i]);
            first = 0;
        }
    }
}

/* ## Opening and closing. ## */

static char *
open_segment(struct xfsm_journal *j, const char *dir, int i)
{
    struct segment *s = &j->segments[i];
    struct stat st;
    char name[32];
    int error = 0;

    snprintf(name, sizeof name, "events.%d", i);
    s->fd = openat(j->dir_fd, name,
                   O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->fd < 0 || fstat(s->fd, &st)) {
        error = errno;
    } else if (!S_ISREG(st.st_mode)) {
        error = EINVAL;
    } else {
        if ((size_t) st.st_size > j->options.segment_bytes
            && ftruncate(s->fd, (off_t) j->options.segment_bytes)) {
            error = errno;
        }
        if (!error) {
            error = posix_fallocate(s->fd, 0,
                                    (off_t) j->options.segment_bytes);
            if (error == ENOSPC || error == EDQUOT) {
                s->lacks_room = true;
                error = 0;
            }
        }
    }
    return (error
            ? xfsm_error_at(dir, "%s: cannot open or make room for %zu bytes "
                            "(%s)", name, j->options.segment_bytes,
                            strerror(error))
            : NULL);
}

static char *
open_dir(struct xfsm_journal *j, const char *dir)
{
    if (mkdir(dir, 0700) && errno != EEXIST) {
        return xfsm_error_at(dir, "cannot create (%s)", strerror(errno));
    }
    j->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (j->dir_fd < 0) {
        return xfsm_error_at(dir, "cannot open (%s)", strerror(errno));
    }
    if (flock(j->dir_fd, LOCK_EX | LOCK_NB)) {
        return xfsm_error_at(dir, "%s", errno == EWOULDBLOCK
                             ? "another process has this journal"
                             : strerror(errno));
    }
    return NULL;
}

char *
xfsm_journal_open(const char *dir, const struct xfsm_journal_options *options,
                  const uint8_t entropy[16], struct xfsm_journal **jp)
{
    struct xfsm_journal *j;
    char *error;
    int i;

    if (options->segment_bytes < XFSM_JOURNAL_SEGMENT_MIN
        || options->segment_bytes > XFSM_JOURNAL_SEGMENT_MAX) {
        return xfsm_error_at(dir, "segments of %zu bytes: must be %d to %d",
                             options->segment_bytes,
                             XFSM_JOURNAL_SEGMENT_MIN,
                             XFSM_JOURNAL_SEGMENT_MAX);
    }
    j = calloc(1, sizeof *j);
    if (!j) {
        abort();
    }
    init_crc();
    j->options = *options;
    j->next = 1;
    j->sync_at = INT64_MAX;
    j->dir_fd = -1;
    xfsm_seed_init(&j->seed, entropy);
    for (i = 0; i < XFSM_JOURNAL_SEGMENTS; i++) {
        j->segments[i].fd = -1;
    }
    error = open_dir(j, dir);
    for (i = 0; !error && i < XFSM_JOURNAL_SEGMENTS; i++) {
        error = open_segment(j, dir, i);
    }
    if (error) {
        xfsm_journal_close(j);
        return error;
    }
    recover(j);
    *jp = j;
    return NULL;
}

static void
sync_current(struct xfsm_journal *j)
{
    if (j->dirty) {
        j->dirty = false;
        j->stats.syncs++;
        if (fdatasync(j->segments[j->current].fd)) {
            j->stats.sync_failed++;
        }
    }
    j->sync_at = INT64_MAX;
}

void
xfsm_journal_sync(struct xfsm_journal *j)
{
    sync_current(j);
}

void
xfsm_journal_close(struct xfsm_journal *j)
{
    int i;

    if (j) {
        sync_current(j);
        for (i = 0; i < XFSM_JOURNAL_SEGMENTS; i++) {
            if (j->segments[i].fd >= 0) {
                close(j->segments[i].fd);
            }
            clear_segment(&j->segments[i]);
        }
        if (j->dir_fd >= 0) {
            close(j->dir_fd);
        }
        free(j);
    }
}

/* ## Writing. ## */

/* True if a record of 'len' bytes needs another segment. */
static bool
is_full(const struct xfsm_journal *j, size_t len)
{
    return (j->current < 0 || (j->segments[j->current].end + padded(len)
                               > j->options.segment_bytes));
}

uint64_t
xfsm_journal_oldest_after(const struct xfsm_journal *j, size_t data_len)
{
    int gone = is_full(j, sizeof(struct record_header) + data_len)
               ? (j->current + 1) % XFSM_JOURNAL_SEGMENTS : -1;
    uint64_t oldest = j->next;
    int i;

    for (i = 0; i < XFSM_JOURNAL_SEGMENTS; i++) {
        if (i != gone && j->segments[i].n && j->segments[i].first < oldest) {
            oldest = j->segments[i].first;
        }
    }
    return oldest;
}

int
xfsm_journal_append(struct xfsm_journal *j, uint64_t now_ms,
                    const char *topic, size_t topic_len,
                    const char *body, size_t body_len,
                    const struct xfsm_event_view *view)
{
    struct record_header h;
    size_t len = sizeof h + topic_len + body_len;
    struct segment *s;
    int error = 0;

    if (topic_len > XFSM_JOURNAL_DATA_MAX
        || body_len > XFSM_JOURNAL_DATA_MAX - topic_len) {
        j->stats.failed++;
        return EMSGSIZE;
    }
    if (is_full(j, len)) {
        sync_current(j);
        error = start_segment(j, (j->current + 1) % XFSM_JOURNAL_SEGMENTS,
                              now_ms);
    }
    s = &j->segments[j->current < 0 ? 0 : j->current];
    h = (struct record_header) {
        .len = (uint32_t) len, .number = j->next, .time_ms = now_ms,
        .topic_len = (uint32_t) topic_len, .body_len = (uint32_t) body_len,
    };
    memcpy(j->buf, &h, sizeof h);
    memcpy(j->buf + sizeof h, topic, topic_len);
    memcpy(j->buf + sizeof h + topic_len, body, body_len);
    h.crc = crc32c(j->buf + 8, len - 8);
    memcpy(j->buf, &h, sizeof h);
    memset(j->buf + len, 0, padded(len) - len);
    if (!error) {
        error = pwrite_all(s->fd, j->buf, padded(len), s->end);
    }
    if (error) {
        j->stats.failed++;
        return error;
    }
    add_entry(j, s, now_ms, (uint32_t) len, view);
    j->next++;
    j->stats.appended++;
    j->dirty = true;
    if (!j->options.sync_ms) {
        sync_current(j);
    }
    return 0;
}

void
xfsm_journal_run(struct xfsm_journal *j, uint64_t now_ms, int64_t mono_ms)
{
    int i;

    if (mono_ms >= j->sync_at) {
        sync_current(j);
    } else if (j->dirty && j->options.sync_ms > 0
               && j->sync_at == INT64_MAX) {
        j->sync_at = mono_ms + j->options.sync_ms;
    }
    if (j->options.max_age_ms && now_ms > j->options.max_age_ms) {
        j->oldest_ms = now_ms - j->options.max_age_ms;
    }
    for (i = 0; i < XFSM_JOURNAL_SEGMENTS; i++) {
        struct segment *s = &j->segments[i];

        if (i != j->current && s->n
            && s->entries[s->n - 1].time_ms < j->oldest_ms) {
            /* Gone from the disk as well: the header is what makes it one. */
            char zeros[sizeof(struct segment_header)] = { 0 };

            pwrite_all(s->fd, zeros, sizeof zeros, 0);
            clear_segment(s);
        }
    }
}

int64_t
xfsm_journal_wake(const struct xfsm_journal *j)
{
    return j->sync_at;
}

/* ## Reading. ## */

void
xfsm_journal_bounds(const struct xfsm_journal *j, uint64_t *first,
                    uint64_t *last)
{
    int i;

    *first = j->next;
    *last = j->next - 1;
    for (i = 0; i < XFSM_JOURNAL_SEGMENTS; i++) {
        if (j->segments[i].n && j->segments[i].first < *first) {
            *first = j->segments[i].first;
        }
    }
}

static bool
matches(const struct xfsm_journal *j, const struct entry *e,
        const struct xfsm_journal_query *q)
{
    return (e->time_ms >= q->since_ms && e->time_ms >= j->oldest_ms
            && (!q->has_source
                || (e->source == q->source && e->epoch == q->epoch
                    && e->from <= q->to && e->to >= q->from)));
}

static int
read_entry(struct xfsm_journal *j, const struct segment *s, size_t i,
           struct xfsm_journal_record *record)
{
    const struct entry *e = &s->entries[i];
    struct record_header h;
    ssize_t n = pread_all(s->fd, j->buf, e->len, e->offset);

    if (n < 0) {
        return errno;
    }
    if (check_record(j, (size_t) n, s->first + i) != e->len) {
        return EIO;
    }
    memcpy(&h, j->buf, sizeof h);
    *record = (struct xfsm_journal_record) {
        .number = h.number,
        .time_ms = h.time_ms,
        .topic = j->buf + sizeof h,
        .topic_len = h.topic_len,
        .body = j->buf + sizeof h + h.topic_len,
        .body_len = h.body_len,
    };
    return 0;
}

int
xfsm_journal_read(struct xfsm_journal *j, const struct xfsm_journal_query *q,
                  struct xfsm_journal_record *record)
{
    int round;

    for (round = 1; j->current >= 0 && round <= XFSM_JOURNAL_SEGMENTS;
         round++) {
        const struct segment *s
            = &j->segments[(j->current + round) % XFSM_JOURNAL_SEGMENTS];
        size_t i = 0;

        if (!s->first || s->first + s->n <= q->after + 1) {
            continue;
        }
        if (q->after >= s->first) {
            i = q->after + 1 - s->first;
        }
        for (; i < s->n; i++) {
            if (matches(j, &s->entries[i], q)) {
                return read_entry(j, s, i, record);
            }
        }
    }
    return ENOENT;
}

const struct xfsm_journal_stats *
xfsm_journal_stats(const struct xfsm_journal *j)
{
    return &j->stats;
}
