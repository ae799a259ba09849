#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""Precision and recall of the library of programs on labelled traffic.

Usage: bench-detect.py [--seeds N,N...] [--seconds N] [--scale X]
                       [--programs NAME,NAME...] [--verbose]
                       [--param PROGRAM:NAME=VALUE]...
                       [--min-precision X] [--min-recall X]

Runs tests/bench/make-world for each seed and "xfsm run" with the programs on
what it writes, and compares alerts with labels:

    true     alerts of an attacker that the labels name for this program
    false    other alerts
    attacks  those that the program must tell of, and "missed" of them
    median   time from the attack's first packet to the alert, in seconds

An attacker that makes several alerts of one program counts once, honest hosts
each time.  An alert counts while the attack lasts and GRACE seconds after.
Every attack has one program that must tell of it; others may.

The tools are looked for in the directory of XFSM_BUILD, or the present one.
With bounds for precision and recall the exit status is 1 where the programs,
all together, fall short.
"""

import argparse
import collections
import datetime
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get('XFSM_BUILD', '.')
EPOCH = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
GRACE = 120.0
SCANS = ('portscan', 'hostscan', 'slowscan', 'udpscan', 'udpsweep', 'arpscan',
         'pingsweep', 'distscan', 'stealthscan')


class Alert:
    def __init__(self, event):
        stamp = datetime.datetime.fromisoformat(
            event['time'][:26].rstrip('Z') + '+00:00')
        self.time = (stamp - EPOCH).total_seconds()
        self.program = event['program']
        self.key = {name: str(value) for name, value in event['key'].items()}
        self.text = event['text']

    def meets(self, target):
        program, fields = target.split(':', 1)
        return program == self.program and all(
            self.key.get(name) == value for name, value in
            (field.split('=') for field in fields.split(',')))


class Attack:
    def __init__(self, line):
        self.kind, start, end, self.must, may = line.rstrip('\n').split('\t')
        self.start, self.end = float(start), float(end)
        self.program = self.must.split(':')[0]
        self.targets = [self.must] + may.split()
        self.found = None

    def explains(self, alert):
        return (self.start <= alert.time <= self.end + GRACE
                and any(alert.meets(target) for target in self.targets))


class Score:
    """Of a program, or of several."""

    def __init__(self):
        self.true = self.false = self.attacks = 0
        self.delays = []

    def add(self, other):
        self.true += other.true
        self.false += other.false
        self.attacks += other.attacks
        self.delays += other.delays

    def precision(self):
        alerts = self.true + self.false
        return self.true / alerts if alerts else 1.0

    def recall(self):
        return len(self.delays) / self.attacks if self.attacks else 1.0

    def row(self, name):
        delay = ('%.2f' % statistics.median(self.delays) if self.delays
                 else '-')
        return '%-14s %6d %6d %8d %7d %10.3f %7.3f %8s' % (
            name, self.true, self.false, self.attacks,
            self.attacks - len(self.delays), self.precision(), self.recall(),
            delay)


HEAD = '%-14s %6s %6s %8s %7s %10s %7s %8s' % (
    'program', 'true', 'false', 'attacks', 'missed', 'precision', 'recall',
    'median s')


def library(names):
    paths = sorted(glob.glob(os.path.join(TOP, 'utilities/programs/*.xml')))
    return [path for path in paths
            if not names or os.path.basename(path)[:-4] in names]


def run_world(seed, arguments):
    """Attacks, alerts and the roles of addresses of a seed."""
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([os.path.join(BUILD, 'tests/bench/make-world'),
                        str(seed), str(arguments.seconds),
                        str(arguments.scale), directory], check=True)
        run = subprocess.run(
            [os.path.join(BUILD, 'utilities/xfsm'), 'run', '--quiet',
             '--label', 'alert', '--pcap',
             os.path.join(directory, 'traffic.pcap')]
            + ['--param=' + param for param in arguments.param]
            + library(arguments.programs), stdout=subprocess.PIPE, text=True,
            check=True)
        with open(os.path.join(directory, 'labels.tsv')) as stream:
            attacks = [Attack(line) for line in stream]
        with open(os.path.join(directory, 'roles.tsv')) as stream:
            roles = dict(line.rstrip('\n').split('\t') for line in stream)
    return attacks, [Alert(json.loads(line))
                     for line in run.stdout.splitlines()], roles


def role_of(alert, roles):
    """What an alert of no attack is about."""
    for name in ('ip_src', 'ip_dst'):
        if alert.key.get(name) in roles:
            return roles[alert.key[name]]
    if 'arp_sha' in alert.key:
        return 'neighbour'
    return 'other'


def judge(seed, arguments, scores, false_roles):
    attacks, alerts, roles = run_world(seed, arguments)
    told = set()
    for alert in alerts:
        score = scores[alert.program]
        guilty = [attack for attack in attacks if attack.explains(alert)]
        if not guilty:
            score.false += 1
            role = role_of(alert, roles)
            false_roles[alert.program, role] += 1
            if arguments.verbose:
                print('seed %d: false: %.3f %s (%s): %s' % (
                    seed, alert.time, alert.program, role, alert.text))
        for attack in guilty:
            if (attack.must, alert.program) not in told:
                told.add((attack.must, alert.program))
                score.true += 1
            if attack.found is None and alert.meets(attack.must):
                attack.found = alert.time - attack.start
    for attack in attacks:
        if arguments.programs and attack.program not in arguments.programs:
            continue
        score = scores[attack.program]
        score.attacks += 1
        if attack.found is not None:
            score.delays.append(attack.found)
        elif arguments.verbose:
            print('seed %d: missed: %s, %.1f to %.1f: %s' % (
                seed, attack.kind, attack.start, attack.end, attack.must))


def words(text):
    return text.split(',')


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument('--seeds', type=words, default=['1', '2', '3'])
    parser.add_argument('--seconds', type=float, default=3600)
    parser.add_argument('--scale', type=float, default=1)
    parser.add_argument('--programs', type=words, default=[])
    parser.add_argument('--param', action='append', default=[])
    parser.add_argument('--verbose', action='store_true')
    parser.add_argument('--min-precision', type=float, default=0)
    parser.add_argument('--min-recall', type=float, default=0)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    scores = collections.defaultdict(Score)
    false_roles = collections.Counter()
    for seed in arguments.seeds:
        judge(int(seed), arguments, scores, false_roles)
    total = Score()
    print(HEAD)
    for name in SCANS:
        if name in scores:
            total.add(scores[name])
            print(scores[name].row(name))
    print(total.row('all scans'))
    for name in sorted(set(scores) - set(SCANS)):
        total.add(scores[name])
        print(scores[name].row(name))
    print(total.row('all'))
    for (program, role), number in sorted(false_roles.items()):
        print('false alerts of %s about %s: %d' % (program, role, number))
    if (total.precision() < arguments.min_precision
            or total.recall() < arguments.min_recall):
        print('bench-detect: they fall short of precision %g or recall '
              '%g' % (arguments.min_precision, arguments.min_recall))
        sys.exit(1)


if __name__ == '__main__':
    main()
