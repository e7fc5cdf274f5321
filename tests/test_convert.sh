#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `convert` from text to bytes and back gives the same program, and `convert` reports everything that it leaves out.
. "$(dirname "$0")/tap.sh"

corpus=$abs_srcdir/corpus
cd "$scratch" || exit 99

# ---- directories ----

mkdir random
(cd random && "$abs_builddir/make_programs" 100 7)
expect 0 "directories become bytes" '' "$pagetorture" convert -o bytes "$corpus/rules" "$corpus/seed" random
[ "$(find bytes -name '*.bin' | wc -l)" -eq "$(find "$corpus/rules" "$corpus/seed" random -name '*.page' | wc -l)" ] &&
	[ "$(find bytes -type f ! -name '*.bin' | wc -l)" -eq 0 ] && grep -q '^[0-9]* programs written to bytes$' out
ok $? "every program keeps its name, directories in directories too" out
run_expecting_status 0 "$pagetorture" convert -o text bytes && [ ! -s err ]
ok $? "and text again, without a message" err
for page in "$corpus"/rules/*.page "$corpus"/seed/*/*.page random/*.page; do
	name=${page##*/rules/}
	name=${name##*/seed/}
	name=${name#random/}
	sed '/^#/d; /^expect /d; s/ -> .*//' "$page" | cmp -s - "text/$name" || echo "$page"
done >differ
[ ! -s differ ]
ok $? "text to bytes to text is the text without comments, expect and claims" differ
for page in "$corpus"/rules/*.page; do
	"$pagetorture" convert --bytes "$page" | cmp -s - "bytes/${page##*/rules/}" &&
		echo "$page" # a .bin with the name of a .page is none
	"$pagetorture" convert --bytes "$page" | cmp -s - "bytes/$(basename "$page" .page).bin" ||
		echo "$page"
done >differ
[ ! -s differ ]
ok $? "one file to standard output is the same" differ
run_expecting_status 0 "$pagetorture" convert --text -o same "$corpus/rules" && diff -r "$corpus/rules" same >differ
ok $? "text to text keeps comments, expectations and claims" differ
expect 0 "files that hold the same already are no trouble" '' "$pagetorture" convert --bytes -o bytes "$corpus/rules"

# ---- one file ----

cat >one.page <<'END'
pagetorture 1
# why
expect clean
p0 = alloc_page(GFP_KERNEL) -> 0 # trailing
END
run_expecting_status 0 "$pagetorture" convert one.page &&
	grep -qx 'one.page: left out: bytes cannot hold 2 comments, 1 expectation, 1 claim' err
ok $? "what bytes cannot hold is reported" err
mv out other.bin
run_expecting_status 0 "$pagetorture" convert other.bin && [ ! -s err ] &&
	[ "$(cat out)" = "$(printf 'pagetorture 1\nmain: p0 = alloc_page(GFP_KERNEL)')" ]
ok $? "bytes to standard output are text" out
run_expecting_status 1 "$pagetorture" convert --strict -o one.bin one.page && grep -q 'refused' err && [ ! -e one.bin ]
ok $? "--strict refuses it, and writes nothing" err
run_expecting_status 0 "$pagetorture" convert --text one.page && grep -qx '# why' out &&
	grep -q 'text cannot hold 1 trailing comment' err
ok $? "a removed trailing comment is reported too" err
printf 'abc' >>other.bin
expect 0 "so are bytes that are no call" 'text cannot hold 3 bytes of no call' "$pagetorture" convert other.bin
printf '\000\000\000\377\001' | "$pagetorture" convert --from-bytes - >out 2>err && grep -q 'cannot hold 5 bytes' err
ok $? "standard input is -" err
printf '\000\011\000\377\001\000\000\000\000\000\000' >odd.bin
expect 0 "and bytes that are written in another way" 'bytes that mean nothing' "$pagetorture" convert odd.bin

mkdir place
cp one.page other.bin place
printf 'pagetorture 1\n\np0=alloc_page( GFP_KERNEL )\n' >place/loose.page
run_expecting_status 0 "$pagetorture" convert --in-place place && [ "$(echo place/*)" = 'place/loose.page place/one.page place/other.bin' ] &&
	[ "$(sed -n 2p place/loose.page)" = 'main: p0 = alloc_page(GFP_KERNEL)' ] && grep -qx '# why' place/one.page
ok $? "--in-place rewrites each file in its own notation" err
cp one.page place
run_expecting_status 1 "$pagetorture" convert --in-place --strict place/one.page && cmp -s one.page place/one.page
ok $? "with --strict nothing is lost" err
run_expecting_status 2 "$pagetorture" convert --in-place -o x one.page && [ ! -e x ]
ok $? "--in-place and -o are not both" err

# ---- no data is lost ----

echo mine >there.page
run_expecting_status 1 "$pagetorture" convert -o there.page other.bin && [ "$(cat there.page)" = mine ] &&
	grep -q 'there.page is there' err
ok $? "what is there stays" err
run_expecting_status 0 "$pagetorture" convert --force -o there.page other.bin && grep -q alloc_page there.page
ok $? "unless --force is given" err
mkdir twins
cp bytes/bounds.bin twins/crash-a
cp bytes/zero-length.bin twins/crash-a.bin
run_expecting_status 1 "$pagetorture" convert -o merged twins && grep -q 'merged/crash-a.page is there' err &&
	[ "$(find merged -type f | wc -l)" -eq 1 ]
ok $? "two files that would have one name are not merged" err
run_expecting_status 1 "$pagetorture" convert --force -o forced twins && grep -q 'forced/crash-a.page is there' err &&
	cmp -s forced/crash-a.page merged/crash-a.page
ok $? "nor by --force" err
mkdir -p loops/deep/empty
cp one.page loops/deep
ln -s .. loops/deep/up
mkfifo loops/pipe.page
run_expecting_status 2 timeout 20 "$pagetorture" convert -o unlooped loops && [ "$(wc -l <err)" -eq 3 ] &&
	grep -q 'loops/deep/up: expected' err && grep -q 'loops/pipe.page: expected' err &&
	[ "$(cd unlooped && find . -type f)" = ./deep/one.bin ]
ok $? "a link that leads back and a pipe are errors, the others are written" err
mkdir mixed
cp one.page mixed
cp other.bin mixed/other.bytes
echo read me >mixed/README.md
run_expecting_status 0 "$pagetorture" convert --text -o clean mixed && grep -qx 'mixed: 2 files ignored: not named like a program' err &&
	[ "$(ls clean)" = one.page ]
ok $? "in a directory, files that are no programs by their names are ignored, and counted" err
printf 'pagetorture 1\noops\n' >mixed/bad.page
run_expecting_status 2 "$pagetorture" convert --text -o clean mixed && grep -q 'bad.page:2: ' err && [ ! -e clean/bad.page ]
ok $? "one that cannot be read ends with 2, the others are written" err
[ "$(find . -name '.pagetorture-*' | wc -l)" -eq 0 ]
ok $? "nothing is left beside"
expect 2 "a full disk ends with 2" '' sh -c "'$pagetorture' convert other.bin >/dev/full"
run_expecting_status 2 "$pagetorture" convert -o no/such/directory/x.page other.bin && [ "$(wc -l <err)" -eq 2 ]
ok $? "a directory that is not there, too" err

# ---- usage ----

for arguments in '' '--frob x' 'one.page other.bin' 'mixed' 'missing'; do
	# shellcheck disable=SC2086 # split into words
	run_expecting_status 2 "$pagetorture" convert $arguments && [ "$(wc -l <err)" -eq 1 ]
	ok $? "usage: pagetorture convert $arguments" err
done
run_expecting_status 0 "$pagetorture" convert --help && grep -q Examples out
ok $? "--help has examples" out

done_testing
