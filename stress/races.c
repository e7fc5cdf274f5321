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

NO_TSAN static bool on_page(const struct tsan_access *access)
{
	return access->addr - current_run.page_address < PAGE_SIZE;
}

NO_TSAN static size_t region_of(const struct tsan_access *access)
{
	return (access->addr - current_run.page_address) / STRESS_REGION_SIZE;
}

NO_TSAN static bool by_stress_thread(const struct tsan_access *access)
{
	for (size_t i = 0; i < sizeof(THREAD_PREFIX) - 1; i++)
		if (access->thread[i] != THREAD_PREFIX[i])
			return false;
	return true;
}

/* A stored race is read only after its thread was joined. */
NO_TSAN static void race_seen(const struct tsan_race *race, void *ctx)
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

void races_start(void)
{
	tsan_set_race_callback(race_seen, NULL);
}

unsigned long races_count(enum place place)
{
	return atomic_load_explicit(&races[place].count, memory_order_relaxed);
}

static unsigned long races_in(size_t region)
{
	return atomic_load_explicit(&races_in_region[region], memory_order_relaxed);
}

bool stress_has_enough_races(size_t off)
{
	return races_in(off / STRESS_REGION_SIZE) >= RACES_ENOUGH;
}

/* ---- what is said of them ---- */

static void add_access(struct message *message, const struct tsan_access *access)
{
	message_append(message, "%s %ss %zu bytes at ", access->thread[0] ? access->thread : "a thread",
		       access->write ? "write" : "read", access->size);
	if (on_page(access))
		message_append(message, "page+0x%zx", (size_t)(access->addr - current_run.page_address));
	else
		message_append(message, "0x%llx", (unsigned long long)access->addr);
}

static void add_races(struct message *message, enum place place)
{
	unsigned long count = races_count(place);

	for (unsigned long i = 0; i < count && i < RACES_KEPT; i++) {
		const struct tsan_race *race = &races[place].kept[i];

		message_append(message, "%s:   race: ", current_run.pattern->name);
		add_access(message, &race->now);
		message_append(message, ", unordered before it ");
		add_access(message, &race->before);
		message_append(message, "\n");
	}
}

/* Returns the name of the first region whose race was not reported, or NULL. */
static const char *region_without_race(const struct stress_run *run)
{
	const char *const *names = run->pattern->race_regions;
	bool early = atomic_load_explicit(&run->signal, memory_order_relaxed);

	for (size_t i = 0; names && names[i] && tsan_present() && !early; i++)
		if (!races_in(i))
			return names[i];
	return NULL;
}

bool races_are_missing(const struct stress_run *run)
{
	return !run->busted && region_without_race(run);
}

/*
 * Adds races that ThreadSanitizer should not have reported, and expected races that it did
 * not report.
 */
void races_add_faults(struct message *message, const struct stress_run *run)
{
	const char *name = run->pattern->name, *silent = region_without_race(run);
	const char *where = run->pattern->gfp ? " elsewhere than on the page" : "";

	if (races_count(ELSEWHERE))
		message_append(message, "%s: !!! ThreadSanitizer reported a race%s\n", name, where);
	if (!run->pattern->race_regions && races_count(ON_PAGE))
		message_append(message, "%s: !!! ThreadSanitizer reported a race on the page\n", name);
	if (silent)
		message_append(message, "%s: !!! expected a race of %s, ThreadSanitizer reported none\n",
			       name, silent);
	if (!message->used)
		return;
	if (!run->pattern->race_regions)
		add_races(message, ON_PAGE);
	add_races(message, ELSEWHERE);
	report_add_rerun(message, run);
}
