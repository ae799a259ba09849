# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The compiler of the agent is caged before it reads the first byte, and
makes of a program the image that "xfsm compile" makes."""

import glob
import os
import resource
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

# Seconds of a processor and MiB that a hostile document may cost.
MAX_SECONDS = 0.5
MAX_MEMORY = 64


def tool(name):
    return os.path.join(xfsmtest.TOP_BUILDDIR, name)


def compiler(name):
    return subprocess.Popen([tool("ovs-plugin/xfsm-compiler"), name],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def cpu_seconds():
    """Of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def status(pid):
    """What /proc tells of a process, by name."""
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f
                    if ":\t" in line)


def test_cage():
    p = compiler("p")
    wait_until(lambda: status(p.pid)["Seccomp"] == "2", 5, "system call "
               "filter")
    now = status(p.pid)
    check(now["NoNewPrivs"] == "1", "new privileges")
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        check(int(now[name], 16) == 0, name + " " + now[name])
    with open("/proc/%d/limits" % p.pid) as f:
        limits = f.read()
    for line in ("Max processes             0", "Max core file size        0",
                 "Max open files            4"):
        check(line in limits, "%s: %s" % (line, limits))
    out, err = p.communicate(b"<xfsm")
    check(p.returncode == 1 and not out and b"p:1:" in err,
          "status %d, %s" % (p.returncode, err))


def test_images():
    programs = glob.glob(os.path.join(xfsmtest.TOP_SRCDIR,
                                      "utilities/programs/*.xml"))
    check(programs, "no programs")
    for path in programs:
        name = os.path.basename(path)[:-4]
        with open(path, "rb") as f:
            text = f.read()
        p = compiler(name)
        image, err = p.communicate(text)
        check(p.returncode == 0, "%s: %s" % (path, err))
        other = subprocess.run([tool("utilities/xfsm"), "compile", "--name",
                                name, "-", "-o", "-"], input=text,
                               stdout=subprocess.PIPE, check=True).stdout
        check(image == other, path + ": another image")


def test_notes():
    """What a program says of its own source and publisher is noted."""
    text = (b"<botstream>\n<source type='live' name='eth1'/>\n"
            b"<publisher port='5560'/><statedef id='a'/>"
            b"<event type='packet' primary-key='ip_src'><state id='a'/>"
            b"</event></botstream>")
    image, err = compiler("p").communicate(text)
    check(image, "no image: %s" % err)
    for line in (b"p:2: source: note: has no effect on a port",
                 b"p:3: publisher: note: has no effect on a port"):
        check(line in err, "%s: %s" % (line, err))


def test_hostile():
    bomb = (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
            + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;&%c;">' % (c + 1, c, c, c,
                                                             c)
                       for c in range(ord("a"), ord("y")))
            + b"]><xfsm>&y;</xfsm>")
    file = (b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
            b"<xfsm>&e;</xfsm>")
    deep = b"<a>" * 100000
    wide = b"<xfsm>" + b"<x/>" * 200000 + b"</xfsm>"
    for name, text in (("bomb", bomb), ("file", file), ("deep", deep),
                       ("wide", wide), ("long", b" " * (1 << 20) + b"  "),
                       ("empty", b""), ("zero", bytes(1000))):
        start = cpu_seconds()
        p = subprocess.run(["prlimit", "--data=%d" % (MAX_MEMORY << 20),
                            tool("ovs-plugin/xfsm-compiler"), name],
                           input=text, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
        took = cpu_seconds() - start
        check(p.returncode == 1 and not p.stdout,
              "%s: status %d: %s" % (name, p.returncode, p.stderr[:200]))
        check(b"root:" not in p.stderr, name + ": it read a file")
        check(took <= MAX_SECONDS, "%s: it took %.2f s" % (name, took))
        print("%s: %.0f ms: %s" % (name, took * 1000,
                                   p.stderr.decode().splitlines()[0][:90]))


def main():
    try:
        if xfsmtest.is_sanitized():
            xfsmtest.skip("built with a sanitizer: no cage")
        test_cage()
        test_images()
        test_notes()
        test_hostile()
    except xfsmtest.Failure as e:
        print("FAILED: %s" % e)
        sys.exit(1)
    print("passed")


if __name__ == "__main__":
    main()
