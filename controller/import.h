/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_IMPORT_H
#define CONTROLLER_IMPORT_H 1

/* From the file of fleet-json.h into the database XFSM_Fleet, in one
 * transaction.
 *
 * Hosts and assignments of the file are added, or made as the file has them,
 * labels and parameters apart, which a file cannot tell.  A program whose text
 * is not that of its newest version becomes a new version, to be rolled out as
 * the database says.  Rows that the file does not name stay.
 *
 * Thread-safety: none. */

/* Imports the file named 'file' into the database at 'remote' within 'timeout'
 * seconds.  Returns NULL, or an error, which the caller frees. */
char *xfsm_fleet_import(const char *remote, const char *file, int timeout);

#endif /* controller/import.h */
