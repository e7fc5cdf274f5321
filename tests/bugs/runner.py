# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Looks at all subjects in all columns, some at a time, and keeps what came of it.

Results are written after every subject, beside the file and then renamed. What the file holds
already is taken from there, if it is about the same library, bug, programs and limit; so a
run that was stopped goes on where it was.
"""
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import shutil
import sys
import threading

import build
import columns
from bank import BadBank

VERSION = 1


class Progress:
    """One line that is refreshed on a terminal, a line a subject elsewhere."""

    def __init__(self, total):
        self.total, self.done = total, 0
        self.terminal = sys.stderr.isatty()

    def tell(self, subject, cells):
        self.done += 1
        said = ", ".join(f"{name}: {self._word(cell)}" for name, cell in cells.items()
                         if "skipped" not in cell)
        line = f"[{self.done}/{self.total}] {subject.name}: {said or 'skipped'}"
        if self.terminal:
            print(f"\r\x1b[K{line[:shutil.get_terminal_size().columns - 1]}", end="",
                  file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def end(self):
        if self.terminal and self.done:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    @staticmethod
    def _word(cell):
        if "failed" in cell:
            return "FAILED"
        killed = [t for t in cell["trials"] if t["killed"]]
        return killed[0]["detector"] if killed else "survived"


def _about(subject):
    """What stands in the results about a subject, beside its cells."""
    if not subject.bug:
        return {"clean": True, "flavour": subject.flavour, "backend": subject.backend}
    return {"clean": False, **dataclasses.asdict(subject.bug)}


class Runner:
    """One run of the bank."""

    def __init__(self, tree, options):
        self.tree, self.options = tree, options
        self.bench = columns.Bench(tree, options.time)
        self.lock = threading.Lock()
        self.results = self._load()

    # ---- the file ----

    def _load(self):
        empty = {"version": VERSION, "subjects": {}}
        path = self.options.results
        try:
            results = json.loads(path.read_text())
            if not isinstance(results["version"], int):
                raise ValueError("a version that is none")
        except FileNotFoundError:
            return empty
        except (ValueError, LookupError, TypeError) as error:
            raise BadBank(f"{path}: expected results of an earlier run: {error}") from error
        return results if results["version"] == VERSION else empty

    def _save(self):
        path = self.options.results
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + ".new")
        beside.write_text(json.dumps(self.results, indent=1, sort_keys=True) + "\n")
        os.replace(beside, path)

    # ---- one cell ----

    def _stamp(self, subject, column):
        digest = hashlib.sha256(self.bench.builder(subject).stamp().encode())
        for program in subject.programs:
            digest.update(program.read_bytes())
        if columns.COLUMNS[column][1]:
            digest.update(f"{self.options.time} {self.options.trials}".encode())
        return digest.hexdigest()[:16]

    def _trials(self, subject, column):
        look, chance = columns.COLUMNS[column]
        count = self.options.trials if chance else 1
        done = []
        # More than half that saw nothing: whatever the rest sees, the median is beyond the
        # limit. On the good library each trial counts.
        while len(done) < count and (not subject.bug or
                                     2 * sum(not t["killed"] for t in done) <= count):
            done.append(dataclasses.asdict(look(self.bench, subject, len(done) + 1)))
        return done

    def _cell(self, subject, column, before):
        stamp = self._stamp(subject, column)
        if not self.options.again and before.get("stamp") == stamp and "failed" not in before:
            return before
        cell = {"stamp": stamp, "limit": self.options.time}
        try:
            cell["trials"] = self._trials(subject, column)
        except columns.Unusable as reason:
            cell["skipped"] = str(reason)
        except (build.BuildFailed, OSError) as reason:
            cell["failed"] = str(reason)
        return cell

    # ---- all ----

    def _subject(self, subject, progress):
        before = self.results["subjects"].get(subject.name, {}).get("cells", {})
        cells = {c: self._cell(subject, c, before.get(c, {})) for c in self.options.columns}
        with self.lock:
            self.results["subjects"][subject.name] = {**_about(subject), "cells": {**before, **cells}}
            self._save()
            progress.tell(subject, cells)
        if subject.bug and not self.options.keep:
            shutil.rmtree(self.bench.builder(subject).directory, ignore_errors=True)

    def run(self, subjects):
        """The results, of these subjects only. What is left of older ones stays in the file."""
        progress = Progress(len(subjects))
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            jobs = [pool.submit(self._subject, subject, progress) for subject in subjects]
            try:
                for job in concurrent.futures.as_completed(jobs):
                    job.result()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        progress.end()
        return {subject.name: self.results["subjects"][subject.name] for subject in subjects}
