/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/unit/truth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void
truth_path(char path[TRUTH_PATH_MAX], const char *name)
{
    const char *dir = getenv("XFSM_SHARED_DATA");
    const char *top = getenv("top_srcdir");

    if (dir) {
        snprintf(path, TRUTH_PATH_MAX, "%s/%s", dir, name);
    } else {
        snprintf(path, TRUTH_PATH_MAX, "%s/../shared/data/%s",
                 top ? top : ".", name);
    }
}

DIR *
truth_open_dir(const char *name)
{
    char path[TRUTH_PATH_MAX];
    DIR *dir;

    truth_path(path, name);
    dir = opendir(path);
    if (!dir) {
        printf("%s: no such folder, test skipped\n", path);
        skip();
    }
    return dir;
}

FILE *
truth_open(const char *name)
{
    char path[TRUTH_PATH_MAX];
    FILE *file;

    truth_path(path, name);
    file = fopen(path, "r");
    if (!file) {
        printf("%s: no such file, test skipped\n", path);
        skip();
    }
    return file;
}

bool
truth_next_row(FILE *file, char *line, int size, char *columns[], int n)
{
    char *rest = line;
    int i;

    if (!fgets(line, size, file)) {
        return false;
    }
    line[strcspn(line, "\n")] = '\0';
    for (i = 0; i < n; i++) {
        char *column = strsep(&rest, "\t");

        columns[i] = column ? column : line + strlen(line);
    }
    return true;
}
