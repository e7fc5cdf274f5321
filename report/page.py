# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Insert the data into the templates of the page."""
import html
import json
import pathlib
import re

TEMPLATES = pathlib.Path(__file__).resolve().parent
SCRIPTS = ("dom.js", "plot.js", "pack.js", "matrix.js", "tables.js", "parts.js", "page.js")
WORDS = {"sound": "Sound", "failed": "Failed", "incomplete": "Incomplete"}


def _template(name):
    text = (TEMPLATES / name).read_text()
    # Remove the licence comment of the template.
    return re.sub(r"\A/\*.*?\*/\n|\A<!--.*?-->\n", "", text, flags=re.DOTALL)


def _data(value):
    """JSON for a script element: escape everything that could end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def render(report):
    scripts = "\n".join(_template(name) for name in SCRIPTS)
    verdict = report["verdict"]
    parts = {
        "title": html.escape(f"pagetorture: {WORDS[verdict['state']]}"),
        "verdict": html.escape(f"{WORDS[verdict['state']]}. {verdict['line']}"),
        "style": _template("page.css"),
        "data": _data(report),
        "script": f'"use strict";\n(() => {{\n{scripts}\n}})();',
    }
    return re.sub(r"@@(\w+)@@", lambda m: parts[m[1]], _template("page.html"))
