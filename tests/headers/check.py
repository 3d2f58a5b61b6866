#!/usr/bin/env python3
"""The promises of the public headers that a compiler can judge.

usage: check.py --include DIR --library FILE [--cxx CMD] [--flag F]... -- CC...

Every header compiles alone, in C17 and in C++17; every macro that a user may
write is expanded once in each; and the program in each header's opening
comment is built against the library and ends with 0 within ten seconds.
"""
import argparse
import concurrent.futures
import functools
import os
import re
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import csource                                                  # noqa: E402
import tap                                                      # noqa: E402

RUN_SECONDS = 10
STRICT = ["-Wall", "-Wextra", "-pedantic-errors", "-Werror"]
# As a user's compiler takes it who gives no flag.
PROGRAM = ["-std=gnu17", "-O1", "-g"] + STRICT

# How a macro is written where it is not an expression.
EXPAND = {
    "GN_EXTERN_BEGIN": "GN_EXTERN_BEGIN int probe(void); GN_EXTERN_END",
    "GN_EXTERN_END": "GN_EXTERN_BEGIN int probe(void); GN_EXTERN_END",
    "GN_API": "GN_API int probe(void);",
    "GN_MUST_USE": "GN_MUST_USE int probe(void);",
    "GN_PRINTF": "void probe(const char *f, ...) GN_PRINTF(1, 2);",
    "gn_auto": "void probe(void); void probe(void)"
               "{ gn_auto gn_sock *s = NULL; (void)s; }",
    "gn_group_auto": "void probe(void); void probe(void)"
                     "{ gn_group_auto gn_group *g = NULL; (void)g; }",
}
EXPRESSION = "void probe(void); void probe(void) {{ (void)({}); }}"

LANGUAGES = {"C17": ("c", "-std=c17"), "C++17": ("c++", "-std=c++17")}


class Kit:
    """The compilers, and a folder for what they make."""

    def __init__(self, args, folder):
        self.args, self.folder = args, folder

    def compiler(self, language):
        if language == "C17":
            return self.args.cc
        if not self.args.cxx:
            raise tap.Skip("no C++ compiler (Debian: g++)")
        return [self.args.cxx]

    def check(self, language, text):
        """Compile text to nothing; give the compiler's words if it fails."""
        name, standard = LANGUAGES[language]
        done = subprocess.run(
            self.compiler(language)
            + ["-x", name, standard, "-fsyntax-only", *STRICT,
               "-I", self.args.include, "-"],
            input=text, capture_output=True, text=True, timeout=120)
        return done.stderr.splitlines() if done.returncode else []

    def build(self, source, program):
        library = os.path.abspath(self.args.library)
        done = subprocess.run(
            self.args.cc + PROGRAM + self.args.flag
            + ["-I", self.args.include, "-o", program, source, library,
               "-pthread", "-Wl,-rpath," + os.path.dirname(library)],
            capture_output=True, text=True, timeout=120)
        return done.stderr.splitlines() if done.returncode else []


def headers(include):
    found = ["gnezdo.h"]
    folder = os.path.join(include, "gnezdo")
    found += ["gnezdo/" + f for f in sorted(os.listdir(folder))
              if f.endswith(".h")]
    return found


def read(include, header):
    with open(os.path.join(include, header), encoding="utf-8") as f:
        return csource.Source(f.read())


def macros(source):
    """(name, whether it takes arguments) of each macro for users: no guard
    of an inclusion, no name that ends in an underscore."""
    defined = re.finditer(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(\(?)", source.code,
                          re.M)
    found = {m.group(1): bool(m.group(2)) for m in defined}
    return {name: call for name, call in found.items()
            if not name.endswith("_") and not re.fullmatch(
                r"GNEZDO(_\w+)?_H", name)}


def alone(kit, header, language):
    # Twice, for the guard; an empty program would not be strict C.
    return kit.check(language, f"#include <{header}>\n" * 2
                     + "extern int probe;\n")


def expand(kit, name, takes_arguments, language):
    use = EXPAND.get(name)
    if not use and takes_arguments:
        return [f"say in EXPAND of tests/headers/check.py how {name} is used"]
    use = use or EXPRESSION.format(name)
    return kit.check(language, f"#include <gnezdo.h>\n{use}\n")


def run(program):
    """Run a program; complaints unless it ends with 0 in time."""
    process = subprocess.Popen(
        [program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, cwd=os.path.dirname(program),
        start_new_session=True)
    try:
        output = process.communicate(timeout=RUN_SECONDS)[0]
        end = f"exit code {process.returncode}"
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output = process.communicate()[0]
        end = f"still running after {RUN_SECONDS} s"
    if process.returncode == 0:
        return []
    return [end] + output.decode("utf-8", "replace").splitlines()


def example(kit, header):
    source = read(kit.args.include, header)
    program, line = csource.program_in(source.opening_comment())
    if not program:
        return ["no program with main() in its opening comment"]
    path = os.path.join(kit.folder, re.sub(r"\W", "_", header))
    with open(path + ".c", "w", encoding="utf-8") as f:
        # Complaints of the compiler lead to the header.
        f.write(f'#line {line + 1} "{header}"\n{program}')
    return kit.build(path + ".c", path) or run(path)


def cases(kit):
    include = kit.args.include
    for header in headers(include):
        for language in LANGUAGES:
            yield (f"{header} alone in {language}",
                   functools.partial(alone, kit, header, language))
        for name, call in macros(read(include, header)).items():
            for language in LANGUAGES:
                yield (f"{header} {name} in {language}",
                       functools.partial(expand, kit, name, call, language))
        yield (f"{header} example runs", functools.partial(example, kit,
                                                           header))


def started(pool, case):
    """The case begins now, its result is taken when its turn comes."""
    return pool.submit(case).result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--include", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("--cxx", default="")
    parser.add_argument("--flag", action="append", default=[])
    parser.add_argument("cc", nargs="+")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(2) as pool:
        status = tap.run([(name, started(pool, case))
                          for name, case in cases(Kit(args, folder))])
    sys.exit(status)


if __name__ == "__main__":
    main()
