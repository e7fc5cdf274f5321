/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture-dev: commands that developers of pagetorture run in a build directory. */
#pragma once

#include "tool/util/usage.h"

/* Each function runs one command; argv[0] is the command's name. Return: an exit status. */
int command_bench(int argc, char **argv);
int command_race(int argc, char **argv);
int command_race_cells(int argc, char **argv);
int command_replay_misbehaving(int argc, char **argv);
int command_run_misbehaving(int argc, char **argv);
int command_self_test(int argc, char **argv);
