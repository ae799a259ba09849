/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/signatures.h"

#include <stdlib.h>

#include "controller/fleet.h"
#include "util.h"
#include "xfsm/io/releases.h"
#include "xfsm/io/signature.h"

/* Refuses 'program', for the reason 'why', which is freed, unless NULL. */
static void
refuse(struct xfsm_fleet_program *program, char *why)
{
    if (why) {
        program->error = xasprintf("refused: %s", why);
        program->refused = true;
        free(why);
    }
}

/* Checks the signature of 'program', and has 'releases' note what it says. */
static void
check_program(struct xfsm_fleet_program *program,
              const struct xfsm_signature_keys *keys,
              struct xfsm_releases *releases)
{
    const struct xfsm_signed what = {
        .name = program->name,
        .source_digest = program->source_digest,
        .image_digest = program->image_digest,
    };
    struct xfsm_release release;
    char *why = xfsm_signature_verify(keys, &what, program->signature,
                                      &release);

    if (!why && release.version != program->version) {
        why = xasprintf("its signature is of version %"PRId64,
                        release.version);
    } else if (!why && program->rollout.state == XFSM_ROLLOUT_ACTIVE) {
        why = xfsm_releases_note(releases, program->name, &release);
    }
    refuse(program, why);
}

/* Tells whether some host may have 'program', or might get it: what was
 * replaced may be that again where no version is 'active'. */
static bool
is_in_use(const struct xfsm_fleet_program *program, bool active)
{
    return program->rollout.state != XFSM_ROLLOUT_ROLLED_BACK
           && (program->rollout.state != XFSM_ROLLOUT_REPLACED || !active);
}

/* Does that with the versions of a program from 'newest' on.  Returns how
 * many are refused. */
static size_t
check_versions(struct xfsm_fleet_program *newest,
               const struct xfsm_signature_keys *keys,
               struct xfsm_releases *releases)
{
    struct xfsm_fleet_program *p;
    bool active = false;
    size_t n = 0;

    for (p = newest; p; p = p->older) {
        active |= p->rollout.state == XFSM_ROLLOUT_ACTIVE;
        if (!p->error) {
            check_program(p, keys, releases);
        }
    }
    for (p = newest; p; p = p->older) {
        if (!p->error && is_in_use(p, active)) {
            refuse(p, xfsm_releases_check(releases, p->name, p->version));
        }
        n += p->refused;
    }
    return n;
}

size_t
xfsm_fleet_check_signatures(struct xfsm_fleet *fleet,
                            const struct xfsm_signature_keys *keys,
                            struct xfsm_releases *releases)
{
    const struct shash_node *node;
    size_t n = 0;

    SHASH_FOR_EACH (node, &fleet->programs) {
        n += check_versions(node->data, keys, releases);
    }
    return n;
}
