/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* What the operations of the sketches and timers cost, in ns, at 10,000 and
 * 1,000,000 keys (utilities/bench-structures.h).  Prints and passes; decides
 * nothing. */

#include <stdio.h>
#include <stdlib.h>

#include "utilities/bench-structures.h"

#define ROUNDS 5

static void
print_row(const char *name, size_t n_keys, double ns, void *aux)
{
    (void) aux;
    printf("%-26s %8zu keys %7.1f ns\n", name, n_keys, ns);
    fflush(stdout);
}

/* Exits on an error, which a bench may. */
static void
check(char *error)
{
    if (error) {
        fprintf(stderr, "bench-sketch: %s\n", error);
        exit(EXIT_FAILURE);
    }
}

int
main(void)
{
    check(xfsm_structures_bench(10000, ROUNDS, print_row, NULL));
    check(xfsm_structures_bench(1000000, ROUNDS, print_row, NULL));
    return 0;
}
