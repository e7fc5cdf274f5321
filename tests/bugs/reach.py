# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""For a bug that fuzzing did not find: measures whether an input executed a line that its patch changed.

The patched sources are compiled again with coverage, and run the inputs that the engine kept, which
have the same coverage as all inputs together.
"""
import collections
import os
import re
import shutil

from library_build import BuildFailed, run_returning_status_and_output

HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")


def list_changed_lines(patch_path):
    """Return: {(file, line)} of the patched source; for a removed line, the next line."""
    found, file, line, is_after_removed = set(), None, 0, False
    for text in patch_path.read_text().splitlines():
        hunk = HUNK.match(text)
        if text.startswith("+++ "):
            file = text.split()[1].rsplit("/", 1)[-1]
        elif hunk:
            line, is_after_removed = int(hunk[1]), False
        elif file and text[:1] in ("+", " "):
            if text[0] == "+" or is_after_removed:
                found.add((file, line))
            line, is_after_removed = line + 1, False
        elif file and text[:1] == "-":
            is_after_removed = True
    return found


def _parse_executed_lines(lcov_text):
    """Return: {(file, line): whether it was executed} of the lines with code."""
    counts = collections.Counter()
    for record in lcov_text.split("SF:")[1:]:
        file = record.split("\n", 1)[0].rsplit("/", 1)[-1]
        for number, count in re.findall(r"^DA:(\d+),(\d+)", record, re.MULTILINE):
            counts[file, int(number)] += int(count)
    return {place: count > 0 for place, count in counts.items()}


def measure_if_changed_line_executed(tester, program, patch_path, corpus_directory, directory, **environment):
    """Return: whether an input of the corpus executes a changed line; None if that cannot be measured. The
    profile is written to @directory."""
    flags, llvm_cov = os.environ["LIBRARY_COVERAGE"].split(), os.environ["LIBRARY_LLVM_COV"]
    if not flags or not shutil.which(llvm_cov):
        return None
    binary = tester.library_builder.build_program(program, *flags)
    raw, profile = directory / "raw", directory / "profile"
    run_returning_status_and_output([binary, "-runs=0", "-timeout=10", corpus_directory], timeout=120,
                           env={**os.environ, **environment, "LLVM_PROFILE_FILE": str(raw)})
    if not raw.exists() or run_returning_status_and_output([os.environ["LIBRARY_LLVM_PROFDATA"], "merge", raw, "-o", profile])[0]:
        return None
    status, output = run_returning_status_and_output([llvm_cov, "export", "-format=lcov", binary, f"-instr-profile={profile}"])
    if status:
        raise BuildFailed(f"{binary}: {output}")
    executed = _parse_executed_lines(output)
    seen = [executed[place] for place in list_changed_lines(patch_path) if place in executed]
    return any(seen) if seen else None
