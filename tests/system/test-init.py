# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Adding the database, and enabling and disabling monitoring, costs the
switch nothing: no packet is lost, no reconfiguration happens."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from stream import Stream                                   # noqa: E402
from xfsmtest import check                                  # noqa: E402


def reconfigurations(host):
    """How often ovs-vswitchd has run bridge_reconfigure."""
    return int(host.appctl("ovs-vswitchd", "coverage/read-counter",
                           "bridge_reconfigure"))


def test(host):
    host.start_ovsdb()
    host.start_vswitchd()
    host.add_bridge("br0")
    vm1 = host.add_vm("br0", "vm1", "10.0.0.1/24")
    vm2 = host.add_vm("br0", "vm2", "10.0.0.2/24")
    stream = Stream(host, vm1, vm2, "10.0.0.2")
    # A plain ovs-vsctl asks ovs-vswitchd to tell when it is done, which by
    # itself costs a reconfiguration; --no-wait does not.
    before = reconfigurations(host)
    pid = host.pid("ovsdb-server")

    out = host.run(host.tool("utilities/xfsm-ctl"), "init")
    check("added to the running ovsdb-server" in out, out)
    check(host.has_xfsm(), "no database XFSM")
    again = host.run(host.tool("utilities/xfsm-ctl"), "init")
    check("added" not in again, again)
    check(host.pid("ovsdb-server") == pid, "ovsdb-server was restarted")

    host.start_agent()
    for program in ("portscan", "synflood"):
        host.vsctl("--no-wait", "set", "Port", "vm1",
                   "external_ids:xfsm=" + program)
        host.wait_status("vm1", "running")
        host.vsctl("--no-wait", "remove", "Port", "vm1", "external_ids",
                   "xfsm")
        host.wait_status("vm1", None)
    host.vsctl("--no-wait", "set", "Bridge", "br0",
               "external_ids:xfsm=nxdomain")
    host.wait_status("vm2", "running")

    sent, lost = stream.stop()
    check(lost == 0, "%d of %d datagrams were lost" % (lost, sent))
    check(before > 0, "the counter bridge_reconfigure was not found")
    check(reconfigurations(host) == before, "bridge_reconfigure ran %d times"
          % (reconfigurations(host) - before))
    print("%d datagrams, none lost; bridge_reconfigure still at %d" % (
        sent, before))


if __name__ == "__main__":
    xfsmtest.main(test)
