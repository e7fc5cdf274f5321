/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef DEV_SELF_TEST_H
#define DEV_SELF_TEST_H

#include "tool/run/engine.h"

/*
 * Runs programs that misbehave, among good ones, in the @wanted flavours, and prints the result of
 * each that misbehaves.
 * Return: an exit status
 */
int self_test(struct run_options *options, const bool *wanted);

#endif
