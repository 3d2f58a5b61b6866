"""The results as tables of Markdown, for docs/performance.md."""
import figures
import plot
import report
import rows

NONE = "–"


def table(head, lines):
    return ["| " + " | ".join(head) + " |", "|---" * len(head) + "|",
            *["| " + " | ".join(cells) + " |" for cells in lines]]


def ratio_cell(result, server):
    """A server's ratio to the reference; the reference's own figure."""
    samples, reference = result["samples"], result["reference"]
    if server not in samples:
        return "failed" if server in result["failures"] else NONE
    if server == reference:
        return plot.number(figures.median(samples[server], "per_cpu"))
    of = figures.ratio_span(samples[server], samples.get(reference, []),
                            "per_cpu")
    return f"{of[1]:.2f}" if of else NONE


def again_cell(result):
    """From what to what the reference's second entry lay."""
    name = result["reference"]
    of = figures.ratio_span(result["samples"].get(name + rows.AGAIN, []),
                            result["samples"].get(name, []), "per_cpu")
    return f"{of[0]:.2f}–{of[2]:.2f}" if of else NONE


def efficiency(loads):
    names = [server.name for server in rows.SERVERS
             if any(server.name in r["samples"] for r in loads.values())]
    lines = [[name, *[ratio_cell(r, name) for r in loads.values()]]
             for name in names]
    lines.append(["A/A, least to most",
                  *[again_cell(r) for r in loads.values()]])
    return table(["CPU efficiency", *loads], lines)


def alone(result):
    """With one connection both sides wait: rate and latency tell more."""
    return table(
        ["one connection", "messages a second", "p50", "p99", "p99.9"],
        [[name, plot.number(figures.median(taken, "rate")),
          *[plot.duration(figures.median(taken, field))
            for field, _ in plot.QUANTILES]]
         for name, taken in result["samples"].items()])


def memory(result):
    return table(["an idle connection", "resident bytes",
                  "CPU of an idle server"],
                 [[name, f"{figures.median(taken, 'each'):,.0f}",
                   f"{100 * figures.median(taken, 'idle_cpu'):.2f} %"]
                  for name, taken in result["samples"].items()])


def lines(results):
    """Everything, paragraphs apart."""
    found = dict(results["rows"])
    idle = found.pop(rows.MEMORY, None)
    settings = results["settings"]
    said = [f"* Taken {results['taken']}, {settings['rounds']} rounds of "
            f"{settings['measure_ms']} ms.",
            *[f"* {line}." for line in
              report.machine_lines(results["machine"]) +
              report.disturbed_lines(found)], ""]
    if found:
        said += efficiency(found) + [""]
    if "1" in found:
        said += alone(found["1"]) + [""]
    if idle:
        said += memory(idle) + [""]
    return said[:-1]
