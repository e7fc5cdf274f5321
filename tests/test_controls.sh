#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Verdicts about races depend on the rule model, the model of ThreadSanitizer's memory, the library's reports to
# ThreadSanitizer, and on empty state before each input. For each check, this script breaks one of these parts
# in a source file, and fuzz_race must find that the rule model and ThreadSanitizer disagree. fuzz_explore must find
# bugs inside of calls from an empty corpus.
. "$(dirname "$0")/tap.sh"

case " ${FUZZERS?is set by make check} " in
*' fuzz_race '*) ;;
*) skip_rest "this compiler has no engine for fuzz_race" ;;
esac

objects=$abs_builddir/obj/fuzz-tsan/fuzz
rules=$abs_srcdir/corpus/rules
cd "$scratch" || exit 99

# link_fuzz_race OBJECT...: links fuzz_race without its mutator; each OBJECT replaces that of the build.
link_fuzz_race() {
	# shellcheck disable=SC2046,SC2086 # split into words
	$CC -fsanitize=fuzzer $TSAN_FLAGS $(print_hook_flags fuzz-tsan) "$@" "$objects"/fuzz.o "$objects"/fuzz_commands.o "$objects"/fuzz_race.o \
		"$abs_builddir/libharness-fuzz-tsan.a" "$abs_builddir/libpage-fuzz-tsan.a" -lpthread -o fuzz_race
}

# run_fuzz_race INPUTS [PAGE]...: fuzzes for INPUTS executions, starting with the programs PAGE, or with all of
# corpus/rules.
run_fuzz_race() {
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

# True if fuzz_race reported a disagreement, even one that disappeared when repeated with fresh state.
has_run_found_disagreement() {
	grep -Eq '^ERROR: fuzz_race: |[1-9][0-9]* differences that' out
}

# expect_change_found_by_fuzzing NAME FILE SED [PAGE]...: after SED has changed FILE, which no other file
# includes, fuzz_race must find a disagreement. Most changes are found within some ten thousand inputs.
expect_change_found_by_fuzzing() {
	name=$1 file=$2
	case $file in
	src/page/*) flags=$TSAN_FLAGS ;; # the library is instrumented, harness and target are not
	*) flags="-fno-builtin -DBYTES_NO_INTERCEPT" ;;
	esac
	sed "$3" "$abs_srcdir/$file" >changed.c
	shift 3
	# shellcheck disable=SC2086 # split into words
	if cmp -s "$abs_srcdir/$file" changed.c; then
		ok 1 "$name: the change does not apply any more"
	elif $CC -D_GNU_SOURCE -std=gnu11 -g -O2 -fsanitize=fuzzer-no-link $flags -I"$abs_srcdir/src" -c changed.c \
		>out 2>&1 && link_fuzz_race changed.o >out 2>&1; then
		run_fuzz_race 20000 "$@"
		has_run_found_disagreement || run_fuzz_race 500000 "$@"
		has_run_found_disagreement
		ok $? "found: $name" out
	else
		ok 1 "$name: does not build" out
	fi
}

link_fuzz_race >out 2>&1 && run_fuzz_race 50000 && ! has_run_found_disagreement
ok $? "with nothing taken away nothing is found" out

# ---- order of calls in the rule model ----

model=src/harness/model
expect_change_found_by_fuzzing "a lock that acquires nothing" $model/rules.c \
	's/^\tacquire_clock(eval, find_sync_clock(eval));/if (eval->call->op == OP_wait) &/'
expect_change_found_by_fuzzing "a wait that acquires nothing" $model/rules.c \
	's/^\tacquire_clock(eval, find_sync_clock(eval));/if (eval->call->op == OP_lock) &/'
expect_change_found_by_fuzzing "lines of main that join no thread" $model/rules.c 's/^\t\tjoin_clocks_into_main(rules);/;/'
expect_change_found_by_fuzzing "a last free that knows no other owner" $model/rules_page.c 's/^\tacquire_clock(eval, &page->owners_clock);//'
expect_change_found_by_fuzzing "a last free that touches nothing" $model/rules_page.c 's/if (!--page->ref_count)/if (!--page->ref_count \&\& 0)/'

# ---- annotations for the detector ----

expect_change_found_by_fuzzing "an allocator whose lock orders" src/page/arena.c 's/^\tsync_hidden_\(begin\|end\)();//'
expect_change_found_by_fuzzing "an allocator that does not take its lock" src/page/arena.c \
	's/^\tsync_spin_\(un\)\?lock(&list->lock);//' "$rules/fail-nth-counts-per-thread.page"
expect_change_found_by_fuzzing "frames whose allocations the detector cannot distinguish" src/page/arena.c \
	's/^\t\tsync_mark_allocated(arena_address.*//' "$rules/tsan-keeps-four-sets-of-bytes.page"
expect_change_found_by_fuzzing "a post that reports no order to the detector" src/harness/exec/exec_order.c \
	's/^\t\trelease(call->thread, &semaphore_tokens.*/;/'

# ---- state that the detector keeps between inputs ----

expect_change_found_by_fuzzing "a full granule that always loses the first access" src/harness/detect/tsan_shadow.c \
	's/log_position \/ sizeof(uint64_t) % TSAN_CELLS/0/' "$rules/tsan-forgets-a-fifth-set-of-bytes.page"
expect_change_found_by_fuzzing "granules without marks" src/harness/detect/tsan_shadow.c 's/granule->cells\[0\].state = MARK;//'
expect_change_found_by_fuzzing "a detector that is never emptied" src/harness/detect/tsan.c 's/^\t\t__tsan_flush_memory();/;/' \
	"$rules/posts-that-nobody-waits-for.page"

# ---- a difference that is not about races ----

expect_change_found_by_fuzzing "a call that fails once" src/page/raw.c \
	'/^int page_write_raw/,/^}/s/return 0;/{ static int calls; return __atomic_add_fetch(\&calls, 1, 0) == 1000 ? -EFAULT : 0; }/'
grep -q '^ERROR: fuzz_race: ' out
ok $? "... is a finding, although it does not fail again" out

# ---- interleavings inside of calls ----

# link_fuzz_explore OBJECT...: links fuzz_explore; each OBJECT replaces that of the build.
link_fuzz_explore() {
	# shellcheck disable=SC2046,SC2086 # split into words
	$CC -fsanitize=fuzzer $TSAN_FLAGS $(print_hook_flags fuzz-tsan) "$@" "$objects"/fuzz.o "$objects"/fuzz_commands.o \
		"$objects"/fuzz_explore.o "$objects"/mutator.o "$abs_builddir/libmutate.a" \
		"$abs_builddir/libharness-fuzz-tsan.a" "$abs_builddir/libpage-fuzz-tsan.a" -lpthread -o fuzz_explore
}

# run_fuzz_explore INPUTS: fuzzes for INPUTS executions from an empty corpus.
run_fuzz_explore() {
	rm -rf corpus
	mkdir corpus
	timeout 1000 ./fuzz_explore -runs="$1" -seed=1 -max_len=704 -timeout=20 corpus >out 2>&1
}

# expect_bug_found_from_nothing BUG FILE PATTERN: with the seeded bug BUG in FILE of src/page, fuzz_explore must
# print PATTERN. Most bugs are found within twenty thousand inputs.
expect_bug_found_from_nothing() {
	rm -rf src
	mkdir src
	cp -r "$abs_srcdir/src/page" src/page
	chmod -R u+w src
	# shellcheck disable=SC2086 # split into words
	if ! patch -s -p1 <"$abs_srcdir/tests/bugs/patch/$1.patch" >out 2>&1; then
		ok 1 "$1: the patch does not apply any more" out
	elif $CC -D_GNU_SOURCE -std=gnu11 -g -O2 -fsanitize=fuzzer-no-link $TSAN_FLAGS -Isrc -c "src/page/$2" -o changed.o \
		>out 2>&1 && link_fuzz_explore changed.o >out 2>&1; then
		! run_fuzz_explore 500000 && grep -q "$3" out && grep -q '^schedule ' out
		ok $? "fuzz_explore finds from nothing: $1" out
	else
		ok 1 "$1: does not build" out
	fi
}

link_fuzz_explore >out 2>&1 && run_fuzz_explore 10000 && grep -q ' [1-9][0-9]* of them completely' out
ok $? "fuzz_explore finds nothing in the library without a bug" out
if command -v patch >/dev/null; then
	expect_bug_found_from_nothing locks-in-opposite-order arena.c '^ERROR: fuzz_explore: deadlock'
	expect_bug_found_from_nothing lock-dropped-in-an-allocation free_list.c '^BUG: page: \|^ERROR: fuzz_explore: '
	expect_bug_found_from_nothing ref-only-owner-fast-path page.c '^BUG: page: \|^ERROR: fuzz_explore: '
	expect_bug_found_from_nothing ref-tested-before-the-drop page.c '^ERROR: fuzz_explore: '
else
	skip "fuzz_explore finds seeded bugs: there is no patch"
fi

done_testing
