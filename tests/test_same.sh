#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The determinism check (fuzz/same.py): the outcome and the coverage of an input depend neither on earlier inputs
# nor on the process. The check fails if the library, the model or the detector keeps state between inputs.
. "$(dirname "$0")/tap.sh"

skip_rest_without_tools python3
corpus=$abs_srcdir/corpus
seed=0

# compare_outcomes PROGRAM [OPTION]... FILE|DIRECTORY...: same.py compares the outcomes of repeated executions
# of inputs by PROGRAM.
compare_outcomes() {
	python3 -B "$abs_srcdir/fuzz/same.py" "$@"
}

# make_random_programs COUNT: writes COUNT random programs into the directory $scratch/random.
make_random_programs() {
	rm -rf "$scratch/random"
	mkdir "$scratch/random"
	seed=$((seed + 100000))
	(cd "$scratch/random" && "$abs_builddir/make_programs" "$1" $seed)
}

# make_programs_with_crowded_granule COUNT: writes COUNT racy programs that access the same 8 bytes more often than
# ThreadSanitizer remembers.
make_programs_with_crowded_granule() {
	mkdir "$scratch/crowded"
	awk -v count="$1" -v directory="$scratch/crowded" 'BEGIN {
		srand(7)
		for (n = 0; n < count; n++) {
			file = directory "/" n ".page"
			print "pagetorture 1\np0 = alloc_page(GFP_KERNEL | __GFP_ZERO)" >file
			for (i = 5 + int(rand() * 12); i > 0; i--) {
				from = int(rand() * 8)
				write = rand() < 0.5
				printf "T%d: %s(p0, %d, %d%s)\n", int(rand() * 3),
					write ? "write_raw" : "read_raw", from,
					1 + int(rand() * (8 - from)), write ? ", 1" : "" >file
			}
			close(file)
		}
	}'
}

# is_target_same_built_or_skip TARGET: true if this build has TARGET-same. If TARGET-same is missing, prints
# that a check is skipped.
is_target_same_built_or_skip() {
	[ -x "$abs_builddir/$1-same" ] || { skip "$1: this compiler counts no coverage for it" && false; }
}

# expect_same_outcomes TARGET NAME OPTION... DIRECTORY...: each input in the directories (at least one) must
# have the same outcome in all executions by TARGET.
expect_same_outcomes() {
	target=$1 name=$2
	shift 2
	if is_target_same_built_or_skip "$target"; then
		expect 0 "$target, $name" '^[1-9][0-9]* inputs, [1-9][0-9]* edges: the same outcome every time$' \
			compare_outcomes "$abs_builddir/$target-same" "$@"
	fi
}

# $scratch/broken has truncated programs, most of which are invalid.
mkdir "$scratch/broken"
for page in "$corpus"/rules/*.page; do
	head -c $(($(wc -c <"$page") * 7 / 9)) "$page" >"$scratch/broken/$(basename "$page")"
done

# Checks of two targets start a new process by exec() for each input of the corpus; the other checks only
# fork(), because the start of a sanitizer binary is slow.
for target in fuzz_api fuzz_explore fuzz_fatal fuzz_fault fuzz_page fuzz_race fuzz_text; do
	batch=100 backends='direct alias' broken=
	case $target in
	fuzz_explore) backends=direct batch=10 ;;
	fuzz_page | fuzz_race) batch=1 ;;
	fuzz_text) backends=direct broken=$scratch/broken ;;
	esac
	for backend in $backends; do
		export PAGE_MAP="$backend"
		expect_same_outcomes "$target" "corpus, $backend" --batch $batch "$corpus/rules" "$corpus/regress" \
			"$corpus/seed/$target" ${broken:+"$broken"}
		make_random_programs 150
		expect_same_outcomes "$target" "random programs, $backend" --batch 100 "$scratch/random"
	done
	unset PAGE_MAP
done
make_random_programs 300
expect_same_outcomes fuzz_race "corpus, every race" --all-races "$corpus/rules" "$corpus/seed/fuzz_race"
expect_same_outcomes fuzz_race "random programs, every race" --all-races --batch 100 "$scratch/random"
expect_same_outcomes fuzz_race "new fibers between inputs" --renew --all-races --batch 100 "$corpus/rules" "$scratch/random"
make_programs_with_crowded_granule 200
expect_same_outcomes fuzz_race "more accesses than are kept" --all-races --batch 50 "$scratch/crowded"

# ---- changes that keep state are detected ----

if is_target_same_built_or_skip fuzz_race; then
	expect 1 "a detector that is not emptied between inputs changes outcomes" 'page: .*races.* not as alone' \
		compare_outcomes "$abs_builddir/fuzz_race-same" --all-races --keep --batch 50 "$scratch/crowded"
	grep -q '^  replay: .*fuzz_race-same --all-races --keep .*/crowded/' "$scratch/err"
	ok $? "... with the command that shows it" "$scratch/err"
fi

# link_target_with_mutant TARGET FLAGS: compiles $scratch/mutant.c with FLAGS, and links TARGET with it in
# place of the original object.
link_target_with_mutant() {
	flavour=asan
	case $1 in fuzz_explore | fuzz_race) flavour=tsan ;; esac
	# shellcheck disable=SC2086,SC2046 # split into words
	$CC -D_GNU_SOURCE -std=gnu11 -g -O1 $2 -fsanitize=fuzzer-no-link -I"$abs_srcdir/src" \
		-c -o "$scratch/mutant.o" "$scratch/mutant.c" 2>"$scratch/err" &&
		$CC $(print_sanitizer_flags $flavour) $(print_hook_flags fuzz-$flavour) $(printf "$abs_builddir/obj/fuzz-$flavour/fuzz/%s.o " fuzz fuzz_commands \
			"$1" input api_call main_same) "$scratch/mutant.o" \
			"$abs_builddir/libharness-fuzz-$flavour.a" "$abs_builddir/libpage-fuzz-$flavour.a" -lpthread \
			-o "$scratch/$1-same" 2>"$scratch/err"
}

# expect_kept_state_found TARGET FLAGS FILE SED PART [WHAT]:
# with FILE of src changed by SED, TARGET must have outcomes that differ in PART, and the printed command must
# show the difference again. With WHAT, the difference is random, so the printed command is not run.
expect_kept_state_found() {
	is_target_same_built_or_skip "$1" || return
	sed "$4" "$abs_srcdir/src/$3" >"$scratch/mutant.c"
	! cmp -s "$abs_srcdir/src/$3" "$scratch/mutant.c" && link_target_with_mutant "$1" "$2"
	ok $? "$3: the change applies and builds" "$scratch/err"
	expect 1 "$1: $3 that ${6-keeps state} changes the $5" "page: .*$5.* not as alone" \
		compare_outcomes "$scratch/$1-same" "$scratch/rule's own"
	[ $# -eq 5 ] || return
	sed -n 's/^  replay: //p' "$scratch/err" >"$scratch/command"
	cd / && expect 1 "... and the command shows it again" '' sh "$scratch/command"
}

cp -r "$corpus/rules" "$scratch/rule's own"
expect_kept_state_found fuzz_page "$ASAN_FLAGS" page/page.c \
	's/^	if (gfp & __GFP_ZERO)/	static unsigned int n; if (++n % 5 == 0) __asm__ volatile("");\n&/' \
	coverage
expect_kept_state_found fuzz_page "$ASAN_FLAGS" page/page.c \
	's/memset(arena_address(page), PAGE_POISON, PAGE_SIZE)/{ static unsigned char n; memset(arena_address(page), n++, PAGE_SIZE); }/' \
	trace
if succeeds_or_skip "this system gives all processes the same addresses" test "$(cat /proc/sys/kernel/randomize_va_space 2>/dev/null)" != 0; then
	expect_kept_state_found fuzz_page "$ASAN_FLAGS" page/page.c \
		's/^	if (gfp & __GFP_ZERO)/	if ((uintptr_t)\&map_backend >> 12 \& 1) __asm__ volatile("");\n&/' \
		coverage 'uses addresses'
fi
expect_kept_state_found fuzz_race '-fno-builtin -DBYTES_NO_INTERCEPT' harness/model/rules.c \
	's/^	rules->verdict.broken = 0;//' verdict
expect_kept_state_found fuzz_explore '-fno-builtin -DBYTES_NO_INTERCEPT' harness/interleave/shared_addresses.c \
	's/^	addresses->search++;/	addresses->search = 1;/' trace
expect_kept_state_found fuzz_explore '-fno-builtin -DBYTES_NO_INTERCEPT' harness/interleave/undo_log.c \
	's/^		if (add_address(word))/		if (add_address(word) \&\& undo.execution % 5)/' coverage 'counts executions'
expect_kept_state_found fuzz_fault "$ASAN_FLAGS" harness/exec/exec_state.c 's/^	reset_fault_attributes();//' coverage

# ---- coverage under the engine ----

# print_coverage_counts_of_orders [VARIABLE=VALUE]: runs fuzz_race on corpus/rules in eight orders, and prints
# each number of covered edges once.
print_coverage_counts_of_orders() {
	for seed in 1 2 3 4 5 6 7 8; do
		env "$@" "$abs_builddir/fuzz_race" -runs=0 -seed=$seed "$scratch/rules" 2>&1 |
			sed -n 's/.*INITED cov: \([0-9]*\).*/\1/p'
	done | sort -u
}

if succeeds_or_skip "coverage under the engine: there is no fuzz_race (make fuzzers)" test -x "$abs_builddir/fuzz_race"; then
	"$pagetorture" convert --bytes -o "$scratch/rules" "$abs_srcdir/corpus/rules"
	[ "$(print_coverage_counts_of_orders | wc -l)" -gt 1 ]
	ok $? "fuzz_race: which access a full granule loses depends on the inputs before"
	print_coverage_counts_of_orders FUZZ_FRESH=1 >"$scratch/out"
	[ "$(wc -l <"$scratch/out")" -eq 1 ]
	ok $? "but not with FUZZ_FRESH, to compare coverage" "$scratch/out"
fi

# ---- usage ----

if is_target_same_built_or_skip fuzz_page; then
	mkdir "$scratch/empty"
	expect 1 "an empty directory is a failure" 'at least one' compare_outcomes "$abs_builddir/fuzz_page-same" "$scratch/empty"
	for arguments in '' '--frob x' '--batch 0 x' '--seed x'; do
		# shellcheck disable=SC2086 # split into words
		expect_error "usage: fuzz_page-same $arguments" expected compare_outcomes "$abs_builddir/fuzz_page-same" $arguments
	done
	expect 0 "fuzz_page-same --help" 'Exit status' compare_outcomes "$abs_builddir/fuzz_page-same" --help
fi

done_testing
