#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""The short form of bench-detect.py: programs on one small world.

Fails where precision or recall, over all of them, fall below the bounds: that
is, with one false alert or one attack that is missed."""

import os
import subprocess
import sys

TOP = os.environ.get('top_srcdir') or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'tests', 'golden'))
import golden                                               # noqa: E402

PROGRAMS = ('portscan,hostscan,slowscan,udpscan,udpsweep,arpscan,pingsweep,'
            'distscan,stealthscan,bruteforce,nxdomain,beacon,spambot,'
            'icmpflood,udpflood,synflood')
SEED = '1'
SECONDS = '1800'
SCALE = '0.1'
MIN_PRECISION = '1'
MIN_RECALL = '1'


def run(*options):
    return subprocess.run(
        [sys.executable, os.path.join(TOP, 'tests', 'bench',
                                      'bench-detect.py'),
         '--seeds', SEED, '--seconds', SECONDS, '--scale', SCALE,
         '--min-precision', MIN_PRECISION, '--min-recall', MIN_RECALL,
         '--verbose'] + list(options),
        env=dict(os.environ, XFSM_BUILD=golden.BUILD), capture_output=True,
        text=True, timeout=golden.HANG)


def test_bounds():
    """All these programs on all attacks."""
    result = run('--programs', PROGRAMS)
    golden.check(result.returncode == 0, 'status %d: %s%s',
                 result.returncode, result.stdout, result.stderr)
    golden.check('all scans' in result.stdout, 'no table: %s', result.stdout)


def test_shortfall():
    """A program that is made blind is told of."""
    result = run('--programs', 'hostscan', '--param',
                 'hostscan:max_hosts=100000')
    golden.check(result.returncode == 1 and 'fall short' in result.stdout,
                 'status %d: %s%s', result.returncode, result.stdout,
                 result.stderr)


def test_false():
    """So is one that takes honest hosts for attackers."""
    result = run('--programs', 'bruteforce', '--param',
                 'bruteforce:min_steps=1')
    golden.check(result.returncode == 1
                 and 'false alerts of bruteforce' in result.stdout,
                 'status %d: %s%s', result.returncode, result.stdout,
                 result.stderr)


def main():
    tap = golden.Tap()
    tap.test('precision and recall', test_bounds)
    tap.test('scans that are missed make it fail', test_shortfall)
    tap.test('false alerts make it fail', test_false)
    tap.finish()


if __name__ == '__main__':
    main()
