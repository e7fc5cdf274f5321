#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The examples for CI services, and the workflow of ClusterFuzzLite, can be read; their commands and
# options exist, and what they store is what the commands write. No CI service runs here.
. "$(dirname "$0")/tap.sh"

if ! python3 -c 'import yaml' 2>/dev/null; then
	skip_rest "pipelines of CI services: no python3-yaml"
fi
cp "$abs_srcdir"/examples/ci/*.yml "$abs_srcdir/.github/workflows/clusterfuzzlite.yml" "$scratch"
cp "$abs_srcdir"/.clusterfuzzlite/* "$scratch"

# is_good FILE
is_good() {
	python3 "$abs_srcdir/tests/ci.py" "$1" "$abs_srcdir" "$abs_builddir" >"$scratch/out" 2>"$scratch/err"
}

# refused FILE SED REASON
refused() {
	mkdir -p "$scratch/changed"
	sed "$2" "$scratch/$1" >"$scratch/changed/$1"
	! cmp -s "$scratch/$1" "$scratch/changed/$1" && ! is_good "$scratch/changed/$1" &&
		grep -qF -- "$3" "$scratch/err"
	ok $? "$1: refused: $3" "$scratch/err"
}

for file in github.yml gitlab.yml clusterfuzzlite.yml; do
	is_good "$scratch/$file"
	ok $? "$file: commands, options and files exist" "$scratch/err"
done
for file in github.yml gitlab.yml; do
	refused $file 's/make -C build race/make -C build rase/' "'rase' to be a target of make"
	refused $file 's/RACE_REPEAT/RACE_REPEET/' "'RACE_REPEET' to be known to make"
	refused $file 's/pagetorture replay/pagetorture repley/' "'repley' to be a command"
	refused $file 's/ --results build.replay/ --resluts build\/replay/' "'--resluts' to be an option of replay"
	refused $file 's/export sarif -o build.replay/export sarf -o build\/replay/' "got sarf -o"
	refused $file 's/--time 5h/--tim 5h/' "'--tim' to be an option of fuzz"
	refused $file 's/-o build.replay.xml/-o build\/other.xml/' "a command that writes 'build/replay.xml'"
	refused $file 's/fuzz-ci.findings.sarif/fuzz-ci\/finding.sarif/' "a command that writes 'build/fuzz-ci/finding.sarif'"
	refused $file 's/FUZZ_CI_TIME/FUZZ_CI_TIEM/' "'FUZZ_CI_TIEM' to be known to fuzz_ci.py"
	refused $file '/\.\/bootstrap/s/bootstrap/bootstrip/' "./bootstrap before other commands"
	refused $file 's/build.campaign$/build\/campaing/' "a corpus that is kept"
	refused $file 's/^stages:/stages: [/; s/^jobs:/jobs: [/' "expected YAML"
done
refused github.yml 's/checkout@v4/checkout/' "an action with its version"
refused github.yml '/category: night/d' "night: expected its category"
refused gitlab.yml 's/stage: gate/stage: gat/' "a stage"
refused clusterfuzzlite.yml 's/mode: prune/mode: batch/' "prune: expected its mode"
for file in github.yml gitlab.yml clusterfuzzlite.yml build.sh Dockerfile project.yaml; do
	grep -nHE '[a-z0-9-]+\.(io|com|org|dev)/' "$scratch/$file"
	head -n 3 "$scratch/$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause' || echo "$file: licence"
done >"$scratch/hosts"
ok_if_empty "they name no registry, and a licence" "$scratch/hosts"

done_testing
