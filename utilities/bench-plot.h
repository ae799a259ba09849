/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef UTILITIES_BENCH_PLOT_H
#define UTILITIES_BENCH_PLOT_H 1

/* A picture of measurements: horizontal bars in sections, as SVG.
 *
 * Each section has a title, a unit and a scale of its own, from 0 to its
 * longest bar.  The text is plain SVG 1.1 that any browser shows, without
 * scripts, styles or fonts of its own.
 *
 * Titles and labels may have any characters; those that XML cannot have
 * become '?'.
 *
 * Thread-safety: none. */

struct xfsm_plot;

/* Returns an empty plot.  Aborts where memory is refused, as all of these. */
struct xfsm_plot *xfsm_plot_create(const char *title);
void xfsm_plot_destroy(struct xfsm_plot *);

/* Starts a section; the bars that follow are in it. */
void xfsm_plot_section(struct xfsm_plot *, const char *title,
                       const char *unit);

/* Adds a bar.  There must be a section.  A value that is negative or not
 * finite is drawn as 0. */
void xfsm_plot_bar(struct xfsm_plot *, const char *label, double value);

/* Writes the plot to the file 'path', "-" for standard output.  Returns NULL,
 * or an error that names the file, which the caller frees. */
char *xfsm_plot_write(const struct xfsm_plot *, const char *path);

#endif /* utilities/bench-plot.h */
