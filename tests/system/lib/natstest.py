# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Servers of NATS with JetStream, on loopback, and a client that reads a
stream.  It speaks the protocol of clients, as far as that takes."""

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess

from xfsmtest import free_ports, wait_until


def available():
    return shutil.which("nats-server", path=os.environ["PATH"]
                        + ":/usr/sbin:/usr/local/sbin")


class Client:
    """A connection; the reply to one request at a time."""

    def __init__(self, port, login=None, tls=None):
        self.socket = socket.create_connection(("127.0.0.1", port), 1)
        self.n = 0
        info = b""
        while not info.endswith(b"\n"):
            c = self.socket.recv(1)
            if not c:
                raise OSError("connection closed")
            info += c
        if tls:
            self.socket = tls.wrap_socket(self.socket,
                                          server_hostname="127.0.0.1")
        self.file = self.socket.makefile("rb")
        self._send(b"CONNECT " + json.dumps(dict(
            login or {}, verbose=False, headers=True,
            no_responders=True)).encode() + b"\r\nSUB inbox.* 1\r\n")

    def close(self):
        self.file.close()
        self.socket.close()

    def _send(self, data):
        self.socket.sendall(data)

    def request(self, subject, body=b""):
        """Returns the reply, or None if nobody is there."""
        self.n += 1
        reply = b"inbox.%d" % self.n
        self._send(b"PUB %s %s %d\r\n%s\r\n" % (subject.encode(), reply,
                                                len(body), body))
        while True:
            words = self.file.readline().split()
            if not words:
                raise OSError("connection closed")
            if words[0] == b"PING":
                self._send(b"PONG\r\n")
            elif words[0] in (b"MSG", b"HMSG"):
                data = self.file.read(int(words[-1]) + 2)
                if words[1] == reply:
                    return None if words[0] == b"HMSG" else data[:-2]

    def api(self, what, **arguments):
        reply = self.request("$JS.API." + what,
                             json.dumps(arguments).encode()
                             if arguments else b"")
        return json.loads(reply) if reply else {}


class Server:
    def __init__(self, folder, name, port, cluster_port=None, routes=(),
                 extra=""):
        self.dir = os.path.join(folder, name)
        os.makedirs(self.dir, exist_ok=True)
        self.name = name
        self.port = port
        self.config = os.path.join(self.dir, "conf")
        with open(self.config, "w") as f:
            f.write("server_name: %s\nlisten: 127.0.0.1:%d\n"
                    "jetstream { store_dir: \"%s\", max_mem: 64M, "
                    "max_file: 1G }\n%s" % (name, port, self.dir, extra))
            if cluster_port:
                f.write("cluster { name: test, listen: 127.0.0.1:%d, "
                        "routes: [%s] }\n" % (cluster_port, ", ".join(
                            "nats://127.0.0.1:%d" % r for r in routes)))
        self.process = None

    def start(self):
        with open(os.path.join(self.dir, "log"), "a") as log:
            self.process = subprocess.Popen(
                [available(), "-c", self.config], stdout=log, stderr=log)

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def forget(self):
        """Loses all that it has, as after a loss of power."""
        shutil.rmtree(os.path.join(self.dir, "jetstream"))

    def log(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as f:
            return f.read()


class Nats:
    """One server, or a cluster of some.  Of one, 'extra' is more of its
    configuration; 'login' are members of CONNECT, and 'tls' is a context of
    TLS, for the client."""

    def __init__(self, folder, n=1, extra="", login=None, tls=None):
        ports = free_ports(2 * n)
        self.login = login
        self.tls = tls
        if n == 1:
            self.servers = [Server(folder, "n0", ports[0], extra=extra)]
        else:
            self.servers = [Server(folder, "n%d" % i, ports[i], ports[n + i],
                                   ports[n:]) for i in range(n)]
        self.url = ",".join("nats://127.0.0.1:%d" % s.port
                            for s in self.servers)

    def __enter__(self):
        for s in self.servers:
            s.start()
        self.wait_ready()
        return self

    def __exit__(self, exc_type, exc, tb):
        for s in self.servers:
            s.kill()
            if exc_type:
                print("---- what %s said" % s.name)
                print(s.log()[-4000:])
        return False

    def client(self, server):
        return Client(server.port, self.login, self.tls)

    def api(self, what, **arguments):
        """Asks the first server that answers."""
        for s in self.servers:
            if s.process:
                with contextlib.suppress(OSError, ssl.SSLError):
                    client = self.client(s)
                    try:
                        reply = client.api(what, **arguments)
                    finally:
                        client.close()
                    if reply:
                        return reply
        return {}

    def wait_ready(self):
        wait_until(lambda: "memory" in self.api("INFO"), 30,
                   lambda: "\n".join(s.log() for s in self.servers))

    def info(self, stream="XFSM"):
        return self.api("STREAM.INFO." + stream)

    def count(self):
        return self.info().get("state", {}).get("messages", 0)

    def leader(self):
        name = self.info().get("cluster", {}).get("leader")
        return next((s for s in self.servers if s.name == name), None)

    def messages(self, stream="XFSM"):
        """All messages of the stream: subject, headers, event."""
        state = self.info(stream)["state"]
        server = next(s for s in self.servers if s.process)
        client = self.client(server)
        out = []
        for seq in range(state["first_seq"], state["last_seq"] + 1):
            reply = client.api("STREAM.MSG.GET." + stream, seq=seq)
            m = reply["message"]
            headers = dict(
                line.split(": ", 1) for line in base64.b64decode(
                    m.get("hdrs", "")).decode().split("\r\n")
                if ": " in line)
            out.append((m["subject"], headers,
                        json.loads(base64.b64decode(m["data"]))))
        client.close()
        return out

    def wait_count(self, n, explain, timeout=30):
        wait_until(lambda: self.count() >= n, timeout,
                   lambda: "%d messages, not %d; %s" % (self.count(), n,
                                                        explain()))
