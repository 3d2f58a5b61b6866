#!/usr/bin/env python3
"""Check that simulations are the same in another process, and built by other
compilers with other optimisations.

usage: same_check.py BUILD ROOT PROGRAM FILE... [-- PROGRAM FILE...]

Each PROGRAM was made of its FILEs and of the library in the folder BUILD; the
root of the sources is ROOT.  With --print A N it prints a line for each run of
N seeds from A on, the seed and maybe a scenario first.  Where runs differ, both
are told, and the first event that differs is named.
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

# Seeds of a program; the sweep has many scenarios for each.
RUNS = {"sim-same": 60, "sweep": 4}
# What the sweep counts its memory by.
WRAPPED = ["malloc", "calloc", "realloc", "free"]
# What they are compared with is gcc's at -O2.
WAYS = [("gcc", "-O0"), ("clang", "-O0"), ("clang", "-O2")]


def output_of(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True,
                          **options).stdout


class Program:
    """One whose runs are compared, and what it is made of."""

    def __init__(self, path, files, name=None):
        self.path, self.files = os.path.abspath(path), files
        self.name = name or os.path.basename(path)

    def runs(self, first=0, count=None, **variables):
        return output_of(self.path, "--print", str(first),
                         str(count or RUNS[self.name]),
                         env=dict(os.environ, **variables)).splitlines()

    def story(self, run):
        seed, scenario = run.split()[:2]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "story")
            # Who has no scenarios does not ask for one.
            self.runs(seed, 1, GNEZDO_TRACE=path, GNEZDO_SCENARIO=scenario)
            with open(path, encoding="utf-8") as f:
                return f.read().splitlines()


def first_difference(one, other, run):
    """The first event in which the stories of two programs differ."""
    pairs = itertools.zip_longest(one.story(run), other.story(run),
                                  fillvalue="(it has ended)")
    for number, (a, b) in enumerate(pairs):
        if a != b:
            yield f"{one.name}, event {number}: {a.strip()}"
            yield f"{one.name}, event {number}: {b.strip()}"
            return
    yield f"{one.name}: told, the events are alike"


def differences(one, other, **variables):
    runs = one.runs(), other.runs(**variables)
    if len(runs[0]) < RUNS[one.name] or len(runs[0]) != len(runs[1]):
        yield f"{one.name}: {[len(r) for r in runs]} runs were printed"
    for a, b in zip(*runs):
        if a != b:
            yield f"{a} / {b}"
            yield from first_difference(one, other, a)
            return


def in_another_process(programs):
    """Also in an environment of another size, so that the stack lies
    elsewhere."""
    for program in programs:
        yield from differences(program, program, GN_ANYTHING="x" * 5000)


def library_sources(build, root):
    with open(os.path.join(build, "compile_commands.json"),
              encoding="utf-8") as f:
        commands = json.load(f)
    paths = {os.path.normpath(os.path.join(c["directory"], c["file"]))
             for c in commands if "libgnezdo" in c["output"]}
    return sorted(p for p in paths
                  if p.startswith(os.path.join(root, "src") + os.sep))


class Builder:
    def __init__(self, compiler, level, root, folder):
        self.compiler, self.folder = compiler, folder
        self.flags = ["-std=c17", "-D_GNU_SOURCE", level, "-w",
                      '-DGNI_VERSION="0"', "-I" + os.path.join(root, "include"),
                      "-I" + os.path.join(root, "src")]

    def compile_one(self, path):
        target = os.path.join(self.folder, path.replace(os.sep, "_") + ".o")
        output_of(*self.compiler, *self.flags, "-c", path, "-o", target)
        return target

    def compile(self, paths):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            return dict(zip(paths, pool.map(self.compile_one, paths)))

    def link(self, program, objects):
        path = os.path.join(self.folder, program.name)
        wrap = [f"-Wl,--wrap={name}" for name in WRAPPED] \
            if program.name == "sweep" else []
        output_of(*self.compiler, *objects, *wrap, "-o", path, "-luring",
                  "-lcmocka", "-lpthread")
        return Program(path, program.files, program.name)


def by_compiler(name, level, programs, build, root):
    if not shutil.which(name):
        raise tap.Skip(f"there is no {name}")
    compiler = [shutil.which(c) for c in ("ccache", name) if shutil.which(c)]
    library = library_sources(build, root)
    own = {path for program in programs for path in program.files}
    with tempfile.TemporaryDirectory() as folder:
        builder = Builder(compiler, level, root, folder)
        objects = builder.compile(library + sorted(own))
        for program in programs:
            needed = [objects[path] for path in library + program.files]
            yield from differences(program, builder.link(program, needed))


def programs_of(arguments):
    made_of = [[]]
    for argument in arguments:
        if argument == "--":
            made_of.append([])
        else:
            made_of[-1].append(os.path.abspath(argument))
    return [Program(path, files) for path, *files in made_of]


def main():
    build, root, *rest = sys.argv[1:]
    programs = programs_of(rest)
    tap.main([
        ("the same in another process",
         functools.partial(in_another_process, programs)),
    ] + [
        (f"the same by {name} {level}",
         functools.partial(by_compiler, name, level, programs, build, root))
        for name, level in WAYS
    ])


if __name__ == "__main__":
    main()
