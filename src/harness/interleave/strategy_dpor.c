/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Dynamic partial-order reduction with source sets and sleep sets (Abdulla, Aronsson, Jonsson, Sagonas:
 * Optimal dynamic partial order reduction, POPL 2014).
 *
 * An execution is a sequence of events, one for each decision. The vector clock of an event has the earlier
 * events that happen before it, in the sense of dependent points. Two dependent events of different threads
 * race if no third event orders them. For each race the search must also try an execution in which
 * the later event comes first: the node of the earlier event gets a thread into its `backtrack` set that can
 * begin such an execution, unless the set has one already. All races of an event count, not only the last
 * one: otherwise interleavings of three threads are lost (DPOR_LAST_RACE_ONLY, tests/test_interleave.c).
 */
#include "harness/interleave/strategy.h"

#include "harness/util/bytes.h"
#include "harness/util/isolate.h"

#define THREADS PROGRAM_THREADS

struct clock {
	uint16_t events[THREADS]; /* for each thread, the number of its events that happen before */
};

/* A decision of the current execution, and what the search knows about its alternatives. */
struct node {
	uint16_t enabled, backtrack, done, sleep; /* sets of threads */
	uint8_t chosen;
	struct point points[THREADS];
	struct clock clock; /* of the event of the chosen thread, which includes the event itself */
};

/* In shared memory, because an execution may run in a child process. */
static struct search {
	struct node nodes[DECISIONS_MAX];
	size_t prefix_length; /* nodes[0 .. prefix_length) decide the beginning of the execution */
	size_t section_start; /* the first node after the last fork-join point */
	bool is_redundant;    /* all enabled threads are asleep: an equivalent execution has run */
	struct clock clocks[THREADS];
} * dpor;

static struct node *nodes; /* dpor->nodes */

static enum dpor_defect defect;

void strategy_dpor_set_defect(enum dpor_defect new_defect)
{
	defect = new_defect;
}

static uint16_t bit(uint8_t thread)
{
	return (uint16_t)(1u << thread);
}

static void take_maximum(struct clock *to, const struct clock *from)
{
	for (unsigned int t = 0; t < THREADS; t++)
		if (from->events[t] > to->events[t])
			to->events[t] = from->events[t];
}

/* Return: whether the event of node @i is in @clock. */
static bool clock_includes(const struct clock *clock, size_t i)
{
	uint8_t thread = nodes[i].chosen;

	return clock->events[thread] >= nodes[i].clock.events[thread];
}

/* ---- the race of two events ---- */

/*
 * Returns the threads that can begin a continuation of node @i in which the event of node @last comes before
 * the event of node @i: those whose first event after @i depends on no other event of the continuation. The
 * continuation has the events after @i that do not happen after the event of @i, and then the event of @last.
 */
static uint16_t find_initial_threads(size_t i, size_t last)
{
	static bool is_in_continuation[DECISIONS_MAX];
	uint16_t initial = 0;

	for (size_t j = i + 1; j <= last; j++) {
		bool is_initial = true;

		is_in_continuation[j] = j == last || !clock_includes(&nodes[j].clock, i);
		if (!is_in_continuation[j])
			continue;
		for (size_t k = i + 1; k < j && is_initial; k++)
			is_initial = !is_in_continuation[k] || !clock_includes(&nodes[j].clock, k);
		if (is_initial)
			initial |= bit(nodes[j].chosen);
	}
	return initial & nodes[i].enabled;
}

static void add_backtrack_thread(size_t i, size_t last)
{
	struct node *node = &nodes[i];
	uint16_t initial = find_initial_threads(i, last), last_thread = bit(nodes[last].chosen);

	if (defect == DPOR_LATER_THREAD)
		node->backtrack |= last_thread;
	else if (!initial)
		node->backtrack |= node->enabled;
	else if (!(node->backtrack & initial))
		node->backtrack |= initial & last_thread ? last_thread : (uint16_t)(initial & -initial);
}

static const struct point *get_event(size_t i)
{
	return &nodes[i].points[nodes[i].chosen];
}

/*
 * A lock cannot be taken, and a semaphore cannot be awaited, before the event that makes this possible: it
 * races with an event before that one instead.
 */
static bool can_change_places(size_t earlier, const struct point *later)
{
	bool may_wait = point_locks(later) || later->kind == POINT_WAIT;

	return !may_wait || !get_event(earlier)->is_taken;
}

/* Stores the clock of the event of node @last, and handles its races. */
static void handle_event(size_t last)
{
	struct node *node = &nodes[last];
	uint8_t thread = node->chosen;
	const struct point *point = &node->points[thread];
	struct clock *own = &dpor->clocks[thread];
	struct clock ordered = *own; /* events that happen before this one through the events after them */
	size_t races[64];
	unsigned int race_count = 0, max_race_count = defect == DPOR_LAST_RACE_ONLY ? 1 : 64;

	for (size_t i = last; i-- > dpor->section_start;) {
		const struct node *earlier = &nodes[i];

		if (earlier->chosen == thread || !points_are_dependent(get_event(i), point))
			continue;
		if (can_change_places(i, point)) {
			if (!clock_includes(&ordered, i) && race_count < max_race_count)
				races[race_count++] = i;
			take_maximum(&ordered, &earlier->clock);
		}
		take_maximum(own, &earlier->clock);
	}
	own->events[thread]++;
	node->clock = *own;
	for (unsigned int r = 0; r < race_count; r++)
		add_backtrack_thread(races[r], last);
}

/* Handles the races of events that cannot happen, because the execution is redundant or deadlocked. */
static void handle_pending_events(const struct moment *moment)
{
	struct node *node = &nodes[moment->index];

	for (uint8_t t = 0; t < THREADS; t++) {
		struct clock before = dpor->clocks[t];

		if (!(moment->alive & bit(t)))
			continue;
		node->chosen = t;
		handle_event(moment->index);
		dpor->clocks[t] = before;
	}
}

/* ---- the strategy ---- */

static void begin_search(void)
{
	if (!dpor)
		dpor = isolate_map_shared_or_exit(sizeof(*dpor));
	nodes = dpor->nodes;
	dpor->prefix_length = 0;
}

static void begin_execution(void)
{
	dpor->section_start = 0;
	dpor->is_redundant = false;
	bytes_fill(dpor->clocks, 0, sizeof(dpor->clocks));
}

static void begin_section(size_t index)
{
	struct clock all = { { 0 } };

	dpor->section_start = index;
	for (unsigned int t = 0; t < THREADS; t++)
		take_maximum(&all, &dpor->clocks[t]);
	for (unsigned int t = 0; t < THREADS; t++)
		dpor->clocks[t] = all;
}

static void copy_points(struct node *node, const struct moment *moment)
{
	for (uint8_t t = 0; t < THREADS; t++)
		if (moment->alive & bit(t))
			node->points[t] = moment->points[t];
}

/* The threads whose next event leads only to executions that are equivalent to earlier ones. */
static uint16_t find_sleeping_threads(const struct moment *moment)
{
	const struct node *parent = &nodes[moment->index - 1];
	uint16_t candidates, sleep = 0;

	if (moment->index == dpor->section_start)
		return 0;
	candidates = (parent->sleep | parent->done) & moment->alive & (uint16_t)~bit(parent->chosen);
	for (uint8_t t = 0; t < THREADS; t++)
		if (candidates & bit(t) &&
		    (defect == DPOR_SLEEPS_FOREVER ||
		     !points_are_dependent(&parent->points[t], &parent->points[parent->chosen])))
			sleep |= bit(t);
	return sleep;
}

static void init_node(struct node *node, const struct moment *moment)
{
	struct moment awake = *moment;

	node->enabled = moment->enabled;
	node->sleep = find_sleeping_threads(moment);
	if (!dpor->is_redundant && !(moment->enabled & ~node->sleep)) {
		handle_pending_events(moment);
		dpor->is_redundant = true; /* the execution still runs to its end, so that it can be undone */
	}
	if (!dpor->is_redundant)
		awake.enabled &= (uint16_t)~node->sleep;
	node->chosen = strategy_default_choice(&awake);
	node->done = node->backtrack = dpor->is_redundant ? UINT16_MAX : bit(node->chosen);
}

static uint8_t choose(const struct moment *moment)
{
	struct node *node = &nodes[moment->index];

	copy_points(node, moment);
	if (moment->index >= dpor->prefix_length)
		init_node(node, moment);
	else if (node->enabled != moment->enabled)
		return NO_THREAD;
	if (!dpor->is_redundant)
		handle_event(moment->index);
	return node->chosen;
}

static void handle_deadlock(const struct moment *moment)
{
	copy_points(&nodes[moment->index], moment);
	handle_pending_events(moment);
}

static bool is_redundant(void)
{
	return dpor->is_redundant;
}

static bool prepare_next(size_t decision_count)
{
	for (size_t i = decision_count; i--;) {
		struct node *node = &nodes[i];
		uint16_t left = node->backtrack & node->enabled & (uint16_t) ~(node->done | node->sleep);

		if (!left)
			continue;
		node->chosen = (uint8_t)__builtin_ctz(left);
		node->done |= bit(node->chosen);
		dpor->prefix_length = i + 1;
		return true;
	}
	return false;
}

const struct strategy strategy_dpor = {
	.name = "dpor",
	.begin_search = begin_search,
	.begin_execution = begin_execution,
	.begin_section = begin_section,
	.choose = choose,
	.handle_deadlock = handle_deadlock,
	.is_redundant = is_redundant,
	.prepare_next = prepare_next,
};
