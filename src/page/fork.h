/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A child of fork() can use the library, also if other threads of the parent were in a call of the library.
 */
#pragma once

#include <stdbool.h>

/*
 * Installs the handlers of fork(), once. Each part of the library that has a lock calls the function before
 * it uses the lock for the first time. Return: false without memory.
 */
bool fork_install_handlers(void);
