# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What sanitizers and the page library print of a failure: kind, functions, lines.

tool_sources += \
	%D%/report.c \
	%D%/report.h \
	%D%/report_json.c \
	%D%/report_json.h \
	%D%/symbols.c \
	%D%/symbols.h
