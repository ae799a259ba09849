/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "unicode.h"
#include "util.h"
#include "xfsm/program/model.h"

#define SUFFIX ".xml"

/* Word that stands for "no program" in external_ids:xfsm. */
#define NO_PROGRAM "none"

char *
xfsm_ctl_check_program_name(const char *name)
{
    size_t n = strlen(name);

    if (!n || n > XFSM_MAX_NAME) {
        return xasprintf("\"%s\": the name of a program has 1 to %d "
                         "characters", name, XFSM_MAX_NAME);
    } else if (!strcmp(name, NO_PROGRAM)) {
        return xasprintf("a program cannot be named \"%s\": that word turns "
                         "monitoring off", name);
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = name[i];

        if (!isalnum(c) && (!i || !strchr("_.-", c))) {
            return xasprintf("\"%s\": the name of a program is made of "
                             "letters, digits and, not first, '_', '.' and "
                             "'-'", name);
        }
    }
    return NULL;
}

char *
xfsm_ctl_name_from_file(const char *file)
{
    char *name = base_name(file);
    size_t n = strlen(name);

    if (n > strlen(SUFFIX) && !strcmp(&name[n - strlen(SUFFIX)], SUFFIX)) {
        name[n - strlen(SUFFIX)] = '\0';
    }
    return name;
}

char *
xfsm_ctl_read_source(const char *file, char **sourcep)
{
    struct stat s;
    FILE *stream;
    char *error = NULL;

    *sourcep = NULL;
    stream = fopen(file, "r");
    if (!stream || fstat(fileno(stream), &s)) {
        error = xasprintf("%s: cannot be opened (%s)", file,
                          ovs_strerror(errno));
    } else if (!S_ISREG(s.st_mode)) {
        error = xasprintf("%s: not a regular file", file);
    } else if (s.st_size > XFSM_MAX_SOURCE_BYTES) {
        error = xasprintf("%s: %lld bytes, the limit is %d", file,
                          (long long int) s.st_size, XFSM_MAX_SOURCE_BYTES);
    } else {
        char *source = xmalloc(s.st_size + 1);
        size_t n = fread(source, 1, s.st_size, stream);

        source[n] = '\0';
        if (ferror(stream)) {
            error = xasprintf("%s: cannot be read (%s)", file,
                              ovs_strerror(errno));
        } else if (!n) {
            error = xasprintf("%s: is empty", file);
        } else if (strlen(source) != n) {
            error = xasprintf("%s: has a NUL byte, so is not XML", file);
        } else {
            error = utf8_validate(source, NULL);
            if (error) {
                char *full = xasprintf("%s: must be in UTF-8: %s", file,
                                       error);
                free(error);
                error = full;
            }
        }
        if (error) {
            free(source);
        } else {
            *sourcep = source;
        }
    }
    if (stream) {
        fclose(stream);
    }
    return error;
}

char *
xfsm_ctl_check_file(const char *file)
{
    const char *argv[] = { "xfsm", "check", file, NULL };
    char *output;
    bool missing;
    char *error = xfsm_ctl_run(argv, &output, &missing);

    if (missing) {
        fprintf(stderr, "%s: %s was not checked: there is no program xfsm\n",
                program_name, file);
        free(error);
        error = NULL;
    } else if (output && *output) {
        fprintf(stderr, "%s\n", output);
    }
    free(output);
    if (error) {
        char *full = xasprintf("%s: does not compile, not added (--force "
                               "adds it all the same): %s", file, error);
        free(error);
        error = full;
    }
    return error;
}
