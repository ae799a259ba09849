/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Apart from mitigation.c, so that what only reads requests (ovs-plugin/)
 * has no parser of programs in it. */

#include "xfsm/program/mitigation.h"

const char *const xfsm_mitigation_verbs[XFSM_N_MITIGATIONS] = {
#define VERB(ID, VERB, NAME) VERB,
    XFSM_MITIGATION_ACTIONS(VERB)
#undef VERB
};

const char *const xfsm_mitigation_names[XFSM_N_MITIGATIONS] = {
#define NAME(ID, VERB, NAME) NAME,
    XFSM_MITIGATION_ACTIONS(NAME)
#undef NAME
};

static const struct {
    unsigned int field;
    bool needs_proto;
} match_fields[] = {
#define FIELD(ID, NEEDS_PROTO) { XFSM_F_##ID, NEEDS_PROTO },
    XFSM_MITIGATION_FIELDS(FIELD)
#undef FIELD
};

#define N_MATCH_FIELDS (sizeof match_fields / sizeof match_fields[0])

bool
xfsm_mitigation_has_field(unsigned int field)
{
    for (size_t i = 0; i < N_MATCH_FIELDS; i++) {
        if (match_fields[i].field == field) {
            return true;
        }
    }
    return false;
}

const char *
xfsm_mitigation_check(const struct xfsm_fieldset *match)
{
    bool addr = xfsm_fieldset_has(match, XFSM_F_IP_SRC)
                || xfsm_fieldset_has(match, XFSM_F_IP_DST);
    bool proto = xfsm_fieldset_has(match, XFSM_F_PROTO);

    for (unsigned int i = 0; i < XFSM_N_FIELDS; i++) {
        if (xfsm_fieldset_has(match, i) && !xfsm_mitigation_has_field(i)) {
            return "has a field that a switch cannot match";
        }
    }
    for (size_t i = 0; i < N_MATCH_FIELDS; i++) {
        if (match_fields[i].needs_proto && !proto
            && xfsm_fieldset_has(match, match_fields[i].field)) {
            return "has ports or types without \"proto\", which says of "
                   "what";
        }
    }
    if (proto && !addr) {
        return "has \"proto\" without \"ip_src\" or \"ip_dst\", whose "
               "address says of which version of IP";
    } else if (!addr && !xfsm_fieldset_has(match, XFSM_F_ETH_SRC)
               && !xfsm_fieldset_has(match, XFSM_F_ETH_DST)) {
        return "names no host: it needs \"ip_src\", \"ip_dst\", \"eth_src\" "
               "or \"eth_dst\"";
    }
    return NULL;
}
