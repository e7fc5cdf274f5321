#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The gain of a second job: campaigns of one and of two jobs in turns, and the ratio of their executions
# for each pair. Turns spread other load evenly. The ratio depends on a free second CPU, so this
# also prints the ratio of CPU times, and the ratio of executions in equal CPU time. Twice the last
# ratio is expected with two free CPUs.
#
#   bench_jobs.sh          run in the build directory; prints samples for bench.py
#   BENCH_ROUNDS           pairs (default 5)
#   BENCH_SECONDS          seconds of each campaign (default 20)
# Exit status 77: one CPU, or no fuzz_page.
set -u
# shellcheck source=bench/figures.sh
. "$(dirname "$0")/figures.sh"

pairs=${BENCH_ROUNDS:-5}
seconds=${BENCH_SECONDS:-20}
target=fuzz_page

if [ ! -x ./$target ]; then
	skipped "a second job" "no libFuzzer binary of $target (make fuzzers)"
	exit 77
fi
if [ "$(nproc)" -lt 2 ]; then
	skipped "a second job" "one CPU"
	exit 77
fi

# campaign DIRECTORY JOBS: print "EXECUTIONS CENTISECONDS" of the campaign and its engines
campaign() {
	./pagetorture fuzz --engine libfuzzer --jobs "$2" --time "$seconds" --seed 1 --dir "$1" \
		$target >"$work/log"
	times >"$work/times"
	awk -v target=$target '
		NR == FNR { if (FNR == 2) { split($0, t, /[ms ]+/); used = t[1] * 60 + t[2] + t[3] * 60 + t[4] } next }
		$1 == target && NF == 8 { print $3, used * 100 }' "$work/times" "$work/log"
}

# run JOBS: run in a separate shell, so that `times` counts only its children
run() {
	rm -rf "$work/run"
	mkdir -p "$work/run/$target"
	cp -r "$work/old/$target/corpus" "$work/run/$target/corpus"
	(campaign "$work/run" "$1")
}

# Use a grown corpus: at its start a campaign mostly writes files.
campaign "$work/old" 2 >/dev/null

# "EXECUTIONS CPU-TIME" of one job, then of two
for pair in $(seq "$pairs"); do
	say "bench-jobs: pair $pair of $pairs"
	echo "$(run 1) $(run 2)"
done | awk '$1 && $2 && $3 && $4' >"$work/pairs"
[ "$(wc -l <"$work/pairs")" -eq "$pairs" ] || exit 1

awk '{ print $3 / $1 }' "$work/pairs" | figure "2 jobs : 1, executions" times ""
awk '{ print $4 / $2 }' "$work/pairs" | figure "2 jobs : 1, CPU time that they were given" times ""
awk '{ print 2 * $3 / $4 / ($1 / $2) }' "$work/pairs" |
	figure "2 jobs : 1, executions, with twice the CPU time" times ">= 1.8"
awk '$4 / $2 >= 1.9 { print $3 / $1 }' "$work/pairs" >"$work/free"
if [ -s "$work/free" ]; then
	figure "2 jobs : 1, executions, where both had a CPU" times ">= 1.8" <"$work/free"
else
	skipped "2 jobs : 1, executions, where both had a CPU" "there was no second CPU"
fi
