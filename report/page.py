# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Render the templates: a part, and the whole page. Jinja escapes all text from the data."""
import json
import pathlib
import re

import jinja2
import markupsafe

import formats

DIRECTORY = pathlib.Path(__file__).resolve().parent
SCRIPTS = ("elements.js", "matrix.js", "behaviour.js")


def _make_jinja_environment():
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(DIRECTORY / "templates"), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined, finalize=formats.format_with_thousands_commas)
    environment.filters.update(formats.FILTERS)
    return environment


ENVIRONMENT = _make_jinja_environment()


def render_part_template(part_name, template_values):
    """Render templates/NAME.html. Return: its line and figures, and its HTML."""
    module = ENVIRONMENT.get_template(f"{part_name}.html").make_module(template_values)
    return " ".join(module.line.unescape().split()), module.figures, markupsafe.Markup(module)


def _read_without_licence(file_name):
    return re.sub(r"\A/\*.*?\*/\n", "", (DIRECTORY / file_name).read_text(), flags=re.DOTALL)


def _make_json_for_script_element(data):
    """Return: @data as JSON, without characters that could end the script element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def render_page(parts, verdict, report_run):
    scripts = "\n".join(map(_read_without_licence, SCRIPTS))
    data = {part.name: part.script_data for part in parts if part.script_data}
    return ENVIRONMENT.get_template("page.html").render(
        parts=parts, verdict=verdict, report_run=report_run,
        page_style=markupsafe.Markup(_read_without_licence("page.css")),
        data=markupsafe.Markup(_make_json_for_script_element(data)),
        script=markupsafe.Markup(f'"use strict";\n(() => {{\n{scripts}\n}})();'))
