# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The collector of xfsm-controller with NATS JetStream as its sink: collector,
broker and hub are killed, and each alert is in the stream once."""

import collections
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import hubtest                                              # noqa: E402
import natstest                                             # noqa: E402
import xfsmtest                                             # noqa: E402
from collecttest import Collector, has_sink                 # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402


def check_stream(nats, counts):
    """The stream has just the events 1 to N of each port, once each."""
    got = collections.Counter((e["port"], e["seq"])
                              for _, _, e in nats.messages())
    want = collections.Counter({(port, i): 1 for port, n in counts.items()
                                for i in range(1, n + 1)})
    check(got == want, "missing %s, too many %s" % (want - got, got - want))


def fnv(text, n):
    h = 2166136261
    for c in text.encode():
        h = (h ^ c) * 16777619 & 0xffffffff
    return h % n


def test_stream():
    """The stream that is made, subjects and names."""
    with hubtest.Hub() as hub, natstest.Nats(hub.dir) as nats, \
            Collector(hub, "--events-option=partitions=8",
                      events=nats.url) as collector:
        a = hub.join("vm1", program="port.scan")
        a.send(key={"ip_dst": "10.0.0.2", "ip_src": "10.0.0.1"})
        a.send("log")
        collector.start()
        nats.wait_count(1, collector.show)
        config = nats.info()["config"]
        check(config["subjects"] == ["xfsm.>"] and config["num_replicas"] == 1
              and config["duplicate_window"] == 3600 * 10 ** 9, str(config))
        a.send("log")
        nats.wait_count(2, collector.show)
        (s1, h1, _), (s2, _, _) = nats.messages()
        check(s1 == "xfsm.alert.port_scan.%d.hv1" % fnv("10.0.0.1", 8), s1)
        check(s2 == "xfsm.log.port_scan.%d.hv1" % fnv("hv1/vm1", 8), s2)
        check(h1["Nats-Msg-Id"] == "hv1/br0/vm1/%d/1" % a.epoch, str(h1))
        wait_until(lambda: " 0 pending" in collector.show(), 10,
                   collector.show)
        collector.exit()


def test_kills():
    """Collector, broker and hub are killed, while alerts come."""
    with hubtest.Hub() as hub, natstest.Nats(hub.dir) as nats, \
            Collector(hub, events=nats.url) as collector:
        a = hub.join("vm1")

        def send(n=100):
            for _ in range(n):
                a.send()

        collector.start()
        send()
        collector.kill()
        send()
        collector.start()
        nats.wait_count(200, collector.show)
        send()
        wait_until(lambda: nats.count() == 300
                   and " 0 pending" in collector.show(), 15, collector.show)
        nats.servers[0].kill()
        send()
        # The outage outlasts the collector and the hub.
        wait_until(lambda: " not connected, 1 times; 100 pending"
                   in collector.show(), 15, collector.show)
        collector.wait_saved("vm1", 400)
        collector.kill()
        hub.restart()
        send()
        collector.start()
        wait_until(lambda: " 100 put" in collector.show(), 15,
                   collector.show)
        nats.servers[0].start()
        nats.wait_count(500, collector.show)
        wait_until(lambda: " 0 pending" in collector.show(), 15,
                   collector.show)
        check_stream(nats, {"vm1": 500})


def test_forgetful_broker():
    """One that lost what it acknowledged gets it again."""
    with hubtest.Hub() as hub, natstest.Nats(hub.dir) as nats, \
            Collector(hub, events=nats.url) as collector:
        a = hub.join("vm1")
        collector.start()
        for _ in range(50):
            a.send()
        wait_until(lambda: " 0 pending" in collector.show()
                   and nats.count() == 50, 15, collector.show)
        nats.servers[0].kill()
        nats.servers[0].forget()
        nats.servers[0].start()
        nats.wait_count(50, collector.show)
        check_stream(nats, {"vm1": 50})


def test_full_spool():
    """What is over its size waits in the hub's journal, and is told."""
    with hubtest.Hub() as hub, natstest.Nats(hub.dir) as nats, \
            Collector(hub, "--events-option=spool-mib=1",
                      events=nats.url) as collector:
        a = hub.join("vm1")
        text = "x" * 8000
        nats.servers[0].kill()
        collector.start()
        for i in range(200):
            a.send(text=text)
            if i % 20 == 19:
                hub.wait_stat("received", i + 1)
        wait_until(lambda: "waits for room" in collector.show(), 15,
                   collector.show)
        nats.servers[0].start()
        nats.wait_count(200, collector.show)
        check(" 0 times full" not in collector.show(), collector.show())
        check_stream(nats, {"vm1": 200})


def test_cluster():
    """Three brokers, of which the leader of the stream is killed."""
    with hubtest.Hub() as hub, natstest.Nats(hub.dir, 3) as nats, \
            Collector(hub, "--events-option=replicas=3",
                      events=nats.url) as collector:
        a = hub.join("vm1")
        collector.start()
        for _ in range(100):
            a.send()
        nats.wait_count(100, collector.show)
        leader = nats.leader()
        for _ in range(100):
            a.send()
        leader.kill()
        for _ in range(100):
            a.send()
        wait_until(lambda: " 0 pending" in collector.show()
                   and " 300 received" in collector.show(), 60,
                   collector.show)
        nats.wait_count(300, collector.show)
        check(nats.info()["config"]["num_replicas"] == 3, str(nats.info()))
        check_stream(nats, {"vm1": 300})


if __name__ == "__main__":
    if not natstest.available() or not has_sink("nats://127.0.0.1:1"):
        print("SKIPPED: nats-server or libnats-dev is missing "
              "(utilities/setup-deps)")
        sys.exit(xfsmtest.SKIP)
    # Elections take their time.
    cluster = () if xfsmtest.is_sanitized() else (test_cluster,)
    hubtest.main(test_stream, test_kills, test_forgetful_broker,
                 test_full_spool, *cluster)
