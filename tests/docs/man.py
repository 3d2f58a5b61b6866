#!/usr/bin/env python3
"""The pages of the manual: there is one for each header and each function,
and man(1), where there is one, shows them without a warning.

usage: man.py ROOT
"""
import functools
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import csource                                                  # noqa: E402
import tap                                                      # noqa: E402


def headers(root):
    folder = os.path.join(root, "include", "gnezdo")
    return [os.path.join(folder, f) for f in sorted(os.listdir(folder))
            if f.endswith(".h") and f != "base.h"]


def prototypes(header):
    with open(header, encoding="utf-8") as f:
        return [p.name for p in csource.Source(f.read()).prototypes()]


def make(root, folder):
    """Runs the generator; what it says is a complaint."""
    done = subprocess.run(
        [sys.executable, os.path.join(root, "scripts", "man.py"), folder,
         os.path.join(root, "include")], capture_output=True, text=True,
        timeout=60)
    return (done.stdout + done.stderr).splitlines()


def complete(root, folder):
    """Every function has its section in its header's page, and a page that
    leads there."""
    for header in headers(root):
        own = f"gnezdo-{os.path.basename(header)[:-2]}.3"
        with open(os.path.join(folder, own), encoding="ascii") as f:
            page = f.read()
        for name in prototypes(header):
            if f"\n.SS {name}\n" not in page:
                yield f"{own} has no section {name}"
            with open(os.path.join(folder, name + ".3"),
                      encoding="ascii") as f:
                if f.read() != f".so man3/{own}\n":
                    yield f"{name}.3 does not lead to {own}"


def shown(folder):
    """man shows the pages without a warning."""
    if not shutil.which("man"):
        raise tap.Skip("no man (Debian: man-db)")
    for page in sorted(os.listdir(folder)):
        if not page.startswith("gnezdo"):
            continue
        done = subprocess.run(
            ["man", "--warnings=w", "--local-file",
             os.path.join(folder, page)], capture_output=True, timeout=60,
            env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
        if b"minimized" in done.stdout:
            raise tap.Skip("man is a stub here")
        said = done.stderr.decode("utf-8", "replace").splitlines()
        yield from (f"{page}: {line}" for line in said)
        if done.returncode or b"SYNOPSIS" not in done.stdout:
            yield f"{page}: man did not show it"


def main():
    root = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        status = tap.run([
            ("pages are made", functools.partial(make, root, folder)),
            ("every function has a page",
             functools.partial(complete, root, folder)),
            ("man shows them without a warning",
             functools.partial(shown, folder)),
        ])
    sys.exit(status)


if __name__ == "__main__":
    main()
