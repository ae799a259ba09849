# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Events by the batch, and more of them than anybody can take: nothing is
lost that is not counted."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import hubtest                                              # noqa: E402
import xfsmtest                                             # noqa: E402
import zmqlite                                              # noqa: E402
from hubtest import Hub, Subscriber                         # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

PUBLISH = os.path.join(xfsmtest.TOP_BUILDDIR, "tests/bench/bench-publish")
BATCH_EVENTS = 512
BATCH_PACKET_MAX = 32 * 1024 + 2 + 320 + 16384 + 1


def frame(data):
    return struct.pack("<H", len(data)) + data


def packed(probe, label, seq):
    return frame(("%s/echo/br0/%s\0%s" % (label, probe.port, json.dumps(
        probe.event(label, seq)))).encode())


def of_probe(hub, name):
    """A counter of the one probe."""
    match = re.search(r'^xfsm_probe_%s\{.*\} (\d+)$' % name,
                      hub.appctl("xfsm/metrics"), re.MULTILINE)
    return int(match.group(1)) if match else 0


class Publisher:
    """A process that is nothing but the events of a probe."""

    def __init__(self, hub, port, count, turn, alerts, how):
        probe = hub.join(port)
        fd = probe.sock.fileno()
        self.process = subprocess.Popen(
            [PUBLISH, str(fd), str(count), "600", str(turn), str(alerts),
             how], pass_fds=[fd], stdout=subprocess.PIPE)
        hub.children.append(self.process)

    def sleeps(self):
        with open("/proc/%d/stat" % self.process.pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "S"

    def result(self):
        out = self.process.communicate(timeout=120 * xfsmtest.PATIENCE)[0]
        check(self.process.returncode == 0, "the publisher failed")
        return json.loads(out)


def check_account(hub, result):
    """All events are published, suppressed, or dropped by the probe and
    missed by the hub."""
    dropped = sum(result["dropped"].values())
    wait_until(lambda: of_probe(hub, "last_sequence") == result["events"], 30,
               "the last event")
    events, suppressed, lost = (of_probe(hub, name) for name in (
        "events_total", "events_suppressed_total", "events_lost_total"))
    check(result["sent"] + dropped == result["events"]
          and lost == dropped
          and events + suppressed == result["sent"]
          and hub.stats()["malformed"] == 0,
          "%s: %d published, %d suppressed, %d lost, %s"
          % (result, events, suppressed, lost, hub.stats()))
    return suppressed


def test_flood():
    """A hub that does not keep up, and then a limit: logs are shed, alerts
    are not, and the sum is exact at both ends."""
    count, every = 20000, 100
    with Hub("--rate=50") as hub:
        sub = Subscriber(hub, "alert").wait_connected(hub)
        hub.process.send_signal(signal.SIGSTOP)
        publisher = Publisher(hub, "vm1", count, 64, every, "drop")
        wait_until(publisher.sleeps, 60, "a publisher with nothing to do")
        hub.process.send_signal(signal.SIGCONT)
        result = publisher.result()
        check(result["dropped"]["log"] > count / 2, "%s" % result)
        check(result["dropped"]["alert"] == 0, "%s" % result)
        check(check_account(hub, result) > 0, "suppressed: %s" % hub.stats())
        sub.wait_seqs(range(every, count + 1, every), 30)


def test_all_arrive():
    """Nobody who keeps up loses any of them, in whatever batches they come,
    next to one who reads nothing."""
    with Hub("--rate=0") as hub:
        stalled = zmqlite.Socket(zmqlite.SUB, RCVHWM=1, RCVBUF=4096)
        stalled.set(zmqlite.SUBSCRIBE, b"")
        stalled.connect(hub.endpoint)
        sub = Subscriber(hub, "log").wait_connected(hub)
        total = 0
        for turn in (1, 2, 100, 500):
            publisher = Publisher(hub, "vm%d" % turn, 500, turn, 0, "wait")
            result = publisher.result()
            check(result["sent"] == result["events"] == 501, "%s" % result)
            total += 501
            wait_until(lambda n=total: len(sub.seqs()) == n, 30, sub.errors)
        check(sub.seqs() == list(range(1, 502)) * 4, "order")
        check("LOST" not in sub.errors(), sub.errors())
        stalled.close()


def test_malformed():
    """What is wrong in a batch costs the rest of it, and is counted."""
    with Hub() as hub:
        probe = hub.join("vm1")
        sub = Subscriber(hub).wait_connected(hub)
        # A bad event between good ones.
        probe.sock.send(b"\1" + packed(probe, "log", 1) + frame(b"bad")
                        + packed(probe, "log", 2))
        hub.wait_stat("malformed", 1)
        # Bad lengths: of nothing, of more than there is, and half of one.
        for i, bad in enumerate((b"\0\0" + packed(probe, "log", 9),
                                 b"\xff\xff" + packed(probe, "log", 9),
                                 b"\7")):
            probe.sock.send(b"\1" + packed(probe, "log", 3 + i) + bad)
            hub.wait_stat("malformed", 2 + i)
        # As many events as may be, and one more.
        probe.sock.send(b"\1" + frame(b"x") * (BATCH_EVENTS - 1)
                        + packed(probe, "log", 6))
        probe.sock.send(b"\1" + frame(b"x") * BATCH_EVENTS
                        + packed(probe, "log", 9))
        malformed = 4 + BATCH_EVENTS - 1 + BATCH_EVENTS + 1
        hub.wait_stat("malformed", malformed)
        # As long as may be, and one more.
        for size in (BATCH_PACKET_MAX, BATCH_PACKET_MAX + 1):
            head = b"\1" + packed(probe, "log",
                                  7 if size == BATCH_PACKET_MAX else 9)
            pad = size - len(head) - 4
            probe.sock.send(head + frame(b"y" * (pad // 2))
                            + frame(b"y" * (pad - pad // 2)))
        probe.sock.send(b"\1")
        probe.sock.send(b"\1" + packed(probe, "log", 8))
        sub.wait_seqs(range(1, 9))
        check(hub.stats()["malformed"] == malformed + 2 + 1,
              "%s" % hub.stats())
        check("LOST" not in sub.errors(), sub.errors())


def test_killed_probe():
    """What a probe had sent when it died arrives, whether it had read what
    the hub asked it or not."""
    with Hub() as hub:
        sub = Subscriber(hub).wait_connected(hub)
        probe = hub.join("vm1")
        check(probe.sock.recv(100) == b"\0", "a question")
        hub.process.send_signal(signal.SIGSTOP)
        unread = hub.join("vm2")
        for _ in range(100):
            probe.send()
            unread.send()
        probe.close()
        hub.process.send_signal(signal.SIGCONT)
        xfsmtest.wait_until(
            lambda: unread.sock.recv(100, socket.MSG_PEEK) == b"\0", 10,
            "a question")
        unread.close()
        for port in ("vm1", "vm2"):
            wait_until(lambda p=port: sum(
                e["port"] == p and e["label"] == "alert"
                for e in sub.events()) == 100, 30, sub.errors)


def test_killed_hub():
    """A batch that a hub was at is there for the next one."""
    with Hub() as hub:
        probe = hub.join("vm1")
        sub = Subscriber(hub, "alert").wait_connected(hub)
        probe.sock.send(b"\1" + packed(probe, "log", 1)
                        + packed(probe, "alert", 2))
        sub.wait_seqs([2])
        hub.process.send_signal(signal.SIGSTOP)
        probe.sock.send(b"\1" + b"".join(
            packed(probe, "alert" if n % 10 == 0 else "log", n)
            for n in range(3, 103)))
        hub.kill()
        hub.start()
        sub.wait_seqs([2] + list(range(10, 101, 10)), 30)
        # The same batch again, as after a kill in the middle: what is in the
        # journal is not written twice.
        probe.sock.send(b"\1" + b"".join(
            packed(probe, "alert", n) for n in (90, 100)))
        hub.wait_stat("repeated", 2)
        check(hub.stats()["journal_records"] == 11, "%s" % hub.stats())
        check("LOST" not in sub.errors(), sub.errors())


if __name__ == "__main__":
    hubtest.main(*[test for name, test in sorted(globals().items())
                   if name.startswith("test_")
                   and (len(sys.argv) < 2 or name in sys.argv[1:])])
