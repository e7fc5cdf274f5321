# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Many inputs a process, and each as if it were alone.

tool_sources += \
	%D%/footprint.c \
	%D%/footprint.h \
	%D%/misbehave.c \
	%D%/misbehave.def \
	%D%/misbehave.h \
	%D%/replay.h \
	%D%/replay_finish.c \
	%D%/replay_gate.c \
	%D%/replay_gate.h \
	%D%/replay_interaction.c \
	%D%/replay_list.c \
	%D%/replay_orders.c \
	%D%/replay_report.c \
	%D%/replay_run.c \
	%D%/replay_run.h \
	%D%/replay_sarif.c \
	%D%/replay_self_test.c \
	%D%/replay_worker.c \
	%D%/replay_worker_process.c
