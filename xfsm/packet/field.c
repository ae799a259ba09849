/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/packet/field.h"

#include <string.h>

_Static_assert(XFSM_N_FIELDS <= XFSM_FIELDSET_WORDS * 64,
               "a field set has a bit for each field");
_Static_assert(offsetof(struct xfsm_packet, mpls_label) <= 4 * 64,
               "what most programs read lies in four cache lines");

const char *const xfsm_field_layer_names[XFSM_N_FIELD_LAYERS] = {
#define XFSM_FIELD_LAYER_NAME(ID, NAME) [XFSM_FL_##ID] = NAME,
    XFSM_FIELD_LAYERS(XFSM_FIELD_LAYER_NAME)
#undef XFSM_FIELD_LAYER_NAME
};

const struct xfsm_field xfsm_fields[XFSM_N_FIELDS] = {
#define XFSM_FIELD_ROW(ID, NAME, TYPE, LAYER, MEMBER, DOC)      \
    [XFSM_F_##ID] = {                                           \
        .name = NAME,                                           \
        .type = XFSM_FT_##TYPE,                                 \
        .layer = XFSM_FL_##LAYER,                               \
        .offset = offsetof(struct xfsm_packet, MEMBER),         \
        .width = sizeof ((struct xfsm_packet *) 0)->MEMBER,     \
        .doc = DOC,                                             \
    },
    XFSM_FIELDS(XFSM_FIELD_ROW)
#undef XFSM_FIELD_ROW
};

struct field_alias {
    const char *name;
    enum xfsm_field_id field;
    bool warn;                  /* Not a name of dialect 1. */
};

static const struct field_alias aliases[] = {
    { "flags", XFSM_F_TCP_FLAGS, false },
    { "tcp_sport", XFSM_F_SRC_PORT, true },
    { "tcp_dport", XFSM_F_DST_PORT, true },
    { "udp_sport", XFSM_F_SRC_PORT, true },
    { "udp_dport", XFSM_F_DST_PORT, true },
};

#define N_ALIASES (sizeof aliases / sizeof aliases[0])

/* Prefixes of names, of one length. */
#define OUTER "outer_"
#define INNER "inner_"

static bool
name_equals(const char *known, const char *name, size_t len)
{
    return strlen(known) == len && !memcmp(known, name, len);
}

static int
find_field(const char *name, size_t len)
{
    size_t i;

    for (i = 0; i < XFSM_N_FIELDS; i++) {
        if (name_equals(xfsm_fields[i].name, name, len)) {
            return (int) i;
        }
    }
    return -1;
}

/* Finds the field X that "outer_X" stands for: one that has an inner twin. */
static int
find_outer_field(const char *name, size_t len)
{
    char inner[32];
    size_t n = sizeof OUTER - 1;

    if (len <= n || len > sizeof inner || memcmp(name, OUTER, n)) {
        return -1;
    }
    memcpy(inner, INNER, n);
    memcpy(inner + n, name + n, len - n);
    return find_field(inner, len) >= 0 ? find_field(name + n, len - n) : -1;
}

int
xfsm_field_lookup(const char *name, size_t len, bool *alias)
{
    int field = find_field(name, len);
    size_t i;

    if (field < 0) {
        field = find_outer_field(name, len);
    }
    if (field >= 0) {
        if (alias) {
            *alias = false;
        }
        return field;
    }
    for (i = 0; i < N_ALIASES; i++) {
        if (name_equals(aliases[i].name, name, len)) {
            if (alias) {
                *alias = aliases[i].warn;
            }
            return (int) aliases[i].field;
        }
    }
    return -1;
}

/* Text that is cut where the buffer ends. */
struct field_text {
    char *buf;
    size_t size;
    size_t len;
};

static void
put_bytes(struct field_text *text, const char *p, size_t n)
{
    n = n < text->size - text->len ? n : text->size - text->len;
    memcpy(text->buf + text->len, p, n);
    text->len += n;
}

static void
put_char(struct field_text *text, char c)
{
    if (text->len < text->size) {
        text->buf[text->len++] = c;
    }
}

static void
put_uint(struct field_text *text, uint64_t value)
{
    char digits[20];
    int n = 0;

    do {
        digits[n++] = (char) ('0' + value % 10);
        value /= 10;
    } while (value);
    while (n) {
        put_char(text, digits[--n]);
    }
}

/* Writes the low 'n_digits' hexadecimal digits of 'value'. */
static void
put_hex(struct field_text *text, uint64_t value, int n_digits)
{
    while (n_digits--) {
        put_char(text, "0123456789abcdef"[value >> n_digits * 4 & 15]);
    }
}

static void
put_mac(struct field_text *text, uint64_t mac)
{
    int i;

    for (i = 5; i >= 0; i--) {
        put_hex(text, mac >> i * 8, 2);
        if (i) {
            put_char(text, ':');
        }
    }
}

/* Each octet with a dot behind it. */
#define OCTETS_6(TENS) \
    TENS "0.", TENS "1.", TENS "2.", TENS "3.", TENS "4.", TENS "5."
#define OCTETS_10(TENS) \
    OCTETS_6(TENS), TENS "6.", TENS "7.", TENS "8.", TENS "9."
#define OCTETS_100(HUNDREDS) \
    OCTETS_10(HUNDREDS "0"), OCTETS_10(HUNDREDS "1"), \
    OCTETS_10(HUNDREDS "2"), OCTETS_10(HUNDREDS "3"), \
    OCTETS_10(HUNDREDS "4"), OCTETS_10(HUNDREDS "5"), \
    OCTETS_10(HUNDREDS "6"), OCTETS_10(HUNDREDS "7"), \
    OCTETS_10(HUNDREDS "8"), OCTETS_10(HUNDREDS "9")
static const char octet_texts[256][4] = {
    OCTETS_10(""), OCTETS_10("1"), OCTETS_10("2"), OCTETS_10("3"),
    OCTETS_10("4"), OCTETS_10("5"), OCTETS_10("6"), OCTETS_10("7"),
    OCTETS_10("8"), OCTETS_10("9"), OCTETS_100("1"),
    OCTETS_10("20"), OCTETS_10("21"), OCTETS_10("22"), OCTETS_10("23"),
    OCTETS_10("24"), OCTETS_6("25"),
};

/* Characters of each, with the dot. */
static const uint8_t octet_lens[256] = {
    [0 ... 9] = 2, [10 ... 99] = 3, [100 ... 255] = 4,
};

static void
put_ip4(struct field_text *text, const uint8_t *octets)
{
    char buf[16];
    bool fits = text->size - text->len >= sizeof buf;
    char *start = fits ? text->buf + text->len : buf;
    char *p = start;
    int i;

    for (i = 0; i < 4; i++) {
        memcpy(p, octet_texts[octets[i]], sizeof octet_texts[0]);
        p += octet_lens[octets[i]];
    }
    if (fits) {
        text->len += (size_t) (p - start) - 1;
    } else {
        put_bytes(text, buf, (size_t) (p - start) - 1);
    }
}

/* Finds the longest run of zero words, the first of equals; stores its length,
 * 0 where there is no run of two or more, and returns its start. */
static int
find_zero_run(const uint16_t words[8], int *run_len)
{
    int start = 0;
    int i = 0;

    *run_len = 0;
    while (i < 8) {
        int n = 0;

        while (i + n < 8 && !words[i + n]) {
            n++;
        }
        if (n > 1 && n > *run_len) {
            start = i;
            *run_len = n;
        }
        i += n + 1;
    }
    return start;
}

static void
put_ip6(struct field_text *text, const uint8_t *octets)
{
    uint16_t words[8];
    int run, run_len, i;

    for (i = 0; i < 8; i++) {
        words[i] = (uint16_t) (octets[i * 2] << 8 | octets[i * 2 + 1]);
    }
    run = find_zero_run(words, &run_len);
    for (i = 0; i < 8; i++) {
        uint16_t w = words[i];

        if (run_len && i == run) {
            put_char(text, ':');
            put_char(text, ':');
            i += run_len - 1;
            continue;
        }
        if (i && !(run_len && i == run + run_len)) {
            put_char(text, ':');
        }
        put_hex(text, w, w > 0xfff ? 4 : w > 0xff ? 3 : w > 0xf ? 2 : 1);
    }
}

static void
put_addr(struct field_text *text, const union xfsm_addr *addr)
{
    if (xfsm_addr_is_ip4(addr)) {
        put_ip4(text, addr->b + 12);
    } else {
        put_ip6(text, addr->b);
    }
}

static void
put_str(struct field_text *text, const struct xfsm_str *s)
{
    uint32_t i;

    for (i = 0; i < s->len && text->len < text->size; i++) {
        char c = s->p[i];

        put_char(text, c >= ' ' && c <= '~' ? c : '.');
    }
}

size_t
xfsm_field_format(const struct xfsm_packet *packet, unsigned int field,
                  char *buf, size_t size)
{
    const struct xfsm_field *f;
    struct field_text text = { buf, size, 0 };
    const void *value;

    if (field >= XFSM_N_FIELDS
        || !xfsm_fieldset_has(&packet->present, field)) {
        return 0;
    }
    f = &xfsm_fields[field];
    value = (const uint8_t *) packet + f->offset;
    switch (f->type) {
    case XFSM_FT_UINT:
        put_uint(&text, xfsm_field_uint(packet, field));
        break;
    case XFSM_FT_MAC:
        put_mac(&text, xfsm_field_uint(packet, field));
        break;
    case XFSM_FT_ADDR:
        put_addr(&text, value);
        break;
    case XFSM_FT_STR:
        put_str(&text, value);
        break;
    }
    return text.len;
}

size_t
xfsm_field_format_addr(const union xfsm_addr *addr, char *buf, size_t size)
{
    struct field_text text = { buf, size, 0 };

    put_addr(&text, addr);
    return text.len;
}

size_t
xfsm_field_format_mac(uint64_t mac, char *buf, size_t size)
{
    struct field_text text = { buf, size, 0 };

    put_mac(&text, mac);
    return text.len;
}
