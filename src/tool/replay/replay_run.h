/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * One flavour's replay on its way; only replay_run.c, which workers out work, and
 * replay_finish.c, which takes what comes back, include this.
 */
#ifndef TOOL_REPLAY_RUN_H
#define TOOL_REPLAY_RUN_H

#include "tool/replay/replay.h"

/* An item of work that is only looked at for lost memory. */
#define REPLAY_AGAIN	   0x40000000u
#define REPLAY_INPUT(item) ((item) & ~(REPLAY_SECOND | REPLAY_AGAIN))

/*
 * Each job has a worker for batches and one for who is alone; as many work at a time as there
 * are jobs.
 */
#define REPLAY_HANDS (2 * REPLAY_JOBS)

struct replay_suspect {
	uint32_t input;
	struct replay_unattributed unattributed; /* if it does nothing alone; history NULL: only suspected */
};

struct replay_items {
	uint32_t *item;
	size_t count, room;
};

struct replay_run {
	const struct replay_options *options;
	const struct replay_list *list;
	struct replay_column *column;
	uint32_t *order;
	size_t count, next;
	struct replay_items back;	/* that a worker did not get to */
	struct replay_items unchecked; /* for lost memory, because their worker died */
	struct replay_items lost;	/* one of them loses memory, or more */
	unsigned int rounds;	/* in which what was unchecked runs again */
	bool saw_lost;		/* LeakSanitizer found something in a worker */
	struct replay_suspect *suspects;
	size_t suspected, looked, room;
	struct replay_suspect *unattributed;
	size_t unattributed_count;
	struct replay_worker workers[REPLAY_HANDS];
	struct replay_suspect held[REPLAY_HANDS];    /* what an alone worker looks at */
	struct replay_items batches[REPLAY_HANDS];   /* what a worker has now */
	struct replay_items since[REPLAY_HANDS];     /* what it had since the last look */
	unsigned int workers_used, false_starts, batch_starts;
	unsigned int measured; /* orders after which was measured */
	uint64_t *digests[2];
	size_t done, failed;
	bool broken;
};

static inline bool replay_in_orders(const struct replay_run *run)
{
	return run->options->orders;
}

/* Memory that is there, or the end of all. */
void *replay_sure(void *memory);

void replay_add(struct replay_items *items, uint32_t item);

/* Those of the batch from @from on are still to be done. */
void replay_give_back(struct replay_run *run, const struct replay_items *batch, size_t from);

/* Without a clean look of LeakSanitizer nobody knows who lost what. */
void replay_move_since(struct replay_run *run, unsigned int number, struct replay_items *to);

/* It failed, and did nothing alone. */
void replay_unattributed_over(struct replay_run *run, const struct replay_suspect *held);

/* What worker @number had to do is done. */
void replay_finish(struct replay_run *run, unsigned int number);

/* It died over it. */
void replay_finish_dead(struct replay_run *run, unsigned int number, int status);

#endif
