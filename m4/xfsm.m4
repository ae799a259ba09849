# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

# XFSM_CHECK_PACKAGE([VARIABLE], [MODULE], [APT-PACKAGE])
#
# Sets VARIABLE_CFLAGS and VARIABLE_LIBS from pkg-config, or stops and names
# the package to install.
AC_DEFUN([XFSM_CHECK_PACKAGE],
  [PKG_CHECK_MODULES([$1], [$2], [],
     [AC_MSG_ERROR([
  $2 is missing.
  On Debian and Ubuntu:  apt-get install $3])])])

# XFSM_CHECK_OPTIONAL([VARIABLE], [MODULE], [APT-PACKAGE], [WHAT])
#
# The same, but only says that WHAT is left out.  Sets have_VARIABLE and the
# conditional HAVE_VARIABLE.
AC_DEFUN([XFSM_CHECK_OPTIONAL],
  [PKG_CHECK_MODULES([$1], [$2], [have_$1=yes],
     [have_$1=no
      AC_MSG_WARN([
  $2 is missing: built without $4.
  On Debian and Ubuntu:  apt-get install $3])])
   AM_CONDITIONAL([HAVE_$1], [test "$have_$1" = yes])])

# XFSM_OPTIONS
#
# --enable-Werror and --enable-sanitizers.
AC_DEFUN([XFSM_OPTIONS],
  [AC_ARG_ENABLE([Werror],
     [AS_HELP_STRING([--enable-Werror], [turn warnings into errors])],
     [], [enable_Werror=no])
   AC_ARG_ENABLE([sanitizers],
     [AS_HELP_STRING([--enable-sanitizers],
        [build our code (not Open vSwitch) with AddressSanitizer and
         UndefinedBehaviorSanitizer, every finding fatal])],
     [], [enable_sanitizers=no])
   SANITIZER_FLAGS=
   AS_IF([test "$enable_sanitizers" = yes],
     [SANITIZER_FLAGS="-fsanitize=address,undefined dnl
-fno-sanitize-recover=all -fno-omit-frame-pointer"
      AC_MSG_CHECKING([whether $CC can link with sanitizers])
      save_CFLAGS=$CFLAGS
      CFLAGS="$CFLAGS $SANITIZER_FLAGS"
      AC_LINK_IFELSE([AC_LANG_PROGRAM()],
        [AC_MSG_RESULT([yes])],
        [AC_MSG_RESULT([no])
         AC_MSG_ERROR([--enable-sanitizers: the compiler's libasan and libubsan are missing])])
      CFLAGS=$save_CFLAGS])
   AC_SUBST([SANITIZER_FLAGS])
   AM_CONDITIONAL([SANITIZERS], [test "$enable_sanitizers" = yes])])

# XFSM_CHECK_FLAG([FLAG], [VARIABLE])
#
# Appends FLAG to VARIABLE where the compiler takes it.
AC_DEFUN([XFSM_CHECK_FLAG],
  [AC_MSG_CHECKING([whether $CC accepts $1])
   save_CFLAGS=$CFLAGS
   CFLAGS="$CFLAGS -Werror $1"
   AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
     [AC_MSG_RESULT([yes])
      $2="$$2 $1"],
     [AC_MSG_RESULT([no])])
   CFLAGS=$save_CFLAGS])

# XFSM_CHECK_WARNINGS
#
# WARN_CFLAGS for our own code, OVS_WARN_CFLAGS for code that includes
# headers of Open vSwitch, which are not clean under the full set.
AC_DEFUN([XFSM_CHECK_WARNINGS],
  [OVS_WARN_CFLAGS=
   m4_foreach_w([flag],
     [-Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes
      -Wpointer-arith],
     [XFSM_CHECK_FLAG(flag, [OVS_WARN_CFLAGS])
])
   WARN_CFLAGS=$OVS_WARN_CFLAGS
   XFSM_CHECK_FLAG([-Wshadow], [WARN_CFLAGS])
   XFSM_CHECK_FLAG([-Wcast-qual], [WARN_CFLAGS])
   XFSM_CHECK_FLAG([-Wno-sign-compare], [OVS_WARN_CFLAGS])
   werror_note="reported"
   AS_IF([test "$enable_Werror" = yes],
     [WARN_CFLAGS="$WARN_CFLAGS -Werror"
      OVS_WARN_CFLAGS="$OVS_WARN_CFLAGS -Werror"
      werror_note="fatal (--enable-Werror)"])
   AC_SUBST([WARN_CFLAGS])
   AC_SUBST([OVS_WARN_CFLAGS])])
