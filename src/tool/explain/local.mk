# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `explain`: draws a program, and prints which rule it breaks and why.

tool_sources += \
	%D%/explain.c \
	%D%/explain.h \
	%D%/explain_drawing.c \
	%D%/explain_row.c \
	%D%/explain_row.h \
	%D%/explain_text.c
