"""The examples that are neither a lesson's server nor its client."""
import os
import re
import resource
import subprocess

import pytest

from peers import listen, reset
from programs import ANSWER, FROM_CLIENT, FROM_SERVER, GREETING


def test_deadline_is_kept(stage):
    status, text, sentence = stage.run("deadline")
    assert status == 0
    after = re.fullmatch(r"after (\d+) ms: deadline passed\n", text)
    assert after and int(after[1]) >= 300
    assert re.fullmatch(r"deadline: recv tcp://127\.0\.0\.1:\d+->127\.0\.0\.1"
                        r":\d+: deadline passed\n", sentence)


@pytest.mark.parametrize("server", ["tcp_server", "unix_server", "echo",
                                    "threads"])
def test_many_clients(stage, server):
    address = f"unix:{stage.path('many')}" if server == "unix_server" \
        else "tcp://127.0.0.1:0"
    running = stage.serve(server, address)
    status, text, sentence = stage.run("many_clients", "100", running.address)
    assert (status, sentence) == (0, "")
    first, second = text.splitlines()
    assert re.fullmatch(r"100 connected at once, in \d+\.\d\d s", first)
    assert re.fullmatch(r"100 answered, in \d+\.\d\d s", second)
    assert running.end() == 0
    assert running.sentence() == ""


def test_many_clients_wait_for_a_line(stage):
    """All are connected when the first line is printed, at once."""
    server = stage.serve("tcp_server", "tcp://127.0.0.1:0")
    crowd = stage.start("many_clients", "300", server.address, "--pause",
                        stdin=subprocess.PIPE)
    assert crowd.out.line().startswith("300 connected at once")
    descriptors = os.listdir(f"/proc/{server.process.pid}/fd")
    assert len(descriptors) >= 300 or server.running()
    crowd.process.stdin.write(b"\n")
    crowd.process.stdin.close()
    assert crowd.wait() == 0
    assert crowd.text().splitlines()[-1].startswith("300 answered")
    assert server.end() == 0
    assert server.text().count(FROM_CLIENT + GREETING) == 300


def test_many_clients_raise_their_own_limit(stage):
    server = stage.serve("tcp_server", "tcp://127.0.0.1:0")
    crowd = stage.start("many_clients", "100", server.address, "--pause",
                        stdin=subprocess.PIPE)
    assert crowd.out.line().startswith("100 connected")
    soft, hard = resource.prlimit(crowd.process.pid, resource.RLIMIT_NOFILE)
    assert soft == hard
    crowd.process.stdin.close()         # nobody says go on: no success
    assert crowd.wait() == 69


def test_fault_01_many_clients_of_a_server_that_resets(stage):
    listener, address = listen("tcp://127.0.0.1:0")
    with listener:
        crowd = stage.start("many_clients", "20", address)
        socks = [listener.accept()[0] for _ in range(20)]
        for sock in socks:
            sock.recv(64)
            reset(sock)
        assert crowd.wait() == 74
        assert crowd.sentence().count("\n") == 1
        assert "broken by the other side" in crowd.sentence()


def test_many_clients_some_of_whom_are_not_answered(stage):
    listener, address = listen("tcp://127.0.0.1:0")
    with listener:
        crowd = stage.start("many_clients", "10", address)
        for number, sock in enumerate([listener.accept()[0]
                                       for _ in range(10)]):
            if number != 7:
                sock.sendall(b"yes")
            sock.recv(64)
            sock.close()
        assert crowd.wait() == 0
        assert crowd.text().splitlines()[-1].startswith("9 answered")


def simulated(stage, *args):
    status, text, sentence = stage.run("simulated", *args)
    assert (status, sentence) == (0, "")
    *lines, last = text.splitlines()
    virtual, trace = re.fullmatch(
        r"virtual (\d+\.\d{3}) s, real \d+\.\d{6} s, trace ([0-9a-f]{16})",
        last).groups()
    return lines, virtual, trace


def test_simulated_runs_the_lesson(stage):
    lines, virtual, _ = simulated(stage, "7", "200")
    assert lines[0].startswith("Сервер ждёт на tcp://")
    assert lines[1:] == [FROM_CLIENT + GREETING, FROM_SERVER + ANSWER]
    assert virtual == "0.800"           # there and back, twice
    assert simulated(stage, "7", "1000")[1] == "4.000"


def test_simulated_is_the_same_for_the_same_seed(stage):
    for seed in ("0", "1", "7", "18446744073709551615"):
        assert simulated(stage, seed) == simulated(stage, seed)
    traces = {simulated(stage, str(seed))[2] for seed in range(20)}
    assert len(traces) > 10             # some seeds may choose alike


def test_simulated_cuts_the_greeting_only_between_characters(stage):
    """Segments are the seed's: what the server printed is what had come."""
    for seed in range(40):
        lines, _, _ = simulated(stage, str(seed))
        heard = lines[1].removeprefix(FROM_CLIENT)
        assert heard and GREETING.startswith(heard)
        assert lines[2] == FROM_SERVER + ANSWER


def test_simulated_refuses_what_cannot_be(stage):
    status, _, sentence = stage.run("simulated", "1", "-1")
    assert status == 64
    assert sentence.startswith("simulated: ") and sentence.count("\n") == 1


def test_threads_survive_many_clients_at_once(stage):
    server = stage.serve("threads", "tcp://127.0.0.1:0")
    crowd = [stage.start("many_clients", "40", server.address)
             for _ in range(3)]
    assert [program.wait() for program in crowd] == [0] * 3
    assert server.end() == 0
    assert server.text().count(FROM_CLIENT + GREETING) == 120
