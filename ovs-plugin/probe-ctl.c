/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/probe.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-plugin/probe-source.h"
#include "util.h"
#include "xfsm/base/mem.h"
#include "xfsm/program/image.h"

VLOG_DEFINE_THIS_MODULE(probe_ctl);

/* Messages handled in one go. */
#define CTL_BURST 16

/* Parts of tables looked at after a PING: a few microseconds each, and all of
 * a program's within seconds. */
#define PROMOTE_PARTS 8

/* Room kept in a STATS message for the last event. */
#define STATS_TAIL (XFSM_PUBLISH_LAST_SIZE + 2)

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

static void
send_message(struct xfsm_probe *probe, struct xfsm_ipc_writer *w)
{
    int error = xfsm_ipc_send(probe->ctl, w, -1);

    /* An agent that has closed its end has told so. */
    if (error && error != EPIPE) {
        VLOG_WARN_RL(&rl, "cannot send to the agent (%s)",
                     ovs_strerror(error));
    }
}

void
xfsm_probe_ctl_ready(struct xfsm_probe *probe)
{
    struct xfsm_ipc_writer w;

    if (probe->ctl >= 0) {
        xfsm_ipc_begin(&w, probe->out, XFSM_IPC_READY);
        xfsm_ipc_put_u64(&w, probe->identity.epoch);
        xfsm_ipc_put_u64(&w, xfsm_source_ifindex(probe->source));
        send_message(probe, &w);
    }
}

void
xfsm_probe_ctl_note(struct xfsm_probe *probe)
{
    const char *note = probe->lanes.note;
    struct xfsm_ipc_writer w;

    if (probe->ctl >= 0 && !nullable_string_is_equal(note,
                                                     probe->last_note)) {
        free(probe->last_note);
        probe->last_note = nullable_xstrdup(note);
        xfsm_ipc_begin(&w, probe->out, XFSM_IPC_NOTE);
        xfsm_ipc_put_text(&w, note ? note : "");
        send_message(probe, &w);
    }
}

/* Verifies the image of 'len' bytes, which must be of a program of 'name',
 * and adds or replaces it.  Returns NULL or an error that the caller
 * frees. */
static char *
load_program(struct xfsm_probe *probe, const char *name, const void *data,
             size_t len)
{
    struct xfsm_image image;
    const char *own_name;
    char *error;

    error = xfsm_image_verify(data, len, &image);
    if (error) {
        return error;
    }
    own_name = image.strings + image.header->name;
    if (strcmp(own_name, name)) {
        return xasprintf("the image is of a program \"%s\", not \"%s\"",
                         own_name, name);
    }

    /* Until the filter knows the new program, nothing may be left out. */
    xfsm_probe_filter_open(probe);
    xfsm_lanes_lock(&probe->lanes);
    error = xfsm_lanes_load(&probe->lanes, name, data, len, &image);
    xfsm_lanes_unlock(&probe->lanes);
    if (!error) {
        xfsm_filter_set(&probe->filter, name, &image);
    }
    xfsm_probe_mail_update(probe);
    xfsm_probe_filter_update(probe);
    return error;
}

/* Removes a program.  Returns NULL or an error that the caller frees. */
static char *
unload_program(struct xfsm_probe *probe, const char *name)
{
    char *error;

    xfsm_lanes_lock(&probe->lanes);
    error = xfsm_lanes_unload(&probe->lanes, name);
    xfsm_lanes_unlock(&probe->lanes);
    if (error) {
        return error;
    }
    xfsm_filter_remove(&probe->filter, name);
    xfsm_probe_mail_update(probe);
    xfsm_probe_filter_update(probe);
    return NULL;
}

static char *
load_from_fd(struct xfsm_probe *probe, const char *name, int fd)
{
    const void *data;
    size_t len;
    char *text;
    int error;

    if (fd < 0) {
        return xstrdup("the agent sent no image");
    }
    error = xfsm_ipc_map_memfd(fd, XFSM_MAX_IMAGE_BYTES, &data, &len);
    if (error) {
        return (error == EFBIG
                ? xasprintf("the image is longer than %d bytes",
                            XFSM_MAX_IMAGE_BYTES)
                : xasprintf("cannot read the image (%s)",
                            ovs_strerror(error)));
    }
    text = load_program(probe, name, data, len);
    munmap(CONST_CAST(void *, data), len);
    return text;
}

/* Handles LOAD and UNLOAD. */
static int
handle_program(struct xfsm_probe *probe, enum xfsm_ipc_type type,
               struct xfsm_bytes *b, int fd)
{
    char name[XFSM_MAX_NAME + 1];
    struct xfsm_ipc_writer w;
    uint64_t serial;
    char *error = NULL;

    if (!xfsm_ipc_get_u64(b, &serial)
        || !xfsm_ipc_get_text(b, name, sizeof name)
        || xfsm_bytes_remaining(b)) {
        return EPROTO;
    }
    if (type == XFSM_IPC_LOAD) {
        error = load_from_fd(probe, name, fd);
    } else {
        error = unload_program(probe, name);
    }
    if (error) {
        VLOG_WARN("%s: cannot %s: %s", name, xfsm_ipc_type_name(type), error);
    } else {
        VLOG_INFO("%s: %sed", name, xfsm_ipc_type_name(type));
    }

    xfsm_ipc_begin(&w, probe->out, XFSM_IPC_ACK);
    xfsm_ipc_put_u64(&w, serial);
    xfsm_ipc_put_text(&w, name);
    xfsm_ipc_put_text(&w, error ? error : "");
    send_message(probe, &w);
    free(error);
    return 0;
}

/* Handles SAVE and RESTORE. */
static int
handle_state(struct xfsm_probe *probe, enum xfsm_ipc_type type,
             struct xfsm_bytes *b, int fd)
{
    struct xfsm_ipc_writer w;
    uint64_t serial;
    uint64_t len = 0;
    char *error;

    if (!xfsm_ipc_get_u64(b, &serial) || xfsm_bytes_remaining(b)) {
        return EPROTO;
    }
    error = type == XFSM_IPC_SAVE ? xfsm_probe_save(probe, fd, &len)
                                  : xfsm_probe_restore(probe, fd);
    if (error) {
        VLOG_WARN("cannot %s the state: %s", xfsm_ipc_type_name(type), error);
    } else {
        VLOG_INFO("%sd the state", xfsm_ipc_type_name(type));
    }
    xfsm_ipc_begin(&w, probe->out, XFSM_IPC_DONE);
    xfsm_ipc_put_u64(&w, serial);
    xfsm_ipc_put_u64(&w, error ? 0 : len);
    xfsm_ipc_put_text(&w, error ? error : "");
    send_message(probe, &w);
    free(error);
    return 0;
}

static int
handle_identity(struct xfsm_probe *probe, struct xfsm_bytes *b)
{
    struct xfsm_port_ids ids;

    if (!xfsm_port_ids_parse(b, &ids)) {
        return EPROTO;
    }
    xfsm_publisher_set_ids(&probe->publisher, &ids);
    return 0;
}

struct stats_writer {
    struct xfsm_ipc_writer *w;
    uint16_t n;
};

static void
put_number(struct stats_writer *s, const char *name, uint64_t value)
{
    if (xfsm_ipc_has_room(s->w, 2 + strlen(name) + 8 + 2 + STATS_TAIL)) {
        xfsm_ipc_put_text(s->w, name);
        xfsm_ipc_put_u64(s->w, value);
        s->n++;
    }
}

static void
put_counter(const char *name, uint64_t value, void *s)
{
    put_number(s, name, value);
}

static void
put_state_keys(struct xfsm_probe *probe, struct stats_writer *s)
{
    struct xfsm_program_info info;
    unsigned int i;
    int j;

    xfsm_lanes_lock(&probe->lanes);
    for (i = 0; xfsm_lanes_get_program(&probe->lanes, i, &info); i++) {
        for (j = 0; j < info.n_states; j++) {
            char name[2 * XFSM_MAX_NAME + 2];

            snprintf(name, sizeof name, "%s/%s", info.name,
                     info.state_names[j]);
            if (info.state_keys[j]) {
                put_number(s, name, info.state_keys[j]);
            }
        }
    }
    xfsm_lanes_unlock(&probe->lanes);
}

/* Answers a PING, before which statistics are sent, if they changed, and after
 * which tables are looked at that might be full: so an idle probe has no timer
 * of its own, and one whose agent does not read sends nothing. */
static void
handle_ping(struct xfsm_probe *probe)
{
    struct xfsm_ipc_writer w;
    struct stats_writer s;
    size_t place;

    xfsm_ipc_begin(&w, probe->out, XFSM_IPC_STATS);
    s = (struct stats_writer) { .w = &w };
    place = xfsm_ipc_begin_list(&w);
    xfsm_probe_each_counter(probe, put_counter, &s);
    xfsm_ipc_end_list(&w, place, s.n);

    s.n = 0;
    place = xfsm_ipc_begin_list(&w);
    put_state_keys(probe, &s);
    xfsm_ipc_end_list(&w, place, s.n);
    xfsm_ipc_put_text(&w, probe->publisher.last);

    if (w.len != probe->last_stats_len
        || memcmp(probe->out + XFSM_IPC_HEADER_LEN,
                  probe->last_stats + XFSM_IPC_HEADER_LEN,
                  w.len - XFSM_IPC_HEADER_LEN)) {
        memcpy(probe->last_stats, probe->out, w.len);
        probe->last_stats_len = w.len;
        send_message(probe, &w);
    }
    xfsm_ipc_begin(&w, probe->out, XFSM_IPC_PONG);
    send_message(probe, &w);
    if (!probe->small_pages) {
        xfsm_mem_promote(PROMOTE_PARTS);
    }
}

static int
handle_message(struct xfsm_probe *probe, enum xfsm_ipc_type type,
               struct xfsm_bytes *payload, int *fdp)
{
    switch ((int) type) {
    case XFSM_IPC_LOAD:
    case XFSM_IPC_UNLOAD:
        return handle_program(probe, type, payload, *fdp);

    case XFSM_IPC_SAVE:
    case XFSM_IPC_RESTORE:
        return handle_state(probe, type, payload, *fdp);

    case XFSM_IPC_HUB:
        if (*fdp < 0) {
            return EPROTO;
        }
        xfsm_publisher_set_socket(&probe->publisher, *fdp);
        *fdp = -1;
        return 0;

    case XFSM_IPC_IDENTITY:
        return handle_identity(probe, payload);

    case XFSM_IPC_PING:
        handle_ping(probe);
        return 0;

    default:
        return EPROTO;
    }
}

int
xfsm_probe_ctl_run(struct xfsm_probe *probe)
{
    int i;

    for (i = 0; probe->ctl >= 0 && i < CTL_BURST; i++) {
        enum xfsm_ipc_type type;
        struct xfsm_bytes payload;
        int error, fd;

        error = xfsm_ipc_recv(probe->ctl, probe->in, &type, &payload, &fd);
        if (error) {
            return error == EAGAIN ? 0 : error;
        }
        error = handle_message(probe, type, &payload, &fd);
        if (fd >= 0) {
            close(fd);
        }
        if (error) {
            return error;
        }
    }
    return 0;
}

void
xfsm_probe_ctl_wait(const struct xfsm_probe *probe)
{
    if (probe->ctl >= 0) {
        poll_fd_wait(probe->ctl, POLLIN);
    }
}
