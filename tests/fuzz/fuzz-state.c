/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* State that was saved by anybody.
 *
 * Input: a saved state, of the programs of tests/fuzz/fuzz-fixed.h.  Its
 * checksum is set to what it must be, so that the input meets what checks the
 * state itself.
 *
 * Required: it is refused, with a reason, or an engine comes of it that runs
 * 64 packets and their timers without an error of memory, as machine code in
 * batches the same as interpreted one by one; and what that engine saves is
 * accepted, and saved again the same to the byte. */

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz-fixed.h"
#include "tests/fuzz/fuzz-packets.h"
#include "xfsm/base/state-io.h"

#define CHECKSUM_LEN 8

struct saved {
    uint8_t *data;
    size_t len, allocated;
};

static bool
save_bytes(const void *data, size_t len, void *saved_)
{
    struct saved *saved = saved_;

    if (saved->len + len > saved->allocated) {
        saved->allocated = 2 * (saved->len + len);
        saved->data = realloc(saved->data, saved->allocated);
        fuzz_require(saved->data != NULL, "there is memory");
    }
    memcpy(saved->data + saved->len, data, len);
    saved->len += len;
    return true;
}

/* Returns the input with the checksum that it must have. */
static struct saved
seal(const uint8_t *data, size_t size)
{
    struct saved sealed = { NULL, 0, 0 };
    void *body = fuzz_dup(data, size);
    struct xfsm_state_io io;
    char *error;

    xfsm_state_begin_write(&io, save_bytes, &sealed);
    if (size > CHECKSUM_LEN) {
        xfsm_state_bytes(&io, body, size - CHECKSUM_LEN);
    }
    error = xfsm_state_end(&io);
    fuzz_require(!error, error ? error : "");
    free(body);
    return sealed;
}

static struct saved
save(struct xfsm_engine *engine)
{
    struct saved saved = { NULL, 0, 0 };
    char *error = xfsm_engine_save(engine, save_bytes, &saved);

    fuzz_require(!error, error ? error : "");
    return saved;
}

/* Starts an engine that goes on from the state.  Returns false if that is
 * refused. */
static bool
restore(struct fuzz_engine *fe, const struct saved *saved,
        enum xfsm_backend backend)
{
    void *data = fuzz_dup(saved->data, saved->len);
    struct xfsm_engine *new = NULL;
    char *error;

    fuzz_engine_init(fe, backend);
    fe->goes_on = true;
    fuzz_fixed_load(fe->engine);
    error = xfsm_engine_restore(fe->engine, data, saved->len, &new);
    free(data);
    if (error) {
        fuzz_require(*error && !new, "a refused state has a reason");
        free(error);
        fuzz_engine_free(fe);
        return false;
    }
    xfsm_engine_destroy(fe->engine);
    fe->engine = new;
    return true;
}

/* What is saved is accepted, and is the same again. */
static void
check_saved(struct xfsm_engine *engine)
{
    struct saved first = save(engine);
    struct fuzz_engine fe;
    struct saved second;

    fuzz_require(restore(&fe, &first, XFSM_BACKEND_INTERPRETER),
                 "what was saved is accepted");
    second = save(fe.engine);
    fuzz_require(first.len == second.len
                 && !memcmp(first.data, second.data, first.len),
                 "what was restored is what was saved");
    fuzz_engine_free(&fe);
    free(first.data);
    free(second.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fuzz_packets *packets = fuzz_fixed_packets();
    struct saved sealed = seal(data, size);
    struct fuzz_engine one, batch;

    if (restore(&one, &sealed, XFSM_BACKEND_INTERPRETER)) {
        fuzz_engine_run(&one, packets, 1);
        fuzz_require(restore(&batch, &sealed, XFSM_BACKEND_AUTO),
                     "machine code changes nothing");
        fuzz_engine_run(&batch, packets, FUZZ_PACKETS_MAX);
        fuzz_require(one.digest == batch.digest,
                     "neither batches nor machine code change results");
        check_saved(one.engine);
        fuzz_engine_free(&one);
        fuzz_engine_free(&batch);
    }
    free(sealed.data);
    return 0;
}
