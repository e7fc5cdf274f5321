# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""A page program and its calls, with the results of the rule model (model_facts.h)."""
import re


class Call:
    def __init__(self, line_number, text_with_thread):
        self.line = line_number
        self.thread, self.text = text_with_thread.split(": ", 1)
        self.filled, self.name, arguments = re.fullmatch(r"(?:(\w+) = )?(\w+)\((.*)\)", self.text).groups()
        self.arguments = arguments.split(", ")
        self.step = None  # the object of `steps` about the call; None: the call did not finish

    def was_executed(self):
        return bool(self.step) and not self.step["skipped"]


class Program:
    """@model_facts: the JSON object of write_model_facts_as_members(); @call_class: Call or a subclass"""

    def __init__(self, model_facts, call_class):
        facts = self.facts = model_facts
        self.calls = [call_class(fact["line"], fact["text"]) for fact in facts["calls"]]
        self.by_line = {call.line: call for call in self.calls}
        self.steps = [self.by_line[step["line"]] for step in facts["steps"]]  # in execution order
        for call, step in zip(self.steps, facts["steps"]):
            call.step = step
        self.fatal, self.blocked = facts["fatal"], facts.get("blocked", [])
        self.has_deadlock = bool(self.fatal) and self.fatal["rule"] == "deadlock"
        self.fatal_call = self.by_line[self.fatal["line"]] if self.fatal and not self.has_deadlock else None
