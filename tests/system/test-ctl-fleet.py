# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""xfsm-ctl --fleet: hosts, programs and their versions, assignments and what
they would mean, and waiting for all hosts, with a real controller and real
database servers."""

import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from fleettest import Controller, FakeHost, FleetDb, Server # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

PROGRAM = """<xfsm name="hello" version="1.0">
  <!-- %s -->
  <statedef id="quiet"/>
  <event type="packet" selector="proto tcp" primary-key="ip_src">
    <state id="quiet"><condition expression="true"
     action="Publish(log, hello %%ip_src)"/></state>
  </event>
</xfsm>
"""


class Fleet(FleetDb):
    def file(self, name, text):
        path = os.path.join(self.host.dir, name)
        with open(path, "w") as f:
            f.write(text)
        return path


def test_hosts(fleet, hosts):
    for host in hosts:
        fleet.ctl("--events=ipc:///nowhere", "add-host", host.name,
                  host.remote, "rack=r" + host.name[-1], "role=compute")
    row = fleet.db.row("Host", "hv1")
    check(row["remotes"] == hosts[0].remote and row["labels"]["rack"] == "r1"
          and row["events"] == "ipc:///nowhere", row)
    fleet.refuses("already", "add-host", "hv1", hosts[0].remote)
    fleet.ctl("--may-exist", "add-host", "hv1", hosts[0].remote, "rack=r9")
    row = fleet.db.row("Host", "hv1")
    check(row["labels"] == {"rack": "r9"} and row["events"], row)
    fleet.refuses("nonsense", "add-host", "bad", "nonsense")
    fleet.refuses("1 to 9 remotes", "add-host", "bad", "")
    nine = ",".join("tcp:10.0.0.%d:1" % i for i in range(1, 10))
    fleet.refuses("1 to 9 remotes", "add-host", "bad", nine + ",unix:x")
    fleet.refuses("name must be", "add-host", "b/d", "unix:x")
    fleet.refuses("KEY=VALUE", "add-host", "bad", "unix:x", "rack")
    fleet.refuses("given twice", "add-host", "bad", "unix:x", "a=1", "a=2")
    fleet.refuses("expected ipc", "--events=nonsense", "add-host", "bad",
                  "unix:x")
    fleet.refuses("no host bad", "del-host", "bad")
    fleet.ctl("--if-exists", "del-host", "bad")
    check(len(fleet.db.rows("Host")) == len(hosts), "refused rows")
    # One transaction is all or nothing.
    fleet.refuses("no host bad", "add-host", "hv9", nine, "--", "del-host",
                  "bad")
    fleet.ctl("add-host", "hv9", nine, "--", "--force", "del-host",
              "hv9")


def test_programs(fleet):
    path = fleet.file("hello.xml", PROGRAM % "version 1")
    check(fleet.ctl("add-program", path) == "hello version 1", "version 1")
    check(fleet.ctl("add-program", path) == "hello is version 1 already",
          "the same text")
    bad = fleet.file("bad.xml", (PROGRAM % "bad").replace("quiet\"/>",
                                                          "noise\"/>"))
    fleet.refuses(bad + ":5", "add-program", bad)
    fleet.refuses("No such file", "add-program", bad + ".not")
    fleet.refuses("a program", "add-program", path, "a/b")
    fleet.refuses("canary-percent", "add-program", path, "hallo", "speed=1")
    fleet.refuses("1 to 100", "add-program", path, "hallo",
                  "canary-percent=101")
    check(len(fleet.db.rows("Program")) == 1, "refused rows")
    fleet.ctl("--force", "add-program", bad, "forced")
    fleet.ctl("del-program", "forced", "1")
    fleet.refuses("no program forced", "del-program", "forced")
    fleet.refuses("not the number", "del-program", "hello", "one")
    fleet.ctl("--if-exists", "del-program", "forced")


def test_assignments(fleet):
    assign = ("assign", "web", "hello", "port=vnet*", "tag=10,20-29")
    fleet.refuses("no host is meant", *assign)
    fleet.refuses("no port is meant", "assign", "web", "hello", "host=*")
    fleet.refuses("unknown key", *assign, "host=*", "colour=red")
    fleet.refuses("\"host-label:KEY\"", *assign, "host-lable:rack=r1")
    fleet.refuses("no list of VLANs", "assign", "web", "hello", "host=*",
                  "tag=ten")
    fleet.refuses("given twice", *assign, "host=*", "port=x")
    fleet.refuses("no program \"hullo\"", "assign", "web", "hullo", "host=*",
                  "port=*")
    fleet.refuses("none of the programs", *assign, "host=*",
                  "param:other:limit=1")
    fleet.refuses("a comma or a space", *assign, "host=*", "param:limit=1,2")
    many = ["p%d" % i for i in range(33)]
    fleet.refuses("can have 32", "assign", "web", ",".join(many), "host=*",
                  "port=*")
    fleet.ctl("--force", "--disabled", "assign", "many", ",".join(many[1:]),
              "host=*", "port=*")
    check(not fleet.db.row("Assignment", "many")["enabled"]
          and len(fleet.db.row("Assignment", "many")["programs"]) == 32,
          "the most programs")
    fleet.ctl("unassign", "many")
    fleet.refuses("no assignment many", "unassign", "many")
    fleet.ctl("--if-exists", "unassign", "many")
    check(not fleet.db.rows("Assignment"), "refused rows")

    fleet.ctl(*assign, "host=hv1", "host=hv2", "host-label:role=compute",
              "host-label:rack=r2")
    row = fleet.db.row("Assignment", "web")
    check(row["target"] == {"port": "vnet*", "tag": "10,20-29"}
          and row["hosts"] == ["hv1", "hv2"] and row["enabled"]
          and row["host_labels"] == {"role": "compute", "rack": "r2"}, row)
    fleet.refuses("already", *assign, "host=*")
    fleet.ctl("--may-exist", *assign, "host=*")
    row = fleet.db.row("Assignment", "web")
    check(row["hosts"] == "*" and not row["host_labels"], row)
    fleet.refuses("have it: web", "del-program", "hello")
    fleet.refuses("no assignment wob", "disable-assignment", "wob")
    for verb, enabled in (("disable", False), ("enable", True)):
        fleet.ctl(verb + "-assignment", "web")
        row = fleet.db.row("Assignment", "web")
        check(row["enabled"] == enabled and row["hosts"] == "*", row)


def test_preview(fleet):
    """Of a host with a switch; the others have none to ask."""
    check(fleet.ctl("preview", "host=nobody", "port=*")
          == "0 ports on 0 of 0 hosts", "no host")
    host = fleet.host
    server = Server(host, "sw", "xfsm")
    switch = os.path.join(host.dir, "switch.db")
    host.run("ovsdb-tool", "create", switch, host.find_schema())
    host.appctl(host.dir + "/sw.ctl", "ovsdb-server/add-db", switch)
    fleet.ctl("add-host", "sw", server.remote, "kind=switch")

    def vsctl(*args):
        host.run("ovs-vsctl", "--no-wait", "--db=" + server.remote, *args)

    vsctl("add-br", "br0", "--", "add-port", "br0", "vnet1", "tag=10", "--",
          "add-port", "br0", "vnet2", "tag=25", "--",
          "add-port", "br0", "vnet3", "tag=30", "--",
          "add-port", "br0", "eth1", "tag=10", "--",
          "add-bond", "br0", "vnetbond", "a", "b", "--",
          "set", "Port", "vnetbond", "tag=20", "--",
          "set", "Port", "vnet2", "external_ids:xfsm=none", "--",
          "set", "Interface", "eth1", "external_ids:vm-uuid=4711")
    wanted = ("sw br0/vnet1\nsw br0/vnet2 (off by external_ids:xfsm=none)\n"
              "sw br0/vnetbond interface a\nsw br0/vnetbond interface b\n"
              "4 ports on 1 of 1 host")
    out = fleet.ctl("preview", "host=sw", "port=vnet*", "tag=10,20-29")
    check(out == wanted, out)
    out = fleet.ctl("preview", "host=s?", "host-label:kind=switch",
                    "vm-uuid=47*")
    check(out == "sw br0/eth1\n1 port on 1 of 1 host", out)
    fleet.refuses("no assignment", "preview", "nosuch")
    fleet.refuses("no host is meant", "preview", "port=*")
    out = fleet.ctl("preview", "web")
    check("hv2: its switch did not answer" in out
          and wanted[:wanted.index("4 ports")] in out
          and "4 ports on 1 of 3 hosts, 2 of which did not answer" in out,
          out)
    fleet.ctl("--force", "del-host", "sw")


def test_sync(fleet, hosts):
    """--wait and sync: what was asked for is on all hosts when they
    return."""
    fleet.ctl("sync")
    check(all("web" in host.assignments() and host.program("hello")
              for host in hosts), "after sync: %s %s" % (
                  [(list(host.assignments()), host.program("hello"))
                   for host in hosts], fleet.ctl("show")))
    check(fleet.ctl("wait-until", "Host", "hv2", "state=done") == "",
          "wait-until")
    for i in range(2, 4):
        text = PROGRAM % ("version %d" % i)
        fleet.ctl("--wait", "add-program", fleet.file("hello.xml", text))
        check(all(host.program("hello") == text for host in hosts),
              "after --wait, version %d" % i)
    fleet.ctl("--wait", "assign", "second", "hello", "host=*", "port=x")
    check(all("second" in host.assignments() for host in hosts),
          "an assignment after --wait")
    fleet.ctl("--wait", "unassign", "second")
    check(not any("second" in host.assignments() for host in hosts),
          "none after --wait")
    # What changes nothing, and hosts that can never be met.
    fleet.db.insert("Host", name="invalid", remotes=["nonsense"])
    fleet.ctl("--wait", "set", "Host", "hv1", "labels:colour=red")
    fleet.refuses("cannot be met", "del-host", "invalid")
    fleet.ctl("--force", "del-host", "invalid")
    # It says whom it waits for, a few of them.
    for i in range(6):
        fleet.ctl("add-host", "away%d" % i, "unix:/nowhere/%d" % i)
    out = fleet.ctl("--timeout=%d" % (5 * xfsmtest.PATIENCE), "sync",
                    ok=(-signal.SIGALRM,), errors=True)
    check("waiting for away" in out and " (" in out and "and 1 more" in out,
          out)
    for i in range(6):
        fleet.ctl("--force", "del-host", "away%d" % i)


def test_rollout(fleet, hosts):
    """A canary, rolled back and tried again by hand."""
    old = hosts[0].program("hello")
    new = PROGRAM % "canary"
    out = fleet.ctl("--wait", "add-program", fleet.file("hello.xml", new),
                    "canary-percent=50", "canary-seconds=3600")
    check(out == "hello version 4", out)
    check(sorted(host.program("hello") == new for host in hosts)
          == [False, True], "a canary")
    wait_until(lambda: "hello version 4: canary, well since 2"
               in fleet.ctl("rollout", "hello")
               and "Z, well on 1 host\n" in fleet.ctl("rollout"), 10,
               lambda: fleet.ctl("rollout"))
    out = fleet.ctl("rollout", "hello")
    check("hello version 3: active since" in out
          and "hello version 1: replaced" in out, out)
    out = fleet.ctl("show")
    check("Program hello version 3: active" in out
          and "hello version 2" not in out, out)
    fleet.refuses("rolled out already", "roll-out", "hello", "4")
    for args, text in ((("hello",), new), (("hello", "3"), old)):
        check(fleet.ctl("source", *args).strip() == text.strip(),
              "%s\n%s" % (fleet.ctl("source", *args), text))
    fleet.refuses("no such version", "source", "hello", "99")
    fleet.refuses("no such version", "source", "nosuch")
    fleet.refuses("not the number", "source", "hello", "x")

    out = fleet.ctl("--wait", "roll-back", "hello")
    check(out == "hello version 3 instead of 4", out)
    check(all(host.program("hello") == old for host in hosts), "rolled back")
    out = fleet.ctl("rollout", "hello")
    check("version 4: rolled-back" in out
          and "\n    rolled back by xfsm-ctl\n" in out, out)
    fleet.ctl("--wait", "roll-out", "hello", "4", "--", "set", "Program",
              fleet.ctl("--bare", "--columns=_uuid", "find", "Program",
                        "version=4"), "options={}")
    check(all(host.program("hello") == new for host in hosts), "tried again")

    # An end to a roll-out, and another one, with other options.
    fleet.refuses("on all hosts already", "abort-rollout", "hello")
    fleet.ctl("--wait", "roll-back", "hello")
    fleet.refuses("such as canary-percent", "roll-out", "hello", "4", "x=1")
    fleet.refuses("1 to 100", "roll-out", "hello", "4", "canary-percent=101")
    fleet.ctl("--wait", "roll-out", "hello", "4", "canary-percent=50")
    check(sorted(host.program("hello") == new for host in hosts)
          == [False, True], "a canary again")
    out = fleet.ctl("--wait", "abort-rollout", "hello")
    check(out == "hello version 3 stays, not 4", out)
    check(all(host.program("hello") == old for host in hosts), "aborted")
    check("aborted by xfsm-ctl" in fleet.ctl("rollout", "hello"),
          fleet.ctl("rollout", "hello"))
    fleet.ctl("--wait", "roll-out", "hello", "4", "canary-percent=100")
    check(all(host.program("hello") == new for host in hosts), "once more")

    # Also from a version that is active, as far as there are any.
    for version in range(3, 0, -1):
        fleet.ctl("--wait", "roll-back", "hello")
        check(all("version %d" % version in host.program("hello")
                  for host in hosts), "version %d" % version)
    fleet.refuses("no version before 1", "roll-back", "hello")
    fleet.refuses("no program hullo", "roll-back", "hullo")
    fleet.refuses("no program hello, version 7", "roll-out", "hello", "7")
    fleet.ctl("--wait", "roll-out", "hello", "3")
    check(all("version 3" in host.program("hello") for host in hosts),
          "version 3")
    out = fleet.ctl("--wait", "roll-out", "hello", "2")
    check(out == "hello version 2 instead of 3", out)
    check(all("version 2" in host.program("hello") for host in hosts),
          "an older version")
    check("version 3: rolled-back" in fleet.ctl("rollout", "hello"),
          "a newer version is in the way")
    fleet.ctl("--wait", "del-program", "hello", "2")
    check(all("version 1" in host.program("hello") for host in hosts),
          "without version 2")


def test_probes(fleet, hosts):
    """One program on one port."""
    probe = ("hv1", "vnet9", "hello")
    fleet.refuses("runs there by web", "stop-probe", "hv1", "vnet9", "hello")
    fleet.refuses("no host hv7", "start-probe", "hv7", "vnet9", "hello")
    fleet.refuses("no program hullo", "start-probe", "hv1", "x", "hullo")
    fleet.refuses("without \"*\"", "start-probe", "hv1", "vnet*", "hello")
    fleet.refuses("KEY=VALUE", "start-probe", *probe, "x")
    fleet.ctl("install-probe", *probe)
    check(fleet.ctl("list-probes") == "hv1/vnet9 hello: stopped",
          fleet.ctl("list-probes"))
    check(fleet.ctl("list-probes", "hv2") == "", "of another host")
    out = fleet.ctl("--wait", "start-probe", *probe)
    check(out == "start hello on hv1/vnet9", out)
    check(fleet.ctl("list-probes", "hv1") == "hv1/vnet9 hello: started",
          fleet.ctl("list-probes"))
    mine = [row for name, row in hosts[0].assignments().items()
            if name.startswith("port-vnet9-")]
    check(len(mine) == 1 and mine[0]["enabled"], str(mine))
    fleet.ctl("--wait", "stop-probe", *probe)
    fleet.ctl("--wait", "remove-probe", *probe)
    check(fleet.ctl("list-probes") == ""
          and not any(name.startswith("port-")
                      for name in hosts[0].assignments()), "removed")


def test_leaving(fleet):
    """A host that is removed is cleaned first."""
    fake = FakeHost(fleet.host, "hv8")
    fleet.ctl("--wait", "add-host", "hv8", fake.remote)
    check(fake.program("hello") and "web" in fake.assignments(), "hv8")
    out = fleet.ctl("--wait", "del-host", "hv8")
    check("hv8 is leaving" in out and not fake.program("hello")
          and not fake.assignments(), out)
    check(not fleet.db.row("Host", "hv8"), "hv8 is still there")
    fleet.ctl("add-host", "ghost", "unix:/nowhere")
    fleet.ctl("del-host", "ghost")
    check("Host ghost: connecting, leaving" in fleet.ctl("show")
          or "Host ghost: new, leaving" in fleet.ctl("show"),
          fleet.ctl("show"))
    fleet.refuses("leaving already", "del-host", "ghost")
    out = fleet.ctl("--force", "del-host", "ghost")
    check("stay there" in out, out)
    fake.stop()


def test_old_schema(fleet):
    """A database of an older version has hosts all the same."""
    host = fleet.host
    with open(os.path.join(xfsmtest.TOP_SRCDIR,
                           "ovsdb-schema/xfsm-fleet.ovsschema")) as f:
        schema = json.load(f)
    del schema["tables"]["Host"]["columns"]["leaving"]
    del schema["cksum"]
    schema["version"] = "1.1.0"
    path = fleet.file("old.ovsschema", json.dumps(schema))
    db = os.path.join(host.dir, "old.db")
    host.run("ovsdb-tool", "create", db, path)
    old = os.path.join(host.dir, "old.sock")
    process = host.popen("ovsdb-server", "-vconsole:off", "--unixctl=%s/old"
                         % host.dir, "--remote=punix:" + old, db)
    wait_until(lambda: os.path.exists(old), 10, "a server")

    def ctl(*args):
        return host.run(host.tool("utilities/xfsm-ctl"),
                        "--fleet=unix:" + old, *args, ok=(0, 1), errors=True)

    ctl("add-host", "hv1", "unix:/nowhere")
    out = ctl("--may-exist", "add-host", "hv1", "unix:/elsewhere", "a=b")
    check(ctl("get", "Host", "hv1", "labels") == "{a=b}\n", out)
    out = ctl("del-host", "hv1")
    check("before version 1.2.0" in out, out)
    ctl("--force", "del-host", "hv1")
    check("0 hosts" in ctl("show"), ctl("show"))
    process.terminate()
    process.wait()


def test_show(fleet, hosts):
    hosts[1].put_probe("vnet1", ["hello"], status="error",
                       error="no device", statistics={})
    fleet.ctl("--force", "assign", "bad", "hullo", "host=*", "port=*")
    wait_until(lambda: "probes_failed 1" in fleet.ctl("show")
               and "there is no program" in fleet.ctl("show"), 15,
               lambda: fleet.ctl("show"))
    out = fleet.ctl("show")
    for text in ("Controller c1: 2 hosts, leader\n",
                 "2 hosts, 1 of them well\nHost hv2: done, by c1, agent "
                 "stand-in, labels rack=r2 role=compute\n    probes 1,",
                 "Host hv1: done", "Program hello version 1: active",
                 "Assignment bad: hullo port=* host=* (2 hosts)\n"
                 "    error: there is no program \"hullo\"",
                 "Assignment web: hello port=vnet* tag=10,20-29 host=*"):
        check(text in out, "\"%s\" in: %s" % (text, out))

    # One screen, with what needs care on it; --all shows all.
    fleet.db.transact(*[
        {"op": "insert", "table": "Assignment",
         "row": {"name": "a%d" % i, "programs": "hello", "hosts": "*",
                 "target": ["map", [["port", "none"]]]}} for i in range(11)])
    check("Assignment web" not in fleet.ctl("show")
          and "Assignment bad" in fleet.ctl("show")
          and "and 1 more assignments" in fleet.ctl("show"), "one screen")
    check("Assignment web" in fleet.ctl("--all", "show"), "--all")


def test_options(fleet):
    host = fleet.host
    ctl = host.tool("utilities/xfsm-ctl")
    env = dict(host.env, XFSM_FLEET_DB=fleet.server.remote)
    out = host.run("env", "XFSM_FLEET_DB=" + fleet.server.remote, ctl,
                   "--fleet", "get", "Host", "hv1", "name")
    check(out == "hv1\n", "a database in the environment: %s" % env)
    os.symlink(fleet.server.socket,
               os.path.join(host.rundir, "xfsm-fleet.sock"))
    check(host.run(ctl, "--fleet", "get", "Host", "hv1", "name") == "hv1\n",
          "the default")
    for args, text in ((("--may-exist", "x", "--fleet=unix:x"), ""),
                       (("add-host", "x", "unix:x"), "unknown command")):
        try:
            host.run(ctl, *args)
        except xfsmtest.Failure as e:
            check(text in str(e), str(e))
        else:
            raise xfsmtest.Failure("accepted: %s" % (args,))
    try:
        host.run(ctl, "--fleet=" + host_remote(fleet), "show")
    except xfsmtest.Failure as e:
        check("no database XFSM_Fleet: \"xfsm-ctl --fleet init" in str(e), e)
    check("roll-back" in host.run(ctl, "--fleet", "--help")
          and "roll-back" not in host.run(ctl, "--help"), "--help")


def host_remote(fleet):
    return "unix:%s/hv1.sock" % fleet.host.dir


def test(host):
    fleet = Fleet(host)
    hosts = [FakeHost(host, name) for name in ("hv1", "hv2")]
    test_hosts(fleet, hosts)
    test_programs(fleet)
    test_assignments(fleet)
    test_preview(fleet)
    controller = Controller(host, fleet.server.remote, "c1")
    test_sync(fleet, hosts)
    test_rollout(fleet, hosts)
    test_probes(fleet, hosts)
    test_leaving(fleet)
    test_old_schema(fleet)
    test_show(fleet, hosts)
    test_options(fleet)
    controller.exit()
    check("No controller runs" in fleet.ctl("show"), "no controller")
    for one in hosts:
        one.stop()
    fleet.db.close()


if __name__ == "__main__":
    xfsmtest.main(test)
