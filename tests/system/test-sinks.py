# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Where events go from the hub: forms, files that rotate, syslog; and that
the hub's own messages are as the schema says."""

import contextlib
import json
import os
import re
import signal
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
sys.path.insert(0, os.path.join(HERE, "..", "golden"))
import hubtest                                              # noqa: E402
import schema                                               # noqa: E402
import zmqlite                                              # noqa: E402
from hubtest import Hub, Subscriber                         # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

ALERT = {"level": "HIGH", "description": "Port scan", "code": "PS1",
         "text": "of 10.0.0.2",
         "key": {"ip_src": "10.0.0.1", "ip_dst": "10.0.0.2", "proto": 6}}

SYSLOG = re.compile(rb"^<(\d+)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z hv1 "
                    rb'ovs-xfsm - (\w+) \[xfsm@32473 program="echo" '
                    rb'bridge="br0" port="vm1" epoch="\d+" seq="(\d+)"\] '
                    rb"(.*)$", re.DOTALL)


def test_formats():
    with Hub() as hub:
        probe = hub.join("vm1")
        subs = {name: Subscriber(hub, "--format", name)
                for name in ("json", "eve", "ecs", "ocsf", "text")}
        for s in subs.values():
            s.wait_connected(hub)
        probe.send("alert", **ALERT)
        for name, s in subs.items():
            wait_until(lambda s=s: os.path.getsize(s.path), 10, s.errors)
            if name == "text":
                with open(s.path) as f:
                    check("of 10.0.0.2" in f.read(), "text")
                continue
            event = wait_until(s.events, 10, s.errors)[0]
            expected = {
                "json": lambda e: e["text"] == "of 10.0.0.2",
                "eve": lambda e: (e["alert"]["signature"] == "Port scan"
                                  and e["src_ip"] == "10.0.0.1"
                                  and e["event_type"] == "alert"),
                "ecs": lambda e: (e["source"]["ip"] == "10.0.0.1"
                                  and e["event"]["kind"] == "alert"
                                  and e["network"]["transport"] == "tcp"),
                "ocsf": lambda e: (
                    e["class_uid"] == 2004
                    and e["type_uid"] == e["class_uid"] * 100
                    + e["activity_id"]
                    and e["evidences"][0]["src_endpoint"]["ip"]
                    == "10.0.0.1"),
            }[name]
            check(expected(event), "%s: %s" % (name, event))


def test_schema():
    """Messages of the hub, and events with what it adds."""
    root = schema.load()
    with Hub("--label-rates=log=1") as hub:
        s = zmqlite.Socket(zmqlite.SUB)
        s.set(zmqlite.SUBSCRIBE, b"")
        s.connect(hub.endpoint)
        hub.wait_heard()
        probe = hub.join("vm1")
        probe.send("alert", **ALERT)
        probe.send("alert", seq=5)
        for _ in range(5):
            probe.send("log")
        probe.send("alert")
        labels = set()
        deadline = time.monotonic() + 10
        while (not labels >= {"alert", "log", "lost", "suppressed",
                              "heartbeat"}
               and time.monotonic() < deadline):
            frames = s.recv(0.2)
            if frames:
                event = json.loads(frames[1])
                wrong = list(schema.errors(event, root))
                check(not wrong, "%s: %s" % (event, wrong))
                check(frames[0].decode() == "%s/%s/br0/vm1" % (
                    event["label"], event["program"]), "%s" % frames)
                labels.add(event["label"])
        check(len(labels) == 5, "labels: %s" % labels)
        s.close()


def take_syslog(sock, n):
    """Takes n messages; returns (priority, label, seq, text) of each."""
    sock.settimeout(10)
    found = []
    for _ in range(n):
        data = sock.recv(65536)
        match = SYSLOG.match(data)
        check(match, "not RFC 5424: %s" % data)
        found.append((int(match.group(1)), match.group(2).decode(),
                      int(match.group(3)), match.group(4).decode()))
    return found


def test_syslog():
    with Hub() as hub:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        unix = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = os.path.join(hub.dir, "log.sock")
        unix.bind(path)
        probe = hub.join("vm1")
        a = Subscriber(hub, "--format", "text", "--syslog",
                       "udp:127.0.0.1:%d" % udp.getsockname()[1])
        b = Subscriber(hub, "--format", "json", "--syslog", "unix:" + path)
        a.wait_connected(hub)
        b.wait_connected(hub)
        probe.send("alert", **ALERT)
        probe.send("log", text="x" * 200)
        first, second = take_syslog(udp, 2)
        check(first[:3] == (131, "alert", 1) and "of 10.0.0.2" in first[3],
              "%s" % (first,))
        check(second[:3] == (134, "log", 2), "%s" % (second,))
        messages = take_syslog(unix, 2)
        check([json.loads(m[3])["seq"] for m in messages] == [1, 2],
              "%s" % messages)
        check(not a.events() and not b.events(), "output")


def test_rotation():
    """Each event is in one of the files, none of which is too large."""
    total = 12000
    with Hub() as hub:
        path = os.path.join(hub.dir, "out.json")
        probe = hub.join("vm1")
        sub = Subscriber(hub, "--output", path, "--rotate-mib", "1",
                         "--rotate-keep", "20")
        sub.wait_connected(hub)

        def written():
            seqs = []
            for i in range(20, -1, -1):
                name = "%s.%d" % (path, i) if i else path
                # It may get another name at any moment.
                with contextlib.suppress(FileNotFoundError), open(name) as f:
                    seqs += [json.loads(line)["seq"] for line in f
                             if line.endswith("\n")]
            return seqs

        sent = 0
        while sent < total:
            for _ in range(500):
                probe.send("log", text="x" * 300)
            sent += 500
            hub.wait_stat("published", sent)
            wait_until(lambda n=sent: written()[-1:] == [n], 20, sub.errors)
        check(written() == list(range(1, total + 1)),
              "%d events" % len(written()))
        check(os.path.exists(path + ".3"), "no rotation")
        for name in os.listdir(hub.dir):
            if name.startswith("out.json"):
                size = os.path.getsize(os.path.join(hub.dir, name))
                check(size <= 1 << 20, "%s has %d bytes" % (name, size))

        # Another program moves the file away.
        os.rename(path, path + ".moved")
        sub.process.send_signal(signal.SIGHUP)
        probe.send("log")
        wait_until(lambda: os.path.exists(path), 10, sub.errors)


if __name__ == "__main__":
    hubtest.main(*[test for name, test in sorted(globals().items())
                   if name.startswith("test_")
                   and (len(sys.argv) < 2 or name in sys.argv[1:])])
