#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Check that names in documents exist: links, anchors, make targets, subcommands, files, lines.

  doc_names.py SOURCE BUILD DOCUMENT...

Prints TAP.
"""

import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from doc_commands import makefile_has_target  # noqa: E402
from tap import Tap  # noqa: E402

LONGEST = 110
# A table whose rows each cite a file and a part of one line of the cited file.
LINES = re.compile(r'^\| file \| its lines? for .*\n\|[-|]+\n((?:\|.*\n)+)', re.M)
ROW = re.compile(r'^\| `([^`]+)` \| `([^`]+)` \|$', re.M)
GLOSSARY_LINK = re.compile(r'\[([^]]*)\]\((?:doc/)?glossary\.md#([\w-]+)\)')
# The path of a file or directory in a code span. A path with two adjacent capital letters (NAME) is a placeholder.
FILE = re.compile(r'(?P<path>(?P<top>[a-z][\w-]*)(?!.*[A-Z]{2})(?:/[\w.-]+)+'
                  r'(?:/|\.(?:c|h|def|mk|sh|py|page|md|sym|ac|svg|in)))(?::\d+)?')


def list_heading_anchors(text):
    """The anchors that forges generate for headings."""
    headings = re.findall(r'^#+ (.*)$', remove_code_blocks(text), re.M)
    titles = (re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', heading).lower() for heading in headings)
    return {re.sub(r'[^\w\- ]', '', title).replace(' ', '-') for title in titles}


def remove_code_blocks(text):
    return re.sub(r'^    .*$', '', text, flags=re.M)


class Names:
    def __init__(self, source_directory, build_directory):
        self.source = source_directory
        self.makefile = self.read_file(os.path.join(build_directory, 'Makefile'))
        listed = subprocess.run([os.path.join(build_directory, 'pagetorture'), '--help'], capture_output=True,
                                text=True)
        self.commands = set(re.findall(r'^  ([a-z-]+) +[a-z]', listed.stdout, re.M))

    @staticmethod
    def read_file(path):
        with open(path, errors='replace') as file:
            return file.read()

    # ---- checks of one document ----

    def list_broken_links(self, document, text):
        for target in re.findall(r'\]\(([^)\s]+)\)', remove_code_blocks(text)):
            if re.match(r'[a-z]+:', target):
                continue
            file_name, _, anchor = target.partition('#')
            path = os.path.join(self.source, os.path.dirname(document), file_name or os.path.basename(document))
            if not os.path.exists(path):
                yield f'{document}: there is no {target}'
            elif anchor and anchor not in list_heading_anchors(self.read_file(path)):
                yield f'{document}: {file_name or document} has no heading #{anchor}'

    def list_unknown_names_in_code_spans(self, document, text):
        """Make targets, subcommands and files in code spans."""
        for code in re.findall(r'`([^`\n]+)`', remove_code_blocks(text)):
            make = re.match(r'make (?:-C build )?([a-z][a-z-]*)\b', code)
            tool = re.match(r'(?:build/)?pagetorture ([a-z][a-z-]+)\b', code)
            if make and not makefile_has_target(self.makefile, make[1]):
                yield f'{document}: make has no target {make[1]}'
            if tool and tool[1] not in self.commands:
                yield f'{document}: pagetorture has no {tool[1]}'
            file = FILE.fullmatch(code)
            if file and os.path.isdir(os.path.join(self.source, file['top'])) and file['top'] != 'build' and \
                    not any(os.path.exists(os.path.join(self.source, top, file['path'])) for top in ('', 'doc')):
                yield f'{document}: there is no {file["path"]}'

    def list_missing_glossary_links(self, document, text):
        """A document links the first use of each term to doc/glossary.md."""
        path = os.path.join(self.source, 'doc', 'glossary.md')
        if os.path.basename(document) == 'glossary.md' or not os.path.exists(path):
            return
        # Headings, table rows and code need no links.
        running = re.sub(r'^(#|\||<!--).*$', '', remove_code_blocks(text), flags=re.M)
        running = re.sub(r'`[^`\n]*`', lambda code: ' ' * len(code[0]), running)
        linked = {link.start(1) + at: link[2] for link in GLOSSARY_LINK.finditer(running) for at in range(len(link[1]))}
        for term in sorted(re.findall(r'^### (.*)$', self.read_file(path), re.M), key=len, reverse=True):
            words = r'(?<![\w-])' + r'\s+'.join(map(re.escape, term.split())) + r'(e?s)?(?![\w-])'
            first = re.search(words, running, re.I)
            anchor = term.replace(' ', '-')
            if first and linked.get(first.start()) != anchor:
                line = running.count('\n', 0, first.start()) + 1
                yield f'{document}:{line}: expected a link to glossary.md#{anchor} at the first use of "{term}"'
            # The term "rule model" is no use of the term "rule".
            running = re.sub(words, lambda used: re.sub('[a-z]', '.', used[0], flags=re.I), running, flags=re.I)

    def list_long_lines(self, document, text):
        for number, line in enumerate(text.split('\n')):
            table = line.startswith(('|', '<!--', '    '))
            if len(line) > LONGEST and not table:
                yield f'{document}:{number + 1}: a line of {len(line)}, expected at most {LONGEST}'

    def list_cited_lines_not_found(self, document, text):
        """The tree has each line that a table of lines cites."""
        for file, line in (row for table in LINES.findall(text) for row in ROW.findall(table)):
            path = os.path.join(self.source, file)
            if not os.path.exists(path):
                yield f'{document}: there is no {file}'
            elif not re.search(r'[ \t]+'.join(map(re.escape, line.split())), self.read_file(path)):
                yield f'{document}: {file} has no line with {line!r}'


def main():
    source, build, *documents = sys.argv[1:]
    tap, names = Tap(), Names(os.path.abspath(source), os.path.abspath(build))
    texts = {name: names.read_file(os.path.join(source, name)) for name in documents}
    for check, what in ((names.list_broken_links, 'every link has a target'),
                        (names.list_unknown_names_in_code_spans,
                         'every named make target, subcommand and file exists'),
                        (names.list_cited_lines_not_found, 'the tree has every line that a table cites'),
                        (names.list_missing_glossary_links, 'the first use of a term links to the glossary'),
                        (names.list_long_lines, 'no line is too long')):
        wrong = [line for name, text in texts.items() for line in check(name, text)]
        tap.ok(not wrong, what, wrong)
    return tap.done_testing()


if __name__ == '__main__':
    sys.exit(main())
