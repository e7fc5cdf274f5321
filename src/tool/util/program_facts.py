# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""The calls of a page program, with what the rule model says about them (model_facts.h)."""
import re


class Call:
    def __init__(self, line, text):
        self.line = line
        self.thread, self.text = text.split(": ", 1)
        self.filled, self.name, arguments = re.fullmatch(r"(?:(\w+) = )?(\w+)\((.*)\)", self.text).groups()
        self.arguments = arguments.split(", ")
        self.step = None  # the fact about its execution; None: the call did not finish

    def was_executed(self):
        return bool(self.step) and not self.step["skipped"]


class Program:
    """@make_call: a subclass of Call"""

    def __init__(self, facts, make_call):
        self.facts = facts
        self.calls = [make_call(fact["line"], fact["text"]) for fact in facts["calls"]]
        self.by_line = {call.line: call for call in self.calls}
        self.steps = [self.by_line[step["line"]] for step in facts["steps"]]  # in the order in which they run
        for call, step in zip(self.steps, facts["steps"]):
            call.step = step
        self.fatal, self.blocked = facts["fatal"], facts.get("blocked", [])
        self.has_deadlock = bool(self.fatal) and self.fatal["rule"] == "deadlock"
        self.fatal_call = self.by_line[self.fatal["line"]] if self.fatal and not self.has_deadlock else None
