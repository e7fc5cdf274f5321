#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Run every stress program in every flavour with every backend, and print a table.
#
#   run.sh           run in the build directory; writes logs to stress.logs/
#   PROGRAMS         stress programs (make sets all)
#   FLAVOURS         (default: plain asan tsan)
#   BACKENDS         (default: direct alias)
#   SECONDS_EACH     (default 10)
#   STRESS_FLAGS     additional options, for example "-t 32 --delays"
#
# Exit status: 0 all succeeded, 1 one failed, 2 nothing to run.
set -u

: "${PROGRAMS:?expected names of stress programs}"
: "${FLAVOURS:=plain asan tsan}" "${BACKENDS:=direct alias}" "${SECONDS_EACH:=10}"
: "${STRESS_FLAGS=}"
logs=stress.logs
rm -rf $logs results/stress.json
mkdir -p $logs
failed=0 done=0 child='' log=/dev/null
started=$(date +%s)
home=$(dirname "$0")
printf 'result\tprogram\tflavour\tbackend\twhy\toperations\trate\tmax_min\trefused\traces\tkib\tseed\n' \
	>$logs/rows.tsv

stop() {
	[ -z "$child" ] || kill -TERM "$child" 2>/dev/null
	keep stopped
	echo "stress: stopped after $done runs, $failed failed, logs in $PWD/$logs"
	exit 1
}
trap stop HUP INT TERM

# row RESULT BINARY BACKEND WHAT [LOG]: print a row, and store it for the report.
row() {
	printf '%-9s %-22s %-7s %s\n' "$1" "$2" "$3" "$4" >>$logs/table
	flavour=plain why=$4
	case $2 in *-*) flavour=${2##*-} ;; esac
	[ "$1" != ok ] || why=
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "${2%-*}" "$flavour" "$3" "$why" \
		"$([ -z "${5-}" ] || last_figures "$5")" >>$logs/rows.tsv
}

# Print fields for rows.tsv, from the last statistics line and the first line of the log.
last_figures() {
	seed=$(seed_of "$1")
	sed -n "s/.* Total: \([0-9]*\) .* Rate: \([0-9]*\)\/s Max\/Min: \([^ ]*\) .*Refused: \([0-9]*\) Races: \([0-9]*\) on.* Rss: \([0-9]*\)K .*/\1 \2 \3 \4 \5 \6 $seed/p" \
		"$1" | tail -n 1 | tr ' ' '\t'
}

seed_of() {
	sed -n 's/.*Start of test:.* seed=\([^ ]*\) .*/\1/p' "$1"
}

# keep STATUS: write results for make report.
keep() {
	"${SHELL:-/bin/sh}" "$home/../report/keep.sh" results/stress.json --what stress \
		--begun "$started" --status "$1" --command "make stress" --table rows=$logs/rows.tsv \
		--set seconds_each="$SECONDS_EACH" --set stress_flags="$STRESS_FLAGS" \
		--set runs="$done" --set failed="$failed" --set seed="$(seed_of "$log")"
}

progress() {
	if [ -t 1 ]; then
		printf '\r[%4d s] %d of %d: %-40s' $(($(date +%s) - started)) $((done + 1)) "$all" "$1"
	else
		printf '[%4d s] %d of %d: %s\n' $(($(date +%s) - started)) $((done + 1)) "$all" "$1"
	fi
}

# Print rate, fairness and refused calls, from the last statistics line.
figures() {
	sed -n 's/.* Total: \([0-9]*\) .* Rate: \([^ ]*\) Max\/Min: \(.*\) Refused.*/\1 operations, \2, max\/min \3/p' \
		"$1" | tail -n 1
}

# run_one BINARY BACKEND: run a stress program, and add its row.
run_one() {
	log=$logs/$1-$2
	progress "$1, $2, $SECONDS_EACH s"
	# shellcheck disable=SC2086 # options
	./"$1" -s "$SECONDS_EACH" --backend="$2" $STRESS_FLAGS >"$log" 2>&1 &
	child=$!
	wait $child
	status=$?
	child=
	done=$((done + 1))
	# The page library lacks calls that the program needs (src/page_stubs/absent.c).
	if [ $status -eq 69 ]; then
		row skipped "$1" "$2" "$(sed -n 's/^.*: skipped: //p' "$log")"
		return
	fi
	if [ $status -eq 0 ] && [ "$(tail -n 1 "$log")" = "End of test: SUCCESS" ]; then
		row ok "$1" "$2" "$(figures "$log")" "$log"
		return
	fi
	failed=$((failed + 1))
	row FAILED "$1" "$2" "exit status $status, log $PWD/$log" "$log"
	[ ! -t 1 ] || echo
	grep -aE '!!!|run again|BUG|ERROR' "$log" | head -n 5 | sed 's/^/    /'
}

all=0
for flavour in $FLAVOURS; do
	for program in $PROGRAMS; do
		binary=$program-$flavour
		[ "$flavour" != plain ] || binary=$program
		for backend in $BACKENDS; do
			if [ -x "./$binary" ]; then
				all=$((all + 1))
				echo "$binary $backend" >>$logs/plan
			else
				row skipped "$binary" "$backend" "this build has no flavour $flavour"
			fi
		done
	done
done
if [ $all -eq 0 ]; then
	echo "stress: expected programs in $PWD, found none" >&2
	exit 2
fi
while read -r binary backend <&3; do
	run_one "$binary" "$backend"
done 3<$logs/plan

[ ! -t 1 ] || echo
if [ $failed -eq 0 ]; then
	keep good
else
	keep failed
fi
echo
cat $logs/table
echo
echo "stress: $done runs, $failed failed, $(($(date +%s) - started)) s"
[ $failed -eq 0 ]
