# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Format C lines that fill user memory, and that check bytes."""


def make_byte_check_lines(line_number, thread_name, known_bytes):
    """Return: C lines that check the buffer of a thread. @known_bytes: two hex digits a byte; ??: unknown"""
    values = [None if known_bytes[i] == "?" else int(known_bytes[i:i + 2], 16)
              for i in range(0, len(known_bytes), 2)]
    lines, start = [], 0
    while start < len(values):
        first = values[start]
        if first is None:
            start += 1
            continue
        equal = pattern = start + 1
        while equal < len(values) and values[equal] == first:
            equal += 1
        while pattern < len(values) and \
                values[pattern] == (first + pattern - start + (pattern - start) // 256) % 256:
            pattern += 1
        check, end = ("expect_equal_bytes", equal) if equal > pattern else ("expect_pattern", pattern)
        lines.append(f"{check}({line_number}, {thread_name}_bytes, {start}, {end - start}, 0x{first:x});")
        start = end
    return lines


def make_user_pattern_lines(call, start, length):
    offset = f" + {start}" if start else ""
    seed = call.arguments[3 if call.name == "user_store" else 2]
    return [f"fill_user_pattern({call.arguments[0]}_bytes{offset}, {length}, {seed});"] if length else []


def make_user_store_lines(program, call):
    written = program.slices.get(call.arguments[0])
    start, readable = call.parse_numeric_argument(1), written.count_readable_slice_bytes() if written else 0
    return make_user_pattern_lines(call, start, max(0, min(call.parse_numeric_argument(2), readable - start))) or \
        [f"/* line {call.line}: user_store changes no byte of the slice */"]
