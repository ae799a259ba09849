#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""The man pages say what the programs do.

Usage: test-manual.py

What --help lists, options and commands, is in the page of the program, and
each option that a page describes is one of --help.  Each command for
ovs-appctl is in a page, so is each element, attribute, action, symbol and
function of programs, and each program that is installed has one.  Pages render
without a warning.
"""

import glob
import os
import re
import shutil
import subprocess

import golden
from golden import BUILD, TOP, Skipped, check

# What Open vSwitch adds to --help, and its own manuals describe.
STOCK = re.compile(r'^(Daemon|Logging|Output formatting|SSL|Other) options:'
                   r'|^(Active|Passive) .*methods:|^PKI configuration'
                   r'|^(Generic )?[Dd]atabase commands', re.M)
# What groff says of pages that Open vSwitch's converter of schemas makes.
STOCK_WARNING = re.compile(r"-db\.5:\d+: warning: missing '\)' \(got 'n'\)")
OPTION = re.compile(r'(?<![\w-])--[a-z][a-z0-9-]*')
COMMAND = re.compile(r'^  (?:\[[^]]*\] )*([a-z]+(?:-[a-z]+)*)(?: |$)', re.M)

# Programs, their pages, and arguments that have them list more.
PROGRAMS = [
    ('utilities/xfsm', 'utilities/xfsm.1', []),
    ('utilities/xfsm-ctl', 'utilities/xfsm-ctl.8', [['--fleet']]),
    ('ovs-plugin/ovs-xfsmd', 'ovs-plugin/ovs-xfsmd.8', []),
    ('ovs-plugin/xfsm-hub', 'ovs-plugin/xfsm-hub.8', []),
    ('ovs-plugin/xfsm-probe', 'ovs-plugin/xfsm-probe.8', []),
    ('controller/xfsm-controller', 'controller/xfsm-controller.8', []),
]


def read(path):
    with open(path, encoding='utf-8') as stream:
        return stream.read()


def plain(text):
    """What a page says, without its fonts and requests."""
    text = re.sub(r'\\f.|\\&|\\c|"', '', text.replace('\\\n', ''))
    text = text.replace('\\-', '-')
    # .BR and the like set their arguments without space in between.
    return re.sub(r'^\.[BIR]{1,2} (.*)$', lambda m: m.group(1), text,
                  flags=re.M)


def pages():
    return sorted(p for p in glob.glob(os.path.join(BUILD, '*', '*.[1-8]'))
                  if os.path.isfile(p))


def page(name):
    path = os.path.join(BUILD, name)
    if not os.path.exists(path):
        raise Skipped('%s was not built' % name)
    return read(path)


def said(program, *args):
    """What --help says."""
    return subprocess.run([os.path.join(BUILD, program), *args, '--help'],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, universal_newlines=True).stdout


def helps(program, more):
    """What --help says, of each command that has its own, too."""
    texts = [said(program)] + [said(program, *args) for args in more]
    if program.endswith('/xfsm'):
        texts += [said(program, name) for name in COMMAND.findall(texts[0])]
    return texts


def headings(text):
    """The words that descriptions begin with: .TP and .TQ with the line
    after it, and .IP."""
    text = text.replace('\\\n', '')
    return plain('\n'.join(
        a or b for a, b in re.findall(
            r'^\.T[PQ].*\n(.*)$|^\.IP (.+)$', text, re.M)))


def test_options(program, name, more):
    text = page(name)
    texts = helps(program, more)
    listed = set(OPTION.findall('\n'.join(texts)))
    own = set(OPTION.findall('\n'.join(STOCK.split(t)[0] for t in texts)))
    check(own, '%s --help lists no option', program)
    missing = own - {'--help', '--version'} - set(OPTION.findall(plain(text)))
    check(not missing, '%s does not describe %s', name,
          ' '.join(sorted(missing)))
    unknown = set(OPTION.findall(headings(text))) - listed
    check(not unknown, '%s --help does not list %s', program,
          ' '.join(sorted(unknown)))


def test_commands(program, name, more):
    """Commands of --help are in the page."""
    text = plain(page(name))
    names = {command for said_so in helps(program, more)
             for command in COMMAND.findall(STOCK.split(said_so)[0])}
    check(len(names) > 5, 'few commands: %s', names)
    missing = [command for command in sorted(names) if not re.search(
        r'(?<![\w-])%s(?![\w-])' % re.escape(command), text)]
    check(not missing, '%s does not name %s', name, ' '.join(missing))


def test_appctl():
    text = '\n'.join(plain(read(path)) for path in pages())
    names = set()
    for path in glob.glob(os.path.join(TOP, '*', '*.c')):
        names |= set(re.findall(r'unixctl_command_register\(\s*"([^"]+)"',
                                read(path)))
    check(len(names) > 10, 'found few commands: %s', names)
    missing = [name for name in sorted(names) if name not in text]
    check(not missing, 'no page has %s', ' '.join(missing))


# Where the names of the language are, how they look there, and how many there
# are at least: elements and attributes, actions, symbols of selectors, what
# texts substitute, functions and operators.
LANGUAGE = [
    ('xfsm.rng', r'<(?:element|attribute) name="([^"]+)"', 50),
    ('action.c', r'\{ "(\w+)", do_', 10),
    ('symbol.c', r'S\((?:TCP_FLAG|RCODE|HTTP_METHOD), "([^"]+)"', 16),
    ('text.c', r'\{ "([\w.]+)", XFSM_TX_', 5),
    ('model.h', r'O\([A-Z0-9]+, "(\w+)"\)', 12),
]

# Of the original's; they have no effect.
NO_WORDS = {'print_tab', 'PrintTimeoutTrigger'}


def test_language(name, pattern, least):
    """Each name that programs can have is in the page."""
    text = plain(page('utilities/xfsm.1'))
    names = set(re.findall(pattern, read(os.path.join(
        TOP, 'xfsm', 'program', name))))
    check(len(names) >= least, 'found few: %s', names)
    missing = [name for name in sorted(names - NO_WORDS) if not re.search(
        r'(?<![\w-])%s(?![\w-])' % re.escape(name), text)]
    check(not missing, 'xfsm(1) does not have %s', ' '.join(missing))


def test_installed():
    """Each program has a page, or the page of who starts it names it."""
    makefile = read(os.path.join(BUILD, 'Makefile'))
    names = set()
    for where in ('bin', 'sbin', 'pkglibexec'):
        for line in re.findall(r'^%s_PROGRAMS = (.*(?:\\\n.*)*)' % where,
                               makefile, re.M):
            names |= {os.path.basename(word.replace('$(EXEEXT)', ''))
                      for word in line.split() if '/' in word}
    check('xfsm' in names, 'programs: %s', names)
    titles = {os.path.basename(path).rsplit('.', 1)[0] for path in pages()}
    text = '\n'.join(plain(read(path)) for path in pages())
    for name in sorted(names - titles):
        check(re.search(r'\b%s\b' % re.escape(name), text),
              '%s has no man page', name)


def test_renders(path):
    if not shutil.which('groff'):
        raise Skipped('no groff')
    done = subprocess.run(['groff', '-man', '-ww', '-t', '-Tutf8', '-Kutf8',
                           '-z', path], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=False,
                          universal_newlines=True)
    warnings = [line for line in done.stderr.splitlines()
                if not STOCK_WARNING.search(line)]
    check(not done.returncode and not warnings, '%s', '\n'.join(warnings))


def main():
    tap = golden.Tap()
    for program, name, more in PROGRAMS:
        tap.test('options of ' + program, test_options, program, name, more)
        if program.startswith('utilities/'):
            tap.test('commands of ' + program, test_commands, program, name,
                     more)
    tap.test('commands of ovs-appctl', test_appctl)
    for name, pattern, least in LANGUAGE:
        tap.test('names of programs in ' + name, test_language, name,
                 pattern, least)
    tap.test('programs that are installed', test_installed)
    for path in pages():
        tap.test(os.path.basename(path) + ' renders', test_renders, path)
    tap.finish()


if __name__ == '__main__':
    main()
