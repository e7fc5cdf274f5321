#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `pagetorture fuzz --merge` after campaigns, and fuzz_ci.py, the short campaign for CI services.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/fuzz_targets.sh"

build=$scratch/build
src=$scratch/src
mkdir -p "$build" "$src/fuzz" "$src/corpus/rules" "$src/corpus/regress" "$src/corpus/bugs"
if ! compile_small_targets "$build" 64; then
	skip_rest "${CC:-cc} has no libFuzzer"
fi
ln -s "$pagetorture" "$build/pagetorture"
ln -s "$abs_builddir/pagetorture-export" "$build/pagetorture-export"
for target in grow bug; do
	mkdir -p "$build/seeds/fuzz_$target" "$src/corpus/seed/fuzz_$target"
	printf x >"$build/seeds/fuzz_$target/x"
	cp "$scratch/$target.c" "$src/fuzz/fuzz_$target.c"
	printf '#!/bin/sh\nls "$@"\n' >"$build/fuzz_$target-replay"
	cp "$build/fuzz_$target-replay" "$build/fuzz_$target-replay-asan"
	chmod +x "$build"/*-replay*
done
cd "$build" || exit 99

# ---- merging ----

"$pagetorture" fuzz --bin . --engine libfuzzer --time 2 --dir campaign fuzz_grow >"$scratch/out" 2>&1
mkdir campaign/fuzz_grow/corpus/junk
for n in 1 2 3 4 5; do
	printf 'z%d' $n >campaign/fuzz_grow/corpus/superfluous-$n
done
list_sha1_of_inputs campaign/fuzz_grow/corpus >"$scratch/before"
seeds=$src/corpus/seed/fuzz_grow
# run_merge_expecting STATUS ARGUMENT...: runs `fuzz --merge` of fuzz_grow; true if it ends with STATUS.
run_merge_expecting() {
	status=$1
	shift
	run_expecting_status "$status" "$pagetorture" fuzz --bin . --merge --dir campaign "$@" fuzz_grow
}

run_merge_expecting 0 --new-seeds "$src/corpus/seed" && grep -q '^fuzz_grow: [0-9]* entries are now' "$scratch/out"
ok $? "merge: $(head -n 1 "$scratch/out")" "$scratch/err"
list_sha1_of_inputs campaign/fuzz_grow/corpus >"$scratch/after"
[ "$(wc -l <"$scratch/after")" -lt "$(wc -l <"$scratch/before")" ] && [ -s "$scratch/after" ] &&
	[ -d campaign/fuzz_grow/corpus/junk ]
ok $? "the corpus is smaller" "$scratch/out"
list_sha1_of_inputs campaign/fuzz_grow/corpus campaign/fuzz_grow/superseded | comm -13 - "$scratch/before" >"$scratch/lost"
ok_if_empty "and nothing is lost" "$scratch/lost"
ls "$seeds"/*.page >"$scratch/seeds" 2>&1
ok $? "what adds coverage is a seed" "$scratch/seeds"
for page in "$seeds"/*.page; do
	"$pagetorture" convert --text "$page" 2>&1 | cmp -s - "$page" || echo "$page"
done >"$scratch/odd"
ok_if_empty "in canonical form" "$scratch/odd"
cp campaign/fuzz_grow/superseded/superfluous-* campaign/fuzz_grow/corpus
rm "$seeds"/*.page
run_merge_expecting 0 && [ -z "$(ls "$seeds")" ]
ok $? "without --new-seeds it writes no seeds" "$scratch/err"
list_sha1_of_inputs campaign/fuzz_grow/corpus >"$scratch/before"
(
	flock 9
	run_merge_expecting 1 && grep -q 'another campaign runs' "$scratch/err"
) 9>campaign/fuzz_grow/lock && list_sha1_of_inputs campaign/fuzz_grow/corpus | cmp -s - "$scratch/before"
ok $? "no merging while a campaign runs" "$scratch/err"
run_merge_expecting 2 --dir nowhere && grep -q 'expected a campaign' "$scratch/err" && [ ! -e nowhere ]
ok $? "nothing to merge is a failure" "$scratch/err"

# ---- fuzz_ci.py ----

write_targets_def() {
	for target; do
		echo "TARGET($target, \"asan\", BYTES, \"x\")"
	done >"$src/fuzz/targets.def"
}

# run_fuzz_ci_expecting STATUS: runs fuzz_ci.py; true if it ends with STATUS.
run_fuzz_ci_expecting() {
	FUZZ_CI_TIME=4 run_expecting_status "$1" python3 -B "$abs_srcdir/build-aux/fuzz_ci.py" "$src"
}

# has_junit_case PATTERN: true if a test case of junit.xml matches PATTERN, in the form `CLASS NAME RESULT: REASON`.
has_junit_case() {
	python3 - <<-'END' | grep -E "^fuzz-ci\.$1" >"$scratch/case"
		import xml.etree.ElementTree as xml
		for case in xml.parse("fuzz-ci/junit.xml").iter("testcase"):
		    print(case.get("classname"), case.get("name"),
		          *(f"{part.tag}: {part.get('message')}" for part in case), "")
	END
}

write_targets_def fuzz_grow
run_fuzz_ci_expecting 0 && has_junit_case 'all fuzz_grow $' && has_junit_case 'replay fuzz_grow-replay-asan $'
ok $? "fuzz-ci: nothing found, exit 0" "$scratch/out"
report_shows_part_state good fuzz-ci results/fuzz-ci.json
ok $? "make report: good" "$scratch/said"
write_targets_def fuzz_bug fuzz_grow
run_fuzz_ci_expecting 1 && has_junit_case 'all fuzz_bug failure: FINDING fuzz_bug, crash: fuzz_bug: a bug' && has_junit_case 'all fuzz_grow $'
ok $? "a finding: exit 1, and the case of its target failed" "$scratch/out"
report_shows_part_state failed fuzz-ci results/fuzz-ci.json
ok $? "make report: failed" "$scratch/said"
python3 "$abs_srcdir/tests/sarif.py" fuzz-ci/findings.sarif 2>"$scratch/err"
ok $? "findings.sarif is there for a CI service" "$scratch/err"
printf '#!/bin/sh\necho "<it & that> failed"\nexit 1\n' >fuzz_grow-replay-asan
write_targets_def fuzz_grow fuzz_text
run_fuzz_ci_expecting 1 && has_junit_case 'replay fuzz_grow-replay-asan failure: <it & that> failed' &&
	has_junit_case 'replay fuzz_text-replay skipped' && has_junit_case 'all fuzz_text skipped'
ok $? "a regression: exit 1; what is not built is skipped by name" "$scratch/out"
# The scripts fuzz_lacking* act as fuzz targets whose calls the page library lacks.
for file in fuzz_lacking fuzz_lacking-replay fuzz_lacking-replay-asan; do
	printf '#!/bin/sh\necho "fuzz_lacking: skipped: the page library lacks page_borrow" >&2\nexit 69\n' >$file
	chmod +x $file
done
printf '#!/bin/sh\nls "$@"\n' >fuzz_grow-replay-asan
mkdir "$src/corpus/seed/fuzz_lacking"
write_targets_def fuzz_grow fuzz_lacking
run_fuzz_ci_expecting 0 && has_junit_case 'all fuzz_grow $' && has_junit_case 'all fuzz_lacking skipped: the page library lacks page_borrow' &&
	has_junit_case 'replay fuzz_lacking-replay skipped: .*lacks page_borrow' &&
	has_junit_case 'replay fuzz_lacking-replay-asan skipped: .*lacks page_borrow'
ok $? "a target that lacks calls of the page library is skipped by name, and is no pass" "$scratch/out"
cp fuzz_grow-replay fuzz_dead-replay
printf '#!/bin/sh\nexit 77\n' >fuzz_dead
chmod +x fuzz_dead
mkdir "$src/corpus/seed/fuzz_dead"
write_targets_def fuzz_dead fuzz_grow
run_fuzz_ci_expecting 2 && has_junit_case 'all fuzz_dead failure: libfuzzer-0 ended with status 77'
ok $? "a target that never runs an input is a failure, no skip" "$scratch/out"
write_targets_def fuzz_text
run_fuzz_ci_expecting 2
ok $? "nothing that can be fuzzed: exit 2" "$scratch/out"
report_shows_part_state failed fuzz-ci results/fuzz-ci.json
ok $? "make report: that is no pass" "$scratch/said"
FUZZ_CI_TIME=soon run_expecting_status 2 python3 -B "$abs_srcdir/build-aux/fuzz_ci.py" "$src"
ok $? "a time that is none: exit 2" "$scratch/err"
if has_tool_or_skip git; then
	write_targets_def fuzz_bug fuzz_grow
	(
		cd "$src" && git init -q . && git add . &&
			git -c user.name=x -c user.email=x commit -qm x && echo >>fuzz/fuzz_grow.c
	) >"$scratch/out" 2>&1
	FUZZ_CI_BASE=HEAD run_fuzz_ci_expecting 1 && grep -q '^changed, 2 s: fuzz_grow$' "$scratch/out"
	ok $? "targets that a change touches come first" "$scratch/out"
fi

done_testing
