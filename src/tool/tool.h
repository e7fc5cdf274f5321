/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The commands of pagetorture; command_NAME.c defines command_NAME(). */
#pragma once

#include "tool/util/usage.h"

/* Each function runs one command; argv[0] is the name of the command. Return: an exit status. */
int command_check(int argc, char **argv);
int command_convert(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_explore(int argc, char **argv);
int command_fuzz(int argc, char **argv);
int command_minimize(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_run(int argc, char **argv);
int command_to_c(int argc, char **argv);
int command_triage(int argc, char **argv);
