/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The functions that code compiled with -fsanitize=thread calls before each access. The linker option --wrap
 * (build-aux/flavours.mk, tsan_hooks) replaces them by the functions of tsan_hooks.c, which pass the access
 * to library_race.h and then to ThreadSanitizer. The harness is not instrumented, so all these accesses are
 * accesses of the page library.
 */
#pragma once

#include <stdbool.h>

/* Return: whether the accesses of a page library reach the hooks of this process. */
bool tsan_hooks_are_linked(void);
