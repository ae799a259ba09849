/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_BASE_BYTES_H
#define XFSM_BASE_BYTES_H 1

/* The bounds-checked byte cursor: the one way to read what others wrote.
 *
 * A cursor is a pair of pointers, the next byte and the end.  Every function
 * that moves it checks first that the bytes are there, and leaves the cursor
 * as it was where they are not.  A parser therefore contains no "p += len" and
 * no "end - p" of its own, which is where parsers go wrong.
 *
 * Two ways to read:
 *
 *   - field by field: xfsm_bytes_be16() and its kin, each with a check;
 *
 *   - a header of fixed size at once: xfsm_bytes_take() or xfsm_bytes_peek()
 *     checks it and returns a pointer, and xfsm_load_be16() and its kin read
 *     at constant offsets below the size that was checked.  This is the form
 *     for the packet path: one check a header.
 *
 * Ownership: a cursor owns nothing; the bytes must outlive it.
 *
 * Thread-safety: none needed; a cursor is a value on somebody's stack.
 *
 * Cost: inline; a check is one subtraction and one compare.  No alignment is
 * assumed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct xfsm_bytes {
    const uint8_t *p;           /* Next byte. */
    const uint8_t *end;         /* One past the last byte; never below 'p'. */
};

/* Loads.  The caller has checked that the bytes are there. */

static inline uint16_t
xfsm_load_ne16(const void *p)
{
    uint16_t x;

    memcpy(&x, p, sizeof x);
    return x;
}

static inline uint32_t
xfsm_load_ne32(const void *p)
{
    uint32_t x;

    memcpy(&x, p, sizeof x);
    return x;
}

static inline uint64_t
xfsm_load_ne64(const void *p)
{
    uint64_t x;

    memcpy(&x, p, sizeof x);
    return x;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define XFSM_LOAD_BE_SWAP(BITS, X) __builtin_bswap##BITS(X)
#define XFSM_LOAD_LE_SWAP(BITS, X) (X)
#else
#define XFSM_LOAD_BE_SWAP(BITS, X) (X)
#define XFSM_LOAD_LE_SWAP(BITS, X) __builtin_bswap##BITS(X)
#endif

static inline uint16_t
xfsm_load_be16(const void *p)
{
    return XFSM_LOAD_BE_SWAP(16, xfsm_load_ne16(p));
}

static inline uint32_t
xfsm_load_be24(const void *p)
{
    const uint8_t *b = p;

    return (uint32_t) b[0] << 16 | (uint32_t) b[1] << 8 | b[2];
}

static inline uint32_t
xfsm_load_be32(const void *p)
{
    return XFSM_LOAD_BE_SWAP(32, xfsm_load_ne32(p));
}

/* 48 bits, a MAC address for one, most significant octet first. */
static inline uint64_t
xfsm_load_be48(const void *p)
{
    const uint8_t *b = p;

    return (uint64_t) xfsm_load_be32(b) << 16 | xfsm_load_be16(b + 4);
}

static inline uint64_t
xfsm_load_be64(const void *p)
{
    return XFSM_LOAD_BE_SWAP(64, xfsm_load_ne64(p));
}

static inline uint16_t
xfsm_load_le16(const void *p)
{
    return XFSM_LOAD_LE_SWAP(16, xfsm_load_ne16(p));
}

static inline uint32_t
xfsm_load_le32(const void *p)
{
    return XFSM_LOAD_LE_SWAP(32, xfsm_load_ne32(p));
}

/* Cursor. */

/* Starts 'b' at the 'len' bytes at 'p'; 'p' may be NULL where 'len' is 0. */
static inline void
xfsm_bytes_init(struct xfsm_bytes *b, const void *p, size_t len)
{
    b->p = p;
    b->end = len ? b->p + len : b->p;
}

/* Returns the number of bytes left. */
static inline size_t
xfsm_bytes_remaining(const struct xfsm_bytes *b)
{
    return (size_t) (b->end - b->p);
}

/* Returns the next 'n' bytes without moving, or NULL where there are fewer. */
static inline const uint8_t *
xfsm_bytes_peek(const struct xfsm_bytes *b, size_t n)
{
    return xfsm_bytes_remaining(b) >= n ? b->p : NULL;
}

/* Returns the next 'n' bytes and moves past them, or returns NULL where there
 * are fewer. */
static inline const uint8_t *
xfsm_bytes_take(struct xfsm_bytes *b, size_t n)
{
    const uint8_t *p = xfsm_bytes_peek(b, n);

    if (p) {
        b->p += n;
    }
    return p;
}

/* Moves past 'n' bytes; false where there are fewer. */
static inline bool
xfsm_bytes_skip(struct xfsm_bytes *b, size_t n)
{
    if (xfsm_bytes_remaining(b) < n) {
        return false;
    }
    if (n) {
        b->p += n;
    }
    return true;
}

/* Cuts 'b' to at most 'n' bytes. */
static inline void
xfsm_bytes_limit(struct xfsm_bytes *b, size_t n)
{
    if (xfsm_bytes_remaining(b) > n) {
        b->end = b->p + n;
    }
}

/* Makes 'sub' a cursor on the next 'n' bytes and moves past them; false, and
 * 'sub' as it was, where there are fewer. */
static inline bool
xfsm_bytes_sub(struct xfsm_bytes *b, size_t n, struct xfsm_bytes *sub)
{
    struct xfsm_bytes whole = *b;

    if (!xfsm_bytes_skip(b, n)) {
        return false;
    }
    xfsm_bytes_limit(&whole, n);
    *sub = whole;
    return true;
}

/* Field by field: each reads one integer into '*x' and moves past it; false,
 * and '*x' as it was, where it is not all there. */

static inline bool
xfsm_bytes_u8(struct xfsm_bytes *b, uint8_t *x)
{
    const uint8_t *p = xfsm_bytes_take(b, 1);

    if (!p) {
        return false;
    }
    *x = *p;
    return true;
}

#define XFSM_BYTES_READER(NAME, TYPE, SIZE)                     \
    static inline bool                                          \
    xfsm_bytes_##NAME(struct xfsm_bytes *b, TYPE *x)            \
    {                                                           \
        const uint8_t *p = xfsm_bytes_take(b, SIZE);            \
                                                                \
        if (!p) {                                               \
            return false;                                       \
        }                                                       \
        *x = xfsm_load_##NAME(p);                               \
        return true;                                            \
    }

XFSM_BYTES_READER(be16, uint16_t, 2)
XFSM_BYTES_READER(be24, uint32_t, 3)
XFSM_BYTES_READER(be32, uint32_t, 4)
XFSM_BYTES_READER(be64, uint64_t, 8)
XFSM_BYTES_READER(le16, uint16_t, 2)
XFSM_BYTES_READER(le32, uint32_t, 4)
XFSM_BYTES_READER(ne16, uint16_t, 2)
#undef XFSM_BYTES_READER

/* Text. */

/* Makes 'head' a cursor on the bytes before the first 'c' and moves past that
 * 'c'; false, and both as they were, where there is none. */
static inline bool
xfsm_bytes_split(struct xfsm_bytes *b, uint8_t c, struct xfsm_bytes *head)
{
    size_t left = xfsm_bytes_remaining(b);
    const uint8_t *at = left ? memchr(b->p, c, left) : NULL;

    if (!at) {
        return false;
    }
    head->p = b->p;
    head->end = at;
    b->p = at + 1;
    return true;
}

/* Removes the first byte where it is 'c'; false where it is not. */
static inline bool
xfsm_bytes_strip_first(struct xfsm_bytes *b, uint8_t c)
{
    if (b->p == b->end || *b->p != c) {
        return false;
    }
    b->p++;
    return true;
}

/* Removes the last byte where it is 'c'; false where it is not. */
static inline bool
xfsm_bytes_strip_last(struct xfsm_bytes *b, uint8_t c)
{
    if (b->p == b->end || b->end[-1] != c) {
        return false;
    }
    b->end--;
    return true;
}

#endif /* xfsm/base/bytes.h */
