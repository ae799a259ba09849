# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The systemd units are well-formed and expose little, and the agent works
with no more capabilities than its unit leaves it."""

import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check                                  # noqa: E402

UNITS = ("ovs-xfsmd.service", "xfsm-controller.service")

# The most that "systemd-analyze security" may say.
MAX_EXPOSURE = 2.0


def unit(name):
    path = os.path.join(xfsmtest.TOP_BUILDDIR, "utilities/systemd", name)
    check(os.path.exists(path), path + " was not made")
    with open(path) as f:
        text = f.read()
    check("@" not in re.sub(r"@[a-z-]+(?=[ \n])", "", text),
          name + ": a word was not replaced")
    return path, text


def test_exposure():
    if not shutil.which("systemd-analyze"):
        print("no systemd-analyze: the exposure of the units is NOT tested")
        return
    for name in UNITS:
        path, _ = unit(name)
        p = subprocess.run(["systemd-analyze", "security", "--offline=true",
                            "--no-pager", path], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, universal_newlines=True)
        found = re.search(r"Overall exposure level.*: ([0-9.]+)", p.stdout)
        check(found, p.stdout)
        print("%s: exposure %s" % (name, found.group(1)))
        check(float(found.group(1)) <= MAX_EXPOSURE, p.stdout)


# What our own cages are made with, by probes and hub, and by the toolbox.
CAGE_CALLS = {
    "ovs-xfsmd.service": ("seccomp", "prctl", "prlimit64", "capset",
                          "landlock_create_ruleset", "landlock_add_rule",
                          "landlock_restrict_self"),
    "xfsm-controller.service": ("seccomp", "prctl", "prlimit64"),
}


def read_call_groups():
    """The groups of system calls that systemd knows."""
    out = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         universal_newlines=True).stdout
    groups, members = {}, []
    for line in out.splitlines():
        if line.startswith("@"):
            members = groups.setdefault(line.split()[0], [])
        elif line.startswith("#"):
            members = []
        elif line.strip() and not line.strip().startswith("#"):
            members.append(line.strip())
    return groups


def test_system_calls():
    """Units leave the calls by which our processes give up others."""
    if not shutil.which("systemd-analyze"):
        print("no systemd-analyze: system calls of units are NOT tested")
        return
    groups = read_call_groups()

    def expand(word):
        return (set().union(*map(expand, groups[word]))
                if word.startswith("@") else {word})

    for name in UNITS:
        allowed = set()
        for value in re.findall(r"^SystemCallFilter=(.*)$", unit(name)[1],
                                re.M):
            calls = set().union(*map(expand, value.lstrip("~").split()))
            allowed = (allowed - calls if value.startswith("~")
                       else allowed | calls)
        missing = [call for call in CAGE_CALLS[name] if call not in allowed]
        check(not missing, "%s: forbids %s" % (name, missing))


def test_capabilities(host):
    """The agent starts probes with the unit's bounding set alone, and no
    right to become more."""
    _, text = unit("ovs-xfsmd.service")
    wanted = re.search(r"^CapabilityBoundingSet=(.*)$", text, re.M).group(1)
    caps = ",".join("+" + cap[4:].lower() for cap in wanted.split())
    host.start_ovsdb()
    host.start_vswitchd()
    host.in_ns("setpriv", "--bounding-set=-all," + caps,
               "--inh-caps=-all", "--no-new-privs",
               host.tool("ovs-plugin/ovs-xfsmd"), "--detach", "--no-chdir",
               "--pidfile", "--log-file=%s/ovs-xfsmd.log" % host.logdir,
               "-vconsole:off", "-vsyslog:off")
    xfsmtest.wait_until(host.has_xfsm, 15, "the database XFSM")
    host.add_bridge("br0")
    host.add_vm("br0", "vm1")
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan")
    host.wait_status("vm1", "running")
    pid = host.probe_pid("vm1")
    with open("/proc/%d/status" % pid) as f:
        status = f.read()
    for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000",
                 "NoNewPrivs:\t1"):
        check(line in status, "%s: %s" % (line, status))
    # It can be ended, though it is somebody else.
    os.kill(pid, 19)
    xfsmtest.wait_until(lambda: host.probe_pid("vm1") not in (0, pid), 15,
                        "a stopped probe to be replaced")
    host.wait_status("vm1", "running")
    host.check_log(allow=("does not answer", "died"))


def test(host):
    test_exposure()
    test_system_calls()
    if not shutil.which("setpriv"):
        print("no setpriv: the capabilities are NOT tested")
        return
    test_capabilities(host)


if __name__ == "__main__":
    xfsmtest.main(test)
