# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""A disk that is full costs the hub what was to be written in that time, and
nothing else."""

import contextlib
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import hubtest                                              # noqa: E402
import xfsmtest                                             # noqa: E402
from hubtest import Hub, Subscriber                         # noqa: E402
from xfsmtest import check                                  # noqa: E402

# What the journal needs, in all and for one of its segments.
JOURNAL_MIB = 1
SEGMENT = JOURNAL_MIB * 1024 * 1024 // 8


class Disk:
    """A small file system."""

    def __init__(self, path, kib):
        self.path = path
        os.mkdir(path)
        subprocess.run(["mount", "-t", "tmpfs", "-o",
                        "size=%dk,mode=755" % kib, "xfsm-test", path],
                       check=True)
        self.filler = os.path.join(path, "filler")

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, tb):
        subprocess.run(["umount", "-l", self.path], check=True)
        return False

    def fill(self):
        with open(self.filler, "wb", buffering=0) as f, \
                contextlib.suppress(OSError):
            while True:
                f.write(bytes(4096))

    def free(self):
        os.unlink(self.filler)


def past(hub):
    """The numbers of the events that were kept."""
    s = Subscriber(hub, "--since", "1h", "--no-follow")
    check(s.process.wait(20) == 0, s.errors())
    return s.seqs()


def told(hub):
    return hub.log().count("cannot write the journal")


def test_disk_full():
    """The disk is full when the hub starts, and later is not."""
    with Hub("--journal-mib=%d" % JOURNAL_MIB) as hub:
        hub.kill()
        path = os.path.join(hub.dir, "disk")
        with Disk(path, 4 * JOURNAL_MIB * 1024) as disk:
            disk.fill()
            # A bit of room, for names of files but not for segments.
            with open(disk.filler, "r+b") as f:
                f.truncate(os.path.getsize(disk.filler) - SEGMENT // 2)
            hub.restart("--journal=%s/journal" % path)
            sub = Subscriber(hub).wait_connected(hub)
            probe = hub.join("vm1")
            for _ in range(5):
                probe.send()
            probe.send("log")
            sub.wait_seqs([1, 2, 3, 4, 5, 6])
            check(hub.stats()["journal_failed"] == 5, "%s" % hub.stats())
            check(hub.stats()["journal_appended"] == 0, "%s" % hub.stats())
            check(told(hub) == 1, hub.log())
            check("cannot be written" in hub.appctl("xfsm/show"),
                  hub.appctl("xfsm/show"))
            pid = hub.process.pid

            disk.free()
            probe.send()
            probe.send()
            sub.wait_seqs([1, 2, 3, 4, 5, 6, 7, 8])
            check(hub.stats()["journal_appended"] == 2, "%s" % hub.stats())
            check("5 records were not kept" in hub.log(), hub.log())
            check("cannot be written" not in hub.appctl("xfsm/show"),
                  hub.appctl("xfsm/show"))
            check(past(hub) == [7, 8], "%s" % past(hub))
            check(hub.process.pid == pid and hub.process.poll() is None,
                  "the hub was restarted")

            # What was kept is there after a start on a disk that is full.
            disk.fill()
            hub.restart()
            probe.send()
            hub.wait_stat("journal_appended", 1)
            check(past(hub) == [7, 8, 9], "%s" % past(hub))
            hub.kill()


def test_disk_fills():
    """The disk fills up while the hub runs: the journal has its room."""
    with Hub("--journal-mib=%d" % JOURNAL_MIB,
             "--label-rates=alert=0") as hub:
        hub.kill()
        path = os.path.join(hub.dir, "disk")
        with Disk(path, 2 * JOURNAL_MIB * 1024) as disk:
            hub.restart("--journal=%s/journal" % path)
            probe = hub.join("vm1")
            disk.fill()
            n = 3 * 8 * SEGMENT // 1024         # Three times around.
            for _ in range(n):
                probe.send(text="x" * 900)
            hub.wait_stat("journal_appended", n)
            check(hub.stats()["journal_failed"] == 0, "%s" % hub.stats())
            check(told(hub) == 0, hub.log())
            check(past(hub)[-1] == n, "the last event")
            hub.kill()


if __name__ == "__main__":
    xfsmtest.need_root()
    hubtest.main(test_disk_full, test_disk_fills)
