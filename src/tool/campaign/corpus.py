# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A corpus directory: inputs under the SHA-1 of their content.

An input is written to a temporary file in the parent directory and then renamed, so a file with its
name is whole, whatever process was killed. No file in the directory is ever changed or removed; files
that are no inputs are left alone.
"""
import contextlib
import hashlib
import os
import stat

# Engines skip larger inputs.
INPUT_SIZE_MOST = 1 << 20

FILE_KINDS = {stat.S_IFDIR: "a directory", stat.S_IFSOCK: "a socket", stat.S_IFIFO: "a pipe"}


class NotAnInput(OSError):
    """A file that no engine reads; strerror is the reason."""

    def __init__(self, reason):
        super().__init__(0, reason)


def hash_input(content):
    return hashlib.sha1(content).hexdigest()


def read_input(path):
    """Return: the content of a regular file of 1 .. INPUT_SIZE_MOST bytes. Raises OSError."""
    kind = stat.S_IFMT(os.stat(path).st_mode)
    if kind != stat.S_IFREG:
        raise NotAnInput(FILE_KINDS.get(kind, "a device"))
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as file:
        content = file.read(INPUT_SIZE_MOST + 1)
    if not content:
        raise NotAnInput("empty")
    if len(content) > INPUT_SIZE_MOST:
        raise NotAnInput("larger than 1 MiB")
    return content


def sync_directory(path):
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(temporary_path, path, content, is_durable=False):
    """Write the file @path whole, or leave it as it is. @is_durable: content and name are on the disk."""
    try:
        with open(temporary_path, "wb") as file:
            file.write(content)
            if is_durable:
                file.flush()
                os.fsync(file.fileno())
        os.rename(temporary_path, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary_path)
        raise
    if is_durable:
        sync_directory(os.path.dirname(path))


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
