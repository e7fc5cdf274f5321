#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The stress scenarios report nothing about the library, and report each injected bug with the expected reason.
#
# STRESS_RUNS is the number of runs in which each injected bug must be found (default: 1).
. "$(dirname "$0")/tap.sh"

: "${FLAVOURS:=plain asan tsan}" "${STRESS_RUNS:=1}"
stress=$abs_builddir/pagetorture-stress
out=$scratch/out err=$scratch/err table=$scratch/table box=$scratch/box
mkdir "$box"

# run_and_store_output COMMAND...: runs the command for at most a minute. The output goes to the files $out
# and $err, the exit status to $status.
run_and_store_output() {
	command="$*"
	timeout 60 "$@" >"$out" 2>"$err"
	status=$?
}

# ok_with_stored_output STATUS NAME: the check NAME passes if STATUS is 0; otherwise prints the stored output.
ok_with_stored_output() {
	{
		echo "exit status $status of: $command"
		sed 's/^/stdout: /' "$out"
		sed 's/^/stderr: /' "$err"
	} >"$scratch/printed"
	ok "$1" "$2" "$scratch/printed"
}

is_stored_run_successful() {
	[ "$status" -eq 0 ] && [ "$(tail -n 1 "$out")" = "End of test: SUCCESS" ] &&
		! grep -q '!!!' "$out" && [ ! -s "$err" ]
}

# expect_run_succeeds NAME COMMAND...: runs COMMAND, which must end with SUCCESS and report no failure.
expect_run_succeeds() {
	what=$1
	shift
	run_and_store_output "$@"
	is_stored_run_successful
	ok_with_stored_output $? "$what"
}

# has_stored_run_failed_with REASON: true if the stored run failed with REASON, and printed a command that
# repeats the run. If a sanitizer reports first, the sanitizer's report counts as the reason.
has_stored_run_failed_with() {
	case $status in 1 | 66 | 13[4-9] | 77) ;; *) return 1 ;; esac
	[ "$(tail -n 1 "$out")" = "End of test: FAILURE" ] || return 1
	grep -q "run again: .* --seed=0x[0-9a-f]* .*--busted=" "$out" || return 1
	grep -qE "!!! .*$1|^BUG: page: $1" "$out" "$err" ||
		{ [ "$flavour" != plain ] &&
			grep -qE "!!! .*(ended by a sanitizer|reported a race|killed by signal)" "$out"; }
}

# ---- every scenario ----

# list_injected_bugs: prints SCENARIO BUG LIMIT REASON for every injected bug. LIMIT is a number of operations
# (-n) for a bug that only the end of a run reveals, and seconds (-s) for other bugs.
list_injected_bugs() {
	sed -n 's/^BUG(\([a-z]*\), "\([^"]*\)", DURING_RUN, "\(.*\)",$/\1 \2 -s10 \3/p
		s/^BUG(\([a-z]*\), "\([^"]*\)", [A-Z_]*, "\(.*\)",$/\1 \2 -n2000 \3/p' "$abs_srcdir/stress/scenarios.def"
}

# expect_injected_bug_found SCENARIO BUG LIMIT REASON: SCENARIO must find BUG in every run; for most bugs, far
# less than 10 seconds are enough.
expect_injected_bug_found() {
	for seed in $(seq 42 $((41 + STRESS_RUNS))); do
		run_and_store_output "$program" "$1" "$3" --stat-interval=0 "--seed=$seed" "--busted=$2"
		has_stored_run_failed_with "$4"
		good=$?
		[ $good -eq 0 ] || break
	done
	if [ $status -eq 2 ] && grep -q 'expected a build with ThreadSanitizer for --busted' "$err"; then
		[ "$flavour" != tsan ]
		ok_with_stored_output $? "$flavour, $1 --busted=$2: needs ThreadSanitizer"
	else
		ok_with_stored_output "$good" "$flavour, $1 --busted=$2 is found: $4"
	fi
}

# test_scenario_and_its_bugs SCENARIO: runs without a bug must succeed, and runs must find each injected bug.
test_scenario_and_its_bugs() {
	for backend in direct $alias; do
		expect_run_succeeds "$flavour, $1 finds nothing, $backend" \
			"$program" "$1" -n 1000 --delays "--backend=$backend"
	done
	# shellcheck disable=SC2086 # split into options
	expect_run_succeeds "$flavour, $1 finds nothing with more threads than CPUs, under pressure" \
		"$program" "$1" -t 40 -n 100 $pressure --forks=1 --pin --stutter=20
	list_injected_bugs | grep "^$1 " >"$table"
	while read -r scenario bug limit reason <&3; do
		expect_injected_bug_found "$scenario" "$bug" "$limit" "$reason"
	done 3<"$table"
}

# If the page library has no fault attributes or no backend alias, the scenarios run without them.
alias=alias pressure='--fail-alloc=20 --fail-copy=20'
# shellcheck disable=SC2086 # split into options
run_and_store_output "$stress" churn -n 1 $pressure
[ "$status" -ne 69 ] || pressure=
run_and_store_output "$stress" disjoint -n 1 --backend=alias
[ "$status" -ne 69 ] || alias=

scenarios=$("$stress" list)
for flavour in $FLAVOURS; do
	program=$stress$(print_flavour_suffix "$flavour")
	if [ ! -x "$program" ]; then
		skip "the flavour $flavour is not built"
		continue
	fi
	for scenario in $scenarios; do
		run_and_store_output "$program" "$scenario" -n 1
		if [ "$status" -eq 69 ]; then
			skip "$(cat "$err")"
		else
			test_scenario_and_its_bugs "$scenario"
		fi
	done
done
for scenario in $scenarios; do
	"$stress" "$scenario" --values --busted | sed "s/^/$scenario /"
done >"$box/actual"
list_injected_bugs | cut -d' ' -f1,2 >"$box/expected"
ok_if_files_equal "the table has every bug of --help" "$box/expected" "$box/actual"

# ---- options and reports of the core ----

run_and_store_output "$stress" disjoint -t 1 -n 1000
is_stored_run_successful
ok_with_stored_output $? "disjoint runs with one thread"
run_and_store_output "$stress" disjoint -s 1
is_stored_run_successful && [ "$(grep -c ' Total: [1-9].* Max/Min: ' "$out")" -ge 2 ]
ok_with_stored_output $? "a run of a second prints statistics"
run_and_store_output "$stress" disjoint -t 3 -n 100 --seed=0x2a
first=$(head -n 1 "$out")
run_and_store_output "$stress" disjoint -t 3 -n 100 --seed=42
[ "$first" = "$(head -n 1 "$out")" ] && [ "$first" = "disjoint--- Start of test: --threads=3 \
--operations=0x64 --seconds=0 --seed=0x2a --stat-interval=0 --backend=direct --copy=libc --stutter=0 \
--fail-alloc=0 --fail-copy=0 --memory=0 --forks=0" ]
ok_with_stored_output $? "the first line has all options, the same for the same seed"
# shellcheck disable=SC2046 # split into options
run_and_store_output "$stress" disjoint $(echo "$first" | sed 's/.*Start of test: //')
is_stored_run_successful && [ "$first" = "$(head -n 1 "$out")" ]
ok_with_stored_output $? "and they can be given again"
if has_flavour tsan; then
	run_and_store_output "$stress-tsan" overlap -t 2 -n 2000
	is_stored_run_successful && grep -q 'the expected race was reported [1-9]' "$out"
	ok_with_stored_output $? "overlap: ThreadSanitizer reports the race of one writer and one reader"
fi

for method in wide movsb; do
	expect_run_succeeds "split --copy=$method finds nothing" "$stress" split -n 2000 --copy=$method
done
run_and_store_output "$stress" edge -s 5 --copy=rounded --stat-interval=0 -t 8
[ "$status" -eq 1 ] && grep -q '!!! foreign byte' "$out"
ok_with_stored_output $? "a copy that rounds to words is found: the library copies by --copy"
expect_run_succeeds "split --bare: the same without the library" "$stress" split -n 2000 --bare

# has_at_least_refused_calls MINIMUM: true if at least MINIMUM calls failed, by the last statistics in $out.
has_at_least_refused_calls() {
	[ "$(sed -n 's/.* Refused: \([0-9]*\) .*/\1/p' "$out" | tail -n 1)" -ge "$1" ]
}

if succeeds_or_skip "pressure: the page library makes no calls fail" test -n "$pressure"; then
	run_and_store_output "$stress" churn -n 1000 --fail-alloc=50
	is_stored_run_successful && has_at_least_refused_calls 500
	ok_with_stored_output $? "allocations are made to fail"
	run_and_store_output "$stress" reader -n 1000 --fail-copy=50
	is_stored_run_successful && has_at_least_refused_calls 500
	ok_with_stored_output $? "copies of user memory are made to fail"
	run_and_store_output "$stress" churn -n 1000
	is_stored_run_successful && ! has_at_least_refused_calls 1
	ok_with_stored_output $? "without pressure nothing is refused"
	expect_run_succeeds "a limit of memory is survived" "$stress" churn -n 2000 --memory=1
fi

run_and_store_output "$stress" split --busted=range -s 10 --seed=42 --stat-interval=0
grep -q 'belong to thread' "$out" &&
	[ "$(grep -c 'last operations of thread ' "$out")" -ge 4 ]
ok_with_stored_output $? "a failure says to which thread bytes belong, and what every thread did last"
sed -n '/^pagetorture 1$/,/^# end of the page program$/p' "$out" >"$table"
"$pagetorture" check - <"$table" >"$err" 2>&1
[ $? -lt 2 ] && grep -q 'T[0-9]: write_raw' "$table"
ok_with_stored_output $? "and a page program that can be read"

# has_process_group_ended GROUP: true if all processes of the process group end within ten seconds. The kernel
# ends the children of a killed process after the process itself.
has_process_group_ended() {
	tries=0
	until [ "$(pgrep -c -r D,R,S,T -g "$1")" -eq 0 ]; do
		[ $tries -lt 100 ] || return 1
		tries=$((tries + 1))
		sleep 0.1
	done
}

for signal in TERM INT KILL; do
	setsid "$stress" churn -s 60 --forks=2 >"$out" 2>"$err" &
	command="kill -$signal churn" pid=$!
	sleep 1
	kill "-$signal" $pid
	wait $pid
	status=$?
	if [ $signal = KILL ]; then
		[ "$status" -eq 137 ]
	else
		is_stored_run_successful && grep -q 'stopped by signal' "$out" && grep -q 'Total: [1-9]' "$out"
	fi && has_process_group_ended $pid
	ok_with_stored_output $? "SIG$signal ends it, no process is left"
done

# ---- usage ----

run_and_store_output "$stress" disjoint --help
[ "$status" -eq 0 ] && grep -q '^Usage: ' "$out" && grep -q '^Examples:' "$out"
ok_with_stored_output $? "disjoint --help"
for bad in "-t 0" "-t 257" "-t x" "-t" "-n -1" "-s 1x" "--seed=0xg" "--seed=0x" \
	"--seed=18446744073709551616" "--stat-interval=" "--busted=nothing" "--nothing" "-q" "word" \
	"-t 1 --busted" "--backend=nothing" "--copy=nothing" "--fail-alloc=101" "--memory=1048577" \
	"--forks=17" "--stutter=x" "--bare" "--busted=peek"; do
	# shellcheck disable=SC2086 # split into words
	run_and_store_output "$stress" disjoint $bad
	[ "$status" -eq 2 ] && [ ! -s "$out" ] && [ "$(wc -l <"$err")" -eq 1 ] &&
		grep -qE 'expected|unknown' "$err"
	ok_with_stored_output $? "disjoint $bad: a usage error"
done
run_and_store_output "$stress" overlap -t 1
[ "$status" -eq 2 ] && grep -q 'expected at least 2 threads, got 1' "$err"
ok_with_stored_output $? "overlap -t 1: a usage error"

# ---- make stress, make stress-long ----

# run_script_of_all_scenarios MODE VARIABLE=VALUE...: runs stress/run_all.py in $box. The script's output goes
# to $out and $err.
run_script_of_all_scenarios() {
	mode=$1
	shift
	(cd "$box" && exec env SCENARIOS="split slot" "$@" python3 -B "$abs_srcdir/stress/run_all.py" "$mode") \
		>"$out" 2>"$err"
	status=$? command="run_all.py $mode $*"
}

cp "$stress" "$box"
run_script_of_all_scenarios table FLAVOURS="plain asan" BACKENDS=direct SECONDS_EACH=1
[ $status -eq 0 ] && [ "$(grep -c '^ok ' "$out")" -eq 2 ] && [ "$(grep -c '^skipped ' "$out")" -eq 2 ]
ok_with_stored_output $? "make stress: a table, what is not built is skipped by name"
report_shows_part_state partly stress "$box/results/stress.json"
ok_with_stored_output $? "make stress: make report reads that as run in part"
run_script_of_all_scenarios table FLAVOURS=plain BACKENDS=direct SECONDS_EACH=1 STRESS_FLAGS=--busted
[ $status -eq 1 ] && [ "$(grep -c '^FAILED ' "$out")" -eq 2 ] && grep -q 'run again' "$out" &&
	grep -q '!!! foreign byte' "$box"/stress.logs/failures/0.log
ok_with_stored_output $? "make stress: a failure is one, with the command that shows it again"
report_shows_part_state failed stress "$box/results/stress.json"
ok_with_stored_output $? "make stress: make report reads it as failed"
run_script_of_all_scenarios table SCENARIOS=none FLAVOURS=plain
[ $status -eq 2 ] && [ ! -e "$box/results/stress.json" ] && [ "$(wc -l <"$err")" -eq 1 ]
ok_with_stored_output $? "make stress: nothing to run leaves no results of an earlier run"

# count_logged_long_runs: prints the number of runs in the log of stress-long.
count_logged_long_runs() {
	wc -l <"$box/stress-long/log"
}

# expect_results_of_long_runs STATUS REGEX: stress-long.json must contain STATUS, and then match REGEX.
expect_results_of_long_runs() {
	grep -q "\"what\":\"stress-long\".*\"status\":\"$1\".*$2" "$box/results/stress-long.json" &&
		report_shows_part_state "$1" stress-long "$box/results/stress-long.json"
	ok_with_stored_output $? "... and make report reads its results: $1"
}

run_script_of_all_scenarios long TIME=2s TURN=1
first=$(count_logged_long_runs)
[ $status -eq 0 ] && [ "$first" -ge 1 ] && grep -q 'runs, .* 0 failed' "$out"
ok_with_stored_output $? "make stress-long: a line a run, and a summary"
expect_results_of_long_runs good '"failures":\[\]'
run_script_of_all_scenarios long TIME=1s TURN=1
[ $status -eq 0 ] && [ "$(count_logged_long_runs)" -gt "$first" ] &&
	[ "$(sed 's/{"run": \([0-9]*\).*/\1/' "$box/stress-long/log" | uniq -d | wc -l)" -eq 0 ]
ok_with_stored_output $? "make stress-long goes on where it was"
before=$(count_logged_long_runs)
(cd "$box" && SCENARIOS=slot TIME=60s TURN=30 exec setsid python3 -B "$abs_srcdir/stress/run_all.py" long) \
	>"$out" 2>"$err" &
command="kill -TERM run_all.py" pid=$!
sleep 2
kill -TERM $pid
wait $pid
status=$?
[ $status -eq 0 ] && grep -q 'runs, .* 0 failed' "$out" && has_process_group_ended $pid &&
	[ "$(count_logged_long_runs)" -eq "$before" ]
ok_with_stored_output $? "make stress-long: SIGTERM ends with a summary, the run begins again next time"
expect_results_of_long_runs stopped '"failures":\[\]'
mv "$box/pagetorture-stress" "$box/good"
# shellcheck disable=SC2016 # the other shell expands it
printf '#!/bin/sh\n[ "$1" != list ] || exec ./good list\nexec ./good "$@" --busted=range\n' >"$box/pagetorture-stress"
chmod +x "$box/pagetorture-stress"
run_script_of_all_scenarios long TIME=2s TURN=1 SCENARIOS=split
[ $status -eq 1 ] && grep -q '!!! foreign byte' "$box"/stress-long/failures/*.log &&
	grep -q 'seed=' "$box"/stress-long/failures/*.log && ls "$box"/stress-long/failures/*.page >/dev/null
ok_with_stored_output $? "make stress-long keeps a failure, its seed and a page program"
expect_results_of_long_runs failed '"failures":\[{"run":[0-9]*,"status":1,"command":"./pagetorture-stress split '
run_script_of_all_scenarios long TIME=5x
[ $status -eq 2 ] && [ "$(wc -l <"$err")" -eq 1 ] && grep -q expected "$err"
ok_with_stored_output $? "make stress-long TIME=5x: a usage error"

done_testing
