# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Commands that people paste into a shell: `. shell_word.sh`.

# shell_words WORD...: prints the words as one line of shell, quoted where it is necessary.
shell_words() {
	shell_line=
	for shell_word in "$@"; do
		case $shell_word in
		'' | *[!A-Za-z0-9_./=+,:@%-]*)
			shell_word="'$(printf '%s\n' "$shell_word" | sed "s/'/'\\\\''/g")'"
			;;
		esac
		shell_line="$shell_line${shell_line:+ }$shell_word"
	done
	printf '%s\n' "$shell_line"
}
