# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Looking into a running probe: the keys in a state, what is known of one, and
why it is where it is.  With several workers, and with strings that someone
made to look like something else."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

PROBE = "xfsm-probe.vm1"
SCANNED = ["10.0.0.2", "10.0.0.3", "10.0.0.4"]
PORTS = range(1000, 1060)

# Keeps names, by an expression that is not all ASCII.
NAMES = """<xfsm name="names">
  <statedef id="s"/>
  <statedef id="asked"/>
  <event type="packet" selector="proto udp and dst_port 53"
    primary-key="domain_name">
    <state id="s">
      <condition expression="true" action="Publish(log, caf\u00e9)"
                 next_state="asked"/>
    </state>
  </event>
</xfsm>
"""

# Has a key for each port.
MANY = """<xfsm name="many">
  <statedef id="s"/>
  <statedef id="used"/>
  <event type="packet" selector="proto udp" primary-key="dst_port">
    <state id="s"><condition expression="true" next_state="used"/></state>
  </event>
</xfsm>
"""

N_MANY = 2000

SEND_MANY = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port in range(1, int(sys.argv[1]) + 1):
    s.sendto(b"x", ("10.0.0.2", port))
"""

# Asks for a name with an escape sequence in it.
ASK = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
label = b"x\\x1b[2Jy"
s.sendto(b"\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + bytes([len(label)]) + label
         + b"\\4test\\0\\0\\1\\0\\1", ("10.0.0.2", 53))
"""


def appctl(host, *args):
    out = host.appctl(PROBE, *args)
    check(all(c == "\n" or " " <= c <= "~" for c in out), repr(out))
    return out


def refused(host, part, *args):
    try:
        host.appctl(PROBE, *args)
    except xfsmtest.Failure as e:
        said = str(e).split(": exit status ", 1)[1]
        check(part in said, "%s: %s" % (args, said))
        check("\x1b" not in said, repr(said))
    else:
        check(False, "%s was not refused" % (args,))


def keys(out):
    return sorted(line.split()[0] for line in out.splitlines()[:-1])


def scan(host, vm, addresses):
    """Scans, and waits until that is reported."""
    expected = sorted("ip_src=10.0.0.1,ip_dst=" + a for a in addresses)
    for address in addresses:
        vm.knock(address, PORTS)
    wait_until(lambda: keys(appctl(host, "xfsm/list", "portscan", "reported"))
               == expected, 10,
               lambda: appctl(host, "xfsm/list", "portscan"))


def test_list(host):
    out = appctl(host, "xfsm/list", "portscan", "reported")
    for line in out.splitlines()[:-1]:
        check(re.fullmatch(r"ip_src=10\.0\.0\.1,ip_dst=10\.0\.0\.\d reported "
                           r"since 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z, "
                           r"\d+\.\d{3} s left, then quiet", line), line)
    n = len(SCANNED)
    check(out.endswith("%d keys, all shown\n" % n), out)
    check(keys(appctl(host, "xfsm/list", "portscan", "*", "100")) == keys(out),
          "any state")
    for args in (("1",), ("*", "1"), ("reported", "1")):
        out = appctl(host, "xfsm/list", "portscan", *args)
        check(len(out.splitlines()) == 2
              and "1 of %d keys shown, %d more" % (n, n - 1) in out, out)
    check(appctl(host, "xfsm/list", "portscan", "suspected")
          == "0 keys, all shown\n", "suspected")
    check(keys(host.xfsm_ctl("flows", "vm1", "portscan", "reported"))
          == sorted("ip_src=10.0.0.1,ip_dst=" + a for a in SCANNED), "ctl")
    refused(host, "no program \"porcscan\" runs here, but portscan",
            "xfsm/list", "porcscan")
    refused(host, "no state \"tired\"; the program has suspected, reported",
            "xfsm/list", "portscan", "tired")
    refused(host, "default state are not kept", "xfsm/list", "portscan",
            "quiet")
    refused(host, "from 1 to 10000", "xfsm/list", "portscan", "0")
    refused(host, "from 1 to 10000", "xfsm/list", "portscan", "10001")
    refused(host, "no state \"\\x1b[2J\"", "xfsm/list", "portscan",
            "\x1b[2J")
    print("list:\n" + appctl(host, "xfsm/list", "portscan", "2"))


def test_dump(host, split):
    out = appctl(host, "xfsm/dump", "portscan", "10.0.0.1-10.0.0.2")
    for part in ("key ip_src=10.0.0.1,ip_dst=10.0.0.2\nstate reported since ",
                 " s left, then quiet\n",
                 "detector new_ports: unknown without dst_port\n",
                 "timer confirm of ip_src=10.0.0.1,ip_dst=10.0.0.2: not "
                 "armed\n"):
        check(part in out, "\"%s\" is not in:\n%s" % (part, out))
    check(len(re.findall(r"^worker \d$", out, re.M)) == split, out)
    rate = re.search(r"^monitor new_ports \(tewma\) of ip_src=10\.0\.0\.1,"
                     r"ip_dst=10\.0\.0\.2: ([\d.e-]+)$", out, re.M)
    check(rate and float(rate.group(1)) > 0, out)
    key = "ip_src=10.0.0.1,ip_dst=10.0.0.2,dst_port=%d"
    for port, seen in (PORTS[0], "seen before"), (PORTS[-1] + 1, "new"):
        out = appctl(host, "xfsm/dump", "portscan", key % port)
        check("detector new_ports of ip_src=10.0.0.1,ip_dst=10.0.0.2,"
              "dst_port=%d: %s\n" % (port, seen) in out, out)
    out = appctl(host, "xfsm/dump", "portscan", "10.0.0.2-10.0.0.1")
    check("state quiet, the default\n" in out, out)
    out = host.xfsm_ctl("flow", "vm1", "portscan", "10.0.0.1-10.0.0.2")
    check("state reported since" in out, out)
    refused(host, "character 10 of the key: expected ip_dst, an IPv4 or IPv6 "
            "address; found \"10.0.0.\"; a key of program portscan is "
            "ip_src-ip_dst or ip_dst-ip_src", "xfsm/dump", "portscan",
            "10.0.0.1-10.0.0.")
    print("dump:\n" + appctl(host, "xfsm/dump", "portscan",
                             "10.0.0.1-10.0.0.2"))


def test_why(host):
    out = appctl(host, "xfsm/why", "portscan", "10.0.0.1-10.0.0.2")
    transitions = re.findall(r"^\S+Z (\w+) -> (\w+): (.*)$", out, re.M)
    check([t[:2] for t in transitions] == [("suspected", "reported"),
                                           ("quiet", "suspected")], out)
    check(re.fullmatch(r"event 1 \(timeout confirm\), condition 1 \(line "
                       r"\d+\): silent_rate > min_silent \* port_rate",
                       transitions[0][2]), out)
    check(re.fullmatch(r"event 2 \(packet\), condition 1 \(line \d+\): "
                       r"port_rate > max_rate", transitions[1][2]), out)
    check("    did Publish(alert, port scan of %ip_dst" in out, out)
    check(re.search(r"^of \d+ transitions since the program was loaded, \d+ "
                    r"are remembered, since 20", out, re.M), out)
    out = appctl(host, "xfsm/why", "portscan", "10.0.0.1-10.0.0.2", "1")
    check(out.count(" -> ") == 1, out)
    out = appctl(host, "xfsm/why", "portscan", "10.0.0.8-10.0.0.2")
    check("no transition of it is remembered\n" in out, out)
    out = host.xfsm_ctl("why", "vm1", "portscan", "10.0.0.1-10.0.0.2", "1")
    check("suspected -> reported" in out, out)
    refused(host, "expected ip_src", "xfsm/why", "portscan", "x\x1b[2J")
    print("why:\n" + appctl(host, "xfsm/why", "portscan",
                            "10.0.0.1-10.0.0.2"))


def run_program(host, name, text):
    path = os.path.join(host.dir, name + ".xml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    host.xfsm_ctl("add-program", path)
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=" + name)
    host.wait_status("vm1", "running")
    wait_until(lambda: "program " + name in appctl(host, "xfsm/show"), 10,
               "the program")


def test_many(host, vm):
    """A list that takes several steps."""
    run_program(host, "many", MANY)
    vm.run(sys.executable, "-c", SEND_MANY, str(N_MANY))
    expected = sorted("dst_port=%d" % (i + 1) for i in range(N_MANY))
    wait_until(lambda: keys(appctl(host, "xfsm/list", "many", "10000"))
               == expected, 10,
               lambda: appctl(host, "xfsm/list", "many", "10000")[-400:])
    for limit, args in (100, ()), (1234, ("1234",)):
        out = appctl(host, "xfsm/list", "many", "used", *args)
        check(len(set(keys(out))) == limit, out)
        check(out.splitlines()[-1] == "%d of %d keys shown, %d more (a limit "
              "of up to 10000 can be given)" % (limit, N_MANY,
                                                N_MANY - limit), out)
    out = appctl(host, "xfsm/list", "many", "used", str(N_MANY))
    check(out.endswith("%d keys, all shown\n" % N_MANY), out[-400:])


def test_evicted(host, vm):
    """A key that made room for another one."""
    few = MANY.replace('name="many"', 'name="few"').replace(
        "<event", "<state-table memory='16K'/><event")
    run_program(host, "few", few)
    vm.run(sys.executable, "-c", SEND_MANY, str(N_MANY))

    def why(port):
        return appctl(host, "xfsm/why", "few", str(port))
    # Each but the kept ones came and went.
    wait_until(lambda: "of %d transitions" % (
        2 * N_MANY - len(keys(appctl(host, "xfsm/list", "few", "10000"))))
        in why(1), 10, lambda: why(1))
    kept = keys(appctl(host, "xfsm/list", "few", "10000"))
    check(0 < len(kept) < N_MANY, "%d keys" % len(kept))
    gone = next(port for port in range(N_MANY, 0, -1)
                if "dst_port=%d" % port not in kept)
    out = why(gone)
    check("state s, the default\n" in out and " s -> used: " in out
          and " used -> s: it made room for another key" in out, out)
    out = why(kept[0])
    check("state used since" in out and "made room" not in out, out)


def test_strings(host, vm):
    run_program(host, "names", NAMES)
    vm.run(sys.executable, "-c", ASK)
    wait_until(lambda: "1 keys, all shown" in appctl(
        host, "xfsm/list", "names"), 10, "a name")
    key = appctl(host, "xfsm/list", "names").split()[0]
    check(re.fullmatch(r"domain_name=#[0-9a-f]{32}", key), key)
    for text in (key, "x\x1b[2jy.test", "domain_name=x\x1b[2jy.test"):
        out = appctl(host, "xfsm/dump", "names", text)
        check("state asked since" in out, "%r: %s" % (text, out))
        out = appctl(host, "xfsm/why", "names", text)
        check("s -> asked: event 1 (packet), condition 1 (line " in out, out)
        check("    did Publish(log, caf\\xc3\\xa9)\n" in out, out)
    check("key domain_name=x.[2jy.test\n" in out, out)


def test(host):
    host.start()
    host.add_bridge("br0")
    vm1 = host.add_vm("br0", "vm1", "10.0.0.1/24")
    vm2 = host.add_vm("br0", "vm2", "10.0.0.2/24")
    for address in SCANNED[1:]:
        host.run("ip", "-n", vm2.netns, "addr", "add", address + "/32", "dev",
                 "eth0")
    for workers in 4, 1:
        host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan",
                   "external_ids:xfsm-workers=%d" % workers)
        host.wait_status("vm1", "running")
        check(host.probe_stats("vm1")["workers"] == workers, "workers")
        scan(host, vm1, SCANNED)
        test_list(host)
        test_dump(host, workers > 1)
        test_why(host)
        if workers > 1:
            for key in "xfsm", "xfsm-workers":
                host.vsctl("remove", "Port", "vm1", "external_ids", key)
            host.wait_status("vm1", None)
    test_strings(host, vm1)
    test_many(host, vm1)
    test_evicted(host, vm1)
    host.check_log()


if __name__ == "__main__":
    xfsmtest.main(test)
