# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Programs of the tree, linked with the page library and one seeded bug."""
import functools
import hashlib
import pathlib
import shutil
import sys
import threading

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
import library_build  # noqa: E402 (in the directory above)
from library_build import (BuildFailed, Program, developers_tool, run, stress,  # noqa: E402,F401
                           tool, unit_test)


class Tree(library_build.Tree):
    """tests/bugs/bank.in sets the environment."""

    def __init__(self, environment):
        super().__init__(environment)
        self.work = self.build / "tests" / "bugs" / "work"
        self.without = None
        self.coverage = environment["BANK_COVERAGE"].split()
        self.llvm_cov = environment["BANK_LLVM_COV"]
        self.llvm_profdata = environment["BANK_LLVM_PROFDATA"]

    @functools.cached_property
    def digest(self):
        """A hash of everything that programs are made of, except the patch."""
        made_by = self.cc, self.cflags, self.flags, self.without
        digest = hashlib.sha256(repr(made_by).encode())
        for pattern in ("src/page/*.[ch]", "tests/*.[ch]", "tests/*.py", "tests/bugs/*.py"):
            for path in sorted(self.source.glob(pattern)):
                digest.update(path.read_bytes())
        for pattern in ("lib*.a", "obj/*/src/tool/main.o", "obj/*/src/dev/**/*.o", "obj/*/fuzz/*.o",
                        "obj/*/stress/*.o"):
            for path in sorted(self.build.glob(pattern)):
                status = path.stat()
                digest.update(f"{path.name} {status.st_mtime_ns} {status.st_size}".encode())
        return digest.digest()

    def build_without(self, flavour):
        """Compile the library without the sanitizer of @flavour from now on."""
        self.without = flavour
        self.work = self.work / f"without-{flavour}"

    def library(self, flavour):
        return "plain" if flavour == self.without else flavour


def fuzz_target(name):
    """NAME in its usual flavour, or NAME-plain, NAME-msan in another one."""
    target, _, other = name.partition("-")
    flavour = other or ("tsan" if name == "fuzz_race" else "asan")
    own = {"fuzz_api": "api_*", "fuzz_text": "mutator_text"}.get(target, "mutator")
    parts = ["fuzz", "fuzz_commands", target, own]
    return Program(name, f"fuzz-{flavour}", [f"obj/fuzz-{flavour}/fuzz/{part}.o" for part in parts],
                   ["libmutate.a"], ["-fsanitize=fuzzer"])


class Builder(library_build.Builder):
    """Builds in one directory for each bug; without a patch, the unchanged library."""

    def __init__(self, tree, patch=None, name="clean"):
        super().__init__(tree, tree.work / name)
        self.patch, self.name = patch, name
        self.lock = threading.Lock()

    def digest(self):
        """A hash of everything that the programs are made of."""
        digest = hashlib.sha256(self.tree.digest)
        if self.patch:
            digest.update(self.patch.read_bytes())
        return digest.hexdigest()[:16]

    def _changed_sources(self):
        """Patch the copy of the library. Return: the names of the sources to compile."""
        copy = self.copy_library()
        if not self.patch:
            return []
        status, output = run(["patch", "-p2", "-F0", "-s", "-d", copy.parent, "-i", self.patch])
        if status:
            raise BuildFailed(f"{self.patch}: does not apply any more: {output}")
        changed = {p.name for p in copy.glob("*.[ch]")
                   if p.read_bytes() != (self.tree.page / p.name).read_bytes()}
        if not changed or list(copy.parent.glob("**/*.orig")):
            raise BuildFailed(f"{self.patch}: expected to apply exactly, it does not")
        return sorted({name for file in changed for name in library_build.users(copy, file)
                       if name.endswith(".c")})

    def _compile(self, name, flavour, counting):
        target = self.directory / flavour / (name[:-2] + ".o")
        target.parent.mkdir(exist_ok=True)
        warnings = self.compile(f"src/page/{name}", self.tree.library(flavour), target,
                                *(self.tree.coverage if counting else ()))
        if warnings:
            raise BuildFailed(f"{self.name}: {name} does not compile without a warning: {warnings}")
        return target

    def make(self, program, counting=False):
        """Return: the program's path. Build it if its inputs changed; @counting adds coverage."""
        with self.lock:
            return self._make(program, self.directory / (program.name + "-reach" * counting),
                              counting)

    def _make(self, program, target, counting):
        mark = target.with_name(target.name + ".digest")
        digest = self.digest()
        if target.exists() and mark.exists() and mark.read_text() == digest:
            return target
        self.directory.mkdir(parents=True, exist_ok=True)
        mark.unlink(missing_ok=True)
        changed = [self._compile(name, program.flavour, counting)
                   for name in self._changed_sources()]
        own = self.tree.objects_of(program)
        if program.test:
            own[0] = self.compile_test(program)
        self.link(program, own + changed, target, *(self.tree.coverage if counting else ()))
        mark.write_text(digest)
        return target
