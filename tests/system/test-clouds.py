# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Ports as libvirt, OpenStack and ovn-kubernetes make them, with the commands
that these run: assignments find them by the ids that xfsm-clouds(7) names,
and again where a machine comes back as another port."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

DOMAIN = "5a5db485-a120-b65e-13ef-d4455915c68e"
PORT_ID = "5b4345ea-d5ea-4285-be99-0e4cadf1600a"
INSTANCE = "0aa2d71e-9b41-4c88-9038-e4d042b6502a"
POD = "0f5bd1a2-2c5e-4d6c-9a43-b3a1d7c1c0de"

# Program and target of each assignment.
ASSIGNMENTS = {
    "portscan": 'vm-id="%s"' % DOMAIN,
    "hostscan": 'vm-uuid="*"',
    "synflood": 'iface-id="%s"' % PORT_ID,
    "nxdomain": 'iface-id="shop_*"',
    "beacon": '"external_ids:iface-id-ver"="0f5b*"',
    "arpspoof": '"external_ids:attached_mac"="0a:58:*",bridge="br-int"',
    "worm": 'attached-mac="52:54:00:*"',
}


def plug_libvirt(host, name):
    host.vsctl(
        "--", "--may-exist", "add-port", "br-int", name,
        "--", "set", "Interface", name,
        'external-ids:attached-mac="52:54:00:44:f2:dc"',
        "--", "set", "Interface", name,
        'external-ids:iface-id="d28a71c4-dea4-4c2f-b163-54527837ea2c"',
        "--", "set", "Interface", name, 'external-ids:vm-id="%s"' % DOMAIN,
        "--", "set", "Interface", name, "external-ids:iface-status=active")


def plug_os_vif(host, name):
    host.vsctl(
        "--may-exist", "add-port", "br-int", name,
        "--", "set", "Interface", name,
        'external_ids={"iface-id"="%s","iface-status"="active",'
        '"attached-mac"="fa:16:3e:50:1b:5b","vm-uuid"="%s"}'
        % (PORT_ID, INSTANCE), "--", "set", "Port", name, "tag=3")


def plug_ovn_kubernetes(host, name):
    host.vsctl(
        "--may-exist", "add-port", "br-int", name,
        "other_config:transient=true", "--", "set", "interface", name,
        "external_ids:attached_mac=0a:58:0a:f4:00:05",
        "external_ids:iface-id=shop_cart-7d9f",
        "external_ids:iface-id-ver=" + POD,
        "external_ids:ip_addresses=10.244.0.5/24",
        "external_ids:sandbox=c0ffee0123456789")


def programs(host, name):
    return host.xfsm_ctl("--bare", "--columns=running_programs", "find",
                         "Probe", "interface=" + name).split()


def expect(host, name, *wanted):
    wait_until(lambda: sorted(programs(host, name)) == sorted(wanted), 10,
               lambda: "%s: %s, not %s" % (name, programs(host, name),
                                           wanted))


def test(host):
    host.start()
    host.add_bridge("br-int")
    for program, target in ASSIGNMENTS.items():
        host.xfsm_ctl("create", "Assignment", "name=" + program,
                      "programs=" + program, "enabled=true",
                      "target={%s}" % target)
    for name in ("vnet0", "vnet7", "tap5b4345ea-d5", "c0ffee012345678"):
        host.add_vm("br-int", name, port=False)
    plug_libvirt(host, "vnet0")
    plug_os_vif(host, "tap5b4345ea-d5")
    plug_ovn_kubernetes(host, "c0ffee012345678")
    expect(host, "vnet0", "portscan", "worm")
    expect(host, "tap5b4345ea-d5", "hostscan", "synflood")
    expect(host, "c0ffee012345678", "nxdomain", "beacon", "arpspoof")
    check(host.xfsm_ctl("get", "Assignment", "hostscan", "matches") == "1",
          "a port too many")

    # The machine starts again, as another port; ovn-controller says that it
    # has seen a port; another machine gets the port's id.
    host.vsctl("--if-exists", "del-port", "vnet0")
    plug_libvirt(host, "vnet7")
    expect(host, "vnet7", "portscan", "worm")
    wait_until(lambda: not host.xfsm_ctl("--bare", "find", "Probe",
                                         "interface=vnet0"), 10,
               "the port that went")
    pid = host.probe_pid("tap5b4345ea-d5")
    host.vsctl("set", "Interface", "tap5b4345ea-d5",
               "external_ids:ovn-installed=true",
               "external_ids:ovn-installed-ts=1700000000000")
    host.vsctl("remove", "Interface", "vnet7", "external_ids", "vm-id")
    expect(host, "vnet7", "worm")
    check(host.probe_pid("tap5b4345ea-d5") == pid,
          "a probe was started again for nothing")
    host.check_log()


if __name__ == "__main__":
    xfsmtest.main(test)
