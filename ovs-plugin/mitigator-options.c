/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/mitigator.h"

#include "ovs-plugin/mitigation-plan.h"
#include "packets.h"
#include "smap.h"
#include "util.h"

#define SEPARATORS ", \t\r\n"

/* Adds a prefix or MAC address; false if it is none. */
static bool
add_protected(struct mitigator_options *o, const char *s)
{
    struct mitigation_prefix *prefix = &o->prefixes[o->n_prefixes];
    struct eth_addr mac;
    struct in6_addr ip6;
    unsigned int bits;
    ovs_be32 ip4;
    char *error;

    if (eth_addr_from_string(s, &mac)) {
        o->macs[o->n_macs++] = eth_addr_to_uint64(mac);
        return true;
    }
    error = ip_parse_cidr(s, &ip4, &bits);
    if (!error) {
        in6_addr_set_mapped_ipv4(&ip6, ip4);
        bits += 96;
    } else {
        free(error);
        error = ipv6_parse_cidr(s, &ip6, &bits);
    }
    if (error) {
        free(error);
        return false;
    }
    memcpy(prefix->addr.b, &ip6, sizeof prefix->addr.b);
    prefix->bits = bits;
    o->n_prefixes++;
    return true;
}

static char *
read_protected(struct mitigator_options *o, const char *list)
{
    char *copy = xstrdup(list);
    char *save = NULL, *error = NULL;
    char *s;

    o->prefixes = xcalloc(MITIGATION_PROTECTED_MAX, sizeof *o->prefixes);
    o->macs = xcalloc(MITIGATION_PROTECTED_MAX, sizeof *o->macs);
    for (s = strtok_r(copy, SEPARATORS, &save); s && !error;
         s = strtok_r(NULL, SEPARATORS, &save)) {
        if (o->n_prefixes + o->n_macs >= MITIGATION_PROTECTED_MAX) {
            error = xasprintf("options:mitigation-protect has more than %d "
                              "addresses", MITIGATION_PROTECTED_MAX);
        } else if (!add_protected(o, s)) {
            error = xasprintf("options:mitigation-protect: \"%s\" is neither "
                              "a prefix nor a MAC address", s);
        }
    }
    free(copy);
    return error;
}

static char *
read_number(const struct smap *options, const char *key, unsigned int max,
            unsigned int *value)
{
    const char *s = smap_get(options, key);

    if (s && (!str_to_uint(s, 10, value) || *value < 1 || *value > max)) {
        return xasprintf("options:%s=%s is not a number from 1 to %u", key, s,
                         max);
    }
    return NULL;
}

/* Reads the actions that programs may ask for. */
static char *
read_actions(struct mitigator_options *o, const char *list)
{
    char *copy = xstrdup(list);
    char *save = NULL, *error = NULL;
    char *s;
    int i;

    for (s = strtok_r(copy, SEPARATORS, &save); s && !error;
         s = strtok_r(NULL, SEPARATORS, &save)) {
        for (i = 0; i < XFSM_N_MITIGATIONS
                    && strcmp(s, xfsm_mitigation_names[i]); i++) {
            continue;
        }
        if (i < XFSM_N_MITIGATIONS) {
            o->actions |= 1u << i;
        } else {
            error = xasprintf("options:mitigation-actions: \"%s\" is not "
                              "block, limit or mirror", s);
        }
    }
    free(copy);
    return error;
}

static char *
read_options(struct mitigator_options *o, const struct smap *options)
{
    static const char all[] = "block limit mirror";
    const char *mode = smap_get_def(options, "mitigation", "dry-run");
    char *error;

    sset_from_delimited_string(&o->programs, smap_get_def(
        options, "mitigation-programs", ""), SEPARATORS);
    if (!xfsm_mitigation_mode_from_name(mode, &o->mode)) {
        return xasprintf("options:mitigation=%s is not off, dry-run or "
                         "enforce", mode);
    }
    error = read_actions(o, smap_get_def(options, "mitigation-actions", all));
    error = error ? error : read_protected(
        o, smap_get_def(options, "mitigation-protect", ""));
    error = error ? error : read_number(
        options, "mitigation-max-rules", MITIGATION_RULES_MAX, &o->max_rules);
    error = error ? error : read_number(
        options, "mitigation-max-port-rules", MITIGATION_RULES_MAX,
        &o->max_port_rules);
    return error ? error : read_number(
        options, "mitigation-max-seconds", MITIGATION_TIMEOUT_MAX,
        &o->max_seconds);
}

void
mitigator_options_init(struct mitigator_options *o,
                       const struct smap *options)
{
    *o = (struct mitigator_options) {
        .max_rules = MITIGATION_MAX_RULES,
        .max_port_rules = MITIGATION_MAX_PORT_RULES,
        .max_seconds = MITIGATION_MAX_SECONDS,
    };
    o->error = read_options(o, options);
    if (o->error) {
        o->mode = XFSM_MITIGATION_OFF;
    }
}

void
mitigator_options_destroy(struct mitigator_options *o)
{
    sset_destroy(&o->programs);
    free(o->error);
    free(o->prefixes);
    free(o->macs);
}
