#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Every command and every replayer decides by the same rule of file names which files are programs. Each
# command refuses a file that is no program, and never executes the file as a byte string.
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

# print_stderr_unless_file_is_refused COMMAND PLACE: prints nothing if COMMAND ends with 2 and prints only one
# line, about PLACE; otherwise prints COMMAND's standard error.
print_stderr_unless_file_is_refused() {
	{
		run_expecting_status 2 "$pagetorture" "$1" "${2%:*}" <race.bin && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] &&
			grep -q "^$2: .*pagetorture 1.*\*\.bin" err
	} || cat err
}

for command in check run explain explore minimize to-c convert; do
	for place in other/fault.c:1 other/script:4 other/empty:1 other/race:1 other/some.calls:1 -:1; do
		print_stderr_unless_file_is_refused $command $place
	done >bad
	ok_if_empty "$command: a file without the header is an error, whatever is in it" bad
done
expect 2 "replay: so it is there" "expected the header 'pagetorture 1'" "$pagetorture" replay --flavour plain other/fault.c
expect 2 "replay of a directory without a program is a failure" 'expected at least one program' \
	"$pagetorture" replay --flavour plain other
grep -q '6 files ignored' err
ok $? "... and other files are counted" err

# ---- names of byte strings ----

for name in race.bin crash-1 leak-x timeout-2 oom-3 slow-unit-4 id:000001,src:000000 "$hash"; do
	[ "$name" = race.bin ] || cp race.bin "./$name"
	run_expecting_status 0 "$pagetorture" check "./$name" && grep -qx "\./$name: data-race" out || echo "$name"
done >bad
ok_if_empty "byte strings by their names" bad
for name in race.bytes crash1 xcrash-1 "${hash}0" "x$hash" README; do
	cp race.bin "./$name"
	run_expecting_status 2 "$pagetorture" check "./$name" || echo "$name"
	rm "./$name"
done >bad
ok_if_empty "and no others" bad
cp race.page crash-1.page
cp race.page text
expect 0 "NAME.page is text, and so is any file that has the header" '' "$pagetorture" check crash-1.page text
rm text crash-1.page

# ---- --bytes ----

for command in 'check --bytes' 'explain --bytes' 'explore --bytes' 'run --flavour plain --bytes' 'replay --flavour plain --bytes' \
	'to-c --no-run --bytes' 'minimize --flavour tsan --bytes' 'convert -o converted.page --force --from-bytes'; do
	for file in other/race -; do
		# shellcheck disable=SC2086 # split into words
		run_expecting_status 0 "$pagetorture" $command $file <race.bin || [ "${command%% *} $file" = "replay -" ] ||
			{ echo "$command $file"; cat err; }
	done
done >bad
has_flavour tsan || : >bad
ok_if_empty "--bytes reads any file as bytes, standard input too" bad

# ---- directories ----

mkdir -p dir/below one
cp race.page dir/b.page
cp race.bin "dir/below/$hash"
cp other/* dir
cp race.page one
expect 0 "a directory means its programs" '' "$pagetorture" check dir
printf 'dir/b.page: data-race\ndir/below/%s: data-race\n' "$hash" >expected
grep -v '^ ' out >programs
ok_if_files_equal "... in order" expected programs
[ "$(cat err)" = "dir: 6 files ignored: not named like a program" ]
ok $? "... and other files are counted" err
rm other/* && : >other/README.md
for command in check run explain explore minimize to-c; do
	run_expecting_status 2 "$pagetorture" $command other && [ ! -s out ] && grep -q '^other: expected at least one program' err ||
		echo "$command"
done >bad
ok_if_empty "a directory without a program is an error" bad
expect 0 "convert of a directory converts the same files" '^dir: 6 files ignored' "$pagetorture" convert -o converted dir
printf './b.bin\n./below/%s.page\n' "$hash" >expected
(cd converted && find . -type f | sort) >programs
ok_if_files_equal "... to these" expected programs
expect 0 "explain of a directory with one program" '' "$pagetorture" explain one
expect 0 "to-c of a directory with one program" '' "$pagetorture" to-c --no-run one
expect 2 "to-c of a directory with two programs" '' "$pagetorture" to-c --no-run dir
mkdir findings
cp race.bin findings/notes
expect 1 "triage: a file that is no program by its name is no finding" '^0 findings' \
	"$pagetorture" triage --flavour plain -o failures findings

# ---- replayers of the fuzz targets ----

[ -x "$abs_builddir/fuzz_page-replay" ] || skip_rest "no fuzz targets in this build"
for target in "$abs_builddir"/fuzz_*-replay; do
	expect 1 "$(basename "$target") refuses a file that is no program" 'fault.c:1: expected the header' \
		"$target" "$abs_srcdir/src/page/fault.c"
done
page=$abs_builddir/fuzz_page-replay calls=$abs_srcdir/corpus/seed/fuzz_api
expect 0 "replayers read the programs of a directory" '^2 inputs replayed$' "$page" dir
grep -q '^dir: 6 files ignored' err
ok $? "... and count other files" err
cp race.bin odd
expect 1 "a byte string with another name is refused" '' "$page" odd
expect 0 "replayers have --from-bytes" '' "$page" --from-bytes odd
cp "$calls/pages.calls" calls
expect 0 "fuzz_api-replay reads a file of calls" '' "$abs_builddir/fuzz_api-replay" calls
stored=$(find "$calls" -name '*.calls' | wc -l)
expect 0 "... and a directory" "^$stored inputs replayed$" "$abs_builddir/fuzz_api-replay" "$calls"
expect 1 "calls are no program" ":1: expected the header 'pagetorture 1'" "$page" "$calls/pages.calls"

done_testing
