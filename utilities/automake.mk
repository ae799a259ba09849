# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# Man pages: add utilities/NAME.8.in to EXTRA_DIST, and utilities/NAME.8 to
# nodist_man_MANS and CLEANFILES; @pkgdatadir@ and the like are replaced.

# bin/xfsm, the program toolbox: no Open vSwitch.
bin_PROGRAMS += utilities/xfsm
utilities_xfsm_SOURCES = \
	utilities/bench-plot.c \
	utilities/bench-plot.h \
	utilities/bench-random.h \
	utilities/bench-longest.c \
	utilities/bench-longest.h \
	utilities/bench-structures.c \
	utilities/bench-structures.h \
	utilities/bench-traffic.c \
	utilities/bench-traffic.h \
	utilities/xfsm-bench.c \
	utilities/xfsm-check.c \
	utilities/xfsm-compile.c \
	utilities/xfsm-document.c \
	utilities/xfsm-events-text.c \
	utilities/xfsm-events.c \
	utilities/xfsm-events.h \
	utilities/xfsm-fields.c \
	utilities/xfsm-graph-text.c \
	utilities/xfsm-graph.c \
	utilities/xfsm-graph.h \
	utilities/xfsm-keygen.c \
	utilities/xfsm-limits.c \
	utilities/xfsm-memory.c \
	utilities/xfsm-replay.c \
	utilities/xfsm-replay.h \
	utilities/xfsm-run.c \
	utilities/xfsm-settings.c \
	utilities/xfsm-settings.h \
	utilities/xfsm-test.c \
	utilities/xfsm.c \
	utilities/xfsm.h
utilities_xfsm_CPPFLAGS = $(AM_CPPFLAGS) $(DIRS_CPPFLAGS)
utilities_xfsm_LDADD = $(XFSM_SYSLOG_LIBS) $(XFSM_CAGE_LIBS) \
	$(XFSM_SIGNATURE_LIBS) $(XFSM_IO_LIBS) $(XFSM_LIBS)
EXTRA_DIST += utilities/xfsm.1.in
nodist_man_MANS += utilities/xfsm.1
CLEANFILES += utilities/xfsm.1

# bin/xfsm-ctl
if HAVE_OVS
bin_PROGRAMS += utilities/xfsm-ctl
nodist_man_MANS += utilities/xfsm-ctl.8
endif
utilities_xfsm_ctl_SOURCES = \
	controller/fleet-rows.c \
	controller/fleet-rows.h \
	controller/fleet.c \
	controller/fleet.h \
	controller/host-row.c \
	controller/host-row.h \
	controller/operate.c \
	controller/operate.h \
	controller/parameters.c \
	controller/parameters.h \
	controller/port-probe.c \
	controller/port-probe.h \
	controller/preview.c \
	controller/preview.h \
	controller/rollout.c \
	controller/rollout.h \
	controller/tenants.c \
	controller/tenants.h \
	controller/tokens.c \
	controller/tokens.h \
	ovs-plugin/ipc.c \
	ovs-plugin/ipc.h \
	ovs-plugin/port-ids.c \
	ovs-plugin/port-ids.h \
	ovs-plugin/target.c \
	ovs-plugin/target.h \
	utilities/xfsm-ctl-db.c \
	utilities/xfsm-ctl-fleet-init.c \
	utilities/xfsm-ctl-fleet.c \
	utilities/xfsm-ctl-init.c \
	utilities/xfsm-ctl-overview.c \
	utilities/xfsm-ctl-preview.c \
	utilities/xfsm-ctl-probes.c \
	utilities/xfsm-ctl-programs.c \
	utilities/xfsm-ctl-run.c \
	utilities/xfsm-ctl-server.c \
	utilities/xfsm-ctl-show.c \
	utilities/xfsm-ctl-sign.c \
	utilities/xfsm-ctl-source.c \
	utilities/xfsm-ctl-tenants.c \
	utilities/xfsm-ctl-top.c \
	utilities/xfsm-ctl-versions.c \
	utilities/xfsm-ctl.c \
	utilities/xfsm-ctl.h
utilities_xfsm_ctl_CPPFLAGS = $(OVS_CPPFLAGS)
utilities_xfsm_ctl_CFLAGS = $(OVS_CFLAGS)
utilities_xfsm_ctl_LDADD = $(XFSM_SIGNATURE_LIBS) $(XFSM_IO_LIBS) $(XFSM_ENGINE_LIBS) \
	ovsdb-schema/libxfsmfleetidl.la $(XFSM_IDL_LIBS) $(OVS_LIBS)
EXTRA_DIST += utilities/xfsm-ctl.8.in
CLEANFILES += utilities/xfsm-ctl.8

# systemd units, installed as data: a package puts them where units are.
SYSTEMD_UNITS = utilities/systemd/xfsm-controller.service
if HAVE_OVS
SYSTEMD_UNITS += utilities/systemd/ovs-xfsmd.service
endif
systemdunitsdir = $(pkgdatadir)/systemd
nodist_systemdunits_DATA = $(SYSTEMD_UNITS)
EXTRA_DIST += \
	utilities/systemd/ovs-xfsmd.service.in \
	utilities/systemd/xfsm-controller.service.in
CLEANFILES += \
	utilities/systemd/ovs-xfsmd.service \
	utilities/systemd/xfsm-controller.service

# What is served for Prometheus, from the tables of counters.
METRICS_TABLES = \
	controller/http.h \
	controller/metrics.h \
	controller/source.h \
	controller/spool.h \
	controller/traffic.h \
	ovs-plugin/agent-metrics.h \
	ovs-plugin/hub-metrics.h \
	ovs-plugin/probe-counters.h \
	ovs-plugin/probe-publish.h \
	xfsm/packet/decode.h \
	xfsm/runtime/options.h
if HAVE_OVS
nodist_man_MANS += utilities/xfsm-clouds.7 utilities/xfsm-metrics.7
endif
utilities/xfsm-metrics.7: utilities/list-metrics $(METRICS_TABLES)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(PYTHON) $(srcdir)/utilities/list-metrics --man --top $(srcdir) \
		> $@.in && \
	$(SUBSTITUTE) $@.in > $@.tmp && mv $@.tmp $@ && rm -f $@.in
EXTRA_DIST += utilities/list-metrics utilities/xfsm-clouds.7.in
CLEANFILES += utilities/xfsm-clouds.7 utilities/xfsm-metrics.7

# What looks at them: alerts for Prometheus, a dashboard for Grafana.
monitoringdir = $(pkgdatadir)/monitoring
dist_monitoring_DATA = \
	utilities/monitoring/xfsm-dashboard.json \
	utilities/monitoring/xfsm.rules.yml

# Subscribers to read and copy from.
examplesdir = $(docdir)/examples
dist_examples_DATA = \
	utilities/examples/alerts.c \
	utilities/examples/alerts.py

# Deployment with Ansible, from the source.
EXTRA_DIST += \
	utilities/ansible/README.md \
	utilities/ansible/inventory.example.yml \
	utilities/ansible/roles/xfsm_common/meta/main.yml \
	utilities/ansible/roles/xfsm_common/tasks/curve.yml \
	utilities/ansible/roles/xfsm_common/tasks/main.yml \
	utilities/ansible/roles/xfsm_common/tasks/tls.yml \
	utilities/ansible/roles/xfsm_common/templates/certificate.ext.j2 \
	utilities/ansible/roles/xfsm_controller/meta/main.yml \
	utilities/ansible/roles/xfsm_controller/tasks/database.yml \
	utilities/ansible/roles/xfsm_controller/tasks/main.yml \
	utilities/ansible/roles/xfsm_controller/tasks/register.yml \
	utilities/ansible/roles/xfsm_controller/tasks/token.yml \
	utilities/ansible/roles/xfsm_controller/tasks/units.yml \
	utilities/ansible/roles/xfsm_controller/templates/fleet.conf.j2 \
	utilities/ansible/roles/xfsm_controller/templates/xfsm-controller.j2 \
	utilities/ansible/roles/xfsm_controller/templates/xfsm-fleet-db.service.j2 \
	utilities/ansible/roles/xfsm_controller/vars/main.yml \
	utilities/ansible/roles/xfsm_host/meta/main.yml \
	utilities/ansible/roles/xfsm_host/tasks/main.yml \
	utilities/ansible/roles/xfsm_host/tasks/remote.yml \
	utilities/ansible/roles/xfsm_host/tasks/units.yml \
	utilities/ansible/roles/xfsm_host/templates/network.conf.j2 \
	utilities/ansible/roles/xfsm_host/templates/xfsm-remote.service.j2 \
	utilities/ansible/roles/xfsm_settings/defaults/main.yml \
	utilities/ansible/roles/xfsm_settings/handlers/main.yml \
	utilities/ansible/xfsm.yml

# Images of containers, from the source.
EXTRA_DIST += \
	utilities/containers/Containerfile \
	utilities/containers/README.md

# Debian packages, from the source.
EXTRA_DIST += \
	utilities/packaging/build-deb \
	utilities/packaging/debian/control \
	utilities/packaging/debian/copyright \
	utilities/packaging/debian/libxfsm-subscriber-dev.install \
	utilities/packaging/debian/not-installed \
	utilities/packaging/debian/ovs-xfsm-common.install \
	utilities/packaging/debian/ovs-xfsm-controller.install \
	utilities/packaging/debian/ovs-xfsm-host.install \
	utilities/packaging/debian/ovs-xfsm-host.sysusers \
	utilities/packaging/debian/rules \
	utilities/packaging/debian/source/format

# Run from the source.
EXTRA_DIST += \
	utilities/list-programs \
	utilities/programs/README.md \
	utilities/quickstart \
	utilities/quickstart-fleet \
	utilities/run-tests \
	utilities/setup-deps \
	utilities/vendor-web \
	.ci/run

# Programs of the library, installed in $(pkgdatadir)/programs.
xfsmprogramsdir = $(pkgdatadir)/programs
dist_xfsmprograms_DATA = \
	utilities/programs/arpscan.xml \
	utilities/programs/arpspoof.xml \
	utilities/programs/beacon.xml \
	utilities/programs/bruteforce.xml \
	utilities/programs/distscan.xml \
	utilities/programs/dnsreflector.xml \
	utilities/programs/dnstunnel.xml \
	utilities/programs/dnsvictim.xml \
	utilities/programs/elephant.xml \
	utilities/programs/exfiltration.xml \
	utilities/programs/fastflux.xml \
	utilities/programs/hostscan.xml \
	utilities/programs/icmpflood.xml \
	utilities/programs/icmptunnel.xml \
	utilities/programs/modbusscan.xml \
	utilities/programs/nxdomain.xml \
	utilities/programs/p2p.xml \
	utilities/programs/pingsweep.xml \
	utilities/programs/portscan.xml \
	utilities/programs/raspoof.xml \
	utilities/programs/roguedhcp.xml \
	utilities/programs/scannedback.xml \
	utilities/programs/slowscan.xml \
	utilities/programs/spambot.xml \
	utilities/programs/stealthscan.xml \
	utilities/programs/synackflood.xml \
	utilities/programs/synflood.xml \
	utilities/programs/toptalkers.xml \
	utilities/programs/udpflood.xml \
	utilities/programs/udpreflection.xml \
	utilities/programs/udpscan.xml \
	utilities/programs/udpsweep.xml \
	utilities/programs/vmreport.xml \
	utilities/programs/widescan.xml \
	utilities/programs/worm.xml
