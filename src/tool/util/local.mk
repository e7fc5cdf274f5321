# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Code that several modules of the tool use.

utildir = $(pkglibexecdir)/util
dist_util_DATA = %D%/program_facts.py %D%/shared.py %D%/start.py

tool_sources += \
	%D%/clock.h \
	%D%/commands.c \
	%D%/commands.h \
	%D%/environment.c \
	%D%/environment.h \
	%D%/file_list.c \
	%D%/file_list.h \
	%D%/flavours.c \
	%D%/flavours.h \
	%D%/fuzz_target.c \
	%D%/fuzz_target.h \
	%D%/installation.c \
	%D%/installation.h \
	%D%/json.c \
	%D%/json.h \
	%D%/model_facts.c \
	%D%/model_facts.h \
	%D%/options.c \
	%D%/options.h \
	%D%/output.c \
	%D%/output.h \
	%D%/script.c \
	%D%/script.h \
	%D%/similar.c \
	%D%/similar.h \
	%D%/status.c \
	%D%/status.h \
	%D%/usage.c \
	%D%/usage.h \
	%D%/verdict_print.c \
	%D%/verdict_print.h
