# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `self-test`: inputs that fail on purpose, to check that `run` detects the failures.

EXTRA_DIST += \
	%D%/misbehave.def \
	%D%/self_test.py \
	%D%/programs/dying.page \
	%D%/programs/good.page \
	%D%/programs/wrong-expectation.page \
	%D%/programs/wrong-result.page \
	%D%/programs/wrong-text.page \
	%D%/programs/wrong-version.page
