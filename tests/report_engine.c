/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A fuzz target that hangs, uses too much memory, or exits: libFuzzer itself reports these. */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hang_forever(void)
{
	for (;;)
		usleep(1000);
}

static void allocate_too_much(void)
{
	volatile char *much = malloc((size_t)200 << 20);

	much[0] = 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	switch (size ? data[0] : 0) {
	case 'a':
		abort();
	case 'h':
		hang_forever();
		break;
	case 'm':
		allocate_too_much();
		break;
	case 'x':
		exit(0);
	}
	return 0;
}
