# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A program of the tree, linked with the page library and one bug in it.

What changed is compiled, nothing else: objects of the patched sources stand before the
library's archive on the linker's command line, so that their namesakes in there are not
taken.
"""
import functools
import glob
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import threading

INCLUDE = re.compile(r'^#include "page/(\w+\.h)"', re.MULTILINE)


class BuildFailed(Exception):
    """A patch that does not apply, or a source that does not compile without warnings."""


class Tree:
    """The source, what make built of it, and by which commands: tests/bugs/bank.in says it."""

    def __init__(self, environment):
        self.source = pathlib.Path(environment["BANK_SOURCE"])
        self.build = pathlib.Path(environment["BANK_BUILD"])
        self.work = self.build / "tests" / "bugs" / "work"
        self.without = None
        self.cc = environment["BANK_CC"].split()
        self.cflags = environment["BANK_CFLAGS"].split()
        self.libs = ["-lpthread", *environment["BANK_LIBS"].split()]
        self.coverage = environment["BANK_COVERAGE"].split()
        self.llvm_cov = environment["BANK_LLVM_COV"]
        self.llvm_profdata = environment["BANK_LLVM_PROFDATA"]
        self.flags = {"plain": []}
        for flavour in ("asan", "tsan", "msan"):
            self.flags[flavour] = environment[f"BANK_{flavour.upper()}"].split()
        self.flags["fuzz-plain"] = ["-fsanitize=fuzzer-no-link"]
        self.flags["fuzz-asan"] = ["-fsanitize=fuzzer-no-link", *self.flags["asan"]]
        self.flags["fuzz-msan"] = ["-fsanitize=fuzzer-no-link", *self.flags["msan"]]
        self.flags["fuzz-tsan"] = ["-fsanitize=fuzzer-no-link", *self.flags["tsan"]]

    @functools.cached_property
    def stamp(self):
        """Changes when anything does that programs are made of, but for a patch."""
        made_by = self.cc, self.cflags, self.flags, self.without
        digest = hashlib.sha256(repr(made_by).encode())
        for pattern in ("src/page/*.[ch]", "tests/*.[ch]", "tests/bugs/*.py"):
            for path in sorted(self.source.glob(pattern)):
                digest.update(path.read_bytes())
        for pattern in ("lib*.a", "src/tool/*.o", "src/dev/**/*.o", "fuzz/*.o", "stress/*.o"):
            for path in sorted(self.build.glob(pattern)):
                status = path.stat()
                digest.update(f"{path.name} {status.st_mtime_ns} {status.st_size}".encode())
        return digest.digest()

    def leave_out(self, flavour):
        """From here on the library is not compiled for that flavour's detector."""
        self.without = flavour
        self.work = self.work / f"without-{flavour}"

    def library(self, flavour):
        return "plain" if flavour == self.without else flavour

    def has(self, flavour):
        return (self.build / f"libpage-{flavour}.a").exists()


class Program:
    """How a program is linked: its objects (patterns), archives and flags."""

    def __init__(self, name, flavour, objects, archives=(), flags=(), file=None):
        self.name, self.flavour, self.objects = name, flavour, objects
        self.archives, self.flags = archives, list(flags)
        self.file = file or name


def suffix(flavour, joint="-"):
    return "" if flavour == "plain" else joint + flavour


def tool(flavour):
    """pagetorture in a flavour; it finds its like by the name of its file."""
    main = f"pagetorture_{flavour}-main.o" if flavour in ("asan", "msan") else "main.o"
    return Program("pagetorture", flavour, [f"src/tool/{main}"],
                   [f"libpagetorture-{flavour}.a"], file="pagetorture" + suffix(flavour))


def developers_tool(flavour):
    """pagetorture-dev in a flavour."""
    name = "pagetorture-dev" + suffix(flavour)
    return Program(name, flavour, [f"src/dev/**/{name.replace('-', '_')}-*.o"],
                   [f"libpagetorture-{flavour}.a"])


def _patterns(directory, name, joint, files):
    """Automake leaves a directory's own name out of the names of objects in there."""
    return [f"{directory}/{own}{joint}{file}.o" for own in (name, name.removeprefix(f"{directory}_"))
            for file in files]


def stress(name, flavour):
    plain = flavour == "plain"
    objects = [f"stress/{name}.o"] if plain else _patterns("stress", name, f"_{flavour}-", [name])
    # A plain one chooses how memory is copied.
    flags = ["-Wl,--wrap=memcpy", "-Wl,--wrap=memset"] if plain else []
    return Program(name, flavour, objects, [f"libstress-{flavour}.a"], flags,
                   name + suffix(flavour))


def unit_test(name):
    return Program(name, "plain", [], file=name)


def fuzz_target(name):
    """NAME, or NAME-plain, NAME-msan: in another flavour than its usual one."""
    target, _, other = name.partition("-")
    flavour = other or ("tsan" if name == "fuzz_race" else "asan")
    return Program(name, f"fuzz-{flavour}",
                   _patterns("fuzz", target, f"_{other}-" if other else "-", "*"),
                   ["libmutate.a"], ["-fsanitize=fuzzer"])


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    return done.returncode, done.stdout


def _users(source, header):
    """Sources that include @header, by way of others too."""
    text = {p.name: p.read_text() for p in source.glob("*.[ch]")}
    reached, new = {header}, {header}
    while new:
        new = {name for name, t in text.items() if new & set(INCLUDE.findall(t))} - reached
        reached |= new
    return {name for name in reached if name.endswith(".c")}


class Builder:
    """Builds in a directory of its own for each bug; None is the library as it is."""

    def __init__(self, tree, patch=None, name="clean"):
        self.tree, self.patch, self.name = tree, patch, name
        self.directory = tree.work / name
        self.lock = threading.Lock()
        self.linker = ["-fuse-ld=lld"] if shutil.which("ld.lld") else []

    def stamp(self):
        """Changes when anything does that the programs are made of."""
        digest = hashlib.sha256(self.tree.stamp)
        if self.patch:
            digest.update(self.patch.read_bytes())
        return digest.hexdigest()[:16]

    def _source(self):
        """The patched copy of src/page, and the names of the sources to compile."""
        source, good = self.directory / "src", self.tree.source / "src" / "page"
        shutil.rmtree(source, ignore_errors=True)
        (source / "page").mkdir(parents=True)
        for path in good.glob("*.[ch]"):
            shutil.copyfile(path, source / "page" / path.name)
        if not self.patch:
            return source, set()
        status, output = run(["patch", "-p2", "-F0", "-s", "-d", source, "-i", self.patch])
        if status:
            raise BuildFailed(f"{self.patch}: does not apply any more: {output.strip()}")
        changed = {p.name for p in (source / "page").glob("*.[ch]")
                   if p.read_bytes() != (good / p.name).read_bytes()}
        if not changed or list(source.glob("**/*.orig")):
            raise BuildFailed(f"{self.patch}: expected to apply exactly, it does not")
        compiled = {name for name in changed if name.endswith(".c")}
        for name in changed - compiled:
            compiled |= _users(source / "page", name)
        return source, compiled

    def _compile(self, source, name, flavour, counting):
        target = self.directory / flavour / (name[:-2] + ".o")
        target.parent.mkdir(exist_ok=True)
        status, output = run([*self.tree.cc, "-D_GNU_SOURCE", "-std=gnu11",
                              "-fno-omit-frame-pointer", *self.tree.cflags, "-g0",
                              *self.tree.flags[self.tree.library(flavour)],
                              *(self.tree.coverage if counting else ()), f"-I{source}",
                              f"-I{self.tree.source / 'src'}", "-c", source / "page" / name,
                              "-o", target])
        if status or output.strip():
            raise BuildFailed(f"{self.name}: {name} does not compile without a word: "
                              f"{output.strip()}")
        return target

    def _objects(self, program):
        if not program.objects:
            return [self.tree.source / "tests" / f"{program.name}.c", f"-I{self.directory / 'src'}",
                    f"-I{self.tree.source / 'src'}", f"-I{self.tree.source}", "-D_GNU_SOURCE",
                    "-std=gnu11"]
        found = [path for pattern in program.objects
                 for path in sorted(glob.glob(str(self.tree.build / pattern), recursive=True))
                 if self._is_of_tree(path)]
        if not found:
            raise BuildFailed(f"{program.name}: expected its objects, there is no "
                              f"{', '.join(program.objects)} in {self.tree.build}")
        return found

    def _is_of_tree(self, path):
        """Objects of sources that are gone may lie about."""
        relative = pathlib.Path(path).relative_to(self.tree.build)
        name = relative.stem.split("-", 1)[-1] + ".c"
        return any((self.tree.source / directory / name).exists()
                   for directory in (relative.parent, "tests"))

    def _link(self, program, objects, target, counting):
        archives = [*program.archives, f"libharness-{program.flavour}.a",
                    f"libpage-{self.tree.library(program.flavour)}.a"]
        status, output = run([*self.tree.cc, *self.tree.flags[program.flavour], *program.flags,
                              *(self.tree.coverage if counting else ()), *self.linker, "-Wl,-S", *self._objects(program), *objects,
                              *(self.tree.build / a for a in archives), *self.tree.libs,
                              "-o", f"{target}.new"])
        if status:
            raise BuildFailed(f"{self.name}: {program.file} does not link: {output.strip()}")
        os.replace(f"{target}.new", target)
        return target

    def make(self, program, counting=False):
        """The program's path. What is there already, of the same things, is left alone."""
        with self.lock:
            return self._make(program, self.directory / (program.file + "-reach" * counting),
                              counting)

    def _make(self, program, target, counting):
        mark = target.with_name(target.name + ".stamp")
        stamp = self.stamp()
        if target.exists() and mark.exists() and mark.read_text() == stamp:
            return target
        self.directory.mkdir(parents=True, exist_ok=True)
        mark.unlink(missing_ok=True)
        source, compiled = self._source()
        objects = [self._compile(source, name, program.flavour, counting)
                   for name in sorted(compiled)]
        path = self._link(program, objects, target, counting)
        mark.write_text(stamp)
        return path
