#!/bin/sh
# shellcheck disable=SC2086,SC2012 # names of flavours and targets contain no spaces
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The smoke test, in three minutes: the rule table under every sanitizer, the race matrix under every
# race detector, stress patterns, each fuzz target on each of its engines, and the corpus.
#
#   smoke.sh SRCDIR         run in the build directory; writes logs to smoke/
#   SMOKE_SECONDS           seconds for each fuzzer (default 20)
set -u

srcdir=${1:?expected the source directory}
home=$(dirname "$0")
# shellcheck source=build-aux/shell_word.sh
. "$home/shell_word.sh"
seconds=${SMOKE_SECONDS:-20}
logs=smoke
rm -rf $logs results/rules.json results/smoke.json
mkdir -p $logs
failed=0
started=$(date +%s)
printf 'result\tname\tfigures\tat\n' >$logs/rows.tsv
printf 'name\tlog\treplay\n' >$logs/failures.tsv

# row RESULT NAME FIGURES: print a row, and store it for the summary.
row() {
	printf '%-7s %-34s %s\n' "$1" "$2" "$3" | tee -a $logs/table
	printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" $(($(date +%s) - started)) >>$logs/rows.tsv
	row=$2
	case $1 in FAILED) failed=$((failed + 1)) ;; esac
}

progress() {
	printf '[%3d s] %s\n' $(($(date +%s) - started)) "$1"
}

# explain LOG COMMAND: print the end of the log and a command that repeats it in any directory.
explain() {
	tail -n 20 "$1" | sed 's/^/    /'
	echo "    log:    $PWD/$1"
	again="$(shell_words cd "$PWD") && $2"
	echo "    replay: $again"
	printf '%s\t%s\t%s\n' "$row" "$PWD/$1" "$again" >>$logs/failures.tsv
}

# keep NAME ARGUMENT...: write results for make report.
keep() {
	name=$1
	shift
	"${SHELL:-/bin/sh}" "$home/../report/keep.sh" "results/$name.json" --what "$name" \
		--begun "$started" --command "make smoke" --set seconds_each="$seconds" "$@"
}

replayed='s/.*\b([0-9]+ inputs replayed.*)/\1/p'

# stage NAME LOG FIGURE COMMAND...: run the command and add a row. FIGURE is a sed command that
# extracts the figures of the row from the output.
stage() {
	name=$1 log=$logs/$2 figure=$3
	shift 3
	if "$@" >"$log" 2>&1; then
		row ok "$name" "$(sed -nE "$figure" "$log" | tail -n 1)"
	else
		row FAILED "$name" "exit status $?"
		explain "$log" "$(shell_words "$@")"
	fi
}

# has_backend NAME WHAT: without the backend, add a row that WHAT is skipped.
has_backend() {
	./pagetorture run --backend $1 --flavour plain "$srcdir/corpus/rules/bounds.page" \
		>/dev/null 2>$logs/backend
	grep -q 'expected a backend that the page library has' $logs/backend || return 0
	row skipped "$2, $1" "the page library has no such backend"
	return 1
}

rule_table() {
	tables=
	progress "rule table under the sanitizers"
	for backend in direct alias; do
		has_backend $backend "rule table" || continue
		stage "rule table, $backend" rules-$backend 's/.*\b([0-9]+ programs agree.*)/\1/p' sh -c \
			"./pagetorture run --backend $backend --json $srcdir/corpus/rules/*.page \
				>$logs/rules-$backend.json &&
		 echo \"\$(ls $srcdir/corpus/rules/*.page | wc -l) programs agree in: plain \$(ls pagetorture-*san | sed s/pagetorture-// | tr '\\n' ' ')\""
		tables="$tables --lines $backend=$logs/rules-$backend.json"
	done
	rules=good
	[ $failed -eq 0 ] || rules=failed
	# shellcheck disable=SC2086 # words
	keep rules --status $rules $tables
}

# Detectors on fibers run all cells; slower ones run a part.
race_matrix() {
	for detector in tsan-fibers gcc-fibers gcc-inline tsan-threads gcc-threads helgrind drd; do
		case $detector in
		*-fibers | *-inline) cells='' ;;
		*) cells='*raw' ;;
		esac
		progress "race matrix, $detector"
		if ./pagetorture-dev race --detector $detector --cell "$cells" >$logs/race-$detector 2>&1; then
			row ok "race matrix, $detector" "$(awk -v d=$detector '$1 == d && $3 ~ /^x/ {
				printf "%d cells, %d of %d races caught, %d false alarms, %d within known limitations",
				$2, $5, $4, $9, $10 }' $logs/race-$detector)"
		elif grep -q "^skipped: $detector" $logs/race-$detector; then
			row skipped "race matrix, $detector" \
				"$(sed -n 's/^skipped: [a-z-]*: //p' $logs/race-$detector)"
		else
			row FAILED "race matrix, $detector" "exit status 1"
			explain $logs/race-$detector "./pagetorture-dev race --detector $detector --cell '$cells'"
		fi
	done
}

stress() {
	for pattern in disjoint overlap; do
		for flavour in plain asan tsan; do
			binary=pagetorture-stress-$flavour
			[ $flavour = plain ] && binary=pagetorture-stress
			name="stress $pattern, $flavour"
			if [ ! -x ./$binary ]; then
				row skipped "$name" "this build has no $flavour flavour"
				continue
			fi
			progress "$name, 3 s"
			stage "$name" stress-$pattern-$flavour \
				's|.* Total: ([0-9]+) .* Rate: ([^ ]+) .*|\1 operations, \2|p' ./$binary $pattern -t 4 -s 3
		done
	done
}

# Start a fuzzer in the background with $backend; finish_libfuzzer waits for it and adds its row.
start_libfuzzer() {
	progress "libFuzzer $1, $backend, $2 s"
	mkdir -p $logs/$1-$backend.corpus $logs/$1-$backend.findings
	PAGE_MAP=$backend ./$1 -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -max_len=704 \
		-print_final_stats=1 -artifact_prefix=$logs/$1-$backend.findings/ \
		$logs/$1-$backend.corpus seeds/$1 >$logs/$1-$backend.log 2>&1 &
}

finish_libfuzzer() {
	if wait "$2"; then
		row ok "libFuzzer $1, $backend" "$(awk '/stat::number_of_executed_units/ { n = $2 }
			/stat::average_exec_per_sec/ { r = $2 }
			END { printf "%d executions, %d/s, no finding", n, r }' $logs/$1-$backend.log)"
	else
		row FAILED "libFuzzer $1, $backend" "exit status $?"
		explain $logs/$1-$backend.log \
			"PAGE_MAP=$backend ./$1-replay $(find $logs/$1-$backend.findings -type f | head -n 1)"
	fi
}

# lacks PROGRAM ROW: if the page library lacks calls that the program needs, add a row that it is
# skipped. The program then exits with status 69 (src/page_stubs/absent.c).
lacks() {
	why=$(./"$1" --help 2>&1 >/dev/null)
	[ $? -eq 69 ] && row skipped "$2" "${why#*: skipped: }"
}

# pair BACKEND SECONDS TARGET TARGET: run two fuzzers at the same time.
pair() {
	backend=$1
	pids=''
	for target in $3 $4; do
		lacks $target-replay "libFuzzer $target, $backend" && continue
		if [ -x ./$target ]; then
			start_libfuzzer $target "$2"
			pids="$pids $target:$!"
		else
			row skipped "libFuzzer $target, $backend" "this compiler has no libFuzzer for it"
		fi
	done
	for pid in $pids; do
		finish_libfuzzer "${pid%%:*}" "${pid##*:}"
	done
}

afl() {
	if ! command -v afl-clang-fast >/dev/null || ! command -v afl-fuzz >/dev/null; then
		row skipped "AFL++ fuzz_page" "no afl-clang-fast or afl-fuzz"
		return
	fi
	if [ ! -x afl/fuzz_page ]; then
		row FAILED "AFL++ fuzz_page" "it does not build"
		explain afl.log "make afl-fuzzers-asan"
		return
	fi
	progress "AFL++ fuzz_page, $seconds s"
	AFL_CUSTOM_MUTATOR_LIBRARY=$PWD/afl_mutator.so \
		AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_AFFINITY=1 \
		AFL_FAST_CAL=1 timeout -s INT $((seconds + 60)) afl-fuzz -V "$seconds" -t 1000 -G 704 \
		-i seeds/fuzz_page -o $logs/afl -- afl/fuzz_page >$logs/afl.log 2>&1
	stats=$logs/afl/default/fuzzer_stats
	crashes=$(awk '/^saved_crashes|^saved_hangs/ { n += $3 } END { print n + 0 }' $stats 2>/dev/null)
	stability=$(awk '/^stability/ { print $3 }' $stats 2>/dev/null)
	if [ -e $stats ] && [ "${crashes:-0}" = 0 ] && [ "$stability" != 100.00% ]; then
		row FAILED "AFL++ fuzz_page" "stability $stability: an input changes state for later inputs"
		explain $logs/afl.log "./fuzz_page-same seeds/fuzz_page $logs/afl/default/queue"
	elif [ -e $stats ] && [ "${crashes:-0}" = 0 ]; then
		row ok "AFL++ fuzz_page" "$(awk '/^execs_done/ { n = $3 } /^execs_per_sec/ { r = $3 }
			/^stability/ { s = $3 } END { printf "%d executions, %d/s, stability %s, no finding", n, r, s }' $stats)"
	else
		row FAILED "AFL++ fuzz_page" "${crashes:-no statistics} findings"
		explain $logs/afl.log "./fuzz_page-replay-asan $logs/afl/default/crashes"
	fi
}

replay() {
	progress "corpus replay"
	for backend in direct alias; do
		has_backend $backend replay || continue
		for orders in '' --orders; do
			stage "replay, $backend $orders" replay-$backend$orders 's/.*\b([0-9]+ inputs in.*)/\1/p' ./pagetorture replay \
				--backend $backend $orders "$srcdir/corpus"
		done
	done
	for backend in direct alias; do
		lacks fuzz_api-replay "fuzz_api-replay, $backend" && continue
		stage "fuzz_api-replay, $backend" fuzz_api-replay-$backend "$replayed" \
			env PAGE_MAP=$backend ./fuzz_api-replay "$srcdir/corpus/seed/fuzz_api"
	done
	for binary in fuzz_page-replay fuzz_page-replay-asan fuzz_page-replay-msan \
		fuzz_race-replay-tsan fuzz_fatal-replay-asan fuzz_fault-replay-asan \
		fuzz_text-replay-asan; do
		target=${binary%%-*}
		if [ ! -x ./$binary ]; then
			row skipped "$binary" "this build has no such flavour"
			continue
		fi
		for backend in direct alias; do
			stage "$binary, $backend" $binary-$backend "$replayed" \
				env PAGE_MAP=$backend ./$binary "$srcdir/corpus/rules" \
				"$srcdir/corpus/regress" "$srcdir/corpus/bugs" "$srcdir/corpus/seed/$target"
		done
	done
}

rule_table
race_matrix
stress
pair direct "$seconds" fuzz_page fuzz_race
pair alias $((seconds / 2)) fuzz_page fuzz_race
pair direct $((seconds / 2)) fuzz_api fuzz_text
pair alias $((seconds / 2)) fuzz_fatal fuzz_fault
afl
replay

echo
echo "summary ($(($(date +%s) - started)) s, logs in $PWD/$logs)"
sort -k1,1 -s $logs/table
echo
smoke=good
[ $failed -eq 0 ] || smoke=failed
keep smoke --status $smoke --table rows=$logs/rows.tsv --table failures=$logs/failures.tsv
if [ $failed -gt 0 ]; then
	echo "smoke: $failed FAILED"
	exit 1
fi
echo "smoke: all good"
