#!/usr/bin/env python3
"""Check that a message takes no more instructions than was recorded.

usage: check.py [--record] BUILD

Valgrind's callgrind counts what cost.c, as the folder BUILD has it, executes in
two runs of each load, one of them with more messages: the difference, divided,
is what one message takes, both its ends together.  No clock comes into it, so
that a busy machine changes nothing.  figures.txt is the table of what was
recorded; --record writes it anew.
"""
import concurrent.futures
import functools
import itertools
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS, ROOT = os.path.dirname(HERE), os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, TESTS)
import builder                                                  # noqa: E402
import tap                                                      # noqa: E402

PROGRAM = "tests/cost/cost"
FIGURES = os.path.join(HERE, "figures.txt")
FEW, MANY = 512, 2048
# What differs is measured again: once in many runs the kernel delivers late.
ATTEMPTS = 3
# Figures that do not repeat to within this are not recorded.
SPREAD_PERCENT_MAX = 0.5
EX_CONFIG = 78          # the backend is refused
HANG_SECONDS = 120


def instructions(program, load, messages):
    """What a run executes."""
    run = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         program, load, str(messages)],
        # Some variables change what the program does, or what malloc does.
        env={"PATH": os.environ["PATH"]}, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, timeout=HANG_SECONDS)
    if run.returncode == EX_CONFIG:
        raise tap.Skip("the backend is refused here")
    collected = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not collected:
        raise RuntimeError(f"exit code {run.returncode}: {run.stderr}")
    return int(collected[1])


def a_message(program, load):
    few, many = (instructions(program, load, n) for n in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def build_of(folder):
    """How cost.c was compiled: `gcc 12.2 Debian x86_64 -O2`."""
    with open(os.path.join(folder, "compile_commands.json"),
              encoding="utf-8") as f:
        command = next(shlex.split(c["command"]) for c in json.load(f)
                       if c["file"].endswith("tests/cost/cost.c"))
    compiler = list(itertools.takewhile(lambda w: w[0] != "-", command))
    told = subprocess.run(compiler + ["--version"], check=True, text=True,
                          capture_output=True).stdout.splitlines()[0]
    debian = re.search(r"\(Debian (\d+\.\d+)", told)
    if debian:
        told = f"gcc {debian[1]} Debian"
    matters = [word for word in command
               if re.match("-O|-fsanitize|--coverage", word)]
    return " ".join([told, platform.machine(), *matters])


def kernel():
    return "Linux " + ".".join(platform.release().split(".")[:2])


class Figures:
    """The table: loads with their instructions a message, and where they were
    recorded."""

    def __init__(self):
        self.recorded, self.loads = {}, {}
        with open(FIGURES, encoding="utf-8") as f:
            self.text = f.read()
        for line in self.text.splitlines():
            key, _, value = line.partition(" ")
            if key in ("build:", "kernel:"):
                self.recorded[key[:-1]] = value.strip()
            elif line and key != "#":
                figure, tolerance = value.split()
                self.loads[key] = float(figure), float(tolerance)

    def write(self, build, measured):
        head = [line for line in self.text.splitlines()
                if line.startswith("#")]
        lines = [f"build:  {build}", f"kernel: {kernel()}"]
        for load, figure in measured.items():
            tolerance = self.loads[load][1]
            lines.append(f"{load:12}  {figure:8.1f}  {tolerance:g}")
        with open(FIGURES, "w", encoding="utf-8") as f:
            f.write("\n".join(head + lines) + "\n")


class Check:
    def __init__(self, folder):
        self.figures, self.build = Figures(), build_of(folder)
        self.program = os.path.abspath(os.path.join(folder, PROGRAM))
        self.command = shlex.join([os.path.relpath(__file__, ROOT), "--record",
                                   os.path.relpath(folder, ROOT)])

    def want_same_build(self, load):
        if not shutil.which("valgrind"):
            raise tap.Skip("there is no valgrind")
        recorded = self.figures.recorded
        if self.build != recorded["build"]:
            raise tap.Skip(f"recorded with {recorded['build']}, this is "
                           f"{self.build}")
        # What a ring does depends on what the kernel can do.
        if load.endswith("uring") and kernel() != recorded["kernel"]:
            raise tap.Skip(f"recorded on {recorded['kernel']}, this is "
                           f"{kernel()}")

    def compare(self, load):
        self.want_same_build(load)
        before, tolerance = self.figures.loads[load]
        for _ in range(ATTEMPTS):
            now = a_message(self.program, load)
            more = 100 * (now / before - 1)
            if abs(more) <= tolerance:
                return
        says = (f"{load}: a message takes {now:.1f} instructions, "
                f"{before:.1f} were recorded: {abs(more):.1f} %")
        if more < 0:
            print(f"#| {says} fewer; record it: {self.command}", flush=True)
        else:
            yield (f"{says} more, {tolerance:g} % may be; if they are worth "
                   f"it, record them: {self.command}")

    def record(self):
        measured = {}
        for load in self.figures.loads:
            several = [a_message(self.program, load) for _ in range(ATTEMPTS)]
            least, most = min(several), max(several)
            if most - least > least * SPREAD_PERCENT_MAX / 100:
                sys.exit(f"{load} does not repeat: {several}")
            measured[load] = least
            print(f"{load:12}  {self.figures.loads[load][0]:8.1f} -> "
                  f"{least:8.1f}", flush=True)
        self.figures.write(self.build, measured)


def at_once(check):
    """The comparisons, made beside each other and told in order."""
    def one(load):
        try:
            return list(check.compare(load))
        except tap.Skip as reason:
            return reason

    def told(result):
        result = result.result()
        if isinstance(result, tap.Skip):
            raise result
        return result

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = [(load, pool.submit(one, load))
                   for load in check.figures.loads]
        return tap.run([(load, functools.partial(told, result))
                        for load, result in results])


def main():
    *options, folder = sys.argv[1:]
    if options == ["--record"]:
        subprocess.run([builder.tool("ninja"), "-C", folder, PROGRAM],
                       check=True)
        Check(folder).record()
        return 0
    return at_once(Check(folder))


if __name__ == "__main__":
    sys.exit(main())
