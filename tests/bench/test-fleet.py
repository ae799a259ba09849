#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""The short form of bench-fleet.py: it measures what it says, and no host and
no event is missing."""

import os
import subprocess
import sys

TOP = os.environ.get('top_srcdir') or os.path.dirname(os.path.dirname(
    os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'tests', 'system', 'lib'))
import hubtest                                              # noqa: E402
import xfsmtest                                             # noqa: E402
from xfsmtest import check                                  # noqa: E402

HOSTS = 4
EVENTS = 2000


def bench(*sections):
    """Returns the cells of the rows, without those of headers."""
    result = subprocess.run(
        [sys.executable, os.path.join(TOP, 'tests', 'bench',
                                      'bench-fleet.py'),
         '--hosts=%d' % HOSTS, '--probes=3', '--hubs=3',
         '--events=%d' % EVENTS, '--seconds=0.5', '--brokers=1'] +
        list(sections),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        universal_newlines=True, timeout=120 * xfsmtest.PATIENCE)
    check(result.returncode == 0, result.stdout + result.stderr)
    rows = [[c.strip() for c in line.strip('| ').split('|')]
            for line in result.stdout.splitlines() if line.startswith('|')]
    return [r for r in rows if any(c[:1].isdigit() for c in r)]


def test_hosts():
    rows = bench('idle', 'assign', 'storm')
    check(len(rows) == 6, str(rows))
    check([r[0] for r in rows] == ['0'] + 5 * [str(HOSTS)], str(rows))
    check(int(rows[1][4]) > int(rows[0][4]), 'files: %s' % rows)


def test_sinks():
    rows = bench('sinks')
    check(rows[0][0] == 'a file' and all(float(r[2]) > 0 for r in rows
                                         if r[2] != 'not there'), str(rows))


if __name__ == '__main__':
    hubtest.main(test_hosts, test_sinks)
