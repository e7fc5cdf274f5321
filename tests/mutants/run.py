# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Build mutants, run the trials on each, and store the verdicts.

Each verdict is appended to the results as one line, so a stopped run loses only the mutant that it
was testing. Stored verdicts hold for the same library. When tests change, only survivors are tested
again.
"""
import collections
import concurrent.futures
import hashlib
import json
import pathlib
import sys
import threading

import build
import trials
from library_build import Progress

KILLED, SURVIVED, SAME, STILLBORN = "killed", "survived", "same code", "stillborn"


class CleanFails(Exception):
    """The unchanged library fails a trial, so no verdict is valid."""


class Results:
    """The file of verdicts: the last line of a mutant is valid."""

    def __init__(self, path, tree, chosen_trials):
        self.path, self.library = path, tree.library_digest
        names = " ".join(t.name for t in chosen_trials)
        self.tests = hashlib.sha256((tree.tests_digest + names).encode()).hexdigest()[:16]
        self.lock = threading.Lock()
        self.known = {}
        if path.exists():
            for line in path.read_text().splitlines():
                self._read(line)

    def _read(self, line):
        try:
            result = json.loads(line)
        except json.JSONDecodeError:  # the last line of a killed run
            return
        if result.get("library") != self.library:
            return
        if result["verdict"] == SURVIVED and result["tests"] != self.tests:
            return
        self.known[result["id"]] = result

    def add(self, result):
        result = {"library": self.library, "tests": self.tests, **result}
        with self.lock:
            self.known[result["id"]] = result
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                # End the incomplete line of a killed run.
                file.seek(0, 2)
                if file.tell():
                    file.seek(-1, 2)
                    if file.read(1) != b"\n":
                        file.write(b"\n")
                file.write(json.dumps(result).encode() + b"\n")


def _line(mutant, result):
    by = f" by {result['by']}" if result.get("by") else ""
    return f"{result['verdict']}{by}: {mutant}"


def main_line(output):
    """The most informative line of a failed test's output."""
    for word in ("not ok", "SUMMARY:", "ERROR:", "BUG:", "expected", "FAIL", "error"):
        for line in output.splitlines():
            if word in line:
                return line.strip()[:200]
    return output.strip()[:200]


def _files(path):
    """The files that an argument of a program names."""
    if path.is_dir():
        return sorted(path.glob("*"))
    return [path] if path.is_file() else []


class Runner:
    """One run of the trials on mutants."""

    def __init__(self, tree, results, chosen_trials):
        self.tree, self.results, self.trials = tree, results, chosen_trials
        self.reference = None
        self.limits, self.times = {}, {}
        self.kills = collections.Counter()
        self.builders = []
        self.local = threading.local()
        self.lock = threading.Lock()

    # ---- the unchanged library ----

    def _limits_file(self):
        return self.tree.kept / "limits.json"

    def _digest(self, trial):
        """A hash of the library, the programs and the inputs of a trial."""
        files = [path for program in (trial.program, *trial.needs)
                 for path in (*self.tree.objects_of(program),
                              *(self.tree.build / name for name in program.archives))]
        files += [self.tree.build / f"libharness-{trial.flavour}.a",
                  *(p for a in trial.arguments for p in _files(pathlib.Path(a)))]
        digest = hashlib.sha256(self.tree.library_digest.encode())
        for path in files:
            status = path.stat()
            digest.update(f"{path} {status.st_mtime_ns} {status.st_size}".encode())
        return digest.hexdigest()[:16]

    def _kept_times(self):
        try:
            return json.loads(self._limits_file().read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}

    def _keep_times(self, times):
        beside = self.tree.work / "limits.json"
        beside.write_text(json.dumps(times))
        beside.replace(self._limits_file())

    def measure(self):
        """Every trial passes on the unchanged library; its time sets the limit for mutants."""
        kept = self._kept_times()
        builder = build.Builder(self.tree, self.tree.work / "clean")
        builder.begin(None)
        for trial in self.trials:
            digest = self._digest(trial)
            if kept.get(trial.name, [None])[0] != digest:
                print(f"the unchanged library: {trial.name}", file=sys.stderr, flush=True)
                outcome = trials.run_trial(builder, trial, trials.FIRST_LIMIT)
                if not outcome.good:
                    raise CleanFails(f"{trial.name}: {outcome.status}: expected the unchanged "
                                     f"library to pass: {main_line(outcome.output)}")
                kept[trial.name] = [digest, outcome.seconds, outcome.cpu]
                self._keep_times(kept)
            _, seconds, cpu = kept[trial.name]
            self.limits[trial.name] = trials.limit_from(seconds, cpu)
            self.times[trial.name] = cpu
        builder.end()

    # ---- one mutant ----

    def _builder(self):
        if not hasattr(self.local, "builder"):
            with self.lock:
                directory = self.tree.work / f"worker-{len(self.builders)}"
                self.local.builder = build.Builder(self.tree, directory)
                self.builders.append(self.local.builder)
        return self.local.builder

    def _in_order(self, mutant, flavour, last):
        """First the trials that killed most mutants of this file, then the cheapest."""
        chosen = [t for t in self.trials if (t.last == last) and (last or t.flavour == flavour)]
        return sorted(chosen, key=lambda t: (-self.kills[mutant.file, t.name],
                                             self.times[t.name]))

    def _differs(self, builder, mutant, flavour):
        """Does the mutant change the object code of the flavour?"""
        names = builder.sources(mutant.file)
        return any(builder.code(name, flavour) != self.reference.code(name, flavour)
                   for name in names)

    def _killer(self, builder, mutant, flavour, last=False, only_tests=False):
        for trial in self._in_order(mutant, flavour, last):
            if only_tests and not builder.changes_test(trial.program):
                continue
            outcome = trials.run_trial(builder, trial, self.limits[trial.name])
            if not outcome.good:
                with self.lock:
                    self.kills[mutant.file, trial.name] += 1
                return {"verdict": KILLED, "by": trial.name, "flavour": trial.flavour,
                        "status": str(outcome.status), "said": main_line(outcome.output)}
        return None

    def _verdict(self, builder, mutant):
        different = False
        for flavour in self.tree.flavours:
            differs = self._differs(builder, mutant, flavour)
            different |= differs
            changed_tests = any(builder.changes_test(t.program) for t in self.trials)
            if differs or changed_tests:
                killed = self._killer(builder, mutant, flavour, only_tests=not differs)
                if killed:
                    return killed
                different = True
        if not different:
            return {"verdict": SAME}
        return self._killer(builder, mutant, None, last=True) or {"verdict": SURVIVED}

    def test(self, mutant):
        builder = self._builder()
        try:
            builder.begin(mutant)
            verdict = self._verdict(builder, mutant)
        except build.BuildFailed as reason:
            verdict = {"verdict": STILLBORN, "said": str(reason)[:200]}
        finally:
            builder.end()
        result = {"id": mutant.id, "file": mutant.file, "line": mutant.line,
                  "function": mutant.function, "operator": mutant.operator, "was": mutant.was,
                  "becomes": mutant.becomes, **verdict}
        self.results.add(result)
        return result

    # ---- all ----

    def run(self, mutants, jobs, again=False):
        """Test the mutants that have no verdict yet."""
        todo = [m for m in mutants if again or m.id not in self.results.known]
        if not todo:
            return
        self.tree.begin()
        try:
            self._prepare(todo)
            self._test_all(todo, jobs)
        finally:
            self.tree.end()

    def _prepare(self, todo):
        self.measure()
        self.reference = build.Reference(self.tree)
        self.reference.compile_all(sorted({name for mutant in todo
                                    for name in self.reference.builder.sources(mutant.file)}))

    def _test_all(self, todo, jobs):
        progress = Progress(len(todo))
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            waiting = {pool.submit(self.test, m): m for m in todo}
            try:
                for done in concurrent.futures.as_completed(waiting):
                    progress.report(_line(waiting[done], done.result()))
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        progress.end()
