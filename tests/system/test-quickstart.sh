#!/bin/bash
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
#
# README's first command, as a newcomer runs it: it shows an alert and leaves
# nothing behind.  The same with --fleet.

set -u

top=$(cd "${top_srcdir:?}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if grep -q '^SANITIZER_FLAGS = -f' "${top_builddir:?}/Makefile"; then
    echo "SKIP: it makes a build of its own, without sanitizers"
    exit 77
fi

fail() {
    cat "$work/out"
    echo "FAILED: $*"
    exit 1
}

# Runs quickstart in BUILD with ARGUMENTS, as words, and checks that it prints
# each PATTERN and that nothing of it is left.
check() {
    local build=$work/$1
    shift
    local pattern place id
    # shellcheck disable=SC2086
    "$top/utilities/quickstart" --build "$build" $1 > "$work/out" 2>&1 ||
        fail "quickstart $1"
    for pattern in "${@:2}"; do
        grep -q -- "$pattern" "$work/out" ||
            fail "no \"$pattern\" in what quickstart $1 printed"
    done
    place=$(grep -om 1 '/tmp/xfsm-quickstart\.[A-Za-z0-9]*' "$work/out")
    if [ -z "$place" ] || [ -e "$place" ] || pgrep -f "$place" > /dev/null; then
        fail "quickstart $1 left something in $place"
    fi
    id=${place##*.}
    ! ip netns list | grep -- "-$id" ||
        fail "quickstart $1 left network namespaces"
}

# A build for another place is left alone.
mkdir "$work/build"
printf 'prefix = /usr/local\nall install:\n\tfalse\n' \
    > "$work/build/Makefile"
check build "" "this one is in $work/build/quickstart" \
    'xfsm-status=running' '"label":"alert"' 'port scan of' \
    'packets [1-9][0-9]*, dropped 0'
grep 'first alert' "$work/out"
begin=$(date +%s)
check build/quickstart --fleet '^3 ports on 3 of 3 hosts' \
    '^hv1: .* port scan of 10.77.0.2 by 10.77.0.1' \
    '^hv2: .* port scan of 10.77.0.2 by 10.77.0.1' \
    '^hv3: .*10.77.0.1 scans the fleet: 2 hosts see it' \
    '3 hosts, 3 of them well' 'Program widescan version 1: active' \
    'http://127.0.0.1:8080/.* token xfsm_'
echo "--fleet took $(($(date +%s) - begin)) s"
echo passed
