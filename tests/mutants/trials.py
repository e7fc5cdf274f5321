# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The parts of `make check` that test the library: programs and their arguments.

Each must exit with 0 on the unchanged library.
"""
import dataclasses
import os
import resource
import signal
import subprocess
import time

from library_build import BACKENDS, Program, developers_tool, stress, suffix, tool, unit_test

CORPUS = ("corpus/rules", "corpus/regress")


@dataclasses.dataclass(frozen=True)
class Trial:
    """A program with its arguments; @needs are other programs that it starts."""
    name: str
    program: Program
    arguments: tuple = ()
    backend: str = ""
    needs: tuple = ()
    last: bool = False  # run after the others: it rarely detects more
    slow: bool = False  # it takes seconds

    @property
    def flavour(self):
        return self.program.flavour


# Tests with loops that are slow under these sanitizers.
SLOW_TESTS = {(name, flavour) for name in ("test_page_buffer", "test_page_user_slice")
              for flavour in ("tsan", "msan")}


def _test(name, flavour):
    program = unit_test(name, flavour)
    return Trial(program.name, program, slow=(name, flavour) in SLOW_TESTS)


def _replay(tree, target, flavour, backend=""):
    name = f"{target}-replay{suffix(flavour)}"
    parts = ("fuzz", "fuzz_commands", target, "api_call", "input", "main_replay")
    own = [f"obj/{flavour}/fuzz/{part}.o" for part in parts]
    directories = [str(tree.source / f) for f in (*CORPUS, f"corpus/seed/{target}")]
    return Trial(name + (f", {backend}" if backend else ""), Program(name, flavour, own),
                 tuple(directories), backend)


def _programs(tree):
    return [str(p) for directory in CORPUS for p in sorted((tree.source / directory).glob("*.page"))]


def _run(tree, flavour, backend, executor="fibers"):
    return Trial(f"run {flavour}, {backend}" + (", threads" if executor == "threads" else ""),
                 tool(flavour), ("run", "--backend", backend, "--flavour", flavour,
                                  "--executor", executor, *_programs(tree)),
                 last=executor == "threads", slow=flavour == "msan")


def _stress(pattern, flavour):
    return Trial(f"stress {pattern}{suffix(flavour)}", stress(flavour), (pattern, "-n", "2000"), last=True)


REPLAYS = {
    "plain": (("fuzz_page", ""), ("fuzz_fault", ""), ("fuzz_race", "")),
    "asan": (("fuzz_page", ""), ("fuzz_fault", ""), ("fuzz_page", "alias")),
    "tsan": (("fuzz_race", ""), ("fuzz_race", "alias")),
    "msan": (("fuzz_page", ""), ("fuzz_fault", "")),
}


def trials(tree):
    """All trials that this build can run, flavour by flavour."""
    tests = set(tree.tests)
    names = sorted({t.split("-")[0] for t in tests})
    for flavour in tree.flavours:
        for name in names:
            if name + suffix(flavour) in tests:
                yield _test(name, flavour)
        for backend in BACKENDS:
            yield _run(tree, flavour, backend)
        for target, backend in REPLAYS[flavour]:
            yield _replay(tree, target, flavour, backend)
    for flavour in ("plain", "tsan"):
        if flavour in tree.flavours:
            yield _stress("disjoint", flavour)
            yield _stress("overlap", flavour)
    if "tsan" in tree.flavours:
        for backend in BACKENDS:
            yield _run(tree, "tsan", backend, "threads")
        yield Trial("race tsan-fibers", developers_tool("plain"), ("race", "--detector",
                    "tsan-fibers", "--cell", "*raw/*raw", "--repeat", "1"),
                    needs=(developers_tool("tsan"),), last=True)


# ---- running one ----

@dataclasses.dataclass(frozen=True)
class Limit:
    """Seconds: CPU time of one process, and wall time."""
    cpu: int
    wall: int


FIRST_LIMIT = Limit(300, 600)


def limit_from(seconds, cpu):
    """The limit for mutants, from the times of the unchanged library. A busy machine is no hang."""
    return Limit(int(3 + 5 * cpu), int(40 + 10 * seconds))


@dataclasses.dataclass
class Outcome:
    status: object  # an exit status, the name of a signal, or `hang`
    seconds: float
    cpu: float
    output: str

    @property
    def good(self):
        return self.status == 0


def _status(returncode):
    if returncode >= 0:
        return returncode
    if -returncode == signal.SIGXCPU:
        return "hang"
    return signal.Signals(-returncode).name


def _environment(trial):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PAGE_", "MUTANTS_"))}
    if trial.backend:
        environment["PAGE_MAP"] = trial.backend
    return environment


def run_trial(builder, trial, limit):
    """Run @trial with the library of @builder."""
    for program in trial.needs:
        builder.make(program)
    path = builder.make(trial.program)
    command = ["sh", "-c", f"ulimit -c 0; ulimit -S -t {limit.cpu}; exec \"$@\"", "sh", path,
               *trial.arguments]
    begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(command, cwd=builder.directory, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=_environment(trial), start_new_session=True) as process:
        try:
            output, _ = process.communicate(timeout=limit.wall)
            status = _status(process.returncode)
        except subprocess.TimeoutExpired:
            status, output = "hang", b""
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Outcome(status, time.monotonic() - begin, cpu, output.decode(errors="replace"))
