# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""An xfsm-controller that does nothing but collect the events of a hub."""

import contextlib
import json
import os
import signal
import subprocess
import tempfile

import xfsmtest
from xfsmtest import check, wait_until

CONTROLLER = os.path.join(xfsmtest.TOP_BUILDDIR, "controller/xfsm-controller")


def has_sink(url):
    """True if the controller was built with what that takes."""
    with tempfile.TemporaryDirectory(prefix="xfsm-sink-") as folder:
        said = subprocess.run(
            [CONTROLLER, "--state-dir=" + os.path.join(folder, "state"),
             "--events=" + url, os.path.join(folder, "none.json")],
            env=dict(os.environ, OVS_RUNDIR=folder, OVS_LOGDIR=folder),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            universal_newlines=True, timeout=20 * xfsmtest.PATIENCE).stdout
    return "built without" not in said


class Collector:
    def __init__(self, hub, *args, events=None):
        self.hub = hub
        self.dir = hub.dir
        self.state = os.path.join(self.dir, "state")
        self.path = events or os.path.join(self.dir, "collected")
        self.log_path = os.path.join(self.dir, "controller.log")
        self.ctl = os.path.join(self.dir, "controller.ctl")
        self.fleet = os.path.join(self.dir, "fleet.json")
        self.args = ["--state-dir=" + self.state] + list(args)
        self.keys = []
        self.process = None
        self.refusals = 0
        with open(self.fleet, "w") as f:
            json.dump({"hosts": {"hv1": {
                "ovsdb": "unix:%s/none.sock" % self.dir,
                "events": hub.endpoint}}, "programs": {},
                "assignments": []}, f)

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, tb):
        self.kill()
        if exc_type:
            print("---- what the controller said")
            print(self.log())
        return False

    def command(self, *args):
        return [CONTROLLER, "--events=" + self.path, "--unixctl=" + self.ctl,
                "-vsyslog:off"] + self.args + self.keys + list(args) + [
                    self.fleet]

    def start(self, *args):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.ctl)
        with open(self.log_path, "a") as log:
            self.process = subprocess.Popen(self.command(*args),
                                            env=self.hub.env, stderr=log)
        self.hub.children.append(self.process)
        wait_until(lambda: os.path.exists(self.ctl)
                   or self.process.poll() is not None, 15, self.log)
        check(self.process.poll() is None, self.log())
        return self

    def refused(self):
        """Starts another one with the same state, which must fail; returns
        what it says."""
        return subprocess.run(
            [a for a in self.command() if not a.startswith("--unixctl")],
            env=self.hub.env, stderr=subprocess.STDOUT,
            stdout=subprocess.PIPE, universal_newlines=True,
            timeout=20 * xfsmtest.PATIENCE).stdout

    def kill(self, sig=signal.SIGKILL):
        if self.process:
            self.process.send_signal(sig)
            self.process.send_signal(signal.SIGCONT)
            self.process.wait()
            self.process = None

    def stop(self):
        """Stops it, and waits until it has."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def exit(self):
        # Its socket can be there before it listens.
        wait_until(lambda: "cannot connect" not in self.appctl("exit"), 15,
                   self.log)
        check(self.process.wait(20 * xfsmtest.PATIENCE) == 0, self.log())
        self.process = None

    def appctl(self, *command):
        return subprocess.run(
            ["ovs-appctl", "-t", self.ctl] + list(command),
            env=dict(self.hub.env, PATH=":".join(
                [os.path.join(xfsmtest.OVS_DIR, "utilities"),
                 os.environ["PATH"]])),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            universal_newlines=True, timeout=20 * xfsmtest.PATIENCE).stdout

    def show(self):
        return self.appctl("fleet/show")

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def wait_log(self, text):
        wait_until(lambda: text in self.log(), 15, self.log)

    def wait_connected(self):
        wait_until(lambda: ": connected;" in self.show(), 15, self.show)

    def set_keys(self, own, hubs):
        """Uses the key pair in file 'own', and keys of hubs."""
        path = os.path.join(self.dir, "hub-keys")
        with open(path, "w") as f:
            f.write("# Hubs.\n\n")
            for host, key in hubs.items():
                f.write("%s %s\n" % (host, key))
        self.keys = ["--key-file=" + own, "--hub-keys=" + path]

    def positions(self):
        return os.path.join(self.state, "positions/hv1.positions")

    def wait_saved(self, port, seq):
        """Waits until the positions on the disk say so."""
        def is_saved():
            with contextlib.suppress(FileNotFoundError):
                with open(self.positions()) as f:
                    return any(line.rstrip("\n").split("\t")[1:2]
                               == [str(seq)]
                               for line in f if line.endswith(port + "\n"))
            return False
        wait_until(is_saved, 15, "positions")

    # What came.

    def events(self):
        if not os.path.exists(self.path):
            return []
        with open(self.path) as f:
            return [json.loads(line) for line in f if line.endswith("\n")]

    def seqs(self, port):
        return [e["seq"] for e in self.events()
                if e["port"] == port and "seq" in e]

    def wait_seqs(self, port, seqs, unique=False):
        """Waits until those came of a port; if 'unique', does not see one
        that came again."""
        def seen():
            got = self.seqs(port)
            return list(dict.fromkeys(got)) if unique else got
        seqs = list(seqs)
        wait_until(lambda: seen() == seqs, 30,
                   lambda: "events %s, not %s; %s" % (seqs, seen(),
                                                      self.show()))
