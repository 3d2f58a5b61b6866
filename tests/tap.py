"""Test Anything Protocol for the checks that are written in Python."""
import sys


class Skip(Exception):
    """Raised by a case that cannot run here; its text says why."""


def run(cases):
    """Run (name, function) pairs and report each as one test.

    A function returns the lines of its complaints, or None; an exception is
    a complaint too.  The process's exit code comes back: 1 if any failed.
    """
    cases = list(cases)
    failed = 0
    print(f"1..{len(cases)}", flush=True)
    for number, (name, case) in enumerate(cases, 1):
        skipped, complaints = "", []
        try:
            complaints = list(case() or [])
        except Skip as reason:
            skipped = f" # SKIP {reason}"
        except Exception as error:            # one broken case, not the rest
            complaints = [f"{type(error).__name__}: {error}"]
        failed += bool(complaints)
        verdict = "not ok" if complaints else "ok"
        # A number sign would begin a directive.
        title = name.replace("#", "")
        for line in "\n".join(complaints).splitlines():
            note(line)
        print(f"{verdict} {number} - {title}{skipped}", flush=True)
    return 1 if failed else 0


def note(line):
    """Say something that is no result."""
    print(f"# {line}", flush=True)


def main(cases):
    sys.exit(run(cases))
