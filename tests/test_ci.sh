#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The examples for code hosts can be read, their commands and options are there, and what
# they keep is what the commands write. No code host runs here.
. "$(dirname "$0")/tap.sh"

examples=$abs_srcdir/examples/ci

if ! python3 -c 'import yaml' 2>/dev/null; then
	skip "examples for code hosts: no python3-yaml"
	done_testing
	exit
fi

# good FILE
good() {
	python3 "$abs_srcdir/tests/ci.py" "$1" "$abs_srcdir" "$abs_builddir" >"$scratch/out" 2>"$scratch/err"
}

# refused FILE SED WHY
refused() {
	sed "$2" "$examples/$1" >"$scratch/$1"
	! cmp -s "$examples/$1" "$scratch/$1" && ! good "$scratch/$1" && grep -qF -- "$3" "$scratch/err"
	ok $? "$1: refused: $3" "$scratch/err"
}

for file in github.yml gitlab.yml; do
	good "$examples/$file"
	ok $? "$file: commands, options and files are there" "$scratch/err"
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
for file in "$examples"/*.yml; do
	grep -nHE '[a-z0-9-]+\.(io|com|org|dev)/' "$file"
	head -n 2 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause' || echo "$file: licence"
done >"$scratch/hosts"
[ ! -s "$scratch/hosts" ]
ok $? "they name no registry, and a licence" "$scratch/hosts"

done_testing
