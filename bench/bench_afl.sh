#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# AFL++ on each target: what the persistent mode brings against a process for each input,
# in turns, and whether the same input always takes the same edges (stability).
#
#   bench_afl.sh           run in the build folder, after `make afl-fuzzers`
#   BENCH_ROUNDS           rounds (default 3)
#   BENCH_SECONDS          seconds of each run (default 15)
# Exit status 1: less than 10 times, or a stability below 100 %. 77: no AFL++.
set -u

rounds=${BENCH_ROUNDS:-3}
seconds=${BENCH_SECONDS:-15}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM
status=0

if ! command -v afl-fuzz >/dev/null || [ ! -x afl/fuzz_page ]; then
	echo "bench-afl: skipped: no AFL++, or none of its binaries (make afl-fuzzers)"
	exit 77
fi

# Programs of 64 calls, as a campaign has them.
longest() {
	case $1 in
	*text) echo 4096 ;;
	*) echo 704 ;;
	esac
}

# run BINARY [COUNT]: "EXECUTIONS-A-SECOND STABILITY"; COUNT inputs to a process
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

# Of sorted numbers, one a line: median [least .. most]
spread() {
	sort -n | awk '{ x[NR] = $1 } END { printf "%.0f [%.0f .. %.0f]", x[int((NR + 1) / 2)], x[1], x[NR] }'
}

for binary in afl/fuzz_* afl-plain/fuzz_*; do
	if [ ! -x "$binary" ] || [ ! -d "seeds/${binary#*/}" ]; then
		continue
	fi
	rm -rf "$work/seeds"
	cp -r "seeds/${binary#*/}" "$work/seeds"
	for _ in $(seq "$rounds"); do
		echo "$(run "$binary") $(run "$binary" -1)"
	done >"$work/rates"
	ratios=$(awk '{ print $1 / ($3 ? $3 : 1) }' "$work/rates" | spread)
	stable=$(awk '{ print $2; print $4 }' "$work/rates" | sort -u | tr '\n' ' ')
	echo "$binary: $(cut -d ' ' -f 1 "$work/rates" | spread) inputs/s," \
		"$(cut -d ' ' -f 3 "$work/rates" | spread) with a process each:" \
		"$ratios times; stability $stable"
	if [ "${ratios%% *}" -lt 10 ] || [ "$stable" != "100.00% " ]; then
		status=1
	fi
done
exit $status
