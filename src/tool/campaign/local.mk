# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Fuzzing engines that run on targets, in turns.

tool_sources += \
	%D%/campaign.c \
	%D%/campaign.h \
	%D%/campaign_exit.c \
	%D%/campaign_progress.c \
	%D%/campaign_results.c \
	%D%/campaign_schedule.c \
	%D%/collect.c \
	%D%/engine.c \
	%D%/engine.h \
	%D%/engine_afl.c \
	%D%/engine_libfuzzer.c \
	%D%/target.c \
	%D%/target.h \
	%D%/worker.c \
	%D%/worker.h
