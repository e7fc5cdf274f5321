#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `minimize` of programs that break rules, of programs with wrong expectations, and with a broken library.
# `minimize` always writes the same result, which has the same failure as the input.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/mutant.sh"

rules=$abs_srcdir/corpus/rules
cd "$scratch" || exit 99

# run_minimize_expecting STATUS FILE [OPTION...]: true if `minimize` ends with STATUS. The minimised program
# is in small.page, the messages are in err.
run_minimize_expecting() {
	expected=$1 file=$2
	shift 2
	rm -f small.page
	run_expecting_status "$expected" timeout 300 "${tool:-$pagetorture}" minimize "$@" -o small.page "$file"
}

# print_verdict_of_model FILE: prints the verdict of the rule model on the program.
print_verdict_of_model() {
	"$pagetorture" check "$1" | sed -n '1s/.*: //p'
}

# minimize_and_print_signature FILE: minimizes FILE, and prints the signature that `minimize` prints.
minimize_and_print_signature() {
	"${tool:-$pagetorture}" minimize "$@" 2>&1 >copy.page | sed -n '2s/^[^:]*: //p'
}

# ---- programs that break rules ----

for name in two-races-one-program unmap-order deadlock uninit-value map-overflow \
	use-after-free-through-mapping out-of-bounds foreign-map use-after-unmap; do
	before=$(grep -c '(' "$rules/$name.page")
	run_minimize_expecting 0 "$rules/$name.page" && [ "$(print_verdict_of_model small.page)" = "$(print_verdict_of_model "$rules/$name.page")" ] &&
		[ "$(grep -c '(' small.page)" -le "$before" ] &&
		[ "$(minimize_and_print_signature small.page)" = "$(sed -n '2s/^[^:]*: //p' err)" ]
	ok $? "$name: fails in the same way, in $(grep -c '(' small.page) calls of $before" err
done

printf '%s\n' 'pagetorture 1' 'p2 = alloc_page(GFP_NOIO | __GFP_ZERO)' 'p3 = alloc_page(GFP_KERNEL)' \
	'T3: lock(m1)' 'T3: write_raw(p2, 0x123, 0x40, 7) -> 0' 'T3: unlock(m1)' 'T5: fill_zero(p3, 0, 64)' \
	'T5: read_raw(p2, 0x140, 0x100)' 'free_page(p2)' >race.page
printf '%s\n' 'pagetorture 1' 'main: p0 = alloc_page(GFP_KERNEL)' 'T0: write_raw(p0, 0, 1, 0x0)' \
	'T1: read_raw(p0, 0, 1)' >expected.page
run_minimize_expecting 0 race.page && cmp small.page expected.page
ok $? "a race: calls, threads, numbers and flags" small.page
if has_flavour_or_skip tsan "signatures of races"; then
	grep -q '; race page_read_raw / page_write_raw$' err
	ok $? "the signature names the functions of both accesses" err
	run_expecting_status 0 env PATH=/nonexistent "$pagetorture" minimize race.page && cmp out expected.page &&
		grep -q 'no llvm-symbolizer or addr2line found' err && grep -q '; race read_raw / write_raw$' err
	ok $? "without a symbolizer: the calls, and said so" err
	run_expecting_status 0 "$pagetorture" run --flavour tsan small.page && grep -q ' data-race *data-race ' out
	ok $? "ThreadSanitizer reports the small one too" out
fi

# The signature of a race does not depend on the order of the two calls, but on their names.
sed '/^T3: write/d; /^T5: read/s/$/\nT3: write_raw(p2, 0x123, 0x40, 7)/' race.page >turned.page
[ "$(minimize_and_print_signature race.page)" = "$(minimize_and_print_signature turned.page)" ]
ok $? "a race has no order"
sed 's/^T3: write_raw/T3: write_bytewise_atomic/' race.page >another.page
[ "$(minimize_and_print_signature race.page)" != "$(minimize_and_print_signature another.page)" ]
ok $? "another pair of calls is another failure"

"$pagetorture" convert --bytes race.page >race.bin
run_minimize_expecting 0 race.bin && cmp small.page expected.page
ok $? "the same from bytes" err
run_expecting_status 0 "$pagetorture" minimize race.page && cmp out expected.page
ok $? "without -o it goes to standard output" out
"$pagetorture" convert --text expected.page | cmp - expected.page
ok $? "the result is canonical"
cp race.page itself.page
run_expecting_status 0 "$pagetorture" minimize -o itself.page itself.page && cmp itself.page expected.page
ok $? "a file may be replaced by its own result" err

# ---- random programs ----

(cd "$abs_builddir" && BENCH_PROGRAMS=4 BENCH_SEED=1000 timeout 1200 \
	python3 "$abs_srcdir/bench/bench.py" --strict minimize) >out 2>&1
status=$?
if [ $status -eq 77 ]; then
	skip "$(tail -n 1 out)"
else
	# The benchmark fails if a minimised program is not the smallest, or its C program does not reproduce the race.
	[ $status -eq 0 ] && grep -q '^racy programs of 40 calls, calls left ' out
	ok $? "4 racy programs of 40 calls:$(sed -n 's/.*calls left *//p' out)" out
fi

# ---- programs that do not fail, and files that are no programs ----

for name in disjoint-writes mutex-orders bounds; do
	run_minimize_expecting 1 "$rules/$name.page" && [ ! -e small.page ] && grep -q 'nothing to minimise' err
	ok $? "$name: nothing to minimise, nothing written" err
done
echo 'pagetorture 2' >bad.page
run_minimize_expecting 2 bad.page && [ "$(wc -l <err)" -eq 1 ] && grep -q '^bad.page:1: ' err && [ ! -e small.page ]
ok $? "a file that is no program: 2, one line" err
run_minimize_expecting 2 missing.page && [ "$(wc -l <err)" -eq 1 ]
ok $? "a file that is not there: 2" err
expect 2 "nowhere to write: 2, and where" '^nowhere/small.page: ' "$pagetorture" minimize -o nowhere/small.page race.page
run_expecting_status 2 "$pagetorture" minimize && run_expecting_status 2 "$pagetorture" minimize --flavour sideways race.page &&
	run_expecting_status 2 "$pagetorture" minimize --timeout 0 race.page
ok $? "bad usage: 2" err

# ---- claims ----

printf '%s\n' 'pagetorture 1' 'expect clean' 'p5 = alloc_page(GFP_KERNEL)' 'p6 = alloc_page(GFP_KERNEL)' \
	'T1: write_raw(p6, 0, 4, 1)' 'T1: read_raw(p5, 0, 5) -> EINVAL' 'T2: fill_zero(p5, 9, 9) -> 0' >claim.page
printf '%s\n' 'pagetorture 1' 'expect clean' 'main: p0 = alloc_page(GFP_KERNEL)' \
	'main: read_raw(p0, 0, 0) -> EINVAL' >expected.page
run_minimize_expecting 0 claim.page && grep -q 'claim does not hold: read_raw: expected EINVAL, got #$' err &&
	cmp small.page expected.page
ok $? "a claim that does not hold, and only that one" small.page

# ---- a library that is broken ----

# A program with additional calls that do not contribute to the failure.
printf '%s\n' 'pagetorture 1' 'p3 = alloc_page(GFP_KERNEL | __GFP_ZERO)' 'p4 = alloc_page(GFP_NOIO)' \
	'T2: lock(m3)' 'T2: write_raw(p4, 0x321, 0x41, 9)' 'T2: k1 = kmap_local(p3)' 'T2: store(k1, 5, 9, 3)' \
	'T4: fill_zero(p3, 0xfc0, 0x40)' 'T2: kunmap_local(k1)' 'T2: unlock(m3)' 'T3: copy_page(p4, 0, p3, 100, 50)' \
	'free_page(p4)' >crash.page

# Changes page_fill_zero(): the environment variable BUG selects a bug. The code hides from the compiler how
# memory is used, because the compiler would remove the bug.
cat >bug.h <<'END'
#include <stdlib.h>
static volatile char shared;
static inline char *heap(void)
{
	char *bytes = malloc(8);

	__asm__ volatile("" : "+r"(bytes));
	return bytes;
}
#define BUG() (getenv("BUG") ? *getenv("BUG") : 0)
#define TOUCH() do { if (BUG() == 's') shared = 1; } while (0)
#define FILL(at, len)                                                              \
	do {                                                                       \
		volatile int big = 0x7fffffff;                                     \
		char *bytes = BUG() == 'b' || BUG() == 'f' ? heap() : NULL;        \
		switch (BUG()) {                                                   \
		case 'b': memset(bytes, 0, len); free(bytes); break;               \
		case 'f': free(bytes); memset(bytes, 0, len); break;               \
		case 'o': big = big + (int)len; break;                             \
		case 'w': memset(at, 1, len); break;                               \
		case 'h': for (;;) ;                                               \
		default: memset(at, 0, len);                                       \
		}                                                                  \
	} while (0)
END

# expect_bug_message_and_few_calls FLAVOUR BUG NAME PATTERN CALLS [SECONDS]: `minimize` must print PATTERN
# about the bug, and keep at most CALLS calls.
expect_bug_message_and_few_calls() {
	if ! has_flavour "$1"; then
		skip "$3: this build has no $1 flavour"
		return
	fi
	export BUG="$2"
	tool=$scratch/bin/pagetorture
	run_minimize_expecting 0 crash.page --flavour "$1" --timeout "${6:-10}" && grep -q "$4" err &&
		[ "$(grep -c '(' small.page)" -le "$5" ] &&
		[ "$(minimize_and_print_signature small.page --flavour "$1" --timeout "${6:-10}")" = "$(sed -n '2s/^[^:]*: //p' err)" ]
	ok $? "$3: $(sed -n '2s/^[^:]*: //p' err), $(grep -c '(' small.page) calls" err
	tool=
	unset BUG
}

copy_library_and_change_file raw.c 's/memset(byte_address(page, off), 0, len);/FILL(byte_address(page, off), len);/
	s/if (unlikely(!page_is_certainly_mappable(page)))/TOUCH(); &/; s/^#include <string.h>/&\n#include "page\/bug.h"/' &&
	cp bug.h src/page && build_changed_tool plain && { ! has_flavour asan || build_changed_tool asan; } &&
	{ ! has_flavour tsan || build_changed_tool tsan; }
ok $? "a library with bugs" "$scratch/build"
expect_bug_message_and_few_calls asan b "a write beyond its end" 'asan disagrees: heap-buffer-overflow at page_fill_zero$' 2
expect_bug_message_and_few_calls asan f "a use of freed memory" 'asan disagrees: heap-use-after-free at page_fill_zero$' 2
expect_bug_message_and_few_calls asan o "a sum that overflows" 'asan disagrees: signed-integer-overflow at page_fill_zero$' 2
expect_bug_message_and_few_calls plain w "wrong bytes" 'plain disagrees: end: byte # of p#: expected #, got #' 2
expect_bug_message_and_few_calls tsan s "a variable that all share" \
	'tsan disagrees: a race that the model does not have; race page_[a-z_]* / page_[a-z_]*$' 3
expect_bug_message_and_few_calls plain h "a call that hangs" 'plain disagrees: timeout at fill_zero' 2 1

# If a function that all calls use has a bug, the signature does not name the call of the program. The two
# calls of each program access different bytes, so only the bug is a race.
# write_program_of_two_threads NAME CALL CALL: writes a program in which two threads make one call each.
write_program_of_two_threads() {
	printf '%s\n' 'pagetorture 1' 'p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)' "T0: $2" "T1: $3" >"one-bug/$1.page"
}

if ! has_flavour tsan; then
	skip "a race in one function of the library: this build has no tsan flavour"
elif ! copy_library_and_change_file range.h 's/^\treturn off <= PAGE_SIZE/\tstatic unsigned long calls;\n\n\tcalls++;\n\t__asm__ volatile("" : : "r"(calls));\n&/' ||
	! build_changed_tool tsan || ! build_changed_tool plain; then
	ok 1 "a race in one function of the library: the mutant cannot be built" build
else
	mkdir one-bug
	write_program_of_two_threads crash-1 'write_raw(p0, 0, 8, 1)' 'write_raw(p0, 64, 8, 1)'
	write_program_of_two_threads crash-2 'read_raw(p0, 0, 8)' 'fill_zero(p0, 128, 8)'
	write_program_of_two_threads crash-3 'fill_zero(p0, 64, 8)' 'write_raw(p0, 8, 8, 1)'
	printf '%s\n' 'pagetorture 1' 'p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)' 'T0: read_raw(p0, 0, 8)' \
		'main: read_raw(p0, 0, 8)' 'T0: read_raw(p0, 8, 8)' 'T1: fill_zero(p0, 128, 8)' >one-bug/crash-4.page
	# The calls of crash-5 race too, but the signature is that of the race that is not predicted.
	write_program_of_two_threads crash-5 'write_raw(p0, 0, 8, 1)' 'read_raw(p0, 4, 8)'
	run_expecting_status 0 timeout 300 "$scratch/bin/pagetorture" triage --flavour plain,tsan one-bug &&
		grep -q '^5 findings, 1 failure, ' out && grep -q '; race range_is_valid / range_is_valid$' out
	ok $? "a race in one function of the library is one failure, whatever calls reach it" out
fi

done_testing
