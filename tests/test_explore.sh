#!/bin/sh
# shellcheck disable=SC2016 # backticks and dollars are no expansions
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `explore`: its verdicts, limits and messages, and the programs and commands that it prints.
. "$(dirname "$0")/tap.sh"

rules=$abs_srcdir/corpus/rules
cd "$scratch" || exit 99

# ---- one verdict, and several ----

cat >same.page <<'END'
pagetorture 1
p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)
T0: write_raw(p0, 0, 8, 1)
T1: read_raw(p0, 4, 8)
END
# In line order the mutex orders the write of T0 before the write of T1.
cat >lock.page <<'END'
pagetorture 1
expect clean
p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)
T0: lock(m0)
T0: write_raw(p0, 0, 8, 1)
T0: unlock(m0)
T1: lock(m0)
T1: unlock(m0)
T1: write_raw(p0, 0, 8, 2)
END
# If T1 skips first, fewer bytes remain for T0.
cat >result.page <<'END'
pagetorture 1
u0 = user_slice(8, 1)
T0: skip(u0, 8) -> 0
T1: skip(u0, 1) -> EFAULT
END
printf 'pagetorture 1\n' >empty.page

expect 0 "a program with one verdict" '^same.page: data-race in each of 2 orders$' \
	"$pagetorture" explore same.page
expect 0 "a program without calls" '^empty.page: clean in its only order$' "$pagetorture" explore empty.page
expect 1 "a program with two verdicts" \
	'^lock.page: clean in line order; another verdict in [12] of 3 orders$' "$pagetorture" explore lock.page
expect 1 "an expected result that holds in one order only" \
	'clean (an expected result does not hold) in 1 of 2' \
	"$pagetorture" explore result.page
sed 's/expect clean/expect deadlock/' lock.page >wrong.page
expect 1 "an expectation that does not hold in line order" '^wrong.page: claim does not hold' \
	"$pagetorture" explore wrong.page
printf 'pagetorture 1\noops\n' >bad.page
run_expecting_status 2 "$pagetorture" explore bad.page same.page && grep -q '^bad.page:2: ' err &&
	grep -q '^same.page: data-race' out
ok $? "a file that cannot be read ends with 2, the others are evaluated" err
expect 1 "a directory means its programs" '^pagetorture explore: .* failed$' "$pagetorture" explore "$rules"
"$pagetorture" convert --bytes -o lock.bin lock.page 2>/dev/null
expect 1 "a byte string" '^lock.bin: clean in line order' "$pagetorture" explore lock.bin
expect 1 "standard input" '^-: clean in line order' "$pagetorture" explore - <lock.page
for options in '' '--drawing --json x' '--limit 0 x'; do
	# shellcheck disable=SC2086 # split into words
	expect_error "usage: pagetorture explore $options" '' "$pagetorture" explore $options
done

# ---- the printed programs ----

# store_program FILE: stores the program in the first here-document of `explore` in FILE, to program.page.
store_program() {
	sed -n "/<<'END'/,/^END/p" "$1" | sed '1d; $d' >program.page
}

"$pagetorture" explore lock.page >printed
store_program printed
expect 0 "check accepts the printed program" '^-: data-race$' "$pagetorture" check - <program.page
"$pagetorture" explore result.page >printed
store_program printed
expect 0 "check accepts the printed results" '^-: clean$' "$pagetorture" check - <program.page
grep -q '^T1: skip(u0, 1) -> 0$' program.page && grep -q '^T0: skip(u0, 8) -> EFAULT$' program.page
ok $? "the results are those of the printed order" program.page
"$pagetorture" explore --json "$abs_srcdir/corpus" 2>/dev/null | python3 -c '
import json, subprocess, sys
results = [json.loads(line) for line in sys.stdin]
programs = [(result["file"], other) for result in results for other in result["others"]]
assert len(programs) > 20, len(programs)
for file, other in programs:
    checked = subprocess.run([sys.argv[1], "check", "--json", "-"], input=other["program"], text=True,
                             capture_output=True)
    if checked.returncode or json.loads(checked.stdout)["verdict"] != other["verdict"]:
        print(file, checked)' "$pagetorture" >wrong 2>&1
ok_if_empty "check accepts each program that JSON has for the corpus" wrong

"$pagetorture" explore lock.page | sed -n '/^  explain: /,/^END/p' | sed 's/^  explain: //' >pasted.sh
(cd / && env -i PATH="$PATH" sh "$scratch/pasted.sh") >out 2>err && grep -q '^-: data-race' out
ok $? "the printed command works when it is pasted" err

mkdir "it's a dir" && cp lock.page "it's a dir/odd \$name.page"
expect 1 "--directory names the file" "  explain: .*odd \$name-data-race.page'$" \
	"$pagetorture" explore --directory 'out dir' "it's a dir" lock.page lock.bin "it's a dir"
sed -n 's/^  explain: //p' out >pasted.sh
(cd / && env -i PATH="$PATH" sh "$scratch/pasted.sh") >out 2>err && [ "$(grep -c ': data-race$' out)" -eq 4 ]
ok $? "... and the printed commands work" err
(cd 'out dir' && echo *) >files
names="lock-data-race.page lock.bin-data-race.page odd \$name-data-race-2.page odd \$name-data-race.page"
[ "$(cat files)" = "$names" ]
ok $? "each program has its own file" files
expect 0 "check accepts the files" '' "$pagetorture" check 'out dir'
expect 2 "a directory that cannot be written" '^/dev/null: expected a directory' \
	"$pagetorture" explore --directory /dev/null lock.page
expect 1 "--drawing draws the order" '^lock.page, in another order: data-race' \
	"$pagetorture" explore --drawing lock.page
grep -q 'Lines [0-9]* and [0-9]* race on p0' out
ok $? "... as explain does" out

# ---- limits ----

{
	printf 'pagetorture 1\np0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n'
	for _ in 1 2 3 4 5; do
		printf 'T%d: write_raw(p0, 0, 8, 1)\n' 0 1 2
	done
} >many.page
expect 1 "a limit is reported, and ends with 1" \
	'^many.page: data-race in each of the first 1000 orders; more orders may exist (--limit)$' \
	"$pagetorture" explore --limit 1000 many.page
"$pagetorture" explore --limit 1000 --json many.page | python3 -c '
import json, sys
result = json.load(sys.stdin)
assert result == {"file": "many.page", "verdict": ["data-race"], "results_hold": True, "orders": 1000,
                  "limit_reached": True, "others": []}, result' 2>err
ok $? "... and reported in JSON" err
expect 0 "a limit that is high enough" '^many.page: data-race in each of 756756 orders$' \
	"$pagetorture" explore --limit 756756 many.page
expect 1 "--all-orders evaluates equivalent orders too" '^  data-race in 4 of 5 orders' \
	"$pagetorture" explore --all-orders lock.page

# ---- the corpus ----

# The document lists each program of the corpus whose verdict depends on the order.
"$pagetorture" explore --json "$abs_srcdir/corpus" 2>/dev/null | python3 -c '
import json, sys
def describe(result):
    text = " ".join(result["verdict"]) or "clean"
    return text if result["results_hold"] else text + ", other results"
for line in sys.stdin:
    result = json.loads(line)
    if result["others"]:
        name = result["file"].split("/corpus/")[-1]
        others = "; ".join(map(describe, result["others"]))
        print(f"| `{name}` | {describe(result)} | {others} |")' >expected
grep '^| `[a-z_/]*/[a-z0-9-]*\.page` |' "$abs_srcdir/doc/explore.md" >listed
ok_if_files_equal "doc/explore.md lists the programs of the corpus with several verdicts" expected listed

# An execution of a clean program that fails would be a false alarm: the library is correct.
if has_flavour_or_skip tsan "explore --library on the corpus"; then
	"$pagetorture" explore --library --limit 500 "$abs_srcdir/corpus" >out 2>err
	grep 'found by' out >wrong
	grep -v -e 'not explored: .* one order breaks' -e ': [0-9]* files: [0-9]* bad' -e ' files ignored: ' err >>wrong
	[ ! -s wrong ] && [ "$(grep -c ': clean in' out)" -gt 100 ]
	ok $? "explore --library finds nothing in the clean programs of the corpus" wrong
fi

expect 0 "--help has examples" Examples "$pagetorture" explore --help
"$pagetorture" explore --help | sed -n '/^Examples:/,$p' | sed '1d' >examples
ln -s "$abs_srcdir/corpus" corpus
cp lock.page race.page
if has_tool_or_skip jq; then
	while read -r command; do
		PATH=$abs_builddir:$PATH sh -c "$command" >out 2>err
		[ $? -le 1 ] && [ -s out ] || echo "$command"
	done <examples >wrong
	[ ! -s wrong ] && [ "$(wc -l <examples)" -eq 4 ]
	ok $? "the examples of --help work" wrong
fi

done_testing
