# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""How packets come to a probe: by several workers, by the netdev classes of
Open vSwitch, by a mirror, or in part only."""

import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

# Reports each packet of a pair of addresses, with its number.
PAIRS = """<xfsm name="pairs" version="1">
  <statedef id="s"/>
  <metric name="n"><variation_monitor status="on" type="dleft"/></metric>
  <feature name="packets" body="n"/>
  <event type="packet" selector="proto udp and dst_port 9"
         primary-key="ip_src-ip_dst">
    <state id="s">
      <use-metric id="n" vm_update="ip_src-ip_dst"/>
      <condition expression="true"
        action="Publish(log, %ip_src %ip_dst %packets)"/>
    </state>
  </event>
</xfsm>
"""

# By source, so that pairs of addresses have to move.
SOURCES = PAIRS.replace('"pairs"', '"sources"').replace(
    "ip_src-ip_dst", "ip_src").replace("%ip_dst ", "")

# One counter for all packets.
TOTAL = PAIRS.replace('"pairs"', '"total"').replace('"dleft"', '"simple"')

# Sends datagrams from many addresses to many: SOURCES, SINKS, ROUNDS.  Not all
# at once: each is an event, and what the hub does not take in time is lost.
SEND = """
import socket, sys, time
sources, sinks, rounds = map(int, sys.argv[1:])
for i in range(sources):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("10.0.1.%d" % (i + 1), 0))
    for j in range(sinks * rounds):
        s.sendto(b"x" * 20, ("10.0.0.%d" % (100 + j % sinks), 9))
        time.sleep(0.001)
"""


def send(vm, sources, sinks, rounds):
    vm.run(sys.executable, "-c", SEND, str(sources), str(sinks), str(rounds))


class Events(xfsmtest.Subscriber):
    """All events of the host, as they come."""

    def of(self, program):
        return [e for e in self.events() if e["program"] == program]


def setup(host):
    host.start()
    host.add_bridge("br0")
    vm1 = host.add_vm("br0", "vm1", "10.0.0.1/24")
    vm2 = host.add_vm("br0", "vm2", "10.0.0.2/24")
    for ns in (vm1.netns, vm2.netns, host.ns):
        host.run("ip", "netns", "exec", ns, "sysctl", "-qw",
                 "net.ipv6.conf.all.disable_ipv6=1")
    for i in range(16):
        host.run("ip", "-n", vm1.netns, "addr", "add",
                 "10.0.1.%d/32" % (i + 1), "dev", "eth0")
    # Nobody's, so that the switch never learns where to: it floods.
    for i in range(8):
        host.run("ip", "-n", vm1.netns, "neigh", "add",
                 "10.0.0.%d" % (100 + i), "lladdr", "02:00:00:00:00:99",
                 "dev", "eth0")
    for text in (PAIRS, SOURCES, TOTAL):
        name = text.split('"')[1]
        path = os.path.join(host.dir, name + ".xml")
        with open(path, "w") as f:
            f.write(text)
        host.xfsm_ctl("add-program", path)
    return vm1, vm2


def set_port(host, port, **keys):
    host.vsctl("set", "Port", port, *[
        'external_ids:%s="%s"' % (key.replace("_", "-"), value)
        for key, value in keys.items()])


def clear_port(host, port):
    for key in ("xfsm", "xfsm-workers", "xfsm-ring-kib", "xfsm-mirror",
                "xfsm-netdev-class"):
        host.vsctl("remove", "Port", port, "external_ids", key)
    host.wait_status(port, None)


def notes(host, interface):
    return host.xfsm_ctl("--bare", "--columns=notes", "find", "Probe",
                         "interface=" + interface)


def threads(pid):
    return len(os.listdir("/proc/%d/task" % pid))


def test_workers(host, vm1, events):
    set_port(host, "vm1", xfsm="pairs", xfsm_workers=4, xfsm_ring_kib=512)
    host.wait_status("vm1", "running")
    pid = host.probe_pid("vm1")
    check(threads(pid) >= 4, "%d threads" % threads(pid))
    with open("/proc/%d/status" % pid) as f:
        status = f.read()
    for tid in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, tid)) as f:
            status = dict(line.split(":\t", 1) for line in f
                          if ":\t" in line)
        check(status["CapEff"].strip() == "0000000000000000"
              and status["CapPrm"].strip() == "0000000000000000"
              and status["NoNewPrivs"].strip() == "1"
              and "0" not in status["Uid"].split(),
              "thread %s: %s" % (tid, status))
        if not host.sanitized:
            check(status["Seccomp"].strip() == "2", "no filter")
    show = host.appctl("xfsm-probe.vm1", "xfsm/show")
    check("4 workers, packets are told apart by the pair" in show, show)

    send(vm1, 16, 8, 5)
    wait_until(lambda: len(events.of("pairs")) >= 16 * 8 * 5, 10,
               lambda: "events, there are %d" % len(events.of("pairs")))
    got = sorted(e["text"] for e in events.of("pairs"))
    expected = sorted("10.0.1.%d 10.0.0.%d %d" % (i + 1, 100 + j, k + 1)
                      for i in range(16) for j in range(8) for k in range(5))
    check(got == expected, "wrong counts: %s" % (set(got) ^ set(expected)))
    seqs = sorted(e["seq"] for e in events.of("pairs"))
    check(seqs == list(range(1, len(seqs) + 1)), "numbers of events")
    stats = host.probe_stats("vm1")
    check(stats["workers"] == 4 and stats["workers_split"] == 1, stats)
    check(notes(host, "vm1") == "", notes(host, "vm1"))
    print("4 workers: %d events as of one" % len(got))

    # Another program needs another way, and then none is left.
    set_port(host, "vm1", xfsm="pairs,sources")
    wait_until(lambda: "by the source address" in host.appctl(
        "xfsm-probe.vm1", "xfsm/show"), 10, "another way")
    host.wait_status("vm1", "running")
    check(host.probe_pid("vm1") == pid, "the probe was restarted")
    check(host.probe_stats("vm1")["workers_resteered"] == 1, "not counted")
    send(vm1, 16, 8, 5)
    wait_until(lambda: len(events.of("sources")) >= 16 * 8 * 5, 10,
               lambda: "events, there are %d" % len(events.of("sources")))
    got = sorted(e["text"] for e in events.of("sources"))
    expected = sorted("10.0.1.%d %d" % (i + 1, k + 1)
                      for i in range(16) for k in range(40))
    check(got == expected, "wrong counts: %s" % (set(got) ^ set(expected)))

    set_port(host, "vm1", xfsm="pairs,total")
    wait_until(lambda: "program total cannot be split" in notes(host, "vm1"),
               10, lambda: "note, there is " + notes(host, "vm1"))
    host.wait_status("vm1", "running")
    print("note: " + notes(host, "vm1"))
    check("1 worker of 4 runs" in host.appctl("ovs-xfsmd", "xfsm/show")
          and "1 worker of 4 runs" in host.xfsm_ctl("show"), "no note")
    send(vm1, 16, 8, 5)
    wait_until(lambda: len(events.of("total")) >= 16 * 8 * 5, 10, "events")
    got = sorted(int(e["text"].split()[2]) for e in events.of("total"))
    check(got == list(range(1, 641)), "wrong total")
    clear_port(host, "vm1")

    set_port(host, "vm1", xfsm="pairs", xfsm_workers=17)
    host.wait_status("vm1", "error")
    check("xfsm-workers=17" in host.error("vm1"), host.error("vm1"))
    clear_port(host, "vm1")


def test_worker_faults(host, vm1):
    """Threads do not outlive their probe, nor a probe its device."""
    set_port(host, "vm1", xfsm="pairs", xfsm_workers=2)
    host.wait_status("vm1", "running")
    pid = host.probe_pid("vm1")
    host.appctl("xfsm-probe.vm1", "exit")
    host.wait_status("vm1", "stopped")
    check(not xfsmtest.pid_is_alive(pid), "the probe is there")
    host.appctl("ovs-xfsmd", "xfsm/restart", "vm1")
    host.wait_status("vm1", "running")
    pid = host.probe_pid("vm1")
    host.run("ip", "-n", host.ns, "link", "set", "vm1", "down")
    host.run("ip", "-n", host.ns, "link", "set", "vm1", "up")

    def counts_on():
        before = host.probe_stats("vm1")["packets"]
        send(vm1, 4, 2, 1)
        return host.probe_stats("vm1")["packets"] > before

    wait_until(counts_on, 10, "packets after down and up")
    check(host.probe_pid("vm1") == pid, "the probe was restarted")
    clear_port(host, "vm1")


def test_classes(host, vm1):
    set_port(host, "vm1", xfsm="pairs", xfsm_netdev_class="system")
    host.wait_status("vm1", "running")
    wait_until(lambda: "sees only what the port receives" in notes(
        host, "vm1") and host.xfsm_ctl("get", "Probe", "vm1", "netdev_class")
        == "system", 10, lambda: notes(host, "vm1"))
    send(vm1, 2, 2, 2)
    wait_until(lambda: host.probe_stats("vm1")["handled"] >= 8, 10,
               "packets by class system")

    set_port(host, "vm1", xfsm_netdev_class="dummy")
    wait_until(lambda: host.xfsm_ctl("get", "Probe", "vm1", "netdev_class")
               == "dummy", 10, "class dummy")
    host.wait_status("vm1", "running")
    host.appctl("xfsm-probe.vm1", "netdev-dummy/receive", "vm1",
                "in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),"
                "eth_type(0x0800),ipv4(src=10.0.1.1,dst=10.0.0.2,proto=17,"
                "tos=0,ttl=64,frag=no),udp(src=1,dst=9)")
    wait_until(lambda: host.probe_stats("vm1")["handled"] >= 1, 10,
               "a packet by class dummy")

    set_port(host, "vm1", xfsm_netdev_class="nosuch")
    host.wait_status("vm1", "error")
    check("nosuch" in host.error("vm1"), host.error("vm1"))
    set_port(host, "vm1", xfsm_netdev_class="afxdp")
    wait_until(lambda: "afxdp" in (host.error("vm1") or "")
               or host.status("vm1") == "running", 10, "class afxdp")
    print("class afxdp: %s: %s" % (host.status("vm1"), host.error("vm1")))
    clear_port(host, "vm1")

    # A tap device: its user's end.
    host.in_ns("ip", "tuntap", "add", "dev", "tp", "mode", "tap")
    host.in_ns("ip", "link", "set", "tp", "up")
    host.vsctl("add-port", "br0", "tp")
    set_port(host, "tp", xfsm="pairs", xfsm_netdev_class="tap")
    host.wait_status("tp", "running")

    def floods():
        send(vm1, 1, 8, 2)              # Nobody has these addresses.
        return host.probe_stats("tp")["handled"] > 0

    wait_until(floods, 10, "packets by class tap")
    clear_port(host, "tp")
    host.vsctl("del-port", "br0", "tp")


def mirrors(host):
    return host.vsctl("--bare", "--columns=name", "list", "Mirror")


def mirror_ports(host):
    return [p for p in host.vsctl("list-ports", "br0").split()
            if p.startswith("xfm")]


def test_private_ports(host, vm1, vm2, events):
    # No DPDK is needed to have such a row.
    host.vsctl("--no-wait", "add-port", "br0", "dp", "--", "set",
               "Interface", "dp", "type=dpdk")
    host.vsctl("set", "Bridge", "br0", "external_ids:xfsm=pairs")
    host.wait_status("dp", "error")
    check("belongs to Open vSwitch alone" in host.error("dp")
          and "xfsm-mirror" in host.error("dp"), host.error("dp"))
    host.vsctl("remove", "Bridge", "br0", "external_ids", "xfsm")
    host.wait_status("dp", None)
    check(not mirrors(host), "a mirror was made unasked")

    # Any port can be mirrored.
    before = len(events.of("pairs"))
    set_port(host, "vm1", xfsm="pairs", xfsm_mirror="true")
    host.wait_status("vm1", "running")
    device = mirror_ports(host)
    check(len(device) == 1 and mirrors(host) == device[0],
          "ports %s, mirrors %s" % (device, mirrors(host)))
    device = device[0]
    check("by a mirror of the port" in notes(host, device), "no note")

    def seen():
        send(vm1, 2, 2, 1)
        return len(events.of("pairs")) > before

    wait_until(seen, 10, "packets by the mirror")
    event = events.of("pairs")[-1]
    check(event["port"] == "vm1", event)

    # The switch may set a new device down once more, as anybody may.
    host.run("ip", "-n", host.ns, "link", "set", device, "down")
    before = len(events.of("pairs"))
    wait_until(seen, 10, "packets after the device was down")

    # An agent that dies leaves it; the next one takes it over.
    host.stop("ovs-xfsmd", signal.SIGKILL)
    check(mirror_ports(host) == [device], "the mirror is gone")
    host.start_agent()
    wait_until(lambda: host.probe_pid(device), 10, "probe")
    host.wait_status("vm1", "running")
    check(mirror_ports(host) == [device] and mirrors(host) == device,
          "another mirror")

    # Or removes it, when it is not wanted any more, or by whomever.
    host.stop("ovs-xfsmd", signal.SIGKILL)
    host.vsctl("remove", "Port", "vm1", "external_ids", "xfsm-mirror", "--",
               "remove", "Port", "vm1", "external_ids", "xfsm")
    host.start_agent()
    wait_until(lambda: not mirror_ports(host) and not mirrors(host), 15,
               "the mirror to be removed")

    # An orderly end removes it as well.
    set_port(host, "vm1", xfsm="pairs", xfsm_mirror="true")
    wait_until(lambda: mirrors(host) == device, 10, "mirror")
    host.wait_status("vm1", "running")
    host.stop("ovs-xfsmd")
    check(not mirror_ports(host) and not mirrors(host), "a mirror is left")
    host.start_agent()
    host.wait_status("vm1", "running")

    # So does the end of the port, and options:mirror is for private ones.
    clear_port(host, "vm1")
    wait_until(lambda: not mirror_ports(host) and not mirrors(host), 10,
               "the mirror to be removed")
    host.xfsm_ctl("set", "XFSM_Global", ".", "options:mirror=true")
    set_port(host, "dp", xfsm="pairs")
    set_port(host, "vm1", xfsm="pairs")
    host.wait_status("dp", "running")
    host.wait_status("vm1", "running")
    check(len(mirror_ports(host)) == 1, mirror_ports(host))
    host.vsctl("--no-wait", "del-port", "br0", "dp")
    wait_until(lambda: not mirror_ports(host) and not mirrors(host), 10,
               "the mirror to be removed")
    clear_port(host, "vm1")


def test_visibility(host):
    """Hardware may hide packets of a device that stands for others."""
    host.run("ip", "-n", host.ns, "link", "add", "over", "type", "vxlan",
             "id", "7", "dev", "vm2", "remote", "192.0.2.1", "dstport",
             "4789")
    host.run("ip", "-n", host.ns, "link", "set", "over", "up")
    host.vsctl("add-port", "br0", "over")
    for port in ("vm1", "over"):
        set_port(host, port, xfsm="pairs")
        host.wait_status(port, "running")
    check(notes(host, "vm1") == "", notes(host, "vm1"))
    pid = host.probe_pid("vm1")
    host.vsctl("--no-wait", "set", "Open_vSwitch", ".",
               "other_config:hw-offload=true")
    wait_until(lambda: "partial" in notes(host, "over"), 10, "note")
    check("partial" in host.xfsm_ctl("get", "XFSM_Global", ".",
                                     "status:visibility"), "no status")
    # No hardware can have a packet of this one.
    check(notes(host, "vm1") == "", notes(host, "vm1"))
    host.vsctl("--no-wait", "remove", "Open_vSwitch", ".", "other_config",
               "hw-offload")
    wait_until(lambda: notes(host, "over") == "", 10, "no note")
    check(host.probe_pid("vm1") == pid, "the probe was restarted")
    clear_port(host, "vm1")
    clear_port(host, "over")
    host.vsctl("del-port", "over")
    host.run("ip", "-n", host.ns, "link", "del", "over")


def test_older_database(host):
    """A database that lacks the columns notes and params, and roles."""
    with open(os.path.join(xfsmtest.TOP_SRCDIR,
                           "ovsdb-schema/xfsm.ovsschema")) as f:
        schema = json.load(f)
    del schema["tables"]["Probe"]["columns"]["notes"], schema["cksum"]
    del schema["tables"]["Assignment"]["columns"]["params"]
    del schema["tables"]["XFSM_Global"]["columns"]["connections"]
    for table in ("Connection", "RBAC_Role", "RBAC_Permission"):
        del schema["tables"][table]
    schema["version"] = "1.0.0"
    path = os.path.join(host.dir, "old.ovsschema")
    with open(path, "w") as f:
        json.dump(schema, f)
    db = os.path.join(host.dbdir, "xfsm.db")
    host.run("ovsdb-tool", "create", db, path)
    host.start_ovsdb()
    host.appctl("ovsdb-server", "ovsdb-server/add-db", db)
    host.start_vswitchd()
    host.add_bridge("br0")
    host.add_vm("br0", "vm1")
    host.start_agent()
    set_port(host, "vm1", xfsm="portscan")
    host.wait_status("vm1", "running")
    wait_until(lambda: "running" in host.run(
        "ovsdb-client", "dump", "unix:%s/db.sock" % host.rundir, "XFSM",
        "Probe", "status"), 10, "status in the older database")


def test(host):
    with xfsmtest.Host() as other:
        test_older_database(other)
    vm1, vm2 = setup(host)
    events = Events(host)
    test_workers(host, vm1, events)
    test_worker_faults(host, vm1)
    test_classes(host, vm1)
    test_private_ports(host, vm1, vm2, events)
    test_visibility(host)


if __name__ == "__main__":
    xfsmtest.main(test)
