# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `race`: runs the race matrix under every race detector.

dev_sources += \
	%D%/line_child.c \
	%D%/line_child.h \
	%D%/race.def \
	%D%/race.h \
	%D%/race_detector.c \
	%D%/race_drive.c \
	%D%/race_json.c \
	%D%/race_child.c \
	%D%/race_print.c \
	%D%/race_run.c \
	%D%/race_tally.c
