#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The ABI of the shared library is stable, and each kind of change is detected.
. "$(dirname "$0")/tap.sh"

kept=$abs_srcdir/src/page/libpage-x86_64.abi
library=$abs_builddir/.libs/libpage.so

# compare_with_stored_abi LIBRARY DIRECTORY: abi.sh compares the ABI of the library with the stored ABI.
# DIRECTORY contains the page.h of LIBRARY.
compare_with_stored_abi() {
	sh "$abs_srcdir/build-aux/abi.sh" check "$kept" "$1" "$2/page.h" "$2/page_kernel.h"
}

[ -e "$library" ] || skip_rest "no shared library"
! run_expecting_status 77 compare_with_stored_abi "$library" "$abs_srcdir/src/page" || skip_rest "$(sed 's/^skipped: //' "$scratch/out")"
[ "$status" -eq 0 ]
ok $? "the library keeps its ABI" "$scratch/out"
sed -n "s/.*<elf-symbol name='\([^']*\)' type='func-type'.*/\1/p" "$kept" >"$scratch/symbols"
ok_if_files_equal "the stored ABI has the symbols of libpage.sym" "$abs_srcdir/src/page/libpage.sym" "$scratch/symbols"
expect 0 "its name is libpage.so.0" 'SONAME.*\[libpage\.so\.0\]' readelf -d "$library"

# Builds libraries from changed sources, one change each.
{
	echo '{ global:'
	sed 's/$/;/' "$abs_srcdir/src/page/libpage.sym"
	echo 'local: *; };'
} >"$scratch/map"

# expect_abi_status_after_change STATUS NAME SED: abi.sh must end with STATUS for a library that the sed
# script changed.
expect_abi_status_after_change() {
	rm -rf "$scratch/src"
	mkdir -p "$scratch/src"
	cp -r "$abs_srcdir/src/page" "$scratch/src"
	chmod -R u+w "$scratch/src"
	sed -i "$3" "$scratch"/src/page/*.[ch]
	[ -z "$3" ] || ! diff -r "$abs_srcdir/src/page" "$scratch/src/page" >/dev/null ||
		ok 1 "$2: the change does not apply any more"
	# shellcheck disable=SC2086 # split into words
	${CC:-cc} -g -O0 -w -fPIC -shared -D_GNU_SOURCE -std=gnu11 -I"$scratch/src" \
		-I"$abs_builddir" -Wl,-soname,libpage.so.0 -Wl,--version-script="$scratch/map" \
		-o "$scratch/libpage.so" "$scratch"/src/page/*.c -lpthread >"$scratch/out" 2>&1
	expect "$1" "$2" '' compare_with_stored_abi "$scratch/libpage.so" "$scratch/src/page"
}

expect_abi_status_after_change 0 "other compiler flags are no change" ''
expect_abi_status_after_change 0 "what is private may change" 's/^\tunsigned int depth;/\tunsigned long depth;/'
expect_abi_status_after_change 1 "a larger member is detected" 's/^\tunsigned int space;/\tunsigned long space;/'
expect_abi_status_after_change 1 "exchanged values are detected" \
	's/PAGE_FAULT_ALLOC, PAGE_FAULT_USERCOPY, /PAGE_FAULT_USERCOPY, PAGE_FAULT_ALLOC, /'
expect_abi_status_after_change 1 "another return type is detected" \
	's/^size_t user_slice_left(/unsigned int user_slice_left(/'
sed -i '/page_nid/d' "$scratch/map"
expect_abi_status_after_change 1 "a missing symbol is detected" ''

done_testing
