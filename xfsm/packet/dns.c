/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* DNS (RFC 1035), multicast DNS (RFC 6762): header, first question, answers.
 *
 * A name is stored as labels, some of them elsewhere in the message behind
 * compression pointers.  Following it is bounded twice: by its length, because
 * each label adds to that, and by the number of pointers, because a pointer
 * adds nothing.  Pointers may lead anywhere in the message, as resolvers
 * accept it.  Bytes of labels are kept as they are but for upper case
 * (RFC 4343), so a label with a dot in it looks like two. */

#include "xfsm/packet/decode-private.h"

#define DNS_HEADER_LEN 12
#define DNS_QUESTION_LEN 4      /* After the name. */
#define DNS_RR_LEN 10           /* After the name, before the data. */

#define DNS_TYPE_A 1
#define DNS_TYPE_AAAA 28
#define DNS_CLASS_IN 1
#define DNS_CLASS_MASK 0x7fff   /* Without the flush bit of RFC 6762. */

/* First byte of a label: its length, or one of these in the top two bits. */
#define DNS_LABEL_KIND 0xc0
#define DNS_LABEL_POINTER 0xc0
#define DNS_POINTER_MASK 0x3fff

/* Bits of the flags word. */
#define DNS_FLAG_QR 0x8000
#define DNS_FLAG_Z 0x0040
#define DNS_OPCODE_MAX 6        /* Highest assigned (RFC 8490). */

/* A name being put together. */
struct dns_name {
    char *text;                 /* Where it goes; NULL to only pass it. */
    uint32_t len;               /* Bytes of text so far. */
    uint32_t n_labels;          /* Labels so far. */
    uint32_t label_max;         /* Bytes of the longest one. */
    uint32_t last[2];           /* Where the last and last but one label
                                 * start in it. */
};

_Static_assert(XFSM_DNS_NAME_MAX <= XFSM_PACKET_SCRATCH,
               "a DNS name fits the scratch memory");

/* Lowers the upper case of 8 characters.  (Adding to the 7 lower bits of each
 * sets the highest of those from 'A' on, and that of those behind 'Z'.) */
static inline uint64_t
dns_lower(uint64_t w)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t low = w & ones * 0x7f;
    uint64_t from_a = low + ones * (0x80 - 'A');
    uint64_t behind_z = low + ones * (0x7f - 'Z');

    return w | (from_a & ~behind_z & ~w & ones * 0x80) >> 2;
}

/* Copies a label, lower-cased, and what is behind it, up to a multiple of
 * 8 bytes. */
static inline void
dns_copy_wide(char *p, const uint8_t *label, uint32_t len)
{
    for (uint32_t i = 0; i < len; i += 8) {
        uint64_t w;

        memcpy(&w, &label[i], sizeof w);
        w = dns_lower(w);
        memcpy(&p[i], &w, sizeof w);
    }
}

static void
dns_copy(char *p, const uint8_t *label, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        uint8_t c = label[i];

        c |= (uint8_t) (c - 'A') < 26 ? 0x20 : 0;
        p[i] = (char) c;
    }
}

/* Appends a label, lower-cased, behind whose 'len' bytes 'n_behind' can be
 * read. */
static void
dns_add_label(struct dns_name *name, const uint8_t *label, uint32_t len,
              size_t n_behind)
{
    uint32_t wide = (len + 7) & ~UINT32_C(7);

    if (name->len && name->text) {
        name->text[name->len] = '.';
    }
    name->len += name->len != 0;
    name->n_labels++;
    name->label_max = len > name->label_max ? len : name->label_max;
    name->last[1] = name->last[0];
    name->last[0] = name->len;
    if (name->text && wide <= len + n_behind
        && name->len + wide <= XFSM_PACKET_SCRATCH) {
        dns_copy_wide(&name->text[name->len], label, len);
    } else if (name->text) {
        dns_copy(&name->text[name->len], label, len);
    }
    name->len += len;
}

/* Takes the two-byte pointer at 'at' off and makes 'at' a cursor on what it
 * points to in 'msg'. */
static enum xfsm_decode_error
dns_follow(const struct xfsm_bytes *msg, struct xfsm_bytes *at)
{
    struct xfsm_bytes target = *msg;
    uint16_t pointer;

    if (!xfsm_bytes_be16(at, &pointer)) {
        return XFSM_DE_DNS_SHORT;
    }
    if (!xfsm_bytes_skip(&target, pointer & DNS_POINTER_MASK)) {
        return XFSM_DE_DNS_NAME;
    }
    *at = target;
    return XFSM_DE_NONE;
}

/* Takes the name at 'at' in 'msg' off and stores it in 'name'. */
static enum xfsm_decode_error
dns_take_name(const struct xfsm_bytes *msg, struct xfsm_bytes *at,
              struct dns_name *name)
{
    struct xfsm_bytes here = *at;
    uint32_t wire_len = 1;      /* The root label that ends it. */
    int jumps = 0;

    for (;;) {
        const uint8_t *label = xfsm_bytes_peek(&here, 1);
        uint32_t n = label ? *label : 0;

        if (!label) {
            return XFSM_DE_DNS_SHORT;
        }
        if ((n & DNS_LABEL_KIND) == DNS_LABEL_POINTER) {
            enum xfsm_decode_error error;

            if (jumps == XFSM_DNS_JUMPS_MAX) {
                return XFSM_DE_DNS_NAME;
            }
            error = dns_follow(msg, &here);
            if (error) {
                return error;
            }
            if (!jumps++) {
                xfsm_bytes_skip(at, 2);
            }
            continue;
        }
        if (n & DNS_LABEL_KIND) {
            return XFSM_DE_DNS_NAME;
        }
        wire_len += n ? n + 1 : 0;
        if (wire_len > XFSM_DNS_NAME_MAX) {
            return XFSM_DE_DNS_NAME;
        }
        label = xfsm_bytes_take(&here, n + 1);
        if (!label) {
            return XFSM_DE_DNS_SHORT;
        }
        if (!jumps) {
            *at = here;
        }
        if (!n) {
            return XFSM_DE_NONE;
        }
        dns_add_label(name, label + 1, n, xfsm_bytes_remaining(&here));
    }
}

/* Passes the name at 'at' without following pointers. */
static enum xfsm_decode_error
dns_skip_name(struct xfsm_bytes *at)
{
    uint32_t wire_len = 0;

    for (;;) {
        uint8_t n;

        if (!xfsm_bytes_u8(at, &n)) {
            return XFSM_DE_DNS_SHORT;
        }
        if ((n & DNS_LABEL_KIND) == DNS_LABEL_POINTER) {
            return xfsm_bytes_skip(at, 1) ? XFSM_DE_NONE : XFSM_DE_DNS_SHORT;
        }
        wire_len += n + 1;
        if (n & DNS_LABEL_KIND || wire_len > XFSM_DNS_NAME_MAX) {
            return XFSM_DE_DNS_NAME;
        }
        if (!n) {
            return XFSM_DE_NONE;
        }
        if (!xfsm_bytes_skip(at, n)) {
            return XFSM_DE_DNS_SHORT;
        }
    }
}

static void
dns_set_name(struct xfsm_decoder *d, const struct dns_name *name)
{
    struct xfsm_packet *packet = d->packet;

    packet->dns_qname_len = (uint8_t) name->len;
    packet->dns_labels = (uint8_t) name->n_labels;
    packet->dns_label_max = (uint8_t) name->label_max;
    XFSM_GOT(d->present, DNS_QNAME_LEN);
    XFSM_GOT(d->present, DNS_LABELS);
    XFSM_GOT(d->present, DNS_LABEL_MAX);
    if (name->text) {
        packet->domain_name.p = name->text;
        packet->domain_name.len = name->len;
        packet->domain_second_level.p = name->text + name->last[1];
        packet->domain_second_level.len = name->len - name->last[1];
        XFSM_GOT(d->present, DOMAIN_NAME);
        XFSM_GOT(d->present, DOMAIN_SECOND_LEVEL);
    }
}

/* Takes 'n' questions off and stores the first. */
static enum xfsm_decode_error
dns_take_questions(struct xfsm_decoder *d, const struct xfsm_bytes *msg,
                   struct xfsm_bytes *at, uint32_t n)
{
    struct xfsm_packet *packet = d->packet;
    struct dns_name name = { packet->scratch, 0, 0, 0, { 0, 0 } };
    enum xfsm_decode_error error;
    const uint8_t *question;
    uint32_t i;

    for (i = 0; i < n; i++) {
        error = i ? dns_skip_name(at) : dns_take_name(msg, at, &name);
        if (error) {
            return error;
        }
        if (!i) {
            dns_set_name(d, &name);
        }
        question = xfsm_bytes_take(at, DNS_QUESTION_LEN);
        if (!question) {
            return XFSM_DE_DNS_SHORT;
        }
        if (!i) {
            packet->dns_qtype = xfsm_load_be16(question);
            XFSM_GOT(d->present, DNS_QTYPE);
        }
    }
    return XFSM_DE_NONE;
}

/* An answer record, without its name. */
struct dns_answer {
    uint32_t type;
    uint32_t class;             /* Without the flush bit. */
    uint32_t ttl;
    uint32_t len;               /* Bytes of data. */
    const uint8_t *data;
};

/* Takes an answer record off 'at'. */
static enum xfsm_decode_error
dns_take_answer(struct xfsm_bytes *at, struct dns_answer *answer)
{
    enum xfsm_decode_error error = dns_skip_name(at);
    const uint8_t *rr;

    if (error) {
        return error;
    }
    rr = xfsm_bytes_take(at, DNS_RR_LEN);
    if (!rr) {
        return XFSM_DE_DNS_SHORT;
    }
    answer->type = xfsm_load_be16(rr);
    answer->class = xfsm_load_be16(rr + 2) & DNS_CLASS_MASK;
    answer->ttl = xfsm_load_be32(rr + 4);
    answer->len = xfsm_load_be16(rr + 8);
    answer->data = xfsm_bytes_take(at, answer->len);
    return answer->data ? XFSM_DE_NONE : XFSM_DE_DNS_SHORT;
}

/* Stores the address in 'answer' unless there was one; false where 'answer' is
 * none. */
static bool
dns_set_addr(struct xfsm_decoder *d, const struct dns_answer *answer)
{
    union xfsm_addr *addr = &d->packet->domain_addr;
    bool is_a = answer->type == DNS_TYPE_A && answer->len == 4;
    bool is_aaaa = answer->type == DNS_TYPE_AAAA && answer->len == 16;

    if (answer->class != DNS_CLASS_IN || (!is_a && !is_aaaa)) {
        return false;
    }
    if (!xfsm_fieldset_has(&d->present, XFSM_F_DOMAIN_ADDR)) {
        if (is_a) {
            xfsm_addr_set4(addr, answer->data);
        } else {
            xfsm_addr_set6(addr, answer->data);
        }
        XFSM_GOT(d->present, DOMAIN_ADDR);
    }
    return true;
}

/* Goes through 'n' answers.  Ends at the first address where nobody asks how
 * many there are or how long they are. */
static enum xfsm_decode_error
dns_take_answers(struct xfsm_decoder *d, struct xfsm_bytes *at, uint32_t n)
{
    struct xfsm_packet *packet = d->packet;
    bool all = (xfsm_fieldset_has(d->want, XFSM_F_DNS_ADDRS)
                || xfsm_fieldset_has(d->want, XFSM_F_DNS_ANSWER_LEN));
    uint32_t n_addrs = 0;
    uint32_t data_len = 0;
    uint32_t i;

    for (i = 0; i < n; i++) {
        struct dns_answer answer;
        enum xfsm_decode_error error = dns_take_answer(at, &answer);

        if (error) {
            return error;
        }
        if (!i) {
            packet->dns_ttl = answer.ttl;
            packet->dns_answer_type = (uint16_t) answer.type;
            XFSM_GOT(d->present, DNS_TTL);
            XFSM_GOT(d->present, DNS_ANSWER_TYPE);
        }
        data_len += answer.len;
        if (dns_set_addr(d, &answer)) {
            n_addrs++;
            if (!all) {
                return XFSM_DE_NONE;
            }
        }
    }
    packet->dns_addrs = (uint8_t) n_addrs;
    packet->dns_answer_len = data_len;
    XFSM_GOT(d->present, DNS_ADDRS);
    XFSM_GOT(d->present, DNS_ANSWER_LEN);
    return XFSM_DE_NONE;
}

/* Whether somebody reads what only a walk through the answers tells. */
static bool
dns_wants_answers(const struct xfsm_decoder *d)
{
    struct xfsm_fieldset set = { { 0, 0 } };

    XFSM_GOT(set, DOMAIN_ADDR);
    XFSM_GOT(set, DNS_TTL);
    XFSM_GOT(set, DNS_ANSWER_TYPE);
    XFSM_GOT(set, DNS_ADDRS);
    XFSM_GOT(set, DNS_ANSWER_LEN);
    return xfsm_decoder_wants_any(d, set);
}

static uint32_t
dns_min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void
xfsm_decode_dns(struct xfsm_decoder *d)
{
    struct xfsm_packet *packet = d->packet;
    struct xfsm_bytes at = d->in;
    const uint8_t *header = xfsm_bytes_take(&at, DNS_HEADER_LEN);
    enum xfsm_decode_error error;
    uint32_t flags, n_questions;

    if (!header) {
        xfsm_decoder_fail(d, XFSM_DE_DNS_SHORT);
        return;
    }
    flags = xfsm_load_be16(header + 2);
    n_questions = xfsm_load_be16(header + 4);
    packet->dns_id = xfsm_load_be16(header);
    packet->dns_qr = (flags & DNS_FLAG_QR) != 0;
    packet->dns_opcode = flags >> 11 & 15;
    packet->dns_answers = xfsm_load_be16(header + 6);
    packet->dns_len = d->wire;
    XFSM_GOT(d->present, DNS_LEN);
    XFSM_GOT(d->present, DNS_ID);
    XFSM_GOT(d->present, DNS_QR);
    XFSM_GOT(d->present, DNS_OPCODE);
    XFSM_GOT(d->present, DNS_ANSWERS);
    if (packet->dns_qr) {
        packet->dns_rcode = flags & 15;
        XFSM_GOT(d->present, DNS_RCODE);
    }

    error = dns_take_questions(d, &d->in, &at,
                               dns_min(n_questions, XFSM_DNS_RR_MAX));
    if (!error && packet->dns_qr && n_questions <= XFSM_DNS_RR_MAX
        && dns_wants_answers(d)) {
        error = dns_take_answers(d, &at, dns_min(packet->dns_answers,
                                                 XFSM_DNS_RR_MAX));
    }
    xfsm_decoder_fail(d, error);
}

/* Most segments on port 53 start a message, but those of a zone transfer
 * continue one.  The header after the length tells. */
void
xfsm_decode_dns_tcp(struct xfsm_decoder *d)
{
    struct xfsm_bytes at = d->in;
    const uint8_t *header;
    uint32_t flags;
    uint16_t len;

    if (!xfsm_bytes_be16(&at, &len) || len < DNS_HEADER_LEN) {
        return;
    }
    header = xfsm_bytes_peek(&at, DNS_HEADER_LEN);
    if (!header) {
        return;
    }
    flags = xfsm_load_be16(header + 2);
    if (flags & DNS_FLAG_Z || (flags >> 11 & 15) > DNS_OPCODE_MAX
        || xfsm_load_be16(header + 4) > 1) {
        return;
    }
    xfsm_decoder_take(d, 2);
    xfsm_decoder_resize(d, len);
    xfsm_decode_dns(d);
}
