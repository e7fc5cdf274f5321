# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What engines found: what it is that fails, the smallest program that does so, its directory.

tool_sources += \
	%D%/bundle.c \
	%D%/bundle.h \
	%D%/bundle_record.c \
	%D%/bundle_record.h \
	%D%/finding.c \
	%D%/finding.h \
	%D%/judge_target.c \
	%D%/judge_target.h \
	%D%/reduce.c \
	%D%/reduce.h \
	%D%/reduce_input.c \
	%D%/reduce_input.h \
	%D%/regress.c \
	%D%/regress.h \
	%D%/replayer.c \
	%D%/replayer.h \
	%D%/signature.c \
	%D%/signature.h \
	%D%/signature_target.c \
	%D%/triage.c \
	%D%/triage.h
