/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "controller/sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

void
xfsm_sink_options_init(struct xfsm_sink_options *o)
{
    memset(o, 0, sizeof *o);
#define INIT_NUMBER(ID, NAME, MIN, MAX, DEFAULT, DOC) o->NAME = DEFAULT;
    XFSM_SINK_NUMBERS(INIT_NUMBER)
#undef INIT_NUMBER
#define INIT_STRING(NAME, DEFAULT, DOC) o->NAME = nullable_xstrdup(DEFAULT);
    XFSM_SINK_STRINGS(INIT_STRING)
#undef INIT_STRING
}

void
xfsm_sink_options_destroy(struct xfsm_sink_options *o)
{
    free(o->target);
    free(o->spool_dir);
#define FREE_STRING(NAME, DEFAULT, DOC) free(o->NAME);
    XFSM_SINK_STRINGS(FREE_STRING)
#undef FREE_STRING
}

/* True if 'setting' begins with the name of the member 'name' and "=". */
static bool
names(const char *setting, const char *name)
{
    for (; *name; name++, setting++) {
        if (*setting != (*name == '_' ? '-' : *name)) {
            return false;
        }
    }
    return *setting == '=';
}

static char *
set_number(int *number, const char *setting, int min, int max)
{
    int value;

    if (!str_to_int(strchr(setting, '=') + 1, 10, &value) || value < min
        || value > max) {
        return xasprintf("\"%s\": must be a number from %d to %d", setting,
                         min, max);
    }
    *number = value;
    return NULL;
}

static char *
set_string(char **string, const char *setting)
{
    const char *value = strchr(setting, '=') + 1;

    if (!*value) {
        return xasprintf("\"%s\": there is no value", setting);
    }
    free(*string);
    *string = xstrdup(value);
    return NULL;
}

char *
xfsm_sink_options_set(struct xfsm_sink_options *o, const char *setting)
{
#define TAKE_NUMBER(ID, NAME, MIN, MAX, DEFAULT, DOC) \
    if (names(setting, #NAME)) { \
        return set_number(&o->NAME, setting, MIN, MAX); \
    }
    XFSM_SINK_NUMBERS(TAKE_NUMBER)
#undef TAKE_NUMBER
#define TAKE_STRING(NAME, DEFAULT, DOC) \
    if (names(setting, #NAME)) { \
        return set_string(&o->NAME, setting); \
    }
    XFSM_SINK_STRINGS(TAKE_STRING)
#undef TAKE_STRING
    return xasprintf("\"%s\": there is no such option of events", setting);
}

/* ## What goes together ## */

bool
xfsm_sink_options_have_tls(const struct xfsm_sink_options *o)
{
    return o->tls || o->ca || o->cert
           || (o->target && !strncmp(o->target, "tls://", 6));
}

/* A secret is a file that can be read, and not by everybody. */
static char *
check_secret(const char *path)
{
    struct stat s;

    if (!path) {
        return NULL;
    } else if (stat(path, &s) || access(path, R_OK)) {
        return xasprintf("%s: cannot read (%s)", path, ovs_strerror(errno));
    } else if (s.st_mode & S_IRWXO) {
        return xasprintf("%s: everybody may read or write it (mode %04o); use "
                         "\"chmod o= FILE\"", path,
                         (unsigned int) s.st_mode & 07777);
    }
    return NULL;
}

/* Checks those that name us. */
static char *
check_names(const struct xfsm_sink_options *o, bool kafka)
{
    if (!o->user != !o->password_file) {
        return xasprintf("\"user\" and \"password-file\" need each other");
    } else if (!o->nkey != !o->nkey_seed) {
        return xasprintf("\"nkey\" and \"nkey-seed\" need each other");
    } else if ((o->creds != NULL) + (o->nkey != NULL)
               + (o->user != NULL) > 1) {
        return xasprintf("only one of \"creds\", \"nkey\" and \"user\" "
                         "can be given");
    } else if (kafka && (o->creds || o->nkey)) {
        return xasprintf("\"creds\" and \"nkey\" are not for Kafka");
    } else if (kafka && !o->user != !o->sasl) {
        return xasprintf("with Kafka, \"user\" and \"sasl\" need each other");
    } else if (!kafka && o->sasl) {
        return xasprintf("\"sasl\" is for Kafka only");
    }
    return NULL;
}

static char *
check_sasl(const struct xfsm_sink_options *o)
{
    static const char *const mechanisms[] = {
#define SASL_NAME(NAME) NAME,
        XFSM_SINK_SASL(SASL_NAME)
#undef SASL_NAME
    };
    size_t i;

    if (!o->sasl) {
        return NULL;
    } else if (!strcmp(o->sasl, "PLAIN")
               && !xfsm_sink_options_have_tls(o)) {
        return xasprintf("\"sasl=PLAIN\" tells the password to everybody on "
                         "the way; it needs TLS (\"tls=1\" or \"ca\")");
    }
    for (i = 0; i < ARRAY_SIZE(mechanisms); i++) {
        if (!strcmp(o->sasl, mechanisms[i])) {
            return NULL;
        }
    }
    return xasprintf("\"sasl=%s\": must be PLAIN, SCRAM-SHA-256 or "
                     "SCRAM-SHA-512", o->sasl);
}

char *
xfsm_sink_options_check(const struct xfsm_sink_options *o)
{
    bool kafka = o->target && !strncmp(o->target, "kafka:", 6);
    const char *const secrets[] = { o->creds, o->nkey_seed, o->key,
                                    o->password_file };
    char password[XFSM_SINK_PASSWORD_MAX + 1];
    char *error = NULL;
    size_t i;

    if (xfsm_sink_needs_spool(o->target) && strchr(o->target, '@')) {
        return xasprintf("an address cannot have a name or a password, which "
                         "everybody would see; use \"user\" and "
                         "\"password-file\"");
    } else if (!o->cert != !o->key) {
        return xasprintf("\"cert\" and \"key\" need each other");
    }
    error = check_names(o, kafka);
    if (!error) {
        error = check_sasl(o);
    }
    for (i = 0; i < ARRAY_SIZE(secrets) && !error; i++) {
        error = check_secret(secrets[i]);
    }
    if (!error) {
        error = xfsm_sink_read_password(o, password);
        explicit_bzero(password, sizeof password);
    }
    return error;
}

char *
xfsm_sink_read_password(const struct xfsm_sink_options *o,
                        char password[XFSM_SINK_PASSWORD_MAX + 1])
{
    const char *path = o->password_file;
    char line[XFSM_SINK_PASSWORD_MAX + 2];
    size_t len;
    FILE *f;

    password[0] = '\0';
    if (!path) {
        return NULL;
    }
    f = fopen(path, "re");
    if (!f) {
        return xasprintf("%s: cannot open (%s)", path, ovs_strerror(errno));
    }
    setbuf(f, NULL);
    len = fread(line, 1, sizeof line, f);
    fclose(f);
    if (len && line[len - 1] == '\n') {
        len--;
    }
    if (len > XFSM_SINK_PASSWORD_MAX) {
        explicit_bzero(line, sizeof line);
        return xasprintf("%s: the password is longer than %d characters",
                         path, XFSM_SINK_PASSWORD_MAX);
    }
    if (!len || memchr(line, '\n', len) || memchr(line, '\0', len)) {
        explicit_bzero(line, sizeof line);
        return xasprintf("%s: must be one line, the password", path);
    }
    memcpy(password, line, len);
    password[len] = '\0';
    explicit_bzero(line, sizeof line);
    return NULL;
}

bool
xfsm_sink_needs_spool(const char *target)
{
    return target && (!strncmp(target, "nats://", 7)
                      || !strncmp(target, "tls://", 6)
                      || !strncmp(target, "kafka://", 8));
}
