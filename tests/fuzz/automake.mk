# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# Fuzz targets: tests/fuzz/fuzz-NAME.c, told in tests/fuzz/fuzz.h.
#
#     make check             replays inputs and mutates them for a while
#                            (tests/fuzz/test-fuzz.py)
#     make fuzz              looks for new inputs with libFuzzer, which needs
#                            clang: FUZZ_SECONDS (60) for each target, in
#                            FUZZ_DIR (fuzz-clang in the build folder), where
#                            the inputs found stay for the next time
#     make fuzz FUZZ_TARGETS=tests/fuzz/fuzz-xml
#
# An input that crashed goes to tests/fuzz/crashes/NAME-WHAT, and is replayed
# for ever after.  Sanitizers tell more: configure --enable-sanitizers.

FUZZ_TARGETS = \
	tests/fuzz/fuzz-capture \
	tests/fuzz/fuzz-control \
	tests/fuzz/fuzz-engine \
	tests/fuzz/fuzz-event \
	tests/fuzz/fuzz-image \
	tests/fuzz/fuzz-message \
	tests/fuzz/fuzz-packet \
	tests/fuzz/fuzz-state \
	tests/fuzz/fuzz-xml

GOLDEN_TOOLS += $(FUZZ_TARGETS) tests/fuzz/make-corpus
GOLDEN_TESTS += tests/fuzz/test-fuzz.py
EXTRA_DIST += \
	tests/fuzz/crashes \
	tests/fuzz/run-libfuzzer

# The main function: ours, but in a build for libFuzzer, which has its own.
FUZZ_MAIN = tests/fuzz/libfuzzmain.la
FUZZ_LINK =

check_LTLIBRARIES += tests/fuzz/libfuzzmain.la
tests_fuzz_libfuzzmain_la_SOURCES = \
	tests/fuzz/fuzz-main.c \
	tests/unit/random.h

fuzz_common = \
	tests/fuzz/fuzz.c \
	tests/fuzz/fuzz.h
fuzz_packets = \
	tests/fuzz/fuzz-packets.c \
	tests/fuzz/fuzz-packets.h
fuzz_fixed = \
	tests/fuzz/fuzz-fixed.c \
	tests/fuzz/fuzz-fixed.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h
fuzz_libs = $(FUZZ_MAIN) $(XFSM_IO_LIBS) $(XFSM_LIBS)
fuzz_ldflags = $(AM_LDFLAGS) $(FUZZ_LINK)

tests_fuzz_fuzz_capture_SOURCES = tests/fuzz/fuzz-capture.c $(fuzz_common)
tests_fuzz_fuzz_capture_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_capture_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_fuzz_control_SOURCES = \
	ovs-plugin/ipc.c \
	ovs-plugin/ipc.h \
	tests/fuzz/fuzz-control.c \
	$(fuzz_common)
tests_fuzz_fuzz_control_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_control_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_fuzz_engine_SOURCES = \
	tests/fuzz/fuzz-engine.c \
	$(fuzz_common) \
	$(fuzz_fixed) \
	$(fuzz_packets)
tests_fuzz_fuzz_engine_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_engine_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_fuzz_event_SOURCES = \
	ovs-plugin/mitigation-plan.c \
	ovs-plugin/mitigation-plan.h \
	ovs-plugin/mitigation-request.c \
	tests/fuzz/fuzz-event.c \
	$(fuzz_common)
tests_fuzz_fuzz_event_LDADD = \
	$(FUZZ_MAIN) $(XFSM_CBOR_LIBS) $(XFSM_IO_LIBS) $(XFSM_LIBS)
tests_fuzz_fuzz_event_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_fuzz_image_SOURCES = \
	tests/fuzz/fuzz-image.c \
	$(fuzz_common) \
	$(fuzz_fixed) \
	$(fuzz_packets)
tests_fuzz_fuzz_image_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_image_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_fuzz_message_SOURCES = tests/fuzz/fuzz-message.c $(fuzz_common)
tests_fuzz_fuzz_message_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_message_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_fuzz_packet_SOURCES = tests/fuzz/fuzz-packet.c $(fuzz_common)
tests_fuzz_fuzz_packet_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_packet_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_fuzz_state_SOURCES = \
	tests/fuzz/fuzz-state.c \
	$(fuzz_common) \
	$(fuzz_fixed) \
	$(fuzz_packets)
tests_fuzz_fuzz_state_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_state_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_fuzz_xml_SOURCES = tests/fuzz/fuzz-xml.c $(fuzz_common)
tests_fuzz_fuzz_xml_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_xml_LDFLAGS = $(fuzz_ldflags)

tests_fuzz_make_corpus_SOURCES = \
	ovs-plugin/ipc.c \
	ovs-plugin/ipc.h \
	tests/fuzz/make-corpus.c \
	$(fuzz_common) \
	$(fuzz_fixed)
tests_fuzz_make_corpus_LDADD = $(XFSM_IO_LIBS) $(XFSM_LIBS)

FUZZ_DIR = fuzz-clang
FUZZ_SECONDS = 60
fuzz:
	/bin/bash $(srcdir)/tests/fuzz/run-libfuzzer '$(abs_top_srcdir)' \
	    '$(FUZZ_DIR)' '$(FUZZ_SECONDS)' $(FUZZ_TARGETS)
check-fuzz: all
	$(CHECK_SUITE) TESTS=tests/fuzz/test-fuzz.py \
	check_PROGRAMS='$(GOLDEN_TOOLS)'
.PHONY: fuzz check-fuzz
