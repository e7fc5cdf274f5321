# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""For a bug that fuzzing did not find: did any input execute a line that its patch changed?

The patched sources are compiled again with coverage, and run the inputs that the engine kept. These
have the coverage of all inputs.
"""
import re
import shutil

import build

HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")


def changed_lines(patch):
    """Return: {file: changed lines of the patched source}; for a removed line, the next line."""
    lines, file, at, gone = {}, None, 0, False
    for text in patch.read_text().splitlines():
        hunk = HUNK.match(text)
        if text.startswith("+++ "):
            file = text.split()[1].rsplit("/", 1)[-1]
        elif hunk:
            at, gone = int(hunk[1]), False
        elif file and text[:1] in ("+", " "):
            if text[0] == "+" or gone:
                lines.setdefault(file, set()).add(at)
            at, gone = at + 1, False
        elif file and text[:1] == "-":
            gone = True
    return lines


def _counts(tree, binary, profile):
    """Return: {file: {line: count}} of the sources with coverage."""
    status, output = build.run([tree.llvm_cov, "export", "-format=lcov", binary,
                                f"-instr-profile={profile}"])
    if status:
        raise build.BuildFailed(f"{binary}: {output}")
    counts, file = {}, None
    for line in output.splitlines():
        if line.startswith("SF:"):
            file = counts.setdefault(line.rsplit("/", 1)[-1], {})
        elif line.startswith("DA:"):
            number, count = line[3:].split(",")[:2]
            file[int(number)] = file.get(int(number), 0) + int(count)
    return counts


def _run(tree, binary, directory, environment):
    """Return: the merged profile, or None if the run wrote none."""
    raw, merged = directory / "reach.profraw", directory / "reach.profdata"
    build.run([binary, "-runs=0", "-timeout=10", directory / "corpus"],
              env={**environment, "LLVM_PROFILE_FILE": str(raw)}, timeout=120)
    if not raw.exists():
        return None
    status, _ = build.run([tree.llvm_profdata, "merge", raw, "-o", merged])
    return None if status else merged


def reached(builder, program, directory, environment):
    """Return: True, False, or None if it cannot be measured."""
    tree = builder.tree
    if not tree.coverage or not shutil.which(tree.llvm_cov) or not builder.patch:
        return None
    binary = builder.make(program, counting=True)
    profile = _run(tree, binary, directory, environment)
    if not profile:
        return None
    counts = _counts(tree, binary, profile)
    seen = [counts[file][line] for file, lines in changed_lines(builder.patch).items()
            for line in lines if line in counts.get(file, {})]
    return any(seen) if seen else None
