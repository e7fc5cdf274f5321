# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Programs under every flavour, side by side.

tool_sources += \
	%D%/rates.c \
	%D%/rates.h \
	%D%/run_one.c \
	%D%/run_one.h
