# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Makes mutants, looks whether anything notices, and keeps what came of it.

Each verdict is appended to the results as one line, so a run that is stopped has lost nothing
but what it was looking at. What is there already is about the same library: the verdict
`killed` and those of the compiler stay good when tests change, that of a survivor does not.
"""
import collections
import concurrent.futures
import hashlib
import json
import pathlib
import shutil
import sys
import threading

import build
import trials

KILLED, SURVIVED, SAME, STILLBORN = "killed", "survived", "same code", "stillborn"


class CleanFails(Exception):
    """The library as it is does not pass: then no verdict means anything."""


class Results:
    """The file of verdicts: the last line about a mutant is the one that counts."""

    def __init__(self, path, tree, chosen_trials):
        self.path, self.library = path, tree.library_stamp
        names = " ".join(t.name for t in chosen_trials)
        self.tests = hashlib.sha256((tree.tests_stamp + names).encode()).hexdigest()[:16]
        self.lock = threading.Lock()
        self.known = {}
        if path.exists():
            for line in path.read_text().splitlines():
                self._take(line)

    def _take(self, line):
        try:
            result = json.loads(line)
        except json.JSONDecodeError:  # the last line of a run that was killed
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
                # What a killed run left of a line ends here.
                file.seek(0, 2)
                if file.tell():
                    file.seek(-1, 2)
                    if file.read(1) != b"\n":
                        file.write(b"\n")
                file.write(json.dumps(result).encode() + b"\n")


class Progress:
    """One line that is refreshed on a terminal, a line a mutant elsewhere."""

    def __init__(self, total):
        self.total = total
        self.counts = collections.Counter()
        self.terminal = sys.stderr.isatty()

    def tell(self, mutant, result):
        self.counts[result["verdict"]] += 1
        done = sum(self.counts.values())
        line = f"[{done}/{self.total}] {result['verdict']}"
        line += f" by {result['by']}: {mutant}" if result.get("by") else f": {mutant}"
        if self.terminal:
            print(f"\r\x1b[K{line[:shutil.get_terminal_size().columns - 1]}", end="",
                  file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def end(self):
        if self.terminal and self.total:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def telling(output):
    """The line of a failing test's output that says most."""
    for word in ("not ok", "SUMMARY:", "ERROR:", "BUG:", "expected", "FAIL", "error"):
        for line in output.splitlines():
            if word in line:
                return line.strip()[:200]
    return output.strip()[:200]


def _files(path):
    """What is there of a program's argument."""
    if path.is_dir():
        return sorted(path.glob("*"))
    return [path] if path.is_file() else []


class Runner:
    """One run."""

    def __init__(self, tree, results, chosen_trials):
        self.tree, self.results, self.trials = tree, results, chosen_trials
        self.reference = None
        self.limits, self.times = {}, {}
        self.kills = collections.Counter()
        self.builders = []
        self.local = threading.local()
        self.lock = threading.Lock()

    # ---- the library as it is ----

    def _limits_file(self):
        return self.tree.kept / "limits.json"

    def _stamp(self, trial):
        """Changes when the library or what looks at it does."""
        files = [path for program in (trial.program, *trial.needs)
                 for path in (*program.objects_of(self.tree),
                              *(self.tree.build / name for name in program.archives))]
        files += [self.tree.build / f"libharness-{trial.flavour}.a",
                  *(p for a in trial.arguments for p in _files(pathlib.Path(a)))]
        digest = hashlib.sha256(self.tree.library_stamp.encode())
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

    def measure(self, tell=print):
        """Every trial passes on the library as it is; how long that takes is their limit."""
        kept = self._kept_times()
        builder = build.Builder(self.tree, self.tree.work / "clean")
        builder.begin(None)
        for trial in self.trials:
            stamp = self._stamp(trial)
            if kept.get(trial.name, [None])[0] != stamp:
                tell(f"the library as it is: {trial.name}")
                outcome = trials.look(builder, trial, trials.FIRST_LIMIT)
                if not outcome.good:
                    raise CleanFails(f"{trial.name}: {outcome.status}: expected the library as it "
                                     f"is to pass: {telling(outcome.output)}")
                kept[trial.name] = [stamp, outcome.seconds, outcome.cpu]
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
        """What killed most mutants of this file comes first, else what is cheap."""
        chosen = [t for t in self.trials if (t.last == last) and (last or t.flavour == flavour)]
        return sorted(chosen, key=lambda t: (-self.kills[mutant.file, t.name],
                                             self.times[t.name]))

    def _differs(self, builder, mutant, flavour):
        """Is there any code of the flavour that is not what it was?"""
        names = builder.sources(mutant.file)
        return any(builder.code(name, flavour) != self.reference.code(name, flavour)
                   for name in names)

    def _killer(self, builder, mutant, flavour, last=False, inside=True):
        for trial in self._in_order(mutant, flavour, last):
            if not inside and not builder.looks_inside(trial.program):
                continue
            outcome = trials.look(builder, trial, self.limits[trial.name])
            if not outcome.good:
                with self.lock:
                    self.kills[mutant.file, trial.name] += 1
                return {"verdict": KILLED, "by": trial.name, "flavour": trial.flavour,
                        "status": str(outcome.status), "said": telling(outcome.output)}
        return None

    def _verdict(self, builder, mutant):
        different = False
        for flavour in self.tree.flags:
            differs = self._differs(builder, mutant, flavour)
            different |= differs
            inside = [t for t in self.trials if builder.looks_inside(t.program)]
            if differs or inside:
                killed = self._killer(builder, mutant, flavour, inside=differs)
                if killed:
                    return killed
                different = True
        if not different:
            return {"verdict": SAME}
        return self._killer(builder, mutant, None, last=True) or {"verdict": SURVIVED}

    def judge(self, mutant):
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
        """Judges those that have no verdict yet."""
        todo = [m for m in mutants if again or m.id not in self.results.known]
        if not todo:
            return
        self.tree.begin()
        try:
            self._prepare(todo)
            self._judge_all(todo, jobs)
        finally:
            self.tree.end()

    def _prepare(self, todo):
        self.measure(lambda line: print(line, file=sys.stderr, flush=True))
        self.reference = build.Reference(self.tree)
        self.reference.warm(sorted({name for mutant in todo
                                    for name in self.reference.builder.sources(mutant.file)}))

    def _judge_all(self, todo, jobs):
        progress = Progress(len(todo))
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            waiting = {pool.submit(self.judge, m): m for m in todo}
            try:
                for done in concurrent.futures.as_completed(waiting):
                    progress.tell(waiting[done], done.result())
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        progress.end()
