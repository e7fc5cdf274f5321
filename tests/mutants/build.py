# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Programs of the tree, linked with the page library and one mutant.

Code is compiled without debug information, so a mutant for which the compiler generates the same
code has the same bytes.
"""
import functools
import hashlib
import os
import pathlib
import shutil
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
import library_build  # noqa: E402 (in the directory above)
from library_build import INCLUDE, BuildFailed, users  # noqa: E402

# Flags for comparing code: without the lines and columns of UBSan's reports.
COMPARED_WITH = {"asan": ["-fsanitize-trap=undefined"]}


def find_clang(cc):
    """Return: @cc if it is clang, else another clang, which prints syntax trees."""
    for command in (cc, ["clang-19"], ["clang"]):
        if shutil.which(command[0]) and "clang" in library_build.run([*command, "--version"])[1]:
            return command
    raise BuildFailed(f"expected clang to read sources with, there is only {' '.join(cc)}")


class Tree(library_build.Tree):
    """tests/mutants/local.mk sets the environment."""

    def __init__(self, environment):
        super().__init__(environment)
        self.kept = self.build / "tests" / "mutants" / "work"
        self.work = self.kept / f"run-{os.getpid()}"
        self.clang = find_clang(self.cc)
        self.cflags.append("-w")
        self.tests = environment["MUTANTS_TESTS"].split()

    def begin(self):
        """Create the work directory of this run; remove those of killed runs."""
        self.kept.mkdir(parents=True, exist_ok=True)
        for path in self.kept.glob("run-*"):
            if not pathlib.Path(f"/proc/{path.name[4:]}").exists():
                shutil.rmtree(path, ignore_errors=True)
        self.work.mkdir()

    def end(self):
        shutil.rmtree(self.work, ignore_errors=True)

    def commands(self):
        """Commands by which clang reads every function: sync.h has some for one flavour only."""
        base = [*self.clang, *self.cflags, "-Isrc"]
        for path in sorted(self.page.glob("*.[ch]")):
            yield [*base, "-xc", f"src/page/{path.name}"]
        for flavour in self.flavours[1:]:
            yield [*base, *self.flags[flavour], "-xc", "src/page/sync.h"]

    def _digest(self, *patterns):
        digest = hashlib.sha256(repr((self.cc, self.cflags, self.flags, self.flavours)).encode())
        for pattern in patterns:
            for path in sorted(self.source.glob(pattern)):
                digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()[:16]

    @functools.cached_property
    def library_digest(self):
        return self._digest("src/page/*.[ch]")

    @functools.cached_property
    def tests_digest(self):
        return self._digest("src/harness/**/*.[cdh]*", "src/tool/**/*.[ch]", "src/dev/**/*.[ch]",
                            "tests/*.[ch]", "fuzz/*.[ch]", "stress/*.[ch]", "corpus/r*/*.page",
                            "corpus/seed/*/*.page", "tests/mutants/trials.py")


class Builder(library_build.Builder):
    """A directory in which mutants are built, one after the other."""

    def __init__(self, tree, directory):
        super().__init__(tree, directory)
        self.copy_library()
        self.mutant = None
        self.objects = {}
        self.programs = {}

    def begin(self, mutant):
        """Build everything with @mutant from now on; None is the unchanged library."""
        self.end()
        self.mutant = mutant
        if mutant:
            source = (self.tree.page / mutant.file).read_bytes()
            (self.directory / "src" / "page" / mutant.file).write_bytes(mutant.apply(source))

    def end(self):
        if self.mutant:
            shutil.copyfile(self.tree.page / self.mutant.file,
                            self.directory / "src" / "page" / self.mutant.file)
        for path in (*self.objects.values(), *self.programs.values()):
            pathlib.Path(path).unlink(missing_ok=True)
        self.mutant, self.objects, self.programs = None, {}, {}

    # ---- objects ----

    def sources(self, file):
        """The sources that must be compiled after a change of @file."""
        return sorted(name for name in users(self.tree.page, file) if name.endswith(".c"))

    def code(self, name, flavour):
        """The object code of a source, for comparison."""
        path = self.directory / f"{name[:-2]}-{flavour}-compared.o"
        self.compile(f"src/page/{name}", flavour, path, *COMPARED_WITH.get(flavour, ()))
        code = path.read_bytes()
        path.unlink()
        return code

    def _object(self, name, flavour):
        if (name, flavour) not in self.objects:
            target = self.directory / f"{name[:-2]}-{flavour}.o"
            self.compile(f"src/page/{name}", flavour, target)
            self.objects[name, flavour] = target
        return self.objects[name, flavour]

    def changes_test(self, program):
        """Does the mutant change a header that the unit test itself includes?"""
        if not program.test or not self.mutant or not self.mutant.file.endswith(".h"):
            return False
        text = (self.tree.source / "tests" / f"{program.test}.c").read_text()
        return bool(users(self.tree.page, self.mutant.file) & set(INCLUDE.findall(text)))

    def _own_objects(self, program):
        if not self.changes_test(program):
            return self.tree.objects_of(program)
        key = program.test, program.flavour
        if key not in self.objects:
            self.objects[key] = self.compile_test(program)
        return [self.objects[key], *self.tree.objects_of(program)[1:]]

    def make(self, program):
        """Return: the program's path."""
        if program.name not in self.programs:
            changed = self.sources(self.mutant.file) if self.mutant else []
            self.programs[program.name] = self.link(
                program, [*self._own_objects(program),
                          *(self._object(name, program.flavour) for name in changed)],
                self.directory / program.name)
        return self.programs[program.name]


class Reference:
    """The object code of the unchanged library."""

    def __init__(self, tree):
        self.builder = Builder(tree, tree.work / "reference")
        self.known = {}

    def code(self, name, flavour):
        if (name, flavour) not in self.known:
            self.known[name, flavour] = self.builder.code(name, flavour)
        return self.known[name, flavour]

    def compile_all(self, names):
        """Compile everything before several threads use it."""
        for name in names:
            for flavour in self.builder.tree.flavours:
                self.code(name, flavour)
