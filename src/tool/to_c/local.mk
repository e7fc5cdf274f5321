# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `to-c`: writes a program as one C file, and checks that it shows the failure.

tool_sources += \
	%D%/reproduce.c \
	%D%/reproduce.h \
	%D%/reproduce_line.c \
	%D%/reproduce_parts.h \
	%D%/reproduce_seen.c \
	%D%/to_c.c \
	%D%/to_c.h \
	%D%/to_c_call.c \
	%D%/to_c_head.c \
	%D%/to_c_helper.c \
	%D%/to_c_parts.h \
	%D%/to_c_plan.c
