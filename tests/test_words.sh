#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# No word of tests/banned_words has more lines in sources and documents than that table allows.
. "$(dirname "$0")/tap.sh"

# find_lines_with_word PATTERN DIRECTORY: prints the lines of sources and documents below DIRECTORY that contain a
# word which matches PATTERN.
find_lines_with_word() {
	(cd "$2" && grep -rniE --include='*.[ch135]' --include='*.css' --include='*.def' --include='*.js' \
		--include='*.md' --include='*.mk' --include='*.py' --include='*.sh' \
		--exclude-dir=build --exclude-dir=corpus --exclude-dir=autom4te.cache --exclude=ltmain.sh \
		"(^|[^a-z])($1)([^a-z]|\$)" .)
}

# has_no_word_above_limit TABLE DIRECTORY: prints each word that occurs in more lines than TABLE allows.
has_no_word_above_limit() {
	grep -v '^#' "$1" | while IFS='	' read -r pattern allowed instead; do
		find_lines_with_word "$pattern" "$2" >"$scratch/lines"
		found=$(wc -l <"$scratch/lines")
		if [ "$found" -gt "$allowed" ]; then
			echo "'$pattern': $found lines, at most $allowed are allowed; write: $instead"
			[ "$allowed" -gt 0 ] || head -n 5 "$scratch/lines"
		elif [ "$found" -lt "$allowed" ]; then
			echo "# '$pattern': $found lines, fewer than the $allowed in tests/banned_words: lower it" >&2
		fi
	done >"$scratch/more"
	[ ! -s "$scratch/more" ]
}

has_no_word_above_limit "$abs_srcdir/tests/banned_words" "$abs_srcdir"
ok $? "no banned word comes back" "$scratch/more"

# find_lines_with_word finds a word in a comment, in an identifier and in a message.
mkdir "$scratch/tree"
printf '/* The Wombat runs. */\n' >"$scratch/tree/comment.c"
printf 'int wombat_start(void);\nint next_wombat;\n' >"$scratch/tree/name.h"
printf 'echo "no wombat"\nwombats\n' >"$scratch/tree/message.sh"
printf 'wombat\t%s\tanimal\n' 4 >"$scratch/allowed"
printf 'wombat\t%s\tanimal\n' 3 >"$scratch/too-many"
has_no_word_above_limit "$scratch/allowed" "$scratch/tree"
ok $? "four lines of four are good" "$scratch/more"
! has_no_word_above_limit "$scratch/too-many" "$scratch/tree" && grep -q "'wombat': 4 lines, at most 3" "$scratch/more"
ok $? "the fourth line of three is not" "$scratch/more"

done_testing
