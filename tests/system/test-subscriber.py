# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The library for subscribers, as a program of others uses it: installed,
found by pkg-config, compiled and linked with the example; and the example in
Python, which needs pyzmq alone."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
import hubtest                                              # noqa: E402
import xfsmtest                                             # noqa: E402
from hubtest import Hub                                     # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

EXAMPLES = os.path.join(HERE, "..", "..", "utilities", "examples")
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def find_pyzmq():
    """A Python that has pyzmq, or None."""
    for python in (sys.executable, "/usr/bin/python3"):
        if os.path.exists(python) and not subprocess.run(
                [python, "-c", "import zmq"], stderr=subprocess.DEVNULL,
                check=False).returncode:
            return python
    return None


class Reader:
    """A program that prints what it gets."""

    def __init__(self, hub, *argv):
        self.path = os.path.join(hub.dir, "out")
        with open(self.path, "w") as out:
            self.process = subprocess.Popen(
                [*argv, hub.endpoint], stdout=out, stderr=subprocess.STDOUT)
        hub.children.append(self.process)

    def lines(self):
        with open(self.path) as f:
            return f.read().splitlines()

    def wait_lines(self, lines):
        wait_until(lambda: self.lines() == lines, 10,
                   lambda: "%s, not %s" % (self.lines(), lines))


def install(folder):
    """Installs the library and returns the compiled example."""
    subprocess.run(
        ["make", "-s", "-C", xfsmtest.TOP_BUILDDIR, "DESTDIR=" + folder,
         "install-libLTLIBRARIES", "install-xfsmincludeHEADERS",
         "install-nodist_pkgconfigDATA"], stdout=subprocess.DEVNULL,
        env={k: v for k, v in os.environ.items() if "MAKE" not in k},
        check=True)
    pcs = [os.path.join(root, name) for root, _, names in os.walk(folder)
           for name in names if name.endswith(".pc")]
    check(len(pcs) == 1, pcs)
    with open(pcs[0]) as f:
        text = f.read()
    with open(pcs[0], "w") as f:
        f.write(re.sub("(?m)^(\\w+dir=)", r"\1" + folder, text))
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "ovs-xfsm-subscriber"],
        env=dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(pcs[0])),
        stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
    program = os.path.join(folder, "alerts")
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", "-std=gnu11",
                    "-o", program, os.path.join(EXAMPLES, "alerts.c")]
                   + (SANITIZE if xfsmtest.is_sanitized() else [])
                   + flags.split(), check=True)
    return program


def test_library():
    """Alerts come in order and once, lost ones from the journal, and what is
    gone is told."""
    with tempfile.TemporaryDirectory(prefix="xfsm-lib-") as folder:
        program = install(folder)
        with Hub() as hub:
            probe = hub.join("vm1")
            reader = Reader(hub, program)
            hub.wait_stat("subscriptions", 5)
            probe.send("alert", text="first", key={"ip_src": "10.0.0.1"})
            probe.send("log", text="not asked for")
            probe.send("critical", text="second")
            expected = ["echo on vm1: 10.0.0.1: first",
                        "echo on vm1: -: second"]
            reader.wait_lines(expected)

            # Events while nobody listens are taken from the journal.
            reader.process.send_signal(signal.SIGSTOP)
            hub.restart()
            for i in range(3):
                probe.send("alert", text="missed %d" % i)
            hub.wait_stat("received", 3)
            reader.process.send_signal(signal.SIGCONT)
            expected += ["echo on vm1: -: missed %d" % i for i in range(3)]
            reader.wait_lines(expected)
            check(reader.process.poll() is None, "the program ended")


def test_python():
    """The example in Python, which tells of a gap, too."""
    if not PYTHON:
        return
    with Hub() as hub:
        probe = hub.join("vm1")
        reader = Reader(hub, PYTHON, os.path.join(EXAMPLES, "alerts.py"))
        hub.wait_stat("subscriptions", 1)
        probe.send("alert", text="first")
        probe.send("log", text="not asked for")
        probe.send("alert", text="second")
        expected = ["echo on vm1: first", "echo on vm1: second"]
        reader.wait_lines(expected)
        reader.process.send_signal(signal.SIGSTOP)
        hub.restart()
        for _ in range(2):
            probe.send("alert", text="missed")
        hub.wait_stat("received", 2)
        reader.process.send_signal(signal.SIGCONT)
        hub.wait_stat("subscriptions", 1)
        probe.send("alert", text="third")
        reader.wait_lines(expected + ["missing: some before 6",
                                      "echo on vm1: third"])


if __name__ == "__main__":
    xfsmtest.need_root()
    if not shutil.which("gcc") or not shutil.which("pkg-config"):
        xfsmtest.skip("needs gcc and pkg-config")
    PYTHON = find_pyzmq()
    try:
        hubtest.main(test_library, test_python)
    except SystemExit as e:
        if not e.code and not PYTHON:
            xfsmtest.skip("all but what needs python3-zmq")
        raise
