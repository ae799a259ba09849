# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""JSON Schema (draft 2020-12), as far as the schema of events uses it.

A keyword that is not known is an error, so that none is passed over.
"""

import json
import os
import re

TOP = os.environ.get('top_srcdir') or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATH = os.path.join(TOP, 'xfsm', 'io', 'event.schema.json')

ANNOTATIONS = {'$schema', '$id', '$comment', '$defs', 'title',
               'description'}


def load():
    """The schema of events."""
    with open(PATH, encoding='utf-8') as stream:
        return json.load(stream)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


TYPES = {
    'object': lambda v: isinstance(v, dict),
    'array': lambda v: isinstance(v, list),
    'string': lambda v: isinstance(v, str),
    'boolean': lambda v: isinstance(v, bool),
    'null': lambda v: v is None,
    'number': is_number,
    'integer': lambda v: is_number(v) and int(v) == v,
}


def equal(a, b):
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def find(root, ref):
    schema = root
    for part in ref.lstrip('#/').split('/'):
        schema = schema[part]
    return schema


def check_object(value, schema, root, place):
    known = schema.get('properties', {})
    for name in schema.get('required', ()):
        if name not in value:
            yield '%s: lacks "%s"' % (place, name)
    for name, member in value.items():
        at = '%s.%s' % (place, name)
        if name in known:
            yield from errors(member, known[name], root, at)
        elif 'additionalProperties' in schema:
            if schema['additionalProperties'] is False:
                yield at + ': is not known'
            else:
                yield from errors(member, schema['additionalProperties'],
                                  root, at)


def check_one(value, schemas, root, place):
    found = [list(errors(value, s, root, place)) for s in schemas]
    matches = sum(not f for f in found)
    if matches > 1:
        yield '%s: is %d things at once' % (place, matches)
    elif not matches:
        yield min(found, key=len)[0]


def errors(value, schema, root=None, place='event'):
    """Yields what is wrong with the value."""
    root = root or schema
    for keyword, wanted in schema.items():
        wrong = None
        if keyword == '$ref':
            yield from errors(value, find(root, wanted), root, place)
        elif keyword == 'oneOf':
            yield from check_one(value, wanted, root, place)
        elif keyword == 'not':
            wrong = not list(errors(value, wanted, root, place))
        elif keyword == 'type':
            names = wanted if isinstance(wanted, list) else [wanted]
            wrong = not any(TYPES[name](value) for name in names)
        elif keyword == 'const':
            wrong = not equal(value, wanted)
        elif keyword == 'enum':
            wrong = not any(equal(value, v) for v in wanted)
        elif keyword == 'minimum':
            wrong = is_number(value) and value < wanted
        elif keyword == 'maximum':
            wrong = is_number(value) and value > wanted
        elif keyword == 'minLength':
            wrong = isinstance(value, str) and len(value) < wanted
        elif keyword == 'maxLength':
            wrong = isinstance(value, str) and len(value) > wanted
        elif keyword == 'maxProperties':
            wrong = isinstance(value, dict) and len(value) > wanted
        elif keyword == 'maxItems':
            wrong = isinstance(value, list) and len(value) > wanted
        elif keyword == 'items':
            for i, item in enumerate(value if isinstance(value, list)
                                     else ()):
                yield from errors(item, wanted, root, '%s[%d]' % (place, i))
        elif keyword == 'pattern':
            wrong = isinstance(value, str) and not re.search(wanted, value)
        elif keyword in ('properties', 'required', 'additionalProperties'):
            continue
        elif keyword not in ANNOTATIONS:
            raise ValueError('keyword "%s" is not known here' % keyword)
        if wrong:
            yield '%s: %r: %s must be %r' % (place, value, keyword, wanted)
    if isinstance(value, dict):
        yield from check_object(value, schema, root, place)
