#!/usr/bin/env python3
"""Shows that every rule of tidy.py can fail: a small tree that breaks none,
and for each rule the smallest changes that break it.

usage: tidy_test.py [-- CC...]        (CC: to make objects for `symbols`)
"""
import functools
import json
import os
import subprocess
import sys
import tempfile

import tap
import tidy

HEADER = """\
/*
 * thing.h: a thing.
 *
 *\t#include <gnezdo.h>
 *
 *\tint main(void)
 *\t{
 *\t\treturn 0;
 *\t}
 */
"""
GOOD = {
    "meson.build": "project('gnezdo', 'c',\n  version: '0.1.0')\n",
    "src/meson.build": "foreach room : ['base', 'clock', 'io', 'loop']\n"
                       "endforeach\n",
    "src/base/meson.build": "sources += files('base.c')\n",
    "src/io/meson.build": "sources += files('io.c')\n",
    "src/loop/meson.build": "sources += files('loop.c')\n"
                            "unit_tests += {'loop': files('loop_test.c')}\n",
    "src/base/base.h": "/* base.h */\nint base(void);\n",
    "src/base/base.c": '#include "base/base.h"\n'
                       "/* read( and sleep(1) in words */\n"
                       "int base(void)\n{\n\treturn 0;\n}\n",
    "src/io/io.c": "#include <unistd.h>\n"
                   "long io(int fd, char *b);\nlong io(int fd, char *b)\n"
                   "{\n\treturn read(fd, b, 1) + io_uring_get_sqe(b);\n}\n",
    "src/loop/loop.c": '#include "base/base.h"\n'
                       "void loop(struct b *b)\n{\n\tb->wait(b);\n"
                       "\tb->close(b);\n}\n",
    "src/loop/loop_test.c": "void test(struct b *b)\n{\n\tb->wait(b);\n"
                            "\twrite(1, b, 1);\n}\n",
    "include/gnezdo.h": HEADER,
    "include/gnezdo/version.h":
        HEADER + "#define GN_VERSION_MAJOR 0\n#define GN_VERSION_MINOR 1\n"
        "#define GN_VERSION_PATCH 0\n",
    "include/gnezdo/thing.h": HEADER + """\
#include <gnezdo/base.h>

/* gn_give gives one. */
GN_API int gn_give(const char *a, void (*fn)(void *arg, int x));

/*
 * gn_take takes one, waiting until there is one.
 *
 *   until  the instant to give up
 *   fails  GN_ETIMEOUT
 */
GN_API GN_MUST_USE int gn_take(gn_sock *s,
\t\t\t       gn_time until);

/* gn_shield holds a cancel off until the instant. */
GN_API void gn_shield(gn_time until);

/* gn_group_close waits until all have ended.
 *
 *   owns  takes g
 */
GN_API void gn_group_close(gn_group *g);
""",
    "examples/meson.build": "examples = ['hello']\n",
    "examples/hello.c": "#include <gnezdo.h>\nint main(void)\n{\n"
                        "\treturn 0;\n}\n",
    "tests/x.c": "void x(void)\n{\n\t(void)gn_sleep(gn_in(1));\n}\n",
    "tests/run.sh": "#!/bin/sh\necho sleep\n",
    "README.md": "[here](docs/a.md#part) [out](https://example.org/x)\n"
                 "```\n[no](nothing)\n```\n",
    "docs/a.md": "[back](../README.md)\n",
}


def function(lines, body="\tx();\n"):
    return "void f(void)\n{\n" + body * (lines - 3) + "}\n"


def with_prototype(text):
    return {"include/gnezdo/thing.h": HEADER + text}


NESTED = ("void f(void)\n{\n\tif (a) {\n\t\tif (b) {\n\t\t\tif (c) {\n"
          "\t\t\t\tif (d) {\n\t\t\t\t\tx();\n"
          "\t\t\t\t}\n\t\t\t}\n\t\t}\n\t}\n}\n")

# (rule, files that are changed, a part of the complaint)
BAD = [
    (tidy.room_order, {"src/base/base.c": '#include "loop/loop.h"\n'},
     "base includes loop"),
    (tidy.room_order, {"src/base/base.c": '#include "base.h"\n'},
     "no path from src"),
    (tidy.room_order, {"src/attic/a.c": "int a;\n"}, "no room"),
    (tidy.room_order, {"examples/hello.c": '#include "io/io.h"\n'},
     "the library's inside"),
    (tidy.calls, {"src/loop/loop.c": "int f(void)\n{\n\trecv (1);\n}\n"},
     "loop.c:3: recv(): only src/io/ may"),
    (tidy.calls, {"src/loop/loop.c": "#define F(x) time(x)\n"},
     "time(): only src/clock/ may"),
    (tidy.calls, {"src/io/io.c": "int f = rand();\n"},
     "rand(): only src/base/rng.c may"),
    (tidy.calls, {"src/base/base.c": "int f = io_uring_enter(1);\n"},
     "io_uring_enter(): only src/io/ may"),
    (tidy.calls, {"src/io/io.c": "void f(void)\n{\n\tb->wait(b);\n}\n"},
     "only src/loop/ may"),
    (tidy.calls, {"src/base/base.c": "int f = getenv(\"X\");\n"},
     "getenv(): nobody may"),
    (tidy.calls, {"src/loop/loop_test.c": "int f = usleep(1);\n"},
     "usleep(): which nobody"),
    (tidy.banned, {"examples/hello.c": "int f = strcpy(a, b);\n"},
     "strcpy() is banned"),
    (tidy.banned, {"examples/hello.c": "int f = signal(a, b);\n"},
     "signal() is banned"),
    (tidy.banned, {"tests/x.c": "int f = __builtin_alloca(9);\n"},
     "alloca() is banned"),
    (tidy.functions_small, {"src/base/base.c": function(61)},
     "base.c:1: f has 61 lines"),
    (tidy.functions_small, {"tests/x.c": NESTED}, "nests 5 deep"),
    (tidy.functions_typical, {"src/base/base.c": function(16) * 9},
     "median 16 lines"),
    (tidy.functions_typical,
     {"src/base/base.c": function(5) * 6 + function(40) * 2},
     "percentile 40"),
    (tidy.files_small, {"bench/b.c": "\t" * 10 + "x\n"}, "b.c:1: 81 columns"),
    (tidy.files_small, {"src/base/base.c": "\n" * 1001},
     "more than 1000 lines"),
    (tidy.contracts, with_prototype("GN_API int gn_a(void);\n"),
     "thing.h:11: gn_a: no comment"),
    (tidy.contracts,
     with_prototype("/* It gives a. */\nGN_API int gn_a(void);\n"),
     "no comment above begins"),
    (tidy.contracts,
     with_prototype("/* gn_a gives a. */\nint x;\nGN_API int gn_a(void);\n"),
     "no comment above begins"),
    (tidy.contracts,
     with_prototype("/* gn_a takes, until then.\n *\n *   fails  never */\n"
                    "GN_API int gn_a(gn_time until);\n"), 'no line "until"'),
    (tidy.contracts,
     with_prototype("/* gn_a takes and fails.\n *\n *   until  then */\n"
                    "GN_API int gn_a(gn_time until);\n"), 'no line "fails"'),
    (tidy.contracts,
     with_prototype("/* gn_a. */\nGN_API void gn_a(gn_time until);\n"),
     "what the instant is"),
    (tidy.contracts,
     with_prototype("/* gn_chan_open makes one. */\n"
                    "GN_API gn_chan *gn_chan_open(void);\n"),
     'no line "owns"'),
    (tidy.waiting,
     with_prototype("/* gn_a takes one, waiting until there is. */\n"
                    "GN_API int gn_a(int x);\n"), "gn_a: waits"),
    (tidy.waiting,
     with_prototype("/* gn_a. */\nGN_API int gn_a(gn_time until, int x);\n"),
     "not the last parameter"),
    (tidy.header_programs, {"include/gnezdo/thing.h": "/* thing.h */\n"},
     "no program"),
    (tidy.header_words,
     {"include/gnezdo/thing.h": HEADER + "int x;\n" * 200}, "% of the lines"),
    (tidy.sources_listed, {"src/io/epoll.c": "int x;\n"}, "in no meson.build"),
    (tidy.sources_listed, {"examples/chat.c": "int x;\n"},
     "in no meson.build"),
    (tidy.sources_listed, {"src/io/io.h": "int x;\n"}, "included by nobody"),
    (tidy.whitespace, {"README.md": "x \n"}, "trailing whitespace"),
    (tidy.whitespace, {"README.md": "x\r\n"}, "CRLF"),
    (tidy.whitespace, {"README.md": "x"}, "no line end"),
    (tidy.portable, {"tests/run.sh": "#!/opt/own/python\n"},
     "not every machine"),
    (tidy.portable, {"docs/a.md": "cd /home/me/gnezdo\n"}, "names /home/"),
    (tidy.portable, {"docs/a.md": "use pyenv\n"}, "names pyenv"),
    (tidy.links, {"README.md": "[here](docs/b.md)\n"},
     "README.md:1: docs/b.md does not exist"),
    (tidy.version, {"meson.build": "project('gnezdo', 'c',\n"
                                   "  version: '0.2.0')\n"},
     "0.1.0 is not the version"),
    (tidy.sleeps, {"tests/x.c": "int f = sleep(1);\n"}, "sleeps"),
    (tidy.sleeps, {"tests/x.py": "time.sleep(1)\n"}, "sleeps"),
    (tidy.sleeps, {"tests/run.sh": "while :; do sleep 1; done\n"}, "sleeps"),
    (tidy.sleeps, {"src/loop/loop_test.c": "int f = usleep(1);\n"}, "sleeps"),
]


def write(folder, files):
    for path, text in files.items():
        whole = os.path.join(folder, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="utf-8", newline="") as f:
            f.write(text)


def complaints(rule, files, build=None):
    """What a rule says of the good tree with some files changed."""
    with tempfile.TemporaryDirectory() as folder:
        write(folder, {**GOOD, **files})
        return list(rule(tidy.Tree(folder, build and build(folder))))


def fires(rule, files, expected):
    said = complaints(rule, files)
    if not any(expected in line for line in said):
        return [f"expected: {expected}", "said:"] + said


def silent(rule):
    return complaints(rule, {})


def objects(cc, folder):
    """A build folder with the object of src/loop/loop.c."""
    source, output = "src/loop/loop.c", "libgnezdo.so.p/loop.o"
    os.makedirs(os.path.join(folder, "libgnezdo.so.p"))
    subprocess.run(cc + ["-O2", "-D_FORTIFY_SOURCE=2", "-c", source,
                         "-o", output], cwd=folder, check=True)
    write(folder, {"compile_commands.json": json.dumps([
        {"directory": folder, "file": source, "output": output}])})
    return folder


OBJECT = """\
#include <sys/socket.h>
#include <unistd.h>
%s
long f(int fd, char *b, unsigned long n);
long f(int fd, char *b, unsigned long n)
{
\tchar small[9];
\tlong got = F(fd, b, n, small);
\treturn got + small[n];
}
"""


def symbol(cc, call, expected):
    if not cc:
        raise tap.Skip("no compiler was given")
    text = OBJECT % f"#define F(fd, b, n, small) {call}"
    said = complaints(tidy.symbols, {"src/loop/loop.c": text},
                      functools.partial(objects, cc))
    if (expected not in "\n".join(said)) if expected else said:
        return [f"expected: {expected}", "said:"] + said


def stale():
    """An exception for a file that needs none."""
    def build(folder):
        write(folder, {"compile_commands.json": "[]"})
        return folder
    path = next(iter(tidy.EXCEPTIONS))[0]
    said = complaints(tidy.exceptions_used, {path: "int x;\n"}, build)
    if not any("needs no exception" in line for line in said):
        return ["said:"] + said


def cases(cc):
    for rule in tidy.RULES:
        if rule not in (tidy.symbols, tidy.exceptions_used):
            yield (f"{rule.__name__} is silent",
                   functools.partial(silent, rule))
    for rule, files, expected in BAD:
        yield (f"{rule.__name__} finds: {expected}",
               functools.partial(fires, rule, files, expected))
    for call, expected in [
            ("recv(fd, b, n, 0)", "loop.c:1: its object calls recv()"),
            ("read(fd, small, n)", "calls read()"),
            ("sleep(n)", "calls sleep(): which nobody"),
            ("(long)n", "")]:
        yield (f"symbols finds: {expected or 'nothing'}",
               functools.partial(symbol, cc, call, expected))
    yield "exceptions_used finds a stale one", stale
    tried = {rule for rule, _, _ in BAD} | {tidy.symbols,
                                            tidy.exceptions_used}
    yield ("every rule was seen to fail",
           lambda: [r.__name__ for r in tidy.RULES if r not in tried])


if __name__ == "__main__":
    tap.main(cases([a for a in sys.argv[1:] if a != "--"]))
