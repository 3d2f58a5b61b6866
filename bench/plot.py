"""The results as one page of SVG: a section a row, a line a server."""
import math
from html import escape

import figures
import rows

MARGIN = 24
LINE, HEAD = 18, 46             # heights: of a server, of what stands above
AXIS, GAP = 18, 22              # of the numbers below a section, between two
NAME = 160                      # widths, from here on
BAR, BAR_TEXT = 130, 62
PLOT, PLOT_GAP = 220, 16
QUANTILES = (("p50_us", "p50"), ("p99_us", "p99"), ("p999_us", "p99.9"))
QUANTILE = 64
RATE_X = MARGIN + NAME
CPU_X = RATE_X + BAR + BAR_TEXT
PLOT_X = CPU_X + BAR + BAR_TEXT + PLOT_GAP
TEXT_X = PLOT_X + PLOT + PLOT_GAP
WIDTH = TEXT_X + 3 * QUANTILE + MARGIN
TICKS_MAX = 6                   # numbers below the latencies

# Every colour twice: for light paper and for dark.
COLOURS = {
    "paper": ("fill", "#ffffff", "#16181c"),
    "word": ("fill", "#1f2328", "#e4e6ea"),
    "faint": ("fill", "#59636e", "#9aa3ad"),
    "rule": ("stroke", "#d5d9de", "#343a42"),
    "peer": ("fill", "#9aa7b5", "#5f6c7a"),
    "hand": ("fill", "#5b7083", "#8ea3b8"),
    "ours": ("fill", "#c2571a", "#f08a4b"),
    "span": ("stroke", "#1f2328", "#e4e6ea"),
    "open": ("stroke", "#1f2328", "#e4e6ea"),
}


def style():
    def sheet(which):
        return " ".join(f".{name} {{ {colour[0]}: {colour[which]}; }}"
                        for name, colour in COLOURS.items())
    return ("<style>text { font: 12px system-ui, sans-serif; } "
            ".big { font-size: 18px; font-weight: 600; } "
            ".title { font-weight: 600; } .small { font-size: 11px; } "
            ".open { fill: none; } " + sheet(1) +
            " @media (prefers-color-scheme: dark) { " + sheet(2) +
            " .open { fill: none; } }</style>")


def number(value):
    """Three digits and a letter: 3.54M, 246k, 12.3."""
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * unit:
            return digits(value / unit) + letter
    return digits(value)


def digits(value):
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}"


def duration(us):
    for unit, name in ((1e6, " s"), (1e3, " ms"), (1, " us")):
        if us >= 0.9995 * unit:
            return f"{us / unit:.3g}" + name
    return f"{1000 * us:.3g} ns"


def text(x, y, words, kind="word", anchor="start"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" '
            f'text-anchor="{anchor}">{escape(str(words))}</text>')


def line(x1, y1, x2, y2, kind):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" '
            f'y2="{y2:.1f}" class="{kind}"/>')


def kind_of(name):
    if name in rows.GNEZDO:
        return "ours"
    plain = name.removesuffix(rows.AGAIN)
    return "hand" if plain in rows.BY_HAND else "peer"


def bar(x, y, of, most, kind, words):
    """A bar as long as the median, the least and the largest on it."""
    low, middle, high = (BAR * v / most for v in of)
    return [f'<rect x="{x:.1f}" y="{y + 4:.1f}" width="{middle:.1f}" '
            f'height="{LINE - 6}" class="{kind}"/>',
            line(x + low, y + LINE / 2 + 1, x + high, y + LINE / 2 + 1,
                 "span"),
            text(x + max(high, middle) + 5, y + LINE - 5, words)]


class Scale:
    """Logarithmic, over the quantiles of all servers of a row."""

    def __init__(self, samples):
        medians = [max(figures.median(taken, field), 0.001)
                   for taken in samples.values() for field, _ in QUANTILES]
        self.low = math.log10(min(medians)) - 0.1
        self.high = max(math.log10(max(medians)) + 0.1, self.low + 1)

    def x(self, us):
        share = (math.log10(max(us, 0.001)) - self.low) / \
            (self.high - self.low)
        return PLOT_X + PLOT * share

    def ticks(self):
        """Powers of ten inside, with halves where there is but one."""
        decades = range(math.floor(self.low), math.ceil(self.high) + 1)
        for steps in ((1,), (1, 3), (1, 2, 5)):
            found = [s * 10.0 ** d for d in decades for s in steps
                     if self.low <= math.log10(s * 10.0 ** d) <= self.high]
            if len(found) >= 3:
                break
        return found[:TICKS_MAX]


def latency(y, samples, scale):
    """p50 filled, p99 open, p99.9 as a stroke, and the three as words."""
    middle = y + LINE / 2 + 1
    values = [figures.median(samples, field) for field, _ in QUANTILES]
    at = [scale.x(v) for v in values]
    return [line(at[0], middle, at[2], middle, "span"),
            f'<circle cx="{at[1]:.1f}" cy="{middle:.1f}" r="3.5" '
            'class="open"/>',
            f'<circle cx="{at[0]:.1f}" cy="{middle:.1f}" r="4" class="word"/>',
            line(at[2], middle - 5, at[2], middle + 5, "span"),
            *[text(TEXT_X + QUANTILE * (i + 1) - 6, y + LINE - 5, duration(v),
                   anchor="end") for i, v in enumerate(values)]]


def axis(top, bottom, scale):
    found = []
    for us in scale.ticks():
        found += [line(scale.x(us), top, scale.x(us), bottom, "rule"),
                  text(scale.x(us), bottom + 12, duration(us), "faint small",
                       "middle")]
    return found


def heading(y, name, result):
    return [line(MARGIN, y, WIDTH - MARGIN, y, "rule"),
            text(MARGIN, y + 20, f"{result['title']}  [{name}]",
                 "word title")]


def column_names(y):
    return [text(RATE_X, y, "messages a second", "faint small"),
            text(CPU_X, y, "server CPU a message, us", "faint small"),
            text(PLOT_X, y, "latency", "faint small"),
            *[text(TEXT_X + QUANTILE * (i + 1) - 6, y, name, "faint small",
                   "end") for i, (_, name) in enumerate(QUANTILES)]]


def spans(samples, field):
    return {name: figures.span(taken, field)
            for name, taken in samples.items()}


def echo_lines(y, samples):
    rates, costs = spans(samples, "rate"), spans(samples, "cpu_us")
    most = [max(of[2] for of in each.values()) for each in (rates, costs)]
    scale = Scale(samples)
    found = axis(y, y + LINE * len(samples), scale)
    for place, (name, taken) in enumerate(samples.items()):
        at = y + LINE * place
        found += [text(MARGIN, at + LINE - 5, name),
                  *bar(RATE_X, at, rates[name], most[0], kind_of(name),
                       number(rates[name][1])),
                  *bar(CPU_X, at, costs[name], most[1], kind_of(name),
                       digits(costs[name][1])),
                  *latency(at, taken, scale)]
    return found


def memory_lines(y, samples):
    each = spans(samples, "each")
    most = max(max(of[2] for of in each.values()), 1)
    found = []
    for place, name in enumerate(samples):
        at = y + LINE * place
        found += [text(MARGIN, at + LINE - 5, name),
                  *bar(RATE_X, at, [max(v, 0) for v in each[name]], most,
                       kind_of(name), f"{each[name][1]:,.0f}")]
    return found


def failures(y, result):
    return [text(MARGIN, y + LINE * place + LINE - 5,
                 f"{name} failed: {why}", "faint")
            for place, (name, why) in enumerate(result["failures"].items())]


def section(y, name, result):
    """The shapes of a row, and where the next one begins."""
    samples = result["samples"]
    found, top = heading(y, name, result), y + HEAD
    if samples and name == rows.MEMORY:
        found += [text(RATE_X, top - 6, "bytes a connection", "faint small"),
                  *memory_lines(top, samples)]
    elif samples:
        found += column_names(top - 6) + echo_lines(top, samples)
    bottom = top + LINE * len(samples) + AXIS
    found += failures(bottom, result)
    return found, bottom + LINE * len(result["failures"]) + GAP


def legend(y):
    """What the marks mean, on two lines."""
    found, x = [], MARGIN
    for kind, words in (("ours", "gnezdo"), ("hand", "by hand"),
                        ("peer", "other libraries")):
        found += [f'<rect x="{x}" y="{y - 10}" width="12" height="12" '
                  f'class="{kind}"/>', text(x + 18, y, words)]
        x += 120
    found.append(text(MARGIN, y + 22, "bars: medians, the stroke from the "
                      "least to the largest; latency: dot p50, ring p99, "
                      "stroke p99.9; (A/A): the reference once more", "faint"))
    return found


def page_head(results):
    about, settings = results["machine"], results["settings"]
    where = (f"{about['model']}{' (virtual)' if about['virtual'] else ''}, "
             f"{about['cpus']} CPUs, Linux {about['kernel']}, "
             f"{about['compiler']}; {results['taken']}; "
             f"{settings['rounds']} rounds of {settings['measure_ms']} ms")
    return [text(MARGIN, 36, "Echo servers on loopback, one thread, one CPU",
                 "word big"), text(MARGIN, 58, where, "faint"), *legend(84)]


def draw(results):
    """The whole page, as text."""
    shapes, y = page_head(results), 124
    for name, result in results["rows"].items():
        found, y = section(y, name, result)
        shapes += found
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{y}" viewBox="0 0 {WIDTH} {y}" role="img">',
        "<title>Echo servers on loopback</title>", style(),
        f'<rect width="{WIDTH}" height="{y}" class="paper"/>', *shapes,
        "</svg>"]) + "\n"
