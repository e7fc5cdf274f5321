#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A second implementation of page programs, format 1, written only from the description of the format.

reference.py stores happens-before as sets of events, one bit for each, and compares accesses pair by pair,
which is slow, but independent of the vector clocks and the access log of the rule model.

    reference.py FILE...      print what `pagetorture check --json FILE...` must print

Every FILE must be a program: tests/test_program_text.c tests what is refused.
"""
import collections
import json
import pathlib
import re
import sys
from types import SimpleNamespace

PAGE_SIZE = 4096
SIZE_MAX = 2**64 - 1
THREADS = ("main", *(f"T{number}" for number in range(8)))
OPS_DEF = pathlib.Path(__file__).parents[1] / "src" / "harness" / "program" / "ops.def"
# {name of a call: a letter for each argument}; a capital letter at the beginning is the handle that the call
# fills.
CALLS = dict(re.findall(r'^OP\((\w+), "(\w*)"', OPS_DEF.read_text(), re.M))
CALL_TEXT = re.compile(r"(?:(\w+)\s*:)?\s*(?:(\w+)\s*=)?\s*(\w+)\s*\((.*)\)\s*(?:->\s*\w+)?", re.ASCII)
# @fills: the handle that the call assigns (p0 in `p0 = ...`), or None; @name: the name of the call, such as read_raw
Call = collections.namedtuple("Call", "line thread fills name args")


# ---- text ----

def parse_number(number_text):
    first, sign, second = re.fullmatch(r"(\w+)\s*(?:([+-])\s*(\w+))?", number_text).groups()
    named = {"PAGE_SIZE": PAGE_SIZE, "SIZE_MAX": SIZE_MAX}
    first, second = (named[word] if word in named else int(word, 16 if word[:2] in ("0x", "0X") else 10)
                     for word in (first, second or "0"))
    return first - second if sign == "-" else first + second


def parse_argument(letter, argument_text):
    if letter in "nfzv":
        return parse_number(argument_text)
    return set(re.split(r"\s*\|\s*", argument_text)) if letter == "g" else argument_text


def parse_call(line_number, text):
    thread, fills, name, arguments = CALL_TEXT.fullmatch(text).groups()
    letters = CALLS[name][1:] if CALLS[name][:1].isupper() else CALLS[name]
    args = [parse_argument(letter, word.strip()) for letter, word in zip(letters, arguments.split(","))]
    return Call(line_number, thread or "main", fills, name, args)


def parse_program(text):
    """Return: the calls. The header and the expectations are no calls."""
    lines = [(line, words.partition("#")[0].strip()) for line, words in enumerate(text.split("\n"), 1)]
    return [parse_call(line, words) for line, words in lines if "(" in words]


# ---- rules ----

class Fatal(Exception):
    """A fatal rule is broken; args: its name."""


class Evaluation:
    """Runs the calls of a program, by the rules: do_NAME is the call NAME, and returns its result in text."""

    def __init__(self, calls):
        self.calls = calls
        self.known = dict.fromkeys(THREADS, 0)  # events that happen before the thread's next call
        self.event = -1                         # the number of the running call
        self.handles = {}                       # {handle: page, mapping or user slice}
        self.mutex_owner, self.mutex_known = {}, collections.Counter()  # events before the last unlock
        self.semaphore_count, self.semaphore_known = collections.Counter(), collections.Counter()
        self.maps = {thread: [] for thread in THREADS}
        self.calls_to_failure = dict.fromkeys(THREADS, 0)
        self.verdict, self.races, self.results, self.fatal = set(), {}, [], None

    # ---- order ----

    def can_run_now(self, call):
        if call.name == "lock":
            return self.mutex_owner.get(call.args[0], call.thread) == call.thread
        if call.name == "wait":
            return self.semaphore_count[call.args[0]] > 0
        return True

    def choose_next_call(self, remaining):
        """Main waits for all calls before its own, and other threads for the calls of main before theirs."""
        stopped = set()
        for call in remaining:
            is_first = call is remaining[0] if call.thread == "main" else call.thread not in stopped
            if is_first and self.can_run_now(call):
                return call
            if call.thread == "main":
                return None
            stopped.add(call.thread)
        return None

    def run_all_calls(self):
        remaining = list(self.calls)
        while remaining:
            call = self.choose_next_call(remaining)
            if call is None:
                self.verdict.add("deadlock")
                self.fatal = (remaining[0].line, "deadlock")
                break
            remaining.remove(call)
            try:
                self.run_call(call)
            except Fatal as fatal:
                self.verdict.add(fatal.args[0])
                self.fatal = (call.line, fatal.args[0])
                break
        if self.races:
            self.verdict.add("data-race")
        return self

    def run_call(self, call):
        main = call.thread == "main"
        self.call, self.event = call, self.event + 1
        if main:
            self.known["main"] = (1 << self.event) - 1
        if not self.is_skipped(call):
            result = getattr(self, "do_" + call.name)(*call.args)
            if result is not None:
                self.results.append((call.line, result))
        self.known[call.thread] |= 1 << self.event
        if main:
            for thread in THREADS:
                self.known[thread] = self.known["main"]

    def is_skipped(self, call):
        if call.fills and call.fills in self.handles:
            return True
        for arg in call.args:
            if isinstance(arg, str) and arg[0] in "pku" and arg not in self.handles:
                return True
        if call.name in ("load_atomic", "store_atomic"):
            off, size = call.args[1:3]
            return size not in (1, 2, 4, 8) or off % size != 0
        if call.name == "lock":
            return self.mutex_owner.get(call.args[0]) == call.thread
        if call.name == "unlock":
            return self.mutex_owner.get(call.args[0]) != call.thread
        return False

    # ---- accesses ----

    def record_access(self, page, start, end, is_write, is_atomic=False):
        if start == end:
            return
        call = self.call
        for event, line, thread, other_start, other_end, other_write, other_atomic in page.accesses:
            low, high = max(start, other_start), min(end, other_end)
            if thread != call.thread and low < high and (is_write or other_write) and \
                    not (is_atomic and other_atomic) and not self.known[call.thread] >> event & 1:
                key = (line, call.line, page.name)
                was = self.races.get(key, (low, high))
                self.races[key] = (min(was[0], low), max(was[1], high))
        page.accesses.append((self.event, call.line, call.thread, start, end, is_write, is_atomic))

    def record_read(self, page, off, length, is_atomic=False):
        self.record_access(page, off, off + length, False, is_atomic)

    def record_write(self, page, off, length, is_atomic=False, initialised_flags=None):
        self.record_access(page, off, off + length, True, is_atomic)
        page.init[off:off + length] = b"\1" * length if initialised_flags is None else initialised_flags

    # ---- tests ----

    @staticmethod
    def is_in_page(off, length):
        return off <= PAGE_SIZE and length <= PAGE_SIZE and off + length <= PAGE_SIZE

    @staticmethod
    def require_allocated(page):
        if page.count < 1:
            raise Fatal("use-after-free")

    def require_mappable(self, page, slot_count=1):
        self.require_allocated(page)
        if len(self.maps[self.call.thread]) + slot_count > 16:
            raise Fatal("map-overflow")

    def count_down_and_must_fail(self):
        count = self.calls_to_failure[self.call.thread]
        self.calls_to_failure[self.call.thread] = max(count - 1, 0)
        return count == 1

    # ---- pages ----

    def do_alloc_page(self, flags):
        if "__GFP_NOFAIL" not in flags and self.count_down_and_must_fail():
            return "ENOMEM"
        # @accesses: (event, line, thread, from, to, write, atomic)
        # @known_to_frees: events that happen before a later free_page
        page = self.handles[self.call.fills] = SimpleNamespace(
            name=self.call.fills, count=1, init=bytearray(PAGE_SIZE), accesses=[], known_to_frees=0)
        if "__GFP_ZERO" in flags:
            self.record_write(page, 0, PAGE_SIZE)
        return "0"

    def do_get_page(self, page_handle):
        page = self.handles[page_handle]
        self.require_allocated(page)
        page.count += 1

    def do_free_page(self, page_handle):
        page, thread = self.handles[page_handle], self.call.thread
        self.require_allocated(page)
        self.known[thread] |= page.known_to_frees
        page.count -= 1
        if page.count == 0:
            self.record_write(page, 0, PAGE_SIZE)
        page.known_to_frees |= self.known[thread] | 1 << self.event

    def access_raw(self, page_handle, off, length, is_write):
        if not self.is_in_page(off, length):
            return "EINVAL"
        page = self.handles[page_handle]
        self.require_mappable(page)
        (self.record_write if is_write else self.record_read)(page, off, length)
        return "0"

    def do_read_raw(self, page_handle, off, length):
        return self.access_raw(page_handle, off, length, False)

    def do_write_raw(self, page_handle, off, length, _seed=0):
        return self.access_raw(page_handle, off, length, True)

    do_read_bytewise_atomic = do_read_raw
    do_write_bytewise_atomic = do_fill_zero = do_write_raw

    def do_copy_page(self, to_handle, to_off, from_handle, from_off, length):
        if not self.is_in_page(to_off, length) or not self.is_in_page(from_off, length):
            return "EINVAL"
        if to_handle == from_handle and max(to_off, from_off) < min(to_off, from_off) + length:
            return "EINVAL"
        destination, source = self.handles[to_handle], self.handles[from_handle]
        self.require_mappable(destination)
        self.require_mappable(source, 2)
        self.record_read(source, from_off, length)
        self.record_write(destination, to_off, length, initialised_flags=bytes(source.init[from_off:from_off + length]))
        return "0"

    # ---- user slices ----

    def do_user_slice(self, size, _seed, fault=SIZE_MAX):
        self.handles[self.call.fills] = SimpleNamespace(size=size, readable_size=min(fault, size), position=0)

    def do_skip(self, slice_handle, length):
        user_slice = self.handles[slice_handle]
        if length > user_slice.size - user_slice.position:
            return "EFAULT"
        user_slice.position += length
        return "0"

    def do_user_store(self, *_args):  # changes user memory, which no rule concerns
        pass

    def do_copy_from_user_slice(self, page_handle, slice_handle, off, length):
        if not self.is_in_page(off, length):
            return "EINVAL"
        page, user_slice = self.handles[page_handle], self.handles[slice_handle]
        self.require_mappable(page)
        if length > user_slice.size - user_slice.position:
            return "EFAULT"
        fails = self.count_down_and_must_fail()
        if length == 0:
            return "0"
        self.record_write(page, off, length)
        if fails or user_slice.position + length > user_slice.readable_size:
            return "EFAULT"
        user_slice.position += length
        return "0"

    # ---- mappings ----

    def do_kmap_local(self, page_handle):
        page, thread = self.handles[page_handle], self.call.thread
        self.require_mappable(page)
        mapping = self.handles[self.call.fills] = SimpleNamespace(page=page, thread=thread, is_mapped=True)
        self.maps[thread].append(mapping)

    def require_mapped(self, mapping_handle):
        mapping = self.handles[mapping_handle]
        if not mapping.is_mapped:
            raise Fatal("use-after-unmap")
        if mapping.thread != self.call.thread:
            raise Fatal("foreign-map")
        return mapping

    def require_accessible_page(self, mapping_handle, off, length):
        mapping = self.require_mapped(mapping_handle)
        if not self.is_in_page(off, length):
            raise Fatal("out-of-bounds")
        self.require_allocated(mapping.page)
        return mapping.page

    def do_load(self, mapping_handle, off, length, is_atomic=False):
        page = self.require_accessible_page(mapping_handle, off, length)
        self.record_read(page, off, length, is_atomic)
        if not all(page.init[off:off + length]):
            self.verdict.add("uninit-use")

    def do_store(self, mapping_handle, off, length, _seed, is_atomic=False):
        self.record_write(self.require_accessible_page(mapping_handle, off, length), off, length, is_atomic)

    def do_load_atomic(self, mapping_handle, off, size):
        self.do_load(mapping_handle, off, size, True)

    def do_store_atomic(self, mapping_handle, off, size, seed):
        self.do_store(mapping_handle, off, size, seed, True)

    def do_kunmap_local(self, mapping_handle):
        mapping, mappings = self.require_mapped(mapping_handle), self.maps[self.call.thread]
        if mappings[-1] is not mapping:
            raise Fatal("unmap-order")
        mappings.pop()
        mapping.is_mapped = False

    # ---- order between threads, faults ----

    def do_lock(self, mutex):
        self.mutex_owner[mutex] = self.call.thread
        self.known[self.call.thread] |= self.mutex_known[mutex]

    def do_unlock(self, mutex):
        del self.mutex_owner[mutex]
        self.mutex_known[mutex] = self.known[self.call.thread] | 1 << self.event

    def do_post(self, semaphore):
        self.semaphore_count[semaphore] += 1
        self.semaphore_known[semaphore] |= self.known[self.call.thread] | 1 << self.event

    def do_wait(self, semaphore):
        self.semaphore_count[semaphore] -= 1
        self.known[self.call.thread] |= self.semaphore_known[semaphore]

    def do_fail_nth(self, failure_point_number):
        self.calls_to_failure[self.call.thread] = failure_point_number


def format_check_json(name, evaluation):
    return json.dumps({
        "file": name, "verdict": sorted(evaluation.verdict),
        "races": [{"first": first, "second": second, "page": page, "from": low, "to": high}
                  for (first, second, page), (low, high) in sorted(evaluation.races.items())],
        "results": [{"line": line, "result": result} for line, result in evaluation.results],
        "fatal": evaluation.fatal and {"line": evaluation.fatal[0], "rule": evaluation.fatal[1]}})


if __name__ == "__main__":
    for path in sys.argv[1:]:
        print(format_check_json(path, Evaluation(parse_program(pathlib.Path(path).read_text())).run_all_calls()))
