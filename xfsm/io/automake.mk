# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# libxfsmio: packet sources and event sinks.  May use xfsm/, libpcap and
# libzmq, never Open vSwitch.  Add new files to the list.

noinst_LTLIBRARIES += xfsm/io/libxfsmio.la
xfsm_io_libxfsmio_la_CPPFLAGS = \
	$(AM_CPPFLAGS) \
	$(LIBPCAP_CFLAGS) \
	$(LIBZMQ_CFLAGS)
xfsm_io_libxfsmio_la_SOURCES = \
	xfsm/io/capture.c \
	xfsm/io/capture.h \
	xfsm/io/clock.h \
	xfsm/io/event-decode.c \
	xfsm/io/event-decode.h \
	xfsm/io/file-sink.c \
	xfsm/io/file-sink.h \
	xfsm/io/follow-queue.c \
	xfsm/io/follow-queue.h \
	xfsm/io/follow.c \
	xfsm/io/follow.h \
	xfsm/io/gap.c \
	xfsm/io/gap.h \
	xfsm/io/pcap-reader.c \
	xfsm/io/pcap-reader.h \
	xfsm/io/journal.c \
	xfsm/io/journal.h \
	xfsm/io/keys.c \
	xfsm/io/keys.h \
	xfsm/io/event-batch.c \
	xfsm/io/event-batch.h \
	xfsm/io/message-decode.c \
	xfsm/io/message-decode.h \
	xfsm/io/render.c \
	xfsm/io/render.h \
	xfsm/io/replay-client.c \
	xfsm/io/replay-client.h \
	xfsm/io/subscriber.c \
	xfsm/io/subscriber.h \
	xfsm/io/zmq-pub.c \
	xfsm/io/zmq-pub.h \
	xfsm/io/zmq-socket.c \
	xfsm/io/zmq-socket.h \
	xfsm/io/zmq-sub.c \
	xfsm/io/zmq-sub.h

# libxfsmcbor: apart, so that only who uses it is linked with libcbor.
noinst_LTLIBRARIES += xfsm/io/libxfsmcbor.la
xfsm_io_libxfsmcbor_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBCBOR_CFLAGS)
xfsm_io_libxfsmcbor_la_SOURCES = \
	xfsm/io/event-cbor.c \
	xfsm/io/event-cbor.h

# libxfsmsyslog: the same for OpenSSL.
noinst_LTLIBRARIES += xfsm/io/libxfsmsyslog.la
xfsm_io_libxfsmsyslog_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBSSL_CFLAGS)
xfsm_io_libxfsmsyslog_la_SOURCES = \
	xfsm/io/syslog-flight.c \
	xfsm/io/syslog-flight.h \
	xfsm/io/syslog.c \
	xfsm/io/syslog.h \
	xfsm/io/tls-stream.c \
	xfsm/io/tls-stream.h

# libxfsmcage: the same for libseccomp.
noinst_LTLIBRARIES += xfsm/io/libxfsmcage.la
xfsm_io_libxfsmcage_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBSECCOMP_CFLAGS)
xfsm_io_libxfsmcage_la_SOURCES = \
	xfsm/io/cage-syscalls.c \
	xfsm/io/cage-syscalls.h

# libxfsmsignature: the same for OpenSSL.
noinst_LTLIBRARIES += xfsm/io/libxfsmsignature.la
xfsm_io_libxfsmsignature_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBSSL_CFLAGS)
xfsm_io_libxfsmsignature_la_SOURCES = \
	xfsm/io/releases.c \
	xfsm/io/releases.h \
	xfsm/io/signature.c \
	xfsm/io/signature.h

# libxfsm-subscriber, installed for programs of others with its one header:
# what it takes to receive events, on libzmq alone.
lib_LTLIBRARIES += xfsm/io/libxfsm-subscriber.la
xfsm_io_libxfsm_subscriber_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBZMQ_CFLAGS)
xfsm_io_libxfsm_subscriber_la_LIBADD = $(LIBZMQ_LIBS)
xfsm_io_libxfsm_subscriber_la_SOURCES = \
	xfsm/base/error.c \
	xfsm/base/hash.c \
	xfsm/io/event-decode.c \
	xfsm/io/follow-queue.c \
	xfsm/io/follow.c \
	xfsm/io/gap.c \
	xfsm/io/keys.c \
	xfsm/io/replay-client.c \
	xfsm/io/subscriber.c \
	xfsm/io/zmq-socket.c \
	xfsm/io/zmq-sub.c
xfsmincludedir = $(includedir)/ovs-xfsm
xfsminclude_HEADERS = xfsm/io/subscriber.h
pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = xfsm/io/ovs-xfsm-subscriber.pc
CLEANFILES += xfsm/io/ovs-xfsm-subscriber.pc
EXTRA_DIST += xfsm/io/ovs-xfsm-subscriber.pc.in

# Schema of events.
dist_pkgdata_DATA += xfsm/io/event.schema.json
