# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Read a list of exceptions with reasons: a line `[KIND] reason`, then lines of entries."""
import re


class BadList(Exception):
    """A line that is neither a reason nor an entry; the message has its place."""


def read_entries_with_reasons(path, known_kinds, entry_pattern):
    """Yields (line number, kind, reason, match of @entry_pattern) for each entry."""
    kind = reason = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.strip()
        head, entry = re.fullmatch(r"\[(\w+)\] (\S.*)", line), re.fullmatch(entry_pattern, line)
        if head and head[1] in known_kinds:
            kind, reason = head.groups()
        elif entry and kind and not head:
            yield number, kind, reason, entry
        elif line and not line.startswith("#"):
            raise BadList(f"{path}:{number}: expected `[{'|'.join(known_kinds)}] REASON` and then entries "
                          f"below it, got: {line}")
