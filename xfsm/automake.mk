# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# libxfsm: the engine.  Add a new file, header or source, to the list of its
# layer.  Nothing here may include Open vSwitch, ZeroMQ or libpcap; a lower
# layer never includes a higher one (tests/lint checks both).

noinst_LTLIBRARIES += xfsm/libxfsm.la

# The schema of programs, which "xfsm check --schema" writes.
dist_pkgdata_DATA += xfsm/program/xfsm.rng

xfsm_libxfsm_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBXML2_CFLAGS)
xfsm_libxfsm_la_SOURCES = \
	$(xfsm_base) \
	$(xfsm_packet) \
	$(xfsm_sketch) \
	$(xfsm_program) \
	$(xfsm_runtime) \
	$(xfsm_engine)

xfsm_base = \
	xfsm/base/arena.c \
	xfsm/base/arena.h \
	xfsm/base/base64.c \
	xfsm/base/base64.h \
	xfsm/base/bytes.h \
	xfsm/base/error.c \
	xfsm/base/error.h \
	xfsm/base/glob.c \
	xfsm/base/glob.h \
	xfsm/base/hash.c \
	xfsm/base/hash.h \
	xfsm/base/mem.c \
	xfsm/base/mem.h \
	xfsm/base/state-io.c \
	xfsm/base/state-io.h

xfsm_packet = \
	xfsm/packet/arp.c \
	xfsm/packet/decode-plain.c \
	xfsm/packet/decode-plain.h \
	xfsm/packet/decode-private.h \
	xfsm/packet/decode.c \
	xfsm/packet/decode.h \
	xfsm/packet/dhcp.c \
	xfsm/packet/dns.c \
	xfsm/packet/field-parse.c \
	xfsm/packet/field.c \
	xfsm/packet/field.h \
	xfsm/packet/fragments.c \
	xfsm/packet/fragments.h \
	xfsm/packet/geneve.c \
	xfsm/packet/gre.c \
	xfsm/packet/gtp.c \
	xfsm/packet/http.c \
	xfsm/packet/ip.c \
	xfsm/packet/l4.c \
	xfsm/packet/modbus.c \
	xfsm/packet/mpls.c \
	xfsm/packet/ntp.c \
	xfsm/packet/packet.h \
	xfsm/packet/ppp.c \
	xfsm/packet/prefix.c \
	xfsm/packet/prefix.h \
	xfsm/packet/tls.c \
	xfsm/packet/tunnel.c \
	xfsm/packet/vxlan.c

xfsm_sketch = \
	xfsm/sketch/countmin.c \
	xfsm/sketch/countmin.h \
	xfsm/sketch/decay.c \
	xfsm/sketch/decay.h \
	xfsm/sketch/detector.c \
	xfsm/sketch/detector.h \
	xfsm/sketch/distinct-counter.c \
	xfsm/sketch/distinct-private.h \
	xfsm/sketch/distinct.c \
	xfsm/sketch/distinct.h \
	xfsm/sketch/keytable.c \
	xfsm/sketch/keytable.h \
	xfsm/sketch/quantile.c \
	xfsm/sketch/quantile.h \
	xfsm/sketch/ratewindow.c \
	xfsm/sketch/ratewindow.h \
	xfsm/sketch/tags.h \
	xfsm/sketch/tewma.c \
	xfsm/sketch/tewma.h \
	xfsm/sketch/topk-list.c \
	xfsm/sketch/topk-private.h \
	xfsm/sketch/topk.c \
	xfsm/sketch/topk.h \
	xfsm/sketch/window.h

xfsm_program = \
	xfsm/program/action.c \
	xfsm/program/action.h \
	xfsm/program/codegen-entry.c \
	xfsm/program/codegen-expr.c \
	xfsm/program/codegen-handler.c \
	xfsm/program/codegen-matcher.c \
	xfsm/program/codegen.h \
	xfsm/program/compile.c \
	xfsm/program/compile.h \
	xfsm/program/diag.c \
	xfsm/program/diag.h \
	xfsm/program/expr.c \
	xfsm/program/expr.h \
	xfsm/program/footprint.c \
	xfsm/program/footprint.h \
	xfsm/program/image-builder.c \
	xfsm/program/image-builder.h \
	xfsm/program/image.h \
	xfsm/program/key.c \
	xfsm/program/key.h \
	xfsm/program/lexer.c \
	xfsm/program/lexer.h \
	xfsm/program/lint-private.h \
	xfsm/program/lint-range.c \
	xfsm/program/lint-selector.c \
	xfsm/program/lint.c \
	xfsm/program/lint.h \
	xfsm/program/member.c \
	xfsm/program/member.h \
	xfsm/program/mitigation-match.c \
	xfsm/program/mitigation.c \
	xfsm/program/mitigation.h \
	xfsm/program/model.c \
	xfsm/program/model.h \
	xfsm/program/names.c \
	xfsm/program/names.h \
	xfsm/program/parse.c \
	xfsm/program/parse.h \
	xfsm/program/selector.c \
	xfsm/program/selector.h \
	xfsm/program/symbol.c \
	xfsm/program/symbol.h \
	xfsm/program/text.c \
	xfsm/program/text.h \
	xfsm/program/verify-code.c \
	xfsm/program/verify-private.h \
	xfsm/program/verify.c \
	xfsm/program/xml-attr.c \
	xfsm/program/xml-check.c \
	xfsm/program/xml-decl.c \
	xfsm/program/xml-event.c \
	xfsm/program/xml-load.h \
	xfsm/program/xml-metric.c \
	xfsm/program/xml-param.c \
	xfsm/program/xml-review.c \
	xfsm/program/xml-room.c \
	xfsm/program/xml-scan.c \
	xfsm/program/xml-scan.h \
	xfsm/program/xml-schema.c \
	xfsm/program/xml-schema.h \
	xfsm/program/xml-table.c \
	xfsm/program/xml-test.c \
	xfsm/program/xml-tree.c \
	xfsm/program/xml-tree.h \
	xfsm/program/xml.c \
	xfsm/program/xml.h

xfsm_runtime = \
	xfsm/runtime/effect.c \
	xfsm/runtime/event.c \
	xfsm/runtime/event.h \
	xfsm/runtime/exec.c \
	xfsm/runtime/exec.h \
	xfsm/runtime/fetch.c \
	xfsm/runtime/fetch.h \
	xfsm/runtime/history.c \
	xfsm/runtime/history.h \
	xfsm/runtime/inspect-key.c \
	xfsm/runtime/inspect-parse.c \
	xfsm/runtime/inspect-private.h \
	xfsm/runtime/inspect-values.c \
	xfsm/runtime/inspect.c \
	xfsm/runtime/inspect.h \
	xfsm/runtime/clock.c \
	xfsm/runtime/clock.h \
	xfsm/runtime/instance.c \
	xfsm/runtime/instance.h \
	xfsm/runtime/interp.c \
	xfsm/runtime/key-value.h \
	xfsm/runtime/list.c \
	xfsm/runtime/list.h \
	xfsm/runtime/lower.c \
	xfsm/runtime/lower-access.c \
	xfsm/runtime/lower-sink.c \
	xfsm/runtime/lower.h \
	xfsm/runtime/mailbox.c \
	xfsm/runtime/mailbox.h \
	xfsm/runtime/match.c \
	xfsm/runtime/message.h \
	xfsm/runtime/migrate.c \
	xfsm/runtime/migrate.h \
	xfsm/runtime/native-emit.c \
	xfsm/runtime/native-emit.h \
	xfsm/runtime/native-handler.c \
	xfsm/runtime/native-key.c \
	xfsm/runtime/native-live.c \
	xfsm/runtime/native-match.c \
	xfsm/runtime/native-private.h \
	xfsm/runtime/native.c \
	xfsm/runtime/native.h \
	xfsm/runtime/number.c \
	xfsm/runtime/number.h \
	xfsm/runtime/occasion.c \
	xfsm/runtime/options.h \
	xfsm/runtime/run.h \
	xfsm/runtime/snapshot.c \
	xfsm/runtime/state-save.c \
	xfsm/runtime/state-save.h \
	xfsm/runtime/summary.c \
	xfsm/runtime/summary.h \
	xfsm/runtime/text.c \
	xfsm/runtime/timer-heap.c \
	xfsm/runtime/timer-wheel.c \
	xfsm/runtime/timers-private.h \
	xfsm/runtime/timers.c \
	xfsm/runtime/timers.h

xfsm_engine = \
	xfsm/engine-info.c \
	xfsm/engine-inspect.c \
	xfsm/engine-load.c \
	xfsm/engine-private.h \
	xfsm/engine-state.c \
	xfsm/engine.c \
	xfsm/engine.h
