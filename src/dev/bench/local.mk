# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `bench`: compares the speed of the executors.

dev_sources += \
	%D%/bench.c \
	%D%/bench.h
