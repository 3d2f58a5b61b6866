#!/usr/bin/env python3
"""Check that sim-until covers every public function that may wait.

usage: until_check.py PROGRAM INCLUDE
"""
import glob
import os
import subprocess
import sys

import csource
import tap

# Its descriptors are the real world's, which a simulation has not.
REAL_ONLY = {"gn_wait_fd"}


def functions_with_until(include):
    found = set()
    for path in glob.glob(os.path.join(include, "**", "*.h"), recursive=True):
        with open(path, encoding="utf-8") as f:
            for p in csource.Source(f.read()).prototypes():
                if p.parameters[-1] == "gn_time until":
                    found.add(p.name)
    # gn_shield takes an instant and does not wait for it.
    return found - {"gn_shield"}


def covered(program):
    output = subprocess.run([program, "--list"], check=True,
                            capture_output=True, text=True).stdout
    return set(output.split())


def compare(program, include):
    wanted, has = functions_with_until(include), covered(program)
    tap.note(f"{len(wanted)} functions with until, {len(has)} covered")
    if len(wanted) < 20:
        yield "the headers were not understood"
    for name in sorted(wanted - has - REAL_ONLY):
        yield f"{name} waits, and sim-until does not try it"
    for name in sorted(has - wanted):
        yield f"sim-until tries {name}, which is not in the headers"
    for name in sorted(REAL_ONLY - wanted):
        yield f"{name} is excused, and is not in the headers"


def main():
    program, include = sys.argv[1:]
    tap.main([("every function with until is tried",
               lambda: compare(program, include))])


if __name__ == "__main__":
    main()
