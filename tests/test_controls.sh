#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Proof that verdicts about races depend on each of these: the rule model, the model of the detector's
# memory, the library's reports to the detector, and the state between inputs. One line is taken away,
# and fuzz_race must find a disagreement.
. "$(dirname "$0")/tap.sh"

case " ${FUZZERS?is set by make check} " in
*' fuzz_race '*) ;;
*) skip_rest "this compiler has no engine for fuzz_race" ;;
esac

objects=$abs_builddir/obj/fuzz-tsan/fuzz
rules=$abs_srcdir/corpus/rules
cd "$scratch" || exit 99

# link_fuzz_target FILE...: fuzz_race without its mutator, with these in place of the build's files
link_fuzz_target() {
	# shellcheck disable=SC2086 # words
	$CC -fsanitize=fuzzer $TSAN_FLAGS "$@" "$objects"/fuzz.o "$objects"/fuzz_commands.o "$objects"/fuzz_race.o \
		"$abs_builddir/libharness-fuzz-tsan.a" "$abs_builddir/libpage-fuzz-tsan.a" -lpthread -o fuzz_race
}

# run_fuzzer INPUTS [PAGE]...: so many, from these programs, or from all of corpus/rules
run_fuzzer() {
	rm -rf corpus seeds
	mkdir corpus seeds
	inputs=$1
	shift
	[ $# -gt 0 ] || set -- "$rules"/*.page
	for page; do
		"$pagetorture" convert --bytes "$page" >"seeds/$(basename "$page" .page).bin"
	done
	timeout 1000 ./fuzz_race -runs="$inputs" -max_len=704 corpus seeds >out 2>&1
}

# A disagreement that only fresh state settles is counted, and should never happen either.
has_finding() {
	grep -Eq '^ERROR: fuzz_race: |[1-9][0-9]* disagreements that' out
}

# expect_mutant_found NAME FILE SED [PAGE]...: FILE is one that no other includes. Most need some ten thousand inputs.
expect_mutant_found() {
	name=$1 file=$2
	case $file in
	src/page/*) flags=$TSAN_FLAGS ;; # the library is instrumented, harness and target are not
	*) flags="-fno-builtin -DBYTES_NO_INTERCEPT" ;;
	esac
	sed "$3" "$abs_srcdir/$file" >changed.c
	shift 3
	# shellcheck disable=SC2086 # words
	if cmp -s "$abs_srcdir/$file" changed.c; then
		ok 1 "$name: the change does not apply any more"
	elif $CC -D_GNU_SOURCE -std=gnu11 -g -O2 -fsanitize=fuzzer-no-link $flags -I"$abs_srcdir/src" -c changed.c \
		>out 2>&1 && link_fuzz_target changed.o >out 2>&1; then
		run_fuzzer 50000 "$@"
		has_finding || run_fuzzer 500000 "$@"
		has_finding
		ok $? "found: $name" out
	else
		ok 1 "$name: does not build" out
	fi
}

link_fuzz_target >out 2>&1 && run_fuzzer 50000 && ! has_finding
ok $? "with nothing taken away nothing is found" out

# ---- order that the rule model knows ----

model=src/harness/model
expect_mutant_found "a lock that acquires nothing" $model/rules.c 's/^\tacquire_clock(eval, &eval->rules->mutex_clocks.*//'
expect_mutant_found "a wait that acquires nothing" $model/rules.c 's/^\tacquire_clock(eval, &eval->rules->semaphore_clocks.*//'
expect_mutant_found "lines of main that join no thread" $model/rules.c 's/^\t\tjoin_all_threads(rules);/;/'
expect_mutant_found "a last free that knows no other owner" $model/rules_page.c 's/^\tacquire_clock(eval, &page->owners_clock);//'
expect_mutant_found "a last free that touches nothing" $model/rules_page.c 's/if (!--page->ref_count)/if (!--page->ref_count \&\& 0)/'

# ---- annotations for the detector ----

expect_mutant_found "an allocator whose lock orders" src/page/arena.c 's/^\tsync_hidden_\(begin\|end\)();//'
expect_mutant_found "frames whose allocations the detector cannot distinguish" src/page/arena.c \
	's/^\t\tsync_heap_alloc(arena_address.*//' "$rules/tsan-keeps-four-sets-of-bytes.page"
expect_mutant_found "a post that reports no order to the detector" src/harness/exec/exec_fiber.c \
	's/^\t\ttsan_release(&semaphore_tokens.*/;/'

# ---- what the detector keeps ----

expect_mutant_found "a full granule that always loses the first access" src/harness/detect/tsan_shadow.c \
	's/position \/ sizeof(uint64_t) % TSAN_CELLS/0/' "$rules/tsan-forgets-a-fifth-set-of-bytes.page"
expect_mutant_found "granules without marks" src/harness/detect/tsan_shadow.c 's/granule->cells\[0\].state = MARK;//'
expect_mutant_found "a detector that is never emptied" src/harness/detect/tsan.c 's/^\t\t__tsan_flush_memory();/;/' \
	"$rules/posts-that-nobody-waits-for.page"

done_testing
