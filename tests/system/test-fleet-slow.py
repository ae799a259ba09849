# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""A program that takes long to compile holds up nothing but itself: neither
the controller, nor other programs, nor what its own hosts run meanwhile."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from fleettest import Controller, FakeHost, Server          # noqa: E402
from fleettest import hello, named                          # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

# The toolbox, but that it takes its time with what says so, until there is a
# file "go"; the controller gives it 10 seconds, after which it does not try
# again.
TOOL = """#!/bin/sh
text=$(cat)
case $text in
*"<!-- slow"*)
    : > "%(dir)s/started"
    until test -e "%(dir)s/go"; do sleep 0.05; done ;;
*"<!-- later"*)
    sleep 3 ;;
esac
printf '%%s\\n' "$text" | exec "%(tool)s" "$@"
"""


def test_database(host, tool):
    server = Server(host, "fleet", "xfsm-fleet")
    db = server.connect()
    fake = FakeHost(host, "hv1")
    db.insert("Fleet", next_cfg=0)
    db.insert("Host", name="hv1", remotes=[fake.remote])
    db.insert("Program", name="slow", version=1,
              source=hello("quick as yet", "slow"))
    db.insert("Assignment", name="a", programs="slow", hosts="*",
              target={"port": "vm1"}, enabled=True)
    controller = Controller(host, server.remote, "c1", "--xfsm=" + tool)
    wait_until(lambda: fake.program("slow") and "a" in fake.assignments(),
               20, "what is quick")

    def version(number):
        return db.rows("Program", [["name", "==", "slow"],
                                   ["version", "==", number]])[0]

    db.insert("Program", name="slow", version=2,
              source=hello("slow", "slow"))
    wait_until(lambda: os.path.exists(host.dir + "/started"), 20,
               "the toolbox")
    # The controller answers at once, while that is going on.
    check("1 programs wait to be compiled" in controller.show(),
          controller.show())
    # A change by somebody else takes effect, and that of the slow one not.
    db.insert("Program", name="quick", version=1,
              source=hello("quick", "quick"))
    db.update("Fleet", [], next_cfg=7)
    wait_until(lambda: fake.program("quick"), 20, "another program")
    check("wait to be compiled" in controller.show(), controller.show())
    check(version(2)["error"] == "is being compiled" and not
          version(2)["state"], version(2))
    check("quick as yet" in fake.program("slow"), "what hosts have")
    check(fake.assignments()["a"], "what hosts run")
    check(db.row("Host", "hv1")["cur_cfg"] < 7, "all is said to be done")
    check(not [line for line in host.log("c1").splitlines()
               if "WARN" in line and "is being compiled" in line],
          "what passes by itself is in the log")

    with open(host.dir + "/go", "w"):
        pass
    wait_until(lambda: version(2)["state"] == "active", 20, "the slow one")
    wait_until(lambda: "<!-- slow" in fake.program("slow"), 20,
               "hosts to have it")
    wait_until(lambda: db.row("Host", "hv1")["cur_cfg"] == 7, 20,
               "all to be done")
    check(not version(2)["error"], version(2))
    check("compiled" not in controller.show(), controller.show())

    # The same for what parameters make of it: what is new waits, what is there
    # stays.
    for name in ("go", "started"):
        os.unlink(os.path.join(host.dir, name))
    db.update("Assignment", named("a"), parameters={"limit": "3"})
    wait_until(lambda: os.path.exists(host.dir + "/started"), 20,
               "the toolbox")
    db.insert("Assignment", name="b", programs="quick", hosts="*",
              target={"port": "vm2"}, parameters={"limit": "2"}, enabled=True)
    wait_until(lambda: "b" in fake.assignments(), 20, "another assignment")
    check("is not checked yet: is being compiled" in str(
        db.row("Assignment", "a")["error"]), db.row("Assignment", "a"))
    check(fake.assignments()["a"]["params"] == "", "what is not checked")
    with open(host.dir + "/go", "w"):
        pass
    wait_until(lambda: fake.assignments()["a"]["params"] == "slow:limit=3",
               20, lambda: str(fake.assignments()))
    wait_until(lambda: not db.row("Assignment", "a")["error"], 20,
               lambda: str(db.row("Assignment", "a")))
    controller.exit()

    # Who writes once, or looks what would be, waits for all of it.
    db.insert("Program", name="slow", version=3,
              source=hello("later", "slow"))
    out = host.run(*Controller.command(host, server.remote), "--xfsm=" + tool,
                   "--dry-run", timeout=60)
    check("change program slow" in out and "compiled" not in out, out)
    fake.stop()
    db.close()


def test_restart(host, tool):
    """What a version was found to be, it stays while a leader that begins has
    it compiled again."""
    server = Server(host, "again", "xfsm-fleet")
    db = server.connect()
    db.insert("Fleet", next_cfg=0)
    for name, text in (("right", "slow"), ("wrong", "slow --><wrong")):
        db.insert("Program", name=name, version=1,
                  source=hello(text, name))

    def look():
        return [{c: db.row("Program", name)[c] for c in
                 ("state", "since", "error", "digest")}
                for name in ("right", "wrong")]

    def is_settled():
        return [row["state"] for row in look()] == ["active", "invalid"]

    controller = Controller(host, server.remote, "c2", "--xfsm=" + tool)
    wait_until(is_settled, 20, "both to be compiled")
    controller.exit()
    before = look()
    check(before[0]["digest"] and before[1]["error"], str(before))
    for name in ("go", "started"):
        os.unlink(os.path.join(host.dir, name))
    controller = Controller(host, server.remote, "c3", "--xfsm=" + tool)
    wait_until(lambda: os.path.exists(host.dir + "/started"), 20,
               "the toolbox")
    # The leader has waited long enough, and written what it knows.
    db.update("Fleet", [], options={"canary-percent": "x"})
    wait_until(lambda: "options-error" in db.rows("Fleet")[0]["status"], 20,
               "the leader to write")
    check("2 programs wait to be compiled" in controller.show(),
          controller.show())
    now = look()
    check(now[1] == before[1], "%s, not %s" % (now[1], before[1]))
    check(now[0] == dict(before[0], error="is being compiled"), str(now[0]))
    with open(host.dir + "/go", "w"):
        pass
    wait_until(lambda: "compiled" not in controller.show(), 20, "an end")
    wait_until(lambda: look()[1] == before[1] and look()[0]["digest"]
               == before[0]["digest"] and is_settled(), 20,
               lambda: "%s, not %s" % (look(), before))
    check("version 1: new" not in host.log("c3"), "it was new for a while")
    controller.exit()
    db.close()


def test_file(host, tool):
    """A file that is read again: who asked waits, nobody else does."""
    fleet = os.path.join(host.dir, "fleet.json")
    program = os.path.join(host.dir, "slow.xml")
    ctl = os.path.join(host.dir, "file.ctl")

    def write(text, params):
        with open(program, "w") as f:
            f.write(hello(text, "slow"))
        with open(fleet, "w") as f:
            json.dump({"hosts": {}, "programs": {"slow": program},
                       "assignments": [
                           {"name": "a", "programs": ["slow"], "hosts": "*",
                            "target": {"port": "vm1"},
                            "parameters": params}]}, f)

    write("quick", {"limit": "2"})
    process = host.popen(
        host.tool("controller/xfsm-controller"), "--xfsm=" + tool,
        "-vconsole:off", "--log-file=%s/file.log" % host.logdir,
        "--events=%s/file.events" % host.dir, "--unixctl=" + ctl, fleet)
    wait_until(lambda: os.path.exists(ctl), 20, "the controller")
    for name in ("go", "started"):
        os.unlink(os.path.join(host.dir, name))
    write("slow", {"limit": "3"})
    reload = host.popen("ovs-appctl", "-t", ctl, "fleet/reload")
    wait_until(lambda: os.path.exists(host.dir + "/started"), 20,
               "the toolbox")
    host.appctl(ctl, "fleet/show")
    check(reload.poll() is None, "who asked did not wait")
    with open(host.dir + "/go", "w"):
        pass
    check(reload.wait(20 * xfsmtest.PATIENCE) == 0, "a reload")

    # What is wrong is told to who asked, and the fleet stays.
    write("slow", {"limit": "9"})
    out = host.run("sh", "-c", "exec \"$@\" 2>&1", "sh", "ovs-appctl", "-t",
                   ctl, "fleet/reload", ok=(2,))
    check("assignment a: parameters: program slow refuses them" in out, out)
    write("--><slow", {})
    out = host.run("sh", "-c", "exec \"$@\" 2>&1", "sh", "ovs-appctl", "-t",
                   ctl, "fleet/reload", ok=(2,))
    check("/programs/slow: %s: has errors" % program in out, out)
    check("/programs/slow" in host.appctl(ctl, "fleet/show"), "the error")
    host.appctl(ctl, "exit")
    check(process.wait(20 * xfsmtest.PATIENCE) == 0, "its end")


def test(host):
    tool = os.path.join(host.dir, "tool")
    with open(tool, "w") as f:
        f.write(TOOL % {"dir": host.dir, "tool": host.tool("utilities/xfsm")})
    os.chmod(tool, 0o755)
    test_database(host, tool)
    test_restart(host, tool)
    test_file(host, tool)


if __name__ == "__main__":
    xfsmtest.main(test)
