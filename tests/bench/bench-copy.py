# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""What a packet socket costs who sends on the port: the time of send() on a
veth, for frames of several lengths, with no socket beside it, with one whose
filter leaves all out, one that has the headers copied (netdev-ring.h,
XFSM_RING_HEADERS), and one that has whole frames copied; and, for short ones,
with other settings of the ring.

    unshare -n python3 tests/bench/bench-copy.py

Processor time of this thread alone, in ns a frame; the cases take turns, and
what is printed is the median over the rounds, and what it is more than with no
socket.  Needs root and a network namespace of its own."""

import ctypes
import mmap
import random
import socket
import statistics
import struct
import subprocess
import time

ROUNDS = 80

# <linux/if_packet.h>, <asm/socket.h>
SOL_PACKET = 263
PACKET_RX_RING, PACKET_VERSION, PACKET_VNET_HDR = 5, 10, 15
TPACKET_V3 = 2
SO_ATTACH_FILTER = 26
ETH_P_ALL = 3


class Ring:
    """A ring as a probe has it, whose filter returns 'wanted' bytes."""

    def __init__(self, wanted, vnet=1, blocks=32, size=128 * 1024, retire=20):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        s = self.sock
        s.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V3)
        s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, vnet)
        s.setsockopt(SOL_PACKET, PACKET_RX_RING,
                     struct.pack("7I", size, blocks, size, blocks, retire, 0,
                                 0))
        self.map = mmap.mmap(s.fileno(), size * blocks)
        for at in range(0, size * blocks, mmap.PAGESIZE):
            self.map[at]                # Its pages are there.
        code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0,
                                                       wanted))
        s.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                     struct.pack("HxxxxxxQ", 1, ctypes.addressof(code)))
        s.bind(("va", ETH_P_ALL))

    def close(self):
        self.map.close()
        self.sock.close()


def measure(cases, length):
    """Prints the figures of 'cases', a dict of arguments of Ring by name."""
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sender.bind(("va", 0))
    frame = b"\xff" * 6 + b"\x02" * 6 + b"\x88\xb5" + bytes(length - 14)
    n = 40 if length > 10000 else 600
    results = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name in random.sample(list(cases), len(cases)):
            ring = Ring(**cases[name]) if cases[name] else None
            start = time.thread_time_ns()
            for _ in range(n):
                sender.send(frame)
            results[name].append((time.thread_time_ns() - start) / n)
            if ring:
                ring.close()
    base = statistics.median(results["no socket"])
    for name, values in results.items():
        value = statistics.median(values)
        print("| %d | %s | %.0f | %+.0f |" % (length, name, value,
                                              value - base))


def main():
    subprocess.run("ip link add va type veth peer name vb "
                   "&& ip link set va mtu 65535 up "
                   "&& ip link set vb mtu 65535 up", shell=True, check=True)
    print("| bytes | packet socket | ns a frame | more |\n"
          "| ---: | --- | ---: | ---: |")
    for length in 60, 1400, 60000:
        measure({"no socket": None, "all left out": {"wanted": 0},
                 "headers copied": {"wanted": 128},
                 "copied whole": {"wanted": 262144}}, length)
    head = {"wanted": 128}
    measure({"no socket": None, "headers copied": head,
             "without vnet headers": {**head, "vnet": 0},
             "2 blocks": {**head, "blocks": 2},
             "blocks of 1 MiB": {**head, "blocks": 4, "size": 1 << 20},
             "blocks of 32 KiB": {**head, "blocks": 128, "size": 1 << 15},
             "retire-ms=1": {**head, "retire": 1},
             "retire-ms=100": {**head, "retire": 100}}, 60)


if __name__ == "__main__":
    main()
