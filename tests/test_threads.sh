#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Real threads: no report about a program without a race, however its threads meet; the
# races of others are reported, and how often is counted. And when the executor orders
# threads too little or too much, it shows.
. "$(dirname "$0")/tap.sh"

rules=$abs_srcdir/corpus/rules

# Programs of corpus/rules without a data race, one a line.
"$pagetorture" check "$rules"/*.page | sed -n '/^  /d; /data-race/d; s/: [a-z -]*$//p' >"$scratch/free"

# The race is between the first call of one thread and the last of another.
cat >"$scratch/far.page" <<'END'
pagetorture 1
expect data-race
p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)
T0: write_raw(p0, 0, 8, 0x1)
T0: read_raw(p0, 64, 8)
T0: read_raw(p0, 64, 8)
T0: read_raw(p0, 64, 8)
T0: read_raw(p0, 64, 8)
T1: read_raw(p0, 64, 8)
T1: read_raw(p0, 64, 8)
T1: read_raw(p0, 64, 8)
T1: read_raw(p0, 64, 8)
T1: write_raw(p0, 0, 8, 0x2)
END

run_threads() {
	"$pagetorture" run --flavour tsan --executor threads "$@"
}

# reported_of_100 FILE OPTION...: the rate that is printed, 0 .. 100.
reported_of_100() {
	file=$1
	shift
	run_threads --repeat 100 "$@" "$file" 2>"$scratch/err" | tee "$scratch/out" |
		sed -n 's|.* data-race \([0-9]*\)/100 .*|\1|p'
}

# ---- no false alarm, and a rate ----

if has_flavour tsan; then
	for backend in direct alias; do
		# shellcheck disable=SC2046 # words
		run_to 0 run_threads --backend $backend --pin --delays 1 --repeat 4 $(cat "$scratch/free") &&
			grep -q "without a race: $(wc -l <"$scratch/free"), .* in 0 of [1-9]" "$scratch/out"
		ok $? "corpus/rules, $backend: no report without a race" "$scratch/err"
	done
	mkdir "$scratch/made"
	(cd "$scratch/made" && "$abs_builddir/make_programs" 300 77000 repaired)
	run_to 0 run_threads --delays 2 --repeat 3 "$scratch"/made/*.page &&
		grep -q 'without a race: 300, a race reported in 0 of 900 runs (0.00 %)' "$scratch/out"
	ok $? "300 random programs without a race: no report" "$scratch/err"
	for options in '' '--pin' '--delays 1' '--pin --delays 1'; do
		# shellcheck disable=SC2086 # words
		rate=$(reported_of_100 "$scratch/far.page" $options)
		[ "${rate:-0}" -ge 80 ] && grep -q "racy programs: 1, .* in $rate of 100 runs" "$scratch/out"
		ok $? "a race is reported in $rate of 100 runs, options '$options'" "$scratch/err"
	done
	run_threads --json --repeat 5 "$scratch/far.page" >"$scratch/out" &&
		grep -q '"fibers": "-", "threads": "data-race", "reported": [1-5], "runs": 5,' "$scratch/out"
	ok $? "--json has the rate" "$scratch/out"
else
	skip "threads under a detector: this build has no tsan flavour"
fi
"$pagetorture" run --flavour plain --executor fibers --json "$rules/both-read.page" >"$scratch/out" &&
	grep -q '"fibers": "clean", "threads": "-", "reported": 0, "runs": 0,' "$scratch/out"
ok $? "--executor fibers leaves threads out" "$scratch/out"
run_to 0 "$pagetorture" run --flavour plain --executor threads "$rules/free-twice.page" &&
	grep -q 'plain, threads' "$scratch/out"
ok $? "--executor threads leaves fibers out" "$scratch/out"

# ---- an executor that is wrong ----

# mutant FILE SED OPTION... PROGRAM: runs the program, 100 times, on threads of an executor
# with one file changed. Return: false if there is none.
mutant() {
	sed "$2" "$abs_srcdir/src/harness/exec/$1" >"$scratch/mutant.c"
	if cmp -s "$abs_srcdir/src/harness/exec/$1" "$scratch/mutant.c"; then
		echo "$1: the mutation does not apply any more" >"$scratch/err"
		return 1
	fi
	shift 2
	# shellcheck disable=SC2046 # words
	$CC -D_GNU_SOURCE -std=gnu11 -g -O1 -fno-builtin -DBYTES_NO_INTERCEPT -I"$abs_srcdir/src" -c \
		-o "$scratch/mutant.o" "$scratch/mutant.c" 2>"$scratch/err" &&
		$CC $(flags_of tsan) "$(main_of tsan)" "$scratch/mutant.o" \
			"$abs_builddir/libpagetorture-tsan.a" "$abs_builddir/libharness-tsan.a" "$abs_builddir/libpage-tsan.a" -lpthread \
			-o "$scratch/pagetorture-tsan" 2>"$scratch/err" || return 1
	status=0
	"$scratch/pagetorture-tsan" run --executor threads --repeat 100 "$@" >"$scratch/out" \
		2>"$scratch/err" || status=$?
}

if has_flavour tsan; then
	mutant exec_thread.c 's/^	wait_semaphore(&run->forks\[thread\]);//' "$rules/main-forks.page" &&
		[ $status -eq 1 ] && grep -q 'the model knows no race' "$scratch/err" &&
		grep -q 'replay: .*--repeat 100 .*--executor threads .*main-forks' "$scratch/err"
	ok $? "a thread that waits not for main is a false alarm, with a command" "$scratch/err"
	mutant delay.c 's/^void delay_wait.*/#include <pthread.h>\n&/; s/^	switch (delay.kind) {/	static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;\n	pthread_mutex_lock(\&m);\n	pthread_mutex_unlock(\&m);\n&/' \
		--delays 1 "$scratch/far.page" && [ $status -eq 0 ] &&
		[ "$(sed -n 's|.* data-race \([0-9]*\)/100 .*|\1|p; s|.* clean \([0-9]*\)/100 .*|\1|p' "$scratch/out")" -lt 60 ]
	ok $? "delays that order threads hide a race" "$scratch/out"
	mutant delay.c 's/^	case DELAY_SLEEP:/&\n		__builtin_trap();/' --delays 1 "$scratch/far.page" &&
		[ $status -eq 1 ] && grep -q 'on threads, about line [0-9]*: died of signal' "$scratch/err" &&
		grep -q 'replay: .* --delays 1 ' "$scratch/err"
	ok $? "--delays delays calls" "$scratch/err"
	mutant delay.c 's/^	case DELAY_SLEEP:/&\n		__builtin_trap();/' "$scratch/far.page" &&
		[ $status -eq 0 ]
	ok $? "and nothing else does" "$scratch/err"
	if [ "$(nproc)" -gt 1 ]; then
		mutant pin.c 's/!sched_setaffinity(0, sizeof(one), &one)/true/' --pin "$scratch/far.page" &&
			[ $status -eq 1 ] && grep -q 'expected a CPU for thread' "$scratch/err"
		ok $? "a thread that is not where --pin wants it is noticed" "$scratch/err"
	else
		skip "one CPU: nothing to pin apart"
	fi
else
	skip "an executor that is wrong: this build has no tsan flavour"
fi

done_testing
