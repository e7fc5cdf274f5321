/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/rules_state.h"
#include "harness/program/pattern.h"

static struct model_map *find_map_of_call(struct evaluation *eval)
{
	return &eval->rules->maps[eval->call->handle[0]];
}

void evaluate_kmap_local(struct evaluation *eval)
{
	if (!check_page_use(eval, find_page_of_argument(eval, 1), 1))
		return;
	*find_map_of_call(eval) = (struct model_map){ true, eval->call->handle[1], eval->call->thread };
	eval->self->live_maps[eval->self->live_map_count++] = eval->call->handle[0];
}

/* Return: false if the call breaks use-after-unmap or foreign-map. */
static bool check_mapping(struct evaluation *eval)
{
	const struct model_map *map = find_map_of_call(eval);

	if (!map->is_live)
		return record_fatal_rule(eval, RULE_use_after_unmap);
	return map->thread == eval->call->thread || record_fatal_rule(eval, RULE_foreign_map);
}

/* Records in the verdict which other mappings of the page are live, in case this kunmap_local() is fatal. */
static void record_other_mappings_of_page(struct evaluation *eval)
{
	struct verdict *v = &eval->rules->verdict;
	const struct model_thread *self = eval->self;
	const struct model_map *maps = eval->rules->maps, *named = find_map_of_call(eval);

	v->newest_maps_same_page =
		self->live_map_count && maps[self->live_maps[self->live_map_count - 1]].page == named->page;
	v->own_thread_maps_same_page = v->any_thread_maps_same_page = false;
	for (unsigned int i = 0; i < PROGRAM_MAPS; i++) {
		if (!maps[i].is_live || maps[i].page != named->page || &maps[i] == named)
			continue;
		v->any_thread_maps_same_page = true;
		v->own_thread_maps_same_page |= maps[i].thread == eval->call->thread;
	}
}

void evaluate_kunmap_local(struct evaluation *eval)
{
	record_other_mappings_of_page(eval);
	if (!check_mapping(eval))
		return;
	if (eval->self->live_maps[eval->self->live_map_count - 1] != eval->call->handle[0]) {
		record_fatal_rule(eval, RULE_unmap_order);
		return;
	}
	eval->self->live_map_count--;
	find_map_of_call(eval)->is_live = false;
}

/* Return: false if the load or store breaks a fatal rule. */
static bool check_mapped_access(struct evaluation *eval)
{
	if (!check_mapping(eval))
		return false;
	if (!is_in_bounds(eval->call->number[0], eval->call->number[1]))
		return record_fatal_rule(eval, RULE_out_of_bounds);
	return eval->rules->pages[find_map_of_call(eval)->page].ref_count ||
	       record_fatal_rule(eval, RULE_use_after_free);
}

static void record_uninit_use_of_load(struct evaluation *eval)
{
	const struct call *call = eval->call;
	const struct model_page *page = &eval->rules->pages[find_map_of_call(eval)->page];
	struct verdict *v = &eval->rules->verdict;
	uint64_t from = call->number[0], to = from + call->number[1];

	while (from < to && page->initialised[from])
		from++;
	while (from < to && page->initialised[to - 1])
		to--;
	if (from == to)
		return;
	v->broken |= RULE_BIT(RULE_uninit_use);
	v->uninit_uses[v->uninit_use_count++] =
		(struct uninit_use){ eval->call_index, find_map_of_call(eval)->page, (uint16_t)from,
				     (uint16_t)to };
}

void evaluate_load(struct evaluation *eval)
{
	const struct call *call = eval->call;

	if (!check_mapped_access(eval))
		return;
	record_uninit_use_of_load(eval);
	rules_record_read(eval, find_map_of_call(eval)->page, call->number[0], call->number[1],
			  call->op == OP_load_atomic ? ATOMIC : READ);
}

void evaluate_store(struct evaluation *eval)
{
	const struct call *call = eval->call;

	if (check_mapped_access(eval))
		pattern_fill(rules_record_write(eval, find_map_of_call(eval)->page, call->number[0],
						call->number[1], call->op == OP_store_atomic ? ATOMIC : 0),
			     call->number[1], call->value);
}
