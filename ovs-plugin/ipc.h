/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_IPC_H
#define OVS_PLUGIN_IPC_H 1

/* Messages between the agent and its children, the probes and the hub.
 *
 * The agent makes a SOCK_SEQPACKET socket pair for each child before it starts
 * it.  A message is one packet: a header of 12 bytes and a payload of the
 * values below, all little-endian.  A text is its length in 2 bytes and its
 * bytes, without a null byte.
 *
 *     magic "XF" 2 bytes | version 2 | type 2 | reserved 2 | payload length 4
 *
 * Agent and children are installed together, so there is one version and no
 * negotiation: a message of another version is refused by whoever gets it.
 *
 * The agent is root and its children read what attackers send, so the agent
 * trusts nothing in a message: reading goes through the cursor of bytes.h, a
 * text is copied into a buffer of known size and must not hold a null byte,
 * and a malformed message is an error of the child, which is then killed.
 *
 * A message may carry one file descriptor (SCM_RIGHTS): an image, as a sealed
 * memfd, or a socket.  Descriptors a message should not have are closed.
 *
 * Nothing here blocks: a message is sent whole or not at all.  Nothing here is
 * of Open vSwitch, so that all of it can be fuzzed without.
 *
 * Thread-safety: none needed, all state is the caller's. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/base/bytes.h"

#define XFSM_IPC_MAGIC 0x4658           /* "XF". */
#define XFSM_IPC_VERSION 1
#define XFSM_IPC_HEADER_LEN 12

/* Longest message, header included. */
#define XFSM_IPC_MAX 65536

/* Bytes that a socket of xfsm_ipc_pair() holds, where we may say so; what the
 * kernel does by default (net.core.wmem_default), unless it was told to do
 * less. */
#define XFSM_IPC_BUFFER 212992

/* Longest text, and room for it with its terminator. */
#define XFSM_IPC_TEXT_MAX 4095
#define XFSM_IPC_TEXT_SIZE (XFSM_IPC_TEXT_MAX + 1)

/* M(ID, NAME, DOC): messages.  In the payloads, "text" and "u64" are as said
 * above and "[...]" is a u16 count followed by as many.
 *
 * A socket to an agent that is gone reads as closed, and its child exits. */
#define XFSM_IPC_MESSAGES(M) \
    /* Agent to probe. */ \
    M(LOAD, "load", "u64 serial, text name; fd: image.  Load or replace a " \
      "program; answered by ACK") \
    M(UNLOAD, "unload", "u64 serial, text name.  Remove a program; answered " \
      "by ACK") \
    M(HUB, "hub", "fd: socket to the hub.  Publish there from now on") \
    M(PING, "ping", "Answer with PONG: tells a busy child from a hung one") \
    /* Probe to agent. */ \
    M(READY, "ready", "u64 epoch, u64 ifindex.  The source is open and the " \
      "cage closed") \
    M(ACK, "ack", "u64 serial, text name, text error (empty: done)") \
    M(PONG, "pong", "") \
    M(STATS, "stats", "[text counter, u64 value], [text program/state, " \
      "u64 keys], text last event") \
    /* Agent to hub. */ \
    M(PROBE, "probe", "text name; fd: socket of a probe.  Publish what it " \
      "sends until it is closed") \
    /* Hub to agent (also READY, with epoch and 0, PONG and STATS). */ \
    M(ENDPOINT, "endpoint", "text endpoint.  Subscribers connect there") \
    /* Probe to agent, too. */ \
    M(NOTE, "note", "text.  What an operator should know, empty: nothing") \
    /* Agent to probe, too. */ \
    M(SAVE, "save", "u64 serial; fd: memory.  Save the state there; " \
      "answered by DONE") \
    M(RESTORE, "restore", "u64 serial; fd: a saved state, as a memfd.  Go " \
      "on with it; answered by DONE") \
    /* Probe to agent, too. */ \
    M(DONE, "done", "u64 serial, u64 length of what was saved, text error " \
      "(empty: done)") \
    M(MITIGATION, "mitigation", "text event.  An event of label mitigation, " \
      "as JSON") \
    /* Agent to probe, too. */ \
    M(IDENTITY, "identity", "text UUID of the interface, [text name, text " \
      "value] of external_ids.  What events tell of the port from now on") \
    /* Agent to exporter (also PING; READY and PONG back). */ \
    M(METRICS, "metrics", "fd: text, as a memfd.  Serve it from now on")

enum xfsm_ipc_type {
    XFSM_IPC_NONE = 0,
#define XFSM_IPC_ENUM(ID, NAME, DOC) XFSM_IPC_##ID,
    XFSM_IPC_MESSAGES(XFSM_IPC_ENUM)
#undef XFSM_IPC_ENUM
    XFSM_IPC_N_TYPES
};

/* Returns the name of a message type, "unknown" for one that is none. */
const char *xfsm_ipc_type_name(unsigned int type);

/* A message being composed.  An overflow is remembered and makes
 * xfsm_ipc_send() fail, so that callers need not check each value. */
struct xfsm_ipc_writer {
    uint8_t *buf;               /* XFSM_IPC_MAX bytes. */
    size_t len;                 /* Bytes so far, header included. */
    bool overflow;
};

/* Starts a message in 'buf' of XFSM_IPC_MAX bytes, which must live until it
 * was sent. */
void xfsm_ipc_begin(struct xfsm_ipc_writer *, uint8_t *buf,
                    enum xfsm_ipc_type);

/* Appends a value.  A text longer than XFSM_IPC_TEXT_MAX is cut. */
void xfsm_ipc_put_u16(struct xfsm_ipc_writer *, uint16_t);
void xfsm_ipc_put_u64(struct xfsm_ipc_writer *, uint64_t);
void xfsm_ipc_put_text(struct xfsm_ipc_writer *, const char *);

/* Appends the count of a list, to be filled in by xfsm_ipc_end_list().
 * Returns its place. */
size_t xfsm_ipc_begin_list(struct xfsm_ipc_writer *);
void xfsm_ipc_end_list(struct xfsm_ipc_writer *, size_t place,
                       uint16_t count);

/* True if 'n' bytes more fit. */
bool xfsm_ipc_has_room(const struct xfsm_ipc_writer *, size_t n);

/* Sends the message on 'sock', with the descriptor 'fd' if that is not -1;
 * 'fd' stays the caller's.  Returns 0, EAGAIN if the socket is full, EMSGSIZE
 * if the message overflowed, or another positive errno. */
int xfsm_ipc_send(int sock, struct xfsm_ipc_writer *, int fd);

/* Receives a message from 'sock' into 'buf' of XFSM_IPC_MAX bytes.  Returns 0
 * and stores its type, a cursor on its payload and its descriptor or -1,
 * which is then the caller's; EAGAIN if there is no message; ESHUTDOWN if the
 * peer is gone and all that it said was received; EPROTO if the message is
 * malformed; or another positive errno. */
int xfsm_ipc_recv(int sock, uint8_t *buf, enum xfsm_ipc_type *typep,
                  struct xfsm_bytes *payload, int *fdp);

/* Take a value off the payload; false if it is not there.  A text is stored
 * in 'text' of 'size' bytes, terminated; one that does not fit or holds a
 * null byte is malformed. */
bool xfsm_ipc_get_u16(struct xfsm_bytes *, uint16_t *);
bool xfsm_ipc_get_u64(struct xfsm_bytes *, uint64_t *);
bool xfsm_ipc_get_text(struct xfsm_bytes *, char *text, size_t size);

/* Takes the payload of STATS: calls 'cb' for each entry of its lists 0 and 1,
 * and stores its text as above.  False if it is malformed, or more. */
bool xfsm_ipc_get_stats(struct xfsm_bytes *,
                        void (*cb)(int list, const char *name, uint64_t value,
                                   void *aux),
                        void *aux, char *text, size_t size);

/* Gives 'sock' a buffer of XFSM_IPC_BUFFER bytes at least, as far as that is
 * allowed: a packet of more than its buffer it would never take. */
void xfsm_ipc_set_buffer(int sock);

/* Makes a pair of non-blocking, close-on-exec SOCK_SEQPACKET sockets with such
 * buffers.  Returns 0 or a positive errno. */
int xfsm_ipc_pair(int socks[2]);

/* Makes a memfd named 'name' that holds 'len' bytes at 'data' and is sealed
 * against any change.  Returns 0 and stores it, or a positive errno. */
int xfsm_ipc_sealed_memfd(const char *name, const void *data, size_t len,
                          int *fdp);

/* Seals the memfd 'fd', checks that it is at most 'max' bytes and returns 0
 * and its contents, mapped read-only, or a positive errno.  EPERM: it is no
 * memfd or cannot be sealed.  The caller unmaps with munmap(). */
int xfsm_ipc_map_memfd(int fd, size_t max, const void **datap, size_t *lenp);

#endif /* ovs-plugin/ipc.h */
