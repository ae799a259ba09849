#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""Which program fires on which shared capture, and is it right?

Usage: capture-table.py MANIFEST.tsv

Prints the table of tests/bench/RESULTS-detect.md from alerts.tsv, which
test-programs.py holds against what the programs say, from truth.tsv, which
says who is right, and from the manifest of the captures:

    right   programs that alert, and should
    wrong   programs that alert, and should not: on a harmless capture, any
    found   whether one was right

Precision is of alerting programs on a capture, recall of captures with an
attack.  A program counts once for a capture."""

import collections
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def read_table(path):
    with open(path, encoding='utf-8') as stream:
        rows = [line.rstrip('\n').split('\t') for line in stream
                if line.strip() and not line.startswith('#')]
    return [dict(zip(rows[0], row)) for row in rows[1:]]


def read_truth():
    """By capture, the programs that are right on it, and what is wrong."""
    return {row['capture']: (row['programs'].split(), row['what'])
            for row in read_table(os.path.join(HERE, 'truth.tsv'))}


class Count:
    def __init__(self):
        self.harmless = self.attacks = self.found = 0
        self.right = self.wrong = 0

    def row(self, name):
        alerts = self.right + self.wrong
        return '| %s | %d | %d | %d | %d | %d | %s | %s |' % (
            name, self.harmless, self.attacks, self.found, self.right,
            self.wrong, '%.3f' % (self.right / alerts) if alerts else '-',
            '%.3f' % (self.found / self.attacks) if self.attacks else '-')


def count(counts, capture, attack, right, wrong):
    for name in (capture['class'], 'all'):
        c = counts[name]
        c.attacks += attack
        c.harmless += not attack
        c.found += bool(right)
        c.right += len(right)
        c.wrong += len(wrong)


def make_table(manifest):
    truth = read_truth()
    alerts = collections.defaultdict(list)
    for row in read_table(os.path.join(HERE, 'alerts.tsv')):
        if row['program'] not in alerts[row['capture']]:
            alerts[row['capture']].append(row['program'])
    counts = collections.defaultdict(Count)
    lines = ['| capture | what | right | wrong | found |',
             '| --- | --- | --- | --- | --- |']
    for capture in read_table(manifest):
        name = capture['file']
        if capture['folder'] != 'captures':
            continue
        programs, what = truth.get(name, ([], 'harmless'))
        right = [p for p in alerts[name] if p in programs]
        wrong = [p for p in alerts[name] if p not in programs]
        count(counts, capture, name in truth, right, wrong)
        if name in truth or wrong:
            lines.append('| `%s` | %s | %s | %s | %s |' % (
                name, what, ' '.join(right), ' '.join(wrong),
                '' if name not in truth else 'yes' if right else '**no**'))
    lines += ['', '| class | harmless | attacks | found | right | wrong '
              '| precision | recall |',
              '| --- | --- | --- | --- | --- | --- | --- | --- |']
    for name in sorted(counts, key=lambda name: (name == 'all', name)):
        lines.append(counts[name].row(name))
    return '\n'.join(lines) + '\n'


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    print(make_table(sys.argv[1]), end='')


if __name__ == '__main__':
    main()
