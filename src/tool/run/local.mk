# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Programs under every flavour, side by side.

tool_sources += \
	%D%/rates.c \
	%D%/rates.h \
	%D%/run.c \
	%D%/run.h \
	%D%/run_cell.c \
	%D%/run_one.c \
	%D%/run_one.h \
	%D%/run_parts.h \
	%D%/run_print.c
