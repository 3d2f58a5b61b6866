#!/usr/bin/env python3
"""Print which lines and branches of src/ the tests passed through.

usage: report.py [--list] [--least PERCENT] BUILD [GCOVR]

BUILD is the build `coverage` of tests/run, after its tests; there a GNI_CHECK
counts as no branch (src/base/check.h), and nothing else is left out.  --list
names each line with a branch that nobody took.  The exit code is 1 if fewer
branches than PERCENT were taken.
"""
import argparse
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


class File:
    def __init__(self, path, lines):
        self.path = path
        self.room = os.path.dirname(path)
        self.lines = [line["count"] > 0 for line in lines
                      if not line.get("gcovr/noncode")]
        self.branches = {
            line["line_number"]: [b["count"] > 0 for b in line["branches"]]
            for line in lines if line["branches"]}

    def all_branches(self):
        return [way for ways in self.branches.values() for way in ways]

    def missed(self):
        with open(os.path.join(ROOT, self.path), encoding="utf-8") as f:
            text = f.read().splitlines()
        for number, ways in sorted(self.branches.items()):
            if not all(ways):
                yield (f"{self.path}:{number}: {sum(ways)} of {len(ways)}: "
                       f"{text[number - 1].strip()}")


def counted_files(build, gcovr):
    """Only the library's own objects are asked.  (Never give gcovr a device
    to write to: it removes the file first.)"""
    objects = [d for d in os.listdir(build)
               if re.fullmatch(r"libgnezdo\.so.*\.p", d)]
    out = subprocess.run(
        [gcovr, "--root", ROOT, "--filter", os.path.join(ROOT, "src/"),
         *objects, "--json", "-"],
        cwd=build, check=True, stdout=subprocess.PIPE, text=True).stdout
    return sorted((File(os.path.relpath(os.path.join(ROOT, entry["file"]),
                                        ROOT), entry["lines"])
                   for entry in json.loads(out)["files"]),
                  key=lambda f: (f.room, f.path))


def share(taken):
    return 100 * sum(taken) / len(taken) if taken else 100


def row(name, files):
    """Words for some files, and the share of their branches taken."""
    lines = [line for f in files for line in f.lines]
    branches = [way for f in files for way in f.all_branches()]
    return (f"{name:32} lines {share(lines):5.1f} %  branches "
            f"{sum(branches):5} of {len(branches):5}, "
            f"{share(branches):5.1f} %"), share(branches)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--least", type=float, default=0)
    parser.add_argument("build")
    parser.add_argument("gcovr", nargs="?", default="gcovr")
    args = parser.parse_args()
    files = counted_files(args.build, args.gcovr)
    for f in files:
        print(row(f.path, [f])[0])
        for line in f.missed() if args.list else ():
            print("    " + line)
    print()
    for room in sorted({f.room for f in files}):
        print(row(room, [f for f in files if f.room == room])[0])
    text, taken = row("all", files)
    print(text)
    return taken < args.least


if __name__ == "__main__":
    sys.exit(main())
