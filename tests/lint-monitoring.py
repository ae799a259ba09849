#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""Checks of what is shipped for Prometheus and Grafana.

Prints one TAP line for each check.  Rules and expressions are checked by
promtool, of Debian's package prometheus, where that is installed; Grafana is
not in Debian, so the dashboard is checked for what Grafana needs of it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.environ.get('top_srcdir', '.')
RULES = os.path.join(TOP, 'utilities/monitoring/xfsm.rules.yml')
DASHBOARD = os.path.join(TOP, 'utilities/monitoring/xfsm-dashboard.json')
RULES_TEST = os.path.join(TOP, 'tests/lint-monitoring.yml')

# Of the names that are not ours, those that may be used.
OTHERS = {'up', 'ALERTS'}
# Words of expressions that are no names of metrics.
FUNCTIONS = set(
    'abs absent and by clamp_min count delta group_left host increase instance'
    ' label label_values max min on or port rate sum time topk'.split())


def read(path):
    with open(path, encoding='utf-8') as stream:
        return stream.read()


def dashboard():
    return json.loads(read(DASHBOARD))


def panels():
    return [p for p in dashboard()['panels'] if p['type'] != 'row']


def variables():
    return {v['name']: v for v in dashboard()['templating']['list']}


def expressions():
    """(where, expression) of all that asks Prometheus."""
    for panel in panels():
        for target in panel['targets']:
            yield '%s/%s' % (panel['title'], target['refId']), target['expr']
    for annotation in dashboard()['annotations']['list']:
        yield annotation['name'], annotation['expr']


def rules():
    """(name, text, expression) of each rule: the file is ours, so no more of
    YAML need be read than is written there."""
    for text in read(RULES).split('- alert: ')[1:]:
        found = re.search(r'\n +expr: (>-\n)?(.*?)\n +(for|labels):', text,
                          re.S)
        yield text.split('\n')[0], text, ' '.join(found.group(2).split())


def served():
    out = subprocess.run([sys.executable,
                          os.path.join(TOP, 'utilities/list-metrics'),
                          '--top', TOP], stdout=subprocess.PIPE, check=True,
                         universal_newlines=True).stdout
    return {name: set(labels.split(',')) - {''} for _, _, name, labels, _ in
            (line.split('\t') for line in out.splitlines())}


def names(expression):
    """Names of metrics in an expression."""
    bare = re.sub(r'\[[^]]*\]', '', expression)
    bare = re.sub(r'\b(by|on|group_left) \([^)]*\)', '', bare)
    inside = re.findall(r'__name__=~"([^"]*)"', bare)
    bare = re.sub(r'\{[^}]*\}', '', bare)
    words = re.findall(r'[a-zA-Z_:][a-zA-Z0-9_:]*', bare)
    return ({w for w in words if w not in FUNCTIONS}
            | {n for i in inside for n in i.split('|')})


def check_names():
    """all metrics that rules and panels use are served"""
    known = set(served()) | OTHERS
    asked = list(expressions()) + [(n, e) for n, _, e in rules()] + [
        (v['name'], v['definition']) for v in variables().values()
        if v['type'] == 'query']
    for where, expression in asked:
        for name in sorted(names(expression) - known):
            yield '%s: no metric %s' % (where, name)


def check_labels():
    """all labels that rules and panels use are served"""
    known = served()
    asked = list(expressions()) + [(n, e) for n, _, e in rules()]
    for where, expression in asked:
        for name, labels in re.findall(r'(\w+)\{([^}]*)\}', expression):
            for label in re.findall(r'(\w+)(?:=|!)', labels):
                if name in known and label not in known[name] | {'instance'}:
                    yield '%s: %s has no label %s' % (where, name, label)


def check_counters():
    """counters are only looked at by what they grew, gauges never so"""
    grew = re.compile(r'\b(?:rate|increase)\((\w+)')
    for where, expression in list(expressions()) + [
            (n, e) for n, _, e in rules()]:
        counters = {n for n in names(expression) if n.endswith('_total')}
        if counters != set(grew.findall(expression)):
            yield '%s: %s' % (where, expression)


def check_rules():
    """each rule has a severity, a summary and what to do"""
    seen = set()
    for name, text, _ in rules():
        if name in seen or not re.fullmatch('Xfsm[A-Za-z]+', name):
            yield '%s: bad name, or twice' % name
        seen.add(name)
        if not re.search(r'severity: (critical|warning|info)\}', text):
            yield '%s: no severity' % name
        for word in ('summary', 'description'):
            if word + ': ' not in text:
                yield '%s: no %s' % (name, word)
        if '- name: %s\n' % name not in read(RULES_TEST):
            yield '%s: nothing in %s' % (name, RULES_TEST)
    if len(seen) < 10:
        yield 'only %d rules were found' % len(seen)


def check_head():
    """the dashboard has what Grafana asks for"""
    d = dashboard()
    if not isinstance(d.get('schemaVersion'), int) or d['schemaVersion'] < 36:
        yield 'schemaVersion'
    for key in ('title', 'uid', 'time', 'templating', 'annotations'):
        if not d.get(key):
            yield 'no %s' % key
    if 'id' in d:
        yield 'an id is of one Grafana alone'
    if variables().get('datasource', {}).get('type') != 'datasource':
        yield 'no variable for the data source'


def check_panels():
    """each panel has an id, a place, a text, and asks something"""
    ids, places = set(), []
    for panel in dashboard()['panels']:
        where = '%s (%s)' % (panel['title'], panel['id'])
        if panel['id'] in ids:
            yield '%s: the id is there twice' % where
        ids.add(panel['id'])
        g = panel['gridPos']
        if g['x'] < 0 or g['x'] + g['w'] > 24 or g['h'] < 1:
            yield '%s: outside of the grid' % where
        for other, o in places:
            if (g['x'] < o['x'] + o['w'] and o['x'] < g['x'] + g['w']
                    and g['y'] < o['y'] + o['h']
                    and o['y'] < g['y'] + g['h']):
                yield '%s: over %s' % (where, other)
        places.append((where, g))
    for panel in panels():
        refs = [t['refId'] for t in panel['targets']]
        if not refs or len(refs) != len(set(refs)):
            yield '%s: targets' % panel['title']
        if not panel.get('description') or panel['type'] not in (
                'stat', 'timeseries', 'bargauge'):
            yield '%s: no description, or of another type' % panel['title']
        if 'unit' not in panel['fieldConfig']['defaults']:
            yield '%s: no unit' % panel['title']
        for part in [panel] + panel['targets']:
            if part['datasource'] != {'type': 'prometheus',
                                      'uid': '${datasource}'}:
                yield '%s: another data source' % panel['title']


def check_variables():
    """variables that are used are there, and those that are there are used"""
    text = ' '.join(e for _, e in expressions()) + ' '.join(
        p['title'] for p in dashboard()['panels'])
    used = set(re.findall(r'\$(\w+)', text)) - {'__rate_interval'}
    for name in sorted(used ^ (set(variables()) - {'datasource'})):
        yield '$%s' % name


def promtool(*args):
    done = subprocess.run(('promtool',) + args, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False,
                          universal_newlines=True)
    if done.returncode:
        yield from done.stdout.splitlines()


def check_syntax():
    """promtool takes the rules, and the expressions of the dashboard"""
    yield from promtool('check', 'rules', RULES)
    with tempfile.NamedTemporaryFile('w', suffix='.yml') as stream:
        stream.write('groups:\n- name: dashboard\n  rules:\n')
        for i, (_, expression) in enumerate(expressions()):
            expression = expression.replace('$__rate_interval', '5m')
            stream.write('  - record: e%d\n    expr: %s\n' % (
                i, json.dumps(expression)))
        stream.flush()
        yield from promtool('check', 'rules', stream.name)


def check_alerts():
    """each alert fires when it should, and not when it should not"""
    yield from promtool('test', 'rules', RULES_TEST)


NEED_PROMTOOL = (check_syntax, check_alerts)
CHECKS = (check_names, check_labels, check_counters, check_rules, check_head,
          check_panels, check_variables) + NEED_PROMTOOL


def main():
    failed = 0
    print('1..%d' % len(CHECKS))
    for number, check in enumerate(CHECKS, 1):
        if check in NEED_PROMTOOL and not shutil.which('promtool'):
            print('ok %d - %s # SKIP no promtool (Debian: prometheus)'
                  % (number, check.__doc__))
            continue
        problems = list(check())
        for problem in problems:
            print('# %s' % problem)
        failed += bool(problems)
        print('%sok %d - %s' % ('not ' if problems else '', number,
                                check.__doc__))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
