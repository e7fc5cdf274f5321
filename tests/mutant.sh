# shellcheck shell=sh disable=SC2154 # what tap.sh sets
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Functions that build the tool with a changed page library. A test script sources this file after tap.sh.

# copy_library_and_change_file FILE SED: copies src/page to $scratch/src/page, and changes FILE there; false
# if SED changes nothing.
copy_library_and_change_file() {
	rm -rf "${scratch:?}/src"
	mkdir "$scratch/src"
	cp -r "$abs_srcdir/src/page" "$scratch/src/page"
	chmod -R u+w "$scratch/src"
	sed "$2" "$abs_srcdir/src/page/$1" >"$scratch/src/page/$1"
	! cmp -s "$abs_srcdir/src/page/$1" "$scratch/src/page/$1"
}

# compile_library_and_link_program FLAVOUR NAME OBJECT...: compiles the library in $scratch/src, and links it with the
# objects and the unchanged harness to the program NAME in $scratch/bin.
compile_library_and_link_program() {
	flavour=$1 name=$2
	shift 2
	mkdir -p "$scratch/bin" "$scratch/libexec"
	ln -sfn "$abs_srcdir/src/tool" "$scratch/libexec/pagetorture" # as if it were installed
	# shellcheck disable=SC2046 # split into words
	$CC -D_GNU_SOURCE -std=gnu11 -g -O1 $(print_sanitizer_flags "$flavour") $(print_hook_flags "$flavour") -I"$scratch/src" \
		"$scratch"/src/page/*.c "$@" "$abs_builddir/libpagetorture-$flavour.a" \
		"$abs_builddir/libharness-$flavour.a" -lpthread \
		-o "$scratch/bin/$name$(print_flavour_suffix "$flavour")" >"$scratch/build" 2>&1
}

# build_changed_tool FLAVOUR: builds pagetorture with the library of $scratch/src, in $scratch/bin.
build_changed_tool() {
	compile_library_and_link_program "$1" pagetorture "$abs_builddir/obj/$1/src/tool/main.o"
}

# build_changed_dev_tool FLAVOUR: builds pagetorture-dev with the library of $scratch/src, in $scratch/bin.
build_changed_dev_tool() {
	# shellcheck disable=SC2046 # split into words
	compile_library_and_link_program "$1" pagetorture-dev $(print_dev_objects "$1")
}
