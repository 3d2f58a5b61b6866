"""What every test of this folder may ask for."""
import functools
import shutil
import signal
import tempfile

import pytest

from programs import Program, Stage, example

# A shell that starts us in the background has us ignore it, and so would all
# that we start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@functools.lru_cache(maxsize=None)
def usable(backend):
    program = Program(example("backend"), backend=backend)
    status = program.wait()
    program.drop()
    return status == 0


@pytest.fixture(params=["uring", "epoll", "poll"])
def backend(request):
    if not usable(request.param):
        pytest.skip(f"{request.param} is refused here")
    return request.param


@pytest.fixture
def folder():
    """A short path: a Unix socket's has 107 bytes at most."""
    path = tempfile.mkdtemp(prefix="gn-")
    yield path
    shutil.rmtree(path)


@pytest.fixture
def stage(backend, folder):
    """Programs on each backend."""
    place = Stage(backend, folder)
    yield place
    place.close()


@pytest.fixture
def single(folder):
    """Programs on the backend that they choose."""
    place = Stage("", folder)
    yield place
    place.close()
