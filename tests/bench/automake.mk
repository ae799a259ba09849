# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# Benchmarks: built by 'make benchmarks', not by 'make check'.

BENCHMARKS = tests/bench/bench-sketch
EXTRA_PROGRAMS += $(BENCHMARKS)
CLEANFILES += $(BENCHMARKS)
tests_bench_bench_sketch_SOURCES = \
	tests/bench/bench-sketch.c \
	tests/unit/random.h
tests_bench_bench_sketch_LDADD = $(XFSM_LIBS)

benchmarks: $(BENCHMARKS)
.PHONY: benchmarks

# Run by hand: they measure with real processes.
EXTRA_DIST += \
	tests/bench/RESULTS-events.md \
	tests/bench/bench-events.py
