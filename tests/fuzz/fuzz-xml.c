/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The loader, the lint and the compiler on any document.
 *
 * Input: the text of a program.
 *
 * Required: what is refused has an error, what is accepted has none; each
 * diagnostic is one line of printable text; and an image that the compiler
 * made passes the verifier. */

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "xfsm/program/compile.h"
#include "xfsm/program/image.h"
#include "xfsm/program/lint.h"
#include "xfsm/program/xml.h"

static void
check_diagnostics(const struct xfsm_diags *diags)
{
    char *text = xfsm_diags_format(diags, XFSM_DIAG_NOTE);
    size_t lines = 0;
    const char *p;

    for (p = text; *p; p++) {
        fuzz_require(*p == '\n' || (unsigned char) *p >= ' ',
                     "a diagnostic has no control characters");
        lines += *p == '\n';
    }
    fuzz_require(lines == diags->n + (diags->n_dropped != 0),
                 "a diagnostic is one line");
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_dup(data, size);
    struct xfsm_program *program;
    struct xfsm_diags diags;
    void *image = NULL;
    size_t len = 0;

    xfsm_diags_init(&diags, "input.xml");
    program = xfsm_xml_load(text, size, "input", &diags);
    if (program) {
        xfsm_lint(program, &diags);
    }
    if (program && xfsm_compile(program, &diags, &image, &len)) {
        struct xfsm_image view;
        char *error;

        fuzz_require(!diags.n_errors, "an accepted program has no errors");
        error = xfsm_image_verify(image, len, &view);
        fuzz_require(!error, error ? error : "");
        free(image);
    } else {
        fuzz_require(diags.n_errors > 0, "a refused program has errors");
    }
    check_diagnostics(&diags);
    xfsm_program_destroy(program);
    xfsm_diags_destroy(&diags);
    free(text);
    return 0;
}
