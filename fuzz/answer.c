/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "fuzz/answer.h"

#include <string.h>

#include <sanitizer/common_interface_defs.h>

#include "harness/util/bytes.h"

/* What the compiler's constructors tell; all objects of a program have one stretch. */
static struct {
	uint8_t *from, *to;
	const uintptr_t *pcs; /* two words an edge, the first is where */
} counters;

static struct answer *listening;

void __sanitizer_cov_8bit_counters_init(uint8_t *from, uint8_t *to);
void __sanitizer_cov_8bit_counters_init(uint8_t *from, uint8_t *to)
{
	counters.from = from;
	counters.to = to;
}

void __sanitizer_cov_pcs_init(const uintptr_t *from, const uintptr_t *to);
void __sanitizer_cov_pcs_init(const uintptr_t *from, const uintptr_t *to)
{
	(void)to;
	counters.pcs = from;
}

size_t answer_edges(void)
{
	return (size_t)(counters.to - counters.from);
}

size_t answer_size(void)
{
	return (sizeof(struct answer) + answer_edges() + 7) / 8 * 8;
}

static void listen(enum digest_part part, const void *bytes, size_t len)
{
	listening->parts[part] = digest_add(listening->parts[part], bytes, len);
}

static void clear_edges(void)
{
	bytes_fill(counters.from, 0, answer_edges());
}

void answer_begin(bool all_races)
{
	fuzz_wants_all_races = all_races;
	fuzz_initialize();
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
}

void answer_take(struct answer *answer, const uint8_t *bytes, size_t size)
{
	for (unsigned int part = 0; part < DIGEST_PARTS; part++)
		answer->parts[part] = DIGEST_START;
	listening = answer;
	fuzz_listen(listen);
	clear_edges();
	LLVMFuzzerTestOneInput(bytes, size);
	bytes_copy(answer->edges, counters.from, answer_edges());
	fuzz_listen(NULL);
}

void answer_edge_name(size_t edge, char *name, size_t size)
{
	/* It looks at the byte before, as for a return address. */
	__sanitizer_symbolize_pc((void *)(counters.pcs[2 * edge] + 1), "%F %L", name, size);
}
