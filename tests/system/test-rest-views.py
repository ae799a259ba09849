# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""What the REST API of xfsm-controller shows of a fleet that is watched: how
much there was, one port, states of flows, top talkers; and what a program
makes of a capture that a user sends."""

import hashlib
import itertools
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from fleettest import Server                                # noqa: E402
from resttest import RestController, make_scan              # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

PORT = 18100
MAX_CAPTURE = 8 << 20
MAX_FORM = MAX_CAPTURE + (1 << 20) + 16384
LIBRARY = os.path.join(xfsmtest.TOP_SRCDIR, "utilities/programs")


def read_program(name):
    """The text of a program that tells each second what it tells, and is
    called what its row is called."""
    with open(os.path.join(LIBRARY, name + ".xml")) as f:
        return f.read().replace('name="window" default="60"',
                                'name="window" default="1"').replace(
            '<xfsm name="%s"' % name, "<xfsm")


def start_fleet(host):
    """A host with two ports, and one that is nowhere."""
    server = Server(host, "fleet", "xfsm-fleet")
    db = server.connect()
    db.insert("Host", name="hv1", remotes=["unix:%s/db.sock" % host.rundir],
              events="ipc://%s/xfsm-hub.events" % host.rundir)
    db.insert("Host", name="ghost", remotes=["unix:%s/nosuch" % host.dir])
    for name in ("portscan", "toptalkers"):
        db.insert("Program", name=name, version=3, source=read_program(name))
    db.insert("Assignment", name="all", enabled=True, hosts=["*"],
              programs=["portscan", "toptalkers"], target={"port": "vm*"})
    db.insert("Assignment", name="strict", enabled=True, hosts=["*"],
              programs=["portscan"], target={"port": "vm2"},
              parameters={"max_rate": "2"})
    rest = RestController(host, "rest", PORT, "--http-rate=10000",
                          "--db=" + server.remote)
    host.wait_status("vm1", "running", 20)
    host.wait_status("vm2", "running", 20)
    return server, db, rest


def test_history(rest, scan):
    """Samples add up: of ports to hosts, of hosts to the fleet."""
    base = "/api/v1/hosts/hv1"
    wanted = {"/api/v1/history": 8, base + "/history": 7,
              base + "/ports/vm1/history": 4}

    def last(path):
        answer = rest.call("GET", path)
        if answer.status != 200:
            return None
        values = answer.json["values"]
        check(all(len(v) == len(answer.json["times"])
                  for v in values.values()), answer.body)
        return values and {name: v[-1] for name, v in values.items()}

    def ready():
        """Traffic and alerts that all of them know of."""
        scan()
        found = [last(path) for path in wanted]
        return all(v and v["packets"] and v["alerts"]
                   for v in found) and found

    fleet, hv1, vm1 = wait_until(ready, 40, "a history with alerts")
    check(fleet["hosts"] == 2 and fleet["probes"] == hv1["probes"] == 2
          and fleet["ports"] == 2 and hv1["probes_failed"] == 0
          and vm1["dropped"] == 0, str((fleet, hv1, vm1)))
    for path, n in wanted.items():
        answer = rest.get(path + "?range=24h").json
        check(answer["period"] == 300000 and answer["range"] == "24h"
              and len(answer["values"]) == n, str(answer))
        times = rest.get(path).json["times"]
        check(all(b - a == 5000 for a, b in zip(times, times[1:]))
              and times[0] % 5000 == 0, str(times))
        rest.get(path + "?range=1h", status=400)
    ghost = rest.get("/api/v1/hosts/ghost/history").json["values"]
    check(set(ghost["packets"]) == {None}, str(ghost))
    rest.get("/api/v1/hosts/nosuch/history", status=404)
    rest.get(base + "/ports/nosuch/history", status=404)
    rest.get("/api/v1/hosts/ghost/ports/vm1/history", status=404)


def test_port(rest, scan):
    """One port, with what its programs know."""
    def known():
        scan()
        port = rest.get("/api/v1/hosts/hv1/ports/vm1").json
        return port["states"].get("portscan/reported") and port

    port = wait_until(known, 20, "a flow in a state")
    check(port["id"] == "hv1/vm1" and port["bridge"] == "br0"
          and port["versions"] == {"portscan": 3, "toptalkers": 3}
          and sorted(port["running_programs"]) == ["portscan", "toptalkers"]
          and port["netdev_class"] and port["last_event"], str(port))
    rest.get("/api/v1/hosts/hv1/ports/nosuch", status=404)
    rest.get("/api/v1/hosts/nosuch/ports/vm1", status=404)
    rest.get("/api/v1/hosts/hv1/ports/" + "x" * 128, status=404)
    check(rest.get("/api/v1/hosts/hv1").json["agent"]["hub"] == "running"
          and "agent" not in rest.get("/api/v1/hosts/ghost").json,
          "what the agent says")
    # A program with the parameters of an assignment is still that program.
    for program, ids in (("portscan", ["hv1/vm1", "hv1/vm2"]),
                         ("toptalkers", ["hv1/vm1", "hv1/vm2"]),
                         ("nosuch", [])):
        page = rest.get("/api/v1/ports?program=" + program).json
        check([p["id"] for p in page["items"]] == ids
              and page["total"] == len(ids), str(page))


def test_states(rest, scan):
    """Keys in states, over all ports and assignments."""
    def both():
        scan()
        items = rest.get("/api/v1/programs/portscan/states").json["items"]
        return next((i for i in items
                     if i["state"] == "reported" and i["ports"] == 2), None)

    state = wait_until(both, 20, "flows on both ports")
    check(state["keys"] >= 2, str(state))
    page = rest.get("/api/v1/programs/portscan/states?limit=1").json
    check(len(page["items"]) == 1, str(page))
    check(not rest.get("/api/v1/programs/nosuch/states").json["items"],
          "states of no program")


def test_talkers(rest, scan):
    """Lists of keys: the newest of each port, page by page."""
    def lists(query=""):
        return rest.get("/api/v1/talkers" + query).json["items"]

    def both():
        scan()
        found = lists()
        return len(found) == 2 and found

    found = wait_until(both, 20, "lists of two ports")
    check([i["id"] for i in found] == ["hv1/vm1/toptalkers/talkers",
                                       "hv1/vm2/toptalkers/talkers"],
          str(found))
    entry = found[0]["entries"][0]
    check(entry["key"]["ip_src"].startswith("10.0.0.") and entry["count"],
          str(entry))
    for query, n in (("?port=vm1", 1), ("?host=hv1&program=toptalkers", 2),
                     ("?host=ghost", 0), ("?program=portscan", 0)):
        check(len(lists(query)) == n, query)
    page = rest.get("/api/v1/talkers?limit=1").json
    check(page["total"] == 2 and page["next"] == page["items"][0]["id"],
          str(page))
    check(lists("?after=" + page["next"])[0]["port"] == "vm2", "a page")
    before = lists("?port=vm1")[0]["time"]

    def newer():
        scan()
        return lists("?port=vm1")[0]["time"] > before

    wait_until(newer, 20, "a newer list")


# Publishes more for each packet than anybody wants to read.
TALKATIVE = """<xfsm name="talkative"><statedef id="a"/>
<event type="packet" primary-key="ip_src"><state id="a">
<condition expression="true" action="%s"/></state></event></xfsm>
""" % "; ".join("Publish(log, %d %s)" % (n, "x" * 400) for n in range(10))

# A toolbox that takes its time: until there is a file "go".
SLOW_TOOL = """#!/bin/sh
test "$1" = run || test "$1" = graph || exec "%(tool)s" "$@"
: > "%(dir)s/started.$$"
until test -e "%(dir)s/go"; do sleep 0.05; done
echo slow >&2
exit 1
"""


def make_form(**fields):
    """Body and headers of a form."""
    parts = [("--frontier\r\nContent-Disposition: form-data; name=\"%s\"%s"
              "\r\n\r\n" % (name, "; filename=\"x\""
                            if name == "capture" else "")).encode()
             + (value if isinstance(value, bytes) else value.encode())
             + b"\r\n" for name, value in fields.items()]
    return b"".join(parts) + b"--frontier--\r\n", {
        "Content-Type": "multipart/form-data; boundary=frontier"}


def announce(rest, path, length):
    """Status of a request that tells the length of its body and waits."""
    sock = rest.connect()
    sock.putrequest("POST", path)
    for name, value in (("Authorization", "Bearer " + rest.tokens["operator"]),
                        ("Content-Length", str(length)),
                        ("Expect", "100-continue")):
        sock.putheader(name, value)
    sock.endheaders()
    line = sock.sock.recv(4096)
    sock.close()
    return int(line.split()[1])


def test_capture(rest):
    """A program on a capture: events, errors, limits."""
    path = "/api/v1/programs/test"
    scan = make_scan("10.9.0.1", "10.9.0.2", range(1, 60))
    source = read_program("portscan")

    def run(status, **fields):
        answer = rest.call("POST", path, "operator", *make_form(**fields))
        check(answer.status == status, "%d: %s" % (answer.status,
                                                   answer.body[:500]))
        return answer.json

    for fields in ({"source": source}, {"program": "portscan"},
                   {"program": "portscan", "version": "3"}):
        result = run(200, capture=scan, **fields)
        check([e["key"] for e in result["events"]
               if e["label"] == "alert"]
              == [{"ip_src": "10.9.0.1", "ip_dst": "10.9.0.2"}]
              and not result["truncated"], str(result))
    # 118 packets, ten events each: the limit on their number.
    short = TALKATIVE.replace("x" * 400, "x")
    result = run(200, capture=scan, source=short)
    check(len(result["events"]) == 1000 and result["truncated"], "1180")
    result = run(200, capture=make_scan("10.9.0.1", "10.9.0.2", range(50)),
                 source=short)
    check(len(result["events"]) == 1000 and not result["truncated"], "1000")

    # Parameters: what they change, the most of them, and what is none.
    result = run(200, capture=scan, program="portscan",
                 parameters="{\"max_rate\": \"100000\"}")
    check(result == {"events": [], "truncated": False}, str(result))
    check("there is no parameter" in run(
        422, capture=scan, program="portscan",
        parameters=json.dumps({"p%d" % i: "1" for i in range(64)}))
        ["detail"], "64")
    check(run(400, capture=scan, program="portscan", parameters=json.dumps(
        {"p%d" % i: "1" for i in range(65)})), "65")
    for n, status in ((4096, 422), (4097, 413)):
        text = "{\"p\": \"%s\"}"
        check(run(status, capture=scan, program="portscan", parameters=text
                  % ("1" * (n + 2 - len(text)))), n)
    for text in ("", "{", "[]", "{\"max_rate\": 1}", "{\"a\": null}"):
        check(run(400, capture=scan, program="portscan", parameters=text),
              text)

    check("line" not in run(422, capture=scan, source="<xfsm>\n<no/>")
          ["detail"], "no")
    check("not a readable capture" in run(422, capture=b"no capture",
                                          source=source)["detail"], "a text")
    check("truncated" in run(422, capture=scan[:-1], source=source)["detail"],
          "half a capture")
    for fields in ({"capture": scan}, {"source": source},
                   {"capture": b"", "source": source},
                   {"capture": scan, "source": b"\xff"},
                   {"capture": scan, "source": ""},
                   {"capture": scan, "source": source, "program": "portscan"},
                   {"capture": scan, "source": source, "version": "1"},
                   {"capture": scan, "program": "portscan", "version": "x"},
                   {"capture": scan, "program": "portscan", "more": "x"}):
        run(400, **fields)
    run(404, capture=scan, program="nosuch")
    run(404, capture=scan, program="portscan", version="9")
    body, headers = make_form(capture=scan, source=source)
    for bad in (body[:-20], b"", b"{}"):
        check(rest.call("POST", path, "operator", bad, headers).status == 400,
              "half a form")
    check(rest.call("POST", path, "operator", body).status == 400, "no form")

    # A capture at the limit, and one past it; a form past its own.
    for over, status in ((0, 422), (1, 413)):
        run(status, capture=bytes(MAX_CAPTURE + over), source=source)
    for where, n, status in ((path, MAX_FORM, 100), (path, MAX_FORM + 1, 413),
                             ("/api/v1/programs/validate", 2 << 20, 413)):
        check(announce(rest, where, n) == status, "%s: %d bytes" % (where, n))


def test_bodies(rest):
    """All bodies together at the limit, and over it."""
    path = "/api/v1/programs/test"
    room = (64 << 20) - 7 * (MAX_FORM - 1)
    waiting = []
    for _ in range(7):
        connection = rest.connect()
        connection.putrequest("POST", path)
        connection.putheader("Authorization", "Bearer "
                             + rest.tokens["operator"])
        connection.putheader("Content-Length", str(MAX_FORM))
        connection.endheaders()
        connection.send(bytes(MAX_FORM - 1))
        waiting.append(connection)
    wait_until(lambda: announce(rest, path, room + 1) == 503, 20,
               "too much at a time")
    check(announce(rest, path, room) == 100, "all that there is room for")
    for connection in waiting:
        connection.close()
    wait_until(lambda: announce(rest, path, room + 1) == 100, 20, "room")
    check("xfsm_http_bodies_refused_total 0" not in rest.get("/metrics").body,
          "bodies that were refused are not counted")


def test_busy(host, db, remote):
    """Two captures at a time, and two looks of tenants; others are told to
    come again."""
    tool = os.path.join(host.dir, "slow-tool")
    with open(tool, "w") as f:
        f.write(SLOW_TOOL % {"dir": host.dir,
                             "tool": host.tool("utilities/xfsm")})
    os.chmod(tool, 0o755)
    rest = RestController(host, "slow", PORT + 1, "--xfsm=" + tool,
                          "--db=" + remote)
    body, headers = make_form(capture=b"x", source="<x/>")
    headers["Authorization"] = "Bearer " + rest.tokens["operator"]

    def send(method="POST", path="/api/v1/programs/test", body=body,
             headers=headers):
        started = [n for n in os.listdir(host.dir) if n[:8] == "started."]
        connection = rest.connect()
        connection.request(method, path, body, headers)
        wait_until(lambda: len([n for n in os.listdir(host.dir)
                                if n[:8] == "started."]) > len(started), 10,
                   "a run of the toolbox")
        return connection

    waiting = [send(), send()]
    answer = rest.call("POST", "/api/v1/programs/test", "operator", body,
                       headers)
    check(answer.status == 503 and answer.headers["Retry-After"],
          answer.body)
    check(rest.call("POST", "/api/v1/programs/validate", "operator",
                    read_program("portscan")).json["valid"],
          "other uses of the toolbox")
    for connection in waiting:          # They go on, unheard.
        connection.close()
    with open(os.path.join(host.dir, "go"), "w"):
        pass
    wait_until(lambda: rest.call("POST", "/api/v1/programs/test", "operator",
                                 body, headers).status == 422, 20,
               "the end of others")
    os.unlink(os.path.join(host.dir, "go"))

    graph = "/api/v1/programs/portscan/graph"
    db.insert("Tenant", name="blue", target={"port": "none"}, programs=["*"])
    db.insert("Role", name="bob", level="viewer", tenant="blue",
              tokens=["sha256:" + hashlib.sha256(b"bob").hexdigest()])
    wait_until(lambda: rest.call("GET", "/api/v1/status", "bob").status
               == 200, 20, "a tenant")
    bob = {"Authorization": "Bearer bob"}
    waiting = [send("GET", graph, None, bob), send("GET", graph, None, bob)]
    check(rest.call("GET", graph, "bob").status == 503, "a third look")
    waiting.append(send("GET", graph, None, {
        "Authorization": "Bearer " + rest.tokens["viewer"]}))
    with open(os.path.join(host.dir, "go"), "w"):
        pass
    for connection in waiting:
        check(connection.getresponse().status == 422, "a run that failed")
        connection.close()
    rest.exit()


def test(host):
    host.start()
    host.add_bridge("br0")
    vm = host.add_vm("br0", "vm1", "10.0.0.1/24")
    host.add_vm("br0", "vm2", "10.0.0.2/24")
    server, db, rest = start_fleet(host)
    tries = iter(range(1000, 60000, 40))
    sources = itertools.cycle(range(10, 250))

    def scan():
        """As another one each time, so that alerts go on."""
        source = "10.0.0.%d" % next(sources)
        vm.run("ip", "addr", "replace", source + "/24", "dev", "eth0")
        vm.run("ip", "route", "replace", "10.0.0.2/32", "dev", "eth0",
               "src", source)
        start = next(tries)
        vm.knock("10.0.0.2", range(start, start + 40))

    test_history(rest, scan)
    test_port(rest, scan)
    test_states(rest, scan)
    test_talkers(rest, scan)
    metrics = rest.get("/metrics").body
    # The fleet, two hosts and two ports.
    for line in ("xfsm_history_series 5", "xfsm_history_refused_total 0",
                 "xfsm_talkers_lists 2",
                 'xfsm_fleet_probes{status="running"} 2'):
        check(line in metrics.splitlines(), metrics)
    test_capture(rest)
    test_bodies(rest)
    test_busy(host, db, server.remote)
    rest.exit()
    db.close()


if __name__ == "__main__":
    xfsmtest.main(test)
