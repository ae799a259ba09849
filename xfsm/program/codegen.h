/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_CODEGEN_H
#define XFSM_PROGRAM_CODEGEN_H 1

/* Code generation: selectors, expressions and handlers into instructions.
 *
 * Registers of a handler: metrics it uses first, then the features it
 * mentions, then a stack of temporaries.  Jumps are forward, to labels that
 * are bound later.
 *
 * Internal to the compiler. */

#include "xfsm/program/diag.h"
#include "xfsm/program/image-builder.h"
#include "xfsm/program/model.h"

/* Labels of one handler or matcher. */
#define XFSM_CODEGEN_LABELS 4096

struct xfsm_codegen {
    const struct xfsm_program *program;
    struct xfsm_builder *b;
    struct xfsm_diags *diags;

    int n_labels;
    uint32_t labels[XFSM_CODEGEN_LABELS];   /* Bound position. */
    uint32_t start;             /* First instruction of the current run. */

    /* Current handler. */
    const struct xfsm_handler *handler;
    int metric_reg[XFSM_MAX_METRICS];       /* -1: not used, reads 0. */
    int feature_reg[XFSM_MAX_FEATURES];     /* -1: not mentioned. */
    int n_regs;                 /* Registers taken: next temporary. */
};

/* Emission. */
struct xfsm_insn *xfsm_codegen_emit(struct xfsm_codegen *,
                                    enum xfsm_opcode op);
int xfsm_codegen_label(struct xfsm_codegen *);
void xfsm_codegen_bind(struct xfsm_codegen *, int label);

/* Replaces the labels in the instructions from 'start' by their positions. */
void xfsm_codegen_resolve(struct xfsm_codegen *);

/* Emits code that puts the value of 'expr' into register 'dst'; registers
 * from 'n_regs' on are free for it. */
void xfsm_codegen_expr(struct xfsm_codegen *, const struct xfsm_expr *,
                       int dst);

/* Adds a text template to the image, for instructions that follow.  Numbers in
 * it may take registers from 'n_regs' on, which the caller gives back. */
uint16_t xfsm_codegen_text(struct xfsm_codegen *, const struct xfsm_text *);

/* Packs 'text', the key of an entry of a table that is used with 'key', fields
 * joined by "-", behind what is in the strings section.  A text that is last
 * takes the rest, since names may have hyphens.  False if it is no such key:
 * what would be one is then in 'why'. */
bool xfsm_codegen_entry_key(struct xfsm_builder *, const struct xfsm_key *key,
                            const char *text, char *why, size_t size);

/* Looks for two of the 'n' entries from 'first' on whose packed keys are the
 * same.  Returns the number of the later one, and the other in '*twin'; 'n' if
 * there are none. */
uint32_t xfsm_codegen_find_twin(struct xfsm_builder *, uint32_t first,
                                uint32_t n, uint32_t *twin);

/* Emits the matcher of all packet events. */
void xfsm_codegen_matcher(struct xfsm_codegen *);

/* Emits the handler and describes it in 'record'. */
void xfsm_codegen_handler(struct xfsm_codegen *, const struct xfsm_handler *,
                          struct xfsm_img_handler *record);

#endif /* xfsm/program/codegen.h */
