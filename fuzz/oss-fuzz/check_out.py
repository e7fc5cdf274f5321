#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Is what build.sh put into $OUT what a fuzzing service needs?

All that OSS-Fuzz checks, with no share of targets that may be broken, and more: that
the *library* is watched and counted, not only what surrounds it; by the right sanitizer
and by no other; that seeds fit, run and reach the library. Move $OUT first: what needs its
old place then fails.
"""
import argparse
import configparser
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))

# Sanitizer: what gives its instrumented functions away, and its runtime's first symbol.
# That is a name that they refer to, or the section of their nameless counters.
SANITIZERS = {
    "address": (r"<__asan_(report_)?(load|store)", "__asan_init"),
    "coverage": ("section __llvm_prf_cnts", "__llvm_profile_runtime"),
    "memory": (r"<__msan_(maybe_)?warning", "__msan_init"),
    "thread": (r"<__tsan_(func_entry|read|write|unaligned)", "__tsan_init"),
    "undefined": (r"<__ubsan_handle_", "__ubsan_handle_add_overflow"),
}
# The runtimes of others bring that of UBSan along: there only calls are evidence.
BRINGS_UBSAN = {"address", "coverage", "memory", "thread"}

# Engine: the same.
ENGINES = {"afl": r"<__afl_area_ptr", "libfuzzer": "section __sancov_cntrs"}

# How many call instructions to functions of each runtime a target has: at least the first
# number where it is built for that sanitizer, at most the second one elsewhere. The numbers
# are those of OSS-Fuzz's bad_build_check, which refuses other targets. It counts in no build
# for threads or coverage; the second numbers are asked there too.
CALLS = {"address": ("asan", 1000, 0), "dataflow": ("dfsan", 100, 0),
         "memory": ("msan", 1000, 3), "undefined": ("ubsan", 168, 200)}
# OSS-Fuzz asks for so many edges.
EDGES_LEAST = 100

# What is not built where (build.sh says why).
LEFT_OUT = {("memory", "fuzz_race")}

# Libraries that every machine of such a service has.
SYSTEM_LIBRARIES = re.compile(
    r"(ld-linux-x86-64|lib(c|dl|gcc_s|m|pthread|resolv|rt|stdc\+\+))\.so\.\d+$")

# A function that the seeds of each target must reach, in its file.
REACHES = {
    "fuzz_api": "page_buffer_alloc src/page/",
    "fuzz_fatal": "page_free src/page/",
    "fuzz_fault": "page_copy_from_user_slice src/page/",
    "fuzz_page": "page_read_raw src/page/",
    "fuzz_race": "page_write_raw src/page/",
    "fuzz_text": "program_from_text src/harness/",
}

class Bad(Exception):
    """What is wrong, in one line."""


def want(good, what):
    if not good:
        raise Bad(what)


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True,
                          errors="replace").stdout


def run(command, directory, env=None):
    """Run where nothing of ours is, with what the service sets: exit status and output."""
    environment = {"PATH": os.environ["PATH"], "HOME": directory, "TMPDIR": directory,
                   "UBSAN_OPTIONS": "silence_unsigned_overflow=1:print_stacktrace=1"}
    environment.update(env or {})
    done = subprocess.run(command, cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace", timeout=300,
                          check=False)
    return done.returncode, done.stdout + done.stderr


def last_lines(text):
    return " | ".join(text.strip().splitlines()[-3:])[-400:]


class Binary:
    """What is in a target: symbols, sections, and the code between two functions."""

    def __init__(self, path):
        self.path = path
        self.symbols = {}
        for line in output_of("nm", path).splitlines():
            fields = line.split()
            if len(fields) == 3:
                self.symbols[fields[2]] = int(fields[0], 16)
        self.dynamic = output_of("readelf", "-dW", path)

    def section(self, name):
        found = re.search(r"\] %s +\w+ +([0-9a-f]+) +[0-9a-f]+ +([0-9a-f]+)" % name,
                          output_of("readelf", "-SW", self.path))
        if not found:
            return range(0)
        start, size = (int(word, 16) for word in found.groups())
        return range(start, start + size)

    def calls(self):
        """How many call instructions there are to functions of each sanitizer's runtime.

        Names are demangled, as OSS-Fuzz does it: the runtimes' own functions count too.
        """
        text = subprocess.run(["objdump", "-dC", "--no-show-raw-insn", self.path], check=True,
                              capture_output=True).stdout
        found = re.findall(rb"\s(?:callq?|bl)\s+[0-9a-f]+\s+<__([a-z]+san)", text)
        return {runtime: found.count(runtime.encode()) for runtime, _, _ in CALLS.values()}

    def code(self, names):
        """Name to disassembly, for those of the names that are there."""
        names = [name for name in names if name in self.symbols]
        places = sorted(self.symbols.values())
        after = [place for place in places if place > max(map(self.symbols.get, names))]
        text = output_of(
            "objdump", "-d", "--no-show-raw-insn",
            "--start-address=%#x" % min(map(self.symbols.get, names)),
            "--stop-address=%#x" % (after[0] if after else 0), self.path)
        bodies = dict(re.findall(r"^[0-9a-f]+ <([^>]+)>:\n((?:.+\n)*)", text, re.M))
        return {name: bodies.get(name, "") for name in names}


class Out:
    """$OUT, as it is after it was moved."""

    def __init__(self, directory, engine, sanitizer):
        self.directory, self.engine, self.sanitizer = directory, engine, sanitizer
        with open(os.path.join(TREE, "fuzz/targets.def"), encoding="utf-8") as table:
            names = re.findall(r"^TARGET\((\w+),", table.read(), re.M)
        self.targets = [name for name in names if (sanitizer, name) not in LEFT_OUT]
        with open(os.path.join(TREE, "src/page/libpage.sym"), encoding="utf-8") as symbols:
            self.library = symbols.read().split()
        self.seeds = 0
        self.skipped = set()

    def path(self, name):
        return os.path.join(self.directory, name)


def check_files(out):
    """Each target with all that belongs to it, and nothing else."""
    want(out.targets, "no target in targets.def")
    expected = set()
    for target in out.targets:
        want(re.fullmatch(r"[A-Za-z0-9_-]+", target), target + ": not a name for a target")
        expected |= {target, target + ".dict", target + ".options", target + "_seed_corpus.zip"}
    there = set(os.listdir(out.directory))
    want(not expected - there, "missing: " + " ".join(sorted(expected - there)))
    want(not there - expected, "stray: " + " ".join(sorted(there - expected)))
    for name in there:
        mode = os.lstat(out.path(name)).st_mode
        want(stat.S_ISREG(mode), name + ": not a plain file")
        want(bool(mode & 0o100) == (name in out.targets), name + ": wrong x permission")


def read_options(out, target):
    """libFuzzer itself refuses unknown options and numbers that are none (check_libfuzzer_start())."""
    options = configparser.ConfigParser()
    try:
        options.read(out.path(target + ".options"), encoding="ascii")
    except (configparser.Error, UnicodeError) as error:
        raise Bad("options: " + str(error).replace("\n", " ")) from error
    want(options.sections() == ["libfuzzer"] and "max_len" in options["libfuzzer"], "options: no max_len")
    return dict(options["libfuzzer"])


def count_words(path):
    with open(path, encoding="ascii") as lines:
        return sum(line.startswith('"') for line in lines)


def check_seeds(out, target, options, directory):
    """Unpack the seeds into @directory. Return: their names."""
    try:
        with zipfile.ZipFile(out.path(target + "_seed_corpus.zip")) as archive:
            want(archive.testzip() is None, "seeds: damaged")
            names = archive.namelist()
            want(names, "seeds: none")
            for name in names:
                want(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name), "seeds: bad name " + name)
                size = archive.getinfo(name).file_size
                want(0 < size <= int(options["max_len"]),
                     "seeds: %s has %d bytes, more than max_len, or none" % (name, size))
            archive.extractall(directory)
    except zipfile.BadZipFile as error:
        raise Bad("seeds: " + str(error)) from error
    return names


def check_links(binary):
    """It runs wherever it is put, and brings its own of everything."""
    want("LLVMFuzzerTestOneInput" in binary.symbols, "has no LLVMFuzzerTestOneInput")
    want(not re.search(r"\((RPATH|RUNPATH)\)", binary.dynamic), "looks for libraries of its own")
    for name in re.findall(r"\(NEEDED\).*\[(.*)\]", binary.dynamic):
        want(SYSTEM_LIBRARIES.match(name), "needs " + name)


def marked(binary, code, mark):
    """Those functions that @mark gives away."""
    if not mark.startswith("section "):
        return [name for name, body in code.items() if re.search(mark, body)]
    counters = binary.section(mark.split()[1])
    return [name for name, body in code.items()
            if any(int(place, 16) in counters for place in re.findall(r"# ([0-9a-f]+) <", body))]


def check_sanitizer(out, binary, library):
    """The library is watched, by the one sanitizer; the harness too, but for threads."""
    harness = binary.code(["LLVMFuzzerTestOneInput"])
    for name, (mark, first) in SANITIZERS.items():
        theirs = marked(binary, library, mark)
        if name == out.sanitizer:
            want(first in binary.symbols, "%s: no runtime" % name)
            want(2 * len(theirs) > len(library), "%s: watches %d of the library's %d functions" %
                 (name, len(theirs), len(library)))
            continue
        brought = name == "undefined" and out.sanitizer in BRINGS_UBSAN
        want(brought or first not in binary.symbols, "%s: its runtime too" % name)
        also = theirs + marked(binary, harness, mark)
        want(not also, "%s: watches too, for one %s" % (name, " ".join(also[:1])))
    if out.sanitizer == "thread":
        want(not marked(binary, harness, SANITIZERS["thread"][0]), "thread: watches the harness")


def check_calls(out, binary):
    """Is it built for the one sanitizer, by what OSS-Fuzz takes for a sign of that?"""
    calls = binary.calls()
    print("%s: calls: %s" % (os.path.basename(binary.path),
                             ", ".join("%d %s" % (n, name) for name, n in calls.items())))
    # As OSS-Fuzz: with another engine the driver makes calls to UBSan's runtime of its own.
    if out.sanitizer == "undefined" and out.engine != "libfuzzer":
        return
    for name, (runtime, least, most) in CALLS.items():
        if name == out.sanitizer:
            want(calls[runtime] >= least, "%s: %d calls to __%s, expected %d or more" %
                 (name, calls[runtime], runtime, least))
        else:
            want(calls[runtime] <= most, "%s: %d calls to __%s, expected %d or fewer" %
                 (name, calls[runtime], runtime, most))


def check_counters(out, binary, library):
    """Nearly every function of the library counts; some are left out on purpose."""
    if out.sanitizer == "coverage":
        return
    those = marked(binary, library, ENGINES[out.engine])
    want(10 * len(those) > 8 * len(library), "%s: counts in %d of the library's %d functions" %
         (out.engine, len(those), len(library)))


def check_libfuzzer_start(out, target, options, directory):
    arguments = ["-%s=%s" % option for option in sorted(options.items())]
    dictionary = out.path(target + ".dict")
    status, text = run([out.path(target), "-seed=1337", "-runs=4", "-dict=" + dictionary, *arguments], directory)
    want("unrecognized flag" not in text, "options: libFuzzer knows one not")
    want("ParseDictionaryFile: error" not in text, "dictionary: " + last_lines(text))
    want(status == 0 and "Done 4 runs" in text, "does not start: " + last_lines(text))
    want("Dictionary: %d entries" % count_words(dictionary) in text, "dictionary: libFuzzer does not read all of it")
    edges = re.search(r"INFO: Loaded \d+ module.*\(.*(?:counters|guards)\):\s+(\d+)", text)
    want(edges and int(edges[1]) >= EDGES_LEAST, "libFuzzer sees %s edges, expected %d or more" %
         (edges[1] if edges else "no", EDGES_LEAST))


def check_libfuzzer(out, target, options, seeds, directory):
    # A build for coverage has no counters for libFuzzer, so it does not fuzz; it replays.
    if out.sanitizer != "coverage":
        check_libfuzzer_start(out, target, options, directory)
    environment = {"LLVM_PROFILE_FILE": os.path.join(directory, "profraw"),
                   **{tool + "_OPTIONS": "symbolize=1" for tool in ("ASAN", "MSAN", "TSAN")}}
    symbolizer = tool("llvm-symbolizer")
    if symbolizer:
        # Runtimes look for it by this name alone.
        os.mkdir(os.path.join(directory, "bin"))
        os.symlink(symbolizer, os.path.join(directory, "bin/llvm-symbolizer"))
        environment["PATH"] = os.path.join(directory, "bin") + ":" + os.environ["PATH"]
    status, text = run([out.path(target), "-runs=0", "-max_len=" + options["max_len"],
                        "-print_coverage=1", "seeds"], directory, environment)
    want(status == 0, "a seed fails: " + last_lines(text))
    want("%8d files found in seeds" % len(seeds) in text, "does not read every seed")
    return text


def check_afl(out, target, _options, seeds, directory):
    paths = [os.path.join("seeds", seed) for seed in seeds]
    status, text = run([out.path(target), *paths], directory)
    want(status == 0, "a seed fails: " + last_lines(text))
    want(text.count("Execution successful") == len(seeds), "does not run every seed")
    check_afl_map(out, target, seeds, directory)
    return text


def check_afl_map(out, target, seeds, directory):
    """The engine can talk to it, and has as many edges as a real target has."""
    if not shutil.which("afl-showmap"):
        out.skipped.add("AFL++'s view of a target (no afl-showmap)")
        return
    status, text = run(["afl-showmap", "-m", "none", "-t", "10000", "-i", "seeds", "-o", "maps",
                        "--", out.path(target)], directory)
    want(status == 0, "afl-showmap fails: " + last_lines(text))
    for mode in "Persistent mode", "SHARED MEMORY FUZZING":
        want(mode in text, "afl-showmap finds no " + mode.lower())
    edges = set()
    for seed in seeds:
        with open(os.path.join(directory, "maps", seed), encoding="ascii") as lines:
            edges |= {line.split(":")[0] for line in lines}
    want(len(edges) >= EDGES_LEAST, "afl-showmap sees %d edges" % len(edges))


def tool(name):
    """The newest of LLVM's tools of that name, or nothing."""
    return next(filter(None, map(shutil.which, [name + "-19", name])), None)


def reached_by_profile(out, target, directory):
    """The profile of a build for coverage, as lines of names and files."""
    profdata, cov = tool("llvm-profdata"), tool("llvm-cov")
    if not profdata or not cov:
        out.skipped.add("what seeds reach (no llvm-profdata, llvm-cov)")
        return None
    merged = os.path.join(directory, "profdata")
    output_of(profdata, "merge", "-o", merged, os.path.join(directory, "profraw"))
    text = output_of(cov, "export", "--format=lcov", "--instr-profile", merged, out.path(target))
    lines = []
    for record in text.split("end_of_record"):
        file = re.search(r"^SF:(.*)", record, re.M)
        lines += ["%s %s" % (name.split(":")[-1], file[1])
                  for count, name in re.findall(r"^FNDA:(\d+),(.*)", record, re.M) if count != "0"]
    return lines


def check_reach(out, target, text, directory):
    """What the seeds make run is in the right files, as the service's reports see it.

    AFL++ knows edges, not functions: check_afl_map() has to do.
    """
    if out.engine == "afl":
        return
    if out.sanitizer == "coverage":
        lines = reached_by_profile(out, target, directory)
        if lines is None:
            return
    elif tool("llvm-symbolizer"):
        lines = re.findall(r"^COVERED_FUNC: hits: [1-9]\d* edges: \S+ (.*)", text, re.M)
    else:
        out.skipped.add("what seeds reach (no llvm-symbolizer)")
        return
    name, place = REACHES[target].split()
    want(any(line.startswith(name + " ") and place in line for line in lines),
         "seeds do not reach %s in %s" % (name, place))


def check_races(out, target, text):
    """Under ThreadSanitizer the seeds race, and are seen to."""
    if (out.engine, out.sanitizer, target) == ("libfuzzer", "thread", "fuzz_race"):
        want(re.search(r" [1-9]\d* with a race reported as predicted", text), "sees no race")


RUNS = {"afl": check_afl, "libfuzzer": check_libfuzzer}


def check_target(out, target):
    options = read_options(out, target)
    binary = Binary(out.path(target))
    check_links(binary)
    library = binary.code(out.library)
    want(len(library) > len(out.library) // 2, "has not the library in it")
    check_sanitizer(out, binary, library)
    check_calls(out, binary)
    check_counters(out, binary, library)
    with tempfile.TemporaryDirectory() as directory:
        seeds = check_seeds(out, target, options, os.path.join(directory, "seeds"))
        text = RUNS[out.engine](out, target, options, seeds, directory)
        check_reach(out, target, text, directory)
        check_races(out, target, text)
    out.seeds += len(seeds)


def main():
    parser = argparse.ArgumentParser(description="Check what build.sh made.",
                                     epilog="exit status: 0 all good, 1 not, 2 usage")
    parser.add_argument("--engine", choices=sorted(ENGINES), default="libfuzzer")
    parser.add_argument("--sanitizer", choices=sorted(SANITIZERS), default="address")
    parser.add_argument("out", help="the directory, moved from where it was made")
    parser.add_argument("target", nargs="*", help="only these are run (default: all)")
    arguments = parser.parse_args()
    out = Out(os.path.abspath(arguments.out), arguments.engine, arguments.sanitizer)
    problems = 0
    if not set(arguments.target) <= set(out.targets):
        parser.error("expected targets of " + " ".join(out.targets))
    for target in [None, *(arguments.target or out.targets)]:
        try:
            if target:
                check_target(out, target)
            else:
                check_files(out)
        except (Bad, OSError, subprocess.SubprocessError) as error:
            print("%s: %s" % (target or "OUT", error), file=sys.stderr)
            problems += 1
    for what in sorted(out.skipped):
        print("skipped: " + what)
    if not problems:
        print("%d targets with %d seeds, all good" %
              (len(arguments.target or out.targets), out.seeds))
    return 1 if problems else 0


if __name__ == "__main__":
    # Ignored, it would make every child end with 0, as subprocess reports it.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    sys.exit(main())
