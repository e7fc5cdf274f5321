# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A corpus directory: each input is a file that is named by the SHA-1 of its content.

An input is written to a temporary file in the parent directory and then renamed, so a file in
the corpus directory is complete, whatever process was killed. The campaign never changes or removes a file in
the directory; files that are no inputs are ignored.
"""
import os

from util.shared import hash_input, log_to_standard_output, read_valid_input_or_raise, replace_file


class CorpusDirectory:
    def __init__(self, target_name, parent_directory, directory_name, must_sync_files):
        self.target_name, self.must_sync_files = target_name, must_sync_files
        self.path, self.temporary_path = f"{parent_directory}/{directory_name}", f"{parent_directory}/.temporary"
        self.hashes = set()
        self.write_error = ""  # why the last write failed; "": it succeeded

    def register_and_yield_inputs(self):
        """Record the hash of each input in the directory, and yield the content. Log files that are no inputs."""
        for name in sorted(os.listdir(self.path)):
            path = f"{self.path}/{name}"
            if name.startswith("."):
                continue
            try:
                content = read_valid_input_or_raise(path)
            except OSError as error:
                log_to_standard_output(f"{self.target_name}: skipped, no input: {path}: {error.strerror}")
                continue
            self.hashes.add(hash_input(content))
            yield content

    def add_input_if_new(self, content, name_prefix=""):
        """Write the input to a file that is named @name_prefix and the hash. Log an error, unless it is equal to
        that of the last write. Return: False if the directory has the input already. Raises OSError."""
        content_hash = hash_input(content)
        if content_hash in self.hashes:
            return False
        try:
            replace_file(self.temporary_path, f"{self.path}/{name_prefix}{content_hash}", content,
                         self.must_sync_files)
        except OSError as error:
            if error.strerror != self.write_error:
                log_to_standard_output(f"{self.target_name}: cannot write to {self.path}: {error.strerror}; tries again")
            self.write_error = error.strerror
            raise
        self.hashes.add(content_hash)
        self.write_error = ""
        return True
