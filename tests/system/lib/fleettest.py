# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""What tests of fleets share: a small OVSDB client, database servers, hosts
that are a database and a stand-in for the agent, and controllers.
"""

import contextlib
import json
import os
import signal
import socket
import threading
import time

import xfsmtest
from xfsmtest import wait_until


class Ovsdb:
    """A connection to a database; one request at a time."""

    def __init__(self, path, database):
        self.database = database
        self.id = 0
        self.buffer = ""
        self.decoder = json.JSONDecoder()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20 * xfsmtest.PATIENCE)
        self.socket.connect(path)

    def close(self):
        self.socket.close()

    def _send(self, message):
        self.socket.sendall(json.dumps(message).encode())

    def _receive(self):
        while True:
            with contextlib.suppress(ValueError):
                message, end = self.decoder.raw_decode(self.buffer)
                self.buffer = self.buffer[end:].lstrip()
                return message
            data = self.socket.recv(65536)
            if not data:
                raise OSError("the server closed the connection")
            self.buffer += data.decode()

    def transact(self, *operations):
        self.id += 1
        self._send({"id": self.id, "method": "transact",
                    "params": [self.database] + list(operations)})
        while True:
            message = self._receive()
            if message.get("method") == "echo":
                self._send({"id": message["id"], "error": None,
                            "result": message["params"]})
            elif message.get("id") == self.id:
                break
        xfsmtest.check(not message["error"], str(message["error"]))
        for result in message["result"]:
            xfsmtest.check(not result or "error" not in result, str(result))
        return message["result"]

    def insert(self, table, **columns):
        self.transact({"op": "insert", "table": table,
                       "row": {c: to_ovsdb(v) for c, v in columns.items()}})

    def update(self, table, where, **columns):
        self.transact({"op": "update", "table": table, "where": where,
                       "row": {c: to_ovsdb(v) for c, v in columns.items()}})

    def delete(self, table, where):
        self.transact({"op": "delete", "table": table, "where": where})

    def rows(self, table, where=()):
        rows = self.transact({"op": "select", "table": table,
                              "where": list(where)})[0]["rows"]
        return [{c: from_ovsdb(v) for c, v in row.items()} for row in rows]

    def row(self, table, name):
        """The row with that name, or None."""
        rows = self.rows(table, [["name", "==", name]])
        return rows[0] if rows else None


def named(name):
    return [["name", "==", name]]


def to_ovsdb(value):
    if isinstance(value, dict):
        return ["map", [[k, v] for k, v in value.items()]]
    if isinstance(value, (list, set, tuple)):
        return ["set", list(value)]
    return value


def from_ovsdb(value):
    """Sets become lists, sorted; maps become dictionaries."""
    if isinstance(value, list):
        if value[0] == "map":
            return dict(value[1])
        if value[0] == "set":
            return sorted(value[1])
        return value[1]
    return value


class Server:
    """An ovsdb-server with one database, in the namespace of a Host."""

    def __init__(self, host, name, schema):
        self.host = host
        self.name = name
        self.socket = os.path.join(host.dir, name + ".sock")
        self.db = os.path.join(host.dir, name + ".db")
        self.database = {"xfsm": "XFSM", "xfsm-fleet": "XFSM_Fleet"}[schema]
        host.run("ovsdb-tool", "create", self.db, os.path.join(
            xfsmtest.TOP_SRCDIR, "ovsdb-schema", schema + ".ovsschema"))
        self.start()

    def start(self):
        self.process = self.host.popen(
            "ovsdb-server", "-vconsole:off",
            "--log-file=%s/%s.log" % (self.host.logdir, self.name),
            "--unixctl=%s/%s.ctl" % (self.host.dir, self.name),
            "--remote=punix:" + self.socket, self.db)
        wait_until(self._listens, 10, self.name + " to listen")

    def _listens(self):
        try:
            self.connect().close()
        except OSError:
            return False
        return True

    def connect(self):
        return Ovsdb(self.socket, self.database)

    @property
    def remote(self):
        return "unix:" + self.socket


def hello(text, name="hello"):
    """A program that greets, with a parameter and a text of its own."""
    return """<xfsm name="%s" version="1.0">
  <!-- %s -->
  <param name="limit" default="7" min="1" max="8"/>
  <statedef id="quiet"/>
  <event type="packet" selector="proto tcp" primary-key="ip_src">
    <state id="quiet"><condition expression="limit &lt; 9"
     action="Publish(log, hello %%ip_src)"/></state>
  </event>
</xfsm>
""" % (name, text)


class FleetDb:
    """The database of a fleet, and "xfsm-ctl --fleet" on it."""

    def __init__(self, host):
        self.host = host
        self.server = Server(host, "fleet", "xfsm-fleet")
        self.db = self.server.connect()

    def ctl(self, *args, **kwargs):
        return self.host.run(self.host.tool("utilities/xfsm-ctl"),
                             "--fleet=" + self.server.remote, "--timeout=%d"
                             % (20 * xfsmtest.PATIENCE), *args,
                             **kwargs).rstrip("\n")

    def refuses(self, text, *args):
        """Exits with status 1 and says 'text'.  Returns what it says."""
        out = self.ctl(*args, ok=(1,), errors=True)
        xfsmtest.check(text in out, "\"%s\" in: %s" % (text, out))
        return out


class Cluster:
    """Three ovsdb-servers with one database XFSM_Fleet, by RAFT."""

    def __init__(self, host):
        self.host = host
        self.members = []
        self.processes = {}
        for i in range(3):
            member = os.path.join(host.dir, "raft%d" % i)
            if not i:
                host.run("ovsdb-tool", "create-cluster", member + ".db",
                         os.path.join(xfsmtest.TOP_SRCDIR, "ovsdb-schema",
                                      "xfsm-fleet.ovsschema"),
                         "unix:%s.raft" % member)
            else:
                host.run("ovsdb-tool", "join-cluster", member + ".db",
                         "XFSM_Fleet", "unix:%s.raft" % member,
                         "unix:%s.raft" % self.members[0])
            self.members.append(member)
            self.processes[member] = host.popen(
                "ovsdb-server", "-vconsole:off", "--log-file=%s/raft%d.log"
                % (host.logdir, i), "--unixctl=%s.ctl" % member,
                "--remote=punix:%s.sock" % member, member + ".db")
            wait_until(lambda m=member: self.role(m) in ("leader",
                                                         "follower"), 20,
                       "a member of the cluster")
        self.remote = ",".join("unix:%s.sock" % m for m in self.members)

    def role(self, member):
        out = self.host.run("ovs-appctl", "-t", member + ".ctl",
                            "cluster/status", "XFSM_Fleet", ok=range(256))
        fields = dict(line.split(": ", 1) for line in out.splitlines()
                      if ": " in line)
        return (fields.get("Role") if fields.get("Status")
                == "cluster member" else None)

    def leader(self):
        for member in list(self.processes):
            if self.role(member) == "leader":
                return member
        return None

    def kill_leader(self):
        member = wait_until(self.leader, 20, "a leader")
        process = self.processes.pop(member)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def connect(self):
        """A connection to a server that is no leader: it passes on."""
        leader = wait_until(self.leader, 20, "a leader")
        member = [m for m in self.processes if m != leader][0]
        return Ovsdb(member + ".sock", "XFSM_Fleet")


class FakeHost(Server):
    """A host: its database, and a thread that acknowledges as an agent
    does."""

    def __init__(self, host, name):
        super().__init__(host, name, "xfsm")
        self.rows = self.connect()
        self.stopping = threading.Event()
        self.agent = threading.Thread(target=self._acknowledge, daemon=True)
        self.agent.start()

    def _acknowledge(self):
        client = self.connect()
        with contextlib.suppress(OSError):      # The test has failed.
            while not self.stopping.wait(0.05):
                for row in client.rows("XFSM_Global"):
                    if row["next_cfg"] != row["cur_cfg"]:
                        client.update("XFSM_Global", [],
                                      cur_cfg=row["next_cfg"],
                                      agent_version="stand-in")
        client.close()

    def stop(self):
        self.stopping.set()
        self.agent.join()
        self.rows.close()

    def program(self, name):
        """Source of a program that the host has, or None."""
        row = self.rows.row("Program", name)
        return row["source"] if row else None

    def assignments(self):
        return {row["name"]: row for row in self.rows.rows("Assignment")}

    def put_probe(self, interface, programs, **columns):
        """Makes the row of a probe say so."""
        self.rows.transact(
            {"op": "delete", "table": "Probe",
             "where": [["interface", "==", interface]]},
            {"op": "insert", "table": "Probe",
             "row": dict({"interface": interface,
                          "programs": to_ovsdb(programs)},
                         **{c: to_ovsdb(v) for c, v in columns.items()})})


class Controller:
    """xfsm-controller on a database."""

    def __init__(self, host, remote, name, *options):
        self.host = host
        self.name = name
        self.ctl = os.path.join(host.dir, name + ".ctl")
        self.process = host.popen(
            *self.command(host, remote), "--name=" + name, "-vconsole:off",
            "--events=%s/%s.events" % (host.dir, name),
            "--log-file=%s/%s.log" % (host.logdir, name),
            "--unixctl=" + self.ctl, *options)
        wait_until(lambda: os.path.exists(self.ctl), 10, name + " to start")

    @staticmethod
    def command(host, remote):
        return (host.tool("controller/xfsm-controller"),
                "--xfsm=" + host.tool("utilities/xfsm"), "--db=" + remote)

    def stop(self):
        """It does nothing any more, and does not know."""
        self.process.send_signal(signal.SIGSTOP)

    def kill(self):
        """As the want of memory would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        return time.monotonic()

    def exit(self):
        self.host.appctl(self.ctl, "exit")
        status = self.process.wait(10 * xfsmtest.PATIENCE)
        xfsmtest.check(status == 0, "%s: exit status %s" % (self.name,
                                                            status))

    def show(self):
        return self.host.appctl(self.ctl, "fleet/show")
