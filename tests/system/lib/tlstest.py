# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Certificates, secrets and options of what talks TLS."""

import os
import shutil
import subprocess

import xfsmtest


def openssl(*args):
    subprocess.run(["openssl"] + list(args), stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True)


class Certificates:
    """An authority, and what it signs."""

    def __init__(self, folder, name="ca"):
        self.dir = folder
        self.name = name
        self.ca = os.path.join(folder, name + ".crt")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=" + name, "-keyout", self.path(name + ".key"),
                "-out", self.ca)

    def path(self, name):
        return os.path.join(self.dir, name)

    def sign(self, name, san):
        """Returns the options of the tls block of a server."""
        with open(self.path(name + ".ext"), "w") as f:
            f.write("subjectAltName=%s\n" % san)
        openssl("req", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                "/CN=" + name, "-keyout", self.path(name + ".key"),
                "-out", self.path(name + ".csr"))
        openssl("x509", "-req", "-in", self.path(name + ".csr"), "-CA",
                self.ca, "-CAkey", self.path(self.name + ".key"),
                "-CAcreateserial", "-days", "2", "-extfile",
                self.path(name + ".ext"), "-out", self.path(name + ".crt"))
        os.chmod(self.path(name + ".key"), 0o600)
        return 'cert_file: "%s.crt", key_file: "%s.key"' % (
            self.path(name), self.path(name))


def need_openssl():
    if not shutil.which("openssl"):
        xfsmtest.skip("needs openssl")


def secret(hub, name, text, mode=0o600):
    path = os.path.join(hub.dir, name)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def options(**kwargs):
    return ["--events-option=%s=%s" % (k.replace("_", "-"), v)
            for k, v in kwargs.items()]
