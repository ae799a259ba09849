# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Mitigation in a real switch: a dry run unless the operator says "enforce".
Then the source is blocked, limited or mirrored at its port and no other, and
the flow is gone on time, also if the agent was killed, and with the agent that
ends.  Flows of others are never touched, and neither are protected
addresses."""

import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import Subscriber, check, wait_until          # noqa: E402

# Warnings that a switch that is restarted, and a flood, cause.
LOG_ALLOWED = ("rconn", "vconn", "options-error", "nonsense", "never came")

# A UDP packet to one of these ports asks for this.
BLOCK, BLOCK_LONG, LIMIT, MIRROR, BLOCK_FLOW = range(9, 14)
ACTIONS = {
    BLOCK: "Block(ip_src, 2)",
    BLOCK_LONG: "Block(ip_src, 600)",
    LIMIT: "Limit(ip_src, 10, 600)",
    MIRROR: "Mirror(ip_src, vm3, 600)",
    BLOCK_FLOW: "Block(ip_src-proto-src_port, 600)",
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

# Sends so many UDP packets from an address to a port where nobody listens.
MANY = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 0))
for i in range(int(sys.argv[2])):
    try:
        s.sendto(b"x", ("10.0.0.2", 99))
    except OSError:     # Nobody listens: it was told of an earlier one.
        pass
    if i % 50 == 0:
        time.sleep(0.005)
"""

ATTACKER, NEIGHBOUR, PROTECTED, OTHER_PORT = (
    "10.0.0.1", "10.0.0.11", "10.0.0.7", "10.0.0.3")

COOKIES = "cookie=%d/%d" % (0x7866736d << 32, 0xffffffff << 32)

# Seconds that the switch may take beyond a timeout, which it counts in whole
# seconds and looks at about once a second.
SLACK = 3


def send(vm, port, *addresses):
    return vm.run(sys.executable, "-c", SEND, str(port), *addresses).split()


def check_reached(vm, wanted, what, blocked=()):
    """Fails unless addresses reach 10.0.0.2, soon, and those that are blocked
    do not."""
    wait_until(lambda: send(vm, 0, *wanted) == list(wanted), 10, what)
    check(not send(vm, 0, *blocked), what)


def ofctl(host, *args):
    return host.run("ovs-ofctl", "-O", "OpenFlow13", *args)


def flows(host):
    """Our flows."""
    return [line for line in ofctl(host, "dump-flows", "br0",
                                   COOKIES).splitlines() if "cookie=" in line]


def meters(host):
    return [line for line in ofctl(host, "dump-meters", "br0").splitlines()
            if "meter=" in line]


def told(host):
    return host.appctl("ovs-xfsmd", "xfsm/mitigation")


def rules(host):
    """The rules that the agent has."""
    return told(host).split("rules:\n")[1].split(
        "what became")[0].splitlines()


def count(host, name):
    for line in told(host).split("rules:")[0].splitlines():
        if line.split()[0] == "mitigation_" + name:
            return int(line.split()[1])
    return 0


def wait_count(host, name, value):
    wait_until(lambda: count(host, name) >= value, 5,
               lambda: "%s to be %d: %s" % (name, value, told(host)))


def wait_flows(host, n):
    """Waits until there are n flows, in the switch and in the books."""
    wait_until(lambda: len(flows(host)) == n
               and len([r for r in rules(host)
                        if ": installed," in r]) == n, 10,
               lambda: "%d flows: %s\n%s" % (n, flows(host), told(host)))
    return flows(host)


def ask(vm, port, address, done, what):
    """Asks until done(): a probe does not tell the same twice a second."""
    wait_until(lambda: done() or (send(vm, port, address), done())[1], 10,
               what)


def ask_flows(host, vm, port, address, n=1):
    """Asks for a flow, and waits until there are n."""
    ask(vm, port, address, lambda: len(flows(host)) >= n,
        lambda: "%d flows: %s" % (n, told(host)))
    return wait_flows(host, n)


def ask_count(host, vm, port, address, name, value):
    ask(vm, port, address, lambda: count(host, name) >= value,
        lambda: "%s to be %d: %s" % (name, value, told(host)))


def option(host, key, value, *more):
    """Sets options, keys and values, and waits until the agent has them."""
    both = zip((key,) + more[::2], (value,) + more[1::2])
    cfg = int(host.xfsm_ctl("get", "XFSM_Global", ".", "next_cfg")) + 1
    host.xfsm_ctl("set", "XFSM_Global", ".",
                  *['options:%s="%s"' % pair for pair in both],
                  "next_cfg=%d" % cfg)
    wait_until(lambda: host.xfsm_ctl("get", "XFSM_Global", ".", "cur_cfg")
               == str(cfg), 10, "cur_cfg")


def withdraw(host):
    """Has all flows withdrawn, as an operator would."""
    option(host, "mitigation", "dry-run")
    wait_flows(host, 0)
    option(host, "mitigation", "enforce")


def wait_agent(host):
    """Waits until the agent that was started does its work."""
    wait_until(lambda: host.probe_pid("vm1"), 20, "probe")
    host.wait_status("vm1", "running", 20)
    wait_until(lambda: "program guard" in host.appctl(
        "xfsm-probe.vm1", "xfsm/show"), 10, "program")


def wait_event(events, outcome, **fields):
    """Waits for an event of the agent."""
    def found():
        return [e for e in events.events()
                if e["fields"]["outcome"] == outcome
                and e["program"] == "guard" and e["port"] == "mitigation"
                and fields.items() <= e["fields"].items()]

    return wait_until(found, 10, lambda: "event \"%s\": %s" % (
        outcome, events.events()))[0]


def test_dry_run(host, vm1, events):
    ask_count(host, vm1, BLOCK, ATTACKER, "dry_run", 1)
    check("guard: dry run: cookie=0x7866736d" in told(host), told(host))
    check("guard: dry run: cookie=0x7866736d" in host.log("ovs-xfsmd"),
          "the log does not tell")
    check_reached(vm1, [ATTACKER], "a dry run blocks")
    check(not flows(host), "a dry run installs: %s" % flows(host))
    check(count(host, "installed") == 0, told(host))
    wait_until(lambda: host.xfsm_ctl(
        "get", "XFSM_Global", ".", "statistics:mitigation_dry_run") == "1",
        5, "statistics")
    wait_event(events, "dry run", action="block", bridge="br0",
               interface="vm1")


def test_refused(host, vm1, events):
    option(host, "mitigation", "enforce",
           "mitigation-protect", "10.0.0.4/30, 10.0.0.2")
    ask_count(host, vm1, BLOCK, PROTECTED, "refused_protected", 1)
    check("guard: refused (protected)" in told(host), told(host))
    check("guard: refused (protected)" in host.log("ovs-xfsmd"), "no log")
    wait_event(events, "refused (protected)", interface="vm1")
    check_reached(vm1, [PROTECTED], "protected, and blocked")

    option(host, "mitigation-programs", "another")
    ask_count(host, vm1, BLOCK, ATTACKER, "refused_program", 1)
    option(host, "mitigation-programs", "another guard",
           "mitigation-actions", "limit,mirror")
    ask_count(host, vm1, BLOCK, NEIGHBOUR, "refused_action", 1)

    option(host, "mitigation-actions", "block,limit,mirror",
           "mitigation-protect", "nonsense")
    check("nonsense" in host.xfsm_ctl("get", "XFSM_Global", ".",
                                      "status:options-error"), "no error")
    before = count(host, "off")
    ask_count(host, vm1, BLOCK_LONG, PROTECTED, "off", before + 1)
    option(host, "mitigation-protect", "")
    check(not flows(host), "flows: %s" % flows(host))


def test_block(host, vm1, vm3, events):
    """It stops the attacker and nobody else, asked for once or often."""
    flow, = ask_flows(host, vm1, BLOCK_LONG, ATTACKER)
    check_reached(vm1, [NEIGHBOUR], "flow " + flow, blocked=[ATTACKER])
    check_reached(vm3, [OTHER_PORT], "flow " + flow)
    for part in ("cookie=0x7866736d", "priority=40002", "hard_timeout=600",
                 "idle_timeout=600", "in_port=", "nw_src=" + ATTACKER,
                 "actions=drop"):
        check(part in flow, "\"%s\" is not in %s" % (part, flow))
    ask_count(host, vm1, BLOCK_LONG, ATTACKER, "repeated", 1)
    check(count(host, "installed") == 1, told(host))
    wait_flows(host, 1)
    check("guard: installed: cookie" in host.log("ovs-xfsmd"), "not logged")
    event = wait_event(events, "installed", action="block", interface="vm1")
    check("nw_src=" + ATTACKER in event["fields"]["flow"], event)


def test_switch_restarted(host, vm1):
    """A bridge that forgot the flow gets it again."""
    host.stop("ovs-vswitchd", signal.SIGKILL)
    host.start_vswitchd()
    flow, = wait_flows(host, 1)
    check("nw_src=" + ATTACKER in flow, flow)
    check(count(host, "installed") == 1, told(host))
    wait_agent(host)
    check_reached(vm1, [NEIGHBOUR], "not blocked", blocked=[ATTACKER])


def test_killed(host, vm1):
    """The flow stays without an agent, and the next one removes it."""
    check(len(flows(host)) == 1, "no flow")
    host.stop("ovs-xfsmd", signal.SIGKILL)
    check(len(flows(host)) == 1, "the flow went with the agent")
    host.start_agent()
    wait_flows(host, 0)
    check_reached(vm1, [ATTACKER], "still blocked")
    wait_agent(host)


def test_on_time(host, vm1):
    """The flow goes by itself: with an agent, and without."""
    ask_count(host, vm1, BLOCK, ATTACKER, "installed", 1)
    wait_until(lambda: not flows(host), 2 + SLACK, "the flow to go")
    wait_count(host, "expired", 1)
    check_reached(vm1, [ATTACKER], "still blocked")

    option(host, "mitigation-max-seconds", 3)
    ask_count(host, vm1, BLOCK_LONG, ATTACKER, "installed", 2)
    host.stop("ovs-xfsmd", signal.SIGKILL)
    wait_until(lambda: not flows(host), 3 + SLACK, "the flow to go")
    check_reached(vm1, [ATTACKER], "still blocked")
    host.start_agent()
    wait_agent(host)
    option(host, "mitigation-max-seconds", 3600)


def test_ended(host, vm1):
    """With an agent that ends, its flows and meters go."""
    send(vm1, BLOCK_LONG, ATTACKER)
    ask_flows(host, vm1, LIMIT, NEIGHBOUR, 2)
    host.stop("ovs-xfsmd")
    check(not flows(host), "left behind: %s" % flows(host))
    check(not meters(host), "left behind: %s" % meters(host))
    host.start_agent()
    wait_agent(host)


def test_withdrawn(host, vm1, port):
    """What is not to be any more goes at once."""
    def expect(what, *change):
        ask_flows(host, vm1, BLOCK_LONG, ATTACKER)
        before = count(host, "withdrawn")
        what(*change)
        wait_flows(host, 0)
        check(count(host, "withdrawn") == before + 1, told(host))
        check_reached(vm1, [ATTACKER], "still blocked")

    expect(host.vsctl, "set", "Port", "vm1",
           "external_ids:xfsm-mitigation=dry-run")
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm-mitigation=off")
    ask_count(host, vm1, BLOCK_LONG, ATTACKER, "off", 1)
    host.vsctl("remove", "Port", "vm1", "external_ids", "xfsm-mitigation")
    option(host, "mitigation", "enforce")

    expect(option, host, "mitigation-protect", ATTACKER)
    option(host, "mitigation-protect", "")

    # Another port gets the number of this one, and no flow of it.
    ask_flows(host, vm1, BLOCK_LONG, ATTACKER)
    host.vsctl("--", "set", "Interface", "vm1", "ofport_request=%d"
               % (port + 50))
    wait_flows(host, 0)
    wait_agent(host)


def arrived(vm):
    """UDP packets that came to a port where nobody listens."""
    lines = [line.split() for line in vm.run("cat", "/proc/net/snmp")
             .splitlines() if line.startswith("Udp:")]
    return int(dict(zip(*lines))["NoPorts"])


def send_many(host, vm1, vm2, address, n):
    """Sends so many packets and returns how many came."""
    before = arrived(vm2)
    vm1.run(sys.executable, "-c", MANY, address, str(n))
    return arrived(vm2) - before


def wait_many(host, vm1, vm2, address, n, came):
    """Sends packets until so many came, as came() counts: a switch that has no
    processor for a moment drops what its buffer does not hold."""
    before = came()

    def enough():
        send_many(host, vm1, vm2, address, n)
        return came() >= before + n

    wait_until(enough, 5, lambda: "%d packets, not %d" % (n,
                                                          came() - before))


def test_limit(host, vm1, vm2):
    flow, = ask_flows(host, vm1, LIMIT, ATTACKER)
    check("actions=meter:" in flow and "NORMAL" in flow, flow)
    check(len(meters(host)) == 1 and "rate=10" in ofctl(
        host, "dump-meters", "br0"), "no meter")
    check_reached(vm1, [NEIGHBOUR], "a limit blocks others")
    n = send_many(host, vm1, vm2, ATTACKER, 1000)
    check(n < 500, "%d of 1000 packets at once got through" % n)
    wait_many(host, vm1, vm2, NEIGHBOUR, 300, lambda: arrived(vm2))
    stats = ofctl(host, "meter-stats", "br0")
    check("flow_count:1" in stats.replace("flow_count: ", "flow_count:"),
          stats)

    # What a killed agent left goes, the meter too.
    host.stop("ovs-xfsmd", signal.SIGKILL)
    check(meters(host), "the meter went with the agent")
    host.start_agent()
    wait_flows(host, 0)
    wait_until(lambda: not meters(host), 10, "the meter to go")
    wait_agent(host)


def rx_packets(vm):
    return int(json.loads(vm.run("ip", "-j", "-s", "link", "show", "eth0"))
               [0]["stats64"]["rx"]["packets"])


def test_mirror(host, vm1, vm2, vm3):
    ask_count(host, vm1, MIRROR, ATTACKER, "refused_mirror", 1)
    host.vsctl("set", "Port", "vm3",
               "external_ids:xfsm-mitigation-mirror=true")
    flow, = ask_flows(host, vm1, MIRROR, ATTACKER)
    check("NORMAL" in flow and "output:" in flow, flow)
    check_reached(vm1, [ATTACKER], "a mirror blocks")
    wait_many(host, vm1, vm2, ATTACKER, 200, lambda: rx_packets(vm3))
    before = rx_packets(vm3)
    wait_many(host, vm1, vm2, NEIGHBOUR, 200, lambda: arrived(vm2))
    check(rx_packets(vm3) < before + 100, "copies of others")

    # A block beside it comes first.
    ask_flows(host, vm1, BLOCK_LONG, ATTACKER, 2)
    check_reached(vm1, [NEIGHBOUR], "not blocked", blocked=[ATTACKER])

    # No copy goes to a port that is not to have any.
    host.vsctl("remove", "Port", "vm3", "external_ids",
               "xfsm-mitigation-mirror")
    flow, = wait_flows(host, 1)
    check("actions=drop" in flow, flow)
    withdraw(host)


def test_others(host, vm1):
    """Flows of others are not replaced, and not got around."""
    number = host.vsctl("get", "Interface", "vm1", "ofport")
    other = ("cookie=0x1,priority=40002,in_port=%s,ip,nw_src=%s,"
             "actions=NORMAL" % (number, ATTACKER))
    ofctl(host, "add-flow", "br0", other)
    before = count(host, "failed")
    ask_count(host, vm1, BLOCK_LONG, ATTACKER, "failed", before + 1)
    check("somebody else has" in told(host), told(host))
    ask_count(host, vm1, LIMIT, NEIGHBOUR, "failed", before + 2)
    check("other than NORMAL" in told(host), told(host))
    check(not flows(host) and not meters(host), "flows: %s" % flows(host))
    check_reached(vm1, [ATTACKER, NEIGHBOUR], "hurt")

    # With another priority they are not in the way, and ours come and go
    # without them.
    ofctl(host, "--strict", "mod-flows", "br0", other)
    ofctl(host, "del-flows", "br0", "cookie=0x1/-1")
    ofctl(host, "add-flow", "br0", other.replace("40002", "50000"))
    ask_flows(host, vm1, BLOCK_LONG, ATTACKER)
    check_reached(vm1, [ATTACKER], "a flow above ours is hurt")
    withdraw(host)
    check("n_packets" in ofctl(host, "dump-flows", "br0", "cookie=0x1/-1"),
          "the flow of others is gone")
    ofctl(host, "del-flows", "br0", "cookie=0x1/-1")


def test_controller(host, vm1):
    """Where a controller decides, it decides."""
    ask_flows(host, vm1, LIMIT, NEIGHBOUR)
    host.vsctl("set-fail-mode", "br0", "secure")
    wait_flows(host, 0)
    check(not meters(host), "a meter stays")
    ask_count(host, vm1, LIMIT, NEIGHBOUR, "refused_controller", 1)
    host.vsctl("del-fail-mode", "br0", "--",
               "set-controller", "br0", "punix:%s/c" % host.rundir)
    n = count(host, "refused_controller")
    ask_count(host, vm1, LIMIT, NEIGHBOUR, "refused_controller", n + 1)
    ask_flows(host, vm1, BLOCK_LONG, NEIGHBOUR)
    withdraw(host)
    host.vsctl("del-controller", "br0")


def test_unreachable(host, vm1):
    """What could not be deleted is when the bridge can be reached again."""
    ask_flows(host, vm1, BLOCK_LONG, ATTACKER)
    host.vsctl("set", "Bridge", "br0", "protocols=OpenFlow10")
    option(host, "mitigation", "dry-run")
    wait_until(lambda: not [r for r in rules(host) if "dry run" not in r], 5,
               lambda: told(host))
    option(host, "mitigation", "enforce")
    ask_count(host, vm1, BLOCK_LONG, NEIGHBOUR, "failed",
              count(host, "failed") + 1)
    check("nw_src=" + ATTACKER in host.run("ovs-ofctl", "dump-flows", "br0"),
          "the bridge was reached")
    host.vsctl("clear", "Bridge", "br0", "protocols")
    # That of a request which was told once more may be there by now.
    wait_until(lambda: not [f for f in flows(host)
                            if "nw_src=%s " % ATTACKER in f], 10,
               lambda: told(host))
    withdraw(host)


def test_flood(host, vm1):
    """Many requests cost no answer of the probe, and few flows."""
    option(host, "mitigation-max-port-rules", 1)
    pid = host.probe_pid("vm1")
    send(vm1, BLOCK_FLOW, *[ATTACKER] * 1000)
    wait_count(host, "refused_port_rules", 1)
    wait_until(lambda: host.probe_stats("vm1")["mitigation_dropped"], 5,
               "requests beyond the rate to be counted")
    wait_flows(host, 1)
    check(host.probe_pid("vm1") == pid, "the probe was restarted")

    # One that repeats itself does not keep another out.  (Both may be beyond
    # the rate at first.)
    option(host, "mitigation-max-port-rules", 3)
    wait_until(lambda: send(vm1, BLOCK_LONG, *([ATTACKER] * 200
                                               + [NEIGHBOUR]))
               or len(flows(host)) == 3, 10, lambda: told(host))
    check([f for f in wait_flows(host, 3) if NEIGHBOUR in f], told(host))
    wait_until(lambda: host.probe_stats("vm1")["mitigation_repeated"] > 100,
               5, "requests that were repeated to be counted")

    option(host, "mitigation-max-rules", 3, "mitigation-max-port-rules", 4)
    ask_count(host, vm1, BLOCK_LONG, PROTECTED, "refused_rules", 1)
    wait_flows(host, 3)


def test_port_gone(host):
    """The flows of a port that is monitored no longer go."""
    host.vsctl("remove", "Port", "vm1", "external_ids", "xfsm")
    wait_flows(host, 0)


def test(host):
    host.start()
    host.add_bridge("br0")
    vm1 = host.add_vm("br0", "vm1", ATTACKER + "/24")
    vm2 = host.add_vm("br0", "vm2", "10.0.0.2/24")
    vm3 = host.add_vm("br0", "vm3", OTHER_PORT + "/24")
    vm2.run("sysctl", "-q", "-w", "net.ipv4.icmp_ratelimit=0")
    for address in (NEIGHBOUR, PROTECTED):
        host.run("ip", "-n", vm1.netns, "addr", "add", address + "/24", "dev",
                 "eth0")
    host.xfsm_ctl("create", "Program", "name=guard", 'source="%s"'
                  % PROGRAM.replace("\\", "\\\\").replace(
                      '"', '\\"').replace("\n", "\\n"))
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=guard")
    host.wait_status("vm1", "running")
    check_reached(vm1, [ATTACKER, NEIGHBOUR, PROTECTED], "no network")

    events = Subscriber(host, "mitigated")
    test_dry_run(host, vm1, events)
    test_refused(host, vm1, events)
    test_block(host, vm1, vm3, events)
    test_switch_restarted(host, vm1)
    test_killed(host, vm1)
    test_on_time(host, vm1)
    test_ended(host, vm1)
    test_withdrawn(host, vm1, int(host.vsctl("get", "Interface", "vm1",
                                             "ofport")))
    test_limit(host, vm1, vm2)
    test_mirror(host, vm1, vm2, vm3)
    test_others(host, vm1)
    test_controller(host, vm1)
    test_unreachable(host, vm1)
    test_flood(host, vm1)
    test_port_gone(host)
    host.check_log("ovs-xfsmd", allow=LOG_ALLOWED)


if __name__ == "__main__":
    xfsmtest.main(test)
