#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# pagetorture-export writes the results of `triage` and `replay` as SARIF that forges accept, with the right source
# locations, and the results of `replay` as JUnit and TAP.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/mutant.sh"

skip_rest_without_tools python3

rules=$abs_srcdir/corpus/rules
# Locations in SARIF are relative to the current directory, which acts as the root of a source tree.
cd "$scratch" || exit 99
mkdir -p src camp/sub
cp -r "$abs_srcdir/src/page" src/page
chmod -R u+w src

# has_symbolizer: true if a tool is installed that translates addresses to functions and lines.
has_symbolizer() {
	for tool in llvm-symbolizer-19 llvm-symbolizer addr2line; do
		command -v $tool >/dev/null && return
	done
	return 1
}

# is_valid_sarif FILE: true if forges accept FILE, and each location is a line of a file below $scratch.
is_valid_sarif() {
	python3 "$abs_srcdir/tests/sarif.py" "$1" "$scratch" 2>why
}

# run_expecting_and_export_sarif STATUS SARIF COMMAND...: runs COMMAND with --results, which must end with
# STATUS, and exports the results to the file SARIF.
run_expecting_and_export_sarif() {
	expected=$1 sarif=$2
	shift 2
	run_expecting_status "$expected" timeout 300 "$@" --results "$scratch/lines" &&
		"$abs_builddir/pagetorture-export" sarif -o "$sarif" "$scratch/lines" 2>why
}

# print_fields_of_sarif_results FILE FIELDS: prints a line for each result; FIELDS are Python expressions of the result r.
print_fields_of_sarif_results() {
	python3 - "$1" <<-END
		import json, sys
		for r in json.load(open(sys.argv[1]))["runs"][0]["results"]:
		    at = [(p["physicalLocation"]["artifactLocation"]["uri"], p["physicalLocation"]["region"]["startLine"])
		          for p in r["locations"] + r.get("relatedLocations", [])]
		    said = [p["message"]["text"] for p in r.get("relatedLocations", [])]
		    key = r["partialFingerprints"]["pagetortureSignature/v1"]
		    print($2)
	END
}

# ---- triage ----

flavours=plain
for flavour in asan tsan; do
	has_flavour $flavour && flavours=$flavours,$flavour
done
printf '%s\n' 'pagetorture 1' 'p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)' 'T0: write_raw(p0, 0, 8, 1)' \
	'T1: fill_zero(p0, 4, 8)' >camp/race.page
cp "$rules/deadlock.page" "$rules/unmap-order.page" "$rules/use-after-free.page" camp
sed 's/^expect.*/expect clean/' "$rules/disjoint-writes.page" | sed 's/^T1: .*/& -> EINVAL/' >camp/claim.page
run_expecting_and_export_sarif 0 triage.sarif "$pagetorture" triage --flavour $flavours --tries 2 camp &&
	is_valid_sarif triage.sarif
ok $? "triage: what a code host wants" why
print_fields_of_sarif_results triage.sarif 'r["ruleId"]' | sort | tr '\n' ' ' >seen
[ "$(cat seen)" = "claim data-race deadlock unmap-order use-after-free " ]
ok $? "each failure by the name of its rule" seen
print_fields_of_sarif_results triage.sarif 'r["message"]["text"]' | grep -c '^[^.]*It failed 2 of 2 times, in [0-9]* calls. Replay: sh /[^ ]*/camp/triage/.*/replay.sh$\|It failed 2 of 2 times, in [0-9]* calls. Replay: sh /[^ ]*/camp/triage/.*/replay.sh$' >seen
[ "$(cat seen)" -eq 5 ]
ok $? "what it is, how often, and the command" triage.sarif
print_fields_of_sarif_results triage.sarif 'r["ruleId"], *at[0], said' >seen
grep -q "^deadlock camp/triage/deadlock-lock-[0-9a-f]*/minimised.page [1-9]" seen
ok $? "where no line of the library is to blame, the program's" seen
if has_flavour_or_skip tsan "places in the library" && succeeds_or_skip "places in the library: no symbolizer" has_symbolizer; then
	# find_line FUNCTION TEXT: prints the line that contains TEXT
	find_line() {
		awk -v head="int $1(" -v text="$2" 'index($0, head) == 1 { inside = 1 }
			inside && index($0, text) { print FNR; exit }' src/page/raw.c
	}
	later=$(find_line page_fill_zero memset) earlier=$(find_line page_write_raw memcpy)
	print_fields_of_sarif_results triage.sarif 'r["ruleId"], *at, *said' | tr -d "(),'" | grep '^data-race' >seen
	program='camp/triage/data-race[^ ]*/minimised.page [0-9]*'
	grep -q "^data-race src/page/raw.c $later src/page/raw.c $earlier $program $program the other access T[0-9]: fill_zerop0.* T[0-9]: write_rawp0" seen
	ok $? "a race: both accesses in the library, both calls of the program" seen
fi

if has_flavour_or_skip asan "the library's own report" && succeeds_or_skip "the library's own report: no symbolizer" has_symbolizer; then
	print_fields_of_sarif_results triage.sarif 'r["ruleId"], *at[0]' | grep '^unmap-order' >seen
	grep -q '^unmap-order src/page/task.c ' seen
	ok $? "what the library reports is not where it reports" seen
fi

# Findings with other offsets and threads but the same failures must have the same fingerprints in SARIF.
mkdir -p again
printf '%s\n' 'pagetorture 1' 'p7 = alloc_page(GFP_KERNEL | __GFP_ZERO)' 'p6 = alloc_page(GFP_NOIO)' \
	'T3: write_raw(p7, 100, 100, 3)' 'T5: fill_zero(p7, 150, 9)' >again/other.page
run_expecting_and_export_sarif 0 again.sarif "$pagetorture" triage --flavour $flavours --tries 2 again
print_fields_of_sarif_results triage.sarif 'r["ruleId"], key' | grep '^data-race' >first
print_fields_of_sarif_results again.sarif 'r["ruleId"], key' | diff first - >seen
ok $? "the same failure has the same fingerprint" seen
run_expecting_and_export_sarif 1 none.sarif "$pagetorture" triage --flavour plain camp/sub && is_valid_sarif none.sarif &&
	[ -z "$(print_fields_of_sarif_results none.sarif 'r')" ]
ok $? "no finding: no result, and a host closes what was open" why
run_expecting_status 2 "$pagetorture" triage --flavour plain --results nowhere/x.jsonl again && grep -q '^nowhere/x.jsonl: ' err
ok $? "a file that cannot be written: 2" err

# ---- replay ----

mkdir -p corpus
cp "$rules/bounds.page" corpus
printf '%s\n' 'pagetorture 1' '' 'p0 = alloc_page(GFP_KERNEL)' 'T0: read_raw(p0, 0, 5) -> EINVAL' >'corpus/a "b" %.page'
"$pagetorture" convert --bytes "$rules/bounds.page" >corpus/good.bin
printf 'pagetorture 7\n' >"corpus/$(printf 'x\377y').page"
run_expecting_and_export_sarif 2 replay.sarif "$pagetorture" replay --flavour $flavours corpus && is_valid_sarif replay.sarif
ok $? "replay: what a code host wants" why
print_fields_of_sarif_results replay.sarif 'r["ruleId"], *at[0]' | sort >seen
printf '%s\n' 'claim corpus/a%20%22b%22%20%25.page 4' 'unreadable corpus/x%FFy.page 1' | diff - seen >differs
ok $? "at the line of the input, once for all flavours, whatever its name" differs
run_expecting_and_export_sarif 0 good.sarif "$pagetorture" replay --flavour plain corpus/bounds.page && is_valid_sarif good.sarif &&
	[ -z "$(print_fields_of_sarif_results good.sarif 'r')" ]
ok $? "all good: no result" why
echo old >old.jsonl
run_expecting_status 2 "$pagetorture" replay --flavour plain --results old.jsonl camp/sub && [ "$(cat old.jsonl)" = old ]
ok $? "nothing to replay: the old file stays" err
expect_error "a file that cannot be written: 2" 'nowhere/.*: expected' \
	"$abs_builddir/pagetorture-export" sarif -o nowhere/x.sarif "$scratch/lines"
head -n 1 "$scratch/lines" >cut.jsonl
run_expecting_status 2 "$abs_builddir/pagetorture-export" sarif cut.jsonl && grep -q 'cut.jsonl: expected results that end with a summary' err
ok $? "results that are cut short: 2" err
for way in grow-rarely leak; do
	printf '%s\n' "# misbehave: $way" 'pagetorture 1' 'p0 = alloc_page(GFP_KERNEL)' >$way.page
done
run_expecting_and_export_sarif 1 leak.sarif "$abs_builddir/pagetorture-dev" replay --flavour ${flavours%,tsan} --orders leak.page && is_valid_sarif leak.sarif
ok $? "a leak" why
run_expecting_and_export_sarif 1 grow.sarif "$abs_builddir/pagetorture-dev" replay --flavour plain --orders grow-rarely.page
ok $? "state that grows over two orders" why
[ "$(print_fields_of_sarif_results leak.sarif 'r["ruleId"]')" = leak ] && print_fields_of_sarif_results grow.sarif 'r["ruleId"]' | grep -q '^grows$'
ok $? "the leak once for all flavours, and what was left in each" grow.sarif
(
	mkdir -p elsewhere && cd elsewhere && mkdir .git &&
		"$pagetorture" replay --flavour plain --json ../corpus/a* |
		"$abs_builddir/pagetorture-export" sarif -o ../out.sarif
) >out 2>&1
print_fields_of_sarif_results out.sarif 'at[0][0]' | grep -qx "file://$(pwd -P)/corpus/a%20%22b%22%20%25.page"
ok $? "a file outside of the root keeps its whole name" out.sarif

# If the library crashes, the location in SARIF is the line of the library in the sanitizer's report.
if ! has_flavour asan || ! has_symbolizer; then
	skip "a report's line: no asan flavour, or nothing that knows symbols"
elif copy_library_and_change_file raw.c 's/memset(byte_address(page, off), 0, len)/{ char *h = malloc(8); __asm__ volatile("" : "+r"(h)); free(h); memset(h, 0, len); }/; s/^#include <string.h>/#include <stdlib.h>\n&/' &&
	build_changed_tool plain && build_changed_tool asan; then
	line=$(awk '/^int page_fill_zero/ { inside = 1 } inside && /free\(h\)/ { print FNR; exit }' src/page/raw.c)
	cp "$rules/fill-overlaps-fill.page" here.page
	run_expecting_and_export_sarif 1 broken.sarif bin/pagetorture replay --flavour asan here.page && is_valid_sarif broken.sarif &&
		print_fields_of_sarif_results broken.sarif 'r["ruleId"], *at[0], *at[1], said[0]' | grep -q "^crash src/page/raw.c $line here.page [1-9][0-9]* the input$"
	ok $? "a report's line in the library" broken.sarif
else
	ok 1 "the mutant cannot be built" build
fi

# ---- JUnit and TAP ----

run_pagetorture_export() {
	"$abs_builddir/pagetorture-export" "$@" >out 2>err
}

cp corpus/a* "it's <wrong>.page"
mkdir odd
for name in "$(printf 'a\377\033\001b')" "$(printf 'c\357\277\276d')" "$(printf 'e\303\244\355\240\200f')"; do
	cp corpus/a* "odd/$name.page"
done
"$pagetorture" replay --flavour plain --json odd 2>err | run_pagetorture_export junit && mv out odd.xml
python3 - odd.xml >seen 2>&1 <<-'END'
	import os, sys, xml.etree.ElementTree as tree
	names = [os.path.basename(c.get("name")) for c in tree.parse(sys.argv[1]).iter("testcase")]
	assert names == ["a???b.page", "c?d.page", "e\u00e4???f.page"], names
END
ok $? "JUnit is well-formed whatever names hold" seen
"$pagetorture" replay --flavour plain --results wrong.jsonl "$abs_srcdir/corpus/regress" "it's <wrong>.page" >out 2>err
run_pagetorture_export junit wrong.jsonl && mv out wrong.xml
python3 - wrong.xml >seen 2>&1 <<-'END'
	import sys, xml.etree.ElementTree as tree
	suite = tree.parse(sys.argv[1]).getroot().find("testsuite")
	cases = suite.findall("testcase")
	failed = [c for c in cases if c.find("failure") is not None]
	assert len(cases) == int(suite.get("tests")) > 1, cases
	assert len(failed) == int(suite.get("failures")) == 1
	assert failed[0].get("name").endswith("it's <wrong>.page")
	assert "pagetorture replay" in failed[0].find("failure").text
END
ok $? "JUnit has a case for each input" seen
run_pagetorture_export tap wrong.jsonl && [ "$(grep -c '^not ok' out)" -eq 1 ] && tail -n 1 out | grep -q '^1\.\.[1-9]' &&
	[ "$(grep -c '^ok.* plain: ' out)" -eq "$(find "$abs_srcdir/corpus/regress" -name '*.page' | wc -l)" ] &&
	grep -q '^# replay: .*pagetorture replay' out
ok $? "TAP has a test for each input, and a plan" out

# ---- invalid SARIF ----

# expect_refused_sarif JQ-PROGRAM WHAT: sarif.py must refuse triage.sarif after a change by JQ-PROGRAM.
expect_refused_sarif() {
	jq "$1" triage.sarif >bad.sarif && ! cmp -s bad.sarif triage.sarif && ! is_valid_sarif bad.sarif && [ -s why ]
	ok $? "refused: $2" why
}
if has_tool_or_skip jq; then
	result='.runs[0].results[0]'
	place="$result.locations[0].physicalLocation"
	expect_refused_sarif '.version = "2.0.0"' "another version"
	expect_refused_sarif 'del(.runs[0].tool.driver.name)' "a tool without a name"
	expect_refused_sarif "$result.ruleId = \"frob\"" "a rule that is not among the rules"
	expect_refused_sarif "$result.ruleIndex += 1" "the index of another rule"
	expect_refused_sarif "$result.message.text = \"\"" "no message"
	expect_refused_sarif "$place.artifactLocation.uri = \"/etc/passwd\"" "an absolute path"
	expect_refused_sarif "$place.artifactLocation.uri |= \"camp/../\" + ." "a path with .."
	expect_refused_sarif "$place.region.startLine = 0" "line 0"
	expect_refused_sarif "$place.region.startLine = 100000" "a line after the end of its file"
	expect_refused_sarif "$place.artifactLocation.index = 99" "an artifact that is not there"
	expect_refused_sarif "del($result.locations)" "no location"
	expect_refused_sarif "del($result.partialFingerprints)" "no fingerprint"
	expect_refused_sarif '.runs[0].results |= . + .' "a failure that is there twice"
	expect_refused_sarif '.runs[0].tool.driver.rules[3].help.markdown = "see"' "a rule without a link"
	expect_refused_sarif "$result.colour = 1" "a key that is not defined"
fi

done_testing
