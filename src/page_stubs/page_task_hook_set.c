/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/page.h"

/* A library without this call never calls @hook, so pagetorture-stress delays threads only between calls. */
void page_task_hook_set(page_task_current_fn hook)
{
	(void)hook;
}
