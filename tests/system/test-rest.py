# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The REST API of xfsm-controller, with a database of the fleet, a real host
and its events: who may do what, what is written and what is refused, pages,
limits, streams, TLS.  Each answer is held against the OpenAPI document, and
that against the routes that are served."""

import contextlib
import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from fleettest import FakeHost, Server, named               # noqa: E402
from resttest import ROLES, RestController, connect_in      # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

PORT = 18080
LIBRARY = os.path.join(xfsmtest.TOP_SRCDIR, "utilities/programs/portscan.xml")
MAX_BODY = 1024 * 1024 + 4096

# A toolbox that takes its time: until there is a file "go".
SLOW_TOOL = """#!/bin/sh
: > "%(dir)s/started.$$"
until test -e "%(dir)s/go"; do sleep 0.05; done
echo slow >&2
exit 1
"""

PROGRAM = """<xfsm name="hello" version="1.0">
  <!-- %s -->
  <statedef id="quiet"/>
  <event type="packet" selector="proto tcp" primary-key="ip_src">
    <state id="quiet"><condition expression="true"
     action="Publish(log, hello %%ip_src)"/></state>
  </event>
</xfsm>
"""


def expect(answer, status):
    check(answer.status == status, "%d, not %d: %s" % (
        answer.status, status, answer.body))
    return answer


def test_start(host):
    """What it does not start with."""
    tokens = os.path.join(host.dir, "bad.tokens")
    with open(tokens, "w") as f:
        f.write("# a comment\nme boss sha256:%s\n" % ("0" * 64))
    fleet = os.path.join(host.dir, "empty.json")
    with open(fleet, "w") as f:
        json.dump({"hosts": {}, "programs": {}, "assignments": []}, f)

    def start(*options):
        return host.in_ns(host.tool("controller/xfsm-controller"), *options,
                          ok=(1,), errors=True)

    listen = "--http=127.0.0.1:%d" % PORT
    check("bad.tokens:2: \"boss\" is no role" in start(
        listen, "--http-tokens=" + tokens, fleet), "a bad role")
    check("needs --http-tokens" in start(listen, fleet), "no tokens")
    check("no loopback address" in start(
        "--http=0.0.0.0:%d" % PORT, "--http-tokens=/dev/null",
        "--http-web=%s/controller/web" % xfsmtest.TOP_SRCDIR, fleet),
        "a public address without TLS")
    check("is not NAME:ROLE" in start("--new-token=me"), "a bad name")
    return fleet


def test_routes(rest):
    """Document and routes are the same; each route knows the roles."""
    document = rest.validator.document

    def query(*operations):
        return frozenset(
            parameter["name"] for operation in operations
            for parameter in map(rest.validator.resolve,
                                 operation.get("parameters", ()))
            if parameter["in"] == "query")

    told = {(method.upper(), path, operation["x-role"],
             query(item, operation))
            for path, item in document["paths"].items()
            for method, operation in item.items() if method != "parameters"}
    served = {(*line.split()[:3], frozenset(line.split()[3:])) for line in
              rest.host.appctl(rest.ctl, "http/routes").splitlines()}
    check(told == served, "document and routes differ: %s" % (told ^ served))

    order = ("nobody",) + ROLES
    for method, path, least, known in sorted(served, key=lambda r: r[:3]):
        path = path.replace("{name}", "nosuch").replace("{port}", "none")
        if "stream" in path:
            continue
        for role in order:
            answer = rest.call(method, path,
                               None if role == "nobody" else role,
                               None if method == "GET" else "{}")
            wanted = (401 if role == "nobody" else 403) if (
                order.index(role) < order.index(least)) else None
            check(answer.status == wanted if wanted
                  else answer.status not in (401, 403),
                  "%s %s as %s: %d" % (method, path, role, answer.status))
        if least != "nobody":
            answer = expect(rest.call(method, path + "?nosuch=1",
                                      body=None if method == "GET"
                                      else "{}"), 400)
            check("\"nosuch\" is no parameter of this; known: "
                  in answer.json["detail"]
                  and all(name in answer.json["detail"] for name in known),
                  answer.body)
    expect(rest.call("POST", "/api/v1/hosts"), 405)
    expect(rest.call("GET", "/api/v2/hosts"), 404)
    expect(rest.call("GET", "/api/v1/hosts/../../etc/passwd"), 404)
    expect(rest.call("GET", "/%2e%2e%2fopenapi.json", None), 404)


def test_pages(rest):
    """Lists come page by page, all of them and each once."""
    names = []
    path = "/api/v1/hosts?limit=2"
    while path:
        page = rest.get(path).json
        check(len(page["items"]) <= 2 and page["total"] == 5, str(page))
        names += [host["name"] for host in page["items"]]
        path = ("next" in page
                and "/api/v1/hosts?limit=2&after=" + page["next"])
    check(names == ["ghost%d" % i for i in range(1, 5)] + ["hv1"],
          str(names))
    for limit in ("0", "1001", "x", "-1", "99999999999999999999"):
        rest.get("/api/v1/hosts?limit=" + limit, status=400)
    rest.get("/api/v1/hosts?limit=1000")
    check(rest.get("/api/v1/hosts/hv1").json["labels"] == {"rack": "r1"},
          "labels")
    rest.get("/api/v1/hosts/nosuch", status=404)


def put(rest, path, body, role="operator", **headers):
    return rest.call("PUT", path, role, body, {
        name.replace("_", "-"): value for name, value in headers.items()})


def test_programs(rest, db):
    """Versions are added, by whom knows the one before, if they compile."""
    path = "/api/v1/programs/hello/source"
    first = expect(put(rest, path, PROGRAM % "1"), 201)
    wait_until(lambda: db.rows("Program"), 10, "a program in the database")
    wait_until(lambda: rest.call("GET", path).status == 200, 10, "a program")
    check(rest.get(path).body == PROGRAM % "1"
          and rest.get(path).etag == first.etag, "source and ETag")
    expect(put(rest, path, PROGRAM % "2"), 428)
    expect(put(rest, path, PROGRAM % "2", If_Match='"other"'), 412)
    expect(put(rest, path, PROGRAM % "2", If_None_Match="*"), 412)
    bad = expect(put(rest, path, "<xfsm", If_Match=first.etag), 422)
    check("has errors" in bad.json["detail"], bad.body)
    expect(put(rest, path, PROGRAM % "2", If_Match=first.etag), 201)
    wait_until(lambda: rest.get("/api/v1/programs/hello").json["version"]
               == 2, 10, "a second version")
    expect(put(rest, path, PROGRAM % "3", If_Match=first.etag), 412)
    check([v["version"] for v in rest.get(
        "/api/v1/programs/hello/versions").json["items"]] == [2, 1],
        "versions")
    check(rest.get(path + "?version=1").body == PROGRAM % "1", "version 1")
    rest.get(path + "?version=7", status=404)
    expect(put(rest, "/api/v1/programs/-/source", PROGRAM % "1"), 400)

    for body, valid in ((PROGRAM % "x", True), ("<nonsense/>", False)):
        answer = expect(rest.call("POST", "/api/v1/programs/validate",
                                  "operator", body), 200)
        check(answer.json["valid"] == valid, answer.body)
        check(valid != bool(answer.json["diagnostics"]), answer.body)
    # What can never happen is told, and is no error.
    answer = expect(rest.call(
        "POST", "/api/v1/programs/validate", "operator", (PROGRAM % "x")
        .replace("  <event", "  <statedef id=\"lost\"/>\n  <event", 1)), 200)
    check(answer.json["valid"] and "warning: nothing leads to the state"
          in answer.json["diagnostics"], answer.body)
    for body in (b"", b"<a>\0</a>", b"\xff\xfe"):
        expect(rest.call("POST", "/api/v1/programs/validate", "operator",
                         body), 400)
    drawing = rest.call("GET", "/api/v1/programs/hello/graph", "viewer")
    check(drawing.status == 200 and "<svg" in drawing.body
          or drawing.status == 422 and "dot" in drawing.body, drawing.body)
    if drawing.status != 200:
        print("no drawing: needs dot")


def test_limits(rest):
    """Bodies at the limit and over it."""
    path = "/api/v1/programs/validate"
    exact = b" " * MAX_BODY
    check(rest.call("POST", path, "operator", exact).status == 413
          and rest.call("POST", path, "operator",
                        exact[:1024 * 1024]).status == 200,
          "a program at the limit")
    connection = rest.connect()
    connection.putrequest("POST", path)
    connection.putheader("Authorization", "Bearer "
                         + rest.tokens["operator"])
    connection.putheader("Content-Length", str(MAX_BODY + 1))
    connection.endheaders()
    check(connection.getresponse().status == 413, "a body over the limit")
    connection.close()
    connection = rest.connect()
    ended = False
    with contextlib.suppress(OSError):
        connection.putrequest("POST", path)
        connection.putheader("Authorization", "Bearer "
                             + rest.tokens["operator"])
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        for _ in range(100):
            connection.send(b"10000\r\n" + b" " * 65536 + b"\r\n")
        ended = True
    connection.close()
    check(not ended, "a body without an end was taken")
    connection = rest.connect()
    connection.request("GET", "/api/v1/status", headers={"X": "y" * 40000})
    check(connection.getresponse().status in (413, 431), "a long head")
    connection.close()
    for status in (401, 429):
        wait_until(lambda s=status: rest.call(
            "GET", "/api/v1/status", "wrong").status == s, 20,
            "a wrong token to be %d" % status)
    rest.get("/api/v1/status")


def test_mistakes(rest, db):
    """What is not understood is not taken for something else."""
    db.insert("Role", name="ann", level="viewer",
              tokens=["sha256:" + "0" * 64])
    tokens = "/api/v1/roles/ann/tokens"
    wait_until(lambda: rest.call("GET", "/api/v1/roles/ann").status == 200,
               10, "a role")
    for query in ("digset=x", "digest", "digest=x&digest=y", "digest=%ff"):
        expect(rest.call("DELETE", tokens + "?" + query), 400)
    expect(rest.call("DELETE", tokens + "?digest=x%00"), 404)
    check(db.row("Role", "ann")["tokens"], "a mistake took all tokens away")
    expect(put(rest, "/api/v1/programs/new/source?canary_percent=10",
               PROGRAM % "1"), 400)
    check(not db.rows("Program", named("new")), "a canary for all")
    for path in ("/api/v1/roles/ann%00x", "/api/v1/roles/ann%0a"):
        expect(rest.call("GET", path), 404)
        expect(rest.call("DELETE", path, headers={"If-Match": "*"}), 404)
    for path in ("/api/v1/roles/%ff", "/api/v1/roles/ann%c3"):
        expect(rest.call("DELETE", path), 400)
    for body in ('{"level": "viewer", "level": "admin"}',
                 '{"level": "viewer", "lev\\u0065l": "admin"}',
                 '{"level": "viewer", "tenant": "\\ud800"}'):
        expect(put(rest, "/api/v1/roles/bob", body, "admin"), 400)
    body = {"programs": ["hello"], "hosts": ["*"], "target": {"port": "a"}}
    text = json.dumps(body).replace('"a"', '"a", "port": "*"')
    answer = expect(put(rest, "/api/v1/assignments/twice", text), 400)
    check("twice" in answer.json["detail"], answer.body)
    body["target"]["port"] = "a:\"\\:"
    expect(put(rest, "/api/v1/assignments/twice", body), 201)
    db.delete("Assignment", named("twice"))
    db.delete("Role", named("ann"))


def test_signature(rest, db):
    """It is written as it is; who trusts which key is for others."""
    path = "/api/v1/programs/hello/signature"
    for wrong in ({}, {"version": 1}, {"version": "1", "signature": "x"},
                  {"version": 1, "signature": "x" * 137},
                  {"version": 1, "signature": "x", "more": 1}):
        expect(put(rest, path, wrong), 400)
    expect(put(rest, path, {"version": 99, "signature": "x"}), 404)
    expect(put(rest, path, {"version": 1, "signature": "x" * 136}), 200)
    wait_until(lambda: rest.get("/api/v1/programs/hello?version=1").json
               ["signature"] or db.rows("Program", [["version", "==", 1]])[0]
               ["signature"] == "x" * 136, 10, "a signature")


def test_assignments(rest, db):
    """They are written as asked, and only by whom knows what is there."""
    path = "/api/v1/assignments/web"
    body = {"programs": ["hello"], "target": {"port": "vm*"},
            "host_labels": {"rack": "r1"}}
    for wrong in ({}, [], "x", {"programs": "hello"},
                  dict(body, programs=[1]), dict(body, target={}),
                  dict(body, programs=["hello", "helo"]),
                  dict(body, tenant="nosuch"),
                  dict(body, target={"port": "p" * 1024}),
                  dict(body, target={"external_ids:" + "k" * 1011: "x"}),
                  dict(body, target={"neutron:k%d" % i: "x"
                                     for i in range(65)}),
                  dict(body, target={"nosuch": "1"}),
                  dict(body, target={"port": 1}),
                  dict(body, enabled="yes"), dict(body, surprise=1),
                  dict(body, parameters={"other:limit": "1"}),
                  dict(body, parameters={"limit": "1,2"}),
                  dict(body, host_labels={}), dict(body, programs=[]),
                  dict(body, programs=["p%d" % i for i in range(33)])):
        expect(put(rest, path, wrong if isinstance(wrong, str)
                   else json.dumps(wrong)), 400)
    most = {"neutron:k%d" % i: "x" for i in range(62)}
    most.update({"port": "p" * 1023, "external_ids:" + "k" * 1010: "x"})
    expect(put(rest, path + "most", dict(body, target=most)), 201)
    db.delete("Assignment", named("webmost"))
    expect(put(rest, path, json.dumps(body), If_Match='"x"'), 412)
    created = expect(put(rest, path, body), 201)
    wait_until(lambda: rest.call("GET", path).status == 200, 10,
               "an assignment")
    answer = rest.get(path)
    check(answer.etag == created.etag and answer.json["enabled"]
          and answer.json["target"] == body["target"], answer.body)
    expect(rest.call("GET", path, "viewer",
                     headers={"If-None-Match": answer.etag}), 304)
    row = db.row("Assignment", "web")
    check(row["programs"] == "hello" and row["host_labels"] == {"rack": "r1"},
          str(row))
    expect(put(rest, path, body), 428)
    changed = expect(put(rest, path, dict(body, enabled=False),
                         If_Match=answer.etag), 200)
    wait_until(lambda: rest.get(path).etag == changed.etag, 10, "a change")
    expect(put(rest, path, body, If_Match=answer.etag), 412)
    expect(rest.call("DELETE", path, "operator"), 428)
    expect(rest.call("DELETE", path, "operator",
                     headers={"If-Match": answer.etag}), 412)
    expect(rest.call("DELETE", path, "operator",
                     headers={"If-Match": changed.etag}), 200)
    wait_until(lambda: rest.call("GET", path).status == 404, 10, "a removal")
    check(not db.row("Assignment", "web"), "the row is still there")
    expect(rest.call("DELETE", path, "operator"), 404)


class Follower:
    """A stream of events."""

    def __init__(self, rest, query="", **headers):
        self.connection, self.response = rest.open(
            "GET", "/api/v1/events/stream" + query, "viewer",
            headers={k.replace("_", "-"): v for k, v in headers.items()})
        check(self.response.status == 200
              and self.response.headers.get_content_type()
              == "text/event-stream", str(self.response.status))
        self.validator = rest.validator

    def next(self):
        """The next event, or None at the end."""
        while True:
            line = self.response.readline().decode()
            if not line:
                return None
            if line.startswith("data: "):
                item = json.loads(line[6:])
                self.validator.validate(
                    item, {"$ref": "#/components/schemas/Event"}, "stream")
                return item

    def close(self):
        self.connection.close()


def test_silent(rest):
    """Hosts whose switch does not answer; and no more at a time."""
    body = json.dumps({"target": {"port": "*", "type": "system"},
                       "hosts": ["ghost*", "half"]})
    waiting = []
    for _ in range(6):
        waiting.append(rest.connect())
        waiting[-1].request("POST", "/api/v1/assignments/preview", body, {
            "Authorization": "Bearer " + rest.tokens["viewer"]})
    answers = [connection.getresponse() for connection in waiting]
    check(sorted(a.status for a in answers) == [200] * 4 + [503] * 2,
          str([a.status for a in answers]))
    json_of = [json.loads(a.read().decode()) for a in answers
               if a.status == 200][0]
    check(json_of["silent"] == ["ghost%d" % i for i in range(1, 5)]
          + ["half"] and json_of["ports"] == [
              {"id": "half/vnet1", "bridge": "br9", "port": "vnet1",
               "off": False, "sure": False}], str(json_of))
    for connection in waiting:
        connection.close()


def test_events(rest, host, vm):
    """Events of a real host arrive, filtered, and again from a number on."""
    expect(put(rest, "/api/v1/assignments/all", {
        "programs": ["portscan"], "target": {"port": "vm*"},
        "hosts": ["*"]}), 201)
    host.wait_status("vm1", "running", 20)
    wait_until(lambda: rest.get("/api/v1/ports?host=hv1").json["total"] == 2,
               10, "ports")
    port = rest.get("/api/v1/ports?host=hv1").json["items"][0]
    check(port["id"] == "hv1/vm1" and port["bridge"] == "br0"
          and port["programs"] == ["portscan"], str(port))

    def preview(**target):
        return expect(rest.call(
            "POST", "/api/v1/assignments/preview", "viewer",
            {"target": target, "hosts": ["hv*"]}), 200).json

    found = {"id": "hv1/vm1", "bridge": "br0", "port": "vm1", "off": False,
             "sure": True}
    check(preview(port="vm1") == {"hosts": ["hv1"], "silent": [],
                                  "ports": [found], "total": 1},
          preview(port="vm1"))
    # Keys that no probe tells, and ports that have none.
    host.vsctl("set", "Port", "vm2", "tag=7", "external_ids:xfsm=none")
    check(preview(bridge="br?", tag="7")["ports"]
          == [dict(found, id="hv1/vm2", port="vm2", off=True)],
          preview(bridge="br?", tag="7"))
    check([p["id"] for p in preview(type="internal")["ports"]]
          == ["hv1/br0"], preview(type="internal"))
    host.vsctl("remove", "Port", "vm2", "external_ids", "xfsm", "--",
               "clear", "Port", "vm2", "tag")
    check(not preview(bridge="nosuch")["ports"], "no port")
    expect(rest.call("POST", "/api/v1/assignments/preview", "viewer",
                     {"target": {"port": "*"}, "hosts": ["*"],
                      "tenant": "nosuch"}), 400)

    test_silent(rest)
    alerts = Follower(rest, "?label=alert&host=hv1")
    nothing = Follower(rest, "?host=nosuch")
    tries = iter(range(1000, 30000, 40))

    def scan():
        start = next(tries)
        vm.knock("10.0.0.2", range(start, start + 40))
        return rest.get("/api/v1/events?label=alert").json["items"]

    items = wait_until(scan, 20, "an alert")
    item = alerts.next()
    check(item["host"] == "hv1" and item["event"]["label"] == "alert"
          and item["event"]["key"]["ip_src"] == "10.0.0.1", str(item))
    again = Follower(rest, "?label=alert", Last_Event_ID="0")
    check(again.next()["id"] == item["id"] == items[-1]["id"],
          "a stream from the beginning")
    page = rest.get("/api/v1/events?limit=1").json
    check(len(page["items"]) == 1, str(page))
    if "next" in page:
        older = rest.get("/api/v1/events?limit=1&before=%d"
                         % page["next"]).json
        check(older["items"][0]["id"] < page["items"][0]["id"], str(older))
    for query in ("q=10.0.0.1", "program=portscan", "port=vm1"):
        check(rest.get("/api/v1/events?label=alert&" + query).json["items"],
              query)
    check(not rest.get("/api/v1/events?q=nosuch%22text").json["items"],
          "a text that is nowhere")
    rest.get("/api/v1/events?q=" + "x" * 256, status=400)
    rest.get("/api/v1/events?q=" + "x" * 255)

    # One too many; those that went make room.
    crowd = [Follower(rest) for _ in range(29)]
    connection, response = rest.open("GET", "/api/v1/events/stream")
    check(response.status == 503, "too many streams: %d" % response.status)
    connection.close()
    for follower in crowd + [alerts, again]:
        follower.close()
    return nothing


def test_metrics(rest):
    answer = rest.get("/metrics")
    lines = answer.body.splitlines()
    check(lines[-1] == "# EOF", "the end of the metrics")
    values = dict(line.rsplit(" ", 1) for line in lines
                  if not line.startswith("#"))
    check(values["xfsm_fleet_hosts{state=\"done\"}"] == "1"
          and int(values["xfsm_collector_received_total"]) >= 1
          and int(values["xfsm_collector_label_events_total"
                         "{label=\"alert\"}"]) >= 1
          and values["xfsm_collector_host_connected{host=\"hv1\"}"] == "1"
          and -60 < float(values["xfsm_collector_host_lag_seconds"
                                 "{host=\"hv1\"}"]) < 600
          and values["xfsm_fleet_probes{status=\"running\"}"] == "2"
          and int(values["xfsm_http_streams_refused_total"]) == 1
          and int(values["xfsm_http_too_large_total"]) == 2
          and int(values["xfsm_http_tokens_refused_total"]) >= 2,
          answer.body)


def test_audit(rest):
    items = rest.get("/api/v1/audit?limit=1000", "admin").json["items"]
    told = {(i["user"], i["action"], i["outcome"]) for i in items}
    for wanted in (("the-operator", "put program", "done"),
                   ("the-operator", "delete assignment", "done"),
                   ("the-viewer", "DELETE", "forbidden")):
        check(wanted in told, "%s is not in %s" % (wanted, told))
    page = rest.get("/api/v1/audit?limit=1", "admin").json
    check(page["items"][0] == items[0] and page["next"] == items[0]["id"],
          str(page))


def test_tokens(rest, stream):
    """Tokens that go, go at once, with their streams."""
    os.unlink(rest.tokens_file)
    rest.tokens["new"] = rest.make_token("admin")
    rest.process.send_signal(signal.SIGHUP)
    check(stream.next() is None, "a stream outlives its token")
    stream.close()
    expect(rest.call("GET", "/api/v1/status", "new"), 200)
    check(rest.call("GET", "/api/v1/status", "viewer").status in (401, 429),
          "a token that is gone")
    rest.tokens["viewer"] = rest.tokens["new"]
    with open(rest.tokens_file, "a") as f:
        f.write("broken\n")
    rest.process.send_signal(signal.SIGHUP)
    expect(rest.call("GET", "/api/v1/status", "new"), 200)


def test_web(rest):
    """The pages, with a policy that allows nothing inline."""
    page = rest.call("GET", "/", None)
    check(page.status == 200 and "<script type=\"module\" src=" in page.body
          and "style=" not in page.body and "onclick" not in page.body
          and "default-src 'none'" in
          page.headers["Content-Security-Policy"]
          and "unsafe" not in page.headers["Content-Security-Policy"],
          page.body)
    expect(rest.call("GET", "/", None,
                     headers={"If-None-Match": page.etag}), 304)
    for name in ("app.js", "style.css", "icon.svg", "uPlot.js", "uPlot.css"):
        expect(rest.call("GET", "/" + name, None), 200)


def test_exit(rest, server):
    """It stops with a stream open, and a write that the database does not
    answer."""
    connection, response = rest.open("HEAD", "/api/v1/events/stream",
                                     "new")
    check(response.status == 200 and not response.read(), "HEAD of a stream")
    connection.close()
    last = Follower(rest)
    server.process.send_signal(signal.SIGSTOP)
    waiting = rest.connect()
    waiting.request("PUT", "/api/v1/assignments/late", json.dumps(
        {"programs": ["hello"], "target": {"port": "*"}, "hosts": ["*"]}),
        {"Authorization": "Bearer " + rest.tokens["new"]})
    # This one is answered, so the other has been read.
    rest.get("/api/v1/status")
    rest.exit()
    check(last.next() is None, "a stream after the end")
    check(waiting.getresponse().status == 503, "a write after the end")
    waiting.close()
    server.process.send_signal(signal.SIGCONT)


def test_slow(host, fleet):
    """A program that takes long hinders nobody, and there are not many."""
    tool = os.path.join(host.dir, "slow-tool")
    go = os.path.join(host.dir, "go")
    with open(tool, "w") as f:
        f.write(SLOW_TOOL % {"dir": host.dir})
    os.chmod(tool, 0o755)
    rest = RestController(host, "slow", PORT + 2, "--http-rate=10000",
                          "--xfsm=" + tool, fleet)
    path = "/api/v1/programs/validate"

    def started():
        return [name for name in os.listdir(host.dir)
                if name.startswith("started.")]

    def send():
        n = len(started())
        connection = rest.connect()
        connection.request("POST", path, PROGRAM % "x", {
            "Authorization": "Bearer " + rest.tokens["operator"]})
        wait_until(lambda: len(started()) > n, 10, "a run of the toolbox")
        return connection

    waiting = [send() for _ in range(4)]
    answer = expect(rest.call("POST", path, "operator", PROGRAM % "x"), 503)
    check(answer.headers["Retry-After"], "no Retry-After")
    check("xfsm_http_programs_refused_total 1" in rest.get("/metrics").body,
          "a program that was refused is not counted")
    with open(go, "w"):
        pass
    for connection in waiting:
        answer = json.loads(connection.getresponse().read().decode())
        check(not answer["valid"] and "slow" in answer["diagnostics"],
              str(answer))
        connection.close()
    os.unlink(go)
    hung = send()
    answer = json.loads(hung.getresponse().read().decode())
    check("did not end within 10 seconds" in answer["diagnostics"],
          str(answer))
    hung.close()
    last = send()
    rest.exit()
    check(last.getresponse().status == 503, "a run after the end")
    last.close()


def test_hostile(host, fleet):
    """A toolbox that tries what only an intruder would is killed, and that is
    told to the user, in the log and by a counter."""
    tool = host.tool("tests/system/hostile-toolbox")
    rest = RestController(host, "hostile", PORT + 2, "--xfsm=" + tool, fleet)
    said = json.loads(expect(rest.call(
        "POST", "/api/v1/programs/validate", "operator", PROGRAM % "x"),
        200).body)
    check(not said["valid"] and "the toolbox was killed: with this program it "
          "tried what it may not do" in said["diagnostics"]
          and "taken over" not in said["diagnostics"], str(said))
    check("xfsm_http_programs_caught_total 1" in rest.get("/metrics").body,
          "what was caught is not counted")
    check("only an intruder would" in host.log("hostile"), "not in the log")
    rest.exit()


def test_file(host, fleet):
    """A fleet in a file is not written; a client that hurries is slowed, and
    all goes over TLS as well."""
    xfsmtest.make_certificates(host)
    rest = RestController(
        host, "file", PORT + 1, "--http-rate=2", fleet,
        "--private-key=%s/server.key" % host.dir,
        "--certificate=%s/server.crt" % host.dir)
    with contextlib.suppress(OSError):
        sock = connect_in(host.ns, PORT + 1, 10 * xfsmtest.PATIENCE)
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        check(not sock.recv(100).startswith(b"HTTP"), "plain text with TLS")
    rest.tls = os.path.join(host.dir, "server.crt")
    check(rest.get("/api/v1/status").json["source"] == "file", "the source")
    for method, path in (("PUT", "programs/hello/source"),
                         ("PUT", "programs/hello/signature"),
                         ("PUT", "assignments/x"),
                         ("DELETE", "assignments/x")):
        answer = expect(rest.call(method, "/api/v1/" + path, "operator",
                                  PROGRAM % "1"), 409)
        check("in a file" in answer.json["detail"], answer.body)
    answer = wait_until(lambda: next((
        a for a in (rest.call("GET", "/api/v1/status") for _ in range(20))
        if a.status == 429), None), 30, "to be slowed")
    check(answer.headers["Retry-After"], "no Retry-After")
    rest.exit()


def test(host):
    fleet = test_start(host)
    host.start()
    host.add_bridge("br0")
    vm = host.add_vm("br0", "vm1", "10.0.0.1/24")
    host.add_vm("br0", "vm2", "10.0.0.2/24")
    server = Server(host, "fleet", "xfsm-fleet")
    db = server.connect()
    rest = RestController(host, "rest", PORT, "--http-rate=10000",
                          "--db=" + server.remote)
    wait_until(lambda: rest.call("GET", "/api/v1/hosts").status == 200, 10,
               "the database")
    test_routes(rest)
    db.insert("Host", name="hv1", remotes=["unix:%s/db.sock" % host.rundir],
              events="ipc://%s/xfsm-hub.events" % host.rundir,
              labels={"rack": "r1"})
    for i in range(1, 5):
        db.insert("Host", name="ghost%d" % i,
                  remotes=["unix:%s/ghost%d.sock" % (host.dir, i)])
    wait_until(lambda: rest.get("/api/v1/hosts").json["total"] == 5, 10,
               "hosts")
    test_pages(rest)
    test_programs(rest, db)
    test_mistakes(rest, db)
    test_signature(rest, db)
    test_assignments(rest, db)
    with open(LIBRARY) as f:
        expect(put(rest, "/api/v1/programs/portscan/source", f.read()), 201)
    wait_until(lambda: rest.get("/api/v1/programs").json["total"] == 2, 10,
               "the program")
    # A host that has probes, but no switch to ask.
    half = FakeHost(host, "half")
    half.put_probe("vnet1", ["hello"], status="running", port="vnet1",
                   bridge="br9", type="system")
    half.put_probe("vnet2", ["hello"], status="running", port="vnet2",
                   bridge="br9", type="dpdk")
    db.insert("Host", name="half", remotes=[half.remote])
    wait_until(lambda: rest.get("/api/v1/ports?host=half").json["total"] == 2,
               10, "ports of a host without a switch")
    stream = test_events(rest, host, vm)
    half.stop()
    db.delete("Host", named("half"))
    test_limits(rest)
    test_web(rest)
    test_metrics(rest)
    test_audit(rest)
    test_tokens(rest, stream)
    test_exit(rest, server)
    test_slow(host, fleet)
    test_hostile(host, fleet)
    test_file(host, fleet)
    db.close()


if __name__ == "__main__":
    xfsmtest.main(test)
