# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Fuzzing engines on targets, in turns, until somebody stops them.

tool_sources += \
	%D%/campaign.c \
	%D%/campaign.h \
	%D%/campaign_parts.h \
	%D%/campaign_reap.c \
	%D%/campaign_results.c \
	%D%/campaign_schedule.c \
	%D%/campaign_workers.c \
	%D%/collect.c \
	%D%/engine.c \
	%D%/engine.h \
	%D%/engine_afl.c \
	%D%/engine_libfuzzer.c \
	%D%/log.c \
	%D%/log.h \
	%D%/progress.c \
	%D%/progress.h \
	%D%/target.c \
	%D%/target.h \
	%D%/worker.c \
	%D%/worker.h
