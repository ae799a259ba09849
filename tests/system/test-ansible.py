# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The playbook, run on this machine as a host and as a controller: what it
makes works, a second run changes nothing, and secrets stay where they are."""

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

PLAYBOOK = os.path.join(xfsmtest.TOP_SRCDIR, "utilities/ansible/xfsm.yml")
OVSDB, HUB, FLEET, HTTP = 16641, 15560, 16650, 18443

# Prints what the API answers; argv: URL, file of the token, authority.
GET = """import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[3])
token = open(sys.argv[2]).read().strip()
print(urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers={
    "Authorization": "Bearer " + token}), context=context).read().decode())
"""


class Play:
    """The playbook, with an inventory of one host and one controller."""

    def __init__(self, host, prefix, archive):
        self.host = host
        self.roots = {name: os.path.join(host.dir, name)
                      for name in ("hv1", "ctl1")}
        for root in self.roots.values():
            os.mkdir(root)
        self.prefix = prefix
        self.inventory = os.path.join(host.dir, "inventory.json")
        self.env = dict(host.env, ANSIBLE_HOME=host.dir + "/ansible",
                        ANSIBLE_LOCALHOST_WARNING="false",
                        ANSIBLE_NOCOLOR="true", ANSIBLE_PIPELINING="true",
                        LC_ALL="C.UTF-8")
        variables = {
            "ansible_connection": "local", "ansible_host": "127.0.0.1",
            # Starts sooner without what modules do not need.
            "ansible_python_interpreter": "/usr/bin/python3 -I -S",
            "ansible_remote_tmp": host.dir + "/ansible/remote",
            "xfsm_archive": archive, "xfsm_prefix": prefix,
            "xfsm_services": False, "xfsm_register": False,
            "xfsm_environment": {k: v for k, v in host.env.items()
                                 if k.startswith("OVS_")},
            "xfsm_ovsdb_port": OVSDB, "xfsm_hub_port": HUB,
            "xfsm_fleet_port": FLEET, "xfsm_http_port": HTTP,
            "xfsm_events": host.dir + "/events",
        }
        with open(self.inventory, "w") as f:
            json.dump({"all": {"vars": variables, "children": {
                "xfsm_hosts": {"hosts": {"hv1": {
                    "xfsm_root": self.roots["hv1"],
                    "xfsm_labels": {"rack": "r7"},
                    "xfsm_options": {"hub-rate": 500}}}},
                "xfsm_controllers": {"hosts": {"ctl1": {
                    "xfsm_root": self.roots["ctl1"]}}}}}}, f)

    def run(self, *options):
        """{machine: tasks that changed something}."""
        done = subprocess.run(
            ("ip", "netns", "exec", self.host.ns, "ansible-playbook", "-i",
             self.inventory, PLAYBOOK) + options, env=self.env,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            universal_newlines=True, timeout=120 * xfsmtest.PATIENCE)
        check(not done.returncode, done.stdout)
        check("secret-key" not in done.stdout, "a secret was printed")
        self.output = done.stdout
        return {name: int(n) for name, n in re.findall(
            r"^(\w+) +: ok=\d+ +changed=(\d+)", done.stdout, re.M)}

    def path(self, name, path):
        return self.roots[name] + path

    def installed(self, name, path):
        return self.roots[name] + self.prefix + path


def stage(host):
    """An installed tree as an archive, and where it is configured for."""
    with open(os.path.join(xfsmtest.TOP_BUILDDIR, "Makefile")) as f:
        prefix = re.search(r"^prefix = (.*)$", f.read(), re.M).group(1)
    tree = os.path.join(host.dir, "tree")
    host.run("make", "-s", "-C", xfsmtest.TOP_BUILDDIR, "install-strip",
             "DESTDIR=" + tree, timeout=120)
    archive = os.path.join(host.dir, "tree.tar")
    host.run("tar", "-C", tree, "-cf", archive, ".", timeout=60)
    return prefix, archive


def exec_start(play, unit):
    """Command of a unit that the playbook made, for what is below the root
    of its machine."""
    root = play.roots["ctl1"]
    with open(root + "/etc/systemd/system/" + unit) as f:
        command = re.search(r"^ExecStart=(.*)$", f.read(), re.M).group(1)
    return [re.sub(r"(^|=|:)(/run/|/etc/|/var/)", r"\1%s\2" % root, word)
            for word in shlex.split(command)]


def environment(path):
    with open(path) as f:
        return dict(shlex.split(line)[0].split("=", 1) for line in f
                    if not line.startswith("#"))


def start_agent(host, play):
    host.in_ns("env", "XFSM_PKGDATADIR=" + play.installed(
        "hv1", "/share/ovs-xfsm"),
        play.installed("hv1", "/sbin/ovs-xfsmd"), "--detach", "--no-chdir",
        "--pidfile", "--log-file=%s/ovs-xfsmd.log" % host.logdir,
        "-vconsole:off", "-vsyslog:off",
        "--bindir=" + play.installed("hv1", "/bin"),
        "--libexecdir=" + play.installed("hv1", "/libexec/ovs-xfsm"))


def start_controller(host, play):
    settings = environment(play.path("ctl1", "/etc/default/xfsm-controller"))
    os.makedirs(play.path("ctl1", "/var/lib/xfsm-controller"))
    host.popen(play.installed("ctl1", "/sbin/xfsm-controller"),
               "--log-file=%s/controller.log" % host.logdir, "-vconsole:off",
               "--unixctl=%s/controller.ctl" % host.dir,
               "--xfsm=" + play.installed("ctl1", "/bin/xfsm"),
               "--http-web=" + play.installed("ctl1",
                                              "/share/ovs-xfsm/web"),
               *shlex.split(settings["XFSM_CONTROLLER_OPTS"]),
               settings["XFSM_FLEET"])


def fleet_ctl(host, play, *args):
    return host.run(play.installed("ctl1", "/bin/xfsm-ctl"), "--fleet",
                    "--db=unix:" + play.path("ctl1",
                                             "/run/xfsm-fleet/db.sock"),
                    *args).strip()


def check_secrets(host, play):
    """Only their owners read them, and none is where it was not made."""
    pki = os.path.join(host.dir, "pki")
    secrets = [play.path(name, "/etc/ovs-xfsm/" + file)
               for name in play.roots for file in ("tls.key", "curve.keys")]
    secrets += [play.path("ctl1", "/etc/ovs-xfsm/" + file) for file in
                ("tokens", "admin.token", "prometheus.token")]
    for path in secrets + [os.path.join(pki, "ca.key")]:
        check(stat.S_IMODE(os.stat(path).st_mode) == 0o600, path)
    check({n.split(".", 1)[1] for n in os.listdir(pki)}
          == {"crt", "csr", "curve", "ext", "key"}
          and [n for n in os.listdir(pki) if n.endswith("key")]
          == ["ca.key"], str(os.listdir(pki)))


def test(host):
    if not shutil.which("ansible-playbook"):
        xfsmtest.skip("no ansible-playbook (Debian: ansible-core): the "
                      "playbook is NOT tested")
    if host.sanitized:
        xfsmtest.skip("what the playbook does is the same in every build")
    ssl_options = ["--%s=db:Open_vSwitch,SSL,%s" % (o, c) for o, c in (
        ("private-key", "private_key"), ("certificate", "certificate"),
        ("ca-cert", "ca_cert"))]
    host.start_ovsdb(*ssl_options)
    host.start_vswitchd()
    host.add_bridge("br0")
    host.add_vm("br0", "vm1", "10.0.0.1/24")
    play = Play(host, *stage(host))

    first = play.run()
    check(first["hv1"] > 10 and first["ctl1"] > 10, str(first))
    check_secrets(host, play)

    os.makedirs(play.path("ctl1", "/run/xfsm-fleet"))
    host.popen(*exec_start(play, "xfsm-fleet-db.service"))
    wait_until(lambda: os.path.exists(
        play.path("ctl1", "/run/xfsm-fleet/db.sock")), 10, "the database")
    again = play.run("-e", "xfsm_register=true")
    check(again == {"hv1": 0, "ctl1": 1}, "a second run, which was to tell "
          "the database of the host and no more, changed:\n%s" % "\n".join(
              line for line in play.output.splitlines()
              if line.startswith(("TASK", "changed"))))
    check(play.run("-e", "xfsm_register=true", "--start-at-task",
                   "Tell the fleet of its hosts") == {"ctl1": 0},
          "telling it twice changed something")

    # What was made works together: TLS, the role, keys, tokens.
    start_agent(host, play)
    start_controller(host, play)
    fleet_ctl(host, play, "add-program", play.installed(
        "ctl1", "/share/ovs-xfsm/programs/portscan.xml"), "--", "assign",
        "all", "portscan", "host-label:rack=r7", "port=vm*")
    wait_until(lambda: fleet_ctl(host, play, "--bare", "--columns=state",
                                 "find", "Host", "name=hv1") == "done",
               20, lambda: fleet_ctl(host, play, "show"))
    host.wait_status("vm1", "running", 20)
    check('"500"' in host.run(
        play.installed("hv1", "/bin/xfsm-ctl"),
        "--db=unix:%s/db.sock" % host.rundir, "get", "XFSM_Global", ".",
        "options:hub-rate"), "hub-rate")

    def metrics():
        out = host.in_ns(sys.executable, "-c", GET,
                         "https://127.0.0.1:%d/metrics" % HTTP,
                         play.path("ctl1", "/etc/ovs-xfsm/prometheus.token"),
                         os.path.join(host.dir, "pki/ca.crt"), ok=(0, 1))
        return out

    wait_until(lambda: 'xfsm_collector_host_connected{host="hv1"} 1'
               in metrics(), 20, metrics)
    host.appctl(host.dir + "/controller.ctl", "exit")


if __name__ == "__main__":
    xfsmtest.main(test)
