"""echo: every kind of address, several at once."""
import random
import socket

import pytest

from peers import Feeder, connect, end, read_all, reset
from programs import HANG_SECONDS

KINDS = {
    "tcp4": "tcp://127.0.0.1:0", "tcp6": "tcp://[::1]:0",
    "unix": "unix:{}/stream", "name": "unix:@{}",
    "udp4": "udp://127.0.0.1:0", "udp6": "udp://[::1]:0",
    "datagram": "unix-dgram:{}/datagram",
    "seqpacket": "unix-seqpacket:{}/seqpacket",
}
STREAMS = ["tcp4", "tcp6", "unix", "name"]
MESSAGES = ["udp4", "udp6", "datagram", "seqpacket"]
MANY = random.Random(5).randbytes(3 << 20)


def serve(stage, *kinds):
    return stage.serve("echo", *(KINDS[kind].format(stage.folder)
                                 for kind in kinds))


def check(address):
    with connect(address) as sock:
        for word in (b"one", b"two"):
            sock.send(word)
            assert sock.recv(64) == word


@pytest.mark.parametrize("kind", STREAMS)
def test_echo_of_a_stream(stage, kind):
    server = serve(stage, kind)
    for data in (b"", b"x", MANY):
        with connect(server.address) as sock:
            feeder = Feeder(sock, data)
            assert read_all(sock) == data
            feeder.done()
    assert server.end() == 0
    assert server.sentence() == ""


@pytest.mark.parametrize("kind", MESSAGES)
def test_echo_of_messages_keeps_boundaries(stage, kind):
    server = serve(stage, kind)
    with connect(server.address) as sock:
        sizes = [1, 2, 1000, 60000]
        if sock.type == socket.SOCK_DGRAM:
            sizes.append(0)
        for size in sizes:
            sock.send(MANY[:size])
            assert sock.recv(65536) == MANY[:size]
        sock.send(b"first")
        sock.send(b"second")
        assert [sock.recv(64), sock.recv(64)] == [b"first", b"second"]
    assert server.end() == 0
    assert server.sentence() == ""


def test_echo_at_every_kind_at_once(stage):
    server = serve(stage, *KINDS)
    addresses = [server.address]
    addresses += [server.out.line() for _ in range(len(KINDS) - 1)]
    for address in addresses + addresses[::-1]:
        check(address)
    assert server.end() == 0
    assert server.sentence() == ""


def test_echo_fails_at_once_if_one_address_does(stage):
    taken = serve(stage, "tcp4")
    status, _, sentence = stage.run("echo", "tcp://127.0.0.1:0", taken.address,
                                    f"unix:{stage.path('stream')}")
    assert status == 71
    assert sentence.startswith(f"echo: listen {taken.address}: address in use")
    assert sentence.count("\n") == 1
    check(taken.address)


def test_echo_has_fifty_clients_at_once(stage):
    server = serve(stage, "tcp4", "unix")
    addresses = [server.address, server.out.line()]
    clients = [connect(addresses[i % 2]) for i in range(50)]
    for turn in range(3):
        for number, sock in enumerate(clients):
            sock.sendall(b"%d:%d;" % (turn, number))
        for number, sock in reversed(list(enumerate(clients))):
            assert sock.recv(64) == b"%d:%d;" % (turn, number)
    for sock in clients:
        end(sock)
        assert read_all(sock) == b""
        sock.close()
    assert server.end() == 0
    assert server.sentence() == ""


def test_fault_18_echo_survives_a_client_that_reads_nothing(stage):
    """It stops reading from who does not take back; others go on."""
    server = serve(stage, "tcp4")
    with connect(server.address) as greedy:
        greedy.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                greedy.send(MANY)
        check(server.address)
        greedy.setblocking(True)
        reset(greedy)
    check(server.address)
    assert server.end() == 0


def test_fault_01_echo_survives_resets_in_mid_stream(stage):
    server = serve(stage, "tcp4")
    for size in (0, 1, 100, 5000, 200000):
        sock = connect(server.address)
        sock.settimeout(HANG_SECONDS)
        sock.sendall(MANY[:size])
        if size:
            sock.recv(1)
        reset(sock)
    check(server.address)
    assert server.end() == 0
    assert all("broken by the other side" in line
               for line in server.sentence().splitlines())


def test_fault_30_echo_survives_a_datagram_that_is_too_long(stage):
    server = serve(stage, "datagram")
    with connect(server.address) as sock:
        sock.send(b"z" * 100000)
        check(server.address)
    assert server.end() == 0
    assert "datagram too long for the buffer" in server.sentence()


def test_fault_31_echo_survives_datagram_clients_that_are_gone(stage):
    server = serve(stage, "udp4", "datagram")
    for address in (server.address, server.out.line()):
        for _ in range(20):
            with connect(address) as sock:
                sock.send(b"gone")
        check(address)
    assert server.end() == 0


def test_fault_33_echo_of_a_flood(stage):
    """Datagrams may be lost, but neither the server nor its other clients."""
    server = serve(stage, "udp4", "tcp4")
    tcp = server.out.line()
    with connect(server.address) as sock:
        for _ in range(20):
            for _ in range(500):
                sock.send(b"flood")
            check(tcp)
    with connect(server.address) as sock:
        sock.settimeout(0.2)
        for _ in range(300):            # the queue may be full at first
            sock.send(b"after")
            try:
                assert sock.recv(64) == b"after"
                break
            except TimeoutError:
                continue
        else:
            raise AssertionError("no answer after the flood")
    assert server.end() == 0


def test_echo_at_an_address_with_options(stage):
    server = stage.serve(
        "echo", "tcp://127.0.0.1:0?backlog=1&sndbuf=4k&rcvbuf=4k&nodelay=off"
        "&alive=30s&linger=1s")
    with connect(server.address) as sock:
        feeder = Feeder(sock, MANY[:300000])
        assert read_all(sock) == MANY[:300000]
        feeder.done()
