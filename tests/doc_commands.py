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
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from tap import Tap  # noqa: E402

# A block of commands is indented by four spaces. A comment with directives may be on the line above the block.
BLOCK = re.compile(r'^(?:<!-- (?P<directives>.*) -->\n)?\n(?P<text> {4}.*\n(?:(?: {4}.*)?\n)*)', re.M)
# A command continues on the next line after a backslash, and may contain a here-document.
COMMAND = re.compile(r"(?:.*\\\n)*(?:.*<<-?'?(?P<end>[A-Z]+)'?.*\n(?:.*\n)*?(?P=end)$|.*)", re.M)
# In a line of expected output, `...` matches any text, `~` and a number match any number, and spaces match
# spaces and tabs.
OUTPUT_TOKEN = re.compile(r'(\.\.\.)|(~[0-9][0-9.,]*)|(\s+)|(.)')
OUTPUT_PATTERNS = ('.*', '[0-9][0-9.,]*', r'[ \t]+')
# `make check` sets these variables; a make that a document starts must not inherit them.
MAKE_VARIABLES = ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'VERBOSE', 'TESTS', 'MAKE_TERMERR', 'MAKE_TERMOUT')
COPIED = ('corpus', 'examples')
LEFT_OUT = ('build', '.git', 'autom4te.cache')
HOURS = '7200'
LONG_TIME = re.compile(r'--time[ =][0-9]+[mh]\b')


class Refused(Exception):
    """A document that breaks the convention; the message has the line."""


# ---- documents ----

class Directives:
    """What the comment above a block says: long, starts, needs, text, replacements."""

    def __init__(self, file_and_line, comment):
        self.place, self.words, self.replacements, self.replaced = file_and_line, {}, {}, set()
        for part in filter(None, map(str.strip, comment.split(';'))):
            name, *words = part.split()
            if ' => ' in part:
                old, new = part.split(' => ', 1)
                self.replacements[old.strip()] = new.strip()
            elif name in ('long', 'text') or name == 'needs' and words or \
                    name == 'starts' and words and words[0].isdigit():
                self.words[name] = words
            else:
                raise Refused(f'{file_and_line}: expected long, starts N, needs TOOL, OLD => NEW or text '
                              f'above a block, not {part!r}')

    def runs_only_with_long(self, command):
        """Return: whether make check leaves the command out, as it does with all commands that build."""
        words = self.words.get('long', [command])
        is_named = 'long' in self.words and (not words or any(word in command for word in words))
        return bool(is_named or self.find_seconds_until_stop(command) or
                    re.search(r'\bmake( |$)|\./bootstrap\b', command))

    def find_seconds_until_stop(self, command):
        """Return: the seconds after which to stop a command that runs for hours, or 0"""
        seconds, *words = self.words.get('starts', [0])
        return int(seconds) if not words or any(word in command for word in words) else 0

    def apply_replacements(self, command):
        for old, new in self.replacements.items():
            command, count = re.subn(re.escape(old) + r'(?![\w-])', lambda _, new=new: new, command)
            if count:
                self.replaced.add(old)
        return command

    def refuse_unused_replacements(self):
        for old in self.replacements.keys() - self.replaced:
            raise Refused(f'{self.place}: expected {old!r} in the block, whose mark replaces it')


class Command:
    def __init__(self, file_and_line, command_text, directives, expected_lines=()):
        self.place, self.text, self.expected_lines = file_and_line, command_text, expected_lines
        self.needed_tools = directives.words.get('needs', ())
        self.runs_only_with_long = directives.runs_only_with_long(command_text)
        self.time_limit = directives.find_seconds_until_stop(command_text)
        self.script = directives.apply_replacements(command_text)
        if LONG_TIME.search(self.script) and not self.runs_only_with_long:
            raise Refused(f'{file_and_line}: expected long or a replacement of the time above the block, as the '
                          f'command runs for minutes or hours')

    def __str__(self):
        return f'{self.place}: {self.text.splitlines()[0].split("  #")[0].strip()}'


def find_block_commands(block):
    """Yields (offset, command, expected lines). If a block begins with `$ `, it shows output."""
    if block.startswith('$ '):
        for part in re.finditer(r'^\$ (?:.*\n)(?:(?!\$ ).*\n)*', block, re.M):
            command = COMMAND.match(part[0], 2)
            yield part.start(), command[0], part[0][command.end():].split('\n')[1:-1]
    else:
        for command in COMMAND.finditer(block):
            if command[0] and not command[0].lstrip().startswith('#'):
                yield command.start(), command[0], ()


def read_document_commands(source, document):
    with open(os.path.join(source, document)) as file:
        text = f'\n{file.read()}\n'
    commands = []
    for fence in re.finditer('^```', text, re.M):
        raise Refused(f'{document}:{text.count(chr(10), 0, fence.start())}: '
                      f'expected a block indented by four spaces, not a fence')
    for block in BLOCK.finditer(text):
        first_line = text.count('\n', 0, block.start('text'))
        directives = Directives(f'{document}:{first_line}', block['directives'] or '')
        if 'text' in directives.words:
            continue
        lines = re.sub('^ {4}| +$', '', block['text'].rstrip('\n') + '\n', flags=re.M)
        for offset, command, expected_lines in find_block_commands(lines):
            place = f'{document}:{first_line + lines.count(chr(10), 0, offset)}'
            commands.append(Command(place, command, directives, expected_lines))
        directives.refuse_unused_replacements()
    return commands


# ---- output ----

def make_output_regex(expected_lines):
    """Return: a pattern for the whole output; a line `...` matches any lines"""
    return ''.join(r'(?:.*\n)*' if line.strip() == '...' else ''.join(
        OUTPUT_PATTERNS[token.lastindex - 1] if token.lastindex < 4 else re.escape(token[0])
        for token in OUTPUT_TOKEN.finditer(line.strip())) + r'\n' for line in expected_lines)


def check_command_result(tap, command, next_command, exit_status, output):
    # @next_command: the command after @command, or None; if it is `echo $?`, @command is expected to fail
    output = re.sub('\x1b\\[[0-9;]*m', '', output).rstrip('\n')
    printed = [line.strip() for line in output.split('\n')] if output.strip() else []
    if command.time_limit:
        tap.ok(exit_status in (124, 137), f'{command} (starts; ended after {command.time_limit} s)',
               [f'exit status {exit_status}, expected it to go on', *printed[-20:]])
    elif exit_status and not (next_command and next_command.text.split('#')[0].strip() == 'echo $?'):
        tap.ok(False, command, [f'exit status {exit_status}, which the document does not show', *printed[-40:]])
    else:
        expected = make_output_regex(command.expected_lines)
        tap.ok(not expected or re.fullmatch(expected, ''.join(line + '\n' for line in printed)), command,
               ['the document shows', *command.expected_lines, 'and this is printed', *printed])


# ---- running commands ----

def create_linked_tree(source, build, target_directory):
    """Create a directory with links to the source tree and the build directory."""
    os.makedirs(target_directory)
    for name in os.listdir(source):
        path = os.path.join(source, name)
        if name in LEFT_OUT or os.path.realpath(path) == os.path.realpath(build):
            continue
        if name in COPIED:
            shutil.copytree(path, os.path.join(target_directory, name), copy_function=shutil.copyfile)
        else:
            os.symlink(path, os.path.join(target_directory, name))
    for directory, _, _ in os.walk(target_directory):
        os.chmod(directory, 0o755)
    os.symlink(build, os.path.join(target_directory, 'build'))


def make_shell_script(commands, output_directory):
    """Return: a script of all commands, which writes the output and the status of each to files"""
    lines = ['pt_status=0']
    for number, command in enumerate(commands):
        text = command.script
        if command.time_limit:
            quoted = text.replace("'", "'\\''")
            text = f"timeout -k 60 -s INT {command.time_limit} sh -c '{quoted}'"
        lines.append(f'(exit $pt_status); {{\n{text}\n}} >{output_directory}/{number}.out 2>&1 </dev/null; '
                     f'pt_status=$?; echo $pt_status >{output_directory}/{number}.status')
    return '\n'.join(lines) + '\n'


def run_and_check_commands(tap, commands, working_directory, output_directory):
    output_directory.mkdir()
    (output_directory / 'script').write_text(make_shell_script(commands, output_directory))
    environment = {name: value for name, value in os.environ.items() if name not in MAKE_VARIABLES}
    environment.update(LC_ALL='C.UTF-8', TZ='UTC', NO_COLOR='1')
    shell = subprocess.Popen(['timeout', HOURS, 'sh', output_directory / 'script'], cwd=working_directory,
                             env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        messages = shell.communicate()[0].splitlines()
    finally:
        shell.terminate()  # timeout(1) passes the signal to all processes
        shell.wait()
    for number, command in enumerate(commands):
        status_file = output_directory / f'{number}.status'
        if status_file.exists():
            output = (output_directory / f'{number}.out').read_text(errors='replace')
            check_command_result(tap, *(commands + [None])[number:number + 2], int(status_file.read_text()), output)
        else:
            tap.ok(False, command, ['the shell ended before it', *messages])


def read_make_database(build):
    """Return: all rules and variables of the build's Makefile, also those that make computes"""
    return subprocess.run(['make', '-C', build, '-pnq', 'help'], capture_output=True, text=True).stdout


def makefile_has_target(makefile_text, target):
    return re.search(rf'^([a-z-]+ )*{target}(\$\(EXEEXT\))?( [a-z-]+)*:', makefile_text, re.M)


def list_missing_targets_and_programs(command, makefile, build):
    """The targets and programs that a command names and that do not exist."""
    for words in re.findall(r'\bmake -C build([^;&|#]*)', command.text):
        for word in re.sub(r"'[^']*'", '', words).split():
            if re.fullmatch(r'[a-z][a-z-]*', word) and not makefile_has_target(makefile, word):
                yield f'{command}: make has no target {word}'
    for name in re.findall(r'(?:^|[ ;&])build/([a-z_-]+)(?= |$)', command.text, re.M):
        if not makefile_has_target(makefile, name) and not os.path.exists(f'{build}/{name}'):
            yield f'{command}: there is no build/{name}'


def list_missing_tools(command, source, build):
    """The needed tools that are missing in the system, the build and the source tree."""
    return [tool for tool in command.needed_tools if not ('/' not in tool and shutil.which(tool)) and
            not os.path.exists(f'{build}/{tool}') and not os.path.exists(f'{source}/{tool}')]


def main():
    has_long = '--long' in sys.argv
    source, build, *names = [argument for argument in sys.argv[1:] if argument != '--long']
    source, build = os.path.abspath(source), os.path.abspath(build)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(99))
    tap, long_count, makefile = Tap(), 0, read_make_database(build)
    with tempfile.TemporaryDirectory() as scratch:
        for number, name in enumerate(names):
            try:
                commands = read_document_commands(source, name)
            except Refused as refused:
                tap.ok(False, f'{name} keeps the convention', [str(refused)])
                continue
            wrong = [missing for command in commands
                     for missing in list_missing_targets_and_programs(command, makefile, build)]
            tap.ok(not wrong, f'{name}: what its {len(commands)} commands name is there', wrong)
            chosen = []
            for command in commands:
                missing = ' '.join(list_missing_tools(command, source, build))
                if command.runs_only_with_long and not has_long:
                    long_count += 1
                elif missing:
                    tap.skip(f'{command}: no {missing}')
                else:
                    chosen.append(command)
            if chosen:
                place = pathlib.Path(scratch, str(number))
                create_linked_tree(source, build, place)
                run_and_check_commands(tap, chosen, place, place.with_suffix('.output'))
    if long_count:
        tap.skip(f'{long_count} commands take long: make check-doc runs them')
    return tap.done_testing()


if __name__ == '__main__':
    sys.exit(main())
