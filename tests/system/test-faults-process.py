# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""Whatever way our processes die, hang or spin, and whatever clock they see:
monitoring is back soon, other probes are not touched, and the switch forwards
as if nothing had happened."""

import contextlib
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import clocktest                                            # noqa: E402
import faulttest                                            # noqa: E402
import xfsmtest                                             # noqa: E402
import zmqlite                                              # noqa: E402
from faulttest import SOON, Untouched, probe_row            # noqa: E402
from stream import Stream                                   # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

EXIT_CONFIG = 78

# Seconds until one that was killed, or stopped, is back.
BACK = 1

# Times that an idle one is stopped, spread over the second in which it is
# asked once whether it is there.
STOPS = 4

# Says something of each packet, whatever its time.
SAYS_ALL = """<xfsm name="saysall" version="1.0">
  <statedef id="quiet"/>
  <event type="packet" selector="proto tcp" primary-key="ip_src">
    <state id="quiet"><condition expression="true"
     action="Publish(alert, hello %ip_src)"/></state>
  </event>
</xfsm>
"""

KILLS = 100
FRAMES = 10000


def wait_another(host, interface, pid, timeout=BACK):
    """Waits for a probe that receives and is not process 'pid'."""
    wait_until(lambda: host.probe_pid(interface) not in (0, pid), timeout,
               "another probe of " + interface)
    host.wait_status(interface, "running", timeout)


def restart(host, interface):
    """So that earlier failures have no part in how soon it is back."""
    pid = host.wait_probe(interface)
    host.appctl("ovs-xfsmd", "xfsm/restart", interface)
    wait_another(host, interface, pid, SOON)


def wait_receives(host, vm, interface="vm1"):
    """Waits until packets are counted."""
    before = host.probe_stats(interface)["packets"]

    def counted():
        vm.knock("10.0.0.2", (7, 9), 0.1)
        return host.probe_stats(interface)["packets"] > before

    wait_until(counted, SOON, "packets of " + interface)


# Signals.

def test_killed(host, vm1):
    """A probe that dies by a signal, of the kernel's or of anybody's, is
    receiving again in a second."""
    with Untouched(host, "vm9"):
        for sig in (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT):
            pid = host.wait_probe("vm1")
            begin = time.monotonic()
            os.kill(pid, sig)
            wait_another(host, "vm1", pid)
            took = time.monotonic() - begin
            wait_receives(host, vm1)
            print("receiving again %.2f s after signal %d" % (took, sig))
            check(took < BACK * xfsmtest.PATIENCE, "%.2f s" % took)


# Memory.

@contextlib.contextmanager
def memory_group(limit):
    """A memory cgroup of version 1, or None where none can be made."""
    path = None
    with open("/proc/self/cgroup") as f:
        for line in f:
            _, kinds, group = line.rstrip("\n").split(":", 2)
            if kinds == "memory":
                path = "/sys/fs/cgroup/memory%s/xfsm-test-%d" % (
                    group.rstrip("/"), os.getpid())
    try:
        os.mkdir(path)
        with open(path + "/memory.limit_in_bytes", "w") as f:
            f.write(str(limit))
    except (TypeError, OSError):
        path = None
    try:
        yield path
    finally:
        if path:
            wait_until(lambda: not open(path + "/cgroup.procs").read(), 10,
                       "the group to be empty")
            os.rmdir(path)


def oom_kills(group):
    with open(group + "/memory.oom_control") as f:
        return dict(line.split() for line in f).get("oom_kill")


def test_oom(host, vm1):
    """The kernel kills a probe for want of memory."""
    with memory_group(4096) as group:
        if not group:
            print("no memory cgroup: not run")
            return
        with Untouched(host, "vm9"):
            pid = host.wait_probe("vm1")
            with open(group + "/cgroup.procs", "w") as f:
                f.write(str(pid))
            # It has room for nothing from now on, another program included.
            host.vsctl("set", "Port", "vm1",
                       'external_ids:xfsm="portscan synflood"')
            wait_until(lambda: oom_kills(group) == "1", 10, "its end")
            wait_another(host, "vm1", pid)
            wait_receives(host, vm1)
            check("Killed" in host.log("ovs-xfsmd"), "the log")
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan")
    host.wait_status("vm1", "running", SOON)


# Exit status.

def test_exit_config(host):
    """A probe that says it cannot work as configured is not tried again, and
    the database says why."""
    exiting = os.path.join(host.libexecdir, "exit-vm1")
    with Untouched(host, "vm9"):
        with open(exiting, "w") as f:
            f.write(str(EXIT_CONFIG))
        os.kill(host.wait_probe("vm1"), signal.SIGKILL)
        host.wait_status("vm1", "error", 5)
        wait_until(lambda: "no way" in (host.error("vm1") or ""), 5,
                   lambda: "why, it says %s" % host.error("vm1"))
        wait_until(lambda: probe_row(host, "vm1", "error")
                   == host.error("vm1"), 5, lambda: "the row to say so: %s"
                   % probe_row(host, "vm1", "error"))
        os.unlink(exiting)
        restarts = probe_row(host, "vm1", "restarts")
        # One that fails otherwise would be back by now.
        other = host.wait_probe("vm2")
        os.kill(other, signal.SIGKILL)
        wait_another(host, "vm2", other)
        check(probe_row(host, "vm1", "restarts") == restarts
              and not host.probe_pid("vm1"), "it was tried again")
        host.appctl("ovs-xfsmd", "xfsm/restart", "vm1")
        host.wait_status("vm1", "running", SOON)
        check(host.error("vm1") is None, "an error is left")


# Hanging and spinning.

def hang_idle(host, signum, what):
    """Sends the signal to a probe that has nothing to do, in each part of the
    second between two questions of the agent: each time it is replaced.
    Returns the last one's pid."""
    for part in range(STOPS):
        restart(host, "vm1")
        wait_until(lambda: int(time.monotonic() * STOPS) % STOPS == part,
                   2, "a part of a second")
        pid = host.wait_probe("vm1")
        begin = time.monotonic()
        os.kill(pid, signum)
        wait_another(host, "vm1", pid)
        took = time.monotonic() - begin
        print("idle: receiving again %.2f s after it %s" % (took, what))
        check(took < BACK * xfsmtest.PATIENCE, "%.2f s" % took)
    return pid


def test_probe_stopped(host, vm1):
    """A probe that has nothing to do and does not answer is replaced, wherever
    between two questions of the agent it was stopped."""
    with Untouched(host, "vm9"):
        pid = hang_idle(host, signal.SIGSTOP, "hung")
        wait_receives(host, vm1)
        check(not xfsmtest.pid_is_alive(pid), "the stopped one is left")
        check("does not answer" in host.log("ovs-xfsmd"), "the log")


SPIN = r"""
#include <signal.h>

static void
spin(int signal)
{
    for (;;) {
        (void) *(volatile int *) &signal;
    }
}

__attribute__((constructor)) static void
init(void)
{
    signal(SIGUSR1, spin);
}
"""


def test_idle_probe_spins(host):
    """One that runs in circles where it had nothing to do, whenever it
    begins."""
    if not can_preload(host):
        return
    env = dict(host.env, LD_PRELOAD=clocktest.make_library(
        host.dir, "spin", SPIN))
    restart_agent(host, env)
    with Untouched(host, "vm9"):
        hang_idle(host, signal.SIGUSR1, "ran in circles")
    check("runs in circles" in host.log("ovs-xfsmd"), "the log")
    restart_agent(host, host.env)


def test_busy_probe_stopped(host, vm1, vm2):
    """The same while there are packets."""
    restart(host, "vm1")
    stream = Stream(host, vm1, vm2, "10.0.0.2")
    wait_receives(host, vm1)
    # It is known to be busy once statistics were told.
    before = probe_row(host, "vm1", "statistics")
    wait_until(lambda: probe_row(host, "vm1", "statistics") != before, 5,
               "statistics")
    pid = host.wait_probe("vm1")
    begin = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    wait_another(host, "vm1", pid)
    took = time.monotonic() - begin
    print("busy: receiving again %.2f s after it hung" % took)
    check(took < BACK * xfsmtest.PATIENCE, "%.2f s" % took)
    stream.stop()


def wait_hub(host, pid, timeout):
    wait_until(lambda: host.pid("xfsm-hub") not in (0, pid), timeout,
               "another hub")
    wait_until(lambda: "hub connected" in host.appctl(
        "xfsm-probe.vm1", "xfsm/show"), SOON, "the probe to be joined to it")


def test_hub_stopped(host, vm1):
    """A hub that does not answer is replaced; no probe minds."""
    pid = host.pid("xfsm-hub")
    with Untouched(host, "vm1", "vm9"):
        os.kill(pid, signal.SIGSTOP)
        wait_receives(host, vm1)
        wait_hub(host, pid, BACK)
        check(not xfsmtest.pid_is_alive(pid), "the stopped one is left")


# Clocks.

class Clock(clocktest.Clock):
    """Clocks of the agent and its children that can be set, for as long as
    the context lasts."""

    def __init__(self, host):
        super().__init__(host.dir, host.env)
        self.host = host

    def __enter__(self):
        restart_agent(self.host, self.env)
        return self

    def __exit__(self, exc_type, exc, tb):
        if not exc_type:
            restart_agent(self.host, self.host.env)
        self.close()


def can_preload(host):
    if host.sanitized:
        print("sanitizers want to be loaded first: this part is left out")
    return not host.sanitized


def restart_agent(host, env):
    """Has the agent, and its children, that environment."""
    host.stop("ovs-xfsmd")
    saved = host.env
    host.env = env
    host.start_agent()
    host.env = saved
    for port in ("vm1", "vm9"):
        host.wait_status(port, "running", SOON)


def test_children_ignored(host):
    """Who starts the agent has SIGCHLD ignored, by which the kernel forgets
    children that end."""
    host.stop("ovs-xfsmd")
    host.in_ns(host.tool("ovs-plugin/ovs-xfsmd"), "--detach", "--no-chdir",
               "--pidfile", "--log-file=%s/ovs-xfsmd.log" % host.logdir,
               "-vconsole:off", "-vsyslog:off",
               preexec_fn=lambda: signal.signal(signal.SIGCHLD,
                                                signal.SIG_IGN))
    for port in ("vm1", "vm2", "vm9"):
        host.wait_status(port, "running", SOON)
    pid = host.probe_pid("vm1")
    os.kill(pid, signal.SIGKILL)
    wait_another(host, "vm1", pid)
    faulttest.check_idle(host.pid("ovs-xfsmd"))


def heartbeat(socket, condition):
    """Waits for a heartbeat of vm1 and returns what 'condition' makes of it,
    which is to be true."""
    def received():
        frames = socket.recv(0.1)
        event = json.loads(frames[1]) if frames else {}
        return event.get("port") == "vm1" and condition(event)

    return wait_until(received, 3, "a heartbeat of vm1")


def packets_in_row(host, port):
    """Packets that its probe has counted, as the database says."""
    for word in probe_row(host, port, "statistics").split():
        name, value = word.split("=")
        if name == "packets":
            return int(value)
    return 0


def test_clock_jumps(host, vm1):
    """The wall clock jumps by days, ahead and back: no timer minds, messages
    have the time there is."""
    if not can_preload(host):
        return
    with Clock(host) as clock, Untouched(host, "vm1", "vm9"):
        hub = host.pid("xfsm-hub")
        socket = zmqlite.Socket(zmqlite.SUB)
        socket.set(zmqlite.SUBSCRIBE, b"heartbeat")
        socket.connect("ipc://%s/xfsm-hub.events" % host.rundir)
        # The hub knows of the probe by its first event.
        vm1.knock("10.0.0.2", range(1000, 1060), 0.3)
        heartbeat(socket, lambda e: True)
        for days in (1, -1, 3 * 365):
            clock.set(wall=days * 86400)
            date = time.strftime("%Y-%m-%dT",
                                 time.gmtime(time.time() + days * 86400))
            heartbeat(socket, lambda e: e["time"].startswith(date))
            heartbeat(socket, lambda e: e["time"].startswith(date))
            wait_receives(host, vm1)
            packets = host.probe_stats("vm1")["packets"]
            wait_until(lambda: packets_in_row(host, "vm1") >= packets, 8,
                       "the counters in the database")
        socket.close()
        check(host.pid("xfsm-hub") == hub, "the hub was restarted")


def test_clock_set_back(host, vm1):
    """The clock was ahead and is set back: alerts of probes that begin after
    that are not taken for repetitions, nor after a restart of the agent."""
    if not can_preload(host):
        return

    def life():
        return int(probe_row(host, "vm1", "epoch"))

    def alerts(of):
        vm1.knock("10.0.0.2", (7, 9), 0.1)
        return [e for e in subscriber.events() if e["label"] == "alert"
                and e["port"] == "vm1" and e["epoch"] == of]

    path = os.path.join(host.dir, "saysall.xml")
    with open(path, "w") as f:
        f.write(SAYS_ALL)
    host.xfsm_ctl("add-program", path)
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan,saysall")
    with Clock(host) as clock:
        subscriber = xfsmtest.Subscriber(host)
        clock.set(wall=2 * 86400)
        restart(host, "vm1")
        before = wait_until(lambda: life() > (time.time() + 86400) * 1000
                            and life(), SOON, "a life of the day after")
        wait_until(lambda: alerts(before), SOON, "an alert")
        clock.set()
        restart(host, "vm1")
        after = wait_until(lambda: life() != before and life(), SOON,
                           "another life")
        check(after > before, "life %d after %d" % (after, before))
        wait_until(lambda: alerts(after), SOON,
                   "an alert after the clock was set back")
    wait_until(lambda: life() not in (before, after), SOON,
               "a life under another agent")
    check(life() > after, "life %d after %d" % (life(), after))
    wait_until(lambda: alerts(life()), SOON,
               "an alert after the agent was restarted")
    subscriber.stop()
    host.vsctl("set", "Port", "vm1", "external_ids:xfsm=portscan")
    host.xfsm_ctl("del-program", "saysall")


def test_longest_wait(host):
    """A probe that dies each time is started once a minute at last.  The
    agent's clock is moved on to see that."""
    if not can_preload(host):
        return
    crashing = os.path.join(host.libexecdir, "crash-vm1")
    passed = 0
    with Clock(host) as clock:
        delays = faulttest.Delays(host, "vm1")
        open(crashing, "w").close()
        os.kill(host.wait_probe("vm1"), signal.SIGKILL)
        for n, delay in enumerate(("0.1", "0.2", "0.4", "0.8", "1.6", "3.2",
                                   "6.4", "12.8", "25.6", "51.2", "60", "60")):
            clock.set(monotonic=passed)
            wait_until(lambda: len(delays.since()) > n, 5,
                       "a wait of %s s" % delay)
            check(delays.since()[n] == delay, delays.since())
            passed += int(float(delay)) + 1
        check("interface vm1: error" in host.appctl("ovs-xfsmd", "xfsm/show"),
              "it is not told")
        os.unlink(crashing)
        clock.set(monotonic=passed)
        host.wait_status("vm1", "running", 5)


def test_compiler_waits(host):
    """A compiler that does not end, without using the processor, is ended:
    other programs wait for it."""
    if not can_preload(host):
        return
    compiler = os.path.join(host.libexecdir, "xfsm-compiler")
    program = os.readlink(compiler)
    with Clock(host) as clock, Untouched(host, "vm1", "vm9"):
        os.unlink(compiler)
        with open(compiler, "w") as f:
            f.write("#!/bin/sh\nexec sleep 3600\n")
        os.chmod(compiler, 0o755)
        host.vsctl("set", "Port", "vm2", "external_ids:xfsm=beacon")
        host.wait_status("vm2", "starting", SOON)
        clock.set(monotonic=61)
        host.wait_status("vm2", "error", 5)
        check("beacon: the compiler did not end within 60 s"
              in host.error("vm2"), host.error("vm2"))
        os.unlink(compiler)
        os.symlink(program, compiler)
        clock.set(monotonic=200)
        host.wait_status("vm2", "running", 5)
        host.vsctl("set", "Port", "vm2", "external_ids:xfsm=portscan")
        host.wait_status("vm2", "running", 5)


# Shortage.

# Calls of the agent that fail: socketpair() for as long as there is a file
# "pairs" in a folder, sendmsg() once for a file "messages".
SHORTAGE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int
fails(const char *what, int error, int (*test)(const char *))
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", getenv("XFSM_TEST_SHORTAGE"), what);
    if (strcmp(program_invocation_short_name, "ovs-xfsmd") || test(path)) {
        return 0;
    }
    errno = error;
    return 1;
}

static int
is_absent(const char *path)
{
    return access(path, F_OK);
}

int
socketpair(int domain, int type, int protocol, int socks[2])
{
    int (*next)(int, int, int, int[2])
        = (int (*)(int, int, int, int[2])) dlsym(RTLD_NEXT, "socketpair");

    return (fails("pairs", EMFILE, is_absent) ? -1
            : next(domain, type, protocol, socks));
}

ssize_t
sendmsg(int sock, const struct msghdr *msg, int flags)
{
    ssize_t (*next)(int, const struct msghdr *, int)
        = (ssize_t (*)(int, const struct msghdr *, int))
            dlsym(RTLD_NEXT, "sendmsg");

    return fails("messages", ENOBUFS, unlink) ? -1 : next(sock, msg, flags);
}
"""


def test_shortage(host):
    """The agent has no file descriptor left for a probe's socket to the hub,
    no memory for a message: it does both later."""
    if not can_preload(host):
        return
    env = dict(host.env, XFSM_TEST_SHORTAGE=host.dir,
               LD_PRELOAD=clocktest.make_library(host.dir, "shortage",
                                                SHORTAGE))
    restart_agent(host, env)
    host.wait_status("vm2", "running")
    pairs = os.path.join(host.dir, "pairs")
    messages = os.path.join(host.dir, "messages")
    probe = os.path.join(host.libexecdir, "xfsm-probe")
    with open(probe) as f:
        script = f.read()
    with open(probe, "w") as f:
        f.write(script.replace("\nexec", "\n>%s\nexec" % pairs))

    def hub():
        return host.appctl("xfsm-probe.vm1", "xfsm/show")

    with Untouched(host, "vm9"):
        restart(host, "vm1")
        check("hub absent" in hub(), hub())
        os.unlink(pairs)
        wait_until(lambda: "hub connected" in hub(), SOON, hub)
    with open(probe, "w") as f:
        f.write(script)

    open(messages, "w").close()
    wait_until(lambda: not os.path.exists(messages), 5, "a message")
    wait_until(lambda: "cannot be sent a message" in host.log("ovs-xfsmd"), 5,
               "a word of that in the log")
    for port in ("vm1", "vm2", "vm9"):
        host.wait_status(port, "running", SOON)
    wait_until(lambda: host.pid("xfsm-hub"), SOON, "the hub")
    restart_agent(host, host.env)


# Forwarding.

def kill_often(host):
    """Kills both probes in turn; each is back at once by request, since it
    would wait longer and longer by itself."""
    for n in range(KILLS):
        port = ("vm1", "vm2")[n % 2]
        pid = wait_until(lambda: host.probe_pid(port), 10, "a probe")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not xfsmtest.pid_is_alive(pid), 5, "its end")
        host.appctl("ovs-xfsmd", "xfsm/restart", port)


def test_forwarding(host, vm1, vm2):
    """Probes are killed, stopped, and spin: no frame is lost for that."""
    frames = FRAMES // 2 if host.sanitized else FRAMES
    stream = Stream(host, vm1, vm2, "10.0.0.2")
    start = time.monotonic()
    kill_often(host)
    for port in ("vm1", "vm2"):
        host.wait_status(port, "running", 5)

    pid = host.wait_probe("vm1")
    os.kill(pid, signal.SIGSTOP)
    wait_another(host, "vm1", pid)

    spinning = os.path.join(host.libexecdir, "spin-vm1")
    open(spinning, "w").close()
    pid = host.wait_probe("vm1")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: os.path.exists(spinning + ".pid"), 5, "one that spins")
    want = len(stream.numbers()) + 1000
    wait_until(lambda: len(stream.numbers()) >= max(want, frames), 30,
               "frames")
    os.unlink(spinning)
    with open(spinning + ".pid") as f, \
            contextlib.suppress(ProcessLookupError):    # The agent did.
        os.kill(int(f.read()), signal.SIGKILL)
    host.wait_status("vm1", "running", 5)

    sent, lost = stream.stop()
    check(lost == 0 and sent >= frames, "%d of %d frames were lost" % (
        lost, sent))
    print("%d frames in %.0f s, none lost; %d probes killed" % (
        sent, time.monotonic() - start, KILLS))


def run(host):
    vm1, vm2 = faulttest.setup(host)
    host.vsctl("set", "Port", "vm2", "external_ids:xfsm=portscan")
    host.wait_status("vm2", "running")
    faulttest.run_tests(globals(), host, vm1, vm2)


if __name__ == "__main__":
    xfsmtest.main(run)
