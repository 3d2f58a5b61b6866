#!/usr/bin/env python3
"""The rules of this tree that a program can check, each of them one test.

usage: tidy.py [--build FOLDER] ROOT

With a build folder the objects of the library are looked at too.  A rule is a
generator of complaints, "path:line: sentence".  What may break a rule stands
in EXCEPTIONS with its reason.  tidy_test.py shows that every rule can fail.
"""
import argparse
import functools
import json
import os
import re
import statistics
import subprocess

import csource
import tap

FUNCTION_LINES_MAX = 60
FUNCTION_LINES_MEDIAN_MAX = 15
FUNCTION_LINES_P90_MAX = 35
NESTING_MAX = 4
COLUMNS_MAX = 80
FILE_LINES_MAX = 1000

# Names of the C library that only these places may call; no place: none may.
# Tests are free of it.
ONLY = [
    (("src/io/",), """
        socket bind listen accept accept4 connect shutdown socketpair
        recv recvfrom recvmsg recvmmsg send sendto sendmsg sendmmsg
        getsockname getpeername getsockopt setsockopt
        read readv pread preadv write writev pwrite pwritev splice sendfile
        open openat creat close close_range dup dup2 dup3 fcntl ioctl
        poll ppoll epoll_create epoll_create1 epoll_ctl epoll_wait
        epoll_pwait epoll_pwait2 eventfd signalfd timerfd_create pipe pipe2
        unlink rename mkdir chmod fchmod umask stat lstat fstat access
        fopen fdopen fclose fread fgets getline
        if_nametoindex if_indextoname getifaddrs syscall"""),
    (("src/clock/",),
     "time clock clock_gettime gettimeofday timespec_get"),
    (("src/base/rng.c",), """
        getrandom getentropy rand rand_r srand random srandom drand48 lrand48
        mrand48 arc4random"""),
    (("src/fiber/", "src/loop/signal.c", "src/sim/child.c"), "sigaction"),
    (("src/fiber/", "src/loop/signal.c", "src/sim/child.c"),
     "sigprocmask pthread_sigmask"),
    (("src/task/", "src/serve/"), "pthread_create"),
    # secure_getenv instead: the library may sit in a set-user-id program.
    ((), "getenv"),
    # sigaction instead, which tells what was there before.
    ((), "signal"),
]
# Names with a prefix of their own, in the same way.
ONLY_PREFIX = [(("src/io/",), "io_uring_")]
# A backend's wait is the only place that blocks; that of the decorator is the
# wait of the backend beneath it.
ONLY_WAIT = ("src/loop/", "src/io/inject.c")

# Names that nobody calls, tests included.
NOWHERE = """
    select pselect system popen sprintf vsprintf strcpy strcat gets alloca
    sleep usleep nanosleep clock_nanosleep gethostbyname""".split()

# (file, name): why it may.
EXCEPTIONS = {
    ("src/base/write.c", "write"):
        "last words and gn_perror, under any backend and below it",
    ("src/base/write.c", "pthread_sigmask"):
        "a write to a pipe knows no MSG_NOSIGNAL",
    ("src/base/check.c", "fstat"):
        "descriptor 2 may be a peer's socket, which gets no last words",
    ("src/addr/host.c", "if_nametoindex"):
        "the zone of a link-local address is an interface of this machine",
    ("src/fiber/stack.c", "syscall"):
        "process_madvise, which has no function in the C library yet",
}

# Calls that may wait without a deadline, and no others.
WAITS_WITHOUT_UNTIL = {"gn_serve", "gn_group_close", "gn_close"}
OWNED = re.compile(r"\bgn_(sock|group|chan|sim)\s*\*")
MAKES_OR_RELEASES = re.compile(
    r"_(open|close|free|listen|connect|accept|bind|adopt|release|pair)$")

# Homes and mount points of one machine, and managers of one person's tools.
ELSEWHERE = re.compile(
    r"(?<![\w.:/])/(?:home|root|Users|mnt|media|work|workspaces?|builds)/"
    r"|\b(?:py|rb|nod)env\b|\bnvm\b|\bhomebrew\b|\brustup\b|\bdirenv\b")
INTERPRETERS = {"#!/bin/sh", "#!/usr/bin/env python3", "#!/usr/bin/env node",
                "#!/usr/bin/env bash"}

C = (".c", ".h", ".S")
# A fuzzer's corpus is bytes, whatever they look like.
LEFT_OUT = {".git", "build", "__pycache__", ".pytest_cache", "node_modules",
            "corpus"}


class Tree:
    """The files below a folder, by their paths from it."""

    def __init__(self, root, build=None):
        self.root, self.build = root, build
        self.paths = []
        self.excused = set()            # of EXCEPTIONS, those that served
        for folder, inner, files in os.walk(root):
            inner[:] = sorted(d for d in inner if d not in LEFT_OUT)
            here = os.path.relpath(folder, root)
            self.paths += [os.path.normpath(os.path.join(here, f))
                           for f in sorted(files)]

    def find(self, folders, endings):
        return [p for p in self.paths if p.endswith(endings)
                and p.startswith(tuple(f + "/" for f in folders))]

    def has(self, path):
        return os.path.exists(os.path.join(self.root, path))

    @functools.lru_cache(maxsize=None)
    def read(self, path):
        with open(os.path.join(self.root, path), "rb") as f:
            return f.read()

    def text(self, path):
        return self.read(path).decode("utf-8", "replace")

    @functools.lru_cache(maxsize=None)
    def source(self, path):
        return csource.Source(self.text(path))

    def code(self):
        """All the C code of ours."""
        return self.find(("src", "include", "examples", "tests", "bench",
                          "apps", "tool"), C)

    def headers(self):
        return [p for p in self.paths if p == "include/gnezdo.h"] + \
            self.find(("include/gnezdo",), ".h")

    def prototypes(self):
        return [(path, p) for path in self.headers()
                for p in self.source(path).prototypes()]

    def functions(self, paths):
        return [(path, f) for path in paths if path.endswith((".c", ".h"))
                for f in self.source(path).functions()]

    def rooms(self):
        """The rooms, lowest first, as src/meson.build lists them."""
        listed = re.search(r"foreach\s+\w+\s*:\s*\[(.*?)\]",
                           self.text("src/meson.build"), re.S)
        return re.findall(r"'(\w+)'", listed.group(1)) if listed else []

    @functools.lru_cache(maxsize=None)
    def test_files(self):
        """What of src is not in the library: x_test.c, test_x.h and the
        like, and sources that a meson.build names only elsewhere than in
        `sources`."""
        found = {p for p in self.find(("src",), (".c", ".h")) if re.search(
            r"_test\.[ch]$|^test_\w+\.[ch]$", os.path.basename(p))}
        for path in self.find(("src",), "meson.build"):
            text = re.sub(r"#.*", "", self.text(path))
            library = "".join(re.findall(
                r"\bsources\s*\+=\s*files\((.*?)\)", text, re.S))
            named = [set(re.findall(r"'([^']+\.c)'", part))
                     for part in (text, library)]
            found.update(os.path.join(os.path.dirname(path), name)
                         for name in named[0] - named[1])
        return found

    def excuses(self, path, name):
        if (path, name) not in EXCEPTIONS:
            return False
        self.excused.add((path, name))
        return True


def room_of(path):
    return path.split("/")[1]


def matches(pattern, source):
    """(line, match) of a pattern in code without comments and literals."""
    for found in re.finditer(pattern, source.code):
        yield source.line_at(found.start()), found


# ---- what may use what


def room_order(tree):
    """a room includes only rooms below it"""
    rooms = tree.rooms()
    include = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)
    for path in tree.find(("src",), C):
        source = tree.source(path)
        if room_of(path) not in rooms:
            yield f"{path}:1: no room of src/meson.build"
            continue
        for found in include.finditer(source.text):
            used = found.group(1).split("/")[0]
            line = source.line_at(found.start())
            if used not in rooms:
                yield (f'{path}:{line}: "{found.group(1)}" is no path from '
                       "src")
            elif rooms.index(used) > rooms.index(room_of(path)):
                yield (f"{path}:{line}: {room_of(path)} includes {used}, "
                       "a room above it")
    for path in tree.find(("include", "examples", "apps", "tool"), C):
        source = tree.source(path)
        for found in include.finditer(source.text):
            if found.group(1).split("/")[0] in rooms:
                yield (f"{path}:{source.line_at(found.start())}: includes "
                       f'"{found.group(1)}", the library\'s inside')


def only_names():
    return {name: places for places, names in ONLY for name in names.split()}


def misplaced(tree, path, name):
    """Why a name may not be called in a file of src, or None."""
    if name in NOWHERE:
        return "which nobody calls here"
    places = only_names().get(name)
    for prefix_places, prefix in ONLY_PREFIX:
        if name.startswith(prefix):
            places = prefix_places
    if places is None or path.startswith(places or "\0") \
            or path in tree.test_files():
        return None
    return "only " + " and ".join(places) + " may" if places else "nobody may"


def calls(tree):
    """system calls, time, randomness and waiting stay in their rooms"""
    names = sorted(set(only_names()) | set(NOWHERE))
    called = re.compile(r"(?<![\w.])(?<!->)(?:__builtin_)?(%s|%s)\s*\(" % (
        "|".join(names), "|".join(p + r"\w+" for _, p in ONLY_PREFIX)))
    for path in tree.find(("src",), (".c", ".h")):
        source = tree.source(path)
        for line, found in matches(called, source):
            why = misplaced(tree, path, found.group(1))
            if why and not tree.excuses(path, found.group(1)):
                yield f"{path}:{line}: {found.group(1)}(): {why}"
        if path.startswith(ONLY_WAIT) or path in tree.test_files():
            continue
        for line, _ in matches(r"(?:->|\.)\s*wait\s*\(", source):
            yield f"{path}:{line}: a backend's wait: only src/loop/ may"


def banned(tree):
    """nobody calls what is dangerous or blocks a thread"""
    for path in tree.code():
        if path.endswith(".S") or path.startswith("src/"):
            continue                    # src: the rule above
        names = NOWHERE + ([] if path.startswith(("tests/", "bench/"))
                           else ["signal"])
        called = (r"(?<![\w.])(?<!->)(?:__builtin_)?(%s)\s*\("
                  % "|".join(names))
        for line, found in matches(called, tree.source(path)):
            if not tree.excuses(path, found.group(1)):
                yield f"{path}:{line}: {found.group(1)}() is banned"


def plain_symbol(symbol):
    """The name in the source of a symbol in an object: read for __read_chk@
    (fortified), open for open64, sscanf for __isoc99_sscanf."""
    name = symbol.split("@")[0]
    name = re.sub(r"^__isoc\d+_|^__(?=\w+_(?:chk|2|alias)$)", "", name)
    name = re.sub(r"_(?:chk|2|alias)$", "", name)
    return re.sub(r"64(_time64)?$", "", name)


def library_objects(tree):
    """(source path, object path) of each file of the library."""
    with open(os.path.join(tree.build, "compile_commands.json"),
              encoding="utf-8") as f:
        commands = json.load(f)
    for command in commands:
        path = os.path.relpath(os.path.join(command["directory"],
                                            command["file"]), tree.root)
        output = os.path.join(command["directory"], command["output"])
        if path.startswith("src/") and "libgnezdo" in command["output"]:
            yield path, output


def symbols(tree):
    """objects need no symbol that their room may not call"""
    if not tree.build:
        raise tap.Skip("no build folder was given")
    for path, output in library_objects(tree):
        nm = subprocess.run(["nm", "--undefined-only", "--format=posix",
                             output], capture_output=True, text=True)
        if nm.returncode != 0:
            yield f"{path}:1: nm: {nm.stderr.strip()}"
        for line in nm.stdout.splitlines():
            name = plain_symbol(line.split()[0])
            why = misplaced(tree, path, name)
            if why and not tree.excuses(path, name):
                yield f"{path}:1: its object calls {name}(): {why}"


def exceptions_used(tree):
    """every exception of tidy.py is still needed"""
    if not tree.build:
        raise tap.Skip("no build folder was given")
    for path, name in sorted(set(EXCEPTIONS) - tree.excused):
        if tree.has(path):
            yield f"tests/tidy.py:1: {path} needs no exception for {name}"


# ---- shape


def functions_small(tree):
    """functions are short and flat"""
    for path, f in tree.functions(tree.code()):
        if f.lines > FUNCTION_LINES_MAX:
            yield (f"{path}:{f.first}: {f.name} has {f.lines} lines, "
                   f"more than {FUNCTION_LINES_MAX}")
        if f.depth > NESTING_MAX:
            yield (f"{path}:{f.first}: {f.name} nests {f.depth} deep, "
                   f"more than {NESTING_MAX}")


def functions_typical(tree):
    """the median and the 90th percentile of functions in src are small"""
    sizes = sorted(f.lines for path, f in tree.functions(
        tree.find(("src", "include"), C)) if path not in tree.test_files())
    if not sizes:
        raise tap.Skip("no functions yet")
    median = statistics.median(sizes)
    p90 = sizes[min(len(sizes) - 1, len(sizes) * 9 // 10)]
    tap.note(f"{len(sizes)} functions in src: median {median:g} lines, "
             f"90th percentile {p90}, longest {sizes[-1]}")
    if median > FUNCTION_LINES_MEDIAN_MAX:
        yield f"median {median:g} lines, more than {FUNCTION_LINES_MEDIAN_MAX}"
    if p90 > FUNCTION_LINES_P90_MAX:
        yield f"90th percentile {p90}, more than {FUNCTION_LINES_P90_MAX}"


def files_small(tree):
    """lines have at most 80 columns, files at most 1000 lines"""
    for path in tree.code():
        lines = tree.source(path).lines
        for number, line in enumerate(lines, 1):
            width = len(line.expandtabs(8))
            if width > COLUMNS_MAX:
                yield f"{path}:{number}: {width} columns"
        if len(lines) > FILE_LINES_MAX:
            yield f"{path}:{len(lines)}: more than {FILE_LINES_MAX} lines"


# ---- contracts


def labelled(comment, label):
    """Whether a comment has a line that begins with the label."""
    return re.search(rf"^\s*{label}\s", comment, re.M)


def waits(p):
    return p.parameters[-1] == "gn_time until"


def contract(p):
    """What is missing in the comment above one prototype."""
    if not re.match(rf"{p.name}\b", p.comment):
        yield "no comment above begins with its name"
        return
    if waits(p) and p.result != "void":
        for label in ("until", "fails"):
            if not labelled(p.comment, label):
                yield f'its comment has no line "{label}"'
    elif waits(p) and not re.search(r"\b(?:until|instant)\b", p.comment):
        yield "its comment does not say what the instant is"
    types = " , ".join(p.parameters + [p.result])
    if OWNED.search(types) and MAKES_OR_RELEASES.search(p.name) \
            and not labelled(p.comment, "owns"):
        yield 'its comment has no line "owns"'


def contracts(tree):
    """a comment with its contract stands above every public prototype"""
    for path, p in tree.prototypes():
        for complaint in contract(p):
            yield f"{path}:{p.line}: {p.name}: {complaint}"


def promises_to_wait(comment):
    """Whether the first sentence says that the function itself waits."""
    sentence = re.split(r"\.(?:\s|$)", comment, maxsplit=1)[0]
    return re.search(
        r"(?<!never )(?<!without )(?<!not )(?<!that )(?<!who )(?<!fiber )"
        r"\bwait(?:s|ing)\s+(?:until|for|while|till)\b",
        " ".join(sentence.split()))


def waiting(tree):
    """what waits takes `gn_time until` last, and nothing else does"""
    for path, p in tree.prototypes():
        if "gn_time until" in p.parameters[:-1]:
            yield f"{path}:{p.line}: {p.name}: until is not the last parameter"
        if promises_to_wait(p.comment) and not waits(p) \
                and p.name not in WAITS_WITHOUT_UNTIL:
            yield (f"{path}:{p.line}: {p.name}: waits, and takes no "
                   "`gn_time until`")


def header_programs(tree):
    """every public header opens with a whole program"""
    for path in tree.headers():
        if not csource.program_in(tree.source(path).opening_comment())[0]:
            yield f"{path}:1: no program with main() in its opening comment"


def header_words(tree):
    """public headers are not silent"""
    words = filled = 0
    for path in tree.headers():
        source = tree.source(path)
        commented = set()
        for start, end in source.comments:
            first = source.line_at(start)
            commented.update(
                number for number, line in enumerate(
                    source.text[start:end].split("\n"), first)
                if re.search(r"\w", line))
        lines = {n for n, l in enumerate(source.lines, 1) if l.strip()}
        filled += len(lines)
        words += len(lines & commented)
    share = round(100 * words / filled) if filled else 0
    tap.note(f"{share} % of the lines of public headers are comments")
    if filled and share < 20:
        yield f"{share} % of the lines are comments, less than 20 %"


# ---- the tree


def sources_listed(tree):
    """every source is in a meson.build, every header is included"""
    listed = "\n".join(tree.text(p) for p in tree.paths
                       if os.path.basename(p) == "meson.build")
    names = set(re.findall(r"'([^'\n]+)'", listed))
    for path in tree.find(("src",), ".sh"):     # a check that builds its own
        names |= set(re.findall(r"[\w/.]+", tree.text(path)))
    for path in tree.find(("src", "examples"), (".c", ".S")):
        name = path.split("/")[-1]
        plain = {name, path} | {"/".join(path.split("/")[-2:])}
        if path.startswith("examples/"):
            plain.add(name[:-2])
        if not plain & names:
            yield f"{path}:1: in no meson.build"
    included = set(re.findall(r'#\s*include\s*"([^"]+)"', "\n".join(
        tree.text(p) for p in tree.find(("src", "tests"), C))))
    for path in tree.find(("src",), ".h"):
        if path[len("src/"):] not in included:
            yield f"{path}:1: included by nobody"


def text_files(tree):
    return [p for p in tree.paths if b"\0" not in tree.read(p)[:4096]]


def whitespace(tree):
    """no trailing whitespace, no CRLF, a line end at the end"""
    for path in text_files(tree):
        data = tree.read(path)
        for number, line in enumerate(data.split(b"\n"), 1):
            if line.endswith(b"\r"):
                yield f"{path}:{number}: CRLF"
            elif line.endswith((b" ", b"\t")):
                yield f"{path}:{number}: trailing whitespace"
        if data and not data.endswith(b"\n"):
            yield f"{path}:1: no line end at its end"


def portable(tree):
    """nothing depends on one person's machine"""
    for path in text_files(tree):
        if path in ("tests/tidy.py", "tests/tidy_test.py"):
            continue                    # they hold the names
        lines = tree.text(path).split("\n")
        if lines[0].startswith("#!") and lines[0] not in INTERPRETERS:
            yield f"{path}:1: not every machine has {lines[0][2:]}"
        for number, line in enumerate(lines, 1):
            found = ELSEWHERE.search(line)
            if found:
                yield f"{path}:{number}: names {found.group()}"


def links(tree):
    """relative links of the documents lead somewhere"""
    documents = [p for p in tree.paths if p.endswith(".md")]
    link = re.compile(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
    for path in documents:
        text = re.sub(r"^(```|~~~).*?^\1", lambda m: csource.blanks(m.group()),
                      tree.text(path), flags=re.S | re.M)
        for found in link.finditer(text):
            target = found.group(1).split("#")[0]
            if not target or re.match(r"\w+:", target):
                continue
            where = os.path.normpath(os.path.join(os.path.dirname(path),
                                                  target))
            if not tree.has(where):
                line = text.count("\n", 0, found.start()) + 1
                yield f"{path}:{line}: {target} does not exist"


def version(tree):
    """the version in the header is the build's"""
    path = "include/gnezdo/version.h"
    if not tree.has(path):
        raise tap.Skip("no " + path)
    built = re.search(r"^\s*version: '([\d.]+)'", tree.text("meson.build"),
                      re.M)
    told = dict(re.findall(r"define GN_VERSION_(\w+) (\d+)",
                           tree.text(path)))
    words = ".".join(told.get(part, "?")
                     for part in ("MAJOR", "MINOR", "PATCH"))
    if not built or built.group(1) != words:
        yield f"{path}:1: {words} is not the version of meson.build"


def sleeps(tree):
    """no test sleeps"""
    by_ending = {
        ".c": r"(?<!\w)(?:u|nano|clock_nano)?sleep\s*\(",
        ".py": r"\b(?:time|asyncio)\.sleep\(|\bimport sleep\b",
        ".sh": r"(?:^|[;&|(]|\bdo|\bthen)\s*u?sleep\s",
        ".js": r"\bsetTimeout\(",
    }
    tests = tree.find(("tests",), "") + sorted(tree.test_files())
    for path in tests:
        if path in ("tests/tidy.py", "tests/tidy_test.py"):
            continue                    # they hold the pattern
        text = tree.text(path)
        ending = os.path.splitext(path)[1]
        if not ending and text.startswith("#!"):
            ending = ".py" if "python" in text.split("\n")[0] else ".sh"
        ending = {".h": ".c", ".mjs": ".js"}.get(ending, ending)
        if ending not in by_ending:
            continue
        if ending == ".c":
            text = tree.source(path).code
        for found in re.finditer(by_ending[ending], text, re.M):
            line = text.count("\n", 0, found.start()) + 1
            if not tree.excuses(path, "sleep"):
                yield f"{path}:{line}: sleeps"


RULES = [room_order, calls, banned, symbols, exceptions_used,
         functions_small, functions_typical, files_small,
         contracts, waiting, header_programs, header_words,
         sources_listed, whitespace, portable, links, version,
         sleeps]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", metavar="FOLDER")
    parser.add_argument("root")
    args = parser.parse_args()
    tree = Tree(os.path.realpath(args.root),
                args.build and os.path.realpath(args.build))
    tap.main((rule.__doc__, functools.partial(rule, tree)) for rule in RULES)


if __name__ == "__main__":
    main()
