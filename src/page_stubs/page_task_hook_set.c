/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/page.h"

/* Without a hook the library does not ask for the current task: delays are only between calls. */
void page_task_hook_set(page_task_current_fn hook)
{
	(void)hook;
}
