# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `run`, `replay`: run inputs in every flavour, and compare them with the rule model.

tool_sources += \
	%D%/control_block.h \
	%D%/engine.c \
	%D%/engine.h \
	%D%/engine_batch.c \
	%D%/engine_parts.h \
	%D%/execution_record.h \
	%D%/failure.c \
	%D%/footprint.c \
	%D%/footprint.h \
	%D%/history.c \
	%D%/input_list.c \
	%D%/input_list.h \
	%D%/json_lines.c \
	%D%/kernel_flavour.c \
	%D%/kernel_flavour.h \
	%D%/kind.def \
	%D%/kind.h \
	%D%/record.c \
	%D%/record.h \
	%D%/rows.c \
	%D%/run.c \
	%D%/run.h \
	%D%/runner.c \
	%D%/runner.h \
	%D%/schedule.c \
	%D%/schedule.h \
	%D%/totals.c \
	%D%/worker.c \
	%D%/worker_process.c \
	%D%/worker_process.h \
	%D%/worker_program.c
