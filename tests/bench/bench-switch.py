# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""What monitoring a port costs the switch: a bridge of the userspace datapath
forwards small UDP packets between two machines, both ways, with the port as it
is, with a probe on it, with one that wants the packets whole and not only
their headers, with one whose programs want none of these packets, and with an
OVS mirror of the port to another one.

    make all && tests/bench/bench-switch.py [OUTPUT.md]

Two figures: the processor time of ovs-vswitchd for a packet, and the rate of
packets at full speed, of XFSM_BENCH_SIZE bytes each (60).  The first is that
of one process, whatever else the machine does.  It depends on how many packets
come at once, so the switch is stopped (SIGSTOP) while packets are sent to both
of its ports, and then goes on and finds BURST of them at each: always full
batches.  The second is at the mercy of everything.

The cases take turns in many short rounds of one run, in another order
each time, and are compared within their round.  What is written is the median
of the rounds' ratios and its 95 % confidence interval, from which alone
follows what the run shows.  Needs root, and top_builddir and OVS_SRCDIR as the
system tests do.
"""

import math
import os
import random
import signal
import socket
import statistics
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../system/lib"))
import xfsmtest                                             # noqa: E402

ROUNDS = int(os.environ.get("XFSM_BENCH_ROUNDS", "31"))
PACKETS = int(os.environ.get("XFSM_BENCH_PACKETS", "20000"))
SIZE = int(os.environ.get("XFSM_BENCH_SIZE", "60"))
FLOWS = 100

# What the socket of a port takes while nobody reads.
BURST = 200 if SIZE <= 200 else 64

# The most that a probe may cost, where it has a processor of its own.
AIM = 1.03

# Wants every packet of the stream, and counts it.
PROGRAM = """<xfsm name="all" version="1">
  <statedef id="s"/>
  <metric name="n"><variation_monitor status="on" type="dleft"/></metric>
  <feature name="packets" body="n"/>
  <event type="packet" selector="proto udp" primary-key="ip_src">
    <state id="s">
      <use-metric id="n" vm_update="ip_src"/>
      <condition expression="packets &lt; 0" action="Publish(log, no)"/>
    </state>
  </event>
</xfsm>
"""

# The same with all their bytes.
WHOLE = PROGRAM.replace('"all"', '"whole"').replace("log, no", "log, raw")

# Program of the cases with a probe.
PROGRAMS = {"probe": "all", "whole": "whole", "filtered": "portscan"}


def make_frames(source, sink):
    """UDP packets of SIZE bytes from one MAC address to another."""
    frames = []
    for i in range(FLOWS):
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, SIZE - 14, i, 0, 64,
                         17, 0,
                         bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2)))
        total = sum(struct.unpack(">10H", ip))
        total = (total & 0xffff) + (total >> 16)
        ip = ip[:10] + struct.pack(">H", ~total & 0xffff) + ip[12:]
        frames.append(sink + source + b"\x08\x00" + ip
                      + struct.pack(">HHHH", 1000 + i, 9, SIZE - 34, 0)
                      + bytes(SIZE - 42))
    return frames


def write_capture(path, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i, frame in enumerate(frames):
            f.write(struct.pack("<IIII", 0, i, len(frame), len(frame)))
            f.write(frame)


def mac(vm):
    out = vm.run("cat", "/sys/class/net/eth0/address").strip()
    return bytes.fromhex(out.replace(":", ""))


# Passes on a socket to send on eth0 with, and the file of its count.
OPEN = """
import os, socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
f = os.open("/sys/class/net/eth0/statistics/rx_packets", os.O_RDONLY)
socket.send_fds(socket.socket(fileno=%d), [b"x"], [s.fileno(), f])
"""


class End:
    """The machine's end of a port."""

    def __init__(self, vm, frames):
        self.vm = vm
        self.frames = frames
        ours, theirs = socket.socketpair()
        subprocess.run(["ip", "netns", "exec", vm.netns, sys.executable, "-c",
                        OPEN % theirs.fileno()], pass_fds=[theirs.fileno()],
                       check=True)
        _, fds, _, _ = socket.recv_fds(ours, 1, 2)
        theirs.close()
        ours.close()
        self.socket = socket.socket(fileno=fds[0])
        self.count = fds[1]

    def send(self, n):
        for i in range(n):
            self.socket.send(self.frames[i % len(self.frames)])

    def received(self):
        return int(os.pread(self.count, 32, 0))


def cpu(pid):
    """Seconds of processor time of all threads of a process, to the
    nanosecond."""
    total = 0
    for tid in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, tid)) as f:
            total += int(f.read().split()[0])
    return total / 1e9


class Bench:
    def __init__(self, host):
        self.host = host
        host.start()
        host.add_bridge("br0")
        self.vm1 = host.add_vm("br0", "vm1")
        self.vm2 = host.add_vm("br0", "vm2")
        self.tap = host.add_vm("br0", "tap")
        for name, text in (("all", PROGRAM), ("whole", WHOLE)):
            path = os.path.join(host.dir, name + ".xml")
            with open(path, "w") as f:
                f.write(text)
            host.xfsm_ctl("add-program", path)
        self.ends = []
        for a, b in ((self.vm1, self.vm2), (self.vm2, self.vm1)):
            self.ends.append(End(a, make_frames(mac(a), mac(b))))
            write_capture(os.path.join(host.dir, a.name),
                          self.ends[-1].frames)
        for vm in (self.vm1, self.vm2, self.tap):
            host.run("ip", "-n", vm.netns, "link", "set", "eth0", "arp",
                     "off")
        for ns in (self.vm1.netns, self.vm2.netns, self.tap.netns, host.ns):
            host.run("ip", "netns", "exec", ns, "sysctl", "-qw",
                     "net.ipv6.conf.all.disable_ipv6=1")
        # Known addresses, no flooding.
        numbers = {port: host.vsctl("get", "Interface", port, "ofport")
                   for port in ("vm1", "vm2", "tap")}
        host.run("ovs-ofctl", "del-flows", "br0")
        for a, b in (("vm1", "vm2"), ("vm2", "vm1")):
            host.run("ovs-ofctl", "add-flow", "br0", "in_port=%s,actions=%s"
                     % (numbers[a], numbers[b]))
        self.tap_end = End(self.tap, [])
        self.switch = host.pid("ovs-vswitchd")
        self.cpus = sorted(os.sched_getaffinity(0))
        self.pin(self.switch, self.cpus[0])

    def pin(self, pid, number):
        """The switch has the first processor to itself, among ours."""
        for tid in os.listdir("/proc/%d/task" % pid):
            os.sched_setaffinity(int(tid), {number})

    def burst(self):
        """The switch forwards BURST packets each way, all at once."""
        goals = [end.received() + BURST for end in self.ends]
        os.kill(self.switch, signal.SIGSTOP)
        try:
            for end in self.ends:
                end.send(BURST)
        finally:
            os.kill(self.switch, signal.SIGCONT)
        deadline = time.monotonic() + 10
        while any(end.received() < goal
                  for end, goal in zip(self.ends, goals)):
            xfsmtest.check(time.monotonic() < deadline, "packets were lost")
            time.sleep(0.001)

    def measure_cpu(self):
        """Nanoseconds of the switch for a packet."""
        self.burst()                    # Flow caches are warm.
        used = cpu(self.switch)
        bursts = PACKETS // (2 * BURST)
        for _ in range(bursts):
            self.burst()
        return (cpu(self.switch) - used) / (bursts * 2 * BURST) * 1e9

    def measure_rate(self):
        """Packets a second, from one machine and then from the other."""
        n, seconds = 0, 0
        for source, sink in (self.ends, self.ends[::-1]):
            before = sink.received()
            start = time.monotonic()
            source.vm.run("taskset", "-c", str(self.cpus[-1]), "tcpreplay",
                          "-q", "-i", "eth0", "--topspeed", "--preload-pcap",
                          "--loop=%d" % (PACKETS // 2 // FLOWS),
                          os.path.join(self.host.dir, source.vm.name),
                          timeout=120)
            seconds += time.monotonic() - start
            last = -1
            while sink.received() != last:
                last = sink.received()
                time.sleep(0.05)
            n += last - before
        return n / seconds

    def measure(self):
        return self.measure_cpu(), self.measure_rate()

    def wait_in_effect(self, copies):
        """Waits until the mirror makes that many copies of a burst.  Open
        vSwitch 3.1 leaves flows that it has cached as they are."""
        self.host.appctl("ovs-vswitchd", "revalidator/purge")

        def in_effect():
            before = self.tap_end.received()
            self.burst()
            return self.tap_end.received() - before == copies

        xfsmtest.wait_until(in_effect, 20, "%d copies" % copies)

    def run(self, name):
        host = self.host
        if name in PROGRAMS:
            host.vsctl("--no-wait", "set", "Port", "vm1",
                       "external_ids:xfsm=" + PROGRAMS[name])
            host.wait_status("vm1", "running")
            self.pin(host.probe_pid("vm1"), self.cpus[-1])
        elif name == "mirror":
            host.vsctl("--", "--id=@p", "get", "Port", "vm1", "--",
                       "--id=@t", "get", "Port", "tap", "--", "--id=@m",
                       "create", "Mirror", "name=m", "select-src-port=@p",
                       "select-dst-port=@p", "output-port=@t", "--", "set",
                       "Bridge", "br0", "mirrors=@m")

        self.wait_in_effect(2 * BURST if name == "mirror" else 0)
        result = self.measure()
        if name in PROGRAMS:
            host.vsctl("--no-wait", "remove", "Port", "vm1", "external_ids",
                       "xfsm")
            host.wait_status("vm1", None)
        elif name == "mirror":
            host.vsctl("clear", "Bridge", "br0", "mirrors")
        return result


NAMES = (("plain", "the port as it is"),
         ("probe", "a probe that wants every packet"),
         ("whole", "a probe that wants every packet whole"),
         ("filtered", "a probe that wants none of them"),
         ("mirror", "an OVS mirror to another port"))


def interval(values):
    """The median, and its 95 % confidence interval by order statistics: the
    number of values below the median is binomial."""
    values = sorted(values)
    n = len(values)
    k, tail = 0, 0.5 ** n
    while tail + math.comb(n, k + 1) * 0.5 ** n <= 0.025:
        k += 1
        tail += math.comb(n, k) * 0.5 ** n
    return statistics.median(values), values[k], values[n - 1 - k]


def compare(results, a, b, figure):
    """Ratio of the figure of case 'a' to that of case 'b', round by round."""
    return interval([x[figure] / y[figure]
                     for x, y in zip(results[a], results[b])])


def verdict(low, high, limit):
    return "yes" if high <= limit else "no" if low > limit else "undecided"


HEAD = """<!-- Copyright (c) 2026 The ovs-xfsm authors.
     SPDX-License-Identifier: Apache-2.0 -->

# What monitoring costs the switch

Made by `tests/bench/bench-switch.py`, which adds each run at the end, whatever
it says.  UDP packets go through a bridge of the userspace datapath
between two veth ports, both ways; the switch is bound to one processor,
senders and probe to another.  The cases take turns in short rounds of one run
and are compared within each; figures are medians, with the 95 % confidence
interval of the median in brackets.

Processor time is that of `ovs-vswitchd` alone, for full batches of packets,
and is what to look at on a machine that is shared; the rate at full speed,
with the start of the sender, is next to it.

The switch copies a packet to the probe where it sends to the port (half of the
packets here); what the port receives is copied before the switch has it.
"""


def percent(ratio):
    return "%+.1f %% (%+.1f to %+.1f)" % tuple((r - 1) * 100 for r in ratio)


def write_results(path, results):
    """Appends this run."""
    new = not os.path.exists(path)
    with open(path, "a") as f:
        if new:
            f.write(HEAD)
        f.write("\n## %d rounds of %d packets of %d bytes in bursts and as "
                "many at full speed, %d processors\n\n" % (
                    len(results["plain"]), PACKETS, SIZE, os.cpu_count()))
        f.write("| port | ovs-vswitchd, ns a packet | against plain "
                "| packets/s | against plain |\n"
                "| --- | ---: | ---: | ---: | ---: |\n")
        for name, text in NAMES:
            f.write("| %s | %.0f | %s | %.0f | %s |\n" % (
                text, statistics.median(r[0] for r in results[name]),
                percent(compare(results, name, "plain", 0)),
                statistics.median(r[1] for r in results[name]),
                percent(compare(results, name, "plain", 1))))
        f.write("\n| question | of processor time | of the rate |\n"
                "| --- | --- | --- |\n")
        for name, text in NAMES[1:4]:
            _, low, high = compare(results, name, "plain", 0)
            _, slow, fast = compare(results, "plain", name, 1)
            f.write("| %s costs at most %.0f %% | %s | %s |\n" % (
                text, (AIM - 1) * 100, verdict(low, high, AIM),
                verdict(slow, fast, AIM)))
            _, low, high = compare(results, name, "mirror", 0)
            _, slow, fast = compare(results, "mirror", name, 1)
            f.write("| %s costs less than a mirror | %s | %s |\n" % (
                text, verdict(low, high, 1), verdict(slow, fast, 1)))


def main(host):
    bench = Bench(host)
    results = {name: [] for name, _ in NAMES}
    names = [name for name, _ in NAMES]
    for i in range(ROUNDS):
        random.shuffle(names)
        for name in names:
            results[name].append(bench.run(name))
        print("round %d: %s" % (i + 1, ", ".join(
            "%s %.0f ns %.0f/s" % ((name,) + results[name][-1])
            for name, _ in NAMES)), flush=True)
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "RESULTS-switch.md")
    write_results(path, results)
    with open(path) as f:
        print(f.read())


if __name__ == "__main__":
    xfsmtest.main(main)
