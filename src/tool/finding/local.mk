# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What engines found: what it is that fails, the smallest program that does so, its folder.

tool_sources += \
	%D%/bundle.c \
	%D%/bundle.h \
	%D%/bundle_sarif.c \
	%D%/finding.c \
	%D%/finding.h \
	%D%/reduce.c \
	%D%/reduce.h \
	%D%/regress.c \
	%D%/regress.h \
	%D%/signature.c \
	%D%/signature.h \
	%D%/triage.c \
	%D%/triage.h
