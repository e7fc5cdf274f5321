#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The drawing of `explain` fits its width for every program, and marks the lines that `check` names.
. "$(dirname "$0")/tap.sh"

rules=$abs_srcdir/corpus/rules
examples=$abs_srcdir/../shared/examples

# ---- programs of every kind ----

mkdir "$scratch/random" "$scratch/large"
(cd "$scratch/random" && "$abs_builddir/make_programs" 200 1)
# Writes a program with all threads, the maximal number of calls, and the longest calls.
awk 'BEGIN { print "pagetorture 1"; print "p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)"
	for (i = 0; i < 1022; i++)
		print (i % 9 < 8 ? "T" i % 9 : "main") ": copy_page(p0, SIZE_MAX-16383, p0, " \
			"SIZE_MAX-16383, SIZE_MAX-16383) -> EINVAL" }' >"$scratch/large/long.page"
awk 'BEGIN { print "pagetorture 1"; print "p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)"
	for (i = 0; i < 1022; i++)
		print "T" i % 8 ": write_bytewise_atomic(p0, 0, PAGE_SIZE, 0xff)" }' \
	>"$scratch/large/races.page"
awk 'BEGIN { print "pagetorture 1"
	for (i = 0; i < 511; i++)
		print "T" (i * 5) % 8 ": post(s0)\nT" (i * 3 + 1) % 8 ": wait(s0)" }' \
	>"$scratch/large/edges.page"
awk 'BEGIN { print "pagetorture 1"; print "p0 = alloc_page(GFP_KERNEL)"; print "T7: k0 = kmap_local(p0)"
	for (i = 0; i < 400; i++)
		print "T7: store(k0, " i * 10 ", 3, 1)"
	for (i = 0; i < 8; i++)
		print "T" i ": lock(m" i % 4 ")"
	print "T7: load(k0, 0, PAGE_SIZE)" }' >"$scratch/large/holes.page"
awk 'BEGIN { print "pagetorture 1"; print "T0: wait(s0)"
	for (i = 0; i < 510; i++)
		print "T0: fail_nth(0)\nT1: fail_nth(0)" }' >"$scratch/large/left.page"
long=$scratch/large/$(printf '%0200d' 0).page
cp "$rules/deadlock.page" "$long"
printf 'pagetorture 1\n' >"$scratch/large/empty.page"
set -- "$rules"/*.page "$abs_srcdir"/corpus/regress/*.page "$abs_srcdir"/corpus/seed/*/*.page \
	"$scratch"/random/*.page "$scratch"/large/*.page
if succeeds_or_skip "no examples beside this checkout" test -e "$examples/expected.jsonl"; then
	set -- "$@" "$examples"/*.page
fi

for characters in ascii utf8; do
	"$pagetorture" explain --$characters "$@" >"$scratch/$characters" 2>"$scratch/err"
	[ $? -le 1 ] && ! grep -v ': warning: \|^pagetorture explain: .* failed$' "$scratch/err"
	ok $? "$# programs are explained in $characters" "$scratch/err"
	LC_ALL=C.UTF-8 grep -nE '.{101}' "$scratch/$characters" >"$scratch/wide"
	[ ! -s "$scratch/wide" ] && LC_ALL=C.UTF-8 grep -qE '.{100}' "$scratch/$characters"
	ok $? "$characters: no line is longer than 100 columns, and some are as long" "$scratch/wide"
done
LC_ALL=C grep -n '[^ -~]' "$scratch/ascii" >"$scratch/odd"
ok_if_empty "ASCII is ASCII" "$scratch/odd"
[ "$(wc -l <"$scratch/ascii")" -eq "$(wc -l <"$scratch/utf8")" ]
ok $? "both draw the same"

# ---- the calls, and the marks ----

# Prints each call that the drawing of `explain` lacks, and each line whose mark contradicts `check`.
for page; do
	"$pagetorture" convert --text "$page" 2>/dev/null || exit 99
	echo
done >"$scratch/texts"
"$pagetorture" check --json "$@" 2>/dev/null >"$scratch/json"
"$pagetorture" check "$@" 2>/dev/null >"$scratch/check"
python3 - "$scratch" "$@" >"$scratch/differ" <<'END'
import json, re, sys
directory, names = sys.argv[1], sys.argv[2:]
def read(name):
    with open(f"{directory}/{name}", encoding="utf-8") as file:
        return file.read()
def bare(text):
    """Without what may be between the words of a call: lanes, marks, line breaks."""
    return re.sub(r"[ |*~!>\n-]", "", text)
drawings = re.split(r"^\S*\.page: .*\n\n", read("ascii"), flags=re.MULTILINE)[1:]
checks = re.split(r"^\S.*\n", read("check"), flags=re.MULTILINE)[1:]
verdicts = [json.loads(line) for line in read("json").splitlines()]
texts = read("texts").split("pagetorture 1\n")[1:]
assert len(names) == len(drawings) == len(checks) == len(verdicts) == len(texts) >= 300, \
    (len(names), len(drawings), len(checks), len(verdicts), len(texts))
for name, drawing, check, verdict, text in zip(names, drawings, checks, verdicts, texts):
    drawn = bare(drawing)
    for line in text.splitlines() if "\nNever run" not in drawing else []:
        call = re.fullmatch(r"(?:main|T\d): (.*?)(?: -> \w+)?", line)
        if call and bare(call[1]) not in drawn:
            print(f"{name}: not drawn: {call[1]}")
    marked = {int(line) for line in re.findall(r"^! *(\d+) ", drawing, re.MULTILINE)}
    wrong = {race[side] for race in verdict["races"] for side in ("first", "second")}
    wrong |= {int(line) for line in re.findall(r"uninit-use .*: line (\d+) ", check)}
    wrong |= {verdict["fatal"]["line"]} if verdict["fatal"] else set()
    # In a deadlock, `explain` marks all lines that wait, and `check` names only the first of these lines.
    if not wrong <= marked or marked - wrong and "deadlock" not in verdict["verdict"]:
        print(f"{name}: marked {sorted(marked)}, by check {sorted(wrong)}")
END
ok_if_empty "$# programs: each call is drawn whole, and marked are the lines that check names" "$scratch/differ"

"$pagetorture" explain --ascii "$scratch/large/left.page" | sed -n '/^Never run/,$p' | tr -d '\n' |
	grep -o '[0-9][0-9]*' >"$scratch/left"
[ "$(wc -l <"$scratch/left")" -eq 510 ] && [ "$(tail -n 1 "$scratch/left")" -eq 1021 ]
ok $? "510 lines that never run are all named" "$scratch/left"

"$pagetorture" explain --ascii "$scratch/large/races.page" 2>/dev/null | grep -c '^! *[0-9]' >"$scratch/marked"
[ "$(cat "$scratch/marked")" -eq 1022 ]
ok $? "every one of 1022 racing calls is marked"

# expect_guilty_line_and_causes PROGRAM GUILTY CAUSES: `explain` must mark the line GUILTY as the call that breaks a
# rule, and exactly the lines CAUSES as its causes.
expect_guilty_line_and_causes() {
	"$pagetorture" explain --ascii "$rules/$1.page" >"$scratch/out"
	[ "$(sed -n 's/^! *\([0-9][0-9]*\) .*/\1/p' "$scratch/out" | paste -sd ' ')" = "$2" ] &&
		[ "$(sed -n 's/^~ *\([0-9][0-9]*\) .*/\1/p' "$scratch/out" | paste -sd ' ')" = "$3" ]
	ok $? "$1: line $2, because of ${3:-nothing else}"
}
expect_guilty_line_and_causes use-after-free-by-another-thread 9 6
expect_guilty_line_and_causes deadlock "6 7" "4 5"
expect_guilty_line_and_causes foreign-load 6 5
expect_guilty_line_and_causes uninit-copied-then-used 11 "4 7"
expect_guilty_line_and_causes overlap-one-byte "4 5" ""

# expect_explanation_with_text PROGRAM PART: `explain` must print PART for the program of corpus/rules.
expect_explanation_with_text() {
	"$pagetorture" explain --ascii "$rules/$1.page" >"$scratch/out" && grep -qF -- "$2" "$scratch/out"
	ok $? "$1: $2" "$scratch/out"
}
expect_explanation_with_text overlap-one-byte 'Lines 4 and 5 race on p0 byte 64.'
expect_explanation_with_text overlap-one-byte 'at line 5 T1 knows nothing of T0'
expect_explanation_with_text range-of-racing-bytes '--------------------##########----------'
expect_explanation_with_text aliases-overlap 'two mappings of one page are the same memory (R4)'
expect_explanation_with_text mutex-orders '>| m0: 8 before 5'
expect_explanation_with_text every-later-wait 's0: 5 before 8'
expect_explanation_with_text main-joins 'main waits for them'
expect_explanation_with_text deadlock 'Line 6: T0 waits for m1, which T1 holds since line 5.'
expect_explanation_with_text uninit-copied-then-used 'Line 7 copied byte 8 there without a value'
expect_explanation_with_text map-overflow 'k15 = kmap_local(p0): is still there'
expect_explanation_with_text out-of-bounds-by-one 'out-of-bounds (R1 bounds, R5 mapping)'
# `explain` has a text for every rule.
"$pagetorture" explain --ascii "$rules"/*.page >"$scratch/out"
sed -n 's/^RULE([a-z_]*, "\([a-z-]*\)".*/\1/p' "$abs_srcdir/src/harness/program/rules.def" |
	while read -r rule; do
		grep -q "^$rule (\(R[0-9]\|no rule of the page\)" "$scratch/out" || echo "$rule"
	done >"$scratch/missing"
ok_if_empty "every rule of rules.def is explained" "$scratch/missing"

# ---- the layout of the drawing ----

LC_ALL=C "$pagetorture" explain "$rules/mutex-orders.page" | grep -q '[^ -~]'
[ $? -eq 1 ]
ok $? "ASCII where the locale has no more"
LC_ALL=C.UTF-8 "$pagetorture" explain "$rules/mutex-orders.page" | grep -q '●'
ok $? "UTF-8 where it has"
! "$pagetorture" explain "$rules/overlap-one-byte.page" | grep -q "$(printf '\033')"
ok $? "no colours in a pipe"
if has_tool_or_skip script; then
	env -u NO_COLOR TERM=xterm script -qec "'$pagetorture' explain '$rules/overlap-one-byte.page'" \
		/dev/null </dev/null | grep -q "$(printf '\033')\[1;31m"
	ok $? "colours on a terminal"
	! NO_COLOR=1 TERM=xterm script -qec "'$pagetorture' explain '$rules/overlap-one-byte.page'" \
		/dev/null </dev/null | grep -q "$(printf '\033')"
	ok $? "none with NO_COLOR"
fi

# ---- usage ----

sed 's/expect data-race/expect clean/' "$rules/overlap-one-byte.page" >"$scratch/claim.page"
expect 1 "an expectation that is not met is reported, and ends with 1" 'A claim does not hold: expected clean, got data-race' \
	"$pagetorture" explain "$scratch/claim.page"
printf 'pagetorture 1\noops\n' >"$scratch/bad.page"
run_expecting_status 2 "$pagetorture" explain "$scratch/bad.page" "$rules/bounds.page" &&
	[ "$(wc -l <"$scratch/err")" -eq 2 ] && grep -q ':2: ' "$scratch/err" &&
	grep -q 'bounds.page: clean' "$scratch/out"
ok $? "a file that cannot be read ends with 2, the others are explained" "$scratch/err"
for arguments in '' '--frob x'; do
	# shellcheck disable=SC2086 # split into words
	expect_error "usage: pagetorture explain $arguments" '' "$pagetorture" explain $arguments
done
expect 0 "--help has examples" Examples "$pagetorture" explain --help

done_testing
