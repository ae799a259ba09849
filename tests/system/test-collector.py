# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The collector of xfsm-controller, with real hubs, scripted probes, and a
file as its sink: hubs and collector are killed, and no alert is missing."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import hubtest                                              # noqa: E402
from collecttest import Collector                           # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402


def test_killed_collector():
    """What came while it was dead comes from the journal, once."""
    with hubtest.Hub() as hub, Collector(hub) as collector:
        a, b = hub.join("vm1"), hub.join("vm2")
        a.send()
        b.send()
        collector.start()
        collector.wait_seqs("vm1", [1])     # It was there before us.
        collector.wait_seqs("vm2", [1])
        a.send()
        collector.wait_seqs("vm1", [1, 2])
        collector.wait_saved("vm1", 2)
        collector.kill()
        for _ in range(20):
            a.send()
        # One that is gone before the collector is back: no heartbeat tells.
        last = b.send("critical")
        hub.wait_stat("received", 24)
        b.close()
        hub.drop_end(b)
        b = hub.join("vm2", epoch=b.epoch + 1)
        b.send()
        hub.wait_stat("received", 25)
        collector.start()
        collector.wait_seqs("vm1", range(1, 23))
        collector.wait_seqs("vm2", [1, last, 1])
        a.send()
        collector.wait_seqs("vm1", range(1, 24))


def test_killed_hub():
    """Alerts that it published to nobody, and that of a dead probe."""
    with hubtest.Hub() as hub, Collector(hub) as collector:
        a, b = hub.join("vm1"), hub.join("vm2")
        collector.start()
        collector.wait_connected()
        a.send()
        b.send()
        collector.wait_seqs("vm1", [1])
        collector.wait_seqs("vm2", [1])
        collector.stop()                    # It does not listen...
        for _ in range(10):
            a.send()
        b.send()
        hub.wait_stat("received", 13)
        b.close()
        hub.drop_end(b)
        hub.kill()                          # ...and what it missed is gone.
        collector.go_on()
        hub.start()
        collector.wait_seqs("vm1", range(1, 12))
        collector.wait_seqs("vm2", [1, 2])
        a.send()
        collector.wait_seqs("vm1", range(1, 13))


def test_kills():
    """Collector and hub are killed in turn while alerts come."""
    with hubtest.Hub() as hub, Collector(hub) as collector:
        a = hub.join("vm1")
        collector.start()
        for _ in range(3):
            for _ in range(30):
                a.send()
            collector.kill()
            for _ in range(30):
                a.send()
            collector.start()
            hub.restart()
            a.send()
        collector.wait_seqs("vm1", range(1, 184), unique=True)


def test_curve():
    """Hubs are followed with their keys, and with no others."""
    with hubtest.SecureHub() as hub, Collector(hub) as collector:
        a = hub.join("vm1")
        a.send()
        collector.set_keys(hub.good, {"hv1": hub.public})
        collector.start()
        collector.wait_seqs("vm1", [1])
        collector.wait_saved("vm1", 1)
        collector.kill()
        collector.set_keys(hub.stranger, {"*": hub.public})
        a.send()
        collector.start()
        hub.wait_stat("clients_denied", 1)
        check(collector.seqs("vm1") == [1], "a stranger got events")
        collector.kill()
        collector.set_keys(hub.good, {"other": hub.public})
        collector.start()
        collector.wait_log("the key of its hub is not known")
        collector.set_keys(hub.good, {"*": hub.public})
        collector.appctl("fleet/reload")
        collector.wait_seqs("vm1", [1, 2])


def test_state():
    """One process has the folder; one that is damaged costs repetitions."""
    with hubtest.Hub() as hub, Collector(hub) as collector:
        a = hub.join("vm1")
        a.send()
        collector.start()
        collector.wait_seqs("vm1", [1])
        collector.wait_saved("vm1", 1)
        check("another process has this state" in collector.refused(),
              "two have the state")
        collector.kill()
        with open(collector.positions(), "r+") as f:
            f.truncate(30)
        collector.start()
        collector.wait_seqs("vm1", [1, 1])
        collector.exit()
        a.send()
        hub.wait_stat("received", 2)
        collector.start("--events-option=rotate-mib=1")
        collector.wait_seqs("vm1", [1, 1, 2])
        wait_until(lambda: " 1 received, 0 lost" in collector.show(), 10,
                   collector.show)


if __name__ == "__main__":
    hubtest.main(test_killed_collector, test_killed_hub, test_kills,
                 test_curve, test_state)
