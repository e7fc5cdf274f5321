# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Programs of the tree, linked with the page library and one mutant in it.

Only what the mutant changes is compiled, with no debugging information: then a mutant that
the compiler makes the same code of has the same bytes, and is no mutant at all. Its objects
stand before the library's archive, so that their namesakes in there are not taken.
"""
import functools
import hashlib
import os
import pathlib
import re
import shutil
import subprocess

FLAVOURS = ("plain", "asan", "tsan", "msan")
INCLUDE = re.compile(r'^#include "(?:page/)?(\w+\.h)"', re.MULTILINE)

# The same code, without the lines and columns that UBSan's reports would have.
COMPARED_WITH = {"asan": ["-fsanitize-trap=undefined"]}


class BuildFailed(Exception):
    """What does not compile or link."""


def run(command, directory=None):
    done = subprocess.run([str(word) for word in command], cwd=directory, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    if done.returncode:
        raise BuildFailed(f"{command[0]}: {done.stdout.strip()}")


def find_clang(cc):
    """What prints syntax trees: @cc, or what stands beside another compiler."""
    for command in (cc, ["clang-19"], ["clang"]):
        if shutil.which(command[0]):
            said = subprocess.run([*command, "--version"], capture_output=True, text=True,
                                  check=False).stdout
            if "clang" in said:
                return command
    raise BuildFailed(f"expected clang to read sources with, there is only {' '.join(cc)}")


def users(directory, header):
    """Sources in @directory that include @header of src/page, by way of others too."""
    text = {p.name: p.read_text() for p in directory.glob("*.[ch]")}
    reached, new = {header}, {header}
    while new:
        new = {n for n, t in text.items() if new & set(INCLUDE.findall(t))} - reached
        reached |= new
    return sorted(name for name in reached if name.endswith(".c"))


class Tree:
    """The source, what make built of it and by which commands: tests/mutants/local.mk says it."""

    def __init__(self, environment):
        self.source = pathlib.Path(environment["MUTANTS_SOURCE"])
        self.build = pathlib.Path(environment["MUTANTS_BUILD"])
        self.kept = self.build / "tests" / "mutants" / "work"
        self.work = self.kept / f"run-{os.getpid()}"
        self.cc = environment["MUTANTS_CC"].split()
        self.clang = find_clang(self.cc)
        self.cflags = ["-D_GNU_SOURCE", *environment["MUTANTS_CFLAGS"].split(), "-w", "-g0"]
        self.libs = environment["MUTANTS_LIBS"].split()
        self.tests = environment["MUTANTS_TESTS"].split()
        self.stress_flags = environment.get("MUTANTS_STRESS", "").split()
        self.flags = {"plain": []}
        for flavour in FLAVOURS[1:]:
            if (self.build / f"libpage-{flavour}.a").exists():
                self.flags[flavour] = environment[f"MUTANTS_{flavour.upper()}"].split()
        self.linker = ["-fuse-ld=lld", "-Wl,--threads=1"] if shutil.which("ld.lld") else []

    def begin(self):
        """A directory that no other run has. What a run that was killed left behind goes."""
        self.kept.mkdir(parents=True, exist_ok=True)
        for path in self.kept.glob("run-*"):
            if not pathlib.Path(f"/proc/{path.name[4:]}").exists():
                shutil.rmtree(path, ignore_errors=True)
        self.work.mkdir()

    def end(self):
        shutil.rmtree(self.work, ignore_errors=True)

    @property
    def page(self):
        return self.source / "src" / "page"

    def compile_command(self, flavour):
        return [*self.cc, *self.cflags, *self.flags[flavour]]

    def commands(self):
        """What clang reads to show every function: the seam has some for one flavour alone."""
        base = [*self.clang, *self.cflags, "-Isrc"]
        for path in sorted(self.page.glob("*.[ch]")):
            yield [*base, "-xc", f"src/page/{path.name}"]
        for flavour in FLAVOURS[1:]:
            if flavour in self.flags:
                yield [*base, *self.flags[flavour], "-xc", "src/page/sync.h"]

    def _digest(self, *patterns):
        digest = hashlib.sha256(repr((self.cc, self.cflags, self.flags)).encode())
        for pattern in patterns:
            for path in sorted(self.source.glob(pattern)):
                digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()[:16]

    def has_source(self, path):
        """Objects of sources that are gone may lie about."""
        relative = path.relative_to(self.build / "obj").with_suffix(".c")
        return self.source.joinpath(*relative.parts[1:]).exists()

    @functools.cached_property
    def library_stamp(self):
        return self._digest("src/page/*.[ch]")

    @functools.cached_property
    def tests_stamp(self):
        return self._digest("src/harness/**/*.[cdh]*", "src/tool/**/*.[ch]", "tests/*.[ch]", "fuzz/*.[ch]",
                            "stress/*.[ch]", "corpus/r*/*.page", "corpus/seed/*/*.page",
                            "tests/mutants/trials.py")


class Program:
    """How a program is linked: the patterns of its objects, archives of its own and flags."""

    def __init__(self, name, flavour, objects, test="", archives=(), flags=()):
        self.name, self.flavour, self.objects, self.test = name, flavour, objects, test
        self.archives, self.flags = archives, flags

    def objects_of(self, tree):
        found = [path for pattern in self.objects for path in sorted(tree.build.glob(pattern))
                 if tree.has_source(path)]
        if not found:
            raise BuildFailed(f"{self.name}: expected its objects, there is no "
                              f"{', '.join(self.objects)} in {tree.build}: make "
                              "check-programs builds them")
        return found


class Builder:
    """A directory in which one mutant after the other is built."""

    def __init__(self, tree, directory):
        self.tree, self.directory = tree, directory
        shutil.rmtree(directory, ignore_errors=True)
        (directory / "src").mkdir(parents=True)
        shutil.copytree(tree.page, directory / "src" / "page",
                        ignore=lambda _, names: [n for n in names if n[-2:] not in (".c", ".h")])
        self.mutant = None
        self.objects = {}
        self.programs = {}

    def begin(self, mutant):
        """From here on everything is built with @mutant; None is the library as it is."""
        self.end()
        self.mutant = mutant
        if not mutant:
            return
        path = self.directory / "src" / "page" / mutant.file
        path.chmod(0o644)
        path.write_bytes(mutant.apply((self.tree.page / mutant.file).read_bytes()))

    def end(self):
        if self.mutant:
            shutil.copyfile(self.tree.page / self.mutant.file,
                            self.directory / "src" / "page" / self.mutant.file)
        for path in (*self.objects.values(), *self.programs.values()):
            pathlib.Path(path).unlink(missing_ok=True)
        self.mutant, self.objects, self.programs = None, {}, {}

    # ---- objects ----

    def sources(self, file):
        """What has to be compiled again when @file has changed."""
        return [file] if file.endswith(".c") else users(self.tree.page, file)

    def _compile(self, name, flavour, more=(), suffix=""):
        target = self.directory / f"{name[:-2]}-{flavour}{suffix}.o"
        run([*self.tree.compile_command(flavour), *more, "-Isrc", "-c", f"src/page/{name}", "-o",
             target], self.directory)
        return target

    def code(self, name, flavour):
        """The bytes of the object that is compared."""
        path = self._compile(name, flavour, COMPARED_WITH.get(flavour, ()), "-compared")
        code = path.read_bytes()
        path.unlink()
        return code

    def _object(self, name, flavour):
        if (name, flavour) not in self.objects:
            self.objects[name, flavour] = self._compile(name, flavour)
        return self.objects[name, flavour]

    def _test_object(self, program):
        """A test that includes the header that has changed."""
        key = program.test, program.flavour
        if key not in self.objects:
            target = self.directory / f"{program.name}.o"
            run([*self.tree.compile_command(program.flavour), f"-I{self.directory / 'src'}",
                 f"-I{self.tree.source / 'src'}", f"-I{self.tree.source}", "-c",
                 self.tree.source / "tests" / f"{program.test}.c", "-o", target])
            self.objects[key] = target
        return self.objects[key]

    def looks_inside(self, program):
        """Does a test's own object change with the mutant?"""
        return bool(program.test and self.mutant and self.mutant.file.endswith(".h") and
                    f"{program.test}.c" in self._tests_that_include(self.mutant.file))

    def _tests_that_include(self, header):
        reached = {header}
        for path in self.tree.page.glob("*.h"):
            if header in _closure(self.tree.page, path.name):
                reached.add(path.name)
        return [p.name for p in (self.tree.source / "tests").glob("*.c")
                if reached & set(INCLUDE.findall(p.read_text()))]

    # ---- programs ----

    def make(self, program):
        """The program's path."""
        if program.name in self.programs:
            return self.programs[program.name]
        flavour, tree = program.flavour, self.tree
        own = [self._test_object(program)] if self.looks_inside(program) else \
            program.objects_of(tree)
        changed = self.sources(self.mutant.file) if self.mutant else []
        target = self.directory / program.name
        run([*tree.cc, *tree.flags[flavour], *program.flags, *tree.linker, "-Wl,-S", *own,
             *(self._object(name, flavour) for name in changed),
             *(tree.build / name for name in program.archives),
             tree.build / f"libharness-{flavour}.a", tree.build / f"libpage-{flavour}.a",
             "-lpthread", *tree.libs, "-o", target])
        self.programs[program.name] = target
        return target


def _closure(directory, header):
    """Headers that @header includes."""
    reached, new = set(), {header}
    while new:
        reached |= new
        new = {n for h in new if (directory / h).exists()
               for n in INCLUDE.findall((directory / h).read_text())} - reached
    return reached


class Reference:
    """The code of the library as it is."""

    def __init__(self, tree):
        self.builder = Builder(tree, tree.work / "reference")
        self.known = {}

    def code(self, name, flavour):
        if (name, flavour) not in self.known:
            self.known[name, flavour] = self.builder.code(name, flavour)
        return self.known[name, flavour]

    def warm(self, names):
        """Before several threads ask."""
        for name in names:
            for flavour in self.builder.tree.flags:
                self.code(name, flavour)
