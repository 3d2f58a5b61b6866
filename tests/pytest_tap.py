"""A pytest plugin that reports in the Test Anything Protocol and says nothing
else.  Needs no more of pytest than its hooks."""
import os

import pytest

# pytest takes descriptor 1 for itself later.
out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace",
                buffering=1)
ended = []              # one word a test: how it ended
phases = []             # of the test that runs: its reports so far


def say(line):
    out.write(line + "\n")


def explain(report):
    text = [str(report.longrepr)] + [body for _, body in report.sections]
    for line in "\n".join(text).splitlines():
        say(f"# {line}")


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    config.pluginmanager.unregister(name="terminalreporter")


def pytest_collection_finish(session):
    say(f"1..{len(session.items)}")


def pytest_collectreport(report):
    if report.failed:
        explain(report)
        say(f"Bail out! {report.nodeid} cannot be loaded")


def pytest_runtest_logreport(report):
    """Each test is set up, called and torn down: one line for the three."""
    phases.append(report)
    if report.when != "teardown":
        return
    name = report.nodeid.split("::", 1)[-1].replace("#", "")
    failed = [phase for phase in phases if phase.failed]
    skipped = [phase for phase in phases if phase.skipped]
    ended.append("failed" if failed else "skipped" if skipped else "passed")
    for phase in failed:
        explain(phase)
    verdict = f"{'not ok' if failed else 'ok'} {len(ended)} - {name}"
    if skipped and not failed:
        why = skipped[0].longrepr
        why = why[2] if isinstance(why, tuple) else why
        verdict += f" # SKIP {why}"
    say(verdict)
    phases.clear()
