#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `run`: model and execution agree on all of corpus/rules in every flavour, again and
# again; and they disagree when one of them is wrong.
. "$(dirname "$0")/tap.sh"

rules=$abs_srcdir/corpus/rules
count=$(find "$rules" -name '*.page' | wc -l)

for backend in direct alias; do
	if ! has_backend $backend; then
		skip "corpus/rules, $backend: the page library has no such backend"
		continue
	fi
	for flavour in plain asan tsan msan; do
		if ! has_flavour $flavour; then
			skip "corpus/rules, $backend: this build has no $flavour flavour"
			continue
		fi
		run_to 0 "$pagetorture" run --backend $backend --flavour $flavour "$rules"/*.page &&
			[ "$(grep -c ' yes$' "$scratch/out")" -eq "$count" ]
		ok $? "corpus/rules, $backend: model and $flavour agree" "$scratch/err"
	done
done

run_to 0 "$pagetorture" run --repeat 1000 "$rules/two-races-one-program.page"
ok $? "1,000 repeats of a racy program: one verdict" "$scratch/err"

for name in sideways ''; do
	run_to 2 env PAGE_MAP=$name "$pagetorture" run "$rules/bounds.page" &&
		[ "$(wc -l <"$scratch/err")" -eq 1 ] && grep -q "a backend .*got '$name'" "$scratch/err"
	ok $? "PAGE_MAP='$name' is refused, not taken for another" "$scratch/err"
done

# Executions that do not see what the model says, and the other way round.
if has_flavour tsan; then
	"$pagetorture" run --flavour tsan "$rules/disjoint-writes.page" "$rules/both-read.page" \
		"$rules/write-whole-page-twice.page" | grep -q 'data-race *data-race'
	ok $? "ThreadSanitizer reports the race"
	for byte in 0 1 2 3 4 5 6 7; do
		sed "s/^T1: .*/T1: write_raw(p0, $byte, 1, 0x2)/" \
			"$rules/tsan-forgets-a-fifth-set-of-bytes.page" >"$scratch/byte-$byte.page"
	done
	run_to 0 "$pagetorture" run --flavour tsan "$scratch"/byte-?.page &&
		grep -q 'page *data-race *unseen' "$scratch/out"
	ok $? "a race beyond its memory is called unseen, not clean" "$scratch/out"
else
	skip "this build has no tsan flavour"
	skip "this build has no tsan flavour"
fi

run_to 0 "$pagetorture" run --json "$rules/both-read.page" &&
	grep -q '"flavours": {"plain": {"result": "agree", "fibers": "clean"' "$scratch/out" &&
	grep -q '"agree": true}' "$scratch/out"
ok $? "--json has the flavours" "$scratch/out"
if command -v jq >/dev/null; then
	jq -e '.verdict == [] and .agree' "$scratch/out" >/dev/null
	ok $? "--json is JSON" "$scratch/out"
else
	skip "no jq to read --json with"
fi

run_to 0 "$pagetorture" run - <"$rules/read-write.page" && grep -q '^-  *data-race.*yes$' "$scratch/out"
ok $? "standard input is run by every flavour" "$scratch/err"
printf 'pagetorture 1\nexpect data-race\n' >"$scratch/wrong.page"
run_to 1 "$pagetorture" run "$scratch/wrong.page" && grep -q 'claim does not hold' "$scratch/err"
ok $? "a claim that does not hold ends with 1" "$scratch/err"

# What sees a fatal call where: a table of program, backend, flavour, what is seen.
sees() {
	if ! has_flavour "$3"; then
		skip "$1: this build has no $3 flavour"
		return
	fi
	if ! has_backend "$2"; then
		skip "$1: the page library has no $2 backend"
		return
	fi
	"$pagetorture" run --backend "$2" --flavour "$3" "$rules/$1.page" >"$scratch/out" 2>"$scratch/err"
	grep -q " $4.* yes$" "$scratch/out"
	ok $? "$2 backend, $3: $1 is seen as $4" "$scratch/out"
}
sees use-after-unmap direct plain 'use-after-unmap *not run'
sees use-after-unmap alias plain 'use-after-unmap *use-after-unmap'
sees use-after-unmap alias asan 'use-after-unmap *use-after-unmap'
sees foreign-load direct asan 'foreign-map *not run'
sees foreign-load alias asan 'foreign-map *foreign-map'
sees foreign-load alias tsan 'foreign-map *foreign-map'
sees out-of-bounds-by-one alias plain 'out-of-bounds *out-of-bounds'
sees uninit-value direct msan 'uninit-use *uninit-use'
sees uninit-copied-then-used alias msan 'uninit-use *uninit-use'
sees aliases-overlap alias tsan 'data-race *data-race'

done_testing
