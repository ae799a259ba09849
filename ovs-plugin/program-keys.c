/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/program-keys.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "xfsm/base/base64.h"
#include "xfsm/io/releases.h"
#include "xfsm/io/signature.h"

char *
xfsm_program_keys_check(const struct xfsm_signature_keys *keys,
                        struct xfsm_releases *releases,
                        const char *name, const char *source,
                        const char *image, const char *signature)
{
    char source_digest[XFSM_SIGNATURE_DIGEST_SIZE];
    char image_digest[XFSM_SIGNATURE_DIGEST_SIZE];
    const struct xfsm_signed what = { name, source_digest, image_digest };
    struct xfsm_release release;
    void *bytes = NULL;
    size_t len = 0;
    char *error, *why;

    if (!keys) {
        return NULL;
    }
    free(xfsm_base64_decode(image, &bytes, &len));
    xfsm_signature_digest(source, strlen(source), source_digest);
    xfsm_signature_digest(bytes ? bytes : "", bytes ? len : 0, image_digest);
    free(bytes);
    why = xfsm_signature_verify(keys, &what, signature, &release);
    if (!why) {
        why = xfsm_releases_check(releases, name, release.version);
    }
    if (!why) {
        why = xfsm_releases_note(releases, name, &release);
    }
    error = why ? xasprintf("refused: %s", why) : NULL;
    free(why);
    return error;
}
