# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Mitigation in a real switch: a dry run unless the operator says "enforce";
then the source is blocked at its port and no other, and the flow is gone by
itself, also if the agent was killed."""

import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

# A UDP packet to one of these ports asks for this.
BLOCK, BLOCK_LONG, LIMIT, MIRROR = range(9, 13)
ACTIONS = {
    BLOCK: "Block(ip_src, 2)",
    BLOCK_LONG: "Block(ip_src, 600)",
    LIMIT: "Limit(ip_src, 10, 60)",
    MIRROR: "Mirror(ip_src, vm3, 60)",
}
PROGRAM = """<xfsm name="guard" version="1">
  <statedef id="a"/>
  %s
</xfsm>
""" % "".join("""<event type="packet" primary-key="ip_src"
    selector="proto udp and dst_port %d">
    <state id="a"><condition expression="true" action="%s"/></state>
  </event>""" % item for item in ACTIONS.items())

# Sends from addresses: UDP to a port, or for port 0 a SYN.  Prints the
# addresses that got an answer to that, which is a RST.
SEND = """
import errno, socket, sys
port = int(sys.argv[1])
for address in sys.argv[2:]:
    s = socket.socket(socket.AF_INET,
                      socket.SOCK_DGRAM if port else socket.SOCK_STREAM)
    s.settimeout(0.3)
    s.bind((address, 0))
    if port:
        s.sendto(b"x", ("10.0.0.2", port))
    elif s.connect_ex(("10.0.0.2", 1)) == errno.ECONNREFUSED:
        print(address)
    s.close()
"""

ATTACKER, NEIGHBOUR, PROTECTED, OTHER_PORT = (
    "10.0.0.1", "10.0.0.11", "10.0.0.7", "10.0.0.3")

# Seconds that the switch may take beyond a timeout, which it counts in whole
# seconds and looks at about once a second.
SLACK = 2


def send(vm, port, *addresses):
    return vm.run(sys.executable, "-c", SEND, str(port), *addresses).split()


def reached(vm, *addresses):
    """Which of the addresses reach 10.0.0.2."""
    return send(vm, 0, *addresses)


def flows(host):
    """Our flows."""
    out = host.run("ovs-ofctl", "dump-flows", "br0", "cookie=%d/%d" % (
        0x7866736d << 32, 0xffffffff << 32))
    return [line for line in out.splitlines() if "cookie=" in line]


def counters(host):
    out = host.appctl("ovs-xfsmd", "xfsm/mitigation").split("rules:")[0]
    return {name: int(value) for name, value in
            (line.split() for line in out.splitlines())}


def told(host):
    return host.appctl("ovs-xfsmd", "xfsm/mitigation")


def wait_count(host, name, value):
    wait_until(lambda: counters(host).get(name, 0) >= value, 5,
               lambda: "%s to be %d: %s" % (name, value, told(host)))


def option(host, key, value):
    """Sets an option, and waits until the agent has it."""
    cfg = int(host.xfsm_ctl("get", "XFSM_Global", ".", "next_cfg")) + 1
    host.xfsm_ctl("set", "XFSM_Global", ".",
                  'options:%s="%s"' % (key, value), "next_cfg=%d" % cfg)
    wait_until(lambda: host.xfsm_ctl("get", "XFSM_Global", ".", "cur_cfg")
               == str(cfg), 10, "cur_cfg")


def test_dry_run(host, vm1):
    send(vm1, BLOCK, ATTACKER)
    wait_count(host, "dry_run", 1)
    check("dry run: cookie=0x7866736d" in told(host), told(host))
    check(reached(vm1, ATTACKER) == [ATTACKER], "a dry run blocks")
    check(not flows(host), "a dry run installs: %s" % flows(host))
    check(counters(host)["installed"] == 0, told(host))
    wait_until(lambda: host.xfsm_ctl(
        "get", "XFSM_Global", ".", "statistics:mitigation_dry_run") == "1",
        5, "statistics")


def wait_flow(host):
    return wait_until(lambda: flows(host), 5,
                      lambda: "a flow: " + told(host))[0]


def wait_no_flow(host, since, seconds):
    wait_until(lambda: not flows(host), seconds + SLACK, "the flow to go")
    check(time.monotonic() - since < (seconds + SLACK) * xfsmtest.PATIENCE,
          "the flow stayed too long")


def test_enforce(host, vm1, vm3):
    option(host, "mitigation", "enforce")
    for _ in range(10):
        send(vm1, BLOCK, ATTACKER)
        flow = wait_flow(host)
        since = time.monotonic()
        seen = (reached(vm1, ATTACKER, NEIGHBOUR)
                + reached(vm3, OTHER_PORT))
        # On a slow machine it may be over before we are.
        if flows(host):
            break
        wait_forgotten(host)
    check(flows(host), "the flow is over too early each time")
    check(seen == [NEIGHBOUR, OTHER_PORT],
          "reached by %s, flow %s" % (seen, flow))
    for part in ("hard_timeout=2", "idle_timeout=2", "in_port=",
                 "nw_src=" + ATTACKER, "actions=drop"):
        check(part in flow, "\"%s\" is not in %s" % (part, flow))
    wait_no_flow(host, since, 2)
    check(reached(vm1, ATTACKER) == [ATTACKER], "still blocked")
    check(counters(host)["installed"] >= 1, told(host))


def wait_forgotten(host):
    """Waits until the agent keeps no rule."""
    wait_until(lambda: "enforced" not in told(host).split("last req")[0], 15,
               lambda: "rules to end: " + told(host))


def test_repeated(host, vm1):
    """A host that asks again and again gets one rule, and no more time."""
    wait_forgotten(host)
    before = counters(host)["installed"]
    send(vm1, BLOCK, ATTACKER)
    wait_flow(host)
    since = time.monotonic()
    send(vm1, BLOCK, ATTACKER)
    wait_count(host, "repeated", 1)
    check(counters(host)["installed"] == before + 1, told(host))
    wait_no_flow(host, since, 2)


def test_killed(host, vm1):
    """The flow needs no agent to go."""
    wait_forgotten(host)
    option(host, "mitigation-max-seconds", 3)
    send(vm1, BLOCK_LONG, ATTACKER)
    flow = wait_flow(host)
    check("hard_timeout=3" in flow, flow)
    since = time.monotonic()
    host.stop("ovs-xfsmd", signal.SIGKILL)
    wait_no_flow(host, since, 3)
    check(reached(vm1, ATTACKER) == [ATTACKER], "still blocked")
    host.start_agent()
    host.wait_status("vm1", "running", 20)


def test_left(host, vm1):
    """What a killed agent has left goes when the next one connects."""
    option(host, "mitigation-max-seconds", 600)
    send(vm1, BLOCK_LONG, ATTACKER)
    wait_flow(host)
    host.stop("ovs-xfsmd", signal.SIGKILL)
    host.start_agent()
    wait_until(lambda: host.probe_pid("vm1"), 20, "probe")
    host.wait_status("vm1", "running", 20)
    wait_until(lambda: "program guard" in host.appctl(
        "xfsm-probe.vm1", "xfsm/show"), 10, "program")
    send(vm1, BLOCK_LONG, NEIGHBOUR)
    wait_until(lambda: [f for f in flows(host) if NEIGHBOUR in f], 5,
               lambda: "a flow: " + told(host))
    check(len(flows(host)) == 1, "flows: %s" % flows(host))


def test_withdrawn(host, vm1):
    """When a port is not enforced any more, its flows go at once."""
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm-mitigation=dry-run")
    wait_until(lambda: not flows(host), 5, "the flow to be withdrawn")
    check(counters(host)["withdrawn"] == 1, told(host))
    check(reached(vm1, NEIGHBOUR) == [NEIGHBOUR], "still blocked")
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm-mitigation=off")
    wait_until(lambda: send(vm1, BLOCK_LONG, NEIGHBOUR)
               or counters(host)["off"], 5, lambda: told(host))
    host.vsctl("remove", "Port", "vm1", "external_ids", "xfsm-mitigation")
    option(host, "mitigation", "enforce")


def test_protected(host, vm1):
    option(host, "mitigation-protect", "10.0.0.4/30, 10.0.0.2")
    send(vm1, BLOCK, PROTECTED)
    wait_count(host, "refused_protected", 1)
    check("refused (protected)" in told(host), told(host))
    check(reached(vm1, PROTECTED) == [PROTECTED], "protected, and blocked")
    check(not flows(host), "flows: %s" % flows(host))

    option(host, "mitigation-protect", "nonsense")
    check("nonsense" in host.xfsm_ctl("get", "XFSM_Global", ".",
                                      "status:options-error"), "no error")
    before = counters(host)["off"]
    send(vm1, BLOCK_LONG, PROTECTED)
    wait_count(host, "off", before + 1)
    option(host, "mitigation-protect", "")


def test_other_actions(host, vm1):
    send(vm1, LIMIT, ATTACKER)
    wait_count(host, "refused_action", 1)
    check("meter" in told(host), told(host))
    send(vm1, MIRROR, ATTACKER)
    wait_count(host, "refused_mirror", 1)
    check(not flows(host), "flows: %s" % flows(host))
    host.vsctl("set", "Port", "vm3",
               "external_ids:xfsm-mitigation-mirror=true")
    wait_until(lambda: send(vm1, MIRROR, ATTACKER) or flows(host), 5,
               lambda: told(host))
    check("NORMAL" in flows(host)[0] and "output:" in flows(host)[0],
          "flows: %s" % flows(host))
    check(reached(vm1, ATTACKER) == [ATTACKER], "a mirror blocks")


def test_flood(host, vm1):
    """Many requests cost no answer of the probe."""
    option(host, "mitigation-max-rules", 1)
    pid = host.probe_pid("vm1")
    send(vm1, BLOCK, *[NEIGHBOUR] * 2000)
    wait_count(host, "refused_rules", 1)
    wait_until(lambda: host.probe_stats("vm1")["mitigation_dropped"], 5,
               "requests beyond the rate to be counted")
    stats = host.probe_stats("vm1")
    check(stats["mitigation_sent"] + stats["mitigation_dropped"] >= 2000,
          "counters: %s" % stats)
    check(len(flows(host)) == 1, "flows: %s" % flows(host))
    check(host.probe_pid("vm1") == pid, "the probe was restarted")


def test(host):
    host.start()
    host.add_bridge("br0")
    vm1 = host.add_vm("br0", "vm1", ATTACKER + "/24")
    host.add_vm("br0", "vm2", "10.0.0.2/24")
    vm3 = host.add_vm("br0", "vm3", OTHER_PORT + "/24")
    for address in (NEIGHBOUR, PROTECTED):
        host.run("ip", "-n", vm1.netns, "addr", "add", address + "/24", "dev",
                 "eth0")
    host.xfsm_ctl("create", "Program", "name=guard", 'source="%s"'
                  % PROGRAM.replace("\\", "\\\\").replace(
                      '"', '\\"').replace("\n", "\\n"))
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=guard")
    host.wait_status("vm1", "running")
    check(reached(vm1, ATTACKER, NEIGHBOUR, PROTECTED)
          == [ATTACKER, NEIGHBOUR, PROTECTED], "no network")

    test_dry_run(host, vm1)
    test_enforce(host, vm1, vm3)
    test_repeated(host, vm1)
    test_killed(host, vm1)
    test_left(host, vm1)
    test_withdrawn(host, vm1)
    test_protected(host, vm1)
    test_other_actions(host, vm1)
    test_flood(host, vm1)


if __name__ == "__main__":
    xfsmtest.main(test)
