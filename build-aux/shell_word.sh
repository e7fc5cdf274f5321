# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Print commands that can be pasted into a shell: `. shell_word.sh`.

# shell_words WORD...: print the words as one shell command, quoted where necessary.
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
