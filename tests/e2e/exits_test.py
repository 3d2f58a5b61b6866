"""How the programs of examples/ end: by a status that tells the cause, and
one sentence on standard error."""
import os
import re
import shutil
import socket
import unittest.mock

import pytest

from peers import connect, free_port, listen, wait_until_refused
from programs import READY, example

SERVERS = {
    "tcp_server": ["tcp://127.0.0.1:0"],
    "udp_server": ["udp://127.0.0.1:0"],
    "unix_server": ["unix:{}/a"],
    "threads": ["tcp://127.0.0.1:0"],
    "echo": ["tcp://127.0.0.1:0"],
    "exact": ["tcp://127.0.0.1:0", "12"],
}
USAGE = 64

MALFORMED = ["", "127.0.0.1", "tcp:", "tcp://", "tcp://127.0.0.1",
             "tcp://127.0.0.1:", "tcp://127.0.0.1:65536", "tcp://1.2.3:1",
             "tcp://127.0.0.1:80x", "tcp://[::1:80", "tcp://::1:80",
             "tcp://127.0.0.1:1?wonder=1", "TCP://127.0.0.1:1", "unix:",
             "unix:%00", "http://127.0.0.1:80", "tcp://127.0.0.1:1\n2",
             "tcp://127.0.0.1:080", "unix:/" + "x" * 107, "tcp://\x1b[2J:1"]


def failed(result, name, status, words):
    """The result is this failure, told in one printable line."""
    assert result[0] == status, result
    assert re.fullmatch(f"{name}: [^\n]*\n", result[2]), result
    assert words in result[2]
    assert result[2][:-1].isprintable()


@pytest.mark.parametrize("address", MALFORMED,
                         ids=[ascii(a)[1:25] for a in MALFORMED])
def test_malformed_address(single, address):
    for name in ("tcp_server", "tcp_client", "udp_server", "echo", "ask"):
        failed(single.run(name, address), name, 64, "malformed address")


@pytest.mark.parametrize("args", [
    ["echo"], ["exact"], ["exact", "unix:a"], ["exact", "unix:a", "0"],
    ["exact", "unix:a", "1048577"], ["exact", "unix:a", "64x"], ["ask"], ["ask", "unix:/a", "b"], ["ask", "a", "--timeout"],
    ["ask", "unix:/a", "--timeout", "5"], ["ask", "unix:/a", "--time", "5s"],
    ["ask", "unix:/a", "--timeout", "0s"], ["ask", "unix:/a", "--timeout", ""],
    ["ask", "unix:/a", "--timeout", "-1s"], ["many_clients", "0"],
    ["ask", "unix:/a", "--timeout", "99999999999999999999s"],
    ["many_clients", "-5"], ["many_clients", "many"],
], ids=" ".join)
def test_usage(single, args):
    status, text, sentence = single.run(*args)
    assert (status, text) == (USAGE, "")
    assert re.fullmatch(f"usage: {args[0]} [^\n]*\n", sentence)


@pytest.mark.parametrize("name, address", [
    ("tcp_client", "tcp://127.0.0.1:{port}"),
    ("many_clients", "tcp://127.0.0.1:{port}"),
    ("ask", "tcp://127.0.0.1:{port}"),
    ("ask", "tcp://localhost:{port}"),
    ("udp_client", "udp://127.0.0.1:{port}"),
    ("unix_client", "unix:{folder}/left"),
    ("udp_client", "unix-dgram:{folder}/left"),
    ("unix_client", "unix:@{folder}/nobody"),
])
def test_fault_14_refused(stage, name, address):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM
                       if "dgram" in address else socket.SOCK_STREAM) as left:
        left.bind(stage.path("left"))
    port = free_port(socket.SOCK_DGRAM if "udp" in address
                     else socket.SOCK_STREAM)
    address = address.format(port=port, folder=stage.folder)
    args = ["3", address] if name == "many_clients" else [address]
    failed(stage.run(name, *args), name, 69, "connection refused")


def test_client_without_a_path(stage):
    for name in ("unix_client", "udp_client", "ask"):
        scheme = "unix-dgram" if name == "udp_client" else "unix"
        failed(stage.run(name, f"{scheme}:{stage.path('nothing')}"), name, 66,
               "no such path")


def test_client_of_an_unknown_name(single):
    failed(single.run("tcp_client", "tcp://no.such.name.invalid:80"),
           "tcp_client", 68, "no such name")


def test_port_in_use_by_another_program(stage):
    for name, address in (("tcp_server", "tcp://127.0.0.1:0"),
                          ("threads", "tcp://[::1]:0"),
                          ("echo", "tcp://127.0.0.1:0"),
                          ("udp_server", "udp://127.0.0.1:0")):
        other, address = listen(address)
        with other:
            failed(stage.run(name, address), name, 71, "address in use")
            assert address in stage.programs[-1].sentence()


@pytest.mark.parametrize("name", SERVERS)
def test_address_in_use_by_a_second_server(stage, name):
    address, *more = SERVERS[name]
    first = stage.serve(name, address.format(stage.folder), *more)
    failed(stage.run(name, first.address, *more), name, 71, "address in use")
    with connect(first.address) as sock:     # not disturbed
        sock.send(b"still there?")
        assert sock.recv(64)
    if name == "unix_server":
        assert os.path.exists(stage.path("a"))


def test_a_family_in_use_takes_the_port(stage):
    other, address = listen("tcp://127.0.0.1:0")
    with other:
        port = address.rpartition(":")[2]
        failed(stage.run("tcp_server", f"tcp://:{port}"), "tcp_server", 71,
               "address in use")


def test_address_of_another_machine(stage):
    failed(stage.run("tcp_server", "tcp://192.0.2.1:0"), "tcp_server", 71,
           "not an address of this machine")


def test_fault_35_directory_is_missing(stage):
    failed(stage.run("unix_server", f"unix:{stage.path('no')}/a"),
           "unix_server", 66, "no such path")


@pytest.mark.parametrize("name, scheme", [("unix_server", "unix"),
                                          ("udp_server", "unix-dgram"),
                                          ("echo", "unix-seqpacket")])
def test_fault_35_stale_socket_is_replaced(stage, name, scheme):
    stale, _ = listen(f"{scheme}:{stage.path('a')}")
    stale.close()
    server = stage.serve(name, f"{scheme}:{stage.path('a')}")
    with connect(server.address) as sock:
        sock.send(b"hello")
        assert sock.recv(64)
    assert server.end() == 0
    assert not os.path.exists(stage.path("a"))


def test_fault_35_a_killed_servers_socket_is_replaced(stage):
    address = f"unix:{stage.path('a')}"
    for _ in range(3):
        assert stage.serve("unix_server", address).end(9) == -9
        assert os.path.exists(stage.path("a"))
        wait_until_refused(address)


def test_fault_35_other_files_are_left_alone(stage):
    with open(stage.path("file"), "w", encoding="ascii") as file:
        file.write("precious")
    os.mkdir(stage.path("folder"))
    os.symlink(stage.path("file"), stage.path("link"))
    for name in ("file", "folder", "link"):
        failed(stage.run("unix_server", f"unix:{stage.path(name)}"),
               "unix_server", 71, "address in use")
    with open(stage.path("link"), encoding="ascii") as file:
        assert file.read() == "precious"


def test_server_removes_only_its_own_socket(stage):
    """The path was given to another meanwhile."""
    server = stage.serve("unix_server", f"unix:{stage.path('a')}")
    os.unlink(stage.path("a"))
    other, _ = listen(f"unix:{stage.path('a')}")
    with other:
        assert server.end() == 0
        assert os.path.exists(stage.path("a"))


def test_backend_that_does_not_exist(single):
    for name in ("backend", "tcp_server", "ask", "many_clients"):
        failed(single.run(name, "tcp://127.0.0.1:0", backend="magic")
               if name != "many_clients" else
               single.run(name, "1", backend="magic"), name, 78, "magic")


class Nobody:
    """Programs run by a user without rights: copies, where he can come."""

    def __init__(self, stage):
        if os.getuid() != 0:
            pytest.skip("only root can become nobody")
        os.chmod(stage.folder, 0o755)
        self.stage = stage

    def run(self, name, *args):
        copy = shutil.copy(example(name), self.stage.path(name))
        # A build that counts coverage would complain of our folder.
        counts = self.stage.path("counts")
        os.makedirs(counts, exist_ok=True)
        os.chmod(counts, 0o777)
        with unittest.mock.patch.dict(os.environ, GCOV_PREFIX=counts):
            return self.stage.run(copy, *args, user=65534, group=65534,
                                  extra_groups=[], cwd="/")


def test_privileged_port_as_nobody(stage):
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start",
              encoding="ascii") as first:
        if int(first.read()) <= 999:
            pytest.skip("no port is privileged here")
    nobody = Nobody(stage)
    for name, address in (("tcp_server", "tcp://127.0.0.1:999"),
                          ("threads", "tcp://127.0.0.1:999"),
                          ("udp_server", "udp://127.0.0.1:999")):
        failed(nobody.run(name, address), name, 77, "CAP_NET_BIND_SERVICE")


def test_fault_35_path_of_another_user(stage):
    """Neither the folder nor a served socket nor a stale one is his."""
    nobody = Nobody(stage)
    failed(nobody.run("unix_server", f"unix:{stage.path('new')}"),
           "unix_server", 77, "not permitted")
    server = stage.serve("unix_server", f"unix:{stage.path('mine')}?mode=0600")
    failed(nobody.run("unix_client", f"unix:{stage.path('mine')}"),
           "unix_client", 77, "not permitted")
    assert nobody.run("unix_server", f"unix:{stage.path('mine')}")[0] != 0
    assert server.end(9) == -9
    assert nobody.run("unix_server", f"unix:{stage.path('mine')}")[0] != 0
    assert os.path.exists(stage.path("mine"))


def test_ready_line_is_the_address_to_connect_to(stage):
    for name, [address, *more] in SERVERS.items():
        server = stage.start(name, address.format(stage.folder), *more)
        line = server.out.line()
        assert line.startswith("" if name in ("echo", "exact") else READY)
        assert not line.endswith(":0")
