/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/detect/race_report.h"

#include "harness/program/trace.h"

void race_reports_clear(struct race_reports *race_reports)
{
	atomic_store_explicit(&race_reports->count, 0, memory_order_relaxed);
}

size_t race_reports_kept_count(const struct race_reports *race_reports)
{
	size_t count = atomic_load_explicit(&race_reports->count, memory_order_relaxed);

	return count < RACE_REPORTS_MAX ? count : RACE_REPORTS_MAX;
}

void race_reports_add(struct race_reports *race_reports, const struct race_report *race_report)
{
	size_t index = atomic_fetch_add_explicit(&race_reports->count, 1, memory_order_relaxed);

	if (index < RACE_REPORTS_MAX)
		race_reports->kept[index] = *race_report;
}

/* Returns whether report @s can be about the race of the call @before with the later call @now. */
static bool is_report_of_pair(const struct race_report *report, const struct program *program,
			      uint16_t before, uint16_t now)
{
	return report->call == now && (report->earlier_thread == program->calls[before].thread ||
				  report->earlier_thread == PROGRAM_THREADS);
}

const struct race *race_report_find_race(const struct race_report *report,
					 const struct program *program, const struct shadow *shadow,
					 bool any_order)
{
	for (size_t i = 0; i < shadow->race_count; i++) {
		const struct race *race = &shadow->races[i];

		if (race->page != report->page || race->from >= report->to ||
		    report->from >= race->to)
			continue;
		if (is_report_of_pair(report, program, race->first, race->second) ||
		    (any_order && is_report_of_pair(report, program, race->second, race->first)))
			return race;
	}
	return NULL;
}

/* One shadow cell of ThreadSanitizer: a thread, the bytes it accessed, and how. */
struct cell {
	uint8_t thread, mask;
	bool write, atomic;
};

uint8_t access_granule_mask(const struct access *access, unsigned int granule)
{
	unsigned int start = granule * TSAN_GRANULE, end = start + TSAN_GRANULE;
	unsigned int from = access->from > start ? access->from - start : 0;
	unsigned int to = access->to < end ? access->to - start : TSAN_GRANULE;

	if (access->from >= end || access->to <= start)
		return 0;
	return (uint8_t)((0xffu << from) & (0xffu >> (TSAN_GRANULE - to)));
}

/* Adds @cell unless it is there already. Return: false if there are too many cells. */
static bool add_cell(struct cell cells[TSAN_CELLS], unsigned int *count, struct cell cell)
{
	for (unsigned int i = 0; i < *count; i++)
		if (cells[i].thread == cell.thread && cells[i].mask == cell.mask &&
		    cells[i].write == cell.write && cells[i].atomic == cell.atomic)
			return true;
	if (*count == TSAN_CELLS)
		return false;
	cells[(*count)++] = cell;
	return true;
}

/* The library fills a whole page with memset(), which makes one access. */
static bool is_whole_page(const struct access *access)
{
	return !access->from && access->to == TRACE_PAGE;
}

/* Adds the cells of an access to one granule. Return: false if there are too many cells. */
static bool add_cells_of_access(struct cell cells[TSAN_CELLS], unsigned int *count,
				const struct access *a, uint8_t mask,
				enum granule_cells granule_cells_kind)
{
	struct cell cell = { a->thread, mask, a->write, a->atomic };

	if (granule_cells_kind == CELLS_ONE ||
	    (granule_cells_kind == CELLS_SPLIT && mask == 0xff) || is_whole_page(a))
		return add_cell(cells, count, cell);
	for (unsigned int i = 0; i < TSAN_GRANULE; i++) {
		cell.mask = (uint8_t)(mask & 1u << i);
		if (cell.mask && !add_cell(cells, count, cell))
			return false;
	}
	return true;
}

/* Returns whether the model recorded a write of the whole page by its allocation. */
static bool has_allocation_write(const struct shadow *shadow, uint8_t page)
{
	for (size_t i = 0; i < shadow->access_count; i++)
		if (shadow->accesses[i].page == page)
			return shadow->accesses[i].write && is_whole_page(&shadow->accesses[i]);
	return false;
}

/*
 * Do all accesses to @granule before the race's second call fit into its cells? An access that
 * arrives in parts may evict what its last part would conflict with, so it must fit too.
 */
static bool accesses_fit_in_granule(const struct shadow *shadow, const struct race *race,
			 unsigned int granule, enum granule_cells granule_cells_kind)
{
	struct cell cells[TSAN_CELLS];
	unsigned int count = 0;

	if (granule_cells_kind == CELLS_UNKNOWN && !has_allocation_write(shadow, race->page))
		cells[count++] = (struct cell){ .thread = PROGRAM_THREADS };
	for (size_t i = 0; i < shadow->access_count; i++) {
		const struct access *a = &shadow->accesses[i];
		uint8_t mask = a->page == race->page ? access_granule_mask(a, granule) : 0;

		if (a->call == race->second && granule_cells_kind != CELLS_UNKNOWN)
			return true;
		if (mask && !add_cells_of_access(cells, &count, a, mask, granule_cells_kind))
			return false;
		if (a->call == race->second)
			return true;
	}
	return true;
}

/* If a call has two accesses there, a race's range may include bytes that do not race. */
static bool has_exact_range(const struct shadow *shadow, const struct race *race)
{
	unsigned int accesses = 0;

	for (size_t i = 0; i < shadow->access_count; i++) {
		const struct access *a = &shadow->accesses[i];

		accesses += a->page == race->page &&
			    (a->call == race->first || a->call == race->second);
	}
	return accesses == 2;
}

bool shadow_race_must_be_reported(const struct shadow *shadow, enum granule_cells cells)
{
	for (size_t i = 0; i < shadow->race_count; i++) {
		const struct race *race = &shadow->races[i];

		if (!has_exact_range(shadow, race))
			continue;
		for (unsigned int g = race->from / TSAN_GRANULE;
		     g <= (race->to - 1u) / TSAN_GRANULE; g++)
			if (accesses_fit_in_granule(shadow, race, g, cells))
				return true;
	}
	return false;
}
