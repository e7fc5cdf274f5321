# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Failures as code hosts read them.

tool_sources += \
	%D%/replay_kind.c \
	%D%/replay_kind.def \
	%D%/replay_kind.h \
	%D%/sarif.c \
	%D%/sarif.h \
	%D%/sarif_rules.c \
	%D%/sarif_rules.h
