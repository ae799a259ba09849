#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""Programs on captures give exactly the events they should.

Usage: test-programs.py [--update] [CASE...]

Cases are in cases.ini, which says how to read it; alerts of the library on
shared captures in alerts.tsv.  --update rewrites expected/*.jsonl with what
the programs say now, of the cases that hold otherwise: read the difference
before you commit it.
"""

import configparser
import functools
import os
import subprocess
import sys
import xml.etree.ElementTree

import golden
from golden import Failed, Run, Skipped, check

# Programs that report no attack.
NO_ATTACK = ('elephant.xml', 'p2p.xml', 'toptalkers.xml', 'vmreport.xml')

# A secret other than the default.
SEED = '00112233445566778899aabbccddeeff'


class Case:
    """A section of cases.ini."""

    def __init__(self, name, section, generated):
        self.name = name
        self.section = section
        self.generated = generated
        for required in ('events', 'why'):
            if required not in section:
                raise SystemExit('cases.ini: [%s] lacks "%s"'
                                 % (name, required))

    def programs(self):
        """Lists of program files: one list for each run."""
        names = self.section['programs'].split()
        if names == ['original']:
            return [[path] for path in golden.shared_files('programs',
                                                           '*.xml')
                    if os.path.basename(path)[:-len('.xml')]
                    not in self.section.get('but', '').split()]
        return [[path for name in names
                 for path in golden.find_program(name)]]

    def captures(self):
        for capture in self.section['captures'].split():
            if capture.startswith('shared:'):
                yield golden.shared(capture[len('shared:'):])
            else:
                yield os.path.join(self.generated, capture + '.pcap')

    @functools.cached_property
    def events(self):
        """The events of all runs, one after the other."""
        return self.run()

    def run(self, *options):
        """The same, run anew."""
        options = self.section.get('options', '').split() + list(options)
        events = []
        for capture in self.captures():
            for programs in self.programs():
                run = golden.run_programs(programs, capture, options)
                events += run.expect(0).events()
        return events

    def check_facts(self):
        """What was worked out without running anything."""
        events = self.events
        number = int(self.section['events'])
        check(len(events) == number, '%d events instead of %d: %s',
              len(events), number, self.section['why'])
        for place, event in (('first', 0), ('last', -1)):
            if place in self.section:
                found = golden.brief(events[event])
                check(found == self.section[place],
                      'the %s event\n  is  %s\n  not %s', place, found,
                      self.section[place])

    def test(self):
        self.check_facts()
        if self.events:
            golden.compare_expected(self.name, self.events)

    def test_seed(self):
        """Another secret gives the same alerts."""
        check(golden.alerts(self.events)
              == golden.alerts(self.run('--seed', SEED)),
              'other alerts with another seed')

    def test_stdin(self):
        """A pipe, which cuts packets into other batches, gives the same
        events."""
        events = []
        for capture in self.captures():
            options = ['--port', os.path.basename(capture)]
            options += self.section.get('options', '').split()
            with open(capture, 'rb') as stream:
                content = stream.read()
            for programs in self.programs():
                events += golden.run_programs(
                    programs, '-', options, content).expect(0).events()
        check(events == self.events, 'other events from a pipe')

    def update(self):
        self.check_facts()
        if self.events:
            golden.write_expected(self.name, self.events)


def read_cases(generated):
    parser = configparser.ConfigParser(interpolation=None)
    with open(os.path.join(golden.HERE, 'cases.ini'),
              encoding='utf-8') as stream:
        parser.read_file(stream)
    return [Case(name, parser[name], generated)
            for name in parser.sections()]


def test_no_leftover(cases):
    """Each file of expected events belongs to a case."""
    names = {case.name + '.jsonl' for case in cases
             if case.section['events'] != '0'}
    found = set(os.listdir(os.path.join(golden.HERE, 'expected')))
    check(found == names, 'expected/: %s', ' '.join(sorted(found ^ names)))


# The library on shared captures.

def read_table(path):
    with open(path, encoding='utf-8') as stream:
        rows = [line.rstrip('\n').split('\t') for line in stream
                if line.strip() and not line.startswith('#')]
    return [dict(zip(rows[0], row)) for row in rows[1:]]


def read_manifest():
    return {row['file']: row
            for row in read_table(golden.shared('MANIFEST.tsv'))
            if row['folder'] == 'captures'}


def is_harmless(row):
    truth = row['content_ground_truth']
    return (row['class'] == 'benign' or 'BENIGN' in truth
            or 'negative' in truth)


def alert_line(event):
    key = ' '.join('%s=%s' % item for item in event['key'].items())
    return '%s %s %s' % (event['time'][11:26], event['program'], key)


def test_table(table):
    """The table of alerts agrees with the manifest's ground truth."""
    manifest = read_manifest()
    for row in table:
        check(row['capture'] in manifest, 'alerts.tsv: %s is no capture',
              row['capture'])
        truth = manifest[row['capture']]
        check(not is_harmless(truth), '%s is harmless: %s', row['capture'],
              truth['content_ground_truth'])
        check(truth['class'] == row['class'], '%s is of class %s',
              row['capture'], truth['class'])
        for item in row['key'].split():
            name, value = item.split('=')
            if name in ('ip_src', 'ip_dst', 'arp_sha'):
                check(value in truth['content_ground_truth'],
                      '%s: %s is not in: %s', row['capture'], value,
                      truth['content_ground_truth'])


def test_truth():
    """The table in RESULTS-detect.md says what the other tables do, and each
    capture that is said to have an attack is not harmless."""
    manifest = read_manifest()
    for row in read_table(os.path.join(golden.HERE, 'truth.tsv')):
        check(row['capture'] in manifest, 'truth.tsv: %s is no capture',
              row['capture'])
        check(manifest[row['capture']]['class'] not in ('benign', 'encap'),
              'truth.tsv: %s is harmless', row['capture'])
    made = subprocess.run(
        [sys.executable, os.path.join(golden.HERE, 'capture-table.py'),
         golden.shared('MANIFEST.tsv')], capture_output=True, text=True,
        check=True).stdout
    with open(os.path.join(golden.TOP, 'tests', 'bench',
                           'RESULTS-detect.md'), encoding='utf-8') as stream:
        check(made in stream.read(), 'RESULTS-detect.md lacks the table of '
              'capture-table.py:\n%s', made)


@functools.lru_cache(maxsize=None)
def capture_alerts(path):
    """Alerts of the library on a capture."""
    run = golden.run_programs(golden.library(), path)
    return golden.alerts(run.expect(0).events())


def test_capture(path, table):
    """Exactly the alerts of the table."""
    name = os.path.basename(path)
    expected = ['%s %s %s' % (row['time'], row['program'], row['key'])
                for row in table if row['capture'] == name]
    found = [alert_line(event) for event in capture_alerts(path)]
    check(found == expected, 'alerts are\n  %s\ninstead of\n  %s',
          '\n  '.join(found) or 'none', '\n  '.join(expected) or 'none')


def test_capture_seed(paths):
    """Another secret gives the same alerts on all captures."""
    if not paths:
        raise Skipped('no shared data: set XFSM_SHARED_DATA')
    for path in paths:
        other = golden.run_programs(golden.library(), path,
                                    ['--seed', SEED])
        check(capture_alerts(path)
              == golden.alerts(other.expect(0).events()),
              '%s: other alerts with another seed', path)


def test_check(path):
    """xfsm check takes the program."""
    run = Run(['check', path]).expect(0)
    check(': ok' in run.out, 'no verdict: %s', run.out)


def test_own(path, generated):
    """The tests that the program carries hold."""
    strict = ['--strict'] if golden.shared_files('captures') else []
    run = Run(['test', '--captures', generated] + strict + [path],
              env={'XFSM_SHARED_DATA': golden.SHARED}).expect(0)
    check('ok 1 - ' in run.out, 'no tests: %s', run.out)


def test_promises():
    """Each program of the library has parameters that are explained, a head
    comment, tests that expect events and tests that expect none, and an ATT&CK
    id, but for those that report no attack."""
    for path in golden.library():
        name = os.path.basename(path)
        root = xml.etree.ElementTree.parse(path).getroot()
        with open(path, encoding='utf-8') as stream:
            check(stream.read().count('<!--') > 1, '%s: no head comment',
                  name)
        check(root.get('description'), '%s: no description', name)
        check(root.findall('param') and all(
            param.get('description') for param in root.findall('param')),
              '%s: no parameters, or not explained', name)
        for kind in ('expect', 'expect-none'):
            check(root.findall('test/' + kind), '%s: no test with <%s>',
                  name, kind)
        check(any(state.get('attack') for state in root.iter('state'))
              or name in NO_ATTACK, '%s: no ATT&CK id', name)


def test_list():
    """The list of programs says what the programs say."""
    with open(os.path.join(golden.LIBRARY, 'README.md'),
              encoding='utf-8') as stream:
        found = stream.read()
    made = subprocess.run(
        [sys.executable, os.path.join(golden.TOP, 'utilities',
                                      'list-programs')]
        + golden.library(), capture_output=True, text=True, check=True).stdout
    check(found == made, 'utilities/programs/README.md is out of date: '
          'utilities/list-programs writes it')


def test_shared(what, function, paths, tap, *args):
    """A test for each of the shared files, or one that is skipped."""
    for path in paths:
        tap.test('%s %s' % (what, os.path.basename(path)), function, path,
                 *args)
    if not paths:
        def skip():
            raise Skipped('no shared data: set XFSM_SHARED_DATA')
        tap.test(what, skip)


def update(cases):
    for case in cases:
        try:
            case.update()
        except (Failed, Skipped) as problem:
            print('%s: not updated: %s' % (case.name, problem))


def main():
    arguments = sys.argv[1:]
    with golden.make_captures() as generated:
        cases = read_cases(generated)
        chosen = [case for case in cases
                  if not set(arguments) - {'--update'}
                  or case.name in arguments]
        if '--update' in arguments:
            update(chosen)
            return
        tap = golden.Tap()
        for case in chosen:
            tap.test('case ' + case.name, case.test)
        if len(chosen) != len(cases):
            tap.finish()
        # What another seed gives is the same in every build.
        seeds = not golden.is_sanitized()
        for case in cases:
            if seeds:
                tap.test('another seed, case ' + case.name, case.test_seed)
            tap.test('from a pipe, case ' + case.name, case.test_stdin)
        tap.test('expected events belong to cases', test_no_leftover, cases)

        table = read_table(os.path.join(golden.HERE, 'alerts.tsv'))
        captures = golden.shared_files('captures', '*')
        tap.test('table of alerts', test_table, table)
        tap.test('table of captures', test_truth)
        test_shared('alerts on', test_capture, captures, tap, table)
        if seeds:
            tap.test('another seed, all captures', test_capture_seed,
                     captures)
        for path in golden.library():
            tap.test('check ' + os.path.basename(path), test_check, path)
            tap.test('own tests of ' + os.path.basename(path), test_own,
                     path, generated)
        tap.test('promises of the library', test_promises)
        tap.test('list of programs', test_list)
        test_shared('check', test_check,
                    golden.shared_files('programs', '*.xml'), tap)
        tap.finish()


if __name__ == '__main__':
    main()
