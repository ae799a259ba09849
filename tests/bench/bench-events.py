#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""How fast events are, and how many the hub carries.

Usage: bench-events.py [hub] [switch]

Environment: top_srcdir, top_builddir, OVS_SRCDIR as for the system tests.
"hub" needs no privilege: for the latency this program is the probe, for the
load bench-publish, which sends as fast as the hub takes it, with the code of
a probe; bench-subscribe counts what arrives ("make benchmarks" builds both).
XFSM_HUB names another xfsm-hub to measure.  "switch" needs root: packets go
through a real switch and a real probe, and the time is that from the kernel's
time stamp of the packet to the event in the hands of a subscriber.  Prints
Markdown.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.environ.get('top_srcdir') or os.path.dirname(os.path.dirname(
    os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'tests', 'system', 'lib'))
import hubtest                                              # noqa: E402
import xfsmtest                                             # noqa: E402
import zmqlite                                              # noqa: E402

SECONDS = 5
# Events that a probe has at the same time, in one turn of its main loop.
TURNS = (1, 8, 64)

ECHO = """<xfsm name="echo" version="1"><statedef id="a"/>
<event type="packet" selector="proto tcp and dst_port 7 and flags tcp-syn"
primary-key="ip_src"><state id="a"><condition expression="1"
action="Publish(log, port 7)" next_state="a"/></state></event></xfsm>"""


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))]


def row(*cells):
    print('| ' + ' | '.join(str(c) for c in cells) + ' |')


def report_latency(what, sent, times):
    row(what, sent, len(times), '%.2f' % percentile(times, 50),
        '%.2f' % percentile(times, 99), '%.2f' % max(times))
    sys.stdout.flush()


def subscribe(hub, topic):
    s = zmqlite.Socket(zmqlite.SUB)
    s.set(zmqlite.SUBSCRIBE, topic)
    s.connect(hub.endpoint)
    hub.wait_heard()
    return s


def hub_latency(rate, seconds):
    """Milliseconds from a probe's send to a subscriber, at that rate."""
    times = []
    with hubtest.Hub('--rate=0') as hub:
        probe = hub.join('vm1')
        s = subscribe(hub, b'log')
        total = int(rate * seconds)

        def listen():
            while len(times) < total:
                frames = s.recv(2)
                if not frames:
                    return
                now = time.monotonic_ns()
                text = json.loads(frames[1])['text']
                times.append((now - int(text)) / 1e6)

        listener = threading.Thread(target=listen)
        listener.start()
        start = time.monotonic()
        for i in range(total):
            while time.monotonic() < start + i / rate:
                time.sleep(0.00005)
            probe.send('log', text=str(time.monotonic_ns()))
        listener.join()
        s.close()
    return total, times


def tool(name):
    return os.path.join(xfsmtest.TOP_BUILDDIR, 'tests', 'bench', name)


def cpu_seconds(pid):
    """Of a process, so far."""
    with open('/proc/%d/stat' % pid) as f:
        fields = f.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def hub_throughput(n, turn):
    """Events/s with n subscribers, and the part of them that each has."""
    with hubtest.Hub('--rate=0') as hub:
        probe = hub.join('vm1')
        subs = []
        for _ in range(n):
            subs.append(subprocess.Popen(
                [tool('bench-subscribe'), hub.endpoint, 'log', '2000'],
                stdout=subprocess.PIPE))
            hub.children.append(subs[-1])
        xfsmtest.wait_until(
            lambda: hub.stats()['subscriptions'] >= n, 30, 'subscriptions')
        cpu = cpu_seconds(hub.process.pid)
        sent = json.loads(subprocess.run(
            [tool('bench-publish'), str(probe.sock.fileno()), '1000000000',
             str(SECONDS), str(turn), '0', 'wait'],
            pass_fds=[probe.sock.fileno()], stdout=subprocess.PIPE,
            check=True).stdout)
        hub.wait_stat('published', sent['events'], 60)
        got = [json.loads(s.communicate()[0])['events'] for s in subs]
        cpu = cpu_seconds(hub.process.pid) - cpu
        events = sent['events']
        row(n, turn, '%d' % (events / sent['seconds']),
            '%d' % (sum(got) / sent['seconds']),
            '%.1f %%' % (100.0 * min(got) / events),
            '%.2f' % (1e6 * cpu / events),
            '%.2f' % (1e6 * sent['cpu'] / events),
            '%d MiB' % (hub.rss() >> 20))
        sys.stdout.flush()


def bench_hub():
    print('\nFrom a probe through the hub to one subscriber:\n')
    row('rate', 'events', 'arrived', 'p50 ms', 'p99 ms', 'max ms')
    row(*['---'] * 6)
    report_latency('100/s', *hub_latency(100, SECONDS))
    report_latency('10,000/s', *hub_latency(10000, SECONDS))
    print('\nAs fast as the hub takes them, about 170 bytes each:\n')
    row('subscribers', 'events a turn', 'events/s in', 'deliveries/s',
        'least delivered', 'µs of CPU an event, hub', 'probe',
        'memory of the hub')
    row(*['---'] * 8)
    for turn in TURNS:
        hub_throughput(1, turn)
    for n in (10, 100):
        hub_throughput(n, TURNS[-1])


def checksum(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def write_capture(path, n):
    """SYN packets to port 7."""
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i in range(n):
            ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 40, i & 0xffff, 0, 64,
                             6, 0, bytes([10, 0, 0, 1]),
                             bytes([10, 0, 0, 2]))
            ip = ip[:10] + struct.pack('!H', checksum(ip)) + ip[12:]
            tcp = struct.pack('!HHIIBBHHH', 1024 + i % 60000, 7, i, 0, 0x50,
                              2, 1024, 0, 0)
            frame = (b'\2\0\0\0\0\2\2\0\0\0\0\1\x08\0' + ip + tcp)
            f.write(struct.pack('<IIII', 0, i, len(frame), len(frame))
                    + frame)


def epoch_ms(text):
    """Ms since 1970 of an event's time."""
    date, fraction = text[:-1].split('.')
    seconds = time.mktime(time.strptime(date + ' UTC',
                                        '%Y-%m-%dT%H:%M:%S %Z'))
    return (seconds - time.timezone) * 1000 + int(fraction[:9]) / 1e6


def switch_latency(host, vm, socket, rate, total):
    times = []

    def listen():
        while len(times) < total:
            frames = socket.recv(3)
            if not frames:
                return
            now = time.time() * 1000
            times.append(now - epoch_ms(json.loads(frames[1])['time']))

    listener = threading.Thread(target=listen)
    listener.start()
    with tempfile.NamedTemporaryFile(suffix='.pcap') as f:
        write_capture(f.name, total)
        vm.run('tcpreplay', '-q', '-i', 'eth0', '--pps=%d' % rate, f.name,
               timeout=120)
    listener.join()
    return total, times


def bench_switch():
    xfsmtest.need_root()
    with xfsmtest.Host() as host:
        host.start()
        host.add_bridge('br0')
        vm = host.add_vm('br0', 'vm1', '10.0.0.1/24')
        host.add_vm('br0', 'vm2', '10.0.0.2/24')
        host.xfsm_ctl('create', 'Program', 'name=echo', 'source="%s"'
                      % ECHO.replace('"', '\\"').replace('\n', '\\n'))
        host.vsctl('set', 'Port', 'vm1', 'external_ids:xfsm=echo')
        host.wait_status('vm1', 'running')
        s = zmqlite.Socket(zmqlite.SUB)
        s.set(zmqlite.SUBSCRIBE, b'log')
        s.connect('ipc://%s/xfsm-hub.events' % host.rundir)
        xfsmtest.wait_until(lambda: ' 1 subscriptions' in host.appctl(
            'xfsm-hub', 'xfsm/show'), 10, 'subscription')
        print('\nFrom the packet through switch, probe and hub to one '
              'subscriber:\n')
        row('rate', 'packets', 'events', 'p50 ms', 'p99 ms', 'max ms')
        row(*['---'] * 6)
        for retire in (10, 1):
            host.xfsm_ctl('set', 'XFSM_Global', '.',
                          'options:retire-ms=%d' % retire)
            pid = host.probe_pid('vm1')
            if retire == 1:
                xfsmtest.wait_until(
                    lambda: host.probe_pid('vm1') not in (0, pid), 10,
                    'a new probe')
                host.wait_status('vm1', 'running')
            for rate, total in ((100, 300), (10000, 50000)):
                report_latency('%d/s, retire-ms=%d' % (rate, retire),
                               *switch_latency(host, vm, s, rate, total))
        s.close()


def main():
    what = sys.argv[1:] or ['hub', 'switch']
    model = subprocess.run(['uname', '-mr'], stdout=subprocess.PIPE,
                           universal_newlines=True).stdout.strip()
    print('%d processors, Linux %s, load average %.1f at the start.'
          % (os.cpu_count(), model, os.getloadavg()[0]))
    if 'hub' in what:
        bench_hub()
    if 'switch' in what:
        bench_switch()


if __name__ == '__main__':
    main()
