#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# On real threads, ThreadSanitizer reports nothing about a program without a race, with any delays. `run`
# counts the executions in which ThreadSanitizer reports a race. `run` fails if the executor orders threads
# too little or too much.
. "$(dirname "$0")/tap.sh"

rules=$abs_srcdir/corpus/rules

# The file free lists the programs of corpus/rules that have no data race.
"$pagetorture" check "$rules"/*.page | sed -n '/^  /d; /data-race/d; s/: [a-z -]*$//p' >"$scratch/free"

# far.page has a race between the first call of a thread and the last call of another thread.
{
	printf 'pagetorture 1\nexpect data-race\np0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n'
	echo "T0: write_raw(p0, 0, 8, 0x1)"
	for thread in 0 0 0 0 1 1 1 1; do
		echo "T$thread: read_raw(p0, 64, 8)"
	done
	echo "T1: write_raw(p0, 0, 8, 0x2)"
} >"$scratch/far.page"

expect 0 "--executor fibers leaves threads out" '"fibers": "clean", "threads": "-", "reported": 0, "runs": 0,' \
	"$pagetorture" run --flavour plain --executor fibers --json "$rules/both-read.page"
expect 0 "--executor threads leaves fibers out" 'plain, threads' \
	"$pagetorture" run --flavour plain --executor threads "$rules/free-twice.page"
has_flavour tsan || skip_rest "threads under a detector: this build has no tsan flavour"

# ---- no false alarm, and the rate of reported races ----

for backend in direct alias; do
	# shellcheck disable=SC2046 # split into words
	expect 0 "corpus/rules, $backend: no report without a race" \
		"without a race: $(wc -l <"$scratch/free"), .* in 0 of [1-9]" \
		"$pagetorture" run --flavour tsan --executor threads --backend $backend --pin --delays 1 --repeat 4 $(cat "$scratch/free")
done
mkdir "$scratch/made"
(cd "$scratch/made" && "$abs_builddir/make_programs" 300 77000 repaired)
expect 0 "300 random programs without a race: no report" \
	'without a race: 300, a race reported in 0 of 900 runs (0.00 %)' \
	"$pagetorture" run --flavour tsan --executor threads --delays 2 --repeat 3 "$scratch"/made/*.page
for options in '' '--pin' '--delays 1' '--pin --delays 1'; do
	# shellcheck disable=SC2086 # split into words
	"$pagetorture" run --flavour tsan --executor threads --repeat 100 $options "$scratch/far.page" >"$scratch/out" 2>"$scratch/err"
	rate=$(sed -n 's|.* data-race \([0-9]*\)/100 .*|\1|p' "$scratch/out")
	[ "${rate:-0}" -ge 80 ] && grep -q "racy programs: 1, .* in $rate of 100 runs" "$scratch/out"
	ok $? "a race is reported in $rate of 100 runs, options '$options'" "$scratch/err"
done
"$pagetorture" run --flavour tsan --executor threads --json --repeat 5 "$scratch/far.page" >"$scratch/out" &&
	grep -q '"fibers": "-", "threads": "data-race", "reported": [1-5], "runs": 5,' "$scratch/out"
ok $? "--json has the rate" "$scratch/out"

# ---- wrong executors ----

# expect_result_of_changed_executor STATUS NAME PATTERN FILE SED OPTION... PROGRAM: after SED has changed FILE
# of the executor, `run --repeat 100` of PROGRAM on threads must end with STATUS and print PATTERN.
expect_result_of_changed_executor() {
	wanted=$1 what=$2 printed=$3 file=$abs_srcdir/src/harness/exec/$4
	sed "$5" "$file" >"$scratch/mutant.c"
	shift 5
	# shellcheck disable=SC2046 # split into words
	! cmp -s "$file" "$scratch/mutant.c" &&
		$CC -D_GNU_SOURCE -std=gnu11 -g -O1 -fno-builtin -DBYTES_NO_INTERCEPT -I"$abs_srcdir/src" -c \
			-o "$scratch/mutant.o" "$scratch/mutant.c" 2>"$scratch/err" &&
		$CC $(print_sanitizer_flags tsan) "$abs_builddir/obj/tsan/src/tool/main.o" "$scratch/mutant.o" "$abs_builddir/libpagetorture-tsan.a" \
			"$abs_builddir/libharness-tsan.a" "$abs_builddir/libpage-tsan.a" -lpthread \
			-o "$scratch/pagetorture-tsan" 2>"$scratch/err"
	ok $? "$(basename "$file"): the change applies and builds" "$scratch/err"
	expect "$wanted" "$what" "$printed" "$scratch/pagetorture-tsan" run --executor threads --repeat 100 "$@"
}

expect_result_of_changed_executor 1 "a thread that does not wait for main is a false alarm" 'the model knows no race' \
	exec_thread.c 's/^	wait_for_semaphore(&run->forks\[thread\]);//' "$rules/main-forks.page"
grep -q 'replay: .*--repeat 100 .*--executor threads .*main-forks' "$scratch/err"
ok $? "... with a command" "$scratch/err"
expect_result_of_changed_executor 0 "delays that order threads" '' delay.c 's/^void delay_wait.*/#include <pthread.h>\n&/
	s/^	switch (delay.kind) {/	static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;\n	pthread_mutex_lock(\&m);\n	pthread_mutex_unlock(\&m);\n&/' \
	--delays 1 "$scratch/far.page"
[ "$(sed -n 's|.* data-race \([0-9]*\)/100 .*|\1|p; s|.* clean \([0-9]*\)/100 .*|\1|p' "$scratch/out")" -lt 60 ]
ok $? "... hide a race" "$scratch/out"
trap='s/^	case DELAY_SLEEP:/&\n		__builtin_trap();/'
expect_result_of_changed_executor 1 "--delays delays calls" 'on threads, about line [0-9]*: died of signal' delay.c "$trap" --delays 1 "$scratch/far.page"
grep -q 'replay: .* --delays 1 ' "$scratch/err"
ok $? "... and is in the command" "$scratch/err"
expect_result_of_changed_executor 0 "and nothing else does" '' delay.c "$trap" "$scratch/far.page"
if succeeds_or_skip "one CPU: threads cannot be bound to different ones" test "$(nproc)" -gt 1; then
	expect_result_of_changed_executor 1 "a thread on another CPU than that of --pin is noticed" 'expected a CPU for thread' \
		../util/cpus.c 's/!sched_setaffinity(0, sizeof(one), &one)/true/' --pin "$scratch/far.page"
fi

done_testing
