"""demo/run: what it shows, in which language, and what it leaves behind."""
import os
import re
import resource
import signal
import stat
import sys
import time

import pytest

from programs import (ANSWER, BUILD, GREETING, HANG_SECONDS, ROOT, Program,
                      example, python)

DEMO = os.path.join(ROOT, "demo", "run")
SHOWN = ["tcp://127.0.0.1:\\d+", "tcp://\\[::1\\]:\\d+",
         "udp://127.0.0.1:\\d+", "unix:…/stream", "unix-dgram:…/datagram",
         "unix-seqpacket:…/seqpacket"]
LANGUAGES = {
    "en": ("server saw", "client saw", "Next: docs/tutorial.en.md",
           "the demo failed: "),
    "ru": ("сервер увидел", "клиент увидел", "Дальше: docs/tutorial.ru.md",
           "демонстрация не удалась: "),
}
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")


def sanitized():
    """A program of a build that is ten times as large and slow."""
    with open(example("tcp_server"), "rb") as program:
        return b"__asan_init" in program.read()


class Demo(Program):
    """The demo in a session and a folder for temporary files of its own."""

    def __init__(self, folder, build=BUILD, descriptors=None, **locale):
        unset = {name: "" for name in LOCALE}

        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE,
                                   (descriptors, descriptors))
        self.folder = folder
        super().__init__(sys.executable, DEMO, build, start_new_session=True,
                         preexec_fn=limit,
                         environment={**unset, **locale, "TMPDIR": folder,
                                      "PYTHONDONTWRITEBYTECODE": "1"})

    def left_behind(self):
        """Files and processes that outlive it."""
        deadline = time.monotonic() + HANG_SECONDS
        while self.processes() and time.monotonic() < deadline:
            continue                    # they are being ended
        return os.listdir(self.folder) + self.processes()

    def processes(self):
        session, left = str(self.process.pid), []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue                # it has ended meanwhile
            if fields[3] == session and fields[0] != "Z":
                left.append(f"process {entry}")
        return left


@pytest.fixture
def demo(folder):
    started = []

    def start(*args, **kwargs):
        temporary = os.path.join(folder, "tmp")
        os.makedirs(temporary, exist_ok=True)
        started.append(Demo(temporary, *args, **kwargs))
        return started[-1]
    yield start
    for program in started:
        program.drop()


@pytest.fixture
def broken(folder):
    """A build in which one program is replaced by a script."""
    os.makedirs(os.path.join(folder, "examples"))
    for name in os.listdir(example("")):
        if os.access(example(name), os.X_OK) and os.path.isfile(example(name)):
            os.symlink(os.path.abspath(example(name)),
                       os.path.join(folder, "examples", name))

    def replace(name, script):
        path = os.path.join(folder, "examples", name)
        os.unlink(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + script + "\n")
        os.chmod(path, stat.S_IRWXU)
        return folder
    return replace


def lesson(lines, language):
    """The six pairs of lines after the headline, as they have to be."""
    server, client = LANGUAGES[language][:2]
    addresses = [a for a in SHOWN
                 if "::1" not in a or os.path.exists("/proc/net/if_inet6")]
    for address in addresses:
        assert re.fullmatch(f"   {address} +{server}: {GREETING}",
                            lines.pop(0))
        assert re.fullmatch(f" +{client}: {ANSWER}", lines.pop(0))


def many(lines, count):
    for _ in range(2):
        assert re.fullmatch(rf"   \D+: +{count} \w+ \d+\.\d\d \w+",
                            lines.pop(0))
    assert re.fullmatch(r"   .*: +\d+\.\d (KB|КБ) .*", lines.pop(0))


def simulation(lines):
    first, second = ([re.sub(r"0\.0\d+", "?", lines[0]),
                      re.sub(r"0\.0\d+", "?", lines[1])])
    assert first == second and "?" in first and "0.800" in first
    traces = [re.search(r"[0-9a-f]{16}", line)[0] for line in
              (lines[0], lines[1], lines[3])]
    assert traces[0] == traces[1] != traces[2]
    del lines[:4]


def shop(lines):
    """A bug found, replayed, cut down; and not found where it is mended."""
    found, again, shrunk, mended = lines[:4]
    seed = re.search(r" (\d+): .* 2$", found)[1]
    assert f"GNEZDO_SCENARIO=shop GNEZDO_SEED={seed} " in again
    few, many_events = sorted(map(int, re.findall(r"\d+", shrunk)))
    assert 0 < few <= 20 < many_events
    assert "1000" in mended
    del lines[:4]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("count", [10000, 300])
def test_demo(demo, language, count):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if count == 10000 and (sanitized() or hard < count + 200):
        pytest.skip("too many descriptors or too slow")
    show = demo(LC_ALL=f"{language}_XX.UTF-8",
                descriptors=500 if count == 300 else None)
    assert show.wait() == 0, show.sentence()
    assert show.sentence() == ""
    lines = show.text().splitlines()
    assert lines.pop(0).startswith("gnezdo: ")
    assert lines.pop(0).startswith("1. ")
    lesson(lines, language)
    assert str(count) in (headline := lines.pop(0)) and headline[:2] == "2."
    if count == 300:
        assert "500" in lines[0] and "10000" in lines.pop(0)
    many(lines, count)
    assert lines.pop(0).startswith("3. ")
    simulation(lines)
    assert lines.pop(0).startswith("4. ")
    shop(lines)
    assert lines.pop(0).startswith("5. ")
    assert "io_uring" in lines[0] or "epoll" in lines[0]
    assert "epoll" in lines[1] or "io_uring" in lines[1]
    assert lines[-1] == LANGUAGES[language][2]
    assert show.left_behind() == []


@pytest.mark.parametrize("locale, language", [
    ({}, "en"), ({"LANG": "ru_RU.UTF-8"}, "ru"), ({"LANG": "ru"}, "ru"),
    ({"LC_MESSAGES": "ru_RU", "LANG": "de_DE"}, "ru"),
    ({"LC_ALL": "C", "LC_MESSAGES": "ru_RU", "LANG": "ru_RU"}, "en"),
    ({"LC_ALL": "ru_NOWHERE.KOI8-R", "LANG": "C"}, "ru"),
    ({"LC_MESSAGES": "en_US", "LANG": "ru_RU"}, "en"),
    ({"LC_ALL": "POSIX"}, "en"), ({"LANG": "tr_TR.UTF-8"}, "en"),
], ids=str)
def test_demo_speaks(demo, locale, language, folder):
    """Told by its first words and by those of a failure."""
    show = demo(os.path.join(folder, "nothing"), **locale)
    assert show.wait() == 1
    cyrillic = re.search("[а-я]", show.text())
    assert bool(cyrillic) == (language == "ru")
    assert show.sentence().startswith(LANGUAGES[language][3])
    assert show.sentence().count("\n") == 1
    assert show.left_behind() == []


def test_demo_without_a_build(demo):
    show = Program(sys.executable, DEMO)
    assert show.wait() != 0
    assert show.sentence() == "usage: run BUILD\n"
    show.drop()


@pytest.mark.parametrize("name, script", [
    ("tcp_server", "exit 3"), ("tcp_client", "exit 3"),
    ("udp_client", "echo 'udp_client: it broke' >&2; exit 3"),
    ("unix_client", "exit 0"), ("unix_client", "echo nonsense"),
    ("udp_server", "echo at udp://127.0.0.1:1; read line"),
    ("many_clients", "exit 3"), ("many_clients", "echo 1 2; echo none"),
    ("many_clients", "echo 9 connected at once, in 1 s; cat; "
     "echo 9 answered, in 1 s"),
    ("simulated", "exit 3"), ("simulated", "echo nonsense"),
    ("simulated", "echo virtual 1 s, real 1 s, trace $$"),
    ("shop", "exit 3"), ("shop", "exit 0"), ("shop", "echo nonsense; exit 1"),
    ("backend", "exit 3"), ("backend", "exit 0"),
], ids=lambda value: value[:16])
def test_demo_of_which_a_step_fails(demo, broken, name, script):
    show = demo(broken(name, script), descriptors=400)
    assert show.wait() == 1, show.text()
    assert show.sentence().splitlines()[-1].startswith("the demo failed: ")
    assert "Traceback" not in show.sentence()
    assert not show.text().endswith(LANGUAGES["en"][2] + "\n")
    assert show.left_behind() == []


@pytest.mark.parametrize("name", ["udp_client", "many_clients"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT,
                                    signal.SIGKILL])
def test_demo_that_is_interrupted(demo, broken, folder, name, number):
    """While a program that it started does not end by itself."""
    fifo = os.path.join(folder, "fifo")
    os.mkfifo(fifo)
    show = demo(broken(name, f"echo here >{fifo}; exec tail -f /dev/null"),
                descriptors=400)
    with open(fifo, encoding="ascii") as hint:
        assert hint.read() == "here\n"
    show.send(number)
    if number == signal.SIGKILL:
        assert show.wait() == -number
        show.left_behind()
        assert show.processes() == []
        return
    assert show.wait() == 128 + number
    assert show.sentence() == ""
    assert show.left_behind() == []


def test_demo_where_io_uring_is_refused(demo, folder):
    """It says so, and why."""
    show = Program(*python("refuse.py"), "EPERM", sys.executable, DEMO, BUILD,
                   environment={"LC_ALL": "C", "TMPDIR": folder},
                   preexec_fn=lambda: resource.setrlimit(
                       resource.RLIMIT_NOFILE, (400, 400)))
    assert show.wait() == 0, show.sentence()
    *_, used, why, _ = show.text().splitlines()
    assert used.endswith("epoll")
    assert why.endswith("Operation not permitted")
    show.drop()
