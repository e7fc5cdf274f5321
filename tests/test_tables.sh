#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# build-aux/tables.awk writes a new line of ops.def or rules.def into every generated file. In the
# dictionaries for fuzzing engines, each word occurs in a valid program, and each number has the right bytes.
. "$(dirname "$0")/tap.sh"

cd "$abs_srcdir" || exit 99
program=src/harness/program
text=$abs_builddir/fuzz/text.dict
bytes=$abs_builddir/fuzz/bytes.dict

# ---- a new line of ops.def or rules.def ----

{
	cat $program/ops.def
	echo 'OP(first_new, "Upz", true, "p, size[, fault]",'
	echo '   "Does something: "'
	echo '   "a -- b. Or (not) more")'
	echo 'OP(second_new, "", false, "", "Nothing.")'
} >"$scratch/ops.def"
{
	cat $program/rules.def
	echo 'RULE(third_new, "third-new", false, "R1 bounds",'
	echo '     "Something is broken.")'
} >"$scratch/rules.def"

# expect_lines_in_filled_template TEMPLATE LINE...: the filled template must have the lines, and no directive of
# tables.awk.
expect_lines_in_filled_template() {
	template=$1
	shift
	run_expecting_status 0 awk -f build-aux/tables.awk "$scratch/ops.def" "$scratch/rules.def" "$abs_builddir/tool_help.i" "$template"
	for line in "$@"; do
		grep -qF -- "$line" "$scratch/out" || echo "$line"
	done >>"$scratch/err"
	grep -E '^@|@(calls|rules|name|item|text|example)' "$scratch/out" >>"$scratch/err"
	ok_if_empty "$template: new lines of the tables are there, and no directive" "$scratch/err"
}

expect_lines_in_filled_template fuzz/text.dict.in '"u0 = first_new(p0, 64)\x0a"' '"second_new()\x0a"' '"expect third-new\x0a"'
expect_lines_in_filled_template packaging/editors/vim/syntax/pagetorture.vim.in 'pagetortureCall first_new' 'pagetortureCall second_new' \
	'use-after-unmap\|third-new\)'
expect_lines_in_filled_template packaging/editors/textmate/pagetorture.tmLanguage.json.in '|first_new|second_new)' '|use-after-unmap|third-new)'
expect_lines_in_filled_template doc/man/pagetorture-program.5.in '.It Ar u No = Ic first_new Ns Pq Ar p , size Op , Ar fault' \
	'Does something: a \-\- b.' 'Or (not) more.' '.It Ic second_new' '.It Cm third-new'
cp "$scratch/out" "$scratch/page.5"
sed -n '/^\.Ss Calls on user/,/^\.Ss Calls through/p' "$scratch/page.5" | grep -q first_new &&
	sed -n '/^\.Ss Order between/,/^\.Ss Rules/p' "$scratch/page.5" | grep -q second_new
ok $? "a call is in the section of the handle that it begins with" "$scratch/page.5"

# ---- dictionaries ----

# print_program_with_word WORD: prints a program that contains WORD, a word of a dictionary.
print_program_with_word() {
	case $1 in
	'pagetorture 1\x0a') printf 'pagetorture 1\n' ;;
	'-> 0' | '-> E'*) printf 'pagetorture 1\nread_raw(p0, 0, 1) %s\n' "$1" ;;
	*': ') printf 'pagetorture 1\n%sget_page(p0)\n' "$1" ;;
	' | '*) printf 'pagetorture 1\np0 = alloc_page(GFP_KERNEL%s)\n' "$1" ;;
	GFP_*) printf 'pagetorture 1\np0 = alloc_page(%s)\n' "$1" ;;
	*'\x0a') printf 'pagetorture 1\n%s\n' "${1%'\x0a'}" ;;
	*) printf 'pagetorture 1\nfail_nth(%s)\n' "$1" ;;
	esac
}
list_words_that_check_refuses() {
	sed -n 's/^"\(.*\)"$/\1/p' "$1" | while IFS= read -r word; do
		print_program_with_word "$word" | "$pagetorture" check - >"$scratch/out" 2>&1
		[ $? -ne 2 ] || echo "$word"
	done
}
list_words_that_check_refuses "$text" >"$scratch/words"
ok_if_empty "every word of text.dict is part of a program" "$scratch/words"
[ "$(grep -c '^"' "$text")" -ge 50 ]
ok $? "there are at least 50"
sed "s/lock(m0)/lock(p0)/" "$text" >"$scratch/broken.dict"
[ "$(list_words_that_check_refuses "$scratch/broken.dict" | wc -l)" -eq 2 ]
ok $? "words that are no part of a program are found"

# list_numbers_unlike_their_comments DICTIONARY: prints each number whose bytes are not the byte form of the
# value in the comment above the number.
list_numbers_unlike_their_comments() {
	sed -n '/^$/,$p' "$1" | while IFS= read -r line; do
		case $line in
		'# '*) said=${line#'# '} ;;
		'"'*)
			case $said in
			*,*) call="read_raw(p0, $said)" from=6 count=4 ;;
			*) call="fail_nth($said)" from=6 count=2 ;;
			esac
			printf 'pagetorture 1\n%s\n' "$call" | "$pagetorture" convert --bytes - |
				tail -c +$from | head -c $count | od -An -tx1 |
				sed 's/ /\\x/g; s/.*/"&"/' | grep -qxF -- "$line" || echo "$said: $line"
			;;
		esac
	done
}
list_numbers_unlike_their_comments "$bytes" >"$scratch/numbers"
ok_if_empty "every number of bytes.dict has the bytes that the program format gives it" "$scratch/numbers"
[ "$(grep -c '^"' "$bytes")" -ge 20 ]
ok $? "there are at least 20"
sed 's/"\\xff\\x0f"/"\\xfe\\x0f"/' "$bytes" >"$scratch/broken.dict"
[ "$(list_numbers_unlike_their_comments "$scratch/broken.dict" | wc -l)" -eq 1 ]
ok $? "a wrong number is found"

done_testing
