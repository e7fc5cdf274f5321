# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `race`: runs the race matrix under every race detector.

dev_sources += \
	%D%/matrix.c \
	%D%/matrix.def \
	%D%/matrix.h \
	%D%/race.def \
	%D%/race_cells.c \
	%D%/race_cells.h \
	%D%/race_execute.c

EXTRA_DIST += %D%/race.py
