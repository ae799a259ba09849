/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "utilities/xfsm.h"
#include "xfsm/io/keys.h"
#include "xfsm/io/signature.h"

static void
print_help(void)
{
    puts("xfsm keygen: make a key pair for events over a network, or for\n"
         "signing programs\n"
         "usage: xfsm keygen [-o FILE]\n"
         "       xfsm keygen --sign -o FILE\n\n"
         "Hubs and subscribers have a key pair each.  The public key, 40\n"
         "characters, is for the other side; the file has both keys.\n\n"
         "  -o, --output FILE     write the pair to this new file,\n"
         "                        readable by its owner only, and print the\n"
         "                        public key (default: print the pair)\n"
         "  --sign                make a pair for signing programs: FILE,\n"
         "                        for xfsm-ctl --fleet sign, and FILE.pub,\n"
         "                        for --program-keys\n"
         "  -h, --help            print this\n\n"
         "On a host, FILE is for options:hub-key-file of table XFSM_Global,\n"
         "and options:hub-clients names a file with the public keys of those\n"
         "who may subscribe, one a line; see xfsm-db(5).");
}

/* Writes 'text' to the new file 'path'.  Returns 0 or a positive errno. */
static int
write_new(const char *path, const char *text)
{
    size_t len = strlen(text);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t n;
    int error;

    if (fd < 0) {
        return errno;
    }
    n = write(fd, text, len);
    error = n < 0 ? errno : (size_t) n < len ? ENOSPC : 0;
    if (close(fd) && !error) {
        error = errno;
    }
    if (error) {
        unlink(path);
    }
    return error;
}

/* Makes a pair for signing. */
static int
make_signing_pair(const char *path)
{
    char *error;

    if (!path) {
        return xfsm_tool_usage_error("where to? Say -o FILE");
    }
    error = xfsm_signature_keygen(path);
    if (error) {
        xfsm_tool_complain("%s", error);
        free(error);
        return XFSM_EXIT_FAILURE;
    }
    printf("%s%s\n", path, XFSM_SIGNATURE_PUBLIC);
    return XFSM_EXIT_OK;
}

int
xfsm_cmd_keygen(int argc, char *argv[])
{
    enum { OPT_SIGN = 256 };
    static const struct option options[] = {
        { "output", required_argument, NULL, 'o' },
        { "sign", no_argument, NULL, OPT_SIGN },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    const char *path = NULL;
    bool sign = false;
    struct xfsm_key_pair pair;
    char *text;
    int error;
    int c;

    while ((c = getopt_long(argc, argv, "ho:", options, NULL)) != -1) {
        switch (c) {
        case 'o':
            path = optarg;
            break;
        case OPT_SIGN:
            sign = true;
            break;
        case 'h':
            print_help();
            return XFSM_EXIT_OK;
        default:
            return xfsm_tool_bad_option();
        }
    }
    if (optind < argc) {
        return xfsm_tool_usage_error("unexpected argument \"%s\"",
                                     argv[optind]);
    }
    if (sign) {
        return make_signing_pair(path);
    }
    error = xfsm_key_pair_generate(&pair);
    if (error) {
        xfsm_tool_complain("cannot make keys (%s)", strerror(error));
        return XFSM_EXIT_FAILURE;
    }
    text = xfsm_key_pair_format(&pair);
    if (path) {
        error = write_new(path, text);
        if (error) {
            xfsm_tool_complain("%s: cannot write (%s)", path,
                               strerror(error));
        } else {
            puts(pair.public_key);
        }
    } else {
        fputs(text, stdout);
    }
    explicit_bzero(text, strlen(text));
    free(text);
    return error ? XFSM_EXIT_FAILURE : XFSM_EXIT_OK;
}
