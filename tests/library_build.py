# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Build programs of the tree with a changed page library, for tests/bugs and tests/mutants.

Only changed sources are compiled. Their objects come before the library's archive on the linker's
command line, so the linker does not take the unchanged objects from the archive.
"""
import functools
import hashlib
import pathlib
import re
import shutil
import subprocess

FLAVOURS = ("plain", "asan", "tsan", "msan")
BACKENDS = ("direct", "alias")
INCLUDE = re.compile(r'^#include "(?:page/)?(\w+\.h)"', re.MULTILINE)


class BuildFailed(Exception):
    """A change that does not apply, or a program that does not compile or link."""


def run_command(command, **options):
    """Return: the exit status and the output."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                          **options)
    return done.returncode, done.stdout.strip()


def find_files_that_include(directory, header):
    """Files in @directory that include @header, directly or through other headers, and @header."""
    text = {p.name: p.read_text() for p in directory.glob("*.[ch]")}
    reached, new = {header}, {header}
    while new:
        new = {name for name, t in text.items() if new & set(INCLUDE.findall(t))} - reached
        reached |= new
    return reached


class Tree:
    """The source directory, the build directory, and the commands of the build."""

    def __init__(self, environment, work):
        """@environment is that of tests/bugs/local.mk; @work: a directory below the build."""
        self.source = pathlib.Path(environment["LIBRARY_SOURCE"])
        self.build = pathlib.Path(environment["LIBRARY_BUILD"])
        self.work = self.build / work
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
        self.flavours = [flavour for flavour in FLAVOURS if flavour == "plain" or self.has_flavour(flavour)]
        self.plain_library_for = None  # a flavour whose programs have the library of `plain`

    def has_flavour(self, flavour):
        return (self.build / f"libpage-{flavour}.a").exists()

    def find_library_flavour(self, flavour):
        """The flavour in which the library is compiled for programs of @flavour."""
        return "plain" if flavour == self.plain_library_for else flavour

    def find_objects(self, program):
        """The objects of @program in the build; ignore objects of removed sources."""
        found = [path for pattern in program.objects for path in sorted(self.build.glob(pattern))
                 if self._has_source_file(path)]
        if not found:
            raise BuildFailed(f"{program.name}: expected its objects, there is no "
                              f"{', '.join(program.objects)} in {self.build}: "
                              "make check TESTS= builds them")
        return found

    def _has_source_file(self, path):
        below_flavour = path.relative_to(self.build / "obj").parts[1:]
        return self.source.joinpath(*below_flavour).with_suffix(".c").exists()

    def _compute_digest(self, *patterns):
        made_by = self.cc, self.cflags, self.flags, self.flavours, self.plain_library_for
        digest = hashlib.sha256(repr(made_by).encode())
        for pattern in patterns:
            for path in sorted(self.source.glob(pattern)):
                digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()[:16]

    @functools.cached_property
    def library_digest(self):
        return self._compute_digest("src/page/*.[ch]")

    @functools.cached_property
    def tests_digest(self):
        return self._compute_digest("src/harness/**/*.[cdh]*", "src/tool/**/*.[ch]", "src/dev/**/*.[cdp]*",
                                    "tests/*.[ch]", "fuzz/*.[ch]", "stress/*.[ch]", "corpus/**/*.page",
                                    "tests/*_*.py", "tests/bugs/*.py", "tests/mutants/trials.py")


# ---- programs ----

class Program:
    """How a program is linked: patterns of its objects, archives and flags.

    @test is the unit test whose source is compiled again when a header that it includes changes.
    """

    def __init__(self, name, flavour, objects, archives=(), flags=(), test=""):
        self.name, self.flavour, self.objects, self.test = name, flavour, objects, test
        self.archives, self.flags = list(archives), list(flags)


def flavour_suffix(flavour):
    return "" if flavour == "plain" else "-" + flavour


def tool_program(flavour):
    """pagetorture in a flavour. It finds its other flavours by file name."""
    return Program("pagetorture" + flavour_suffix(flavour), flavour, [f"obj/{flavour}/src/tool/main.o"],
                   [f"libpagetorture-{flavour}.a"])


def developers_tool_program(flavour):
    """pagetorture-dev in a flavour."""
    return Program("pagetorture-dev" + flavour_suffix(flavour), flavour, [f"obj/{flavour}/src/dev/**/*.o"],
                   [f"libpagetorture-{flavour}.a"])


def stress_program(flavour):
    """pagetorture-stress in a flavour."""
    # The plain program selects how memory is copied.
    flags = ["-Wl,--wrap=memcpy", "-Wl,--wrap=memset"] if flavour == "plain" else []
    sources = sorted((pathlib.Path(__file__).resolve().parent.parent / "stress").glob("*.c"))
    return Program("pagetorture-stress" + flavour_suffix(flavour), flavour,
                   [f"obj/{flavour}/stress/{path.stem}.o" for path in sources],
                   [f"libpagetorture-{flavour}.a"], flags)


def unit_test_program(name, flavour="plain"):
    """A unit test as a program of its own."""
    return Program(name + flavour_suffix(flavour), flavour,
                   [f"obj/{flavour}/tests/{name}.o", f"obj/{flavour}/tests/unit_tests.o"], test=name)


def replayer_program(target, flavour):
    """A fuzz target without an engine."""
    parts = ("fuzz", "fuzz_commands", target, "api_call", "input", "main_replay")
    return Program(f"{target}-replay{flavour_suffix(flavour)}", flavour,
                   [f"obj/{flavour}/fuzz/{part}.o" for part in parts])


def fuzz_target_program(name):
    """NAME in its usual flavour, or NAME-plain, NAME-msan in another one."""
    target, _, other = name.partition("-")
    flavour = "fuzz-" + (other or ("tsan" if name == "fuzz_race" else "asan"))
    own = {"fuzz_api": "api_*", "fuzz_text": "mutator_text"}.get(target, "mutator")
    parts = ["fuzz", "fuzz_commands", target, own]
    return Program(name, flavour, [f"obj/{flavour}/fuzz/{part}.o" for part in parts],
                   ["libmutate.a"], ["-fsanitize=fuzzer"])


# ---- building ----

class Builder:
    """A directory with a copy of the library's source, and programs built from it."""

    def __init__(self, tree, directory):
        self.tree, self.directory = tree, directory
        self.copy = directory / "src" / "page"
        self.restore_library()

    def restore_library(self):
        """Begin again with the unchanged library."""
        self.changed, self.built = [], set()
        shutil.rmtree(self.directory, ignore_errors=True)
        self.copy.mkdir(parents=True)
        for path in self.tree.page.glob("*.[ch]"):
            shutil.copyfile(path, self.copy / path.name)

    def write_changed_source(self, name, content):
        (self.copy / name).write_bytes(content)
        self.changed.append(name)

    def apply_patch(self, patch):
        status, output = run_command(["patch", "-p2", "-F0", "-s", "-d", self.copy.parent, "-i", patch])
        if status:
            raise BuildFailed(f"{patch}: does not apply any more: {output}")
        self.changed = [p.name for p in self.copy.glob("*.[ch]")
                        if p.read_bytes() != (self.tree.page / p.name).read_bytes()]
        if not self.changed or list(self.copy.glob("*.orig")):
            raise BuildFailed(f"{patch}: expected to apply exactly, it does not")

    def list_changed_sources(self):
        """The sources to compile again."""
        return sorted({name for file in self.changed for name in find_files_that_include(self.copy, file)
                       if name.endswith(".c")})

    def compile_source(self, source, flavour, target, *more):
        """Compile @source, a path below the directory or an absolute one."""
        if target not in self.built:
            tree = self.tree
            status, output = run_command([*tree.cc, *tree.cflags, *tree.flags[flavour], *more, "-Isrc",
                                          f"-I{tree.source / 'src'}", f"-I{tree.source}", "-c", source,
                                          "-o", target], cwd=self.directory)
            if status or output:
                without = "" if status else " without a warning"
                raise BuildFailed(f"{pathlib.Path(source).name} does not compile{without}: {output}")
            self.built.add(target)
        return target

    def test_includes_change(self, program):
        """Does the source of the unit test include a changed header?"""
        headers = {name for file in self.changed if file.endswith(".h")
                   for name in find_files_that_include(self.tree.page, file)}
        if not program.test or not headers:
            return False
        text = (self.tree.source / "tests" / f"{program.test}.c").read_text()
        return bool(headers & set(INCLUDE.findall(text)))

    def _choose_objects(self, program):
        if not self.test_includes_change(program):
            return self.tree.find_objects(program)
        test = self.compile_source(self.tree.source / "tests" / f"{program.test}.c", program.flavour,
                                   self.directory / f"{program.name}.o")
        return [test, *self.tree.find_objects(program)[1:]]

    def build_program(self, program, *more):
        """Return: the program's path. @more: flags for compiler and linker."""
        mark = "-flags" if more else ""
        target = self.directory / (program.name + mark)
        if target not in self.built:
            library = self.tree.find_library_flavour(program.flavour)
            changed = [self.compile_source(f"src/page/{name}", library,
                                           self.directory / f"{name[:-2]}-{library}{mark}.o", *more)
                       for name in self.list_changed_sources()]
            self._link_program(program, [*self._choose_objects(program), *changed], target, *more)
            self.built.add(target)
        return target

    def _link_program(self, program, objects, target, *more):
        """@objects come before the library."""
        tree = self.tree
        status, output = run_command([*tree.cc, *tree.flags[program.flavour], *program.flags, *more,
                                      *tree.linker, "-Wl,-S", *objects,
                                      *(tree.build / name for name in program.archives),
                                      tree.build / f"libharness-{program.flavour}.a",
                                      tree.build / f"libpage-{tree.find_library_flavour(program.flavour)}.a",
                                      *tree.libs, "-o", target])
        if status:
            raise BuildFailed(f"{program.name} does not link: {output}")
