#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `run` reports that model and execution agree on all of corpus/rules, in every flavour and backend. `run` fails
# for a wrong expectation and for a crash.
. "$(dirname "$0")/tap.sh"

rules=$abs_srcdir/corpus/rules
count=$(find "$rules" -name '*.page' | wc -l)

# skip_if_backend_or_flavour_is_missing BACKEND FLAVOUR: true if this build lacks BACKEND or FLAVOUR; then
# prints that a check is skipped.
skip_if_backend_or_flavour_is_missing() {
	if ! has_backend "$1"; then
		skip "the page library has no backend $1"
	else
		! has_flavour_or_skip "$2" "run, $1"
	fi
}

for backend in direct alias; do
	for flavour in plain asan tsan msan; do
		skip_if_backend_or_flavour_is_missing $backend $flavour && continue
		run_expecting_status 0 "$pagetorture" run --backend $backend --flavour $flavour "$rules"/*.page &&
			[ "$(grep -c ' yes$' "$scratch/out")" -eq "$count" ]
		ok $? "corpus/rules, $backend: model and $flavour agree" "$scratch/err"
	done
done

expect 0 "1,000 repeats of a racy program: one verdict" '' \
	"$pagetorture" run --repeat 1000 "$rules/two-races-one-program.page"
for name in sideways ''; do
	expect_error "PAGE_MAP='$name' is refused, not taken for another" "a backend .*got '$name'" \
		env PAGE_MAP=$name "$pagetorture" run "$rules/bounds.page"
done

# ThreadSanitizer reports a race, or misses it as the model predicts, because its shadow holds few accesses.
if ! skip_if_backend_or_flavour_is_missing direct tsan; then
	expect 0 "ThreadSanitizer reports the race" 'data-race *data-race' "$pagetorture" run --flavour tsan \
		"$rules/disjoint-writes.page" "$rules/both-read.page" "$rules/write-whole-page-twice.page"
	for byte in 0 1 2 3 4 5 6 7; do
		sed "s/^T1: .*/T1: write_raw(p0, $byte, 1, 0x2)/" \
			"$rules/tsan-forgets-a-fifth-set-of-bytes.page" >"$scratch/byte-$byte.page"
	done
	expect 0 "a race beyond its memory is called unseen, not clean" 'page *data-race *unseen' \
		"$pagetorture" run --flavour tsan "$scratch"/byte-?.page
fi

expect 0 "--json has the flavours" '"flavours": {"plain": {"result": "agree", "fibers": "clean".*"agree": true}' \
	"$pagetorture" run --json "$rules/both-read.page"
if has_tool_or_skip jq; then
	jq -e '.verdict == [] and .agree' "$scratch/out" >/dev/null
	ok $? "--json is JSON" "$scratch/out"
fi
expect 0 "standard input is run by every flavour" '^-  *data-race.*yes$' "$pagetorture" run - <"$rules/read-write.page"
printf 'pagetorture 1\nexpect data-race\n' >"$scratch/wrong.page"
expect 1 "a claim that does not hold ends with 1" 'claim does not hold' "$pagetorture" run "$scratch/wrong.page"
printf '# misbehave: crash\npagetorture 1\np0 = alloc_page(GFP_KERNEL)\n' >"$scratch/crash.page"
"$pagetorture_dev" run --flavour plain "$scratch/crash.page" >"$scratch/all" 2>&1
sed -n '/ NO$/,$p' "$scratch/all" | grep -q 'crash.page: plain: crash'
ok $? "a failure is printed after the rows" "$scratch/all"

# Each line of the table: a program, a backend, a flavour, and the columns `model` and `observed` of `run`.
while read -r program backend flavour seen; do
	skip_if_backend_or_flavour_is_missing "$backend" "$flavour" && continue
	expect 0 "$backend backend, $flavour: $program is seen as $seen" " $seen.* yes\$" \
		"$pagetorture" run --backend "$backend" --flavour "$flavour" "$rules/$program.page"
done <<'END'
use-after-unmap direct plain use-after-unmap *not run
use-after-unmap alias plain use-after-unmap *use-after-unmap
use-after-unmap alias asan use-after-unmap *use-after-unmap
foreign-load direct asan foreign-map *not run
foreign-load alias asan foreign-map *foreign-map
foreign-load alias tsan foreign-map *foreign-map
out-of-bounds-by-one alias plain out-of-bounds *out-of-bounds
uninit-value direct msan uninit-use *uninit-use
uninit-copied-then-used alias msan uninit-use *uninit-use
aliases-overlap alias tsan data-race *data-race
END

done_testing
