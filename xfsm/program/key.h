/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_KEY_H
#define XFSM_PROGRAM_KEY_H 1

/* Keys: field names joined by "-", as ip_src-ip_dst-dst_port.  "|" joins too,
 * with a warning.  In dialect 2 the name of an address may have a prefix
 * behind it: ip_src/24 is the first 24 bits of an IPv4 address and the first
 * 64 of an IPv6 one, ip_src/24/56 the first 56 of that. */

#include "xfsm/program/parse.h"

/* Parses the 'len' bytes at 's' into 'key'.  Reports and returns false if
 * they are not a key; 'key' is then unchanged. */
bool xfsm_key_parse(struct xfsm_parse *parse, const char *s, size_t len,
                    struct xfsm_key *key);

/* Parses the key of a use of table 'table'.  The first use of a table sets
 * the shape of its key; a key of another number or other types of fields, or
 * with other prefixes, is an error from then on. */
bool xfsm_key_parse_for_table(struct xfsm_parse *parse, uint16_t table,
                              const char *s, size_t len,
                              struct xfsm_key *key);

/* Checks and notes that 'key' is used with metric 'metric', a XFSM_MON_TOPK,
 * and whether it 'adds' to it.  False after reporting that there is a text in
 * the key, or that it has another shape than those before. */
bool xfsm_key_of_list(struct xfsm_parse *parse, uint16_t metric,
                      const struct xfsm_key *key, bool adds);

/* Returns the length of "(...)" at 's', both parentheses included, or 0 if
 * there is no such thing. */
size_t xfsm_key_parenthesized(const char *s);

#endif /* xfsm/program/key.h */
