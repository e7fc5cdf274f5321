#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Write a page program as one C file that uses page.h, and run that file to see whether it shows what
the program is expected to show.

`pagetorture to-c` contains this script and starts it, with the facts of the rule model about the
program (model_facts.h) on standard input, and with the names of files as arguments.

Threads run in the order of the program, and detectors see no order but the program's own: a thread
waits for its turn with relaxed accesses.
"""
import ctypes
import json
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
import tempfile

EXIT_GOOD, EXIT_FAILED, EXIT_BAD = 0, 1, 2
COMPILE_SECONDS = 300

# ---- calls as C ----

# How each call is written: its traits and its C. {0}, {1} ... are its arguments in the order of the
# text, the handle that it fills first; {buffer} is the thread's buffer, {line} the line of the call.
#
#   fills     the C is the value of the handle that the call fills
#   returns   the C is an expression: 0 or an error
#   reads     the buffer then has the bytes that the call read
#   pattern   the buffer has the pattern of the last argument, the value, before the call
#   maps      the call is an access through a mapping
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
    "load": ("maps reads", "memcpy({buffer}, {0} + {1}, {2});\nuse_values({buffer}, {2});"),
    "store": ("maps pattern", "memcpy({0} + {1}, {buffer}, {2});"),
    "load_atomic": ("maps reads",
                    "uint{bits}_t value_{line} = __atomic_load_n((uint{bits}_t *)({0} + {1}), "
                    "__ATOMIC_RELAXED);\n"
                    "memcpy({buffer}, &value_{line}, {2});\nuse_values({buffer}, {2});"),
    "store_atomic": ("maps",
                     "uint{bits}_t value_{line};\nfill_pattern(&value_{line}, {2}, {3});\n"
                     "__atomic_store_n((uint{bits}_t *)({0} + {1}), value_{line}, __ATOMIC_RELAXED);"),
    "kunmap_local": ("", "page_unmap_local({0});"),
    "fail_nth": ("", "page_fail_nth({nth});"),
}
# Calls that would wait for ever.
BLOCKED_CALLS = {
    "lock": "/* pthread_mutex_lock() would never return. */\n"
            "expect({line}, pthread_mutex_trylock(&{0}), EBUSY);",
    "wait": "/* sem_wait() would never return. */\n"
            "expect({line}, sem_trywait(&{0}) && errno == EAGAIN, 1);",
}

PAGE_SIZE = 4096
# No program has so many points of failure, and page_fail_nth() takes an int.
MOST_FAILURE_POINTS = 1 << 20
RACES_IN_COMMENT = 3


def number(text):
    """The value of a number in canonical text."""
    base, _, less = text.partition("-")
    named = {"PAGE_SIZE": PAGE_SIZE, "SIZE_MAX": 2**64 - 1}
    return named.get(base, 0) - int(less or "0") if base in named else int(base, 0)


class Call:
    """One call of the program, and what the model says about it."""

    def __init__(self, line, text):
        self.line, self.text = line, text
        self.thread, filled, self.name, arguments = re.fullmatch(
            r"(\w+): (?:(\w+) = )?(\w+)\((.*)\)", text).groups()
        self.arguments = ([filled] if filled else []) + re.split(", ", arguments)
        self.filled = filled
        self.handles = [word for word in self.arguments if re.fullmatch(r"[pkums]\d+", word)]
        self.traits, self.code = CALLS[self.name]
        self.outcome = None  # "ran", "skipped", "fatal" or "blocked"; None: it never ran
        self.result, self.bytes = "none", ""
        self.region = 0  # lines of main are the borders of regions; such a line is in the one it ends

    def number(self, index):
        return number(self.arguments[index])

    def reader(self):
        """The user slice that the call reads or fills, or None."""
        return next((handle for handle in self.handles if handle.startswith("u")), None)

    def length(self):
        return self.number(2)

    def fits_buffer(self):
        """Is the length one that a thread's buffer has space for?"""
        return 0 < self.length() <= PAGE_SIZE

    def readable_bytes(self):
        """Of a user_slice: how many of its bytes can be read."""
        return min(self.number(1), self.number(3)) if len(self.arguments) > 3 else self.number(1)

    def can_fault(self):
        return self.readable_bytes() < self.number(1)


class Program:
    """The calls, in the order in which they run, and what threads share."""

    def __init__(self, facts):
        self.facts = facts
        self.calls = [Call(fact["line"], fact["text"]) for fact in facts["calls"]]
        by_line = {call.line: call for call in self.calls}
        self.steps = []
        for step in facts["steps"]:
            call = by_line[step["line"]]
            call.outcome = "skipped" if step["skipped"] else "ran"
            call.result = step["result"] if step["expected"] == "none" else step["expected"]
            call.bytes = step["bytes"]
            self.steps.append(call)
        fatal = facts["fatal"]
        self.deadlock = bool(fatal) and fatal["rule"] == "deadlock"
        self.fatal_call = by_line[fatal["line"]] if fatal and not self.deadlock else None
        # A line that waits for other lines cannot be tried alone.
        for call in ([by_line[blocked["line"]] for blocked in facts.get("blocked", [])
                      if blocked["why"] in ("mutex", "semaphore")] +
                     ([self.fatal_call] if self.fatal_call else [])):
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
                       if self._is_shared(handle)}

    def _is_shared(self, handle):
        """Do several threads access the variable without an order of the program? What main fills is
        ordered before the threads that read it; a reader of user memory changes with each call."""
        users = [call for call in self.active if handle in call.handles and call.thread != "main"]
        return len({call.thread for call in users}) > 1 and \
            (handle[0] == "u" or handle[0] in "pk" and any(call.filled == handle for call in users))

    def threads_of(self, region):
        return sorted({call.thread for call in self.steps if call.region == region} - {"main"})

    def turns(self, region):
        """The calls that wait for their turn: all of the region's threads, if there are several."""
        if len(self.threads_of(region)) < 2:
            return []
        return [call for call in self.active if call.region == region and call.thread != "main"]

    def last_region(self, thread):
        return max(call.region for call in self.steps if call.thread == thread)

    def mappings_left(self, thread):
        """The mappings that a thread has at the end, the newest first."""
        left = []
        for call in self.active:
            if call.thread == thread and call.outcome == "ran":
                if call.name == "kmap_local":
                    left.insert(0, call.filled)
                elif call.name == "kunmap_local":
                    left.pop(0)
        return left


def value_of(program, handle):
    """The C expression for a page or mapping."""
    return f"READ_ONCE({handle})" if handle in program.shared else handle


def expect_bytes(line, thread, known):
    """Lines that check the thread's buffer: @known in hex, ?? for a byte without a value."""
    values = [None if known[i] == "?" else int(known[i:i + 2], 16) for i in range(0, len(known), 2)]
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
        check, end = ("expect_all", equal) if equal > pattern else ("expect_pattern", pattern)
        lines.append(f"{check}({line}, {thread}_bytes, {start}, {end - start}, 0x{first:x});")
        start = end
    return lines


def user_pattern(call, start, length):
    offset = f" + {start}" if start else ""
    seed = call.arguments[3 if call.name == "user_store" else 2]
    return [f"user_pattern({call.arguments[0]}_bytes{offset}, {length}, {seed});"] if length else []


def user_store_lines(program, call):
    written = program.slices.get(call.arguments[0])
    start, readable = call.number(1), written.readable_bytes() if written else 0
    return user_pattern(call, start, max(0, min(call.number(2), readable - start))) or \
        [f"/* line {call.line}: user_store changes no byte of the slice */"]


def statement_lines(program, call):
    """The call itself, with the lines around it if threads share what it fills or reads."""
    slice_name = call.reader()
    is_copied = slice_name in program.shared
    reader = f"reader_{call.line}" if is_copied else slice_name
    code = BLOCKED_CALLS[call.name] if call.outcome == "blocked" else call.code
    code = code.format(
        *(value_of(program, word) if word[0] in "pk" else word for word in call.arguments),
        buffer=f"{call.thread}_bytes", line=call.line, reader=reader,
        bits=8 * call.number(2) if call.name.endswith("_atomic") and "maps" in call.traits else 0,
        nth=min(call.number(0), MOST_FAILURE_POINTS) if call.name == "fail_nth" else 0)
    if "fills" in call.traits:
        is_shared = call.filled in program.shared
        code = f"WRITE_ONCE({call.filled}, {code});" if is_shared else f"{call.filled} = {code};"
    elif "returns" in call.traits:
        error = call.result if call.result == "0" else "-" + call.result
        code = f"{code};" if call.outcome == "fatal" else f"expect({call.line}, {code}, {error});"
    if call.name == "alloc_page":
        code += f"\nexpect({call.line}, {value_of(program, call.filled)} != NULL, {int(call.result == '0')});"
    lines = code.split("\n")
    if is_copied:
        lines = [f"struct user_slice_reader {reader} = {{ READ_ONCE({slice_name}.at), "
                 f"READ_ONCE({slice_name}.left) }};", *lines,
                 f"WRITE_ONCE({slice_name}.at, {reader}.at);",
                 f"WRITE_ONCE({slice_name}.left, {reader}.left);"]
    return lines


def call_lines(program, call):
    """A call that runs, waits for ever, or ends the process."""
    if call.name == "user_store":
        return user_store_lines(program, call)
    if "maps" in call.traits and not (call.fits_buffer() and call.number(1) <= PAGE_SIZE):
        why = "not executed: it would access any memory" if call.length() else "an access of no bytes"
        return [f"/* line {call.line}: {why} */"]
    lines = []
    if "pattern" in call.traits and call.fits_buffer():
        lines.append(f"fill_pattern({call.thread}_bytes, {call.arguments[2]}, {call.arguments[3]});")
    if call.name == "user_slice":
        lines += user_pattern(call, 0, call.readable_bytes())
    lines += statement_lines(program, call)
    if "reads" in call.traits:
        lines += expect_bytes(call.line, call.thread, call.bytes)
    return lines


def comment_lines(program, call):
    """The findings about a call."""
    races = [race for race in program.facts["races"] if call.line in (race["first"], race["second"])]
    lines = [f"/* races with line {race['first'] + race['second'] - call.line} on {race['page']}, "
             f"bytes {race['from']} .. {race['to'] - 1} */" for race in races[:RACES_IN_COMMENT]]
    if len(races) > RACES_IN_COMMENT:
        lines.append("/* and more */")
    return lines + [f"/* uses uninitialised bytes of {uninit['page']}, within {uninit['from']} .. "
                    f"{uninit['to'] - 1} */"
                    for uninit in program.facts["uninits"] if uninit["line"] == call.line]


def step_lines(program, call):
    """What the call's thread does for it: waits for its turn, makes the call, passes the turn on."""
    if call.outcome == "skipped":
        return [f"/* line {call.line}: {call.name} is skipped: a handle or lock is not as it needs it */"]
    lines = call_lines(program, call)
    if call.outcome == "fatal":
        rule = program.facts["fatal"]["rule"]
        lines = [f'expect_end({call.line}, "{rule}");', *lines, f"fail_after_return({call.line});"]
    lines = comment_lines(program, call) + lines
    turns = program.turns(call.region) if call.thread != "main" else []
    if turns:
        following = turns[turns.index(call) + 1:]
        lines = [f"turn({call.line});", *lines, *(f"next({call.line});" for call in following[:1])]
    return lines


# ---- the functions of the threads ----

# How a thread is started, waits, is waited for, and ends. {0} is its name.
PTHREADS = {
    "head": "static void *{0}(void *unused)", "begin": ["(void)unused;"], "end": "return NULL;",
    "start": "pthread_create(&{0}_thread, NULL, {0}, NULL);", "wait_for_go": "sem_wait(&{0}_go);",
    "wait_for_done": "sem_wait(&{0}_done);", "wait_for_end": "pthread_join({0}_thread, NULL);"}
FIBERS = {
    "head": "static void {0}(void)", "begin": [], "end": "sem_post(&{0}_done);",
    "start": 'start_fiber(&{0}_fiber, "{0}", {0});', "wait_for_go": "run_main_until(&{0}_go);",
    "wait_for_done": "run_fibers_until(&{0}_done);", "wait_for_end": "run_fibers_until(&{0}_done);"}


def function_lines(head, lines):
    return ["", head, "{", *("\t" + line for line in lines), "}"]


def unmap_lines(program, thread):
    return [f"page_unmap_local({value_of(program, handle)});" for handle in program.mappings_left(thread)]


def thread_lines(program, thread, mode):
    pause = [f"sem_post(&{thread}_done);", mode["wait_for_go"].format(thread)]
    lines, region = list(mode["begin"]), None
    for call in program.steps:
        if call.thread == thread:
            if region not in (None, call.region):
                lines += pause
            region = call.region
            lines += step_lines(program, call)
    # A pthread that ends unmaps what it has mapped, which would be too early.
    if program.mappings_left(thread):
        lines += pause + unmap_lines(program, thread)
    return function_lines(mode["head"].format(thread), lines + [mode["end"].format(thread)])


def region_lines(program, region, mode):
    """Main starts the threads of the region, or lets them go on, and waits for them."""
    threads, turns = program.threads_of(region), program.turns(region)
    lines = [f"next({turns[0].line});"] if turns else []
    for thread in threads:
        is_new = all(thread not in program.threads_of(earlier) for earlier in range(region))
        lines.append(mode["start"].format(thread) if is_new else f"sem_post(&{thread}_go);")
    for thread in threads:
        has_ended = region == program.last_region(thread) and not program.mappings_left(thread)
        lines.append(mode["wait_for_end" if has_ended else "wait_for_done"].format(thread))
    return lines


def end_lines(program, mode):
    """What is left at the end: mappings, and pages, whose bytes are checked if no rule is broken."""
    if program.fatal_call:
        return []
    lines = []
    for thread in filter(program.mappings_left, program.threads):
        lines += [f"sem_post(&{thread}_go);", mode["wait_for_end"].format(thread)]
    if program.deadlock:
        lines.append('fputs("deadlock: nothing more can run, as expected\\n", stderr);')
    lines += unmap_lines(program, "main")
    for page in program.facts["pages"]:
        name, references = page["page"], page["references"]
        if not set(program.facts["verdict"]) - {"deadlock"}:
            lines += [f"expect(0, page_ref_count({name}), {references});",
                      f"expect(0, page_read_raw({name}, main_bytes, 0, PAGE_SIZE), 0);",
                      *expect_bytes(0, "main", page["bytes"])]
        lines += [f"page_free({name});"] * references
    return lines


def main_lines(program, mode, functions):
    """@functions: the text of the threads"""
    lines = [f"{call.filled}_bytes = user_memory({call.readable_bytes()});"
             for call in program.slices.values() if call.can_fault()]
    semaphores = {handle for call in program.active for handle in call.handles if handle[0] == "s"}
    semaphores |= set(re.findall(r"\bT\d_(?:go|done)\b", functions))
    lines += [f"sem_init(&{name}, 0, 0);" for name in sorted(semaphores)]
    region = 0
    for call in program.steps:
        if call.thread == "main":
            lines += region_lines(program, call.region, mode) + step_lines(program, call)
            region = call.region + 1
    lines += region_lines(program, region, mode) + end_lines(program, mode) + ["return 0;"]
    return function_lines("int main(void)", lines)


# ---- the file ----

# The variables that are declared if the functions mention their names.
VARIABLES = {
    r"p\d": "static struct page *{};", r"k\d+": "static unsigned char *{};",
    r"u\d": "static struct user_slice_reader {};",
    r"m\d": "static pthread_mutex_t {} = PTHREAD_MUTEX_INITIALIZER;", r"s\d": "static sem_t {};",
    r"(main|T\d)_bytes": "static unsigned char {}[PAGE_SIZE];", r"T\d_thread": "static pthread_t {};",
    r"T\d_(go|done)": "static sem_t {};"}

# The headers that are included if the file mentions the text.
HEADERS = {
    "errno.h": "", "pthread.h": "pthread_", "sched.h": "sched_yield", "semaphore.h": "sem_", "stdint.h": "",
    "stdio.h": "", "stdlib.h": "", "string.h": "", "sys/mman.h": "mmap(", "ucontext.h": "ucontext_t",
    "unistd.h": ""}


def variable_lines(program, functions):
    words = sorted(set(re.findall(r"\w+", functions)), key=lambda word: (len(word), word))
    lines = [declaration.format(word) for pattern, declaration in VARIABLES.items()
             for word in words if re.fullmatch(pattern, word)]
    for name, call in program.slices.items():
        size = call.number(1) or 1
        lines.append(f"static unsigned char *{name}_bytes;" if call.can_fault() else
                     f"static unsigned char {name}_bytes[{size}];")
    return lines


def helper_text(helpers, functions, kind):
    """The sections of helpers.c that the functions call, or that another of these sections calls."""
    needed = ""
    for section in reversed(re.split(r"^/// ", helpers, flags=re.MULTILINE)[1:]):
        names, text = section.split("\n", 1)
        only = re.search(r"\[(\w+)\]", names)
        if (not only or only[1] == kind) and \
                re.search(r"\b(?:%s)\(" % "|".join(re.findall(r"\w+", names)), functions + needed):
            needed = "\n" + text.strip("\n") + "\n" + needed
    return needed


def comment_text(text):
    lines = text.replace("*/", "* /").split("\n")
    return "/*\n" + "\n".join((" * " + line).rstrip() for line in lines) + "\n */\n"


def file_text(program, name, note, helpers, is_deterministic):
    mode = FIBERS if is_deterministic else PTHREADS
    functions = "".join(line + "\n" for thread in program.threads for line in thread_lines(program, thread, mode))
    functions += "\n".join(main_lines(program, mode, functions)) + "\n"
    helpers = helper_text(helpers, functions, "fibers" if is_deterministic else "pthreads")
    fibers = [f"static struct fiber {thread}_fiber;" for thread in program.threads if is_deterministic]
    declarations = "\n".join(variable_lines(program, functions)) + "\n" + helpers + \
        "".join(f"\n{line}" for line in fibers)
    includes = "".join(f"#include <{header}>\n" for header, word in HEADERS.items()
                       if word in declarations + functions)
    comment = f"{os.path.basename(name)}: {' '.join(program.facts['expect']) or 'clean'}\n\n{note}\n" \
              f"{PROGRAM_TITLE}\n\n" + "\n".join(f"{call.line:5}  {call.text}" for call in program.calls)
    return f"{comment_text(comment)}{includes}\n#include <page.h>\n\n{declarations}{functions}"


# may_replace() knows files of this script by this line.
PROGRAM_TITLE = "The page program that it is made from:"


# ---- compiling and running it ----

class Build:
    """A flavour of the page library, and the commands that compile a file with it."""

    def __init__(self, flavour, facts):
        self.flavour, self.flags = flavour, facts["flags"]
        self.is_here, self.links = bool(facts["libraries"]), []
        for word in facts["libraries"].split():
            if re.fullmatch(r"lib.+\.a", word):
                directory = next((place for place in facts["directories"]
                                  if os.path.exists(os.path.join(place, word))), None)
                self.is_here = self.is_here and directory is not None
                self.links += [f"-L{shlex.quote(directory or '')}", f"-l{shlex.quote(word[3:-2])}"]
            else:
                self.links.append(word)

    def command(self, files, compiler, header_directory=None):
        """@header_directory: of this build; without it, the installed library is used."""
        include, links = "$(pkg-config --cflags libpage)", ["$(pkg-config --libs libpage)"]
        if header_directory:
            include, links = f"-I{shlex.quote(header_directory)}", self.links
        return " ".join([compiler, "-g -O1", *self.flags.split(), include, files, *links, "-pthread"])


class Attempt:
    """A compilation and a run that must show a rule, or that no rule is broken (rule is None)."""

    def __init__(self, program, builds, rule):
        self.rule = rule
        self.is_wanted = rule is None or rule in program.facts["expect"]
        self.backend = "direct"
        flavours = {"data-race": ["tsan"], "uninit-use": ["msan"], None: [
            "tsan" if program.threads else "asan", "plain"]}.get(rule, ["plain"])
        places = [{"flavour": flavour, "backend": "direct"} for flavour in flavours]
        if program.fatal_call and program.facts["fatal"]["rule"] == rule:
            places = program.facts["detected"]
        place = next((place for place in places if builds[place["flavour"]].is_here), None)
        self.build = builds[place["flavour"]] if place else None
        self.backend = place["backend"] if place else None
        self.missing_flavour = places[-1]["flavour"] if places else None

    def rule_text(self):
        return self.rule or "clean"


class Ended:
    """How a child process ended."""

    def __init__(self, output, exit_status, has_hung):
        self.output, self.exit_status, self.has_hung = output, exit_status, has_hung

    def important_line(self):
        """The line of the output that says most about the end."""
        found = re.search(r"^.*(not as expected|the process did not end|error: ).*$", self.output, re.MULTILINE) or \
            re.search(r"^.*(Sanitizer: |runtime error: |BUG: page: ).*$", self.output, re.MULTILINE)
        if found:
            return found[0][:200]
        return "it did not end" if self.has_hung else \
            "a signal and no report" if self.exit_status < 0 else "no report"

    def reported_rule(self):
        """The rule that the report of a sanitizer or of the page library means (detector.c)."""
        if re.search("AddressSanitizer: (heap-use-after-free|use-after-poison)", self.output):
            return "use-after-free"
        if "MemorySanitizer: use-of-uninitialized-value" in self.output:
            return "uninit-use"
        found = re.search(r"BUG: page: ([a-z-]+)", self.output)
        return found[1] if found else None

    def race_reports(self):
        return self.output.split("WARNING: ThreadSanitizer: data race")[1:]

    def page_races(self):
        """Race reports but those about thread-local variables, which all fibers share, as errno."""
        return [report for report in self.race_reports() if "Location is TLS" not in report]

    def is_clean(self):
        if self.exit_status < 0 or self.page_races():
            return False
        if self.race_reports():
            return self.exit_status == 66  # of ThreadSanitizer
        return self.exit_status == 0 and "Sanitizer: " not in self.output

    def died_of_call(self, program, rule):
        """Did the fatal call end the process, and no other call?"""
        call = program.fatal_call
        if not call or program.facts["fatal"]["rule"] != rule or not self.exit_status or \
                f"line {call.line}: {rule} is expected here" not in self.output or \
                "the process did not end" in self.output:
            return False
        return self.reported_rule() == rule or "maps" in call.traits and (
            self.exit_status in (-signal.SIGSEGV, -signal.SIGBUS) or "AddressSanitizer: " in self.output)

    def shows(self, program, rule):
        if rule == "data-race":
            return bool(self.page_races())
        if rule == "uninit-use":
            return self.reported_rule() == rule
        if rule == "deadlock":
            return self.exit_status == 0 and "deadlock: nothing more can run, as expected" in self.output
        return self.is_clean() if rule is None else self.died_of_call(program, rule)


def run_child(command, directory, seconds, **variables):
    """Run a command in the directory, and kill it after its time, or when this process ends."""
    with tempfile.TemporaryFile(dir=directory) as output:
        with subprocess.Popen(
                command, cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env={**os.environ, **variables}, preexec_fn=die_with_parent) as child:
            has_hung = False
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                has_hung = True
                child.kill()
        output.seek(0)
        return Ended(output.read(1 << 20).decode(errors="replace"), child.returncode, has_hung)


def die_with_parent():
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


class ScratchDirectory:
    """A temporary directory, which another process removes at the end, also if this one is killed."""

    def __init__(self):
        self.keeper = subprocess.Popen(
            ["sh", "-c", 'trap "" HUP INT TERM; directory=$(mktemp -d "${TMPDIR:-/tmp}/pagetorture-XXXXXX") && '
             'echo "$directory" && exec >/dev/null && read -r _; rm -rf "$directory"'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.path = os.path.abspath(os.fsdecode(self.keeper.stdout.readline().rstrip(b"\n")))

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        self.keeper.stdin.close()
        self.keeper.wait()


class Reproduction:
    """What is tried, what came of it, and the file that says so."""

    def __init__(self, facts, name, source, compiler, note, helpers):
        self.options, self.name, self.source = facts, name, source
        self.binary = source[:-2] if re.fullmatch(r".+\.c", source) else source + ".out"
        self.compiler = compiler or facts["compiler"]
        self.program = Program(facts)
        self.is_deterministic = facts["deterministic"] or facts.get("foreign", False)
        self.builds = {flavour: Build(flavour, {**build, "directories": facts["directories"]})
                       for flavour, build in facts["builds"].items()}
        rules = sorted({*facts["expect"], *facts["verdict"]}) or [None]
        self.attempts = [Attempt(self.program, self.builds, rule) for rule in rules]
        self.helpers = helpers
        self.note = note + "\n" if note else ""
        self.note += "".join(self.attempt_note(attempt) for attempt in self.attempts if attempt.build)
        if self.is_deterministic and not facts["deterministic"]:
            self.note += "On fibers: while a pthread runs, all pthreads can use its mappings.\n"
        self.result, self.why = "untried", ""

    def files(self):
        """The arguments of the compiler. A name must not be taken for an option."""
        source, binary = (shlex.quote("./" + name if name.startswith("-") else name)
                          for name in (self.source, self.binary))
        is_c = self.binary != self.source + ".out"
        return f"-o {binary} " + (source if is_c else f"-x c {source} -x none")

    def compile_command(self, build, is_installed=False):
        return build.command(self.files(), self.compiler,
                             None if is_installed else self.options["header_directory"])

    def attempt_note(self, attempt):
        run = f"{'PAGE_MAP=alias ' if attempt.backend == 'alias' else ''}./{shlex.quote(self.binary)}"
        built = f", and built with {attempt.build.flags}" if attempt.build.flags else ""
        return f"To see {attempt.rule_text()}, with this build of the page library:\n\n" \
               f"  {self.compile_command(attempt.build)} &&\n    {run}\n\n" \
               f"or with one that is installed{built}:\n\n" \
               f"  {self.compile_command(attempt.build, True)} &&\n    {run}\n\n"

    def result_note(self):
        why = f": {self.why}" if self.why else ""
        return {"reproduced": f"Reproduced: yes, by these lines, with {self.compiler}.\n",
                "failed": f"DOES NOT REPRODUCE{why}.\n", "untried": f"NOT TRIED{why}.\n"}[self.result]

    def text(self):
        return os.fsencode(file_text(self.program, self.name, self.note + self.result_note(), self.helpers,
                                     self.is_deterministic))

    def try_attempt(self, attempt, directory):
        """Return: (result, why not)."""
        if not attempt.build:
            return ("untried", f"there is no build of the page library for {attempt.missing_flavour}") \
                if attempt.missing_flavour else \
                ("failed", f"nothing can see this {attempt.rule_text()}: it touches no byte, or any")
        # Temporary files of a killed compiler are removed with the directory.
        compiled = run_child(["sh", "-c", self.compile_command(attempt.build)], directory, COMPILE_SECONDS,
                             TMPDIR=directory)
        if compiled.exit_status == 127:
            return "untried", f"there is no compiler {self.compiler}"
        if compiled.exit_status:
            return "untried", f"{self.compiler} cannot compile it for {attempt.build.flavour}: " \
                              f"{compiled.important_line()}"
        ran = run_child([os.path.join(directory, self.binary)], directory, self.options["seconds"],
                        PAGE_MAP=attempt.backend)
        shows = ran.shows(self.program, attempt.rule)
        if shows == attempt.is_wanted and not ran.has_hung and "not as expected" not in ran.output:
            return "reproduced", ""
        seen = f"{attempt.rule_text()}, " if shows and not attempt.is_wanted else ""
        return "failed", f"expected {'' if attempt.is_wanted else 'no '}{attempt.rule_text()} in the flavour " \
                         f"{attempt.build.flavour}, seen: {seen}{ran.important_line()}"

    def try_all(self):
        """The first failure counts, else the first attempt that is not possible."""
        with ScratchDirectory() as directory:
            try:
                with open(os.path.join(directory, self.source), "wb") as file:
                    file.write(self.text())
            except OSError as problem:
                self.why = f"expected a temporary directory, got {directory}: {problem.strerror}"
                return
            self.result = "reproduced"
            for attempt in self.attempts:
                result, why = self.try_attempt(attempt, directory)
                if result == "failed" or self.result == "reproduced":
                    self.result, self.why = result, re.sub(r"[\0-\x1f]", " ", why)
                if result == "failed":
                    return


# ---- output ----

def may_replace(path):
    """No file, or one that this script wrote?"""
    if not os.path.isfile(path):
        return True
    with open(path, "rb") as file:
        content = file.read()
    return content.startswith(b"/*\n") and f"\n * {PROGRAM_TITLE}\n".encode() in content


def write_file(path, content):
    """Write all of it, or nothing. A link, a pipe or a device stays one."""
    path = os.path.realpath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:
            file.write(content)
        return
    mask = os.umask(0)
    os.umask(mask)
    mode = os.stat(path).st_mode & 0o777 if os.path.exists(path) else 0o666 & ~mask
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".pagetorture-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def source_name(name, output):
    """The name that the commands in the file have for it."""
    if not output and stat.S_ISREG(os.fstat(1).st_mode):
        output = os.readlink("/proc/self/fd/1")
    written = os.path.basename(output)
    if written and re.fullmatch(r"[^\0-\x1f]{1,251}", written):
        return written
    base = re.sub(r"[^A-Za-z0-9-]|^-", "_", os.path.basename(name).split(".")[0][:60])
    return ("repro" if base in ("", "_") else base) + ".c"


def main(name, output, compiler, note, helpers):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    facts = json.load(sys.stdin)
    reproduction = Reproduction(facts, name, source_name(name, output), compiler, note, helpers)
    if facts["run"]:
        reproduction.try_all()
    if output and not may_replace(output):
        print(f"{output}: refused: it is there, and was not written by to-c", file=sys.stderr)
        return EXIT_BAD
    try:
        if output:
            write_file(output, reproduction.text())
        else:
            sys.stdout.buffer.write(reproduction.text())
            sys.stdout.buffer.flush()
    except OSError as problem:
        print(f"pagetorture to-c: expected to write {output or 'standard output'}: {problem.strerror}", file=sys.stderr)
        os._exit(EXIT_BAD)  # without another attempt to write the output
    if reproduction.result == "reproduced" or not facts["run"]:
        return EXIT_GOOD
    what = "does not reproduce" if reproduction.result == "failed" else "skipped, not tried"
    print(f"{name}: {what}: {reproduction.why}", file=sys.stderr)
    return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
