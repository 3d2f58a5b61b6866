#!/usr/bin/env python3
"""Runs the catalogue of faults: each case on each backend that there is, some
at once, and prints how often each row's fault happened and was borne.

usage: run.py [--jobs N] [--quick] FAULT CONFORM REFUSE [PATTERN...]

FAULT, CONFORM and REFUSE are the programs of the build.  PATTERN chooses cases
by the name that is reported: "fault-09-*", "*/epoll"; --quick those that are
not conform's, on one backend.  rows.py has the rows; one that is said to be
injected and was not fails a run of all.
"""
import argparse
import concurrent.futures
import dataclasses
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile

import rows

HERE = os.path.dirname(os.path.abspath(__file__))
BACKENDS = ["uring", "epoll", "poll"]

# Nothing here takes so long: what does has hung.  Some builds are slow.
HANG_SECONDS = 120 * int(os.environ.get("GN_SLOWNESS", "1"))
JOBS = 8
SKIPPED = 77


@dataclasses.dataclass
class Outcome:
    verdict: str                        # ok, failed or skipped
    output: str = ""
    why: str = ""                       # skipped
    injected: int = 0
    handled: int = 0


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


def start(command, settings=None, **popen):
    """Run a program to its end: (status, output); None: it hung."""
    popen.setdefault("stdin", subprocess.DEVNULL)
    process = subprocess.Popen(
        command, env=environment(**(settings or {})), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, **popen)
    try:
        output, _ = process.communicate(timeout=HANG_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        return None, output.decode("utf-8", "replace")
    return process.returncode, output.decode("utf-8", "replace")


class Around:
    """What stands before a case's command, by the words of its table."""

    def __init__(self, words, programs, folder):
        self.settings, self.before, self.popen = {}, [], {}
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


def judge(status, output, more=0):
    """What came of a case of this folder."""
    outcome = Outcome("failed", output, injected=more +
                      number_in("injected", output),
                      handled=number_in("handled", output))
    if status is None:
        outcome.output += "\nit hung"
    elif status == SKIPPED:
        outcome.verdict = "skipped"
        outcome.why = "".join(re.findall(r"^#:skip (.*)", output, re.M))
    elif status == 0 and outcome.injected == 0:
        outcome.output += "\nthe fault never happened"
    elif status == 0:
        outcome.verdict = "ok"
    elif status < 0:
        outcome.output += f"\nkilled by signal {-status}"
    return outcome


# ---- what this machine permits


def missing_tool(around):
    words = {"strace": "strace", "unshare": "unshare", "limit": "prlimit"}
    for word in around.split("; "):
        tool = words.get(word.split(" ")[0])
        if tool and not shutil.which(tool):
            return f"{tool} is not here"
    return ""


class Machine:
    """Answers, once each, whether something can be done here."""

    def __init__(self):
        self.known = {}

    def can(self, *command):
        if command not in self.known:
            self.known[command] = start(command)[0] == 0
        return self.known[command]

    def forbids(self, needs, around):
        """Why a case cannot run here, '' if it can."""
        if "tun" in needs and not os.access("/dev/net/tun", os.R_OK | os.W_OK):
            return "/dev/net/tun may not be used"
        if "root" in needs and os.geteuid() != 0:
            return "one must be root for it"
        if {"net", "wire"} & needs:
            for tool in ("ip", "nft", "ss"):
                if not shutil.which(tool):
                    return f"{tool} is not here"
        tool = missing_tool(around)
        if tool:
            return tool
        if "strace" in around and not self.can("strace", "-o", "/dev/null",
                                               "true"):
            return "strace is not permitted here"
        for word in around.split("; "):
            if word.startswith("unshare ") and \
                    not self.can(*word.split(), "true"):
                return f"{word} is not permitted here"
        if "cgroup" in around and not self.groups():
            return "no memory control group can be made here"
        return ""

    def groups(self):
        if "groups" not in self.known:
            try:
                Group("64M").close()
                self.known["groups"] = True
            except OSError:
                self.known["groups"] = False
        return self.known["groups"]


# ---- the jobs


class Catalogue:
    def __init__(self, programs, folder, quick):
        self.programs, self.folder, self.quick = programs, folder, quick
        self.machine = Machine()
        self.rows = {row.number: row for row in rows.ROWS}

    def backends(self):
        """Those that this build and this machine have."""
        for name in BACKENDS:
            status, _ = start([self.programs.fault, "--backend"],
                              {"GNEZDO_BACKEND": name})
            if status == 0:
                yield name

    def jobs(self):
        backends = list(self.backends())
        if self.quick:
            backends = backends[:1]
        status, listed = start([self.programs.fault, "--list"])
        for line in listed.splitlines():
            name, kinds, around = line.split("\t")
            kinds = set(kinds.split())
            if "sim" in kinds:
                yield self.simulated(name)
            if "real" in kinds:
                yield from (self.real(name, backend, kinds, around)
                            for backend in backends
                            if backend in kinds or not kinds & set(BACKENDS))
        for row in [] if self.quick else rows.ROWS:
            yield from (self.conform(row, arm, "real", row.conform)
                        for arm in backends if row.conform)
            if row.conform_sim:
                yield self.conform(row, row.sim_arm, "sim", row.conform_sim)

    def job(self, name, world, run):
        found = re.match(r"fault-(\d\d)-", name)
        number = int(found[1]) if found else 0
        return Job(name, number, world, run)

    def simulated(self, name):
        def run():
            status, output = start([self.programs.fault, "--sim", name])
            return judge(status, output)
        return self.job(name + "/sim", "sim", run)

    def real(self, name, backend, needs, around):
        def run():
            why = self.machine.forbids(needs, around)
            if why:
                return Outcome("skipped", why=why)
            before = Around(around, self.programs, self.folder)
            before.settings.setdefault("GNEZDO_BACKEND", backend)
            try:
                status, output = start(before.before + [
                    self.programs.fault, name], before.settings)
                return judge(status, output, before.count())
            finally:
                before.end()
        return self.job(f"{name}/{backend}", "real", run)

    def conform(self, row, arm, world, patterns):
        command = [self.programs.conform, arm] + [
            f"*/{pattern}*(*fault_{row.number:02}*"
            for pattern in patterns.split()]

        def run():
            status, output = start(
                command, {"GNEZDO_BACKEND": "" if arm == "sim" else arm})
            passed = re.findall(r"^ok \d+ - (?!.*# SKIP)", output, re.M)
            outcome = judge(status, output, len(passed))
            outcome.handled = len(passed)
            why = re.findall(r"# SKIP (.*)", output)
            if not passed and why and status == 0:
                return Outcome("skipped", why=why[0])
            return outcome
        name = "sim" if world == "sim" else arm
        return self.job(f"fault-{row.number:02}-conformance/{name}", world,
                        run)


# ---- the table


class Tally:
    """What became of the rows."""

    def __init__(self, catalogue):
        self.catalogue = catalogue
        self.of = {}                    # (row, world): [Outcome]

    def add(self, job, outcome):
        self.of.setdefault((job.row, job.world), []).append(outcome)

    def sums(self, number, world):
        outcomes = self.of.get((number, world), [])
        return (sum(o.injected for o in outcomes),
                sum(o.handled for o in outcomes),
                sorted({o.why for o in outcomes if o.why}))

    def cell(self, row, world):
        """How often it happened and was borne, and how; or why not."""
        how, why_not = ((row.sim, row.no_sim) if world == "sim"
                        else (row.real, row.no_real))
        times, borne, skipped = self.sums(row.number, world)
        if times:
            return f"{times}/{borne} {how}"
        if skipped:
            return "skipped: " + "; ".join(skipped)
        return f"0/0 {how}" if how else why_not or "later"

    def lines(self):
        """The table, its columns as wide as they must be."""
        head = ("row", "fault", "simulated: injected/handled, how",
                "real kernel: the same", "later")
        table = [head] + [
            (str(row.number), row.fault, self.cell(row, "sim"),
             self.cell(row, "real"), row.later) for row in rows.ROWS]
        widths = [max(len(line[i]) for line in table) for i in range(4)]
        for line in table:
            cells = [cell.ljust(width) for cell, width in zip(line, widths)]
            yield "  ".join(cells + [line[4]]).rstrip()
        yield self.summary()

    def summary(self):
        counts = {world: sum(self.sums(row.number, world)[0] > 0
                             for row in rows.ROWS)
                  for world in ("sim", "real")}
        return (f"{len(rows.ROWS)} rows: {counts['sim']} injected in the "
                f"simulation, {counts['real']} on the real kernel")

    def complaints(self):
        """Rows that are said to be injected and were not; and the reverse."""
        for row in rows.ROWS:
            for world, how, why_not in (("sim", row.sim, row.no_sim),
                                        ("real", row.real, row.no_real)):
                times, _, skipped = self.sums(row.number, world)
                if how and not times and not skipped:
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
