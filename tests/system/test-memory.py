# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Private memory of an idle probe, by the number of its programs.  Printed,
and held below a limit, so that a host can carry a thousand."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check                                  # noqa: E402

# KiB.  The aim is 3 MiB; what else an allocator or a libc may take is allowed
# for.
LIMIT = 4 * 1024

PROGRAMS = ("portscan", "synflood", "nxdomain")


def private_kib(pid):
    """Memory that is this process's alone and was written to.  The rest of
    what it has is program text, which all probes share."""
    with open("/proc/%d/smaps_rollup" % pid) as f:
        for line in f:
            if line.startswith("Private_Dirty:"):
                return int(line.split()[1])
    raise xfsmtest.Failure("no Private_Dirty of pid %d" % pid)


def test(host):
    if host.sanitized:
        xfsmtest.skip("sanitizers need memory of their own")
    host.start()
    host.add_bridge("br0")
    host.add_vm("br0", "vm1")
    for n in range(1, len(PROGRAMS) + 1):
        host.vsctl("set", "Port", "vm1",
                   'external_ids:xfsm="%s"' % ",".join(PROGRAMS[:n]))
        host.wait_status("vm1", "running")
        xfsmtest.wait_until(lambda n=n: "program " + PROGRAMS[n - 1]
                            in host.appctl("xfsm-probe.vm1", "xfsm/show"),
                            5, "program to be loaded")
        kib = private_kib(host.probe_pid("vm1"))
        print("idle probe with %d program(s): %d KiB private" % (n, kib))
        check(kib <= LIMIT, "more than %d KiB" % LIMIT)
    print("agent: %d KiB, hub: %d KiB" % (private_kib(host.pid("ovs-xfsmd")),
                                          private_kib(host.pid("xfsm-hub"))))


if __name__ == "__main__":
    xfsmtest.main(test)
