# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""A fleet with tenants, whose users ask the REST API."""

import contextlib
import json
import os

import xfsmtest
from fleettest import FleetDb
from resttest import RestController
from xfsmtest import check, wait_until

PORT = 18090

PROGRAM = """<xfsm name="%s" version="1.0">
  <param name="limit" default="7" min="1" max="8"/>
  <statedef id="quiet"/>
  <metric name="talk">
    <variation_monitor status="on" type="topk" size="4"/>
  </metric>
  <event type="packet" selector="proto tcp" primary-key="ip_src">
    <state id="quiet"><use-metric id="talk" vm_set="ip_src"/>
     <condition expression="limit &lt; 9"
     action="Publish(alert, %s %%ip_src limit %%limit);
             Publish(feature, talkers=talk.top(2))"/></state>
  </event>
</xfsm>
"""


class Fleet(FleetDb):
    def __init__(self, host):
        super().__init__(host)
        self.rest = RestController(host, "rest", PORT, "--http-rate=10000",
                                   "--db=" + self.server.remote)
        self.vms = {}

    def start(self):
        """A host with a port of each of two projects."""
        host = self.host
        host.start()
        host.add_bridge("br0")
        for i, project in enumerate(("blue", "red"), 1):
            port = "vm%d" % i
            self.vms[port] = host.add_vm("br0", port, "10.0.0.%d/24" % i)
            host.vsctl("set", "Interface", port,
                       "external_ids:\"neutron:project\"=" + project)
            self.vms[port].run("ip", "neigh", "add", "10.0.0.9", "lladdr",
                               "02:00:00:00:00:09", "dev", "eth0")
        self.ctl("--events=ipc://%s/xfsm-hub.events" % host.rundir,
                 "add-host", "hv1", "unix:%s/db.sock" % host.rundir)

    def add_program(self, name):
        path = os.path.join(self.host.dir, name + ".xml")
        with open(path, "w") as f:
            f.write(PROGRAM % (name, name))
        self.ctl("add-program", path)

    def call(self, role, status, method, path, body=None, **headers):
        answer = self.rest.call(method, path, role, body, {
            name.replace("_", "-"): value for name, value in headers.items()})
        check(answer.status == status, "%s %s as %s: %d, not %d: %s" % (
            method, path, role, answer.status, status, answer.body))
        return answer

    def names(self, role, path, key="name"):
        return sorted(item[key] for item in
                      self.rest.get(path, role).json["items"])

    def running(self, port):
        """Programs that are wanted at a port."""
        out = self.host.xfsm_ctl("--if-exists", "get", "Probe", port,
                                 "programs").strip()
        return sorted(out.strip("[]").replace("\"", "").split(", "))

    def wait_running(self, port, *programs):
        wait_until(lambda: self.running(port) == (sorted(programs) or [""]),
                   20, lambda: "%s has %s" % (port, self.running(port)))

    def event_programs(self, role):
        return {(i["event"]["port"], i["event"]["program"]) for i in
                self.rest.get("/api/v1/events?limit=1000",
                              role).json["items"]}

    def known_hosts(self):
        """Of how many hosts the controller keeps whose their ports are."""
        line, = [line for line in self.rest.get("/metrics").body.splitlines()
                 if line.startswith("xfsm_http_tenant_hosts ")]
        return int(float(line.split()[1]))

    def points(self, role, port):
        """Points of the last half hour with values, and all of them; what is
        told where there is no history."""
        answer = self.rest.call("GET", "/api/v1/hosts/hv1/ports/%s/history"
                                % port, role)
        if answer.status == 404:
            return 0, answer.json["detail"]
        packets = answer.json["values"]["packets"]
        return sum(p is not None for p in packets), len(packets)

    def talkers(self, role):
        return {(i["port"], i["program"]) for i in
                self.rest.get("/api/v1/talkers", role).json["items"]}

    def events(self, role):
        """The events that a user sees, with their numbers."""
        return {json.dumps(i["event"], sort_keys=True): i["id"] for i in
                self.rest.get("/api/v1/events?limit=1000",
                              role).json["items"]}


class Stream:
    """The events that a user follows."""

    def __init__(self, fleet, role, last=None):
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        self.connection, self.response = fleet.rest.open(
            "GET", "/api/v1/events/stream", role, headers=headers)
        check(self.response.status == 200, str(self.response.status))

    def next(self):
        with contextlib.suppress(OSError):
            for line in self.response:
                if line.startswith(b"data: "):
                    return json.loads(line[6:].decode())
        return None
