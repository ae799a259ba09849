# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# Benchmarks: built by 'make benchmarks', not by 'make check'.

BENCHMARKS = \
	tests/bench/bench-capture \
	tests/bench/bench-sketch
EXTRA_PROGRAMS += $(BENCHMARKS)
CLEANFILES += $(BENCHMARKS)
tests_bench_bench_capture_SOURCES = \
	tests/bench/bench-capture.c \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/random.h
tests_bench_bench_capture_LDADD = $(XFSM_IO_LIBS) $(XFSM_LIBS)
tests_bench_bench_sketch_SOURCES = \
	tests/bench/bench-sketch.c \
	utilities/bench-random.h \
	utilities/bench-structures.c \
	utilities/bench-structures.h
tests_bench_bench_sketch_LDADD = $(XFSM_LIBS)

EXTRA_DIST += tests/bench/RESULTS.md

benchmarks: $(BENCHMARKS)
.PHONY: benchmarks

# Run by hand, as root: they measure with real processes.
EXTRA_DIST += \
	tests/bench/RESULTS-events.md \
	tests/bench/RESULTS-switch.md \
	tests/bench/bench-events.py \
	tests/bench/bench-switch.py
