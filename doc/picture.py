#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Draw the summary of `make smoke`, read from standard input, as a picture of text.

  make -C build smoke | tee smoke.txt; python3 doc/picture.py <smoke.txt >doc/smoke.svg
"""

import re
import sys
from xml.sax.saxutils import escape

COLUMNS, ROW, CHARACTER = 118, 18, 7.8
STYLE = '''
    .paper { fill: #f6f8fa; stroke: #d0d7de } text { fill: #1f2328; white-space: pre }
    .ok { fill: #1a7f37 } .skipped { fill: #9a6700 } .FAILED { fill: #cf222e }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117; stroke: #30363d } text { fill: #e6edf3 }
      .ok { fill: #3fb950 } .skipped { fill: #d29922 } .FAILED { fill: #f85149 }
    }
'''


def extract_summary_lines(smoke_output):
    """The lines from `summary` to the end, without the path of the logs."""
    lines = smoke_output.split('\n')
    begin = max((n for n, line in enumerate(lines) if line.startswith('summary (')), default=None)
    end = max((n for n, line in enumerate(lines) if line.startswith('smoke: ')), default=None)
    if begin is None or end is None:
        sys.exit('picture.py: expected what `make smoke` prints, with its summary, on standard input')
    lines = ['$ make -C build smoke', '...'] + lines[begin:end + 1]
    return [re.sub(r', logs in .*\)', ')', line) for line in map(str.rstrip, lines) if line]


def format_line_as_svg(line):
    word = re.match(r'(ok|skipped|FAILED)\b', line)
    line = escape(line if len(line) <= COLUMNS else line[:COLUMNS - 1] + '…')
    if word:
        line = f'<tspan class="{word[1]}">{word[1]}</tspan>{line[len(word[1]):]}'
    return line


def main():
    lines = extract_summary_lines(sys.stdin.read())
    width, height = COLUMNS * CHARACTER + 32, len(lines) * ROW + 28
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img" '
          f'aria-label="What make smoke says">')
    print(f'  <style>{STYLE}  </style>')
    print(f'  <rect class="paper" x="1" y="1" width="{width - 2:.0f}" height="{height - 2}" rx="8"/>')
    print('  <g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13" '
          'xml:space="preserve">')
    for number, line in enumerate(lines):
        print(f'    <text x="16" y="{28 + number * ROW}">{format_line_as_svg(line)}</text>')
    print('  </g>\n</svg>')


if __name__ == '__main__':
    main()
