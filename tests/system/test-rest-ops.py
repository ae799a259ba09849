# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""What the REST API of xfsm-controller lets a user do to a running fleet, by
two controllers that share one database: roll-outs, programs on single ports,
hosts; and the log of that.  Each answer is held against the OpenAPI
document."""

import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from fleettest import FakeHost, FleetDb, Server, named      # noqa: E402
from resttest import RestController                         # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

PORT = 18120

PROGRAM = """<xfsm name="hello" version="1.0">
  <!-- %s -->
  <statedef id="quiet"/>
  <event type="packet" selector="proto tcp" primary-key="ip_src">
    <state id="quiet"><condition expression="true"
     action="Publish(log, hello %%ip_src)"/></state>
  </event>
</xfsm>
"""


def expect(answer, status, text=""):
    check(answer.status == status and text in answer.body,
          "%d \"%s\", not %d: %s" % (answer.status, text, status,
                                     answer.body))
    return answer


def post(rest, path, body, status=200, text="", role="operator"):
    return expect(rest.call("POST", "/api/v1/" + path, role, body), status,
                  text)


class Fleet(FleetDb):
    """Two controllers, a and b, of which any answers for both."""

    def __init__(self, host):
        super().__init__(host)
        self.hosts = [FakeHost(host, name) for name in ("hv1", "hv2")]
        for fake in self.hosts:
            self.db.insert("Host", name=fake.name, remotes=[fake.remote],
                           labels={"rack": "r" + fake.name[-1]})
        self.audit = os.path.join(host.dir, "a.audit")
        state = os.path.join(host.dir, "b.state")
        os.mkdir(state)
        self.a = self.start("a", PORT, "--audit-log=" + self.audit)
        self.b = self.start("b", PORT + 1, "--state-dir=" + state)
        for rest in (self.a, self.b):
            wait_until(lambda r=rest: r.call("GET", "/api/v1/hosts").status
                       == 200, 10, "the database")

    def start(self, name, port, *options):
        return RestController(self.host, name, port, "--http-rate=10000",
                              "--name=" + name, "--db=" + self.server.remote,
                              *options)

    def put_version(self, text, query="", status=201):
        path = "/api/v1/programs/hello/source"
        known = self.a.call("GET", path)
        return expect(self.a.call(
            "PUT", path + query, "operator", PROGRAM % text,
            {"If-Match": known.etag} if known.status == 200 else {}), status)

    def share(self):
        """The leader, the other controller, and a host of the latter."""
        names = ["a", "b"]
        names.remove(self.db.rows("Fleet")[0]["status"]["leader"])
        late = [row["name"] for row in self.db.rows("Host")
                if row["controller"] == names[0]]
        check(late, "the leader has all hosts")
        pair = (self.a, self.b) if names == ["b"] else (self.b, self.a)
        return (*pair, next(fake for fake in self.hosts
                            if fake.name == late[0]))

    def runs(self, text):
        """How many hosts have that version."""
        return sum(host.program("hello") == PROGRAM % text
                   for host in self.hosts)

    def wait_phase(self, phase, **more):
        """Waits until both controllers say so; returns what one says."""
        wanted = dict(more, phase=phase)

        def told():
            return [rest.get("/api/v1/programs/hello/rollout").json
                    for rest in (self.a, self.b)]

        def seen():
            both = told()
            return all(now.get(k) == v for now in both
                       for k, v in wanted.items()) and both[1]

        return wait_until(seen, 20, lambda: "%s: %s" % (wanted, told()))


def roll_out_late(fleet):
    """Version 2, while a controller of hosts does nothing, so that their rows
    are of before, and say that they are done."""
    leader, other, _ = fleet.share()
    fakes = {fake.name: fake for fake in fleet.hosts}

    def seen():
        now = leader.get("/api/v1/programs/hello/rollout").json
        hosts = leader.get("/api/v1/programs/hello/rollout/hosts").json
        for host in hosts["items"]:
            check((host["version"], host["state"]) != (2, "done")
                  or fakes[host["host"]].program("hello") == PROGRAM % "2",
                  str(host))
        check((now["version"], now["phase"]) != (2, "done")
              or fleet.runs("2") == 2, str(now))
        return now["version"] == 2 and now["phase"] in ("spreading", "done")

    other.process.send_signal(signal.SIGSTOP)
    try:
        post(leader, "programs/hello/rollout",
             {"version": 2, "options": {"canary-percent": 100}})
        wait_until(seen, 20, "the roll-out to begin")
    finally:
        other.process.send_signal(signal.SIGCONT)
    fleet.wait_phase("done", version=2, done=2, before=1)
    check(fleet.runs("2") == 2, "version 2 on all hosts")


def test_rollouts(fleet):
    """Out with canaries, aborted, out again, back, and to an older one."""
    a, b = fleet.a, fleet.b
    a.get("/api/v1/programs/hello/rollout", status=404)
    post(a, "programs/hello/rollout", {"version": 1}, 404)
    check(b.get("/api/v1/rollouts").json == {"items": [], "total": 0},
          "no roll-out")
    fleet.db.insert("Assignment", name="all", programs=["hello"],
                    enabled=True, target={"port": "*"}, hosts=["*"])
    fleet.put_version("1")
    now = fleet.wait_phase("done", version=1, hosts=2, done=2, before=0)
    check(now["options"]["canary-percent"] == 100 and fleet.runs("1") == 2,
          str(now))
    fleet.put_version("x", "?canary-percent=0", 400)
    fleet.put_version("2", "?canary-percent=50&canary-seconds=3600")
    now = fleet.wait_phase("health", version=2, canaries=1, well=1, before=1)
    check(now["ends"] == now["since"] + 3600000 and fleet.runs("2") == 1
          and fleet.runs("1") == 1, str(now))
    hosts = a.get("/api/v1/programs/hello/rollout/hosts").json
    check(hosts["total"] == 2
          and sorted((h["version"], h["canary"], h.get("verdict"))
                     for h in hosts["items"])
          == [(1, False, None), (2, True, "well")], str(hosts))
    page = a.get("/api/v1/programs/hello/rollout/hosts?limit=1").json
    check(page["next"] == "hv1" and len(page["items"]) == 1, str(page))

    # What is refused, with a reason.
    for verb in ("rollout", "rollback", "abort"):
        path = "programs/hello/" + verb
        post(a, path, {"version": 2}, 403, role="viewer")
        for body in ("x", "[]", {}, {"version": 0}, {"version": "2"},
                     {"version": 2, "surprise": 1}):
            post(a, path, body, 400)
    for options in ([], {"canary-percent": True}, {"canary-percent": []}):
        post(a, "programs/hello/rollout", {"version": 2, "options": options},
             400)
    post(a, "programs/hello/rollout", {"version": 2}, 409, "already")
    post(a, "programs/hello/rollout", {"version": 9}, 409, "no program")
    post(a, "programs/hello/rollout",
         {"version": 2, "options": {"speed": 1}}, 409, "no option")
    post(a, "programs/hello/rollout",
         {"version": 2, "options": {"canary-percent": 101}}, 409, "1 to 100")
    post(a, "programs/hello/abort", {"version": 1}, 409, "version 2 is")

    # One asks for it here, the other sees it there.
    done = post(b, "programs/hello/abort", {"version": 2}).json
    check(done["detail"] == "version 1 stays, not 2", str(done))
    now = fleet.wait_phase("done", version=1, newest=2,
                           newest_state="rolled-back")
    check(now["newest_error"] == "aborted by user the-operator", str(now))
    check(fleet.runs("1") == 2, "the end of the canary")
    post(a, "programs/hello/rollback", {"version": 1}, 409, "before 1")
    roll_out_late(fleet)
    post(a, "programs/hello/abort", {"version": 2}, 409, "on all hosts")
    fleet.put_version("3")
    fleet.wait_phase("done", version=3, before=2)
    post(a, "programs/hello/rollback", {"version": 3})
    fleet.wait_phase("done", version=2, before=1)
    done = post(a, "programs/hello/rollout", {"version": 1}).json
    check(done["detail"] == "version 1 instead of 2", str(done))
    fleet.wait_phase("done", version=1, before=0, done=2)
    check(fleet.runs("1") == 2, "an older version")
    page = b.get("/api/v1/rollouts").json
    check([r["program"] for r in page["items"]] == ["hello"], str(page))


def test_undecided(fleet):
    """What the leader has yet to decide is not said to be on hosts, also if
    versions that are newer are out of the game."""
    leader, other, fake = fleet.share()
    before = fleet.db.row("Host", fake.name)["last_sync"]
    check(fleet.runs("1") == 2, "version 1")
    leader.process.send_signal(signal.SIGSTOP)
    try:
        post(other, "programs/hello/rollout", {"version": 2})
        fleet.db.update("Fleet", [], next_cfg=1000)
        fleet.db.insert("Assignment", name="later", programs=["hello"],
                        target={"port": "x"}, hosts=["*"])

        def seen():
            row = fleet.db.row("Host", fake.name)
            return ("later" in fake.assignments() and row["state"] == "done"
                    and row["last_sync"] != before and row)

        row = wait_until(seen, 20, "another change")
        check(row["cur_cfg"] < 1000 or fleet.runs("2") == 2, str(row))
    finally:
        leader.process.send_signal(signal.SIGCONT)
    wait_until(lambda: all(row["cur_cfg"] == 1000
                           for row in fleet.db.rows("Host")), 20, "the leader")
    check(fleet.runs("2") == 2, "what is said to be on all hosts")
    fleet.db.delete("Assignment", named("later"))


def test_rollout_audit(fleet):
    told = {(i["action"], i["outcome"], i.get("detail"))
            for i in fleet.a.get("/api/v1/audit?limit=1000",
                                 "admin").json["items"]}
    for wanted in (("put program", "done", "version 2"),
                   ("roll out", "done", "version 1 instead of 2"),
                   ("roll back", "done", "version 2 instead of 3"),
                   ("POST", "forbidden", None)):
        check(wanted in told, "%s is not in %s" % (wanted, told))


def order(fleet, verb, status=200, text="", rest=None, role="operator",
          **more):
    body = dict({"host": "hv1", "port": "vnet1", "program": "hello"}, **more)
    return post(rest or fleet.a, "probes/" + verb, body, status, text, role)


def test_probes(fleet):
    """Plain verbs on a port, by two controllers that agree, as desired state
    that is kept."""
    def seen(rest=None, **wanted):
        def look():
            items = (rest or fleet.b).get("/api/v1/probes").json["items"]
            return items and all(items[0][k] == v for k, v in wanted.items())
        return look

    def on_host():
        return {name: row for name, row in fleet.hosts[0].assignments().items()
                if name.startswith("port-")}

    check(fleet.a.get("/api/v1/probes").json["total"] == 0, "no probe")
    for member in ("host", "port", "program"):
        order(fleet, "start", 400, **{member: 1})
        body = {"host": "hv1", "port": "vnet1", "program": "hello"}
        del body[member]
        post(fleet.a, "probes/start", body, 400, member + " is needed")
    order(fleet, "start", 400, surprise="x")
    order(fleet, "start", 400, parameters={"x": 1})
    for parameters in ({"x": "1,2"}, {"x": "1\nA line of a log"},
                       {"x\ny": "1"}, {"x": ""}, {"other:x": "1"},
                       {"x": "1" * 4096}):
        order(fleet, "start", 409, "parameters", parameters=parameters)
    # What is kept of a long one has no half of a character at its end.
    for port in ("\u00e9" * 127, "x" + "\u00e9" * 127):
        done = order(fleet, "start", port=port).json["detail"]
        kept = fleet.a.get("/api/v1/audit?limit=1", "admin").json["items"]
        check(kept[0]["detail"] == done and done.endswith("\u00e9" * 100),
              str(kept))
        order(fleet, "remove", port=port)
    order(fleet, "start", 403, role="viewer")
    order(fleet, "start", 409, "no host", host="nosuch")
    order(fleet, "start", 409, "no program", program="nosuch")
    for port in ("", "vnet*", "x" * 256):
        order(fleet, "start", 409, "1 to 255 characters", port=port)
    order(fleet, "start", port="x" * 255)
    order(fleet, "remove", port="x" * 255)
    order(fleet, "stop", 409, "runs there by all")
    order(fleet, "remove", 409, "not installed")

    order(fleet, "install")
    wait_until(seen(started=False, host="hv1", port="vnet1"), 10, "a probe")
    order(fleet, "install", 409, "already", rest=fleet.b)
    wait_until(lambda: len(on_host()) == 1, 10, "a row on the host")
    name, row = next(iter(on_host().items()))
    check(not row["enabled"] and row["target"] == {"port": "vnet1"}
          and row["programs"] == "hello", str(row))
    check(not fleet.hosts[1].assignments().get(name), "on another host")
    order(fleet, "start")
    wait_until(lambda: on_host()[name]["enabled"], 10, "a start")
    wait_until(seen(started=True), 10, "b to know")

    # What somebody does to it on the host is drift, and put back.
    fleet.hosts[0].rows.delete("Assignment", named(name))
    wait_until(lambda: name in on_host(), 10, "what was removed, again")
    wait_until(lambda: sum(
        h["statistics"].get("drifts", 0) for h in
        fleet.a.get("/api/v1/hosts").json["items"]) == 1, 20, "the drift")
    done = order(fleet, "stop", rest=fleet.b).json
    check("stop hello on hv1/vnet1; as far as" in done["detail"], str(done))
    wait_until(lambda: not on_host()[name]["enabled"], 10, "a stop")
    wait_until(seen(fleet.a, started=False), 10, "a to know")

    # One that was made an ordinary assignment of is none any more.
    fleet.db.update("Assignment", named(name), hosts=["*"])
    wait_until(lambda: fleet.a.get("/api/v1/probes").json["total"] == 0, 10,
               "an assignment that was edited")
    order(fleet, "start", 409, "for something else now")
    fleet.db.update("Assignment", named(name), hosts=["hv1"])
    wait_until(seen(fleet.a, started=False), 10, "a probe again")
    order(fleet, "remove")
    wait_until(lambda: not on_host(), 10, "a removal")

    # Of two who start the same at once, none makes a second row.
    for rest in (fleet.a, fleet.b):
        check(rest.call("POST", "/api/v1/probes/start", "operator", {
            "host": "hv2", "port": "vnet1", "program": "hello"}).status
            in (200, 409), "two at once")
    check(len([r for r in fleet.db.rows("Assignment")
               if r["name"].startswith("port-vnet1-")]) == 1, "two rows")
    wait_until(seen(host="hv2"), 10, "the one")
    check(fleet.a.get("/api/v1/probes?host=hv1").json["total"] == 0
          and fleet.a.get("/api/v1/probes?host=hv2").json["total"] == 1,
          "a filter")
    order(fleet, "remove", host="hv2")


def put_host(fleet, name, body, status, text="", role="admin", etag=None):
    return expect(fleet.a.call("PUT", "/api/v1/hosts/" + name, role, body,
                               {"If-Match": etag} if etag else {}), status,
                  text)


def delete_host(fleet, name, status, text="", query="", role="admin"):
    path = "/api/v1/hosts/" + name
    etag = fleet.b.call("GET", path).etag
    return expect(fleet.b.call("DELETE", path + query, role, None,
                               {"If-Match": etag} if etag else {}), status,
                  text)


def both_at_once(rest, path, requests):
    """Sends all while the controller is stopped; their answers' statuses."""
    etag = rest.call("GET", path).etag
    os.kill(rest.process.pid, signal.SIGSTOP)
    connections = [rest.connect() for _ in requests]
    for connection, (method, body) in zip(connections, requests):
        connection.request(method, path, body and json.dumps(body), {
            "If-Match": etag,
            "Authorization": "Bearer " + rest.tokens["admin"]})
    os.kill(rest.process.pid, signal.SIGCONT)
    statuses = sorted(c.getresponse().status for c in connections)
    for connection in connections:
        connection.close()
    return statuses


def test_host_races(fleet):
    """Of two who know the same version, one writes, whatever they change."""
    path = "/api/v1/hosts/race"
    bare = {"remotes": ["unix:/nowhere"]}
    put_host(fleet, "race", bare, 201)
    keys = ["a" * 40, "b" * 40]
    for requests in ([("PUT", dict(bare, hub_key=key)) for key in keys],
                     [("PUT", dict(bare, labels={"x": "y"})),
                      ("DELETE", None)]):
        wait_until(lambda: fleet.a.call("GET", path).status == 200, 10,
                   "a host")
        statuses = both_at_once(fleet.a, path, requests)
        check(statuses in ([200, 412], [202, 412]), str(statuses))
    delete_host(fleet, "race", 200, "stay there", "?force=true")


def test_bad_hosts(fleet):
    """What cannot be, with a reason, at the limits and past them."""
    good = {"remotes": ["unix:/nowhere"]}
    put_host(fleet, "new", good, 403, role="operator")
    put_host(fleet, "-x", good, 400, "name must be")
    put_host(fleet, "x" * 64, good, 400, "name must be")
    for wrong, text in (
            ({}, "1 to 9 remotes"), ([], ""), ({"remotes": "x"}, "remotes"),
            ({"remotes": [1]}, "strings"),
            ({"remotes": ["nonsense"]}, "no OVSDB remote"),
            ({"remotes": ["tcp:192.0.2.1:65536"]}, "no OVSDB remote"),
            ({"remotes": ["ssl:[2001:db8::1]:0"]}, "no OVSDB remote"),
            ({"remotes": ["unix:/%d" % i for i in range(10)]}, "1 to 9"),
            (dict(good, events="nonsense"), "ipc"),
            (dict(good, events=1), "events"),
            (dict(good, surprise=1), "surprise"),
            (dict(good, labels={"x": 1}), "must be a string"),
            (dict(good, labels={"": "x"}), "1 to 63"),
            (dict(good, labels={"x" * 64: "x"}), "1 to 63"),
            (dict(good, labels={"x": "x" * 256}), "255 characters"),
            (dict(good, labels={str(i): "" for i in range(65)}), "64")):
        put_host(fleet, "new", wrong, 400, text)
    most = {"remotes": ["unix:/%d" % i for i in range(9)],
            "events": "tcp://192.0.2.1:5560",
            "labels": dict({str(i): "" for i in range(63)},
                           **{"x" * 63: "y" * 255})}
    put_host(fleet, "new", most, 201)
    wait_until(lambda: fleet.b.call("GET", "/api/v1/hosts/new").status
               == 200, 10, "a host")
    seen = fleet.b.get("/api/v1/hosts/new").json
    check(all(seen[k] == v for k, v in most.items()), str(seen))
    put_host(fleet, "new", good, 428)
    put_host(fleet, "new", good, 412, etag='"x"')
    expect(fleet.a.call("DELETE", "/api/v1/hosts/new", "admin"), 428)
    delete_host(fleet, "new", 403, role="operator")
    delete_host(fleet, "nosuch", 404)
    delete_host(fleet, "new", 400, "true or false", "?force=perhaps")

    # One that cannot be met stays on the list, until it is forced off.
    delete_host(fleet, "new", 202, "is leaving")
    wait_until(lambda: fleet.a.get("/api/v1/hosts/new").json["leaving"], 10,
               "a host to be leaving")
    delete_host(fleet, "new", 409, "leaving already")
    etag = fleet.a.call("GET", "/api/v1/hosts/new").etag
    put_host(fleet, "new", good, 200, etag=etag)
    wait_until(lambda: not fleet.b.get("/api/v1/hosts/new").json["leaving"],
               10, "a host to stay")
    delete_host(fleet, "new", 200, "stay there", "?force=true")
    fleet.db.insert("Host", name="invalid", remotes=["nonsense"])
    wait_until(lambda: fleet.b.call("GET", "/api/v1/hosts/invalid").status
               == 200 and fleet.b.get("/api/v1/hosts/invalid").json["state"]
               == "invalid", 10, "an invalid host")
    delete_host(fleet, "invalid", 409, "cannot be met")
    delete_host(fleet, "invalid", 200, "", "?force=true")


def test_hosts(fleet):
    """A host comes, gets what its labels select, and leaves clean."""
    test_bad_hosts(fleet)
    test_host_races(fleet)
    fake = FakeHost(fleet.host, "hv3")
    fake.rows.insert("Assignment", name="local", programs=["theirs"],
                     target={"port": "x"})
    put_host(fleet, "hv3", {"remotes": [fake.remote]}, 201)
    fleet.db.insert("Assignment", name="racked", programs=["hello"],
                    enabled=True, target={"port": "*"},
                    host_labels={"rack": "r3"})
    wait_until(lambda: "all" in fake.assignments(), 10, "an assignment")
    check("racked" not in fake.assignments(), "without a label")
    etag = fleet.a.call("GET", "/api/v1/hosts/hv3").etag
    put_host(fleet, "hv3", {"remotes": [fake.remote],
                            "labels": {"rack": "r3"}}, 200, etag=etag)
    wait_until(lambda: "racked" in fake.assignments(), 10, "with a label")
    check(fake.program("hello"), "no program")
    delete_host(fleet, "hv3", 202, "is leaving")
    wait_until(lambda: fleet.a.call("GET", "/api/v1/hosts/hv3").status
               == 404, 20, "a host to leave")
    check(list(fake.assignments()) == ["local"] and not fake.program("hello"),
          "it left %s" % list(fake.assignments()))
    check(not fleet.db.row("Host", "hv3"), "the row is still there")

    # By force, what was written stays.
    put_host(fleet, "hv3", {"remotes": [fake.remote]}, 201)
    wait_until(lambda: "all" in fake.assignments(), 10, "it comes again")
    delete_host(fleet, "hv3", 200, "stay there", "?force=true")
    wait_until(lambda: fleet.a.call("GET", "/api/v1/hosts/hv3").status
               == 404, 10, "a host to go")
    check("all" in fake.assignments(), "it was cleaned")
    fleet.db.delete("Assignment", named("racked"))
    fake.stop()


def test_audit(fleet):
    """Entries page by page, by filter, and in the tools; what is refused."""
    a = fleet.a

    def read(query="", rest=a):
        return rest.get("/api/v1/audit?limit=1000" + query, "admin").json

    items = read()["items"]
    check([i["id"] for i in items] == list(range(items[0]["id"], 0, -1)),
          "numbers")
    check(all(i["controller"] == "a" for i in items), "another controller's")
    seen = []
    query = "&limit=7"
    while query:
        page = a.get("/api/v1/audit?" + query, "admin").json
        seen += page["items"]
        query = "next" in page and "limit=7&before=%d" % page["next"]
    check(seen == items, "pages")
    for query, member, value in (
            ("&user=the-admin", "user", "the-admin"),
            ("&action=roll%20out", "action", "roll out"),
            ("&outcome=forbidden", "outcome", "forbidden")):
        some = read(query)["items"]
        check(some == [i for i in items if i[member] == value] and some,
              query)
    some = read("&q=instead")["items"]
    check(some and all("instead" in i["detail"] for i in some), str(some))
    check(read("&q=nosuch")["items"] == [], "a text that is nowhere")
    a.get("/api/v1/audit?before=0", "admin", 400)
    expect(a.call("GET", "/api/v1/audit", "operator"), 403)

    # What is refused is noted, too, but not without end.
    def refused():
        order(fleet, "stop", 409, port="nosuch")
        return [i for i in read("&q=nosuch")["items"]
                if i["outcome"] == "Not possible"
                and "not installed" in i["detail"]]

    wait_until(refused, 20, "a refusal")
    before = read()["items"][0]["id"]
    for _ in range(50):
        order(fleet, "stop", 409, port="nosuch")
    check(read()["items"][0]["id"] < before + 40, "refusals without end")

    # One whose text is like a line of the log is told as what it is.
    order(fleet, "stop", 409, port='x"\n1970-01-01 user="other"')
    lines = fleet.host.appctl(a.ctl, "audit/list", "5").splitlines()
    check(len(lines) == 5 and all(" controller=\"a\" user=" in line
                                  for line in lines), str(lines))
    out = fleet.ctl("--control=" + a.ctl, "audit", "2",
                    "version 1 instead of 2")
    check("action=\"roll out\"" in out and len(out.splitlines()) == 1, out)


def test_audit_kept(fleet):
    """What a user was told is in the log, also after a kill, and a controller
    that lacks its log does not start."""
    state = os.path.join(fleet.host.dir, "b.state", "audit.log")
    with open(state) as f:
        check("\"action\":\"abort roll-out\"" in f.read(), "b's log")
    order(fleet, "install", port="last")
    fleet.a.process.kill()
    fleet.a.process.wait()
    os.unlink(fleet.a.ctl)
    fleet.a = fleet.start("a", PORT, "--audit-log=" + fleet.audit)
    items = fleet.a.get("/api/v1/audit?limit=1000", "admin").json["items"]
    check(items[0]["detail"] == "install hello on hv1/last"
          and items[-1]["id"] == 1, str(items[0]))
    wait_until(lambda: fleet.a.call("GET", "/api/v1/probes").status == 200,
               10, "the database")
    order(fleet, "remove", port="last")
    newest = fleet.a.get("/api/v1/audit?limit=1", "admin").json["items"][0]
    check(newest["id"] == items[0]["id"] + 1, str(newest))
    out = fleet.host.in_ns(
        *RestController.command(
            fleet.host, "--http=127.0.0.1:%d" % (PORT + 2), "--db="
            + fleet.server.remote, "--http-tokens=" + fleet.a.tokens_file,
            "--audit-log=" + fleet.audit, "--unixctl=%s/c.ctl"
            % fleet.host.dir, "--events=/dev/null"), ok=(1,), errors=True)
    check("another process has it" in out, out)


def test_switches(fleet):
    """Switches are asked for ports that have no probe."""
    host = fleet.host
    path = "assignments/preview"
    server = Server(host, "sw", "xfsm")
    switch = os.path.join(host.dir, "switch.db")
    host.run("ovsdb-tool", "create", switch, host.find_schema())
    host.appctl(host.dir + "/sw.ctl", "ovsdb-server/add-db", switch)
    host.run("ovs-vsctl", "--no-wait", "--db=" + server.remote,
             "add-br", "br0", "--", "add-port", "br0", "vnet1", "tag=7", "--",
             "add-port", "br0", "vnet2", "tag=7", "--",
             "set", "Port", "vnet2", "external_ids:xfsm=none", "--",
             *(word for i in range(1000) for word in
               ("add-port", "br0", "many%d" % i, "--")), "show")
    put_host(fleet, "sw", {"remotes": [server.remote],
                           "labels": {"kind": "switch"}}, 201)
    ask = {"host_labels": {"kind": "switch"}, "target": {"tag": "7"}}
    wait_until(lambda: post(fleet.a, path, ask).json["hosts"] == ["sw"], 10,
               "the host")
    seen = post(fleet.a, path, ask, role="viewer").json
    port = {"id": "sw/vnet1", "bridge": "br0", "port": "vnet1", "off": False,
            "sure": True}
    check(sorted(seen["ports"], key=lambda p: p["port"])
          == [port, dict(port, id="sw/vnet2", port="vnet2", off=True)]
          and seen["total"] == 2 and not seen["silent"], str(seen))
    # Without asking it, what has no probe is not known.
    seen = post(fleet.a, path + "?switches=no", ask).json
    check(seen["total"] == 0 and seen["hosts"] == ["sw"], str(seen))
    seen = post(fleet.a, path, dict(ask, target={"port": "many*"})).json
    check(seen["total"] == 1000 == len(seen["ports"]), seen["total"])
    seen = post(fleet.a, path, dict(ask, target={"bridge": "*"})).json
    check(seen["total"] == 1003 and len(seen["ports"]) == 1000,
          seen["total"])
    post(fleet.a, path, {"target": {"port": "x"}}, 400, "hosts")
    post(fleet.a, path, dict(ask, target={"x": "y"}), 400, "unknown key")
    post(fleet.a, path + "?switches=perhaps", ask, 400, "yes or no")
    seen = post(fleet.a, path, {"hosts": ["nosuch"],
                                "target": {"port": "*"}}).json
    check(seen["hosts"] == [] and seen["total"] == 0, str(seen))
    delete_host(fleet, "sw", 200, "", "?force=true")


def test(host):
    fleet = Fleet(host)
    test_rollouts(fleet)
    test_undecided(fleet)
    test_rollout_audit(fleet)
    test_probes(fleet)
    test_hosts(fleet)
    test_switches(fleet)
    test_audit(fleet)
    test_audit_kept(fleet)
    for rest in (fleet.a, fleet.b):
        rest.exit()
    for fake in fleet.hosts:
        fake.stop()
    fleet.db.close()


if __name__ == "__main__":
    xfsmtest.main(test)
