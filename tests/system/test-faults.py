# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Whatever happens to the switch, its databases and our own processes:
monitoring goes on, or is back soon, with its configuration intact, and what
is not concerned is not touched."""

import base64
import contextlib
import json
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import faulttest                                            # noqa: E402
import xfsmtest                                             # noqa: E402
from faulttest import (                                     # noqa: E402
    AFTER_OUTAGE, SOON, Untouched, failures, probe_row)
from xfsmtest import check, wait_until                      # noqa: E402


def test_bridge(host):
    """The bridge is deleted, and made again."""
    host.wait_status("vm1", "running")
    pid = host.probe_pid("vm1")
    with Untouched(host, "vm9"):
        host.vsctl("del-br", "br0")
        wait_until(lambda: not xfsmtest.pid_is_alive(pid), SOON,
                   "the probe to end")
        wait_until(lambda: not probe_row(host, "vm1", "interface"), SOON,
                   "the row of the probe to go")
        host.add_bridge("br0")
        host.vsctl("add-port", "br0", "vm1", "--", "set", "Port", "vm1",
                   "external_ids:xfsm=portscan", "--", "add-port", "br0",
                   "vm2")
        host.wait_status("vm1", "running", SOON)
        wait_until(lambda: probe_row(host, "vm1", "status") == "running",
                   SOON, "status")


def test_port(host):
    """A port is deleted and made again in one go: another interface."""
    pid = host.probe_pid("vm1")
    with Untouched(host, "vm9"):
        host.vsctl("del-port", "br0", "vm1", "--", "add-port", "br0", "vm1",
                   "--", "set", "Port", "vm1", "external_ids:xfsm=portscan")
        wait_until(lambda: host.probe_pid("vm1") not in (0, pid), SOON,
                   "another probe")
        host.wait_status("vm1", "running", SOON)


def link(host, *args):
    host.run("ip", "-n", host.ns, "link", "set", *args)


def rename(host, old, new):
    link(host, old, "down")
    link(host, old, "name", new)
    link(host, new, "up")


def test_rename(host, vm1):
    """The device gets another name: it is not that port any more, and the one
    that gets its name is."""
    pid = host.probe_pid("vm1")
    with Untouched(host, "vm9"):
        rename(host, "vm1", "other1")
        wait_until(lambda: not xfsmtest.pid_is_alive(pid), SOON,
                   "the probe to leave the device")
        host.wait_status("vm1", "error", SOON)
        rename(host, "other1", "vm1")
        host.wait_status("vm1", "running", SOON)

        # Two devices change their names.
        pid = host.probe_pid("vm1")
        rename(host, "vm1", "other1")
        rename(host, "vm2", "vm1")
        wait_until(lambda: host.probe_pid("vm1") not in (0, pid), SOON,
                   "a probe of the other device")
        pid = host.wait_probe("vm1")
        rename(host, "vm1", "vm2")
        rename(host, "other1", "vm1")
        wait_until(lambda: host.probe_pid("vm1") not in (0, pid), SOON,
                   "a probe of the first device")
        host.wait_status("vm1", "running", SOON)
        wait_knocks(host, vm1, "10.0.0.2", "vm1")

        # The port follows the device.
        host.vsctl("del-port", "br0", "vm1")
        rename(host, "vm1", "other1")
        host.vsctl("add-port", "br0", "other1", "--", "set", "Port",
                   "other1", "external_ids:xfsm=portscan")
        host.wait_status("other1", "running", SOON)
        wait_until(lambda: not probe_row(host, "vm1", "interface"), SOON,
                   "no row to be left")
        host.vsctl("del-port", "br0", "other1")
        rename(host, "other1", "vm1")
        host.vsctl("add-port", "br0", "vm1", "--", "set", "Port", "vm1",
                   "external_ids:xfsm=portscan")
        host.wait_status("vm1", "running", SOON)


def packets(host, interface):
    return host.probe_stats(interface)["packets"]


def wait_knocks(host, vm, address, interface):
    """Knocks until a probe has seen some."""
    before = packets(host, interface)

    def knocked():
        vm.knock(address, (7, 9, 13), 0.3)
        return packets(host, interface) >= before + 3

    wait_until(knocked, 5, "packets of " + interface)


def test_type(host):
    """An interface becomes one that is no device, and a device again."""
    with Untouched(host, "vm9"):
        host.vsctl("--no-wait", "set", "Interface", "vm1", "type=gre")
        host.wait_status("vm1", "error", SOON)
        check("gre" in host.error("vm1"), host.error("vm1"))
        host.vsctl("--no-wait", "set", "Interface", "vm1", 'type=""')
        host.wait_status("vm1", "running", SOON)


def test_bond(host):
    """Both devices of a bond are monitored."""
    host.vsctl("del-port", "br0", "vm1", "--", "del-port", "br0", "vm2")
    with Untouched(host, "vm9"):
        host.vsctl("add-bond", "br0", "bond0", "vm1", "vm2", "--", "set",
                   "Port", "bond0", "external_ids:xfsm=portscan")
        host.wait_status("bond0", "running", SOON)
        wait_until(lambda: host.probe_pid("vm1") and host.probe_pid("vm2"),
                   SOON, "two probes")
        for interface in ("vm1", "vm2"):
            wait_until(lambda i=interface: probe_row(host, i, "port")
                       == "bond0", SOON, "port")
        link(host, "vm2", "name", "other2", "down")
        host.wait_status("bond0", "error", SOON)
        check("vm2" in host.error("bond0"), host.error("bond0"))
        link(host, "other2", "name", "vm2", "up")
        host.wait_status("bond0", "running", SOON)
        host.vsctl("del-port", "br0", "bond0")
    host.vsctl("add-port", "br0", "vm1", "--", "set", "Port", "vm1",
               "external_ids:xfsm=portscan", "--", "add-port", "br0", "vm2")
    host.wait_status("vm1", "running", SOON)


def wait_known(host, what):
    wait_until(lambda: host.has_xfsm()
               and probe_row(host, "vm1", "status") == "running",
               AFTER_OUTAGE, what)


def test_database_removed(host):
    """The server is told to forget our database."""
    host.xfsm_ctl("create", "Assignment", "name=kept", "enabled=false",
                  "target:port=nosuch", "programs=portscan")
    with Untouched(host, "vm1", "vm9"):
        host.appctl("ovsdb-server", "ovsdb-server/remove-db", "XFSM")
        wait_known(host, "the database to be back")
        check(host.xfsm_ctl("get", "Assignment", "kept", "enabled")
              == "false", "the configuration is lost")
    host.xfsm_ctl("destroy", "Assignment", "kept")


def test_schema(host):
    """Our database is converted to a later schema, while probes run."""
    path = os.path.join(host.datadir, "xfsm.ovsschema")
    with open(path) as f:
        schema = json.load(f)
    x, y, z = schema["version"].split(".")
    schema["version"] = "%s.%d.%s" % (x, int(y) + 1, z)
    schema["tables"]["Probe"]["columns"]["later"] = {
        "type": {"key": "string", "min": 0, "max": 1}}
    schema.pop("cksum", None)
    installed = os.readlink(path)
    os.unlink(path)
    with open(path, "w") as f:
        json.dump(schema, f)
    host.xfsm_ctl("create", "Assignment", "name=kept", "enabled=false",
                  "target:port=nosuch", "programs=portscan")
    with Untouched(host, "vm1", "vm9"):
        out = host.xfsm_ctl("init")
        check("converted" in out, out)
        wait_known(host, "the converted database to be in use")
        check(host.xfsm_ctl("get", "Assignment", "kept", "enabled")
              == "false", "the configuration is lost")
        # What it says is new, not what was there; no process is needed for
        # another program.
        host.vsctl("set", "Port", "vm1", 'external_ids:xfsm="synflood"')
        wait_until(lambda: probe_row(host, "vm1", "running_programs")
                   == "synflood", AFTER_OUTAGE, "a change to be told")
        host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan")
        host.wait_status("vm1", "running", SOON)
    host.xfsm_ctl("destroy", "Assignment", "kept")
    # The database of a later version is left alone.
    os.unlink(path)
    os.symlink(installed, path)
    host.xfsm_ctl("init", ok=(1,))
    wait_known(host, "the database")


def test_old_schema(host):
    """The agent starts with a database that an older version made."""
    with open(os.path.join(xfsmtest.TOP_SRCDIR,
                           "ovsdb-schema/xfsm.ovsschema")) as f:
        schema = json.load(f)
    schema["version"] = "0.0.1"
    del schema["tables"]["Probe"]["columns"]["last_event"]
    del schema["tables"]["Program"]["columns"]["image"]
    del schema["tables"]["XFSM_Global"]["columns"]["connections"]
    for table in ("Connection", "RBAC_Role", "RBAC_Permission"):
        del schema["tables"][table]
    schema.pop("cksum", None)
    old = os.path.join(host.dir, "old.ovsschema")
    with open(old, "w") as f:
        json.dump(schema, f)
    db = os.path.join(host.dbdir, "xfsm.db")

    host.stop("ovs-xfsmd")
    host.appctl("ovsdb-server", "ovsdb-server/remove-db", "XFSM")
    os.unlink(db)
    host.run("ovsdb-tool", "create", db, old)
    host.start_agent()
    wait_until(host.has_xfsm, 15, "the agent to add the database XFSM")
    host.wait_status("vm1", "running", AFTER_OUTAGE)
    check(host.run("ovsdb-tool", "db-version", db).strip() != "0.0.1",
          "the file was not converted")
    check(os.path.exists(db + ".backup-0.0.1"), "no backup")
    wait_known(host, "the status")


def test_vswitchd(host, vm1):
    """ovs-vswitchd is restarted: the devices stay, that of the bridge, which
    it made, too."""
    host.vsctl("set", "Port", "br0", "external_ids:xfsm=portscan")
    host.wait_status("br0", "running", SOON)
    host.run("ip", "-n", host.ns, "addr", "add", "10.0.0.100/24", "dev",
             "br0")
    link(host, "br0", "up")
    with Untouched(host, "vm1", "vm9"):
        for sig in (signal.SIGKILL, signal.SIGTERM):
            host.stop("ovs-vswitchd", sig)
            host.start_vswitchd()
            link(host, "br0", "up")
            for interface in ("vm1", "br0"):
                wait_knocks(host, vm1, "10.0.0.100", interface)
        host.vsctl("remove", "Port", "br0", "external_ids", "xfsm")
        host.wait_status("br0", None, SOON)


def test_disk_full(host):
    """The file system of the databases is full for a while."""
    filler = os.path.join(host.dbdir, "filler")
    host.vsctl("set", "Port", "vm2", "external_ids:xfsm=portscan")
    host.wait_status("vm2", "running", SOON)
    with Untouched(host, "vm1", "vm9"):
        with open(filler, "wb", buffering=0) as f, \
                contextlib.suppress(OSError):
            while True:
                f.write(bytes(4096))
        # The last page of the file has room left.
        for size in (2000, 1000, 500, 200, 100, 50, 20):
            with contextlib.suppress(xfsmtest.Failure):
                for n in range(100):
                    host.vsctl("--no-wait", "set", "Port", "vm2",
                               "external_ids:x=%d%s" % (n, "x" * size))
        # Smaller than these, which carry a comment, and than what the agent
        # is about to write.
        wait_until(lambda: "error" in host.run(
            "ovsdb-client", "transact", "unix:%s/db.sock" % host.rundir,
            json.dumps(["Open_vSwitch", {
                "op": "update", "table": "Open_vSwitch", "where": [],
                "row": {"external_ids": ["map", [
                    ["x", str(time.monotonic())]]]}}]), ok=(0, 1)), 10,
            "the rest to be full")

        # What is to be told cannot be, and nothing stops for that.
        start, before = time.monotonic(), failures(host)
        rename(host, "vm2", "other2")
        wait_until(lambda: failures(host) >= before + 3, 10,
                   "the agent to fail to tell")
        rate = (failures(host) - before) / (time.monotonic() - start)
        check(rate < 20, "the agent tries %.0f times a second" % rate)
        check("vm2: error" in host.appctl("ovs-xfsmd", "xfsm/show"), "show")
        check(host.status("vm2") == "running",
              "the disk is not full: %s" % host.status("vm2"))
        os.unlink(filler)
        host.wait_status("vm2", "error", AFTER_OUTAGE)
        rename(host, "other2", "vm2")
        host.wait_status("vm2", "running", SOON)
    host.vsctl("remove", "Port", "vm2", "external_ids", "xfsm", "--",
               "remove", "Port", "vm2", "external_ids", "x")
    host.wait_status("vm2", None, SOON)


def prlimit(host, pid, n):
    host.run("prlimit", "--pid", str(pid), "--nofile=%d:" % n)


def take_descriptors(host, agent, spare=0):
    """Leaves the agent no more file descriptors than 'spare'."""
    used = {int(fd) for fd in os.listdir("/proc/%d/fd" % agent)}
    free = [fd for fd in range(len(used) + spare + 1) if fd not in used]
    prlimit(host, agent, free[spare])


def test_descriptors_of_programs(host):
    """No file descriptor is left for programs of any origin that are wanted
    then: they run once there is."""
    agent = host.pid("ovs-xfsmd")
    source = os.path.join(xfsmtest.TOP_SRCDIR, "utilities/programs/worm.xml")
    image = os.path.join(host.dir, "worm.image")
    host.run(host.tool("utilities/xfsm"), "compile", source, "-o", image)
    with open(image, "rb") as f:
        text = base64.b64encode(f.read()).decode()
    with open(source) as f:
        own = f.read().replace('"worm"', '"ownworm"')
    path = os.path.join(host.dir, "ownworm.xml")
    with open(path, "w") as f:
        f.write(own)
    with Untouched(host, "vm1", "vm9"):
        take_descriptors(host, agent)
        host.xfsm_ctl("create", "Program", "name=worm",
                      "image=\"%s\"" % text)
        host.xfsm_ctl("--no-wait", "add-program", path)
        host.vsctl("set", "Port", "vm1",
                   'external_ids:xfsm="portscan,worm,ownworm,beacon"')
        host.wait_status("vm1", "degraded", 5)
        for name in ("worm", "ownworm", "beacon"):
            check(re.search(r"(^|; )%s: [^;]*open files" % name,
                            host.error("vm1")), host.error("vm1"))
        prlimit(host, agent, 1024)
        host.wait_status("vm1", "running", 15)
        host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan")
        host.wait_status("vm1", "running", SOON)
    host.xfsm_ctl("destroy", "Program", "worm", "ownworm")


def test_descriptors(host):
    """The agent has no file descriptor left for a while."""
    agent = host.pid("ovs-xfsmd")
    used = max(int(fd) for fd in os.listdir("/proc/%d/fd" % agent)) + 1
    with Untouched(host, "vm1", "vm9"):
        prlimit(host, agent, used)
        host.vsctl("set", "Port", "vm2", "external_ids:xfsm=portscan")
        host.wait_status("vm2", "error", 5)
        check("descriptors" in host.error("vm2")
              or "open files" in host.error("vm2"), host.error("vm2"))
        check(host.pid("ovs-xfsmd") == agent, "the agent is gone")
        prlimit(host, agent, 1024)
        host.wait_status("vm2", "running", 15)
        check(host.pid("ovs-xfsmd") == agent, "the agent is gone")
        host.vsctl("remove", "Port", "vm2", "external_ids", "xfsm")
        host.wait_status("vm2", None)


def test_bad_configuration(host):
    """What cannot work is not tried again until it changes."""
    host.xfsm_ctl("set", "XFSM_Global", ".", "options:netdev-class=nosuch")
    host.wait_status("vm1", "error", 5)
    check("nosuch" in host.error("vm1"), host.error("vm1"))
    restarts = probe_row(host, "vm1", "restarts")
    log = host.log("ovs-xfsmd")
    # The other ports get their errors in the meantime.
    host.wait_status("vm9", "error", 5)
    host.vsctl("set", "Port", "vm2", "external_ids:xfsm=portscan")
    host.wait_status("vm2", "error", 5)
    host.vsctl("remove", "Port", "vm2", "external_ids", "xfsm")
    host.wait_status("vm2", None)
    check(probe_row(host, "vm1", "restarts") == restarts,
          "it was tried again")
    check(log.count("probe vm1") == host.log("ovs-xfsmd").count("probe vm1"),
          "the log goes on about it")
    host.xfsm_ctl("remove", "XFSM_Global", ".", "options", "netdev-class")
    host.wait_status("vm1", "running", 5)
    host.wait_status("vm9", "running", 5)


def test_crash_loop(host):
    """A probe that dies each time is started less and less often, which the
    database tells; others run."""
    crashing = os.path.join(host.libexecdir, "crash-vm1")
    with Untouched(host, "vm9"):
        delays = faulttest.Delays(host, "vm1")
        open(crashing, "w").close()
        os.kill(host.wait_probe("vm1"), signal.SIGKILL)
        wait_until(lambda: "1.6" in delays.since(), 20, delays.since)
        seen = [float(delay) for delay in delays.since()]
        check(all(b == 2 * a for a, b in zip(seen, seen[1:]))
              and len(seen) >= 4, seen)
        wait_until(lambda: any("restarted after %s s" % delay
                               in (host.error("vm1") or "")
                               for delay in ("1.6", "3.2", "6.4")), 10,
                   lambda: "a wait to be told, not %s" % host.error("vm1"))
        check(host.status("vm1") == "error", host.status("vm1"))
        check("Segmentation" in host.error("vm1"), host.error("vm1"))
        os.unlink(crashing)
        host.wait_status("vm1", "running", 10)
        check(host.error("vm1") is None, "an error is left")
        wait_until(lambda: int(probe_row(host, "vm1", "restarts")) >= 5,
                   SOON, "restarts")


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return f.read().split()


def test_two_agents(host):
    """A second agent waits until the first one ends."""
    with Untouched(host, "vm1", "vm9"):
        host.in_ns(host.tool("ovs-plugin/ovs-xfsmd"), "--detach",
                   "--no-chdir", "--pidfile=second.pid",
                   "--unixctl=%s/second.ctl" % host.rundir,
                   "--log-file=%s/second.log" % host.logdir,
                   "-vconsole:off", "-vsyslog:off")
        wait_until(lambda: "is in charge" in host.log("second"), 10,
                   "the second agent to wait")
        check("passive" in host.appctl(host.rundir + "/second.ctl",
                                       "xfsm/show")
              or "another" in host.appctl(host.rundir + "/second.ctl",
                                          "xfsm/show"), "show")
        faulttest.check_idle(host.pid("second"))

        # It starts nothing while the database is away, and does not take over
        # from the first one when it is back.
        host.stop("ovsdb-server")
        wait_until(lambda: "not connected" in host.appctl(
            host.rundir + "/second.ctl", "xfsm/show"), 10,
            "the second agent to be without a database")
        check(not children(host.pid("second")), "it started something")
        host.start_ovsdb()
        wait_known(host, "the database to be back")
        wait_until(lambda: "another agent" in host.appctl(
            host.rundir + "/second.ctl", "xfsm/show"), AFTER_OUTAGE,
            "the second agent to wait again")
        check("vm1: " not in host.log("second"), host.log("second"))
    pid = host.probe_pid("vm1")
    host.stop("ovs-xfsmd", signal.SIGKILL)
    wait_until(lambda: host.probe_pid("vm1") not in (0, pid), AFTER_OUTAGE,
               "a probe of the second agent")
    host.wait_status("vm1", "running", SOON)
    host.stop("second")
    host.wait_status("vm1", None)
    host.start_agent()
    host.wait_status("vm1", "running", 5)
    host.wait_status("vm9", "running", 5)


def run(host):
    faulttest.run_tests(globals(), host, *faulttest.setup(host))


def main(host):
    host.run("mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "xfsm-test",
             host.dbdir)
    try:
        run(host)
    except xfsmtest.Failure:
        host.print_logs()
        raise
    finally:
        host.close()
        host.run("umount", host.dbdir)


if __name__ == "__main__":
    xfsmtest.main(main)
