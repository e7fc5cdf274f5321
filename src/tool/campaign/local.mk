# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Fuzzing engines on targets, in turns, until somebody stops them.

tool_sources += \
	%D%/campaign.c \
	%D%/campaign.h \
	%D%/campaign_parts.h \
	%D%/campaign_reap.c \
	%D%/campaign_results.c \
	%D%/campaign_seats.c \
	%D%/campaign_turns.c \
	%D%/engine.c \
	%D%/engine.h \
	%D%/engine_afl.c \
	%D%/engine_libfuzzer.c \
	%D%/harvest.c \
	%D%/progress.c \
	%D%/progress.h \
	%D%/seat.c \
	%D%/seat.h \
	%D%/target.c \
	%D%/target.h \
	%D%/tell.c \
	%D%/tell.h
