# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Signed programs: the tool signs and verifies, a controller with
--program-keys rolls out no other, and an agent with it runs no other, whoever
writes the host's database: as whoever stole a controller's key would.  Nor do
either take a version back that is older than what a newer one lets run, unless
the operator of their machine says so."""

import base64
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from fleettest import Controller, FleetDb, hello            # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402


class Fleet(FleetDb):
    def __init__(self, host):
        super().__init__(host)
        self.key = os.path.join(host.dir, "me.key")
        self.other = os.path.join(host.dir, "other.key")
        for path in (self.key, self.other):
            out = host.run(host.tool("utilities/xfsm"), "keygen", "--sign",
                           "-o", path)
            check(out == path + ".pub\n", out)

    def start_controller(self):
        self.controller = Controller(
            self.host, self.server.remote, "c1",
            "--program-keys=" + self.key + ".pub",
            "--state-dir=" + os.path.join(self.host.dir, "state"))

    def file(self, text):
        path = os.path.join(self.host.dir, "hello.xml")
        with open(path, "w") as f:
            f.write(hello(text))
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
    check(fleet.ctl("--keys=" + pub, "verify") == "hello version 1: signed, "
          "none older than 1 after it", "verify")

    fleet.ctl("add-program", fleet.file("second"))
    fleet.wait_state(2, "invalid")
    check("refused: it is not signed" in fleet.program(2)["error"],
          fleet.program(2))
    out = fleet.refuses("version 2: it is not signed", "--keys=" + pub,
                        "verify", "hello")
    check("version 1: signed," in out and "1 of 2 versions" in out, out)
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


def test_roll_back(fleet):
    """Back to the version before without a key, and no further."""
    key = "--key=" + fleet.key

    def versions():
        return fleet.host.appctl(fleet.controller.ctl,
                                 "fleet/program-versions").strip()

    fleet.first = fleet.program(1)["signature"]
    # The signature of version 1 for the same text as a later version.
    first = fleet.program(1)
    fleet.db.insert("Program", name="hello", version=9,
                    source=first["source"], signature=first["signature"])
    fleet.wait_state(9, "invalid")
    check("its signature is of version 1" in fleet.program(9)["error"],
          fleet.program(9))
    check(versions() == "hello: none older than version 1, since version 2",
          versions())
    fleet.db.delete("Program", [["version", "==", 9]])

    fleet.ctl("roll-back", "hello")
    wait_until(lambda: fleet.on_host() == ["first"], 20, "the one before")
    fleet.ctl("roll-out", "hello", "2")
    wait_until(lambda: fleet.on_host() == ["second"], 20, "back again")
    for oldest in ("0", "4", "x"):
        fleet.refuses("--oldest=" + oldest, key, "--oldest=" + oldest,
                      "add-program", fleet.file("third"))
    fleet.ctl(key, "add-program", fleet.file("third"))
    wait_until(lambda: fleet.on_host() == ["third"], 20, "the third")
    check(fleet.program(3)["signature"].startswith("ed25519:3:2:"),
          fleet.program(3))
    wait_until(lambda: "than version 2, since version 3" in versions(), 20,
               versions)
    check(fleet.program(1)["state"] == "replaced", fleet.program(1))

    # No further than that.
    fleet.refuses("version 3 was signed so that none older than 2 may run "
                  "after it", "roll-out", "hello", "1")
    fleet.ctl("roll-back", "hello")
    wait_until(lambda: fleet.on_host() == ["second"], 20, "one back")
    wait_until(lambda: fleet.host.xfsm_ctl("get", "Program", "hello", "status")
               .strip() == "ok", 20, "the host to take it")
    fleet.ctl(key, "--oldest=3", "sign", "hello", "3")
    fleet.ctl("roll-out", "hello", "3")
    wait_until(lambda: fleet.on_host() == ["third"], 20, "the third again")
    wait_until(lambda: "than version 3, since version 3" in versions(), 20,
               versions)
    fleet.refuses("none older than 3", "roll-back", "hello")
    check(fleet.on_host() == ["third"], "an older version came back")

    # Whoever writes the database says that it is what was replaced.
    fleet.db.update("Program", [["version", "==", 3]], state="rolled-back")
    fleet.wait_state(2, "invalid")
    check("it is version 2, and since version 3 was signed none older than 3 "
          "may run" in fleet.program(2)["error"], fleet.program(2))
    fleet.refuses("is invalid: refused: it is version 2", "roll-out", "hello",
                  "2")
    check(fleet.on_host() != ["second"], "an older version came back")

    # Nor after a restart, when newer ones are gone.
    fleet.controller.exit()
    fleet.start_controller()
    fleet.db.delete("Program", [["version", ">=", 2]])
    fleet.db.update("Program", [["version", "==", 1]], state="active")
    fleet.wait_state(1, "invalid")
    check(fleet.on_host() != ["first"], "an older version came back")
    wait_until(lambda: fleet.on_host() == [], 20, "none")

    # But by the word of who is on this machine.
    check("not the number" in fleet.host.run(
        "sh", "-c", "exec \"$@\" 2>&1", "sh", "ovs-appctl", "-t",
        fleet.controller.ctl, "fleet/allow-version", "hello", "x", ok=(2,)),
        "a version that is none")
    fleet.host.appctl(fleet.controller.ctl, "fleet/allow-version", "hello",
                      "1")
    fleet.wait_state(1, "active")
    wait_until(lambda: fleet.on_host() == ["first"], 20, "what is allowed")

    # The text of an old version as a new one.
    fleet.refuses("not higher", key, "--as-version=1", "add-program",
                  fleet.file("again"))
    fleet.ctl(key, "--as-version=7", "--oldest=7", "add-program",
              fleet.file("third"))
    wait_until(lambda: fleet.on_host() == ["third"], 20, "the seventh")
    check(fleet.program(7)["signature"].startswith("ed25519:7:7:"),
          fleet.program(7))
    wait_until(lambda: "than version 7, since version 7" in versions(), 20,
               versions)


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

    wait_until(lambda: status() == "ok", 20, why)
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
    test_older(fleet, host)
    # Programs of the library need none.
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan")
    wait_until(lambda: "portscan" in host.xfsm_ctl(
        "get", "Probe", "vm1", "running_programs"), 20, "the library")


def test_older(fleet, host):
    """A version that was signed once does not come back."""
    path = os.path.join(host.dbdir, "xfsm-program-versions")

    def put(text, version):
        name, image = (os.path.join(host.dir, f) for f in ("old.xml", "old"))
        with open(name, "w") as f:
            f.write(hello(text))
        host.run(host.tool("utilities/xfsm"), "compile", "-q", "--name",
                 "hello", "-o", image, name)
        with open(image, "rb") as f:
            data = base64.b64encode(f.read()).decode()
        host.xfsm_ctl("set", "Program", "hello", "signature=\"%s\"" % version,
                      "source=" + json.dumps(hello(text)),
                      "image=\"%s\"" % data)

    def why():
        return host.xfsm_ctl("get", "Program", "hello", "diagnostics")

    def wait_status(status):
        wait_until(lambda: host.xfsm_ctl("get", "Program", "hello", "status")
                   .strip() == status, 20, lambda: "%s: %s" % (status, why()))

    def versions():
        with open(path) as f:
            return f.read()

    check(versions() == "xfsm-releases 1\nhello 7 7 -\nend\n", versions())
    put("first", fleet.first)
    wait_status("error")
    check("refused: it is version 1, and since version 7 was signed none "
          "older than 7 may run" in why(), why())
    host.wait_status("vm1", "degraded", 20)     # What ran before runs on.

    # Nor after a restart; what is not signed leaves no trace.
    for i in range(3):
        host.xfsm_ctl("create", "Program", "name=flood%d" % i,
                      "source=x", "signature=\"ed25519:9:9:x\"")
    host.stop("ovs-xfsmd")
    host.start_agent(*fleet.agent_options)
    wait_until(lambda: "since version 7" in host.appctl(
        "ovs-xfsmd", "xfsm/program-versions"), 20, "what is remembered")
    wait_until(lambda: host.xfsm_ctl("get", "Program", "flood2", "status")
               .strip() == "error", 20, "the flood to be refused")
    wait_status("error")
    check("hello 7 7" in versions() and "flood" not in versions(),
          versions())

    # But by the word of who is on the host, also after a restart.
    host.appctl("ovs-xfsmd", "xfsm/allow-version", "hello", "1")
    wait_status("ok")
    host.wait_status("vm1", "running", 20)
    check("hello 7 7 1" in versions(), versions())
    host.stop("ovs-xfsmd")

    # A file that is damaged is not as none.
    good = versions()
    with open(path, "w") as f:
        f.write(good[:-4])
    out = host.run("sh", "-c", "exec \"$@\" 2>&1", "sh",
                   host.tool("ovs-plugin/ovs-xfsmd"), *fleet.agent_options,
                   "-vconsole:err", ok=(1,))
    check("--program-versions" in out and "damaged" in out, out)
    with open(path, "w") as f:
        f.write(good)
    host.start_agent(*fleet.agent_options)
    host.wait_status("vm1", "running", 20)
    wait_status("ok")


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
    fleet.agent_options = ("--program-keys=" + pub,)
    host.start(*fleet.agent_options)
    host.add_bridge("br0")
    host.add_vm("br0", "vm1")
    test_start(fleet, host)
    test_tool(fleet)
    fleet.start_controller()
    fleet.db.insert("Host", name="hv1",
                    remotes=["unix:%s/db.sock" % host.rundir])
    test_controller(fleet)
    test_roll_back(fleet)
    test_host(fleet, host)
    fleet.db.close()
    host.check_log(allow=("refused: ", "allowed, by "))


if __name__ == "__main__":
    xfsmtest.main(test)
