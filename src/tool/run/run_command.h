/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The command lines of `run` and `replay`: the same options, with other defaults. */
#ifndef TOOL_RUN_COMMAND_H
#define TOOL_RUN_COMMAND_H

#include "tool/run/run.h"

/* @order: has the defaults; the options change it. Return: an exit status. */
int run_command(struct run_order *order, const char *help, int argc, char **argv);

#endif
