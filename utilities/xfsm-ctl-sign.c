/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "utilities/xfsm-ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/operate.h"
#include "db-ctl-base.h"
#include "ovsdb-idl.h"
#include "ovsdb-schema/xfsm-fleet-idl.h"
#include "util.h"
#include "xfsm/io/signature.h"
#include "xfsm/program/image.h"

/* Signing compiles the program here, as each controller does for itself: a
 * signature is good for controllers whose compiler makes the same image. */

/* Writes 'text' into the new file 'path'. */
static char *
write_file(const char *path, const char *text)
{
    FILE *stream = fopen(path, "wxe");
    bool ok = stream && fputs(text, stream) >= 0;

    if (stream && fclose(stream)) {
        ok = false;
    }
    return ok ? NULL : xasprintf("%s: cannot be written (%s)", path,
                                 ovs_strerror(errno));
}

/* Stores the digest of the file 'path'. */
static char *
digest_file(const char *path, char digest[XFSM_SIGNATURE_DIGEST_SIZE])
{
    FILE *stream = fopen(path, "re");
    char *data = xmalloc(XFSM_MAX_IMAGE_BYTES);
    size_t n = stream ? fread(data, 1, XFSM_MAX_IMAGE_BYTES, stream) : 0;
    char *error = NULL;

    if (!stream || ferror(stream)) {
        error = xasprintf("%s: cannot be read (%s)", path,
                          ovs_strerror(errno));
    } else {
        xfsm_signature_digest(data, n, digest);
    }
    if (stream) {
        fclose(stream);
    }
    free(data);
    return error;
}

/* Compiles 'source' in the folder 'dir', and stores the image's digest. */
static char *
compile_in(const char *dir, const char *name, const char *source,
           char digest[XFSM_SIGNATURE_DIGEST_SIZE])
{
    char *text = xasprintf("%s/program.xml", dir);
    char *image = xasprintf("%s/image", dir);
    const char *argv[] = { "xfsm", "compile", "-q", "--name", name, "-o",
                           image, text, NULL };
    char *output = NULL;
    char *error = write_file(text, source);

    if (!error) {
        error = xfsm_ctl_run(argv, &output, NULL);
        if (error && output && *output) {
            fprintf(stderr, "%s\n", output);
        }
    }
    if (!error) {
        error = digest_file(image, digest);
    }
    unlink(text);
    unlink(image);
    free(text);
    free(image);
    free(output);
    return error;
}

char *
xfsm_ctl_sign(const struct ctl_context *ctx, const char *name,
              const char *source, int64_t version,
              const struct fleetrec_program *const versions[], size_t n,
              char signature[XFSM_SIGNATURE_SIZE])
{
    const char *key = shash_find_data(&ctx->options, "--key");
    const char *oldest = shash_find_data(&ctx->options, "--oldest");
    long long int number = xfsm_operate_find_oldest(versions, n, version);
    struct xfsm_release release;
    char source_digest[XFSM_SIGNATURE_DIGEST_SIZE];
    char image_digest[XFSM_SIGNATURE_DIGEST_SIZE];
    const struct xfsm_signed what = { name, source_digest, image_digest };
    const char *tmp = getenv("TMPDIR");
    char *dir = xasprintf("%s/xfsm-ctl-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    char *error = NULL;

    if (oldest && (!str_to_llong(oldest, 10, &number) || number < 1
                   || number > version)) {
        error = xasprintf("--oldest=%s: must be a version from 1 to %"PRId64,
                          oldest, version);
    } else if (!mkdtemp(dir)) {
        error = xasprintf("%s: cannot be made (%s)", dir,
                          ovs_strerror(errno));
    } else {
        error = compile_in(dir, name, source, image_digest);
        rmdir(dir);
    }
    free(dir);
    if (!error) {
        xfsm_signature_digest(source, strlen(source), source_digest);
        release = (struct xfsm_release) { version, number };
        error = xfsm_signature_sign(key, &what, &release, signature);
    }
    return error;
}

static void
pre_sign(struct ctl_context *ctx)
{
    xfsm_ctl_pre_fleet(ctx);
    ovsdb_idl_add_column(ctx->idl, &fleetrec_program_col_source);
}

/* The newest of 'versions', 'n' in all, or the one that 'ctx->argv[2]' says.
 * Reports and returns NULL if there is none. */
static const struct fleetrec_program *
find_row(struct ctl_context *ctx,
         const struct fleetrec_program *const versions[], size_t n)
{
    const struct fleetrec_program *found = NULL;
    long long int version = 0;

    if (ctx->argc > 2 && !str_to_llong(ctx->argv[2], 10, &version)) {
        ctl_error(ctx, "%s: not the number of a version", ctx->argv[2]);
        return NULL;
    }
    for (size_t i = 0; i < n && !found; i++) {
        if (ctx->argc < 3 || versions[i]->version == version) {
            found = versions[i];
        }
    }
    if (!found) {
        ctl_error(ctx, "there is no program %s%s%s", ctx->argv[1],
                  ctx->argc > 2 ? ", version " : "",
                  ctx->argc > 2 ? ctx->argv[2] : "");
    }
    return found;
}

static void
cmd_sign(struct ctl_context *ctx)
{
    size_t n;
    const struct fleetrec_program **versions
        = xfsm_operate_find_versions(ctx->idl, ctx->argv[1], &n);
    const struct fleetrec_program *row = find_row(ctx, versions, n);
    char signature[XFSM_SIGNATURE_SIZE];

    if (row && !shash_find(&ctx->options, "--key")) {
        ctl_error(ctx, "sign needs --key=FILE, of \"xfsm keygen --sign\"");
    } else if (row) {
        ctx->error = xfsm_ctl_sign(ctx, row->name, row->source, row->version,
                                   versions, n, signature);
    }
    if (row && !ctx->error) {
        char digest[XFSM_SIGNATURE_DIGEST_SIZE];

        fleetrec_program_verify_source(row);
        fleetrec_program_set_signature(row, signature);
        xfsm_signature_digest(row->source, strlen(row->source), digest);
        ds_put_format(&ctx->output, "%s version %"PRId64" signed, source "
                      "sha256:%s\n", row->name, row->version, digest);
    }
    free(versions);
}

/* Appends how 'row' is signed.  Returns true if that is well. */
static bool
put_verdict(const struct fleetrec_program *row,
            const struct xfsm_signature_keys *keys, struct ds *out)
{
    char source_digest[XFSM_SIGNATURE_DIGEST_SIZE];
    const struct xfsm_signed what = {
        row->name, source_digest, row->digest,
    };
    struct xfsm_release release;
    char *why;
    bool ok;

    xfsm_signature_digest(row->source, strlen(row->source), source_digest);
    why = (row->digest[0]
           ? xfsm_signature_verify(keys, &what, row->signature, &release)
           : xstrdup("no controller has compiled it"));
    if (!why && release.version != row->version) {
        why = xasprintf("its signature is of version %"PRId64,
                        release.version);
    }
    ok = !why;
    ds_put_format(out, "%s version %"PRId64": ", row->name, row->version);
    if (ok) {
        ds_put_format(out, "signed, none older than %"PRId64" after it\n",
                      release.oldest);
    } else {
        ds_put_format(out, "%s\n", why);
    }
    free(why);
    return ok;
}

static void
cmd_verify(struct ctl_context *ctx)
{
    const char *path = shash_find_data(&ctx->options, "--keys");
    const struct fleetrec_program **rows;
    struct xfsm_signature_keys *keys;
    size_t n, i, bad = 0, seen = 0;

    if (!path) {
        ctl_error(ctx, "verify needs --keys=PATH, a file or folder of public "
                  "keys");
        return;
    }
    ctx->error = xfsm_signature_keys_read(path, &keys);
    if (ctx->error) {
        return;
    }
    rows = xfsm_operate_find_versions(ctx->idl, NULL, &n);
    for (i = 0; i < n; i++) {
        if (ctx->argc < 2 || !strcmp(rows[i]->name, ctx->argv[1])) {
            bad += !put_verdict(rows[i], keys, &ctx->output);
            seen++;
        }
    }
    free(rows);
    xfsm_signature_keys_destroy(keys);
    if (ctx->argc > 1 && !seen) {
        ctl_error(ctx, "there is no program %s", ctx->argv[1]);
    } else if (bad) {
        ctl_error(ctx, "%"PRIuSIZE" of %"PRIuSIZE" versions are not signed "
                  "by one of these keys:\n%s", bad, seen,
                  ds_cstr(&ctx->output));
    }
}

const struct ctl_command_syntax xfsm_ctl_sign_commands[] = {
    {"sign", 1, 2, "NAME [VERSION]", pre_sign, cmd_sign, NULL,
     "--key=,--oldest=", RW},
    {"verify", 0, 1, "[NAME]", pre_sign, cmd_verify, NULL, "--keys=", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
