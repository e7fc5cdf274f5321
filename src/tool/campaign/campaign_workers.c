/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/campaign/campaign_parts.h"

void workers_of_target(struct loop *loop, struct target *target, worker_fn *fn)
{
	for (size_t i = 0; i < ENGINES; i++)
		for (size_t n = 0; n < GROUP_WORKERS; n++)
			if (target->groups[i].workers[n].pid)
				fn(loop, &target->groups[i].workers[n]);
}

void workers_running(struct loop *loop, worker_fn *fn)
{
	for (size_t i = 0; i < loop->campaign->count; i++)
		workers_of_target(loop, loop->campaign->targets[i], fn);
}

unsigned int workers_in_group(const struct worker_group *group)
{
	unsigned int count = 0;

	for (size_t n = 0; n < GROUP_WORKERS; n++)
		count += group->workers[n].pid != 0;
	return count;
}

unsigned int workers_on_target(const struct target *target)
{
	unsigned int count = 0;

	for (size_t i = 0; i < ENGINES; i++)
		count += workers_in_group(&target->groups[i]);
	return count;
}

unsigned int workers_count(const struct loop *loop)
{
	unsigned int count = 0;

	for (size_t i = 0; i < loop->campaign->count; i++)
		count += workers_on_target(loop->campaign->targets[i]);
	return count;
}

struct worker *workers_find(const struct loop *loop, pid_t pid)
{
	for (size_t i = 0; i < loop->campaign->count; i++)
		for (size_t e = 0; e < ENGINES; e++)
			for (size_t n = 0; n < GROUP_WORKERS; n++) {
				struct worker *worker = &loop->campaign->targets[i]->groups[e].workers[n];

				if (worker->pid == pid)
					return worker;
			}
	return NULL;
}
