# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

OVSDB_RUN = \
	PYTHONPATH=$(OVS_SRCDIR)/python:$$PYTHONPATH \
	PYTHONDONTWRITEBYTECODE=yes $(PYTHON)
OVSDB_IDLC = $(OVSDB_RUN) $(OVS_SRCDIR)/ovsdb/ovsdb-idlc.in

EXTRA_DIST += \
	ovsdb-schema/xfsm-fleet-idl.ann \
	ovsdb-schema/xfsm-fleet.ovsschema \
	ovsdb-schema/xfsm-fleet.xml \
	ovsdb-schema/xfsm-idl.ann \
	ovsdb-schema/xfsm.ovsschema \
	ovsdb-schema/xfsm.xml
pkgdata_DATA = \
	ovsdb-schema/xfsm-fleet.ovsschema \
	ovsdb-schema/xfsm.ovsschema

# libxfsmidl: the tables of the database XFSM as C structures, made from the
# schema.
XFSM_IDL_FILES = \
	$(top_srcdir)/ovsdb-schema/xfsm.ovsschema \
	$(top_srcdir)/ovsdb-schema/xfsm-idl.ann
XFSM_IDL_BUILT = \
	ovsdb-schema/xfsm-idl.c \
	ovsdb-schema/xfsm-idl.h \
	ovsdb-schema/xfsm-idl.ovsidl
CLEANFILES += $(XFSM_IDL_BUILT)

ovsdb-schema/xfsm-idl.ovsidl: $(XFSM_IDL_FILES)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(OVSDB_IDLC) annotate $(XFSM_IDL_FILES) > $@.tmp && mv $@.tmp $@
ovsdb-schema/xfsm-idl.c: ovsdb-schema/xfsm-idl.ovsidl
	$(AM_V_GEN)$(OVSDB_IDLC) c-idl-source $< > $@.tmp && mv $@.tmp $@
ovsdb-schema/xfsm-idl.h: ovsdb-schema/xfsm-idl.ovsidl
	$(AM_V_GEN)$(OVSDB_IDLC) c-idl-header $< > $@.tmp && mv $@.tmp $@

if HAVE_OVS
noinst_LTLIBRARIES += ovsdb-schema/libxfsmidl.la
BUILT_SOURCES += $(XFSM_IDL_BUILT)
endif
ovsdb_schema_libxfsmidl_la_SOURCES = \
	ovsdb-schema/ovs-compat.h \
	ovsdb-schema/sorted-rows.c \
	ovsdb-schema/sorted-rows.h
nodist_ovsdb_schema_libxfsmidl_la_SOURCES = \
	ovsdb-schema/xfsm-idl.c \
	ovsdb-schema/xfsm-idl.h
ovsdb_schema_libxfsmidl_la_CPPFLAGS = $(OVS_CPPFLAGS)
ovsdb_schema_libxfsmidl_la_CFLAGS = \
	$(OVS_CFLAGS) -Wno-missing-prototypes -Wno-unused-parameter

# The schema's checksum must follow its content: whoever changes the one
# changes "version" and "cksum" too.
if HAVE_OVS
ALL_LOCAL += ovsdb-schema/xfsm.ovsschema.stamp
endif
CLEANFILES += ovsdb-schema/xfsm.ovsschema.stamp
ovsdb-schema/xfsm.ovsschema.stamp: ovsdb-schema/xfsm.ovsschema
	$(AM_V_GEN)$(OVS_SRCDIR)/build-aux/cksum-schema-check \
	$(top_srcdir)/ovsdb-schema/xfsm.ovsschema $@

# xfsm-db(5), made from the documentation and the schema.
if HAVE_OVS
nodist_man_MANS += ovsdb-schema/xfsm-db.5
endif
CLEANFILES += ovsdb-schema/xfsm-db.5
ovsdb-schema/xfsm-db.5: ovsdb-schema/xfsm.xml ovsdb-schema/xfsm.ovsschema
	$(AM_V_GEN)$(OVSDB_RUN) $(OVS_SRCDIR)/ovsdb/ovsdb-doc \
	--version=$(VERSION) \
	$(top_srcdir)/ovsdb-schema/xfsm.ovsschema \
	$(top_srcdir)/ovsdb-schema/xfsm.xml > $@.tmp && mv $@.tmp $@

# The same for the database XFSM_Fleet: libxfsmfleetidl, and
# xfsm-fleet-db(5).
XFSM_FLEET_IDL_FILES = \
	$(top_srcdir)/ovsdb-schema/xfsm-fleet.ovsschema \
	$(top_srcdir)/ovsdb-schema/xfsm-fleet-idl.ann
XFSM_FLEET_IDL_BUILT = \
	ovsdb-schema/xfsm-fleet-idl.c \
	ovsdb-schema/xfsm-fleet-idl.h \
	ovsdb-schema/xfsm-fleet-idl.ovsidl
CLEANFILES += \
	$(XFSM_FLEET_IDL_BUILT) \
	ovsdb-schema/xfsm-fleet-db.5 \
	ovsdb-schema/xfsm-fleet.ovsschema.stamp

ovsdb-schema/xfsm-fleet-idl.ovsidl: $(XFSM_FLEET_IDL_FILES)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(OVSDB_IDLC) annotate $(XFSM_FLEET_IDL_FILES) > $@.tmp && mv $@.tmp $@
ovsdb-schema/xfsm-fleet-idl.c: ovsdb-schema/xfsm-fleet-idl.ovsidl
	$(AM_V_GEN)$(OVSDB_IDLC) c-idl-source $< > $@.tmp && mv $@.tmp $@
ovsdb-schema/xfsm-fleet-idl.h: ovsdb-schema/xfsm-fleet-idl.ovsidl
	$(AM_V_GEN)$(OVSDB_IDLC) c-idl-header $< > $@.tmp && mv $@.tmp $@

if HAVE_OVS
noinst_LTLIBRARIES += ovsdb-schema/libxfsmfleetidl.la
BUILT_SOURCES += $(XFSM_FLEET_IDL_BUILT)
ALL_LOCAL += ovsdb-schema/xfsm-fleet.ovsschema.stamp
nodist_man_MANS += ovsdb-schema/xfsm-fleet-db.5
endif
ovsdb_schema_libxfsmfleetidl_la_SOURCES = ovsdb-schema/ovs-compat.h
nodist_ovsdb_schema_libxfsmfleetidl_la_SOURCES = \
	ovsdb-schema/xfsm-fleet-idl.c \
	ovsdb-schema/xfsm-fleet-idl.h
ovsdb_schema_libxfsmfleetidl_la_CPPFLAGS = $(OVS_CPPFLAGS)
ovsdb_schema_libxfsmfleetidl_la_CFLAGS = \
	$(OVS_CFLAGS) -Wno-missing-prototypes -Wno-unused-parameter

ovsdb-schema/xfsm-fleet.ovsschema.stamp: ovsdb-schema/xfsm-fleet.ovsschema
	$(AM_V_GEN)$(OVS_SRCDIR)/build-aux/cksum-schema-check \
	$(top_srcdir)/ovsdb-schema/xfsm-fleet.ovsschema $@
ovsdb-schema/xfsm-fleet-db.5: ovsdb-schema/xfsm-fleet.xml \
		ovsdb-schema/xfsm-fleet.ovsschema
	$(AM_V_GEN)$(OVSDB_RUN) $(OVS_SRCDIR)/ovsdb/ovsdb-doc \
	--version=$(VERSION) \
	$(top_srcdir)/ovsdb-schema/xfsm-fleet.ovsschema \
	$(top_srcdir)/ovsdb-schema/xfsm-fleet.xml > $@.tmp && mv $@.tmp $@
