/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture-dev run and replay: as in pagetorture, but programs obey `# misbehave:` comments. */
#include "dev/dev.h"
#include "dev/misbehave/misbehave.h"
#include "tool/tool.h"

int command_run_dev(int argc, char **argv)
{
	misbehave_enable();
	return command_run(argc, argv);
}

int command_replay_dev(int argc, char **argv)
{
	misbehave_enable();
	return command_replay(argc, argv);
}
