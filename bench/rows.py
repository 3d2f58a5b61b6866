"""What is measured and who takes part: the rows and the servers.

A row is one load. Its reference is the server by which the others are divided;
that one is measured twice, under two names, so that a table shows how far two
entries lie apart that differ in nothing.
"""
from collections import namedtuple

Row = namedtuple("Row", "name title connections depth length message extra",
                 defaults=(1, 64, 0, ()))
Server = namedtuple("Server", "name program package env options only_exact "
                    "messages", defaults=(None, {}, (), False, True))

URING, EPOLL = "io_uring by hand", "epoll by hand"
BYTES, FIBERS = "epoll, bytes only", "fibers, one-shot"
BY_HAND = (URING, EPOLL, BYTES, FIBERS)
AGAIN = " (A/A)"                # the reference's second name ends like this
GNEZDO = ("gnezdo, io_uring", "gnezdo, epoll")

ROWS = (
    Row("1", "1 connection, 64 B", 1),
    Row("64", "64 connections, 64 B", 64),
    Row("1000", "1,000 connections, 64 B", 1000),
    Row("10000", "10,000 connections, 64 B", 10000),
    Row("exact", "64 connections, exact messages of 64 B, 16 in flight each",
        64, depth=16, message=64),
    Row("16k", "64 connections, 16 KiB", 64, length=16384),
    Row("connect", "64 clients that connect, exchange 64 B and close", 64,
        extra=("churn",)),
    Row("unix", "64 connections, 64 B, Unix stream", 64, extra=("unix",)),
)
EXACT = "exact"

MEMORY = "memory"
MEMORY_TITLE = "Resident memory of an idle connection that was served once"
MEMORY_STEPS = (1000, 10000)

NAMES = tuple(row.name for row in ROWS) + (MEMORY,)

RUST = "cargo, rustc and librust-tokio-dev"
GO_ENV = {"GOMAXPROCS": "1"}

SERVERS = (
    Server(BYTES, "echo_epoll", only_exact=True, messages=False),
    Server(URING, "echo_uring"),
    Server(EPOLL, "echo_epoll"),
    Server(FIBERS, "fiber_oneshot", only_exact=True),
    Server(GNEZDO[0], "echo_gnezdo", env={"GNEZDO_BACKEND": "uring"}),
    Server(GNEZDO[1], "echo_gnezdo", env={"GNEZDO_BACKEND": "epoll"}),
    Server("libuv", "echo_libuv", "libuv1-dev"),
    Server("libevent", "echo_libevent", "libevent-dev"),
    Server("Asio", "echo_asio", "libasio-dev"),
    Server("Asio, buffered", "echo_asio", "libasio-dev",
           options=("--buffered",), only_exact=True),
    Server("Go", "echo_go", "golang-go", env=GO_ENV),
    Server("Go, bufio", "echo_go", "golang-go", env=GO_ENV,
           options=("--buffered",), only_exact=True),
    Server("Tokio", "echo_tokio", RUST),
    Server("Tokio, buffered", "echo_tokio", RUST, options=("--buffered",),
           only_exact=True),
)


def reference_of(name):
    """The server by which those of a row are divided."""
    return BYTES if name == EXACT else URING


def servers_of(name, present):
    """Who takes part in a row, the reference's second entry last."""
    found = [s for s in present if name == EXACT or not s.only_exact]
    again = [s._replace(name=s.name + AGAIN) for s in found
             if s.name == reference_of(name)]
    return found + (again if name != MEMORY else [])
