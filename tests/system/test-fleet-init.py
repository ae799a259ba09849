# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""xfsm-ctl --fleet init: makes the database of a fleet, starts a server for
it, alone or as a member of a cluster, and converts an older one while a
controller works on it."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from fleettest import Controller, FakeHost, Ovsdb           # noqa: E402
from resttest import RestController                         # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

PORT = 18160

SCHEMA = os.path.join(xfsmtest.TOP_SRCDIR,
                      "ovsdb-schema/xfsm-fleet.ovsschema")

PROGRAM = """<xfsm name="hello" version="1.0">
  <statedef id="quiet"/>
  <event type="packet" selector="proto tcp" primary-key="ip_src">
    <state id="quiet"><condition expression="true"
     action="Publish(log, hello %ip_src)"/></state>
  </event>
</xfsm>
"""


class Servers:
    """Those that the tool starts; they are daemons."""

    def __init__(self, host):
        self.host = host
        self.names = []
        self.old = os.path.join(host.dir, "old.ovsschema")
        with open(SCHEMA) as f:
            schema = json.load(f)
        schema["version"] = "1.1.0"
        schema.pop("cksum")
        for table in ("Tenant", "Role"):
            del schema["tables"][table]
        for table, column in (("Program", "signature"),
                              ("Program", "source_digest"),
                              ("Assignment", "tenant"),
                              ("Host", "programs")):
            del schema["tables"][table]["columns"][column]
        self.write(self.old, schema)
        self.newer = os.path.join(host.dir, "newer.ovsschema")
        self.write(self.newer, dict(schema, version="9.0.0"))

    @staticmethod
    def write(path, schema):
        with open(path, "w") as f:
            json.dump(schema, f)

    def path(self, name, end):
        return os.path.join(self.host.dir, name + end)

    def remote(self, name):
        return "unix:" + self.path(name, ".sock")

    def init(self, name, *options, schema=SCHEMA, ok=(0,)):
        if "--start" in options:
            self.names.append(name)
        return self.ctl(name, "--schema=" + schema, "--db-file="
                        + self.path(name, ".db"), *options, "init", ok=ok)

    def ctl(self, name, *args, ok=(0,)):
        return self.host.run(
            self.host.tool("utilities/xfsm-ctl"),
            "--fleet=" + self.remote(name), "--timeout=%d"
            % (20 * xfsmtest.PATIENCE), *args, ok=ok,
            timeout=60 * xfsmtest.PATIENCE, errors=True)

    def connect(self, name):
        return Ovsdb(self.path(name, ".sock"), "XFSM_Fleet")

    def stop(self, name):
        with open(self.path(name, ".pid")) as f:
            pid = int(f.read())
        self.host.run("ovs-appctl", "-t", self.path(name, ".ctl"), "exit")
        wait_until(lambda: not xfsmtest.pid_is_alive(pid), 20,
                   "a server to end")
        self.names.remove(name)

    def stop_all(self):
        for name in list(self.names):
            if os.path.exists(self.path(name, ".pid")):
                self.stop(name)


def test_alone(servers):
    """Made, served, and there again after a stop."""
    out = servers.init("one", ok=(1,))
    check("--start init" in out, out)
    check("needs --raft" in servers.init("x", "--start", "--join=unix:y",
                                         ok=(1,)), "--join alone")
    out = servers.host.run(
        servers.host.tool("utilities/xfsm-ctl"), "--fleet=tcp:127.0.0.1:1",
        "--schema=" + SCHEMA, "--start", "init", ok=(1,), errors=True)
    check("unix:FILE only" in out, out)
    second = servers.path("second", ".sock")
    out = servers.init("one", "--start", "--listen=punix:" + second)
    check("created, and served at" in out, out)
    check("served already, schema version 1.3.0" in servers.init("one"),
          "a second init")
    servers.ctl("one", "add-host", "hv1", "unix:x")
    Ovsdb(second, "XFSM_Fleet").close()
    servers.stop("one")
    check("exists" in servers.init("one", "--start", "--raft=unix:x",
                                   ok=(1,)), "a cluster from a file")
    servers.names.remove("one")
    out = servers.init("one", "--start")
    check("was there, and served at" in out, out)
    check(servers.connect("one").row("Host", "hv1"), "what was there")
    out = servers.init("one", schema=servers.old, ok=(1,))
    check("newer than 1.1.0" in out, out)


def convert(servers, name, fake, controller, look=lambda: None):
    """A controller works on the database, before, while and after it is
    converted, and so does 'look'."""
    db = servers.connect(name)
    db.insert("Program", name="hello", version=1, source=PROGRAM)
    db.insert("Host", name="hv1", remotes=[fake.remote])
    db.insert("Assignment", name="before", programs=["hello"], enabled=True,
              hosts=["*"], target={"port": "x"})
    wait_until(lambda: "before" in fake.assignments(), 30,
               "a controller with a database that is older")
    db.close()
    look()
    out = servers.init(name)
    check("converted from schema version 1.1.0 to 1.3.0" in out, out)
    check("schema version 1.3.0" in servers.init(name), "a second time")
    servers.ctl(name, "add-tenant", "blue", "port=vm*", "program=hello", "--",
                "--tenant=blue", "assign", "blue.x", "hello", "host=*",
                "port=*")
    wait_until(lambda: "blue.x" in fake.assignments(), 30,
               "a tenant's assignment to reach the host")
    check(fake.assignments()["blue.x"]["target"]
          == {"port": "*", "tenant:port": "vm*"},
          str(fake.assignments()["blue.x"]))
    db = servers.connect(name)
    check(len(db.rows("Program")[0]["source_digest"]) == 64
          and "before" in fake.assignments(), "what was there")
    db.close()
    look()
    controller.exit()


def test_convert(servers, host, fake):
    servers.init("older", "--start", schema=servers.old)
    controller = RestController(host, "c1", PORT, "--name=c1",
                                "--db=" + servers.remote("older"))

    def is_done():
        answer = controller.call("GET", "/api/v1/programs/hello/rollout")
        return (answer.status == 200 and answer.json["phase"] == "done"
                and answer.json["done"] == 1)

    def is_told():
        """With a database that is too old for it, done is told by less."""
        wait_until(is_done, 20, "the roll-out to be done")
        check(fake.program("hello") == PROGRAM, "what is done")
        row = servers.connect("older").row("Host", "hv1")
        check(row.get("programs", {"hello": "1"}) == {"hello": "1"},
              str(row))

    convert(servers, "older", fake, controller, is_told)
    check(os.path.exists(servers.path("older", ".db.backup-1.1.0")),
          "a copy of the old file")
    host.run("ovs-appctl", "-t", servers.path("older", ".ctl"),
             "ovsdb-server/list-dbs")


def test_cluster(servers, host, fake):
    """Three members, of which one may go; converted by all."""
    def raft(name):
        return "unix:" + servers.path(name, ".raft")

    servers.init("m1", "--start", "--raft=" + raft("m1"), schema=servers.old)
    for name in ("m2", "m3"):
        out = servers.init(name, "--start", "--raft=" + raft(name), "--join="
                           + raft("m1"), schema=servers.old)
        check("created, and served" in out, out)
    remotes = ",".join(servers.remote(name) for name in ("m1", "m2", "m3"))
    controller = Controller(host, remotes, "c2")
    convert(servers, "m2", fake, controller)
    servers.stop("m1")
    servers.ctl("m2", "unassign", "blue.x")
    wait_until(lambda: not servers.connect("m3").row("Assignment", "blue.x"),
               20, "the others to go on")


def test(host):
    servers = Servers(host)
    try:
        test_alone(servers)
        fakes = [FakeHost(host, name) for name in ("hv1", "hv2")]
        test_convert(servers, host, fakes[0])
        if not host.sanitized:
            test_cluster(servers, host, fakes[1])
        for fake in fakes:
            fake.stop()
    finally:
        servers.stop_all()


if __name__ == "__main__":
    xfsmtest.main(test)
