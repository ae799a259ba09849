# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The collector of xfsm-controller with many hubs, which a few threads drive:
no alert is missing after kills, and hubs that do not answer hold up no
other."""

import collections
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import hubtest                                              # noqa: E402
import xfsmtest                                             # noqa: E402
from collecttest import Collector                           # noqa: E402
from hubstest import Hubs                                   # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

# Hubs; XFSM_MANY_HUBS names another number.
COUNT = int(os.environ.get("XFSM_MANY_HUBS")
            or (30 if xfsmtest.is_sanitized() else 200))

# Threads of the controller that collect.
THREADS = 2

# Other threads at most: its own, and ZeroMQ's.
OTHERS = 6


def n_connected(collector):
    return collector.show().count(": connected;")


def n_threads(collector):
    return len(os.listdir("/proc/%d/task" % collector.process.pid))


def counts(collector):
    return collections.Counter((e["host"], e["seq"])
                               for e in collector.events())


def wait_collected(collector, n):
    """Waits until each hub's alerts 1 to N came; tells how often at most."""
    want = {("h%d" % i, seq) for i in range(COUNT) for seq in range(1, n + 1)}
    wait_until(lambda: set(counts(collector)) >= want, 60,
               lambda: "missing %s; %s" % (
                   sorted(want - set(counts(collector)))[:10],
                   collector.show()[:2000]))
    return max(counts(collector).values())


def test_many():
    """All are followed; killed, it gets what it missed."""
    with Hubs(COUNT) as hubs, \
            Collector(hubs, "--threads=%d" % THREADS) as collector:
        hubs.write_fleet(collector)
        hubs.send(COUNT)
        collector.start()
        wait_collected(collector, 1)
        wait_until(lambda: n_connected(collector) == COUNT, 60,
                   lambda: collector.show()[:2000])
        check(n_threads(collector) <= THREADS + OTHERS,
              "%d threads" % n_threads(collector))
        hubs.send(3 * COUNT)
        check(wait_collected(collector, 4) == 1, "alerts came twice")
        collector.kill()
        hubs.send(2 * COUNT)
        collector.start()
        wait_collected(collector, 6)
        collector.exit()
        hubs.send(COUNT)
        collector.start()
        wait_collected(collector, 7)


def test_silent():
    """Hubs that take connections and say nothing, more than there are
    threads, hold up none of the others."""
    with Hubs(COUNT) as hubs, \
            Collector(hubs, "--threads=1") as collector:
        silent = []
        for i in range(COUNT):
            if i % 3 == 1:
                continue
            for suffix in ("", ".replay"):
                path = os.path.join(hubs.dir, "%d%s" % (i, suffix))
                os.unlink(path)
                s = socket.socket(socket.AF_UNIX)
                s.bind(path)
                s.listen(1)
                silent.append(s)
        hubs.write_fleet(collector)
        hubs.send(COUNT)
        collector.start()
        want = {"h%d" % i for i in range(COUNT) if i % 3 == 1}
        wait_until(lambda: {e["host"] for e in collector.events()} == want,
                   30, lambda: collector.show()[:2000])
        collector.exit()
        for s in silent:
            s.close()


def test_threads_option():
    with Hubs(1) as hubs, Collector(hubs) as collector:
        for n, good in ((1, True), (64, True), (0, False), (65, False)):
            collector.args = ["--threads=%d" % n]
            if good:
                collector.start()
                collector.exit()
            else:
                check("is not a number from 1 to 64" in collector.refused(),
                      "--threads=%d" % n)


if __name__ == "__main__":
    hubtest.main(test_many, test_silent, test_threads_option)
