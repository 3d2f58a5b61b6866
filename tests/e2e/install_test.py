"""What `meson install` puts down: a program builds against it in every way
that is promised, and the library shows no more than it should."""
import os
import platform
import re
import shutil
import subprocess

import pytest

from programs import BUILD, ROOT

PROGRAM = r"""
#include <gnezdo.h>
#include <stdio.h>
#include <string.h>

static int hear(void *arg)
{
	char text[16];
	ssize_t n = gn_recv_text(static_cast_sock(arg), text, sizeof text,
				 gn_in(GN_SEC * 60));

	return n == 5 && strcmp(text, "hello") == 0 ? 0 : GN_EPROTO;
}

int main(void)
{
	gn_sock *pair[2];
	gn_group *g = gn_group_open(NULL);
	int failed = !g || gn_pair(GN_UNIX, pair) < 0;

	if (failed)
		return 1;
	failed = gn_go(g, hear, pair[1]) < 0 ||
		 gn_send(pair[0], "hello", 5, gn_in(GN_SEC * 60)) < 0 ||
		 gn_group_wait(g, GN_NEVER) < 0;
	gn_group_close(g);
	gn_close(pair[0]);
	gn_close(pair[1]);
	printf("%s %d.%d.%d\n", gn_version(), GN_VERSION_MAJOR,
	       GN_VERSION_MINOR, GN_VERSION_PATCH);
	return failed;
}
"""
CAST = {"c": "#define static_cast_sock(p) (p)\n",
        "c++": "#define static_cast_sock(p) static_cast<gn_sock *>(p)\n"}
LANGUAGES = {"c17": ("c", ["cc", "-std=c17"]),
             "c++17": ("c++", ["g++", "-std=c++17"])}
STRICT = ["-Wall", "-Wextra", "-pedantic-errors", "-Werror"]

VERSION_NODE = "GNEZDO_0.1"


def tool(name):
    """Debian's own first: another Python's meson may come earlier in PATH."""
    found = shutil.which(name, path="/usr/bin") or shutil.which(name)
    return found or pytest.skip(f"no {name}")


def said_by(*command, **kwargs):
    done = subprocess.run(command, capture_output=True, text=True, **kwargs)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    said_by(tool("meson"), "install", "-C", BUILD, "--no-rebuild",
            "--destdir", str(folder))
    return Installed(folder)


class Installed:
    """Below a folder, wherever the prefix is in it."""

    def __init__(self, folder):
        self.folder = folder
        description, = folder.rglob("gnezdo.pc")
        self.library = description.parent.parent
        self.headers, = (path.parent for path in folder.rglob("gnezdo.h"))
        # Of this prefix, whatever the machine's own installations say.
        self.prefix = self.headers.parent
        self.description = description

    def file(self, name):
        return str(self.library / name)

    def flags(self, *what):
        environment = dict(os.environ,
                           PKG_CONFIG_PATH=str(self.description.parent))
        return said_by(tool("pkg-config"),
                       f"--define-variable=prefix={self.prefix}", *what,
                       "gnezdo", env=environment).split()

    def build(self, language, *link):
        """Compile and link the program; its path."""
        name, compiler = LANGUAGES[language]
        source, program = self.folder / "program.src", self.folder / "program"
        source.write_text(CAST[name] + PROGRAM, encoding="ascii")
        said_by(tool(compiler[0]), compiler[1], *STRICT, "-x", name,
                str(source), "-x", "none", "-o", str(program),
                *self.flags("--cflags"), *link)
        return str(program)


def test_install_puts_down_no_more_than_it_should(installed):
    names = {str(path.relative_to(installed.library))
             for path in installed.library.rglob("*") if not path.is_dir()}
    assert names == {"libgnezdo.a", "libgnezdo.so", "libgnezdo.so.0",
                     "libgnezdo.so.0.1.0", "pkgconfig/gnezdo.pc"}
    headers = {str(path.relative_to(installed.headers))
               for path in installed.headers.rglob("*") if not path.is_dir()}
    ours = {"gnezdo/" + name
            for name in os.listdir(os.path.join(ROOT, "include", "gnezdo"))}
    assert headers == ours | {"gnezdo.h"}
    others = {str(path.relative_to(installed.prefix))
              for path in installed.prefix.rglob("*")
              if not path.is_dir() and installed.library not in path.parents
              and installed.headers not in path.parents}
    assert all(re.match(r"share/man/man\d/[\w.-]+\.\d$", name)
               for name in others), others
    assert os.readlink(installed.file("libgnezdo.so")) == "libgnezdo.so.0"
    assert os.readlink(installed.file("libgnezdo.so.0")) == \
        "libgnezdo.so.0.1.0"


@pytest.mark.parametrize("language", LANGUAGES)
def test_program_with_the_shared_library(installed, language):
    program = installed.build(language, *installed.flags("--libs"))
    environment = dict(os.environ, LD_LIBRARY_PATH=str(installed.library))
    assert said_by(program, env=environment) == "0.1.0 0.1.0\n"
    assert "[libgnezdo.so.0]" in said_by(tool("readelf"), "-d", program)


@pytest.mark.parametrize("language", LANGUAGES)
def test_program_with_the_static_library(installed, language):
    program = installed.build(language, "-Wl,-Bstatic",
                              *installed.flags("--static", "--libs"),
                              "-Wl,-Bdynamic")
    assert said_by(program) == "0.1.0 0.1.0\n"
    assert "libgnezdo" not in said_by(tool("readelf"), "-d", program)


@pytest.mark.parametrize("language", LANGUAGES)
def test_program_that_is_static_altogether(installed, language):
    program = installed.build(language, "-static",
                              *installed.flags("--static", "--libs"))
    assert said_by(program) == "0.1.0 0.1.0\n"
    assert "NEEDED" not in said_by(tool("readelf"), "-d", program)


def test_description_asks_for_nothing_that_a_program_does_not_need(installed):
    assert installed.flags("--cflags-only-other") == []
    assert [f for f in installed.flags("--libs") if f.startswith("-l")] == \
        ["-lgnezdo"]
    assert installed.flags("--modversion") == ["0.1.0"]


def test_library_exports_its_functions_and_no_others(installed):
    lines = said_by(tool("nm"), "-D", "--defined-only",
                    installed.file("libgnezdo.so")).splitlines()
    exported = {line.split()[-1] for line in lines
                if line.split()[-2] != "A"}
    promised = set()
    for folder, _, names in os.walk(installed.headers):
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                promised |= set(re.findall(
                    r"^GN_API\b[^;(]*?\b(gn_\w+)\(", file.read(), re.M))
    assert len(promised) > 80
    assert exported == {f"{name}@@{VERSION_NODE}" for name in promised}


def test_library_has_its_name_and_version(installed):
    dynamic = said_by(tool("readelf"), "-dW", installed.file("libgnezdo.so"))
    assert "Library soname: [libgnezdo.so.0]" in dynamic
    assert re.search(r"FLAGS.*BIND_NOW", dynamic)
    assert re.search(r"FLAGS_1.*NOW.*NODELETE|FLAGS_1.*NODELETE.*NOW", dynamic)
    assert "TEXTREL" not in dynamic and "RPATH" not in dynamic
    for needed in re.findall(r"NEEDED.*\[(.*)\]", dynamic):
        assert re.match(r"liburing\.so\.2|libc\.so\.6|ld-linux", needed)


def test_static_library_stays_in_its_name_space(installed):
    lines = said_by(tool("nm"), "-g", "--defined-only",
                    installed.file("libgnezdo.a")).splitlines()
    names = {line.split()[-1] for line in lines if len(line.split()) == 3}
    assert names and all(re.match("gni?_", name) for name in names), names


@pytest.mark.parametrize("name", ["libgnezdo.so", "examples/echo",
                                  "examples/threads"])
def test_segments_are_hardened(installed, name):
    path = os.path.join(BUILD, name)
    segments = said_by(tool("readelf"), "-lW", path)
    loads = re.findall(r"^ +(LOAD|GNU_STACK|GNU_RELRO) .* ([R ][W ][E ]) 0x",
                       segments, re.M)
    flags = {(kind, "".join(word.split())) for kind, word in loads}
    assert ("GNU_STACK", "RW") in flags and ("GNU_RELRO", "R") in flags
    assert not [word for _, word in flags if "W" in word and "E" in word]
    assert ("LOAD", "RE") in flags and ("LOAD", "R") in flags


def test_objects_are_marked_for_control_flow_protection(installed):
    if platform.machine() != "x86_64":
        pytest.skip("the mark is x86's")
    said = said_by(tool("readelf"), "-nW", installed.file("libgnezdo.a"))
    members = said.split("\nFile: ")[1:]
    assert len(members) > 50
    unmarked = [member.partition("\n")[0] for member in members
                if not re.search(r"x86 feature:.*IBT.*SHSTK", member)]
    assert unmarked == []           # what else is linked in may not be ours


def test_no_object_asks_for_an_executable_stack(installed):
    """One without the note would make every program's stack executable."""
    said = said_by(tool("readelf"), "-SW", installed.file("libgnezdo.a"))
    members = said.split("\nFile: ")[1:]
    assert all(".note.GNU-stack" in member for member in members)
    assert not re.search(r"\.note\.GNU-stack.* X ", said)
