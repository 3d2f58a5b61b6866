"""What the driver does with samples, without taking any."""
import copy
import re
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

import compare
import figures
import measure
import options
import plot
import report
import results
import rows
import summary

ABOUT = {"model": "a < b", "virtual": True, "cpus": 2, "kernel": "6",
         "compiler": "gcc", "memory_bytes": 2 ** 34, "load_average": 0.5,
         "packages": {"libuv1-dev": "1"}, "ksoftirqd_counted": True}
SETTINGS = {"rounds": 3, "warm_ms": 1, "measure_ms": 1000}


def sample(messages, cpu=0.5, kept_off=0.0, p50=10.0):
    return {"messages": messages, "seconds": 1.0, "cpu_seconds": cpu,
            "kept_off_seconds": kept_off, "p50_us": p50, "p99_us": 2 * p50,
            "p999_us": 40 * p50}


def bench_of(servers):
    """As much of a measure.Bench as plans and tables look at."""
    return SimpleNamespace(
        servers=list(servers), rounds=measure.ROUNDS,
        warm_ms=measure.WARM_MS, measure_ms=measure.MEASURE_MS, helper=1,
        server_cpu=0, load_cpu=1, missing=lambda: {
            "echo_libuv": (["libuv"], "libuv1-dev")})


def row_result(name):
    """A row as measured, each server a little slower than the one before."""
    taken = {}
    for place, server in enumerate(rows.servers_of(name, rows.SERVERS)):
        base = 2_000_000 // (place + 1)
        taken[server.name] = [sample(base + 100 * r, p50=7.0 * (place + 1))
                              for r in range(3)]
    return {"title": "some row", "reference": rows.reference_of(name),
            "samples": taken, "failures": {"peer <x>": "no port & more"}}


def whole():
    memory = {server.name: [{"resident": [2 ** 20, 2 ** 22], "each": 4000.5,
                             "idle_cpu": 0}]
              for server in rows.servers_of(rows.MEMORY, rows.SERVERS)}
    found = {row.name: row_result(row.name) for row in rows.ROWS}
    found[rows.MEMORY] = {"title": "memory", "samples": memory,
                          "reference": rows.URING, "failures": {}}
    return {"schema": results.SCHEMA, "taken": "2026-01-01T00:00:00Z",
            "machine": ABOUT, "settings": SETTINGS, "rows": found}


def faster(data, server, factor):
    """The same results, with one server of row 64 made faster."""
    changed = copy.deepcopy(data)
    for one in changed["rows"]["64"]["samples"][server]:
        one["cpu_seconds"] /= factor
    return changed


# ---- figures


def test_ratios_are_taken_within_rounds():
    mine, others = [sample(100), sample(300)], [sample(50), sample(100)]
    assert figures.ratios(mine, others, "per_cpu") == [2, 3]
    assert figures.ratio_span(mine, others, "rate") == (2, 2.5, 3)
    assert figures.ratio_span(mine, [], "rate") is None


def test_what_is_derived_from_a_sample():
    one = sample(1000, cpu=0.25, kept_off=0.1)
    assert figures.value(one, "per_cpu") == 4000
    assert figures.value(one, "cpu_us") == 250
    assert figures.value(one, "busy") == 0.25
    assert figures.disturbed([one, sample(1)]) == 1


# ---- rows


@pytest.mark.parametrize("name", [row.name for row in rows.ROWS])
def test_each_row_has_its_reference_twice(name):
    names = [s.name for s in rows.servers_of(name, rows.SERVERS)]
    assert rows.reference_of(name) in names
    assert names[-1] == rows.reference_of(name) + rows.AGAIN
    assert len(set(names)) == len(names)


def test_every_program_is_built():
    text = (Path(__file__).parent / "meson.build").read_text()
    for server in rows.SERVERS:
        assert f"'{server.program}'" in text, server.program


def test_every_package_of_a_peer_is_installed_by_its_group():
    text = (Path(__file__).parent.parent /
            "scripts/install-packages").read_text()
    for server in rows.SERVERS:
        for word in re.split(r", | and ", server.package or ""):
            assert not word or re.search(rf"^bench +{word} ", text, re.M)


def test_the_default_takes_about_ten_minutes():
    bench = bench_of(rows.SERVERS)
    seconds = sum(measure.seconds_of(bench, name) for name in rows.NAMES)
    assert 8 * 60 < seconds < 13 * 60


# ---- options


def test_rows_are_chosen_by_commas_and_by_repeating(tmp_path):
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench/load").touch()
    chosen = options.read([str(tmp_path), "--only", "64,exact", "--only",
                           "unix", "--rounds", "9"])
    assert chosen.only == ["64", "exact", "unix"]
    assert chosen.rounds == 9
    assert chosen.json == tmp_path / "bench/results.json"


@pytest.mark.parametrize("words, said", [
    (["--only", "65"], "no row 65"), (["--only", ","], "no row named"),
    (["--rounds", "0"], "at least 1"), (["/nowhere"], "no bench/load")])
def test_what_cannot_be_done_is_said(words, said, capsys):
    with pytest.raises(SystemExit):
        options.read(words)
    assert said in capsys.readouterr().err


def test_comparing_needs_no_build():
    chosen = options.read(["/nowhere", "--compare", "a", "b"])
    assert [str(path) for path in chosen.compare] == ["a", "b"]


# ---- results and their comparison


def test_results_come_back_as_written(tmp_path):
    results.write(tmp_path / "r.json", whole())
    assert results.read(tmp_path / "r.json") == whole()


@pytest.mark.parametrize("text, said", [
    ('{"schema": 0}', "schema 0"), ("[]", "schema None"), ("{", "Expecting")])
def test_other_files_are_refused(text, said, tmp_path):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(results.Unreadable, match=said):
        results.read(tmp_path / "r.json")


def compared(old, new, server):
    """The line of row 64 about one server."""
    said = compare.lines(old, new)
    start = next(i for i, line in enumerate(said) if "[64]" in line)
    return next(line for line in said[start:] if line.startswith(server))


def test_a_run_compared_with_itself_is_unchanged():
    said = "\n".join(compare.lines(whole(), whole()))
    assert "better" not in said and "WORSE" not in said


def test_a_change_beyond_the_noise_is_told():
    old = faster(whole(), rows.URING + rows.AGAIN, 10)      # no A/A noise
    assert compared(old, faster(old, "libuv", 1.2), "libuv").endswith("better")
    assert compared(old, faster(old, "libuv", 0.8), "libuv").endswith("WORSE")


def test_a_change_within_the_noise_is_not():
    off = faster(whole(), rows.URING + rows.AGAIN, 10 * 1.3)
    line = compared(off, faster(off, "libuv", 1.2), "libuv")
    assert "+20.0%" in line and not line.endswith("better")


def test_what_only_one_run_has_is_told():
    new = whole()
    del new["rows"]["unix"], new["rows"]["64"]["samples"]["Go"]
    said = compare.lines(whole(), new)
    assert "unix: only in the old run" in said
    assert any(line.split() == "Go only in the old run".split()
               for line in said)


# ---- what is printed and drawn


def test_tables_fit_the_width_and_name_everybody():
    for name, result in whole()["rows"].items():
        text = report.table(name, result)
        assert max(map(len, text)) <= 120
        for server in list(result["samples"]) + list(result["failures"]):
            assert any(server in line for line in text)


def test_what_is_absent_is_named_with_its_package():
    said = "\n".join(report.head(bench_of(rows.SERVERS), ABOUT, 60))
    assert "libuv: skipped, no echo_libuv (Debian: libuv1-dev)" in said


def test_the_summary_is_tables_of_as_many_cells():
    said = summary.lines(whole())
    count = None
    for text in said:
        bars = text.count("|")
        assert not bars or count in (None, bars), text
        count = bars or None
    assert any(text.startswith("| A/A") for text in said)
    assert len(summary.lines({**whole(), "rows": {}})) < 5


def test_disturbed_samples_are_counted():
    found = whole()["rows"]
    assert report.disturbed_lines(found) == []
    found["64"]["samples"]["Go"][0]["kept_off_seconds"] = 0.5
    assert "in 1 of" in report.disturbed_lines(found)[0]


def words_of(page):
    """(left, right, top, words) of each text, by a generous width."""
    for node in ElementTree.fromstring(page).iter(
            "{http://www.w3.org/2000/svg}text"):
        x, words = float(node.get("x")), node.text or ""
        big = "big" in node.get("class")
        width = len(words) * (11 if big else 6.4)
        shift = {"start": 0, "middle": 0.5, "end": 1}[node.get("text-anchor")]
        yield x - shift * width, x + (1 - shift) * width, \
            float(node.get("y")), words


def test_the_page_is_well_formed_and_nothing_overlaps():
    found = sorted(words_of(plot.draw(whole())), key=lambda w: (w[2], w[0]))
    for left, right, _, words in found:
        assert left >= 0 and right <= plot.WIDTH, words
    for one, other in zip(found, found[1:]):
        assert one[2] != other[2] or one[1] <= other[0], (one, other)


def test_a_page_of_failures_alone_is_drawn():
    nothing = whole()
    for result in nothing["rows"].values():
        result["samples"] = {}
    ElementTree.fromstring(plot.draw(nothing))


@pytest.mark.parametrize("value, words", [
    (3540000, "3.54M"), (999.96, "1.00k"), (51234, "51.2k"), (7, "7.00")])
def test_numbers_have_three_digits(value, words):
    assert plot.number(value) == words
