# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Copy what the engines found from their directories to corpus/ and findings/.

While engines run a file may be incomplete; it is read again until it is whole. When no engine runs any
more (@is_settled), what cannot be kept is logged and counted as lost.
"""
import contextlib
import os
import re
import time

from campaign.target import ENGINES
from util.shared import hash_input, log_message, read_input, replace_file

REPORT_SIZE_MOST = 1 << 16
# A file or directory is complete when it has not changed for so many seconds.
COMPLETE_AGE = 2


def was_unchanged_for_complete_age(status):
    return status.st_mtime + COMPLETE_AGE <= time.time()


class Collection:
    def __init__(self, target, is_settled, now):
        self.target, self.is_settled, self.now = target, is_settled, now

    # ---- findings ----

    def find_worker_that_wrote(self, path):
        """Return: the worker whose log names the file, or None."""
        return next((worker for worker in self.target.list_workers() if worker.finding_path == path), None)

    def keep_report(self, worker, name):
        """Copy the end of the engine's log, which its next start replaces."""
        with contextlib.suppress(OSError), open(worker.log_path, "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - REPORT_SIZE_MOST))
            replace_file(self.target.findings.temporary_path, f"{self.target.directory}/reports/{name}",
                         log.read(REPORT_SIZE_MOST))

    def log_finding(self, kind, name, reason):
        """Log a finding, if none with that reason was logged. Numbers differ between reports of one failure."""
        target = self.target
        plain_reason = re.sub("[0-9][0-9a-fA-F]*", "#", reason)
        if plain_reason in target.reported_reasons:
            return
        if reason:
            target.reported_reasons.add(plain_reason)
        message = (f"FINDING {target.name}, {kind}{': ' if reason else ''}{reason}\n"
                   f"  replay: {target.make_replay_command(f'{target.findings.path}/{name}')}")
        target.first_finding = target.first_finding or message
        log_message(message)

    def keep_finding(self, path, kind, content):
        writer, name = self.find_worker_that_wrote(path), f"{kind}-{hash_input(content)}"
        if not self.target.findings.add_input(content, f"{kind}-"):
            return
        if writer:
            self.keep_report(writer, name)
        self.log_finding(kind, name, writer.end_reason if writer else "")

    # ---- files ----

    def keep_corpus_entry(self, path, content):
        if self.target.corpus.add_input(content):
            self.target.last_find_time = self.now
            # The engines have read an entry of the queue, and may have removed it since.
            if not path.startswith(self.target.queue):
                self.target.add_to_queue(content)

    def log_lost_file(self, path, reason):
        """Log a file that is not tried again, because no engine runs any more."""
        if self.is_settled:
            log_message(f"{self.target.name}: {path} is not kept: {reason}")
            self.target.lost_count += 1

    def is_file_complete(self, path, kind, content):
        if self.is_settled or was_unchanged_for_complete_age(os.stat(path)):
            return True
        # The names of libFuzzer's files end with the hash of their content. A finding is logged with its reason,
        # which the engine prints after it wrote the input.
        return path.endswith(hash_input(content)) and (not kind or self.find_worker_that_wrote(path) is not None)

    def collect_file(self, path, kind):
        """Return: whether the file need not be read again."""
        try:
            content = read_input(path)
        except OSError as error:
            if kind and (error.strerror != "empty" or path.endswith(hash_input(b""))):
                self.log_lost_file(path, error.strerror)
            return False
        try:
            if not self.is_file_complete(path, kind, content):
                return False
            if kind:
                self.keep_finding(path, kind, content)
            else:
                self.keep_corpus_entry(path, content)
        except OSError as error:
            self.log_lost_file(path, error.strerror)
            return False
        return True

    # ---- directories ----

    def log_unreadable_directory(self, path, error):
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            self.log_lost_file(path, error.strerror)

    def collect_directory(self, directory, source):
        """A directory that has not changed since all in it was handled is not listed again."""
        target, key = self.target, (directory, source.name_prefix)
        try:
            status = os.stat(directory)
            if not self.is_settled and target.listing_times.get(key) == status.st_mtime_ns:
                return
            names = {name for name in os.listdir(directory)
                     if not name.startswith(".") and name.startswith(source.name_prefix)}
        except OSError as error:
            self.log_unreadable_directory(directory, error)
            return
        handled_names = target.handled_files.setdefault(key, set())
        handled_names &= names  # libFuzzer removes files
        new_names = sorted(names - handled_names)
        for name in new_names:
            if self.collect_file(f"{directory}/{name}", source.finding_kind):
                handled_names.add(name)
        if not new_names and was_unchanged_for_complete_age(status):
            target.listing_times[key] = status.st_mtime_ns

    def collect_source(self, source):
        parent, has_any_name, leaf = source.directory.partition("/*/")
        parent = f"{self.target.directory}/{parent}"
        try:
            names = os.listdir(parent) if has_any_name else []
        except OSError as error:
            self.log_unreadable_directory(parent, error)
            return
        for directory in [f"{parent}/{name}/{leaf}" for name in names] if has_any_name else [parent]:
            self.collect_directory(directory, source)


def collect_inputs(target, is_settled, now):
    collection = Collection(target, is_settled, now)
    target.lost_count = 0
    for engine in ENGINES:
        for source in engine.sources:
            collection.collect_source(source)
