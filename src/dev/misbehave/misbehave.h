/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Makes inputs fail although the library is correct, to test that `run` and `replay` detect failures. In
 * pagetorture-dev a program misbehaves in the way that its comment requests:
 *
 *     # misbehave: WAY
 *
 * The installed pagetorture ignores the comment.
 */
#ifndef DEV_MISBEHAVE_H
#define DEV_MISBEHAVE_H

/* Makes inputs of this process misbehave as their comments request. */
void misbehave_enable(void);

#endif
