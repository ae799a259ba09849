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
#include "xfsm/io/signature.h"

/* Returns true if 'program' is refused. */
static bool
check_program(struct xfsm_fleet_program *program,
              const struct xfsm_signature_keys *keys)
{
    const struct xfsm_signed what = {
        .name = program->name,
        .source_digest = program->source_digest,
        .image_digest = program->image_digest,
    };
    char *why = xfsm_signature_verify(keys, &what, program->signature);

    if (why) {
        program->error = xasprintf("refused: %s", why);
        program->refused = true;
        free(why);
    }
    return program->refused;
}

size_t
xfsm_fleet_check_signatures(struct xfsm_fleet *fleet,
                            const struct xfsm_signature_keys *keys)
{
    const struct shash_node *node;
    size_t n = 0;

    SHASH_FOR_EACH (node, &fleet->programs) {
        struct xfsm_fleet_program *p;

        for (p = node->data; p; p = p->older) {
            n += !p->error && check_program(p, keys);
        }
    }
    return n;
}
