# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The interface of a fuzzing engine: how a campaign starts it, where it writes inputs, and how its figures are
read. To add an engine, add one file, and one entry of ENGINES in target.py.
"""
import collections
import os

# A place where an engine writes inputs. @directory: in the target's directory, "*" is any name. @name_prefix: the
# beginning of file names. @finding_kind: "crash", "timeout" ...; "": the inputs are entries of the corpus.
EngineOutput = collections.namedtuple("EngineOutput", "directory name_prefix finding_kind")


def is_executable(*path_parts):
    return os.access("/".join(path_parts), os.X_OK)


class Engine:
    """A subclass has these methods:

    format_name_suffix(worker_number)                  the part of the worker's name after the engine's name
    make_command(worker)                             the command line that starts the engine
    describe_missing_part(campaign_options, target)  what the engine lacks to run on the target, or ""
    parse_log_line(worker, line)                     sets figures of the worker by a line that it printed
    """
    name = ""
    role_count = 1  # processes with different settings that each target needs
    engine_outputs = ()

    def make_environment(self, _worker):
        return os.environ

    def read_engine_statistics(self, worker):
        """Set figures of the worker by files of the engine; called before a start, and once a second."""
