# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause

EXTRA_DIST += \
	%D%/bench.md \
	%D%/bugs.md \
	%D%/ci.md \
	%D%/design.md \
	%D%/explore.md \
	%D%/fuzzing.md \
	%D%/glossary.md \
	%D%/hacking.md \
	%D%/install.md \
	%D%/kernel.md \
	%D%/mutants.md \
	%D%/oss-fuzz.md \
	%D%/program-format.md \
	%D%/promises.md \
	%D%/replay.md \
	%D%/report.md \
	%D%/rules.md \
	%D%/stress.md \
	%D%/tutorial.md
