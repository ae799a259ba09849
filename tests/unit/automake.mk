# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# A cmocka program links with libxfsm, libxfsmio and cmocka unless it says
# otherwise in _LDADD.  In alphabetical order; what tests share is named in the
# sources of each that uses it.

UNIT_TESTS += \
	tests/unit/test-action \
	tests/unit/test-arena \
	tests/unit/test-base64 \
	tests/unit/test-burst \
	tests/unit/test-bytes \
	tests/unit/test-capture-readers \
	tests/unit/test-capture-truth \
	tests/unit/test-capture \
	tests/unit/test-compile \
	tests/unit/test-compile-selector \
	tests/unit/test-countmin \
	tests/unit/test-decode-details \
	tests/unit/test-decode-link \
	tests/unit/test-decode \
	tests/unit/test-detector \
	tests/unit/test-dhcp \
	tests/unit/test-diag \
	tests/unit/test-dialect1 \
	tests/unit/test-distinct \
	tests/unit/test-dns-details \
	tests/unit/test-dns \
	tests/unit/test-engine \
	tests/unit/test-engine-counters \
	tests/unit/test-event-batch \
	tests/unit/test-event-cbor \
	tests/unit/test-event-decode \
	tests/unit/test-event \
	tests/unit/test-exec \
	tests/unit/test-expr \
	tests/unit/test-field-truth \
	tests/unit/test-field \
	tests/unit/test-file-sink \
	tests/unit/test-flood \
	tests/unit/test-follow \
	tests/unit/test-fragments \
	tests/unit/test-gap \
	tests/unit/test-graph \
	tests/unit/test-gre \
	tests/unit/test-hash \
	tests/unit/test-http \
	tests/unit/test-image \
	tests/unit/test-journal \
	tests/unit/test-keys \
	tests/unit/test-inspect \
	tests/unit/test-keytable \
	tests/unit/test-lint \
	tests/unit/test-list \
	tests/unit/test-lower \
	tests/unit/test-mem \
	tests/unit/test-message-decode \
	tests/unit/test-metric-types \
	tests/unit/test-metrics-exec \
	tests/unit/test-migrate \
	tests/unit/test-modbus \
	tests/unit/test-mutation \
	tests/unit/test-native-engines \
	tests/unit/test-native \
	tests/unit/test-ntp \
	tests/unit/test-param \
	tests/unit/test-mitigation \
	tests/unit/test-occasion \
	tests/unit/test-occasion-message \
	tests/unit/test-prefix \
	tests/unit/test-quantile \
	tests/unit/test-rate \
	tests/unit/test-reference \
	tests/unit/test-room \
	tests/unit/test-render \
	tests/unit/test-schema \
	tests/unit/test-selector \
	tests/unit/test-releases \
	tests/unit/test-signature \
	tests/unit/test-sink \
	tests/unit/test-state-save \
	tests/unit/test-structured \
	tests/unit/test-subscriber \
	tests/unit/test-shim \
	tests/unit/test-syslog-flight \
	tests/unit/test-tewma \
	tests/unit/test-table-text \
	tests/unit/test-text \
	tests/unit/test-timers-exec \
	tests/unit/test-timers \
	tests/unit/test-tool \
	tests/unit/test-toolbox-cage \
	tests/unit/test-tls \
	tests/unit/test-topk \
	tests/unit/test-tunnel-truth \
	tests/unit/test-tunnel \
	tests/unit/test-verify-code \
	tests/unit/test-verify \
	tests/unit/test-xml-event \
	tests/unit/test-xml-hostile \
	tests/unit/test-xml-limits \
	tests/unit/test-xml-test \
	tests/unit/test-xml \
	tests/unit/test-zmq

# What dialect 1 demands, and the tests that show it.
EXTRA_DIST += tests/unit/dialect1.tsv tests/unit/dialect2.tsv

tests_unit_test_action_SOURCES = \
	tests/unit/parser-fixture.h \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-action.c

tests_unit_test_arena_SOURCES = tests/unit/test-arena.c

tests_unit_test_base64_SOURCES = tests/unit/test-base64.c

tests_unit_test_bytes_SOURCES = tests/unit/test-bytes.c

tests_unit_test_capture_readers_SOURCES = \
	tests/unit/random.h \
	tests/unit/test-capture-readers.c \
	tests/unit/truth.c \
	tests/unit/truth.h

tests_unit_test_capture_truth_SOURCES = \
	tests/unit/test-capture-truth.c \
	tests/unit/truth.c \
	tests/unit/truth.h

tests_unit_test_capture_SOURCES = \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-capture.c

tests_unit_test_compile_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-compile.c

tests_unit_test_compile_selector_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-compile-selector.c

tests_unit_test_countmin_SOURCES = \
	tests/unit/test-countmin.c \
	tests/unit/zipf.h

tests_unit_test_decode_details_SOURCES = \
	tests/unit/decode-check.c \
	tests/unit/decode-check.h \
	tests/unit/decode-frame.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-decode-details.c

tests_unit_test_decode_link_SOURCES = \
	tests/unit/decode-check.c \
	tests/unit/decode-check.h \
	tests/unit/decode-frame.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-decode-link.c

tests_unit_test_decode_SOURCES = \
	tests/unit/decode-check.c \
	tests/unit/decode-check.h \
	tests/unit/decode-frame.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-decode.c

tests_unit_test_detector_SOURCES = \
	tests/unit/random.h \
	tests/unit/test-detector.c

tests_unit_test_dhcp_SOURCES = \
	tests/unit/decode-check.c \
	tests/unit/decode-check.h \
	tests/unit/decode-frame.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-dhcp.c

tests_unit_test_diag_SOURCES = tests/unit/test-diag.c

tests_unit_test_dialect1_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-dialect1.c

tests_unit_test_distinct_SOURCES = tests/unit/test-distinct.c

tests_unit_test_dns_details_SOURCES = \
	tests/unit/decode-check.c \
	tests/unit/decode-check.h \
	tests/unit/decode-frame.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-dns-details.c

tests_unit_test_dns_SOURCES = \
	tests/unit/decode-check.c \
	tests/unit/decode-check.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-dns.c

tests_unit_test_engine_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/engine-programs.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/random-program.c \
	tests/unit/random-program.h \
	tests/unit/test-engine.c

tests_unit_test_engine_counters_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/engine-programs.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/random-program.c \
	tests/unit/random-program.h \
	tests/unit/test-engine-counters.c

tests_unit_test_event_batch_SOURCES = tests/unit/test-event-batch.c

tests_unit_test_event_cbor_SOURCES = tests/unit/test-event-cbor.c
tests_unit_test_event_cbor_LDADD = \
	$(XFSM_CBOR_LIBS) $(XFSM_IO_LIBS) $(XFSM_LIBS) $(CMOCKA_LIBS)

tests_unit_test_event_decode_SOURCES = tests/unit/test-event-decode.c

tests_unit_test_event_SOURCES = \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/strict-json.c \
	tests/unit/strict-json.h \
	tests/unit/test-event.c

tests_unit_test_exec_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/exec-pieces.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-exec.c

tests_unit_test_expr_SOURCES = \
	tests/unit/parser-fixture.h \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-expr.c

tests_unit_test_field_truth_SOURCES = \
	tests/unit/test-field-truth.c \
	tests/unit/truth.c \
	tests/unit/truth.h

tests_unit_test_field_SOURCES = \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-field.c

tests_unit_test_file_sink_SOURCES = tests/unit/test-file-sink.c

tests_unit_test_fragments_SOURCES = \
	tests/unit/decode-check.c \
	tests/unit/decode-check.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-fragments.c \
	tests/unit/truth.c \
	tests/unit/truth.h

tests_unit_test_gap_SOURCES = tests/unit/test-gap.c

tests_unit_test_gre_SOURCES = \
	tests/unit/decode-check.c \
	tests/unit/decode-check.h \
	tests/unit/decode-frame.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-gre.c \
	tests/unit/tunnel-builder.c \
	tests/unit/tunnel-builder.h

tests_unit_test_hash_SOURCES = \
	tests/unit/random.h \
	tests/unit/test-hash.c

tests_unit_test_http_SOURCES = \
	tests/unit/decode-check.c \
	tests/unit/decode-check.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-http.c

tests_unit_test_image_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-image.c

tests_unit_test_journal_SOURCES = tests/unit/test-journal.c

tests_unit_test_keys_SOURCES = tests/unit/test-keys.c

tests_unit_test_inspect_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-inspect.c

tests_unit_test_keytable_SOURCES = \
	tests/unit/random.h \
	tests/unit/test-keytable.c

tests_unit_test_list_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/exec-pieces.h \
	tests/unit/image-victim.c \
	tests/unit/image-victim.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-list.c

tests_unit_test_lower_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/random-program.c \
	tests/unit/random-program.h \
	tests/unit/reference-store.c \
	tests/unit/reference-store.h \
	tests/unit/reference-summary.c \
	tests/unit/reference-summary.h \
	tests/unit/test-lower.c

tests_unit_test_mem_SOURCES = tests/unit/test-mem.c

tests_unit_test_message_decode_SOURCES = tests/unit/test-message-decode.c

tests_unit_test_metric_types_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/exec-pieces.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/random-program.c \
	tests/unit/random-program.h \
	tests/unit/reference-clock.c \
	tests/unit/reference-eval.c \
	tests/unit/reference-private.h \
	tests/unit/reference-store.c \
	tests/unit/reference-store.h \
	tests/unit/reference-summary.c \
	tests/unit/reference-summary.h \
	tests/unit/reference.c \
	tests/unit/reference.h \
	tests/unit/test-metric-types.c

tests_unit_test_metrics_exec_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/exec-pieces.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-metrics-exec.c

tests_unit_test_migrate_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/exec-pieces.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/random-program.c \
	tests/unit/random-program.h \
	tests/unit/test-migrate.c

tests_unit_test_modbus_SOURCES = \
	tests/unit/decode-check.c \
	tests/unit/decode-check.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-modbus.c

tests_unit_test_mutation_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/image-victim.c \
	tests/unit/image-victim.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/random-program.c \
	tests/unit/random-program.h \
	tests/unit/test-mutation.c

tests_unit_test_native_engines_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/random-program.c \
	tests/unit/random-program.h \
	tests/unit/test-native-engines.c

tests_unit_test_native_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/random-program.c \
	tests/unit/random-program.h \
	tests/unit/test-native.c

tests_unit_test_ntp_SOURCES = \
	tests/unit/decode-check.c \
	tests/unit/decode-check.h \
	tests/unit/decode-frame.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-ntp.c

tests_unit_test_quantile_SOURCES = tests/unit/test-quantile.c

tests_unit_test_rate_SOURCES = tests/unit/test-rate.c

tests_unit_test_reference_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/random-program.c \
	tests/unit/random-program.h \
	tests/unit/reference-clock.c \
	tests/unit/reference-eval.c \
	tests/unit/reference-private.h \
	tests/unit/reference-store.c \
	tests/unit/reference-store.h \
	tests/unit/reference-summary.c \
	tests/unit/reference-summary.h \
	tests/unit/reference.c \
	tests/unit/reference.h \
	tests/unit/test-reference.c

tests_unit_test_render_SOURCES = tests/unit/test-render.c
tests_unit_test_render_LDADD = \
	$(XFSM_SYSLOG_LIBS) $(XFSM_IO_LIBS) $(XFSM_LIBS) $(CMOCKA_LIBS)

tests_unit_test_selector_SOURCES = \
	tests/unit/parser-fixture.h \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-selector.c

tests_unit_test_shim_SOURCES = \
	tests/unit/decode-check.c \
	tests/unit/decode-check.h \
	tests/unit/decode-frame.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-shim.c \
	tests/unit/tunnel-builder.c \
	tests/unit/tunnel-builder.h

tests_unit_test_syslog_flight_SOURCES = tests/unit/test-syslog-flight.c
tests_unit_test_syslog_flight_LDADD = \
	$(XFSM_SYSLOG_LIBS) $(XFSM_IO_LIBS) $(XFSM_LIBS) $(CMOCKA_LIBS)

tests_unit_test_tewma_SOURCES = \
	tests/unit/random.h \
	tests/unit/test-tewma.c

tests_unit_test_table_text_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/exec-pieces.h \
	tests/unit/image-victim.c \
	tests/unit/image-victim.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-table-text.c

tests_unit_test_text_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-text.c

tests_unit_test_burst_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-burst.c

tests_unit_test_flood_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-flood.c

tests_unit_test_timers_exec_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/exec-pieces.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-timers-exec.c

tests_unit_test_timers_SOURCES = \
	tests/unit/random.h \
	tests/unit/test-timers.c

tests_unit_test_tls_SOURCES = \
	tests/unit/decode-check.c \
	tests/unit/decode-check.h \
	tests/unit/decode-frame.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-tls.c

tests_unit_test_topk_SOURCES = \
	tests/unit/test-topk.c \
	tests/unit/zipf.h

tests_unit_test_tunnel_truth_SOURCES = \
	tests/unit/test-tunnel-truth.c \
	tests/unit/truth.c \
	tests/unit/truth.h

tests_unit_test_tunnel_SOURCES = \
	tests/unit/decode-check.c \
	tests/unit/decode-check.h \
	tests/unit/decode-frame.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-tunnel.c \
	tests/unit/tunnel-builder.c \
	tests/unit/tunnel-builder.h

tests_unit_test_verify_code_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/image-victim.c \
	tests/unit/image-victim.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-verify-code.c

tests_unit_test_verify_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/image-victim.c \
	tests/unit/image-victim.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-verify.c

tests_unit_test_xml_event_SOURCES = \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-xml-event.c

tests_unit_test_xml_hostile_SOURCES = \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-xml-hostile.c

tests_unit_test_xml_limits_SOURCES = \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-xml-limits.c

tests_unit_test_xml_SOURCES = \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-xml.c

tests_unit_test_zmq_SOURCES = tests/unit/test-zmq.c

tests_unit_test_graph_SOURCES = \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-graph.c \
	utilities/xfsm-graph-text.c \
	utilities/xfsm-graph.h

tests_unit_test_lint_SOURCES = \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-lint.c

tests_unit_test_param_SOURCES = \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-param.c

tests_unit_test_room_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-room.c

tests_unit_test_prefix_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-prefix.c

tests_unit_test_schema_SOURCES = \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-schema.c
tests_unit_test_schema_CPPFLAGS = $(AM_CPPFLAGS) $(LIBXML2_CFLAGS)

tests_unit_test_sink_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/exec-pieces.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-sink.c

tests_unit_test_state_save_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/random-program.c \
	tests/unit/random-program.h \
	tests/unit/test-state-save.c

tests_unit_test_structured_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-structured.c

tests_unit_test_mitigation_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-mitigation.c

tests_unit_test_occasion_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/occasion.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-occasion.c

tests_unit_test_occasion_message_SOURCES = \
	tests/unit/engine-harness.c \
	tests/unit/engine-harness.h \
	tests/unit/occasion.h \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-occasion-message.c

tests_unit_test_toolbox_cage_SOURCES = tests/unit/test-toolbox-cage.c
tests_unit_test_toolbox_cage_LDADD = $(XFSM_CAGE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_tool_SOURCES = \
	tests/unit/packet-builder.c \
	tests/unit/packet-builder.h \
	tests/unit/test-tool.c

tests_unit_test_xml_test_SOURCES = \
	tests/unit/program-fixture.c \
	tests/unit/program-fixture.h \
	tests/unit/test-xml-test.c

# Needs Open vSwitch's library, as the controller does.
PLUGIN_TESTS += tests/unit/test-fleet
tests_unit_test_fleet_SOURCES = \
	controller/fleet-json.c \
	controller/fleet-json.h \
	controller/fleet.c \
	controller/fleet.h \
	controller/parameters.c \
	controller/parameters.h \
	controller/tenants.c \
	controller/tenants.h \
	ovs-plugin/ipc.c \
	ovs-plugin/ipc.h \
	ovs-plugin/port-ids.c \
	ovs-plugin/port-ids.h \
	ovs-plugin/target.c \
	ovs-plugin/target.h \
	tests/unit/test-fleet.c
tests_unit_test_fleet_CPPFLAGS = $(OVS_CPPFLAGS)
tests_unit_test_fleet_CFLAGS = $(OVS_CFLAGS)
tests_unit_test_fleet_LDADD = $(XFSM_IO_LIBS) $(XFSM_ENGINE_LIBS) \
	$(CMOCKA_LIBS) $(OVS_LIBS)

tests_unit_test_releases_SOURCES = tests/unit/test-releases.c
tests_unit_test_releases_LDADD = $(XFSM_SIGNATURE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_signature_SOURCES = tests/unit/test-signature.c
tests_unit_test_signature_LDADD = $(XFSM_SIGNATURE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_follow_SOURCES = tests/unit/test-follow.c
tests_unit_test_subscriber_SOURCES = tests/unit/test-subscriber.c

PLUGIN_TESTS += tests/unit/test-compiler
tests_unit_test_compiler_SOURCES = \
	controller/compiler.c \
	controller/compiler.h \
	controller/tool.c \
	controller/tool.h \
	tests/unit/test-compiler.c
tests_unit_test_compiler_CPPFLAGS = $(OVS_CPPFLAGS)
tests_unit_test_compiler_CFLAGS = $(OVS_CFLAGS)
tests_unit_test_compiler_LDADD = $(XFSM_SIGNATURE_LIBS) $(CMOCKA_LIBS) \
	$(OVS_LIBS)

PLUGIN_TESTS += tests/unit/test-rollout
tests_unit_test_rollout_SOURCES = \
	controller/rollout.c \
	controller/rollout.h \
	tests/unit/test-rollout.c
tests_unit_test_rollout_CPPFLAGS = $(OVS_CPPFLAGS)
tests_unit_test_rollout_CFLAGS = $(OVS_CFLAGS)
tests_unit_test_rollout_LDADD = $(CMOCKA_LIBS) $(OVS_LIBS)

PLUGIN_TESTS += tests/unit/test-audit
tests_unit_test_audit_SOURCES = \
	controller/audit.c \
	controller/audit.h \
	tests/unit/test-audit.c
tests_unit_test_audit_CPPFLAGS = $(OVS_CPPFLAGS)
tests_unit_test_audit_CFLAGS = $(OVS_CFLAGS)
tests_unit_test_audit_LDADD = $(CMOCKA_LIBS) $(OVS_LIBS)

PLUGIN_TESTS += tests/unit/test-collect
tests_unit_test_collect_SOURCES = \
	controller/event-name.c \
	controller/event-name.h \
	controller/files.c \
	controller/files.h \
	controller/positions.c \
	controller/positions.h \
	controller/relay.c \
	controller/relay.h \
	controller/sink-options.c \
	controller/sink.h \
	controller/spool.c \
	controller/spool.h \
	tests/unit/test-collect.c
tests_unit_test_collect_CPPFLAGS = $(OVS_CPPFLAGS)
tests_unit_test_collect_CFLAGS = $(OVS_CFLAGS)
tests_unit_test_collect_LDADD = $(XFSM_IO_LIBS) $(XFSM_ENGINE_LIBS) \
	$(CMOCKA_LIBS) $(OVS_LIBS)
PLUGIN_TESTS += tests/unit/test-controller-metrics
tests_unit_test_controller_metrics_SOURCES = \
	controller/metrics.c \
	controller/metrics.h \
	tests/unit/test-controller-metrics.c
tests_unit_test_controller_metrics_CPPFLAGS = $(OVS_CPPFLAGS)
tests_unit_test_controller_metrics_CFLAGS = $(OVS_CFLAGS)
tests_unit_test_controller_metrics_LDADD = $(CMOCKA_LIBS) $(OVS_LIBS)

PLUGIN_TESTS += tests/unit/test-http-server
tests_unit_test_http_server_SOURCES = \
	controller/http-limit.c \
	controller/http-limit.h \
	controller/http.c \
	controller/http.h \
	controller/tool.c \
	controller/tool.h \
	tests/unit/test-http-server.c
tests_unit_test_http_server_CPPFLAGS = $(OVS_CPPFLAGS)
tests_unit_test_http_server_CFLAGS = $(OVS_CFLAGS) $(LIBMICROHTTPD_CFLAGS)
tests_unit_test_http_server_LDADD = $(CMOCKA_LIBS) $(OVS_LIBS) \
	$(LIBMICROHTTPD_LIBS)

PLUGIN_TESTS += tests/unit/test-rest-parts
tests_unit_test_rest_parts_SOURCES = \
	controller/fleet.c \
	controller/fleet.h \
	controller/http-limit.c \
	controller/http-limit.h \
	controller/recent.c \
	controller/recent.h \
	controller/tenants.c \
	controller/tenants.h \
	ovs-plugin/ipc.c \
	ovs-plugin/ipc.h \
	ovs-plugin/port-ids.c \
	ovs-plugin/port-ids.h \
	ovs-plugin/target.c \
	ovs-plugin/target.h \
	controller/tokens.c \
	controller/tokens.h \
	tests/unit/test-rest-parts.c
tests_unit_test_rest_parts_CPPFLAGS = $(OVS_CPPFLAGS)
tests_unit_test_rest_parts_CFLAGS = $(OVS_CFLAGS)
tests_unit_test_rest_parts_LDADD = $(XFSM_IO_LIBS) $(XFSM_ENGINE_LIBS) \
	$(CMOCKA_LIBS) $(OVS_LIBS) $(LIBSSL_LIBS)
PLUGIN_TESTS += tests/unit/test-rest-views
tests_unit_test_rest_views_SOURCES = \
	controller/history.c \
	controller/history.h \
	controller/meter.c \
	controller/meter.h \
	controller/talkers.c \
	controller/talkers.h \
	tests/unit/test-rest-views.c
tests_unit_test_rest_views_CPPFLAGS = $(OVS_CPPFLAGS)
tests_unit_test_rest_views_CFLAGS = $(OVS_CFLAGS)
tests_unit_test_rest_views_LDADD = $(XFSM_IO_LIBS) $(XFSM_ENGINE_LIBS) \
	$(CMOCKA_LIBS) $(OVS_LIBS)
