#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What a second job brings: campaigns of one and of two jobs in turn, so that what else the
# machine does falls on both; the ratio of their executions, pair by pair. It depends on
# there being a second processor to run on, hence also: how much more processor time two
# jobs were given, and the ratio of executions in equal processor time, which is what a
# second job costs. Twice that is the ratio to expect where two processors are free.
#
#   bench_jobs.sh          run in the build folder
#   BENCH_PAIRS            pairs (default 5)
#   BENCH_SECONDS          seconds of each campaign (default 20)
# Exit status 1: below 1.8, though both jobs had a processor; or twice the ratio in equal
# time is. 77: one processor, or no fuzz_page.
set -u

pairs=${BENCH_PAIRS:-5}
seconds=${BENCH_SECONDS:-20}
target=fuzz_page
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

if [ ! -x ./$target ]; then
	echo "bench-jobs: skipped: no libFuzzer binary of $target (make fuzzers)"
	exit 77
fi
if [ "$(nproc)" -lt 2 ]; then
	echo "bench-jobs: skipped: one processor"
	exit 77
fi

# campaign FOLDER JOBS: "EXECUTIONS CENTISECONDS" of it and all its engines
campaign() {
	./pagetorture fuzz --engine libfuzzer --jobs "$2" --time "$seconds" --seed 1 --dir "$1" \
		$target >"$work/log"
	times >"$work/times"
	awk -v target=$target '
		NR == FNR { if (FNR == 2) { split($0, t, /[ms ]+/); used = t[1] * 60 + t[2] + t[3] * 60 + t[4] } next }
		$1 == target && NF == 7 { print $2, used * 100 }' "$work/times" "$work/log"
}

# run JOBS: in a shell of its own, so that `times` is its children's
run() {
	rm -rf "$work/run"
	mkdir -p "$work/run/$target"
	cp -r "$work/old/$target/corpus" "$work/run/$target/corpus"
	(campaign "$work/run" "$1")
}

# A corpus of some age: at the beginning of a campaign entries are written, not executions done.
campaign "$work/old" 2 >/dev/null

for pair in $(seq "$pairs"); do
	echo "$pair $(run 1) $(run 2)" | awk '{
		printf "pair %d: %d executions in %.1f s of processor with one job, %d in %.1f s with two: %.2f, %.2f in equal time, processor %.2f\n",
			$1, $2, $3 / 100, $4, $5 / 100, $4 / $2, $4 / $5 / ($2 / $3), $5 / $3 }'
done | tee "$work/pairs"

# median COLUMN-FROM-THE-END: with smallest and largest
median() {
	awk -v back="$1" '{ print $(NF - back) + 0 }' "$work/pairs" | sort -n | awk '
		{ v[NR] = $1 }
		END { printf "%.2f (%.2f to %.2f)\n", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2, v[1], v[NR] }'
}

all=$(median 6)
equal=$(median 5)
given=$(median 0)
echo "two jobs do $all times the executions of one, with $given times the processor time; $equal times in equal time"
# Each of the three is four words.
echo "$all $equal $given" | awk '{
	if ($9 < 1.9)
		print "there was no second processor for the second job: only equal time counts"
	exit !(($9 < 1.9 || $1 >= 1.8) && 2 * $5 >= 1.8) }'
