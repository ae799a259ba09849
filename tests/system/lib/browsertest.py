# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""A browser, and what drives it: chromium, node, and playwright-core, that in
the folder node_modules below $XFSM_PLAYWRIGHT, or else the one that "npm pack"
fetches, once, to $XFSM_CACHE_DIR.  A test is skipped where these cannot be
had.

A browser gives up what it loads when an interface of its network changes
(ERR_NETWORK_CHANGED), as the host's do, so that it and the controller whose
pages it shows have a network of their own."""

import base64
import glob
import hashlib
import os
import shutil
import subprocess
import tempfile

import xfsmtest
from resttest import RestController
from xfsmtest import check

# A version that runs with Debian 12's node, and what npm's registry says is
# the SHA-512 of its tarball.
PACKAGE = "playwright-core@1.56.1"
DIGEST = ("hutraynyn31F+Bifme+Ps9Vq59hKuUCz7H1kDOcBs+2oGguKkWTU50bBWrtz34OUW"
          "mIwpBTWDxaRPXrIXkgvmQ==")
CACHE = os.environ.get("XFSM_CACHE_DIR", "/var/cache/ovs-xfsm")
LIB = os.path.dirname(os.path.abspath(__file__))


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


class Browser:
    """Looks at the pages of a controller, as a script of this folder says."""

    def __init__(self, host, script):
        self.browser = find_browser()
        host.env["XFSM_PLAYWRIGHT"] = find_playwright()
        host.env["HOME"] = host.dir
        self.host = host
        self.script = os.path.join(LIB, script)
        self.out = os.path.join(host.dir, "browser.out")

    def add_controller(self, port, *options):
        return RestController(self.host, "rest", port, *options,
                              netns=self.host.add_netns("web"))

    def start(self, rest, roles, *args):
        """Runs the script with the tokens of 'roles', and 'args'."""
        with open(self.out, "w") as f:
            self.process = self.host.popen(
                "node", self.script, "http://127.0.0.1:%d" % rest.port,
                *(rest.tokens[role] for role in roles), self.browser,
                os.path.join(xfsmtest.TOP_BUILDDIR, "tests/system"), *args,
                netns=rest.netns, stdout=f, stderr=subprocess.STDOUT)

    def is_done(self):
        """Tells whether the script has ended; fails if it has failed."""
        status = self.process.poll()
        if status:
            with open(self.out) as f:
                raise xfsmtest.Failure(f.read())
        return status is not None
