# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A corpus directory: inputs under the SHA-1 of their content.

An input is written to a temporary file in the parent directory and then renamed, so a file with its
name is whole, whatever process was killed. No file in the directory is ever changed or removed; files
that are no inputs are left alone.
"""
import os

from util.shared import hash_input, read_input, replace_file


class CorpusDirectory:
    def __init__(self, parent, name, is_durable):
        self.path, self.temporary_path = f"{parent}/{name}", f"{parent}/.temporary"
        self.is_durable = is_durable
        self.hashes = set()
        self.write_error = ""  # of the last write

    def read_inputs(self, report_skipped_file):
        """Yield the content of each input that is there; pass other files, with the reason, on."""
        for name in sorted(os.listdir(self.path)):
            path = f"{self.path}/{name}"
            if name.startswith("."):
                continue
            try:
                content = read_input(path)
            except OSError as error:
                report_skipped_file(path, error.strerror)
                continue
            self.hashes.add(hash_input(content))
            yield content

    def add_input(self, content, prefix=""):
        """Write the input as @prefix and its hash. Return: False if it was there. Raises OSError."""
        content_hash = hash_input(content)
        if content_hash in self.hashes:
            return False
        replace_file(self.temporary_path, f"{self.path}/{prefix}{content_hash}", content, self.is_durable)
        self.hashes.add(content_hash)
        return True
