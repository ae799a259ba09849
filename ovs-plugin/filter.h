/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_FILTER_H
#define OVS_PLUGIN_FILTER_H 1

/* The kernel filter of a probe: which packets its programs may want.
 *
 * A packet that no event of any program can match need not be copied into the
 * ring.  From the matchers of the verified images this derives, as an
 * expression for libpcap, a filter that passes at least every packet that
 * reaches an event with its primary key complete.  It may pass more, never
 * less:
 *
 *   - the matcher becomes a sum of products of its tests, in which a test that
 *     failed counts for nothing; one that grows too large passes everything;
 *   - a test that the filter cannot express passes, but the field must be
 *     there: a DNS name asks for a port of DNS, an inner address for a
 *     tunnel;
 *   - whatever moves headers from their usual place passes: VLAN tags in the
 *     packet (those that the kernel took off move nothing), MPLS, PPPoE, LLC,
 *     IPv4 options and fragments, IPv6 extension headers; so do frames too
 *     short for an IPv4 header;
 *   - where a program names packet_no everything passes, since that counts
 *     what the probe sees.
 *
 * All loads of the expression lie behind a test of the length, because a load
 * beyond the end rejects a packet whatever else would accept it.
 *
 * Of what passes, the kernel copies the first XFSM_FILTER_HEADERS bytes where
 * these have all that the programs can read, which is what makes a probe on a
 * port with long packets cheap.  A second expression tells which packets have
 * to be copied whole: all where a program publishes packets (raw), those that
 * may carry a layer of which a program names a field (DNS, a tunnel, ...), and
 * whatever is not in its usual place, as above.  The headers of all others,
 * up to those of TCP with options over IPv6, take 114 bytes at most.
 *
 * Ownership: a filter copies what it needs of an image.  Thread-safety: none
 * needed.  Cost: to add a program, about the square of its tests, which the
 * verifier bounds, times XFSM_FILTER_CLAUSES. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/packet/packet.h"

struct bpf_program;
struct xfsm_image;

/* Products in a program's sum and tests in a product, at most. */
#define XFSM_FILTER_CLAUSES 64
#define XFSM_FILTER_TESTS 16

/* Texts that are no expression of libpcap. */
#define XFSM_FILTER_ALL "all"           /* Every packet passes. */
#define XFSM_FILTER_NONE "none"         /* No packet passes. */

/* Bytes of a frame of which no more than the headers are wanted. */
#define XFSM_FILTER_HEADERS 128

/* What a test asks of a field; the other ones compare it. */
#define XFSM_FILTER_PRESENT 0xff        /* That it is there. */

struct xfsm_filter_test {
    uint8_t field;              /* enum xfsm_field_id. */
    uint8_t op;                 /* enum xfsm_expr_op or XFSM_FILTER_PRESENT. */
    uint64_t value;             /* Of an unsigned or MAC field. */
    union xfsm_addr addr, mask; /* Of an address field. */
};

/* Tests that must all hold; none: always. */
struct xfsm_filter_clause {
    size_t n;
    struct xfsm_filter_test tests[XFSM_FILTER_TESTS];
};

/* Clauses of which one must hold; none: never. */
struct xfsm_filter_sum {
    size_t n, allocated;
    struct xfsm_filter_clause *clauses;
};

struct xfsm_filter {
    size_t n;
    struct xfsm_filter_program {
        char *name;
        struct xfsm_filter_sum sum;
        uint32_t layers;        /* Of its fields, bits 1 << XFSM_FL_*... */
        bool raw;               /* ...and it publishes packets. */
    } *programs;
};

#define XFSM_FILTER_INITIALIZER { 0, NULL }

void xfsm_filter_destroy(struct xfsm_filter *);

/* Adds a program, or replaces the one of that name. */
void xfsm_filter_set(struct xfsm_filter *, const char *name,
                     const struct xfsm_image *);

/* Removes a program, if there is one of that name. */
void xfsm_filter_remove(struct xfsm_filter *, const char *name);

/* Returns the expression for all programs together, which the caller
 * frees. */
char *xfsm_filter_text(const struct xfsm_filter *);

/* Returns the expression for the packets that all programs together may want
 * more than XFSM_FILTER_HEADERS bytes of, which the caller frees. */
char *xfsm_filter_whole(const struct xfsm_filter *);

/* Compiles what xfsm_filter_text() and xfsm_filter_whole() returned for frames
 * of Ethernet.  Returns NULL and fills '*program', to be freed with
 * pcap_freecode(), or returns an error that the caller frees.  The program
 * returns how many bytes of a frame are wanted, 0: it is left out. */
char *xfsm_filter_compile(const char *text, const char *whole,
                          struct bpf_program *program);

/* Adds the clauses of 'other' to 'sum', in which what another one covers is
 * left out.  A sum of 'max' or more becomes one that always holds. */
void xfsm_filter_sum_add(struct xfsm_filter_sum *sum,
                         const struct xfsm_filter_sum *other, size_t max);
void xfsm_filter_sum_destroy(struct xfsm_filter_sum *);

#endif /* ovs-plugin/filter.h */
