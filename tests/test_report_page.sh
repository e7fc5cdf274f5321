#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `make report` makes a page from results of real runs and from generated results; headless Chromium checks the page.
. "$(dirname "$0")/tap.sh"

report_scripts=$abs_srcdir/report
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

# `make report` needs Jinja; the checks in a browser also need the Python module selenium.
python3 -c 'import jinja2' 2>/dev/null || skip_rest "no python3 with jinja2"
selenium=
for python in python3 /usr/bin/python3; do
	[ -n "$selenium" ] || ! $python -c 'import selenium' 2>/dev/null || selenium=$python
done

# make_report_page NAME RESULTS ARGUMENT...: makes the page $scratch/NAME from the directory RESULTS.
make_report_page() {
	name=$1 from=$2
	shift 2
	run_expecting_status 0 python3 "$report_scripts/main.py" --results "$from" --pagetorture "$pagetorture" \
		-o "$scratch/$name" "$@"
}

# ---- results of runs ----

mkdir "$scratch/build" "$scratch/results" "$scratch/empty-results"
cd "$abs_builddir" || exit 99
if ! has_flavour tsan || ! has_flavour asan || [ ! -x fuzz_page ]; then
	skip_rest "this build has not all that runs"
fi
results=$scratch/results
run_expecting_status 0 "$pagetorture_dev" race --detector tsan-fibers --results "$results/race.json" &&
	report_shows_part_state partly race "$results/race.json"
ok $? "race --results; one detector is not all" "$scratch/said"
# A run of all detectors takes minutes, so this script changes the results as if all detectors had run.
sed 's/"not_run": *\[[^]]*\]/"not_run": []/' "$results/race.json" >"$scratch/race.json" &&
	mv "$scratch/race.json" "$results/race.json" && report_shows_part_state good race "$results/race.json"
ok $? "with all detectors it would be good" "$scratch/said"
run_expecting_status 0 "$pagetorture" replay --results "$results/replay.json" "$abs_srcdir/corpus/rules" &&
	report_shows_part_state partly replay "$results/replay.json" && grep -q ' inputs in .* 0 failures' "$scratch/said"
ok $? "replay --results is what the report reads: one way of several" "$scratch/said"
mkdir "$scratch/bad-inputs"
echo 'pagetorture 2' >"$scratch/bad-inputs/version.page"
printf 'pagetorture 1\nexpect clean\np0 = alloc_page(GFP_KERNEL)\nfree_page(p0)\nfree_page(p0)\n' \
	>"$scratch/bad-inputs/claim.page"
run_expecting_status 2 "$pagetorture" replay --flavour plain --results "$scratch/bad.json" "$scratch/bad-inputs" &&
	report_shows_part_state failed replay "$scratch/bad.json" && grep -q '2 failures' "$scratch/said"
ok $? "replay --results of inputs that fail: failed" "$scratch/said"
run_expecting_status 2 "$pagetorture" replay --flavour plain --results "$scratch/bad.json" "$abs_srcdir/corpus/bugs" \
	"$scratch/missing" && report_shows_part_state failed replay "$scratch/bad.json"
ok $? "replay --results with an input that is missing: failed" "$scratch/said"
printf '{"what": "replay", ' >"$scratch/bad.json"
report_shows_part_state unreadable replay "$scratch/bad.json" && [ "$(wc -l <"$scratch/said")" -eq 1 ]
ok $? "results that are cut short: unreadable" "$scratch/said"
rm "$scratch/bad.json"
run_expecting_status 0 "$pagetorture" fuzz --time 3 --jobs 1 --engine libfuzzer --seed 7 --dir "$scratch/campaign" \
	--results "$results/fuzz.json" fuzz_page && grep -q '"status": *"good"' "$results/fuzz.json" &&
	grep -q '"seed": *7' "$results/fuzz.json" && report_shows_part_state good fuzz "$results/fuzz.json"
ok $? "fuzz --results" "$scratch/err"
run_expecting_status 2 "$pagetorture_dev" race --detector tsan-fibers --cell store/load --results "$results/race.json/such.json" &&
	[ "$(sed 1d "$scratch/err" | wc -l)" -eq 1 ] && grep -q 'such.json: expected a file' "$scratch/err"
ok $? "results that cannot be written are reported, and end with 2" "$scratch/err"
for backend in direct alias; do
	"$pagetorture" run --backend $backend --json --executor fibers --flavour plain,tsan "$abs_srcdir"/corpus/rules/*.page \
		>"$scratch/$backend.lines" 2>"$scratch/err"
done
python3 - "$report_scripts" "$results/rules.json" "$scratch" >"$scratch/err" 2>&1 <<-'END' &&
	import sys
	sys.path.insert(0, sys.argv[1])
	import keep
	tables = {backend: keep.read_json_lines(f"{sys.argv[3]}/{backend}.lines") for backend in ("direct", "alias")}
	keep.write_json(sys.argv[2], {**keep.make_result_head("rules", 1700000000, "make smoke", "good", ""), **tables})
END
	report_shows_part_state good rules "$results/rules.json"
ok $? "keep.py makes results of what scripts wrote" "$scratch/err"
cp "$pagetorture" "$pagetorture"-*san "$scratch/build"
(cd "$scratch/build" && sh "$abs_srcdir/build-aux/replay.sh" "$abs_srcdir" "$abs_srcdir/corpus/regress") \
	>"$scratch/out" 2>"$scratch/err" && cp "$scratch/build/results/replay.json" "$results"
if has_flavour msan && has_backend alias; then
	report_shows_part_state good replay "$results/replay.json"
	ok $? "make replay: all ways, in one file of the same form" "$scratch/said"
else
	report_shows_part_state partly replay "$results/replay.json"
	ok $? "make replay: the ways that this build has, in one file of the same form" "$scratch/said"
fi
printf '{"a": 1}\n{"what": \n' >"$scratch/bad.lines"
run_expecting_status 2 python3 "$report_scripts/keep.py" "$scratch/bad.json" --what bad --begun 1 --status good --command x \
	--run "$scratch/bad.lines" && grep -q 'bad.lines:2: expected JSON' "$scratch/err" && [ ! -e "$scratch/bad.json" ]
ok $? "an invalid line is reported with its number" "$scratch/err"
# Generates results of runs that take too long for a test, with text that looks like HTML and JavaScript.
python3 - "$abs_srcdir/tests/report_fixture.json" "$results" <<-'END'
	import json, pathlib, sys
	fixture, directory = json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2])
	for what, result in fixture["results"].items():
	    head = {"what": what, "command": f"make {what}", **fixture["head"]}
	    (directory / f"{what}.json").write_text(json.dumps({**head, **result}))
	for name, text in fixture["files"].items():
	    (directory / name).parent.mkdir(parents=True, exist_ok=True)
	    (directory / name).write_text(text)
END

# Results that another command made must not be shown as good, even if they are complete.
cp "$results/fuzz.json" "$scratch/other.json"
for part in rules race stress stress-long fuzz-ci replay coverage bugs kernel-vm mutants smoke bench; do
	report_shows_part_state unreadable $part "$scratch/other.json" || echo "$part: $(cat "$scratch/said")"
done >"$scratch/others"
ok_if_empty "results of another command: unreadable" "$scratch/others"

# ---- pages ----

make_report_page empty "$scratch/empty-results" && [ -s "$scratch/empty/index.html" ]
ok $? "without any run there is a page" "$scratch/err"
make_report_page good "$results" --coverage "$results/coverage" && grep -q '^sound: ' "$scratch/out"
ok $? "all was run, and is good: sound" "$scratch/out"

# The pages with bad results have only one pair of calls of the race matrix, to save time.
mkdir "$scratch/bad-results"
cp "$results"/*.json "$scratch/bad-results"
run_expecting_status 0 "$pagetorture_dev" race --detector tsan-fibers --cell store/load \
	--results "$scratch/bad-results/race.json"
make_report_page small "$scratch/bad-results" && grep -q '^partly  *The race matrix: in part' "$scratch/out"
ok $? "a pair of the matrix is not the matrix" "$scratch/out"
mkdir "$scratch/cut-results"
cp "$results"/*.json "$scratch/cut-results"
printf '{"what": "bugs", ' >"$scratch/cut-results/bugs.json"
make_report_page cut "$scratch/cut-results" && grep -q '^unreadable *Seeded bugs: cannot be read' "$scratch/out" &&
	grep -q '^incomplete: .*; cannot be read: Seeded bugs[;.]' "$scratch/out"
ok $? "results that cannot be read: incomplete, and no failure" "$scratch/out"
make_report_page finding "$scratch/bad-results" --triage "$results/triage" && grep -q '^failed: .*Findings' "$scratch/out"
ok $? "a finding is a failure" "$scratch/out"
touch "$scratch/library"
make_report_page old "$scratch/bad-results" --library "$scratch/library" && grep -q '^old  *Stress' "$scratch/out" &&
	grep -q '^incomplete: .*lder than the library' "$scratch/out"
ok $? "a run that is older than the library is none of it" "$scratch/out"

# Bad results: one cell of the race matrix is not as predicted, one input fails, and one file is no JSON.
python3 - "$scratch/bad-results" <<-'END'
	import json, pathlib, sys
	directory = pathlib.Path(sys.argv[1])
	race = json.loads((directory / "race.json").read_text())
	cell = next(c for c in race["matrix"] if c["cell"] == "store/load/nested/none/aliases")
	cell["as_predicted"] = race["as_predicted"] = race["detectors"][0]["as_predicted"] = False
	cell["detectors"]["tsan-fibers"].update(verdict="missed", reported=0)
	(directory / "race.json").write_text(json.dumps(race))
	replay = json.loads((directory / "replay.json").read_text())
	replay["runs"][0]["failures"] = [{"input": "a.page", "flavour": "asan", "result": "crash",
	                                 "why": "died", "replay": "pagetorture replay a.page"}]
	(directory / "replay.json").write_text(json.dumps(replay))
	long = json.loads((directory / "stress-long.json").read_text())
	long["failures"] = [{"run": 7, "status": 1, "command": "./stress_one -s 20 --seed=7"}]
	(directory / "stress-long.json").write_text(json.dumps(long))
	mutants = json.loads((directory / "mutants.json").read_text())
	mutants["all"].update(killed=8, survived=12, ratio=0.4)
	(directory / "mutants.json").write_text(json.dumps(mutants))
	(directory / "bugs.json").write_text('{"what": "bugs", ')
END
make_report_page parts-failed "$scratch/bad-results" &&
	grep -qE '^failed: Failed: .*The race matrix.*Stress for hours.*Replay of the corpus.*Mutants; cannot be read: Seeded bugs' "$scratch/out"
ok $? "parts that failed make it fail, by name" "$scratch/out"
! grep -nE 'innerHTML|outerHTML|insertAdjacentHTML|document\.write|https?://|\| *safe|autoescape false' "$report_scripts"/*.js \
	"$report_scripts"/page.css "$report_scripts"/templates/*.html >"$scratch/unsafe"
ok $? "no text of data becomes markup, no address is in the page" "$scratch/unsafe"

# ---- the page in a browser ----

if [ -z "$selenium" ]; then
	skip "looking at pages: no python3-selenium"
elif ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
	skip "looking at pages: no chromium and chromium-driver"
else
	shots=$abs_builddir/report/shots
	mkdir -p "$shots"
	finish_with_checks_of_command timeout 300 "$selenium" -Bu "$abs_srcdir/tests/report_page.py" "$scratch" "$shots"
	exit
fi

done_testing
