# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The hub: nothing is lost without a word.  Journal, replay, gaps,
heartbeats."""

import datetime
import glob
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import hubtest                                              # noqa: E402
import xfsmtest                                             # noqa: E402
import zmqlite                                              # noqa: E402
from hubtest import Hub, Subscriber                         # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402


# Seconds within which a gap is noticed.
TOLD = 2


def raw_subscriber(hub, *topics):
    s = zmqlite.Socket(zmqlite.SUB)
    for topic in topics:
        s.set(zmqlite.SUBSCRIBE, topic.encode())
    s.connect(hub.endpoint)
    hub.wait_heard()
    return s


def receive(s, what, condition, timeout=10.0):
    """Waits for a message whose event fulfils the condition."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        frames = s.recv(0.1)
        if frames:
            event = json.loads(frames[1])
            if condition(event):
                return event
    raise hubtest.xfsmtest.Failure("never came: " + what)


def test_in_order():
    with Hub() as hub:
        probe = hub.join("vm1")
        sub = Subscriber(hub).wait_connected(hub)
        for label in ("alert", "log", "critical", "feature"):
            probe.send(label)
        sub.wait_seqs([1, 2, 3, 4])
        stats = hub.stats()
        check(stats["published"] == 4 and stats["journal_appended"] == 2,
              "stats: %s" % stats)
        prev = [e.get("prev") for e in sub.events()]
        check(prev == [0, 0, 0, 0] or prev[0] is None, "prev: %s" % prev)
        probe.send("alert")
        sub.wait_seqs([1, 2, 3, 4, 5])
        check(sub.events()[-1]["prev"] == 1, "prev: %s" % sub.events()[-1])
        check("LOST" not in sub.errors(), sub.errors())


def test_many_topics():
    """Of as many topics of a probe as are followed, gaps are seen; beyond
    that the oldest makes room, and that is counted."""
    with Hub() as hub:
        probe = hub.join("vm1")
        sub = Subscriber(hub).wait_connected(hub)

        def send(n):
            probe.program = "p%d" % n
            return probe.send()

        def last(seq):
            return wait_until(lambda: [e for e in sub.events()
                                       if e["seq"] == seq], 10,
                              "event %d" % seq)[0]

        for n in range(64):
            send(n)
        for n in range(64):
            check(last(send(n)).get("prev") == n + 1, "topic %d" % n)
        check(hub.stats()["topics_forgotten"] == 0, "at the limit")
        check("prev" not in last(send(64)), "a topic that is new")
        hub.wait_stat("topics_forgotten", 1)
        check(last(send(64))["prev"] == 129, "the new one is followed")
        check(last(send(1))["prev"] == 66, "the second oldest is, too")
        check("prev" not in last(send(0)), "the oldest is not any more")
        hub.wait_stat("topics_forgotten", 2)


def test_heartbeat():
    """A late joiner knows the last number at once, others within 2 s."""
    with Hub() as hub:
        probe = hub.join("vm1")
        for _ in range(7):
            probe.send()
        hub.wait_stat("published", 7)
        start = time.monotonic()
        s = raw_subscriber(hub, "heartbeat/")
        beat = receive(s, "heartbeat", lambda e: True)
        for key, value in (("label", "heartbeat"), ("program", "hub"),
                           ("host", "hv1"), ("bridge", "br0"),
                           ("port", "vm1"), ("epoch", probe.epoch),
                           ("last_seq", 7), ("state", "running"),
                           ("topics", {"alert/echo": 7})):
            check(beat[key] == value, "%s is %s" % (key, beat[key]))
        took = time.monotonic() - start
        check(took < TOLD * xfsmtest.PATIENCE, "heartbeat after %.1f s" % took)

        # One a second, by the hub's clock: we may get to see one late.
        times = []
        while len(times) < 4:
            beat = receive(s, "heartbeat", lambda e: True)
            times.append(datetime.datetime.fromisoformat(
                beat["time"].rstrip("Z")).timestamp())
        check(times[-1] - times[0] > 2, "heartbeats at %s" % times)

        hub.drop_end(probe)
        probe.close()
        receive(s, "the end", lambda e: e["state"] == "gone")
        s.close()


def test_last_events_lost():
    """Events that nothing follows are missed by the heartbeat, within 2 s of
    the time at which the hub hears of the subscriber again."""
    with Hub() as hub:
        probe = hub.join("vm1")
        sub = Subscriber(hub).wait_connected(hub)
        alerts = Subscriber(hub, "alert").wait_connected(hub)
        probe.send("alert")
        sub.wait_seqs([1])
        alerts.wait_seqs([1])
        # While they are stopped, their connections are cut and the events of
        # that time go nowhere.
        hub.kill()
        for s in (sub, alerts):
            s.process.send_signal(signal.SIGSTOP)
        hub.start()
        for label in ("alert", "alert", "log"):
            probe.send(label)
        hub.wait_stat("published", 3)
        for s in (sub, alerts):
            s.process.send_signal(signal.SIGCONT)
        hub.wait_stat("subscriptions", 2)
        start = time.monotonic()
        sub.wait_error("LOST: 1 event of port vm1")
        sub.wait_error("2 recovered")
        alerts.wait_error("recovered: 2 events of port vm1")
        took = time.monotonic() - start
        check(took < TOLD * xfsmtest.PATIENCE, "found after %.1f s" % took)
        sub.wait_seqs([1, 2, 3])
        alerts.wait_seqs([1, 2, 3])
        print("the gap was found after %.1f s" % took)


def test_kill_loop():
    """Hubs are killed under traffic: every alert comes, once, in order."""
    total = 400
    with Hub() as hub:
        probe = hub.join("vm1")
        sub = Subscriber(hub, "alert").wait_connected(hub)
        probe.send()
        sub.wait_seqs([1])
        for i in range(2, total + 1):
            probe.send()
            if i % 50 == 0:
                hub.restart()
        sub.wait_seqs(range(1, total + 1), 30)
        check("LOST" not in sub.errors(), sub.errors())

        past = Subscriber(hub, "--since", "1h", "--no-follow")
        check(past.process.wait(20) == 0, past.errors())
        check(past.seqs() == list(range(1, total + 1)),
              "the journal has %d events" % len(past.seqs()))


def test_stopped_subscriber():
    """A subscriber that slept has what its queue did not hold from the
    journal; one that did not sleep loses nothing."""
    total = 20000
    with Hub("--label-rates=alert=0") as hub:
        probe = hub.join("vm1")
        sub = Subscriber(hub, "alert").wait_connected(hub)
        awake = Subscriber(hub).wait_connected(hub)
        probe.send(text="x" * 500)
        sub.wait_seqs([1])
        sub.process.send_signal(signal.SIGSTOP)
        for i in range(total):
            probe.send(text="x" * 500)
            if i % 500 == 0:
                wait_until(lambda n=i: len(awake.seqs()) >= n - 400, 20,
                           awake.errors)
        awake.wait_seqs(range(1, total + 2), 30)
        check("LOST" not in awake.errors()
              and "recovered" not in awake.errors(), awake.errors())
        sub.process.send_signal(signal.SIGCONT)
        sub.wait_seqs(range(1, total + 2), 60)
        check("LOST" not in sub.errors(), sub.errors())
        sub.wait_error("recovered: ")


def test_since():
    with Hub() as hub:
        probe = hub.join("vm1")
        for i in range(1000):
            probe.send("alert" if i % 2 else "log")
        hub.wait_stat("published", 1000)
        past = Subscriber(hub, "--since", "1h").wait_connected(hub)
        past.wait_seqs(range(2, 1001, 2))
        probe.send("log")
        probe.send("alert")
        past.wait_seqs(list(range(2, 1001, 2)) + [1001, 1002])
        check("LOST" not in past.errors(), past.errors())
        past.wait_error("the journal begins at")
        later = time.strftime("%Y-%m-%dT%H:%M:%SZ",
                              time.gmtime(time.time() + 60))
        none = Subscriber(hub, "--since", later, "--no-follow")
        check(none.process.wait(20) == 0 and not none.events(),
              none.errors())


def test_lost_record():
    """What the probe dropped is told by the hub, and kept."""
    with Hub() as hub:
        probe = hub.join("vm1")
        sub = Subscriber(hub).wait_connected(hub)
        alerts = Subscriber(hub, "alert").wait_connected(hub)
        probe.send(seq=1)
        probe.send(seq=5)
        wait_until(lambda: len(sub.events()) == 3, TOLD, sub.errors)
        lost = sub.events()[1]
        for key, value in (("label", "lost"), ("from", 2), ("to", 4),
                           ("count", 3), ("epoch", probe.epoch),
                           ("port", "vm1")):
            check(lost[key] == value, "%s is %s" % (key, lost[key]))
        sub.wait_error("LOST: port vm1")
        alerts.wait_seqs([1, 5])
        alerts.wait_error("LOST: port vm1")
        check("did not arrive" not in sub.errors() + alerts.errors(),
              "counted twice: " + sub.errors())
        past = Subscriber(hub, "--since", "1h", "--no-follow")
        check(past.process.wait(20) == 0, past.errors())
        check([e["label"] for e in past.events()]
              == ["alert", "lost", "alert"], "journal: %s" % past.events())
        check(hub.stats()["lost"] == 3, "stats: %s" % hub.stats())


def test_new_life():
    with Hub() as hub:
        probe = hub.join("vm1")
        sub = Subscriber(hub).wait_connected(hub)
        probe.send()
        probe.send()
        sub.wait_seqs([1, 2])
        hub.drop_end(probe)
        probe.close()
        probe = hub.join("vm1", epoch=probe.epoch + 1)
        probe.send()
        probe.send(seq=3)
        sub.wait_seqs([1, 2, 1, 3])
        sub.wait_error("LOST: port vm1")
        check(hub.stats()["lost"] == 1, "stats: %s" % hub.stats())


def test_torn():
    """A journal whose end was torn gives what is before."""
    with Hub() as hub:
        probe = hub.join("vm1")
        for _ in range(10):
            probe.send()
        hub.wait_stat("journal_appended", 10)
        hub.kill()
        path = os.path.join(hub.journal, "events.0")
        with open(path, "r+b") as f:
            data = f.read()
            at = data.rindex(b'"seq":10')
            f.seek(at)
            f.write(b'"seq":11')
        hub.start()
        check(hub.stats()["journal_recovered"] == 9
              and hub.stats()["journal_torn"] == 1,
              "stats: %s" % hub.stats())
        probe.send(seq=11)
        hub.wait_stat("journal_appended", 1)
        past = Subscriber(hub, "--since", "1h", "--no-follow")
        check(past.process.wait(20) == 0, past.errors())
        check(past.seqs() == list(range(1, 10)) + [11],
              "events: %s" % past.seqs())


def test_journal_bounds():
    """The journal has the size it was given, and forgets the oldest."""
    with Hub("--journal-mib=1", "--label-rates=alert=0") as hub:
        probe = hub.join("vm1")
        for _ in range(5000):
            probe.send(text="x" * 400)
        hub.wait_stat("journal_appended", 5000)
        size = sum(os.path.getsize(p) for p in
                   glob.glob(hub.journal + "/events.*"))
        check(size <= 1024 * 1024, "journal of %d bytes" % size)
        check(hub.stats()["journal_recycled"] > 4, "%s" % hub.stats())
        past = Subscriber(hub, "--since", "1h", "--no-follow")
        check(past.process.wait(20) == 0, past.errors())
        seqs = past.seqs()
        check(500 < len(seqs) < 2500
              and seqs == list(range(seqs[0], 5001)),
              "%d events from %d" % (len(seqs), seqs[0]))


def test_no_journal():
    """Without a journal, gaps are told and not filled."""
    with Hub("--journal=none") as hub:
        check("journal none" in hub.appctl("xfsm/show"), "xfsm/show")
        probe = hub.join("vm1")
        probe.send()
        sub = Subscriber(hub, "alert").wait_connected(hub)
        probe.send()
        sub.wait_seqs([2])
        hub.kill()
        sub.process.send_signal(signal.SIGSTOP)
        hub.start()
        probe.send()
        probe.send()
        hub.wait_stat("published", 2)
        sub.process.send_signal(signal.SIGCONT)
        sub.wait_error("LOST: at least 1 event of port vm1")


def test_bad_journal():
    """A journal that cannot be opened does not stop events."""
    with Hub("--journal=/proc/nothing") as hub:
        check("journal failed" in hub.appctl("xfsm/show"), "xfsm/show")
        check("alerts are not kept" in hub.log(), hub.log())
        probe = hub.join("vm1")
        sub = Subscriber(hub).wait_connected(hub)
        probe.send()
        sub.wait_seqs([1])


def test_impostors():
    """A probe speaks for itself only, and not for the hub."""
    with Hub() as hub:
        probe = hub.join("vm1")
        probe.send()
        other = hubtest.Probe("vm2", sock=probe.sock)
        other.send()
        probe.send("heartbeat")
        probe.send("lost")
        probe.send_raw("log/echo/br0/vm1",
                       json.dumps(probe.event("alert", 2)))
        probe.send_raw("alert/echo/br0/vm1", json.dumps(probe.event(
            "alert", 2, prev=1)))
        probe.send_raw("alert/echo/br0/vm1", "{}")
        probe.send_raw("alert/echo/br0/vm1", "no JSON")
        hub.wait_stat("malformed", 7)
        check(hub.stats()["published"] == 1, "stats: %s" % hub.stats())


def test_questions():
    """Replies are bounded; bad questions are told so."""
    with Hub() as hub:
        probe = hub.join("vm1")
        for _ in range(600):
            probe.send(text="x" * 100)
        hub.wait_stat("journal_appended", 600)
        s = zmqlite.Socket(zmqlite.DEALER, hub.endpoint + ".replay")

        def ask(text):
            s.send(text.encode())
            frames = s.recv(10)
            check(frames is not None, "no answer to " + text)
            return json.loads(frames[0]), frames[1:]

        head, frames = ask('{"v":1,"id":5,"since":1}')
        check(head["id"] == 5 and head["count"] == 256 and head["next"] > 0
              and len(frames) == 512, "answer: %s" % head)
        head, frames = ask('{"v":1,"id":6,"since":1,"after":512}')
        check(head["count"] == 88 and head["next"] == 0, "answer: %s" % head)
        head, frames = ask('{"v":1,"id":7,"host":"hv1","bridge":"br0","port":'
                           '"vm1","epoch":%d,"from":3,"to":4}' % probe.epoch)
        check([json.loads(f)["seq"] for f in frames[1::2]] == [3, 4],
              "answer: %s" % frames)
        for bad in ("", "x", "{}", '{"v":2,"since":1}', '{"v":1}',
                    '{"v":1,"since":-1}', "[" * 1000):
            head, frames = ask(bad)
            check("error" in head and not frames, "answer: %s" % head)
        s.send(b"x" * 5000)     # Cuts the connection.
        s.close()
        check(hub.stats()["replay_refused"] == 7, "%s" % hub.stats())


if __name__ == "__main__":
    hubtest.main(*[test for name, test in sorted(globals().items())
                   if name.startswith("test_")
                   and (len(sys.argv) < 2 or name in sys.argv[1:])])
