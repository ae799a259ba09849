# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The state of a port is saved and restored: a program that was interrupted in
the middle goes on where it stopped, in another process, on another port.
Files that are no such state are refused, and change nothing."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

# Knocks to count.
BEFORE = 3
AFTER = 2

PROGRAM = """<xfsm name="knocks" version="1">
  <statedef id="few"/>
  <statedef id="many"/>
  <metric name="n"><variation_monitor status="on" type="dleft"/></metric>
  <feature name="knocks" body="n"/>
  <event type="packet" selector="proto tcp and dst_port 7100"
    primary-key="ip_src">
    <state id="few">
      <use-metric id="n" vm_update="ip_src"/>
      <condition expression="knocks &gt;= 5" action="Publish(log, fifth)"
        next_state="many"/>
    </state>
  </event>
</xfsm>
"""


def knock(vm, address, n):
    """Sends 'n' packets, not more: a refused connection is one."""
    for _ in range(n):
        vm.knock(address, [7100])


def handled(host, interface):
    return host.probe_stats(interface)["handled"]


def test_goes_on(host, vm, path):
    knock(vm, "10.0.0.2", BEFORE)
    wait_until(lambda: handled(host, "vm1") == BEFORE, 5, "knocks")
    host.xfsm_ctl("save-state", "vm1", path)
    check(os.stat(path).st_mode & 0o77 == 0, "others can read the state")
    pid = host.probe_pid("vm1")
    host.appctl("ovs-xfsmd", "xfsm/restart", "vm1")
    wait_until(lambda: host.probe_pid("vm1") not in (0, pid), 10,
               "another process")
    host.wait_status("vm1", "running")
    check(handled(host, "vm1") == 0, "it has counted something already")
    host.xfsm_ctl("restore-state", "vm1", path)
    knock(vm, "10.0.0.2", AFTER)
    wait_until(lambda: host.probe_stats("vm1")["events"] == 1, 5,
               "the fifth knock")
    show = host.appctl("xfsm-probe.vm1", "xfsm/show")
    check("many" in show, show)


def refused(host, command, path, why, port="vm1"):
    try:
        host.xfsm_ctl(command, port, path)
    except xfsmtest.Failure as e:
        check(why in str(e), str(e))
    else:
        raise xfsmtest.Failure("%s %s was not refused" % (command, path))


def test_refused(host, path):
    pid = host.probe_pid("vm1")
    with open(path, "rb") as f:
        data = bytearray(f.read())
    data[len(data) // 2] ^= 1
    with open(path + ".bad", "wb") as f:
        f.write(data)
    refused(host, "restore-state", path + ".bad", "checksum")
    refused(host, "restore-state", path + ".none", "No such file")
    refused(host, "restore-state", path, "no such interface", "vm9")
    refused(host, "restore-state", "/dev/zero", "Invalid argument")
    refused(host, "save-state", "/proc/no/file", "cannot write")
    link = os.path.join(host.dir, "link")
    os.symlink("/dev/null", link)
    refused(host, "save-state", link, "File exists")
    check(os.readlink(link) == "/dev/null", "the link was replaced")
    refused(host, "save-state", host.dir, "Is a directory")
    check(host.probe_pid("vm1") == pid, "the probe was restarted")
    check("many" in host.appctl("xfsm-probe.vm1", "xfsm/show"),
          "the state is gone")


def test(host):
    host.start()
    host.add_bridge("br0")
    vm = host.add_vm("br0", "vm1", "10.0.0.1/24")
    host.add_vm("br0", "vm2", "10.0.0.2/24")
    source = os.path.join(host.dir, "knocks.xml")
    with open(source, "w") as f:
        f.write(PROGRAM)
    host.xfsm_ctl("add-program", source)
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=knocks")
    host.wait_status("vm1", "running")
    path = os.path.join(host.dir, "state")
    test_goes_on(host, vm, path)
    test_refused(host, path)
    host.check_log(allow=("cannot restore the state",))


if __name__ == "__main__":
    xfsmtest.main(test)
