/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* The verifier on any image, and the engine on what it accepts.
 *
 * Input: an image.  Magic number, format, length and checksum are set to what
 * they must be, so that the input meets the verifier itself.
 *
 * Required: an accepted image runs 64 packets and their timers without an
 * error of memory, as machine code in batches the same as interpreted one by
 * one.  Packets are fixed; they carry every protocol that programs look
 * into. */

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz-fixed.h"
#include "tests/fuzz/fuzz-packets.h"
#include "xfsm/program/image.h"

/* Memory that the tables of an image may have here: what is larger is the
 * operator's to refuse, and would only slow this down. */
#define BYTES_MAX (UINT64_C(1) << 30)

/* Makes the header of 'image' what it must be. */
static void
mend_header(void *image, size_t len)
{
    struct xfsm_img_header *header = image;

    if (len >= sizeof *header) {
        memcpy(header->magic, XFSM_IMAGE_MAGIC, sizeof header->magic);
        header->format = XFSM_IMAGE_VERSION;
        header->length = (uint32_t) len;
        header->checksum = xfsm_image_checksum(image, len);
    }
}

/* True if the engine took the image, and ran it with the result in
 * '*digest'. */
static bool
run_image(const void *image, size_t len, enum xfsm_backend backend,
          size_t batch, uint64_t *digest)
{
    const struct fuzz_packets *packets = fuzz_fixed_packets();
    struct xfsm_program_info info;
    struct fuzz_engine fe;
    char *error;
    bool ok;

    fuzz_engine_init(&fe, backend);
    error = xfsm_engine_load(fe.engine, image, len);
    ok = !error && xfsm_engine_get_program(fe.engine, 0, &info)
         && info.bytes <= BYTES_MAX;
    fuzz_require(!error || *error, "a refused image has a reason");
    free(error);
    if (ok) {
        fuzz_engine_run(&fe, packets, batch);
    }
    *digest = fe.digest;
    fuzz_engine_free(&fe);
    return ok;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *image = fuzz_dup(data, size);
    uint64_t digest[2];

    mend_header(image, size);
    if (run_image(image, size, XFSM_BACKEND_INTERPRETER, 1, &digest[0])) {
        fuzz_require(run_image(image, size, XFSM_BACKEND_AUTO,
                               FUZZ_PACKETS_MAX, &digest[1])
                     && digest[0] == digest[1],
                     "neither batches nor machine code change results");
    }
    free(image);
    return 0;
}
