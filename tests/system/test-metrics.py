# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The metrics endpoint: counters of probes and hub over HTTP, in the format
that OpenMetrics says, on the loopback address, from a process in a cage."""

import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

PORT = 9477
URL = "http://127.0.0.1:%d" % PORT
TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"

# Prints status, type and body of a request; argv: METHOD URL.
REQUEST = """import sys, urllib.request, urllib.error
request = urllib.request.Request(sys.argv[2], method=sys.argv[1],
                                 data=b"x" if sys.argv[1] == "POST" else None)
try:
    answer = urllib.request.urlopen(request, timeout=20)
except urllib.error.HTTPError as e:
    answer = e
except OSError as e:
    sys.exit("no answer: %s" % e)
print(answer.getcode())
print(answer.headers.get("Content-Type"))
sys.stdout.write(answer.read().decode())
"""

# Opens more connections than there may be, and says nothing on them.
CROWD = """import socket, sys
crowd = []
for _ in range(64):
    s = socket.socket()
    s.settimeout(1)
    try:
        s.connect(("127.0.0.1", int(sys.argv[1])))
    except OSError:
        break
    crowd.append(s)
print(len(crowd), flush=True)
sys.stdin.read()
"""

# The reference parser of OpenMetrics, where it is installed.
PARSE = """import sys
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families)
print(len(list(text_string_to_metric_families(sys.stdin.read()))))
"""

NAME = r"[a-z][a-z0-9_]*"
SAMPLE = re.compile(
    r"(%s)(?:\{((?:%s=\"(?:[^\"\\\n]|\\[\\\"n])*\",?)*)\})? (\d+)$"
    % (NAME, NAME))
SUFFIXES = {"counter": "_total", "gauge": "", "info": "_info"}


def find_parser():
    for python in (sys.executable, "/usr/bin/python3"):
        if os.path.exists(python) and not subprocess.run(
                [python, "-c", "import prometheus_client.openmetrics"],
                stderr=subprocess.DEVNULL, check=False).returncode:
            return python
    return None


def request(host, path="/metrics", method="GET"):
    """(status, type, body), or None without an answer."""
    out = host.in_ns(sys.executable, "-c", REQUEST, method, URL + path,
                     ok=(0, 1))
    return out.split("\n", 2) if out else None


def is_there(host):
    answer = request(host)
    return answer and answer[0] == "200"


def parse(text):
    """Samples by name and labels, of text that is as it should be."""
    check(text.endswith("# EOF\n"), "no end: %s" % text[-80:])
    samples, families, family = {}, set(), None
    for line in text.splitlines()[:-1]:
        if line.startswith("# HELP "):
            continue
        if line.startswith("# TYPE "):
            name, kind = line[len("# TYPE "):].split(" ")
            check(re.match(NAME + "$", name) and name not in families, line)
            families.add(name)
            family = name + SUFFIXES[kind]
            continue
        sample = SAMPLE.match(line)
        check(sample and sample.group(1) == family, "%s: %s" % (family, line))
        key = (sample.group(1), sample.group(2) or "")
        check(key not in samples, line)
        samples[key] = int(sample.group(3))
    return samples


def metrics(host):
    answer = request(host)
    check(answer and answer[:2] == ["200", TYPE], answer)
    return parse(answer[2])


def status(host, key):
    return host.xfsm_ctl("--if-exists", "get", "XFSM_Global", ".",
                         "status:" + key).strip().strip('"')


def set_port(host, port):
    host.xfsm_ctl("set", "XFSM_Global", ".",
                  "options:metrics-port=%s" % port)


def test(host):
    host.start()
    host.add_bridge("br0")
    vm = host.add_vm("br0", "vm1", "10.0.0.1/24")
    host.add_vm("br0", "vm2", "10.0.0.2/24")
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan")
    host.wait_status("vm1", "running")
    check(request(host) is None, "a port is open that nobody asked for")

    set_port(host, PORT)
    wait_until(lambda: status(host, "metrics") == "running", 10,
               lambda: status(host, "metrics-error"))
    wait_until(lambda: is_there(host), 10, "text")
    labels = 'bridge="br0",port="vm1",interface="vm1"'
    before = metrics(host)
    check(before["xfsm_probe_up", labels] == 1, before)
    check(before["xfsm_hub_up", ""] == 1, before)
    vm.knock("10.0.0.2", [7, 8, 9])
    received = "xfsm_probe_rx_received_total", labels
    wait_until(lambda: metrics(host).get(received, 0)
               > before.get(received, 0), 10, "counters to move")
    now = metrics(host)
    check(all(now.get(k, 0) >= v for k, v in before.items()
              if k[0].endswith("_total")), "a counter fell")
    print("%d samples" % len(now))
    documented = {line.split("\t")[2] for line in host.run(
        sys.executable, os.path.join(xfsmtest.TOP_SRCDIR,
                                     "utilities/list-metrics")).splitlines()}
    check({name for name, _ in now} <= documented,
          "not in xfsm-metrics(7): %s" % sorted(
              {name for name, _ in now} - documented))
    asked = set()
    for name in ("xfsm-dashboard.json", "xfsm.rules.yml"):
        with open(os.path.join(xfsmtest.TOP_SRCDIR, "utilities/monitoring",
                               name)) as f:
            asked |= set(re.findall(r"\bxfsm_(?:agent|hub|probe)_\w+",
                                    f.read()))
    served = {name for name, _ in now}
    check(asked and asked - {"xfsm_probe_state_keys"} <= served,
          "dashboard and alerts ask for %s" % sorted(asked - served))
    check(parse(host.appctl("ovs-xfsmd", "xfsm/metrics")).keys()
          >= before.keys(), "xfsm/metrics is another")
    python = find_parser()
    if python:
        done = subprocess.run([python, "-c", PARSE], input=request(host)[2],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              universal_newlines=True, check=False)
        check(not done.returncode, done.stderr)
        print("%s families by the reference parser" % done.stdout.strip())
    else:
        print("no python3-prometheus-client: no second opinion")

    # What else can be asked.
    check(request(host, "/")[0] == "404", request(host, "/"))
    check(request(host, method="POST")[0] == "405", "POST")
    head = request(host, method="HEAD")
    check(head[:2] == ["200", TYPE] and not head[2], head)

    # Loopback alone, unprivileged, and as crowded as may be.
    sockets = host.in_ns("ss", "-Hltn", "sport = :%d" % PORT).split()
    check("127.0.0.1:%d" % PORT in sockets and len(sockets) <= 6, sockets)
    pid = exporter(host)
    if os.getuid() == 0 and not host.sanitized:
        with open("/proc/%d/status" % pid) as f:
            text = f.read()
        check(re.search(r"^Seccomp:\s+2$", text, re.M)
              and re.search(r"^CapEff:\s+0+$", text, re.M), text)
    crowd = host.popen("ip", "netns", "exec", host.ns, sys.executable, "-c",
                       CROWD, str(PORT), stdin=subprocess.PIPE,
                       stdout=subprocess.PIPE)
    check(crowd.stdout.readline(), "no crowd")
    crowd.stdin.close()
    crowd.wait()
    wait_until(lambda: is_there(host), 10,
               "an answer after the crowd")

    # It dies, and comes back; it goes when it is not wanted.
    os.kill(exporter(host), signal.SIGKILL)
    wait_until(lambda: exporter(host) not in (0, pid)
               and is_there(host), 15,
               "another one")
    for port in (0, 65536):
        set_port(host, port)
        wait_until(lambda p=port: "metrics-port=%d" % p
                   in status(host, "options-error"), 10, "an error")
    wait_until(lambda: request(host) is None, 10, "no answer")
    host.xfsm_ctl("remove", "XFSM_Global", ".", "options", "metrics-port")
    wait_until(lambda: not status(host, "metrics"), 10, "no status")
    host.check_log(allow=("died", "restarted"))


def exporter(host):
    """Its process id, 0 if there is none."""
    out = host.run("pgrep", "-P", str(host.pid("ovs-xfsmd")), "-f",
                   "xfsm-exporter", ok=(0, 1))
    return int(out.split()[0]) if out else 0


if __name__ == "__main__":
    xfsmtest.main(test)
