# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""What clients of another host may write: with the role xfsm-controller,
whatever says what is wanted, and nothing else; each column of the schema is
tried.  One that is denied says so, and nothing is lost."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

SSL_PORT = 16641
REMOTE = "ssl:127.0.0.1:%d" % SSL_PORT

DENIED = "permission error"

# Tables whose rows such a client makes and deletes, and columns that it
# writes.
INSERT_DELETE = {"Program", "Assignment"}
UPDATE = {
    "XFSM_Global": {"options", "next_cfg", "external_ids"},
    "Program": {"source", "image", "signature", "external_ids"},
    "Assignment": {"target", "programs", "params", "enabled",
                   "external_ids"},
}

LIBRARY = os.path.join(xfsmtest.TOP_SRCDIR, "utilities/programs/portscan.xml")


def listen(host, role):
    """Has the server listen with this role and no other.  It reads the role
    when it begins to listen, so that a row of another role is a new one."""
    host.xfsm_ctl("clear", "XFSM_Global", ".", "connections")
    host.xfsm_ctl("--", "--id=@c", "create", "Connection",
                  'target="pssl:%d:127.0.0.1"' % SSL_PORT, "role=" + role,
                  "--", "add", "XFSM_Global", ".", "connections", "@c")


def read_schema():
    with open(os.path.join(xfsmtest.TOP_SRCDIR,
                           "ovsdb-schema/xfsm.ovsschema")) as f:
        return json.load(f)


class Remote:
    """The host's database as a client of another host has it."""

    def __init__(self, host, remote, ssl=()):
        self.host = host
        self.remote = remote
        self.ssl = ssl

    def transact(self, *operations):
        """Returns the results of operations, as the server answers."""
        return json.loads(self.host.in_ns(
            "ovsdb-client", *self.ssl, "--timeout=20", "transact",
            self.remote, json.dumps(("XFSM",) + operations), ok=(0, 1)))

    def try_out(self, operation):
        """Is this permitted?  It is not done."""
        result = self.transact(operation, {"op": "abort"})[0]
        check("error" not in result or result["error"] == DENIED,
              "%s: %s" % (operation, result))
        return "error" not in result

    def ctl(self, *args, **kwargs):
        return self.host.in_ns(
            self.host.tool("utilities/xfsm-ctl"), *self.ssl, "--timeout=20",
            "--db=" + self.remote, *args, **kwargs)


def dump(host):
    """All that is in the database but what changes by itself."""
    out = json.loads("[%s]" % ",".join(host.in_ns(
        "ovsdb-client", "dump", "--format=json",
        "unix:%s/db.sock" % host.rundir, "XFSM").splitlines()))
    skip = {"statistics", "state_keys", "last_event", "status",
            "is_connected", "_version"}
    return [[table["caption"],
             [[cell for head, cell in zip(table["headings"], row)
               if head not in skip] for row in table["data"]]]
            for table in out]


def test_every_column(host, remote):
    tables = read_schema()["tables"]
    before = dump(host)
    n = 0
    for table in sorted(tables):
        rows = remote.transact({"op": "select", "table": table, "where": []})
        rows = rows[0]["rows"]
        check(rows, "no row of " + table)
        for column, how in tables[table]["columns"].items():
            if how.get("mutable", True):
                n += 1
                check(remote.try_out({
                    "op": "update", "table": table, "where": [],
                    "row": {column: rows[0][column]}})
                      == (column in UPDATE.get(table, ())),
                      "update of %s.%s" % (table, column))
        if tables[table].get("maxRows") != 1:
            check(remote.try_out({"op": "insert", "table": table,
                                  "row": {"name": "x"} if table == "Program"
                                  else {}})
                  == (table in INSERT_DELETE), "insert into " + table)
        check(remote.try_out({"op": "delete", "table": table, "where": []})
              == (table in INSERT_DELETE), "delete from " + table)
    print("%d columns of %d tables" % (n, len(tables)))
    check(dump(host) == before, "something was written")


def test_all_or_nothing(host, remote):
    """A transaction of which a part is denied writes nothing."""
    result = remote.transact(
        {"op": "insert", "table": "Program", "row": {"name": "half"}},
        {"op": "update", "table": "Probe", "where": [],
         "row": {"error": "none of your business"}})
    check(result[1]["error"] == DENIED, result)
    check(not host.xfsm_ctl("--columns=name", "find", "Program",
                            "name=half"), "half of it was written")


def test_allowed(host, remote):
    remote.ctl("add-program", LIBRARY)
    remote.ctl("create", "Assignment", "name=vm1", "programs=portscan",
               "target:port=vm1", "enabled=true")
    host.wait_status("vm1", "running")
    # So that nothing is still to be told.
    wait_until(lambda: host.xfsm_ctl("--bare", "--columns=status", "find",
                                     "Probe", "interface=vm1") == "running",
               10, "the row of the probe")


def test_without_certificate(host):
    """The role goes by certificates: without one, nothing may be written."""
    path = os.path.join(host.rundir, "role.sock")
    host.xfsm_ctl("--", "--id=@c", "create", "Connection",
                  'target="punix:%s"' % path, "role=xfsm-controller", "--",
                  "add", "XFSM_Global", ".", "connections", "@c")
    wait_until(lambda: os.path.exists(path), 10, "the socket")
    check(not Remote(host, "unix:" + path).try_out(
        {"op": "update", "table": "XFSM_Global", "where": [],
         "row": {"next_cfg": 1}}), "it may be written")


def test_role_is_kept(host, remote):
    """The agent makes the role anew when it was changed."""
    host.xfsm_ctl("set", "RBAC_Permission", "Program",
                  "update=status,diagnostics")
    wait_until(lambda: "source" in host.xfsm_ctl(
        "get", "RBAC_Permission", "Program", "update"), 5,
        "the permission to be as before")
    check(not remote.try_out({"op": "update", "table": "Program",
                              "where": [], "row": {"diagnostics": ""}}),
          "the state may be written")


def test_controller(host, client_ssl):
    """xfsm-controller needs no more than the role; one that is denied says so,
    writes nothing, and goes on once it may."""
    path = os.path.join(host.dir, "fleet.json")
    log = os.path.join(host.logdir, "controller.log")
    ctl = os.path.join(host.dir, "ctl")

    def write(port):
        with open(path, "w") as f:
            json.dump({"hosts": {"hv1": {"ovsdb": REMOTE}},
                       "programs": {"hostscan": LIBRARY.replace(
                           "portscan", "hostscan")},
                       "assignments": [
                           {"name": "one", "programs": ["hostscan"],
                            "target": {"port": port}, "hosts": "*"}]}, f)

    def shows(text):
        return text in host.appctl(ctl, "fleet/show", ok=(0, 1))

    write("vm2")
    host.popen(host.tool("controller/xfsm-controller"), *client_ssl,
               "--xfsm=" + host.tool("utilities/xfsm"), "--unixctl=" + ctl,
               "--log-file=" + log, "-vconsole:off", path)
    host.wait_status("vm2", "running", 20)
    wait_until(lambda: shows("up to date"), 20, "all to be written")

    before = host.xfsm_ctl("list", "Assignment")
    listen(host, "nobody")
    write("vm1")
    host.appctl(ctl, "fleet/reload")
    wait_until(lambda: shows("refused"), 20, "the controller to be refused")
    with open(log) as f:
        check(DENIED in f.read(), "the log does not say so")
    check(host.xfsm_ctl("list", "Assignment") == before, "it was written")
    check(host.status("vm2") == "running", "vm2 is not monitored any more")

    listen(host, "xfsm-controller")
    wait_until(lambda: host.status("vm2") != "running", 30, "the change")


def test_agent(host, client_ssl):
    """An agent that is denied goes on, and says why nothing is told."""
    host.stop("ovs-xfsmd")
    host.start_agent("--db=" + REMOTE, *client_ssl)
    wait_until(lambda: "interface vm1: running" in host.appctl(
        "ovs-xfsmd", "xfsm/show"), 10, "vm1 to be monitored")
    wait_until(lambda: DENIED in host.log("ovs-xfsmd"), 10, "the log")
    host.stop("ovs-xfsmd")
    host.start_agent()
    host.wait_status("vm1", "running")


def test(host):
    server_ssl, client_ssl = xfsmtest.make_certificates(host)
    host.start(ovsdb_args=server_ssl)
    host.add_bridge("br0")
    for n in (1, 2):
        host.add_vm("br0", "vm%d" % n, "10.0.0.%d/24" % n)
    listen(host, "xfsm-controller")
    host.appctl("ovsdb-server", "ovsdb-server/add-remote",
                "db:XFSM,XFSM_Global,connections")
    wait_until(lambda: host.xfsm_ctl("find", "RBAC_Role",
                                     "name=xfsm-controller"), 10, "the role")
    remote = Remote(host, REMOTE, client_ssl)
    test_allowed(host, remote)
    test_every_column(host, remote)
    test_all_or_nothing(host, remote)
    test_without_certificate(host)
    test_role_is_kept(host, remote)
    host.check_log()
    test_controller(host, client_ssl)
    test_agent(host, client_ssl)


if __name__ == "__main__":
    xfsmtest.main(test)
