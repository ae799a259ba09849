# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# Capture-to-events tests: scripts, run as they are.  Add a test to
# GOLDEN_TESTS (name it NAME.sh or NAME.py) and its data to EXTRA_DIST.

GOLDEN_TESTS += \
	tests/golden/captures.py \
	tests/golden/cli.sh \
	tests/golden/run.py

check_PROGRAMS += tests/golden/make-capture
tests_golden_make_capture_SOURCES = \
	tests/golden/make-capture.c \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h
tests_golden_make_capture_LDADD = $(XFSM_LIBS)

EXTRA_DIST += \
	$(GOLDEN_TESTS) \
	tests/golden/alerts.txt \
	tests/golden/cases.txt \
	tests/golden/expected
