# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause

EXTRA_DIST += \
	%D%/bugs.md \
	%D%/design.md \
	%D%/fuzzing.md \
	%D%/hacking.md \
	%D%/mutants.md \
	%D%/oss-fuzz.md \
	%D%/picture.py \
	%D%/program-format.md \
	%D%/replay.md \
	%D%/rules.md \
	%D%/smoke.svg \
	%D%/stress.md \
	%D%/tutorial.md
