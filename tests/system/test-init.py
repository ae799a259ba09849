# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Adding the database, and enabling and disabling monitoring, costs the
switch nothing: no packet is lost, no reconfiguration happens."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

PORT = 7007

SENDER = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
n = 0
while not sys.stdin.isatty():
    s.sendto(b"%d" % n, (sys.argv[1], int(sys.argv[2])))
    n += 1
    sys.stdout.write("%d\\n" % n)
    sys.stdout.flush()
    time.sleep(0.0005)
"""

RECEIVER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
s.bind(("0.0.0.0", int(sys.argv[1])))
print("ready")
sys.stdout.flush()
while True:
    print(int(s.recv(64)))
    sys.stdout.flush()
"""


class Stream:
    """Numbered datagrams from one machine to another, until stopped."""

    def __init__(self, host, source, sink, address):
        self.host = host
        self.sent = os.path.join(host.dir, "sent")
        self.received = os.path.join(host.dir, "received")
        self.receiver = self._start(sink, self.received, RECEIVER, str(PORT))
        wait_until(lambda: os.path.getsize(self.received), 10, "receiver")
        self.sender = self._start(source, self.sent, SENDER, address,
                                  str(PORT))
        wait_until(lambda: len(self.numbers()) > 20, 10, "datagrams")

    def _start(self, vm, path, code, *args):
        with open(path, "w") as f:
            return self.host.popen("ip", "netns", "exec", vm.netns,
                                   sys.executable, "-c", code, *args,
                                   stdout=f)

    def numbers(self):
        with open(self.received) as f:
            return [int(line) for line in f.read().splitlines()[1:]
                    if line.isdigit()]

    def stop(self):
        """Returns how many were sent and how many of them were lost."""
        self.sender.terminate()
        self.sender.wait(10)
        with open(self.sent) as f:
            sent = len(f.read().splitlines())
        # The last one may have been sent and not been counted any more.
        sent = max(sent, self.numbers()[-1] + 1)
        first = self.numbers()[0]       # Before it, ARP took its time.
        wait_until(lambda: self.numbers()[-1] >= sent - 1, 5,
                   "the last datagram")
        self.receiver.terminate()
        return sent, sent - first - len(set(self.numbers()))


def reconfigurations(host):
    """How often ovs-vswitchd has run bridge_reconfigure."""
    return int(host.appctl("ovs-vswitchd", "coverage/read-counter",
                           "bridge_reconfigure"))


def test(host):
    host.start_ovsdb()
    host.start_vswitchd()
    host.add_bridge("br0")
    vm1 = host.add_vm("br0", "vm1", "10.0.0.1/24")
    vm2 = host.add_vm("br0", "vm2", "10.0.0.2/24")
    stream = Stream(host, vm1, vm2, "10.0.0.2")
    # A plain ovs-vsctl asks ovs-vswitchd to tell when it is done, which by
    # itself costs a reconfiguration; --no-wait does not.
    before = reconfigurations(host)
    pid = host.pid("ovsdb-server")

    out = host.run(host.tool("utilities/xfsm-ctl"), "init")
    check("added to the running ovsdb-server" in out, out)
    check(host.has_xfsm(), "no database XFSM")
    again = host.run(host.tool("utilities/xfsm-ctl"), "init")
    check("added" not in again, again)
    check(host.pid("ovsdb-server") == pid, "ovsdb-server was restarted")

    host.start_agent()
    for program in ("portscan", "synflood"):
        host.vsctl("--no-wait", "set", "Port", "vm1",
                   "external_ids:xfsm=" + program)
        host.wait_status("vm1", "running")
        host.vsctl("--no-wait", "remove", "Port", "vm1", "external_ids",
                   "xfsm")
        host.wait_status("vm1", None)
    host.vsctl("--no-wait", "set", "Bridge", "br0",
               "external_ids:xfsm=nxdomain")
    host.wait_status("vm2", "running")

    sent, lost = stream.stop()
    check(lost == 0, "%d of %d datagrams were lost" % (lost, sent))
    check(before > 0, "the counter bridge_reconfigure was not found")
    check(reconfigurations(host) == before, "bridge_reconfigure ran %d times"
          % (reconfigurations(host) - before))
    print("%d datagrams, none lost; bridge_reconfigure still at %d" % (
        sent, before))


if __name__ == "__main__":
    xfsmtest.main(test)
