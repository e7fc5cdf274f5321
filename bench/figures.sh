# shellcheck shell=sh disable=SC2034 # what scripts use is not used here
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# For benches: `. figures.sh`. They run in the build directory and print samples on standard
# output, as bench.py reads them; all else that they say goes to standard error.

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

# figure NAME UNIT AIM: of the numbers on standard input, one a line; "never" is one that was
# not reached. The name holds no quotes.
figure() {
	awk -v name="$1" -v unit="$2" -v aim="$3" '
		{ values = values (NR > 1 ? ", " : "") ($1 == "never" ? "null" : $1 + 0) }
		END { printf "{\"name\": \"%s\", \"unit\": \"%s\", \"aim\": \"%s\", \"values\": [%s]}\n",
			name, unit, aim, values }'
}

# column NUMBER FILE: of a table of words
column() {
	awk -v column="$1" '{ print $column }' "$2"
}

# skipped WHAT WHY: by name, one line
skipped() {
	printf '{"name": "%s", "skipped": "%s"}\n' "$1" "$2"
}

say() {
	echo "$@" >&2
}
