/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A server for isolate_call(): a process that forks the children. The time of fork() grows with the memory of
 * the process, and a fuzzer has much memory after many inputs. The server has only the memory that the caller
 * had when it started the server, so its children are cheap, and no earlier input affects them.
 */
#pragma once

#include "harness/util/isolate.h"

/*
 * Starts the server, which ends with this process; exit() waits for it. Only a process with one thread may
 * start the server. Return: false if the system refuses the process; then isolate_call_in_server() calls
 * isolate_call().
 */
bool isolate_server_start(void);

/*
 * As isolate_call(), but in a child of the server: @fn finds the memory as it was at the start of the server,
 * except for shared memory. So @ctx must be a number, shared or constant.
 */
bool isolate_call_in_server(void (*fn)(void *ctx), void *ctx, unsigned int seconds, struct isolated *result);
