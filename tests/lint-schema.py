#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""Checks that the schema and its documentation say the same.

Prints one TAP line for each check: tables and columns of
ovsdb-schema/xfsm.ovsschema against ovsdb-schema/xfsm.xml, keys of map columns
in the documentation against the sources that read them, and the checksum.
"""

import json
import os
import re
import subprocess
import sys
import xml.dom.minidom

TOP = os.environ.get('top_srcdir', '.')
SCHEMA = os.path.join(TOP, 'ovsdb-schema', 'xfsm.ovsschema')
DOC = os.path.join(TOP, 'ovsdb-schema', 'xfsm.xml')
AGENT = os.path.join(TOP, 'ovs-plugin')

# Map columns whose keys the agent reads.
READ_BY_AGENT = [('XFSM_Global', 'options'), ('Assignment', 'target')]

# Keys on the stock side, told in the introduction.
STOCK_KEYS = {'xfsm', 'xfsm-status', 'xfsm-error'}


def read(path):
    with open(path, encoding='utf-8') as stream:
        return stream.read()


def schema_columns():
    tables = json.loads(read(SCHEMA))['tables']
    return {(t, c) for t in tables for c in tables[t]['columns']}


def documented():
    """Returns the documented (table, column) and (table, column, key)."""
    columns, keys, mute = set(), set(), set()
    document = xml.dom.minidom.parse(DOC)
    for table in document.getElementsByTagName('table'):
        for column in table.getElementsByTagName('column'):
            name = (table.getAttribute('name'), column.getAttribute('name'))
            columns.add(name)
            if column.hasAttribute('key'):
                keys.add(name + (column.getAttribute('key'),))
            text = ''.join(node.toxml() for node in column.childNodes)
            if len(re.sub(r'<[^>]*>|\s', '', text)) < 5:
                mute.add(name)
    return columns, keys, mute


def agent_text():
    text = []
    for name in sorted(os.listdir(AGENT)):
        if name.endswith(('.c', '.h')):
            text.append(read(os.path.join(AGENT, name)))
    return '\n'.join(text)


def check_columns():
    """every column of the schema is documented, and no other"""
    schema, (doc, _, mute) = schema_columns(), documented()
    for name in sorted(schema - doc):
        yield '%s.%s is not documented' % name
    for name in sorted(doc - schema):
        yield '%s.%s is documented but is no column' % name
    for name in sorted(mute):
        yield '%s.%s is documented without a word' % name


def check_keys():
    """every documented key is one that the agent reads"""
    _, keys, _ = documented()
    text = agent_text()
    for table, column, key in sorted(keys):
        if ((table, column) in READ_BY_AGENT
                and '"%s"' % key not in text):
            yield '%s.%s:%s is documented, nothing reads it' % (table, column,
                                                                key)
    doc = read(DOC)
    for key in sorted(STOCK_KEYS):
        if '<code>external_ids:%s</code>' % key not in doc:
            yield 'external_ids:%s is not documented' % key
        if '"%s"' % key not in text:
            yield 'external_ids:%s: nothing uses it' % key


def check_agent():
    """every key that the agent reads is documented"""
    _, keys, _ = documented()
    text = agent_text()
    for table, column in READ_BY_AGENT:
        pattern = (r'get\w*\(\s*&?[\w>.()-]*\b%s\s*,\s*"([^"]+)"'
                   % column)
        for key in sorted(set(re.findall(pattern, text))):
            if (table, column, key) not in keys:
                yield '%s.%s:%s is read, not documented' % (table, column,
                                                            key)


def check_checksum():
    """the checksum in the schema is that of its content"""
    lines = [x for x in read(SCHEMA).split('\n') if 'cksum' not in x]
    out = subprocess.run(['cksum'], input='\n'.join(lines).encode(),
                         stdout=subprocess.PIPE, check=True)
    found = json.loads(read(SCHEMA)).get('cksum')
    right = out.stdout.decode().strip()
    if found != right:
        yield ('the checksum is "%s": raise "version" and set "cksum" to it'
               % right)


CHECKS = [check_columns, check_keys, check_agent, check_checksum]


def main():
    failed = 0
    print('1..%d' % len(CHECKS))
    for number, check in enumerate(CHECKS, 1):
        problems = list(check())
        for problem in problems:
            print('# %s' % problem)
        failed += bool(problems)
        print('%sok %d - %s' % ('not ' if problems else '', number,
                                check.__doc__))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
