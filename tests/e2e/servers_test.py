"""The servers of examples/, with clients of Python's."""
import contextlib
import os
import re
import socket

import pytest

from peers import connect, end, read_all, reset
from programs import ANSWER, FROM_CLIENT, GREETING

STREAMS = [
    ("tcp_server", "tcp://127.0.0.1:0"),
    ("tcp_server", "tcp://[::1]:0"),
    ("unix_server", "unix:{}/stream"),
    ("unix_server", "unix:@{}"),
    ("threads", "tcp://127.0.0.1:0"),
    ("threads", "unix:{}/stream"),
]
DATAGRAMS = [
    ("udp_server", "udp://127.0.0.1:0"),
    ("udp_server", "udp://[::1]:0"),
    ("udp_server", "unix-dgram:{}/datagram"),
    ("unix_server", "unix-seqpacket:{}/seqpacket"),
]
STREAM_SERVERS = [STREAMS[0], STREAMS[2], STREAMS[4]]

BLANKED = "a\x1b[31mb\nc\r\x07\x7f\u0085\u202ed\u2028\u0000"


def names(pairs):
    return [f"{name}-{address.split(':')[0]}"
            f"{'6' if '[' in address else ''}{'-name' if '@' in address else ''}"
            for name, address in pairs]


def serve(stage, name, address):
    if "[" in address and not os.path.exists("/proc/net/if_inet6"):
        pytest.skip("IPv6 is disabled here")
    return stage.serve(name, address.format(stage.folder))


def exchange(address, *pieces):
    """What a client is answered that sends the pieces, each at once.  Whoever
    speaks on after the answer may find the other side gone."""
    answer = b""
    with connect(address) as sock:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                sock.sendall(piece)
        with contextlib.suppress(ConnectionError):
            while piece := sock.recv(1024):
                answer += piece
    return answer.decode()


def line_of(server):
    line = server.out.line()
    assert line.startswith(FROM_CLIENT)
    return line.removeprefix(FROM_CLIENT)


@pytest.mark.parametrize("name, address", STREAMS, ids=names(STREAMS))
def test_server_answers_a_stream(stage, name, address):
    server = serve(stage, name, address)
    for text in (GREETING, "и ещё раз"):
        assert exchange(server.address, text.encode()) == ANSWER
        assert line_of(server) == text       # while it runs, into a pipe
    assert server.running()
    assert server.end() == 0
    assert server.text().count("\n") == 3 and server.sentence() == ""


@pytest.mark.parametrize("name, address", DATAGRAMS, ids=names(DATAGRAMS))
def test_server_answers_datagrams(stage, name, address):
    server = serve(stage, name, address)
    for text in (GREETING, "и ещё раз"):
        with connect(server.address) as sock:
            sock.send(text.encode())
            assert sock.recv(1024).decode() == ANSWER
            assert line_of(server) == text
    assert server.end() == 0
    assert server.sentence() == ""


@pytest.mark.parametrize("name, address", STREAM_SERVERS,
                         ids=names(STREAM_SERVERS))
def test_server_prints_control_bytes_as_dots(stage, name, address):
    server = serve(stage, name, address)
    exchange(server.address, BLANKED.encode())
    assert line_of(server).startswith("a.[31mb.c.....d.")


def test_server_prints_control_bytes_of_datagrams_as_dots(stage):
    server = serve(stage, *DATAGRAMS[0])
    with connect(server.address) as sock:
        sock.send(BLANKED.encode() + b"\xff")
        sock.recv(1024)
    assert line_of(server).startswith("a.[31mb.c.....d.")


@pytest.mark.parametrize("name, address", STREAM_SERVERS,
                         ids=names(STREAM_SERVERS))
def test_server_waits_for_the_rest_of_a_character(stage, name, address):
    server = serve(stage, name, address)
    for character in ("я", "€", "🦉"):
        pieces = [bytes([byte]) for byte in character.encode()]
        assert exchange(server.address, *pieces) == ANSWER
        assert line_of(server) == character


@pytest.mark.parametrize("name, address", STREAM_SERVERS,
                         ids=names(STREAM_SERVERS))
def test_server_takes_whole_characters_wherever_text_is_cut(stage, name,
                                                           address):
    server, text = serve(stage, name, address), GREETING.encode()
    for at in range(1, len(text)):
        assert exchange(server.address, text[:at], text[at:]) == ANSWER
        line = line_of(server)
        assert line and GREETING.startswith(line)


# What a client does, what the server says of it, and whether it surely does
# (a connection may have broken before it was accepted).
FAULTS = {
    "vanishes": (lambda sock: sock.close(), "broken by the other side", False),
    "resets": (reset, "broken by the other side", False),
    "is not text": (lambda sock: sock.sendall(b"\xff\xfe"), "not UTF-8", True),
    "ends in a character": (
        lambda sock: (sock.sendall(b"\xd0"), end(sock)),
        "ended in mid-message", True),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["tcp_server", "threads"])
def test_fault_01_server_survives_a_client_that(stage, name, fault):
    act, words, surely = FAULTS[fault]
    server = serve(stage, name, "tcp://127.0.0.1:0")
    with connect(server.address) as other:   # here before and after
        for _ in range(3):
            sock = connect(server.address)
            act(sock)
            if surely:
                assert read_all(sock) == b""
            sock.close()
        other.sendall(GREETING.encode())
        assert read_all(other).decode() == ANSWER
    while (line := line_of(server)) != GREETING:
        assert line == ""                    # of those that said nothing
    assert server.end() == 0
    lines = server.sentence().splitlines()
    assert len(lines) == 3 if surely else len(lines) <= 3
    assert all(re.match(f"{name}: [a-z_]+ tcp://", line) and words in line
               for line in lines)


@pytest.mark.parametrize("name, address", STREAM_SERVERS,
                         ids=names(STREAM_SERVERS))
def test_fault_03_server_answers_a_client_that_has_ended(stage, name, address):
    server = serve(stage, name, address)
    for text in (GREETING, ""):
        with connect(server.address) as sock:
            sock.sendall(text.encode())
            end(sock)
            assert read_all(sock).decode() == ANSWER
        assert line_of(server) == text


@pytest.mark.parametrize("name, address", STREAM_SERVERS,
                         ids=names(STREAM_SERVERS))
def test_server_answers_a_client_that_says_too_much(stage, name, address):
    """What is never read must not turn the answer into a reset."""
    server = serve(stage, name, address)
    with connect(server.address) as sock:
        sock.sendall(b"a" * 300000)
        end(sock)
        assert read_all(sock).decode() == ANSWER
    assert set(line_of(server)) == {"a"}
    assert server.end() == 0
    assert server.sentence() == ""


@pytest.mark.parametrize("name, address", STREAM_SERVERS,
                         ids=names(STREAM_SERVERS))
def test_server_has_fifty_clients_at_once(stage, name, address):
    server = serve(stage, name, address)
    clients = [connect(server.address) for _ in range(50)]
    for number, sock in reversed(list(enumerate(clients))):
        sock.sendall(str(number).encode())
        assert read_all(sock).decode() == ANSWER
        assert line_of(server) == str(number)
        sock.close()
    assert server.end() == 0
    assert server.sentence() == ""


def test_server_listens_on_both_families(stage):
    server = serve(stage, "tcp_server", "tcp://:0")
    port = server.address.rpartition(":")[2]
    assert exchange(f"tcp://127.0.0.1:{port}", b"4") == ANSWER
    if server.address.startswith("tcp://[::]"):
        assert exchange(f"tcp://[::1]:{port}", b"6") == ANSWER


def test_udp_server_cuts_a_long_datagram_and_goes_on(stage):
    server = serve(stage, "udp_server", "udp://127.0.0.1:0")
    with connect(server.address) as sock:
        for size in (1024, 1025, 65507):
            sock.send(b"z" * size)
            assert sock.recv(1024).decode() == ANSWER
            assert line_of(server) == "z" * 1024


def test_fault_31_udp_server_survives_clients_that_are_gone(stage):
    server = serve(stage, "udp_server", "udp://127.0.0.1:0")
    for _ in range(20):
        with connect(server.address) as sock:
            sock.send(b"gone")
    with connect(server.address) as sock:
        sock.send(b"here")
        assert sock.recv(1024).decode() == ANSWER
    assert server.end() == 0


def test_server_of_unix_datagrams_survives_a_client_without_a_name(stage):
    server = serve(stage, *DATAGRAMS[2])
    nameless = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    nameless.sendto(b"who", stage.path("datagram"))
    nameless.close()
    with connect(server.address) as sock:
        sock.send(b"here")
        assert sock.recv(1024).decode() == ANSWER
    assert [line_of(server), line_of(server)] == ["who", "here"]
    assert server.end() == 0
    assert server.sentence().startswith("udp_server: sendto unix-dgram:")
