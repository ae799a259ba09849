#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""What is wrong is told with its place and its reason.

Programs with one mistake each go through xfsm check and xfsm run: exit status
1, a line FILE:LINE: ELEMENT PATH: with the words expected, nothing run.  Those
with something merely odd: a warning, and they run.  Captures that cannot be
read: exit status 2, after what could be read.
"""

import os
import tempfile

import golden
from golden import Run, check

# The mistake goes where %s is: line 6, in an attribute of its own line.
PROGRAM = '''<botstream>
  <statedef id="default"/>
  <metric name="m"><variation_monitor status="on" type="dleft"/></metric>
  <feature name="f" body="m"/>
  <table name="t" type="DLeft" key_type="" value_type="int"/>
%s
</botstream>
'''

EVENT = ('  <event type="packet" selector="%s" primary-key="%s">'
         '<state id="%s"><use-metric id="%s" vm_update="%s"/>'
         '<condition expression="%s" action="%s" next_state="%s"/>'
         '</state></event>')
GOOD = ('proto tcp', 'ip_src', 'default', 'm', 'ip_src', 'f > 1',
        'Publish(log, %ip_src)', '')
PLACES = ('selector', 'key', 'state', 'metric', 'metric_key', 'expression',
          'action', 'next_state')


def event(place=None, value=None):
    """A good event but for the value of one attribute."""
    values = list(GOOD)
    if place:
        values[PLACES.index(place)] = value
    return EVENT % tuple(values)


# Name, line 6 of the program, words of the error.
MISTAKES = [
    ('unknown field in a selector', event('selector', 'proto tcp and ip_scr '
                                          '10.0.0.1'), 'ip_scr'),
    ('unknown field in a key', event('key', 'ip_src-port_of_call'),
     'port_of_call'),
    ('unknown field of a metric', event('metric_key', 'ip_source'),
     'ip_source'),
    ('unknown state', event('state', 'nowhere'), 'nowhere'),
    ('unknown next state', event('next_state', 'nowhere'), 'nowhere'),
    ('unknown name in an expression', event('expression', 'g &gt; 1'), '"g"'),
    ('unbalanced expression', event('expression', '(f &gt; 1'), ')'),
    ('no expression', event('expression', 'f &gt;'), 'expression'),
    ('unknown action', event('action', 'Shout(%ip_src)'), 'Shout'),
    ('unbalanced action', event('action', 'Publish(log, %ip_src'),
     'never closed'),
    ('unknown protocol', event('selector', 'proto carrier-pigeon'),
     'carrier-pigeon'),
    ('address that is none', event('selector', 'ip_src 10.0.0.256'),
     '10.0.0.256'),
    ('prefix too long', event('selector', 'ip_src 10.0.0.0/33'), '/33'),
    ('port that is none', event('selector', 'dst_port 70000'), '70000'),
    ('unknown type of monitor', '  <metric name="x"><variation_monitor '
     'status="on" type="guess"/></metric>', 'guess'),
    ('size that is none', '  <metric name="x"><variation_monitor '
     'status="on" type="dleft" size="99"/></metric>', '99'),
    ('metric declared twice', '  <metric name="m"><variation_monitor '
     'status="on" type="dleft"/></metric>', '"m"'),
    ('unknown element', '  <evnet type="packet"/>', 'evnet'),
    ('event without a key', '  <event type="packet" selector="proto tcp">'
     '<state id="default"/></event>', 'primary-key'),
    ('element that does not end', '  <event type="packet"', ''),
    ('entity', '  &lol;', 'lol'),
]

# The same for warnings.
ODDITIES = [
    ('misspelt protocol', event('selector', 'proto tco'), '"tcp"'),
    ('exec', event('action', 'exec(reboot)'), 'exec'),
    ('| in a key', event('key', 'ip_src|ip_dst'), '"-"'),
    ('alias of a field', event('key', 'ip_src-tcp_dport'), 'dst_port'),
    ('Drop', event('action', 'Drop'), 'Drop'),
]


class Programs:
    """Programs written in a folder."""

    def __init__(self, folder, capture):
        self.folder = folder
        self.capture = capture

    def write(self, line):
        path = os.path.join(self.folder, 'program.xml')
        with open(path, 'w', encoding='utf-8') as stream:
            stream.write(PROGRAM % line)
        return path

    def test_mistake(self, line, words):
        path = self.write(line)
        self.expect_line(Run(['check', path]).expect(1).out, path, words)
        run = Run(['run', path, '--pcap', self.capture]).expect(1)
        self.expect_line(run.err, path, words)
        check(not run.out, 'it was run: %s', run.out)

    def test_oddity(self, line, words):
        path = self.write(line)
        run = Run(['check', path]).expect(0)
        self.expect_line(run.out, path, words, 'warning: ')
        Run(['run', path, '--pcap', self.capture]).expect(0)

    def test_good(self):
        path = self.write(event())
        run = Run(['check', path]).expect(0)
        check('error' not in run.out, '%s', run.out)
        run = Run(['run', '-q', path, '--pcap', self.capture]).expect(0)
        check(run.out, 'no events')

    def expect_line(self, text, path, words, level=''):
        """A line of 'text' that has place and reason.  Errors of the XML
        parser may be told of the line after."""
        for line in text.splitlines():
            for number in (6, 7):
                place = '%s:%d: ' % (path, number)
                if (line.startswith(place) and words in line
                        and level in line and len(line) > len(place) + 10):
                    return
        raise golden.Failed('no line %s:6: with %r in:\n%s'
                            % (path, words, text))

    def test_all_told(self):
        """All mistakes of a program are told, not the first alone."""
        path = self.write(event('state', 'nowhere')
                          + event('action', 'Shout(x)'))
        out = Run(['check', path]).expect(1).out
        check('nowhere' in out and 'Shout' in out, '%s', out)


class Captures:
    """Captures that cannot be read to their end."""

    def __init__(self, folder, capture):
        self.folder = folder
        self.capture = capture

    def expect(self, path, words, *events):
        run = golden.run_programs(golden.library(), path,
                                  ['--label', 'alert']).expect(2)
        line = 'xfsm run: %s: ' % path
        check(run.err.startswith(line) and words in run.err[len(line):],
              'no "%s...%s" in: %s', line, words, run.err)
        found = [event['label'] for event in run.events()]
        check(found == list(events), 'events: %s', found)

    def write(self, content):
        path = os.path.join(self.folder, 'other.pcap')
        with open(path, 'wb') as stream:
            stream.write(content)
        return path

    def test_missing(self):
        self.expect(os.path.join(self.folder, 'none.pcap'), 'No such file')

    def test_folder(self):
        self.expect(self.folder, '')

    def test_text(self):
        self.expect(self.write(b'GET / HTTP/1.1\r\n\r\n' * 9), 'capture file')

    def test_cut(self):
        """Cut in the last frame, of 60: the alert came before."""
        with open(self.capture, 'rb') as stream:
            content = stream.read()
        self.expect(self.write(content[:-9]), 'frame 60: ', 'alert')

    def test_unknown_program(self):
        run = Run(['run', 'prtscan', '--pcap', self.capture]).expect(1)
        check('prtscan: no such file, and no such program' in run.err, '%s',
              run.err)

    def test_no_program(self):
        run = Run(['run', '--pcap', self.capture]).expect(64)
        check('PROGRAM' in run.err and '--help' in run.err, '%s', run.err)


def main():
    tap = golden.Tap()
    with tempfile.TemporaryDirectory(prefix='xfsm-golden-') as folder, \
            golden.make_captures() as captures:
        capture = os.path.join(captures, 'scan-30ports.pcap')
        programs = Programs(folder, capture)
        tap.test('a good program', programs.test_good)
        for name, line, words in MISTAKES:
            tap.test(name, programs.test_mistake, line, words)
        for name, line, words in ODDITIES:
            tap.test(name, programs.test_oddity, line, words)
        tap.test('all mistakes', programs.test_all_told)

        unreadable = Captures(folder, capture)
        tap.test('no capture', unreadable.test_missing)
        tap.test('a folder for a capture', unreadable.test_folder)
        tap.test('a text for a capture', unreadable.test_text)
        tap.test('a cut capture', unreadable.test_cut)
        tap.test('unknown program', unreadable.test_unknown_program)
        tap.test('no program', unreadable.test_no_program)
        tap.finish()


if __name__ == '__main__':
    main()
