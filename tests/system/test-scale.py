# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Many ports of one host are monitored at once: how long until all are, what
an idle probe takes in memory, and what the agent does while nothing happens.

What the load of the machine does not change is asserted always: memory, that
each port comes to be monitored by a process that is started once, how often
the database is written, that it is not while nothing changes, and that only
the rows are that changed.  Times are printed, and asserted where
XFSM_SCALE_PORTS says how many ports there are to be, as "make check-scale"
does."""

import json
import os
import resource
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from faulttest import cpu_seconds                           # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

# Ports in CI, and there with sanitizers.
PORTS = 40
PORTS_SANITIZED = 8

# Seconds until all ports are monitored.
ENABLE_S = 10

# KiB, private to an idle probe.
MEMORY_KIB = 3 * 1024

# Of one processor, for the agent while nothing happens.
IDLE_SHARE = 0.01

# How often the agent writes: statistics, and anything else, by the number of
# ports (seconds).
STATS_S = 1
STATUS_MAX_S = 0.1
STATUS_PORT_S = 0.0002

# Sends a frame to an address that a bridge does not forward to.
SEND = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
s.send(bytes.fromhex("0180c2000000020000000001") + b"\\x88\\xb5" + 46 * b"\\0")
"""


def start(host, n):
    """The agent may have fewer file descriptors than it needs, but for that
    it may ask for more."""
    host.start_ovsdb()
    host.start_vswitchd()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (n + 32, hard))
    host.start_agent()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    wait_until(host.has_xfsm, 15, "the agent to add the database XFSM")
    host.add_bridge("br0")


def create_ports(host, names):
    """One namespace has the other ends of all veths.  IPv6, by which each
    would speak to all others as soon as it is up, is off."""
    peers = host.add_netns("peers")
    for ns in (host.ns, peers):
        host.run("ip", "netns", "exec", ns, "sh", "-c",
                 "! test -e /proc/sys/net/ipv6 ||"
                 " echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6")
    host.run("ip", "-batch", "-", timeout=120, input="".join(
        "link add %s netns %s type veth peer name %s netns %s\n"
        % (name, host.ns, name, peers) for name in names))
    for ns in (host.ns, peers):
        host.run("ip", "-n", ns, "-batch", "-", timeout=120, input="".join(
            "link set %s up\n" % name for name in names))
    host.vsctl(*[word for name in names
                 for word in ("--", "add-port", "br0", name)], timeout=120)
    return peers


def n_running(host):
    return len(host.vsctl("--bare", "--columns=name", "find", "Port",
                          "external_ids:xfsm-status=running").split())


def transactions(host):
    """Of the agent, that changed something, in both databases."""
    return int(host.appctl("ovs-xfsmd", "coverage/read-counter",
                           "txn_success"))


def settle(host):
    """Waits until nothing was written for some time."""
    last, since = -1, 0

    def is_settled():
        nonlocal last, since
        n = transactions(host)
        if n != last:
            last, since = n, time.monotonic()
        return time.monotonic() >= since + 2.5 * STATS_S

    wait_until(is_settled, 30, "the database not to be written any more")


class Changes:
    """Which probes' rows change."""

    def __init__(self, host):
        self.path = os.path.join(host.dir, "changes")
        with open(self.path, "w") as out:
            self.process = host.popen(
                "ovsdb-client", "monitor", "--format=json",
                "unix:%s/db.sock" % host.rundir, "XFSM", "Probe",
                "interface,statistics,state_keys,last_event,status,pid",
                stdout=out, stderr=subprocess.STDOUT)
        wait_until(lambda: self.read(0), 20, "the monitor")
        self.n = len(self.read(0))

    def read(self, n=None):
        """Interfaces of each change since the beginning."""
        with open(self.path) as f:
            lines = [line for line in f if line.endswith("\n")]
        changes = []
        for line in lines[self.n if n is None else n:]:
            table = json.loads(line)
            column = table["headings"].index("interface")
            changes.append({row[column] for row in table["data"]} - {None})
        return changes


def enable(host, names, timed):
    agent = host.pid("ovs-xfsmd")
    n, cpu, begin = transactions(host), cpu_seconds(agent), time.monotonic()
    host.vsctl("set", "Bridge", "br0", "external_ids:xfsm=portscan")
    # And the bridge's own port.
    wait_until(lambda: n_running(host) == len(names) + 1,
               ENABLE_S if timed else 60, lambda: "all to be monitored, only "
               "%d are" % n_running(host))
    took = time.monotonic() - begin
    n = transactions(host) - n
    cpu = cpu_seconds(agent) - cpu
    interval = min(STATUS_MAX_S, STATUS_PORT_S * len(names))
    check(n <= 2 * took / interval + took / STATS_S + 4,
          "too many transactions")
    pids = {host.probe_pid(name) for name in names}
    check(len(pids) == len(names) and 0 not in pids, "not all have a process")
    print("%d ports: %.1f s until all are monitored, %d transactions; %.2f s "
          "of a processor for the agent, %.1f s for the probes" % (
              len(names), took, n, cpu, sum(map(cpu_seconds, pids))),
          flush=True)
    check(not host.xfsm_ctl("--bare", "--columns=interface", "find", "Probe",
                            "restarts!=0"), "some were started again")
    return pids


def check_memory(pids):
    worst = []
    for pid in pids:
        with open("/proc/%d/smaps_rollup" % pid) as f:
            values = dict(line.split(":") for line in f.readlines()[1:])
        worst.append(int(values["Private_Dirty"].split()[0]))
    print("an idle probe: %d to %d KiB private" % (min(worst), max(worst)))
    check(max(worst) <= MEMORY_KIB, "more than %d KiB" % MEMORY_KIB)


def check_idle(host, changes, seconds, timed):
    """Nothing happens, and nothing is written."""
    agent = host.pid("ovs-xfsmd")
    n, n_changes = transactions(host), len(changes.read())
    cpu, begin = cpu_seconds(agent), time.monotonic()
    wait_until(lambda: time.monotonic() >= begin + seconds, seconds + 5,
               "time to pass")
    share = (cpu_seconds(agent) - cpu) / (time.monotonic() - begin)
    print("idle: the agent uses %.2f %% of a processor" % (100 * share),
          flush=True)
    check(transactions(host) == n, "%d transactions" % (transactions(host)
                                                        - n))
    check(len(changes.read()) == n_changes, changes.read())
    check(not timed or share <= IDLE_SHARE, "that is too much")


def check_busy_port(host, changes, peers, name):
    """One port has traffic: only it is written, and only once an interval."""
    n, n_changes, begin = (transactions(host), len(changes.read()),
                           time.monotonic())

    def send():
        host.run("ip", "netns", "exec", peers, sys.executable, "-c", SEND,
                 name)
        return len(changes.read()) >= n_changes + 3

    wait_until(send, 20, "statistics to be written")
    n, took = transactions(host) - n, time.monotonic() - begin
    print("one port has traffic: %d transactions in %.1f s" % (n, took),
          flush=True)
    check(n <= took / STATS_S + 2, "too many transactions")
    for interfaces in changes.read()[n_changes:]:
        check(interfaces == {name}, "written: %s" % interfaces)


def test(host):
    n = int(os.environ.get("XFSM_SCALE_PORTS", 0))
    timed = n > 0
    n = n or (PORTS_SANITIZED if host.sanitized else PORTS)
    names = ["p%d" % i for i in range(n)]
    start(host, n)
    peers = create_ports(host, names)
    pids = enable(host, names, timed)
    if not host.sanitized:
        check_memory(pids)
    changes = Changes(host)
    settle(host)
    check_idle(host, changes, 10 if timed else 3, timed)
    check_busy_port(host, changes, peers, names[1])
    check({host.probe_pid(name) for name in names} == pids,
          "a probe was restarted")
    host.check_log()


if __name__ == "__main__":
    xfsmtest.main(test)
