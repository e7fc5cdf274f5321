# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The parts of `make check` that test the library: programs and their arguments.

Each must exit with 0 on the unchanged library.
"""
import dataclasses
import os
import re

from library_build import (BACKENDS, LinkRecipe, get_developers_tool_link_recipe, get_flavour_suffix,
                           get_replayer_link_recipe, get_stress_link_recipe, get_tool_link_recipe,
                           get_unit_test_link_recipe)
from library_trials import BadInput, run_with_time_limits

CORPUS = ("corpus/rules", "corpus/regress")
# The unit tests that run for seconds with ThreadSanitizer or MemorySanitizer.
SLOW_TESTS = {(name, flavour) for name in ("test_page_buffer", "test_page_user_slice")
              for flavour in ("tsan", "msan")}
# {flavour: pairs of a fuzz target and a backend, for a replayer; "" is the default backend}
REPLAYERS = {
    "plain": (("fuzz_page", ""), ("fuzz_fault", ""), ("fuzz_race", "")),
    "asan": (("fuzz_page", ""), ("fuzz_fault", ""), ("fuzz_page", "alias")),
    "tsan": (("fuzz_race", ""), ("fuzz_race", "alias")),
    "msan": (("fuzz_page", ""), ("fuzz_fault", "")),
}
# The lines that explore prints without a finding. It refuses programs that break a rule in some order, and exits
# with 2.
EXPLORED = re.compile(r"\.page: (.*: )?clean in |\.page: not explored: .* one order breaks | files: \d+ bad |"
                      " files ignored: ")
EXIT_NOT_EXPLORED = 2


@dataclasses.dataclass(frozen=True)
class Trial:
    """A program with its arguments; @needs are other programs that it starts."""
    name: str
    program: LinkRecipe
    arguments: tuple = ()
    backend: str = ""
    needs: tuple = ()
    last: bool = False  # run after the others: it rarely detects more
    slow: bool = False  # it takes seconds
    explores: bool = False  # its status may be EXIT_NOT_EXPLORED if all lines of its output match EXPLORED

    def build_and_run(self, builder, wall_limit_seconds, cpu_limit_seconds):
        for program in self.needs:
            builder.build_program(program)
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PAGE_", "MUTANTS_"))}
        # The first failed check of a unit test kills the mutant, so the later checks would only take time.
        environment["TEST_STOP_AT_FAILURE"] = "1"
        if self.backend:
            environment["PAGE_MAP"] = self.backend
        execution = run_with_time_limits([builder.build_program(self.program), *self.arguments], wall_limit_seconds,
                                         cpu_limit_seconds, cwd=builder.directory, env=environment)
        if self.explores and execution.status == EXIT_NOT_EXPLORED and \
                all(map(EXPLORED.search, execution.output.splitlines())):
            execution.status = 0
        return execution


def _make_unit_test_trial(name, flavour):
    program = get_unit_test_link_recipe(name, flavour)
    return Trial(program.name, program, slow=(name, flavour) in SLOW_TESTS)


def _make_replay_trial(tree, target, flavour, backend):
    program = get_replayer_link_recipe(target, flavour)
    return Trial(program.name + (f", {backend}" if backend else ""), program,
                 tuple(tree.source / d for d in (*CORPUS, f"corpus/seed/{target}")), backend)


def _make_pagetorture_run_trial(tree, flavour, backend, executor="fibers"):
    programs = [p for d in CORPUS for p in sorted((tree.source / d).glob("*.page"))]
    return Trial(f"run {flavour}, {backend}" + (", threads" if executor == "threads" else ""),
                 get_tool_link_recipe(flavour), ("run", "--backend", backend, "--flavour", flavour,
                                                 "--executor", executor, *programs),
                 last=executor == "threads", slow=flavour == "msan")


def list_trials(tree):
    """All trials that this build can run, flavour by flavour."""
    tests = set(os.environ["MUTANTS_TESTS"].split())
    if not tests:
        raise BadInput("MUTANTS_TESTS: expected names of unit tests")
    names = sorted({t.split("-")[0] for t in tests})
    for flavour in tree.flavours:
        yield from (_make_unit_test_trial(name, flavour) for name in names
                    if name + get_flavour_suffix(flavour) in tests)
        yield from (_make_pagetorture_run_trial(tree, flavour, backend) for backend in BACKENDS)
        yield from (_make_replay_trial(tree, target, flavour, backend) for target,
                    backend in REPLAYERS[flavour])
        for scenario in ("disjoint", "overlap") if flavour in ("plain", "tsan") else ():
            yield Trial(f"stress {scenario}{get_flavour_suffix(flavour)}", get_stress_link_recipe(flavour),
                        (scenario, "-n", "2000"), last=True)
    if "tsan" in tree.flavours:
        yield from (_make_pagetorture_run_trial(tree, "tsan", backend, "threads") for backend in BACKENDS)
        yield Trial("race tsan-fibers", get_developers_tool_link_recipe("plain"), ("race", "--detector",
                    "tsan-fibers", "--cell", "*raw/*raw", "--repeat", "1"),
                    needs=(get_developers_tool_link_recipe("tsan"),), last=True)
        # Execute the interleavings inside of the library's calls, as test_explore.sh does.
        yield Trial("explore", get_tool_link_recipe("tsan"), ("explore", "--library", "--limit", "500",
                    tree.source / "corpus"), last=True, slow=True, explores=True)
