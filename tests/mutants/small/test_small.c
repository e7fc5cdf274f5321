/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/small.h"
int main(void)
{
	int spare;

	return small(9, 4) != ~21 || small(1, 2) != -1 || small(9, 0) != ~9 || small(4, 1) != ~7 ||
	       small(3, 2) != 1 || keep(6, &spare) != 5 || keep(9, &spare) != 5 || !big(0) || big(-1);
}
