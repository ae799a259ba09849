/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_IO_FILE_SINK_H
#define XFSM_IO_FILE_SINK_H 1

/* Lines of JSON to a file, a pipe or a terminal.
 *
 * What stdio does not do, and a file that others read needs:
 *
 *   - a write error is told, each time, with its errno, and the lines it cost
 *     are counted;
 *   - only whole lines are written, as far as the system allows: where one
 *     was torn by an error (a full disk), the next write starts a new line,
 *     so that one bad line is all that a reader sees;
 *   - a descriptor in non-blocking mode, as a pipe that somebody else opened
 *     may be, is waited for;
 *   - the file can be opened again under its name, for log rotation, or
 *     rotated here.
 *
 * Lines are gathered in a buffer of XFSM_FILE_SINK_BUFFER bytes and written
 * when it is full or on xfsm_file_sink_flush().
 *
 * Thread-safety: a sink belongs to one thread. */

#include <stddef.h>
#include <stdint.h>

/* Bytes gathered before they are written: several of the longest events. */
#define XFSM_FILE_SINK_BUFFER (64 * 1024)

/* Permissions of a file that is created. */
#define XFSM_FILE_SINK_MODE 0640

struct xfsm_file_sink;

/* Opens 'path' for appending, and creates it if necessary.  Returns NULL and
 * stores the sink in '*sinkp', or an error that the caller frees. */
char *xfsm_file_sink_open(const char *path, struct xfsm_file_sink **sinkp);

/* Makes the sink rotate its file before it is larger than 'max_bytes' (but for
 * one write of XFSM_FILE_SINK_BUFFER): FILE becomes FILE.1, FILE.1 becomes
 * FILE.2 and so on, 'keep' of which are kept, at most XFSM_FILE_SINK_KEEP.
 * Only for a sink of xfsm_file_sink_open(), and one that no other program
 * rotates. */
#define XFSM_FILE_SINK_KEEP 1000
void xfsm_file_sink_set_rotation(struct xfsm_file_sink *, uint64_t max_bytes,
                                 unsigned int keep);

/* Makes a sink of 'fd', which stays the caller's.  Aborts if there is no
 * memory. */
struct xfsm_file_sink *xfsm_file_sink_from_fd(int fd);

/* Adds the 'len' bytes at 'line', which should hold no newline, and one.
 * Returns 0; EMSGSIZE if the line is longer than the buffer; or another
 * positive errno if lines had to be written and could not be.  Lines lost are
 * counted. */
int xfsm_file_sink_write(struct xfsm_file_sink *, const char *line,
                         size_t len);

/* Writes what is in the buffer.  Returns as xfsm_file_sink_write(). */
int xfsm_file_sink_flush(struct xfsm_file_sink *);

/* Opens the file of xfsm_file_sink_open() again by its name, after flushing.
 * On error, which the caller frees, the sink goes on with the old file.
 * Does nothing for a sink of a descriptor. */
char *xfsm_file_sink_reopen(struct xfsm_file_sink *);

/* Lines written, and lost to errors, so far; those in the buffer are
 * neither. */
uint64_t xfsm_file_sink_written(const struct xfsm_file_sink *);
uint64_t xfsm_file_sink_lost(const struct xfsm_file_sink *);

/* Flushes and closes it.  Returns as xfsm_file_sink_write(), or the error of
 * close().  NULL is accepted. */
int xfsm_file_sink_close(struct xfsm_file_sink *);

#endif /* xfsm/io/file-sink.h */
