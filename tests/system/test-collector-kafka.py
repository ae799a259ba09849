# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The collector of xfsm-controller with Kafka as its sink, which is away for a
while, and the collector is killed."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import hubtest                                              # noqa: E402
import xfsmtest                                             # noqa: E402
from collecttest import Collector                           # noqa: E402
from kafkatest import BROKER, Kafka                         # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402


def test_kafka():
    with hubtest.Hub() as hub, Kafka(hub.dir) as kafka, \
            Collector(hub, events=kafka.url) as collector:
        a = hub.join("vm1")

        def wait_names(n, unique=False):
            want = ["hv1/br0/vm1/%d/%d" % (a.epoch, i)
                    for i in range(1, n + 1)]

            def got():
                names = kafka.names()
                return sorted(set(names) if unique else names)
            wait_until(lambda: got() == sorted(want), 60,
                       lambda: "%d of %d; %s" % (len(got()), n,
                                                 collector.show()))

        def send(n=100):
            for _ in range(n):
                a.send(key={"ip_src": "10.0.0.%d" % (a.seq % 7)})

        collector.start()
        send()
        wait_names(100)
        check(kafka.messages()[0][0].startswith("10.0.0."),
              str(kafka.messages()[0]))
        wait_until(lambda: ": connected; " in collector.show(), 15,
                   collector.show)
        # An outage: none is missing, and none there twice.
        kafka.tell("down")
        send()
        wait_until(lambda: ": not connected; " in collector.show(), 15,
                   collector.show)
        wait_until(lambda: " 200 put" in collector.show(), 15,
                   collector.show)
        kafka.tell("up")
        wait_names(200)
        wait_until(lambda: ": connected; " in collector.show(), 15,
                   collector.show)
        wait_until(lambda: " 0 pending" in collector.show(), 15,
                   collector.show)
        collector.exit()
        collector.start()
        send()
        wait_names(300)
        # It is killed in an outage: none is missing.
        kafka.tell("down")
        send()
        wait_until(lambda: " 200 put" in collector.show(), 15,
                   collector.show)
        collector.kill()
        send()
        collector.start()
        kafka.tell("up")
        wait_names(500, unique=True)


if __name__ == "__main__":
    if not os.path.exists(BROKER):
        print("SKIPPED: librdkafka was missing at build time "
              "(utilities/setup-deps)")
        sys.exit(xfsmtest.SKIP)
    hubtest.main(test_kafka)
