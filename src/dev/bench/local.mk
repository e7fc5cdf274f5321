# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# How fast programs run.

dev_sources += \
	%D%/bench.c \
	%D%/bench.h
