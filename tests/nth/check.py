#!/usr/bin/env python3
"""Hold what the trials of nth found against the public headers.

usage: check.py PROGRAM INCLUDE ARM [--quick]
                                       run the trials; no code is undocumented
       check.py PROGRAM INCLUDE --list every public function has a trial, takes
                                       part in one, or has a reason here
"""
import glob
import os
import re
import subprocess
import sys

import csource
import tap

# Said once for all calls at the head of error.h.
ANY_CALL = {"GN_ENOMEM", "GN_ELIMIT", "GN_EBACKEND"}
# These give what the fibers, hosts and handlers that they run fail with.
PASS_ON = {"gn_group_wait", "gn_serve", "gn_sim_run"}
# Can fail, and has no trial.
EXCUSED = {
    "gn_sweep": "the N-th of its processes' failures is the scenario's, and "
                "tests/sim has those",
}
# Cannot fail, and takes part in no trial.
ASIDE = {
    "reads its arguments alone": [
        "gn_addr_is_ipv6", "gn_addr_equal", "gn_exit_status", "gn_printable",
        "gn_utf8_whole", "gn_time_add", "gn_time_before", "gn_time_between",
        "gn_time_earlier", "gn_version"],
    "reads the record": [
        "gn_error_done", "gn_error_local", "gn_error_need", "gn_error_peer",
        "gn_error_tried", "gn_error_why"],
    "prints what gn_error_text gives": ["gn_perror"],
    "reads what is kept": [
        "gn_backend_faults", "gn_backend_refused", "gn_cancelled",
        "gn_fiber_name"],
    "counts within the group": ["gn_shield", "gn_unshield"],
}


def prototypes(include):
    for path in sorted(glob.glob(os.path.join(include, "**", "*.h"),
                                 recursive=True)):
        with open(path, encoding="utf-8") as f:
            yield from csource.Source(f.read()).prototypes()


def fails_label(comment):
    """The words behind the label "fails", up to the next label or the end."""
    found = re.search(r"^\s*fails\s(.*?)(?=^\s*\w+  +\S|\Z)", comment,
                      re.M | re.S)
    return found.group(1) if found else ""


def can_fail(p):
    return bool(fails_label(p.comment) or
                re.search(r"returns as gn_|gn_error_last then explains",
                          " ".join(p.comment.split())))


def documented(include):
    """{function: codes}, with "as gn_other" taken for gn_other's codes."""
    words = {p.name: fails_label(p.comment) for p in prototypes(include)}

    def codes(name, above=()):
        text = words.get(name, "")
        found = set(re.findall(r"\bGN_E\w+", text))
        for phrase in re.findall(r"\bas ((?:gn_\w+(?:,| and)? ?)+)", text):
            for other in re.findall(r"gn_\w+", phrase):
                if other not in above:
                    found |= codes(other, (*above, name))
        return found
    return {name: codes(name) for name in words}


def undocumented(include, seen):
    known = documented(include)
    if not seen:
        yield "no code was seen"
    for name, code in sorted(seen):
        if name in PASS_ON or code in ANY_CALL:
            continue
        if code not in known.get(name, ()):
            yield f"{name} gave {code}, of which its header does not tell"


def run(program, include, arm, *quick):
    """The program's own report, with one more result."""
    process = subprocess.Popen([program, arm, *quick], stdout=subprocess.PIPE,
                               text=True)
    count, seen = 0, set()
    for line in process.stdout:
        if line.startswith("# code "):
            seen.add(tuple(line.split()[2:4]))
        elif line.startswith("1..0 "):
            print(line, end="", flush=True)     # none can run here
            return process.wait()
        elif line.startswith("1.."):
            count = int(line[3:])
        else:
            print(line, end="", flush=True)
    complaints = list(undocumented(include, seen))
    for complaint in complaints:
        tap.note(complaint)
    print(f"{'not ok' if complaints else 'ok'} {count + 1} - "
          f"nth-{arm}/every code is documented")
    print(f"1..{count + 1}", flush=True)
    return process.wait() or bool(complaints)


def taking_part(names):
    """Those of the names that the trials or their judges call."""
    text = ""
    for path in glob.glob(os.path.join(os.path.dirname(__file__), "*.[ch]")):
        with open(path, encoding="utf-8") as f:
            text += csource.Source(f.read()).code
    return {name for name in names if re.search(rf"\b{name}\s*\(", text)}


def untried(program, include):
    output = subprocess.run([program, "--list"], check=True,
                            capture_output=True, text=True).stdout
    tried = set(output.split())
    public = {p.name: p for p in prototypes(include)}
    fallible = {name for name, p in public.items() if can_fail(p)}
    aside = {name for names in ASIDE.values() for name in names}
    others = set(public) - fallible - tried
    called = taking_part(others)
    tap.note(f"{len(public)} functions: {len(tried)} are tried, "
             f"{len(called)} take part, {len(aside) + len(EXCUSED)} are aside")
    if len(fallible) < 40:
        yield "the headers were not understood"
    for name in sorted(fallible - tried - set(EXCUSED)):
        yield f"{name} can fail, and nth does not try it"
    for name in sorted(tried - set(public)):
        yield f"nth tries {name}, which is in no header"
    for name in sorted(others - called - aside):
        yield f"{name} takes part in no trial of nth, and has no reason"
    for name in sorted((aside - others) | (aside & called) |
                       (set(EXCUSED) - fallible)):
        yield f"{name} has a reason and needs none"


def main():
    program, include, arm, *quick = sys.argv[1:]
    if arm == "--list":
        tap.main([("every public function is tried",
                   lambda: untried(program, include))])
    sys.exit(run(program, include, arm, *quick))


if __name__ == "__main__":
    main()
