/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_USER_H
#define OVS_PLUGIN_USER_H 1

/* The unprivileged user that confined processes become. */

#include <sys/types.h>

/* Who that is where none is named, and where that one does not exist. */
#define XFSM_USER "ovs-xfsm"
#define XFSM_FALLBACK_USER "nobody"

/* Looks up 'name', or the default if that is NULL, and stores its ids.  If
 * this process is not root, the ids are its own.  A user with uid or gid 0 is
 * refused.  Returns NULL or an error that the caller frees. */
char *xfsm_user_resolve(const char *name, uid_t *, gid_t *);

#endif /* ovs-plugin/user.h */
