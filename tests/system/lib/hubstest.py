# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Many hubs, which are one process (tests/bench/bench-hubs.c), and a fleet of
their hosts for collecttest.Collector."""

import json
import os
import shutil
import subprocess
import tempfile

import xfsmtest

TOOL = os.path.join(xfsmtest.TOP_BUILDDIR, "tests/bench/bench-hubs")


class Hubs:
    def __init__(self, count):
        self.count = count
        self.dir = tempfile.mkdtemp(prefix="xfsm-hubs-")
        self.env = dict(os.environ, OVS_RUNDIR=self.dir, OVS_DBDIR=self.dir,
                        OVS_LOGDIR=self.dir)
        self.children = []
        self.endpoint = self.endpoint_of(0)
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(
            [TOOL, self.dir, str(self.count)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, universal_newlines=True)
        self.process.stdout.readline()
        return self

    def __exit__(self, exc_type, exc, tb):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        for p in self.children:
            if p.poll() is None:
                p.kill()
                p.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
        return False

    def endpoint_of(self, i):
        return "ipc://%s/%d" % (self.dir, i)

    def hosts(self, ovsdb):
        """The hosts of a description of a fleet; 'ovsdb' has the remote of
        each by number."""
        return {"h%d" % i: {"ovsdb": ovsdb(i), "events": self.endpoint_of(i)}
                for i in range(self.count)}

    def write_fleet(self, collector):
        """Makes them the fleet of a collector that is to be started."""
        with open(collector.fleet, "w") as f:
            json.dump({"hosts": self.hosts(
                lambda i: "unix:%s/none.sock" % self.dir),
                "programs": {}, "assignments": []}, f)

    def command(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().split()

    def send(self, n, rate=0, label="alert"):
        """Returns the seconds that took."""
        return float(self.command("send %d %d %s" % (n, rate, label))[0])

    def n_questions(self):
        return int(self.command("stats")[0])
