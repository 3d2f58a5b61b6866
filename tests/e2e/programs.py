"""The programs of examples/ as processes: what they print is waited for, never
slept for."""
import contextlib
import os
import signal
import subprocess
import sys
import threading

# Nothing here takes so long; a test that waits longer has found a hang.
HANG_SECONDS = 60

BUILD = os.environ.get("GN_BUILD_DIR", "build")
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# What a server says before the address that it serves.
READY = "Сервер ждёт на "
FROM_CLIENT = "Сообщение от клиента: "
FROM_SERVER = "Сообщение от сервера: "
GREETING = "Привет, сервер!"
ANSWER = "Привет, клиент!"


def example(name):
    return os.path.join(BUILD, "examples", name)


class Output(threading.Thread):
    """What comes out of one descriptor, as it comes."""

    def __init__(self, pipe):
        super().__init__(daemon=True)
        self.pipe, self.bytes, self.ended = pipe, b"", False
        self.taken = 0                  # by line()
        self.news = threading.Condition()
        self.start()

    def run(self):
        while chunk := os.read(self.pipe.fileno(), 65536):
            with self.news:
                self.bytes += chunk
                self.news.notify_all()
        with self.news:
            self.ended = True
            self.news.notify_all()

    def wait_for(self, what):
        """Wait until what() holds or nothing more can come."""
        with self.news:
            if not self.news.wait_for(lambda: what() or self.ended,
                                      HANG_SECONDS):
                raise AssertionError(f"hangs; so far: {self.bytes[-500:]!r}")

    def line(self):
        """The next whole line, without its end; '' after the last."""
        self.wait_for(lambda: b"\n" in self.bytes[self.taken:])
        line = self.bytes[self.taken:].partition(b"\n")[0]
        self.taken += len(line) + 1
        return line.decode()

    def all(self):
        self.wait_for(lambda: False)
        return self.bytes


class Program:
    """One process.  Its environment is ours with GNEZDO_BACKEND set."""

    def __init__(self, *command, backend="", environment=None, **popen):
        given = dict(os.environ, **(environment or {}))
        given.pop("GNEZDO_BACKEND", None)
        if backend:
            given["GNEZDO_BACKEND"] = backend
        popen.setdefault("stdin", subprocess.DEVNULL)
        popen.setdefault("stdout", subprocess.PIPE)
        popen.setdefault("stderr", subprocess.PIPE)
        self.process = subprocess.Popen(command, env=given, **popen)
        self.out, self.err = (pipe and Output(pipe) for pipe in
                              (self.process.stdout, self.process.stderr))
        self.address = ""

    def ready(self):
        """Wait for the line with the address that it serves."""
        line = self.out.line()
        if not line:
            raise AssertionError(f"did not start: {self.err.all().decode()}")
        self.address = line.removeprefix(READY)
        return self

    def send(self, number):
        self.process.send_signal(number)

    def wait(self):
        """The exit status, negative if a signal ended it."""
        try:
            return self.process.wait(HANG_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.process.args} hangs") from None

    def end(self, number=signal.SIGTERM):
        self.send(number)
        return self.wait()

    def text(self):
        return self.out.all().decode()

    def sentence(self):
        return self.err.all().decode()

    def running(self):
        return self.process.poll() is None

    def drop(self):
        """Whatever happened: no process and no descriptor stays."""
        if self.running():
            self.process.kill()
        self.process.wait()
        for output in (self.out, self.err):
            if output:
                output.join(HANG_SECONDS)
                output.pipe.close()
        if self.process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()


class Stage:
    """Where the programs of a test are started, all with one backend."""

    def __init__(self, backend, folder):
        self.backend, self.folder, self.programs = backend, folder, []

    def start(self, name, *args, before=(), **popen):
        """Start an example; before: what it is started by."""
        popen.setdefault("backend", self.backend)
        path = name if os.path.isabs(name) else example(name)
        program = Program(*before, path, *args, **popen)
        self.programs.append(program)
        return program

    def serve(self, name, *args, **popen):
        """Start a server and wait until it serves program.address."""
        return self.start(name, *args, **popen).ready()

    def run(self, name, *args, **popen):
        """Run an example to its end: (status, output, sentence)."""
        program = self.start(name, *args, **popen)
        return program.wait(), program.text(), program.sentence()

    def path(self, name):
        return os.path.join(self.folder, name)

    def close(self):
        for program in self.programs:
            program.drop()


def python(script):
    """What starts one of our scripts, which then becomes its arguments."""
    return sys.executable, os.path.join(HERE, script)
