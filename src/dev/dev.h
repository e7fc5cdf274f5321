/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture-dev: what developers of pagetorture run in a build directory; one file a subcommand. */
#ifndef DEV_DEV_H
#define DEV_DEV_H

#include "tool/util/usage.h"

/* Runs a command; argv[0] is its name. Return: an exit status. */
int command_bench(int argc, char **argv);
int command_race(int argc, char **argv);
int command_race_cells(int argc, char **argv);
int command_replay_dev(int argc, char **argv);
int command_run_dev(int argc, char **argv);
int command_self_test(int argc, char **argv);

#endif
