# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Run the Python part of a command: start.py COMMAND NAME=VALUE... -- ARGUMENT... (script.c).

The module of a command has DEFAULTS: a default for each option that the C part may leave out; a value gets
the type of its default. The module also has run(options), which returns an exit status.
"""
import importlib
import os
import signal
import sys
import traceback
import types

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
from util.shared import EXIT_BAD, UsageError, log_to_standard_error  # noqa: E402

MODULES = {"explain": "explain.explain", "fuzz": "campaign.main", "to-c": "to_c.to_c", "triage": "finding.triage"}


def parse_options(words, defaults):
    """@words: NAME=VALUE... -- ARGUMENT... Return: an object with `arguments` and each NAME."""
    end = words.index("--")
    values = dict(defaults)
    for name, _, text in (word.partition("=") for word in words[:end]):
        name = name.replace("-", "_")
        default = defaults.get(name)
        values[name] = True if isinstance(default, bool) else int(text) if isinstance(default, int) else text
    return types.SimpleNamespace(arguments=words[end + 1:], **values)


def run_command(command_name, words):
    module = importlib.import_module(MODULES[command_name])
    if command_name != "fuzz":  # the campaign handles SIGINT itself
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        status = module.run(parse_options(words, module.DEFAULTS))
        sys.stdout.flush()
        return status
    except UsageError as error:
        log_to_standard_error(f"pagetorture {command_name}: {error} (see pagetorture {command_name} --help)")
    except BrokenPipeError:
        pass
    except OSError as error:
        what = f"read or write {error.filename}" if error.filename else "write standard output"
        log_to_standard_error(f"pagetorture {command_name}: expected to {what}: {error.strerror}")
    except Exception:
        # Status 1 would mean that there are findings.
        traceback.print_exc()
    os._exit(EXIT_BAD)  # without another attempt to write standard output


if __name__ == "__main__":
    sys.exit(run_command(sys.argv[1], sys.argv[2:]))
