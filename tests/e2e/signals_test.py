"""Servers end in order, whatever their clients do at that time."""
import contextlib
import os
import signal
import threading

import pytest

from peers import Feeder, connect, read_all, wait_until_refused
from programs import ANSWER, GREETING

SERVERS = {
    "tcp_server": "tcp://127.0.0.1:0",
    "udp_server": "udp://127.0.0.1:0",
    "unix_server": "unix:{}/stream",
    "threads": "tcp://127.0.0.1:0",
    "echo": "unix-seqpacket:{}/seqpacket",
}
BOTH = {"SIGTERM": signal.SIGTERM, "SIGINT": signal.SIGINT}


def accepted(server):
    """A client that the server surely has: the next one was answered."""
    first = connect(server.address)
    with connect(server.address) as second:
        second.sendall(GREETING.encode())
        assert read_all(second).decode() == ANSWER
    return first


@pytest.mark.parametrize("number", BOTH.values(), ids=BOTH)
@pytest.mark.parametrize("name", SERVERS)
def test_fault_60_idle_server_ends_on(stage, name, number):
    server = stage.serve(name, SERVERS[name].format(stage.folder))
    assert server.end(number) == 0
    assert server.sentence() == ""
    assert name == "threads" or os.listdir(stage.folder) == []


def test_fault_60_servers_end_while_clients_are_silent(stage):
    """They have some seconds' grace, so all are asked at once."""
    servers, clients = [], []
    for number in BOTH.values():
        for i, (name, address) in enumerate(SERVERS.items()):
            server = stage.serve(name, address.format(stage.folder)
                                 + (f"{number}" if "unix" in address else ""))
            clients += [connect(server.address) for _ in range(3)]
            servers.append((server, number))
    for server, number in servers:
        server.send(number)
    for server, number in servers:
        assert server.wait() == 0
        assert server.sentence() == ""
    for sock in clients:
        sock.close()


@pytest.mark.parametrize("number", BOTH.values(), ids=BOTH)
def test_fault_60_second_signal_does_no_harm(stage, number):
    server = stage.serve("tcp_server", "tcp://127.0.0.1:0")
    with accepted(server) as sock:
        server.send(number)
        wait_until_refused(server.address)
        server.send(number)
        assert read_all(sock) == b""    # told that the server ends
        assert server.wait() == 0


def test_fault_60_a_client_in_time_is_answered_in_the_grace(stage):
    server = stage.serve("tcp_server", "tcp://127.0.0.1:0")
    with accepted(server) as sock:
        server.send(signal.SIGTERM)
        wait_until_refused(server.address)
        sock.sendall(GREETING.encode())
        assert read_all(sock).decode() == ANSWER
    assert server.wait() == 0
    assert server.sentence() == ""


class Busy(threading.Thread):
    """A client that greets anew as long as somebody answers."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address, self.greeted = address, threading.Event()
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                with connect(self.address) as sock:
                    sock.send(b"hello")
                    if not sock.recv(64):
                        return
                self.greeted.set()


@pytest.mark.parametrize("number", BOTH.values(), ids=BOTH)
@pytest.mark.parametrize("name", SERVERS)
def test_fault_60_busy_server_ends_on(stage, name, number):
    address = SERVERS[name].format(stage.folder)
    server = stage.serve(name, address)
    if not address.startswith("udp"):
        clients = [Busy(server.address) for _ in range(3)]
        assert all(client.greeted.wait(60) for client in clients)
        assert server.end(number) == 0
        return
    with connect(server.address) as sock, \
            contextlib.suppress(ConnectionRefusedError):
        sock.settimeout(0.5)
        server.send(number)
        while server.running():
            sock.send(b"still here")
    assert server.wait() == 0


def test_fault_60_echo_ends_while_much_is_under_way(stage):
    """The echoes that are owed are paid in the grace, if they are taken."""
    server = stage.serve("echo", "tcp://127.0.0.1:0")
    with connect(server.address) as sock:
        feeder = Feeder(sock, b"z" * 10000000)
        assert sock.recv(1) == b"z"
        server.send(signal.SIGTERM)
        assert len(read_all(sock)) == 9999999
        feeder.done()
    assert server.wait() == 0


def test_fault_60_ask_is_ended_by_the_signal_itself(stage):
    """Only gn_serve takes signals."""
    silent = stage.serve("echo", "tcp://127.0.0.1:0")
    for number in BOTH.values():
        asking = stage.start("ask", silent.address, stdin=-1)
        asking.process.stdin.write(b"here")
        asking.process.stdin.flush()
        asking.out.wait_for(lambda a=asking: a.out.bytes == b"here")
        assert asking.end(number) == -number


def test_ignored_signal_stays_ignored(stage):
    """As under nohup: only a signal at its default is taken."""
    server = stage.serve("tcp_server", "tcp://127.0.0.1:0",
                         before=["/bin/sh", "-c", "trap '' INT; exec \"$@\"",
                                 "sh"])
    server.send(signal.SIGINT)
    with connect(server.address) as sock:
        sock.sendall(GREETING.encode())
        assert read_all(sock).decode() == ANSWER
    assert server.end() == 0
