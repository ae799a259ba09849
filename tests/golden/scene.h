/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef TESTS_GOLDEN_SCENE_H
#define TESTS_GOLDEN_SCENE_H 1

/* What the scenes of make-capture are made of: frames with a time, and what
 * hosts do with them.
 *
 * Times are in milliseconds from the beginning of the scene, 2026-01-01 at
 * 00:00:00 UTC.  Errors abort, as in tests/unit/packet-builder.h. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/unit/packet-builder.h"

/* Longest frame. */
#define SCENE_FRAME_SIZE 2048

/* The server of scene_query() and scene_answer(). */
#define SCENE_RESOLVER "10.0.0.53"

/* A capture that is being written. */
struct scene {
    FILE *file;
    uint64_t random;            /* State of random_next(). */
    unsigned int vlan;          /* Tag for the TCP frames to come, 0: none. */
};

/* A scene that can be made. */
struct scene_entry {
    const char *name;           /* The capture is NAME.pcap. */
    void (*write)(struct scene *);
};

/* The scenes of scenes-library.c and scenes-services.c; the last of each has
 * no name. */
extern const struct scene_entry scenes_library[];
extern const struct scene_entry scenes_services[];

/* Adds a frame; of one with more than 'cut' bytes, the first 'cut'. */
void scene_put(struct scene *, double ms, const void *frame, size_t len);
void scene_put_cut(struct scene *, double ms, const void *frame, size_t len,
                   size_t cut);

/* 'payload' may be NULL. */
void scene_tcp(struct scene *, double ms, const char *src, unsigned int sport,
               const char *dst, unsigned int dport, unsigned int flags,
               const char *payload);
void scene_udp(struct scene *, double ms, const char *src, unsigned int sport,
               const char *dst, unsigned int dport, const char *payload);

/* A SYN from port 40000, and the SYN-ACK to it. */
void scene_syn(struct scene *, double ms, const char *src, const char *dst,
               unsigned int dport);
void scene_accept(struct scene *, double ms, const char *src, const char *dst,
                  unsigned int dport);

/* TCP (flags PSH and ACK) or UDP with 'n' bytes of payload, of which the
 * capture has few. */
void scene_tcp_data(struct scene *, double ms, const char *src,
                    unsigned int sport, const char *dst, unsigned int dport,
                    size_t n);
void scene_udp_data(struct scene *, double ms, const char *src,
                    unsigned int sport, const char *dst, unsigned int dport,
                    size_t n);

/* A DNS query for an address; its answer, where 'addr' NULL says that the
 * name does not exist. */
void scene_query(struct scene *, double ms, const char *client,
                 const char *name);
void scene_answer(struct scene *, double ms, const char *client,
                  const char *name, const char *addr);

/* A Modbus/TCP request to 'port' of the device; the device's response from
 * port 502. */
void scene_modbus(struct scene *, double ms, const char *src, const char *dst,
                  unsigned int port, unsigned int fc);
void scene_modbus_response(struct scene *, double ms, const char *device,
                           const char *dst, unsigned int fc);

/* An echo request, with 56 bytes, and the reply. */
void scene_ping(struct scene *, double ms, const char *src, const char *dst,
                unsigned int seq);
void scene_pong(struct scene *, double ms, const char *src, const char *dst,
                unsigned int seq);

/* One connection with a request and its answer. */
void scene_web(struct scene *, double ms, const char *client,
               unsigned int sport, const char *server);

/* The address of host 'n' of PREFIX.0.0/16, from 0, in 'buf'. */
const char *scene_host(char buf[32], const char *prefix, unsigned int n);

#endif /* tests/golden/scene.h */
