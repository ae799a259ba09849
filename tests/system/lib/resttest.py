# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""A client of xfsm-controller's REST API that holds each answer against the
OpenAPI document, and a controller with tokens for it.
"""

import ctypes
import http.client
import json
import os
import re
import socket
import ssl
import struct

import xfsmtest
from xfsmtest import check, wait_until

WEB = os.path.join(xfsmtest.TOP_SRCDIR, "controller/web")
ROLES = ("viewer", "operator", "admin")
CLONE_NEWNET = 0x40000000


def load_document():
    with open(os.path.join(WEB, "openapi.json")) as f:
        return json.load(f)


def connect_in(netns, port, timeout):
    """A connection to the loopback address of a network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net") as here, \
            open("/run/netns/" + netns) as there:
        check(not libc.setns(there.fileno(), CLONE_NEWNET), "setns")
        try:
            return socket.create_connection(("127.0.0.1", port), timeout)
        finally:
            check(not libc.setns(here.fileno(), CLONE_NEWNET), "setns")


def make_scan(source, target, ports):
    """A capture of a SYN from 'source' to each port of 'target', each
    answered with a reset."""
    out = [struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)]
    ends = [socket.inet_aton(source), socket.inet_aton(target)]
    for n, port in enumerate(ports):
        for answer in (0, 1):
            here, there = ends[answer], ends[1 - answer]
            tcp = struct.pack("!HHIIBBHHH", *((port, 4711) if answer
                                              else (4711, port)),
                              0, 0, 0x50, 0x14 if answer else 0x02, 1024, 0,
                              0)
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0,
                             64, 6, 0, here, there)
            frame = bytes(12) + b"\x08\x00" + ip + tcp
            out.append(struct.pack("<IIII", 1700000000, n * 10000 + answer,
                                   len(frame), len(frame)) + frame)
    return b"".join(out)


class Validator:
    """As much of OpenAPI's schemas as our document uses."""

    def __init__(self, document):
        self.document = document
        self.seen = set()

    def resolve(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].lstrip("#/").split("/"):
                target = target[part]
            node = target
        return node

    def validate(self, value, schema, at):
        schema = self.resolve(schema)
        kind = schema.get("type")
        if not kind or (value is None and schema.get("nullable")):
            return
        types = {"string": str, "integer": int, "number": (int, float),
                 "boolean": bool, "object": dict, "array": list}
        check(isinstance(value, types[kind])
              and (kind != "integer" or not isinstance(value, bool)),
              "%s: %r is no %s" % (at, value, kind))
        if "enum" in schema:
            check(value in schema["enum"], "%s: %r" % (at, value))
        if kind == "array":
            for i, item in enumerate(value):
                self.validate(item, schema["items"], "%s/%d" % (at, i))
        elif kind == "object":
            properties = schema.get("properties", {})
            more = schema.get("additionalProperties", True)
            for name in schema.get("required", ()):
                check(name in value, "%s: lacks %s" % (at, name))
            for name, member in value.items():
                if name in properties:
                    self.validate(member, properties[name], at + "/" + name)
                else:
                    check(more, "%s: %s is not in the document" % (at, name))
                    if isinstance(more, dict):
                        self.validate(member, more, at + "/" + name)

    def find(self, method, path):
        """(pattern, operation) of a request."""
        for pattern, item in self.document["paths"].items():
            regex = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(pattern))
            if (method.lower() in item and "{" not in pattern
                    and path == pattern):
                return pattern, item[method.lower()]
            if (method.lower() in item and re.fullmatch(regex, path)
                    and path not in self.document["paths"]):
                return pattern, item[method.lower()]
        return None, None

    def check_answer(self, method, path, answer):
        path = path.split("?")[0]
        pattern, operation = self.find(method, path)
        if not operation:
            check(answer.status in (404, 405), "%s %s is not in the document"
                  % (method, path))
            return
        at = "%s %s: %d" % (method, path, answer.status)
        response = operation["responses"].get(str(answer.status))
        check(response, at + " is not in the document: %s" % answer.body)
        self.seen.add((method, pattern, answer.status))
        content = self.resolve(response).get("content", {})
        if not content:
            return
        check(answer.type in content, "%s: type %s" % (at, answer.type))
        if answer.type.endswith("json"):
            self.validate(answer.json, content[answer.type]["schema"], at)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.type = response.headers.get_content_type()
        self.body = response.read().decode()
        self.etag = response.headers.get("ETag")
        self.json = (json.loads(self.body)
                     if self.body and self.type.endswith("json") else None)


class RestController:
    """xfsm-controller that serves its API, with a token for each role, in
    the host's namespace or another one."""

    def __init__(self, host, name, port, *options, netns=None):
        self.host = host
        self.netns = netns or host.ns
        self.port = port
        self.ctl = os.path.join(host.dir, name + ".ctl")
        self.validator = Validator(load_document())
        self.tls = None
        self.tokens = {}
        self.tokens_file = os.path.join(host.dir, name + ".tokens")
        for role in ROLES:
            self.tokens[role] = self.make_token(role)
        self.process = host.popen(
            *self.command(host, "--http=127.0.0.1:%d" % port,
                          "--http-tokens=" + self.tokens_file,
                          "--events=%s/%s.events" % (host.dir, name),
                          "--log-file=%s/%s.log" % (host.logdir, name),
                          "--unixctl=" + self.ctl, *options),
            netns=self.netns)
        wait_until(lambda: os.path.exists(self.ctl), 10, name + " to start")

    @staticmethod
    def command(host, *options):
        return (host.tool("controller/xfsm-controller"),
                "--xfsm=" + host.tool("utilities/xfsm"), "--http-web=" + WEB,
                "-vconsole:off") + options

    def make_token(self, role):
        out = self.host.run(self.host.tool("controller/xfsm-controller"),
                            "--new-token=the-%s:%s" % (role, role))
        token, line = (s.split(":", 1)[1].strip()
                       for s in out.strip().splitlines())
        with open(self.tokens_file, "a") as f:
            f.write("# for tests\n%s\n" % line)
        check(token not in line, "a token in the file of tokens")
        return token

    def connect(self, timeout=20):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        sock = connect_in(self.netns, self.port,
                          timeout * xfsmtest.PATIENCE)
        if self.tls:
            context = ssl.create_default_context(cafile=self.tls)
            context.check_hostname = False
            sock = context.wrap_socket(sock)
        connection.sock = sock
        return connection

    def open(self, method, path, role="admin", body=None, headers=()):
        """Sends a request; returns connection and response."""
        connection = self.connect()
        headers = dict(headers)
        if role:
            headers.setdefault("Authorization",
                               "Bearer " + self.tokens.get(role, role))
        connection.request(method, path, body, headers)
        return connection, connection.getresponse()

    def call(self, method, path, role="admin", body=None, headers=()):
        """The answer, after it was held against the document."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        connection, response = self.open(method, path, role, body, headers)
        answer = Answer(response)
        connection.close()
        self.validator.check_answer(method, path, answer)
        return answer

    def get(self, path, role="viewer", status=200):
        answer = self.call("GET", path, role)
        check(answer.status == status, "GET %s: %d %s" % (
            path, answer.status, answer.body))
        return answer

    def exit(self):
        self.host.appctl(self.ctl, "exit")
        status = self.process.wait(10 * xfsmtest.PATIENCE)
        check(status == 0, "exit status %s" % status)
