#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run one benchmark in the build directory, and print samples for bench.py on standard output.

What is compared runs in turns, round by round, so other load of the machine affects it equally.
BENCH_ROUNDS and BENCH_SECONDS set the rounds and the seconds of each run; a benchmark's own variables
are at its function. Exit status 1: a program failed, or a result is wrong; 77: nothing can be measured.
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
import tempfile
import time
from collections import Counter, defaultdict

EXIT_FAILED, EXIT_BAD, EXIT_SKIPPED = 1, 2, 77
NEVER = None


class Failed(Exception):
    """A program that failed, or a wrong result, in one line."""


class NothingToMeasure(Exception):
    """What was skipped is printed already."""


# ---- samples ----

def print_sample(name, unit, values, aim=""):
    values = [value if value is NEVER else float(f"{value:.6g}") for value in values]
    print(json.dumps({"name": name, "unit": unit, "aim": aim, "values": values}), flush=True)


def print_skipped(name, why):
    print(json.dumps({"name": name, "skipped": why}), flush=True)


def print_message(text):
    print(text, file=sys.stderr, flush=True)


def read_setting(name, usual):
    return int(os.environ.get(name) or usual)


def divide_pairs(over, under):
    return [a / b for a, b in zip(over, under)]


def require_programs(name, *programs):
    """Skip the benchmark if one of the programs is not built."""
    for program in programs:
        if not os.access(program, os.X_OK):
            print_skipped(name, f"no {program} (make {program})")
            raise NothingToMeasure


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
            print_message("\n".join(self.output.splitlines()[-20:]))
            raise Failed(f"exit status {self.status} of: {shlex.join(map(str, command))[:100]}")

    def find_number(self, pattern, usual=None):
        """The last number that the pattern finds in the output."""
        found = re.findall(pattern, self.output, re.MULTILINE)
        if not found and usual is None:
            raise Failed(f"expected {pattern} in the output")
        return float(found[-1]) if found else usual


def measure_in_turns(title, rounds, subjects):
    """Call each of the @subjects, functions by name, once a round. Return: lists of what they return."""
    values = defaultdict(list)
    for number in range(1, rounds + 1):
        for name, measure in subjects.items():
            print_message(f"{title}: {name}, {number} of {rounds}")
            values[name].append(measure())
    return values


def choose_max_length(target):
    """The length of 64 calls in the input format of the target."""
    return 4096 if target.endswith("text") else 704


def run_fuzzer(work, target, seconds, *seeds):
    """Fuzz with an empty corpus of its own."""
    corpus = work / "corpus"
    shutil.rmtree(corpus, ignore_errors=True)
    corpus.mkdir()
    return Run(f"./{target}", f"-max_total_time={seconds}", f"-max_len={choose_max_length(target)}",
               "-print_final_stats=1", "-timeout=10", "-rss_limit_mb=4096", f"-artifact_prefix={work}/",
               corpus, *seeds)


# ---- benchmarks ----

def bench_rates(work):
    """Inputs per second of libFuzzer, starting from the seeds, on one core."""
    targets = [target for target in ("fuzz_page", "fuzz_race") if os.access(target, os.X_OK)]
    if not targets:
        print_skipped("rates from the seeds", "this compiler has no engine")
        raise NothingToMeasure
    seconds = read_setting("BENCH_SECONDS", 5)
    values = measure_in_turns("bench-rates", read_setting("BENCH_ROUNDS", 3), {
        target: lambda target=target: run_fuzzer(work, target, seconds, f"seeds/{target}").find_number(
            r"average_exec_per_sec: *(\d+)") for target in targets})
    for target in targets:
        print_sample(f"{target}, from the seeds", "inputs/s", values[target])


def bench_stress(_work):
    """The cost of a stress scenario against a loop of memcpy() with the same checks. BENCH_OPS: operations."""
    def measure_cpu_msec(*options):
        return Run("./pagetorture-stress", "split", "-t", 1, "-n", read_setting("BENCH_OPS", 200000),
                   *options).find_number(
            r" Cpu: ([1-9]\d*)ms ")

    for way in ("libc", "wide", "movsb"):
        values = measure_in_turns(f"bench-stress: {way}", read_setting("BENCH_ROUNDS", 7), {
            "bare loop": lambda way=way: measure_cpu_msec(f"--copy={way}", "--bare"),
            "split": lambda way=way: measure_cpu_msec(f"--copy={way}")})
        print_sample(f"split, --copy={way} : bare loop, CPU time", "times",
                     divide_pairs(values["split"], values["bare loop"]), "<= 2")


def find_mean_length_program():
    files = sorted(pathlib.Path("seeds/fuzz_page").iterdir())
    mean = statistics.mean(file.stat().st_size for file in files)
    return min(files, key=lambda file: abs(file.stat().st_size - mean))


def bench_exec(work):
    """The time of one input, and where it is spent. fuzz_page runs against an empty target, both under
    libFuzzer with AddressSanitizer, on the stored program of mean length. BENCH_RUNS: executions."""
    require_programs("what an input costs", "fuzz_page", "fuzz_empty")
    program, runs = find_mean_length_program(), read_setting("BENCH_RUNS", 100000)
    values = measure_in_turns(f"bench-exec: {program}", read_setting("BENCH_ROUNDS", 5), {
        target: lambda target=target: runs * 1000 / max(1,
                                                        Run(f"./{target}", f"-runs={runs}",
                                                            program).find_number(
            r"^Executed .* in (\d+) ms")) for target in ("fuzz_page", "fuzz_empty")})
    print_sample("fuzz_page, executions of one program", "inputs/s", values["fuzz_page"])
    print_sample("an empty target, executions of one file", "inputs/s", values["fuzz_empty"])
    print_sample("fuzz_page : an empty target", "times",
                 divide_pairs(values["fuzz_page"], values["fuzz_empty"]))
    if not shutil.which("perf"):
        print_skipped("whose time it is", "no perf")
        return
    print_profile(work)


def map_functions_to_parts():
    """The part of each function, also of static ones."""
    part_of = {"LLVMFuzzerTestOneInput": "harness"}
    for part in ("page", "harness"):
        symbols = Run("nm", f"lib{part}-fuzz-asan.a", statuses=(0, 1)).output
        part_of.update({name: part for name in re.findall(r" [tT] (\S+)$", symbols, re.MULTILINE)})
    return part_of


def print_profile(work):
    """Count samples by part: the innermost frame of a stack that belongs to a part, so that memcpy() called by
    the library counts for the library. The engine works between executions, which are counted alone too."""
    record = ["perf", "record", "-q", "-e", "cpu-clock:u", "-F", "499", "--call-graph", "dwarf,8192", "-o",
              work / "perf", "./fuzz_page", f"-max_total_time={read_setting('BENCH_SECONDS', 10)}", "-seed=1",
              "-max_len=704", work / "corpus", "seeds/fuzz_page"]
    (work / "corpus").mkdir()
    try:
        Run(*record)
    except Failed:
        print_skipped("whose time it is", "perf may not record")
        return
    part_of, whole, inner = map_functions_to_parts(), Counter(), Counter()
    script = Run("perf", "script", "-i", work / "perf", "-F", "comm,ip,sym").output
    for stack in script.split("\n\n"):
        names = [re.sub(r"\+0x[0-9a-f]*$", "", line.split()[1]) for line in stack.splitlines()
                 if line[:1].isspace() and len(line.split()) > 1]
        part = next((part_of[name] for name in names if name in part_of), "engine")
        whole[part] += 1
        inner[part] += any("ExecuteCallback" in name for name in names)
    if inner.total() < 100:
        raise Failed(f"expected 100 samples in executions or more, got {inner.total()}")
    for what, count in (("time in executions", inner), ("time of fuzzing", whole)):
        for part, name in (("page", "src/page"), ("harness", "harness"), ("engine", "engine and sanitizer")):
            print_sample(f"{what}, {name}", "%", [100 * count[part] / count.total()])


def count_branches(work, replayer, corpus):
    """The executed branches of src/page, and all branches; None without llvm-cov."""
    cov, profdata = os.environ.get("LLVM_COV"), os.environ.get("LLVM_PROFDATA")
    if not cov:
        return None
    Run(f"./{replayer}", corpus, env={"LLVM_PROFILE_FILE": str(work / "profile")})
    Run(profdata, "merge", "-o", work / "merged", work / "profile")
    summary = Run(cov, "export", "-summary-only", "-instr-profile", work / "merged", f"./{replayer}").output
    branches = json.loads(summary)["data"][0]["totals"]["branches"]
    return branches["covered"], branches["count"]


def fuzz_without_seeds(work, target, seconds):
    run = run_fuzzer(work, target, seconds)
    has_branches = target.startswith("fuzz_page")
    return {"branches": has_branches and count_branches(work, "fuzz_page-replay-cov", work / "corpus"),
            "edges": run.find_number(r"DONE *cov: (\d+)"), "features": run.find_number(r"DONE .* ft: (\d+)"),
            "rate": run.find_number(r"stat::average_exec_per_sec: *(\d+)"),
            "calls": run.find_number(r"(\d+) calls ran", 0) / seconds,
            "curve": [(int(inputs), int(edges)) for inputs, edges in re.findall(
                r"^#(\d+)\s.* cov: (\d+) ", run.output, re.MULTILINE)]}


def print_branches(work, target, runs):
    if not runs[0]["branches"]:
        print_skipped(f"{target}, branches of src/page", "no llvm-cov")
        return
    taken = [run["branches"][0] for run in runs]
    print_sample(f"{target}, branches of src/page", "branches", taken)
    if target != "fuzz_page":
        return
    stored, all_branches = count_branches(work, "fuzz_page-replay-cov", "seeds/fuzz_page")
    print_sample(f"{target}, branches from nothing : stored corpus", "%",
                 [100 * value / stored for value in taken], ">= 95")
    print_sample("the stored corpus, branches of src/page", "branches", [stored])
    print_sample("all branches of src/page", "branches", [all_branches])


def count_inputs_needed(values, target):
    """Inputs until 95 % of the edges that any run of the same target reached, with or without the mutator."""
    kin = target.removesuffix("-bytes")
    most = max(run["edges"] for name in (kin, f"{kin}-bytes") for run in values.get(name, []))
    return [next((inputs for inputs, edges in run["curve"] if edges >= 0.95 * most), NEVER)
            for run in values[target]]


def bench_fuzz(work):
    """Coverage from an empty corpus on one core in a given time: with the mutator for programs, and without
    it. TIME: seconds; N: rounds; TARGETS: to compare."""
    wanted = os.environ.get("TARGETS") or "fuzz_page fuzz_page-bytes fuzz_race fuzz_race-bytes"
    targets = [target for target in wanted.split() if os.access(target, os.X_OK)]
    for target in wanted.split():
        if target not in targets:
            print_skipped(target, "this compiler has no engine for it")
    if not targets:
        raise NothingToMeasure
    seconds = read_setting("TIME", read_setting("BENCH_SECONDS", 60))
    values = measure_in_turns("bench-fuzz", read_setting("N", read_setting("BENCH_ROUNDS", 5)), {
        target: lambda target=target: fuzz_without_seeds(work, target, seconds) for target in targets})
    needed = {target: count_inputs_needed(values, target) for target in targets}
    for target in targets:
        runs = values[target]
        if not target.startswith("fuzz_race"):
            print_branches(work, target, runs)
        print_sample(f"{target}, all edges", "edges", [run["edges"] for run in runs])
        print_sample(f"{target}, features", "features", [run["features"] for run in runs])
        print_sample(f"{target}, inputs to 95 % of the edges", "inputs", needed[target])
        print_sample(f"{target}, rate", "inputs/s", [run["rate"] for run in runs])
        print_sample(f"{target}, calls that ran", "calls/s", [run["calls"] for run in runs])
    title = "inputs to 95 % of the edges"
    print_inputs_needed_ratio(f"{title}, no mutator : mutator", needed, "fuzz_page-bytes", "fuzz_page")
    print_inputs_needed_ratio(f"{title} under ThreadSanitizer, no mutator : mutator", needed,
                              "fuzz_race-bytes", "fuzz_race")


def print_inputs_needed_ratio(name, needed, slow, fast):
    if slow not in needed or fast not in needed:
        print_skipped(name, f"no {slow} or no {fast}")
        return
    print_sample(name, "times", [0 if b is NEVER else NEVER if a is NEVER else a / b
                                 for a, b in zip(needed[slow], needed[fast])], ">= 10")


def bench_afl(work):
    """AFL++ on each target: the gain of the persistent mode against one process for each input, and the
    stability: whether the same input always executes the same edges."""
    if not shutil.which("afl-fuzz") or not os.access("afl/fuzz_page", os.X_OK):
        print_skipped("AFL++", "no AFL++, or none of its binaries (make afl-fuzzers)")
        raise NothingToMeasure
    seconds = read_setting("BENCH_SECONDS", 15)
    quiet = {f"AFL_{name}": "1" for name in ("NO_UI", "TRY_AFFINITY", "SKIP_CPUFREQ", "FAST_CAL",
                                             "I_DONT_CARE_ABOUT_MISSING_CRASHES")}

    def run_afl_fuzz(binary, *count):
        shutil.rmtree(work / "out", ignore_errors=True)
        Run("afl-fuzz", "-V", seconds, "-t", 1000, "-s", 1, "-G", choose_max_length(binary), "-i",
            f"seeds/{os.path.basename(binary)}", "-o", work / "out", "--", f"./{binary}", *count, env=quiet)
        stats = dict(re.findall(r"^(\w+) *: (.*)$", (work / "out/default/fuzzer_stats").read_text(),
                                re.MULTILINE))
        return float(stats["execs_per_sec"]), float(stats["stability"].rstrip("%"))

    for binary in sorted(glob.glob("afl/fuzz_*") + glob.glob("afl-plain/fuzz_*")):
        if not os.access(binary, os.X_OK) or not os.path.isdir(f"seeds/{os.path.basename(binary)}"):
            continue
        values = measure_in_turns(f"bench-afl: {binary}", read_setting("BENCH_ROUNDS", 3), {
            "persistent": lambda binary=binary: run_afl_fuzz(binary),
            "a process each": lambda binary=binary: run_afl_fuzz(binary, -1)})
        rates = {name: [rate for rate, _ in pairs] for name, pairs in values.items()}
        for name, rate in rates.items():
            print_sample(f"{binary}, {name}", "inputs/s", rate)
        print_sample(f"{binary}, persistent : a process each", "times",
                     divide_pairs(rates["persistent"], rates["a process each"]), ">= 10")
        print_sample(f"{binary}, stability", "%", [stability for pairs in values.values()
                                                   for _, stability in pairs], ">= 100")


def bench_jobs(work):
    """The gain of a second job: campaigns of one and of two jobs. It depends on a free second CPU, so CPU times
    are compared too. Twice the last ratio is expected with two free CPUs."""
    target = "fuzz_page"
    require_programs("a second job", target)
    if len(os.sched_getaffinity(0)) < 2:
        print_skipped("a second job", "one CPU")
        raise NothingToMeasure

    def run_campaign(jobs, corpus):
        directory = work / "run"
        shutil.rmtree(directory, ignore_errors=True)
        if corpus:
            shutil.copytree(corpus, directory / target / "corpus")
        run = Run("./pagetorture", "fuzz", "--engine", "libfuzzer", "--jobs", jobs, "--time",
                  read_setting("BENCH_SECONDS", 20), "--seed", 1, "--dir", directory, target)
        return run.find_number(rf"^ *{target} +\d+ +(\d+) "), run.cpu

    # Use a grown corpus: at its start a campaign mostly writes files.
    run_campaign(2, None)
    shutil.copytree(work / "run" / target / "corpus", work / "corpus")
    values = measure_in_turns("bench-jobs", read_setting("BENCH_ROUNDS", 5), {
        f"{jobs} jobs": lambda jobs=jobs: run_campaign(jobs, work / "corpus") for jobs in (1, 2)})
    gains = [(two / one, cpu2 / cpu1) for (one, cpu1), (two, cpu2) in zip(values["1 jobs"], values["2 jobs"])]
    print_sample("2 jobs : 1, executions", "times", [gain for gain, _ in gains])
    print_sample("2 jobs : 1, CPU time that they were given", "times", [cpu for _, cpu in gains])
    print_sample("2 jobs : 1, executions, with twice the CPU time", "times",
                 [2 * gain / cpu for gain, cpu in gains], ">= 1.8")
    print_sample_or_skip("2 jobs : 1, executions, where both had a CPU",
                         [gain for gain, cpu in gains if cpu >= 1.9], ">= 1.8")


def print_sample_or_skip(name, values, aim):
    if values:
        print_sample(name, "times", values, aim)
    else:
        print_skipped(name, "there was no second CPU")


def bench_minimize(work):
    """The size of minimised racy programs of 40 calls, and the time. The result must break the same rules and
    have the same signature, and minimising it again must change nothing. Written as C, it must compile without
    warnings. BENCH_PROGRAMS, BENCH_SEED: number and first seed; BENCH_AS_C=no: write no C files."""
    require_programs("minimised races", "pagetorture-tsan", "make_programs")
    here, headers = os.getcwd(), pathlib.Path(__file__).resolve().parents[1] / "src/page"
    tool, as_c = f"{here}/pagetorture", os.environ.get("BENCH_AS_C") != "no"
    Run(f"{here}/make_programs", read_setting("BENCH_PROGRAMS", 200), read_setting("BENCH_SEED", 1), "racy",
        cwd=work)
    sizes, seconds, states, wrong = [], [], Counter(), []

    def find_broken_rules(file):
        lines = Run(tool, "check", file, statuses=(0, 1)).output.splitlines()
        return next(line for line in lines if line.startswith(f"{file}: "))[len(f"{file}: "):]

    def find_signature(run):
        return run.output.splitlines()[1].split(": ", 1)[1]

    def check_as_c(small, log_text):
        if "race unseen" in log_text:
            return "unseen"
        source = small.with_suffix(".c")
        try:
            Run(tool, "to-c", "-o", source, small)
            Run(*(os.environ.get("CC") or "clang").split(), "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                f"-I{headers}", source)
        except Failed as why:
            return f"as C: {why}"
        return "reproduced"

    for file in sorted(work.glob("*.page")):
        small, again = file.with_suffix(".small"), file.with_suffix(".again")
        try:
            first = Run(tool, "minimize", "-o", small, file)
            second = Run(tool, "minimize", "-o", again, small)
        except Failed as why:
            wrong.append(f"{file.stem}: {why}")
            continue
        seconds.append(first.seconds)
        sizes.append(sum("(" in line for line in small.read_text().splitlines()))
        if find_broken_rules(file) != find_broken_rules(small) \
                or find_signature(first) != find_signature(second):
            wrong.append(f"{file.stem}: another signature")
        if small.read_bytes() != again.read_bytes():
            wrong.append(f"{file.stem}: not the smallest")
        state = check_as_c(small, first.output) if as_c else "reproduced"
        states[state] += 1
        if state not in ("reproduced", "unseen"):
            wrong.append(f"{file.stem}: {state}")
    if not sizes:
        raise Failed(f"expected programs to be minimised, got none: {wrong[:1]}")
    print_sample("racy programs of 40 calls, calls left", "calls", sizes, "<= 4")
    print_sample("racy programs of 40 calls, each", "s", seconds)
    if as_c:
        print_sample("racy programs that reproduce as C", "programs", [states["reproduced"]])
        print_sample("racy programs that no detector sees", "programs", [states["unseen"]])
    if wrong:
        raise Failed("\n".join(wrong))


def bench_replay(work):
    """The cost of isolation: `replay` of many small programs, which names each failure, against libFuzzer's
    -runs=0 on the same files, which ends at the first crash. Then `replay` must name exactly the inputs that
    crash, hang and leak among them. BENCH_INPUTS: programs, at least 3000."""
    require_programs("replay", "fuzz_page", "pagetorture-asan", "make_programs")
    count = read_setting("BENCH_INPUTS", 100000)
    if count < 3000:
        raise Failed(f"expected BENCH_INPUTS of 3000 or more, got {count}")
    inputs = work / "inputs"
    inputs.mkdir()
    Run(os.path.abspath("make_programs"), count, 1, "bytes", cwd=inputs)

    def replay_inputs():
        run = Run("./pagetorture", "replay", "--flavour", "asan", "-j", 2, inputs)
        if not re.search(rf"^asan +{count} +{count} +0 ", run.output, re.MULTILINE):
            raise Failed("expected all inputs to be good")
        return run

    values = measure_in_turns("bench-replay", read_setting("BENCH_ROUNDS", 5), {
        "libFuzzer": lambda: Run("./fuzz_page", "-runs=0", "-timeout=20", inputs), "replay": replay_inputs})
    pairs = list(zip(values["libFuzzer"], values["replay"]))
    title = "replay, 2 processes : libFuzzer -runs=0"
    print_sample("replay, 2 processes", "inputs/s", [count / run.seconds for _, run in pairs])
    print_sample("libFuzzer -runs=0", "inputs/s", [count / engine.seconds for engine, _ in pairs])
    print_sample(title, "times", [engine.seconds / run.seconds for engine, run in pairs])
    print_sample("replay : libFuzzer -runs=0, in equal CPU time", "times",
                 [engine.cpu / run.cpu for engine, run in pairs], ">= 1")
    print_sample_or_skip(f"{title}, where both had a CPU", [
        engine.seconds / run.seconds for engine, run in pairs
        if run.cpu / run.seconds / (engine.cpu / engine.seconds) >= 1.5], ">= 1")
    check_failing_inputs_are_named(inputs, count)


def check_failing_inputs_are_named(inputs, count):
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
    print_sample(f"100 that crash, 10 that hang, 10 that leak among {count}, all named", "s", [run.seconds])


def main(arguments):
    benches = {name.removeprefix("bench_"): function for name, function in globals().items()
               if name.startswith("bench_")}
    if len(arguments) != 1 or arguments[0] not in benches:
        print_message(f"benches.py: expected one of {', '.join(sorted(benches))}")
        return EXIT_BAD
    with tempfile.TemporaryDirectory() as directory:
        try:
            benches[arguments[0]](pathlib.Path(directory))
        except Failed as why:
            print_message(f"bench-{arguments[0]}: {why}")
            return EXIT_FAILED
        except NothingToMeasure:
            return EXIT_SKIPPED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
