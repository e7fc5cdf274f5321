# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Compile and run the C file of a program, and check whether it breaks the expected rules."""
import collections
import contextlib
import os
import re
import secrets
import shlex
import signal
import subprocess
import tempfile

from to_c.c_file import format_c_file
from to_c.program import Program
from util.shared import request_signal_at_parent_end

COMPILE_SECONDS = 300

# An attempt compiles the C file with a flavour of the page library and runs the program. If @is_wanted, the run must
# show that @rule is broken, otherwise it must not. @rule: None: no rule. @flavour: None: this build has
# no flavour that detects @rule.
Attempt = collections.namedtuple("Attempt", "rule rule_text is_wanted flavour backend missing_flavour")


# The failures of a schedule: a text that pagetorture prints, and what the C program prints for the same failure.
SCHEDULE_FAILURES = {"BUG: page: ": r"BUG: page: ", "data-race": "WARNING: ThreadSanitizer: data race",
                     "deadlock": "not as expected: deadlock", "livelock": "not as expected: livelock",
                     "are the same page frame": "are the same page frame",
                     "the library did not free": "the library did not free",
                     "those of no order of the calls": r"line \d+: not as expected|at the end: not as expected"}


def plan_attempt(program, rule, is_flavour_built):
    """@is_flavour_built: a function that returns whether the libraries of a flavour exist"""
    if program.facts["schedule"]:
        return Attempt(None, "the schedule", True, "tsan" if is_flavour_built("tsan") else None, "direct", "tsan")
    flavours = {"data-race": ["tsan"], "uninit-use": ["msan"], None: [
        "tsan" if program.threads else "asan", "plain"]}.get(rule, ["plain"])
    places = [{"flavour": flavour, "backend": "direct"} for flavour in flavours]
    if program.fatal_call and program.fatal["rule"] == rule:
        places = program.facts["detected"]
    place = next((place for place in places if is_flavour_built(place["flavour"])), {"flavour": None, "backend": None})
    return Attempt(rule, rule or "clean", rule is None or rule in program.facts["expect"], place["flavour"],
                   place["backend"], places[-1]["flavour"] if places else None)


# ---- child processes ----

class Ended:
    """How a child process ended."""

    def __init__(self, process_output, exit_status, has_hung):
        self.output, self.exit_status, self.has_hung = process_output, exit_status, has_hung

    def find_line_that_explains_end(self):
        """Return: the line of the output that best explains how the process ended."""
        for words in ("the schedule does not fit", "not as expected|the process did not end|error: ", "Sanitizer: |runtime error: |BUG: page: "):
            found = re.search(rf"^.*({words}).*$", self.output, re.MULTILINE)
            if found:
                return found[0][:200]
        return "it did not end" if self.has_hung else \
            "a signal and no report" if self.exit_status < 0 else "no report"

    def find_reported_rule(self):
        """Return: the rule that the report of a sanitizer or of the page library means (as detector.c); or None."""
        if re.search("AddressSanitizer: (heap-use-after-free|use-after-poison)", self.output):
            return "use-after-free"
        if "MemorySanitizer: use-of-uninitialized-value" in self.output:
            return "uninit-use"
        found = re.search(r"BUG: page: ([a-z-]+)", self.output)
        return found[1] if found else None

    def list_race_reports(self):
        return self.output.split("WARNING: ThreadSanitizer: data race")[1:]

    def has_reported_page_race(self):
        """Return: whether a race is reported; not on thread-local variables such as errno, which fibers share."""
        return any("Location is TLS" not in report for report in self.list_race_reports())

    def has_ended_without_page_error(self):
        if self.exit_status < 0 or self.has_reported_page_race():
            return False
        if self.list_race_reports():
            return self.exit_status == 66  # of ThreadSanitizer
        return self.exit_status == 0 and "Sanitizer: " not in self.output

    def was_ended_by_fatal_call(self, program, rule):
        """Return: whether the fatal call, and no other call, ended the process."""
        call = program.fatal_call
        if not call or program.fatal["rule"] != rule or not self.exit_status or \
                f"line {call.line}: {rule} is expected here" not in self.output or \
                "the process did not end" in self.output:
            return False
        return self.find_reported_rule() == rule or "maps" in call.traits and (
            self.exit_status in (-signal.SIGSEGV, -signal.SIGBUS) or "AddressSanitizer: " in self.output)

    def has_shown_rule_or_is_clean(self, program, rule):
        if rule == "data-race":
            return self.has_reported_page_race()
        if rule == "uninit-use":
            return self.find_reported_rule() == rule
        if rule == "deadlock":
            return self.exit_status == 0 and "deadlock: nothing more can run, as expected" in self.output
        return self.has_ended_without_page_error() if rule is None else self.was_ended_by_fatal_call(program, rule)

    def has_shown_schedule(self, schedule_run):
        """Return: whether the C program ended as the schedule did in pagetorture."""
        if schedule_run["verdict"] == "clean":
            return self.has_ended_without_page_error()
        pattern = next((pattern for text, pattern in SCHEDULE_FAILURES.items() if text in schedule_run["text"]), None)
        return bool(self.exit_status) and pattern is not None and re.search(pattern, self.output) is not None


def run_child_with_timeout(command, directory, timeout_seconds, **environment_variables):
    """Run a command in the directory. Kill it after @timeout_seconds, or when this process ends."""
    with tempfile.TemporaryFile(dir=directory) as output:
        with subprocess.Popen(
                command, cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env={**os.environ, **environment_variables}, preexec_fn=request_signal_at_parent_end) as child:
            has_hung = False
            try:
                child.wait(timeout_seconds)
            except subprocess.TimeoutExpired:
                has_hung = True
                child.kill()
        output.seek(0)
        return Ended(output.read(1 << 20).decode(errors="replace"), child.returncode, has_hung)


@contextlib.contextmanager
def make_scratch_directory():
    """Yield the path of a new temporary directory. A child process removes the directory when the child's standard
    input ends, which happens also if this process is killed."""
    directory = os.path.abspath(os.path.join(os.environ.get("TMPDIR") or "/tmp", f"pagetorture-{secrets.token_hex(6)}"))
    # The child must exist before the directory.
    with subprocess.Popen(["sh", "-c", 'read -r _; exec rm -rf -- "$1"', "sh", directory], start_new_session=True,
                          stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        os.mkdir(directory, 0o700)
        yield directory


# ---- attempts ----

class Reproduction:
    """The attempts to reproduce a program, their result, and the C file whose comment describes both."""

    def __init__(self, model_facts, options, program_name, c_file_name):
        self.facts, self.name, self.source, self.seconds = model_facts, program_name, c_file_name, options.timeout
        self.compiler = options.cc or model_facts["compiler"]
        self.program = Program(model_facts, options.deterministic or model_facts.get("foreign", False))
        self.binary = c_file_name[:-2] if re.fullmatch(r".+\.c", c_file_name) else c_file_name + ".out"
        self.schedule_run = model_facts["schedule_run"]
        rules = sorted({*model_facts["expect"], *model_facts["verdict"]}) or [None]
        self.attempts = [plan_attempt(self.program, rule, self.is_flavour_built) for rule in rules]
        self.note = options.note + "\n" if options.note else ""
        self.note += "".join(self.format_compile_and_run_note(attempt) for attempt in self.attempts if attempt.flavour)
        if self.program.runs_on_fibers and not options.deterministic:
            self.note += "On fibers: while a pthread runs, all pthreads can use its mappings.\n"
        self.result, self.why = "untried", ""

    # ---- compiling ----

    def find_directory_of_library(self, library_file):
        return next((directory for directory in self.facts["directories"]
                     if os.path.exists(os.path.join(directory, library_file))), None)

    def pair_linker_words_with_libraries(self, flavour):
        """Return: pairs of a linker argument and a match; None: the argument is no library of this build."""
        words = self.facts["builds"][flavour]["libraries"].split()
        return [(word, re.fullmatch(r"lib(.+)\.a", word)) for word in words]

    def is_flavour_built(self, flavour):
        libraries = self.pair_linker_words_with_libraries(flavour)
        return bool(libraries) and all(self.find_directory_of_library(word) for word, own in libraries if own)

    def make_compile_command(self, flavour, uses_installed_library=False):
        """Return: the shell command that compiles the C file, with the library of this build or an installed one."""
        include, links = "$(pkg-config --cflags libpage)", ["$(pkg-config --libs libpage)"]
        if not uses_installed_library:
            include, links = f"-I{shlex.quote(self.facts['header_directory'])}", []
            for word, own in self.pair_linker_words_with_libraries(flavour):
                links += [f"-L{shlex.quote(self.find_directory_of_library(word))}", f"-l{shlex.quote(own[1])}"] \
                    if own else [word]
        # A file name that begins with "-" must not be taken for an option.
        source, binary = (shlex.quote("./" + name if name.startswith("-") else name)
                          for name in (self.source, self.binary))
        files = f"-o {binary} {source}" if self.binary != self.source + ".out" else \
            f"-o {binary} -x c {source} -x none"
        if self.schedule_run:
            # The scheduler is compiled without the sanitizer, and its hooks replace functions of the sanitizer.
            hooks = f"$(nm {binary}.o | sed -n 's/.* T __wrap_/-Wl,--wrap=/p')"
            return f"{self.compiler} -g -O1 -fno-builtin {include} -c -o {binary}.o -x c {source} &&\n  " + " ".join(
                [self.compiler, "-g", *self.facts["builds"][flavour]["flags"].split(), "-o", binary, f"{binary}.o",
                 hooks, *links, "-pthread"])
        return " ".join([self.compiler, "-g -O1", *self.facts["builds"][flavour]["flags"].split(), include, files,
                         *links, "-pthread"])

    # ---- the C file ----

    def format_compile_and_run_note(self, attempt):
        run = f"{'PAGE_MAP=alias ' if attempt.backend == 'alias' else ''}./{shlex.quote(self.binary)}"
        flags = self.facts["builds"][attempt.flavour]["flags"]
        what = f"run {attempt.rule_text}" if self.schedule_run else f"see {attempt.rule_text}"
        return f"To {what}, with this build of the page library:\n\n" \
               f"  {self.make_compile_command(attempt.flavour)} &&\n    {run}\n\n" \
               f"or with one that is installed{f', and built with {flags}' if flags else ''}:\n\n" \
               f"  {self.make_compile_command(attempt.flavour, True)} &&\n    {run}\n\n"

    def format_c_file_as_bytes(self):
        why = f": {self.why}" if self.why else ""
        result_note = {"reproduced": f"Reproduced: yes, by these lines, with {self.compiler}.\n",
                       "failed": f"DOES NOT REPRODUCE{why}.\n", "untried": f"NOT TRIED{why}.\n"}[self.result]
        checks_results = bool(self.schedule_run) and self.schedule_run["has_one_outcome"]
        return os.fsencode(format_c_file(self.program, self.name, self.note + result_note, checks_results))

    # ---- running ----

    def compile_and_run_attempt(self, attempt, directory):
        """Return: the result, "reproduced", "failed" or "untried", and the reason if it is not "reproduced"."""
        if self.schedule_run and self.schedule_run["verdict"] == "not run" and attempt.flavour:
            return "failed", self.schedule_run["text"]
        if not attempt.flavour:
            return ("untried", f"there is no build of the page library for {attempt.missing_flavour}") \
                if attempt.missing_flavour else \
                ("failed", f"nothing can see this {attempt.rule_text}: it touches no byte, or any")
        # TMPDIR: the temporary files of a killed compiler are removed with the scratch directory.
        compiled = run_child_with_timeout(["sh", "-c", self.make_compile_command(attempt.flavour)], directory,
                                          COMPILE_SECONDS, TMPDIR=directory)
        if compiled.exit_status == 127:
            return "untried", f"there is no compiler {self.compiler}"
        if compiled.exit_status:
            return "untried", f"{self.compiler} cannot compile it for {attempt.flavour}: " \
                              f"{compiled.find_line_that_explains_end()}"
        ran = run_child_with_timeout([os.path.join(directory, self.binary)], directory, self.seconds,
                                     PAGE_MAP=attempt.backend)
        if self.schedule_run:
            return ("reproduced", "") if ran.has_shown_schedule(self.schedule_run) and not ran.has_hung else \
                ("failed", f"pagetorture saw: {self.schedule_run['text'] or 'no failure'}; this program: "
                           f"{ran.find_line_that_explains_end()}" +
                           "; only pagetorture detects races on the library's own data" *
                           self.schedule_run["text"].startswith("library-race"))
        shows = ran.has_shown_rule_or_is_clean(self.program, attempt.rule)
        if shows == attempt.is_wanted and not ran.has_hung and "not as expected" not in ran.output:
            return "reproduced", ""
        seen = f"{attempt.rule_text}, " if shows and not attempt.is_wanted else ""
        return "failed", f"expected {'' if attempt.is_wanted else 'no '}{attempt.rule_text} in the flavour " \
                         f"{attempt.flavour}, seen: {seen}{ran.find_line_that_explains_end()}"

    def run_attempts_until_one_fails(self):
        """Make the attempts until one fails, and set the result: "failed", else "untried" if an attempt was not
        possible, else "reproduced"."""
        with contextlib.ExitStack() as cleanup:
            try:
                directory = cleanup.enter_context(make_scratch_directory())
                with open(os.path.join(directory, self.source), "wb") as file:
                    file.write(self.format_c_file_as_bytes())
            except OSError as problem:
                self.why = f"expected a temporary directory, got {problem.filename}: {problem.strerror}"
                return
            self.result = "reproduced"
            for attempt in self.attempts:
                result, why = self.compile_and_run_attempt(attempt, directory)
                if result == "failed" or self.result == "reproduced":
                    self.result, self.why = result, re.sub(r"[\0-\x1f]", " ", why)
                if result == "failed":
                    return
