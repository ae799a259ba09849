# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""What monitoring a port costs the switch: the rate at which a bridge of the
userspace datapath forwards small UDP packets from one machine to another,
with the port as it is, with a probe on it, with a probe whose programs want
none of these packets, and with an OVS mirror of the port to another one.

    make all && tests/bench/bench-switch.py [OUTPUT.md]

The four take turns in one run, so that what else the machine does hits all of
them, and the medians are compared.  Needs root, and top_builddir and
OVS_SRCDIR as the system tests do.
"""

import os
import statistics
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../system/lib"))
import xfsmtest                                             # noqa: E402

ROUNDS = int(os.environ.get("XFSM_BENCH_ROUNDS", "7"))
PACKETS = int(os.environ.get("XFSM_BENCH_PACKETS", "200000"))
FLOWS = 100

# Fastest over slowest round of the plain port, in a run that says something.
MAX_SPREAD = 1.5

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


def write_capture(path, source, sink):
    """UDP packets of 60 bytes from one MAC address to another."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i in range(FLOWS):
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 46, i, 0, 64, 17, 0,
                             bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2)))
            total = sum(struct.unpack(">10H", ip))
            total = (total & 0xffff) + (total >> 16)
            ip = ip[:10] + struct.pack(">H", ~total & 0xffff) + ip[12:]
            frame = (sink + source + b"\x08\x00" + ip
                     + struct.pack(">HHHH", 1000 + i, 9, 26, 0) + bytes(18))
            f.write(struct.pack("<IIII", 0, i, len(frame), len(frame)))
            f.write(frame)


def mac(host, netns):
    out = host.run("ip", "netns", "exec", netns, "cat",
                   "/sys/class/net/eth0/address").strip()
    return bytes.fromhex(out.replace(":", ""))


def received(host, vm):
    return int(host.run("ip", "netns", "exec", vm.netns, "cat",
                        "/sys/class/net/eth0/statistics/rx_packets"))


def cpu(pid):
    """Seconds of CPU that a process has used."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Bench:
    def __init__(self, host):
        self.host = host
        host.start()
        host.add_bridge("br0")
        self.vm1 = host.add_vm("br0", "vm1")
        self.vm2 = host.add_vm("br0", "vm2")
        self.tap = host.add_vm("br0", "tap")
        path = os.path.join(host.dir, "all.xml")
        with open(path, "w") as f:
            f.write(PROGRAM)
        host.xfsm_ctl("add-program", path)
        self.capture = os.path.join(host.dir, "stream.pcap")
        write_capture(self.capture, mac(host, self.vm1.netns),
                      mac(host, self.vm2.netns))
        for vm in (self.vm1, self.vm2, self.tap):
            host.run("ip", "-n", vm.netns, "link", "set", "eth0", "arp",
                     "off")
        # Known addresses, no flooding.
        numbers = {port: host.vsctl("get", "Interface", port, "ofport")
                   for port in ("vm1", "vm2", "tap")}
        host.run("ovs-ofctl", "del-flows", "br0")
        for a, b in (("vm1", "vm2"), ("vm2", "vm1")):
            host.run("ovs-ofctl", "add-flow", "br0", "in_port=%s,actions=%s"
                     % (numbers[a], numbers[b]))

    def stream(self, loops):
        self.vm1.run("tcpreplay", "-q", "-i", "eth0", "--topspeed",
                     "--preload-pcap", "--loop=%d" % loops, self.capture,
                     timeout=120)

    def measure(self):
        """Packets forwarded a second, and CPU seconds of the switch a
        million packets."""
        switch = self.host.pid("ovs-vswitchd")
        before, used = received(self.host, self.vm2), cpu(switch)
        start = time.monotonic()
        self.stream(PACKETS // FLOWS)
        seconds = time.monotonic() - start
        last = -1
        while received(self.host, self.vm2) != last:
            last = received(self.host, self.vm2)
            time.sleep(0.2)
        n = last - before
        return n / seconds, (cpu(switch) - used) / n * 1e6

    def run(self, name):
        host = self.host
        if name in ("probe", "filtered"):
            host.vsctl("--no-wait", "set", "Port", "vm1", "external_ids:xfsm="
                       + ("all" if name == "probe" else "portscan"))
            host.wait_status("vm1", "running")
        elif name == "mirror":
            host.vsctl("--", "--id=@p", "get", "Port", "vm1", "--",
                       "--id=@t", "get", "Port", "tap", "--", "--id=@m",
                       "create", "Mirror", "name=m", "select-src-port=@p",
                       "select-dst-port=@p", "output-port=@t", "--", "set",
                       "Bridge", "br0", "mirrors=@m")
        self.stream(100)                # Flow caches are warm.
        result = self.measure()
        if name in ("probe", "filtered"):
            stats = host.probe_stats("vm1")
            print("  %s: %d packets, %d dropped" % (
                name, stats["packets"], stats["dropped"]))
            host.vsctl("--no-wait", "remove", "Port", "vm1", "external_ids",
                       "xfsm")
            host.wait_status("vm1", None)
        elif name == "mirror":
            host.vsctl("clear", "Bridge", "br0", "mirrors")
        return result


NAMES = (("plain", "the port as it is"),
         ("probe", "a probe that wants every packet"),
         ("filtered", "a probe that wants none of them"),
         ("mirror", "an OVS mirror to another port"))


HEAD = """<!-- Copyright (c) 2026 The ovs-xfsm authors.
     SPDX-License-Identifier: Apache-2.0 -->

# What monitoring costs the switch

Made by `tests/bench/bench-switch.py`, which adds each run at the end, whatever
it says: UDP packets of 60 bytes through a bridge of the userspace datapath
between two veth ports; the four cases take turns, medians.

A run in which the fastest round of the plain port is more than %g times as
fast as the slowest one is inconclusive: something else used the machine.
"""


def write_results(path, results):
    """Appends this run."""
    plain = [rate for rate, _ in results["plain"]]
    base = statistics.median(plain)
    base_cpu = statistics.median(used for _, used in results["plain"])
    new = not os.path.exists(path)
    with open(path, "a") as f:
        if new:
            f.write(HEAD % MAX_SPREAD)
        f.write("\n## %d rounds of %d packets, %d processors: %s\n\n" % (
            len(plain), PACKETS, os.cpu_count(),
            "inconclusive" if max(plain) > MAX_SPREAD * min(plain)
            else "conclusive"))
        f.write("""\
| port | packets/s | range | against plain | CPU of ovs-vswitchd, s per 10^6 \
packets | against plain |
| --- | ---: | ---: | ---: | ---: | ---: |
""")
        for name, text in NAMES:
            rates = [r for r, _ in results[name]]
            rate = statistics.median(rates)
            used = statistics.median(u for _, u in results[name])
            f.write("| %s | %.0f | %.0f to %.0f | %+.1f %% | %.2f "
                    "| %+.1f %% |\n" % (
                        text, rate, min(rates), max(rates),
                        (rate / base - 1) * 100, used,
                        (used / base_cpu - 1) * 100))


def main(host):
    bench = Bench(host)
    results = {name: [] for name, _ in NAMES}
    for i in range(ROUNDS):
        for name, _ in NAMES:
            results[name].append(bench.run(name))
            print("round %d: %s: %.0f packets/s, %.2f s CPU" % (
                (i + 1, name) + results[name][-1]), flush=True)
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "RESULTS-switch.md")
    write_results(path, results)
    with open(path) as f:
        print(f.read())


if __name__ == "__main__":
    xfsmtest.main(main)
