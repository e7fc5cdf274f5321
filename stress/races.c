/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/detect/tsan.h"
#include "stress/core.h"

#define RACES_KEPT   4
#define RACES_ENOUGH 32

static struct {
	atomic_ulong count;
	struct tsan_race kept[RACES_KEPT];
} races[PLACES];

static atomic_ulong races_in_region[STRESS_REGIONS];

UNWATCHED static bool on_page(const struct tsan_access *access)
{
	return access->addr - the_run.page_address < PAGE_SIZE;
}

UNWATCHED static size_t region_of(const struct tsan_access *access)
{
	return (access->addr - the_run.page_address) / STRESS_REGION_SIZE;
}

UNWATCHED static bool by_stress_thread(const struct tsan_access *access)
{
	for (size_t i = 0; i < sizeof(THREAD_PREFIX) - 1; i++)
		if (access->thread[i] != THREAD_PREFIX[i])
			return false;
	return true;
}

/* A kept race is read only after its thread was joined. */
UNWATCHED static void race_seen(const struct tsan_race *race, void *ctx)
{
	const struct tsan_access *now = &race->now, *before = &race->before;
	bool expected = on_page(now) && on_page(before) && by_stress_thread(now) &&
			by_stress_thread(before) && (now->write || before->write);
	enum place place = expected ? ON_PAGE : ELSEWHERE;
	unsigned long nth;

	(void)ctx;
	if (expected)
		atomic_fetch_add_explicit(&races_in_region[region_of(now)], 1,
					  memory_order_relaxed);
	nth = atomic_fetch_add_explicit(&races[place].count, 1, memory_order_relaxed);
	if (nth < RACES_KEPT)
		races[place].kept[nth] = *race;
}

void races_listen(void)
{
	tsan_listen(race_seen, NULL);
}

unsigned long races_at(enum place place)
{
	return atomic_load_explicit(&races[place].count, memory_order_relaxed);
}

static unsigned long races_in(size_t region)
{
	return atomic_load_explicit(&races_in_region[region], memory_order_relaxed);
}

bool stress_raced_enough(size_t off)
{
	return races_in(off / STRESS_REGION_SIZE) >= RACES_ENOUGH;
}

/* ---- what is said of them ---- */

static void add_access(struct text *text, const struct tsan_access *access)
{
	text_add(text, "%s %ss %zu bytes at ", access->thread[0] ? access->thread : "a thread",
		 access->write ? "write" : "read", access->size);
	if (on_page(access))
		text_add(text, "page+0x%zx", (size_t)(access->addr - the_run.page_address));
	else
		text_add(text, "0x%llx", (unsigned long long)access->addr);
}

static void add_races(struct text *text, enum place place)
{
	unsigned long count = races_at(place);

	for (unsigned long i = 0; i < count && i < RACES_KEPT; i++) {
		const struct tsan_race *race = &races[place].kept[i];

		text_add(text, "%s:   race: ", the_run.pattern->name);
		add_access(text, &race->now);
		text_add(text, ", unordered before it ");
		add_access(text, &race->before);
		text_add(text, "\n");
	}
}

/* The first region without the race it is there for, or NULL. */
static const char *region_without_race(const struct stress_run *run)
{
	const char *const *names = run->pattern->race_regions;
	bool early = atomic_load_explicit(&run->signal, memory_order_relaxed);

	for (size_t i = 0; names && names[i] && tsan_present() && !early; i++)
		if (!races_in(i))
			return names[i];
	return NULL;
}

bool races_awaited(const struct stress_run *run)
{
	return !run->busted && region_without_race(run);
}

/* What ThreadSanitizer said and should not have, or did not say and should have. */
void races_add_faults(struct text *text, const struct stress_run *run)
{
	const char *name = run->pattern->name, *silent = region_without_race(run);
	const char *where = run->pattern->gfp ? " elsewhere than on the page" : "";

	if (races_at(ELSEWHERE))
		text_add(text, "%s: !!! ThreadSanitizer reported a race%s\n", name, where);
	if (!run->pattern->race_regions && races_at(ON_PAGE))
		text_add(text, "%s: !!! ThreadSanitizer reported a race on the page\n", name);
	if (silent)
		text_add(text, "%s: !!! expected a race of %s, ThreadSanitizer reported none\n",
			 name, silent);
	if (!text->used)
		return;
	if (!run->pattern->race_regions)
		add_races(text, ON_PAGE);
	add_races(text, ELSEWHERE);
	report_add_rerun(text, run);
}
