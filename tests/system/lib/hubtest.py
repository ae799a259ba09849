# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""A hub with no host around it: the test is agent and probes.

    with hubtest.Hub() as hub:
        probe = hub.join("vm1")
        probe.send("alert", seq=1)

Events are what the test says, so numbers can be missing, repeated or wrong.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import xfsmtest
import zmqlite
from xfsmtest import check, wait_until

XFSM = os.path.join(xfsmtest.TOP_BUILDDIR, "utilities/xfsm")
EXIT_CONFIG = 78

PING, READY, PROBE, ENDPOINT = 4, 5, 9, 10
HEADER = struct.Struct("<HHHHI")


def message(kind, payload=b""):
    return HEADER.pack(0x4658, 1, kind, 0, len(payload)) + payload


class Probe:
    """Sends events as a probe does."""

    def __init__(self, port, epoch=None, sock=None, program="echo"):
        self.port = port
        self.epoch = epoch or int(time.time() * 1000)
        self.sock = sock
        self.program = program
        self.seq = 0

    def event(self, label, seq, **members):
        event = {"v": 1, "time": "2026-11-23T16:42:36.123456789Z",
                 "label": label, "program": self.program, "host": "hv1",
                 "bridge": "br0", "port": self.port, "epoch": self.epoch,
                 "seq": seq}
        event.update(members)
        return event

    def send(self, label="alert", seq=None, **members):
        """Sends an event, of the next number unless one is given."""
        self.seq = self.seq + 1 if seq is None else seq
        topic = "%s/%s/br0/%s" % (label, self.program, self.port)
        self.send_raw(topic, json.dumps(self.event(label, self.seq,
                                                   **members),
                                        separators=(",", ":")))
        return self.seq

    def send_raw(self, topic, text):
        self.sock.send(topic.encode() + b"\0" + text.encode())

    def close(self):
        self.sock.close()


class Subscriber:
    """xfsm events, and what it printed."""

    count = 0

    def __init__(self, hub, *args):
        Subscriber.count += 1
        self.path = os.path.join(hub.dir, "events-%d" % Subscriber.count)
        with open(self.path, "w") as out, open(self.path + ".err",
                                               "w") as err:
            self.process = subprocess.Popen(
                [os.path.join(xfsmtest.TOP_BUILDDIR, "utilities/xfsm"),
                 "events", "--verbose"]
                + ([] if "--connect" in args else ["--connect",
                                                   hub.endpoint])
                + list(args), stdout=out, stderr=err, env=hub.env)
        hub.children.append(self.process)

    def wait_connected(self, hub):
        """Waits until the hub has its subscriptions."""
        wait_until(lambda: "connected" in self.errors(), 10, self.errors)
        hub.wait_heard()
        return self

    def events(self):
        with open(self.path) as f:
            return [json.loads(line) for line in f if line.endswith("\n")]

    def seqs(self):
        return [e["seq"] for e in self.events() if "seq" in e]

    def errors(self):
        with open(self.path + ".err") as f:
            return f.read()

    def wait_seqs(self, seqs, timeout=10):
        seqs = list(seqs)
        wait_until(lambda: self.seqs() == seqs, timeout,
                   lambda: "events %s, not %s; %s" % (
                       seqs, self.seqs(), self.errors()))

    def wait_error(self, text, timeout=10):
        wait_until(lambda: text in self.errors(), timeout,
                   lambda: "\"%s\" in: %s" % (text, self.errors()))


class Hub:
    def __init__(self, *args, endpoint=None):
        self.dir = tempfile.mkdtemp(prefix="xfsm-hub-")
        os.chmod(self.dir, 0o755)
        self.endpoint = endpoint or "ipc://%s/hub.events" % self.dir
        self.journal = os.path.join(self.dir, "xfsm-journal")
        self.args = list(args)
        self.env = dict(os.environ, OVS_RUNDIR=self.dir, OVS_DBDIR=self.dir,
                        OVS_LOGDIR=self.dir)
        self.children = []
        self.sockets = []       # Of wait_heard().
        self.ends = []          # Of probes, kept for the next hub.
        self.process = self.ctl = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, exc_type, exc, tb):
        self.kill()
        for s in self.sockets:
            s.close()
        for p in self.children:
            if p.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    p.send_signal(signal.SIGCONT)
                p.kill()
                p.wait()
        if exc_type:
            print("---- what the hub said")
            print(self.log())
        shutil.rmtree(self.dir, ignore_errors=True)
        return False

    def log(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as f:
            return f.read()

    def start(self, ok=True):
        """Starts the hub; if 'ok', waits until it is ready and gives it the
        sockets of probes."""
        ours, theirs = socket.socketpair(socket.AF_UNIX,
                                         socket.SOCK_SEQPACKET)
        fd = theirs.fileno()
        with open(os.path.join(self.dir, "log"), "a") as log:
            self.process = subprocess.Popen(
                [os.environ.get("XFSM_HUB") or os.path.join(
                    xfsmtest.TOP_BUILDDIR, "ovs-plugin/xfsm-hub"),
                 "--endpoint=" + self.endpoint, "--ctl-fd=%d" % fd]
                + self.args, pass_fds=[fd], env=self.env, stderr=log)
        theirs.close()
        self.ctl = ours
        if ok:
            self.ctl.settimeout(15 * xfsmtest.PATIENCE)
            kind = None
            while kind != READY:
                data = self.ctl.recv(65536)
                if not data:
                    raise xfsmtest.Failure("no hub: " + self.log())
                kind = HEADER.unpack_from(data)[2]
            for name, end in self.ends:
                self.give(name, end)
        return self

    def give(self, name, end):
        name = name.encode()
        socket.send_fds(self.ctl, [message(PROBE, struct.pack(
            "<H", len(name)) + name)], [end.fileno()])

    def kill(self, sig=signal.SIGKILL):
        """Ends the hub and returns its exit status."""
        if self.process:
            if self.process.poll() is None:
                self.process.send_signal(sig)
            status = self.process.wait()
            self.process = None
            self.ctl.close()
            return status
        return None

    def restart(self, *args):
        self.kill()
        self.args += args
        self.start()

    def join(self, port, **kwargs):
        """A probe on that port."""
        ours, theirs = socket.socketpair(socket.AF_UNIX,
                                         socket.SOCK_SEQPACKET)
        theirs.setblocking(False)
        self.ends.append((port, theirs))
        if self.process:
            self.give(port, theirs)
        return Probe(port, sock=ours, **kwargs)

    def drop_end(self, probe):
        """Forgets the hub's end of a probe that has ended."""
        for name, end in self.ends:
            if name == probe.port:
                end.close()
        self.ends = [e for e in self.ends if e[0] != probe.port]

    def appctl(self, command):
        path = os.path.join(self.dir, "xfsm-hub.%d.ctl" % self.process.pid)
        return subprocess.run(["ovs-appctl", "-t", path, command],
                              env=dict(self.env, PATH=":".join(
                                  [os.path.join(xfsmtest.OVS_DIR,
                                                "utilities"),
                                   os.environ["PATH"]])),
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              universal_newlines=True,
                              timeout=20 * xfsmtest.PATIENCE).stdout

    def stats(self):
        return {line.split()[0]: int(line.split()[1])
                for line in self.appctl("xfsm/stats").splitlines()}

    def wait_stat(self, name, value, timeout=10):
        """Waits until a counter is at least 'value'."""
        wait_until(lambda: self.stats().get(name, 0) >= value, timeout,
                   lambda: "%s to be %d: %s" % (name, value, self.stats()))

    def wait_heard(self):
        """Waits until subscriptions made before are in effect: those of a
        socket that connects later are.  It stays, so that the count does not
        go down while the next one waits."""
        s = zmqlite.Socket(zmqlite.SUB, **self.client_keys())
        self.sockets.append(s)
        s.set(zmqlite.SUBSCRIBE, b"nothing")
        before = self.stats()["subscriptions"]
        s.connect(self.endpoint)
        wait_until(lambda: self.stats()["subscriptions"] > before, 10,
                   "subscriptions")

    def client_keys(self):
        return {}

    def rss(self):
        """Memory of the hub at its peak, in bytes."""
        with open("/proc/%d/status" % self.process.pid) as f:
            for line in f:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return 0


def free_port():
    """A TCP port whose two successors are free too, for what else a hub
    serves."""
    while True:
        ports = xfsmtest.free_ports(3)
        if ports[2] == ports[0] + 2:
            return ports[0]


def keygen(hub, name):
    """Makes a key pair; returns its file and its public key."""
    path = os.path.join(hub.dir, name)
    public = subprocess.run([XFSM, "keygen", "-o", path], check=True,
                            stdout=subprocess.PIPE,
                            universal_newlines=True).stdout.strip()
    return path, public


def key_pair(path):
    """The keys of a file, as options of zmqlite.Socket."""
    def key(name):
        with open(path) as f:
            for line in f:
                if line.startswith(name):
                    return line.split('"')[1].encode() + b"\0"
    return {"CURVE_PUBLICKEY": key("public"),
            "CURVE_SECRETKEY": key("secret")}


class SecureHub(Hub):
    """On TCP, with a client that it knows and one that it does not."""

    def __init__(self):
        super().__init__(endpoint="tcp://127.0.0.1:%d" % free_port())
        self.key_file, self.public = keygen(self, "hub.keys")
        self.good, good_public = keygen(self, "good.keys")
        self.stranger, _ = keygen(self, "stranger.keys")
        self.clients = os.path.join(self.dir, "clients")
        with open(self.clients, "w") as f:
            f.write("# the friend\n%s\n" % good_public)
        self.args = ["--key-file=" + self.key_file,
                     "--clients=" + self.clients]

    def client_keys(self):
        return dict(key_pair(self.good),
                    CURVE_SERVERKEY=self.public.encode() + b"\0")


def refuse(hub, text, *args):
    """The hub must not start with these arguments, and say why."""
    hub.args = list(args)
    hub.start(ok=False)
    status = hub.process.wait(15)
    hub.kill()
    check(status == EXIT_CONFIG and text in hub.log(),
          "%s: status %d: %s" % (args, status, hub.log()))


def main(*tests):
    """Runs each test; exits as a test should."""
    failed = False
    for test in tests:
        try:
            test()
            print("ok " + test.__name__)
        except xfsmtest.Failure as e:
            print("FAILED %s: %s" % (test.__name__, e))
            failed = True
    raise SystemExit(1 if failed else 0)
