/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_XML_TREE_H
#define XFSM_PROGRAM_XML_TREE_H 1

/* A document as elements and attributes, free of libxml2.
 *
 * The loader walks a tree of its own: it knows the line of every attribute
 * and the place of an element among its siblings, and no code beyond
 * xml-tree.c depends on what libxml2 may return.
 *
 * Ownership: a tree and its strings live in the arena that it was made in. */

#include <stddef.h>

#include "xfsm/base/arena.h"
#include "xfsm/program/diag.h"

struct xfsm_xml_attr {
    const char *name;
    const char *value;          /* Never NULL; leading and trailing blanks
                                 * removed. */
    int line;
};

struct xfsm_xml_node {
    const char *name;
    int line;
    int index;                  /* Among siblings of the same name, from 1. */
    int n_attrs;
    struct xfsm_xml_attr *attrs;
    struct xfsm_xml_node *parent, *children, *next;
    const char *text;           /* First words of any text inside, or NULL. */
};

/* Parses the 'len' bytes at 'text' into a tree in 'arena'.  Returns the root,
 * or NULL after adding what is wrong to 'diags'. */
struct xfsm_xml_node *xfsm_xml_parse(const char *text, size_t len,
                                     struct xfsm_arena *arena,
                                     struct xfsm_diags *diags);

/* Returns the attribute 'name' of 'node' if it is there and not empty, else
 * NULL: an empty attribute means an absent one. */
const struct xfsm_xml_attr *xfsm_xml_attr(const struct xfsm_xml_node *node,
                                          const char *name);

/* Room for any path. */
#define XFSM_XML_PATH_MAX 512

/* Writes the path of 'node' below the root, as event[2]/state[1] "wait", with
 * "@attr" behind it unless 'attr' is NULL, to 'buf'.  A NULL 'node' gives
 * "@attr" alone. */
void xfsm_xml_path(const struct xfsm_xml_node *node, const char *attr,
                   char *buf, size_t size);

#endif /* xfsm/program/xml-tree.h */
