# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Test Anything Protocol for Python programs: ok, skip, and last the exit status of done_testing."""


class Tap:
    def __init__(self):
        self.count = self.failures = 0

    def ok(self, is_good, name, explanation_lines=()):
        """@explanation_lines: lines that explain a failure."""
        self.count += 1
        self.failures += not is_good
        print(f'{"ok" if is_good else "not ok"} {self.count} - {name}')
        for line in [] if is_good else list(explanation_lines)[:60]:
            print('# ' + str(line).replace('\n', '\n# '))

    def skip(self, reason):
        self.count += 1
        print(f'ok {self.count} # SKIP {reason}')

    def done_testing(self):
        print(f'1..{self.count}', flush=True)
        return 1 if self.failures else 0
