#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The manual is correct: commands and options are those of --help, functions and what
# they take those of page.h; and it is well-formed. What build-aux/tables.awk writes into it is
# looked at in test_tables.sh.
. "$(dirname "$0")/tap.sh"

man=$abs_srcdir/doc/man
generated=$abs_builddir/doc/man
page_h=$abs_srcdir/src/page/page.h

# same NAME: $scratch/actual, what is, against $scratch/written, what the manual says.
same() {
	sort -u "$scratch/actual" >"$scratch/actual.sorted"
	sort -u "$scratch/written" | diff "$scratch/actual.sorted" - >"$scratch/differs" &&
		[ -s "$scratch/actual" ]
	ok $? "$1" "$scratch/differs"
}

# ---- form ----

if command -v mandoc >/dev/null; then
	mandoc -Tlint -Wwarning "$man"/*.3 "$generated"/pagetorture*.[15] >"$scratch/lint" 2>&1
	ok $? "mandoc finds nothing" "$scratch/lint"
else
	skip "no mandoc"
fi
if command -v groff >/dev/null; then
	for page in "$man"/*.3 "$generated"/pagetorture*.[15]; do
		LC_ALL=C groff -mandoc -Tascii -ww -z "$page"
	done >"$scratch/groff" 2>&1
	[ ! -s "$scratch/groff" ]
	ok $? "groff warns of nothing" "$scratch/groff"
else
	skip "no groff"
fi

# A reference to a page of ours has one.
grep -hoE 'Xr [a-z_-]+ [135]' "$man"/*.3 "$generated"/pagetorture*.[15] | cut -c4- | grep -E '^(lib|page|user_slice)' |
	sort -u | while read -r name section; do
	[ -e "$man/$name.$section" ] || [ -e "$generated/$name.$section" ] || grep -qxF "$name" "$abs_srcdir/src/page/libpage.sym" ||
		echo "$name($section)"
done >"$scratch/nowhere"
[ ! -s "$scratch/nowhere" ]
ok $? "every reference leads to a page" "$scratch/nowhere"

# ---- pagetorture(1) ----

"$pagetorture" --help | sed -n '/^Examples/q; s/^  \([a-z][a-z-]*\)  *[a-z].*/\1/p' >"$scratch/actual"
sed -n 's/^\.Ss //p' "$generated/pagetorture.1" >"$scratch/written"
same "pagetorture(1) has a section for each command"

# Options of a command, a line each; --help is said once for all.
sort -u "$scratch/actual" | while read -r command; do
	"$pagetorture" "$command" --help | grep -E '^  -' |
		grep -oE '^  (-[a-z], )?--?[a-z0-9][a-z0-9-]*' | sed 's/, */\n/' | tr -d ' ' |
		grep -vx -e --help | sed "s/^/$command /"
done >"$scratch/actual.options"
mv "$scratch/actual.options" "$scratch/actual"
awk '/^\.Ss / { command = $2 } /^\.Sh / { command = "" }
	command && /^\.It Fl/ {
		for (i = 3; i <= NF; i++)
			if ($(i - 1) == "Fl") {
				option = $i
				sub(/^\\-/, "-", option)
				print command, "-" option
			}
	}' "$generated/pagetorture.1" >"$scratch/written"
same "pagetorture(1) has the options of --help, and no others"

# ---- libpage(3) ----

# Declarations as NAME TYPE(ARGUMENTS), without spaces.
tr '\n\t' '  ' <"$page_h" | sed 's|/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/||g' | sed 's/[;{}]/\n/g' |
	sed 's/__cplusplus//; s/.*#endif//' | grep -E '(page|user_slice)_[a-z_]*\(' | grep -v '(\*' |
	sed 's/^ *//; s/^\(.*[ *]\)\([a-z_]*\)(\(.*\))$/\2|\1(\3)/' | tr -d ' ' >"$scratch/actual"
for page in "$man"/*.3; do
	[ "$page" = "$man/page_kernel.3" ] || echo "$page"
done | while read -r page; do
	awk '/^\.Ft / { sub(/^\.Ft /, ""); gsub(/"/, ""); type = $0 }
		/^\.Sh DESCRIPTION/ { exit }
		/^\.Fn / {
			name = $2; line = $0
			sub(/^\.Fn [^ ]* */, "", line)
			gsub(/" "/, ",", line); gsub(/"/, "", line)
			print name "|" type "(" line ")"
		}
		/^\.Fo / { name = $2; list = "" }
		/^\.Fa / { sub(/^\.Fa /, ""); gsub(/"/, ""); list = list (list == "" ? "" : ",") $0 }
		/^\.Fc/ { print name "|" type "(" list ")" }' "$page"
done | grep -v '^(' | tr -d ' ' >"$scratch/written"
same "the manual declares each function as page.h does"

# Who looks for a function by its name finds it in the NAME of one page.
cut -d'|' -f1 "$scratch/actual" | sort >"$scratch/functions"
diff "$scratch/functions" "$abs_srcdir/src/page/libpage.sym" >"$scratch/differs"
ok $? "page.h was understood" "$scratch/differs"
while read -r function; do
	[ "$(grep -lE "^\.Nm $function( ,)?$" "$man"/*.3 | wc -l)" -eq 1 ] || echo "$function"
done <"$scratch/functions" >"$scratch/nameless"
[ ! -s "$scratch/nameless" ]
ok $? "each function is in the NAME of one page" "$scratch/nameless"

sed -n 's/^static inline.*[ *]\([a-z_]*\)(.*/\1/p' "$abs_srcdir/src/page/page_kernel.h" |
	grep -v page_kernel_must >"$scratch/actual"
sed -n '/^\.Sh DESCRIPTION/q; s/^\.F[no] \([a-z_]*\).*/\1/p' "$man/page_kernel.3" >"$scratch/written"
same "page_kernel(3) has the functions of page_kernel.h"

done_testing
