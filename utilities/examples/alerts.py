#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""Prints alerts, and a word where some are missing; needs pyzmq alone.

Usage: alerts.py [ENDPOINT]
"""

import json
import sys

import zmq

ENDPOINT = "ipc:///var/run/openvswitch/xfsm-hub.events"

socket = zmq.Context().socket(zmq.SUB)
socket.connect(sys.argv[1] if len(sys.argv) > 1 else ENDPOINT)
socket.subscribe("alert/")
last = {}                       # Number of the last event of each topic.
while True:
    topic, body = socket.recv_multipart()
    event = json.loads(body)
    if last.get(topic, event.get("prev")) != event.get("prev"):
        print("missing: some before %d" % event["seq"])
    last[topic] = event["seq"]
    print("%(program)s on %(port)s:" % event, event.get("text"), flush=True)
