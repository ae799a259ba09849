# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# Scripts that need root and start real daemons.  Add a test to SYSTEM_TESTS
# (name it NAME.sh or NAME.py) and what tests share to EXTRA_DIST.

SYSTEM_TESTS += \
	tests/system/test-ansible.py \
	tests/system/test-attach.py \
	tests/system/test-capture.py \
	tests/system/test-clouds.py \
	tests/system/test-collector-kafka-tls.py \
	tests/system/test-collector-kafka.py \
	tests/system/test-collector-many.py \
	tests/system/test-collector-nats.py \
	tests/system/test-collector-takeover.py \
	tests/system/test-collector-tls.py \
	tests/system/test-collector.py \
	tests/system/test-compiler.py \
	tests/system/test-controller-metrics.py \
	tests/system/test-controller.sh \
	tests/system/test-ctl-fleet.py \
	tests/system/test-dashboard-ops.py \
	tests/system/test-dashboard.py \
	tests/system/test-ecs.py \
	tests/system/test-events.py \
	tests/system/test-faults-database.py \
	tests/system/test-faults-hub.py \
	tests/system/test-faults-process.py \
	tests/system/test-faults.py \
	tests/system/test-fleet-db.py \
	tests/system/test-fleet-init.py \
	tests/system/test-fleet-slow.py \
	tests/system/test-fleet.py \
	tests/system/test-forms.py \
	tests/system/test-hub-batches.py \
	tests/system/test-hub-limits.py \
	tests/system/test-hub-messages.py \
	tests/system/test-hub.py \
	tests/system/test-identity.py \
	tests/system/test-init.py \
	tests/system/test-introspection.py \
	tests/system/test-lanes.py \
	tests/system/test-live.py \
	tests/system/test-memory.py \
	tests/system/test-mitigation.py \
	tests/system/test-messages.py \
	tests/system/test-metrics.py \
	tests/system/test-own-events.py \
	tests/system/test-pacing.py \
	tests/system/test-port-state.py \
	tests/system/test-quickstart.sh \
	tests/system/test-rbac.py \
	tests/system/test-release.py \
	tests/system/test-rest-ops.py \
	tests/system/test-rest.py \
	tests/system/test-rest-views.py \
	tests/system/test-scale.py \
	tests/system/test-signatures.py \
	tests/system/test-sinks.py \
	tests/system/test-subscriber.py \
	tests/system/test-swap.py \
	tests/system/test-syslog-tls.py \
	tests/system/test-tenants.py \
	tests/system/test-units.py \
	tests/system/test-xfsm-ctl.sh

SYSTEM_TOOLS += tests/system/hostile-toolbox
tests_system_hostile_toolbox_SOURCES = tests/system/hostile-toolbox.c
tests_system_hostile_toolbox_LDADD = $(XFSM_CAGE_LIBS)

if HAVE_OVS
if HAVE_KAFKA
SYSTEM_TOOLS += tests/system/kafka-broker
tests_system_kafka_broker_SOURCES = tests/system/kafka-broker.c
tests_system_kafka_broker_CFLAGS = $(AM_CFLAGS) $(KAFKA_CFLAGS)
tests_system_kafka_broker_LDADD = $(KAFKA_LIBS)
endif
endif

# Many ports, with times that are held to limits: needs the machine for itself.
SCALE_PORTS = 500
check-scale: all
	XFSM_SCALE_PORTS=$(SCALE_PORTS) \
	$(MAKE) check-system SYSTEM_TESTS=tests/system/test-scale.py
	cat tests/system/test-scale.log
.PHONY: check-scale

# All of what the archive of a release has is built from it, and tested.
check-release: all
	XFSM_TEST_RELEASE=full \
	$(MAKE) check-system SYSTEM_TESTS=tests/system/test-release.py
.PHONY: check-release

# What these find depends on what else the machine does.
SYSTEM_ALONE += \
	tests/system/test-faults-process.py \
	tests/system/test-hub-limits.py \
	tests/system/test-init.py \
	tests/system/test-live.py \
	tests/system/test-memory.py \
	tests/system/test-pacing.py \
	tests/system/test-scale.py \
	tests/system/test-swap.py

# These begin first, so that none is left to run by itself at the end.
SYSTEM_LONG += \
	tests/system/test-ansible.py \
	tests/system/test-dashboard-ops.py \
	tests/system/test-dashboard.py \
	tests/system/test-fleet-db.py \
	tests/system/test-mitigation.py \
	tests/system/test-quickstart.sh \
	tests/system/test-release.py

EXTRA_DIST += \
	$(SYSTEM_TESTS) \
	tests/system/README.md \
	tests/system/lib/browsertest.py \
	tests/system/lib/clocktest.py \
	tests/system/lib/collecttest.py \
	tests/system/lib/dashboard-ops.mjs \
	tests/system/lib/dashboard.mjs \
	tests/system/lib/faulttest.py \
	tests/system/lib/fleettest.py \
	tests/system/lib/hubstest.py \
	tests/system/lib/hubtest.py \
	tests/system/lib/kafkatest.py \
	tests/system/lib/kafkatls.py \
	tests/system/lib/natstest.py \
	tests/system/lib/resttest.py \
	tests/system/lib/stream.py \
	tests/system/lib/tenanttest.py \
	tests/system/lib/tlstest.py \
	tests/system/lib/xfsmtest.py \
	tests/system/lib/zmqlite.py

# Pictures of tests/system/test-dashboard.py.
CLEANFILES += tests/system/dashboard-*.png
