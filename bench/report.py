"""The tables that are printed."""
import figures
import rows

NAME = 22       # columns of a server's name


def cell(text, width):
    return f"{text:>{width}}"


def echo_line(name, samples, reference):
    low, middle, high = figures.span(samples, "per_cpu")
    of = reference and figures.ratio_span(samples, reference, "per_cpu")
    return " ".join([
        f"{name:<{NAME}}", cell(f"{middle:,.0f}", 11),
        cell(f"{100 * (high - low) / middle:.0f} %", 6),
        cell(f"{of[1]:.3f}" if of else "-", 6),
        cell(f"{of[0]:.2f}-{of[2]:.2f}" if of else "-", 10),
        cell(f"{figures.median(samples, 'rate'):,.0f}", 10),
        cell(f"{figures.median(samples, 'busy'):.2f}", 5),
        *[cell(f"{figures.median(samples, f):,.0f}", 8)
          for f in ("p50_us", "p99_us", "p999_us")],
        cell(figures.disturbed(samples) or "", 5)]).rstrip()


ECHO_HEAD = " ".join([
    " " * NAME, cell("msg/CPU-s", 11), cell("spread", 6), cell("ratio", 6),
    cell("min-max", 10), cell("msg/s", 10), cell("busy", 5),
    cell("p50 us", 8), cell("p99 us", 8), cell("p99.9 us", 8),
    cell("dist.", 5)])


def failure_lines(result):
    return [f"{name:<{NAME}} FAILED: {text}"
            for name, text in result["failures"].items()]


def gnezdo_cells(mine, others):
    cells = []
    for field, digits in (("per_cpu", 2), ("rate", 2), ("p50_us", 2)):
        of = figures.ratio_span(mine, others, field)
        cells.append(cell(f"{of[1]:.{digits}f}" if of else "-", 6))
        if field == "per_cpu":
            cells.append(cell(f"{of[0]:.2f}-{of[2]:.2f}" if of else "-", 11))
    return " ".join(cells)


def gnezdo_lines(samples):
    """gnezdo's figures over those of every other server, round by round."""
    mine = [name for name in rows.GNEZDO if name in samples]
    others = [name for name in samples
              if name not in rows.GNEZDO and not name.endswith(rows.AGAIN)]
    if not mine or not others:
        return []
    head = " ".join([cell("CPU", 6), cell("min-max", 11), cell("rate", 6),
                     cell("p50", 6)])
    lines = [f"{'':<{NAME}}" + "".join(f" | {name:<32}" for name in mine),
             f"{'  ratio to':<{NAME}}" + "".join(f" | {head}" for _ in mine)]
    for other in others:
        lines.append(f"{'  ' + other:<{NAME}}" + "".join(
            " | " + gnezdo_cells(samples[name], samples[other])
            for name in mine))
    return [line.rstrip() for line in lines]


def echo_table(name, result):
    samples = result["samples"]
    reference = samples.get(result["reference"])
    return [f"{result['title']}  [{name}]; ratio to {result['reference']}",
            ECHO_HEAD,
            *[echo_line(server, taken, reference)
              for server, taken in samples.items()],
            *gnezdo_lines(samples), *failure_lines(result)]


def memory_line(name, samples):
    low, high = [sorted(s["resident"][i] for s in samples)[len(samples) // 2]
                 / 2 ** 20 for i in range(2)]
    return (f"{name:<{NAME}} {figures.median(samples, 'each'):>11,.0f} "
            f"{low:>14.1f} {high:>14.1f} "
            f"{100 * figures.median(samples, 'idle_cpu'):>8.2f} %")


def memory_table(name, result):
    low, high = rows.MEMORY_STEPS
    return [f"{result['title']}  [{name}]",
            f"{'':<{NAME}} {'bytes each':>11} {f'MiB at {low:,}':>14} "
            f"{f'MiB at {high:,}':>14} {'idle CPU':>10}",
            *[memory_line(server, taken)
              for server, taken in result["samples"].items()],
            *failure_lines(result)]


def table(name, result):
    """The lines of one row's table."""
    return (memory_table if name == rows.MEMORY else echo_table)(name, result)


def machine_lines(about):
    packages = ", ".join(f"{name} {version}"
                         for name, version in about["packages"].items())
    return [f"Linux {about['kernel']}, {about['cpus']} CPUs "
            f"({about['model']}{', virtual' if about['virtual'] else ''}), "
            f"{about['memory_bytes'] / 2 ** 30:.0f} GiB, {about['compiler']}",
            f"load average before the run: {about['load_average']:.1f}",
            *([packages] if packages else [])]


def head(bench, about, seconds):
    """What stands above all tables."""
    lines = machine_lines(about)
    lines += [
        f"{bench.rounds} rounds of {bench.measure_ms} ms after "
        f"{bench.warm_ms} ms, server on CPU {bench.server_cpu}, load on CPU "
        f"{bench.load_cpu}, medians; about " + (
            f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"),
        f"msg/CPU-s: messages a second of the server's CPU time, user and "
        f"system, {'with' if bench.helper else 'without'} ksoftirqd's",
        "ratio: to the row's reference in the same round; (A/A): the "
        "reference once more",
        "busy: share of its CPU that the server used; dist.: disturbed "
        "samples"]
    if bench.server_cpu == bench.load_cpu:
        lines.append("ONE CPU: server and load share it, rates mean little")
    for program, (names, package) in bench.missing().items():
        lines.append(f"{', '.join(names)}: skipped, no {program}"
                     + (f" (Debian: {package})" if package else ""))
    return lines


def disturbed_lines(results):
    """How many samples of all other programs got in the way of."""
    taken = [samples for name, result in results.items()
             if name != rows.MEMORY for samples in result["samples"].values()]
    count = sum(figures.disturbed(samples) for samples in taken)
    if not count:
        return []
    return [f"NOT QUIET: in {count} of {sum(map(len, taken))} samples other "
            f"programs held the CPUs for over "
            f"{100 * figures.KEPT_OFF_MAX:.0f} % of the time"]
