#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# AFL++ on each target: the gain of the persistent mode against one process for each input, in turns,
# and the stability: whether the same input always executes the same edges.
#
#   bench_afl.sh           run in the build directory, after `make afl-fuzzers`; prints
#                        samples for bench.py
#   BENCH_ROUNDS           rounds (default 3)
#   BENCH_SECONDS          seconds of each run (default 15)
# Exit status 77: no AFL++.
set -u
# shellcheck source=bench/figures.sh
. "$(dirname "$0")/figures.sh"

rounds=${BENCH_ROUNDS:-3}
seconds=${BENCH_SECONDS:-15}

if ! command -v afl-fuzz >/dev/null || [ ! -x afl/fuzz_page ]; then
	skipped "AFL++" "no AFL++, or none of its binaries (make afl-fuzzers)"
	exit 77
fi

# The input length of 64 calls, as in a campaign.
longest() {
	case $1 in
	*text) echo 4096 ;;
	*) echo 704 ;;
	esac
}

# run BINARY [COUNT]: print "EXECUTIONS-PER-SECOND STABILITY" with COUNT inputs for each process
run() {
	binary=$1
	shift
	rm -rf "$work/out"
	AFL_NO_UI=1 AFL_TRY_AFFINITY=1 AFL_SKIP_CPUFREQ=1 AFL_FAST_CAL=1 \
		AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
		afl-fuzz -V "$seconds" -t 1000 -s 1 -G "$(longest "$binary")" -i "$work/seeds" -o "$work/out" -- "./$binary" "$@" \
		>"$work/log" 2>&1
	awk '/^execs_per_sec/ { rate = $3 } /^stability/ { stable = $3 } END { print rate + 0, stable }' \
		"$work/out/default/fuzzer_stats" 2>/dev/null || tail -n 3 "$work/log" >&2
}

for binary in afl/fuzz_* afl-plain/fuzz_*; do
	if [ ! -x "$binary" ] || [ ! -d "seeds/${binary#*/}" ]; then
		continue
	fi
	rm -rf "$work/seeds"
	cp -r "seeds/${binary#*/}" "$work/seeds"
	for round in $(seq "$rounds"); do
		say "bench-afl: $binary, $round of $rounds"
		echo "$(run "$binary") $(run "$binary" -1)"
	done >"$work/rates"
	column 1 "$work/rates" | figure "$binary, persistent" inputs/s ""
	column 3 "$work/rates" | figure "$binary, a process each" inputs/s ""
	awk '{ print $1 / ($3 ? $3 : 1) }' "$work/rates" |
		figure "$binary, persistent : a process each" times ">= 10"
	{
		column 2 "$work/rates"
		column 4 "$work/rates"
	} | tr -d % | figure "$binary, stability" % ">= 100"
done
