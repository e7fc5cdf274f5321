#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# bench.py prints a table of samples, compares it with an old run, and runs one benchmark.
. "$(dirname "$0")/tap.sh"

cd "$abs_builddir" || exit 99

skip_rest_without_tools python3

# run_bench_expecting STATUS OPTION...: true if bench.py ends with STATUS for the samples on standard input.
run_bench_expecting() {
	expected=$1
	shift
	OLD='' STRICT='' run_expecting_status "$expected" timeout 100 python3 "$abs_srcdir/bench/bench.py" "$@"
}

# print_samples_as_json NAME UNIT AIM VALUE...: prints the VALUEs as a benchmark does; `never` becomes null.
print_samples_as_json() {
	name=$1 unit=$2 aim=$3
	shift 3
	echo "{\"name\": \"$name\", \"unit\": \"$unit\", \"aim\": \"$aim\", \"values\": [$(echo "$*" |
		sed 's/ /, /g; s/never/null/g')]}"
}

# has_text_with_any_spacing FILE TEXT: true if a line of FILE has TEXT; several spaces in FILE count as one.
has_text_with_any_spacing() {
	tr -s ' ' <"$1" | grep -qF -- "$2"
}

# ---- rows ----

{
	print_samples_as_json 'a : b' times '>= 10' 12 10 11 13 100
	print_samples_as_json 'calls left' calls '<= 4' 5 4 9 3
	print_samples_as_json 'inputs' inputs '' 10 never never
	print_samples_as_json 'one' s '' 7
	echo '{"name": "another", "skipped": "no such thing"}'
} >"$scratch/first"
run_bench_expecting 0 --rows --json "$scratch/first.json" <"$scratch/first"
ok $? "samples make rows" "$scratch/err"
has_text_with_any_spacing "$scratch/out" 'a : b 12 [11 .. 13] times 5 >= 10 met' &&
	has_text_with_any_spacing "$scratch/out" 'calls left 4.50 [3.75 .. 6] calls 4 <= 4 MISSED' &&
	has_text_with_any_spacing "$scratch/out" 'inputs never [never .. never] inputs 3' &&
	has_text_with_any_spacing "$scratch/out" 'one 7 [7 .. 7] s 1'
ok $? "with median and quarters, and whether the aim is met" "$scratch/out"
grep -q '^missed: calls left: 4.50 ' "$scratch/out" && grep -q '^4 figures; 1 of 2 aims met$' "$scratch/out" &&
	grep -q '^skipped: another: no such thing$' "$scratch/out"
ok $? "what is missed or skipped is said once more" "$scratch/out"
run_bench_expecting 1 --rows --strict <"$scratch/first" && grep '>= 10' "$scratch/first" | run_bench_expecting 0 --rows --strict
ok $? "a missed aim is a failure if one says so" "$scratch/out"
python3 - "$scratch/first.json" >"$scratch/out" 2>&1 <<-'END'
	import json, sys
	run = json.load(open(sys.argv[1]), parse_constant=lambda name: sys.exit(name))
	assert run["what"] == "bench" and run["version"] and run["begun"].endswith("Z") and run["seconds"] >= 0
	assert run["command"] and run["machine"]["cpus"] >= 1 and len(run["skipped"]) == 1
	row = run["rows"][0]
	assert (row["name"], row["unit"], row["median"], row["low"], row["high"], row["n"], row["aim"],
	        row["met"]) == ("a : b", "times", 12, 11, 13, 5, ">= 10", True), row
	assert run["rows"][2]["median"] is None and run["rows"][2]["low"] is None
	END
ok $? "and are kept as JSON" "$scratch/out"

# ---- lines that are no samples ----

# expect_refused_samples WHAT EXPECTED LINE...: bench.py must refuse the LINEs, in one line with EXPECTED.
expect_refused_samples() {
	what=$1 why=$2
	shift 2
	printf '%s\n' "$@" | run_bench_expecting 2 --rows && [ "$(wc -l <"$scratch/err")" -eq 1 ] &&
		grep -qF "$why" "$scratch/err"
	ok $? "refused: $what" "$scratch/err"
}
expect_refused_samples "a line that is no JSON" "<stdin>:2: expected a row, got 'frob'" "$(print_samples_as_json x s '' 1)" frob
expect_refused_samples "a row without values" "expected values of 'x'" '{"name": "x", "unit": "s", "values": []}'
expect_refused_samples "values that are no numbers" "expected values of 'x'" '{"name": "x", "unit": "s", "values": ["1"]}'
expect_refused_samples "not a number" "expected values of 'x'" '{"name": "x", "unit": "s", "values": [NaN]}'
expect_refused_samples "a row without a unit" "expected a row with name and unit" '{"name": "x", "values": [1]}'
expect_refused_samples "an aim that is none" "expected an aim as '>= 10'" "$(print_samples_as_json x s 'about 3' 1)"
expect_refused_samples "a name that is there twice" "expected each name once, got 'x' again" "$(print_samples_as_json x s '' 1)" "$(print_samples_as_json x s '' 2)"
run_bench_expecting 77 --rows </dev/null
ok $? "nothing measured is no pass" "$scratch/out"
run_bench_expecting 2 frob && run_bench_expecting 2 && run_bench_expecting 2 --rows page </dev/null
ok $? "bad usage: 2" "$scratch/err"

# ---- comparison with an old run ----

{
	print_samples_as_json 'a : b' times '>= 10' 24 22 23 26 200
	print_samples_as_json 'calls left' calls '<= 4' 5 4 8 3
	print_samples_as_json 'one' ms '' 7
	print_samples_as_json 'more' s '' 1
} >"$scratch/second"
run_bench_expecting 0 --rows --old "$scratch/first.json" <"$scratch/second"
ok $? "a run is compared with an old one" "$scratch/err"
has_text_with_any_spacing "$scratch/out" 'a : b 24 [23 .. 26] times 5 >= 10 met 12 [11 .. 13] x 2 higher' &&
	has_text_with_any_spacing "$scratch/out" '4.50 [3.75 .. 6] x 1 same' &&
	has_text_with_any_spacing "$scratch/out" 'one 7 [7 .. 7] ms 1 7 [7 .. 7] - another unit' &&
	has_text_with_any_spacing "$scratch/out" 'more 1 [1 .. 1] s 1 - - new'
ok $? "by ratio, and by whether the spreads overlap" "$scratch/out"
has_text_with_any_spacing "$scratch/out" 'inputs - inputs - never [never .. never] - GONE' &&
	grep -q '^gone: inputs: it was measured before$' "$scratch/out"
ok $? "a row that vanished is said" "$scratch/out"
grep '>= 10' "$scratch/second" | run_bench_expecting 1 --rows --strict --old "$scratch/first.json"
ok $? "and is a failure if one says so" "$scratch/out"
run_bench_expecting 0 --rows --json "$scratch/second.json" <"$scratch/second"
run_bench_expecting 0 --rows --old "$scratch/second.json" <"$scratch/first" &&
	has_text_with_any_spacing "$scratch/out" '24 [23 .. 26] x 0.50 lower'
ok $? "and the other way round" "$scratch/out"
! grep -q "another machine" "$scratch/out" &&
	sed 's/"cpus": [0-9]*/"cpus": 4096/' "$scratch/first.json" >"$scratch/other.json" &&
	run_bench_expecting 0 --rows --old "$scratch/other.json" <"$scratch/first" && grep -q "is from another machine" "$scratch/out"
ok $? "figures of another machine are marked" "$scratch/out"

# expect_refused_old_results FILE EXPECTED: bench.py must refuse --old FILE, with EXPECTED after the file's name.
expect_refused_old_results() {
	run_bench_expecting 2 --rows --old "$1" <"$scratch/first" && [ "$(wc -l <"$scratch/err")" -eq 1 ] &&
		grep -qF "$1$2" "$scratch/err" && [ ! -s "$scratch/out" ]
	ok $? "no old run$2" "$scratch/err"
}
expect_refused_old_results "$scratch/nowhere.json" ": expected a file that can be read"
head -n 5 "$scratch/first.json" >"$scratch/cut.json"
expect_refused_old_results "$scratch/cut.json" ":6: expected JSON"
echo '{"what": "replay", "rows": []}' >"$scratch/what.json"
expect_refused_old_results "$scratch/what.json" ": expected what \`make bench\` writes"
sed 's/"low": 11.0/"low": "11"/' "$scratch/first.json" >"$scratch/row.json"
expect_refused_old_results "$scratch/row.json" ": expected name, unit, median, low and high of row 1"

# ---- a real benchmark ----

BENCH_ROUNDS=1 run_bench_expecting 0 --json "$scratch/page.json" page
ok $? "bench_page, one round" "$scratch/err"
has_text_with_any_spacing "$scratch/out" 'plain: 64 bytes, page_read_raw : check and memcpy' &&
	has_text_with_any_spacing "$scratch/out" 'plain: direct, map and unmap : mmap and munmap' &&
	grep -q '"command": "make bench-page"' "$scratch/page.json"
ok $? "has its rows" "$scratch/out"
# If this build lacks a flavour, bench.py skips rows, so the report must show the part `bench` as incomplete.
state=partly
! grep -q '"skipped": \[\]' "$scratch/page.json" || state=good
report_shows_part_state $state bench "$scratch/page.json"
ok $? "make report reads them as $state" "$scratch/said"
mkdir "$scratch/empty"
(cd "$scratch/empty" && python3 "$abs_srcdir/bench/bench.py" page programs) >"$scratch/out" 2>&1
[ $? -eq 77 ] && grep -q '^skipped: page: plain: no bench_page$' "$scratch/out" &&
	grep -q '^skipped: programs: .*: no pagetorture-dev-tsan$' "$scratch/out"
ok $? "what is not built is skipped by name" "$scratch/out"
printf '#!/bin/sh\necho "{\\"name\\": \\"x\\", \\"unit\\": \\"s\\", \\"values\\": [1]}"\nexit 3\n' >"$scratch/empty/bench_page"
chmod +x "$scratch/empty/bench_page"
(cd "$scratch/empty" && python3 "$abs_srcdir/bench/bench.py" page) >"$scratch/out" 2>&1
[ $? -eq 1 ] && grep -q '^FAILED: page: plain: exit status 3 ' "$scratch/out"
ok $? "one that ends badly is a failure" "$scratch/out"
printf '#!/bin/sh\nexit 3\n' >"$scratch/empty/bench_page"
cp "$scratch/page.json" "$scratch/empty/bench.json"
(cd "$scratch/empty" && python3 "$abs_srcdir/bench/bench.py" --json bench.json page) >"$scratch/out" 2>&1
[ $? -eq 1 ] && report_shows_part_state failed bench "$scratch/empty/bench.json"
ok $? "one that fails before its first figure replaces the results of the run before" "$scratch/said"

done_testing
