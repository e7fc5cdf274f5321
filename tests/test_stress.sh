#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The stress tests find nothing in a sound library, and find each bug planted in
# them, for the right reason. A TAP script.
#
# STRESS_RUNS says how often each planted bug is to be caught (default: 1).
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/report_state.sh
. "$(dirname "$0")/report_state.sh"

: "${FLAVOURS:=plain asan tsan}" "${STRESS_RUNS:=1}"
out=$scratch/out err=$scratch/err table=$scratch/table box=$scratch/box
mkdir "$box"
stress_srcdir=$abs_srcdir/stress

# result OK DESCRIPTION: OK is 0 for yes. What the program printed explains a failure.
result() {
	{
		echo "exit status $status of: $command"
		sed 's/^/stdout: /' "$out"
		sed 's/^/stderr: /' "$err"
	} >"$scratch/printed"
	ok "$1" "$2" "$scratch/printed"
}

# run PROGRAM ARGUMENT...: into $out, $err, $status. No test takes a minute.
run() {
	command="$*"
	timeout 60 "$@" >"$out" 2>"$err"
	status=$?
}

last_line_is() {
	[ "$(tail -n 1 "$out")" = "End of test: $1" ]
}

succeeded() {
	[ "$status" -eq 0 ] && last_line_is SUCCESS && ! grep -q '!!!' "$out" && [ ! -s "$err" ]
}

# caught REASON: the test failed, said why, and how to see it again.
caught() {
	[ "$status" -eq 1 ] && last_line_is FAILURE && grep -q "!!! .*$1" "$out" &&
		grep -q "run again: .* --seed=0x2a .*--busted=" "$out"
}

# seen REASON: as caught, also by a crash that leaves the state. Sanitizers may be
# earlier, and then it is they who say why.
seen() {
	case $status in 1 | 66 | 13[4-9] | 77) ;; *) return 1 ;; esac
	last_line_is FAILURE || return 1
	grep -q "run again: .*--busted=" "$out" || return 1
	grep -qE "!!! .*$1|^BUG: page: $1" "$out" "$err" ||
		{ [ "$flavour" != plain ] &&
			grep -qE "!!! .*(ended by a sanitizer|reported a race|killed by signal)" "$out"; }
}

# expect_success DESCRIPTION PROGRAM ARGUMENT...
expect_success() {
	what=$1
	shift
	run "$@"
	succeeded
	result $? "$what"
}

# expect_caught REASON PROGRAM BUG
expect_caught() {
	run "$2" -n 2000 --seed=42 "--busted=$3"
	caught "$1"
	result $? "$name --busted=$3 is caught: $1"
}

# In time mode with statistics: a line for each second and one at the end.
test_time() {
	run "$program" -s 1
	succeeded && [ "$(grep -c ' Total: [1-9].* Max/Min: ' "$out")" -ge 2 ]
	result $? "$name runs for a second and prints statistics"
}

# The first line has all parameters, so that it can be compared.
test_first_line() {
	run "$program" -t 3 -n 100 --seed=0x2a
	first=$(head -n 1 "$out")
	run "$program" -t 3 -n 100 --seed=42
	[ "$first" = "$(head -n 1 "$out")" ] && [ "$first" = "$1--- Start of test: threads=3 \
ops=100 seconds=0 seed=0x2a stat_interval=0 busted=0 tsan=$tsan backend=direct copy=libc pin=0 \
delays=0 stutter=0 fail_alloc=0 fail_copy=0 memory=0 forks=0 bare=0" ]
	result $? "$name says its parameters in the first line, the same for the same seed"
}

# What both programs have in common.
test_sound() {
	expect_success "$name finds nothing" "$program" -n 5000
	expect_success "$name finds nothing with more threads than cores" "$program" -t 32 -n 500
	test_time
	test_first_line "$1"
}

test_disjoint() {
	test_sound stress_disjoint
	expect_success "$name runs with one thread" "$program" -t 1 -n 1000
	expect_caught "foreign byte: page+0x" "$program" range
	expect_caught "foreign byte: page+0x" "$program" rmw
	[ "$tsan" -eq 1 ] || return
	expect_caught "ThreadSanitizer reported a race on the page" "$program" range
	expect_caught "ThreadSanitizer reported a race on the page" "$program" rmw
	expect_caught "ThreadSanitizer reported a race on the page" "$program" peek
}

test_overlap() {
	test_sound stress_overlap
	expect_caught "byte out of thin air: page+0x" "$program" thin-air
	[ "$tsan" -eq 1 ] || return
	run "$program" -t 2 -n 2000
	succeeded && grep -q 'the expected race was reported [1-9]' "$out"
	result $? "$name: ThreadSanitizer reports the race of one writer and one reader"
	expect_caught "expected a race of .*, ThreadSanitizer reported none" "$program" locked
	expect_caught "expected a race of .*, ThreadSanitizer reported none" "$program" locked-calls
	expect_caught "a race elsewhere than on the page" "$program" outside
}

# PROGRAM BUG REASON: every pattern, every bug, and what gives it away.
bugs() {
	cat <<-'END'
	stress_split   range       foreign byte: page
	stress_split   goes-on     foreign byte: page
	stress_reader  range       (foreign byte: page|page_copy_from_user_slice)
	stress_reader  moves       foreign byte: page
	stress_edge    range       foreign byte: page
	stress_edge    word        foreign byte: page
	stress_tail    range       foreign byte: page
	stress_tail    nothing     foreign byte: page
	stress_slot    no-lock     (page of a slot|killed|use-after-free)
	stress_slot    both-win    pages freed or in a slot
	stress_user    no-get      (page of the mailbox|killed|use-after-free)
	stress_user    thin-air    byte out of thin air
	stress_nested  range       a step
	stress_nested  order       (killed|unmap-order)
	stress_sparse  early       (value of thread|killed|use-after-free)
	stress_sparse  no-lock     (value of thread|pages|killed|use-after-free)
	stress_twin    range       (first|second) page
	stress_twin    whole       (first|second) page
	stress_table   two-owners  (child|killed|use-after-free)
	stress_table   keeps       (child|killed|use-after-free)
	stress_borrow  range       buffer
	stress_borrow  freed       (killed|borrowed-free)
	stress_churn   double      (page|killed|use-after-free)
	stress_churn   keeps       (page|killed|use-after-free)
	stress_churn   opens       open descriptors
	stress_map     foreign     page [0-9]
	stress_map     leak        (killed|map-overflow)
	END
}

# expect_seen BUG REASON: within 10 seconds, in every run; mostly in far less.
expect_seen() {
	good=0
	nth=0
	while [ $nth -lt "$STRESS_RUNS" ] && [ $good -eq 0 ]; do
		nth=$((nth + 1))
		run "$program" -s 10 --stat-interval=0 --seed=$nth "--busted=$1"
		seen "$2"
		good=$?
	done
	result $good "$name --busted=$1 is caught: $2"
}

test_pattern() {
	for backend in direct alias; do
		if [ $backend = alias ] && [ "$has_alias" = no ]; then
			skip "$name: the page library has no backend alias"
			continue
		fi
		expect_success "$name finds nothing, $backend" "$program" -n 300 --delays \
			"--backend=$backend"
	done
	# shellcheck disable=SC2086 # options
	expect_success "$name finds nothing with more threads than cores, under pressure" \
		"$program" -t 40 -n 100 $pressure --forks=1 --pin --stutter=20
	bugs >"$table"
	while read -r pattern bug reason <&3; do
		[ "$pattern" != "$pattern_name" ] || expect_seen "$bug" "$reason"
	done 3<"$table"
}

# ---- what the core does, on one program ----

test_copies() {
	for way in wide movsb; do
		expect_success "stress_split --copy=$way finds nothing" \
			"$abs_builddir/stress_split" -n 2000 --copy=$way
	done
	run "$abs_builddir/stress_edge" -s 5 --copy=rounded --stat-interval=0 -t 8
	[ "$status" -eq 1 ] && grep -q '!!! foreign byte' "$out"
	result $? "a copy that rounds to words is caught: the library copies by --copy"
	expect_success "stress_split --bare: the same without the library" \
		"$abs_builddir/stress_split" -n 2000 --bare
}

# refused AT_LEAST: the last statistics count that much.
refused() {
	[ "$(sed -n 's/.* Refused: \([0-9]*\) .*/\1/p' "$out" | tail -n 1)" -ge "$1" ]
}

test_pressure() {
	if [ -z "$pressure" ]; then
		skip "pressure: the page library makes no calls fail"
		return
	fi
	run "$abs_builddir/stress_churn" -n 1000 --fail-alloc=50
	succeeded && refused 500
	result $? "allocations are made to fail"
	run "$abs_builddir/stress_reader" -n 1000 --fail-copy=50
	succeeded && refused 500
	result $? "copies of user memory are made to fail"
	run "$abs_builddir/stress_churn" -n 1000
	succeeded && refused 0 && ! refused 1
	result $? "without pressure nothing is refused"
	expect_success "a limit of memory is survived" "$abs_builddir/stress_churn" -n 2000 --memory=1
}

test_report() {
	run "$abs_builddir/stress_split" --busted=range -s 10 --seed=42 --stat-interval=0
	grep -q 'owners: byte POS' "$out" && [ "$(grep -c 'last operations of thread' "$out")" -ge 4 ]
	result $? "a failure says whose the bytes are, and what every thread did last"
	sed -n '/^pagetorture 1$/,/^# end of the page program$/p' "$out" >"$table"
	[ -s "$table" ] && "$abs_builddir/pagetorture" check - <"$table" >"$err" 2>&1
	[ $? -lt 2 ] && grep -q 'T[0-9]: write_raw' "$table"
	result $? "and a page program that can be read"
}

# processes_left GROUP: how many processes of it live on. Zombies are another's to bury.
processes_left() {
	pgrep -c -r D,R,S,T -g "$1"
}

# stopped SIGNAL: by $program in a group of its own.
stopped() {
	setsid "$abs_builddir/stress_churn" -s 60 --forks=2 >"$out" 2>"$err" &
	command="kill -$1 stress_churn" pid=$!
	sleep 1
	kill "-$1" $pid
	wait $pid
	status=$?
	sleep 1
}

test_signals() {
	for signal in TERM INT; do
		stopped $signal
		[ "$status" -eq 0 ] && last_line_is SUCCESS && grep -q 'stopped by signal' "$out" &&
			grep -q 'Total: [1-9]' "$out" && [ "$(processes_left $pid)" -eq 0 ]
		result $? "SIG$signal ends with a summary, no process is left"
	done
	stopped KILL
	[ "$status" -eq 137 ] && [ "$(processes_left $pid)" -eq 0 ]
	result $? "SIGKILL leaves no process"
}

# ---- those who run them ----

test_runs() {
	cp "$abs_builddir/stress_split" "$abs_builddir/stress_slot" "$box" || return
	(cd "$box" && PROGRAMS="stress_split stress_slot" FLAVOURS="plain asan" BACKENDS=direct \
		SECONDS_EACH=1 sh "$stress_srcdir/run.sh") >"$out" 2>"$err"
	status=$? command=run.sh
	[ $status -eq 0 ] && [ "$(grep -c '^ok ' "$out")" -eq 2 ] &&
		[ "$(grep -c '^skipped ' "$out")" -eq 2 ]
	result $? "make stress: a table, what is not built is skipped by name"
	report_says partly stress "$box/results/stress.json"
	result $? "make stress: make report reads that as run in part"
	(cd "$box" && PROGRAMS="stress_split stress_slot" FLAVOURS=plain BACKENDS=direct \
		SECONDS_EACH=1 STRESS_FLAGS=--busted sh "$stress_srcdir/run.sh") >"$out" 2>"$err"
	status=$?
	[ $status -eq 1 ] && [ "$(grep -c '^FAILED ' "$out")" -eq 2 ] && grep -q 'run again' "$out"
	result $? "make stress: a failure is one, with the command that shows it again"
	report_says failed stress "$box/results/stress.json"
	result $? "make stress: make report reads it as failed"
	(cd "$box" && PROGRAMS=stress_none FLAVOURS=plain sh "$stress_srcdir/run.sh") >"$out" 2>"$err"
	status=$?
	[ $status -eq 2 ] && [ ! -e "$box/results/stress.json" ]
	result $? "make stress: nothing to run leaves no results of an earlier run"
}

# long TIME
long() {
	(cd "$box" && PROGRAMS="${2-stress_split stress_slot}" TIME=$1 TURN=1 \
		sh "$stress_srcdir/long.sh") >"$out" 2>"$err"
	status=$? command="long.sh $1"
}

# long_left STATUS PATTERN NAME: results for make report, which python3 writes
long_left() {
	if command -v python3 >/dev/null; then
		grep -q "\"what\":\"stress-long\".*\"status\":\"$1\".*$2" "$box/results/stress-long.json"
		result $? "$3"
		report_says "$1" stress-long "$box/results/stress-long.json"
		result $? "$3, as make report reads them: $1"
	else
		skip "$3: no python3"
	fi
}

test_long() {
	long 3s
	first=$(cat "$box/stress-long/next")
	[ $status -eq 0 ] && [ "$first" -ge 1 ] && grep -q 'runs, .* 0 failed' "$out"
	result $? "make stress-long: a line a run, and a summary"
	long_left good '"failed":0}' "make stress-long leaves what make report reads"
	long 2s
	[ $status -eq 0 ] && [ "$(cat "$box/stress-long/next")" -gt "$first" ] &&
		[ "$(cut -d' ' -f1 "$box/stress-long/log" | sort -n | uniq -d | wc -l)" -eq 0 ]
	result $? "make stress-long goes on where it was"
	before=$(cat "$box/stress-long/next")
	(cd "$box" && PROGRAMS=stress_slot TIME=60s TURN=30 exec setsid sh "$stress_srcdir/long.sh") \
		>"$out" 2>"$err" &
	command="kill -TERM long.sh" pid=$!
	sleep 2
	kill -TERM $pid
	wait $pid
	status=$?
	[ $status -eq 0 ] && grep -q 'runs, .* 0 failed' "$out" && [ "$(processes_left $pid)" -eq 0 ] &&
		[ "$(cat "$box/stress-long/next")" -eq "$before" ]
	result $? "make stress-long: SIGTERM ends with a summary, the run begins again next time"
	long_left stopped '"failures":\[\]' "... and says in its results that it was stopped"
	printf '#!/bin/sh\nexec ./stress_split --busted=range "$@"\n' >"$box/stress_bad"
	chmod +x "$box/stress_bad"
	long 2s stress_bad
	[ $status -eq 1 ] && grep -q '!!! foreign byte' "$box"/stress-long/failures/*.log &&
		grep -q 'seed=' "$box"/stress-long/failures/*.log &&
		ls "$box"/stress-long/failures/*.page >/dev/null
	result $? "make stress-long keeps a failure, its seed and a page program"
	long_left failed '"failures":\[{"run":[0-9]*,"status":1,"command":"./stress_bad ' "... and its command in the results"
	long 5x
	[ $status -eq 2 ] && [ "$(wc -l <"$err")" -eq 1 ] && grep -q expected "$err"
	result $? "make stress-long TIME=5x: a usage error"
}

test_core() {
	test_copies
	test_pressure
	test_report
	test_signals
	test_runs
	test_long
}

# expect_usage_error PROGRAM ARGUMENT...: status 2, one line that says what was expected.
expect_usage_error() {
	run "$@"
	[ "$status" -eq 2 ] && [ ! -s "$out" ] && [ "$(wc -l <"$err")" -eq 1 ] &&
		grep -q expected "$err"
	good=$?
	shift
	result "$good" "$name $*: a usage error"
}

test_usage() {
	run "$program" --help
	[ "$status" -eq 0 ] && grep -q '^Usage: ' "$out" && grep -q '^Examples:' "$out"
	result $? "$name --help"
	for bad in "-t 0" "-t 257" "-t x" "-t" "-n -1" "-n 0" "-s 1x" "--seed=0xg" "--seed=0x" \
		"--seed=18446744073709551616" "--stat-interval=" "--busted=nothing" "--nothing" \
		"-q" "word" "-t 1 --busted" "--backend=nothing" "--copy=nothing" "--fail-alloc=101" \
		"--memory=0" "--forks=17" "--stutter=0" "--bare" "$1"; do
		# Each word of it is an argument.
		# shellcheck disable=SC2086
		expect_usage_error "$program" $bad
	done
}

# flavour FLAVOUR PATTERN BAD_ARGUMENTS
flavour() {
	name=$2
	tsan=0
	case $1 in
	plain) ;;
	tsan*) name=$2-$1 tsan=1 ;;
	*) name=$2-$1 ;;
	esac
	program=$abs_builddir/$name
	pattern_name=$2
	if [ ! -x "$program" ]; then
		skip "$name: the flavour $1 is not built"
		return
	fi
	run "$program" --help
	if [ "$status" -eq 69 ]; then
		skip "$name: $(sed 's/.*: skipped: //' "$err")"
		return
	fi
	case $2 in
	stress_disjoint | stress_overlap)
		"test_${2#stress_}"
		[ "$1" != plain ] || test_usage "$3"
		;;
	*) test_pattern ;;
	esac
}

# Each program says its planted bugs; each of them is in the table above.
test_table() {
	for pattern in $patterns; do
		run "$abs_builddir/$pattern" --help
		cp "$out" "$table"
		# Without the calls it needs it says nothing of its bugs.
		[ "$status" -ne 69 ] || bugs | awk -v p="$pattern" '$1 == p { print $2 }' |
			sed 's/^/  /; s/$/ /; 1s/^/Bugs\n/' >"$table"
		<"$table" sed -n '/^Bugs/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p' |
			sed "s/^/$pattern /"
	done | sort >"$box/actual"
	bugs | awk '{ print $1, $2 }' | sort | diff "$box/actual" - >"$err"
	status=$? command="diff of --help and the table"
	result $status "every bug of --help is planted here"
}

patterns=$(bugs | cut -d' ' -f1 | sort -u)
pressure='--fail-alloc=20 --fail-copy=20'
# What the page library lacks is a skip by name; any other failure is one in the tests below.
# shellcheck disable=SC2086 # options
run "$abs_builddir/stress_churn" -n 1 $pressure
[ "$status" -ne 69 ] || pressure=
has_alias=yes
run "$abs_builddir/stress_disjoint" -n 1 --backend=alias
[ "$status" -ne 69 ] || has_alias=no

for flavour in $FLAVOURS; do
	flavour "$flavour" stress_disjoint "--busted=peek"
	flavour "$flavour" stress_overlap "--busted=locked"
	for pattern in $patterns; do
		flavour "$flavour" "$pattern"
	done
done
test_table
test_core
done_testing
