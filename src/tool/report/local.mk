# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Reads the reports of sanitizers and of the page library: kind, functions, lines.

tool_sources += \
	%D%/report.c \
	%D%/report.h \
	%D%/report_json.h \
	%D%/symbols.c \
	%D%/symbols.h
