/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/runtime/native.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xfsm/runtime/native-private.h"

#if defined __x86_64__ && !defined __ILP32__

/* Copies the code to memory of its own and takes the right to write away
 * before it gives that to execute. */
static bool
map_code(const struct xfsm_emit *e, struct xfsm_native *native)
{
    size_t page = (size_t) sysconf(_SC_PAGESIZE);
    size_t size = (e->n + page - 1) / page * page;
    void *code = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (code == MAP_FAILED) {
        return false;
    }
    memcpy(code, e->code, e->n);
    memset((char *) code + e->n, 0xcc, size - e->n);
    if (mprotect(code, size, PROT_READ | PROT_EXEC)) {
        munmap(code, size);
        return false;
    }
    native->code = code;
    native->size = size;
    return true;
}

/* ISO C has no way from an object to a function. */
#define ENTRY(TO, NATIVE, OFFSET) \
    do { \
        char *entry_ = (char *) (NATIVE)->code + (OFFSET); \
        memcpy(&(TO), &entry_, sizeof(TO)); \
    } while (0)

bool
xfsm_native_compile(struct xfsm_instance *p)
{
    struct xfsm_native *native = &p->native;
    uint32_t n_handlers = p->image.n_handlers;
    uint32_t n_keys = p->image.n_keys;
    uint32_t *places = calloc(n_handlers + n_keys + 1, sizeof *places);
    struct xfsm_emit e;
    uint32_t prepare, match;

    native->handlers = calloc(n_handlers + 1, sizeof *native->handlers);
    native->keys = calloc(n_keys + 1, sizeof *native->keys);
    xfsm_emit_init(&e);
    if (!places || !native->handlers || !native->keys) {
        goto fail;
    }
    prepare = xfsm_native_emit_prepare(&e, p);
    match = xfsm_native_emit_match(&e, p);
    for (uint32_t i = 0; i < n_handlers; i++) {
        places[i] = xfsm_native_emit_handler(&e, p, i);
    }
    for (uint32_t i = 0; i < n_keys; i++) {
        if (xfsm_native_has_key(p, (uint16_t) i)) {
            places[n_handlers + i] = xfsm_native_emit_key(&e, p,
                                                          (uint16_t) i);
        }
    }
    if (!xfsm_emit_finish(&e) || !map_code(&e, native)) {
        goto fail;
    }
    ENTRY(native->prepare, native, prepare);
    ENTRY(native->match, native, match);
    for (uint32_t i = 0; i < n_handlers; i++) {
        ENTRY(native->handlers[i], native, places[i]);
    }
    for (uint32_t i = 0; i < n_keys; i++) {
        if (xfsm_native_has_key(p, (uint16_t) i)) {
            ENTRY(native->keys[i], native, places[n_handlers + i]);
        }
    }
    xfsm_emit_destroy(&e);
    free(places);
    return true;

fail:
    xfsm_emit_destroy(&e);
    free(places);
    xfsm_native_destroy(native);
    return false;
}

#else

bool
xfsm_native_compile(struct xfsm_instance *p)
{
    memset(&p->native, 0, sizeof p->native);
    return false;
}

#endif

void
xfsm_native_destroy(struct xfsm_native *native)
{
    if (native->code) {
        munmap(native->code, native->size);
    }
    free(native->keys);
    free(native->handlers);
    memset(native, 0, sizeof *native);
}
