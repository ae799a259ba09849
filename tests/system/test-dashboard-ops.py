# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The pages of xfsm-controller's dashboard that operate a fleet, in a browser:
a host with a real switch, and one that is a database.

Needs what lib/browsertest.py finds.  Pictures stay in the build folder:
tests/system/dashboard-*.png."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from browsertest import Browser                             # noqa: E402
from fleettest import FakeHost, Server                      # noqa: E402
from resttest import ROLES                                  # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

PORT = 18140
LIBRARY = os.path.join(xfsmtest.TOP_SRCDIR, "utilities/programs/portscan.xml")
DEADLINE = 120


def make_fleet(host, server):
    """Two hosts that run portscan on all ports called vm*."""
    with open(LIBRARY) as f:
        source = f.read()
    fake = FakeHost(host, "hv2")
    db = server.connect()
    db.insert("Host", name="hv1", remotes=["unix:%s/db.sock" % host.rundir],
              events="ipc://%s/xfsm-hub.events" % host.rundir)
    db.insert("Host", name="hv2", remotes=[fake.remote])
    db.insert("Program", name="portscan", version=1, source=source)
    db.insert("Assignment", name="all", programs=["portscan"], enabled=True,
              target={"port": "vm*"}, hosts=["*"])
    db.insert("Tenant", name="blue", target={"port": "vm2"})
    db.insert("Assignment", name="blue.web", programs=["portscan"],
              enabled=True, target={"port": "*"}, hosts=["*"], tenant="blue")
    db.close()
    path = os.path.join(host.dir, "new.xml")
    with open(path, "w") as f:
        f.write(source + "<!-- version 2 -->\n")
    return fake, path


def test(host):
    browser = Browser(host, "dashboard-ops.mjs")
    host.start()
    host.add_bridge("br0")
    host.add_vm("br0", "vm1", "10.0.0.1/24")
    host.add_vm("br0", "vm2", "10.0.0.2/24")
    host.add_vm("br0", "lan1", "10.0.0.3/24")
    server = Server(host, "fleet", "xfsm-fleet")
    fake, program = make_fleet(host, server)
    rest = browser.add_controller(PORT, "--http-rate=10000",
                                  "--db=" + server.remote)
    wait_until(lambda: rest.call("GET", "/api/v1/hosts").status == 200, 10,
               "the database")
    host.wait_status("vm1", "running", 20)
    browser.start(rest, ROLES, program)
    wait_until(browser.is_done, DEADLINE, "the browser")
    db = server.connect()
    row = db.row("Assignment", "blue.web")
    db.close()
    check(row["tenant"] == "blue" and not row["enabled"]
          and row["target"] == {"port": "vm9"}, str(row))
    rest.exit()
    fake.stop()


if __name__ == "__main__":
    xfsmtest.main(test)
