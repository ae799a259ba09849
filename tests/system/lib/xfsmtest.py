# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""A host for system tests: real daemons, nothing of the machine touched.

    with xfsmtest.Host() as host:
        host.start()                    # ovsdb-server, ovs-vswitchd, agent
        host.add_bridge("br0")
        vm = host.add_vm("br0", "vm1", "10.0.0.1/24")
        host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan")
        host.wait_status("vm1", "running")
        vm.knock("10.0.0.2", range(1, 100))

A Host has its own temporary folder for databases, sockets, pidfiles and logs,
and its own network namespace, in which all daemons run; the switch uses the
userspace datapath.  Each Vm is a network namespace behind a veth port.  When
the Host is left, all its processes are ended by pid, its namespaces removed,
and its folder as well, unless the environment variable XFSM_TEST_KEEP is set
or the test failed, when the ends of the logs are printed first.

Programs come from $top_builddir, and those of Open vSwitch from $OVS_SRCDIR,
or else from $PATH.  Nothing sleeps for a fixed time: see wait_until().
"""

import contextlib
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOP_SRCDIR = os.environ.get(
    "top_srcdir",
    os.path.abspath(os.path.join(os.path.dirname(__file__), "../../..")))
TOP_BUILDDIR = os.environ.get("top_builddir", TOP_SRCDIR)
OVS_DIR = os.environ.get("OVS_BUILDDIR") or os.environ.get("OVS_SRCDIR", "")
SHARED_DATA = os.environ.get("XFSM_SHARED_DATA",
                             os.path.join(TOP_SRCDIR, "../shared/data"))

# Slow machines and sanitizers.
PATIENCE = float(os.environ.get("XFSM_TEST_PATIENCE", "1"))

SKIP = 77


class Failure(Exception):
    """The test failed."""


def skip(reason):
    """Ends the test as skipped."""
    print("skipped: " + reason)
    sys.exit(SKIP)


def need_root():
    if os.getuid():
        skip("needs root")
    for tool in ("ip", "tcpreplay"):
        if not shutil.which(tool):
            skip("needs the program " + tool)


def wait_until(condition, timeout=10, what="condition"):
    """Waits until condition() is true and returns what it returned."""
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            if callable(what):
                what = what()
            raise Failure("not within %g s: %s" % (timeout * PATIENCE, what))
        time.sleep(0.02)


def check(condition, what):
    """Fails unless condition is true."""
    if not condition:
        raise Failure(what)


def main(test):
    """Runs test(host) and exits as a test should."""
    need_root()
    try:
        with Host() as host:
            test(host)
    except Failure as e:
        print("FAILED: %s" % e)
        sys.exit(1)
    print("passed")


def is_sanitized():
    """Was the build configured with --enable-sanitizers?"""
    try:
        with open(os.path.join(TOP_BUILDDIR, "Makefile")) as f:
            return "\nSANITIZER_FLAGS = -f" in f.read()
    except OSError:
        return False


# Ports that tests choose, none of which the system gives to a connection by
# itself: that would be there when a server comes back, or be the very one that
# looks for it, and finds itself.
PORTS = range(10000, 30000)
PORTS_OF_TEST = 100


def free_ports(n):
    """Ports of loopback that nobody has, others than those of a test that runs
    beside this one."""
    slots = len(PORTS) // PORTS_OF_TEST
    first = PORTS[os.getpid() % slots * PORTS_OF_TEST]
    ports = []
    while len(ports) < n:
        check(free_ports.next < PORTS_OF_TEST, "no port is free")
        port = first + free_ports.next
        free_ports.next += 1
        with socket.socket() as s, contextlib.suppress(OSError):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
            ports.append(port)
    return ports


free_ports.next = 0


def pid_is_alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, IndexError):
        return False


KNOCK = """
import socket, sys
for port in sys.argv[3:]:
    s = socket.socket()
    s.settimeout(float(sys.argv[2]))
    s.connect_ex((sys.argv[1], int(port)))
    s.close()
"""


# Makes a device compute its checksums (ETHTOOL_STXCSUM): the userspace
# datapath of Open vSwitch 3.1 passes on unfinished ones, which the receiver
# then refuses.
CHECKSUM = """
import fcntl, socket, struct, sys, ctypes
value = ctypes.create_string_buffer(struct.pack("II", 0x17, 0))
request = struct.pack("16sP16x", sys.argv[1].encode(),
                      ctypes.addressof(value))
fcntl.ioctl(socket.socket(), 0x8946, request)
"""


class Vm:
    """A network namespace behind a port of a bridge."""

    def __init__(self, host, name, netns):
        self.host = host
        self.name = name
        self.netns = netns

    def run(self, *args, **kwargs):
        """Runs a program in the namespace and returns its output."""
        return self.host.run("ip", "netns", "exec", self.netns, *args,
                             **kwargs)

    def replay(self, capture, *options):
        """Sends the packets of a capture as fast as they were captured,
        unless options say otherwise."""
        return self.run("tcpreplay", "-q", "-i", "eth0", *options, capture)

    def knock(self, address, ports, timeout=1):
        """Tries to open a TCP connection to each port: a SYN there, and a RST
        back if nobody listens."""
        self.run(sys.executable, "-c", KNOCK, address, str(timeout),
                 *[str(port) for port in ports])

    def delete(self):
        self.host.run("ip", "netns", "del", self.netns)
        self.host.netns.remove(self.netns)


class Host:
    _count = 0

    def __init__(self):
        Host._count += 1
        self.id = "xt%d-%d" % (os.getpid(), Host._count)
        self.dir = tempfile.mkdtemp(prefix="xfsm-host-")
        os.chmod(self.dir, 0o755)
        self.rundir = self._mkdir("run")
        self.dbdir = self._mkdir("db")
        self.logdir = self._mkdir("log")
        self.datadir = self._mkdir("data")
        self.netns = []
        self.children = []      # Of popen().
        self.sanitized = is_sanitized()
        os.symlink(os.path.join(TOP_SRCDIR, "utilities/programs"),
                   os.path.join(self.datadir, "programs"))
        os.symlink(os.path.join(TOP_SRCDIR, "ovsdb-schema/xfsm.ovsschema"),
                   os.path.join(self.datadir, "xfsm.ovsschema"))
        self.env = dict(
            os.environ,
            OVS_RUNDIR=self.rundir, OVS_DBDIR=self.dbdir,
            OVS_LOGDIR=self.logdir, OVS_SYSCONFDIR=self.dir,
            XFSM_BINDIR=os.path.join(TOP_BUILDDIR, "utilities"),
            XFSM_LIBEXECDIR=os.path.join(TOP_BUILDDIR, "ovs-plugin"),
            XFSM_PKGDATADIR=self.datadir,
            PATH=":".join([os.path.join(OVS_DIR, d)
                           for d in ("ovsdb", "vswitchd", "utilities")
                           if OVS_DIR] + [os.environ["PATH"]]))
        self.ns = self.add_netns("host")

    def _mkdir(self, name):
        path = os.path.join(self.dir, name)
        os.mkdir(path)
        os.chmod(path, 0o755)
        return path

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, tb):
        failed = exc_type not in (None, SystemExit)
        if failed:
            self.print_logs()
        self.close()
        if failed or os.environ.get("XFSM_TEST_KEEP"):
            print("kept: " + self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        return False

    # Programs.

    def tool(self, name):
        """Path of a program of ours."""
        return os.path.join(TOP_BUILDDIR, name)

    def run(self, *args, ok=(0,), timeout=30, errors=False, **kwargs):
        """Runs a program and returns its output, with what it prints on
        standard error if asked for.  Fails unless its exit status is in
        ok."""
        p = subprocess.run(args, env=self.env, stdout=subprocess.PIPE,
                           stderr=(subprocess.STDOUT if errors
                                   else subprocess.PIPE),
                           timeout=timeout * PATIENCE,
                           universal_newlines=True, **kwargs)
        if p.returncode not in ok:
            raise Failure("%s: exit status %d: %s%s" % (
                " ".join(args), p.returncode, p.stdout, p.stderr or ""))
        return p.stdout

    def popen(self, *args, netns=None, **kwargs):
        """Starts a program in a namespace, the host's unless told, to be
        ended with it."""
        p = subprocess.Popen(("ip", "netns", "exec", netns or self.ns) + args,
                             env=self.env, **kwargs)
        self.children.append(p)
        return p

    def in_ns(self, *args, **kwargs):
        """Runs a program in the host's namespace."""
        return self.run("ip", "netns", "exec", self.ns, *args, **kwargs)

    def vsctl(self, *args, **kwargs):
        return self.run("ovs-vsctl", "--timeout=%d" % (20 * PATIENCE),
                        "--db=unix:%s/db.sock" % self.rundir, *args,
                        **kwargs).rstrip("\n")

    def xfsm_ctl(self, *args, **kwargs):
        return self.run(self.tool("utilities/xfsm-ctl"), "--timeout=20",
                        "--db=unix:%s/db.sock" % self.rundir, *args,
                        **kwargs).rstrip("\n")

    def appctl(self, target, *args, **kwargs):
        """Asks a daemon; one that has just been started, and has a pidfile but
        does not listen yet, as soon as it does."""
        def answer():
            try:
                return (self.run("ovs-appctl", "-t", target, *args, **kwargs),)
            except Failure as failure:
                if ("cannot connect" not in str(failure)
                        or not self.pid(target)):
                    raise
            return None

        return wait_until(answer, 10, target + " to listen")[0]

    # Daemons.

    def pid(self, name):
        """Pid of a daemon by its pidfile, or 0."""
        try:
            with open(os.path.join(self.rundir, name + ".pid")) as f:
                pid = int(f.read())
        except (OSError, ValueError):
            return 0
        return pid if pid_is_alive(pid) and self._is_ours(pid) else 0

    def _is_ours(self, pid):
        """Is that process in our namespace?  The pidfile of one that was
        killed stays, and its number can be another's."""
        with contextlib.suppress(OSError):
            return os.path.samefile("/proc/%d/ns/net" % pid,
                                    "/run/netns/" + self.ns)
        return False

    def _daemon(self, name, program, *args):
        self.in_ns(program, "--detach", "--no-chdir", "--pidfile",
                   "--log-file=%s/%s.log" % (self.logdir, name),
                   "-vconsole:off", "-vsyslog:off", *args)
        check(self.pid(name), name + " did not start")

    def start_ovsdb(self, *args):
        db = os.path.join(self.dbdir, "conf.db")
        if not os.path.exists(db):
            schema = self.find_schema()
            self.run("ovsdb-tool", "create", db, schema)
        self._daemon("ovsdb-server", "ovsdb-server",
                     "--remote=punix:%s/db.sock" % self.rundir, *args, db)
        self.vsctl("--no-wait", "init")

    def find_schema(self):
        for path in (os.path.join(OVS_DIR, "vswitchd/vswitch.ovsschema"),
                     "/usr/share/openvswitch/vswitch.ovsschema"):
            if os.path.exists(path):
                return path
        raise Failure("vswitch.ovsschema was not found")

    def start_vswitchd(self):
        self._daemon("ovs-vswitchd", "ovs-vswitchd", "--disable-system",
                     "unix:%s/db.sock" % self.rundir)

    def start_agent(self, *args):
        self._daemon("ovs-xfsmd", self.tool("ovs-plugin/ovs-xfsmd"), *args)

    def start(self, *agent_args, ovsdb_args=()):
        self.start_ovsdb(*ovsdb_args)
        self.start_vswitchd()
        self.start_agent(*agent_args)
        # The server closes the connections of simple clients, as ovs-vsctl
        # is, when a database is added.
        wait_until(self.has_xfsm, 15, "the agent to add the database XFSM")

    def has_xfsm(self):
        return "XFSM" in self.run("ovs-appctl", "-t", "ovsdb-server",
                                  "ovsdb-server/list-dbs")

    def stop(self, name, sig=signal.SIGTERM):
        """Ends a daemon and waits for its end."""
        pid = self.pid(name)
        if pid:
            os.kill(pid, sig)
            wait_until(lambda: not pid_is_alive(pid), 10, name + " to end")

    def close(self):
        for name in ("ovs-xfsmd", "ovs-vswitchd", "ovsdb-server"):
            with contextlib.suppress(Failure):
                self.stop(name)
        for p in self.children:
            if p.poll() is None:
                p.terminate()
                try:
                    p.wait(5)
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()
        # What is left in our namespaces is ours.
        for ns in self.netns:
            out = subprocess.run(["ip", "netns", "pids", ns],
                                 stdout=subprocess.PIPE,
                                 universal_newlines=True).stdout
            for pid in out.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", ns],
                           stderr=subprocess.DEVNULL)
        self.netns = []

    # Logs.

    def log(self, name):
        try:
            with open(os.path.join(self.logdir, name + ".log"),
                      errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def print_logs(self, lines=60):
        for path in sorted(glob.glob(os.path.join(self.logdir, "*.log"))):
            name = os.path.basename(path)[:-4]
            text = self.log(name).splitlines()
            if name != "ovs-xfsmd":
                text = [line for line in text if "|INFO|" not in line]
            print("---- the end of %s" % path)
            print("\n".join(text[-lines:]))

    def check_log(self, name="ovs-xfsmd", allow=()):
        """Fails if the log of a daemon has a warning or worse that contains
        none of the texts in allow."""
        bad = [line for line in self.log(name).splitlines()
               if ("|WARN|" in line or "|ERR|" in line or "|EMER|" in line)
               and "poll interval" not in line
               and "|timeval|" not in line
               and not any(text in line for text in allow)]
        check(not bad, "in the log of %s: %s" % (name, "\n".join(bad)))

    # Network.

    def add_netns(self, name):
        ns = "%s-%s" % (self.id, name)
        self.run("ip", "netns", "add", ns)
        self.netns.append(ns)
        self.run("ip", "-n", ns, "link", "set", "lo", "up")
        return ns

    def add_bridge(self, name):
        self.vsctl("add-br", name, "--", "set", "Bridge", name,
                   "datapath_type=netdev")

    def add_veth(self, name, netns=None):
        """Adds a veth pair: 'name' in the host, eth0 in a namespace."""
        ns = netns or self.add_netns(name)
        self.run("ip", "link", "add", name, "netns", self.ns, "type", "veth",
                 "peer", "name", "eth0", "netns", ns)
        self.run("ip", "-n", self.ns, "link", "set", name, "up")
        self.run("ip", "-n", ns, "link", "set", "eth0", "up")
        self.run("ip", "netns", "exec", ns, sys.executable, "-c", CHECKSUM,
                 "eth0")
        return ns

    def add_vm(self, bridge, name, address=None, port=True):
        """Adds a namespace with the device eth0, which is port 'name' of the
        bridge on the other side."""
        ns = self.add_veth(name)
        if address:
            self.run("ip", "-n", ns, "addr", "add", address, "dev", "eth0")
        if port:
            self.vsctl("add-port", bridge, name)
        return Vm(self, name, ns)

    # What the agent tells.

    def port_id(self, port, key):
        """A key of a Port's external_ids, or None."""
        command = ("--if-exists", "get", "Port", port, "external_ids:" + key)
        try:
            value = self.vsctl(*command)
        except Failure as failure:
            # The server drops its clients when a database comes or goes.
            if "database connection failed" not in str(failure):
                raise
            value = self.vsctl(*command)
        if value.startswith('"'):
            value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        return value or None

    def status(self, port):
        return self.port_id(port, "xfsm-status")

    def error(self, port):
        return self.port_id(port, "xfsm-error")

    def wait_status(self, port, status, timeout=10):
        """Waits until external_ids:xfsm-status is as given (None: absent)."""
        wait_until(lambda: self.status(port) == status, timeout,
                   lambda: "status of %s to be %s, it is %s (%s)" % (
                       port, status, self.status(port), self.error(port)))

    def probe_pid(self, interface):
        return self.pid("xfsm-probe." + interface)

    def wait_probe(self, interface):
        """Pid of a probe, which may be about to be there: a status of before
        can say so still."""
        return wait_until(lambda: self.probe_pid(interface), 10,
                          "a probe of " + interface)

    def probe_stats(self, interface):
        """Counters of a probe, by name."""
        out = self.appctl("xfsm-probe." + interface, "xfsm/stats")
        return {name: int(value) for name, value in
                (line.split()[:2] for line in out.splitlines())}

    def hub_stats(self):
        """Counters of the hub, by name."""
        out = self.appctl("xfsm-hub", "xfsm/stats")
        return {name: int(value) for name, value in
                (line.split()[:2] for line in out.splitlines())}


def make_certificates(host):
    """A key and a certificate for each end, and options that use them."""
    if not shutil.which("openssl"):
        skip("needs the program openssl")

    def path(name):
        return os.path.join(host.dir, name)

    for name in ("server", "client"):
        host.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                 "-days", "2", "-subj", "/CN=" + name,
                 "-keyout", path(name + ".key"), "-out", path(name + ".crt"))

    def options(own, other):
        return ("--private-key=" + path(own + ".key"),
                "--certificate=" + path(own + ".crt"),
                "--ca-cert=" + path(other + ".crt"))

    return options("server", "client"), options("client", "server")


# Topics of the hub's own messages: each subscriber has these, too.
HUB_TOPICS = 3


class Subscriber:
    """"xfsm events" in the background, its output in a file.  The hub knows
    what it wants when it is there, and has forgotten it when it was stopped:
    who is connected is not heard of at once."""

    def __init__(self, host, *topics):
        self.host = host
        self.n = max(1, len(topics)) + HUB_TOPICS
        before = self.count()
        self.path = os.path.join(host.dir, "events-" + "-".join(topics))
        self.log = self.path + ".log"
        with open(self.path, "w") as out, open(self.log, "w") as log:
            self.process = host.popen(host.tool("utilities/xfsm"), "events",
                                      "--verbose", "--format", "json",
                                      *topics, stdout=out, stderr=log)
        wait_until(lambda: self.count() >= before + self.n, 10, self.errors)

    def count(self):
        """Subscriptions of all, as the hub has them."""
        return self.host.hub_stats()["subscriptions"]

    def errors(self):
        with open(self.log) as f:
            return f.read()

    def events(self):
        """The events so far, in order."""
        with open(self.path) as f:
            return [json.loads(line) for line in f if line.endswith("\n")]

    def stop(self):
        before = self.count()
        self.process.terminate()
        self.process.wait(10 * PATIENCE)
        wait_until(lambda: self.count() <= before - self.n, 10,
                   "the hub to forget a subscriber")
