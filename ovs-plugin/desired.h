/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_DESIRED_H
#define OVS_PLUGIN_DESIRED_H 1

/* What should run: from rows of the database to a set of probes.
 *
 * A pure function of its input, without database or process, so that all of
 * its rules can be tested as they are written here.  There is one probe for
 * each interface that anything asks to be monitored:
 *
 *   - the interface's Port, with external_ids:xfsm=PROGRAM[,PROGRAM...];
 *   - its Bridge, with the same key: all ports, also those yet to come;
 *   - each enabled Assignment whose target matches it (target.h).
 *
 * The probe's programs are the union.  A Port with external_ids:xfsm=none has
 * no probe, whoever asks.
 *
 * Packets can be taken from interfaces that are network devices of the
 * kernel, not from tunnels, patch ports or DPDK.  A tunnel or patch port is
 * silently passed over for its Bridge, and is an error where it was meant in
 * particular.  An interface that Open vSwitch has to itself, by DPDK or
 * AF_XDP, is always an error, since its packets are worth monitoring and the
 * kernel sees none of them.
 *
 * Unless its port has external_ids:xfsm-mirror=true, or the input says
 * 'mirror' and Open vSwitch has the interface to itself: then the probe
 * listens to a device of ours to which the port is mirrored (mirror.h).  Such
 * devices' ports, which have external_ids:xfsm-mirror-of, are never monitored
 * themselves.
 *
 * Parameters of the programs (params.h) are set by external_ids:xfsm-params of
 * the Bridge; then by the Assignments in the order of their names, each for
 * its own programs; then by external_ids:xfsm-params of the Port.
 *
 * A Port's external_ids:xfsm-workers, xfsm-ring-kib, xfsm-netdev-class,
 * xfsm-huge-pages and xfsm-mitigation override, for its probes, the options of
 * those names.
 *
 * Everything is copied: the result lives on when the rows are gone.
 *
 * Thread-safety: none needed, all is done by the agent's one thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/shash.h"
#include "openvswitch/uuid.h"
#include "ovs-plugin/port-ids.h"
#include "smap.h"
#include "sset.h"

/* Programs of one probe, as the schema has it; an engine takes no less
 * (XFSM_MAX_PROGRAMS). */
#define XFSM_DESIRED_MAX_PROGRAMS 32

/* Word that stands for no program. */
#define XFSM_DESIRED_NONE "none"

/* Input.  All strings and maps are borrowed. */

struct xfsm_in_interface {
    const char *name;
    const char *type;           /* "" is the same as "system". */
    struct uuid uuid;
    const struct smap *external_ids;
};

struct xfsm_in_port {
    const char *name;
    bool has_tag;
    int64_t tag;                /* VLAN, if 'has_tag'. */
    const struct smap *external_ids;
    const struct xfsm_in_interface *interfaces;
    size_t n_interfaces;
};

struct xfsm_in_bridge {
    const char *name;
    const struct smap *external_ids;
    const struct xfsm_in_port *ports;
    size_t n_ports;
};

struct xfsm_in_assignment {
    const char *name;
    bool enabled;
    const struct smap *target;
    char *const *programs;
    size_t n_programs;
    const char *params;         /* As of params.h, or NULL. */
};

struct xfsm_desired_input {
    const struct xfsm_in_bridge *bridges;
    size_t n_bridges;
    const struct xfsm_in_assignment *assignments;
    size_t n_assignments;
    bool mirror;                /* Mirror what could not be seen. */
};

/* W(ID, NAME): who can want a probe, as column "wanted_by" has it. */
#define XFSM_WANTED_BY(W) \
    W(PORT, "port") \
    W(BRIDGE, "bridge") \
    W(ASSIGNMENT, "assignment")

enum xfsm_wanted_by {
#define XFSM_WANTED_ENUM(ID, NAME) XFSM_WANTED_##ID,
    XFSM_WANTED_BY(XFSM_WANTED_ENUM)
#undef XFSM_WANTED_ENUM
    XFSM_N_WANTED_BY
};

extern const char *const xfsm_wanted_by_names[XFSM_N_WANTED_BY];

/* M(ID, NAME): what is done with requests for mitigation. */
#define XFSM_MITIGATION_MODES(M) \
    M(OFF, "off") \
    M(DRY_RUN, "dry-run") \
    M(ENFORCE, "enforce")

enum xfsm_mitigation_mode {
    XFSM_MITIGATION_DEFAULT = 0,        /* As the options say. */
#define XFSM_MODE_ENUM(ID, NAME) XFSM_MITIGATION_##ID,
    XFSM_MITIGATION_MODES(XFSM_MODE_ENUM)
#undef XFSM_MODE_ENUM
    XFSM_N_MITIGATION_MODES
};

/* Stores the mode of that name; false if there is none. */
bool xfsm_mitigation_mode_from_name(const char *name,
                                    enum xfsm_mitigation_mode *);

struct xfsm_desired_probe {
    char *interface;            /* With 'mirror', the device of ours. */
    char *port;
    char *bridge;
    char *type;                 /* Never "": "system" instead. */
    bool mirror;                /* The port is to be mirrored. */
    char *netdev_class;         /* NULL: as the options say... */
    unsigned int workers;       /* ...0: likewise, ... */
    unsigned int ring_kib;      /* ...likewise. */
    const bool *huge_pages;     /* A constant; NULL: likewise. */
    enum xfsm_mitigation_mode mitigation;
    struct uuid uuid;           /* Of the Interface row. */
    struct xfsm_port_ids ids;   /* What events tell of the machine. */
    int64_t tag;                /* VLAN, or -1. */
    struct smap all_ids;        /* Ids that targets can be about. */
    struct sset programs;
    struct smap params;         /* By program, as of params.h. */
    char *params_note;          /* Programs that the Port sets parameters of
                                 * and that are not wanted, or NULL. */
    unsigned int wanted_by;     /* Bit for each enum xfsm_wanted_by. */
    char *error;                /* Why there can be no probe, or NULL. */
    char *keys_note;            /* Keys that have no effect, or NULL. */
};

struct xfsm_desired {
    struct shash probes;        /* struct xfsm_desired_probe, by interface. */
    size_t *matches;            /* Interfaces of each Assignment, as input. */
};

/* Computes what 'input' asks for. */
void xfsm_desired_init(struct xfsm_desired *,
                       const struct xfsm_desired_input *input);
void xfsm_desired_destroy(struct xfsm_desired *);

/* Frees all members. */
void xfsm_desired_probe_destroy(struct xfsm_desired_probe *);

/* Makes '*copy' a copy. */
void xfsm_desired_probe_clone(struct xfsm_desired_probe *copy,
                              const struct xfsm_desired_probe *);

/* True if interfaces of that type are network devices of the kernel. */
bool xfsm_desired_type_has_device(const char *type);

/* True if what the kernel sends on a device of that type goes into the
 * switch: the switch holds its other end. */
bool xfsm_desired_type_is_inverted(const char *type);

#endif /* ovs-plugin/desired.h */
