#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `triage` sorts findings of every engine and lists each failure once. If a process is killed at any time,
# `triage` leaves no incomplete file.
. "$(dirname "$0")/tap.sh"

rules=$abs_srcdir/corpus/rules
cd "$scratch" || exit 99

# write_rules_program_as_finding PROGRAM FILE: writes a program of corpus/rules in the byte form, as an engine would.
write_rules_program_as_finding() {
	mkdir -p "$(dirname "$2")"
	"$pagetorture" convert --bytes "$rules/$1.page" >"$2"
}

# write_race_finding FILE FIRST SECOND [MORE]: writes a finding in which the calls FIRST and SECOND of two threads race.
write_race_finding() {
	printf '%s\n' 'pagetorture 1' 'p2 = alloc_page(GFP_KERNEL | __GFP_ZERO)' ${4:+"$4"} "T3: $2" "T5: $3" >text.page
	mkdir -p "$(dirname "$1")"
	"$pagetorture" convert --bytes text.page >"$1"
}

# run_triage_expecting STATUS ARGUMENT...: true if `triage` in all flavours ends with STATUS.
run_triage_expecting() {
	expected=$1
	shift
	run_expecting_status "$expected" timeout 500 "$pagetorture" triage --flavour "$flavours" "$@"
}

flavours=plain
if has_flavour_or_skip tsan "races as ThreadSanitizer sees them"; then
	flavours=plain,tsan
fi

# ---- a campaign ----

# `triage` uses `run` to reproduce findings of targets that targets.def does not list, as in this section.
# test_finding_target.sh tests findings of listed targets.

write_race_finding camp/fuzz_own/findings/crash-1 'write_raw(p2, 0, 8, 1)' 'read_raw(p2, 4, 8)'
write_race_finding camp/fuzz_own/findings/crash-2 'read_raw(p2, 7, 1)' 'write_raw(p2, 0, 64, 9)' 'p4 = alloc_page(GFP_NOIO)'
write_race_finding camp/fuzz_own/findings/crash-3 'write_raw(p2, 0, 8, 1)' 'fill_zero(p2, 4, 8)'
write_race_finding camp/fuzz_own/libfuzzer/crash-abc 'write_raw(p2, 0, 8, 1)' 'fill_zero(p2, 4, 8)'
write_race_finding camp/fuzz_own/afl/main/crashes/id:000000,sig:06 'write_raw(p2, 0, 9, 1)' 'fill_zero(p2, 4, 8)'
write_race_finding camp/fuzz_own/corpus/0123 'write_raw(p2, 0, 8, 1)' 'copy_page(p2, 90, p2, 0, 8)'
write_rules_program_as_finding deadlock camp/fuzz_other/findings/timeout-9
echo text >camp/fuzz_own/afl/main/crashes/README.txt
mkdir -p camp/fuzz_own/reports
echo report >camp/fuzz_own/reports/crash-1

run_triage_expecting 0 camp
ok $? "a campaign: exit 0" err
grep -q '^5 findings, 3 failures, in camp/triage; 1 were there twice$' out
ok $? "findings of both engines, each content once; no corpus, no reports" out
grep -q '^data-race-read_raw-write_raw-[0-9a-f]*: 2 findings, failed 10 of 10, 3 calls of 3$' out &&
	grep -q '^data-race-write_raw-fill_zero-[0-9a-f]*: 2 findings, ' out &&
	grep -q '^deadlock-.*: 1 finding, failed 10 of 10, 2 calls of 4$\|^deadlock-.*: 1 finding, ' out
ok $? "grouped by the functions of both accesses, in no order" out

for dir in camp/triage/*/; do
	for file in finding.bin program.page minimised.page explanation.txt reproduce.c report.txt replay.sh summary.txt; do
		[ -s "$dir$file" ] || echo "$dir$file"
	done
	"$pagetorture" convert --bytes "${dir}program.page" | cmp - "${dir}finding.bin" || echo "$dir"
	[ "$("$pagetorture" check "${dir}minimised.page" | sed -n '1s/.*: //p')" = \
		"$("$pagetorture" check "${dir}program.page" | sed -n '1s/.*: //p')" ] || echo "$dir"
done >missing
[ ! -s missing ] && [ "$(find camp/triage -name summary.txt | wc -l)" -eq 3 ]
ok $? "each failure has its files, and the same verdict as its finding" missing
if has_flavour tsan; then
	dir=$(echo camp/triage/data-race-read_raw-write_raw-*)
	"$abs_builddir/read_report" <"$dir/report.txt" | grep -q '^ThreadSanitizer data-race'
	ok $? "the report is ThreadSanitizer's" "$dir/report.txt"
	PAGETORTURE=$pagetorture run_expecting_status 0 sh "$dir/replay.sh" && grep -q ' data-race *data-race ' out
	ok $? "the replay command shows it" err
fi
# The C program of a finding must compile with only page.h and the library.
expect 0 "reproduce.c compiles" '' \
	"$CC" -std=gnu11 -fsyntax-only -I"$abs_srcdir/src/page" -I"$abs_srcdir/src" camp/triage/data-race-read_raw-write_raw-*/reproduce.c
grep -q 'crash-1$' camp/triage/data-race-read_raw-write_raw-*/summary.txt &&
	grep -q 'crash-2$' camp/triage/data-race-read_raw-write_raw-*/summary.txt
ok $? "all findings of a failure are named"

cp -r camp/triage before
run_triage_expecting 0 camp && diff -r -x report.txt before camp/triage >differs
ok $? "again: the same, and its own output is no finding" differs

# ---- findings in any directory ----

write_race_finding any/one.bin 'write_raw(p2, 0, 8, 1)' 'read_raw(p2, 4, 8)'
write_rules_program_as_finding bounds any/two.bin
printf 'pagetorture 2\n' >any/three.page
run_triage_expecting 1 -o sorted any && [ -d sorted ] && [ ! -e any/triage ]
ok $? "any directory, output elsewhere; exit 1 as one does not fail and one is no program" err
grep -q '^any/two.bin: does not fail here, in 10 tries$' err && grep -q '^any/three.page:1: ' err &&
	grep -q '3 findings, 1 failure, in sorted; 1 did not fail; 1 are no program$' out
ok $? "which ones is said" err
mkdir none
run_triage_expecting 1 none && [ ! -e none/triage ]
ok $? "an empty directory: 1, and nothing is made" err
run_triage_expecting 2 nowhere && [ "$(wc -l <err)" -eq 1 ] && run_triage_expecting 2 && run_triage_expecting 2 --tries 0 any && run_triage_expecting 2 --add=any any
ok $? "bad usage: 2" err

# ---- --add: programs for the corpus ----

mkdir -p tree/corpus/regress tree/src/page
touch tree/src/page/page.h
run_triage_expecting 1 --add=tree -o sorted any && grep -q "added: $scratch/tree/corpus/regress/data-race-read_raw-write_raw-" out &&
	[ "$(find tree -name '*.page' | wc -l)" -eq 1 ]
ok $? "--add says where" out
file=$(echo tree/corpus/regress/*.page)
run_expecting_status 0 "$pagetorture" check "$file" && grep -q '^expect data-race$' "$file" &&
	"$pagetorture" convert --text "$file" | cmp - "$file"
ok $? "with what it is to expect, canonical" "$file"
echo '# mine' >>"$file"
cp "$file" mine
run_triage_expecting 1 --add=tree -o sorted any && grep -q 'was there: ' out && cmp mine "$file"
ok $? "one that is there is left alone" out
(cd tree/src/page && "$pagetorture" triage --flavour plain --add -o ../../sorted ../../../any >"$scratch/out" 2>&1)
grep -q "$scratch/tree/corpus/regress/" out
ok $? "the tree of the working directory" out
expect 2 "outside of a tree: 2" 'source tree' "$pagetorture" triage --add any

rm -rf sorted
"$pagetorture" triage --flavour plain -o sorted any >out 2>&1

# ---- killed at any moment ----

# list_differing_or_incomplete_files DIRECTORY EXPECTED: prints each output file of DIRECTORY that differs from that of EXPECTED, an
# undisturbed run. A sanitizer report has process IDs, so it may differ, but must be complete.
list_differing_or_incomplete_files() {
	for file in "$1"/*/* "$1"/*.page; do
		[ -e "$file" ] || continue
		case $file in
		*/report.txt) [ -s "$file" ] && [ -z "$(tail -c 1 "$file")" ] || echo "$file" ;;
		*) cmp -s "$file" "$2${file#"$1"}" || echo "$file" ;;
		esac
	done
}

cp -r camp killed
rm -rf killed/triage
start=$(date +%s%N)
timeout 500 "$pagetorture" triage --flavour "$flavours" -o expected killed >out 2>&1
took=$((($(date +%s%N) - start) / 1000000))
kills=${TRIAGE_KILLS:-8} n=0 early=0
: >torn
while [ "$n" -lt "$kills" ]; do
	n=$((n + 1))
	rm -rf cut
	"$pagetorture" triage --flavour "$flavours" -o cut killed >cut.log 2>&1 &
	pid=$!
	# The times of the kills are spread over the whole run.
	sleep "$(awk "BEGIN { print $took * ($n - 0.5) / $kills / 1000 }")"
	kill -9 $pid 2>/dev/null && early=$((early + 1))
	wait $pid 2>/dev/null
	list_differing_or_incomplete_files cut expected >>torn
done
[ ! -s torn ] && [ "$early" -gt $((kills / 3)) ]
ok $? "killed $early of $kills times in the middle: each file that is there is whole" torn
timeout 500 "$pagetorture" triage --flavour "$flavours" -o cut killed >out 2>&1
diff -r -x report.txt -x '.pagetorture-*' expected cut >differs
ok $? "and the next run finishes what was begun" differs

# A limit of the file size kills `triage` itself, but no child process, in the middle of a write.
for bytes in 100 400; do
	rm -rf cut
	python3 -B - "$abs_srcdir/src/tool" $bytes output=cut flavours=plain backend=direct tool="$pagetorture" -- any \
		>/dev/null 2>&1 <<-'END'
		import resource, signal, sys
		sys.path.insert(0, sys.argv[1])
		from finding import triage
		from util.start import parse_options
		unlimited = resource.RLIM_INFINITY
		triage.request_signal_at_parent_end = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, unlimited))
		resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), unlimited))
		signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
		triage.run(parse_options(sys.argv[3:], triage.DEFAULTS))
	END
	status=$?
	[ "$(kill -l $status 2>/dev/null)" = XFSZ ] && [ -s "$(echo cut/*/minimised.page)" ] && [ ! -e "$(echo cut/*/summary.txt)" ] ||
		echo "$bytes bytes: not killed in the middle, status $status"
	list_differing_or_incomplete_files cut sorted
done >torn
[ ! -s torn ]
ok $? "killed in a write: no part of a file has its name" torn

cp camp/fuzz_own/findings/crash-2 crash
"$pagetorture" minimize --flavour "$flavours" -o whole.page crash 2>/dev/null
n=0
: >torn
while [ "$n" -lt "$kills" ]; do
	n=$((n + 1))
	echo 'was there' >out.page
	"$pagetorture" minimize --flavour "$flavours" -o out.page crash 2>/dev/null &
	pid=$!
	sleep "$(awk "BEGIN { print 0.4 * ($n - 0.5) / $kills }")"
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	cmp -s out.page whole.page || [ "$(cat out.page)" = 'was there' ] || echo "run $n" >>torn
done
[ ! -s torn ]
ok $? "minimize, killed: the file is the old one or the new one" torn

done_testing
