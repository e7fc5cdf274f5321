# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Build mutants, run the trials on each, store the verdicts, and print them.

Stored verdicts hold for the same library. When tests change, only surviving mutants are tested again. The verdict
of a surviving mutant lists the trials that it passed: a run with more trials runs only the other ones.
"""
import collections
import pathlib
import shutil
import sys
import threading

from library_build import Builder, BuildFailed
from library_trials import print_aligned_columns, test_subjects_and_print_lines

KILLED, SURVIVED, EQUIVALENT = "killed", "survived", "equivalent"
SAME, INVALID = "same code", "invalid"
VERDICTS = (KILLED, SURVIVED, EQUIVALENT, SAME, INVALID)
WANTED_RATIO = 0.90
# Additional compiler flags for object code to compare, which must not contain line numbers for UBSan.
COMPARED_WITH = {"asan": ["-fsanitize-trap=undefined"]}
FIRST_LIMITS = 600, 300  # seconds: wall time, CPU time


class UnchangedFails(Exception):
    """The unchanged library fails a trial, so no verdict is valid."""


def compute_mutant_time_limits(wall_seconds, cpu_seconds):
    """Return: the limits for mutants, far above the times of the unchanged library, as a machine may be busy."""
    return int(40 + 10 * wall_seconds), int(3 + 5 * cpu_seconds)


def find_most_informative_line(output):
    words = ("not ok", "SUMMARY:", "ERROR:", "BUG:", "expected", "FAIL", "error")
    return next((line for word in words for line in output.splitlines() if word in line), output).strip()[:200]


class Runner:
    def __init__(self, tree, chosen_trials, results):
        self.tree, self.trials, self.results = tree, chosen_trials, results
        self.limits, self.cpu_seconds, self.unchanged_code = {}, {}, {}
        self.kills = collections.Counter()
        self.builders = threading.local()

    def find_valid_result(self, mutant):
        """The stored result, or None."""
        result = self.results.records.get(mutant.id)
        if not result or result["library"] != self.tree.library_and_flags_digest:
            return None
        return None if result["verdict"] == SURVIVED and self._list_trials_to_run(mutant) else result

    def _find_passed_trials(self, mutant):
        """The names of the trials that the mutant passed before."""
        result = self.results.records.get(mutant.id, {})
        is_valid = result.get("library") == self.tree.library_and_flags_digest and \
            result.get("tests") == self.tree.tests_digest
        return set(result.get("passed", ())) if is_valid else set()

    def _list_trials_to_run(self, mutant):
        passed = self._find_passed_trials(mutant)
        return [trial for trial in self.trials if trial.name not in passed]

    # ---- the unchanged library ----

    def _measure_trial_and_set_limits(self, builder, trial):
        """Set the limits for mutants by the time of the trial on the unchanged library, where it must pass."""
        name, digest = f"unchanged: {trial.name}", self.tree.library_and_flags_digest + self.tree.tests_digest
        record = self.results.records.get(name, {})
        if record.get("digest") != digest:
            print(f"the unchanged library: {trial.name}", file=sys.stderr, flush=True)
            execution = trial.build_and_run(builder, *FIRST_LIMITS)
            if execution.status:
                raise UnchangedFails(f"{trial.name}: {execution.status}: expected the unchanged "
                                     f"library to pass: {find_most_informative_line(execution.output)}")
            record = {"name": name, "digest": digest, "seconds": execution.seconds,
                      "cpu_seconds": execution.cpu_seconds}
            self.results.append_record(record)
        self.limits[trial.name] = compute_mutant_time_limits(record["seconds"], record["cpu_seconds"])
        self.cpu_seconds[trial.name] = record["cpu_seconds"]

    @staticmethod
    def _compile_to_object_code(builder, name, flavour):
        """The object code of a source, for comparison."""
        return builder.compile_source(f"src/page/{name}", flavour,
                                      builder.directory / f"{name[:-2]}-{flavour}-compared.o",
                                      *COMPARED_WITH.get(flavour, ())).read_bytes()

    def _measure_and_compile_unchanged_library(self, mutants):
        builder = Builder(self.tree, self.tree.work / "unchanged")
        for trial in self.trials:
            self._measure_trial_and_set_limits(builder, trial)
        builder.changed = sorted({mutant.file for mutant in mutants})
        for name in builder.list_sources_to_recompile():
            for flavour in self.tree.flavours:
                self.unchanged_code[name, flavour] = self._compile_to_object_code(builder, name, flavour)

    # ---- one mutant ----

    def _get_reset_builder_of_thread(self):
        if not hasattr(self.builders, "builder"):
            self.builders.builder = Builder(self.tree, self.tree.work / str(threading.get_ident()))
        self.builders.builder.reset_to_unchanged_library()
        return self.builders.builder

    def _run_trials_until_killed(self, builder, mutant, chosen_trials):
        """Run first the trials that killed most mutants of this file, then the cheapest."""
        for trial in sorted(chosen_trials, key=lambda t: (-self.kills[mutant.file, t.name],
                                                          self.cpu_seconds[t.name])):
            execution = trial.build_and_run(builder, *self.limits[trial.name])
            if execution.status:
                self.kills[mutant.file, trial.name] += 1
                return {"verdict": KILLED, "by": trial.name, "flavour": trial.program.flavour,
                        "status": str(execution.status), "message": find_most_informative_line(execution.output)}
        return None

    def _test_and_decide_verdict(self, builder, mutant):
        builder.write_changed_source(mutant.file,
                                     mutant.apply_to((self.tree.page / mutant.file).read_bytes()))
        to_run = self._list_trials_to_run(mutant)
        is_same = not any(builder.unit_test_includes_changed_header(trial.program) for trial in self.trials)
        for flavour in self.tree.flavours:
            trials_of_flavour = [t for t in to_run if t.program.flavour == flavour and not t.last]
            if not trials_of_flavour and not is_same:
                continue
            differs = any(self._compile_to_object_code(builder, name, flavour) != self.unchanged_code[name, flavour]
                          for name in builder.list_sources_to_recompile())
            is_same &= not differs
            killed = self._run_trials_until_killed(builder, mutant, [
                t for t in trials_of_flavour if differs or builder.unit_test_includes_changed_header(t.program)])
            if killed:
                return killed
        if is_same:
            return {"verdict": SAME}
        last_trials = [trial for trial in to_run if trial.last]
        return self._run_trials_until_killed(builder, mutant, last_trials) or \
            {"verdict": SURVIVED, "passed": sorted(self._find_passed_trials(mutant) | {t.name for t in self.trials})}

    def test_mutant_and_format_line(self, mutant):
        """Return: a line for the user."""
        try:
            verdict = self._test_and_decide_verdict(self._get_reset_builder_of_thread(), mutant)
        except BuildFailed as reason:
            verdict = {"verdict": INVALID, "message": str(reason)[:200]}
        self.results.append_record({
            "name": mutant.id, "library": self.tree.library_and_flags_digest, "tests": self.tree.tests_digest,
            "file": mutant.file, "line": mutant.line, "function": mutant.function,
            "operator": mutant.operator, "was": mutant.was, "becomes": mutant.becomes, **verdict})
        by = f" by {verdict['by']}" if "by" in verdict else ""
        return f"{verdict['verdict']}{by}: {mutant}"

    def test_mutants_without_verdict(self, mutants, job_count, must_repeat):
        if must_repeat:
            for mutant in mutants:
                self.results.records.pop(mutant.id, None)
        waiting = [m for m in mutants if not self.find_valid_result(m)]
        if not waiting:
            return
        for path in self.tree.work.parent.glob("run-*"):  # those of killed runs
            if not pathlib.Path(f"/proc/{path.name[4:]}").exists():
                shutil.rmtree(path, ignore_errors=True)
        try:
            self._measure_and_compile_unchanged_library(waiting)
            test_subjects_and_print_lines(waiting, self.test_mutant_and_format_line, job_count)
        finally:
            shutil.rmtree(self.tree.work, ignore_errors=True)


def _compute_killed_ratio(counts):
    """The share of killed mutants, without equivalent ones; None if there are none."""
    counted = counts[KILLED] + counts[SURVIVED]
    return counts[KILLED] / counted if counted else None


class Summary:
    """The results of the chosen mutants, after applying tests/mutants/surviving."""

    def __init__(self, runner, chosen, mutants, reasons_by_mutant_name):
        # @chosen: the mutants that the options select; @mutants: all mutants
        self.mutants, self.reasons = mutants, reasons_by_mutant_name
        stored = {m.id: runner.find_valid_result(m) for m in mutants}
        self.results = [self._apply_reason_to_result(stored[m.id]) for m in chosen if stored[m.id]]
        self.errors = [f"line {line}: {name}: {what}" for name, (kind, _, line) in reasons_by_mutant_name.items()
                       for what in self._list_errors_of_listed_mutant(name, kind, stored)]

    def _apply_reason_to_result(self, result):
        kind, reason, _ = self.reasons.get(result["name"], (None, None, None))
        is_equivalent = kind == EQUIVALENT and result["verdict"] == SURVIVED
        return {**result, "id": result["name"],
                **({"why": reason, "kind": kind} if kind else {}),
                **({"verdict": EQUIVALENT} if is_equivalent else {})}

    @staticmethod
    def _list_errors_of_listed_mutant(name, kind, stored):
        result = stored.get(name) or {}
        if name not in stored:
            yield "the mutant no longer exists"
        elif result.get("verdict") == KILLED and kind != "chance":
            yield f"is killed, by {result['by']}"
        elif result.get("verdict") == SAME:
            yield "is the same code and needs no reason"

    def _count_verdicts_by_field(self, field):
        """Return: {value of the field: counts of verdicts}."""
        found = collections.defaultdict(collections.Counter)
        for result in self.results:
            found[result.get(field, "all")][result["verdict"]] += 1
        return dict(sorted(found.items()))

    def _print_verdict_counts_by_field(self, field):
        rows = [(field, "mutants", *VERDICTS, "ratio")]
        for name, counts in [*self._count_verdicts_by_field(field).items(), *self._count_verdicts_by_field("").items()]:
            ratio = _compute_killed_ratio(counts)
            rows.append((name, str(sum(counts.values())), *(str(counts[v]) for v in VERDICTS),
                         "-" if ratio is None else f"{100 * ratio:.1f} %"))
        print_aligned_columns(rows)
        print()

    def print_and_check_summary(self):
        """Return: whether the results are as wanted."""
        if not self.results:
            print("no mutant has a verdict: expected at least one", file=sys.stderr)
            return False
        self._print_verdict_counts_by_field("operator")
        self._print_verdict_counts_by_field("file")
        killers = collections.Counter(r["by"] for r in self.results if r["verdict"] == KILLED)
        if killers:
            print("killed by " + ", ".join(f"{name} ({n})" for name, n in killers.most_common()))
        for result in sorted(self.results, key=lambda r: (r["file"], r["line"])):
            if result["verdict"] == SURVIVED:
                print("survived: {id} {file}:{line} {function} {operator}: {was} => {becomes}".format(
                    **result) + (f" [{result['kind']}] {result['why']}" if "why" in result else ""))
        for line in self.errors:
            print(f"tests/mutants/surviving: {line}", file=sys.stderr)
        ratio = _compute_killed_ratio(self._count_verdicts_by_field("")["all"])
        if ratio is not None:
            print(f"{100 * ratio:.1f} % of {len(self.results)} of {len(self.mutants)} mutants killed, of "
                  f"those that are not equivalent; wanted are {100 * WANTED_RATIO:.0f} %")
        return not self.errors and (ratio is None or ratio >= WANTED_RATIO)

    def make_results_object(self):
        """The results as `make report` reads them."""
        def make_counts_object(counts):
            return {"mutants": sum(counts.values()), "ratio": _compute_killed_ratio(counts),
                    **{v.replace(" ", "_"): counts[v] for v in VERDICTS}}

        tables = {key: {name: make_counts_object(counts)
                        for name, counts in self._count_verdicts_by_field(field).items()}
                  for key, field in (("operators", "operator"), ("files", "file"))}
        return {"wanted": WANTED_RATIO, "mutants_in_all": len(self.mutants),
                "wrong": self.errors,
                "all": make_counts_object(self._count_verdicts_by_field("").get("all", collections.Counter())),
                **tables, "results": self.results}
