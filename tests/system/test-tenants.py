# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Tenants and roles of a fleet: with a real host, two tenants and an operator.
Each refusal of the REST API and of the database, what a tenant's assignment
reaches, and whose events are."""

import hashlib
import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from fleettest import named                                 # noqa: E402
from tenanttest import PROGRAM, Fleet, Stream               # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

ASSIGNMENTS = "/api/v1/assignments/"


def test_tool(fleet):
    """Verbs, and what they refuse."""
    for name in ("hello", "secret"):
        fleet.add_program(name)
    fleet.ctl("add-tenant", "blue", "neutron:project=blue", "program=hello",
              "program=he*", "limit:assignments=2")
    fleet.ctl("add-tenant", "red", "neutron:project=red", "program=hello")
    fleet.refuses("already", "add-tenant", "blue", "port=*")
    fleet.refuses("unknown key", "add-tenant", "bad", "colour=red")
    fleet.refuses("has no port", "add-tenant", "bad", "host=*")
    fleet.refuses("cannot have a", "add-tenant", "b.d", "port=*")
    fleet.refuses("KEY=VALUE", "add-tenant", "bad", "port")
    fleet.refuses("0 to 4096", "add-tenant", "bad", "port=*",
                  "limit:assignments=4097")
    fleet.refuses("limits:speed is not known", "add-tenant", "bad", "port=*",
                  "limit:speed=1")
    fleet.refuses("no tenant bad", "del-tenant", "bad")
    fleet.refuses("no tenant bad", "add-role", "x", "viewer", "bad")
    fleet.refuses("none of viewer", "add-role", "x", "boss")
    fleet.refuses("no role x", "new-token", "x")
    for tenant in ("blue", "red"):
        for level in ("viewer", "operator", "admin"):
            name = "%s-%s" % (tenant, level)
            fleet.ctl("add-role", name, level, tenant)
            fleet.rest.tokens[name] = fleet.ctl("new-token", name)
    fleet.rest.tokens["everything"] = fleet.ctl(
        "add-role", "everything", "viewer", "--", "new-token", "everything")
    fleet.refuses("red-admin, red-operator, red-viewer", "del-tenant", "red")
    out = fleet.ctl("tenants")
    check("Tenant blue: neutron:project=blue program=he* program=hello "
          "limit:assignments=2" in out
          and "Role red-admin: admin of tenant red, 1 token" in out, out)


def test_database(fleet):
    """What a controller refuses, whoever wrote it."""
    db = fleet.db
    for name, tenant, programs, text in (
            ("blue.x", "nosuch", ["hello"], "no tenant \"nosuch\""),
            ("x", "blue", ["hello"], "begin with \"blue.\""),
            ("blue.", "blue", ["hello"], "begin with \"blue.\""),
            ("red.x", "blue", ["hello"], "begin with \"blue.\""),
            ("blue.p", "blue", ["secret"], "may not use program secret")):
        db.insert("Assignment", name=name, tenant=tenant, programs=programs,
                  enabled=True, hosts=["*"], target={"port": "*"})
        wait_until(lambda n=name: db.row("Assignment", n)["error"], 20,
                   "an error of " + name)
        check(text in db.row("Assignment", name)["error"],
              db.row("Assignment", name)["error"])
        db.delete("Assignment", named(name))
    # The limit, and one past it: by their names, whenever they came.
    for name in ("blue.c", "blue.b", "blue.a"):
        db.insert("Assignment", name=name, tenant="blue", programs=["hello"],
                  enabled=True, hosts=["*"], target={"port": "none"})
    wait_until(lambda: db.row("Assignment", "blue.c")["error"], 20,
               "the limit")
    check(not db.row("Assignment", "blue.a")["error"]
          and not db.row("Assignment", "blue.b")["error"]
          and "2 assignments" in db.row("Assignment", "blue.c")["error"]
          and db.row("Tenant", "blue")["assignments"] == 3, "the limit")
    for name in ("blue.a", "blue.b", "blue.c"):
        db.delete("Assignment", named(name))
    # A tenant without ports.
    db.insert("Tenant", name="empty", programs=["*"])
    db.insert("Assignment", name="empty.x", tenant="empty", enabled=True,
              programs=["hello"], hosts=["*"], target={"port": "*"})
    wait_until(lambda: db.row("Assignment", "empty.x")["error"], 20,
               "a tenant without ports")
    db.delete("Assignment", named("empty.x"))
    db.delete("Tenant", named("empty"))
    # The most patterns, and one more; the most tenants, and one more.
    for n, wrong in ((256, False), (257, True)):
        db.insert("Tenant", name="many%d" % n, target={"port": "none"},
                  programs=["p%d" % i for i in range(n)])
        wait_until(lambda m=n: fleet.ctl("--wait", "get", "Tenant",
                                         "many%d" % m, "error"), 20, "it")
        wait_until(lambda m=n, w=wrong: ("more than 256" in str(db.row(
            "Tenant", "many%d" % m)["error"])) == w, 20, "patterns")
        db.delete("Tenant", named("many%d" % n))
    db.transact(*[{"op": "insert", "table": "Tenant",
                   "row": {"name": "t%d" % i, "target": ["map", [
                       ["port", "none"]]]}} for i in range(4095)])

    def too_many():
        return [row for row in db.rows("Tenant")
                if "more than 4096" in str(row["error"])]

    wait_until(lambda: len(too_many()) == 1, 60, "one tenant too many")
    db.delete("Tenant", named("t1"))
    wait_until(lambda: not too_many(), 60, "the most tenants")
    db.delete("Tenant", [["name", "!=", "blue"], ["name", "!=", "red"]])
    # A selector that pretends to be another tenant's.
    fleet.refuses("unknown key", "assign", "x", "hello", "host=*",
                  "tenant:neutron:project=red")


def test_reach(fleet):
    """A tenant's assignment reaches its own ports, whatever it says."""
    host, body = fleet.host, {"programs": ["hello"], "target": {"port": "*"}}
    answer = fleet.call("blue-operator", 201, "PUT", ASSIGNMENTS + "blue.all",
                        body)
    fleet.wait_running("vm1", "hello")
    check(fleet.running("vm2") == [""], "another tenant's port")
    row = fleet.db.row("Assignment", "blue.all")
    check(row["tenant"] == "blue" and row["hosts"] == "*"
          and row["target"] == {"port": "*"}, row)
    target = host.xfsm_ctl("get", "Assignment", "blue.all", "target")
    check("\"tenant:neutron:project\"=blue" in target, target)

    # One that names the other's port, by what only the host knows.
    etag = answer.etag
    answer = fleet.call("blue-operator", 200, "PUT", ASSIGNMENTS + "blue.all",
                        dict(body, target={"neutron:project": "red"}),
                        If_Match=etag)
    fleet.wait_running("vm1")
    check(fleet.running("vm2") == [""], "another tenant's port by its id")
    fleet.call("blue-operator", 200, "PUT", ASSIGNMENTS + "blue.all", body,
               If_Match=answer.etag)
    fleet.wait_running("vm1", "hello")

    # A port that changes hands, and a new one.
    host.vsctl("set", "Interface", "vm2",
               "external_ids:\"neutron:project\"=blue")
    fleet.wait_running("vm2", "hello")
    host.vsctl("set", "Interface", "vm2",
               "external_ids:\"neutron:project\"=red")
    fleet.wait_running("vm2")

    # What an older agent, which knows no such keys, would make of it.
    host.xfsm_ctl("create", "Assignment", "name=future", "programs=hello",
                  "enabled=true", "target={port=*,\"nonsense:port\"=*}")
    host.xfsm_ctl("--wait", "set", "XFSM_Global", ".",
                  "external_ids:x=y")
    check(host.xfsm_ctl("get", "Assignment", "future", "matches").strip()
          == "0", "an unknown key is passed over")
    host.xfsm_ctl("destroy", "Assignment", "future")

    fleet.call("red-operator", 201, "PUT", ASSIGNMENTS + "red.all", body)
    fleet.wait_running("vm2", "hello")
    fleet.ctl("assign", "watch", "secret", "host=*", "port=vm*")
    fleet.wait_running("vm1", "hello", "secret")
    fleet.wait_running("vm2", "hello", "secret")


def is_running(fleet, user, port):
    """What is told of a port, once programs run there."""
    seen = fleet.rest.get("/api/v1/hosts/hv1/ports/" + port, user).json
    return seen["running_programs"] and seen["versions"] and seen


def test_views(fleet):
    """Each sees what is its own."""
    wait_until(lambda: fleet.names("viewer", "/api/v1/ports", "id")
               == ["hv1/vm1", "hv1/vm2"], 20, "ports")
    wait_until(lambda: fleet.names("viewer", "/api/v1/assignments")
               == ["blue.all", "red.all", "watch"], 20, "assignments")
    for tenant, port in (("blue", "vm1"), ("red", "vm2")):
        user = tenant + "-viewer"
        check(fleet.names(user, "/api/v1/ports", "id") == ["hv1/" + port],
              "ports of " + tenant)
        check(fleet.names(user, "/api/v1/ports?host=hv1", "id")
              == ["hv1/" + port], "ports of a host")
        check(fleet.names(user, "/api/v1/programs") == ["hello"],
              "programs of " + tenant)
        check(fleet.names(user, "/api/v1/assignments")
              == [tenant + ".all"], "assignments of " + tenant)
        seen = wait_until(lambda u=user, p=port: is_running(fleet, u, p), 20,
                          "programs on a port")
        check(seen["programs"] == ["hello"]
              and seen["running_programs"] == ["hello"]
              and list(seen["versions"]) == ["hello"]
              and not [s for s in seen["states"] if "secret" in s],
              "programs on a port: %s" % seen)
        check(fleet.names(user, "/api/v1/ports?program=secret", "id") == []
              and fleet.names(user, "/api/v1/programs/secret/states",
                              "state") == [], "a program on a port")
        status = fleet.rest.get("/api/v1/status", user).json
        check(status["tenant"] == tenant and status["hosts"] == 0
              and status["user"] == user and status["assignments"] == 0,
              str(status))
        answer = fleet.rest.call("POST", "/api/v1/assignments/preview", user,
                                 {"target": {"port": "vm*"}})
        check(answer.status == 200 and [p["id"] for p in answer.json["ports"]]
              == ["hv1/" + port], answer.body)
        for choice in ({"hosts": ["h*"]}, {"host_labels": {"rack": "r1"}}):
            fleet.call(user, 403, "POST", "/api/v1/assignments/preview",
                       dict(choice, target={"port": "vm*"}))
    check(len(fleet.names("everything", "/api/v1/ports", "id")) == 2,
          "a role without a tenant")
    check(len(fleet.names("viewer", "/api/v1/ports?program=secret", "id"))
          == 2, "ports with a program")
    check(fleet.rest.get("/api/v1/hosts", "everything").json["total"] == 1,
          "hosts")


def test_refusals(fleet):
    """What is not theirs is not there, and tells nothing."""
    body = {"programs": ["hello"], "target": {"port": "*"}}
    for path in ("programs/secret", "programs/secret/versions",
                 "programs/secret/source", "programs/secret/graph",
                 "assignments/red.all", "assignments/watch"):
        there = fleet.call("blue-viewer", 404, "GET", "/api/v1/" + path)
        missing = fleet.call("blue-viewer", 404, "GET", "/api/v1/" + path
                             .replace("secret", "nosuch")
                             .replace("red.all", "nosuch")
                             .replace("watch", "nosuch"))
        check(there.json["detail"].replace(path, "") == missing.json["detail"]
              .replace(path.replace("secret", "nosuch")
                       .replace("red.all", "nosuch")
                       .replace("watch", "nosuch"), ""),
              "%s tells more than %s" % (there.body, missing.body))
    for path in ("hosts", "hosts/hv1", "hosts/nosuch", "history", "rollouts",
                 "hosts/hv1/history", "programs/hello/rollout"):
        fleet.call("blue-admin", 403, "GET", "/api/v1/" + path)
    check(fleet.rest.call("GET", "/metrics", "blue-admin").status == 403,
          "metrics")
    fleet.call("blue-admin", 403, "PUT", "/api/v1/programs/hello/source",
               PROGRAM % ("hello", "x"))
    fleet.call("blue-viewer", 403, "PUT", ASSIGNMENTS + "blue.x", body)
    # Other names: the same answer whether there is one or not.
    answers = {fleet.call("blue-operator", 403, "PUT", ASSIGNMENTS + name,
                          body).body for name in ("red.all", "red.nosuch",
                                                  "watch", "blue", "blue.")}
    check(len(answers) == 1, "names leak: %s" % answers)
    fleet.ctl("assign", "blue.ours", "secret", "host=*", "port=none")
    wait_until(lambda: fleet.rest.call("GET", ASSIGNMENTS + "blue.ours",
                                       "viewer").status == 200, 10, "a row")
    fleet.call("blue-operator", 404, "GET", ASSIGNMENTS + "blue.ours")
    fleet.call("blue-operator", 403, "PUT", ASSIGNMENTS + "blue.ours", body)
    fleet.call("blue-operator", 404, "DELETE", ASSIGNMENTS + "blue.ours",
               If_Match="*")
    fleet.call("blue-operator", 404, "DELETE", ASSIGNMENTS + "red.all",
               If_Match="*")
    for wrong in (dict(body, programs=["secret"]),
                  dict(body, programs=["nosuch"]),
                  dict(body, tenant="red"), dict(body, hosts=["hv1"]),
                  dict(body, hosts=["*"], host_labels={"rack": "r1"})):
        fleet.call("blue-operator", 403, "PUT", ASSIGNMENTS + "blue.x", wrong)
    fleet.call("blue-operator", 400, "PUT", ASSIGNMENTS + "blue.x",
               dict(body, target={"tenant:port": "*"}))
    # The limit, and one past it.
    fleet.call("blue-operator", 201, "PUT", ASSIGNMENTS + "blue.two", body)
    wait_until(lambda: len(fleet.names("blue-viewer", "/api/v1/assignments"))
               == 2, 10, "the second")
    fleet.call("blue-operator", 409, "PUT", ASSIGNMENTS + "blue.three", body)
    fleet.call("blue-operator", 201, "PUT", ASSIGNMENTS + "blue.three",
               dict(body, enabled=False))
    # Of those that are not enabled, too: twice as many altogether.
    off = dict(body, enabled=False)
    fleet.call("blue-operator", 201, "PUT", ASSIGNMENTS + "blue.four", off)
    wait_until(lambda: len(fleet.names("blue-viewer", "/api/v1/assignments"))
               == 4, 10, "the fourth")
    answer = fleet.call("blue-operator", 409, "PUT",
                        ASSIGNMENTS + "blue.five", off)
    check("4 assignments, with those" in answer.json["detail"], answer.body)
    fleet.call("blue-operator", 200, "PUT", ASSIGNMENTS + "blue.four", off,
               If_Match="*")
    check("tenant" not in fleet.rest.get(ASSIGNMENTS + "watch").json,
          "the operator's")
    for name in ("two", "three", "four"):
        wait_until(lambda n=name: fleet.rest.call(
            "GET", ASSIGNMENTS + "blue." + n).status == 200, 10, name)
        fleet.call("blue-operator", 200, "DELETE", ASSIGNMENTS + "blue."
                   + name, If_Match="*")
    fleet.ctl("unassign", "blue.ours")
    # The operator gives a tenant one.
    fleet.call("operator", 201, "PUT", ASSIGNMENTS + "blue.gift",
               dict(body, hosts=["*"], tenant="blue",
                    target={"port": "none"}))
    wait_until(lambda: fleet.rest.get(
        "/api/v1/assignments", "blue-viewer").json["total"] == 2, 10,
        "a gift")
    # A tenant's stays the tenant's, also when the operator changes it and
    # does not say so: else it would reach the ports of all.
    answer = fleet.rest.get(ASSIGNMENTS + "blue.gift")
    fleet.call("operator", 200, "PUT", ASSIGNMENTS + "blue.gift",
               dict(body, hosts=["*"], target={"port": "nosuch"}),
               If_Match=answer.etag)
    fleet.ctl("--may-exist", "assign", "blue.gift", "hello", "host=*",
              "port=none")
    check(fleet.db.row("Assignment", "blue.gift")["tenant"] == "blue",
          "an assignment got loose")
    fleet.call("operator", 400, "PUT", ASSIGNMENTS + "blue.bad",
               dict(body, hosts=["*"], tenant=""))


def test_probes(fleet):
    """A program on one port, for the tenant that has it."""
    def probe(status, verb, host, port, program="hello", user="operator"):
        return fleet.call("blue-" + user, status, "POST", "/api/v1/probes/"
                          + verb, {"host": host, "port": port,
                                   "program": program})

    def probes(role):
        return [(p["id"], p["started"]) for p in
                fleet.rest.get("/api/v1/probes", role).json["items"]]

    fleet.ctl("unassign", "blue.gift")
    fleet.ctl("install-probe", "hv1", "vm1", "hello")
    wait_until(lambda: probes("viewer") == [("hv1/vm1/hello", False)], 10,
               "the operator's")
    for verb in ("install", "start"):
        there = probe(404, verb, "hv1", "vm2").json["detail"]
        for host, port in (("hv1", "nosuch"), ("nosuch", "vm2")):
            missing = probe(404, verb, host, port).json["detail"]
            check(missing == there.replace("hv1/vm2", host + "/" + port),
                  "%s tells more than %s" % (there, missing))
        for program in ("secret", "nosuch"):
            probe(403, verb, "hv1", "vm1", program)
        probe(403, verb, "hv1", "vm1", user="viewer")
    # The operator's is not the tenant's to stop, nor told.
    for verb in ("stop", "remove"):
        detail = probe(409, verb, "hv1", "vm1").json["detail"]
        check("blue.all" in detail and "port-" not in detail, detail)
    probe(200, "install", "hv1", "vm1")
    wait_until(lambda: probes("blue-viewer") == [("hv1/vm1/hello", False)],
               10, "the tenant's")
    check(probes("red-viewer") == [] and probes("viewer")
          == [("hv1/vm1/hello", False)], "another's")
    probe(200, "start", "hv1", "vm1")
    wait_until(lambda: probes("blue-viewer") == [("hv1/vm1/hello", True)],
               10, "a start")
    row, = [r for r in fleet.db.rows("Assignment")
            if r["name"].startswith("blue.port-vm1-")]
    check(row["tenant"] == "blue" and row["hosts"] == "hv1", str(row))
    check("hv1/vm1 hello of tenant blue: started" in fleet.ctl("list-probes"),
          fleet.ctl("list-probes"))
    wait_until(lambda: "tenant:neutron:project" in fleet.host.xfsm_ctl(
        "--if-exists", "get", "Assignment", row["name"], "target"), 20,
        "the tenant's selector on the host")
    # A port that is another's now tells nothing.
    for project, status in (("blue", "running"), ("red", "unknown"),
                            ("blue", "running")):
        fleet.host.vsctl("set", "Interface", "vm1",
                         "external_ids:\"neutron:project\"=" + project)
        wait_until(lambda s=status: [p["status"] for p in fleet.rest.get(
            "/api/v1/probes", "blue-viewer").json["items"]] == [s], 20,
            status)
    # It counts for the limit, which is two.
    fleet.call("blue-operator", 409, "PUT", ASSIGNMENTS + "blue.two",
               {"programs": ["hello"], "target": {"port": "*"}})
    probe(200, "stop", "hv1", "vm1")
    wait_until(lambda: probes("blue-viewer") == [("hv1/vm1/hello", False)],
               10, "a stop")
    fleet.call("blue-operator", 201, "PUT", ASSIGNMENTS + "blue.two",
               {"programs": ["hello"], "target": {"port": "none"}})
    wait_until(lambda: "blue.two" in fleet.names(
        "blue-viewer", "/api/v1/assignments"), 10, "another")
    probe(409, "start", "hv1", "vm1")
    fleet.call("blue-operator", 200, "DELETE", ASSIGNMENTS + "blue.two",
               If_Match="*")
    probe(200, "remove", "hv1", "vm1")
    wait_until(lambda: not probes("blue-viewer"), 10, "a removal")
    fleet.ctl("remove-probe", "hv1", "vm1", "hello")


def test_audit(fleet):
    """An admin of a tenant sees what its users did."""
    def entries():
        return fleet.rest.get("/api/v1/audit?limit=1000",
                              "blue-admin").json["items"]

    def forbidden():
        """One that hurries is not noted each time."""
        fleet.call("blue-operator", 403, "PUT", ASSIGNMENTS + "red.all",
                   {"programs": ["hello"], "target": {"port": "*"}})
        return ("blue-operator", "forbidden") in {
            (e["user"], e["outcome"]) for e in entries()}

    wait_until(forbidden, 20, "what was forbidden")
    check(all(e["tenant"] == "blue" for e in entries()), str(entries()))
    check(("blue-operator", "done") in {
        (e["user"], e["outcome"]) for e in entries()}, str(entries()))
    fleet.call("blue-operator", 403, "GET", "/api/v1/audit")
    everything = fleet.rest.get("/api/v1/audit?limit=1000",
                                "admin").json["items"]
    check({"red-operator", "blue-operator", "the-operator"}
          <= {e["user"] for e in everything}, "the whole log")


def test_parameters(fleet):
    """A tenant makes no program blind that the operator runs."""
    host = fleet.host
    fleet.ctl("assign", "a-limit", "hello", "host=*", "port=vm1",
              "param:limit=3")
    answer = fleet.rest.get(ASSIGNMENTS + "blue.all", "blue-viewer")
    fleet.call("blue-operator", 200, "PUT", ASSIGNMENTS + "blue.all",
               {"programs": ["hello"], "target": {"port": "*"},
                "parameters": {"limit": "8"}}, If_Match=answer.etag)

    def parameters():
        show = host.appctl("ovs-xfsmd", "xfsm/show")
        return {line.strip() for line in show.splitlines()
                if "parameters of hello" in line}

    wait_until(lambda: "limit=8" in host.xfsm_ctl("get", "Assignment",
                                                  "blue.all", "params"), 20,
               "the tenant's parameters")
    wait_until(lambda: parameters() == {"parameters of hello: limit=3"}, 20,
               lambda: str(parameters()))
    fleet.ctl("unassign", "a-limit")
    wait_until(lambda: parameters() == {"parameters of hello: limit=8"}, 20,
               lambda: str(parameters()))


def test_roles(fleet):
    """Roles and tokens by the REST API, for admins of the fleet."""
    path, tokens = "/api/v1/roles/dora", "/api/v1/roles/dora/tokens"
    body = {"level": "viewer", "tenant": "blue"}
    for wrong in ({}, {"level": "boss"}, dict(body, tenant="nosuch"),
                  dict(body, tenant=None), dict(body, tokens=[])):
        fleet.call("admin", 400, "PUT", path, wrong)
    fleet.call("admin", 400, "PUT", "/api/v1/roles/d%20a", body)
    for role in ("operator", "blue-admin"):
        for method, place in (("GET", "/api/v1/roles"), ("GET", path),
                              ("PUT", path), ("DELETE", path),
                              ("POST", tokens), ("DELETE", tokens)):
            fleet.call(role, 403, method, place,
                       body if method == "PUT" else None)
    for method, place in (("GET", path), ("DELETE", path), ("POST", tokens),
                          ("DELETE", tokens)):
        fleet.call("admin", 404, method, place)
    created = fleet.call("admin", 201, "PUT", path, body)
    wait_until(lambda: fleet.rest.call("GET", path, "admin").status == 200,
               10, "a role")
    answer = fleet.call("admin", 200, "GET", path)
    check(answer.etag == created.etag and answer.json == dict(
        body, name="dora", tokens=[]), answer.body)
    check("dora" in fleet.names("admin", "/api/v1/roles"), "roles")
    made = fleet.call("admin", 201, "POST", tokens).json
    fleet.rest.tokens["dora"] = made["token"]
    wait_until(lambda: fleet.rest.call("GET", "/api/v1/ports", "dora").status
               == 200, 10, "a token")
    check(fleet.names("dora", "/api/v1/ports", "id") == ["hv1/vm1"], "ports")
    check(fleet.rest.get(path, "admin").json["tokens"] == [made["detail"]],
          "a digest")
    log = fleet.rest.get("/api/v1/audit?limit=1000", "admin").body
    check(made["detail"] in log and made["token"] not in log, "a leak")
    # Another level, for the token that there is.
    fleet.call("admin", 428, "PUT", path, {"level": "operator"})
    fleet.call("admin", 412, "PUT", path, {"level": "operator"},
               If_Match="\"0\"")
    fleet.call("admin", 200, "PUT", path, {"level": "operator"},
               If_Match=answer.etag)
    wait_until(lambda: len(fleet.names("dora", "/api/v1/ports", "id")) == 2,
               10, "without a tenant")
    # One of two tokens goes, then all.
    other = fleet.call("admin", 201, "POST", tokens).json
    wait_until(lambda: len(fleet.rest.get(path, "admin").json["tokens"]) == 2,
               10, "two tokens")
    fleet.call("admin", 404, "DELETE", tokens + "?digest=sha256:0")
    fleet.call("admin", 200, "DELETE", tokens + "?digest=" + made["detail"])
    wait_until(lambda: fleet.rest.call("GET", "/api/v1/ports", "dora").status
               == 401, 10, "a token to go")
    check(fleet.rest.get(path, "admin").json["tokens"] == [other["detail"]],
          "the other")
    fleet.call("admin", 200, "DELETE", tokens)

    def set_tokens(n):
        if n < 64:
            fleet.db.transact({"op": "update", "table": "Role",
                               "where": named("dora"), "row": {"tokens": [
                                   "set", ["sha256:%d" % i
                                           for i in range(n)]]}})
        wait_until(lambda: len(fleet.rest.get(path, "admin").json["tokens"])
                   == n, 10, "%d tokens" % n)

    def wait_roles(n):
        wait_until(lambda: fleet.rest.get("/api/v1/roles", "admin").json
                   ["total"] == n, 20, "%d roles" % n)

    # The most tokens, and one more.
    set_tokens(63)
    fleet.call("admin", 201, "POST", tokens)
    set_tokens(64)
    fleet.call("admin", 409, "POST", tokens)
    etag = fleet.rest.get(path, "admin").etag
    fleet.call("admin", 428, "DELETE", path)
    # The most roles, and one more.
    n = 4096 - len(fleet.db.rows("Role"))
    fleet.db.transact(*[{"op": "insert", "table": "Role", "row": {
        "name": "r%d" % i, "level": "viewer"}} for i in range(n)])
    wait_roles(4096)
    fleet.call("admin", 409, "PUT", "/api/v1/roles/more", body)
    fleet.refuses("4096", "add-role", "more", "viewer")
    fleet.db.delete("Role", named("r0"))
    wait_roles(4095)
    fleet.call("admin", 201, "PUT", "/api/v1/roles/more", body)
    fleet.db.transact(*[{"op": "delete", "table": "Role",
                         "where": named("r%d" % i)} for i in range(1, n)])
    wait_until(lambda: fleet.rest.get("/api/v1/roles", "admin").json["total"]
               < 100, 20, "few roles")
    fleet.call("admin", 200, "DELETE", "/api/v1/roles/more", If_Match="*")
    fleet.call("admin", 200, "DELETE", path, If_Match=etag)
    wait_until(lambda: fleet.rest.call("GET", path, "admin").status == 404,
               10, "a removal")


def test_numbers(fleet):
    """A tenant's numbers of events are its own, from 0 on without a gap, and
    lists and streams go by them.  Returns a stream of each."""
    streams = []
    for user in ("blue-viewer", "red-viewer"):
        def page(query, user=user):
            return fleet.rest.get("/api/v1/events?" + query, user).json

        events = fleet.events(user)
        n = len(events)
        check(n > 1 and sorted(events.values()) == list(range(n)), events)
        check(fleet.rest.get("/api/v1/status", user).json["next_event"] >= n,
              "the next")
        # Page by page, newest first: the same, each once.
        ids, query = [], "limit=1&before=%d" % n
        while query:
            answer = page(query)
            ids += [i["id"] for i in answer["items"]]
            query = "limit=1&before=%d" % answer["next"] if answer.get(
                "next") else None
        check(ids == list(range(n - 1, -1, -1)), ids)
        streams.append(Stream(fleet, user, last=0))
        check(streams[-1].next()["id"] == 1, "a stream goes on after 0")
    # The operator's go by all.
    ids = fleet.events("viewer").values()
    check(max(ids) >= max(fleet.events("blue-viewer").values())
          + max(fleet.events("red-viewer").values()), "the operator's")
    return streams


def test_events(fleet):
    """Events of a port and its programs are its tenant's alone."""
    blue, red = Stream(fleet, "blue-viewer"), Stream(fleet, "red-viewer")
    everything = {(port, program) for port in ("vm1", "vm2")
                  for program in ("hello", "secret")}

    def knock():
        for port, address in (("vm1", "10.0.0.9"), ("vm2", "10.0.0.9")):
            fleet.vms[port].knock(address, [81], timeout=0.2)
        return fleet.event_programs("viewer") >= everything

    wait_until(knock, 30, lambda: str(fleet.event_programs("viewer")))
    check({p for p, _ in fleet.event_programs("blue-viewer")} == {"vm1"}
          and {q for _, q in fleet.event_programs("blue-viewer")}
          == {"hello"}, str(fleet.event_programs("blue-viewer")))
    check(fleet.event_programs("red-viewer") == {("vm2", "hello")},
          str(fleet.event_programs("red-viewer")))
    check(blue.next()["event"]["port"] == "vm1"
          and red.next()["event"]["port"] == "vm2", "streams")
    check(not fleet.rest.get("/api/v1/events?port=vm2",
                             "blue-viewer").json["items"], "a filter")
    wait_until(lambda: fleet.talkers("viewer") == everything, 20, "lists")
    check(fleet.talkers("blue-viewer") == {("vm1", "hello")}
          and fleet.talkers("red-viewer") == {("vm2", "hello")},
          str(fleet.talkers("blue-viewer")))
    for port in ("vm1", "vm2"):
        wait_until(lambda p=port: fleet.points("viewer", p)[0] > 1, 30,
                   "history")
    wait_until(lambda: fleet.points("blue-viewer", "vm1")[0] > 1, 30,
               "a tenant's history")
    check(fleet.points("blue-viewer", "vm2")[1].replace("vm2", "nosuch")
          == fleet.points("blue-viewer", "nosuch")[1], "not its own")

    check(fleet.known_hosts() == 1, "hosts whose tenants are known")

    # The most streams of a tenant, and one more.
    crowd = test_numbers(fleet)
    crowd += [Stream(fleet, "blue-operator") for _ in range(6)]
    fleet.call("blue-admin", 503, "GET", "/api/v1/events/stream")
    crowd.append(Stream(fleet, "red-operator"))
    for stream in crowd:
        stream.connection.close()

    # A port of the same name that is another's now: what was before stays
    # with whom it was, what is from now on goes to the other.
    before = fleet.events("blue-viewer")
    n_before = fleet.points("viewer", "vm1")[0]
    fleet.host.vsctl("set", "Interface", "vm1",
                     "external_ids:\"neutron:project\"=red")
    fleet.wait_running("vm1", "hello", "secret")
    wait_until(lambda: fleet.names("red-viewer", "/api/v1/ports", "id")
               == ["hv1/vm1", "hv1/vm2"], 20, "the port")
    # Its past does not go with it: there is no more than was added since.
    n_red = fleet.points("red-viewer", "vm1")[0]
    past = fleet.points("viewer", "vm1")[0]
    check(n_red <= past - n_before < past, "a past")
    check("there is no" in fleet.points("blue-viewer", "vm1")[1], "lost")
    check(fleet.talkers("red-viewer") == {("vm2", "hello")}
          and fleet.talkers("blue-viewer") == {("vm1", "hello")},
          "lists of before")

    def news():
        knock()
        return ("vm1", "hello") in fleet.event_programs("red-viewer")

    wait_until(news, 30, "events of a port that changed hands")
    check(fleet.talkers("red-viewer") == {("vm1", "hello"), ("vm2", "hello")}
          and not fleet.talkers("blue-viewer"), "lists of since")
    wait_until(lambda: fleet.points("red-viewer", "vm1")[0] > 0, 30,
               "history of since")
    n_red = fleet.points("red-viewer", "vm1")[0]
    check(fleet.points("viewer", "vm1")[0] >= n_before + n_red, "a past")
    check(not set(before) & set(fleet.events("red-viewer")),
          "events of before")
    check(fleet.events("blue-viewer") == before, "events that a tenant had")
    fleet.host.vsctl("set", "Interface", "vm1",
                     "external_ids:\"neutron:project\"=blue")

    # More than it may have is counted.
    fleet.ctl("--may-exist", "add-tenant", "red", "neutron:project=red",
              "program=hello", "limit:events-rate=0")

    def dropped():
        knock()
        return "xfsm_http_tenant_events_dropped_total 0" not in \
            fleet.rest.get("/metrics").body

    wait_until(dropped, 30, "events over the limit")
    # Without the program none of its events.
    fleet.ctl("--may-exist", "add-tenant", "blue", "neutron:project=blue",
              "program=other")
    wait_until(lambda: not fleet.event_programs("blue-viewer"), 20,
               "events of a program that it may not use any more")
    return blue, red


def test_names(fleet):
    """What the database takes, and nothing that is well has."""
    db, rest = fleet.db, fleet.rest
    # A role of the tenant "" is not one without a tenant.
    db.insert("Role", name="nobody", level="viewer", tenant="",
              tokens=["sha256:" + hashlib.sha256(b"nobody").hexdigest()])
    fleet.ctl("add-role", "somebody", "viewer")
    rest.tokens["somebody"] = fleet.ctl("new-token", "somebody")
    wait_until(lambda: rest.call("GET", "/api/v1/status", "somebody").status
               == 200, 20, "a role that came after")
    check(rest.call("GET", "/api/v1/status", "nobody").status in (401, 429),
          "a role of no tenant")
    # Hosts called as a series of another kind is.
    for name in ("", "hv1/vm1"):
        db.insert("Host", name=name, remotes=["unix:/nowhere"])

    def sampled():
        times = rest.get("/api/v1/history").json["times"]
        return times and times[-1] > start

    wait_until(lambda: rest.get("/api/v1/hosts").json["total"] == 3, 20,
               "the hosts")
    start = rest.get("/api/v1/status").json["time"]
    wait_until(sampled, 30, "a sample")
    for name in ("", "hv1/vm1"):
        db.delete("Host", named(name))


def test_rows(fleet):
    """Tenants by the REST API, for admins of the fleet."""
    path = "/api/v1/tenants/green"
    body = {"target": {"port": "green*"}, "programs": ["hello"]}
    for wrong in ({}, {"target": {}}, dict(body, target={"colour": "x"}),
                  dict(body, limits={"speed": "1"}), dict(body, other=1),
                  dict(body, programs="hello"),
                  dict(body, programs=["p%d" % i for i in range(257)])):
        fleet.call("admin", 400, "PUT", path, wrong)
    fleet.call("admin", 400, "PUT", "/api/v1/tenants/g.n", body)
    fleet.call("operator", 403, "PUT", path, body)
    fleet.call("blue-admin", 403, "PUT", path, body)
    fleet.call("blue-admin", 403, "GET", "/api/v1/tenants")
    created = fleet.call("admin", 201, "PUT", path, body)
    wait_until(lambda: fleet.rest.call("GET", path, "viewer").status == 200,
               10, "a tenant")
    answer = fleet.call("viewer", 200, "GET", path)
    check(answer.etag == created.etag and answer.json["target"]
          == body["target"] and answer.json["programs"] == ["hello"],
          answer.body)
    fleet.call("admin", 428, "PUT", path, body)
    changed = fleet.call("admin", 200, "PUT", path, dict(
        body, limits={"assignments": "1"}), If_Match=answer.etag)
    check(fleet.names("viewer", "/api/v1/tenants")
          == ["blue", "green", "red"], "tenants")
    wait_until(lambda: fleet.rest.get(path).etag == changed.etag, 10,
               "a change")
    fleet.call("admin", 200, "DELETE", path, If_Match=changed.etag)
    wait_until(lambda: fleet.rest.call("GET", path, "viewer").status == 404,
               10, "a removal")
    fleet.call("admin", 404, "DELETE", path)


def test_tokens(fleet, blue, red):
    """Those that go, go at once."""
    host = fleet.host
    tool = host.tool("controller/xfsm-controller")
    out = host.run(tool, "--new-token=file:viewer@red")
    token, line = (s.split(":", 1)[1].strip() for s in out.splitlines())
    check(line.startswith("file viewer@red sha256:"), line)
    check("cannot have a" in host.run(tool, "--new-token=file:viewer@r.d",
                                      ok=(1,), errors=True), "a bad tenant")
    fleet.ctl("del-token", "blue-viewer")
    wait_until(lambda: fleet.rest.call(
        "GET", "/api/v1/status", "blue-viewer").status == 401, 10,
        "a token to go")
    while blue.next():
        pass
    fleet.refuses("has no token", "del-token", "red-viewer", "sha256:0")
    fleet.ctl("--may-exist", "add-role", "red-viewer", "viewer", "blue")
    while red.next():
        pass
    with open(fleet.rest.tokens_file, "a") as f:
        f.write(line + "\n")
    fleet.rest.process.send_signal(signal.SIGHUP)
    wait_until(lambda: fleet.rest.call("GET", "/api/v1/ports", token).status
               == 200, 10, "a token of the file")
    check(fleet.names(token, "/api/v1/ports", "id") == ["hv1/vm2"],
          "ports of a token of the file")
    # A tenant that goes takes with it what its users see, also by a request
    # whose body comes later; and hosts do not keep what it had.
    body = json.dumps({"tenant": "blue", "target": {"port": "*"}}).encode()
    late = fleet.rest.connect()
    late.putrequest("POST", "/api/v1/assignments/preview?switches=no")
    for name, value in (("Authorization", "Bearer " + token),
                        ("Content-Length", str(len(body))),
                        ("Expect", "100-continue")):
        late.putheader(name, value)
    late.endheaders()
    check(late.sock.recv(4096).startswith(b"HTTP/1.1 100"), "it may go on")
    fleet.wait_running("vm2", "hello", "secret")
    fleet.ctl("--force", "del-tenant", "red")
    wait_until(lambda: fleet.rest.call("GET", "/api/v1/ports", token).status
               == 403, 10, "a tenant to go")
    late.send(body)
    check(late.getresponse().status == 403, "a tenant that went")
    late.close()
    wait_until(lambda: "no tenant" in str(fleet.db.row(
        "Assignment", "red.all")["error"]), 10, "its assignment")
    fleet.wait_running("vm2", "secret")


def test(host):
    fleet = Fleet(host)
    fleet.start()
    test_tool(fleet)
    test_database(fleet)
    test_reach(fleet)
    test_views(fleet)
    test_refusals(fleet)
    test_probes(fleet)
    test_audit(fleet)
    test_parameters(fleet)
    test_names(fleet)
    test_rows(fleet)
    test_roles(fleet)
    blue, red = test_events(fleet)
    test_tokens(fleet, blue, red)
    # A host that goes is forgotten.
    fleet.ctl("--force", "del-host", "hv1")
    wait_until(lambda: not fleet.known_hosts(), 20, "a host to go")
    fleet.rest.exit()
    fleet.db.close()
    host.check_log()


if __name__ == "__main__":
    xfsmtest.main(test)
