# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The benchmarks that run in the build directory and compare programs: functions that yield samples.

What is compared runs in turns, round by round, so other load of the machine affects it equally.
BENCH_ROUNDS and BENCH_SECONDS set the rounds and the seconds of each run; a benchmark's own variables
are at its function.
"""
import glob
import json
import os
import pathlib
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
    """A program that failed, or a wrong result, in one line."""


class Skipped(Exception):
    """What is missing, so that nothing can be measured."""


# ---- samples ----

def make_sample(name, unit, values, aim=""):
    values = [value if value is NEVER else float(f"{value:.6g}") for value in values]
    return {"name": name, "unit": unit, "aim": aim, "values": values}


def make_skip(name, why):
    return {"name": name, "skipped": why}


def read_setting(name, usual):
    return int(os.environ.get(name) or usual)


def divide_pairs(over, under):
    return [a / b for a, b in zip(over, under)]


def require_programs(*programs):
    for program in programs:
        if not os.access(program, os.X_OK):
            raise Skipped(f"no {program} (make {program})")


# ---- running ----

class Run:
    """A program that ended: its output, and the time that it took."""

    def __init__(self, *command, cwd=None, statuses=(0,), env=None):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        child = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                               cwd=cwd, env={**os.environ, **(env or {})})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.seconds = time.monotonic() - start
        self.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.output, self.status = child.stdout, child.returncode
        if self.status not in statuses:
            print("\n".join(self.output.splitlines()[-20:]), file=sys.stderr, flush=True)
            raise Failed(f"exit status {self.status} of: {shlex.join(map(str, command))[:100]}")

    def find_number(self, pattern, usual=None):
        """The last number that the pattern finds in the output."""
        found = re.findall(pattern, self.output, re.MULTILINE)
        if not found and usual is None:
            raise Failed(f"expected {pattern} in the output")
        return float(found[-1]) if found else usual


def measure_in_turns(title, usual_rounds, subjects):
    """Call each of the @subjects, functions by name, once a round. Return: lists of what they return."""
    rounds, values = read_setting("BENCH_ROUNDS", usual_rounds), defaultdict(list)
    for number in range(1, rounds + 1):
        for name, measure in subjects.items():
            print(f"{title}: {name}, {number} of {rounds}", file=sys.stderr, flush=True)
            values[name].append(measure())
    return values


def choose_max_length(target):
    """The length of 64 calls in the input format of the target."""
    return 4096 if target.endswith("text") else 704


def run_fuzzer(directory, target, seconds, *seeds):
    """Fuzz with an empty corpus of its own."""
    corpus = directory / "corpus"
    shutil.rmtree(corpus, ignore_errors=True)
    corpus.mkdir()
    return Run(f"./{target}", f"-max_total_time={seconds}", f"-max_len={choose_max_length(target)}",
               "-print_final_stats=1", "-timeout=10", "-rss_limit_mb=4096", f"-artifact_prefix={directory}/",
               corpus, *seeds)


# ---- benchmarks ----

def bench_rates(directory):
    """Inputs per second of libFuzzer, starting from the seeds, on one core."""
    targets = [target for target in ("fuzz_page", "fuzz_race") if os.access(target, os.X_OK)]
    if not targets:
        raise Skipped("this compiler has no engine")
    seconds = read_setting("BENCH_SECONDS", 5)
    values = measure_in_turns("bench-rates", 3, {
        target: lambda target=target: run_fuzzer(directory, target, seconds, f"seeds/{target}").find_number(
            RATE_PATTERN) for target in targets})
    for target in targets:
        yield make_sample(f"{target}, from the seeds", "inputs/s", values[target])


def bench_stress(_directory):
    """The cost of a stress scenario against a loop of memcpy() with the same checks. BENCH_OPS: operations."""
    def measure_cpu_msec(*options):
        return Run("./pagetorture-stress", "split", "-t", 1, "-n", read_setting("BENCH_OPS", 200000),
                   *options).find_number(r" Cpu: ([1-9]\d*)ms ")

    for way in ("libc", "wide", "movsb"):
        values = measure_in_turns(f"bench-stress: {way}", 7, {
            "bare loop": lambda way=way: measure_cpu_msec(f"--copy={way}", "--bare"),
            "split": lambda way=way: measure_cpu_msec(f"--copy={way}")})
        yield make_sample(f"split, --copy={way} : bare loop, CPU time", "times",
                          divide_pairs(values["split"], values["bare loop"]), "<= 2")


def find_mean_length_program():
    files = sorted(pathlib.Path("seeds/fuzz_page").iterdir())
    mean = statistics.mean(file.stat().st_size for file in files)
    return min(files, key=lambda file: abs(file.stat().st_size - mean))


def bench_exec(directory):
    """The time of one input, and where it is spent. fuzz_page runs against an empty target, both under
    libFuzzer with AddressSanitizer, on the stored program of mean length. BENCH_RUNS: executions."""
    require_programs("fuzz_page", "fuzz_empty")
    program, runs = find_mean_length_program(), read_setting("BENCH_RUNS", 100000)

    def measure_rate(target):
        run = Run(f"./{target}", f"-runs={runs}", program)
        return runs * 1000 / max(1, run.find_number(r"^Executed .* in (\d+) ms"))

    values = measure_in_turns(f"bench-exec: {program}", 5, {
        target: lambda target=target: measure_rate(target) for target in ("fuzz_page", "fuzz_empty")})
    yield make_sample("fuzz_page, executions of one program", "inputs/s", values["fuzz_page"])
    yield make_sample("an empty target, executions of one file", "inputs/s", values["fuzz_empty"])
    yield make_sample("fuzz_page : an empty target", "times",
                      divide_pairs(values["fuzz_page"], values["fuzz_empty"]))
    if shutil.which("perf"):
        yield from profile_executions(directory)
    else:
        yield make_skip("whose time it is", "no perf")


def map_functions_to_parts():
    """The part of each function, also of static ones."""
    part_of = {"LLVMFuzzerTestOneInput": "harness"}
    for part in ("page", "harness"):
        symbols = Run("nm", f"lib{part}-fuzz-asan.a", statuses=(0, 1)).output
        part_of.update({name: part for name in re.findall(r" [tT] (\S+)$", symbols, re.MULTILINE)})
    return part_of


def profile_executions(directory):
    """Count samples in executions by part: the innermost frame of a stack that belongs to a part, so that
    memcpy() called by the library counts for the library."""
    (directory / "corpus").mkdir()
    try:
        Run("perf", "record", "-q", "-e", "cpu-clock:u", "-F", "499", "--call-graph", "dwarf,8192", "-o",
            directory / "perf", "./fuzz_page", f"-max_total_time={read_setting('BENCH_SECONDS', 10)}",
            "-seed=1", "-max_len=704", directory / "corpus", "seeds/fuzz_page")
    except Failed:
        yield make_skip("whose time it is", "perf may not record")
        return
    part_of, counts = map_functions_to_parts(), Counter()
    script = Run("perf", "script", "-i", directory / "perf", "-F", "comm,ip,sym").output
    for stack in script.split("\n\n"):
        names = re.findall(r"^\s+\w+ (\S+?)(?:\+0x[0-9a-f]*)?$", stack, re.MULTILINE)
        if any("ExecuteCallback" in name for name in names):
            counts[next((part_of[name] for name in names if name in part_of), "engine")] += 1
    if counts.total() < 100:
        raise Failed(f"expected 100 samples in executions or more, got {counts.total()}")
    for part, name in (("page", "src/page"), ("harness", "harness"), ("engine", "engine and sanitizer")):
        yield make_sample(f"time in executions, {name}", "%", [100 * counts[part] / counts.total()])


def count_branches(directory, replayer, corpus):
    """The executed branches of src/page, and all branches; None without llvm-cov."""
    cov, profdata = os.environ.get("LLVM_COV"), os.environ.get("LLVM_PROFDATA")
    if not cov:
        return None
    Run(f"./{replayer}", corpus, env={"LLVM_PROFILE_FILE": str(directory / "profile")})
    Run(profdata, "merge", "-o", directory / "merged", directory / "profile")
    summary = Run(cov, "export", "-summary-only", "-instr-profile", directory / "merged",
                  f"./{replayer}").output
    branches = json.loads(summary)["data"][0]["totals"]["branches"]
    return branches["covered"], branches["count"]


def fuzz_without_seeds(directory, target, seconds):
    run = run_fuzzer(directory, target, seconds)
    branches = target.startswith("fuzz_page") and count_branches(directory, "fuzz_page-replay-cov",
                                                                 directory / "corpus")
    return {"branches": branches,
            "edges": run.find_number(r"DONE *cov: (\d+)"), "rate": run.find_number(RATE_PATTERN),
            "curve": [(int(inputs), int(edges)) for inputs, edges in re.findall(
                r"^#(\d+)\s.* cov: (\d+) ", run.output, re.MULTILINE)]}


def compare_branches(directory, target, runs):
    if not runs[0]["branches"]:
        yield make_skip(f"{target}, branches of src/page", "no llvm-cov")
        return
    taken = [run["branches"][0] for run in runs]
    yield make_sample(f"{target}, branches of src/page", "branches", taken)
    if target == "fuzz_page":
        stored, all_branches = count_branches(directory, "fuzz_page-replay-cov", "seeds/fuzz_page")
        yield make_sample(f"{target}, branches from nothing : stored corpus", "%",
                          [100 * value / stored for value in taken], ">= 95")
        yield make_sample("the stored corpus, branches of src/page", "branches", [stored])
        yield make_sample("all branches of src/page", "branches", [all_branches])


def count_inputs_needed(values, target):
    """Inputs until 95 % of the edges that any run of the same target reached, with or without the mutator."""
    kin = target.removesuffix("-bytes")
    most = max(run["edges"] for name in (kin, f"{kin}-bytes") for run in values.get(name, []))
    return [next((inputs for inputs, edges in run["curve"] if edges >= 0.95 * most), NEVER)
            for run in values[target]]


def bench_fuzz(directory):
    """Coverage from an empty corpus on one core in a given time: with the mutator for programs, and without
    it. TIME: seconds; N: rounds; TARGETS: to compare."""
    wanted = os.environ.get("TARGETS") or "fuzz_page fuzz_page-bytes fuzz_race fuzz_race-bytes"
    targets = [target for target in wanted.split() if os.access(target, os.X_OK)]
    for target in wanted.split():
        if target not in targets:
            yield make_skip(target, "this compiler has no engine for it")
    if not targets:
        return
    seconds = read_setting("TIME", read_setting("BENCH_SECONDS", 60))
    values = measure_in_turns("bench-fuzz", read_setting("N", 5), {
        target: lambda target=target: fuzz_without_seeds(directory, target, seconds) for target in targets})
    needed = {target: count_inputs_needed(values, target) for target in targets}
    for target in targets:
        if not target.startswith("fuzz_race"):
            yield from compare_branches(directory, target, values[target])
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
            yield make_skip(name, f"no {target}-bytes or no {target}")


def bench_afl(directory):
    """AFL++ on each target: the gain of the persistent mode against one process for each input, and the
    stability: whether the same input always executes the same edges."""
    if not shutil.which("afl-fuzz") or not os.access("afl/fuzz_page", os.X_OK):
        raise Skipped("no AFL++, or none of its binaries (make afl-fuzzers)")
    seconds = read_setting("BENCH_SECONDS", 15)
    quiet = {f"AFL_{name}": "1" for name in ("NO_UI", "TRY_AFFINITY", "SKIP_CPUFREQ", "FAST_CAL",
                                             "I_DONT_CARE_ABOUT_MISSING_CRASHES")}

    def run_afl_fuzz(binary, *count):
        shutil.rmtree(directory / "out", ignore_errors=True)
        Run("afl-fuzz", "-V", seconds, "-t", 1000, "-s", 1, "-G", choose_max_length(binary), "-i",
            f"seeds/{os.path.basename(binary)}", "-o", directory / "out", "--", f"./{binary}", *count,
            env=quiet)
        stats = dict(re.findall(r"^(\w+) *: (.*)$", (directory / "out/default/fuzzer_stats").read_text(),
                                re.MULTILINE))
        return float(stats["execs_per_sec"]), float(stats["stability"].rstrip("%"))

    for binary in sorted(glob.glob("afl/fuzz_*") + glob.glob("afl-plain/fuzz_*")):
        if not os.access(binary, os.X_OK) or not os.path.isdir(f"seeds/{os.path.basename(binary)}"):
            continue
        values = measure_in_turns(f"bench-afl: {binary}", 3, {
            "persistent": lambda binary=binary: run_afl_fuzz(binary),
            "a process each": lambda binary=binary: run_afl_fuzz(binary, -1)})
        rates = {name: [rate for rate, _ in pairs] for name, pairs in values.items()}
        for name, rate in rates.items():
            yield make_sample(f"{binary}, {name}", "inputs/s", rate)
        yield make_sample(f"{binary}, persistent : a process each", "times",
                          divide_pairs(rates["persistent"], rates["a process each"]), ">= 10")
        yield make_sample(f"{binary}, stability", "%", [
            stability for pairs in values.values() for _, stability in pairs], ">= 100")


def bench_jobs(directory):
    """The gain of a second job: campaigns of one and of two jobs. It depends on a free second CPU, so CPU times
    are compared too. Twice the last ratio is expected with two free CPUs."""
    target = "fuzz_page"
    require_programs(target)
    if len(os.sched_getaffinity(0)) < 2:
        raise Skipped("one CPU")

    def run_campaign(jobs, corpus):
        campaign = directory / "run"
        shutil.rmtree(campaign, ignore_errors=True)
        if corpus:
            shutil.copytree(corpus, campaign / target / "corpus")
        run = Run("./pagetorture", "fuzz", "--engine", "libfuzzer", "--jobs", jobs, "--time",
                  read_setting("BENCH_SECONDS", 20), "--seed", 1, "--dir", campaign, target)
        return run.find_number(rf"^ *{target} +\d+ +(\d+) "), run.cpu

    # Use a grown corpus: at its start a campaign mostly writes files.
    run_campaign(2, None)
    shutil.copytree(directory / "run" / target / "corpus", directory / "corpus")
    values = measure_in_turns("bench-jobs", 5, {
        f"{jobs} jobs": lambda jobs=jobs: run_campaign(jobs, directory / "corpus") for jobs in (1, 2)})
    gains = [(two / one, cpu2 / cpu1) for (one, cpu1), (two, cpu2) in zip(values["1 jobs"], values["2 jobs"])]
    yield make_sample("2 jobs : 1, executions", "times", [gain for gain, _ in gains])
    yield make_sample("2 jobs : 1, CPU time that they were given", "times", [cpu for _, cpu in gains])
    yield make_sample("2 jobs : 1, executions, with twice the CPU time", "times",
                      [2 * gain / cpu for gain, cpu in gains], ">= 1.8")


def bench_minimize(directory):
    """The size of minimised racy programs of 40 calls, and the time. The result must break the same rules and
    have the same signature, and minimising it again must change nothing. Written as C, it must compile without
    warnings. BENCH_PROGRAMS, BENCH_SEED: number and first seed."""
    require_programs("pagetorture-tsan", "make_programs")
    tool, headers = os.path.abspath("pagetorture"), pathlib.Path(__file__).resolve().parents[1] / "src/page"
    compiler = (os.environ.get("CC") or "clang").split()
    Run(os.path.abspath("make_programs"), read_setting("BENCH_PROGRAMS", 200), read_setting("BENCH_SEED", 1),
        "racy", cwd=directory)
    sizes, seconds, c_count, wrong = [], [], 0, []

    def find_broken_rules(file):
        output = Run(tool, "check", file, statuses=(0, 1)).output
        return re.search(rf"^{re.escape(str(file))}: (.*)", output, re.MULTILINE)[1]

    def minimize(file, small):
        run = Run(tool, "minimize", "-o", small, file)
        return run, run.output.splitlines()[1].split(": ", 1)[1]

    for file in sorted(directory.glob("*.page")):
        small, again, source = map(file.with_suffix, (".small", ".again", ".c"))
        try:
            first, signature = minimize(file, small)
            if minimize(small, again)[1] != signature or find_broken_rules(file) != find_broken_rules(small):
                wrong.append(f"{file.stem}: another signature")
            if small.read_bytes() != again.read_bytes():
                wrong.append(f"{file.stem}: not the smallest")
            seconds.append(first.seconds)
            sizes.append(sum("(" in line for line in small.read_text().splitlines()))
            # No detector sees some of the races.
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


def bench_replay(directory):
    """The cost of isolation: `replay` of many small programs, which names each failure, against libFuzzer's
    -runs=0 on the same files, which ends at the first crash. Then `replay` must name exactly the inputs that
    crash, hang and leak among them. BENCH_INPUTS: programs, at least 3000."""
    require_programs("fuzz_page", "pagetorture-asan", "make_programs")
    count = read_setting("BENCH_INPUTS", 100000)
    if count < 3000:
        raise Failed(f"expected BENCH_INPUTS of 3000 or more, got {count}")
    inputs = directory / "inputs"
    inputs.mkdir()
    Run(os.path.abspath("make_programs"), count, 1, "bytes", cwd=inputs)

    def replay_inputs():
        run = Run("./pagetorture", "replay", "--flavour", "asan", "-j", 2, inputs)
        if not re.search(rf"^asan +{count} +{count} +0 ", run.output, re.MULTILINE):
            raise Failed("expected all inputs to be good")
        return run

    values = measure_in_turns("bench-replay", 5, {
        "libFuzzer": lambda: Run("./fuzz_page", "-runs=0", "-timeout=20", inputs), "replay": replay_inputs})
    pairs = list(zip(values["libFuzzer"], values["replay"]))
    yield make_sample("replay, 2 processes", "inputs/s", [count / run.seconds for _, run in pairs])
    yield make_sample("libFuzzer -runs=0", "inputs/s", [count / engine.seconds for engine, _ in pairs])
    yield make_sample("replay, 2 processes : libFuzzer -runs=0", "times",
                      [engine.seconds / run.seconds for engine, run in pairs])
    yield make_sample("replay : libFuzzer -runs=0, in equal CPU time", "times",
                      [engine.cpu / run.cpu for engine, run in pairs], ">= 1")
    yield name_failing_inputs(inputs, count)


def name_failing_inputs(inputs, count):
    """Replace good inputs by failing ones, and compare what `replay` names."""
    expected = {}
    for way, number, offset in (("crash", 100, 17), ("hang", 10, 29), ("leak", 10, 41)):
        for i in range(1, number + 1):
            name = i * (count // number) - offset
            (inputs / f"{name}.bin").unlink()
            (inputs / f"{name}.page").write_text(
                f"# misbehave: {way}\npagetorture 1\np0 = alloc_page(GFP_KERNEL)\n")
            expected[f"{name}.page"] = way
    results = inputs.parent / "results"
    run = Run("./pagetorture-dev", "replay", "--flavour", "asan", "-j", 2, "--cpu", 2, "--timeout", 10,
              "--results", results, inputs, statuses=(1,))
    records = map(json.loads, results.read_text().splitlines()[:-1])
    named = {os.path.basename(record["input"]): record["result"] for record in records if record["failed"]}
    if named != expected:
        wrong = sorted(set(expected.items()) ^ set(named.items()))
        raise Failed(f"expected other inputs to be named: {wrong[:10]}")
    return make_sample(f"100 that crash, 10 that hang, 10 that leak among {count}, all named", "s", [run.seconds])
