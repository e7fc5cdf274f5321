# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What flavours saw of one program after the other, and what their reports say.

tool_sources += \
	%D%/report.c \
	%D%/report.h \
	%D%/symbols.c \
	%D%/symbols.h \
	%D%/testimony.c \
	%D%/testimony.h \
	%D%/witness.c \
	%D%/witness.h \
	%D%/witness_one.c
