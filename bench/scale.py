#!/usr/bin/env python3
"""Measure what a fiber, a start and very many connections cost.

usage: bench/scale.py [BUILD] [--only ROW[,ROW]...] [--connections N]
                      [--json FILE]

BUILD, by default build/ beside this folder, is a Meson build folder configured
with -Dbench=true. The rows: switch, start, size, idle, many. `many` opens N
connections (by default 100,000) and smaller numbers before; a million take
15 GB and two processors for a minute or two. Figures are printed beside what
they should be; only an error, not a slow machine, makes it fail.
"""
import argparse
import contextlib
import ctypes
import json
import os
import resource
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROWS = ("switch", "start", "size", "idle", "many")
BUILD = Path(__file__).resolve().parent.parent / "build"
BACKENDS = ("uring", "epoll")

# What a fiber instrument without deadlines, errors and cancellation came to.
SWITCH_MOST = {"switch": 1.2, "join": 25, "hop": 12}
START_MOST_MS = 2
SIZE_MOST_BYTES = 300_000
IDLE_MOST_BYTES = 4300
MANY_MOST_BYTES = 15 * 10**9
MANY_MOST_SECONDS = 60

SWITCH_ROUNDS, START_ROUNDS = 101, 101
IDLE_WARM, IDLE_TURNS, IDLE_HELD = 1000, 20, 15000
LEVELS = (1000, 10_000, 100_000, 1_000_000)
EACH_PROCESS_MOST = 19_600      # connections; its other descriptors: a few
FILES_SPARE = 100
MEMORY_LEFT_LEAST = 3 * 10**9   # below it everything is stopped
MANY_SECONDS_MOST = 180         # from the first process to the last figure
SETTLE_SECONDS_MOST = 20        # idle fibers give pages back after a second
REPORT_SECONDS = 5
WAIT_SECONDS = 60
PR_SET_PDEATHSIG = 1

LIBC = ctypes.CDLL(None)


class Failed(Exception):
    """A program did not do its work, or the machine is too small for it."""


# Processes

class Child:
    """A program that dies with us and is gone when its stack is left."""

    def __init__(self, args, env=None):
        self.complaints = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [str(a) for a in args], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.complaints, bufsize=0,
            env={**os.environ, **(env or {})}, preexec_fn=die_with_parent)
        self.pid = self.process.pid
        self.begun = b""        # of a line that has not ended

    def fileno(self):
        return self.process.stdout.fileno()

    def lines(self):
        """What it has printed, at least a piece of which is there now."""
        piece = os.read(self.fileno(), 65536)
        if not piece:
            raise Failed(self.complaint())
        *whole, self.begun = (self.begun + piece).split(b"\n")
        return [line.decode() for line in whole]

    def line(self, seconds):
        """The next line it prints, which is by itself."""
        until = time.monotonic() + seconds
        while select.select([self], [], [],
                            max(0, until - time.monotonic()))[0]:
            whole = self.lines()
            if whole:
                return whole[-1]
        raise Failed(f"no word within {seconds:.0f} s")

    def tell(self, text):
        self.process.stdin.write(text.encode())

    def complaint(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        self.complaints.seek(0)
        words = self.complaints.read().decode().strip().splitlines()
        return words[-1] if words else \
            f"ended with status {self.process.returncode}"

    def resident(self):
        """Bytes of user memory that this process has in memory."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return 1024 * sum(int(line.split()[1]) for line in rollup.splitlines()
                          if line.startswith("Rss:"))

    def processor(self):
        """Seconds of processor time, and those of it outside the kernel."""
        ran = Path(f"/proc/{self.pid}/schedstat").read_text().split()[0]
        stat = Path(f"/proc/{self.pid}/stat").read_text()
        user, system = map(int, stat.rpartition(")")[2].split()[11:13])
        total = int(ran) / 1e9
        return total, total * user / max(user + system, 1)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.complaints.close()


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def children():
    """A list to put children into, all of which end with the block."""
    held = []
    try:
        yield held
    finally:
        for child in held:
            if child.process.poll() is None:
                child.process.kill()
        for child in held:
            child.close()


def serve(build, held, address, env=None):
    """A server at an address; the child and its port."""
    server = Child([build / "bench" / "many_server", address], env)
    held.append(server)
    return server, server.line(WAIT_SECONDS)


def connect(build, held, host, port, count):
    client = Child([build / "bench" / "many_client", host, port, count])
    held.append(client)
    return client


def wait_for(client, word, seconds=WAIT_SECONDS):
    until = time.monotonic() + seconds
    while client.line(max(0, until - time.monotonic())).split()[0] != word:
        pass


def printed_json(args):
    done = subprocess.run([str(a) for a in args], capture_output=True,
                          text=True, timeout=300, preexec_fn=die_with_parent)
    if done.returncode != 0:
        raise Failed(done.stderr.strip() or f"status {done.returncode}")
    return json.loads(done.stdout)


# Figures

def judged(value, most):
    return "as it should be" if value <= most else f"above {most:,}"


def ratios(rounds, name):
    return [a / b for a, b in zip(rounds[name], rounds["bare"])]


def run_switch(build, _options):
    rounds = printed_json([build / "bench" / "micro",
                           "--rounds", SWITCH_ROUNDS])
    bare = statistics.median(rounds["bare"])
    print(f"bare switch of stacks {bare:.2f} ns, and as multiples of it in "
          f"the same round, median and quartiles of {SWITCH_ROUNDS}:")
    found = {"bare_ns": bare}
    for name, what in (("switch", "switch of fibers"),
                       ("join", "fiber begun and joined"),
                       ("hop", "hop through a channel")):
        low, middle, high = statistics.quantiles(ratios(rounds, name), n=4)
        found[name] = middle
        print(f"  {what:<24}{middle:>8.2f}  ({low:.2f} to {high:.2f})  "
              f"{statistics.median(rounds[name]):>7.1f} ns  "
              f"{judged(middle, SWITCH_MOST[name])}")
    return found


def run_start(build, _options):
    """The hello server beside one by hand: most of a start is the kernel's."""
    programs = {"shared library": ["hello_shared", "tcp://127.0.0.1:0"],
                "static library": ["many_server", "tcp://127.0.0.1:0"],
                "epoll by hand": ["echo_epoll"]}
    found = {}
    print("from exec to listening, medians in ms:")
    for name, (program, *rest) in programs.items():
        took = printed_json([build / "bench" / "micro_start", START_ROUNDS,
                             build / "bench" / program, *rest])
        found[name] = statistics.median(took) / 1e6
        print(f"  {name:<16}{found[name]:>6.2f}  least {min(took) / 1e6:.2f}"
              f"  {judged(found[name], START_MOST_MS)}")
    return found


def run_size(build, _options):
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "library"
        shutil.copy(build / "libgnezdo.so", copy)
        subprocess.run(["strip", copy], check=True)
        size = copy.stat().st_size
    print(f"stripped shared library {size:,} bytes  "
          f"{judged(size, SIZE_MOST_BYTES)}")
    return {"bytes": size}


def settled(servers, until):
    """Resident bytes of all servers once they do not change any more."""
    last = -1
    while True:
        now = sum(server.resident() for server in servers)
        if abs(now - last) < 0.002 * now or time.monotonic() > until:
            return now
        last = now
        time.sleep(1.2)


def idle_bytes(build, backend):
    """The first clients have the server touch what all clients share."""
    with children() as held:
        server, port = serve(build, held, "tcp://127.0.0.1:0",
                             {"GNEZDO_BACKEND": backend})
        kept = []
        for count, turns in ((IDLE_WARM, IDLE_TURNS), (IDLE_HELD, 1)):
            client = connect(build, held, "127.0.0.1", port, count)
            wait_for(client, "opened")
            for _ in range(turns):
                client.tell("go\n")
                wait_for(client, "exchanged")
            kept.append(settled([server],
                                time.monotonic() + SETTLE_SECONDS_MOST))
    return (kept[1] - kept[0]) / IDLE_HELD


def run_idle(build, _options):
    found = {}
    print("resident user memory of a connection that was served once:")
    for backend in BACKENDS:
        found[backend] = idle_bytes(build, backend)
        print(f"  {backend:<8}{found[backend]:>8,.0f} bytes  "
              f"{judged(found[backend], IDLE_MOST_BYTES)}")
    return found


# Very many connections

def memory_left():
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return 1024 * int(line.split()[1])
    raise Failed("no MemAvailable in /proc/meminfo")


class Watch:
    """Reads what clients say, and stops all when memory or time run out."""

    def __init__(self, clients):
        self.clients = clients
        self.begin = time.monotonic()
        self.least_left = memory_left()
        self.told = 0

    def check(self, done, total, what):
        left = memory_left()
        self.least_left = min(left, self.least_left)
        if left < MEMORY_LEFT_LEAST:
            raise Failed(f"only {left / 1e9:.1f} GB of memory are left")
        seconds = time.monotonic() - self.begin
        if seconds > MANY_SECONDS_MOST:
            raise Failed(f"not done after {MANY_SECONDS_MOST} s")
        if seconds - self.told > REPORT_SECONDS:
            self.told = seconds
            print(f"    {seconds:>4.0f} s  {what} {done:>9,} of {total:,}, "
                  f"{left / 1e9:.1f} GB left", flush=True)

    def until_all(self, word, total):
        """Waits until every client has said the word with its number."""
        begin = time.monotonic()
        at = {client: 0 for client in self.clients}
        ended = set()
        while len(ended) < len(self.clients):
            waited = [c for c in self.clients if c not in ended]
            for client in select.select(waited, [], [], 1)[0]:
                for line in client.lines():
                    said, number = line.split()
                    at[client] = int(number)
                    if said == word:
                        ended.add(client)
            self.check(sum(at.values()), total, word)
        return time.monotonic() - begin


def shares(total):
    """How many connections each pair of processes has."""
    most = min(EACH_PROCESS_MOST,
               resource.getrlimit(resource.RLIMIT_NOFILE)[1] - FILES_SPARE)
    pairs = -(-total // most)
    return [total // pairs + (i < total % pairs) for i in range(pairs)]


def start_pairs(build, held, counts):
    """A server and a client a share, each pair with an address of its own."""
    servers, clients = [], []
    for i in range(len(counts)):
        host = f"127.1.{i // 200}.{i % 200 + 1}"
        server, port = serve(build, held, f"tcp://{host}:0")
        servers.append((server, host, port))
    time.sleep(0.5)
    begin = [sum(s.resident() for s, _, _ in servers), memory_left(),
             [s.processor() for s, _, _ in servers]]
    for (_, host, port), count in zip(servers, counts):
        clients.append(connect(build, held, host, port, count))
    return [s for s, _, _ in servers], clients, begin


def many_once(build, total):
    counts = shares(total)
    with children() as held:
        servers, clients, begin = start_pairs(build, held, counts)
        resident, left, used = begin
        watch = Watch(clients)
        opened = watch.until_all("opened", total)
        for client in clients:
            client.tell("go\n")
        exchanged = watch.until_all("exchanged", total)
        spent = [[b - a for a, b in zip(x, s.processor())]
                 for x, s in zip(used, servers)]
        kept = settled(servers, time.monotonic() + SETTLE_SECONDS_MOST)
        watch.check(total, total, "settled")
        return {
            "connections": total, "pairs": len(counts),
            "opened_seconds": opened, "exchanged_seconds": exchanged,
            "bytes_each": (kept - resident) / total,
            "cpu_us_each": 1e6 * sum(t for t, _ in spent) / total,
            "user_us_each": 1e6 * sum(u for _, u in spent) / total,
            "memory_bytes": left - watch.least_left, "errors": 0,
        }


def run_many(build, options):
    found = []
    print("connections over loopback, clients included; a server's user "
          "memory and processor time a connection:")
    levels = [n for n in LEVELS if n < options.connections]
    for total in (*levels, options.connections):
        one = many_once(build, total)
        found.append(one)
        print(f"  {total:>9,} in {one['pairs']} pairs of processes: opened in "
              f"{one['opened_seconds']:.1f} s, all exchanged in "
              f"{one['exchanged_seconds']:.1f} s, 0 errors; "
              f"{one['bytes_each']:,.0f} bytes, "
              f"{one['cpu_us_each']:.1f} µs of which "
              f"{one['user_us_each']:.1f} outside the kernel; "
              f"{one['memory_bytes'] / 1e9:.2f} GB in all", flush=True)
    last = found[-1]
    print(f"  opened: {judged(last['opened_seconds'], MANY_MOST_SECONDS)}; "
          f"memory: {judged(last['memory_bytes'], MANY_MOST_BYTES)}")
    return found


def read_options():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="The rows: " + ", ".join(ROWS))
    parser.add_argument("build", nargs="?", type=Path, default=BUILD,
                        help="a Meson build folder with -Dbench=true")
    parser.add_argument("--only", default="", metavar="ROW[,ROW]...")
    parser.add_argument("--connections", type=int, default=100_000,
                        metavar="N", help="of `many`, default 100,000")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    options.rows = [r for r in options.only.split(",") if r] or list(ROWS)
    for row in options.rows:
        if row not in ROWS:
            parser.error(f"no row {row}")
    if not 1 <= options.connections <= LEVELS[-1]:
        parser.error("--connections is 1 to 1,000,000")
    if not (options.build / "bench" / "many_server").exists():
        parser.error(f"{options.build}: no bench/many_server in it; configure "
                     f"with -Dbench=true and build")
    return options


def main():
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    runs = {"switch": run_switch, "start": run_start, "size": run_size,
            "idle": run_idle, "many": run_many}
    found, failures = {}, 0
    for row in options.rows:
        print(f"\n{row}: ", end="", flush=True)
        try:
            found[row] = runs[row](options.build, options)
        except (Failed, subprocess.SubprocessError, OSError) as why:
            print(f"  failed: {why}", flush=True)
            failures += 1
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
