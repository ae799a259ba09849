# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""A fleet in a database: xfsm-controller on XFSM_Fleet with real database
servers.  Rows reach hosts, wrong ones are told and hurt no other, drift is put
back, ports are found by what clouds write, two controllers share the hosts and
one takes over what the other was killed at, and versions of programs are
rolled out, and back."""

import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from fleettest import (Cluster, Controller, FakeHost,       # noqa: E402
                       FleetDb, hello, named)
from xfsmtest import check, wait_until                      # noqa: E402

HOSTS = ("hv1", "hv2", "hv3", "hv4")


class Fleet(FleetDb):
    """A fleet of stand-ins, for all parts of the test."""

    def __init__(self, host):
        super().__init__(host)
        self.hosts = {}
        for name in HOSTS:
            self.hosts[name] = FakeHost(host, name)
            self.db.insert("Host", name=name,
                           remotes=[self.hosts[name].remote],
                           labels={"rack": "r" + name[-1], "role": "compute"})

    def stop(self):
        for host in self.hosts.values():
            host.stop()
        self.db.close()

    def add_program(self, name, version, **columns):
        source = hello("version %d" % version)
        self.db.insert("Program", name=name, version=version, source=source,
                       **columns)
        return source

    def program(self, name, version):
        rows = self.db.rows("Program", [["name", "==", name],
                                        ["version", "==", version]])
        return rows[0] if rows else None

    def wait_program(self, name, version, state):
        wait_until(lambda: self.program(name, version)["state"] == state, 20,
                   lambda: "%s: %s" % (state, self.program(name, version)))

    def having(self, program, source):
        """Names of the hosts that have the program in that version."""
        return sorted(name for name, host in self.hosts.items()
                      if host.program(program) == source)

    def wait_done(self):
        """Waits until all hosts are up to date by the rows."""
        wait_until(lambda: all(row["state"] == "done"
                               for row in self.db.rows("Host")
                               if row["name"] in self.hosts), 20,
                   lambda: str(self.db.rows("Host")))

    def owners(self):
        return {row["name"]: row["controller"]
                for row in self.db.rows("Host") if row["name"] in self.hosts}

    def drifts(self, name):
        return self.db.row("Host", name)["statistics"].get("drifts")

    def once(self, *options, **kwargs):
        return self.host.in_ns(
            *Controller.command(self.host, self.server.remote),
            "--timeout=20", "-vconsole:off", *options, **kwargs)


def test_import(fleet):
    """The file's content in the database; twice is once."""
    host = fleet.host
    path = os.path.join(host.dir, "fleet.json")
    with open(os.path.join(host.dir, "hello.xml"), "w") as f:
        f.write(hello("version 1"))
    with open(path, "w") as f:
        json.dump({
            "hosts": {"hv1": {"ovsdb": fleet.hosts["hv1"].remote}},
            "programs": {"hello": "hello.xml"},
            "assignments": [{"name": "all", "programs": ["hello"],
                             "target": {"bridge": "br*"}, "hosts": "*"}],
        }, f)
    for _ in range(2):
        fleet.once("--import", path)
        check([row["version"] for row in fleet.db.rows("Program")] == [1],
              "versions of a program that was imported")
    row = fleet.db.row("Assignment", "all")
    check(row["hosts"] == "*" and row["target"] == {"bridge": "br*"}
          and row["enabled"], "an assignment that was imported: %s" % row)
    check(fleet.db.row("Host", "hv1")["labels"]["rack"] == "r1",
          "labels that were there")
    with open(os.path.join(host.dir, "hello.xml"), "w") as f:
        f.write(hello("version 2"))
    fleet.once("--import", path)
    check(sorted(row["version"] for row in fleet.db.rows("Program"))
          == [1, 2], "a new version by import")
    fleet.db.delete("Program", [["version", "==", 2]])


def test_dry_run(fleet):
    """Tells what would be, changes nothing."""
    out = fleet.once("--dry-run")
    for name in HOSTS:
        check("%s: would be changed:\nadd program hello\nadd assignment all\n"
              % name in out, out)
    check(not fleet.hosts["hv1"].assignments(), "a dry run wrote")
    check(not fleet.program("hello", 1)["state"], "a dry run decided")


def test_rows(fleet):
    """Selectors of hosts, parameters, wrong rows, status columns."""
    db = fleet.db
    db.insert("Assignment", name="two", programs=["hello"], enabled=True,
              target={"port": "vnet*"}, hosts=["hv2", "hv[3]", "hv?"],
              host_labels={"rack": "r2", "role": "compute"})
    db.insert("Assignment", name="set", programs=["hello"], enabled=True,
              target={"tag": "10,20-29"}, host_labels={"rack": "r3"},
              parameters={"limit": "8"})
    # Wrong ones.
    db.insert("Host", name="bad", remotes=["nonsense"])
    db.insert("Program", name="broken", version=1, source="<botstream>")
    for name, columns in (
            ("no-program", {"programs": ["nosuch"], "hosts": ["*"],
                            "target": {"port": "x"}}),
            ("no-host", {"programs": ["hello"], "target": {"port": "x"}}),
            ("no-target", {"programs": ["hello"], "hosts": ["*"]}),
            ("bad-target", {"programs": ["hello"], "hosts": ["*"],
                            "target": {"colour": "red"}}),
            ("bad-tag", {"programs": ["hello"], "hosts": ["*"],
                         "target": {"tag": "ten"}}),
            ("bad-value", {"programs": ["hello"], "hosts": ["*"],
                           "target": {"port": "x"},
                           "parameters": {"hello:limit": "9"}}),
            ("bad-name", {"programs": ["hello"], "hosts": ["*"],
                          "target": {"port": "x"},
                          "parameters": {"other:limit": "8"}}),
            ("bad-parameter", {"programs": ["hello"], "hosts": ["*"],
                               "target": {"port": "x"},
                               "parameters": {"nosuch": "1"}})):
        db.insert("Assignment", name=name, enabled=True, **columns)

    fleet.wait_done()
    wait_until(lambda: db.row("Assignment", "bad-parameter")["error"]
               and db.row("Assignment", "bad-value")["error"], 10,
               "errors to be told")
    for name, text in (("no-program", "nosuch"), ("no-host", "hosts=\"*\""),
                       ("no-target", "port=\"*\""), ("bad-target", "colour"),
                       ("bad-tag", "ten"), ("bad-parameter", "nosuch"),
                       ("bad-value", "limit"),
                       ("bad-name", "\"other\" is none of the programs")):
        error = str(db.row("Assignment", name)["error"])
        check(text in error, "error of %s: %s" % (name, error))
    check(db.row("Host", "bad")["state"] == "invalid"
          and "nonsense" in db.row("Host", "bad")["error"], "a bad host")
    fleet.wait_program("broken", 1, "invalid")
    check(fleet.program("broken", 1)["error"], "error of a program")

    check(sorted(fleet.hosts["hv1"].assignments()) == ["all"], "hv1")
    check(sorted(fleet.hosts["hv2"].assignments()) == ["all", "two"], "hv2")
    three = fleet.hosts["hv3"]
    check(sorted(three.assignments()) == ["all", "set"], "hv3")
    row = three.assignments()["set"]
    check(row["programs"] == "hello" and row["params"] == "hello:limit=8"
          and three.assignments()["all"]["params"] == "", str(row))
    check(len(three.rows.rows("Program")) == 1, "programs of hv3")

    row = db.row("Host", "hv2")
    check(row["agent_version"] == "stand-in" and row["last_sync"]
          and row["controller"] == "c1" and not row["error"], str(row))
    check(db.row("Assignment", "two")["matches"] == 1, "matches")
    check(fleet.program("hello", 1)["state"] == "active", "a first version")
    check(len(fleet.program("hello", 1)["digest"]) == 64, "digest")

    # What is put right works.
    db.update("Assignment", named("bad-tag"), target={"tag": "10"})
    wait_until(lambda: "bad-tag" in fleet.hosts["hv1"].assignments(), 10,
               "a row that was put right")
    # A row that goes wrong changes nothing.
    db.update("Assignment", named("bad-tag"), target={"tag": "eleven"})
    wait_until(lambda: db.row("Assignment", "bad-tag")["error"], 10,
               "the error to be told")
    check(fleet.hosts["hv1"].assignments()["bad-tag"]["target"]
          == {"tag": "10"}, "a wrong row reached a host")
    # Parameters that go wrong stay as they were, and are put back.
    db.update("Assignment", named("set"), parameters={"hello:limit": "7"})
    wait_until(lambda: three.assignments()["set"]["params"]
               == "hello:limit=7", 10, "another value")
    db.update("Assignment", named("set"), parameters={"limit": "0"})
    wait_until(lambda: db.row("Assignment", "set")["error"], 10,
               "a value that is too small to be told")
    check(three.assignments()["set"]["params"] == "hello:limit=7",
          "a wrong value reached a host")
    # But what stops an assignment does, whatever else is wrong with it.
    db.update("Assignment", named("set"), enabled=False)
    wait_until(lambda: not three.assignments()["set"]["enabled"], 10,
               "a wrong row to be disabled")
    check(three.assignments()["set"]["params"] == "hello:limit=7",
          "a wrong value reached a host with that")
    db.update("Assignment", named("set"), enabled=True,
              parameters={"limit": "7"})
    wait_until(lambda: not db.row("Assignment", "set")["error"]
               and three.assignments()["set"]["enabled"], 10,
               "a value that was put right")
    db.update("Assignment", named("bad-tag"), host_labels={"rack": "r1"})
    wait_until(lambda: "bad-tag" not in three.assignments(), 10,
               "a wrong row to go from a host that is not meant")
    check("bad-tag" in fleet.hosts["hv1"].assignments(),
          "it went from another, too")
    # No selector of hosts is a mistake, not the choice of none.
    db.update("Assignment", named("bad-tag"), host_labels={}, hosts=[])
    wait_until(lambda: "hosts=\"*\"" in str(db.row(
        "Assignment", "bad-tag")["error"]), 10, "the error to be told")
    check("bad-tag" in fleet.hosts["hv1"].assignments(),
          "a row went by mistake")
    for name in ("no-program", "no-host", "no-target", "bad-target",
                 "bad-tag", "bad-parameter", "bad-value", "bad-name"):
        db.delete("Assignment", named(name))
    db.delete("Program", named("broken"))
    db.delete("Host", named("bad"))
    wait_until(lambda: not any("bad-tag" in host.assignments()
                               for host in fleet.hosts.values()), 10,
               "a row that was removed to go")
    fleet.wait_done()


def test_drift(fleet, controller):
    """Somebody changes our rows."""
    host = fleet.hosts["hv1"]

    def wait_settled():
        """What it writes is there before it knows that it is."""
        wait_until(lambda: "hv1\n    ovsdb: %s: up to date\n" % host.remote
                   in controller.show(), 10, controller.show)

    wait_settled()
    check(not fleet.drifts("hv1"), "drift without any")
    host.rows.update("Assignment", named("all"), target={"bridge": "other"})
    wait_until(lambda: host.assignments()["all"]["target"]
               == {"bridge": "br*"}, 10, "a row to be put back")
    wait_settled()
    host.rows.delete("Program", named("hello"))
    wait_until(lambda: host.program("hello"), 10, "a program to be put back")
    wait_settled()
    host.rows.update("Assignment", named("all"), params="limit=8")
    wait_until(lambda: not host.assignments()["all"]["params"], 10,
               "parameters to be put back")
    wait_until(lambda: fleet.drifts("hv1") == 3, 10, "drift to be counted")
    log = fleet.host.log("c1")
    check("hv1: somebody changed what is written here" in log
          and "change assignment all: target {bridge=other} -> {bridge=br*}"
          in log
          and "change assignment all: params \"limit=8\" -> \"\"" in log,
          "drift in the log")
    check("put back: 3 times" in controller.show(), controller.show())


def test_takeover(fleet, first):
    """Two share the hosts; one is killed; all is taken over in 10 s."""
    second = Controller(fleet.host, fleet.server.remote, "c2")
    wait_until(lambda: set(fleet.owners().values()) == {"c1", "c2"}, 20,
               lambda: "both to have hosts: %s" % fleet.owners())
    fleet.wait_done()
    check("leader" in first.show() and "leader" not in second.show(),
          "the first one leads")
    wait_until(lambda: sum(row["hosts"] for row in
                           fleet.db.rows("Controller")) == len(HOSTS), 10,
               lambda: "hosts of both: %s" % fleet.db.rows("Controller"))

    # It is killed with something to do.
    first.stop()
    fleet.db.insert("Assignment", name="late", programs=["hello"],
                    enabled=True, target={"port": "late"}, hosts=["*"])
    killed = first.kill()
    wait_until(lambda: all("late" in host.assignments()
                           for host in fleet.hosts.values()), 10,
               lambda: "all hosts to be written: %s" % fleet.owners())
    took = time.monotonic() - killed
    wait_until(lambda: set(fleet.owners().values()) == {"c2"}, 10,
               "the other to have all")
    wait_until(lambda: len(fleet.db.rows("Controller")) == 1, 10,
               "the row of the dead one to go")
    print("taken over in %.1f s" % took)
    check("leader" in second.show(), "the other one leads")
    check("controller c1 is dead" in fleet.host.log("c2"), "it is told")
    fleet.wait_done()

    # One that ends in order is replaced at once.
    first = Controller(fleet.host, fleet.server.remote, "c1")
    wait_until(lambda: set(fleet.owners().values()) == {"c1", "c2"}, 20,
               "both to have hosts again")
    second.exit()
    wait_until(lambda: set(fleet.owners().values()) == {"c1"}, 5,
               "the first one to have all")
    fleet.wait_done()
    return first


def test_rollout(fleet, controller):
    """A canary, then all; the leader dies in between."""
    options = {"canary-percent": "25", "canary-seconds": "3"}
    old = fleet.hosts["hv1"].program("hello")
    new = fleet.add_program("hello", 2, options=options)
    wait_until(lambda: len(fleet.having("hello", new)) == 1, 10,
               "one host to have the canary")
    canary = fleet.having("hello", new)[0]
    check(len(fleet.having("hello", old)) == 3, "the others have the old one")
    wait_until(lambda: fleet.db.row("Host", canary)["canaries"]
               == {"hello/2": "well"}, 10, "a verdict")
    check(fleet.program("hello", 2)["state"] == "canary"
          and fleet.program("hello", 1)["state"] == "active", "states")
    controller.kill()
    controller = Controller(fleet.host, fleet.server.remote, "c3")
    fleet.wait_program("hello", 2, "active")
    wait_until(lambda: fleet.having("hello", new) == sorted(HOSTS), 10,
               "all hosts to have it")
    check(fleet.program("hello", 1)["state"] == "replaced", "the old one")
    fleet.wait_done()
    return controller, canary, new


def test_rollback(fleet, canary, old):
    """Errors, losses and use of the processor each end a roll-out."""
    options = {"canary-percent": "25", "canary-seconds": "3600",
               "max-cpu-percent": "50"}
    host = fleet.hosts[canary]
    # One that was ill before is no reason, nor are counters that come late.
    host.put_probe("ill", ["hello"], status="error", error="no device")
    host.put_probe("late", ["hello"], status="running")
    healthy = {"rx_packets": 1000, "dropped": 0, "cpu_ms": 100}
    cases = (
        ("failed or was started again 1 times", {"restarts": 1},
         {"status": "running", "statistics": healthy}),
        ("lost 400 of 2400 packets", {},
         {"status": "running", "statistics": dict(
             healthy, rx_packets=3000, dropped=400)}),
        ("of processor time", {},
         {"status": "running", "statistics": dict(
             healthy, cpu_ms=86400000)}),
        ("image refused", {}, {"status": "degraded",
                               "error": "image refused"}),
    )
    for version, (reason, more, columns) in enumerate(cases, 3):
        host.put_probe("vnet1", ["hello"], status="running",
                       statistics=healthy)
        new = fleet.add_program("hello", version, options=options)
        wait_until(lambda: host.program("hello") == new, 10, "the canary")
        wait_until(lambda v=version: fleet.db.row("Host", canary)["canaries"]
                   == {"hello/%d" % v: "well"}, 10, "a verdict")
        host.put_probe("late", ["hello"], status="running",
                       statistics={"rx_packets": 1000, "dropped": 900,
                                   "cpu_ms": 86400000})
        host.put_probe("vnet1", ["hello"], **dict(more, **columns))
        fleet.wait_program("hello", version, "rolled-back")
        error = fleet.program("hello", version)["error"]
        check(reason in error and canary in error, error)
        wait_until(lambda: fleet.having("hello", old) == sorted(HOSTS), 10,
                   "the old version to be back")
        check(fleet.program("hello", 2)["state"] == "active",
              "the version before")

    # Wrong options hold a version back; an active one removed is rolled back.
    fleet.add_program("hello", 9, options={"canary-percent": "none"})
    wait_until(lambda: fleet.program("hello", 9)["error"], 10, "an error")
    check(fleet.having("hello", old) == sorted(HOSTS)
          and not fleet.program("hello", 9)["state"], "a version held back")
    fleet.db.update("Program", [["version", "==", 9]], options={})
    fleet.wait_program("hello", 9, "active")
    wait_until(lambda: not fleet.having("hello", old), 10, "a new version")
    fleet.wait_done()
    fleet.db.delete("Program", [["version", "==", 9]])
    wait_until(lambda: fleet.having("hello", old) == sorted(HOSTS), 10,
               "the version before again")
    fleet.wait_program("hello", 2, "active")
    check("remove" not in fleet.host.log("c3"),
          "hosts were without the program for a moment")


def cpu_is_told(host, interface):
    """Is cpu_ms of a probe what the kernel has?  It comes every second, in
    steps of 100 ms."""
    pid = host.wait_probe(interface)
    told = host.xfsm_ctl("--if-exists", "get", "Probe", interface,
                         "statistics:cpu_ms")
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    used = (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf(
        "SC_CLK_TCK")
    return (told and int(told) % 100 == 0
            and -20 <= used - int(told) <= 120)


def test_ports(fleet):
    """A real host: ports by what clouds write, new ones within 2 s."""
    with xfsmtest.Host() as hv:
        hv.start()
        hv.add_bridge("br-int")
        for port in ("tap1", "tap2", "other"):
            hv.add_vm("br-int", port)
        fleet.db.insert("Host", name="real",
                        remotes=["unix:%s/db.sock" % hv.rundir],
                        labels={"kind": "real"})
        fleet.db.delete("Assignment", named("all"))
        target = {"bridge": "br-*", "port": "tap*", "type": "system",
                  "tag": "100-199", "vm-uuid": "vm-?",
                  "attached-mac": "52:54:00:*", "neutron:project": "blue",
                  "external_ids:rack": "r7"}
        fleet.db.insert("Assignment", name="cloud", programs=["hello"],
                        enabled=True, host_labels={"kind": "real"},
                        target=target)

        def set_ids(port, mac):
            hv.vsctl("set", "Port", port, "tag=150",
                     "external_ids:rack=r7", "--", "set", "Interface", port,
                     "external_ids:vm-uuid=vm-1",
                     "external_ids:attached-mac=\"%s\"" % mac,
                     "external_ids:\"neutron:project\"=blue")

        set_ids("tap1", "52:54:00:00:00:01")
        set_ids("tap2", "52:55:00:00:00:02")
        set_ids("other", "52:54:00:00:00:03")
        hv.wait_status("tap1", "running")
        check(hv.status("tap2") is None and hv.status("other") is None,
              "ports that do not match")

        # What roll-outs are judged by is there.
        wait_until(lambda: cpu_is_told(hv, "tap1"), 10,
                   "the use of the processor to be told")

        # One that appears, and one that comes to match.
        begin = time.monotonic()
        hv.add_vm("br-int", "tap9")
        set_ids("tap9", "52:54:00:00:00:09")
        wait_until(lambda: hv.status("tap9"), 2, "a new port to be found")
        print("a new port was found in %.2f s, 'ip' and 'ovs-vsctl' included"
              % (time.monotonic() - begin))
        hv.vsctl("set", "Interface", "tap2",
                 "external_ids:attached-mac=\"52:54:00:00:00:02\"")
        wait_until(lambda: hv.status("tap2"), 2, "a port to be found")
        hv.vsctl("set", "Port", "tap2", "tag=200")
        wait_until(lambda: hv.status("tap2") is None, 2, "one to be let go")
        fleet.db.delete("Assignment", named("cloud"))
        hv.wait_status("tap1", None)
        fleet.db.delete("Host", named("real"))


def test_versions(fleet):
    """Of a program, the newest 16 versions count."""
    fleet.db.transact(*[
        {"op": "insert", "table": "Program",
         "row": {"name": "many", "version": version,
                 "source": hello("version %d" % version)}}
        for version in range(1, 18)])
    fleet.wait_program("many", 17, "active")
    wait_until(lambda: fleet.hosts["hv1"].program("many"), 10, "the newest")
    check("version 17" in fleet.hosts["hv1"].program("many"), "not it")
    check(fleet.program("many", 1)["state"] == []
          and fleet.program("many", 2)["state"] == "replaced",
          "one past the limit")
    fleet.db.delete("Program", named("many"))
    wait_until(lambda: not fleet.hosts["hv1"].program("many"), 10,
               "a program to go")


def test_cluster(fleet):
    """The database is three servers, of which one may go."""
    cluster = Cluster(fleet.host)
    db = cluster.connect()
    host = fleet.hosts["hv1"]
    db.insert("Program", name="hello", version=1, source=hello("cluster"))
    db.insert("Host", name="hv1", remotes=[host.remote])
    controller = Controller(fleet.host, cluster.remote, "c4")
    wait_until(lambda: "cluster" in (host.program("hello") or ""), 20,
               "the host to be written")
    db.close()
    cluster.kill_leader()
    begin = time.monotonic()
    db = cluster.connect()
    db.insert("Assignment", name="after", programs=["hello"], enabled=True,
              hosts=["*"], target={"port": "x"})
    wait_until(lambda: "after" in host.assignments(), 20,
               "the host to be written after a server died")
    print("%.1f s after the leading server died, a host was written"
          % (time.monotonic() - begin))
    db.close()
    controller.exit()


def test(host):
    fleet = Fleet(host)
    test_import(fleet)
    test_dry_run(fleet)
    controller = Controller(host, fleet.server.remote, "c1")
    test_rows(fleet)
    test_drift(fleet, controller)
    controller = test_takeover(fleet, controller)
    controller, canary, source = test_rollout(fleet, controller)
    test_rollback(fleet, canary, source)
    test_versions(fleet)
    test_ports(fleet)
    check("somebody changed" not in host.log("c3"), "our own work is no drift")
    controller.exit()
    check(not fleet.db.rows("Controller"), "a row stayed")
    if not host.sanitized:
        test_cluster(fleet)
    fleet.stop()


if __name__ == "__main__":
    xfsmtest.main(test)
