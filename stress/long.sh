#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Run stress programs for hours. The seed selects the program, flavour, backend, number of threads, delays
# and memory pressure of each run. A stopped series of runs resumes.
#
#   long.sh          run in the build directory
#   TIME             duration: 8h, 30m, 90s (default 1h), in addition to earlier calls
#   SEED             selects the runs (default 1); use a new DIR for a new seed
#   DIR              directory of results (default stress-long): log, one line for each run; next, the
#                    number of the next run; begun, the start time; failures/N.log, N.page
#   TURN             seconds of one run (default 20)
#   PROGRAMS         stress programs (make sets all)
#
# Writes results/stress-long.json for make report, after every tenth run and at the end.
#
# Exit status: 0 no failure in DIR, 1 failures, 2 usage error.
set -u

: "${PROGRAMS:?expected names of stress programs}"
: "${TIME:=1h}" "${SEED:=1}" "${DIR:=stress-long}" "${TURN:=20}"

usage_error() {
	echo "stress-long: expected $1, not '$2'" >&2
	exit 2
}

case ${TIME%[hms]} in '' | *[!0-9]*) usage_error "TIME as 8h, 30m or 90s" "$TIME" ;; esac
case $TIME in
*h) seconds=$((${TIME%h} * 3600)) ;;
*m) seconds=$((${TIME%m} * 60)) ;;
*) seconds=${TIME%s} ;;
esac
case $TURN in '' | 0 | *[!0-9]*) usage_error "TURN in seconds" "$TURN" ;; esac

mkdir -p "$DIR/failures"
nth=$(cat "$DIR/next" 2>/dev/null || echo 0)
child=
started=$(date +%s)
home=$(dirname "$0")
[ -s "$DIR/log" ] || echo "$started" >"$DIR/begun"

elapsed() {
	echo $(($(date +%s) - started))
}

summary() {
	awk '{ n++; ops += $3; rss = $4 > rss ? $4 : rss; fds = $5 > fds ? $5 : fds }
		$2 != "ok" { bad++ }
		END { printf "stress-long: %d runs, %.0f operations, %d failed; at most %d KiB, %d descriptors\n",
			n, ops, bad, rss, fds }' "$DIR/log"
	[ -z "$(ls "$DIR/failures")" ] || echo "stress-long: failures in $PWD/$DIR/failures"
}

# Print a row of the log for each program, flavour and backend, then each failed run.
rows() {
	awk 'BEGIN { OFS = "\t"; print "program", "flavour", "backend", "runs", "seconds", "operations", "kib", "descriptors", "failed" }
		{ parts = split(substr($8, 3), name, "-"); backend = "direct"
		  for (i = 9; i <= NF; i++) if (sub(/^--backend=/, "", $i)) backend = $i
		  row = name[1] OFS (parts > 1 ? name[2] : "plain") OFS backend
		  runs[row]++; seconds[row] += $10; ops[row] += $3; bad[row] += $2 != "ok"
		  if ($4 > rss[row]) rss[row] = $4
		  if ($5 > fds[row]) fds[row] = $5 }
		END { for (row in runs) printf "%s\t%d\t%d\t%.0f\t%d\t%d\t%d\n",
			row, runs[row], seconds[row], ops[row], rss[row], fds[row], bad[row] }' "$DIR/log" |
		{ IFS= read -r head && echo "$head" && LC_ALL=C sort; }
}

failures() {
	awk 'BEGIN { print "run\tstatus\tcommand" }
		$2 != "ok" { number = $1; status = $7 + 0; sub(/^.* status [0-9]*: /, ""); print number "\t" status "\t" $0 }' "$DIR/log"
}

# keep_results STATUS: write the results of all runs in DIR for make report.
keep_results() {
	rows >"$DIR/rows.tsv"
	failures >"$DIR/failures.tsv"
	"${SHELL:-/bin/sh}" "$home/../report/keep.sh" results/stress-long.json --what stress-long \
		--begun "$(cat "$DIR/begun" 2>/dev/null || echo "$started")" --status "$1" \
		--command "make stress-long TIME=$TIME SEED=$SEED" --set seed="$SEED" --set dir="$PWD/$DIR" \
		--table rows="$DIR/rows.tsv" --table failures="$DIR/failures.tsv"
}

# finish STATUS: print the summary and exit.
finish() {
	trap '' HUP INT TERM
	if [ -n "$child" ]; then
		kill -TERM "$child" 2>/dev/null
		wait "$child"
	fi
	rm -f "$DIR/now"
	if [ -s "$DIR/log" ]; then
		summary
		keep_results "$1"
	else
		echo "stress-long: no run has ended yet"
	fi
	[ -z "$(ls "$DIR/failures")" ] || exit 1
	exit 0 # in a trap not what was interrupted
}
trap "finish stopped" HUP INT TERM

# pick WHAT CHOICE...: print one choice; seed, run and WHAT determine it.
pick() {
	hash=$(echo "$SEED $nth $1" | cksum)
	hash=${hash%% *}
	shift
	# shellcheck disable=SC1083,SC2294 # a number
	eval echo "\${$((hash / 7 % $# + 1))}"
}

binaries() {
	for program in $PROGRAMS; do
		for binary in "$program" "$program-asan" "$program-tsan" "$program-msan"; do
			[ -x "./$binary" ] || continue
			# The program reports which calls the page library lacks (src/page_stubs/absent.c).
			"./$binary" --help >/dev/null
			[ $? -eq 69 ] || echo "$binary"
		done
	done
}
# shellcheck disable=SC2046 # names
set -- $(binaries)
[ $# -gt 0 ] || usage_error "programs in $PWD" "$PROGRAMS"

# lacks PROGRAM OPTION: does the page library lack what the option needs? Print it.
lacks() {
	why=$("./$1" -n 1 "$2" 2>&1 >/dev/null)
	[ $? -eq 69 ] && echo "stress-long: skipped: $2: ${why#*: skipped: }"
}
backends='direct alias' pressure=yes
! lacks "$1" --backend=alias || backends=direct
! lacks "$1" --fail-alloc=1 || pressure=no

# With aliases 256 threads have 32 windows each. Under MemorySanitizer these are more mappings than a
# process may have (65,530), and more addresses than a memory limit allows.
options() {
	# shellcheck disable=SC2086 # words
	backend=$(pick backend $backends)
	echo "-s $TURN --seed=$(pick seed 1 2 3 5 7 11 13)$nth --backend=$backend"
	threads=$(pick threads 2 2 3 4 4 8 16 64 256)
	memory=$(pick memory '' '' '' --memory=64)
	case $1:$backend:$memory in
	*-msan:alias:* | *:alias:--memory*) threads=$(pick threads 2 2 3 4 4 8 16 64) ;;
	esac
	echo "-t $threads"
	pick delays --delays ''
	pick pin --pin '' ''
	pick stutter --stutter '' ''
	[ $pressure = no ] || echo "--fail-alloc=$(pick alloc 0 0 1 30) --fail-copy=$(pick copy 0 0 1 30)"
	echo "--forks=$(pick forks 0 0 0 1 4)"
	case $1 in
	*-*san) ;;
	*) echo "--copy=$(pick way libc wide movsb)"
	   echo "$memory" ;;
	esac
}

# field NAME LOG: print a figure of the last statistics line.
field() {
	sed -n "s/.* $1: \\([0-9]*\\).*/\\1/p" "$2" | tail -n 1
}

keep() {
	cp "$DIR/now" "$DIR/failures/$nth.log"
	sed -n '/^pagetorture 1$/,/^# end of the page program$/p' "$DIR/now" >"$DIR/failures/$nth.page"
	[ -s "$DIR/failures/$nth.page" ] || rm "$DIR/failures/$nth.page"
	echo "stress-long: run $nth FAILED: $1"
	grep -aE '!!!|BUG|ERROR' "$DIR/now" | head -n 3 | sed 's/^/    /'
}

progress() {
	if [ -t 1 ]; then
		printf '\r[%5d of %d s] run %d: %-60.60s' "$(elapsed)" "$seconds" "$nth" "$1"
	elif [ $((nth % 10)) -eq 0 ]; then
		printf '[%5d of %d s] run %d: %s\n' "$(elapsed)" "$seconds" "$nth" "$1"
	fi
}

while [ "$(elapsed)" -lt "$seconds" ]; do
	binary=$(pick program "$@")
	command="./$binary $(options "$binary" | tr -s '\n' ' ')"
	progress "$command"
	$command >"$DIR/now" 2>&1 &
	child=$!
	wait $child
	status=$?
	child=
	result=FAILED
	[ $status -ne 0 ] || [ "$(tail -n 1 "$DIR/now")" != "End of test: SUCCESS" ] || result=ok
	echo "$nth $result $(field Total "$DIR/now" | grep . || echo 0)" \
		"$(field Rss "$DIR/now" | grep . || echo 0) $(field Fds "$DIR/now" | grep . || echo 0)" \
		"status $status: $command" >>"$DIR/log"
	[ $result = ok ] || keep "$command"
	nth=$((nth + 1))
	echo $nth >"$DIR/next.new" && mv "$DIR/next.new" "$DIR/next"
	[ $((nth % 10)) -ne 0 ] || keep_results running >/dev/null
done
if [ -n "$(ls "$DIR/failures")" ]; then
	finish failed
else
	finish good
fi
