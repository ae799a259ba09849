# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Kafka's mock cluster (kafka-broker.c), and what is in its topic."""

import os
import subprocess

import xfsmtest
from xfsmtest import wait_until

BROKER = os.path.join(xfsmtest.TOP_BUILDDIR, "tests/system/kafka-broker")


class Kafka:
    def __init__(self, folder, *args):
        self.path = os.path.join(folder, "kafka")
        with open(self.path, "w") as out:
            self.process = subprocess.Popen(
                [BROKER] + list(args), stdin=subprocess.PIPE, stdout=out,
                universal_newlines=True)
        wait_until(lambda: self.lines(), 15, "the broker")
        self.url = "kafka://" + self.lines()[0]

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.process.stdin.close()
        self.process.wait(20 * xfsmtest.PATIENCE)
        return False

    def lines(self):
        with open(self.path) as f:
            return f.read().split("\n")[:-1]

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def messages(self):
        return [line.split("\t") for line in self.lines()[1:]]

    def names(self):
        return [m[1] for m in self.messages()]
