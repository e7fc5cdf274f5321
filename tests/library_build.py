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


def run_returning_status_and_output(command, **subprocess_options):
    """Return: the exit status and the output."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                          **subprocess_options)
    return done.returncode, done.stdout.strip()


def find_header_and_its_includers(directory, header):
    """Files in @directory that include @header, directly or through other headers, and @header."""
    text = {p.name: p.read_text() for p in directory.glob("*.[ch]")}
    reached, new = {header}, {header}
    while new:
        new = {name for name, t in text.items() if new & set(INCLUDE.findall(t))} - reached
        reached |= new
    return reached


class Tree:
    """The source directory, the build directory, and the commands of the build."""

    def __init__(self, environment, work_directory):
        """@environment is that of tests/bugs/local.mk; @work_directory: a directory below the build."""
        self.source = pathlib.Path(environment["LIBRARY_SOURCE"])
        self.build = pathlib.Path(environment["LIBRARY_BUILD"])
        self.work = self.build / work_directory
        self.page = self.source / "src" / "page"
        self.cc = environment["LIBRARY_CC"].split()
        self.cflags = ["-D_GNU_SOURCE", "-std=gnu11", "-fno-omit-frame-pointer",
                       *environment["LIBRARY_CFLAGS"].split(), "-g0"]
        self.libs = ["-lpthread", *environment["LIBRARY_LIBS"].split()]
        # LLD links in half of the time.
        self.linker = ["-fuse-ld=lld", "-Wl,--threads=1"] if self._has_lld() else []
        self.flags = {"plain": []}
        for flavour in FLAVOURS[1:]:
            self.flags[flavour] = environment.get(f"LIBRARY_{flavour.upper()}", "").split()
        for flavour in FLAVOURS:
            self.flags[f"fuzz-{flavour}"] = [*environment.get("LIBRARY_EDGE_COUNTERS", "").split(),
                                          *self.flags[flavour]]
        self.flavours = [flavour for flavour in FLAVOURS if flavour == "plain" or self.has_flavour(flavour)]
        self.hook_flags = {}
        self.plain_library_for = None  # a flavour whose programs have the library of `plain`

    def _has_lld(self):
        """Return: whether the compiler finds LLD, in the compiler's directory or in PATH."""
        path = run_returning_status_and_output([*self.cc, "-print-prog-name=ld.lld"])[1]
        return bool(shutil.which(path))

    def has_flavour(self, flavour):
        return (self.build / f"libpage-{flavour}.a").exists()

    def list_hook_flags(self, flavour):
        """The linker flags by which each function __wrap_NAME of the harness replaces NAME."""
        if flavour not in self.hook_flags:
            symbols = run_returning_status_and_output(["nm", self.build / f"libharness-{flavour}.a"])[1]
            self.hook_flags[flavour] = [f"-Wl,--wrap={name}" for name in re.findall(r" T __wrap_(\w+)", symbols)]
        return self.hook_flags[flavour]

    def find_library_flavour(self, program_flavour):
        """The flavour in which the library is compiled for programs of @program_flavour."""
        return "plain" if program_flavour == self.plain_library_for else program_flavour

    def find_built_objects(self, recipe):
        """The objects of @recipe in the build; ignore objects of removed sources."""
        found = [path for pattern in recipe.objects for path in sorted(self.build.glob(pattern))
                 if self._source_of_object_exists(path)]
        if not found:
            raise BuildFailed(f"{recipe.name}: expected its objects, there is no "
                              f"{', '.join(recipe.objects)} in {self.build}: "
                              "make check TESTS= builds them")
        return found

    def _source_of_object_exists(self, object_path):
        below_flavour = object_path.relative_to(self.build / "obj").parts[1:]
        return self.source.joinpath(*below_flavour).with_suffix(".c").exists()

    def _compute_flags_and_files_digest(self, *patterns):
        made_by = self.cc, self.cflags, self.flags, self.flavours, self.plain_library_for
        digest = hashlib.sha256(repr(made_by).encode())
        for pattern in patterns:
            for path in sorted(self.source.glob(pattern)):
                digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()[:16]

    @functools.cached_property
    def library_and_flags_digest(self):
        return self._compute_flags_and_files_digest("src/page/*.[ch]")

    @functools.cached_property
    def tests_digest(self):
        return self._compute_flags_and_files_digest("src/harness/**/*.[cdh]*", "src/tool/**/*.[ch]", "src/dev/**/*.[cdp]*",
                                             "tests/*.[ch]", "fuzz/*.[ch]", "stress/*.[ch]", "corpus/**/*.page",
                                             "tests/*_*.py", "tests/bugs/*.py", "tests/mutants/trials.py")


# ---- programs ----

class LinkRecipe:
    """How a program is linked: patterns of its objects, archives and flags.

    @test is the unit test whose source is compiled again when a header that it includes changes.
    @has_hooks: the program has the hooks of src/harness/detect/tsan_hooks.c, if its flavour has them.
    """

    def __init__(self, program_name, flavour, object_patterns, archives=(), flags=(), unit_test="", has_hooks=False):
        self.name, self.flavour, self.objects, self.test = program_name, flavour, object_patterns, unit_test
        self.archives, self.flags, self.has_hooks = list(archives), list(flags), has_hooks


def get_flavour_suffix(flavour):
    return "" if flavour == "plain" else "-" + flavour


def get_tool_link_recipe(flavour):
    """pagetorture in a flavour; pagetorture finds its other flavours by file name."""
    return LinkRecipe("pagetorture" + get_flavour_suffix(flavour), flavour, [f"obj/{flavour}/src/tool/main.o"],
                      [f"libpagetorture-{flavour}.a"], has_hooks=True)


def get_developers_tool_link_recipe(flavour):
    return LinkRecipe("pagetorture-dev" + get_flavour_suffix(flavour), flavour, [f"obj/{flavour}/src/dev/**/*.o"],
                      [f"libpagetorture-{flavour}.a"], has_hooks=True)


def get_stress_link_recipe(flavour):
    # In the flavour plain, pagetorture-stress replaces memcpy() and memset().
    flags = ["-Wl,--wrap=memcpy", "-Wl,--wrap=memset"] if flavour == "plain" else []
    sources = sorted((pathlib.Path(__file__).resolve().parent.parent / "stress").glob("*.c"))
    return LinkRecipe("pagetorture-stress" + get_flavour_suffix(flavour), flavour,
                      [f"obj/{flavour}/stress/{path.stem}.o" for path in sources],
                      [f"libpagetorture-{flavour}.a"], flags)


# The C library's functions that unit tests with hooks wrap (build-aux/flavours.mk).
WRAPPED_BY_UNIT_TEST = {"test_page_accesses": ("memcpy", "memset", "process_vm_readv", "process_vm_writev")}


def get_unit_test_link_recipe(name, flavour="plain"):
    """A unit test as a program of its own."""
    wrapped = WRAPPED_BY_UNIT_TEST.get(name, ())
    return LinkRecipe(name + get_flavour_suffix(flavour), flavour,
                      [f"obj/{flavour}/tests/{name}.o", f"obj/{flavour}/tests/unit_tests.o"],
                      flags=[f"-Wl,--wrap={function}" for function in wrapped], unit_test=name,
                      has_hooks=bool(wrapped))


def get_replayer_link_recipe(target, flavour):
    """A fuzz target without an engine."""
    parts = ("end_with_parent", "fuzz", "fuzz_commands", target, "api_call", "input", "main_replay")
    return LinkRecipe(f"{target}-replay{get_flavour_suffix(flavour)}", flavour,
                      [f"obj/{flavour}/fuzz/{part}.o" for part in parts], has_hooks=True)


def get_fuzz_target_link_recipe(name_and_flavour):
    """NAME in its usual flavour (targets.def), or NAME-plain, NAME-msan in another one."""
    target, _, other = name_and_flavour.partition("-")
    table = (pathlib.Path(__file__).resolve().parent.parent / "fuzz" / "targets.def").read_text()
    flavour = "fuzz-" + (other or re.search(rf'^TARGET\({target}, "(\w+)"', table, re.MULTILINE)[1])
    own = {"fuzz_api": "api_*", "fuzz_text": "mutator_text"}.get(target, "mutator")
    parts = ["end_with_parent", "fuzz", "fuzz_commands", target, own]
    return LinkRecipe(name_and_flavour, flavour, [f"obj/{flavour}/fuzz/{part}.o" for part in parts],
                      ["libmutate.a"], ["-fsanitize=fuzzer"], has_hooks=True)


# ---- building ----

class Builder:
    """A directory with a copy of the library's source, and programs built from it."""

    def __init__(self, tree, directory):
        self.tree, self.directory = tree, directory
        self.copy = directory / "src" / "page"
        self.reset_to_unchanged_library()

    def reset_to_unchanged_library(self):
        self.changed, self.built = [], set()
        shutil.rmtree(self.directory, ignore_errors=True)
        self.copy.mkdir(parents=True)
        for path in self.tree.page.glob("*.[ch]"):
            shutil.copyfile(path, self.copy / path.name)

    def write_changed_source(self, file_name, content):
        (self.copy / file_name).write_bytes(content)
        self.changed.append(file_name)

    def apply_patch(self, patch_path):
        status, output = run_returning_status_and_output(["patch", "-p2", "-F0", "-s", "-d", self.copy.parent, "-i", patch_path])
        if status:
            raise BuildFailed(f"{patch_path}: does not apply any more: {output}")
        self.changed = [p.name for p in self.copy.glob("*.[ch]")
                        if p.read_bytes() != (self.tree.page / p.name).read_bytes()]
        if not self.changed or list(self.copy.glob("*.orig")):
            raise BuildFailed(f"{patch_path}: expected to apply exactly, it does not")

    def list_sources_to_recompile(self):
        return sorted({name for file in self.changed for name in find_header_and_its_includers(self.copy, file)
                       if name.endswith(".c")})

    def compile_source(self, source, flavour, object_path, *extra_flags):
        """Compile @source, a path below the directory or an absolute one."""
        if object_path not in self.built:
            tree = self.tree
            status, output = run_returning_status_and_output([*tree.cc, *tree.cflags, *tree.flags[flavour], *extra_flags, "-Isrc",
                                                     f"-I{tree.source / 'src'}", f"-I{tree.source}", "-c", source,
                                                     "-o", object_path], cwd=self.directory)
            if status or output:
                without = "" if status else " without a warning"
                raise BuildFailed(f"{pathlib.Path(source).name} does not compile{without}: {output}")
            self.built.add(object_path)
        return object_path

    def unit_test_includes_changed_header(self, recipe):
        headers = {name for file in self.changed if file.endswith(".h")
                   for name in find_header_and_its_includers(self.tree.page, file)}
        if not recipe.test or not headers:
            return False
        text = (self.tree.source / "tests" / f"{recipe.test}.c").read_text()
        return bool(headers & set(INCLUDE.findall(text)))

    def _recompile_if_header_changed(self, recipe, object_path):
        """Return: @object_path, or a new object if a source of fuzz/ includes a changed header of the library."""
        below_flavour = pathlib.Path(*object_path.relative_to(self.tree.build / "obj").parts[1:])
        source = self.tree.source / below_flavour.with_suffix(".c")
        headers = {name for name in self.changed if name.endswith(".h")}
        if below_flavour.parts[0] != "fuzz" or not headers & set(INCLUDE.findall(source.read_text())):
            return object_path
        return self.compile_source(source, recipe.flavour, self.directory / f"{source.stem}-{recipe.flavour}.o")

    def _find_or_compile_program_objects(self, recipe):
        if not self.unit_test_includes_changed_header(recipe):
            return [self._recompile_if_header_changed(recipe, path) for path in self.tree.find_built_objects(recipe)]
        test = self.compile_source(self.tree.source / "tests" / f"{recipe.test}.c", recipe.flavour,
                                   self.directory / f"{recipe.name}.o")
        return [test, *self.tree.find_built_objects(recipe)[1:]]

    def build_program(self, recipe, *extra_flags):
        """Return: the program's path. @extra_flags: flags for compiler and linker."""
        mark = "-flags" if extra_flags else ""
        target = self.directory / (recipe.name + mark)
        if target not in self.built:
            library = self.tree.find_library_flavour(recipe.flavour)
            changed = [self.compile_source(f"src/page/{name}", library,
                                           self.directory / f"{name[:-2]}-{library}{mark}.o", *extra_flags)
                       for name in self.list_sources_to_recompile()]
            objects = [*self._find_or_compile_program_objects(recipe), *changed]
            self._link_program(recipe, objects, target, *extra_flags)
            self.built.add(target)
        return target

    def _link_program(self, recipe, objects, program_path, *extra_flags):
        """@objects come before the library."""
        tree = self.tree
        hook_flags = tree.list_hook_flags(recipe.flavour) if recipe.has_hooks and "tsan" in recipe.flavour else []
        status, output = run_returning_status_and_output([*tree.cc, *tree.flags[recipe.flavour], *recipe.flags, *extra_flags,
                                                 *hook_flags,
                                                 *tree.linker, "-Wl,-S", *objects,
                                                 *(tree.build / name for name in recipe.archives),
                                                 tree.build / f"libharness-{recipe.flavour}.a",
                                                 tree.build / f"libpage-{tree.find_library_flavour(recipe.flavour)}.a",
                                                 *tree.libs, "-o", program_path])
        if status:
            raise BuildFailed(f"{recipe.name} does not link: {output}")
