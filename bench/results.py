"""The results of a run as a file."""
import json
import time

SCHEMA = 1      # of the file; raised when a reader would misread it


class Unreadable(Exception):
    """A file is no results of this schema; the text says why."""


def make(bench, about, found):
    return {
        "schema": SCHEMA,
        "taken": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": about,
        "settings": {"rounds": bench.rounds, "warm_ms": bench.warm_ms,
                     "measure_ms": bench.measure_ms},
        "rows": found,
    }


def write(path, results):
    path.write_text(json.dumps(results, indent=1) + "\n")


def read(path):
    try:
        results = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise Unreadable(f"{path}: {error}") from None
    schema = results.get("schema") if isinstance(results, dict) else None
    if schema != SCHEMA:
        raise Unreadable(f"{path}: schema {schema}, not {SCHEMA}")
    return results
