# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""A probe that has nothing to do does nothing, and one that has too much to do
accounts for every packet, and says in its events that some are missing."""

import os
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import Subscriber, check, wait_until          # noqa: E402

# Of idle time, as long as the kernel counts the processor time of a probe in
# nanoseconds; longer says the same.
IDLE_SECONDS = 5

# Share of a processor, and wake-ups a second, that an idle probe may take.
# The agent's PING, once a second, is one of them.
IDLE_CPU = 0.001
IDLE_WAKEUPS = 1

# Frames sent while the probe stands still, of which the ring (256 KiB) holds a
# third at most, of their headers: an overload of 300 %.
NUMBERED = 4500
FRAME = 400

# EtherType for experiments, which no kernel sends by itself.
ETHERTYPE = 0x88b5

# Reports each frame, by its length.
FRAMES = """<xfsm name="frames" version="1">
  <statedef id="s"/>
  <metric name="n"><variation_monitor status="on" type="dleft"/></metric>
  <feature name="count" body="n"/>
  <event type="packet" selector="eth_type 0x88b5 and len 100"
         primary-key="eth_src">
    <state id="s">
      <use-metric id="n" vm_update="eth_src"/>
      <condition expression="true" action="Publish(alert, last %count)"/>
    </state>
  </event>
  <event type="packet" selector="eth_type 0x88b5" primary-key="eth_src">
    <state id="s">
      <use-metric id="n" vm_update="eth_src"/>
      <condition expression="count &lt; 0" action="Publish(log, never)"/>
    </state>
  </event>
</xfsm>
"""

# Sends COUNT frames of LENGTH bytes on eth0, numbered from FIRST.
SENDER = """
import socket, struct, sys
count, length, first = map(int, sys.argv[1:])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
for i in range(first, first + count):
    s.send((b"\\xff" * 6 + b"\\2" * 6 + b"\\x88\\xb5"
            + struct.pack(">I", i)).ljust(length, b"\\0"))
"""


# The same by source address, and UDP packets of 200 of them.
FLOWS = FRAMES.replace('"frames"', '"flows"').replace(
    "eth_type 0x88b5", "proto udp and dst_port 9").replace("eth_src",
                                                           "ip_src")
FLOW_SENDER = SENDER.replace('b"\\x88\\xb5"', 'b"\\x08\\0\\x45\\0"').replace(
    'struct.pack(">I", i)',
    'struct.pack(">HHHBBH4B4BHHHH", length - 14, i & 0xffff, 0, 64, 17, 0, '
    '10, 0, 1, i % 200, 10, 0, 0, 2, 5, 9, length - 34, 0)')


def send(vm, count, length, first=0):
    vm.run(sys.executable, "-c", SENDER, str(count), str(length), str(first))


def usage(pid):
    """Nanoseconds of processor time and wake-ups, of all threads."""
    cpu = wakeups = 0
    for tid in os.listdir("/proc/%d/task" % pid):
        path = "/proc/%d/task/%s/" % (pid, tid)
        with open(path + "schedstat") as f:
            cpu += int(f.read().split()[0])
        with open(path + "status") as f:
            wakeups += sum(int(line.split()[1]) for line in f
                           if line.startswith("voluntary_ctxt_switches"))
    return cpu, wakeups


def measure_idle(pid):
    """Share of a processor and wake-ups a second, over IDLE_SECONDS."""
    start, (cpu, wakeups) = time.monotonic(), usage(pid)
    wait_until(lambda: time.monotonic() - start >= IDLE_SECONDS,
               IDLE_SECONDS + 1, "the end of the measurement")
    seconds = time.monotonic() - start
    cpu2, wakeups2 = usage(pid)
    return (cpu2 - cpu) / 1e9 / seconds, (wakeups2 - wakeups) / seconds


def test_idle(host, workers):
    """The least of some measurements counts: what disturbs one is not the
    probe's doing."""
    host.vsctl("set", "Port", "vm1",
               'external_ids:xfsm="portscan,synflood"',
               "external_ids:xfsm-workers=%d" % workers)
    host.wait_status("vm1", "running")
    wait_until(lambda: len(os.listdir("/proc/%d/task" % host.probe_pid(
        "vm1"))) >= workers, 10, "workers")
    best = []

    def is_idle():
        cpu, wakeups = measure_idle(host.probe_pid("vm1"))
        best[:] = [cpu, wakeups]
        # One more, because the interval may begin just before a PING.
        return (cpu <= IDLE_CPU
                and wakeups <= IDLE_WAKEUPS + 1.01 / IDLE_SECONDS)

    wait_until(is_idle, 6 * IDLE_SECONDS,
               lambda: "an idle probe with %d workers takes %.3f %% of a "
               "processor and wakes up %.1f times a second" % (
                   workers, best[0] * 100, best[1]))
    print("idle, %d workers: %.3f %% of a processor, %.1f wake-ups a second"
          % (workers, best[0] * 100, best[1]))


def test_overload(host, vm, workers):
    """Numbered frames, while the probe is stopped: received is processed and
    shed, and what was sent is received and filtered."""
    host.xfsm_ctl("set", "XFSM_Global", ".", "options:kernel-filter=true")
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=frames",
               "external_ids:xfsm-workers=%d" % workers,
               "external_ids:xfsm-ring-kib=256")
    wait_until(lambda: "program frames" in host.appctl(
        "xfsm-probe.vm1", "xfsm/show", ok=(0, 1, 2)), 10, "program")
    host.wait_status("vm1", "running")
    subscriber = Subscriber(host, "alert")

    # What is not lost is not said to be.
    send(vm, 1, 100)
    wait_until(lambda: len(subscriber.events()) == 1, 10, "event")
    check("lost" not in subscriber.events()[0], subscriber.events()[0])

    pid = host.probe_pid("vm1")
    os.kill(pid, signal.SIGSTOP)
    try:
        send(vm, NUMBERED, FRAME)
    finally:
        os.kill(pid, signal.SIGCONT)
    check(host.probe_pid("vm1") == pid, "the probe was restarted")

    def settled():
        stats = host.probe_stats("vm1")
        return stats["rx_waiting"] == 0 and stats["rx_received"] > NUMBERED

    wait_until(settled, 10, lambda: "all to be taken: %s" % host.probe_stats(
        "vm1"))
    send(vm, 1, 100)
    wait_until(lambda: len(subscriber.events()) == 2, 10, "event")
    stats = host.probe_stats("vm1")
    sent = NUMBERED + 2
    print("%d workers: sent %d, received %d = processed %d + shed %d" % (
        workers, sent, stats["rx_received"], stats["packets"],
        stats["dropped"]))
    check(stats["rx_received"] == sent, "not all were received: %s" % stats)
    check(stats["packets"] + stats["dropped"] == sent
          and stats["packets"] == stats["rx_packets"],
          "not all are accounted for: %s" % stats)
    check(stats["dropped"] >= NUMBERED * 2 / 3, "no overload: %s" % stats)
    check(stats["matched"] == stats["packets"], "not matched: %s" % stats)

    # What is left is the beginning: the newest were refused.
    event = subscriber.events()[1]
    check(event["text"] == "last %d" % stats["packets"], event)
    check(event["lost"] == stats["dropped"], event)
    check(stats["events_lossy"] == 1, stats)

    # Packets that no program wants are spared, not received.
    before = host.probe_stats("vm1")
    vm.run(sys.executable, "-c", SENDER.replace("\\x88\\xb5", "\\x88\\xb6"),
           "100", "60", "0")
    wait_until(lambda: host.probe_stats("vm1")["rx_filtered"]
               >= before["rx_filtered"] + 100, 10, "frames to be spared")
    check(host.probe_stats("vm1")["rx_received"] == before["rx_received"],
          "frames that nobody wants were received")

    # With a load it takes many packets at a time.
    before, wakeups = host.probe_stats("vm1")["packets"], usage(pid)[1]
    send(vm, NUMBERED, 64)
    wait_until(lambda: host.probe_stats("vm1")["packets"] > before, 10,
               "packets")
    wait_until(lambda: host.probe_stats("vm1")["rx_waiting"] == 0, 10,
               "all to be taken")
    packets = host.probe_stats("vm1")["packets"] - before
    wakeups = usage(pid)[1] - wakeups
    print("load: %.1f packets a wake-up" % (packets / wakeups))
    check(packets / wakeups >= 20, "%d wake-ups for %d packets" % (
        wakeups, packets))
    subscriber.stop()
    host.vsctl("remove", "Port", "vm1", "external_ids", "xfsm")
    host.wait_status("vm1", None)


def test_spread_overload(host, vm):
    """The same with packets that are spread over workers."""
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=flows",
               "external_ids:xfsm-workers=4",
               "external_ids:xfsm-ring-kib=256")
    wait_until(lambda: "by the pair" in host.appctl(
        "xfsm-probe.vm1", "xfsm/show", ok=(0, 1, 2))
        or "by the source" in host.appctl(
            "xfsm-probe.vm1", "xfsm/show", ok=(0, 1, 2)), 10, "program")
    host.wait_status("vm1", "running")
    pid = host.probe_pid("vm1")
    sent = 4 * NUMBERED
    os.kill(pid, signal.SIGSTOP)
    try:
        vm.run(sys.executable, "-c", FLOW_SENDER, str(sent), str(FRAME), "0")
    finally:
        os.kill(pid, signal.SIGCONT)

    def settled():
        stats = host.probe_stats("vm1")
        return stats["rx_waiting"] == 0 and stats["rx_received"] >= sent

    wait_until(settled, 10, lambda: "all to be taken: %s" % host.probe_stats(
        "vm1"))
    stats = host.probe_stats("vm1")
    print("4 workers, spread: sent %d, received %d = processed %d + shed %d" %
          (sent, stats["rx_received"], stats["packets"], stats["dropped"]))
    check(stats["rx_received"] == sent
          and stats["packets"] + stats["dropped"] == sent,
          "not all are accounted for: %s" % stats)
    # What four rings of that size hold is more than what one does.
    check(stats["packets"] > 1000 and stats["dropped"] >= sent / 2, stats)
    host.vsctl("remove", "Port", "vm1", "external_ids", "xfsm")
    host.wait_status("vm1", None)


def test_switch_undisturbed(host, vm1, vm2):
    """Enabling and disabling a probe is no reconfiguration of the bridge, and
    loses no packet."""
    def reconfigured():
        return int(host.appctl("ovs-vswitchd", "coverage/read-counter",
                               "bridge_reconfigure"))

    receiver = socket_in(vm2.netns)
    before = reconfigured()
    sent = 0
    for _ in range(10):
        host.vsctl("--no-wait", "set", "Port", "vm1",
                   "external_ids:xfsm=portscan")
        send(vm1, 50, 64, sent)
        host.wait_status("vm1", "running")
        send(vm1, 50, 64, sent + 50)
        host.vsctl("--no-wait", "remove", "Port", "vm1", "external_ids",
                   "xfsm")
        send(vm1, 50, 64, sent + 100)
        host.wait_status("vm1", None)
        sent += 150
    numbers = []

    def all_there():
        while True:
            try:
                frame = receiver.recv(2048)
            except BlockingIOError:
                break
            numbers.append(struct.unpack(">I", frame[14:18])[0])
        return len(numbers) >= sent

    wait_until(all_there, 10, lambda: "%d frames, %d of them came" % (
        sent, len(numbers)))
    check(numbers == list(range(sent)), "other frames than were sent")
    check(reconfigured() == before, "bridge_reconfigure went from %d to %d"
          % (before, reconfigured()))
    receiver.close()
    print("10 probes came and went: %d frames, none lost, no "
          "reconfiguration" % sent)


def socket_in(netns):
    """A packet socket on eth0 of a namespace, for ETHERTYPE."""
    ours, theirs = socket.socketpair()
    script = ("import socket, sys\n"
              "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, "
              "socket.htons(%d))\n"
              "s.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)\n"
              "s.bind(('eth0', %d))\n"
              "socket.send_fds(socket.socket(fileno=%d), [b'x'], "
              "[s.fileno()])\n" % (ETHERTYPE, ETHERTYPE, theirs.fileno()))
    subprocess.run(["ip", "netns", "exec", netns, sys.executable, "-c",
                    script], pass_fds=[theirs.fileno()], check=True)
    theirs.close()
    _, fds, _, _ = socket.recv_fds(ours, 1, 1)
    ours.close()
    s = socket.socket(fileno=fds[0])
    s.setblocking(False)
    return s


def test(host):
    host.start()
    host.add_bridge("br0")
    vm1 = host.add_vm("br0", "vm1")
    vm2 = host.add_vm("br0", "vm2")
    for ns in (vm1.netns, vm2.netns, host.ns):
        host.run("ip", "netns", "exec", ns, "sysctl", "-qw",
                 "net.ipv6.conf.all.disable_ipv6=1")
    for name, text in (("frames", FRAMES), ("flows", FLOWS)):
        path = os.path.join(host.dir, name + ".xml")
        with open(path, "w") as f:
            f.write(text)
        host.xfsm_ctl("add-program", path)
    # Probes are stopped for longer than one may hang.
    host.xfsm_ctl("set", "XFSM_Global", ".", "options:hang-ms=60000")

    test_switch_undisturbed(host, vm1, vm2)
    for workers in (1, 4):
        test_overload(host, vm1, workers)
    test_spread_overload(host, vm1)
    if not host.sanitized:
        for workers in (1, 4):
            test_idle(host, workers)


if __name__ == "__main__":
    xfsmtest.main(test)
