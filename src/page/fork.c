/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * fork() copies the locks of the library as they are, but of all threads only the caller exists in the child.
 * A lock that another thread held would stay locked in the child for ever. So the caller takes all locks
 * before fork(), and releases them after fork() in the parent and in the child.
 *
 * The library installs one set of handlers, before the arena. If another thread creates the arena during
 * fork(), the C library would not run handlers that were installed meanwhile. So these handlers also call
 * alias_fork.c.
 *
 * Lock order: the list of tasks, the alias sets, then the locks of the arena (arena.c).
 */
#include "page/fork.h"

#include <pthread.h>

#include "page/alias.h"

static pthread_once_t handlers_once = PTHREAD_ONCE_INIT;
static bool are_handlers_installed;

static NO_COVERAGE void lock_before_fork(void)
{
	arena_wait_until_created();
	alias_prepare_fork();
	sync_hidden_begin();
	task_list_lock();
	alias_sets_lock();
	arena_lock();
	sync_hidden_end();
}

static NO_COVERAGE void unlock_after_fork(void)
{
	sync_hidden_begin();
	arena_unlock();
	alias_sets_unlock();
	task_list_unlock();
	sync_hidden_end();
}

static NO_COVERAGE void unlock_in_parent(void)
{
	unlock_after_fork();
	alias_wait_for_child_copy();
}

static NO_COVERAGE void unlock_in_child(void)
{
	unlock_after_fork();
	task_delete_those_of_other_threads();
	alias_copy_and_remap_files_in_child();
}

static void install_handlers(void)
{
	are_handlers_installed = !pthread_atfork(lock_before_fork, unlock_in_parent, unlock_in_child);
}

bool fork_install_handlers(void)
{
	pthread_once(&handlers_once, install_handlers);
	return are_handlers_installed;
}
