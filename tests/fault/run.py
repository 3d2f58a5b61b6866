#!/usr/bin/env python3
"""Runs the catalogue of faults: each case on each backend that there is, some
at once, and prints how often each row's fault happened and was borne.

usage: run.py [--jobs N] [--quick] FAULT CONFORM REFUSE [PATTERN...]

FAULT, CONFORM and REFUSE are the programs of the build.  PATTERN chooses cases
by the name that is reported: "fault-09-*", "*/epoll"; --quick those that are
not conform's, on one backend each.  rows.py has the rows; one that is said to
be injected and was not fails a run of all.

Conform's cases are its own tests' to run on every backend; here those of each
row run on the first one and simulated, and each counts as one.
"""
import argparse
import concurrent.futures
import dataclasses
import fnmatch
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import rows

HERE = os.path.dirname(os.path.abspath(__file__))
BACKENDS = ["uring", "epoll", "poll"]

# Nothing here takes so long: what does has hung.  Some builds are slow.  Conform
# runs many cases, and names the one that hangs if it is given the time.
SLOWNESS = int(os.environ.get("GN_SLOWNESS", "1"))
HANG_SECONDS = 120 * SLOWNESS
CONFORM_SECONDS = 600 * SLOWNESS
GRACE_SECONDS = 10
JOBS = 8
SKIPPED = 77


@dataclasses.dataclass
class Outcome:
    verdict: str                        # ok, failed or skipped
    output: str = ""
    why: str = ""                       # skipped
    injected: int = 0
    handled: int = 0
    cases: int = 0                      # of conform's, that passed
    said: str = ""                      # what the table is to say


@dataclasses.dataclass
class Job:
    name: str                           # as reported: fault-09-…/epoll
    row: int
    world: str                          # real or sim
    run: object                         # () -> Outcome


# ---- how a case is started


# Where ip and nft are for root alone.
os.environ["PATH"] = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"


def environment(**changes):
    """Ours, and nothing in it that would change what the library does."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GNEZDO_")}
    return dict(kept, **{k: v for k, v in changes.items() if v})


running, stopped = set(), []


def stop(number, _frame):
    """End what runs; what would follow is not begun."""
    stopped.append(number)
    for process in list(running):
        end_group(process)


def end_group(process):
    """It, and whatever it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def last_words(process):
    """What it said, also if somebody who left its group still may speak."""
    try:
        return process.communicate(timeout=GRACE_SECONDS)[0]
    except subprocess.TimeoutExpired as late:
        return late.stdout or b""


def start(command, settings=None, seconds=HANG_SECONDS):
    """Run a program to its end: (status, output); None: it hung."""
    if stopped:
        raise InterruptedError(f"stopped by signal {stopped[0]}")
    process = subprocess.Popen(
        command, env=environment(**(settings or {})),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True)
    running.add(process)
    status = None
    try:
        output, _ = process.communicate(timeout=seconds)
        status = process.returncode
    except subprocess.TimeoutExpired:
        end_group(process)
        output = last_words(process)
    running.discard(process)
    return status, output.decode("utf-8", "replace")


class Around:
    """What stands before a case's command, by the words of its table."""

    def __init__(self, words, programs, folder):
        self.settings, self.before = {}, []
        self.programs, self.folder = programs, folder
        self.trace = self.group = None
        for word in filter(None, words.split("; ")):
            kind, _, rest = word.partition(" ")
            getattr(self, kind)(rest)

    def strace(self, injections):
        """strace CALL:error=…:when=… [CALL…]: those calls answer so."""
        self.trace = tempfile.NamedTemporaryFile(dir=self.folder)
        calls = {i.split(":")[0] for i in injections.split()}
        self.before += ["strace", "-f", "-qq", "-o", self.trace.name,
                        "-e", "trace=" + ",".join(sorted(calls))]
        for injection in injections.split():
            self.before += ["-e", "inject=" + injection]
        # The leak checker is a debugger too, and there can be one only.
        self.settings["ASAN_OPTIONS"] = ":".join(filter(None, [
            os.environ.get("ASAN_OPTIONS"), "detect_leaks=0"]))

    def refuse(self, words):
        """refuse ERRNO[:CALL]: a filter answers io_uring's calls so."""
        self.before += [self.programs.refuse, words]

    def set(self, words):
        """set NAME=VALUE: in the environment."""
        name, _, value = words.partition("=")
        self.settings[name] = value

    def unshare(self, words):
        self.before += ["unshare"] + words.split()

    def limit(self, words):
        """limit NAME=VALUE, as prlimit(1) has them."""
        self.before += ["prlimit", "--" + words]

    def closed(self, numbers):
        """closed 02: started without descriptors 0 and 2."""
        close = " ".join(f"{n}>&-" for n in numbers)
        self.before += ["sh", "-c", f'exec "$@" {close}', "sh"]

    def cgroup(self, size):
        """cgroup 64M: with so much memory."""
        self.group = Group(size)
        self.before += ["sh", "-c", f'echo 0 >{self.group.path}/cgroup.procs '
                        '&& exec "$@"', "sh"]

    def end(self):
        if self.group:
            self.group.close()

    def count(self):
        """How many calls strace has answered, or how often memory was full."""
        if self.group:
            return self.group.count()
        if not self.trace:
            return 0
        with open(self.trace.name, encoding="utf-8", errors="replace") as f:
            return sum("(INJECTED)" in line for line in f)


class Group:
    """A control group with little memory, of the first version or below this
    process's own of the second."""

    FIRST = "/sys/fs/cgroup/memory"

    def __init__(self, size):
        self.first = os.path.exists(self.FIRST)
        self.path = tempfile.mkdtemp(prefix="gn-fault-", dir=self.folder())
        limit = "memory.limit_in_bytes" if self.first else "memory.max"
        try:
            with open(f"{self.path}/{limit}", "w", encoding="utf-8") as f:
                f.write(size)
        except OSError:                 # not given to this process
            self.close()
            raise

    def folder(self):
        if self.first:
            return self.FIRST
        with open("/proc/self/cgroup", encoding="utf-8") as f:
            own = re.findall(r"^0::(/.*)", f.read(), re.M)
        # Where processes are there are no groups with limits beside them.
        return "/sys/fs/cgroup" + os.path.dirname(own[0] if own else "/")

    def count(self):
        """How often what was wanted did not fit."""
        name = "memory.failcnt" if self.first else "memory.events"
        with open(f"{self.path}/{name}", encoding="utf-8") as f:
            text = f.read()
        return int(text if self.first else re.search(r"^max (\d+)", text,
                                                     re.M)[1])

    def close(self):
        os.rmdir(self.path)


def number_in(name, output):
    return sum(int(n) for n in re.findall(rf"^#:{name} (\d+)", output, re.M))


def words_in(name, output):
    return "; ".join(re.findall(rf"^#:{name} (.*)", output, re.M))


def judge(status, output):
    """What came of a program that reports cases of its own or none."""
    outcome = Outcome("failed", output, why=words_in("skip", output))
    if status is None:
        outcome.output += "\nit hung"
    elif status == SKIPPED:
        outcome.verdict = "skipped"
    elif status == 0:
        outcome.verdict = "ok"
    elif status < 0:
        outcome.output += f"\nkilled by signal {-status}"
    return outcome


def judge_case(status, output, more=0):
    """The same for a case of this folder; more: injections told otherwise."""
    outcome = judge(status, output)
    outcome.said = words_in("say", output)
    outcome.injected = more + number_in("injected", output)
    outcome.handled = number_in("handled", output)
    for count, wrong in ((outcome.injected, "the fault never happened"),
                         (outcome.handled, "the fault was never borne")):
        if outcome.verdict == "ok" and not count:
            outcome.verdict = "failed"
            outcome.output += "\n" + wrong
    return outcome


def judge_conform(status, output):
    """The same for conform's cases of a row."""
    outcome = judge(status, output)
    outcome.cases = len(re.findall(r"^ok \d+ - (?!.*# SKIP)", output, re.M))
    if outcome.verdict == "ok" and not outcome.cases:
        why = re.findall(r"# SKIP (.*)", output)
        outcome.verdict = "skipped" if why else "failed"
        outcome.why = why[0] if why else ""
        outcome.output += "\nno case of the row ran"
    return outcome


# ---- what this machine permits


# The tools that words before a case's command, and needs of it, stand for.
TOOLS = {"strace": "strace", "unshare": "unshare", "limit": "prlimit",
         "wire": "ip", "tun": "ip", "ipv6": "ip", "nft": "nft", "net": "ss"}


class Machine:
    """Answers, once each, whether something can be done here."""

    def __init__(self, programs):
        self.programs, self.known = programs, {}

    def ask(self, *question, settings=None):
        """What the program of the cases says to it: "" is yes."""
        key = question + tuple((settings or {}).items())
        if key not in self.known:
            status, output = start([self.programs.fault, *question], settings)
            if status not in (0, SKIPPED):
                raise OSError(f"{' '.join(question)}: {status}\n{output}")
            self.known[key] = words_in("skip", output)
        return self.known[key]

    def lacks(self, backend):
        return self.ask("--backend", settings={"GNEZDO_BACKEND": backend})

    def can(self, *command):
        if command not in self.known:
            self.known[command] = start(command)[0] == 0
        return self.known[command]

    def forbids(self, needs, around):
        """Why a case cannot run here, '' if it can."""
        words = [word.partition(" ") for word in around.split("; ")]
        for tool in (TOOLS.get(w) for w in [*needs, *(w[0] for w in words)]):
            if tool and not shutil.which(tool):
                return f"{tool} is not here"
        for need in needs:
            if need not in BACKENDS and self.ask("--can", need):
                return self.ask("--can", need)
        return next(filter(None, (self.forbids_word(kind, rest)
                                  for kind, _, rest in words)), "")

    def forbids_word(self, kind, rest):
        tries = {"strace": ["strace", "-o", "/dev/null", "true"],
                 "unshare": ["unshare", *rest.split(), "true"],
                 "refuse": [self.programs.refuse, "EPERM", "/bin/true"]}
        if kind in tries and not self.can(*tries[kind]):
            return f"{kind} {rest if kind == 'unshare' else ''}".strip() + \
                " is not permitted here"
        if kind == "cgroup" and not self.groups():
            return "no memory control group can be made here"
        return ""

    def groups(self):
        """Whether one can be made, and moved into."""
        if "groups" not in self.known:
            well = False
            try:
                group = Group("64M")
                well = self.can("sh", "-c",
                                f"echo 0 >{group.path}/cgroup.procs")
                group.close()
            except OSError:
                pass
            self.known["groups"] = well
        return self.known["groups"]


# ---- the jobs


class Catalogue:
    def __init__(self, programs, folder, quick):
        self.programs, self.folder, self.quick = programs, folder, quick
        self.machine = Machine(programs)
        self.rows = {row.number: row for row in rows.ROWS}

    def jobs(self):
        """Conform's first, for they are the longest."""
        if not self.quick:
            yield from self.conform(self.first(BACKENDS), "real")
            yield from self.conform("sim", "sim")
        _, listed = start([self.programs.fault, "--list"])
        for line in listed.splitlines():
            name, kinds, around = line.split("\t")
            kinds = set(kinds.split())
            if "sim" in kinds:
                yield self.simulated(name)
            if "real" in kinds:
                needs = kinds - {"sim", "real"}
                yield from (self.real(name, backend, needs, around)
                            for backend in self.fitting(needs))

    def first(self, backends):
        """The first that there is; none: one that there is not."""
        there = [b for b in backends if not self.machine.lacks(b)]
        return (there or backends)[0]

    def fitting(self, needs):
        fit = [b for b in BACKENDS
               if b in needs or not needs & set(BACKENDS)]
        return [self.first(fit)] if self.quick else fit

    def job(self, name, world, run):
        found = re.match(r"fault-(\d\d)-", name)
        number = int(found[1]) if found else 0
        return Job(name, number, world, run)

    def simulated(self, name):
        def run():
            return judge_case(*start([self.programs.fault, "--sim", name]))
        return self.job(name + "/sim", "sim", run)

    def real(self, name, backend, needs, around):
        def run():
            why = self.machine.lacks(backend) or \
                self.machine.forbids(needs, around)
            if why:
                return Outcome("skipped", why=why)
            before = Around(around, self.programs, self.folder)
            before.settings.setdefault("GNEZDO_BACKEND", backend)
            before.settings["FAULT_NOW"] = str(time.monotonic_ns())
            try:
                status, output = start(before.before + [
                    self.programs.fault, name], before.settings)
                return judge_case(status, output, before.count())
            finally:
                before.end()
        return self.job(f"{name}/{backend}", "real", run)

    def conform(self, arm, world):
        """Of each row that cases there carry in their names."""
        _, listed = start([self.programs.conform, arm, "--list"])
        for number in sorted(set(re.findall(r"fault_(\d\d)", listed))):
            row = self.rows.get(int(number))
            # A case may have simulations within.
            within = row and not row.real and row.sim
            yield self.conform_row(number, arm, "sim" if within else world)

    def conform_row(self, number, arm, world):
        def run():
            backend = "" if arm == "sim" else arm
            return judge_conform(*start(
                [self.programs.conform, arm, f"*(*fault_{number}*)*"],
                {"GNEZDO_BACKEND": backend}, CONFORM_SECONDS))
        return self.job(f"fault-{number}-conformance/{world}", world, run)


# ---- the table


class Tally:
    """What became of the rows."""

    def __init__(self, catalogue):
        self.catalogue = catalogue
        self.of = {}                    # (row, world): [Outcome]

    def add(self, job, outcome):
        self.of.setdefault((job.row, job.world), []).append(outcome)

    def sum(self, number, world, field):
        return sum(getattr(outcome, field)
                   for outcome in self.of.get((number, world), []))

    def times(self, number, world):
        """How often it happened: each case of conform's is once."""
        return self.sum(number, world, "injected") + \
            self.sum(number, world, "cases")

    def skips(self, number, world):
        whys = [o.why for o in self.of.get((number, world), [])
                if o.verdict == "skipped"]
        return [f"{why} ({whys.count(why)} skipped)"
                for why in sorted(set(whys))]

    def cells(self, row, world):
        """How often it happened and was borne, by how many of conform's cases,
        and how; or why not."""
        how, why_not = ((row.sim, row.no_sim) if world == "sim"
                        else (row.real, row.no_real))
        said = {o.said for o in self.of.get((row.number, world), []) if o.said}
        skips = self.skips(row.number, world)
        if not self.times(row.number, world) and not skips:
            return "", "", "never" if how else why_not or "later"
        injected = self.sum(row.number, world, "injected")
        borne = self.sum(row.number, world, "handled")
        return (f"{injected}/{borne}" if injected else "",
                str(self.sum(row.number, world, "cases") or ""),
                "; ".join([how, *sorted(said), *skips]))

    def lines(self):
        """The table, its columns as wide as they must be."""
        counts = "injected/handled", "cases"
        head = ("row", "fault", *counts, "simulated", *counts,
                "on the real kernel", "later")
        table = [head] + [
            (str(row.number), row.fault, *self.cells(row, "sim"),
             *self.cells(row, "real"), row.later) for row in rows.ROWS]
        widths = [max(len(line[i]) for line in table)
                  for i in range(len(head) - 1)]
        for line in table:
            cells = [cell.ljust(width) for cell, width in zip(line, widths)]
            yield "  ".join(cells + [line[-1]]).rstrip()
        yield self.summary()

    def summary(self):
        counts = {world: sum(self.times(row.number, world) > 0
                             for row in rows.ROWS)
                  for world in ("sim", "real")}
        return (f"{len(rows.ROWS)} rows: {counts['sim']} injected in the "
                f"simulation, {counts['real']} on the real kernel")

    def complaints(self):
        """Rows that are said to be injected and were not; and the reverse."""
        for row in rows.ROWS:
            for world, how, why_not in (("sim", row.sim, row.no_sim),
                                        ("real", row.real, row.no_real)):
                times = self.times(row.number, world)
                if how and not times and not self.skips(row.number, world):
                    yield (f"row {row.number} is said to be injected "
                           f"({world}) and was not")
                if times and not how:
                    yield (f"row {row.number} was injected ({world}), and "
                           "the table does not say how")
                if not how and not why_not and not row.later:
                    yield f"row {row.number} says nothing of {world}"
        for number, _ in self.of:
            if number not in self.catalogue.rows:
                yield f"there is no row {number}"


# ---- all


class Report:
    def __init__(self):
        self.count = self.failed = 0

    def note(self, text):
        for line in text.splitlines():
            print(f"# {line}", flush=True)

    def case(self, name, verdict, why=""):
        self.count += 1
        self.failed += verdict == "failed"
        skip = f" # SKIP {why}" if verdict == "skipped" else ""
        word = "not ok" if verdict == "failed" else "ok"
        print(f"{word} {self.count} - {name}{skip}", flush=True)

    def end(self):
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed else 0


def guarded(job):
    try:
        return job.run()
    except Exception as error:          # one case, not the rest
        return Outcome("failed", f"{type(error).__name__}: {error}")


def run_all(jobs, at_once, report, tally):
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        running = {pool.submit(guarded, job): job for job in jobs}
        for future in concurrent.futures.as_completed(running):
            job, outcome = running[future], future.result()
            if outcome.verdict == "failed":
                report.note(outcome.output)
            report.case(job.name, outcome.verdict, outcome.why)
            tally.add(job, outcome)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--quick", action="store_true")
    for program in ("fault", "conform", "refuse"):
        parser.add_argument(program)
    parser.add_argument("patterns", nargs="*")
    return parser.parse_args()


def main():
    args = arguments()
    report = Report()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    with tempfile.TemporaryDirectory(prefix="gn-fault-") as folder:
        catalogue = Catalogue(args, folder, args.quick)
        tally = Tally(catalogue)
        jobs = [job for job in catalogue.jobs() if not args.patterns or
                any(fnmatch.fnmatch(job.name, p) for p in args.patterns)]
        run_all(jobs, args.jobs, report, tally)
    if not args.patterns and not args.quick:
        complaints = list(tally.complaints())
        report.note("\n".join(complaints))
        report.case("every-row-was-injected",
                    "failed" if complaints else "ok")
        for line in tally.lines():
            print(f"#| {line}", flush=True)
    sys.exit(report.end())


if __name__ == "__main__":
    main()
