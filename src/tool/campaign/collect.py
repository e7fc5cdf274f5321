# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Copy what the engines found from their directories to corpus/ and findings/.

While engines run, a file may be incomplete, and is read again until it is complete. After all engines ended
(@have_engines_ended), a file that cannot be kept is logged and counted as lost.
"""
import contextlib
import os
import re
import time

from campaign.target import ENGINES
from util.shared import hash_input, log_to_standard_output, read_valid_input_or_raise, replace_file

REPORT_SIZE_MOST = 1 << 16
# A file or directory counts as complete if it has not changed for this number of seconds.
COMPLETE_AGE = 2


def was_unchanged_for_complete_age(file_status):
    return file_status.st_mtime + COMPLETE_AGE <= time.time()


class Collection:
    def __init__(self, target, have_engines_ended, now):
        self.target, self.have_engines_ended, self.now = target, have_engines_ended, now

    # ---- findings ----

    def find_worker_with_finding_path(self, path):
        """Return: the worker whose log names the file, or None."""
        return next((worker for worker in self.target.list_workers() if worker.finding_path == path), None)

    def copy_log_end_to_reports(self, worker, finding_name):
        """Copy the end of the engine's log to reports/: the next start of the engine replaces the log."""
        with contextlib.suppress(OSError), open(worker.log_path, "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - REPORT_SIZE_MOST))
            replace_file(self.target.findings.temporary_path, f"{self.target.directory}/reports/{finding_name}",
                         log.read(REPORT_SIZE_MOST))

    def log_finding_unless_reason_logged(self, finding_kind, finding_name, reason):
        """Log a finding, unless a finding with the same reason was logged. Numbers in reasons are ignored, because
        they differ between reports of one failure."""
        target = self.target
        plain_reason = re.sub("[0-9][0-9a-fA-F]*", "#", reason)
        if plain_reason in target.reported_reasons:
            return
        if reason:
            target.reported_reasons.add(plain_reason)
        message = (f"FINDING {target.name}, {finding_kind}{': ' if reason else ''}{reason}\n"
                   f"  replay: {target.format_replay_shell_command(f'{target.findings.path}/{finding_name}')}")
        target.first_finding = target.first_finding or message
        log_to_standard_output(message)

    def store_and_log_new_finding(self, path, finding_kind, content):
        writer, name = self.find_worker_with_finding_path(path), f"{finding_kind}-{hash_input(content)}"
        if not self.target.findings.add_input_if_new(content, f"{finding_kind}-"):
            return
        if writer:
            self.copy_log_end_to_reports(writer, name)
        self.log_finding_unless_reason_logged(finding_kind, name, writer.end_reason if writer else "")

    # ---- files ----

    def copy_to_corpus_and_queue(self, path, content):
        if self.target.corpus.add_input_if_new(content):
            self.target.last_find_time = self.now
            # An entry that comes from the queue is not copied back: libFuzzer may have removed it.
            if not path.startswith(self.target.queue):
                self.target.add_to_queue_unless_finding(content)

    def log_lost_file_if_engines_ended(self, path, reason):
        """If the engines have ended, log and count a file that could not be kept: it is not tried again."""
        if self.have_engines_ended:
            log_to_standard_output(f"{self.target.name}: {path} is not kept: {reason}")
            self.target.lost_count += 1

    def is_file_complete(self, path, finding_kind, content):
        if self.have_engines_ended or was_unchanged_for_complete_age(os.stat(path)):
            return True
        # The names of libFuzzer's files end with the hash of their content. A finding is logged with its reason,
        # which the engine prints after it wrote the input.
        return path.endswith(hash_input(content)) and (
            not finding_kind or self.find_worker_with_finding_path(path) is not None)

    def collect_file(self, path, finding_kind):
        """Keep the file if it is complete. Return: whether it was kept, so that it need not be read again."""
        try:
            content = read_valid_input_or_raise(path)
        except OSError as error:
            if finding_kind and (error.strerror != "empty" or path.endswith(hash_input(b""))):
                self.log_lost_file_if_engines_ended(path, error.strerror)
            return False
        try:
            if not self.is_file_complete(path, finding_kind, content):
                return False
            if finding_kind:
                self.store_and_log_new_finding(path, finding_kind, content)
            else:
                self.copy_to_corpus_and_queue(path, content)
        except OSError as error:
            self.log_lost_file_if_engines_ended(path, error.strerror)
            return False
        return True

    # ---- directories ----

    def log_lost_directory_unless_missing(self, path, error):
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            self.log_lost_file_if_engines_ended(path, error.strerror)

    def collect_directory(self, directory, engine_output):
        """Collect the new files of a directory. A directory is not listed again if it has not changed since all
        its files were kept."""
        target, key = self.target, (directory, engine_output.name_prefix)
        try:
            status = os.stat(directory)
            if not self.have_engines_ended and target.listing_times.get(key) == status.st_mtime_ns:
                return
            names = {name for name in os.listdir(directory)
                     if not name.startswith(".") and name.startswith(engine_output.name_prefix)}
        except OSError as error:
            self.log_lost_directory_unless_missing(directory, error)
            return
        handled_names = target.handled_files.setdefault(key, set())
        handled_names &= names  # forget the files that libFuzzer removed
        new_names = sorted(names - handled_names)
        for name in new_names:
            if self.collect_file(f"{directory}/{name}", engine_output.finding_kind):
                handled_names.add(name)
        if not new_names and was_unchanged_for_complete_age(status):
            target.listing_times[key] = status.st_mtime_ns

    def collect_output_directories(self, engine_output):
        parent, has_any_name, leaf = engine_output.directory.partition("/*/")
        parent = f"{self.target.directory}/{parent}"
        try:
            names = os.listdir(parent) if has_any_name else []
        except OSError as error:
            self.log_lost_directory_unless_missing(parent, error)
            return
        for directory in [f"{parent}/{name}/{leaf}" for name in names] if has_any_name else [parent]:
            self.collect_directory(directory, engine_output)


def collect_inputs(target, have_engines_ended, now):
    """Copy the new inputs of all engines to the corpus and the findings of the target."""
    collection = Collection(target, have_engines_ended, now)
    target.lost_count = 0
    for engine in ENGINES:
        for engine_output in engine.engine_outputs:
            collection.collect_output_directories(engine_output)
