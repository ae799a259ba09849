# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""What the golden tests share: the tool under test, its events, TAP.

Events are compared in a reduced form, which has what a program says and
leaves out who says it: time, label, program, state, next_state, key, text,
features, suspect.  A long run of them is kept as its number, its digest, its
first and its last lines.
"""

import difflib
import glob
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile

TOP = os.environ.get('top_srcdir') or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get('top_builddir') or TOP
SHARED = os.environ.get('XFSM_SHARED_DATA') or os.path.join(
    TOP, '..', 'shared', 'data')
TOOL = os.environ.get('XFSM') or os.path.join(BUILD, 'utilities', 'xfsm')
MAKE_CAPTURE = os.environ.get('XFSM_MAKE_CAPTURE') or os.path.join(
    BUILD, 'tests', 'golden', 'make-capture')
HERE = os.path.join(TOP, 'tests', 'golden')
LIBRARY = os.path.join(TOP, 'utilities', 'programs')

# Wall-clock seconds after which a run is taken for a hang.
HANG = 120

MEMBERS = ('time', 'label', 'program', 'state', 'next_state', 'key', 'fields',
           'text', 'features', 'suspect')
ALERTS = ('alert', 'critical')

# Lines of events kept in full, and at each end of more than that.
LINES_MAX = 40
LINES_END = 10


def is_sanitized():
    """Was the tool built with sanitizers?"""
    with open(TOOL, 'rb') as stream:
        return b'__asan_init' in stream.read()


class Failed(Exception):
    """A test that failed, and why."""


class Skipped(Exception):
    """A test that could not be run, and why."""


class Tap:
    """Counts tests and prints a line of TAP for each."""

    def __init__(self):
        self.n = self.failed = self.skipped = 0

    def test(self, name, function, *args):
        self.n += 1
        try:
            function(*args)
        except Failed as failure:
            self.failed += 1
            for line in str(failure).split('\n'):
                print('# ' + line)
            print('not ok %d - %s' % (self.n, name))
        except Skipped as reason:
            self.skipped += 1
            print('ok %d - %s # SKIP %s' % (self.n, name, reason))
        else:
            print('ok %d - %s' % (self.n, name))
        sys.stdout.flush()

    def finish(self):
        print('1..%d' % self.n)
        if self.failed:
            sys.exit(1)
        sys.exit(77 if self.skipped == self.n else 0)


def check(ok, message, *args):
    if not ok:
        raise Failed(message % args if args else message)


def shared(*path):
    """Path of shared data; skips the test where there is none."""
    if not os.path.isdir(SHARED):
        raise Skipped('no shared data: set XFSM_SHARED_DATA')
    return os.path.join(SHARED, *path)


def shared_files(*pattern):
    """Files of shared data, sorted; empty where there is none."""
    return sorted(glob.glob(os.path.join(SHARED, *pattern)))


def make_captures():
    """Returns a folder with the generated captures, gone at exit."""
    folder = tempfile.TemporaryDirectory(prefix='xfsm-golden-')
    subprocess.run([MAKE_CAPTURE, folder.name], check=True)
    return folder


class Run:
    """One run of the tool: status (negative: a signal), out, err, cpu."""

    def __init__(self, args, stdin=None, env=None, cwd=None):
        environment = dict(os.environ, XFSM_PROGRAMS_DIR=LIBRARY)
        environment.update(env or {})
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            done = subprocess.run(
                [TOOL] + args, input=stdin or b'', capture_output=True,
                env=environment, cwd=cwd, timeout=HANG, check=False)
        except subprocess.TimeoutExpired:
            raise Failed('hangs: xfsm ' + ' '.join(args))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.command = 'xfsm ' + ' '.join(args)
        self.status = done.returncode
        self.out = done.stdout.decode('utf-8', errors='replace')
        self.err = done.stderr.decode('utf-8', errors='replace')
        self.cpu = (after.ru_utime + after.ru_stime
                    - before.ru_utime - before.ru_stime)

    def expect(self, *statuses):
        """Fails unless the run ended with one of these statuses."""
        check(self.status in statuses,
              '%s: status %d instead of %s\n%s', self.command, self.status,
              ' or '.join(str(s) for s in statuses), self.err.rstrip())
        return self

    def events(self):
        """The events printed, reduced."""
        return [reduce_event(json.loads(line))
                for line in self.out.splitlines()]


def library():
    """Files of the programs that are installed."""
    return sorted(glob.glob(os.path.join(LIBRARY, '*.xml')))


def find_program(name):
    """Files of the programs that 'name' of a case means."""
    if name == 'library':
        return library()
    for folder in os.path.join(HERE, 'programs'), LIBRARY:
        path = os.path.join(folder, name + '.xml')
        if os.path.exists(path):
            return [path]
    return [shared('programs', name + '.xml')]


def run_programs(programs, capture, options=(), stdin=None):
    """Runs the program files on a capture."""
    return Run(['run', '--quiet', '--pcap', capture] + list(options)
               + list(programs), stdin)


def reduce_event(event):
    return {name: event[name] for name in MEMBERS if name in event}


def alerts(events):
    return [event for event in events if event['label'] in ALERTS]


def brief(event):
    """"HH:MM:SS.mmmmmm LABEL TEXT" of an event."""
    line = '%s %s %s' % (event['time'][11:26], event['label'],
                         event.get('text', ''))
    return line.rstrip()


# Expected events.

def to_lines(events):
    """The lines of a file of expected events."""
    lines = [json.dumps(event) for event in events]
    if len(lines) <= LINES_MAX:
        return lines
    digest = hashlib.sha256('\n'.join(lines).encode()).hexdigest()
    head = json.dumps({'events': len(lines), 'sha256': digest})
    return [head] + lines[:LINES_END] + ['...'] + lines[-LINES_END:]


def expected_path(name):
    return os.path.join(HERE, 'expected', name + '.jsonl')


def write_expected(name, events):
    with open(expected_path(name), 'w', encoding='utf-8') as stream:
        stream.writelines(line + '\n' for line in to_lines(events))


def compare_expected(name, events):
    """Fails, with the difference, unless these are the expected events."""
    path = expected_path(name)
    if not os.path.exists(path):
        raise Failed('no file %s; test-programs.py --update writes it' % path)
    with open(path, encoding='utf-8') as stream:
        expected = stream.read().splitlines()
    found = to_lines(events)
    difference = difflib.unified_diff(expected, found, 'expected', 'found',
                                      n=1, lineterm='')
    check(expected == found, '\n'.join(difference))
