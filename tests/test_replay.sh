#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `replay` finds no failure in the corpus, in every flavour, backend and order. `replay` prints the kind of
# each failure, lists no input that does not fail, and refuses a directory without inputs.
. "$(dirname "$0")/tap.sh"

corpus=$abs_srcdir/corpus
count=$(find "$corpus" -name "*.page" | wc -l)
tab=$(printf '\t')

for flavour in asan tsan msan; do
	has_flavour_or_skip "$flavour" replay
done
flavours=$(list_flavours)

# ---- inputs that do not fail ----

for backend in direct alias; do
	if ! has_backend $backend; then
		skip "the corpus, $backend: the page library has no such backend"
		continue
	fi
	for order in '' --orders '--orders --shuffle 5' '--executor both'; do
		# shellcheck disable=SC2086 # split into words
		run_expecting_status 0 "$pagetorture" replay --backend $backend $order "$corpus"
		good=$?
		for flavour in $flavours; do
			grep -q "^$flavour  *$count  *$count  *0 " "$scratch/out" || good=1
		done
		ok $good "the corpus, $backend $order: all $count inputs are good" "$scratch/err"
	done
done

mkdir "$scratch/bytes"
for page in "$corpus"/rules/*.page; do
	"$pagetorture" convert --bytes "$page" >"$scratch/bytes/$(basename "$page" .page).bin"
done
expect 0 "bytes are replayed as text is" '' "$pagetorture" replay --flavour plain "$scratch/bytes"

# ---- inputs that fail ----

# Of 600 inputs, `replay` must list exactly those that fail, each with its kind of failure.
mkdir "$scratch/mixed"
: >"$scratch/expected"
for i in $(seq -w 600); do
	case $i in
	*[05]0) way=crash kind=crash ;;
	*[27]7) way=leak kind=leak ;;
	*13) way=exit kind=exit ;;
	*33) way=corrupt-later kind=corrupts ;;
	100 | 303) way=hang kind=hang ;;
	*) way='' ;;
	esac
	if [ -n "$way" ]; then
		write_good_program "$scratch/mixed/$i.page" "# misbehave: $way"
		echo "$i.page $kind" >>"$scratch/expected"
	else
		write_good_program "$scratch/mixed/$i.page"
	fi
done
failing=$(wc -l <"$scratch/expected")

# list_failed_inputs: prints NAME KIND for each failed input in the JSON output.
list_failed_inputs() {
	sed -n 's|^{"input": "[^"]*/\([^"/]*\)", .*, "result": "\([a-z-]*\)", "failed": true.*|\1 \2|p' "$scratch/out"
}

for flavour in $flavours; do
	run_expecting_status 1 "$pagetorture_dev" replay --flavour "$flavour" --cpu 1 --timeout 30 --json "$scratch/mixed" &&
		list_failed_inputs | diff "$scratch/expected" - >"$scratch/diff"
	ok $? "$flavour: of 600 inputs the $failing that fail are named, and no other" "$scratch/diff"
done
sed -n 's/^  replay: //p' "$scratch/err" >"$scratch/commands"
[ "$(wc -l <"$scratch/commands")" -eq "$failing" ]
ok $? "each comes with a command" "$scratch/err"
"$pagetorture_dev" replay --flavour plain --jobs 1 --cpu 1 --timeout 30 "$scratch/mixed" 2>&1 |
	sed -n 's|.*/\(...\)\.page: plain: corrupts: after it .*/\(...\)\.page: .*|\1 \2|p' >"$scratch/pairs"
[ "$(wc -l <"$scratch/pairs")" -eq 6 ] && awk '$2 != $1 + 1 { exit 1 }' "$scratch/pairs"
ok $? "an input that corrupts is blamed for the failure of the input after it" "$scratch/pairs"
cp "$scratch/err" "$scratch/reported"
grep -E 'crash|leak|exit|corrupts' "$scratch/reported" | awk -F': ' '{ print $3 "\t" $1 }' | sort -u -k1,1 |
	while IFS=$tab read -r kind name; do
		grep -A 40 "^$name: " "$scratch/reported" | sed -n 's/^  replay: //p' | head -n 1 >"$scratch/command"
		run_expecting_status 1 sh "$scratch/command" &&
			grep -q "^$name: [a-z]*: $kind: " "$scratch/err" || echo "$kind: $(cat "$scratch/command")"
	done >"$scratch/unlike"
ok_if_empty "the command that is printed shows the same failure again" "$scratch/unlike"

expect 0 "for pagetorture the comments are comments" '' "$pagetorture" replay --flavour plain "$scratch/mixed"
printf 'pagetorture 1\np0 = alloc_page(GFP_KERNEL)\n' >"$scratch/none.page"
expect 0 "without the comment pagetorture-dev changes nothing" '' "$pagetorture_dev" replay --flavour plain "$scratch/none.page"

# No input follows the last one, so a good input runs again after it.
mkdir "$scratch/last"
write_good_program "$scratch/last/a.page"
write_good_program "$scratch/last/b.page" '# misbehave: corrupt-later'
expect 1 "the last input of a process is named if it corrupts" 'b.page: plain: corrupts: after it .*a.page: ' \
	"$pagetorture_dev" replay --flavour plain --jobs 1 "$scratch/last"

# The input m.page changes the outcome of later inputs, but makes no input fail.
mkdir "$scratch/orders"
for name in a m z; do
	{
		[ $name != m ] || echo '# misbehave: remember'
		printf 'pagetorture 1\np0 = alloc_page(GFP_KERNEL)\nread_raw(p0, 0, 0x10)\nget_page(p0)\n'
	} >"$scratch/orders/$name.page"
done
expect 1 "--orders names the input that changes the outcome of others" \
	'm.page: plain: corrupts: .*a.page: another outcome than alone' \
	"$pagetorture_dev" replay --flavour plain --orders "$scratch/orders"
expect 0 "one order does not see that" '' "$pagetorture_dev" replay --flavour plain "$scratch/orders"

# If one of 300 inputs in one process leaks memory, `replay` must list this input.
if has_flavour_or_skip asan "memory that nothing points to"; then
	rm -rf "$scratch/lost"
	mkdir "$scratch/lost"
	for i in $(seq -w 300); do
		write_good_program "$scratch/lost/$i.page"
	done
	write_good_program "$scratch/lost/234.page" "# misbehave: lose"
	run_expecting_status 1 "$pagetorture_dev" replay --flavour asan --json "$scratch/lost" &&
		[ "$(list_failed_inputs)" = '234.page leak' ]
	ok $? "asan: memory that nothing points to is found, and who lost it" "$scratch/err"
fi

# ---- directories without inputs ----

mkdir "$scratch/empty"
expect 2 "an empty directory ends with 2" 'at least one program' "$pagetorture" replay "$scratch/empty"
echo 'nothing' >"$scratch/empty/README.md"
expect 2 "a directory with no input ends with 2, and says what was ignored" ': 1 file ignored' "$pagetorture" replay "$scratch/empty"
expect 2 "a missing path ends with 2" 'missing: plain: unreadable' "$pagetorture" replay --flavour plain "$scratch/missing"
printf 'pagetorture 2\n' >"$scratch/version.page"
expect 2 "an unknown format version ends with 2" "version.page: plain: unreadable: line 1: .*got version '2'" \
	"$pagetorture" replay --flavour plain "$scratch/version.page" "$scratch/none.page"
grep -q '^plain  *2  *1  *1 ' "$scratch/out"
ok $? "... the others are replayed" "$scratch/out"
mkfifo "$scratch/pipe"
expect 2 "a pipe is no input" 'a file or a directory' "$pagetorture" replay --flavour plain "$scratch/pipe"
mkdir "$scratch/loop"
cp "$scratch/none.page" "$scratch/loop"
ln -s . "$scratch/loop/again"
expect 2 "a directory that leads back to itself is an error" 'leads back' "$pagetorture" replay --flavour plain "$scratch/loop"
if succeeds_or_skip "root reads every file" test "$(id -u)" != 0; then
	cp "$scratch/none.page" "$scratch/secret.page"
	chmod 0 "$scratch/secret.page"
	expect 2 "a file that cannot be read ends with 2" '' "$pagetorture" replay --flavour plain "$scratch/secret.page"
fi
for usage in '' '--frob x' '-j 0 x' '--flavour frob x'; do
	# shellcheck disable=SC2086 # split into words
	expect 2 "bad usage ends with 2: $usage" '' "$pagetorture" replay $usage
done
expect 0 "--help says what the exit status means" 'Exit status: 0' "$pagetorture" replay --help

# ---- results ----

printf 'pagetorture 1\nexpect data-race\n' >"$scratch/it's <wrong>.page"
run_expecting_status 1 "$pagetorture" replay --flavour plain "$scratch/it's <wrong>.page"
sed -n 's/^  replay: //p' "$scratch/err" >"$scratch/command"
expect 1 "names are quoted in the command" 'plain: claim: ' sh "$scratch/command"
run_expecting_status 1 "$pagetorture" replay --flavour plain --results "$scratch/results" "$corpus/regress" "$scratch/it's <wrong>.page" &&
	[ "$(grep -c '"input": .*"failed": true' "$scratch/results")" -eq 1 ] &&
	[ "$(grep -c '"input": ' "$scratch/results")" -eq "$(($(find "$corpus/regress" -name '*.page' | wc -l) + 1))" ] &&
	tail -n 1 "$scratch/results" | grep -q '^{"what": "replay"'
ok $? "--results has a record for each input, and a summary last" "$scratch/results"
run_expecting_status 1 "$pagetorture" replay --flavour plain --json "$corpus/regress" "$scratch/it's <wrong>.page" &&
	sed 's/"seconds": [0-9.]*//g; $d' "$scratch/results" >"$scratch/expected" &&
	sed 's/"seconds": [0-9.]*//g; $d' "$scratch/out" | diff "$scratch/expected" - >"$scratch/diff"
ok $? "--json writes the same to standard output" "$scratch/diff"

# doc/replay.md lists exactly the fields of the JSON records.
if has_tool_or_skip python3; then
	cp "$scratch/results" "$scratch/all"
	cp "$scratch/it's <wrong>.page" "$scratch/$(printf 'a\377').page"
	"$pagetorture" replay --flavour plain --json "$scratch/$(printf 'a\377').page" >>"$scratch/all" 2>/dev/null
	"$pagetorture" triage --flavour plain --tries 1 --results "$scratch/triage" -o "$scratch/sorted" \
		"$scratch/orders" "$corpus/rules" >/dev/null 2>&1
	mkdir "$scratch/finding"
	cp "$corpus/rules/unmap-order.page" "$scratch/finding"
	"$pagetorture" triage --flavour plain --tries 1 --results "$scratch/triage" "$scratch/finding" >/dev/null 2>&1
	cat "$scratch/triage" >>"$scratch/all"
	python3 - "$scratch/all" >"$scratch/written" <<-'END'
		import json, sys
		print("\n".join(sorted({key for line in open(sys.argv[1]) for key in json.loads(line)})))
	END
	# shellcheck disable=SC2016 # backticks of the document
	sed -n '/^## Results for programs/,/^## /s/^| `\([a-z_]*\)` |.*/\1/p' "$abs_srcdir/doc/replay.md" |
		LC_ALL=C sort -u | diff - "$scratch/written" >"$scratch/diff"
	ok $? "doc/replay.md has each field of the records" "$scratch/diff"
fi

done_testing
