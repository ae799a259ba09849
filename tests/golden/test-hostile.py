#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""Malformed captures through all programs of the library and the original.

Whatever the file: exit status 0, or 2 with a line that names the file and what
was wrong; within 5 seconds of processor time.  For the files in hostile.tsv,
exactly what it says.
"""

import os

import golden
from golden import Skipped, check

# In a build with sanitizers too.
CPU_MAX = 5.0

# Programs of one engine.
PROGRAMS_MAX = 32


def read_table():
    path = os.path.join(golden.HERE, 'hostile.tsv')
    with open(path, encoding='utf-8') as stream:
        rows = [line.rstrip('\n').split('\t') for line in stream
                if not line.startswith('#')]
    return {row[0]: row for row in rows[1:]}


def all_programs():
    """All programs, in lists as long as one run can take."""
    programs = golden.library() + golden.shared_files('programs', '*.xml')
    return [programs[i:i + PROGRAMS_MAX]
            for i in range(0, len(programs), PROGRAMS_MAX)]


def test_survives(path):
    """All programs come through it."""
    for programs in all_programs():
        check_run(path, golden.run_programs(programs, path).expect(0, 2))


def check_run(path, run):
    check(run.cpu < CPU_MAX, '%.1f seconds', run.cpu)
    run.events()
    # Warnings about programs do not count: --quiet leaves them out.
    lines = run.err.splitlines()
    if run.status == 0:
        check(not lines, 'status 0, but: %s', run.err)
        return
    check(len(lines) == 1, 'one line of reason, not: %s', run.err)
    before, name, reason = lines[0].partition(path + ': ')
    check(before == 'xfsm run: ' and name and len(reason) > 10,
          'no file and reason: %s', run.err)


def test_exactly(path, row):
    """The status, alerts and message of the table."""
    _, status, number, message = row
    run = golden.run_programs(golden.library(), path).expect(int(status))
    found = golden.alerts(run.events())
    check(len(found) == int(number), '%d alerts instead of %s', len(found),
          number)
    for event in found:
        check(event['key'] == {'ip_src': '10.100.25.14',
                               'ip_dst': '10.100.18.12'},
              'of other hosts: %s', event['key'])
    check(message in run.err, 'no "%s" in: %s', message, run.err)


def test_table(paths, table):
    """Each row of the table is about a file that there is."""
    missing = set(table) - {os.path.basename(path) for path in paths}
    check(not missing, 'missing: %s', ' '.join(sorted(missing)))


def skip():
    raise Skipped('no shared data: set XFSM_SHARED_DATA')


def main():
    tap = golden.Tap()
    paths = golden.shared_files('hostile', '*')
    if not paths:
        tap.test('malformed captures', skip)
        tap.finish()
    table = read_table()
    tap.test('hostile.tsv', test_table, paths, table)
    for path in paths:
        name = os.path.basename(path)
        tap.test('survives ' + name, test_survives, path)
        if name in table:
            tap.test('exactly ' + name, test_exactly, path, table[name])
    tap.finish()


if __name__ == '__main__':
    main()
