# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Names and values of "xfsm events --format ecs" are those of the Elastic
Common Schema, as the npm package @elastic/ecs has it.

"npm pack" fetches the package (1 MB) into a temporary folder, and node reads
it: nothing is installed, nothing of it is needed at run time.  Where
there is no npm, no node or no registry, the test is skipped.
"""

import contextlib
import glob
import ipaddress
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import hubtest                                              # noqa: E402
import xfsmtest                                             # noqa: E402
from hubtest import Hub, Subscriber                         # noqa: E402
from xfsmtest import check                                  # noqa: E402

# The version of the schema that events claim, and the package that has it.
ECS = "8.11.0"
PACKAGE = "@elastic/ecs@8.11.1"

# What has no place in the schema: an object of our own name, as it allows.
OWN = "xfsm"

READ = """const ecs = require(process.argv[1] + "/package/build/commonjs");
process.stdout.write(JSON.stringify({version: ecs.EcsVersion,
                                     fields: ecs.EcsFlat}));"""

EVERYTHING = {
    "version": "1.0", "state": "s", "next_state": "t", "code": "C1",
    "level": "HIGH", "description": "Port scan", "attack": "T1046",
    "text": "of 10.0.0.2", "lost": 3, "suspect": True, "hops": 1,
    "interface_uuid": "5f2d1c7a-8f39-4a52-9d7f-0a1b2c3d4e5f",
    "external_ids": {"iface-id": "port-1", "vm-uuid": "machine-1",
                     "vm-id": "web", "attached-mac": "02:00:00:00:00:01"},
    "key": {"ip_src": "10.0.0.1", "ip_dst": "10.0.0.2", "proto": 6,
            "src_port": 4711, "dst_port": 80, "vlan_id": 7,
            "eth_src": "02:00:00:00:00:0a", "eth_dst": "02:00:00:00:00:0b"},
    "fields": {"domain_name": "example.org", "http_host": "example.org",
               "http_url": "/x", "tls_sni": "example.org", "rate": 4.5},
    "features": {"ports": 31},
}
EVENTS = (
    ("alert", EVERYTHING), ("critical", {}), ("log", {"text": "x"}),
    ("feature", {"features": {"a": 1.5}}),
    ("alert", {"key": {"ip_src": "2001:db8::1"}, "level": "odd"}),
    ("log", {"external_ids": {"vm-id": "web"}}),
)


def read_schema():
    """The schema; skips the test where it cannot be had."""
    for tool in ("npm", "node"):
        if not shutil.which(tool):
            xfsmtest.skip("no %s: names of ECS are not validated" % tool)
    with tempfile.TemporaryDirectory(prefix="xfsm-ecs-") as folder:
        try:
            subprocess.run(["npm", "pack", "--silent", "--fetch-retries=0",
                            PACKAGE], cwd=folder,
                           env=dict(os.environ, npm_config_cache=folder),
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=60, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            xfsmtest.skip("npm gets no %s: names of ECS are not validated"
                          % PACKAGE)
        subprocess.run(["tar", "-xzf", *glob.glob(folder + "/*.tgz")],
                       cwd=folder, check=True)
        out = subprocess.run(["node", "-e", READ, folder],
                             stdout=subprocess.PIPE, check=True).stdout
    return json.loads(out)


def leaves(value, path=""):
    """Yields (name, value) of each field."""
    if isinstance(value, dict) and path != OWN:
        for name, member in value.items():
            yield from leaves(member, path + "." + name if path else name)
    else:
        yield path, value


def is_ip(value):
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(value))
    return False


# By type of the schema.
TYPES = {
    "keyword": lambda v: isinstance(v, str) and len(v) <= 1024,
    "match_only_text": lambda v: isinstance(v, str),
    "wildcard": lambda v: isinstance(v, str),
    "long": lambda v: type(v) is int,
    "ip": is_ip,
    "date": lambda v: bool(re.match(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$", v)),
}


def validate(event, fields):
    """Yields what is wrong with an event."""
    for name, value in leaves(event):
        if name == OWN:
            continue
        field = fields.get(name)
        if not field:
            yield "%s: no such field" % name
            continue
        is_list = "array" in field["normalize"]
        if isinstance(value, list) != is_list:
            yield "%s: %r is%s to be a list" % (name, value,
                                                "" if is_list else " not")
        allowed = [v["name"] for v in field.get("allowed_values", ())]
        for v in value if isinstance(value, list) else [value]:
            if not TYPES[field["type"]](v):
                yield "%s: %r is no %s" % (name, v, field["type"])
            elif allowed and v not in allowed:
                yield "%s: %r is none of %s" % (name, v, allowed)
            elif not re.match(field.get("pattern", ""), v
                              if isinstance(v, str) else ""):
                yield "%s: %r is not as %s" % (name, v, field["pattern"])
    types = [v.get("expected_event_types", ()) for v in
             fields["event.category"]["allowed_values"]
             if v["name"] in event["event"]["category"]]
    for v in event["event"]["type"]:
        if not all(v in expected for expected in types):
            yield "event.type: %r does not go with %s" % (
                v, event["event"]["category"])


def test_ecs():
    schema = read_schema()
    fields = schema["fields"]
    check(schema["version"] == ECS, schema["version"])
    with Hub() as hub:
        probe = hub.join("vm1")
        subscriber = Subscriber(hub, "--format", "ecs", "--count",
                                str(len(EVENTS))).wait_connected(hub)
        for label, members in EVENTS:
            probe.send(label, **members)
        subscriber.process.wait(30 * xfsmtest.PATIENCE)
        events = subscriber.events()
    check(len(events) == len(EVENTS), events)
    names = set()
    for event in events:
        check(event["ecs"]["version"] == ECS, event["ecs"])
        wrong = list(validate(event, fields))
        check(not wrong, "%s\n%s" % (json.dumps(event), "\n".join(wrong)))
        names.update(name for name, _ in leaves(event))
    print("%d names, all of ECS %s: %s" % (len(names) - 1, ECS,
                                           " ".join(sorted(names - {OWN}))))
    # The check finds what is wrong.
    for change in ({"sauce": {"ip": "10.0.0.1"}}, {"source": {"ip": "x"}},
                   {"source": {"port": "80"}}, {"message": ["x"]},
                   {"threat": {"technique": {"id": "T1046"}}},
                   {"source": {"mac": "02:00"}},
                   {"event": {"kind": "odd", "category": [], "type": []}},
                   {"event": {"category": ["network"], "type": ["user"]}}):
        check(list(validate(dict(events[0], **change), fields)), change)


if __name__ == "__main__":
    hubtest.main(test_ecs)
