# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Draw programs with `pagetorture explain`, and pack the drawings for the page."""
import base64
import json
import pathlib
import re
import subprocess
import tempfile
import zlib

# Files for one call; the length of a command line is limited.
MOST = 2000


def _run_explain(tool, directory, names):
    """Return: {file name: output of `explain`}."""
    said = subprocess.run([tool, "explain", "--utf8", *names], cwd=directory, text=True, check=False,
                          capture_output=True, env={"NO_COLOR": "1", "LC_ALL": "C.UTF-8"}).stdout
    heads = list(re.finditer(r"^(\d{6}\.page): .*\n\n?", said, re.MULTILINE))
    ends = [head.start() for head in heads[1:]] + [len(said)]
    return {head[1]: said[head.end():end].rstrip() for head, end in zip(heads, ends)}


def draw_programs(tool, programs):
    """A drawing for each program; an empty one if the tool is missing or cannot read the program."""
    if not tool:
        return ["" for _ in programs]
    drawn = {}
    with tempfile.TemporaryDirectory() as directory:
        names = [f"{number:06d}.page" for number in range(len(programs))]
        for name, program in zip(names, programs):
            pathlib.Path(directory, name).write_text(program)
        for start in range(0, len(names), MOST):
            drawn.update(_run_explain(tool, directory, names[start:start + MOST]))
    return [drawn.get(name, "") for name in names]


def pack_json(value):
    """Return: @value as JSON, deflated, in base64."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(deflate.compress(text) + deflate.flush()).decode()
