# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Elements of the page, and formats of values. All text is escaped unless it is Markup."""
import html

BAD, GOOD, NONE = "\u2715", "\u2713", "\u2013"


class Markup(str):
    """Text that is HTML already."""


def to_markup(value):
    """A text, a number, Markup, or a list of these, as Markup."""
    if isinstance(value, Markup):
        return value
    if isinstance(value, (list, tuple)):
        return Markup("".join(map(to_markup, value)))
    if value is None:
        return Markup("")
    return Markup(html.escape(format_number(value) if isinstance(value, (int, float)) else value))


def element(name, *children, **attributes):
    """Attributes with the value None are left out; in their names _ is -, class_ is class."""
    text = "".join(f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
                   for key, value in attributes.items() if value is not None)
    return Markup(f"<{name}{text}>{to_markup(children)}</{name}>")


def code_element(text):
    return element("code", text)


def muted_paragraph(*children):
    return element("p", *children, class_="muted")


def failure_paragraph(*children):
    return element("p", f"{BAD} ", *children, class_="is-bad")


def folded_section(title, *children):
    return element("details", element("summary", title), *children)


def preformatted_block(text, **attributes):
    return element("pre", text, tabindex=0, **attributes)


def share_bar(part, whole):
    width = 100 * part / whole if whole else 0
    return element("span", element("i", style=f"width: {width:.4g}%"), class_="bar", role="presentation")


# ---- values ----

def format_number(value):
    return f"{value:,}"


def format_short(value):
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def format_count(amount, word):
    return f"{amount:,} {word}{'' if amount == 1 else 's'}"


def format_share(part, whole):
    """Truncated instead of rounded: 99.99 % must not look like 100 %, nor 0.01 % like 0 %."""
    return f"{int(1e4 * part / whole) / 100:.2f} %" if whole else ""


def format_duration(seconds):
    for most, unit, name in ((120, 1, "s"), (7200, 60, "min")):
        if seconds < most:
            return f"{round(seconds / unit, 1):g} {name}"
    return f"{round(seconds / 3600, 1):g} h"


def format_time(text):
    return (text or "").replace("T", " ").replace("Z", " UTC")


# ---- states: a glyph, a word, a colour ----

STATES = {
    "good": (GOOD, "good", "is-good"),
    "failed": (BAD, "failed", "is-bad"),
    "unreadable": ("?", "cannot be read", "is-warn"),
    "stopped": ("\u25a0", "stopped", "is-warn"),
    "running": ("\u25b6", "running", "is-warn"),
    "old": ("\u21ba", "out of date", "is-warn"),
    "partly": ("\u25d1", "in part", "is-warn"),
    "missing": ("\u25cb", "not run", "is-none"),
    "skipped": (NONE, "skipped", "is-none"),
}
RESULT_STATES = {"ok": "good", "good": "good", "FAILED": "failed", "failed": "failed", "skipped": "skipped"}


def state_badge(state, word=None):
    glyph, name, style = STATES[state]
    return element("span", f"{glyph} {word or name}", class_=f"badge {style}")


def result_badge(result):
    return state_badge(RESULT_STATES.get(result, "unreadable"), result)


def yes_or_no(is_good):
    return state_badge("good", "yes") if is_good else state_badge("failed", "no")


# ---- tables ----

class Column:
    """@get: a key of the row, or a function of the row
    @style: words: head (names the row), number (to the right), wide and tight (breaks of lines)"""

    def __init__(self, title, get, style=""):
        self.title, self.words = title, style.split()
        self.get = get if callable(get) else lambda row: row[get]

    def make_heading(self):
        return element("th", self.title, scope="col", class_="number" if "number" in self.words else None)

    def make_cell(self, row):
        is_head = "head" in self.words
        return element("th" if is_head else "td", self.get(row), scope="row" if is_head else None,
                       class_=" ".join(word for word in self.words if word != "head") or None)


def code_column(title, key):
    return Column(title, lambda row: code_element(row[key]), "head tight")


def make_table(label, columns, rows, *, caption=None, is_high=False, key=None, is_searchable=False):
    """@key: a function of a row, for its attribute data-row; @is_high: it scrolls in its own box"""
    body = [element("tr", *(column.make_cell(row) for column in columns), data_row=key and key(row))
            for row in rows]
    box = element("div", element("table", element("caption", caption) if caption else None,
                                 element("thead",
                                         element("tr", *(column.make_heading() for column in columns))),
                                 element("tbody", *body)),
                  class_="scroll high" if is_high else "scroll", role="region", tabindex=0, aria_label=label)
    if not is_searchable:
        return box
    # behaviour.js filters the rows.
    tools = element("div", element("label", "Find", element("input", type="search", placeholder="any word")),
                    element("span", class_="muted", aria_live="polite"), class_="tools")
    return element("div", tools, box, class_="searchable")
