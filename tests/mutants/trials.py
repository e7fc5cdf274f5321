# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""What of `make check` is about the library: programs, and how each is called.

In the order in which a mutant meets them: the cheap ones first, then what watches more
closely. Each must end with 0 on the library as it is.
"""
import dataclasses
import os
import resource
import signal
import subprocess
import time

import build

CORPUS = ("corpus/rules", "corpus/regress")
BACKENDS = ("direct", "alias")


@dataclasses.dataclass(frozen=True)
class Trial:
    """A program with its arguments; @needs are others that it calls."""
    name: str
    program: build.Program
    arguments: tuple = ()
    backend: str = ""
    needs: tuple = ()
    last: bool = False  # rarely finds what others do not
    slow: bool = False  # takes seconds

    @property
    def flavour(self):
        return self.program.flavour


# With loops that take their time when every access is watched.
SLOW_TESTS = {(name, flavour) for name in ("test_page_buffer", "test_page_user_slice")
              for flavour in ("tsan", "msan")}


def _suffix(flavour, joint="-"):
    return "" if flavour == "plain" else joint + flavour


def _test(name, flavour):
    full = name + _suffix(flavour)
    objects = f"tests/{name}{_suffix(flavour, '_')}-{name}.o" if flavour != "plain" else \
        f"tests/{name}.o"
    return Trial(full, build.Program(full, flavour, [objects], test=name),
                 slow=(name, flavour) in SLOW_TESTS)


def _tool(flavour):
    main = f"pagetorture_{flavour}-main.o" if flavour in ("asan", "msan") else "main.o"
    return build.Program("pagetorture" + _suffix(flavour), flavour, [f"src/tool/{main}"],
                         archives=[f"libpagetorture-{flavour}.a"])


def _developers_tool(flavour):
    name = "pagetorture-dev" + _suffix(flavour)
    return build.Program(name, flavour, [f"src/dev/**/{name.replace('-', '_')}-*.o"],
                         archives=[f"libpagetorture-{flavour}.a"])


def _replay(tree, target, flavour, backend=""):
    name = f"{target}-replay{_suffix(flavour)}"
    # automake leaves out what the directory says already.
    short = target.split("_")[1]
    prefix = f"fuzz/*{short}_replay_{flavour}-" if flavour != "plain" else "fuzz/"
    own = [f"{prefix}{part}.o" for part in ("fuzz", "fuzz_commands", target, "api_call", "input", "main_replay")]
    directories = [str(tree.source / f) for f in (*CORPUS, f"corpus/seed/{target}")]
    return Trial(name + (f", {backend}" if backend else ""), build.Program(name, flavour, own),
                 tuple(directories), backend)


def _programs(tree):
    return [str(p) for directory in CORPUS for p in sorted((tree.source / directory).glob("*.page"))]


def _run(tree, flavour, backend, executor="fibers"):
    return Trial(f"run {flavour}, {backend}" + (", threads" if executor == "threads" else ""),
                 _tool(flavour), ("run", "--backend", backend, "--flavour", flavour,
                                  "--executor", executor, *_programs(tree)),
                 last=executor == "threads", slow=flavour == "msan")


def _stress(tree, name, flavour):
    own = "" if flavour == "plain" else f"*{name.split('_')[1]}_{flavour}-"
    full = name + _suffix(flavour)
    return Trial(full, build.Program(full, flavour, [f"stress/{own}{name}.o"],
                                     archives=[f"libstress-{flavour}.a"],
                                     flags=tree.stress_flags if flavour == "plain" else ()),
                 ("-n", "2000"), last=True)


REPLAYS = {
    "plain": (("fuzz_page", ""), ("fuzz_fault", ""), ("fuzz_race", "")),
    "asan": (("fuzz_page", ""), ("fuzz_fault", ""), ("fuzz_page", "alias")),
    "tsan": (("fuzz_race", ""), ("fuzz_race", "alias")),
    "msan": (("fuzz_page", ""), ("fuzz_fault", "")),
}


def trials(tree):
    """All that this build has, flavour by flavour."""
    tests = set(tree.tests)
    names = sorted({t.split("-")[0] for t in tests})
    for flavour in tree.flags:
        for name in names:
            if name + _suffix(flavour) in tests:
                yield _test(name, flavour)
        for backend in BACKENDS:
            yield _run(tree, flavour, backend)
        for target, backend in REPLAYS[flavour]:
            yield _replay(tree, target, flavour, backend)
    for flavour in ("plain", "tsan"):
        if flavour in tree.flags:
            yield _stress(tree, "stress_disjoint", flavour)
            yield _stress(tree, "stress_overlap", flavour)
    if "tsan" in tree.flags:
        for backend in BACKENDS:
            yield _run(tree, "tsan", backend, "threads")
        yield Trial("race tsan-fibers", _developers_tool("plain"), ("race", "--detector",
                    "tsan-fibers", "--cell", "*raw/*raw", "--repeat", "1"),
                    needs=(_developers_tool("tsan"),), last=True)


# ---- running one ----

@dataclasses.dataclass(frozen=True)
class Limit:
    """Seconds, of one process's own and of everybody's."""
    cpu: int
    wall: int


FIRST_LIMIT = Limit(300, 600)


def limit_from(seconds, cpu):
    """For a mutant, from what the library as it is needs; a busy machine is no hang."""
    return Limit(int(3 + 5 * cpu), int(40 + 10 * seconds))


@dataclasses.dataclass
class Outcome:
    status: object  # an exit status, a signal's name, `hang`
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


def look(builder, trial, limit):
    """Runs @trial on what @builder has."""
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
