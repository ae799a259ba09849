# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The hub: messages between probes, and what other hubs say."""

import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import hubtest                                              # noqa: E402
import xfsmtest                                             # noqa: E402
import zmqlite                                              # noqa: E402
from hubtest import Hub, Subscriber                         # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

PATIENCE = xfsmtest.PATIENCE
HOPS = 4
MAX_WANTS = 1024
JSON_MAX = 16384
HUB_RATE = 20000


def hear(probe, timeout=10.0):
    """The next packet that the probe gets: topic and event, or None for the
    question of a new hub."""
    probe.sock.settimeout(timeout * PATIENCE)
    try:
        data = probe.sock.recv(65536)
    except socket.timeout as e:
        raise xfsmtest.Failure("nothing to hear") from e
    if data == b"\0":
        return None
    topic, text = data.split(b"\0", 1)
    return topic.decode(), json.loads(text)


def hears_nothing(probe):
    probe.sock.setblocking(False)
    try:
        data = probe.sock.recv(65536)
    except BlockingIOError:
        return True
    finally:
        probe.sock.setblocking(True)
    raise xfsmtest.Failure("heard: %s" % data)


def want(hub, probe, *topics, covered=()):
    """Tells what the probe hears, and waits until the hub knows."""
    probe.sock.send(b"\0" + b"".join(t.encode() + b"\0"
                                     for t in topics + covered))
    line = ("%s hears %s:" % (probe.port, ", ".join(topics)) if topics
            else "%s hears" % probe.port)
    wait_until(lambda: (line in hub.appctl("xfsm/show")) == bool(topics), 10,
               lambda: "%s in: %s" % (line, hub.appctl("xfsm/show")))


def listener(hub, port, *topics, **kwargs):
    probe = hub.join(port, **kwargs)
    check(hear(probe) is None, "a new hub asks")
    want(hub, probe, *topics)
    return probe


def shed(stats):
    return sum(stats["messages_shed_" + why]
               for why in ("said", "heard", "hub", "full"))


def test_topics():
    """Each probe hears what it asked for, once, and never itself."""
    with Hub() as hub:
        vm1 = listener(hub, "vm1", "alert", "log/echo/br0/vm2")
        want(hub, vm1, "alert", "log/echo/br0/vm2",
             covered=("alert/echo", "alert"))
        vm2 = listener(hub, "vm2", "alert")
        vm3 = listener(hub, "vm3", "alert/ech", "alert/echo/br0/vm9")
        vm2.send("alert", hops=1)
        topic, event = hear(vm1)
        check(topic == "alert/echo/br0/vm2" and event["port"] == "vm2"
              and event["hops"] == 1, "%s %s" % (topic, event))
        vm2.send("log")
        check(hear(vm1)[1]["label"] == "log", "log of vm2")
        vm3.send("log")
        vm3.send("alert")
        check(hear(vm1)[1]["port"] == "vm3", "alert of vm3")
        check(hear(vm2)[1]["port"] == "vm3", "alert of vm3")
        for probe in (vm1, vm2, vm3):
            hears_nothing(probe)
        stats = hub.stats()
        check(stats["messages_said"] == 3 and stats["messages_delivered"] == 4
              and stats["topics_heard"] == 4 and not shed(stats),
              "stats: %s" % stats)

        # Other topics, none, and the end of a probe.
        want(hub, vm1, "critical")
        vm2.send("alert")
        vm2.send("critical")
        check(hear(vm1)[1]["label"] == "critical", "critical")
        want(hub, vm1)
        hub.drop_end(vm2)
        hub.drop_end(vm3)
        vm2.close()
        vm3.close()
        wait_until(lambda: hub.stats()["topics_heard"] == 0, 10, hub.stats)


def test_new_hub():
    """The next hub asks, and the probe is heard and hears as before."""
    with Hub() as hub:
        vm1 = listener(hub, "vm1", "alert")
        vm2 = hub.join("vm2")
        hub.restart()
        check(hear(vm1) is None, "a new hub asks")
        want(hub, vm1, "alert")
        vm2.send("alert")
        check(hear(vm1)[1]["port"] == "vm2", "alert of vm2")


def test_hops():
    """An event that went through too many hops goes no further; it is
    published all the same."""
    with Hub() as hub:
        vm1 = listener(hub, "vm1", "alert")
        vm2 = hub.join("vm2")
        for hops in (HOPS, HOPS + 1, 2 ** 63, HOPS - 1):
            vm2.send("alert", hops=hops)
        check(hear(vm1)[1]["hops"] == HOPS - 1, "hops")
        stats = hub.stats()
        check(stats["messages_looped"] == 3 and stats["published"] == 4,
              "stats: %s" % stats)


def test_rates():
    """What one probe says, and what one hears, is bounded and counted."""
    with Hub("--message-rate=100") as hub:
        vm1 = listener(hub, "vm1", "log")
        vm2, vm3 = hub.join("vm2"), hub.join("vm3")
        for probe in (vm2, vm3):
            for _ in range(400):
                probe.send("log")
        hub.wait_stat("published", 800)
        stats = hub.stats()
        check(stats["messages_said"] == 800, "stats: %s" % stats)
        # All but the reserve: two in the same slot count as one (hub-share.h).
        check(75 <= stats["messages_delivered"] < 700, "stats: %s" % stats)
        check(stats["messages_shed_said"] > 0
              and stats["messages_shed_heard"] > 0, "stats: %s" % stats)
        check(stats["messages_delivered"] + shed(stats) == 800,
              "stats: %s" % stats)
        for _ in range(stats["messages_delivered"]):
            hear(vm1)
        hears_nothing(vm1)


def test_rates_are_shared():
    """A probe that says as much as it may leaves others that say little some
    of what one may hear.  Who is remembered in the same slot as it, by chance
    (hub-share.h), has none: one of 32, so two of four must have all."""
    with Hub("--message-rate=100") as hub:
        vm1 = listener(hub, "vm1", "log")
        vm2 = hub.join("vm2")
        others = [hub.join("vm%d" % i) for i in range(3, 7)]
        for _ in range(400):
            vm2.send("log")
        hub.wait_stat("published", 400)
        for _ in range(5):
            for other in others:
                other.send("log")
        hub.wait_stat("published", 420)
        ports = [hear(vm1)[1]["port"]
                 for _ in range(hub.stats()["messages_delivered"])]
        check(sum(ports.count(other.port) == 5 for other in others) >= 2,
              "ports: %s, %s" % (ports, hub.stats()))


def test_rate_of_hub():
    """What the hub hands to all probes together is bounded, too."""
    n_listeners, n_events = 40, 1500
    with Hub("--message-rate=0") as hub:
        ears = [listener(hub, "ear%d" % i, "log")
                for i in range(n_listeners)]
        vm1 = hub.join("vm1")
        start = time.monotonic()
        for _ in range(n_events):
            vm1.send("log")
        hub.wait_stat("published", n_events)
        most = HUB_RATE * (1 + time.monotonic() - start)
        stats = hub.stats()
        total = n_listeners * n_events
        check(stats["messages_delivered"] + shed(stats) == total,
              "stats: %s" % stats)
        check(total - stats["messages_shed_hub"] <= most, "stats: %s" % stats)
        # A quarter is kept for who says less (hub-share.h).
        check(total - stats["messages_shed_hub"] >= HUB_RATE * 3 / 4,
              "stats: %s" % stats)
        for ear in ears:
            ear.close()


def test_slow_probe():
    """One that does not read costs the others nothing."""
    total = 3000
    with Hub("--message-rate=0") as hub:
        slow = listener(hub, "slow", "log")
        good = listener(hub, "good", "log")
        vm2 = hub.join("vm2")
        sub = Subscriber(hub, "alert").wait_connected(hub)
        for i in range(total):
            vm2.send("log", text="x" * 1000)
            hear(good)
        vm2.send("alert")
        sub.wait_seqs([total + 1])
        stats = hub.stats()
        check(stats["messages_delivered"] + stats["messages_shed_full"]
              == 2 * total, "stats: %s" % stats)
        check(total // 2 < stats["messages_shed_full"] < total,
              "stats: %s" % stats)
        check("shed" in hub.appctl("xfsm/show"), "xfsm/show")
        # When it reads again it hears again.
        slow.sock.setblocking(False)
        try:
            while True:
                slow.sock.recv(65536)
        except BlockingIOError:
            pass
        vm2.send("log", text="again")
        check(hear(slow)[1]["text"] == "again", "again")


def test_malformed_wants():
    """Nonsense is counted and changes nothing."""
    with Hub() as hub:
        vm1 = listener(hub, "vm1", "alert")
        vm2 = hub.join("vm2")
        for bad in (b"\0alert", b"\0\0", b"\0a\0\0", b"\0a b\0",
                    b"\0\xff\0", b"\0" + b"x" * 256 + b"\0",
                    b"\0" + b"x\0" * 65, b"\0" + b"x\0" * 20000):
            vm1.sock.send(bad)
        hub.wait_stat("wants_malformed", 8)
        vm2.send("alert")
        check(hear(vm1)[1]["port"] == "vm2", "alert of vm2")
        # At the limits.
        vm1.sock.send(b"\0" + b"x" * 255 + b"\0")
        vm1.sock.send(b"\0" + b"".join(b"x%d\0" % i for i in range(64)))
        wait_until(lambda: hub.stats()["topics_heard"] == 64, 10, hub.stats)
        check(hub.stats()["wants_malformed"] == 8, "%s" % hub.stats())


def test_hasty_probe():
    """One that tells something else all the time is asked to say it later."""
    with Hub() as hub:
        vm1 = listener(hub, "vm1", "alert")
        vm2 = hub.join("vm2")
        for i in range(200):
            vm1.sock.send(b"\0log/p%d\0" % i)
        hub.wait_stat("wants_early", 1)
        vm2.send("alert")
        check(hear(vm1) is None, "the hub asks again")
        want(hub, vm1, "alert")
        vm2.send("alert")
        check(hear(vm1)[1]["seq"] == 2, "the second of vm2")


def test_many_wants():
    """Topics are limited in number, over all probes."""
    with Hub() as hub:
        probes = [hub.join("vm%d" % i) for i in range(17)]
        for n, probe in enumerate(probes):
            probe.sock.send(b"\0" + b"".join(b"t%d/p%d\0" % (n, i)
                                             for i in range(64)))
        wait_until(lambda: hub.stats()["topics_heard"] == MAX_WANTS, 10,
                   hub.stats)
        hub.wait_stat("wants_refused", 17 * 64 - MAX_WANTS)


class PeeredHub(hubtest.SecureHub):
    """A hub that others know."""

    def know(self, *others):
        """Lets other hubs subscribe."""
        with open(self.clients, "a") as f:
            for other in others:
                f.write(other.public + "\n")

    def peer(self):
        return "%s=%s" % (self.endpoint, self.public)


def connected(hub, n):
    wait_until(lambda: hub.stats()["peers_connected"] == n, 20,
               lambda: hub.appctl("xfsm/show"))


def test_peers():
    """What probes of another hub say is heard here, and goes no further."""
    with PeeredHub() as a, PeeredHub() as b, PeeredHub() as c:
        a.know(b, c)
        b.know(a, c)
        # One list for all.
        peers = "--peers=%s,%s" % (a.peer(), b.peer())
        for hub in (a, b, c):
            hub.kill()
            hub.args.append(peers)
        for hub in (a, b, c):
            hub.start()
        for hub, n in ((a, 1), (b, 1), (c, 2)):
            check(hub.stats()["peers"] == n, hub.appctl("xfsm/show"))
            connected(hub, n)
        check("%s: this hub" % a.endpoint in a.appctl("xfsm/show"),
              a.appctl("xfsm/show"))
        vm1 = listener(a, "vm1", "alert/echo")
        vm2 = listener(b, "vm2", "alert/echo", "lost", "heartbeat")
        vm3 = listener(c, "vm3", "alert/echo")
        b.wait_stat("subscriptions", 2)
        a.wait_stat("subscriptions", 4)
        vm1.send("alert", hops=2)
        vm1.send("log")
        for probe in (vm2, vm3):
            topic, event = hear(probe)
            check(topic == "alert/echo/br0/vm1" and event["hops"] == 2,
                  "%s %s" % (topic, event))
        vm2.send("alert", hops=HOPS)
        vm2.send("alert")
        for probe in (vm1, vm3):
            check(hear(probe)[1]["seq"] == 2, "the second of vm2")
        vm3.send("alert")       # Nobody's peer.
        c.wait_stat("published", 1)
        for probe in (vm1, vm2, vm3):
            hears_nothing(probe)
        check(c.stats()["messages_looped"] == 1
              and c.stats()["peer_messages"] == 3, "%s" % c.stats())
        # Nothing of peers is published or kept here.
        check(a.stats()["published"] == 2
              and a.stats()["journal_appended"] == 1, "%s" % a.stats())

        # A hub that is gone and comes back is heard again.
        b.kill()
        connected(a, 0)
        b.start()
        connected(a, 1)
        check(hear(vm2) is None, "a new hub asks")
        wait_until(lambda: b.stats()["subscriptions"] == 2, 20, b.stats)
        vm2.send("alert")
        check(hear(vm1)[1]["seq"] == 3, "the third of vm2")


def test_hostile_peer():
    """What a peer sends is checked and bounded."""
    with PeeredHub() as hub:
        path, public = hubtest.keygen(hub, "evil.keys")
        endpoint = "tcp://127.0.0.1:%d" % hubtest.free_port()
        evil = zmqlite.Socket(zmqlite.XPUB, CURVE_SERVER=1,
                              **hubtest.key_pair(path))
        evil.bind(endpoint)
        hub.restart("--peers=%s=%s" % (endpoint, public),
                    "--message-rate=50")
        vm1 = listener(hub, "vm1", "alert", "lost")
        topics = {evil.recv(20 * PATIENCE)[0] for _ in range(2)}
        check(topics == {b"\1alert", b"\1lost"}, topics)
        event = hubtest.Probe("vm9").event

        def send(topic, *body):
            evil.send(topic, *[b if isinstance(b, bytes)
                               else json.dumps(b).encode() for b in body])

        good = event("alert", 1, hops=2)
        send(b"alert/echo/br0/vm9", b"no JSON")
        send(b"alert/echo/br0/vm9", {})
        send(b"alert/echo/br0/vm9", event("alert", 1, text="\xe9")
             | {"hops": -1})
        send(b"alert/echo/br0/vm9", event("", 1))
        send(b"alert/echo/br0/vm9", event("heartbeat", 1))
        send(b"lost/hub/br0/vm9", event("lost", 1))
        send(b"alert/echo /br0/vm9", good)
        send(b"alert/" + b"x" * 320, good)
        send(b"alert/echo/br0/vm9", good, b"more")
        send(b"alert/echo/br0/vm9")
        long = json.dumps(event("alert", 1, text="")).encode()
        send(b"alert/echo/br0/vm9",
             long.replace(b'"text": "', b'"text": "' + b"x" * (
                 JSON_MAX - len(long))))
        # Well-formed, of too many hops or in topics that nobody asked for.
        send(b"alert/echo/br0/vm9", event("alert", 1, hops=HOPS))
        send(b"alertness/echo/br0/vm9", event("alertness", 1))
        send(b"alert" + b"/" * 300, good)
        send(b"alert/echo/br0/vm9", good)
        for topic in ("alert" + "/" * 300, "alert/echo/br0/vm9"):
            check(hear(vm1) == (topic, good), topic)
        stats = hub.stats()
        check(stats["peer_malformed"] == 11 and stats["peer_messages"] == 4
              and stats["messages_looped"] == 1
              and stats["messages_said"] == 3, "stats: %s" % stats)

        for i in range(500):
            send(b"alert/echo/br0/vm9", good)
            if i % 20 == 0:     # No more than the queues hold.
                hub.wait_stat("peer_messages", 4 + i)
        hub.wait_stat("peer_messages", 504)
        stats = hub.stats()
        check(stats["messages_delivered"] + shed(stats) == 502
              and stats["messages_shed_said"] > 0, "stats: %s" % stats)
        check(stats["published"] == 0 and stats["journal_appended"] == 0,
              "stats: %s" % stats)
        evil.close()


def test_strange_peer():
    """A peer of another key is not listened to, and one that does not know
    this hub does not speak to it."""
    with PeeredHub() as a, PeeredHub() as b:
        other = hubtest.keygen(a, "other.keys")[1]
        a.restart("--peers=%s=%s" % (b.endpoint, other))
        a.wait_stat("peers_refused", 1, 20)
        check(a.stats()["peers_connected"] == 0, "%s" % a.stats())
        a.args = a.args[:2]
        a.restart("--peers=" + b.peer())
        wait_until(lambda: b.stats()["clients_denied"] > 0, 20, b.stats)
        check(a.stats()["peers_connected"] == 0, "%s" % a.stats())


def test_refusals():
    with PeeredHub() as hub:
        hub.kill()
        keys = hub.args
        key = hub.public
        ok = "tcp://127.0.0.1:1=" + key
        for peers, text in (
                ("tcp://127.0.0.1:1", "expected ENDPOINT=PUBLIC_KEY"),
                ("tcp://127.0.0.1:1=short", "expected ENDPOINT=PUBLIC_KEY"),
                ("ipc:///tmp/x=" + key, "tcp://ADDRESS:PORT"),
                ("tcp://host.example:1=" + key, "numeric"),
                ("tcp://127.0.0.1:x=" + key, "127.0.0.1:x"),
                ("%s,%s" % (ok, ok), "named twice"),
                (",".join("tcp://127.0.0.1:%d=%s" % (i + 1, key)
                          for i in range(65)), "more than 64 peers")):
            hubtest.refuse(hub, text, "--peers=" + peers, *keys)
        hub.endpoint = "ipc://%s/hub.events" % hub.dir
        hubtest.refuse(hub, "hub-peers needs the options hub-key-file",
                       "--peers=" + ok)
        hubtest.refuse(hub, "hub-message-rate", "--message-rate=-1")


if __name__ == "__main__":
    hubtest.main(*[test for name, test in sorted(globals().items())
                   if name.startswith("test_")
                   and (len(sys.argv) < 2 or name in sys.argv[1:])])
