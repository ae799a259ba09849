# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Events to syslog over TLS: framed as RFC 5425 says, to servers alone whose
certificate is good, again when the server comes back, with a certificate of
ours where it asks."""

import array
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import termios
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import hubtest                                              # noqa: E402
import xfsmtest                                             # noqa: E402
from hubtest import Hub, Subscriber                         # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402


def make_certificate(folder, name, *options):
    """A key and a certificate, which is its own CA; returns both in a file."""
    path = os.path.join(folder, name + ".pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=" + name, "-keyout", path + ".key",
                    "-out", path + ".crt", *options],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   check=True)
    with open(path, "w") as out:
        for part in (path + ".key", path + ".crt"):
            with open(part) as f:
                out.write(f.read())
    return path


class Server(threading.Thread):
    """Takes connections one after another, and keeps the messages."""

    def __init__(self, cert, client_ca=None, port=None):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert)
        if client_ca:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(client_ca)
        self.port = port or xfsmtest.free_ports(1)[0]
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.messages = []
        self.refused = []
        self.connection = None
        self.start()

    def run(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(raw, server_side=True) as s:
                    self.connection = s
                    self.read(s.makefile("rb"))
            except (OSError, ValueError) as e:
                self.refused.append(str(e))
            self.connection = None

    def read(self, stream):
        """LEN SP MSG, again and again."""
        while True:
            head = b""
            while not head.endswith(b" "):
                byte = stream.read(1)
                if not byte:
                    return
                head += byte
            n = int(head)
            check(str(n).encode() + b" " == head, "length %s" % head)
            self.messages.append(stream.read(n))

    def waiting(self):
        """Bytes that have come and that nobody has read."""
        n = array.array("i", [0])
        fcntl.ioctl(self.connection.fileno(), termios.FIONREAD, n)
        return n[0]

    def stop(self):
        """Closes all, at once."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        connection = self.connection
        if connection:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.join()

    def texts(self):
        return [m.decode().rsplit("] ", 1)[1] for m in self.messages]


class LazyServer(Server):
    """Reads one message of its first connection, and closes that when it is
    told."""

    def __init__(self, *args, **kwargs):
        self.lazy = True
        self.release = threading.Event()
        super().__init__(*args, **kwargs)

    def read(self, stream):
        if self.lazy:
            self.lazy = False
            head = b""
            while not head.endswith(b" "):
                head += stream.read(1)
            self.messages.append(stream.read(int(head)))
            self.release.wait(60)
        else:
            super().read(stream)


def start(hub, server, *args, host="127.0.0.1"):
    return Subscriber(hub, "--format", "json", "--syslog",
                      "tls:%s:%d" % (host, server.port),
                      *args).wait_connected(hub)


def has_seq(server, seq):
    return any('"seq":%d,' % seq in t for t in server.texts())


def test_messages():
    with Hub() as hub:
        good = make_certificate(hub.dir, "good", "-addext",
                                "subjectAltName=IP:127.0.0.1")
        server = Server(good)
        probe = hub.join("vm1")
        sub = start(hub, server, "--syslog-ca", good)
        probe.send("alert", text="first")
        probe.send("log", text="x" * 7000)
        wait_until(lambda: len(server.messages) == 2, 10, sub.errors)
        check(server.messages[0].startswith(b"<131>1 2026-11-23T16:42:36."),
              server.messages[0])
        check(has_seq(server, 1) and has_seq(server, 2), server.texts())

        # The server goes and comes back: what is lost is told.
        server.stop()

        def send():
            probe.send("alert", text="while it is away")
            return "LOST: cannot send to syslog" in sub.errors()

        wait_until(send, 10, sub.errors)
        server = Server(good, port=server.port)

        def arrives():
            seq = probe.send("alert", text="again")
            hub.wait_stat("published", seq)
            return server.messages

        wait_until(arrives, 20, sub.errors)
        server.stop()


def test_broken_connection():
    """What the server had not read when a connection broke comes again."""
    with Hub() as hub:
        good = make_certificate(hub.dir, "good", "-addext",
                                "subjectAltName=IP:127.0.0.1")
        server = LazyServer(good)
        probe = hub.join("vm1")
        sub = start(hub, server, "--syslog-ca", good)
        probe.send("alert")
        wait_until(lambda: len(server.messages) == 1, 10, sub.errors)
        for _ in range(3):
            probe.send("alert")
        wait_until(lambda: server.waiting() > 3 * 200, 10, server.waiting)
        server.release.set()

        def all_there():
            probe.send("alert")
            return all(has_seq(server, seq) for seq in range(1, 6))

        wait_until(all_there, 10, lambda: "%s %s" % (server.texts(),
                                                     sub.errors()))
        sub.process.send_signal(signal.SIGINT)
        sub.wait_error("messages were sent again, since a connection broke; "
                       "0 may be lost")
        server.stop()


def test_bad_certificates():
    """No byte goes to a server that could be anybody."""
    with Hub() as hub:
        good = make_certificate(hub.dir, "good", "-addext",
                                "subjectAltName=IP:127.0.0.1")
        named = make_certificate(hub.dir, "named", "-addext",
                                 "subjectAltName=DNS:log.example")
        probe = hub.join("vm1")
        for cert, args, text in (
                (good, (), "self-signed certificate"),
                (good, ("--syslog-ca", named), "self-signed certificate"),
                (named, ("--syslog-ca", named), "IP address mismatch")):
            server = Server(cert)
            sub = start(hub, server, *args)
            probe.send("alert", text="secret")
            sub.wait_error("cannot send to syslog (" + text)
            check(not server.messages, server.messages)
            sub.process.send_signal(signal.SIGINT)
            sub.wait_error("syslog: 1 messages were lost")
            sub.process.wait()
            server.stop()


def test_client_certificate():
    with Hub() as hub:
        good = make_certificate(hub.dir, "good", "-addext",
                                "subjectAltName=IP:127.0.0.1")
        ours = make_certificate(hub.dir, "ours")
        server = Server(good, client_ca=ours)
        probe = hub.join("vm1")
        bare = start(hub, server, "--syslog-ca", good)
        probe.send("alert", text="from nobody")
        wait_until(lambda: server.refused, 10, bare.errors)
        check(not server.messages, server.messages)
        bare.process.terminate()
        bare.process.wait()
        sub = start(hub, server, "--syslog-ca", good, "--syslog-cert", ours)
        probe.send("alert", text="from us")
        wait_until(lambda: has_seq(server, 2), 10, sub.errors)
        server.stop()


if __name__ == "__main__":
    if not shutil.which("openssl"):
        xfsmtest.skip("needs openssl")
    hubtest.main(test_messages, test_broken_connection,
                 test_bad_certificates, test_client_certificate)
