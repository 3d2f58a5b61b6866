"""exact: a server that reads messages of one length and answers each."""
import random

import pytest

from peers import Feeder, connect, end, read_all, reset

STREAMS = {"tcp4": "tcp://127.0.0.1:0", "tcp6": "tcp://[::1]:0",
           "unix": "unix:{}/stream", "name": "unix:@{}"}
MANY = random.Random(7).randbytes(1 << 20)


def serve(stage, kind, size):
    return stage.serve("exact", STREAMS[kind].format(stage.folder), str(size))


@pytest.mark.parametrize("kind", STREAMS)
def test_exact_answers_each_message(stage, kind):
    server = serve(stage, kind, 64)
    with connect(server.address) as sock:
        for i in range(100):
            message = MANY[64 * i:64 * i + 64]
            sock.sendall(message)
            assert read_exactly(sock, 64) == message
        end(sock)
        assert read_all(sock) == b""
    assert server.end() == 0
    assert server.sentence() == ""


def read_exactly(sock, size):
    data = b""
    while len(data) < size:
        chunk = sock.recv(size - len(data))
        assert chunk, f"ended after {len(data)} of {size} bytes"
        data += chunk
    return data


def test_exact_waits_for_the_whole_message(stage):
    server = serve(stage, "tcp4", 64)
    with connect(server.address) as sock:
        sock.sendall(MANY[:63])
        # By the time another is served, it has seen those as well.
        with connect(server.address) as other:
            other.sendall(MANY[:64])
            assert read_exactly(other, 64) == MANY[:64]
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(1)
        sock.setblocking(True)
        sock.sendall(MANY[63:64])
        assert read_exactly(sock, 64) == MANY[:64]
    assert server.end() == 0


@pytest.mark.parametrize("size", [1, 64, 4097, 1 << 20])
@pytest.mark.parametrize("kind", ["tcp4", "unix"])
def test_exact_of_many_messages_in_flight(stage, kind, size):
    server = serve(stage, kind, size)
    data = MANY[:3000] if size == 1 else MANY[:len(MANY) // size * size]
    with connect(server.address) as sock:
        feeder = Feeder(sock, data)
        assert read_all(sock) == data
        feeder.done()
    assert server.end() == 0
    assert server.sentence() == ""


def test_exact_keeps_its_sixteen_in_flight(stage):
    """The peer sends the next message for each answer, however these come."""
    server = serve(stage, "tcp4", 64)
    with connect(server.address) as sock:
        sock.sendall(MANY[:64 * 16])
        for i in range(16, 2000):
            at = 64 * (i - 16)
            assert read_exactly(sock, 64) == MANY[at:at + 64]
            sock.sendall(MANY[64 * i:64 * i + 64])
        assert read_exactly(sock, 64 * 16) == MANY[64 * 1984:64 * 2000]
    assert server.end() == 0


def test_exact_tells_of_an_end_within_a_message(stage):
    server = serve(stage, "tcp4", 64)
    with connect(server.address) as sock:
        sock.sendall(MANY[:100])
        end(sock)
        assert read_all(sock) == MANY[:64]
    assert server.end() == 0
    assert "the other side ended in mid-message" in server.sentence()
    assert server.sentence().startswith("exact: ")


def test_exact_survives_a_reset(stage):
    server = serve(stage, "tcp4", 64)
    for size in (0, 63, 64, 20000):
        sock = connect(server.address)
        sock.sendall(MANY[:size])
        reset(sock)
    with connect(server.address) as sock:
        sock.sendall(MANY[:64])
        assert read_exactly(sock, 64) == MANY[:64]
    assert server.end() == 0
    # Whoever ends before a message is whole may be seen to, or be broken off.
    assert all("broken by the other side" in line or "mid-message" in line
               for line in server.sentence().splitlines())


def test_exact_knows_only_streams(stage):
    status, _, sentence = stage.run("exact", "udp://127.0.0.1:0", "64")
    assert status == 64
    assert "this kind of socket cannot do that" in sentence
