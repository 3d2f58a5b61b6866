"""Arithmetic on samples. A sample is what the load printed, as a dict; the
samples of two servers with the same place in their lists are of one round."""
import statistics

# What is derived from a sample, by name.
DERIVED = {
    "rate": lambda s: s["messages"] / s["seconds"],
    "per_cpu": lambda s: s["messages"] / s["cpu_seconds"],
    "cpu_us": lambda s: 1e6 * s["cpu_seconds"] / s["messages"],
    "busy": lambda s: s["cpu_seconds"] / s["seconds"],
    "kept_off": lambda s: s["kept_off_seconds"] / s["seconds"],
}

# A sample in which server and load were ready to run but kept off their CPUs
# for more than this share of it was disturbed.
KEPT_OFF_MAX = 0.05


def value(sample, field):
    return DERIVED[field](sample) if field in DERIVED else sample[field]


def column(samples, field):
    return [value(sample, field) for sample in samples]


def median(samples, field):
    return statistics.median(column(samples, field))


def span(samples, field):
    """The smallest, the median and the largest."""
    values = column(samples, field)
    return min(values), statistics.median(values), max(values)


def ratios(samples, others, field):
    """A server's figure over another's of the same round."""
    return [a / b for a, b in zip(column(samples, field),
                                  column(others, field)) if b]


def ratio_span(samples, others, field):
    """The smallest, the median and the largest ratio; None without any."""
    found = ratios(samples, others, field)
    if not found:
        return None
    return min(found), statistics.median(found), max(found)


def spread(values):
    """The distance from the least to the largest, as a share of the median."""
    return (max(values) - min(values)) / statistics.median(values)


def disturbed(samples):
    return sum(value(sample, "kept_off") > KEPT_OFF_MAX for sample in samples)
