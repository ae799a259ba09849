#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""Fuzz targets on all inputs there are, and on mutations of them.

Inputs: what crashed once (tests/fuzz/crashes), then what make-corpus makes of
generated captures, the programs of the library and, where they are, the shared
malformed captures and programs.  Mutations: for XFSM_FUZZ_SECONDS seconds, all
targets together [20 in a build with sanitizers, else 2], the same in the same
order each time.  "make fuzz" is the thorough form.

An input that fails is left in the build folder, as tests/fuzz/fuzz-NAME.crash:
move it to tests/fuzz/crashes/NAME-WHAT with the fix.
"""

import glob
import os
import re
import subprocess
import sys
import tempfile

TOP = os.environ.get('top_srcdir') or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'tests', 'golden'))

import golden  # noqa: E402  (found by the line above)

FUZZ = os.environ.get('XFSM_FUZZ_DIR') or os.path.join(golden.BUILD, 'tests',
                                                       'fuzz')
TARGETS = ('capture', 'control', 'engine', 'event', 'image', 'message',
           'packet', 'state', 'xml')

SECONDS = 2
SECONDS_SANITIZERS = 20

# Runs of one target in seconds at most: a hang.
HANG = 600


def has_sanitizers():
    with open(os.path.join(FUZZ, 'fuzz-packet'), 'rb') as stream:
        return b'__asan_init' in stream.read()


def seconds_each():
    total = os.environ.get('XFSM_FUZZ_SECONDS')
    if not total:
        total = SECONDS_SANITIZERS if has_sanitizers() else SECONDS
    return float(total) / len(TARGETS)


def make_inputs(captures, folder):
    sources = sorted(glob.glob(os.path.join(captures, '*')))
    sources += golden.library()
    sources += sorted(glob.glob(os.path.join(golden.HERE, 'programs', '*')))
    sources += golden.shared_files('hostile', '*')
    sources += golden.shared_files('programs', '*')
    subprocess.run([os.path.join(FUZZ, 'make-corpus'), folder] + sources,
                   check=True)


def test_target(name, inputs):
    crash = os.path.join(FUZZ, 'fuzz-%s.crash' % name)
    command = [os.path.join(FUZZ, 'fuzz-' + name), '--crash', crash,
               '--seconds', '%.2f' % seconds_each(), '--runs', '100000']
    command += sorted(glob.glob(os.path.join(TOP, 'tests', 'fuzz', 'crashes',
                                             name + '-*')))
    run = subprocess.run(command + [inputs], capture_output=True,
                         timeout=HANG, check=False)
    text = (run.stdout + run.stderr).decode('utf-8', errors='replace')
    golden.check(run.returncode == 0, 'status %d: %s\n%s', run.returncode,
                 ' '.join(command), text)
    counts = re.search(r'(\d+) inputs, (\d+) mutations', text)
    golden.check(counts and int(counts.group(1)) and int(counts.group(2)),
                 'nothing was run: %s', text)
    print('# %s: %s' % (name, text.strip()))


def test_shared():
    golden.shared('hostile')


def main():
    tap = golden.Tap()
    with golden.make_captures() as captures, \
            tempfile.TemporaryDirectory(prefix='xfsm-fuzz-') as folder:
        make_inputs(captures, folder)
        tap.test('shared malformed captures are among the inputs',
                 test_shared)
        for name in TARGETS:
            tap.test('fuzz-' + name, test_target, name,
                     os.path.join(folder, name))
    tap.finish()


if __name__ == '__main__':
    main()
