#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The example pipelines for CI services and the workflow of ClusterFuzzLite are valid YAML. The commands and
# options in a pipeline exist, and write the files that it stores. This script runs no pipeline.
. "$(dirname "$0")/tap.sh"

if ! python3 -c 'import yaml' 2>/dev/null; then
	skip_rest "pipelines of CI services: no python3-yaml"
fi
cp "$abs_srcdir"/examples/ci/*.yml "$abs_srcdir/.github/workflows/clusterfuzzlite.yml" "$scratch"
cp "$abs_srcdir"/.clusterfuzzlite/* "$scratch"

# is_good_pipeline FILE: true if ci.py finds no problem in the pipeline.
is_good_pipeline() {
	python3 "$abs_srcdir/tests/ci.py" "$1" "$abs_srcdir" "$abs_builddir" >"$scratch/out" 2>"$scratch/err"
}

# expect_refused_pipeline FILE SED REASON: ci.py must refuse the file after the change by the sed script.
expect_refused_pipeline() {
	mkdir -p "$scratch/changed"
	sed "$2" "$scratch/$1" >"$scratch/changed/$1"
	! cmp -s "$scratch/$1" "$scratch/changed/$1" && ! is_good_pipeline "$scratch/changed/$1" &&
		grep -qF -- "$3" "$scratch/err"
	ok $? "$1: refused: $3" "$scratch/err"
}

for file in github.yml gitlab.yml clusterfuzzlite.yml; do
	is_good_pipeline "$scratch/$file"
	ok $? "$file: commands, options and files exist" "$scratch/err"
done
for file in github.yml gitlab.yml; do
	expect_refused_pipeline $file 's/make -C build race/make -C build rase/' "'rase' to be a target of make"
	expect_refused_pipeline $file 's/RACE_REPEAT/RACE_REPEET/' "'RACE_REPEET' to be known to make"
	expect_refused_pipeline $file 's/pagetorture replay/pagetorture repley/' "'repley' to be a command"
	expect_refused_pipeline $file 's/ --results build.replay/ --resluts build\/replay/' "'--resluts' to be an option of replay"
	expect_refused_pipeline $file 's/export sarif -o build.replay/export sarf -o build\/replay/' "got sarf -o"
	expect_refused_pipeline $file 's/--time 5h/--tim 5h/' "'--tim' to be an option of fuzz"
	expect_refused_pipeline $file 's/-o build.replay.xml/-o build\/other.xml/' "a command that writes 'build/replay.xml'"
	expect_refused_pipeline $file 's/fuzz-ci.findings.sarif/fuzz-ci\/finding.sarif/' "a command that writes 'build/fuzz-ci/finding.sarif'"
	expect_refused_pipeline $file 's/FUZZ_CI_TIME/FUZZ_CI_TIEM/' "'FUZZ_CI_TIEM' to be known to fuzz_ci.py"
	expect_refused_pipeline $file '/\.\/bootstrap/s/bootstrap/bootstrip/' "./bootstrap before other commands"
	expect_refused_pipeline $file 's/build.campaign$/build\/campaing/' "a corpus that is kept"
	expect_refused_pipeline $file 's/^stages:/stages: [/; s/^jobs:/jobs: [/' "expected YAML"
done
expect_refused_pipeline github.yml 's/checkout@v4/checkout/' "an action with its version"
expect_refused_pipeline github.yml '/category: night/d' "night: expected its category"
expect_refused_pipeline gitlab.yml 's/stage: gate/stage: gat/' "a stage"
expect_refused_pipeline clusterfuzzlite.yml 's/mode: prune/mode: batch/' "prune: expected its mode"
for file in github.yml gitlab.yml clusterfuzzlite.yml build.sh Dockerfile project.yaml; do
	grep -nHE '[a-z0-9-]+\.(io|com|org|dev)/' "$scratch/$file"
	head -n 3 "$scratch/$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause' || echo "$file: licence"
done >"$scratch/hosts"
ok_if_empty "they name no registry, and a licence" "$scratch/hosts"

done_testing
