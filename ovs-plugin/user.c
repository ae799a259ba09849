/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/user.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *
xfsm_user_resolve(const char *name, uid_t *uidp, gid_t *gidp)
{
    const struct passwd *pw;
    char *error = NULL;

    if (geteuid()) {
        *uidp = getuid();
        *gidp = getgid();
        return NULL;
    }
    errno = 0;
    pw = getpwnam(name ? name : XFSM_USER);
    if (!pw && !name) {
        name = XFSM_FALLBACK_USER;
        pw = getpwnam(name);
    }
    if (!pw) {
        if (asprintf(&error, "there is no user \"%s\"%s%s", name,
                     errno ? ": " : "", errno ? strerror(errno) : "") < 0) {
            abort();
        }
    } else if (!pw->pw_uid || !pw->pw_gid) {
        if (asprintf(&error, "user \"%s\" is privileged", pw->pw_name) < 0) {
            abort();
        }
    } else {
        *uidp = pw->pw_uid;
        *gidp = pw->pw_gid;
    }
    return error;
}
