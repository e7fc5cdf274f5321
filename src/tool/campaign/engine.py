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
    """A subclass has name_role(worker_number), make_command(worker), and

    find_missing_part(options, target)    what is missing to run it on the target, or ""
    read_log_line(worker, line)           handles a line that the engine printed
    """
    name = ""
    role_count = 1  # processes with different settings; each target needs all of them
    sources = ()

    def make_environment(self, _worker):
        return os.environ

    def read_engine_statistics(self, worker):
        """Read statistics that the engine keeps in files: before it starts, and once a second."""
