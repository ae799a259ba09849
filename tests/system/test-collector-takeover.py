# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Controllers that share a fleet, and a broker: one is killed, and its disk is
gone with all that it had not yet handed to the broker.  The other one takes
over, and each alert is in the stream once."""

import collections
import contextlib
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import clocktest                                            # noqa: E402
import hubtest                                              # noqa: E402
import natstest                                             # noqa: E402
import xfsmtest                                             # noqa: E402
from collecttest import Collector, has_sink                 # noqa: E402
from fleettest import Ovsdb                                 # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402


class FleetDb:
    """A database XFSM_Fleet with one host, whose own is away."""

    def __init__(self, hub, **columns):
        self.socket = os.path.join(hub.dir, "fleet.sock")
        path = ":".join([os.path.join(xfsmtest.OVS_DIR, d)
                         for d in ("ovsdb", "utilities")]
                        + [os.environ["PATH"]])
        env = dict(hub.env, PATH=path)
        db = os.path.join(hub.dir, "fleet.db")
        subprocess.run(["ovsdb-tool", "create", db, os.path.join(
            xfsmtest.TOP_SRCDIR, "ovsdb-schema/xfsm-fleet.ovsschema")],
            env=env, check=True)
        self.process = subprocess.Popen(
            ["ovsdb-server", "-vconsole:off", "-vsyslog:off",
             "--remote=punix:" + self.socket,
             "--unixctl=" + self.socket + ".ctl", db], env=env)
        hub.children.append(self.process)
        self.rows = None
        wait_until(self._connect, 15, "the database")
        self.rows.insert("Host", name="hv1",
                         remotes=["unix:%s/none.sock" % hub.dir],
                         events=hub.endpoint, **columns)

    def _connect(self):
        with contextlib.suppress(OSError):
            self.rows = Ovsdb(self.socket, "XFSM_Fleet")
        return self.rows

    def collected(self):
        return self.rows.row("Host", "hv1")["collected"] or 0


class Member(Collector):
    """One of several controllers on a database."""

    def __init__(self, hub, db, name, *args, events=None):
        super().__init__(hub, *args, events=events)
        self.state = os.path.join(self.dir, "state-" + name)
        self.args[0] = "--state-dir=" + self.state
        self.log_path = os.path.join(self.dir, name + ".log")
        self.ctl = os.path.join(self.dir, name + ".ctl")
        self.db = db
        self.name = name

    def command(self, *args):
        return super().command(*args)[:-1] + [
            "--db=unix:" + self.db.socket, "--name=" + self.name]


def test_lost_disk():
    with hubtest.Hub() as hub, natstest.Nats(hub.dir) as nats:
        db = FleetDb(hub)
        a = hub.join("vm1")
        hold = "--events-option=hold-s=0"

        def send():
            for _ in range(50):
                a.send()

        with Member(hub, db, "c1", hold, events=nats.url) as first, \
                Member(hub, db, "c2", hold, events=nats.url) as second:
            first.start()
            send()
            nats.wait_count(50, first.show)
            # What it told of a time in the past, it does not take back.
            wait_until(lambda: db.collected() > 1, 30,
                       lambda: str(db.rows.rows("Host")))
            nats.servers[0].kill()
            send()
            wait_until(lambda: " 50 pending" in first.show(), 15, first.show)
            first.kill()
            before = db.collected()
            shutil.rmtree(first.state)
            send()
            nats.servers[0].start()
            second.start()
            nats.wait_count(150, second.show)
            second.wait_log("another controller collected its events up to "
                            "%d ms" % before)
            wait_until(lambda: " 0 pending" in second.show(), 15,
                       second.show)
            got = collections.Counter(e["seq"]
                                      for _, _, e in nats.messages())
            check(got == collections.Counter(range(1, 151)), str(got))
            # And it goes on from there.
            wait_until(lambda: db.collected() > before, 30,
                       lambda: str(db.rows.rows("Host")))


def test_returned_disk():
    """One that comes back with what it knew long ago."""
    with hubtest.Hub() as hub, natstest.Nats(hub.dir) as nats:
        db = FleetDb(hub)
        a = hub.join("vm1")
        with Member(hub, db, "c1", "--events-option=hold-s=0",
                    events=nats.url) as first:
            first.start()
            for _ in range(10):
                a.send()
            nats.wait_count(10, first.show)
            wait_until(lambda: db.collected() > 1, 30,
                       lambda: str(db.rows.rows("Host")))
            first.exit()
            # Meanwhile another one had all that comes here.
            for _ in range(10):
                a.send()
            hub.wait_stat("received", 20)
            later = db.collected() + 3600 * 1000
            db.rows.update("Host", [], collected=later)
            first.start()
            first.wait_log("events up to %d ms" % later)
            first.wait_connected()
            a.send()
            nats.wait_count(11, first.show)
            got = sorted(e["seq"] for _, _, e in nats.messages())
            check(got == list(range(1, 11)) + [21], str(got))
            check(" 0 lost" in first.show(), first.show())


def test_clock_ahead():
    """The clock of a hub was ahead: who takes over asks for what came since
    it was set back, too."""
    if xfsmtest.is_sanitized():
        return
    hub = hubtest.Hub()
    env = hub.env
    clock = clocktest.Clock(hub.dir, env)
    hub.env = clock.env
    with hub, natstest.Nats(hub.dir) as nats:
        hub.env = env           # That of the others.
        db = FleetDb(hub)
        a = hub.join("vm1")
        hold = "--events-option=hold-s=0"
        with Member(hub, db, "c1", hold, events=nats.url) as first, \
                Member(hub, db, "c2", hold, events=nats.url) as second:
            clock.set(wall=86400)
            first.start()
            a.send()
            tomorrow = (time.time() + 43200) * 1000
            wait_until(lambda: db.collected() > tomorrow, 30,
                       lambda: str(db.rows.rows("Host")))
            clock.set()
            a.send()
            wait_until(lambda: 1 < db.collected() < tomorrow, 30,
                       lambda: str(db.rows.rows("Host")))
            first.kill()
            shutil.rmtree(first.state)
            a.send()
            second.start()
            nats.wait_count(3, second.show)
    clock.close()


def test_files_do_not_share():
    """Where events go to files, each controller begins by itself."""
    with hubtest.Hub() as hub:
        db = FleetDb(hub)
        a = hub.join("vm1")
        a.send()
        db.rows.update("Host", [], collected=1 << 50)
        with Member(hub, db, "c1") as first:
            first.start()
            first.wait_seqs("vm1", [1])
            check(db.collected() == 1 << 50, str(db.collected()))


def test_hub_key():
    """A row names the key of its hub; the file of keys goes before it."""
    with hubtest.SecureHub() as hub:
        _, wrong = hubtest.keygen(hub, "wrong.keys")
        db = FleetDb(hub, hub_key=wrong)
        a = hub.join("vm1")
        a.send()
        with Member(hub, db, "c1", "--key-file=" + hub.good) as first:
            first.start()
            wait_until(lambda: ": not connected;" in first.show(), 15,
                       first.show)
            check(not first.seqs("vm1"), "a wrong key did")
            db.rows.update("Host", [], hub_key=hub.public)
            first.wait_seqs("vm1", [1])
            db.rows.update("Host", [], hub_key="too short")
            wait_until(lambda: db.rows.row("Host", "hv1")["state"]
                       == "invalid", 15, first.show)
            first.kill()
        db.rows.update("Host", [], hub_key=wrong)
        with Member(hub, db, "c2") as second:
            second.set_keys(hub.good, {"hv1": hub.public})
            second.path += "2"
            second.start()
            second.wait_seqs("vm1", [1])


if __name__ == "__main__":
    tests = [test_files_do_not_share, test_hub_key]
    if natstest.available() and has_sink("nats://127.0.0.1:1"):
        tests += [test_lost_disk, test_returned_disk, test_clock_ahead]
    hubtest.main(*tests)
