# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The page: the verdict, the table of parts, each part, the list of runs."""
import json
import pathlib
import re

from markup import (Column, code_element, element, format_count, format_duration, format_number, format_time,
                    make_table, muted_paragraph, state_badge, to_markup)

TEMPLATES = pathlib.Path(__file__).resolve().parent
SCRIPTS = ("elements.js", "matrix.js", "plot.js", "behaviour.js")
VERDICTS = {"sound": ("\u2713", "Sound", "is-good"), "failed": ("\u2715", "Failed", "is-bad"),
            "incomplete": ("\u25cb", "Incomplete", "is-warn")}


def _verdict_box(verdict, about):
    glyph, word, style = VERDICTS[verdict["state"]]
    made = " \u00b7 ".join(filter(None, (about["by"], f"page made {format_time(about['at'])}")))
    return element("div", element("span", glyph, class_="glyph", aria_hidden="true"),
                   element("div", element("h1", word), element("p", verdict["line"], id="verdict-line"),
                           muted_paragraph(made)),
                   class_=f"verdict {style}", data_state=verdict["state"])


def _overview_table(parts):
    def overview_row(part):
        begun = re.sub(r":\d\d UTC$", " UTC", format_time(part.head.get("begun")))
        return element("tr", element("td", state_badge(part.state)),
                       element("th", element("a", part.title, href=f"#part-{part.name}"), scope="row"),
                       element("td", part.summary_line, class_="said"),
                       element("td", begun, class_="muted tight when"),
                       data_part=part.name)

    head = [element("th", title, scope="col") for title in ("state", "part", "in a line", "begun")]
    return element("div", element("table", element("thead", element("tr", *head)),
                                  element("tbody", *map(overview_row, parts))), class_="overview",
                   id="overview")


def _figure_list(part):
    return element("dl", *(element("div", element("dt", label), element("dd", format_number(figure),
                                                                        data_figure=f"{part.name}-{name}"))
                           for name, label, figure in part.content.figures), class_="figures")


def _part_section(part):
    content, head = part.content, part.head
    source = element("p", code_element(part.command),
                     f" \u00b7 begun {format_time(head['begun'])} \u00b7 took "
                     f"{format_duration(head['seconds'])}", class_="source") if head else None
    return element("section", element("div", element("h2", part.title, id=f"title-{part.name}"),
                                      state_badge(part.state), class_="top"),
                   element("p", part.summary_line, class_="line"),
                   _figure_list(part) if content.figures else None,
                   content.body, source, class_="part", id=f"part-{part.name}", data_state=part.state,
                   aria_labelledby=f"title-{part.name}")


def _describe_machine(head):
    on = head.get("on") or head.get("machine") or {}
    system = " ".join(filter(None, (on.get("system"), on.get("release"), on.get("machine"))))
    return ", ".join(filter(None,
                            (on.get("model"), system,
                             format_count(on["cpus"], "CPU") if on.get("cpus") else None,
                                   on.get("compiler"))))


def _runs_section(parts, about):
    columns = [Column("part", lambda p: p.title, "head tight"),
               Column("version", lambda p: p.head["version"]),
               Column("begun", lambda p: format_time(p.head["begun"]), "tight"),
               Column("took", lambda p: format_duration(p.head["seconds"]), "number"),
               Column("seed", lambda p: str(p.head.get("seed", "")), "number"),
               Column("command", lambda p: code_element(p.head["command"]), "wide"),
               Column("on", lambda p: _describe_machine(p.head), "wide")]
    ran = [part for part in parts if part.head]
    made = ", ".join(filter(None,
                            (about["by"], about["system"], format_count(about["cpus"], "CPU"),
                             format_time(about["at"]))))
    return element("section", element("h2", "What was run"),
                   make_table("runs", columns, ran) if ran else muted_paragraph("Nothing."),
                   element("p", f"This page: {made}", class_="source"), class_="part", id="part-runs")


def _read_template(name):
    text = (TEMPLATES / name).read_text()
    # Remove the licence comment of the template.
    return re.sub(r"\A/\*.*?\*/\n|\A<!--.*?-->\n", "", text, flags=re.DOTALL)


def _script_json(data):
    """JSON for a script element: escape everything that could end the element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def render_page(parts, verdict, about):
    scripts = "\n".join(map(_read_template, SCRIPTS))
    values = {
        "title": to_markup(f"pagetorture: {VERDICTS[verdict['state']][1]}"),
        "style": _read_template("page.css"),
        "verdict": _verdict_box(verdict, about),
        "main": to_markup([_overview_table(parts), *map(_part_section, parts), _runs_section(parts, about)]),
        "data": _script_json({part.name: part.content.data for part in parts if part.content.data}),
        "script": f'"use strict";\n(() => {{\n{scripts}\n}})();',
    }
    return re.sub(r"@@(\w+)@@", lambda match: values[match[1]], _read_template("page.html"))
