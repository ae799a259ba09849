/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_TOKENS_H
#define CONTROLLER_TOKENS_H 1

/* Who may use the REST API: tokens, each with a name and a role.
 *
 * They are in a file, one a line:
 *
 *     NAME ROLE[@TENANT] sha256:HEX
 *
 * With TENANT, the user sees and does what that tenant may, see tenants.h.
 * "#" starts a comment.  HEX is the SHA-256 of the token, so that whoever
 * reads the file cannot use it.  Tokens are random, 256 bits, made by
 * xfsm_tokens_make(): there is nothing to guess that a slower hash or salt
 * would protect.
 *
 * A token that is presented is compared with all of the file, each in the same
 * time wherever it differs.
 *
 * Thread-safety: none. */

#include <stdbool.h>
#include <stddef.h>

struct xfsm_tokens;

/* Named limits. */
#define XFSM_TOKENS_MAX 256
#define XFSM_TOKENS_MAX_NAME 63         /* Characters. */
#define XFSM_TOKENS_DIGEST 32           /* Bytes. */
#define XFSM_ROLE_MAX_TOKENS 64         /* Of a row; as the schema has. */

/* What a digest begins with where it is text, and its size, terminator
 * included. */
#define XFSM_TOKENS_PREFIX "sha256:"
#define XFSM_TOKENS_TEXT_SIZE (7 + 2 * XFSM_TOKENS_DIGEST + 1)

/* R(ID, NAME): roles; each may do what those before it may. */
#define XFSM_ROLES(R) \
    R(NOBODY, "nobody") \
    R(VIEWER, "viewer") \
    R(OPERATOR, "operator") \
    R(ADMIN, "admin")

enum xfsm_role {
#define XFSM_ROLE_ENUM(ID, NAME) XFSM_ROLE_##ID,
    XFSM_ROLES(XFSM_ROLE_ENUM)
#undef XFSM_ROLE_ENUM
    XFSM_N_ROLES
};

extern const char *const xfsm_role_names[XFSM_N_ROLES];

struct xfsm_token {
    char name[XFSM_TOKENS_MAX_NAME + 1];
    enum xfsm_role role;
    char tenant[XFSM_TOKENS_MAX_NAME + 1];      /* "": the whole fleet. */
    unsigned char digest[XFSM_TOKENS_DIGEST];
};

/* Reads 'file'.  Returns NULL and stores the tokens, or an error with the
 * line, which the caller frees. */
char *xfsm_tokens_read(const char *file, struct xfsm_tokens **);
void xfsm_tokens_destroy(struct xfsm_tokens *);

/* Returns what 'token' stands for, or NULL. */
const struct xfsm_token *xfsm_tokens_find(const struct xfsm_tokens *,
                                          const char *token);

/* Stores the role called 'name', other than "nobody".  False if there is
 * none. */
bool xfsm_role_from_name(const char *name, enum xfsm_role *);

/* Makes a token for 'spec', "NAME:ROLE[@TENANT]".  Returns NULL and stores the
 * token and the line for the file, both of which the caller frees, or an
 * error. */
char *xfsm_tokens_make(const char *spec, char **token, char **line);

#endif /* controller/tokens.h */
