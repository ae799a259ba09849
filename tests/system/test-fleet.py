# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""xfsm-controller with two real hosts: one over SSL, one over a Unix socket.
Programs and assignments reach their switches, and the alerts of both come
back."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

SSL_PORT = 16640

# What the fleet runs.
LIBRARY = os.path.join(xfsmtest.TOP_SRCDIR, "utilities/programs/portscan.xml")


class Controller:
    def __init__(self, host, fleet, ssl):
        self.host = host
        self.fleet = os.path.join(host.dir, "fleet.json")
        self.events_path = os.path.join(host.dir, "fleet-events")
        self.ssl = ssl
        self.xfsm = "--xfsm=" + host.tool("utilities/xfsm")
        self.write(fleet)

    def write(self, fleet):
        with open(self.fleet, "w") as f:
            json.dump(fleet, f)

    def once(self, **kwargs):
        return self.host.in_ns(self.host.tool("controller/xfsm-controller"),
                               *self.ssl, self.xfsm, "--once",
                               "--timeout=20",
                               "-vconsole:off", self.fleet, **kwargs)

    def start(self):
        self.host.popen(self.host.tool("controller/xfsm-controller"),
                        *self.ssl, self.xfsm,
                        "--events=" + self.events_path,
                        "--unixctl=" + os.path.join(self.host.dir, "ctl"),
                        "--log-file=%s/controller.log" % self.host.logdir,
                        "-vconsole:off", self.fleet)

    def appctl(self, *args, **kwargs):
        return self.host.appctl(os.path.join(self.host.dir, "ctl"), *args,
                                **kwargs)

    def events(self):
        if not os.path.exists(self.events_path):
            return []
        with open(self.events_path) as f:
            return [json.loads(line) for line in f if line.endswith("\n")]


def describe(hv1, hv2, program):
    return {
        "hosts": {
            "hv1": {"ovsdb": "ssl:127.0.0.1:%d" % SSL_PORT,
                    "events": "ipc://%s/xfsm-hub.events" % hv1.rundir},
            "hv2": {"ovsdb": "unix:%s/db.sock" % hv2.rundir,
                    "events": "ipc://%s/xfsm-hub.events" % hv2.rundir},
        },
        "programs": {"portscan": program},
        "assignments": [
            {"name": "all", "programs": ["portscan"],
             "target": {"bridge": "br0"}, "hosts": "*"},
        ],
    }


def scan(controller, vm, net):
    """Scans ports that were not scanned before, since the subscription may
    still have been on its way then.  Has the controller seen an alert?"""
    vm.next_port = getattr(vm, "next_port", 1000) + 40
    vm.knock("10.0.%d.2" % net, range(vm.next_port, vm.next_port + 40))
    return [e for e in controller.events()
            if e["label"] == "alert"
            and e["key"]["ip_src"] == "10.0.%d.1" % net]


def test(hv1):
    server_ssl, client_ssl = xfsmtest.make_certificates(hv1)
    with xfsmtest.Host() as hv2:
        hv1.start(ovsdb_args=server_ssl + (
            "--remote=pssl:%d:127.0.0.1" % SSL_PORT,))
        hv2.start()
        vms = []
        for net, host in enumerate((hv1, hv2)):
            host.add_bridge("br0")
            vms.append(host.add_vm("br0", "vm1", "10.0.%d.1/24" % net))
            host.add_vm("br0", "vm2", "10.0.%d.2/24" % net)

        fleet = describe(hv1, hv2, LIBRARY)
        controller = Controller(hv1, fleet, client_ssl)
        print(controller.once())
        for host in (hv1, hv2):
            host.wait_status("vm1", "running")
            host.wait_status("vm2", "running")
            check("portscan" in host.appctl("xfsm-probe.vm1", "xfsm/show"),
                  "program in the probe")

        # Nothing is written where nothing differs.
        rows = hv2.xfsm_ctl("--columns=_uuid,name", "list", "Program")
        controller.once()
        check(hv2.xfsm_ctl("--columns=_uuid,name", "list", "Program") == rows,
              "rows were written again")

        controller.start()
        wait_until(lambda: controller.appctl(
            "fleet/show", ok=(0, 1)).count("connected") >= 2, 10,
            "controller to be connected")
        for net, vm in enumerate(vms):
            wait_until(lambda net=net, vm=vm: scan(controller, vm, net), 15,
                       "alert of host %d" % (net + 1))
        for event in controller.events()[:2]:
            print(event["host"], event["port"], event["text"])

        # The assignment goes; so does the monitoring.
        fleet["assignments"] = []
        controller.write(fleet)
        controller.appctl("fleet/reload")
        for host in (hv1, hv2):
            host.wait_status("vm1", None)

        # A description with a mistake says where, and changes nothing.
        fleet["assignments"] = [{"name": "x", "programs": ["nosuch"],
                                 "target": {"port": "vm1"}, "hosts": "*"}]
        controller.write(fleet)
        out = subprocess.run(
            [hv1.tool("controller/xfsm-controller"), controller.xfsm,
             "--dry-run", controller.fleet], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, universal_newlines=True)
        check(out.returncode == 1 and "/assignments/0/programs/0" in
              out.stdout and "nosuch" in out.stdout, out.stdout)


if __name__ == "__main__":
    xfsmtest.main(test)
