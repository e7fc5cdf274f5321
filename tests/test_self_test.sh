#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `pagetorture-dev self-test` checks that `replay` gives an input that misbehaves in a way of misbehave.def the result
# that misbehave.def names, in each flavour, and that no other input fails.
. "$(dirname "$0")/tap.sh"

expect 0 "self-test: each way to fail is noticed, and no other input fails" '' "$abs_builddir/pagetorture-dev" self-test
cp "$scratch/out" "$scratch/self-test"
for signal in INT KILL; do
	kill_command_and_check_cleanup "$signal" "$abs_builddir/pagetorture-dev" self-test
	ok $? "self-test, ended by SIG$signal: no directory is left" "$scratch/err"
done
for flavour in $(list_flavours); do
	sed -n 's/^WAY([a-z_]*, "\([a-z-]*\)".*/\1/p' "$abs_srcdir/src/dev/misbehave/misbehave.def" |
		while read -r way; do
			grep -q "^$flavour  *$way  " "$scratch/self-test" || echo "$flavour $way"
		done
done >"$scratch/untested"
[ ! -s "$scratch/untested" ] && [ -s "$scratch/self-test" ]
ok $? "the self-test has each way of misbehave.def in each flavour" "$scratch/untested"
sed -n 's/^KIND([a-z_]*, "\([a-z-]*\)", true.*/\1/p' "$abs_srcdir/src/tool/run/kind.def" |
	while read -r kind; do
		case $kind in
		flaky | grows | state) ;; # chance; two orders, or several inputs, are needed
		*) awk -v kind="$kind" '$3 == kind { found = 1 } END { exit !found }' "$scratch/self-test" ||
			echo "$kind" ;;
		esac
	done >"$scratch/untested"
ok_if_empty "the self-test has each kind of failure" "$scratch/untested"

done_testing
