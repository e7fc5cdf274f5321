/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/small.h"
int main(void)
{
	static const unsigned long numbers[] = { 5, 1ul << 40, 0, 1 };
	_Atomic int number = 1;
	int spare;

	if (add(0, numbers, 2) != 2 || sum(0) != (1ul << 40) + 5 || sum(1) != 7)
		return 1;
	if (add(0, numbers, 4) != 2 || add(0, numbers, 1) != 0 || sum(0) != 2 * ((1ul << 40) + 5))
		return 1;
	if (find_zero(numbers) != numbers + 2)
		return 1;
	reset(1, 3);
	if (sum(0) != 3)
		return 1;
	if (!decrement_positive(&number) || decrement_positive(&number))
		return 1;
	return small(9, 4) != ~21 || small(1, 2) != -1 || small(9, 0) != ~9 || small(4, 1) != ~7 ||
	       small(3, 2) != 1 || keep(6, &spare) != 5 || keep(9, &spare) != 5 || !big(0) || big(-1);
}
