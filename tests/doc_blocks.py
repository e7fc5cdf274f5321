# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Find the blocks of a document that are indented by four spaces, and their commands."""

import re

# The beginning of a command; other blocks are page programs, diagrams or C.
COMMAND = re.compile(
    r'(\$ |(afl-[a-z]+|apt-get|autoreconf|cat|cc|cd|clang(-[0-9]+)?|cp|curl|diff|docker|echo|env|export|gcc'
    r'|git|grep|jq|ls|make|man|mkdir|mv|patch|pkg-config|printf|python3|rm|sed|sh|sudo|tar|timeout|wget|xz)( |$)|pagetorture [a-z-]|\.{0,2}/?[a-zA-Z0-9_.-]*/[a-zA-Z0-9_./-]+( |$)'
    r'|[A-Z_]+=[^ ]* +[a-z./]|for [a-z]+ in )')
HEREDOC = re.compile(r"<<-?'?([A-Z]+)'?")


class Refused(Exception):
    """A document that breaks the convention; the message has the line."""


class Command:
    def __init__(self, document, line, text):
        self.document, self.line, self.text = document, line, text
        self.shown = None  # lines of expected output
        self.marks = None

    def __str__(self):
        return f'{self.document}:{self.line}: {self.text.splitlines()[0].split("  #")[0].strip()}'


class Marks:
    """The settings in a comment above a block; see doc/hacking.md."""

    def __init__(self, where, text):
        self.long, self.text, self.starts, self.needs, self.swaps = None, False, None, [], []
        self.used = set()
        for word in filter(None, (part.strip() for part in text.split(';'))):
            self.read(where, word)

    def read(self, where, word):
        first, *rest = word.split()
        if ' => ' in word:
            self.swaps.append(tuple(part.strip() for part in word.split(' => ', 1)))
        elif first == 'long':
            self.long = rest
        elif first == 'starts' and rest and rest[0].isdigit():
            self.starts = rest
        elif first == 'needs' and rest:
            self.needs = rest
        elif first == 'text' and not rest:
            self.text = True
        else:
            raise Refused(f'{where}: expected long, starts N, needs TOOL, OLD => NEW or text '
                          f'above a block, not {word!r}')

    def is_long(self, command):
        """Is it too long for make check? Commands that build must not run inside of make."""
        if self.long is not None and (not self.long or any(w in command for w in self.long)):
            return True
        return bool(self.seconds(command) or re.search(r'\bmake( |$)|\./bootstrap\b', command))

    def seconds(self, command):
        """The seconds after which to stop a command that runs for hours, or 0."""
        if self.starts and (len(self.starts) == 1 or any(w in command for w in self.starts[1:])):
            return int(self.starts[0])
        return 0

    def swap(self, command):
        for old, new in self.swaps:
            replaced = re.sub(re.escape(old) + r'(?![\w-])', lambda _: new, command)
            if replaced != command:
                self.used.add(old)
            command = replaced
        return command


def blocks(document, text):
    """Return: (first line, lines, marks) of each block."""
    lines = text.split('\n')
    found, marks, number = [], None, 0
    while number < len(lines):
        line = lines[number]
        if line.startswith('```'):
            raise Refused(f'{document}:{number + 1}: expected a block indented by four spaces, not a fence')
        if line.startswith('    ') and (number == 0 or not lines[number - 1].strip()
                                        or lines[number - 1].startswith('<!--')):
            first = number
            while number < len(lines) and (lines[number].startswith('    ') or not lines[number].strip()):
                number += 1
            block = [text[4:].rstrip() for text in lines[first:number]]
            while block and not block[-1]:
                block.pop()
            found.append((first + 1, block, marks or Marks('', '')))
            marks = None
            continue
        if line.strip():
            comment = re.fullmatch(r'<!-- (.*) -->', line)
            follows = next((after for after in lines[number + 1:] if after.strip()), '')
            above = comment and follows.startswith('    ')
            marks = Marks(f'{document}:{number + 1}', comment[1]) if above else None
        number += 1
    return found


def whole(lines, start):
    """The lines of a command: it continues after a backslash, and to the end of a here-document."""
    taken = [lines[start]]
    end = HEREDOC.search(lines[start])
    while start + len(taken) < len(lines) and (taken[-1].endswith('\\') or end):
        taken.append(lines[start + len(taken)])
        if end and taken[-1] == end[1]:
            break
    return taken


def commands_of(document, first, block, marks):
    """The commands of a block. If one begins with `$ `, the other lines are their output."""
    session = any(line.startswith('$ ') for line in block)
    if marks.text:
        return []
    if not session and not COMMAND.match(block[0]):
        for number, line in enumerate(block):
            if COMMAND.match(line):
                raise Refused(f'{document}:{first + number}: expected no command in a block that does '
                              f'not begin with one: {line!r} would not be run')
        return []
    if session and not block[0].startswith('$ '):
        raise Refused(f'{document}:{first}: expected `$ ` in the first line of a block that has it elsewhere')
    found, number = [], 0
    while number < len(block):
        line = block[number]
        if session and not line.startswith('$ '):
            found[-1].shown = (found[-1].shown or []) + [line]
            number += 1
        elif not line or line.lstrip().startswith('#'):
            number += 1
        else:
            taken = whole(block, number)
            found.append(Command(document, first + number, '\n'.join(taken)[2 if session else 0:]))
            found[-1].marks = marks
            number += len(taken)
    for command in found:
        while command.shown and not command.shown[-1]:
            command.shown.pop()
    return found


def commands(document, text):
    found = []
    for first, block, marks in blocks(document, text):
        here = commands_of(document, first, block, marks)
        for command in here:
            command.swapped = marks.swap(command.text)
            command.starts = marks.seconds(command.text)
        stale = [old for old, _ in marks.swaps if old not in marks.used]
        if stale:
            raise Refused(f'{document}:{first}: expected {stale[0]!r} in the block, whose mark replaces it')
        found += here
    return found


def pattern(line):
    """A pattern for a line: `...` is any text, `~1` any number, white space any white space."""
    parts = re.split(r'(\.\.\.|~[0-9][0-9.,]*|\s+)', line.strip())
    said = {'...': '.*', '~': '[0-9][0-9.,]*'}
    return ''.join(said.get(p, said.get(p[:1]) if re.match('~[0-9]', p) else
                            r'\s+' if p and p.isspace() else re.escape(p)) for p in parts)


def agrees(shown, seen):
    """Does the output match the expected lines? A line `...` matches any lines."""
    reach = {0}
    for line in shown:
        if line.strip() == '...':
            reach = set(range(min(reach), len(seen) + 1)) if reach else set()
        else:
            wanted = re.compile(pattern(line))
            reach = {at + 1 for at in reach if at < len(seen) and wanted.fullmatch(seen[at].strip())}
    return len(seen) in reach
