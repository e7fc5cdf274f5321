#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The engines' dictionaries are true: words that programs are made of, all calls and rules
# among them, and numbers that are what is said of them.
. "$(dirname "$0")/tap.sh"

cd "$abs_srcdir" || exit 99
text=fuzz/text.dict
bytes=fuzz/bytes.dict

# lacks TABLE PATTERN: names that the pattern takes from TABLE and that no word begins with.
lacks() {
	sed -n "$2" "$1" | while read -r name; do
		grep -qE "^\"([a-z]0 = |expect )?$name(\(|\\\\x0a\")" "$text" || echo "$name"
	done
}
lacks src/harness/program/ops.def 's/^OP(\([a-z_]*\),.*/\1/p' >"$scratch/calls"
[ ! -s "$scratch/calls" ] && grep -q '^OP(' src/harness/program/ops.def
ok $? "$text has every call" "$scratch/calls"
lacks src/harness/program/rules.def 's/^RULE([a-z_]*, "\([a-z-]*\)".*/\1/p' >"$scratch/rules"
[ ! -s "$scratch/rules" ] && grep -q '^RULE(' src/harness/program/rules.def
ok $? "$text has every rule" "$scratch/rules"
sed "s/fill_zero(/fill_one(/" $text >"$scratch/broken.dict"
text=$scratch/broken.dict
[ "$(lacks src/harness/program/ops.def 's/^OP(\([a-z_]*\),.*/\1/p')" = fill_zero ]
ok $? "a call that it lacks is seen"
text=fuzz/text.dict

# Each word, put where it belongs, makes a program.
program_of() {
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
bad_words() {
	sed -n 's/^"\(.*\)"$/\1/p' "$1" | while IFS= read -r word; do
		program_of "$word" | "$pagetorture" convert --text - >"$scratch/out" 2>&1 || echo "$word"
	done
}
bad_words $text >"$scratch/words"
[ ! -s "$scratch/words" ] && [ "$(grep -c '^"' $text)" -ge 50 ]
ok $? "every word of $text is part of a program" "$scratch/words"
sed "s/lock(m0)/lock(p0)/" $text >"$scratch/broken.dict"
[ "$(bad_words "$scratch/broken.dict" | wc -l)" -eq 2 ]
ok $? "words that are no part of one are seen"

# The comment before each number says what it is.
wrong_numbers() {
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
wrong_numbers $bytes >"$scratch/numbers"
[ ! -s "$scratch/numbers" ] && [ "$(grep -c '^"' $bytes)" -ge 20 ]
ok $? "every number of $bytes is what is said of it" "$scratch/numbers"
sed 's/"\\xff\\x0f"/"\\xfe\\x0f"/' $bytes >"$scratch/broken.dict"
[ "$(wrong_numbers "$scratch/broken.dict" | wc -l)" -eq 1 ]
ok $? "a number that is another is seen"

done_testing
