# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# XFSM_CHECK_OVS
#
# Finds, or builds, the Open vSwitch tree to link with.  Open vSwitch installs
# no libopenvswitch with its headers on Debian, so as OVN does, the build needs
# a source tree that is configured and built:
#
#   --with-ovs-source=DIR --with-ovs-build=DIR   such a tree (BUILD is SOURCE
#                                                unless built out of it)
#   (neither)        unpack the tarball of the package openvswitch-source and
#                    build it once, in the build folder
#   --with-ovs-cache=DIR   the same in DIR, shared by several build folders
#   --without-ovs    no Open vSwitch: the engine, its I/O and the tool 'xfsm'
#
# Sets the conditional HAVE_OVS, and OVS_SRCDIR, OVS_BUILDDIR, OVS_VERSION,
# OVS_FEATURES (-D flags, used by ovsdb-schema/ovs-compat.h) and
# OVS_DESCRIPTION.
AC_DEFUN([XFSM_CHECK_OVS],
  [AC_ARG_WITH([ovs],
     [AS_HELP_STRING([--without-ovs],
        [build the engine, its I/O and the xfsm tool only])],
     [], [with_ovs=yes])
   AC_ARG_WITH([ovs-source],
     [AS_HELP_STRING([--with-ovs-source=DIR],
        [Open vSwitch source tree, already built])],
     [], [with_ovs_source=])
   AC_ARG_WITH([ovs-build],
     [AS_HELP_STRING([--with-ovs-build=DIR],
        [build folder of that tree [the source tree]])],
     [], [with_ovs_build=])
   AC_ARG_WITH([ovs-tarball],
     [AS_HELP_STRING([--with-ovs-tarball=FILE],
        [tarball to build where no tree is given
         [/usr/src/openvswitch/openvswitch.tar.gz]])],
     [], [with_ovs_tarball=/usr/src/openvswitch/openvswitch.tar.gz])
   AC_ARG_WITH([ovs-cache],
     [AS_HELP_STRING([--with-ovs-cache=DIR],
        [keep the Open vSwitch built from the tarball in DIR
         [the build folder]])],
     [], [with_ovs_cache=])
   AC_ARG_VAR([OVS_JOBS], [parallel jobs to build Open vSwitch with])
   AM_CONDITIONAL([HAVE_OVS], [test "$with_ovs" != no])
   OVS_SRCDIR= OVS_BUILDDIR= OVS_VERSION= OVS_FEATURES=
   OVS_DESCRIPTION="none (--without-ovs)"
   AS_IF([test "$with_ovs" != no], [XFSM_FIND_OVS])
   AC_SUBST([OVS_SRCDIR])
   AC_SUBST([OVS_BUILDDIR])
   AC_SUBST([OVS_VERSION])
   AC_SUBST([OVS_FEATURES])])

AC_DEFUN([XFSM_FIND_OVS],
  [AS_IF([test -n "$with_ovs_source"],
     [AS_IF([test "$with_ovs_source" = yes || test "$with_ovs_source" = no],
        [AC_MSG_ERROR([--with-ovs-source needs a folder])])
      OVS_SRCDIR=$(cd "$with_ovs_source" 2>/dev/null && pwd)
      OVS_BUILDDIR=$(cd "${with_ovs_build:-$with_ovs_source}" 2>/dev/null &&
                     pwd)
      AS_IF([test ! -f "$OVS_SRCDIR/vswitchd/vswitch.ovsschema"],
        [AC_MSG_ERROR([$with_ovs_source is not an Open vSwitch source tree])])
      AS_IF([test ! -f "$OVS_BUILDDIR/config.h" ||
             test ! -f "$OVS_BUILDDIR/lib/libopenvswitch.la"],
        [AC_MSG_ERROR([
  ${with_ovs_build:-$with_ovs_source} holds no built Open vSwitch: run
      ./configure --prefix=/usr --localstatedir=/var --sysconfdir=/etc && make
  there first, or leave out --with-ovs-source to have it built.])])],
     [AS_IF([test -n "$with_ovs_build"],
        [AC_MSG_ERROR([--with-ovs-build needs --with-ovs-source too])])
      AS_IF([test ! -f "$with_ovs_tarball"],
        [AC_MSG_ERROR([
  No Open vSwitch source: $with_ovs_tarball does not exist.
  On Debian and Ubuntu:  apt-get install openvswitch-source
  Else use --with-ovs-source=DIR, or --without-ovs for the engine alone.])])
      AS_IF([test -z "$with_ovs_cache"], [with_ovs_cache=$(pwd)/ovs])
      ovs_tree_file=$(pwd)/conf-ovs-tree
      AC_MSG_NOTICE([Open vSwitch from $with_ovs_tarball, in $with_ovs_cache])
      AS_IF(["$srcdir/autogen/build-ovs" "$with_ovs_tarball" \
                 "$with_ovs_cache" "$ovs_tree_file"],
        [],
        [AC_MSG_ERROR([building Open vSwitch failed, see above])])
      OVS_SRCDIR=$(cat "$ovs_tree_file")
      OVS_BUILDDIR=$OVS_SRCDIR
      rm -f "$ovs_tree_file"])

   AC_MSG_CHECKING([the version of Open vSwitch])
   OVS_VERSION=$($SED -n ['s/^#define PACKAGE_VERSION "\(.*\)"/\1/p'] \
                     "$OVS_BUILDDIR/config.h")
   AC_MSG_RESULT([$OVS_VERSION])
   AS_CASE([$OVS_VERSION],
     [[[012].*|3.0.*|""]],
       [AC_MSG_ERROR([Open vSwitch 3.1 or later is needed])])
   OVS_DESCRIPTION="$OVS_VERSION in $OVS_BUILDDIR"
   AS_IF([! grep -q '^#define HAVE_OPENSSL 1' "$OVS_BUILDDIR/config.h"],
     [AC_MSG_WARN([this Open vSwitch has no SSL: ssl: remotes will not work (Debian: libssl-dev when it is built)])])
   AS_IF([! grep -q 'lcap-ng' "$OVS_BUILDDIR/lib/libopenvswitch.la"],
     [AC_MSG_WARN([this Open vSwitch has no libcap-ng: --user will not work (Debian: libcap-ng-dev when it is built)])])
   XFSM_CHECK_OVS_FEATURES])

# XFSM_CHECK_OVS_FEATURE([HEADER], [REGEX], [NAME])
#
# Defines NAME where a line of Open vSwitch's HEADER matches REGEX.
AC_DEFUN([XFSM_CHECK_OVS_FEATURE],
  [AC_MSG_CHECKING([for $3 in $1])
   AS_IF([grep -q '$2' "$OVS_SRCDIR/$1"],
     [AC_MSG_RESULT([yes])
      OVS_FEATURES="$OVS_FEATURES -D$3=1"],
     [AC_MSG_RESULT([no])])])

# What differs between Open vSwitch 3.1 and current, told by its headers.
AC_DEFUN([XFSM_CHECK_OVS_FEATURES],
  [XFSM_CHECK_OVS_FEATURE([lib/daemon.h],
     [daemonize_start(bool.*bool], [OVS_DAEMONIZE_START_HW])
   XFSM_CHECK_OVS_FEATURE([include/openvswitch/json.h],
     [json_array_at(], [OVS_JSON_ARRAY_AT])])
