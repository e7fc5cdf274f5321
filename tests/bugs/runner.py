# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run all columns on all subjects, several at a time, and store the results.

The results are written after every subject, to a temporary file that is then renamed. Stored results
of the same library, bug, programs and limit are used again, so a stopped run resumes.
"""
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import shutil
import threading

import build
import columns
from bank import BadBank
from library_build import Progress

VERSION = 1


def _outcome(cell):
    if "failed" in cell:
        return "FAILED"
    killed = [t for t in cell["trials"] if t["killed"]]
    return killed[0]["detector"] if killed else "survived"


def _line(subject, cells):
    said = ", ".join(f"{name}: {_outcome(cell)}" for name, cell in cells.items()
                     if "skipped" not in cell)
    return f"{subject.name}: {said or 'skipped'}"


def _about(subject):
    """The properties of a subject in the results, besides its cells."""
    if not subject.bug:
        return {"clean": True, "flavour": subject.flavour, "backend": subject.backend}
    return {"clean": False, **dataclasses.asdict(subject.bug)}


class Runner:
    """One run of the suite."""

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
                raise ValueError("the version is not a number")
        except FileNotFoundError:
            return empty
        except (ValueError, LookupError, TypeError) as error:
            raise BadBank(f"{path}: expected results of an earlier run: {error}") from error
        return results if results["version"] == VERSION else empty

    def _save(self):
        path = self.options.results
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".new")
        temporary.write_text(json.dumps(self.results, indent=1, sort_keys=True) + "\n")
        os.replace(temporary, path)

    # ---- one cell ----

    def _digest(self, subject, column):
        digest = hashlib.sha256(self.bench.builder(subject).digest().encode())
        for program in subject.programs:
            digest.update(program.read_bytes())
        if columns.COLUMNS[column][1]:
            digest.update(f"{self.options.time} {self.options.trials}".encode())
        return digest.hexdigest()[:16]

    def _trials(self, subject, column):
        look, chance = columns.COLUMNS[column]
        count = self.options.trials if chance else 1
        done = []
        # If more than half of the trials found nothing, the median exceeds the limit, whatever the
        # others find. On the unchanged library each trial matters.
        while len(done) < count and (not subject.bug or
                                     2 * sum(not t["killed"] for t in done) <= count):
            done.append(dataclasses.asdict(look(self.bench, subject, len(done) + 1)))
        return done

    def _cell(self, subject, column, before):
        digest = self._digest(subject, column)
        if not self.options.again and before.get("digest") == digest and "failed" not in before:
            return before
        cell = {"digest": digest, "limit": self.options.time}
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
            progress.report(_line(subject, cells))
        if subject.bug and not self.options.keep:
            shutil.rmtree(self.bench.builder(subject).directory, ignore_errors=True)

    def run(self, subjects):
        """Return: the results of these subjects. The file also keeps those of other subjects."""
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
