"""The command line."""
import argparse
from pathlib import Path

import measure
import rows

BUILD_DIR = Path(__file__).resolve().parent.parent / "build"


def names_of(text):
    """Row names from "64,exact"."""
    names = [name for name in text.split(",") if name]
    unknown = [name for name in names if name not in rows.NAMES]
    if unknown or not names:
        raise argparse.ArgumentTypeError(
            f"no row {', '.join(unknown) or 'named'}; there are "
            f"{', '.join(rows.NAMES)}")
    return names


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def make_parser():
    parser = argparse.ArgumentParser(
        prog="bench/run",
        description="Measure echo servers side by side on this machine.")
    parser.add_argument("build_dir", type=Path, nargs="?", default=BUILD_DIR,
                        help="configured with -Dbench=true; default build/")
    parser.add_argument("--rounds", type=positive, metavar="N",
                        help="samples of each server "
                        f"(default {measure.ROUNDS})")
    parser.add_argument("--only", action="extend", type=names_of, default=[],
                        metavar="ROW[,ROW]", help=", ".join(rows.NAMES))
    parser.add_argument("--quick", action="store_true",
                        help="short rounds, under two minutes in all")
    parser.add_argument("--json", type=Path, metavar="FILE",
                        help="where the results go, with a .svg beside it "
                        "(default BUILD_DIR/bench/results.json)")
    parser.add_argument("--compare", type=Path, nargs=2,
                        metavar=("OLD", "NEW"),
                        help="measure nothing; print what changed between "
                        "the results of two runs")
    parser.add_argument("--summary", type=Path, metavar="FILE",
                        help="measure nothing; print the results of a run as "
                        "tables of Markdown")
    return parser


def read(words=None):
    """The options of a run, or the end of the process with a sentence."""
    parser = make_parser()
    options = parser.parse_args(words)
    if options.compare or options.summary:
        return options
    if not (options.build_dir / "bench" / "load").exists():
        parser.error(f"{options.build_dir}: no bench/load in it; configure "
                     "with -Dbench=true and build")
    if options.json and options.json.suffix == ".svg":
        parser.error("--json: the .svg goes beside it")
    options.json = options.json or options.build_dir / "bench/results.json"
    return options
