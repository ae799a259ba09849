#!/bin/bash
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
#
# README's first command, as a newcomer runs it: it shows an alert and leaves
# nothing behind.

set -u

top=$(cd "${top_srcdir:?}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if grep -q '^SANITIZER_FLAGS = -f' "${top_builddir:?}/Makefile"; then
    echo "SKIP: it makes a build of its own, without sanitizers"
    exit 77
fi
if ! "$top/utilities/quickstart" --build "$work/build" > "$work/out" 2>&1
then
    cat "$work/out"
    exit 1
fi
for pattern in 'xfsm-status=running' '"label":"alert"' 'port scan of' \
               'packets [1-9][0-9]*, dropped 0'; do
    if ! grep -q "$pattern" "$work/out"; then
        cat "$work/out"
        echo "FAILED: no \"$pattern\" in what quickstart printed"
        exit 1
    fi
done
run=$(sed -n 's/^ *export OVS_RUNDIR=\([^ ]*\).*/\1/p' "$work/out")
if [ -z "$run" ] || [ -e "$run" ] || pgrep -f "$run" > /dev/null; then
    echo "FAILED: quickstart left something in $run"
    exit 1
fi
id=$(basename "$(dirname "$run")")
if ip netns list | grep "${id##*.}"; then
    echo "FAILED: quickstart left network namespaces"
    exit 1
fi
grep 'first alert' "$work/out"
echo passed
