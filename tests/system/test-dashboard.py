# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The dashboard of xfsm-controller in a browser, with real daemons behind it.

Needs what lib/browsertest.py finds.  Pictures stay in the build folder:
tests/system/dashboard-*.png."""

import itertools
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from browsertest import Browser                             # noqa: E402
from fleettest import Server                                # noqa: E402
from resttest import make_scan                              # noqa: E402
from xfsmtest import wait_until                             # noqa: E402

PORT = 18090
LIBRARY = os.path.join(xfsmtest.TOP_SRCDIR, "utilities/programs")
DEADLINE = 90


def test(host):
    browser = Browser(host, "dashboard.mjs")
    if shutil.which("dot"):
        host.env["XFSM_TEST_DOT"] = "1"
    host.start()
    host.add_bridge("br0")
    vm = host.add_vm("br0", "vm1", "10.0.0.1/24")
    host.add_vm("br0", "vm2", "10.0.0.2/24")
    server = Server(host, "fleet", "xfsm-fleet")
    db = server.connect()
    db.insert("Host", name="hv1", remotes=["unix:%s/db.sock" % host.rundir],
              events="ipc://%s/xfsm-hub.events" % host.rundir)
    for name in ("portscan", "toptalkers"):
        with open(os.path.join(LIBRARY, name + ".xml")) as f:
            # Each second, not each minute.
            source = f.read().replace('name="window" default="60"',
                                      'name="window" default="1"')
        db.insert("Program", name=name, version=1, source=source)
    db.insert("Assignment", name="all", programs=["portscan", "toptalkers"],
              enabled=True, target={"port": "vm*"}, hosts=["*"])
    rest = browser.add_controller(PORT, "--db=" + server.remote)
    wait_until(lambda: rest.call("GET", "/api/v1/hosts").status == 200, 10,
               "the database")
    host.wait_status("vm1", "running", 20)

    capture = os.path.join(host.dir, "scan.pcap")
    with open(capture, "wb") as f:
        f.write(make_scan("10.9.0.1", "10.9.0.2", range(1, 60)))
    browser.start(rest, ["operator"], capture)
    sources = itertools.cycle(range(10, 250))

    def finished():
        """Scans as another one each time, so that alerts go on."""
        source = "10.0.0.%d" % next(sources)
        vm.run("ip", "addr", "replace", source + "/24", "dev", "eth0")
        vm.run("ip", "route", "replace", "10.0.0.2/32", "dev", "eth0",
               "src", source)
        vm.knock("10.0.0.2", range(1000, 1040))
        return browser.is_done()

    wait_until(finished, DEADLINE, "the browser")
    rest.exit()
    db.close()


if __name__ == "__main__":
    xfsmtest.main(test)
