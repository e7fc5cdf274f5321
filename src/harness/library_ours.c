/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/library.h"

bool library_accesses_known(void)
{
	return true;
}
