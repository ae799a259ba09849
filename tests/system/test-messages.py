# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Probes that listen to each other: over the ports of one host, and over two
hosts.  Loops end, and floods are bounded."""

import contextlib
import json
import os
import sys

LIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib")
sys.path.insert(0, LIB)
import xfsmtest                                             # noqa: E402
from xfsmtest import Failure, Host, check, wait_until       # noqa: E402

HOPS = 4

# Each answers the other; the first one begins at a packet to TCP port 7.
PING = """<xfsm name="ping">
  <statedef id="s"/>
  <event type="packet" selector="proto tcp and dst_port 7 and flags tcp-syn"
         primary-key="ip_src">
    <state id="s">
      <condition expression="true" action="Publish(ball, %ip_src)"/>
    </state>
  </event>
  <event type="message" topic="ball/pong" primary-key="ip_src">
    <state id="s">
      <condition expression="true" action="Publish(ball, %ip_src)"/>
    </state>
  </event>
</xfsm>
"""
PONG = """<xfsm name="pong">
  <statedef id="s"/>
  <event type="message" topic="ball/ping" primary-key="ip_src">
    <state id="s">
      <condition expression="true" action="Publish(ball, %ip_src)"/>
    </state>
  </event>
</xfsm>
"""

# An event for each packet to UDP port 9, and an alert for each to port 10.
NOISE = """<xfsm name="noise">
  <statedef id="s"/>
  <event type="packet" selector="proto udp and dst_port 9"
         primary-key="ip_src">
    <state id="s">
      <condition expression="true" action="Publish(noise, %src_port)"/>
    </state>
  </event>
  <event type="packet" selector="proto udp and dst_port 10"
         primary-key="ip_src">
    <state id="s">
      <condition expression="true" action="Publish(alert, %src_port)"/>
    </state>
  </event>
</xfsm>
"""
EAR = """<xfsm name="ear">
  <statedef id="s"/>
  <event type="message" topic="noise" primary-key="ip_src">
    <state id="s">
      <condition expression="false" action="Publish(log, no)"/>
    </state>
  </event>
</xfsm>
"""

# Sends packets of UDP to an address: how many, then one more.
SEND = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[2])):
    try:
        s.sendto(b"x", (sys.argv[1], 9))
    except OSError:
        pass
s.sendto(b"x", (sys.argv[1], 10))
"""


# Publishes events on the topic of portscan, with the keys of a hub, once
# somebody has subscribed to it.
EVIL = """
import sys
sys.path.insert(0, sys.argv[1])
import hubtest, zmqlite
s = zmqlite.Socket(zmqlite.XPUB, CURVE_SERVER=1,
                   **hubtest.key_pair(sys.argv[2]))
s.bind(sys.argv[3])
while s.recv(60)[0] != b"\\1alert/portscan":
    pass
for event in sys.argv[4:]:
    s.send(b"alert/portscan/br0/vm2", event.encode())
s.recv(60)
"""


class Subscriber:
    """xfsm events of one topic, in a file."""

    def __init__(self, host, *args):
        self.path = os.path.join(host.dir, "events-%d" % len(host.children))
        before = hub_stats(host)["subscriptions"]
        with open(self.path, "w") as out, open(self.path + ".err",
                                               "w") as err:
            host.popen(host.tool("utilities/xfsm"), "events", *args,
                       stdout=out, stderr=err)
        wait_until(lambda: hub_stats(host)["subscriptions"]
                   >= before + 1 + xfsmtest.HUB_TOPICS, 10,
                   lambda: "subscriptions: " + self.errors())

    def events(self):
        with open(self.path) as f:
            return [json.loads(line) for line in f if line.endswith("\n")]

    def errors(self):
        with open(self.path + ".err") as f:
            return f.read()

    def wait(self, n, timeout=15):
        wait_until(lambda: len(self.events()) >= n, timeout,
                   lambda: "%d events, there are: %s %s" % (
                       n, self.events(), self.errors()))
        return self.events()


def hub_stats(host):
    return {name: int(value) for name, value in
            (line.split() for line in
             host.appctl("xfsm-hub", "xfsm/stats").splitlines())}


def next_hub_stats(host):
    """Those of a hub that is about to be there, or nothing."""
    with contextlib.suppress(Failure):
        return hub_stats(host)
    return {}


def hub_is(host, endpoint):
    return (host.xfsm_ctl("--if-exists", "get", "XFSM_Global", ".",
                          "status:hub").strip('"') == "running"
            and endpoint in host.xfsm_ctl("get", "XFSM_Global", ".",
                                          "hub_endpoint"))


def monitor(host, **programs):
    """Runs programs on ports, instead of others, and waits until the hub
    knows what they hear."""
    for port in host.ports:
        if port in programs:
            host.vsctl("set", "Port", port,
                       "external_ids:xfsm=" + quote(programs[port][0]))
        else:
            host.vsctl("remove", "Port", port, "external_ids", "xfsm")
    for port in host.ports:
        host.wait_status(port, "running" if port in programs else None, 20)
    for port, (names, topics) in programs.items():
        wait_until(lambda p=port, n=names: all(
            "program " + name in host.appctl("xfsm-probe." + p, "xfsm/show")
            for name in n.split(",")), 15, names + " on " + port)
        if topics:
            wait_hears(host, port, topics)


def wait_hears(host, port, *topics):
    show = lambda: host.appctl("xfsm-hub", "xfsm/show")     # noqa: E731
    wait_until(lambda: any(line.split(" ")[0].endswith(port)
                           and all(t in line for t in topics)
                           for line in show().splitlines()
                           if " hears " in line), 15,
               lambda: "%s to hear %s: %s" % (port, topics, show()))


def quote(s):
    return json.dumps(s)


def store(host, name, text):
    path = os.path.join(host.dir, name + ".xml")
    with open(path, "w") as f:
        f.write(text)
    host.xfsm_ctl("add-program", path)


def test_ports(host):
    """A scan on one port; the host that was scanned connects back on another,
    where the scan was never seen, and which has two workers."""
    host.vsctl("set", "Port", "vm3", "external_ids:xfsm-workers=2")
    monitor(host, vm2=("portscan", ""), vm3=("scannedback", "alert/portscan"))
    sub = Subscriber(host, "alert")
    host.vms["vm2"].knock("10.0.0.1", range(1, 120))
    sub.wait(1)
    wait_until(lambda: host.probe_stats("vm3")["messages"] == 1, 10,
               lambda: host.probe_stats("vm3"))

    # The address moves on to the other port.
    for vm in ("vm1", "vm3"):
        host.run("ip", "-n", host.vms[vm].netns, "addr", "flush", "dev",
                 "eth0")
    host.run("ip", "-n", host.vms["vm3"].netns, "addr", "add", "10.0.0.1/24",
             "dev", "eth0")
    host.vms["vm3"].knock("10.0.0.2", [4444])
    alerts = sub.wait(2)
    check([(a["program"], a["port"]) for a in alerts]
          == [("portscan", "vm2"), ("scannedback", "vm3")], alerts)
    check("10.0.0.1 was scanned by 10.0.0.2" in alerts[1]["text"],
          alerts[1]["text"])
    stats = host.probe_stats("vm3")
    check(stats["messages_received"] == 1 and stats["topics_heard"] == 3,
          "stats: %s" % stats)
    check("hears alert/portscan, alert/hostscan, alert/slowscan: 1 messages"
          in host.appctl("xfsm-probe.vm3", "xfsm/show"), "xfsm/show")
    host.vsctl("remove", "Port", "vm3", "external_ids", "xfsm-workers")
    host.run("ip", "-n", host.vms["vm3"].netns, "addr", "add", "10.0.0.3/24",
             "dev", "eth0")


def test_loop(host):
    """Two programs on two ports answer each other, up to the last hop."""
    monitor(host, vm1=("ping", "ball/pong"), vm2=("pong", "ball/ping"))
    sub = Subscriber(host, "ball")
    before = hub_stats(host)["messages_looped"]
    host.vms["vm1"].knock("10.0.0.2", [7])
    wait_until(lambda: hub_stats(host)["messages_looped"] > before, 15,
               lambda: hub_stats(host))
    events = sub.wait(HOPS + 1)
    n = len(events) // (HOPS + 1)   # The SYN may be sent again.
    check(sorted(e.get("hops", 0) for e in events)
          == sorted(list(range(HOPS + 1)) * n), events)
    check(hub_stats(host)["messages_looped"] == before + n,
          hub_stats(host))
    # The database tells of it.
    wait_until(lambda: host.xfsm_ctl(
        "--if-exists", "get", "XFSM_Global", ".",
        "statistics:messages_looped") == str(before + n), 20, "statistics")

    # A new hub asks who hears what.
    os.kill(host.pid("xfsm-hub"), 9)
    wait_until(lambda: next_hub_stats(host).get("topics_heard") == 2, 20,
               "the next hub to know the topics")


def test_flood(host):
    """More messages than a probe may say are shed and counted; what the hub
    has of events leaves the host, alerts as well."""
    total = 300 if host.sanitized else 3000
    pid = host.pid("xfsm-hub")
    host.xfsm_ctl("set", "XFSM_Global", ".", "options:hub-message-rate=20")
    wait_until(lambda: host.pid("xfsm-hub") not in (0, pid)
               and next_hub_stats(host), 20, "a hub with that option")
    monitor(host, vm1=("noise", ""), vm2=("ear", "noise"))
    before = host.probe_stats("vm2")["messages_received"]
    sub = Subscriber(host, "alert")
    host.vms["vm1"].run(sys.executable, "-c", SEND, "10.0.0.2", str(total))
    sub.wait(1)
    # Events come in their order, so that of the alert is the last.
    stats = hub_stats(host)
    seen = stats["received"] - 1
    check(stats["messages_said"] == seen and seen > total // 3, stats)
    check(stats["messages_shed_said"] > seen // 2
          and stats["messages_delivered"] + stats["messages_shed_said"]
          + stats["messages_shed_heard"] == seen, stats)
    check(stats["suppressed"] == 0 and stats["published"] >= seen + 1, stats)
    wait_until(lambda: host.probe_stats("vm2")["messages_received"]
               == before + stats["messages_delivered"], 10,
               lambda: host.probe_stats("vm2"))
    pid = host.pid("xfsm-hub")
    host.xfsm_ctl("remove", "XFSM_Global", ".", "options",
                  "hub-message-rate")
    wait_until(lambda: host.pid("xfsm-hub") not in (0, pid)
               and next_hub_stats(host), 20, "a hub without that option")


def keygen(host, name):
    path = os.path.join(host.dir, name)
    return path, host.run(host.tool("utilities/xfsm"), "keygen", "-o",
                          path).strip()


def peer(hosts):
    """Makes the hubs of two hosts peers, over a network between them."""
    a, b = hosts
    a.run("ip", "link", "add", "net", "netns", a.ns, "type", "veth",
          "peer", "name", "net", "netns", b.ns)
    keys = [keygen(host, "hub.keys") for host in hosts]
    client = keygen(a, "client.keys")
    peers = ",".join("tcp://10.99.0.%d:5560=%s" % (i + 1, keys[i][1])
                     for i in range(2))
    for i, host in enumerate(hosts):
        host.run("ip", "-n", host.ns, "addr", "add", "10.99.0.%d/24"
                 % (i + 1), "dev", "net")
        host.run("ip", "-n", host.ns, "link", "set", "net", "up")
        clients = os.path.join(host.dir, "clients")
        with open(clients, "w") as f:
            f.write("%s\n%s\n" % (keys[1 - i][1], client[1]))
        endpoint = "tcp://10.99.0.%d:5560" % (i + 1)
        host.xfsm_ctl("set", "XFSM_Global", ".",
                      "options:hub-endpoint=" + quote(endpoint),
                      "options:hub-key-file=" + quote(keys[i][0]),
                      "options:hub-clients=" + quote(clients),
                      "options:hub-peers=" + quote(peers))
        wait_until(lambda h=host, e=endpoint: hub_is(h, e), 20, endpoint)
    for host in hosts:
        wait_until(lambda h=host: hub_stats(h)["peers_connected"] == 1, 20,
                   lambda h=host: h.appctl("xfsm-hub", "xfsm/show"))
    return ("--connect", "tcp://10.99.0.1:5560", "--key-file", client[0],
            "--server-key", keys[0][1])


def start(host, name, vms):
    host.start()
    host.vsctl("set", "Open_vSwitch", ".", "external_ids:hostname=" + name)
    host.add_bridge("br0")
    host.ports = vms
    host.vms = {vm: host.add_vm("br0", vm, "10.0.0.%d/24" % (i + 1))
                for i, vm in enumerate(vms)}


def hostile_peer(host, other):
    """Somebody who has the other hub's keys says what he likes."""
    other.stop("ovs-xfsmd")
    before = hub_stats(host)["peer_messages"]
    events = [{"v": 1, "label": "alert", "program": "portscan",
               "host": "hv2", "bridge": "br0", "port": "vm2"}
              | more for more in (
                  {"host": "hv1", "port": "vm3"},       # Who listens.
                  {"state": "\u20ac"}, {"v": 2}, {"key": {"x": "y"}},
                  {"key": {"ip_src": "nonsense"}}, {"program": "other"},
                  {"key": {"ip_src": "10.0.0.9", "ip_dst": 7}})]
    other.popen(sys.executable, "-c", EVIL, LIB,
                os.path.join(other.dir, "hub.keys"), "tcp://10.99.0.2:5560",
                *[json.dumps(e) for e in events])
    wait_until(lambda: hub_stats(host)["peer_messages"]
               == before + len(events), 30,
               lambda: host.appctl("xfsm-hub", "xfsm/show"))
    wait_until(lambda: host.probe_stats("vm3")["messages"] == 3, 10,
               lambda: host.probe_stats("vm3"))
    stats = host.probe_stats("vm3")
    check(stats["messages_own"] == 1 and stats["messages_malformed"] == 2
          and stats["message_no_key"] == 2 and stats["messages_unheard"] == 1,
          stats)


def test_hosts(host):
    """The same scanner on two hosts: the probes of each tell, and one that
    runs widescan puts it together."""
    with Host() as other:
        start(other, "hv2", ["vm1", "vm2"])
        args = peer((host, other))
        monitor(host, vm2=("portscan", ""), vm3=("widescan", "alert/portscan"))
        monitor(other, vm2=("portscan", ""))
        sub = Subscriber(host, *args, "alert")
        wait_until(lambda: hub_stats(other)["subscriptions"] >= 6, 20,
                   lambda: hub_stats(other))
        host.vms["vm2"].knock("10.0.0.3", range(1, 120))
        sub.wait(1)
        wait_until(lambda: host.probe_stats("vm3")["messages"] == 1, 10,
                   lambda: host.probe_stats("vm3"))
        other.vms["vm2"].knock("10.0.0.1", range(1, 120))
        alerts = sub.wait(2)
        check([(a["program"], a["host"], a["port"], a.get("hops", 0))
               for a in alerts]
              == [("portscan", "hv1", "vm2", 0),
                  ("widescan", "hv1", "vm3", 1)], alerts)
        check(alerts[1]["key"] == {"ip_src": "10.0.0.2"}
              and "2 hosts see it, the last one hv2" in alerts[1]["text"],
              alerts[1])
        check(hub_stats(host)["peer_messages"] == 1
              and hub_stats(host)["peer_malformed"] == 0, hub_stats(host))
        # What the peer said is not published here, and it hears nothing.
        check(hub_stats(other)["peer_messages"] == 0, hub_stats(other))
        other.check_log()
        hostile_peer(host, other)


def test(host):
    start(host, "hv1", ["vm1", "vm2", "vm3"])
    for name, text in (("ping", PING), ("pong", PONG), ("noise", NOISE),
                       ("ear", EAR)):
        store(host, name, text)
    for one in (test_loop, test_flood, test_ports, test_hosts):
        one(host)
        print("ok " + one.__name__)
    host.check_log(allow=("hub: died", "never came",
                          "dropped a malformed message"))


if __name__ == "__main__":
    xfsmtest.main(test)
