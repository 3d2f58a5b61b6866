"""ask: a question out, an answer back, and the truth about whether it came
whole."""
import contextlib
import fcntl
import os
import pty
import random
import socket
import subprocess

import pytest

from peers import Feeder, end, free_port, listen, read_all, reset

ADDRESSES = {"tcp": "tcp://127.0.0.1:0", "unix": "unix:{}/stream"}
MANY = random.Random(3).randbytes(3 << 20)


class Asked:
    """A server of Python's that ask has connected to."""

    def __init__(self, stage, kind="tcp", *args, **popen):
        self.listener, address = listen(ADDRESSES[kind].format(stage.folder))
        popen.setdefault("stdin", subprocess.PIPE)
        self.program = stage.start("ask", address, *args, **popen)
        self.sock, _ = self.listener.accept()
        self.sock.settimeout(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()
        self.listener.close()

    def ask(self, data, last=True):
        self.program.process.stdin.write(data)
        self.program.process.stdin.flush()
        if last:
            self.program.process.stdin.close()

    def answered(self, data):
        assert self.program.wait() == 0, self.program.sentence()
        assert self.program.out.all() == data
        assert self.program.sentence() == ""

    def failed(self, status, words):
        assert self.program.wait() == status
        sentence = self.program.sentence()
        assert sentence.startswith("ask: ") and sentence.count("\n") == 1
        assert words in sentence


@pytest.mark.parametrize("kind", ADDRESSES)
@pytest.mark.parametrize("question, answer", [
    (b"what?", b"that"), (b"", b"nobody asked"), (b"anyone?", b""), (b"", b""),
    (b"\0\xff\n", b"\xff\0\r\n"),
], ids=["both", "no question", "no answer", "neither", "bytes"])
def test_ask(stage, kind, question, answer):
    with Asked(stage, kind) as peer:
        peer.ask(question)
        assert read_all(peer.sock) == question
        peer.sock.sendall(answer)
        peer.sock.close()
        peer.answered(answer)


def test_ask_answered_before_the_question_ends(stage):
    with Asked(stage) as peer:
        peer.ask(b"first half,", last=False)
        peer.sock.sendall(b"I know already")
        peer.program.out.wait_for(lambda: peer.program.out.bytes)
        end(peer.sock)
        assert peer.program.running()
        peer.ask(b" second half")
        assert read_all(peer.sock) == b"first half, second half"
        peer.answered(b"I know already")


def test_ask_has_patience_until_the_question_ends(stage):
    """The silence of the other side counts from the question's end."""
    with Asked(stage, "tcp", "--timeout", "100ms") as peer, \
            Asked(stage, "unix", "--timeout", "500ms",
                  stdin=subprocess.DEVNULL) as timer:
        timer.failed(75, "deadline passed")
        assert peer.program.running()


def test_ask_answered_late_after_the_end(stage):
    with Asked(stage) as peer:
        peer.ask(b"take your time")
        read_all(peer.sock)
        for word in (b"a ", b"slow ", b"answer"):
            peer.sock.sendall(word)
            peer.program.out.wait_for(
                lambda word=word: peer.program.out.bytes.endswith(word))
        peer.sock.close()
        peer.answered(b"a slow answer")


@pytest.mark.parametrize("kind", ADDRESSES)
def test_ask_never_answered(stage, kind):
    with Asked(stage, kind, "--timeout", "50ms") as peer:
        peer.ask(b"anyone?")
        assert read_all(peer.sock) == b"anyone?"
        peer.failed(75, "deadline passed")
        assert peer.program.text() == ""


def test_ask_answered_by_half(stage):
    with Asked(stage, "tcp", "--timeout", "50ms") as peer:
        peer.ask(b"all of it")
        peer.sock.sendall(b"half of it")
        peer.failed(75, "deadline passed")
        assert peer.program.text() == "half of it"


def test_fault_01_ask_reset(stage):
    for answer in (b"", b"part"):
        with Asked(stage) as peer:
            peer.ask(b"?")
            assert read_all(peer.sock) == b"?"
            peer.sock.sendall(answer)
            reset(peer.sock)
            peer.failed(74, "connection broken by the other side")
            assert peer.program.out.all() in (b"", answer)


@pytest.mark.parametrize("kind", ADDRESSES)
def test_fault_01_ask_cut_within_the_question(stage, kind):
    with Asked(stage, kind) as peer:
        with contextlib.suppress(BrokenPipeError):
            peer.ask(MANY[:1 << 17], last=False)
            peer.sock.recv(10)
            peer.sock.close()
            while peer.program.running():
                peer.ask(b"and another thing", last=False)
        peer.failed(74, "connection broken by the other side")
        with contextlib.suppress(BrokenPipeError):
            peer.program.process.stdin.close()


@pytest.mark.parametrize("kind", ADDRESSES)
def test_ask_much_both_ways_at_once(stage, kind):
    with open(stage.path("question"), "w+b") as question:
        question.write(MANY)
        question.seek(0)
        with Asked(stage, kind, stdin=question) as peer:
            feeder = Feeder(peer.sock, MANY[::-1])
            assert read_all(peer.sock) == MANY
            feeder.done()
            peer.answered(MANY[::-1])


@pytest.mark.parametrize("kind", ADDRESSES)
def test_ask_while_nobody_reads_its_output(stage, kind):
    """A full pipe must not stop the question: it goes to a pipe of one page,
    in pieces that do not divide it."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    with open(reading, "rb") as reader, \
            open(stage.path("question"), "w+b") as question:
        question.write(MANY)
        question.seek(0)
        with Asked(stage, kind, stdin=question, stdout=writing) as peer:
            os.close(writing)
            feeder = Feeder(peer.sock, MANY[:1000003])
            assert read_all(peer.sock) == MANY
            assert reader.read() == MANY[:1000003]
            feeder.done()
            assert peer.program.wait() == 0


def test_fault_18_ask_a_peer_that_reads_nothing(stage):
    with open("/dev/zero", "rb") as zero:
        with Asked(stage, "tcp", "--timeout", "100ms", stdin=zero) as peer:
            peer.failed(75, "bytes sent")


@pytest.mark.parametrize("kind", ADDRESSES)
def test_fault_02_ask_into_a_closed_pipe(stage, kind):
    reading, writing = os.pipe()
    os.close(reading)
    with Asked(stage, kind, stdin=subprocess.DEVNULL, stdout=writing) as peer:
        os.close(writing)
        peer.sock.sendall(b"nobody wants to know")
        peer.failed(74, "broken")


def test_fault_62_ask_into_a_full_disk(stage):
    with open("/dev/full", "wb") as full:
        with Asked(stage, stdin=subprocess.DEVNULL, stdout=full) as peer:
            peer.sock.sendall(b"no room for this")
            peer.sock.close()
            peer.failed(71, "No space left on device")


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_fault_62_ask_without_a_standard_stream(stage, closed):
    shell = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh"]
    with Asked(stage, before=shell) as peer:
        with contextlib.suppress(BrokenPipeError):
            peer.ask(b"?")
        if closed == ">&-":
            assert read_all(peer.sock) == b"?"
            peer.sock.sendall(b"!")
        peer.failed(71, "Bad file descriptor")


def test_ask_from_null(stage):
    with Asked(stage, stdin=subprocess.DEVNULL) as peer:
        assert read_all(peer.sock) == b""
        peer.sock.sendall(b"hello")
        peer.sock.close()
        peer.answered(b"hello")


def test_ask_from_a_folder(stage):
    folder = os.open(stage.folder, os.O_RDONLY)
    with Asked(stage, stdin=folder) as peer:
        os.close(folder)
        peer.failed(71, "Is a directory")


def test_ask_from_a_pipe_that_does_not_block(stage):
    """The flag is shared with whoever made the pipe: it has to be borne."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with open(writing, "wb", buffering=0) as writer, \
            Asked(stage, stdin=reading) as peer:
        os.close(reading)
        for word in (b"one ", b"two"):
            writer.write(word)
            assert peer.sock.recv(64) == word
        writer.close()
        assert read_all(peer.sock) == b""
        peer.sock.close()
        peer.answered(b"")


def test_ask_from_a_terminal(stage):
    """A line at a time, and control-D ends the question."""
    keyboard, terminal = pty.openpty()
    with Asked(stage, stdin=terminal, stdout=terminal) as peer:
        os.close(terminal)
        for line in (b"hello\n", b"are you there?\n"):
            os.write(keyboard, line)
            assert peer.sock.recv(64) == line
            peer.sock.sendall(b"yes\n")
        screen = b""
        while screen.count(b"yes") < 2:
            screen += os.read(keyboard, 1024)
        os.write(keyboard, b"\x04")
        assert read_all(peer.sock) == b""
        peer.sock.close()
        assert peer.program.wait() == 0
    os.close(keyboard)
    assert screen.replace(b"\r", b"").startswith(b"hello\n")


@pytest.mark.parametrize("address, kind", [
    ("udp://127.0.0.1:0", "udp"), ("unix-dgram:{}/datagram", "unix-dgram")])
def test_ask_by_datagram(stage, address, kind):
    bound, address = listen(address.format(stage.folder))
    with bound:
        for question in (b"", b"one?", b"q" * 60000):
            program = stage.start("ask", address, stdin=subprocess.PIPE)
            program.process.stdin.write(question)
            program.process.stdin.close()
            heard, client = bound.recvfrom(65536)
            assert heard == question
            bound.sendto(question[::-1] + b"!", client)
            assert program.wait() == 0, program.sentence()
            assert program.out.all() == question[::-1] + b"!"


def test_ask_by_seqpacket(stage):
    listener, address = listen(f"unix-seqpacket:{stage.path('seqpacket')}")
    with listener:
        for answer in (b"one message", b""):
            program = stage.start("ask", address, stdin=subprocess.PIPE)
            program.process.stdin.write(b"what is it?")
            program.process.stdin.close()
            sock, _ = listener.accept()
            with sock:
                assert sock.recv(1024) == b"what is it?"
                if answer:
                    sock.send(answer)
            assert program.wait() == (0 if answer else 69)
            assert program.out.all() == answer


def test_ask_a_question_longer_than_a_datagram(stage):
    bound, address = listen("udp://127.0.0.1:0")
    with bound, open("/dev/zero", "rb") as zero:
        status, text, sentence = stage.run("ask", address, stdin=zero)
        assert (status, text) == (65, "")
        assert "too long" in sentence


def test_fault_31_ask_nobody_by_datagram(stage):
    port = free_port(socket.SOCK_DGRAM)
    status, _, sentence = stage.run("ask", f"udp://127.0.0.1:{port}")
    assert status == 69
    assert "connection refused" in sentence
