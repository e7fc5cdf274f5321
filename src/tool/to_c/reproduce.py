# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Compile and run the C file of a program, and see whether it shows what it must show."""
import collections
import os
import re
import shlex
import signal
import subprocess
import tempfile

from to_c.c_file import format_file
from to_c.program import Program
from util.shared import end_with_parent

COMPILE_SECONDS = 300

# A compilation with a flavour of the page library and a run, which must show the rule, or must not show it.
# @rule: None: no rule is broken; @flavour: None: none of the flavours that detect the rule is built
Attempt = collections.namedtuple("Attempt", "rule rule_text is_wanted flavour backend missing_flavour")


def plan_attempt(program, rule, is_built):
    """@is_built: a function: whether the libraries of a flavour exist"""
    flavours = {"data-race": ["tsan"], "uninit-use": ["msan"], None: [
        "tsan" if program.threads else "asan", "plain"]}.get(rule, ["plain"])
    places = [{"flavour": flavour, "backend": "direct"} for flavour in flavours]
    if program.fatal_call and program.fatal["rule"] == rule:
        places = program.facts["detected"]
    place = next((place for place in places if is_built(place["flavour"])), {"flavour": None, "backend": None})
    return Attempt(rule, rule or "clean", rule is None or rule in program.facts["expect"], place["flavour"],
                   place["backend"], places[-1]["flavour"] if places else None)


# ---- child processes ----

class Ended:
    """How a child process ended."""

    def __init__(self, output, exit_status, has_hung):
        self.output, self.exit_status, self.has_hung = output, exit_status, has_hung

    def find_important_line(self):
        """Return: the line of the output that best explains how the process ended."""
        for words in ("not as expected|the process did not end|error: ", "Sanitizer: |runtime error: |BUG: page: "):
            found = re.search(rf"^.*({words}).*$", self.output, re.MULTILINE)
            if found:
                return found[0][:200]
        return "it did not end" if self.has_hung else \
            "a signal and no report" if self.exit_status < 0 else "no report"

    def find_reported_rule(self):
        """The rule that the report of a sanitizer or of the page library means (detector.c)."""
        if re.search("AddressSanitizer: (heap-use-after-free|use-after-poison)", self.output):
            return "use-after-free"
        if "MemorySanitizer: use-of-uninitialized-value" in self.output:
            return "uninit-use"
        found = re.search(r"BUG: page: ([a-z-]+)", self.output)
        return found[1] if found else None

    def list_race_reports(self):
        return self.output.split("WARNING: ThreadSanitizer: data race")[1:]

    def has_page_race(self):
        """Thread-local variables such as errno, which fibers share, are no pages."""
        return any("Location is TLS" not in report for report in self.list_race_reports())

    def is_clean(self):
        if self.exit_status < 0 or self.has_page_race():
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

    def has_shown_rule(self, program, rule):
        if rule == "data-race":
            return self.has_page_race()
        if rule == "uninit-use":
            return self.find_reported_rule() == rule
        if rule == "deadlock":
            return self.exit_status == 0 and "deadlock: nothing more can run, as expected" in self.output
        return self.is_clean() if rule is None else self.was_ended_by_fatal_call(program, rule)


def run_child(command, directory, seconds, **variables):
    """Run a command in the directory, and kill it after its time, or when this process ends."""
    with tempfile.TemporaryFile(dir=directory) as output:
        with subprocess.Popen(
                command, cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env={**os.environ, **variables}, preexec_fn=end_with_parent) as child:
            has_hung = False
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                has_hung = True
                child.kill()
        output.seek(0)
        return Ended(output.read(1 << 20).decode(errors="replace"), child.returncode, has_hung)


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


# ---- attempts ----

class Reproduction:
    """The attempts, their result, and the C file that describes them. @source: the name of the C file"""

    def __init__(self, facts, options, name, source):
        self.facts, self.name, self.source, self.seconds = facts, name, source, options.timeout
        self.compiler = options.cc or facts["compiler"]
        self.program = Program(facts, options.deterministic or facts.get("foreign", False))
        self.binary = source[:-2] if re.fullmatch(r".+\.c", source) else source + ".out"
        rules = sorted({*facts["expect"], *facts["verdict"]}) or [None]
        self.attempts = [plan_attempt(self.program, rule, self.is_built) for rule in rules]
        self.note = options.note + "\n" if options.note else ""
        self.note += "".join(self.format_attempt_note(attempt) for attempt in self.attempts if attempt.flavour)
        if self.program.is_deterministic and not options.deterministic:
            self.note += "On fibers: while a pthread runs, all pthreads can use its mappings.\n"
        self.result, self.why = "untried", ""

    # ---- compiling ----

    def find_library_directory(self, library):
        return next((directory for directory in self.facts["directories"]
                     if os.path.exists(os.path.join(directory, library))), None)

    def list_libraries(self, flavour):
        """Return: words for the linker; those that name a file of this build are found in its directories."""
        words = self.facts["builds"][flavour]["libraries"].split()
        return [(word, re.fullmatch(r"lib(.+)\.a", word)) for word in words]

    def is_built(self, flavour):
        libraries = self.list_libraries(flavour)
        return bool(libraries) and all(self.find_library_directory(word) for word, own in libraries if own)

    def make_compile_command(self, flavour, is_installed=False):
        """@is_installed: with the installed library instead of that of this build"""
        include, links = "$(pkg-config --cflags libpage)", ["$(pkg-config --libs libpage)"]
        if not is_installed:
            include, links = f"-I{shlex.quote(self.facts['header_directory'])}", []
            for word, own in self.list_libraries(flavour):
                links += [f"-L{shlex.quote(self.find_library_directory(word))}", f"-l{shlex.quote(own[1])}"] \
                    if own else [word]
        # A name must not be taken for an option.
        source, binary = (shlex.quote("./" + name if name.startswith("-") else name)
                          for name in (self.source, self.binary))
        files = f"-o {binary} {source}" if self.binary != self.source + ".out" else \
            f"-o {binary} -x c {source} -x none"
        return " ".join([self.compiler, "-g -O1", *self.facts["builds"][flavour]["flags"].split(), include, files,
                         *links, "-pthread"])

    # ---- the C file ----

    def format_attempt_note(self, attempt):
        run = f"{'PAGE_MAP=alias ' if attempt.backend == 'alias' else ''}./{shlex.quote(self.binary)}"
        flags = self.facts["builds"][attempt.flavour]["flags"]
        return f"To see {attempt.rule_text}, with this build of the page library:\n\n" \
               f"  {self.make_compile_command(attempt.flavour)} &&\n    {run}\n\n" \
               f"or with one that is installed{f', and built with {flags}' if flags else ''}:\n\n" \
               f"  {self.make_compile_command(attempt.flavour, True)} &&\n    {run}\n\n"

    def format_file(self):
        why = f": {self.why}" if self.why else ""
        result_note = {"reproduced": f"Reproduced: yes, by these lines, with {self.compiler}.\n",
                       "failed": f"DOES NOT REPRODUCE{why}.\n", "untried": f"NOT TRIED{why}.\n"}[self.result]
        return os.fsencode(format_file(self.program, self.name, self.note + result_note))

    # ---- running ----

    def run_attempt(self, attempt, directory):
        """Return: (result, why not)."""
        if not attempt.flavour:
            return ("untried", f"there is no build of the page library for {attempt.missing_flavour}") \
                if attempt.missing_flavour else \
                ("failed", f"nothing can see this {attempt.rule_text}: it touches no byte, or any")
        # Temporary files of a killed compiler are removed with the directory.
        compiled = run_child(["sh", "-c", self.make_compile_command(attempt.flavour)], directory, COMPILE_SECONDS,
                             TMPDIR=directory)
        if compiled.exit_status == 127:
            return "untried", f"there is no compiler {self.compiler}"
        if compiled.exit_status:
            return "untried", f"{self.compiler} cannot compile it for {attempt.flavour}: " \
                              f"{compiled.find_important_line()}"
        ran = run_child([os.path.join(directory, self.binary)], directory, self.seconds, PAGE_MAP=attempt.backend)
        shows = ran.has_shown_rule(self.program, attempt.rule)
        if shows == attempt.is_wanted and not ran.has_hung and "not as expected" not in ran.output:
            return "reproduced", ""
        seen = f"{attempt.rule_text}, " if shows and not attempt.is_wanted else ""
        return "failed", f"expected {'' if attempt.is_wanted else 'no '}{attempt.rule_text} in the flavour " \
                         f"{attempt.flavour}, seen: {seen}{ran.find_important_line()}"

    def run_all_attempts(self):
        """Try all attempts. The result is the first failure, else the first attempt that is not possible."""
        with ScratchDirectory() as directory:
            try:
                with open(os.path.join(directory, self.source), "wb") as file:
                    file.write(self.format_file())
            except OSError as problem:
                self.why = f"expected a temporary directory, got {directory}: {problem.strerror}"
                return
            self.result = "reproduced"
            for attempt in self.attempts:
                result, why = self.run_attempt(attempt, directory)
                if result == "failed" or self.result == "reproduced":
                    self.result, self.why = result, re.sub(r"[\0-\x1f]", " ", why)
                if result == "failed":
                    return
