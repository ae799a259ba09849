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

# A probe without packets, and a subscriber, for the hub.
tests_bench_bench_subscribe_SOURCES = tests/bench/bench-subscribe.c
tests_bench_bench_subscribe_LDADD = $(XFSM_IO_LIBS)
BENCHMARKS += tests/bench/bench-subscribe
if HAVE_OVS
BENCHMARKS += tests/bench/bench-publish
SYSTEM_TOOLS += tests/bench/bench-publish
endif

# Many hubs, for the collector.
BENCHMARKS += tests/bench/bench-hubs
if HAVE_OVS
SYSTEM_TOOLS += tests/bench/bench-hubs
endif
tests_bench_bench_hubs_SOURCES = tests/bench/bench-hubs.c
tests_bench_bench_hubs_CPPFLAGS = $(AM_CPPFLAGS) $(LIBZMQ_CFLAGS)
tests_bench_bench_hubs_LDADD = $(XFSM_IO_LIBS) $(XFSM_ENGINE_LIBS)

tests_bench_bench_publish_SOURCES = tests/bench/bench-publish.c
tests_bench_bench_publish_CPPFLAGS = $(OVS_CPPFLAGS)
tests_bench_bench_publish_CFLAGS = $(OVS_CFLAGS)
tests_bench_bench_publish_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(XFSM_IO_LIBS) $(XFSM_ENGINE_LIBS) $(OVS_LIBS)

benchmarks: $(BENCHMARKS)
.PHONY: benchmarks

# Run by hand, as root: they measure with real processes.
EXTRA_DIST += \
	tests/bench/RESULTS-events.md \
	tests/bench/RESULTS-switch.md \
	tests/bench/bench-copy.py \
	tests/bench/bench-events.py \
	tests/bench/bench-switch.py

# A fleet and its controller: the full form is "make bench-fleet", a short one
# a test (system).
SYSTEM_TESTS += tests/bench/test-fleet.py
EXTRA_DIST += \
	tests/bench/RESULTS-fleet.md \
	tests/bench/bench-fleet.py
bench-fleet: all tests/bench/bench-hubs
	$(AM_TESTS_ENVIRONMENT) $(PYTHON) $(srcdir)/tests/bench/bench-fleet.py
.PHONY: bench-fleet

# What crafted keys cost, by instructions: needs valgrind.
GOLDEN_TESTS += tests/bench/test-crafted.py
GOLDEN_TOOLS += tests/bench/crafted
tests_bench_crafted_SOURCES = \
	tests/bench/crafted.c \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	utilities/bench-random.h
tests_bench_crafted_LDADD = $(XFSM_LIBS)

# Precision and recall on labelled traffic: the full form is "make
# bench-detect", a short one a test (golden).
GOLDEN_TESTS += tests/bench/test-detect.py
GOLDEN_TOOLS += tests/bench/make-world
tests_bench_make_world_SOURCES = \
	tests/bench/make-world.c \
	tests/bench/world-evasive.c \
	tests/bench/world-honest.c \
	tests/bench/world-others.c \
	tests/bench/world-scans.c \
	tests/bench/world-services.c \
	tests/bench/world.c \
	tests/bench/world.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/random.h
tests_bench_make_world_LDADD = -lm
EXTRA_DIST += \
	tests/bench/RESULTS-detect.md \
	tests/bench/bench-detect.py

BENCH_DETECT_SEEDS = 801,802,803,804,805,806
bench-detect: utilities/xfsm tests/bench/make-world
	$(PYTHON) $(srcdir)/tests/bench/bench-detect.py \
		--seeds $(BENCH_DETECT_SEEDS)
.PHONY: bench-detect
