# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The benchmarks that compare programs of the build directory: functions that yield samples.

Compared programs run in turns, round by round, so other load of the machine affects all programs equally. The
environment variables BENCH_ROUNDS and BENCH_SECONDS set the number of rounds and the seconds of each run. The
docstring of a benchmark describes its other variables. @scratch is a temporary directory.
"""
import glob
import json
import os
import pathlib
import random
import re
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict

NEVER = None
RATE_PATTERN = r"average_exec_per_sec: *(\d+)"


class Failed(Exception):
    """A program failed, or a result is wrong; the message has one line."""


class Skipped(Exception):
    """A benchmark cannot run; the message names the missing program."""


# ---- samples ----

def make_sample(name, unit, values, aim=""):
    values = [value if value is NEVER else float(f"{value:.6g}") for value in values]
    return {"name": name, "unit": unit, "aim": aim, "values": values}


def make_skipped_sample(name, why):
    return {"name": name, "skipped": why}


def read_environment_number(name, default):
    return int(os.environ.get(name) or default)


def divide_pairs(numerators, denominators):
    return [a / b for a, b in zip(numerators, denominators)]


def skip_unless_programs_exist(*programs):
    for program in programs:
        if not os.access(program, os.X_OK):
            raise Skipped(f"no {program} (make {program})")


# ---- running ----

class Run:
    """The execution of a program that ended: its output, and its time."""

    def __init__(self, *command, cwd=None, accepted_statuses=(0,), env=None):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        child = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                               cwd=cwd, env={**os.environ, **(env or {})})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.seconds = time.monotonic() - start
        self.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.output, self.status = child.stdout, child.returncode
        if self.status not in accepted_statuses:
            print("\n".join(self.output.splitlines()[-20:]), file=sys.stderr, flush=True)
            raise Failed(f"exit status {self.status} of: {shlex.join(map(str, command))[:100]}")

    def find_last_number(self, pattern, default=None):
        """Return: the last number that @pattern matches in the output, otherwise @default."""
        found = re.findall(pattern, self.output, re.MULTILINE)
        if not found and default is None:
            raise Failed(f"expected {pattern} in the output")
        return float(found[-1]) if found else default


def measure_in_turns(title, default_rounds, measure_functions):
    """Call each of @measure_functions once in each round. Return: {name: list of the returned values}."""
    rounds, values = read_environment_number("BENCH_ROUNDS", default_rounds), defaultdict(list)
    for number in range(1, rounds + 1):
        for name, measure in measure_functions.items():
            print(f"{title}: {name}, {number} of {rounds}", file=sys.stderr, flush=True)
            values[name].append(measure())
    return values


def get_max_input_length(target):
    """Return: the number of bytes of a program of 64 calls, in the input format of the fuzz target."""
    return 4096 if target.endswith("text") else 704


def run_libfuzzer(scratch, target, seconds, *seed_directories):
    """Run a fuzzer with a new, empty corpus directory, and with @seed_directories as further inputs."""
    corpus = scratch / "corpus"
    shutil.rmtree(corpus, ignore_errors=True)
    corpus.mkdir()
    return Run(f"./{target}", f"-max_total_time={seconds}", f"-max_len={get_max_input_length(target)}",
               "-print_final_stats=1", "-timeout=10", "-rss_limit_mb=4096", f"-artifact_prefix={scratch}/",
               corpus, *seed_directories)


# ---- benchmarks ----

def bench_rates(scratch):
    """Measure the inputs per second of libFuzzer, which starts from the seeds, on one CPU."""
    targets = [target for target in ("fuzz_page", "fuzz_race") if os.access(target, os.X_OK)]
    if not targets:
        raise Skipped("this compiler has no engine")
    seconds = read_environment_number("BENCH_SECONDS", 5)
    values = measure_in_turns("bench-rates", 3, {
        target: lambda target=target: run_libfuzzer(scratch, target, seconds, f"seeds/{target}").find_last_number(
            RATE_PATTERN) for target in targets})
    for target in targets:
        yield make_sample(f"{target}, from the seeds", "inputs/s", values[target])


def bench_stress(_scratch):
    """Compare a stress scenario with a loop of memcpy() and the same checks. BENCH_OPS: operations."""
    def measure_stress_cpu_msec(*options):
        return Run("./pagetorture-stress", "split", "-t", 1, "-n", read_environment_number("BENCH_OPS", 200000),
                   *options).find_last_number(r" Cpu: ([1-9]\d*)ms ")

    for way in ("libc", "wide", "movsb"):
        values = measure_in_turns(f"bench-stress: {way}", 7, {
            "bare loop": lambda way=way: measure_stress_cpu_msec(f"--copy={way}", "--bare"),
            "split": lambda way=way: measure_stress_cpu_msec(f"--copy={way}")})
        yield make_sample(f"split, --copy={way} : bare loop, CPU time", "times",
                          divide_pairs(values["split"], values["bare loop"]), "<= 2")


def write_interleaved_program(path, thread_count, calls_per_thread):
    """Write a clean program in which each thread frees a shared page, and allocates, writes and frees others."""
    lines = ["pagetorture 1", "p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)", *(thread_count - 1) * ["get_page(p0)"]]
    for call in range(calls_per_thread):
        for thread in range(thread_count):
            page = f"p{1 + thread + call // 4 * thread_count}"
            texts = (f"{page} = alloc_page(GFP_KERNEL)", f"write_raw({page}, 0, 64, 1)",
                     f"read_raw({page}, 0, 64)" if call > 3 else "free_page(p0)", f"free_page({page})")
            lines.append(f"T{thread}: {texts[call % 4]}")
    path.write_text("\n".join(lines) + "\n")
    return path


def bench_interleavings(scratch):
    """Measure the random interleavings of `explore --library` per second of CPU time, with and without
    ThreadSanitizer. Count the different interleavings per second of a complete search, and of executions on
    real threads with delays. BENCH_EXECUTIONS: interleavings of each run."""
    skip_unless_programs_exist("bench_interleavings", "pagetorture-tsan", "pagetorture-without-tsan")
    count = read_environment_number("BENCH_EXECUTIONS", 200000)
    shapes = {f"{threads} threads, {calls} calls each":
              write_interleaved_program(scratch / f"{threads}x{calls}.page", threads, calls)
              for threads, calls in ((2, 2), (2, 4), (2, 8), (3, 3), (2, 12))}
    compared, large = "2 threads, 4 calls each", shapes.pop("2 threads, 12 calls each")

    def measure_interleavings_per_second(tool, program):
        run = Run(f"./{tool}", "explore", "--library", "--strategy", "random", "--limit", count, program)
        return run.find_last_number(r"clean in (\d+) interleavings") / run.cpu

    def measure_different_in_search():
        run = Run("./pagetorture-tsan", "explore", "--library", "--strategy", "dpor", large)
        return run.find_last_number(r"clean in each of (\d+) interleavings") / run.seconds

    def measure_different_on_threads():
        figures = json.loads(Run("./bench_interleavings", large, count // 1000).output)
        return figures["different"] / figures["seconds"]

    values = measure_in_turns("bench-interleavings", 7, {
        **{name: lambda program=program: measure_interleavings_per_second("pagetorture-tsan", program)
           for name, program in shapes.items()},
        "without": lambda: measure_interleavings_per_second("pagetorture-without-tsan", shapes[compared]),
        "search": measure_different_in_search,
        "threads": measure_different_on_threads})
    for name in shapes:
        yield make_sample(name, "interleavings/s", values[name], ">= 100000" if name == compared else "")
    yield make_sample(f"{compared}, without ThreadSanitizer", "interleavings/s", values["without"])
    yield make_sample("2 threads, 12 calls each, complete search", "different/s", values["search"])
    yield make_sample("2 threads, 12 calls each, real threads with delays", "different/s", values["threads"])
    yield make_sample("search : real threads", "times", divide_pairs(values["search"], values["threads"]))


# Fuzz targets, an empty target with the same engine and sanitizer, the inputs that both execute, and the largest
# ratio of their CPU times.
COMPARED_TARGETS = [
    ("fuzz_page", "fuzz_empty", "bytes", "<= 3"),
    ("fuzz_fatal", "fuzz_empty", "random-bytes", "<= 3"),
    ("fuzz_api", "fuzz_empty", "calls", "<= 4"),
    ("fuzz_race", "fuzz_empty-tsan", "random-bytes", "<= 4"),
]
STREAM_FILES = 1000
STREAM_REPEATS = 10


def write_input_streams(scratch):
    """Write the same inputs in every run, to one directory for each kind of input."""
    for kind in ("bytes", "random-bytes"):
        (scratch / kind).mkdir()
        Run(os.path.abspath("make_programs"), STREAM_FILES, 1, kind, cwd=scratch / kind)
    numbers = random.Random(1)
    (scratch / "calls").mkdir()
    for number in range(STREAM_FILES):
        (scratch / "calls" / f"{number}.bin").write_bytes(numbers.randbytes(8 * numbers.randrange(1, 9)))


def bench_exec(scratch):
    """Compare the CPU time of each target with that of an empty target: both execute the same inputs under
    the same engine and sanitizer, without mutation. Profile fuzz_page, which starts from its seeds."""
    compared = [row for row in COMPARED_TARGETS if all(os.access(program, os.X_OK) for program in row[:2])]
    skip_unless_programs_exist("make_programs", *COMPARED_TARGETS[0][:2])
    write_input_streams(scratch)

    def measure_cpu_usec_per_input(target, kind):
        run = Run(f"./{target}", "-runs=0", "-print_funcs=0", *STREAM_REPEATS * [scratch / kind])
        return 1e6 * run.cpu / (STREAM_FILES * STREAM_REPEATS)

    values = measure_in_turns("bench-exec", 5, {
        (program, kind): lambda program=program, kind=kind: measure_cpu_usec_per_input(program, kind)
        for target, empty, kind, _ in compared for program in (target, empty)})
    for target, empty, kind, aim in compared:
        yield make_sample(f"{target}, CPU time of an input", "us", values[target, kind])
        yield make_sample(f"{target} : {empty}, CPU time", "times",
                          divide_pairs(values[target, kind], values[empty, kind]), aim)
        yield make_sample(f"{target}, the engine's share of the CPU time", "%", [
            100 * share for share in divide_pairs(values[empty, kind], values[target, kind])])
    if shutil.which("perf"):
        yield from profile_fuzzing(scratch)
    else:
        yield make_skipped_sample("whose time it is", "no perf")


def map_symbols_to_libraries():
    """Return: {name of a function, static or not: "page" or "harness", which contains the function}."""
    part_of = {"LLVMFuzzerTestOneInput": "harness"}
    for part in ("page", "harness"):
        symbols = Run("nm", f"lib{part}-fuzz-asan.a", accepted_statuses=(0, 1)).output
        part_of.update({name: part for name in re.findall(r" [tT] (\S+)$", symbols, re.MULTILINE)})
    return part_of


def profile_fuzzing(scratch):
    """Run fuzz_page under perf, and count perf's samples for the page library, for the harness, and for the
    engine. The innermost known function of a sample decides, so memcpy() called by the library counts for the
    library; outside of executions, all samples count for the engine and the mutator."""
    (scratch / "corpus").mkdir()
    try:
        Run("perf", "record", "-q", "-e", "cpu-clock", "-F", "499", "--call-graph", "dwarf,8192", "-o",
            scratch / "perf", "./fuzz_page", f"-max_total_time={read_environment_number('BENCH_SECONDS', 10)}",
            "-seed=1", "-max_len=704", scratch / "corpus", "seeds/fuzz_page")
    except Failed:
        yield make_skipped_sample("whose time it is", "perf may not record")
        return
    part_of, counts = map_symbols_to_libraries(), Counter()
    script = Run("perf", "script", "-i", scratch / "perf", "-F", "comm,ip,sym").output
    for stack in script.split("\n\n"):
        names = re.findall(r"^\s+\w+ (\S+?)(?:\+0x[0-9a-f]*)?$", stack, re.MULTILINE)
        if not any("ExecuteCallback" in name for name in names):
            counts["outside"] += 1
        else:
            counts[next((part_of[name] for name in names if name in part_of), "engine")] += 1
    executions = counts.total() - counts["outside"]
    if executions < 100:
        raise Failed(f"expected 100 samples in executions or more, got {executions}")
    yield make_sample("time of fuzz_page, engine and mutator", "%", [100 * counts["outside"] / counts.total()],
                      "<= 50")
    for part, name in (("page", "src/page"), ("harness", "harness"), ("engine", "engine and sanitizer")):
        yield make_sample(f"time in executions, {name}", "%", [100 * counts[part] / executions])


def count_covered_and_all_branches(scratch, replayer, corpus):
    """Return: the numbers of executed and of all branches of src/page; None without llvm-cov."""
    cov, profdata = os.environ.get("LLVM_COV"), os.environ.get("LLVM_PROFDATA")
    if not cov:
        return None
    Run(f"./{replayer}", corpus, env={"LLVM_PROFILE_FILE": str(scratch / "profile")})
    Run(profdata, "merge", "-o", scratch / "merged", scratch / "profile")
    summary = Run(cov, "export", "-summary-only", "-instr-profile", scratch / "merged",
                  f"./{replayer}").output
    branches = json.loads(summary)["data"][0]["totals"]["branches"]
    return branches["covered"], branches["count"]


def measure_fuzzing_without_seeds(scratch, target, seconds):
    run = run_libfuzzer(scratch, target, seconds)
    branches = target.startswith("fuzz_page") and count_covered_and_all_branches(
        scratch, "fuzz_page-replay-cov", scratch / "corpus")
    return {"branches": branches,
            "edges": run.find_last_number(r"DONE *cov: (\d+)"), "rate": run.find_last_number(RATE_PATTERN),
            "curve": [(int(inputs), int(edges)) for inputs, edges in re.findall(
                r"^#(\d+)\s.* cov: (\d+) ", run.output, re.MULTILINE)]}


def yield_branch_samples(scratch, target, runs):
    if not runs[0]["branches"]:
        yield make_skipped_sample(f"{target}, branches of src/page", "no llvm-cov")
        return
    taken = [run["branches"][0] for run in runs]
    yield make_sample(f"{target}, branches of src/page", "branches", taken)
    if target == "fuzz_page":
        stored, all_branches = count_covered_and_all_branches(scratch, "fuzz_page-replay-cov", "seeds/fuzz_page")
        yield make_sample(f"{target}, branches from nothing : stored corpus", "%",
                          [100 * value / stored for value in taken], ">= 95")
        yield make_sample("the stored corpus, branches of src/page", "branches", [stored])
        yield make_sample("all branches of src/page", "branches", [all_branches])


def count_inputs_to_edge_goal(runs_by_target, target):
    """For each run, count the inputs until the run reaches its goal: 95 % of the edges of the best run, with
    or without the mutator. NEVER: the run did not reach the goal."""
    kin = target.removesuffix("-bytes")
    most = max(run["edges"] for name in (kin, f"{kin}-bytes") for run in runs_by_target.get(name, []))
    return [next((inputs for inputs, edges in run["curve"] if edges >= 0.95 * most), NEVER)
            for run in runs_by_target[target]]


def bench_fuzz(scratch):
    """Compare the coverage from an empty corpus on one CPU in a given time, with and without the mutator for
    page programs. TIME: seconds; N: rounds; TARGETS: the fuzz targets."""
    wanted = os.environ.get("TARGETS") or "fuzz_page fuzz_page-bytes fuzz_race fuzz_race-bytes"
    targets = [target for target in wanted.split() if os.access(target, os.X_OK)]
    for target in wanted.split():
        if target not in targets:
            yield make_skipped_sample(target, "this compiler has no engine for it")
    if not targets:
        return
    seconds = read_environment_number("TIME", read_environment_number("BENCH_SECONDS", 60))
    values = measure_in_turns("bench-fuzz", read_environment_number("N", 5), {
        target: lambda target=target: measure_fuzzing_without_seeds(scratch, target, seconds)
        for target in targets})
    needed = {target: count_inputs_to_edge_goal(values, target) for target in targets}
    for target in targets:
        if not target.startswith("fuzz_race"):
            yield from yield_branch_samples(scratch, target, values[target])
        yield make_sample(f"{target}, all edges", "edges", [run["edges"] for run in values[target]])
        yield make_sample(f"{target}, inputs to 95 % of the edges", "inputs", needed[target])
        yield make_sample(f"{target}, rate", "inputs/s", [run["rate"] for run in values[target]])
    for target, detector in (("fuzz_page", ""), ("fuzz_race", " under ThreadSanitizer")):
        name = f"inputs to 95 % of the edges{detector}, no mutator : mutator"
        if target in needed and f"{target}-bytes" in needed:
            yield make_sample(name, "times", [
                0 if fast is NEVER else NEVER if slow is NEVER else slow / fast
                for slow, fast in zip(needed[f"{target}-bytes"], needed[target])], ">= 10")
        else:
            yield make_skipped_sample(name, f"no {target}-bytes or no {target}")


def bench_bugs(_scratch):
    """Count the seeded bugs that the fuzz targets find from nothing in a given CPU time. BUGS: names or kinds of
    bugs (default: all); N: trials, a value of a figure each; TIME: seconds of a trial. If most trials of a bug find
    nothing, the rest is left out and counts as not found. The file results/bench-bugs.jsonl keeps each trial."""
    trials, seconds = read_environment_number("N", 10), read_environment_number("TIME", 20)
    results = pathlib.Path("results/bench-bugs.jsonl")
    results.unlink(missing_ok=True)
    Run("tests/bugs/bugs", "--only-bugs", "--column", "fuzz-empty", "--time", seconds, "--trials", trials, "--results",
        results, *os.environ.get("BUGS", "").split(), accepted_statuses=(0, 77))
    if not results.exists():
        raise Skipped("the suite of seeded bugs tested nothing")
    trials_by_bug = [record["trials"] for record in map(json.loads, results.read_text().splitlines())
                     if "trials" in record]
    programs = sorted({trial["program"] for trials_of_bug in trials_by_bug for trial in trials_of_bug})
    for limit in (limit for limit in (1, 5, 20) if limit <= seconds):
        for program in (*programs, ""):
            yield make_sample(f"bugs that {program or 'all targets together'} found in {limit} s of CPU time", "bugs", [
                sum(len(trials_of_bug) > number and trials_of_bug[number]["killed"]
                    and trials_of_bug[number]["program"].startswith(program)
                    and trials_of_bug[number]["cpu_seconds"] <= limit for trials_of_bug in trials_by_bug)
                for number in range(trials)])
    yield make_sample("bugs in the library, one at a time", "bugs", [len(trials_by_bug)])


def bench_afl(scratch):
    """For each target of AFL++, measure the gain of the persistent mode against one process for each input,
    and the stability: the part of the edges that an input executes in the same way each time."""
    if not shutil.which("afl-fuzz") or not os.access("afl/fuzz_page", os.X_OK):
        raise Skipped("no AFL++, or none of its binaries (make afl-fuzzers)")
    seconds = read_environment_number("BENCH_SECONDS", 15)
    quiet = {f"AFL_{name}": "1" for name in ("NO_UI", "TRY_AFFINITY", "SKIP_CPUFREQ", "FAST_CAL",
                                             "I_DONT_CARE_ABOUT_MISSING_CRASHES")}

    def measure_afl_rate_and_stability(binary, *executions_per_process):
        shutil.rmtree(scratch / "out", ignore_errors=True)
        Run("afl-fuzz", "-V", seconds, "-t", 1000, "-s", 1, "-G", get_max_input_length(binary), "-i",
            f"seeds/{os.path.basename(binary)}", "-o", scratch / "out", "--", f"./{binary}",
            *executions_per_process, env=quiet)
        stats = dict(re.findall(r"^(\w+) *: (.*)$", (scratch / "out/default/fuzzer_stats").read_text(),
                                re.MULTILINE))
        return float(stats["execs_per_sec"]), float(stats["stability"].rstrip("%"))

    for binary in sorted(glob.glob("afl/fuzz_*") + glob.glob("afl-plain/fuzz_*")):
        if not os.access(binary, os.X_OK) or not os.path.isdir(f"seeds/{os.path.basename(binary)}"):
            continue
        values = measure_in_turns(f"bench-afl: {binary}", 3, {
            "persistent": lambda binary=binary: measure_afl_rate_and_stability(binary),
            "a process each": lambda binary=binary: measure_afl_rate_and_stability(binary, -1)})
        rates = {name: [rate for rate, _ in pairs] for name, pairs in values.items()}
        for name, rate in rates.items():
            yield make_sample(f"{binary}, {name}", "inputs/s", rate)
        yield make_sample(f"{binary}, persistent : a process each", "times",
                          divide_pairs(rates["persistent"], rates["a process each"]), ">= 10")
        yield make_sample(f"{binary}, stability", "%", [
            stability for pairs in values.values() for _, stability in pairs], ">= 100")


def bench_jobs(scratch):
    """Compare campaigns of one and of two jobs. The gain of the second job depends on a free second CPU, so
    CPU times are compared too. The last row estimates the gain with two free CPUs."""
    target = "fuzz_page"
    skip_unless_programs_exist(target)
    if len(os.sched_getaffinity(0)) < 2:
        raise Skipped("one CPU")

    def measure_campaign_executions_and_cpu(job_count, start_corpus):
        campaign = scratch / "run"
        shutil.rmtree(campaign, ignore_errors=True)
        if start_corpus:
            shutil.copytree(start_corpus, campaign / target / "corpus")
        run = Run("./pagetorture", "fuzz", "--engine", "libfuzzer", "--jobs", job_count, "--time",
                  read_environment_number("BENCH_SECONDS", 20), "--seed", 1, "--dir", campaign, target)
        return run.find_last_number(rf"^ *{target} +\d+ +(\d+) "), run.cpu

    # Start from a large corpus, because a campaign with a small corpus mostly writes files.
    measure_campaign_executions_and_cpu(2, None)
    shutil.copytree(scratch / "run" / target / "corpus", scratch / "corpus")
    values = measure_in_turns("bench-jobs", 5, {
        f"{jobs} jobs": lambda jobs=jobs: measure_campaign_executions_and_cpu(jobs, scratch / "corpus") for jobs in (1, 2)})
    gains = [(two / one, cpu2 / cpu1) for (one, cpu1), (two, cpu2) in zip(values["1 jobs"], values["2 jobs"])]
    yield make_sample("2 jobs : 1, executions", "times", [gain for gain, _ in gains])
    yield make_sample("2 jobs : 1, CPU time that they were given", "times", [cpu for _, cpu in gains])
    yield make_sample("2 jobs : 1, executions, with twice the CPU time", "times",
                      [2 * gain / cpu for gain, cpu in gains], ">= 1.8")


def bench_minimize(scratch):
    """Minimise racy programs of 40 calls, and measure the size of the results and the time. A result must
    break the same rules and have the same signature; a second run must not change it. Its C form must compile
    without warnings. BENCH_PROGRAMS, BENCH_SEED: number and first seed."""
    skip_unless_programs_exist("pagetorture-tsan", "make_programs")
    tool, headers = os.path.abspath("pagetorture"), pathlib.Path(__file__).resolve().parents[1] / "src/page"
    compiler = (os.environ.get("CC") or "clang").split()
    Run(os.path.abspath("make_programs"), read_environment_number("BENCH_PROGRAMS", 200),
        read_environment_number("BENCH_SEED", 1), "racy", cwd=scratch)
    sizes, seconds, c_count, wrong = [], [], 0, []

    def find_broken_rules(program_path):
        output = Run(tool, "check", program_path, accepted_statuses=(0, 1)).output
        return re.search(rf"^{re.escape(str(program_path))}: (.*)", output, re.MULTILINE)[1]

    def minimize_and_return_signature(program_path, minimized_path):
        run = Run(tool, "minimize", "-o", minimized_path, program_path)
        return run, run.output.splitlines()[1].split(": ", 1)[1]

    for file in sorted(scratch.glob("*.page")):
        small, again, source = map(file.with_suffix, (".small", ".again", ".c"))
        try:
            first, signature = minimize_and_return_signature(file, small)
            if minimize_and_return_signature(small, again)[1] != signature or find_broken_rules(file) != find_broken_rules(small):
                wrong.append(f"{file.stem}: another signature")
            if small.read_bytes() != again.read_bytes():
                wrong.append(f"{file.stem}: not the smallest")
            seconds.append(first.seconds)
            sizes.append(sum("(" in line for line in small.read_text().splitlines()))
            # to-c cannot reproduce a race that no detector reports.
            if "race unseen" not in first.output:
                Run(tool, "to-c", "-o", source, small)
                Run(*compiler, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{headers}", source)
                c_count += 1
        except Failed as why:
            wrong.append(f"{file.stem}: {why}")
    if not sizes:
        raise Failed(f"expected programs to be minimised, got none: {wrong[:1]}")
    yield make_sample("racy programs of 40 calls, calls left", "calls", sizes, "<= 4")
    yield make_sample("racy programs of 40 calls, each", "s", seconds)
    yield make_sample("racy programs that reproduce as C", "programs", [c_count])
    if wrong:
        raise Failed("\n".join(wrong))


def bench_replay(scratch):
    """Measure the cost of isolation: compare `replay` of many small programs, which names each failure, with
    libFuzzer's -runs=0 on the same files, which ends at the first crash. Then `replay` must name exactly the
    inputs that crash, hang and leak among them. BENCH_INPUTS: programs, at least 3000."""
    skip_unless_programs_exist("fuzz_page", "pagetorture-asan", "make_programs")
    count = read_environment_number("BENCH_INPUTS", 100000)
    if count < 3000:
        raise Failed(f"expected BENCH_INPUTS of 3000 or more, got {count}")
    inputs = scratch / "inputs"
    inputs.mkdir()
    Run(os.path.abspath("make_programs"), count, 1, "bytes", cwd=inputs)

    def replay_and_expect_good_inputs():
        run = Run("./pagetorture", "replay", "--flavour", "asan", "-j", 2, inputs)
        if not re.search(rf"^asan +{count} +{count} +0 ", run.output, re.MULTILINE):
            raise Failed("expected all inputs to be good")
        return run

    values = measure_in_turns("bench-replay", 5, {
        "libFuzzer": lambda: Run("./fuzz_page", "-runs=0", "-timeout=20", inputs), "replay": replay_and_expect_good_inputs})
    pairs = list(zip(values["libFuzzer"], values["replay"]))
    yield make_sample("replay, 2 processes", "inputs/s", [count / run.seconds for _, run in pairs])
    yield make_sample("libFuzzer -runs=0", "inputs/s", [count / engine.seconds for engine, _ in pairs])
    yield make_sample("replay, 2 processes : libFuzzer -runs=0", "times",
                      [engine.seconds / run.seconds for engine, run in pairs])
    yield make_sample("replay : libFuzzer -runs=0, in equal CPU time", "times",
                      [engine.cpu / run.cpu for engine, run in pairs], ">= 1")
    yield measure_added_failing_inputs(inputs, count)


def bench_run(scratch):
    """Measure the CPU time of `run` for all programs of corpus/rules, in each flavour, and against as many programs
    without a call. Compare a program in processes of its own with a program among all programs."""
    programs = sorted((pathlib.Path(__file__).resolve().parent.parent / "corpus/rules").glob("*.page"))
    some_programs = programs[::8]
    empty_programs = [scratch / f"{program.stem}.page" for program in programs]
    for path in empty_programs:
        path.write_text("pagetorture 1\n")
    flavours = ["plain"] + [flavour for flavour in ("asan", "tsan", "msan")
                            if os.access(f"pagetorture-{flavour}", os.X_OK)]

    def measure_run_cpu(program_list, flavour_list):
        return Run("./pagetorture", "run", "--flavour", ",".join(flavour_list), *program_list).cpu

    values = measure_in_turns("bench-run", 5, {
        **{flavour: lambda flavour=flavour: measure_run_cpu(programs, [flavour]) for flavour in flavours},
        "all": lambda: measure_run_cpu(programs, flavours),
        "empty": lambda: measure_run_cpu(empty_programs, flavours),
        "alone": lambda: sum(measure_run_cpu([program], flavours) for program in some_programs)})
    for flavour in flavours:
        yield make_sample(f"run corpus/rules, {flavour}", "s of CPU", values[flavour])
    yield make_sample("run corpus/rules, all flavours", "s of CPU", values["all"])
    yield make_sample("run corpus/rules : as many empty programs, CPU time", "times",
                      divide_pairs(values["all"], values["empty"]), "<= 4")
    yield make_sample("each program alone : all programs, in CPU time", "times",
                      [alone / len(some_programs) * len(programs) / together
                       for alone, together in zip(values["alone"], values["all"])], ">= 8")


def measure_added_failing_inputs(input_directory, input_count):
    """Replace good inputs by failing ones, and check that `replay` names exactly the failing ones."""
    expected = {}
    for way, number, offset in (("crash", 100, 17), ("hang", 10, 29), ("leak", 10, 41)):
        for i in range(1, number + 1):
            name = i * (input_count // number) - offset
            (input_directory / f"{name}.bin").unlink()
            (input_directory / f"{name}.page").write_text(
                f"# misbehave: {way}\npagetorture 1\np0 = alloc_page(GFP_KERNEL)\n")
            expected[f"{name}.page"] = way
    results = input_directory.parent / "results"
    run = Run("./pagetorture-dev", "replay", "--flavour", "asan", "-j", 2, "--cpu", 2, "--timeout", 10,
              "--results", results, input_directory, accepted_statuses=(1,))
    records = map(json.loads, results.read_text().splitlines()[:-1])
    named = {os.path.basename(record["input"]): record["result"] for record in records if record["failed"]}
    if named != expected:
        wrong = sorted(set(expected.items()) ^ set(named.items()))
        raise Failed(f"expected other inputs to be named: {wrong[:10]}")
    return make_sample(f"100 that crash, 10 that hang, 10 that leak among {input_count}, all named", "s", [run.seconds])
