# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""A program is replaced a thousand times while packets come: each packet is
handled, once, by the same process.  A faulty version leaves the old one
running.  So do parameters that are set for a port."""

import base64
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

SWAPS = int(os.environ.get("XFSM_SWAPS", "1000"))

PORT = 7007

# Of vm1 and vm2.
ADDRESSES = ("10.0.0.1", "10.0.0.2")

# Seconds until an error is told.
TOLD = 5

# Alternating versions differ in their text and in what they keep.
PROGRAM = """<xfsm name="swap" version="%d">
  <statedef id="s"/>
  <metric name="n"><variation_monitor status="on" type="dleft"/></metric>
  <feature name="packets" body="n"/>
  <event type="packet" selector="proto udp and dst_port 7007"
    primary-key="ip_src">
    <state id="s">
      <use-metric id="n" vm_update="ip_src"/>
      <condition expression="packets &lt; 0" action="Publish(log, %d)"/>
    </state>
  </event>
</xfsm>
"""

# Tells, of each datagram, the parameter, and how many there were.
COUNT = """<xfsm name="count" version="1">
  <param name="limit" default="1" min="1" max="9"/>
  <statedef id="s"/>
  <metric name="n"><variation_monitor status="on" type="dleft"/></metric>
  <feature name="packets" body="n"/>
  <event type="packet" selector="proto udp and dst_port 7007"
    primary-key="ip_src">
    <state id="s">
      <use-metric id="n" vm_update="ip_src"/>
      <condition expression="true"
        action="Publish(log, from %ip_src limit %limit of %packets)"/>
    </state>
  </event>
</xfsm>
"""

SENDER = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
n = 0
while not sys.stdin.closed:
    for i in range(20):
        try:
            s.sendto(b"%d" % n, (sys.argv[1], int(sys.argv[2])))
            n += 1
        except OSError:
            pass
    with open(sys.argv[3] + ".new", "w") as f:
        f.write("%d" % n)
    import os
    os.rename(sys.argv[3] + ".new", sys.argv[3])
    if os.path.exists(sys.argv[3] + ".stop"):
        break
    time.sleep(0.01)
"""


ONE = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"one", (sys.argv[1], int(sys.argv[2])))
"""


class Sender:
    """Datagrams that are counted, until stopped."""

    def __init__(self, host, vm, address):
        self.path = os.path.join(host.dir, "sent")
        self.process = host.popen("ip", "netns", "exec", vm.netns,
                                  sys.executable, "-c", SENDER, address,
                                  str(PORT), self.path)
        wait_until(lambda: os.path.exists(self.path), 10, "datagrams")

    def sent(self):
        with open(self.path) as f:
            return int(f.read())

    def stop(self):
        open(self.path + ".stop", "w").close()
        self.process.wait(10)
        return self.sent()


def quote(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace(
        "\n", "\\n")


def image(host, version):
    path = os.path.join(host.dir, "swap%d" % version)
    with open(path + ".xml", "w") as f:
        f.write(PROGRAM % (version, version))
    host.run(host.tool("utilities/xfsm"), "compile", path + ".xml", "-o",
             path)
    with open(path, "rb") as f:
        return quote(base64.b64encode(f.read()).decode())


def test_swaps(host, vm):
    images = [image(host, 1), image(host, 2)]
    host.xfsm_ctl("create", "Program", "name=swap", "image=" + images[0])
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=swap")
    host.wait_status("vm1", "running")
    pid = host.probe_pid("vm1")
    sender = Sender(host, vm, "10.0.0.2")
    start = time.monotonic()
    for i in range(SWAPS):
        host.xfsm_ctl("--wait", "set", "Program", "swap",
                      "image=" + images[(i + 1) % 2])
    took = time.monotonic() - start
    show = host.appctl("xfsm-probe.vm1", "xfsm/show")
    check("version %d" % (1 + SWAPS % 2) in show, show)
    sent = sender.stop()
    wait_until(lambda: host.probe_stats("vm1")["handled"] >= sent, 5,
               lambda: "%d datagrams to be handled, %d were" % (
                   sent, host.probe_stats("vm1")["handled"]))
    stats = host.probe_stats("vm1")
    check(stats["handled"] == sent, "%d datagrams sent, %d handled" % (
        sent, stats["handled"]))
    check(stats["dropped"] == 0, "packets were dropped")
    check(stats["rx_packets"] == stats["packets"],
          "%d packets received, %d processed" % (stats["rx_packets"],
                                                 stats["packets"]))
    check(host.probe_pid("vm1") == pid, "the probe was restarted")
    loads = host.log("ovs-xfsmd").count("|vm1: running")
    check(loads >= SWAPS, "the program was loaded %d times" % loads)
    print("%d swaps, %.0f a second: %d datagrams, all handled" % (
        SWAPS, SWAPS / took, sent))


def test_faulty(host, vm):
    """A faulty version changes nothing but what is told."""
    host.xfsm_ctl("set", "Program", "swap", 'image=""',
                  "source=" + quote(PROGRAM % (3, 3)))
    host.wait_status("vm1", "running")
    wait_until(lambda: "version 3" in host.appctl("xfsm-probe.vm1",
                                                  "xfsm/show"), 5, "load")
    pid = host.probe_pid("vm1")
    before = host.probe_stats("vm1")["handled"]
    host.xfsm_ctl("set", "Program", "swap", "source=" + quote(
        (PROGRAM % (4, 4)).replace("proto udp", "no_such_field 5")))
    host.wait_status("vm1", "degraded", TOLD)
    check("no_such_field" in host.error("vm1"), host.error("vm1"))
    check("version 3" in host.appctl("xfsm-probe.vm1", "xfsm/show"),
          "the old version is gone")
    os.unlink(os.path.join(host.dir, "sent.stop"))
    os.unlink(os.path.join(host.dir, "sent"))
    sent = Sender(host, vm, "10.0.0.2").stop()
    wait_until(lambda: host.probe_stats("vm1")["handled"] == before + sent,
               5, "the old version to handle packets")
    check(host.probe_pid("vm1") == pid, "the probe was restarted")


def last_event(host, port):
    return host.xfsm_ctl("get", "Probe", port, "last_event")


def wait_event(host, vm, text):
    """Sends datagrams one by one, until one is told of as 'text'.  Returns how
    many there were."""
    mine, other = ADDRESSES if vm.name == "vm1" else ADDRESSES[::-1]

    def send():
        vm.run(sys.executable, "-c", ONE, other, str(PORT))
        told = last_event(host, vm.name)
        return "from %s %s of" % (mine, text) in told and told
    told = wait_until(send, TOLD, lambda: "%s: %s, not %s" % (
        vm.name, last_event(host, vm.name), text))
    return float(told.split(" of ")[1].strip('"} \n'))


def test_parameters(host, vm1, vm2):
    """Two ports run a program with parameters of their own, and go on with
    what they know when these change."""
    host.xfsm_ctl("create", "Program", "name=count", "source=" + quote(COUNT))
    for port in "vm1", "vm2":
        host.vsctl("set", "Port", port, "external_ids:xfsm=count")
    host.vsctl("set", "Port", "vm2", "external_ids:xfsm-params=count:limit=2")
    for port in "vm1", "vm2":
        host.wait_status(port, "running")
    pids = host.probe_pid("vm1"), host.probe_pid("vm2")
    wait_event(host, vm1, "limit 1")
    known = wait_event(host, vm2, "limit 2")

    host.vsctl("set", "Port", "vm2", "external_ids:xfsm-params=limit=3")
    now = wait_event(host, vm2, "limit 3")
    check(now > known, "the count began anew")
    wait_event(host, vm1, "limit 1")

    # What is wrong is told, and the program goes on as it was.
    for wrong, why in (("count:limit=10", "limit"), ("count:limt=4", "limt"),
                       ("count:limit", "NAME=VALUE")):
        host.vsctl("set", "Port", "vm2", "external_ids:xfsm-params=" + wrong)
        host.wait_status("vm2", "degraded", TOLD)
        wait_until(lambda: why in host.error("vm2"), TOLD,
                   lambda: host.error("vm2"))
        wait_event(host, vm2, "limit 3")
    host.vsctl("set", "Port", "vm2", "external_ids:xfsm-params=cuont:limit=4")
    host.wait_status("vm2", "running", TOLD)
    wait_event(host, vm2, "limit 1")
    wait_until(lambda: "cuont" in host.xfsm_ctl("get", "Probe", "vm2",
                                                "notes"), TOLD, "a note")

    # Of the bridge, for all its ports; a port's own count more.
    host.vsctl("set", "Bridge", "br0", "external_ids:xfsm-params=limit=5")
    host.vsctl("set", "Port", "vm2",
               "external_ids:xfsm-params=limit=9,count:limit=6")
    wait_event(host, vm1, "limit 5")
    wait_event(host, vm2, "limit 6")
    show = host.appctl("ovs-xfsmd", "xfsm/show")
    check("parameters of count: limit=5,limit=9,limit=6" in show, show)
    # Those of an assignment outlive the port's.
    host.xfsm_ctl("create", "Assignment", "name=some", "target:port=vm1",
                  "programs=count", 'params="count:limit=8"', "enabled=true")
    wait_event(host, vm1, "limit 8")
    host.xfsm_ctl("destroy", "Assignment", "some")
    # A new text has the parameters as well.
    host.xfsm_ctl("set", "Program", "count", "source=" + quote(
        COUNT.replace(" limit %limit", " bound %limit")))
    wait_event(host, vm1, "bound 5")
    check(wait_event(host, vm2, "bound 6") > now, "the count began anew")
    check(pids == (host.probe_pid("vm1"), host.probe_pid("vm2")),
          "a probe was restarted")

    # An image has its parameters already; others are of its source.
    path = os.path.join(host.dir, "count")
    with open(path + ".xml", "w") as f:
        f.write(COUNT)
    host.run(host.tool("utilities/xfsm"), "compile", path + ".xml", "-o",
             path)
    with open(path, "rb") as f:
        host.xfsm_ctl("set", "Program", "count", "image=" + quote(
            base64.b64encode(f.read()).decode()))
    host.vsctl("set", "Port", "vm2", "external_ids:xfsm-params=limit=7")
    wait_event(host, vm2, "bound 7")
    host.xfsm_ctl("set", "Program", "count", 'source=""')
    host.wait_status("vm2", "degraded", TOLD)
    check("when it was compiled" in host.error("vm2"), host.error("vm2"))
    host.vsctl("remove", "Port", "vm2", "external_ids", "xfsm-params", "--",
               "remove", "Bridge", "br0", "external_ids", "xfsm-params")
    wait_event(host, vm2, "limit 1")
    host.wait_status("vm2", "running", TOLD)


def test(host):
    host.start()
    host.add_bridge("br0")
    vm = host.add_vm("br0", "vm1", "10.0.0.1/24")
    vm2 = host.add_vm("br0", "vm2", "10.0.0.2/24")
    test_swaps(host, vm)
    test_faulty(host, vm)
    test_parameters(host, vm, vm2)
    host.check_log(allow=("no_such_field", "program count limit=10",
                          "program count limt=4", "program count limit:",
                          "cannot be set: the row has an image"))


if __name__ == "__main__":
    xfsmtest.main(test)
