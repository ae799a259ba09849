# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Traffic of which every lost packet is noticed."""

import contextlib
import os
import sys

import xfsmtest
from xfsmtest import wait_until

PORT = 7007

# Seconds between two datagrams.  The switch has a buffer of some 250, and must
# have a processor before it is full, also where others want it, as what runs
# in circles does: so it goes first.
INTERVAL = 0.0005 * xfsmtest.PATIENCE

FIRST = -20

SENDER = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
n = 0
while not sys.stdin.isatty():
    s.sendto(b"%d" % n, (sys.argv[1], int(sys.argv[2])))
    n += 1
    sys.stdout.write("%d\\n" % n)
    sys.stdout.flush()
    time.sleep(float(sys.argv[3]))
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
        pid = host.pid("ovs-vswitchd")
        for thread in os.listdir("/proc/%d/task" % pid):
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, int(thread), FIRST)
        self.sent = os.path.join(host.dir, "sent")
        self.received = os.path.join(host.dir, "received")
        self.receiver = self._start(sink, self.received, RECEIVER, str(PORT))
        wait_until(lambda: os.path.getsize(self.received), 10, "receiver")
        self.sender = self._start(source, self.sent, SENDER, address,
                                  str(PORT), str(INTERVAL))
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
