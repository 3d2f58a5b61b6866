"""Taking samples: a new server and a new load for each."""
import contextlib
import json
import os
import resource
import tempfile
import time
from pathlib import Path

import figures
import machine
import rows
from children import (Failed, check_alive, complaint, read_all, read_line,
                      running, stop)

ROUNDS, WARM_MS, MEASURE_MS = 5, 200, 1000
QUICK_ROUNDS, QUICK_WARM_MS, QUICK_MEASURE_MS = 2, 100, 200
MEMORY_ROUNDS_MAX = 2      # it hardly differs from one to the next
# A disturbed sample is taken anew; not for ever on a busy machine.
TRIES_MAX = 3
RETRY_SECONDS, QUICK_RETRY_SECONDS = 120, 15
START_SECONDS = 10      # a server that has not printed its port by then hangs
LOAD_SECONDS = 60       # far more than opening, warming and measuring take
FILES_SPARE = 100       # descriptors besides the connections'
# For the estimate: starting and ending the two programs, and what opening a
# connection and its first messages take, about as it is on a quiet machine.
SAMPLE_SECONDS, OPEN_SECONDS = 0.15, 0.00015
SETTLE_SECONDS, IDLE_SECONDS = 1.2, 0.3


class Bench:
    """Where the programs are and how each is to be run."""

    def __init__(self, folder, quick, rounds):
        self.folder = folder
        self.rounds = rounds or (QUICK_ROUNDS if quick else ROUNDS)
        self.warm_ms = QUICK_WARM_MS if quick else WARM_MS
        self.measure_ms = QUICK_MEASURE_MS if quick else MEASURE_MS
        cpus = sorted(os.sched_getaffinity(0))
        self.server_cpu, self.load_cpu = cpus[0], cpus[min(1, len(cpus) - 1)]
        self.helper = None
        if self.server_cpu != self.load_cpu:
            self.helper = machine.ksoftirqd(self.server_cpu)
        self.retry_until = time.monotonic() + (
            QUICK_RETRY_SECONDS if quick else RETRY_SECONDS)
        self.servers = [s for s in rows.SERVERS
                        if (folder / s.program).exists()]

    def may_retry(self):
        return self.server_cpu != self.load_cpu and \
            time.monotonic() < self.retry_until

    def missing(self):
        """What was not built: program to (names, package)."""
        found = {}
        for server in rows.SERVERS:
            if server not in self.servers:
                found.setdefault(server.program, ([], server.package))
                found[server.program][0].append(server.name)
        return found


def seconds_of(bench, name):
    """About how long a row takes while nothing is disturbed."""
    row = next((r for r in rows.ROWS if r.name == name), None)
    count = len(rows.servers_of(name, bench.servers))
    if row is None:
        each = SAMPLE_SECONDS + SETTLE_SECONDS + IDLE_SECONDS + \
            OPEN_SECONDS * rows.MEMORY_STEPS[-1]
        return count * min(bench.rounds, MEMORY_ROUNDS_MAX) * each
    each = SAMPLE_SECONDS + OPEN_SECONDS * row.connections + \
        (bench.warm_ms + bench.measure_ms) / 1000
    return count * bench.rounds * each


@contextlib.contextmanager
def serving(bench, server, row=None):
    """A running server; yields the process and the load's arguments that lead
    to it."""
    args = [bench.folder / server.program, *server.options]
    if row and row.message and server.messages:
        args += ["--message", row.message]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "socket"
        if row and "unix" in row.extra:
            args += ["--unix", path]
        with running(args, bench.server_cpu, server.env) as child:
            port = read_line(child, START_SECONDS, "port from the server")
            yield child, (["--unix", path] if "--unix" in args
                          else ["--port", port])
            stop(child)


def load_args(bench, place, **options):
    args = [bench.folder / "load", *place]
    for name, text in options.items():
        args += ["--" + name.replace("_", "-"), text]
    return args


def measure_once(bench, server, row):
    """One sample of a server: what the load printed."""
    with serving(bench, server, row) as (child, place):
        args = load_args(
            bench, place, connections=row.connections, depth=row.depth,
            bytes=row.length, warm_ms=bench.warm_ms,
            measure_ms=bench.measure_ms, server_pid=child.pid,
            helper_pid=bench.helper or 0, churn=int("churn" in row.extra))
        with running(args, bench.load_cpu) as load:
            out = read_all(load, LOAD_SECONDS, "load")
            if load.returncode != 0:
                check_alive(child)
                raise Failed(f"load: {complaint(load)}")
    return json.loads(out)


def measure(bench, server, row):
    """One sample, taken anew while other programs get in the way of it."""
    samples = []
    while not samples or (figures.disturbed(samples[-1:])
                          and len(samples) < TRIES_MAX and bench.may_retry()):
        samples.append(measure_once(bench, server, row))
    return min(samples, key=lambda s: figures.value(s, "kept_off"))


def resident_bytes(pid):
    text = machine.field_of(f"/proc/{pid}/smaps_rollup", "Rss")
    if text is None:
        raise Failed("no Rss in smaps_rollup")
    return int(text.split()[0]) * 1024


def idle_cpu(pid):
    """The share of a CPU that a server takes while nobody asks it, after what
    the last answers left to be done."""
    time.sleep(SETTLE_SECONDS)
    before = machine.cpu_seconds(pid)
    begin = time.monotonic()
    time.sleep(IDLE_SECONDS)
    return (machine.cpu_seconds(pid) - before) / (time.monotonic() - begin)


def measure_memory(bench, server, _row):
    """Resident bytes of a server at each of MEMORY_STEPS connections, and the
    CPU that it takes with the last of them."""
    resident, held = [], 0
    with serving(bench, server) as (child, place), \
            contextlib.ExitStack() as loads:
        for wanted in rows.MEMORY_STEPS:
            load = loads.enter_context(running(
                load_args(bench, place, connections=wanted - held, idle=1),
                bench.load_cpu))
            read_line(load, LOAD_SECONDS, "word from the load")
            resident.append(resident_bytes(child.pid))
            held = wanted
        idle = idle_cpu(child.pid)
        loads.close()
    low, high = rows.MEMORY_STEPS
    return {"resident": resident,
            "each": (resident[1] - resident[0]) / (high - low),
            "idle_cpu": idle}


def rounds_of(bench, servers, how, row, rounds):
    """All samples of a row, and the failures: name to list, name to text."""
    samples, failures = {}, {}
    for _ in range(rounds):
        for server in servers:
            if server.name in failures:
                continue
            try:
                sample = how(bench, server, row)
            except Failed as failure:
                failures[server.name] = str(failure)
            else:
                samples.setdefault(server.name, []).append(sample)
    return samples, failures


def fits(name):
    """Whether the connections of a row fit the limit on open files; if not,
    the sentence that says so."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    connections = max([r.connections for r in rows.ROWS if r.name == name] or
                      rows.MEMORY_STEPS)
    if files == resource.RLIM_INFINITY or connections + FILES_SPARE <= files:
        return None
    return (f"{name}: skipped, {connections:,} connections do not fit the "
            f"hard limit of {files:,} open files")


def measure_row(bench, name):
    """Everything about one row, as it stands in the results."""
    servers = rows.servers_of(name, bench.servers)
    row = next((r for r in rows.ROWS if r.name == name), None)
    if row is None:
        samples, failures = rounds_of(bench, servers, measure_memory, None,
                                      min(bench.rounds, MEMORY_ROUNDS_MAX))
    else:
        samples, failures = rounds_of(bench, servers, measure, row,
                                      bench.rounds)
    return {"title": row.title if row else rows.MEMORY_TITLE,
            "reference": rows.reference_of(name),
            "samples": samples, "failures": failures}
