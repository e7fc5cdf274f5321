#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Check that the files that build.sh put into $OUT are what a fuzzing service needs.

This script makes the checks of OSS-Fuzz for every target. It also checks that the sanitizer, and no other
one, instruments the library and not only the harness; that the library counts coverage; and that seeds fit,
run and reach the library. Move $OUT first, so that a target that needs files at the old place fails.
"""
import argparse
import configparser
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import zipfile

TREE = pathlib.Path(__file__).absolute().parents[2]

# For each sanitizer: the mark of instrumented functions, and a symbol of its runtime. A mark is a symbol to
# which instrumented code refers, or the section of counters that have no symbols.
SANITIZERS = {
    "address": (r"<__asan_(report_)?(load|store)", "__asan_init"),
    "coverage": ("section __llvm_prf_cnts", "__llvm_profile_runtime"),
    "memory": (r"<__msan_(maybe_)?warning", "__msan_init"),
    "thread": (r"<__tsan_(func_entry|read|write|unaligned)", "__tsan_init"),
    "undefined": (r"<__ubsan_handle_", "__ubsan_handle_add_overflow"),
}
# The runtimes of these sanitizers contain UBSan's runtime, so its symbol does not show that UBSan is used.
CONTAIN_UBSAN = {"address", "coverage", "memory", "thread"}

# For each engine: the mark of functions that count coverage for the engine.
ENGINES = {"afl": r"<__afl_area_ptr", "libfuzzer": "section __sancov_cntrs"}

# For each sanitizer: its runtime, the least number of call instructions to the runtime in a build for the
# sanitizer, and the greatest number in other builds. OSS-Fuzz's bad_build_check requires these numbers.
# bad_build_check ignores builds for ThreadSanitizer and for coverage; this script checks them too.
CALLS = {"address": ("asan", 1000, 0), "dataflow": ("dfsan", 100, 0),
         "memory": ("msan", 1000, 3), "undefined": ("ubsan", 168, 200)}
# The least number of edges that OSS-Fuzz requires.
EDGES_LEAST = 100

# Pairs of a sanitizer and a target that is not built with this sanitizer (build.sh has the reason).
LEFT_OUT = {("memory", "fuzz_race")} | {(name, "fuzz_explore") for name in SANITIZERS if name != "thread"}

# Shared libraries that every machine of a fuzzing service has.
SYSTEM_LIBRARIES = re.compile(
    r"(ld-linux-x86-64|lib(c|dl|gcc_s|m|pthread|resolv|rt|stdc\+\+))\.so\.\d+$")

# For each target: a function that the seeds must reach, and the place of this function.
REACHES = {
    "fuzz_api": "page_buffer_alloc src/page/",
    "fuzz_explore": "page_free src/page/",
    "fuzz_fatal": "page_free src/page/",
    "fuzz_fault": "page_copy_from_user_slice src/page/",
    "fuzz_page": "page_read_raw src/page/",
    "fuzz_race": "page_write_raw src/page/",
    "fuzz_text": "program_from_text src/harness/",
}


class BadTarget(Exception):
    """A defect of a target or of $OUT, described in one line."""


def require_or_raise(is_good, problem):
    if not is_good:
        raise BadTarget(problem)


def run_and_read_output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, errors="replace").stdout


def join_last_lines(text):
    return " | ".join(text.strip().splitlines()[-3:])[-400:]


def find_llvm_tool(name):
    """Return: the path of LLVM's tool NAME-19, or of NAME, or None"""
    return next(filter(None, map(shutil.which, [name + "-19", name])), None)


class Binary:
    """The symbols, the sections and the code of a target."""

    def __init__(self, binary_path):
        self.path = binary_path
        fields = (line.split() for line in run_and_read_output("nm", binary_path).splitlines())
        self.symbols = {words[2]: int(words[0], 16) for words in fields if len(words) == 3}
        self.dynamic_section = run_and_read_output("readelf", "-dW", binary_path)

    def find_section_addresses(self, name):
        found = re.search(rf"\] {name} +\w+ +([0-9a-f]+) +[0-9a-f]+ +([0-9a-f]+)",
                          run_and_read_output("readelf", "-SW", self.path))
        start, size = (int(word, 16) for word in found.groups()) if found else (0, 0)
        return range(start, start + size)

    def count_calls_by_sanitizer(self):
        """Return: {runtime: how many call instructions there are to its functions}

        Names are demangled, as OSS-Fuzz does it: the runtimes' own functions count, too.
        """
        text = subprocess.run(["objdump", "-dC", "--no-show-raw-insn", self.path], check=True,
                              capture_output=True).stdout
        found = re.findall(rb"\s(?:callq?|bl)\s+[0-9a-f]+\s+<__([a-z]+san)", text)
        return {runtime: found.count(runtime.encode()) for runtime, _, _ in CALLS.values()}

    def disassemble_functions(self, names):
        """Return: {name: disassembled code}, for the functions that the binary has"""
        places = [self.symbols[name] for name in names if name in self.symbols]
        if not places:
            return {}
        end = min((place for place in self.symbols.values() if place > max(places)), default=0)
        text = run_and_read_output("objdump", "-d", "--no-show-raw-insn", f"--start-address={min(places):#x}",
                           f"--stop-address={end:#x}", self.path)
        bodies = dict(re.findall(r"^[0-9a-f]+ <([^>]+)>:\n((?:.+\n)*)", text, re.M))
        return {name: bodies.get(name, "") for name in names if name in self.symbols}

    def find_functions_with_mark(self, code, mark):
        """Return: the names of the functions in @code that have the mark (SANITIZERS, ENGINES)"""
        if not mark.startswith("section "):
            return [name for name, body in code.items() if re.search(mark, body)]
        counters = self.find_section_addresses(mark.split()[1])
        return [name for name, body in code.items()
                if any(int(place, 16) in counters for place in re.findall(r"# ([0-9a-f]+) <", body))]


class Out:
    """The directory $OUT, which was moved after the build."""

    def __init__(self, out_directory, engine, sanitizer):
        self.directory, self.engine, self.sanitizer = out_directory, engine, sanitizer
        names = re.findall(r"^TARGET\((\w+),", (TREE / "fuzz/targets.def").read_text(), re.M)
        self.targets = [name for name in names if (sanitizer, name) not in LEFT_OUT]
        self.library_functions = (TREE / "src/page/libpage.sym").read_text().split()
        self.seed_count = 0
        self.skipped_checks = set()

    def check_file_names(self):
        """$OUT has each target with its dictionary, options and seeds, and no other file."""
        require_or_raise(self.targets, "no target in targets.def")
        expected = {name + suffix for name in self.targets
                    for suffix in ("", ".dict", ".options", "_seed_corpus.zip")}
        there = set(os.listdir(self.directory))
        require_or_raise(not expected - there, "missing: " + " ".join(sorted(expected - there)))
        require_or_raise(not there - expected, "stray: " + " ".join(sorted(there - expected)))
        for name in there:
            mode = os.lstat(self.directory / name).st_mode
            require_or_raise(stat.S_ISREG(mode), f"{name}: not a plain file")
            require_or_raise(bool(mode & 0o100) == (name in self.targets), f"{name}: wrong x permission")


class Target:
    """A target in $OUT, its files, and a scratch directory in which it runs."""

    def __init__(self, out, target_name, scratch_directory):
        self.out, self.name, self.scratch_directory = out, target_name, pathlib.Path(scratch_directory)
        self.path = out.directory / target_name
        self.dictionary = out.directory / f"{target_name}.dict"
        self.binary = Binary(self.path)
        self.options = self.read_libfuzzer_options()
        self.library_code = self.binary.disassemble_functions(out.library_functions)
        self.seeds = []

    def run_in_scratch(self, *command, environment=None):
        """Run in the scratch directory, with the environment of the service. Return: exit status, output"""
        settings = {"PATH": os.environ["PATH"], "HOME": self.scratch_directory,
                    "TMPDIR": self.scratch_directory,
                    "UBSAN_OPTIONS": "silence_unsigned_overflow=1:print_stacktrace=1"}
        done = subprocess.run(command, cwd=self.scratch_directory, env=settings | (environment or {}),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=300, check=False)
        return done.returncode, done.stdout

    # ---- files ----

    def read_libfuzzer_options(self):
        """Return: the options of libFuzzer. check_start_dictionary_and_edges() checks that libFuzzer knows them."""
        options = configparser.ConfigParser()
        try:
            options.read(f"{self.path}.options", encoding="ascii")
        except (configparser.Error, UnicodeError) as error:
            raise BadTarget("options: " + str(error).replace("\n", " ")) from error
        require_or_raise(options.sections() == ["libfuzzer"] and "max_len" in options["libfuzzer"], "options: no max_len")
        return dict(options["libfuzzer"])

    def check_and_unpack_seeds(self):
        try:
            with zipfile.ZipFile(f"{self.path}_seed_corpus.zip") as archive:
                require_or_raise(archive.testzip() is None, "seeds: damaged")
                self.seeds = archive.namelist()
                require_or_raise(self.seeds, "seeds: none")
                for name in self.seeds:
                    require_or_raise(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name), f"seeds: bad name {name}")
                    size = archive.getinfo(name).file_size
                    require_or_raise(0 < size <= int(self.options["max_len"]),
                            f"seeds: {name} has {size} bytes, more than max_len, or none")
                archive.extractall(self.scratch_directory / "seeds")
        except zipfile.BadZipFile as error:
            raise BadTarget(f"seeds: {error}") from error

    # ---- the binary ----

    def check_linked_libraries(self):
        """Check that the target contains the library, and needs only shared libraries of the system."""
        require_or_raise("LLVMFuzzerTestOneInput" in self.binary.symbols, "has no LLVMFuzzerTestOneInput")
        require_or_raise(2 * len(self.library_code) > len(self.out.library_functions), "has not the library in it")
        require_or_raise(not re.search(r"\((RPATH|RUNPATH)\)", self.binary.dynamic_section),
                "looks for libraries of its own")
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", self.binary.dynamic_section):
            require_or_raise(SYSTEM_LIBRARIES.match(name), f"needs {name}")

    def check_sanitizer_and_no_other(self):
        """Check that only the selected sanitizer instruments the code; `thread` must not instrument the harness."""
        sanitizer, count = self.out.sanitizer, len(self.library_code)
        harness_code = self.binary.disassemble_functions(["LLVMFuzzerTestOneInput"])
        for name, (mark, first_symbol) in SANITIZERS.items():
            marked = self.binary.find_functions_with_mark(self.library_code, mark)
            marked_harness = self.binary.find_functions_with_mark(harness_code, mark)
            if name == sanitizer:
                require_or_raise(first_symbol in self.binary.symbols, f"{name}: no runtime")
                require_or_raise(2 * len(marked) > count,
                        f"{name}: watches {len(marked)} of the library's {count} functions")
                require_or_raise(name != "thread" or not marked_harness, "thread: watches the harness")
                continue
            is_contained = name == "undefined" and sanitizer in CONTAIN_UBSAN
            require_or_raise(is_contained or first_symbol not in self.binary.symbols, f"{name}: its runtime too")
            also = [*marked, *marked_harness]
            require_or_raise(not also, f"{name}: watches too, for one {' '.join(also[:1])}")

    def check_sanitizer_call_counts(self):
        """Check the number of calls to each runtime, by which OSS-Fuzz recognises the sanitizer."""
        calls = self.binary.count_calls_by_sanitizer()
        print(f"{self.name}: calls: {', '.join(f'{count} {name}' for name, count in calls.items())}")
        # OSS-Fuzz makes the same exception: the driver of another engine may call the runtime of UBSan.
        if self.out.sanitizer == "undefined" and self.out.engine != "libfuzzer":
            return
        for name, (runtime, least, most) in CALLS.items():
            what = f"{name}: {calls[runtime]} calls to __{runtime}, expected"
            if name == self.out.sanitizer:
                require_or_raise(calls[runtime] >= least, f"{what} {least} or more")
            else:
                require_or_raise(calls[runtime] <= most, f"{what} {most} or fewer")

    def check_library_coverage_counters(self):
        """Check that most functions of the library count coverage; some functions must not count it."""
        marked = self.binary.find_functions_with_mark(self.library_code, ENGINES[self.out.engine])
        count = len(self.library_code)
        require_or_raise(self.out.sanitizer == "coverage" or 10 * len(marked) > 8 * count,
                f"{self.out.engine}: counts in {len(marked)} of the library's {count} functions")

    # ---- runs ----

    def check_start_dictionary_and_edges(self):
        options = [f"-{name}={value}" for name, value in sorted(self.options.items())]
        status, text = self.run_in_scratch(self.path, "-seed=1337", "-runs=4", f"-dict={self.dictionary}", *options)
        words = [line for line in self.dictionary.read_text().splitlines() if line.startswith('"')]
        require_or_raise("unrecognized flag" not in text, "options: libFuzzer does not know one")
        require_or_raise("ParseDictionaryFile: error" not in text, f"dictionary: {join_last_lines(text)}")
        require_or_raise(status == 0 and "Done 4 runs" in text, f"does not start: {join_last_lines(text)}")
        require_or_raise(f"Dictionary: {len(words)} entries" in text, "dictionary: libFuzzer does not read all of it")
        edges = re.search(r"INFO: Loaded \d+ module.*\(.*(?:counters|guards)\):\s+(\d+)", text)
        require_or_raise(edges and int(edges[1]) >= EDGES_LEAST,
                f"libFuzzer sees {edges[1] if edges else 'no'} edges, expected {EDGES_LEAST} or more")

    def run_seeds_with_libfuzzer(self):
        # A build for coverage has no counters for libFuzzer, so it only replays seeds.
        if self.out.sanitizer != "coverage":
            self.check_start_dictionary_and_edges()
        environment = {f"{name}_OPTIONS": "symbolize=1" for name in ("ASAN", "MSAN", "TSAN")}
        environment["LLVM_PROFILE_FILE"] = self.scratch_directory / "profile"
        symbolizer = find_llvm_tool("llvm-symbolizer")
        if symbolizer:
            # The runtimes of sanitizers search the symbolizer by the name without a version.
            (self.scratch_directory / "bin").mkdir()
            (self.scratch_directory / "bin/llvm-symbolizer").symlink_to(symbolizer)
            environment["PATH"] = f"{self.scratch_directory}/bin:{os.environ['PATH']}"
        status, text = self.run_in_scratch(self.path, "-runs=0", f"-max_len={self.options['max_len']}",
                                "-print_coverage=1", "seeds", environment=environment)
        require_or_raise(status == 0, f"a seed fails: {join_last_lines(text)}")
        require_or_raise(f"{len(self.seeds):8} files found in seeds" in text, "does not read every seed")
        self.check_output_covers_function(text, symbolizer)
        if (self.out.sanitizer, self.name) == ("thread", "fuzz_race"):
            require_or_raise(re.search(r" [1-9]\d* with a race reported as predicted", text), "sees no race")
        if self.name == "fuzz_explore":
            require_or_raise(re.search(r" [1-9]\d* of them completely", text), "explores no seed")

    def check_output_covers_function(self, text, symbolizer):
        """Check that the seeds execute the function of REACHES. A build for coverage, which has the same
        seeds, does not print the executed functions."""
        if self.out.sanitizer == "coverage":
            return
        if not symbolizer:
            self.out.skipped_checks.add("what seeds reach (no llvm-symbolizer)")
            return
        name, place = REACHES[self.name].split()
        lines = re.findall(r"^COVERED_FUNC: hits: [1-9]\d* edges: \S+ (.*)", text, re.M)
        require_or_raise(any(line.startswith(f"{name} ") and place in line for line in lines),
                f"seeds do not reach {name} in {place}")

    def run_seeds_with_afl(self):
        status, text = self.run_in_scratch(self.path, *(f"seeds/{seed}" for seed in self.seeds))
        require_or_raise(status == 0, f"a seed fails: {join_last_lines(text)}")
        require_or_raise(text.count("Execution successful") == len(self.seeds), "does not run every seed")
        if not shutil.which("afl-showmap"):
            self.out.skipped_checks.add("AFL++'s view of a target (no afl-showmap)")
            return
        # afl-showmap must run the target in the modes of a real target, and count as many edges.
        status, text = self.run_in_scratch("afl-showmap", "-m", "none", "-t", "10000", "-i", "seeds", "-o", "maps", "--",
                                self.path)
        require_or_raise(status == 0, f"afl-showmap fails: {join_last_lines(text)}")
        for mode in "Persistent mode", "SHARED MEMORY FUZZING":
            require_or_raise(mode in text, f"afl-showmap finds no {mode.lower()}")
        edges = {line.split(":")[0] for seed in self.seeds
                 for line in (self.scratch_directory / "maps" / seed).read_text().splitlines()}
        require_or_raise(len(edges) >= EDGES_LEAST, f"afl-showmap sees {len(edges)} edges")

    def check_all(self):
        self.check_linked_libraries()
        self.check_sanitizer_and_no_other()
        self.check_sanitizer_call_counts()
        self.check_library_coverage_counters()
        self.check_and_unpack_seeds()
        if self.out.engine == "afl":
            self.run_seeds_with_afl()
        else:
            self.run_seeds_with_libfuzzer()
        self.out.seed_count += len(self.seeds)


def main():
    parser = argparse.ArgumentParser(description="Check the files that build.sh made.",
                                     epilog="exit status: 0 all checks passed, 1 a check failed, 2 bad usage")
    parser.add_argument("--engine", choices=sorted(ENGINES), default="libfuzzer")
    parser.add_argument("--sanitizer", choices=sorted(SANITIZERS), default="address")
    parser.add_argument("out", help="the directory $OUT, moved after the build")
    parser.add_argument("target", nargs="*", help="check only these targets (default: all)")
    arguments = parser.parse_args()
    out = Out(pathlib.Path(arguments.out).absolute(), arguments.engine, arguments.sanitizer)
    names = arguments.target or out.targets
    if not set(names) <= set(out.targets):
        parser.error("expected targets of " + " ".join(out.targets))
    problem_count = 0
    for name in ["OUT", *names]:
        try:
            if name == "OUT":
                out.check_file_names()
            else:
                with tempfile.TemporaryDirectory() as scratch_directory:
                    Target(out, name, scratch_directory).check_all()
        except (BadTarget, OSError, subprocess.SubprocessError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            problem_count += 1
    for check in sorted(out.skipped_checks):
        print(f"skipped: {check}")
    if not problem_count:
        print(f"{len(names)} targets with {out.seed_count} seeds, all good")
    return 1 if problem_count else 0


if __name__ == "__main__":
    # If SIGCHLD were ignored, subprocess would report exit status 0 for every child.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    sys.exit(main())
