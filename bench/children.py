"""Programs that run beside this one: started on one CPU, heard, ended."""
import contextlib
import ctypes
import os
import select
import signal
import subprocess
import tempfile

DYING_SECONDS = 0.5
STOP_SECONDS = 10       # a server that has not ended after SIGTERM hangs
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Failed(Exception):
    """A server or its load did not do its work; the text says how."""


@contextlib.contextmanager
def running(args, cpu, env=None):
    """Run a program on one CPU; it is gone when the block is left."""
    def before_exec():
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.sched_setaffinity(0, {cpu})

    with tempfile.TemporaryFile("w+") as complaints:
        child = subprocess.Popen(
            [str(a) for a in args], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=complaints, text=True,
            env={**os.environ, **(env or {})}, preexec_fn=before_exec)
        child.complaints = complaints
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()
            child.stdin.close()
            child.stdout.close()


def complaint(child):
    """The last line a child wrote to stderr, or how it ended."""
    child.complaints.seek(0)
    lines = child.complaints.read().strip().splitlines()
    if lines:
        return lines[-1]
    if child.returncode is not None and child.returncode < 0:
        return f"ended by {signal.Signals(-child.returncode).name}"
    return f"ended with status {child.returncode}"


def read_line(child, seconds, what):
    ready, _, _ = select.select([child.stdout], [], [], seconds)
    if not ready:
        raise Failed(f"no {what} within {seconds} s")
    line = child.stdout.readline().strip()
    if not line:
        child.wait()
        raise Failed(f"no {what}: {complaint(child)}")
    return line


def read_all(child, seconds, what):
    """Everything a child prints until it ends."""
    try:
        text, _ = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Failed(f"{what} took over {seconds} s") from None
    return text


def check_alive(server):
    """A dying server resets its clients before it is seen to have ended."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(DYING_SECONDS)
        raise Failed(f"server {complaint(server)}")


def stop(server):
    """End a server by SIGTERM; a crash before or after it is a failure."""
    ended = server.poll() is not None
    server.terminate()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        raise Failed(f"not ended {STOP_SECONDS} s after SIGTERM") from None
    if ended or server.returncode not in (0, -signal.SIGTERM):
        raise Failed(f"server {complaint(server)}")
