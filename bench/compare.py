"""What changed between the results of two runs.

A machine's speed drifts between runs, so that what is compared is a server's
ratio to the reference of its row; the reference itself is compared by its own
figure. A change counts only beyond the noise: the wider of the two spans of
ratios, or what the reference's second entry was off by, whichever is more.
"""
import figures
import rows

NAME = 22
HEAD = (f"{'':<{NAME}} {'old':>10} {'new':>10} {'change':>8} "
        f"{'of ratio':>8} {'noise':>7}")


def half_span(of):
    """How far the least and the largest lie from the median, as a share."""
    low, middle, high = of
    return max(high - middle, middle - low) / middle


def off_by(result):
    """How far the reference's second entry is from its first, as a share."""
    name = result["reference"]
    taken = [result["samples"].get(n) for n in (name, name + rows.AGAIN)]
    of = all(taken) and figures.ratio_span(taken[1], taken[0], "per_cpu")
    return abs(of[1] - 1) if of else 0


def ratio_change(server, old, new):
    """The change of a server's ratio and its noise, as shares; or None."""
    if server == new["reference"] or old["reference"] != new["reference"]:
        return None
    spans = []
    for result in (old, new):
        reference = result["samples"].get(result["reference"])
        of = reference and figures.ratio_span(result["samples"][server],
                                              reference, "per_cpu")
        if not of:
            return None
        spans.append(of)
    noise = max(*map(half_span, spans), off_by(old), off_by(new))
    return spans[1][1] / spans[0][1] - 1, noise


def verdict(change):
    if change is None or abs(change[0]) <= change[1]:
        return ""
    return " better" if change[0] > 0 else " WORSE"


def echo_line(server, old, new):
    medians = [figures.median(result["samples"][server], "per_cpu")
               for result in (old, new)]
    change = ratio_change(server, old, new)
    cells = [f"{100 * change[0]:>+7.1f}%", f"{100 * change[1]:>6.1f}%"] \
        if change else [f"{'-':>8}", f"{'-':>7}"]
    return (f"{server:<{NAME}} {medians[0]:>10,.0f} {medians[1]:>10,.0f} "
            f"{100 * (medians[1] / medians[0] - 1):>+7.1f}% "
            f"{' '.join(cells)}{verdict(change)}")


def memory_line(server, old, new):
    medians = [figures.median(result["samples"][server], "each")
               for result in (old, new)]
    return (f"{server:<{NAME}} {medians[0]:>10,.0f} {medians[1]:>10,.0f} "
            f"{medians[1] - medians[0]:>+8,.0f}")


def row_lines(name, old, new):
    line = memory_line if name == rows.MEMORY else echo_line
    unit = "bytes each" if name == rows.MEMORY else "msg/CPU-s"
    shared = [s for s in new["samples"] if s in old["samples"]]
    lost = [f"{s:<{NAME}} only in the {which} run"
            for which, result, other in (("old", old, new), ("new", new, old))
            for s in result["samples"] if s not in other["samples"]]
    return ["", f"{new['title']}  [{name}], {unit}", HEAD,
            *[line(server, old, new) for server in shared], *lost]


def lines(old, new):
    """Everything that is printed about two runs."""
    said = []
    for word, results in (("old", old), ("new", new)):
        about = results["machine"]
        said.append(f"{word}: {results['taken']}, {about['model']}, Linux "
                    f"{about['kernel']}, {results['settings']['rounds']} "
                    "rounds")
    if any(old["machine"][k] != new["machine"][k] for k in ("model", "kernel")):
        said.append("NOT THE SAME MACHINE: only ratios can be compared")
    for name in new["rows"]:
        if name in old["rows"]:
            said += row_lines(name, old["rows"][name], new["rows"][name])
    for which, one, other in (("old", old, new), ("new", new, old)):
        said += [f"{name}: only in the {which} run" for name in one["rows"]
                 if name not in other["rows"]]
    return said
