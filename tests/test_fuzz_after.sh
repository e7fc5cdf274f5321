#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# After campaigns: merging, plots; and the short campaign for a CI.
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/report_state.sh
. "$(dirname "$0")/report_state.sh"
# shellcheck source=tests/fuzz_targets.sh
. "$(dirname "$0")/fuzz_targets.sh"

build=$scratch/build
src=$scratch/src
mkdir -p "$build" "$src/fuzz" "$src/corpus/rules" "$src/corpus/regress" "$src/corpus/bugs"
if ! make_targets "$build" 64; then
	skip "${CC:-cc} has no libFuzzer"
	done_testing
	exit
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

hashes() {
	find "$@" -type f -exec sha1sum {} + | cut -c 1-40 | sort -u
}

# ---- merging ----

"$pagetorture" fuzz --bin . --engine libfuzzer --time 2 --dir campaign fuzz_grow >"$scratch/out" 2>&1
mkdir campaign/fuzz_grow/corpus/junk
for n in 1 2 3 4 5; do
	printf 'z%d' $n >campaign/fuzz_grow/corpus/superfluous-$n
done
hashes campaign/fuzz_grow/corpus >"$scratch/before"
seeds=$src/corpus/seed/fuzz_grow
FUZZ_SEEDS='' run_to 0 python3 -B "$abs_srcdir/build-aux/fuzz_merge.py" "$src" campaign &&
	grep -q '^fuzz_grow: [0-9]* entries are now' "$scratch/out"
ok $? "merge: $(head -n 1 "$scratch/out")" "$scratch/err"
hashes campaign/fuzz_grow/corpus >"$scratch/after"
[ "$(wc -l <"$scratch/after")" -lt "$(wc -l <"$scratch/before")" ] && [ -s "$scratch/after" ] &&
	[ -d campaign/fuzz_grow/corpus/junk ]
ok $? "the corpus is smaller" "$scratch/out"
hashes campaign/fuzz_grow/corpus campaign/fuzz_grow/superseded | comm -13 - "$scratch/before" >"$scratch/lost"
[ ! -s "$scratch/lost" ]
ok $? "and nothing is lost" "$scratch/lost"
ls "$seeds"/*.page >"$scratch/seeds" 2>&1
ok $? "what adds coverage is a seed" "$scratch/seeds"
for page in "$seeds"/*.page; do
	"$pagetorture" convert --text "$page" 2>&1 | cmp -s - "$page" || echo "$page"
done >"$scratch/odd"
[ ! -s "$scratch/odd" ]
ok $? "in canonical form" "$scratch/odd"
cp campaign/fuzz_grow/superseded/superfluous-* campaign/fuzz_grow/corpus
rm "$seeds"/*.page
FUZZ_SEEDS=no run_to 0 python3 -B "$abs_srcdir/build-aux/fuzz_merge.py" "$src" campaign && [ -z "$(ls "$seeds")" ]
ok $? "FUZZ_SEEDS=no writes no seeds" "$scratch/err"
hashes campaign/fuzz_grow/corpus >"$scratch/before"
(
	flock 9
	FUZZ_SEEDS=no run_to 1 python3 -B "$abs_srcdir/build-aux/fuzz_merge.py" "$src" campaign
) 9>campaign/fuzz_grow/lock && hashes campaign/fuzz_grow/corpus | cmp -s - "$scratch/before"
ok $? "no merging while a campaign runs" "$scratch/err"
run_to 1 python3 -B "$abs_srcdir/build-aux/fuzz_merge.py" "$src" nowhere && grep -q 'expected a campaign' "$scratch/err"
ok $? "nothing to merge is a failure" "$scratch/err"

# ---- plots ----

if command -v gnuplot >/dev/null; then
	run_to 0 gnuplot -c "$abs_srcdir/build-aux/fuzz_plot.gp" campaign/fuzz_grow && grep -q '<path' campaign/fuzz_grow/plot.svg
	ok $? "coverage over time is plotted" "$scratch/err"
	run_to 1 gnuplot -c "$abs_srcdir/build-aux/fuzz_plot.gp" nowhere
	ok $? "nothing to plot is a failure" "$scratch/err"
else
	skip "plots: no gnuplot"
fi

# ---- a CI ----

targets_are() {
	for target; do
		echo "TARGET($target, \"asan\", BYTES, \"x\")"
	done >"$src/fuzz/targets.def"
}

ci() {
	FUZZ_CI_TIME=4 run_to "$1" python3 -B "$abs_srcdir/build-aux/fuzz_ci.py" "$src"
}

well_formed() {
	python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' fuzz-ci/junit.xml
}

targets_are fuzz_grow
ci 0 && grep -q '<testcase classname="all" name="fuzz_grow" />' fuzz-ci/junit.xml
ok $? "fuzz-ci: nothing found, exit 0" "$scratch/out"
report_says good fuzz-ci results/fuzz-ci.json
ok $? "make report: good" "$scratch/said"
targets_are fuzz_bug fuzz_grow
ci 1 && grep -q '<testcase classname="all" name="fuzz_bug"><failure message="FINDING fuzz_bug, crash: fuzz_bug: a bug' fuzz-ci/junit.xml &&
	grep -q '<testcase classname="all" name="fuzz_grow" />' fuzz-ci/junit.xml
ok $? "a finding: exit 1, and the case of its target failed" "$scratch/out"
report_says failed fuzz-ci results/fuzz-ci.json
ok $? "make report: failed" "$scratch/said"
well_formed
ok $? "junit.xml is well-formed" fuzz-ci/junit.xml
python3 "$abs_srcdir/tests/sarif.py" fuzz-ci/findings.sarif 2>"$scratch/err"
ok $? "findings.sarif is there for a code host" "$scratch/err"
printf '#!/bin/sh\necho "<it & that> failed"\nexit 1\n' >fuzz_grow-replay-asan
targets_are fuzz_grow fuzz_text
ci 1 && grep -q 'name="fuzz_grow-replay-asan"><failure message="&lt;it &amp; that&gt; failed"' fuzz-ci/junit.xml &&
	grep -q 'name="fuzz_text-replay"><skipped' fuzz-ci/junit.xml && well_formed &&
	grep -q 'classname="all" name="fuzz_text"><skipped' fuzz-ci/junit.xml
ok $? "a regression: exit 1; what is not built is skipped by name" "$scratch/out"
printf '#!/bin/sh\necho "fuzz_lacking: skipped: the page library lacks page_borrow" >&2\nexit 69\n' >fuzz_lacking
cp fuzz_lacking fuzz_lacking-replay
cp fuzz_lacking fuzz_lacking-replay-asan
printf '#!/bin/sh\nls "$@"\n' >fuzz_grow-replay-asan
mkdir "$src/corpus/seed/fuzz_lacking"
chmod +x fuzz_*
targets_are fuzz_grow fuzz_lacking
ci 0 && [ "$(grep -o '><skipped message="[^"]*the page library lacks page_borrow" />' fuzz-ci/junit.xml | wc -l)" = 3 ] &&
	grep -q 'classname="all" name="fuzz_grow" />' fuzz-ci/junit.xml && well_formed
ok $? "a target that lacks calls of the page library is skipped by name, and is no pass" "$scratch/out"
cp fuzz_grow-replay fuzz_dead-replay
printf '#!/bin/sh\nexit 77\n' >fuzz_dead
chmod +x fuzz_dead fuzz_dead-replay
mkdir "$src/corpus/seed/fuzz_dead"
targets_are fuzz_dead fuzz_grow
ci 2 && grep -q 'classname="all" name="fuzz_dead"><failure' fuzz-ci/junit.xml && well_formed
ok $? "a target that never runs an input is a failure, no skip" "$scratch/out"
targets_are fuzz_text
ci 2
ok $? "nothing that can be fuzzed: exit 2" "$scratch/out"
report_says failed fuzz-ci results/fuzz-ci.json
ok $? "make report: that is no pass" "$scratch/said"
FUZZ_CI_TIME=soon run_to 2 python3 -B "$abs_srcdir/build-aux/fuzz_ci.py" "$src"
ok $? "a time that is none: exit 2" "$scratch/err"
if command -v git >/dev/null; then
	targets_are fuzz_bug fuzz_grow
	(
		cd "$src" && git init -q . && git add . &&
			git -c user.name=x -c user.email=x commit -qm x && echo >>fuzz/fuzz_grow.c
	) >"$scratch/out" 2>&1
	FUZZ_CI_BASE=HEAD ci 1 && grep -q '^changed, 2 s: fuzz_grow$' "$scratch/out"
	ok $? "targets that a change touches come first" "$scratch/out"
else
	skip "changed targets: no git"
fi

done_testing
