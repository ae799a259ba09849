# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0

"""What a release is: the archive has all files of the source, and builds from
a tree that nobody can write; what is installed is what uninstalling removes,
runs, and tells one version; the container files fit it.

With XFSM_TEST_RELEASE=full ("make check-release"), Open vSwitch's part is
built from the archive as well, and its unit tests run.
"""

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import xfsmtest                                             # noqa: E402
from xfsmtest import check                                  # noqa: E402

TOP, BUILD = xfsmtest.TOP_SRCDIR, xfsmtest.TOP_BUILDDIR
CONTAINERS = os.path.join(TOP, "utilities/containers")
FULL = os.environ.get("XFSM_TEST_RELEASE") == "full"

# Of the source, what no archive has.
LEFT_OUT = {".gitignore"}


def run(*args, cwd=None, timeout=300):
    done = subprocess.run(args, cwd=cwd, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False,
                          universal_newlines=True,
                          timeout=timeout * xfsmtest.PATIENCE)
    check(not done.returncode, "%s: %s" % (" ".join(args),
                                           done.stdout[-4000:]))
    return done.stdout


def read(*path):
    with open(os.path.join(*path)) as f:
        return f.read()


def variable(name):
    """A variable of the Makefile."""
    return re.search(r"^%s = *(.*)$" % name, read(BUILD, "Makefile"),
                     re.M).group(1)


def files_below(top):
    return {os.path.relpath(os.path.join(folder, name), top)
            for folder, _, names in os.walk(top) for name in names}


def protect(top):
    """Nobody writes there: as root, a user who is none of the owner's."""
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            os.chmod(path, os.stat(path).st_mode & ~0o222)
        os.chmod(folder, 0o555)


def unprotect(top):
    for folder, _, _ in os.walk(top):
        os.chmod(folder, 0o755)


def test_archive(where):
    """Returns its tree."""
    version = variable("VERSION")
    tree = os.path.join(where, "ovs-xfsm-" + version)
    run("make", "-s", "-C", BUILD, "distdir", "distdir=" + tree)
    packed = files_below(tree)
    if os.path.exists(os.path.join(TOP, ".git")):
        source = set(run("git", "-c", "safe.directory=*", "-C", TOP,
                         "ls-files").split("\n")) - {""}
        missing = {f for f in source - packed - LEFT_OUT
                   if os.path.exists(os.path.join(TOP, f))}
        check(not missing, "not in the archive: %s" % sorted(missing))
    check("configure" in packed and not [
        f for f in packed if f.endswith((".o", ".lo", ".log", ".trs"))],
        "what was built is in the archive")
    for name in ("utilities/run-tests", "utilities/list-metrics",
                 "autogen/build-ovs"):
        check(os.stat(os.path.join(tree, name)).st_mode & stat.S_IXUSR,
              name + " cannot be run")
    print("%d files" % len(packed))
    return tree


def test_build(where, tree):
    """Builds in a folder apart from a source that is not touched."""
    build = os.path.join(where, "build")
    os.mkdir(build)
    protect(tree)
    before = files_below(tree)
    options = (["--with-ovs-source=" + variable("OVS_SRCDIR"),
                "--with-ovs-build=" + variable("OVS_BUILDDIR")]
               if FULL else ["--without-ovs"])
    run(os.path.join(tree, "configure"), "--quiet", "--enable-Werror",
        "--prefix=/usr", "CFLAGS=-O0", *options, cwd=build)
    run("make", "-s", "-j2", "-C", build, timeout=900)
    if FULL:
        run("make", "-s", "-j2", "-C", build, "check-unit", timeout=900)
    check(files_below(tree) == before, "the build wrote into the source: %s"
          % (files_below(tree) ^ before))
    return build


def test_install(where, build, what):
    """What is there after installing, and after uninstalling."""
    root = os.path.join(where, "root-" + what)
    run("make", "-s", "-C", build, "install", "DESTDIR=" + root)
    installed = files_below(root)
    prefix = re.search(r"^prefix = (.*)$", read(build, "Makefile"),
                       re.M).group(1)
    check(all(f.startswith(prefix.lstrip("/") + "/") for f in installed),
          "outside of %s: %s" % (prefix, [
              f for f in installed
              if not f.startswith(prefix.lstrip("/") + "/")]))
    copy = root + ".kept"
    shutil.copytree(root, copy, symlinks=True)
    run("make", "-s", "-C", build, "uninstall", "DESTDIR=" + root)
    check(not files_below(root), "left by uninstalling: %s"
          % files_below(root))
    return copy + prefix


def test_version(tree):
    """All of it tells the version of configure.ac; NEWS begins with it."""
    version = variable("VERSION")
    check(read(TOP, "NEWS").startswith("v%s - " % version),
          "NEWS does not begin with v" + version)
    for name in ("bin/xfsm", "bin/xfsm-ctl", "sbin/ovs-xfsmd",
                 "sbin/xfsm-controller", "libexec/ovs-xfsm/xfsm-hub",
                 "libexec/ovs-xfsm/xfsm-probe",
                 "libexec/ovs-xfsm/xfsm-exporter"):
        out = run(os.path.join(tree, name), "--version")
        check(version in out.split("\n")[0], "%s: %s" % (name, out))
    for name in os.listdir(os.path.join(tree, "share/man/man8")):
        check(version in read(tree, "share/man/man8", name)[:400], name)
    check(json.loads(read(tree, "share/ovs-xfsm/web/openapi.json"))["info"]
          ["version"], "openapi.json has no version")
    for name in ("monitoring/xfsm.rules.yml", "xfsm.ovsschema",
                 "monitoring/xfsm-dashboard.json", "xfsm-fleet.ovsschema",
                 "systemd/ovs-xfsmd.service", "programs/portscan.xml"):
        check(os.path.exists(os.path.join(tree, "share/ovs-xfsm", name)),
              name + " is not installed")


# ## Containers ##

def stages():
    """{name: [(instruction, rest)]} of the Containerfile."""
    text = re.sub(r"^#.*\n", "", read(CONTAINERS, "Containerfile"),
                  flags=re.M).replace("\\\n", " ")
    result = {}
    for line in text.splitlines():
        if line.strip():
            instruction, rest = line.split(None, 1)
            check(instruction in ("FROM", "RUN", "COPY", "WORKDIR", "USER",
                                  "EXPOSE", "VOLUME", "HEALTHCHECK",
                                  "ENTRYPOINT"), line)
            if instruction == "FROM":
                image, word, name = rest.split()
                check(image == "docker.io/library/debian:12-slim"
                      and word == "AS", line)
                stage = result[name] = []
            stage.append((instruction, rest))
    return result


def packages(stage):
    """Packages that a stage installs."""
    commands = [rest for instruction, rest in stage if instruction == "RUN"]
    found = re.search(r"--no-install-recommends (.*?)(&&|$)", commands[0])
    return set(found.group(1).split())


def copied(stage, tree):
    """Files that a stage has of the installed tree."""
    for instruction, rest in stage:
        if instruction == "COPY":
            option, source, target = rest.split()
            check(option == "--from=build" and source == "/tree" + target,
                  rest)
            path = os.path.join(tree, os.path.relpath(target, "/usr"))
            check(os.path.exists(path), path + " is not installed")
            yield from ([path] if os.path.isfile(path) else
                        [os.path.join(path, f) for f in files_below(path)])


def owner(library):
    """The package that has a library, or None if it is none of Debian's."""
    machine = run("gcc", "-print-multiarch").strip()
    out = subprocess.run(["dpkg-query", "-S", "*/%s/%s" % (machine, library)],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         check=False, universal_newlines=True).stdout
    return out.split(":")[0] if out else None


def test_containers(tree):
    """Packages have the libraries that programs need, no more and no less;
    what is started is there."""
    every = stages()
    check(list(every) == ["build", "host", "controller"], str(list(every)))
    for name in ("host", "controller"):
        stage = every[name]
        files = list(copied(stage, tree))
        needed = {lib for f in files if read_magic(f) == b"\x7fELF" for lib in
                  re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", f))}
        if shutil.which("dpkg-query"):
            owners = {owner(lib) for lib in needed} - {None, "libc6"}
            listed = {p for p in packages(stage) if p.startswith("lib")}
            check(owners == listed, "%s: %s" % (name, owners ^ listed))
        entry = json.loads(dict(stage)["ENTRYPOINT"])[0]
        check(any(f.endswith(entry[len("/usr"):]) for f in files), entry)
    build = packages(every["build"])
    missing = build - set(re.findall(r"[\w.+-]+", read(
        TOP, "utilities/setup-deps")))
    check(not missing, "setup-deps has no %s" % missing)


# ## Debian packages ##

def patterns():
    """(package, pattern) of what each package has, relative to /usr."""
    folder = os.path.join(TOP, "utilities/packaging/debian")
    for name in os.listdir(folder):
        if name.endswith(".install") or name == "not-installed":
            for line in read(folder, name).split():
                check(line.startswith("usr/"), name + ": " + line)
                # The build that is looked at is for no multiarch folder.
                yield name, line[len("usr/"):].replace("lib/*/", "lib/")


def test_packages(tree):
    """Each file that is installed is in one package, and what a package is to
    have is installed."""
    unused = set(patterns())
    for path in sorted(files_below(tree)):
        owners = {(name, pattern) for name, pattern in patterns()
                  if path == pattern or path.startswith(pattern + "/")}
        check(len(owners) == 1, "%s: %s" % (path, owners or "no package"))
        unused -= owners
    check(not unused, str(unused))
    control = read(TOP, "utilities/packaging/debian/control")
    needs = re.search(r"^Build-Depends: (.*?)^\w", control,
                      re.M | re.S).group(1)
    names = set(re.findall(r"^ *([\w.+-]+)", needs.replace(",\n", "\n"),
                           re.M)) - {"debhelper-compat"}
    check(names <= packages(stages()["build"]), "build needs: %s"
          % (names - packages(stages()["build"])))


def read_magic(path):
    with open(path, "rb") as f:
        return f.read(4)


def test_container_commands():
    """What the text says to run is what the image and the unit are for."""
    text = read(CONTAINERS, "README.md")
    unit = read(BUILD, "utilities/systemd/ovs-xfsmd.service")
    wanted = re.search(r"^CapabilityBoundingSet=(.*)$", unit, re.M).group(1)
    commands = [shlex.split(c.replace("\\\n", " ")) for c in re.findall(
        r"^    \$ (podman run (?:.*\\\n)*.*)$", text, re.M)]
    check(len(commands) == 2, "two commands")
    host, controller = commands
    check(sorted("CAP_" + a.split("=")[1] for a in host
                 if a.startswith("--cap-add=")) == sorted(wanted.split()),
          "capabilities are others than those of the unit")
    check(not [a for a in controller if a.startswith("--cap-add")]
          and not [a for c in commands for a in c if "privileged" in a],
          "a controller needs no capability")
    folders = {v.split(":")[0] for a, v in zip(host, host[1:]) if a == "-v"}
    unit_folders = {f.lstrip("-").replace("/var/log/openvswitch", "")
                    for f in re.search(r"^ReadWritePaths=(.*)$", unit,
                                       re.M).group(1).split()} - {""}
    check(unit_folders <= folders, "not mounted: %s"
          % (unit_folders - folders))
    out = run(os.path.join(BUILD, "controller/xfsm-controller"), "--help")
    for word in controller[controller.index("ovs-xfsm-controller") + 1:]:
        check(word.split("=")[0] in out, word + " is no option")


def test(host):
    if host.sanitized:
        xfsmtest.skip("what a release is, is the same in every build")
    if os.path.exists("/usr/lib/ccache"):
        os.environ["PATH"] = "/usr/lib/ccache:" + os.environ["PATH"]
    for name in [n for n in os.environ if n.startswith(("MAKE", "MFLAGS"))]:
        del os.environ[name]
    with tempfile.TemporaryDirectory() as where:
        # For the compiler's cache, the same folder each time.
        os.environ["CCACHE_BASEDIR"] = where
        tree = test_archive(where)
        try:
            build = test_build(where, tree)
        finally:
            unprotect(tree)
        test_install(where, build, "of-the-archive")
        installed = test_install(where, BUILD, "all")
        test_version(installed)
        test_containers(installed)
        test_container_commands()
        test_packages(installed)


if __name__ == "__main__":
    xfsmtest.main(test)
