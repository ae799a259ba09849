/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef CONTROLLER_REST_CAPTURE_H
#define CONTROLLER_REST_CAPTURE_H 1

/* A program on a capture that a user sends: POST /api/v1/programs/test, a form
 * with the fields
 *
 *   capture   the file, pcap or pcapng;
 *   source    the text of a program, or
 *   program   the name of one that is there, and
 *   version   which of its versions; the newest unless it is given;
 *   parameters  values of its parameters, an object of strings in JSON.
 *
 * "xfsm run" runs it, in a process that limits itself to some seconds and some
 * memory before it looks at either, and that opens nothing: XFSM_TOOL_DEADLINE
 * ends it, whatever happens.  No more than XFSM_REST_TOOL_MAX_FILES run at a
 * time.  Nothing of it is kept. */

/* Bytes of a capture, and of the whole form. */
#define XFSM_REST_MAX_CAPTURE (8 * 1024 * 1024)
#define XFSM_REST_MAX_FORM (XFSM_REST_MAX_CAPTURE + 1024 * 1024 + 16384)

/* Parameters, and bytes of all of them. */
#define XFSM_REST_MAX_TEST_PARAMETERS 64
#define XFSM_REST_MAX_TEST_PARAMETERS_BYTES 4096

/* Events that are told, and bytes of them. */
#define XFSM_REST_MAX_TEST_EVENTS 1000
#define XFSM_REST_MAX_TEST_BYTES (4 * 1024 * 1024)

#endif /* controller/rest-capture.h */
