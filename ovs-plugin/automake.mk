# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# What runs on a host: sbin/ovs-xfsmd, and in libexec/ovs-xfsm xfsm-probe,
# xfsm-hub, xfsm-exporter and xfsm-compiler.

# libxfsmplugin: all of them but their main(), so that tests can have it too.
# An archive: a program takes what it uses of it.
if HAVE_OVS
noinst_LTLIBRARIES += ovs-plugin/libxfsmplugin.la
sbin_PROGRAMS += ovs-plugin/ovs-xfsmd
pkglibexec_PROGRAMS += \
	ovs-plugin/xfsm-compiler \
	ovs-plugin/xfsm-exporter \
	ovs-plugin/xfsm-hub \
	ovs-plugin/xfsm-probe
nodist_man_MANS += \
	ovs-plugin/ovs-xfsmd.8 \
	ovs-plugin/xfsm-hub.8 \
	ovs-plugin/xfsm-probe.8
endif
ovs_plugin_libxfsmplugin_la_SOURCES = \
	ovs-plugin/agent-metrics.c \
	ovs-plugin/agent-metrics.h \
	ovs-plugin/agent-show.c \
	ovs-plugin/agent-start.c \
	ovs-plugin/agent.h \
	ovs-plugin/backoff.c \
	ovs-plugin/backoff.h \
	ovs-plugin/bridge.c \
	ovs-plugin/bridge.h \
	ovs-plugin/hang.c \
	ovs-plugin/hang.h \
	ovs-plugin/cage.c \
	ovs-plugin/cage.h \
	ovs-plugin/child.c \
	ovs-plugin/child.h \
	ovs-plugin/counters.c \
	ovs-plugin/counters.h \
	ovs-plugin/db-init.c \
	ovs-plugin/db-init.h \
	ovs-plugin/desired.c \
	ovs-plugin/desired.h \
	ovs-plugin/epoch.c \
	ovs-plugin/epoch.h \
	ovs-plugin/exporter-link.c \
	ovs-plugin/exporter-link.h \
	ovs-plugin/filter-text.c \
	ovs-plugin/filter.c \
	ovs-plugin/filter.h \
	ovs-plugin/hub-auth.c \
	ovs-plugin/hub-auth.h \
	ovs-plugin/hub-core.c \
	ovs-plugin/hub-core.h \
	ovs-plugin/hub-feed.c \
	ovs-plugin/hub-feed.h \
	ovs-plugin/hub-forms.c \
	ovs-plugin/hub-forms.h \
	ovs-plugin/hub-link.c \
	ovs-plugin/hub-link.h \
	ovs-plugin/hub-mail.c \
	ovs-plugin/hub-mail.h \
	ovs-plugin/hub-metrics.c \
	ovs-plugin/hub-metrics.h \
	ovs-plugin/hub-options.c \
	ovs-plugin/hub-options.h \
	ovs-plugin/hub-peer.c \
	ovs-plugin/hub-peer.h \
	ovs-plugin/hub-pub.c \
	ovs-plugin/hub-pub.h \
	ovs-plugin/hub-replay.c \
	ovs-plugin/hub-replay.h \
	ovs-plugin/hub-share.c \
	ovs-plugin/hub-share.h \
	ovs-plugin/hub-source.c \
	ovs-plugin/hub-source.h \
	ovs-plugin/ipc.c \
	ovs-plugin/ipc.h \
	ovs-plugin/link-count.c \
	ovs-plugin/link-count.h \
	ovs-plugin/mirror.c \
	ovs-plugin/mirror.h \
	ovs-plugin/mitigation-plan.c \
	ovs-plugin/mitigation-plan.h \
	ovs-plugin/mitigation-report.c \
	ovs-plugin/mitigation-report.h \
	ovs-plugin/mitigation-request.c \
	ovs-plugin/mitigation-rules.c \
	ovs-plugin/mitigation-rules.h \
	ovs-plugin/mitigation-switch.c \
	ovs-plugin/mitigation-switch.h \
	ovs-plugin/mitigator-options.c \
	ovs-plugin/mitigator.c \
	ovs-plugin/mitigator.h \
	ovs-plugin/monitor-outcome.c \
	ovs-plugin/monitor-private.h \
	ovs-plugin/monitor.c \
	ovs-plugin/monitor.h \
	ovs-plugin/netdev-ring.c \
	ovs-plugin/netdev-ring.h \
	ovs-plugin/packet-ring.c \
	ovs-plugin/packet-ring.h \
	ovs-plugin/port-ids.c \
	ovs-plugin/port-ids.h \
	ovs-plugin/port-state.c \
	ovs-plugin/port-state.h \
	ovs-plugin/probe-counters.c \
	ovs-plugin/probe-counters.h \
	ovs-plugin/probe-ctl.c \
	ovs-plugin/probe-filter.c \
	ovs-plugin/probe-inspect.c \
	ovs-plugin/probe-lanes.c \
	ovs-plugin/probe-lanes.h \
	ovs-plugin/probe-mail.c \
	ovs-plugin/probe-mail.h \
	ovs-plugin/probe-publish.c \
	ovs-plugin/probe-publish.h \
	ovs-plugin/probe-queue.c \
	ovs-plugin/probe-queue.h \
	ovs-plugin/probe-show.c \
	ovs-plugin/probe-source.c \
	ovs-plugin/probe-source.h \
	ovs-plugin/probe-state.c \
	ovs-plugin/probe.h \
	ovs-plugin/known-keys.c \
	ovs-plugin/known-keys.h \
	ovs-plugin/params.c \
	ovs-plugin/params.h \
	ovs-plugin/program-keys.c \
	ovs-plugin/program-keys.h \
	ovs-plugin/programs-compile.c \
	ovs-plugin/programs-private.h \
	ovs-plugin/programs.c \
	ovs-plugin/programs.h \
	ovs-plugin/offload.c \
	ovs-plugin/offload.h \
	ovs-plugin/rbac.c \
	ovs-plugin/rows.c \
	ovs-plugin/segments.c \
	ovs-plugin/segments.h \
	ovs-plugin/status.c \
	ovs-plugin/steer-code.c \
	ovs-plugin/steer.c \
	ovs-plugin/steer.h \
	ovs-plugin/target.c \
	ovs-plugin/target.h \
	ovs-plugin/stopped.c \
	ovs-plugin/stopped.h \
	ovs-plugin/term-signal.c \
	ovs-plugin/term-signal.h \
	ovs-plugin/user.c \
	ovs-plugin/user.h \
	ovs-plugin/watch.c \
	ovs-plugin/watch.h \
	ovs-plugin/worker.c \
	ovs-plugin/worker.h
ovs_plugin_libxfsmplugin_la_CPPFLAGS = $(OVS_CPPFLAGS) $(LIBPCAP_CFLAGS)
ovs_plugin_libxfsmplugin_la_CFLAGS = $(OVS_CFLAGS)
XFSM_PLUGIN_LIBS = ovs-plugin/libxfsmplugin.la

ovs_plugin_ovs_xfsmd_SOURCES = ovs-plugin/ovs-xfsmd.c
ovs_plugin_ovs_xfsmd_CPPFLAGS = $(OVS_CPPFLAGS)
ovs_plugin_ovs_xfsmd_CFLAGS = $(OVS_CFLAGS)
ovs_plugin_ovs_xfsmd_LDADD = \
	$(XFSM_PLUGIN_LIBS) xfsm/io/libxfsmio.la $(XFSM_SIGNATURE_LIBS) \
	$(XFSM_ENGINE_LIBS) $(XFSM_IDL_LIBS) $(OVS_LIBS)

ovs_plugin_xfsm_compiler_SOURCES = ovs-plugin/compiler.c
ovs_plugin_xfsm_compiler_CPPFLAGS = $(OVS_CPPFLAGS)
ovs_plugin_xfsm_compiler_CFLAGS = $(OVS_CFLAGS)
ovs_plugin_xfsm_compiler_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(XFSM_LIBS) $(XFSM_CAGE_LIBS) \
	$(LIBCAPNG_LIBS) $(OVS_LIBS)

ovs_plugin_xfsm_probe_SOURCES = ovs-plugin/probe.c
ovs_plugin_xfsm_probe_CPPFLAGS = $(OVS_CPPFLAGS)
ovs_plugin_xfsm_probe_CFLAGS = $(OVS_CFLAGS)
ovs_plugin_xfsm_probe_LDADD = \
	$(XFSM_PLUGIN_LIBS) xfsm/io/libxfsmio.la $(XFSM_ENGINE_LIBS) \
	$(LIBPCAP_LIBS) $(XFSM_CAGE_LIBS) $(LIBCAPNG_LIBS) $(OVS_LIBS)

ovs_plugin_xfsm_exporter_SOURCES = ovs-plugin/exporter.c
ovs_plugin_xfsm_exporter_CPPFLAGS = $(OVS_CPPFLAGS) $(LIBMICROHTTPD_CFLAGS)
ovs_plugin_xfsm_exporter_CFLAGS = $(OVS_CFLAGS)
ovs_plugin_xfsm_exporter_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(LIBMICROHTTPD_LIBS) $(XFSM_CAGE_LIBS) \
	$(LIBCAPNG_LIBS) $(OVS_LIBS)

ovs_plugin_xfsm_hub_SOURCES = ovs-plugin/hub.c
ovs_plugin_xfsm_hub_CPPFLAGS = $(OVS_CPPFLAGS)
ovs_plugin_xfsm_hub_CFLAGS = $(OVS_CFLAGS)
ovs_plugin_xfsm_hub_LDADD = \
	$(XFSM_PLUGIN_LIBS) $(XFSM_CBOR_LIBS) $(XFSM_IO_LIBS) \
	$(XFSM_ENGINE_LIBS) $(XFSM_CAGE_LIBS) \
	$(LIBCAPNG_LIBS) $(OVS_LIBS)

EXTRA_DIST += \
	ovs-plugin/ovs-xfsmd.8.in \
	ovs-plugin/xfsm-hub.8.in \
	ovs-plugin/xfsm-probe.8.in
CLEANFILES += \
	ovs-plugin/ovs-xfsmd.8 \
	ovs-plugin/xfsm-hub.8 \
	ovs-plugin/xfsm-probe.8
