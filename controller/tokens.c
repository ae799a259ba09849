/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/tokens.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/fleet.h"
#include "controller/tenants.h"
#include "entropy.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* What our tokens start with, so that one that was published by mistake is
 * recognised. */
#define TOKEN_PREFIX "xfsm_"

const char *const xfsm_role_names[XFSM_N_ROLES] = {
#define ROLE_NAME(ID, NAME) NAME,
    XFSM_ROLES(ROLE_NAME)
#undef ROLE_NAME
};

struct xfsm_tokens {
    size_t n;
    struct xfsm_token tokens[XFSM_TOKENS_MAX];
};

static void
hash(const char *token, unsigned char digest[XFSM_TOKENS_DIGEST])
{
    if (!EVP_Digest(token, strlen(token), digest, NULL, EVP_sha256(),
                    NULL)) {
        ovs_fatal(0, "SHA-256 is not to be had");
    }
}

bool
xfsm_role_from_name(const char *name, enum xfsm_role *rolep)
{
    enum xfsm_role role;

    for (role = XFSM_ROLE_VIEWER; role < XFSM_N_ROLES; role++) {
        if (!strcmp(name, xfsm_role_names[role])) {
            *rolep = role;
            return true;
        }
    }
    return false;
}

/* Reads "ROLE[@TENANT]".  Returns NULL or an error. */
static char *
parse_role(const char *text, struct xfsm_token *token)
{
    size_t len = strcspn(text, "@");
    char *role = xmemdup0(text, len);
    bool found = xfsm_role_from_name(role, &token->role);
    char *error = (text[len] ? xfsm_tenant_check_name(&text[len + 1]) : NULL);

    if (!found) {
        free(error);
        error = xasprintf("\"%s\" is no role: viewer, operator, admin", role);
    } else if (!error) {
        ovs_strzcpy(token->tenant, text[len] ? &text[len + 1] : "",
                    sizeof token->tenant);
    }
    free(role);
    return error;
}

static bool
parse_digest(const char *text, unsigned char digest[XFSM_TOKENS_DIGEST])
{
    size_t i;

    if (strncmp(text, XFSM_TOKENS_PREFIX, strlen(XFSM_TOKENS_PREFIX))
        || strlen(text) != XFSM_TOKENS_TEXT_SIZE - 1) {
        return false;
    }
    text += strlen(XFSM_TOKENS_PREFIX);
    for (i = 0; i < XFSM_TOKENS_DIGEST; i++) {
        int high = hexit_value(text[2 * i]);
        int low = hexit_value(text[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        digest[i] = high << 4 | low;
    }
    return true;
}

/* Adds the token of 'line', if there is one.  Returns NULL or an error. */
static char *
parse_line(struct xfsm_tokens *tokens, char *line)
{
    struct xfsm_token *token = &tokens->tokens[tokens->n];
    char *save = NULL;
    char *name, *role, *digest;
    char *error;

    line[strcspn(line, "#\n")] = '\0';
    name = strtok_r(line, " \t", &save);
    role = strtok_r(NULL, " \t", &save);
    digest = strtok_r(NULL, " \t", &save);
    if (!name) {
        return NULL;
    } else if (!digest || strtok_r(NULL, " \t", &save)) {
        return xstrdup("must be NAME ROLE[@TENANT] " XFSM_TOKENS_PREFIX "HEX");
    } else if (tokens->n >= XFSM_TOKENS_MAX) {
        return xasprintf("more than %d tokens", XFSM_TOKENS_MAX);
    }
    error = xfsm_fleet_check_name(name);
    error = error ? error : parse_role(role, token);
    if (error) {
        return error;
    } else if (!parse_digest(digest, token->digest)) {
        return xasprintf("the third field must be " XFSM_TOKENS_PREFIX
                         " and %d hexadecimal digits",
                         2 * XFSM_TOKENS_DIGEST);
    }
    ovs_strzcpy(token->name, name, sizeof token->name);
    tokens->n++;
    return NULL;
}

char *
xfsm_tokens_read(const char *file, struct xfsm_tokens **tokensp)
{
    struct xfsm_tokens *tokens;
    struct ds line = DS_EMPTY_INITIALIZER;
    FILE *stream = fopen(file, "re");
    char *error = NULL;
    int number = 1;

    if (!stream) {
        return xasprintf("cannot open %s (%s)", file, ovs_strerror(errno));
    }
    tokens = xzalloc(sizeof *tokens);
    for (; !error && !ds_get_line(&line, stream); number++) {
        char *why = parse_line(tokens, ds_cstr(&line));

        if (why) {
            error = xasprintf("%s:%d: %s", file, number, why);
            free(why);
        }
    }
    ds_destroy(&line);
    fclose(stream);
    if (error) {
        xfsm_tokens_destroy(tokens);
        return error;
    }
    *tokensp = tokens;
    return NULL;
}

void
xfsm_tokens_destroy(struct xfsm_tokens *tokens)
{
    free(tokens);
}

const struct xfsm_token *
xfsm_tokens_find(const struct xfsm_tokens *tokens, const char *token)
{
    const struct xfsm_token *found = NULL;
    unsigned char digest[XFSM_TOKENS_DIGEST];
    size_t i;

    hash(token, digest);
    for (i = 0; i < tokens->n; i++) {
        if (!CRYPTO_memcmp(digest, tokens->tokens[i].digest,
                           sizeof digest)) {
            found = &tokens->tokens[i];
        }
    }
    return found;
}

static void
put_hex(struct ds *ds, const unsigned char *data, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        ds_put_format(ds, "%02x", data[i]);
    }
}

char *
xfsm_tokens_make(const char *spec, char **tokenp, char **linep)
{
    unsigned char secret[32], digest[XFSM_TOKENS_DIGEST];
    const char *colon = strchr(spec, ':');
    char *name = xmemdup0(spec, colon ? colon - spec : strlen(spec));
    struct ds token = DS_EMPTY_INITIALIZER;
    struct ds line = DS_EMPTY_INITIALIZER;
    char *error = xfsm_fleet_check_name(name);
    struct xfsm_token parsed;

    if (!error) {
        char *why = (colon ? parse_role(colon + 1, &parsed)
                     : xstrdup("there is no role"));

        error = (why ? xasprintf("\"%s\" is not NAME:ROLE[@TENANT]: %s",
                                 spec, why) : NULL);
        free(why);
    }
    if (!error) {
        get_entropy_or_die(secret, sizeof secret);
        ds_put_cstr(&token, TOKEN_PREFIX);
        put_hex(&token, secret, sizeof secret);
        hash(ds_cstr(&token), digest);
        ds_put_format(&line, "%s %s " XFSM_TOKENS_PREFIX, name, colon + 1);
        put_hex(&line, digest, sizeof digest);
        *tokenp = ds_steal_cstr(&token);
        *linep = ds_steal_cstr(&line);
    }
    ds_destroy(&token);
    ds_destroy(&line);
    free(name);
    return error;
}
