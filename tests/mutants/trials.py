# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The parts of `make check` that test the library: programs and their arguments.

Each must exit with 0 on the unchanged library.
"""
import dataclasses
import os

from library_build import (BACKENDS, Program, developers_tool, replayer, stress_program, suffix,
                           tool, unit_test)
from library_trials import BadInput, run_program

CORPUS = ("corpus/rules", "corpus/regress")
# Tests with loops that are slow under these sanitizers.
SLOW_TESTS = {(name, flavour) for name in ("test_page_buffer", "test_page_user_slice")
              for flavour in ("tsan", "msan")}
# Fuzz targets that run without an engine, and their backend if it is not the default.
REPLAYERS = {
    "plain": (("fuzz_page", ""), ("fuzz_fault", ""), ("fuzz_race", "")),
    "asan": (("fuzz_page", ""), ("fuzz_fault", ""), ("fuzz_page", "alias")),
    "tsan": (("fuzz_race", ""), ("fuzz_race", "alias")),
    "msan": (("fuzz_page", ""), ("fuzz_fault", "")),
}


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

    def run(self, builder, wall_limit, cpu_limit):
        for program in self.needs:
            builder.make(program)
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PAGE_", "MUTANTS_"))}
        if self.backend:
            environment["PAGE_MAP"] = self.backend
        return run_program([builder.make(self.program), *self.arguments], wall_limit, cpu_limit,
                           cwd=builder.directory, env=environment)


def _test(name, flavour):
    program = unit_test(name, flavour)
    return Trial(program.name, program, slow=(name, flavour) in SLOW_TESTS)


def _replay(tree, target, flavour, backend):
    program = replayer(target, flavour)
    return Trial(program.name + (f", {backend}" if backend else ""), program,
                 tuple(tree.source / d for d in (*CORPUS, f"corpus/seed/{target}")), backend)


def _run(tree, flavour, backend, executor="fibers"):
    programs = [p for d in CORPUS for p in sorted((tree.source / d).glob("*.page"))]
    return Trial(f"run {flavour}, {backend}" + (", threads" if executor == "threads" else ""),
                 tool(flavour), ("run", "--backend", backend, "--flavour", flavour,
                                 "--executor", executor, *programs),
                 last=executor == "threads", slow=flavour == "msan")


def trials(tree):
    """All trials that this build can run, flavour by flavour."""
    tests = set(os.environ["MUTANTS_TESTS"].split())
    if not tests:
        raise BadInput("MUTANTS_TESTS: expected names of unit tests")
    names = sorted({t.split("-")[0] for t in tests})
    for flavour in tree.flavours:
        yield from (_test(name, flavour) for name in names if name + suffix(flavour) in tests)
        yield from (_run(tree, flavour, backend) for backend in BACKENDS)
        yield from (_replay(tree, target, flavour, backend) for target, backend in REPLAYERS[flavour])
        for pattern in ("disjoint", "overlap") if flavour in ("plain", "tsan") else ():
            yield Trial(f"stress {pattern}{suffix(flavour)}", stress_program(flavour), (pattern, "-n", "2000"),
                        last=True)
    if "tsan" in tree.flavours:
        yield from (_run(tree, "tsan", backend, "threads") for backend in BACKENDS)
        yield Trial("race tsan-fibers", developers_tool("plain"), ("race", "--detector",
                    "tsan-fibers", "--cell", "*raw/*raw", "--repeat", "1"),
                    needs=(developers_tool("tsan"),), last=True)
