# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# Suites.  Each folder's automake.mk adds to one list:
#
#     UNIT_TESTS    cmocka programs          make check-unit
#     GOLDEN_TESTS  capture to events        make check-golden
#     PLUGIN_TESTS  need Open vSwitch code   make check-plugin
#     LINT_TESTS    about the source text    make check-lint
#     SYSTEM_TESTS  need root and real       make check-system
#                   daemons; not part of 'make check'.  With -j some
#                   run at a time, but for those of SYSTEM_ALONE,
#                   which measure; those of SYSTEM_LONG begin first
#
# Programs that golden or system tests run, and that are not to be installed,
# go to GOLDEN_TOOLS and SYSTEM_TOOLS.
#
# Tests find the source in $top_srcdir, the build in $top_builddir (both
# absolute), and shared captures and programs in $XFSM_SHARED_DATA.  Exit 0 is
# a pass, 77 a skip.

UNIT_TESTS =
GOLDEN_TESTS =
PLUGIN_TESTS =
SYSTEM_TESTS =
SYSTEM_ALONE =
SYSTEM_LONG =
GOLDEN_TOOLS =
SYSTEM_TOOLS =
LINT_TESTS = \
	tests/count-results-selftest.py \
	tests/lint-monitoring.py \
	tests/lint-schema.py \
	tests/lint-selftest.py \
	tests/lint.py
EXTRA_DIST += \
	$(LINT_TESTS) \
	tests/count-results.py \
	tests/lint-monitoring.yml

AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	XFSM_BUILD_DIR='$(abs_top_builddir)'; export XFSM_BUILD_DIR; \
	OVS_SRCDIR='$(OVS_SRCDIR)'; export OVS_SRCDIR; \
	XFSM_SHARED_DATA="$${XFSM_SHARED_DATA:-$(abs_top_srcdir)/../shared/data}"; \
	export XFSM_SHARED_DATA; \
	PYTHON='$(PYTHON)'; export PYTHON; \
	PYTHONDONTWRITEBYTECODE=yes; export PYTHONDONTWRITEBYTECODE;

TEST_EXTENSIONS = .sh .py
SH_LOG_COMPILER = /bin/bash
PY_LOG_COMPILER = $(PYTHON)

include tests/unit/automake.mk
include tests/golden/automake.mk
include tests/plugin/automake.mk
include tests/system/automake.mk
include tests/fuzz/automake.mk
include tests/bench/automake.mk

check_PROGRAMS += $(GOLDEN_TOOLS) $(SYSTEM_TOOLS)
if HAVE_CMOCKA
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
if HAVE_OVS
check_PROGRAMS += $(PLUGIN_TESTS)
TESTS += $(PLUGIN_TESTS)
endif
else
check-local:
	@echo >&2 "make check needs cmocka."
	@echo >&2 "On Debian and Ubuntu: apt-get install libcmocka-dev,"
	@echo >&2 "then run configure again."
	@exit 1
endif
TESTS += $(GOLDEN_TESTS) $(LINT_TESTS)

# One suite by itself, with the programs that it needs and no others.  The "+"
# is for make to hand its jobs on, which it does by itself only where a recipe
# says $(MAKE) without a detour.
CHECK_SUITE = $(MAKE) check-TESTS

check-unit: all
	+$(CHECK_SUITE) TESTS='$(UNIT_TESTS)' check_PROGRAMS='$(UNIT_TESTS)'
check-golden: all
	+$(CHECK_SUITE) TESTS='$(GOLDEN_TESTS)' \
	check_PROGRAMS='$(GOLDEN_TOOLS)'
check-plugin: all
	+$(CHECK_SUITE) TESTS='$(PLUGIN_TESTS)' check_PROGRAMS='$(PLUGIN_TESTS)'
SYSTEM_FIRST = $(filter $(SYSTEM_LONG),$(SYSTEM_TESTS)) \
	$(filter-out $(SYSTEM_ALONE) $(SYSTEM_LONG),$(SYSTEM_TESTS))
check-system: all
	+@status=0; \
	XFSM_TEST_PATIENCE=$${XFSM_TEST_PATIENCE:-2} \
	$(CHECK_SUITE) check_PROGRAMS='$(GOLDEN_TOOLS) $(SYSTEM_TOOLS)' \
	TESTS='$(SYSTEM_FIRST)' || status=1; \
	$(CHECK_SUITE) -j1 check_PROGRAMS='$(GOLDEN_TOOLS) $(SYSTEM_TOOLS)' \
	TESTS='$(filter $(SYSTEM_ALONE),$(SYSTEM_TESTS))' || status=1; \
	exit $$status
check-lint:
	+$(CHECK_SUITE) TESTS='$(LINT_TESTS)' check_PROGRAMS=
.PHONY: check-unit check-golden check-plugin check-lint check-system
