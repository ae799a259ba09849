#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""All shared captures through the library's programs, all at once.

Real captures: alerts come from the programs that alerts.txt lists for the
capture, and from no others.  Malformed captures: no crash, no hang, exit
status 0, or 2 with a line that names the file.

Skipped, loudly, where the shared test data is absent.
"""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.environ.get("top_srcdir",
                                     os.path.join(HERE, "..", "..")))
BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
SHARED = os.environ.get("XFSM_SHARED_DATA",
                        os.path.join(TOP, "..", "shared", "data"))
PROGRAMS = os.path.join(TOP, "utilities", "programs")
TIMEOUT = 120


def run(path):
    """Runs xfsm on a capture; returns exit status, alerts, errors."""
    programs = sorted(os.path.join(PROGRAMS, name)
                      for name in os.listdir(PROGRAMS)
                      if name.endswith(".xml"))
    result = subprocess.run(
        [os.path.join(BUILD, "utilities", "xfsm"), "run", "--quiet",
         "--label", "alert,critical", "--pcap", path] + programs,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT,
        check=False)
    events = [json.loads(line) for line in result.stdout.splitlines()]
    return result.returncode, events, result.stderr.decode(errors="replace")


def read_alerts():
    """Returns the sets of programs that alert, by capture."""
    alerts = {}
    with open(os.path.join(HERE, "alerts.txt"), encoding="ascii") as stream:
        for line in stream:
            words = line.split()
            if words and not words[0].startswith("#"):
                alerts[words[0]] = set(words[1:])
    return alerts


def check_real(path, expected):
    status, events, errors = run(path)
    got = {event["program"] for event in events}
    if status or errors:
        return "exit status %d\n%s" % (status, errors)
    if got != expected:
        return ("alerts of %s instead of %s; the first:\n%s"
                % (sorted(got) or "none", sorted(expected) or "none",
                   events[0]["text"] if events else "-"))
    return None


def check_hostile(path):
    status, _, errors = run(path)
    if status not in (0, 2):
        return "exit status %d\n%s" % (status, errors)
    if status == 2 and path not in errors:
        return "the error does not name the file:\n%s" % errors
    if status == 0 and errors:
        return "exit status 0, but an error:\n%s" % errors
    return None


def main():
    folders = [os.path.join(SHARED, name) for name in ("captures", "hostile")]
    if not all(os.path.isdir(folder) for folder in folders):
        print("SKIP: the shared captures are absent (%s)" % SHARED)
        return 77
    alerts = read_alerts()
    passed = failed = 0
    for folder, check in zip(folders, (
            lambda path: check_real(path, alerts.pop(os.path.basename(path),
                                                     set())),
            check_hostile)):
        for name in sorted(os.listdir(folder)):
            problem = check(os.path.join(folder, name))
            if problem:
                print("not ok - %s: %s" % (name, problem))
                failed += 1
            else:
                passed += 1
    for name in sorted(alerts):
        print("not ok - %s is in alerts.txt, but not in %s"
              % (name, folders[0]))
        failed += 1
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
