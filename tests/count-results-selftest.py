#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""Shows that count-results.py counts right, and never less than happened."""

import os
import subprocess
import sys
import tempfile

COUNT = os.path.join(os.environ.get('top_srcdir', '.'), 'tests',
                     'count-results.py')

CMOCKA = '[==========] Running 4 test(s).\n[  PASSED  ] 3 test(s).\n'

# name: (automake's result, log, arguments, last line, exit status)
CASES = {
    'a silent pass is one': ('PASS', '', [], '1 passed, 0 failed, 0 skipped',
                             0),
    'cmocka counts each': ('PASS', CMOCKA + '[  SKIPPED ] 1 test(s), listed '
                           'below:\n', [], '3 passed, 0 failed, 1 skipped',
                           0),
    'cmocka groups add up': ('PASS', CMOCKA + CMOCKA, [],
                             '6 passed, 0 failed, 0 skipped', 0),
    'cmocka failure': ('FAIL', CMOCKA + '[  FAILED  ] 2 test(s), listed '
                       'below:\n', [], '3 passed, 2 failed, 0 skipped', 1),
    'a crash after passes fails': ('FAIL', CMOCKA, [],
                                   '3 passed, 1 failed, 0 skipped', 1),
    'a silent failure is one': ('FAIL', '', [],
                                '0 passed, 1 failed, 0 skipped', 1),
    'an error is a failure': ('ERROR', '', [],
                              '0 passed, 1 failed, 0 skipped', 1),
    'a skip is no pass': ('SKIP', 'no data here\n', [],
                          '0 passed, 0 failed, 1 skipped', 0),
    'TAP': ('FAIL', 'ok 1 - a\nnot ok 2 - b\nok 3 # SKIP root\n', [],
            '1 passed, 1 failed, 1 skipped', 1),
    'a broken build is told': ('PASS', '', ['--broken', '2'],
                               '1 passed, 2 failed, 0 skipped', 1),
    'no result is a failure': (None, '', [],
                               '0 passed, 1 failed, 0 skipped', 1),
}


def run(result, log, arguments):
    with tempfile.TemporaryDirectory() as top:
        if result:
            os.mkdir(os.path.join(top, 'unit'))
            for suffix, text in (('trs', ':test-result: %s\n' % result),
                                 ('log', log)):
                with open(os.path.join(top, 'unit', 'test-x.' + suffix), 'w',
                          encoding='utf-8') as stream:
                    stream.write(text)
        out = subprocess.run([sys.executable, COUNT] + arguments + [top],
                             check=False, stdout=subprocess.PIPE)
    return out.stdout.decode().rstrip('\n').split('\n')[-1], out.returncode


def main():
    failed = 0
    print('1..%d' % len(CASES))
    for number, (name, case) in enumerate(CASES.items(), 1):
        got = run(*case[:3])
        ok = got == case[3:]
        failed += not ok
        if not ok:
            print('# %r instead of %r' % (got, case[3:]))
        print('%sok %d - %s' % ('' if ok else 'not ', number, name))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
