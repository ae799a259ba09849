#!/bin/sh
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
#
# Makes ./configure in a fresh checkout.  Needs autoconf, automake, libtool and
# pkg-config.

set -e
cd "$(dirname "$0")/.."

missing=
for need in autoreconf:autoconf automake:automake libtoolize:libtool \
            pkg-config:pkg-config; do
    command -v "${need%%:*}" >/dev/null || missing="$missing ${need#*:}"
done
if test -n "$missing"; then
    echo >&2 "boot.sh: missing. Debian: apt-get install$missing"
    exit 1
fi

mkdir -p build-aux
exec autoreconf --install --force
