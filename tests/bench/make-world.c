/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Usage: make-world SEED SECONDS SCALE DIR
 *
 * Writes the labelled traffic of world.h for a seed: DIR/traffic.pcap,
 * DIR/labels.tsv and DIR/roles.tsv.  SCALE, 0 to 1, is of the number of honest
 * hosts; there are as many attacks at any scale. */

#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/world.h"

/* Shorter than this there is no room for a slow scan. */
#define SECONDS_MIN 1200

int
main(int argc, char *argv[])
{
    static struct world w;
    unsigned int i;

    if (argc != 5 || atof(argv[2]) < SECONDS_MIN) {
        fprintf(stderr, "usage: make-world SEED SECONDS SCALE DIR\n"
                "SECONDS is %d or more\n", SECONDS_MIN);
        return EXIT_FAILURE;
    }
    w.random = strtoull(argv[1], NULL, 10);
    w.duration = atof(argv[2]);
    w.scale = atof(argv[3]);
    for (i = 0; i < WORLD_N_SERVERS; i++) {
        w.servers[i] = world_external(&w, NULL);
    }
    w.resolver = world_internal(&w, "resolver");

    world_add_honest(&w);
    world_add_services(&w);
    world_add_scans(&w);
    world_add_evasive(&w);
    world_add_others(&w);
    world_write(&w, argv[4]);
    return EXIT_SUCCESS;
}
