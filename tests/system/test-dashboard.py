# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""The dashboard of xfsm-controller in a browser, with real daemons behind it.

Needs chromium, node, and playwright-core: that in the folder node_modules
below $XFSM_PLAYWRIGHT, or else the one that "npm pack" fetches, once, to
$XFSM_CACHE_DIR.  Is skipped where these cannot be had.  Pictures stay in the
build folder: tests/system/dashboard-*.png."""

import base64
import glob
import hashlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from fleettest import Server                                # noqa: E402
from resttest import RestController, make_scan              # noqa: E402
from xfsmtest import check, wait_until                      # noqa: E402

PORT = 18090
LIBRARY = os.path.join(xfsmtest.TOP_SRCDIR, "utilities/programs")
SCRIPT = os.path.join(xfsmtest.TOP_SRCDIR, "tests/system/lib/dashboard.mjs")
DEADLINE = 90

# A version that runs with Debian 12's node, and what npm's registry says is
# the SHA-512 of its tarball.
PACKAGE = "playwright-core@1.56.1"
DIGEST = ("hutraynyn31F+Bifme+Ps9Vq59hKuUCz7H1kDOcBs+2oGguKkWTU50bBWrtz34OUW"
          "mIwpBTWDxaRPXrIXkgvmQ==")
CACHE = os.environ.get("XFSM_CACHE_DIR", "/var/cache/ovs-xfsm")


def fetch_playwright(folder):
    """Puts the package below 'folder', where node finds it."""
    if not shutil.which("npm"):
        xfsmtest.skip("no npm to get %s: the dashboard is not tested in a "
                      "browser" % PACKAGE)
    os.makedirs(CACHE, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="npm-") as new:
        try:
            subprocess.run(["npm", "pack", "--silent", "--fetch-retries=0",
                            PACKAGE], cwd=new,
                           env=dict(os.environ, npm_config_cache=new),
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=60, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            xfsmtest.skip("npm gets no %s: the dashboard is not tested in a "
                          "browser" % PACKAGE)
        tarball, = glob.glob(new + "/*.tgz")
        with open(tarball, "rb") as f:
            digest = hashlib.sha512(f.read()).digest()
        check(base64.b64encode(digest).decode() == DIGEST,
              "%s is not what it was" % PACKAGE)
        modules = os.path.join(new, "ready", "node_modules")
        os.makedirs(modules)
        subprocess.run(["tar", "-xzf", tarball, "-C", modules], check=True)
        os.rename(os.path.join(modules, "package"),
                  os.path.join(modules, "playwright-core"))
        # Another test may have been faster.
        if not os.path.exists(folder):
            os.rename(os.path.join(new, "ready"), folder)


def find_playwright():
    """The folder whose node_modules has the package."""
    if "XFSM_PLAYWRIGHT" in os.environ:
        folder = os.environ["XFSM_PLAYWRIGHT"]
    else:
        folder = os.path.join(CACHE, PACKAGE)
        if not os.path.isdir(folder):
            fetch_playwright(folder)
    check(os.path.isdir(os.path.join(folder, "node_modules",
                                     "playwright-core")),
          "no node_modules/playwright-core in " + folder)
    return folder


def find_browser():
    """Path of the browser; skips the test where something is not there."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if not browser:
        xfsmtest.skip("needs chromium")
    if not shutil.which("node"):
        xfsmtest.skip("needs node")
    return browser


def test(host):
    browser = find_browser()
    host.env["XFSM_PLAYWRIGHT"] = find_playwright()
    host.env["HOME"] = host.dir
    if shutil.which("dot"):
        host.env["XFSM_TEST_DOT"] = "1"
    host.start()
    host.add_bridge("br0")
    vm = host.add_vm("br0", "vm1", "10.0.0.1/24")
    host.add_vm("br0", "vm2", "10.0.0.2/24")
    server = Server(host, "fleet", "xfsm-fleet")
    db = server.connect()
    db.insert("Host", name="hv1", remotes=["unix:%s/db.sock" % host.rundir],
              events="ipc://%s/xfsm-hub.events" % host.rundir)
    for name in ("portscan", "toptalkers"):
        with open(os.path.join(LIBRARY, name + ".xml")) as f:
            # Each second, not each minute.
            source = f.read().replace('name="window" default="60"',
                                      'name="window" default="1"')
        db.insert("Program", name=name, version=1, source=source)
    db.insert("Assignment", name="all", programs=["portscan", "toptalkers"],
              enabled=True, target={"port": "vm*"}, hosts=["*"])
    rest = RestController(host, "rest", PORT, "--db=" + server.remote)
    wait_until(lambda: rest.call("GET", "/api/v1/hosts").status == 200, 10,
               "the database")
    host.wait_status("vm1", "running", 20)

    capture = os.path.join(host.dir, "scan.pcap")
    with open(capture, "wb") as f:
        f.write(make_scan("10.9.0.1", "10.9.0.2", range(1, 60)))
    out = os.path.join(host.dir, "browser.out")
    with open(out, "w") as f:
        process = host.popen(
            "node", SCRIPT, "http://127.0.0.1:%d" % PORT,
            rest.tokens["operator"], browser,
            os.path.join(xfsmtest.TOP_BUILDDIR, "tests/system"), capture,
            stdout=f, stderr=subprocess.STDOUT)
    sources = itertools.cycle(range(10, 250))

    def finished():
        """Scans as another one each time, so that alerts go on."""
        source = "10.0.0.%d" % next(sources)
        vm.run("ip", "addr", "replace", source + "/24", "dev", "eth0")
        vm.run("ip", "route", "replace", "10.0.0.2/32", "dev", "eth0",
               "src", source)
        vm.knock("10.0.0.2", range(1000, 1040))
        return process.poll() is not None

    wait_until(finished, DEADLINE, "the browser")
    with open(out) as f:
        check(not process.returncode, f.read())
    rest.exit()
    db.close()


if __name__ == "__main__":
    xfsmtest.main(test)
