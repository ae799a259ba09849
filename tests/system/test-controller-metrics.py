# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The metrics of xfsm-controller: all that xfsm-metrics(7) lists and nothing
else, in both formats, to whom has a token; sums that never fall, whatever
becomes of probes and hosts; and no more hosts and ports than may be."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from fleettest import FakeHost, Server, named                # noqa: E402
from resttest import RestController                         # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

PORT = 18090
PROMETHEUS = 18091
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"

PROGRAM = """<xfsm name="hello" version="1.0">
  <statedef id="quiet"/>
  <event type="packet" selector="proto tcp" primary-key="ip_src">
    <state id="quiet"><condition expression="true"
     action="Publish(log, hello %ip_src)"/></state>
  </event>
</xfsm>
"""

# The reference parsers, where they are installed; argv: module.
PARSE = """import importlib, sys
parser = importlib.import_module(sys.argv[1])
for f in parser.text_string_to_metric_families(sys.stdin.read()):
    assert f.documentation, f.name
    for s in f.samples:
        print(s.name, ",".join(sorted(s.labels)))
"""


CONFIG = """
global: {scrape_interval: 200ms, scrape_timeout: 200ms}
rule_files: [%(top)s/utilities/monitoring/xfsm.rules.yml]
scrape_configs:
  - job_name: xfsm-controller
    authorization: {credentials_file: %(token)s}
    static_configs: [{targets: ['127.0.0.1:%(port)d']}]
"""


class Metrics:
    """Scrapes a controller."""

    def __init__(self, rest):
        self.rest = rest

    def get(self, accept=OPENMETRICS):
        answer = self.rest.call("GET", "/metrics", "viewer",
                                headers={"Accept": accept} if accept else {})
        check(answer.status == 200, answer.body)
        return answer

    def values(self):
        """Values by "name" or "name{labels}"."""
        return dict(line.rsplit(" ", 1) for line in
                    self.get().body.splitlines() if not line.startswith("#"))

    def wait(self, name, value):
        wait_until(lambda: self.values().get(name) == value, 10,
                   lambda: "%s to be %s: %s" % (name, value, "\n".join(
                       "%s %s" % item for item in self.values().items())))


def documented(host):
    """{name: labels} of what a controller serves, by xfsm-metrics(7)."""
    lines = host.run(sys.executable, os.path.join(
        xfsmtest.TOP_SRCDIR, "utilities/list-metrics")).splitlines()
    return {name: labels for who, _, name, labels, _ in
            (line.split("\t") for line in lines) if who == "controller"}


def find_parser():
    for python in (sys.executable, "/usr/bin/python3"):
        if os.path.exists(python) and not subprocess.run(
                [python, "-c", "import prometheus_client.openmetrics"],
                stderr=subprocess.DEVNULL, check=False).returncode:
            return python
    return None


def test_start(host):
    """What it does not start with, at the limit and one past it."""
    for option, most in (("hosts", 16384), ("ports", 100000)):
        for value, wanted in ((most, "--http needs --http-tokens"),
                              (most + 1, "is not a number from 0 to %d"
                               % most), ("x", "is not a number")):
            out = host.run(host.tool("controller/xfsm-controller"),
                           "--http=127.0.0.1:1", "--metrics-%s=%s"
                           % (option, value), "fleet.json", ok=(1,),
                           errors=True)
            check(wanted in out, out)


def test_access(rest, metrics):
    """As all of the API: no metrics without a token."""
    check(rest.call("GET", "/metrics", None).status == 401, "no token")
    check(rest.call("GET", "/metrics", "wrong").status == 401, "a wrong one")
    check(rest.call("GET", "/api/v1/audit", "viewer").status == 403,
          "a token that is not enough")
    values = metrics.values()
    check(values["xfsm_http_tokens_refused_total"] == "1"
          and values["xfsm_http_forbidden_total"] == "1"
          and values["xfsm_http_errors_total"] == "3", str(values))


def test_formats(host, metrics, spool):
    """Names and labels are those of the document, in both formats, by the
    reference parsers as well."""
    wanted = documented(host)
    absent = {"xfsm_controller_reload_failed"} | (
        set() if spool else {n for n in wanted
                             if re.match("xfsm_(spool|sink)_", n)})
    hub = {n for n in wanted if n.startswith("xfsm_collector_host_")}
    python = find_parser()
    for accept, kind, module in (
            (OPENMETRICS, OPENMETRICS, "prometheus_client.openmetrics.parser"),
            (OPENMETRICS + ";q=0.7,text/plain;q=0.3", OPENMETRICS, None),
            (None, OPENMETRICS, None), ("*/*", OPENMETRICS, None),
            ("text/plain", TEXT, "prometheus_client.parser")):
        answer = metrics.get(accept)
        check(answer.headers["Content-Type"] == kind, answer.headers)
        check(answer.body.endswith("# EOF\n") == (kind == OPENMETRICS),
              answer.body[-80:])
        served = {}
        for line in answer.body.splitlines():
            if not line.startswith("#"):
                name, labels = re.fullmatch(r"(\w+)(?:\{(.*)\})? \S+",
                                            line).groups()
                served[name] = ",".join(re.findall(r'(\w+)="', labels or ""))
        check(set(served) <= set(wanted) and not set(wanted) - set(served)
              - absent - hub, "document and metrics differ: %s"
              % (set(served) ^ set(wanted)))
        for name, labels in served.items():
            check(labels == wanted[name], "%s{%s}" % (name, labels))
        if module and python:
            done = subprocess.run([python, "-c", PARSE, module],
                                  input=answer.body, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, check=False,
                                  universal_newlines=True)
            check(not done.returncode, done.stderr)
            names = {line.split(" ")[0] for line in done.stdout.splitlines()}
            check(names == set(served), "%s: %s" % (module,
                                                    names ^ set(served)))
    if not python:
        print("no python3-prometheus-client: no second opinion")
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"],
                              input=metrics.get("text/plain").body,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False,
                              universal_newlines=True)
        check(not done.returncode and not done.stdout, done.stdout)
    else:
        print("no promtool (Debian: prometheus): no third opinion")


def ask(host, path):
    """What Prometheus answers, or None."""
    code = ("import sys, urllib.request\n"
            "print(urllib.request.urlopen(sys.argv[1]).read().decode())")
    out = host.in_ns(sys.executable, "-c", code, "http://127.0.0.1:%d%s"
                     % (PROMETHEUS, path), ok=(0, 1))
    return json.loads(out)["data"] if out else None


def test_prometheus(host, rest):
    """Prometheus itself takes the metrics, with a token, and the rules."""
    if not shutil.which("prometheus"):
        print("no prometheus: not asked what it makes of all that")
        return
    token = os.path.join(host.dir, "token")
    with open(token, "w") as f:
        f.write(rest.tokens["viewer"])
    config = os.path.join(host.dir, "prometheus.yml")
    with open(config, "w") as f:
        f.write(CONFIG % {"top": os.path.abspath(xfsmtest.TOP_SRCDIR),
                          "token": token, "port": PORT})
    with open(os.path.join(host.logdir, "prometheus.log"), "w") as log:
        process = host.popen(
            "prometheus", "--config.file=" + config,
            "--storage.tsdb.path=" + os.path.join(host.dir, "tsdb"),
            "--web.listen-address=127.0.0.1:%d" % PROMETHEUS, stderr=log)
    query = "/api/v1/query?query=" + urllib.parse.quote(
        'up{job="xfsm-controller"} * on (instance) group_left (source) '
        'xfsm_controller_info')

    def is_up():
        data = ask(host, query)
        return (data and data["result"]
                and data["result"][0]["value"][1] == "1")

    wait_until(is_up, 20, "Prometheus to have the metrics")
    health = {r["name"]: r["health"] for g in ask(
        host, "/api/v1/rules")["groups"] for r in g["rules"]}
    check(len(health) >= 30 and "err" not in health.values(), str(health))
    process.terminate()
    process.wait()


def put(hv, interface, epoch, **statistics):
    hv.put_probe(interface, ["hello"], port=interface, bridge="br0",
                 status="running", epoch=epoch, statistics=statistics)


def test_sums(hv, metrics):
    """Sums of counters never fall, and count nothing twice."""
    packets = "xfsm_fleet_packets_total"
    of_host = 'xfsm_host_packets_total{host="hv1"}'
    of_port = ('xfsm_port_packets_total{host="hv1",bridge="br0",port="%s",'
               'interface="%s"}')
    check(metrics.values()[packets] == "0", "what was before is counted")
    # What is done, and what is told of that port then, by which it is known
    # that it was seen; and the sum.
    for what, name, value, total in (
            (lambda: put(hv, "a", 5, packets=1500, cpu_ms=2300), "a", "1500",
             500),
            (lambda: put(hv, "b", 6, packets=70), "b", "70", 570),
            # The statistics are not known; they are again.
            (lambda: put(hv, "b", 6), "b", "0", 570),
            (lambda: put(hv, "b", 6, packets=75), "b", "75", 575),
            # Started again.
            (lambda: put(hv, "a", 7, packets=20), "a", "20", 595),
            (lambda: hv.rows.delete("Probe", [["interface", "==", "b"]]),
             "b", None, 595),
            (lambda: put(hv, "b", 6, packets=80), "b", "80", 595),
            (lambda: put(hv, "b", 6, packets=85), "b", "85", 600)):
        what()
        metrics.wait(of_port % (name, name), value)
        metrics.wait(packets, str(total))
        metrics.wait(of_host, str(total))
    values = metrics.values()
    check(values[of_port % ("a", "a")] == "20"
          and values[of_port % ("b", "b")] == "85"
          and values["xfsm_fleet_probe_cpu_seconds_total"] == "2.300"
          and values['xfsm_fleet_probes{status="running"}'] == "2",
          str(values))
    suppressed = "xfsm_fleet_hub_suppressed_total"
    check(values[suppressed] == "0", "what the hub had before")
    for value, total in ((9, 4), (2, 6)):
        hv.rows.update("XFSM_Global", [], statistics={"suppressed": value})
        metrics.wait(suppressed, str(total))
        metrics.wait('xfsm_host_hub_suppressed_total{host="hv1"}',
                     str(total))
    hv.put_probe("a", ["hello"], port="a", bridge="br0", status="error",
                 restarts=3)
    metrics.wait('xfsm_port_up{host="hv1",bridge="br0",port="a",'
                 'interface="a"}', "0")
    values = metrics.values()
    check(values['xfsm_host_probes_failed{host="hv1"}'] == "1"
          and values['xfsm_fleet_probes{status="error"}'] == "1"
          and values['xfsm_port_restarts_total{host="hv1",bridge="br0",'
                     'port="a",interface="a"}'] == "3", str(values))


def test_rollouts(hv, db, metrics):
    """Versions by state, what is described wrongly, and drift."""
    db.insert("Program", name="hello", version=1, source=PROGRAM)
    metrics.wait('xfsm_fleet_versions{state="active"}', "1")
    db.insert("Program", name="hello", version=2, source=PROGRAM,
              state="rolled-back")
    metrics.wait('xfsm_fleet_versions{state="rolled-back"}', "1")
    check(metrics.values()["xfsm_fleet_programs"] == "1", "versions count")
    metrics.wait("xfsm_fleet_faults", "0")
    db.insert("Program", name="bad", version=1, source="<nonsense/>")
    metrics.wait("xfsm_fleet_faults", "1")
    metrics.wait('xfsm_host_in_sync{host="hv1"}', "1")
    hv.rows.delete("Program", named("hello"))
    metrics.wait("xfsm_fleet_drifts_total", "1")
    metrics.wait('xfsm_host_drifts_total{host="hv1"}', "1")


def test_limits(hv, db, metrics, host):
    """As many hosts and ports as may be, and one more."""
    left_out = "xfsm_metrics_%s_left_out"
    up = 'xfsm_host_up{host="%s"}'
    db.insert("Host", name="hv2", remotes=["unix:%s/hv2.sock" % host.dir])
    metrics.wait(up % "hv2", "0")
    check(metrics.values()[left_out % "hosts"] == "0", "at the limit")
    db.insert("Host", name="hv3", remotes=["unix:%s/hv3.sock" % host.dir])
    metrics.wait(left_out % "hosts", "1")
    values = metrics.values()
    check(up % "hv3" not in values
          and values['xfsm_fleet_hosts{state="connecting"}'] == "2"
          and values["xfsm_fleet_hosts_wanted"] == "3", str(values))
    check(values[left_out % "ports"] == "0", "at the limit")
    put(hv, "c", 8, packets=1)
    metrics.wait(left_out % "ports", "1")
    check(not [n for n in metrics.values()
               if n.startswith("xfsm_port_") and 'port="c"' in n],
          "a port too many")


def test_ends(hv, db, server, metrics):
    """What stays of a host that goes, and databases that do not answer."""
    before = metrics.values()
    db.delete("Host", named("hv1"))
    metrics.wait("xfsm_fleet_hosts_wanted", "2")
    metrics.wait('xfsm_fleet_hosts{state="connecting"}', "2")
    after = metrics.values()
    check(all(float(after[n]) >= float(v) for n, v in before.items()
              if n in after and n.split("{")[0].endswith("_total")),
          "a sum fell")
    check(after["xfsm_fleet_drifts_total"] == "1"
          and 'xfsm_host_up{host="hv1"}' not in after, str(after))
    hv.stop()
    db.close()
    server.process.kill()
    server.process.wait()
    metrics.wait("xfsm_controller_database_connected", "0")


def test(host):
    test_start(host)
    server = Server(host, "fleet", "xfsm-fleet")
    db = server.connect()
    hv = FakeHost(host, "hv1")
    hv.rows.insert("XFSM_Global", statistics={"suppressed": 5})
    put(hv, "a", 5, packets=1000)
    put(hv, "z", 5)
    hv.rows.delete("Probe", [["interface", "==", "z"]])
    with open(os.path.join(xfsmtest.TOP_BUILDDIR, "Makefile")) as f:
        spool = re.search(r"^NATS_LIBS = \S", f.read(), re.M) is not None
    options = (["--events=nats://127.0.0.1:1", "--state-dir=%s/state"
                % host.dir] if spool else [])
    rest = RestController(host, "metrics", PORT, "--http-rate=10000",
                          "--metrics-hosts=2", "--metrics-ports=2",
                          "--db=" + server.remote, "--name=ctl", *options)
    metrics = Metrics(rest)
    test_access(rest, metrics)
    db.insert("Host", name="hv1", remotes=[hv.remote],
              events="ipc://%s/none" % host.dir)
    metrics.wait('xfsm_host_in_sync{host="hv1"}', "1")
    values = metrics.values()
    check(values['xfsm_controller_info{name="ctl",version="%s",'
                 'source="database"}' % host.run(
                     host.tool("controller/xfsm-controller"),
                     "--version").split()[-1]] == "1"
          and values["xfsm_controller_database_connected"] == "1"
          and values["xfsm_controller_leader"] == "1"
          and values['xfsm_fleet_hosts{state="done"}'] == "1"
          and values['xfsm_collector_hosts{state="disconnected"}'] == "1",
          str(values))
    if spool:
        check(values["xfsm_sink_connected"] == "0"
              and values["xfsm_spool_pending"] == "0", str(values))
    else:
        print("no NATS: no spool")
    test_formats(host, metrics, spool)
    test_prometheus(host, rest)
    test_sums(hv, metrics)
    test_rollouts(hv, db, metrics)
    test_limits(hv, db, metrics, host)
    test_ends(hv, db, server, metrics)
    rest.exit()


if __name__ == "__main__":
    xfsmtest.main(test)
