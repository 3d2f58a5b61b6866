#!/usr/bin/env python3
"""Print how many named cases and assertions there are for the library's lines.

usage: count.py BUILD...

BUILD is where `meson test` has run.  Lines are those of src/ and include/ that
are not empty, without tests.  A case counts once, whatever kind, backend and
way it runs on; assertions are counted as they are written.
"""
import glob
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
CASE = re.compile(r"(?:not )?ok \d+ - ([^#\n]+)")
# Kind and backend before the name; how it runs, rows and parameters behind it.
AROUND = re.compile(r"^.*/|( on a thread)?( \([^)]*\))?\s*$|\[.*\]")
TEST_FILE = re.compile(r"_test\.[ch]$|/test_\w+\.h$|/probe\.[ch]$")
ASSERTION = {
    ".c": re.compile(r"\b(?:WANT\w*|assert_\w+)\("),
    ".h": re.compile(r"\b(?:WANT\w*|assert_\w+)\("),
    ".py": re.compile(r"^\s*assert\b", re.M),
}


def text_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def sources():
    """(path, whether it is a test's)"""
    for folder in ("src", "include", "tests"):
        for path in glob.glob(os.path.join(ROOT, folder, "**", "*.*"),
                              recursive=True):
            if path.endswith((".c", ".h", ".S", ".py")):
                yield path, folder == "tests" or bool(TEST_FILE.search(path))


def cases_of(build):
    path = os.path.join(build, "meson-logs", "testlog.json")
    for line in text_of(path).splitlines():
        entry = json.loads(line)
        suite = entry["name"].split(" / ")[0]
        for name in CASE.findall(entry.get("stdout", "")):
            yield suite.replace("+threads", ""), AROUND.sub("", name)


def main():
    lines = assertions = 0
    for path, is_test in sources():
        text = text_of(path)
        if is_test:
            pattern = ASSERTION.get(os.path.splitext(path)[1])
            assertions += len(pattern.findall(text)) if pattern else 0
        else:
            lines += sum(bool(line.strip()) for line in text.splitlines())
    cases = {case for build in sys.argv[1:] for case in cases_of(build)}
    for number, what in ((len(cases), "cases"), (assertions, "assertions")):
        print(f"{number} {what}, {1000 * number / lines:.0f} per 1000 of "
              f"{lines} lines of library")


if __name__ == "__main__":
    main()
