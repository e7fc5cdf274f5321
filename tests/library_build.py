# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Programs of the tree, linked with a changed page library. tests/bugs and tests/mutants use this.

Only changed sources are compiled. Their objects come before the library's archive on the linker's
command line, so the linker does not take the unchanged objects from the archive.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

EXIT_GOOD, EXIT_FAILED, EXIT_BAD = 0, 1, 2
FLAVOURS = ("plain", "asan", "tsan", "msan")
BACKENDS = ("direct", "alias")
INCLUDE = re.compile(r'^#include "(?:page/)?(\w+\.h)"', re.MULTILINE)


class BuildFailed(Exception):
    """A change that does not apply, or a program that does not compile or link."""


def run(command, **options):
    """Return: the exit status and the output."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                          **options)
    return done.returncode, done.stdout.strip()


def users(directory, header):
    """Files in @directory that include @header, directly or through other headers."""
    text = {p.name: p.read_text() for p in directory.glob("*.[ch]")}
    reached, new = {header}, {header}
    while new:
        new = {name for name, t in text.items() if new & set(INCLUDE.findall(t))} - reached
        reached |= new
    return reached


class Tree:
    """The source directory, the build directory, and the commands of the build."""

    def __init__(self, environment):
        self.source = pathlib.Path(environment["LIBRARY_SOURCE"])
        self.build = pathlib.Path(environment["LIBRARY_BUILD"])
        self.page = self.source / "src" / "page"
        self.cc = environment["LIBRARY_CC"].split()
        self.cflags = ["-D_GNU_SOURCE", "-std=gnu11", "-fno-omit-frame-pointer",
                       *environment["LIBRARY_CFLAGS"].split(), "-g0"]
        self.libs = ["-lpthread", *environment["LIBRARY_LIBS"].split()]
        self.linker = ["-fuse-ld=lld", "-Wl,--threads=1"] if shutil.which("ld.lld") else []
        self.flags = {"plain": []}
        for flavour in FLAVOURS[1:]:
            self.flags[flavour] = environment.get(f"LIBRARY_{flavour.upper()}", "").split()
        for flavour in FLAVOURS:
            self.flags[f"fuzz-{flavour}"] = ["-fsanitize=fuzzer-no-link", *self.flags[flavour]]
        self.flavours = [flavour for flavour in FLAVOURS if flavour == "plain" or self.has(flavour)]

    def has(self, flavour):
        return (self.build / f"libpage-{flavour}.a").exists()

    def library(self, flavour):
        """The flavour in which the library is compiled for programs of @flavour."""
        return flavour

    def objects_of(self, program):
        """The objects of @program in the build; ignore objects of removed sources."""
        found = [path for pattern in program.objects for path in sorted(self.build.glob(pattern))
                 if self._has_source(path)]
        if not found:
            raise BuildFailed(f"{program.name}: expected its objects, there is no "
                              f"{', '.join(program.objects)} in {self.build}: "
                              "make check TESTS= builds them")
        return found

    def _has_source(self, path):
        below_flavour = path.relative_to(self.build / "obj").parts[1:]
        return self.source.joinpath(*below_flavour).with_suffix(".c").exists()


# ---- programs ----

class Program:
    """How a program is linked: patterns of its objects, archives and flags.

    @test is the unit test whose source is compiled again when a header that it includes changes.
    """

    def __init__(self, name, flavour, objects, archives=(), flags=(), test=""):
        self.name, self.flavour, self.objects, self.test = name, flavour, objects, test
        self.archives, self.flags = list(archives), list(flags)


def suffix(flavour):
    return "" if flavour == "plain" else "-" + flavour


def tool(flavour):
    """pagetorture in a flavour. It finds its other flavours by file name."""
    return Program("pagetorture" + suffix(flavour), flavour, [f"obj/{flavour}/src/tool/main.o"],
                   [f"libpagetorture-{flavour}.a"])


def developers_tool(flavour):
    """pagetorture-dev in a flavour."""
    return Program("pagetorture-dev" + suffix(flavour), flavour, [f"obj/{flavour}/src/dev/**/*.o"],
                   [f"libpagetorture-{flavour}.a"])


def stress(name, flavour):
    # The plain programs select how memory is copied.
    flags = ["-Wl,--wrap=memcpy", "-Wl,--wrap=memset"] if flavour == "plain" else []
    return Program(name + suffix(flavour), flavour, [f"obj/{flavour}/stress/{name}.o"],
                   [f"libstress-{flavour}.a"], flags)


def unit_test(name, flavour="plain"):
    """A unit test as a program of its own."""
    return Program(name + suffix(flavour), flavour,
                   [f"obj/{flavour}/tests/{name}.o", f"obj/{flavour}/tests/unit_tests.o"], test=name)


# ---- building ----

class Builder:
    """A directory with a copy of the library's source, and objects and programs built from it."""

    def __init__(self, tree, directory):
        self.tree, self.directory = tree, directory

    def copy_library(self):
        copy = self.directory / "src" / "page"
        shutil.rmtree(copy.parent, ignore_errors=True)
        copy.mkdir(parents=True)
        for path in self.tree.page.glob("*.[ch]"):
            shutil.copyfile(path, copy / path.name)
            (copy / path.name).chmod(0o644)
        return copy

    def compile(self, source, flavour, target, *more):
        """Compile @source, a path below the directory or an absolute one. Return: the warnings."""
        status, output = run([*self.tree.cc, *self.tree.cflags, *self.tree.flags[flavour], *more, "-Isrc",
                              f"-I{self.tree.source / 'src'}", f"-I{self.tree.source}", "-c", source, "-o",
                              target], cwd=self.directory)
        if status:
            raise BuildFailed(f"{pathlib.Path(source).name} does not compile: {output}")
        return output

    def compile_test(self, program):
        target = self.directory / f"{program.name}.o"
        self.compile(self.tree.source / "tests" / f"{program.test}.c", program.flavour, target)
        return target

    def link(self, program, objects, target, *more):
        """@objects come before the library. @target appears when it is complete."""
        tree, new = self.tree, f"{target}.new"
        status, output = run([*tree.cc, *tree.flags[program.flavour], *program.flags, *more, *tree.linker,
                              "-Wl,-S", *objects, *(tree.build / name for name in program.archives),
                              tree.build / f"libharness-{program.flavour}.a",
                              tree.build / f"libpage-{tree.library(program.flavour)}.a", *tree.libs,
                              "-o", new])
        if status:
            raise BuildFailed(f"{program.name} does not link: {output}")
        os.replace(new, target)
        return target


# ---- a command line program ----

class Progress:
    """Report results: one line that is refreshed on a terminal, one line for each elsewhere."""

    def __init__(self, total):
        self.total, self.done = total, 0
        self.terminal = sys.stderr.isatty()

    def report(self, text):
        self.done += 1
        line = f"[{self.done}/{self.total}] {text}"
        if self.terminal:
            print(f"\r\x1b[K{line[:shutil.get_terminal_size().columns - 1]}", end="",
                  file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def end(self):
        if self.terminal and self.done:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _status_of(name, main, errors):
    try:
        return main(sys.argv[1:])
    except SystemExit as done:
        return done.code
    except KeyboardInterrupt:
        print("\nstopped; the next run resumes here", file=sys.stderr)
        return EXIT_FAILED
    except tuple(errors) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return next(status for kind, status in errors.items() if isinstance(error, kind))
    except OSError as error:
        if not error.filename:
            raise
        print(f"{name}: {error.filename}: {error.strerror}", file=sys.stderr)
        return EXIT_BAD


def exit_with(name, main, errors):
    """Run @main and exit with its status. @errors maps exceptions to statuses.

    A failure to write standard output is a failure of the program.
    """
    # An inherited "ignore" would make subprocess report status 0 for every child.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        status = _status_of(name, main, errors)
        sys.stdout.flush()
    except OSError as error:
        print(f"{name}: expected to write standard output: {error.strerror}", file=sys.stderr)
        # The interpreter must not write the rest again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = EXIT_BAD
    sys.exit(status)
