/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A target that does nothing, with which `make bench-exec` measures the engine's cost for each input. */
#include "fuzz/fuzz.h"

const enum fuzz_input_kind fuzz_input_kind = FUZZ_BYTES;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data;
	(void)size;
	return 0;
}
