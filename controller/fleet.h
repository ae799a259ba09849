/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_FLEET_H
#define CONTROLLER_FLEET_H 1

/* The fleet in memory: which hosts there are, and what is to run on them.
 *
 * Either source fills it, the file of fleet-json.h or the database of
 * fleet-db.h; all that compares it with hosts (sync.h) has it from here.
 *
 * What was wrong in the source can still be here, with an 'error': hosts keep
 * what they have of an assignment or a program with one, and get nothing of
 * it.  But an assignment that is disabled is disabled, and goes from hosts
 * that are not meant any more, whatever else is wrong with it: who stops
 * something wants it stopped.
 *
 * A program can be there in several versions, newest first, of which each
 * host gets the first that is for it.
 *
 * This is the pure part: no file is read, nothing is compiled.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stdint.h>

#include "controller/rollout.h"
#include "openvswitch/shash.h"
#include "smap.h"
#include "sset.h"
#include "xfsm/io/signature.h"

struct ds;

/* Named limits. */
#define XFSM_FLEET_MAX_HOSTS 16384
#define XFSM_FLEET_MAX_PROGRAMS 256
#define XFSM_FLEET_MAX_ASSIGNMENTS 4096
#define XFSM_FLEET_MAX_NAME 63          /* Characters of any name. */
#define XFSM_FLEET_MAX_PER_ASSIGNMENT 32    /* Programs; as the schema has. */
#define XFSM_FLEET_MAX_TARGET 1023      /* Bytes of a key, or of its value. */
#define XFSM_FLEET_MAX_TARGETS 64       /* Keys of a target. */
#define XFSM_FLEET_MAX_REMOTES 9            /* Of a host; as the schema has. */
#define XFSM_FLEET_MAX_VERSIONS 16          /* Of a program; the newest. */

/* T(KEY): keys of a target that the agent knows, beside "external_ids:KEY"
 * and "neutron:KEY". */
#define XFSM_FLEET_TARGETS(T) \
    T("port") T("bridge") T("type") T("tag") T("iface-id") \
    T("attached-mac") T("vm-uuid") T("vm-id")

struct xfsm_fleet_host {
    char *name;
    char *ovsdb;                /* Remotes, separated by commas. */
    char *events;               /* NULL if not given. */
    char *hub_key;              /* Of the hub; the same. */
    struct smap labels;
    struct smap canaries;       /* Verdicts, as in xfsm-fleet-db(5). */
    bool leaving;               /* Nothing is wanted there any more. */
    char *error;                /* Why it cannot be met, or NULL. */
};

struct xfsm_fleet_program {
    char *name;                 /* On the hosts. */
    char *path;                 /* As written, or NULL. */
    int64_t version;            /* 0 if there are none. */
    struct smap parameters;     /* To be set when it is compiled. */
    char *error;                /* Why it cannot be had, or NULL. */
    bool retry;                 /* The error is none of the program's. */
    bool pending;               /* It is being compiled. */
    bool refused;               /* The error is of its signature. */
    char *signature;            /* As signature.h has it, or NULL. */
    char *assignment;           /* Whose parameters these are, or NULL;
                                 * only variants have some. */
    struct xfsm_rollout rollout;    /* Of a version; else all zeros. */
    struct xfsm_rollout decision;   /* What that is to be. */
    char *blocked;              /* Why it must wait, or NULL. */

    bool all_hosts;             /* Then 'hosts' is empty. */
    struct sset hosts;          /* Which it is for. */
    struct xfsm_fleet_program *older;   /* For other hosts, or NULL. */

    /* Filled in by programs.h. */
    char *source;               /* Text of the file. */
    char *image;                /* The compiled program, in base64. */
    char source_digest[XFSM_SIGNATURE_DIGEST_SIZE];
    char image_digest[XFSM_SIGNATURE_DIGEST_SIZE];  /* "" without one. */
};

struct xfsm_fleet_assignment {
    char *name;
    struct sset programs;
    struct smap target;
    struct smap parameters;     /* "[PROGRAM:]NAME" to value. */
    char *params;               /* The same as hosts have it, or "". */
    char *tenant;               /* Whose it is, or NULL... */
    bool barred;                /* ...and may not have it: hosts do not keep
                                 * what they have of it, either. */
    bool enabled;
    bool all_hosts;             /* "*"; then 'hosts' is empty. */
    struct sset hosts;
    bool unplaced;              /* An error: it does not say which hosts. */
    char *error;                /* What is wrong with it, or NULL. */
    bool pending;               /* That a variant is being compiled. */
};

struct xfsm_fleet {
    uint64_t serial;            /* Another one for each fleet. */
    struct shash hosts;         /* struct xfsm_fleet_host, by name. */
    struct shash programs;      /* struct xfsm_fleet_program, by name. */
    struct shash assignments;   /* struct xfsm_fleet_assignment, by name. */
    struct shash tenants;       /* struct xfsm_fleet_tenant, by name. */
    struct shash variants;      /* struct xfsm_fleet_program, to see whether
                                 * it compiles, see parameters.h. */
};

struct xfsm_fleet *xfsm_fleet_create(void);

/* Frees 'fleet', which may be NULL. */
void xfsm_fleet_destroy(struct xfsm_fleet *fleet);

/* Add what is called 'name', which must not be there yet, and else is
 * empty. */
struct xfsm_fleet_host *xfsm_fleet_add_host(struct xfsm_fleet *,
                                            const char *name);
struct xfsm_fleet_assignment *xfsm_fleet_add_assignment(struct xfsm_fleet *,
                                                        const char *name);

/* The same for a program, for all hosts as yet.  If there is one called
 * 'name', the new one is a newer version. */
struct xfsm_fleet_program *xfsm_fleet_add_program(struct xfsm_fleet *,
                                                  const char *name);

/* Appends what is wrong with members of 'fleet' to 'ds', one a line. */
void xfsm_fleet_put_errors(const struct xfsm_fleet *, struct ds *ds);

/* Tells whether hosts would be met and written alike. */
bool xfsm_fleet_equals(const struct xfsm_fleet *, const struct xfsm_fleet *);

/* Tells whether 'assignment' concerns the host named 'host'. */
bool xfsm_fleet_assignment_has_host(const struct xfsm_fleet_assignment *,
                                    const char *host);

/* Tells whether 'host' is meant by columns "hosts" and "host_labels" of table
 * Assignment of xfsm-fleet-db(5); one that is leaving is not. */
bool xfsm_fleet_host_is_meant(const struct xfsm_fleet_host *host,
                              char *const patterns[], size_t n_patterns,
                              const struct smap *labels);

/* Returns what the host named 'host' is to have as program 'name', or NULL. */
const struct xfsm_fleet_program *xfsm_fleet_find_program(
    const struct xfsm_fleet *, const char *host, const char *name);

/* Each returns NULL if what it is given can be what it is to be, or says what
 * would be right. */
char *xfsm_fleet_check_name(const char *name);
char *xfsm_fleet_check_program_name(const char *name);
char *xfsm_fleet_check_remote(const char *remote);
char *xfsm_fleet_check_hub_key(const char *key);
char *xfsm_fleet_check_target(const char *key, const char *value);

#endif /* controller/fleet.h */
