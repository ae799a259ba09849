# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Private memory of an idle probe, by the number of its programs.  Printed,
and held below a limit, so that a host can carry a thousand.  Huge pages are
asked for where somebody wants them or where tables are full, and nowhere
else."""

import itertools
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from resttest import make_scan                              # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

# KiB.  The aim is 3 MiB; what else an allocator or a libc may take is allowed
# for.
LIMIT = 4 * 1024

# Sources of which a SYN each is in nearly all pages of portscan's detector.
SOURCES = 6000

PROGRAMS = ("portscan", "synflood", "nxdomain")


def private_kib(pid):
    """Memory that is this process's alone and was written to.  The rest of
    what it has is program text, which all probes share."""
    with open("/proc/%d/smaps_rollup" % pid) as f:
        for line in f:
            if line.startswith("Private_Dirty:"):
                return int(line.split()[1])
    raise xfsmtest.Failure("no Private_Dirty of pid %d" % pid)


def asks_for_huge_pages(pid):
    """KiB of address space for which the process asks for huge pages, or None
    if it is gone."""
    kib = 0
    try:
        with open("/proc/%d/smaps" % pid) as f:
            for line in f:
                if line.startswith("Size:"):
                    size = int(line.split()[1])
                elif line.startswith("VmFlags:") and " hg" in line:
                    kib += size
    except (FileNotFoundError, ProcessLookupError):
        return None
    return kib


def told_huge_pages(host, port):
    """The same as the probe tells it."""
    memory = host.appctl("xfsm-probe." + port, "memory/show", ok=(0, 1, 2))
    found = re.search(r"huge-KiB:(\d+)", memory)
    return int(found.group(1)) if found else 0 if memory else None


def wait_huge_pages(host, port, want):
    """Waits until a probe asks for huge pages, or does not, and tells of as
    many as the kernel does."""
    def is_so():
        pid = host.probe_pid(port)
        if host.status(port) != "running" or not pid:
            return False
        asked, told = asks_for_huge_pages(pid), told_huge_pages(host, port)
        if asked is None or told is None or host.probe_pid(port) != pid:
            return False
        return (asked > 0) == (told > 0) == want and (
            asked >= told if host.sanitized else asked == told)

    wait_until(is_so, 10, "huge pages of %s: %s" % (port, want))


def test_huge_pages(host):
    """By the option for all ports, by the key for one."""
    for port in "vm1", "vm2":
        host.vsctl("set", "Port", port, "external_ids:xfsm=portscan")
        wait_huge_pages(host, port, False)
    pid = host.probe_pid("vm2")
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm-huge-pages=true")
    wait_huge_pages(host, "vm1", True)
    check(host.probe_pid("vm2") == pid, "another port's probe was restarted")
    wait_huge_pages(host, "vm2", False)
    print("huge pages: %d KiB of one probe" % told_huge_pages(host, "vm1"))

    host.vsctl("set", "Port", "vm1", "external_ids:xfsm-huge-pages=false")
    host.xfsm_ctl("set", "XFSM_Global", ".", "options:huge-pages=true")
    wait_huge_pages(host, "vm2", True)
    wait_huge_pages(host, "vm1", False)
    host.xfsm_ctl("remove", "XFSM_Global", ".", "options", "huge-pages")
    wait_huge_pages(host, "vm2", False)
    for port in "vm1", "vm2":
        for key in "xfsm-huge-pages", "xfsm":
            host.vsctl("remove", "Port", port, "external_ids", key)
        host.wait_status(port, None)


def make_sources():
    """A capture of a SYN of each of many sources."""
    sources = itertools.islice(itertools.product(range(256), repeat=2),
                               SOURCES)
    scans = [make_scan("10.1.%d.%d" % source, "10.2.0.1", [80])
             for source in sources]
    header = 24
    return scans[0] + b"".join(scan[header:] for scan in scans[1:])


def test_full(host, vms):
    """Huge pages where a table is full, unless the port wants none."""
    capture = os.path.join(host.dir, "sources.pcap")
    with open(capture, "wb") as f:
        f.write(make_sources())
    host.vsctl("set", "Port", "vm2", "external_ids:xfsm-huge-pages=false")
    for vm in vms:
        host.vsctl("set", "Port", vm.name, "external_ids:xfsm=portscan")
        wait_huge_pages(host, vm.name, False)
    for vm in vms:
        vm.replay(capture, "--topspeed")
        wait_until(lambda vm=vm: host.probe_stats(vm.name).get("handled", 0)
                   >= SOURCES, 10, "packets of " + vm.name)
    wait_huge_pages(host, "vm1", True)
    print("full tables: %d KiB" % told_huge_pages(host, "vm1"))
    wait_huge_pages(host, "vm2", False)
    host.vsctl("remove", "Port", "vm2", "external_ids", "xfsm-huge-pages")
    for vm in vms:
        host.vsctl("remove", "Port", vm.name, "external_ids", "xfsm")
        host.wait_status(vm.name, None)


def test(host):
    host.start()
    host.add_bridge("br0")
    vms = [host.add_vm("br0", name) for name in ("vm1", "vm2")]
    if os.path.exists("/sys/kernel/mm/transparent_hugepage"):
        test_huge_pages(host)
        test_full(host, vms)
    else:
        print("no huge pages here: not run")
    if host.sanitized:
        print("sanitizers need memory of their own: not measured")
        return
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
