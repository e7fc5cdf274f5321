# shellcheck shell=sh disable=SC2154 # scratch is from tap.sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Small fuzz targets for tests of campaigns: the corpus of grow.c grows quickly, and bug.c has a bug. A test
# script sources this file after tap.sh.

cat >"$scratch/grow.c" <<'END'
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
volatile unsigned int depth;
/* libFuzzer treats these bytes as coverage counters, so the corpus gets thousands of inputs within seconds. */
__attribute__((used, section("__libfuzzer_extra_counters"))) volatile uint8_t pairs[PAIRS];
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 3)
		pairs[(data[size - 2] * 256 + data[size - 1]) % sizeof(pairs)] = 1;
	static const char text[] = "an input that takes quite a while to guess, byte by byte";
	for (size_t i = 0; i < size && i < sizeof(text) && data[i] == text[i]; i++)
		switch (i) {
#define D(n) case n: depth += n; break;
#define T(n) D(n##0) D(n##1) D(n##2) D(n##3) D(n##4) D(n##5) D(n##6) D(n##7) D(n##8) D(n##9)
		T(1) T(2) T(3) T(4) T(5) D(1) D(2) D(3) D(4) D(5) D(6) D(7) D(8) D(9)
		}
	return 0;
}
END
cat >"$scratch/bug.c" <<'END'
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 1 && data[0] == 'b' && data[1] == 'u') {
		fprintf(stderr, "ERROR: fuzz_bug: a bug of %zu bytes\n", size);
		abort();
	}
	return 0;
}
END
# compile_small_targets DIRECTORY PAIRS: compiles fuzz_grow and fuzz_bug with libFuzzer into DIRECTORY.
# compile_small_targets is false without libFuzzer. PAIRS is the maximal number of inputs that the corpus of
# fuzz_grow gains quickly.
compile_small_targets() {
	[ -n "${FUZZERS-}" ] || return 1
	for target in grow bug; do
		$CC -g -O1 -fsanitize=fuzzer,address -DPAIRS="$2" -o "$1/fuzz_$target" "$scratch/$target.c" ||
			return 1
	done >"$scratch/out" 2>&1
}

# compile_small_targets_for_afl DIRECTORY: compiles fuzz_grow and fuzz_bug into the directories of AFL++'s three builds.
compile_small_targets_for_afl() {
	for build in afl afl-plain afl-cmplog; do
		cmplog=
		[ $build = afl-cmplog ] && cmplog=1
		for target in grow bug; do
			AFL_QUIET=1 AFL_LLVM_CMPLOG=$cmplog afl-clang-fast -fsanitize=fuzzer -DPAIRS=4 -I"$abs_srcdir/src" \
				-o "$1/$build/fuzz_$target" "$scratch/$target.c" "$abs_srcdir/fuzz/end_with_parent.c" || return 1
		done
	done >"$scratch/out" 2>&1
}

# list_sha1_of_inputs DIRECTORY...: prints the SHA-1 of each input in the directories.
list_sha1_of_inputs() {
	find "$@" -type f -size +0c ! -name '.*' -exec sha1sum {} + 2>/dev/null | cut -c 1-40 | sort -u
}
