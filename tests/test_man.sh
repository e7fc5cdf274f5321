#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The manual pages are well-formed. The manual has the commands and options of --help, and the functions and
# arguments of page.h. test_tables.sh checks the parts that build-aux/tables.awk writes.
. "$(dirname "$0")/tap.sh"

man=$abs_srcdir/doc/man
generated=$abs_builddir/doc/man

# expect_same_written_and_actual_lines NAME: $scratch/written, from the manual, and $scratch/actual must have
# the same lines, in any order.
expect_same_written_and_actual_lines() {
	sort -u "$scratch/actual" >"$scratch/expected"
	sort -u "$scratch/written" >"$scratch/found"
	ok_if_files_equal "$1" "$scratch/expected" "$scratch/found"
}

# ---- form ----

if has_tool_or_skip mandoc; then
	expect 0 "mandoc -T lint finds nothing" '' mandoc -Tlint -Wwarning "$man"/*.3 "$generated"/pagetorture*.[15]
fi
if has_tool_or_skip groff; then
	for page in "$man"/*.3 "$generated"/pagetorture*.[15]; do
		LC_ALL=C groff -mandoc -Tascii -ww -z "$page"
	done >"$scratch/groff" 2>&1
	ok_if_empty "groff warns of nothing" "$scratch/groff"
fi
grep -hoE 'Xr [a-z_-]+ [135]' "$man"/*.3 "$generated"/pagetorture*.[15] | cut -c4- | grep -E '^(lib|page|user_slice)' |
	sort -u | while read -r name section; do
	[ -e "$man/$name.$section" ] || [ -e "$generated/$name.$section" ] || grep -qxF "$name" "$abs_srcdir/src/page/libpage.sym" ||
		echo "$name($section)"
done >"$scratch/missing"
ok_if_empty "every reference to a page of ours leads to one" "$scratch/missing"

# ---- pagetorture(1) ----

"$pagetorture" --help | sed -n '/^Examples/q; s/^  \([a-z][a-z-]*\)  *[a-z].*/\1/p' >"$scratch/actual"
sed -n 's/^\.Ss //p' "$generated/pagetorture.1" >"$scratch/written"
expect_same_written_and_actual_lines "pagetorture(1) has a section for each command"
# Prints the options of each command, one on each line; the manual describes --help once for all commands.
sort -u "$scratch/actual" | while read -r command; do
	"$pagetorture" "$command" --help | grep -oE '^  (-[a-z], )?--?[a-z0-9][a-z0-9-]*' |
		sed 's/, */\n/' | tr -d ' ' | grep -vx -e --help | sed "s/^/$command /"
done >"$scratch/options"
mv "$scratch/options" "$scratch/actual"
awk '/^\.Ss / { command = $2 } /^\.Sh / { command = "" }
	command && /^\.It Fl/ {
		for (i = 3; i <= NF; i++)
			if ($(i - 1) == "Fl") {
				option = $i
				sub(/^\\-/, "-", option)
				print command, "-" option
			}
	}' "$generated/pagetorture.1" >"$scratch/written"
expect_same_written_and_actual_lines "pagetorture(1) has the options of --help, and no others"

# ---- libpage(3) ----

# Prints the declarations of page.h in the form NAME|TYPE(ARGUMENTS), without spaces.
tr '\n\t' '  ' <"$abs_srcdir/src/page/page.h" | sed 's|/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/||g; s/[;{}]/\n/g' |
	sed 's/__cplusplus//; s/.*#endif//' | grep -E '(page|user_slice)_[a-z_]*\(' | grep -v '(\*' |
	sed 's/^ *//; s/^\(.*[ *]\)\([a-z_]*\)(\(.*\))$/\2|\1(\3)/' | tr -d ' ' >"$scratch/actual"
find "$man" -name '*.3' ! -name page_kernel.3 -exec awk '
	FNR == 1 { is_synopsis = 1 }
	/^\.Sh DESCRIPTION/ { is_synopsis = 0 }
	!is_synopsis { next }
	/^\.Ft / { sub(/^\.Ft /, ""); gsub(/"/, ""); type = $0 }
	/^\.Fn / {
		name = $2; line = $0
		sub(/^\.Fn [^ ]* */, "", line)
		gsub(/" "/, ",", line); gsub(/"/, "", line)
		print name "|" type "(" line ")"
	}
	/^\.Fo / { name = $2; list = "" }
	/^\.Fa / { sub(/^\.Fa /, ""); gsub(/"/, ""); list = list (list == "" ? "" : ",") $0 }
	/^\.Fc/ { print name "|" type "(" list ")" }' {} + | grep -v '^(' | tr -d ' ' >"$scratch/written"
expect_same_written_and_actual_lines "the manual declares each function as page.h does"
cut -d'|' -f1 "$scratch/actual" | sort >"$scratch/functions"
ok_if_files_equal "these are all functions of page.h" "$abs_srcdir/src/page/libpage.sym" "$scratch/functions"
while read -r function; do
	[ "$(grep -lE "^\.Nm $function( ,)?$" "$man"/*.3 | wc -l)" -eq 1 ] || echo "$function"
done <"$scratch/functions" >"$scratch/missing"
ok_if_empty "each function is in the NAME of one page" "$scratch/missing"
sed -n 's/^static inline.*[ *]\([a-z_]*\)(.*/\1/p' "$abs_srcdir/src/page/page_kernel.h" |
	grep -v page_kernel_trap_if_error >"$scratch/actual"
sed -n '/^\.Sh DESCRIPTION/q; s/^\.F[no] \([a-z_]*\).*/\1/p' "$man/page_kernel.3" >"$scratch/written"
expect_same_written_and_actual_lines "page_kernel(3) has the functions of page_kernel.h"

done_testing
