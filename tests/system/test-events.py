# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Events go from a port through probe and hub to a subscriber, and survive
the hub's death."""

import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

# An event for each packet to TCP port 7, with a label of its own.
ECHO_PROGRAM = """<xfsm name="echo" version="1">
  <statedef id="a"/>
  <event type="packet" selector="proto tcp and dst_port 7 and flags tcp-syn"
         primary-key="ip_src">
    <state id="a">
      <condition expression="1" action="Publish(alert, port 7)"
                 next_state="a"/>
    </state>
  </event>
</xfsm>
"""


class Subscriber:
    """xfsm events, and what it printed."""

    def __init__(self, host, *args):
        self.path = os.path.join(host.dir, "events-%d" % len(host.children))
        with open(self.path, "w") as out, open(self.path + ".err",
                                               "w") as err:
            host.popen(host.tool("utilities/xfsm"), "events", *args,
                       stdout=out, stderr=err)

    def events(self):
        with open(self.path) as f:
            return [json.loads(line) for line in f if line.endswith("\n")]

    def errors(self):
        with open(self.path + ".err") as f:
            return f.read()


def hub_stat(host, name):
    return host.hub_stats()[name]


def wait_heard(host, sub, before=0):
    """Waits until the hub has the subscriptions of one more, each of which has
    one topic and those of the hub's own messages."""
    wait_until(lambda: hub_stat(host, "subscriptions")
               >= before + 1 + xfsmtest.HUB_TOPICS, 10, sub.errors)


def global_status(host, key):
    return host.xfsm_ctl("--if-exists", "get", "XFSM_Global", ".",
                         "status:" + key, ok=(0, 1)).strip('"')


def test_alert(host, vm1):
    sub = Subscriber(host)
    wait_heard(host, sub)
    before = time.time()
    vm1.knock("10.0.0.2", range(1, 120))
    wait_until(sub.events, 5, lambda: "an event: " + sub.errors())
    alerts = [e for e in sub.events() if e["label"] == "alert"]
    check(len(alerts) == 1, "alerts: %s" % alerts)
    alert = alerts[0]
    for key, value in (("program", "portscan"), ("bridge", "br0"),
                       ("port", "vm1"), ("seq", 1), ("v", 1)):
        check(alert[key] == value, "%s is %s" % (key, alert[key]))
    check(alert["key"] == {"ip_src": "10.0.0.1", "ip_dst": "10.0.0.2"},
          "key: %s" % alert["key"])
    sent = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(before))
    check(alert["time"] >= sent, "time: %s" % alert["time"])

    # What the database tells of it.
    wait_until(lambda: "port scan of 10.0.0.2" in host.xfsm_ctl(
        "get", "Probe", "vm1", "last_event"), 5, "last_event")
    wait_until(lambda: host.xfsm_ctl("get", "Probe", "vm1",
                                     "statistics:alerts") == "1", 5,
               "statistics")
    check(host.xfsm_ctl("get", "Probe", "vm1",
                        "state_keys:portscan/reported") == "1", "state_keys")
    wait_until(lambda: host.xfsm_ctl("get", "XFSM_Global", ".",
                                     "statistics:published") == "1", 5,
               "statistics of the hub")
    return sub


def test_hub_death(host, vm1):
    """While the hub is dead, events wait for it."""
    host.xfsm_ctl("create", "Program", "name=echo",
                  "source=" + quote(ECHO_PROGRAM))
    host.vsctl("set", "Port", "vm1", 'external_ids:xfsm="portscan,echo"')
    host.wait_status("vm1", "running")
    wait_until(lambda: "program echo" in host.appctl("xfsm-probe.vm1",
                                                     "xfsm/show"), 5, "echo")
    heard = hub_stat(host, "subscriptions")
    sub = Subscriber(host, "alert/echo")
    wait_heard(host, sub, heard)
    both = hub_stat(host, "subscriptions")
    vm1.knock("10.0.0.2", [7, 7, 7])
    wait_until(lambda: len(sub.events()) == 3, 5, "3 events")

    pid = host.pid("xfsm-hub")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: host.pid("xfsm-hub") not in (0, pid), 5, "hub")
    wait_until(lambda: hub_stat(host, "subscriptions") >= both, 10,
               "subscribers to be back")
    vm1.knock("10.0.0.2", [7, 7])
    wait_until(lambda: len(sub.events()) >= 5, 5, "2 more events")
    seqs = [e["seq"] for e in sub.events()]
    check(seqs == sorted(set(seqs)), "sequence numbers %s" % seqs)
    check(len({e["epoch"] for e in sub.events()}) == 1,
          "the probe was restarted")


def test_hub_kills(host, vm1):
    """The hub is killed again and again under traffic: each alert comes once,
    in order, and probes are not touched."""
    heard = hub_stat(host, "subscriptions")
    sub = Subscriber(host, "alert/echo")
    wait_heard(host, sub, heard)
    before = Subscriber(host, "alert/echo", "--since", "1h")
    wait_until(lambda: len(before.events()) >= 5, 10, before.errors)
    probe = host.probe_pid("vm1")
    rounds = 5
    for _ in range(rounds):
        pid = host.pid("xfsm-hub")
        vm1.knock("10.0.0.2", [7] * 10)
        os.kill(pid, signal.SIGKILL)
        vm1.knock("10.0.0.2", [7] * 10)
        wait_until(lambda old=pid: host.pid("xfsm-hub") not in (0, old), 20,
                   "hub")
    wait_until(lambda: len(before.events()) >= 5 + 20 * rounds, 30,
               lambda: "%d events; %s" % (len(before.events()),
                                          before.errors()))
    seqs = [e["seq"] for e in before.events()]
    check(len(seqs) == 5 + 20 * rounds and seqs == sorted(set(seqs)),
          "numbers: %s" % seqs)
    check("LOST" not in before.errors(), before.errors())
    wait_until(lambda: len(sub.events()) >= 20 * rounds, 10, sub.errors)
    check(host.probe_pid("vm1") == probe, "the probe was restarted")


def test_keys(host, vm1):
    """TCP with keys from the database."""
    def keygen(name):
        path = os.path.join(host.dir, name)
        return path, host.run(host.tool("utilities/xfsm"), "keygen", "-o",
                              path).strip()
    hub, hub_public = keygen("hub.keys")
    client, client_public = keygen("client.keys")
    with open(os.path.join(host.dir, "clients"), "w") as f:
        f.write(client_public + "\n")
    host.xfsm_ctl("set", "XFSM_Global", ".",
                  'options:hub-endpoint="tcp://127.0.0.1:5560"',
                  "options:hub-key-file=" + quote(hub),
                  "options:hub-clients=" + quote(f.name))
    # "running" may be said of the one before.
    wait_until(lambda: "127.0.0.1:5560" in host.xfsm_ctl(
        "get", "XFSM_Global", ".", "hub_endpoint"), 10,
        lambda: global_status(host, "hub-error"))
    sub = Subscriber(host, "--connect", "tcp://127.0.0.1:5560",
                     "--key-file", client, "--server-key", hub_public,
                     "alert/echo")
    wait_heard(host, sub)
    vm1.knock("10.0.0.2", [7])
    wait_until(lambda: len(sub.events()) == 1, 5, sub.errors)
    for key in ("hub-endpoint", "hub-key-file", "hub-clients"):
        host.xfsm_ctl("remove", "XFSM_Global", ".", "options", key)
    wait_until(lambda: "xfsm-hub.events" in host.xfsm_ctl(
        "get", "XFSM_Global", ".", "hub_endpoint"), 10, "default endpoint")


def test_endpoint(host, vm1):
    """The hub goes where it is told, but not onto a network."""
    endpoint = "ipc://%s/other.events" % host.rundir
    host.xfsm_ctl("set", "XFSM_Global", ".",
                  "options:hub-endpoint=" + quote(endpoint))
    wait_until(lambda: host.xfsm_ctl("get", "XFSM_Global", ".",
                                     "hub_endpoint") == quote(endpoint),
               10, "hub_endpoint")
    sub = Subscriber(host, "--connect", endpoint, "alert/echo")
    wait_heard(host, sub)
    vm1.knock("10.0.0.2", [7])
    wait_until(lambda: len(sub.events()) == 1, 5, "event")

    pid = host.probe_pid("vm1")
    host.xfsm_ctl("set", "XFSM_Global", ".",
                  'options:hub-endpoint="tcp://0.0.0.0:5560"')
    wait_until(lambda: global_status(host, "hub") == "error", 10,
               "status of the hub")
    check("0.0.0.0" in global_status(host, "hub-error"),
          "hub-error: %s" % global_status(host, "hub-error"))
    check(host.probe_pid("vm1") == pid, "the probe was restarted")
    check(host.status("vm1") == "running", "status of the port")

    # TCP takes keys, on any address.
    host.xfsm_ctl("set", "XFSM_Global", ".",
                  'options:hub-endpoint="tcp://127.0.0.1:5560"')
    wait_until(lambda: "127.0.0.1" in global_status(host, "hub-error"), 10,
               "hub-error")
    check("hub-key-file" in global_status(host, "hub-error"),
          "hub-error: %s" % global_status(host, "hub-error"))

    # Events of that time come later.
    vm1.knock("10.0.0.2", [7])
    host.xfsm_ctl("remove", "XFSM_Global", ".", "options", "hub-endpoint")
    wait_until(lambda: "xfsm-hub.events" in host.xfsm_ctl(
        "get", "XFSM_Global", ".", "hub_endpoint"), 10, "default endpoint")
    wait_until(lambda: hub_stat(host, "published") >= 1, 5,
               "the event that waited")


def test_options(host):
    pid = host.probe_pid("vm1")
    host.xfsm_ctl("set", "XFSM_Global", ".", "options:ring-kib=1024",
                  "next_cfg=7")
    wait_until(lambda: host.probe_pid("vm1") not in (0, pid), 10,
               "probe with another ring")
    host.wait_status("vm1", "running")
    wait_until(lambda: host.xfsm_ctl("get", "XFSM_Global", ".", "cur_cfg")
               == "7", 5, "cur_cfg")
    host.xfsm_ctl("set", "XFSM_Global", ".", "options:ring-kib=7")
    wait_until(lambda: "ring-kib=7" in global_status(host, "options-error"),
               5, "options-error")
    host.xfsm_ctl("set", "XFSM_Global", ".", "options:ring-kib=4096",
                  "options:netdev-class=system")
    wait_until(lambda: host.xfsm_ctl("get", "Probe", "vm1", "netdev_class")
               == "system", 10, "netdev class system")
    host.wait_status("vm1", "running")
    host.xfsm_ctl("set", "XFSM_Global", ".", "options:netdev-class=nosuch")
    host.wait_status("vm1", "error")
    check("nosuch" in host.error("vm1"), "error: %s" % host.error("vm1"))
    host.xfsm_ctl("remove", "XFSM_Global", ".", "options", "netdev-class")
    host.wait_status("vm1", "running")


def quote(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace(
        "\n", "\\n")


def test(host):
    host.start()
    host.add_bridge("br0")
    vm1 = host.add_vm("br0", "vm1", "10.0.0.1/24")
    host.add_vm("br0", "vm2", "10.0.0.2/24")
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan")
    host.wait_status("vm1", "running")

    test_alert(host, vm1)
    test_hub_death(host, vm1)
    if host.sanitized:
        # A hub with sanitizers is so long in starting again that the
        # subscriber asks for what it missed before the journal is open.
        print("no hub is killed again and again: built with sanitizers")
    else:
        test_hub_kills(host, vm1)
    test_endpoint(host, vm1)
    test_keys(host, vm1)
    test_options(host)


if __name__ == "__main__":
    xfsmtest.main(test)
