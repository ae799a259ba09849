#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""What a fleet costs its controller, and how fast it is.

Usage: bench-fleet.py [--hosts=N] [--probes=N] [--events=N] [--seconds=N]
                      [--hubs=N] [--brokers=N...]
                      [idle] [assign] [storm] [sinks]

Environment: top_srcdir, top_builddir, OVS_SRCDIR as for the system tests.
Needs no privilege.  A host is an ovsdb-server of its own with a database XFSM
that has a row for each of its probes, and one of the hubs of bench-hubs; the
fleet is in a database XFSM_Fleet.  Prints Markdown; its exit status is 1 if an
event is missing or a host is not as it should be.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.environ.get('top_srcdir') or os.path.dirname(os.path.dirname(
    os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'tests', 'system', 'lib'))
import hubstest                                             # noqa: E402
import kafkatest                                            # noqa: E402
import natstest                                             # noqa: E402
import xfsmtest                                             # noqa: E402
from collecttest import CONTROLLER, Collector, has_sink     # noqa: E402
from faulttest import cpu_seconds                           # noqa: E402
from fleettest import Ovsdb, named                          # noqa: E402

PROGRAM = """<xfsm name="hello" version="1.0"><statedef id="quiet"/>
<event type="packet" selector="proto tcp" primary-key="ip_src">
<state id="quiet"><condition expression="1" action="Publish(log, hello)"/>
</state></event></xfsm>
"""
SECTIONS = ('idle', 'assign', 'storm', 'sinks')


def row(*cells):
    print('| ' + ' | '.join(str(c) for c in cells) + ' |')
    sys.stdout.flush()


def header(title, *cells):
    print('\n%s:\n' % title)
    row(*cells)
    row(*['---'] * len(cells))


def wait_for(condition, seconds, explain):
    """Waits for it more closely than wait_until() does; returns when."""
    deadline = time.monotonic() + seconds * xfsmtest.PATIENCE
    while not condition():
        xfsmtest.check(time.monotonic() < deadline, explain)
        time.sleep(0.002)
    return time.monotonic()


def environment(folder):
    path = [os.path.join(xfsmtest.OVS_DIR, d)
            for d in ('ovsdb', 'utilities')] + [os.environ['PATH']]
    return dict(os.environ, OVS_RUNDIR=folder, OVS_LOGDIR=folder,
                OVS_DBDIR=folder, PATH=':'.join(path))


class Database:
    """An ovsdb-server with one database."""

    def __init__(self, folder, name, schema, env):
        self.socket = os.path.join(folder, name + '.sock')
        db = os.path.join(folder, name + '.db')
        self.database = {'xfsm': 'XFSM', 'xfsm-fleet': 'XFSM_Fleet'}[schema]
        empty = os.path.join(folder, schema + '.empty')
        if not os.path.exists(empty):
            subprocess.run(['ovsdb-tool', 'create', empty, os.path.join(
                TOP, 'ovsdb-schema', schema + '.ovsschema')], env=env,
                check=True)
        shutil.copy(empty, db)
        self.process = subprocess.Popen(
            ['ovsdb-server', '-vconsole:off', '-vsyslog:off',
             '--remote=punix:' + self.socket,
             '--unixctl=%s.ctl' % self.socket, db], env=env)
        self.rows = None

    def connect(self):
        def try_it():
            with contextlib.suppress(OSError):
                self.rows = Ovsdb(self.socket, self.database)
            return self.rows
        wait_for(try_it, 20, self.socket)

    def stop(self):
        if self.rows:
            self.rows.close()
        self.process.kill()
        self.process.wait()


class Fleet:
    """The hosts, and a controller."""

    def __init__(self, n_hosts, n_probes):
        self.n = n_hosts
        self.hubs = hubstest.Hubs(n_hosts)
        self.dir = self.hubs.dir
        self.env = environment(self.dir)
        self.databases = []
        self.process = None
        self.hubs.__enter__()
        self.fleet = self.add('fleet', 'xfsm-fleet')
        for i in range(n_hosts):
            self.add('d%d' % i, 'xfsm')
        for d in self.databases:
            d.connect()
        self.fleet.rows.transact(*[
            {'op': 'insert', 'table': 'Host',
             'row': {'name': 'h%d' % i,
                     'remotes': 'unix:%s/d%d.sock' % (self.dir, i),
                     'events': self.hubs.endpoint_of(i)}}
            for i in range(n_hosts)])
        for d in self.hosts():
            d.rows.transact(*[
                {'op': 'insert', 'table': 'Probe',
                 'row': {'interface': 'vnet%d' % i, 'status': 'running',
                         'bridge': 'br-int', 'port': 'vnet%d' % i,
                         'programs': ['set', ['hello']],
                         'external_ids': ['map', [
                             ['iface-id', '4b1f0000-0000-%012d' % i]]]}}
                for i in range(n_probes)])

    def add(self, name, schema):
        d = Database(self.dir, name, schema, self.env)
        self.databases.append(d)
        return d

    def hosts(self):
        return self.databases[1:]

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.kill()
        for d in self.databases:
            d.stop()
        return self.hubs.__exit__(*args)

    def start(self):
        self.ctl = os.path.join(self.dir, 'controller.ctl')
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.ctl)
        self.process = subprocess.Popen(
            [CONTROLLER, '--db=unix:' + self.fleet.socket, '--name=c1',
             '--xfsm=' + os.path.join(xfsmtest.TOP_BUILDDIR,
                                      'utilities/xfsm'),
             '--events=%s/collected' % self.dir,
             '--state-dir=%s/state' % self.dir, '--unixctl=' + self.ctl,
             '-vconsole:off', '-vsyslog:off',
             '--log-file=%s/controller.log' % self.dir], env=self.env)
        wait_for(lambda: os.path.exists(self.ctl), 20, 'no controller')

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def show(self):
        return subprocess.run(['ovs-appctl', '-t', self.ctl, 'fleet/show'],
                              env=self.env, stdout=subprocess.PIPE,
                              universal_newlines=True).stdout

    def wait_ready(self):
        """Waits until all hosts are met, and all hubs followed."""
        def ready():
            text = self.show()
            return (text.count(': connected;') == self.n
                    and len(re.findall(': (?:written|up to date)', text))
                    == self.n)
        return wait_for(ready, 60, lambda: self.show()[:4000])

    def memory(self):
        """KiB that are the controller's own."""
        with open('/proc/%d/smaps_rollup' % self.process.pid) as f:
            return sum(int(line.split()[1]) for line in f
                       if line.startswith('Private_'))

    def count(self, what):
        return len(os.listdir('/proc/%d/%s' % (self.process.pid, what)))


def measure_idle(n_hosts, n_probes, seconds):
    with Fleet(n_hosts, n_probes) as fleet:
        fleet.start()
        fleet.wait_ready()
        memory, files = fleet.memory(), fleet.count('fd')
        cpu = cpu_seconds(fleet.process.pid)
        time.sleep(seconds)
        cpu = cpu_seconds(fleet.process.pid) - cpu
        return {'memory': memory, 'files': files,
                'threads': fleet.count('task'), 'cpu': cpu / seconds}


def bench_idle(args):
    header('A controller whose fleet does nothing, for %d s (heartbeats come '
           'every second)' % args.seconds, 'hosts', 'probes of each',
           'memory', 'a host', 'files', 'threads', 'of a processor',
           'a host')
    base = measure_idle(0, 0, args.seconds)
    for n, probes in ((0, 0), (args.hosts, 0), (args.hosts, args.probes)):
        m = measure_idle(n, probes, args.seconds) if n else base
        row(n, probes, '%.1f MiB' % (m['memory'] / 1024),
            '%d KiB' % ((m['memory'] - base['memory']) / n) if n else '',
            m['files'], m['threads'], '%.2f %%' % (100 * m['cpu']),
            '%.4f %%' % (100 * (m['cpu'] - base['cpu']) / n) if n else '')


def bench_assign(args):
    header('From a row that changes in XFSM_Fleet to the databases of the '
           'hosts', 'hosts', 'change', 'first host, s', 'last host, s',
           'CPU of the controller, s')
    with Fleet(args.hosts, args.probes) as fleet:
        rows = fleet.fleet.rows
        fleet.start()
        fleet.wait_ready()

        def measure(what, change, has):
            missing = list(fleet.hosts())
            first = None
            cpu = cpu_seconds(fleet.process.pid)
            start = time.monotonic()
            change()
            while missing:
                missing = [d for d in missing if not has(d.rows)]
                if len(missing) < args.hosts and first is None:
                    first = time.monotonic() - start
                xfsmtest.check(time.monotonic() - start
                               < 60 * xfsmtest.PATIENCE, fleet.show)
            last = time.monotonic() - start
            row(args.hosts, what, '%.2f' % first, '%.2f' % last, '%.2f'
                % (cpu_seconds(fleet.process.pid) - cpu))

        def target(of):
            return dict((of.row('Assignment', 'all') or {}).get('target', {}))

        measure('a program, and an assignment of it', lambda: rows.transact(
            {'op': 'insert', 'table': 'Program',
             'row': {'name': 'hello', 'version': 1, 'source': PROGRAM}},
            {'op': 'insert', 'table': 'Assignment',
             'row': {'name': 'all', 'enabled': True,
                     'programs': ['set', ['hello']],
                     'target': ['map', [['port', 'vnet*']]],
                     'hosts': ['set', ['*']]}}),
            lambda of: target(of) == {'port': 'vnet*'})
        measure('the target of the assignment', lambda: rows.update(
            'Assignment', named('all'), target={'bridge': 'br-int'}),
            lambda of: target(of) == {'bridge': 'br-int'})


def bench_storm(args):
    header('A controller that was killed is started again, with %d alerts in '
           'the journals' % args.hosts, 'hosts', 'all in sync, s',
           'CPU, s', 'all alerts there, s')
    with Fleet(args.hosts, args.probes) as fleet:
        fleet.start()
        fleet.wait_ready()
        fleet.kill()
        fleet.hubs.send(args.hosts)
        start = time.monotonic()
        fleet.start()
        collected = os.path.join(fleet.dir, 'collected')

        def n_collected():
            with open(collected) as f:
                return sum(1 for _ in f)
        alerts = wait_for(lambda: n_collected() >= args.hosts, 60,
                          lambda: '%d alerts' % n_collected())
        ready = fleet.wait_ready()
        row(args.hosts, '%.2f' % (ready - start),
            '%.2f' % cpu_seconds(fleet.process.pid),
            '%.2f' % (alerts - start))


def measure_sink(args, name, url, options, done, folder, servers=()):
    """Events from as many hubs, as fast as they come."""
    def broker_cpu():
        return sum(cpu_seconds(p.pid) for p in servers)

    n = args.events
    with hubstest.Hubs(args.hubs) as hubs:
        with Collector(hubs, *options, events=url) as collector:
            collector.state = os.path.join(hubs.dir, 'state')
            collector.args[0] = '--state-dir=' + collector.state
            hubs.write_fleet(collector)
            if url is None:
                collector.path = os.path.join(folder, 'events')
            collector.start()
            wait_for(lambda: collector.show().count(': connected;')
                     == args.hubs, 30, collector.show)
            hubs.send(args.hubs, label='log')
            wait_for(lambda: done(collector) >= args.hubs, 60,
                     collector.show)
            cpu = cpu_seconds(collector.process.pid)
            brokers = broker_cpu()
            start = time.monotonic()
            hubs.send(n, label='log')
            end = wait_for(lambda: done(collector) >= n + args.hubs, 240,
                           collector.show)
            cpu = cpu_seconds(collector.process.pid) - cpu
            row(name, n, '%d' % (n / (end - start)),
                '%.1f' % (1e6 * cpu / n),
                '%.1f' % (1e6 * (broker_cpu() - brokers) / n))


def n_acknowledged(collector):
    found = re.search(r'(\d+) acknowledged', collector.show())
    return int(found.group(1)) if found else 0


def n_lines(path):
    """Lines of a file that grows."""
    if not os.path.exists(path):
        return 0
    with open(path, 'rb') as f:
        return f.read().count(b'\n')


def bench_sinks(args):
    header('Events from %d hubs through the collector to a sink that has '
           'acknowledged all' % args.hubs, 'sink', 'events', 'events/s',
           'µs of CPU an event, controller', 'all brokers')
    folder = tempfile.mkdtemp(prefix='xfsm-bench-')
    try:
        measure_sink(args, 'a file', None, [],
                     lambda c: n_lines(c.path), folder)
        for n in args.brokers:
            if not natstest.available() or not has_sink('nats://h:1'):
                row('NATS', 0, 'not there', '', '')
                continue
            with natstest.Nats(os.path.join(folder, str(n)), n) as nats:
                measure_sink(args, 'JetStream, %d broker%s'
                             % (n, 's' if n > 1 else ''), nats.url,
                             ['--events-option=replicas=%d' % n],
                             n_acknowledged, folder,
                             [s.process for s in nats.servers])
                xfsmtest.check(nats.count() == args.events + args.hubs,
                               '%d in the stream' % nats.count())
        if os.path.exists(kafkatest.BROKER) and has_sink('kafka://h:1'):
            with kafkatest.Kafka(folder) as kafka:
                measure_sink(args, 'Kafka (mock cluster)', kafka.url, [],
                             n_acknowledged, folder, [kafka.process])
    finally:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--hosts', type=int, default=100)
    parser.add_argument('--probes', type=int, default=50)
    parser.add_argument('--hubs', type=int, default=10)
    parser.add_argument('--events', type=int, default=200000)
    parser.add_argument('--brokers', type=int, action='append')
    parser.add_argument('--seconds', type=float, default=20)
    parser.add_argument('sections', nargs='*', choices=SECTIONS + ([],),
                        default=[])
    args = parser.parse_args()
    args.brokers = args.brokers or [1, 3]
    model = subprocess.run(['uname', '-mr'], stdout=subprocess.PIPE,
                           universal_newlines=True).stdout.strip()
    print('%d processors, Linux %s, load average %.1f at the start.'
          % (os.cpu_count(), model, os.getloadavg()[0]))
    for section in args.sections or SECTIONS:
        try:
            globals()['bench_' + section](args)
        except xfsmtest.Failure as failure:
            print('\n%s: %s' % (section, failure))
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
