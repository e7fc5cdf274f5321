/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Flavours without ThreadSanitizer: nothing is watched, nothing is said. */
#include "harness/tsan.h"

bool tsan_present(void)
{
	return false;
}

void tsan_listen(tsan_race_fn fn, void *ctx)
{
	(void)fn;
	(void)ctx;
}

void *tsan_fiber_new(const char *name)
{
	(void)name;
	return NULL;
}

void *tsan_fiber_self(void)
{
	return NULL;
}

void tsan_fiber_switch(void *fiber)
{
	(void)fiber;
}

void tsan_release(void *object)
{
	(void)object;
}

void tsan_acquire(void *object)
{
	(void)object;
}

void tsan_flush(void)
{
}

void tsan_on_stretch(unsigned int index, void (*fn)(void *arg), void *arg)
{
	(void)index;
	fn(arg);
}

void tsan_pause(void)
{
}

void tsan_resume(void)
{
}
