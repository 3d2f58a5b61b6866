#!/usr/bin/env python3
"""Check that a simulation is the same in another process, and built by
another compiler with other optimisations.

usage: same_check.py PROGRAM BUILD ROOT FILE...

PROGRAM was made of the FILEs and of the library in the folder BUILD; the root
of the sources is ROOT.
"""
import concurrent.futures
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile

import tap

RUNS = "60"


def output_of(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True,
                          **options).stdout


def differences(one, two):
    lines = one.splitlines(), two.splitlines()
    if len(lines[0]) != int(RUNS):
        yield f"{len(lines[0])} lines were printed"
    for a, b in zip(*lines):
        if a != b:
            yield f"{a} / {b}"
            return


def in_another_process(program):
    """Also in an environment of another size, so that the stack lies
    elsewhere."""
    more = dict(os.environ, GN_ANYTHING="x" * 5000)
    yield from differences(output_of(program, "--print", RUNS),
                           output_of(program, "--print", RUNS, env=more))


def library_sources(build, root):
    with open(os.path.join(build, "compile_commands.json"),
              encoding="utf-8") as f:
        commands = json.load(f)
    paths = {os.path.normpath(os.path.join(c["directory"], c["file"]))
             for c in commands if "libgnezdo" in c["output"]}
    return sorted(p for p in paths
                  if p.startswith(os.path.join(root, "src") + os.sep))


def build_by(compiler, sources, root, folder):
    """Without optimisation, which is the other extreme and quick."""
    flags = ["-std=c17", "-D_GNU_SOURCE", "-O0", "-w",
             '-DGNI_VERSION="0"', "-I" + os.path.join(root, "include"),
             "-I" + os.path.join(root, "src"),
             "-I" + os.path.join(root, "tests", "sim")]

    def compile_one(number_and_path):
        number, path = number_and_path
        target = os.path.join(folder, f"{number}.o")
        output_of(compiler, *flags, "-c", path, "-o", target)
        return target

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compile_one, enumerate(sources)))
    program = os.path.join(folder, "same")
    output_of(compiler, *objects, "-o", program, "-luring", "-lcmocka",
              "-lpthread")
    return program


def by_another_compiler(program, build, root, files):
    # The build's own is gcc, unless CC says otherwise.
    names = [n for n in ("clang", "gcc", "cc") if shutil.which(n)]
    if not names:
        raise tap.Skip("there is no compiler")
    tap.note(f"the other compiler is {names[0]} -O0")
    with tempfile.TemporaryDirectory() as folder:
        other = build_by(names[0], library_sources(build, root) + files,
                         root, folder)
        yield from differences(output_of(program, "--print", RUNS),
                               output_of(other, "--print", RUNS))


def main():
    program, build, root, *files = sys.argv[1:]
    files = [os.path.abspath(f) for f in files]
    tap.main([
        ("the same in another process",
         functools.partial(in_another_process, program)),
        ("the same by another compiler",
         functools.partial(by_another_compiler, program, build, root,
                           files)),
    ])


if __name__ == "__main__":
    main()
