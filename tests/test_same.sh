#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The determinism check: the outcome of an input, with its coverage, depends neither on the
# inputs before it nor on the process. And the check fails when the library, the model or the
# detector keeps state between inputs.
. "$(dirname "$0")/tap.sh"

corpus=$abs_srcdir/corpus

# made COUNT SEED: that many random programs in $scratch/made.
made() {
	rm -rf "$scratch/made"
	mkdir "$scratch/made"
	(cd "$scratch/made" && "$abs_builddir/make_programs" "$1" "$2")
}

# Texts that are none: each program cut somewhere.
broken_texts() {
	mkdir "$scratch/broken"
	for page in "$corpus"/rules/*.page; do
		size=$(wc -c <"$page")
		head -c $((size * 7 / 9)) "$page" >"$scratch/broken/$(basename "$page")"
	done
}

# crowds COUNT SEED: racy programs with more accesses to 8 bytes than the detector keeps.
crowds() {
	mkdir "$scratch/crowds"
	awk -v count="$1" -v seed="$2" -v directory="$scratch/crowds" 'BEGIN {
		srand(seed)
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

# has TARGET
has() {
	[ -x "$abs_builddir/$1-same" ]
}

# same TARGET WHAT OPTION... DIRECTORY...: are all outcomes the same, and is there any?
same() {
	target=$1 what=$2
	shift 2
	if ! has "$target"; then
		skip "$target: this compiler counts no coverage for it"
		return
	fi
	run_to 0 "$abs_builddir/$target-same" "$@" &&
		grep -q '^[1-9][0-9]* inputs, [1-9][0-9]* edges: the same outcome every time$' \
			"$scratch/out"
	ok $? "$target, $what: $(cat "$scratch/out")" "$scratch/err"
}

# Two targets start a process for each input of the corpus. All else forks one for each input:
# starting sanitizer binaries costs most of the time.
seed=0
for target in fuzz_api fuzz_fatal fuzz_fault fuzz_page fuzz_race fuzz_text; do
	set -- "$corpus/rules" "$corpus/regress" "$corpus/seed/$target"
	if [ "$target" = fuzz_text ]; then
		broken_texts
		set -- "$@" "$scratch/broken"
	fi
	for backend in direct alias; do
		[ "$target:$backend" = fuzz_text:alias ] && continue
		PAGE_MAP=$backend
		export PAGE_MAP
		case $target in
		fuzz_page | fuzz_race) same "$target" "corpus, $backend" "$@" ;;
		*) same "$target" "corpus, $backend" --batch 100 "$@" ;;
		esac
		made 400 $((seed += 100000))
		same "$target" "random programs, $backend" --batch 100 "$scratch/made"
	done
	unset PAGE_MAP
done
made 1000 $((seed += 100000))
same fuzz_race "corpus, every race" --all-races "$corpus/rules" "$corpus/seed/fuzz_race"
same fuzz_race "random programs, every race" --all-races --batch 100 "$scratch/made"
crowds 200 7
same fuzz_race "more accesses than are kept" --all-races --batch 50 "$scratch/crowds"

# ---- it sees what remembers ----

if has fuzz_race; then
	run_to 1 "$abs_builddir/fuzz_race-same" --all-races --keep --batch 50 "$scratch/crowds" &&
		grep -q 'page: .*races.* not as alone' "$scratch/err" &&
		grep -q '^  replay: .*fuzz_race-same --all-races --keep .*/crowds/' "$scratch/err"
	ok $? "a detector that is not emptied between inputs changes outcomes" "$scratch/err"
else
	skip "fuzz_race: this compiler counts no coverage for it"
fi

# build_mutant TARGET FLAGS: the target with $scratch/mutant.c, compiled with FLAGS, in place
# of the file of that name.
build_mutant() {
	parts="fuzz fuzz_commands $1 input api_call main_same same_serve"
	flavour=asan
	[ "$1" = fuzz_race ] && flavour=tsan
	# shellcheck disable=SC2086,SC2046 # words
	$CC -D_GNU_SOURCE -std=gnu11 -g -O1 $2 -fsanitize=fuzzer-no-link -I"$abs_srcdir/src" \
		-c -o "$scratch/mutant.o" "$scratch/mutant.c" 2>"$scratch/err" &&
		$CC $(flags_of $flavour) $(printf "$abs_builddir/obj/fuzz-$flavour/fuzz/%s.o " $parts) \
			"$scratch/mutant.o" "$abs_builddir/libharness-fuzz-$flavour.a" \
			"$abs_builddir/libpage-fuzz-$flavour.a" -lpthread \
			-o "$scratch/$1-same" 2>"$scratch/err"
}

# mutant TARGET FLAGS FILE SED WHAT: the target with one file of src changed; its outcomes
# must differ in WHAT, and the command that is printed must show it again, if there is one:
# what only chance changes has none.
mutant() {
	target=$1 flags=$2 file=$3 what=$5
	if ! has "$target"; then
		skip "$target: this compiler counts no coverage for it"
		return
	fi
	sed "$4" "$abs_srcdir/src/$file" >"$scratch/mutant.c"
	if cmp -s "$abs_srcdir/src/$file" "$scratch/mutant.c"; then
		ok 1 "$file: the mutation does not apply any more"
		return
	fi
	if ! build_mutant "$target" "$flags"; then
		ok 1 "$file: does not build" "$scratch/err"
		return
	fi
	run_to 1 "$scratch/$target-same" "$scratch/rule's own" &&
		grep -q "page: .*$what.* not as alone" "$scratch/err" &&
		again=$(sed -n 's/^  replay: //p' "$scratch/err") &&
		{ [ $# -gt 5 ] || (cd / && run_to 1 sh -c "$again"); }
	ok $? "$target: $file that ${6-remembers} changes the $what" "$scratch/err"
}

cp -r "$corpus/rules" "$scratch/rule's own"
mutant fuzz_page "$ASAN_FLAGS" page/page.c \
	's/^	if (gfp & __GFP_ZERO)/	static unsigned int n; if (++n % 5 == 0) __asm__ volatile("");\n&/' \
	coverage
mutant fuzz_page "$ASAN_FLAGS" page/page.c \
	's/memset(arena_address(page), PAGE_POISON, PAGE_SIZE)/{ static unsigned char n; memset(arena_address(page), n++, PAGE_SIZE); }/' \
	trace
if [ "$(cat /proc/sys/kernel/randomize_va_space 2>/dev/null)" != 0 ]; then
	mutant fuzz_page "$ASAN_FLAGS" page/page.c \
		's/^	if (gfp & __GFP_ZERO)/	if ((uintptr_t)\&map_backend >> 12 \& 1) __asm__ volatile("");\n&/' \
		coverage 'looks at addresses'
else
	skip "this system gives all processes the same addresses"
fi
mutant fuzz_race '-fno-builtin -DBYTES_NO_INTERCEPT' harness/model/rules.c \
	's/^	r->verdict.broken = 0;//' verdict
mutant fuzz_fault "$ASAN_FLAGS" harness/exec/exec_state.c 's/^	forget_failures();//' coverage

# ---- coverage under the engine ----

# coverages [VARIABLE=VALUE]: of the rule table in eight orders
coverages() {
	for seed in 1 2 3 4 5 6 7 8; do
		env "$@" "$abs_builddir/fuzz_race" -runs=0 -seed=$seed "$scratch/rules" 2>&1 |
			sed -n 's/.*INITED cov: \([0-9]*\).*/\1/p'
	done | sort -u
}

if [ -x "$abs_builddir/fuzz_race" ]; then
	run_to 0 "$pagetorture" convert --bytes -o "$scratch/rules" "$abs_srcdir/corpus/rules"
	[ "$(coverages | wc -l)" -gt 1 ]
	ok $? "fuzz_race: what a granule throws out hangs on the inputs before"
	coverages FUZZ_FRESH=1 >"$scratch/out"
	[ "$(wc -l <"$scratch/out")" -eq 1 ]
	ok $? "but not with FUZZ_FRESH, for who compares coverage" "$scratch/out"
else
	skip "coverage under the engine: there is no fuzz_race (make fuzzers)"
fi

# ---- what cannot be asked ----

if has fuzz_page; then
	mkdir "$scratch/empty"
	run_to 1 "$abs_builddir/fuzz_page-same" "$scratch/empty" && grep -q 'at least one' "$scratch/err"
	ok $? "an empty directory is a failure" "$scratch/err"
	for arguments in '' '--frob x' '--batch 0 x' '--seed x'; do
		# shellcheck disable=SC2086 # words
		run_to 2 "$abs_builddir/fuzz_page-same" $arguments && [ "$(wc -l <"$scratch/err")" -eq 1 ]
		ok $? "usage: fuzz_page-same $arguments" "$scratch/err"
	done
	run_to 0 "$abs_builddir/fuzz_page-same" --help && grep -q 'Exit status' "$scratch/out"
	ok $? "fuzz_page-same --help" "$scratch/out"
else
	skip "usage: there is no fuzz_page-same"
fi

done_testing
