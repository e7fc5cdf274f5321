# shellcheck shell=sh disable=SC2154 # what tap.sh sets
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The tool on a library that is broken on purpose: `. mutant.sh` after tap.sh.

# mutate FILE SED: $scratch/src/page is the library with that change; false if there is none.
mutate() {
	rm -rf "${scratch:?}/src"
	mkdir "$scratch/src"
	cp -r "$abs_srcdir/src/page" "$scratch/src/page"
	chmod -R u+w "$scratch/src"
	sed "$2" "$abs_srcdir/src/page/$1" >"$scratch/src/page/$1"
	! cmp -s "$abs_srcdir/src/page/$1" "$scratch/src/page/$1"
}

# build_mutant FLAVOUR: the library from $scratch/src, the rest as it is, in $scratch/bin.
build_mutant() {
	mkdir -p "$scratch/bin"
	# shellcheck disable=SC2046 # words
	$CC -D_GNU_SOURCE -std=gnu11 -g -O1 $(flags_of "$1") -I"$scratch/src" \
		"$scratch"/src/page/*.c $(objects_of "$1") "$abs_builddir/libharness-$1.a" \
		-lpthread -o "$scratch/bin/pagetorture$(suffix_of "$1")" >"$scratch/build" 2>&1
}
