# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What flavours saw of one program after the other, and what their reports say.

tool_sources += \
	%D%/execution_record.c \
	%D%/execution_record.h \
	%D%/flavour_runner.c \
	%D%/flavour_runner.h \
	%D%/flavour_runner_serve.c \
	%D%/report.c \
	%D%/report.h \
	%D%/symbols.c \
	%D%/symbols.h
