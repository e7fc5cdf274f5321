#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The ABI of the shared library is stable, and each kind of change is detected.
. "$(dirname "$0")/tap.sh"

kept=$abs_srcdir/src/page/libpage-x86_64.abi
library=$abs_builddir/.libs/libpage.so

# check LIBRARY SOURCE: what abi.sh says of it; output in $scratch/out.
check() {
	run_to "$1" sh "$abs_srcdir/build-aux/abi.sh" check "$kept" "$2" "$3/page.h" "$3/page_kernel.h"
}

if [ ! -e "$library" ]; then
	skip "no shared library"
	done_testing
	exit
fi
if check 77 "$library" "$abs_srcdir/src/page"; then
	skip "$(sed 's/^skipped: //' "$scratch/out")"
	done_testing
	exit
fi
[ "$status" -eq 0 ]
ok $? "the library keeps its ABI" "$scratch/out"
diff "$abs_srcdir/src/page/libpage.sym" - >"$scratch/symbols" <<END
$(sed -n "s/.*<elf-symbol name='\([^']*\)' type='func-type'.*/\1/p" "$kept")
END
ok $? "what was kept has the symbols of libpage.sym" "$scratch/symbols"
readelf -d "$library" | grep -q 'SONAME.*\[libpage\.so\.0\]'
ok $? "its name is libpage.so.0"

# The same library with one change of its source.
{
	echo '{ global:'
	sed 's/$/;/' "$abs_srcdir/src/page/libpage.sym"
	echo 'local: *; };'
} >"$scratch/map"

# changed STATUS NAME SED-EXPRESSION
changed() {
	rm -rf "$scratch/src"
	mkdir -p "$scratch/src"
	cp -r "$abs_srcdir/src/page" "$scratch/src"
	chmod -R u+w "$scratch/src"
	sed -i "$3" "$scratch"/src/page/*.[ch]
	if [ -n "$3" ] && diff -r "$abs_srcdir/src/page" "$scratch/src/page" >/dev/null; then
		ok 1 "$2: the change does not apply any more"
		return
	fi
	# shellcheck disable=SC2086 # words
	${CC:-cc} -g -O0 -w -fPIC -shared -D_GNU_SOURCE -std=gnu11 -I"$scratch/src" \
		-I"$abs_builddir" -Wl,-soname,libpage.so.0 -Wl,--version-script="$scratch/map" \
		-o "$scratch/libpage.so" "$scratch"/src/page/*.c -lpthread >"$scratch/out" 2>&1 &&
		check "$1" "$scratch/libpage.so" "$scratch/src/page"
	ok $? "$2" "$scratch/out"
}

changed 0 "a library that is built otherwise is the same one" ''
changed 0 "what is private may change" 's/^\tunsigned int depth;/\tunsigned long depth;/'
changed 1 "a member that grows is seen" 's/^\tunsigned int space;/\tunsigned long space;/'
changed 1 "values that change places are seen" \
	's/PAGE_FAULT_ALLOC, PAGE_FAULT_USERCOPY, /PAGE_FAULT_USERCOPY, PAGE_FAULT_ALLOC, /'
changed 1 "a function that returns something else is seen" \
	's/^size_t user_slice_left(/unsigned int user_slice_left(/'
sed -i '/page_nid/d' "$scratch/map"
changed 1 "a symbol that is gone is seen" ''

done_testing
