#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The time of one input, and where it is spent. fuzz_page runs against an empty target, both under
# libFuzzer with AddressSanitizer, in turns, on the stored program of mean length. Then a profile of
# fuzz_page counts samples by part. A sample counts for the innermost part on its stack, so memcpy()
# called by the library counts for the library.
#
#   bench_exec.sh          run in the build directory; prints samples for bench.py
#   BENCH_ROUNDS           rounds (default 5)
#   BENCH_RUNS             executions of each (default 100000)
#   BENCH_SECONDS          of fuzzing under the profiler (default 10)
set -u
# shellcheck source=bench/figures.sh
. "$(dirname "$0")/figures.sh"

rounds=${BENCH_ROUNDS:-5}
runs=${BENCH_RUNS:-100000}

for binary in fuzz_page fuzz_empty; do
	if [ ! -x ./$binary ]; then
		skipped "what an input costs" "no libFuzzer binary of $binary (make fuzzers)"
		exit 77
	fi
done

mean_program() {
	for seed in seeds/fuzz_page/*; do
		echo "$(stat -c %s "$seed") $seed"
	done >"$work/sizes"
	awk 'NR == FNR { sum += $1; n++; next }
		{ away = $1 - sum / n; print away < 0 ? -away : away, $2 }' \
		"$work/sizes" "$work/sizes" | sort -n | head -n 1 | cut -d ' ' -f 2
}

# rate BINARY: print executions per second; both engines read the file each time.
rate() {
	"./$1" -runs="$runs" "$program" 2>&1 |
		awk -v runs="$runs" '$1 == "Executed" { printf "%d\n", runs * 1000 / ($4 ? $4 : 1) }'
}

program=$(mean_program)
for _ in $(seq "$rounds"); do
	page=$(rate fuzz_page)
	empty=$(rate fuzz_empty)
	echo "$page $empty"
done >"$work/rates"
say "on $program"
column 1 "$work/rates" | figure "fuzz_page, executions of one program" inputs/s ""
column 2 "$work/rates" | figure "an empty target, executions of one file" inputs/s ""
awk '{ print $1 / $2 }' "$work/rates" | figure "fuzz_page : an empty target" times ""

# ---- time by part ----

if ! command -v perf >/dev/null; then
	skipped "whose time it is" "no perf"
	exit 0
fi

# Print the functions of each part, also static ones, as "NAME PART".
parts() {
	for part in page harness; do
		nm "lib$part-fuzz-asan.a" | awk -v part=$part '$2 ~ /^[tT]$/ { print $3, part }'
	done
	echo LLVMFuzzerTestOneInput harness
}

# Count samples by part: the innermost frame of a stack that belongs to a part. Count separately the
# samples inside of an execution; the engine works between executions.
shares() {
	awk '
		function add(whose) {
			whole[whose]++
			inner[whose] += inside
			samples++
			executing += inside
		}
		function report(what, count, all) {
			print 100 * count["page"] / all, what ", src/page"
			print 100 * count["harness"] / all, what ", harness"
			print 100 * count["engine"] / all, what ", engine and sanitizer"
		}
		NR == FNR { part[$1] = $2; next }
		NF && !/^[^ \t]/ {
			if (!whose && $2 in part)
				whose = part[$2]
			if ($2 ~ /ExecuteCallback/)
				inside = 1
			next
		}
		!NF { add(whose ? whose : "engine") }
		{ whose = ""; inside = 0 }
		END {
			if (executing < 100) {
				print "expected 100 samples in executions or more, got " executing + 0 >"/dev/stderr"
				exit 1
			}
			report("time in executions", inner, executing)
			report("time of fuzzing", whole, samples)
		}' "$1" -
}

parts >"$work/parts"
mkdir "$work/corpus"
if perf record -q -e cpu-clock:u -F 499 --call-graph dwarf,8192 -o "$work/perf" \
	./fuzz_page -max_total_time="${BENCH_SECONDS:-10}" -seed=1 -max_len=704 "$work/corpus" \
	seeds/fuzz_page >"$work/log" 2>&1; then
	perf script -i "$work/perf" -F comm,ip,sym 2>/dev/null | sed 's/+0x[0-9a-f]*$//' |
		shares "$work/parts" >"$work/shares" || exit 1
	while read -r share what; do
		echo "$share" | figure "$what" % ""
	done <"$work/shares"
else
	skipped "whose time it is" "perf may not record"
	tail -n 1 "$work/log" >&2
fi
