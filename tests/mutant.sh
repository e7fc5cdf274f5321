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

# link_mutant FLAVOUR NAME OBJECT...: the library from $scratch/src, the rest as it is.
link_mutant() {
	flavour=$1 name=$2
	shift 2
	mkdir -p "$scratch/bin" "$scratch/libexec"
	ln -sfn "$abs_srcdir/src/tool" "$scratch/libexec/pagetorture" # as if it were installed
	# shellcheck disable=SC2046 # words
	$CC -D_GNU_SOURCE -std=gnu11 -g -O1 $(print_sanitizer_flags "$flavour") -I"$scratch/src" \
		"$scratch"/src/page/*.c "$@" "$abs_builddir/libpagetorture-$flavour.a" \
		"$abs_builddir/libharness-$flavour.a" -lpthread \
		-o "$scratch/bin/$name$(print_flavour_suffix "$flavour")" >"$scratch/build" 2>&1
}

# build_mutant FLAVOUR: pagetorture with that library, in $scratch/bin
build_mutant() {
	link_mutant "$1" pagetorture "$(print_main_object "$1")"
}

# build_dev_mutant FLAVOUR: pagetorture-dev with that library, in $scratch/bin
build_dev_mutant() {
	# shellcheck disable=SC2046 # words
	link_mutant "$1" pagetorture-dev $(print_dev_objects "$1")
}
