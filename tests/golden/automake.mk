# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# Capture-to-events tests: scripts, run as they are.  Add a test to
# GOLDEN_TESTS (name it NAME.sh or NAME.py) and its data to EXTRA_DIST.

GOLDEN_TESTS += \
	tests/golden/cli.sh \
	tests/golden/test-errors.py \
	tests/golden/test-hostile.py \
	tests/golden/test-manual.py \
	tests/golden/test-programs.py \
	tests/golden/test-schema.py

GOLDEN_TOOLS += tests/golden/make-capture
tests_golden_make_capture_SOURCES = \
	tests/golden/make-capture.c \
	tests/golden/scene.c \
	tests/golden/scene.h \
	tests/golden/scenes-library.c \
	tests/golden/scenes-services.c \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/random.h
tests_golden_make_capture_LDADD =

EXTRA_DIST += \
	$(GOLDEN_TESTS) \
	tests/golden/alerts.tsv \
	tests/golden/capture-table.py \
	tests/golden/cases.ini \
	tests/golden/expected \
	tests/golden/golden.py \
	tests/golden/hostile.tsv \
	tests/golden/programs/timers.xml \
	tests/golden/schema.py \
	tests/golden/truth.tsv
