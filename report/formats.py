# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""How the page writes values."""


def format_value(value):
    """Any value that a template prints: numbers with commas, and nothing for None."""
    if isinstance(value, (int, float)):
        return f"{value:,}"
    return "" if value is None else value


def format_with_prefix(number):
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= limit:
            return f"{number / limit:.3g}{unit}"
    return f"{number:.3g}"


def format_count(counted, word):
    """@counted: a number, or a list of what is counted"""
    count = counted if isinstance(counted, int) else len(counted)
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def format_percentage(part, whole):
    """Truncated instead of rounded: 99.99 % must not look like 100 %, nor 0.01 % like 0 %."""
    return f"{int(1e4 * part / whole) / 100:.2f} %" if whole else ""


def format_duration(seconds):
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min")):
        if seconds < limit:
            return f"{round(seconds / unit, 1):g} {name}"
    return f"{round(seconds / 3600, 1):g} h"


def format_time(text):
    return (text or "").replace("T", " ").replace("Z", " UTC")


def format_four_digits(value):
    """Four significant digits; large numbers as integers."""
    if not isinstance(value, (int, float)):
        return value or ""
    return round(value) if abs(value) >= 1000 else f"{value:.4g}"


FILTERS = {"counted": format_count, "duration": format_duration, "figure": format_four_digits,
           "share": format_percentage, "short": format_with_prefix, "time": format_time}
