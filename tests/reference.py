#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A second implementation of page programs, format 1, written only from the description of the format.

It stores happens-before as sets of events, one bit for each, and compares accesses pair by pair. This is
slow, and independent of the vector clocks and the shadow of the rule model.

    reference.py FILE...      print what `pagetorture check --json FILE...` must print
"""
import json
import pathlib
import re
import sys

PAGE_SIZE = 4096
SIZE_MAX = 2**64 - 1
BASES = (0, 2**32, 2**63)
CONTEXTS = ("GFP_KERNEL", "GFP_ATOMIC", "GFP_NOWAIT", "GFP_NOIO")
MODIFIERS = ("__GFP_ZERO", "__GFP_HIGHMEM", "__GFP_NOFAIL")
HANDLES = {"p": 8, "k": 32, "u": 4, "m": 4, "s": 4}


def table(name):
    """The text of a table in src/harness/program."""
    return (pathlib.Path(__file__).parents[1] / "src" / "harness" / "program" / name).read_text()


def read_calls():
    """The calls of ops.def, name: (handle it fills, arguments, has a result)."""
    rows = re.findall(r'^OP\((\w+), "(\w*)", (true|false)', table("ops.def"), re.M)
    return {name: (letters[:1].lower(), letters[1:], result == "true") if letters[:1].isupper() else
            ("", letters, result == "true") for name, letters, result in rows}


CALLS = read_calls()
RULES = tuple(re.findall(r'^RULE\(\w+, "([\w-]+)"', table("rules.def"), re.M))
RESULTS = ("0", "EINVAL", "EFAULT", "ENOMEM")


class FormatError(Exception):
    """The text is not a program; args: line, problem."""


class Call:
    def __init__(self, line, thread, fills, name, args, claim=None):
        self.line, self.thread, self.fills = line, thread, fills
        self.name, self.args, self.claim = name, args, claim


class Program:
    def __init__(self):
        self.calls, self.expect = [], None


# ---- text ----------------------------------------------------------------------------------

def literal(word):
    if re.fullmatch(r"[0-9]+", word):
        return int(word)
    if re.fullmatch(r"0[xX][0-9a-fA-F]+", word):
        return int(word, 16)
    raise ValueError("a number")


def in_domain(number):
    return any(base <= number < base + 16384 for base in BASES) or \
        SIZE_MAX - 16383 <= number <= SIZE_MAX


def parse_number(text):
    match = re.fullmatch(r"(PAGE_SIZE|SIZE_MAX)(?:[ \t]*([+-])[ \t]*([0-9a-zA-Z]+))?", text)
    if match:
        number = PAGE_SIZE if match.group(1) == "PAGE_SIZE" else SIZE_MAX
        if match.group(2):
            by = literal(match.group(3))
            number += by if match.group(2) == "+" else -by
    else:
        number = literal(text)
    if not 0 <= number <= SIZE_MAX or not in_domain(number):
        raise ValueError("a number of the domain")
    return number


def parse_value(text):
    number = literal(text)
    if number > 255:
        raise ValueError("0 .. 255")
    return number


def parse_handle(text, kind):
    if not re.fullmatch(kind + r"(0|[1-9][0-9]?)", text) or int(text[1:]) >= HANDLES[kind]:
        raise ValueError("a handle")
    return text


def parse_flags(text):
    flags = re.split(r"[ \t]*\|[ \t]*", text)
    if any(f not in CONTEXTS + MODIFIERS for f in flags) or len(set(flags)) != len(flags) or \
            sum(f in CONTEXTS for f in flags) != 1:
        raise ValueError("flags")
    return frozenset(flags)


def parse_argument(kind, text):
    if kind in "nf":
        return parse_number(text)
    if kind == "z":
        number = parse_number(text)
        if number > 16383:
            raise ValueError("a size")
        return number
    if kind == "v":
        return parse_value(text)
    if kind == "g":
        return parse_flags(text)
    return parse_handle(text, kind)


CALL = re.compile(r"(?:(\w*)[ \t]*:)?[ \t]*(?:(\w*)[ \t]*=)?[ \t]*(\w+)[ \t]*\(([^()]*)\)[ \t]*"
                  r"(?:->[ \t]*(\w+))?", re.ASCII)


def parse_call(line, text):
    match = CALL.fullmatch(text)
    if not match:
        raise ValueError("a call")
    thread, fills, name, inside, claim = match.groups()
    if thread is None:
        thread = "main"
    elif not re.fullmatch(r"main|T[0-7]", thread):
        raise ValueError("a thread")
    if name not in CALLS:
        raise ValueError("the name of a call")
    kind, kinds, has_result = CALLS[name]
    if bool(kind) != (fills is not None):
        raise ValueError("a resource where there is one")
    if kind:
        parse_handle(fills, kind)
    texts = [t.strip(" \t") for t in inside.split(",")]
    if len(texts) != len(kinds) and not (kinds[-1] == "f" and len(texts) == len(kinds) - 1):
        raise ValueError("so many arguments")
    args = [parse_argument(k, t) for k, t in zip(kinds, texts)]
    if claim is not None and (claim not in RESULTS or not has_result):
        raise ValueError("a result")
    return Call(line, thread, fills, name, args, claim)


def parse_text(content):
    """Convert bytes to a Program, or raise FormatError."""
    program, header = Program(), False
    lines = content.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    for at, raw in enumerate(lines, 1):
        try:
            if at > 1024 or len(raw) > 256 or b"\r" in raw:
                raise ValueError("a line in its limits")
            code, _, comment = raw.partition(b"#")
            comment.decode("utf-8")
            text = code.decode("ascii").strip(" \t")
            if not text:
                continue
            if not header:
                if not re.fullmatch(r"pagetorture[ \t]+1", text):
                    raise ValueError("pagetorture 1")
                header = True
            elif re.match(r"expect([ \t]|$)", text):
                name = text[6:].strip(" \t")
                if program.calls or name not in RULES + ("clean",):
                    raise ValueError("an expectation")
                program.expect = (program.expect or set()) | {name}
                if "clean" in program.expect and len(program.expect) > 1:
                    raise ValueError("clean alone")
            else:
                program.calls.append(parse_call(at, text))
        except ValueError as error:
            raise FormatError(at, str(error)) from error
    if not header:
        raise FormatError(len(lines) + 1, "no header")
    return program


def number_text(number):
    if number < 10:
        return str(number)
    if number == PAGE_SIZE:
        return "PAGE_SIZE"
    if number > SIZE_MAX - 16384:
        return "SIZE_MAX-%d" % (SIZE_MAX - number)
    return hex(number)


def call_text(call):
    def argument(kind, arg):
        if kind in "nzf":
            return number_text(arg)
        if kind == "v":
            return hex(arg)
        if kind == "g":
            return " | ".join(f for f in CONTEXTS + MODIFIERS if f in arg)
        return arg
    return "%s: %s%s(%s)%s" % (
        call.thread, call.fills + " = " if call.fills else "", call.name,
        ", ".join(argument(k, a) for k, a in zip(CALLS[call.name][1], call.args)),
        " -> " + call.claim if call.claim else "")


def canonical(program):
    lines = ["pagetorture 1"]
    lines += ["expect " + name for name in sorted(program.expect or ())]
    lines += [call_text(call) for call in program.calls]
    return "\n".join(lines) + "\n"


# ---- rules ---------------------------------------------------------------------------------

class Fatal(Exception):
    """A fatal rule is broken; args: its name."""


class Page:
    def __init__(self, name):
        self.name, self.count = name, 1
        self.init = bytearray(PAGE_SIZE)
        self.accesses = []  # (event, line, thread, from, to, write, atomic)
        self.freed = 0      # events before a later free_page


class Mapping:
    def __init__(self, page, thread):
        self.page, self.thread, self.live = page, thread, True


class Slice:
    def __init__(self, size, fault):
        self.size, self.fault, self.at = size, min(fault, size), 0


class Judge:
    def __init__(self, program):
        self.calls = program.calls
        self.threads = ["main"] + ["T%d" % i for i in range(8)]
        self.known = {t: 0 for t in self.threads}  # events that happen before the next call of t
        self.events = 0
        self.handles = {}                          # p, k, u
        self.owner, self.mutex_known = {}, {}
        self.count, self.posted = {}, {}
        self.maps = {t: [] for t in self.threads}
        self.fail = {t: 0 for t in self.threads}
        self.verdict, self.races, self.results, self.fatal = set(), {}, [], None

    # -- order

    def can_run(self, call):
        if call.name == "lock":
            return self.owner.get(call.args[0], call.thread) == call.thread
        if call.name == "wait":
            return self.count.get(call.args[0], 0) > 0
        return True

    def next_call(self, left):
        stopped = set()
        for call in left:
            if call.thread == "main":
                if call is left[0] and self.can_run(call):
                    return call
                return None
            if call.thread not in stopped:
                if self.can_run(call):
                    return call
                stopped.add(call.thread)
        return None

    def run(self):
        left = list(self.calls)
        while left:
            call = self.next_call(left)
            if call is None:
                self.verdict.add("deadlock")
                self.fatal = (left[0].line, "deadlock")
                break
            left.remove(call)
            try:
                self.step(call)
            except Fatal as fatal:
                self.verdict.add(fatal.args[0])
                self.fatal = (call.line, fatal.args[0])
                break
        if self.races:
            self.verdict.add("data-race")
        return self

    def step(self, call):
        main = call.thread == "main"
        self.call, self.event = call, self.events
        self.events += 1
        if main:
            self.known["main"] = (1 << self.event) - 1
        if not self.skipped(call):
            result = getattr(self, "do_" + call.name)(*call.args)
            if result is not None:
                self.results.append((call.line, result))
        self.known[call.thread] |= 1 << self.event
        if main:
            for thread in self.threads:
                self.known[thread] = self.known["main"]

    def skipped(self, call):
        if call.fills and call.fills in self.handles:
            return True
        for arg in call.args:
            if isinstance(arg, str) and arg[0] in "pku" and arg not in self.handles:
                return True
        if call.name in ("load_atomic", "store_atomic"):
            off, size = call.args[1:3]
            return size not in (1, 2, 4, 8) or off % size != 0
        if call.name == "lock":
            return self.owner.get(call.args[0]) == call.thread
        if call.name == "unlock":
            return self.owner.get(call.args[0]) != call.thread
        return False

    # -- accesses

    def access(self, page, start, end, write, atomic=False):
        if start == end:
            return
        call = self.call
        for event, line, thread, other_start, other_end, other_write, other_atomic in page.accesses:
            low, high = max(start, other_start), min(end, other_end)
            if thread != call.thread and low < high and (write or other_write) and \
                    not (atomic and other_atomic) and not self.known[call.thread] >> event & 1:
                key = (line, call.line, page.name)
                was = self.races.get(key, (low, high))
                self.races[key] = (min(was[0], low), max(was[1], high))
        page.accesses.append((self.event, call.line, call.thread, start, end, write, atomic))

    def read(self, page, off, length, atomic=False):
        self.access(page, off, off + length, False, atomic)

    def write(self, page, off, length, atomic=False, init=None):
        self.access(page, off, off + length, True, atomic)
        page.init[off:off + length] = b"\1" * length if init is None else init

    # -- tests

    @staticmethod
    def in_bounds(off, length):
        return off <= PAGE_SIZE and length <= PAGE_SIZE and off + length <= PAGE_SIZE

    @staticmethod
    def alive(page):
        if page.count < 1:
            raise Fatal("use-after-free")

    def mappable(self, page, more=1):
        self.alive(page)
        if len(self.maps[self.call.thread]) + more > 16:
            raise Fatal("map-overflow")

    def injected(self):
        thread = self.call.thread
        if not self.fail[thread]:
            return False
        self.fail[thread] -= 1
        return self.fail[thread] == 0

    # -- pages

    def do_alloc_page(self, flags):
        if "__GFP_NOFAIL" not in flags and self.injected():
            return "ENOMEM"
        page = self.handles[self.call.fills] = Page(self.call.fills)
        if "__GFP_ZERO" in flags:
            self.write(page, 0, PAGE_SIZE)
        return "0"

    def do_get_page(self, p):
        page = self.handles[p]
        self.alive(page)
        page.count += 1

    def do_free_page(self, p):
        page, thread = self.handles[p], self.call.thread
        self.alive(page)
        self.known[thread] |= page.freed
        page.count -= 1
        if page.count == 0:
            self.write(page, 0, PAGE_SIZE)
        page.freed |= self.known[thread] | 1 << self.event

    def raw(self, p, off, length, write):
        if not self.in_bounds(off, length):
            return "EINVAL"
        page = self.handles[p]
        self.mappable(page)
        (self.write if write else self.read)(page, off, length)
        return "0"

    def do_read_raw(self, p, off, length):
        return self.raw(p, off, length, False)

    def do_write_raw(self, p, off, length, _seed=0):
        return self.raw(p, off, length, True)

    do_read_bytewise_atomic = do_read_raw
    do_write_bytewise_atomic = do_fill_zero = do_write_raw

    def do_copy_page(self, pd, doff, ps, soff, length):
        if not self.in_bounds(doff, length) or not self.in_bounds(soff, length):
            return "EINVAL"
        if pd == ps and max(doff, soff) < min(doff, soff) + length:
            return "EINVAL"
        destination, source = self.handles[pd], self.handles[ps]
        self.mappable(destination)
        self.mappable(source, 2)
        self.read(source, soff, length)
        self.write(destination, doff, length, init=bytes(source.init[soff:soff + length]))
        return "0"

    # -- user slices

    def do_user_slice(self, size, _seed, fault=SIZE_MAX):
        self.handles[self.call.fills] = Slice(size, fault)

    def do_skip(self, u, n):
        reader = self.handles[u]
        if n > reader.size - reader.at:
            return "EFAULT"
        reader.at += n
        return "0"

    def do_user_store(self, *_args):
        pass

    def do_copy_from_user_slice(self, p, u, off, length):
        if not self.in_bounds(off, length):
            return "EINVAL"
        page, reader = self.handles[p], self.handles[u]
        self.mappable(page)
        if length > reader.size - reader.at:
            return "EFAULT"
        fails = self.injected()
        if length == 0:
            return "0"
        self.write(page, off, length)
        if fails or reader.at + length > reader.fault:
            return "EFAULT"
        reader.at += length
        return "0"

    # -- mappings

    def do_kmap_local(self, p):
        page, thread = self.handles[p], self.call.thread
        self.mappable(page)
        mapping = self.handles[self.call.fills] = Mapping(page, thread)
        self.maps[thread].append(mapping)

    def mapped(self, k):
        mapping = self.handles[k]
        if not mapping.live:
            raise Fatal("use-after-unmap")
        if mapping.thread != self.call.thread:
            raise Fatal("foreign-map")
        return mapping

    def through(self, k, off, length):
        mapping = self.mapped(k)
        if not self.in_bounds(off, length):
            raise Fatal("out-of-bounds")
        self.alive(mapping.page)
        return mapping.page

    def do_load(self, k, off, length, atomic=False):
        page = self.through(k, off, length)
        self.read(page, off, length, atomic)
        if not all(page.init[off:off + length]):
            self.verdict.add("uninit-use")

    def do_store(self, k, off, length, _seed, atomic=False):
        self.write(self.through(k, off, length), off, length, atomic)

    def do_load_atomic(self, k, off, size):
        self.do_load(k, off, size, True)

    def do_store_atomic(self, k, off, size, seed):
        self.do_store(k, off, size, seed, True)

    def do_kunmap_local(self, k):
        mapping, live = self.mapped(k), self.maps[self.call.thread]
        if live[-1] is not mapping:
            raise Fatal("unmap-order")
        live.pop()
        mapping.live = False

    # -- order between threads, faults

    def do_lock(self, m):
        self.owner[m] = self.call.thread
        self.known[self.call.thread] |= self.mutex_known.get(m, 0)

    def do_unlock(self, m):
        del self.owner[m]
        self.mutex_known[m] = self.known[self.call.thread] | 1 << self.event

    def do_post(self, s):
        self.count[s] = self.count.get(s, 0) + 1
        self.posted[s] = self.posted.get(s, 0) | self.known[self.call.thread] | 1 << self.event

    def do_wait(self, s):
        self.count[s] -= 1
        self.known[self.call.thread] |= self.posted.get(s, 0)

    def do_fail_nth(self, n):
        self.fail[self.call.thread] = n


def judge(program):
    return Judge(program).run()


def to_json(name, judged):
    return json.dumps({
        "file": name, "verdict": sorted(judged.verdict),
        "races": [{"first": f, "second": s, "page": p, "from": a, "to": b}
                  for (f, s, p), (a, b) in sorted(judged.races.items())],
        "results": [{"line": line, "result": result} for line, result in judged.results],
        "fatal": judged.fatal and {"line": judged.fatal[0], "rule": judged.fatal[1]}})


def expectations_hold(program, judged):
    results = dict(judged.results)
    if program.expect is not None and program.expect - {"clean"} != judged.verdict:
        return False
    return all(call.claim is None or results.get(call.line) == call.claim
               for call in program.calls)


def main():
    status = 0
    for name in sys.argv[1:]:
        try:
            with open(name, "rb") as file:
                program = parse_text(file.read())
        except (FormatError, OSError) as error:
            print("%s: %s" % (name, error), file=sys.stderr)
            status = 2
            continue
        judged = judge(program)
        print(to_json(name, judged))
        if not expectations_hold(program, judged):
            status = max(status, 1)
    sys.exit(status)


if __name__ == "__main__":
    main()
