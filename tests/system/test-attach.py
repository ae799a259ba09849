# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Ports get and lose probes as the database asks for, and whatever ends a
probe, it comes back."""

import base64
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import faulttest                                            # noqa: E402
import xfsmtest                                             # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

BAD_PROGRAM = """<xfsm name="bad" version="1">
  <statedef id="a"/>
  <event type="packet" selector="no_such_field 5" primary-key="ip_src">
    <state id="a"/>
  </event>
</xfsm>
"""


def test_enable_and_disable(host):
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan")
    host.wait_status("vm1", "running")
    check(host.error("vm1") is None, "error: %s" % host.error("vm1"))
    pid = host.probe_pid("vm1")
    check(pid, "no pidfile of the probe")

    # What plain ovs-vsctl can do with it.
    host.vsctl("wait-until", "Port", "vm1",
               "external_ids:xfsm-status=running")
    check(host.vsctl("--bare", "--columns=name", "find", "Port",
                     "external_ids:xfsm-status=running") == "vm1", "find")

    # One more program: the same process.
    host.vsctl("set", "Port", "vm1",
               'external_ids:xfsm="portscan,synflood"')
    wait_until(lambda: "synflood" in host.appctl("xfsm-probe.vm1",
                                                 "xfsm/show"), 10, "load")
    host.wait_status("vm1", "running")
    check(host.probe_pid("vm1") == pid, "the probe was restarted")
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=synflood")
    wait_until(lambda: "portscan" not in host.appctl("xfsm-probe.vm1",
                                                     "xfsm/show"),
               10, "unload")
    check(host.probe_pid("vm1") == pid, "the probe was restarted")

    host.vsctl("remove", "Port", "vm1", "external_ids", "xfsm")
    host.wait_status("vm1", None)
    check(host.error("vm1") is None, "an error is left")
    wait_until(lambda: not xfsmtest.pid_is_alive(pid), 10, "probe to end")
    wait_until(lambda: not [f for f in os.listdir(host.rundir)
                            if f.startswith("xfsm-probe.")],
               5, "files of the probe to be removed")


def test_commands(host):
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan")
    host.wait_status("vm1", "running")
    for target in ("ovs-xfsmd", "xfsm-hub", "xfsm-probe.vm1"):
        check(host.appctl(target, "version"), "version of " + target)
        check("console" in host.appctl(target, "vlog/list"), "vlog/list")
        host.appctl(target, "vlog/set", "console:dbg")
        host.appctl(target, "vlog/set", "console:info")
        host.appctl(target, "xfsm/stats")
    for line in host.appctl("xfsm-probe.vm1", "xfsm/stats").splitlines():
        check(len(line.split()) > 3, "what a counter means: " + line)
    for target, name in (("ovs-xfsmd", "probes:1"),
                         ("xfsm-probe.vm1", "programs:1")):
        memory = host.appctl(target, "memory/show")
        check(name in memory, memory)
    check(int(host.appctl("xfsm-probe.vm1", "coverage/read-counter",
                          "probe_wakeup")) > 0, "coverage counter")
    show = host.appctl("ovs-xfsmd", "xfsm/show")
    check("interface vm1: running" in show, show)
    check("portscan" in host.appctl("ovs-xfsmd", "xfsm/list-programs"),
          "list-programs")
    show = host.appctl("xfsm-probe.vm1", "xfsm/show")
    check("program portscan" in show, "show of the probe")
    if os.uname().machine == "x86_64":
        check("back end native" in show, "no machine code: " + show)


def test_stop_and_restart(host):
    pid = host.probe_pid("vm1")
    host.appctl("xfsm-probe.vm1", "exit")
    host.wait_status("vm1", "stopped")
    check(not xfsmtest.pid_is_alive(pid), "the probe is there")
    host.appctl("ovs-xfsmd", "xfsm/restart", "vm1")
    host.wait_status("vm1", "running")
    pid = host.probe_pid("vm1")
    hub = host.pid("xfsm-hub")
    host.appctl("ovs-xfsmd", "xfsm/restart")
    wait_until(lambda: host.probe_pid("vm1") not in (0, pid)
               and host.pid("xfsm-hub") not in (0, hub), 5, "restart")
    host.wait_status("vm1", "running")
    hub = host.pid("xfsm-hub")
    host.appctl("xfsm-hub", "exit")
    wait_until(lambda: host.pid("xfsm-hub") not in (0, hub), 5, "hub")
    host.appctl("ovs-xfsmd", "xfsm/restart", "nosuch", ok=(2,))


def test_packets(host, vm1):
    # SYN in, RST out.  The program wants the SYN alone.
    before = host.probe_stats("vm1")
    vm1.knock("10.0.0.2", (7, 9, 13))
    wait_until(lambda: host.probe_stats("vm1")["packets"]
               >= before["packets"] + 3, 5, "packets to be seen")
    wait_until(lambda: host.probe_stats("vm1")["rx_filtered"]
               >= before["rx_filtered"] + 3, 5, "packets to be spared")
    check("kernel filter" in host.appctl("xfsm-probe.vm1", "xfsm/show"),
          "no filter")
    pid = host.probe_pid("vm1")
    host.xfsm_ctl("set", "XFSM_Global", ".", "options:kernel-filter=false")
    wait_until(lambda: host.probe_pid("vm1") not in (0, pid), 5,
               "probe to be started without a filter")
    host.wait_status("vm1", "running")
    before = host.probe_stats("vm1")["packets"]
    vm1.knock("10.0.0.2", (7, 9, 13))
    wait_until(lambda: host.probe_stats("vm1")["packets"] >= before + 6, 5,
               "packets to be seen in both directions")
    check(host.probe_stats("vm1")["dropped"] == 0, "packets were dropped")
    wait_until(lambda: int(host.xfsm_ctl(
        "--bare", "--columns=statistics:packets", "list", "Probe", "vm1",
        ok=(0, 1)) or 0) >= 0, 5, "statistics")
    host.xfsm_ctl("remove", "XFSM_Global", ".", "options", "kernel-filter")
    wait_until(lambda: "kernel filter" in host.appctl(
        "xfsm-probe.vm1", "xfsm/show", ok=(0, 1, 2)), 5, "filter")
    host.wait_status("vm1", "running")


def test_top(host, vm1):
    vm1.knock("10.0.0.2", range(1, 40), 0.01)
    out = host.xfsm_ctl("--interval=1", "--iterations=2", "top")
    tables = out.split("\n\n")
    check(len(tables) == 2, out)
    for table in tables:
        lines = table.splitlines()
        check("1 interfaces, 1 running, 0 with errors" in lines[0], out)
        check(lines[1].split()[:3] == ["INTERFACE", "BRIDGE", "STATUS"], out)
        fields = lines[2].split()
        check(fields[:3] == ["vm1", "br0", "running"], out)
        check("\033" not in table, "escape sequences outside a terminal")
    # Packets while it runs become a rate.
    top = host.popen(host.tool("utilities/xfsm-ctl"),
                     "--db=unix:%s/db.sock" % host.rundir, "--interval=1",
                     "--iterations=30", "top",
                     stdout=open(os.path.join(host.dir, "top"), "w"))

    def rate():
        vm1.knock("10.0.0.2", range(1, 20), 0.01)
        with open(os.path.join(host.dir, "top")) as f:
            return any(line.startswith("vm1") and float(line.split()[3]) > 1
                       for line in f)

    wait_until(rate, 15, "a rate of packets")
    top.terminate()
    host.xfsm_ctl("--interval=0", "top", ok=(1,))


def test_kill(host):
    for sig in (signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM):
        pid = host.probe_pid("vm1")
        other = host.probe_pid("vm2")
        os.kill(pid, sig)
        wait_until(lambda: host.probe_pid("vm1") not in (0, pid), 5,
                   "probe to come back after signal %d" % sig)
        host.wait_status("vm1", "running")
        check(host.probe_pid("vm2") == other, "another probe was touched")
    pid = host.pid("xfsm-hub")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: host.pid("xfsm-hub") not in (0, pid), 5, "hub")
    check(host.probe_pid("vm2") == other, "a probe was touched")
    wait_until(lambda: "hub connected" in host.appctl("xfsm-probe.vm2",
                                                      "xfsm/show"),
               5, "probe to be joined to the new hub")


def test_hang(host):
    pid = host.probe_pid("vm1")
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: host.probe_pid("vm1") not in (0, pid), 15,
               "stopped probe to be replaced")
    host.wait_status("vm1", "running")


def test_bad_programs(host):
    pid = host.probe_pid("vm1")
    host.vsctl("set", "Port", "vm1",
               'external_ids:xfsm="portscan,nosuch"')
    host.wait_status("vm1", "degraded", 5)
    check("nosuch" in host.error("vm1"), "error: %s" % host.error("vm1"))
    check(host.probe_pid("vm1") == pid, "the probe was restarted")

    path = os.path.join(host.dir, "bad.xml")
    with open(path, "w") as f:
        f.write(BAD_PROGRAM)
    host.xfsm_ctl("--", "create", "Program", "name=bad",
                  "source=" + quote(BAD_PROGRAM))
    host.vsctl("set", "Port", "vm1", 'external_ids:xfsm="bad"')
    host.wait_status("vm1", "error", 5)
    check("no_such_field" in host.error("vm1"),
          "error: %s" % host.error("vm1"))
    wait_until(lambda: host.xfsm_ctl("get", "Program", "bad", "status")
               == "error", 5, "status of the Program row")
    check("no_such_field" in host.xfsm_ctl("get", "Program", "bad",
                                           "diagnostics"), "diagnostics")
    check(host.status("vm2") == "running", "another port was touched")

    # It is put right.
    good = open(os.path.join(xfsmtest.TOP_SRCDIR,
                             "utilities/programs/portscan.xml")).read()
    good = good.replace('name="portscan"', 'name="bad"')
    host.xfsm_ctl("set", "Program", "bad", "source=" + quote(good))
    host.wait_status("vm1", "running", 5)
    pid = host.probe_pid("vm1")

    # A faulty version leaves the old one running.
    host.xfsm_ctl("set", "Program", "bad", "source=" + quote(BAD_PROGRAM))
    host.wait_status("vm1", "degraded", 5)
    check("program bad" in host.appctl("xfsm-probe.vm1", "xfsm/show"),
          "the old version is gone")
    check(host.probe_pid("vm1") == pid, "the probe was restarted")
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan")
    host.wait_status("vm1", "running", 5)
    host.xfsm_ctl("destroy", "Program", "bad")


def test_images(host):
    """Programs that come compiled."""
    source = os.path.join(xfsmtest.TOP_SRCDIR,
                          "utilities/programs/synflood.xml")
    path = os.path.join(host.dir, "synflood.image")
    host.run(host.tool("utilities/xfsm"), "compile", source, "-o", path)
    with open(path, "rb") as f:
        image = f.read()

    def set_image(data):
        text = base64.b64encode(data).decode()
        host.xfsm_ctl("set", "Program", "synflood", "image=" + quote(text))

    host.xfsm_ctl("create", "Program", "name=synflood")
    set_image(image)
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=synflood")
    wait_until(lambda: "program synflood" in host.appctl(
        "xfsm-probe.vm1", "xfsm/show"), 5, "image to be loaded")
    host.wait_status("vm1", "running")
    pid = host.probe_pid("vm1")

    # One that is damaged is refused, and the old one goes on.
    set_image(image[:-1] + bytes([image[-1] ^ 1]))
    host.wait_status("vm1", "degraded", 5)
    check("image" in host.error("vm1"), "error: %s" % host.error("vm1"))
    check("program synflood" in host.appctl("xfsm-probe.vm1", "xfsm/show"),
          "the old image is gone")
    host.xfsm_ctl("set", "Program", "synflood", "image=no-base64")
    wait_until(lambda: "base64" in (host.error("vm1") or ""), 5, "error")
    set_image(image)
    host.wait_status("vm1", "running", 5)
    check(host.probe_pid("vm1") == pid, "the probe was restarted")

    # One under another name.
    host.xfsm_ctl("create", "Program", "name=other",
                  "image=" + quote(base64.b64encode(image).decode()))
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=other")
    host.wait_status("vm1", "error", 5)
    check("synflood" in host.error("vm1"), "error: %s" % host.error("vm1"))
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan")
    host.wait_status("vm1", "running", 5)
    host.xfsm_ctl("destroy", "Program", "synflood", "other")


def quote(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace(
        "\n", "\\n")


def test_mistakes(host):
    """Keys and options that are not as they should be are told where the
    operator looks."""
    def notes():
        return faulttest.probe_row(host, "vm1", "notes")

    def options_error():
        return host.xfsm_ctl("get", "XFSM_Global", ".", "status")

    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan",
               "external_ids:xfsm-param=portscan:max_rate=2")
    wait_until(lambda: "xfsm-param of the port has no effect" in notes(), 5,
               notes)
    host.vsctl("remove", "Port", "vm1", "external_ids", "xfsm-param")
    wait_until(lambda: "no effect" not in notes(), 5, notes)
    host.wait_status("vm1", "running", 5)

    # Names of no program are forgotten.
    def kept():
        words = host.appctl("ovs-xfsmd", "memory/show").split()
        return int(dict(w.split(":") for w in words)["programs"])

    before = kept()
    for i in range(3):
        names = ",".join("none%d-%d" % (i, j) for j in range(20))
        host.vsctl("set", "Port", "vm1",
                   'external_ids:xfsm="portscan,%s"' % names)
        host.wait_status("vm1", "degraded", 5)
        wait_until(lambda: kept() == before + 20, 5, kept)
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan")
    host.wait_status("vm1", "running", 5)
    wait_until(lambda: kept() == before, 5, kept)

    # The defaults hold, so no probe is started anew.
    pid = host.probe_pid("vm1")
    host.xfsm_ctl("set", "XFSM_Global", ".", "options:ring_kib=512",
                  "options:machine-code=off", "options:mirror=yes")
    for error in ('there is no option \\"ring_kib\\"',
                  "options:machine-code=off is not true or false",
                  "options:mirror=yes is not true or false"):
        wait_until(lambda: error in options_error(), 5, options_error)
    check(host.probe_pid("vm1") == pid, "the probe was restarted")
    host.xfsm_ctl("set", "XFSM_Global", ".",
                  "options:hub-journal=/nonexistent/journal")
    for text in ("hub=running", "no journal, alerts are not kept: "
                 "/nonexistent/journal"):
        wait_until(lambda: text in options_error(), 5, options_error)
    check("no journal" in host.appctl("ovs-xfsmd", "xfsm/show"), "show")
    host.xfsm_ctl("create", "Assignment", "name=typo", "programs=portscan",
                  "target:prot=vm1", "enabled=true")
    wait_until(lambda: "Assignment typo matches nothing: target:prot is no key"
               in options_error(), 5, options_error)
    host.xfsm_ctl("destroy", "Assignment", "typo")
    for key in ("ring_kib", "machine-code", "mirror", "hub-journal"):
        host.xfsm_ctl("remove", "XFSM_Global", ".", "options", key)
    wait_until(lambda: "error" not in options_error(), 5, options_error)


def test_bridge(host):
    host.vsctl("remove", "Port", "vm1", "external_ids", "xfsm", "--",
               "remove", "Port", "vm2", "external_ids", "xfsm")
    host.vsctl("set", "Bridge", "br0", "external_ids:xfsm=portscan")
    for port in ("vm1", "vm2", "br0"):
        host.wait_status(port, "running")
    host.vsctl("set", "Port", "vm2", "external_ids:xfsm=none")
    host.wait_status("vm2", None)

    # A port that is added later, and a tunnel that is no device.
    host.add_vm("br0", "vm3")
    host.wait_status("vm3", "running")
    host.vsctl("add-port", "br0", "vx0", "--", "set", "Interface", "vx0",
               "type=vxlan", "options:remote_ip=192.0.2.1")
    host.vsctl("set", "Port", "vx0", "external_ids:xfsm=portscan")
    host.wait_status("vx0", "error")
    check("vxlan" in host.error("vx0"), "error: %s" % host.error("vx0"))
    host.vsctl("remove", "Port", "vx0", "external_ids", "xfsm")
    host.wait_status("vx0", None)
    host.vsctl("del-port", "br0", "vx0")

    host.vsctl("remove", "Bridge", "br0", "external_ids", "xfsm")
    for port in ("vm1", "vm3", "br0"):
        host.wait_status(port, None)
    host.vsctl("remove", "Port", "vm2", "external_ids", "xfsm")


def test_assignment(host):
    host.vsctl("set", "Interface", "vm1", "external_ids:iface-id=if-1")
    host.xfsm_ctl("create", "Assignment", "name=a1", "enabled=true",
                  "target:iface-id=if-1", "programs=portscan")
    host.wait_status("vm1", "running")
    wait_until(lambda: host.xfsm_ctl("get", "Assignment", "a1", "matches")
               == "1", 5, "matches")
    wait_until(lambda: host.xfsm_ctl("get", "Probe", "vm1", "wanted_by")
               == "[assignment]", 5, "wanted_by")
    host.xfsm_ctl("set", "Assignment", "a1", "enabled=false")
    host.wait_status("vm1", None)
    host.xfsm_ctl("destroy", "Assignment", "a1")


def test_device(host, vm1):
    """The port's device is deleted, and comes back."""
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan")
    host.wait_status("vm1", "running")
    pid = host.probe_pid("vm1")
    host.run("ip", "-n", host.ns, "link", "del", "vm1")
    host.wait_status("vm1", "error", 5)
    check("vm1" in host.error("vm1"), "error: %s" % host.error("vm1"))
    wait_until(lambda: not xfsmtest.pid_is_alive(pid), 5, "probe to end")
    host.add_veth("vm1", vm1.netns)
    host.wait_status("vm1", "running", 5)

    # Down and up is nothing.
    pid = host.probe_pid("vm1")
    host.run("ip", "-n", host.ns, "link", "set", "vm1", "down")
    host.run("ip", "-n", host.ns, "link", "set", "vm1", "up")
    host.run("ip", "-n", vm1.netns, "addr", "add", "10.0.0.1/24",
             "dev", "eth0")
    before = host.probe_stats("vm1")["packets"]
    vm1.knock("10.0.0.2", (7, 9), 0.5)      # Its SYNs are wanted.
    wait_until(lambda: host.probe_stats("vm1")["packets"] > before, 5,
               "packets after down and up")
    check(host.probe_pid("vm1") == pid, "the probe was restarted")


def test_ovsdb_restart(host):
    """The database server is restarted, and has forgotten XFSM."""
    pid = host.probe_pid("vm1")
    host.stop("ovsdb-server")
    check(host.probe_pid("vm1") == pid, "the probe ended")
    host.start_ovsdb()
    wait_until(host.has_xfsm, 15, "the agent to add the database XFSM")
    wait_until(lambda: host.xfsm_ctl("--bare", "--columns=status", "find",
                                     "Probe", "interface=vm1",
                                     ok=(0, 1)) == "running",
               15, "status in the database")
    check(host.probe_pid("vm1") == pid, "the probe was restarted")


def test_agent_death(host):
    """The agent is killed: its probes go with it, and come back with it."""
    pid = host.probe_pid("vm1")
    host.stop("ovs-xfsmd", signal.SIGKILL)
    wait_until(lambda: not xfsmtest.pid_is_alive(pid), 5, "probe to end")
    host.start_agent()
    wait_until(lambda: host.probe_pid("vm1"), 10, "probe")
    host.wait_status("vm1", "running")

    # SIGTERM is an orderly end.
    host.stop("ovs-xfsmd")
    host.wait_status("vm1", None)
    host.start_agent()
    host.wait_status("vm1", "running")


def test_exit(host):
    pid = host.probe_pid("vm1")
    host.appctl("ovs-xfsmd", "exit")
    wait_until(lambda: not host.pid("ovs-xfsmd"), 10, "agent to end")
    check(not xfsmtest.pid_is_alive(pid), "a probe was left")
    check(not host.pid("xfsm-hub"), "the hub was left")
    host.wait_status("vm1", None)


def test(host):
    host.start()
    host.add_bridge("br0")
    vm1 = host.add_vm("br0", "vm1", "10.0.0.1/24")
    host.add_vm("br0", "vm2", "10.0.0.2/24")

    test_enable_and_disable(host)
    test_commands(host)
    test_stop_and_restart(host)
    test_packets(host, vm1)
    test_top(host, vm1)
    host.check_log()

    host.vsctl("set", "Port", "vm2", "external_ids:xfsm=portscan")
    host.wait_status("vm2", "running")
    test_kill(host)
    test_hang(host)
    test_bad_programs(host)
    test_mistakes(host)
    test_images(host)
    test_bridge(host)
    test_assignment(host)
    test_device(host, vm1)
    test_ovsdb_restart(host)
    test_agent_death(host)
    test_exit(host)


if __name__ == "__main__":
    xfsmtest.main(test)
