#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run every command of documents, and compare the output with the expected output.

  doc_commands.py [--long] SOURCE BUILD DOCUMENT...

Commands are in blocks that are indented by four spaces (doc/hacking.md). Each document is one shell
session. Its directory has links to the source tree, the link `build` to the build directory, and
copies of writable files. Commands that take long run only with --long; otherwise only the names in
them are checked. Prints TAP.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from tap import Tap  # noqa: E402

# The beginning of a command; other blocks are page programs, diagrams or C.
COMMAND = re.compile(
    r'(\$ |(afl-[a-z]+|apt-get|autoreconf|cat|cc|cd|clang(-[0-9]+)?|cp|curl|diff|docker|echo|env|export'
    r'|gcc|git|grep|jq|ls|make|man|mkdir|mv|patch|pkg-config|printf|python3|rm|sed|sh|sudo|tar|timeout'
    r'|wget|xz)( |$)|pagetorture [a-z-]|\.{0,2}/?[a-zA-Z0-9_.-]*/[a-zA-Z0-9_./-]+( |$)'
    r'|[A-Z_]+=[^ ]* +[a-z./]|for [a-z]+ in )')
# Variables by which make runs its tests: not those of the make of a document.
MAKE_VARIABLES = ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'VERBOSE', 'TESTS', 'MAKE_TERMERR', 'MAKE_TERMOUT')
HERE_DOCUMENT = re.compile(r"<<-?'?([A-Z]+)'?")
COPIED = ('corpus', 'examples')
LEFT_OUT = ('build', '.git', 'autom4te.cache')
HOURS = '7200'


class Refused(Exception):
    """A document that breaks the convention; the message has the line."""


# ---- documents ----

class Marks:
    """The settings in a comment above a block: long, starts, needs, text, replacements."""

    def __init__(self, place, text):
        self.place, self.long, self.starts, self.needs, self.text = place, None, None, [], None
        self.replacements, self.replaced = [], set()
        for part in filter(None, map(str.strip, text.split(';'))):
            name, *words = part.split()
            if ' => ' in part:
                self.replacements.append(tuple(map(str.strip, part.split(' => ', 1))))
            elif name in ('long', 'text') or name == 'needs' and words or \
                    name == 'starts' and words and words[0].isdigit():
                setattr(self, name, words)
            else:
                raise Refused(f'{place}: expected long, starts N, needs TOOL, OLD => NEW or text '
                              f'above a block, not {part!r}')

    @staticmethod
    def _has_words(words, command):
        """With words, a mark is for the commands that contain one of them."""
        return words is not None and (not words or any(word in command for word in words))

    def is_long(self, command):
        """Is it too long for make check? Commands that build must not run inside of make."""
        return bool(self._has_words(self.long, command) or self.find_time_limit(command) or
                    re.search(r'\bmake( |$)|\./bootstrap\b', command))

    def find_time_limit(self, command):
        """The seconds after which to stop a command that runs for hours, or 0."""
        return int(self.starts[0]) if self.starts and self._has_words(self.starts[1:], command) else 0

    def replace_parts(self, command):
        for old, new in self.replacements:
            command, count = re.subn(re.escape(old) + r'(?![\w-])', lambda _, new=new: new, command)
            if count:
                self.replaced.add(old)
        return command

    def check_replaced(self):
        for old in {old for old, _ in self.replacements} - self.replaced:
            raise Refused(f'{self.place}: expected {old!r} in the block, whose mark replaces it')


class Command:
    def __init__(self, place, text, marks):
        self.place, self.text, self.marks = place, text, marks
        self.shown = None  # lines of expected output
        self.is_long, self.time_limit = marks.is_long(text), marks.find_time_limit(text)
        self.script = marks.replace_parts(text)

    def __str__(self):
        return f'{self.place}: {self.text.splitlines()[0].split("  #")[0].strip()}'

    def is_echo_status(self):
        return self.text.split('#')[0].strip() == 'echo $?'


def find_blocks(document, lines):
    """Yields (number of the first line, lines, marks) of each block."""
    marks, number = None, 0
    while number < len(lines):
        line, before = lines[number], lines[number - 1].strip() if number else ''
        place = f'{document}:{number + 1}'
        if line.startswith('```'):
            raise Refused(f'{place}: expected a block indented by four spaces, not a fence')
        if line.startswith('    ') and (not before or before.startswith('<!--')):
            first = number
            while number < len(lines) and (lines[number].startswith('    ') or not lines[number].strip()):
                number += 1
            block = '\n'.join(text[4:].rstrip() for text in lines[first:number]).rstrip('\n').split('\n')
            yield first + 1, block, marks or Marks(place, '')
            marks = None
            continue
        if line.strip():
            comment = re.fullmatch(r'<!-- (.*) -->', line)
            below = next((text for text in lines[number + 1:] if text.strip()), '')
            marks = Marks(place, comment[1]) if comment and below.startswith('    ') else None
        number += 1


def join_command_lines(lines):
    """The first lines, which are one command: with backslashes, or with a here-document."""
    count, end = 1, HERE_DOCUMENT.search(lines[0])
    while count < len(lines) and (lines[count - 1].endswith('\\') or end):
        count += 1
        if end and lines[count - 1] == end[1]:
            break
    return lines[:count]


def read_block_commands(document, first, block, marks):
    """The commands of a block. If one begins with `$ `, the other lines are their output."""
    is_session = any(line.startswith('$ ') for line in block)
    if marks.text is not None:
        return []
    if not COMMAND.match(block[0]):
        for number, line in enumerate(block, first):
            if COMMAND.match(line):
                raise Refused(f'{document}:{number}: expected no command in a block that does not begin '
                              f'with one: {line!r} would not be run')
        return []
    found, number = [], 0
    while number < len(block):
        taken = block[number:number + 1]
        if is_session and not taken[0].startswith('$ '):
            if not found:
                raise Refused(f'{document}:{first}: expected `$ ` in the first line of a block that has it')
            found[-1].shown = (found[-1].shown or []) + taken
        elif taken[0] and not taken[0].lstrip().startswith('#'):
            taken = join_command_lines(block[number:])
            text = '\n'.join(taken).removeprefix('$ ' if is_session else '')
            found.append(Command(f'{document}:{first + number}', text, marks))
        number += len(taken)
    marks.check_replaced()
    return found


def read_commands(source, document):
    with open(os.path.join(source, document)) as file:
        return [command for block in find_blocks(document, file.read().split('\n'))
                for command in read_block_commands(document, *block)]


# ---- output ----

def make_line_pattern(line):
    """A pattern for a line: `...` is any text, `~1` any number, white space any white space."""
    patterns = (('...', '.*'), ('~', '[0-9][0-9.,]*'), (' ', r'\s+'), ('\t', r'\s+'))
    parts = re.split(r'(\.\.\.|~[0-9][0-9.,]*|\s+)', line.strip())
    return ''.join(next((pattern for start, pattern in patterns if number % 2 and part.startswith(start)),
                        re.escape(part)) for number, part in enumerate(parts))


def does_output_match(shown, printed):
    """Does the output match the expected lines? A line `...` matches any lines."""
    ends = {0}  # where the expected lines so far may end
    for line in shown:
        if line.strip() == '...':
            ends = set(range(min(ends), len(printed) + 1)) if ends else set()
        else:
            wanted = re.compile(make_line_pattern(line))
            ends = {end + 1 for end in ends
                    if end < len(printed) and wanted.fullmatch(printed[end].strip())}
    return len(printed) in ends


def check_command(tap, command, follower, status, output):
    printed = re.sub('\x1b\\[[0-9;]*m', '', output).rstrip('\n').split('\n') if output.strip() else []
    if command.time_limit:
        tap.ok(status in (124, 137), f'{command} (starts; ended after {command.time_limit} s)',
               [f'exit status {status}, expected it to go on', *printed[-20:]])
    elif status and not (follower and follower.is_echo_status()):
        tap.ok(False, command, [f'exit status {status}, which the document does not show', *printed[-40:]])
    else:
        tap.ok(not command.shown or does_output_match(command.shown, printed), command,
               ['the document shows', *(command.shown or ()), 'and this is printed', *printed])


# ---- running them ----

def make_tree(source, build, place):
    """Create a directory with links to the source tree and the build directory."""
    os.makedirs(place)
    for name in os.listdir(source):
        path = os.path.join(source, name)
        if name in LEFT_OUT or os.path.realpath(path) == os.path.realpath(build):
            continue
        if name in COPIED:
            shutil.copytree(path, os.path.join(place, name), copy_function=shutil.copyfile)
        else:
            os.symlink(path, os.path.join(place, name))
    for directory, _, _ in os.walk(place):
        os.chmod(directory, 0o755)
    os.symlink(build, os.path.join(place, 'build'))


def make_shell_script(commands, notes):
    """All commands; each writes its output and its status to files."""
    lines = ['pt_status=0']
    for number, command in enumerate(commands):
        text = command.script
        if command.time_limit:
            quoted = text.replace("'", "'\\''")
            text = f"timeout -k 60 -s INT {command.time_limit} sh -c '{quoted}'"
        lines.append(f'(exit $pt_status); {{\n{text}\n}} >{notes}/{number}.out 2>&1 </dev/null; '
                     f'pt_status=$?; echo $pt_status >{notes}/{number}.status; echo {number}')
    return '\n'.join(lines) + '\n'


def run_commands(tap, commands, place, notes):
    os.makedirs(notes)
    environment = {name: value for name, value in os.environ.items() if name not in MAKE_VARIABLES}
    environment.update(LC_ALL='C.UTF-8', TZ='UTC', NO_COLOR='1')
    with open(f'{notes}/script', 'w') as file:
        file.write(make_shell_script(commands, notes))
    shell = subprocess.Popen(['timeout', HOURS, 'sh', f'{notes}/script'], cwd=place, env=environment,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    done, messages = 0, []
    try:
        for line in shell.stdout:
            if line.strip() != str(done):
                messages.append(line.rstrip())
                continue
            with open(f'{notes}/{done}.status') as status, open(f'{notes}/{done}.out', errors='replace') as out:
                check_command(tap, *(commands + [None])[done:done + 2], int(status.read()), out.read())
            done += 1
    finally:
        shell.terminate()  # timeout(1) passes the signal to all processes
        shell.wait()
    for command in commands[done:]:
        tap.ok(False, command, ['the shell ended before it', *messages])


def has_target(makefile, name):
    return re.search(rf'^([a-z-]+ )*{name}(\$\(EXEEXT\))?( [a-z-]+)*:', makefile, re.M)


def list_missing_names(command, makefile, build):
    """The targets and programs that a command names and that do not exist."""
    for words in re.findall(r'\bmake -C build([^;&|#]*)', command.text):
        for word in re.sub(r"'[^']*'", '', words).split():
            if re.fullmatch(r'[a-z][a-z-]*', word) and not has_target(makefile, word):
                yield f'{command}: make has no target {word}'
    for name in re.findall(r'(?:^|[ ;&])build/([a-z_-]+)(?= |$)', command.text, re.M):
        if not has_target(makefile, name) and not os.path.exists(f'{build}/{name}'):
            yield f'{command}: there is no build/{name}'


def list_missing_tools(command, source, build):
    """The needed tools that are missing in the system, the build and the source tree."""
    return [tool for tool in command.marks.needs if not ('/' not in tool and shutil.which(tool)) and
            not os.path.exists(f'{build}/{tool}') and not os.path.exists(f'{source}/{tool}')]


def main():
    is_long = '--long' in sys.argv
    source, build, *names = [argument for argument in sys.argv[1:] if argument != '--long']
    source, build = os.path.abspath(source), os.path.abspath(build)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(99))
    tap, long_count = Tap(), 0
    # All rules and variables, also those that make computes.
    makefile = subprocess.run(['make', '-C', build, '-pnq', 'help'], capture_output=True, text=True).stdout
    with tempfile.TemporaryDirectory() as scratch:
        for number, name in enumerate(names):
            try:
                commands = read_commands(source, name)
            except Refused as refused:
                tap.ok(False, f'{name} keeps the convention', [str(refused)])
                continue
            wrong = [what for command in commands for what in list_missing_names(command, makefile, build)]
            tap.ok(not wrong, f'{name}: what its {len(commands)} commands name is there', wrong)
            chosen = []
            for command in commands:
                missing = ' '.join(list_missing_tools(command, source, build))
                if command.is_long and not is_long:
                    long_count += 1
                elif missing:
                    tap.skip(f'{command}: no {missing}')
                else:
                    chosen.append(command)
            if chosen:
                make_tree(source, build, f'{scratch}/{number}')
                run_commands(tap, chosen, f'{scratch}/{number}', f'{scratch}/{number}.notes')
    if long_count:
        tap.skip(f'{long_count} commands take long: make check-doc runs them')
    return tap.done_testing()


if __name__ == '__main__':
    sys.exit(main())
