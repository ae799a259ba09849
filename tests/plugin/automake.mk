# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# cmocka programs that need Open vSwitch code; built in 'if HAVE_OVS' by
# tests/automake.mk.  The form:
#
#     PLUGIN_TESTS += tests/plugin/test-netdev
#     tests_plugin_test_netdev_SOURCES = tests/plugin/test-netdev.c
#     tests_plugin_test_netdev_CPPFLAGS = $(OVS_CPPFLAGS)
#     tests_plugin_test_netdev_CFLAGS = $(OVS_CFLAGS)
#     tests_plugin_test_netdev_LDADD = ... $(CMOCKA_LIBS) $(OVS_LIBS)

PLUGIN_TESTS += tests/plugin/test-cage
tests_plugin_test_cage_SOURCES = tests/plugin/test-cage.c
tests_plugin_test_cage_CPPFLAGS = $(OVS_CPPFLAGS)
tests_plugin_test_cage_CFLAGS = $(OVS_CFLAGS)
tests_plugin_test_cage_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(XFSM_CAGE_LIBS) $(LIBCAPNG_LIBS) \
	$(CMOCKA_LIBS) $(OVS_LIBS)

PLUGIN_TESTS += tests/plugin/test-desired
tests_plugin_test_desired_SOURCES = tests/plugin/test-desired.c
tests_plugin_test_desired_CPPFLAGS = $(OVS_CPPFLAGS)
tests_plugin_test_desired_CFLAGS = $(OVS_CFLAGS)
tests_plugin_test_desired_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(XFSM_ENGINE_LIBS) $(CMOCKA_LIBS) $(OVS_LIBS)

PLUGIN_TESTS += tests/plugin/test-fanout
tests_plugin_test_fanout_SOURCES = tests/plugin/test-fanout.c
tests_plugin_test_fanout_CPPFLAGS = $(OVS_CPPFLAGS)
tests_plugin_test_fanout_CFLAGS = $(OVS_CFLAGS)
tests_plugin_test_fanout_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(XFSM_LIBS) $(CMOCKA_LIBS) $(OVS_LIBS)

PLUGIN_TESTS += tests/plugin/test-filter
tests_plugin_test_filter_SOURCES = \
	tests/plugin/test-filter.c \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/random.h
tests_plugin_test_filter_CPPFLAGS = $(OVS_CPPFLAGS) $(LIBPCAP_CFLAGS)
tests_plugin_test_filter_CFLAGS = $(OVS_CFLAGS)
tests_plugin_test_filter_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(XFSM_IO_LIBS) $(XFSM_LIBS) $(CMOCKA_LIBS) \
	$(OVS_LIBS)

PLUGIN_TESTS += tests/plugin/test-hang
tests_plugin_test_hang_SOURCES = tests/plugin/test-hang.c
tests_plugin_test_hang_CPPFLAGS = $(OVS_CPPFLAGS)
tests_plugin_test_hang_CFLAGS = $(OVS_CFLAGS)
tests_plugin_test_hang_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(CMOCKA_LIBS) $(OVS_LIBS)

PLUGIN_TESTS += tests/plugin/test-ipc
tests_plugin_test_ipc_SOURCES = tests/plugin/test-ipc.c
tests_plugin_test_ipc_CPPFLAGS = $(OVS_CPPFLAGS)
tests_plugin_test_ipc_CFLAGS = $(OVS_CFLAGS)
tests_plugin_test_ipc_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(XFSM_ENGINE_LIBS) $(CMOCKA_LIBS) $(OVS_LIBS)

PLUGIN_TESTS += tests/plugin/test-mitigation
tests_plugin_test_mitigation_SOURCES = \
	tests/plugin/test-mitigation.c \
	tests/unit/random.h
tests_plugin_test_mitigation_CPPFLAGS = $(OVS_CPPFLAGS)
tests_plugin_test_mitigation_CFLAGS = $(OVS_CFLAGS)
tests_plugin_test_mitigation_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(XFSM_IO_LIBS) $(XFSM_LIBS) $(CMOCKA_LIBS) \
	$(OVS_LIBS)

PLUGIN_TESTS += tests/plugin/test-mitigator
tests_plugin_test_mitigator_SOURCES = tests/plugin/test-mitigator.c
tests_plugin_test_mitigator_CPPFLAGS = $(OVS_CPPFLAGS)
tests_plugin_test_mitigator_CFLAGS = $(OVS_CFLAGS)
tests_plugin_test_mitigator_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(XFSM_IO_LIBS) $(XFSM_LIBS) $(CMOCKA_LIBS) \
	$(OVS_LIBS)

PLUGIN_TESTS += tests/plugin/test-parts
tests_plugin_test_parts_SOURCES = tests/plugin/test-parts.c
tests_plugin_test_parts_CPPFLAGS = $(OVS_CPPFLAGS)
tests_plugin_test_parts_CFLAGS = $(OVS_CFLAGS)
tests_plugin_test_parts_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(XFSM_ENGINE_LIBS) $(CMOCKA_LIBS) $(OVS_LIBS)

PLUGIN_TESTS += tests/plugin/test-publish
tests_plugin_test_publish_SOURCES = tests/plugin/test-publish.c
tests_plugin_test_publish_CPPFLAGS = $(OVS_CPPFLAGS)
tests_plugin_test_publish_CFLAGS = $(OVS_CFLAGS)
tests_plugin_test_publish_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(XFSM_IO_LIBS) $(XFSM_ENGINE_LIBS) \
	$(CMOCKA_LIBS) $(OVS_LIBS)

PLUGIN_TESTS += tests/plugin/test-ring
tests_plugin_test_ring_SOURCES = tests/plugin/test-ring.c
tests_plugin_test_ring_CPPFLAGS = $(OVS_CPPFLAGS)
tests_plugin_test_ring_CFLAGS = $(OVS_CFLAGS)
tests_plugin_test_ring_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(CMOCKA_LIBS) $(OVS_LIBS)

PLUGIN_TESTS += tests/plugin/test-steer
tests_plugin_test_steer_SOURCES = \
	tests/plugin/test-steer.c \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/random.h
tests_plugin_test_steer_CPPFLAGS = $(OVS_CPPFLAGS) $(LIBPCAP_CFLAGS)
tests_plugin_test_steer_CFLAGS = $(OVS_CFLAGS)
tests_plugin_test_steer_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(XFSM_IO_LIBS) $(XFSM_LIBS) $(CMOCKA_LIBS) \
	$(OVS_LIBS)

PLUGIN_TESTS += tests/plugin/test-target
tests_plugin_test_target_SOURCES = tests/plugin/test-target.c
tests_plugin_test_target_CPPFLAGS = $(OVS_CPPFLAGS)
tests_plugin_test_target_CFLAGS = $(OVS_CFLAGS)
tests_plugin_test_target_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(XFSM_ENGINE_LIBS) $(CMOCKA_LIBS) $(OVS_LIBS)
