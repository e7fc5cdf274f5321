# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What rooms share, and what knows none of them.

tool_sources += \
	%D%/flavours.c \
	%D%/flavours.h \
	%D%/json.c \
	%D%/json.h \
	%D%/name_set.c \
	%D%/name_set.h \
	%D%/options.c \
	%D%/options.h \
	%D%/output.c \
	%D%/output.h \
	%D%/place.c \
	%D%/place.h \
	%D%/results.c \
	%D%/results.h \
	%D%/scratch.c \
	%D%/scratch.h \
	%D%/sha1.c \
	%D%/sha1.h \
	%D%/shell_word.c \
	%D%/shell_word.h \
	%D%/status.c \
	%D%/status.h \
	%D%/store.c \
	%D%/store.h \
	%D%/usage.c \
	%D%/usage.h \
	%D%/verdict_print.c \
	%D%/verdict_print.h
