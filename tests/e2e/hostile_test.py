"""What a hostile peer or user has tried against the examples."""
import array
import contextlib
import os
import resource
import signal
import socket
import struct

import pytest

from conftest import usable
from peers import Feeder, connect, end, listen, read_all, reset
from programs import ANSWER, FROM_CLIENT, FROM_SERVER, GREETING

LOCAL = {
    "stream": "unix:{}/s", "datagram": "unix-dgram:{}/d",
    "seqpacket": "unix-seqpacket:{}/q",
}

# Addresses that are strange and good, and what they become.
STRANGE = {
    "tcp://:0": "tcp://", "tcp://*:0": "tcp://", "tcp4://:0": "tcp://0.0.0.0:",
    "tcp6://[::1]:0": "tcp://[::1]:", "tcp://localhost:0": "tcp://127.0.0.1:",
    "tcp://[::ffff:127.0.0.1]:0": "tcp://127.0.0.1:",
    "tcp://127.0.0.1:0?linger=0s&backlog=1": "tcp://127.0.0.1:",
    "unix:@%00{}": "unix:@%00", "unix:{}/a b": "unix:", "unix:{}/%40": "unix:",
    "unix:{}/%1B[31m%0A%FF%25%3F": "unix:", "unix:{}/гнездо": "unix:",
}
REFUSED = [
    "tcp://127.0.0.1:0?", "tcp://127.0.0.1:0?&", "tcp://127.0.0.1:0?backlog",
    "tcp://127.0.0.1:0?backlog=0", "tcp://127.0.0.1:0?linger=-1s",
    "tcp://127.0.0.1:0?backlog=1&backlog=2", "tcp://127.0.0.1:0?sndbuf=9" +
    "9" * 30, "tcp://127.0.0.1:0?linger=99999999999999999h",
    "tcp://127.0.0.1:-1", "tcp://127.0.0.1:+1", "tcp://0:0", "tcp://127.1:0",
    "tcp6://127.0.0.1:0", "tcp4://[::1]:0", "tcp://[fe80::1%none]:1",
    "unix:@", "unix:%", "unix:%4", "unix:%zz", "unix:{}/a?mode=9999",
    "unix-stream:/a", "tcp://" + "9" * 100000, b"tcp://\xff\xfe\x1b[2J:1",
]


def sanitized(server):
    """Its memory is another: what was freed is kept."""
    with open(f"/proc/{server.process.pid}/maps", encoding="ascii") as maps:
        return "asan" in maps.read()


def chatter(address):
    """An exchange that has to go on working: what is answered."""
    with connect(address) as sock:
        sock.send(b"ping")
        return sock.recv(1024)


@pytest.mark.parametrize("address", STRANGE)
def test_hostile_address_that_is_good(stage, address):
    if "6:" in address and not os.path.exists("/proc/net/if_inet6"):
        pytest.skip("IPv6 is disabled here")
    server = stage.serve("tcp_server", address.format(stage.folder))
    assert server.address.startswith(STRANGE[address])
    assert server.address.isprintable()
    where = server.address.replace("0.0.0.0", "127.0.0.1")
    status, text, _ = stage.run("tcp_client", where.replace("[::]", "[::1]"))
    assert (status, text) == (0, f"{FROM_SERVER}{ANSWER}\n")
    assert server.end() == 0
    assert os.listdir(stage.folder) == []


@pytest.mark.parametrize("address", REFUSED,
                         ids=[ascii(a)[1:40] for a in REFUSED])
def test_hostile_address_that_is_refused(single, address):
    if isinstance(address, str):
        address = address.format(single.folder)
    status, text, sentence = single.run("tcp_server", address)
    assert (status, text) == (64, "")
    assert "malformed address" in sentence
    assert sentence.count("\n") == 1 and sentence[:-1].isprintable()
    assert len(sentence) < 2000


@pytest.mark.parametrize("path", ["/", ".", "/dev/null", "/proc/self/mem"])
def test_hostile_path_that_is_no_socket(single, path):
    status, _, sentence = single.run("unix_server", f"unix:{path}")
    assert status in (66, 71, 77) and sentence.count("\n") == 1
    assert os.path.exists("/dev/null")


@pytest.mark.parametrize("kind", LOCAL)
def test_hostile_fault_36_descriptors_are_not_kept(stage, kind):
    """A peer sends descriptors that nobody asked for."""
    server = stage.serve("echo", LOCAL[kind].format(stage.folder))
    own = f"/proc/{server.process.pid}/fd"
    with connect(server.address) as sock:
        sock.send(b"x")
        sock.recv(1)
        before = len(os.listdir(own))
        for _ in range(20):
            gift = array.array("i", [sock.fileno()] * 10)
            sock.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                   gift)])
            assert sock.recv(1) == b"x"
        assert len(os.listdir(own)) == before
    assert server.end() == 0


@pytest.mark.parametrize("kind", LOCAL)
def test_hostile_fault_36_descriptors_are_not_kept_at_the_end(stage, kind):
    """They come when the handler has gone, into what is dropped."""
    server = stage.serve("udp_server" if kind == "datagram" else "unix_server",
                         LOCAL[kind].format(stage.folder))
    reading, writing = os.pipe()
    gift = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
             array.array("i", [writing]))]
    with connect(server.address) as sock:
        with contextlib.suppress(OSError):
            for _ in range(5):
                sock.sendmsg([b"x" * 2000], gift)
        sock.recv(1024)
    os.close(writing)
    with open(reading, "rb") as pipe:
        server.end()
        assert pipe.read() == b""
    with connect(stage.serve("echo", "tcp://127.0.0.1:0").address) as sock:
        sock.send(b"alive")
        assert sock.recv(64) == b"alive"


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:0", "unix:{}/oob"])
def test_hostile_urgent_bytes(stage, address):
    """They are not part of the stream, and no reason to spin or to stop."""
    server = stage.serve("echo", address.format(stage.folder))
    with connect(server.address) as sock:
        try:
            sock.send(b"u", socket.MSG_OOB)
        except OSError:
            pytest.skip("no urgent bytes on this kind here")
        sock.sendall(b"one")
        sock.send(b"two", socket.MSG_OOB)
        sock.sendall(b"three")
        end(sock)
        # A second one may make the first an ordinary byte.
        assert read_all(sock) in (b"onetwthree", b"uonetwthree")
    assert server.end() == 0


def test_hostile_source_port_zero(stage):
    """Nobody can be answered there; the next one can."""
    server = stage.serve("echo", "udp://127.0.0.1:0")
    port = int(server.address.rpartition(":")[2])
    try:
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                            socket.IPPROTO_UDP)
    except PermissionError:
        pytest.skip("only root can forge a source")
    with raw:
        raw.sendto(struct.pack("!HHHH", 0, port, 9, 0) + b"x", ("127.0.0.1",
                                                                0))
    assert chatter(server.address) == b"ping"
    assert server.end() == 0
    assert server.sentence().startswith("echo: sendto udp://")


@pytest.mark.parametrize("name", ["udp_server", "echo"])
def test_hostile_datagram_client_that_takes_no_answer(stage, name):
    """What waits for it counts as the server's own, so that it can take the
    others' answers too; but the server goes on, and all is well after."""
    server = stage.serve(name, LOCAL["datagram"].format(stage.folder))
    with connect(server.address) as deaf:
        for _ in range(100):
            deaf.send(b"x")
        assert chatter(server.address)
        for _ in range(2000):
            deaf.send(b"x")
    assert chatter(server.address)
    assert server.end() == 0


@pytest.mark.parametrize("name, address", [
    ("udp_server", "unix:{}/wrong"), ("udp_server", "tcp://127.0.0.1:0"),
    ("udp_server", "unix-seqpacket:{}/wrong"),
    ("tcp_server", "udp://127.0.0.1:0"),
    ("unix_server", "unix-dgram:{}/wrong"),
])
def test_hostile_address_of_the_wrong_kind(stage, name, address):
    """A server for something else ends, or lets the client go; it does not
    spin."""
    server = stage.serve(name, address.format(stage.folder))
    with connect(server.address) as sock, contextlib.suppress(OSError):
        sock.send(b"hello")
        if sock.type != socket.SOCK_DGRAM:
            read_all(sock)
    if "udp:" in address or "dgram" in address:
        assert server.wait() == 64
        assert "this kind of socket cannot do that" in server.sentence()
    else:
        assert server.end() == 0
    assert len(server.sentence()) < 1000


def test_hostile_servers_race_for_a_stale_path(stage):
    """One gets it, and is reached by it; the others say that it is in use."""
    for turn in range(5):
        address = f"unix:{stage.path('race')}{turn}"
        listen(address)[0].close()
        racers = [stage.start("unix_server", address) for _ in range(8)]
        ready = [racer for racer in racers if racer.out.line()]
        assert len(ready) == 1
        assert chatter(address).decode() == ANSWER
        for racer in racers:
            if racer not in ready:
                assert racer.wait() == 71
                assert "address in use" in racer.sentence()
        assert ready[0].end() == 0


@pytest.mark.parametrize("name", ["tcp_server", "threads"])
def test_hostile_text_longer_than_the_buffer_is_cut_between_characters(
        stage, name):
    server = stage.serve(name, "tcp://127.0.0.1:0")
    for character in ("я", "€", "🦉"):
        with connect(server.address) as sock:
            sock.sendall(character.encode() * 5000)
            end(sock)
            assert read_all(sock).decode() == ANSWER
        line = server.out.line().removeprefix(FROM_CLIENT)
        assert line and set(line) == {character}
        assert len(line.encode()) < 1024


def test_hostile_stop_and_go(stage):
    """Interrupted waits go on."""
    server = stage.serve("tcp_server", "tcp://127.0.0.1:0")
    for _ in range(50):
        server.send(signal.SIGSTOP)
        server.send(signal.SIGCONT)
        server.send(signal.SIGWINCH)
    assert chatter(server.address).decode() == ANSWER
    assert server.end() == 0


def test_hostile_storm_of_signals(stage):
    server = stage.serve("echo", "tcp://127.0.0.1:0", "unix:@" + stage.folder)
    with connect(server.address) as sock:
        sock.send(b"x")
        sock.recv(1)
        for _ in range(1000):
            server.send(signal.SIGTERM)
            server.send(signal.SIGINT)
    # One that comes after gn_serve has given them back ends the process.
    assert server.wait() in (0, -signal.SIGTERM, -signal.SIGINT)
    assert server.sentence() == ""


def test_hostile_clients_by_the_thousand(stage):
    """They come, say nothing and go, in every way."""
    server = stage.serve("tcp_server", "tcp://127.0.0.1:0")
    for turn in range(10):
        crowd = [connect(server.address) for _ in range(100)]
        for number, sock in enumerate(crowd):
            if number % 3 == 0:
                sock.close()
            elif number % 3 == 1:
                reset(sock)
            else:
                end(sock)
        assert chatter(server.address).decode() == ANSWER
        for sock in crowd:
            sock.close()
    assert server.end() == 0
    assert server.text().count(FROM_CLIENT + "ping\n") == 10


def test_hostile_memory_does_not_grow(stage):
    """Each client takes what the one before gave back."""
    server = stage.serve("echo", "tcp://127.0.0.1:0")

    def resident_kb():
        with open(f"/proc/{server.process.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f
                        if line.startswith("VmRSS"))

    def crowd():
        for _ in range(300):
            with connect(server.address) as sock:
                sock.sendall(b"z" * 4000)
                end(sock)
                assert len(read_all(sock)) == 4000
    crowd()
    before = resident_kb()
    for _ in range(3):
        crowd()
    after = resident_kb()
    assert after - before < 1000 or sanitized(server)
    assert len(os.listdir(f"/proc/{server.process.pid}/fd")) < 20


@pytest.mark.parametrize("more", [100_000, 1_000_000])
def test_hostile_fault_11_memory_runs_out(stage, more):
    """Clients fail then; the server does not, and has others later."""
    server = stage.serve("tcp_server", "tcp://127.0.0.1:0")
    if sanitized(server):
        pytest.skip("the sanitizer's own memory would run out")
    pid = server.process.pid
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        size = int(statm.read().split()[0]) * os.sysconf("SC_PAGESIZE")
    normal = resource.prlimit(pid, resource.RLIMIT_AS,
                              (size + more, resource.RLIM_INFINITY))
    crowd = [connect(server.address) for _ in range(300)]
    for sock in crowd:
        with sock, contextlib.suppress(OSError):
            sock.sendall(b"x")
            end(sock)
            read_all(sock)
    resource.prlimit(pid, resource.RLIMIT_AS, normal)
    assert chatter(server.address).decode() == ANSWER
    assert server.end() == 0


@pytest.mark.parametrize("entries", ["4", "8"])
def test_hostile_fault_51_tiny_ring(single, entries):
    if not usable("uring"):
        pytest.skip("uring is refused here")
    tiny = {"environment": {"GNEZDO_RING": entries}, "backend": "uring"}
    server = single.serve("echo", "tcp://127.0.0.1:0", **tiny)
    status, _, sentence = single.run("many_clients", "200", server.address,
                                     **tiny)
    assert (status, sentence) == (0, "")
    socks = [connect(server.address) for _ in range(20)]
    feeders = [Feeder(sock, b"z" * 300000) for sock in socks]
    for sock, feeder in zip(socks, feeders):
        assert len(read_all(sock)) == 300000
        feeder.done()
        sock.close()
    assert server.end() == 0


def test_hostile_answer_that_never_ends(stage):
    """ask prints as long as it comes, and ends when nobody reads on."""
    listener, address = listen("tcp://127.0.0.1:0")
    reading, writing = os.pipe()
    with listener:
        asking = stage.start("ask", address, stdout=writing)
        os.close(writing)
        sock, _ = listener.accept()
        feeder = Feeder(sock, b"blah" * 5000000)
        for _ in range(100):
            assert os.read(reading, 10000)
        os.close(reading)
        assert asking.wait() == 74
        with contextlib.suppress(ConnectionError):
            feeder.done()
        sock.close()


def test_hostile_greeting_that_looks_like_the_log(stage):
    """A line that a client forges stays within its own."""
    server = stage.serve("tcp_server", "tcp://127.0.0.1:0")
    forged = f"x\r\n{FROM_CLIENT}{GREETING}\n\x1b]0;title\x07"
    with connect(server.address) as sock:
        sock.sendall(forged.encode())
        end(sock)
        read_all(sock)
    assert server.end() == 0
    lines = server.text().splitlines()
    assert len(lines) == 2 and lines[1].startswith(FROM_CLIENT + "x..")
    assert server.text().replace("\n", "").isprintable()
