#!/usr/bin/env python3
"""The documents, tried: their programs compile, run, and print what is shown.

usage: check.py --root DIR --include DIR --library FILE [--flag F]... -- CC...

A program is a fenced block of C with a main; its first line, a comment, names
its file.  A block `console` whose commands are such programs is typed into a
terminal, and what comes must be what stands there, but for the numbers of
free ports.  A server's block runs beside the block that follows it; `^C` is
typed when that one has ended.  Blocks with other commands are not run.  A
document and its translation have the same programs and commands.
"""
import argparse
import concurrent.futures
import functools
import os
import pty
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import csource                                                  # noqa: E402
import tap                                                      # noqa: E402

DOCUMENTS = [("README.md", "README.ru.md"),
             ("docs/tutorial.en.md", "docs/tutorial.ru.md")]

# Programs that serve until they are told to end, or have served their client.
SERVERS = {"lesson_server", "serve", "server"}

RUN_SECONDS = 60
STRICT = ["-O1", "-g", "-Wall", "-Wextra", "-Werror"]
REFUSED = 69                            # nobody listens there yet

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.S | re.M)
NAMED = re.compile(r"/\* (\w+)\.c\b")
PORT = re.compile(r"(127\.0\.0\.1|\[::1\]):\d{4,5}\b")
CONVERSION = re.compile(r"%[-+ #0]*[\d*]*(?:\.[\d*]+)?(?:[hljzt]*[a-zA-Z])")


class Console:
    """Commands and what they print."""

    def __init__(self, text, line, programs):
        self.line = line
        typed = [t for t in text.splitlines() if t.startswith("$ ")]
        self.commands = [t[2:] for t in typed]
        self.interrupted = "^C" in text.splitlines()
        self.shown = [t for t in text.splitlines()
                      if t not in typed and t != "^C"]
        self.run = [c for c in self.commands if not c.startswith("cc ")]
        self.names = [m.group(1) for m in (re.match(r"\./(\w+)\b", c)
                                           for c in self.run) if m]
        self.runnable = bool(self.names) and set(self.names) <= set(programs) \
            and len(self.names) + self.run.count("echo $?") == len(self.run)
        self.serves = self.runnable and self.names[0] in SERVERS


class Document:
    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), encoding="utf-8") as f:
            text = f.read()
        self.programs, self.consoles = {}, []
        blocks = [(m.group(1), m.group(2), text.count("\n", 0, m.start()) + 2)
                  for m in FENCE.finditer(text)]
        for language, source, line in blocks:
            if language == "c" and "int main(" in source:
                named = NAMED.match(source)
                name = named.group(1) if named else f"line{line}"
                self.programs[name] = (source, line)
        for language, source, line in blocks:
            if language == "console":
                self.consoles.append(Console(source, line, self.programs))

    def shows(self, name):
        return any(name in c.names for c in self.consoles if c.runnable)


class Terminal:
    """A program at a terminal of its own, in a folder."""

    def __init__(self, command, folder):
        self.output, self.ended = b"", False
        self.master, slave = pty.openpty()
        mode = termios.tcgetattr(slave)
        mode[1] &= ~termios.OPOST       # no carriage returns
        termios.tcsetattr(slave, termios.TCSANOW, mode)
        kept = {k: v for k, v in os.environ.items()
                if not k.startswith("GNEZDO_")}
        self.process = subprocess.Popen(
            ["sh", "-c", command], cwd=folder, env=kept, stdout=slave,
            stdin=subprocess.DEVNULL, stderr=slave, start_new_session=True)
        os.close(slave)

    def read_to_the_end(self):
        """What it printed, once it has ended; and how it did."""
        deadline = time.monotonic() + RUN_SECONDS
        while not self.ended:
            left = deadline - time.monotonic()
            if left <= 0:
                self.output += b"(still running)\n"
                break
            if select.select([self.master], [], [], left)[0]:
                self.ended = not self.take()
        self.close()
        return self.output.decode("utf-8", "replace").splitlines()

    def take(self):
        try:
            part = os.read(self.master, 65536)
        except OSError:                 # EIO: the last holder has gone
            return False
        self.output += part
        return bool(part)

    def interrupt(self):
        os.killpg(self.process.pid, signal.SIGINT)

    def close(self):
        if not self.ended and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.master >= 0:
            os.close(self.master)
        self.master = -1


class Kit:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder

    def home(self, document):
        """Where the programs of a document are."""
        folder = os.path.join(self.folder, document.path.replace("/", "-"))
        os.makedirs(folder, exist_ok=True)
        return folder

    def build(self, document, name):
        source, line = document.programs[name]
        if name.startswith("line"):
            return [f"{document.path}:{line}: the program names no file"]
        path = os.path.join(self.home(document), name)
        library = os.path.abspath(self.args.library)
        with open(path + ".c", "w", encoding="utf-8") as f:
            f.write(f'#line {line} "{document.path}"\n{source}')
        done = subprocess.run(
            self.args.cc + STRICT + self.args.flag
            + ["-I", self.args.include, "-o", path, path + ".c", library,
               "-pthread", "-Wl,-rpath," + os.path.dirname(library)],
            capture_output=True, text=True, timeout=120)
        if done.returncode == 0 and not document.shows(name):
            return [f"{document.path}:{line}: nothing shows how {name} runs"]
        return done.stderr.splitlines() if done.returncode else []

    def alone(self, document, console):
        terminal = Terminal("\n".join(console.run), self.home(document))
        return differences(document, console, terminal.read_to_the_end())

    def beside(self, document, server, client):
        """Both at an address that is free, whatever the document says."""
        address = f"tcp://127.0.0.1:{free_port()}"
        home = self.home(document)
        serving = Terminal(f"exec {server.run[0]} {address}", home)
        printed = []
        try:
            for command in client.run:
                printed += ask(f"{command} {address}", home, serving)
            if server.interrupted:
                serving.interrupt()
            served = serving.read_to_the_end()
        finally:
            serving.close()
        return (differences(document, client, printed)
                + differences(document, server, served))


def ask(command, home, serving):
    """Runs a client until the server is there to answer it."""
    deadline = time.monotonic() + RUN_SECONDS
    while True:
        terminal = Terminal(command, home)
        printed = terminal.read_to_the_end()
        if terminal.process.returncode != REFUSED \
                or serving.process.poll() is not None \
                or time.monotonic() > deadline:
            return printed


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def differences(document, console, printed):
    shown = [PORT.sub(r"\1:PORT", line) for line in console.shown]
    got = [PORT.sub(r"\1:PORT", line) for line in printed]
    if shown == got:
        return []
    return [f"{document.path}:{console.line}: it shows",
            *("    " + line for line in shown), "and there came",
            *("    " + line for line in got)]


def plain(source):
    """A program without what a translation changes: its comments, and the
    words of its literals."""
    def reduce(found):
        noise = found.group()
        if noise.startswith("/"):
            return " "
        if noise.startswith('"'):
            return '"' + "".join(CONVERSION.findall(noise)) + '"'
        return noise
    return csource.NOISE.sub(reduce, source).split()


def same(first, second):
    """Complaints about a translation."""
    if list(first.programs) != list(second.programs):
        yield (f"{first.path} has {', '.join(first.programs)}; "
               f"{second.path} has {', '.join(second.programs)}")
        return
    for name, (source, _) in first.programs.items():
        other, line = second.programs[name]
        if plain(source) != plain(other):
            yield (f"{second.path}:{line}: {name}.c is not the program of "
                   f"{first.path}")
    commands = [[c.commands for c in d.consoles] for d in (first, second)]
    for one, two in zip(*commands):
        if one != two:
            yield (f"{first.path} types {shlex.join(one)}, "
                   f"{second.path} {shlex.join(two)}")
    if len(commands[0]) != len(commands[1]):
        yield f"{second.path} has another number of console blocks"


def runs(kit, document):
    """(name, case) of each block that can be run."""
    waiting = None
    for console in filter(lambda c: c.runnable, document.consoles):
        title = f"{document.path} {'; '.join(console.run)}"
        if console.serves:
            waiting = console
        elif waiting:
            yield (f"{title} beside {waiting.run[0]}",
                   functools.partial(kit.beside, document, waiting, console))
            waiting = None
        else:
            yield title, functools.partial(kit.alone, document, console)


def cases(kit):
    for pair in DOCUMENTS:
        documents = [Document(kit.args.root, path) for path in pair]
        yield (f"{pair[1]} has the programs of {pair[0]}",
               functools.partial(same, *documents))
        for document in documents:
            for name in document.programs:
                yield (f"{document.path} {name}.c",
                       functools.partial(kit.build, document, name))
            yield from runs(kit, document)


def started(pool, name, case):
    """Compilations begin now, two at a time; programs run in their turn."""
    return pool.submit(case).result if name.endswith(".c") else case


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", required=True)
    parser.add_argument("--include", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("--flag", action="append", default=[])
    parser.add_argument("cc", nargs="+")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(2) as pool:
        kit = Kit(args, folder)
        status = tap.run([(name, started(pool, name, case))
                          for name, case in cases(kit)])
    sys.exit(status)


if __name__ == "__main__":
    main()
