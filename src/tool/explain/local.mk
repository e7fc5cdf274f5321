# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# A program as a person would draw it, and what is wrong with it in words.

tool_sources += \
	%D%/explain.c \
	%D%/explain.h \
	%D%/explain_lanes.c \
	%D%/explain_sheet.c \
	%D%/explain_sheet.h \
	%D%/explain_words.c
