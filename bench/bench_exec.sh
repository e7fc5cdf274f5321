#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What an input costs, and who it costs: fuzz_page against a target that does nothing, both
# under libFuzzer with AddressSanitizer, in turns, on the stored program whose length is
# nearest to the mean; and where the samples of a profile of fuzz_page lie. A sample counts
# for the innermost part on its stack: what the library calls (memcpy) is the library's.
#
#   bench_exec.sh          run in the build folder
#   BENCH_ROUNDS           rounds (default 5)
#   BENCH_RUNS             executions of each (default 100000)
set -u

rounds=${BENCH_ROUNDS:-5}
runs=${BENCH_RUNS:-100000}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

for binary in fuzz_page fuzz_empty; do
	if [ ! -x ./$binary ]; then
		echo "bench-exec: skipped: no libFuzzer binary of $binary (make fuzzers)"
		exit 77
	fi
done

# Of sorted numbers, one a line: median [least .. most]
spread() {
	sort -n | awk '{ x[NR] = $1 } END { printf "%s [%s .. %s]\n", x[int((NR + 1) / 2)], x[1], x[NR] }'
}

mean_program() {
	for seed in seeds/fuzz_page/*; do
		echo "$(stat -c %s "$seed") $seed"
	done >"$work/sizes"
	awk 'NR == FNR { sum += $1; n++; next }
		{ away = $1 - sum / n; print away < 0 ? -away : away, $2 }' \
		"$work/sizes" "$work/sizes" | sort -n | head -n 1 | cut -d ' ' -f 2
}

# rate BINARY: executions a second; the engine reads the file each time, in both.
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
echo "on $program, executions a second: fuzz_page $(cut -d ' ' -f 1 "$work/rates" | spread)," \
	"an empty target $(cut -d ' ' -f 2 "$work/rates" | spread):" \
	"$(awk '{ printf "%.2f\n", $1 / $2 }' "$work/rates" | spread) of it"

# ---- whose time ----

if ! command -v perf >/dev/null; then
	echo "skipped: whose time it is (no perf)"
	exit 0
fi

# Functions of each part, static ones too, as "NAME PART".
parts() {
	for part in page harness; do
		nm "lib$part-fuzz-asan.a" | awk -v part=$part '$2 ~ /^[tT]$/ { print $3, part }'
	done
	echo LLVMFuzzerTestOneInput harness
}

# Samples by part, from stacks, innermost frame first: the first frame that is of a part.
# Apart from them what goes on inside of an execution: the engine's work is between them.
shares() {
	awk '
		function add(whose) {
			whole[whose]++
			inner[whose] += inside
			samples++
			executing += inside
		}
		function tell(what, count, all) {
			printf "%s: src/page %.0f %%, harness %.0f %%, engine and sanitizer %.0f %% (%d samples)\n",
				what, 100 * count["page"] / all, 100 * count["harness"] / all,
				100 * count["engine"] / all, all
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
				print "expected 100 samples in executions or more, got " executing + 0
				exit 1
			}
			tell("of the time in executions", inner, executing)
			tell("of all the time of fuzzing", whole, samples)
		}' "$1" -
}

parts >"$work/parts"
mkdir "$work/corpus"
if perf record -q -e cpu-clock:u -F 499 --call-graph dwarf,8192 -o "$work/perf" \
	./fuzz_page -max_total_time=10 -seed=1 -max_len=704 "$work/corpus" seeds/fuzz_page >"$work/log" 2>&1; then
	perf script -i "$work/perf" -F comm,ip,sym 2>/dev/null | sed 's/+0x[0-9a-f]*$//' | shares "$work/parts"
else
	echo "skipped: whose time it is (perf may not record: $(tail -n 1 "$work/log"))"
fi
