#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""Checks that the schemas and their documentation say the same.

Prints one TAP line for each check of each database: tables and columns of
ovsdb-schema/NAME.ovsschema against ovsdb-schema/NAME.xml, keys of map columns
in the documentation against the sources that read them, and the checksum.
"""

import json
import os
import re
import subprocess
import sys
import xml.dom.minidom

TOP = os.environ.get('top_srcdir', '.')


class Database:
    """A database: 'name' of its files; 'reader', the folder of the program
    that reads it; 'maps', the map columns whose keys that does; 'stock_keys',
    keys on the stock side, told in the introduction."""

    def __init__(self, name, reader, maps, stock_keys=()):
        self.name = name
        self.schema = os.path.join(TOP, 'ovsdb-schema', name + '.ovsschema')
        self.doc = os.path.join(TOP, 'ovsdb-schema', name + '.xml')
        self.reader = os.path.join(TOP, reader)
        self.maps = maps
        self.stock_keys = set(stock_keys)


DATABASES = [
    Database('xfsm', 'ovs-plugin',
             [('XFSM_Global', 'options'), ('Assignment', 'target')],
             ['xfsm', 'xfsm-status', 'xfsm-error']),
    Database('xfsm-fleet', 'controller',
             [('Fleet', 'options'), ('Program', 'options'),
              ('Fleet', 'status'), ('Host', 'statistics')]),
]


def read(path):
    with open(path, encoding='utf-8') as stream:
        return stream.read()


def schema_columns(db):
    tables = json.loads(read(db.schema))['tables']
    return {(t, c) for t in tables for c in tables[t]['columns']}


def documented(db):
    """Returns the documented (table, column) and (table, column, key)."""
    columns, keys, mute = set(), set(), set()
    document = xml.dom.minidom.parse(db.doc)
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


def reader_text(db):
    text = []
    for name in sorted(os.listdir(db.reader)):
        if name.endswith(('.c', '.h')):
            text.append(read(os.path.join(db.reader, name)))
    return '\n'.join(text)


def check_columns(db):
    """every column of the schema is documented, and no other"""
    schema, (doc, _, mute) = schema_columns(db), documented(db)
    for name in sorted(schema - doc):
        yield '%s.%s is not documented' % name
    for name in sorted(doc - schema):
        yield '%s.%s is documented but is no column' % name
    for name in sorted(mute):
        yield '%s.%s is documented without a word' % name


def check_keys(db):
    """every documented key is one that its reader knows"""
    _, keys, _ = documented(db)
    text = reader_text(db)
    for table, column, key in sorted(keys):
        if ((table, column) in db.maps
                and '"%s"' % key not in text):
            yield '%s.%s:%s is documented, nothing reads it' % (table, column,
                                                                key)
    doc = read(db.doc)
    for key in sorted(db.stock_keys):
        if '<code>external_ids:%s</code>' % key not in doc:
            yield 'external_ids:%s is not documented' % key
        if '"%s"' % key not in text:
            yield 'external_ids:%s: nothing uses it' % key


def check_reader(db):
    """every key that its reader gets is documented"""
    _, keys, _ = documented(db)
    text = reader_text(db)
    for table, column in db.maps:
        pattern = (r'get\w*\(\s*&?[\w>.()-]*\b%s\s*,\s*"([^"]+)"'
                   % column)
        for key in sorted(set(re.findall(pattern, text))):
            if (table, column, key) not in keys:
                yield '%s.%s:%s is read, not documented' % (table, column,
                                                            key)


def check_checksum(db):
    """the checksum in the schema is that of its content"""
    lines = [x for x in read(db.schema).split('\n') if 'cksum' not in x]
    out = subprocess.run(['cksum'], input='\n'.join(lines).encode(),
                         stdout=subprocess.PIPE, check=True)
    found = json.loads(read(db.schema)).get('cksum')
    right = out.stdout.decode().strip()
    if found != right:
        yield ('the checksum is "%s": raise "version" and set "cksum" to it'
               % right)


CHECKS = [check_columns, check_keys, check_reader, check_checksum]


def main():
    failed = 0
    runs = [(db, check) for db in DATABASES for check in CHECKS]
    print('1..%d' % len(runs))
    for number, (db, check) in enumerate(runs, 1):
        problems = list(check(db))
        for problem in problems:
            print('# %s' % problem)
        failed += bool(problems)
        print('%sok %d - %s: %s' % ('not ' if problems else '', number,
                                    db.name, check.__doc__))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
