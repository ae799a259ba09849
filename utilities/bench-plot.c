/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "utilities/bench-plot.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xfsm/base/error.h"

/* Geometry, in pixels. */
#define WIDTH 860
#define MARGIN 20
#define BARS_X 280
#define BARS_WIDTH 460
#define TITLE_HEIGHT 40
#define SECTION_HEIGHT 36
#define ROW_HEIGHT 22
#define BAR_HEIGHT 14

struct row {
    bool is_section;
    char *text;                 /* Title or label. */
    char *unit;                 /* Of a section. */
    double value;               /* Of a bar; of a section, its longest. */
};

struct xfsm_plot {
    char *title;
    struct row *rows;
    size_t n;
    size_t section;             /* Index of the latest. */
};

static char *
copy_text(const char *s)
{
    char *copy = strdup(s);

    if (!copy) {
        abort();
    }
    return copy;
}

struct xfsm_plot *
xfsm_plot_create(const char *title)
{
    struct xfsm_plot *plot = calloc(1, sizeof *plot);

    if (!plot) {
        abort();
    }
    plot->title = copy_text(title);
    return plot;
}

void
xfsm_plot_destroy(struct xfsm_plot *plot)
{
    if (plot) {
        for (size_t i = 0; i < plot->n; i++) {
            free(plot->rows[i].text);
            free(plot->rows[i].unit);
        }
        free(plot->rows);
        free(plot->title);
        free(plot);
    }
}

static struct row *
add_row(struct xfsm_plot *plot, const char *text)
{
    struct row *row;

    plot->rows = realloc(plot->rows, (plot->n + 1) * sizeof *plot->rows);
    if (!plot->rows) {
        abort();
    }
    row = &plot->rows[plot->n++];
    *row = (struct row) { .text = copy_text(text) };
    return row;
}

void
xfsm_plot_section(struct xfsm_plot *plot, const char *title, const char *unit)
{
    struct row *row = add_row(plot, title);

    row->is_section = true;
    row->unit = copy_text(unit);
    plot->section = plot->n - 1;
}

void
xfsm_plot_bar(struct xfsm_plot *plot, const char *label, double value)
{
    struct row *row = add_row(plot, label);
    struct row *section = &plot->rows[plot->section];

    row->value = isfinite(value) && value > 0 ? value : 0;
    if (row->value > section->value) {
        section->value = row->value;
    }
}

/* Prints 's' as XML text. */
static void
print_text(FILE *file, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char) *s;

        switch (c) {
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '&':
            fputs("&amp;", file);
            break;
        default:
            fputc(c < ' ' || c >= 0x7f ? '?' : c, file);
        }
    }
}

static void
print_label(FILE *file, int x, int y, const char *attributes, const char *s)
{
    fprintf(file, "<text x=\"%d\" y=\"%d\" %s>", x, y, attributes);
    print_text(file, s);
    fputs("</text>\n", file);
}

static void
print_bar(FILE *file, int y, const struct row *row, double longest)
{
    double width = longest > 0 ? row->value / longest * BARS_WIDTH : 0;
    char value[32];

    print_label(file, BARS_X - 8, y + BAR_HEIGHT - 3,
                "text-anchor=\"end\" font-size=\"12\"", row->text);
    fprintf(file, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" "
            "fill=\"#3b6ea5\"/>\n", BARS_X, y, width, BAR_HEIGHT);
    snprintf(value, sizeof value, row->value < 10 ? "%.2f" : "%.1f",
             row->value);
    print_label(file, BARS_X + (int) width + 6, y + BAR_HEIGHT - 3,
                "font-size=\"12\"", value);
}

static void
print_plot(const struct xfsm_plot *plot, FILE *file)
{
    int height = TITLE_HEIGHT + MARGIN;
    int y = TITLE_HEIGHT;
    double longest = 0;
    char title[256];

    for (size_t i = 0; i < plot->n; i++) {
        height += plot->rows[i].is_section ? SECTION_HEIGHT : ROW_HEIGHT;
    }
    fprintf(file, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
            "height=\"%d\" font-family=\"sans-serif\">\n"
            "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
            WIDTH, height, WIDTH, height);
    print_label(file, MARGIN, 28, "font-size=\"16\" font-weight=\"bold\"",
                plot->title);
    for (size_t i = 0; i < plot->n; i++) {
        const struct row *row = &plot->rows[i];

        if (row->is_section) {
            longest = row->value;
            snprintf(title, sizeof title, "%s (%s)", row->text, row->unit);
            print_label(file, MARGIN, y + SECTION_HEIGHT - 12,
                        "font-size=\"13\" font-weight=\"bold\"", title);
            y += SECTION_HEIGHT;
        } else {
            print_bar(file, y, row, longest);
            y += ROW_HEIGHT;
        }
    }
    fputs("</svg>\n", file);
}

char *
xfsm_plot_write(const struct xfsm_plot *plot, const char *path)
{
    bool is_stdout = !strcmp(path, "-");
    FILE *file = is_stdout ? stdout : fopen(path, "we");
    bool failed;

    if (!file) {
        return xfsm_error("%s: %s", path, strerror(errno));
    }
    print_plot(plot, file);
    failed = fflush(file) || ferror(file);
    if (!is_stdout && fclose(file)) {
        failed = true;
    }
    return failed ? xfsm_error("%s: cannot be written", path) : NULL;
}
