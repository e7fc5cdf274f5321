#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Which files are programs: one rule by the name, in every command and every replayer. A file
# that is no program is an error, and is never taken for a byte string.
. "$(dirname "$0")/tap.sh"

cd "$scratch" || exit 99
cp "$abs_srcdir/corpus/rules/overlap-one-byte.page" race.page
"$pagetorture" convert --bytes race.page >race.bin
hash=$(sha1sum <race.bin | cut -d ' ' -f 1)
mkdir other
cp "$abs_srcdir/src/page/fault.c" other/fault.c
printf 'a\001b\n' >other/binary
printf '#!/bin/sh\n# a comment\n\necho\n' >other/script
: >other/empty
cp race.bin other/race
printf 'calls 1\n' >other/some.calls

# ---- a file that is no program ----

# refused WHAT COMMAND...: exit 2, nothing on standard output, one line that names WHAT.
refused() {
	what=$1
	shift
	run_to 2 "$@" && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] &&
		grep -q "^$what: .*pagetorture 1.*\*\.bin" err
}

for command in check run explain minimize to-c convert; do
	{
		refused other/fault.c:1 "$pagetorture" $command other/fault.c || { echo refused; cat err; }
		refused other/script:4 "$pagetorture" $command other/script || { echo refused; cat err; }
		refused other/empty:1 "$pagetorture" $command other/empty || { echo refused; cat err; }
		refused other/race:1 "$pagetorture" $command other/race || { echo refused; cat err; }
		refused other/some.calls:1 "$pagetorture" $command other/some.calls || { echo refused; cat err; }
		refused -:1 "$pagetorture" $command - <race.bin || { echo refused; cat err; }
	} >bad 2>&1
	[ ! -s bad ]
	ok $? "$command: a file without the header is an error, whatever is in it" bad
done
run_to 2 "$pagetorture" replay --flavour plain other/fault.c && grep -q "expected the header 'pagetorture 1'" err
ok $? "replay: so it is there" err
run_to 2 "$pagetorture" replay --flavour plain other && grep -q '6 files ignored' err &&
	grep -q 'expected at least one program' err
ok $? "replay of a directory without a program is a failure" err

# ---- names that are bytes ----

for name in race.bin crash-1 leak-x timeout-2 oom-3 slow-unit-4 id:000001,src:000000 "$hash"; do
	[ "$name" = race.bin ] || cp race.bin "./$name"
	run_to 0 "$pagetorture" check "./$name" && grep -qx "\./$name: data-race" out || echo "$name"
done >bad
[ ! -s bad ]
ok $? "byte strings by their names" bad
for name in race.bytes crash1 xcrash-1 "${hash}0" "x$hash" README; do
	cp race.bin "./$name"
	run_to 2 "$pagetorture" check "./$name" || echo "$name"
	rm "./$name"
done >bad
[ ! -s bad ]
ok $? "and no others" bad
cp race.page crash-1.page
cp race.page text
run_to 0 "$pagetorture" check crash-1.page text
ok $? "NAME.page is text, and so is any file that has the header" err
rm text crash-1.page

# ---- --bytes ----

for command in check explain 'run --flavour plain' 'replay --flavour plain' 'to-c --no-run' \
	'minimize --flavour tsan' 'convert -o converted.page --force --from-bytes'; do
	case $command in
	*from-bytes) option= ;;
	*) option=--bytes ;;
	esac
	# shellcheck disable=SC2086 # words
	run_to 0 "$pagetorture" $command $option other/race || { echo "$command"; cat err; }
	# shellcheck disable=SC2086 # words
	run_to 0 "$pagetorture" $command $option - <race.bin || [ "${command%% *}" = replay ] ||
		{ echo "$command -"; cat err; }
done >bad
has_flavour tsan || : >bad
[ ! -s bad ]
ok $? "--bytes reads any file as bytes, standard input too" bad

# ---- directories ----

mkdir -p dir/below
cp race.page dir/b.page
cp race.bin "dir/below/$hash"
cp other/* dir
run_to 0 "$pagetorture" check dir && printf 'dir/b.page: data-race\ndir/below/%s: data-race\n' "$hash" >expected &&
	grep -v '^ ' out | diff expected - >bad && [ "$(cat err)" = "dir: 6 files ignored: not named like a program" ]
ok $? "a directory means its programs, and other files are counted" err
rm other/* && : >other/README.md
for command in check run explain minimize to-c; do
	run_to 2 "$pagetorture" $command other && [ ! -s out ] && grep -q '^other: expected at least one program' err ||
		echo "$command"
done >bad
[ ! -s bad ]
ok $? "a directory without a program is an error" bad
run_to 0 "$pagetorture" convert -o converted dir && [ "$(cd converted && find . -type f | sort | tr '\n' ' ')" = \
	"./b.bin ./below/$hash.page " ] && grep -q '^dir: 6 files ignored' err
ok $? "convert of a directory takes the same files" err
mkdir one && cp race.page one
for command in 'to-c --no-run' explain; do
	# shellcheck disable=SC2086 # words
	run_to 0 "$pagetorture" $command one || echo "$command: one"
	# shellcheck disable=SC2086 # words
	[ "$command" = explain ] || run_to 2 "$pagetorture" $command dir || echo "$command: two"
done >bad
[ ! -s bad ]
ok $? "where one FILE is taken, a directory with one program means that program" bad

# ---- a directory of findings ----

mkdir findings
cp race.bin findings/notes
run_to 1 "$pagetorture" triage --flavour plain -o failures findings && grep -q '^0 findings' out
ok $? "triage: a file that is no program by its name is no finding" out

# ---- replayers of the fuzz targets ----

replayer() {
	"$abs_builddir/$1-replay" "$2"
}

if [ -x "$abs_builddir/fuzz_page-replay" ]; then
	for target in fuzz_api fuzz_fatal fuzz_fault fuzz_page fuzz_race fuzz_text; do
		[ -x "$abs_builddir/$target-replay" ] || continue
		run_to 1 replayer $target "$abs_srcdir/src/page/fault.c"
		grep -q 'fault.c:1: expected the header' err || { echo "$target"; cat err; }
	done >bad 2>&1
	[ ! -s bad ]
	ok $? "replayers refuse a file that is no program" bad
	run_to 0 replayer fuzz_page dir && grep -qx '2 inputs replayed' out && grep -q '^dir: 6 files ignored' err
	ok $? "replayers take the programs of a directory" err
	cp race.bin odd
	run_to 1 replayer fuzz_page odd && run_to 0 "$abs_builddir/fuzz_page-replay" --from-bytes odd
	ok $? "replayers have --from-bytes" err
	cp "$abs_srcdir/corpus/seed/fuzz_api/pages.calls" calls
	run_to 0 replayer fuzz_api calls && run_to 0 replayer fuzz_api "$abs_srcdir/corpus/seed/fuzz_api" &&
		grep -qx '3 inputs replayed' out
	ok $? "fuzz_api-replay reads calls as text" err
	run_to 1 replayer fuzz_page "$abs_srcdir/corpus/seed/fuzz_api/pages.calls" && grep -q ":1: expected the header 'pagetorture 1'" err
	ok $? "calls are no program" err
else
	skip "no fuzz targets in this build"
fi

done_testing
