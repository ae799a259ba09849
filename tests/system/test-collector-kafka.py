# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The collector of xfsm-controller with Kafka as its sink, which is away for a
while, and the collector is killed."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import hubtest                                              # noqa: E402
import xfsmtest                                             # noqa: E402
from collecttest import Collector                           # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

BROKER = os.path.join(xfsmtest.TOP_BUILDDIR, "tests/system/kafka-broker")


class Kafka:
    def __init__(self, folder):
        self.path = os.path.join(folder, "kafka")
        with open(self.path, "w") as out:
            self.process = subprocess.Popen(
                [BROKER], stdin=subprocess.PIPE, stdout=out,
                universal_newlines=True)
        wait_until(lambda: self.lines(), 15, "the broker")
        self.url = "kafka://" + self.lines()[0]

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.process.stdin.close()
        self.process.wait(20 * xfsmtest.PATIENCE)
        return False

    def lines(self):
        with open(self.path) as f:
            return f.read().split("\n")[:-1]

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def messages(self):
        return [line.split("\t") for line in self.lines()[1:]]

    def names(self):
        return [m[1] for m in self.messages()]


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
        # An outage: none is missing, and none there twice.
        kafka.tell("down")
        send()
        wait_until(lambda: " 200 put" in collector.show(), 15,
                   collector.show)
        kafka.tell("up")
        wait_names(200)
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
