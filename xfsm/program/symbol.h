/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_SYMBOL_H
#define XFSM_PROGRAM_SYMBOL_H 1

/* Words that stand for numbers in selectors: protocols, TCP flags, DNS
 * response codes, HTTP methods; and the text forms of addresses. */

#include "xfsm/program/parse.h"

enum xfsm_symbol_set {
    XFSM_SYM_PROTO,             /* "tcp" is 6. */
    XFSM_SYM_TCP_FLAG,          /* "tcp-syn" is 2. */
    XFSM_SYM_RCODE,             /* "dns-nxdomain" is 3. */
    XFSM_SYM_HTTP_METHOD,       /* "http-get" is 1. */
    XFSM_N_SYMBOL_SETS
};

/* Looks up the 'len' bytes at 'name' in 'set'; false if they are not in it. */
bool xfsm_symbol_lookup(enum xfsm_symbol_set set, const char *name, size_t len,
                        uint64_t *value);

/* Offers every name of 'set' to 'nearest'. */
void xfsm_symbol_offer(enum xfsm_symbol_set set, struct xfsm_nearest *nearest);

/* Reads all of 's' as an IPv4 or IPv6 address, or a prefix of one as
 * "10.0.0.0/8", into 'addr' and '*prefix' (of 128 bits). */
bool xfsm_symbol_parse_addr(const char *s, union xfsm_addr *addr,
                            uint8_t *prefix);

/* Clears the bits of 'addr' beyond 'prefix'; true if any was set. */
bool xfsm_symbol_mask_addr(union xfsm_addr *addr, uint8_t prefix);

/* Reads all of 's' as a MAC address, as "00:11:22:33:44:55". */
bool xfsm_symbol_parse_mac(const char *s, uint64_t *mac);

/* Puts ASCII letters into lower case. */
void xfsm_symbol_lower(char *s);

#endif /* xfsm/program/symbol.h */
