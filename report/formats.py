# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Format values for the page; FILTERS has the names that templates use."""


def format_with_thousands_commas(value):
    """Jinja calls this for every value that a template prints: numbers get commas, None becomes ''."""
    if isinstance(value, (int, float)):
        return f"{value:,}"
    return "" if value is None else value


def format_with_metric_prefix(number):
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= limit:
            return f"{number / limit:.3g}{unit}"
    return f"{number:.3g}"


def format_count_with_noun(number_or_list, noun):
    """Return: for example '1 finding' or '3 findings'. A list is counted by its length."""
    count = number_or_list if isinstance(number_or_list, int) else len(number_or_list)
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def format_truncated_percentage(part, whole):
    """The percentage is truncated, not rounded, so that 99.999 % does not look like 100 %."""
    return f"{int(1e4 * part / whole) / 100:.2f} %" if whole else ""


def format_duration(seconds):
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min")):
        if seconds < limit:
            return f"{round(seconds / unit, 1):g} {name}"
    return f"{round(seconds / 3600, 1):g} h"


def format_iso_time(iso_text):
    return (iso_text or "").replace("T", " ").replace("Z", " UTC")


def format_four_digits(value):
    """Round a number to four significant digits, or to an integer from 1000 on; None becomes ''."""
    if not isinstance(value, (int, float)):
        return value or ""
    return round(value) if abs(value) >= 1000 else f"{value:.4g}"


FILTERS = {"counted": format_count_with_noun, "duration": format_duration, "figure": format_four_digits,
           "share": format_truncated_percentage, "short": format_with_metric_prefix, "time": format_iso_time}
