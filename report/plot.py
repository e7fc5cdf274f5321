# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Compute the plots of a campaign over time: the positions of curves, marks and texts for plot.html."""
import math

import formats

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 380, 170, 44, 372, 8, 148


def _compute_round_marks(largest_value, interval_count):
    """Return: equidistant round numbers from 0 to @largest_value or above, about @interval_count of them."""
    rough = (largest_value or 1) / interval_count
    power = 10 ** math.floor(math.log10(rough))
    step = power * next(n for n in (1, 2, 5, 10) if n * power >= rough)
    return [step * number for number in range(max(1, math.ceil(largest_value / step - 1e-9)) + 1)]


def _make_time_marks(last_time, compute_x):
    unit, name = (1, "s") if last_time < 180 else (60, "min") if last_time < 10800 else (3600, "h")
    for mark in _compute_round_marks(last_time / unit, 5):
        x = compute_x(mark * unit)
        if x <= RIGHT + 1:
            # Text at the right end of the plot is right-aligned, so that it is not cut off.
            anchor = "start" if not mark else "end" if x > RIGHT - 16 else "middle"
            yield {"x": x, "text": f"{mark:g} {name}", "anchor": anchor}


def _make_plot(title, unit, points, caption=None):
    """@points: pairs (seconds, value); @caption: by default the text of the last point"""
    plot = {"title": title, "width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP,
            "bottom": BOTTOM, "points": [], "caption": "too short for a plot"}
    if len(points) < 2:
        return plot
    last_time = max(1, points[-1][0])
    marks = _compute_round_marks(max(value for _, value in points), 4)

    def compute_x(seconds):
        return round(LEFT + (RIGHT - LEFT) * seconds / last_time, 1)

    def compute_y(value):
        return round(BOTTOM - (BOTTOM - TOP) * value / marks[-1], 1)

    xs = [compute_x(seconds) for seconds, _ in points]
    for x, next_x, (seconds, value) in zip(xs, [*xs[1:], RIGHT], points):
        plot["points"].append({
            "x": x, "y": compute_y(value), "width": round(max(0, next_x - x), 1),
            "text": f"{round(value):,} {unit} after {formats.format_duration(seconds)}"})
    first, *others = plot["points"]
    # The curve has steps: a value holds until the next point.
    curve = f"M{first['x']} {first['y']}" + "".join(f"H{point['x']}V{point['y']}" for point in others)
    return {**plot, "curve": curve, "caption": caption or others[-1]["text"],
            "label": f"{title}, from {round(points[0][1]):,} to {round(points[-1][1]):,} {unit}",
            "value_marks": [{"y": compute_y(mark), "text": formats.format_with_metric_prefix(mark)}
                            for mark in marks],
            "time_marks": list(_make_time_marks(last_time, compute_x))}


def _compute_mean_rates(points):
    """Return: pairs (seconds, executions per second). Each rate is a mean over at least a twentieth of the
    time, because engines report rarely and targets run in turns."""
    least = max(1, points[-1][0] / 20) if points else 1
    rates, last = [], points[0] if points else None
    for point in points[1:]:
        if point[0] - last[0] >= least:
            rates.append([last[0], max(0, point[1] - last[1]) / (point[0] - last[0])])
            last = point
    return [*rates, [last[0], rates[-1][1]]] if rates else rates


def make_target_plots(points):
    """@points: lines of a plot.tsv: (seconds, executions, coverage, corpus, findings)"""
    seconds, executions = points[-1][:2] if points else (0, 0)
    mean = f"{round(executions / seconds):,} executions/s, all in all" if seconds else None
    return [_make_plot("Coverage", "edges", [(point[0], point[2]) for point in points]),
            _make_plot("Speed", "executions/s", _compute_mean_rates(points), mean),
            _make_plot("Corpus", "entries", [(point[0], point[3]) for point in points])]
