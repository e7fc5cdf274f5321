#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run every command of documents, and compare the output with the expected output.

  doc_commands.py [--long] SOURCE BUILD DOCUMENT...

Each document is one shell session. Its directory has links to the source tree, the link `build` to the
build directory, and copies of writable files. Commands that take long (doc/hacking.md) run only with
--long; otherwise only the names in them are checked. Prints TAP.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import doc_blocks  # noqa: E402

COPIED = ('corpus', 'examples')
LEFT_OUT = ('build', '.git', 'autom4te.cache')
HOURS = '7200'


class Tap:
    def __init__(self):
        self.tests = self.failures = 0

    def ok(self, good, name, why=()):
        self.tests += 1
        self.failures += not good
        print(f'{"ok" if good else "not ok"} {self.tests} - {name}')
        for line in [] if good else list(why)[:60]:
            print(f'# {line}')
        sys.stdout.flush()

    def skip(self, what):
        self.tests += 1
        print(f'ok {self.tests} # SKIP {what}', flush=True)

    def done(self):
        print(f'1..{self.tests}')
        return 1 if self.failures else 0


def farm(source, build, place):
    """Create a directory with links to the source tree and the build directory."""
    os.makedirs(place)
    for name in os.listdir(source):
        at = os.path.join(source, name)
        if name in LEFT_OUT or os.path.realpath(at) == os.path.realpath(build):
            continue
        if name in COPIED:
            shutil.copytree(at, os.path.join(place, name), copy_function=shutil.copyfile)
        else:
            os.symlink(at, os.path.join(place, name))
    for directory, _, _ in os.walk(place):
        os.chmod(directory, 0o755)
    os.symlink(build, os.path.join(place, 'build'))


def script(commands, notes):
    """A shell script of all commands, which writes their output and status to files."""
    lines = ['pt_status=0']
    for number, command in enumerate(commands):
        text = command.swapped
        if command.starts:
            quoted = text.replace("'", "'\\''")
            text = f"timeout -k 60 -s INT {command.starts} sh -c '{quoted}'"
        lines.append(f'(exit $pt_status); {{\n{text}\n}} >{notes}/{number}.out 2>&1 </dev/null; '
                     f'pt_status=$?; echo $pt_status >{notes}/{number}.status; echo {number}')
    return '\n'.join(lines) + '\n'


def judge(tap, commands, number, notes):
    command = commands[number]
    with open(f'{notes}/{number}.out', errors='replace') as out:
        seen = re.sub('\x1b\\[[0-9;]*m', '', out.read()).rstrip('\n').split('\n')
    seen = [] if seen == [''] else seen
    with open(f'{notes}/{number}.status') as status:
        status = int(status.read())
    if command.starts:
        tap.ok(status in (124, 137), f'{command} (starts; ended after {command.starts} s)',
               [f'exit status {status}, expected it to go on', *seen[-20:]])
        return
    shown = number + 1 < len(commands) and commands[number + 1].text.split('#')[0].strip() == 'echo $?'
    if status and not shown:
        tap.ok(False, command, [f'exit status {status}, which the document does not show', *seen[-40:]])
    elif command.shown and not doc_blocks.agrees(command.shown, seen):
        tap.ok(False, command, ['the document shows', *command.shown, 'and this is printed', *seen])
    else:
        tap.ok(True, command)


def run(tap, commands, place, notes):
    os.makedirs(notes)
    environment = {name: value for name, value in os.environ.items()
                   if name not in ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'VERBOSE', 'TESTS', 'MAKE_TERMERR', 'MAKE_TERMOUT')}
    environment.update(LC_ALL='C.UTF-8', TZ='UTC', NO_COLOR='1')
    with open(f'{notes}/script', 'w') as file:
        file.write(script(commands, notes))
    shell = subprocess.Popen(['timeout', HOURS, 'sh', f'{notes}/script'], cwd=place, env=environment,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    done, said = 0, []
    try:
        for line in shell.stdout:
            if line.strip() == str(done):
                judge(tap, commands, done, notes)
                done += 1
            else:
                said.append(line.rstrip())
    finally:
        shell.terminate()  # timeout(1) passes the signal to all processes
        shell.wait()
    for command in commands[done:]:
        tap.ok(False, command, ['the shell ended before it', *said])


def lacks(command, makefile, build):
    """The missing targets and programs that a command names."""
    for words in re.findall(r'\bmake -C build([^;&|#]*)', command.text):
        for word in re.sub(r"'[^']*'", '', words).split():
            if re.fullmatch(r'[a-z][a-z-]*', word) and not re.search(rf'^([a-z-]+ )*{word}(\$\(EXEEXT\))?( [a-z-]+)*:', makefile, re.M):
                yield f'make has no target {word}'
    for name in re.findall(r'(?:^|[ ;&])build/([a-z_-]+)(?= |$)', command.text, re.M):
        if not re.search(rf'^{name}(\$\(EXEEXT\))?:', makefile, re.M) and not os.path.exists(f'{build}/{name}'):
            yield f'there is no build/{name}'


def documents(tap, source, names):
    for name in names:
        try:
            with open(os.path.join(source, name)) as file:
                yield name, doc_blocks.commands(name, file.read())
        except doc_blocks.Refused as refused:
            tap.ok(False, f'{name} keeps the convention', [str(refused)])


def missing_tools(command, source, build):
    """The needed tools that are missing in the system, the build and the source tree."""
    return [tool for tool in command.marks.needs if not ('/' not in tool and shutil.which(tool)) and
            not os.path.exists(f'{build}/{tool}') and not os.path.exists(f'{source}/{tool}')]


def main():
    arguments = sys.argv[1:]
    long = '--long' in arguments
    source, build, *names = [argument for argument in arguments if argument != '--long']
    source, build = os.path.abspath(source), os.path.abspath(build)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(99))
    tap, later = Tap(), 0
    # All rules and variables, those that make computes too.
    made = subprocess.run(['make', '-C', build, '-pnq', 'help'], capture_output=True, text=True).stdout
    with tempfile.TemporaryDirectory() as scratch:
        for count, (name, commands) in enumerate(documents(tap, source, names)):
            wrong = [f'{command}: {what}' for command in commands for what in lacks(command, made, build)]
            tap.ok(not wrong, f'{name}: what its {len(commands)} commands name is there', wrong)
            chosen = [command for command in commands if long or not command.marks.is_long(command.text)]
            later += len(commands) - len(chosen)
            for command in [command for command in chosen if missing_tools(command, source, build)]:
                tap.skip(f'{command}: no {" ".join(missing_tools(command, source, build))}')
                chosen.remove(command)
            if chosen:
                farm(source, build, f'{scratch}/{count}')
                run(tap, chosen, f'{scratch}/{count}', f'{scratch}/{count}.notes')
    if later:
        tap.skip(f'{later} commands take long: make check-doc runs them')
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
