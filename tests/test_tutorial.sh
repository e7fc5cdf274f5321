#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# doc/tutorial.md is true of the library that it is about: the corpus knows nothing of its bug, the
# finding shows it, minimised as shown, and the fix is one. The tool is linked here with that
# library from objects that are there; `make check-doc` does all that the tutorial says, as it says it.
. "$(dirname "$0")/tap.sh"

tutorial=$abs_srcdir/examples/tutorial
cd "$scratch" || exit 99

if ! has_flavour tsan; then
	echo "1..0 # SKIP the tutorial's race: this build has no tsan flavour"
	exit 0
fi

# gcc makes loads and stores of the copies that matter here, and looks at none of them.
if ! $CC --version | grep -q clang; then
	echo "1..0 # SKIP the tutorial's race: it takes clang"
	exit 0
fi

# link FLAVOUR: bin/pagetorture* with lib/FLAVOUR/libshelf.a in place of our library
link() {
	mkdir -p bin "foreign-$1"
	for source in "$abs_srcdir"/src/foreign/page_*.c "$abs_srcdir/src/harness/library_foreign.c"; do
		$CC -D_GNU_SOURCE -I"$abs_srcdir/src" -c "$source" \
			-o "foreign-$1/$(basename "$source" .c).o" || return
	done
	# shellcheck disable=SC2046 # words
	$CC $(flags_of "$1") $(objects_of "$1") "foreign-$1"/*.o \
		"$abs_builddir/libharness-$1.a" "lib/$1/libshelf.a" -pthread -o "bin/pagetorture$(suffix_of "$1")"
}

make_all() {
	CC=$CC sh "$tutorial/build.sh" "$abs_srcdir/src/page" plain tsan >out 2>err &&
		link plain >out 2>err && link tsan >out 2>err
}

cp "$tutorial/shelf.c" .
make_all
ok $? "the shelf is built in two flavours, and the tool with it" err
run_to 0 bin/pagetorture replay "$abs_srcdir/corpus"
ok $? "the corpus knows nothing of its bug" out

# What triage is to minimise it to stands in the tutorial.
sed -n '/^    \$ cat small.page$/,/^$/s/^    \([pmT].*\)/\1/p' "$abs_srcdir/doc/tutorial.md" >shown
mkdir -p findings tree/corpus/regress tree/src/page
touch tree/src/page/page.h
bin/pagetorture format --bytes "$tutorial/finding.page" >findings/crash-1
run_to 0 bin/pagetorture triage --flavour plain,tsan --tries 1 --add=tree findings &&
	[ "$(wc -l <shown)" -eq 4 ] && diff shown findings/triage/*/minimised.page >out
ok $? "the finding is one, and gets as small as the tutorial shows" out
grep -q '^expect clean$' tree/corpus/regress/*.page
ok $? "what is kept expects what the model says of what is kept: its calls break no rule" out
run_to 1 bin/pagetorture run --flavour tsan shown &&
	grep -q 'tsan: line 4: the model knows no race with T0 on p0 bytes 25 .. 25$' err
ok $? "and says what it says there" err
cp shown small.page
run_to 1 bin/pagetorture explain --utf8 --run small.page
cp out explained
sed -n '/^    small.page: clean; tsan disagrees$/,/^    clean: /{
	s/^    //
	p
}' "$abs_srcdir/doc/tutorial.md" | diff - explained >differs
ok $? "explain --run shows what the tutorial shows" differs

patch <"$tutorial/fix.patch" >out && make_all && run_to 0 bin/pagetorture run tree/corpus/regress/*.page
ok $? "the fix is one" err
run_to 0 bin/pagetorture replay "$abs_srcdir/corpus"
ok $? "and the corpus is what it was" out

done_testing
