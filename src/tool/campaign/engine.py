# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""What a fuzzing engine is for a campaign: how it is started, where it leaves what it found, and how
its figures are read. A new engine is one file, and one entry of ENGINES in target.py.
"""
import collections
import os

# Where an engine writes inputs: a directory below the target's, "*" for any name, and how file names
# begin. @finding_kind: "" for an entry of the corpus.
Source = collections.namedtuple("Source", "directory name_prefix finding_kind")


def is_executable(*parts):
    return os.access("/".join(parts), os.X_OK)


class Engine:
    name = ""
    role_count = 1  # processes with different settings; each target needs all of them
    sources = ()

    def find_missing_part(self, options, target):
        """Return: what is missing to run the engine on the target, or ""."""
        raise NotImplementedError

    def name_role(self, worker_number):
        raise NotImplementedError

    def make_command(self, worker):
        raise NotImplementedError

    def make_environment(self, _worker):
        return os.environ

    def read_figures(self, worker):
        """Read statistics that the engine keeps in files: before it starts, and once a second."""

    def read_line(self, worker, line):
        """Handle a line that the engine printed."""
        raise NotImplementedError
