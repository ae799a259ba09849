# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""A program that finds no memory in one of a live probe's workers is loaded
into none of them, and the programs that are there go on as if it had never
been asked for."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

WORKERS = 4

# Pairs of addresses that packets come from.
FLOWS = 200

MIB = 1 << 20

# Counts by the pair of addresses: NAME, VERSION, log2 of the cells.
PAIRS = """<xfsm name="%s" version="%d">
  <statedef id="unknown"/>
  <statedef id="known" timeout="3600" next_state="unknown"/>
  <metric name="n">
    <variation_monitor status="on" type="dleft" size="%d"/>
  </metric>
  <feature name="packets" body="n"/>
  <event type="packet" selector="proto udp and dst_port 9"
         primary-key="ip_src-ip_dst">
    <state id="unknown">
      <use-metric id="n" vm_update="ip_src-ip_dst"/>
      <condition expression="packets &gt; 0" next_state="known"/>
    </state>
    <state id="known"/>
  </event>
</xfsm>
"""
SMALL, LARGE = 10, 20

# Needs packets to be told apart by their source.
SOURCES = (PAIRS % ("sources", 1, SMALL)).replace("ip_src-ip_dst", "ip_src")

SENDER = """
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
for i in range(int(sys.argv[1])):
    s.send((b"\\xff" * 6 + b"\\2" * 6 + b"\\x08\\0\\x45\\0" + struct.pack(
        ">HHHBBH4B4BHHHH", 46, i, 0, 64, 17, 0, 10, 0, 1, i, 10, 0, 0, 2, 5,
        9, 26, 0)).ljust(60, b"\\0"))
"""


def quote(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace(
        "\n", "\\n")


def set_source(host, name, text):
    host.xfsm_ctl("set", "Program", name, "source=" + quote(text))


def show(host):
    return host.appctl("xfsm-probe.vm1", "xfsm/show", ok=(0, 1, 2))


def table_bytes(host):
    """Of all programs and workers."""
    return 1024 * sum(map(int, re.findall(r"tables (\d+) KiB", show(host))))


def look_up(pid, name, pattern):
    with open("/proc/%d/%s" % (pid, name)) as f:
        return re.search(pattern, f.read()).group(1)


def address_space(pid):
    """What a process has, in bytes."""
    return 1024 * int(look_up(pid, "status", r"VmSize:\s*(\d+)"))


def limit(host, pid, most):
    """Limits the address space of a process, on behalf of its user."""
    host.run("setpriv", "--clear-groups",
             "--reuid=" + look_up(pid, "status", r"Uid:\s*(\d+)"),
             "--regid=" + look_up(pid, "status", r"Gid:\s*(\d+)"),
             "prlimit", "--pid", str(pid), "--as=%s:" % most)


def give_room(host, pid, room):
    """Leaves a process so many bytes."""
    limit(host, pid, address_space(pid) + int(room))


def give_all(host, pid):
    """Gives it back all that it may have."""
    limit(host, pid, look_up(pid, "limits",
                             r"Max address space\s+\S+\s+(\d+)"))


def handles(host, vm):
    """Sends a packet of each flow, which one worker each handles, once."""
    before = host.probe_stats("vm1")["handled"]
    vm.run(sys.executable, "-c", SENDER, str(FLOWS))
    wait_until(lambda: host.probe_stats("vm1")["handled"] >= before + FLOWS,
               5, "packets to be handled")
    check(host.probe_stats("vm1")["handled"] == before + FLOWS,
          "packets were handled more than once")


def measure(host):
    """What one worker needs for a large program, in bytes."""
    before = table_bytes(host)
    set_source(host, "pairs", PAIRS % ("pairs", 2, LARGE))
    wait_until(lambda: "version 2" in show(host), 5, "the large program")
    size = (table_bytes(host) - before) // WORKERS
    set_source(host, "pairs", PAIRS % ("pairs", 1, SMALL))
    wait_until(lambda: "version 1" in show(host), 5, "the small program")
    check(size >= 8 * MIB, "%d bytes are not large" % size)
    return size


def test_replaced(host, vm, size):
    """A version that is too large for the third worker."""
    pid = host.probe_pid("vm1")
    handles(host, vm)
    had, tables = address_space(pid), table_bytes(host)
    give_room(host, pid, 2.5 * size)
    set_source(host, "pairs", PAIRS % ("pairs", 3, LARGE))
    host.wait_status("vm1", "degraded", 5)
    check(re.match("pairs: .*(memory|address space)", host.error("vm1")),
          host.error("vm1"))
    check("version 1" in show(host), show(host))
    check(table_bytes(host) == tables, "some workers have other tables")
    check(address_space(pid) < had + size / 2,
          "what was made for some workers is there still")
    handles(host, vm)
    check("keys %d," % FLOWS in show(host), show(host))

    # It can be put right.
    give_all(host, pid)
    set_source(host, "pairs", PAIRS % ("pairs", 4, LARGE))
    host.wait_status("vm1", "running", 5)
    wait_until(lambda: "version 4" in show(host), 5, "the version")
    handles(host, vm)
    check("keys %d," % FLOWS in show(host), show(host))
    check(host.probe_pid("vm1") == pid, "the probe was restarted")


def test_resteered(host, vm, size):
    """A small program that needs packets to be told apart in another way, so
    that all begin anew, for which there is no room."""
    pid = host.probe_pid("vm1")
    handles(host, vm)
    had, tables = address_space(pid), table_bytes(host)
    give_room(host, pid, 2.5 * size)
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=pairs,sources")
    host.wait_status("vm1", "degraded", 5)
    check(re.match("sources: .*(memory|address space)", host.error("vm1")),
          host.error("vm1"))
    check("program sources" not in show(host), show(host))
    check("told apart by the pair" in show(host), show(host))
    check(table_bytes(host) == tables, "some workers have other tables")
    check(address_space(pid) < had + size / 2,
          "what was made for some workers is there still")
    # Each flow is where it was.
    handles(host, vm)
    check("keys %d," % FLOWS in show(host), show(host))
    check(host.probe_stats("vm1")["workers_resteered"] == 0, "begun anew")

    # With room it can be.
    give_all(host, pid)
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=pairs")
    host.wait_status("vm1", "running", 5)
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=pairs,sources")
    wait_until(lambda: "told apart by the source" in show(host), 5,
               "both programs")
    host.wait_status("vm1", "running", 5)
    check(host.probe_stats("vm1")["workers_resteered"] == 1, "not counted")
    check(host.probe_pid("vm1") == pid, "the probe was restarted")


def test(host):
    if host.sanitized:
        xfsmtest.skip("sanitizers want all of the address space")
    host.start()
    host.add_bridge("br0")
    vm = host.add_vm("br0", "vm1")
    for ns in (vm.netns, host.ns):
        host.run("ip", "netns", "exec", ns, "sysctl", "-qw",
                 "net.ipv6.conf.all.disable_ipv6=1")
    for name, text in (("pairs", PAIRS % ("pairs", 1, SMALL)),
                       ("sources", SOURCES)):
        host.xfsm_ctl("create", "Program", "name=" + name,
                      "source=" + quote(text))
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=pairs",
               "external_ids:xfsm-workers=%d" % WORKERS)
    host.wait_status("vm1", "running")
    size = measure(host)
    print("a large program: %d MiB for each of %d workers" % (size // MIB,
                                                              WORKERS))
    test_replaced(host, vm, size)
    test_resteered(host, vm, size)


if __name__ == "__main__":
    xfsmtest.main(test)
