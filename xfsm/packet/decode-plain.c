/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Many plain packets at a time.  On a processor with AVX2, fields are moved by
 * shuffles of 16 bytes, several of them at once: what the members of struct
 * xfsm_packet are next to each other for. */

#include "xfsm/packet/decode-plain.h"

#include <stddef.h>

#include "xfsm/packet/decode.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

void
xfsm_decode_plain_payload(struct xfsm_packet *packet,
                          const struct xfsm_fieldset *want, uint32_t start,
                          uint32_t end)
{
    struct xfsm_decoder d = {
        .packet = packet,
        .want = want,
        .wire = packet->payload_len,
        .present = packet->present,
    };

    xfsm_bytes_init(&d.in, packet->data, end);
    xfsm_bytes_skip(&d.in, start);
    xfsm_decode_tcp_payload(&d);
    packet->present = d.present;
}


/* Numbers and counts a packet that is done. */
static inline __attribute__((always_inline)) void
count_packet(struct xfsm_packet *packet, struct xfsm_decode_count *count)
{
    packet->packet_no = ++count->packet_no;
    count->bytes += packet->len;
}

size_t
xfsm_decode_narrow(struct xfsm_packet *packets, size_t n,
                   const struct xfsm_fieldset *want,
                   struct xfsm_decode_count *count)
{
    size_t i;

    for (i = 0; i < n; i++) {
        struct xfsm_packet *packet = &packets[i];

        packet->segs += !packet->segs;
        if (packet->link_type != XFSM_LINK_ETHERNET
            || !xfsm_decode_plain(packet, want)
            || packet->decode_error != XFSM_DE_NONE) {
            break;
        }
        count_packet(packet, count);
    }
    return i;
}

#ifdef __x86_64__

#define WIDE __attribute__((target("avx2")))
#define AT(MEMBER) offsetof(struct xfsm_packet, MEMBER)

_Static_assert(AT(ip_dst) == AT(ip_src) + 16, "one store of 32 bytes");
_Static_assert(AT(eth_dst) == AT(eth_src) + 8, "one store of 16 bytes");
_Static_assert(AT(ip_proto) == AT(ip_version) + 1
               && AT(ip_ttl) == AT(ip_version) + 2
               && AT(ip_dscp) == AT(ip_version) + 3
               && AT(ip_ecn) == AT(ip_version) + 4
               && AT(ip_fragment) == AT(ip_version) + 5
               && AT(ip_frag_offset) == AT(ip_version) + 6
               && AT(ip_id) == AT(ip_version) + 8
               && AT(src_port) == AT(ip_version) + 12,
               "one store of 16 bytes, of which the TCP header's overwrites "
               "the last 4");
_Static_assert(AT(dst_port) == AT(src_port) + 2
               && AT(tcp_flags) == AT(src_port) + 4
               && AT(decode_error) == AT(src_port) + 5
               && AT(tcp_window) == AT(src_port) + 6
               && AT(tcp_seq) == AT(src_port) + 8
               && AT(tcp_ack) == AT(src_port) + 12
               && XFSM_DE_NONE == 0, "one store of 16 bytes");

/* Moves the fields of the headers of a plain frame. */
static inline __attribute__((always_inline)) WIDE void
move_fields(struct xfsm_packet *packet, const uint8_t *frame)
{
    const __m128i link_order = _mm_setr_epi8(11, 10, 9, 8, 7, 6, -1, -1,
                                             5, 4, 3, 2, 1, 0, -1, -1);
    const __m128i ip_order = _mm_setr_epi8(-1, 9, 8, 1, 1, -1, -1, -1,
                                           5, 4, -1, -1, -1, -1, -1, -1);
    const __m128i ip_whole = _mm_setr_epi8(0, -1, -1, 0, 3, 0, 0, 0,
                                           -1, -1, 0, 0, 0, 0, 0, 0);
    const __m128i ip_dscp = _mm_setr_epi8(0, 0, 0, 63, 0, 0, 0, 0,
                                          0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i ip_four = _mm_cvtsi32_si128(4);
    const __m128i tcp_order = _mm_setr_epi8(1, 0, 3, 2, 13, -1, 15, 14,
                                            7, 6, 5, 4, 11, 10, 9, 8);
    const __m256i addr_order = _mm256_setr_epi8(
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 1, 2, 3,
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 4, 5, 6, 7);
    const __m256i addr_mapped = _mm256_setr_epi32(0, 0, (int) 0xffff0000, 0,
                                                  0, 0, (int) 0xffff0000, 0);
    const uint8_t *ip = frame + XFSM_PLAIN_IP;
    const uint8_t *tcp = frame + XFSM_PLAIN_L4;
    __m128i link = _mm_loadu_si128((const void *) frame);
    __m128i head = _mm_loadu_si128((const void *) ip);
    __m128i transport = _mm_loadu_si128((const void *) tcp);
    __m256i addrs = _mm256_set1_epi64x((int64_t) xfsm_load_ne64(ip + 12));

    head = _mm_shuffle_epi8(head, ip_order);
    head = _mm_or_si128(
        _mm_or_si128(_mm_and_si128(head, ip_whole),
                     _mm_and_si128(_mm_srli_epi16(head, 2), ip_dscp)),
        ip_four);
    _mm_storeu_si128((void *) &packet->ip_version, head);
    _mm_storeu_si128((void *) &packet->src_port,
                     _mm_shuffle_epi8(transport, tcp_order));
    _mm_storeu_si128((void *) &packet->eth_src,
                     _mm_shuffle_epi8(link, link_order));
    _mm256_storeu_si256((void *) &packet->ip_src,
                        _mm256_or_si256(_mm256_shuffle_epi8(addrs,
                                                            addr_order),
                                        addr_mapped));
    packet->eth_type = ETH_TYPE_IP4;
}

static WIDE size_t
decode_wide(struct xfsm_packet *packets, size_t n,
            const struct xfsm_fieldset *want, struct xfsm_decode_count *count)
{
    const struct xfsm_fieldset present = xfsm_plain_fields();
    bool payload = xfsm_fieldsets_meet(*want, xfsm_tcp_payload_fields());
    size_t i;

    for (i = 0; i < n; i++) {
        struct xfsm_packet *packet = &packets[i];
        uint32_t start, end;

        packet->segs += !packet->segs;
        if (packet->link_type != XFSM_LINK_ETHERNET
            || !xfsm_plain_bounds(packet, &start, &end)) {
            break;
        }
        move_fields(packet, packet->data);
        packet->present = present;
        if (payload && start < end) {
            xfsm_decode_plain_payload(packet, want, start, end);
            if (packet->decode_error != XFSM_DE_NONE) {
                break;
            }
        }
        count_packet(packet, count);
    }
    return i;
}

static bool
has_wide(void)
{
    return __builtin_cpu_supports("avx2");
}

#else

static size_t
decode_wide(struct xfsm_packet *packets, size_t n,
            const struct xfsm_fieldset *want, struct xfsm_decode_count *count)
{
    return xfsm_decode_narrow(packets, n, want, count);
}

static bool
has_wide(void)
{
    return false;
}

#endif

size_t
xfsm_decode_many(struct xfsm_packet *packets, size_t n,
                 const struct xfsm_fieldset *want,
                 struct xfsm_decode_count *count)
{
    return (has_wide() ? decode_wide : xfsm_decode_narrow)(packets, n, want,
                                                           count);
}
