# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Open vSwitch is upgraded, our database is lost, or the server refuses what
the agent writes: no probe stops for that, and what was configured stays."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import faulttest                                            # noqa: E402
import xfsmtest                                             # noqa: E402
from faulttest import (                                     # noqa: E402
    AFTER_OUTAGE, SOON, Untouched, probe_row)
from xfsmtest import check, wait_until                      # noqa: E402

OVS_LIB = "/usr/share/openvswitch/scripts/ovs-lib"


def wait_known(host, programs):
    """Waits until the database says that these programs run on vm1."""
    wait_until(lambda: host.has_xfsm()
               and probe_row(host, "vm1", "running_programs") == programs,
               AFTER_OUTAGE, "the probe in the database")


def check_in_use(host):
    """What the agent is told reaches a probe, and what that does is told."""
    for programs in ("synflood", "portscan"):
        host.vsctl("set", "Port", "vm1", "external_ids:xfsm=" + programs)
        wait_known(host, programs)
    host.wait_status("vm1", "running", SOON)


def keep(host):
    """Makes a row that is there afterwards."""
    host.xfsm_ctl("create", "Assignment", "name=kept",
                  "enabled=false", "target:port=nosuch", "programs=portscan")


def check_kept(host):
    check(host.xfsm_ctl("get", "Assignment", "kept", "enabled") == "false",
          "the configuration is lost")
    host.xfsm_ctl("destroy", "Assignment", "kept")


def upgrade(host):
    """Does what ovs-ctl does when the installed Open vSwitch has another
    schema than the database, with its own functions."""
    db = os.path.join(host.dbdir, "conf.db")
    schema = host.find_schema()
    with open(schema) as f:
        other = json.load(f)
    x, y, z = other["version"].split(".")
    other["version"] = "%s.%d.%s" % (x, int(y) - 1, z)
    other["tables"]["Extra"] = {"columns": {"name": {"type": "string"}},
                                "isRoot": True}
    other.pop("cksum", None)
    path = os.path.join(host.dir, "other.ovsschema")
    with open(path, "w") as f:
        json.dump(other, f)
    host.run("ovsdb-tool", "convert", db, path)
    check(host.run("ovsdb-tool", "needs-conversion", db, schema).strip()
          == "yes", "nothing to upgrade")
    subprocess.run(["sh", "-c", '. "$0"; upgrade_db "$1" "$2"', OVS_LIB, db,
                    schema], env=host.env, check=True, timeout=60,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    check(host.run("ovsdb-tool", "needs-conversion", db, schema).strip()
          == "no", "not upgraded")


def test_upgrade(host):
    """ovs-ctl upgrades the switch's database, and restarts all of Open
    vSwitch; its server has forgotten ours."""
    if not os.path.exists(OVS_LIB):
        print("no " + OVS_LIB)
        return
    keep(host)
    with Untouched(host, "vm1", "vm9"):
        host.stop("ovs-vswitchd")
        host.stop("ovsdb-server")
        upgrade(host)
        host.start_ovsdb()
        host.start_vswitchd()
        check(host.port_id("vm1", "xfsm") == "portscan", "the key is lost")
        wait_known(host, "portscan")
        check_kept(host)
        check_in_use(host)


def test_extra_dbs(host):
    """The server is started with our database, as --extra-dbs of ovs-ctl
    does."""
    keep(host)
    with Untouched(host, "vm1", "vm9"):
        host.stop("ovsdb-server")
        added = host.log("ovs-xfsmd").count("added the database XFSM")
        host.start_ovsdb(os.path.join(host.dbdir, "xfsm.db"))
        check(host.has_xfsm(), "not served")
        wait_known(host, "portscan")
        check(host.log("ovs-xfsmd").count("added the database XFSM")
              == added, "it was added again")
        check_kept(host)
        check_in_use(host)


def test_file_lost(host):
    """The file of our database is gone when the server starts: what is on
    ports is monitored, as in a new database."""
    with Untouched(host, "vm1", "vm9"):
        host.stop("ovsdb-server")
        os.unlink(os.path.join(host.dbdir, "xfsm.db"))
        host.start_ovsdb()
        wait_known(host, "portscan")
        check_in_use(host)

    # The same when the agent starts.
    host.stop("ovs-xfsmd")
    host.appctl("ovsdb-server", "ovsdb-server/remove-db", "XFSM")
    os.unlink(os.path.join(host.dbdir, "xfsm.db"))
    host.start_agent()
    wait_known(host, "portscan")
    for port in ("vm1", "vm9"):
        host.wait_status(port, "running", SOON)


def test_file_broken(host):
    """The file of our database is no database: it is told, left as it is, and
    what is on ports is monitored."""
    path = os.path.join(host.dbdir, "xfsm.db")
    saved = path + ".saved"
    with Untouched(host, "vm1", "vm9"):
        host.stop("ovsdb-server")
        os.rename(path, saved)
        with open(path, "w") as f:
            f.write("nothing\n")
        told = host.log("ovs-xfsmd").count("cannot add the database")
        host.start_ovsdb()
        wait_until(lambda: host.log("ovs-xfsmd").count(
            "cannot add the database") > told, AFTER_OUTAGE, "an error")
        check(not host.has_xfsm(), "it is served")
        with open(path) as f:
            check(f.read() == "nothing\n", "the file was written over")
        # Ports are told by the switch's own database.
        host.vsctl("set", "Port", "vm2", "external_ids:xfsm=portscan")
        host.wait_status("vm2", "running", AFTER_OUTAGE)
        host.vsctl("remove", "Port", "vm2", "external_ids", "xfsm")
        host.wait_status("vm2", None, SOON)
        os.rename(saved, path)
        wait_until(host.has_xfsm, 30, "the database to be back")
        wait_known(host, "portscan")


def serve_read_only(host):
    """Has the server listen at a socket whose clients may not write; returns
    its address."""
    schema = {"name": "Remotes", "version": "1.0.0", "tables": {
        "Remotes": {"isRoot": True, "columns": {
            "connections": {"type": {
                "key": {"type": "uuid", "refTable": "Connection"},
                "min": 0, "max": "unlimited"}}}},
        "Connection": {"columns": {
            "target": {"type": "string"},
            "read_only": {"type": "boolean"}}}}}
    path = os.path.join(host.dir, "remotes")
    with open(path + ".ovsschema", "w") as f:
        json.dump(schema, f)
    host.run("ovsdb-tool", "create", path + ".db", path + ".ovsschema")
    address = os.path.join(host.rundir, "read-only.sock")
    host.run("ovsdb-tool", "transact", path + ".db", json.dumps([
        "Remotes",
        {"op": "insert", "table": "Connection", "uuid-name": "c",
         "row": {"target": "punix:" + address, "read_only": True}},
        {"op": "insert", "table": "Remotes",
         "row": {"connections": ["named-uuid", "c"]}}]))
    host.appctl("ovsdb-server", "ovsdb-server/add-db", path + ".db")
    host.appctl("ovsdb-server", "ovsdb-server/add-remote",
                "db:Remotes,Remotes,connections")
    wait_until(lambda: os.path.exists(address), 10, "the socket")
    return "unix:" + address


def shows(host, interface, status):
    return "interface %s: %s" % (interface, status) in host.appctl(
        "ovs-xfsmd", "xfsm/show")


def test_denied(host):
    """The server lets the agent read but not write: ports are monitored, and
    the log says what is wrong, once."""
    remote = serve_read_only(host)
    host.stop("ovs-xfsmd")
    host.start_agent("--db=" + remote)
    for port in ("vm1", "vm9"):
        wait_until(lambda p=port: shows(host, p, "running"), AFTER_OUTAGE,
                   "a probe of " + port)
    check("not allowed to write" in host.appctl("ovs-xfsmd", "xfsm/show"),
          "xfsm/show")
    check(host.status("vm1") is None, "the server allows it")
    with Untouched(host, "vm1", "vm9"):
        # A change is heard of all the same, and each denial costs little.
        host.vsctl("set", "Port", "vm2", "external_ids:xfsm=portscan")
        wait_until(lambda: shows(host, "vm2", "running"), SOON,
                   "a probe of vm2")
        faulttest.check_idle(host.pid("ovs-xfsmd"))
        check(host.log("ovs-xfsmd").count("not allowed to write") == 1,
              "the log")
    host.vsctl("remove", "Port", "vm2", "external_ids", "xfsm")
    host.stop("ovs-xfsmd")
    host.start_agent()
    for port in ("vm1", "vm9"):
        host.wait_status(port, "running", AFTER_OUTAGE)
    host.appctl("ovsdb-server", "ovsdb-server/remove-remote",
                "db:Remotes,Remotes,connections")


def start_own_server(host):
    """Starts a server for our database alone."""
    host._daemon("xfsm-db", "ovsdb-server", "--pidfile=xfsm-db.pid",
                 "--unixctl=" + os.path.join(host.rundir, "xfsm-db.ctl"),
                 "--remote=punix:%s/xfsm.sock" % host.rundir,
                 os.path.join(host.dir, "own.db"))


def test_own_server(host):
    """Our database has a server of its own: the switch's one is left alone,
    and the other one may be away."""
    remote = "unix:%s/xfsm.sock" % host.rundir
    own = ("--db=" + remote,)
    host.run("ovsdb-tool", "create", os.path.join(host.dir, "own.db"),
             os.path.join(host.datadir, "xfsm.ovsschema"))
    start_own_server(host)
    host.stop("ovs-xfsmd")
    host.appctl("ovsdb-server", "ovsdb-server/remove-db", "XFSM")
    host.start_agent("--xfsm-db=" + remote)
    for port in ("vm1", "vm9"):
        host.wait_status(port, "running", AFTER_OUTAGE)
    host.xfsm_ctl(*own, "enable", "vm2", "portscan")
    host.wait_status("vm2", "running", SOON)
    check("vm2" in host.xfsm_ctl(*own, "show"), "xfsm-ctl show")
    check(remote in host.appctl("ovs-xfsmd", "xfsm/show"), "xfsm/show")
    with Untouched(host, "vm1", "vm2", "vm9"):
        host.stop("xfsm-db")
        wait_until(lambda: "XFSM: not connected" in host.appctl(
            "ovs-xfsmd", "xfsm/show"), SOON, "the agent to notice")
        start_own_server(host)
        wait_until(lambda: host.xfsm_ctl(
            *own, "get", "Probe", "vm2", "running_programs")
            == "[portscan]", AFTER_OUTAGE, "the probe in the database")
        check(not host.has_xfsm(), "it was added to the switch's server")
    host.xfsm_ctl(*own, "disable", "vm2")
    host.wait_status("vm2", None, SOON)
    host.stop("ovs-xfsmd")
    host.stop("xfsm-db")
    host.start_agent()
    for port in ("vm1", "vm9"):
        host.wait_status(port, "running", AFTER_OUTAGE)


# A server's control socket that refuses a database, as one that was started
# with --config-file does.
CONFIG_FILE = """
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1] + ".new")
s.listen()
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    c = s.accept()[0]
    text = ""
    while True:
        data = c.recv(65536).decode()
        if not data:
            break
        text += data
        try:
            request = json.loads(text)
        except ValueError:
            continue
        text = ""
        reply = {"id": request["id"], "result": None, "error":
                 "cannot add; change the file and use ovsdb-server/reload"}
        if request["method"] == "ovsdb-server/list-dbs":
            reply.update(result="Open_vSwitch", error=None)
        c.sendall(json.dumps(reply).encode())
"""


def test_config_file(host):
    """A server that refuses our database, since a file says which it has: it
    is told what to do."""
    path = os.path.join(host.rundir, "refuses.ctl")
    host.popen(sys.executable, "-c", CONFIG_FILE, path)
    wait_until(lambda: os.path.exists(path), 10, "the socket")
    host.stop("ovs-xfsmd")
    host.appctl("ovsdb-server", "ovsdb-server/remove-db", "XFSM")
    p = subprocess.run(
        [host.tool("utilities/xfsm-ctl"), "--ctl=" + path,
         "--db=unix:%s/db.sock" % host.rundir, "init"],
        env=host.env, stderr=subprocess.PIPE, universal_newlines=True,
        timeout=60)
    check(p.returncode == 1, "it worked: " + p.stderr)
    check("--config-file" in p.stderr and "--xfsm-db" in p.stderr, p.stderr)
    host.start_agent()
    for port in ("vm1", "vm9"):
        host.wait_status(port, "running", AFTER_OUTAGE)


def run(host):
    faulttest.run_tests(globals(), host, *faulttest.setup(host))


if __name__ == "__main__":
    xfsmtest.main(run)
