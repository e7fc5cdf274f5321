#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Stress for hours: one run after the other, each with a program, a flavour, a backend,
# threads, delays and pressure that the seed chooses. Goes on where it was stopped.
#
#   long.sh          run in the build folder
#   TIME             how long: 8h, 30m, 90s (default 1h), beside what earlier calls took
#   SEED             of the choices (default 1); another one in another DIR
#   DIR              what it keeps (default stress-long): log, a line a run; next, the
#                    number of the next run; failures/N.log, N.page
#   TURN             seconds of one run (default 20)
#   PROGRAMS         which (set by make: all of them)
#
# Exit status: 0 no failure in DIR, 1 failures, 2 bad usage.
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

finish() {
	trap '' HUP INT TERM
	if [ -n "$child" ]; then
		kill -TERM "$child" 2>/dev/null
		wait "$child"
	fi
	rm -f "$DIR/now"
	if [ -s "$DIR/log" ]; then
		summary
	else
		echo "stress-long: no run has ended yet"
	fi
	[ -z "$(ls "$DIR/failures")" ] || exit 1
	exit 0 # in a trap not what was interrupted
}
trap finish HUP INT TERM

# pick WHAT CHOICE...: one of them, the same for the same seed, run and WHAT.
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
			# One whose calls the page library lacks says so, whatever it is asked.
			[ ! -x "./$binary" ] || "./$binary" --help | grep -q '^1\.\.0 # SKIP' ||
				echo "$binary"
		done
	done
}
# shellcheck disable=SC2046 # names
set -- $(binaries)
[ $# -gt 0 ] || usage_error "programs in $PWD" "$PROGRAMS"

# With aliases 256 threads have 32 places each: under MemorySanitizer more mappings than a
# process may have, 65,530, and more addresses than a limit of memory leaves.
options() {
	backend=$(pick backend direct alias)
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
	echo "--fail-alloc=$(pick alloc 0 0 1 30) --fail-copy=$(pick copy 0 0 1 30)"
	echo "--forks=$(pick forks 0 0 0 1 4)"
	case $1 in
	*-*san) ;;
	*) echo "--copy=$(pick way libc wide movsb)"
	   echo "$memory" ;;
	esac
}

# field NAME LOG: a figure of the last statistics line.
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
done
finish
