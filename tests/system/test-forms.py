# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Events in other forms: CBOR equals the JSON, lines are one frame, nothing
is made for nobody, and rsyslog's imczmq takes the lines as they are."""

import glob
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import hubtest                                              # noqa: E402
import xfsmtest                                             # noqa: E402
import zmqlite                                              # noqa: E402
from hubtest import Hub                                     # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

ALERT = {"version": "1.0", "level": "HIGH", "suspect": True,
         "text": "of \"10.0.0.2\"\\ \n\t\x01\x7f\xe9\xff \u20ac \U0001f600",
         "key": {"ip_src": "10.0.0.1", "proto": 6, "src_port": 65535},
         "external_ids": {"vm-uuid": "machine-1"},
         "fields": {"rate": 4.5, "tiny": 1e-300, "big": 2 ** 64 - 1,
                    "less": -2 ** 40, "match": {"ip_dst": "::1"}},
         "features": {"a": 0.1, "b": None, "c": 1e17},
         "later": [1, [True, False], {}]}

RSYSLOG = """module(load="imczmq")
input(type="imczmq" socktype="SUB" topics="line/alert"
      endpoints=">%s")
template(name="event" type="string"
         string="%%rawmsg:R,ERE,1,DFLT:^line/[^ ]+ (.*)--end%%\\n")
action(type="omfile" file="%s" template="event")
"""
# Compares lines of CBOR in hex with lines of JSON.
COMPARE = """import cbor2, json, sys
for line in sys.stdin:
    binary, text = line.split(" ", 1)
    event = json.loads(text)
    other = cbor2.loads(bytes.fromhex(binary))
    assert other == event, "%s is not %s" % (other, event)
"""
IMCZMQ = "/usr/lib/*/rsyslog/imczmq.so"


def find_cbor2():
    """A Python that has Debian's python3-cbor2, or None."""
    for python in (sys.executable, "/usr/bin/python3"):
        if os.path.exists(python) and not subprocess.run(
                [python, "-c", "import cbor2"], stderr=subprocess.DEVNULL,
                check=False).returncode:
            return python
    return None


def find_imczmq():
    return shutil.which("rsyslogd") and glob.glob(IMCZMQ)


def subscribe(hub, *topics, endpoint=None):
    """A socket whose subscriptions are in effect."""
    s = zmqlite.Socket(zmqlite.SUB)
    for topic in topics:
        s.set(zmqlite.SUBSCRIBE, topic)
    forms = not endpoint
    name = "forms_subscriptions" if forms else "subscriptions"
    before = hub.stats()[name]
    s.connect(endpoint or hub.endpoint + ".forms")
    wait_until(lambda: hub.stats()[name] >= before + len(topics), 10,
               "subscriptions")
    return s


def test_forms():
    """Each subscriber gets the form of its topic, and the same event."""
    pairs = []
    with Hub() as hub:
        probe = hub.join("vm1")
        plain = subscribe(hub, b"alert", b"log", endpoint=hub.endpoint)
        probe.send("alert")
        hub.wait_stat("published", 1)
        check(hub.stats()["cbor_published"] == 0
              and hub.stats()["line_published"] == 0, hub.stats())
        check(plain.recv(10), "no event")

        line = subscribe(hub, b"line/alert/echo/br0")
        cbor = subscribe(hub, b"cbor/alert", b"cbor/log/echo")
        for label, members in (("log", {}), ("alert", ALERT)):
            probe.send(label, **members)
            topic, body = plain.recv(10)
            event = json.loads(body)
            check(event["prev"] >= 0, event)
            other_topic, other = cbor.recv(10)
            check(other_topic == b"cbor/" + topic, other_topic)
            pairs.append(other.hex() + " " + body.decode() + "\n")
            print("%s: %d bytes of JSON, %d of CBOR" % (
                label, len(body), len(other)))
            if label == "alert":
                frames = line.recv(10)
                check(frames == [b"line/" + topic + b" " + body], frames)
        check(plain.recv() is None and cbor.recv() is None
              and line.recv() is None, "more than there was")

        # Nothing is made when the last one goes.
        cbor.close()
        line.close()
        wait_until(lambda: hub.stats()["forms_subscriptions"] == 0, 10,
                   hub.stats)
        before = hub.stats()
        probe.send("alert")
        check(plain.recv(10), "no event")
        for name in ("cbor_published", "line_published", "forms_failed"):
            check(hub.stats()[name] == before[name], (name, hub.stats()))

        # Everything is each form, heartbeats too.
        everything = subscribe(hub, b"")
        seen = set()
        while not {b"cbor/heartbeat", b"line/heartbeat"} <= seen:
            frames = everything.recv(10)
            check(frames, "forms: %s" % seen)
            seen.add(b"/".join(frames[0].split(b"/")[:2]))
        everything.close()
        plain.close()
    if not PYTHON:
        return
    done = subprocess.run([PYTHON, "-c", COMPARE], input="".join(pairs),
                          stderr=subprocess.PIPE, universal_newlines=True,
                          check=False)
    check(not done.returncode, done.stderr)


def test_rsyslog():
    """rsyslog writes what its imczmq takes from the hub."""
    if not find_imczmq():
        return
    with Hub() as hub:
        path = os.path.join(hub.dir, "alerts")
        conf = os.path.join(hub.dir, "rsyslog.conf")
        with open(conf, "w") as f:
            f.write(RSYSLOG % (hub.endpoint + ".forms", path))
        daemon = subprocess.Popen(
            ["rsyslogd", "-n", "-f", conf, "-i", hub.dir + "/rsyslog.pid"],
            stdout=subprocess.DEVNULL)
        hub.children.append(daemon)
        probe = hub.join("vm1")
        hub.wait_stat("forms_subscriptions", 1)
        for label in ("log", "alert", "log", "alert"):
            probe.send(label, text="number %d" % (probe.seq + 1))

        def lines():
            if not os.path.exists(path):
                return []
            with open(path) as f:
                return [json.loads(li) for li in f if li.endswith("\n")]

        wait_until(lambda: len(lines()) >= 2, 10, "alerts of rsyslog")
        check([(e["seq"], e["text"]) for e in lines()]
              == [(2, "number 2"), (4, "number 4")], lines())
        print("rsyslog wrote %d alerts as they were" % len(lines()))


if __name__ == "__main__":
    xfsmtest.need_root()
    PYTHON = find_cbor2()
    MISSING = ([] if PYTHON else ["python3-cbor2"]) + (
        [] if find_imczmq() else ["rsyslog with imczmq"])
    try:
        hubtest.main(test_forms, test_rsyslog)
    except SystemExit as e:
        if not e.code and MISSING:
            xfsmtest.skip("all but what needs " + ", ".join(MISSING))
        raise
