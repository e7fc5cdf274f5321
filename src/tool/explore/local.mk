# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `explore`: evaluates a program in every order of its calls.

tool_sources += \
	%D%/exploration.c \
	%D%/exploration.h \
	%D%/interleavings.c \
	%D%/interleavings.h \
	%D%/other_verdict.c \
	%D%/other_verdict.h \
	%D%/schedule_facts.c \
	%D%/schedule_facts.h \
	%D%/switches.c \
	%D%/switches.h
