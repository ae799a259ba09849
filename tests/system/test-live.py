# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Captured traffic through a port of a real switch: attacks are alerted
within a second, harmless traffic is not, and a live probe publishes what
"xfsm run" publishes on the same capture."""

import csv
import glob
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import Subscriber, check, wait_until          # noqa: E402

PROGRAMS = ("portscan", "synflood", "nxdomain")

# Generated capture, shared capture, options of tcpreplay, program.
ATTACKS = (
    ("scan-100ports.pcap", "scan-nmap-syn-1000ports.pcap", (), "portscan"),
    ("synflood-spoofed.pcap", "synflood-spoofed-25565.pcap",
     ("--multiplier=8",), "synflood"),
    ("nxdomain-dga.pcap", "botnet-tinba-dga.pcap", ("--pps=8000",),
     "nxdomain"),
)

# A harmless capture takes this long at most.
HARMLESS_SECONDS = 1.5

# The most that a veth device carries.
MTU = 65535

# Every TCP packet is an event that tells how many came before it.  Nothing in
# it depends on how fast the packets come.
COUNT_PROGRAM = """<xfsm name="count" version="1">
  <statedef id="few"/>
  <statedef id="many"/>
  <metric name="n">
    <variation_monitor status="on" type="dleft"/>
  </metric>
  <metric name="ports">
    <variation_detector status="on"/>
    <variation_monitor status="on" type="dleft"/>
  </metric>
  <feature name="packets" body="n"/>
  <feature name="new" body="ports"/>
  <event type="packet" selector="proto tcp" primary-key="ip_src-ip_dst">
    <state id="few">
      <use-metric id="n" vm_update="ip_src-ip_dst"/>
      <use-metric id="ports" vd_update="ip_src-dst_port" vm_update="ip_src"/>
      <condition expression="new &gt; 100" next_state="many"
        action="Publish(alert, %ip_src is at %dst_port with %packets)"/>
      <condition expression="true"
        action="Publish(log, %ip_src:%src_port %packets %new %tcp_flags)"/>
    </state>
    <state id="many">
      <use-metric id="n" vm_update="ip_src-ip_dst"/>
      <condition expression="true" action="Publish(log, %packets)"/>
    </state>
  </event>
</xfsm>
"""


def pick(host, made, shared):
    """The shared capture, or the generated one where there is none."""
    path = os.path.join(xfsmtest.SHARED_DATA, "captures", shared)
    if os.path.exists(path):
        return path
    return os.path.join(host.dir, "captures", made)


def test_attacks(host, vm):
    for made, shared, options, program in ATTACKS:
        host.vsctl("set", "Port", "vm1", "external_ids:xfsm=" + program)
        host.wait_status("vm1", "running")
        subscriber = Subscriber(host, "alert")
        vm.replay(pick(host, made, shared), *options)
        sent = time.monotonic()
        wait_until(subscriber.events, 5, "alert of " + program)
        late = time.monotonic() - sent
        check(late <= 1 * xfsmtest.PATIENCE,
              "%s: alert %.3f s after the last packet" % (program, late))
        event = subscriber.events()[0]
        check((event["program"], event["bridge"], event["port"])
              == (program, "br0", "vm1"), event)
        print("%s: alert at most %d ms after the last packet: %s" % (
            program, late * 1000, event["text"]))
        subscriber.stop()
        check(host.probe_stats("vm1")["dropped"] == 0,
              "%s: packets were dropped" % program)
        host.vsctl("remove", "Port", "vm1", "external_ids", "xfsm")
        host.wait_status("vm1", None)


def harmless(host):
    """Captures in which nothing is to be reported, with their durations."""
    manifest = os.path.join(xfsmtest.SHARED_DATA, "MANIFEST.tsv")
    if not os.path.exists(manifest):
        print("no %s: generated captures alone" % manifest)
        return [(path, 60.0) for path in
                glob.glob(os.path.join(host.dir, "captures/web-*"))]
    with open(manifest, newline="") as f:
        return [(os.path.join(xfsmtest.SHARED_DATA, row["folder"],
                              row["file"]), float(row["duration_s"]))
                for row in csv.DictReader(f, delimiter="\t",
                                          quoting=csv.QUOTE_NONE)
                if row["class"] == "benign"
                or "BENIGN" in row["content_ground_truth"].split(":")[0]]


def carried(host):
    """Packets of the port, those included that no program wants."""
    stats = host.probe_stats("vm1")
    return stats["packets"] + stats["rx_filtered"]


def test_harmless(host, vm):
    host.vsctl("set", "Port", "vm1",
               'external_ids:xfsm="%s"' % ",".join(PROGRAMS))
    host.wait_status("vm1", "running")
    subscriber = Subscriber(host, "alert", "critical")
    captures = harmless(host)
    check(captures, "no harmless capture was found")
    for path, duration in captures:
        before = carried(host)
        vm.replay(path, "--multiplier=%g" % max(
            1, duration / HARMLESS_SECONDS))
        wait_until(lambda: carried(host) > before, 5,
                   "packets of " + path)
    check(not subscriber.events(), "harmless traffic was reported: %s" %
          subscriber.events())
    print("%d harmless captures: no alert" % len(captures))
    subscriber.stop()
    host.vsctl("remove", "Port", "vm1", "external_ids", "xfsm")
    host.wait_status("vm1", None)


def reduce(events):
    """What does not depend on where and when an event was published."""
    return [(e["label"], e["state"], e.get("next_state"), e["key"],
             e["text"]) for e in events]


def test_live_equals_run(host, vm):
    program = os.path.join(host.dir, "count.xml")
    with open(program, "w") as f:
        f.write(COUNT_PROGRAM)
    capture = pick(host, "scan-100ports.pcap",
                   "scan-nmap-connect-1000ports.pcap")
    out = subprocess.run([host.tool("utilities/xfsm"), "run", program,
                          "--pcap", capture], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, check=True)
    offline = reduce(json.loads(line) for line in out.stdout.splitlines())
    check(len(offline) >= 100, "%d events offline" % len(offline))

    host.xfsm_ctl("add-program", program)
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=count")
    host.wait_status("vm1", "running")
    subscriber = Subscriber(host, "log", "alert")
    vm.replay(capture, "--pps=5000")
    wait_until(lambda: len(subscriber.events()) >= len(offline), 10,
               lambda: "%d events, there are %d" % (
                   len(offline), len(subscriber.events())))
    live = reduce(subscriber.events())
    for i, (a, b) in enumerate(zip(offline, live)):
        check(a == b, "event %d: offline %s, live %s" % (i, a, b))
    check(len(live) == len(offline), "%d events live, %d offline" % (
        len(live), len(offline)))
    seqs = [e["seq"] for e in subscriber.events()]
    check(seqs == list(range(1, len(seqs) + 1)), "events are missing")
    print("live and offline: the same %d events" % len(live))
    subscriber.stop()


def test(host):
    captures = os.path.join(host.dir, "captures")
    os.mkdir(captures)
    host.run(host.tool("tests/golden/make-capture"), captures)
    host.start()
    host.add_bridge("br0")
    vm = host.add_vm("br0", "vm1")
    host.add_vm("br0", "vm2")
    for netns, device in ((host.ns, "vm1"), (vm.netns, "eth0")):
        host.run("ip", "-n", netns, "link", "set", device, "mtu", str(MTU))
    test_attacks(host, vm)
    test_harmless(host, vm)
    test_live_equals_run(host, vm)
    host.check_log()


if __name__ == "__main__":
    xfsmtest.main(test)
