#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""What keys that an attacker crafted cost, in instructions.

Callgrind counts the same work on ordinary keys and on keys that were made for
the seed of all hashing, were it known (crafted.c).  Under a seed that they
were not made for, which is what a secret one is, they may cost LIMIT times as
much as others at most; that they are bad indeed is shown under the seed that
they were made for.

Skipped, loudly, where valgrind is missing and in a build with sanitizers."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.environ.get('top_srcdir') or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'tests', 'golden'))
import golden                                               # noqa: E402

CRAFTED = os.path.join(golden.BUILD, 'tests', 'bench', 'crafted')
LIBTOOL = os.path.join(golden.BUILD, 'libtool')
PROGRAM = os.path.join(golden.LIBRARY, 'portscan.xml')

LIMIT = 1.2

# Per kind: how many times as much crafted keys cost at least where the seed is
# known, so that the test would see it; None where they must not even then: a
# sketch has one line for a key, and looks at all of it.
KINDS = {'table': 1.4, 'timers': 10, 'detector': None, 'tewma': None,
         'countmin': None, 'rate': 1.2, 'program': 1.1}


def reason_to_skip():
    if not shutil.which('valgrind'):
        return 'no valgrind: apt-get install valgrind'
    with open(os.path.join(golden.BUILD, 'config.log'),
              encoding='utf-8') as stream:
        if '-fsanitize=' in stream.read():
            return 'valgrind cannot run what has sanitizers'
    return None


def command(*args):
    """The program may be a script of libtool's around the real one."""
    return [LIBTOOL, '--mode=execute'] + list(args)


def extra(kind):
    return [PROGRAM] if kind == 'program' else []


def count(kind, seed, keys):
    """Returns the instructions of one run."""
    done = subprocess.run(
        command('valgrind', '--tool=callgrind',
                '--callgrind-out-file=/dev/null',
                '--toggle-collect=crafted_measured',
                CRAFTED, 'run', kind, seed, keys, *extra(kind)),
        capture_output=True, text=True, timeout=golden.HANG, check=False)
    found = re.search(r'Collected : (\d+)', done.stderr)
    golden.check(done.returncode == 0 and found, 'status %d: %s',
                 done.returncode, done.stderr)
    return int(found.group(1))


def test_kind(folder, kind, least):
    keys = os.path.join(folder, kind)
    with open(keys, 'wb') as stream:
        subprocess.run([CRAFTED, 'craft', kind] + extra(kind), stdout=stream,
                       timeout=golden.HANG, check=True)
    ordinary = count(kind, 'secret', 'any')
    golden.check(ordinary > 0, 'nothing was counted')
    secret = count(kind, 'secret', keys) / ordinary
    known = count(kind, 'zeros', keys) / ordinary
    print('# %s: %d instructions; crafted keys %.3f times as many, '
          '%.3f times where the seed is known'
          % (kind, ordinary, secret, known))
    golden.check(secret <= LIMIT, 'crafted keys cost %.3f times as much',
                 secret)
    if least is None:
        golden.check(known <= LIMIT, 'with the seed known, crafted keys cost '
                     '%.3f times as much', known)
        return
    golden.check(known >= least,
                 'keys crafted for the seed cost only %.3f times as much: '
                 'the test sees nothing', known)


def main():
    tap = golden.Tap()
    reason = reason_to_skip()
    if reason:
        print('1..0 # SKIP %s' % reason)
        print('test-crafted: %s' % reason, file=sys.stderr)
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix='xfsm-crafted-') as folder:
        for kind, least in KINDS.items():
            tap.test('crafted keys: ' + kind, test_kind, folder, kind, least)
    tap.finish()


if __name__ == '__main__':
    main()
