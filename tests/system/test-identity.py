# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Events tell which machine they are about: the UUID of the interface and its
external_ids, as they are when the event is published.  A change reaches the
running probe; only keys that are documented are told."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "lib"), os.path.join(HERE, "..", "golden")]
import schema                                               # noqa: E402
import xfsmtest                                             # noqa: E402
from xfsmtest import Subscriber, check, wait_until          # noqa: E402

# Tells of each packet, and of the one that makes it listen.
KNOCKS = """<xfsm name="knocks" version="2.1">
  <statedef id="calm"/>
  <statedef id="heard"/>
  <event type="packet" selector="proto udp and dst_port 7"
         primary-key="ip_src">
    <state id="calm">
      <condition expression="true" next_state="heard"
                 action="Publish(knock, first)"/>
    </state>
    <state id="heard">
      <condition expression="true" action="Publish(knock, more)"/>
    </state>
  </event>
</xfsm>
"""
SEND = """import socket
socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("10.0.0.9", 7))
"""
UUIDS = ("5f2d1c7a-8f39-4a52-9d7f-0a1b2c3d4e5f",
         "0c9d8e7f-1111-4222-8333-444455556666")


def set_ids(host, *ids):
    host.vsctl("set", "Interface", "vm1", *["external_ids:" + i for i in ids])


def test(host):
    root = schema.load()
    path = os.path.join(host.dir, "knocks.xml")
    with open(path, "w") as f:
        f.write(KNOCKS)
    host.start()
    host.add_bridge("br0")
    vm = host.add_vm("br0", "vm1", "10.0.0.1/24")
    interface = host.vsctl("get", "Interface", "vm1", "_uuid").strip()
    set_ids(host, "iface-id=port-1", "vm-uuid=" + UUIDS[0],
            "iface-status=active", "attached-mac=\"02:00:00:00:00:01\"")
    host.vsctl("set", "Port", "vm1", "external_ids:vm-id=web")
    host.xfsm_ctl("add-program", path)
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=knocks")
    host.wait_status("vm1", "running")
    pid = host.probe_pid("vm1")
    subscriber = Subscriber(host, "knock")

    vm.run("ip", "neigh", "replace", "10.0.0.9", "lladdr",
           "02:00:00:00:00:09", "dev", "eth0")

    def send():
        """Sends a packet and returns its event."""
        n = len(subscriber.events())
        vm.run(sys.executable, "-c", SEND)
        wait_until(lambda: len(subscriber.events()) > n, 10, "an event")
        return subscriber.events()[-1]

    event = send()
    print(json.dumps(event))
    check(event["interface_uuid"] == interface, event)
    check(event["external_ids"] == {
        "iface-id": "port-1", "vm-uuid": UUIDS[0], "vm-id": "web",
        "attached-mac": "02:00:00:00:00:01"}, event)
    check(event["version"] == "2.1", event)
    check((event["state"], event.get("next_state")) == ("calm", "heard"),
          event)
    check(not list(schema.errors(event, root)), event)

    # A change, without a restart: of one, to one too long, to none.
    set_ids(host, "vm-uuid=" + UUIDS[1], "iface-id=" + "x" * 129)
    wait_until(lambda: "external_ids:iface-id not told" in host.xfsm_ctl(
        "--bare", "--columns=notes", "find", "Probe", "interface=vm1"), 10,
        "note")
    event = send()
    check(event["external_ids"] == {
        "vm-uuid": UUIDS[1], "vm-id": "web",
        "attached-mac": "02:00:00:00:00:01"}, event)
    check((event["state"], event.get("next_state")) == ("heard", None), event)
    host.vsctl("clear", "Interface", "vm1", "external_ids")
    host.vsctl("remove", "Port", "vm1", "external_ids", "vm-id")
    wait_until(lambda: "external_ids" not in send(), 10, "no external_ids")
    check(host.probe_pid("vm1") == pid, "the probe was restarted")
    host.check_log()


if __name__ == "__main__":
    xfsmtest.main(test)
