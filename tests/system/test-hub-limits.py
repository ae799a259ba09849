# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The hub: who may subscribe, and that nobody can have too much of it."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import hubtest                                              # noqa: E402
import xfsmtest                                             # noqa: E402
import zmqlite                                              # noqa: E402
from hubtest import Hub, SecureHub, Subscriber, keygen      # noqa: E402
from hubtest import refuse                                  # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

MAX_SUBSCRIPTIONS = 16384
MAX_DATA = 256 * 1024 * 1024


def test_keygen():
    with Hub() as hub:
        path, public = keygen(hub, "keys")
        check(len(public) == 40 and public in open(path).read(), public)
        check(os.stat(path).st_mode & 0o777 == 0o600, "mode")
        again = subprocess.run([hubtest.XFSM, "keygen", "-o", path],
                               stderr=subprocess.PIPE,
                               universal_newlines=True)
        check(again.returncode == 1 and "exists" in again.stderr,
              again.stderr)
        text = subprocess.run([hubtest.XFSM, "keygen"], stdout=subprocess.PIPE,
                              universal_newlines=True).stdout
        check("secret-key" in text and public not in text, text)


def test_four_clients():
    with SecureHub() as hub:
        probe = hub.join("vm1")
        keys = ("--server-key", hub.public)
        # Each of them tries for as long as the good one listens.
        bad = {
            "no key": Subscriber(hub),
            "wrong server key": Subscriber(
                hub, "--key-file", hub.good, "--server-key",
                keygen(hub, "other.keys")[1]),
            "not on the list": Subscriber(hub, "--key-file", hub.stranger,
                                          *keys),
        }
        good = Subscriber(hub, "--key-file", hub.good, *keys)
        good.wait_connected(hub)
        for name, s in bad.items():
            wait_until(lambda s=s: s.errors(), 15, name + " to complain")
        wait_until(lambda: hub.stats()["clients_denied"] > 0, 10, "denials")
        for _ in range(3):
            probe.send("alert")
        probe.send("log")
        good.wait_seqs([1, 2, 3, 4])
        # What was sent is there to be asked for: only the good one can.
        past = Subscriber(hub, "--key-file", hub.good, "--server-key",
                          hub.key_file, "--since", "1h", "--no-follow")
        check(past.process.wait(20) == 0 and past.seqs() == [1, 2, 3],
              past.errors())
        for name, args in (("no key", ()), ("not on the list", (
                "--key-file", hub.stranger) + keys)):
            s = Subscriber(hub, "--since", "1h", "--no-follow", *args)
            check(s.process.wait(30) == 0 and not s.events(), name)
        for name, s in bad.items():
            check(not s.events() and s.process.poll() is None
                  and "connected" not in s.errors(),
                  "%s: %s %s" % (name, s.events(), s.errors()))
        check("refused by" in bad["not on the list"].errors(),
              bad["not on the list"].errors())


def test_refusals():
    """TCP needs keys, and keys must be good ones."""
    with SecureHub() as hub:
        hub.kill()
        keys = ["--key-file=" + hub.key_file, "--clients=" + hub.clients]
        refuse(hub, "only with the options hub-key-file and hub-clients")
        refuse(hub, "need each other", keys[0])
        refuse(hub, "need each other", keys[1])
        refuse(hub, "/nowhere: cannot read", "--key-file=/nowhere", keys[1])
        refuse(hub, "a secret key does not belong", keys[0],
               "--clients=" + hub.key_file)
        with open(hub.clients, "w") as f:
            f.write("# nobody\n")
        refuse(hub, "has no key", *keys)
        os.chmod(hub.key_file, 0o644)
        refuse(hub, "others may read", *keys)
        for option in ("--rate=x", "--journal-mib=0", "--journal-days=-1",
                       "--journal=relative", "--journal-sync-ms=-2"):
            refuse(hub, "hub-" + option[2:].split("=")[0], option)
        refuse(hub, "hub-label-rates", "--label-rates=alert")


def test_rate_of_label():
    """What is beyond a label's rate is suppressed, told and counted."""
    with Hub("--label-rates=log=100") as hub:
        probe = hub.join("vm1")
        other = hub.join("vm2")
        sub = Subscriber(hub).wait_connected(hub)
        for _ in range(1000):
            probe.send("log")
        probe.send("alert")
        other.send("log")
        wait_until(lambda: any(e["label"] == "alert" for e in sub.events())
                   and any(e["port"] == "vm2" for e in sub.events()), 10,
                   sub.errors)
        events = [e for e in sub.events() if e["port"] == "vm1"]
        logs = sum(e["label"] == "log" for e in events)
        told = sum(e["count"] for e in events if e["label"] == "suppressed")
        check(100 <= logs < 400, "%d logs" % logs)
        check(logs + told == 1000, "%d logs, %d suppressed" % (logs, told))
        check(hub.stats()["suppressed"] == told, "%s" % hub.stats())
        check("did not arrive" not in sub.errors(), sub.errors())
        sub.wait_error("beyond the rate")
        text = hub.appctl("xfsm/metrics")
        check('xfsm_probe_events_suppressed_total{host="hv1",bridge="br0",'
              'port="vm1"} %d' % told in text, text)


def test_rate_of_probe():
    """The limit of all labels spares alerts."""
    with Hub("--rate=50") as hub:
        probe = hub.join("vm1")
        sub = Subscriber(hub).wait_connected(hub)
        for i in range(1000):
            probe.send("alert" if i % 10 == 0 else "log")
        wait_until(lambda: sum(e["label"] == "alert" for e in sub.events())
                   == 100, 10, sub.errors)
        check(hub.stats()["suppressed"] > 500, "%s" % hub.stats())
        check("did not arrive" not in sub.errors(), sub.errors())


def test_stalled_subscriber():
    """One that reads nothing costs the others nothing, and little memory."""
    total = 30000
    with Hub() as hub:
        probe = hub.join("vm1")
        stalled = zmqlite.Socket(zmqlite.SUB, RCVHWM=1, RCVBUF=4096)
        stalled.set(zmqlite.SUBSCRIBE, b"")
        stalled.connect(hub.endpoint)
        sub = Subscriber(hub, "log").wait_connected(hub)
        for i in range(total):
            probe.send("log", text="x" * 1000)
            if i % 500 == 0:
                wait_until(lambda n=i: len(sub.seqs()) >= n - 400, 30,
                           sub.errors)
        sub.wait_seqs(range(1, total + 1), 30)
        check("LOST" not in sub.errors(), sub.errors())
        check(hub.rss() < 64 * 1024 * 1024, "%d bytes" % hub.rss())
        stalled.close()


def test_many_stalled_subscribers():
    """Many that read nothing, and events as long as they can be: the hub stays
    within its memory, and who reads loses nothing."""
    total, n_stalled = 1500, 60      # More than wait for each (HUB_HWM).
    with Hub("--rate=0") as hub:
        probe = hub.join("vm1")
        stalled = []
        for _ in range(n_stalled):
            s = zmqlite.Socket(zmqlite.SUB, RCVHWM=1, RCVBUF=4096)
            s.set(zmqlite.SUBSCRIBE, b"")
            s.connect(hub.endpoint)
            stalled.append(s)
        sub = Subscriber(hub, "log").wait_connected(hub)
        hub.wait_stat("subscriptions", 3)
        text = "\x01" * 2000                # As JSON 12 KB.
        for i in range(total):
            probe.send("log", text=text)
            if i % 100 == 0:
                wait_until(lambda n=i: len(sub.seqs()) >= n - 80, 30,
                           sub.errors)
        sub.wait_seqs(range(1, total + 1), 30)
        check("LOST" not in sub.errors(), sub.errors())
        check(hub.stats()["published"] >= total, hub.stats())
        print("memory with %d that stall: %d MiB" % (n_stalled,
                                                     hub.rss() >> 20))
        check(hub.rss() < MAX_DATA // 4, "%d bytes" % hub.rss())
        for s in stalled:
            s.close()


def test_subscription_flood():
    """Who subscribes to too much is dropped; the hub stays small, others go
    on and miss nothing."""
    with Hub() as hub:
        probe = hub.join("vm1")
        sub = Subscriber(hub, "alert").wait_connected(hub)
        probe.send()
        sub.wait_seqs([1])
        # Without a limit of its own: all it sends is to arrive.
        flood = zmqlite.Socket(zmqlite.XSUB, hub.endpoint, SNDHWM=0)
        first = hub.process.pid
        peak = 0
        for i in range(100000):
            flood.send(b"\1alert/%d/%s" % (i, b"x" * 200))
            if i % 2000 == 0 and hub.process.poll() is None:
                peak = max(peak, hub.rss())
        # As the agent does: it ends with the code for "again, now".
        check(hub.process.wait(20) == 75, "exit status")
        check("more than %d subscriptions" % MAX_SUBSCRIPTIONS in hub.log(),
              hub.log())
        check(peak < MAX_DATA, "%d bytes" % peak)
        flood.close()
        probe.send()
        hub.kill()
        hub.start()
        check(hub.process.pid != first, "pid")
        probe.send()
        sub.wait_seqs([1, 2, 3], 20)
        check("LOST" not in sub.errors(), sub.errors())
        print("memory at the flood: %d MiB" % (peak >> 20))


def test_long_subscription():
    """A topic longer than any is refused with its sender."""
    with Hub() as hub:
        flood = zmqlite.Socket(zmqlite.XSUB, hub.endpoint)
        flood.send(b"\1" + b"x" * 2000)
        probe = hub.join("vm1")
        sub = Subscriber(hub).wait_connected(hub)
        probe.send()
        sub.wait_seqs([1])
        check(hub.rss() < 32 * 1024 * 1024, "%d bytes" % hub.rss())
        flood.close()


def test_many_topics():
    """A probe that makes up topics is followed for some and published for
    all."""
    with Hub() as hub:
        probe = hub.join("vm1")
        sub = Subscriber(hub).wait_connected(hub)
        for i in range(100):
            probe.program = "p%d" % i
            probe.send("log")
        sub.wait_seqs(range(1, 101))
        with_prev = sum("prev" in e for e in sub.events())
        check(with_prev <= 64, "%d topics are followed" % with_prev)
        check(hub.stats()["topics_forgotten"] == 36, str(hub.stats()))


def test_metrics():
    """OpenMetrics text: types before samples, one end."""
    with Hub() as hub:
        probe = hub.join("vm1")
        probe.send()
        hub.wait_stat("published", 1)
        text = hub.appctl("xfsm/metrics")
        lines = text.rstrip("\n").split("\n")
        check(lines[-1] == "# EOF" and lines.count("# EOF") == 1, text)
        types = {}
        for line in lines[:-1]:
            words = line.split(" ")
            if line.startswith("# HELP "):
                continue
            if line.startswith("# TYPE "):
                check(words[2] not in types, "two types: " + line)
                types[words[2]] = words[3]
                continue
            name = words[0].split("{")[0]
            family = name[:-6] if name.endswith("_total") else name
            check(types.get(family) == ("counter" if family != name
                                        else "gauge"), line)
            float(words[-1])
        for line in ("xfsm_hub_published_total 1", "xfsm_hub_probes 1",
                     'xfsm_probe_events_total{host="hv1",bridge="br0",'
                     'port="vm1"} 1',
                     'xfsm_probe_last_sequence{host="hv1",bridge="br0",'
                     'port="vm1"} 1'):
            check(line in lines, "%s in %s" % (line, text))


if __name__ == "__main__":
    if xfsmtest.is_sanitized():
        xfsmtest.skip("sanitizers need memory and time of their own")
    hubtest.main(*[test for name, test in sorted(globals().items())
                   if name.startswith("test_")
                   and (len(sys.argv) < 2 or name in sys.argv[1:])])
