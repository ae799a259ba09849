#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""Sums up test results.

Usage: count-results.py [--broken N] DIR...

Reads the result files (NAME.trs) that automake's test driver left under each
build folder DIR, names what failed or was skipped, and prints, as the last
line, "N passed, N failed, N skipped".  Exits 1 if anything failed.

A program that says itself how many tests it ran counts as that many: cmocka's
summary lines, or TAP ("ok", "not ok", "ok ... # SKIP") in its log.  Any other
counts as one.  A program that failed counts at least one failure, whatever
its log says: it may have crashed before it could say so.  --broken adds
failures that no result file tells of, such as a build that failed.
"""

import argparse
import os
import re
import sys

TAP = re.compile(r'^(not )?ok\b(?P<rest>.*)$', re.MULTILINE)
CMOCKA = re.compile(r'^\[\s*(PASSED|FAILED|SKIPPED)\s*\]\s+(\d+) test\(s\)',
                    re.MULTILINE)
# Lines printed of the log of a failed program.
LOG_LINES = 30

RESULT = re.compile(r'^:test-result:\s*(\S+)', re.MULTILINE)


def count_log(text):
    """Returns (passed, failed, skipped) as a log tells, or None."""
    summary = CMOCKA.findall(text)
    if summary:
        count = {'PASSED': 0, 'FAILED': 0, 'SKIPPED': 0}
        for kind, n in summary:
            count[kind] += int(n)
        return count['PASSED'], count['FAILED'], count['SKIPPED']

    passed = failed = skipped = 0
    for match in TAP.finditer(text):
        if match.group(1):
            failed += 1
        elif re.search(r'#\s*SKIP', match.group('rest'), re.IGNORECASE):
            skipped += 1
        else:
            passed += 1
    return (passed, failed, skipped) if passed + failed + skipped else None


def count_program(result, text):
    """Returns the counts of one program, from automake's result for it and
    its log."""
    counts = count_log(text)
    if result in ('SKIP',):
        return counts if counts and not counts[1] else (0, 0, 1)
    if result in ('PASS', 'XFAIL'):
        return counts if counts else (1, 0, 0)
    if not counts:
        return (0, 1, 0)
    return (counts[0], max(counts[1], 1), counts[2])


def read(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as stream:
            return stream.read()
    except FileNotFoundError:
        return ''


def find_results(top):
    for folder, _, files in sorted(os.walk(top)):
        for name in sorted(files):
            if name.endswith('.trs'):
                yield os.path.join(folder, name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--broken', type=int, default=0)
    parser.add_argument('dirs', nargs='+')
    args = parser.parse_args()

    total = [0, args.broken, 0]
    programs = 0
    for top in args.dirs:
        for trs in find_results(top):
            match = RESULT.search(read(trs))
            log = trs[:-len('.trs')] + '.log'
            counts = count_program(match.group(1) if match else 'ERROR',
                                   read(log))
            programs += 1
            total = [a + b for a, b in zip(total, counts)]
            if counts[1]:
                print('FAILED  %s, its end:' % log)
                for line in read(log).rstrip('\n').split('\n')[-LOG_LINES:]:
                    print('    ' + line)
            elif counts[2]:
                print('skipped %s (%d)' % (log, counts[2]))
    if not programs and not total[1]:
        print('no test was run')
        total[1] = 1
    print('%d passed, %d failed, %d skipped' % tuple(total))
    return 1 if total[1] else 0


if __name__ == '__main__':
    sys.exit(main())
