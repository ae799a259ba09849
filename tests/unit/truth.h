/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_TESTS_TRUTH_H
#define XFSM_TESTS_TRUTH_H 1

/* The shared test data: captures, and what is known about them.
 *
 * $XFSM_SHARED_DATA names the folder, by default ../shared/data beside the top
 * of the tree.  Where it is absent, tests are skipped, and say so. */

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>

#define TRUTH_PATH_MAX 1024

/* Stores the path of 'name' in the data's folder, which may have slashes. */
void truth_path(char path[TRUTH_PATH_MAX], const char *name);

/* Opens a folder, or a file for reading, or skips the test. */
DIR *truth_open_dir(const char *name);
FILE *truth_open(const char *name);

/* Splits the next line of 'file' at tabs into 'n' columns; those that are not
 * there are empty.  They point into the 'size' bytes at 'line'.  False at the
 * end. */
bool truth_next_row(FILE *, char *line, int size, char *columns[], int n);

#endif /* tests/unit/truth.h */
