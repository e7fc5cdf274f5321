# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A corpus directory: inputs under the SHA-1 of their content.

An input is written to a temporary file in the parent directory and then renamed, so a file with its
name is whole, whatever process was killed. No file in the directory is ever changed or removed; files
that are no inputs are left alone.
"""
import os

from util.shared import hash_input, log_message, read_input, replace_file


class CorpusDirectory:
    def __init__(self, target_name, parent, name, is_durable):
        self.target_name, self.path, self.is_durable = target_name, f"{parent}/{name}", is_durable
        self.temporary_path = f"{parent}/.temporary"
        self.hashes = set()
        self.write_error = ""  # of the last write

    def read_inputs(self):
        """Yield the content of each input that is there; log why other files are none."""
        for name in sorted(os.listdir(self.path)):
            path = f"{self.path}/{name}"
            if name.startswith("."):
                continue
            try:
                content = read_input(path)
            except OSError as error:
                log_message(f"{self.target_name}: skipped, no input: {path}: {error.strerror}")
                continue
            self.hashes.add(hash_input(content))
            yield content

    def add_input(self, content, prefix=""):
        """Write the input as @prefix and its hash. Log an error once, until it is over or another. Return: False
        if the input was there. Raises OSError."""
        content_hash = hash_input(content)
        if content_hash in self.hashes:
            return False
        try:
            replace_file(self.temporary_path, f"{self.path}/{prefix}{content_hash}", content, self.is_durable)
        except OSError as error:
            if error.strerror != self.write_error:
                log_message(f"{self.target_name}: cannot write to {self.path}: {error.strerror}; tries again")
            self.write_error = error.strerror
            raise
        self.hashes.add(content_hash)
        self.write_error = ""
        return True
