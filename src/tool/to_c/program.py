# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A page program with the facts of the rule model about it, and the C code of each call, for to-c."""
import re

from util import program_facts

# For each name of a call: the traits of the call and its C code. {0}, {1} ... are the arguments in the order of the
# text; the handle that the call fills is {0}. {buffer} is the thread's buffer, {line} the line of the call. Traits:
#
#   `fills`   The C code is the value of the handle that the call fills.
#   `returns` The C code is an expression with the value 0 or an error.
#   `reads`   After the call, the buffer has the bytes that the call read.
#   `pattern` Before the call, the buffer must have the pattern of the last argument.
#   `maps`    The call is an access through a mapping.
CALLS = {
    "alloc_page": ("fills", "page_alloc({1})"),
    "get_page": ("", "page_get({0});"),
    "free_page": ("", "page_free({0});"),
    "read_raw": ("returns reads", "page_read_raw({0}, {buffer}, {1}, {2})"),
    "write_raw": ("returns pattern", "page_write_raw({0}, {buffer}, {1}, {2})"),
    "fill_zero": ("returns", "page_fill_zero({0}, {1}, {2})"),
    "lock": ("", "pthread_mutex_lock(&{0});"),
    "unlock": ("", "pthread_mutex_unlock(&{0});"),
    "post": ("", "sem_post(&{0});"),
    "wait": ("", "sem_wait(&{0});"),
    "read_bytewise_atomic": ("returns reads",
                             "page_read_bytewise_atomic({0}, {buffer}, {1}, {2})"),
    "write_bytewise_atomic": ("returns pattern",
                              "page_write_bytewise_atomic({0}, {buffer}, {1}, {2})"),
    "copy_page": ("returns", "page_copy({0}, {1}, {2}, {3}, {4})"),
    "user_slice": ("", "user_slice_reader_init(&{reader}, user_slice_new({0}_bytes, {1}));"),
    "skip": ("returns", "user_slice_skip(&{reader}, {1})"),
    "user_store": ("", ""),
    "copy_from_user_slice": ("returns", "page_copy_from_user_slice({0}, &{reader}, {2}, {3})"),
    "kmap_local": ("fills", "page_map_local({1})"),
    "load": ("maps reads", "memcpy({buffer}, {0} + {1}, {2});\nbranch_on_values({buffer}, {2});"),
    "store": ("maps pattern", "memcpy({0} + {1}, {buffer}, {2});"),
    "load_atomic": ("maps reads",
                    "uint{bits}_t value_{line} = __atomic_load_n((uint{bits}_t *)({0} + {1}), "
                    "__ATOMIC_RELAXED);\n"
                    "memcpy({buffer}, &value_{line}, {2});\nbranch_on_values({buffer}, {2});"),
    "store_atomic": ("maps",
                     "uint{bits}_t value_{line};\nfill_pattern(&value_{line}, {2}, {3});\n"
                     "__atomic_store_n((uint{bits}_t *)({0} + {1}), value_{line}, __ATOMIC_RELAXED);"),
    "kunmap_local": ("", "page_unmap_local({0});"),
    "fail_nth": ("", "page_fail_nth({nth});"),
}
PAGE_SIZE = 4096
THREAD_NAMES = ["main", *(f"T{number}" for number in range(8))]


def parse_number(canonical_text):
    """Return: the value of a number: digits, or PAGE_SIZE or SIZE_MAX, perhaps less a number."""
    base, _, less = canonical_text.partition("-")
    named = {"PAGE_SIZE": PAGE_SIZE, "SIZE_MAX": 2**64 - 1}
    return named.get(base, 0) - int(less or "0") if base in named else int(base, 0)


class Call(program_facts.Call):
    def __init__(self, line_number, line_text):
        super().__init__(line_number, line_text)
        self.fills_handle = bool(self.filled)
        self.arguments = ([self.filled] if self.filled else []) + self.arguments
        self.handles = [word for word in self.arguments if re.fullmatch(r"[pkums]\d+", word)]
        self.traits, self.code = CALLS[self.name]
        self.outcome = None  # "ran", "skipped", "fatal" or "blocked"; None: it never ran
        self.region = 0  # the number of calls of main before this call: each call of main ends a region

    def find_expected_result(self):
        """Return: the result that the program states, or else that of the model; "none": it returns nothing."""
        if not self.step:
            return "none"
        return self.step["result"] if self.step["expected"] == "none" else self.step["expected"]

    def parse_numeric_argument(self, argument_index):
        return parse_number(self.arguments[argument_index])

    def find_user_slice_handle(self):
        """Return: the handle of the user slice that the call reads or fills, or None."""
        return next((handle for handle in self.handles if handle.startswith("u")), None)

    def length_fits_thread_buffer(self):
        """Return: whether a thread's buffer has space for the bytes of the call."""
        return 0 < self.parse_numeric_argument(2) <= PAGE_SIZE

    def count_readable_slice_bytes(self):
        """Return: the number of readable bytes of a user_slice."""
        size = self.parse_numeric_argument(1)
        return min(size, self.parse_numeric_argument(3)) if len(self.arguments) > 3 else size

    def slice_has_unreadable_bytes(self):
        return self.count_readable_slice_bytes() < self.parse_numeric_argument(1)


class Program(program_facts.Program):
    """A program; self.steps also has the calls at which the program ends or blocks."""

    def __init__(self, model_facts, runs_on_fibers):
        super().__init__(model_facts, Call)
        self.runs_on_fibers = runs_on_fibers  # false: threads of the program are pthreads
        for call in self.steps:
            call.outcome = "ran" if call.was_executed() else "skipped"
        # Of the blocked calls, only a lock or a semaphore can be shown to block by a single call.
        blocked = [self.by_line[fact["line"]] for fact in self.blocked if fact["why"] in ("mutex", "semaphore")]
        for call in [*blocked, *filter(None, [self.fatal_call])]:
            call.outcome = "fatal" if call is self.fatal_call else "blocked"
            self.steps.append(call)
        self.regions = 0
        for call in self.steps:
            call.region = self.regions
            self.regions += call.thread == "main"
        self.threads = sorted({call.thread for call in self.steps} - {"main"})
        self.active = [call for call in self.steps if call.outcome != "skipped"]
        self.slices = {call.filled: call for call in self.steps
                       if call.name == "user_slice" and call.outcome == "ran"}
        self.shared = {handle for call in self.active for handle in call.handles
                       if self._is_shared_without_order(handle)}

    def _is_shared_without_order(self, handle):
        """Return: whether several threads access the variable without an order of the program. A handle that
        main fills is ordered before the threads that read it; a call changes the reader of user memory."""
        users = [call for call in self.active if handle in call.handles and call.thread != "main"]
        return len({call.thread for call in users}) > 1 and \
            (handle[0] == "u" or handle[0] in "pk" and any(call.filled == handle for call in users))

    def list_threads_of_region(self, region_number):
        return sorted({call.thread for call in self.steps if call.region == region_number} - {"main"})

    def list_calls_that_wait_for_turn(self, region_number):
        """Return: the calls of the region that wait for their turn: all if it has several pthreads, else none."""
        if self.runs_on_fibers or len(self.list_threads_of_region(region_number)) < 2:
            return []
        return [call for call in self.active if call.region == region_number and call.thread != "main"]

    def list_mappings_at_end(self, thread):
        """Return: the mappings that a thread has at the end, the newest first."""
        left = []
        for call in self.active:
            if call.thread == thread and call.outcome == "ran":
                if call.name == "kmap_local":
                    left.insert(0, call.filled)
                elif call.name == "kunmap_local":
                    left.pop(0)
        return left
