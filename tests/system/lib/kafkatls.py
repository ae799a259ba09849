# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""TLS and a login in front of Kafka's mock cluster, which has neither: a proxy
that tells clients its own port in place of the broker's, and that takes SASL
PLAIN by the requests SaslHandshake and SaslAuthenticate."""

import contextlib
import socket
import ssl
import struct
import threading

# Keys of requests, and errors, of Kafka's protocol.
SASL_HANDSHAKE = 17
API_VERSIONS = 18
SASL_AUTHENTICATE = 36
UNSUPPORTED_VERSION = 35
LOGIN_FAILED = 58


def text(s):
    return struct.pack(">h", len(s)) + s


def read_exactly(conn, n):
    data = b""
    while len(data) < n:
        more = conn.recv(n - len(data))
        if not more:
            raise ConnectionError("closed")
        data += more
    return data


def read_frame(conn):
    return read_exactly(conn, struct.unpack(">I", read_exactly(conn, 4))[0])


def send_frame(conn, data):
    conn.sendall(struct.pack(">I", len(data)) + data)


class Request:
    def __init__(self, frame):
        self.key, self.version, self.id, n = struct.unpack_from(">hhih",
                                                                frame)
        self.body = frame[10 + max(n, 0):]

    def answer(self, body):
        return struct.pack(">i", self.id) + body


def add_sasl(request, answer):
    """An answer to ApiVersions that has the requests of a login, too."""
    newest = {SASL_HANDSHAKE: 1, SASL_AUTHENTICATE: 0}
    error, = struct.unpack_from(">h", answer, 4)
    flexible = request.version >= 3 and error != UNSUPPORTED_VERSION
    entries = b"".join(struct.pack(">hhh", key, 0, version) + b"\0" * flexible
                       for key, version in newest.items())
    head, rest = answer[:6], answer[6:]
    if flexible:                # One more than there are, below 128.
        return head + bytes([rest[0] + len(newest)]) + entries + rest[1:]
    count, = struct.unpack_from(">i", rest)
    return head + struct.pack(">i", count + len(newest)) + entries + rest[4:]


class KafkaTls:
    """The proxy.  'context' is that of a server; 'login', a user and a
    password, if it wants to know who clients are."""

    def __init__(self, kafka, context, login=None):
        host, port = kafka.url.split("//")[1].rsplit(":", 1)
        self.broker = (host, int(port))
        self.context = context
        self.login = login and ("\0%s\0%s" % login).encode()
        self.failed_handshakes = 0
        self.wrong_logins = 0
        self.logins = 0
        self.server = socket.create_server(("127.0.0.1", 0))
        own = self.server.getsockname()[1]
        self.addresses = [host.encode() + struct.pack(">i", n)
                          for n in (int(port), own)]
        self.url = "kafka://127.0.0.1:%d" % own
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        return False

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                conn, _ = self.server.accept()
                threading.Thread(target=self.serve, args=[conn],
                                 daemon=True).start()

    def serve(self, conn):
        with conn:
            try:
                client = self.context.wrap_socket(conn, server_side=True)
            except (ssl.SSLError, OSError):
                self.failed_handshakes += 1
                return
            with client, socket.create_connection(self.broker) as broker, \
                    contextlib.suppress(OSError):
                if self.login and not self.log_in(client, broker):
                    return
                threading.Thread(target=self.pass_answers,
                                 args=[broker, client], daemon=True).start()
                while True:
                    send_frame(broker, read_frame(client))

    def pass_answers(self, broker, client):
        with contextlib.suppress(OSError):
            while True:
                send_frame(client, read_frame(broker).replace(
                    *self.addresses))

    def log_in(self, client, broker):
        """Tells whether the client says who it is, before anything else."""
        while True:
            frame = read_frame(client)
            request = Request(frame)
            if request.key == API_VERSIONS:
                send_frame(broker, frame)
                send_frame(client, add_sasl(request, read_frame(broker)))
            elif request.key == SASL_HANDSHAKE:
                send_frame(client, request.answer(
                    struct.pack(">hi", 0, 1) + text(b"PLAIN")))
            elif request.key == SASL_AUTHENTICATE:
                good = request.body[4:] == self.login
                self.logins += good
                self.wrong_logins += not good
                send_frame(client, request.answer(
                    struct.pack(">h", 0 if good else LOGIN_FAILED)
                    + text(b"" if good else b"who are you?")
                    + struct.pack(">i", 0)))
                if good:
                    return True
            else:
                return False
