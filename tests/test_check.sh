#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `check` and `convert`: their results, their command lines, and their messages about bad input.
. "$(dirname "$0")/tap.sh"

rules=$abs_srcdir/corpus/rules
examples=$abs_srcdir/../shared/examples

# ---- good input ----

expect 0 "all expectations of corpus/rules hold" '' "$pagetorture" check "$rules"/*.page
if succeeds_or_skip "no examples beside this checkout" test -e "$examples/expected.jsonl"; then
	(cd "$examples" && "$pagetorture" check --json ./*.page) 2>"$scratch/err" |
		sed 's|"file": "./|"file": "|' >"$scratch/json"
	ok_if_files_equal "the examples beside the checkout print exactly what is expected" "$examples/expected.jsonl" "$scratch/json"
fi

cat >"$scratch/race.page" <<'END'
pagetorture 1
# Two threads write ranges that overlap by 32 bytes, and no call orders the two writes.
expect data-race
p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)
T0: write_raw(p0, 0, 64, 0x11)
T1: write_raw(p0, 32, 64, 0x22)
main: write_raw(p0, PAGE_SIZE, 1, 0) -> EINVAL
END
cat >"$scratch/expected" <<'END'
{"file": "-", "verdict": ["data-race"], "races": [{"first": 5, "second": 6, "page": "p0", "from": 32, "to": 64}], "results": [{"line": 4, "result": "0"}, {"line": 5, "result": "0"}, {"line": 6, "result": "0"}, {"line": 7, "result": "EINVAL"}], "fatal": null}
END
"$pagetorture" check --json - <"$scratch/race.page" >"$scratch/json"
ok_if_files_equal "standard input is -, and text" "$scratch/expected" "$scratch/json"
"$pagetorture" convert --bytes "$scratch/race.page" >"$scratch/race.bin"
"$pagetorture" convert --text "$scratch/race.bin" >"$scratch/text"
"$pagetorture" convert --bytes "$scratch/text" 2>/dev/null | cmp -s "$scratch/race.bin" -
ok $? "text to bytes to text to bytes"
expect 0 "findings in bytes name records, from 1" 'line 2 .*line 3' "$pagetorture" check "$scratch/race.bin"
expect 0 "convert keeps comment lines" '^# Two threads' "$pagetorture" convert --text "$scratch/race.page"

# ---- expectations that do not hold ----

# expect_unmet_expectation NAME PATTERN SED: `check` must end with 1 and print PATTERN for race.page after the change
# by the sed script.
expect_unmet_expectation() {
	sed "$3" "$scratch/race.page" >"$scratch/wrong.page"
	expect 1 "$1" "$2" "$pagetorture" check "$scratch/wrong.page"
}

expect_unmet_expectation "a wrong expect ends with 1" 'does not hold' 's/data-race/clean/'
expect_unmet_expectation "a wrong result ends with 1 and names its line" 'line 7: expected EFAULT' 's/-> EINVAL/-> EFAULT/'
expect_unmet_expectation "an expected result of a skipped call" 'skipped' '2,7d; 1a read_raw(p0, 0, 1) -> 0'

# ---- calls that can never run ----

cat >"$scratch/never.page" <<'END'
pagetorture 1
p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)
write_raw(p1, 0, 1, 0)
k1 = kmap_local(p1)
load(k1, 0, 1)
copy_page(p0, 0, p2, 0, 8)
p0 = alloc_page(GFP_KERNEL)
T0: unlock(m0)
T0: lock(m0)
T0: lock(m0)
T0: unlock(m0)
k0 = kmap_local(p0)
load_atomic(k0, 0, 3)
store_atomic(k0, 6, 4, 0)
kunmap_local(k0)
skip(u0, 1)
END
sed "s|^|$scratch/never.page:|" >"$scratch/expected" <<'END'
3: warning: write_raw never runs: no call before it fills p1
4: warning: kmap_local never runs: no call before it fills p1
5: warning: load never runs: no call before it fills k1, as line 4 never runs
6: warning: copy_page never runs: no call before it fills p2
7: warning: alloc_page never runs: p0 is filled already
8: warning: unlock never runs: T0 does not hold m0
10: warning: lock never runs: T0 holds m0 already
13: warning: load_atomic never runs: the size is 3, expected 1, 2, 4 or 8
14: warning: store_atomic never runs: the offset 0x6 is no multiple of the size 4
16: warning: skip never runs: no call before it fills u0
END
for command in 'check' 'check --json' 'explain' 'run --flavour plain' 'run --flavour plain --json'; do
	# shellcheck disable=SC2086 # split into words
	run_expecting_status 0 "$pagetorture" $command "$scratch/never.page" && diff "$scratch/expected" "$scratch/err" >"$scratch/diff" &&
		cp "$scratch/out" "$scratch/quiet" &&
		run_expecting_status 1 "$pagetorture" $command --strict "$scratch/never.page" && cmp -s "$scratch/out" "$scratch/quiet" &&
		diff "$scratch/expected" "$scratch/err" >"$scratch/diff"
	ok $? "$command names each call that can never run; --strict ends with 1" "$scratch/diff"
done
cat >"$scratch/late.page" <<'END'
pagetorture 1
T0: wait(s0)
T0: fill_zero(p0, 0, 8)
T1: p0 = alloc_page(GFP_KERNEL)
T1: post(s0)
fail_nth(1)
p1 = alloc_page(GFP_KERNEL)
fill_zero(p1, 0, 8)
p1 = alloc_page(GFP_KERNEL)
T2: wait(s1)
T2: get_page(p3)
T3: wait(s2)
T3: p3 = alloc_page(GFP_KERNEL)
END
run_expecting_status 0 "$pagetorture" check --strict "$scratch/late.page" && [ ! -s "$scratch/err" ]
ok $? "a handle that another thread fills first, or that a failure keeps empty, is no typo" "$scratch/err"
"$pagetorture" convert --bytes "$scratch/never.page" >"$scratch/never.bin"
expect 1 "of a byte string the first is named, and how many there are" \
	'never.bin:2: warning: write_raw never runs: no call before it fills p1; so do 9 more calls$' \
	"$pagetorture" check --strict "$scratch/never.bin"

# ---- bad input: one line each, the others are still evaluated ----

# expect_only_bad_file_refused NAME PATTERN FILE: `check FILE race.page` must end with 2, print one line about FILE that matches
# PATTERN, and evaluate race.page.
expect_only_bad_file_refused() {
	expect 2 "bad input: $1" 'race.page: data-race' "$pagetorture" check "$3" "$scratch/race.page"
	[ "$(wc -l <"$scratch/err")" -eq 2 ] && tail -n 1 "$scratch/err" | grep -q ' 2 files: 1 bad ' &&
		grep -F "$3" "$scratch/err" | grep -q "$2"
	ok $? "... is one line" "$scratch/err"
}

# expect_refused_line NAME LINE MESSAGE: `check` must print only MESSAGE, about a program whose third line is LINE.
expect_refused_line() {
	printf 'pagetorture 1\n\n%s\n' "$2" >"$scratch/line.page"
	run_expecting_status 2 "$pagetorture" check "$scratch/line.page" && [ "$(cat "$scratch/err")" = "$scratch/line.page:3: $3" ]
	ok $? "bad input: $1" "$scratch/err"
}

printf 'pagetorture 2\n' >"$scratch/header.page"
expect_only_bad_file_refused "a wrong header" ':1: .*pagetorture 1' "$scratch/header.page"
expect_refused_line "an unknown call" 'frob(p0)' "unknown call 'frob': expected the name of a call"
domain="number outside the domain: expected x, 2^32+x, 2^63+x or SIZE_MAX-x with x < 16384, got"
rule_names="clean or a rule (data-race, deadlock, foreign-map, map-overflow, out-of-bounds, uninit-use, unmap-order, use-after-free, use-after-unmap)"
expect_refused_line "two rules on a line" 'expect data-race uninit-use' \
	"expected one name a line, got 'data-race uninit-use': write 'expect NAME' on a line for each"
expect_refused_line "rules with commas" 'expect  data-race,deadlock' \
	"expected one name a line, got 'data-race,deadlock': write 'expect NAME' on a line for each"
expect_refused_line "no rule" 'expect # nothing' "expected $rule_names after 'expect'"
expect_refused_line "an unknown rule" 'expect race' "expected $rule_names, got 'race'"
for line in 'T0 write_raw(p0, 0, 1, 0)' 'main lock(m0)' 'T12 lock(m0)' 't0 p1 = alloc_page(GFP_KERNEL)' T3; do
	expect_refused_line "no colon: $line" "$line" "expected a thread (main or T0 .. T7) with ':', got '${line%% *}'"
done
expect_refused_line "a decimal number" 'read_raw(p0, 99999, 0)' "$domain 99999"
expect_refused_line "a hexadecimal number" 'read_raw(p0, 0X0fFFF, 0)' "$domain 0X0fFFF"
expect_refused_line "a sum" 'read_raw(p0, PAGE_SIZE +  0x7000, 0)' "$domain PAGE_SIZE +  0x7000"
expect_refused_line "a sum that wraps" 'read_raw(p0, SIZE_MAX+1, 0)' "expected a number of 0 .. SIZE_MAX, got SIZE_MAX+1"
expect_refused_line "a slice that is too large" 'u0 = user_slice(0x4000, 0)' "$domain 0x4000"
expect_refused_line "a slice of a large number" 'u0 = user_slice(SIZE_MAX-7, 0)' "expected a slice size of 0 .. 16383, got SIZE_MAX-7"
expect_refused_line "a handle" 'read_raw(p08, 0, 0)' "expected a handle p0 .. p7, got 'p08'"
expect_refused_line "a value" 'write_raw(p0, 0, 1, 0x100)' "expected a value of 0 .. 255, got '0x100'"
printf 'pagetorture 1\n\0\0\n' >"$scratch/nul.page"
printf 'pagetorture 1\n# a\0b\nget_page(p0)\n' >"$scratch/nul-comment.page"
run_expecting_status 0 "$pagetorture" convert --text "$scratch/nul-comment.page" && [ "$(wc -l <"$scratch/out")" -eq 3 ] &&
	head -n 2 "$scratch/nul-comment.page" >"$scratch/before" && head -n 2 "$scratch/out" | cmp - "$scratch/before"
ok $? "comments hold any UTF-8, NUL too, and convert keeps it" "$scratch/err"
expect_only_bad_file_refused "NUL bytes" ':2: expected ASCII text, got byte 0x00' "$scratch/nul.page"
head -c 10000000 /dev/urandom | tr -d '\n' >"$scratch/junk.page"
expect_only_bad_file_refused "10 MB of junk on one line" ':1: ' "$scratch/junk.page"
yes 'xxxxxxxxxxxxxxxx' | head -c 10000000 >"$scratch/lines.page"
expect_only_bad_file_refused "10 MB of junk lines" ':1: expected the header' "$scratch/lines.page"
mkdir "$scratch/directory.page"
expect_only_bad_file_refused "a directory without a program" 'expected at least one program' "$scratch/directory.page"
expect_only_bad_file_refused "a missing file" 'No such file' "$scratch/missing.page"
if [ "$(id -u)" -ne 0 ]; then
	printf 'pagetorture 1\n' >"$scratch/closed.page"
	chmod 0 "$scratch/closed.page"
	expect_only_bad_file_refused "an unreadable file" 'Permission denied' "$scratch/closed.page"
else
	# Root can read any file, but not the memory of a process at address 0.
	expect_only_bad_file_refused "an unreadable file" 'Input/output error' /proc/self/mem
fi
run_expecting_status 0 "$pagetorture" check "$scratch/race.bin" </dev/null
head -c 10000000 /dev/urandom >"$scratch/any.bin"
run_expecting_status 1 "$pagetorture" check "$scratch/any.bin" || [ "$status" -eq 0 ]
ok $? "10 MB of bytes are a program like any other" "$scratch/err"

# ---- output that cannot be written ----

for arguments in "check '$rules/bounds.page'" \
	"convert --text '$rules/bounds.page'" "explain '$rules/bounds.page'" "explore '$rules/bounds.page'" --help 'replay --help' \
	'fuzz --help'; do
	expect_error "a full disk under standard output ends with 2, and one line: ${arguments%% *}" '' \
		sh -c "'$pagetorture' $arguments >/dev/full"
done
"$pagetorture" run --flavour plain "$rules/free-twice.page" 2>&- | grep -q ' yes$'
ok $? "a closed standard error changes no result"
mkdir "$scratch/alone"
cp "$pagetorture" "$scratch/alone"
expect 2 "nothing executed is no agreement" '' "$scratch/alone/pagetorture" run --flavour msan "$rules/bounds.page"
printf 'pagetorture 1\noops\n' >"$scratch/oops.page"
expect 2 "standard input is called -" '^-:2: ' "$pagetorture" run - <"$scratch/oops.page"
printf 'pagetorture 1\nexpect data-race\n# why\nexpect deadlock\n' >"$scratch/why.page"
"$pagetorture" convert --text "$scratch/why.page" | cmp -s - "$scratch/why.page"
ok $? "a comment between expectations keeps its place"

# ---- usage ----

for arguments in '' 'frob' 'check' 'check --frob x' 'run' 'run --repeat 0 x' \
	'run --flavour frob x' 'run --executor frob x' 'run --delays x x' 'run --delays' 'convert'; do
	# shellcheck disable=SC2086 # split into words
	expect_error "usage: pagetorture $arguments" '' "$pagetorture" $arguments
done
for arguments in 'run --flavour plain,frob,asan' 'replay --flavour frob,' 'fuzz --engine afl,frob' \
	'run --delays 99999999999999999999' 'replay --shuffle 99999999999999999999'; do
	# shellcheck disable=SC2086 # split into words
	expect_error "the whole value is named: $arguments" " got '${arguments##* }'" "$pagetorture" $arguments x
done
for command in '' check run convert; do
	# shellcheck disable=SC2086 # split into words
	expect 0 "pagetorture $command --help has examples" Examples "$pagetorture" $command --help
done
expect 0 "--version" '^pagetorture [0-9]' "$pagetorture" --version

done_testing
