# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""What tests of faults share: a host with two monitored ports of two bridges,
vm1 and vm9, one of which a fault concerns and the other not."""

import os
import re
import time

from xfsmtest import check, wait_until

# Seconds within which monitoring is back.
SOON = 2

# The same after the database was away.
AFTER_OUTAGE = 10


class Untouched:
    """Fails if a probe is another process at the end."""

    def __init__(self, host, *interfaces):
        self.host = host
        self.pids = {name: host.probe_pid(name) for name in interfaces}

    def __enter__(self):
        check(all(self.pids.values()), "no probe: %s" % self.pids)
        return self

    def __exit__(self, exc_type, exc, tb):
        if exc_type is None:
            for name, pid in self.pids.items():
                check(self.host.probe_pid(name) == pid,
                      "the probe of %s was restarted" % name)


def probe_row(host, interface, column):
    return host.xfsm_ctl("--bare", "--columns=" + column, "find", "Probe",
                         "interface=" + interface, ok=(0, 1))


def failures(host):
    """Transactions of the agent that failed."""
    return int(host.appctl("ovs-xfsmd", "coverage/read-counter",
                           "txn_error"))


class Delays:
    """How long the agent said that it waits until it starts a probe again.
    The log has them all; each is told elsewhere for no longer than it
    lasts."""

    def __init__(self, host, interface):
        self.host = host
        self.pattern = re.compile(r"probe %s: .*; restarted after (\S+) s"
                                  % re.escape(interface))
        self.n = len(self.all())

    def all(self):
        return self.pattern.findall(self.host.log("ovs-xfsmd"))

    def since(self):
        return self.all()[self.n:]


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def check_idle(pid):
    """Fails if a process uses a third of a processor, over a second."""
    start, used = time.monotonic(), cpu_seconds(pid)
    wait_until(lambda: time.monotonic() >= start + 1, 2, "a second")
    share = (cpu_seconds(pid) - used) / (time.monotonic() - start)
    check(share < 0.33, "%.2f of a processor" % share)


PROBE = """#!/bin/sh
for arg; do
    case $arg in --interface=*) port=${{arg#*=}} ;; esac
done
if test -e {dir}/crash-$port; then
    kill -SEGV $$
elif test -e {dir}/exit-$port; then
    echo "there is no way" >&2
    exit $(cat {dir}/exit-$port)
elif test -e {dir}/spin-$port; then
    echo $$ >{dir}/spin-$port.pid
    while :; do :; done
fi
exec {probe} "$@"
"""


def make_libexec(host):
    """A folder with the programs that the agent starts, in which a probe
    crashes for as long as a file "crash-INTERFACE" is there, exits with the
    status that "exit-INTERFACE" says, or spins and leaves its pid for
    "spin-INTERFACE"."""
    host.libexecdir = os.path.join(host.dir, "libexec")
    os.mkdir(host.libexecdir)
    for name in ("xfsm-hub", "xfsm-compiler", "xfsm-exporter"):
        os.symlink(host.tool("ovs-plugin/" + name),
                   os.path.join(host.libexecdir, name))
    path = os.path.join(host.libexecdir, "xfsm-probe")
    with open(path, "w") as f:
        f.write(PROBE.format(dir=host.libexecdir,
                             probe=host.tool("ovs-plugin/xfsm-probe")))
    os.chmod(path, 0o755)
    host.env["XFSM_LIBEXECDIR"] = host.libexecdir


def setup(host):
    """Starts the host, and returns the machines behind vm1 and vm2, of one
    bridge."""
    make_libexec(host)
    host.start()
    host.add_bridge("br0")
    host.add_bridge("br9")
    vm1 = host.add_vm("br0", "vm1", "10.0.0.1/24")
    vm2 = host.add_vm("br0", "vm2", "10.0.0.2/24")
    host.add_vm("br9", "vm9", "10.0.9.9/24")
    for port in ("vm1", "vm9"):
        host.vsctl("set", "Port", port, "external_ids:xfsm=portscan")
        host.wait_status(port, "running")
    return vm1, vm2


def run_tests(names, *args):
    """Calls each test_NAME(), with as many arguments as it takes, or those
    that the environment variable XFSM_TEST_ONLY names."""
    only = os.environ.get("XFSM_TEST_ONLY", "").split()
    for name, f in list(names.items()):
        if name.startswith("test_") and (not only or name[5:] in only):
            start = time.monotonic()
            f(*args[:f.__code__.co_argcount])
            print("%s: %.1f s" % (name[5:], time.monotonic() - start),
                  flush=True)
