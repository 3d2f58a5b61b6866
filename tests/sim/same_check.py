#!/usr/bin/env python3
"""Check that simulations are the same in another process, and built by other
compilers with other optimisations.

usage: same_check.py PROGRAM BUILD ROOT FILE...

PROGRAM was made of the FILEs and of the library in the folder BUILD; the root
of the sources is ROOT.  Where runs differ, both are told, and the first event
that differs is named.
"""
import concurrent.futures
import functools
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile

import tap

RUNS = 60
COMPILERS = ["gcc", "clang"]
LEVELS = ["-O0", "-O2"]


def output_of(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True,
                          **options).stdout


def runs_of(program, first=0, count=RUNS, **variables):
    return output_of(program, "--print", str(first), str(count),
                     env=dict(os.environ, **variables)).splitlines()


def story_of(program, seed):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "story")
        runs_of(program, seed, 1, GNEZDO_TRACE=path)
        with open(path, encoding="utf-8") as f:
            return f.read().splitlines()


def first_difference(one, other, seed):
    """The first event in which the stories of two programs differ."""
    stories = [story_of(program, seed) for program in (one, other)]
    pairs = itertools.zip_longest(*stories, fillvalue="(it has ended)")
    for number, (a, b) in enumerate(pairs):
        if a != b:
            yield f"seed {seed}, event {number}: {a.strip()}"
            yield f"seed {seed}, event {number}: {b.strip()}"
            return
    yield f"seed {seed}: told, the events are alike"


def differences(one, other, **variables):
    runs = runs_of(one), runs_of(other, **variables)
    if [len(r) for r in runs] != [RUNS, RUNS]:
        yield f"{[len(r) for r in runs]} runs were printed"
    for seed, (a, b) in enumerate(zip(*runs)):
        if a != b:
            yield f"{a} / {b}"
            yield from first_difference(one, other, seed)
            return


def in_another_process(program):
    """Also in an environment of another size, so that the stack lies
    elsewhere."""
    yield from differences(program, program, GN_ANYTHING="x" * 5000)


def library_sources(build, root):
    with open(os.path.join(build, "compile_commands.json"),
              encoding="utf-8") as f:
        commands = json.load(f)
    paths = {os.path.normpath(os.path.join(c["directory"], c["file"]))
             for c in commands if "libgnezdo" in c["output"]}
    return sorted(p for p in paths
                  if p.startswith(os.path.join(root, "src") + os.sep))


def build_by(compiler, level, sources, root, folder):
    flags = ["-std=c17", "-D_GNU_SOURCE", level, "-w",
             '-DGNI_VERSION="0"', "-I" + os.path.join(root, "include"),
             "-I" + os.path.join(root, "src"),
             "-I" + os.path.join(root, "tests", "sim")]

    def compile_one(number_and_path):
        number, path = number_and_path
        target = os.path.join(folder, f"{number}.o")
        output_of(*compiler, *flags, "-c", path, "-o", target)
        return target

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compile_one, enumerate(sources)))
    program = os.path.join(folder, "same")
    output_of(*compiler, *objects, "-o", program, "-luring", "-lcmocka",
              "-lpthread")
    return program


def by_compiler(name, level, program, build, root, files):
    if not shutil.which(name):
        raise tap.Skip(f"there is no {name}")
    compiler = [shutil.which(c) for c in ("ccache", name) if shutil.which(c)]
    with tempfile.TemporaryDirectory() as folder:
        other = build_by(compiler, level, library_sources(build, root) + files,
                         root, folder)
        yield from differences(program, other)


def main():
    program, build, root, *files = sys.argv[1:]
    files = [os.path.abspath(f) for f in files]
    tap.main([
        ("the same in another process",
         functools.partial(in_another_process, program)),
    ] + [
        (f"the same by {name} {level}",
         functools.partial(by_compiler, name, level, program, build, root,
                           files))
        for name in COMPILERS for level in LEVELS
    ])


if __name__ == "__main__":
    main()
