# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# The fleet daemon, sbin/xfsm-controller.  May use xfsm/, xfsm/io/,
# libopenvswitch and the IDL, of ovs-plugin/ only the pure part target.h.  It links without libxml2: its
# programs are compiled by children, utilities/xfsm.
if HAVE_OVS
sbin_PROGRAMS += controller/xfsm-controller
nodist_man_MANS += controller/xfsm-controller.8
endif
controller_xfsm_controller_SOURCES = \
	controller/audit.c \
	controller/audit.h \
	controller/collector.c \
	controller/collector.h \
	controller/compiler.c \
	controller/compiler.h \
	controller/event-name.c \
	controller/event-name.h \
	controller/files.c \
	controller/files.h \
	controller/fleet-db.c \
	controller/fleet-db.h \
	controller/fleet-json.c \
	controller/fleet-json.h \
	controller/fleet-rows.c \
	controller/fleet-rows.h \
	controller/fleet.c \
	controller/fleet.h \
	controller/fleetd-once.c \
	controller/fleetd-show.c \
	controller/fleetd.c \
	controller/fleetd.h \
	controller/health.c \
	controller/health.h \
	controller/history.c \
	controller/history.h \
	controller/host-row.c \
	controller/host-row.h \
	controller/host.c \
	controller/host.h \
	controller/http-limit.c \
	controller/http-limit.h \
	controller/http.c \
	controller/http.h \
	controller/import.c \
	controller/import.h \
	controller/members.c \
	controller/members.h \
	controller/meter.c \
	controller/meter.h \
	controller/metrics.c \
	controller/metrics.h \
	controller/pool.c \
	controller/pool.h \
	controller/operate.c \
	controller/operate.h \
	controller/port-probe.c \
	controller/port-probe.h \
	controller/positions.c \
	controller/positions.h \
	controller/parameters.c \
	controller/parameters.h \
	controller/preview.c \
	controller/preview.h \
	controller/programs.c \
	controller/programs.h \
	controller/recent.c \
	controller/recent.h \
	controller/relay.c \
	controller/relay.h \
	controller/rest-assignments.c \
	controller/rest-audit.c \
	controller/rest-call.c \
	controller/rest-call.h \
	controller/rest-capture.c \
	controller/rest-capture.h \
	controller/rest-db.c \
	controller/rest-db.h \
	controller/rest-events.c \
	controller/rest-fleet.c \
	controller/rest-history.c \
	controller/rest-history.h \
	controller/rest-hosts.c \
	controller/rest-metrics-hosts.c \
	controller/rest-metrics.c \
	controller/rest-metrics.h \
	controller/rest-ports.c \
	controller/rest-preview.c \
	controller/rest-preview.h \
	controller/rest-probes.c \
	controller/rest-programs.c \
	controller/rest-rights.c \
	controller/rest-roles.c \
	controller/rest-rollouts.c \
	controller/rest-rows.c \
	controller/rest-rows.h \
	controller/rest-tenants.c \
	controller/rest-tenants.h \
	controller/rest-tool.c \
	controller/rest-tool.h \
	controller/rest-web.c \
	controller/rest.c \
	controller/rest.h \
	controller/rollout.c \
	controller/rollout.h \
	controller/sink-file.c \
	controller/sink-options.c \
	controller/sink.c \
	controller/sink.h \
	controller/signatures.c \
	controller/signatures.h \
	controller/source.c \
	controller/source.h \
	controller/spool.c \
	controller/spool.h \
	controller/sync.c \
	controller/sync.h \
	controller/talkers.c \
	controller/talkers.h \
	controller/tenants.c \
	controller/tenants.h \
	controller/tool.c \
	controller/tool.h \
	controller/tokens.c \
	controller/tokens.h \
	controller/traffic.c \
	controller/traffic.h \
	controller/xfsm-controller.c \
	ovs-plugin/ipc.c \
	ovs-plugin/ipc.h \
	ovs-plugin/port-ids.c \
	ovs-plugin/port-ids.h \
	ovs-plugin/target.c \
	ovs-plugin/target.h
controller_xfsm_controller_CPPFLAGS = $(OVS_CPPFLAGS) $(LIBZMQ_CFLAGS) \
	$(LIBSSL_CFLAGS) $(LIBMICROHTTPD_CFLAGS)
controller_xfsm_controller_CFLAGS = $(OVS_CFLAGS)
controller_xfsm_controller_LDADD = $(XFSM_SIGNATURE_LIBS) $(XFSM_IO_LIBS) $(XFSM_ENGINE_LIBS) \
	ovsdb-schema/libxfsmfleetidl.la $(XFSM_IDL_LIBS) $(OVS_LIBS) \
	$(LIBMICROHTTPD_LIBS) $(LIBSSL_LIBS)
if HAVE_NATS
controller_xfsm_controller_SOURCES += controller/sink-nats.c
controller_xfsm_controller_CPPFLAGS += -DHAVE_NATS
controller_xfsm_controller_CFLAGS += $(NATS_CFLAGS)
controller_xfsm_controller_LDADD += $(NATS_LIBS)
endif
if HAVE_KAFKA
controller_xfsm_controller_SOURCES += controller/sink-kafka.c
controller_xfsm_controller_CPPFLAGS += -DHAVE_KAFKA
controller_xfsm_controller_CFLAGS += $(KAFKA_CFLAGS)
controller_xfsm_controller_LDADD += $(KAFKA_LIBS)
endif
EXTRA_DIST += controller/xfsm-controller.8.in

# The dashboard, and the description of the REST API: read when it starts.
if HAVE_OVS
webdir = $(pkgdatadir)/web
dist_web_DATA = \
	controller/web/api.js \
	controller/web/app.js \
	controller/web/assignments.js \
	controller/web/audit.js \
	controller/web/capture.js \
	controller/web/charts.js \
	controller/web/dom.js \
	controller/web/editor.js \
	controller/web/events.js \
	controller/web/graph.js \
	controller/web/host.js \
	controller/web/hosts-edit.js \
	controller/web/icon.svg \
	controller/web/index.html \
	controller/web/openapi.json \
	controller/web/operate.css \
	controller/web/operate.js \
	controller/web/overview.js \
	controller/web/parameters.js \
	controller/web/port.js \
	controller/web/probes.js \
	controller/web/program.js \
	controller/web/rollouts.js \
	controller/web/style.css \
	controller/web/talkers.js \
	controller/web/ui.js \
	controller/web/users.js
# Of others, with their licence; made by utilities/vendor-web.
webvendordir = $(webdir)/vendor
dist_webvendor_DATA = \
	controller/web/vendor/LICENSE.uPlot \
	controller/web/vendor/SHA512SUMS \
	controller/web/vendor/uPlot.esm.js \
	controller/web/vendor/uPlot.min.css
endif
CLEANFILES += controller/xfsm-controller.8
