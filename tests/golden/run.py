#!/usr/bin/env python3
# Copyright (c) 2026 The ovs-xfsm authors.
# SPDX-License-Identifier: Apache-2.0
"""Runs the golden cases of cases.txt: a capture goes through programs, and
the events must be those in expected/CASE.jsonl.

    run.py [--update] [CASE...]

An event is reduced to what a program decides: time, label, program, state,
key, text, features and suspect.  With --update, the expected events become
what came out: look at the difference before you commit it.

Uses xfsm and make-capture from $top_builddir, and the shared test data from
$XFSM_SHARED_DATA, where that exists.
"""

import argparse
import difflib
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.environ.get("top_srcdir",
                                     os.path.join(HERE, "..", "..")))
BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
SHARED = os.environ.get("XFSM_SHARED_DATA",
                        os.path.join(TOP, "..", "shared", "data"))

MEMBERS = ("time", "label", "program", "state", "key", "text", "features",
           "suspect")

# A run of a capture of the size we use takes a fraction of a second; with
# sanitizers, some seconds.
TIMEOUT = 120


class Skip(Exception):
    """A case cannot be run here."""


class Failure(Exception):
    """A case was run and is wrong."""


def read_cases():
    cases = []
    with open(os.path.join(HERE, "cases.txt"), encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if len(words) != 4:
                sys.exit("cases.txt:%d: %d columns instead of 4"
                         % (number, len(words)))
            cases.append(words)
    return cases


def locate(reference):
    """Returns the path that a reference such as lib:portscan means."""
    kind, _, name = reference.partition(":")
    if kind == "lib":
        path = os.path.join(TOP, "utilities", "programs", name + ".xml")
    elif kind == "here":
        path = os.path.join(HERE, "programs", name + ".xml")
    elif kind == "shared":
        path = os.path.join(SHARED, name)
        if not os.path.exists(path):
            raise Skip("%s is absent" % path)
    else:
        raise Failure("cases.txt: unknown reference %s" % reference)
    return path


def capture_path(reference, folder):
    """Like locate(), and makes the capture if it is made:NAME."""
    kind, _, name = reference.partition(":")
    if kind != "made":
        return locate(reference)
    path = os.path.join(folder, name + ".pcap")
    if not os.path.exists(path):
        subprocess.run([os.path.join(BUILD, "tests", "golden",
                                     "make-capture"), name, path],
                       check=True, timeout=TIMEOUT)
    return path


def run_case(program, capture, labels, folder):
    """Runs xfsm and returns its reduced events, a line of JSON each."""
    command = [os.path.join(BUILD, "utilities", "xfsm"), "run", "--quiet",
               "--pcap", capture_path(capture, folder)]
    if labels != "*":
        command += ["--label", labels]
    command += [locate(p) for p in program.split(",")]
    result = subprocess.run(command, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, timeout=TIMEOUT,
                            check=False)
    stderr = result.stderr.decode(errors="replace")
    if result.returncode or stderr:
        raise Failure("%s: exit status %d\n%s"
                      % (" ".join(command), result.returncode, stderr))
    lines = []
    for number, line in enumerate(result.stdout.decode("ascii").splitlines(),
                                  1):
        event = json.loads(line)
        if labels == "*" and event["seq"] != number:
            raise Failure("event %d has the number %d"
                          % (number, event["seq"]))
        lines.append(json.dumps({m: event[m] for m in MEMBERS
                                 if m in event}))
    return lines


def compare(name, lines):
    path = os.path.join(HERE, "expected", name + ".jsonl")
    try:
        with open(path, encoding="ascii") as stream:
            expected = stream.read().splitlines()
    except FileNotFoundError:
        raise Failure("%s is missing; --update makes it" % path) from None
    if lines != expected:
        difference = list(difflib.unified_diff(expected, lines, "expected",
                                               "got", lineterm="", n=1))
        raise Failure("\n".join(difference[:40]))


def update(name, lines):
    os.makedirs(os.path.join(HERE, "expected"), exist_ok=True)
    with open(os.path.join(HERE, "expected", name + ".jsonl"), "w",
              encoding="ascii") as stream:
        stream.writelines(line + "\n" for line in lines)


def main():
    parser = argparse.ArgumentParser(description="Runs the golden cases.")
    parser.add_argument("--update", action="store_true",
                        help="make what comes out what is expected")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    args = parser.parse_args()

    cases = read_cases()
    unknown = set(args.cases) - {case[0] for case in cases}
    if unknown:
        parser.error("unknown case %s" % ", ".join(sorted(unknown)))
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory(prefix="xfsm-golden-") as folder:
        for name, program, capture, labels in cases:
            if args.cases and name not in args.cases:
                continue
            try:
                lines = run_case(program, capture, labels, folder)
                if args.update:
                    update(name, lines)
                else:
                    compare(name, lines)
                print("ok - %s (%d events)" % (name, len(lines)))
                passed += 1
            except Skip as reason:
                print("SKIP - %s: %s" % (name, reason))
                skipped += 1
            except Failure as reason:
                print("not ok - %s\n%s" % (name, reason))
                failed += 1
            sys.stdout.flush()
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
