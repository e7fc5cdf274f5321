/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/rules_state.h"
#include "harness/program/pattern.h"

static struct model_map *map_of(struct evaluation *j)
{
	return &j->rules->maps[j->call->handle[0]];
}

enum call_outcome evaluate_kmap_local(struct evaluation *j)
{
	enum call_outcome outcome;

	if (!may_use(j, page_of(j, 1), 1, &outcome))
		return outcome;
	*map_of(j) = (struct model_map){ true, true, j->call->handle[1], j->call->thread };
	j->self->maps[j->self->map_count++] = j->call->handle[0];
	return CALL_RAN;
}

static bool may_go_through(struct evaluation *j, enum call_outcome *outcome)
{
	const struct model_map *map = map_of(j);

	if (!map->live)
		*outcome = fatal(j, RULE_use_after_unmap);
	else if (map->thread != j->call->thread)
		*outcome = fatal(j, RULE_foreign_map);
	else
		return true;
	return false;
}

/* Stores which other mappings of the page are live, in case this call breaks a fatal rule. */
static void find_other_mappings(struct evaluation *j)
{
	struct verdict *v = &j->rules->verdict;
	const struct model_thread *self = j->self;
	const struct model_map *maps = j->rules->maps, *named = map_of(j);

	v->newest_maps_same_page = self->map_count &&
				 maps[self->maps[self->map_count - 1]].page == named->page;
	v->own_thread_maps_same_page = v->any_thread_maps_same_page = false;
	for (unsigned int i = 0; i < PROGRAM_MAPS; i++) {
		if (!maps[i].live || maps[i].page != named->page || &maps[i] == named)
			continue;
		v->any_thread_maps_same_page = true;
		v->own_thread_maps_same_page |= maps[i].thread == j->call->thread;
	}
}

enum call_outcome evaluate_kunmap_local(struct evaluation *j)
{
	enum call_outcome outcome;

	find_other_mappings(j);
	if (!may_go_through(j, &outcome))
		return outcome;
	if (j->self->maps[j->self->map_count - 1] != j->call->handle[0])
		return fatal(j, RULE_unmap_order);
	j->self->map_count--;
	map_of(j)->live = false;
	return CALL_RAN;
}

/* Tests the fatal rules of an access through a mapping, after the conditions of atomic accesses. */
static bool may_access(struct evaluation *j, enum call_outcome *outcome)
{
	const struct call *call = j->call;

	if (!may_go_through(j, outcome))
		return false;
	if (!in_bounds(call->number[0], call->number[1]))
		*outcome = fatal(j, RULE_out_of_bounds);
	else if (!j->rules->pages[map_of(j)->page].refs)
		*outcome = fatal(j, RULE_use_after_free);
	else
		return true;
	return false;
}

static void use_value(struct evaluation *j)
{
	const struct call *call = j->call;
	const struct model_page *page = &j->rules->pages[map_of(j)->page];
	struct verdict *v = &j->rules->verdict;
	uint64_t from = call->number[0], to = from + call->number[1];

	while (from < to && page->initialised[from])
		from++;
	while (from < to && page->initialised[to - 1])
		to--;
	if (from == to)
		return;
	v->broken |= RULE_BIT(RULE_uninit_use);
	v->uninits[v->uninit_count++] = (struct uninit){ j->index, map_of(j)->page,
							 (uint16_t)from, (uint16_t)to };
}

static enum call_outcome load(struct evaluation *j, unsigned int kind)
{
	enum call_outcome outcome;

	if (!may_access(j, &outcome))
		return outcome;
	use_value(j);
	rules_read(j, map_of(j)->page, j->call->number[0], j->call->number[1], READ | kind);
	return CALL_RAN;
}

static enum call_outcome store(struct evaluation *j, unsigned int kind)
{
	const struct call *call = j->call;
	enum call_outcome outcome;

	if (!may_access(j, &outcome))
		return outcome;
	pattern_fill(rules_write(j, map_of(j)->page, call->number[0], call->number[1], kind),
		     call->number[1], call->value);
	return CALL_RAN;
}

enum call_outcome evaluate_load(struct evaluation *j)
{
	return load(j, 0);
}

enum call_outcome evaluate_store(struct evaluation *j)
{
	return store(j, 0);
}

enum call_outcome evaluate_load_atomic(struct evaluation *j)
{
	return call_has_atomic_range(j->call) ? load(j, ATOMIC) : CALL_SKIPPED;
}

enum call_outcome evaluate_store_atomic(struct evaluation *j)
{
	return call_has_atomic_range(j->call) ? store(j, ATOMIC) : CALL_SKIPPED;
}
