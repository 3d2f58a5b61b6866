"""The examples where the system gives less than usual: no io_uring, no
descriptors, no standard streams."""
import contextlib
import errno
import os
import resource

import pytest

from conftest import usable
from peers import connect, end, read_all
from programs import ANSWER, FROM_CLIENT, FROM_SERVER, GREETING, HERE, python

REFUSALS = ["EPERM", "ENOSYS", "ENOMEM", "EMFILE"]

# A way to start a program, by what it starts without.
WITHOUT = {
    "stdin": "<&-", "stdout": ">&-", "stderr": "2>&-",
    "any": "<&- >&- 2>&-", "output": ">&- 2>&-", "input and error": "<&- 2>&-",
}


def refused(number):
    return *python("refuse.py"), number


def has(address, text):
    with connect(address) as sock:
        sock.sendall(text.encode())
        end(sock)
        return read_all(sock).decode()


def has_in_time(server, address, text):
    """Of a server that cannot say when it listens."""
    while server.running():
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            return has(address, text)
    return None


@pytest.mark.parametrize("number", REFUSALS)
def test_fault_50_backend_is_chosen_when_io_uring_is_refused(single, number):
    status, text, sentence = single.run("backend", before=refused(number))
    words = os.strerror(getattr(errno, number))
    assert (status, sentence) == (0, "")
    assert text.startswith("epoll\n") and text.endswith(f": {words}\n")


@pytest.mark.parametrize("number", REFUSALS[:2])
def test_fault_50_forced_backend_is_not_replaced(single, number):
    status, text, sentence = single.run("backend", before=refused(number),
                                        backend="uring")
    assert (status, text) == (78, "")
    assert sentence.startswith("backend: ") and sentence.count("\n") == 1


@pytest.mark.parametrize("number", REFUSALS)
def test_fault_50_lesson_when_io_uring_is_refused(single, number):
    server = single.serve("tcp_server", "tcp://127.0.0.1:0",
                          before=refused(number))
    status, text, sentence = single.run("tcp_client", server.address,
                                        before=refused(number))
    assert (status, sentence) == (0, "")
    assert text == f"{FROM_SERVER}{ANSWER}\n"
    assert server.out.line() == f"{FROM_CLIENT}{GREETING}"
    assert server.end() == 0
    assert server.sentence() == ""


def test_backend_names_what_it_uses(single):
    for backend, name in (("epoll", "epoll"), ("poll", "poll"),
                          ("uring", "io_uring")):
        if usable(backend):
            assert single.run("backend", backend=backend) == (0, name + "\n",
                                                              "")
    if usable("uring"):
        assert single.run("backend") == (0, "io_uring\n", "")


@pytest.mark.parametrize("off", ["multishot", "pbuf", "pbuf_inc", "defer",
                                 "guard", "overflow",
                                 "multishot,pbuf,pbuf_inc,defer,guard"])
def test_fault_50_echo_without_features(single, off):
    server = single.serve("echo", "tcp://127.0.0.1:0", "unix:@" + single.folder,
                          environment={"GNEZDO_OFF": off})
    text = "слово" * 20000
    assert has(server.address, text) == text
    assert has(server.out.line(), text) == text
    assert server.end() == 0


def test_unknown_feature_is_told(single):
    status, _, sentence = single.run("backend",
                                     environment={"GNEZDO_OFF": "everything"})
    assert status == 78 and "everything" in sentence


@pytest.mark.parametrize("faults, words", [
    ("los=5%", "character 1: no fault los; there are loss dup"),
    ("stall loss=200%", "character 12: loss is 0.0001% to 100%"),
    ("server: crash", "hosts are for a simulation"),
])
def test_unknown_fault_is_told(stage, faults, words):
    status, _, sentence = stage.run("backend",
                                    environment={"GNEZDO_FAULTS": faults})
    assert status == 78 and "GNEZDO_FAULTS: " in sentence
    assert words in sentence or "(-Dfaults=false)" in sentence


@pytest.mark.parametrize("what", WITHOUT)
@pytest.mark.parametrize("name", ["tcp_server", "threads", "echo"])
def test_fault_62_server_without(stage, name, what):
    """None of its sockets may take the place of a standard stream, into which
    the program writes."""
    address = f"unix:{stage.path('server')}"     # it cannot tell a port
    shell = ["/bin/sh", "-c", f'exec "$@" {WITHOUT[what]}', "sh"]
    server = stage.start(name, address, before=shell)
    while server.running():
        try:
            connect(address).close()
            break
        except (ConnectionRefusedError, FileNotFoundError):
            continue
    expected = GREETING if name == "echo" else ANSWER
    with connect(address) as silent:
        assert has(address, GREETING) == expected
        with connect(address) as wrong:
            wrong.sendall(b"\xff")
            end(wrong)
            assert read_all(wrong) == (b"\xff" if name == "echo" else b"")
        assert has(address, GREETING) == expected
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):
            silent.recv(1)
    assert server.end() == 0


@pytest.mark.parametrize("what", WITHOUT)
def test_fault_62_client_without(stage, what):
    server = stage.serve("tcp_server", "tcp://127.0.0.1:0")
    shell = ["/bin/sh", "-c", f'exec "$@" {WITHOUT[what]}', "sh"]
    for _ in range(3):
        status, text, _ = stage.run("tcp_client", server.address, before=shell)
        assert status == 0
        assert text == ("" if ">" in WITHOUT[what].replace("2>", "")
                        else f"{FROM_SERVER}{ANSWER}\n")
        assert server.out.line() == f"{FROM_CLIENT}{GREETING}"
    status, _, _ = stage.run("tcp_client", f"unix:{HERE}", before=shell)
    assert status != 0


def test_fault_62_server_prints_into_a_full_disk(stage):
    """What cannot be printed is lost; the clients are not."""
    address = f"unix:{stage.path('server')}"
    with open("/dev/full", "wb") as full:
        server = stage.start("unix_server", address, stdout=full)
    for _ in range(3):
        assert has_in_time(server, address, GREETING) == ANSWER
    assert server.end() == 0
    assert server.sentence() == ""


@pytest.mark.parametrize("name", ["tcp_server", "echo"])
def test_fault_09_server_runs_out_of_descriptors(stage, name):
    """Who finds no room waits in the backlog until somebody leaves."""
    limit = 20
    server = stage.serve(name, "tcp://127.0.0.1:0")
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE,
                     (limit, limit))
    clients = [connect(server.address) for _ in range(3 * limit)]
    expected = "x" if name == "echo" else ANSWER
    for sock in clients:
        sock.sendall(b"x")
        end(sock)
        assert read_all(sock).decode() == expected
        sock.close()
    assert server.end() == 0


def test_fault_09_threads_run_out_of_descriptors(stage):
    """Each thread needs some of its own: it fails, the others do not."""
    server = stage.serve("threads", "tcp://127.0.0.1:0")
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (20, 20))
    for sock in [connect(server.address) for _ in range(60)]:
        with contextlib.suppress(ConnectionError):
            sock.sendall(b"x")
            end(sock)
            assert read_all(sock).decode() in (ANSWER, "")
        sock.close()
    while True:
        with contextlib.suppress(ConnectionError):
            if has(server.address, GREETING) == ANSWER:
                break
    assert server.end() == 0


def test_fault_09_clients_run_out_of_descriptors(stage):
    server = stage.serve("tcp_server", "tcp://127.0.0.1:0")
    status, _, sentence = stage.run(
        "many_clients", "100", server.address,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                              (50, 50)))
    assert status == 71
    assert "limit reached" in sentence and sentence.count("\n") == 1
    assert server.running()


def test_fault_11_no_room_for_a_backend_is_told(single):
    """A process that may open one descriptor."""
    status, _, sentence = single.run(
        "backend", before=["/bin/sh", "-c", 'ulimit -n 4; exec "$@"', "sh"])
    assert status != 0
    assert sentence.startswith("backend: ") and sentence.count("\n") == 1
