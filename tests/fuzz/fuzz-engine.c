/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* A fixed set of programs on any packets.
 *
 * Input: packets, as tests/fuzz/fuzz-packets.h has them.  The programs are
 * those of tests/fuzz/fuzz-fixed.h.
 *
 * Required: what the engine publishes does not depend on how packets are cut
 * into batches, nor on whether programs are interpreted or machine code. */

#include "tests/fuzz/fuzz-fixed.h"
#include "tests/fuzz/fuzz-packets.h"

static uint64_t
run(const struct fuzz_packets *packets, enum xfsm_backend backend,
    size_t batch)
{
    struct fuzz_engine fe;

    fuzz_engine_init(&fe, backend);
    fuzz_fixed_load(fe.engine);
    fuzz_engine_run(&fe, packets, batch);
    fuzz_engine_free(&fe);
    return fe.digest;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = { data, size };
    struct fuzz_packets packets;
    uint64_t digest;

    fuzz_packets_take(&packets, &in);
    digest = run(&packets, XFSM_BACKEND_INTERPRETER, 1);
    fuzz_require(run(&packets, XFSM_BACKEND_INTERPRETER, 7) == digest
                 && run(&packets, XFSM_BACKEND_AUTO, FUZZ_PACKETS_MAX)
                    == digest,
                 "neither batches nor machine code change results");
    fuzz_packets_free(&packets);
    return 0;
}
