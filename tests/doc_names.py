#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""What documents name is there: links and anchors, targets of make, subcommands, files, commits.

  doc_names.py SOURCE BUILD DOCUMENT...

Speaks TAP. Without the history (a tarball, a shallow clone) commits are skipped, by name.
"""

import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import doc_blocks  # noqa: E402

LONGEST = 110
CITED = re.compile(r'`([0-9a-f]{7,12})` "([^"]+)"')
# A row of a table: a file, a line of it, the commit that brought the line.
ROW = re.compile(r'^\| `([^`]+)` \| `([^`]+)` \| `([0-9a-f]{7,12})` \|$', re.M)
GLOSSARY_LINK = re.compile(r'\[([^]]*)\]\((?:doc/)?glossary\.md#([\w-]+)\)')
SUFFIXES = '(c|h|def|mk|sh|py|page|md|sym|ac|svg|in)'


def anchors(text):
    """As the web pages of repositories make them of headings."""
    found = set()
    for heading in re.findall(r'^#+ (.*)$', re.sub(r'^    .*$', '', text, flags=re.M), re.M):
        kept = re.sub(r'[^\w\- ]', '', re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', heading).lower())
        found.add(kept.replace(' ', '-'))
    return found


def prose(text):
    """Without the blocks and without what is between tags."""
    return re.sub(r'^    .*$', '', text, flags=re.M)


def has_line(text, part):
    """Blanks do not matter."""
    part = ' '.join(part.split())
    return any(part in ' '.join(line.split()) for line in text.split('\n'))


class Names:
    def __init__(self, source, build):
        self.source = source
        self.makefile = self.read(os.path.join(build, 'Makefile'))
        listed = subprocess.run([os.path.join(build, 'pagetorture'), '--help'], capture_output=True, text=True)
        self.commands = set(re.findall(r'^  ([a-z-]+) +[a-z]', listed.stdout, re.M))
        self.tests = self.failures = 0

    @staticmethod
    def read(path):
        with open(path, errors='replace') as file:
            return file.read()

    def git(self, *arguments):
        return subprocess.run(['git', '-C', self.source, *arguments], capture_output=True, text=True, errors='replace')

    def ok(self, wrong, name):
        self.tests += 1
        self.failures += bool(wrong)
        print(f'{"not ok" if wrong else "ok"} {self.tests} - {name}')
        for line in wrong[:40]:
            print(f'# {line}')

    def skip(self, what):
        self.tests += 1
        print(f'ok {self.tests} # SKIP {what}')

    def has_history(self):
        if not shutil.which('git') or not os.path.exists(os.path.join(self.source, '.git')):
            return False
        return self.git('rev-parse', '--is-shallow-repository').stdout.strip() == 'false'

    # ---- what is wrong with one document ----

    def links(self, name, text):
        for target in re.findall(r'\]\(([^)\s]+)\)', prose(text)):
            if re.match(r'[a-z]+:', target):
                continue
            path, _, anchor = target.partition('#')
            at = os.path.normpath(os.path.join(self.source, os.path.dirname(name), path)) if path else \
                os.path.join(self.source, name)
            if not os.path.exists(at):
                yield f'{name}: there is no {target}'
            elif anchor and anchor not in anchors(self.read(at)):
                yield f'{name}: {path or name} has no heading #{anchor}'

    def words(self, name, text):
        """Targets, subcommands and files between backticks."""
        for code in re.findall(r'`([^`\n]+)`', prose(text)):
            make = re.match(r'make (?:-C build )?([a-z][a-z-]*)\b', code)
            tool = re.match(r'(?:build/)?pagetorture ([a-z][a-z-]+)\b', code)
            if make and not re.search(rf'^([a-z-]+ )*{make[1]}(\$\(EXEEXT\))?( [a-z-]+)*:', self.makefile, re.M):
                yield f'{name}: make has no target {make[1]}'
            if tool and tool[1] not in self.commands:
                yield f'{name}: pagetorture has no {tool[1]}'
            place = re.fullmatch(rf'([a-z][\w-]*(?:/[\w.-]+)+/?)(?::\d+)?', code)
            known = place and os.path.isdir(os.path.join(self.source, place[1].split('/')[0]))
            if known and re.search(rf'\.{SUFFIXES}$|/$', place[1]) and not re.search('[A-Z]{2,}', place[1]) and \
                    not self.is_there(place[1]):
                yield f'{name}: there is no {place[1]}'

    def is_there(self, path):
        """In the tree; what a tree has of its build is in build/."""
        return path.startswith('build/') or os.path.exists(os.path.join(self.source, path)) or \
            os.path.exists(os.path.join(self.source, 'doc', path))

    def glossary(self, name, text):
        """A document links the first use of each term to doc/glossary.md."""
        path = os.path.join(self.source, 'doc', 'glossary.md')
        if os.path.basename(name) == 'glossary.md' or not os.path.exists(path):
            return
        # Headings, table rows, subjects of commits and code need no links.
        running = re.sub(r'^(#|\||<!--).*$', '', prose(text), flags=re.M)
        running = re.sub(r'` "[^"]*"', lambda subject: re.sub('[^\n]', ' ', subject[0]), running)
        running = re.sub(r'`[^`\n]*`', lambda code: ' ' * len(code[0]), running)
        linked = {link.start(1) + at: link[2] for link in GLOSSARY_LINK.finditer(running) for at in range(len(link[1]))}
        for term in sorted(re.findall(r'^### (.*)$', self.read(path), re.M), key=len, reverse=True):
            words = r'(?<![\w-])' + r'\s+'.join(map(re.escape, term.split())) + r'(e?s)?(?![\w-])'
            first = re.search(words, running, re.I)
            anchor = term.replace(' ', '-')
            if first and linked.get(first.start()) != anchor:
                line = running.count('\n', 0, first.start()) + 1
                yield f'{name}:{line}: expected a link to glossary.md#{anchor} at the first use of "{term}"'
            # "rule" is not used where "rule model" is.
            running = re.sub(words, lambda used: re.sub('[a-z]', '.', used[0], flags=re.I), running, flags=re.I)

    def lines(self, name, text):
        for number, line in enumerate(text.split('\n')):
            table = line.startswith(('|', '<!--', '    '))
            if len(line) > LONGEST and not table:
                yield f'{name}:{number + 1}: a line of {len(line)}, expected at most {LONGEST}'

    def rows(self, name, text):
        """Lines of tables stand in the tree today."""
        for file, line, _ in ROW.findall(text):
            found = [os.path.join(self.source, file)] if '/' in file or file == 'configure.ac' else \
                [os.path.join(directory, file) for directory, _, files in os.walk(os.path.join(self.source, 'src')) if file in files]
            if len(found) != 1 or not os.path.exists(found[0]):
                yield f'{name}: expected one {file}, there are {len([at for at in found if os.path.exists(at)])}'
            elif not has_line(self.read(found[0]), line):
                yield f'{name}: {file} has no line with {line!r}'

    def brought(self, name, text):
        """... and the commit beside each added it."""
        for _, line, commit in ROW.findall(text):
            added = [shown[1:] for shown in self.git('show', '--format=', commit).stdout.split('\n') if shown[:1] == '+']
            if not has_line('\n'.join(added), line):
                yield f'{name}: {commit} adds no line with {line!r}'

    def commits(self, name, text):
        for commit, subject in CITED.findall(re.sub(r'\s+', ' ', prose(text))):
            said = self.git('log', '-1', '--format=%s', commit).stdout.strip()
            if said != subject:
                yield f'{name}: {commit} is {said or "no commit"!r}, expected {subject!r}'
        for line, block, marks in doc_blocks.blocks(name, text):
            if marks.commit:
                yield from self.excerpt(f'{name}:{line}', marks.commit, block)

    def excerpt(self, where, commit, block):
        """Files that a commit touched, and lines that it added or took away there."""
        shown = self.git('show', '--format=', commit)
        if shown.returncode:
            yield f'{where}: there is no commit {commit}'
            return
        parts = re.split(r'^diff --git a/.* b/(.*)$', shown.stdout, flags=re.M)
        files = {file: [' '.join(line.split()) for line in diff.split('\n')]
                 for file, diff in zip(parts[1::2], parts[2::2])}
        file = None
        for number, line in enumerate(block):
            if line.startswith(('+', '-')):
                if ' '.join(line.split()) not in files.get(file, ()):
                    yield f'{where}: {commit} has no line {line!r} in {file}'
            elif line.strip() not in ('', '...'):
                file = line.strip()
                if file not in files:
                    yield f'{where}: {commit} does not touch {file}'


def main():
    source, build, *documents = sys.argv[1:]
    names = Names(os.path.abspath(source), os.path.abspath(build))
    texts = {name: names.read(os.path.join(source, name)) for name in documents}
    for check, what in ((names.links, 'every link leads somewhere'),
                        (names.words, 'every target, subcommand and file that is named is there'),
                        (names.rows, 'every line of a table of lines stands where it says'),
                        (names.glossary, 'the first use of a term links to the glossary'),
                        (names.lines, 'no line is too long')):
        names.ok([wrong for name, text in texts.items() for wrong in check(name, text)], what)
    if names.has_history():
        cited = sum(len(CITED.findall(re.sub(r'\s+', ' ', text))) for text in texts.values())
        names.ok([wrong for name, text in texts.items() for wrong in names.commits(name, text)],
                 f'{cited} commits are what is cited of them')
        names.ok([wrong for name, text in texts.items() for wrong in names.brought(name, text)],
                 f'{sum(len(ROW.findall(text)) for text in texts.values())} lines came with the commits that are named')
    else:
        names.skip('commits that are cited: no git, or no whole checkout')
    print(f'1..{names.tests}')
    return 1 if names.failures else 0


if __name__ == '__main__':
    sys.exit(main())
