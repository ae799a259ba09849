#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""Every event is as xfsm/io/event.schema.json says.

Usage: test-schema.py

All programs run on all captures, generated and shared, and each event is
checked; with sanitizers on the generated ones alone, as test-programs.py runs
them on the shared ones.  That the check can fail is shown with events that are
wrong.  Where there is the module jsonschema, it must be of the same opinion.
"""

import collections
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import golden                                               # noqa: E402
import schema                                               # noqa: E402

try:
    import jsonschema
except ImportError:
    jsonschema = None

# Events of a program in one run that are checked; the others are like them.
EVENTS_MAX = 200
PROGRAM = re.compile('"program":"[^"]*"')

# So many programs run at once, as on a port.
PROGRAMS = 16

GOOD = {'v': 1, 'time': '2026-11-23T16:42:36.123456789Z', 'label': 'alert',
        'program': 'portscan', 'host': 'hv1', 'bridge': 'br0',
        'port': 'vnet7', 'epoch': 1763916156, 'seq': 17}
ABOUT = dict(GOOD, interface_uuid='5f2d1c7a-8f39-4a52-9d7f-0a1b2c3d4e5f',
             state='calm', next_state='busy',
             external_ids={'iface-id': 'a', 'vm-uuid': 'b', 'vm-id': 'c',
                           'attached-mac': 'd' * 128})
BEAT = {'v': 1, 'time': '2026-11-23T16:42:36.123Z', 'label': 'heartbeat',
        'program': 'hub', 'host': '', 'bridge': '', 'port': '', 'epoch': 1,
        'last_seq': 1, 'state': 'gone', 'events': 1, 'lost': 0,
        'suppressed': 0, 'topics': {'alert/x': 1}}
LOST = {'v': 1, 'time': '2026-11-23T16:42:36.123Z', 'label': 'lost',
        'program': 'hub', 'host': '', 'bridge': '', 'port': '', 'epoch': 1,
        'from': 1, 'to': 2, 'count': 2, 'text': 'x', 'level': 'WARN'}

HITTER = {'key': {'ip_src': '10.0.0.1', 'dst_port': 443}, 'count': 1.5,
          'error': 0}

# What is changed in a good message, which stays good.
GOOD_CHANGES = [
    {'fields': {'a': [HITTER] * 20, 'b': 1, 'port': [HITTER], 'rate': 'x'}},
    {'fields': {'match': {'ip_src': '10.0.0.1'}, 'action': 'block'}},
    {'fields': {'match': [], 'action': []}},
]

# What is changed in a good message to make it a bad one; None: left out.
BAD = [
    (GOOD, {'v': 2}), (GOOD, {'v': True}), (GOOD, {'seq': 0}),
    (GOOD, {'seq': 1.5}), (GOOD, {'seq': '1'}), (GOOD, {'host': None}),
    (GOOD, {'time': '2026-11-23 16:42:36'}), (GOOD, {'label': 'lost'}),
    (GOOD, {'label': ''}), (GOOD, {'key': {'a': []}}), (GOOD, {'key': 'x'}),
    (GOOD, {'features': {'a': 'x'}}), (GOOD, {'raw': 'a b'}),
    (GOOD, {'suspect': False}), (GOOD, {'lost': 0}),
    (GOOD, {'epoch': -1}), (GOOD, {'fields': {'a': True}}),
    (GOOD, {'fields': {'a': [1]}}), (GOOD, {'fields': {'a': [HITTER] * 21}}),
    (GOOD, {'fields': {'port': [dict(HITTER, key={'a': []})]}}),
    (GOOD, {'fields': {'a': [dict(HITTER, count='1')]}}),
    (GOOD, {'fields': {'a': [dict(HITTER, error=-1)]}}),
    (GOOD, {'fields': {'match': [dict(HITTER, more=1)]}}),
    (GOOD, {'fields': {'a': [{'key': {}, 'count': 1}]}}),
    (GOOD, {'fields': {'a': {'b': 1}}}),
    (GOOD, {'port': 'x' * 1025}), (GOOD, {'epoch': 1 << 64}),
    (ABOUT, {'interface_uuid': '5f2d1c7a'}), (ABOUT, {'next_state': 1}),
    (ABOUT, {'external_ids': {'iface-id': ''}}),
    (ABOUT, {'external_ids': {'iface-id': 'd' * 129}}),
    (ABOUT, {'external_ids': {'iface-id': '\xe9'}}),
    (ABOUT, {'external_ids': {'neutron:name': 'x'}}),
    (BEAT, {'topics': {'x': -1}}), (BEAT, {'more': 1}),
    (BEAT, {'state': 'dead'}), (BEAT, {'last_seq': None}),
    (BEAT, {'topics': {str(i): 1 for i in range(33)}}),
    (LOST, {'from': 0}), (LOST, {'seq': 1}), (LOST, {'text': None}),
]


def changed(message, change):
    new = dict(message)
    for name, value in change.items():
        new[name] = value
        if value is None:
            del new[name]
    return new


def test_validator(root, other):
    """Good messages pass and bad ones do not."""
    for message in [GOOD, ABOUT, BEAT, LOST] + [changed(GOOD, change)
                                                for change in GOOD_CHANGES]:
        wrong = list(schema.errors(message, root))
        golden.check(not wrong, '%s: %s', message, wrong)
        golden.check(not other or other.is_valid(message), '%s', message)
    for message, change in BAD:
        bad = changed(message, change)
        golden.check(list(schema.errors(bad, root)), 'passed: %s', bad)
        golden.check(not other or not other.is_valid(bad), 'passed: %s', bad)


def check_capture(root, other, seen, programs, capture):
    for at in range(0, len(programs), PROGRAMS):
        run = golden.run_programs(programs[at:at + PROGRAMS], capture)
        counts = collections.Counter()
        for line in run.out.splitlines():
            name = PROGRAM.search(line).group()
            counts[name] += 1
            if counts[name] > EVENTS_MAX:
                continue
            event = json.loads(line)
            wrong = list(schema.errors(event, root))
            golden.check(not wrong, '%s: %s\n%s', run.command, line,
                         '\n'.join(wrong))
            golden.check(set(event) <= set(
                root['$defs']['event']['properties']),
                'members that the schema does not know: %s', line)
            golden.check(not other or seen[0] % 100
                         or other.is_valid(event), '%s', line)
            seen[0] += 1
            seen[1].update(event)


def main():
    root = schema.load()
    tap = golden.Tap()
    other = None
    if jsonschema and hasattr(jsonschema, 'Draft202012Validator'):
        jsonschema.Draft202012Validator.check_schema(root)
        other = jsonschema.Draft202012Validator(root)
    tap.test('the validator', test_validator, root, other)
    seen = [0, set()]
    with golden.make_captures() as generated:
        captures = [os.path.join(generated, name)
                    for name in sorted(os.listdir(generated))]
        if not golden.is_sanitized():
            captures += golden.shared_files('captures', '*')
        programs = golden.library() + golden.shared_files('programs',
                                                          '*.xml')
        for capture in captures:
            tap.test('events of ' + os.path.basename(capture), check_capture,
                     root, other, seen, programs, capture)
    tap.test('there were events', golden.check, seen[0] > 100,
             '%d events', seen[0])
    print('# %d events with the members %s'
          % (seen[0], ', '.join(sorted(seen[1]))))
    tap.finish()


if __name__ == '__main__':
    main()
