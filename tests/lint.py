#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""Checks of the source text that a compiler does not make.

Usage: lint.py [TOP]

TOP is the top of the source, $top_srcdir unless given.  Prints one TAP line
for each check, after the places it complains of.  A check is a function that
takes the Tree and yields (path, line, message); its docstring is its name.
tests/lint-selftest.py shows that each can fail.
"""

import hashlib
import os
import re
import subprocess
import sys

MAX_FILE_LINES = 800
MAX_LINE = 79

# Layers of the engine, lowest first.  engine.h and its source are above all.
LAYERS = ['base', 'packet', 'sketch', 'program', 'runtime']

# What sources of a folder may not include: the longest folder that matches
# a file counts.
FORBIDDEN = {
    'xfsm/': r'config\.h$|zmq|czmq|pcap|openvswitch/|openflow/|lib/'
             r'|ovsdb-schema/|ovs-plugin/|controller/|utilities/|xfsm/io/'
             r'|xfsm-config\.h$',
    'xfsm/io/': r'config\.h$|openvswitch/|openflow/|lib/|ovsdb-schema/'
                r'|ovs-plugin/|controller/|utilities/',
    'ovs-plugin/': r'controller/|utilities/|libxml/|xfsm-config\.h$',
    'controller/': r'ovs-plugin/(?!target\.h)|utilities/|xfsm-config\.h$',
    'utilities/': r'ovs-plugin/'
                  r'|controller/(?!fleet\.h|fleet-rows\.h|host-row\.h'
                  r'|operate\.h|port-probe\.h|preview\.h|rollout\.h'
                  r'|tenants\.h|tokens\.h)',
    'ovsdb-schema/': r'xfsm/|ovs-plugin/|controller/|utilities/',
}

# Calls that the engine must not make: it has no clock, no input or output,
# and neither logs nor exits.
ENGINE_CALLS = re.compile(
    r'\b(clock_gettime|gettimeofday|time|fopen|freopen|open|openat|socket|'
    r'recv|send|printf|puts|perror|syslog|exit|_exit|getenv|sleep|usleep|'
    r'nanosleep|fork|system|popen)\s*\(|\b(stdout|stderr|stdin)\b')

COMMENT = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# In two parts, for this file to pass.
MARKERS = re.compile(r'\b(TO' r'DO|FIX' r'ME|XX' r'X)\b')
# Files of others, as they made them, and the list of their digests.
VENDORED = 'controller/web/vendor/'
DIGESTS = VENDORED + 'SHA512SUMS'
MACHINE_PATHS = re.compile(r'/wo' r'rk/|/tmp/h' r'/|bash_' r'jobs')

SOURCE_FOLDERS = ('xfsm', 'xfsm/io', 'ovs-plugin', 'controller', 'utilities',
                  'ovsdb-schema', 'tests')
GENERATED = {
    'aclocal.m4', 'configure', 'configure~', 'Makefile.in', 'config.log',
    'config.status', 'Makefile', 'libtool', 'stamp-h1', 'xfsm-config.h',
    'xfsm-config.h.in', 'xfsm-config.h.in~', 'm4/libtool.m4',
    'm4/ltoptions.m4', 'm4/ltsugar.m4', 'm4/ltversion.m4',
    'm4/lt~obsolete.m4'}


class Tree:
    """The files of the source, without what a build made."""

    def __init__(self, top):
        self.top = top
        self.paths = sorted(p for p in self._list()
                            if p not in GENERATED
                            and os.path.isfile(os.path.join(top, p)))
        self.text = {}
        for path in self.paths:
            with open(os.path.join(top, path), 'rb') as stream:
                data = stream.read()
            if b'\0' not in data:
                self.text[path] = data.decode('utf-8', errors='replace')

    def _list(self):
        if os.path.exists(os.path.join(self.top, '.git')):
            out = subprocess.run(
                ['git', '-C', self.top, '-c', 'safe.directory=*', 'ls-files',
                 '-z', '--cached', '--others', '--exclude-standard'],
                stdout=subprocess.PIPE, check=False)
            if out.returncode == 0:
                return out.stdout.decode().split('\0')[:-1]
        return list(self._walk())

    def _walk(self):
        for folder, subfolders, files in os.walk(self.top):
            subfolders[:] = [
                d for d in subfolders
                if not d.startswith(('.', '_', 'build', 'ovs-xfsm-'))
                and d not in ('autom4te.cache', '__pycache__', 'ovs')]
            for name in files:
                if not name.endswith(('.o', '.lo', '.la', '.log', '.trs')):
                    yield os.path.relpath(os.path.join(folder, name),
                                          self.top)

    def lines(self, path):
        return enumerate(self.text[path].split('\n'), 1)

    def select(self, *suffixes):
        return [p for p in self.text if p.endswith(suffixes)]

    def c_files(self):
        return self.select('.c', '.h')

    def scripts(self, word):
        """Files whose first line names an interpreter that has 'word'."""
        return [p for p, text in self.text.items()
                if text.startswith('#!') and word in text.split('\n', 1)[0]]

    def code(self, path):
        """Lines of a C file with comments and strings blanked."""
        blank = COMMENT.sub(lambda m: re.sub(r'[^\n]', ' ', m.group(0)),
                            self.text[path])
        return enumerate(blank.split('\n'), 1)

    def includes(self, path):
        for n, line in self.lines(path):
            match = INCLUDE.match(line)
            if match:
                yield n, match.group(1), match.group(2)


def layer(path):
    """Rank of an engine file: that of its layer, or above all layers."""
    parts = path.split('/')
    if len(parts) > 2 and parts[1] in LAYERS:
        return LAYERS.index(parts[1])
    return len(LAYERS)


def is_engine(path):
    return path.startswith('xfsm/') and not path.startswith('xfsm/io/')


def check_layers(tree):
    """a layer of the engine includes no higher one"""
    for path in tree.c_files():
        if not is_engine(path):
            continue
        for n, _, name in tree.includes(path):
            if is_engine(name) and layer(name) > layer(path):
                yield path, n, '%s is of a higher layer' % name
            if name.startswith('libxml/') and not path.startswith(
                    'xfsm/program/'):
                yield path, n, 'only the loader includes libxml2'


def check_folders(tree):
    """folders include only what they may depend on"""
    for path in tree.c_files():
        folders = [f for f in FORBIDDEN if path.startswith(f)]
        if not folders:
            continue
        folder = max(folders, key=len)
        for n, _, name in tree.includes(path):
            own = (folder != 'xfsm/' and name.startswith(folder))
            if not own and re.match(FORBIDDEN[folder], name):
                yield path, n, '%s must not include %s' % (folder, name)


def check_include_style(tree):
    """our headers are included by their name from the top"""
    for path in tree.c_files():
        for n, quote, name in tree.includes(path):
            beside = os.path.normpath(
                os.path.join(os.path.dirname(path), name))
            if name not in tree.text and beside in tree.text:
                yield path, n, 'write "%s"' % beside
            if quote == '<' and name in tree.text:
                yield path, n, 'write "%s", not <%s>' % (name, name)


def check_engine_calls(tree):
    """the engine has no clock, no input or output, no log, no exit"""
    for path in tree.c_files():
        if is_engine(path):
            for n, line in tree.code(path):
                match = ENGINE_CALLS.search(line)
                if match:
                    yield path, n, 'uses %s' % (match.group(1)
                                                  or match.group(2))


def wants_licence(path, text):
    if '/data/' in path or path.startswith(VENDORED):
        return False
    return (path.endswith(('.c', '.h', '.py', '.sh', '.mk', '.am', '.ac',
                           '.m4', '.ann', '.xml', '.in', '.yml', '.service',
                           '.js', '.css', '.html'))
            or text.startswith('#!'))


def check_licence(tree):
    """every source file begins with copyright and licence"""
    for path, text in tree.text.items():
        if wants_licence(path, text):
            head = '\n'.join(text.split('\n', 8)[:8])
            if ('Copyright (c) 2026 The ovs-xfsm authors.' not in head
                    or 'SPDX-License-Identifier: Apache-2.0' not in head):
                yield path, 1, 'no licence header in the first lines'


def check_file_length(tree):
    """no source file is longer than 800 lines"""
    for path in tree.select('.c', '.h', '.py', '.sh'):
        n = tree.text[path].count('\n')
        if n > MAX_FILE_LINES:
            yield path, n, '%d lines, at most %d' % (n, MAX_FILE_LINES)


def check_line_length(tree):
    """no line of C or Python is longer than 79 columns"""
    for path in tree.select('.c', '.h', '.py'):
        for n, line in tree.lines(path):
            if len(line) > MAX_LINE:
                yield path, n, '%d columns' % len(line)


def check_white_space(tree):
    """no tab in C, Python or shell, no space at the end of a line"""
    scripts = set(tree.select('.c', '.h', '.py', '.sh')
                  + tree.scripts('sh') + tree.scripts('python'))
    for path in sorted(scripts):
        for n, line in tree.lines(path):
            if '\t' in line:
                yield path, n, 'tab'
            if line != line.rstrip():
                yield path, n, 'space at the end'


def check_markers(tree):
    """nothing is left to be done in a comment"""
    for path in tree.text:
        if ('/data/' not in path and path != 'LICENSE'
                and not path.startswith(VENDORED)):
            for n, line in tree.lines(path):
                match = MARKERS.search(line)
                if match:
                    yield path, n, match.group(1)


def check_machine_paths(tree):
    """no path of a developer's machine"""
    for path in tree.text:
        for n, line in tree.lines(path):
            if MACHINE_PATHS.search(line):
                yield path, n, line.strip()[:60]


def check_vendored(tree):
    """files of others are the ones whose digests were taken"""
    told = dict(reversed(line.split('  ', 1)) for line
                in tree.text.get(DIGESTS, '').split('\n')
                if line and not line.startswith('#'))
    for path in tree.paths:
        if path.startswith(VENDORED) and path != DIGESTS:
            with open(os.path.join(tree.top, path), 'rb') as stream:
                digest = hashlib.sha512(stream.read()).hexdigest()
            if told.pop(path[len(VENDORED):], '') != digest:
                yield path, 1, 'not as in %s: see utilities/vendor-web' % (
                    DIGESTS)
    for name in sorted(told):
        yield DIGESTS, 1, 'there is no ' + name


def check_listed(tree):
    """every source, header and test is named in an automake.mk"""
    fragments = '\n'.join(tree.text[p] for p in tree.text
                          if p.endswith('automake.mk'))
    named = set(re.findall(r'[\w./~+-]+', fragments))
    for path in tree.text:
        if not path.startswith(tuple(f + '/' for f in SOURCE_FOLDERS)):
            continue
        is_test = path.startswith(('tests/system/', 'tests/golden/'))
        if (path.endswith(('.c', '.h'))
                or (path.endswith(('.sh', '.py')))
                or (is_test and tree.text[path].startswith('#!'))):
            if path not in named:
                yield path, 1, 'in no automake.mk: not built, not released'


def check_tests_run(tree):
    """every test program is in the list of a suite"""
    for folder in ('unit', 'plugin', 'system', 'golden'):
        fragment = 'tests/%s/automake.mk' % folder
        text = tree.text.get(fragment, '').replace('\\\n', ' ')
        listed = set()
        for line in text.split('\n'):
            match = re.match(r'\s*[A-Z]+_TESTS\s*\+=(.*)', line)
            if match:
                listed.update(match.group(1).split())
        for path in tree.text:
            match = re.match(r'tests/%s/(test-[^/]*)$' % folder, path)
            if match and not path.endswith('.h'):
                name = path[:-2] if path.endswith('.c') else path
                if name not in listed:
                    yield path, 1, 'in no list of tests in ' + fragment


def check_demands(tree):
    """every test that dialect2.tsv or dialect1.tsv names is run"""
    lines = [(path, n, line) for path in ('tests/unit/dialect1.tsv',
                                          'tests/unit/dialect2.tsv')
             if path in tree.text for n, line in tree.lines(path)]
    for path, n, line in lines:
        if line.startswith('#') or not line:
            continue
        columns = line.split('\t')
        if len(columns) != 3 or not all(columns):
            yield path, n, 'not part, demand and tests'
            continue
        for test in columns[2].split():
            program, name = (test.split(':') + [''])[:2]
            text = tree.text.get('tests/unit/' + program, '')
            if not (re.search(r'^%s\(void' % re.escape(name), text, re.M)
                    and re.search(r'\(%s[,)]' % re.escape(name), text)):
                yield path, n, 'no ' + test


def check_promises(tree):
    """tests/system/README.md names all tests of its folder, and what is one"""
    path = 'tests/system/README.md'
    if path not in tree.text:
        return
    known = {os.path.basename(p) for p in tree.paths
             if re.match(r'tests/[a-z]+/test-[^/]*\.(c|py|sh)$', p)}
    named = set()
    for n, line in tree.lines(path):
        for name in re.findall(r'`(test-[\w-]+\.(?:c|py|sh))`', line):
            named.add(name)
            if name not in known:
                yield path, n, 'no ' + name
    for test in tree.paths:
        name = os.path.basename(test)
        if (re.match(r'tests/system/test-[^/]*$', test)
                and name not in named):
            yield path, 1, 'nothing of ' + name


def check_routes(tree):
    """xfsm-controller(8) tells of each route a verb that does the same"""
    path, routes = 'controller/xfsm-controller.8.in', 'controller/rest-call.h'
    if path not in tree.text or routes not in tree.text:
        return
    verbs = set(re.findall(r'\{"([a-z-]+)", \d', ''.join(
        text for name, text in tree.text.items()
        if name.startswith('utilities/xfsm-ctl'))))
    told = set()
    for n, line in tree.lines(path):
        row = re.match(r'(GET|PUT|POST|DELETE) ([\w{}/]+) +(\S.*?)  +\S',
                       line.replace('\\-', '-'))
        if not row:
            continue
        told.add((row[1], row[2]))
        for verb in row[3].split(' (')[0].split(', '):
            if verb not in verbs and not re.match(r'xfsm |-$', verb):
                yield path, n, 'no verb ' + verb
    for method, route in re.findall(r'R\("(\w+)", "/api/v1/([\w{}/]+)"',
                                    tree.text[routes]):
        if (method, route) not in told:
            yield path, 1, 'nothing of %s %s' % (method, route)


def check_shell(tree):
    """shell scripts parse"""
    for path in sorted(set(tree.scripts('sh') + tree.select('.sh'))):
        out = subprocess.run(['bash', '-n', os.path.join(tree.top, path)],
                             stderr=subprocess.PIPE, check=False)
        if out.returncode:
            yield path, 1, out.stderr.decode().strip().split('\n')[0]


def check_python(tree):
    """Python scripts parse"""
    for path in sorted(set(tree.scripts('python') + tree.select('.py'))):
        try:
            compile(tree.text[path], path, 'exec')
        except SyntaxError as error:
            yield path, error.lineno, error.msg


CHECKS = [check_layers, check_folders, check_include_style,
          check_engine_calls, check_licence, check_file_length,
          check_line_length, check_white_space, check_markers,
          check_machine_paths, check_vendored, check_listed,
          check_tests_run, check_demands, check_promises, check_routes,
          check_shell, check_python]


def main():
    top = sys.argv[1] if len(sys.argv) > 1 else os.environ.get('top_srcdir',
                                                               '.')
    tree = Tree(top)
    failed = 0
    if not tree.text:
        print('Bail out! no source in %s' % top)
        return 1
    print('1..%d' % len(CHECKS))
    for number, check in enumerate(CHECKS, 1):
        problems = list(check(tree))
        for path, n, message in problems:
            print('# %s:%d: %s' % (path, n, message))
        failed += bool(problems)
        print('%sok %d - %s' % ('not ' if problems else '', number,
                                check.__doc__))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
