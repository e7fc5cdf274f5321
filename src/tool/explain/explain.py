# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Draw page programs, and print what is wrong with them: threads as columns, time downward, the order between
threads as arrows, then the findings as sentences. No line is longer than COLUMNS.

Each line of standard input has the facts of the rule model about one program, as JSON (model_facts.h).
"""
import json
import locale
import os
import sys
import textwrap

from util import program_facts

DEFAULTS = {"ascii": False, "utf8": False, "status": 0}  # if both ascii and utf8 are false, the locale decides
COLUMNS = 100

# For each part of the drawing: its character in UTF-8, and its character in ASCII.
GLYPHS = {
    "lane": "│|", "line": "─-", "call": "●*", "skipped": "○o", "ended": "✗X", "right": "▶>", "left": "◀<",
    "fork right": "├+",  # a lane from which a line goes right
    "fork left": "┤+",
    "down": "┬+", "last down": "┐+",  # a line from which a lane goes down, and the last such lane
    "up": "┴+", "last up": "┘+", "common bytes": "█#"}
COLOURS = {"plain": "", "wrong": "\033[1;31m", "cause": "\033[33m", "order": "\033[36m", "faint": "\033[2m"}

GUTTER = 8  # columns before the lanes: a mark, and the number of the line
LANE_LEAST, LANE_MOST = 7, 30  # the least and the usual largest distance between two lanes
MOST_FINDINGS = 8  # findings of one rule that are described; the drawing marks the calls of all
MOST_RANGES = 8  # ranges of uninitialised bytes that are printed for a call
BAR_START, BAR_WIDTH = 54, 40  # columns of the bar that shows the bytes of an access

# For each rule: a text about the fatal call, and a text about each call that caused the failure.
FATAL_TEXTS = {
    "foreign-map": ("uses {mapping}, a mapping of {page} that is another thread's.",
                    "made it, for its own thread only"),
    "map-overflow": ("has {causes} mappings, and this call needs one beyond the 16 that a thread may have.",
                     "is still there"),
    "out-of-bounds": ("touches {length} bytes from offset {offset} of {mapping}, a mapping of {page}: offset, "
                      "length and their sum may be at most PAGE_SIZE (4096).", ""),
    "unmap-order": ("ends {mapping}, a mapping of {page} that is not its newest.", "is newer, and still there"),
    "use-after-free": ("uses {freed_page}, which is freed.", "dropped the last reference"),
    "use-after-unmap": ("uses {mapping}, a mapping of {page} that has ended.", "ended it")}
BLOCKED_TEXTS = {
    "mutex": "Line {line}: {thread} waits for {handle}, which {by_thread} holds since line {by}.",
    "semaphore": "Line {line}: {thread} waits for {handle}, which is at 0, and no call is left to post it.",
    "threads": "Line {line}: main waits for all above it, first of all line {by} of {by_thread}.",
    "main": "Line {line}: {thread} comes after line {by} of main."}


def wrap_text_into_lines(text, column_count, first_indent, next_indent):
    return textwrap.wrap(text, column_count, initial_indent=" " * first_indent, subsequent_indent=" " * next_indent,
                         break_on_hyphens=False)


class RowPrinter:
    """Prints rows of the terminal. A row is first built from cells of one character, then printed."""

    def __init__(self, is_utf8, has_colours):
        self.is_utf8, self.has_colours = is_utf8, has_colours
        self.cells = {}  # column: (character, name of a colour)

    def put_glyph(self, column, glyph_name, colour):
        self.cells[column] = (GLYPHS[glyph_name][not self.is_utf8], colour)

    def put_text(self, column, text, colour):
        """Put @text into the row; text beyond COLUMNS is cut off. Return: the column after the text."""
        for character in text[:COLUMNS - column]:
            self.cells[column] = (character if " " <= character <= "~" else "?", colour)
            column += 1
        return column

    def print_and_clear_row(self):
        row, colour = "", "plain"
        end = max((column for column, cell in self.cells.items() if cell[0] != " "), default=-1) + 1
        for column in range(min(end, COLUMNS)):
            character, wanted = self.cells.get(column, (" ", "plain"))
            if self.has_colours and wanted != colour:
                row += ("\033[m" if colour != "plain" else "") + COLOURS[wanted]
            colour = wanted
            row += character
        sys.stdout.write(row + ("\033[m\n" if self.has_colours and colour != "plain" else "\n"))
        self.cells = {}

    def print_wrapped_text(self, first_indent, next_indent, colour, text):
        """Print text in as many lines as it needs. Each indent is a number of columns."""
        for line in wrap_text_into_lines(text, COLUMNS, first_indent, next_indent):
            self.put_text(0, line, colour)
            self.print_and_clear_row()

    def print_heading_text(self, text):
        self.print_wrapped_text(0, 2, "wrong", text)

    def print_finding_text(self, text):
        self.print_wrapped_text(2, 4, "plain", text)

    def print_detail(self, text):
        self.print_wrapped_text(4, 6, "plain", text)


class Call(program_facts.Call):
    colour = "plain"

    def format_call_with_result(self):
        has_result = self.was_executed() and self.step["result"] != "none"
        return self.text + (f" -> {self.step['result']}" if has_result else "")

    def guess_skip_reason(self):
        if self.name in ("lock", "unlock"):
            return "held already" if self.name == "lock" else "not held"
        if self.name.endswith("_atomic") and not self.name.startswith(("read", "write")):
            return "no such atomic, or not mapped"
        if not self.filled:
            return "a handle is empty"
        return "filled already, or no such page" if self.name == "kmap_local" else "filled already"


class Program(program_facts.Program):
    def __init__(self, model_facts):
        super().__init__(model_facts, Call)
        causes = [*model_facts.get("causes", []), *(line for uninit in model_facts["uninits"] for line in uninit["causes"]),
                  *(blocked["by"] for blocked in self.blocked if blocked["why"] == "mutex")]
        wrong = [*(race[side] for race in model_facts["races"] for side in ("first", "second")),
                 *(uninit["line"] for uninit in model_facts["uninits"]),
                 *(blocked["line"] for blocked in self.blocked),
                 *(one["line"] for one in model_facts["disagreements"])]
        wrong += [self.fatal["line"]] if self.fatal else []
        for colour, lines in (("cause", causes), ("wrong", wrong)):
            for line in filter(self.by_line.get, lines):
                self.by_line[line].colour = colour

    def find_thread_of_line(self, line_number):
        return self.by_line[line_number].thread


# ---- the drawing ----

class Drawing:
    """Each thread that has a call has a lane, a vertical line. A row has one call, whose text may cover the
    lanes on its right. A lane is drawn only while its thread runs between two calls of main."""

    def __init__(self, printer, program):
        self.printer, self.program = printer, program
        self.running = ["main"]
        width = {"main": LANE_LEAST}
        for call in program.calls:
            width[call.thread] = max(width.get(call.thread, 0), len(call.format_call_with_result()) + 3)
        self.threads = ["main", *sorted(set(width) - {"main"})]
        for cap in range(LANE_MOST, LANE_LEAST - 1, -1):
            self.lane, column = {}, GUTTER
            for thread in self.threads:
                self.lane[thread] = column
                column += min(width[thread], cap)
            # The last lane gets space for its longest text; the other lanes become narrower until it has.
            if self.lane[self.threads[-1]] + width[self.threads[-1]] <= COLUMNS:
                break

    def put_lanes_of_running_threads(self):
        for thread in self.running:
            self.printer.put_glyph(self.lane[thread], "lane", "faint")

    def put_horizontal_line(self, start_column, end_column):
        for column in range(min(start_column, end_column), max(start_column, end_column) + 1):
            self.printer.put_glyph(column, "line", "order")

    def print_thread_start_or_wait(self, threads, is_fork):
        """Print a row that shows that main starts the threads (@is_fork) or waits for them."""
        if not threads:
            return
        threads = sorted(threads)
        self.put_lanes_of_running_threads()
        self.put_horizontal_line(self.lane["main"], self.lane[threads[-1]])
        self.printer.put_glyph(self.lane["main"], "fork right", "order")
        for thread in threads:
            glyph = "down" if is_fork else "up"
            self.printer.put_glyph(self.lane[thread], ("last " if thread == threads[-1] else "") + glyph, "order")
        self.running = ["main", *threads] if is_fork else ["main"]
        self.printer.put_text(self.lane[threads[-1]] + 2, "main starts them" if is_fork else "main waits for them",
                              "faint")
        self.printer.print_and_clear_row()

    def find_threads_started_after_steps(self, step_count):
        """Return: the threads that have a call after @step_count steps and before the next call of main."""
        threads = set()
        for call in self.program.steps[step_count:]:
            if call.thread == "main":
                return threads
            threads.add(call.thread)
        last = [self.program.fatal["line"]] if self.program.fatal else []
        last += [blocked["line"] for blocked in self.program.blocked if blocked["why"] != "main"]
        return (threads | {self.program.find_thread_of_line(line) for line in last}) - {"main"}

    def print_arrow(self, from_thread, to_thread, text):
        start, end = self.lane[from_thread], self.lane[to_thread]
        is_right = start < end
        self.put_lanes_of_running_threads()
        self.put_horizontal_line(start, end)
        self.printer.put_glyph(start, "fork right" if is_right else "fork left", "order")
        self.printer.put_glyph(end - 1 if is_right else end + 1, "right" if is_right else "left", "order")
        self.printer.put_glyph(end, "lane", "faint")
        self.printer.put_text(max(start, end) + 2, text, "order")
        self.printer.print_and_clear_row()

    def print_rows_of_call(self, call, note=""):
        column = self.lane[call.thread]
        colour = call.colour if call.colour != "plain" or call.was_executed() else "faint"
        text = call.format_call_with_result() + (f"  ({note})" if note else "")
        for number, line in enumerate(wrap_text_into_lines(text, COLUMNS - column - 1, 1, 3)):
            self.put_lanes_of_running_threads()
            # Spaces around the text separate it from the lanes.
            self.printer.put_text(column + 1, line + " ", colour)
            if number == 0:
                mark = {"wrong": "!", "cause": "~"}.get(call.colour, " ")
                self.printer.put_text(0, f"{mark}{call.line:5}", "faint" if mark == " " else call.colour)
                glyph_name = "call" if call.was_executed() else "skipped" if call.step else "ended"
                self.printer.put_glyph(column, glyph_name, colour)
            self.printer.print_and_clear_row()

    def print_names_of_threads(self):
        self.printer.put_text(2, "line", "faint")
        for thread in self.threads:
            self.printer.put_text(self.lane[thread], thread, "plain")
        self.printer.print_and_clear_row()

    def print_switches(self, switches):
        """Draw each switch of threads that deviates from the default, in the order of the execution."""
        self.running = [thread for thread in self.threads if thread != "main"]
        self.print_names_of_threads()
        for switch in switches:
            if switch["thread"]:
                self.print_rows_of_call(self.program.by_line[switch["line"]],
                                        f"stops before {switch['before']}" if switch["before"] else "ends")
                self.print_arrow(switch["thread"], switch["next"], f"{switch['next']} runs")
            self.print_rows_of_call(self.program.by_line[switch["next_line"]],
                                    "goes on" if switch["thread"] else "begins")

    def print_drawing(self):
        self.print_names_of_threads()
        self.print_thread_start_or_wait(self.find_threads_started_after_steps(0), True)
        for number, call in enumerate(self.program.steps):
            if call.thread == "main":
                self.print_thread_start_or_wait(self.running[1:], False)
            for before in call.step["after"] if call.thread != "main" else []:
                self.print_arrow(self.program.find_thread_of_line(before), call.thread,
                                 f"{call.arguments[0]}: {before} before {call.line}")
            self.print_rows_of_call(call, "" if call.was_executed() else f"skipped: {call.guess_skip_reason()}")
            if call.thread == "main":
                self.print_thread_start_or_wait(self.find_threads_started_after_steps(number + 1), True)
        for blocked in self.program.blocked:
            self.print_rows_of_call(self.program.by_line[blocked["line"]], "waits for ever")
        call = self.program.fatal_call
        if call:
            if call.thread == "main":
                self.print_thread_start_or_wait(self.running[1:], False)
            self.print_rows_of_call(call, "the program ends here")


# ---- the text after the drawing: broken rules and causes ----

def format_numbers(start, after_end):
    return str(start) if after_end == start + 1 else f"{start} .. {after_end - 1}"


def format_byte_numbers(start, after_end):
    return f"{'byte' if after_end == start + 1 else 'bytes'} {format_numbers(start, after_end)}"


def print_rule_heading(printer, program, rule):
    printer.print_and_clear_row()
    printer.print_heading_text(f"{rule} ({program.facts['contracts'][rule]})")


def print_first_findings_of_rule(printer, findings, plural_noun, print_one_finding):
    for finding in findings[:MOST_FINDINGS]:
        print_one_finding(finding)
    if len(findings) > MOST_FINDINGS:
        printer.print_finding_text(f"And {len(findings) - MOST_FINDINGS} more{plural_noun}; "
                           "`pagetorture check` names them all.")


def print_access_with_bar(printer, program, access, race, bar_range):
    """Print the access and a bar for its bytes, with the racing bytes filled. @bar_range: the first byte of the bar,
    and the byte after its last."""
    def find_bar_column(byte_offset):
        return BAR_START + (byte_offset - bar_range[0]) * BAR_WIDTH // (bar_range[1] - bar_range[0])
    printer.put_text(4, f"line {access['line']:4}  {program.find_thread_of_line(access['line']):4} "
                  f"{'atomically' if access['atomic'] else 'plainly'} {'writes' if access['write'] else 'reads'} "
                  f"{format_byte_numbers(access['from'], access['to'])}", "plain")
    for x in range(find_bar_column(access["from"]), find_bar_column(access["to"] - 1) + 1):
        is_common = find_bar_column(race["from"]) <= x <= find_bar_column(race["to"] - 1)
        printer.put_glyph(x, "common bytes" if is_common else "line", "wrong" if is_common else "plain")
    printer.print_and_clear_row()


def print_race(printer, program, race):
    sides = [program.by_line[race["first"]], program.by_line[race["second"]]]
    accesses = [access for access in program.facts["accesses"]
                if access["page"] == race["page"] and access["line"] in (race["first"], race["second"]) and
                access["from"] < race["to"] and race["from"] < access["to"]]
    bar_range = min(access["from"] for access in accesses), max(access["to"] for access in accesses)
    mappings = {side.arguments[0] for side in sides}
    two_mappings = len(mappings) == 2 and all(name.startswith("k") for name in mappings)
    printer.print_finding_text(f"Lines {race['first']} and {race['second']} race on {race['page']} "
                       f"{format_byte_numbers(race['from'], race['to'])}" +
                       (": two mappings of one page are the same memory (R4)." if two_mappings else "."))
    for access in accesses:
        print_access_with_bar(printer, program, access, race, bar_range)
    known = program.facts["known"][program.facts["races"].index(race)]
    printer.print_detail(f"Nothing orders them: at line {race['second']} {sides[1].thread} knows " +
                      (f"what {sides[0].thread} did up to line {known}." if known else
                       f"nothing of {sides[0].thread}."))


def print_uninit_use(printer, program, uninit):
    call = program.by_line[uninit["line"]]
    read, start, ranges = call.step["bytes"], uninit["offset"], []
    for index in range(0, len(read), 2):
        if read[index] == "?":
            if ranges and ranges[-1][1] == start + index // 2:
                ranges[-1][1] += 1
            else:
                ranges.append([start + index // 2, start + index // 2 + 1])
    text = ", ".join(format_numbers(*one) for one in ranges[:MOST_RANGES])
    printer.print_finding_text(f"Line {call.line}: {call.thread} uses the value of {uninit['page']} "
                       f"{'byte' if uninit['to'] == uninit['from'] + 1 else 'bytes'} {text}"
                       f"{' and more' if len(ranges) > MOST_RANGES else ''}, which was never written.")
    for line in uninit["causes"][:-1]:
        printer.print_detail(f"Line {line} copied byte {uninit['from']} there without a value, which breaks nothing.")
    for line in uninit["causes"][-1:]:
        printer.print_detail(f"Line {line} allocated the page without __GFP_ZERO, so its bytes are uninitialised.")


def print_fatal_call_or_deadlock(printer, program):
    rule, call = program.fatal["rule"], program.by_line[program.fatal["line"]]
    print_rule_heading(printer, program, rule)
    if rule == "deadlock":
        printer.print_finding_text("Lines are left and none of them can run.")
        for blocked in program.blocked:
            printer.print_finding_text(BLOCKED_TEXTS[blocked["why"]].format(
                **blocked, thread=program.find_thread_of_line(blocked["line"]),
                by_thread=program.find_thread_of_line(blocked["by"]),
                handle=program.by_line[blocked["line"]].arguments[0]))
        return
    finding, cause_text = FATAL_TEXTS[rule]
    printer.print_finding_text(f"Line {call.line}: {call.thread} " + finding.format(
        mapping=call.arguments[0], causes=len(program.facts["causes"]), **program.facts["fatal_values"]))
    for cause in (program.by_line[line] for line in program.facts["causes"]):
        printer.print_wrapped_text(4, 6, "cause", f"line {cause.line}  {cause.thread}  {cause.text}: {cause_text}")


def print_lines_never_run(printer, program):
    """Print the numbers of the lines that never run, except the blocked and fatal calls."""
    shown = {blocked["line"] for blocked in program.blocked} | \
        ({program.fatal["line"]} if program.fatal else set())
    ranges, is_next = [], False
    for call in program.calls:
        is_left = not call.step and call.line not in shown
        if is_left and is_next:
            ranges[-1][1] = call.line + 1
        elif is_left:
            ranges.append([call.line, call.line + 1])
        is_next = is_left
    if ranges:
        count = sum(not call.step and call.line not in shown for call in program.calls)
        printer.print_and_clear_row()
        printer.print_wrapped_text(0, 2, "faint", f"Never run: {'lines' if count > 1 else 'line'} " +
                         ", ".join(format_numbers(*one) for one in ranges))


def print_disagreement(printer, program, disagreement):
    printer.print_and_clear_row()
    printer.print_heading_text(f"{disagreement['who']} disagrees with the model")
    printer.print_finding_text(f"Seen: {disagreement['seen']}")
    call = program.by_line.get(disagreement["line"])
    if call:
        races = any(call.line in (race["first"], race["second"]) for race in program.facts["races"])
        printer.print_finding_text(f"Expected at line {call.line}: {call.thread}: {call.format_call_with_result()}" + (
            ", which does not run to its end" if not call.step else
            ", which is skipped" if not call.was_executed() else
            ", which races as said below" if races else ", which races with no other call"))


def print_all_findings(printer, program):
    facts = program.facts
    for one in facts["disagreements"]:
        print_disagreement(printer, program, one)
    if facts["races"]:
        print_rule_heading(printer, program, "data-race")
        print_first_findings_of_rule(printer, facts["races"], " races",
                                     lambda race: print_race(printer, program, race))
    if facts["uninits"]:
        print_rule_heading(printer, program, "uninit-use")
        print_first_findings_of_rule(printer, facts["uninits"], "",
                                     lambda uninit: print_uninit_use(printer, program, uninit))
    if program.fatal:
        print_fatal_call_or_deadlock(printer, program)
    if not facts["verdict"]:
        printer.print_and_clear_row()
        printer.print_wrapped_text(0, 2, "plain", "clean: " + (
            "the program breaks no rule, so the library or its build is wrong." if facts["disagreements"] else
            "no rule is broken."))
    print_lines_never_run(printer, program)
    if facts["claim"]:
        printer.print_and_clear_row()
        printer.print_heading_text(f"A claim does not hold: {facts['claim']}")


def print_schedule(printer, program):
    """Print what the schedule did in the flavour tsan, and draw its switches of threads inside of calls."""
    run = program.facts["schedule_run"]
    printer.print_and_clear_row()
    if run["verdict"] == "not run":
        printer.print_wrapped_text(0, 2, "plain", f"schedule {program.facts['schedule']}: the places where threads "
                                   f"switch are not shown: {run['text']}")
        return
    printer.print_wrapped_text(0, 2, "wrong" if run["verdict"] == "failed" else "plain",
                               f"schedule {program.facts['schedule']}: " + (
                                   f"fails in the flavour tsan: {run['text']}" if run["verdict"] == "failed" else
                                   "runs in the flavour tsan without a failure"))
    printer.print_and_clear_row()
    Drawing(printer, program).print_switches(run["switches"])


def print_explanation(printer, program):
    facts, name = program.facts, program.facts["file"]
    who = [one["who"] for one in facts["disagreements"]]
    disagree = f"; {who[0]}{' and others disagree' if who[1:] else ' disagrees'}" if who else ""
    printer.print_wrapped_text(0, 2, "wrong" if facts["verdict"] or who else "plain",
                     ("..." if len(name) > COLUMNS // 2 else "") + name[-(COLUMNS // 2):] + ": " +
                     (" ".join(facts["verdict"]) or "clean") + disagree)
    printer.print_and_clear_row()
    Drawing(printer, program).print_drawing()
    if facts["schedule"]:
        print_schedule(printer, program)
    colours = {call.colour for call in program.calls}
    if "wrong" in colours:
        wrong = ", or ".join(["breaks a rule"] * bool(facts["verdict"]) + ["is not executed as expected"] * bool(who))
        printer.print_and_clear_row()
        printer.print_wrapped_text(0, 0, "faint", f"! {wrong}" + ("   ~ made it so" if "cause" in colours else ""))
    print_all_findings(printer, program)


def run(options):
    sys.stdout.reconfigure(encoding="utf-8")
    locale.setlocale(locale.LC_CTYPE, "")
    is_utf8 = options.utf8 or not options.ascii and locale.nl_langinfo(locale.CODESET) == "UTF-8"
    has_colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    printer = RowPrinter(is_utf8, has_colours)
    for number, line in enumerate(sys.stdin.buffer):
        if number:
            printer.print_and_clear_row()
        print_explanation(printer, Program(json.loads(line)))
    return options.status
