"""The clients of examples/, with servers of Python's."""
import fcntl
import os
import socket

import pytest

from peers import end, listen, reset
from programs import ANSWER, FROM_SERVER, GREETING

STREAMS = {
    "tcp4": ("tcp_client", "tcp://127.0.0.1:0"),
    "tcp6": ("tcp_client", "tcp://[::1]:0"),
    "unix": ("unix_client", "unix:{}/stream"),
    "name": ("unix_client", "unix:@{}"),
    "seqpacket": ("unix_client", "unix-seqpacket:{}/seqpacket"),
}
ENDLESS = {"tcp4": STREAMS["tcp4"], "unix": STREAMS["unix"]}


class Lesson:
    """A client of ours at a server of Python's."""

    def __init__(self, stage, name, address):
        address = address.format(stage.folder)
        self.listener, address = listen(address)
        self.program = stage.start(name, address)
        self.name, self.address = name, address
        self.sock, _ = self.listener.accept()
        assert self.sock.recv(1024).decode() == GREETING

    def close(self):
        self.sock.close()
        self.listener.close()

    def said(self):
        """What the client printed of the answer."""
        assert self.program.wait() == 0, self.program.sentence()
        assert self.program.sentence() == ""
        text = self.program.text()
        assert text.startswith(FROM_SERVER) and text.count("\n") == 1
        return text.removeprefix(FROM_SERVER)[:-1]

    def failed(self, status, words):
        assert self.program.wait() == status
        lines = self.program.sentence().splitlines()
        assert len(lines) == 1 and lines[0].startswith(self.name + ": ")
        assert words in lines[0] and lines[0].count(self.address) <= 1
        assert self.program.text() == ""


@pytest.fixture
def lesson(stage):
    opened = []

    def start(name, address):
        opened.append(Lesson(stage, name, address))
        opened[-1].sock.settimeout(60)
        return opened[-1]
    yield start
    for one in opened:
        one.close()


@pytest.mark.parametrize("kind", STREAMS)
def test_client_greets_and_prints_the_answer(lesson, kind):
    peer = lesson(*STREAMS[kind])
    peer.sock.sendall(ANSWER.encode())
    peer.sock.close()
    assert peer.said() == ANSWER


@pytest.mark.parametrize("loopback", ["127.0.0.1", "[::1]"])
def test_fault_26_client_finds_localhost(stage, loopback):
    """On whichever loopback it is served."""
    if loopback == "[::1]" and not os.path.exists("/proc/net/if_inet6"):
        pytest.skip("IPv6 is disabled here")
    listener, address = listen(f"tcp://{loopback}:0")
    with listener:
        program = stage.start("tcp_client",
                              address.replace(loopback, "localhost"))
        sock, _ = listener.accept()
        assert sock.recv(1024).decode() == GREETING
        sock.sendall(ANSWER.encode())
        sock.close()
        assert program.wait() == 0
        assert program.text() == f"{FROM_SERVER}{ANSWER}\n"


@pytest.mark.parametrize("kind", ENDLESS)
def test_fault_06_client_joins_an_answer_that_comes_bytewise(lesson, kind):
    peer = lesson(*STREAMS[kind])
    for byte in ANSWER.encode():
        peer.sock.sendall(bytes([byte]))
    end(peer.sock)
    assert peer.said() == ANSWER


@pytest.mark.parametrize("kind", ENDLESS)
def test_client_joins_an_answer_cut_in_any_place(lesson, kind):
    for at in range(1, len(ANSWER.encode())):
        peer = lesson(*STREAMS[kind])
        peer.sock.sendall(ANSWER.encode()[:at])
        peer.sock.sendall(ANSWER.encode()[at:])
        peer.close()
        assert peer.said() == ANSWER
        if kind == "unix":
            os.unlink(peer.address.removeprefix("unix:"))


@pytest.mark.parametrize("kind", STREAMS)
def test_client_prints_control_bytes_as_dots(lesson, kind):
    peer = lesson(*STREAMS[kind])
    peer.sock.sendall("a\x1b[2Jb\nc\u202e".encode())
    peer.sock.close()
    assert peer.said() == "a.[2Jb.c."


@pytest.mark.parametrize("kind", ENDLESS)
def test_client_takes_an_empty_answer(lesson, kind):
    peer = lesson(*STREAMS[kind])
    peer.sock.close()
    assert peer.said() == ""


@pytest.mark.parametrize("kind", ENDLESS)
def test_client_takes_the_beginning_of_a_long_answer(lesson, kind):
    peer = lesson(*STREAMS[kind])
    peer.sock.sendall(b"ha" * 1000000)
    peer.sock.close()
    said = peer.said()
    assert 900 < len(said) < 1024 and set(said) == {"h", "a"}


def test_fault_01_client_says_that_it_was_reset(lesson):
    peer = lesson(*STREAMS["tcp4"])
    reset(peer.sock)
    peer.failed(74, "connection broken by the other side")


def test_fault_01_client_says_that_the_answer_was_cut(lesson):
    for _ in range(20):
        peer = lesson(*STREAMS["tcp4"])
        peer.sock.sendall(b"half an ans")
        reset(peer.sock)
        peer.failed(74, "connection broken by the other side")
        peer.close()


@pytest.mark.parametrize("kind", ENDLESS)
def test_fault_04_client_says_that_a_character_was_cut(lesson, kind):
    peer = lesson(*STREAMS[kind])
    peer.sock.sendall(ANSWER.encode()[:-2])     # half of a т
    peer.sock.close()
    peer.failed(76, "ended in mid-message")


@pytest.mark.parametrize("kind", STREAMS)
def test_client_says_that_the_answer_is_no_text(lesson, kind):
    peer = lesson(*STREAMS[kind])
    peer.sock.sendall(b"\xc0\xaf")
    peer.sock.close()
    peer.failed(65, "not UTF-8")


def test_fault_19_clients_end_although_the_server_does_not(lesson, stage):
    """Each waits as long as it was written to; all wait at once."""
    silent = [lesson(*STREAMS[kind]) for kind in STREAMS]
    talker = lesson(*STREAMS["tcp4"])
    talker.sock.sendall(b"blah" * 1000)
    deaf, address = listen("udp://127.0.0.1:0")
    waiting = stage.start("udp_client", address)
    with deaf:
        assert talker.said().startswith("blah")
        for peer in silent:
            peer.failed(75, "deadline passed")
        assert waiting.wait() == 75
        assert "deadline passed" in waiting.sentence()
        deaf.setblocking(False)
        assert [deaf.recv(1024).decode() for _ in range(3)] == [GREETING] * 3
        with pytest.raises(BlockingIOError):
            deaf.recv(1024)


@pytest.mark.parametrize("address", ["udp://127.0.0.1:0", "udp://[::1]:0",
                                     "unix-dgram:{}/datagram"])
def test_udp_client_greets_and_prints_the_answer(stage, address):
    bound, address = listen(address.format(stage.folder))
    with bound:
        program = stage.start("udp_client", address)
        greeting, client = bound.recvfrom(1024)
        assert greeting.decode() == GREETING
        bound.sendto(ANSWER.encode(), client)
        assert program.wait() == 0
        assert program.text() == f"{FROM_SERVER}{ANSWER}\n"


def test_fault_24_udp_client_asks_again(stage):
    bound, address = listen("udp://127.0.0.1:0")
    with bound:
        program = stage.start("udp_client", address)
        assert bound.recv(1024).decode() == GREETING    # lost
        greeting, client = bound.recvfrom(1024)
        bound.sendto(b"second", client)
        assert program.wait() == 0
        assert program.text() == f"{FROM_SERVER}second\n"


def test_udp_client_hears_nobody_else(stage):
    bound, address = listen("udp://127.0.0.1:0")
    with bound, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        program = stage.start("udp_client", address)
        _, client = bound.recvfrom(1024)
        stranger.sendto(b"believe me", client)
        bound.sendto(ANSWER.encode(), client)
        assert program.wait() == 0
        assert program.text() == f"{FROM_SERVER}{ANSWER}\n"


def test_udp_client_says_that_the_answer_is_too_long(stage):
    bound, address = listen("udp://127.0.0.1:0")
    with bound:
        program = stage.start("udp_client", address)
        _, client = bound.recvfrom(1024)
        bound.sendto(b"z" * 2000, client)
        assert program.wait() == 65
        assert "2000 bytes" in program.sentence()


@pytest.mark.parametrize("server, client, address", [
    ("tcp_server", "tcp_client", "tcp://127.0.0.1:12345"),
    ("udp_server", "udp_client", "udp://127.0.0.1:12345"),
    ("unix_server", "unix_client", "unix:/tmp/gnezdo.sock"),
], ids=["tcp", "udp", "unix"])
def test_lesson_without_arguments(stage, request, server, client, address):
    """The documented addresses, if they are free."""
    lock = os.open(__file__, os.O_RDONLY)
    request.addfinalizer(lambda: os.close(lock))
    fcntl.flock(lock, fcntl.LOCK_EX)    # another run of this test may be here
    try:
        listen(address)[0].close()
    except OSError:
        pytest.skip(f"{address} is taken")
    program = stage.serve(server)
    assert program.address == address
    status, text, _ = stage.run(client)
    assert (status, text) == (0, f"{FROM_SERVER}{ANSWER}\n")
    assert program.out.line().endswith(GREETING)
    assert program.end() == 0
