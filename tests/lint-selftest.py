#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""Shows that each check of lint.py passes a good tree and fails a bad one."""

import hashlib
import os
import subprocess
import sys
import tempfile

LINT = os.path.join(os.environ.get('top_srcdir', '.'), 'tests', 'lint.py')
LICENCE = '''/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */
'''
HASH_LICENCE = '''# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
'''

VENDOR = 'controller/web/vendor/'
VENDORED = 'let x; // TO' 'DO of theirs\n'
DIGEST = hashlib.sha512(VENDORED.encode()).hexdigest() + '  x.js\n'

GOOD = {
    'xfsm/base/hash.h': LICENCE,
    'xfsm/packet/field.c': LICENCE + '#include "xfsm/base/hash.h"\n'
                           '/* It never calls exit(). */\n',
    'xfsm/engine.h': LICENCE + '#include "xfsm/packet/field.h"\n',
    'xfsm/packet/field.h': LICENCE,
    'xfsm/io/zmq.c': LICENCE + '#include <zmq.h>\n',
    'xfsm/automake.mk': HASH_LICENCE + 'a = xfsm/base/hash.h \\\n'
                        '\txfsm/packet/field.c xfsm/packet/field.h \\\n'
                        '\txfsm/engine.h xfsm/io/zmq.c\n',
    'tests/unit/test-hash.c': LICENCE + 'test_one(void **state)\n'
                              'cmocka_unit_test(test_one)\n',
    'tests/unit/dialect1.tsv': '# part\nkey\tis hashed\t'
                               'test-hash.c:test_one\n',
    'tests/unit/automake.mk': HASH_LICENCE
                              + 'UNIT_TESTS += tests/unit/test-hash\n'
                              'x_SOURCES = tests/unit/test-hash.c\n',
    VENDOR + 'x.js': VENDORED,
    VENDOR + 'SHA512SUMS': '# x 1.0\n' + DIGEST,
    'autogen/boot.sh': '#!/bin/sh\n' + HASH_LICENCE + 'exit 0\n',
    'utilities/tool': '#!/usr/bin/env python3\n' + HASH_LICENCE + 'x = 1\n',
}

# For each check, by a word of its name, files that break it.
BAD = [
    ('includes no higher one',
     {'xfsm/base/hash.h': LICENCE + '#include "xfsm/packet/field.h"\n'}),
    ('includes no higher one',
     {'xfsm/packet/field.h': LICENCE + '#include "xfsm/engine.h"\n'}),
    ('includes no higher one',
     {'xfsm/packet/field.h': LICENCE + '#include <libxml/tree.h>\n'}),
    ('only what they may depend on',
     {'xfsm/packet/field.c': LICENCE + '#include <zmq.h>\n'}),
    ('only what they may depend on',
     {'xfsm/packet/field.c': LICENCE + '#include <pcap/pcap.h>\n'}),
    ('only what they may depend on',
     {'xfsm/io/zmq.c': LICENCE + '#include "openvswitch/vlog.h"\n'}),
    ('only what they may depend on',
     {'xfsm/engine.h': LICENCE + '#include <config.h>\n'}),
    ('only what they may depend on',
     {'controller/main.c': LICENCE + '#include "ovs-plugin/ipc.h"\n',
      'controller/automake.mk': HASH_LICENCE + 'x = controller/main.c\n'}),
    ('only what they may depend on',
     {'ovs-plugin/main.c': LICENCE + '#include "controller/fleet.h"\n',
      'ovs-plugin/automake.mk': HASH_LICENCE + 'x = ovs-plugin/main.c\n'}),
    ('only what they may depend on',
     {'utilities/main.c': LICENCE + '#include "controller/host.h"\n',
      'utilities/automake.mk': HASH_LICENCE + 'x = utilities/main.c\n'}),
    ('by their name from the top',
     {'xfsm/packet/field.c': LICENCE + '#include "field.h"\n'}),
    ('has no clock', {'xfsm/packet/field.c': LICENCE + 'x = time(NULL);\n'}),
    ('has no clock', {'xfsm/packet/field.c': LICENCE
                      + 'fprintf(stderr, "x");\n'}),
    ('copyright and licence', {'xfsm/base/hash.h': '\n'}),
    ('copyright and licence', {'utilities/tool': '#!/usr/bin/env python3\n'}),
    ('longer than 800', {'xfsm/packet/field.c': LICENCE + '\n' * 801}),
    ('longer than 79', {'xfsm/packet/field.c': LICENCE + '/*' + 76 * '-'
                        + '*/\n'}),
    ('no tab', {'xfsm/packet/field.c': LICENCE + '\tx;\n'}),
    ('no tab', {'autogen/boot.sh': '#!/bin/sh\n' + HASH_LICENCE + 'x \n'}),
    ('left to be done', {'xfsm/packet/field.c': LICENCE + '/* TO' 'DO */\n'}),
    ('developer\'s machine', {'utilities/tool': '#!/bin/sh\n' + HASH_LICENCE
                              + 'cd /wo' 'rk/\n'}),
    ('digests were taken', {VENDOR + 'x.js': VENDORED + '\n'}),
    ('digests were taken', {VENDOR + 'y.js': VENDORED}),
    ('digests were taken', {VENDOR + 'SHA512SUMS': DIGEST
                            + DIGEST.replace('x.js', 'y.js')}),
    ('named in an automake.mk', {'xfsm/packet/other.c': LICENCE}),
    ('named in an automake.mk', {'tests/system/attach': '#!/bin/sh\n'
                                 + HASH_LICENCE}),
    ('in the list of a suite',
     {'tests/unit/automake.mk': HASH_LICENCE
      + 'x_SOURCES = tests/unit/test-hash.c\n'}),
    ('dialect1.tsv names',
     {'tests/unit/dialect1.tsv': 'key\tis hashed\ttest-hash.c:test_two\n'}),
    ('dialect1.tsv names',
     {'tests/unit/test-hash.c': LICENCE + 'test_one(void **state)\n'}),
    ('dialect1.tsv names',
     {'tests/unit/dialect1.tsv': 'test-hash.c:test_one\n'}),
    ('names all tests',
     {'tests/system/README.md': '# T\n`test-hash.c`, `test-two.py`\n'}),
    ('names all tests',
     {'tests/system/README.md': '# T\n`test-hash.c`\n',
      'tests/system/test-two.py': HASH_LICENCE + 'x = 1\n',
      'tests/system/automake.mk':
      HASH_LICENCE + 'SYSTEM_TESTS += tests/system/test-two.py\n'}),
    ('tells of each route',
     {'controller/xfsm-controller.8.in':
      HASH_LICENCE + 'GET hosts  show  Hosts\n',
      'controller/rest-call.h': LICENCE + 'R("GET", "/api/v1/hosts", X, y)\n',
      'controller/automake.mk': HASH_LICENCE
      + 'a = controller/rest-call.h\n'}),
    ('shell scripts parse', {'autogen/boot.sh': '#!/bin/sh\n' + HASH_LICENCE
                             + 'if true; then\n'}),
    ('Python scripts parse', {'utilities/tool': '#!/usr/bin/env python3\n'
                              + HASH_LICENCE + 'x = (\n'}),
]


def run_lint(files):
    """Returns lint.py's exit status, its good and its bad lines."""
    with tempfile.TemporaryDirectory() as top:
        for path, text in files.items():
            os.makedirs(os.path.join(top, os.path.dirname(path)),
                        exist_ok=True)
            with open(os.path.join(top, path), 'w',
                      encoding='utf-8') as stream:
                stream.write(text)
        out = subprocess.run([sys.executable, LINT, top], check=False,
                             stdout=subprocess.PIPE)
    lines = out.stdout.decode().split('\n')
    return (out.returncode, [x for x in lines if x.startswith('ok')],
            [x for x in lines if x.startswith('not ok')])


def main():
    results = []

    status, good, bad = run_lint(GOOD)
    results.append(('a good tree passes', status == 0 and good and not bad))
    names = {line.split(' - ', 1)[1] for line in good}

    for word, files in BAD:
        status, good, bad = run_lint({**GOOD, **files})
        ok = status == 1 and len(bad) == 1 and word in bad[0]
        results.append(('"%s" fails for %s' % (word, list(files)[0]), ok))
        names = {n for n in names if word not in n}
    results.append(('no check without a bad tree %s' % sorted(names),
                    not names))

    status, good, _ = run_lint({})
    results.append(('no source is no pass', status == 1 and not good))

    print('1..%d' % len(results))
    for number, (name, ok) in enumerate(results, 1):
        print('%sok %d - %s' % ('' if ok else 'not ', number, name))
    return 0 if all(ok for _, ok in results) else 1


if __name__ == '__main__':
    sys.exit(main())
