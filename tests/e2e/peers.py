"""The other side: plain Python sockets, in both roles."""
import contextlib
import socket
import struct
import threading
import time

from programs import HANG_SECONDS

KINDS = {
    "tcp": (socket.AF_INET, socket.SOCK_STREAM),
    "udp": (socket.AF_INET, socket.SOCK_DGRAM),
    "unix": (socket.AF_UNIX, socket.SOCK_STREAM),
    "unix-dgram": (socket.AF_UNIX, socket.SOCK_DGRAM),
    "unix-seqpacket": (socket.AF_UNIX, socket.SOCK_SEQPACKET),
}


def parts(address):
    """(family, type, what Python takes for the address)"""
    scheme, _, rest = address.partition(":")
    family, kind = KINDS[scheme]
    if family == socket.AF_UNIX:
        return family, kind, "\0" + rest[1:] if rest[0] == "@" else rest
    host, _, port = rest.removeprefix("//").rpartition(":")
    if host.startswith("["):
        family, host = socket.AF_INET6, host[1:-1]
    return family, kind, (host, int(port))


def connect(address):
    family, kind, where = parts(address)
    sock = socket.socket(family, kind)
    sock.settimeout(HANG_SECONDS)
    if sock.type == socket.SOCK_DGRAM and family == socket.AF_UNIX:
        sock.bind("")               # the kernel chooses: an answer can come
    sock.connect(where)
    if address.startswith("tcp"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def listen(address):
    """A listener, or a bound datagram socket, and its address as text."""
    family, kind, where = parts(address)
    sock = socket.socket(family, kind)
    sock.settimeout(HANG_SECONDS)
    if kind == socket.SOCK_STREAM and family != socket.AF_UNIX:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(where)
    if kind != socket.SOCK_DGRAM:
        sock.listen(128)
    if family != socket.AF_UNIX:
        head, _, _ = address.rpartition(":")
        address = f"{head}:{sock.getsockname()[1]}"
    return sock, address


def read_all(sock):
    """Everything until the peer's end."""
    pieces = []
    while piece := sock.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


def end(sock):
    """End our sending; a peer that has closed already does not mind."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)


def reset(sock):
    """Close so that the peer sees its connection broken (tcp)."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    sock.close()


def wait_until_refused(address):
    """A killed process's io_uring is taken down after the process: for some
    milliseconds its listener still lets connections in."""
    deadline = time.monotonic() + HANG_SECONDS
    with contextlib.suppress(ConnectionRefusedError):
        while time.monotonic() < deadline:
            with contextlib.suppress(ConnectionResetError):
                connect(address).close()
        raise AssertionError(f"{address} is served for ever")


def free_port(kind=socket.SOCK_STREAM):
    """A port that was free a moment ago, where nobody listens."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Feeder(threading.Thread):
    """Sends in a thread of its own, so that the test can read meanwhile; ends
    the sending after it."""

    def __init__(self, sock, data):
        super().__init__(daemon=True)
        self.sock, self.data, self.error = sock, data, None
        self.start()

    def run(self):
        try:
            self.sock.sendall(self.data)
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            self.error = error

    def done(self):
        self.join(HANG_SECONDS)
        assert not self.is_alive(), "sending hangs"
        if self.error:
            raise self.error
