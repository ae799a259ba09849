# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Signed programs: the tool signs and verifies, a controller with
--program-keys rolls out no other, and an agent with it runs no other, whoever
writes the host's database: as whoever stole a controller's key would."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from fleettest import Controller, FleetDb                   # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

PROGRAM = """<xfsm name="hello" version="1.0">
  <!-- %s -->
  <param name="limit" default="7" min="1" max="8"/>
  <statedef id="quiet"/>
  <event type="packet" selector="proto tcp" primary-key="ip_src">
    <state id="quiet"><condition expression="limit &lt; 9"
     action="Publish(log, hello %%ip_src)"/></state>
  </event>
</xfsm>
"""


class Fleet(FleetDb):
    def __init__(self, host):
        super().__init__(host)
        self.key = os.path.join(host.dir, "me.key")
        self.other = os.path.join(host.dir, "other.key")
        for path in (self.key, self.other):
            out = host.run(host.tool("utilities/xfsm"), "keygen", "--sign",
                           "-o", path)
            check(out == path + ".pub\n", out)

    def file(self, text):
        path = os.path.join(self.host.dir, "hello.xml")
        with open(path, "w") as f:
            f.write(PROGRAM % text)
        return path

    def program(self, version):
        return self.db.rows("Program", [["version", "==", version]])[0]

    def wait_state(self, version, state):
        wait_until(lambda: self.program(version)["state"] == state, 20,
                   lambda: "%s: %s" % (state, self.program(version)))

    def on_host(self):
        """Which text the host has."""
        source = self.host.xfsm_ctl("--if-exists", "get", "Program", "hello",
                                    "source")
        return [text for text in ("first", "second", "third")
                if "<!-- %s" % text in source]


def test_tool(fleet):
    """What is refused before anything is written."""
    path = fleet.file("first")
    fleet.refuses("needs --key", "add-program", path, "--", "sign", "hello")
    fleet.refuses("no private key", "--key=" + fleet.key + ".pub",
                  "add-program", path)
    fleet.refuses("no program nosuch", "--key=" + fleet.key, "sign", "nosuch")
    fleet.refuses("needs --keys", "verify")
    check(not fleet.db.rows("Program"), "refused rows")


def test_controller(fleet):
    """A version that is not signed waits, the one before stays."""
    fleet.ctl("--key=" + fleet.key, "add-program", fleet.file("first"))
    fleet.wait_state(1, "active")
    wait_until(lambda: fleet.on_host() == ["first"], 20, "the first version")
    check(len(fleet.program(1)["digest"]) == 64
          and len(fleet.program(1)["source_digest"]) == 64, "digests")
    pub = fleet.key + ".pub"
    check(fleet.ctl("--keys=" + pub, "verify") == "hello version 1: signed",
          "verify")

    fleet.ctl("add-program", fleet.file("second"))
    fleet.wait_state(2, "invalid")
    check("refused: it is not signed" in fleet.program(2)["error"],
          fleet.program(2))
    out = fleet.refuses("version 2: it is not signed", "--keys=" + pub,
                        "verify", "hello")
    check("version 1: signed" in out and "1 of 2 versions" in out, out)
    fleet.ctl("--key=" + fleet.other, "sign", "hello")
    wait_until(lambda: "none of the 1 keys" in fleet.program(2)["error"], 20,
               "another key to be told")
    # Of another version, and of no program at all.
    where = [["version", "==", 2]]
    fleet.db.update("Program", where,
                    signature=fleet.program(1)["signature"])
    check(fleet.program(2)["state"] == "invalid", "a signature of another")
    fleet.db.update("Program", where, signature="nonsense")
    wait_until(lambda: "malformed" in fleet.program(2)["error"], 20,
               "nonsense to be told")
    # Whoever writes the database says that it is active.
    fleet.db.update("Program", where, state="active")
    fleet.wait_state(2, "invalid")
    check(fleet.on_host() == ["first"] and fleet.db.rows("Fleet")[0]["status"]
          ["programs-refused"] == "1", "what is refused")

    out = fleet.ctl("--key=" + fleet.key, "sign", "hello", "2")
    check("hello version 2 signed, source sha256:"
          + fleet.program(2)["source_digest"] == out, out)
    fleet.wait_state(2, "active")
    wait_until(lambda: fleet.on_host() == ["second"], 20, "what is signed")


def test_host(fleet, host):
    """What an agent takes, by whomever it was written."""
    fleet.ctl("assign", "all", "hello", "host=*", "port=vm1")
    host.wait_status("vm1", "running", 20)

    def status():
        return host.xfsm_ctl("get", "Program", "hello", "status").strip()

    def why():
        return host.xfsm_ctl("get", "Program", "hello", "diagnostics")

    def get(column):
        return host.xfsm_ctl("get", "Program", "hello", column).strip()

    check(status() == "ok", why())
    # Parameters are of a source that is signed.
    fleet.ctl("--may-exist", "assign", "all", "hello", "host=*", "port=vm1",
              "param:limit=8")
    wait_until(lambda: "parameters of hello: limit=8" in host.appctl(
        "ovs-xfsmd", "xfsm/show") and host.status("vm1") == "running", 20,
        lambda: host.appctl("ovs-xfsmd", "xfsm/show"))

    # The controller is the thief's from here on.
    fleet.controller.kill()
    signature = get("signature")
    source = get("source")
    image = get("image")
    pid = host.probe_pid("vm1")
    for change, restore in (
            ("signature=\"\"", "signature=" + signature),
            ("source=\"<other/>\"", "source=" + source),
            ("image=\"AAAA\"", "image=" + image),
            ("image=\"\"", "image=" + image)):
        host.xfsm_ctl("set", "Program", "hello", change)
        wait_until(lambda: status() == "error", 20, change)
        check("refused: " in why(), why())
        wait_until(lambda: host.status("vm1") == "degraded", 20,
                   lambda: "%s: %s" % (change, host.status("vm1")))
        check(host.probe_pid("vm1") == pid, "a probe was restarted")
        host.xfsm_ctl("set", "Program", "hello", restore)
        wait_until(lambda: status() == "ok" and host.status("vm1")
                   == "running", 20, lambda: "%s: %s" % (restore, why()))
    # Under another name; the signed text cannot be another program.
    host.xfsm_ctl("create", "Program", "name=other", "source=" + source,
                  "image=" + image, "signature=" + signature)
    wait_until(lambda: host.xfsm_ctl("get", "Program", "other", "status")
               .strip() == "error", 20, "another name")
    host.xfsm_ctl("destroy", "Program", "other")
    wait_until(lambda: "programs_refused=" in host.xfsm_ctl(
        "get", "XFSM_Global", ".", "statistics"), 20, "what is counted")
    # Programs of the library need none.
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan")
    wait_until(lambda: "portscan" in host.xfsm_ctl(
        "get", "Probe", "vm1", "running_programs"), 20, "the library")


def test_start(fleet, host):
    """Keys that cannot be read."""
    missing = os.path.join(host.dir, "nosuch.pub")
    for command in ((host.tool("controller/xfsm-controller"),
                     "--db=" + fleet.server.remote),
                    (host.tool("ovs-plugin/ovs-xfsmd"),)):
        out = host.run(*command, "--program-keys=" + missing,
                       "-vconsole:err", ok=(1,), errors=True)
        check("--program-keys" in out and "cannot open" in out, out)
    out = host.run(host.tool("controller/xfsm-controller"),
                   "--program-keys=" + fleet.key + ".pub", "/dev/null",
                   ok=(1,), errors=True)
    check("for a fleet in a database" in out, out)


def test(host):
    fleet = Fleet(host)
    pub = fleet.key + ".pub"
    host.start("--program-keys=" + pub)
    host.add_bridge("br0")
    host.add_vm("br0", "vm1")
    test_start(fleet, host)
    test_tool(fleet)
    fleet.controller = Controller(host, fleet.server.remote, "c1",
                                  "--program-keys=" + pub)
    fleet.db.insert("Host", name="hv1",
                    remotes=["unix:%s/db.sock" % host.rundir])
    test_controller(fleet)
    test_host(fleet, host)
    fleet.db.close()
    host.check_log(allow=("refused: ",))


if __name__ == "__main__":
    xfsmtest.main(test)
