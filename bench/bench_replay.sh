#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What isolation costs: `replay` of many small programs, each of them named if it fails,
# against libFuzzer's own -runs=0 on the same files, where the first crash ends all. Both in
# turn, so that what else the machine does falls on both; a second process brings what there
# is of a second processor, hence also the ratio in equal processor time. And then `replay` with inputs among
# them that crash, hang and leak: all are named, and nothing else is.
#
#   bench_replay.sh        run in the build folder
#   BENCH_INPUTS           programs (default 100000)
#   BENCH_ROUNDS           rounds (default 5)
# Exit status 1: replay is slower, or names wrongly. 77: no AddressSanitizer, or no fuzz_page.
set -u

inputs=${BENCH_INPUTS:-100000}
rounds=${BENCH_ROUNDS:-5}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

for binary in fuzz_page pagetorture-asan make_programs; do
	if [ ! -x ./$binary ]; then
		echo "bench-replay: skipped: no $binary"
		exit 77
	fi
done

mkdir "$work/inputs"
(here=$PWD && cd "$work/inputs" && "$here/make_programs" "$inputs" 1 bytes) || exit 2

# timed LOG COMMAND...: "SECONDS PROCESSOR-SECONDS"
timed() {
	log=$1
	shift
	python3 - "$log" "$@" <<-'END'
		import resource, subprocess, sys, time
		before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
		with open(sys.argv[1], "w") as log:
		    status = subprocess.call(sys.argv[2:], stdout=log, stderr=subprocess.STDOUT)
		used = resource.getrusage(resource.RUSAGE_CHILDREN)
		print("%.3f %.3f" % (time.monotonic() - start,
		      used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime))
		sys.exit(status)
	END
}

for round in $(seq "$rounds"); do
	engine=$(timed "$work/engine" ./fuzz_page -runs=0 -timeout=20 "$work/inputs") || exit 1
	replay=$(timed "$work/replay" ./pagetorture replay --flavour asan -j 2 "$work/inputs") || exit 1
	grep -q "^asan  *$inputs  *$inputs  *0 " "$work/replay" || exit 1
	echo "$round $engine $replay" | awk -v n="$inputs" '{
		printf "round %d: libFuzzer %d inputs/s in %.1f s of processor, replay %d in %.1f: %.2f, %.2f in equal processor time, processor %.2f\n",
			$1, n / $2, $3, n / $4, $5, $2 / $4, $3 / $5, $5 / $4 / ($3 / $2) }'
done | tee "$work/rounds"
[ "$(wc -l <"$work/rounds")" -eq "$rounds" ] || exit 1

# median COLUMN-FROM-THE-END: with smallest and largest
median() {
	awk -v back="$1" '{ print $(NF - back) + 0 }' "$work/rounds" | sort -n | awk '
		{ v[NR] = $1 }
		END { printf "%.2f (%.2f to %.2f)\n", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2, v[1], v[NR] }'
}

all=$(median 7)
equal=$(median 6)
given=$(median 0)
echo "replay with two processes does $all times libFuzzer's inputs a second, $equal times in equal processor time"
# Each of the three is four words.
echo "$all $equal $given" | awk '{
	if ($9 < 1.5)
		print "there was no second processor for the second process: only equal time counts"
	exit $9 < 1.5 ? $5 < 1 : $1 < 1 }' || status=1

# ---- failures among them ----

# spread WAY COUNT OFFSET: so many good inputs become bad ones.
spread() {
	for i in $(seq "$2"); do
		name=$((i * (inputs / $2) - $3))
		printf '# misbehave: %s\npagetorture 1\np0 = alloc_page(GFP_KERNEL)\n' "$1" \
			>"$work/inputs/$name.page"
		rm "$work/inputs/$name"
		echo "$name.page $1"
	done
}

{
	spread crash 100 17
	spread hang 10 29
	spread leak 10 41
} | sort >"$work/expected"
timed "$work/named" ./pagetorture replay --flavour asan -j 2 --misbehave --cpu 2 --timeout 10 --json \
	"$work/inputs" >"$work/time"
sed -n 's|^{"input": "[^"]*/\([^"/]*\)", .*"result": "\([a-z-]*\)", "failed": true.*|\1 \2|p' "$work/named" |
	sort | diff "$work/expected" - >"$work/wrong" || status=1
if [ -s "$work/wrong" ]; then
	echo "expected (<) and named (>):"
	cat "$work/wrong"
else
	echo "100 that crash, 10 that hang, 10 that leak among $inputs: all named, nothing else, in $(cut -d ' ' -f 1 "$work/time") s"
fi
exit "${status:-0}"
